//! What is read of the past, in which order, and how far it reaches.

use chrono::{DateTime, TimeDelta};

use super::{Backfill, Part, Told};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::{JobSet, RunKey};

fn at(days: i64) -> Timestamp {
    DateTime::from_timestamp(1_000_000_000, 0).unwrap() + TimeDelta::days(days)
}

fn fact(id: u64, attempt: u32) -> Fact {
    Fact::JobSet(JobSet {
        run: RunKey {
            repo: RepoKey::new("github.com", "acme/api"),
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

fn begun() -> Backfill {
    Backfill::new("acme/api", at(0))
}

#[test]
fn pages_are_followed_within_the_window_and_then_comes_the_next_list() {
    let mut past = begun();
    assert!(!past.take(page(20, 50, Some("a"))));
    assert_eq!(
        (past.at.part, past.at.after.as_deref()),
        (Part::Changes, Some("a"))
    );
    // Older than the window: no more of it is asked for.
    assert!(!past.take(page(20, -1, Some("b"))));
    assert_eq!(
        (past.at.part, past.at.after.as_deref()),
        (Part::Commits, None)
    );
    // A page that names itself, and one that is empty, end the list.
    assert!(!past.take(page(50, 9, Some("a"))));
    assert!(!past.take(page(50, 9, Some("a"))));
    assert_eq!(past.at.part, Part::Deployments);
    assert!(!past.take(page(0, 9, Some("c"))));
    assert_eq!(past.at.part, Part::Releases);
    assert!(!past.take(page(3, 9, None)));
    assert!(!past.take(page(0, 9, None)));
    assert_eq!(past.at.part, Part::Runs);
    assert!(past.take(page(7, 9, None)), "that was all");
    assert_eq!(past.step, 8, "each page has an identity of its own");
}

#[test]
fn what_is_not_read_for_its_number_is_said() {
    let mut past = begun();
    let (size, most) = Part::Changes.size();
    let pages = most / usize::try_from(size).unwrap();
    for number in 0..pages {
        let next = number.to_string();
        assert_eq!(past.at.part, Part::Changes);
        past.take(page(20, 60, Some(&next)));
    }
    assert_eq!((past.at.part, past.since), (Part::Commits, at(60)));
    past.at.part = Part::Runs;
    assert!(past.take(page(3_000, 80, Some("31"))));
    assert_eq!(past.since, at(60), "runs count for themselves");
    assert_eq!(past.runs_since, Some(at(80)));
}

#[test]
fn of_what_was_told_twice_the_later_word_holds() {
    let mut past = begun();
    past.facts = vec![fact(1, 1), fact(2, 1), fact(1, 2)];
    assert_eq!(past.facts(), [fact(1, 2), fact(2, 1)]);
}
