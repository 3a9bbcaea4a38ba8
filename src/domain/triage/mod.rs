//! Why a card is red: the failing job, its first error and tests, the first bad
//! commit, flaky or real, and which other cards fail alike.
//!
//! Pure: facts in, [`Triage`] out. What cannot be known says why; no verdict
//! stands without its evidence.

use crate::domain::Timestamp;
use crate::domain::change_request::Called;
use crate::domain::diagnosis::{Diagnosis, Signature};
use crate::domain::key::{ItemId, Person, RepoKey, Sha, SourceName, WebUrl};
use crate::domain::run::{Job, Run};
use crate::domain::text::Clean;

use std::sync::Arc;

mod alike;
mod base;
mod book;
mod brought;
mod culprit;
mod flaky;
mod group;
mod infra;
mod judge;
mod lane;
mod record;
#[cfg(test)]
mod tests;
mod tries;
mod watch;

use group::names_nothing;

pub use book::Book;
pub use group::groups;
pub use watch::Watched;

/// Something that is known, or the reason why not.
#[derive(Clone, PartialEq, Debug)]
pub enum Known<T> {
    /// It is known.
    Yes(T),
    /// It is not; the sentence says why.
    No(Clean),
}

/// All red cards, the newest and most shared failure first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TriageBoard {
    /// The red cards.
    pub cards: Vec<TriageCard>,
    /// Failures that several runs share, most shared first.
    pub groups: Vec<Group>,
}

/// One red card, and with which others it fails alike.
#[derive(Clone, PartialEq, Debug)]
pub struct TriageCard {
    /// Why it is red.
    pub triage: Arc<Triage>,
    /// Position of its group in [`TriageBoard::groups`]; none where it fails alone.
    pub group: Option<usize>,
}

impl TriageBoard {
    /// Returns the red card of this identity.
    pub fn find(&self, item: &ItemId) -> Option<&TriageCard> {
        self.cards.iter().find(|card| card.triage.item == *item)
    }

    /// Returns the cards that fail like this one, itself included.
    pub fn group_of(&self, card: &TriageCard) -> Option<&Group> {
        self.groups.get(card.group?)
    }

    /// Returns the other cards that are red by the same run.
    pub fn same_run<'a>(&'a self, own: &'a Triage) -> impl Iterator<Item = &'a Triage> {
        let cards = self.cards.iter().map(|card| card.triage.as_ref());
        let run = (own.run.id, &own.run.repo);
        cards.filter(move |card| (card.run.id, &card.run.repo) == run && card.item != own.item)
    }

    /// Says why a card is in no group.
    pub fn alone(&self, own: &Triage) -> &'static str {
        let Some(signature) = &own.signature else {
            return "without a signature it cannot be told which cards fail alike";
        };
        let mut others = self.cards.iter().map(|card| card.triage.as_ref());
        let looks_alike = |card: &Triage| {
            card.run.key() != own.run.key() && card.signature.as_ref() == Some(signature)
        };
        if names_nothing(own) && others.any(looks_alike) {
            return "its error names too little to tell whether others fail alike";
        }
        "no other run fails alike"
    }
}

/// Why one card is red.
#[derive(Clone, PartialEq, Debug)]
pub struct Triage {
    /// The card.
    pub item: ItemId,
    /// Its key, as the card shows it.
    pub key: Clean,
    /// Its title.
    pub title: Clean,
    /// The source that the run is known from.
    pub source: SourceName,
    /// The repository of the run.
    pub repo: RepoKey,
    /// The failing run, its newest attempt.
    pub run: Arc<Run>,
    /// Earlier attempts of the run whose jobs are known, newest first.
    pub attempts: Vec<Attempt>,
    /// The jobs of the newest attempt with what is known of their usual time.
    pub jobs: Vec<JobLine>,
    /// Whether the jobs of the newest attempt were read; a run that could not start has none.
    pub jobs_known: bool,
    /// Position in `jobs` of the job that decides; `None` while jobs are not known.
    pub failed_job: Option<usize>,
    /// What was found in its log, annotations and reports.
    pub diagnosis: Known<Arc<Diagnosis>>,
    /// Its failing tests, each with its record.
    pub tests: Vec<TestRecord>,
    /// The first bad commit.
    pub first_bad: Known<FirstBad>,
    /// For a change request: that its base was red with the same workflow when it was tried.
    pub base: Known<BaseRed>,
    /// Flaky or real.
    pub flaky: Known<Flaky>,
    /// The signature of the failure.
    pub signature: Option<Signature>,
    /// Since when it is red.
    pub since: Timestamp,
}

/// One attempt of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// Its jobs.
    pub jobs: Vec<Job>,
}

