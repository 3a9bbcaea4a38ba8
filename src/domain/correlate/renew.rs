//! A view that is kept while its facts change: what of its indexes is made again.
//!
//! What changes often, runs with their jobs and change requests, is taken in one by one; what is
//! seldom is made again from the facts of its kind; what only some repositories have, runs of other
//! systems and commits that are named by their first digits, costs the whole view.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::change_request::ChangeRequest;
use crate::domain::commit::Commit;
use crate::domain::correlate::entry::Entry;
use crate::domain::correlate::graph::Graph;
use crate::domain::correlate::joins::{is_named, is_plain};
use crate::domain::correlate::lanes;
use crate::domain::correlate::reads::Mark;
use crate::domain::correlate::view::{Known, View, asked};
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::run::{JobSet, Run, RunState};
use crate::domain::text::Clean;

/// What of a view is to be made again.
#[derive(Debug, Default)]
pub(super) struct Renew<'a> {
    /// All of it.
    pub(super) whole: bool,
    /// The graph from the beginning, and what else is read of commits.
    line: bool,
    /// Commits that came.
    came: Vec<&'a Commit>,
    /// What is delivered, and where it is.
    lanes: bool,
    /// The facts of these kinds.
    kinds: BTreeSet<FactKind>,
}

impl Renew<'_> {
    /// Whether what commits lead to is to be made again.
    pub(super) fn commits(&self) -> bool {
        self.line || !self.came.is_empty()
    }
}

/// What was said of one thing before, and what is said now.
type Both<'a, T> = (Option<Known<'a, T>>, Option<Known<'a, T>>);

/// A fact as it is said.
fn said(entry: Option<&Entry>) -> Option<Known<'_, Fact>> {
    let entry = entry?;
    let fact = entry.best()?.as_ref();
    Some(Known { fact, entry })
}

/// Both as facts of one kind.
fn both<'a, T>(
    (before, now): Both<'a, Fact>,
    of: impl Fn(&'a Fact) -> Option<&'a T>,
) -> Both<'a, T> {
    let one = |known: Option<Known<'a, Fact>>| {
        let Known { fact, entry } = known?;
        of(fact).map(|fact| Known { fact, entry })
    };
    (one(before), one(now))
}

fn run_of(fact: &Fact) -> Option<&Run> {
    let Fact::Run(run) = fact else { return None };
    Some(run)
}

fn change_of(fact: &Fact) -> Option<&ChangeRequest> {
    let Fact::ChangeRequest(change) = fact else {
        return None;
    };
    Some(change)
}

fn jobs_of(fact: &Fact) -> Option<&JobSet> {
    let Fact::JobSet(jobs) = fact else {
        return None;
    };
    Some(jobs)
}

/// The order of runs.
fn place_of(run: &Run) -> impl Ord + use<> {
    (run.created_at, run.id)
}

