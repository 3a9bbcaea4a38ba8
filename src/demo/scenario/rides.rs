//! Trains to what is seen at one moment: releases, tags, deployments.

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::lens::Lens;
use crate::demo::scenario::model::{Commit, DeployStatus, Deployment, Release};
use crate::demo::scenario::past::{self, Then};
use crate::demo::scenario::people::ACTIONS;
use crate::demo::scenario::plan::Change;
use crate::demo::scenario::runs;
use crate::demo::scenario::state::Laws;
use crate::demo::scenario::team::RepoSpec;
use crate::demo::scenario::train::{self, DeployPlan, PERIOD, Start, Train};
use crate::demo::scenario::tree::{Tree, merges};

/// Plans the trains that matter at a moment, the oldest first.
pub(super) fn trains(laws: Laws, spec: &RepoSpec, now: i64, changes: &[Change]) -> Vec<Train> {
    let merged = merges(
        changes
            .iter()
            .filter_map(|c| c.pull.as_ref().map(|pull| (c, pull))),
    );
    let mut all = Vec::new();
    for (service, of) in spec.services.iter().enumerate() {
        let mono = spec.services.len() > 1;
        let lag = train::lag(of.ride);
        let newest = (now - train::cut(laws.epoch, spec, service, 0)).div_euclid(PERIOD) + 1;
        let oldest =
            (laws.horizon(spec) - train::cut(laws.epoch, spec, service, 0)).div_euclid(PERIOD);
        let cut = |index| train::cut(laws.epoch, spec, service, index);
        let mut starts: Vec<(i64, &str)> = Vec::new();
        for index in oldest..=newest {
            // A red base branch holds back what was merged after it broke.
            let ready = merged.iter().take_while(|(_, pull, at)| {
                *at <= cut(index) - lag && pull.red_until <= cut(index)
            });
            let mine = ready.filter(|(change, _, _)| !mono || change.service == service);
            let sha = mine.last().and_then(|(_, pull, _)| pull.landed.last());
            let new = sha.filter(|sha| starts.last().is_none_or(|(_, last)| last != *sha));
            starts.extend(new.map(|sha| (index, sha.as_str())));
        }
        for (nth, (index, sha)) in starts.iter().enumerate() {
            // Until the next one is known to leave, this one dwells at least for a period.
            let known = starts
                .get(nth + 1)
                .map(|(next, _)| cut(*next))
                .filter(|at| *at <= now);
            let dwell = known.unwrap_or_else(|| cut(newest).max(cut(index + 1))) + train::LEAD;
            let start = Start {
                index: *index,
                cut: cut(*index),
                dwell,
                sha,
            };
            let mut train = train::plan(laws.seed, spec, service, start);
            if let Some(train) = &mut train {
                let then = Then {
                    start: start.cut,
                    today: laws.today(),
                };
                past::derail(then, train, &mut whim(laws.seed, spec, (service, *index)));
            }
            all.extend(train);
        }
    }
    all.sort_by_key(|train| (train.cut, train.service));
    all
}

/// The dice of what happened to a train of the past.
fn whim(seed: u64, spec: &RepoSpec, (service, index): (usize, i64)) -> Dice {
    let [repo, train] = [spec.index, 2_000 + service].map(|it| u64::try_from(it).unwrap_or(0));
    Dice::of(seed, &[repo, train, index.cast_unsigned()])
}

/// What is seen of trains.
pub(super) struct Rides {
    pub(super) releases: Vec<Release>,
    pub(super) deployments: Vec<Deployment>,
}

/// Returns what is seen of trains, and adds their commits and branches to the tree.
pub(super) fn seen(spec: &RepoSpec, lens: &Lens, trains: &[Train], tree: &mut Tree) -> Rides {
    let mut releases: Vec<Release> = trains
        .iter()
        .filter_map(|train| release(spec, lens, train))
        .collect();
    releases.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(b.id.cmp(&a.id)));
    let mut before: Vec<Option<&Train>> = vec![None; spec.services.len()];
    let mut deployments = Vec::new();
    for train in trains {
        if spec.git_flow {
            land(lens, train, tree);
        }
        let previous = before.get(train.service).copied().flatten();
        let mine = train.deployments.iter();
        deployments.extend(mine.filter_map(|plan| deployment(spec, lens, train, plan, previous)));
        if let Some(slot) = before.get_mut(train.service) {
            *slot = Some(train);
        }
    }
    deployments.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(b.id.cmp(&a.id)));
    supersede(&mut deployments);
    Rides {
        releases,
        deployments,
    }
}

