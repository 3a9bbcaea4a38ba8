//! What is read of the past, in which order, and how far it reaches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::domain::key::SourceName;
use crate::domain::run::{JobSet, RunKey};
use crate::sources::http::Validators;
use crate::sources::logs::NoLogs;

/// Lists of a system that is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    Changes,
    Times,
    Runs,
}

impl Part for Lists {
    const FIRST: Self = Self::Changes;

    fn next(self) -> Option<Self> {
        match self {
            Self::Changes => Some(Self::Times),
            Self::Times => Some(Self::Runs),
            Self::Runs => None,
        }
    }

    fn most(self) -> usize {
        60
    }

    fn holds(self) -> Holds {
        match self {
            Self::Changes => Holds::Work,
            Self::Times => Holds::Details,
            Self::Runs => Holds::Runs,
        }
    }
}

fn at(days: i64) -> Timestamp {
    DateTime::from_timestamp(1_000_000_000, 0).unwrap() + TimeDelta::days(days)
}

fn fact(id: u64, attempt: u32) -> Fact {
    Fact::JobSet(JobSet {
        run: RunKey {
            repo: RepoKey::new("git.test", "acme/api"),
            id,
        },
        attempt,
        jobs: Vec::new(),
        complete: true,
    })
}

fn page(count: usize, last: i64, next: Option<&str>) -> Told {
    Told {
        facts: Vec::new(),
        count,
        last: Some(at(last)),
        next: next.map(str::to_owned),
    }
}

fn begun() -> Backfill<Lists> {
    Backfill::new("acme/api", at(0))
}

#[test]
fn pages_are_followed_within_the_window_and_then_comes_the_next_list() {
    let mut past = begun();
    assert!(!past.take(Some(page(20, 50, Some("a")))));
    let here = (past.at.part, past.at.after.as_deref());
    assert_eq!(here, (Lists::Changes, Some("a")));
    // Older than the window: no more of it is asked for.
    assert!(!past.take(Some(page(20, -1, Some("b")))));
    let here = (past.at.part, past.at.after.as_deref());
    assert_eq!(here, (Lists::Times, None));
    // A page that names itself, and one that is empty, end the list.
    assert!(!past.take(Some(page(50, 9, Some("a")))));
    assert!(!past.take(Some(page(5, 9, Some("a")))));
    assert_eq!(past.at.part, Lists::Runs);
    assert!(past.take(Some(page(0, 9, Some("c")))), "that was all");
    assert_eq!(past.step, 5, "each page has an identity of its own");
    assert_eq!((past.since, past.runs_since), (Some(at(0)), Some(at(0))));
}

#[test]
fn what_is_not_read_for_its_number_is_said() {
    let mut past = begun();
    for next in ["a", "b", "c"] {
        assert_eq!(past.at.part, Lists::Changes);
        past.take(Some(page(20, 60, Some(next))));
    }
    assert_eq!((past.at.part, past.since), (Lists::Times, Some(at(60))));
    past.take(Some(page(60, 70, Some("z"))));
    assert_eq!(past.since, Some(at(60)), "details are missed by nobody");
    assert!(past.take(Some(page(60, 80, Some("31")))));
    assert_eq!(past.since, Some(at(60)), "runs count for themselves");
    assert_eq!(past.runs_since, Some(at(80)));
}

#[test]
fn what_is_cut_without_an_order_of_time_is_not_told_to_be_there() {
    let mut past = begun();
    for next in ["a", "b", "c"] {
        let cut = Told {
            last: None,
            facts: vec![fact(1, 1)],
            ..page(20, 0, Some(next))
        };
        past.take(Some(cut));
    }
    assert_eq!((past.at.part, past.since), (Lists::Times, None));
    assert_eq!(past.runs_since, Some(at(0)), "runs count for themselves");
    assert!(
        past.facts().is_empty(),
        "of what else is known nobody knows how much it is"
    );
}

fn error(cause: &str) -> SourceError {
    SourceError::Unreachable {
        host: "git.test".to_owned(),
        cause: cause.to_owned(),
    }
}

