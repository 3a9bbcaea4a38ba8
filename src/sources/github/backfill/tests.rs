//! What of the past is asked for by name, as functions of what was read.

use chrono::{DateTime, TimeDelta};

use super::super::map::runs;
use super::{Backfill, Part};
use crate::domain::Timestamp;
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::release::Release;
use crate::domain::run::{JobSet, RunKey};
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

#[test]
fn runs_started_again_are_asked_for_by_commit_and_what_that_left_open_one_by_one() {
    let run = |id: u64, digit: char, attempt: u32| {
        let wire = serde_json::json!({
            "id": id, "run_number": id, "run_attempt": attempt, "head_sha": sha(digit).as_str(),
            "status": "completed", "conclusion": "success", "created_at": at(0),
            "run_started_at": at(1), "updated_at": at(2),
        });
        Fact::Run(runs::run(&repo(), &serde_json::from_value(wire).unwrap()))
    };
    let mut past = begun();
    past.at.part = Part::Retries;
    past.facts = vec![
        run(1, 'a', 2),
        run(2, 'a', 2),
        run(3, 'b', 1),
        run(4, 'c', 3),
    ];
    let names = past.names();
    assert_eq!(names, [sha('a').as_str()], "each commit once");
    assert_eq!(past.again_at(&names).len(), 2);
    past.asked.extend(names);
    let told = JobSet {
        run: RunKey {
            repo: repo(),
            id: 1,
        },
        attempt: 1,
        jobs: Vec::new(),
        complete: true,
    };
    assert!(!past.take(Some(Told {
        facts: vec![Fact::EarlierJobs(told)],
        ..Told::default()
    })));
    assert_eq!(past.at.part, Part::Attempts);
    let mut asked = Vec::new();
    for _ in 0..3 {
        let names = past.names();
        past.asked.extend(names.iter().cloned());
        past.take(Some(Told::default()));
        asked.extend(names);
    }
    assert_eq!(asked, ["2/1", "4/1", "4/2"]);
}
