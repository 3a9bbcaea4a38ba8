//! Who broke it: the first bad commit of a branch, and whether a change request
//! is red only because its base is.
//!
//! Works on the runs of one workflow on one branch in the order of time. Says
//! nothing where no green run is known before the red ones.

use std::collections::BTreeSet;

use crate::domain::correlate::Need;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::key::Sha;
use crate::domain::run::{Job, Run};
use crate::domain::text::Clean;
use crate::domain::triage::book::say;
use crate::domain::triage::brought::{Change, brought};
use crate::domain::triage::lane::{Repo, failed_job, is_green, is_red, run_ref};
use crate::domain::triage::{BaseRed, Basis, FirstBad, Known, Suspect};

/// How many commits between green and red are listed.
const MOST_SUSPECTS: usize = 100;

/// The last green and the first red run after it, of the newest red stretch of a lane.
struct Turn<'a> {
    green: Option<&'a Run>,
    red: &'a Run,
    /// Whether more runs may be known than were looked at.
    is_cut: bool,
}

/// Finds the turn from green to red that leads to the newest finished run up to `last`.
///
/// Runs that were cancelled, skipped or are not known say nothing either way; of the others the
/// `most` newest are looked at.
fn turn<'a>(
    runs: impl DoubleEndedIterator<Item = &'a Run>,
    last: Option<&Run>,
    most: usize,
) -> Option<Turn<'a>> {
    let upto = last.map(|last| (last.created_at, last.id));
    let mut red = None;
    let mut told = runs
        .rev()
        .filter(|run| upto.is_none_or(|upto| (run.created_at, run.id) <= upto))
        .filter(|run| is_red(&run.state) || is_green(&run.state));
    for run in told.by_ref().take(most) {
        if is_green(&run.state) {
            return red.map(|red| Turn {
                green: Some(run),
                red,
                is_cut: false,
            });
        }
        red = Some(run);
    }
    let is_cut = told.next().is_some();
    red.map(|red| Turn {
        green: None,
        red,
        is_cut,
    })
}

/// Finds the first bad commit on the branch of a red run; where that was never green and is of a
/// change request, what its base says.
pub(super) fn first_bad(
    repo: &Repo,
    (run, job): (&Run, Option<&Job>),
    change: Option<Change<'_>>,
    most: usize,
    needs: &mut BTreeSet<Need>,
) -> Known<FirstBad> {
    let workflow = &run.workflow;
    let branch = &run.branch;
    let Some(turn) = turn(repo.lane(run, branch), Some(run), most) else {
        return Known::No(say(&format!(
            "no finished run of `{workflow}` on `{branch}` is known"
        )));
    };
    let Some(green) = turn.green else {
        if let Some(change) = change.filter(|change| change.branch != branch) {
            return brought(repo, turn.red, job, change, needs);
        }
        return Known::No(say(&if turn.is_cut {
            format!("none of the last {most} runs of `{workflow}` on `{branch}` was green")
        } else {
            format!("no green run of `{workflow}` on `{branch}` is known")
        }));
    };
    let (Some(from), Some(to)) = (green.head_sha.clone(), turn.red.head_sha.clone()) else {
        return Known::No(say("its CI does not tell for which commits it ran"));
    };
    if from == to {
        return Known::No(say(&format!(
            "the same commit was green in run {} before: nothing in the code changed",
            green.number
        )));
    }
    Known::Yes(FirstBad {
        commits: between(repo, run, &from, &to, needs),
        basis: Basis::Branch,
        green: run_ref(green),
        red: run_ref(turn.red),
        since: turn.red.updated_at,
        from,
        to,
    })
}

