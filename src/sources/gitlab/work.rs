//! Issues and merge requests: all that is open now and then, what changed each time.
//!
//! A group is asked as a whole. What left the list of all that is open is looked
//! for by number before it counts as gone: pages shift while they are read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::api::{Listed, Poll, is_absent, is_refusal, moment, refused};
use super::records::{Record, left, numbered, take};
use super::scope::{Cursors, Scope};
use super::{GitLab, wire};
use crate::domain::earlier;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::text::Clean;
use crate::sources::detail::Places;
use crate::sources::http::Failure;
use crate::sources::{Batch, CapabilityState, Listing, SourceError};

/// How many pages of what is open are read: ten thousand records a group.
const PAGES: usize = 100;

/// How many pages of what changed are read at once; the rest comes with the next poll.
const DELTA_PAGES: usize = 10;

/// How many pages of what ended lately are read.
const LANDED_PAGES: usize = 20;

/// How far back what changed is asked for again: records show up later than they say.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// For how long what ended may still stand on the board: baking, then watched.
const WINDOW: TimeDelta = TimeDelta::days(9);

/// How many records that left a list are looked for at once.
const LOOKED_FOR: usize = 50;

/// Which of the two kinds of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Issues.
    Issues,
    /// Merge requests.
    Changes,
}

impl Kind {
    /// Returns the last part of its routes.
    fn route(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::Changes => "merge_requests",
        }
    }

    /// Returns its name among resources and capabilities.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Issues => super::ISSUES,
            Self::Changes => super::CHANGES,
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Issues => "tickets/open",
            Self::Changes => "changes/open",
        }
    }

    /// Returns the kind of its facts.
    pub(super) fn fact(self) -> FactKind {
        match self {
            Self::Issues => FactKind::Ticket,
            Self::Changes => FactKind::ChangeRequest,
        }
    }
}

impl GitLab {
    /// Reads all that is open, scope by scope.
    pub(super) async fn all_open(
        &self,
        kind: Kind,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let mut places = Places::default();
        let mut refusal = None;
        let scopes = self.state().next_scopes(kind, (poll.now, poll.ask.forced));
        for scope in scopes {
            // Noted before it is asked: one that does not answer costs no other its turn.
            self.with_cursors(&scope, |cursors| *cursors.asked_at(kind) = Some(poll.now));
            match self.open_of(kind, &scope, poll, batch).await {
                Err(failure) if is_refusal(&failure) && self.is_scope_lost(&scope, poll).await => {
                    if !places.take(self.scope_loss(&scope)) {
                        break;
                    }
                }
                // A project that shows none costs that project.
                Err(failure) if is_refusal(&failure) => {
                    self.state().hide(scope.path(), kind.name(), poll.now);
                    refusal.get_or_insert(failure);
                }
                asked => {
                    if !places.take(asked.map_err(|failure| failure.error)) {
                        break;
                    }
                }
            }
        }
        match refusal {
            Some(failure) if !places.has_read() && places.is_whole() => {
                let why = refused(&failure, "`read_api`");
                self.port.can(kind.name(), CapabilityState::Missing(why));
                return Err(failure.error);
            }
            Some(failure) => {
                let text = format!("{}: {}", kind.name(), failure.error);
                batch.warnings.push(self.port.shown(&text));
            }
            None => {}
        }
        if places.has_read() {
            self.port.can(kind.name(), CapabilityState::Available);
        }
        places.end(batch, |text| self.port.shown(text))
    }

    /// Returns whether a list is refused because its project as a whole is not to be had.
    async fn is_scope_lost(&self, scope: &Scope, poll: Poll) -> bool {
        match scope {
            Scope::Group(_) => false,
            Scope::Project(path) => {
                self.loss(path, poll).await.is_some() && self.scope_loss(scope).is_err()
            }
        }
    }

    fn scope_loss(&self, scope: &Scope) -> Result<(), SourceError> {
        let mut state = self.state();
        let project = state.known(scope.path());
        let lost = project.and_then(|project| project.lost().cloned());
        lost.map_or(Ok(()), Err)
    }

    /// Changes how far a scope was read.
    pub(super) fn with_cursors(&self, scope: &Scope, change: impl FnOnce(&mut Cursors)) {
        change(self.state().cursors.entry(scope.clone()).or_default());
    }

