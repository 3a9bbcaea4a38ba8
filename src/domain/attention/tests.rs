//! What calls for a person, and from when on.

use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::domain::calendar::{WorkingTime, Zone};
use crate::domain::item::{Anchor, Evidence, EvidenceKind, Outcome, Placement, WorkItem};
use crate::domain::key::{ItemId, Person, ServiceName};
use crate::domain::query::{Haystack, QueryContext};
use crate::domain::roster::Member;
use crate::domain::status::Status;

/// A Friday, an hour before the team goes home.
pub(super) fn friday() -> Timestamp {
    "2026-03-06T16:00:00Z".parse().unwrap()
}

pub(super) fn card(id: &str, stage: Stage, status: Status, since: Timestamp) -> WorkItem {
    WorkItem {
        id: ItemId::new(id),
        anchor: Anchor::Ticket,
        key: id.into(),
        title: id.into(),
        url: None,
        repo: None,
        services: vec![ServiceName::new("api")],
        author: None,
        holders: vec![Person::new("chen", false)],
        reviewers: Vec::new(),
        labels: Vec::new(),
        milestone: None,
        branches: Vec::new(),
        placement: Placement {
            stage,
            status,
            rule: "test".into(),
            reason: "test".into(),
            since,
            done: None,
            badges: Vec::new(),
            next_change: None,
        },
        evidence: Vec::new(),
        train: None,
        bot: false,
        created_at: since,
        updated_at: since,
        sources: Vec::new(),
        haystack: Haystack::default(),
    }
}

fn attention() -> Attention {
    let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), friday());
    Attention {
        calendar: Some(calendar),
        ..Attention::default()
    }
}

fn watching(rules: Attention, cards: &[WorkItem]) -> Watcher {
    let mut watcher = Watcher::new(rules);
    watcher.is_for(vec!["ana".to_owned()], friday());
    let cards: Vec<_> = cards.iter().cloned().map(Arc::new).collect();
    watcher.refresh(&cards, &[], friday());
    watcher
}

fn kinds(watcher: &Watcher, id: &str, now: Timestamp) -> Vec<Kind> {
    let calls = watcher.board().calls(&ItemId::new(id), now);
    calls.into_iter().map(|call| call.kind).collect()
}

/// A card that is so since Friday at four calls by this rule at `at`, and not a second before.
#[track_caller]
fn calls_at(card: &WorkItem, kind: Kind, at: &str) {
    let watcher = watching(attention(), std::slice::from_ref(card));
    let at: Timestamp = at.parse().unwrap();
    let before = kinds(&watcher, card.id.as_str(), at - TimeDelta::seconds(1));
    assert!(!before.contains(&kind), "{before:?} before {at}");
    let then = kinds(&watcher, card.id.as_str(), at);
    assert!(then.contains(&kind), "{then:?} at {at}");
}

fn since_friday(stage: Stage, status: Status) -> WorkItem {
    card("a", stage, status, friday())
}

#[test]
fn what_a_person_is_awaited_for_counts_in_working_time() {
    let check = |stage, status, kind, at| calls_at(&since_friday(stage, status), kind, at);
    // An hour is left on Friday; the rest is Monday's.
    check(
        Stage::Test,
        Status::Failed,
        Kind::RedTooLong,
        "2026-03-09T12:00:00Z",
    );
    check(
        Stage::Code,
        Status::Review,
        Kind::ReviewTooLong,
        "2026-03-09T16:00:00Z",
    );
    check(
        Stage::Code,
        Status::Review,
        Kind::Stuck,
        "2026-03-10T16:00:00Z",
    );
    check(
        Stage::Code,
        Status::Blocked,
        Kind::BlockedTooLong,
        "2026-03-10T16:00:00Z",
    );
    check(
        Stage::Deploy,
        Status::Waiting,
        Kind::Gate,
        "2026-03-06T17:00:00Z",
    );
    check(
        Stage::Deploy,
        Status::Waiting,
        Kind::Stuck,
        "2026-03-09T16:00:00Z",
    );
    check(
        Stage::Code,
        Status::Drafting,
        Kind::Stuck,
        "2026-03-13T16:00:00Z",
    );
}

#[test]
fn machines_do_not_go_home() {
    let build = since_friday(Stage::Build, Status::Running);
    let late = card(
        "a",
        Stage::Build,
        Status::Running,
        friday() + TimeDelta::hours(5),
    );
    calls_at(&build, Kind::Stuck, "2026-03-06T17:00:00Z");
    calls_at(&late, Kind::Stuck, "2026-03-06T22:00:00Z");
}

