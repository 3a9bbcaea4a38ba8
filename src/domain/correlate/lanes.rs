//! Lanes: the way of one service to its users, its releases and its environments.
//!
//! A repository is one lane; in a mono-repo each configured service is one.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::correlate::graph::{Contains, Graph};
use crate::domain::correlate::joins::Joins;
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::needs::{self, Chain};
use crate::domain::correlate::reads::{Quick, QuickSet};
use crate::domain::correlate::view::{Known, released_at};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::key::{RepoKey, ServiceName, Sha};
use crate::domain::placement::{InEnvironment, Shape, Standing};
use crate::domain::policy::{Policy, ServiceRule};
use crate::domain::release::Release;
use crate::domain::run::{Run, is_foreign};
use crate::domain::text::Clean;

/// How many releases and deployments back a change is looked for.
const DEPTH: usize = 40;

/// For how long a production environment counts after the last deployment, while others get some.
const ABANDONED: TimeDelta = TimeDelta::days(30);

/// For how long after a release a repository counts as one that cuts releases.
pub(super) const RELEASING: TimeDelta = TimeDelta::days(180);

/// The way of one service to its users.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) service: ServiceName,
    pub(super) rule: Option<&'a ServiceRule>,
    /// Oldest first.
    pub(super) releases: Vec<Known<'a, Release>>,
    /// The commits of the releases in the graph.
    nodes: Vec<Option<usize>>,
    /// The versions about which it is asked what they contain.
    chains: OnceCell<Vec<Chain<'a>>>,
    /// Production first, then by name.
    pub(super) places: Vec<Place<'a>>,
}

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
    /// Until when the first deployment that is known of an environment may have brought it.
    pub(super) trusted_to: Timestamp,
}

/// The commit that a deployment brings, and where it is in the graph.
#[derive(Clone, Copy, Debug)]
struct Version<'a> {
    sha: &'a Sha,
    node: usize,
}

/// Divides a repository into lanes; there is always at least one.
pub(super) fn lanes<'a>(
    repo: &RepoKey,
    kinds: &Kinds<'a>,
    (graph, joins): (&Graph, &Joins<'a>),
    policy: &'a Policy,
) -> Vec<Lane<'a>> {
    let applies = |rule: &&ServiceRule| {
        rule.repos
            .as_ref()
            .is_none_or(|repos| repos.is_match(repo.path()))
    };
    let told = told_production(kinds);
    let make = |name, rule| lane(name, rule, (kinds, &told), policy).indexed(graph, joins);
    let mut lanes = vec![make(ServiceName::new(repo.short()), None)];
    for rule in policy.services.iter().filter(applies) {
        lanes.push(make(rule.name.clone(), Some(rule)));
    }
    lanes
}

fn lane<'a>(
    service: ServiceName,
    rule: Option<&'a ServiceRule>,
    (kinds, told): (&Kinds<'a>, &HashSet<String>),
    policy: &Policy,
) -> Lane<'a> {
    let is_production =
        |name: &Clean| policy.is_production(name) || told.contains(&name.to_ascii_lowercase());
    let tags = rule.and_then(|rule| rule.tag.as_ref());
    let releases = kinds
        .releases
        .iter()
        .copied()
        .filter(|release| tags.is_none_or(|tags| tags.is_match(release.tag.as_str())))
        .collect();
    let environment = rule.and_then(|rule| rule.environment.as_ref());
    // Systems write the name of one environment in different cases: the forge's way is shown.
    let mut places: BTreeMap<String, (&'a Clean, Vec<Known<'a, Deployment>>)> = BTreeMap::new();
    for deployment in &kinds.deployments {
        let name = &deployment.get().environment;
        if is_preview(name) || environment.is_some_and(|pattern| !pattern.is_match(name)) {
            continue;
        }
        let place = places.entry(name.to_lowercase());
        let (_, deployments) = place.or_insert_with(|| (name, Vec::new()));
        deployments.push(*deployment);
    }
    for (_, deployments) in places.values_mut() {
        leave_what_is_seen_on_the_way(deployments);
    }
    let is_used = !places.is_empty();
    for declared in kinds.environments.iter().filter(|_| is_used).rev() {
        let name = &declared.name;
        let ours = environment.is_none_or(|pattern| pattern.is_match(name));
        if let Some(place) = places.get_mut(&name.to_lowercase()) {
            place.0 = name;
        } else if ours && is_production(name) {
            places.insert(name.to_lowercase(), (name, Vec::new()));
        }
    }
    let mut places: Vec<Place<'a>> = places
        .into_values()
        .map(|(name, deployments)| Place {
            name,
            production: is_production(name),
            deployments,
            versions: Quick::default(),
            apart: QuickSet::default(),
            seen: None,
        })
        .collect();
    drop_abandoned(&mut places);
    places.sort_by_key(|place| (!place.production, place.name));
    Lane {
        service,
        rule,
        releases,
        nodes: Vec::new(),
        chains: OnceCell::new(),
        places,
    }
}

