//! Runs by REST with `ETag`; the jobs and gates that tell why one is red or waits.

use super::map::runs as map;
use super::refresh::warn;
use super::state::{Activity, RepoState, RunSeen, Wanted, is_fresh};
use super::wire_rest::{JobPage, PendingDeployment, RunPage};
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{Run, RunKey, RunState};
use crate::domain::text::Clean;
use crate::sources::detail::without;
use crate::sources::http::{Failure, List, follow};
use crate::sources::{Batch, SourceError};

/// How many runs are read at once; older ones were read before or are history.
const RUNS: &str = "30";

/// Of how many runs the details are read in one fetch.
const DETAILS: usize = 6;

/// How many pages of jobs are read.
const JOB_PAGES: usize = 5;

/// How long the jobs of a run at work are taken for current.
const JOBS_SECS: i64 = 45;

impl GitHub {
    /// Reads the newest runs of a repository, and the details of those that need a look.
    pub(super) async fn runs(&self, path: &str, ask: Ask) -> Result<Batch, SourceError> {
        let key = self.key(path);
        let mut batch = Batch::default();
        let fresh = self
            .state()
            .known(path)
            .is_some_and(|repo| !repo.runs_wanted && is_fresh(repo.runs_at, ask.now));
        if fresh && !ask.forced {
            return Ok(batch);
        }
        let listed = self.list_runs(path, ask).await;
        let (runs, fresh) = match listed {
            Ok(Some(listed)) => (listed, true),
            Ok(None) => (List::default(), false),
            Err(failure) => return self.without_runs(path, failure, ask),
        };
        warn(&key, "runs", &runs, &mut batch);
        let found: Vec<Run> = runs.items.iter().map(|wire| map::run(&key, wire)).collect();
        {
            let mut state = self.state();
            state.can_runs(path, None);
            let Some(repo) = state.known(path) else {
                return Ok(batch);
            };
            repo.had_runs(ask.now);
            // They are told again until they were handed over.
            repo.runs_read &= !fresh;
            let mut ended = false;
            for run in &found {
                ended |= repo.see_run(run);
            }
            if ended && repo.seen.is_some() {
                // Its checks and its mergeability have changed, which no time stamp tells.
                repo.wanted = repo.wanted.max(Wanted::Lean);
            }
        }
        batch.facts.extend(found.into_iter().map(Fact::Run));
        self.details(&key, ask, &mut batch).await?;
        if let Some(repo) = self.state().known(path).filter(|_| fresh) {
            // What could not be read is told again with every answer.
            repo.runs_read = runs.bad_count == 0;
        }
        Ok(batch)
    }

    /// Returns the newest runs, or nothing where they are those that were read before.
    async fn list_runs(
        &self,
        path: &str,
        ask: Ask,
    ) -> Result<Option<List<super::wire_rest::Run>>, Failure> {
        let route = format!("repos/{path}/actions/runs");
        let request = self.api.request(&route, &[("per_page", RUNS)], ask.urgency);
        let client = &self.api.client;
        let answer = client.get(&request).await?;
        self.learn_scopes(&answer.headers);
        // Most answers are these: what they stand for is not worked out again.
        if answer.not_modified && self.state().known(path).is_some_and(|repo| repo.runs_read) {
            return Ok(None);
        }
        Ok(Some(
            client.parse::<RunPage>(&request, &answer)?.workflow_runs,
        ))
    }

    /// A repository without Actions, or a token that may not see them, is no failure of the source.
    fn without_runs(&self, path: &str, failure: Failure, ask: Ask) -> Result<Batch, SourceError> {
        let told = match &failure.error {
            SourceError::Forbidden { .. } => true,
            SourceError::NotFound { .. } => false,
            SourceError::Auth { .. }
            | SourceError::NoToken { .. }
            | SourceError::RateLimited { .. }
            | SourceError::Unreachable { .. }
            | SourceError::Unreadable { .. }
            | SourceError::Refused { .. } => return Err(failure.error),
        };
        let text = failure.error.hint().filter(|_| told);
        let why = Clean::line(&text.unwrap_or_else(|| failure.error.to_string()));
        let mut state = self.state();
        if let Some(repo) = state.known(path) {
            repo.had_runs(ask.now);
        }
        if told {
            state.can_runs(path, Some(why));
            return Ok(Batch::default());
        }
        let mut batch = Batch::default();
        batch.warnings.push(why);
        Ok(batch)
    }

