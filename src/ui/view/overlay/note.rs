//! The line in which it is noted what is to be talked about.

use crate::ui::layout::Plan;
use crate::ui::overlay::NoteLine;
use crate::ui::text::{Paint, cols, fit};
use crate::ui::theme::Role;

/// Paints the line; it takes the place of the status line.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, line: &NoteLine, plan: &Plan) {
    let theme = paint.theme;
    let area = plan.status.unwrap_or(plan.footer);
    let ground = theme.style(Role::Surface).patch(theme.style(Role::Text));
    paint.clear(area, theme.ground().patch(ground));
    let before = format!("park {}: ", line.key);
    let x = paint.text(
        area.x,
        area.y,
        area.width / 2,
        &before,
        theme.style(Role::Key),
    );
    let columns = area.right().saturating_sub(x + 1);
    let value = line.input.value();
    let skipped = line.input.visual_scroll(usize::from(columns.max(1)));
    let (head, _) = fit(value, cols(skipped));
    let visible = value.get(head.len()..).unwrap_or_default();
    if value.is_empty() {
        let text = "what is to be talked about";
        paint.text(x, area.y, columns, text, theme.style(Role::Dim));
    } else {
        paint.text(x, area.y, columns, visible, theme.style(Role::Text));
    }
    let cursor = cols(line.input.visual_cursor().saturating_sub(skipped));
    paint.cursor_at(x + cursor.min(columns), area.y);
}
