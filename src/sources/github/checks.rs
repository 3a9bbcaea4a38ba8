//! The checks of a commit as GraphQL tells them: the jobs of its runs, with their times.
//!
//! Which commits are asked for, and which runs are wanted, is the asker's.

use serde::Deserialize;

use super::wire::Connection;
use super::wire_rest;
use crate::domain::Timestamp;
use crate::sources::http::List;

/// A commit, with the checks of its runs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfCommit {
    pub(super) check_suites: Option<Connection<OfSuite>>,
}

/// What stands in the answer for one run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfSuite {
    workflow_run: Option<OfRun>,
    check_runs: Option<Connection<OfCheck>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfRun {
    database_id: Option<u64>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfCheck {
    database_id: Option<u64>,
    #[serde(default)]
    name: String,
    status: Option<String>,
    conclusion: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    details_url: Option<String>,
}

impl OfSuite {
    /// Returns the number of the run.
    pub(super) fn run(&self) -> Option<u64> {
        let run = self.workflow_run.as_ref()?;
        number(run.database_id, run.url.as_deref())
    }

    /// Returns the jobs of the run; nothing where not all of them are there.
    pub(super) fn jobs(self) -> Option<Vec<wire_rest::Job>> {
        let checks = self.check_runs?;
        let more = checks.page_info.is_some_and(|page| page.has_next_page);
        let whole = !more && checks.nodes.bad_count == 0;
        whole.then(|| checks.nodes.items.into_iter().filter_map(job).collect())
    }
}

fn job(check: OfCheck) -> Option<wire_rest::Job> {
    Some(wire_rest::Job {
        id: number(check.database_id, check.details_url.as_deref())?,
        name: check.name,
        run_attempt: None,
        status: check.status,
        conclusion: check.conclusion,
        created_at: None,
        started_at: check.started_at,
        completed_at: check.completed_at,
        html_url: check.details_url,
        steps: Some(List::default()),
    })
}

/// Returns the number of a run or job: where it is too large for its type, its address alone has it.
fn number(told: Option<u64>, url: Option<&str>) -> Option<u64> {
    told.or_else(|| url?.rsplit('/').next()?.parse().ok())
}