    /// Reads jobs and gates of the runs that ask for it, the newest first.
    async fn details(&self, key: &RepoKey, ask: Ask, batch: &mut Batch) -> Result<(), SourceError> {
        let due: Vec<(u64, RunSeen)> = {
            let mut state = self.state();
            let repo = state.known(key.path());
            repo.map(|repo| repo.due_details(ask.now))
                .unwrap_or_default()
        };
        self.read_details(key, due, ask, batch).await
    }

    /// Reads the jobs of the runs at work; somebody may be looking at them.
    pub(super) async fn jobs_at_work(&self, path: &str, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let due: Vec<(u64, RunSeen)> = {
            let mut state = self.state();
            let repo = state.known(path);
            repo.map(|repo| repo.at_work()).unwrap_or_default()
        };
        self.read_details(&self.key(path), due, ask, &mut batch)
            .await?;
        let over = |fact: &Fact| {
            let Fact::JobSet(set) = fact else {
                return false;
            };
            set.complete && set.jobs.iter().all(|job| is_over(&job.state))
        };
        if batch.facts.iter().any(over)
            && let Some(repo) = self.state().known(path)
        {
            // Its end stands in the list of runs.
            repo.runs_wanted = true;
        }
        Ok(batch)
    }

    async fn read_details(
        &self,
        key: &RepoKey,
        due: Vec<(u64, RunSeen)>,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        for (id, run) in due {
            let run_key = RunKey {
                repo: key.clone(),
                id,
            };
            let read = self.jobs(&run_key, run.attempt, ask).await;
            let gates = match run.activity {
                Activity::Waiting => Some(self.gates(&run_key, ask).await),
                // The gates of a run that went on are passed: say so once.
                Activity::AtWork | Activity::Red | Activity::Over if run.gates_at.is_some() => {
                    Some(Ok(map::gate_set(run_key.clone(), &[])))
                }
                Activity::AtWork | Activity::Red | Activity::Over => None,
            };
            let mut state = self.state();
            let Some(seen) = state
                .known(key.path())
                .and_then(|repo| repo.runs.get_mut(&id))
            else {
                continue;
            };
            seen.jobs = Some((run.attempt, run.updated_at, ask.now));
            seen.gates_at = (run.activity == Activity::Waiting).then_some(ask.now);
            drop(state);
            let read = read.map(Fact::JobSet);
            let gates = gates.map(|gates| gates.map(Fact::GateSet));
            for detail in std::iter::once(read).chain(gates) {
                match detail {
                    Ok(fact) => batch.facts.push(fact),
                    Err(failure) => without(failure, batch)?,
                }
            }
        }
        Ok(())
    }

    /// Reads the jobs of the newest attempt of a run.
    pub(super) async fn jobs(
        &self,
        run: &RunKey,
        attempt: u32,
        ask: Ask,
    ) -> Result<crate::domain::run::JobSet, Failure> {
        let route = format!("repos/{}/actions/runs/{}/jobs", run.repo.path(), run.id);
        let query = [("filter", "latest"), ("per_page", "100")];
        let request = self.api.request(&route, &query, ask.urgency);
        let pages = follow(&self.api.client, request, JOB_PAGES, |page: JobPage| {
            page.jobs
        })
        .await?;
        let whole = pages.complete && pages.list.bad_count == 0;
        let of_jobs = pages.list.items.iter().filter_map(|job| job.run_attempt);
        let attempt = of_jobs.max().unwrap_or(attempt).max(attempt);
        Ok(map::job_set(run.clone(), attempt, &pages.list.items, whole))
    }

