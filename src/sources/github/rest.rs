//! Without GraphQL: the same facts by REST lists, each with its `ETag`.
//!
//! Costs more requests, but an unchanged list is free. What lists do not tell of
//! pull requests (reviews, mergeability, checks in sum) is asked one by one.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::de::DeserializeOwned;

use super::map::{self, delivery, work};
use super::more::{ENDED_PAGES, WINDOW_DAYS};
use super::refresh::{listing, warn};
use super::state::is_fresh;
use super::wire;
use super::wire_rest::{
    EnvironmentPage, RestBranch, RestCommit, RestDeployment, RestIssue, RestPull, RestRepo,
    Statuses,
};
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::repository::{Branch, Repository};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;
use crate::sources::detail::absent;
use crate::sources::http::{Failure, List, Pages, follow};
use crate::sources::{Batch, SourceError};

/// How many pages of open tickets or change requests are read.
const PAGES: usize = 10;

/// Of how many deployments the statuses are read in one fetch.
const STATUSES: usize = 10;

impl GitHub {
    /// Reads one repository by REST.
    pub(super) async fn rest(&self, path: &str, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let fresh = self
            .state()
            .known(path)
            .is_some_and(|repo| is_fresh(repo.probed_at, ask.now));
        if fresh && !ask.forced {
            batch.covered.push(Clean::line(path));
            return Ok(batch);
        }
        let answer = self.one::<RestRepo>(&format!("repos/{path}"), ask).await;
        let repo = match answer {
            Ok(repo) => repo,
            Err(failure) if matches!(failure.error, SourceError::NotFound { .. }) => {
                let mut state = self.state();
                self.miss(&mut state, path, &mut batch);
                drop(state);
                return if batch.gone_repos.is_empty() {
                    Err(self.not_there(path))
                } else {
                    Ok(batch)
                };
            }
            Err(failure) => return Err(failure.error),
        };
        if self.is_another(&mut self.state(), path, repo.id, &mut batch) {
            // What goes and what comes are told one after the other: it is asked again at once.
            return Ok(batch);
        }
        let reader = Reader {
            github: self,
            key: self.key(&repo.full_name),
            ask,
        };
        self.who(ask).await;
        let read = reader.all(&repo, &mut batch).await?;
        self.take_rest(path, &repo, read, &batch.facts, ask);
        batch.covered.push(Clean::line(reader.key.path()));
        Ok(batch)
    }

    /// Takes in that all of it was read; nothing is waited for after this.
    fn take_rest(&self, path: &str, repo: &RestRepo, read: Read, facts: &[Fact], ask: Ask) {
        let mut state = self.state();
        if let Some(known) = state.known(path) {
            known.turn += 1;
            known.looked_for.extend(read.looked_for);
            known.see_rest_places(facts, read.deployments);
            known.probed_at = Some(ask.now);
            repo.full_name.clone_into(&mut known.path);
            known.misses = 0;
            let first = known.seen.is_none();
            let pushed = known.changed_at.max(repo.pushed_at);
            known.runs_wanted |= first || pushed != known.changed_at;
            known.changed_at = pushed;
            // Not a fingerprint of a probe: should GraphQL come back, everything is read again.
            known.seen = Some(0);
            known.read = None;
            known.full_at = Some(ask.now);
        }
    }

    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        route: &str,
        ask: Ask,
    ) -> Result<T, Failure> {
        let request = self.api.request(route, &[], ask.urgency);
        let (read, _) = self.api.client.get_as(&request).await?;
        Ok(read)
    }
}

/// What says when it last changed.
trait Dated {
    fn updated_at(&self) -> Timestamp;
}

impl Dated for RestPull {
    fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
}

impl Dated for RestIssue {
    fn updated_at(&self) -> Timestamp {
        self.updated_at
    }
}

/// What is known besides facts after a read.
struct Read {
    /// The tickets that were looked for one by one.
    looked_for: Vec<TicketKey>,
    /// Whether it is known of all deployments that there are how they went.
    deployments: bool,
}

/// Reads the lists of one repository.
pub(super) struct Reader<'a> {
    pub(super) github: &'a GitHub,
    pub(super) key: RepoKey,
    pub(super) ask: Ask,
}

