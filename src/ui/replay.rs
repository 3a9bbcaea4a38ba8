//! The board of the past as the screen has it: what is asked of the shell, and what comes back.
//!
//! Which moment is next is found here at once; who stood where then is the shell's to work out,
//! one moment at a time: what was stepped over in between is never made.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::attention::AttentionBoard;
use crate::domain::calendar::Calendar;
use crate::domain::history::{Counts, Past, Replay};
use crate::domain::query::{Query, QueryContext};
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::state::{UiState, View};
use crate::ui::update::moves;

/// A moment that is to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Which; nothing is now.
    pub at: Option<Timestamp>,
    /// Of which cards.
    pub filter: String,
}

/// Who looks: what a filter knows of people.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// The logins that `@me` stands for.
    pub me: Vec<String>,
    /// What knows who is who.
    pub people: AttentionBoard,
}

/// A history to go through.
#[derive(Debug)]
pub struct Film {
    /// Its moments.
    pub replay: Replay,
    /// The clock of the team.
    pub calendar: Calendar,
    /// When it was made: where it ends.
    pub made_at: Timestamp,
}

/// A moment, as it is shown.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What was asked for.
    pub ask: Ask,
    /// The history that it is of.
    pub film: Arc<Film>,
    /// The board of that moment.
    pub past: Arc<Past>,
    /// How many cards there are.
    pub counts: Counts,
}

impl PartialEq for Frame {
    /// Two are equal that show the same moment of the same history.
    fn eq(&self, other: &Self) -> bool {
        self.ask == other.ask && Arc::ptr_eq(&self.film, &other.film)
    }
}

impl Film {
    /// Makes a moment of it; a filter knows of people what `viewer` does.
    pub fn frame(self: &Arc<Self>, ask: &Ask, viewer: &Viewer) -> Frame {
        let at = ask.at.unwrap_or(self.made_at);
        let query = Query::parse(&ask.filter).unwrap_or_default();
        let past = if query.is_empty() {
            self.replay.at(at)
        } else {
            let ctx = QueryContext {
                now: at,
                me: viewer.me.clone(),
                attention: viewer.people.of_nothing(),
                hides: crate::domain::hide::Hides::default(),
            };
            self.replay
                .only(at, |seen| query.matches(&seen.item(), &ctx))
        };
        Frame {
            ask: ask.clone(),
            film: Arc::clone(self),
            counts: past.counts(),
            past: Arc::new(past),
        }
    }

    /// Returns where it begins: when history began to count, or when the first thing happened in it.
    pub fn begins(&self) -> Option<Timestamp> {
        let first = self.replay.range().map(|(first, _)| first);
        self.replay.ledger().since.or(first)
    }
}

/// Asks for the moment that is looked at, where that is not shown and nothing is under way.
pub(crate) fn settle(state: &mut UiState) -> Option<Effect> {
    if state.view != View::Replay {
        return None;
    }
    let focus = state.board.focus;
    state.replay.hold(state.stage(focus), focus);
    let replay = &mut state.replay;
    replay.follow(state.history.as_ref());
    let ask = Ask {
        at: replay.at,
        filter: state.filter.query.text().to_owned(),
    };
    replay.is_wanted(&ask).then_some(Effect::Replay(ask))
}

/// Takes a moment in: the cursor stays on its card, wherever that stood.
pub fn on_frame(
    state: &mut UiState,
    frame: Frame,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let columns: Vec<_> = state
        .options
        .columns
        .iter()
        .map(|column| column.stage)
        .collect();
    let focus = state.board.focus;
    let column = state.replay.take(frame, &columns, focus);
    if column != focus && state.view == View::Replay {
        moves::turn_to(state, column);
    }
    crate::ui::update::on_clock(state, snapshot, now)
}
