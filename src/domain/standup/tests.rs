//! The stand-up by example: what is said of one card, and in which part of a turn it is.

use crate::domain::change_request::Verdict;
use crate::domain::history::Ledger;
use crate::domain::item::{Anchor, Outcome};
use crate::domain::roster::{Member, Roster};
use crate::domain::stage::Stage::{Build, Code, Deploy, Monitor, Operate, Plan, Release, Test};
use crate::domain::standup::testing::{
    Card, Stood, at, calendar, card, now, since, standup, standup_of, told,
};
use crate::domain::standup::{Before, Known, Material, Parked, Standup, Unsaid, Way, moment};
use crate::domain::status::Status;

const OLD: &str = "2026-11-12T09:00:00Z";
const THURSDAY: &str = "2026-11-19T13:10:00Z";
const FRIDAY: &str = "2026-11-20T13:10:00Z";
const SUNDAY: &str = "2026-11-22T02:10:00Z";
const TODAY: &str = "2026-11-23T08:10:00Z";

#[track_caller]
fn story(card: Card, way: Way, expected: &str) {
    let standup = standup(&[card]);
    let stop = standup.walk.first().unwrap();
    assert_eq!(stop.story.as_str(), expected);
    assert_eq!(stop.happened.way, way, "{expected}");
}

#[test]
fn what_a_card_did_is_said_in_words() {
    story(
        card(1, &[(Code, Status::Review, OLD)]),
        Way::Still,
        "did not move",
    );
    story(
        card(
            1,
            &[
                (Code, Status::Drafting, OLD),
                (Test, Status::Failed, FRIDAY),
            ],
        ),
        Way::Forward,
        "moved from Code to Test Fri 14:10, red 3h",
    );
    story(
        card(
            1,
            &[
                (Code, Status::Drafting, OLD),
                (Test, Status::Failed, SUNDAY),
            ],
        ),
        Way::Forward,
        "moved from Code to Test Sun 03:10, red 30m",
    );
    story(
        card(
            1,
            &[
                (Code, Status::Review, OLD),
                (Code, Status::Mergeable, TODAY),
            ],
        ),
        Way::Forward,
        "went from review to mergeable 09:10",
    );
    story(
        card(1, &[(Plan, Status::Blocked, OLD)]),
        Way::Still,
        "did not move, blocked 6d",
    );
    story(
        card(1, &[(Code, Status::Drafting, FRIDAY)]).made(FRIDAY),
        Way::Forward,
        "new Fri 14:10",
    );
    story(
        card(
            1,
            &[
                (Code, Status::Drafting, FRIDAY),
                (Build, Status::Running, TODAY),
            ],
        )
        .made(FRIDAY),
        Way::Forward,
        "new Fri 14:10, in Build 09:10",
    );
}

#[test]
fn going_to_and_fro_is_no_move_and_said() {
    let stood: [Stood; 4] = [
        (Code, Status::Review, OLD),
        (Build, Status::Running, FRIDAY),
        (Test, Status::Running, SUNDAY),
        (Code, Status::Review, TODAY),
    ];
    story(
        card(1, &stood),
        Way::Still,
        "was in Test and came back 09:10",
    );
    let stood: [Stood; 3] = [
        (Code, Status::Review, OLD),
        (Code, Status::ChangesRequested, FRIDAY),
        (Code, Status::Review, TODAY),
    ];
    story(
        card(1, &stood),
        Way::Still,
        "changed and came back to review",
    );
}

