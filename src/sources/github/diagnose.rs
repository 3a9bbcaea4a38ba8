//! Why a job failed: its log, annotations and reports, in four requests at most.
//!
//! A finished job never changes: once it is known why it failed, nothing is
//! asked again, unless its log left the cache and a person wants to read it.

use std::sync::Arc;

use super::reports::{Purse, Told};
use super::wire_rest;
use super::{Ask, GitHub, map};
use crate::domain::Timestamp;
use crate::domain::diagnosis::{LogKey, LogState};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::sources::evidence::Evidence;
use crate::sources::failed_jobs::JobSeen;
use crate::sources::http::{Failure, Urgency, decode};
use crate::sources::inspect::Looked;
use crate::sources::job_log::{self, Lost};
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many requests one diagnosis may cost.
const MOST_REQUESTS: u32 = 4;

impl GitHub {
    /// Finds out why a job failed, because a person opened it.
    pub(super) async fn diagnose_now(
        &self,
        key: LogKey,
        now: Timestamp,
    ) -> Result<Batch, SourceError> {
        let ask = Ask {
            now,
            urgency: Urgency::Person,
            forced: false,
        };
        self.ensure_token(false).await?;
        let fact = self.diagnosis(&key, ask).await;
        let fact = match fact {
            Ok(fact) => fact,
            Err(failure) => return Err(self.after(failure.error).await),
        };
        Ok(job_log::told(fact))
    }

    /// Answers a need; a log that is not there yet is asked for again soon.
    pub(super) async fn need_diagnosis(
        &self,
        repo: &RepoKey,
        run: u64,
        job: u64,
        ask: Ask,
    ) -> Result<Vec<Fact>, Failure> {
        let run = RunKey {
            repo: repo.clone(),
            id: run,
        };
        let known = self.state().memory.jobs.attempt_of(&run, job);
        let attempt = known.unwrap_or_else(|| self.attempt_of(&run));
        let key = LogKey { run, attempt, job };
        let fact = self.diagnosis(&key, ask).await?;
        Ok(if job_log::is_early(&fact) {
            Vec::new()
        } else {
            vec![Arc::unwrap_or_clone(fact)]
        })
    }

    async fn diagnosis(&self, key: &LogKey, ask: Ask) -> Result<Arc<Fact>, Failure> {
        let before = self.state().memory.diagnosed.of(key);
        if let Some((fact, found)) = &before
            && job_log::holds(&*self.ground.logs, key, found, ask.urgency)
        {
            return Ok(Arc::clone(fact));
        }
        let mut purse = Purse(MOST_REQUESTS);
        let seen = self.state().memory.jobs.get(&key.run, key.job).cloned();
        let job = match seen {
            Some(job) => job,
            None => self.job(key, &mut purse, ask).await?,
        };
        purse.spend();
        let log = self.read_log(key, &job, ask);
        let only_log = job_log::is_only_log(before.as_ref().map(|(_, found)| found));
        let (looked, told) = if only_log {
            (log.await?, Told::default())
        } else {
            let (looked, told) = tokio::join!(log, self.told(key, &job, &mut purse, ask));
            (looked?, told?)
        };
        let shared = self.state().memory.jobs.is_shared(key);
        let found = job_log::assemble(
            key,
            job.into(),
            Evidence {
                looked,
                notes: told.notes,
                report: told.report,
                is_shared: shared,
                sought: Clean::line(&told.sought.join("; ")),
            },
        );
        let found = job_log::renewed(before.map(|(_, found)| found), found);
        let fact = Arc::new(Fact::Diagnosis(Box::new(found)));
        self.state().memory.see(&fact);
        Ok(fact)
    }

    /// Reads one job that no listing has told of.
    async fn job(&self, key: &LogKey, purse: &mut Purse, ask: Ask) -> Result<JobSeen, Failure> {
        purse.spend();
        let route = format!("repos/{}/actions/jobs/{}", key.run.repo.path(), key.job);
        let request = self.once(&route, &[], ask);
        let answer = self.api.client.get(&request).await?;
        let host = self.api.client.host();
        let wire: wire_rest::Job = decode(host, request.url.path(), &answer.body)?;
        let job = map::runs::job(&wire, key.attempt);
        Ok(JobSeen::of(&key.run, &job))
    }

    /// Streams a log into the cache and reads it on the way.
    async fn read_log(&self, key: &LogKey, job: &JobSeen, ask: Ask) -> Result<Looked, Failure> {
        let route = format!(
            "repos/{}/actions/jobs/{}/logs",
            key.run.repo.path(),
            key.job
        );
        let request = self.once(&route, &[], ask);
        match job_log::read(&self.api.client, &self.ground.logs, key, &request).await {
            Ok(looked) => {
                if !matches!(looked.log, LogState::Refused(_)) {
                    self.state().can("job logs", CapabilityState::Available);
                }
                Ok(looked)
            }
            Err(failure) => self.without_log(failure, job, ask).map(Looked::without),
        }
    }

    /// Returns what a refused log means; trouble on the way is an error of the whole.
    fn without_log(&self, failure: Failure, job: &JobSeen, ask: Ask) -> Result<LogState, Failure> {
        match job_log::lost(failure)? {
            Lost::Gone => Ok(LogState::Gone),
            Lost::Absent => {
                let ended = job.finished_at.filter(|_| job.is_over);
                Ok(job_log::absent(ended, ask.now, job_log::WAIT))
            }
            Lost::Forbidden(error) => {
                let text = error.hint();
                let why = Clean::line(&text.unwrap_or_else(|| error.to_string()));
                let missing = CapabilityState::Missing(why.clone());
                self.state().can("job logs", missing);
                Ok(LogState::Refused(why))
            }
        }
    }
}
