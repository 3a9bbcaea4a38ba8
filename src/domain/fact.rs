//! A fact: one thing that a source said, with its identity.
//!
//! Facts are what sources return, the store keeps and correlation reads. One
//! fact has one origin: what another request tells is another fact ([`JobSet`]
//! beside [`Run`]), so that a cheap listing never overwrites a costly detail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::domain::change_request::{ChangeRequest, ChangeTimes, ChangedPaths};
use crate::domain::commit::{Commit, Range};
use crate::domain::deployment::{Deployment, Environment};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::release::Release;
use crate::domain::repository::Repository;
use crate::domain::run::{GateSet, JobSet, Run};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey};

/// One thing that a source said.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Fact {
    /// A repository.
    Repository(Repository),
    /// A commit of a long-lived branch.
    Commit(Commit),
    /// What lies between two commits.
    Range(Range),
    /// A ticket.
    Ticket(Ticket),
    /// A change request.
    ///
    /// Boxed, as every fact would be as large as this largest one.
    ChangeRequest(Box<ChangeRequest>),
    /// Files of a change request.
    ChangedPaths(ChangedPaths),
    /// Times of a change request.
    ChangeTimes(ChangeTimes),
    /// A run.
    Run(Run),
    /// Jobs of the newest attempt of a run.
    JobSet(JobSet),
    /// Jobs of an earlier attempt of a run.
    EarlierJobs(JobSet),
    /// Gates of a run.
    GateSet(GateSet),
    /// A release.
    Release(Release),
    /// An environment.
    Environment(Environment),
    /// A deployment.
    Deployment(Deployment),
    /// An alert.
    Alert(Alert),
    /// A security finding.
    Finding(Finding),
    /// Why a job failed.
    Diagnosis(Box<Diagnosis>),
}

/// The kind of a fact, as stored; the word never changes once it is released.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// [`Fact::Repository`]
    Repository,
    /// [`Fact::Commit`]
    Commit,
    /// [`Fact::Range`]
    Range,
    /// [`Fact::Ticket`]
    Ticket,
    /// [`Fact::ChangeRequest`]
    ChangeRequest,
    /// [`Fact::ChangedPaths`]
    ChangedPaths,
    /// [`Fact::ChangeTimes`]
    ChangeTimes,
    /// [`Fact::Run`]
    Run,
    /// [`Fact::JobSet`]
    JobSet,
    /// [`Fact::EarlierJobs`]
    EarlierJobs,
    /// [`Fact::GateSet`]
    GateSet,
    /// [`Fact::Release`]
    Release,
    /// [`Fact::Environment`]
    Environment,
    /// [`Fact::Deployment`]
    Deployment,
    /// [`Fact::Alert`]
    Alert,
    /// [`Fact::Finding`]
    Finding,
    /// [`Fact::Diagnosis`]
    Diagnosis,
}

impl FactKind {
    /// Returns the word for it in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Commit => "commit",
            Self::Range => "range",
            Self::Ticket => "ticket",
            Self::ChangeRequest => "change_request",
            Self::ChangedPaths => "changed_paths",
            Self::ChangeTimes => "change_times",
            Self::Run => "run",
            Self::JobSet => "job_set",
            Self::EarlierJobs => "earlier_jobs",
            Self::GateSet => "gate_set",
            Self::Release => "release",
            Self::Environment => "environment",
            Self::Deployment => "deployment",
            Self::Alert => "alert",
            Self::Finding => "finding",
            Self::Diagnosis => "diagnosis",
        }
    }
}

/// The identity of a fact within its source.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct FactId {
    /// What kind of fact.
    pub kind: FactKind,
    /// Its identity among facts of that kind, e.g. `github.com/acme/api#12`.
    pub id: Clean,
}

/// Returns the version of a fact that counts, of those that sources tell: the newest, of equally
/// new ones that of the first source by name. `said` is sorted by the names of the sources.
pub fn newest(said: &[(SourceName, Arc<Fact>)]) -> Option<&(SourceName, Arc<Fact>)> {
    if let [only] = said {
        return Some(only);
    }
    // Of equals the last counts for `max_by_key`.
    said.iter().rev().max_by_key(|(_, fact)| fact.freshness())
}

impl Fact {
    /// Returns how new this version is, as far as it tells; the greater counts.
    fn freshness(&self) -> (Option<Timestamp>, u32) {
        match self {
            Self::Repository(f) => (f.pushed_at, u32::from(f.default_branch.is_some())),
            Self::Commit(f) => (None, u32::from(f.change_request.is_some() || f.direct)),
            Self::Range(f) => (None, u32::from(f.complete)),
            Self::Ticket(f) => (Some(f.updated_at), 0),
            Self::ChangeRequest(f) => (Some(f.updated_at), 0),
            Self::ChangedPaths(f) => (None, u32::from(f.complete)),
            Self::ChangeTimes(f) => (Some(f.as_of), u32::from(f.complete)),
            Self::Run(f) => (Some(f.updated_at), f.attempt),
            Self::JobSet(f) | Self::EarlierJobs(f) => (None, f.attempt),
            Self::Diagnosis(f) => (f.finished_at, f.attempt),
            Self::GateSet(_) | Self::Environment(_) | Self::Finding(_) => (None, 0),
            Self::Release(f) => (f.published_at, 0),
            Self::Deployment(f) => (Some(f.updated_at), 0),
            Self::Alert(f) => (Some(f.ended_at.unwrap_or(f.started_at)), 0),
        }
    }