#[test]
fn a_card_that_was_taken_back_is_said_to_be() {
    story(
        card(
            1,
            &[
                (Operate, Status::Live, OLD),
                (Deploy, Status::RolledBack, FRIDAY),
            ],
        ),
        Way::Back,
        "back from Operate to Deploy Fri 14:10, rolled back 3h",
    );
    let again: [Stood; 3] = [
        (Deploy, Status::Running, OLD),
        (Code, Status::Drafting, FRIDAY),
        (Monitor, Status::Watched, TODAY),
    ];
    story(
        card(1, &again),
        Way::Forward,
        "moved from Deploy to Monitor 09:10, was taken back Fri 14:10",
    );
    // What is tested and then reviewed again is not taken back.
    let tested: [Stood; 2] = [
        (Test, Status::Running, OLD),
        (Code, Status::Drafting, FRIDAY),
    ];
    let standup = standup(&[card(1, &tested)]);
    let stop = &standup.walk[0];
    assert_eq!(stop.story.as_str(), "moved from Test to Code Fri 14:10");
    assert_eq!(
        (stop.happened.taken_back, stop.happened.way),
        (None, Way::Aside)
    );
    // Nor is an alert that goes from those who watch to those who act.
    let alert = [
        (Monitor, Status::Firing, OLD),
        (Operate, Status::Incident, FRIDAY),
    ];
    story(
        card(1, &alert).of(Anchor::Incident),
        Way::Aside,
        "moved from Monitor to Operate Fri 14:10, incident 2d",
    );
}

#[test]
fn what_is_merged_and_built_again_was_not_taken_back() {
    let built: [Stood; 3] = [
        (Release, Status::Unreleased, OLD),
        (Build, Status::Running, FRIDAY),
        (Release, Status::Unreleased, TODAY),
    ];
    let standup = standup(&[card(1, &built), card(2, &built[..2])]);
    let of = |at: usize| &standup.walk[at].happened;
    assert_eq!((of(0).taken_back, of(0).way), (None, Way::Still));
    assert_eq!((of(1).taken_back, of(1).way), (None, Way::Aside));
}

#[test]
fn what_only_waits_for_an_answer_did_not_move() {
    // Live for long; whether a newer version has it was not told yet, and then it was.
    let stood: [Stood; 3] = [
        (Monitor, Status::Watched, OLD),
        (Operate, Status::Unknown, FRIDAY),
        (Monitor, Status::Watched, TODAY),
    ];
    let mut told = card(1, &stood);
    told.ways[1].rule = "live-unsure".into();
    told.item.placement.since = at(OLD);
    let mut open = card(2, &stood[..2]);
    open.ways[1].rule = "live-unsure".into();
    open.item.placement.rule = "live-unsure".into();
    let standup = standup(&[told, open]);
    for stop in &standup.walk {
        assert_eq!(stop.happened.steps, Vec::new());
        assert_eq!(stop.happened.way, Way::Still);
        assert_eq!(stop.story.as_str(), "did not move");
    }
}

#[test]
fn what_moved_before_the_last_stand_up_did_not_move_since() {
    // History was a moment behind then.
    let mut late = card(1, &[(Release, Status::Unreleased, OLD)]);
    late.item.placement.stage = Monitor;
    late.item.placement.status = Status::Watched;
    let standup = standup(&[late]);
    assert_eq!(standup.walk[0].happened.steps, Vec::new());
    assert_eq!(standup.walk[0].happened.way, Way::Still);
}

#[test]
fn where_history_does_not_reach_the_card_itself_tells() {
    story(
        card(1, &[(Test, Status::Running, FRIDAY)]).unknown(),
        Way::Still,
        "in Test Fri 14:10",
    );
    story(
        card(1, &[(Test, Status::Running, OLD)]).unknown(),
        Way::Still,
        "did not move",
    );
    story(
        card(1, &[(Test, Status::Running, TODAY)])
            .unknown()
            .made(FRIDAY),
        Way::Forward,
        "new Fri 14:10, in Test 09:10",
    );
    // It begins in between.
    let standup = standup(&[card(
        1,
        &[
            (Test, Status::Running, FRIDAY),
            (Code, Status::Review, TODAY),
        ],
    )]);
    assert_eq!(standup.walk[0].happened.before, Before::Unknown);
}

#[test]
fn how_far_history_reaches_is_said() {
    #[track_caller]
    fn check(begun: Option<&str>, expected: Known) {
        let ledger = Ledger {
            since: begun.map(at),
            ..Ledger::default()
        };
        let material = Material {
            ledger: &ledger,
            cards: &[],
            calendar: &calendar(),
            roster: &Roster::default(),
            parked: &[],
        };
        let standup = Standup::prepare(material, since(), now());
        assert_eq!(standup.known, expected);
        assert!(standup.walk.is_empty() && standup.turns.is_empty());
    }
    check(None, Known::Nothing);
    check(Some(OLD), Known::Whole(at(OLD)));
    check(Some(SUNDAY), Known::From(at(SUNDAY)));
}

