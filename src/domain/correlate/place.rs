//! One environment of a lane: what came to it, what is there now, and where a change stands there.
//!
//! Reads deployments in their order and the graph of commits; which environments there are is
//! decided in `lanes`.

use crate::domain::Timestamp;
use crate::domain::correlate::graph::{Contains, Graph};
use crate::domain::correlate::joins::Joins;
use crate::domain::correlate::reads::{Quick, QuickSet};
use crate::domain::correlate::view::Known;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::key::Sha;
use crate::domain::placement::{InEnvironment, Missed, Standing};
use crate::domain::text::Clean;

/// How many releases and deployments back a change is looked for.
pub(super) const DEPTH: usize = 40;

/// One environment of a lane.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) name: &'a Clean,
    pub(super) production: bool,
    /// Oldest first.
    pub(super) deployments: Vec<Known<'a, Deployment>>,
    /// The commits of the deployments.
    versions: Quick<u64, Version<'a>>,
    /// Deployments of commits that the forge does not have: what they hold cannot be known, so
    /// what is known of the others stands.
    apart: QuickSet<u64>,
    /// What is seen to answer here, and what was told to have come, where those are two versions.
    seen: Option<(&'a Deployment, &'a Deployment)>,
}

/// A change that is looked for in environments.
#[derive(Debug)]
pub(super) struct Sought<'s> {
    /// The commit that it became.
    pub(super) change: &'s Sha,
    /// The commit that took it back.
    pub(super) reverter: Option<&'s Sha>,
    /// The commit that took that one back.
    pub(super) restorer: Option<&'s Sha>,
    /// When it became that.
    pub(super) landed_at: Timestamp,
    /// Until when the first deployment that is known of an environment may have brought it.
    pub(super) trusted_to: Timestamp,
}

/// The commit that a deployment brings, and where it is in the graph.
#[derive(Clone, Copy, Debug)]
struct Version<'a> {
    sha: &'a Sha,
    node: usize,
}

/// The deployments that got where they were to go.
fn went_well<'a>(
    all: impl Iterator<Item = &'a Deployment>,
) -> impl Iterator<Item = &'a Deployment> {
    all.filter(|d| matches!(d.state, DeployState::Succeeded | DeployState::Superseded))
}

impl<'a> Place<'a> {
    /// An environment with what came to it, oldest first.
    pub(super) fn new(
        name: &'a Clean,
        production: bool,
        deployments: Vec<Known<'a, Deployment>>,
    ) -> Self {
        Self {
            name,
            production,
            deployments,
            versions: Quick::default(),
            apart: QuickSet::default(),
            seen: None,
        }
    }

    /// Looks the commits of its deployments up.
    pub(super) fn index(&mut self, graph: &Graph, joins: &Joins<'a>) {
        let found = self.deployments.iter();
        self.versions = found
            .filter_map(|d| {
                let sha = joins.deployed(d.get())?;
                let node = graph.find(sha)?;
                Some((d.id, Version { sha, node }))
            })
            .collect();
        let versions = self.versions.iter();
        let apart = versions.filter(|(_, version)| graph.is_absent(version.sha));
        self.apart = apart.map(|(id, _)| *id).collect();
        self.seen = self.seen();
    }

