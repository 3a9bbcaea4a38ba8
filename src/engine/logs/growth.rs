//! A log that is read while it grows: one file without a name, and a word on how far it is.
//!
//! One at a time. It is no part of the cache, so that nobody takes a part for the whole; whoever
//! reads it keeps it open and sees what was told, never what is being written.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::engine::logs::{Shared, nameless, reopen};
use crate::log::Grows;
use crate::sources::logs::Growing;

/// A log as far as it was told.
#[derive(Clone, Debug)]
pub struct Growth {
    /// Which log.
    pub key: LogKey,
    /// Another number means that it began anew: what was read of it before is void.
    pub edition: u64,
    /// How much of it is there.
    pub bytes: u64,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
    /// How it stands.
    pub stands: Grows,
    file: Arc<File>,
}

impl Growth {
    /// Reads what is told from a place on; nothing at the end.
    pub fn read(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let most = left.min(into.len());
        let room = into.get_mut(..most).unwrap_or_default();
        self.file.read_at(room, at)
    }

    /// Returns whether nothing more comes.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stands, Grows::Stopped(_) | Grows::Ended(_))
    }

    /// Says that nobody reads on.
    pub(super) fn stop(&mut self, why: &str) {
        self.stands = Grows::Stopped(Clean::line(why));
    }

    /// Opens it with a position of its own; beyond what was told there may be more.
    pub fn open(&self) -> io::Result<File> {
        reopen(&self.file)
    }
}

/// Writes a log that grows.
pub(super) struct Grower {
    shared: Arc<Shared>,
    growth: Growth,
    /// How much was written, told or not.
    written: u64,
}

impl Grower {
    pub(super) fn begin(shared: &Arc<Shared>, key: &LogKey) -> io::Result<Self> {
        let grower = Self {
            growth: Growth {
                key: key.clone(),
                edition: edition(),
                bytes: 0,
                read_at: None,
                stands: Grows::Starting,
                file: Arc::new(file(shared)?),
            },
            shared: Arc::clone(shared),
            written: 0,
        };
        grower.show();
        Ok(grower)
    }

    fn show(&self) {
        self.shared.growth.send_replace(Some(self.growth.clone()));
    }
}

impl Growing for Grower {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.written.saturating_add(bytes.len() as u64);
        if end > self.shared.limits.single {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // At its place, not at that of the file: readers move that.
        self.growth.file.write_all_at(bytes, self.written)?;
        self.written = end;
        Ok(())
    }

    fn forget(&mut self) {
        self.written = self.growth.bytes;
    }

    fn restart(&mut self) -> io::Result<()> {
        self.growth.file = Arc::new(file(&self.shared)?);
        self.growth.edition = edition();
        self.growth.bytes = 0;
        self.written = 0;
        Ok(())
    }

    fn tell(&mut self, stands: Grows, at: Option<Timestamp>) {
        self.growth.bytes = self.written;
        self.growth.read_at = at.or(self.growth.read_at);
        self.growth.stands = stands;
        self.show();
    }
}

fn edition() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// Makes its file: in the directory of logs, which has room for them, else where a log goes that
/// the directory does not take.
fn file(shared: &Shared) -> io::Result<File> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&shared.dir);
    made.and_then(|()| nameless(&shared.dir))
        .or_else(|_| nameless(&shared.spare_dir))
}
