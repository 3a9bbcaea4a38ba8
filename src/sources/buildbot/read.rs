//! One round: what waits, what began since the last one, what ran then.
//!
//! Two requests where nothing happens, three where something runs; why new builds
//! were asked for costs three more. What is remembered changes after the last one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::map::{self, Order, PROPERTIES, Told};
use super::state::State;
use super::{BUILDERS, BUILDS, Buildbot, wire};
use crate::domain::text::{Clean, counted};
use crate::sources::http::{Failure, List};
use crate::sources::port::Ask;
use crate::sources::texts::first_line;
use crate::sources::{Batch, CapabilityState, Fetch, Listing, SourceError};

/// How many builds one request asks for.
pub(super) const PAGE: usize = 200;

/// How many requests read what happened while nobody looked.
const PAGES: usize = 5;

/// How many builds or wishes are asked for by number at once.
const AT_ONCE: usize = 100;

/// How many wishes that wait are read.
const MOST_WAITING: usize = 1_000;

/// What one round read.
#[derive(Default)]
pub(super) struct Round {
    queue: Vec<wire::BuildRequest>,
    pub(super) builds: BTreeMap<u64, wire::Build>,
    pub(super) orders: BTreeMap<u64, Arc<Order>>,
    told: BTreeMap<u64, Told>,
    /// What could not be read, and how much of it.
    bad: Vec<String>,
    pub(super) bad_count: usize,
    /// Of what there was more than was read.
    cuts: Vec<String>,
}

impl Round {
    /// Takes the records of a list, and notes those that cannot be read.
    fn records<T>(&mut self, list: List<T>) -> Vec<T> {
        self.bad.extend(list.bad);
        self.bad_count += list.bad_count;
        list.items
    }
}

impl Buildbot {
    /// Reads the names of all builders; returns how many there are.
    pub(super) async fn read_builders(&self, ask: Ask) -> Result<usize, SourceError> {
        let url = self.port.url(&["api", "v2", BUILDERS], &[]);
        let (read, _): (wire::Builders, _) = self.port.get(url, ask).await?;
        self.port.fits("/api/v2/builders", &read.builders)?;
        let mut state = self.state();
        let names = read.builders.items.into_iter();
        state.builders = names.map(|it| (it.builderid, it.name)).collect();
        Ok(state.builders.len())
    }

    /// Returns the version that runs there, where its pages tell.
    pub(super) async fn version(&self) -> Option<String> {
        let url = self.port.url(&["config"], &[]);
        let asked = self.port.get::<wire::Config>(url, Ask::person()).await;
        let versions = asked.ok()?.0.versions.into_iter();
        let mut of = versions.filter(|(name, _)| name == "Buildbot");
        Some(self.port.shown(&of.next()?.1).to_string())
    }

    /// Reads what happened since the last time.
    pub(super) async fn refresh(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let ask = Ask::of(fetch);
        let mut round = Round::default();
        // First, so that what begins meanwhile is seen among the builds.
        self.read_queue(&mut round, ask).await?;
        self.read_builds(&mut round, ask).await?;
        let named = |state: &State, round: &Round| {
            let builders = round.builds.values().map(|it| it.builderid);
            let wanted = round.queue.iter().map(|it| it.builderid);
            let mut all = builders.chain(wanted);
            all.all(|id| state.builders.contains_key(&id))
        };
        let all_named = named(&self.state(), &round);
        if !all_named {
            self.read_builders(ask).await?;
        }
        self.read_orders(&mut round, ask).await?;
        self.read_changes(&mut round, ask).await?;
        Ok(self.hand_over(round))
    }

    /// Turns builds of one builder into facts, those of the past included.
    pub(super) async fn take_past(
        &self,
        builds: BTreeMap<u64, wire::Build>,
        ask: Ask,
    ) -> Result<Vec<crate::domain::fact::Fact>, SourceError> {
        let mut round = Round {
            builds,
            ..Round::default()
        };
        self.read_orders(&mut round, ask).await?;
        self.read_changes(&mut round, ask).await?;
        Ok(self.with(|server, state| {
            state.orders.extend(round.orders);
            state.told.extend(round.told);
            state.take_builds(server, &round.builds)
        }))
    }

