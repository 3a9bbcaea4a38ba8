//! The team works in another way while the engine runs.

use super::tests::{at, batch, polled, silent, ticket};
use super::*;
use crate::domain::attention::{Kind, Limit, Patience};
use crate::engine::practice::Practice;
use crate::sources::Batch;

fn practice() -> Practice {
    Practice {
        policy: Policy::default(),
        columns: Vec::new(),
        limits: Vec::new(),
        patience: Patience::default(),
    }
}

/// What of a board depends on how the team works.
fn told(store: &mut Store, now: Timestamp) -> Vec<(Stage, String, Vec<Kind>)> {
    let board = store.snapshot(now);
    let cards = board.columns.iter().flat_map(|column| {
        let cards = board.items();
        cards
            .filter(|card| card.placement.stage == column.stage)
            .map(|card| {
                let calls = board.attention.calls(&card.id, now).into_iter();
                let calls = calls.map(|call| call.kind).collect();
                (column.stage, format!("{:?}", card.placement), calls)
            })
            .collect::<Vec<_>>()
    });
    let mut told: Vec<_> = cards.collect();
    told.sort();
    told
}

fn fill(store: &mut Store) {
    let mut held = ticket(0, 1, 1);
    held.labels = vec![Clean::line("parked")];
    let mut begun = ticket(0, 2, 1);
    begun.labels = vec![Clean::line("cooking")];
    let facts = [held, begun, ticket(0, 3, 1)].map(Fact::Ticket).to_vec();
    let all = Batch {
        facts,
        ..batch(0, &[], None)
    };
    store.apply(polled(0, 1, Ok(all)), at(1));
}

#[test]
fn every_card_is_judged_as_from_scratch_when_the_team_works_otherwise() {
    let mut other = practice();
    other.policy.blocked_labels = vec![Clean::line("parked")];
    other.policy.progress_words = vec![Clean::line("cooking")];
    other.columns = vec![ColumnConfig::of(Stage::Code)];
    other.limits = vec![Limit::of_column(Stage::Plan, 1)];
    other.patience.blocked = TimeDelta::zero();
    let mut store = silent(Policy::default(), &[]);
    store.pay_attention(Attention::default());
    fill(&mut store);
    let before = told(&mut store, at(2));
    let applied = store.apply(Update::Practised(Arc::new(other.clone())), at(2));
    assert!(applied.changed);
    let after = told(&mut store, at(2));
    assert_ne!(before, after);
    let mut scratch = silent(other.policy.clone(), &other.columns);
    scratch.pay_attention(Attention {
        limits: other.limits.clone(),
        patience: other.patience,
        ..Attention::default()
    });
    fill(&mut scratch);
    assert_eq!(after, told(&mut scratch, at(2)));
    assert_eq!(store.snapshot(at(2)).columns[0].stage, Stage::Code);
    store.apply(Update::Practised(Arc::new(practice())), at(3));
    assert_eq!(before, told(&mut store, at(3)), "and back");
}

#[test]
fn pins_and_how_far_back_is_looked_stay() {
    let mut store = silent(Policy::default(), &[]);
    store.pay_attention(Attention::default());
    fill(&mut store);
    let id = store
        .snapshot(at(1))
        .items()
        .next()
        .expect("a card")
        .id
        .clone();
    let pin = Pin {
        stage: Stage::Test,
        while_in: None,
    };
    store.apply(Update::Pinned(vec![(id.clone(), pin)]), at(2));
    let look_back = store.policy.look_back;
    let mut other = practice();
    other.policy.look_back.runs += 1;
    store.apply(Update::Practised(Arc::new(other)), at(3));
    let board = store.snapshot(at(3));
    let card = board.find(&id).expect("it stays");
    assert_eq!(card.placement.stage, Stage::Test);
    assert_eq!(store.policy.look_back, look_back);
}