#[test]
fn the_walk_goes_from_right_to_left_the_worst_and_the_oldest_first() {
    let cards = [
        card(1, &[(Code, Status::Review, FRIDAY)]),
        card(2, &[(Code, Status::Review, OLD)]),
        card(3, &[(Code, Status::Blocked, TODAY)]),
        card(4, &[(Monitor, Status::Watched, OLD)]),
        card(5, &[(Plan, Status::Backlog, OLD)]),
        card(6, &[(Test, Status::Failed, TODAY)]),
    ];
    let keys = |standup: &Standup| -> Vec<String> {
        let keys = standup.walk.iter().map(|stop| stop.card.key.to_string());
        keys.collect()
    };
    let standup = standup(&cards);
    assert_eq!(
        keys(&standup),
        ["api#4", "api#6", "api#3", "api#2", "api#1", "api#5"]
    );
    let stuck: Vec<&str> = standup
        .stuck()
        .iter()
        .map(|stop| stop.card.key.as_str())
        .collect();
    assert_eq!(stuck, ["api#6", "api#3"]);
}

#[test]
fn time_in_a_stage_is_working_time_since_it_came_there() {
    let stood: [Stood; 3] = [
        (Code, Status::Drafting, OLD),
        (Test, Status::Running, THURSDAY),
        (Test, Status::Failed, FRIDAY),
    ];
    let standup = standup(&[card(1, &stood)]);
    let stop = &standup.walk[0];
    // Thursday from 14:10, Friday, and half an hour of Monday.
    assert_eq!(stop.in_stage.num_minutes(), 170 + 480 + 30);
    assert_eq!(stop.in_status.num_minutes(), 170 + 30);
    assert_eq!(stop.entered, at(THURSDAY));
}

/// Checks what is told of one person.
#[track_caller]
fn turn(cards: &[Card], name: &str, expected: &[&str]) {
    let standup = standup(cards);
    let turn = standup.turns.iter().find(|turn| turn.name.as_str() == name);
    assert_eq!(turn.map(told).unwrap_or_default(), expected, "{name}");
}

#[test]
fn the_present_of_a_person_is_whose_move_it_is() {
    let review = card(1, &[(Code, Status::Review, THURSDAY)])
        .held_by(&["dara"])
        .reviewed_by(&["dara"]);
    turn(
        std::slice::from_ref(&review),
        "dara",
        &["asked api#1: review, waits 1d"],
    );
    turn(
        &[review],
        "ana",
        &["waits api#1: 1d for the review of `dara`"],
    );
    let drafting = card(1, &[(Code, Status::Drafting, OLD)]).held_by(&["ana"]);
    turn(
        &[drafting],
        "ana",
        &["in hand api#1: drafting, 6d in Code, no move for 6d"],
    );
    let red = card(1, &[(Test, Status::Failed, FRIDAY)]).held_by(&["ana"]);
    let told = "blocked api#1: red 3h in Test: job `unit` failed";
    turn(&[red], "ana", &[told]);
    let gate = card(1, &[(Deploy, Status::Waiting, TODAY)]).held_by(&["bo"]);
    turn(
        std::slice::from_ref(&gate),
        "bo",
        &["asked api#1: gate, waits 20m"],
    );
    turn(&[gate], "ana", &["waits api#1: 20m for the word of `bo`"]);
    // A machine has it.
    let running = card(1, &[(Test, Status::Running, TODAY)]).reviewed_by(&["dara", "ana"]);
    turn(
        std::slice::from_ref(&running),
        "dara",
        &["asked api#1: review, waits 20m"],
    );
    let told = "waits api#1: 20m for the end of what goes on: job `unit` failed";
    turn(&[running], "ana", &[told]);
}

