//! What became of the first attempts of runs that were started again once, many by one query.
//!
//! A host that is asked for each attempt by itself is asked some hundred times. It also tells all
//! checks of a commit at once, those of earlier attempts among them, but not of which attempt one
//! is. Of a run with two attempts the times tell: what ended before the second one began is of the
//! first. Where that says nothing, and of other runs, each attempt is asked for by REST.

use std::collections::HashMap;

use serde_json::json;

use super::super::aliases::Aliases;
use super::super::api::Trouble;
use super::super::checks::{OfCommit, OfSuite};
use super::super::map::runs as map;
use super::super::wire_rest;
use super::super::{Ask, GitHub};
use super::by_name::query;
use super::read::Page;
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::run::{JobSet, Run, RunKey};
use crate::sources::SourceError;
use crate::sources::backfill::Told;
use crate::sources::detail::is_detail;

const DOCUMENT: &str = include_str!("../queries/retries.graphql");

/// A run that was started again once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Again {
    run: RunKey,
    /// When it was started again.
    at: Timestamp,
}

impl Again {
    /// Returns a run, if it was started again once.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let at = run.started_at.filter(|_| run.attempt == 2)?;
        let run = run.key();
        Some(Self { run, at })
    }
}

impl GitHub {
    /// Reads the checks of commits whose runs were started again; refused costs nothing else.
    pub(super) async fn past_retries(
        &self,
        page: &Page,
        ask: Ask,
    ) -> Result<Option<Told>, SourceError> {
        let (owner, name) = page.path.split_once('/').unwrap_or((&page.path, ""));
        let document = query("PastRetries", "RetriedCommit", &page.names, DOCUMENT);
        let variables = json!({"owner": owner, "name": name});
        let sent = self
            .api
            .query(&document, "PastRetries", &variables, ask.urgency)
            .await;
        let data = match sent {
            Ok(data) => data,
            Err(Trouble::Failed(error)) if !is_detail(&error) => return Err(error),
            // Each attempt is asked for by itself then.
            Err(
                Trouble::Absent(_) | Trouble::Failed(_) | Trouble::Heavy(_) | Trouble::Lacks(_),
            ) => return Ok(None),
        };
        let read = data.by_alias.read::<Aliases>("repository");
        let found = read.and_then(Result::ok).unwrap_or_default();
        let commits = found
            .names()
            .filter_map(|alias| found.read::<OfCommit>(alias)?.ok());
        let suites = commits
            .filter_map(|commit| commit.check_suites)
            .flat_map(|suites| suites.nodes.items);
        let sets = suites.filter_map(|suite| first_attempt(suite, &page.again));
        Ok(Some(Told {
            facts: sets.map(Fact::EarlierJobs).collect(),
            count: page.names.len(),
            ..Told::default()
        }))
    }
}

/// Returns the jobs of the first attempt of a run that is wanted, if all checks of it are there.
fn first_attempt(suite: OfSuite, wanted: &[Again]) -> Option<JobSet> {
    let id = suite.run()?;
    let again = wanted.iter().find(|again| again.run.id == id)?;
    let jobs = suite.jobs()?;
    // A job that was not run again may stand there twice, with the times of the one time it ran.
    let mut first: HashMap<String, wire_rest::Job> = HashMap::new();
    let over = jobs.into_iter().filter(|job| {
        let ended = job.completed_at;
        ended.is_some_and(|ended| ended <= again.at)
    });
    for job in over {
        let known = first.get(&job.name);
        if known.is_none_or(|known| (job.started_at, job.id) < (known.started_at, known.id)) {
            first.insert(job.name.clone(), job);
        }
    }
    let mut jobs: Vec<wire_rest::Job> = first.into_values().collect();
    jobs.sort_by_key(|job| job.id);
    (!jobs.is_empty()).then(|| map::job_set(again.run.clone(), 1, &jobs, true))
}

#[cfg(test)]
#[path = "retries_tests.rs"]
mod tests;
