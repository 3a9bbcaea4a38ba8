//! What a source remembers of failures: jobs, diagnoses, reports, earlier attempts.
//!
//! Finished jobs never change, so none of it is asked for twice. Everything is
//! bounded; what was forgotten is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{JobSet, RunKey};
use crate::domain::text::Clean;
use crate::sources::failed_jobs::FailedJobs;
use crate::sources::job_log::Diagnoses;
use crate::sources::junit::Report;

/// Of how many runs the artifacts are remembered.
const MOST_RUNS: usize = 16;

/// How many attempts, and runs with jobs, are remembered.
const MOST_KEYS: usize = 5_000;

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) jobs: FailedJobs,
    pub(super) diagnosed: Diagnoses,
    artifacts: BTreeMap<(RunKey, u32), Artifacts>,
    earlier: BTreeSet<(RunKey, u32)>,
    told: BTreeSet<(RunKey, u32)>,
}

/// The artifacts of one attempt of a run, and what was read of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Artifacts {
    pub(super) list: Arc<[Artifact]>,
    pub(super) read: BTreeMap<u64, Result<Arc<Report>, Clean>>,
}

/// One artifact that may be a test report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Artifact {
    pub(super) id: u64,
    pub(super) name: Clean,
    pub(super) created_at: Option<Timestamp>,
}

impl Memory {
    /// Forgets a repository.
    pub(super) fn forget(&mut self, repo: &RepoKey) {
        self.jobs.forget(repo);
        self.diagnosed.forget(repo);
        self.artifacts.retain(|(run, _), _| run.repo != *repo);
        self.earlier.retain(|(run, _)| run.repo != *repo);
        self.told.retain(|(run, _)| run.repo != *repo);
    }

    /// Takes in a fact, stored or new.
    pub(super) fn see(&mut self, fact: &Arc<Fact>) {
        match fact.as_ref() {
            Fact::JobSet(set) => self.see_set(set),
            Fact::EarlierJobs(set) => {
                if set.complete {
                    self.see_attempt(&set.run, set.attempt);
                }
                self.jobs.see(set);
            }
            Fact::Diagnosis(_) => self.diagnosed.keep(fact),
            Fact::Repository(_)
            | Fact::Commit(_)
            | Fact::Range(_)
            | Fact::Ticket(_)
            | Fact::ChangeRequest(_)
            | Fact::ChangedPaths(_)
            | Fact::ChangeTimes(_)
            | Fact::Run(_)
            | Fact::GateSet(_)
            | Fact::Release(_)
            | Fact::Environment(_)
            | Fact::Deployment(_)
            | Fact::Alert(_)
            | Fact::Finding(_) => {}
        }
    }

    /// Takes in the jobs of the newest attempt of a run.
    pub(super) fn see_set(&mut self, set: &JobSet) {
        self.told.insert((set.run.clone(), set.attempt));
        cap_set(&mut self.told);
        self.jobs.see(set);
    }

    /// Notes that the jobs of an earlier attempt are known, or that there are none.
    pub(super) fn see_attempt(&mut self, run: &RunKey, attempt: u32) {
        self.earlier.insert((run.clone(), attempt));
        cap_set(&mut self.earlier);
    }

    pub(super) fn knows_attempt(&self, run: &RunKey, attempt: u32) -> bool {
        self.earlier.contains(&(run.clone(), attempt))
    }

    /// Returns whether the jobs of an attempt that was the newest are known in any form.
    pub(super) fn knows_jobs(&self, run: &RunKey, attempt: u32) -> bool {
        self.told.contains(&(run.clone(), attempt))
    }

    pub(super) fn artifacts(&self, key: &LogKey) -> Option<Artifacts> {
        self.artifacts.get(&(key.run.clone(), key.attempt)).cloned()
    }

    pub(super) fn keep_artifacts(&mut self, key: &LogKey, artifacts: Artifacts) {
        self.artifacts
            .insert((key.run.clone(), key.attempt), artifacts);
        cap(&mut self.artifacts, MOST_RUNS);
    }
}

/// Forgets the lowest keys beyond a bound: of numbers that the host gives, the oldest.
fn cap<K: Ord, V>(map: &mut BTreeMap<K, V>, most: usize) {
    while map.len() > most {
        map.pop_first();
    }
}

fn cap_set<K: Ord>(set: &mut BTreeSet<K>) {
    while set.len() > MOST_KEYS {
        set.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::domain::key::RepoKey;
    use crate::domain::run::{JobSet, RunKey};

    #[test]
    fn of_which_attempts_the_jobs_are_known_is_remembered() {
        let run = RunKey {
            repo: RepoKey::new("github.com", "acme/api"),
            id: 9,
        };
        let mut memory = Memory::default();
        memory.see_set(&JobSet {
            run: run.clone(),
            attempt: 1,
            jobs: Vec::new(),
            complete: true,
        });
        assert!(memory.knows_jobs(&run, 1) && !memory.knows_jobs(&run, 2));
        assert!(!memory.knows_attempt(&run, 1));
        memory.forget(&run.repo);
        assert!(!memory.knows_jobs(&run, 1));
    }
}
