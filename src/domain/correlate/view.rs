//! One repository as correlation reads it: its facts by kind, indexed by commit.
//!
//! Made afresh for each recomputation; it borrows the facts and copies none.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, ChangeState};
use crate::domain::commit::Commit;
use crate::domain::correlate::facts::Entry;
use crate::domain::correlate::graph::Graph;
use crate::domain::correlate::joins::{self, Joins, started_in};
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::lanes::{self, Lane};
use crate::domain::correlate::reads::{Quick, Reads, Seed};
use crate::domain::deployment::Deployment;
use crate::domain::key::{RepoKey, Sha, SourceName};
use crate::domain::phase::is_change_event;
use crate::domain::placement::{Basis, RunView, Work};
use crate::domain::policy::Policy;
use crate::domain::release::Release;
use crate::domain::run::{Blocks, Gate, Run, RunState};

/// A fact of a known kind, with who said it.
#[derive(Debug)]
pub(super) struct Known<'a, T> {
    pub(super) fact: &'a T,
    pub(super) entry: &'a Entry,
}

impl<T> Clone for Known<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Known<'_, T> {}

impl<T> Deref for Known<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.fact
    }
}

impl<'a, T> Known<'a, T> {
    /// The fact, for as long as the facts live.
    pub(super) fn get(self) -> &'a T {
        self.fact
    }

    /// The sources that say it.
    pub(super) fn sources(self) -> impl Iterator<Item = &'a SourceName> {
        self.entry.sources()
    }
}

/// The newest runs of one workflow on one branch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Newest<'a> {
    pub(super) any: Option<Known<'a, Run>>,
    pub(super) passed: Option<Known<'a, Run>>,
}

/// One repository.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) repo: &'a RepoKey,
    pub(super) policy: &'a Policy,
    pub(super) kinds: Kinds<'a>,
    pub(super) graph: Arc<Graph>,
    pub(super) joins: Joins<'a>,
    /// Whether nothing had to be found out of its runs and deployments.
    pub(super) plain: bool,
    pub(super) lanes: Vec<Lane<'a>>,
    /// The commits that became of a change request, by its number, as commits say.
    pub(super) commits_of: Quick<u64, Vec<&'a Commit>>,
    /// The commits that no change request brought.
    pub(super) pushed: Vec<Known<'a, Commit>>,
    pub(super) runs_at: Quick<&'a Sha, Vec<Known<'a, Run>>>,
    gated: Vec<Known<'a, Run>>,
    pub(super) newest: Quick<(&'a str, &'a str), Newest<'a>>,
    reverted_by: Quick<&'a Sha, &'a Sha>,
    reads: &'a Reads,
    pub(super) seed: Seed,
}

impl<'a> View<'a> {
    /// Indexes the facts of one repository; `walked` is the graph of its commits, where it is known.
    pub(super) fn new(
        repo: &'a RepoKey,
        kinds: Kinds<'a>,
        policy: &'a Policy,
        reads: &'a Reads,
        walked: Option<Graph>,
    ) -> Self {
        let joins = Joins::new(&kinds);
        let mut graph = walked.unwrap_or_else(|| {
            let commits = kinds.commits.iter().map(|commit| commit.get());
            Graph::new(commits, kinds.ranges.iter().copied())
        });
        graph.ask(asked(&kinds).chain(joins.found()));
        let lanes = lanes::lanes(repo, &kinds, (&graph, &joins), policy);
        let mut view = Self {
            repo,
            policy,
            graph: Arc::new(graph),
            plain: joins::are_plain(&kinds),
            joins,
            lanes,
            commits_of: Quick::default(),
            pushed: Vec::new(),
            runs_at: Quick::default(),
            gated: Vec::new(),
            newest: Quick::default(),
            reverted_by: Quick::default(),
            reads,
            seed: Seed::of(repo),
            kinds,
        };
        view.index_commits();
        view.index_runs();
        view
    }

    /// Gives the graph of its commits away.
    pub(super) fn into_graph(self) -> Option<Graph> {
        Arc::into_inner(self.graph)
    }

    /// Looks up what commits say of changes, instead of what was said before.
    pub(super) fn index_commits(&mut self) {
        self.commits_of.clear();
        self.reverted_by.clear();
        self.pushed.clear();
        self.commits_of.reserve(self.kinds.commits.len());
        for known in &self.kinds.commits {
            let commit = known.get();
            if commit.direct && commit.change_request.is_none() {
                self.pushed.push(*known);
            }
            if let Some(number) = commit.change_request {
                self.commits_of.entry(number).or_default().push(commit);
            }
            for reverted in &commit.reverts {
                self.reverted_by.insert(reverted, &commit.sha);
            }
        }
    }

