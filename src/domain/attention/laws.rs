//! Laws: whatever the order in which cards come, change and go, the same calls for a person.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::tests::{card, friday};
use super::*;
use crate::domain::calendar::{WorkingTime, Zone};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, Person};
use crate::domain::status::Status;

fn a_card() -> impl Strategy<Value = WorkItem> {
    let stage = prop::sample::select(Stage::ALL.to_vec());
    let status = prop::sample::select(Status::ALL.to_vec());
    (0_u8..12, stage, status, 0_i64..400, 0_usize..3).prop_map(|(id, stage, status, hours, who)| {
        let since = friday() - TimeDelta::hours(hours);
        let mut card = card(&format!("c{id}"), stage, status, since);
        card.holders = vec![Person::new(["ana", "chen", "dara"][who], false)];
        card
    })
}

fn rules() -> Attention {
    let limit = |name: &str, per, hard| Limit {
        name: name.into(),
        most: 2,
        when: Query::default(),
        per,
        stages: Stage::ALL.to_vec(),
        hard,
    };
    Attention {
        limits: vec![
            limit("all", Per::Together, true),
            limit("columns", Per::Column, false),
            limit("people", Per::Person, false),
            limit("services", Per::Service, true),
        ],
        calendar: Some(Calendar::new(WorkingTime::usual(Zone::UTC), friday())),
        ..Attention::default()
    }
}

/// All that is told of some cards.
fn told(watcher: &Watcher, now: Timestamp) -> Vec<String> {
    let board = watcher.board();
    let ids = (0..12).map(|id| ItemId::new(&format!("c{id}")));
    let calls = ids.map(|id| format!("{id:?} {:?}", board.calls(&id, now)));
    let counts = board.counts().map(|count| format!("{count:?}"));
    calls.chain(counts).collect()
}

proptest! {
    #[test]
    fn the_same_calls_in_whatever_order_cards_come(
        steps in prop::collection::vec((a_card(), any::<bool>()), 0..40),
        ahead in 0_i64..200,
    ) {
        let now = friday();
        let mut live = Watcher::new(rules());
        live.is_for(vec!["ana".to_owned()], now);
        let mut last = std::collections::BTreeMap::new();
        for (card, goes) in steps {
            if goes {
                live.refresh(&[], std::slice::from_ref(&card.id), now);
                last.remove(&card.id);
            } else {
                let card = Arc::new(card);
                live.refresh(std::slice::from_ref(&card), &[], now);
                last.insert(card.id.clone(), card);
            }
        }
        let mut scratch = Watcher::new(rules());
        let cards: Vec<_> = last.into_values().rev().collect();
        scratch.refresh(&cards, &[], now);
        scratch.is_for(vec!["ana".to_owned()], now);
        let then = now + TimeDelta::hours(ahead);
        prop_assert_eq!(told(&live, then), told(&scratch, then));
        prop_assert_eq!(live.next_change(), scratch.next_change());
    }

    #[test]
    fn so_many_are_too_many_as_there_are_over_the_limit(
        cards in prop::collection::vec(a_card(), 0..30),
    ) {
        let mut rules = rules();
        rules.limits.truncate(1);
        let mut watcher = Watcher::new(rules);
        let cards: std::collections::BTreeMap<_, _> =
            cards.into_iter().map(|card| (card.id.clone(), Arc::new(card))).collect();
        let all: Vec<_> = cards.into_values().collect();
        watcher.refresh(&all, &[], friday());
        let board = watcher.board();
        let over = all.iter().filter(|card| board.is(&card.id, friday(), Kind::is_over));
        prop_assert_eq!(over.count(), all.len().saturating_sub(2));
    }
}
