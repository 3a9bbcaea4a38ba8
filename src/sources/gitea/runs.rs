//! Runs and jobs of Actions: by runs where the server has them, else by tasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Gitea;
use super::api::{Asked, below, is_missing};
use super::map::runs::{self as map, Words};
use super::server::Way;
use super::state::{Activity, RepoState, RunSeen};
use super::wire_actions::{Job, JobPage, RunPage, Task, TaskPage};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{JobSet, Run, RunKey};
use crate::domain::text::Clean;
use crate::sources::detail::{is_detail, without};
use crate::sources::http::{Failure, List, decode};
use crate::sources::{Batch, CapabilityState, Listing, SourceError};

/// How many runs are read at once; older ones were read before or are history.
const RUNS: usize = 30;

/// How many tasks are read at once.
const TASKS: usize = 50;

/// Up to which page of tasks a run at work is looked for.
const TASK_PAGES: usize = 4;

/// Of how many runs the jobs are read in one fetch.
const DETAILS: usize = 6;

/// How many pages of jobs are read.
const JOB_PAGES: usize = 4;

/// How long the jobs of a run at work are taken for current.
const JOBS_SECS: i64 = 45;

/// How long a red run is looked into.
const RED_DAYS: i64 = 14;

/// The capability, and the name of the resource.
pub(super) const RUNS_NAME: &str = "runs";

