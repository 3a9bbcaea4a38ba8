//! What was before: jobs of earlier attempts of a run, and the last runs of a workflow.
//!
//! An attempt that is over never changes and is read once. The times of the
//! jobs of many runs come by one GraphQL query, where that is allowed.

use serde::Deserialize;
use serde_json::json;

use super::api::Trouble;
use super::checks::{OfCommit, OfSuite};
use super::map::runs as map;
use super::state::Mode;
use super::wire::Connection;
use super::wire_rest::{JobPage, RunPage};
use super::{Ask, GitHub};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{JobSet, Run, RunKey};
use crate::domain::text::Clean;
use crate::sources::http::{Failure, follow};
use crate::sources::{Batch, SourceError};

/// How many earlier attempts of a run are read, the newest first.
const MOST_ATTEMPTS: u32 = 10;

/// How many pages of jobs are read.
const PAGES: usize = 5;

/// How many runs of a workflow are read at most: one page.
const MOST_RUNS: u32 = 100;

/// The query for the jobs of a branch.
const DOCUMENT: &str = include_str!("queries/history.graphql");

/// What stands in the answer for a branch.
#[derive(Deserialize)]
struct OfRepo {
    #[serde(rename = "ref")]
    branch: Option<OfBranch>,
}

#[derive(Deserialize)]
struct OfBranch {
    target: Option<OfTarget>,
}

#[derive(Deserialize)]
struct OfTarget {
    #[serde(default)]
    history: Connection<OfCommit>,
}

impl GitHub {
    /// Reads the jobs of earlier attempts that are not known yet.
    pub(super) async fn attempts(&self, run: &RunKey, ask: Ask) -> Result<Vec<Fact>, Failure> {
        let newest = self.attempt_of(run);
        let due: Vec<u32> = {
            let state = self.state();
            let earlier = (1..newest).rev().take(MOST_ATTEMPTS as usize);
            earlier
                .filter(|attempt| !state.memory.knows_attempt(run, *attempt))
                .collect()
        };
        let mut facts = Vec::new();
        for attempt in due {
            let read = self.jobs_of(run, attempt, ask).await;
            let set = match read {
                Ok(set) => set,
                // A run that was never started again in full may miss an attempt.
                Err(failure) if matches!(failure.error, SourceError::NotFound { .. }) => {
                    self.state().memory.see_attempt(run, attempt);
                    continue;
                }
                Err(failure) if facts.is_empty() => return Err(failure),
                Err(_later) => break,
            };
            self.state().memory.jobs.see(&set);
            facts.push(Fact::EarlierJobs(set));
        }
        Ok(facts)
    }

    pub(super) async fn jobs_of(
        &self,
        run: &RunKey,
        attempt: u32,
        ask: Ask,
    ) -> Result<JobSet, Failure> {
        let path = run.repo.path();
        let route = format!(
            "repos/{path}/actions/runs/{}/attempts/{attempt}/jobs",
            run.id
        );
        let request = self.once(&route, &[("per_page", "100")], ask);
        let take = |page: JobPage| page.jobs;
        let pages = follow(&self.api.client, request, PAGES, take).await?;
        let whole = pages.complete && pages.list.bad_count == 0;
        let mut set = map::job_set(run.clone(), attempt, &pages.list.items, whole);
        for job in &mut set.jobs {
            // Jobs that were not run again carry the number of the attempt that ran them.
            job.attempt = job.attempt.min(attempt);
        }
        Ok(set)
    }

