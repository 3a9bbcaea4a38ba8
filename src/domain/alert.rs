//! An alert: a signal that fires.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{RepoKey, ServiceName, Sha, WebUrl};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

/// One alert of a monitoring system.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// The identity that its system gives it.
    pub id: Clean,
    /// Its name.
    pub name: Clean,
    /// What it says to a person, in its own words; may be empty.
    #[serde(default)]
    pub about: Clean,
    /// How bad it is, in its own word.
    pub severity: Clean,
    /// How it stands.
    pub state: AlertState,
    /// The service it names.
    pub service: Option<ServiceName>,
    /// The repository it names.
    pub repo: Option<RepoKey>,
    /// The version it names, as a commit.
    pub sha: Option<Sha>,
    /// The version it names, as a tag; may be empty.
    #[serde(default)]
    pub version: Clean,
    /// Whether who tells it knows of silences: then a silence that another one tells is not its own.
    #[serde(default)]
    pub knows_silences: bool,
    /// What its system calls it, where a name of its own tells it from others with the same words,
    /// e.g. `^alert#3`; may be empty.
    #[serde(default)]
    pub own_key: Clean,
    /// The incident that was made of it, where its system tells.
    #[serde(default)]
    pub incident: Option<TicketKey>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The page for people.
    pub url: Option<WebUrl>,
}

/// How an alert stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AlertState {
    /// It fires and nobody has it.
    Firing,
    /// Somebody has it.
    Acknowledged,
    /// It is silenced on purpose.
    Silenced,
    /// It is held back because another alert says the same and more.
    Inhibited,
    /// It is over.
    Resolved,
    /// A word that we do not know: it may fire, and is never well.
    Unknown(Clean),
}
