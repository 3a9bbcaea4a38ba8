//! Everything that history holds, as flow, stand-up and replay read it.
//!
//! Loaded from the store by whoever asks; immutable once it is made.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::history::arrived::from_the_end;
use crate::domain::history::{
    CiRun, Coverage, Delivery, Life, Record, Timeline, Transition, Trouble, Windows,
};
use crate::domain::item::Anchor;
use crate::domain::key::ItemId;
use crate::domain::stage::Stage;

/// Everything that history holds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ledger {
    /// Since when history counts: the oldest moment that it covers wholly. Nothing where nothing
    /// was noted yet.
    pub since: Option<Timestamp>,
    /// Before which moment it was dropped, where the store was too large for all of it.
    pub cut_at: Option<Timestamp>,
    /// Before which moment nothing is kept of any repository, where there is one.
    pub kept_from: Option<Timestamp>,
    /// Cards with what is known of their ways, by identity.
    pub cards: Vec<CardRecord>,
    /// Deliveries, in the order of their beginnings.
    pub deliveries: Vec<Delivery>,
    /// CI runs, in the order in which they were created.
    pub runs: Vec<CiRun>,
    /// Troubles, in the order of their beginnings.
    pub troubles: Vec<Trouble>,
    /// Of which time each repository's history tells.
    pub coverage: Vec<Coverage>,
}

/// A card and its way through the board.
#[derive(Clone, PartialEq, Debug)]
pub struct CardRecord {
    /// What it is; the identity alone where no more was kept.
    pub life: Life,
    /// Where it stood, and when.
    pub timeline: Timeline,
}

impl Ledger {
    /// Puts together what was kept, in whatever order it comes. A transition of a card that is not
    /// known any more is left out. Without a beginning that is told, history counts from the
    /// moment on from which that of every repository does.
    pub fn new(
        since: Option<Timestamp>,
        records: impl IntoIterator<Item = Record>,
        transitions: impl IntoIterator<Item = Transition>,
    ) -> Self {
        let mut ledger = Self {
            since,
            ..Self::default()
        };
        let mut lives: BTreeMap<ItemId, Life> = BTreeMap::new();
        for record in records {
            match record {
                Record::Life(life) => drop(lives.insert(life.id.clone(), *life)),
                Record::Delivery(delivery) => ledger.deliveries.push(*delivery),
                Record::CiRun(run) if run.attempts.is_empty() => {}
                Record::CiRun(run) => ledger.runs.push(*run),
                Record::Trouble(trouble) => ledger.troubles.push(*trouble),
                Record::Coverage(coverage) => ledger.coverage.push(coverage),
            }
        }
        let mut ways: BTreeMap<ItemId, Vec<Transition>> = BTreeMap::new();
        for transition in transitions {
            ways.entry(transition.item.clone())
                .or_default()
                .push(transition);
        }
        let told_to = ledger.coverage.iter().map(|coverage| coverage.to).max();
        from_the_end(&mut ways, &ledger.deliveries, told_to);
        let begins = ledger.coverage.iter().map(|coverage| coverage.from).max();
        ledger.since = since.or(begins);
        ledger.cards = lives
            .into_iter()
            .map(|(id, life)| CardRecord {
                life,
                timeline: Timeline::new(ways.remove(&id).unwrap_or_default()),
            })
            .collect();
        ledger.deliveries.sort_by(|a, b| {
            (a.started_at, &a.id, &a.service).cmp(&(b.started_at, &b.id, &b.service))
        });
        ledger
            .runs
            .sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        ledger
            .troubles
            .sort_by(|a, b| (a.began_at, &a.id).cmp(&(b.began_at, &b.id)));
        ledger
    }

    /// Takes in before which moment it was dropped, if it was: it counts from then on.
    #[must_use]
    pub fn cut(self, at: Option<Timestamp>) -> Self {
        Self {
            cut_at: at,
            ..self.counts_from(at)
        }
    }

    /// Takes in before which moment nothing is kept, if there is one: it counts from then on.
    #[must_use]
    pub fn counts_from(self, at: Option<Timestamp>) -> Self {
        Self {
            kept_from: self.kept_from.max(at),
            since: self.since.map(|since| at.map_or(since, |at| at.max(since))),
            ..self
        }
    }

    /// Ends what only systems beside the forge tell, and none does any more, where it last came to
    /// stand: its source may be asked no longer, and nobody else says that it is over. `is_told`
    /// says of a card that stands in a stage whether it is known now.
    #[must_use]
    pub fn without_untold(mut self, is_told: impl Fn(&ItemId, Stage) -> bool) -> Self {
        for card in &mut self.cards {
            let life = &card.life;
            let is_beside =
                life.repo.is_none() || matches!(life.anchor, Anchor::Alert | Anchor::Run);
            let last = card.timeline.moments().last();
            let open = last.filter(|last| is_beside && last.standing.done.is_none());
            if open.is_some_and(|last| !is_told(&life.id, last.standing.stage)) {
                card.timeline.end();
            }
        }
        self
    }

    /// Lets time pass over changes that were live in production when they were last heard of, and
    /// that are known no more: no source tells of them, but how long they are watched is known.
    #[must_use]
    pub fn past_windows(
        mut self,
        windows: Windows,
        now: Timestamp,
        is_told: impl Fn(&ItemId, Stage) -> bool,
    ) -> Self {
        for card in &mut self.cards {
            let last = card.timeline.moments().last();
            let open = last.filter(|last| last.standing.done.is_none());
            if open.is_some_and(|last| !is_told(&card.life.id, last.standing.stage)) {
                card.timeline.pass(windows, now);
            }
        }
        self
    }

    /// Returns the card of this identity.
    pub fn card(&self, id: &ItemId) -> Option<&CardRecord> {
        let found = self.cards.binary_search_by(|card| card.life.id.cmp(id));
        found.ok().and_then(|at| self.cards.get(at))
    }
}
