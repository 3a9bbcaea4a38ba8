//! What came of a refresh: first read to its end, then remembered all at once.
//!
//! A fetch that is given up half way leaves everything as it was, so that it is
//! asked again: what counts as read is what was handed over.

use std::collections::BTreeSet;

use super::api::Data;
use super::map::work;
use super::more::{self, Rest};
use super::refresh::{Plan, closing, facts_of, warn_of};
use super::state::{RepoState, State, Wanted};
use super::vanished::Looked;
use super::wire::RefreshRepo;
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::{Batch, Listing, SourceError, graphql};

/// What came of one repository.
enum Came {
    /// The host says that there is none.
    Lost,
    /// What it told cannot be read.
    Unreadable,
    /// It was read.
    Read(Box<Told>),
}

/// What one repository told.
struct Told {
    key: RepoKey,
    wire: RefreshRepo,
    facts: Vec<Fact>,
    listings: Vec<Listing>,
    looked: Looked,
    /// Whether further pages could be read.
    more: Result<(), SourceError>,
    /// Whether nothing of it is missing.
    complete: bool,
}

impl GitHub {
    /// Reads on where the answer does not reach far enough, then takes in all of it.
    pub(super) async fn take_refresh(&self, plan: &Plan, data: Data, ask: Ask) -> Batch {
        let mut batch = Batch::default();
        {
            let mut state = self.state();
            state.refuse(&data.lacks);
            state
                .refresh_portion_mut(plan.full)
                .answered(plan.paths.len(), data.was_heavy());
        }
        let mut came = Vec::with_capacity(plan.paths.len());
        for (at, path) in plan.paths.iter().enumerate() {
            came.push(
                self.read_one(plan, (at, path), &data, ask, &mut batch)
                    .await,
            );
        }
        // No request from here on, and nothing to wait for.
        let mut state = self.state();
        state.turns.refresh += 1;
        for ((path, seen), came) in plan.paths.iter().zip(&plan.seen).zip(came) {
            match came {
                Some(Came::Lost) => self.miss(&mut state, path, &mut batch),
                Some(Came::Unreadable) => settle(&mut state, path, None, ask.now),
                Some(Came::Read(told)) => {
                    take_one(
                        &mut state,
                        (path, *seen),
                        *told,
                        (plan.full, ask),
                        &mut batch,
                    );
                    // The past may be asked for as soon as the present is known.
                    let read = state.known(path).filter(|repo| repo.is_unasked());
                    if let Some(repo) = read {
                        batch.quiet.extend(self.look_back(repo, path, ask.now));
                    }
                }
                None => {}
            }
        }
        batch
    }

    /// Notes that none of these is there.
    pub(super) fn lost(&self, paths: &[String]) -> Batch {
        let mut batch = Batch::default();
        let mut state = self.state();
        state.turns.refresh += 1;
        for path in paths {
            self.miss(&mut state, path, &mut batch);
        }
        batch
    }

    async fn read_one(
        &self,
        plan: &Plan,
        (at, path): (usize, &str),
        data: &Data,
        ask: Ask,
        batch: &mut Batch,
    ) -> Option<Came> {
        let alias = format!("r{at}");
        let read = data.by_alias.read::<RefreshRepo>(&alias);
        let mut troubles = data.errors_of(&alias).peekable();
        let partial = troubles.peek().is_some();
        let Some(read) = read else {
            let lost = troubles.any(|error| error.kind.as_deref() == Some("NOT_FOUND"));
            return lost.then_some(Came::Lost);
        };
        if let Some(error) = troubles.next() {
            let said = self.api.client.shown(&error.message);
            let text = format!("{path}: a part is missing: {}", graphql::told(&said));
            batch.warnings.push(Clean::line(&text));
        }
        let Ok(wire) = read else {
            let text = format!("`{path}` cannot be read");
            batch.warnings.push(Clean::line(&text));
            return Some(Came::Unreadable);
        };
        let told = self.read_on(plan, (path, partial), wire, ask, batch).await;
        Some(Came::Read(Box::new(told)))
    }

