//! What may happen to the store, and what it wants written.
//!
//! The only words that pollers, the database and the store exchange. Nothing
//! here decides anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::action::ActionView;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::{Fact, FactId};
use crate::domain::history::{Coverage, Record, Transition};
use crate::domain::key::{ItemId, SourceName};
use crate::domain::policy::Pin;
use crate::domain::text::Clean;
use crate::engine::practice::Practice;
use crate::engine::routing::Routes;
use crate::sources::{Batch, Capability, Meter, PastRead, ResourceId, SourceError};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Update {
    /// One resource of a source was polled, well or not.
    Polled(Box<Polled>),
    /// Nothing was polled, but the source stands differently (paused, stopped, asked again).
    Reported {
        /// Which source.
        source: SourceName,
        /// How it stands.
        report: Box<Report>,
    },
    /// The task of a source panicked and is started again.
    Crashed {
        /// Which source.
        source: SourceName,
        /// When.
        at: Timestamp,
        /// When it is started again.
        restart_at: Timestamp,
    },
    /// What the database holds was read.
    Loaded(Box<Loaded>),
    /// The source asks as another account than was thought: what the database holds of that one
    /// takes the place of everything.
    Rebound {
        /// Which source.
        source: SourceName,
        /// What there is of this account.
        loaded: Box<Loaded>,
    },
    /// Another program polls the source, and wrote this.
    Followed {
        /// Which source.
        source: SourceName,
        /// How the source stands there, where it is known.
        state: Option<Box<RemoteState>>,
        /// What it wrote since the last time.
        news: Box<Loaded>,
    },
    /// A person should know, or need no longer know, something about the program itself.
    Notice {
        /// What it is about; a later notice about the same replaces it.
        about: &'static str,
        /// The sentence, or nothing once it no longer holds.
        text: Option<Clean>,
    },
    /// The user's pins are others.
    Pinned(Vec<(ItemId, Pin)>),
    /// The team works in another way.
    Practised(Arc<Practice>),
    /// A person wanted to know why a job failed, and its source was asked.
    Diagnosed(Box<Diagnosed>),
    /// How far the actions of this session got, newest first.
    Actions(Arc<[ActionView]>),
    /// Time went on, and nothing else happened.
    Clock,
}

/// The outcome of one poll.
#[derive(Clone, Debug)]
pub struct Polled {
    /// Which source.
    pub source: SourceName,
    /// Which of its resources.
    pub resource: ResourceId,
    /// When it was asked.
    pub at: Timestamp,
    /// Counts the polls of this source: of two answers, the one that was asked for later holds.
    pub order: u64,
    /// What came back.
    pub outcome: Result<Batch, SourceError>,
    /// How the source stands after it.
    pub report: Report,
}

/// What came of asking why one job failed.
#[derive(Clone, Debug)]
pub struct Diagnosed {
    /// Who was asked.
    pub source: SourceName,
    /// About which job.
    pub key: LogKey,
    /// When.
    pub at: Timestamp,
    /// Counts with the polls of this source.
    pub order: u64,
    /// What came back.
    pub outcome: Result<Batch, SourceError>,
}

/// How a source stands, as its poller sees it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Requests, limits, last requests.
    pub meter: Meter,
    /// What it can and cannot do.
    pub capabilities: Vec<Capability>,
    /// What of its configuration cannot be read at present, though the rest can.
    pub problems: Vec<SourceError>,
    /// Why something that is due is not asked for: our share of a limit is spent.
    pub limited: Option<SourceError>,
    /// What it polls; outcomes of anything else are history.
    pub resources: Arc<[ResourceId]>,
    /// When it is asked next.
    pub next_poll: Option<Timestamp>,
    /// Whether everything that it polls was tried at least once.
    pub round_done: bool,
    /// Whether nothing is left to be asked for that history alone reads.
    pub history_done: bool,
    /// Of how many repositories the past is read.
    pub past: PastRead,
    /// Which edition of the needs it had been told when this was written.
    pub needs_seen: u64,
}

