//! The commits of a repository at one moment, and how each kind of merge adds to them.

use std::collections::HashMap;

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::lens::Lens;
use crate::demo::scenario::model::{Branch, Commit, Pull, PullState};
use crate::demo::scenario::plan::{Change, PullPlan};
use crate::demo::scenario::state::Laws;
use crate::demo::scenario::team::RepoSpec;

/// The commits of a repository at one moment.
pub(super) struct Tree {
    pub(super) commits: HashMap<String, Commit>,
    /// The tip of the branch that changes are merged to.
    pub(super) tip: String,
    /// The first commit.
    pub(super) root: String,
    /// The tip of `main`, in git-flow.
    pub(super) main: Option<String>,
    /// Release branches with their tips.
    pub(super) release_branches: Vec<(String, String)>,
    /// When a commit last came.
    pub(super) pushed: i64,
    /// Tip of the base branch when a pull request was opened, by its number.
    pub(super) bases: HashMap<u64, String>,
}

impl Tree {
    /// Grows the tree from all that has been pushed and merged.
    pub(super) fn grow(laws: Laws, spec: &RepoSpec, lens: &Lens, changes: &[Change]) -> Self {
        let index = u64::try_from(spec.index).unwrap_or(0);
        let root = Dice::of(laws.seed, &[index, 77]).sha();
        let mut tree = Self {
            commits: HashMap::new(),
            tip: root.clone(),
            root: root.clone(),
            main: None,
            release_branches: Vec::new(),
            pushed: laws.begun(),
            bases: HashMap::new(),
        };
        tree.add(Commit {
            sha: root,
            parents: Vec::new(),
            message: "Begin".to_owned(),
            author: 0,
            at: lens.show(laws.begun()),
            pull: None,
        });
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
        let reverts = pulls().filter_map(|(change, pull)| {
            let (at, sha) = pull.reverted.as_ref()?;
            lens.past(*at)
                .then_some((*at, sha, (change, pull), pull.number))
        });
        let mut reverts: Vec<_> = reverts.collect();
        reverts.sort_by_key(|(at, _, _, number)| (*at, *number));
        let mut reverts = reverts.into_iter().peekable();
        let mut land = |tree: &mut Self, until: i64| loop {
            let due = next.peek().map_or(i64::MAX, |(_, _, at)| *at);
            if let Some((at, sha, change, _)) = reverts.next_if(|(at, ..)| *at < due.min(until)) {
                tree.revert(lens, change, sha, at);
            } else if let Some((change, pull, at)) = next.next_if(|(_, _, at)| *at <= until) {
                tree.merge(lens, change, pull, at);
            } else {
                break;
            }
        };
        for (change, pull) in opened {
            land(&mut tree, pull.opened);
            tree.branch_off(lens, change, pull);
        }
        land(&mut tree, i64::MAX);
        tree
    }

    /// Adds a commit.
    pub(super) fn add(&mut self, commit: Commit) {
        self.commits.insert(commit.sha.clone(), commit);
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
            self.add(Commit {
                sha: sha.to_owned(),
                parents: vec![parent.clone()],
                message,
                author: change.author,
                at: lens.show(*at),
                pull: Some(pull.number),
            });
            self.pushed = self.pushed.max(*at);
            parent.clone_from(sha);
        }
        let queued = change.runs.iter().filter(|run| run.event == "merge_group");
        for run in queued.filter(|run| run.attempts.iter().any(|first| lens.past(first.at))) {
            // The queue judges a commit of its own, as it would be after the merge.
            let at = run.attempts.first().map_or(0, |first| first.at);
            self.add(Commit {
                sha: run.sha.clone(),
                parents: vec![self.tip.clone(), parent.clone()],
                message: format!("Merge pull request #{}", pull.number),
                author: change.author,
                at: lens.show(at),
                pull: Some(pull.number),
            });
        }
    }

    /// Takes a change back, by a push without a pull request.
    fn revert(&mut self, lens: &Lens, of: (&Change, &PullPlan), sha: &str, at: i64) {
        let (change, pull) = of;
        let mut message = format!("Revert \"{}\"", change.title);
        if let Some(landed) = pull.landed.last() {
            // As `git revert` writes it.
            message = format!("{message}\n\nThis reverts commit {landed}.");
        }
        self.add(Commit {
            sha: sha.to_owned(),
            parents: vec![self.tip.clone()],
            message,
            author: change.author,
            at: lens.show(at),
            pull: None,
        });
        sha.clone_into(&mut self.tip);
        self.pushed = self.pushed.max(at);
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
            self.add(Commit {
                sha: sha.to_owned(),
                parents,
                message,
                author: change.author,
                at: shown,
                pull: Some(number),
            });
            self.tip.clone_from(sha);
        }
        self.pushed = self.pushed.max(at);
    }

    /// Returns the branches, the base branch first.
    pub(super) fn branches(&self, spec: &RepoSpec, pulls: &[Pull]) -> Vec<Branch> {
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
