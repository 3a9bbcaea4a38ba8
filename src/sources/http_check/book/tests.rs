//! Rounds of a check: blips, outages, restarts, versions that come and go.

use chrono::{DateTime, TimeDelta};
use url::Url;

use super::*;
use crate::config::{Place, Statuses};
use crate::domain::key::{RepoKey, ServiceName, Sha};

fn at(secs: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_200_000 + secs, 0).unwrap()
}

fn check() -> HttpCheck {
    HttpCheck {
        name: Clean::line("checkout"),
        url: Url::parse("https://api.test/healthz?key=secret").unwrap(),
        service: Some(ServiceName::new("api")),
        repo: Some(RepoKey::new("github.com", "acme/api")),
        environment: Clean::line("production"),
        status: Statuses::default(),
        body: None,
        value: None,
        latency: None,
        certificate: Some(14),
        version: Some(Place::Body("/sha".to_owned())),
        failures: 2,
        every: std::time::Duration::from_secs(30),
    }
}

fn source() -> SourceName {
    SourceName::new("probes")
}

fn ill(kind: Kind, about: &str) -> Result<(), Wrong> {
    Err(Wrong {
        kind,
        about: about.to_owned(),
    })
}

fn alerts(book: &Book, secs: i64) -> Vec<Alert> {
    book.alerts(&source(), &[check()], at(secs))
}

#[test]
fn one_blip_is_no_alert_and_a_row_of_failures_is_one_since_the_first() {
    let mut book = Book::default();
    let slow = |took: &str| ill(Kind::Slow, &format!("/healthz took {took}"));
    book.judged(&check(), slow("2 s"), None, at(0));
    assert_eq!(alerts(&book, 0), []);
    book.judged(&check(), Ok(()), None, at(30));
    book.judged(&check(), slow("3 s"), None, at(60));
    assert_eq!(alerts(&book, 60), []);
    book.judged(&check(), slow("4 s"), None, at(90));
    let told = alerts(&book, 90);
    assert_eq!(told[0].started_at, at(60));
    assert_eq!(told[0].state, AlertState::Firing);
    assert_eq!(told[0].service.as_ref().unwrap().as_str(), "api");
    // Another figure of the same kind is no news; another kind is.
    assert_eq!(&*told[0].about, "/healthz took 3 s");
    book.judged(&check(), ill(Kind::Status(503), "503"), None, at(120));
    let now = alerts(&book, 120);
    assert_eq!((&*now[0].about, now[0].started_at), ("503", at(60)));
    assert_eq!(
        now[0].url.as_ref().unwrap().as_str(),
        "https://api.test/healthz"
    );
    book.judged(&check(), Ok(()), None, at(150));
    assert_eq!(alerts(&book, 150), []);
}

#[test]
fn what_fired_before_a_restart_fires_on_since_then() {
    let mut book = Book::default();
    for secs in [0, 30] {
        book.judged(&check(), ill(Kind::Away, "gone"), None, at(secs));
    }
    let fact = Fact::Alert(alerts(&book, 30).remove(0));
    let mut after = Book::default();
    after.restore(&source(), &[check()], &[&fact]);
    assert_eq!(Fact::Alert(alerts(&after, 60).remove(0)), fact);
    after.judged(&check(), ill(Kind::Away, "gone"), None, at(90));
    assert_eq!(Fact::Alert(alerts(&after, 90).remove(0)), fact);
    after.judged(&check(), Ok(()), None, at(120));
    assert_eq!(alerts(&after, 120), []);
}

#[test]
fn a_certificate_that_ends_soon_is_an_alert_that_stays_the_same() {
    let mut book = Book::default();
    let end = at(0) + TimeDelta::days(20);
    book.judged(&check(), Ok(()), Some(end), at(0));
    assert_eq!(alerts(&book, 0), []);
    let day = 86_400;
    book.judged(&check(), Ok(()), Some(end), at(7 * day));
    let told = alerts(&book, 7 * day);
    assert_eq!(&*told[0].id, "probes/checkout/certificate");
    assert_eq!(told[0].started_at, end - TimeDelta::days(14));
    assert!(
        told[0]
            .about
            .starts_with("the certificate of api.test ends on 2026-12-")
    );
    assert_eq!(told, alerts(&book, 8 * day));
    // No answer says nothing of a certificate; a new one does.
    book.judged(&check(), ill(Kind::Away, "gone"), None, at(9 * day));
    assert_eq!(told, alerts(&book, 9 * day));
    book.judged(
        &check(),
        Ok(()),
        Some(end + TimeDelta::days(90)),
        at(10 * day),
    );
    assert_eq!(alerts(&book, 10 * day), []);
}

fn saw(book: &mut Book, version: &str, secs: i64) {
    let commit = Sha::parse(version).map(Version::Commit);
    let version = commit.unwrap_or_else(|| Version::Name(version.into()));
    book.saw(&source(), &check(), version, at(secs));
}

