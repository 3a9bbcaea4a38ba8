//! The definitions once more, slow and simple: deployments, and what comes of points.
//!
//! Written from the definitions; shares nothing with the implementation but the records.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{NOW, at};
use crate::domain::Timestamp;
use crate::domain::history::{Delivery, DeliveryState, Ledger, Trouble};
use crate::domain::key::{RepoKey, ServiceName};

/// What a metric must say.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    /// When and how much.
    pub(super) points: Vec<(Timestamp, f64)>,
    /// How many are not over.
    pub(super) open: usize,
    pub(super) value: Option<f64>,
}

/// Where and when is looked.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) service: Option<ServiceName>,
    pub(super) repo: Option<RepoKey>,
    pub(super) from: Timestamp,
}

impl View<'_> {
    pub(super) fn sees(&self, moment: Timestamp) -> bool {
        moment > self.from && moment <= at(NOW)
    }

    pub(super) fn is_of(&self, services: &[ServiceName], repos: &[RepoKey]) -> bool {
        self.service
            .as_ref()
            .is_none_or(|one| services.contains(one))
            && self.repo.as_ref().is_none_or(|one| repos.contains(one))
    }

    pub(super) fn days(&self) -> f64 {
        (at(NOW) - self.from).num_seconds() as f64 / 86_400.0
    }
}

/// The smallest value that so many of a hundred are not above.
pub(super) fn rank(values: &[f64], percent: usize) -> f64 {
    let below = |value: f64| values.iter().filter(|other| **other <= value).count();
    let good = values
        .iter()
        .copied()
        .filter(|value| below(*value) * 100 >= percent * values.len());
    good.fold(f64::INFINITY, f64::min)
}

pub(super) fn median(points: Vec<(Timestamp, f64)>) -> Expected {
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    Expected {
        value: (values.len() >= 5).then(|| rank(&values, 50)),
        points,
        open: 0,
    }
}

pub(super) fn mean(points: Vec<(Timestamp, f64)>) -> Expected {
    let sum: f64 = points.iter().map(|(_, value)| value).sum();
    Expected {
        value: (points.len() >= 5).then(|| sum / points.len() as f64),
        points,
        open: 0,
    }
}

/// A deployment, as the definitions see it.
#[derive(Clone)]
struct Deployed {
    delivery: Delivery,
    when: Timestamp,
    back: bool,
    /// The place of the first of its version.
    first: usize,
    /// The place of the one before it in its environment.
    previous: Option<usize>,
}

fn when(delivery: &Delivery) -> Timestamp {
    delivery.finished_at.unwrap_or(delivery.started_at)
}

/// Every success of a service in production, in order.
fn successes(ledger: &Ledger, service: &ServiceName) -> Vec<Delivery> {
    let mut all: Vec<Delivery> = Vec::new();
    for delivery in &ledger.deliveries {
        let is_known = all.iter().any(|known| known.id == delivery.id);
        let is_good = delivery.production && delivery.state == DeliveryState::Succeeded;
        if delivery.service == *service && is_good && !is_known && when(delivery) <= at(NOW) {
            all.push(delivery.clone());
        }
    }
    all.sort_by_key(|d| (when(d), d.started_at, d.id.to_string()));
    all
}

fn deployed(ledger: &Ledger, service: &ServiceName) -> Vec<Deployed> {
    let all = successes(ledger, service);
    let mut kept: Vec<Deployed> = Vec::new();
    for (place, delivery) in all.iter().enumerate() {
        let before = all.iter().take(place);
        let here: Vec<&Delivery> = before
            .filter(|d| d.environment == delivery.environment)
            .collect();
        let is_same = |other: &Delivery| other.sha.is_some() && other.sha == delivery.sha;
        let last_here = |env: &str| {
            kept.iter()
                .rposition(|k| k.delivery.environment.as_str() == env)
        };
        let previous = last_here(delivery.environment.as_str());
        let replaced = previous.map(|place| kept[place].delivery.clone());
        if replaced.as_ref().is_some_and(&is_same) {
            continue;
        }
        if here
            .iter()
            .any(|d| is_same(d) && when(d) > delivery.started_at)
        {
            continue;
        }
        let first_time = |version: &Delivery| {
            let same = here
                .iter()
                .filter(|d| d.sha.is_some() && d.sha == version.sha);
            same.map(|d| when(d)).min()
        };
        let went_back = match (first_time(delivery), replaced.as_ref().and_then(first_time)) {
            (Some(this), Some(that)) => this < that,
            _ => false,
        };
        let back = delivery.backward || went_back;
        let mut first = kept.len();
        if !back {
            let environments: BTreeSet<String> = kept
                .iter()
                .map(|k| k.delivery.environment.to_string())
                .collect();
            for environment in environments {
                let live = last_here(&environment).map(|place| &kept[place]);
                let spreads = live.filter(|live| is_same(&live.delivery));
                if let Some(live) = spreads.filter(|_| environment != delivery.environment.as_str())
                {
                    first = live.first;
                    break;
                }
            }
        }
        kept.push(Deployed {
            delivery: delivery.clone(),
            when: when(delivery),
            back,
            first,
            previous,
        });
    }
    kept
}

