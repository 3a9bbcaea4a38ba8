//! The facts of one scope, sorted by kind.
//!
//! What they mean for one another is the view's.

use std::collections::BTreeMap;

use crate::domain::alert::Alert;
use crate::domain::change_request::{ChangeRequest, ChangeTimes, ChangedPaths};
use crate::domain::commit::{Commit, Range};
use crate::domain::correlate::facts::Entry;
use crate::domain::correlate::reads::Quick;
use crate::domain::correlate::view::Known;
use crate::domain::deployment::{Deployment, Environment};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::fact::{Fact, FactKind};
use crate::domain::finding::Finding;
use crate::domain::release::Release;
use crate::domain::repository::Repository;
use crate::domain::run::{GateSet, JobSet, Run};
use crate::domain::ticket::Ticket;

/// The facts of one scope by kind, in an order that does not depend on their arrival.
#[derive(Debug, Default)]
pub(super) struct Kinds<'a> {
    pub(super) repository: Option<&'a Repository>,
    pub(super) tickets: Vec<Known<'a, Ticket>>,
    pub(super) changes: BTreeMap<u64, Known<'a, ChangeRequest>>,
    pub(super) paths: Quick<u64, &'a ChangedPaths>,
    pub(super) commits: Vec<Known<'a, Commit>>,
    pub(super) ranges: Vec<&'a Range>,
    pub(super) runs: Vec<Known<'a, Run>>,
    pub(super) jobs: Quick<u64, &'a JobSet>,
    pub(super) gates: Quick<u64, &'a GateSet>,
    pub(super) releases: Vec<Known<'a, Release>>,
    pub(super) environments: Vec<&'a Environment>,
    pub(super) deployments: Vec<Known<'a, Deployment>>,
    pub(super) alerts: Vec<Known<'a, Alert>>,
    pub(super) findings: Vec<Known<'a, Finding>>,
    pub(super) earlier_jobs: Vec<&'a JobSet>,
    pub(super) diagnoses: Vec<&'a Diagnosis>,
    pub(super) times: Quick<u64, &'a ChangeTimes>,
}

impl<'a> Kinds<'a> {
    /// Sorts facts by kind.
    pub(super) fn new(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut kinds = Self::default();
        for entry in entries {
            if let Some(fact) = entry.best() {
                kinds.add(fact, entry);
            }
        }
        kinds.sort();
        kinds
    }

    fn sort(&mut self) {
        self.runs.sort_by_key(|run| (run.created_at, run.id));
        self.deployments.sort_by_key(|d| (d.created_at, d.id));
        let published = |r: &Release| r.published_at.unwrap_or(r.created_at);
        self.releases
            .sort_by(|a, b| published(a).cmp(&published(b)).then(a.tag.cmp(&b.tag)));
    }

    /// Takes in all facts of a kind instead of those that were of it.
    pub(super) fn renew(&mut self, kind: FactKind, entries: impl Iterator<Item = &'a Entry>) {
        match kind {
            FactKind::Repository => self.repository = None,
            FactKind::Commit => self.commits.clear(),
            FactKind::Range => self.ranges.clear(),
            FactKind::Ticket => self.tickets.clear(),
            FactKind::ChangeRequest => self.changes.clear(),
            FactKind::ChangedPaths => self.paths.clear(),
            FactKind::Run => self.runs.clear(),
            FactKind::JobSet => self.jobs.clear(),
            FactKind::GateSet => self.gates.clear(),
            FactKind::Release => self.releases.clear(),
            FactKind::Environment => self.environments.clear(),
            FactKind::Deployment => self.deployments.clear(),
            FactKind::Alert => self.alerts.clear(),
            FactKind::Finding => self.findings.clear(),
            FactKind::EarlierJobs => self.earlier_jobs.clear(),
            FactKind::Diagnosis => self.diagnoses.clear(),
            FactKind::ChangeTimes => self.times.clear(),
        }
        for entry in entries {
            if let Some(fact) = entry.best() {
                self.add(fact, entry);
            }
        }
        if matches!(
            kind,
            FactKind::Run | FactKind::Deployment | FactKind::Release
        ) {
            self.sort();
        }
    }

    /// Adds one fact.
    pub(super) fn add(&mut self, fact: &'a Fact, entry: &'a Entry) {
        match fact {
            Fact::Repository(f) => self.repository = Some(f),
            Fact::Commit(fact) => self.commits.push(Known { fact, entry }),
            Fact::Range(f) => self.ranges.push(f),
            Fact::Ticket(fact) => self.tickets.push(Known { fact, entry }),
            Fact::ChangeRequest(fact) => {
                self.changes.insert(fact.number, Known { fact, entry });
            }
            Fact::ChangedPaths(f) => {
                self.paths.insert(f.change.number, f);
            }
            Fact::Run(fact) => self.runs.push(Known { fact, entry }),
            Fact::JobSet(f) => {
                self.jobs.insert(f.run.id, f);
            }
            Fact::GateSet(f) => {
                self.gates.insert(f.run.id, f);
            }
            Fact::Release(fact) => self.releases.push(Known { fact, entry }),
            Fact::Environment(f) => self.environments.push(f),
            Fact::Deployment(fact) => self.deployments.push(Known { fact, entry }),
            Fact::Alert(fact) => self.alerts.push(Known { fact, entry }),
            Fact::Finding(fact) => self.findings.push(Known { fact, entry }),
            Fact::EarlierJobs(f) => self.earlier_jobs.push(f),
            Fact::Diagnosis(f) => self.diagnoses.push(f),
            Fact::ChangeTimes(f) => {
                self.times.insert(f.change.number, f);
            }
        }
    }
}