/// What the database holds, or what it got since the last look.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Facts.
    pub facts: Vec<LoadedFact>,
    /// Facts that were removed.
    pub gone: Vec<(SourceName, FactId)>,
    /// Complete listings.
    pub listings: Vec<LoadedListing>,
    /// When scopes were last confirmed.
    pub confirmed: Vec<(SourceName, Clean, Timestamp)>,
    /// When the host of a source last answered under the same name, whoever asked.
    pub before: Vec<(SourceName, Timestamp)>,
    /// As whom sources asked, as far as that was told.
    pub me: Vec<(SourceName, Clean)>,
    /// The last known standing of cards.
    pub history: Vec<Transition>,
    /// Of which time the history of repositories tells.
    pub coverage: Vec<Coverage>,
    /// Whether these are all facts that there are of the source that is followed.
    pub complete: bool,
    /// Rows that were left out because they are not what was written.
    pub damaged: usize,
}

/// One fact from the database.
#[derive(Clone, Debug)]
pub struct LoadedFact {
    /// Who said it.
    pub source: SourceName,
    /// Its identity.
    pub id: FactId,
    /// What was said.
    pub fact: Arc<Fact>,
    /// When it was last said, to the day.
    pub seen_at: Timestamp,
}

/// One listing from the database.
#[derive(Clone, Debug)]
pub struct LoadedListing {
    /// Whose.
    pub source: SourceName,
    /// Its name.
    pub name: Clean,
    /// When it was read.
    pub at: Timestamp,
    /// What it held.
    pub members: BTreeSet<FactId>,
    /// Of that, what a later answer in part did not tell, and when it was last told.
    pub open: BTreeMap<FactId, Timestamp>,
}

/// How a source stands in the program that polls it.
#[derive(Clone, PartialEq, Debug)]
pub struct RemoteState {
    /// The word of its health.
    pub health: super::snapshot::Health,
    /// What is wrong.
    pub message: Option<Clean>,
    /// What to do about it.
    pub hint: Option<Clean>,
    /// When it last answered as it should.
    pub last_success: Option<Timestamp>,
    /// When it is asked next.
    pub next_poll: Option<Timestamp>,
    /// Limits and what is left of them.
    pub budgets: Vec<crate::sources::Budget>,
    /// The login that the token belongs to, once it is known.
    pub me: Option<Clean>,
    /// Whether all that it reads at first was asked for, or is hopeless.
    pub round_done: bool,
    /// Whether what history alone reads was asked for, or is hopeless.
    pub history_done: bool,
    /// Of how many repositories the past is read; why none is, it does not tell.
    pub past: PastRead,
}

/// One thing to write into the database.
#[derive(Clone, Debug)]
pub enum Write {
    /// A fact is new or differs.
    Fact {
        /// Who said it.
        source: SourceName,
        /// Its identity.
        id: FactId,
        /// What was said.
        fact: Arc<Fact>,
        /// When.
        seen_at: Timestamp,
    },
    /// A fact is as it was, but its day of last sight is not.
    Seen {
        /// Who said it.
        source: SourceName,
        /// Its identity.
        id: FactId,
        /// When.
        seen_at: Timestamp,
    },
    /// A fact is gone.
    Gone {
        /// Who had said it.
        source: SourceName,
        /// Its identity.
        id: FactId,
    },
    /// A listing was read to its end and holds something else than before.
    Listing(LoadedListing),
    /// A scope was confirmed.
    Confirmed {
        /// Who confirmed it.
        source: SourceName,
        /// Which scope.
        scope: Clean,
        /// When.
        at: Timestamp,
    },
    /// A card changed its standing.
    Event(Transition),
    /// Something that flow is measured by.
    Record(Record),
    /// How a source stands, for programs that follow.
    State {
        /// Which source.
        source: SourceName,
        /// How it stands.
        state: Box<RemoteState>,
    },
}

impl Write {
    /// Returns whether it is of history, which nothing else holds.
    pub fn is_history(&self) -> bool {
        match self {
            Self::Event(_) | Self::Record(_) => true,
            Self::Fact { .. }
            | Self::Seen { .. }
            | Self::Gone { .. }
            | Self::Listing(_)
            | Self::Confirmed { .. }
            | Self::State { .. } => false,
        }
    }
}

/// What came of one or several updates.
#[derive(Debug, Default)]
pub struct Applied {
    /// Whether anything that a view shows differs.
    pub changed: bool,
    /// What the database should hold now.
    pub writes: Vec<Write>,
    /// What sources are asked for by correlation, where that differs from before.
    pub needs: Option<Arc<Routes>>,
}
