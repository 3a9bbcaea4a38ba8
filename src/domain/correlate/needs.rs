//! What correlation asks for: jobs, gates, paths and ranges, within bounds.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, ChangeState};
use crate::domain::correlate::Need;
use crate::domain::correlate::graph::Contains;
use crate::domain::correlate::lanes::Lane;
use crate::domain::correlate::view::{View, released_at};
use crate::domain::key::Sha;
use crate::domain::placement::{Clock, Landed, RunView, Work};
use crate::domain::release::Release;
use crate::domain::run::{Blocks, Gate, RunState, is_foreign, parts_of_foreign};

/// How many needs of one kind one scope may have.
const MOST: usize = 24;

/// How far back in a chain of releases or deployments ranges are asked for.
///
/// One range answers for all changes between two versions; a change that is older than the whole
/// chain costs a question of its own.
const CHAIN: usize = 24;

/// For how long after the merge it is asked where a change is contained.
pub(super) const ASKED: TimeDelta = TimeDelta::days(90);

/// How often the times of a change request that is open are asked for at most.
const TIMES_AGAIN: TimeDelta = TimeDelta::hours(1);

impl Need {
    /// How many kinds there are.
    pub(in crate::domain) const KINDS: usize = 9;

    /// Returns a number for its kind, below [`Need::KINDS`].
    pub(in crate::domain) fn kind(&self) -> usize {
        match self {
            Self::Range { .. } => 0,
            Self::Jobs { .. } => 1,
            Self::Paths { .. } => 2,
            Self::Gates { .. } => 3,
            Self::Diagnosis { .. } => 4,
            Self::Attempts { .. } => 5,
            Self::History { .. } => 6,
            Self::Times { .. } => 7,
            Self::ManualJobs { .. } => 8,
        }
    }

    /// Returns whether another system than the forge of the repository knows the answer.
    pub fn is_foreign(&self) -> bool {
        match self {
            Self::Jobs { run, .. }
            | Self::Gates { run, .. }
            | Self::ManualJobs { run, .. }
            | Self::Diagnosis { run, .. }
            | Self::Attempts { run, .. } => is_foreign(*run),
            Self::History { workflow, .. } => parts_of_foreign(workflow).is_some(),
            Self::Range { .. } | Self::Paths { .. } | Self::Times { .. } => false,
        }
    }
}

/// Needs of one scope.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) needs: BTreeSet<Need>,
    counts: [usize; Need::KINDS],
    /// Those of the card at hand, in the order in which they were asked.
    mine: Vec<Need>,
}

impl Wanted {
    /// Starts with none.
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn add(&mut self, need: Need) {
        let kind = need.kind();
        let same = |other: &&Need| other.kind() == kind;
        // No more of one card than the scope may have of all.
        if self.mine.iter().filter(same).count() < MOST && !self.mine.contains(&need) {
            self.mine.push(need);
        }
    }

    /// Returns what the card at hand asked for, and forgets it.
    pub(super) fn of_one(&mut self) -> Vec<Need> {
        std::mem::take(&mut self.mine)
    }

    /// Takes over what a card asks for, as far as there is room.
    pub(super) fn take(&mut self, needs: &[Need]) {
        for need in needs {
            let Some(count) = self.counts.get_mut(need.kind()) else {
                continue;
            };
            if *count < MOST && self.needs.insert(need.clone()) {
                *count += 1;
            }
        }
    }

    /// Takes over what no card's own was.
    pub(super) fn settle(&mut self) {
        let mine = self.of_one();
        self.take(&mine);
    }

    /// Jobs of a run that is red or moves, and gates of one that waits, or is said to wait at one.
    pub(super) fn run(&mut self, view: &View<'_>, run: &RunView<'_>) {
        let (repo, id) = (run.run.repo.clone(), run.run.id);
        let work = Work::of(&run.run.state);
        let jobs = view.kinds.jobs.get(&id);
        let told = jobs.is_some_and(|set| {
            set.attempt == run.run.attempt
                && set.complete
                && set.jobs.iter().all(|job| Work::of(&job.state).is_final())
        });
        let wants = match work {
            Work::Failed => !told && run.run.state != RunState::Cancelled,
            Work::Running | Work::Waiting => true,
            Work::Unknown => !told,
            Work::Queued | Work::Passed => false,
        };
        if wants && run.run.no_jobs.is_empty() {
            self.add(Need::Jobs {
                repo: repo.clone(),
                run: id,
            });
        }
        // A gate that was passed while nobody looked is told by no list of runs.
        let gates = view.kinds.gates.get(&id).map(|set| &set.gates);
        let blocks = |gate: &Gate| gate.blocks != Blocks::Nothing;
        let is_gated = gates.is_some_and(|gates| gates.iter().any(blocks)) && !work.is_final();
        if run.run.state == RunState::Waiting || is_gated {
            self.add(Need::Gates { repo, run: id });
        }
    }

