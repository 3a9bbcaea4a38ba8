//! The board at a moment of the past: marked as such at the top, drawn otherwise below.
//!
//! Paints the frame that came last; which moment that is, and who stood where, is not decided here.

mod board;
mod detail;
mod head;
mod words;

#[cfg(test)]
mod tests;

use ratatui::layout::Rect;

use crate::domain::placement::because;
use crate::domain::stage::Stage;
use crate::engine::snapshot::Snapshot;
use crate::ui::history::reading;
use crate::ui::layout::Plan;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;
use crate::ui::update::replay::selected;

pub(super) use detail::paint as detail;
pub(crate) use head::slider;
pub(super) use head::{one_line, paint as header};

/// Paints the columns.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, plan: &Plan) {
    let columns: Vec<Stage> = state
        .options
        .columns
        .iter()
        .map(|column| column.stage)
        .collect();
    state.replay.scroll_to(plan, &columns);
    if let Some(text) = nothing(state, snapshot) {
        return say(paint, plan.body, &text);
    }
    board::paint(paint, state, snapshot.names(), plan);
}

/// Returns why there is nothing to show, where there is nothing.
fn nothing(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    let Some(shown) = &state.replay.shown else {
        let text = match (state.recall.trouble, state.replay.ledger.is_some()) {
            (Some(trouble), false) => trouble,
            (None, false) => "history is being read",
            (_, true) => "the past is being put together",
        };
        return Some(text.to_owned());
    };
    if shown.film.replay.range().is_some() {
        return None;
    }
    if let Some(reading) = reading(state, snapshot) {
        return Some(format!(
            "{reading}; it is shown here as soon as it is there"
        ));
    }
    let since = shown.film.replay.ledger().since;
    Some(since.map_or_else(
        || "there is no history yet; it begins with the first look at a source".to_owned(),
        |since| {
            let since = words::when(&shown.film.calendar, since);
            format!("history counts since {since}, and nothing has happened since")
        },
    ))
}

fn say(paint: &mut Paint<'_>, area: Rect, text: &str) {
    let wide = area.width.saturating_sub(2);
    let style = paint.theme.style(Role::Dim);
    for (y, line) in (area.top()..area.bottom()).zip(wrap(text, wide, 3)) {
        paint.text(area.x + 1, y, wide, line, style);
    }
}

/// Returns why the selected card stood where it stood, and what became of it.
pub(super) fn reason(state: &UiState) -> Option<String> {
    let shown = state.replay.shown.as_ref()?;
    let seen = selected(state)?;
    let title = state.title(seen.stood.standing.stage);
    let since = words::when(&shown.film.calendar, seen.stood.at);
    let became = words::became(state, &seen, &shown.film.calendar);
    Some(format!(
        "in {title} since {since} because {}; {became}",
        because(&seen.stood.rule)
    ))
}
