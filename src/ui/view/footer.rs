//! The two lines at the bottom: why the selected card is where it is, and keys that work now.

use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::layout::Plan;
use crate::ui::overlay::Overlay;
use crate::ui::rows::Shown;
use crate::ui::state::{UiState, View};
use crate::ui::text::{Paint, width};
use crate::ui::theme::Role;

const BOARD: &[Command] = &[
    Command::Open,
    Command::Filter,
    Command::Help,
    Command::Palette,
    Command::NextUrgent,
    Command::Refresh,
    Command::Close,
    Command::Preview,
    Command::OpenInBrowser,
    Command::CopyUrl,
    Command::ViewSources,
    Command::Overview,
    Command::Sort,
];
const SOURCES: &[Command] = &[
    Command::Refresh,
    Command::RefreshAll,
    Command::OpenInBrowser,
    Command::ViewBoard,
    Command::Palette,
    Command::Help,
    Command::Back,
];
const DETAIL: &[Command] = &[
    Command::Back,
    Command::OpenInBrowser,
    Command::CopyKey,
    Command::CopyUrl,
    Command::Refresh,
    Command::Palette,
    Command::Help,
];
const MESSAGES: &[Command] = &[Command::Back, Command::Top, Command::Bottom];

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
    keys(paint, state, plan);
}

/// Returns why the selected card is where it is.
fn reason(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    if state.view == View::Sources {
        let source = snapshot.sources.get(state.source)?;
        let message = source.message.as_ref()?;
        return Some(format!("{}: {message}", source.name));
    }
    let title = |at: usize| {
        state
            .options
            .columns
            .get(at)
            .map(|column| column.title.as_str())
    };
    match state.selected(snapshot)? {
        Shown::Item { item, .. } => Some(format!(
            "in {} because {}",
            title(state.board.focus)?,
            item.placement.reason
        )),
        Shown::Train { train, opened } => Some(format!(
            "{} changes travel together; enter {} them",
            train.items.len(),
            if opened { "hides" } else { "lists" }
        )),
    }
}

fn keys(paint: &mut Paint<'_>, state: &UiState, plan: &Plan) {
    let area = plan.footer;
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
    let commands = match (state.overlays.last(), state.view) {
        (Some(Overlay::Filter(_)), _) => {
            for (key, word) in [("enter", "keep"), ("esc", "as before"), ("tab", "complete")] {
                put(paint, key, word);
            }
            return;
        }
        (Some(Overlay::Palette(_) | Overlay::Help(_)), _) => {
            for (key, word) in [("enter", "run"), ("esc", "back")] {
                put(paint, key, word);
            }
            return;
        }
        (Some(Overlay::Confirm(_)), _) => {
            for (key, word) in [("y", "yes"), ("n", "no")] {
                put(paint, key, word);
            }
            return;
        }
        (Some(Overlay::Detail(_)), _) => DETAIL,
        (Some(Overlay::Messages(_)), _) => MESSAGES,
        (None, View::Sources) => SOURCES,
        (None, View::Board) => BOARD,
    };
    if !state.pending.is_empty() {
        let label = crate::ui::keymap::sequence_label(&state.pending, glyphs);
        put(paint, &label, glyphs.ellipsis());
    }
    for command in commands {
        if let Some(key) = state.options.keymap.label(*command, glyphs) {
            put(paint, &key, brief(state, *command));
        }
    }
}

fn brief(state: &UiState, command: Command) -> &'static str {
    if command == Command::Close && state.view == View::Board && state.overlays.is_empty() {
        return "quit";
    }
    command.row().brief
}