impl Gitea {
    /// Reads the newest runs of a repository, and the jobs of those that need a look.
    pub(super) async fn runs(
        &self,
        path: &str,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let key = self.key(path);
        let read = self.list_runs(&key, asked, batch).await;
        let read = match read {
            Ok(Some((listed, is_whole))) => {
                self.moving(&key, (&listed, is_whole), asked, batch).await?;
                Ok(())
            }
            Ok(None) => self.list_tasks(&key, asked, batch).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = read {
            self.without_runs(path, failure, batch)?;
        }
        if let Some(repo) = self.state().known(path) {
            repo.runs_at = Some(asked.now);
        }
        self.details(&key, asked, batch).await
    }

    /// Reads the newest runs, where the server has a list of them; returns which those are, and
    /// whether they are all there are.
    async fn list_runs(
        &self,
        key: &RepoKey,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<Option<(BTreeSet<u64>, bool)>, Failure> {
        if !self.state().ways.may(Way::Runs, asked.now) {
            return Ok(None);
        }
        let page = match self.run_page(key, 1, asked).await {
            Ok(page) => page,
            Err(failure) if self.lacks(Way::Runs, &failure, asked.now) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        self.there(Way::Runs);
        let whole = page.is_whole();
        let runs = page.workflow_runs;
        let path = self.url(&below(key.path(), &["actions", "runs"]), &[]);
        self.port.fits(path.path(), &runs).map_err(Failure::of)?;
        self.warn_of(key, "runs", &runs, batch);
        let found = self.made_runs(key, &runs.items, asked.now);
        let listed = found.iter().map(|run| run.id).collect();
        let facts: Vec<Fact> = self.seen(key, found).into_iter().map(Fact::Run).collect();
        if whole {
            batch.listings.push(Listing::of_repo(key, "runs", &facts));
        }
        batch.facts.extend(facts);
        self.port.can(RUNS_NAME, CapabilityState::Available);
        Ok(Some((listed, whole)))
    }

    /// Reads one page of the runs of a repository, the newest first.
    pub(super) async fn run_page(
        &self,
        key: &RepoKey,
        page: usize,
        asked: Asked,
    ) -> Result<RunPage, Failure> {
        let parts = below(key.path(), &["actions", "runs"]);
        let (page, limit) = (page.to_string(), RUNS.to_string());
        let query = [("page", page.as_str()), ("limit", limit.as_str())];
        let (read, _) = self.one::<RunPage>(&parts, &query, asked).await?;
        Ok(read)
    }

    /// Makes runs of records; one without a time was asked for when it was first seen.
    pub(super) fn made_runs(
        &self,
        key: &RepoKey,
        runs: &[super::wire_actions::Run],
        now: Timestamp,
    ) -> Vec<Run> {
        let mut state = self.state();
        let repo = state.known(key.path());
        let first_seen = |id: u64| {
            let seen = repo.as_ref().and_then(|repo| repo.runs.get(&id));
            seen.map_or(now, |seen| seen.created_at)
        };
        runs.iter()
            .map(|wire| map::run(key, wire, first_seen(wire.id)))
            .collect()
    }

    /// Takes in runs that were read, and lets what depends on those that ended be read again.
    pub(super) fn seen(&self, key: &RepoKey, found: Vec<Run>) -> Vec<Run> {
        let mut state = self.state();
        if let Some(repo) = state.known(key.path()) {
            let mut ended = false;
            for run in &found {
                ended |= repo.see_run(run);
            }
            if ended {
                // Statuses of its commit have changed, which no time stamp tells.
                repo.checks_at = None;
            }
        }
        found
    }

    /// Reads tasks, where there are no runs.
    async fn list_tasks(
        &self,
        key: &RepoKey,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        if !self.state().ways.may(Way::Tasks, asked.now) {
            self.port.can(RUNS_NAME, self.without(Way::Runs));
            return Ok(());
        }
        let page = match self.tasks(key, 1, asked).await {
            Ok(page) => page,
            Err(failure) if self.lacks(Way::Tasks, &failure, asked.now) => {
                self.port.can(RUNS_NAME, self.without(Way::Runs));
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        self.there(Way::Tasks);
        self.port.can(RUNS_NAME, CapabilityState::Available);
        self.port.can("jobs", CapabilityState::Available);
        self.warn_of(key, "runs", &page, batch);
        let whole = page.bad_count == 0 && page.items.len() < TASKS;
        let (tasks, whole) = self
            .older_tasks(key, (page.items, whole), asked, batch)
            .await?;
        let found = map::of_tasks(key, &tasks, (whole, asked.now));
        let (runs, sets): (Vec<Run>, Vec<JobSet>) = found.into_iter().unzip();
        let runs = self.seen(key, runs);
        batch.facts.extend(runs.into_iter().map(Fact::Run));
        batch.facts.extend(sets.into_iter().map(Fact::JobSet));
        Ok(())
    }

    /// Adds the tasks of further pages, while a run is said to be at work that no task told.
    async fn older_tasks(
        &self,
        key: &RepoKey,
        (mut tasks, whole): (Vec<Task>, bool),
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(Vec<Task>, bool), Failure> {
        let told = |tasks: &[Task]| -> BTreeSet<u64> {
            let found = map::of_tasks(key, tasks, (true, asked.now));
            found.into_iter().map(|(run, _)| run.id).collect()
        };
        let missing = self.slid_tasks(key, &told(&tasks), asked.now);
        let is_all = |found: &BTreeSet<u64>| missing.is_subset(found);
        let mut found = told(&tasks);
        let mut is_end = false;
        for page in 2..=TASK_PAGES {
            if is_end || is_all(&found) {
                break;
            }
            let read = self.tasks(key, page, asked).await?;
            is_end = read.bad_count == 0 && read.items.is_empty();
            tasks.extend(read.items);
            found = told(&tasks);
        }
        self.looked(key, missing.intersection(&found).copied(), asked.now);
        let missing = missing.difference(&found).copied().collect();
        self.missed(key, &missing, is_end, asked.now, batch);
        Ok((tasks, whole || is_end))
    }

    async fn tasks(&self, key: &RepoKey, page: usize, asked: Asked) -> Result<List<Task>, Failure> {
        let parts = below(key.path(), &["actions", "tasks"]);
        let (page, limit) = (page.to_string(), TASKS.to_string());
        let query = [("page", page.as_str()), ("limit", limit.as_str())];
        let (page, _) = self.one::<TaskPage>(&parts, &query, asked).await?;
        Ok(page.workflow_runs)
    }

    /// A repository without Actions, or a token that may not see them, is no failure of the source.
    fn without_runs(
        &self,
        path: &str,
        failure: Failure,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        if is_missing(&failure) {
            self.port.excused(&failure);
            // They are switched off here, until the repository's own record says otherwise.
            if let Some(repo) = self.state().known(path) {
                repo.has_actions = false;
            }
            return Ok(());
        }
        if matches!(failure.error, SourceError::Forbidden { .. }) && self.port.did(RUNS_NAME) {
            if let Some(repo) = self.state().known(path) {
                repo.has_actions = false;
            }
            batch
                .warnings
                .push(self.port.shown(&failure.error.to_string()));
            return Ok(());
        }
        Err(failure.error)
    }

    /// Reads the jobs of the runs that ask for it, the newest first.
    async fn details(
        &self,
        key: &RepoKey,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let due: Vec<(u64, RunSeen)> = {
            let mut state = self.state();
            let may = state.ways.may(Way::Jobs, asked.now);
            let repo = state.known(key.path()).filter(|_| may);
            repo.map(|repo| repo.due_details(asked.now))
                .unwrap_or_default()
        };
        let mut tasks = None;
        for (id, run) in due {
            let run_key = RunKey {
                repo: key.clone(),
                id,
            };
            match self.jobs(&run_key, run.attempt, asked, &mut tasks).await {
                Ok(Some(set)) => {
                    let mut state = self.state();
                    let repo = state.known(key.path());
                    if let Some(seen) = repo.and_then(|repo| repo.runs.get_mut(&id)) {
                        seen.jobs = Some((run.attempt, run.updated_at, asked.now));
                    }
                    batch.facts.push(Fact::JobSet(set));
                }
                Ok(None) => return Ok(()),
                Err(failure) => {
                    let goes_on = is_detail(&failure.error);
                    without(failure, batch)?;
                    if !goes_on {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the jobs of the newest attempt of a run; nothing where the server has no such list.
    ///
    /// `tasks` keeps what tells the times of jobs whose own record does not, for the next run.
    pub(super) async fn jobs(
        &self,
        run: &RunKey,
        attempt: u32,
        asked: Asked,
        tasks: &mut Option<Arc<[Task]>>,
    ) -> Result<Option<JobSet>, Failure> {
        let now = asked.now;
        if map::is_by_number(run.id) || !self.state().ways.may(Way::Jobs, now) {
            return Ok(None);
        }
        let id = run.id.to_string();
        let parts = below(run.repo.path(), &["actions", "runs", &id, "jobs"]);
        let (jobs, words, complete) = match self.job_pages(&parts, asked).await {
            Ok(read) => read,
            Err(failure) if self.lacks(Way::Jobs, &failure, now) => {
                self.port.can("jobs", self.without(Way::Jobs));
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        self.there(Way::Jobs);
        self.port.can("jobs", CapabilityState::Available);
        let untimed = |job: &Job| job.started_at.is_none() && job.task_id.is_some_and(|id| id > 0);
        if jobs.iter().any(untimed) && tasks.is_none() && self.state().ways.may(Way::Tasks, now) {
            // Without them the jobs are known all the same.
            let read = self.tasks(&run.repo, 1, asked).await;
            *tasks = Some(read.map_or_else(|_| Arc::from([]), |list| list.items.into()));
        }
        let tasks = tasks.as_deref().unwrap_or_default();
        Ok(Some(map::job_set(
            run.clone(),
            attempt,
            (&jobs, words, complete),
            tasks,
        )))
    }

    /// Reads jobs in either shape: a bare list, or pages with a count.
    async fn job_pages(
        &self,
        parts: &[&str],
        asked: Asked,
    ) -> Result<(Vec<Job>, Words, bool), Failure> {
        let mut jobs: Vec<Job> = Vec::new();
        for page in 1..=JOB_PAGES {
            let page = page.to_string();
            let url = self.url(parts, &[("page", &page), ("limit", "50")]);
            let path = url.path().to_owned();
            let answer = self.port.get_raw(url, asked.ask).await?;
            let host = self.port.host();
            if answer.body.trim_ascii_start().starts_with(b"[") {
                let list: List<Job> = decode(host, &path, &answer.body)?;
                return Ok((list.items, Words::Own, list.bad_count == 0));
            }
            let read: JobPage = decode(host, &path, &answer.body)?;
            let (count, bad) = (read.jobs.items.len(), read.jobs.bad_count);
            jobs.extend(read.jobs.items);
            let all = read.total_count.is_none_or(|all| all <= jobs.len() + bad);
            if all || count == 0 {
                return Ok((jobs, Words::Hub, all && bad == 0));
            }
        }
        Ok((jobs, Words::Hub, false))
    }

    /// Reads the jobs of one earlier attempt; nothing where the server does not keep them.
    pub(super) async fn earlier(
        &self,
        run: &RunKey,
        attempt: u32,
        asked: Asked,
    ) -> Result<Option<JobSet>, Failure> {
        if !self.state().ways.may(Way::Attempts, asked.now) {
            return Ok(None);
        }
        let (id, number) = (run.id.to_string(), attempt.to_string());
        let rest = ["actions", "runs", &id, "attempts", &number, "jobs"];
        let parts = below(run.repo.path(), &rest);
        match self.job_pages(&parts, asked).await {
            Ok((jobs, words, complete)) => {
                self.there(Way::Attempts);
                let mut set = map::job_set(run.clone(), attempt, (&jobs, words, complete), &[]);
                set.attempt = attempt;
                for job in &mut set.jobs {
                    job.attempt = job.attempt.min(attempt);
                }
                Ok(Some(set))
            }
            Err(failure) if self.lacks(Way::Attempts, &failure, asked.now) => Ok(None),
            Err(failure) if is_missing(&failure) => {
                self.port.excused(&failure);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Reads the last finished runs of a workflow on a branch.
    pub(super) async fn history(
        &self,
        repo: &RepoKey,
        (workflow, branch): (&Clean, &Clean),
        runs: u32,
        asked: Asked,
    ) -> Result<Vec<Fact>, Failure> {
        if !self.state().ways.may(Way::Runs, asked.now) || branch.is_empty() {
            return Ok(Vec::new());
        }
        let parts = below(repo.path(), &["actions", "runs"]);
        let limit = runs.clamp(1, 50).to_string();
        let reference = format!("refs/heads/{branch}");
        // Each server knows some of these, and takes no notice of the others.
        let query = [
            ("page", "1"),
            ("limit", limit.as_str()),
            ("branch", branch.as_str()),
            ("ref", &reference),
            ("workflow_id", workflow.as_str()),
        ];
        let (page, _) = self.one::<RunPage>(&parts, &query, asked).await?;
        let found = self.made_runs(repo, &page.workflow_runs.items, asked.now);
        let same = |run: &Run| {
            run.workflow_path == *workflow && run.branch == *branch && run.state.is_over()
        };
        Ok(found.into_iter().filter(same).map(Fact::Run).collect())
    }
}

impl RunPage {
    /// Returns whether the first page holds all there are.
    fn is_whole(&self) -> bool {
        let runs = &self.workflow_runs;
        runs.bad_count == 0 && self.total_count.is_none_or(|n| n <= runs.items.len())
    }

    /// Returns whether the list ended before this page; a server may give shorter pages than asked.
    pub(super) fn is_behind_all(&self) -> bool {
        let runs = &self.workflow_runs;
        runs.bad_count == 0 && runs.items.is_empty()
    }
}

impl RepoState {
    /// Returns the runs whose jobs are to be read now, the newest first.
    fn due_details(&self, now: Timestamp) -> Vec<(u64, RunSeen)> {
        let newest = self.runs.iter().rev();
        newest
            .filter(|(id, run)| !map::is_by_number(**id) && run.needs_jobs(now))
            .map(|(id, run)| (*id, run.clone()))
            .take(DETAILS)
            .collect()
    }
}

impl RunSeen {
    /// A run at work changes without its time stamp; a red one is read once for each change.
    fn needs_jobs(&self, now: Timestamp) -> bool {
        let stale = self.jobs.is_none_or(|(attempt, updated_at, _)| {
            attempt != self.attempt || updated_at != self.updated_at
        });
        let read = self.jobs.map(|(_, _, at)| at);
        let old = read.is_none_or(|at| (now - at).num_seconds() >= JOBS_SECS);
        match self.activity {
            Activity::AtWork => stale || old,
            Activity::Red => stale && (now - self.updated_at).num_days() < RED_DAYS,
            Activity::Over => self.jobs.is_some() && stale,
        }
    }
}
