//! Boards one after the other, and what a person is told of them.

use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::config::{Desktop, Quiet};
use crate::domain::item::Evidence;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::run::{Failure, Run, RunState};
use crate::domain::stage::Stage;
use crate::domain::text::Clean;
use crate::domain::triage::{Known, Triage, TriageBoard, TriageCard};
use crate::engine::snapshot::{Column, Health, Row, scope_of};
use crate::ui::sample;

/// When the board came up.
fn start() -> Timestamp {
    sample::moment()
}

fn minutes(count: i64) -> Timestamp {
    start() + TimeDelta::minutes(count)
}

/// A card of a small world.
#[derive(Clone)]
struct Card {
    number: usize,
    status: Status,
    /// The failed run, its attempt and commit; none where something else makes it red.
    run: Option<(u64, u32, u64)>,
    /// When it got that way.
    since: i64,
    /// When a run passed.
    passed: Option<i64>,
    author: &'static str,
}

fn card(number: usize, status: Status, since: i64) -> Card {
    Card {
        number,
        status,
        run: None,
        since,
        passed: None,
        author: "me",
    }
}

fn red(number: usize, run: (u64, u32, u64), since: i64) -> Card {
    Card {
        run: Some(run),
        ..card(number, Status::Failed, since)
    }
}

fn green(number: usize, passed: i64) -> Card {
    Card {
        passed: Some(passed),
        ..card(number, Status::Mergeable, passed)
    }
}

impl Card {
    fn item(&self) -> WorkItem {
        let mut item = sample::card(self.number, Stage::Test);
        item.placement.status = self.status;
        item.placement.since = minutes(self.since);
        item.placement.reason = Clean::line("job `test` failed");
        item.author = Some(Person::new(self.author, false));
        item.holders = Vec::new();
        item.repo = Some(RepoKey::new("github.com", "acme/api"));
        item.sources = vec![SourceName::new("work")];
        item.evidence = self
            .passed
            .map(|at| Evidence {
                kind: EvidenceKind::Run,
                key: Clean::line("ci #1"),
                state: Clean::line("passed"),
                status: Status::Mergeable,
                url: None,
                at: minutes(at),
                confidence: 100,
                detail: Clean::default(),
                run: None,
                door: None,
                sha: None,
            })
            .into_iter()
            .collect();
        item
    }

    fn triage(&self, item: &WorkItem) -> Option<TriageCard> {
        let (id, attempt, commit) = self.run?;
        let repo = RepoKey::new("github.com", "acme/api");
        let why = || Clean::line("not read yet");
        let run = Run {
            repo: repo.clone(),
            id,
            number: id,
            attempt,
            workflow: Clean::line("ci"),
            ci: Clean::default(),
            no_jobs: Clean::default(),
            label: Clean::default(),
            workflow_path: Clean::default(),
            event: Clean::line("push"),
            branch: Clean::line("main"),
            head_sha: Sha::parse(&format!("{commit:040x}")),
            change_requests: Vec::new(),
            state: RunState::Failed(Failure::Failed),
            actor: None,
            title: Clean::default(),
            url: None,
            created_at: minutes(self.since),
            started_at: None,
            updated_at: minutes(self.since),
        };
        let triage = Triage {
            item: item.id.clone(),
            key: item.key.clone(),
            title: item.title.clone(),
            source: SourceName::new("work"),
            repo,
            run: Arc::new(run),
            attempts: Vec::new(),
            jobs: Vec::new(),
            jobs_known: true,
            failed_job: None,
            diagnosis: Known::No(why()),
            tests: Vec::new(),
            first_bad: Known::No(why()),
            base: Known::No(why()),
            flaky: Known::No(why()),
            signature: None,
            since: minutes(self.since),
        };
        Some(TriageCard {
            triage: Arc::new(triage),
            group: None,
        })
    }
}

