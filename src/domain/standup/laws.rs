//! What holds for every stand-up: no card is lost or told twice, and order means nothing.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::domain::item::Outcome;
use crate::domain::roster::{Member, Roster};
use crate::domain::stage::Stage;
use crate::domain::standup::testing::{Card, Stood, card, standup_of};
use crate::domain::standup::{Entry, Turn};
use crate::domain::status::Status;

const WHEN: [&str; 6] = [
    "2026-11-02T09:00:00Z",
    "2026-11-18T15:00:00Z",
    "2026-11-20T08:30:00Z",
    "2026-11-20T14:00:00Z",
    "2026-11-22T14:00:00Z",
    "2026-11-23T08:00:00Z",
];

const LOGINS: [&str; 5] = ["ana", "Ana", "bo", "chen", "renovate[bot]"];

fn logins() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(LOGINS.to_vec()), 0..3)
}

/// What a card is made from: its way, holders, reviewers, author, and whether it is known or over.
type Drawn = (
    Vec<Stood>,
    Vec<&'static str>,
    Vec<&'static str>,
    &'static str,
    u8,
);

fn cards() -> impl Strategy<Value = Vec<Card>> {
    let place = (
        prop::sample::select(Stage::ALL.to_vec()),
        prop::sample::select(Status::ALL.to_vec()),
        prop::sample::select(WHEN.to_vec()),
    );
    let way = prop::collection::vec(place, 1..5);
    let author = prop::sample::select(LOGINS.to_vec());
    let one = (way, logins(), logins(), author, 0u8..6);
    prop::collection::vec(one, 0..12).prop_map(|cards| {
        let made = |(number, (mut way, holders, reviewers, author, kind)): (usize, Drawn)| {
            way.sort_by_key(|(_, _, when)| *when);
            let card = card(number as u64, &way).by(author).held_by(&holders);
            let card = card.reviewed_by(&reviewers);
            match kind {
                0 => card.unknown(),
                1 => card.over(Outcome::Shipped),
                _ => card,
            }
        };
        cards.into_iter().enumerate().map(made).collect()
    })
}

fn roster() -> Roster {
    Roster::new(vec![Member {
        name: "Bo B".into(),
        logins: vec!["bo".into(), "chen".into()],
    }])
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.card.id.as_str()).collect()
}

fn present(turn: &Turn) -> Vec<&str> {
    let parts = [&turn.in_hand, &turn.asked, &turn.blocked, &turn.waits];
    parts.into_iter().flat_map(|part| ids(part)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_card_of_the_board_is_in_the_walk_once(cards in cards(), twice in any::<bool>()) {
        let mut told = cards.clone();
        if twice {
            told.extend(cards.clone());
        }
        let standup = standup_of(&told, &roster(), &[]);
        let mut walked: Vec<&str> = standup.walk.iter().map(|stop| stop.card.id.as_str()).collect();
        walked.sort_unstable();
        let open = cards.iter().filter(|card| card.item.placement.done.is_none());
        let mut expected: Vec<&str> = open.map(|card| card.item.id.as_str()).collect();
        expected.sort_unstable();
        prop_assert_eq!(walked, expected);
        let stages: Vec<Stage> = standup.walk.iter().map(|stop| stop.card.placement.stage).collect();
        prop_assert!(stages.is_sorted_by(|a, b| a >= b));
        prop_assert!(standup.walk.iter().all(|stop| stop.in_status <= stop.in_stage));
    }

    #[test]
    fn no_card_is_twice_in_the_present_of_a_person_and_machines_have_no_turn(cards in cards()) {
        let standup = standup_of(&cards, &roster(), &[]);
        for turn in &standup.turns {
            let present = present(turn);
            let once: BTreeSet<&str> = present.iter().copied().collect();
            prop_assert_eq!(once.len(), present.len());
            prop_assert!(!turn.is_empty());
            prop_assert!(!turn.name.ends_with("[bot]"));
            prop_assert!(!["bo", "chen"].contains(&turn.name.as_str()));
        }
        let names: Vec<String> = standup.turns.iter().map(|turn| turn.name.to_lowercase()).collect();
        prop_assert!(names.is_sorted_by(|a, b| a < b), "by name, each once: {names:?}");
    }

    #[test]
    fn the_order_in_which_things_are_told_means_nothing(cards in cards(), turn in 0usize..12) {
        let mut other = cards.clone();
        other.rotate_left(turn % cards.len().max(1));
        other.reverse();
        for card in &mut other {
            card.ways.reverse();
        }
        prop_assert_eq!(
            standup_of(&cards, &roster(), &[]),
            standup_of(&other, &roster(), &[])
        );
    }

    #[test]
    fn what_is_stuck_is_in_the_hands_of_somebody_or_a_machine(cards in cards()) {
        let standup = standup_of(&cards, &roster(), &[]);
        for stop in standup.stuck() {
            let people = stop.card.holders.iter().any(|person| !person.bot);
            let id = stop.card.id.as_str();
            let told = standup.turns.iter().any(|turn| ids(&turn.blocked).contains(&id));
            prop_assert!(told || !people || stop.card.bot, "{id}");
        }
    }
}