/// The deployments that got where they were to go.
fn went_well<'a>(
    all: impl Iterator<Item = &'a Deployment>,
) -> impl Iterator<Item = &'a Deployment> {
    all.filter(|d| matches!(d.state, DeployState::Succeeded | DeployState::Superseded))
}

/// The environments of which their host says that they are production, in lower case.
fn told_production(kinds: &Kinds<'_>) -> HashSet<String> {
    let told = kinds.environments.iter().filter(|place| place.production);
    told.map(|place| place.name.to_ascii_lowercase()).collect()
}

/// Takes out what was only seen to answer while the forge still brings something there: one
/// instance of many says nothing of the others.
fn leave_what_is_seen_on_the_way(deployments: &mut Vec<Known<'_, Deployment>>) {
    let moves = |state: &DeployState| {
        matches!(
            state,
            DeployState::Queued | DeployState::Waiting | DeployState::Running
        )
    };
    let own = deployments.iter().map(|deployment| deployment.get());
    let newest = own
        .filter(|deployment| !is_foreign(deployment.id))
        .max_by_key(|deployment| (deployment.created_at, deployment.id));
    if let Some(begun) = newest.filter(|newest| moves(&newest.state)) {
        let begun = begun.created_at;
        deployments.retain(|deployment| {
            let deployment = deployment.get();
            !deployment.is_sighting() || deployment.created_at < begun
        });
    }
}

/// Environments of one change request, which come and go.
fn is_preview(name: &str) -> bool {
    let first = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
    first.is_some_and(|word| {
        ["preview", "review", "pr", "mr"]
            .iter()
            .any(|preview| word.eq_ignore_ascii_case(preview))
    })
}

/// Drops production environments to which nothing goes any more while others are used.
fn drop_abandoned(places: &mut Vec<Place<'_>>) {
    let last = |place: &Place<'_>| place.deployments.last().map(|d| d.created_at);
    let newest = places
        .iter()
        .filter(|place| place.production)
        .filter_map(last)
        .max();
    let Some(newest) = newest else {
        return;
    };
    places.retain(|place| {
        !place.production || last(place).is_some_and(|at| at >= newest - ABANDONED)
    });
}

impl<'a> Lane<'a> {
    /// Looks the commits of releases and deployments up once, not once a change.
    fn indexed(mut self, graph: &Graph, joins: &Joins<'a>) -> Self {
        let node = |sha: &Option<Sha>| sha.as_ref().and_then(|sha| graph.find(sha));
        self.nodes = self
            .releases
            .iter()
            .map(|release| node(&release.sha))
            .collect();
        for place in &mut self.places {
            let found = place.deployments.iter();
            place.versions = found
                .filter_map(|d| {
                    let sha = joins.deployed(d.get())?;
                    let node = graph.find(sha)?;
                    Some((d.id, Version { sha, node }))
                })
                .collect();
            let versions = place.versions.iter();
            let apart = versions.filter(|(_, version)| graph.is_absent(version.sha));
            place.apart = apart.map(|(id, _)| *id).collect();
            place.seen = place.seen();
        }
        self
    }

    /// Returns the versions about which it is asked what they contain.
    pub(super) fn chains(&self, graph: &Graph) -> &[Chain<'a>] {
        self.chains.get_or_init(|| {
            let mut chains = needs::chains(self);
            for chain in &mut chains {
                chain.retain(|(_, sha)| !graph.is_absent(sha));
            }
            chains
        })
    }