    /// What is there now: the newest that went well, or that was known to.
    pub(super) fn current(&self) -> Option<&'a Deployment> {
        let newest = |state: &DeployState| {
            let mut all = self.known();
            all.find(|deployment| deployment.state == *state)
        };
        newest(&DeployState::Succeeded).or_else(|| newest(&DeployState::Superseded))
    }

    /// Deployments that were asked for after what is there now, newest first.
    pub(super) fn newer(&self) -> impl Iterator<Item = &'a Deployment> + '_ {
        let current = self.current().map(|d| (d.created_at, d.id));
        let all = self.known();
        all.take_while(move |d| current.is_none_or(|current| (d.created_at, d.id) > current))
    }

    /// What arrived here, newest first, whether or not it is here still or its commit is known.
    pub(super) fn arrived(&self) -> impl Iterator<Item = &'a Deployment> + '_ {
        let all = self.deployments.iter().rev();
        went_well(all.map(|deployment| deployment.get())).take(DEPTH)
    }

    /// The deployments that can be held against a change, newest first.
    pub(super) fn known(&self) -> impl Iterator<Item = &'a Deployment> + '_ {
        let all = self.deployments.iter().rev();
        let known = all.filter(|deployment| !self.apart.contains(&deployment.id));
        known.map(|deployment| deployment.get())
    }

    /// The commit that a deployment brought here.
    pub(super) fn sha_of(&self, deployment: &Deployment) -> Option<&'a Sha> {
        self.versions.get(&deployment.id).map(|version| version.sha)
    }

    /// What is not known of it that may have brought a change that landed then; what is only seen to
    /// answer does not tell.
    fn missed(&self, landed_at: Timestamp) -> Option<Missed> {
        let mut all = self.deployments.iter().map(|deployment| deployment.get());
        match all.find(|d| !d.is_sighting()) {
            Some(first) if first.created_at > landed_at => Some(Missed::Before(first.created_at)),
            Some(_) => None,
            None => Some(Missed::All),
        }
    }

    /// What was there, newest first, what is there now included.
    fn successes(&self) -> impl Iterator<Item = &'a Deployment> + '_ {
        went_well(self.known()).take(DEPTH)
    }

    /// Whether what arrived is here still, as far as that can be held against a change: only
    /// what brought a commit that the forge does not have took its place.
    fn is_there(&self, now: &Deployment) -> bool {
        let by_unknown = || {
            let arrived = self.arrived().find(|d| self.apart.contains(&d.id));
            arrived.is_some_and(|d| (d.created_at, d.id) > (now.created_at, now.id))
        };
        now.state == DeployState::Succeeded || by_unknown()
    }

    /// What is seen to answer here, and what was told to have come here last, where those are two
    /// versions. Of names that cannot be compared nothing is said.
    fn seen(&self) -> Option<(&'a Deployment, &'a Deployment)> {
        let newest = |is_seen: bool| {
            let all = self.deployments.iter().rev().map(|d| d.get());
            went_well(all.filter(move |d| d.is_sighting() == is_seen)).next()
        };
        let (seen, told) = (newest(true)?, newest(false)?);
        // A commit that nobody knows stays the few digits that were told.
        let is_same = if let (Some(seen), Some(told)) = (self.sha_of(seen), self.sha_of(told)) {
            told.as_str().starts_with(seen.as_str())
        } else {
            let number = |d: &'a Deployment| {
                let name = d.git_ref.as_ref()?.trim_start_matches('v');
                name.starts_with(|c: char| c.is_ascii_digit())
                    .then_some(name)
            };
            number(seen)? == number(told)?
        };
        (!is_same).then_some((seen, told))
    }

    /// Whether it is certain that a deployment did not bring a change.
    fn lacks(&self, deployment: &Deployment, graph: &Graph, change: &Sha) -> bool {
        let sha = self.sha_of(deployment);
        sha.is_some_and(|sha| graph.contains(sha, change) == Contains::No)
    }

    /// The deployment that took a change from its users: the first one since which it is not there
    /// as it was meant; where it never was, the first one that had it. However many came since.
    fn taken_by(
        &self,
        has: impl Fn(&Deployment) -> bool,
        is_reverted: impl Fn(&Deployment) -> bool,
    ) -> Option<&'a Deployment> {
        let (mut since, mut had) = (None, None);
        for deployment in went_well(self.known()) {
            let has = has(deployment);
            if has && !is_reverted(deployment) {
                return since;
            }
            since = Some(deployment);
            had = since.filter(|_| has).or(had);
        }
        had
    }

    pub(super) fn standing(&self, graph: &Graph, sought: &Sought<'_>) -> InEnvironment<'a> {
        let Sought {
            change,
            reverter,
            restorer,
            ..
        } = *sought;
        let current = self.current();
        let node = graph.find(change);
        let has = |deployment: &Deployment| {
            let target = self.versions.get(&deployment.id);
            target
                .zip(node)
                .is_some_and(|(target, change)| graph.has_node(target.node, change))
        };
        let mut brought: Option<&'a Deployment> = None;
        let mut lacked = false;
        // However many came since: what brought it dates it.
        for deployment in went_well(self.known()) {
            if !has(deployment) {
                lacked = self.lacks(deployment, graph, change);
                break;
            }
            brought = Some(deployment);
        }
        let before = || self.successes().skip(1).any(has);
        let is_reverted = |deployment: &Deployment| {
            let sha = self.sha_of(deployment);
            let has = |commit: Option<&Sha>| {
                sha.is_some_and(|sha| commit.is_some_and(|commit| graph.has(sha, commit)))
            };
            has(reverter) && !has(restorer)
        };
        let standing = match current {
            Some(now) if brought.is_some() && self.is_there(now) => {
                if is_reverted(now) {
                    Standing::Reverted
                } else {
                    Standing::Live
                }
            }
            Some(_) if brought.is_some() => Standing::Unsure,
            Some(now) if before() => {
                let sha = self.sha_of(now);
                let contains = sha.map_or(Contains::Unknown, |sha| graph.contains(sha, change));
                if contains == Contains::No {
                    Standing::TakenBack
                } else {
                    Standing::Unsure
                }
            }
            Some(_) | None => Standing::Absent,
        };
        // A newer one of which nothing is known may have taken its place.
        let mut newer = self.newer();
        let hidden = newer.find(|d| matches!(d.state, DeployState::Unknown(_)));
        let hidden = hidden.filter(|d| standing == Standing::Live && !has(d));
        let (standing, current) = match hidden {
            Some(newer) => (Standing::Unsure, Some(newer)),
            None => (standing, current),
        };
        let open = |d: &&Deployment| !matches!(d.state, DeployState::Abandoned);
        let attempt = self.newer().filter(open).find(|d| has(d));
        let attempt = attempt.filter(|_| standing != Standing::Live);
        let on_the_way = self.newer().find(|d| has(d));
        let on_the_way = on_the_way.filter(|_| standing != Standing::Live);
        let carrier =
            on_the_way.or_else(|| brought.filter(|d| Some(d.id) == current.map(|d| d.id)));
        let is_taken = matches!(standing, Standing::TakenBack | Standing::Reverted);
        InEnvironment {
            name: self.name,
            production: self.production,
            standing,
            brought,
            missed: self.missed(sought.landed_at),
            fresh: lacked || brought.is_none_or(|d| d.arrived_at() <= sought.trusted_to),
            current,
            taken_by: is_taken.then(|| self.taken_by(has, is_reverted)).flatten(),
            attempt,
            rollout: carrier.and_then(|d| Some((d, d.rollout.as_ref()?))),
            first_seen: !lacked && brought.is_some_and(Deployment::is_sighting),
            seen: self.seen,
        }
    }
}
