//! Plans to what is seen at one moment: issues, pull requests, commits.
//!
//! Runs are in `runs`, releases and deployments in `rides`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::demo::scenario::change::{self, Change, PullPlan, TicketPlan};
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::lens::{Lens, Pace};
use crate::demo::scenario::model::{
    Branch, Commit, Finding, Issue, Pull, PullState, RepoState, Review, Run, Scan,
};
use crate::demo::scenario::team::{Focus, Lane, RepoSpec};
use crate::demo::scenario::{rides, runs};

/// For how long what is over can be seen: bake and watch window, and a margin.
const MEMORY: i64 = 9 * 86_400;

/// What all states of one world share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laws {
    pub(super) seed: u64,
    pub(super) epoch: i64,
    pub(super) pace: Pace,
}

/// Returns what is seen of a repository at a moment.
pub(super) fn at(laws: Laws, spec: &Arc<RepoSpec>, now: i64) -> RepoState {
    let lens = Lens::new(laws.pace, now);
    let changes = changes(laws, spec, now);
    let mut tree = Tree::grow(laws, spec, &lens, &changes);
    let trains = rides::trains(laws, spec, now, &changes);
    let mut seen: Vec<Run> = changes
        .iter()
        .flat_map(|change| &change.runs)
        .chain(trains.iter().flat_map(|train| &train.runs))
        .filter_map(|plan| runs::seen(spec, &lens, plan))
        .collect();
    seen.extend(runs::nightly(laws, spec, &lens, &tree.tip));
    seen.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(b.id.cmp(&a.id)));
    let rides = rides::seen(spec, &lens, &trains, &mut tree);
    let mut issues: Vec<Issue> = changes
        .iter()
        .filter_map(|c| issue(spec, &lens, c, &rides))
        .collect();
    issues.sort_by(|a, b| {
        b.created_at
            .cmp(&a.created_at)
            .then(b.number.cmp(&a.number))
    });
    let mut pulls: Vec<Pull> = changes
        .iter()
        .filter_map(|c| pull(spec, &lens, c, &tree, &seen))
        .collect();
    pulls.sort_by(|a, b| {
        b.created_at
            .cmp(&a.created_at)
            .then(b.number.cmp(&a.number))
    });
    let pushed = tree.pushed.max(laws.epoch);
    RepoState {
        spec: Arc::clone(spec),
        findings: findings(laws, spec, &lens),
        branches: tree.branches(spec, &pulls),
        commits: tree.commits,
        issues,
        pulls,
        runs: seen,
        releases: rides.releases,
        deployments: rides.deployments,
        pushed_at: lens.show(pushed),
        from: now,
        until: lens.until(),
    }
}

fn changes(laws: Laws, spec: &RepoSpec, now: i64) -> Vec<Change> {
    let of = |(slot, lane): (usize, &Lane)| {
        let oldest = now - MEMORY - change::span(lane) - lane.phase - laws.epoch;
        // The next one is planned too: the lens must know when it begins.
        let newest = (now - lane.phase - laws.epoch).div_euclid(lane.period) + 1;
        let first = oldest.div_euclid(lane.period).max(0);
        (first..=newest)
            .filter_map(move |index| change::plan(laws.seed, laws.epoch, spec, slot, index))
    };
    spec.lanes.iter().enumerate().flat_map(of).collect()
}

/// The commits of a repository at one moment.
pub(super) struct Tree {
    pub(super) commits: HashMap<String, Commit>,
    /// The tip of the branch that changes are merged to.
    pub(super) tip: String,
    /// The tip of `main`, in git-flow.
    pub(super) main: Option<String>,
    /// Release branches with their tips.
    pub(super) release_branches: Vec<(String, String)>,
    /// When a commit last came.
    pub(super) pushed: i64,
    /// Tip of the base branch when a pull request was opened, by its number.
    bases: HashMap<u64, String>,
}

impl Tree {
    fn grow(laws: Laws, spec: &RepoSpec, lens: &Lens, changes: &[Change]) -> Self {
        let index = u64::try_from(spec.index).unwrap_or(0);
        let root = Dice::of(laws.seed, &[index, 77]).sha();
        let mut tree = Self {
            commits: HashMap::new(),
            tip: root.clone(),
            main: None,
            release_branches: Vec::new(),
            pushed: laws.epoch,
            bases: HashMap::new(),
        };
        tree.add(&root, Vec::new(), "Begin", 0, lens.show(laws.epoch), None);
        let pulls = || {
            changes
                .iter()
                .filter_map(|c| c.pull.as_ref().map(|pull| (c, pull)))
        };
        let mut opened: Vec<_> = pulls().filter(|(_, pull)| lens.past(pull.opened)).collect();
        opened.sort_by_key(|(_, pull)| (pull.opened, pull.number));
        let mut merged = merges(pulls());
        merged.retain(|(_, _, at)| lens.past(*at));
        let mut next = merged.into_iter().peekable();
        for (change, pull) in opened {
            while let Some((change, pull, at)) = next.next_if(|(_, _, at)| *at <= pull.opened) {
                tree.merge(lens, change, pull, at);
            }
            tree.branch_off(lens, change, pull);
        }
        for (change, pull, at) in next {
            tree.merge(lens, change, pull, at);
        }
        tree
    }

