//! Taking back what was changed on this machine alone: pins, views, what was put aside or parked.
//!
//! A stack of what was before, the last change last; nothing that a source knows of is in it.

use crate::domain::arrange::SavedView;
use crate::domain::hide::Hide;
use crate::domain::key::ItemId;
use crate::domain::policy::Pin;
use crate::domain::standup::Parked;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::standup::Order;
use crate::ui::state::UiState;
use crate::ui::update::{hides, pin, saved};

/// How many changes can be taken back.
const MOST: usize = 50;

/// What was before a change.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Undo {
    /// The pins of cards.
    Pins(Vec<(ItemId, Option<Pin>)>),
    /// How cards were put aside.
    Hides(Vec<(ItemId, Option<Hide>)>),
    /// The saved view of a name.
    View(String, Option<SavedView>),
    /// A note that was taken out of the parking lot.
    Mark(Parked),
}

/// Remembers what was before a change.
pub(crate) fn push(state: &mut UiState, before: Undo) {
    if state.undo.len() >= MOST {
        state.undo.remove(0);
    }
    state.undo.push(before);
}

/// Takes the last change back.
pub(crate) fn undo(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    match state.undo.pop() {
        None => vec![Effect::Toast("there is nothing to take back".to_owned())],
        Some(Undo::Pins(before)) => pin::take_back(state, snapshot, before),
        Some(Undo::Hides(before)) => hides::take_back(state, snapshot, before),
        Some(Undo::Mark(mark)) => {
            let text = format!("taken back: `{}` is parked again", mark.note);
            vec![Effect::Standup(Order::Restore(mark)), Effect::Toast(text)]
        }
        Some(Undo::View(name, before)) => {
            let text = match &before {
                Some(_) => format!("taken back: the view `{name}` is as it was"),
                None => format!("taken back: the view `{name}` is not saved"),
            };
            saved::set(state, name, before, text)
        }
    }
}
