//! Where a project runs: its environments, what was deployed to them, which wait for approval.
//!
//! Environments are listed now and then, deployments are asked for as they change. A
//! deployment that waits is a gate of its pipeline.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::api::{Listed, Poll, moment};
use super::map::delivery;
use super::state::Project;
use super::{GitLab, wire_ci};
use crate::domain::deployment::Deployment;
use crate::domain::earlier;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::{Batch, Listing};

/// How many pages of deployments that changed are read.
const DEPLOYMENT_PAGES: usize = 5;

/// How many pages of environments are read.
const ENVIRONMENT_PAGES: usize = 5;

/// How often environments are read, though nothing says that they changed.
const ENVIRONMENTS_MINS: i64 = 60;

/// How many places of jobs are remembered.
const MOST_PLACES: usize = 500;

/// How far back what changed is asked for again.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

impl GitLab {
    /// Reads the deployments that changed.
    pub(super) async fn deployments(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let since = self.of(key, |project| project.deployments_to);
        let after = since.map(moment).unwrap_or_default();
        let mut query = vec![("order_by", "updated_at"), ("per_page", "100")];
        let cap = if since.is_some() {
            query.extend([("updated_after", after.as_str()), ("sort", "asc")]);
            DEPLOYMENT_PAGES
        } else {
            query.push(("sort", "desc"));
            1
        };
        let route = ["projects", part, "deployments"];
        let of = (key, super::DEPLOYMENTS);
        let listed = self
            .maybe::<wire_ci::Deployment>(of, &route, &query, cap, poll)
            .await?;
        let Some(listed) = listed else { return Ok(()) };
        self.warn(&format!("{key}: deployments"), &listed.list, batch);
        let newest = listed
            .list
            .items
            .iter()
            .filter_map(|it| it.updated_at)
            .max();
        // A moment that is still to come would hide all that happens until then.
        let newest = newest.map_or(listed.asked_at, |at| at.min(listed.asked_at));
        let newest = earlier(newest, OVERLAP);
        let mut state = self.state();
        let Some(project) = state.known(key.path()) else {
            return Ok(());
        };
        project.deployments_to = project.deployments_to.max(Some(newest));
        let waiting = take_deployments(project, &listed.list.items);
        for id in waiting {
            // A run that waits at a gate tells it; its list is read again for it.
            if let Some(seen) = project.runs.get_mut(&id) {
                seen.jobs = None;
                project.runs_wanted = true;
            }
        }
        let items = listed.list.items.iter();
        let shown = items.filter(|wire| {
            let place = wire.environment.as_ref();
            place.is_some_and(|place| !delivery::is_review(&place.name))
        });
        let found = shown.filter_map(|wire| delivery::deployment(key, wire));
        let found: Vec<Deployment> = found.collect();
        for deployment in &found {
            project.arrivals.see(deployment);
        }
        batch.facts.extend(found.into_iter().map(Fact::Deployment));
        Ok(())
    }

    /// Reads the environments, now and then.
    pub(super) async fn environments(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let read_at = self.of(key, |project| project.environments_at);
        let is_fresh = read_at.is_some_and(|at| (poll.now - at).num_minutes() < ENVIRONMENTS_MINS);
        if is_fresh && !poll.ask.forced {
            return Ok(());
        }
        let route = ["projects", part, "environments"];
        let query = [("states", "available"), ("per_page", "100")];
        let of = (key, super::ENVIRONMENTS);
        let cap = ENVIRONMENT_PAGES;
        if let Some(project) = self.state().known(key.path()) {
            // Not read before all of it is: what fails is due with the next reading.
            project.environments_at = None;
        }
        let listed = self
            .maybe::<wire_ci::Environment>(of, &route, &query, cap, poll)
            .await?;
        let Some(listed) = listed else { return Ok(()) };
        self.warn(&format!("{key}: environments"), &listed.list, batch);
        let guarded = self.guarded(key, part, &listed, poll).await?;
        let shown = listed.list.items.iter().filter(|wire| is_shown(wire));
        let facts: Vec<Fact> = shown
            .map(|wire| {
                let page = self
                    .port
                    .page(&format!("{}/-/environments/{}", key.path(), wire.id));
                let is_guarded = guarded.contains(&wire.name);
                Fact::Environment(delivery::environment(key, wire, is_guarded, &page))
            })
            .collect();
        if listed.is_whole() {
            let list = Listing::of_repo(key, "environments", &facts);
            batch.listings.push(list);
        }
        batch.facts.extend(facts);
        if let Some(project) = self.state().known(key.path()) {
            project.environments_at = Some(poll.now);
            let names = listed.list.items.iter().filter(|wire| is_shown(wire));
            project.arrivals.list(names.map(|wire| wire.name.as_str()));
        }
        Ok(())
    }

