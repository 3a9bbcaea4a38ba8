//! The commands of the stand-up view: whose turn it is, since when, the clock, the parking lot.
//!
//! Turns change here; preparing, keeping and copying are asked of the shell.

use crate::domain::Timestamp;
use crate::domain::standup::moment;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::overlay::{Confirm, NoteLine, Overlay};
use crate::ui::standup::Order;
use crate::ui::state::{StandupPane, UiState};
use crate::ui::text::clock;
use crate::ui::update::undo::{self, Undo};

/// Goes to the next or previous card or person; after the last one asks whether it was held.
pub(crate) fn turn(state: &mut UiState, forward: bool, now: Timestamp) -> Vec<Effect> {
    let standup = &mut state.standup;
    let count = match standup.pane {
        StandupPane::Walk => standup.stops_count(),
        StandupPane::People => standup.turns().len(),
        StandupPane::Lot => standup.parked().len(),
    };
    let at = match standup.pane {
        StandupPane::Walk => &mut standup.at,
        StandupPane::People => &mut standup.person,
        StandupPane::Lot => &mut standup.lot,
    };
    let before = *at;
    if forward {
        *at = before.saturating_add(1).min(count.saturating_sub(1));
    } else {
        *at = before.saturating_sub(1);
    }
    let is_same = *at == before;
    if standup.pane == StandupPane::People && !is_same {
        standup.entry = 0;
    }
    if forward && is_same && standup.pane != StandupPane::Lot && standup.prepared.is_some() {
        return end(state, now);
    }
    Vec::new()
}

/// Asks at the end whether the stand-up was held; where that is known, says so.
fn end(state: &mut UiState, now: Timestamp) -> Vec<Effect> {
    match state.standup.held {
        None => hold(state, now),
        Some(at) => vec![Effect::Toast(format!(
            "that was the last; held at {}",
            told(state, at, now)
        ))],
    }
}

/// Asks whether it is to be remembered that the stand-up was held.
pub(crate) fn hold(state: &mut UiState, now: Timestamp) -> Vec<Effect> {
    if state.standup.prepared.is_none() {
        return vec![Effect::Toast("there is no stand-up yet".to_owned())];
    }
    let mut lines = vec!["the next one looks back to this moment".to_owned()];
    if state.standup.clock.began() {
        let took = clock(state.standup.clock.total(now));
        lines.push(format!("it took {took}"));
    }
    match state.standup.parked().len() {
        0 => {}
        1 => lines.push("1 thing waits in the parking lot".to_owned()),
        count => lines.push(format!("{count} things wait in the parking lot")),
    }
    state.overlays.push(Overlay::Confirm(Confirm {
        title: "remember that the stand-up was held".to_owned(),
        lines,
        yes: vec![Effect::Standup(Order::Hold)],
        opened_at: now,
    }));
    Vec::new()
}

/// Tells a moment on the clock of the team.
fn told(state: &UiState, at: Timestamp, now: Timestamp) -> String {
    let prepared = state.standup.prepared.as_ref();
    prepared.map_or_else(
        || {
            at.with_timezone(&state.options.zone)
                .format("%H:%M")
                .to_string()
        },
        |prepared| moment(at, &prepared.calendar, now),
    )
}

/// Wants all cards in the walk, or leaves out again of what there is nothing to say; elsewhere nothing is left out.
pub(crate) fn quiet_cards(state: &mut UiState) -> Vec<Effect> {
    if state.standup.pane != StandupPane::Walk {
        let key = state.options.keymap.label(Command::ByPerson, Glyphs::Ascii);
        let key = match (state.standup.pane, key) {
            (StandupPane::People, Some(key)) => format!("; {key} goes back to it"),
            (_, _) => String::new(),
        };
        let text = format!("quiet cards are left out of the walk alone{key}");
        return vec![Effect::Toast(text)];
    }
    state.standup.all = !state.standup.all;
    Vec::new()
}

/// Looks back by the next of the usual spans.
pub(crate) fn since(state: &mut UiState) -> Vec<Effect> {
    let span = state.standup.next_span();
    let text = match span {
        "last" => "since the last stand-up".to_owned(),
        "yesterday" => "since yesterday".to_owned(),
        span => format!("since {span} ago"),
    };
    vec![Effect::Toast(text)]
}

/// Shows a part of the view, or the walk where it is shown already.
pub(crate) fn toggle(state: &mut UiState, pane: StandupPane) {
    let shown = &mut state.standup.pane;
    *shown = if *shown == pane {
        StandupPane::Walk
    } else {
        pane
    };
}

/// Shows the next or previous part of the view.
pub(crate) fn neighbour(state: &mut UiState, forward: bool) {
    use StandupPane as P;
    let shown = &mut state.standup.pane;
    *shown = match (*shown, forward) {
        (P::Walk, true) | (P::Lot, false) => P::People,
        (P::People, true) | (P::Walk, false) => P::Lot,
        (P::Lot, true) | (P::People, false) => P::Walk,
    };
}

/// Opens the line in which it is noted what is to be talked about.
pub(crate) fn park(state: &mut UiState) -> Vec<Effect> {
    let Some(card) = state.standup.card() else {
        return vec![Effect::Toast("no card is selected".to_owned())];
    };
    state.overlays.push(Overlay::Note(NoteLine {
        item: card.id,
        key: card.key.to_string(),
        input: tui_input::Input::default(),
    }));
    Vec::new()
}

/// Puts the card aside with the note that was written.
pub(crate) fn parked(state: &mut UiState) -> Vec<Effect> {
    let Some(Overlay::Note(line)) = state.overlays.pop() else {
        return Vec::new();
    };
    let note = line.input.value().trim();
    if note.is_empty() {
        return vec![Effect::Toast("nothing was noted".to_owned())];
    }
    let order = Order::Park(line.item, note.to_owned());
    let key = state
        .options
        .keymap
        .label(Command::ParkingLot, Glyphs::Ascii);
    let key = key.map_or_else(String::new, |key| format!("; {key} lists the parking lot"));
    vec![
        Effect::Standup(order),
        Effect::Toast(format!("{} is parked{key}", line.key)),
    ]
}

/// Takes the mark under the cursor out of the parking lot.
pub(crate) fn settle_mark(state: &mut UiState) -> Vec<Effect> {
    if state.standup.pane != StandupPane::Lot {
        let key = state
            .options
            .keymap
            .label(Command::ParkingLot, Glyphs::Ascii);
        let key = key.map_or_else(String::new, |key| format!("; {key} shows it"));
        return vec![Effect::Toast(format!("this is for the parking lot{key}"))];
    }
    let mark = state.standup.mark().map(|mark| mark.mark.clone());
    match mark {
        Some(mark) => {
            undo::push(state, Undo::Mark(mark.clone()));
            vec![Effect::Standup(Order::Settle(mark))]
        }
        None => vec![Effect::Toast("the parking lot is empty".to_owned())],
    }
}

/// Copies the stand-up as Markdown.
pub(crate) fn copy(state: &UiState) -> Vec<Effect> {
    if state.standup.prepared.is_none() {
        return vec![Effect::Toast("there is no stand-up yet".to_owned())];
    }
    vec![Effect::Standup(Order::Copy(state.standup.by()))]
}