/// A board on which all cards were confirmed at that minute.
fn board(confirmed: i64, cards: &[Card]) -> Snapshot {
    let items: Vec<Arc<WorkItem>> = cards.iter().map(|card| Arc::new(card.item())).collect();
    let triage = cards.iter().zip(&items);
    let triage = triage
        .filter_map(|(card, item)| card.triage(item))
        .collect();
    let mut source = sample::source("work", Health::Ok);
    source.me = Some("Me".to_owned());
    let scope = (SourceName::new("work"), scope_of("acme/api"));
    Snapshot {
        columns: vec![Column {
            stage: Stage::Test,
            count: items.len(),
            red: 0,
            rows: items.into_iter().map(Row::Item).collect(),
            empty_because: None,
        }],
        sources: vec![source],
        confirmed: Arc::new(HashMap::from([(scope, minutes(confirmed))])),
        triage: Arc::new(TriageBoard {
            cards: triage,
            groups: Vec::new(),
        }),
        ..Snapshot::default()
    }
}

fn rules() -> Notify {
    Notify {
        bell: true,
        ..Notify::default()
    }
}

/// Shows boards one after the other, each with the minute of its confirmation; returns the titles.
fn told_by(rules: Notify, boards: &[(i64, Vec<Card>)]) -> Vec<String> {
    let mut watch = Watch::new(rules, start());
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    let mut told = Vec::new();
    for (at, cards) in boards {
        watch.look(&board(*at, cards), minutes(*at), noon);
        let notices = sum_up(watch.tell(noon));
        told.extend(notices.into_iter().map(|notice| {
            let rest = notice.title.split_once(' ').unwrap().1;
            let number = notice.title.split('#').nth(1).unwrap_or(&notice.title);
            let number = number.split(' ').next().unwrap();
            format!("{number} {rest}")
        }));
    }
    told
}

#[track_caller]
fn check(boards: &[(i64, Vec<Card>)], expected: &[&str]) {
    assert_eq!(told_by(rules(), boards), expected);
}

const HEAD: u64 = 0xabc_def0;

#[test]
fn a_card_that_turns_red_is_told_once() {
    let failed = || vec![red(1, (7, 1, HEAD), 4)];
    let boards = [
        (1, vec![card(1, Status::Running, 0)]),
        (5, failed()),
        (6, failed()),
        (7, failed()),
    ];
    check(&boards, &["1 turned red"]);
    // So is one that was never seen in another colour.
    check(&[(1, vec![]), (5, failed())], &["1 turned red"]);
}

#[test]
fn what_was_red_at_the_start_is_no_news() {
    let boards = [
        (1, vec![red(1, (7, 1, HEAD), -60)]),
        (2, vec![red(1, (7, 1, HEAD), -60)]),
    ];
    check(&boards, &[]);
}

#[test]
fn old_data_is_no_news() {
    // From the store, where it was confirmed before the start.
    check(&[(-3, vec![red(1, (7, 1, HEAD), 1)])], &[]);
    let mut watch = Watch::new(rules(), start());
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    let old = board(1, &[red(1, (7, 1, HEAD), 1)]);
    watch.look(&old, minutes(90), noon);
    assert_eq!(watch.tell(noon), []);
    let partial = Snapshot {
        partial: true,
        ..board(5, &[red(1, (7, 1, HEAD), 4)])
    };
    watch.look(&partial, minutes(5), noon);
    assert_eq!(watch.tell(noon), []);
}

#[test]
fn a_run_that_fails_again_is_told_again_but_one_attempt_never_twice() {
    let boards = [
        (5, vec![red(1, (7, 1, HEAD), 4)]),
        (6, vec![card(1, Status::Running, 6)]),
        // The server is asked again and says what it said before.
        (7, vec![red(1, (7, 1, HEAD), 4)]),
        (9, vec![red(1, (7, 2, HEAD), 8)]),
    ];
    check(&boards, &["1 turned red", "1 turned red"]);
}

#[test]
fn a_second_failure_of_the_same_commit_is_no_news_but_that_of_another_is() {
    let boards = [
        (5, vec![red(1, (7, 1, HEAD), 4)]),
        (6, vec![red(1, (8, 1, HEAD), 5)]),
        (9, vec![red(1, (9, 1, HEAD + 1), 8)]),
    ];
    check(&boards, &["1 turned red", "1 turned red"]);
}

