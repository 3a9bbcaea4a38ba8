//! Who broke it: the first bad commit of a branch.
//!
//! Works on the runs of one workflow on one branch in the order of time: the last
//! green one before the red ones. Names nobody where no green run is known, and
//! nobody where anything known speaks against it: the base failed alike, the job
//! passed on the same commit, the network or the like failed, the first red run
//! failed otherwise, or the same failure was seen before on a branch that has none
//! of these commits.

use std::collections::BTreeSet;

use crate::domain::change_request::Called;
use crate::domain::correlate::Need;
use crate::domain::key::Sha;
use crate::domain::run::{Run, place_of, run_called};
use crate::domain::text::Clean;
use crate::domain::triage::alike::{Ours, Seen, is_same_for_sure, seen};
use crate::domain::triage::book::say;
use crate::domain::triage::brought::{Change, brought, not_ours};
use crate::domain::triage::infra::beneath;
use crate::domain::triage::lane::{Repo, agree, is_finished, is_green, run_ref};
use crate::domain::triage::tries::tries;
use crate::domain::triage::{Basis, FirstBad, Known, Suspect};

/// How many commits between green and red are listed.
const MOST_SUSPECTS: usize = 100;

/// The last green and the first red run after it, of the newest red stretch of a lane.
pub(super) struct Turn<'a> {
    green: Option<&'a Run>,
    /// The first red run after that.
    pub(super) red: &'a Run,
    /// Whether more runs may be known than were looked at.
    is_cut: bool,
}

/// Finds the turn from green to red that leads to the newest finished run up to `last`.
///
/// Runs that were cancelled, skipped or are not known say nothing either way; of the others the
/// `most` newest are looked at.
pub(super) fn turn<'a>(
    runs: impl DoubleEndedIterator<Item = &'a Run>,
    last: &Run,
    most: usize,
) -> Option<Turn<'a>> {
    let upto = (last.created_at, last.id);
    let mut red = None;
    let mut told = runs
        .rev()
        .filter(|run| (run.created_at, run.id) <= upto)
        .filter(|run| is_finished(run));
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
/// change request, what its base says. What speaks against it is told instead.
pub(super) fn first_bad(
    repo: &Repo,
    ours: Ours<'_>,
    change: Option<Change<'_>>,
    most: usize,
    needs: &mut BTreeSet<Need>,
) -> Known<FirstBad> {
    let run = ours.run;
    let base = change.map(|change| change.base);
    if let Some(Known::Yes(base)) = base
        && let Some(why) = not_ours(base)
    {
        return Known::No(why);
    }
    let Some(turn) = turn(repo.lane(run, &run.branch), run, most) else {
        return Known::No(say(&format!(
            "no finished run of {} is known",
            place_of(&run.workflow, &run.branch)
        )));
    };
    let found = match (turn.green, change) {
        (Some(green), _) => on_branch(repo, (green, turn.red), needs),
        (None, Some(change)) if *change.branch != run.branch => {
            brought(repo, turn.red, ours.job, change, needs)
        }
        (None, _) => Known::No(never_green(run, &turn, most)),
    };
    match found {
        Known::Yes(bad) => match doubt(repo, ours, turn.red, (&bad, most)) {
            Some(why) => Known::No(say(&why)),
            None => Known::Yes(bad),
        },
        Known::No(why) => Known::No(why),
    }
}

fn never_green(run: &Run, turn: &Turn<'_>, most: usize) -> Clean {
    let place = place_of(&run.workflow, &run.branch);
    say(&if turn.is_cut {
        format!("none of the last {most} runs of {place} was green")
    } else {
        format!("no green run of {place} is known")
    })
}

/// The commits that a branch got between its last green run and its first red one.
fn on_branch(
    repo: &Repo,
    (green, red): (&Run, &Run),
    needs: &mut BTreeSet<Need>,
) -> Known<FirstBad> {
    let (Some(from), Some(to)) = (green.head_sha.clone(), red.head_sha.clone()) else {
        return Known::No(say("its CI does not tell for which commits it ran"));
    };
    if from == to {
        return Known::No(say(&format!(
            "the same commit was green in {} before: nothing in the code changed",
            run_called(&green.called())
        )));
    }
    Known::Yes(FirstBad {
        commits: between(repo, &from, &to, needs),
        basis: Basis::Branch,
        green: run_ref(green),
        red: run_ref(red),
        since: red.updated_at,
        from,
        to,
    })
}

