//! What happened: the transitions of cards, and the records that flow is measured by.
//!
//! Everything here is told by the clock of the source, and may be told again: each
//! record has an identity, and the same one twice is one. Pure; what is kept on disk
//! and for how long is the engine's business, what is made of it that of `flow`,
//! `standup` and replay.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::item::Outcome;
use crate::domain::key::{ItemId, Person};
use crate::domain::policy::Policy;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

mod arrived;
mod bearing;
mod ledger;
mod past;
mod record;
mod replay;
#[cfg(test)]
mod replay_tests;
mod rewind;
mod standings;
#[cfg(test)]
mod tests;
mod timeline;

pub use ledger::{CardRecord, Ledger};
pub use record::{
    Attempt, Carried, ChangeLife, CiRun, Coverage, Delivery, DeliveryState, Life, Record, RunEnd,
    Trouble,
};
pub use replay::{Counts, Past, PastCard, Replay, Seen, Since};
#[cfg(test)]
pub(in crate::domain) use rewind::chronicle_by;
pub use rewind::{Chronicle, chronicle, runs};
pub use standings::Standings;
pub use timeline::{Interval, Moment, Timeline};

/// For how long the table calls a change live, and then watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Windows {
    /// How long it bakes.
    pub bake: TimeDelta,
    /// How long it is watched after that.
    pub watch: TimeDelta,
}

impl Windows {
    /// Returns those of a policy.
    pub fn of(policy: &Policy) -> Self {
        Self {
            bake: policy.bake_window,
            watch: policy.watch_window,
        }
    }
}

/// Where a card stands, as history remembers it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// The column.
    pub stage: Stage,
    /// What it does there.
    pub status: Status,
    /// Whether it is over.
    pub done: Option<Outcome>,
    /// Who holds it.
    pub holders: Vec<Person>,
}

/// One entry of the history: a card changed its standing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// Which card.
    pub item: ItemId,
    /// Where it stands from then on.
    pub standing: Standing,
    /// The rule that decided.
    pub rule: Clean,
    /// When that happened, by the clock of the source.
    pub at: Timestamp,
}
