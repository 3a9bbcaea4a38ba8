//! What of the past is asked for by name, as functions of what was read.

use chrono::{DateTime, TimeDelta};

use super::{Backfill, Part};
use crate::domain::Timestamp;
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::release::Release;
use crate::domain::text::Clean;
use crate::sources::backfill::Told;

fn at(days: i64) -> Timestamp {
    DateTime::from_timestamp(1_000_000_000, 0).unwrap() + TimeDelta::days(days)
}

fn begun() -> Backfill {
    Backfill::new("acme/api", at(0))
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
    assert!(!past.take(Some(Told::default())));
    assert_eq!(past.at.part, Part::Strays);
    let ask = |past: &mut Backfill, facts: Vec<Fact>| {
        let names = past.names();
        past.asked.extend(names.iter().cloned());
        assert!(!past.take(Some(Told {
            facts,
            ..Told::default()
        })));
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
        past.take(Some(Told::default()));
        pages += 1;
    }
    assert_eq!(pages, 10);
}
