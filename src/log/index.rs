//! What is known of a log without holding it: where lines are, sections, errors.
//!
//! Built by [`Intake`](crate::log::Intake) in one pass. Its size is bounded
//! whatever the log says: checkpoints, not lines, are kept.

use crate::domain::Timestamp;
use crate::log::errors::Hit;
use crate::log::failing::TestHit;
use crate::log::section::{Section, Sections};

/// Bytes from one checkpoint to the next, at least.
pub(super) const STEP: u64 = 32 * 1024;

/// A place in the log where a line begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Checkpoint {
    pub(super) line: u64,
    pub(super) offset: u64,
}

/// What the bytes of a log are.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub enum Content {
    /// Text, UTF-8 for the most part.
    #[default]
    Text,
    /// UTF-16, which was turned into UTF-8 on the way in.
    Utf16,
    /// An archive or something compressed.
    Archive,
    /// Something that is not text.
    Binary,
}

/// How much of a log is there.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub struct Counts {
    /// Lines, the unfinished last one included.
    pub lines: u64,
    /// Bytes that were kept.
    pub bytes: u64,
    /// Bytes that came after the cap and were not kept.
    pub cut: u64,
    /// Errors that were found, those beyond [`MAX_HITS`](crate::log::MAX_HITS) included.
    pub errors: u64,
    /// Lines that the server marked as warnings.
    pub warnings: u64,
}

/// What is known of a log.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Index {
    pub(super) content: Content,
    /// Lines that have ended.
    pub(super) ended: u64,
    /// Bytes that were taken, the unfinished line included.
    pub(super) bytes: u64,
    /// Bytes that were looked at.
    pub(super) scanned: u64,
    /// Where the line begins that has not ended.
    pub(super) line_from: u64,
    pub(super) cut: u64,
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) sections: Sections,
    pub(super) hits: Vec<Hit>,
    pub(super) tests: Vec<TestHit>,
    pub(super) retries: Vec<u64>,
    /// The lines of private keys, the first and the last ones included.
    pub(super) keys: Vec<std::ops::Range<u64>>,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    pub(super) first_time: Option<Timestamp>,
    pub(super) last_time: Option<Timestamp>,
}

impl Index {
    /// Returns how much there is.
    pub fn counts(&self) -> Counts {
        Counts {
            lines: self.lines(),
            bytes: self.bytes,
            cut: self.cut,
            errors: self.errors,
            warnings: self.warnings,
        }
    }

    /// Returns how many lines there are, an unfinished last one included.
    pub fn lines(&self) -> u64 {
        self.ended + u64::from(self.bytes > self.line_from)
    }

    /// Returns how many lines have ended, and how many bytes they take.
    pub fn whole(&self) -> (u64, u64) {
        (self.ended, self.line_from)
    }

    /// Returns whether this can be the same log as an older index of less of it.
    pub fn continues(&self, older: &Self) -> bool {
        let (lines, _) = older.whole();
        let starts = |index: &Self| -> Vec<u64> {
            let sections = index.sections().iter();
            sections.map(|section| section.start).collect()
        };
        self.bytes >= older.bytes
            && self.ended >= lines
            && self.checkpoints.starts_with(&older.checkpoints)
            && self.first_time == older.first_time
            && starts(self).starts_with(&starts(older))
    }

    /// Returns what the bytes are; anything but text is not worth showing.
    pub fn content(&self) -> Content {
        self.content
    }

    /// Returns the sections in the order of their first lines.
    pub fn sections(&self) -> &[Section] {
        self.sections.all()
    }

    /// Returns the first and the last instant that lines are stamped with.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.first_time?, self.last_time?))
    }

    /// Returns the errors that were found, in the order of their lines.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Returns the innermost section that a line lies in, as its place in [`Index::sections`].
    pub fn section_at(&self, line: u64) -> Option<usize> {
        let all = self.sections();
        let after = all.partition_point(|section| section.start <= line);
        let mut at = after.checked_sub(1);
        while let Some(place) = at {
            let section = all.get(place)?;
            if section.end.is_none_or(|end| line < end) {
                return Some(place);
            }
            at = section.parent;
        }
        None
    }

    /// Returns about how much memory this takes, in bytes.
    pub fn memory(&self) -> usize {
        size_of::<Checkpoint>() * self.checkpoints.capacity()
            + self
                .sections()
                .iter()
                .map(|s| size_of::<Section>() + s.title.len())
                .sum::<usize>()
            + self.hits.iter().map(Hit::memory).sum::<usize>()
            + self.tests.iter().map(TestHit::memory).sum::<usize>()
            + size_of::<u64>() * (self.retries.capacity() + 2 * self.keys.capacity())
    }

    /// Returns whether a line lies in a private key, behind its first line and before its last.
    pub(super) fn is_in_key(&self, line: u64) -> bool {
        let after = self.keys.partition_point(|key| key.start < line);
        let before = after.checked_sub(1).and_then(|at| self.keys.get(at));
        before.is_some_and(|key| line < key.end)
    }

    /// Returns the last checkpoint at or before a line.
    pub(super) fn checkpoint(&self, line: u64) -> Checkpoint {
        let after = self.checkpoints.partition_point(|c| c.line <= line);
        after
            .checked_sub(1)
            .and_then(|at| self.checkpoints.get(at))
            .copied()
            .unwrap_or(Checkpoint { line: 0, offset: 0 })
    }

    /// Returns where a line ends, its line end included, where that is known without reading.
    pub(super) fn end_of(&self, line: u64) -> Option<u64> {
        if line + 1 == self.lines() {
            return Some(self.bytes);
        }
        let next = self.checkpoint(line + 1);
        (next.line == line + 1).then_some(next.offset)
    }
}