/// Which deployments (service and place of the first) each trouble is laid to.
fn blamed(
    ledger: &Ledger,
    all: &BTreeMap<ServiceName, Vec<Deployed>>,
) -> Vec<(Trouble, ServiceName, usize)> {
    let mut links = Vec::new();
    let mut known = BTreeSet::new();
    for trouble in &ledger.troubles {
        if trouble.began_at > at(NOW) || !known.insert(trouble.id.to_string()) {
            continue;
        }
        let mut guess: Option<(Timestamp, ServiceName, usize)> = None;
        for (service, chain) in all {
            let fits = |d: &&Deployed| match (&trouble.service, &trouble.repo) {
                (Some(named), _) => named == service,
                (None, Some(repo)) => *repo == d.delivery.repo,
                (None, None) => true,
            };
            let mut before: Option<&Deployed> = None;
            let mut any: Option<&Deployed> = None;
            for deployment in chain.iter().filter(fits) {
                if trouble.sha.is_some() && trouble.sha != deployment.delivery.sha {
                    continue;
                }
                any = any.or(Some(deployment));
                if deployment.when <= trouble.began_at {
                    before = Some(deployment);
                }
            }
            if trouble.sha.is_some() {
                if let Some(found) = before.or(any) {
                    links.push((trouble.clone(), service.clone(), found.first));
                }
                continue;
            }
            let names = trouble.service.is_some() || trouble.repo.is_some();
            if let Some(found) = before.filter(|_| names && trouble.incident) {
                let hours = (trouble.began_at - found.when).num_hours();
                let is_newer = guess.as_ref().is_none_or(|(when, ..)| found.when > *when);
                if hours <= 24 && is_newer {
                    guess = Some((found.when, service.clone(), found.first));
                }
            }
        }
        links.extend(guess.map(|(_, service, first)| (trouble.clone(), service, first)));
    }
    links
}

/// A deployment that counts, judged.
pub(super) struct Judged {
    pub(super) delivery: Delivery,
    pub(super) when: Timestamp,
    pub(super) back: bool,
    pub(super) failed: bool,
    pub(super) rework: bool,
    pub(super) recovered: Option<Timestamp>,
}

/// A service with the deliveries that brought it something, and when they were live.
type Brought = (ServiceName, Vec<(Delivery, Timestamp)>);

/// Every deployment that counts, and the deliveries that brought something, with their service.
pub(super) fn judged(ledger: &Ledger) -> (Vec<Judged>, Vec<Brought>) {
    let services: BTreeSet<ServiceName> = ledger
        .deliveries
        .iter()
        .map(|d| d.service.clone())
        .collect();
    let all: BTreeMap<ServiceName, Vec<Deployed>> = services
        .into_iter()
        .map(|s| (s.clone(), deployed(ledger, &s)))
        .collect();
    let links = blamed(ledger, &all);
    let mut result = Vec::new();
    let mut bringing = Vec::new();
    for (service, chain) in &all {
        let undoing = |first: usize| {
            let mut ends = chain.iter().filter(|d| {
                (d.back || d.delivery.reverts)
                    && d.previous.is_some_and(|p| chain[p].first == first)
            });
            ends.next().map(|d| d.when)
        };
        let of = |first: usize| -> Vec<&Trouble> {
            let mine = links
                .iter()
                .filter(|(_, s, place)| s == service && *place == first);
            mine.map(|(trouble, ..)| trouble).collect()
        };
        let failed = |first: usize| undoing(first).is_some() || !of(first).is_empty();
        let mut menders = BTreeSet::new();
        let mut ends = BTreeMap::new();
        for place in (0..chain.len()).filter(|place| chain[*place].first == *place) {
            let troubles = of(place);
            let mut candidates: Vec<Timestamp> = undoing(place).into_iter().collect();
            let mut mender = None;
            if let Some(began) = troubles.iter().map(|t| t.began_at).min() {
                if troubles
                    .iter()
                    .all(|t| t.over_at.is_some_and(|over| over <= at(NOW)))
                {
                    candidates.extend(troubles.iter().filter_map(|t| t.over_at).max());
                }
                mender = (place + 1..chain.len()).find(|next| {
                    chain[*next].first == *next && !failed(*next) && chain[*next].when > began
                });
                candidates.extend(mender.map(|next| chain[next].when));
            }
            let end = candidates.into_iter().min();
            menders.extend(mender.filter(|next| Some(chain[*next].when) == end));
            ends.insert(place, end);
        }
        for (place, end) in ends {
            let deployment = &chain[place];
            let delivery = deployment.delivery.clone();
            result.push(Judged {
                rework: deployment.back
                    || delivery.hotfix
                    || delivery.reverts
                    || menders.contains(&place),
                failed: failed(place),
                recovered: end,
                when: deployment.when,
                back: deployment.back,
                delivery,
            });
        }
        let forward = chain
            .iter()
            .filter(|d| !d.back)
            .map(|d| (d.delivery.clone(), d.when));
        bringing.push((service.clone(), forward.collect()));
    }
    (result, bringing)
}

