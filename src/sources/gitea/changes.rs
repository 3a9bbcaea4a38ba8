//! What changed: one search for repositories and one for issues for each owner.
//!
//! However many repositories an owner has, a round in which nothing changed costs
//! two requests. What changed is read in full here (tickets) or asked for by number
//! (pull requests) and by repository (branches, releases, statuses, runs).

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::Gitea;
use super::api::{Asked, rfc3339};
use super::map::work;
use super::noted::Noted;
use super::server::Way;
use super::state::{RepoState, State};
use super::wire;
use crate::domain::fact::Fact;
use crate::domain::text::Clean;
use crate::domain::{Timestamp, earlier, later};
use crate::sources::detail::Places;
use crate::sources::http::{Failure, List, their_now};
use crate::sources::selection::covers;
use crate::sources::{Batch, SourceError};

/// How many pages of changed repositories, or issues, are read for one owner.
const PAGES: usize = 10;

/// How far each search reaches back before the newest change that was seen: the server's index
/// follows its database with a delay.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);

/// How far the first search reaches back: what is open was not read before that.
const FIRST: TimeDelta = TimeDelta::hours(1);

impl Gitea {
    /// Asks each owner for what changed in its repositories.
    pub(super) async fn changes(&self, asked: Asked, batch: &mut Batch) -> Result<(), SourceError> {
        let owners: BTreeSet<String> = {
            let state = self.state();
            // A name that leads nowhere names no owner, either.
            let there = state.repos.values().filter(|repo| repo.misses == 0);
            there.map(RepoState::owner).collect()
        };
        let mut places = Places::default();
        for owner in owners {
            let read = async {
                self.touched(&owner, asked, batch).await?;
                self.moved_issues(&owner, asked, batch).await
            };
            let read = read.await;
            if matches!(read, Ok(true)) {
                self.cover(&owner, batch);
            }
            if !places.take(read.map(drop)) {
                break;
            }
        }
        places.end(batch, |text| self.port.shown(text))
    }

    /// Says that what is known of the repositories of an owner is so still.
    fn cover(&self, owner: &str, batch: &mut Batch) {
        let state = self.state();
        let quiet = state
            .repos
            .values()
            .filter(|repo| repo.owner() == owner && !repo.wanted && repo.pulls_wanted.is_empty());
        batch
            .covered
            .extend(quiet.map(|repo| Clean::line(&repo.path)));
    }

    /// Finds the repositories of an owner that were touched since the last time.
    async fn touched(
        &self,
        owner: &str,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let (id, since) = {
            let state = self.state();
            let known = state.owners.get(owner);
            let id = known.and_then(|known| known.id);
            let may = state.ways.may(Way::RepoSearch, asked.now);
            let may = may && !state.is_refused(owner, asked.now);
            let Some(id) = id.filter(|_| may) else {
                return Ok(());
            };
            (id.to_string(), known.and_then(|known| known.repos_to))
        };
        let mut newest = since;
        for page in 1..=PAGES {
            let (page, limit) = (page.to_string(), self.state().page.to_string());
            let query = [
                ("uid", id.as_str()),
                ("exclusive", "true"),
                ("sort", "updated"),
                ("order", "desc"),
                ("page", &page),
                ("limit", &limit),
            ];
            let asking = self.one::<wire::RepoSearch>(&["repos", "search"], &query, asked);
            let list = match asking.await {
                Ok((wire::RepoSearch { data }, _)) => data,
                Err(failure) => {
                    let of = (Way::RepoSearch, owner);
                    return self.no_search(of, failure, asked.now, batch);
                }
            };
            self.there(Way::RepoSearch);
            let oldest = list.items.last().and_then(|repo| repo.updated_at);
            newest = newest.max(list.items.iter().filter_map(|repo| repo.updated_at).max());
            self.see_touched(&list.items);
            // Sorted by change: what follows was not touched since.
            if oldest.is_none_or(|oldest| since.is_none_or(|since| oldest <= since)) {
                break;
            }
        }
        let mut state = self.state();
        state.owners.entry(owner.to_owned()).or_default().repos_to =
            newest.map(|at| at.min(asked.now));
        Ok(())
    }

    fn see_touched(&self, found: &[wire::Repo]) {
        let mut state = self.state();
        for wire in found {
            let is_new = state.known(&wire.full_name).is_none();
            if is_new {
                // Owners and patterns say which new ones are read, their lists find them as well.
                if !wire.archived && covers(&self.config, &wire.full_name) {
                    state.repo(&wire.full_name).changed_at = wire.updated_at;
                }
            } else if let Some(known) = state.known(&wire.full_name)
                && known.read_at.is_some()
                && known.see(wire)
            {
                known.wanted = true;
                known.ci_wanted = true;
            }
        }
    }

