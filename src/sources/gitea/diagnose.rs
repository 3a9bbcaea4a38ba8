//! Why a job failed, found in its log, where this server has logs.
//!
//! A finished job never changes: once it is known why it failed, nothing is asked
//! again, unless its log left the cache and a person wants to read it.

use std::sync::Arc;

use super::Gitea;
use super::api::{Asked, below};
use super::map::runs::is_by_number;
use super::server::Way;
use crate::domain::Timestamp;
use crate::domain::diagnosis::{LogKey, LogState};
use crate::domain::fact::Fact;
use crate::domain::run::{RunKey, RunState};
use crate::domain::text::Clean;
use crate::sources::evidence::Evidence;
use crate::sources::failed_jobs::JobSeen;
use crate::sources::http::{Failure, Request, Urgency};
use crate::sources::inspect::Looked;
use crate::sources::job_log::{self, Lost};
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// The capability.
const LOGS: &str = "job logs";

impl Gitea {
    /// Finds out why a job failed, because a person opened it.
    pub(super) async fn diagnose_now(
        &self,
        key: LogKey,
        now: Timestamp,
    ) -> Result<Batch, SourceError> {
        let asked = Asked {
            now,
            ask: Ask {
                urgency: Urgency::Person,
                forced: false,
                conditional: false,
            },
        };
        let fact = self.diagnosis(&key, asked).await;
        let fact = fact.map_err(|failure| failure.error)?;
        Ok(job_log::told(fact))
    }

    /// Answers a need; a log that is not there yet is asked for again soon.
    pub(super) async fn need_diagnosis(
        &self,
        run: RunKey,
        job: u64,
        asked: Asked,
    ) -> Result<Vec<Fact>, Failure> {
        let known = self.state().memory.jobs.attempt_of(&run, job);
        let attempt = known.unwrap_or_else(|| self.attempt_of(&run));
        let key = LogKey { run, attempt, job };
        let fact = self.diagnosis(&key, asked).await?;
        Ok(if job_log::is_early(&fact) {
            Vec::new()
        } else {
            vec![Arc::unwrap_or_clone(fact)]
        })
    }

    async fn diagnosis(&self, key: &LogKey, asked: Asked) -> Result<Arc<Fact>, Failure> {
        let before = self.state().memory.diagnosed.of(key);
        if let Some((fact, found)) = &before
            && job_log::holds(&*self.ground.logs, key, found, asked.ask.urgency)
        {
            return Ok(Arc::clone(fact));
        }
        let job = self.failed_job(key, asked).await?;
        let looked = self.read_log(key, &job, asked).await?;
        let is_shared = self.state().memory.jobs.is_shared(key);
        let found = job_log::assemble(
            key,
            job.into(),
            Evidence {
                is_shared,
                ..Evidence::of(looked)
            },
        );
        let found = job_log::renewed(before.map(|(_, found)| found), found);
        let fact = Arc::new(Fact::Diagnosis(Box::new(found)));
        self.state().memory.diagnosed.keep(&fact);
        Ok(fact)
    }

    /// Returns what is known of a job; one that no listing has told of is looked for in its run.
    async fn failed_job(&self, key: &LogKey, asked: Asked) -> Result<JobSeen, Failure> {
        let known = self.state().memory.jobs.get(&key.run, key.job).cloned();
        if let Some(job) = known {
            return Ok(job);
        }
        let read = self.jobs(&key.run, key.attempt, asked, &mut None).await?;
        if let Some(set) = &read {
            self.state().memory.jobs.see(set);
        }
        let mut jobs = read.iter().flat_map(|set| &set.jobs);
        let job = jobs.find(|job| job.id == key.job);
        Ok(job.map_or_else(|| JobSeen::unknown(key), |job| JobSeen::of(&key.run, job)))
    }

    /// Streams a log into the cache and reads it on the way.
    async fn read_log(&self, key: &LogKey, job: &JobSeen, asked: Asked) -> Result<Looked, Failure> {
        if is_by_number(key.run.id) || !self.state().ways.may(Way::Logs, asked.now) {
            // The tasks of an old server have numbers that no log is asked for by.
            return Ok(self.no_logs());
        }
        if !job.is_over
            && let Some(state) = self.state_of(key, asked).await?
            && !state.is_over()
            && !matches!(state, RunState::Unknown(_))
        {
            // What there is of it would be kept as if it were all.
            return Ok(Looked::without(LogState::NotYet));
        }
        let id = key.job.to_string();
        let parts = below(key.run.repo.path(), &["actions", "jobs", &id, "logs"]);
        let request = Request {
            url: self.url(&parts, &[]),
            conditional: false,
            urgency: asked.ask.urgency,
        };
        let client = self.port.client(asked.ask).await.map_err(Failure::of)?;
        match job_log::read(client, &self.ground.logs, key, &request).await {
            Ok(looked) => {
                self.there(Way::Logs);
                self.port.can(LOGS, CapabilityState::Available);
                Ok(looked)
            }
            Err(failure) if self.lacks(Way::Logs, &failure, asked.now) => Ok(self.no_logs()),
            Err(failure) => self.without_log(failure, job, asked).map(Looked::without),
        }
    }

    fn no_logs(&self) -> Looked {
        let missing = self.without(Way::Logs);
        let why = match &missing {
            CapabilityState::Missing(why) => why.clone(),
            CapabilityState::Unknown | CapabilityState::Available => Clean::default(),
        };
        self.port.can(LOGS, missing);
        Looked::without(LogState::Refused(why))
    }

    /// Returns what a refused log means; trouble on the way is an error of the whole.
    fn without_log(
        &self,
        failure: Failure,
        job: &JobSeen,
        asked: Asked,
    ) -> Result<LogState, Failure> {
        match job_log::lost(failure)? {
            Lost::Gone => Ok(LogState::Gone),
            Lost::Absent => {
                let ended = job.finished_at.filter(|_| job.is_over);
                Ok(job_log::absent(ended, asked.now, job_log::WAIT))
            }
            Lost::Forbidden(error) => {
                let text = error.hint();
                let why = text.unwrap_or_else(|| error.to_string());
                let why = self.port.shown(&why);
                self.port.can(LOGS, CapabilityState::Missing(why.clone()));
                Ok(LogState::Refused(why))
            }
        }
    }
}
