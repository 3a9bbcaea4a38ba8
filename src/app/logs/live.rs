//! The log that grows, as the thread that reads logs has it: taken in bit by bit.
//!
//! Each bit is read once; what it said before stays in the index.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::app::logs::shelf::Log;
use crate::domain::diagnosis::LogKey;
use crate::engine::logs::Growth;
use crate::log::Grows;
use crate::log::{Content, Growing};
use crate::ui::logs::{Live as Shown, LogEvent};

/// A log that grows.
#[derive(Debug)]
pub(super) struct Live {
    /// What there is of it, to be read as any other.
    pub(super) log: Log,
    growing: Growing,
    edition: u64,
    /// How many errors there were when they were last looked for.
    hits: Option<usize>,
    /// Whether the screen was told of it.
    is_told: bool,
}

/// The lines that were whole before, and where they ended in bytes.
pub(super) type Before = (u64, u64);

impl Live {
    /// Begins to read one.
    pub(super) fn begin(growth: &Growth) -> io::Result<Self> {
        let growing = Growing::default();
        let index = Arc::new(growing.index()?);
        Ok(Self {
            log: Log::of(growth.key.clone(), growth.open()?, index),
            growing,
            edition: growth.edition,
            hits: None,
            is_told: false,
        })
    }

    /// Returns whether it is the one that a word is of.
    pub(super) fn is(&self, growth: &Growth) -> bool {
        (&self.log.key, self.edition) == (&growth.key, growth.edition)
    }

    /// Takes in what there is more of it; returns what was whole before, where that is less.
    pub(super) fn take(&mut self, growth: &Growth) -> io::Result<Option<Before>> {
        let ended = matches!(growth.stands, Grows::Ended(_));
        let before = self.log.index.whole();
        let read = |at: u64, into: &mut [u8]| growth.read(at, into);
        if !self.growing.take(ended, read)? {
            return Ok(None);
        }
        self.log.index = Arc::new(self.growing.index()?);
        Ok(Some(before))
    }

    /// Returns what the screen is told, or why it cannot be shown.
    pub(super) fn event(&mut self, growth: &Growth) -> io::Result<LogEvent> {
        let index = Arc::clone(&self.log.index);
        let failed = |sentence: &str| LogEvent::Failed {
            key: growth.key.clone(),
            sentence: sentence.into(),
            is_pending: true,
        };
        match (&growth.stands, index.content()) {
            (_, Content::Utf16 | Content::Archive | Content::Binary) => {
                return Ok(failed("what there is of the log is not text"));
            }
            (Grows::Stopped(why), Content::Text) if index.lines() == 0 => return Ok(failed(why)),
            (Grows::Trouble(why), Content::Text) if index.lines() == 0 => {
                return Ok(failed(&format!("{why}; it is asked for again")));
            }
            (
                Grows::Starting
                | Grows::Following
                | Grows::Trouble(_)
                | Grows::Stopped(_)
                | Grows::Ended(_),
                Content::Text,
            ) => {}
        }
        let hits = index.hits().len();
        let errors = if self.hits.replace(hits) == Some(hits) {
            None
        } else {
            Some(self.log.errors()?)
        };
        Ok(LogEvent::Grown {
            key: growth.key.clone(),
            index,
            errors,
            anew: !std::mem::replace(&mut self.is_told, true),
            live: Shown {
                stands: growth.stands.clone(),
                read_at: growth.read_at,
            },
        })
    }
}

/// Returns the log where it is that of a key.
pub(super) fn of<'l>(live: Option<&'l mut Live>, key: &LogKey) -> Option<&'l mut Log> {
    live.map(|live| &mut live.log).filter(|log| log.key == *key)
}

/// Returns where a search goes on that had come to the end.
pub(super) fn rest(before: Before, end: u64) -> Range<u64> {
    before.1..end
}