#[test]
fn a_failure_whose_run_becomes_known_later_is_told_once() {
    let boards = [
        (5, vec![card(1, Status::Failed, 4)]),
        (6, vec![red(1, (7, 1, HEAD), 4)]),
        (7, vec![card(1, Status::Running, 7)]),
        (8, vec![red(1, (7, 1, HEAD), 4)]),
    ];
    check(&boards, &["1 turned red"]);
}

#[test]
fn one_of_mine_that_is_green_again_is_told_once_even_if_it_was_red_at_the_start() {
    let boards = [
        (1, vec![red(1, (7, 1, HEAD), -60)]),
        (3, vec![card(1, Status::Running, 2)]),
        (5, vec![green(1, 4)]),
        (6, vec![green(1, 4)]),
    ];
    check(&boards, &["1 is green again"]);
    let other = |card: Card| {
        vec![Card {
            author: "you",
            ..card
        }]
    };
    let boards = [
        (1, other(red(1, (7, 1, HEAD), -60))),
        (5, other(green(1, 4))),
    ];
    check(&boards, &[]);
}

#[test]
fn what_does_not_run_any_more_is_not_green_for_that() {
    let before = (1, vec![red(1, (7, 1, HEAD), -60)]);
    for status in [
        Status::Queued,
        Status::Running,
        Status::Unknown,
        Status::Review,
    ] {
        // No run passed since: it was cancelled, or nobody knows.
        check(&[before.clone(), (5, vec![card(1, status, 4)])], &[]);
    }
    // One that passed before it failed does not count.
    check(&[before.clone(), (5, vec![green(1, -90)])], &[]);
    check(&[before, (5, vec![])], &[]);
    // Without a run it is the status that tells.
    let firing = card(1, Status::Firing, -60);
    let boards = [(1, vec![firing]), (5, vec![card(1, Status::Watched, 4)])];
    check(&boards, &["1 is green again"]);
}

#[test]
fn only_what_was_asked_for_is_told() {
    let boards = [(5, vec![red(1, (7, 1, HEAD), 4)]), (9, vec![green(1, 8)])];
    let only = |on: &[Occasion]| {
        told_by(
            Notify {
                on: on.to_vec(),
                ..rules()
            },
            &boards,
        )
    };
    assert_eq!(only(&[Occasion::Red]), ["1 turned red"]);
    assert_eq!(only(&[Occasion::Green]), ["1 is green again"]);
    assert!(only(&[]).is_empty());
    let off = Notify {
        bell: false,
        desktop: Desktop::Off,
        ..rules()
    };
    assert!(told_by(off, &boards).is_empty());
}

#[test]
fn mine_are_those_that_i_wrote_or_hold() {
    let mine = Notify {
        mine_only: true,
        ..rules()
    };
    let of = |author| {
        let card = Card {
            author,
            ..red(1, (7, 1, HEAD), 4)
        };
        told_by(mine.clone(), &[(5, vec![card])])
    };
    assert_eq!(of("me"), ["1 turned red"]);
    assert!(of("you").is_empty());
}

#[test]
fn more_than_five_at_once_are_one() {
    let many = |count: usize| -> Vec<Card> {
        let ids = 1..=count;
        ids.map(|n| red(n, (u64::try_from(n).unwrap(), 1, HEAD), 4))
            .collect()
    };
    assert_eq!(told_by(rules(), &[(5, many(5))]).len(), 5);
    let mut watch = Watch::new(rules(), start());
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    watch.look(&board(5, &many(7)), minutes(5), noon);
    let notices = sum_up(watch.tell(noon));
    let [notice] = notices.as_slice() else {
        panic!("{notices:?}");
    };
    assert_eq!(notice.title, "7 cards turned red");
    assert!(notice.text.ends_with(" and 2 more"), "{}", notice.text);
    assert_eq!(notice.names.len(), 7);
    watch.look(&board(6, &many(7)), minutes(6), noon);
    assert_eq!(watch.wait(minutes(6)), None);
}