    /// Files of a change request whose repository is divided by paths.
    pub(super) fn paths(&mut self, view: &View<'_>, change: &ChangeRequest) {
        let by_path = view
            .lanes
            .iter()
            .any(|lane| lane.rule.is_some_and(|rule| rule.paths.is_some()));
        let known = view.kinds.paths.get(&change.number);
        if by_path && known.is_none_or(|paths| paths.head_sha != change.head_sha) {
            self.add(Need::Paths {
                repo: view.repo.clone(),
                number: change.number,
            });
        }
    }

    /// The times of a change request that is in review, or that ended, where none are known or it
    /// has changed since. One that ended is asked for once more, one that is open now and then.
    pub(super) fn times(&mut self, clock: &Clock, view: &View<'_>, change: &ChangeRequest) {
        let ended = match change.state {
            ChangeState::Open if change.draft => return,
            ChangeState::Open => None,
            ChangeState::Merged | ChangeState::Closed => {
                let told = change.merged_at.or(change.closed_at);
                Some(told.unwrap_or(change.updated_at))
            }
            ChangeState::Other(_) => return,
        };
        let known = view.kinds.times.get(&change.number).map(|told| told.as_of);
        let wants = match (known, ended) {
            (None, None) => true,
            (Some(to), None) => to < change.updated_at && clock.passed_after(to, TIMES_AGAIN),
            (known, Some(ended)) => {
                known.is_none_or(|to| to < ended) && !clock.passed_after(ended, ASKED)
            }
        };
        if wants {
            self.add(Need::Times {
                repo: view.repo.clone(),
                number: change.number,
            });
        }
    }

    /// Ranges that would tell whether releases and deployments contain a change.
    pub(super) fn containment(
        &mut self,
        view: &View<'_>,
        lane: &Lane<'_>,
        change: &Sha,
        landed: Timestamp,
    ) {
        for chain in lane.chains() {
            self.chain(view, chain, change, landed);
        }
    }

    /// Asks for the ranges that are missing between the newest version and the first that may
    /// contain the change: since when it is there, and where it is no more.
    fn chain(
        &mut self,
        view: &View<'_>,
        chain: &[(Timestamp, &Sha)],
        change: &Sha,
        landed: Timestamp,
    ) {
        // Only a version that was made after the merge is worth a question.
        let mut versions = chain.iter().filter(|(at, _)| *at >= landed);
        let Some((_, newest)) = versions.next() else {
            return;
        };
        let oldest = versions.next_back().map_or(newest, |(_, sha)| sha);
        let there = view.graph.contains(newest, change);
        if there == Contains::No {
            return;
        }
        let range = |from: &Sha, to: &Sha| Need::Range {
            repo: view.repo.clone(),
            from: from.clone(),
            to: to.clone(),
        };
        let mut asked = false;
        for pair in chain.windows(2).take(CHAIN) {
            let [(made, to), (_, from)] = pair else {
                continue;
            };
            let before = view.graph.contains(from, change);
            if *made < landed || before == Contains::No {
                break;
            }
            if before == Contains::Unknown && from != to && !view.graph.has_range(from, to) {
                self.add(range(from, to));
                asked = true;
            }
        }
        if asked {
            return;
        }
        // What the oldest has, all have that were made from it.
        for version in [oldest, newest] {
            let open = view.graph.contains(version, change) == Contains::Unknown;
            if open && !view.graph.has_range(change, version) {
                self.add(range(change, version));
                return;
            }
        }
    }
}

/// Returns the newest version, made after the change, of which it may yet be told whether it
/// contains the change, and when it was made.
pub(super) fn open_in<'a>(
    clock: &Clock,
    view: &View<'_>,
    lane: &Lane<'a>,
    landed: &Landed<'_>,
) -> Option<(Timestamp, &'a Sha)> {
    let change = landed.sha?;
    let newest = lane.chains().iter();
    let newest = newest.filter_map(|chain| chain.first());
    let later = newest.filter(|(made, _)| *made >= landed.at);
    let open = later.filter(|(_, version)| {
        view.graph.contains(version, change) == Contains::Unknown
            && !view.graph.has_range(change, version)
    });
    let open = open.max_by_key(|(made, _)| *made)?;
    (!clock.passed_after(landed.at, ASKED)).then_some(*open)
}

/// Versions with the time at which they were made, newest first.
pub(super) type Chain<'a> = Vec<(Timestamp, &'a Sha)>;

/// Returns the chains of versions of a lane: of each environment, and of its releases.
pub(super) fn chains<'a>(lane: &Lane<'a>) -> Vec<Chain<'a>> {
    deployed(lane).chain([released(lane)]).collect()
}

