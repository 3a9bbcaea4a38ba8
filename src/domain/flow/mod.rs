//! How the work flows: metrics of history by service and window, each with what is behind it.
//!
//! A [`Flow`] is made once from a ledger and one moment; everything that can be measured is
//! measured then, and a metric chooses from it by scope and window. Percentiles are by nearest
//! rank; fewer than five points make none. Pure: the clock and the calendar are passed in, and
//! the result depends on the set of records alone, not on their order or on how often one was told.

mod assemble;
mod calms;
mod cards;
mod ci;
mod days;
mod definition;
mod deployments;
mod dora;
mod metric;
mod progress;
mod review;
mod samples;
pub mod stats;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::flow::assemble::Cut;
use crate::domain::flow::cards::Way;
use crate::domain::flow::samples::Samples;
use crate::domain::history::Ledger;
use crate::domain::key::{RepoKey, ServiceName};
use crate::domain::roster::Roster;

pub use calms::{Beside, Limit, Reading};
pub use days::{DayOf, Days};
pub use metric::{DayValue, Key, Metric, Part, Point, Scope, Spread, Unit, Window};
pub use progress::Cumulative;

/// Everything that was measured of a ledger, as it is at one moment.
#[derive(Clone, Debug)]
pub struct Flow {
    now: Timestamp,
    since: Option<Timestamp>,
    /// Whether what was before was dropped.
    dropped: bool,
    ways: Vec<Way>,
    samples: Samples,
    services: BTreeSet<ServiceName>,
    repos: BTreeSet<RepoKey>,
    /// Since when the history of a repository counts, where that is told.
    begins: BTreeMap<RepoKey, Timestamp>,
    /// The repositories of a service.
    homes: BTreeMap<ServiceName, BTreeSet<RepoKey>>,
}

impl Flow {
    /// Measures a ledger as it is at a moment, each login a person of its own.
    pub fn new(ledger: &Ledger, now: Timestamp) -> Self {
        Self::of_people(ledger, &Roster::default(), now)
    }

    /// Measures a ledger as it is at a moment; what is later is not seen. `people` says which
    /// logins are one person.
    pub fn of_people(ledger: &Ledger, people: &Roster, now: Timestamp) -> Self {
        let mut samples = Samples::default();
        let ways = cards::ways(ledger, now, &mut samples);
        dora::measure(ledger, now, &mut samples);
        let changes = review::changes(ledger, people);
        review::measure(ledger, &changes, now, &mut samples);
        ci::measure(ledger, &changes, now, &mut samples);
        samples.sort();
        let delivered = ledger.deliveries.iter();
        let mut services: BTreeSet<ServiceName> =
            delivered.clone().map(|d| d.service.clone()).collect();
        let mut repos: BTreeSet<RepoKey> = delivered.map(|d| d.repo.clone()).collect();
        for way in &ways {
            services.extend(way.services.iter().cloned());
            repos.extend(way.repos.iter().cloned());
        }
        repos.extend(ledger.runs.iter().map(|run| run.repo.clone()));
        let mut homes: BTreeMap<ServiceName, BTreeSet<RepoKey>> = BTreeMap::new();
        for delivery in &ledger.deliveries {
            let home = homes.entry(delivery.service.clone()).or_default();
            home.insert(delivery.repo.clone());
        }
        for way in &ways {
            for service in &way.services {
                let home = homes.entry(service.clone()).or_default();
                home.extend(way.repos.iter().cloned());
            }
        }
        let begins = ledger.coverage.iter().map(|coverage| {
            let from = ledger
                .kept_from
                .map_or(coverage.from, |at| at.max(coverage.from));
            (coverage.repo.clone(), from)
        });
        let begins = begins.collect();
        Self {
            now,
            since: ledger.since,
            dropped: ledger.cut_at.is_some_and(|at| ledger.since == Some(at)),
            ways,
            samples,
            services,
            repos,
            begins,
            homes,
        }
    }

