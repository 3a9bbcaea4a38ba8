//! A clean copy of a log in a file of the user.
//!
//! Written a piece at a time, never over another file; a copy that is not
//! finished is removed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::app::logs::shelf::Log;
use crate::app::logs::text;
use crate::domain::diagnosis::LogKey;

/// The longest name of a file, without its number and its end.
const LONGEST: usize = 120;

/// How many files of one name there may be.
const MOST: u32 = 1_000;

/// Lines that are written at once.
const STEP: u64 = 16 * text::STEP;

/// A copy that is being written.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) key: LogKey,
    path: PathBuf,
    out: BufWriter<File>,
    line: u64,
    is_whole: bool,
}

impl Copy {
    /// Begins a copy in `dir`, under a name that is free.
    pub(super) fn begin(key: LogKey, dir: &Path, name: &str) -> io::Result<Self> {
        let (file, path) = create(dir, &file_name(name))?;
        Ok(Self {
            key,
            path,
            out: BufWriter::new(file),
            line: 0,
            is_whole: false,
        })
    }

    /// Writes the next lines; returns whether there are more.
    pub(super) fn advance(&mut self, log: &mut Log) -> io::Result<bool> {
        let until = self.line + STEP;
        log.write(self.line..until, &mut self.out)?;
        self.line = until;
        if until < log.index.lines() {
            return Ok(true);
        }
        self.out.flush()?;
        self.is_whole = true;
        Ok(false)
    }

    /// Returns where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if !self.is_whole {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Makes a file that was not there, for its owner only.
fn create(dir: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    for number in 1..=MOST {
        let path = match number {
            1 => dir.join(format!("{name}.log")),
            number => dir.join(format!("{name}-{number}.log")),
        };
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("there are {MOST} files of that name"),
    ))
}

/// Returns a name that every file system takes: letters, digits, dots and dashes.
fn file_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= LONGEST {
            break;
        }
    }
    let name = out.trim_matches(['-', '.']);
    if name.is_empty() {
        "log".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn names_of_files_hold_no_way_out_of_their_directory() {
        for (name, expected) in [
            (
                "acme/api 812 test (linux, 1.95)",
                "acme-api-812-test-linux-1.95",
            ),
            ("../../etc/passwd", "etc-passwd"),
            (".hidden", "hidden"),
            ("-rf", "rf"),
            ("日本", "log"),
            ("a\u{0}b\nc", "a-b-c"),
            ("", "log"),
        ] {
            assert_eq!(file_name(name), expected, "{name:?}");
        }
        assert_eq!(file_name(&"x".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn no_file_is_written_over_and_only_its_owner_reads_it() {
        let home = tempfile::tempdir().unwrap();
        let (_, first) = create(home.path(), "a").unwrap();
        let (_, second) = create(home.path(), "a").unwrap();
        assert_eq!(first, home.path().join("a.log"));
        assert_eq!(second, home.path().join("a-2.log"));
        let mode = std::fs::metadata(&first).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::os::unix::fs::symlink("/nowhere", home.path().join("b.log")).unwrap();
        assert_eq!(
            create(home.path(), "b").unwrap().1,
            home.path().join("b-2.log")
        );
    }
}
