//! Lanes: the way of one service to its users, its releases and its environments.
//!
//! A repository is one lane; in a mono-repo each configured service is one.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;

use crate::domain::correlate::graph::Graph;
use crate::domain::correlate::joins::Joins;
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::needs::{self, Chain};
use crate::domain::correlate::place::{DEPTH, Place, Sought};
use crate::domain::correlate::view::{Known, released_at};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::key::{RepoKey, ServiceName, Sha};
use crate::domain::placement::{InEnvironment, Shape};
use crate::domain::policy::{Policy, ServiceRule};
use crate::domain::release::Release;
use crate::domain::run::{Run, is_foreign};
use crate::domain::text::Clean;
use crate::domain::{Timestamp, earlier};

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
    chains: Vec<Chain<'a>>,
    /// Production first, then by name.
    pub(super) places: Vec<Place<'a>>,
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
        .map(|(name, deployments)| Place::new(name, is_production(name), deployments))
        .collect();
    drop_abandoned(&mut places);
    places.sort_by_key(|place| (!place.production, place.name));
    Lane {
        service,
        rule,
        releases,
        nodes: Vec::new(),
        chains: Vec::new(),
        places,
    }
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
        !place.production || last(place).is_some_and(|at| at >= earlier(newest, ABANDONED))
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
            place.index(graph, joins);
        }
        self.chains = needs::chains(&self);
        for chain in &mut self.chains {
            chain.retain(|(_, sha)| !graph.is_absent(sha));
        }
        self
    }

    /// Returns the versions about which it is asked what they contain.
    pub(super) fn chains(&self) -> &[Chain<'a>] {
        &self.chains
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
