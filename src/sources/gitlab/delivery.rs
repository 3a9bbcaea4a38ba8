//! What a project ships: environments, deployments, commits of its default branch, releases.
//!
//! Read where something moved, part by part: a part that is switched off, or not shown
//! to the token, costs that part. Where things run is in `environments`, who brought
//! what in `commits`.

use super::api::{Listed, Poll, is_refusal, refused};
use super::map::delivery;
use super::state::Project;
use super::{GitLab, wire_ci};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::{Batch, CapabilityState, Listing, SourceError};

/// What one read of a project probably costs.
pub(super) const COST: u32 = 6;

/// What is read of it.
const PARTS: [&str; 4] = [
    super::ENVIRONMENTS,
    super::DEPLOYMENTS,
    super::COMMITS,
    super::RELEASES,
];

/// Returns whether trouble with the host passes by itself: what was read is told all the same.
fn passes(error: &SourceError) -> bool {
    matches!(
        error,
        SourceError::RateLimited { .. } | SourceError::Unreachable { .. }
    )
}

impl GitLab {
    /// Reads what a project ships.
    pub(super) async fn delivery(
        &self,
        path: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let key = self.key(&self.spelled(path));
        let part = self.part(path);
        if self.state().known(path).is_none() {
            return Ok(());
        }
        let read = self.all_parts(&key, &part, poll, batch).await;
        let mut state = self.state();
        let Some(project) = state.known(path) else {
            return Ok(());
        };
        let failed = match read {
            Ok(failed) => failed,
            // Trouble of the whole host: it is the same resource still, asked ever more rarely.
            Err(error) if batch.facts.is_empty() || !passes(&error) => {
                project.delivery_wanted = true;
                return Err(error);
            }
            Err(error) => {
                batch.warnings.push(self.port.shown(&error.to_string()));
                1
            }
        };
        project.turn += 1;
        project.delivery_wanted = false;
        project.delivery_at = Some(poll.now);
        project.delivery_failed_at = (failed > 0).then_some(poll.now);
        if failed == 0 {
            batch.covered.push(Clean::line(key.path()));
        }
        let trouble = PARTS.iter().find_map(|part| project.troubles.get(part));
        match trouble {
            Some(error) if failed == PARTS.len() || batch.facts.is_empty() => Err(error.clone()),
            Some(_) | None => Ok(()),
        }
    }

    /// Reads part by part; returns how many could not be read, which costs no other.
    async fn all_parts(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<usize, SourceError> {
        let mut failed = 0;
        for name in PARTS {
            let asked = match name {
                super::ENVIRONMENTS => self.environments(key, part, poll, batch).await,
                super::DEPLOYMENTS => self.deployments(key, part, poll, batch).await,
                super::COMMITS => self.commits(key, part, poll, batch).await,
                _ => self.releases(key, part, poll, batch).await,
            };
            let is_read = self.take_part(key, name, asked.map_err(|failure| failure.error))?;
            failed += usize::from(!is_read);
            if self.of(key, |project| project.lost().cloned()).is_some() {
                break;
            }
        }
        Ok(failed)
    }

    /// Reads a list of a project; nothing where the part is off or not shown.
    pub(super) async fn maybe<T: serde::de::DeserializeOwned>(
        &self,
        (key, name): (&RepoKey, &'static str),
        parts: &[&str],
        query: &[(&str, &str)],
        cap: usize,
        poll: Poll,
    ) -> Result<Option<Listed<T>>, Failure> {
        if self.state().is_hidden(key.path(), name, poll.now) {
            return Ok(None);
        }
        match self.list::<T>(parts, query, cap, poll).await {
            Ok(listed) => {
                self.port.can(name, CapabilityState::Available);
                if let Some(project) = self.state().known(key.path()) {
                    project.answers();
                }
                Ok(Some(listed))
            }
            // Servers without a licence have none of these: that says nothing of the project.
            Err(failure) if name != super::PROTECTED && self.is_lost(key, &failure, poll).await => {
                Err(failure)
            }
            Err(failure) if is_refusal(&failure) => {
                self.state().hide(key.path(), name, poll.now);
                if !self.port.did(name) {
                    let why = refused(&failure, "`read_api`, and the feature to be on");
                    self.port.can(name, CapabilityState::Missing(why));
                }
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Returns whether something is refused because the project as a whole is not to be had.
    async fn is_lost(&self, key: &RepoKey, failure: &Failure, poll: Poll) -> bool {
        is_refusal(failure) && self.loss(key.path(), poll).await.is_some()
    }

    /// Returns what is known of a project, if it is polled.
    pub(super) fn of<T>(
        &self,
        key: &RepoKey,
        what: impl FnOnce(&Project) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.state();
        state.known(key.path()).and_then(|project| what(project))
    }

    async fn releases(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let route = ["projects", part, "releases"];
        let query = [
            ("order_by", "released_at"),
            ("sort", "desc"),
            ("per_page", "50"),
        ];
        let of = (key, super::RELEASES);
        let listed = self
            .maybe::<wire_ci::Release>(of, &route, &query, 1, poll)
            .await?;
        let Some(listed) = listed else { return Ok(()) };
        self.warn(&format!("{key}: releases"), &listed.list, batch);
        let items = listed.list.items.iter();
        let found = items.filter_map(|wire| delivery::release(key, wire));
        let facts: Vec<Fact> = found.map(Fact::Release).collect();
        if listed.is_whole() && facts.len() == listed.list.items.len() {
            batch
                .listings
                .push(Listing::of_repo(key, "releases", &facts));
        }
        batch.facts.extend(facts);
        Ok(())
    }
}
