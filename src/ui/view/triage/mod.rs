//! The triage view: red cards, run and jobs, log; side by side or one at a time.

use ratatui::layout::Rect;

use crate::engine::snapshot::Snapshot;
use crate::ui::layout::rows;
use crate::ui::panes::Panes;
use crate::ui::state::{Pane, UiState};
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;
use crate::ui::view::empty;

mod cards;
mod line;
mod log;
mod tree;

#[cfg(test)]
mod tests;

/// Paints the view.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, area: Rect) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    if snapshot.triage.cards.is_empty() && state.triage.listed.len() == 0 {
        nothing(paint, state, snapshot, area);
        return;
    }
    let panes = Panes::new(area, state.triage.pane);
    dividers(paint, &panes, area);
    if let Some(area) = panes.cards {
        head(
            paint,
            state,
            &panes,
            Pane::Cards,
            area,
            &cards::title(state, snapshot),
        );
        cards::paint(paint, state, snapshot, below(area));
    }
    if let Some(area) = panes.tree {
        head(
            paint,
            state,
            &panes,
            Pane::Tree,
            area,
            &tree::title(state, snapshot),
        );
        tree::paint(paint, state, snapshot, below(area));
    }
    if let Some(area) = panes.log {
        let title = log::title(paint, state, snapshot);
        head(paint, state, &panes, Pane::Log, area, &title);
        log::paint(paint, state, snapshot, below(area));
    }
}

fn below(area: Rect) -> Rect {
    rows(area, 1, area.height.saturating_sub(1))
}

fn nothing(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, area: Rect) {
    let red = state.rows.red;
    let unknown = empty::unknown(state, snapshot);
    let text = match (&unknown, snapshot.partial, red) {
        (Some(why), ..) => why,
        (None, true, _) => "not every source has answered yet",
        (None, false, 0) => "no card is red",
        (None, false, _) => "red cards are on the board, but no failed run of theirs is known",
    };
    let columns = area.width.saturating_sub(2);
    let style = paint.theme.style(Role::Text);
    for (y, line) in (area.top()..area.bottom()).zip(wrap(text, columns, 3)) {
        paint.text(area.x + 1, y, columns, line, style);
    }
}

/// The heading of a part; where one is shown at a time, the way to it.
fn head(
    paint: &mut Paint<'_>,
    state: &UiState,
    panes: &Panes,
    pane: Pane,
    area: Rect,
    title: &str,
) {
    let theme = paint.theme;
    let focused = state.triage.pane == pane;
    let row = rows(area, 0, 1);
    paint.style(row, theme.style(Role::Surface));
    let style = if focused {
        theme.style(Role::Accent)
    } else {
        theme.style(Role::Title)
    };
    let mut x = row.x;
    if panes.alone {
        for before in Pane::ALL.into_iter().take_while(|before| *before != pane) {
            let word = match before {
                Pane::Cards => "red",
                Pane::Tree => "run",
                Pane::Log => "log",
            };
            let text = format!("{word} {} ", theme.glyphs().closed());
            let left = row.right().saturating_sub(x);
            x = paint.text(x, row.y, left, &text, theme.style(Role::Dim));
        }
    } else {
        let mark = if focused {
            theme.glyphs().cursor()
        } else {
            " "
        };
        x = paint.text(x, row.y, 1, mark, style);
    }
    let left = row.right().saturating_sub(x);
    paint.text(x, row.y, left, title, style);
}

fn dividers(paint: &mut Paint<'_>, panes: &Panes, area: Rect) {
    let style = paint.theme.style(Role::Border);
    let mark = paint.theme.glyphs().divider();
    for pane in [panes.tree, panes.log].into_iter().flatten() {
        if let Some(x) = pane.x.checked_sub(1).filter(|x| *x >= area.x) {
            paint.line(Rect::new(x, area.y, 1, area.height), mark, style);
        }
    }
}