/// Returns what speaks against a first bad commit; `red` is the first red run.
fn doubt(
    repo: &Repo,
    ours: Ours<'_>,
    red: &Run,
    (bad, most): (&FirstBad, usize),
) -> Option<String> {
    if let Some(beneath) = ours.found.and_then(beneath) {
        let perhaps = if beneath.guess { "perhaps " } else { "" };
        return Some(format!("{perhaps}{} failed, not the code", beneath.what));
    }
    if let Some(job) = ours.job {
        let passed = |run: &&Run| tries(repo, run, job).passed > 0;
        if let Some(run) = [ours.run, red].into_iter().find(passed) {
            let commit = run
                .head_sha
                .as_ref()
                .map_or("this commit", |sha| sha.short());
            return Some(format!(
                "job `{}` passed on the same commit {commit}, too: the code does not decide it",
                job.name
            ));
        }
    }
    if red.id != ours.run.id && seen(repo, red, ours) == Seen::Otherwise {
        return Some(format!(
            "`{}` is red since {}, but that failed otherwise: since when it fails like this is \
             not known",
            red.branch,
            run_called(&red.called())
        ));
    }
    let before = seen_before(repo, ours, red, (bad, most))?;
    Some(format!(
        "the same failure was on `{}` before ({}), without these commits",
        before.branch,
        run_called(&before.called())
    ))
}

/// Returns the newest run before the first red one that failed alike and has none of the commits.
fn seen_before<'a>(
    repo: &'a Repo,
    ours: Ours<'a>,
    red: &Run,
    (bad, most): (&FirstBad, usize),
) -> Option<&'a Run> {
    let found = ours.found?;
    let commits: &[Suspect] = match &bad.commits {
        Known::Yes(commits) => commits,
        Known::No(_) => &[],
    };
    let is_at = |other: &Run, sha: &Sha| other.head_sha.as_ref().is_some_and(|at| agree(at, sha));
    let has_them = |other: &Run| {
        let change = repo.change_of(other).map(|change| change.number);
        let is_in =
            |one: &Suspect| is_at(other, &one.sha) || (change.is_some() && one.change == change);
        is_at(other, &bad.to) || commits.iter().any(is_in)
    };
    repo.window(ours.run, most)
        .into_iter()
        .filter(|other| (other.created_at, other.id) < (red.created_at, red.id))
        .find(|other| {
            repo.diagnoses(other)
                .any(|one| is_same_for_sure(found, one))
                && !has_them(other)
        })
}

/// The commits after `from` up to `to`, the oldest first: by parents, else as the forge compared.
pub(super) fn between(
    repo: &Repo,
    from: &Sha,
    to: &Sha,
    needs: &mut BTreeSet<Need>,
) -> Known<Vec<Suspect>> {
    if let Some(path) = first_parents(repo, from, to) {
        return Known::Yes(path);
    }
    let Some(range) = repo.range(from, to) else {
        needs.insert(Need::Range {
            repo: repo.home().clone(),
            from: from.clone(),
            to: to.clone(),
        });
        return Known::No(say("the comparison of the two commits is not read yet"));
    };
    if range.lost().next().is_some() {
        return Known::No(say("its forge does not know one of the two commits"));
    }
    if !range.complete {
        return Known::No(say("too many commits lie between to list them"));
    }
    let suspects = range.commits.iter().take(MOST_SUSPECTS);
    let suspects = suspects.map(|sha| {
        let mut suspect = suspect(repo, sha);
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
fn first_parents(repo: &Repo, from: &Sha, to: &Sha) -> Option<Vec<Suspect>> {
    let mut path = Vec::new();
    let mut at = to.clone();
    while !agree(&at, from) {
        if path.len() == MOST_SUSPECTS {
            return None;
        }
        let commit = repo.commit(&at)?;
        path.push(suspect(repo, &at));
        at = commit.parents.first()?.clone();
    }
    path.reverse();
    Some(path)
}

fn suspect(repo: &Repo, sha: &Sha) -> Suspect {
    let commit = repo.commit(sha);
    let change = commit.and_then(|commit| commit.change_request);
    Suspect {
        sha: sha.clone(),
        title: commit.map_or_else(Clean::default, |commit| commit.title.clone()),
        author: commit.and_then(|commit| commit.author.clone()),
        change,
        called: change.map_or(Called::PullRequest, |number| repo.called(number)),
    }
}
