//! One card's whole way through the cycle: why it is here, what it waits for,
//! and each piece of evidence with its state, age and page.
//!
//! Here is where it stands on the screen and how it scrolls; what it says is in
//! `content`.

use ratatui::layout::Rect;

use crate::engine::snapshot::Snapshot;
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{Pointed, UiState};
use crate::ui::text::{Paint, cols};
use crate::ui::theme::Role;
use crate::ui::view::overlay::detail::content::Line;

mod content;

/// Paints the detail that is open, or the preview of the selected card.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &mut UiState,
    snapshot: &Snapshot,
    area: Rect,
) {
    let open = state.detail().cloned();
    let shown = match (&open, state.pointed(snapshot)) {
        (Some(detail), _) => state.find(snapshot, &detail.key),
        (None, Pointed::Card(shown)) => Some(shown),
        (None, Pointed::Source(_) | Pointed::Nothing) => None,
    };
    let title = match (&shown, &open) {
        (Some(Shown::Item { item, .. }), _) => snapshot.names().short_key(item).into_owned(),
        (Some(Shown::Train { train, .. }), _) => train.title.to_string(),
        (None, Some(detail)) => match &detail.key {
            RowKey::Item(id) => id.to_string(),
            RowKey::Train(id) => id.to_string(),
        },
        (None, None) => "no card".to_owned(),
    };
    let inside = paint.boxed(area, &title);
    if inside.width < 6 || inside.height == 0 {
        return;
    }
    let beside_facts = inside.width >= TWO_COLUMNS;
    let (facts, columns) = split(inside);
    let cursor = open.as_ref().map(|detail| detail.cursor);
    let lines = match shown {
        Some(Shown::Item { item, .. }) => {
            let mut summary = content::summary(paint, snapshot, state, item, facts.width - 2);
            let mut way = content::way(paint, item, columns.width - 2);
            if beside_facts {
                rows_of(paint, &summary, facts, None);
                way
            } else {
                summary.push(content::plain(paint, ""));
                summary.append(&mut way);
                summary
            }
        }
        Some(Shown::Train { train, .. }) => content::of_train(paint, snapshot.names(), train),
        None if open.is_some() => {
            vec![content::plain(paint, "this card is no longer on the board")]
        }
        None => vec![content::plain(paint, "select a card to see its way so far")],
    };
    let scroll = scrolled(state, &lines, usize::from(columns.height));
    rows_of(
        paint,
        lines.get(scroll..).unwrap_or_default(),
        columns,
        cursor,
    );
    if cursor.is_some() {
        let at = lines.iter().position(|line| Some(line.entry) == cursor);
        let row = at.unwrap_or_default().saturating_sub(scroll);
        paint.cursor_at(columns.x, columns.y + cols(row).min(columns.height - 1));
    }
}

/// From this width on the facts stand beside the way.
const TWO_COLUMNS: u16 = 110;

/// Returns where the facts are and where the way is; the same where they follow one another.
fn split(inside: Rect) -> (Rect, Rect) {
    if inside.width < TWO_COLUMNS {
        return (inside, inside);
    }
    let left = inside.width / 2;
    let facts = Rect {
        width: left,
        ..inside
    };
    let way = Rect::new(
        inside.x + left,
        inside.y,
        inside.width - left,
        inside.height,
    );
    (facts, way)
}

fn rows_of(paint: &mut Paint<'_>, lines: &[Line], area: Rect, cursor: Option<usize>) {
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        let selected = cursor.is_some_and(|cursor| cursor > 0 && cursor == line.entry);
        paint_line(paint, line, Rect::new(area.x, y, area.width, 1), selected);
    }
}

/// Moves the first line so that the cursor is within, and returns it.
fn scrolled(state: &mut UiState, lines: &[Line], height: usize) -> usize {
    let most = lines.len().saturating_sub(height);
    let Some(detail) = state.detail_mut() else {
        let scroll = usize::from(state.board.preview_scroll).min(most);
        state.board.preview_scroll = cols(scroll);
        return scroll;
    };
    let mut scroll = usize::from(detail.scroll);
    if detail.cursor == 0 {
        scroll = 0;
    } else {
        let first = lines.iter().position(|line| line.entry == detail.cursor);
        let last = lines.iter().rposition(|line| line.entry == detail.cursor);
        if let (Some(first), Some(last)) = (first, last) {
            scroll = scroll.min(first).max((last + 1).saturating_sub(height));
        }
    }
    let scroll = scroll.min(most);
    detail.scroll = cols(scroll);
    scroll
}

fn paint_line(paint: &mut Paint<'_>, line: &Line, row: Rect, selected: bool) {
    let theme = paint.theme;
    if selected {
        paint.style(row, theme.selection());
    }
    let pick = |style| if selected { theme.selection() } else { style };
    let x = row.x + 1 + line.indent;
    let right = row.right().saturating_sub(1);
    let room = right.saturating_sub(x);
    let tail = paint.right(x, row.y, room, &line.right, pick(theme.style(Role::Dim)));
    let mut at = x;
    if !line.label.is_empty() {
        at = paint.text(
            x,
            row.y,
            tail.saturating_sub(x),
            &line.label,
            pick(line.label_style),
        ) + 1;
    }
    let left = tail.saturating_sub(at + u16::from(!line.right.is_empty()));
    let end = paint.text(at, row.y, left, &line.text, pick(line.text_style));
    paint.link((at, end), row.y, line.page.as_ref());
}