#[test]
fn what_happened_lately_is_not_stuck() {
    let mut card = card(
        "a",
        Stage::Code,
        Status::Drafting,
        friday() - TimeDelta::days(60),
    );
    card.updated_at = friday();
    calls_at(&card, Kind::Stuck, "2026-03-13T16:00:00Z");
}

#[test]
fn what_is_over_calls_nobody() {
    let mut card = since_friday(Stage::Test, Status::Failed);
    card.placement.done = Some(Outcome::Dropped);
    let mut rules = attention();
    rules.limits = vec![Limit::of_column(Stage::Test, 1)];
    let watcher = watching(rules, &[card]);
    assert_eq!(kinds(&watcher, "a", friday() + TimeDelta::days(90)), []);
    assert_eq!(watcher.board().counts().count(), 0);
    assert_eq!(watcher.next_change(), None);
}

#[test]
fn a_gate_of_a_card_waits_whatever_else_it_does() {
    let mut card = since_friday(Stage::Deploy, Status::Running);
    card.evidence.push(Evidence {
        kind: EvidenceKind::Gate,
        key: "production".into(),
        state: "waiting".into(),
        status: Status::Waiting,
        url: None,
        at: friday() - TimeDelta::hours(1),
        confidence: 100,
        detail: Clean::default(),
        run: None,
        door: None,
        sha: None,
    });
    calls_at(&card, Kind::Gate, "2026-03-06T16:00:00Z");
}

#[test]
fn it_is_the_users_move_by_any_of_their_logins() {
    let mut rules = attention();
    let ana = Member {
        name: "Ana".into(),
        logins: vec!["ana".into(), "a.ruiz".into()],
    };
    rules.roster = Roster::new(vec![ana]);
    let check = |holder: &str, reviewer: &str, status, expected: bool| {
        let mut card = since_friday(Stage::Code, status);
        card.holders = vec![Person::new(holder, false)];
        card.reviewers = vec![Person::new(reviewer, false)];
        let watcher = watching(rules.clone(), &[card]);
        let found = kinds(&watcher, "a", friday()).contains(&Kind::WaitsForMe);
        assert_eq!(found, expected, "{holder} {reviewer} {status:?}");
    };
    check("A.Ruiz", "chen", Status::ChangesRequested, true);
    check("chen", "ana", Status::Review, true);
    check("chen", "ana", Status::Drafting, false);
    check("ana", "chen", Status::Drafting, false);
    check("chen", "chen", Status::Review, false);
}

#[test]
fn whoever_the_user_turns_out_to_be_is_called() {
    let mut watcher = watching(attention(), &[since_friday(Stage::Code, Status::Blocked)]);
    assert_eq!(kinds(&watcher, "a", friday()), []);
    assert!(watcher.is_for(vec!["chen".to_owned()], friday()));
    assert_eq!(kinds(&watcher, "a", friday()), [Kind::WaitsForMe]);
    assert!(!watcher.is_for(vec!["chen".to_owned()], friday()));
}

fn limit(most: u32, per: Per) -> Limit {
    Limit {
        name: "work".into(),
        most,
        when: Query::default(),
        per,
        stages: vec![Stage::Code, Stage::Test],
        hard: false,
    }
}

fn five() -> Vec<WorkItem> {
    let stages = [
        Stage::Code,
        Stage::Code,
        Stage::Test,
        Stage::Test,
        Stage::Plan,
    ];
    let mut cards = Vec::new();
    for (at, stage) in (0_i32..).zip(stages) {
        let id = format!("c{at}");
        let since = friday() - TimeDelta::hours(10) + TimeDelta::minutes(at.into());
        let mut card = card(&id, stage, Status::Ready, since);
        card.holders = vec![Person::new(if at == 3 { "dara" } else { "chen" }, false)];
        card.labels = vec![if at % 2 == 0 { "even" } else { "odd" }.into()];
        cards.push(card);
    }
    cards
}

