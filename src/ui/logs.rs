//! What the shell tells of logs that the screen asked for.
//!
//! Answers to the effects on logs. Nothing is read here: lines, indexes and
//! matches come in, and what is no longer asked for is dropped.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::engine::snapshot::Snapshot;
use crate::log::Grows;
use crate::log::{Index, LineSet, LogError, LogLine};
use crate::ui::effect::Effect;
use crate::ui::state::UiState;
use crate::ui::update::{look, triage};

/// How a log that grows stands.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Live {
    /// Whether it is read on.
    pub stands: Grows,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
}

/// What came of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogEvent {
    /// It is open.
    Opened {
        /// Which log.
        key: LogKey,
        /// Where its lines, sections and errors are.
        index: Arc<Index>,
        /// The line of the first error, counted from 0.
        error: Option<u64>,
        /// The errors with their blocks, in the order of their lines.
        errors: Vec<LogError>,
    },
    /// It grows, and this is how far it is.
    Grown {
        /// Which log.
        key: LogKey,
        /// Where its lines, sections and errors are.
        index: Arc<Index>,
        /// The line of the first error, and the errors with their blocks, where there are others
        /// than before.
        errors: Option<(Option<u64>, Vec<LogError>)>,
        /// Whether what was told of it before is void.
        anew: bool,
        /// How it stands.
        live: Live,
    },
    /// It cannot be shown.
    Failed {
        /// Which log.
        key: LogKey,
        /// Why, for people.
        sentence: Clean,
        /// Whether it may yet come: it is being fetched, or the job still runs.
        is_pending: bool,
    },
    /// Lines that were asked for.
    Lines {
        /// Which log.
        key: LogKey,
        /// That of the question.
        generation: u64,
        /// The lines, those that are there.
        lines: Vec<LogLine>,
    },
    /// What a search has found so far, from the start of the log.
    Matches {
        /// Which log.
        key: LogKey,
        /// That of the question.
        generation: u64,
        /// The lines with matches.
        lines: Arc<LineSet>,
        /// Whether the whole log was searched.
        done: bool,
    },
}

/// Takes in what the shell tells of a log.
pub fn on_log(
    state: &mut UiState,
    event: LogEvent,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    state.refresh(snapshot, now);
    let mut effects = triage::log::on_log(state, event);
    effects.extend(triage::settle(state, snapshot));
    effects.extend(look(state, snapshot));
    effects
}
