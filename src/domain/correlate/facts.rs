//! The facts as correlation keeps them: by repository, with the links between tickets and changes.
//!
//! Knows which repositories are touched by what came in. What the facts mean is
//! not decided here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::change_request::{ChangeKey, ChangeRequest};
use crate::domain::correlate::Sourced;
use crate::domain::correlate::dirty::Dirty;
pub(super) use crate::domain::correlate::entry::Entry;
use crate::domain::correlate::reads::{self, Seed};
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::{RepoKey, Sha, SourceName};
use crate::domain::moves::{self, Moves};
use crate::domain::repository::Repository;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

/// Where a fact belongs: a repository, or none (tickets of trackers, alerts).
pub(super) type Scope = Option<RepoKey>;

/// All facts, with what is to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) scopes: BTreeMap<Scope, BTreeMap<FactId, Entry>>,
    /// The tickets that change requests name.
    pub(super) links: HashMap<TicketKey, Linked>,
    /// Into which scopes the change requests of a repository point, and how often.
    pub(super) out: HashMap<RepoKey, BTreeMap<Scope, usize>>,
    /// By which names repositories go.
    pub(super) moves: Moves,
    /// What was touched since the last time.
    pub(super) dirty: Dirty,
    /// Whether these are facts of the past, told moment by moment.
    pub(super) is_past: bool,
    /// How often commits or ranges of a scope changed, in the past.
    pub(super) lines: BTreeMap<Scope, u64>,
}

/// A ticket that change requests name.
#[derive(Debug, Default)]
pub(super) struct Linked {
    changes: BTreeSet<ChangeKey>,
    /// Whether the ticket itself is known.
    known: bool,
}

impl Facts {
    /// Takes one in; the same again touches nothing.
    pub(super) fn insert(&mut self, id: &FactId, Sourced { source, fact }: Sourced) {
        let scope = fact.repo().map(|repo| self.moves.home(&fact, repo));
        if id.kind == FactKind::Alert {
            self.move_from_elsewhere(&source, id, &scope);
        }
        let facts = self.scopes.entry(scope.clone()).or_default();
        let entry = facts.entry(id.clone()).or_default();
        let same = entry
            .said
            .iter()
            .any(|(name, old)| *name == source && (Arc::ptr_eq(old, &fact) || old == &fact));
        if same {
            return;
        }
        let before = entry.best().cloned();
        entry.set(source, fact);
        let after = entry.best().cloned();
        self.touched(scope, id, before.as_deref(), after.as_deref());
    }

    /// An alert is the same alert when it names another repository than before.
    fn move_from_elsewhere(&mut self, source: &SourceName, id: &FactId, scope: &Scope) {
        let here = self.scopes.get(scope).and_then(|facts| facts.get(id));
        if !here.is_some_and(|entry| entry.sources().any(|name| name == source)) {
            self.remove(source, id);
        }
    }

    /// Returns the scope in which a source tells a fact: most begin with the name of their
    /// repository, and there may be many repositories to look through.
    fn scope_with(&self, source: &SourceName, id: &FactId) -> Option<Scope> {
        let tells = |facts: &BTreeMap<FactId, Entry>| {
            let entry = facts.get(id);
            entry.is_some_and(|entry| entry.sources().any(|name| name == source))
        };
        let is_there = |scope: &Scope| self.scopes.get(scope).is_some_and(tells);
        let near = self.moves.places(&id.id).map(Some).find(is_there);
        near.or_else(|| {
            let mut all = self.scopes.iter();
            all.find(|(_, facts)| tells(facts))
                .map(|(scope, _)| scope.clone())
        })
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, source: &SourceName, id: &FactId) {
        let Some(scope) = self.scope_with(source, id) else {
            return;
        };
        let Some(facts) = self.scopes.get_mut(&scope) else {
            return;
        };
        let Some(entry) = facts.get_mut(id) else {
            return;
        };
        let before = entry.best().cloned();
        entry.said.retain(|(name, _)| name != source);
        let after = entry.best().cloned();
        if entry.said.is_empty() {
            facts.remove(id);
        }
        if facts.is_empty() {
            self.scopes.remove(&scope);
        }
        self.touched(scope, id, before.as_deref(), after.as_deref());
    }

