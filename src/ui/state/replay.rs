//! What the board of the past remembers: the moment, the cursors, and the frame that came last.
//!
//! Which columns are open and which has the focus is the board's; what it had is put back when
//! the past is left.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::history::{Ledger, PastCard, Seen};
use crate::domain::key::ItemId;
use crate::domain::stage::Stage;
use crate::ui::layout::Plan;
use crate::ui::replay::{Ask, Frame};
use crate::ui::scroll;
use crate::ui::state::BoardState;

/// The board of the past.
#[derive(Clone, Debug, Default)]
pub struct ReplayState {
    /// The moment that is looked at; nothing is now.
    pub at: Option<Timestamp>,
    /// The moment that is shown.
    pub shown: Option<Frame>,
    /// The history that is gone through: it stays while the past is looked at.
    pub ledger: Option<Arc<Ledger>>,
    /// Whether the selected card is told of from beginning to end.
    pub open: bool,
    /// The first line of that.
    pub scroll: u16,
    /// The selected line of each column.
    cursors: Vec<Cursor>,
    /// The card that a person chose, and where that was.
    held: Option<ItemId>,
    placed: (usize, usize),
    asked: Option<(Ask, Arc<Ledger>)>,
    /// Whether a moment is being made.
    making: bool,
    kept: Option<Kept>,
}

/// The cursor of one column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cursor {
    /// The selected line.
    pub(crate) at: usize,
    /// The first one shown.
    pub(crate) offset: usize,
}

/// What of the board is put back.
#[derive(Clone, Copy, Debug)]
struct Kept {
    focus: usize,
    window: usize,
    zoom: bool,
    overview: bool,
}

impl ReplayState {
    /// Begins at now.
    pub(crate) fn enter(&mut self, board: &BoardState) {
        self.end();
        self.kept = Some(Kept {
            focus: board.focus,
            window: board.window,
            zoom: board.zoom,
            overview: board.overview,
        });
        self.placed = (board.focus, 0);
        self.cursors = vec![Cursor::default(); board.columns.len()];
    }

    /// Ends: the board is as it was.
    pub(crate) fn leave(&mut self, board: &mut BoardState) {
        if let Some(kept) = self.kept.take() {
            // The columns may be fewer since, as the configuration was saved.
            let last = board.columns.len().saturating_sub(1);
            board.focus = kept.focus.min(last);
            board.window = kept.window.min(last);
            (board.zoom, board.overview) = (kept.zoom, kept.overview);
        }
        self.end();
    }

    /// Lets go of the moment and of the history that it is of.
    fn end(&mut self) {
        (self.at, self.shown, self.ledger) = (None, None, None);
        (self.asked, self.held) = (None, None);
        self.open = false;
    }

    /// Takes newer history, unless the past is looked at: that does not move.
    pub(crate) fn follow(&mut self, history: Option<&Arc<Ledger>>) {
        if self.at.is_none() || self.ledger.is_none() {
            self.ledger = history.cloned();
        }
    }

    /// Returns whether a moment is to be made; from then on it is under way.
    pub(crate) fn is_wanted(&mut self, ask: &Ask) -> bool {
        let Some(ledger) = self.ledger.as_ref().filter(|_| !self.making) else {
            return false;
        };
        let asked = self.asked.as_ref();
        if asked.is_some_and(|(before, of)| before == ask && Arc::ptr_eq(of, ledger)) {
            return false;
        }
        self.asked = Some((ask.clone(), Arc::clone(ledger)));
        self.making = true;
        true
    }

    /// Takes a moment in; returns the column in which the card stands that was chosen, or `focus`.
    pub(crate) fn take(&mut self, frame: Frame, columns: &[Stage], focus: usize) -> usize {
        self.making = false;
        let is_first = self.shown.replace(frame).is_none();
        let found = self.held.as_ref().and_then(|held| {
            let own = columns.iter().enumerate().skip(focus).take(1);
            let all = own.chain(columns.iter().enumerate());
            all.into_iter().find_map(|(column, stage)| {
                let mut cards = self.cards(*stage).iter();
                let at =
                    cards.position(|card| self.seen(*card).is_some_and(|s| s.life.id == *held));
                at.map(|at| (column, at))
            })
        });
        self.cursors.resize(columns.len(), Cursor::default());
        for (column, stage) in columns.iter().enumerate() {
            let count = self.cards(*stage).len();
            if let Some(cursor) = self.cursors.get_mut(column) {
                cursor.at = cursor.at.min(count.saturating_sub(1));
            }
        }
        let listed = |stage: &Stage| !self.cards(*stage).is_empty();
        // As on the board, one begins where there is something.
        let begin = columns
            .iter()
            .position(listed)
            .filter(|_| is_first && !columns.get(focus).is_none_or(listed));
        let column = found.map_or(begin.unwrap_or(focus), |(column, _)| column);
        if let Some((column, at)) = found
            && let Some(cursor) = self.cursors.get_mut(column)
        {
            let row = cursor.at.saturating_sub(cursor.offset);
            *cursor = Cursor {
                at,
                offset: at.saturating_sub(row),
            };
        }
        self.placed = (column, self.cursor(column).at);
        column
    }

    /// Notes which card a person chose, where the cursor was moved.
    pub(crate) fn hold(&mut self, stage: Option<Stage>, focus: usize) {
        let place = (focus, self.cursor(focus).at);
        if place == self.placed {
            return;
        }
        self.placed = place;
        self.scroll = 0;
        let seen = stage.and_then(|stage| self.selected(stage, focus));
        self.held = seen.map(|seen| seen.life.id.clone());
    }

    /// Returns the cards of a stage at the moment that is shown.
    pub(crate) fn cards(&self, stage: Stage) -> &[PastCard] {
        let shown = self.shown.as_ref();
        shown.map_or(&[], |shown| shown.past.column(stage))
    }

    /// Returns what a card was.
    pub(crate) fn seen(&self, card: PastCard) -> Option<Seen<'_>> {
        self.shown.as_ref()?.past.seen(card)
    }

    /// Returns the selected card of a column, which shows a stage.
    pub fn selected(&self, stage: Stage, column: usize) -> Option<Seen<'_>> {
        let card = self.cards(stage).get(self.cursor(column).at)?;
        self.seen(*card)
    }

    /// Returns the cursor of a column.
    pub(crate) fn cursor(&self, column: usize) -> Cursor {
        self.cursors.get(column).copied().unwrap_or_default()
    }

    /// Returns the cursor of a column, to move it.
    pub(crate) fn cursor_mut(&mut self, column: usize) -> Option<&mut Cursor> {
        self.cursors.get_mut(column)
    }

    /// Brings the selected line of each open column into view.
    pub(crate) fn scroll_to(&mut self, plan: &Plan, columns: &[Stage]) {
        for slot in plan.slots.iter().filter(|slot| slot.open) {
            let Some(stage) = columns.get(slot.column) else {
                continue;
            };
            let lines = self.cards(*stage).len();
            let (capacity, _) = plan.capacity(slot, lines);
            if let Some(cursor) = self.cursors.get_mut(slot.column) {
                cursor.offset = scroll::turned(cursor.offset, cursor.at, capacity, lines);
            }
        }
    }
}
