//! Pinning cards to a stage, against the table: asking where, taking it back.
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
use crate::ui::update::hides::called;
use crate::ui::update::marks;
use crate::ui::update::undo::{self, Undo};

/// One card and its pin.
type Pinned = (ItemId, Option<Pin>);

/// Asks to which stage the marked cards, or the one under the cursor, are to be pinned.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let items = cards(state, snapshot);
    let Some(first) = items.first() else {
        return vec![Effect::Toast("select a card to pin it".to_owned())];
    };
    // Where the table has it; a pin that holds for good does not know.
    let table = |item: &WorkItem| {
        let in_force = item.placement.rule.as_str() == "pin";
        let pin = state.pin_of(&item.id).filter(|_| in_force);
        pin.map_or(Some(item.placement.stage), |pin| pin.while_in)
    };
    let here = first.placement.stage;
    let mut columns = state.options.columns.iter();
    let cursor = columns.position(|column| column.stage == here);
    let mut menu = PinMenu {
        items: items
            .iter()
            .map(|item| (item.id.clone(), table(item)))
            .collect(),
        name: called(snapshot, &items),
        for_good: false,
        pinned: items.iter().any(|item| state.pin_of(&item.id).is_some()),
        cursor: cursor.unwrap_or_default(),
    };
    menu.for_good = !menu.may_move();
    state.overlays.push(Overlay::Pin(menu));
    Vec::new()
}

/// Returns the marked cards, else the one under the cursor; a train is no card.
fn cards<'a>(state: &UiState, snapshot: &'a Snapshot) -> Vec<&'a WorkItem> {
    if marks::are_meant(state) {
        return marks::cards(state, snapshot);
    }
    card(state, snapshot).into_iter().collect()
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
    if column.is_none() && !menu.pinned {
        return Vec::new();
    }
    let pin_in = |table: Option<Stage>| {
        column.map(|column| Pin {
            stage: column.stage,
            while_in: table.filter(|_| !menu.for_good),
        })
    };
    let changes: Vec<Pinned> = menu
        .items
        .iter()
        .map(|(item, table)| (item.clone(), pin_in(*table)))
        .collect();
    let before = menu.items.iter();
    let before = before.map(|(item, _)| (item.clone(), state.pin_of(item).copied()));
    let before = before.collect();
    undo::push(state, Undo::Pins(before));
    marks::clear(state);
    let text = told(state, &menu.name, &changes);
    set(state, changes, text)
}

/// Takes pins, or the taking away of some, back.
pub(crate) fn take_back(
    state: &mut UiState,
    snapshot: &Snapshot,
    before: Vec<Pinned>,
) -> Vec<Effect> {
    let name = match before.as_slice() {
        [(item, _)] => match state.find(snapshot, &RowKey::Item(item.clone())) {
            Some(Shown::Item { item, .. }) => snapshot.names().short_key(item).into_owned(),
            Some(Shown::Train { .. }) | None => item.to_string(),
        },
        many => format!("{} cards", many.len()),
    };
    let text = format!("taken back: {}", told(state, &name, &before));
    set(state, before, text)
}

/// Says where cards are pinned to, as far as that is the same of all.
fn told(state: &UiState, name: &str, pins: &[Pinned]) -> String {
    let are = if pins.len() == 1 { "is" } else { "are" };
    let first = pins.first().and_then(|(_, pin)| *pin);
    let same = |(_, pin): &Pinned| {
        let what = |pin: Option<Pin>| pin.map(|pin| (pin.stage, pin.while_in.is_some()));
        what(*pin) == what(first)
    };
    match first {
        _ if !pins.iter().all(same) => format!("{name} {are} pinned as before"),
        Some(pin) => {
            let title = state.title(pin.stage);
            match (pin.while_in, pins.len()) {
                (None, _) => format!("{name} {are} pinned to {title} for good"),
                (Some(_), 1) => format!("{name} is pinned to {title} until it moves"),
                (Some(_), _) => format!("{name} are pinned to {title}, each until it moves"),
            }
        }
        None => format!("{name} {are} not pinned"),
    }
}

fn set(state: &mut UiState, changes: Vec<Pinned>, text: String) -> Vec<Effect> {
    for (item, pin) in &changes {
        state.pins.retain(|(id, _)| id != item);
        state.pins.extend(pin.map(|pin| (item.clone(), pin)));
    }
    vec![Effect::Pin(changes), Effect::Toast(text)]
}