#[test]
fn what_happens_in_quiet_hours_is_not_told_later_either() {
    let quiet = Notify {
        quiet: Quiet::parse("22:00-07:00"),
        ..rules()
    };
    let mut watch = Watch::new(quiet, start());
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let mut told = |board: &Snapshot, at, local| {
        watch.look(board, minutes(at), local);
        watch.tell(local).len()
    };
    let failed = board(5, &[red(1, (7, 1, HEAD), 4)]);
    assert_eq!(told(&failed, 5, hour(23)), 0);
    assert_eq!(told(&failed, 6, hour(8)), 0);
    let again = board(9, &[red(1, (7, 2, HEAD), 8)]);
    assert_eq!(told(&again, 9, hour(8)), 1);
}

#[test]
fn quiet_hours_may_go_over_midnight_and_end_on_the_minute() {
    let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    for (quiet, at, told) in [
        ("22:00-07:00", time(21, 59), 1),
        ("22:00-07:00", time(22, 0), 0),
        ("22:00-07:00", time(23, 59), 0),
        ("22:00-07:00", time(0, 0), 0),
        ("22:00-07:00", time(6, 59), 0),
        ("22:00-07:00", time(7, 0), 1),
        ("12:00-13:00", time(11, 59), 1),
        ("12:00-13:00", time(12, 30), 0),
        ("12:00-13:00", time(13, 0), 1),
    ] {
        let rules = Notify {
            quiet: Quiet::parse(quiet),
            ..rules()
        };
        let mut watch = Watch::new(rules, start());
        watch.look(&board(5, &[red(1, (7, 1, HEAD), 4)]), minutes(5), at);
        assert_eq!(watch.tell(at).len(), told, "{quiet} at {at}");
    }
    // Seen a second before quiet hours begin, due after that.
    let rules = Notify {
        quiet: Quiet::parse("22:00-07:00"),
        ..rules()
    };
    let mut watch = Watch::new(rules, start());
    let before = NaiveTime::from_hms_opt(21, 59, 59).unwrap();
    watch.look(&board(5, &[red(1, (7, 1, HEAD), 4)]), minutes(5), before);
    assert_eq!(watch.tell(time(22, 0)), []);
}

#[test]
fn what_happens_within_seconds_is_told_together() {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    let mut watch = Watch::new(rules(), start());
    let mut cards: Vec<Card> = Vec::new();
    let now = |second: i64| minutes(5) + TimeDelta::seconds(second);
    for n in 0..10_u64 {
        let number = usize::try_from(n).unwrap() + 1;
        cards.push(red(number, (n + 1, 1, HEAD + n), 4));
        let second = i64::try_from(n).unwrap();
        watch.look(&board(5, &cards), now(second), noon);
        let wait = watch.wait(now(second)).unwrap();
        assert!(wait.as_secs() <= 5 && wait.as_secs() > 0, "{n}: {wait:?}");
    }
    // The first news has waited for long: what comes on and on does not keep it for ever.
    assert_eq!(watch.wait(now(14)).unwrap().as_secs(), 0);
    watch.look(&board(5, &cards), now(20), noon);
    let told = sum_up(watch.tell(noon));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].title, "10 cards turned red");
    assert_eq!(watch.wait(now(21)), None);
    assert_eq!(watch.tell(noon), []);
}

#[test]
fn a_clock_that_was_set_back_makes_no_news_wait_for_hours() {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    let mut watch = Watch::new(rules(), start());
    watch.look(&board(5, &[red(1, (7, 1, HEAD), 4)]), minutes(5), noon);
    assert!(watch.wait(minutes(-600)).unwrap().as_secs() <= 15);
}

#[test]
fn several_cards_of_one_run_are_one_notice() {
    let cards: Vec<Card> = (1..=8).map(|n| red(n, (7, 1, HEAD), 4)).collect();
    check(&[(5, cards)], &["1 turned red"]);
}

#[test]
fn red_and_green_again_within_a_moment_is_no_news() {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap();
    let mut watch = Watch::new(rules(), start());
    watch.look(&board(5, &[red(1, (7, 1, HEAD), 4)]), minutes(5), noon);
    watch.look(&board(5, &[green(1, 5)]), minutes(5), noon);
    assert_eq!(watch.tell(noon), []);
}
