//! The two lines at the bottom: why the selected card is where it is, and keys that work now.
//!
//! A message takes the right part of the keys for as long as it is shown: they
//! are ordered by need, and nothing else on the screen can be spared. One that is
//! too long for that takes their line, and where that is not enough the line above.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::layout::Plan;
use crate::ui::overlay::{Overlay, Seek};
use crate::ui::own;
use crate::ui::rows::Shown;
use crate::ui::state::{Messages, Pane, Pointed, UiState, View};
use crate::ui::text::{Paint, width, wrap};
use crate::ui::theme::Role;

/// Paints the lines at the bottom.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, plan: &Plan) {
    let theme = paint.theme;
    if let Some(status) = plan.status {
        paint.style(status, theme.style(Role::Surface));
        if let Some(text) = reason(state, snapshot) {
            let style = theme.style(Role::Text);
            paint.text(
                status.x + 1,
                status.y,
                status.width.saturating_sub(2),
                &text,
                style,
            );
        }
    }
    let area = plan.footer;
    let right = message(paint, state, plan);
    let left = Rect {
        width: right.saturating_sub(area.x),
        ..area
    };
    keys(paint, state, snapshot, left);
}

/// Columns that a message leaves to the keys, where the screen is wide enough for both.
const FOR_KEYS: u16 = 30;

/// Paints the newest message; returns where the room for keys ends.
fn message(paint: &mut Paint<'_>, state: &UiState, plan: &Plan) -> u16 {
    let area = plan.footer;
    let theme = paint.theme;
    let toasts = &state.messages.toasts;
    for message in toasts.iter().filter(|message| !message.is_error) {
        paint.note(Messages::until(message));
    }
    // What was just done is told first; an error is there again when that has gone.
    let Some(shown) = toasts.last() else {
        return area.right();
    };
    let others = toasts.len() - 1;
    let mut text = shown.text.clone();
    if others > 0 {
        let key = state
            .options
            .keymap
            .label(Command::Messages, theme.glyphs());
        let key = key.map_or_else(String::new, |key| format!(", {key} lists them"));
        text = format!("{text} ({others} older{key})");
    }
    let most = if area.width >= FOR_KEYS * 2 {
        area.width - FOR_KEYS
    } else {
        area.width
    };
    let role = if shown.is_error {
        Role::Failed
    } else {
        Role::Title
    };
    let style = theme.style(Role::Surface).patch(theme.style(role));
    let columns = width(&text).saturating_add(2);
    if columns > most {
        return long_message(paint, &text, plan, style);
    }
    let x = area.right() - columns;
    paint.clear(Rect::new(x, area.y, columns, 1), style);
    paint.text(x + 1, area.y, columns.saturating_sub(2), &text, style);
    x
}

/// Paints a message that is too long to stand beside keys over them, and where that is not
/// enough over both lines; returns where the room for keys ends.
fn long_message(paint: &mut Paint<'_>, text: &str, plan: &Plan, style: Style) -> u16 {
    let area = plan.footer;
    let columns = area.width.saturating_sub(2);
    let above = plan.status.filter(|_| width(text) > columns);
    let rows: Vec<Rect> = above.into_iter().chain([area]).collect();
    for (row, line) in rows.iter().zip(wrap(text, columns, rows.len())) {
        paint.clear(*row, style);
        paint.text(row.x + 1, row.y, columns, line, style);
    }
    area.x
}

/// Returns why the selected card is where it is, or what is wrong with the selected source.
fn reason(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    if state.view == View::Replay {
        return crate::ui::view::replay::reason(state);
    }
    match state.pointed(snapshot) {
        Pointed::Source(source) => {
            let message = source.message.as_ref()?;
            Some(format!("{}: {message}", source.name))
        }
        Pointed::Card(Shown::Item { item, .. }) => Some(format!(
            "in {} because {}",
            state.title(item.placement.stage),
            item.placement.reason
        )),
        Pointed::Card(Shown::Train { train, opened }) => Some(format!(
            "{} changes travel together; enter {} them",
            train.items.len(),
            if opened { "hides" } else { "lists" }
        )),
        Pointed::Nothing => None,
    }
}

fn keys(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, area: Rect) {
    let theme = paint.theme;
    let glyphs = theme.glyphs();
    let mut x = area.x + 1;
    // What does not fit ends the line: the order of the table is that of need.
    let mut put = |paint: &mut Paint<'_>, key: &str, word: &str| {
        let needed = width(key) + 1 + width(word);
        if x + needed > area.right() {
            x = area.right();
            return;
        }
        let end = paint.text(x, area.y, needed, key, theme.style(Role::Key));
        let end = paint.text(end + 1, area.y, width(word), word, theme.style(Role::Dim));
        x = end + 2;
    };
    if let Some(keys) = state.overlays.last().and_then(keys_of) {
        for (key, word) in keys {
            put(paint, key, word);
        }
        return;
    }
    if let Some(label) = crate::ui::update::count::begun(state, glyphs) {
        put(paint, &label, glyphs.ellipsis());
    }
    for command in state.scope().footer() {
        if let Some(key) = state.options.keymap.label(*command, glyphs) {
            put(paint, &key, brief(state, *command));
        }
    }
    for (key, name) in own::keys_here(state, snapshot, paint.now, glyphs) {
        put(paint, &key, name);
    }
}

/// Returns the keys of what has keys of its own; nothing where they are those of commands.
fn keys_of(overlay: &Overlay) -> Option<&'static [(&'static str, &'static str)]> {
    match overlay {
        Overlay::Filter(_) => Some(&[("enter", "keep"), ("esc", "as before"), ("tab", "complete")]),
        Overlay::Help(help) if help.typing => Some(&[("enter", "run"), ("esc", "back")]),
        Overlay::Help(_) => Some(&[("enter", "run"), ("/", "search"), ("esc", "back")]),
        Overlay::Palette(open) if open.seek == Seek::Scope => {
            Some(&[("enter", "measure"), ("esc", "back")])
        }
        Overlay::Palette(_) => Some(&[("enter", "run"), ("esc", "back")]),
        Overlay::Pin(_) => Some(&[("enter", "pin"), ("tab", "how long"), ("esc", "back")]),
        Overlay::Search(_) => Some(&[("enter", "search"), ("esc", "back"), ("up", "the last one")]),
        Overlay::Themes(_) => Some(&[("enter", "use it"), ("esc", "as before")]),
        Overlay::Note(_) => Some(&[("enter", "park"), ("esc", "back")]),
        Overlay::Actions(_) => Some(&[("enter", "ask for it"), ("esc", "back")]),
        Overlay::Own(menu) if menu.output.is_some() => {
            Some(&[("x", "stop"), ("y", "copy"), ("esc", "back")])
        }
        Overlay::Own(_) => Some(&[("enter", "run"), ("x", "stop"), ("esc", "back")]),
        Overlay::Act(_) => Some(&[("y", "do it"), ("n", "no")]),
        Overlay::Confirm(_) => Some(&[("y", "yes"), ("n", "no")]),
        Overlay::Detail(_) | Overlay::Messages(_) => None,
    }
}

fn brief(state: &UiState, command: Command) -> &'static str {
    if command == Command::Close && state.view == View::Board && state.overlays.is_empty() {
        return "quit";
    }
    if command == Command::NextPane && state.view == View::Flow {
        return "page";
    }
    if command == Command::SearchLog && state.triage.pane == Pane::Cards {
        return "filter";
    }
    command.row().brief
}
