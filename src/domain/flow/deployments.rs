//! Deliveries as deployments: which of them are one, which failed in use, what ended that.
//!
//! A delivery of what is live already is none of its own, whether it came later, at once or in
//! another environment. Failures follow from what came after: a way back, a revert, an incident.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::history::{Delivery, DeliveryState, Ledger, Trouble};
use crate::domain::key::{ServiceName, Sha};
use crate::domain::text::Clean;

/// How long after a deployment an incident of its service is laid to it.
const SUSPECT: TimeDelta = TimeDelta::hours(24);

/// A version that came to production.
#[derive(Clone, Debug)]
pub(super) struct Deployment<'a> {
    pub(super) delivery: &'a Delivery,
    pub(super) live_at: Timestamp,
    /// Whether it is older than what it took the place of.
    pub(super) back: bool,
    /// The one of the same version that was first; itself where it is.
    pub(super) root: usize,
    /// The one before it in its environment.
    before: Option<usize>,
    /// Whether it failed in use; told of roots only.
    pub(super) failed: bool,
    /// When that was over, if it is.
    pub(super) recovered: Option<Timestamp>,
    /// Whether it is what ended an incident.
    mends: bool,
}

impl Deployment<'_> {
    /// Returns whether nobody had planned it.
    pub(super) fn is_rework(&self) -> bool {
        self.back || self.mends || self.delivery.hotfix || self.delivery.reverts
    }
}

/// The deployments of one service, in the order in which they came to be live.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain<'a> {
    pub(super) all: Vec<Deployment<'a>>,
}

impl<'a> Chain<'a> {
    /// Returns those that count.
    pub(super) fn roots(&self) -> impl Iterator<Item = &Deployment<'a>> {
        let counted = self.all.iter().enumerate();
        counted
            .filter(|(at, deployment)| deployment.root == *at)
            .map(|(_, deployment)| deployment)
    }
}

/// Returns when a delivery was over.
pub(super) fn over_at(delivery: &Delivery) -> Timestamp {
    delivery.finished_at.unwrap_or(delivery.started_at)
}

/// Returns whether two ids name one commit; one of them may be short.
fn is_same(a: &Sha, b: &Sha) -> bool {
    a.as_str().starts_with(b.as_str()) || b.as_str().starts_with(a.as_str())
}

/// Returns every delivery to production that was over, each once.
pub(super) fn productive(ledger: &Ledger, now: Timestamp) -> Vec<&Delivery> {
    let mut told: BTreeMap<(&Clean, &ServiceName), &Delivery> = BTreeMap::new();
    for delivery in &ledger.deliveries {
        told.insert((&delivery.id, &delivery.service), delivery);
    }
    let mut all: Vec<&Delivery> = told.into_values().collect();
    all.retain(|delivery| delivery.production && over_at(delivery) <= now);
    all.sort_by(|a, b| (over_at(a), a.started_at, &a.id).cmp(&(over_at(b), b.started_at, &b.id)));
    all
}

/// Finds the deployments of every service.
pub(super) fn chains<'a>(
    ledger: &'a Ledger,
    productive: &[&'a Delivery],
    now: Timestamp,
) -> BTreeMap<&'a ServiceName, Chain<'a>> {
    let mut services: BTreeMap<&ServiceName, Vec<&Delivery>> = BTreeMap::new();
    for delivery in productive {
        if delivery.state == DeliveryState::Succeeded {
            services
                .entry(&delivery.service)
                .or_default()
                .push(delivery);
        }
    }
    let mut chains: BTreeMap<&ServiceName, Chain<'_>> = services
        .into_iter()
        .map(|(service, deliveries)| (service, Builder::default().build(deliveries)))
        .collect();
    let mut told: BTreeMap<&Clean, &Trouble> = BTreeMap::new();
    for trouble in &ledger.troubles {
        told.insert(&trouble.id, trouble);
    }
    let mut links: HashMap<(&ServiceName, usize), Vec<&Trouble>> = HashMap::new();
    for trouble in told.into_values().filter(|t| t.began_at <= now) {
        for (service, root) in blamed(trouble, &chains) {
            links.entry((service, root)).or_default().push(trouble);
        }
    }
    for (service, chain) in &mut chains {
        judge(chain, |root| links.get(&(*service, root)), now);
    }
    chains
}