impl View<'_> {
    fn is_of_delivery(&self, delivery: &Delivery) -> bool {
        self.is_of(
            std::slice::from_ref(&delivery.service),
            std::slice::from_ref(&delivery.repo),
        )
    }

    /// Deployments of the window, each with the number that `value` gives.
    pub(super) fn deployments(
        &self,
        value: impl Fn(&Judged) -> Option<f64>,
    ) -> Vec<(Timestamp, f64)> {
        let (all, _) = judged(self.ledger);
        let mine = all
            .iter()
            .filter(|d| self.is_of_delivery(&d.delivery) && self.sees(d.when));
        mine.filter_map(|d| Some((d.when, value(d)?))).collect()
    }

    pub(super) fn frequency(&self) -> Expected {
        let points = self.deployments(|_| Some(1.0));
        let value = (!points.is_empty()).then(|| points.len() as f64 / self.days());
        Expected {
            points,
            open: 0,
            value,
        }
    }

    pub(super) fn recovery(&self) -> Expected {
        let spans = |d: &Judged| {
            d.failed
                .then_some(())
                .and(d.recovered)
                .map(|end| end - d.when)
        };
        let hours = |d: &Judged| {
            spans(d)
                .filter(|s| s.num_seconds() >= 0)
                .map(|s| s.num_seconds() as f64)
        };
        let (all, _) = judged(self.ledger);
        let open =
            |d: &&Judged| d.failed && d.recovered.is_none() && self.is_of_delivery(&d.delivery);
        Expected {
            open: all.iter().filter(open).count(),
            ..median(self.deployments(hours))
        }
    }

    /// The first time that each change was live; from its first commit or from its merge.
    pub(super) fn leads(&self, bots: bool, from_merge: bool) -> Expected {
        let mut points = Vec::new();
        for (_, deliveries) in judged(self.ledger).1 {
            let mut seen = BTreeSet::new();
            for (delivery, when) in deliveries {
                for change in &delivery.carried {
                    let is_first = seen.insert((change.item.clone(), change.landed_at));
                    if !is_first || !delivery.range_known || change.bot != bots {
                        continue;
                    }
                    let from = if from_merge {
                        Some(change.landed_at)
                    } else {
                        change.first_commit_at
                    };
                    let length = from.map(|from| (when - from).num_seconds() as f64);
                    let is_mine = self.sees(when) && self.is_of_delivery(&delivery);
                    let length = length.filter(|length| *length >= 0.0 && is_mine);
                    points.extend(length.map(|length| (when, length)));
                }
            }
        }
        median(points)
    }

    /// Attempts that failed: of one version, those that overlap are one.
    pub(super) fn attempts(&self) -> Vec<(Timestamp, f64)> {
        let mut failed: Vec<&Delivery> = Vec::new();
        for delivery in &self.ledger.deliveries {
            let is_known = failed
                .iter()
                .any(|d| d.id == delivery.id && d.service == delivery.service);
            let is_failed = delivery.production && delivery.state == DeliveryState::Failed;
            if is_failed && !is_known && when(delivery) <= at(NOW) {
                failed.push(delivery);
            }
        }
        failed.sort_by_key(|d| (d.started_at, d.id.to_string()));
        let mut tries: Vec<(&Delivery, Timestamp)> = Vec::new();
        for delivery in failed {
            let same = tries.iter_mut().rev().find(|(first, _)| {
                (&first.service, &first.environment) == (&delivery.service, &delivery.environment)
                    && first.sha.is_some()
                    && first.sha == delivery.sha
            });
            match same {
                Some((_, end)) if delivery.started_at < *end => *end = when(delivery).max(*end),
                _ => tries.push((delivery, when(delivery))),
            }
        }
        let mine = tries
            .iter()
            .filter(|(d, _)| self.is_of_delivery(d) && self.sees(when(d)));
        mine.map(|(d, _)| (when(d), 1.0)).collect()
    }
}
