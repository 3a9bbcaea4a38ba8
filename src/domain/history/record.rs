//! The records that flow is measured by: lives of cards, deliveries, CI runs, troubles.
//!
//! A record is what was told, with its times; what follows from several of them (was this
//! delivery a failure, how long was the lead) is computed by `domain::flow` and never stored.
//! A later version of a record takes the place of the one before.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::change_request::ReviewNote;
use crate::domain::item::{Anchor, WorkItem};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, Sha, WebUrl};
use crate::domain::text::Clean;

/// One thing that history keeps beside transitions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Record {
    /// What a card is.
    Life(Box<Life>),
    /// A version that came, or should have come, to an environment.
    Delivery(Box<Delivery>),
    /// A run of CI.
    CiRun(Box<CiRun>),
    /// A problem of what is live.
    Trouble(Box<Trouble>),
    /// Of which time the history of a repository tells.
    Coverage(Coverage),
}

/// Of which time the history of a repository tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Coverage {
    /// The repository.
    pub repo: RepoKey,
    /// From then on nothing is missing that its sources tell.
    pub from: Timestamp,
    /// Up to when it was told.
    pub to: Timestamp,
}

/// What a card is, for as long as history is kept; the card itself may be gone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Life {
    /// The card.
    pub id: ItemId,
    /// What it stands for.
    pub anchor: Anchor,
    /// What people call it, e.g. `api#12`.
    pub key: Clean,
    /// Its title.
    pub title: Clean,
    /// Where it is at its source.
    pub url: Option<WebUrl>,
    /// The repository.
    pub repo: Option<RepoKey>,
    /// The services that it concerns.
    pub services: Vec<ServiceName>,
    /// Who wrote it.
    pub author: Option<Person>,
    /// Whether a machine wrote it.
    pub bot: bool,
    /// Its labels.
    pub labels: Vec<Clean>,
    /// When it was created at its source.
    pub created_at: Timestamp,
    /// Its change requests, in the order of their numbers.
    pub changes: Vec<ChangeLife>,
}

impl Life {
    /// Returns what history keeps of a card with these change requests.
    pub fn of(item: &WorkItem, changes: Vec<ChangeLife>) -> Self {
        Self {
            id: item.id.clone(),
            anchor: item.anchor,
            key: item.key.clone(),
            title: item.title.clone(),
            url: item.url.clone(),
            repo: item.repo.clone(),
            services: item.services.clone(),
            author: item.author.clone(),
            bot: item.bot,
            labels: item.labels.clone(),
            created_at: item.created_at,
            changes,
        }
    }
}

/// The way of one change request up to its merge.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChangeLife {
    /// The repository.
    pub repo: RepoKey,
    /// Its number.
    pub number: u64,
    /// Who wrote it.
    pub author: Option<Person>,
    /// When its first commit was written, where that is known.
    pub first_commit_at: Option<Timestamp>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was first ready for review, where that is known; one that was never a draft was so
    /// when it was opened.
    pub ready_at: Option<Timestamp>,
    /// What reviewers said, oldest first.
    pub reviews: Vec<ReviewNote>,
    /// Whether these are all that there were.
    pub reviews_known: bool,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// When it was merged or closed.
    pub closed_at: Option<Timestamp>,
    /// The commit that it became.
    pub merge_sha: Option<Sha>,
    /// The newest commit of its branch.
    pub head_sha: Option<Sha>,
    /// Lines added, where that is known.
    pub additions: Option<u64>,
    /// Lines removed, where that is known.
    pub deletions: Option<u64>,
    /// Whether it is marked as a fix for something that is live (branch or label `hotfix`).
    pub hotfix: bool,
    /// Whether it takes another change back.
    pub revert: bool,
}

