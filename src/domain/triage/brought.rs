//! The first bad commit of a change request whose own branch was never green:
//! its base decides.
//!
//! A base that was green when the change was tried says that the change brought
//! the failure. A base that was red then, or is now, says why nobody is blamed.

use std::collections::BTreeSet;

use crate::domain::correlate::Need;
use crate::domain::run::{Job, Run};
use crate::domain::text::Clean;
use crate::domain::triage::book::say;
use crate::domain::triage::culprit::between;
use crate::domain::triage::lane::{Repo, is_green, is_red, run_ref};
use crate::domain::triage::{BaseRed, Basis, FirstBad, Known};

/// The change request that a run judges, as far as its base matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    /// Its number.
    pub(super) number: u64,
    /// The branch that it goes to.
    pub(super) branch: &'a Clean,
    /// What is known of that branch, where it is red.
    pub(super) red: Option<&'a BaseRed>,
}

/// What one run of the base says about a failure of ours.
enum Said {
    /// All of it passed.
    Green,
    /// It failed, but the job that fails for us passed.
    JobGreen(Clean),
    /// It failed.
    Red,
}

/// Finds what the base says: `red` is the first red run of the change.
pub(super) fn brought(
    repo: &Repo,
    red: &Run,
    job: Option<&Job>,
    change: Change<'_>,
    needs: &mut BTreeSet<Need>,
) -> Known<FirstBad> {
    if let Some(why) = change.red.and_then(not_ours) {
        return Known::No(why);
    }
    let branch = change.branch;
    let Some(tried) = tried_on(repo, red, branch) else {
        return Known::No(say(&format!(
            "neither a green run of `{}` on `{}` nor a finished one on `{branch}` is known",
            red.workflow, red.branch
        )));
    };
    let job = match said(repo, tried, job) {
        Said::Green => None,
        Said::JobGreen(name) => Some(name),
        Said::Red => return Known::No(was_red(repo, red, tried, branch)),
    };
    let (Some(from), Some(to)) = (tried.head_sha.clone(), red.head_sha.clone()) else {
        return Known::No(say("its CI does not tell for which commits it ran"));
    };
    if from == to {
        return Known::No(say(&format!(
            "the same commit was green on `{branch}` in run {}: nothing in the code differs",
            tried.number
        )));
    }
    let mut commits = between(repo, red, &from, &to, needs);
    if let Known::Yes(commits) = &mut commits {
        for commit in commits {
            commit.change = commit.change.or(Some(change.number));
        }
    }
    Known::Yes(FirstBad {
        commits,
        basis: Basis::Base {
            branch: branch.clone(),
            job,
            still: change.red.is_none(),
        },
        green: run_ref(tried),
        red: run_ref(red),
        since: red.updated_at,
        from,
        to,
    })
}

/// Says why the change is not blamed where its base is red now and may fail alike.
fn not_ours(base: &BaseRed) -> Option<Clean> {
    let head = format!("`{}` is red since run {}", base.branch, base.first.number);
    match &base.alike {
        Known::Yes(true) => Some(say(&format!("not yours: {head}"))),
        // Another failure of the base does not excuse this one.
        Known::Yes(false) => None,
        Known::No(why) => Some(say(&format!(
            "{head}, and whether it fails alike is not known: {why}"
        ))),
    }
}

/// Returns the run of the base that tells best what the change was tried on: the last one
/// before it, else the first one after.
fn tried_on<'a>(repo: &'a Repo, red: &'a Run, branch: &Clean) -> Option<&'a Run> {
    let over = |run: &&Run| is_red(&run.state) || is_green(&run.state);
    let mut later = None;
    for run in repo.lane(red, branch).rev().filter(over) {
        if run.created_at <= red.created_at {
            return Some(run);
        }
        later = Some(run);
    }
    later
}

fn said(repo: &Repo, base: &Run, job: Option<&Job>) -> Said {
    if is_green(&base.state) {
        return Said::Green;
    }
    let set = repo.jobs(base).filter(|set| set.attempt == base.attempt);
    let passed = job.filter(|job| {
        let mut theirs = set.into_iter().flat_map(|set| &set.jobs);
        theirs.any(|one| one.name == job.name && is_green(&one.state))
    });
    passed.map_or(Said::Red, |job| Said::JobGreen(job.name.clone()))
}

/// Says that the base was red when the change was tried, and whether it still is.
fn was_red(repo: &Repo, red: &Run, tried: &Run, branch: &Clean) -> Clean {
    let mended = repo
        .lane(red, branch)
        .find(|run| run.created_at > tried.created_at && is_green(&run.state));
    let head = format!("`{branch}` was red when this ran (run {})", tried.number);
    say(&mended.map_or_else(
        || format!("{head}, and no green run of it is known since"),
        |green| {
            format!(
                "{head} and is green again since run {}: bring this up to date first",
                green.number
            )
        },
    ))
}
