//! Terminal events to commands, or to text where text is being written.
//!
//! Pasted text never runs as commands, and a mouse position is checked against the screen.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind};
use tui_input::InputRequest;

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::keymap::{Keymap, Match};
use crate::ui::overlay::{Action, Entry, Help, Listing, Overlay};
use crate::ui::rest::Cursor;
use crate::ui::state::{UiState, View};
use crate::ui::update::moves::Motion;
use crate::ui::update::{count, filter, palette, pin, settle, themes, update};
use crate::ui::view::help_lines;
use crate::ui::{own, wall};

mod ahead;
mod asks;
mod held;
mod idle;
mod mouse;
mod paste;

#[cfg(test)]
mod tests;

pub use ahead::catch_up;

/// Takes one event of the terminal.
pub fn on_event(
    state: &mut UiState,
    keymap: &Keymap,
    event: &Event,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    state.refresh(snapshot, now);
    if let Some(effects) = wall::on_event(state, event, now) {
        return effects;
    }
    if matches!(event, Event::Key(key) if key.kind != KeyEventKind::Release) {
        idle::pressed(state, now);
    }
    let before = Cursor::of(state);
    let mut effects = match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            on_key(state, keymap, Chord::of(key), snapshot, now)
        }
        Event::Key(_) => Vec::new(),
        Event::Mouse(mouse) => mouse::on_mouse(state, *mouse, snapshot, now),
        Event::Paste(text) => paste::paste(state, text, snapshot),
        Event::Resize(width, height) => {
            state.size = if *width == 0 || *height == 0 {
                (80, 24)
            } else {
                (*width, *height)
            };
            Vec::new()
        }
        Event::FocusGained => vec![Effect::Focus(true)],
        Event::FocusLost => vec![Effect::Focus(false)],
    };
    state.refresh(snapshot, now);
    effects.extend(settle(state, snapshot, now));
    let after = Cursor::of(state);
    state.rest.after(event, (&before, &after), now);
    effects
}

fn on_key(
    state: &mut UiState,
    keymap: &Keymap,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    // The way out works everywhere, whatever a configuration says.
    if chord.is_ctrl('c') {
        return vec![Effect::Quit];
    }
    if held::is_held(state, chord, now) {
        return Vec::new();
    }
    if let Some(told) = ahead::keep(state, keymap, chord) {
        return told;
    }
    match state.overlays.last() {
        Some(Overlay::Filter(_)) => in_filter(state, chord, snapshot),
        Some(Overlay::Help(_)) => return in_help(state, keymap, chord, snapshot, now),
        Some(Overlay::Palette(_)) => return in_palette(state, chord, snapshot, now),
        Some(Overlay::Confirm(_)) => {
            let effects = in_confirm(state, chord, now);
            held::note_answer(state, chord, now);
            return effects;
        }
        Some(Overlay::Pin(_)) => return in_pin(state, chord),
        Some(Overlay::Themes(_)) => return themes::on_key(state, chord),
        Some(Overlay::Search(_)) => return asks::in_search(state, chord),
        Some(Overlay::Note(_)) => return asks::in_note(state, chord),
        Some(Overlay::Actions(_)) => return asks::in_actions(state, chord, snapshot, now),
        Some(Overlay::Own(_)) => return own::menu_key(state, chord, snapshot, now),
        Some(Overlay::Act(_)) => {
            let effects = asks::in_act(state, chord, snapshot, now);
            held::note_answer(state, chord, now);
            return effects;
        }
        Some(Overlay::Detail(_) | Overlay::Messages(_)) | None => {
            return by_keymap(state, keymap, chord, snapshot, now);
        }
    }
    Vec::new()
}

fn by_keymap(
    state: &mut UiState,
    keymap: &Keymap,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let has_begun = !state.pending.is_empty() || state.count.is_some();
    if has_begun && chord.is(KeyCode::Esc) {
        state.pending.clear();
        state.count = None;
        return Vec::new();
    }
    let digit = chord.character().and_then(|c| c.to_digit(10));
    if let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok())
        && state.pending.is_empty()
        && count::digit(state, digit, keymap.counts_in(state.scope()))
    {
        return Vec::new();
    }
    state.pending.push(chord);
    state.pending_since = now;
    match keymap.lookup(state.scope(), &state.pending) {
        Match::Prefix => Vec::new(),
        Match::Nothing => {
            let pressed = std::mem::take(&mut state.pending);
            state.count = None;
            walk_on(state, keymap, &pressed, snapshot, now)
        }
        Match::Command(command) => {
            state.pending.clear();
            idle::goes_on(state, command, now);
            count::update_counted(state, command, snapshot, now)
        }
    }
}

