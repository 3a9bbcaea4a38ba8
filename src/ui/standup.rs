//! The stand-up as the screen has it: what is asked of the shell, and what comes back.
//!
//! Preparing takes its time and keeping it takes a file, so both are the shell's; what is told is
//! `domain::standup`'s. What the view remembers is in `state::standup`.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::history::Ledger;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::standup::{Parked, Since, Standup, moment};
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::state::{UiState, View};

/// What the shell does for the stand-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Prepare it.
    Prepare,
    /// Remember that one was held now.
    Hold,
    /// Put a card aside, with what is to be talked about.
    Park(ItemId, String),
    /// Take a mark away: it was talked about.
    Settle(Parked),
    /// Put a mark back that was taken away.
    Restore(Parked),
    /// Copy it as Markdown.
    Copy(By),
}

/// An order, as it is given to whoever carries it out; the answer comes by [`on_prepared`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Counts up: an answer that was overtaken is dropped.
    pub number: u64,
    /// Since when is looked back.
    pub since: Since,
    /// What is to be done before it is prepared.
    pub order: Order,
}

/// What came of an order.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The number of what was asked.
    pub number: u64,
    /// Whether it was remembered that a stand-up was held.
    pub held: bool,
    /// Why something is not kept, if so.
    pub trouble: Option<String>,
    /// The stand-up as it is now.
    pub prepared: Prepared,
}

/// In which order it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum By {
    /// From right to left.
    #[default]
    Stage,
    /// By name.
    Person,
}

/// A stand-up, prepared.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What there is to tell.
    pub standup: Arc<Standup>,
    /// When the team works.
    pub calendar: Arc<Calendar>,
    /// How long the turn of a person should be; a card has half of it.
    pub turn: TimeDelta,
    /// The board that it was prepared from.
    pub snapshot: Arc<Snapshot>,
    /// The history that it was prepared from, where there was one.
    pub ledger: Option<Arc<Ledger>>,
    /// When the last stand-up was held.
    pub last: Option<Timestamp>,
}

impl PartialEq for Prepared {
    /// Two are equal that tell the same of the same board.
    fn eq(&self, other: &Self) -> bool {
        self.standup == other.standup
            && self.last == other.last
            && self.snapshot.generation == other.snapshot.generation
    }
}

/// Takes in what was prepared; what was overtaken by a later question only tells its trouble.
pub fn on_prepared(state: &mut UiState, answer: Answer, now: Timestamp) {
    if let Some(text) = answer.trouble {
        state.notify_error(text, now);
    }
    if answer.held {
        held(state, &answer.prepared, now);
    }
    if !state.standup.is_awaited(answer.number) {
        return;
    }
    let ctx = state.query_context(&answer.prepared.snapshot, now);
    let query = &state.filter.query;
    let passes = |item: &WorkItem| query.matches(item, &ctx);
    state.standup.take(answer.prepared, passes);
}

/// Notes that the stand-up was held: the clock stands.
fn held(state: &mut UiState, prepared: &Prepared, now: Timestamp) {
    state.standup.held = prepared.last;
    if state.standup.clock.runs() {
        state.standup.clock.toggle(now);
    }
    let at = moment(now, &prepared.calendar, now);
    state.notify(format!("held at {at}; the next one looks back to it"), now);
}

/// Puts the walk together again where the filter is another, or other cards are wanted.
fn refilter(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) {
    let text = state.filter.query.text();
    if state.standup.is_sorted_by(text) {
        return;
    }
    let ctx = state.query_context(snapshot, now);
    let query = &state.filter.query;
    let passes = |item: &WorkItem| query.matches(item, &ctx);
    state.standup.refilter(text, passes);
}

/// Asks for the stand-up where it is open and what was prepared is not new enough; whoever speaks
/// next has the clock from the beginning.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    if state.view != View::Standup {
        return Vec::new();
    }
    refilter(state, snapshot, now);
    state.standup.follow(now);
    if due(state, snapshot).is_none_or(|due| due > now) {
        return Vec::new();
    }
    state.standup.preparing = true;
    vec![Effect::Standup(Order::Prepare)]
}

/// Returns when it is prepared again, as far as the clock decides.
pub(crate) fn due(state: &UiState, snapshot: &Snapshot) -> Option<Timestamp> {
    let standup = &state.standup;
    let readable = state.history.is_some() || state.recall.trouble.is_some();
    if state.view != View::Standup || standup.preparing || !readable {
        return None;
    }
    Some(standup.due(snapshot.generation, state.history.as_ref()))
}
