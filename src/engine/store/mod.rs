//! The reducer that holds the truth: updates in, cards, columns and writes out.
//!
//! Pure: the current time is passed in, nothing is read or sent. What must be
//! kept over a restart comes back as [`Write`]s; the engine hands them to the
//! database.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::action::ActionView;
use crate::domain::attention::{Attention, Watcher};
use crate::domain::correlate::{Correlator, Need, Sourced};
use crate::domain::fact::{Fact, FactId};
use crate::domain::history::Standings;
use crate::domain::key::{ItemId, SourceName};
use crate::domain::policy::{Pin, Policy};
use crate::domain::stage::Stage;
use crate::domain::text::Clean;
use crate::domain::triage::Book;
use crate::engine::chronicler::Chronicler;
use crate::engine::columns::Columns;
use crate::engine::doubt::Doubts;
use crate::engine::empty;
use crate::engine::facts::{Answer, Delta, SourceFacts};
use crate::engine::health::SourceState;
use crate::engine::inquiry::Inquiries;
use crate::engine::routing::{Routes, Standing};
use crate::engine::snapshot::{Snapshot, SourceView};
use crate::engine::store::calls::in_order;
use crate::engine::told;
use crate::engine::update::{Applied, Polled, RemoteState, Update, Write};
use crate::sources::{Source, SourceError};

mod all;
mod asked;
mod calls;
mod confirm;
mod load;
mod ways;

pub use asked::Inquiry;

/// How long a fact is kept after it was last seen.
pub const RETENTION: TimeDelta = TimeDelta::days(30);

/// How many of the last actions are watched for what comes of them.
const WATCHED: usize = 40;

/// How often old facts are looked for.
const PRUNE_EVERY: TimeDelta = TimeDelta::hours(1);

