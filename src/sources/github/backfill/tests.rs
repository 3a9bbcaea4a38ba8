//! What is read of the past, in which order, and how far it reaches.

use chrono::{DateTime, TimeDelta};

use super::{Backfill, Part, Told};
use crate::domain::Timestamp;
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::release::Release;
use crate::domain::run::{JobSet, RunKey};
use crate::domain::text::Clean;

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

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

fn repo() -> RepoKey {
    RepoKey::new("github.com", "acme/api")
}

fn commit(digit: char, parents: &[char], days: i64) -> Fact {
    Fact::Commit(Commit {
        repo: repo(),
        sha: sha(digit),
        parents: parents.iter().map(|digit| sha(*digit)).collect(),
        branch: Clean::default(),
        title: Clean::default(),
        author: None,
        committed_at: Some(at(days)),
        change_request: None,
        direct: false,
        url: None,
        reverts: Vec::new(),
    })
}

fn release(tag: &str, sha: Option<Sha>, days: i64) -> Fact {
    Fact::Release(Release {
        repo: repo(),
        tag: Clean::line(tag),
        name: Clean::default(),
        draft: false,
        prerelease: false,
        sha,
        author: None,
        created_at: at(days),
        published_at: None,
        url: None,
    })
}

#[test]
fn what_was_delivered_from_elsewhere_is_asked_for_with_what_it_comes_from() {
    let mut past = begun();
    past.at.part = Part::Releases;
    // `a` is on the branch that was read; `d` was delivered before the window.
    past.facts = vec![
        commit('a', &['0'], 9),
        release("v3", Some(sha('a')), 9),
        release("v2", Some(sha('b')), 9),
        release("v1", Some(sha('d')), -9),
    ];
    assert!(!past.take(page(3, 9, None)));
    assert_eq!(past.at.part, Part::Strays);
    let ask = |past: &mut Backfill, facts: Vec<Fact>| {
        let names = past.names();
        past.asked.extend(names.iter().cloned());
        assert!(!past.take(Told {
            facts,
            ..Told::default()
        }));
        names
    };
    let name = |digit: char| sha(digit).as_str().to_owned();
    assert_eq!(
        ask(&mut past, vec![commit('b', &['c', 'a'], 8)]),
        [name('b')]
    );
    // Behind what is older than the window nothing is looked for.
    assert_eq!(ask(&mut past, vec![commit('c', &['e'], -1)]), [name('c')]);
    assert_eq!(past.at.part, Part::Incidents);
}

#[test]
fn of_commits_that_nobody_has_a_bounded_number_is_asked_for_once() {
    let mut past = begun();
    let told =
        (0..900).map(|nth| release(&format!("v{nth}"), Sha::parse(&format!("{nth:040x}")), 9));
    past.facts = told.collect();
    past.at.part = Part::Strays;
    let mut pages = 0;
    while past.at.part == Part::Strays {
        let names = past.names();
        assert_eq!(names.len(), 40);
        past.asked.extend(names);
        past.take(Told::default());
        pages += 1;
    }
    assert_eq!(pages, 10);
}

#[test]
fn of_what_was_told_twice_the_later_word_holds() {
    let mut past = begun();
    past.facts = vec![fact(1, 1), fact(2, 1), fact(1, 2)];
    assert_eq!(past.facts(), [fact(1, 2), fact(2, 1)]);
}
