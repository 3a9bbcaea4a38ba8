//! Containment: does this commit contain that change?
//!
//! Answered from parents and from ranges that a forge compared, never from
//! dates. What neither tells is unknown, and unknown is never "yes".

use std::sync::OnceLock;

use crate::domain::commit::{Commit, Range, Relation};
use crate::domain::correlate::bits::Bits;
use crate::domain::correlate::reads::{Quick, QuickSet};
use crate::domain::key::Sha;

/// Whether one commit contains another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Contains {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nothing that is known tells.
    Unknown,
}

/// The commits of one repository, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Graph {
    index: Quick<Sha, usize>,
    parents: Vec<Option<Vec<usize>>>,
    ranges: Quick<(usize, usize), Relation>,
    /// Commits that the forge was asked for and does not have.
    absent: QuickSet<usize>,
    into: Quick<usize, Vec<Arm>>,
    reached: Vec<OnceLock<Reach>>,
    /// What contains each commit, where that was asked.
    above: Vec<OnceLock<Bits>>,
    /// What leads to each commit, and what has it as a member of a range.
    under: OnceLock<Vec<Under>>,
    /// Commits that are asked about, and of which nothing is known: the last ones.
    beside: Vec<Sha>,
}

/// A range, read from its newer end.
#[derive(Debug)]
struct Arm {
    from: usize,
    relation: Relation,
    members: Box<[usize]>,
    complete: bool,
}

/// What is known to be in one commit.
#[derive(Debug)]
struct Reach {
    inside: Bits,
    /// What may be inside: it is in something that reaches beyond.
    maybe: Bits,
    /// Commits behind which nothing is known.
    ends: Vec<usize>,
}

/// What commits that came change of what was answered before.
#[derive(Debug)]
pub(super) struct Grown {
    /// Whether more, or less, may be in a commit that was asked about.
    pub(super) reaches: bool,
    /// The commits that descend from them: of these more may be certain.
    pub(super) above: Vec<Sha>,
}

/// What leads to a commit.
#[derive(Clone, Debug, Default)]
struct Under {
    children: Vec<usize>,
    /// The newer ends of ranges that it is a member of.
    ranges: Vec<usize>,
}