/// Checks which cards are too many under one limit, and what it counts.
#[track_caller]
fn counts(limit: Limit, over: &[&str], counted: &[(&str, usize, bool)]) {
    let mut rules = attention();
    rules.limits = vec![limit];
    let board = watching(rules, &five()).board();
    let too_many = |id: &&str| board.is(&ItemId::new(id), friday(), Kind::is_over);
    let ids = ["c0", "c1", "c2", "c3", "c4"];
    let found: Vec<&str> = ids.into_iter().filter(too_many).collect();
    assert_eq!(found, over);
    let found: Vec<_> = board.counts().collect();
    let found: Vec<_> = found
        .iter()
        .map(|count| (count.of.as_str(), count.cards, count.is_over()))
        .collect();
    assert_eq!(found, counted);
}

#[test]
fn limits_count_by_column_person_service_and_filter() {
    counts(limit(3, Per::Together), &["c3"], &[("", 4, true)]);
    counts(limit(4, Per::Together), &[], &[("", 4, false)]);
    let columns = [("code", 2, true), ("test", 2, true)];
    counts(limit(1, Per::Column), &["c1", "c3"], &columns);
    let people = [("chen", 3, true), ("dara", 1, false)];
    counts(limit(2, Per::Person), &["c2"], &people);
    counts(limit(3, Per::Service), &["c3"], &[("api", 4, true)]);
    let even = Limit {
        when: Query::parse("label:even").unwrap(),
        ..limit(1, Per::Together)
    };
    counts(even, &["c2"], &[("", 2, true)]);
    counts(Limit::of_column(Stage::Plan, 1), &[], &[("plan", 1, false)]);
}

#[test]
fn a_hard_limit_calls_louder_and_its_words_say_what_is_counted() {
    let mut rules = attention();
    rules.limits = vec![Limit {
        hard: true,
        ..limit(3, Per::Together)
    }];
    let board = watching(rules, &five()).board();
    let call = &board.calls(&ItemId::new("c3"), friday())[0];
    assert_eq!(call.kind, Kind::OverHard);
    assert_eq!(call.about.as_str(), "work holds 4, the limit is 3");
    let shared = board.of_column(Stage::Code).unwrap();
    assert_eq!((shared.cards, shared.is_over()), (4, true));
    assert!(board.of_column(Stage::Plan).is_none());
}

#[test]
fn the_list_has_the_most_urgent_and_then_the_oldest_first() {
    let hours = |hours| friday() - TimeDelta::hours(hours);
    let cards = [
        card("young", Stage::Test, Status::Failed, hours(6)),
        card("stuck", Stage::Build, Status::Running, hours(6)),
        card("old", Stage::Test, Status::Failed, hours(7)),
    ];
    let watcher = watching(attention(), &cards);
    let items: Vec<_> = cards.iter().cloned().map(Arc::new).collect();
    let list = watcher.board().list(&items, friday());
    let list: Vec<_> = list.iter().map(|line| line.item.id.as_str()).collect();
    assert_eq!(list, ["old", "young", "stuck"]);
}

#[test]
fn the_clock_alone_makes_things_call_and_says_when() {
    let mut watcher = watching(attention(), &[since_friday(Stage::Build, Status::Running)]);
    let due = friday() + TimeDelta::hours(1);
    assert_eq!(watcher.next_change(), Some(due));
    assert!(!watcher.refresh(&[], &[], due - TimeDelta::seconds(1)));
    assert!(watcher.refresh(&[], &[], due));
    assert!(!watcher.refresh(&[], &[], due), "once is enough");
    assert_eq!(watcher.next_change(), None);
}

#[test]
fn the_filter_asks_what_calls() {
    let mut rules = attention();
    rules.limits = vec![limit(3, Per::Together)];
    let cards = five();
    let mut context = QueryContext {
        now: friday(),
        me: Vec::new(),
        attention: watching(rules, &cards).board(),
        hides: crate::domain::hide::Hides::default(),
    };
    let found = |text: &str, context: &QueryContext| {
        let query = Query::parse(text).unwrap();
        let cards = cards.iter().filter(|card| query.matches(card, context));
        cards.map(|card| card.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(found("is:over", &context), ["c3"]);
    assert_eq!(
        found("is:calling", &context),
        ["c2", "c3"],
        "one is stuck in test"
    );
    assert_eq!(found("is:stuck", &context), ["c2", "c3"]);
    assert!(found("is:waiting-for-me", &context).is_empty());
    context.attention = AttentionBoard::default();
    assert!(found("is:over", &context).is_empty());
    for (text, expected) in [("age:>2d", true), ("-is:over", true), ("is:red a", false)] {
        assert_eq!(
            Query::parse(text).unwrap().asks_for_time(),
            expected,
            "{text}"
        );
    }
}
