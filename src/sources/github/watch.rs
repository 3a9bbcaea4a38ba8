//! The look at change requests at work: checks, reviews, mergeability, by number.
//!
//! None of these moves a time stamp that the probe would see. One query over up
//! to fifty of them costs one point; the rest of the fact stays as it was read.

use std::fmt::Write as _;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Data, Feature, Trouble};
use super::map::work;
use super::probe::{ATTEMPTS, fragments};
use super::state::{RepoState, State};
use super::wire::{Oid, Rollup, StateWord, present};
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, ChangeState, Checks, MergeState, Required};
use crate::domain::fact::Fact;
use crate::domain::key::Sha;
use crate::domain::text::Clean;
use crate::sources::{Batch, SourceError};

const DOCUMENT: &str = include_str!("queries/numbered.graphql");

/// How often what is not computed yet is asked for again, until the change request changes.
const TRIES: u8 = 6;

/// How many of these queries there are at once.
const QUERIES: usize = 2;

/// A pull request, as far as it changes without its time stamp.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WatchedPull {
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) is_draft: bool,
    pub(super) updated_at: Timestamp,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) head_ref_oid: Option<String>,
    pub(super) review_decision: Option<String>,
    pub(super) mergeable: Option<String>,
    pub(super) merge_state_status: Option<String>,
    pub(super) merge_queue_entry: Option<StateWord>,
    pub(super) merge_commit: Option<Oid>,
    /// Absent where it was not asked for; null where there are no checks.
    #[serde(default, deserialize_with = "present")]
    pub(super) status_check_rollup: Option<Rollup>,
}

/// What stands in the answer for one of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfRepo {
    pull_request: Option<WatchedPull>,
}

/// A change request that is open, as it was last told.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) fact: ChangeRequest,
    /// How often in a row something of it was not known.
    tries: u8,
    /// How often in a row it was not there.
    misses: u8,
    /// Whether it is to be asked for at once.
    now: bool,
}

impl Watched {
    /// Returns whether a look may tell something new.
    pub(super) fn is_at_work(&self, repo: &RepoState, required: bool, now: Timestamp) -> bool {
        let fact = &self.fact;
        let lately = now - fact.updated_at < TimeDelta::days(1);
        let runs = fact.head_sha.as_ref().is_some_and(|sha| repo.runs_for(sha));
        let moves = fact.checks == Checks::Pending || fact.queue.is_some();
        let unsure = matches!(fact.merge_state, MergeState::Unknown(_))
            || (required && fact.checks == Checks::Failed && fact.required == Required::Unknown);
        self.now || runs || (moves && lately) || (unsure && self.tries < TRIES)
    }
}

impl RepoState {
    /// Takes in a change request as it was read; returns the fact with what only looks tell.
    pub(super) fn remember(&mut self, mut fact: ChangeRequest) -> ChangeRequest {
        if fact.state != ChangeState::Open {
            self.changes.remove(&fact.number);
            return fact;
        }
        let before = self.changes.get(&fact.number);
        let same = before.filter(|before| before.fact.head_sha == fact.head_sha);
        if let Some(before) = same.filter(|before| before.fact.checks == fact.checks) {
            fact.required = before.fact.required.clone();
        }
        let tries = same.filter(|before| before.fact.updated_at == fact.updated_at);
        let watched = Watched {
            tries: tries.map_or(0, |before| before.tries),
            misses: 0,
            now: false,
            fact: fact.clone(),
        };
        self.changes.insert(fact.number, watched);
        fact
    }

    /// Notes which change requests were asked for one by one, and which are still to be.
    pub(super) fn asked(&mut self, asked: &[u64], later: &[u64]) {
        for (number, watched) in &mut self.changes {
            if asked.contains(number) {
                watched.now = false;
                watched.tries = watched.tries.saturating_add(1);
            }
            watched.now |= later.contains(number);
        }
    }

    /// Asks for the change request with this head again; returns whether there is one.
    pub(super) fn look_again(&mut self, head: Option<&Sha>) -> bool {
        let mut found = false;
        for watched in self.changes.values_mut() {
            if head.is_some() && watched.fact.head_sha.as_ref() == head {
                watched.now = true;
                found = true;
            }
        }
        found
    }

