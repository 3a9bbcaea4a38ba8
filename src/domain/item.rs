//! The card: one change on its way through the cycle, and the train it rides in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, Sha, SourceName, TrainId, WebUrl};
use crate::domain::moment;
use crate::domain::query::Haystack;
use crate::domain::run::{Door, RunKey};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// One card: an anchor with the evidence that belongs to it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct WorkItem {
    /// Stable identity; the same card keeps it from ticket to production.
    pub id: ItemId,
    /// What the card is anchored on.
    pub anchor: Anchor,
    /// The name that people use: `acme/api#12`, `PROJ-1`, `acme/api@1a2b3c4`.
    pub key: Clean,
    /// The title.
    pub title: Clean,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// The repository, if it has one.
    pub repo: Option<RepoKey>,
    /// The services that it changes; never empty.
    pub services: Vec<ServiceName>,
    /// Who wrote it.
    pub author: Option<Person>,
    /// Who holds it now: whose move it is. Empty when a machine or nobody does.
    pub holders: Vec<Person>,
    /// Whose review is asked for.
    pub reviewers: Vec<Person>,
    /// Labels of the anchor and of its change requests.
    pub labels: Vec<Clean>,
    /// The milestone of its ticket.
    pub milestone: Option<Clean>,
    /// The branches it comes from.
    pub branches: Vec<Clean>,
    /// Where it stands, and why.
    pub placement: Placement,
    /// All that is known of its way, in the order of time.
    pub evidence: Vec<Evidence>,
    /// The train that carries it, if one does.
    pub train: Option<TrainId>,
    /// Whether a machine made it (dependency updates and the like).
    pub bot: bool,
    /// When it was made.
    #[serde(deserialize_with = "moment::read")]
    pub created_at: Timestamp,
    /// When anything of it last changed, at the source.
    #[serde(deserialize_with = "moment::read")]
    pub updated_at: Timestamp,
    /// The sources that it is known from.
    pub sources: Vec<SourceName>,
    /// Its words, for filters; made from the fields above.
    #[serde(skip)]
    pub haystack: Haystack,
}

/// What a card is anchored on: the first of these that exists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// A ticket.
    Ticket,
    /// A change request without ticket.
    ChangeRequest,
    /// A push to a long-lived branch without change request.
    Push,
    /// An incident.
    Incident,
    /// An alert that nothing else explains.
    Alert,
    /// The open security findings of one kind in one repository.
    Finding,
    /// A run that finds no partner (scheduled, manual), or a deployment that does not.
    Run,
}

/// Where a card stands, and why.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Placement {
    /// The column.
    pub stage: Stage,
    /// What it does there.
    pub status: Status,
    /// Name of the rule that decided, e.g. `test-job-failed`; stable.
    pub rule: Clean,
    /// The reason in one sentence that names the evidence: "job `integration` of run 812 failed".
    pub reason: Clean,
    /// Since when it stands there in this status, by the clock of its source.
    #[serde(deserialize_with = "moment::read")]
    pub since: Timestamp,
    /// Whether it is over: shipped and watched, or dropped. Finished cards are not on the board.
    pub done: Option<Outcome>,
    /// Small facts beside the status: `in staging`, `2/3 merged`, `optional red`, `pinned`.
    pub badges: Vec<Clean>,
    /// When the placement changes by the clock alone (bake or watch window ends), if it does.
    pub next_change: Option<Timestamp>,
}

/// How a card ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It reached its users.
    Shipped,
    /// It was closed without that.
    Dropped,
}

/// One piece of evidence on a card.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// The name that people use: `acme/api#34`, `ci #812`, `v1.4.0`, `production`.
    pub key: Clean,
    /// How it stands, in one word or two.
    pub state: Clean,
    /// Whether that is good, bad, under way or not known.
    pub status: Status,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// When it got that way, at the source.
    pub at: Timestamp,
    /// How sure it is that this belongs to the card, in percent.
    pub confidence: u8,
    /// More in words: title of the change request, failed job, commit.
    pub detail: Clean,
    /// The run that it is, or belongs to.
    #[serde(default)]
    pub run: Option<Box<RunKey>>,
    /// What opens it, of a gate, or starts it, of a manual job.
    #[serde(default)]
    pub door: Option<Box<Door>>,
    /// All digits of the commit that it is.
    #[serde(default)]
    pub sha: Option<Sha>,
}

impl Evidence {
    /// Returns what version it is of: a release is called by its key, a deployment by its detail.
    pub fn version(&self) -> Option<&Clean> {
        match self.kind {
            EvidenceKind::Release => Some(&self.key),
            EvidenceKind::Deployment => Some(&self.detail),
            EvidenceKind::Ticket
            | EvidenceKind::ChangeRequest
            | EvidenceKind::Commit
            | EvidenceKind::Run
            | EvidenceKind::Job
            | EvidenceKind::Gate
            | EvidenceKind::ManualJob
            | EvidenceKind::Rollout
            | EvidenceKind::Alert
            | EvidenceKind::Finding => None,
        }
    }
}

/// What kind of evidence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A ticket.
    Ticket,
    /// A change request.
    ChangeRequest,
    /// A commit.
    Commit,
    /// A run.
    Run,
    /// A job of a run.
    Job,
    /// A release.
    Release,
    /// A gate that waits for a person.
    Gate,
    /// A manual job that nothing waits for: a person may start it.
    ManualJob,
    /// A deployment.
    Deployment,
    /// A roll-out.
    Rollout,
    /// An alert.
    Alert,
    /// A security finding.
    Finding,
}

impl EvidenceKind {
    /// Returns the word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::ChangeRequest => "change_request",
            Self::Commit => "commit",
            Self::Run => "run",
            Self::Job => "job",
            Self::Release => "release",
            Self::Gate => "gate",
            Self::ManualJob => "manual_job",
            Self::Deployment => "deployment",
            Self::Rollout => "rollout",
            Self::Alert => "alert",
            Self::Finding => "finding",
        }
    }
}

/// The changes that one release or deployment carries together.
#[derive(Clone, PartialEq, Debug)]
pub struct Train {
    /// Stable identity.
    pub id: TrainId,
    /// What is shown: `api v1.14.0`.
    pub title: Clean,
    /// The column it stands in.
    pub stage: Stage,
    /// The most urgent status of its changes.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// The service.
    pub service: ServiceName,
    /// Its changes, in the order of the column.
    pub items: Vec<Arc<WorkItem>>,
}
