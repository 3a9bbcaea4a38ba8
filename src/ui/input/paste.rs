//! Pasted text: one clean line where text is being written, nothing anywhere else.

use tui_input::InputRequest;

use crate::domain::text::Clean;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::state::UiState;
use crate::ui::update::{filter, palette, triage};

/// Characters of a pasted text that are taken over.
const PASTE_MOST: usize = 512;

/// What follows where a text has changed.
type Then = fn(&mut UiState, &Snapshot);

const NOTHING: Then = |_, _| {};

/// Pastes one clean line where text is being written; anywhere else it is ignored.
pub(super) fn paste(state: &mut UiState, text: &str, snapshot: &Snapshot) -> Vec<Effect> {
    let (input, then): (_, Then) = match state.overlays.last_mut() {
        Some(Overlay::Filter(line)) => (&mut line.input, filter::edited),
        Some(Overlay::Palette(open)) => (&mut open.list.input, palette::edited),
        Some(Overlay::Help(help)) if help.typing => (&mut help.list.input, NOTHING),
        Some(Overlay::Search(line)) => (&mut line.input, searched),
        Some(Overlay::Note(line)) => (&mut line.input, NOTHING),
        Some(
            Overlay::Help(_)
            | Overlay::Confirm(_)
            | Overlay::Pin(_)
            | Overlay::Themes(_)
            | Overlay::Actions(_)
            | Overlay::Own(_)
            | Overlay::Act(_)
            | Overlay::Detail(_)
            | Overlay::Messages(_),
        )
        | None => {
            return vec![Effect::Toast("pasted text is ignored here".to_owned())];
        }
    };
    let line = Clean::line(text.lines().next().unwrap_or_default());
    let shown = line.chars().take(PASTE_MOST);
    for c in shown.filter(|c| !c.is_control()) {
        input.handle(InputRequest::InsertChar(c));
    }
    then(state, snapshot);
    Vec::new()
}

fn searched(state: &mut UiState, _: &Snapshot) {
    if let Some(Overlay::Search(line)) = state.overlays.last_mut() {
        triage::log::edited(line);
    }
}