    pub(super) fn add(
        &mut self,
        sha: &str,
        parents: Vec<String>,
        message: &str,
        author: usize,
        at: crate::domain::Timestamp,
        pull: Option<u64>,
    ) {
        let commit = Commit {
            sha: sha.to_owned(),
            parents,
            message: message.to_owned(),
            author,
            at,
            pull,
        };
        self.commits.insert(sha.to_owned(), commit);
    }

    fn branch_off(&mut self, lens: &Lens, change: &Change, pull: &PullPlan) {
        self.bases.insert(pull.number, self.tip.clone());
        let mut parent = self.tip.clone();
        for (nth, (at, sha)) in pull
            .pushes
            .iter()
            .enumerate()
            .filter(|(_, (at, _))| lens.past(*at))
        {
            let message = if nth == 0 {
                change.title.clone()
            } else {
                format!("Look after {nth} remarks")
            };
            self.add(
                sha,
                vec![parent],
                &message,
                change.author,
                lens.show(*at),
                Some(pull.number),
            );
            self.pushed = self.pushed.max(*at);
            parent = sha.clone();
        }
    }

    fn merge(&mut self, lens: &Lens, change: &Change, pull: &PullPlan, at: i64) {
        let (number, shown) = (pull.number, lens.show(at));
        let head = pull
            .pushes
            .last()
            .map(|(_, sha)| sha.clone())
            .unwrap_or_default();
        let last = pull.landed.len().saturating_sub(1);
        for (nth, sha) in pull.landed.iter().enumerate() {
            let parents = if pull.method == "MERGE" {
                vec![self.tip.clone(), head.clone()]
            } else {
                vec![self.tip.clone()]
            };
            let message = match pull.method {
                "MERGE" => format!(
                    "Merge pull request #{number} from acme/{}\n\n{}",
                    change.branch, change.title
                ),
                "REBASE" if nth < last => format!("{} (part {})", change.title, nth + 1),
                "REBASE" => change.title.clone(),
                _ => format!("{} (#{number})", change.title),
            };
            self.add(sha, parents, &message, change.author, shown, Some(number));
            self.tip.clone_from(sha);
        }
        self.pushed = self.pushed.max(at);
    }

    fn branches(&self, spec: &RepoSpec, pulls: &[Pull]) -> Vec<Branch> {
        let branch = |name: &str, sha: &str| Branch {
            name: name.to_owned(),
            sha: sha.to_owned(),
        };
        let mut all = vec![branch(spec.base_branch(), &self.tip)];
        all.extend(self.main.iter().map(|sha| branch("main", sha)));
        all.extend(
            self.release_branches
                .iter()
                .map(|(name, sha)| branch(name, sha)),
        );
        let open = pulls
            .iter()
            .filter(|pull| pull.state == PullState::Open && !pull.fork);
        all.extend(open.map(|pull| branch(&pull.head_branch, pull.head_sha())));
        all
    }
}

/// Returns what is ever merged, in the order of time.
pub(super) fn merges<'a>(
    pulls: impl Iterator<Item = (&'a Change, &'a PullPlan)>,
) -> Vec<(&'a Change, &'a PullPlan, i64)> {
    let mut merged: Vec<_> = pulls
        .filter_map(|(change, pull)| Some((change, pull, pull.merged?)))
        .collect();
    merged.sort_by_key(|(_, pull, at)| (*at, pull.number));
    merged
}

fn issue(spec: &RepoSpec, lens: &Lens, change: &Change, rides: &rides::Rides) -> Option<Issue> {
    let plan = change.ticket.as_ref()?;
    let created = lens.seen(plan.created)?;
    let number = plan.number;
    let taken = plan.taken.is_some_and(|at| lens.past(at));
    let started = plan.started.filter(|at| lens.past(*at));
    let triaged = plan.triaged.filter(|at| lens.past(*at));
    let closed = plan.closed.filter(|(at, _)| lens.past(*at));
    let pull = change.pull.as_ref().filter(|pull| lens.past(pull.opened));
    let times = [
        Some(plan.created),
        triaged,
        started,
        plan.taken.filter(|_| taken),
    ];
    let latest = times
        .into_iter()
        .flatten()
        .chain(closed.map(|(at, _)| at))
        .max();
    let holds = started.is_some() || taken;
    let (title, body) = words_of(spec, plan, change, rides);
    Some(Issue {
        number,
        title,
        body,
        author: change.reviewers[0],
        assignees: if holds {
            vec![change.author]
        } else {
            Vec::new()
        },
        labels: labels(lens, plan, change),
        milestone: triaged.map(|_| milestone(number)),
        closed: closed.map(|(at, reason)| (lens.show(at), reason)),
        created_at: created,
        updated_at: lens.show(latest.unwrap_or(plan.created)),
        status: status(lens, plan, pull),
        pulls: pull.map(|pull| pull.number).into_iter().collect(),
    })
}

