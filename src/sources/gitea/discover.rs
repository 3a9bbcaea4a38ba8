//! The server itself, and which repositories: those named, those of owners, those that match.

use chrono::TimeDelta;

use super::Gitea;
use super::api::Asked;
use super::map;
use super::noted::Noted;
use super::server::Server;
use super::state::{PAGE, RepoState, State};
use super::wire;
use super::wire_actions::Description;
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::repository::{Branch, Repository};
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List, Pages};
use crate::sources::selection::{covers, glob, is_pattern, owners, plain};
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many pages of an owner's repositories are read.
const PAGES: usize = 40;

/// The largest page that is asked for.
const LARGEST_PAGE: usize = 100;

/// After how long the server is asked again to describe itself.
const DESCRIBED_FOR: TimeDelta = TimeDelta::hours(24);

impl Gitea {
    /// Finds out what the server is, how long its pages are, and who asks.
    pub(super) async fn look_at_server(&self, asked: Asked) -> Result<Batch, SourceError> {
        let (wire::Version { version }, _) = self.one(&["version"], &[], asked).await?;
        let server = Server::read(&version, self.kind);
        self.port.can("interface", CapabilityState::Available);
        let is_other = {
            let mut state = self.state();
            state.server_at = Some(asked.now);
            let is_other = state.server.as_ref() != Some(&server);
            if is_other {
                state.ways.forget(&server);
                state.server = Some(server);
            }
            is_other
        };
        let described = self.state().described_at;
        if is_other || described.is_none_or(|at| asked.now - at >= DESCRIBED_FOR) {
            self.learn_pages(asked).await?;
            self.learn_me(asked).await?;
            self.learn_ways(asked).await?;
            self.state().described_at = Some(asked.now);
        }
        Ok(Batch::default())
    }

    /// Reads how many records a page may have.
    async fn learn_pages(&self, asked: Asked) -> Result<(), SourceError> {
        let read = self.one::<wire::ApiSettings>(&["settings", "api"], &[], asked);
        let most = match read.await {
            Ok((settings, _)) => settings.max_response_items,
            Err(failure) => lesser(failure).map(|()| None)?,
        };
        self.state().page = most.map_or(PAGE, |most| most.clamp(1, LARGEST_PAGE));
        Ok(())
    }

    /// Reads as whom it asks; a token without that scope is not told.
    async fn learn_me(&self, asked: Asked) -> Result<(), SourceError> {
        if self.port.meter().token_from == crate::sources::UNNAMED {
            return Ok(());
        }
        match self.one::<wire::User>(&["user"], &[], asked).await {
            Ok((user, _)) => {
                self.state().me = user.login.map(|login| Clean::line(&login).to_string());
            }
            Err(failure) => lesser(failure)?,
        }
        Ok(())
    }

    /// Reads the server's description of itself, where it gives one.
    async fn learn_ways(&self, asked: Asked) -> Result<(), SourceError> {
        let url = self.port.url(&["swagger.v1.json"], &[]);
        match self.port.get::<Description>(url, asked.ask).await {
            Ok((description, _)) => self.state().ways.learn(&description),
            // It may be switched off: then each route is found out by asking.
            Err(failure) => {
                self.port.excused(&failure);
                lesser(failure)?;
            }
        }
        Ok(())
    }

