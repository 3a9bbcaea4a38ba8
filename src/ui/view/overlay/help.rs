//! The keys, scope by scope: those that work here first; `/` searches, Enter runs.

use ratatui::layout::Rect;

use crate::ui::command::Scope;
use crate::ui::glyphs::Glyphs;
use crate::ui::key_table::{self, Entry};
use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::{Help, Listing, Overlay};
use crate::ui::own;
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;
use crate::ui::update::replay;
use crate::ui::view::overlay::more;

/// Returns what help lists: commands of this place first, narrowed by what was typed.
pub(crate) fn entries(state: &UiState) -> Vec<Entry> {
    let typed = state
        .overlays
        .iter()
        .rev()
        .find_map(|overlay| match overlay {
            Overlay::Help(help) => Some(help.list.input.value().to_lowercase()),
            Overlay::Detail(_)
            | Overlay::Palette(_)
            | Overlay::Filter(_)
            | Overlay::Confirm(_)
            | Overlay::Pin(_)
            | Overlay::Themes(_)
            | Overlay::Search(_)
            | Overlay::Note(_)
            | Overlay::Actions(_)
            | Overlay::Own(_)
            | Overlay::Act(_)
            | Overlay::Messages(_) => None,
        });
    matching(state, &typed.unwrap_or_default(), Glyphs::Unicode)
}

/// Returns where keys are looked up below help.
fn here(state: &UiState) -> Scope {
    if state.detail().is_some() {
        Scope::Detail
    } else {
        state.view.scope()
    }
}

fn matching(state: &UiState, typed: &str, glyphs: Glyphs) -> Vec<Entry> {
    let here = here(state);
    let typed = typed.trim();
    let keymap = &state.options.keymap;
    let mut found = key_table::entries(keymap, glyphs);
    found.extend(own::entries(&state.options.own, keymap, glyphs));
    // A key that means another command here is not named.
    for entry in found.iter_mut().filter(|entry| {
        let is_family = entry.command.column().is_some();
        entry.scope.holds_in(here) && !is_family
    }) {
        entry.keys = keymap.labels_in(here, entry.command, glyphs);
    }
    let is_refused = |entry: &Entry| here == Scope::Replay && replay::LIVE.contains(&entry.command);
    found.retain(|entry| (typed.is_empty() || entry.has(typed)) && !is_refused(entry));
    // What holds here alone is what somebody came for.
    let is_own = |entry: &Entry| here == Scope::Replay && entry.scope == here;
    found.sort_by_key(|entry| (!is_own(entry), !entry.scope.holds_in(here)));
    found
}

/// A line of the list.
enum Line<'a> {
    Heading(String),
    /// A command with the first line of what it does.
    Entry(usize, &'a Entry, &'a str),
    /// A further line of that.
    Rest(usize, &'a str),
}

/// The most lines that one command may take.
const MOST: usize = 3;

fn lines<'a>(state: &UiState, entries: &'a [Entry], columns: u16) -> Vec<Line<'a>> {
    let here = here(state);
    let mut lines = Vec::with_capacity(entries.len() + 6);
    let mut scope = None;
    for (at, entry) in entries.iter().enumerate() {
        if scope != Some(entry.scope) {
            scope = Some(entry.scope);
            let title = entry.scope.title();
            lines.push(Line::Heading(if entry.scope.holds_in(here) {
                title.to_owned()
            } else {
                format!("{title} (not here)")
            }));
        }
        let mut texts = wrap(&entry.help, columns, MOST).into_iter();
        let first = texts.next().unwrap_or_default();
        lines.push(Line::Entry(at, entry, first));
        lines.extend(texts.map(|text| Line::Rest(at, text)));
    }
    lines
}

/// Columns of the box.
const WIDTH: u16 = 84;

/// Columns of the keys.
const KEYS: u16 = 16;