/// Returns what was live: what it is called, since when in seconds, and whether it is so now.
fn lived(book: &Book) -> Vec<(String, i64, bool)> {
    let word = |it: &Deployment| {
        let sha = it.sha.as_ref().map(|sha| sha.as_str().to_owned());
        sha.unwrap_or_else(|| it.git_ref.clone().unwrap().to_string())
    };
    let all = book.deployments();
    all.map(|it| {
        let since = (it.created_at - at(0)).num_seconds();
        (word(it), since, it.state == DeployState::Succeeded)
    })
    .collect()
}

#[track_caller]
fn has(book: &Book, expected: &[(&str, i64, bool)]) {
    let found = lived(book);
    let found: Vec<_> = found
        .iter()
        .map(|(word, secs, is)| (word.as_str(), *secs, *is))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_version_is_live_since_it_was_first_seen() {
    let mut book = Book::default();
    saw(&mut book, "aaaaaaa", 0);
    saw(&mut book, "aaaaaaa", 30);
    has(&book, &[("aaaaaaa", 0, true)]);
    saw(&mut book, "v2", 60);
    has(&book, &[("aaaaaaa", 0, false), ("v2", 60, true)]);
    let ids: Vec<u64> = book.deployments().map(|it| it.id).collect();
    assert!(ids.iter().all(|id| crate::domain::run::is_foreign(*id)));
    // After a restart it is still the same.
    let facts: Vec<Fact> = book.deployments().cloned().map(Fact::Deployment).collect();
    let mut after = Book::default();
    after.restore(&source(), &[check()], &facts.iter().collect::<Vec<_>>());
    saw(&mut after, "v2", 90);
    has(&after, &[("aaaaaaa", 0, false), ("v2", 60, true)]);
    let other = HttpCheck {
        environment: Clean::line("staging"),
        ..check()
    };
    let mut elsewhere = Book::default();
    elsewhere.restore(&source(), &[other], &facts.iter().collect::<Vec<_>>());
    has(&elsewhere, &[]);
}

#[test]
fn two_versions_side_by_side_are_no_roll_back_and_a_roll_back_is_one() {
    let mut book = Book::default();
    for (turn, version) in ["aaaaaaa", "bbbbbbb"].iter().cycle().take(8).enumerate() {
        saw(&mut book, version, 30 * i64::try_from(turn).unwrap());
    }
    has(&book, &[("aaaaaaa", 0, false), ("bbbbbbb", 30, true)]);
    for secs in [300, 330] {
        saw(&mut book, "aaaaaaa", secs);
    }
    has(&book, &[("aaaaaaa", 0, false), ("bbbbbbb", 30, true)]);
    saw(&mut book, "aaaaaaa", 360);
    has(
        &book,
        &[
            ("aaaaaaa", 0, false),
            ("bbbbbbb", 30, false),
            ("aaaaaaa", 360, true),
        ],
    );
    for turn in 0..40 {
        saw(&mut book, &format!("v{turn}"), 400 + turn);
    }
    assert_eq!(lived(&book).len(), VERSIONS);
}

#[test]
fn without_a_repository_nothing_is_deployed() {
    let mut book = Book::default();
    let bare = HttpCheck {
        repo: None,
        ..check()
    };
    book.saw(&source(), &bare, Version::Name("v1".into()), at(0));
    has(&book, &[]);
}

#[test]
fn one_that_hangs_lets_others_go_first_but_not_for_ever() {
    let mut book = Book::default();
    let hangs = || Way::Late(Clean::line("no answer within 10 s"));
    book.judged(&check(), ill(Kind::NoAnswer, "gone"), None, at(0));
    book.looked(&check(), 2, hangs());
    assert!(book.fires(&check()) && book.was_late(&check(), at(299)));
    assert!(!book.was_late(&check(), at(300)));
    book.judged(&check(), Ok(()), None, at(310));
    book.looked(&check(), 0, Way::Answered);
    assert!(!book.was_late(&check(), at(311)) && !book.fires(&check()));
}

#[test]
fn looks_of_one_round_count_and_what_was_never_well_is_told_below_its_threshold() {
    let patient = HttpCheck {
        failures: 10,
        ..check()
    };
    let all = [patient.clone()];
    let mut book = Book::default();
    let down = || ill(Kind::Status(503), "503");
    book.judged(&patient, down(), None, at(0));
    book.looked(&patient, 5, Way::Answered);
    let words = "`checkout` failed 5 times in a row, and is an alert at 10: 503";
    assert_eq!(book.quiet(&all), [words]);
    assert_eq!(book.unanswered(&all), None);
    book.judged(&patient, Ok(()), None, at(30));
    book.looked(&patient, 0, Way::Answered);
    book.judged(&patient, down(), None, at(60));
    book.looked(&patient, 1, Way::Answered);
    assert!(book.quiet(&all).is_empty(), "a blip");
}
