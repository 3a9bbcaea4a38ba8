//! What the pages of a repository's past make together: commits know who brought them, pull
//! requests that they were approved, tasks which run they were part of.
//!
//! Pure. Green jobs tell when a run worked and are not kept; history reads the others.

use std::collections::{BTreeMap, BTreeSet};

use super::super::map::runs;
use super::super::wire_actions::Task;
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, Review, Verdict};
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::RunState;
use crate::sources::brought;

/// Returns what all pages tell together.
pub(super) fn told(repo: &RepoKey, facts: Vec<Fact>, tasks: &[Task], now: Timestamp) -> Vec<Fact> {
    let mut changes: Vec<ChangeRequest> = Vec::new();
    let mut commits: Vec<Commit> = Vec::new();
    let mut approved: BTreeSet<u64> = BTreeSet::new();
    let mut told = Vec::with_capacity(facts.len());
    for fact in facts {
        if let Fact::Commit(commit) = fact {
            commits.push(commit);
        } else if let Fact::ChangeRequest(change) = fact {
            changes.push(*change);
        } else {
            if let Fact::ChangeTimes(times) = &fact
                && let mut said = times.reviews.iter()
                && said.any(|note| note.verdict == Verdict::Approved)
            {
                approved.insert(times.change.number);
            }
            told.push(fact);
        }
    }
    for change in &mut changes {
        if matches!(change.review, Review::Unknown(_)) && approved.contains(&change.number) {
            change.review = Review::Approved;
        }
    }
    let merged: BTreeMap<&Sha, u64> = changes
        .iter()
        .filter_map(|change| Some((change.merge_sha.as_ref()?, change.number)))
        .collect();
    brought::attribute(&mut commits, &merged, |_| None);
    told.extend(commits.into_iter().map(Fact::Commit));
    let changes = changes.into_iter().map(Box::new);
    told.extend(changes.map(Fact::ChangeRequest));
    for (run, jobs) in runs::of_tasks(repo, tasks, (false, now)) {
        let is_green = matches!(run.state, RunState::Passed | RunState::Skipped);
        told.push(Fact::Run(run));
        told.extend((!is_green).then_some(Fact::JobSet(jobs)));
    }
    told
}

/// Returns the commits whose statuses are read: those that were released, and those that the
/// branch itself went through, newest first.
pub(super) fn marked(facts: &[Fact]) -> Vec<Sha> {
    let released = facts.iter().filter_map(|fact| {
        let Fact::Release(release) = fact else {
            return None;
        };
        release.sha.as_ref()
    });
    let mut commits: BTreeMap<&Sha, &Commit> = BTreeMap::new();
    let mut next: Option<&Commit> = None;
    for fact in facts {
        if let Fact::Commit(commit) = fact {
            commits.insert(&commit.sha, commit);
            next = next.or(Some(commit));
        }
    }
    let mut found: Vec<Sha> = released.cloned().collect();
    let mut seen: BTreeSet<Sha> = found.iter().cloned().collect();
    found.sort();
    found.dedup();
    let mut line = BTreeSet::new();
    while let Some(commit) = next.filter(|commit| line.insert(&commit.sha)) {
        if seen.insert(commit.sha.clone()) {
            found.push(commit.sha.clone());
        }
        let parent = commit.parents.first();
        next = parent.and_then(|sha| commits.get(sha).copied());
    }
    found
}
