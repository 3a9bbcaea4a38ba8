//! A ticket: an issue or work item of a tracker, an incident included.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, WebUrl};
use crate::domain::text::Clean;

/// Which ticket: a number in a repository, or a key of a tracker.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum TicketKey {
    /// `#12` of a repository.
    Numbered {
        /// The repository.
        repo: RepoKey,
        /// The number.
        number: u64,
    },
    /// `PROJ-1` of a tracker.
    Tracker(Clean),
}

/// One ticket.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// Which one.
    pub key: TicketKey,
    /// Its title.
    pub title: Clean,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// Open or closed, and why.
    pub state: TicketState,
    /// Who wrote it.
    pub author: Option<Person>,
    /// Who has it in hand.
    #[serde(default)]
    pub assignees: Vec<Person>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Clean>,
    /// The milestone or iteration.
    pub milestone: Option<Clean>,
    /// The status that a project board gives it, e.g. `In Progress`.
    pub project_status: Option<Clean>,
    /// When that status was set.
    pub project_status_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Whether it is an incident, by its label or type.
    #[serde(default)]
    pub incident: bool,
}

/// Whether a ticket is still to be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TicketState {
    /// To be done.
    Open,
    /// Done.
    Completed,
    /// Closed without being done.
    NotPlanned,
    /// A word that we do not know; never treated as done.
    Other(Clean),
}