impl<'a> View<'a> {
    /// Takes in that a fact changed, as far as that is done one by one, and notes what is to be
    /// made again.
    pub(super) fn changed(
        &mut self,
        kind: FactKind,
        before: Option<&'a Entry>,
        now: Option<&'a Entry>,
        renew: &mut Renew<'a>,
    ) {
        renew.whole |= !self.plain;
        let told = (said(before), said(now));
        match (kind, told) {
            (FactKind::Commit, (None, Some(now))) if let Fact::Commit(commit) = now.get() => {
                renew.came.push(commit);
            }
            (FactKind::Commit | FactKind::Range, _) => renew.line = true,
            _ => {}
        }
        if renew.whole {
            return;
        }
        match kind {
            FactKind::Run => renew.whole |= self.run_changed(both(told, run_of)).is_none(),
            FactKind::ChangeRequest => {
                let told = both(told, change_of);
                let merged = |known: Option<Known<'a, ChangeRequest>>| {
                    known.and_then(|known| known.get().merge_sha.as_ref())
                };
                // It is asked about, whether or not anything is known of it.
                let asked = merged(told.1).filter(|sha| merged(told.0) != Some(*sha));
                renew.lanes |= asked.is_some_and(|sha| self.graph.find(sha).is_none());
                renew.whole |= self.change_changed(told).is_none();
            }
            FactKind::JobSet => renew.whole |= self.jobs_changed(both(told, jobs_of)).is_none(),
            // Which runs wait is read of runs and gates together.
            FactKind::GateSet => renew.whole = true,
            FactKind::Release | FactKind::Environment | FactKind::Deployment => {
                let named = |known: Option<Known<'a, Fact>>| {
                    known.is_none_or(|known| {
                        let Fact::Deployment(deployment) = known.fact else {
                            return true;
                        };
                        is_named(deployment)
                    })
                };
                renew.whole |= !named(told.0) || !named(told.1);
                renew.lanes = true;
                renew.kinds.insert(kind);
            }
            FactKind::Commit
            | FactKind::Range
            | FactKind::Ticket
            | FactKind::Repository
            | FactKind::Alert
            | FactKind::Finding
            | FactKind::ChangedPaths
            | FactKind::ChangeTimes
            | FactKind::EarlierJobs
            | FactKind::Diagnosis => {
                renew.kinds.insert(kind);
            }
        }
    }

    /// Takes in a change request; nothing where that cannot be done one by one.
    fn change_changed(&mut self, (before, now): Both<'a, ChangeRequest>) -> Option<()> {
        let changes = &mut self.kinds.changes;
        if let Some(before) = before {
            let old = changes.remove(&before.number)?;
            std::ptr::eq(old.fact, before.fact).then_some(())?;
        }
        if let Some(now) = now {
            changes.insert(now.number, now).is_none().then_some(())?;
        }
        Some(())
    }

    /// Takes in the jobs of a run; nothing where that cannot be done one by one.
    fn jobs_changed(&mut self, (before, now): Both<'a, JobSet>) -> Option<()> {
        let jobs = &mut self.kinds.jobs;
        if let Some(before) = before {
            let old = jobs.remove(&before.run.id)?;
            std::ptr::eq(old, before.fact).then_some(())?;
        }
        if let Some(now) = now {
            jobs.insert(now.run.id, now.get()).is_none().then_some(())?;
        }
        Some(())
    }

    /// Takes in a run; nothing where that cannot be done one by one.
    fn run_changed(&mut self, (before, now): Both<'a, Run>) -> Option<()> {
        if let Some(run) = before {
            self.take_out(run)?;
        }
        if let Some(run) = now {
            self.put_in(run)?;
        }
        // What came last of its line, where that was this one and is not any more.
        let lines = [before, now].into_iter().flatten();
        let lines: BTreeSet<(&'a str, &'a str)> = lines
            .map(|run| (run.get().workflow_key().as_str(), run.get().branch.as_str()))
            .collect();
        for line in lines {
            self.find_newest(line, before);
        }
        Some(())
    }

    fn take_out(&mut self, run: Known<'a, Run>) -> Option<()> {
        is_plain(run.get()).then_some(())?;
        // One that waits at a gate is told by both.
        (!self.kinds.gates.contains_key(&run.id)).then_some(())?;
        remove(&mut self.kinds.runs, run)?;
        if let Some(sha) = &run.get().head_sha {
            let at = self.runs_at.get_mut(sha)?;
            remove(at, run)?;
            if at.is_empty() {
                self.runs_at.remove(sha);
            }
        }
        Some(())
    }

    fn put_in(&mut self, run: Known<'a, Run>) -> Option<()> {
        is_plain(run.get()).then_some(())?;
        (!self.kinds.gates.contains_key(&run.id)).then_some(())?;
        insert(&mut self.kinds.runs, run)?;
        if let Some(sha) = &run.get().head_sha {
            insert(self.runs_at.entry(sha).or_default(), run)?;
        }
        let line = (run.get().workflow_key().as_str(), run.get().branch.as_str());
        let newest = self.newest.entry(line).or_default();
        let is_newer = |last: Option<Known<'a, Run>>| {
            last.is_none_or(|last| place_of(&last) <= place_of(&run))
        };
        if is_newer(newest.any) {
            newest.any = Some(run);
        }
        if run.state == RunState::Passed && is_newer(newest.passed) {
            newest.passed = Some(run);
        }
        Some(())
    }

    /// Looks up what came last on a line, where that was what is not there any more.
    fn find_newest(&mut self, line: (&'a str, &'a str), gone: Option<Known<'a, Run>>) {
        let Some(newest) = self.newest.get_mut(&line) else {
            return;
        };
        let is_gone = |known: &Known<'a, Run>| gone.is_some_and(|gone| is_same(known, &gone));
        let of_line =
            |run: &&Known<'a, Run>| (run.workflow_key().as_str(), run.branch.as_str()) == line;
        let mut all = self.kinds.runs.iter().rev().filter(of_line);
        if newest.any.as_ref().is_some_and(is_gone) {
            newest.any = all.clone().next().copied();
        }
        if newest.passed.as_ref().is_some_and(is_gone) {
            newest.passed = all.find(|run| run.state == RunState::Passed).copied();
        }
        if newest.any.is_none() {
            self.newest.remove(&line);
        }
    }

    /// Makes again what is to be made again, from the facts as they are; returns also the marks of
    /// what follows for cards from commits that came.
    pub(super) fn renewed(
        mut self,
        known: &BTreeMap<FactId, &'a Entry>,
        renew: &Renew<'a>,
    ) -> (Self, Vec<Mark>) {
        for kind in &renew.kinds {
            let first = FactId {
                kind: *kind,
                id: Clean::default(),
            };
            let of_kind = known.range(first..).take_while(|(id, _)| id.kind == *kind);
            self.kinds.renew(*kind, of_kind.map(|(_, entry)| *entry));
        }
        let mut marks = Vec::new();
        if renew.commits() {
            marks = self.walk_on(renew);
            self.index_commits();
        }
        if renew.commits() || renew.lanes {
            self.index_lanes();
        }
        (self, marks)
    }

    /// Takes in commits that came; returns the marks of what follows.
    fn walk_on(&mut self, renew: &Renew<'a>) -> Vec<Mark> {
        let graph = Arc::get_mut(&mut self.graph).filter(|_| !renew.line);
        let Some(grown) = graph.and_then(|graph| graph.grow(&renew.came)) else {
            self.walk();
            return vec![self.seed.whole()];
        };
        let line = grown.reaches.then(|| self.seed.line());
        let above = grown.above.iter().map(|sha| self.seed.commit(sha));
        line.into_iter().chain(above).collect()
    }

    fn walk(&mut self) {
        let commits = self.kinds.commits.iter().map(|commit| commit.get());
        let graph = Graph::new(commits, self.kinds.ranges.iter().copied());
        self.graph = Arc::new(graph);
    }

    fn index_lanes(&mut self) {
        // Nobody else has it between two looks.
        if Arc::get_mut(&mut self.graph).is_none() {
            self.walk();
        }
        if let Some(graph) = Arc::get_mut(&mut self.graph) {
            graph.ask(asked(&self.kinds).chain(self.joins.found()));
        }
        let ground = (&*self.graph, &self.joins);
        self.lanes = lanes::lanes(self.repo, &self.kinds, ground, self.policy);
    }
}

fn is_same(a: &Known<'_, Run>, b: &Known<'_, Run>) -> bool {
    std::ptr::eq(a.fact, b.fact)
}

/// Takes a run out of some that are in order.
fn remove<'a>(runs: &mut Vec<Known<'a, Run>>, run: Known<'a, Run>) -> Option<()> {
    let at = runs.partition_point(|other| place_of(other) < place_of(&run));
    let found = runs.get(at).filter(|other| is_same(other, &run));
    found?;
    runs.remove(at);
    Some(())
}

/// Puts a run into its place among some that are in order; nothing where another one has that.
fn insert<'a>(runs: &mut Vec<Known<'a, Run>>, run: Known<'a, Run>) -> Option<()> {
    let at = runs.partition_point(|other| place_of(other) < place_of(&run));
    let other = runs.get(at).map(|other| place_of(other));
    (other != Some(place_of(&run))).then_some(())?;
    runs.insert(at, run);
    Some(())
}