/// A version, and when it was first and last live.
type Seen<'a> = (&'a Sha, Timestamp, Timestamp);

/// Puts deliveries of one service in a chain.
#[derive(Default)]
struct Builder<'a> {
    all: Vec<Deployment<'a>>,
    /// The one that is live in each environment.
    live: BTreeMap<&'a Clean, usize>,
    /// Versions that were live in an environment, by their first digits: the first time and the last.
    known: HashMap<(&'a Clean, &'a str), Vec<Seen<'a>>>,
}

impl<'a> Builder<'a> {
    fn build(mut self, deliveries: Vec<&'a Delivery>) -> Chain<'a> {
        for delivery in deliveries {
            self.add(delivery);
        }
        Chain { all: self.all }
    }

    fn sha_at(&self, at: usize) -> Option<&'a Sha> {
        self.all.get(at)?.delivery.sha.as_ref()
    }

    fn is_version(&self, at: usize, sha: Option<&Sha>) -> bool {
        match (self.sha_at(at), sha) {
            (Some(a), Some(b)) => is_same(a, b),
            (None, _) | (_, None) => false,
        }
    }

    /// Returns when a version was first and last live in an environment.
    fn seen(&self, environment: &'a Clean, sha: &'a Sha) -> Option<(Timestamp, Timestamp)> {
        let same = self.known.get(&(environment, sha.short()))?;
        let found = same.iter().find(|(known, ..)| is_same(known, sha))?;
        Some((found.1, found.2))
    }

    fn note(&mut self, environment: &'a Clean, sha: &'a Sha, at: Timestamp) {
        let same = self.known.entry((environment, sha.short())).or_default();
        match same.iter_mut().find(|(known, ..)| is_same(known, sha)) {
            Some(found) => found.2 = at,
            None => same.push((sha, at, at)),
        }
    }

    fn add(&mut self, delivery: &'a Delivery) {
        let (environment, live_at) = (&delivery.environment, over_at(delivery));
        let before = self.live.get(environment).copied();
        let sha = delivery.sha.as_ref();
        let seen = sha.and_then(|sha| self.seen(environment, sha));
        let again = before.is_some_and(|at| self.is_version(at, sha));
        // It began before the same version was there: one deployment, told by several jobs.
        let at_once = seen.is_some_and(|(_, last)| delivery.started_at < last);
        if let Some(sha) = sha {
            self.note(environment, sha, live_at);
        }
        if again || at_once {
            return;
        }
        let current = before.and_then(|at| self.sha_at(at));
        let current = current.and_then(|sha| self.seen(environment, sha));
        let is_older = matches!((seen, current), (Some(this), Some(that)) if this.0 < that.0);
        let back = delivery.backward || is_older;
        let elsewhere = self.live.iter().filter(|(other, _)| **other != environment);
        let spreads = elsewhere
            .map(|(_, at)| *at)
            .find(|at| !back && self.is_version(*at, sha));
        let here = self.all.len();
        let root = spreads
            .and_then(|at| self.all.get(at))
            .map_or(here, |first| first.root);
        self.all.push(Deployment {
            delivery,
            live_at,
            back,
            root,
            before,
            failed: false,
            recovered: None,
            mends: false,
        });
        self.live.insert(environment, here);
    }
}