#[test]
fn what_is_live_or_only_written_down_is_in_nobodys_hand() {
    let live = card(1, &[(Monitor, Status::Watched, OLD)]);
    let backlog = card(2, &[(Plan, Status::Backlog, OLD)]).held_by(&["ana", "bo"]);
    let standup = standup(&[live, backlog]);
    assert_eq!(standup.turns, []);
    assert_eq!(standup.quiet, 2, "ana and bo");
}

#[test]
fn the_past_of_a_person_is_what_went_forward_by_them() {
    let merged = card(
        1,
        &[
            (Code, Status::Review, OLD),
            (Release, Status::Unreleased, FRIDAY),
        ],
    )
    .said("dara", Verdict::Commented, FRIDAY)
    .said("dara", Verdict::Approved, "2026-11-20T13:00:00Z")
    .said("dara", Verdict::Approved, OLD)
    .said("ana", Verdict::Commented, FRIDAY)
    .said("lint[bot]", Verdict::Commented, FRIDAY);
    let merged_told = "moved api#1: moved from Code to Release Fri 14:10";
    let waits = "waits api#1: 3h for a release that contains it";
    turn(std::slice::from_ref(&merged), "ana", &[merged_told, waits]);
    turn(&[merged], "dara", &["moved api#1: reviewed Fri 14:10"]);
    let done = card(
        1,
        &[
            (Code, Status::Review, OLD),
            (Monitor, Status::Watched, TODAY),
        ],
    )
    .over(Outcome::Shipped);
    turn(&[done], "ana", &["moved api#1: done 09:10"]);
    let dropped = card(
        1,
        &[(Code, Status::Review, OLD), (Code, Status::Review, FRIDAY)],
    )
    .over(Outcome::Dropped);
    turn(&[dropped], "ana", &["moved api#1: closed Fri 14:10"]);
    // Back is not forward, and what was over before is no news.
    let back = [
        (Operate, Status::Live, OLD),
        (Operate, Status::Watched, FRIDAY),
    ];
    turn(&[card(1, &back)], "ana", &[]);
    let before = card(1, &[(Monitor, Status::Watched, OLD)]).over(Outcome::Shipped);
    turn(&[before], "ana", &[]);
}

#[test]
fn logins_of_several_systems_have_one_turn_and_people_come_by_name() {
    let roster = Roster::new(vec![
        Member {
            name: "Zoe".into(),
            logins: vec!["ana".into(), "ana.ruiz".into()],
        },
        Member {
            name: "Quiet".into(),
            logins: Vec::new(),
        },
    ]);
    let cards = [
        card(1, &[(Code, Status::Drafting, TODAY)]).held_by(&["ana", "ANA.RUIZ"]),
        card(2, &[(Code, Status::Drafting, TODAY)])
            .by("bo")
            .held_by(&["Bo"]),
        card(3, &[(Code, Status::Review, TODAY)]).held_by(&["ana.ruiz"]),
    ];
    let standup = standup_of(&cards, &roster, &[]);
    let names: Vec<&str> = standup
        .turns
        .iter()
        .map(|turn| turn.name.as_str())
        .collect();
    assert_eq!(names, ["Bo", "Zoe"]);
    assert_eq!(standup.quiet, 1);
    let zoe = told(&standup.turns[1]);
    assert_eq!(
        zoe,
        [
            "in hand api#1: drafting, 20m in Code",
            // Her own change under another login is not waiting for her review.
            "waits api#3: 20m for the review of `Zoe`"
        ]
    );
}

#[test]
fn machines_have_no_turn_and_one_line() {
    let cards = [
        card(
            1,
            &[
                (Code, Status::Review, OLD),
                (Code, Status::Mergeable, FRIDAY),
            ],
        )
        .by("renovate[bot]")
        .held_by(&["renovate[bot]"]),
        card(2, &[(Test, Status::Failed, FRIDAY)]).by("renovate[bot]"),
        card(3, &[(Code, Status::Review, FRIDAY)])
            .by("renovate[bot]")
            .held_by(&["dara"]),
        card(
            4,
            &[
                (Code, Status::Review, OLD),
                (Monitor, Status::Watched, FRIDAY),
            ],
        )
        .by("renovate[bot]")
        .over(Outcome::Shipped),
    ];
    let standup = standup(&cards);
    assert_eq!(standup.walk.len(), 3, "they are on the board all the same");
    let bots = &standup.bots;
    assert_eq!((bots.cards, bots.moved, bots.finished), (3, 1, 1));
    assert_eq!(bots.red.len(), 1);
    assert_eq!(standup.turns.len(), 1);
    let dara = &standup.turns[0];
    assert_eq!((told(dara).len(), dara.of_bots), (0, 1));
}