    async fn read_queue(&self, round: &mut Round, ask: Ask) -> Result<(), SourceError> {
        let most = MOST_WAITING.to_string();
        let query = [("complete", "false"), ("limit", most.as_str())];
        let url = self.port.url(&["api", "v2", "buildrequests"], &query);
        let (read, _): (wire::Requests, _) = self.port.get(url, ask).await?;
        self.port
            .fits("/api/v2/buildrequests", &read.buildrequests)?;
        let queue = round.records(read.buildrequests);
        if queue.len() >= MOST_WAITING {
            let text = format!("more than {MOST_WAITING} builds wait; the rest is not shown");
            round.cuts.push(text);
        }
        round.queue = queue.into_iter().filter(|it| !it.complete).collect();
        Ok(())
    }

    async fn read_builds(&self, round: &mut Round, ask: Ask) -> Result<(), SourceError> {
        let (cursor, moving) = {
            let state = self.state();
            (state.cursor, state.moving.clone())
        };
        self.read_new(round, cursor, ask).await?;
        if cursor.is_none() {
            // What hangs is older than the newest.
            let url = self.builds_url(&[("complete", "false".to_owned())]);
            self.read_page(round, url, ask).await?;
        }
        let known = &round.builds;
        let missing: Vec<u64> = moving
            .into_iter()
            .filter(|id| !known.contains_key(id))
            .collect();
        for ids in missing.chunks(AT_ONCE) {
            let ids: Vec<_> = ids
                .iter()
                .map(|id| ("buildid__eq", id.to_string()))
                .collect();
            self.read_page(round, self.builds_url(&ids), ask).await?;
        }
        self.port.can(BUILDS, CapabilityState::Available);
        Ok(())
    }

    /// Reads the newest builds, or those after the last that is known.
    async fn read_new(
        &self,
        round: &mut Round,
        cursor: Option<u64>,
        ask: Ask,
    ) -> Result<(), SourceError> {
        let mut below = None;
        for _ in 0..PAGES {
            let mut query = vec![
                ("order", "-buildid".to_owned()),
                ("limit", PAGE.to_string()),
            ];
            query.extend(cursor.map(|id| ("buildid__gt", id.to_string())));
            query.extend(below.map(|id: u64| ("buildid__lt", id.to_string())));
            let read = self.read_page(round, self.builds_url(&query), ask).await?;
            let lowest = read.iter().min().copied();
            // A server that knows no such filter tells the same again.
            if cursor.is_none() || read.len() < PAGE || lowest == below || lowest.is_none() {
                return Ok(());
            }
            below = lowest;
        }
        let most = PAGES * PAGE;
        round.cuts.push(format!(
            "more than {most} builds were made since the last look; those before are not read"
        ));
        Ok(())
    }

    pub(super) fn builds_url(&self, query: &[(&str, String)]) -> url::Url {
        let query = query.iter().map(|(name, value)| (*name, value.as_str()));
        let properties = PROPERTIES.iter().map(|name| ("property", *name));
        let query: Vec<(&str, &str)> = query.chain(properties).collect();
        self.port.url(&["api", "v2", BUILDS], &query)
    }

    /// Reads builds; returns which there were.
    pub(super) async fn read_page(
        &self,
        round: &mut Round,
        url: url::Url,
        ask: Ask,
    ) -> Result<Vec<u64>, SourceError> {
        let (read, _): (wire::Builds, _) = self.port.get(url, ask).await?;
        self.port.fits("/api/v2/builds", &read.builds)?;
        let builds = round.records(read.builds);
        let ids = builds.iter().map(|build| build.buildid).collect();
        round
            .builds
            .extend(builds.into_iter().map(|it| (it.buildid, it)));
        Ok(ids)
    }