impl Graph {
    /// Builds the graph of the commits and ranges of one repository.
    pub(super) fn new<'a>(
        commits: impl Iterator<Item = &'a Commit>,
        ranges: impl Iterator<Item = &'a Range>,
    ) -> Self {
        let mut graph = Self::default();
        for commit in commits {
            graph.add(commit);
        }
        for range in ranges {
            let (from, to) = (graph.intern(&range.from), graph.intern(&range.to));
            for sha in range.lost() {
                let at = graph.intern(sha);
                graph.absent.insert(at);
            }
            graph.ranges.insert((from, to), range.relation);
            if matches!(range.relation, Relation::Absent(_)) {
                continue;
            }
            let members = range.commits.iter().map(|sha| graph.intern(sha)).collect();
            graph.into.entry(to).or_default().push(Arm {
                from,
                relation: range.relation,
                members,
                complete: range.complete,
            });
        }
        graph.find_again();
        graph.make_room();
        graph
    }

    /// Makes room for what is walked from each commit.
    fn make_room(&mut self) {
        let len = self.parents.len();
        self.reached.resize_with(len, OnceLock::new);
        self.above.resize_with(len, OnceLock::new);
    }

    /// Takes in which commits will be asked about, instead of those before; they may be on no
    /// branch. What was walked stands: nothing leads to what nothing is known of.
    pub(super) fn ask<'s>(&mut self, asked: impl Iterator<Item = &'s Sha>) {
        let known = self.parents.len() - self.beside.len();
        for sha in self.beside.drain(..) {
            self.index.remove(&sha);
        }
        self.parents.truncate(known);
        self.reached.truncate(known);
        self.above.truncate(known);
        for sha in asked {
            let before = self.parents.len();
            self.intern(sha);
            if self.parents.len() > before {
                self.beside.push(sha.clone());
            }
        }
        self.make_room();
    }

    /// Takes in commits of which nothing was known; returns what that changes of what was answered
    /// before, or nothing where the graph is to be built again. Commits are to be asked about anew.
    pub(super) fn grow(&mut self, commits: &[&Commit]) -> Option<Grown> {
        let first = self.parents.len() - self.beside.len();
        let shas = || commits.iter().map(|commit| &commit.sha);
        let old: Vec<usize> = shas().filter_map(|sha| self.find(sha)).collect();
        let is_known = |at: &usize| self.parents.get(*at).is_some_and(Option::is_some);
        let leads = commits.iter().flat_map(|commit| &commit.parents);
        let ends = old.iter().copied();
        let mut ends = ends.chain(leads.filter_map(|sha| self.find(sha)));
        if old.iter().any(is_known) || ends.any(|at| self.absent.contains(&at)) {
            return None;
        }
        let mut grown = Grown {
            // What was walked from there is not kept.
            reaches: old.iter().any(|at| *at >= first),
            above: self.descending(&old),
        };
        for slot in &mut self.reached {
            let has = |reach: &Reach| {
                let mut old = old.iter();
                old.any(|at| reach.inside.has(*at) || reach.maybe.has(*at))
            };
            if slot.get().is_some_and(has) {
                *slot = OnceLock::new();
                grown.reaches = true;
            }
        }
        self.ask(std::iter::empty());
        for commit in commits {
            self.add(commit);
        }
        self.above.clear();
        self.under = OnceLock::new();
        self.make_room();
        Some(grown)
    }

    /// What descends from some commits, by what is known so far.
    fn descending(&self, from: &[usize]) -> Vec<Sha> {
        if from.is_empty() {
            return Vec::new();
        }
        let under = self.under.get_or_init(|| self.turned());
        let mut found = Bits::with(self.parents.len());
        let mut open = from.to_vec();
        while let Some(at) = open.pop() {
            if found.set(at)
                && let Some(under) = under.get(at)
            {
                open.extend(&under.children);
            }
        }
        let all = self.index.iter().filter(|(_, at)| found.has(**at));
        all.map(|(sha, _)| sha.clone()).collect()
    }

    fn add(&mut self, commit: &Commit) {
        let at = self.intern(&commit.sha);
        let parents = commit.parents.iter().map(|sha| self.intern(sha)).collect();
        if let Some(slot) = self.parents.get_mut(at) {
            *slot = Some(parents);
        }
    }

    fn intern(&mut self, sha: &Sha) -> usize {
        if let Some(at) = self.index.get(sha) {
            return *at;
        }
        let at = self.parents.len();
        self.index.insert(sha.clone(), at);
        self.parents.push(None);
        at
    }

    /// What was not there may have been pushed since: what the forge tells of is there.
    fn find_again(&mut self) {
        if self.absent.is_empty() {
            return;
        }
        let mut there: QuickSet<usize> = QuickSet::default();
        for (at, parents) in self.parents.iter().enumerate() {
            if let Some(parents) = parents {
                there.insert(at);
                there.extend(parents);
            }
        }
        for ((from, to), relation) in &self.ranges {
            if !matches!(relation, Relation::Absent(_)) {
                there.extend([*from, *to]);
            }
        }
        self.absent.retain(|at| !there.contains(at));
    }

    /// Returns whether the forge does not have a commit, as far as it was asked.
    pub(super) fn is_absent(&self, sha: &Sha) -> bool {
        self.find(sha).is_some_and(|at| self.absent.contains(&at))
    }

    /// Returns whether the range between two commits was compared, or cannot be.
    pub(super) fn has_range(&self, from: &Sha, to: &Sha) -> bool {
        let (Some(from), Some(to)) = (self.find(from), self.find(to)) else {
            return false;
        };
        let range = self.ranges.get(&(from, to));
        range.is_some_and(|relation| match relation {
            Relation::Absent(_) => [from, to].iter().any(|end| self.absent.contains(end)),
            Relation::Ahead
            | Relation::Behind
            | Relation::Identical
            | Relation::Diverged
            | Relation::Unknown => true,
        })
    }

    /// Returns whether anything is known of what a commit consists of.
    pub(super) fn knows(&self, sha: &Sha) -> bool {
        self.find(sha).is_some_and(|at| {
            self.into.contains_key(&at) || self.parents.get(at).is_some_and(Option::is_some)
        })
    }

    /// Returns the node of a commit, for [`Graph::has_node`].
    pub(super) fn find(&self, sha: &Sha) -> Option<usize> {
        self.index.get(sha).copied()
    }

    /// Returns whether `target` contains `change` for sure.
    pub(super) fn has(&self, target: &Sha, change: &Sha) -> bool {
        if target == change {
            return true;
        }
        let (Some(target), Some(change)) = (self.find(target), self.find(change)) else {
            return false;
        };
        self.has_node(target, change)
    }

    /// Returns whether the one node contains the other for sure.
    pub(super) fn has_node(&self, target: usize, change: usize) -> bool {
        let reached = self
            .reach(target)
            .is_some_and(|reach| reach.inside.has(change));
        reached || self.compared(target, change) == Contains::Yes
    }

    /// Returns whether `target` contains `change`.
    pub(super) fn contains(&self, target: &Sha, change: &Sha) -> Contains {
        if self.has(target, change) {
            return Contains::Yes;
        }
        let (Some(target), Some(change)) = (self.find(target), self.find(change)) else {
            return Contains::Unknown;
        };
        let compared = self.compared(target, change);
        if compared != Contains::Unknown {
            return compared;
        }
        let Some(reach) = self.reach(target) else {
            return Contains::Unknown;
        };
        if reach.maybe.has(change) {
            return Contains::Unknown;
        }
        // A change that descends from where knowledge ends is not behind that end.
        if reach
            .ends
            .iter()
            .all(|end| *end != change && self.is_above(change, *end))
        {
            return Contains::No;
        }
        Contains::Unknown
    }

    /// Returns whether `target` lacks `change` if only everything that lies where knowledge ends
    /// does; of that the caller says whether it does.
    pub(super) fn lacks_if(
        &self,
        (target, change): (&Sha, &Sha),
        lacks: impl Fn(usize) -> bool,
    ) -> bool {
        let (Some(target), Some(change)) = (self.find(target), self.find(change)) else {
            return false;
        };
        self.reach(target).is_some_and(|reach| {
            let beyond = reach.ends.iter();
            !reach.maybe.has(change) && beyond.copied().all(|end| end != change && lacks(end))
        })
    }

    /// What a direct comparison of the two says, either way round.
    fn compared(&self, target: usize, change: usize) -> Contains {
        if self.ranges.is_empty() {
            return Contains::Unknown;
        }
        let forth = self.ranges.get(&(change, target)).copied();
        match forth {
            Some(Relation::Ahead | Relation::Identical) => return Contains::Yes,
            Some(Relation::Behind | Relation::Diverged) => return Contains::No,
            Some(Relation::Absent(_) | Relation::Unknown) | None => {}
        }
        match self.ranges.get(&(target, change)).copied() {
            Some(Relation::Behind | Relation::Identical) => Contains::Yes,
            Some(Relation::Ahead | Relation::Diverged) => Contains::No,
            Some(Relation::Absent(_) | Relation::Unknown) | None => Contains::Unknown,
        }
    }

    /// Walks once from a commit along parents and ranges; remembered.
    fn reach(&self, start: usize) -> Option<&Reach> {
        let slot = self.reached.get(start)?;
        Some(slot.get_or_init(|| {
            let len = self.parents.len();
            let mut reach = Reach {
                inside: Bits::with(len),
                maybe: Bits::with(len),
                ends: Vec::new(),
            };
            self.walk(start, true, &mut reach);
            for from in self.beyond(&reach) {
                self.walk(from, false, &mut reach);
            }
            reach
        }))
    }

    /// Returns whether the one node contains the other by parents and ranges, as walked from the
    /// other: few are asked about, and of each many times.
    fn is_above(&self, node: usize, end: usize) -> bool {
        let Some(slot) = self.above.get(end) else {
            return false;
        };
        let above = slot.get_or_init(|| {
            let under = self.under.get_or_init(|| self.turned());
            let mut above = Bits::with(self.parents.len());
            let ranges = under.get(end).map(|under| under.ranges.as_slice());
            let mut open: Vec<usize> = ranges.unwrap_or_default().to_vec();
            open.push(end);
            while let Some(at) = open.pop() {
                if above.set(at)
                    && let Some(under) = under.get(at)
                {
                    open.extend(&under.children);
                }
            }
            above
        });
        above.has(node)
    }

    /// The graph from its older to its newer commits, as [`Graph::walk`] goes the other way.
    fn turned(&self) -> Vec<Under> {
        let mut turned = vec![Under::default(); self.parents.len()];
        let mut leads = |from: usize, to: usize| {
            if let Some(under) = turned.get_mut(to) {
                under.children.push(from);
            }
        };
        for (at, parents) in self.parents.iter().enumerate() {
            for parent in parents.iter().flatten() {
                leads(at, *parent);
            }
        }
        let arms = || {
            self.into
                .iter()
                .flat_map(|(to, arms)| arms.iter().map(move |arm| (*to, arm)))
        };
        for (to, arm) in arms() {
            if matches!(arm.relation, Relation::Ahead | Relation::Identical) {
                leads(to, arm.from);
            }
        }
        for (to, arm) in arms() {
            for member in &arm.members {
                if let Some(under) = turned.get_mut(*member) {
                    under.ranges.push(to);
                }
            }
        }
        turned
    }

    fn walk(&self, start: usize, inside: bool, reach: &mut Reach) {
        let mut open = vec![start];
        let mut visited = Bits::with(self.parents.len());
        while let Some(at) = open.pop() {
            if !visited.set(at) || (!inside && reach.inside.has(at)) {
                continue;
            }
            if inside {
                reach.inside.set(at);
            } else {
                reach.maybe.set(at);
            }
            let parents = self.parents.get(at).and_then(Option::as_ref);
            open.extend(parents.into_iter().flatten());
            let mut told = parents.is_some();
            for arm in self.into.get(&at).into_iter().flatten() {
                for member in &arm.members {
                    // Members are inside, but what lies behind them is told by the arm.
                    if inside {
                        reach.inside.set(*member);
                    } else {
                        reach.maybe.set(*member);
                    }
                }
                match arm.relation {
                    Relation::Ahead => {
                        open.push(arm.from);
                        told |= arm.complete;
                    }
                    Relation::Identical => {
                        open.push(arm.from);
                        told = true;
                    }
                    Relation::Diverged => told |= arm.complete,
                    Relation::Behind => told = true,
                    Relation::Absent(_) | Relation::Unknown => continue,
                }
                if !inside {
                    open.push(arm.from);
                }
            }
            if !told {
                reach.ends.push(at);
            }
        }
    }

    /// Older ends that are not inside, but bound what is: those of diverged and backward ranges.
    fn beyond(&self, reach: &Reach) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .into
            .iter()
            .filter(|(to, _)| reach.inside.has(**to))
            .flat_map(|(_, arms)| arms)
            .filter(|arm| matches!(arm.relation, Relation::Diverged | Relation::Behind))
            .map(|arm| arm.from)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
