//! The record of a failing test: in how many of the newest runs it failed.
//!
//! The window is a property of the test and its workflow, not of a card: the
//! newest finished runs on any branch. A run counts only if it is known whether
//! the test failed in it. A run with a failed attempt whose logs were not all
//! read is not known; how many there are is told beside the counts.

use std::collections::BTreeSet;

use crate::domain::diagnosis::{Diagnosis, FailedTest, LogState};
use crate::domain::run::{Job, Run};
use crate::domain::triage::TestRecord;
use crate::domain::triage::alike::is_same;
use crate::domain::triage::lane::{Repo, is_green, is_red};

/// Counts for each failing test in how many of the last `window` runs it failed, and where else.
pub(super) fn records(repo: &Repo, run: &Run, found: &Diagnosis, window: usize) -> Vec<TestRecord> {
    if found.tests.is_empty() {
        return Vec::new();
    }
    let runs: Vec<Reading<'_>> = repo
        .window(run, window)
        .into_iter()
        .map(|other| Reading::of(repo, other))
        .collect();
    let tests = found.tests.iter().enumerate();
    tests
        .map(|(at, test)| record(at, test, &runs, run))
        .collect()
}

fn record(at: usize, test: &FailedTest, runs: &[Reading<'_>], own: &Run) -> TestRecord {
    let (mut failed, mut known) = (0, 0);
    let mut branches = BTreeSet::new();
    for reading in runs {
        match reading.failed(test) {
            Some(true) => {
                failed += 1;
                if reading.run.branch != own.branch {
                    branches.insert(reading.run.branch.clone());
                }
            }
            Some(false) => {}
            None => continue,
        }
        known += 1;
    }
    TestRecord {
        test: at,
        failed_of: (failed, known),
        unread: runs.len() - known,
        other_branches: branches.into_iter().collect(),
    }
}

/// One run of the window, and what was read of it.
struct Reading<'a> {
    run: &'a Run,
    found: Vec<&'a Diagnosis>,
    /// Whether all that failed in it was read to its end.
    is_whole: bool,
}

impl<'a> Reading<'a> {
    fn of(repo: &'a Repo, run: &'a Run) -> Self {
        let found: Vec<&Diagnosis> = repo.diagnoses(run).collect();
        let is_whole = (is_green(&run.state) && run.attempt <= 1) || is_read(repo, run, &found);
        Self {
            run,
            found,
            is_whole,
        }
    }

    /// Whether a test failed in it; not known where something that failed was not read.
    fn failed(&self, test: &FailedTest) -> Option<bool> {
        let names_it = |one: &&Diagnosis| one.tests.iter().any(|other| is_same(other, test));
        if self.found.iter().any(names_it) {
            return Some(true);
        }
        self.is_whole.then_some(false)
    }
}

/// Whether the logs of all jobs that failed in any attempt were read to their ends.
fn is_read(repo: &Repo, run: &Run, found: &[&Diagnosis]) -> bool {
    let newest = repo.jobs(run).filter(|set| set.attempt == run.attempt);
    let earlier = repo.earlier(run);
    let attempts = usize::try_from(run.attempt).unwrap_or(usize::MAX);
    if newest.is_none_or(|set| !set.complete) || earlier.len() + 1 < attempts {
        return false;
    }
    let read = |job: &Job| {
        let of_job = found.iter().find(|one| one.job == job.id);
        of_job.is_some_and(|one| is_whole(one))
    };
    let mut failed = earlier
        .into_iter()
        .chain(newest)
        .flat_map(|set| &set.jobs)
        .filter(|job| is_red(&job.state))
        .peekable();
    failed.peek().is_some() && failed.all(read)
}

/// Whether a diagnosis names all tests that failed in its job.
fn is_whole(found: &Diagnosis) -> bool {
    let listed = u64::try_from(found.tests.len()).unwrap_or(u64::MAX);
    let all_listed = found.tests_failed.is_none_or(|failed| failed <= listed);
    all_listed && matches!(found.log, LogState::Read { cut: false, .. })
}

impl TestRecord {
    /// Returns the counts in words; nothing where there is nothing to compare with.
    pub fn words(&self) -> String {
        let (failed, of) = self.failed_of;
        let unread = match self.unread {
            0 => None,
            1 => Some("1 red run not read".to_owned()),
            more => Some(format!("{more} red runs not read")),
        };
        match (failed, of, unread) {
            (_, 0 | 1, None) => String::new(),
            (0, of, None) => format!("in none of the newest {of} runs"),
            (1, of, None) if self.other_branches.is_empty() => format!("first time in {of} runs"),
            (failed, of, None) => format!("failed in {failed} of {of} runs"),
            (failed, of, Some(unread)) => format!("failed in {failed} of {of} runs read; {unread}"),
        }
    }

    /// Returns in how many of the newest runs it failed, where that is known of all of them.
    pub fn failed_in_all(&self) -> Option<usize> {
        (self.unread == 0).then_some(self.failed_of.0)
    }
}
