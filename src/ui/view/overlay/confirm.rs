//! A question before something is done; the default is No.

use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::Confirm;
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;

/// Paints the question.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, confirm: &Confirm, plan: &Plan) {
    let theme = paint.theme;
    let longest = confirm
        .lines
        .iter()
        .map(|line| width(line))
        .max()
        .unwrap_or_default();
    let wide = longest
        .max(width(&confirm.title).saturating_add(2))
        .max(28)
        .saturating_add(4)
        .min(plan.body.width);
    let columns = wide.saturating_sub(4);
    let lines: Vec<&str> = confirm
        .lines
        .iter()
        .flat_map(|line| wrap(line, columns, 3))
        .collect();
    let area = middle(plan.body, wide, cols(lines.len()) + 4);
    let inside = paint.boxed(area, &confirm.title);
    let text = theme.style(Role::Text);
    for (y, line) in (inside.top()..inside.bottom()).zip(&lines) {
        paint.text(inside.x + 1, y, columns, line, text);
    }
    if let Some(y) = inside.bottom().checked_sub(1).filter(|y| *y >= inside.y) {
        let end = paint.text(inside.x + 1, y, columns, "y", theme.style(Role::Key));
        let end = paint.text(end, y, 6, " yes  ", text);
        let end = paint.text(end, y, 1, "n", theme.style(Role::Key));
        paint.text(end, y, 5, " no", text);
    }
    paint.cursor_at(inside.x + 1, inside.bottom().saturating_sub(1));
}
