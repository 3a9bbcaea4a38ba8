//! The walk from problem to problem: the most urgent of the whole board first.
//!
//! What was visited is remembered by identity, so that cards that come, go or
//! move meanwhile neither turn the walk round nor hide: one that got worse is
//! visited again, and a new incident is next.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::engine::snapshot::Snapshot;
use crate::ui::rows::{RowKey, Shown, needs_person};
use crate::ui::state::UiState;
use crate::ui::update::moves;

/// A walk is over when nobody took a step for so long and the cursor is elsewhere.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How many cards the way back remembers.
const LONGEST: usize = 500;

/// How much a card asks for a person, most first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Urgency {
    /// An incident that nobody has taken.
    Incident,
    Firing,
    /// An incident that somebody already works on.
    Handled,
    /// Red where users are, or on the way to them.
    Live,
    /// Red before that.
    Failed,
    Blocked,
    Waiting,
}

/// The walk so far.
#[derive(Clone, Default, Debug)]
pub(crate) struct Walk {
    /// The cards in the order of the visit.
    trail: Vec<RowKey>,
    /// The place in the trail, from 1; 0 before the first step.
    at: usize,
    /// How urgent each was when it was visited.
    visited: HashMap<RowKey, Urgency>,
    /// When the last step was taken.
    stepped: Option<Timestamp>,
}

impl Walk {
    fn current(&self) -> Option<&RowKey> {
        self.trail.get(self.at.checked_sub(1)?)
    }

    fn visit(&mut self, key: RowKey, urgency: Urgency) {
        self.trail.truncate(self.at);
        if self.trail.len() >= LONGEST {
            self.trail.remove(0);
        }
        self.visited.insert(key.clone(), urgency);
        self.trail.push(key);
        self.at = self.trail.len();
    }

    fn has_seen(&self, key: &RowKey, urgency: Urgency) -> bool {
        self.visited.get(key).is_some_and(|then| *then <= urgency)
    }
}

/// Goes to the next card that needs a person.
pub(crate) fn next(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) {
    resume(state, snapshot, now);
    while let Some(key) = state.walk.trail.get(state.walk.at).cloned() {
        state.walk.at += 1;
        if is_urgent(state, snapshot, &key) && moves::go_to(state, snapshot, &key) {
            return;
        }
    }
    let found = first(state, snapshot).or_else(|| {
        let again = !state.walk.visited.is_empty();
        state.walk.visited.clear();
        let found = first(state, snapshot);
        if again && found.is_some() {
            state.answer("that was the last; from the most urgent again", now);
        }
        found
    });
    let Some(found) = found else {
        let text = match state.rows.red_hidden() {
            0 => "no card needs a person".to_owned(),
            hidden => format!("no card here needs a person; {hidden} red are hidden"),
        };
        state.answer(text, now);
        return;
    };
    state.walk.visit(found.key, found.rank.0);
    moves::focus(state, found.column);
    moves::select(state, snapshot, found.at);
}

/// Goes back to the card that was visited before this one.
pub(crate) fn previous(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) {
    resume(state, snapshot, now);
    while state.walk.at > 1 {
        state.walk.at -= 1;
        if let Some(key) = state.walk.current().cloned()
            && moves::go_to(state, snapshot, &key)
        {
            return;
        }
    }
    state.answer("the walk began here; the other way is on", now);
}

/// Goes on with the walk, or begins a new one where the cursor is.
fn resume(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) {
    let here = state.selected(snapshot);
    let key = here.as_ref().map(Shown::key);
    let stands = key.is_some() && key.as_ref() == state.walk.current();
    let goes_on = state.walk.stepped.is_some_and(|at| now - at <= PAUSE);
    if stands || goes_on {
        state.walk.stepped = Some(now);
        return;
    }
    begin(state, now);
    let urgency = here.as_ref().and_then(urgency_of);
    if let (Some(key), Some(urgency)) = (key, urgency) {
        state.walk.visit(key, urgency);
    }
}

fn begin(state: &mut UiState, now: Timestamp) {
    state.walk = Walk {
        stepped: Some(now),
        ..Walk::default()
    };
}

fn is_urgent(state: &UiState, snapshot: &Snapshot, key: &RowKey) -> bool {
    let shown = state.find(snapshot, key);
    shown.is_some_and(|shown| urgency_of(&shown).is_some())
}

/// A card, and what puts it before others: urgency, time, the column furthest on.
struct Found {
    rank: (Urgency, i64, Reverse<usize>),
    column: usize,
    at: usize,
    key: RowKey,
}

/// Returns the most urgent card that was not visited yet.
fn first(state: &UiState, snapshot: &Snapshot) -> Option<Found> {
    let mut best: Option<Found> = None;
    for column in 0..state.options.columns.len() {
        for at in 0..state.rows.lines(column).len() {
            let Some(shown) = state.line(snapshot, column, at) else {
                continue;
            };
            // The cards of an opened train stand below it themselves.
            if matches!(shown, Shown::Train { opened: true, .. }) {
                continue;
            }
            let Some(urgency) = urgency_of(&shown) else {
                continue;
            };
            let since = shown.since().timestamp();
            let order = match urgency {
                // Of failures the newest is the one that its author still has in mind.
                Urgency::Failed => -since,
                Urgency::Incident
                | Urgency::Firing
                | Urgency::Handled
                | Urgency::Live
                | Urgency::Blocked
                | Urgency::Waiting => since,
            };
            let rank = (urgency, order, Reverse(column));
            if best.as_ref().is_some_and(|found| found.rank <= rank) {
                continue;
            }
            let key = shown.key();
            if !state.walk.has_seen(&key, urgency) {
                best = Some(Found {
                    rank,
                    column,
                    at,
                    key,
                });
            }
        }
    }
    best
}

fn urgency_of(shown: &Shown<'_>) -> Option<Urgency> {
    let (status, stage) = match shown {
        Shown::Item { item, .. } => (item.placement.status, item.placement.stage),
        Shown::Train { train, .. } => (train.status, train.stage),
    };
    if !needs_person(status) {
        return None;
    }
    let late = matches!(stage, Stage::Deploy | Stage::Operate | Stage::Monitor);
    let taken = match shown {
        Shown::Item { item, .. } => !item.holders.is_empty(),
        Shown::Train { .. } => false,
    };
    Some(match (status, status.severity()) {
        (Status::Incident, _) if taken => Urgency::Handled,
        (Status::Incident, _) => Urgency::Incident,
        (Status::Firing, _) => Urgency::Firing,
        (_, Severity::Failed) if late => Urgency::Live,
        (_, Severity::Failed) => Urgency::Failed,
        (_, Severity::Blocked) => Urgency::Blocked,
        (
            _,
            Severity::Calm
            | Severity::Idle
            | Severity::Active
            | Severity::Unknown
            | Severity::Waiting,
        ) => Urgency::Waiting,
    })
}