    /// Returns the first parts of a scope's routes.
    fn parts(&self, scope: &Scope) -> (&'static str, String) {
        match scope {
            Scope::Group(path) => ("groups", path.clone()),
            Scope::Project(path) => {
                let mut state = self.state();
                let part = state.known(path).map(|project| project.part());
                ("projects", part.unwrap_or_else(|| path.clone()))
            }
        }
    }

    async fn read_of(
        &self,
        kind: Kind,
        scope: &Scope,
        query: &[(&str, &str)],
        cap: usize,
        poll: Poll,
    ) -> Result<Listed<Record>, Failure> {
        let (place, part) = self.parts(scope);
        let all = [query, &[("scope", "all"), ("per_page", "100")]].concat();
        match kind {
            Kind::Issues => {
                let route = [place, &part, kind.route()];
                let listed = self.list::<wire::Issue>(&route, &all, cap, poll).await?;
                Ok(listed.map(|issue| Record::Issue(Box::new(issue))))
            }
            Kind::Changes => {
                let route = [place, &part, kind.route()];
                let listed = self.list::<wire::MergeRequest>(&route, &all, cap, poll);
                Ok(listed.await?.map(|change| Record::Change(Box::new(change))))
            }
        }
    }

    async fn open_of(
        &self,
        kind: Kind,
        scope: &Scope,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let query = [
            ("state", "opened"),
            ("order_by", "created_at"),
            ("sort", "asc"),
        ];
        let listed = self.read_of(kind, scope, &query, PAGES, poll).await?;
        self.warn(
            &format!("{}: {}", scope.path(), kind.name()),
            &listed.list,
            batch,
        );
        if let Some(trouble) = &listed.trouble {
            batch
                .warnings
                .push(self.port.shown(&trouble.error.to_string()));
        }
        let whole = listed.is_whole();
        let broken = listed.trouble.is_some();
        let asked_at = listed.asked_at;
        let (facts, missing) = {
            let mut state = self.state();
            let facts = take(self, &mut state, scope, listed.list.items);
            let missing = if whole {
                left(&state, kind, scope, &facts)
            } else {
                BTreeMap::new()
            };
            (facts, missing)
        };
        let mut members: BTreeSet<FactId> = facts.iter().map(Fact::id).collect();
        batch.facts.extend(facts);
        if whole {
            members.extend(self.look_for(kind, missing, poll, batch).await?);
            batch.listings.push(Listing {
                name: Clean::line(&format!("{}/{}", scope.path(), kind.list())),
                members,
            });
            self.state().cover(scope, poll.now, true, batch);
        }
        // A record that cannot be read does not keep what changes from being asked for.
        if !broken {
            self.with_cursors(scope, |cursors| {
                let to = cursors.read_to(kind);
                *to = (*to).max(Some(asked_at - OVERLAP));
            });
        }
        Ok(())
    }

