//! The stages to which a card may be pinned, and for how long.

use ratatui::layout::Rect;

use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::PinMenu;
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols};
use crate::ui::theme::Role;

/// Paints the menu.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    menu: &PinMenu,
    plan: &Plan,
) {
    let theme = paint.theme;
    let mut lines: Vec<(String, &str)> = (1..)
        .zip(&state.options.columns)
        .map(|(number, column)| {
            let here = menu.table() == Some(column.stage);
            let note = if here { "where the rules put it" } else { "" };
            (format!("{number} {}", column.title), note)
        })
        .collect();
    if menu.pinned {
        lines.push(("0 no pin".to_owned(), ""));
    }
    let area = middle(plan.body, 44, cols(lines.len()).saturating_add(3));
    let title = format!("pin {} to", menu.name);
    let inside = paint.boxed(area, &title);
    if inside.height == 0 || inside.width < 4 {
        return;
    }
    let body = crate::ui::layout::rows(inside, 0, inside.height - 1);
    let from = scroll::part(menu.cursor, usize::from(body.height), lines.len());
    let visible = lines.iter().enumerate().skip(from);
    for (y, (at, (text, note))) in (body.top()..body.bottom()).zip(visible) {
        let selected = at == menu.cursor;
        let style = if selected {
            paint.style(Rect::new(body.x, y, body.width, 1), theme.selection());
            paint.cursor_at(body.x, y);
            theme.selection()
        } else {
            theme.style(Role::Text)
        };
        let end = paint.text(body.x + 1, y, body.width - 2, text, style);
        let left = body.right().saturating_sub(end + 2);
        let dim = if selected {
            style
        } else {
            theme.style(Role::Dim)
        };
        paint.text(end + 1, y, left, note, dim);
    }
    let how_long = if menu.for_good {
        "for good (tab: until it moves)"
    } else {
        "until it moves (tab: for good)"
    };
    let y = inside.bottom() - 1;
    let columns = inside.width - 2;
    paint.text(inside.x + 1, y, columns, how_long, theme.style(Role::Dim));
}
