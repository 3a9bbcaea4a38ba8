//! What can be done at a source: verbs, their target, and how far one got.
//!
//! Data only. The protocol (fresh read, confirm, journal, one request,
//! reconcile) is the engine's; the request is the adapter's.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{ItemId, Sha, SourceName, WebUrl};
use crate::domain::run::{RunKey, RunState};
use crate::domain::text::Clean;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Run the failed jobs of a run again.
    RerunFailed,
    /// Run all jobs of a run again.
    RerunAll,
    /// Run one job again, and those that depend on it.
    RerunJob,
    /// Stop a run.
    Cancel,
    /// Stop a run that does not stop.
    ForceCancel,
}

impl Verb {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 5] = [
        Self::RerunFailed,
        Self::RerunAll,
        Self::RerunJob,
        Self::Cancel,
        Self::ForceCancel,
    ];

    /// Returns what it does, as menus and questions say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::RerunFailed => "re-run failed jobs",
            Self::RerunAll => "re-run all jobs",
            Self::RerunJob => "re-run this job",
            Self::Cancel => "cancel",
            Self::ForceCancel => "force-cancel",
        }
    }

    /// Returns the word of `writes` in the configuration that allows it.
    pub fn permission(self) -> &'static str {
        match self {
            Self::RerunFailed | Self::RerunAll | Self::RerunJob => "rerun",
            Self::Cancel | Self::ForceCancel => "cancel",
        }
    }
}

/// What an action is done to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The source that the run is known from.
    pub source: SourceName,
    /// The run.
    pub run: RunKey,
    /// The job, for [`Verb::RerunJob`].
    pub job: Option<u64>,
}

/// A target as the server described it just now; the action holds for this and nothing else.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fresh {
    /// Name and number for people: `ci #812`.
    pub name: Clean,
    /// Name of the job, for [`Verb::RerunJob`].
    pub job: Option<Clean>,
    /// Which attempt is the newest.
    pub attempt: u32,
    /// The commit it ran for.
    pub head_sha: Option<Sha>,
    /// The branch it ran for.
    pub branch: Clean,
    /// What it does.
    pub state: RunState,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// When this was read.
    pub read_at: Timestamp,
}

/// One action, as views show it.
#[derive(Clone, PartialEq, Debug)]
pub struct ActionView {
    /// Its identity; the same in journal and audit.
    pub id: ActionId,
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub target: Target,
    /// For which card it was asked.
    pub item: Option<ItemId>,
    /// How far it got.
    pub state: ActionState,
    /// When that was.
    pub at: Timestamp,
}

/// Identity of an action; 128 random bits in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ActionId(pub String);

/// How far an action got.
#[derive(Clone, PartialEq, Debug)]
pub enum ActionState {
    /// The target is read afresh.
    Reading,
    /// Waits for a person to confirm it, on these values.
    Ready(Fresh),
    /// Under way.
    Sending(Fresh),
    /// The server took it; what it does is not seen yet.
    Requested(Fresh),
    /// The server did it: seen by reading.
    Confirmed(Fresh),
    /// It was not sent: the sentence says why (not allowed, changed meanwhile, no journal).
    Stopped(Clean),
    /// The server said no, in its own words.
    Refused(Clean),
    /// Nobody knows whether it was done; it is found out by reading, never repeated.
    Unsure(Clean),
}

impl ActionState {
    /// Returns whether nothing more will happen to it.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Confirmed(_) | Self::Stopped(_) | Self::Refused(_) => true,
            Self::Reading
            | Self::Ready(_)
            | Self::Sending(_)
            | Self::Requested(_)
            | Self::Unsure(_) => false,
        }
    }
}