/// The truth.
#[derive(Debug)]
pub struct Store {
    policy: Policy,
    stages: Vec<Stage>,
    sources: Vec<Member>,
    correlator: Correlator,
    book: Book,
    columns: Columns,
    watcher: Watcher,
    last_stood: Standings,
    chronicler: Chronicler,
    confirmed: Arc<HashMap<(SourceName, Clean), Timestamp>>,
    doubts: Arc<Doubts>,
    notices: Vec<(&'static str, Clean)>,
    inquiries: Inquiries,
    actions: Arc<[ActionView]>,
    needs: BTreeSet<Need>,
    routes: Arc<Routes>,
    /// How sources stood when needs were divided among them.
    standings: Vec<Standing>,
    /// Who told of each run that no forge told.
    told_by: Arc<BTreeSet<(Clean, SourceName)>>,
    /// Whether red cards are looked into without being asked about.
    looks_into: bool,
    needs_edition: u64,
    dirty: bool,
    /// Whether every card is to be judged again.
    anew: bool,
    generation: u64,
    pruned_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Member {
    state: SourceState,
    facts: SourceFacts,
    /// What followers were told of it last.
    told: Option<RemoteState>,
}

impl Store {
    /// Makes an empty store for these sources.
    pub fn new<'a>(
        sources: impl IntoIterator<Item = &'a dyn Source>,
        policy: Policy,
        columns: &[ColumnConfig],
    ) -> Self {
        let sources = sources
            .into_iter()
            .map(|source| Member {
                state: SourceState::new(source),
                facts: SourceFacts::default(),
                told: None,
            })
            .collect();
        let book = Book::new(policy.look_back);
        Self {
            policy,
            stages: in_order(columns),
            sources,
            correlator: Correlator::default(),
            book,
            columns: Columns::default(),
            watcher: Watcher::new(Attention::default()),
            last_stood: Standings::default(),
            chronicler: Chronicler::default(),
            confirmed: Arc::default(),
            doubts: Arc::default(),
            notices: Vec::new(),
            inquiries: Inquiries::default(),
            actions: Arc::default(),
            needs: BTreeSet::new(),
            routes: Arc::default(),
            standings: Vec::new(),
            told_by: Arc::default(),
            looks_into: true,
            needs_edition: 0,
            dirty: false,
            anew: false,
            generation: 0,
            pruned_at: None,
        }
    }

    /// Takes in one update.
    pub fn apply(&mut self, update: Update, now: Timestamp) -> Applied {
        self.apply_all(std::iter::once(update), now)
    }

    /// Takes in several updates and then recomputes once.
    pub fn apply_all(
        &mut self,
        updates: impl IntoIterator<Item = Update>,
        now: Timestamp,
    ) -> Applied {
        let mut applied = Applied::default();
        for update in updates {
            self.take(update, now, &mut applied);
        }
        self.prune(now, &mut applied);
        let needs_differ = self.recompute(now, &mut applied);
        applied.changed |= self.attend(now);
        self.route(needs_differ, now, &mut applied);
        self.tell_followers(now, &mut applied);
        applied
    }

    fn take(&mut self, update: Update, now: Timestamp, applied: &mut Applied) {
        match update {
            Update::Polled(polled) => self.polled(*polled, applied),
            Update::Reported { source, report } => {
                if let Some(member) = self.member(&source) {
                    member.state.report(*report, now);
                    applied.changed = true;
                }
            }
            Update::Crashed {
                source, restart_at, ..
            } => {
                if let Some(member) = self.member(&source) {
                    member.state.crashed(restart_at);
                    applied.changed = true;
                }
            }
            Update::Loaded(loaded) => {
                self.load(*loaded, false);
                applied.changed = true;
            }
            Update::Rebound { source, loaded } => {
                self.forget_all(&source);
                self.load(*loaded, false);
                applied.changed = true;
            }
            Update::Followed {
                source,
                state,
                news,
            } => {
                if news.complete {
                    self.drop_others(&source, &news);
                }
                self.load(*news, true);
                if let Some(member) = self.member(&source) {
                    member.state.followed(state.map(|state| *state));
                }
                applied.changed = true;
            }
            Update::Notice { about, text } => {
                self.notices.retain(|(topic, _)| *topic != about);
                self.notices.extend(text.map(|text| (about, text)));
                applied.changed = true;
            }
            Update::Pinned(pins) => self.pinned(pins),
            Update::Practised(practice) => self.practise(&practice, now, applied),
            Update::Diagnosed(diagnosed) => self.diagnosed(*diagnosed, applied),
            Update::Actions(actions) => {
                applied.changed |= self.actions != actions;
                let runs = actions.iter().take(WATCHED);
                let runs = runs.map(|action| action.target.run.clone()).collect();
                self.dirty |= self.book.watch(runs);
                self.actions = actions;
            }
            Update::Clock => {
                let placement = self.columns.next_change().is_some_and(|at| at <= now);
                let stale = self
                    .sources
                    .iter()
                    .any(|member| member.told.as_ref() != Some(&member.state.standing(now)));
                self.dirty |= placement;
                applied.changed |= stale;
            }
        }
    }

    /// Takes other pins in, and looks at the cards again whose pin differs.
    fn pinned(&mut self, pins: Vec<(ItemId, Pin)>) {
        let known = std::mem::replace(&mut self.policy.pins, pins);
        let now = &self.policy.pins;
        let gone = known.iter().filter(|pin| !now.contains(pin));
        let new = now.iter().filter(|pin| !known.contains(pin));
        for (id, _) in gone.chain(new) {
            self.correlator.touch(id);
            self.dirty = true;
        }
    }

    fn polled(&mut self, polled: Polled, applied: &mut Applied) {
        let Polled {
            source,
            resource,
            at,
            order,
            outcome,
            report,
        } = polled;
        let Some(member) = self.sources.iter_mut().find(|m| m.state.name == source) else {
            return;
        };
        applied.changed = true;
        match outcome {
            Ok(batch) if member.facts.is_empty() && told::tells_nothing(&batch) => {
                let cause = batch.warnings.first().map(ToString::to_string);
                let error = SourceError::Unreadable {
                    host: member.state.host.clone(),
                    cause: cause.unwrap_or_default(),
                };
                member.state.failed(resource, order, error);
                member.state.report(report, at);
            }
            Ok(mut batch) => {
                if !member.state.succeeded(resource, order, at, &batch) {
                    batch.covered.clear();
                }
                let past = std::mem::take(&mut batch.past);
                let name = (source.clone(), std::mem::take(&mut batch.past_of));
                match (batch.past_from, batch.past_runs_from) {
                    (Some(from), _) => self.chronicler.take_past(name, from, past),
                    (None, Some(_)) => self.chronicler.take_loose(name, past),
                    (None, None) => {}
                }
                let quiet = std::mem::take(&mut batch.quiet);
                self.chronicler.quiet(&source, quiet);
                member.state.report(report, at);
                if !batch.covered.is_empty() {
                    let confirmed = Arc::make_mut(&mut self.confirmed);
                    let writes = confirm::confirm(confirmed, &source, at, &batch.covered);
                    applied.writes.extend(writes);
                }
                let answer = Answer {
                    source: &source,
                    at,
                    order,
                };
                let delta = member.facts.take(answer, batch);
                self.doubt(&source);
                self.correlate(&source, delta, applied);
            }
            Err(error) => {
                member.state.failed(resource, order, error);
                member.state.report(report, at);
            }
        }
    }

    fn correlate(&mut self, source: &SourceName, delta: Delta, applied: &mut Applied) {
        applied.writes.extend(delta.writes);
        self.dirty |= !delta.insert.is_empty() || !delta.remove.is_empty();
        for id in &delta.remove {
            self.take_out(source, id);
        }
        for (id, fact) in delta.insert {
            self.take_in(source.clone(), &id, fact);
        }
    }

    fn take_in(&mut self, source: SourceName, id: &FactId, fact: Arc<Fact>) {
        self.book.insert(&source, id, &fact);
        self.note_teller(&source, id, Some(&fact));
        self.chronicler.take_in(&fact);
        self.correlator.insert_as(id, Sourced { source, fact });
        self.dirty = true;
    }

    fn take_out(&mut self, source: &SourceName, id: &FactId) {
        self.book.remove(source, id);
        self.note_teller(source, id, None);
        self.chronicler.take_out(id);
        self.correlator.remove(source, id);
        self.dirty = true;
    }

    fn member(&mut self, source: &SourceName) -> Option<&mut Member> {
        self.sources
            .iter_mut()
            .find(|member| member.state.name == *source)
    }

    fn prune(&mut self, now: Timestamp, applied: &mut Applied) {
        if self.pruned_at.is_some_and(|at| now - at < PRUNE_EVERY) {
            return;
        }
        let first = self.pruned_at.is_none();
        self.pruned_at = Some(now);
        if first {
            return;
        }
        for place in 0..self.sources.len() {
            let Some(member) = self.sources.get_mut(place) else {
                continue;
            };
            let source = member.state.name.clone();
            let delta = member.facts.prune(&source, now - RETENTION, now);
            applied.changed |= !delta.remove.is_empty();
            self.correlate(&source, delta, applied);
        }
    }

    /// Brings the cards up to date; returns whether other things are needed than before.
    fn recompute(&mut self, now: Timestamp, applied: &mut Applied) -> bool {
        let by_clock = self.columns.next_change().is_some_and(|at| at <= now);
        if !self.dirty && !by_clock {
            return false;
        }
        self.dirty = false;
        let changes = self.judged(now);
        applied.changed |= !changes.changed.is_empty() || !changes.removed.is_empty();
        for id in &changes.removed {
            self.columns.remove(id);
            let gone = self.last_stood.leave(id, now);
            applied.writes.extend(gone.map(Write::Event));
        }
        for item in &changes.changed {
            self.columns.put(item);
            applied
                .writes
                .extend(self.last_stood.note(item, now).map(Write::Event));
        }
        applied.changed |= self.book.refresh(&changes.changed, &changes.removed);
        applied.changed |= self
            .watcher
            .refresh(&changes.changed, &changes.removed, now);
        let mut needs = self.correlator.needs().clone();
        if self.looks_into {
            needs.extend(self.book.needs().iter().cloned());
        }
        let differ = self.needs != needs;
        self.needs = needs;
        differ
    }

    fn tell_followers(&mut self, now: Timestamp, applied: &mut Applied) {
        if !applied.changed {
            return;
        }
        for member in &mut self.sources {
            let told = Some(member.state.standing(now));
            let is_news = member.told != told || !applied.writes.is_empty();
            member.told = told;
            if is_news && member.state.is_led() {
                applied.writes.push(Write::State {
                    source: member.state.name.clone(),
                    state: Box::new(member.state.remote_state(now)),
                });
            }
        }
    }

    /// Returns the edition of the needs; a poller tells which one it has heard.
    pub fn needs_edition(&self) -> u64 {
        self.needs_edition
    }

    /// Returns whether every source had its first full round, needs included, or failed.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        self.sources
            .iter()
            .all(|member| member.state.is_settled(self.needs_edition, now))
    }

