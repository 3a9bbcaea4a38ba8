//! What a person asked for: why a job failed, which card is open, and what may be acted on.
//!
//! Decides who is asked; the asking is the pollers'.

use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::engine::acted_on;
use crate::engine::facts::Answer;
use crate::engine::snapshot::{Health, last_confirmed};
use crate::engine::store::Store;
use crate::engine::update::{Applied, Diagnosed};

/// Who is to be asked why a job failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inquiry {
    /// Nobody: it is known, is being found out, or cannot be; the board says which.
    Nobody,
    /// This source.
    Ask(SourceName),
}

impl Store {
    /// Notes that a person wants to know why a job failed; `has_log` tells whether its log is here.
    pub fn inquire(&mut self, key: &LogKey, has_log: bool) -> Inquiry {
        if let Some(found) = self.known_of(key, has_log) {
            self.inquiries.found(key, found);
            return Inquiry::Nobody;
        }
        let Some(source) = self.teller_of(&key.run).cloned() else {
            self.inquiries.failed(key, "no source knows this run", None);
            return Inquiry::Nobody;
        };
        if self.inquiries.begin(key) {
            Inquiry::Ask(source)
        } else {
            Inquiry::Nobody
        }
    }

    /// Notes that nobody could be asked.
    pub fn inquiry_failed(&mut self, key: &LogKey, why: &str) {
        self.inquiries.failed(key, why, None);
    }

    /// A finished job never changes: what was found about it holds, and its log as well.
    fn known_of(&self, key: &LogKey, has_log: bool) -> Option<Diagnosis> {
        let found = self.diagnosis(key)?;
        let holds = match &found.log {
            LogState::Read { .. } => has_log && !found.is_beginning(),
            LogState::Gone | LogState::Missing | LogState::Empty | LogState::NotText => true,
            LogState::NotYet | LogState::Refused(_) => false,
        };
        holds.then(|| found.clone())
    }

    fn diagnosis(&self, key: &LogKey) -> Option<&Diagnosis> {
        let id = diagnosis_id(key);
        self.sources.iter().find_map(|m| match m.facts.get(&id) {
            Some(Fact::Diagnosis(found)) => Some(&**found),
            Some(_) | None => None,
        })
    }

    pub(super) fn diagnosed(&mut self, diagnosed: Diagnosed, applied: &mut Applied) {
        let Diagnosed {
            source,
            key,
            at,
            order,
            outcome,
        } = diagnosed;
        applied.changed = true;
        match outcome {
            Ok(batch) => {
                let warning = batch.warnings.first().map(ToString::to_string);
                if let Some(member) = self.sources.iter_mut().find(|m| m.state.name == source) {
                    let answer = Answer {
                        source: &source,
                        at,
                        order,
                    };
                    let delta = member.facts.take(answer, batch);
                    self.correlate(&source, delta, applied);
                }
                if let Some(found) = self.diagnosis(&key).cloned() {
                    self.inquiries.found(&key, found);
                } else {
                    let why = warning.unwrap_or_else(|| "nothing was found about it".to_owned());
                    self.inquiries.failed(&key, &why, None);
                }
            }
            Err(error) => {
                let health = Health::of(&error);
                self.inquiries
                    .failed(&key, &error.to_string(), Some(health));
            }
        }
    }

    /// Notes which card is open: what would tell more about it is asked for first.
    pub fn look(&mut self, item: Option<&ItemId>, open: Option<&WorkItem>) {
        self.dirty |= self.book.look(item, open);
    }

    /// Returns why what is known of a repository is too old to act on, if it is.
    pub fn too_old(&self, source: &SourceName, repo: &RepoKey, now: Timestamp) -> Option<Clean> {
        let member = self.sources.iter().find(|m| m.state.name == *source)?;
        let read = last_confirmed(&self.confirmed, source, Some(repo));
        let read = read.or(member.state.last_success());
        let health = member.state.verdict(now).health;
        let failing = member.state.failing();
        acted_on::too_old((source, health), (repo, read), &failing, now)
    }
}

fn diagnosis_id(key: &LogKey) -> FactId {
    let run = &key.run;
    FactId {
        kind: FactKind::Diagnosis,
        id: Clean::line(&format!("{}/{}/{}", run.repo.as_str(), run.id, key.job)),
    }
}
