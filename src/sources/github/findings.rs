//! Security findings: one request an owner where it allows that, else by repository.
//!
//! A route that is refused is not tried again for a quarter of an hour.

use std::collections::BTreeMap;

use super::map::delivery;
use super::refresh::listing;
use super::wire_rest::SecurityAlert;
use super::{Ask, GitHub};
use crate::domain::fact::Fact;
use crate::domain::finding::FindingKind;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List, Pages, follow};
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many pages of findings are read.
const PAGES: usize = 10;

/// For how long a refusal is believed.
const MINUTES: i64 = 15;

/// How many repositories of an owner are asked one by one.
const ONE_BY_ONE: usize = 20;

const KINDS: [(FindingKind, &str, &str, &str); 3] = [
    (
        FindingKind::Dependency,
        "dependabot",
        "findings/dependency",
        "dependency alerts",
    ),
    (
        FindingKind::Code,
        "code-scanning",
        "findings/code",
        "code scanning alerts",
    ),
    (
        FindingKind::Secret,
        "secret-scanning",
        "findings/secret",
        "secret scanning alerts",
    ),
];

type Kind = (FindingKind, &'static str, &'static str, &'static str);

impl GitHub {
    /// Reads the open findings of all repositories of an owner.
    pub(super) async fn findings(&self, owner: &str, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        for kind in KINDS {
            // GraphQL tells vulnerable dependencies with everything else.
            let told = kind.0 == FindingKind::Dependency && self.state().tells_alerts();
            if told || self.is_hidden(owner, kind.0, ask) {
                continue;
            }
            match self.alerts(&format!("orgs/{owner}"), kind, ask).await {
                Ok(pages) => {
                    self.state().can(kind.3, CapabilityState::Available);
                    self.take_org(owner, kind, &pages, &mut batch);
                }
                Err(failure) if is_refusal(&failure) => {
                    self.one_by_one(owner, kind, ask, &mut batch).await?;
                }
                Err(failure) => return Err(failure.error),
            }
        }
        Ok(batch)
    }

    async fn alerts(
        &self,
        place: &str,
        kind: Kind,
        ask: Ask,
    ) -> Result<Pages<SecurityAlert>, Failure> {
        let route = format!("{place}/{}/alerts", kind.1);
        let mut query = vec![("state", "open"), ("per_page", "100")];
        if kind.0 == FindingKind::Secret {
            query.push(("hide_secret", "true"));
        }
        let request = self.api.request(&route, &query, ask.urgency);
        let take = |list: List<SecurityAlert>| list;
        follow(&self.api.client, request, PAGES, take).await
    }

    /// Sorts the findings of an owner to its repositories that are polled.
    fn take_org(&self, owner: &str, kind: Kind, pages: &Pages<SecurityAlert>, batch: &mut Batch) {
        let mut by_repo: BTreeMap<RepoKey, Vec<Fact>> = self
            .paths_of(owner, usize::MAX)
            .iter()
            .map(|path| (self.key(path), Vec::new()))
            .collect();
        for alert in &pages.list.items {
            let place = alert
                .repository
                .as_ref()
                .map(|place| self.key(&place.full_name));
            if let Some((repo, facts)) = place.and_then(|key| {
                let facts = by_repo.get_mut(&key)?;
                Some((key, facts))
            }) {
                facts.push(Fact::Finding(delivery::finding(&repo, kind.0, alert)));
            }
        }
        let whole = pages.complete && pages.list.bad_count == 0;
        for (repo, facts) in by_repo {
            if whole {
                batch
                    .listings
                    .push(listing(&repo, kind.2, facts.iter().map(Fact::id)));
            }
            batch.facts.extend(facts);
        }
    }

    /// Asks repository by repository, the hottest first; a refusal by permission ends it.
    async fn one_by_one(
        &self,
        owner: &str,
        kind: Kind,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        for path in self.paths_of(owner, ONE_BY_ONE) {
            if self.is_hidden(&path, kind.0, ask) {
                continue;
            }
            let key = self.key(&path);
            let read = self.alerts(&format!("repos/{path}"), kind, ask).await;
            let pages = match read {
                Ok(pages) => pages,
                Err(failure) if is_refusal(&failure) => {
                    self.hide(&path, kind.0, ask);
                    if failure.status == Some(403) {
                        self.refused(owner, kind, &failure.error, ask);
                        return Ok(());
                    }
                    continue;
                }
                Err(failure) if batch.facts.is_empty() => return Err(failure.error),
                Err(failure) => {
                    batch.warnings.push(Clean::line(&failure.error.to_string()));
                    return Ok(());
                }
            };
            self.state().can(kind.3, CapabilityState::Available);
            let alerts = pages.list.items.iter();
            let facts: Vec<Fact> = alerts
                .map(|alert| Fact::Finding(delivery::finding(&key, kind.0, alert)))
                .collect();
            if pages.complete && pages.list.bad_count == 0 {
                batch
                    .listings
                    .push(listing(&key, kind.2, facts.iter().map(Fact::id)));
            }
            batch.facts.extend(facts);
        }
        Ok(())
    }

    fn refused(&self, owner: &str, kind: Kind, error: &SourceError, ask: Ask) {
        let why = error.hint().unwrap_or_else(|| error.to_string());
        self.hide(owner, kind.0, ask);
        let why = CapabilityState::Missing(Clean::line(&why));
        self.state().can(kind.3, why);
    }

    fn paths_of(&self, owner: &str, most: usize) -> Vec<String> {
        let state = self.state();
        let of_owner = |repo: &super::state::RepoState| {
            repo.owner().eq_ignore_ascii_case(owner) && repo.misses == 0
        };
        let repos = state.hottest(of_owner).into_iter().take(most);
        repos.map(|repo| repo.path.clone()).collect()
    }

    fn is_hidden(&self, place: &str, kind: FindingKind, ask: Ask) -> bool {
        let key = (place.to_ascii_lowercase(), kind);
        let since = self.state().hidden.get(&key).copied();
        !ask.forced && since.is_some_and(|at| (ask.now - at).num_minutes() < MINUTES)
    }

    fn hide(&self, place: &str, kind: FindingKind, ask: Ask) {
        let key = (place.to_ascii_lowercase(), kind);
        self.state().hidden.insert(key, ask.now);
    }
}

/// Returns whether a route is refused or absent, rather than in trouble.
fn is_refusal(failure: &Failure) -> bool {
    matches!(
        failure.error,
        SourceError::Forbidden { .. } | SourceError::NotFound { .. } | SourceError::Refused { .. }
    )
}