    /// Reads the last runs of a workflow on a branch, and the times of their jobs.
    pub(super) async fn history(
        &self,
        repo: &RepoKey,
        (workflow, branch): (&Clean, &Clean),
        runs: u32,
        ask: Ask,
    ) -> Result<Vec<Fact>, Failure> {
        let file = workflow.rsplit_once('/').map(|(_, file)| file);
        let Some(file) = file.filter(|file| !file.is_empty() && !branch.is_empty()) else {
            // A run that names no file of its own belongs to no workflow that can be asked for.
            return Ok(Vec::new());
        };
        let path = repo.path();
        let runs = runs.clamp(1, MOST_RUNS).to_string();
        let route = format!("repos/{path}/actions/workflows/{file}/runs");
        let query = [
            ("branch", branch.as_str()),
            ("status", "completed"),
            ("per_page", runs.as_str()),
        ];
        let request = self.api.request(&route, &query, ask.urgency);
        let (page, _) = self.api.client.get_as::<RunPage>(&request).await?;
        let runs: Vec<Run> = page
            .workflow_runs
            .items
            .iter()
            .map(|wire| map::run(repo, wire))
            .collect();
        let jobs = self.usual(repo, &runs, branch, ask).await?;
        let runs = runs.into_iter().map(Fact::Run);
        Ok(runs.chain(jobs.into_iter().map(Fact::JobSet)).collect())
    }

    /// Reads the jobs of runs of a branch of which none are known; refused costs nothing else.
    async fn usual(
        &self,
        repo: &RepoKey,
        runs: &[Run],
        branch: &Clean,
        ask: Ask,
    ) -> Result<Vec<JobSet>, Failure> {
        let wanted: Vec<&Run> = {
            let state = self.state();
            let new = |run: &&Run| !state.memory.knows_jobs(&run.key(), run.attempt);
            if state.mode != Mode::GraphQl {
                return Ok(Vec::new());
            }
            runs.iter().filter(new).collect()
        };
        let Some((owner, name)) = repo.path().split_once('/').filter(|_| !wanted.is_empty()) else {
            return Ok(Vec::new());
        };
        let branch = format!("refs/heads/{branch}");
        let variables = json!({"owner": owner, "name": name, "branch": branch});
        let data = self
            .api
            .query(DOCUMENT, "History", &variables, ask.urgency)
            .await;
        let data = match data {
            Ok(data) => data,
            Err(Trouble::Failed(
                error @ (SourceError::Auth { .. } | SourceError::RateLimited { .. }),
            )) => {
                return Err(Failure::of(error));
            }
            // Without the times of jobs there is no usual time; the runs tell the rest.
            Err(
                Trouble::Absent(_) | Trouble::Heavy(_) | Trouble::Lacks(_) | Trouble::Failed(_),
            ) => {
                return Ok(Vec::new());
            }
        };
        let found: Option<OfRepo> = data.by_alias.read("repository").and_then(Result::ok);
        let commits = found
            .and_then(|found| found.branch)
            .and_then(|branch| branch.target)
            .map(|target| target.history.nodes.items)
            .unwrap_or_default();
        let suites = commits
            .into_iter()
            .filter_map(|commit| commit.check_suites)
            .flat_map(|suites| suites.nodes.items);
        let sets: Vec<JobSet> = suites.filter_map(|suite| job_set(suite, &wanted)).collect();
        let mut state = self.state();
        for set in &sets {
            state.memory.jobs.see(set);
        }
        Ok(sets)
    }

    /// Takes what a fetch told into the memory of failures.
    pub(super) fn remember(&self, batch: &Batch) {
        let mut state = self.state();
        for fact in &batch.facts {
            if let Fact::JobSet(set) = fact {
                state.memory.see_set(set);
            }
            if let Fact::EarlierJobs(set) = fact
                && set.complete
            {
                state.memory.see_attempt(&set.run, set.attempt);
            }
        }
    }
}

/// Returns the jobs of a run that is wanted, if the suite is that run's and all of it is there.
fn job_set(suite: OfSuite, wanted: &[&Run]) -> Option<JobSet> {
    let id = suite.run()?;
    let run = wanted.iter().find(|run| run.id == id)?;
    let jobs = suite.jobs()?;
    (!jobs.is_empty()).then(|| map::job_set(run.key(), run.attempt, &jobs, true))
}
