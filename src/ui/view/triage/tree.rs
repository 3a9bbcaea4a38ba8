//! The middle: run, jobs and steps, tests, and why it is red.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::snapshot::Snapshot;
use crate::ui::scroll;
use crate::ui::state::{Pane, UiState};
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;
use crate::ui::tree::{TreeKind, TreeLine};
use crate::ui::update::triage as logic;

/// Lines that one sentence may take.
const MOST: usize = 6;

/// Returns the heading.
pub(super) fn title(state: &UiState, snapshot: &Snapshot) -> String {
    logic::card(state, snapshot).map_or_else(String::new, |card| {
        let repo = Some(&card.triage.repo);
        let key = snapshot.names().full(&card.triage.key, repo);
        key.into_owned()
    })
}

/// Paints the lines; sentences go on below where they do not fit.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, area: Rect) {
    let lines = logic::tree_lines(state, snapshot, paint.now);
    let at = state.triage.tree.min(lines.len().saturating_sub(1));
    state.triage.tree = at;
    let first = &mut state.triage.tree_offset;
    *first = scroll::turned(*first, at, usize::from(area.height), lines.len());
    // Sentences take more than one line: what is above gives way to the selected one.
    let heights = |from: usize| -> usize {
        let to = lines.iter().take(at + 1).skip(from);
        to.map(|line| height(line, area.width)).sum()
    };
    while *first < at && heights(*first) > usize::from(area.height) {
        *first += 1;
    }
    let focused = state.triage.pane == Pane::Tree;
    let mut y = area.y;
    state.triage.tree_rows.clear();
    for (nth, line) in lines.iter().enumerate().skip(state.triage.tree_offset) {
        if y >= area.bottom() {
            break;
        }
        let rest = Rect {
            y,
            height: area.bottom() - y,
            ..area
        };
        let took = one(paint, line, rest, nth == at && focused);
        let rows = std::iter::repeat_n(nth, usize::from(took));
        state.triage.tree_rows.extend(rows);
        y += took;
    }
}

/// Columns before the text of a line.
fn lead(line: &TreeLine) -> u16 {
    1 + line.indent * 2 + if line.severity.is_some() { 2 } else { 0 }
}

fn height(line: &TreeLine, columns: u16) -> usize {
    if line.is_sentence {
        wrap(&line.text, columns.saturating_sub(lead(line)), MOST)
            .len()
            .max(1)
    } else {
        1
    }
}

/// Paints one line; returns how many rows it took.
fn one(paint: &mut Paint<'_>, line: &TreeLine, area: Rect, selected: bool) -> u16 {
    let theme = paint.theme;
    let columns = area.width.saturating_sub(lead(line));
    let texts = if line.is_sentence {
        wrap(&line.text, columns, MOST)
    } else {
        vec![line.text.as_str()]
    };
    let height = cols(texts.len()).clamp(1, area.height.max(1));
    let place = Rect { height, ..area };
    if selected {
        paint.style(place, theme.selection());
        paint.text(
            area.x,
            area.y,
            1,
            theme.glyphs().cursor(),
            theme.selection(),
        );
        paint.cursor_at(area.x, area.y);
    }
    let pick = |style: Style| if selected { theme.selection() } else { style };
    let mut x = area.x + 1 + line.indent * 2;
    if let Some(severity) = line.severity {
        let mark = theme.glyphs().severity(severity);
        let left = area.right().saturating_sub(x);
        paint.text(x, area.y, left.min(1), mark, pick(theme.severity(severity)));
        x += 2;
    }
    let noted = width(&line.note);
    let tail = if line.note.is_empty() || line.is_sentence {
        area.right()
    } else {
        // The name is worth more than the note: it keeps a third of the line.
        let room = area.right().saturating_sub(x);
        let room = (room * 2 / 3).min(noted);
        let from = area.right().saturating_sub(room + 1);
        paint.text(from, area.y, room, &line.note, pick(theme.style(Role::Dim)));
        from.saturating_sub(1)
    };
    let style = pick(theme.style(role(line.kind)));
    for (y, text) in (place.top()..place.bottom()).zip(&texts) {
        paint.text(x, y, tail.saturating_sub(x), text, style);
    }
    height
}

fn role(kind: TreeKind) -> Role {
    match kind {
        TreeKind::Heading => Role::Title,
        TreeKind::Step(..) => Role::Dim,
        TreeKind::Text
        | TreeKind::Attempt(_)
        | TreeKind::Job(..)
        | TreeKind::Error
        | TreeKind::Test(_) => Role::Text,
    }
}
