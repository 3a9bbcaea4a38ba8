//! The definitions once more, slow and simple: runs of CI.

use std::collections::BTreeSet;

use super::build::{NOW, at};
use super::oracle::{Expected, View, mean, median};
use crate::domain::Timestamp;
use crate::domain::history::{CiRun, RunEnd};
use crate::domain::key::{RepoKey, ServiceName};

/// When an attempt was wished for, its run, its number, its end and how it ended.
type Try = (Timestamp, String, u32, Timestamp, RunEnd);

impl View<'_> {
    fn runs(&self) -> Vec<&CiRun> {
        let mut runs: Vec<&CiRun> = Vec::new();
        for run in self
            .ledger
            .runs
            .iter()
            .filter(|run| run.created_at <= at(NOW))
        {
            if runs.iter().all(|known| known.id != run.id) {
                runs.push(run);
            }
        }
        runs.sort_by_key(|run| (run.created_at, run.id.to_string()));
        runs
    }

    /// The services of a run: those of the cards of its change, else of its repository.
    fn services_of(&self, run: &CiRun) -> Vec<ServiceName> {
        let mut own = Vec::new();
        let mut all = Vec::new();
        for card in &self.ledger.cards {
            let services = &card.life.services;
            let mut changes = card.life.changes.iter();
            if changes.any(|c| c.repo == run.repo && Some(c.number) == run.change) {
                own.extend(services.iter().cloned());
            }
            if card.life.repo.as_ref() == Some(&run.repo) {
                all.extend(services.iter().cloned());
            }
        }
        let delivered = self.ledger.deliveries.iter().filter(|d| d.repo == run.repo);
        all.extend(delivered.map(|d| d.service.clone()));
        if own.is_empty() { all } else { own }
    }

    fn is_of_run(&self, run: &CiRun) -> bool {
        self.is_of(&self.services_of(run), std::slice::from_ref(&run.repo))
    }

    pub(super) fn feedback(&self) -> Expected {
        let mut points = Vec::new();
        let runs = self.runs();
        let shas: BTreeSet<(RepoKey, String)> = runs
            .iter()
            .filter_map(|run| Some((run.repo.clone(), run.sha.as_ref()?.as_str().to_owned())))
            .collect();
        for (repo, sha) in shas {
            let is_mine = |run: &&&CiRun| {
                run.repo == repo
                    && run.sha.as_ref().is_some_and(|s| s.as_str() == sha)
                    && run.event.as_str() != "schedule"
            };
            let mut mine: Vec<&CiRun> = runs.iter().filter(is_mine).copied().collect();
            // What began after all before it had ended belongs to another push.
            let over = |run: &&CiRun| {
                let first = run.attempts.first();
                first.and_then(|a| a.finished_at).filter(|e| *e <= at(NOW))
            };
            let apart = (1..mine.len()).find(|nth| {
                let mut before = mine[..*nth].iter();
                before.all(|run| over(run).is_some_and(|end| end < mine[*nth].created_at))
            });
            mine.truncate(apart.unwrap_or(mine.len()));
            let Some(pushed) = mine.iter().map(|run| run.created_at).min() else {
                continue;
            };
            let firsts: Vec<_> = mine.iter().filter_map(|run| run.attempts.first()).collect();
            let end =
                |a: &&crate::domain::history::Attempt| a.finished_at.filter(|e| *e <= at(NOW));
            let red = firsts
                .iter()
                .filter(|a| a.end == RunEnd::Failed)
                .filter_map(&end)
                .min();
            let passed: Vec<_> = firsts.iter().filter(|a| a.end == RunEnd::Passed).collect();
            let is_done = mine.iter().all(|run| {
                run.attempts.first().is_some_and(|a| {
                    let passed = a.end == RunEnd::Passed && end(&a).is_some();
                    passed || a.end == RunEnd::Skipped
                })
            });
            let green = passed
                .iter()
                .filter_map(|a| end(a))
                .max()
                .filter(|_| is_done);
            let is_known = firsts.iter().all(|a| a.number == 1);
            let answer = red
                .or(green)
                .filter(|at| is_known && *at >= pushed && self.sees(*at));
            let judged = mine
                .iter()
                .find(|run| run.change.is_some())
                .unwrap_or(&mine[0]);
            if let Some(answer) = answer.filter(|_| self.is_of_run(judged)) {
                points.push((answer, (answer - pushed).num_seconds() as f64));
            }
        }
        median(points)
    }

    pub(super) fn queue(&self) -> Expected {
        let mut points = Vec::new();
        for run in self.runs().into_iter().filter(|run| self.is_of_run(run)) {
            for attempt in &run.attempts {
                let known = attempt.queued_secs.map(|secs| secs as f64);
                let created = (attempt.number == 1).then_some(run.created_at);
                let started = attempt.started_at.filter(|at| self.sees(*at));
                let waited = started
                    .zip(created)
                    .map(|(b, a)| (b - a).num_seconds() as f64);
                let waited = waited.filter(|secs| *secs != 0.0);
                let value = known.or(waited).filter(|value| *value >= 0.0);
                points.extend(started.zip(value));
            }
        }
        median(points)
    }

    pub(super) fn success(&self) -> Expected {
        let mut points = Vec::new();
        for run in self.runs().into_iter().filter(|run| self.is_of_run(run)) {
            let last = run.attempts.last().map(|a| (a.finished_at, a.end));
            if let Some((Some(end), how @ (RunEnd::Passed | RunEnd::Failed))) = last
                && self.sees(end)
            {
                points.push((end, f64::from(u8::from(how == RunEnd::Passed))));
            }
        }
        mean(points)
    }

    /// Attempts that are over, in the order in which they were wished for.
    fn tries(&self, is: impl Fn(&CiRun) -> bool) -> Vec<Try> {
        let mut tries = Vec::new();
        for run in self.runs().into_iter().filter(|run| is(run)) {
            for attempt in &run.attempts {
                if let Some(end) = attempt.finished_at.filter(|end| *end <= at(NOW)) {
                    let wished = if attempt.number == 1 {
                        run.created_at
                    } else {
                        attempt.started_at.unwrap_or(end)
                    };
                    tries.push((wished, run.id.to_string(), attempt.number, end, attempt.end));
                }
            }
        }
        tries.sort_by_key(|(wished, id, number, ..)| (*wished, id.clone(), *number));
        tries
    }

    pub(super) fn flakes(&self) -> Expected {
        let mut points = Vec::new();
        let runs = self.runs();
        let keys: BTreeSet<_> = runs
            .iter()
            .filter_map(|run| Some((run.repo.clone(), run.sha.clone()?)))
            .collect();
        for (repo, sha) in keys {
            let of = |run: &&&CiRun| run.repo == repo && run.sha.as_ref() == Some(&sha);
            let kinds: BTreeSet<(String, String)> = runs
                .iter()
                .filter(of)
                .map(|run| (run.workflow.to_string(), run.event.to_string()))
                .collect();
            let mut last_red: Option<(Timestamp, String)> = None;
            let mut flaky = false;
            for (workflow, event) in kinds {
                let tries = self.tries(|run| {
                    of(&&run) && run.workflow.as_str() == workflow && run.event.as_str() == event
                });
                let first = tries.iter().position(|t| t.4 == RunEnd::Failed);
                let rest = first.map_or(&[][..], |first| &tries[first..]);
                flaky |= rest.iter().any(|t| t.4 == RunEnd::Passed);
                for (_, id, _, end, _) in rest.iter().filter(|t| t.4 == RunEnd::Failed) {
                    if last_red.as_ref().is_none_or(|(when, _)| end > when) {
                        last_red = Some((*end, id.clone()));
                    }
                }
            }
            if let Some((when, id)) = last_red.filter(|(when, _)| self.sees(*when)) {
                let run = runs.iter().find(|run| run.id.as_str() == id);
                if run.is_some_and(|run| self.is_of_run(run)) {
                    points.push((when, f64::from(u8::from(flaky))));
                }
            }
        }
        mean(points)
    }

    pub(super) fn to_green(&self) -> Expected {
        let mut points = Vec::new();
        let mut open = 0;
        let runs = self.runs();
        let lines: BTreeSet<_> = runs
            .iter()
            .filter(|run| run.on_default)
            .map(|run| (run.repo.clone(), run.workflow.clone(), run.branch.clone()))
            .collect();
        for line in lines {
            let tries = self.tries(|run| {
                run.on_default
                    && (&run.repo, &run.workflow, &run.branch) == (&line.0, &line.1, &line.2)
            });
            let mut place = 0;
            while let Some(red) = (place..tries.len()).find(|p| tries[*p].4 == RunEnd::Failed) {
                let first = runs.iter().find(|run| run.id.as_str() == tries[red].1);
                let is_mine = first.is_some_and(|run| self.is_of_run(run));
                let green = (red..tries.len()).find(|p| tries[*p].4 == RunEnd::Passed);
                let Some(green) = green else {
                    open += usize::from(is_mine);
                    break;
                };
                let (from, to) = (tries[red].3, tries[green].3);
                if is_mine && to >= from && self.sees(to) {
                    points.push((to, (to - from).num_seconds() as f64));
                }
                place = green;
            }
        }
        Expected {
            open,
            ..mean(points)
        }
    }
}