/// Returns the number of the milestone that a ticket gets.
pub(super) fn milestone(number: u64) -> u64 {
    1 + number % 3
}

fn labels(lens: &Lens, plan: &TicketPlan, change: &Change) -> Vec<&'static str> {
    let mut labels = Vec::new();
    if plan.incident {
        labels.extend(["incident", "sev2"]);
    } else if plan.triaged.is_some_and(|at| lens.past(at)) {
        labels.push(change.label);
    }
    if lens.within(plan.blocked) {
        labels.push("blocked");
    }
    labels
}

fn status(
    lens: &Lens,
    plan: &TicketPlan,
    pull: Option<&PullPlan>,
) -> Option<(&'static str, crate::domain::Timestamp)> {
    if plan.incident {
        return None;
    }
    let review = pull.map(|pull| pull.ready);
    let steps = [
        (plan.closed.map(|(at, _)| at), "Done"),
        (review, "In review"),
        (plan.started, "In progress"),
        (plan.triaged, "Ready"),
    ];
    let come = |(at, word): (Option<i64>, &'static str)| Some((word, lens.seen(at?)?));
    steps.into_iter().find_map(come)
}

fn words_of(
    spec: &RepoSpec,
    plan: &TicketPlan,
    change: &Change,
    rides: &rides::Rides,
) -> (String, String) {
    if !plan.incident {
        let body = format!(
            "{}.\n\nReported by a customer; see the notes of last week.",
            change.title
        );
        return (change.title.clone(), body);
    }
    let live = |deployment: &&crate::demo::scenario::model::Deployment| {
        deployment.environment.ends_with("production")
    };
    match rides.deployments.iter().find(live) {
        Some(cause) => (
            format!(
                "{} since {} {} went to production",
                change.title, spec.name, cause.git_ref
            ),
            format!(
                "Alert fired by the error budget of `{}`.\n\nSuspected deployment: {} ({} in {}).\nroot cause: {}\n",
                spec.name, cause.id, cause.git_ref, cause.environment, cause.sha
            ),
        ),
        None => (
            change.title.clone(),
            "Alert fired; cause unknown.".to_owned(),
        ),
    }
}

fn pull(spec: &RepoSpec, lens: &Lens, change: &Change, tree: &Tree, runs: &[Run]) -> Option<Pull> {
    let plan = change.pull.as_ref()?;
    let created_at = lens.seen(plan.opened)?;
    let merged = plan.merged.filter(|at| lens.past(*at));
    let dropped = plan.dropped.filter(|at| lens.past(*at));
    let over = merged.or(dropped);
    let pushes: Vec<&(i64, String)> = plan
        .pushes
        .iter()
        .filter(|(at, _)| lens.past(*at))
        .collect();
    let commits: Vec<String> = pushes.iter().map(|(_, sha)| sha.clone()).collect();
    let head = commits.last().cloned().unwrap_or_default();
    let said: Vec<&(i64, bool)> = plan
        .reviews
        .iter()
        .filter(|(at, _)| lens.past(*at))
        .collect();
    let times = said
        .iter()
        .map(|(at, _)| *at)
        .chain(pushes.iter().map(|(at, _)| *at))
        .chain(over);
    let updated = lens
        .latest(times.chain([plan.ready]))
        .unwrap_or(plan.opened);
    let draft = !lens.past(plan.ready);
    let decision = decision(plan, &said, updated_push(&pushes));
    let verdict = runs
        .iter()
        .find(|run| run.sha == head && run.event == "pull_request");
    let (mergeable, merge_state) = standing(lens, plan, draft, decision, verdict, over.is_some());
    let review = |said: &&(i64, bool)| Review {
        by: change.reviewers[0],
        state: if said.1 {
            "APPROVED"
        } else {
            "CHANGES_REQUESTED"
        },
        at: lens.show(said.0),
        sha: head.clone(),
    };
    let waits = decision == Some("REVIEW_REQUIRED") && !draft && over.is_none();
    Some(Pull {
        number: plan.number,
        title: change.title.clone(),
        body: change.ticket.as_ref().map_or_else(
            || "See the changelog of the package.".to_owned(),
            |ticket| {
                format!(
                    "Does what #{} asks for.\n\nCloses #{}",
                    ticket.number, ticket.number
                )
            },
        ),
        author: change.author,
        assignees: vec![change.author],
        labels: if change.focus == Focus::Update {
            vec!["dependencies"]
        } else {
            vec![change.label]
        },
        state: match (merged, dropped) {
            (Some(_), _) => PullState::Merged,
            (None, Some(_)) => PullState::Closed,
            (None, None) => PullState::Open,
        },
        draft,
        created_at,
        updated_at: lens.show(updated),
        merged_at: merged.map(|at| lens.show(at)),
        closed_at: over.map(|at| lens.show(at)),
        head_branch: change.branch.clone(),
        base_branch: spec.base_branch(),
        base_sha: tree.bases.get(&plan.number).cloned().unwrap_or_default(),
        merge_sha: merged.and_then(|_| plan.landed.last().cloned()),
        reviews: said.iter().map(review).collect(),
        requested: if waits {
            change.reviewers.to_vec()
        } else {
            Vec::new()
        },
        decision: decision.filter(|_| plan.review_required),
        mergeable,
        merge_state,
        queue: lens.within(plan.queue).then(|| {
            let begun = plan.queue.is_some_and(|(from, _)| lens.past(from + 60));
            if begun { "AWAITING_CHECKS" } else { "QUEUED" }
        }),
        closes: change.ticket.iter().map(|ticket| ticket.number).collect(),
        additions: u64::try_from(change.files.len() * 23 + change.title.len()).unwrap_or(0),
        deletions: u64::try_from(change.files.len() * 9).unwrap_or(0),
        files: change.files.clone(),
        fork: change.focus == Focus::ActionRequired,
        commits,
    })
}

fn updated_push(pushes: &[&(i64, String)]) -> i64 {
    pushes.last().map_or(0, |(at, _)| *at)
}

fn decision(plan: &PullPlan, said: &[&(i64, bool)], _pushed: i64) -> Option<&'static str> {
    if !plan.review_required {
        return None;
    }
    Some(match said.last() {
        Some((_, true)) => "APPROVED",
        Some((_, false)) => "CHANGES_REQUESTED",
        None => "REVIEW_REQUIRED",
    })
}