    fn touched(&mut self, scope: Scope, id: &FactId, before: Option<&Fact>, after: Option<&Fact>) {
        if id.kind == FactKind::ChangeRequest {
            self.relink(change_of(before), change_of(after));
        }
        if id.kind == FactKind::Ticket
            && before.is_some() != after.is_some()
            && let Some(Fact::Ticket(ticket)) = before.or(after)
        {
            self.came_or_went(&ticket.key, after.is_some());
        }
        if !self.deployed(&scope, before, after) {
            for fact in [before, after].into_iter().flatten() {
                self.mark(id, fact, &scope);
            }
        }
        if matches!(id.kind, FactKind::Commit | FactKind::Range) {
            self.line_changed(&scope);
        }
        if self.is_past {
            self.dirty.touched.insert((scope.clone(), id.clone()));
        }
        self.dirty.scopes.insert(scope);
        if id.kind == FactKind::Repository {
            for (name, from, to) in self
                .moves
                .learn(repository_of(before), repository_of(after))
            {
                self.carry(&name, from, to);
            }
        }
    }

    /// Takes what other systems tell of a repository by one of its names to where it belongs.
    fn carry(&mut self, name: &RepoKey, from: RepoKey, to: RepoKey) {
        let (from, to) = (Some(from), Some(to));
        let Some(facts) = self.scopes.get_mut(&from) else {
            return;
        };
        let is_moving = |entry: &Entry| {
            let best = entry.best();
            best.is_some_and(|fact| moves::wanders(fact) && fact.repo() == Some(name))
        };
        let moving: Vec<FactId> = facts
            .iter()
            .filter(|(_, entry)| is_moving(entry))
            .map(|(id, _)| id.clone())
            .collect();
        let taken: Vec<(FactId, Entry)> = moving
            .into_iter()
            .filter_map(|id| facts.remove_entry(&id))
            .collect();
        if facts.is_empty() {
            self.scopes.remove(&from);
        }
        if taken.is_empty() {
            return;
        }
        self.scopes.entry(to.clone()).or_default().extend(taken);
        self.touch_moved(from);
        self.touch_moved(to);
    }

    fn touch_moved(&mut self, scope: Scope) {
        self.line_changed(&scope);
        if self.is_past {
            self.dirty.moved.insert(scope.clone());
        }
        if let Some(repo) = &scope {
            self.dirty.mark(Seed::of(repo).runs());
        }
        self.touch_whole(scope);
    }

    /// Whether a ticket is known decides whether changes elsewhere are cards of their own.
    fn came_or_went(&mut self, ticket: &TicketKey, known: bool) {
        self.dirty.mark(reads::known(ticket));
        if let Some(linked) = self.links.get_mut(ticket) {
            linked.known = known;
            let repos = linked.changes.iter().map(|key| Some(key.repo.clone()));
            self.dirty.scopes.extend(repos);
        }
    }