    /// Finds the issues and pull requests of an owner that changed since the last time; returns
    /// whether all of them were read.
    async fn moved_issues(
        &self,
        owner: &str,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<bool, SourceError> {
        let since = {
            let state = self.state();
            let may = state.ways.may(Way::IssueSearch, asked.now);
            if !may || state.is_refused(owner, asked.now) {
                return Ok(false);
            }
            let known = state.owners.get(owner).and_then(|known| known.issues_to);
            known.map(|at| earlier(at, OVERLAP))
        };
        let from = rfc3339(since.unwrap_or(asked.now - FIRST));
        let query = [("state", "all"), ("owner", owner), ("since", from.as_str())];
        let take = |list: List<wire::Issue>| list;
        let parts = ["repos", "issues", "search"];
        let pages = match self.pages(&parts, &query, (PAGES, asked), take).await {
            Ok(pages) => pages,
            Err(failure) => {
                let of = (Way::IssueSearch, owner);
                return self
                    .no_search(of, failure, asked.now, batch)
                    .map(|()| false);
            }
        };
        self.there(Way::IssueSearch);
        if let Some(trouble) = pages.trouble {
            return Err(trouble.error);
        }
        let newest = pages.list.items.iter().map(|issue| issue.updated_at).max();
        let mut state = self.state();
        for issue in &pages.list.items {
            self.see_moved(&mut state, issue, batch);
        }
        let is_all = pages.complete && pages.list.bad_count == 0;
        if !is_all {
            // More than fits, or not all of it can be read: everything is read again.
            self.again(&mut state, owner);
        }
        let known = state.owners.entry(owner.to_owned()).or_default();
        let to = known.issues_to.or(Some(asked.now - FIRST)).max(newest);
        // A moment that is still to come would hide all that happens until then.
        known.issues_to = to.map(|at| at.min(asked.now));
        Ok(is_all)
    }

    fn see_moved(&self, state: &mut State, issue: &wire::Issue, batch: &mut Batch) {
        let Some(name) = &issue.repository else {
            return;
        };
        let key = self.key(&name.full_name);
        let Some(repo) = state.known(&name.full_name) else {
            return;
        };
        repo.changed_at = repo.changed_at.max(Some(issue.updated_at));
        if issue.pull_request.is_some() {
            let is_same = repo.knows(issue.number, issue.updated_at);
            // Both by the clock of the server.
            let is_listed = repo
                .pulls_to
                .is_some_and(|to| to > later(issue.updated_at, OVERLAP));
            if repo.pulls_at.is_some() && !is_same && !is_listed {
                repo.pulls_wanted.insert(issue.number);
            }
        } else if let Some(ticket) = work::ticket(&key, issue) {
            repo.see_ticket(&ticket);
            batch.facts.push(Fact::Ticket(ticket));
        }
    }

    /// A search that is not there, or fails, costs the search: repositories are read one by one.
    /// One that is refused for an owner costs that owner.
    fn no_search(
        &self,
        (way, owner): (Way, &str),
        failure: Failure,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let is_answered = self.state().ways.answered(way);
        let is_of_owner = match failure.status {
            Some(400 | 422) => true,
            Some(404) => is_answered,
            _ => false,
        };
        if is_of_owner {
            let mut state = self.state();
            state.owners.entry(owner.to_owned()).or_default().refused_at = Some(now);
            drop(state);
            let text = format!(
                "each repository of `{owner}` is asked by itself: {}",
                failure.error
            );
            batch.warnings.push(self.port.shown(&text));
            return Ok(());
        }
        // The search has a server of its own, which may be broken while the rest works.
        let is_ours = matches!(
            (&failure.error, failure.status),
            (
                SourceError::NotFound { .. } | SourceError::Refused { .. },
                _
            ) | (SourceError::Unreachable { .. }, Some(500))
        );
        if !is_ours {
            return Err(failure.error);
        }
        let is_blank = {
            let mut state = self.state();
            state.ways.miss(way, now);
            state.repos.values().all(|repo| repo.read_at.is_none())
        };
        if is_blank && failure.status == Some(500) {
            // It may be no matter of the search: reading the repositories tells.
            return Ok(());
        }
        let text = format!(
            "without {} each repository is asked by itself: {}",
            way.what(),
            failure.error
        );
        batch.warnings.push(self.port.shown(&text));
        Ok(())
    }

    /// Lets the repositories of an owner be read again as a whole.
    fn again(&self, state: &mut State, owner: &str) {
        let repos = state.repos.values_mut();
        for repo in repos.filter(|repo| repo.owner() == owner) {
            (repo.issues_at, repo.pulls_at) = (None, None);
            let key = self.key(&repo.path);
            self.note_again(&key, Noted::Issues);
            self.note_again(&key, Noted::Pulls);
        }
    }
}

/// Returns the time at the server when it answered.
pub(super) fn there_now(answer: &crate::sources::http::Answer, now: Timestamp) -> Timestamp {
    their_now(&answer.headers, now)
}