/// From the detail of a card on the board, the walk from problem to problem goes on.
fn walk_on(
    state: &mut UiState,
    keymap: &Keymap,
    pressed: &[Chord],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let in_detail = matches!(state.overlays[..], [Overlay::Detail(_)]);
    let board = View::Board;
    if let Some(told) = own::elsewhere(state, keymap, pressed, snapshot, now) {
        return vec![told];
    }
    if !in_detail || state.view != board {
        return idle::told(state, keymap, pressed, now);
    }
    match keymap.lookup(board.scope(), pressed) {
        Match::Command(command @ (Command::NextUrgent | Command::PreviousUrgent)) => {
            state.overlays.clear();
            state.goes_on(now);
            update(state, command, snapshot, now)
        }
        Match::Command(_) | Match::Prefix | Match::Nothing => {
            idle::told(state, keymap, pressed, now)
        }
    }
}

fn in_filter(state: &mut UiState, chord: Chord, snapshot: &Snapshot) {
    if chord.is(KeyCode::Enter) {
        filter::accept(state);
    } else if chord.is(KeyCode::Esc) {
        filter::cancel(state);
    } else if chord.is(KeyCode::Up) {
        filter::recall(state, snapshot, true);
    } else if chord.is(KeyCode::Down) {
        filter::recall(state, snapshot, false);
    } else if chord.is(KeyCode::Tab) {
        filter::complete(state, snapshot);
    } else if let (Some(request), Some(Overlay::Filter(line))) =
        (edit_of(chord), state.overlays.last_mut())
        && line
            .input
            .handle(request)
            .is_some_and(|changed| changed.value)
    {
        filter::edited(state, snapshot);
    }
}

fn in_palette(
    state: &mut UiState,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    if chord.is(KeyCode::Enter) {
        return palette::accept(state, snapshot, now);
    }
    if chord.is(KeyCode::Esc) {
        state.overlays.pop();
    } else if chord.is(KeyCode::Tab) {
        take_over(state, snapshot);
    } else if recalls(state, chord) {
        palette::recall(state, snapshot, chord.is(KeyCode::Up));
    } else if let Some(Overlay::Palette(open)) = state.overlays.last_mut() {
        let count = open.entries.len();
        if in_list(&mut open.list, chord, count) {
            open.recalled = 0;
            palette::edited(state, snapshot);
        }
    }
    Vec::new()
}

/// Returns whether a key goes through what was run before: up from the first line, and down again.
fn recalls(state: &UiState, chord: Chord) -> bool {
    let Some(Overlay::Palette(open)) = state.overlays.last() else {
        return false;
    };
    let is_first = open.list.cursor == 0;
    let up = chord.is(KeyCode::Up) && open.recalled < state.said.len();
    let down = chord.is(KeyCode::Down) && open.recalled > 0;
    is_first && (up || down)
}

/// Completes what was typed to the selected line.
fn take_over(state: &mut UiState, snapshot: &Snapshot) {
    let Some(Overlay::Palette(open)) = state.overlays.last_mut() else {
        return;
    };
    let Some(Entry { text, action, .. }) = open.entries.get(open.list.cursor) else {
        return;
    };
    if !matches!(action, Action::Go(_)) {
        let space = if matches!(action, Action::Write(_)) {
            " "
        } else {
            ""
        };
        open.list.input = tui_input::Input::new(format!("{text}{space}"));
        palette::edited(state, snapshot);
    }
}