    /// Marks what cards may have read of a fact.
    fn mark(&mut self, id: &FactId, fact: &Fact, scope: &Scope) {
        let dirty = &mut self.dirty;
        let seed = scope.as_ref().map(Seed::of);
        match (fact, seed) {
            (Fact::Ticket(ticket), _) => dirty.mark(reads::ticket(&ticket.key)),
            (Fact::Run(run), Some(seed)) => {
                if let Some(sha) = &run.head_sha {
                    dirty.mark(seed.runs_at(sha));
                }
                if !run.ci.is_empty() {
                    for number in &run.change_requests {
                        dirty.mark(seed.change(*number));
                    }
                    if run.head_sha.is_none() {
                        dirty.mark(seed.on_branch(&run.branch));
                    }
                }
                dirty.mark(seed.newest(run.workflow_key(), &run.branch));
                if run.state == RunState::Passed {
                    let mark = seed.passed(run.workflow_key(), &run.branch);
                    dirty.mark(mark);
                    if self.is_past {
                        dirty.passed.insert(mark);
                    }
                }
                dirty.mark(seed.runs());
                let (kind, id) = (FactKind::GateSet, id.id.clone());
                let gates = FactId { kind, id };
                let facts = self.scopes.get(scope);
                if facts.is_some_and(|facts| facts.contains_key(&gates)) {
                    dirty.mark(seed.gated());
                }
            }
            (Fact::JobSet(jobs), Some(seed)) => dirty.mark(seed.run(jobs.run.id)),
            (Fact::GateSet(gates), Some(seed)) => {
                dirty.mark(seed.run(gates.run.id));
                dirty.mark(seed.gated());
            }
            (Fact::ChangeRequest(change), Some(seed)) => {
                dirty.mark(seed.change(change.number));
                // Whether another one has its commit or its branch decides what those join.
                dirty.mark(seed.on_branch(&change.head_branch));
                if let Some(sha) = &change.head_sha {
                    dirty.mark(seed.runs_at(sha));
                }
            }
            (Fact::ChangedPaths(paths), Some(seed)) => {
                dirty.mark(seed.change(paths.change.number));
            }
            (Fact::Alert(alert), Some(seed)) => {
                dirty.mark(seed.whole());
                if let Some(ticket) = &alert.incident {
                    dirty.mark(reads::alerts(ticket));
                }
            }
            (Fact::ChangeTimes(times), Some(seed)) => {
                // Cards say nothing of them, but each knows whether it has to ask.
                dirty.mark(seed.change(times.change.number));
            }
            (Fact::Commit(commit), Some(seed)) if self.is_past => {
                dirty.lines.insert(scope.clone());
                dirty.mark(seed.commits());
                dirty.mark(seed.commit(&commit.sha));
                for reverted in &commit.reverts {
                    dirty.mark(seed.commit(reverted));
                }
                if let Some(number) = commit.change_request {
                    dirty.mark(seed.change(number));
                }
            }
            (
                Fact::Repository(_)
                | Fact::Commit(_)
                | Fact::Range(_)
                | Fact::Release(_)
                | Fact::Environment(_)
                | Fact::Deployment(_),
                Some(seed),
            ) => dirty.mark(seed.whole()),
            // Cards of findings and of no repository are made again in any case, and triage alone
            // reads the others.
            (Fact::Finding(_) | Fact::EarlierJobs(_) | Fact::Diagnosis(_), _) | (_, None) => {}
        }
    }

    fn relink(&mut self, before: Option<&ChangeRequest>, after: Option<&ChangeRequest>) {
        let tickets = |change: Option<&ChangeRequest>| -> BTreeSet<TicketKey> {
            let links = change.into_iter().flat_map(|change| &change.tickets);
            links.map(|link| link.ticket.clone()).collect()
        };
        let Some(change) = after.or(before) else {
            return;
        };
        let [old, new] = [before, after].map(|change| change.and_then(|c| c.merge_sha.clone()));
        let mut moved = [&old, &new].into_iter().flatten();
        if old != new && !moved.all(|sha| self.has_commit(&change.repo, sha)) {
            // It may be asked about from elsewhere, as a commit that is known may in any case.
            self.dirty.mark(Seed::of(&change.repo).whole());
        }
        let key = ChangeKey {
            repo: change.repo.clone(),
            number: change.number,
        };
        let (old, new) = (tickets(before), tickets(after));
        for gone in old.difference(&new) {
            self.unlink(gone, &key);
        }
        for added in new.difference(&old) {
            self.link(added, &key);
        }
    }

    fn has_commit(&self, repo: &RepoKey, sha: &Sha) -> bool {
        let id = Clean::line(&format!("{}@{}", repo.as_str(), sha.as_str()));
        let id = FactId {
            kind: FactKind::Commit,
            id,
        };
        let facts = self.scopes.get(&Some(repo.clone()));
        facts.is_some_and(|facts| facts.contains_key(&id))
    }

    fn out_of(&mut self, key: &ChangeKey) -> &mut BTreeMap<Scope, usize> {
        self.out.entry(key.repo.clone()).or_default()
    }

    fn link(&mut self, ticket: &TicketKey, key: &ChangeKey) {
        let scope = scope_of(ticket);
        *self.out_of(key).entry(scope.clone()).or_default() += 1;
        if !self.links.contains_key(ticket) {
            let id = ticket_id(ticket);
            let facts = self.scopes.get(&scope);
            let linked = Linked {
                changes: BTreeSet::new(),
                known: facts.is_some_and(|facts| facts.contains_key(&id)),
            };
            self.links.insert(ticket.clone(), linked);
        }
        if let Some(linked) = self.links.get_mut(ticket) {
            linked.changes.insert(key.clone());
        }
        self.dirty.mark(reads::links(ticket));
        self.dirty.scopes.insert(scope);
    }

