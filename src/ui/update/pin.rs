//! Pinning a card to a stage, against the table: asking where, taking it back.
//!
//! What a pin does is in the placement; that it is kept is the shell's matter.

use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::policy::Pin;
use crate::domain::stage::Stage;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::overlay::{Overlay, PinMenu};
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{Pointed, UiState};
use crate::ui::update::undo::{self, Undo};

/// Asks to which stage the card under the cursor is to be pinned.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(item) = card(state, snapshot) else {
        return vec![Effect::Toast("select a card to pin it".to_owned())];
    };
    let here = item.placement.stage;
    let known = state.pin_of(&item.id).copied();
    let in_force = known.filter(|_| item.placement.rule.as_str() == "pin");
    let mut columns = state.options.columns.iter();
    let cursor = columns.position(|column| column.stage == here);
    let menu = PinMenu {
        item: item.id.clone(),
        key: snapshot.names().short_key(item).into_owned(),
        // Where the table has it; a pin that holds for good does not know.
        table: in_force.map_or(Some(here), |pin| pin.while_in),
        for_good: in_force.is_some_and(|pin| pin.while_in.is_none()),
        pinned: known.is_some(),
        cursor: cursor.unwrap_or_default(),
    };
    state.overlays.push(Overlay::Pin(menu));
    Vec::new()
}

/// Pins the card under the cursor to a stage at once, until it moves.
pub(crate) fn to_stage(state: &mut UiState, snapshot: &Snapshot, to: Stage) -> Vec<Effect> {
    let mut effects = open(state, snapshot);
    if let Some(Overlay::Pin(_)) = state.overlays.last() {
        let mut columns = state.options.columns.iter();
        let at = columns.position(|column| column.stage == to);
        effects.extend(choose(state, at.unwrap_or_default()));
    }
    effects
}

fn card<'a>(state: &UiState, snapshot: &'a Snapshot) -> Option<&'a WorkItem> {
    let shown = match (state.detail(), state.pointed(snapshot)) {
        (Some(detail), _) => state.find(snapshot, &detail.key)?,
        (None, Pointed::Card(shown)) => shown,
        (None, Pointed::Source(_) | Pointed::Nothing) => return None,
    };
    match shown {
        Shown::Item { item, .. } => Some(item),
        Shown::Train { .. } => None,
    }
}

/// Does what that line of the menu says: a column, or after the last one no pin.
pub(crate) fn choose(state: &mut UiState, line: usize) -> Vec<Effect> {
    let Some(Overlay::Pin(menu)) = state.overlays.pop() else {
        return Vec::new();
    };
    let column = state.options.columns.get(line);
    let pin = column.map(|column| Pin {
        stage: column.stage,
        while_in: menu.table.filter(|_| !menu.for_good),
    });
    if pin.is_none() && !menu.pinned {
        return Vec::new();
    }
    let before = state.pin_of(&menu.item).copied();
    undo::push(state, Undo::Pin(menu.item.clone(), before));
    let text = told(state, &menu.key, pin);
    set(state, menu.item, pin, text)
}

/// Takes a pin, or the taking away of one, back.
pub(crate) fn take_back(
    state: &mut UiState,
    snapshot: &Snapshot,
    item: ItemId,
    before: Option<Pin>,
) -> Vec<Effect> {
    let key = match state.find(snapshot, &RowKey::Item(item.clone())) {
        Some(Shown::Item { item, .. }) => snapshot.names().short_key(item).into_owned(),
        Some(Shown::Train { .. }) | None => item.to_string(),
    };
    let text = format!("taken back: {}", told(state, &key, before));
    set(state, item, before, text)
}

fn told(state: &UiState, key: &str, pin: Option<Pin>) -> String {
    match pin {
        Some(pin) if pin.while_in.is_some() => {
            format!(
                "{key} is pinned to {} until it moves",
                state.title(pin.stage)
            )
        }
        Some(pin) => format!("{key} is pinned to {} for good", state.title(pin.stage)),
        None => format!("{key} is not pinned"),
    }
}

fn set(state: &mut UiState, item: ItemId, pin: Option<Pin>, text: String) -> Vec<Effect> {
    state.pins.retain(|(id, _)| *id != item);
    state.pins.extend(pin.map(|pin| (item.clone(), pin)));
    vec![Effect::Pin(item, pin), Effect::Toast(text)]
}
