//! The board of the past: what stood where, what became of it, how one goes through time.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::calendar::{Calendar, WorkingTime, Zone};
use crate::domain::item::Anchor;

/// So many hours into the history.
fn hour(hour: i64) -> Timestamp {
    let begin: Timestamp = "2026-03-27T10:00:00Z".parse().unwrap();
    begin + TimeDelta::hours(hour)
}

fn life(id: &str) -> Record {
    Record::Life(Box::new(Life {
        id: ItemId::new(id),
        anchor: Anchor::Ticket,
        key: id.into(),
        title: id.into(),
        url: None,
        repo: None,
        services: Vec::new(),
        author: None,
        bot: false,
        labels: Vec::new(),
        created_at: hour(0),
        changes: Vec::new(),
    }))
}

fn went(id: &str, at: i64, stage: Stage, status: Status) -> Transition {
    Transition {
        item: ItemId::new(id),
        standing: Standing {
            stage,
            status,
            done: None,
            holders: Vec::new(),
        },
        rule: "test".into(),
        at: hour(at),
    }
}

fn ended(id: &str, at: i64) -> Transition {
    let mut end = went(id, at, Stage::Monitor, Status::Watched);
    end.standing.done = Some(Outcome::Shipped);
    end
}

/// `a` goes from code to test, fails there and is shipped; `b` stays where it came late.
fn ledger() -> Ledger {
    let ways = [
        went("a", 1, Stage::Code, Status::Drafting),
        went("a", 3, Stage::Test, Status::Running),
        went("a", 4, Stage::Test, Status::Failed),
        ended("a", 90),
        went("b", 5, Stage::Test, Status::Running),
    ];
    Ledger::new(Some(hour(2)), ["a", "b"].map(life), ways)
}

/// Checks which cards stand in a column after some hours, and what became of them.
#[track_caller]
fn check(at: i64, stage: Stage, expected: &[(&str, &str)]) {
    let past = Replay::new(Arc::new(ledger())).at(hour(at));
    let became = |since: Since<'_>| match since {
        Since::Same => "same".to_owned(),
        Since::Again => "again".to_owned(),
        Since::Changed(to) => to.status.as_str().to_owned(),
        Since::Moved(to) => to.stage.as_str().to_owned(),
        Since::Over(outcome) => format!("{outcome:?}"),
    };
    let cards = past
        .column(stage)
        .iter()
        .filter_map(|card| past.seen(*card));
    let found: Vec<_> = cards
        .map(|card| (card.life.id.as_str().to_owned(), became(card.since)))
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(id, became)| (id.as_str(), became.as_str()))
        .collect();
    assert_eq!(found, expected, "{stage:?} after {at} hours");
}

#[test]
fn each_card_is_where_it_stood_and_says_what_became_of_it() {
    check(0, Stage::Code, &[]);
    check(1, Stage::Code, &[("a", "Shipped")]);
    check(3, Stage::Code, &[]);
    check(3, Stage::Test, &[("a", "Shipped")]);
    // What failed comes first.
    check(5, Stage::Test, &[("a", "Shipped"), ("b", "same")]);
    check(90, Stage::Test, &[("b", "same")]);
    check(90, Stage::Monitor, &[]);
}

#[test]
fn what_moved_or_changed_says_where_it_is() {
    let ways = [
        went("a", 1, Stage::Code, Status::Drafting),
        went("a", 2, Stage::Code, Status::Review),
        went("a", 3, Stage::Test, Status::Running),
        went("a", 4, Stage::Code, Status::Blocked),
    ];
    let ledger = Ledger::new(None, [life("a")], ways);
    let replay = Replay::new(Arc::new(ledger));
    let check = |at, expected: Since<'_>, changed| {
        let past = replay.at(hour(at));
        let mut cards = Stage::ALL.iter().flat_map(|stage| past.column(*stage));
        let seen = past.seen(*cards.next().unwrap()).unwrap();
        assert_eq!(seen.since, expected, "after {at} hours");
        let counts = past.counts();
        assert_eq!((counts.cards, counts.changed), (1, changed));
        assert!(!past.is_whole);
    };
    let blocked = went("a", 4, Stage::Code, Status::Blocked).standing;
    check(1, Since::Changed(&blocked), 1);
    check(3, Since::Moved(&blocked), 1);
    check(9, Since::Same, 0);
}

#[test]
fn what_went_and_came_back_stands_there_again() {
    let ways = [
        went("a", 1, Stage::Code, Status::Review),
        went("a", 2, Stage::Test, Status::Running),
        went("a", 3, Stage::Code, Status::Review),
    ];
    let replay = Replay::new(Arc::new(Ledger::new(None, [life("a")], ways)));
    let past = replay.at(hour(1));
    let seen = past.seen(past.column(Stage::Code)[0]).unwrap();
    assert_eq!(seen.since, Since::Again);
    assert_eq!((seen.way.len(), seen.rest.len()), (1, 2));
    assert_eq!(past.counts().changed, 0);
}

