//! What is measured by deployments: DORA's five, attempts that failed, what one deployment brings.
//!
//! The lead of a change is reckoned from its first commit, not from the one that its merge made,
//! to the first time that its service had it in production.

use std::collections::HashSet;

use crate::domain::Timestamp;
use crate::domain::flow::deployments::{Chain, Deployment, chains, over_at, productive};
use crate::domain::flow::metric::{Fate, Key, Sample};
use crate::domain::flow::samples::Samples;
use crate::domain::flow::stats::{count, float};
use crate::domain::history::{Carried, Delivery, DeliveryState, Ledger};
use crate::domain::key::ItemId;

/// Measures every deployment to production.
pub(super) fn measure(ledger: &Ledger, now: Timestamp, samples: &mut Samples) {
    let productive = productive(ledger, now);
    for chain in chains(ledger, &productive, now).values() {
        for deployment in chain.roots() {
            counted(deployment, now, samples);
        }
        leads(chain, samples);
    }
    attempts(&productive, samples);
}

fn sample_of(delivery: &Delivery, at: Timestamp, value: f64) -> Sample {
    dress(delivery, Sample::new(at, value, &delivery.version))
}

fn dress(delivery: &Delivery, mut sample: Sample) -> Sample {
    sample.services = vec![delivery.service.clone()];
    sample.repos = vec![delivery.repo.clone()];
    sample
}

fn cards_of(delivery: &Delivery) -> Vec<ItemId> {
    let mut cards: Vec<ItemId> = delivery.carried.iter().map(|c| c.item.clone()).collect();
    cards.sort();
    cards.dedup();
    cards
}

fn counted(deployment: &Deployment<'_>, now: Timestamp, samples: &mut Samples) {
    let delivery = deployment.delivery;
    let at = deployment.live_at;
    let mut plain = sample_of(delivery, at, 1.0);
    plain.cards = cards_of(delivery);
    plain.flagged = deployment.failed;
    let yes = |is: bool| if is { 1.0 } else { 0.0 };
    for (key, value) in [
        (Key::DeploymentFrequency, 1.0),
        (Key::ChangeFailRate, yes(deployment.failed)),
        (Key::ReworkRate, yes(deployment.is_rework())),
    ] {
        let sample = Sample {
            value,
            ..plain.clone()
        };
        samples.push(key, sample);
    }
    if delivery.range_known && !deployment.back {
        let changes: HashSet<_> = delivery.carried.iter().map(identity).collect();
        let sample = Sample {
            value: count(changes.len()),
            ..plain.clone()
        };
        samples.push(Key::ChangesPerDeployment, sample);
    }
    if deployment.failed {
        let mut sample = if let Some(end) = deployment.recovered {
            Sample::span(at, at, end, &delivery.version)
        } else {
            let age = float((now - at).num_seconds());
            Sample::new(at, age, &delivery.version).fated(Fate::Open)
        };
        sample.cards.clone_from(&plain.cards);
        samples.push(Key::RecoveryTime, dress(delivery, sample));
    }
}

/// What tells two changes of one card apart.
fn identity(carried: &Carried) -> (&ItemId, Timestamp) {
    (&carried.item, carried.landed_at)
}

/// The first time that each change of a service was live.
fn leads(chain: &Chain<'_>, samples: &mut Samples) {
    let mut seen: HashSet<(&ItemId, Timestamp)> = HashSet::new();
    for deployment in chain.all.iter().filter(|deployment| !deployment.back) {
        let delivery = deployment.delivery;
        let flagged = chain
            .all
            .get(deployment.root)
            .is_some_and(|root| root.failed);
        if !delivery.range_known {
            let sample = sample_of(delivery, deployment.live_at, 0.0).fated(Fate::Unknown);
            samples.push(Key::LeadTime, sample);
        }
        for carried in &delivery.carried {
            if seen.insert(identity(carried)) && delivery.range_known {
                lead(delivery, carried, deployment.live_at, flagged, samples);
            }
        }
    }
}

fn lead(
    delivery: &Delivery,
    carried: &Carried,
    live_at: Timestamp,
    flagged: bool,
    samples: &mut Samples,
) {
    let mark = |sample: Sample| {
        let mut sample = dress(delivery, sample);
        sample.cards = vec![carried.item.clone()];
        sample.flagged = flagged;
        sample
    };
    let version = &delivery.version;
    let lead = mark(match carried.first_commit_at {
        Some(first) => Sample::span(live_at, first, live_at, version),
        None => Sample::new(live_at, 0.0, version).fated(Fate::Unknown),
    });
    if carried.bot {
        samples.push(Key::LeadTimeBots, lead);
        return;
    }
    samples.push(Key::LeadTime, lead);
    let merged = Sample::span(live_at, carried.landed_at, live_at, version);
    samples.push(Key::LeadTimeFromMerge, mark(merged));
}

/// Attempts that failed; several of one version at once are one.
fn attempts(productive: &[&Delivery], samples: &mut Samples) {
    let mut failed: Vec<&Delivery> = productive
        .iter()
        .filter(|delivery| delivery.state == DeliveryState::Failed)
        .copied()
        .collect();
    failed.sort_by_key(|d| (&d.service, &d.environment, &d.sha, d.started_at, &d.id));
    let mut last: Option<(&Delivery, Timestamp)> = None;
    for delivery in failed {
        let is_one = |(before, end): &(&Delivery, Timestamp)| {
            is_same_try(before, delivery) && delivery.started_at < *end
        };
        let end = over_at(delivery);
        if let Some((before, known)) = last.filter(is_one) {
            last = Some((before, known.max(end)));
            continue;
        }
        last = Some((delivery, end));
        let mut sample = sample_of(delivery, end, 1.0);
        sample.cards = cards_of(delivery);
        samples.push(Key::FailedAttempts, sample);
    }
}

fn is_same_try(a: &Delivery, b: &Delivery) -> bool {
    let is_same_place = a.service == b.service && a.environment == b.environment;
    is_same_place && a.sha.is_some() && a.sha == b.sha
}
