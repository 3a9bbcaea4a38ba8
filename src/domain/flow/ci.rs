//! What is measured by runs of CI: feedback, queues, success, flakes, time to green.
//!
//! A run that was cancelled or not needed proves nothing and is in none of the shares. What
//! passed on the same commit after it had failed is flaky; a new commit is a repair.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::flow::metric::{Fate, Key, Sample};
use crate::domain::flow::review::Changes;
use crate::domain::flow::samples::Samples;
use crate::domain::flow::stats::float;
use crate::domain::history::{Attempt, CiRun, Ledger, RunEnd};
use crate::domain::key::{RepoKey, ServiceName, Sha};
use crate::domain::text::Clean;

/// Words for what begins a run without a push.
const NO_PUSH: &[&str] = &[
    "schedule",
    "scheduled",
    "cron",
    "timer",
    "workflow_dispatch",
    "repository_dispatch",
    "manual",
    "web",
    "api",
    "trigger",
];

/// Runs of one commit by workflow and event.
type ByWorkflow<'a> = BTreeMap<(&'a Clean, &'a Clean), Vec<&'a CiRun>>;

/// The runs, each once, with what they belong to.
struct Runs<'a> {
    all: Vec<&'a CiRun>,
    changes: &'a Changes<'a>,
    services: BTreeMap<&'a RepoKey, Vec<ServiceName>>,
    now: Timestamp,
}

/// Measures every run.
pub(super) fn measure(
    ledger: &Ledger,
    changes: &Changes<'_>,
    now: Timestamp,
    samples: &mut Samples,
) {
    let mut told: BTreeMap<&Clean, &CiRun> = BTreeMap::new();
    for run in ledger.runs.iter().filter(|run| run.created_at <= now) {
        told.insert(&run.id, run);
    }
    let mut all: Vec<&CiRun> = told.into_values().collect();
    all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let runs = Runs {
        all,
        changes,
        services: services(ledger),
        now,
    };
    runs.feedback(samples);
    runs.each(samples);
    runs.flakes(samples);
    runs.reds(samples);
}

/// Returns the services of each repository: those of its deliveries and of its cards.
fn services(ledger: &Ledger) -> BTreeMap<&RepoKey, Vec<ServiceName>> {
    let mut services: BTreeMap<&RepoKey, Vec<ServiceName>> = BTreeMap::new();
    let delivered = ledger.deliveries.iter().map(|d| (&d.repo, &d.service));
    let worked = ledger.cards.iter().filter_map(|card| {
        let repo = card.life.repo.as_ref()?;
        Some(card.life.services.iter().map(move |s| (repo, s)))
    });
    for (repo, service) in delivered.chain(worked.flatten()) {
        let known = services.entry(repo).or_default();
        if !known.contains(service) {
            known.push(service.clone());
        }
    }
    services
}

/// Returns the end of an attempt that is over by now.
fn ended(attempt: &Attempt, now: Timestamp) -> Option<Timestamp> {
    attempt.finished_at.filter(|at| *at <= now)
}

/// Returns when an attempt was wished for, as far as that is known.
fn began(run: &CiRun, attempt: &Attempt) -> Timestamp {
    if attempt.number <= 1 {
        return run.created_at;
    }
    let known = attempt.started_at.or(attempt.finished_at);
    known.unwrap_or(run.created_at)
}

impl<'a> Runs<'a> {
    fn mark(&self, run: &CiRun, mut sample: Sample) -> Sample {
        let change = run.change.and_then(|n| self.changes.get(&(&run.repo, n)));
        let all = || self.services.get(&run.repo).cloned().unwrap_or_default();
        if let Some(change) = change {
            sample.cards.clone_from(&change.cards);
        }
        let own = change.map(|change| change.services.clone());
        sample.services = own.filter(|own| !own.is_empty()).unwrap_or_else(all);
        sample.repos = vec![run.repo.clone()];
        sample.part = Some(run.workflow.clone());
        sample
    }

