//! The facts as correlation keeps them: by repository, with the links between tickets and changes.
//!
//! Knows which repositories are touched by what came in. What the facts mean is
//! not decided here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangeRequest};
use crate::domain::correlate::Sourced;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::ticket::TicketKey;

/// Where a fact belongs: a repository, or none (tickets of trackers, alerts).
pub(super) type Scope = Option<RepoKey>;

/// One fact as every source that knows it says it.
#[derive(Debug, Default)]
pub(super) struct Entry {
    said: Vec<(SourceName, Arc<Fact>)>,
}

impl Entry {
    /// The newest version; of equally new ones that of the first source by name.
    pub(super) fn best(&self) -> Option<&Arc<Fact>> {
        if let [(_, only)] = self.said.as_slice() {
            return Some(only);
        }
        let newest = self.said.iter().map(|(_, fact)| freshness(fact)).max()?;
        self.said
            .iter()
            .find(|(_, fact)| freshness(fact) == newest)
            .map(|(_, fact)| fact)
    }

    /// The sources that say it, by name.
    pub(super) fn sources(&self) -> impl Iterator<Item = &SourceName> {
        self.said.iter().map(|(source, _)| source)
    }

    fn set(&mut self, source: SourceName, fact: Arc<Fact>) {
        match self.said.binary_search_by(|(name, _)| name.cmp(&source)) {
            Ok(at) => {
                if let Some(slot) = self.said.get_mut(at) {
                    slot.1 = fact;
                }
            }
            Err(at) => {
                // Few facts are said by more than one source.
                self.said.reserve_exact(1);
                self.said.insert(at, (source, fact));
            }
        }
    }
}

/// How new a version of a fact is, as far as it tells.
fn freshness(fact: &Fact) -> (Option<Timestamp>, u32) {
    match fact {
        Fact::Repository(f) => (f.pushed_at, u32::from(f.default_branch.is_some())),
        Fact::Commit(f) => (None, u32::from(f.change_request.is_some() || f.direct)),
        Fact::Range(f) => (None, u32::from(f.complete)),
        Fact::Ticket(f) => (Some(f.updated_at), 0),
        Fact::ChangeRequest(f) => (Some(f.updated_at), 0),
        Fact::ChangedPaths(f) => (None, u32::from(f.complete)),
        Fact::Run(f) => (Some(f.updated_at), f.attempt),
        Fact::JobSet(f) | Fact::EarlierJobs(f) => (None, f.attempt),
        Fact::Diagnosis(f) => (f.finished_at, f.attempt),
        Fact::GateSet(_) | Fact::Environment(_) | Fact::Finding(_) => (None, 0),
        Fact::Release(f) => (f.published_at, 0),
        Fact::Deployment(f) => (Some(f.updated_at), 0),
        Fact::Alert(f) => (Some(f.ended_at.unwrap_or(f.started_at)), 0),
    }
}

/// All facts, with what is to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Facts {
    scopes: BTreeMap<Scope, BTreeMap<FactId, Entry>>,
    /// Which change requests name a ticket.
    links: HashMap<TicketKey, BTreeSet<ChangeKey>>,
    /// Into which scopes the change requests of a repository point, and how often.
    out: HashMap<RepoKey, BTreeMap<Scope, usize>>,
    /// Scopes that were touched since the last time.
    dirty: BTreeSet<Scope>,
}

impl Facts {
    /// Takes one in; the same again touches nothing.
    pub(super) fn insert(&mut self, id: &FactId, Sourced { source, fact }: Sourced) {
        let scope = fact.repo().cloned();
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
        let is_here = here.is_some_and(|entry| entry.sources().any(|name| name == source));
        if !is_here {
            self.remove(source, id);
        }
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, source: &SourceName, id: &FactId) {
        let Some((scope, facts)) = self.scopes.iter_mut().find(|(_, facts)| {
            facts
                .get(id)
                .is_some_and(|entry| entry.sources().any(|name| name == source))
        }) else {
            return;
        };
        let scope = scope.clone();
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
        // Whether a ticket exists decides whether changes elsewhere are cards of their own.
        if id.kind == FactKind::Ticket
            && before.is_some() != after.is_some()
            && let Some(Fact::Ticket(ticket)) = before.or(after)
        {
            let linking = self.links.get(&ticket.key).into_iter().flatten();
            let repos: Vec<RepoKey> = linking.map(|key| key.repo.clone()).collect();
            self.dirty.extend(repos.into_iter().map(Some));
        }
        self.dirty.insert(scope);
    }

    fn relink(&mut self, before: Option<&ChangeRequest>, after: Option<&ChangeRequest>) {
        let tickets = |change: Option<&ChangeRequest>| -> BTreeSet<TicketKey> {
            let links = change.into_iter().flat_map(|change| &change.tickets);
            links.map(|link| link.ticket.clone()).collect()
        };
        let Some(change) = after.or(before) else {
            return;
        };
        let key = ChangeKey {
            repo: change.repo.clone(),
            number: change.number,
        };
        let (old, new) = (tickets(before), tickets(after));
        let out = self.out.entry(key.repo.clone()).or_default();
        for gone in old.difference(&new) {
            let scope = scope_of(gone);
            if let Some(count) = out.get_mut(&scope) {
                *count -= 1;
                if *count == 0 {
                    out.remove(&scope);
                }
            }
            self.dirty.insert(scope);
            if let Some(set) = self.links.get_mut(gone) {
                set.remove(&key);
                if set.is_empty() {
                    self.links.remove(gone);
                }
            }
        }
        for added in new.difference(&old) {
            *out.entry(scope_of(added)).or_default() += 1;
            self.dirty.insert(scope_of(added));
            self.links
                .entry(added.clone())
                .or_default()
                .insert(key.clone());
        }
    }

    /// Returns what is to be looked at again, with what is linked from there, and forgets it.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<Scope> {
        let mut dirty = std::mem::take(&mut self.dirty);
        let linked: Vec<Scope> = dirty
            .iter()
            .flatten()
            .filter_map(|repo| self.out.get(repo))
            .flat_map(|scopes| scopes.keys().cloned())
            .collect();
        dirty.extend(linked);
        dirty
    }

    /// Marks a scope as touched.
    pub(super) fn touch(&mut self, scope: Scope) {
        self.dirty.insert(scope);
    }

    /// Returns whether anything was touched.
    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Returns whether what belongs to no repository was touched.
    pub(super) fn is_global_dirty(&self) -> bool {
        self.dirty.contains(&None)
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
        let first = FactId {
            kind: FactKind::Ticket,
            id: crate::domain::text::Clean::default(),
        };
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

    /// Returns whether a ticket is known.
    pub(super) fn has_ticket(&self, key: &TicketKey) -> bool {
        let id = ticket_id(key);
        self.scopes
            .get(&scope_of(key))
            .is_some_and(|facts| facts.contains_key(&id))
    }

    /// Returns the change requests that name a ticket.
    pub(super) fn linked(&self, key: &TicketKey) -> impl Iterator<Item = &ChangeKey> {
        self.links.get(key).into_iter().flatten()
    }
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
        TicketKey::Numbered { repo, number } => {
            crate::domain::text::Clean::line(&format!("{}#{number}", repo.as_str()))
        }
        TicketKey::Tracker(key) => key.clone(),
    };
    FactId {
        kind: FactKind::Ticket,
        id,
    }
}