#[test]
fn what_came_since_is_told_of_where_it_stands_now_and_what_happened_just_then() {
    let replay = Replay::new(Arc::new(ledger()));
    let past = replay.at(hour(4));
    let keys = |cards: &[PastCard]| {
        let seen = cards.iter().filter_map(|card| past.seen(*card));
        seen.map(|seen| seen.life.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(past.newer(Stage::Test)), ["b"]);
    assert_eq!(keys(past.happened()), ["a"]);
    assert_eq!(
        (past.counts().newer, past.counts().over, past.counts().red),
        (1, 1, 1)
    );
    // What ends is told of, though it is no longer there.
    let end = replay.at(hour(90));
    assert_eq!((end.happened().len(), end.counts().cards), (1, 1));
}

#[test]
fn cards_are_asked_as_they_stood_then() {
    use crate::domain::query::{Query, QueryContext};
    let replay = Replay::new(Arc::new(ledger()));
    let found = |text: &str, at: i64| {
        let query = Query::parse(text).unwrap();
        let ctx = QueryContext {
            now: hour(at),
            me: Vec::new(),
            attention: crate::domain::attention::AttentionBoard::default(),
            hides: crate::domain::hide::Hides::default(),
        };
        let past = replay.only(hour(at), |seen| query.matches(&seen.item(), &ctx));
        (past.counts().cards, past.counts().newer)
    };
    assert_eq!(found("", 5), (2, 0));
    assert_eq!(found("status:failed", 5), (1, 0));
    assert_eq!(found("status:failed", 3), (0, 0));
    assert_eq!(found("age:>30m", 5), (1, 0));
    assert_eq!(found("title:b", 3), (0, 1));
}

#[test]
fn before_history_counts_it_says_that_cards_are_missing() {
    let replay = Replay::new(Arc::new(ledger()));
    assert!(!replay.at(hour(1)).is_whole);
    assert!(replay.at(hour(2)).is_whole);
}

#[test]
fn one_goes_from_change_to_change_and_no_further() {
    let replay = Replay::new(Arc::new(ledger()));
    assert_eq!(replay.range(), Some((hour(1), hour(90))));
    assert_eq!(replay.step_before(hour(4)), Some(hour(3)));
    assert_eq!(replay.step_after(hour(4)), Some(hour(5)));
    assert_eq!(replay.step_before(hour(1)), None);
    assert_eq!(replay.step_after(hour(90)), None);
    let nothing = Replay::new(Arc::default());
    assert_eq!(
        (nothing.range(), nothing.step_before(hour(4))),
        (None, None)
    );
}

#[test]
fn a_day_is_a_day_of_the_calendar_where_clocks_change_too() {
    let replay = Replay::new(Arc::new(ledger()));
    let work = WorkingTime::usual(Zone::Europe__Berlin);
    let calendar = Calendar::new(work, hour(0));
    // Clocks went forward in the night to the 29th: from eleven to eleven it is 23 hours.
    assert_eq!(replay.day_before(hour(47), &calendar), Some(hour(24)));
    assert_eq!(
        replay.day_after(hour(24), &calendar, hour(99)),
        Some(hour(47))
    );
    assert_eq!(replay.day_after(hour(71), &calendar, hour(80)), None);
    assert_eq!(replay.day_before(hour(5), &calendar), Some(hour(1)));
    assert_eq!(replay.day_before(hour(1), &calendar), None);
}

proptest! {
    #[test]
    fn every_card_stands_once_and_now_nothing_has_changed_since(
        ways in prop::collection::vec((0_u8..6, 0_i64..50, 0_usize..8, any::<bool>()), 0..60),
        at in 0_i64..60,
    ) {
        let ways = ways.into_iter().map(|(id, at, stage, over)| {
            let id = format!("c{id}");
            if over {
                ended(&id, at)
            } else {
                went(&id, at, Stage::ALL[stage], Status::Ready)
            }
        });
        let ledger = Ledger::new(None, (0..6).map(|id| life(&format!("c{id}"))), ways);
        let ledger = Arc::new(ledger);
        let replay = Replay::new(Arc::clone(&ledger));
        let past = replay.at(hour(at));
        let cards = Stage::ALL.iter().flat_map(|stage| past.column(*stage));
        let seen: Vec<Seen<'_>> = cards.filter_map(|card| past.seen(*card)).collect();
        let mut ids: Vec<_> = seen.iter().map(|seen| &seen.life.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), past.counts().cards);
        for seen in &seen {
            let stood = ledger.card(&seen.life.id).and_then(|card| card.timeline.at(hour(at)));
            prop_assert_eq!(stood, Some(seen.stood), "as its own way tells");
        }
        // Now the board is what stands, whatever was before, and nothing has changed since.
        let now = replay.at(hour(60));
        let counts = now.counts();
        prop_assert_eq!((counts.changed, counts.over, counts.newer), (0, 0, 0));
        for stage in Stage::ALL {
            let mut shown: Vec<_> = now
                .column(stage)
                .iter()
                .filter_map(|card| now.seen(*card))
                .map(|seen| seen.life.id.clone())
                .collect();
            shown.sort();
            let stand = ledger.cards.iter().filter(|card| {
                let last = card.timeline.moments().last().map(|moment| &moment.standing);
                last.is_some_and(|last| last.stage == stage && last.done.is_none())
            });
            let stand: Vec<_> = stand.map(|card| card.life.id.clone()).collect();
            prop_assert_eq!(shown, stand);
        }
        // A step back is a step forth again.
        if let Some(before) = replay.step_before(hour(at)) {
            let again = replay.step_after(before);
            prop_assert!(again.is_none_or(|again| again >= hour(at)) );
        }
    }
}