    /// Looks for what left a list; returns what is not known to be gone, and stays in it.
    async fn look_for(
        &self,
        kind: Kind,
        missing: BTreeMap<String, BTreeSet<u64>>,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<BTreeSet<FactId>, Failure> {
        let mut still = BTreeSet::new();
        let mut budget = LOOKED_FOR;
        for (path, numbers) in missing {
            let key = self.key(&path);
            let asked: Vec<u64> = numbers.iter().copied().take(budget).collect();
            budget -= asked.len();
            let rest = numbers.iter().filter(|number| !asked.contains(number));
            still.extend(rest.map(|number| numbered(kind, &key, *number)));
            if asked.is_empty() {
                continue;
            }
            let iids: Vec<String> = asked.iter().map(u64::to_string).collect();
            let query: Vec<(&str, &str)> =
                iids.iter().map(|iid| ("iids[]", iid.as_str())).collect();
            let scope = Scope::Project(path.clone());
            match self.read_of(kind, &scope, &query, 1, poll).await {
                Ok(listed) if listed.is_whole() => {
                    let facts = take(self, &mut self.state(), &scope, listed.list.items);
                    let there: BTreeSet<FactId> = facts.iter().map(Fact::id).collect();
                    let wanted = asked.iter().map(|number| numbered(kind, &key, *number));
                    let gone: Vec<FactId> = wanted.filter(|id| !there.contains(id)).collect();
                    self.state().forget_work(kind, &path, &asked, &gone, &key);
                    batch.gone.extend(gone);
                    batch.facts.extend(facts);
                }
                Ok(_) => still.extend(asked.iter().map(|number| numbered(kind, &key, *number))),
                Err(failure) if is_refusal(&failure) => {
                    still.extend(asked.iter().map(|number| numbered(kind, &key, *number)));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(still)
    }

    /// Reads what ended lately, once: what is on its way to production was merged within days.
    pub(super) async fn landed(&self, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        let mut places = Places::default();
        let scopes = self.state().unlanded(poll.now);
        for scope in scopes {
            self.with_cursors(&scope, |cursors| cursors.landed_at = Some(poll.now));
            let asked = self.landed_of(&scope, poll, batch).await;
            if asked.is_ok() {
                self.with_cursors(&scope, |cursors| cursors.landed = true);
            }
            if !places.take(asked.map_err(|failure| failure.error)) {
                break;
            }
        }
        places.end(batch, |text| self.port.shown(text))
    }

    async fn landed_of(&self, scope: &Scope, poll: Poll, batch: &mut Batch) -> Result<(), Failure> {
        let since = moment(poll.now - WINDOW);
        for (kind, ended) in [(Kind::Changes, "merged"), (Kind::Issues, "closed")] {
            if !self.state().wanted_scopes(kind).contains(scope) {
                continue;
            }
            let query = [
                ("state", ended),
                ("updated_after", since.as_str()),
                ("order_by", "updated_at"),
                ("sort", "desc"),
            ];
            match self.read_of(kind, scope, &query, LANDED_PAGES, poll).await {
                Ok(listed) => {
                    self.warn(scope.path(), &listed.list, batch);
                    let facts = take(self, &mut self.state(), scope, listed.list.items);
                    batch.facts.extend(facts);
                }
                Err(failure) if is_refusal(&failure) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Reads what changed in a scope since it was last asked; returns whether all of it was read.
    pub(super) async fn changed(
        &self,
        scope: &Scope,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<bool, SourceError> {
        let mut places = Places::default();
        let wanted = |kind| self.state().wanted_scopes(kind).contains(scope);
        for kind in [Kind::Issues, Kind::Changes] {
            let hidden = self.state().is_hidden(scope.path(), kind.name(), poll.now);
            if hidden && poll.ask.urgency != crate::sources::http::Urgency::Person || !wanted(kind)
            {
                continue;
            }
            match self.changed_of(kind, scope, poll, batch).await {
                Err(failure) if is_absent(&failure) && matches!(scope, Scope::Group(_)) => {
                    // It was renamed, or is gone: the list of projects tells.
                    self.state().rediscover = true;
                }
                Err(failure) if is_refusal(&failure) && self.is_scope_lost(scope, poll).await => {
                    if !places.take(self.scope_loss(scope)) {
                        break;
                    }
                }
                Err(failure) if is_refusal(&failure) => {
                    self.state().hide(scope.path(), kind.name(), poll.now);
                }
                asked => {
                    if !places.take(asked.map_err(|failure| failure.error)) {
                        break;
                    }
                }
            }
        }
        let is_whole = places.is_whole();
        places.end(batch, |text| self.port.shown(text))?;
        Ok(is_whole)
    }

    async fn changed_of(
        &self,
        kind: Kind,
        scope: &Scope,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let since = *self.state().cursors_of(scope).read_to(kind);
        // All that is open comes first: without it there is nothing to begin from.
        let Some(since) = since else { return Ok(()) };
        let after = moment(since);
        let query = [
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "asc"),
        ];
        let listed = self.read_of(kind, scope, &query, DELTA_PAGES, poll).await?;
        self.warn(scope.path(), &listed.list, batch);
        let newest = listed.list.items.iter().map(Record::updated_at).max();
        let mut state = self.state();
        if !listed.same {
            let facts = take(self, &mut state, scope, listed.list.items);
            batch.facts.extend(facts);
        }
        let cursors = state.cursors.entry(scope.clone()).or_default();
        let to = cursors.read_to(kind);
        // What was not read to its end goes on where it stopped, without the overlap.
        let step = if listed.complete {
            OVERLAP
        } else {
            TimeDelta::zero()
        };
        // A moment that is still to come would hide all that happens until then.
        let newest = newest.map(|at| at.min(listed.asked_at));
        *to = (*to).max(newest.map(|at| earlier(at, step)));
        Ok(())
    }
}
