//! What correlation and triage would like to know: steps, why a build failed, earlier builds.
//!
//! The log of a build is that of the steps that failed, one after the other, each
//! below a heading where there are several. What has no answer waits for an hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::state::{JobSeen, Place, State};
use super::{Buildbot, LOGS, NEEDS, map, wire};
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::diagnosis::{LogKey, LogState};
use crate::domain::fact::Fact;
use crate::domain::run::{Job, JobSet, RunKey, RunState, parts_of_foreign};
use crate::domain::text::Clean;
use crate::sources::evidence::Evidence;
use crate::sources::http::{Client, Failure, Request, Streamed, Urgency};
use crate::sources::inspect::Looked;
use crate::sources::job_log::{self, Lost};
use crate::sources::needs::{self, Round};
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, Fetch, SourceError};

/// What one fetch of needs probably costs.
pub(super) const COST: u32 = 8;

/// How many needs are answered in one fetch.
const AT_ONCE: usize = 6;

/// How many logs of one build are read.
const MOST_LOGS: usize = 4;

/// How many builds of a builder are read at most.
const MOST_HISTORY: u32 = 100;

/// For how long an answer, or the lack of one, is not asked for again.
const WAIT_SECS: i64 = 3_600;

/// After which time the steps of a build that runs are asked for again.
const RUNNING_SECS: i64 = 25;

/// One log of a step that failed.
struct Part {
    log: u64,
    /// What stands above it.
    heading: String,
}

impl State {
    /// Returns whether a need is to be asked now.
    pub(super) fn is_due(&self, need: &Need, now: Timestamp) -> bool {
        let Some(asked) = self.answered.get(need) else {
            return true;
        };
        let runs = match need {
            Need::Jobs { run, .. } => {
                let seen = self.runs.get(run);
                seen.is_some_and(|seen| seen.run.state == RunState::Running)
            }
            Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. }
            | Need::Gates { .. }
            | Need::ManualJobs { .. }
            | Need::Diagnosis { .. }
            | Need::Attempts { .. }
            | Need::History { .. } => false,
        };
        let wait = if runs { RUNNING_SECS } else { WAIT_SECS };
        (now - *asked).num_seconds() >= wait
    }
}

impl Buildbot {
    /// Answers what is needed now.
    pub(super) async fn answer(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let due: Vec<Need> = {
            let state = self.state();
            let due = state.needs.iter();
            let due = due.filter(|need| state.is_due(need, fetch.now));
            needs::choose(due, AT_ONCE)
        };
        let mut round = Round::new(fetch.now);
        for need in due {
            let answer = self.answer_one(&need, fetch).await;
            if !round.take(need, needs::parts(answer), Clean::line) {
                break;
            }
        }
        round.end(&mut self.state().answered)
    }

