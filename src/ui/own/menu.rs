//! The list of the user's own commands with those that run or ran, and what one printed: its keys.

use ratatui::crossterm::event::KeyCode;

use super::{OwnMenu, Pane, start};
use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::state::UiState;
use crate::ui::update::moves::Motion;

/// Columns by which long lines are scrolled.
const SIDEWAYS: u16 = 8;

/// A line of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    /// A command, by its place in the configuration.
    Command(usize),
    /// A time that one ran.
    Errand(u64),
}

/// Returns the lines of the list: the commands, then what runs or ran, the newest first.
pub(crate) fn lines(state: &UiState) -> Vec<Line> {
    let commands = (0..state.options.own.len()).map(Line::Command);
    let errands = state.own.errands.iter().rev();
    commands
        .chain(errands.map(|errand| Line::Errand(errand.id)))
        .collect()
}

/// Opens the list.
pub(crate) fn open(state: &mut UiState) -> Vec<Effect> {
    if state.options.own.is_empty() {
        let text = "you have no commands of your own; `[[command]]` in the configuration makes one";
        return vec![Effect::Toast(text.to_owned())];
    }
    // What was just told of is what is meant.
    let unseen = state.own.unseen.take();
    let unseen = unseen.filter(|id| state.own.find(*id).is_some());
    let lines = lines(state);
    let is_it = |line: &Line| unseen.is_some_and(|id| *line == Line::Errand(id));
    state.overlays.push(Overlay::Own(OwnMenu {
        cursor: lines.iter().position(is_it).unwrap_or_default(),
        output: unseen.map(|id| Pane::of(id, false)),
        ..OwnMenu::default()
    }));
    Vec::new()
}

/// Takes a key in the list or in what was printed.
pub(crate) fn key(
    state: &mut UiState,
    chord: Chord,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let lines = lines(state);
    let Some(Overlay::Own(menu)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    if menu.output.is_some() {
        return in_output(state, chord);
    }
    if let Some(motion) = motion(chord) {
        menu.cursor = motion.from(menu.cursor, lines.len(), 10);
        return Vec::new();
    }
    let line = lines.get(menu.cursor).copied();
    if chord.is(KeyCode::Enter) {
        match line {
            Some(Line::Command(at)) => {
                state.overlays.pop();
                return start(state, snapshot, at, now);
            }
            Some(Line::Errand(id)) => {
                menu.output = Some(Pane::of(id, true));
                state.own.unseen.take_if(|unseen| *unseen == id);
            }
            None => {}
        }
    } else if chord.is(KeyCode::Esc) || matches!(chord.character(), Some('q' | '!')) {
        state.overlays.pop();
    } else if chord.character() == Some('x') {
        return match line {
            Some(Line::Errand(id)) => stop(state, id),
            Some(Line::Command(_)) | None => vec![Effect::Toast(
                "nothing runs in this line; `x` stops one that runs".to_owned(),
            )],
        };
    }
    Vec::new()
}

/// Takes a key where what a command printed is shown.
fn in_output(state: &mut UiState, chord: Chord) -> Vec<Effect> {
    let Some(Overlay::Own(menu)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let Some(pane) = &mut menu.output else {
        return Vec::new();
    };
    let errand = state.own.errands.iter().find(|errand| errand.id == pane.id);
    let count = errand.map_or(0, |errand| errand.output.lines.len());
    if let Some(motion) = motion(chord) {
        let last = count.saturating_sub(pane.height);
        let top = motion.from(pane.first(count), last + 1, pane.height.max(1));
        // At the end it goes on with what is printed.
        pane.top = (top < last).then_some(top);
        return Vec::new();
    }
    match (chord.code(), chord.character()) {
        (KeyCode::Left, _) | (_, Some('h')) => pane.left = pane.left.saturating_sub(SIDEWAYS),
        (KeyCode::Right, _) | (_, Some('l')) => pane.left = pane.left.saturating_add(SIDEWAYS),
        (_, Some('y')) => {
            let lines = errand.map_or(&[][..], |errand| &errand.output.lines);
            let text: Vec<String> = lines.iter().map(crate::log::LogLine::text).collect();
            return vec![Effect::Copy(text.join("\n"))];
        }
        (_, Some('x')) => {
            let id = pane.id;
            return stop(state, id);
        }
        (KeyCode::Esc | KeyCode::Enter, _) | (_, Some('q')) if pane.from_list => {
            menu.output = None;
        }
        (KeyCode::Esc | KeyCode::Enter, _) | (_, Some('q' | '!')) => {
            state.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}

fn stop(state: &UiState, id: u64) -> Vec<Effect> {
    let runs = state.own.find(id).is_some_and(|it| it.ended.is_none());
    if runs {
        vec![Effect::StopOwn(id)]
    } else {
        vec![Effect::Toast("it is over".to_owned())]
    }
}

fn motion(chord: Chord) -> Option<Motion> {
    Some(match (chord.code(), chord.character()) {
        (KeyCode::Up, _) | (_, Some('k')) => Motion::Up,
        (KeyCode::Down, _) | (_, Some('j')) => Motion::Down,
        (KeyCode::PageUp, _) => Motion::PageUp,
        (KeyCode::PageDown, _) | (_, Some(' ')) => Motion::PageDown,
        (KeyCode::Home, _) | (_, Some('g')) => Motion::Top,
        (KeyCode::End, _) | (_, Some('G')) => Motion::Bottom,
        _ if chord.is_ctrl('u') || chord.is_ctrl('b') => Motion::PageUp,
        _ if chord.is_ctrl('d') || chord.is_ctrl('f') => Motion::PageDown,
        _ => return None,
    })
}
