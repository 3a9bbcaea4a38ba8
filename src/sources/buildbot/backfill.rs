//! The builds of the past: what ran before the board watched, read once.
//!
//! All builders at once, the newest first, a page a fetch, when nothing else is to be asked; then
//! they are put together as polls do it, by a memory of their own. Only runs are told: what they
//! were part of is the forge's. What is shared with other systems is `sources::backfill`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::map::{self, Order};
use super::read::{PAGE, Round};
use super::state::State;
use super::{Buildbot, wire};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::RunState;
use crate::domain::text::{Clean, counted};
use crate::sources::backfill::{self, Builds, Seen, Told};
use crate::sources::detail::is_detail;
use crate::sources::needs::PAST;
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// For how long the board may have been away: what is older, polls do not reach.
const GAP: TimeDelta = TimeDelta::days(2);

/// What stands for all builders.
const ALL: &str = "builds";

/// The builds of all builders.
pub(super) type Part = Builds<10_000>;

/// What is known of the past, and the builds that were read of it so far.
#[derive(Debug, Default)]
pub(super) struct Pasts {
    pub(super) all: backfill::Pasts<Part>,
    builds: BTreeMap<u64, wire::Build>,
    orders: BTreeMap<u64, Arc<Order>>,
}

impl State {
    /// Returns the page that is read next.
    pub(super) fn next_of_past(&self) -> Option<backfill::Page<Part>> {
        self.pasts.all.next(|_| None)
    }
}

impl Buildbot {
    /// Settles whether the past is wanted, and notes that the board watches.
    pub(super) fn look_back(&self, now: Timestamp) {
        let seen = Seen {
            days: self.config.past_days,
            now,
            gap: GAP,
            // A server without builds says so with its first page.
            changed_at: Some(now),
            ground: &self.ground,
            key: backfill::note_key(&self.port, &RepoKey::new(&self.ci, ALL)),
        };
        self.state().pasts.all.settle(ALL, &seen);
    }

    /// Reads one page of builds; the last one hands all of them over.
    pub(super) async fn backfill(&self, ask: Ask, now: Timestamp) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let Some(page) = self.state().next_of_past() else {
            return Ok(batch);
        };
        let ask = Ask {
            conditional: false,
            ..ask
        };
        let told = match self.past_page(&page, ask, &mut batch).await {
            Ok(told) => told,
            Err(error) if is_detail(&error) => {
                // History is no reason to call a source ill.
                let text = format!("the past is not read: {error}");
                batch.warnings.push(self.port.shown(&text));
                self.state().pasts.all.lose(&page, now);
                return Ok(batch);
            }
            Err(error) => return Err(error),
        };
        let whole = self.state().pasts.all.take(&page, Some(told));
        if let Some(whole) = whole {
            self.port.can(PAST, CapabilityState::Available);
            batch.past_of = Clean::line(ALL);
            batch.past_runs_from = whole.runs_since;
            batch.past = self.of_past();
        }
        Ok(batch)
    }

    async fn past_page(
        &self,
        page: &backfill::Page<Part>,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<Told, SourceError> {
        let mut query = vec![
            ("complete_at__gt", page.from.timestamp().to_string()),
            ("order", "-buildid".to_owned()),
            ("limit", PAGE.to_string()),
        ];
        query.extend(page.at.after.clone().map(|id| ("buildid__lt", id)));
        let mut round = Round::default();
        let ids = self
            .read_page(&mut round, self.builds_url(&query), ask)
            .await?;
        let bad = round.bad_count;
        if bad > 0 {
            let text = format!("{} of the past cannot be read", counted(bad, "build"));
            batch.warnings.push(self.port.shown(&text));
        }
        self.read_orders(&mut round, ask).await?;
        let lowest = ids.iter().min().copied();
        let ended = |build: &wire::Build| map::at(build.complete_at.as_ref());
        let last = lowest.and_then(|id| round.builds.get(&id));
        let told = Told {
            facts: Vec::new(),
            count: ids.len() + bad,
            last: last.and_then(ended),
            next: lowest
                .filter(|_| ids.len() + bad >= PAGE)
                .map(|id| id.to_string()),
        };
        let mut state = self.state();
        if page.step == 0 {
            state.pasts.builds.clear();
            state.pasts.orders.clear();
        }
        // A server that knows no such filter tells others as well.
        let over = |build: &wire::Build| ended(build).is_some_and(|at| at >= page.from);
        let builds = round.builds.into_iter().filter(|(_, build)| over(build));
        state.pasts.builds.extend(builds);
        state.pasts.orders.extend(round.orders);
        Ok(told)
    }

    /// Returns what all builds of the past tell together.
    fn of_past(&self) -> Vec<Fact> {
        self.with(|server, state| {
            let builds = std::mem::take(&mut state.pasts.builds);
            let mut past = state.of_builders();
            past.orders.append(&mut state.pasts.orders);
            let mut facts = past.take_builds(server, &builds);
            // Green jobs tell when a run worked, which it tells itself.
            facts.retain(|fact| {
                let Fact::JobSet(set) = fact else { return true };
                let is_green = |state: &RunState| matches!(state, RunState::Passed);
                set.jobs.iter().any(|job| !is_green(&job.state))
            });
            facts
        })
    }
}
