//! To which commit a run or a deployment belongs, where its system does not say so in full.
//!
//! A CI names a commit by its first digits, by a branch, or by the number of a change request;
//! whoever deploys may name a tag. What is not unique joins nothing.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::change_request::{ChangeRequest, ChangeState};
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::reads::{Quick, QuickSet};
use crate::domain::deployment::Deployment;
use crate::domain::key::Sha;
use crate::domain::later;
use crate::domain::run::Run;

/// How many digits a whole commit id has at least.
const WHOLE: usize = 40;

/// How far the clocks of two systems may be apart without anybody noticing.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(2);

/// What is found out about runs and deployments that do not name a whole commit.
#[derive(Debug, Default)]
pub(super) struct Joins<'a> {
    /// The commits of runs that tell its first digits only.
    heads: Quick<u64, &'a Sha>,
    /// The commits of deployments that tell the first digits, or a tag.
    deployed: Quick<u64, &'a Sha>,
    /// Runs of other systems, by the change request that they name.
    by_number: Quick<u64, Vec<usize>>,
    /// Runs of other systems without a commit, by branch.
    by_branch: Quick<&'a str, Vec<usize>>,
    /// Open change requests, by the branch that they come from.
    open_from: Quick<&'a str, Vec<u64>>,
    /// The commits that change requests have, or became, where another system than the forge ran.
    of_changes: QuickSet<&'a Sha>,
}

impl<'a> Joins<'a> {
    /// Finds out what can be found out of the facts of one repository.
    pub(super) fn new(kinds: &Kinds<'a>) -> Self {
        let mut joins = Self::default();
        joins.index_runs(kinds);
        // Only runs of other systems are joined so.
        if kinds.runs.iter().any(|run| !run.ci.is_empty()) {
            let changes = kinds.changes.values().map(|change| change.get());
            let both = |change: &'a ChangeRequest| [&change.head_sha, &change.merge_sha];
            joins.of_changes = changes.flat_map(both).flatten().collect();
        }
        if !joins.by_branch.is_empty() {
            for change in kinds.changes.values().map(|change| change.get()) {
                if change.state == ChangeState::Open {
                    let numbers = joins.open_from.entry(&change.head_branch).or_default();
                    numbers.push(change.number);
                }
            }
        }
        joins.find_heads(kinds);
        joins.find_deployed(kinds);
        joins
    }

    fn index_runs(&mut self, kinds: &Kinds<'a>) {
        for (at, run) in kinds.runs.iter().enumerate() {
            let run = run.get();
            if run.ci.is_empty() {
                continue;
            }
            for number in &run.change_requests {
                self.by_number.entry(*number).or_default().push(at);
            }
            if run.head_sha.is_none() && run.change_requests.is_empty() {
                self.by_branch.entry(&run.branch).or_default().push(at);
            }
        }
    }

    fn find_heads(&mut self, kinds: &Kinds<'a>) {
        let short = |run: &&'a Run| run.head_sha.as_ref().is_some_and(is_short);
        let runs = kinds.runs.iter().map(|run| run.get());
        let mut short = runs.filter(short).peekable();
        if short.peek().is_none() {
            return;
        }
        let mut known = long_lived(kinds);
        let changes = kinds.changes.values().map(|change| change.get());
        known.extend(changes.filter_map(|change| whole(change.head_sha.as_ref()?)));
        for run in short {
            let found = run.head_sha.as_ref().and_then(|sha| only(&known, sha));
            if let Some(sha) = found {
                self.heads.insert(run.id, sha);
            }
        }
    }

    fn find_deployed(&mut self, kinds: &Kinds<'a>) {
        let open = |d: &&'a Deployment| !is_named(d);
        let deployments = kinds.deployments.iter().map(|d| d.get());
        let mut open = deployments.filter(open).peekable();
        if open.peek().is_none() {
            return;
        }
        // Heads of change requests are left out: they are nothing that is deployed for long.
        let known = long_lived(kinds);
        for deployment in open {
            let found = match (&deployment.sha, &deployment.git_ref) {
                (Some(sha), _) => only(&known, sha),
                (None, Some(name)) => named(kinds, &known, name),
                (None, None) => None,
            };
            if let Some(sha) = found {
                self.deployed.insert(deployment.id, sha);
            }
        }
    }

