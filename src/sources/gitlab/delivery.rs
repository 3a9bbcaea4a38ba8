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
        {
            let mut state = self.state();
            let Some(project) = state.known(path) else {
                return Ok(());
            };
            project.turn += 1;
            project.delivery_wanted = false;
        }
        let read = self.all_parts(&key, &part, poll, batch).await;
        if let Err(failure) = read {
            if batch.facts.is_empty() {
                // Asked again, but not before others had their turn.
                if let Some(project) = self.state().known(path) {
                    project.delivery_wanted = true;
                }
                return Err(failure.error);
            }
            batch
                .warnings
                .push(self.port.shown(&failure.error.to_string()));
        }
        if let Some(project) = self.state().known(path) {
            project.delivery_at = Some(poll.now);
        }
        batch.covered.push(Clean::line(key.path()));
        Ok(())
    }

    async fn all_parts(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        self.environments(key, part, poll, batch).await?;
        self.deployments(key, part, poll, batch).await?;
        self.commits(key, part, poll, batch).await?;
        self.releases(key, part, poll, batch).await
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
                Ok(Some(listed))
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
