//! The palette: what fits what was typed, with the key that does the same.

use ratatui::layout::Rect;

use super::help::{input_line, window};
use crate::ui::layout::{Plan, middle, rows};
use crate::ui::overlay::{Action, Entry, Palette, Seek};
use crate::ui::own;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;

/// Paints the palette.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    palette: &mut Palette,
    plan: &Plan,
) {
    let theme = paint.theme;
    let height = cols(palette.entries.len()).saturating_add(3).clamp(6, 20);
    let area = middle(plan.body, 76, height);
    let (title, empty) = match palette.seek {
        Seek::Anything => (
            "find",
            "a command, card, view, column, service, person, repository, theme",
        ),
        Seek::Scope => ("measure what?", "a service or repository"),
    };
    let inside = paint.boxed(area, title);
    if inside.height == 0 || inside.width < 4 {
        return;
    }
    let list = &mut palette.list;
    input_line(paint, list, inside.x + 1, inside.y, inside.width - 2, empty);
    let body = rows(inside, 1, inside.height - 1);
    if palette.entries.is_empty() {
        let text = "nothing is called like that";
        paint.text(
            body.x + 1,
            body.y,
            body.width - 2,
            text,
            theme.style(Role::Dim),
        );
        return;
    }
    list.cursor = list.cursor.min(palette.entries.len() - 1);
    let from = window(list, usize::from(body.height));
    let cursor = list.cursor;
    let entries = palette.entries.iter().enumerate().skip(from);
    for (y, (at, entry)) in (body.top()..body.bottom()).zip(entries) {
        let selected = at == cursor;
        if selected {
            paint.style(Rect::new(body.x, y, body.width, 1), theme.selection());
        }
        let pick = |role| {
            if selected {
                theme.selection()
            } else {
                theme.style(role)
            }
        };
        let (text, key) = said(paint, state, entry);
        let right = paint.right(
            body.x + 1,
            y,
            body.width - 2,
            if width(&key) < body.width / 2 {
                &key
            } else {
                ""
            },
            pick(Role::Key),
        );
        let left = right.saturating_sub(body.x + 3);
        paint.text(body.x + 1, y, left, &text, pick(Role::Text));
    }
}

/// Returns what a line says, of a command and of a word also what it does; and what stands at its
/// right: the keys of a command, else what kind of thing it is.
fn said(paint: &Paint<'_>, state: &UiState, entry: &Entry) -> (String, String) {
    match &entry.action {
        Action::Run(command) => {
            let name = own::name(&state.options, *command);
            let text = format!("{name:<16} {}", own::help(&state.options, *command));
            let keys = state.options.keymap.labels(*command, paint.theme.glyphs());
            (text, keys)
        }
        Action::Write(word) => {
            let (_, argument, help) = word.about();
            (format!("{:<16} {help}", word.name()), argument.to_owned())
        }
        Action::Focus(_)
        | Action::Pin(_)
        | Action::Go(_)
        | Action::Filter(_)
        | Action::Theme(_)
        | Action::Source(_)
        | Action::View(_)
        | Action::Save(_)
        | Action::Delete(_)
        | Action::Sort(_)
        | Action::Snooze(_)
        | Action::Lanes(_)
        | Action::Measure(_) => (entry.text.clone(), entry.kind.to_owned()),
    }
}
