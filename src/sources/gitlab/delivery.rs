//! What a project ships: commits of its default branch, deployments, environments, releases.
//!
//! Read where something moved. A part that is switched off, or not shown to the
//! token, costs that part.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::api::{Listed, Poll, is_refusal, moment, refused};
use super::map::delivery;
use super::state::Project;
use super::{GitLab, wire, wire_ci};
use crate::domain::Timestamp;
use crate::domain::change_request::ChangeState;
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::{Batch, CapabilityState, Listing, SourceError};

/// What one read of a project probably costs.
pub(super) const COST: u32 = 6;

/// How many pages of deployments that changed are read.
const DEPLOYMENT_PAGES: usize = 5;

/// How many pages of environments are read.
const ENVIRONMENT_PAGES: usize = 5;

/// How many commits are asked for who brought them, in one fetch.
const ASKED: usize = 6;

/// For how many days a commit that nobody brought is worth a question.
const ASKED_DAYS: i64 = 9;

/// How many places of jobs are remembered.
const MOST_PLACES: usize = 500;

/// How far back what changed is asked for again.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// How often environments are read, though nothing says that they changed.
const ENVIRONMENTS_MINS: i64 = 60;

impl GitLab {
    /// Reads what a project ships.
    pub(super) async fn delivery(&self, path: &str, poll: Poll) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let key = self.key(&self.spelled(path));
        let part = self.part(path);
        {
            let mut state = self.state();
            let Some(project) = state.known(path) else {
                return Ok(batch);
            };
            project.turn += 1;
            project.delivery_wanted = false;
        }
        let read = self.all_parts(&key, &part, poll, &mut batch).await;
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
        Ok(batch)
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
    async fn maybe<T: serde::de::DeserializeOwned>(
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

    async fn commits(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let branch = {
            let mut state = self.state();
            let project = state.known(key.path());
            project.and_then(|project| project.default_branch.clone())
        };
        let Some(branch) = branch else { return Ok(()) };
        let route = ["projects", part, "repository", "commits"];
        let query = [("ref_name", branch.as_str()), ("per_page", "100")];
        let of = (key, super::COMMITS);
        let listed = self
            .maybe::<wire::Commit>(of, &route, &query, 1, poll)
            .await?;
        let Some(listed) = listed else { return Ok(()) };
        self.warn(&format!("{key}: commits"), &listed.list, batch);
        let items = listed.list.items.iter();
        let found = items.filter_map(|wire| delivery::commit(key, &branch, wire));
        let mut commits: Vec<Commit> = found.collect();
        let asked = {
            let mut state = self.state();
            let Some(project) = state.known(key.path()) else {
                return Ok(());
            };
            if let Some(first) = commits.first() {
                project.tip = Some(first.sha.clone());
                if let Some(told) = &mut project.told
                    && let Some(branch) = &mut told.default_branch
                    && branch.tip != project.tip
                {
                    branch.tip.clone_from(&project.tip);
                    batch.facts.push(Fact::Repository(told.clone()));
                }
            }
            attribute(project, &mut commits);
            unbrought(project, &commits, poll.now)
        };
        for sha in asked {
            let Some(by) = self.brought_by(part, &sha, poll).await? else {
                break;
            };
            if let Some(project) = self.state().known(key.path()) {
                project.was_brought(sha, by);
            }
        }
        if let Some(project) = self.state().known(key.path()) {
            attribute(project, &mut commits);
        }
        batch.facts.extend(commits.into_iter().map(Fact::Commit));
        Ok(())
    }

    /// Asks which merge request brought a commit; nothing where that may not be asked.
    async fn brought_by(
        &self,
        part: &str,
        sha: &Sha,
        poll: Poll,
    ) -> Result<Option<Option<u64>>, Failure> {
        let route = [
            "projects",
            part,
            "repository",
            "commits",
            sha.as_str(),
            "merge_requests",
        ];
        match self.list::<wire::Numbered>(&route, &[], 1, poll).await {
            Ok(listed) => {
                let mut merged = listed.list.items.iter();
                let merged = merged.find(|it| it.state.as_deref() == Some("merged"));
                Ok(Some(merged.map(|change| change.iid)))
            }
            Err(failure) if is_refusal(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn deployments(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let since = {
            let mut state = self.state();
            let project = state.known(key.path());
            project.and_then(|project| project.deployments_to)
        };
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
        let newest = newest.unwrap_or(listed.asked_at) - OVERLAP;
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
        batch.facts.extend(found.map(Fact::Deployment));
        Ok(())
    }

    async fn environments(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let read_at = {
            let mut state = self.state();
            let project = state.known(key.path());
            project.and_then(|project| project.environments_at)
        };
        let is_fresh = read_at.is_some_and(|at| (poll.now - at).num_minutes() < ENVIRONMENTS_MINS);
        if is_fresh && !poll.ask.forced {
            return Ok(());
        }
        let route = ["projects", part, "environments"];
        let query = [("states", "available"), ("per_page", "100")];
        let of = (key, super::ENVIRONMENTS);
        let cap = ENVIRONMENT_PAGES;
        let listed = self
            .maybe::<wire_ci::Environment>(of, &route, &query, cap, poll)
            .await?;
        let Some(listed) = listed else { return Ok(()) };
        self.warn(&format!("{key}: environments"), &listed.list, batch);
        let guarded = self.guarded(key, part, &listed, poll).await?;
        let items = listed.list.items.iter();
        let shown = items.filter(|wire| {
            let stopped = wire.state.as_deref() == Some("stopped");
            !stopped && !delivery::is_review(&wire.name)
        });
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
            batch.listings.push(Listing {
                name: Clean::line(&format!("{}/environments", key.path())),
                members: facts.iter().map(Fact::id).collect(),
            });
        }
        batch.facts.extend(facts);
        if let Some(project) = self.state().known(key.path()) {
            project.environments_at = Some(poll.now);
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
            batch.listings.push(Listing {
                name: Clean::line(&format!("{}/releases", key.path())),
                members: facts.iter().map(Fact::id).collect(),
            });
        }
        batch.facts.extend(facts);
        Ok(())
    }
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

/// Says of each commit which merge request brought it, as far as that is known, and which were
/// pushed by themselves.
fn attribute(project: &Project, commits: &mut [Commit]) {
    let mut by_sha: BTreeMap<&Sha, u64> = BTreeMap::new();
    for seen in project.changes.values() {
        if let Some(sha) = &seen.fact.merge_sha {
            by_sha.insert(sha, seen.fact.number);
        }
    }
    let at: BTreeMap<Sha, usize> = commits
        .iter()
        .enumerate()
        .map(|(at, commit)| (commit.sha.clone(), at))
        .collect();
    let mut mainline = BTreeSet::new();
    let mut next = commits.first().map(|commit| commit.sha.clone());
    while let Some(place) = next.and_then(|sha| at.get(&sha).copied()) {
        if !mainline.insert(place) {
            break;
        }
        let commit = commits.get(place);
        next = commit.and_then(|commit| commit.parents.first().cloned());
    }
    let mut brought: BTreeMap<usize, u64> = BTreeMap::new();
    for (place, commit) in commits.iter_mut().enumerate() {
        let asked = project.brought.get(&commit.sha);
        let known = by_sha.get(&commit.sha).copied();
        let number = known.or(commit.change_request).or(asked.copied().flatten());
        commit.change_request = number;
        commit.direct = number.is_none() && asked == Some(&None) && mainline.contains(&place);
    }
    // What a merge brought along came with its merge request; the newest merge first.
    for place in mainline.iter().copied() {
        let Some(number) = commits.get(place).and_then(|commit| commit.change_request) else {
            continue;
        };
        let parents = commits.get(place).map(|it| it.parents.clone());
        let mut stack: Vec<Sha> = parents.into_iter().flatten().skip(1).collect();
        while let Some(inner) = stack.pop().and_then(|sha| at.get(&sha).copied()) {
            if mainline.contains(&inner) || brought.contains_key(&inner) {
                continue;
            }
            brought.insert(inner, number);
            stack.extend(
                commits
                    .get(inner)
                    .into_iter()
                    .flat_map(|it| it.parents.clone()),
            );
        }
    }
    for (place, number) in brought {
        if let Some(commit) = commits.get_mut(place) {
            commit.change_request.get_or_insert(number);
            commit.direct = false;
        }
    }
}

/// Returns the commits of the default branch of which nobody knows who brought them.
fn unbrought(project: &Project, commits: &[Commit], now: Timestamp) -> Vec<Sha> {
    let merged = |number: u64| {
        let seen = project.changes.get(&number);
        seen.is_none_or(|seen| seen.fact.state != ChangeState::Open)
    };
    let is_new = |commit: &&Commit| {
        let age = commit.committed_at.map(|at| (now - at).num_days());
        age.is_some_and(|days| days < ASKED_DAYS)
    };
    let open = |commit: &&Commit| {
        let known = commit.change_request.is_some_and(merged);
        !known && !commit.direct && !project.brought.contains_key(&commit.sha)
    };
    let due = commits.iter().filter(is_new).filter(open);
    due.map(|commit| commit.sha.clone()).take(ASKED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(n: u64) -> Sha {
        Sha::parse(&format!("{n:040x}")).unwrap()
    }

    fn commit(n: u64, parents: &[u64], message: &str) -> Commit {
        let parents: Vec<String> = parents.iter().map(|n| format!("{n:040x}")).collect();
        let wire = serde_json::json!({
            "id": format!("{n:040x}"), "parent_ids": parents, "message": message,
            "committed_date": "2026-01-01T00:00:00Z"
        });
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let wire = serde_json::from_value(wire).unwrap();
        delivery::commit(&repo, &Clean::line("main"), &wire).unwrap()
    }

    #[track_caller]
    fn check(project: &Project, mut commits: Vec<Commit>, expected: &[(Option<u64>, bool)]) {
        attribute(project, &mut commits);
        let found = commits.iter().map(|it| (it.change_request, it.direct));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_a_merge_brought_along_came_with_its_merge_request() {
        let merge = "Merge branch 'x' into 'main'\n\nSee merge request acme/api!7";
        let commits = vec![
            commit(5, &[2, 4], merge),
            commit(4, &[3], "two"),
            commit(3, &[1], "one"),
            commit(2, &[1], "pushed"),
            commit(1, &[], "first"),
        ];
        let mut project = Project::new("acme/api");
        project.was_brought(sha(2), None);
        let seven = (Some(7), false);
        let expected = [seven, seven, seven, (None, true), (None, false)];
        check(&project, commits.clone(), &expected);
        let now = chrono::DateTime::parse_from_rfc3339("2026-01-02T00:00:00Z").unwrap();
        let mut told = commits;
        attribute(&project, &mut told);
        assert_eq!(unbrought(&project, &told, now.to_utc()), [sha(1)]);
        let later = now.to_utc() + TimeDelta::days(30);
        assert!(unbrought(&project, &told, later).is_empty());
    }

    #[test]
    fn parents_in_a_circle_end() {
        let commits = vec![commit(1, &[2, 2], "a"), commit(2, &[1, 1], "b")];
        check(
            &Project::new("a/b"),
            commits,
            &[(None, false), (None, false)],
        );
    }

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
