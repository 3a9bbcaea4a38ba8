//! The first bad commit of a change request whose own branch was never green:
//! its base decides.
//!
//! A base that was green when the change was first tried says that the change
//! brought the failure. A base that was red then says why nobody is blamed, and
//! what the base did later says nothing.

use std::collections::BTreeSet;

use crate::domain::correlate::Need;
use crate::domain::run::{Job, Run, place_of, run_called};
use crate::domain::text::Clean;
use crate::domain::triage::base::{green_again, tried_on};
use crate::domain::triage::book::say;
use crate::domain::triage::culprit::between;
use crate::domain::triage::lane::{Repo, is_finished, is_green, run_ref};
use crate::domain::triage::{BaseRed, Basis, FirstBad, Known, RunRef};

/// The change request that a run judges, as far as its base matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    /// Its number.
    pub(super) number: u64,
    /// The branch that it goes to.
    pub(super) branch: &'a Clean,
    /// What is known of that branch when the change was tried.
    pub(super) base: &'a Known<BaseRed>,
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
    let branch = change.branch;
    let Some(tried) = tried_on(repo, red, branch) else {
        return Known::No(say(&format!(
            "neither a green run of {} nor one on `{branch}` that ended before is known",
            place_of(&red.workflow, &red.branch)
        )));
    };
    let job = match said(repo, tried, job) {
        Said::Green => None,
        Said::JobGreen(name) => Some(name),
        Said::Red => return Known::No(was_red(repo, tried, branch)),
    };
    let (Some(from), Some(to)) = (tried.head_sha.clone(), red.head_sha.clone()) else {
        return Known::No(say("its CI does not tell for which commits it ran"));
    };
    if from == to {
        return Known::No(say(&format!(
            "the same commit was green on `{branch}` in {}: nothing in the code differs",
            run_called(&tried.called())
        )));
    }
    let mut commits = between(repo, &from, &to, needs);
    if let Known::Yes(commits) = &mut commits {
        for commit in commits {
            commit.change = commit.change.or(Some(change.number));
        }
    }
    let newest = repo.lane(red, branch).rev().find(|run| is_finished(run));
    Known::Yes(FirstBad {
        commits,
        basis: Basis::Base {
            branch: branch.clone(),
            job,
            still: newest.is_some_and(|run| is_green(&run.state)),
        },
        green: run_ref(tried),
        red: run_ref(red),
        since: red.updated_at,
        from,
        to,
    })
}

/// Says why the change is not blamed where its base was red as it ran, and may have failed alike.
pub(super) fn not_ours(base: &BaseRed) -> Option<Clean> {
    match &base.alike {
        Known::Yes(true) | Known::No(_) => Some(say(&base.sentence(RunRef::named))),
        // Another failure of the base does not excuse this one.
        Known::Yes(false) => None,
    }
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

/// Says that the base was red when the change was first tried, and whether it still is.
fn was_red(repo: &Repo, tried: &Run, branch: &Clean) -> Clean {
    let head = format!(
        "`{branch}` was red when this first failed ({})",
        run_called(&tried.called())
    );
    say(&green_again(repo, tried, branch).map_or_else(
        || format!("{head} and is red now"),
        |green| {
            format!(
                "{head} and is green again since {}: bring this up to date first",
                run_called(&green.called())
            )
        },
    ))
}
