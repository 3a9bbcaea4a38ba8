//! Flaky or real, with the evidence for it, and the record of each failing test.
//!
//! A verdict never stands alone: each sentence has counts and the window that
//! they were counted in.

use std::collections::BTreeSet;

use crate::domain::diagnosis::{Diagnosis, FailedTest};
use crate::domain::run::{Job, Run};
use crate::domain::text::Clean;
use crate::domain::triage::book::say;
use crate::domain::triage::lane::{Repo, is_green, is_red};
use crate::domain::triage::{BaseRed, Flaky, Known, TestRecord, Verdict};

/// How often a job failed and passed on one commit.
#[derive(Clone, Copy, Default, Debug)]
struct Tries {
    failed: usize,
    passed: usize,
}

/// Weighs what speaks for a flaky and for a real failure.
pub(super) fn flaky(
    repo: &Repo,
    run: &Run,
    job: Option<&Job>,
    found: Option<&Diagnosis>,
    base: Option<&BaseRed>,
    tests: &[TestRecord],
) -> Known<Flaky> {
    let Some(job) = job else {
        return Known::No(say("the jobs of this run are not known"));
    };
    let tries = tries(repo, run, job);
    let commit = run
        .head_sha
        .as_ref()
        .map_or("this commit", |sha| sha.short());
    let mut evidence = vec![say(&format!(
        "job `{}` failed {} and {} on {commit}",
        job.name,
        times(tries.failed),
        match tries.passed {
            0 => "never passed".to_owned(),
            passed => format!("passed {}", times(passed)),
        },
    ))];
    let elsewhere: BTreeSet<&Clean> = tests.iter().flat_map(|t| &t.other_branches).collect();
    for record in tests {
        if let Some(test) = found.and_then(|found| found.tests.get(record.test)) {
            evidence.extend(sentence(test, record));
        }
    }
    if let Some(base) = base {
        evidence.push(say(&format!(
            "`{}` is red too, since run {}",
            base.branch, base.first.number
        )));
    }
    let verdict = if tries.passed > 0 {
        Verdict::Flaky
    } else if !elsewhere.is_empty() && base.is_none() {
        Verdict::LikelyFlaky
    } else if tries.failed > 1 {
        Verdict::Real
    } else {
        Verdict::LikelyReal
    };
    Known::Yes(Flaky { verdict, evidence })
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

fn sentence(test: &FailedTest, record: &TestRecord) -> Option<Clean> {
    let (failed, of) = record.failed_of;
    let elsewhere = match record.other_branches.as_slice() {
        [] => String::new(),
        [branch] => format!(", on `{branch}`"),
        [branch, more @ ..] => format!(", on `{branch}` and {} more", more.len()),
    };
    let name = &test.name;
    let sentence = format!("`{name}` failed in {failed} of the last {of} known runs{elsewhere}");
    (of > 0).then(|| say(&sentence))
}

/// Counts how the job ended in all attempts and runs of its workflow on this commit.
fn tries(repo: &Repo, run: &Run, job: &Job) -> Tries {
    let mut seen: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut tries = Tries::default();
    for other in repo.at_commit(run) {
        let sets = repo.earlier(other).into_iter().chain(repo.jobs(other));
        for one in sets.flat_map(|set| &set.jobs) {
            if one.name != job.name || !seen.insert((other.id, one.id)) {
                continue;
            }
            if is_red(&one.state) {
                tries.failed += 1;
            } else if is_green(&one.state) {
                tries.passed += 1;
            }
        }
    }
    tries
}

/// Counts for each failing test in how many of the last `window` runs that are known it failed, and where else.
///
/// A run is known if it passed, or if it failed and its log was read.
pub(super) fn records(repo: &Repo, run: &Run, found: &Diagnosis, window: usize) -> Vec<TestRecord> {
    if found.tests.is_empty() {
        return Vec::new();
    }
    let recent = repo.recent(run, window);
    let mut known = 0;
    let mut counts = vec![(0, BTreeSet::new()); found.tests.len()];
    for other in recent {
        let diagnoses: Vec<&Diagnosis> = repo.diagnoses(other).collect();
        if !is_green(&other.state) && diagnoses.is_empty() {
            continue;
        }
        known += 1;
        for ((count, branches), test) in counts.iter_mut().zip(&found.tests) {
            let failed = diagnoses
                .iter()
                .any(|diagnosis| diagnosis.tests.iter().any(|other| is_same(other, test)));
            if failed {
                *count += 1;
                if other.branch != run.branch {
                    branches.insert(other.branch.clone());
                }
            }
        }
    }
    counts
        .into_iter()
        .enumerate()
        .map(|(test, (failed, branches))| TestRecord {
            test,
            failed_of: (failed, known),
            other_branches: branches.into_iter().collect(),
        })
        .collect()
}

fn is_same(a: &FailedTest, b: &FailedTest) -> bool {
    a.name == b.name && a.suite == b.suite
}
