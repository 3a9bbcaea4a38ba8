//! Flaky or real, with the evidence for it.
//!
//! Flaky: the job failed and passed on the same commit. Infrastructure: the
//! first error is of the network, memory, disk or runner, and no test failed.
//! Likely flaky: the same tests failed on unrelated branches, or came back after
//! a green run. Real: it failed again on the same commit. Likely real: it fails
//! on consecutive commits, or in a file that the change touches. One failure
//! without another try is no verdict, nor are signs of both; then the reason
//! says what is known. No verdict stands without counts and their window.

use std::collections::BTreeSet;

use crate::domain::key::Sha;
use crate::domain::run::{Run, run_called};
use crate::domain::text::Clean;
use crate::domain::triage::alike::{Gap, Ours, Seen, is_same_for_sure, seen};
use crate::domain::triage::base::tried_on;
use crate::domain::triage::book::say;
use crate::domain::triage::infra::beneath;
use crate::domain::triage::lane::{Repo, is_finished, is_green, is_red};
use crate::domain::triage::tries::{Tries, tries};
use crate::domain::triage::{BaseRed, Flaky, Known, RunRef, TestRecord, Verdict};

/// On how many commits in a row a job must fail to be likely real where logs were not read.
const ROW_UNREAD: usize = 3;

/// Weighs what speaks for a flaky and for a real failure.
pub(super) fn flaky(
    repo: &Repo,
    ours: Ours<'_>,
    no_job: &str,
    base: &Known<BaseRed>,
    tests: &[TestRecord],
    most: usize,
) -> Known<Flaky> {
    let (Some(job), run) = (ours.job, ours.run) else {
        return Known::No(say(no_job));
    };
    let tries = tries(repo, run, job);
    let mut evidence = vec![tries.sentence(run, job)];
    for record in tests {
        let test = ours.found.and_then(|found| found.tests.get(record.test));
        evidence.extend(test.and_then(|test| record_sentence(&test.name, record)));
    }
    let weighed = if tries.passed > 0 {
        Weighed::For(Verdict::Flaky)
    } else {
        weigh(repo, ours, base, (tries, most), &mut evidence)
    };
    match weighed {
        Weighed::For(verdict) => Known::Yes(Flaky { verdict, evidence }),
        Weighed::NotKnown(why) => {
            let rest: Vec<&str> = evidence.iter().map(Clean::as_str).collect();
            Known::No(say(&format!("{why}; {}", rest.join("; "))))
        }
    }
}

/// What the evidence comes to.
enum Weighed {
    For(Verdict),
    NotKnown(&'static str),
}

/// Weighs a failure whose job never passed on its commit.
fn weigh(
    repo: &Repo,
    ours: Ours<'_>,
    base: &Known<BaseRed>,
    (tries, most): (Tries, usize),
    evidence: &mut Vec<Clean>,
) -> Weighed {
    if let Some(beneath) = ours.found.and_then(beneath) {
        let perhaps = if beneath.guess { "perhaps " } else { "" };
        let what = beneath.what;
        evidence.push(say(&format!("{perhaps}{what} failed, no test did")));
        return if beneath.guess {
            Weighed::NotKnown("the code may not be the cause")
        } else {
            Weighed::For(Verdict::Infrastructure)
        };
    }
    if let Known::Yes(base) = base
        && base.alike == Known::Yes(true)
    {
        evidence.push(say(&base.sentence(RunRef::named)));
        return of_base(repo, ours, base, evidence);
    }
    let row = Row::of(repo, ours, ours.run, most);
    evidence.extend(row.sentence(&ours.run.branch));
    let touched = touched(repo, ours);
    evidence.extend(touched.map(|file| say(&format!("the change touches `{file}`"))));
    let elsewhere = elsewhere(repo, ours, most);
    let real = if tries.failed > 1 {
        Some(Verdict::Real)
    } else {
        (row.tells() || touched.is_some()).then_some(Verdict::LikelyReal)
    };
    match (real, elsewhere) {
        (Some(_), Some(other)) => {
            evidence.push(other);
            Weighed::NotKnown("there are signs of both")
        }
        (Some(verdict), None) => Weighed::For(verdict),
        (None, Some(other)) => {
            evidence.push(other);
            Weighed::For(Verdict::LikelyFlaky)
        }
        (None, None) if tries.unread > 0 => {
            Weighed::NotKnown("not all attempts on this commit were read")
        }
        (None, None) => Weighed::NotKnown("it was not run again on this commit"),
    }
}

/// What a base that failed alike says: the failure is the base's, so its runs tell what it is.
fn of_base(repo: &Repo, ours: Ours<'_>, base: &BaseRed, evidence: &mut Vec<Clean>) -> Weighed {
    let row = repo.numbered(base.run.id, ours.run);
    let row = row.map(|run| Row::of(repo, ours, run, usize::MAX));
    if let Some(row) = row.filter(Row::tells) {
        evidence.extend(row.sentence(&base.branch));
        return Weighed::For(Verdict::LikelyReal);
    }
    Weighed::NotKnown("it is a failure of the base")
}

/// How many commits in a row failed alike on one branch.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Commits that are known to fail alike.
    alike: usize,
    /// Commits on which the same job failed, the former included.
    failed: usize,
}

