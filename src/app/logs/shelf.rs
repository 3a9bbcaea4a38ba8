//! The logs that are open: their files and their indexes.
//!
//! At most two; the one used longest ago goes first.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::app::logs::text;
use crate::app::redact;
use crate::domain::diagnosis::LogKey;
use crate::engine::logs::FileLogs;
use crate::log::{self, Index, Intake, LogError, LogLine};

/// How many logs are open at most.
const MOST: usize = 2;

/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;

/// How many errors are told with their blocks.
const MOST_ERRORS: usize = 1_000;

/// How many lines one answer has at most.
const MOST_LINES: u64 = 2 * log::MAX_WINDOW;

/// The logs that are open, the newest last.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    open: Vec<Log>,
}

/// A log that is open.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) key: LogKey,
    file: File,
    pub(super) index: Arc<Index>,
}

impl Shelf {
    /// Puts a log on the shelf; one that was there is replaced.
    pub(super) fn put(&mut self, log: Log) {
        self.close(&log.key);
        self.open.push(log);
        while self.open.len() > MOST {
            self.open.remove(0);
        }
    }

    /// Returns a log that is open.
    pub(super) fn get(&mut self, key: &LogKey) -> Option<&mut Log> {
        let at = self.open.iter().position(|log| log.key == *key)?;
        let log = self.open.remove(at);
        self.open.push(log);
        self.open.last_mut()
    }

    pub(super) fn close(&mut self, key: &LogKey) {
        self.open.retain(|log| log.key != *key);
    }
}

impl Log {
    /// A log whose index is known.
    pub(super) fn of(key: LogKey, file: File, index: Arc<Index>) -> Self {
        Self { key, file, index }
    }

    /// Returns whether the cache holds no more than was read: a beginning gives way to the whole.
    pub(super) fn is_whole(&self, logs: &FileLogs) -> bool {
        let length = |file: &File| file.metadata().map(|data| data.len()).ok();
        let kept = logs.open(&self.key).ok().flatten();
        let now = kept.and_then(|file| length(&file));
        now.is_none() || now == length(&self.file)
    }

    /// Reads a log through; nothing where that was broken off.
    pub(super) fn read(
        key: LogKey,
        mut file: File,
        cancel: &CancellationToken,
    ) -> io::Result<Option<Self>> {
        let mut intake = Intake::new(io::sink());
        file.seek(SeekFrom::Start(0))?;
        if !take(&mut file, &mut intake, cancel)? {
            return Ok(None);
        }
        Ok(Some(Self {
            key,
            file,
            index: Arc::new(intake.finish()?),
        }))
    }

    /// Returns the line of the first error, and the errors with their blocks.
    pub(super) fn errors(&mut self) -> io::Result<(Option<u64>, Vec<LogError>)> {
        let first = log::first_error(&self.index, &mut self.file)?;
        let mut errors = log::errors(&self.index, &mut self.file, MOST_ERRORS)?;
        errors.iter_mut().for_each(redact::hide_in_error);
        Ok((first.map(|error| error.line), errors))
    }

    /// Reads lines, in the order that they were asked for.
    pub(super) fn lines(&mut self, ranges: &[Range<u64>]) -> io::Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        let mut room = MOST_LINES;
        for range in ranges {
            let end = range.end.min(range.start.saturating_add(room));
            let mut read = log::window(&self.index, &mut self.file, range.start..end)?;
            read.iter_mut().for_each(redact::hide_in);
            room = room.saturating_sub(u64::try_from(read.len()).unwrap_or(u64::MAX));
            lines.extend(read);
        }
        Ok(lines)
    }

    /// Writes lines as plain text.
    pub(super) fn write(&mut self, lines: Range<u64>, out: &mut impl io::Write) -> io::Result<()> {
        text::write(&self.index, &mut self.file, lines, false, out)
    }

    /// Returns another reader of the same log, with a place of its own.
    pub(super) fn reader(&self) -> io::Result<Reader> {
        Ok(Reader {
            file: self.file.try_clone()?,
            rest: 0..self.index.counts().bytes,
        })
    }
}

/// Reads what is left of a file into an index; returns whether that was not broken off.
pub(super) fn take(
    file: &mut File,
    intake: &mut Intake<io::Sink>,
    cancel: &CancellationToken,
) -> io::Result<bool> {
    let mut chunk = vec![0; CHUNK];
    while !cancel.is_cancelled() {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(true),
            Ok(length) => intake.push(chunk.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Reads a log from its start while others move about in it.
#[derive(Debug)]
pub(super) struct Reader {
    file: File,
    /// What is still to be read; of a log that grows there is more than what was indexed.
    rest: Range<u64>,
}

impl Reader {
    /// Reads on to a new end.
    pub(super) fn extend(&mut self, end: u64) {
        self.rest.end = end;
    }

    /// Reads another part.
    pub(super) fn go_to(&mut self, rest: Range<u64>) {
        self.rest = rest;
    }
}

impl io::Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Both handles have one place in the file between them.
        let left = self.rest.end.saturating_sub(self.rest.start);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let room = into.get_mut(..most).unwrap_or_default();
        let length = rustix::io::pread(&self.file, room, self.rest.start)?;
        self.rest.start += u64::try_from(length).unwrap_or_default();
        Ok(length)
    }
}
