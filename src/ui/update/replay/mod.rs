//! The board of the past by keys and by mouse: steps, days, now, and what cannot be done there.
//!
//! Nothing of the past can be acted on: what would act is refused here, before anything else
//! sees it.

#[cfg(test)]
mod tests;

use ratatui::layout::Position;

use crate::domain::Timestamp;
use crate::domain::history::Seen;
use crate::domain::key::WebUrl;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::layout::Plan;
use crate::ui::state::{UiState, View};
use crate::ui::update::moves;
use crate::ui::view::slider;

/// What acts on what is live, or has no meaning where nothing is live.
pub(crate) const LIVE: [Command; 17] = [
    Command::Actions,
    Command::RerunFailed,
    Command::Pin,
    Command::Undo,
    Command::Refresh,
    Command::RefreshAll,
    Command::Sort,
    Command::Lanes,
    Command::FoldLane,
    Command::FoldLanes,
    Command::MarkCard,
    Command::MarkRange,
    Command::MarkAll,
    Command::Hide,
    Command::Snooze,
    Command::NextUrgent,
    Command::PreviousUrgent,
];

/// What a command does to the board of the past.
type Act = fn(&mut UiState, Timestamp) -> Vec<Effect>;

/// What means something of its own there.
const OWN: [(Command, Act); 13] = [
    (Command::Open, |state, _| open(state)),
    (Command::Detail, |state, _| open(state)),
    (Command::Preview, |state, _| open(state)),
    (Command::PreviewDown, |state, _| scroll(state, true)),
    (Command::PreviewUp, |state, _| scroll(state, false)),
    (Command::OpenInBrowser, |state, _| browse(state)),
    (Command::CopyKey, |state, _| {
        copy(selected(state).map(|seen| seen.life.key.to_string()))
    }),
    (Command::CopyUrl, |state, _| {
        copy(page(state).map(|url| url.as_str().to_owned()))
    }),
    (Command::Earlier, earlier),
    (Command::Later, |state, _| later(state)),
    (Command::DayEarlier, day_earlier),
    (Command::DayLater, |state, _| day_later(state)),
    (Command::Now, |state, _| back_to_now(state)),
];

/// Carries a command out that means something of its own in the past, or nothing at all; returns
/// `None` for the others.
pub(crate) fn command(
    state: &mut UiState,
    command: Command,
    now: Timestamp,
) -> Option<Vec<Effect>> {
    if state.view != View::Replay {
        return None;
    }
    if LIVE.contains(&command) || matches!(command, Command::Own(_)) {
        return Some(refuse(state, command));
    }
    if !state.overlays.is_empty() {
        return None;
    }
    let mut own = OWN.iter();
    let (_, act) = own.find(|(own, _)| *own == command)?;
    Some(act(state, now))
}

fn toast(text: impl Into<String>) -> Vec<Effect> {
    vec![Effect::Toast(text.into())]
}

/// Says why a command does nothing here, and the way to where it does.
fn refuse(state: &UiState, command: Command) -> Vec<Effect> {
    let keymap = &state.options.keymap;
    let back = keymap.label(Command::Back, Glyphs::Ascii);
    let back = back.map_or_else(String::new, |key| format!("; {key} leaves it"));
    let name = if matches!(command, Command::Own(_)) {
        crate::ui::own::name(&state.options, command)
    } else {
        command.row().brief
    };
    toast(format!("no `{name}` in the past{back}"))
}

/// Returns the selected card.
pub(crate) fn selected(state: &UiState) -> Option<Seen<'_>> {
    let focus = state.board.focus;
    state.replay.selected(state.stage(focus)?, focus)
}

fn page(state: &UiState) -> Option<WebUrl> {
    selected(state)?.life.url.clone()
}

fn browse(state: &UiState) -> Vec<Effect> {
    page(state).map_or_else(|| toast("it has no page"), |url| vec![Effect::OpenUrl(url)])
}