    /// Returns the environments in which a person must approve; servers without a licence have
    /// none.
    async fn guarded(
        &self,
        key: &RepoKey,
        part: &str,
        environments: &Listed<wire_ci::Environment>,
        poll: Poll,
    ) -> Result<BTreeSet<String>, Failure> {
        if environments.list.items.is_empty() {
            return Ok(BTreeSet::new());
        }
        let route = ["projects", part, "protected_environments"];
        let query = [("per_page", "100")];
        let of = (key, super::PROTECTED);
        let listed = self
            .maybe::<wire_ci::Protected>(of, &route, &query, 1, poll)
            .await?;
        let rules = listed.into_iter().flat_map(|listed| listed.list.items);
        let approved = rules.filter(|it| {
            let mut rules = it.approval_rules.items.iter();
            it.required_approval_count > 0 || rules.any(|rule| rule.required_approvals > 0)
        });
        Ok(approved.map(|it| it.name).collect())
    }
}

/// Returns whether software runs in an environment that lasts.
fn is_shown(wire: &wire_ci::Environment) -> bool {
    let stopped = wire.state.as_deref() == Some("stopped");
    !stopped && !delivery::is_review(&wire.name)
}

/// Takes in what deployments tell of jobs and gates; returns the pipelines whose gates changed.
fn take_deployments(project: &mut Project, wires: &[wire_ci::Deployment]) -> BTreeSet<u64> {
    let mut changed = BTreeSet::new();
    for wire in wires {
        let job = wire.deployable.as_ref().and_then(|job| job.name.as_ref());
        if let (Some(job), Some(place)) = (job, &wire.environment)
            && (project.places.len() < MOST_PLACES || project.places.contains_key(job))
            && !delivery::is_review(&place.name)
        {
            project.places.insert(job.clone(), Clean::line(&place.name));
        }
        let before = project.held.remove(&wire.id);
        let now = delivery::held(wire);
        if before != now {
            changed.extend(before.iter().chain(&now).map(|(run, _)| *run));
        }
        if let Some(held) = now {
            project.held.insert(wire.id, held);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_that_waits_is_a_gate_of_its_pipeline_until_it_does_not() {
        let wire = |status: &str| -> wire_ci::Deployment {
            serde_json::from_value(serde_json::json!({
                "id": 1, "status": status, "environment": {"id": 9, "name": "production"},
                "deployable": {"name": "to prod", "pipeline": {"id": 36}},
                "created_at": "2026-01-01T00:00:00Z"
            }))
            .unwrap()
        };
        let mut project = Project::new("acme/api");
        let changed = take_deployments(&mut project, &[wire("blocked")]);
        assert_eq!((changed, project.held.len()), (BTreeSet::from([36]), 1));
        assert!(take_deployments(&mut project, &[wire("blocked")]).is_empty());
        assert_eq!(project.places["to prod"].as_str(), "production");
        let changed = take_deployments(&mut project, &[wire("running")]);
        assert_eq!((changed, project.held.len()), (BTreeSet::from([36]), 0));
    }
}