    /// How the lane is delivered; `released` says whether a release of this age still counts.
    pub(super) fn shape(&self, counts: impl FnOnce(Timestamp) -> bool) -> Shape {
        let published = |release: &&Known<'a, Release>| !release.draft && !release.prerelease;
        let last = self.releases.iter().rev().find(published);
        Shape {
            production: self.places.iter().any(|place| place.production),
            environments: !self.places.is_empty(),
            releases: last.is_some_and(|release| counts(released_at(release))),
        }
    }

    /// Whether a deployment is one of this lane's.
    pub(super) fn has(&self, deployment: u64) -> bool {
        let mut all = self.places.iter().flat_map(|place| &place.deployments);
        all.any(|known| known.get().id == deployment)
    }

    /// Whether a change with these files belongs to the lane; not known, to the repository alone.
    pub(super) fn concerns(&self, paths: Option<&[Clean]>) -> bool {
        match self.rule.map(|rule| rule.paths.as_ref()) {
            None | Some(None) => true,
            Some(Some(globs)) => {
                paths.is_some_and(|paths| paths.iter().any(|path| globs.is_match(path.as_str())))
            }
        }
    }

    /// Whether a run belongs to the lane.
    pub(super) fn has_run(&self, run: &Run) -> bool {
        let workflows = self.rule.and_then(|rule| rule.workflows.as_ref());
        workflows.is_none_or(|globs| {
            globs.is_match(run.workflow.as_str()) || globs.is_match(run.workflow_path.as_str())
        })
    }

    /// The releases that contain a change, oldest first.
    pub(super) fn releases_with(&self, graph: &Graph, change: &Sha) -> Vec<Known<'a, Release>> {
        let mut found = Vec::new();
        let mut misses = 0;
        let Some(change) = graph.find(change) else {
            return found;
        };
        for (release, node) in self.releases.iter().zip(&self.nodes).rev().take(DEPTH) {
            let has = node.is_some_and(|node| graph.has_node(node, change));
            if has {
                found.push(*release);
                misses = 0;
            } else if !found.is_empty() {
                // Older ones do not have it either, but for a few that were made on the side.
                misses += 1;
                if misses > 4 {
                    break;
                }
            }
        }
        found.reverse();
        found
    }

    /// How a change stands in each environment.
    pub(super) fn standings(&self, graph: &Graph, sought: &Sought<'_>) -> Vec<InEnvironment<'a>> {
        self.places
            .iter()
            .map(|place| place.standing(graph, sought))
            .collect()
    }
}

impl<'a> Place<'a> {
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

    fn standing(&self, graph: &Graph, sought: &Sought<'_>) -> InEnvironment<'a> {
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
        for deployment in self.successes() {
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
        let hidden = self
            .newer()
            .find(|d| matches!(d.state, DeployState::Unknown(_)));
        let hidden = hidden.filter(|d| standing == Standing::Live && !has(d));
        let (standing, current) = match hidden {
            Some(newer) => (Standing::Unsure, Some(newer)),
            None => (standing, current),
        };
        let open = |d: &&Deployment| !matches!(d.state, DeployState::Abandoned);
        let attempt = self.newer().filter(open).find(|d| has(d));
        let attempt = attempt.filter(|_| standing != Standing::Live);
        let on_the_way = self
            .newer()
            .find(|d| has(d))
            .filter(|_| standing != Standing::Live);
        let carrier =
            on_the_way.or_else(|| brought.filter(|d| Some(d.id) == current.map(|d| d.id)));
        let is_taken = matches!(standing, Standing::TakenBack | Standing::Reverted);
        InEnvironment {
            name: self.name,
            production: self.production,
            standing,
            brought,
            fresh: lacked || brought.is_none_or(|d| d.arrived_at() <= sought.trusted_to),
            current,
            taken_by: is_taken.then(|| self.taken_by(has, is_reverted)).flatten(),
            attempt,
            rollout: carrier.and_then(|d| Some((d, d.rollout.as_ref()?))),
            seen: self.seen,
        }
    }
}
