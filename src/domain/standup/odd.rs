//! Teams of one and of three hundred.

use std::sync::Arc;

use crate::domain::change_request::Verdict;
use crate::domain::history::Ledger;
use crate::domain::item::{Anchor, WorkItem};
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::standup::testing::{Card, Stood, at, calendar, card, since, standup, told};
use crate::domain::standup::{Material, Standup, Unsaid};
use crate::domain::status::Status;

const OLD: &str = "2026-11-12T08:30:00Z";
const TODAY: &str = "2026-11-23T08:10:00Z";

#[test]
fn a_team_of_one_has_one_turn_and_waits_for_nobody_else() {
    let stood: [&[Stood]; 3] = [
        &[(Stage::Code, Status::Drafting, OLD)],
        &[
            (Stage::Code, Status::Drafting, OLD),
            (Stage::Code, Status::Mergeable, TODAY),
        ],
        &[(Stage::Test, Status::Failed, TODAY)],
    ];
    let cards: Vec<Card> = (1..)
        .zip(stood)
        .map(|(number, stood)| card(number, stood).held_by(&["ana"]))
        .collect();
    let standup = standup(&cards);
    let names: Vec<&str> = standup
        .turns
        .iter()
        .map(|turn| turn.name.as_str())
        .collect();
    assert_eq!(names, ["ana"]);
    assert_eq!((standup.quiet, standup.walk.len()), (0, 3));
    let told = told(&standup.turns[0]);
    assert!(
        !told.iter().any(|line| line.contains("review of")),
        "{told:?}"
    );
}

#[test]
fn a_team_of_three_hundred_has_a_turn_for_each_by_name_and_what_each_is_asked_for() {
    let login = |nth: u64| format!("dev-{nth:03}");
    let cards: Vec<Card> = (0..300)
        .map(|nth| {
            let next = login((nth + 1) % 300);
            card(nth + 1, &[(Stage::Code, Status::Review, TODAY)])
                .by(&login(nth))
                .held_by(&[&next])
                .reviewed_by(&[&next])
                .said(&next, Verdict::Commented, TODAY)
        })
        .collect();
    let standup = standup(&cards);
    assert_eq!(standup.turns.len(), 300);
    assert!(standup.turns.is_sorted_by(|a, b| a.name < b.name));
    for turn in &standup.turns {
        assert_eq!(
            (turn.asked.len(), turn.waits.len()),
            (1, 1),
            "{}",
            turn.name
        );
    }
}

/// A fire since Saturday night, looked at on Sunday.
#[test]
fn on_a_day_off_no_age_is_nothing() {
    let (saturday, sunday) = ("2026-11-21T01:00:00Z", at("2026-11-22T08:30:00Z"));
    let fire = card(1, &[(Stage::Monitor, Status::Firing, saturday)])
        .of(Anchor::Alert)
        .held_by(&["bo"]);
    let review = card(2, &[(Stage::Code, Status::Review, saturday)]).reviewed_by(&["cy"]);
    let cards = [fire, review];
    let items: Vec<Arc<WorkItem>> = cards.iter().map(|it| Arc::new(it.item.clone())).collect();
    let items: Vec<&Arc<WorkItem>> = items.iter().collect();
    let (calendar, roster) = (calendar(), Roster::default());
    let material = Material {
        ledger: &Ledger::default(),
        cards: &items,
        calendar: &calendar,
        roster: &roster,
        parked: &[],
    };
    let standup = Standup::prepare(material, since(), sunday);
    let stop = standup.walk.first().unwrap();
    assert!(stop.by_clock());
    assert_eq!(stop.lasted(&calendar, sunday), ["for 31h", "for 31h"]);
    assert!(stop.story.contains("red 31h"), "{}", stop.story);
    let other = standup.walk.get(1).unwrap();
    assert!(!other.by_clock());
    let since = "since Sat 02:00";
    assert_eq!(other.lasted(&calendar, sunday), [since, since]);
    for turn in &standup.turns {
        let parts = [&turn.in_hand, &turn.asked, &turn.blocked, &turn.waits];
        for entry in parts.into_iter().flatten() {
            let words = &entry.words;
            assert!(
                !words.contains("0m")
                    && words.contains(if entry.card.key.contains("#1") {
                        "31h"
                    } else {
                        since
                    }),
                "{}: {words}",
                turn.name
            );
        }
    }
}

#[test]
fn findings_that_stand_where_they_stood_are_left_out_and_counted() {
    let old = "2026-09-20T09:00:00Z";
    for status in [Status::Finding, Status::Failed, Status::Blocked] {
        let still = card(1, &[(Stage::Monitor, status, old)]).of(Anchor::Finding);
        let mut stop = standup(&[still]).walk.remove(0);
        assert_eq!(stop.unsaid(true), Some(Unsaid::Findings), "{status:?}");
        stop.parked.push("who takes it?".into());
        assert_eq!(stop.unsaid(false), None);
    }
    let steps = [
        (Stage::Monitor, Status::Finding, old),
        (Stage::Monitor, Status::Failed, "2026-11-20T13:10:00Z"),
    ];
    let worse = card(1, &steps).of(Anchor::Finding);
    assert_eq!(standup(&[worse]).walk[0].unsaid(false), None, "it moved");
    let new = card(
        1,
        &[(Stage::Monitor, Status::Failed, "2026-11-20T13:10:00Z")],
    )
    .of(Anchor::Finding)
    .made("2026-11-20T13:10:00Z");
    assert_eq!(standup(&[new]).walk[0].unsaid(false), None, "it is new");
}