    fn unlink(&mut self, ticket: &TicketKey, key: &ChangeKey) {
        let scope = scope_of(ticket);
        let out = self.out_of(key);
        if let Some(count) = out.get_mut(&scope) {
            *count -= 1;
            if *count == 0 {
                out.remove(&scope);
            }
        }
        if let Some(linked) = self.links.get_mut(ticket) {
            linked.changes.remove(key);
            if linked.changes.is_empty() {
                self.links.remove(ticket);
            }
        }
        self.dirty.mark(reads::links(ticket));
        self.dirty.scopes.insert(scope);
    }

    /// Returns what is to be looked at again, with what is linked from there, and forgets it.
    pub(super) fn take_dirty(&mut self) -> Dirty {
        let mut dirty = std::mem::take(&mut self.dirty);
        let linked: Vec<Scope> = dirty
            .scopes
            .iter()
            .flatten()
            .filter_map(|repo| self.out.get(repo))
            .flat_map(|scopes| scopes.keys().cloned())
            .collect();
        dirty.scopes.extend(linked);
        dirty
    }

    /// Lets a scope be looked at again, for what the clock or a person changed in it.
    pub(super) fn touch(&mut self, scope: Scope) {
        self.dirty.scopes.insert(scope);
    }

    /// Lets all that reads a scope be made again.
    pub(super) fn touch_whole(&mut self, scope: Scope) {
        if let Some(repo) = &scope {
            self.dirty.mark(Seed::of(repo).whole());
        }
        self.touch(scope);
    }

    /// Returns whether anything was touched.
    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.scopes.is_empty()
    }

    /// Returns whether what belongs to no repository was touched.
    pub(super) fn is_global_dirty(&self) -> bool {
        self.dirty.scopes.contains(&None)
    }

    /// Returns all scopes that hold facts.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.keys()
    }

    /// Returns the facts of a scope, in the order of their identity.
    pub(super) fn of<'a>(&'a self, scope: &Scope) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.scopes
            .get(scope)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// Returns the keys of the tickets of a scope.
    pub(super) fn tickets<'a>(
        &'a self,
        scope: &Scope,
    ) -> impl Iterator<Item = &'a TicketKey> + use<'a> {
        let (kind, id) = (FactKind::Ticket, Clean::default());
        let first = FactId { kind, id };
        let facts = self.scopes.get(scope).into_iter();
        facts
            .flat_map(move |facts| facts.range(first.clone()..))
            .take_while(|(id, _)| id.kind == FactKind::Ticket)
            .filter_map(|(_, entry)| match entry.best().map(|fact| &**fact) {
                Some(Fact::Ticket(ticket)) => Some(&ticket.key),
                _ => None,
            })
    }

    /// Returns whether a scope holds any fact.
    pub(super) fn has_scope(&self, scope: &Scope) -> bool {
        self.scopes.contains_key(scope)
    }

    /// Returns whether a ticket is known that a change request names.
    pub(super) fn has_ticket(&self, key: &TicketKey) -> bool {
        self.links.get(key).is_some_and(|linked| linked.known)
    }

    /// Returns the change requests that name a ticket.
    pub(super) fn linked(&self, key: &TicketKey) -> impl Iterator<Item = &ChangeKey> {
        let linked = self.links.get(key).into_iter();
        linked.flat_map(|linked| &linked.changes)
    }
}

fn repository_of(fact: Option<&Fact>) -> Option<&Repository> {
    let Some(Fact::Repository(repository)) = fact else {
        return None;
    };
    Some(repository)
}

fn change_of(fact: Option<&Fact>) -> Option<&ChangeRequest> {
    match fact {
        Some(Fact::ChangeRequest(change)) => Some(change),
        _ => None,
    }
}

/// Returns where a ticket belongs.
pub(super) fn scope_of(key: &TicketKey) -> Scope {
    match key {
        TicketKey::Numbered { repo, .. } => Some(repo.clone()),
        TicketKey::Tracker(_) => None,
    }
}

fn ticket_id(key: &TicketKey) -> FactId {
    let id = match key {
        TicketKey::Numbered { repo, number } => Clean::line(&format!("{}#{number}", repo.as_str())),
        TicketKey::Tracker(key) => key.clone(),
    };
    FactId {
        kind: FactKind::Ticket,
        id,
    }
}
