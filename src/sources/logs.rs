//! Where logs go on their way in: the cache of logs, as adapters see it.
//!
//! Knows no place: the engine keeps files, tests keep bytes.

use std::io;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::log::Grows;

/// Keeps logs of finished jobs; the engine implements it, tests use [`NoLogs`].
pub trait LogCache: Send + Sync {
    /// Starts to write a log; it is there for readers after [`LogWriter::keep`] only.
    fn begin(&self, key: &LogKey) -> io::Result<Box<dyn LogWriter>>;

    /// Returns whether the whole log is there.
    fn has(&self, key: &LogKey) -> bool;

    /// Starts a log that is read while it grows; it never becomes the one that is kept.
    fn grow(&self, key: &LogKey) -> io::Result<Box<dyn Growing>> {
        drop(key.clone());
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Says that nobody reads on in the log that grows, if it is that one; what came of it stays.
    fn leave(&self, key: &LogKey, why: &str) {
        let _ = (key, why);
    }
}

/// A log that grows; dropped, it stays as it is for those who read it already.
pub trait Growing: Send {
    /// Takes the next bytes; nobody sees them before they are told.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Forgets what came since the last word.
    fn forget(&mut self);

    /// Begins anew: what was told is void.
    fn restart(&mut self) -> io::Result<()>;

    /// Shows what came, and how the log stands since `at`; nothing is new where a read failed.
    fn tell(&mut self, stands: Grows, at: Option<Timestamp>);
}

/// A log that is being written; dropped without [`LogWriter::keep`] it leaves nothing.
pub trait LogWriter: io::Write + io::Read + io::Seek + Send {
    /// Makes the log available under its key.
    fn keep(self: Box<Self>) -> io::Result<()>;
}

/// Keeps nothing beyond the writer.
#[derive(Debug, Default)]
pub struct NoLogs;

impl LogCache for NoLogs {
    fn begin(&self, _key: &LogKey) -> io::Result<Box<dyn LogWriter>> {
        Ok(Box::new(Memory(io::Cursor::new(Vec::new()))))
    }

    fn has(&self, _key: &LogKey) -> bool {
        false
    }
}

struct Memory(io::Cursor<Vec<u8>>);

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Memory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl io::Seek for Memory {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl LogWriter for Memory {
    fn keep(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