/// A version that came, or should have come, to an environment of a service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is told by itself, and stored under its name"
)]
pub struct Delivery {
    /// The identity of the deployment's fact, and the service.
    pub id: Clean,
    /// The repository.
    pub repo: RepoKey,
    /// The service; one deployment of two services is two deliveries.
    pub service: ServiceName,
    /// The environment.
    pub environment: Clean,
    /// Whether that is production.
    pub production: bool,
    /// What was delivered.
    pub sha: Option<Sha>,
    /// How people name it: a tag, a branch, or the commit.
    pub version: Clean,
    /// What became of it.
    pub state: DeliveryState,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it was over, where it is.
    pub finished_at: Option<Timestamp>,
    /// What it brought that was not there before; empty for what is not known.
    pub carried: Vec<Carried>,
    /// Whether what it brought is known: there was one before it, and what lies between was read.
    pub range_known: bool,
    /// Whether it brought an older version than the one before it.
    pub backward: bool,
    /// Whether something that it brought takes another change back.
    pub reverts: bool,
    /// Whether something that it brought is marked as a fix for what is live.
    pub hotfix: bool,
    /// Its page at the source.
    pub url: Option<WebUrl>,
}

/// One change that a delivery brought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Carried {
    /// Its card.
    pub item: ItemId,
    /// When its first commit was written; of a change whose commits are not known, nothing.
    pub first_commit_at: Option<Timestamp>,
    /// When it came to the branch that is delivered.
    pub landed_at: Timestamp,
    /// Whether a machine wrote it.
    pub bot: bool,
}

/// What became of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It waits or is at work.
    Open,
    /// It is or was live.
    Succeeded,
    /// Nothing was delivered: an attempt that failed.
    Failed,
    /// Given up before it was tried.
    Abandoned,
    /// Not known.
    Unknown,
}

/// A run of CI.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CiRun {
    /// The identity of the run's fact.
    pub id: Clean,
    /// The repository.
    pub repo: RepoKey,
    /// The workflow by file, or by name where it has none.
    pub workflow: Clean,
    /// The branch.
    pub branch: Clean,
    /// Whether that is the default branch, and no change request was judged.
    pub on_default: bool,
    /// The change request that it judges, where it judges one.
    pub change: Option<u64>,
    /// The commit.
    pub sha: Option<Sha>,
    /// What began it, as the source says: `push`, `schedule` …
    pub event: Clean,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its attempts, oldest first; the last one is what it is now. None where it is the status of a
    /// run that another record tells: then it does not count.
    pub attempts: Vec<Attempt>,
    /// Its page.
    pub url: Option<WebUrl>,
}

/// One attempt of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// When it began to work, where that is known.
    pub started_at: Option<Timestamp>,
    /// When it ended, where it did.
    pub finished_at: Option<Timestamp>,
    /// How it ended.
    pub end: RunEnd,
    /// How long its first job waited for a machine, in seconds, where its jobs tell.
    pub queued_secs: Option<u64>,
    /// Its jobs that failed, by name.
    pub failed_jobs: Vec<Clean>,
}

impl Attempt {
    /// Returns how long it waited before it began to work, in seconds: by its jobs, else from when
    /// its run was created. Where a host tells both as one moment, that is not known.
    pub fn waited(&self, run: &CiRun) -> Option<u64> {
        self.queued_secs.or_else(|| {
            let began = self.started_at.filter(|_| self.number <= 1)?;
            let secs = u64::try_from((began - run.created_at).num_seconds()).ok();
            secs.filter(|_| began != run.created_at)
        })
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RunEnd {
    /// Well.
    Passed,
    /// Badly.
    Failed,
    /// By hand, or by a newer run.
    Cancelled,
    /// It was not needed.
    Skipped,
    /// It has not.
    Open,
    /// In a way that we do not know.
    Unknown,
}

/// A problem of what is live: an incident, or an alert that fired.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trouble {
    /// The identity of the fact.
    pub id: Clean,
    /// Its card.
    pub item: Option<ItemId>,
    /// What people call it.
    pub name: Clean,
    /// Whether people handle it as an incident.
    pub incident: bool,
    /// The repository, where it names one.
    pub repo: Option<RepoKey>,
    /// The service, where it names one.
    pub service: Option<ServiceName>,
    /// The version that it names, where it names one.
    pub sha: Option<Sha>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was over, where it is.
    pub over_at: Option<Timestamp>,
    /// Its page.
    pub url: Option<WebUrl>,
}

impl Record {
    /// Returns the word for its kind in the store, and its identity within the kind.
    pub fn id(&self) -> (&'static str, &str) {
        match self {
            Self::Life(life) => ("life", life.id.as_str()),
            Self::Delivery(delivery) => ("delivery", delivery.id.as_str()),
            Self::CiRun(run) => ("ci_run", run.id.as_str()),
            Self::Trouble(trouble) => ("trouble", trouble.id.as_str()),
            Self::Coverage(coverage) => ("coverage", coverage.repo.as_str()),
        }
    }