    /// Takes in what the probe saw of the checks of a change request.
    pub(super) fn saw_checks(&mut self, number: u64, checks: &Checks) {
        if let Some(watched) = self.changes.get_mut(&number) {
            watched.now |= watched.fact.checks != *checks;
        }
    }
}

impl State {
    /// Returns the change requests at work, those of the hottest repositories first, and
    /// whether one of them is to be asked for at once.
    pub(super) fn watched(&self, now: Timestamp) -> (Vec<ChangeAt>, bool) {
        let mut found = Vec::new();
        let mut urgent = false;
        let required = self.asks(Feature::Required) && self.asks(Feature::Rollup);
        for repo in self.hottest(|repo| repo.misses == 0 && !repo.changes.is_empty()) {
            let at_work = repo.changes.iter();
            for (number, watched) in at_work.filter(|(_, w)| w.is_at_work(repo, required, now)) {
                urgent |= watched.now;
                found.push(ChangeAt {
                    path: repo.path.clone(),
                    number: *number,
                    now: watched.now,
                });
            }
        }
        // What a run has just ended for comes first; the order of the rest stays.
        found.sort_by_key(|change| !change.now);
        found.truncate(QUERIES * self.watch_portion.size());
        (found, urgent)
    }
}

/// A change request to be asked for.
#[derive(Debug, Clone)]
pub(super) struct ChangeAt {
    path: String,
    number: u64,
    now: bool,
}

impl GitHub {
    /// Looks at the change requests at work.
    pub(super) async fn watch(&self, which: &str, ask: Ask) -> Result<Batch, SourceError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let asked = self.to_watch(which, ask.now);
            if asked.is_empty() {
                return Ok(Batch::default());
            }
            match self.watch_query(&asked, ask).await {
                Ok(data) => return Ok(self.take_watch(&asked, &data)),
                Err(Trouble::Absent(why)) => {
                    self.without_graphql(&why, ask.now);
                    return Ok(Batch::default());
                }
                Err(Trouble::Lacks(features)) => self.state().refuse(&features),
                Err(Trouble::Heavy(error)) => {
                    self.state().watch_portion.halve(asked.len());
                    last = Some(error);
                    if asked.len() == 1 {
                        break;
                    }
                }
                // None of them could be told from its repository: the probe finds out.
                Err(Trouble::Failed(SourceError::NotFound { .. })) => {
                    return Ok(self.unseen(&asked));
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| SourceError::Refused {
            host: self.api.client.host().to_owned(),
            cause: "it refused the look at change requests in every form".to_owned(),
        }))
    }

    fn to_watch(&self, which: &str, now: Timestamp) -> Vec<ChangeAt> {
        let state = self.state();
        let (found, _) = state.watched(now);
        let batch = state.watch_portion.size();
        let chunk: usize = which.parse().unwrap_or_default();
        let chosen = found.into_iter().skip(chunk.saturating_mul(batch));
        chosen.take(batch).collect()
    }

    async fn watch_query(&self, asked: &[ChangeAt], ask: Ask) -> Result<Data, Trouble> {
        let (with, rollup) = self.with_checks(asked);
        let (document, variables) = query(asked, &with, rollup);
        self.api
            .query(&document, "Board", &variables, ask.urgency)
            .await
    }

    /// Returns for which of them each check is asked for, and whether their sum is.
    fn with_checks(&self, asked: &[ChangeAt]) -> (Vec<bool>, bool) {
        let mut state = self.state();
        let (required, rollup) = (state.asks(Feature::Required), state.asks(Feature::Rollup));
        let mut red = |change: &ChangeAt| {
            let known = state.known(&change.path);
            let watched = known.and_then(|repo| repo.changes.get(&change.number));
            let checks = watched.map(|watched| &watched.fact.checks);
            required && !matches!(checks, Some(Checks::Passed | Checks::None))
        };
        (asked.iter().map(&mut red).collect(), rollup)
    }

    fn unseen(&self, asked: &[ChangeAt]) -> Batch {
        let mut state = self.state();
        state.turns.changes += 1;
        for change in asked {
            let known = state.known(&change.path);
            if let Some(watched) = known.and_then(|repo| repo.changes.get_mut(&change.number)) {
                watched.now = false;
                watched.tries = watched.tries.saturating_add(1);
            }
        }
        Batch::default()
    }

    fn take_watch(&self, asked: &[ChangeAt], data: &Data) -> Batch {
        let mut batch = Batch::default();
        let mut state = self.state();
        state.turns.changes += 1;
        state.refuse(&data.lacks);
        let heavy = data.was_heavy();
        state.watch_portion.answered(asked.len(), heavy);
        for (at, change) in asked.iter().enumerate() {
            let alias = format!("c{at}");
            let (there, pull) = match data.by_alias.read::<OfRepo>(&alias) {
                Some(Ok(repo)) => (true, repo.pull_request.map(Ok)),
                Some(Err(unreadable)) => (true, Some(Err(unreadable))),
                None => (false, None),
            };
            let lost = data
                .errors_of(&alias)
                .any(|error| error.kind.as_deref() == Some("NOT_FOUND"));
            let Some(repo) = state.known(&change.path) else {
                continue;
            };
            let Some(watched) = repo.changes.get_mut(&change.number) else {
                continue;
            };
            watched.now = false;
            watched.tries = watched.tries.saturating_add(1);
            match pull {
                Some(Ok(wire)) => batch.facts.extend(take_one(repo, change.number, &wire)),
                Some(Err(_unreadable)) => {
                    let text = format!("{}#{} cannot be read", change.path, change.number);
                    batch.warnings.push(Clean::line(&text));
                }
                None if lost && there => {
                    watched.misses = watched.misses.saturating_add(1);
                    if watched.misses >= 2 {
                        let fact = Fact::ChangeRequest(Box::new(watched.fact.clone()));
                        batch.gone.push(fact.id());
                        repo.changes.remove(&change.number);
                    }
                }
                None => {}
            }
        }
        batch
    }
}

