//! Statuses of commits: checks of open change requests, runs of other systems, deployments.
//!
//! A status is asked for where it may change: at heads that are not settled, at
//! the newest commits and releases, and at what is being deployed.

use std::collections::BTreeSet;

use super::Gitea;
use super::api::{Asked, below};
use super::map::others::At;
use super::map::{delivery, others};
use super::pulls::boxed;
use super::state::{RepoState, is_settled};
use super::wire::Combined;
use crate::domain::deployment::DeployState;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::text::Clean;
use crate::sources::detail::absent;
use crate::sources::{Batch, SourceError};

/// Of how many heads the statuses are read in one fetch.
const HEADS: usize = 8;

/// Of how many of the newest commits, and releases.
const NEWEST: usize = 3;

/// Of how many of the newest commits when a repository is first read: one may have been live for long.
const FIRST: usize = 10;

/// Of how many commits that are being deployed.
const DEPLOYING: usize = 4;

impl Gitea {
    /// Reads the statuses of the commits of a repository that may have new ones.
    pub(super) async fn checks(&self, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        let key = self.key(path);
        let mut batch = Batch::default();
        let wanted = {
            let mut state = self.state();
            state
                .known(path)
                .map(|repo| wanted(repo))
                .unwrap_or_default()
        };
        let mut seen = Vec::new();
        for sha in wanted {
            if let Some(combined) = self.combined(&key, &sha, asked, &mut batch).await? {
                seen.push((sha, combined));
            }
        }
        let mut state = self.state();
        let Some(repo) = state.known(path) else {
            return Ok(batch);
        };
        for (sha, combined) in &seen {
            see(repo, &key, (sha, combined), &mut batch);
        }
        repo.checks_at = Some(asked.now);
        repo.turn += 1;
        drop(state);
        batch.covered.push(Clean::line(path));
        Ok(batch)
    }

    /// Reads the newest status of each context of a commit.
    pub(super) async fn combined(
        &self,
        key: &RepoKey,
        sha: &Sha,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<Option<Combined>, SourceError> {
        let parts = below(key.path(), &["commits", sha.as_str(), "status"]);
        let limit = self.state().page.to_string();
        let query = [("page", "1"), ("limit", limit.as_str())];
        match self.one::<Combined>(&parts, &query, asked).await {
            Ok((combined, _)) => Ok(Some(combined)),
            Err(failure) => absent(failure, batch).map(|()| None),
        }
    }
}

/// Takes in the statuses of one commit.
fn see(repo: &mut RepoState, key: &RepoKey, (sha, combined): (&Sha, &Combined), batch: &mut Batch) {
    let checks = delivery::checks(combined);
    let main = repo.default_branch.as_deref().map(Clean::line);
    let mut heads = repo.open.values();
    let head = heads.find(|change| change.head_sha.as_ref() == Some(sha));
    let at = At {
        repo: key,
        sha,
        branch: &head.map_or_else(|| main.unwrap_or_default(), |it| it.head_branch.clone()),
        head_of: head.map(|change| change.number),
    };
    let runs = others::runs(at, combined);
    batch.facts.extend(runs.into_iter().map(Fact::Run));
    let heads = repo.open.values_mut();
    for change in heads.filter(|change| change.head_sha.as_ref() == Some(sha)) {
        change.checks.clone_from(&checks);
        batch.facts.push(boxed(change.clone()));
    }
    if repo.undated.contains(sha) {
        repo.undated.retain(|other| other != sha);
        repo.dated.insert(sha.clone());
    }
    if deployments(key, (sha, combined), batch) {
        repo.deploying.insert(sha.clone());
    } else {
        repo.deploying.remove(sha);
    }
}

/// Tells the deployments of one commit; returns whether one of them moves.
pub(super) fn deployments(
    key: &RepoKey,
    (sha, combined): (&Sha, &Combined),
    batch: &mut Batch,
) -> bool {
    let mut moves = false;
    for (deployment, place) in delivery::deployments(key, sha, combined) {
        moves |= deployment.state == DeployState::Running;
        batch.facts.push(Fact::Environment(place));
        batch.facts.push(Fact::Deployment(deployment));
    }
    moves
}

/// Returns the commits whose statuses are read.
fn wanted(repo: &RepoState) -> BTreeSet<Sha> {
    let mut heads: Vec<_> = repo.open.values().collect();
    heads.sort_by_key(|change| std::cmp::Reverse(change.updated_at));
    let (settled, moving): (Vec<_>, Vec<_>) = heads
        .into_iter()
        .partition(|change| is_settled(&change.checks));
    // What is settled moves again where a build is repeated.
    let heads = moving
        .into_iter()
        .take(HEADS)
        .chain(settled.into_iter().take(NEWEST));
    let first = repo.checks_at.is_none();
    let newest = repo.newest.iter().take(if first { FIRST } else { NEWEST });
    let released = repo.released.iter().take(NEWEST);
    let deploying = repo.deploying.iter().rev().take(DEPLOYING);
    heads
        .filter_map(|change| change.head_sha.as_ref())
        .chain(newest)
        .chain(released)
        .chain(deploying)
        .cloned()
        .collect()
}