fn release(spec: &RepoSpec, lens: &Lens, train: &Train) -> Option<Release> {
    let created_at = lens.seen(train.drafted)?;
    let published = lens.seen(train.published);
    let candidate = train.candidate.and_then(|at| lens.seen(at));
    let out = published.is_some();
    Some(Release {
        id: runs::id(spec, train.number, 0),
        tag: train.tag.clone(),
        sha: if out {
            train.tagged.clone()
        } else {
            train.sha.clone()
        },
        draft: !out && candidate.is_none(),
        prerelease: !out && candidate.is_some(),
        created_at,
        published_at: published.or(candidate),
        author: train.captain,
        notes: format!("What is new in {}.", train.tag),
    })
}

/// Git-flow: the release branch, and the merge to `main` that gets the tag.
fn land(lens: &Lens, train: &Train, tree: &mut Tree) {
    if !lens.past(train.cut) || !tree.commits.contains_key(&train.sha) {
        return;
    }
    let branch = train::branch(train);
    let Some(at) = lens.seen(train.published) else {
        tree.release_branches.push((branch, train.sha.clone()));
        return;
    };
    let parents = tree
        .main
        .iter()
        .cloned()
        .chain([train.sha.clone()])
        .collect();
    let message = format!("Merge branch '{branch}'");
    tree.add(Commit {
        sha: train.tagged.clone(),
        parents,
        message,
        author: train.captain,
        at,
        pull: None,
    });
    tree.main = Some(train.tagged.clone());
    tree.pushed = tree.pushed.max(train.published);
}

fn deployment(
    spec: &RepoSpec,
    lens: &Lens,
    train: &Train,
    plan: &DeployPlan,
    previous: Option<&Train>,
) -> Option<Deployment> {
    let created_at = lens.seen(plan.created)?;
    let carried = if plan.back { previous? } else { train };
    let status = |(at, state, description): &(i64, &'static str, String)| {
        Some(DeployStatus {
            state,
            at: lens.seen(*at)?,
            description: description.clone(),
        })
    };
    let mut statuses: Vec<DeployStatus> = plan.states.iter().filter_map(status).collect();
    let mut step = plan.rollout.iter().filter(|(at, ..)| lens.past(*at));
    let payload = match step.next_back() {
        Some((at, phase, percent, step)) => {
            if *phase != "complete" {
                let description = format!("canary {percent} % ({step}/4), {phase}");
                let state = statuses.last().map_or("in_progress", |last| last.state);
                if state == "in_progress" {
                    statuses.push(DeployStatus {
                        state,
                        at: lens.show(*at),
                        description,
                    });
                }
            }
            serde_json::json!({"rollout": {
                "phase": phase, "percent": percent, "step": step, "steps": 4,
            }})
        }
        None => serde_json::json!({}),
    };
    statuses.reverse();
    Some(Deployment {
        id: runs::id(spec, train.number, plan.slot),
        environment: plan.environment.clone(),
        git_ref: match &plan.sha {
            Some(sha) => sha.clone(),
            None => carried.tag.clone(),
        },
        sha: plan.sha.clone().unwrap_or_else(|| carried.tagged.clone()),
        creator: if plan.production {
            train.captain
        } else {
            ACTIONS
        },
        created_at,
        updated_at: statuses.first().map_or(created_at, |status| status.at),
        statuses,
        payload,
        run: runs::id(spec, train.number, train::GATED),
    })
}

/// A success makes the older successes of the same environment inactive, as the host does by itself.
fn supersede(deployments: &mut [Deployment]) {
    let mut live: Vec<(String, crate::domain::Timestamp)> = Vec::new();
    for deployment in deployments {
        if deployment.state() != "success" {
            continue;
        }
        let newer = live
            .iter()
            .find(|(environment, _)| *environment == deployment.environment);
        match newer {
            Some((_, at)) => {
                let description = "A newer deployment took its place".to_owned();
                let status = DeployStatus {
                    state: "inactive",
                    at: *at,
                    description,
                };
                deployment.updated_at = *at;
                deployment.statuses.insert(0, status);
            }
            None => live.push((deployment.environment.clone(), deployment.updated_at)),
        }
    }
}