    /// From the push to the first red, or to the last green.
    fn feedback(&self, samples: &mut Samples) {
        let mut pushes: BTreeMap<(&RepoKey, &Sha), Vec<&CiRun>> = BTreeMap::new();
        for run in &self.all {
            let is_push = !NO_PUSH.contains(&run.event.to_ascii_lowercase().as_str());
            if let Some(sha) = run.sha.as_ref().filter(|_| is_push) {
                pushes.entry((&run.repo, sha)).or_default().push(run);
            }
        }
        for runs in pushes.values() {
            let runs = self.at_once(runs);
            let Some(first) = runs.first() else {
                continue;
            };
            if let Some((at, fate)) = self.answer(runs) {
                let label = first
                    .sha
                    .as_ref()
                    .map_or_else(Clean::default, |sha| Clean::line(sha.short()));
                let mut sample = Sample::span(at, first.created_at, at, &label);
                if fate == Fate::Unknown {
                    sample.fate = fate;
                }
                let judged = runs.iter().find(|run| run.change.is_some());
                let mut sample = self.mark(judged.unwrap_or(first), sample);
                sample.part = None;
                samples.push(Key::TimeToFeedback, sample);
            }
        }
    }

    /// Leaves out what began when all before had ended: it answers to a tag or a release of the
    /// commit, not to the push of it.
    fn at_once<'r>(&self, runs: &'r [&'a CiRun]) -> &'r [&'a CiRun] {
        let mut until: Option<Timestamp> = None;
        for (nth, run) in runs.iter().enumerate() {
            if until.is_some_and(|end| end < run.created_at) {
                return runs.get(..nth).unwrap_or_default();
            }
            let first = run.attempts.first();
            let Some(end) = first.and_then(|attempt| ended(attempt, self.now)) else {
                return runs;
            };
            until = until.max(Some(end));
        }
        runs
    }

    /// Returns when a push had its answer, by the first attempts of its runs.
    fn answer(&self, runs: &[&CiRun]) -> Option<(Timestamp, Fate)> {
        let firsts: Vec<&Attempt> = runs.iter().filter_map(|run| run.attempts.first()).collect();
        let is_end = |attempt: &&&Attempt, end: RunEnd| attempt.end == end;
        let failed = firsts
            .iter()
            .filter(|attempt| is_end(attempt, RunEnd::Failed));
        let red = failed.filter_map(|attempt| ended(attempt, self.now)).min();
        let fate = if firsts.iter().all(|attempt| attempt.number <= 1) {
            Fate::Counts
        } else {
            Fate::Unknown
        };
        if let Some(red) = red {
            return Some((red, fate));
        }
        if firsts.len() < runs.len() {
            return None;
        }
        let mut last: Option<Timestamp> = None;
        for attempt in firsts {
            let end = ended(attempt, self.now);
            match attempt.end {
                RunEnd::Passed => last = last.max(Some(end?)),
                RunEnd::Skipped => {}
                RunEnd::Failed | RunEnd::Cancelled | RunEnd::Open | RunEnd::Unknown => return None,
            }
        }
        last.map(|at| (at, fate))
    }

    /// Queue of each attempt, end of each run.
    fn each(&self, samples: &mut Samples) {
        for run in &self.all {
            for attempt in &run.attempts {
                let Some(at) = attempt.started_at.filter(|at| *at <= self.now) else {
                    continue;
                };
                let sample = if let Some(queued) = attempt.queued_secs {
                    let queued = i64::try_from(queued).unwrap_or(i64::MAX);
                    Sample::new(at, float(queued), &run.workflow)
                } else if attempt.number <= 1 {
                    let waited = Sample::span(at, run.created_at, at, &run.workflow);
                    // Where both are one moment, the host tells when it was wished for twice.
                    let is_told = at != run.created_at;
                    waited.fated_unless(is_told, Fate::Unknown)
                } else {
                    continue;
                };
                samples.push(Key::CiQueue, self.mark(run, sample));
            }
            let Some(last) = run.attempts.last() else {
                continue;
            };
            let value = match last.end {
                RunEnd::Passed => 1.0,
                RunEnd::Failed => 0.0,
                RunEnd::Cancelled | RunEnd::Skipped | RunEnd::Open | RunEnd::Unknown => continue,
            };
            if let Some(at) = ended(last, self.now) {
                let sample = Sample::new(at, value, &run.workflow);
                samples.push(Key::CiSuccessRate, self.mark(run, sample));
            }
        }
    }

    /// Commits that failed, and which of them passed without a new one.
    fn flakes(&self, samples: &mut Samples) {
        let mut tries: BTreeMap<(&RepoKey, &Sha), ByWorkflow<'_>> = BTreeMap::new();
        for run in &self.all {
            if let Some(sha) = &run.sha {
                let of_sha = tries.entry((&run.repo, sha)).or_default();
                let same = of_sha.entry((&run.workflow, &run.event)).or_default();
                same.push(run);
            }
        }
        for ((_, sha), workflows) in &tries {
            let mut red: Option<(Timestamp, &CiRun)> = None;
            let mut is_flaky = false;
            for runs in workflows.values() {
                let (last, flaky) = self.turned(runs);
                is_flaky |= flaky;
                red = red.max_by_at(last);
            }
            if let Some((at, run)) = red {
                let value = if is_flaky { 1.0 } else { 0.0 };
                let mut sample = Sample::new(at, value, &Clean::line(sha.short()));
                sample.flagged = is_flaky;
                samples.push(Key::FlakeRate, self.mark(run, sample));
            }
        }
    }

    /// Returns the last failure of runs of one commit, and whether one passed after one had failed.
    fn turned(&self, runs: &[&'a CiRun]) -> (Option<(Timestamp, &'a CiRun)>, bool) {
        let mut last: Option<(Timestamp, &CiRun)> = None;
        let mut is_flaky = false;
        for (run, attempt, at) in self.tries(runs) {
            match attempt.end {
                RunEnd::Failed => last = last.max_by_at(Some((at, run))),
                RunEnd::Passed => is_flaky |= last.is_some(),
                RunEnd::Cancelled | RunEnd::Skipped | RunEnd::Open | RunEnd::Unknown => {}
            }
        }
        (last, is_flaky)
    }

    /// Returns attempts that are over, in the order in which they were wished for.
    fn tries(&self, runs: &[&'a CiRun]) -> Vec<(&'a CiRun, &'a Attempt, Timestamp)> {
        let mut tries: Vec<(&CiRun, &Attempt, Timestamp)> = Vec::new();
        for run in runs {
            let over = run.attempts.iter();
            tries.extend(over.filter_map(|a| Some((*run, a, ended(a, self.now)?))));
        }
        tries.sort_by(|(a, x, _), (b, y, _)| {
            (began(a, x), &a.id, x.number).cmp(&(began(b, y), &b.id, y.number))
        });
        tries
    }

    /// From the first red of a default branch to the next green of the same workflow.
    fn reds(&self, samples: &mut Samples) {
        let mut workflows: BTreeMap<(&RepoKey, &Clean, &Clean), Vec<&CiRun>> = BTreeMap::new();
        for run in self.all.iter().filter(|run| run.on_default) {
            let key = (&run.repo, &run.workflow, &run.branch);
            workflows.entry(key).or_default().push(run);
        }
        for runs in workflows.values() {
            let mut red: Option<(Timestamp, &CiRun)> = None;
            for (run, attempt, at) in self.tries(runs) {
                match attempt.end {
                    RunEnd::Failed => red = red.or(Some((at, run))),
                    RunEnd::Passed => {
                        if let Some((since, first)) = red.take() {
                            let sample = Sample::span(at, since, at, &run.workflow);
                            samples.push(Key::TimeToGreen, self.mark(first, sample));
                        }
                    }
                    RunEnd::Cancelled | RunEnd::Skipped | RunEnd::Open | RunEnd::Unknown => {}
                }
            }
            if let Some((since, run)) = red {
                let age = float((self.now - since).num_seconds());
                let sample = Sample::new(since, age, &run.workflow).fated(Fate::Open);
                samples.push(Key::TimeToGreen, self.mark(run, sample));
            }
        }
    }
}

/// The later of two; of two at one moment, the first.
trait Later<'a>: Sized {
    fn max_by_at(self, other: Option<(Timestamp, &'a CiRun)>) -> Self;
}

impl<'a> Later<'a> for Option<(Timestamp, &'a CiRun)> {
    fn max_by_at(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) if b.0 > a.0 => Some(b),
            (Some(a), _) => Some(a),
            (None, b) => b,
        }
    }
}