    /// Returns what kind of fact this is.
    pub fn kind(&self) -> FactKind {
        match self {
            Self::Repository(_) => FactKind::Repository,
            Self::Commit(_) => FactKind::Commit,
            Self::Range(_) => FactKind::Range,
            Self::Ticket(_) => FactKind::Ticket,
            Self::ChangeRequest(_) => FactKind::ChangeRequest,
            Self::ChangedPaths(_) => FactKind::ChangedPaths,
            Self::ChangeTimes(_) => FactKind::ChangeTimes,
            Self::Run(_) => FactKind::Run,
            Self::JobSet(_) => FactKind::JobSet,
            Self::EarlierJobs(_) => FactKind::EarlierJobs,
            Self::GateSet(_) => FactKind::GateSet,
            Self::Release(_) => FactKind::Release,
            Self::Environment(_) => FactKind::Environment,
            Self::Deployment(_) => FactKind::Deployment,
            Self::Alert(_) => FactKind::Alert,
            Self::Finding(_) => FactKind::Finding,
            Self::Diagnosis(_) => FactKind::Diagnosis,
        }
    }

    /// Returns the identity under which the fact is stored and replaced.
    pub fn id(&self) -> FactId {
        let id = match self {
            Self::Repository(f) => f.repo.as_str().to_owned(),
            Self::Commit(f) => format!("{}@{}", f.repo.as_str(), f.sha.as_str()),
            Self::Range(f) => {
                format!("{}@{}..{}", f.repo.as_str(), f.from.as_str(), f.to.as_str())
            }
            Self::Ticket(f) => match &f.key {
                TicketKey::Numbered { repo, number } => format!("{}#{number}", repo.as_str()),
                TicketKey::Tracker(key) => key.as_str().to_owned(),
            },
            Self::ChangeRequest(f) => format!("{}#{}", f.repo.as_str(), f.number),
            Self::ChangedPaths(f) => format!("{}#{}", f.change.repo.as_str(), f.change.number),
            Self::ChangeTimes(f) => format!("{}#{}", f.change.repo.as_str(), f.change.number),
            Self::Run(f) => format!("{}/{}", f.repo.as_str(), f.id),
            Self::JobSet(f) => format!("{}/{}", f.run.repo.as_str(), f.run.id),
            Self::EarlierJobs(f) => {
                format!("{}/{}/{}", f.run.repo.as_str(), f.run.id, f.attempt)
            }
            Self::GateSet(f) => format!("{}/{}", f.run.repo.as_str(), f.run.id),
            Self::Release(f) => format!("{}/{}", f.repo.as_str(), f.tag),
            Self::Environment(f) => format!("{}/{}", f.repo.as_str(), f.name),
            Self::Deployment(f) => format!("{}/{}", f.repo.as_str(), f.id),
            Self::Alert(f) => f.id.as_str().to_owned(),
            Self::Finding(f) => {
                let kind = match f.kind {
                    FindingKind::Dependency => "dependency",
                    FindingKind::Code => "code",
                    FindingKind::Secret => "secret",
                };
                format!("{}/{kind}/{}", f.repo.as_str(), f.number)
            }
            Self::Diagnosis(f) => {
                format!("{}/{}/{}", f.run.repo.as_str(), f.run.id, f.job)
            }
        };
        FactId {
            kind: self.kind(),
            id: Clean::line(&id),
        }
    }

    /// Returns the repository that the fact belongs to, if it belongs to one.
    pub fn repo(&self) -> Option<&RepoKey> {
        match self {
            Self::Repository(f) => Some(&f.repo),
            Self::Commit(f) => Some(&f.repo),
            Self::Range(f) => Some(&f.repo),
            Self::Ticket(f) => match &f.key {
                TicketKey::Numbered { repo, .. } => Some(repo),
                TicketKey::Tracker(_) => None,
            },
            Self::ChangeRequest(f) => Some(&f.repo),
            Self::ChangedPaths(f) => Some(&f.change.repo),
            Self::ChangeTimes(f) => Some(&f.change.repo),
            Self::Run(f) => Some(&f.repo),
            Self::JobSet(f) | Self::EarlierJobs(f) => Some(&f.run.repo),
            Self::GateSet(f) => Some(&f.run.repo),
            Self::Release(f) => Some(&f.repo),
            Self::Environment(f) => Some(&f.repo),
            Self::Deployment(f) => Some(&f.repo),
            Self::Alert(f) => f.repo.as_ref(),
            Self::Finding(f) => Some(&f.repo),
            Self::Diagnosis(f) => Some(&f.run.repo),
        }
    }
}
