//! The line in which a search of the log is written, and what is wrong with it.

use ratatui::layout::Rect;

use crate::ui::layout::Plan;
use crate::ui::overlay::SearchLine;
use crate::ui::text::{Paint, cols, fit};
use crate::ui::theme::Role;

/// Paints the line; it takes the place of the status line.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, line: &mut SearchLine, plan: &Plan) {
    let theme = paint.theme;
    let area = plan.status.unwrap_or(plan.footer);
    let ground = theme.style(Role::Surface).patch(theme.style(Role::Text));
    paint.clear(area, theme.ground().patch(ground));
    let x = paint.text(area.x, area.y, 1, "/", theme.style(Role::Key));
    let refused = line.error.as_ref().map_or("", |_| "invalid");
    let room = area.width.saturating_sub(1);
    let failed = theme.style(Role::Failed);
    let tail = paint.right(area.x, area.y, room, refused, failed);
    let columns = tail.saturating_sub(x + 1);
    let value = line.input.value();
    let skipped = line.input.visual_scroll(usize::from(columns.max(1)));
    let (head, _) = fit(value, cols(skipped));
    let visible = value.get(head.len()..).unwrap_or_default();
    if value.is_empty() {
        let text = "an expression; nothing ends the search";
        paint.text(x, area.y, columns, text, theme.style(Role::Dim));
    } else {
        paint.text(x, area.y, columns, visible, theme.style(Role::Text));
    }
    if let Some(error) = &line.error
        && let Some(y) = area.y.checked_sub(1).filter(|y| *y >= plan.body.y)
    {
        let row = Rect::new(area.x, y, area.width, 1);
        paint.clear(row, theme.ground().patch(theme.style(Role::Surface)));
        let columns = row.width.saturating_sub(2);
        let text = format!("invalid: {error}");
        paint.text(row.x + 1, y, columns, &text, failed);
    }
    let cursor = cols(line.input.visual_cursor().saturating_sub(skipped));
    paint.cursor_at(x + cursor.min(columns), area.y);
}