#[test]
fn a_page_that_the_host_fails_to_tell_costs_its_repository_and_no_other() {
    let mut pasts: Pasts<Lists> = Pasts::default();
    for path in ["acme/api", "acme/web"] {
        pasts.known.insert(path.to_owned(), Past::Wanted(at(0)));
    }
    let next =
        |pasts: &Pasts<Lists>| pasts.next(|path| Some(at(if path == "acme/api" { 2 } else { 1 })));
    let ill = error("it answered 500 (internal server error)");
    let away = error("connection refused");
    let first = next(&pasts).unwrap();
    assert_eq!(first.path, "acme/api");
    for _ in 0..5 {
        assert!(
            !pasts.fail(&first, &away, at(9)),
            "the host is away from all"
        );
    }
    assert!(!pasts.fail(&first, &ill, at(9)) && !pasts.fail(&first, &ill, at(9)));
    // Another page counts anew.
    pasts.take(&first, Some(page(20, 50, Some("a"))));
    let second = next(&pasts).unwrap();
    let lost: Vec<bool> = (0..3).map(|_| pasts.fail(&second, &ill, at(9))).collect();
    assert_eq!(lost, [false, false, true]);
    assert_eq!(next(&pasts).unwrap().path, "acme/web");
    let missing = SourceError::NotFound {
        host: "git.test".to_owned(),
        what: "it".to_owned(),
        near: None,
    };
    assert!(pasts.fail(&next(&pasts).unwrap(), &missing, at(9)));
    assert!(next(&pasts).is_none());
}

#[test]
fn a_list_that_may_not_be_read_is_gone_over() {
    let mut past = begun();
    assert!(!past.take(None) && !past.take(None));
    assert_eq!((past.at.part, past.runs_since), (Lists::Runs, Some(at(0))));
    assert!(past.take(None));
    assert_eq!((past.since, past.runs_since), (Some(at(0)), None));
}

#[test]
fn of_what_was_told_twice_the_later_word_holds() {
    let mut past = begun();
    past.facts = vec![fact(1, 1), fact(2, 1), fact(1, 2)];
    assert_eq!(past.facts(), [fact(1, 2), fact(2, 1)]);
}

/// Keeps notes in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<ValidatorKey, Stored>>);

impl Validators for Memory {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        self.0.lock().unwrap().insert(key.clone(), stored);
    }
}

fn ground() -> Ground {
    Ground {
        clock: Arc::new(|| at(0)),
        env: Arc::new(|_| None),
        validators: Arc::new(Memory::default()),
        logs: Arc::new(NoLogs),
        read_only: true,
        know: |_| (),
    }
}

fn seen<'a>(ground: &'a Ground, path: &str, changed: i64, now: i64) -> Seen<'a> {
    Seen {
        days: 90,
        now: at(now),
        gap: TimeDelta::days(9),
        changed_at: Some(at(changed)),
        ground,
        key: ValidatorKey {
            source: SourceName::new("forge"),
            credential: String::new(),
            url: format!("past:{path}"),
        },
    }
}

#[test]
fn a_past_is_read_once_and_after_a_gap_only_the_gap() {
    let ground = ground();
    let settle = |past: Past, now| past.settle(&seen(&ground, "a", 999, now)).0;
    assert_eq!(settle(Past::Open, 100), Past::Wanted(at(10)));
    let watched = settle(Past::Watched(None), 100);
    assert_eq!(watched, Past::Watched(Some(at(100))));
    assert_eq!(settle(watched, 101), Past::Watched(Some(at(101))));
    // After a restart, and after one that came late.
    assert_eq!(settle(Past::Open, 109), Past::Watched(Some(at(101))));
    assert_eq!(settle(Past::Open, 120), Past::Wanted(at(101)));
    assert_eq!(settle(Past::Open, 300), Past::Wanted(at(210)));
    let lost = settle(Past::Lost(at(300)), 301);
    assert_eq!(lost, Past::Open);
}

