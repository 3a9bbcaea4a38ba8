//! The line in which the filter is written: count, what is wrong, what may follow.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::ui::layout::Plan;
use crate::ui::overlay::FilterLine;
use crate::ui::state::{UiState, View};
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;

/// Paints the line; it takes the place of the status line.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    line: &mut FilterLine,
    plan: &Plan,
) {
    let theme = paint.theme;
    let area = plan.status.unwrap_or(plan.footer);
    let ground = theme.style(Role::Surface).patch(theme.style(Role::Text));
    paint.clear(area, theme.ground().patch(ground));
    // What is counted is the last good filter, which is not what stands there.
    let count = match line.error {
        Some(_) => "invalid".to_owned(),
        None if state.view == View::Triage => {
            let listed = &state.triage.listed;
            format!("{} of {} red", listed.len(), listed.all)
        }
        None => format!("{} of {}", state.rows.shown, state.rows.all),
    };
    let count_role = if line.error.is_some() {
        Role::Failed
    } else {
        Role::Title
    };
    let room = area.width.saturating_sub(1);
    let tail = paint.right(area.x, area.y, room, &count, theme.style(count_role));
    let x = paint.text(area.x, area.y, 1, "/", theme.style(Role::Key));
    let columns = tail.saturating_sub(x + 1);
    let value = line.input.value();
    // A text that is too long shows the part around the cursor.
    let skipped = line.input.visual_scroll(usize::from(columns.max(1)));
    let from = byte_of_column(value, skipped);
    let visible = value.get(from..).unwrap_or_default();
    paint.text(x, area.y, columns, visible, theme.style(Role::Text));
    let cursor = cols(line.input.visual_cursor().saturating_sub(skipped));
    if let Some(error) = &line.error {
        let before = value.get(from..error.start.max(from)).map_or(0, width);
        let wrong = value
            .get(error.start.max(from)..error.end)
            .map_or(1, width)
            .max(1);
        let left = columns.saturating_sub(before);
        let wrong = Rect::new(x + before, area.y, wrong.min(left), 1);
        let style = theme.style(Role::Failed).add_modifier(Modifier::UNDERLINED);
        paint.style(wrong, style);
        if plan.status.is_some() && wrong.width > 0 {
            let below = plan.footer;
            paint.clear(below, theme.ground());
            let caret = Rect::new(wrong.x, below.y, wrong.width, 1);
            paint.line(caret, "^", theme.style(Role::Failed));
        }
    }
    notice(paint, line, plan, area);
    paint.cursor_at(x + cursor.min(columns), area.y);
}

/// Tells above the line what is wrong with it, or what may follow.
fn notice(paint: &mut Paint<'_>, line: &FilterLine, plan: &Plan, area: Rect) {
    let theme = paint.theme;
    let (text, role) = match &line.error {
        Some(error) => {
            let hint = error
                .hint()
                .map_or_else(String::new, |hint| format!("; {hint}"));
            (format!("invalid: {error}{hint}"), Role::Failed)
        }
        None if line.completions.is_empty() => return,
        None => (line.completions.join("  "), Role::Dim),
    };
    let Some(y) = area.y.checked_sub(1).filter(|y| *y >= plan.body.y) else {
        return;
    };
    let row = Rect::new(area.x, y, area.width, 1);
    paint.clear(row, theme.ground().patch(theme.style(Role::Surface)));
    paint.text(
        row.x + 1,
        y,
        row.width.saturating_sub(2),
        &text,
        theme.style(role),
    );
}

fn byte_of_column(text: &str, columns: usize) -> usize {
    let (head, _) = crate::ui::text::fit(text, cols(columns));
    head.len()
}
