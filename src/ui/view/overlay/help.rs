//! The keys that work here, from the command table; typing narrows, Enter runs.

use crate::ui::command::{COMMANDS, Row, Scope};
use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::{Listing, Overlay};
use crate::ui::state::{UiState, View};
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;

/// Returns the commands that help lists: those of this place first, narrowed by what was typed.
pub(crate) fn lines(state: &UiState) -> Vec<&'static Row> {
    let typed = state
        .overlays
        .iter()
        .rev()
        .find_map(|overlay| match overlay {
            Overlay::Help(list) => Some(list.input.value().to_lowercase()),
            Overlay::Detail(_)
            | Overlay::Palette(_)
            | Overlay::Filter(_)
            | Overlay::Confirm(_)
            | Overlay::Messages(_) => None,
        });
    matching(state, &typed.unwrap_or_default())
}

fn matching(state: &UiState, typed: &str) -> Vec<&'static Row> {
    let here = if state.detail().is_some() {
        Scope::Detail
    } else {
        match state.view {
            View::Board => Scope::Board,
            View::Sources => Scope::Sources,
        }
    };
    let fits = |row: &&Row| {
        typed.is_empty() || row.name.contains(typed) || row.help.to_lowercase().contains(typed)
    };
    let of = |scope: Scope| COMMANDS.iter().filter(move |row| row.scope == scope);
    of(here).chain(of(Scope::Everywhere)).filter(fits).collect()
}

/// Paints help.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    list: &mut Listing,
    plan: &Plan,
) {
    let theme = paint.theme;
    let rows = matching(state, &list.input.value().to_lowercase());
    let area = middle(plan.body, 84, cols(rows.len()).saturating_add(4).max(8));
    let inside = paint.boxed(area, "keys that work here");
    if inside.height == 0 || inside.width < 4 {
        return;
    }
    input_line(
        paint,
        list,
        inside.x + 1,
        inside.y,
        inside.width - 2,
        "type to narrow",
    );
    let body = crate::ui::layout::rows(inside, 1, inside.height - 1);
    list.cursor = list.cursor.min(rows.len().saturating_sub(1));
    let from = window(list, usize::from(body.height));
    let mut scope = None;
    for (y, (at, row)) in (body.top()..body.bottom()).zip(rows.iter().enumerate().skip(from)) {
        let selected = at == list.cursor;
        if selected {
            paint.style(
                ratatui::layout::Rect::new(body.x, y, body.width, 1),
                theme.selection(),
            );
        }
        let keys = state.options.keymap.labels(row.command, theme.glyphs());
        let pick = |role| {
            if selected {
                theme.selection()
            } else {
                theme.style(role)
            }
        };
        paint.text(body.x + 1, y, 15, &keys, pick(Role::Key));
        let columns = body.width.saturating_sub(18);
        let end = paint.text(body.x + 17, y, columns, row.help.trim(), pick(Role::Text));
        if scope != Some(row.scope) {
            scope = Some(row.scope);
            let word = row.scope.title();
            let left = body.right().saturating_sub(end + 2);
            if left > width(word) {
                paint.right(end + 2, y, left - 1, word, pick(Role::Dim));
            }
        }
    }
}

/// Moves the window of a list so that its cursor is within, and returns its first line.
pub(super) fn window(list: &mut Listing, height: usize) -> usize {
    let least = (list.cursor + 1).saturating_sub(height.max(1));
    list.scroll = list.scroll.min(list.cursor).max(least);
    list.scroll
}

/// Paints a line of text that is being written, with the cursor in it.
pub(super) fn input_line(
    paint: &mut Paint<'_>,
    list: &Listing,
    x: u16,
    y: u16,
    columns: u16,
    empty: &str,
) {
    let theme = paint.theme;
    let value = list.input.value();
    if value.is_empty() {
        paint.text(x, y, columns, empty, theme.style(Role::Dim));
    } else {
        paint.text(x, y, columns, value, theme.style(Role::Title));
    }
    let at = cols(list.input.visual_cursor()).min(columns.saturating_sub(1));
    paint.cursor_at(x + at, y);
}
