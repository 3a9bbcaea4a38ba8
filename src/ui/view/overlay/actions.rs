//! What can be done to the selected runs; what cannot says why.

use ratatui::layout::Rect;

use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::ActionMenu;
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;

/// Lines that the reason of the selected verb may take.
const REASON: u16 = 2;

/// One line of the menu.
struct Line<'a> {
    key: String,
    words: &'a str,
    refused: Option<&'a str>,
}

fn lines(menu: &ActionMenu) -> Vec<Line<'_>> {
    let verbs = menu.entries.iter().map(|entry| Line {
        key: entry.verb.about().key.to_string(),
        words: &entry.words,
        refused: entry.refused.as_deref(),
    });
    let own = menu.own.iter().map(|own| Line {
        // The mark of the list in which they stand by themselves.
        key: "!".to_owned(),
        words: &own.words,
        refused: own.refused.as_deref(),
    });
    verbs.chain(own).collect()
}

/// Paints the menu.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, menu: &ActionMenu, plan: &Plan) {
    let theme = paint.theme;
    let lines = lines(menu);
    let area = middle(plan.body, 56, cols(lines.len()) + 2 + REASON);
    let inside = paint.boxed(area, &menu.title);
    if inside.height == 0 || inside.width < 4 {
        return;
    }
    let why = lines.get(menu.cursor).and_then(|line| line.refused);
    let kept = if why.is_some() { REASON } else { 0 };
    let rows = inside.height.saturating_sub(kept).max(1);
    let from = (menu.cursor + 1).saturating_sub(usize::from(rows));
    let visible = lines.iter().enumerate().skip(from);
    for (y, (at, line)) in (inside.y..inside.y + rows).zip(visible) {
        let selected = at == menu.cursor;
        let is_grey = line.refused.is_some();
        let pick = |role| match (selected, is_grey) {
            (true, _) => theme.selection(),
            (false, true) => theme.style(Role::Stale),
            (false, false) => theme.style(role),
        };
        if selected {
            paint.style(Rect::new(inside.x, y, inside.width, 1), theme.selection());
            paint.cursor_at(inside.x, y);
        }
        paint.text(inside.x + 1, y, 1, &line.key, pick(Role::Key));
        let left = inside.width.saturating_sub(4);
        let end = paint.text(inside.x + 3, y, left, line.words, pick(Role::Text));
        if let Some(why) = line.refused {
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
