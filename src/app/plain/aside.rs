//! What a person decides about a card on this machine: pinned, hidden, put aside, and taken back.

use super::cards::NO_CARD;
use super::talk::{Changes, Do, Said, Talk, line};
use super::words;
use crate::domain::Timestamp;
use crate::domain::hide::{Hide, Wish};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::policy::Pin;
use crate::domain::standup::Parked;
use crate::engine::snapshot::Snapshot;

/// How many changes can be taken back.
const UNDONE: usize = 50;

/// What a card is pinned by, or that it is no longer.
pub(super) type Pinned = Vec<(ItemId, Option<Pin>)>;

/// How something was before it was changed.
#[derive(Debug)]
pub(super) enum Before {
    /// Put aside, or not.
    Aside(Changes),
    /// Pinned, or not.
    Pinned(Pinned),
    /// A note was there.
    Parked(Parked),
}

impl Talk {
    /// Hides the card for good, or shows it again.
    pub(super) fn hide(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let Some(item) = self.card(snapshot) else {
            return vec![line(NO_CARD)];
        };
        let is_aside = self.setting.hides.of(item, now).is_some();
        let hide = (!is_aside).then(|| Hide::new(item, Wish::ForGood));
        let told = if is_aside {
            "shown again"
        } else {
            "hidden; `undo` takes it back"
        };
        let text = format!("{} is {told}", snapshot.names().short_key(item));
        let changes = vec![(item.id.clone(), hide)];
        self.aside(changes, text)
    }

    /// Puts the card aside until then.
    pub(super) fn snooze(&mut self, until: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let Some(item) = self.card(snapshot) else {
            return vec![line(NO_CARD)];
        };
        let zone = self.setting.zone;
        let Some(wish) = Wish::parse(until, now, zone) else {
            return vec![line(Wish::unknown(until))];
        };
        let until = wish.words(zone);
        let key = snapshot.names().short_key(item);
        let text = format!("{key} is put aside {until}; `undo` takes it back");
        let changes = vec![(item.id.clone(), Some(Hide::new(item, wish)))];
        self.aside(changes, text)
    }

    /// Pins the card to a column until it moves or for good, or takes its pin away.
    pub(super) fn pin(&mut self, to: &str, snapshot: &Snapshot) -> Vec<Said> {
        let Some(item) = self.card(snapshot) else {
            return vec![line(NO_CARD)];
        };
        let key = snapshot.names().short_key(item).into_owned();
        let known = self.pin_of(&item.id);
        if to.is_empty() {
            let columns = &self.setting.columns;
            let text = known.map_or_else(
                || format!("{key} is not pinned"),
                |pin| format!("{key} is pinned to {}", words::title(columns, pin.stage)),
            );
            let names = words::titles(columns);
            return vec![line(format!("{text}; `pin` with one of {names}, or `off`"))];
        }
        if to == "off" {
            if known.is_none() {
                return vec![line(format!("{key} is not pinned"))];
            }
            let text = format!("{key} is not pinned any more; `undo` pins it again");
            return self.pinned(vec![(item.id.clone(), None)], text);
        }
        let (name, for_good) = match to.strip_suffix("for good") {
            Some(name) => (name.trim(), true),
            None => (to, false),
        };
        let columns = &self.setting.columns;
        let Some(column) = words::column(columns, name) else {
            return vec![line(words::no_column(columns, name))];
        };
        let while_in = table(item, known).filter(|_| !for_good);
        let pin = Pin {
            stage: column.stage,
            while_in,
        };
        let until = while_in.map_or("for good", |_| "until it moves");
        let title = &column.title;
        let text = format!("{key} is pinned to {title} {until}; `undo` takes it back");
        self.pinned(vec![(item.id.clone(), Some(pin))], text)
    }

    fn pin_of(&self, item: &ItemId) -> Option<Pin> {
        let mut pins = self.setting.pins.iter();
        pins.find(|(id, _)| id == item).map(|(_, pin)| *pin)
    }

    /// Takes the last change back.
    pub(super) fn undo(&mut self, snapshot: &Snapshot) -> Vec<Said> {
        match self.undo.pop() {
            None => vec![line("there is nothing to take back")],
            Some(Before::Aside(before)) => {
                let zone = self.setting.zone;
                let told = before.iter().map(|(id, hide)| {
                    let how = hide.map_or_else(
                        || "shown again".to_owned(),
                        |hide| format!("put aside {}", hide.wish().words(zone)),
                    );
                    format!("{} is {how}", key(snapshot, id))
                });
                let told: Vec<String> = told.collect();
                let text = format!("taken back: {}", told.join(", "));
                self.put(before, text)
            }
            Some(Before::Pinned(before)) => {
                let columns = &self.setting.columns;
                let told = before.iter().map(|(id, pin)| {
                    let how = pin.map_or_else(
                        || "not pinned".to_owned(),
                        |pin| format!("pinned to {} again", words::title(columns, pin.stage)),
                    );
                    format!("{} is {how}", key(snapshot, id))
                });
                let told: Vec<String> = told.collect();
                let text = format!("taken back: {}", told.join(", "));
                self.put_pins(before, text)
            }
            Some(Before::Parked(mark)) => self.restore(mark),
        }
    }

    /// Notes how something was, so that it can be taken back.
    pub(super) fn remember(&mut self, before: Before) {
        self.undo.push(before);
        let too_many = self.undo.len().saturating_sub(UNDONE);
        self.undo.drain(..too_many);
    }

    fn aside(&mut self, changes: Changes, text: String) -> Vec<Said> {
        let before = changes.iter();
        let before = before.map(|(id, _)| (id.clone(), self.setting.hides.get(id)));
        self.remember(Before::Aside(before.collect()));
        self.put(changes, text)
    }

    fn put(&mut self, changes: Changes, text: String) -> Vec<Said> {
        for (id, hide) in &changes {
            self.setting.hides.set(id.clone(), *hide);
        }
        vec![line(text), Said::Do(Do::Hide(changes))]
    }

    fn pinned(&mut self, changes: Pinned, text: String) -> Vec<Said> {
        let before = changes.iter();
        let before = before.map(|(id, _)| (id.clone(), self.pin_of(id)));
        self.remember(Before::Pinned(before.collect()));
        self.put_pins(changes, text)
    }

    fn put_pins(&mut self, changes: Pinned, text: String) -> Vec<Said> {
        for (item, pin) in &changes {
            self.setting.pins.retain(|(id, _)| id != item);
            let pin = pin.map(|pin| (item.clone(), pin));
            self.setting.pins.extend(pin);
        }
        vec![line(text), Said::Do(Do::Pin(changes))]
    }
}

/// Returns what people call a card; of one that left the board, its identity.
fn key(snapshot: &Snapshot, id: &ItemId) -> String {
    let found = snapshot.find(id);
    found.map_or_else(
        || id.to_string(),
        |item| snapshot.names().short_key(item).into_owned(),
    )
}

/// Returns where the table has a card; a pin that holds for good does not know.
fn table(item: &WorkItem, pin: Option<Pin>) -> Option<crate::domain::stage::Stage> {
    let in_force = item.placement.rule.as_str() == "pin";
    let pin = pin.filter(|_| in_force);
    pin.map_or(Some(item.placement.stage), |pin| pin.while_in)
}