    /// Reads further pages, and looks for what left a list.
    async fn read_on(
        &self,
        plan: &Plan,
        (path, partial): (&str, bool),
        mut wire: RefreshRepo,
        ask: Ask,
        batch: &mut Batch,
    ) -> Told {
        let key = self.key(&wire.name_with_owner);
        let changes_to = self.state().known(path).and_then(|repo| repo.changes_to);
        let rest = Rest {
            full: plan.full,
            since: plan.since,
            changes_to,
        };
        let more = more::follow(self, &key, &mut wire, rest, ask, batch).await;
        let complete = !partial && more.is_ok();
        let (facts, listings) = facts_of(&key, &wire, plan.full && complete);
        warn_of(&key, &wire, batch);
        let missing = if lists_tickets(&listings) {
            let mut state = self.state();
            let before = state.known(path).map(|repo| &repo.open_tickets);
            before.map_or_else(BTreeSet::new, |before| before - &work::numbers(&wire))
        } else {
            BTreeSet::new()
        };
        let looked = self.look_for(&key, missing, ask).await;
        Told {
            key,
            wire,
            facts,
            listings,
            looked,
            more,
            complete,
        }
    }
}

/// Takes in one repository that was read.
fn take_one(
    state: &mut State,
    (path, seen): (&str, Option<u64>),
    told: Told,
    (full, ask): (bool, Ask),
    batch: &mut Batch,
) {
    let mut facts = told.facts;
    if let Some(repo) = state.known(path) {
        told.key.path().clone_into(&mut repo.path);
        repo.take_in(&told.wire, told.more.is_ok());
        remember(repo, &mut facts);
        repo.see_places(&facts, &told.wire, full && told.complete);
        if lists_tickets(&told.listings) {
            repo.open_tickets.clear();
        }
        repo.open_tickets.extend(work::open_tickets(&told.wire));
        repo.open_tickets.extend(told.looked.still);
        if full && told.complete {
            repo.full_at = Some(ask.now);
        }
    }
    closing(&told.key, &told.wire, state, &mut facts);
    batch.facts.append(&mut facts);
    batch.facts.extend(told.looked.facts);
    batch.gone.extend(told.looked.gone);
    batch.listings.extend(told.listings);
    match told.more {
        Ok(()) => {
            settle(state, path, seen, ask.now);
            batch.covered.push(Clean::line(told.key.path()));
        }
        Err(error) => {
            let text = format!("{path}: {error}");
            batch.warnings.push(Clean::line(&text));
        }
    }
}

/// Notes that a repository was read as the probe had seen it.
fn settle(state: &mut State, path: &str, seen: Option<u64>, now: Timestamp) {
    if let Some(repo) = state.known(path) {
        repo.read = seen;
        repo.full_at = repo.full_at.or(Some(now));
        // A probe in between may have seen something newer.
        if repo.seen == seen || seen.is_none() {
            repo.wanted = Wanted::Nothing;
        }
    }
}

fn lists_tickets(listings: &[Listing]) -> bool {
    let mut names = listings.iter().map(|list| &list.name);
    names.any(|name| name.ends_with("tickets/open"))
}

/// Remembers the change requests that were read; what only looks tell goes into the facts.
fn remember(repo: &mut RepoState, facts: &mut [Fact]) {
    for fact in facts {
        if let Fact::ChangeRequest(change) = fact {
            **change = repo.remember(change.as_ref().clone());
        }
    }
}

impl RepoState {
    /// Remembers what was read, and how far, if it was read to the end.
    fn take_in(&mut self, wire: &RefreshRepo, whole: bool) {
        let releases = wire.release_branches.as_ref();
        self.flow |=
            wire.develop.is_some() || releases.is_some_and(|list| !list.nodes.items.is_empty());
        let closed = wire.closed_issues.iter().flat_map(|list| &list.nodes.items);
        for issue in wire.issues.nodes.items.iter().chain(closed) {
            self.tickets.insert(issue.number);
            if whole {
                self.tickets_to = self.tickets_to.max(Some(issue.updated_at));
            }
        }
        for pull in wire.open.nodes.items.iter().chain(&wire.ended.nodes.items) {
            if whole {
                self.changes_to = self.changes_to.max(Some(pull.updated_at));
            }
        }
    }
}