fn copy(text: Option<String>) -> Vec<Effect> {
    text.map_or_else(
        || toast("there is nothing to copy"),
        |text| vec![Effect::Copy(text)],
    )
}

/// Tells the selected card from beginning to end, or no longer.
fn open(state: &mut UiState) -> Vec<Effect> {
    if !state.replay.open && selected(state).is_none() {
        return toast("no card is selected");
    }
    state.replay.open = !state.replay.open;
    state.replay.scroll = 0;
    moves::keep_window(state);
    Vec::new()
}

fn scroll(state: &mut UiState, down: bool) -> Vec<Effect> {
    let scroll = &mut state.replay.scroll;
    *scroll = if down {
        scroll.saturating_add(1)
    } else {
        scroll.saturating_sub(1)
    };
    Vec::new()
}

/// Closes what lies over the board; returns whether anything did.
pub(crate) fn back(state: &mut UiState) -> bool {
    let was_open = std::mem::take(&mut state.replay.open);
    if was_open {
        moves::keep_window(state);
    }
    was_open
}

const NOTHING_YET: &str = "history is not read yet";

/// Goes to when something happened last before the moment that is looked at.
fn earlier(state: &mut UiState, now: Timestamp) -> Vec<Effect> {
    let Some(shown) = &state.replay.shown else {
        return toast(NOTHING_YET);
    };
    let from = state.replay.at.unwrap_or(now);
    match shown.film.replay.step_before(from) {
        Some(at) => state.replay.at = Some(at),
        None => return toast("nothing happened before that history knows"),
    }
    Vec::new()
}

/// Goes to when something happened next; after the last time, to now.
fn later(state: &mut UiState) -> Vec<Effect> {
    let Some(shown) = &state.replay.shown else {
        return toast(NOTHING_YET);
    };
    let Some(from) = state.replay.at else {
        return toast("this is now");
    };
    state.replay.at = shown.film.replay.step_after(from);
    Vec::new()
}

fn day_earlier(state: &mut UiState, now: Timestamp) -> Vec<Effect> {
    let Some(shown) = &state.replay.shown else {
        return toast(NOTHING_YET);
    };
    let film = &shown.film;
    let from = state.replay.at.unwrap_or(now);
    match film.replay.day_before(from, &film.calendar) {
        Some(at) => state.replay.at = Some(at),
        None => return toast("nothing happened before that history knows"),
    }
    Vec::new()
}

fn day_later(state: &mut UiState) -> Vec<Effect> {
    let Some(shown) = &state.replay.shown else {
        return toast(NOTHING_YET);
    };
    let Some(from) = state.replay.at else {
        return toast("this is now");
    };
    let film = &shown.film;
    state.replay.at = film.replay.day_after(from, &film.calendar, film.made_at);
    Vec::new()
}

fn back_to_now(state: &mut UiState) -> Vec<Effect> {
    if state.replay.at.take().is_none() {
        return toast("this is now");
    }
    Vec::new()
}

/// Takes a click: on the line of time it goes to that moment, on a card it selects it; returns
/// whether the same place asks to open it, too.
pub(crate) fn click(state: &mut UiState, plan: &Plan, place: Position) -> bool {
    if let Some(at) = slider(state, plan.header).and_then(|slider| slider.moment(place)) {
        let ends = state.replay.shown.as_ref().map(|shown| shown.film.made_at);
        state.replay.at = Some(at).filter(|at| ends.is_none_or(|ends| *at < ends));
        return false;
    }
    let Some((column, line)) = plan.at(place.x, place.y).filter(|_| !plan.covered) else {
        return false;
    };
    moves::focus(state, column);
    let count = state
        .stage(column)
        .map_or(0, |stage| state.replay.cards(stage).len());
    let (Some(line), Some(cursor)) = (line, state.replay.cursor_mut(column)) else {
        return false;
    };
    let at = cursor.offset + line;
    if at >= count {
        return false;
    }
    cursor.at = at;
    true
}