    /// Reads the gates that a run waits at.
    pub(super) async fn gates(
        &self,
        run: &RunKey,
        ask: Ask,
    ) -> Result<crate::domain::run::GateSet, Failure> {
        let path = run.repo.path();
        let route = format!("repos/{path}/actions/runs/{}/pending_deployments", run.id);
        let request = self.api.request(&route, &[], ask.urgency);
        let (pending, _) = self
            .api
            .client
            .get_as::<List<PendingDeployment>>(&request)
            .await?;
        Ok(map::gate_set(run.clone(), &pending.items))
    }
}

fn is_over(state: &RunState) -> bool {
    match state {
        RunState::Queued | RunState::Waiting | RunState::Running | RunState::Unknown(_) => false,
        RunState::Passed
        | RunState::Skipped
        | RunState::Failed(_)
        | RunState::Cancelled
        | RunState::ActionRequired => true,
    }
}

impl RepoState {
    fn had_runs(&mut self, now: Timestamp) {
        self.runs_wanted = false;
        self.runs_at = Some(now);
        self.turn += 1;
    }

    /// Returns the newest runs that are at work.
    fn at_work(&self) -> Vec<(u64, RunSeen)> {
        let newest = self.runs.iter().rev();
        newest
            .filter(|(_, run)| run.activity == Activity::AtWork)
            .map(|(id, run)| (*id, run.clone()))
            .take(DETAILS)
            .collect()
    }

    /// Returns the runs whose jobs or gates are to be read now, the newest first.
    fn due_details(&self, now: Timestamp) -> Vec<(u64, RunSeen)> {
        let newest = self.runs.iter().rev();
        newest
            .filter(|(_, run)| run.needs_details(now))
            .map(|(id, run)| (*id, run.clone()))
            .take(DETAILS)
            .collect()
    }
}

impl RunSeen {
    /// A run at work changes without its time stamp; a red one is read once for each change.
    fn needs_details(&self, now: Timestamp) -> bool {
        let stale = self.jobs.is_none_or(|(attempt, updated_at, _)| {
            attempt != self.attempt || updated_at != self.updated_at
        });
        let old = self
            .jobs
            .is_none_or(|(_, _, at)| (now - at).num_seconds() >= JOBS_SECS);
        match self.activity {
            Activity::AtWork | Activity::Waiting => stale || old,
            Activity::Red => stale && (now - self.updated_at).num_days() < 14,
            Activity::Over => self.gates_at.is_some() || (self.jobs.is_some() && stale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Activity, RunSeen};
    use crate::domain::Timestamp;
    use chrono::DateTime;

    fn at(secs: i64) -> Timestamp {
        DateTime::from_timestamp(1_000_000 + secs, 0).unwrap()
    }

    #[track_caller]
    fn check(activity: Activity, jobs: Option<(u32, i64, i64)>, expected: bool) {
        let seen = RunSeen {
            attempt: 2,
            updated_at: at(0),
            activity,
            head: None,
            jobs: jobs.map(|(attempt, updated, read)| (attempt, at(updated), at(read))),
            gates_at: None,
        };
        assert_eq!(
            seen.needs_details(at(100)),
            expected,
            "{activity:?} {jobs:?}"
        );
    }

    #[test]
    fn details_are_read_when_they_may_have_changed() {
        check(Activity::AtWork, None, true);
        check(Activity::AtWork, Some((2, 0, 90)), false);
        check(Activity::AtWork, Some((2, 0, 50)), true);
        check(Activity::AtWork, Some((1, 0, 99)), true);
        check(Activity::Red, None, true);
        check(Activity::Red, Some((2, 0, 0)), false);
        check(Activity::Red, Some((2, -5, 0)), true);
        check(Activity::Over, None, false);
        check(Activity::Over, Some((2, -5, 0)), true);
        check(Activity::Over, Some((2, 0, 0)), false);
    }
}
