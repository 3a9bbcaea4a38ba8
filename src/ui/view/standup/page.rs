//! Lines below one another, each with its label: what a card and a person are told with.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;

/// Columns of a label.
const LABEL: u16 = 11;

/// The part of the screen that is written on, from top to bottom.
pub(super) struct Page {
    pub(super) area: Rect,
    pub(super) y: u16,
}

impl Page {
    /// Begins at the top.
    pub(super) fn new(area: Rect) -> Self {
        Self { area, y: area.y }
    }

    /// Returns how many rows are left.
    pub(super) fn left(&self) -> u16 {
        self.area.bottom().saturating_sub(self.y)
    }

    /// Returns the next row: where it begins, its line and its columns.
    pub(super) fn row(&mut self) -> Option<(u16, u16, u16)> {
        let y = self.y;
        if y >= self.area.bottom() {
            return None;
        }
        self.y += 1;
        Some((self.area.x + 1, y, self.area.width.saturating_sub(2)))
    }

    /// Leaves a row free where there is much room.
    pub(super) fn gap(&mut self, least: u16) {
        if self.left() > least {
            self.y += 1;
        }
    }

    /// Writes a text in at most so many lines.
    pub(super) fn lines(&mut self, paint: &mut Paint<'_>, text: &str, most: usize, style: Style) {
        for line in wrap(text, self.area.width.saturating_sub(2), most) {
            if let Some((x, y, wide)) = self.row() {
                paint.text(x, y, wide, line, style);
            }
        }
    }

    /// Writes a label and what belongs to it, in at most so many lines; nothing where that is empty.
    pub(super) fn pair(&mut self, paint: &mut Paint<'_>, label: &str, text: &str, most: usize) {
        let columns = self.area.width.saturating_sub(2 + LABEL);
        for (nth, line) in wrap(text, columns, most).into_iter().enumerate() {
            let Some((x, y, wide)) = self.row() else {
                return;
            };
            if nth == 0 {
                paint.text(x, y, LABEL - 1, label, paint.theme.style(Role::Dim));
            }
            let wide = wide.saturating_sub(LABEL);
            paint.text(x + LABEL, y, wide, line, paint.theme.style(Role::Text));
        }
    }
}
