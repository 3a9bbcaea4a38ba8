//! Which repositories: the lists of owners, what left them, and what a slip was meant to be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use super::state::RepoState;
use super::wire::Actor;
use super::wire_rest::ListedRepo;
use super::{Ask, GitHub};
use crate::domain::key::RepoKey;
use crate::domain::text::{Clean, nearest};
use crate::sources::http::{List, Pages, follow};
use crate::sources::selection::{covers, glob, is_pattern, owners, plain};
use crate::sources::{Batch, SourceError};

/// How many pages of an owner's repositories are read.
const PAGES: usize = 10;

/// The repositories of owners, by owner in small letters.
pub(super) type Names = BTreeMap<String, Vec<String>>;

/// Of how many owners the list is read at once because a repository is not there.
const MOST_LEARNED: usize = 3;

impl GitHub {
    /// Reads the lists of repositories; those that left them are polled no more.
    pub(super) async fn discover(&self, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut found: Vec<ListedRepo> = Vec::new();
        let mut missing = Vec::new();
        let mut complete = true;
        for owner in owners(&self.config) {
            let pages = match self.owned(owner.as_deref(), ask).await {
                Ok(pages) => pages,
                // One that is not there costs that one; the others are listed.
                Err(error @ (SourceError::NotFound { .. } | SourceError::Forbidden { .. })) => {
                    self.learn_owners(ask).await;
                    missing.push(self.with_near(owner.as_deref(), error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let owned_by = owner.clone();
            complete &= pages.complete && pages.list.bad_count == 0;
            if let Some(trouble) = pages.trouble {
                batch
                    .warnings
                    .push(self.api.client.shown(&trouble.error.to_string()));
            }
            if let Some(owner) = owner.filter(|_| pages.complete && pages.list.items.is_empty()) {
                // It is there, and it is empty or shows nothing to this token: no failure.
                let text = format!("`{owner}` has no repository that this token may see");
                batch.warnings.push(Clean::line(&text));
                batch.covered.push(Clean::line(&owner));
            }
            self.note_names(owned_by, &pages.list.items);
            found.extend(pages.list.items);
        }
        found.retain(|repo| {
            !repo.archived && !repo.disabled && covers(&self.config, &repo.full_name)
        });
        if !complete {
            let text = "not every repository could be listed";
            batch.warnings.push(Clean::line(text));
        }
        if complete && missing.is_empty() {
            missing.extend(self.unmatched(&found));
        }
        self.take_found(&found, complete && missing.is_empty(), ask);
        self.state().missing_owners = missing;
        Ok(batch)
    }

    /// Returns the patterns that no repository matches.
    fn unmatched(&self, found: &[ListedRepo]) -> Vec<SourceError> {
        let patterns = self.config.repos.iter().filter(|path| is_pattern(path));
        let mut unmatched = Vec::new();
        for pattern in patterns {
            let matcher = glob(pattern).map(|glob| glob.compile_matcher());
            let fits = |repo: &ListedRepo| {
                matcher
                    .as_ref()
                    .is_some_and(|matcher| matcher.is_match(&repo.full_name))
            };
            if !found.iter().any(fits) {
                unmatched.push(self.missing(format!(
                    "a repository that matches `{}`",
                    Clean::line(pattern)
                )));
            }
        }
        unmatched
    }

    pub(super) fn missing(&self, what: String) -> SourceError {
        SourceError::NotFound {
            host: self.api.host.clone(),
            what,
            near: None,
        }
    }

    /// Notes what an owner has: the nearest name of a slip.
    fn note_names(&self, owner: Option<String>, found: &[ListedRepo]) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = owner {
            names.entry(owner.to_ascii_lowercase()).or_default();
        }
        for repo in found {
            let (owner, _) = repo.full_name.split_once('/').unwrap_or_default();
            let known = names.entry(owner.to_ascii_lowercase()).or_default();
            let name = Clean::line(&repo.full_name).to_string();
            if known.len() < PAGES * 100 && !known.contains(&name) {
                known.push(name);
            }
        }
    }

    /// Reads, once, what the owners of these repositories have; they are not there.
    pub(super) async fn learn_names(&self, missing: &[&String], ask: Ask) {
        let owner_of = |path: &&String| Some(path.split_once('/')?.0.to_ascii_lowercase());
        let owners: BTreeSet<String> = missing.iter().filter_map(owner_of).collect();
        for owner in owners.into_iter().take(MOST_LEARNED) {
            let known = {
                let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
                names.contains_key(&owner)
            };
            if !known {
                let found = self.owned(Some(&owner), ask).await;
                let items = found.map_or_else(|_| Vec::new(), |pages| pages.list.items);
                self.note_names(Some(owner), &items);
            }
        }
    }

    /// Asks, once, which organisations the token belongs to: one that is named is not there.
    pub(super) async fn learn_owners(&self, ask: Ask) {
        let known = |owners: &Option<Vec<String>>| owners.is_some();
        if self.state().anonymous || known(&self.owners()) {
            return;
        }
        let query = [("per_page", "100")];
        let request = self.api.request("user/orgs", &query, ask.urgency);
        let take = |list: List<Actor>| list;
        let read = follow(&self.api.client, request, 1, take).await;
        let items = read.map_or_else(|_| Vec::new(), |pages| pages.list.items);
        let logins = items.into_iter().filter_map(|actor| actor.login);
        let logins = logins.map(|login| Clean::line(&login).to_string());
        *self.owners() = Some(logins.collect());
    }

    fn owners(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to an owner that is not there the one that was probably meant.
    pub(super) fn with_near(&self, owner: Option<&str>, error: SourceError) -> SourceError {
        let (SourceError::NotFound { host, what, .. }, Some(owner)) = (&error, owner) else {
            return error;
        };
        let others = self.owners();
        let others = others.iter().flatten().map(String::as_str);
        let others = others.filter(|other| !other.eq_ignore_ascii_case(owner));
        SourceError::NotFound {
            host: host.clone(),
            what: what.clone(),
            near: nearest(owner, others).map(str::to_owned),
        }
    }

    /// Returns the repository of the same owner that was probably meant.
    pub(super) fn near(&self, path: &str) -> Option<String> {
        let (owner, name) = path.split_once('/')?;
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = names.get(&owner.to_ascii_lowercase());
        let others = listed.into_iter().flatten().map(String::as_str);
        let others = others.filter(|other| !other.eq_ignore_ascii_case(path));
        let near = nearest(
            name,
            others.filter_map(|other| Some(other.split_once('/')?.1)),
        )?;
        Some(format!("{owner}/{near}"))
    }

    fn take_found(&self, found: &[ListedRepo], complete: bool, ask: Ask) {
        let mut state = self.state();
        for repo in found {
            let known: &mut RepoState = state.repo(&repo.full_name);
            known.changed_at = known.changed_at.max(repo.pushed_at);
        }
        state.discovered_at = Some(ask.now);
        if complete {
            let named: Vec<String> = plain(&self.config.repos)
                .chain(found.iter().map(|repo| repo.full_name.as_str()))
                .map(str::to_ascii_lowercase)
                .collect();
            let left: Vec<String> = state
                .repos
                .extract_if(.., |path, _| !named.contains(path))
                .map(|(_, repo)| repo.path)
                .collect();
            let left = left.iter().map(|path| self.key(path));
            let left: Vec<RepoKey> = left.filter(|key| !state.polls(key)).collect();
            state.stored.retain(|key| !left.contains(key));
            state.leaving.extend(left);
            state.all_found = true;
        }
    }

    /// Lists what an owner has: as an organisation, or else as a user.
    async fn owned(&self, owner: Option<&str>, ask: Ask) -> Result<Pages<ListedRepo>, SourceError> {
        let paths = match owner {
            Some(owner) => vec![
                format!("orgs/{owner}/repos"),
                format!("users/{owner}/repos"),
            ],
            None => vec!["user/repos".to_owned()],
        };
        let query = [("per_page", "100"), ("sort", "pushed")];
        let mut last = None;
        for path in paths {
            let request = self.api.request(&path, &query, ask.urgency);
            match follow(&self.api.client, request, PAGES, |page| page).await {
                Ok(pages) => return Ok(pages),
                Err(failure) if failure.status == Some(404) => last = Some(failure.error),
                Err(failure) => return Err(self.of_owner(owner, failure.error)),
            }
        }
        Err(self.of_owner(
            owner,
            last.unwrap_or_else(|| self.missing("the list of repositories".to_owned())),
        ))
    }

    /// Names the owner in place of the route.
    fn of_owner(&self, owner: Option<&str>, error: SourceError) -> SourceError {
        let owner = owner.map(Clean::line);
        match (error, owner) {
            (SourceError::NotFound { .. }, Some(owner)) => {
                self.missing(format!("the organisation `{owner}`"))
            }
            (SourceError::Forbidden { permission, .. }, owner) => SourceError::Forbidden {
                host: self.api.host.clone(),
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
