//! Asks for what no list of the past tells: commits by name, and earlier attempts of runs.
//!
//! One that is not there costs itself, and a page that cannot be read ends that part only: the
//! rest of the past is told all the same.

use std::fmt::Write as _;

use serde_json::json;

use super::super::aliases::Aliases;
use super::super::api::Trouble;
use super::super::map::past as map;
use super::super::probe::fragments;
use super::super::wire::GraphCommit;
use super::super::{Ask, GitHub};
use super::read::Page;
use crate::domain::fact::Fact;
use crate::domain::text::Clean;
use crate::sources::backfill::Told;
use crate::sources::detail::is_detail;
use crate::sources::{Batch, SourceError};

const DOCUMENT: &str = include_str!("../queries/commits.graphql");

impl GitHub {
    /// Reads commits by name.
    pub(super) async fn past_strays(
        &self,
        page: &Page,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<Option<Told>, SourceError> {
        let (owner, name) = page.path.split_once('/').unwrap_or((&page.path, ""));
        let document = query("PastStrays", "NamedCommit", &page.names, DOCUMENT);
        let variables = json!({"owner": owner, "name": name});
        let sent = self
            .api
            .query(&document, "PastStrays", &variables, ask.urgency)
            .await;
        let data = match sent {
            Ok(data) => data,
            Err(Trouble::Failed(error)) if !is_detail(&error) => return Err(error),
            Err(Trouble::Absent(why)) => {
                self.without_graphql(&why, ask.now);
                return Ok(None);
            }
            Err(Trouble::Failed(_) | Trouble::Heavy(_) | Trouble::Lacks(_)) => return Ok(None),
        };
        if let Some(error) = data.errors_of("repository").next() {
            let said = self.api.client.shown(&error.message);
            let text = format!("commits of the past of `{}`: {said}", page.path);
            batch.warnings.push(Clean::line(&text));
        }
        let key = self.key(&page.path);
        let read = data.by_alias.read::<Aliases>("repository");
        let found = read.and_then(Result::ok).unwrap_or_default();
        let commits = found
            .names()
            .filter_map(|alias| found.read::<GraphCommit>(alias)?.ok());
        Ok(Some(Told {
            facts: commits
                .filter_map(|commit| map::stray(&key, &commit))
                .collect(),
            count: page.names.len(),
            ..Told::default()
        }))
    }

    /// Reads the jobs of one earlier attempt of a run.
    pub(super) async fn past_attempt(
        &self,
        page: &Page,
        ask: Ask,
    ) -> Result<Option<Told>, SourceError> {
        let Some((run, attempt)) = &page.retry else {
            return Ok(None);
        };
        let mut told = Told {
            count: 1,
            ..Told::default()
        };
        match self.jobs_of(run, *attempt, ask).await {
            Ok(set) => told.facts.push(Fact::EarlierJobs(set)),
            // Hosts forget jobs sooner than runs.
            Err(failure) if matches!(failure.error, SourceError::NotFound { .. }) => {}
            Err(failure) if is_detail(&failure.error) => return Ok(None),
            Err(failure) => return Err(failure.error),
        }
        Ok(Some(told))
    }
}

/// Returns the query for a part of commits; a name is nothing but digits, and stands in it as it is.
pub(super) fn query(operation: &str, part: &str, names: &[String], document: &str) -> String {
    let mut body = String::new();
    for (nth, name) in names.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(body, " c{nth}: object(oid: \"{name}\") {{ ...{part} }}");
    }
    format!(
        "query {operation}($owner: String!, $name: String!) {{\n  \
         rateLimit {{ cost limit remaining resetAt }}\n  \
         repository(owner: $owner, name: $name) {{{body} }}\n}}\n{}",
        fragments(document)
    )
}
