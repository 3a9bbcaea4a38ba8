//! Where the cursor is among lanes, and which rows of them are shown.
//!
//! What lanes there are is in `ui::lanes`; going from one to another is in `update`.

use crate::ui::lanes::{Lane, Stop, Stops, Tops};
use crate::ui::layout::Plan;
use crate::ui::rows::Listed;
use crate::ui::scroll;
use crate::ui::state::UiState;

impl UiState {
    /// Returns whether the board has lanes.
    pub fn has_lanes(&self) -> bool {
        self.board.group.is_some()
    }

    /// Returns the lanes.
    pub fn lanes(&self) -> &[Lane] {
        &self.rows.lanes
    }

    /// Returns the lines of a column with their lanes.
    pub(crate) fn listed(&self, column: usize) -> Option<&Listed> {
        self.rows.columns.get(column)
    }

    /// Returns the places of the cursor in a column.
    pub(crate) fn stops(&self, column: usize) -> Option<Stops<'_>> {
        Some(Stops::new(self.listed(column)?, self.lanes()))
    }

    /// Returns the lane whose heading has the cursor.
    pub(crate) fn heading(&self) -> Option<usize> {
        let name = self.board.heading.as_ref()?;
        let mut lanes = self.lanes().iter();
        lanes.position(|lane| lane.folded && lane.name == *name)
    }

    /// Returns where the cursor is in the focused column.
    pub(crate) fn stop(&self) -> Stop {
        match self.heading() {
            Some(lane) => Stop::Heading(lane),
            None => Stop::Line(self.focused().map_or(0, |column| column.at)),
        }
    }

    /// Returns the lane that has the cursor.
    pub(crate) fn lane(&self) -> Option<usize> {
        match self.stop() {
            Stop::Heading(lane) => Some(lane),
            Stop::Line(at) => self.listed(self.board.focus)?.lane_of(at),
        }
    }

    /// Returns where the lanes are.
    pub(crate) fn tops(&self, plan: &Plan) -> Tops {
        Tops::new(&self.rows.columns, self.lanes().len(), plan)
    }

    /// Returns the rows that the place with the cursor takes: the first, and how many.
    pub(crate) fn rows_of_stop(&self, tops: &Tops, plan: &Plan) -> (usize, usize) {
        match self.stop() {
            Stop::Heading(lane) => (tops.of(lane), 1),
            Stop::Line(at) => {
                let listed = self.listed(self.board.focus);
                let lane = listed.and_then(|listed| listed.lane_of(at)).unwrap_or(0);
                let from = listed.map_or(0, |listed| listed.of_lane(lane).0);
                let card = usize::from(plan.card.max(1));
                (tops.of(lane) + 1 + (at - from.min(at)) * card, card)
            }
        }
    }

    /// Returns how many rows of lanes are shown; one is kept for what is below, where there is more.
    pub(crate) fn lane_room(plan: &Plan, tops: &Tops) -> usize {
        let slot = plan.slots.iter().find(|slot| slot.open);
        let height = slot.map_or(0, |slot| usize::from(slot.body.height));
        if tops.all > height {
            height.saturating_sub(1)
        } else {
            height
        }
    }

    /// Brings the place with the cursor into view, below the heading of its lane.
    pub(crate) fn scroll_lanes(&mut self, plan: &Plan) {
        let tops = self.tops(plan);
        let room = Self::lane_room(plan, &tops);
        let (row, rows) = self.rows_of_stop(&tops, plan);
        let lane = tops.at(row);
        // The first card of a lane brings the heading with it; for others it stays at the top.
        let above = if row <= tops.of(lane) + 1 {
            tops.of(lane)
        } else {
            row.saturating_sub(1)
        };
        let last = (row + rows).saturating_sub(1);
        let first = scroll::turned(self.board.lane_scroll, last, room, tops.all).min(above);
        self.board.lane_scroll = first;
        self.board.lane_row = row.saturating_sub(first);
    }

    /// After the lists changed, keeps the card with the cursor in its row of the screen.
    pub(crate) fn settle_lanes(&mut self) {
        if self.board.heading.is_some() && self.heading().is_none() {
            self.board.heading = None;
        }
        let plan = self.plan();
        let tops = self.tops(&plan);
        let (row, _) = self.rows_of_stop(&tops, &plan);
        self.board.lane_scroll = row.saturating_sub(self.board.lane_row);
    }
}