impl Row {
    /// Goes back from a run that fails alike until something else happened.
    fn of(repo: &Repo, ours: Ours<'_>, from: &Run, most: usize) -> Self {
        let lane = repo.lane(from, &from.branch).rev();
        let upto = (from.created_at, from.id);
        let (mut alike, mut failed): (BTreeSet<&Sha>, BTreeSet<&Sha>) = Default::default();
        let earlier = lane
            .filter(|other| (other.created_at, other.id) < upto && is_finished(other))
            .take(most);
        for other in std::iter::once(from).chain(earlier) {
            let said = if other.id == from.id {
                Seen::Alike
            } else if is_red(&other.state) {
                seen(repo, other, ours)
            } else {
                Seen::Otherwise
            };
            let sha = other.head_sha.as_ref();
            match said {
                Seen::Alike => alike.extend(sha),
                Seen::Unknown(Gap::Log(_) | Gap::Nothing) => {}
                Seen::Otherwise | Seen::Unknown(Gap::Jobs | Gap::NoJob | Gap::Ours) => break,
            }
            failed.extend(sha);
        }
        Self {
            alike: alike.len(),
            failed: failed.len(),
        }
    }

    /// Whether that speaks for a real failure.
    fn tells(&self) -> bool {
        self.alike > 1 || self.failed >= ROW_UNREAD
    }

    fn sentence(self, branch: &Clean) -> Option<Clean> {
        let Self { alike, failed } = self;
        let unread = failed - alike;
        (failed > 1).then(|| {
            say(&match unread {
                0 => format!("it failed alike on {failed} commits in a row on `{branch}`"),
                _ => format!(
                    "the job failed on {failed} commits in a row on `{branch}`, the logs of \
                     {unread} not read"
                ),
            })
        })
    }
}

/// Returns a file of the failure that the change touches.
fn touched<'a>(repo: &'a Repo, ours: Ours<'a>) -> Option<&'a Clean> {
    let found = ours.found?;
    let paths = repo.changed_paths(repo.change_of(ours.run)?)?;
    let tests = found.tests.iter().filter_map(|test| test.file.as_ref());
    let mut files = found.error.iter().filter_map(|error| error.file.as_ref());
    let is_touched = |file: &&Clean| {
        let file = file.trim_start_matches("./");
        paths.iter().any(|path| path.as_str() == file)
    };
    files
        .find(is_touched)
        .or_else(|| tests.into_iter().find(is_touched))
}

/// Returns where else the same tests failed: on an unrelated branch, or here before a green run.
///
/// A failure that the base of the other branch had when that was tried is the base's, not another.
fn elsewhere(repo: &Repo, ours: Ours<'_>, most: usize) -> Option<Clean> {
    let run = ours.run;
    let found = ours.found.filter(|found| !found.tests.is_empty())?;
    let fails = |other: &Run| {
        repo.diagnoses(other)
            .any(|one| is_same_for_sure(found, one))
    };
    let before = (run.created_at, run.id);
    let green = repo
        .lane(run, &run.branch)
        .rev()
        .filter(|other| (other.created_at, other.id) < before)
        .find(|other| is_green(&other.state));
    let counts = |other: &&Run| {
        if other.branch == run.branch {
            green.is_some_and(|green| other.created_at < green.created_at)
        } else {
            (other.head_sha != run.head_sha || run.head_sha.is_none())
                && !is_of_base(repo, other, &fails)
        }
    };
    let window = repo.window(run, most);
    let other = window
        .into_iter()
        .find(|other| fails(other) && counts(other))?;
    Some(say(&if other.branch == run.branch {
        format!(
            "it failed alike on `{}` in {} already, and was green since",
            other.branch,
            run_called(&other.called())
        )
    } else {
        format!(
            "it failed alike on `{}` ({})",
            other.branch,
            run_called(&other.called())
        )
    }))
}

/// Whether the base of a run failed alike when that was tried.
fn is_of_base(repo: &Repo, other: &Run, fails: &impl Fn(&Run) -> bool) -> bool {
    let base = repo.change_of(other).map(|change| &change.base_branch);
    let tried = base
        .filter(|base| **base != other.branch)
        .and_then(|base| tried_on(repo, other, base));
    tried.is_some_and(fails)
}

fn record_sentence(name: &Clean, record: &TestRecord) -> Option<Clean> {
    let words = record.words();
    let elsewhere = match record.other_branches.as_slice() {
        [] => String::new(),
        [branch] => format!(", on `{branch}`"),
        [branch, more @ ..] => format!(", on `{branch}` and {} more", more.len()),
    };
    (!words.is_empty()).then(|| say(&format!("`{name}` {words}{elsewhere}")))
}