#[test]
fn a_repository_in_which_nothing_happened_has_no_past_to_be_read() {
    let ground = ground();
    let past = Past::Open.settle(&seen(&ground, "a", 9, 100));
    assert_eq!(past, (Past::Handed, Some(at(10))), "nothing is missing");
    let unkept = past.0.settle(&seen(&ground, "a", 9, 101));
    assert_eq!(unkept, (Past::Handed, None), "who knows whether it is kept");
    let again = Past::Open.settle(&seen(&ground, "a", 9, 101));
    assert_eq!(again.0, Past::Handed, "nothing was noted");
    let mut kept = past.0;
    assert!(kept.kept() && !kept.kept(), "it is noted once");
    let (watched, quiet) = kept.settle(&seen(&ground, "a", 9, 100));
    assert_eq!(
        (watched, quiet),
        (Past::Watched(Some(at(100))), None),
        "told once"
    );
}

#[test]
fn who_ends_as_soon_as_history_has_a_past_leaves_a_note_of_it() {
    let ground = Ground {
        clock: Arc::new(|| at(100)),
        ..ground()
    };
    let mut past = Past::Handed;
    let place = seen(&ground, "a", 999, 100);
    assert!(past.kept());
    note_kept(&ground, &place.key, place.days);
    let Past::Watched(Some(noted)) = Past::Open.settle(&place).0 else {
        panic!("it is read again");
    };
    assert!(noted < at(100), "what happened while it was read is no gap");
    // One that goes on says at once that it watches.
    let (watched, _) = past.settle(&place);
    assert_eq!(watched, Past::Watched(Some(at(100))));
    assert_eq!(Past::Open.settle(&place).0, Past::Watched(Some(at(100))));
    // What was not handed over is not kept, whoever says so.
    let mut wanted = Past::Wanted(at(1));
    assert!(!wanted.kept() && wanted == Past::Wanted(at(1)));
}

fn read(read: usize, lost: usize) -> PastRead {
    PastRead {
        read,
        of: 3,
        lost,
        cannot: None,
        ..PastRead::default()
    }
}

#[test]
fn repositories_are_read_one_by_one_the_busiest_first() {
    let ground = ground();
    let mut pasts: Pasts<Lists> = Pasts::default();
    let changed = HashMap::from([("a", 95), ("b", 99), ("c", 9)]);
    for (path, day) in &changed {
        pasts.settle(path, &seen(&ground, path, *day, 100));
    }
    assert_eq!(pasts.read(), read(1, 0));
    let next = |pasts: &Pasts<Lists>| pasts.next(|path| changed.get(path).map(|day| at(*day)));
    let first = next(&pasts).unwrap();
    assert_eq!((first.path.as_str(), first.step), ("b", 0));
    for step in 0..2 {
        let page = next(&pasts).unwrap();
        assert_eq!((page.path.as_str(), page.step), ("b", step));
        assert!(pasts.take(&page, Some(page_of(step))).is_none());
    }
    // An answer that was overtaken changes nothing.
    assert!(pasts.take(&first, Some(page_of(9))).is_none());
    let page = next(&pasts).unwrap();
    assert_eq!(page.at.part, Lists::Runs);
    let whole = pasts.take(&page, Some(page_of(2))).unwrap();
    assert_eq!(whole.facts(), [fact(0, 1), fact(1, 1), fact(2, 1)]);
    assert_eq!(pasts.read(), read(2, 0));
    let page = next(&pasts).unwrap();
    assert_eq!(page.path, "a");
    pasts.lose(&page, at(100));
    assert_eq!(next(&pasts).map(|page| page.path), None);
    assert_eq!(pasts.read(), read(2, 1));
}

fn page_of(id: u64) -> Told {
    Told {
        facts: vec![fact(id, 1)],
        count: 1,
        ..Told::default()
    }
}

#[test]
fn what_is_gone_is_given_up() {
    let ground = ground();
    let mut pasts: Pasts<Lists> = Pasts::default();
    pasts.settle("a", &seen(&ground, "a", 99, 100));
    let page = pasts.next(|_| None).unwrap();
    pasts.take(&page, Some(page_of(1)));
    pasts.keep(|_| false);
    assert_eq!((pasts.read().of, pasts.next(|_| None).is_none()), (0, true));
}