/// Returns `mergeable` and `mergeStateStatus`.
fn standing(
    lens: &Lens,
    plan: &PullPlan,
    draft: bool,
    decision: Option<&'static str>,
    verdict: Option<&Run>,
    over: bool,
) -> (&'static str, &'static str) {
    if over {
        return ("UNKNOWN", "UNKNOWN");
    }
    if lens.within(plan.conflict) {
        return ("CONFLICTING", "DIRTY");
    }
    let green = verdict.is_none_or(|run| run.conclusion == Some("success"));
    let reviewed = decision.is_none_or(|word| word == "APPROVED");
    let state = if draft {
        "DRAFT"
    } else if lens.within(plan.behind) {
        "BEHIND"
    } else if !green || !reviewed {
        "BLOCKED"
    } else {
        "CLEAN"
    };
    ("MERGEABLE", state)
}

fn findings(laws: Laws, spec: &RepoSpec, lens: &Lens) -> Vec<Finding> {
    const FOUND: &[(Scan, &str, &str, &str)] = &[
        (
            Scan::Dependency,
            "high",
            "openssl",
            "Out-of-bounds read while parsing certificates",
        ),
        (
            Scan::Dependency,
            "medium",
            "hyper",
            "Unbounded growth of a header table",
        ),
        (
            Scan::Dependency,
            "critical",
            "postgres",
            "Injection through a quoted identifier",
        ),
        (
            Scan::Code,
            "high",
            "rust/path-injection",
            "A path depends on what a user sent",
        ),
        (
            Scan::Code,
            "medium",
            "rust/cleartext-logging",
            "A password can reach the log",
        ),
        (
            Scan::Secret,
            "high",
            "acme_api_key",
            "An API key of Acme was committed",
        ),
    ];
    let age =
        |nth: usize| laws.epoch + 86_400 * i64::try_from(nth * 5 + spec.index % 5).unwrap_or(0);
    let mut found: Vec<Finding> = FOUND
        .iter()
        .enumerate()
        .filter(|(nth, _)| (spec.index + nth).is_multiple_of(4))
        .map(|(nth, (scan, severity, subject, summary))| Finding {
            scan: *scan,
            number: u64::try_from(nth + 1).unwrap_or(1),
            severity,
            subject,
            summary,
            created_at: lens.show(age(nth)),
        })
        .collect();
    found.reverse();
    found
}