impl Reader<'_> {
    /// Reads all of it.
    async fn all(&self, repo: &RestRepo, batch: &mut Batch) -> Result<Read, SourceError> {
        self.tickets(batch).await?;
        self.changes(repo.default_branch.as_deref(), batch).await?;
        let looked_for = self.closed_tickets(batch).await?;
        self.releases(batch).await?;
        let deployments = self.deployments(batch).await?;
        self.branches(repo, batch).await?;
        Ok(Read {
            looked_for,
            deployments,
        })
    }

    /// Reads one thing; what is not there, or not for us, is none.
    pub(super) async fn maybe<T: DeserializeOwned>(
        &self,
        route: &str,
        batch: &mut Batch,
    ) -> Result<Option<T>, SourceError> {
        match self.github.one(route, self.ask).await {
            Ok(read) => Ok(Some(read)),
            Err(failure) => absent(failure, batch).map(|()| None),
        }
    }

    /// Reads pages of a list; a list that is not there, or not for us, is none.
    async fn list<T: DeserializeOwned>(
        &self,
        route: &str,
        query: &[(&str, &str)],
        pages: usize,
        batch: &mut Batch,
    ) -> Result<Option<Pages<T>>, SourceError> {
        let route = format!("repos/{}/{route}", self.key.path());
        let request = self.github.api.request(&route, query, self.ask.urgency);
        let take = |list: List<T>| list;
        match follow(&self.github.api.client, request, pages, take).await {
            Ok(pages) => {
                warn(&self.key, "records", &pages.list, batch);
                if let Some(trouble) = &pages.trouble {
                    batch.warnings.push(Clean::line(&trouble.error.to_string()));
                }
                Ok(Some(pages))
            }
            Err(failure) => absent(failure, batch).map(|()| None),
        }
    }

    async fn tickets(&self, batch: &mut Batch) -> Result<(), SourceError> {
        let ticket = |issue: &RestIssue| work::rest_ticket(&self.key, issue).map(Fact::Ticket);
        let open = [("state", "open"), ("per_page", "100"), ("sort", "updated")];
        if let Some(pages) = self
            .list::<RestIssue>("issues", &open, PAGES, batch)
            .await?
        {
            let facts: Vec<Fact> = pages.list.items.iter().filter_map(ticket).collect();
            self.keep("tickets/open", facts, is_whole(&pages), batch);
        }
        let closed = self.ended::<RestIssue>("issues", "100", batch).await?;
        batch.facts.extend(closed.iter().filter_map(ticket));
        Ok(())
    }

    async fn changes(&self, default: Option<&str>, batch: &mut Batch) -> Result<(), SourceError> {
        let change = |pull: &RestPull| work::rest_change(&self.key, pull, default);
        let boxed = |change| Fact::ChangeRequest(Box::new(change));
        let open = [("state", "open"), ("per_page", "100")];
        let mut trouble = Ok(());
        if let Some(pages) = self.list::<RestPull>("pulls", &open, PAGES, batch).await? {
            let mut changes: Vec<_> = pages.list.items.iter().map(change).collect();
            trouble = self.fill(&mut changes, batch).await;
            let facts = changes.into_iter().map(boxed).collect();
            self.keep("changes/open", facts, is_whole(&pages), batch);
        }
        for wire in self.ended::<RestPull>("pulls", "30", batch).await? {
            batch.facts.push(boxed(change(&wire)));
        }
        trouble
    }

    /// Reads what ended, a page at least, and on while it lies in the window.
    async fn ended<T: DeserializeOwned + Dated>(
        &self,
        route: &str,
        size: &str,
        batch: &mut Batch,
    ) -> Result<Vec<T>, SourceError> {
        let window = self.ask.now - TimeDelta::days(WINDOW_DAYS);
        let mut ended = Vec::new();
        for page in 1..=ENDED_PAGES {
            let page = page.to_string();
            let mut query = vec![
                ("state", "closed"),
                ("per_page", size),
                ("sort", "updated"),
                ("direction", "desc"),
            ];
            // The first page keeps the address that its validator is stored under.
            query.extend((page != "1").then_some(("page", page.as_str())));
            let Some(read) = self.list::<T>(route, &query, 1, batch).await? else {
                break;
            };
            let done = read.complete;
            ended.extend(read.list.items);
            let within = |found: &T| found.updated_at() > window;
            if done || !ended.last().is_some_and(within) {
                break;
            }
        }
        Ok(ended)
    }

    async fn releases(&self, batch: &mut Batch) -> Result<(), SourceError> {
        let query = [("per_page", "20")];
        let pages = self
            .list::<wire::Release>("releases", &query, 1, batch)
            .await?;
        let Some(pages) = pages else { return Ok(()) };
        for wire in &pages.list.items {
            let mut release = delivery::release(&self.key, wire);
            if release.sha.is_none() && !release.draft {
                release.sha = self.commit_of(&format!("tags/{}", wire.tag_name)).await?;
            }
            batch.facts.push(Fact::Release(release));
        }
        Ok(())
    }

    /// Returns the commit that a tag names; REST releases do not tell it.
    async fn commit_of(&self, reference: &str) -> Result<Option<Sha>, SourceError> {
        let tag = reference.trim_start_matches("tags/");
        let route = format!("repos/{}/commits/{tag}", self.key.path());
        match self
            .github
            .one::<super::wire_rest::ShaOnly>(&route, self.ask)
            .await
        {
            Ok(commit) => Ok(Sha::parse(&commit.sha)),
            Err(failure) => {
                let mut ignored = Batch::default();
                absent(failure, &mut ignored).map(|()| None)
            }
        }
    }

    /// Reads environments and deployments; returns whether it is known of all how they went.
    async fn deployments(&self, batch: &mut Batch) -> Result<bool, SourceError> {
        let route = format!("repos/{}/environments", self.key.path());
        match self.github.one::<EnvironmentPage>(&route, self.ask).await {
            Ok(page) => {
                warn(&self.key, "environments", &page.environments, batch);
                let items = page.environments.items.iter();
                let found = items.map(|item| delivery::environment(&self.key, item));
                batch.facts.extend(found.map(Fact::Environment));
            }
            Err(failure) => absent(failure, batch)?,
        }
        let query = [("per_page", "30")];
        let pages = self
            .list::<RestDeployment>("deployments", &query, 1, batch)
            .await?;
        // Of what is not for us there is no more to ask.
        let Some(pages) = pages else { return Ok(true) };
        let mut whole = is_whole(&pages);
        let mut newest = BTreeSet::new();
        let mut asked = 0;
        for wire in pages.list.items {
            let first = newest.insert(wire.environment.clone());
            let told = asked < STATUSES && (first || asked < STATUSES / 2);
            asked += usize::from(told);
            if told {
                let statuses = self.statuses_of(wire.id, batch).await?;
                let found = delivery::rest_deployment(&self.key, wire, statuses);
                batch.facts.extend(found.map(Fact::Deployment));
            } else if self.github.state().has_arrived(&self.key, wire.id) {
                // How it went is known, and to say less would take that back.
            } else if let Some(found) = delivery::rest_deployment(&self.key, wire, None) {
                // Not asked is not the same as queued.
                whole = false;
                let state = DeployState::Unknown(Clean::line("not asked"));
                batch
                    .facts
                    .push(Fact::Deployment(Deployment { state, ..found }));
            }
        }
        Ok(whole)
    }

    async fn statuses_of(
        &self,
        id: u64,
        batch: &mut Batch,
    ) -> Result<Option<Statuses>, SourceError> {
        let path = self.key.path();
        let route = format!("repos/{path}/deployments/{id}/statuses");
        match self.github.one::<Statuses>(&route, self.ask).await {
            Ok(statuses) => Ok(Some(statuses)),
            Err(failure) => absent(failure, batch).map(|()| None),
        }
    }

    async fn branches(&self, repo: &RestRepo, batch: &mut Batch) -> Result<(), SourceError> {
        let query = [("per_page", "100")];
        let pages = self
            .list::<RestBranch>("branches", &query, 3, batch)
            .await?;
        let tip = |wire: &RestBranch| wire.commit.as_ref().and_then(|tip| Sha::parse(&tip.sha));
        let branches = pages.map(|pages| pages.list.items).unwrap_or_default();
        let is_flow = |name: &str| name == "develop" || name.starts_with("release/");
        let flow: Vec<Branch> = branches
            .iter()
            .filter(|wire| is_flow(&wire.name))
            .take(4)
            .map(|wire| Branch {
                name: Clean::line(&wire.name),
                tip: tip(wire),
            })
            .collect();
        let main = repo.default_branch.as_deref();
        batch.facts.push(Fact::Repository(Repository {
            repo: self.key.clone(),
            renamed_from: Vec::new(),
            url: map::link(repo.html_url.as_deref()),
            default_branch: main.map(|name| Branch {
                name: Clean::line(name),
                tip: branches.iter().find(|wire| wire.name == name).and_then(tip),
            }),
            flow_branches: flow.clone(),
            pushed_at: repo.pushed_at,
            archived: repo.archived,
        }));
        let names = flow.iter().map(|branch| branch.name.as_str()).chain(main);
        for name in names {
            let query = [("sha", name), ("per_page", "30")];
            let pages = self.list::<RestCommit>("commits", &query, 1, batch).await?;
            let commits = pages.map(|pages| pages.list.items).unwrap_or_default();
            let commits = commits.iter();
            let commits = commits.filter_map(|wire| map::rest_commit(&self.key, name, wire));
            batch.facts.extend(commits.map(Fact::Commit));
        }
        Ok(())
    }

    fn keep(&self, name: &str, facts: Vec<Fact>, whole: bool, batch: &mut Batch) {
        if whole {
            let members = facts.iter().map(Fact::id);
            batch.listings.push(listing(&self.key, name, members));
        }
        batch.facts.extend(facts);
    }
}

fn is_whole<T>(pages: &Pages<T>) -> bool {
    pages.complete && pages.list.bad_count == 0
}