    /// Reads the lists of repositories; those that left them are polled no more.
    pub(super) async fn discover(&self, asked: Asked) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut found: Vec<wire::Repo> = Vec::new();
        let mut missing = Vec::new();
        let mut complete = true;
        for owner in owners(&self.config) {
            let pages = match self.owned(owner.as_deref(), asked).await {
                Ok(pages) => pages,
                // One that is not there costs that one; the others are listed.
                Err(error @ (SourceError::NotFound { .. } | SourceError::Forbidden { .. })) => {
                    missing.push(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            complete &= pages.complete && pages.list.bad_count == 0;
            if let Some(trouble) = &pages.trouble {
                let text = trouble.error.to_string();
                batch.warnings.push(self.port.shown(&text));
            }
            if let Some(owner) = owner.filter(|_| pages.complete && pages.list.items.is_empty()) {
                let text = format!("`{owner}` has no repository that this token may see");
                batch.warnings.push(Clean::line(&text));
                batch.covered.push(Clean::line(&owner));
            }
            found.extend(pages.list.items);
        }
        found.retain(|repo| !repo.archived && covers(&self.config, &repo.full_name));
        if !complete {
            let text = "not every repository could be listed";
            batch.warnings.push(Clean::line(text));
        }
        if complete && missing.is_empty() {
            missing.extend(self.unmatched(&found));
        }
        let all = complete && missing.is_empty();
        self.take_found(&found, all, asked.now, &mut batch);
        self.state().missing = missing;
        Ok(batch)
    }

    /// Returns the patterns that no repository matches.
    fn unmatched(&self, found: &[wire::Repo]) -> Vec<SourceError> {
        let patterns = self.config.repos.iter().filter(|path| is_pattern(path));
        let alone = patterns.filter(|pattern| {
            let matcher = glob(pattern).map(|glob| glob.compile_matcher());
            let fits = |repo: &wire::Repo| {
                let matcher = matcher.as_ref();
                matcher.is_some_and(|matcher| matcher.is_match(&repo.full_name))
            };
            !found.iter().any(fits)
        });
        alone
            .map(|pattern| {
                self.missing(format!(
                    "a repository that matches `{}`",
                    Clean::line(pattern)
                ))
            })
            .collect()
    }

    /// Returns the names that led to a repository of another name.
    pub(super) fn names_before(&self, path: &str) -> Vec<RepoKey> {
        let state = self.state();
        let led = state.moved.iter();
        let led = led.filter(|(_, to)| to.eq_ignore_ascii_case(path));
        led.map(|(from, _)| self.key(from)).collect()
    }

    pub(super) fn missing(&self, what: String) -> SourceError {
        SourceError::NotFound {
            host: self.port.host().to_owned(),
            what,
            near: None,
        }
    }

    /// Returns the error of a repository that is not there.
    pub(super) fn not_there(&self, path: &str) -> SourceError {
        self.missing(format!("the repository `{}`", Clean::line(path)))
    }

    fn take_found(&self, found: &[wire::Repo], all: bool, now: Timestamp, batch: &mut Batch) {
        let mut state = self.state();
        for wire in found {
            note_owner(&mut state, wire);
            // A list tells what is called so now.
            state.moved.remove(&wire.full_name.to_ascii_lowercase());
            let known = state.repo(&wire.full_name);
            known.identity.get_or_insert(wire.id);
            if known.read_at.is_none() && RepoState::is_idle(wire, now) {
                // Nothing of it would be shown until somebody touches it.
                known.see(wire);
                known.take_as_read(now);
                let key = self.key(&wire.full_name);
                for list in [Noted::Issues, Noted::Pulls] {
                    if !self.was_read(&key, list) {
                        self.note_read(&key, list);
                    }
                }
                batch.facts.push(Fact::Repository(bare(&key, wire)));
            } else if known.read_at.is_some() && known.see(wire) {
                known.wanted = true;
            }
            known.changed_at = known.changed_at.max(wire.updated_at);
        }
        state.discovered_at = Some(now);
        if all {
            let named: Vec<String> = plain(&self.config.repos)
                .map(str::to_ascii_lowercase)
                .collect();
            let named: Vec<String> = named
                .iter()
                .map(|path| state.moved.get(path).unwrap_or(path).clone())
                .chain(found.iter().map(|repo| repo.full_name.to_ascii_lowercase()))
                .collect();
            let left: Vec<String> = state
                .repos
                .extract_if(.., |path, _| !named.contains(path))
                .map(|(_, repo)| repo.path)
                .collect();
            let left = left.iter().map(|path| self.key(path));
            let left: Vec<RepoKey> = left.collect();
            state.leaving.extend(left);
        }
    }

    /// Lists what an owner has: as an organisation, or else as a user.
    pub(super) async fn owned(
        &self,
        owner: Option<&str>,
        asked: Asked,
    ) -> Result<Pages<wire::Repo>, SourceError> {
        let routes: Vec<Vec<&str>> = match owner {
            Some(owner) => vec![vec!["orgs", owner, "repos"], vec!["users", owner, "repos"]],
            None => vec![vec!["user", "repos"]],
        };
        let mut last: Option<Failure> = None;
        for parts in routes {
            let take = |list: List<wire::Repo>| list;
            match self.pages(&parts, &[], (PAGES, asked), take).await {
                Ok(pages) => {
                    // It is no organisation but a user, as asking tells.
                    if let Some(failure) = &last {
                        self.port.excused(failure);
                    }
                    return Ok(pages);
                }
                Err(failure) if failure.status == Some(404) => last = Some(failure),
                Err(failure) => return Err(self.of_owner(owner, failure.error)),
            }
        }
        let nothing = || self.missing("the list of repositories".to_owned());
        Err(self.of_owner(owner, last.map_or_else(nothing, |last| last.error)))
    }

    /// Names the owner in place of the route.
    fn of_owner(&self, owner: Option<&str>, error: SourceError) -> SourceError {
        let owner = owner.map(Clean::line);
        match (error, owner) {
            (SourceError::NotFound { .. }, Some(owner)) => {
                self.missing(format!("the organisation or user `{owner}`"))
            }
            (SourceError::Forbidden { permission, .. }, owner) => SourceError::Forbidden {
                host: self.port.host().to_owned(),
                what: owner.map_or_else(
                    || "the list of its repositories".to_owned(),
                    |owner| format!("the repositories of `{owner}`"),
                ),
                permission,
            },
            (error, _) => error,
        }
    }
}

/// Notes the number of an owner: a search for its repositories asks for that.
pub(super) fn note_owner(state: &mut State, wire: &wire::Repo) {
    let (owner, _) = wire.full_name.split_once('/').unwrap_or_default();
    let id = wire.owner.as_ref().and_then(|owner| owner.id);
    if let Some(id) = id.and_then(|id| u64::try_from(id).ok()) {
        let known = state.owners.entry(owner.to_ascii_lowercase());
        known.or_default().id = Some(id);
    }
}

/// Returns a repository as a list of them tells it.
pub(super) fn bare(key: &RepoKey, wire: &wire::Repo) -> Repository {
    let default = wire.default_branch.as_deref();
    Repository {
        repo: key.clone(),
        url: map::link(wire.html_url.as_deref()),
        default_branch: default.map(|name| Branch {
            name: Clean::line(name),
            tip: None,
        }),
        flow_branches: Vec::new(),
        pushed_at: map::when(wire.updated_at),
        archived: wire.archived,
        renamed_from: Vec::new(),
    }
}

/// What is of no use without a right of its own is left out; trouble with the host is told.
fn lesser(failure: Failure) -> Result<(), SourceError> {
    crate::sources::detail::absent(failure, &mut Batch::default())
}
