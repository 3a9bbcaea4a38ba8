//! The filter: writing it, keeping the last good one, completing, history.

use tui_input::Input;

use crate::domain::query::{Query, completions};
use crate::ui::overlay::{FilterLine, Overlay};
use crate::ui::state::UiState;

/// Opens the line in which the filter is written.
pub(crate) fn open(state: &mut UiState) {
    let text = state.filter.query.text().to_owned();
    state.overlays.push(Overlay::Filter(FilterLine {
        input: Input::new(text.clone()),
        before: text,
        ..FilterLine::default()
    }));
}

/// Puts a filter in force; a wrong one changes nothing.
pub(crate) fn apply(state: &mut UiState, text: &str) {
    if let Ok(query) = Query::parse(text) {
        set(state, query);
    }
}

fn set(state: &mut UiState, query: Query) {
    if query.text() == state.filter.query.text() {
        return;
    }
    state.filter.query = query;
    state.touch();
}

/// Takes the text of the line over after it changed.
pub(crate) fn edited(state: &mut UiState) {
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    let text = line.input.value().to_owned();
    line.completions = completions(&text, byte_cursor(&line.input));
    match Query::parse(&text) {
        Ok(query) => {
            line.error = None;
            set(state, query);
        }
        Err(error) => line.error = Some(error),
    }
}

/// Keeps the filter and closes the line; a wrong one stays open, at the place that is wrong.
pub(crate) fn accept(state: &mut UiState) {
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    if let Some(error) = &line.error {
        let upto = line.input.value().get(..error.end).unwrap_or_default();
        let cursor = upto.chars().count();
        line.input = line.input.clone().with_cursor(cursor);
        return;
    }
    let text = line.input.value().trim().to_owned();
    state.overlays.pop();
    if !text.is_empty() {
        state.filter.history.retain(|known| *known != text);
        state.filter.history.push(text);
        if state.filter.history.len() > 50 {
            state.filter.history.remove(0);
        }
    }
}

/// Closes the line and brings the filter from before back.
pub(crate) fn cancel(state: &mut UiState) {
    if let Some(Overlay::Filter(line)) = state.overlays.pop() {
        apply(state, &line.before);
    }
}

/// Goes back (or forth again) in the history.
pub(crate) fn recall(state: &mut UiState, back: bool) {
    let history = state.filter.history.clone();
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    let to = if back {
        (line.history + 1).min(history.len())
    } else {
        line.history.saturating_sub(1)
    };
    line.history = to;
    let text = match to {
        0 => line.before.clone(),
        back => history
            .get(history.len() - back)
            .cloned()
            .unwrap_or_default(),
    };
    line.input = Input::new(text);
    edited(state);
}

/// Completes the word before the cursor with the best of what may follow.
pub(crate) fn complete(state: &mut UiState) {
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    let Some(word) = line.completions.first().cloned() else {
        return;
    };
    let text = line.input.value();
    let (head, tail) = text
        .split_at_checked(byte_cursor(&line.input))
        .unwrap_or((text, ""));
    let begin = head
        .rfind([' ', '(', ')', '-', ':', ',', '<', '>', '='])
        .map_or(0, |at| at + 1);
    let kept = head.get(..begin).unwrap_or_default();
    let completed = format!("{kept}{word}");
    let cursor = completed.chars().count();
    line.input = Input::new(format!("{completed}{tail}")).with_cursor(cursor);
    edited(state);
}

/// Returns the cursor as a byte offset.
pub(crate) fn byte_cursor(input: &Input) -> usize {
    input
        .value()
        .char_indices()
        .nth(input.cursor())
        .map_or(input.value().len(), |(at, _)| at)
}
