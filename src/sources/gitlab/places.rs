//! What came to each environment, where the newest deployments of its project do not reach back.
//!
//! The first read of a project is a page of its newest deployments, and a busy environment may
//! fill it. Of each other one it is asked once what is there now and what that took the place of,
//! in the spare time.

use super::api::Poll;
use super::map::delivery;
use super::state::Project;
use super::{GitLab, wire_ci};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::sources::{Batch, SourceError};

/// How many deployments that went well have to be known of an environment: the one that is there,
/// and the one before.
const ENOUGH: usize = 2;

/// Of how many environments of a project that is looked after.
const MOST: usize = 200;

/// How many environments are asked in one fetch.
pub(super) const AT_ONCE: usize = 5;

/// How many deployments of an environment are read.
const EACH: &str = "20";

impl Project {
    /// Takes in a deployment that is known, if it got where it was to go.
    pub(super) fn see_arrived(&mut self, deployment: &Deployment) {
        let name = deployment.environment.to_lowercase();
        let arrived = matches!(
            deployment.state,
            DeployState::Succeeded | DeployState::Superseded
        );
        if !arrived || (self.arrived.len() >= MOST && !self.arrived.contains_key(&name)) {
            return;
        }
        let known = self.arrived.entry(name).or_default();
        known.insert(deployment.id);
        while known.len() > ENOUGH {
            known.pop_first();
        }
    }

    /// Takes in which environments there are.
    pub(super) fn see_places<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        self.listed = names.take(MOST).map(str::to_owned).collect();
        self.asked_places.retain(|name| self.listed.contains(name));
    }

    /// Returns the environments of which too little is known, and that were not asked yet.
    fn unread_places(&self) -> impl Iterator<Item = &String> {
        let is_known = |name: &str| {
            let known = self.arrived.get(&name.to_lowercase());
            known.is_some_and(|known| known.len() >= ENOUGH)
        };
        let listed = self.listed.iter().filter(|_| self.deployments_to.is_some());
        listed.filter(move |name| !self.asked_places.contains(*name) && !is_known(name))
    }

    /// Returns whether an environment is to be asked for what came to it.
    pub(super) fn has_unread_places(&self) -> bool {
        self.unread_places().next().is_some()
    }
}

impl GitLab {
    /// Asks some environments of a project for what came to them last.
    pub(super) async fn places(
        &self,
        path: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let key = self.key(&self.spelled(path));
        let part = self.part(path);
        let names: Vec<String> = {
            let mut state = self.state();
            let Some(project) = state.known(path) else {
                return Ok(());
            };
            project.turn += 1;
            project.unread_places().take(AT_ONCE).cloned().collect()
        };
        for name in names {
            if let Some(project) = self.state().known(path) {
                // One that cannot be told keeps no other from its turn.
                project.asked_places.insert(name.clone());
            }
            let read = self.place(&key, &part, &name, poll, batch).await;
            if let Err(error) = read {
                let passes = matches!(
                    error,
                    SourceError::RateLimited { .. } | SourceError::Unreachable { .. }
                );
                if let Some(project) = self.state().known(path).filter(|_| passes) {
                    project.asked_places.remove(&name);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn place(
        &self,
        key: &RepoKey,
        part: &str,
        name: &str,
        mut poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        // Asked once: keeping the text of the answer would be waste.
        poll.ask.conditional = false;
        let route = ["projects", part, "deployments"];
        let query = [
            ("environment", name),
            ("status", "success"),
            ("order_by", "id"),
            ("sort", "desc"),
            ("per_page", EACH),
        ];
        let of = (key, super::DEPLOYMENTS);
        let listed = self.maybe::<wire_ci::Deployment>(of, &route, &query, 1, poll);
        let Some(listed) = listed.await.map_err(|failure| failure.error)? else {
            return Ok(());
        };
        self.warn(&format!("{key}: deployments"), &listed.list, batch);
        let items = listed.list.items.iter();
        let found = items.filter_map(|wire| delivery::deployment(key, wire));
        let found: Vec<Deployment> = found.collect();
        if let Some(project) = self.state().known(key.path()) {
            for deployment in &found {
                project.see_arrived(deployment);
            }
        }
        batch.facts.extend(found.into_iter().map(Fact::Deployment));
        Ok(())
    }
}