#[test]
fn what_was_put_aside_comes_with_its_card() {
    let mark = |number: u64, note: &str, when: &str| Parked {
        item: card(number, &[(Code, Status::Review, OLD)]).item.id,
        note: note.into(),
        at: at(when),
    };
    let cards = [
        card(1, &[(Code, Status::Review, OLD)]),
        card(
            2,
            &[
                (Code, Status::Review, OLD),
                (Monitor, Status::Watched, FRIDAY),
            ],
        )
        .over(Outcome::Shipped),
    ];
    let marks = [
        mark(3, "who knows", TODAY),
        mark(1, "split it?", FRIDAY),
        mark(2, "write it up", SUNDAY),
    ];
    let standup = standup_of(&cards, &Roster::default(), &marks);
    let parked: Vec<(Option<&str>, &str)> = standup
        .parked
        .iter()
        .map(|it| {
            let key = it.card.as_ref().map(|card| card.key.as_str());
            (key, it.mark.note.as_str())
        })
        .collect();
    assert_eq!(
        parked,
        [
            (Some("api#1"), "split it?"),
            (Some("api#2"), "write it up"),
            (None, "who knows")
        ]
    );
    assert_eq!(standup.walk[0].parked.len(), 1);
}

#[test]
fn moments_are_as_short_as_they_can_be_told() {
    for (when, words) in [
        (TODAY, "09:10"),
        (SUNDAY, "Sun 03:10"),
        ("2026-11-16T13:10:00Z", "16 Nov 14:10"),
        ("2025-11-16T13:10:00Z", "16 Nov 2025"),
        ("2026-11-25T13:10:00Z", "25 Nov 14:10"),
    ] {
        assert_eq!(moment(at(when), &calendar(), now()), words);
    }
}

#[test]
fn the_walk_leaves_out_that_of_which_there_is_nothing_to_say() {
    let unsaid = |steps: &[Stood], calls: bool| {
        let standup = standup(&[card(1, steps)]);
        standup.walk.first().unwrap().unsaid(calls)
    };
    let stood = [(Code, Status::Drafting, OLD), (Plan, Status::Ready, OLD)];
    assert_eq!(unsaid(&stood[1..], false), Some(Unsaid::Quiet));
    assert_eq!(unsaid(&stood[1..], true), None, "it calls for a person");
    let shipped = [
        (Code, Status::Drafting, OLD),
        (Operate, Status::Live, FRIDAY),
    ];
    assert_eq!(unsaid(&shipped, false), Some(Unsaid::Live));
    assert_eq!(unsaid(&shipped, true), None, "it calls for a person");
    for status in [Status::Degraded, Status::RolledBack, Status::Incident] {
        let ill = [(Code, Status::Drafting, OLD), (Operate, status, FRIDAY)];
        assert_eq!(unsaid(&ill, false), None, "{status:?}");
    }
    let moved = [(Plan, Status::Ready, OLD), (Code, Status::Queued, FRIDAY)];
    assert_eq!(
        unsaid(&moved, false),
        None,
        "it moved, and is not there yet"
    );
}

#[test]
fn what_was_put_aside_to_be_talked_about_is_walked_through() {
    let shipped = card(
        1,
        &[
            (Code, Status::Drafting, OLD),
            (Operate, Status::Live, FRIDAY),
        ],
    );
    let mut stop = standup(&[shipped]).walk.remove(0);
    assert_eq!(stop.unsaid(false), Some(Unsaid::Live));
    stop.parked.push("who tells the customers?".into());
    assert_eq!(stop.unsaid(false), None);
}
