//! What can be done to the selected runs; what cannot says why.

use ratatui::layout::Rect;

use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::ActionMenu;
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;

/// Lines that the reason of the selected verb may take.
const REASON: u16 = 2;

/// Paints the menu.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, menu: &ActionMenu, plan: &Plan) {
    let theme = paint.theme;
    let area = middle(plan.body, 56, cols(menu.entries.len()) + 2 + REASON);
    let inside = paint.boxed(area, &menu.title);
    if inside.height == 0 || inside.width < 4 {
        return;
    }
    let why = menu
        .entries
        .get(menu.cursor)
        .and_then(|entry| entry.refused.as_ref());
    let kept = if why.is_some() { REASON } else { 0 };
    let rows = inside.height.saturating_sub(kept).max(1);
    let from = (menu.cursor + 1).saturating_sub(usize::from(rows));
    let visible = menu.entries.iter().enumerate().skip(from);
    for (y, (at, entry)) in (inside.y..inside.y + rows).zip(visible) {
        let selected = at == menu.cursor;
        let is_grey = entry.refused.is_some();
        let pick = |role| match (selected, is_grey) {
            (true, _) => theme.selection(),
            (false, true) => theme.style(Role::Stale),
            (false, false) => theme.style(role),
        };
        if selected {
            paint.style(Rect::new(inside.x, y, inside.width, 1), theme.selection());
            paint.cursor_at(inside.x, y);
        }
        let letter = entry.verb.about().key.to_string();
        paint.text(inside.x + 1, y, 1, &letter, pick(Role::Key));
        let left = inside.width.saturating_sub(4);
        let end = paint.text(inside.x + 3, y, left, &entry.words, pick(Role::Text));
        if let Some(why) = &entry.refused {
            let left = inside.right().saturating_sub(end + 3);
            paint.text(end + 2, y, left, why, pick(Role::Stale));
        }
    }
    if let Some(why) = why.filter(|_| inside.height > rows) {
        let columns = inside.width.saturating_sub(2);
        let lines = wrap(why, columns, usize::from(REASON));
        for (y, line) in (inside.y + rows..inside.bottom()).zip(lines) {
            paint.text(inside.x + 1, y, columns, line, theme.style(Role::Waiting));
        }
    }
}