/// One job with its usual time.
#[derive(Clone, PartialEq, Debug)]
pub struct JobLine {
    /// The job.
    pub job: Job,
    /// Name without the values of its matrix: `test` of `test (linux, 1.95)`.
    pub group: Clean,
    /// Seconds between asked for and started.
    pub queued_secs: Option<i64>,
    /// Seconds it ran.
    pub ran_secs: Option<i64>,
    /// Median of the seconds of earlier runs of this job, and how many there were (bounded).
    pub usual: Option<(i64, usize)>,
}

/// How often a test failed.
#[derive(Clone, PartialEq, Debug)]
pub struct TestRecord {
    /// Position in the diagnosis.
    pub test: usize,
    /// In how many runs it failed, and of how many that is known (bounded); the same on all cards.
    pub failed_of: (usize, usize),
    /// How many more runs had a failure that was not read.
    pub unread: usize,
    /// Branches other than this one on which it failed.
    pub other_branches: Vec<Clean>,
}

/// Where the green run stands that a first bad commit is reckoned from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Basis {
    /// On the branch itself, before the red ones.
    Branch,
    /// On the base of a change request whose own branch was never green.
    Base {
        /// The base.
        branch: Clean,
        /// The job that passed there, where the run as a whole did not.
        job: Option<Clean>,
        /// Whether it is green still, as far as is known.
        still: bool,
    },
}

/// The first bad commit: one that `to` has and `from` has not.
#[derive(Clone, PartialEq, Debug)]
pub struct FirstBad {
    /// Where the green run stands.
    pub basis: Basis,
    /// The last commit that was green.
    pub from: Sha,
    /// The run that was green.
    pub green: RunRef,
    /// The first commit that was red.
    pub to: Sha,
    /// The run that was red.
    pub red: RunRef,
    /// Since when.
    pub since: Timestamp,
    /// The commits between, oldest first; not known where the comparison is missing.
    pub commits: Known<Vec<Suspect>>,
}

impl FirstBad {
    /// Returns what speaks for it, where that is not the branch's own history.
    pub fn because(&self) -> Option<String> {
        let Basis::Base { branch, job, still } = &self.basis else {
            return None;
        };
        let (run, sha) = (self.green.named(), self.from.short());
        let green = match (job, still) {
            (Some(job), _) => format!("job `{job}` passed on `{branch}`"),
            (None, true) => format!("`{branch}` is green"),
            (None, false) => format!("`{branch}` was green"),
        };
        Some(format!("{green} ({run}, {sha}): this change brought it"))
    }
}

/// One commit that may have broken it.
#[derive(Clone, PartialEq, Debug)]
pub struct Suspect {
    /// The commit.
    pub sha: Sha,
    /// Its first line.
    pub title: Clean,
    /// Who wrote it.
    pub author: Option<Person>,
    /// The change request that brought it, where known.
    pub change: Option<u64>,
    /// What its forge calls that.
    pub called: Called,
}

/// A run for people.
#[derive(Clone, PartialEq, Debug)]
pub struct RunRef {
    /// Its number.
    pub number: u64,
    /// What people read where that is no number; else empty.
    pub label: Clean,
    /// Its identity.
    pub id: u64,
    /// Its page.
    pub url: Option<WebUrl>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// The base branch was red with the same workflow when the change was tried.
#[derive(Clone, PartialEq, Debug)]
pub struct BaseRed {
    /// The branch.
    pub branch: Clean,
    /// The newest finished run of the base before the change's run; it was red.
    pub run: RunRef,
    /// The first red run of that stretch.
    pub first: RunRef,
    /// Whether it failed alike: the same tests or signature.
    pub alike: Known<bool>,
    /// The first of its newest green runs, where it is green now.
    pub green_again: Option<RunRef>,
    /// Whether it was green in between, and is red now.
    pub red_again: bool,
}

/// What speaks for and against a flaky failure, never without counts.
#[derive(Clone, PartialEq, Debug)]
pub struct Flaky {
    /// The verdict.
    pub verdict: Verdict,
    /// The sentences that it rests on, each with count and window.
    pub evidence: Vec<Clean>,
}

/// Flaky or real.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// The same job failed and passed on the same commit.
    Flaky,
    /// The same test failed on unrelated branches too, or came back after it was green.
    LikelyFlaky,
    /// It failed on consecutive commits or where the change touches, and nowhere else.
    LikelyReal,
    /// It failed again on the same commit, and nowhere else.
    Real,
    /// Network, memory, disk or runner failed, and no test did.
    Infrastructure,
}

/// One failure, many runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// What they have in common.
    pub signature: Signature,
    /// One card of each run, the first that failed first.
    pub items: Vec<ItemId>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// Where it was first seen.
    pub first_repo: RepoKey,
}