    async fn answer_one(&self, need: &Need, fetch: &Fetch) -> Result<Vec<Fact>, Failure> {
        let ask = Ask::of(fetch);
        match need {
            Need::Jobs { repo, run } => {
                let run = RunKey {
                    repo: repo.clone(),
                    id: *run,
                };
                let set = self.jobs(&run, ask).await?;
                Ok(set.map(Fact::JobSet).into_iter().collect())
            }
            Need::Diagnosis { run, job, repo } => {
                let key = LogKey {
                    run: RunKey {
                        repo: repo.clone(),
                        id: *run,
                    },
                    attempt: self.state().jobs.get(job).map_or(1, |job| job.attempt),
                    job: *job,
                };
                let fact = self.diagnosis(&key, ask).await?;
                Ok(vec![Arc::unwrap_or_clone(fact)])
            }
            Need::History { workflow, runs, .. } => self.history(workflow, *runs, ask).await,
            Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. }
            | Need::Gates { .. }
            | Need::ManualJobs { .. }
            | Need::Attempts { .. } => Ok(Vec::new()),
        }
    }

    /// Reads the steps of a build.
    pub(super) async fn steps(
        &self,
        (builder, number): Place,
        ask: Ask,
    ) -> Result<Vec<wire::Step>, Failure> {
        let (builder, number) = (builder.to_string(), number.to_string());
        let parts = [
            "api", "v2", "builders", &builder, "builds", &number, "steps",
        ];
        let url = self.port.url(&parts, &[]);
        let (read, _): (wire::Steps, _) = self.port.get(url, ask).await?;
        let mut steps = read.steps.items;
        steps.sort_by_key(|step| step.number);
        Ok(steps)
    }

    /// Reads the job of a run, with its steps.
    async fn jobs(&self, run: &RunKey, ask: Ask) -> Result<Option<JobSet>, Failure> {
        let known = {
            let state = self.state();
            let seen = state.runs.get(&run.id);
            let job = seen.and_then(|seen| seen.job.clone());
            job.and_then(|job| Some((state.jobs.get(&job.id)?.place, job)))
        };
        // What waits has no job.
        let Some((place, job)) = known else {
            return Ok(None);
        };
        let steps = self.steps(place, ask).await?;
        let job = Job {
            steps: map::steps(&steps),
            ..job
        };
        if job.state.is_over()
            && let Some(seen) = self.state().jobs.get_mut(&job.id)
        {
            seen.has_steps = true;
        }
        Ok(Some(JobSet {
            run: run.clone(),
            attempt: job.attempt,
            jobs: vec![job],
            complete: true,
        }))
    }

    /// Reads the last builds of a builder.
    async fn history(&self, workflow: &str, runs: u32, ask: Ask) -> Result<Vec<Fact>, Failure> {
        let builder = {
            let state = self.state();
            let name = parts_of_foreign(workflow).map_or("", |(_, name)| name);
            let mut builders = state.builders.iter();
            let found = builders.find(|(_, known)| *Clean::line(known) == *name);
            found.map(|(id, _)| id.to_string())
        };
        let Some(builder) = builder else {
            return Ok(Vec::new());
        };
        let most = runs.min(MOST_HISTORY).to_string();
        let query = [("order", "-number"), ("limit", most.as_str())];
        let properties = map::PROPERTIES.map(|name| ("property", name));
        let query: Vec<(&str, &str)> = query.into_iter().chain(properties).collect();
        let url = self
            .port
            .url(&["api", "v2", "builders", &builder, "builds"], &query);
        let (read, _): (wire::Builds, _) = self.port.get(url, ask).await?;
        let builds = read.builds.items.into_iter();
        let builds: BTreeMap<u64, wire::Build> = builds.map(|it| (it.buildid, it)).collect();
        self.take_past(builds, ask).await.map_err(Failure::of)
    }

    /// Finds out why a build failed, because a person opened it.
    pub(super) async fn diagnose_now(
        &self,
        key: LogKey,
        now: Timestamp,
    ) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: NEEDS.into(),
            now,
            forced: false,
        };
        let ask = Ask {
            urgency: Urgency::Person,
            ..Ask::of(&fetch)
        };
        let fact = self.diagnosis(&key, ask).await?;
        Ok(job_log::told(fact))
    }

    async fn diagnosis(&self, key: &LogKey, ask: Ask) -> Result<Arc<Fact>, Failure> {
        let (job, before) = {
            let state = self.state();
            let job = state.jobs.get(&key.job).cloned();
            (job, state.diagnoses.of(key))
        };
        let Some(job) = job else {
            return Err(Failure::of(SourceError::NotFound {
                host: self.port.host().to_owned(),
                what: "this build".to_owned(),
                near: None,
            }));
        };
        if let Some((fact, old)) = &before
            && job_log::holds(&*self.ground.logs, key, old, ask.urgency)
        {
            return Ok(Arc::clone(fact));
        }
        let steps = self.steps(job.place, ask).await?;
        let looked = self.read_logs(key, &job, &steps, ask).await?;
        let found = job_log::assemble(key, of(&job, &steps), Evidence::of(looked));
        let found = job_log::renewed(before.map(|(_, old)| old), found);
        let fact = Arc::new(Fact::Diagnosis(Box::new(found)));
        self.state().diagnoses.keep(&fact);
        Ok(fact)
    }

    /// Reads the logs of the steps that failed as one.
    async fn read_logs(
        &self,
        key: &LogKey,
        job: &JobSeen,
        steps: &[wire::Step],
        ask: Ask,
    ) -> Result<Looked, Failure> {
        if !job.state.is_over() && self.ended(job.place, ask).await?.is_none() {
            // What there is of it would be kept as if it were all.
            return Ok(Looked::without(LogState::NotYet));
        }
        let (parts, deleted) = self.parts(steps, ask).await?;
        if parts.is_empty() {
            let state = match (deleted, job.state.is_over()) {
                (true, _) => LogState::Gone,
                (false, true) => LogState::Missing,
                (false, false) => LogState::NotYet,
            };
            return Ok(Looked::without(state));
        }
        let client = self.port.client(ask).await.map_err(Failure::of)?;
        let send = |into| self.send_all(client, &parts, ask, into);
        match job_log::taken(&self.ground.logs, key, send).await {
            Ok(looked) => {
                self.port.can(LOGS, CapabilityState::Available);
                Ok(looked)
            }
            Err(failure) => match job_log::lost(failure)? {
                Lost::Gone | Lost::Absent => Ok(Looked::without(LogState::Gone)),
                Lost::Forbidden(error) => {
                    let why = Clean::line(&error.to_string());
                    self.port.can(LOGS, CapabilityState::Missing(why.clone()));
                    Ok(Looked::without(LogState::Refused(why)))
                }
            },
        }
    }

    /// Finds the logs that tell the failure, and whether some of them were deleted.
    async fn parts(&self, steps: &[wire::Step], ask: Ask) -> Result<(Vec<Part>, bool), Failure> {
        let bad: Vec<&wire::Step> = steps.iter().filter(|step| map::is_bad(step)).collect();
        // A build that no step of it failed: the last step that did something tells most.
        let last = steps.iter().rfind(|step| step.started_at.is_some());
        let chosen = if bad.is_empty() {
            last.into_iter().collect()
        } else {
            bad
        };
        let (mut parts, mut deleted) = (Vec::new(), false);
        for step in chosen.into_iter().take(MOST_LOGS) {
            let id = step.stepid.to_string();
            let url = self.port.url(&["api", "v2", "steps", &id, "logs"], &[]);
            let (read, _): (wire::Logs, _) = self.port.get(url, ask).await?;
            for log in read.logs.items {
                match log.kind.as_deref() {
                    // A page for people; the same stands in the others.
                    Some("h") => {}
                    Some("d") => deleted = true,
                    _ => parts.push(Part {
                        log: log.logid,
                        heading: format!(
                            "step {} `{}`, log `{}`",
                            step.number + 1,
                            step.name,
                            log.name
                        ),
                    }),
                }
            }
        }
        parts.truncate(MOST_LOGS);
        Ok((parts, deleted))
    }

    /// Hands on one log after the other.
    async fn send_all(
        &self,
        client: &Client,
        parts: &[Part],
        ask: Ask,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Streamed, Failure> {
        let mut all = Streamed {
            bytes: 0,
            cut: false,
        };
        for part in parts {
            let left = job_log::most(ask.urgency).saturating_sub(all.bytes);
            if left == 0 {
                all.cut = true;
                break;
            }
            if parts.len() > 1 {
                let heading = format!("\n=== {} ===\n", Clean::line(&part.heading));
                all.bytes += heading.len() as u64;
                if into.send(heading.into_bytes()).await.is_err() {
                    break;
                }
            }
            let id = part.log.to_string();
            let request = Request {
                url: self.port.url(&["api", "v2", "logs", &id, "raw"], &[]),
                conditional: false,
                urgency: ask.urgency,
            };
            let streamed = client.stream(&request, left, into.clone()).await?;
            all.bytes += streamed.bytes;
            all.cut |= streamed.cut;
        }
        Ok(all)
    }
}

/// Returns what is known of a job besides its log.
fn of(job: &JobSeen, steps: &[wire::Step]) -> job_log::Job {
    let bad = steps.iter().find(|step| map::is_bad(step)).map(map::step);
    job_log::Job {
        name: job.name.clone(),
        step: bad.map(|step| (step.number, step.name)),
        finished_at: job.finished_at,
    }
}
