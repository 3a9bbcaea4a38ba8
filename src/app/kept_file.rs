//! A small JSON file of the program's own: read up to a bound, replaced as a whole.
//!
//! It is for its owner only, and one that a newer program wrote is left as it is. What is in it
//! belongs to who keeps it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::paths;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where a document is, and which form of it this program writes.
#[derive(Clone, Debug)]
pub struct KeptFile {
    path: PathBuf,
    version: u32,
}

/// What every document begins with.
#[derive(Debug, Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    content: T,
}

impl KeptFile {
    /// Settles where the file is; nothing is read yet.
    pub fn new(path: PathBuf, version: u32) -> Self {
        Self { path, version }
    }

    /// Returns what is in the file; nothing in one that does not exist.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no such document, or a newer program wrote it.
    pub fn read<T: DeserializeOwned + Default>(&self) -> io::Result<T> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text)?;
        let document: Versioned<T> = serde_json::from_str(&text)?;
        if document.version > self.version {
            return Err(io::Error::other("a newer program wrote it"));
        }
        Ok(document.content)
    }

    /// Replaces the file as a whole.
    ///
    /// # Errors
    ///
    /// When it or its folder cannot be written.
    pub fn write<T: Serialize>(&self, content: &T) -> io::Result<()> {
        let document = Versioned {
            version: self.version,
            content,
        };
        let mut text = serde_json::to_string_pretty(&document)?;
        text.push('\n');
        if let Some(dir) = self.path.parent() {
            paths::make_private(dir)?;
        }
        paths::write_private(&self.path, &text)
    }

    /// Waits until nobody else changes the file; others wait until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// When there can be no lock beside the file.
    pub fn lock(&self) -> io::Result<File> {
        if let Some(dir) = self.path.parent() {
            paths::make_private(dir)?;
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.path.with_extension("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Says that the file is not used, and why.
    pub fn ignored(&self, error: &io::Error) -> String {
        format!("`{}` is ignored: {error}", self.path.display())
    }

    /// Says that something is not kept, and why.
    pub fn trouble(&self, what: &str, error: &io::Error) -> String {
        format!(
            "{what} until the program ends: `{}`: {error}",
            self.path.display()
        )
    }
}