    /// Returns the window that ends now and is so long, cut to what history covers of everything.
    pub fn window(&self, asked: TimeDelta) -> Window {
        self.window_of(&Scope::All, asked)
    }

    /// Returns the window that ends now and is so long, cut to what history covers of a scope: a
    /// repository whose past is not read cuts what is told of itself and of all, and nothing else.
    pub fn window_of(&self, scope: &Scope, asked: TimeDelta) -> Window {
        let begin = self.now.checked_sub_signed(asked);
        let begin = begin.unwrap_or(Timestamp::MIN_UTC);
        let since = self.since_of(scope);
        Window {
            from: begin.max(since.unwrap_or(self.now)).min(self.now),
            to: self.now,
            asked,
            since,
            dropped: self.dropped && since == self.since,
        }
    }

    /// Returns since when history counts for a scope; that of everything where it is not told apart.
    fn since_of(&self, scope: &Scope) -> Option<Timestamp> {
        let of_repos = |repos: &BTreeSet<RepoKey>| {
            let known = repos.iter().map(|repo| self.begins.get(repo).copied());
            // One of which nothing is told may have begun at any time.
            known.collect::<Option<Vec<Timestamp>>>()?.into_iter().max()
        };
        let own = match scope {
            Scope::All => None,
            Scope::Repo(repo) => self.begins.get(repo).copied(),
            Scope::Service(service) => self.homes.get(service).and_then(of_repos),
        };
        self.since
            .map(|since| own.map_or(since, |own| own.min(since)))
    }

    /// Returns every service that anything is known of.
    pub fn services(&self) -> impl Iterator<Item = &ServiceName> {
        self.services.iter()
    }

    /// Returns every repository that anything is known of.
    pub fn repos(&self) -> impl Iterator<Item = &RepoKey> {
        self.repos.iter()
    }

    /// Returns one metric.
    pub fn metric(&self, key: Key, scope: &Scope, window: &Window, day_of: DayOf<'_>) -> Metric {
        self.metric_by(key, scope, window, &Days::new(window, day_of))
    }

    fn metric_by(&self, key: Key, scope: &Scope, window: &Window, days: &Days) -> Metric {
        let cut = Cut {
            samples: &self.samples,
            scope,
            window,
            days,
        };
        if key == Key::Wip || key == Key::WipAge {
            return progress::in_progress(key, &self.ways, &cut);
        }
        if key == Key::LittlesLaw {
            return progress::littles_law(&self.ways, &cut);
        }
        cut.metric(key)
    }

    /// Returns every metric of a report, in the order in which they are shown; what stands for
    /// deployments is in it where there are none.
    pub fn report(&self, scope: &Scope, window: &Window, day_of: DayOf<'_>) -> Vec<Metric> {
        let days = Days::new(window, day_of);
        let deployed = self.samples.all(Key::DeploymentFrequency);
        let is_deployed = deployed.iter().any(|sample| sample.is_in(scope));
        let is_shown = |key: &&Key| {
            let is_proxy = matches!(key, Key::LeadTimeProxy | Key::FrequencyProxy);
            !(is_proxy && is_deployed)
        };
        let keys = Key::ALL.iter().filter(is_shown);
        keys.map(|key| self.metric_by(*key, scope, window, &days))
            .collect()
    }

    /// Returns the five readings of CALMS.
    pub fn calms(
        &self,
        scope: &Scope,
        window: &Window,
        day_of: DayOf<'_>,
        beside: &Beside,
    ) -> Vec<Reading> {
        calms::readings(self, scope, window, day_of, beside)
    }

    /// Returns how many cards stand in each stage or past it, by day.
    pub fn cumulative(&self, scope: &Scope, window: &Window, day_of: DayOf<'_>) -> Cumulative {
        let days = Days::new(window, day_of);
        progress::cumulative(&self.ways, scope, window, &days)
    }
}