/// Paints help.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    help: &mut Help,
    plan: &Plan,
) {
    let theme = paint.theme;
    let list = &mut help.list;
    let entries = matching(state, &list.input.value().to_lowercase(), theme.glyphs());
    // The box is known once the lines are, and those once its width is: two borders, two gaps.
    let text = middle(plan.body, WIDTH, 8).width.saturating_sub(KEYS + 4);
    let lines = lines(state, &entries, text);
    let area = middle(plan.body, WIDTH, cols(lines.len()).saturating_add(3).max(8));
    let inside = paint.boxed(area, "keys");
    if inside.height < 2 || inside.width < 4 {
        return;
    }
    let columns = inside.width - 2;
    if help.typing || !list.input.value().is_empty() {
        let end = paint.text(inside.x + 1, inside.y, 1, "/", theme.style(Role::Key));
        input_line(
            paint,
            list,
            end,
            inside.y,
            columns - 1,
            "a key, a name, a word",
        );
    } else {
        let text = "/ searches, enter runs the selected command";
        paint.text(
            inside.x + 1,
            inside.y,
            columns,
            text,
            theme.style(Role::Dim),
        );
    }
    let body = crate::ui::layout::rows(inside, 1, inside.height - 1);
    list.cursor = list.cursor.min(entries.len().saturating_sub(1));
    let from = scrolled(list, &lines, usize::from(body.height));
    for (y, line) in (body.top()..body.bottom()).zip(lines.iter().skip(from)) {
        let row = Rect::new(body.x, y, body.width, 1);
        match line {
            Line::Heading(title) => {
                paint.text(row.x + 1, y, columns, title, theme.style(Role::Title));
            }
            Line::Entry(at, entry, text) => {
                paint_entry(paint, (entry, text), row, *at == list.cursor);
            }
            Line::Rest(at, text) => paint_text(paint, text, row, *at == list.cursor),
        }
    }
    if lines.is_empty() {
        let text = "no command is called like that";
        paint.text(body.x + 1, body.y, columns, text, theme.style(Role::Dim));
    }
    more(paint, area, (from, lines.len(), usize::from(body.height)));
}

fn paint_entry(paint: &mut Paint<'_>, (entry, text): (&Entry, &str), row: Rect, selected: bool) {
    let theme = paint.theme;
    if selected {
        paint.style(row, theme.selection());
        paint.text(row.x, row.y, 1, theme.glyphs().cursor(), theme.selection());
    }
    let style = if selected {
        theme.selection()
    } else {
        theme.style(Role::Key)
    };
    let keys = if entry.keys.is_empty() {
        format!(":{}", entry.name)
    } else {
        entry.keys.join("  ")
    };
    paint.text(row.x + 1, row.y, KEYS - 1, &keys, style);
    paint_text(paint, text, row, selected);
}

/// A line of what a command does.
fn paint_text(paint: &mut Paint<'_>, text: &str, row: Rect, selected: bool) {
    let theme = paint.theme;
    let style = if selected {
        paint.style(
            Rect {
                x: row.x + KEYS,
                width: row.width.saturating_sub(KEYS),
                ..row
            },
            theme.selection(),
        );
        theme.selection()
    } else {
        theme.style(Role::Text)
    };
    let columns = row.width.saturating_sub(KEYS + 2);
    paint.text(row.x + 1 + KEYS, row.y, columns, text, style);
}

/// Moves the window so that the cursor is within, its heading too, and returns its first line.
fn scrolled(list: &mut Listing, lines: &[Line<'_>], height: usize) -> usize {
    let is_at = |line: &Line<'_>| matches!(line, Line::Entry(at, ..) if *at == list.cursor);
    let at = lines.iter().position(is_at).unwrap_or_default();
    let above = at.checked_sub(1).and_then(|above| lines.get(above));
    let first = at - usize::from(matches!(above, Some(Line::Heading(_))));
    let is_rest = |line: &&Line<'_>| matches!(line, Line::Rest(..));
    let rests = lines.iter().skip(at + 1).take_while(is_rest).count();
    list.scroll = scroll::turned(list.scroll, at + rests, height, lines.len()).min(first);
    list.scroll
}

/// Moves the window of a list so that its cursor is within, and returns its first line.
pub(super) fn window(list: &mut Listing, lines: usize, height: usize) -> usize {
    list.scroll = scroll::turned(list.scroll, list.cursor, height, lines);
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