    /// Returns the repository that it is about, where it names one.
    pub fn repo(&self) -> Option<&RepoKey> {
        match self {
            Self::Life(life) => life.repo.as_ref(),
            Self::Delivery(delivery) => Some(&delivery.repo),
            Self::CiRun(run) => Some(&run.repo),
            Self::Trouble(trouble) => trouble.repo.as_ref(),
            Self::Coverage(coverage) => Some(&coverage.repo),
        }
    }

    /// Returns the moment by whose age it is forgotten: when it was last known to be going on.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Life(life) => {
                let ends = life.changes.iter().filter_map(|change| change.closed_at);
                ends.max()
                    .map_or(life.created_at, |end| end.max(life.created_at))
            }
            Self::Delivery(delivery) => delivery.finished_at.unwrap_or(delivery.started_at),
            Self::CiRun(run) => {
                let ends = run
                    .attempts
                    .iter()
                    .filter_map(|attempt| attempt.finished_at);
                ends.max().unwrap_or(run.created_at)
            }
            Self::Trouble(trouble) => trouble.over_at.unwrap_or(trouble.began_at),
            Self::Coverage(coverage) => coverage.to,
        }
    }

    /// Returns what two versions of a record tell together, where that is more than the newer one:
    /// of the time that history tells of, whoever told it, nothing is lost.
    pub fn with(&self, old: &Self) -> Option<Self> {
        let (Self::Coverage(new), Self::Coverage(old)) = (self, old) else {
            return None;
        };
        Some(Self::Coverage(Coverage {
            repo: new.repo.clone(),
            from: new.from.min(old.from),
            to: new.to.max(old.to),
        }))
    }

    /// Returns whether this version takes the place of an older one: what knows less does not.
    pub fn replaces(&self, old: &Self) -> bool {
        match (self, old) {
            (Self::Delivery(new), Self::Delivery(old)) => {
                // Of one that another took the place of, its host no longer tells when it was over.
                let timed = |delivery: &Delivery| {
                    delivery
                        .finished_at
                        .is_some_and(|end| end > delivery.started_at)
                };
                let known = |it: &Delivery| u8::from(it.range_known) + u8::from(timed(it));
                known(new) >= known(old)
            }
            (Self::CiRun(new), Self::CiRun(old)) => {
                // Whose own system was heard once stays told there.
                let is_elsewhere = |run: &CiRun| run.attempts.is_empty();
                is_elsewhere(new) || !is_elsewhere(old) && new.attempts.len() >= old.attempts.len()
            }
            (Self::Life(new), Self::Life(old)) => {
                let known = |life: &Life| {
                    let reviewed = life.changes.iter().filter(|change| change.reviews_known);
                    (life.changes.len(), reviewed.count())
                };
                known(new) >= known(old)
            }
            (
                Self::Life(_)
                | Self::Delivery(_)
                | Self::CiRun(_)
                | Self::Trouble(_)
                | Self::Coverage(_),
                _,
            ) => true,
        }
    }
}