    /// Returns whether every source read what history alone reads, or cannot.
    pub fn is_history_read(&self, now: Timestamp) -> bool {
        self.sources
            .iter()
            .all(|member| member.state.is_history_read(self.needs_edition, now))
    }

    /// Returns when something on the board changes by the clock alone.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let health = self
            .sources
            .iter()
            .filter_map(|member| member.state.next_change(now))
            .min();
        [
            self.columns.next_change(),
            self.watcher.next_change(),
            health,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Returns the board as of now; columns that did not change are shared with the last one.
    pub fn snapshot(&mut self, now: Timestamp) -> Arc<Snapshot> {
        self.generation += 1;
        let mut columns = Vec::with_capacity(self.stages.len());
        let mut index = Vec::with_capacity(self.stages.len());
        for stage in self.stages.clone() {
            let why = self.empty_because(stage);
            let (column, places) = self.columns.column(stage, why);
            columns.push(column);
            index.push(places);
        }
        let sources = self
            .sources
            .iter()
            .map(|member| SourceView {
                settled: member.state.is_settled(self.needs_edition, now),
                ..member.state.view(now, member.facts.len())
            })
            .collect();
        Arc::new(Snapshot {
            generation: self.generation,
            taken_at: now,
            columns,
            sources,
            confirmed: Arc::clone(&self.confirmed),
            doubts: Arc::clone(&self.doubts),
            finished: self.columns.finished(),
            notices: self.notices.iter().map(|(_, text)| text.clone()).collect(),
            triage: self.inquiries.show(self.book.board()),
            attention: self.watcher.board(),
            watched: self.book.watched(),
            inquiries: self.inquiries.asked(),
            told_by: Arc::clone(&self.told_by),
            actions: Arc::clone(&self.actions),
            repositories: self.chronicler.known(),
            index,
            ..Snapshot::default()
        })
    }

    fn empty_because(&self, stage: Stage) -> Option<Clean> {
        if self.columns.count(stage) > 0 {
            return None;
        }
        let members = self.sources.iter().map(|m| (&m.state, &m.facts));
        empty::because(stage, members)
    }
}

#[cfg(test)]
mod over;
#[cfg(test)]
mod practice_tests;
#[cfg(test)]
mod tests;
