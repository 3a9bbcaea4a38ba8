//! The stand-up: the walk, a person, or the parking lot, below who has how long.
//!
//! Paints what was prepared; while there is nothing yet, says what is waited for.

mod head;
mod lot;
mod page;
mod people;
mod walk;

#[cfg(test)]
mod tests;

use ratatui::layout::Rect;

use crate::domain::standup::{Known, moment};
use crate::engine::snapshot::Snapshot;
use crate::ui::history::reading;
use crate::ui::layout::rows;
use crate::ui::state::{StandupPane, UiState};
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;

/// Paints the view.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, area: Rect) {
    let below = head::paint(paint, state, area);
    let below = remark(paint, state, snapshot, below);
    if let Some(due) = crate::ui::standup::due(state, snapshot) {
        paint.note(due);
    }
    if state.standup.prepared.is_none() {
        let text = if state.history.is_none() && state.recall.trouble.is_none() {
            "history is being read"
        } else {
            "the stand-up is being prepared"
        };
        say(paint, below, text);
        return;
    }
    match state.standup.pane {
        StandupPane::Walk => walk::paint(paint, state, below),
        StandupPane::People => people::paint(paint, state, below),
        StandupPane::Lot => lot::paint(paint, state, below),
    }
}

/// Returns the part that shows one card of the walk, or one person.
pub(super) fn large(state: &UiState, snapshot: &Snapshot, area: Rect) -> Option<Rect> {
    let below = head::below(area);
    let said = remarked(state, snapshot, below).is_some();
    match state.standup.pane {
        StandupPane::Walk | StandupPane::People => Some(rest(below, said)),
        StandupPane::Lot => None,
    }
}

/// Returns what is left below a remark.
fn rest(area: Rect, said: bool) -> Rect {
    if said {
        rows(area, 1, area.height - 1)
    } else {
        area
    }
}

/// Says something in place of what there is not.
fn say(paint: &mut Paint<'_>, area: Rect, text: &str) {
    let wide = area.width.saturating_sub(2);
    let style = paint.theme.style(Role::Dim);
    for (y, line) in (area.top()..area.bottom()).zip(wrap(text, wide, 3)) {
        paint.text(area.x + 1, y, wide, line, style);
    }
}

/// Says how far what is told can be relied on, where it cannot wholly; returns what is left.
fn remark(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, area: Rect) -> Rect {
    let text = remarked(state, snapshot, area);
    if let Some(text) = &text {
        let style = paint.theme.style(Role::Stale);
        let wide = area.width.saturating_sub(2);
        paint.text(area.x + 1, area.y, wide, text, style);
    }
    rest(area, text.is_some())
}

fn remarked(state: &UiState, snapshot: &Snapshot, area: Rect) -> Option<String> {
    let prepared = state.standup.prepared.as_ref();
    let known = prepared.map(|it| (it.standup.known, it));
    let text = match (state.recall.trouble, known) {
        (Some(trouble), _) => Some(format!(
            "{trouble}: only what cards say of themselves is told"
        )),
        (None, Some((Known::From(begun), it))) => {
            let begun = moment(begun, &it.calendar, it.standup.now);
            let reading = reading(state, snapshot);
            let reading = reading.map_or_else(String::new, |reading| format!(": {reading}"));
            Some(format!("history counts since {begun} only{reading}"))
        }
        (None, Some((Known::Nothing, _))) => {
            let why = reading(state, snapshot);
            let why = why.unwrap_or_else(|| "there is no history yet".to_owned());
            Some(format!("{why}: only what cards say of themselves is told"))
        }
        (None, Some((Known::Whole(_), _)) | None) => None,
    };
    text.filter(|_| area.height > 2)
}
