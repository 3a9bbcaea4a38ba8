//! The palette: what fits what was typed, with the key that does the same.

use ratatui::layout::Rect;

use super::help::{input_line, window};
use crate::ui::layout::{Plan, middle, rows};
use crate::ui::overlay::{Action, Entry, Palette, Seek};
use crate::ui::own;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;

/// Paints the palette.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    palette: &mut Palette,
    plan: &Plan,
) {
    let theme = paint.theme;
    let height = cols(palette.entries.len()).saturating_add(4).clamp(7, 21);
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
    let all = rows(inside, 1, inside.height - 1);
    if palette.entries.is_empty() {
        let text = "nothing is called like that";
        let dim = theme.style(Role::Dim);
        paint.text(all.x + 1, all.y, all.width - 2, text, dim);
        return;
    }
    list.cursor = list.cursor.min(palette.entries.len() - 1);
    let cursor = list.cursor;
    let body = below(paint, state, palette.entries.get(cursor), all);
    let list = &mut palette.list;
    let from = window(list, palette.entries.len(), usize::from(body.height));
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
        let Said { name, help, right } = said(paint, state, entry);
        // Name and key are whole as long as there is room for both; what it does takes the rest.
        let (mut x, mut room) = (body.x + 1, body.width - 2);
        let has_key = width(&name) + width(&right) + 2 <= room || entry_is_text(entry);
        if has_key && !right.is_empty() {
            let left = paint.right(x, y, room, &right, pick(Role::Key));
            room = left.saturating_sub(x + 2);
        }
        let end = paint.text(x, y, room, &name, pick(Role::Text));
        let next = (x + NAMES).max(end + 1);
        room = room.saturating_sub(next - x);
        x = next;
        if room >= SHORTEST || width(&help) <= room {
            paint.text(x, y, room, &help, pick(Role::Text));
        }
    }
}

/// How wide names are, so that what they do stands in a column.
const NAMES: u16 = 17;

/// Fewer columns say nothing of what something does.
const SHORTEST: u16 = 8;

/// The most lines that tell of the selected entry.
const TOLD: usize = 2;

/// Tells in full, below the list, what the selected entry does, or what of it was cut; returns what
/// is left for the list.
fn below(paint: &mut Paint<'_>, state: &UiState, entry: Option<&Entry>, all: Rect) -> Rect {
    let theme = paint.theme;
    let Some(entry) = entry.filter(|_| all.height > 4) else {
        return all;
    };
    let Said { name, help, .. } = said(paint, state, entry);
    let wide = all.width - 2;
    let text = if help.is_empty() { &name } else { &help };
    let lines = wrap(text, wide, TOLD);
    // The place is there in any case, so that the list stays as high.
    let count = cols(lines.len()).max(1);
    let body = rows(all, 0, all.height - count);
    let dim = theme.style(Role::Dim);
    for (y, line) in (body.bottom()..all.bottom()).zip(lines) {
        paint.text(all.x + 1, y, wide, line, dim);
    }
    body
}

/// Returns whether an entry is a text that may be cut: what kind of thing it is stands in any case.
fn entry_is_text(entry: &Entry) -> bool {
    !matches!(entry.action, Action::Run(_) | Action::Write(_))
}

/// What a line says.
struct Said {
    /// What it is called.
    name: String,
    /// What it does, of a command and of a word.
    help: String,
    /// What stands at its right: the keys of a command, else what kind of thing it is.
    right: String,
}

/// Returns the keys of a command with the place in which they mean it, where that is not here.
fn scoped(entry: &Entry, keys: &str) -> String {
    if entry.kind == "command" {
        keys.to_owned()
    } else {
        format!("{}  {keys}", entry.kind).trim_end().to_owned()
    }
}

/// Returns what a line says.
fn said(paint: &Paint<'_>, state: &UiState, entry: &Entry) -> Said {
    match &entry.action {
        Action::Run(command) => {
            let keymap = &state.options.keymap;
            Said {
                name: own::name(&state.options, *command).to_owned(),
                help: own::help(&state.options, *command).trim().to_owned(),
                right: scoped(entry, &keymap.labels(*command, paint.theme.glyphs())),
            }
        }
        Action::Write(word) => {
            let (_, argument, help) = word.about();
            Said {
                name: word.name().to_owned(),
                help: help.to_owned(),
                right: argument.to_owned(),
            }
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
        | Action::Measure(_) => Said {
            name: entry.text.clone(),
            help: String::new(),
            right: entry.kind.to_owned(),
        },
    }
}