    fn index_runs(&mut self) {
        self.runs_at.reserve(self.kinds.runs.len());
        for known in &self.kinds.runs {
            let run = known.get();
            if let Some(sha) = self.joins.head(run) {
                self.runs_at.entry(sha).or_default().push(*known);
            }
            let gates = self.kinds.gates.get(&run.id);
            let delivers = |gate: &Gate| gate.blocks == Blocks::Delivery;
            let waits = gates.is_some_and(|set| set.gates.iter().any(delivers));
            if waits && !Work::of(&run.state).is_final() {
                self.gated.push(*known);
            }
            let newest = self
                .newest
                .entry((run.workflow_key(), &run.branch))
                .or_default();
            newest.any = Some(*known);
            if run.state == RunState::Passed {
                newest.passed = Some(*known);
            }
        }
    }

    /// Notes that the repository is read.
    pub(super) fn reads_whole(&self) {
        self.reads.note(self.seed.whole());
    }

    /// Notes that its deployments are read, where those have a mark of their own.
    pub(super) fn reads_deployed(&self) {
        self.reads.note(self.seed.deployed());
    }

    /// Notes that a change request is read, and its files.
    pub(super) fn reads_change(&self, number: u64) {
        self.reads_whole();
        self.reads.note(self.seed.change(number));
    }