/// Puts what a look told into the fact; returns it where it is still the same change request.
fn take_one(repo: &mut RepoState, number: u64, wire: &WatchedPull) -> Option<Fact> {
    let watched = repo.changes.get_mut(&number)?;
    // An older answer must not undo what a later read told.
    if wire.updated_at < watched.fact.updated_at {
        return None;
    }
    let fact = work::looked_at(&watched.fact, wire);
    let known = !matches!(fact.merge_state, MergeState::Unknown(_))
        && (fact.checks != Checks::Failed || fact.required != Required::Unknown);
    if known {
        watched.tries = 0;
    }
    watched.misses = 0;
    watched.fact = fact.clone();
    if fact.state != ChangeState::Open {
        repo.changes.remove(&number);
    }
    Some(Fact::ChangeRequest(Box::new(fact)))
}

/// Returns the query over these change requests; `with` says for which each check is asked.
fn query(asked: &[ChangeAt], with: &[bool], rollup: bool) -> (String, Value) {
    const CHECKS: &str = "statusCheckRollup @include(if: $rollup) { state contexts(first: 100) { \
         pageInfo { hasNextPage endCursor } nodes { __typename \
         ... on CheckRun { name isRequired(pullRequestNumber: $k) } \
         ... on StatusContext { context isRequired(pullRequestNumber: $k) } } } }";
    let (mut names, mut body) = (String::new(), String::new());
    let mut variables = Map::new();
    for (at, (change, with)) in asked.iter().zip(with).enumerate() {
        let (owner, name) = change.path.split_once('/').unwrap_or((&change.path, ""));
        let checks = if *with {
            CHECKS.replace("$k)", &format!("$k{at})"))
        } else {
            String::new()
        };
        // Writing to a text cannot fail.
        let _ = write!(names, "$o{at}: String!, $n{at}: String!, $k{at}: Int!, ");
        let _ = writeln!(
            body,
            "  c{at}: repository(owner: $o{at}, name: $n{at}) {{ pullRequest(number: $k{at}) {{ \
             ...WatchedFields {checks} }} }}"
        );
        variables.insert(format!("o{at}"), json!(owner));
        variables.insert(format!("n{at}"), json!(name));
        variables.insert(format!("k{at}"), json!(change.number));
    }
    variables.insert("rollup".to_owned(), json!(rollup));
    let document = format!(
        "query Board({names}$rollup: Boolean!) {{\n  \
         rateLimit {{ cost limit remaining resetAt }}\n{body}}}\n{}",
        fragments(DOCUMENT)
    );
    (document, Value::Object(variables))
}