/// The commits after `from` up to `to`, the oldest first: by parents, else as the forge compared.
pub(super) fn between(
    repo: &Repo,
    run: &Run,
    from: &Sha,
    to: &Sha,
    needs: &mut BTreeSet<Need>,
) -> Known<Vec<Suspect>> {
    if let Some(path) = first_parents(repo, run, from, to) {
        return Known::Yes(path);
    }
    let Some(range) = repo.range(run, from, to) else {
        needs.insert(Need::Range {
            repo: run.repo.clone(),
            from: from.clone(),
            to: to.clone(),
        });
        return Known::No(say("the comparison of the two commits is not read yet"));
    };
    if !range.complete {
        return Known::No(say("too many commits lie between to list them"));
    }
    let suspects = range.commits.iter().take(MOST_SUSPECTS);
    let suspects = suspects.map(|sha| {
        let mut suspect = suspect(repo, run, sha);
        if suspect.title.is_empty()
            && let Some(told) = range.told.iter().find(|told| told.sha == *sha)
        {
            suspect.title = told.title.clone();
            suspect.author.clone_from(&told.author);
        }
        suspect
    });
    Known::Yes(suspects.collect())
}

/// Follows first parents from `to` down to `from`, where every commit on the way is known.
fn first_parents(repo: &Repo, run: &Run, from: &Sha, to: &Sha) -> Option<Vec<Suspect>> {
    let mut path = Vec::new();
    let mut at = to.clone();
    while at != *from {
        if path.len() == MOST_SUSPECTS {
            return None;
        }
        let commit = repo.commit(run, &at)?;
        path.push(suspect(repo, run, &at));
        at = commit.parents.first()?.clone();
    }
    path.reverse();
    Some(path)
}

fn suspect(repo: &Repo, run: &Run, sha: &Sha) -> Suspect {
    let commit = repo.commit(run, sha);
    Suspect {
        sha: sha.clone(),
        title: commit.map_or_else(Clean::default, |commit| commit.title.clone()),
        author: commit.and_then(|commit| commit.author.clone()),
        change: commit.and_then(|commit| commit.change_request),
    }
}

/// Tells whether the base branch of a change request is red now with the same workflow.
pub(super) fn base(
    repo: &Repo,
    (run, ours): (&Run, Option<&Diagnosis>),
    branch: &Clean,
    most: usize,
    needs: &mut BTreeSet<Need>,
) -> Option<BaseRed> {
    if *branch == run.branch {
        return None;
    }
    let newest = repo
        .lane(run, branch)
        .rev()
        .find(|other| is_red(&other.state) || is_green(&other.state))?;
    if is_green(&newest.state) {
        return None;
    }
    let turn = turn(repo.lane(run, branch), None, most)?;
    Some(BaseRed {
        branch: branch.clone(),
        first: run_ref(turn.red),
        alike: alike(repo, newest, ours, needs),
    })
}

/// Whether the newest red run of the base fails as we do: by signatures, never by job names alone.
fn alike(
    repo: &Repo,
    newest: &Run,
    ours: Option<&Diagnosis>,
    needs: &mut BTreeSet<Need>,
) -> Known<bool> {
    let jobs = repo
        .jobs(newest)
        .filter(|set| set.attempt == newest.attempt);
    let Some(set) = jobs else {
        needs.insert(Need::Jobs {
            repo: newest.repo.clone(),
            run: newest.id,
        });
        return Known::No(say("the jobs of the base branch's run are not read yet"));
    };
    let Some(job) = failed_job(&set.jobs).and_then(|at| set.jobs.get(at)) else {
        return Known::No(say("no job of the base branch's run failed by itself"));
    };
    let Some(theirs) = repo.diagnosis(newest, job.id) else {
        needs.insert(Need::Diagnosis {
            repo: newest.repo.clone(),
            run: newest.id,
            job: job.id,
        });
        return Known::No(say("the log of the base branch's run is not read yet"));
    };
    match (ours.and_then(|d| d.signature.as_ref()), &theirs.signature) {
        (Some(ours), Some(theirs)) => Known::Yes(ours.id == theirs.id),
        (None, _) | (_, None) => Known::No(say("not every log shows an error to compare")),
    }
}
