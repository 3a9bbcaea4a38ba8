//! What is there no more: tickets that were deleted or transferred, repositories
//! that were renamed, or taken out of the configuration.
//!
//! A ticket goes only where it left a list that was read to its end, and GitHub
//! says that there is none with its number, or that it is somewhere else now.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::api::Feature;
use super::map::work;
use super::probe::fragments;
use super::refresh::DOCUMENT;
use super::state::State;
use super::wire::Issue;
use super::{Ask, GitHub};
use crate::config::SourceConfig;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;
use crate::sources::{Batch, selection};

/// How many tickets are looked for at once: one or two points.
const AT_ONCE: usize = 40;

/// What looking for tickets told.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) facts: Vec<Fact>,
    pub(super) gone: Vec<FactId>,
    /// Those to be looked for after the next full read.
    pub(super) still: BTreeSet<u64>,
}

impl GitHub {
    /// Looks for tickets that left the list of those that are open.
    ///
    /// Most were closed. One that was deleted goes; one that was transferred goes here and
    /// comes where it is now.
    pub(super) async fn look_for(&self, key: &RepoKey, missing: BTreeSet<u64>, ask: Ask) -> Looked {
        let mut found = Looked::default();
        let mut missing = missing.into_iter();
        let numbers: Vec<u64> = missing.by_ref().take(AT_ONCE).collect();
        found.still.extend(missing);
        if numbers.is_empty() {
            return found;
        }
        let (document, variables) = {
            let state = self.state();
            query(key, &numbers, state.asks(Feature::Projects))
        };
        let sent = self
            .api
            .query(&document, "Board", &variables, ask.urgency)
            .await;
        let Ok(data) = sent else {
            found.still.extend(numbers);
            return found;
        };
        let mut issues = data.by_alias.value("r0");
        for number in numbers {
            let alias = format!("t{number}");
            let told = issues.get_mut(&alias).map(Value::take);
            let lost = data.errors_of("r0").any(|error| {
                error.kind.as_deref() == Some("NOT_FOUND")
                    && error.path.get(1).and_then(Value::as_str) == Some(&alias)
            });
            let read = told.and_then(|told| serde_json::from_value::<Issue>(told).ok());
            match read {
                Some(issue) => {
                    let ticket = work::ticket_anywhere(key, &issue);
                    let moved = ticket.key != numbered(key, number);
                    found.gone.extend(moved.then(|| id(key, number)));
                    found.facts.push(Fact::Ticket(ticket));
                }
                None if lost => found.gone.push(id(key, number)),
                None => {}
            }
        }
        found
    }

    /// Tells the names that repositories had before.
    pub(super) fn name_former(&self, batch: &mut Batch) {
        let state = self.state();
        for fact in &mut batch.facts {
            if let Fact::Repository(told) = fact
                && let Some(former) = state.former.get(&told.repo)
            {
                told.renamed_from = former.iter().cloned().collect();
            }
        }
    }

    /// Returns the repositories that are polled no more and were not told to be gone yet.
    pub(super) fn left(&self) -> Vec<RepoKey> {
        let mut state = self.state();
        state.judge_stored(&self.config);
        std::mem::take(&mut state.leaving).into_iter().collect()
    }
}

impl State {
    /// Finds repositories of the store that are not polled, once all that are polled are known.
    fn judge_stored(&mut self, config: &SourceConfig) {
        let listed = self.all_found || !selection::is_needed(config);
        // A name of the configuration may be an old one: only an answer tells the present one.
        let unseen = |repo: &super::state::RepoState| repo.seen.is_none() && repo.misses == 0;
        if self.stored.is_empty() || !listed || self.repos.values().any(unseen) {
            return;
        }
        let stored = std::mem::take(&mut self.stored);
        let strange = stored.into_iter().filter(|key| !self.polls(key));
        let strange: Vec<RepoKey> = strange.collect();
        self.leaving.extend(strange);
    }

    /// Returns whether a repository is polled, by this name or as what it is called now.
    pub(super) fn polls(&self, key: &RepoKey) -> bool {
        let mut repos = self.repos.values();
        self.repos.contains_key(&key.path().to_ascii_lowercase())
            || repos.any(|repo| repo.path.eq_ignore_ascii_case(key.path()))
    }
}

fn numbered(repo: &RepoKey, number: u64) -> TicketKey {
    TicketKey::Numbered {
        repo: repo.clone(),
        number,
    }
}

fn id(repo: &RepoKey, number: u64) -> FactId {
    FactId {
        kind: FactKind::Ticket,
        id: Clean::line(&format!("{}#{number}", repo.as_str())),
    }
}

fn query(key: &RepoKey, numbers: &[u64], projects: bool) -> (String, Value) {
    let (owner, name) = key.path().split_once('/').unwrap_or_default();
    let mut body = String::new();
    for number in numbers {
        // Writing to a text cannot fail.
        let _ = write!(
            body,
            " t{number}: issue(number: {number}) {{ ...TicketFields \
             repository {{ nameWithOwner }} }}"
        );
    }
    let document = format!(
        "query Board($owner: String!, $name: String!, $projects: Boolean!) {{\n  \
         rateLimit {{ cost limit remaining resetAt }}\n  \
         r0: repository(owner: $owner, name: $name) {{{body} }}\n}}\n{}{}",
        fragment("TicketFields"),
        fragment("TicketRecord"),
    );
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), json!(owner));
    variables.insert("name".to_owned(), json!(name));
    variables.insert("projects".to_owned(), json!(projects));
    (document, Value::Object(variables))
}

/// Returns one fragment of the refresh: a query must not bring fragments that it does not use.
fn fragment(name: &str) -> &'static str {
    let all = fragments(DOCUMENT);
    let start = all.find(&format!("fragment {name} ")).unwrap_or(all.len());
    let rest = all.get(start..).unwrap_or_default();
    let end = rest.find("\n}\n").map_or(rest.len(), |end| end + 3);
    rest.get(..end).unwrap_or_default()
}
