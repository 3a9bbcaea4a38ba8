//! What came to each environment, where the newest deployments of its project do not reach back.

use super::api::Poll;
use super::map::delivery;
use super::state::Project;
use super::{GitLab, wire_ci};
use crate::domain::deployment::Deployment;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::sources::detail::{Places, is_detail, is_of_place};
use crate::sources::{Batch, SourceError};

/// How many environments are asked in one fetch.
pub(super) const AT_ONCE: usize = 5;

/// How many deployments of an environment are read: only those that went well are listed.
const EACH: &str = "20";

impl Project {
    /// Returns whether an environment is to be asked for what came to it.
    pub(super) fn has_unread_places(&self) -> bool {
        self.deployments_to.is_some() && self.arrivals.has_unread()
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
            project.arrivals.unread(AT_ONCE)
        };
        let mut places = Places::default();
        for name in names {
            if let Some(project) = self.state().known(path) {
                // One that cannot be told keeps no other from its turn.
                project.arrivals.ask(&name);
            }
            let read = self.place(&key, &part, &name, poll, batch).await;
            if let (Err(error), Some(project)) = (&read, self.state().known(path)) {
                if !is_of_place(error) {
                    project.arrivals.ask_again(&name);
                } else if !is_detail(error) {
                    project.arrivals.fail(&name);
                }
            }
            if !places.take(read) {
                break;
            }
        }
        places.end(batch, |text| self.port.shown(text))?;
        // What fails as a whole is the same resource still, so that it is asked ever more rarely.
        if let Some(project) = self.state().known(path) {
            project.turn += 1;
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
                project.arrivals.see(deployment);
            }
        }
        batch.facts.extend(found.into_iter().map(Fact::Deployment));
        Ok(())
    }
}