    /// The default branch, where it is known.
    pub(super) fn default_branch(&self) -> Option<&'a str> {
        let branch = self.kinds.repository?.default_branch.as_ref()?;
        Some(&branch.name)
    }

    /// Notes that it is asked what contains these commits.
    pub(super) fn reads_line<'s>(&self, commits: impl IntoIterator<Item = &'s Sha>) {
        self.reads.note(self.seed.line());
        for sha in commits {
            self.reads.note(self.seed.commit(sha));
        }
    }

    /// Whether one commit has another for sure.
    pub(super) fn has(&self, target: &Sha, change: &Sha) -> bool {
        self.reads_line([target, change]);
        self.graph.has(target, change)
    }

    /// The commit that reverts another.
    pub(super) fn reverter(&self, sha: &Sha) -> Option<&'a Sha> {
        self.reads.note(self.seed.commit(sha));
        self.reverted_by.get(sha).copied()
    }

    /// All runs at a commit, oldest first, each as who knows most of it tells it.
    pub(super) fn runs_at(&self, sha: &Sha) -> impl Iterator<Item = Known<'a, Run>> + '_ {
        self.reads.note(self.seed.runs_at(sha));
        let all = self.all_at(sha);
        all.filter(|run| !self.is_told_better(run.get()))
    }

    fn all_at(&self, sha: &Sha) -> impl Iterator<Item = Known<'a, Run>> + '_ {
        self.runs_at.get(sha).into_iter().flatten().copied()
    }

    /// Whether a run is no more than a notice of one that its own system tells.
    pub(super) fn is_told_better(&self, run: &'a Run) -> bool {
        let head = self.joins.head(run).filter(|_| run.is_notice());
        let mut others = head.into_iter().flat_map(|head| self.all_at(head));
        others.any(|other| run.is_notice_of(other.get()))
    }

    /// What statuses of its commit tell of a run.
    fn notices_of(&self, run: &'a Run) -> Vec<&'a Run> {
        let head = self.joins.head(run).filter(|_| !run.ci.is_empty());
        let Some(head) = head else {
            return Vec::new();
        };
        self.reads.note(self.seed.runs_at(head));
        let all = self.all_at(head).map(Known::get);
        all.filter(|notice| notice.is_notice_of(run)).collect()
    }

    /// A run with its jobs and gates.
    pub(super) fn run_view(&self, run: &'a Run) -> RunView<'a> {
        self.reads.note(self.seed.run(run.id));
        RunView {
            head: self.head_of(run),
            ..RunView::new(
                run,
                self.kinds.jobs.get(&run.id).copied(),
                self.kinds.gates.get(&run.id).copied(),
                &self.policy.phases,
            )
        }
    }

    /// A run that judges a change request, with how it is known to.
    pub(super) fn judging(&self, run: &'a Run, change: &ChangeRequest) -> RunView<'a> {
        let mut view = self.run_view(run);
        view.notices = self.notices_of(run);
        let is_told =
            run.ci.is_empty() || view.head.is_some() && view.head == change.head_sha.as_ref();
        view.basis = if is_told {
            Basis::Commit
        } else if run.change_requests.contains(&change.number) {
            Basis::Number
        } else {
            Basis::Branch
        };
        view
    }

    /// The commit that a run ran for, as far as it is known.
    pub(super) fn head_of(&self, run: &'a Run) -> Option<&'a Sha> {
        // Which commit its first digits mean changes with the commits that are known.
        if let Some(told) = run.head_sha.as_ref().filter(|_| !run.ci.is_empty()) {
            self.reads.note(self.seed.runs_at(told));
        }
        self.joins.head(run)
    }

    /// The whole commit that something names by its first digits, as far as it is known.
    pub(super) fn whole(&self, sha: &'a Sha) -> Option<&'a Sha> {
        self.reads.note(self.seed.commits());
        Joins::whole(&self.kinds, sha)
    }

    /// The commit of the release that a version names.
    pub(super) fn tagged(&self, version: &str) -> Option<&'a Sha> {
        joins::tagged(&self.kinds, version)
    }

    /// The commit that a deployment brings, as far as it is known.
    pub(super) fn deployed(&self, deployment: &'a Deployment) -> Option<&'a Sha> {
        self.joins.deployed(deployment)
    }

    /// Whether a newer run of the same workflow and branch exists.
    pub(super) fn is_outdated(&self, run: &Run) -> bool {
        self.newest_of(run)
            .and_then(|newest| newest.any)
            .is_some_and(|other| is_newer(&other, run))
    }

    /// Whether a later run of the same workflow and branch, with the change in it, passed.
    pub(super) fn is_healed(&self, run: &Run, change: &Sha) -> bool {
        let (workflow, branch) = (run.workflow_key(), run.branch.as_str());
        self.reads.note(self.seed.passed(workflow, branch));
        let newest = self.newest.get(&(workflow, branch));
        let Some(other) = newest.and_then(|newest| newest.passed) else {
            return false;
        };
        is_newer(&other, run)
            && self
                .head_of(other.get())
                .is_some_and(|sha| self.has(sha, change))
            && self.run_view(other.get()).work() == Work::Passed
    }

    /// The newest run of each workflow on each branch.
    pub(super) fn newest(&self) -> impl Iterator<Item = ((&'a str, &'a str), Known<'a, Run>)> + '_ {
        let found = self.newest.iter();
        found.filter_map(|(line, newest)| Some((*line, newest.any?)))
    }

    fn newest_of(&self, run: &Run) -> Option<Newest<'a>> {
        self.reads
            .note(self.seed.newest(run.workflow_key(), &run.branch));
        self.newest
            .get(&(run.workflow_key(), run.branch.as_str()))
            .copied()
    }

    /// Runs that wait at a gate, whatever their commit.
    pub(super) fn gated(&self) -> impl Iterator<Item = Known<'a, Run>> + '_ {
        self.reads.note(self.seed.gated());
        self.gated.iter().copied()
    }

    /// The runs that judge a change request before it is merged, the newest of each workflow.
    pub(super) fn runs_before(&self, change: &ChangeRequest) -> Vec<Known<'a, Run>> {
        let mut found: Vec<Known<'a, Run>> = Vec::new();
        if let Some(sha) = &change.head_sha {
            found.extend(
                self.runs_at(sha)
                    .filter(|run| run.event.as_str() != "schedule"),
            );
        }
        let queued = change.queue.is_some();
        if queued || change.head_sha.is_none() {
            self.reads.note(self.seed.runs());
            let ours = |run: &Known<'a, Run>| {
                let group = queued && &*run.event == "merge_group";
                let named = run.change_requests.contains(&change.number)
                    || queue_number(&run.branch) == Some(change.number);
                named && (group || run.head_sha.is_none())
            };
            found.extend(self.kinds.runs.iter().copied().filter(ours));
        }
        let mut guessed = self.guessed(change);
        // What may have passed for another commit takes the place of nothing that is sure.
        guessed.retain(|run| {
            Work::of(&run.state) != Work::Passed
                || !found
                    .iter()
                    .any(|sure| sure.workflow_key() == run.workflow_key())
        });
        found.extend(guessed);
        found.sort_by_key(|run| (run.created_at, run.id));
        found.dedup_by_key(|run| run.id);
        self.newest_each(found)
    }

    /// The runs of other systems that only a number or a branch joins to a change request. What a
    /// CI merges to try it has a commit that the forge does not know.
    fn guessed(&self, change: &ChangeRequest) -> Vec<Known<'a, Run>> {
        if change.state != ChangeState::Open {
            return Vec::new();
        }
        self.reads.note(self.seed.on_branch(&change.head_branch));
        let named = self.joins.naming(change.number);
        let alike = self.joins.on_branch_of(change, self.default_branch());
        named
            .chain(alike)
            .filter_map(|at| self.kinds.runs.get(at).copied())
            .filter(|run| &*run.event != "schedule" && started_in(run, change))
            // A status is of a commit that its forge knows: of one before, it judges nothing now.
            .filter(|run| !run.is_notice() || run.head_sha.is_none())
            .collect()
    }

    /// Whether a change request is known that a run of another system judges or judged.
    pub(super) fn has_partner(&self, run: &'a Run) -> bool {
        let changes = &self.kinds.changes;
        let is_its = |number: &u64| {
            let change = changes.get(number);
            let guessed = |change| self.joins.on_branch_of(change, self.default_branch());
            let mut guessed = change
                .map(|change| guessed(change.get()))
                .into_iter()
                .flatten();
            guessed.any(|at| {
                self.kinds
                    .runs
                    .get(at)
                    .is_some_and(|other| other.id == run.id)
            })
        };
        self.head_of(run)
            .is_some_and(|head| self.joins.is_of_change(head))
            || run
                .change_requests
                .iter()
                .any(|number| changes.contains_key(number))
            || self.joins.opened_from(&run.branch).iter().any(is_its)
    }

    /// The runs of what a change became, the newest of each workflow, without what was healed.
    pub(super) fn runs_after(&self, shas: &BTreeSet<&Sha>) -> Vec<Known<'a, Run>> {
        let mut found = Vec::new();
        for sha in shas {
            let of_merge = |run: &Known<'a, Run>| !is_change_event(&run.event);
            let newest = self.newest_each(self.runs_at(sha).filter(of_merge).collect());
            found.extend(newest.into_iter().filter(|run| !self.is_healed(run, sha)));
        }
        found
    }

    fn newest_each(&self, runs: Vec<Known<'a, Run>>) -> Vec<Known<'a, Run>> {
        let mut kept: Vec<Known<'a, Run>> = Vec::with_capacity(runs.len());
        for run in runs {
            if run.state == RunState::Cancelled && self.is_outdated(&run) {
                continue;
            }
            let same = |other: &Known<'a, Run>| {
                other.workflow_key() == run.workflow_key() && other.event == run.event
            };
            match kept.iter().position(same).and_then(|at| kept.get_mut(at)) {
                Some(slot) => *slot = run,
                None => kept.push(run),
            }
        }
        kept
    }

    /// A workflow that failed and then passed on the same commit, by another run.
    pub(super) fn flaky_run(&self, sha: &Sha) -> Option<&'a Run> {
        let runs: Vec<Known<'a, Run>> = self.runs_at(sha).collect();
        let healed = |old: &Known<'a, Run>| {
            runs.iter().any(|new| {
                new.state == RunState::Passed
                    && is_newer(new, old)
                    && new.workflow_key() == old.workflow_key()
                    && new.event == old.event
            })
        };
        runs.iter()
            .find(|run| matches!(run.state, RunState::Failed(_)) && healed(run))
            .map(|run| run.get())
    }
}

/// Commits that are asked about, on a branch or not.
pub(super) fn asked<'k, 'a>(kinds: &'k Kinds<'a>) -> impl Iterator<Item = &'a Sha> + use<'k, 'a> {
    let released = kinds.releases.iter().filter_map(|r| r.get().sha.as_ref());
    let deployed = kinds
        .deployments
        .iter()
        .filter_map(|d| d.get().sha.as_ref());
    let merged = kinds
        .changes
        .values()
        .filter_map(|c| c.get().merge_sha.as_ref());
    released.chain(deployed).chain(merged)
}

fn is_newer(a: &Run, b: &Run) -> bool {
    (a.created_at, a.id) > (b.created_at, b.id)
}

/// The change request of a branch of the merge queue: `gh-readonly-queue/main/pr-12-<sha>`.
fn queue_number(branch: &str) -> Option<u64> {
    let tail = branch.strip_prefix("gh-readonly-queue/")?;
    let name = tail.rsplit('/').next()?.strip_prefix("pr-")?;
    name.split('-').next()?.parse().ok()
}

/// When a release reached its users, or was made.
pub(super) fn released_at(release: &Release) -> Timestamp {
    release.published_at.unwrap_or(release.created_at)
}