/// Per environment: attempts that move, what is there now, and what was there before; newest first.
fn deployed<'a>(lane: &Lane<'a>) -> impl Iterator<Item = Chain<'a>> {
    lane.places.iter().map(|place| {
        let current = place.current();
        let attempt = place.newer().next();
        let older = place.known().filter(move |d| {
            current.is_some_and(|now| (d.created_at, d.id) < (now.created_at, now.id))
        });
        let mut chain: Chain<'a> = Vec::new();
        for deployment in attempt.into_iter().chain(current).chain(older) {
            if let Some(sha) = place.sha_of(deployment)
                && chain.last().is_none_or(|(_, last)| *last != sha)
            {
                chain.push((deployment.created_at, sha));
            }
            if chain.len() > CHAIN {
                break;
            }
        }
        chain
    })
}

/// The newest release and those before it by version, newest first.
fn released<'a>(lane: &Lane<'a>) -> Chain<'a> {
    let order = Releases::new(lane);
    let mut chain = Vec::new();
    // By version and by time are two orders: going from one to the other may come round again.
    let mut seen = BTreeSet::new();
    let mut next = order.all.len().checked_sub(1);
    while let Some((at, release)) = next.and_then(|at| Some((at, *order.all.get(at)?)))
        && seen.insert(&release.tag)
    {
        if let Some(sha) = &release.sha {
            chain.push((released_at(release), sha));
        }
        if chain.len() > CHAIN {
            break;
        }
        next = order.before(at);
    }
    chain
}

/// The releases of a lane, each read once.
struct Releases<'a> {
    all: Vec<&'a Release>,
    versions: Vec<Option<(&'a str, Version)>>,
    /// Their places by prefix and version, those without one left out.
    by_version: Vec<usize>,
    by_time: Vec<usize>,
}

impl<'a> Releases<'a> {
    fn new(lane: &Lane<'a>) -> Self {
        let all: Vec<&'a Release> = lane.releases.iter().map(|other| other.get()).collect();
        let versions: Vec<_> = all.iter().map(|release| version(&release.tag)).collect();
        let numbered = (0..all.len()).filter(|at| versions.get(*at).is_some_and(Option::is_some));
        let mut by_version: Vec<usize> = numbered.collect();
        by_version.sort_by_key(|at| versions.get(*at).and_then(Option::as_ref));
        let mut by_time: Vec<usize> = (0..all.len()).collect();
        by_time.sort_by_key(|at| {
            all.get(*at)
                .map(|release| (released_at(release), &release.tag))
        });
        Self {
            all,
            versions,
            by_version,
            by_time,
        }
    }

    /// Returns the release before another: by version within the same prefix of tags, else by time.
    fn before(&self, at: usize) -> Option<usize> {
        if let Some(own) = self.versions.get(at)?.as_ref() {
            let of = |other: usize| self.versions.get(other).and_then(Option::as_ref);
            let after = self
                .by_version
                .partition_point(|other| of(*other) < Some(own));
            let best = after.checked_sub(1).and_then(|at| self.by_version.get(at));
            let is_alike = |other: &&usize| of(**other).is_some_and(|(prefix, _)| *prefix == own.0);
            if let Some(other) = best.filter(is_alike) {
                return Some(*other);
            }
        }
        let when = |at: usize| self.all.get(at).map(|it| (released_at(it), &it.tag));
        let after = self
            .by_time
            .partition_point(|other| when(*other) < when(at));
        self.by_time.get(after.checked_sub(1)?).copied()
    }
}

/// The numbers of a tag, whether it is a full release, and the numbers of the pre-release.
type Version = (Vec<u64>, bool, Vec<u64>);

/// A tag as its prefix and its numbers; a pre-release sorts before what it leads to.
fn version(tag: &str) -> Option<(&str, Version)> {
    let at = tag.find(|c: char| c.is_ascii_digit())?;
    let (prefix, rest) = tag.split_at_checked(at)?;
    let cut = rest.find(|c: char| c != '.' && !c.is_ascii_digit());
    let (core, tail) = cut.map_or((rest, ""), |cut| {
        rest.split_at_checked(cut).unwrap_or((rest, ""))
    });
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit())
            .filter_map(|part| part.parse().ok())
            .collect()
    };
    let full = !tail.starts_with('-');
    Some((prefix, (numbers(core), full, numbers(tail))))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[track_caller]
    fn check(older: &str, newer: &str) {
        assert!(version(older) < version(newer), "{older} before {newer}");
    }

    #[test]
    fn versions_sort_by_number_and_pre_releases_first() {
        check("v1.9.0", "v1.10.0");
        check("v1.2", "v1.2.1");
        check("v2.0.0-rc.1", "v2.0.0");
        check("v2.0.0-rc.2", "v2.0.0-rc.10");
        check("api-v1.0", "api-v1.1");
        assert_eq!(version("latest"), None);
    }

    #[test]
    fn prefixes_keep_services_apart() {
        let prefix = |tag| version(tag).map(|(prefix, _)| prefix);
        assert_eq!(prefix("api-v1.0"), Some("api-v"));
        assert_eq!(prefix("1.0"), Some(""));
    }
}
