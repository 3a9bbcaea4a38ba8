//! How often one job failed and passed on one commit.
//!
//! Counts all attempts of all runs of the workflow at that commit on that
//! branch, as far as their jobs were read; those that were not are told.

use std::collections::BTreeSet;

use crate::domain::run::{Job, Run};
use crate::domain::text::Clean;
use crate::domain::triage::book::say;
use crate::domain::triage::lane::{Repo, is_finished, is_green, is_red};

/// How often a job failed and passed on one commit.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Tries {
    /// How often it failed.
    pub(super) failed: usize,
    /// How often it passed.
    pub(super) passed: usize,
    /// Attempts whose jobs were not read.
    pub(super) unread: usize,
}

/// Counts how the job ended in all attempts and runs of its workflow on this commit.
pub(super) fn tries(repo: &Repo, run: &Run, job: &Job) -> Tries {
    let mut seen: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut tries = Tries::default();
    for other in repo.at_commit(run) {
        let newest = repo.jobs(other);
        let earlier = repo.earlier(other);
        // One that is at work still is not over, and not unread.
        let over = other.attempt.saturating_sub(u32::from(!is_finished(other)));
        let sets: Vec<_> = earlier.into_iter().chain(newest).collect();
        // What is known may be of an attempt before the newest, and of one attempt twice.
        let attempts = sets.iter().map(|set| set.attempt);
        let read: BTreeSet<u32> = attempts.filter(|attempt| *attempt <= over).collect();
        let over = usize::try_from(over).unwrap_or(usize::MAX);
        tries.unread = tries.unread.saturating_add(over.saturating_sub(read.len()));
        for one in sets.iter().flat_map(|set| &set.jobs) {
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

impl Tries {
    /// Returns it in one sentence.
    pub(super) fn sentence(self, run: &Run, job: &Job) -> Clean {
        let commit = run.head_sha.as_ref();
        let commit = commit.map_or("this commit", |sha| sha.short());
        let passed = match self.passed {
            0 => "never passed".to_owned(),
            passed => format!("passed {}", times(passed)),
        };
        let unread = match self.unread {
            0 => String::new(),
            1 => "; 1 attempt not read".to_owned(),
            more => format!("; {more} attempts not read"),
        };
        say(&format!(
            "job `{}` failed {} and {passed} on {commit}{unread}",
            job.name,
            times(self.failed),
        ))
    }
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}