    /// Returns the commit that a run ran for, as far as it is known.
    pub(super) fn head(&self, run: &'a Run) -> Option<&'a Sha> {
        let told = run.head_sha.as_ref()?;
        Some(self.heads.get(&run.id).copied().unwrap_or(told))
    }

    /// Returns the commit that a deployment brings, as far as it is known.
    pub(super) fn deployed(&self, deployment: &'a Deployment) -> Option<&'a Sha> {
        let found = self.deployed.get(&deployment.id).copied();
        found.or(deployment.sha.as_ref())
    }

    /// Returns the whole commit of which these are the first digits, where only one fits.
    pub(super) fn whole(kinds: &Kinds<'a>, sha: &'a Sha) -> Option<&'a Sha> {
        whole(sha).or_else(|| only(&long_lived(kinds), sha))
    }

    /// Returns whether a change request has a commit, or became it.
    pub(super) fn is_of_change(&self, sha: &Sha) -> bool {
        self.of_changes.contains(sha)
    }

    /// Returns the open change requests that come from a branch of this name.
    pub(super) fn opened_from(&self, branch: &str) -> &[u64] {
        self.open_from.get(branch).map_or(&[], Vec::as_slice)
    }

    /// Returns the commits that were found for deployments.
    pub(super) fn found(&self) -> impl Iterator<Item = &'a Sha> {
        self.deployed.values().copied()
    }

    /// Returns the places of the runs of other systems that name a change request.
    pub(super) fn naming(&self, number: u64) -> impl Iterator<Item = usize> + '_ {
        self.by_number.get(&number).into_iter().flatten().copied()
    }

    /// Returns the places of the runs that only a branch joins to this change request: none where
    /// another one comes from a branch of that name, or where that branch is one that lasts.
    pub(super) fn on_branch_of(
        &self,
        change: &ChangeRequest,
        default: Option<&str>,
    ) -> impl Iterator<Item = usize> + '_ {
        let branch = change.head_branch.as_str();
        let only = self.open_from.get(branch).map(Vec::as_slice) == Some(&[change.number]);
        let lasts = branch.is_empty() || *change.base_branch == *branch || default == Some(branch);
        let found = self.by_branch.get(branch).filter(|_| only && !lasts);
        found.into_iter().flatten().copied()
    }
}

/// Whether a run is one of the forge and names its commit in full: nothing has to be found out.
pub(super) fn is_plain(run: &Run) -> bool {
    run.ci.is_empty() && !run.head_sha.as_ref().is_some_and(is_short)
}

/// Whether a deployment names its commit in full: nothing has to be found out.
pub(super) fn is_named(deployment: &Deployment) -> bool {
    !deployment.sha.as_ref().is_none_or(is_short)
}

/// Whether nothing has to be found out of the facts of one repository.
pub(super) fn are_plain(kinds: &Kinds<'_>) -> bool {
    kinds.runs.iter().all(|run| is_plain(run)) && kinds.deployments.iter().all(|d| is_named(d))
}

/// Whether a run may be of what a change request was opened with: it started after that.
pub(super) fn started_in(run: &Run, change: &ChangeRequest) -> bool {
    let began = run.started_at.unwrap_or(run.created_at);
    later(began, SKEW) >= change.created_at
}

/// The whole commits that are, or were made to be, on branches that last.
fn long_lived<'a>(kinds: &Kinds<'a>) -> BTreeSet<&'a Sha> {
    let commits = kinds.commits.iter().map(|commit| &commit.get().sha);
    let changes = kinds.changes.values();
    let merged = changes.filter_map(|change| change.get().merge_sha.as_ref());
    let released = kinds.releases.iter().filter_map(|r| r.get().sha.as_ref());
    let deployments = kinds.deployments.iter();
    let deployed = deployments.filter_map(|d| d.get().sha.as_ref());
    let all = commits.chain(merged).chain(released).chain(deployed);
    all.filter_map(whole).collect()
}

fn is_short(sha: &Sha) -> bool {
    sha.as_str().len() < WHOLE
}

fn whole(sha: &Sha) -> Option<&Sha> {
    (!is_short(sha)).then_some(sha)
}

/// The one commit that begins so.
fn only<'a>(known: &BTreeSet<&'a Sha>, short: &Sha) -> Option<&'a Sha> {
    let from = known.range::<Sha, _>(short..);
    let mut found = from.take_while(|sha| sha.as_str().starts_with(short.as_str()));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The commit of the release with this tag, else the one that begins so.
fn named<'a>(kinds: &Kinds<'a>, known: &BTreeSet<&'a Sha>, name: &str) -> Option<&'a Sha> {
    tagged(kinds, name).or_else(|| only(known, &Sha::parse(name)?))
}

/// The commit of the release with this tag.
///
/// Software tells its version without the `v` of its tag; that is meant where only one tag fits.
pub(super) fn tagged<'a>(kinds: &Kinds<'a>, name: &str) -> Option<&'a Sha> {
    if name.is_empty() {
        return None;
    }
    let name = name.strip_prefix("refs/tags/").unwrap_or(name);
    let releases = || kinds.releases.iter().map(|release| release.get());
    let exact = releases().find(|release| *release.tag == *name);
    let bare = |tag: &str| *tag.trim_start_matches('v') == *name.trim_start_matches('v');
    let release = exact.or_else(|| {
        let mut alike = releases().filter(|release| bare(&release.tag));
        let first = alike.next()?;
        alike.next().is_none().then_some(first)
    });
    release.and_then(|release| release.sha.as_ref())
}