/// Returns which deployments a trouble is laid to.
fn blamed<'a>(
    trouble: &Trouble,
    chains: &BTreeMap<&'a ServiceName, Chain<'a>>,
) -> Vec<(&'a ServiceName, usize)> {
    let is_meant = |service: &ServiceName, deployment: &Deployment<'_>| match &trouble.service {
        Some(named) => named == service,
        None => trouble
            .repo
            .as_ref()
            .is_none_or(|repo| *repo == deployment.delivery.repo),
    };
    let mut found: Vec<(&ServiceName, usize, Timestamp)> = Vec::new();
    for (service, chain) in chains {
        let meant = |deployment: &&Deployment<'_>| is_meant(service, deployment);
        let before = |deployment: &&Deployment<'_>| deployment.live_at <= trouble.began_at;
        let last = if let Some(sha) = &trouble.sha {
            let of = |d: &&Deployment<'_>| d.delivery.sha.as_ref().is_some_and(|s| is_same(s, sha));
            let named = || chain.all.iter().filter(meant).filter(of);
            let last = named().rfind(before);
            last.or_else(|| named().next())
        } else if trouble.incident && (trouble.service.is_some() || trouble.repo.is_some()) {
            let mut named = chain.all.iter().filter(meant);
            named
                .rfind(before)
                .filter(|deployment| trouble.began_at - deployment.live_at <= SUSPECT)
        } else {
            None
        };
        found.extend(last.map(|d| (*service, d.root, d.live_at)));
    }
    if trouble.sha.is_none()
        && let Some(newest) = found.iter().map(|(.., at)| *at).max()
    {
        // A guess has one answer.
        let at = found.iter().position(|(.., at)| *at == newest);
        found = at.map(|at| found.swap_remove(at)).into_iter().collect();
    }
    found.into_iter().map(|(s, root, _)| (s, root)).collect()
}

/// Says which deployments of a chain failed, and what ended that.
fn judge<'t>(
    chain: &mut Chain<'_>,
    troubles: impl Fn(usize) -> Option<&'t Vec<&'t Trouble>>,
    now: Timestamp,
) {
    let mut undone: BTreeMap<usize, Timestamp> = BTreeMap::new();
    for deployment in &chain.all {
        let undoes = deployment.back || deployment.delivery.reverts;
        let before = deployment.before.and_then(|at| chain.all.get(at));
        if let Some(before) = before.filter(|_| undoes) {
            let at = undone.entry(before.root).or_insert(deployment.live_at);
            *at = (*at).min(deployment.live_at);
        }
    }
    for (at, deployment) in chain.all.iter_mut().enumerate() {
        deployment.failed = undone.contains_key(&at) || troubles(at).is_some();
    }
    let mut ends = Vec::new();
    for at in 0..chain.all.len() {
        let (undone, troubles) = (undone.get(&at).copied(), troubles(at));
        let good = troubles.and_then(|troubles| next_good(chain, at, troubles));
        let over = troubles.and_then(|troubles| all_over(troubles, now));
        let good_at = good.map(|(_, at)| at);
        let end = [undone, over, good_at].into_iter().flatten().min();
        ends.push((end, good.filter(|(_, at)| Some(*at) == end)));
    }
    for (at, (end, good)) in ends.into_iter().enumerate() {
        if let Some(deployment) = chain.all.get_mut(at) {
            deployment.recovered = end;
        }
        if let Some(good) = good.and_then(|(good, _)| chain.all.get_mut(good)) {
            good.mends = true;
        }
    }
}

/// Returns the next deployment that did not fail, after a trouble had begun.
fn next_good(chain: &Chain<'_>, at: usize, troubles: &[&Trouble]) -> Option<(usize, Timestamp)> {
    let began = troubles.iter().map(|trouble| trouble.began_at).min()?;
    let after = chain.all.iter().enumerate().skip(at + 1);
    after
        .filter(|(place, next)| next.root == *place && !next.failed)
        .find(|(_, next)| next.live_at > began)
        .map(|(place, next)| (place, next.live_at))
}

/// Returns when all troubles were over, if they are.
fn all_over(troubles: &[&Trouble], now: Timestamp) -> Option<Timestamp> {
    let over = troubles
        .iter()
        .map(|trouble| trouble.over_at.filter(|at| *at <= now));
    over.collect::<Option<Vec<_>>>()?.into_iter().max()
}
