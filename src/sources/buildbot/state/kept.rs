//! What is taken in from the store at the start, and what is forgotten after a while.

use std::sync::Arc;

use super::{JobSeen, MOST_BUILDS, MOST_ORDERS, RunSeen, State, place_of};
use crate::domain::diagnosis::LogState;
use crate::domain::fact::Fact;
use crate::domain::run::JobSet;

impl State {
    /// Takes in stored facts.
    pub(in crate::sources::buildbot) fn restore(&mut self, facts: &[Arc<Fact>], ci: &str) {
        for fact in facts {
            if let Fact::Run(run) = fact.as_ref()
                && run.ci.as_str() == ci
                && run.url.as_ref().and_then(place_of).is_some()
            {
                let seen = RunSeen {
                    run: run.clone(),
                    newest: None,
                    waits: None,
                    job: None,
                };
                self.runs.insert(run.id, seen);
            }
        }
        for fact in facts {
            if let Fact::JobSet(set) | Fact::EarlierJobs(set) = fact.as_ref() {
                self.restore_jobs(set);
            } else if let Fact::Diagnosis(found) = fact.as_ref()
                && found.log != LogState::NotYet
            {
                self.diagnoses.keep(fact);
            }
        }
    }

    fn restore_jobs(&mut self, set: &JobSet) {
        let Some(seen) = self.runs.get_mut(&set.run.id) else {
            return;
        };
        for job in &set.jobs {
            let Some(place) = job.url.as_ref().and_then(place_of) else {
                continue;
            };
            if set.attempt == seen.run.attempt {
                seen.job = Some(job.clone());
            }
            let known = JobSeen {
                run: set.run.clone(),
                attempt: set.attempt,
                place,
                name: job.name.clone(),
                state: job.state.clone(),
                finished_at: job.finished_at,
                has_steps: set.complete && job.state.is_over(),
            };
            self.jobs.insert(job.id, known);
        }
    }

    /// Forgets what is long past.
    pub(super) fn prune(&mut self) {
        while self.builds.len() > MOST_BUILDS {
            let Some((_, run)) = self.builds.pop_first() else {
                break;
            };
            let keeps = self.builds.values().any(|other| *other == run);
            if !keeps {
                self.runs.remove(&run);
                self.jobs.retain(|_, job| job.run.id != run);
            }
        }
        while self.orders.len() > MOST_ORDERS {
            self.orders.pop_first();
        }
        while self.told.len() > MOST_ORDERS {
            self.told.pop_first();
        }
    }
}