    /// Reads why builds were asked for, and of what: those that nobody knows yet.
    pub(super) async fn read_orders(&self, round: &mut Round, ask: Ask) -> Result<(), SourceError> {
        let known: BTreeSet<u64> = self.state().orders.keys().copied().collect();
        let mut sets: BTreeMap<u64, Vec<(u64, Order)>> = BTreeMap::new();
        let order = |it: &wire::BuildRequest| Order {
            submitted_at: map::at(it.submitted_at.as_ref()),
            ..Order::default()
        };
        let waiting: BTreeSet<u64> = round.queue.iter().map(|it| it.buildrequestid).collect();
        for it in round
            .queue
            .iter()
            .filter(|it| !known.contains(&it.buildrequestid))
        {
            let set = sets.entry(it.buildsetid).or_default();
            set.push((it.buildrequestid, order(it)));
        }
        let begun = round.builds.values().filter_map(|it| it.buildrequestid);
        let wanted: BTreeSet<u64> = begun
            .filter(|id| !known.contains(id) && !waiting.contains(id))
            .collect();
        let wanted: Vec<u64> = wanted.into_iter().collect();
        for ids in wanted.chunks(AT_ONCE) {
            let url = self.by_number("buildrequests", "buildrequestid__eq", ids);
            let (read, _): (wire::Requests, _) = self.port.get(url, ask).await?;
            for it in round.records(read.buildrequests) {
                let set = sets.entry(it.buildsetid).or_default();
                set.push((it.buildrequestid, order(&it)));
            }
        }
        let ids: Vec<u64> = sets.keys().copied().collect();
        for ids in ids.chunks(AT_ONCE) {
            let url = self.by_number("buildsets", "bsid__eq", ids);
            let (read, _): (wire::Buildsets, _) = self.port.get(url, ask).await?;
            for set in round.records(read.buildsets) {
                for (request, order) in sets.remove(&set.bsid).unwrap_or_default() {
                    round.orders.insert(request, Arc::new(of_set(&order, &set)));
                }
            }
        }
        // Of those whose set was cleared away the time alone is known; one that could not be read
        // may be read the next time.
        if round.bad_count == 0 {
            for (request, order) in sets.into_values().flatten() {
                round.orders.insert(request, Arc::new(order));
            }
        }
        Ok(())
    }

    fn by_number(&self, what: &str, filter: &str, ids: &[u64]) -> url::Url {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let query: Vec<(&str, &str)> = ids.iter().map(|id| (filter, id.as_str())).collect();
        self.port.url(&["api", "v2", what], &query)
    }

    /// Reads what the newest commits are called, where builds of commits are new.
    async fn read_changes(&self, round: &mut Round, ask: Ask) -> Result<(), SourceError> {
        let wants = {
            let state = self.state();
            let stamps = round.orders.values().flat_map(|order| &order.stamps);
            let named =
                stamps.filter(|stamp| stamp.revision.as_ref().is_some_and(|it| !it.is_empty()));
            let mut ids = named.filter_map(|stamp| stamp.ssid);
            ids.any(|id| !state.told.contains_key(&id))
        };
        if !wants {
            return Ok(());
        }
        let query = [("order", "-changeid"), ("limit", "100")];
        let url = self.port.url(&["api", "v2", "changes"], &query);
        let read: Result<(wire::Changes, _), Failure> = self.port.get(url, ask).await;
        match read {
            Ok((read, _)) => {
                let told = read.changes.items.into_iter().filter_map(told);
                round.told.extend(told);
                Ok(())
            }
            // Their titles are missed by nobody who has the forge.
            Err(Failure {
                error:
                    SourceError::NotFound { .. }
                    | SourceError::Forbidden { .. }
                    | SourceError::Refused { .. },
                ..
            }) => Ok(()),
            Err(failure) => Err(failure.error),
        }
    }

    /// Turns what was read into facts, and remembers it.
    fn hand_over(&self, round: Round) -> Batch {
        let mut batch = Batch::default();
        let (facts, moving) = self.with(|server, state| {
            state.orders.extend(round.orders);
            state.told.extend(round.told);
            let facts = state.take(server, &round.queue, &round.builds);
            let moving = state.moving_runs(&facts);
            (facts, moving)
        });
        batch.facts = facts;
        if round.bad_count > 0 {
            let why = round.bad.first().map_or("", String::as_str);
            let text = format!(
                "{} cannot be read: {why}",
                counted(round.bad_count, "build")
            );
            batch.warnings.push(self.port.shown(&text));
        }
        let cuts = round.cuts.iter();
        batch.warnings.extend(cuts.map(|text| Clean::line(text)));
        let list = Listing {
            name: "moving".into(),
            members: moving,
        };
        if batch.warnings.is_empty() {
            batch.listings.push(list);
        } else {
            batch.partial.push(list);
        }
        batch.covered.push(Clean::default());
        batch
    }
}

/// Returns why a build was asked for, and of what.
fn of_set(order: &Order, set: &wire::Buildset) -> Order {
    Order {
        rebuilt: set.rebuilt_buildid,
        triggered: set.parent_buildid.is_some(),
        reason: set.reason.clone().unwrap_or_default(),
        stamps: set.sourcestamps.items.clone(),
        ..order.clone()
    }
}

/// Returns what a commit is called, by the number of its state.
fn told(change: wire::Change) -> Option<(u64, Told)> {
    let id = change.sourcestamp?.ssid?;
    let told = Told {
        title: first_line(change.comments.as_deref().unwrap_or_default()),
        author: change.author.as_deref().and_then(map::person),
    };
    Some((id, told))
}
