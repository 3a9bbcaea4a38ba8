//! Putting cards aside on this machine: hiding, snoozing, showing them again.
//!
//! How long a card stays aside is `domain::hide`'s; that it is kept is the shell's matter.

use crate::domain::Timestamp;
use crate::domain::hide::{Hide, Hides, Wish};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::query::Query;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::state::{UiState, View};
use crate::ui::update::palette::{self, words::Word};
use crate::ui::update::undo::{self, Undo};
use crate::ui::update::{filter, marks};

/// The filter that shows what was put aside.
const HIDDEN: &str = "is:hidden";
/// The one that shows what was put aside until something.
const SNOOZED: &str = "is:snoozed";

fn toast(text: impl Into<String>) -> Vec<Effect> {
    vec![Effect::Toast(text.into())]
}

/// Returns what some cards are called: the key of one, or how many.
pub(crate) fn called(snapshot: &Snapshot, cards: &[&WorkItem]) -> String {
    match cards {
        [one] => snapshot.names().short_key(one).into_owned(),
        many => format!("{} cards", many.len()),
    }
}

/// Hides the card or the marked ones for good; those that are put aside already are shown again.
pub(crate) fn toggle(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let cards = marks::cards(state, snapshot);
    if cards.is_empty() {
        return toast("select a card to hide it");
    }
    let shows = cards.iter().all(|item| state.hides.of(item, now).is_some());
    let name = called(snapshot, &cards);
    let verb = if cards.len() == 1 { "is" } else { "are" };
    let text = if shows {
        format!("{name} {verb} shown again")
    } else {
        format!("{name} {verb} hidden{}", way_back(state, HIDDEN))
    };
    let hide = |item: &WorkItem| (!shows).then(|| Hide::new(item, Wish::ForGood));
    let changes = cards.iter().map(|item| (item.id.clone(), hide(item)));
    let changes = changes.collect();
    change(state, changes, text)
}

fn way_back(state: &UiState, filter: &str) -> String {
    let key = state.options.keymap.label(Command::Undo, Glyphs::Ascii);
    key.map_or_else(String::new, |key| {
        format!("; {key} takes it back, `/{filter}` shows it")
    })
}

/// Asks until when the card is to be put aside.
pub(crate) fn ask(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    if marks::cards(state, snapshot).is_empty() {
        return toast("select a card to put it aside");
    }
    palette::open_with(state, snapshot, Word::Snooze);
    Vec::new()
}

/// Puts the card or the marked ones aside until then.
pub(crate) fn snooze(
    state: &mut UiState,
    snapshot: &Snapshot,
    word: &str,
    now: Timestamp,
) -> Vec<Effect> {
    let zone = state.options.zone;
    let Some(wish) = Wish::parse(word, now, zone) else {
        return toast(Wish::unknown(word));
    };
    let cards = marks::cards(state, snapshot);
    if cards.is_empty() {
        return toast("select a card to put it aside");
    }
    let until = wish.words(zone);
    let name = called(snapshot, &cards);
    let verb = if cards.len() == 1 { "is" } else { "are" };
    let text = format!(
        "{name} {verb} put aside {until}{}",
        way_back(state, SNOOZED)
    );
    let changes = cards
        .iter()
        .map(|item| (item.id.clone(), Some(Hide::new(item, wish))));
    let changes = changes.collect();
    change(state, changes, text)
}

/// Returns the filter that shows what was put aside.
pub(crate) fn shown() -> Query {
    Query::parse(HIDDEN).unwrap_or_default()
}

/// Shows what was put aside, or no longer, in the list that is shown.
pub(crate) fn show(state: &mut UiState) {
    if state.view == View::Triage {
        let is_shown = state.triage.filter.text().trim() == HIDDEN;
        state.triage.filter = if is_shown { Query::default() } else { shown() };
        return;
    }
    let is_shown = state.filter.query.text().trim() == HIDDEN;
    filter::apply(state, if is_shown { "" } else { HIDDEN });
}

fn change(state: &mut UiState, changes: Vec<(ItemId, Option<Hide>)>, text: String) -> Vec<Effect> {
    let before = changes.iter();
    let before = before.map(|(id, _)| (id.clone(), state.hides.get(id)));
    let before = before.collect();
    undo::push(state, Undo::Hides(before));
    marks::clear(state);
    set(state, changes, text)
}

fn set(state: &mut UiState, changes: Vec<(ItemId, Option<Hide>)>, text: String) -> Vec<Effect> {
    for (id, hide) in &changes {
        state.hides.set(id.clone(), *hide);
    }
    state.touch();
    vec![Effect::Hide(changes), Effect::Toast(text)]
}

/// Takes back what was done to some cards.
pub(crate) fn take_back(
    state: &mut UiState,
    snapshot: &Snapshot,
    before: Vec<(ItemId, Option<Hide>)>,
) -> Vec<Effect> {
    let cards = before.iter().filter_map(|(id, _)| snapshot.find(id));
    let cards: Vec<&WorkItem> = cards.map(AsRef::as_ref).collect();
    let name = match cards.len() {
        0 => "what is no longer on the board".to_owned(),
        _ => called(snapshot, &cards),
    };
    let shown = before.iter().all(|(_, hide)| hide.is_none());
    let how = if shown {
        "shown again"
    } else {
        "put aside as before"
    };
    let verb = if cards.len() == 1 { "is" } else { "are" };
    let text = format!("taken back: {name} {verb} {how}");
    set(state, before, text)
}

/// Takes over what was kept, after another board on this machine may have changed it.
pub fn on_kept(state: &mut UiState, all: Hides, trouble: Option<String>, now: Timestamp) {
    if state.hides != all {
        state.hides = all;
        state.touch();
    }
    if let Some(text) = trouble {
        state.notify_error(text, now);
    }
}