fn in_help(
    state: &mut UiState,
    keymap: &Keymap,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let entries = help_lines(state);
    let Some(Overlay::Help(help)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let searched = !help.list.input.value().is_empty();
    if chord.is(KeyCode::Enter) {
        let command = entries.get(help.list.cursor).map(|entry| entry.command);
        state.overlays.pop();
        return command.map_or_else(Vec::new, |command| update(state, command, snapshot, now));
    }
    if chord.is(KeyCode::Esc) && (help.typing || searched) {
        *help = Help::default();
    } else if help.typing {
        if in_list(&mut help.list, chord, entries.len()) {
            (help.list.cursor, help.list.scroll) = (0, 0);
        }
    } else if chord.character() == Some('/') {
        help.typing = true;
    } else {
        return by_keymap(state, keymap, chord, snapshot, now);
    }
    Vec::new()
}

/// Moves in a list, or changes what narrows it; returns whether that changed.
fn in_list(list: &mut Listing, chord: Chord, count: usize) -> bool {
    let steps = [
        (chord.is(KeyCode::Up) || chord.is_ctrl('p'), Motion::Up),
        (chord.is(KeyCode::Down) || chord.is_ctrl('n'), Motion::Down),
        (chord.is(KeyCode::PageUp), Motion::PageUp),
        (chord.is(KeyCode::PageDown), Motion::PageDown),
    ];
    if let Some((_, motion)) = steps.into_iter().find(|(pressed, _)| *pressed) {
        list.cursor = motion.from(list.cursor, count, 10);
        return false;
    }
    edit_of(chord)
        .and_then(|request| list.input.handle(request))
        .is_some_and(|changed| changed.value)
}

fn in_confirm(state: &mut UiState, chord: Chord, now: Timestamp) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = state.overlays.last() else {
        return Vec::new();
    };
    // Keys that were typed before the question was on the screen are no answer.
    if !confirm.listens(now) {
        return Vec::new();
    }
    let yes = confirm.yes.clone();
    let no = [KeyCode::Esc, KeyCode::Enter]
        .into_iter()
        .any(|code| chord.is(code));
    match chord.character() {
        Some('y' | 'Y') => {
            state.overlays.pop();
            yes
        }
        Some('n' | 'N' | 'q') => {
            state.overlays.pop();
            Vec::new()
        }
        Some(_) | None => {
            if no {
                state.overlays.pop();
            }
            Vec::new()
        }
    }
}

fn in_pin(state: &mut UiState, chord: Chord) -> Vec<Effect> {
    let columns = state.options.columns.len();
    let Some(Overlay::Pin(menu)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let lines = columns + usize::from(menu.pinned);
    let digit = chord.character().and_then(|c| c.to_digit(10));
    let number = digit.and_then(|digit| usize::try_from(digit).ok());
    let step = match (chord.code(), chord.character()) {
        (KeyCode::Up, _) | (_, Some('k')) => Some(Motion::Up),
        (KeyCode::Down, _) | (_, Some('j')) => Some(Motion::Down),
        _ => None,
    };
    if let Some(motion) = step {
        menu.cursor = motion.from(menu.cursor, lines, 1);
    } else if chord.is(KeyCode::Enter) {
        let line = menu.cursor;
        return pin::choose(state, line);
    } else if let Some(number) = number.filter(|number| *number <= columns) {
        return pin::choose(state, number.checked_sub(1).unwrap_or(columns));
    } else if chord.is(KeyCode::Tab) {
        // Without knowing where the table has the card, only a pin for good can be told.
        menu.for_good = !menu.for_good || !menu.may_move();
    } else if chord.is(KeyCode::Esc) || matches!(chord.character(), Some('q' | 'P')) {
        state.overlays.pop();
    }
    Vec::new()
}

/// Returns what a key does to a text that is being written.
fn edit_of(chord: Chord) -> Option<InputRequest> {
    use InputRequest as Edit;
    if let Some(c) = chord.character() {
        return (!c.is_control()).then_some(Edit::InsertChar(c));
    }
    let with_ctrl = [
        ('a', Edit::GoToStart),
        ('e', Edit::GoToEnd),
        ('b', Edit::GoToPrevChar),
        ('f', Edit::GoToNextChar),
        ('w', Edit::DeletePrevWord),
        ('u', Edit::DeleteFromStart),
        ('k', Edit::DeleteTillEnd),
        ('y', Edit::Yank),
        ('d', Edit::DeleteNextChar),
        ('h', Edit::DeletePrevChar),
    ];
    let plain = [
        (KeyCode::Backspace, Edit::DeletePrevChar),
        (KeyCode::Delete, Edit::DeleteNextChar),
        (KeyCode::Left, Edit::GoToPrevChar),
        (KeyCode::Right, Edit::GoToNextChar),
        (KeyCode::Home, Edit::GoToStart),
        (KeyCode::End, Edit::GoToEnd),
    ];
    let by_ctrl = with_ctrl
        .into_iter()
        .find(|(letter, _)| chord.is_ctrl(*letter));
    let by_code = plain.into_iter().find(|(code, _)| chord.is(*code));
    by_ctrl
        .map(|(_, edit)| edit)
        .or(by_code.map(|(_, edit)| edit))
}
