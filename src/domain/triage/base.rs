//! Whether the base of a change request failed alike when the change was tried.
//!
//! What counts is the newest finished run of the same workflow on the base that
//! was asked for before the change's run. A base that turned red later proves
//! nothing and is not told of. Whether later runs are green again is told, as
//! then the change only has to be brought up to date.

use std::collections::BTreeSet;

use crate::domain::correlate::Need;
use crate::domain::run::{Run, called, place_of, run_called};
use crate::domain::text::Clean;
use crate::domain::triage::alike::{Gap, Ours, Seen, seen};
use crate::domain::triage::book::say;
use crate::domain::triage::culprit::turn;
use crate::domain::triage::lane::{Repo, is_finished, is_green, run_ref};
use crate::domain::triage::{BaseRed, Known, RunRef};

/// Tells whether the base was red when the change was tried, and whether it failed alike.
pub(super) fn base(
    repo: &Repo,
    ours: Ours<'_>,
    branch: &Clean,
    most: usize,
    needs: &mut BTreeSet<Need>,
) -> Known<BaseRed> {
    let run = ours.run;
    if *branch == run.branch {
        return Known::No(say(&format!("this ran on `{branch}` itself")));
    }
    let Some(tried) = tried_on(repo, run, branch) else {
        return Known::No(say(&format!(
            "no finished run of {} before this one is known",
            place_of(&run.workflow, branch)
        )));
    };
    let turn = turn(repo.lane(run, branch), tried, most);
    let Some(turn) = turn.filter(|_| !is_green(&tried.state)) else {
        return Known::No(say(&format!(
            "`{branch}` was green when this ran ({})",
            run_called(&tried.called())
        )));
    };
    let green_again = green_again(repo, tried, branch);
    let was_green = after(repo, tried, branch).any(|other| is_green(&other.state));
    Known::Yes(BaseRed {
        branch: branch.clone(),
        run: run_ref(tried),
        first: run_ref(turn.red),
        alike: alike(repo, tried, ours, needs),
        red_again: was_green && green_again.is_none(),
        green_again,
    })
}

/// Returns the run of the base that tells what a run was tried on: the newest finished one that
/// was asked for before.
pub(super) fn tried_on<'a>(repo: &'a Repo, run: &'a Run, branch: &Clean) -> Option<&'a Run> {
    let mut before = repo
        .lane(run, branch)
        .rev()
        .filter(|other| other.created_at <= run.created_at);
    before.find(|other| is_finished(other))
}

/// Returns the first of the newest green runs of a branch, where it is green now.
pub(super) fn green_again(repo: &Repo, since: &Run, branch: &Clean) -> Option<RunRef> {
    let newest = after(repo, since, branch).filter(|other| is_finished(other));
    let green = newest.take_while(|other| is_green(&other.state));
    green.last().map(run_ref)
}

/// Returns the runs of a branch after one of them, the newest first.
fn after<'a>(repo: &'a Repo, since: &'a Run, branch: &Clean) -> impl Iterator<Item = &'a Run> {
    let lane = repo.lane(since, branch).rev();
    lane.take_while(|other| (other.created_at, other.id) > (since.created_at, since.id))
}

/// Whether a red run of the base failed as we do; what is missing for that is asked for.
fn alike(repo: &Repo, tried: &Run, ours: Ours<'_>, needs: &mut BTreeSet<Need>) -> Known<bool> {
    let gap = match seen(repo, tried, ours) {
        Seen::Alike => return Known::Yes(true),
        Seen::Otherwise => return Known::Yes(false),
        Seen::Unknown(gap) => gap,
    };
    let (repo, run) = (tried.repo.clone(), tried.id);
    Known::No(say(match gap {
        Gap::Jobs if !tried.no_jobs.is_empty() => tried.no_jobs.as_str(),
        Gap::Jobs => {
            needs.insert(Need::Jobs { repo, run });
            "the jobs of the base branch's run are not read yet"
        }
        Gap::Log(job) => {
            needs.insert(Need::Diagnosis { repo, run, job });
            "the log of the base branch's run is not read yet"
        }
        Gap::NoJob => "no job of the base branch's run failed by itself",
        Gap::Ours => "the log of this run is not read yet",
        Gap::Nothing => "not every log shows an error to compare",
    }))
}

impl BaseRed {
    /// Returns it in one sentence; `named` names a run as the reader wants it.
    pub fn sentence(&self, named: impl Fn(&RunRef) -> String) -> String {
        let branch = &self.branch;
        let run = named(&self.run);
        let now = self.green_again.as_ref().map(named);
        let then = match (&now, &self.alike) {
            (Some(green), Known::Yes(true)) => {
                format!("green again since {green}: bring this up to date")
            }
            (Some(green), Known::Yes(false) | Known::No(_)) => {
                format!("green again since {green}")
            }
            (None, _) if self.red_again => "was green since and is red again".to_owned(),
            (None, _) => "still red".to_owned(),
        };
        match &self.alike {
            Known::Yes(true) => format!("`{branch}` failed alike when this ran ({run}), {then}"),
            Known::Yes(false) => {
                format!("`{branch}` failed too when this ran ({run}), but otherwise; {then}")
            }
            Known::No(why) => format!(
                "`{branch}` was red when this ran ({run}), {then}; whether it failed alike is \
                 not known: {why}"
            ),
        }
    }
}

impl RunRef {
    /// Returns what people call it: its number, or what stands for one.
    pub fn called(&self) -> String {
        called(self.number, &self.label)
    }

    /// Returns it as people name it: `run 12`.
    pub fn named(&self) -> String {
        run_called(&self.called())
    }
}
