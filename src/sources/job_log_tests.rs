//! When a log is read again, and what it means that there is none.

use std::io;
use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    Diagnoses, Job, Lost, MOST_DIAGNOSES, WAIT, absent, assemble, holds, is_early, is_only_log,
    lost, renewed, told,
};
use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::sources::SourceError;
use crate::sources::evidence::Evidence;
use crate::sources::http::{Failure, Urgency};
use crate::sources::inspect::Looked;
use crate::sources::logs::{LogCache, LogWriter};

/// A cache that has every log, or none.
struct Cache(bool);

impl LogCache for Cache {
    fn begin(&self, _key: &LogKey) -> io::Result<Box<dyn LogWriter>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn has(&self, _key: &LogKey) -> bool {
        self.0
    }
}

fn key(job: u64) -> LogKey {
    let repo = RepoKey::new("ci.test", "acme/api");
    let run = RunKey { repo, id: 9 };
    let attempt = 1;
    LogKey { run, attempt, job }
}

fn read(lines: u64, cut: bool) -> LogState {
    let bytes = if cut { Diagnosis::UNASKED_BYTES } else { 10 };
    LogState::Read { lines, bytes, cut }
}

fn found(log: LogState) -> Diagnosis {
    let job = Job {
        name: Clean::line("unit"),
        step: None,
        finished_at: None,
    };
    assemble(&key(1), job, Evidence::of(Looked::without(log)))
}

fn refused() -> LogState {
    LogState::Refused(Clean::line("no"))
}

#[track_caller]
fn check_holds(log: LogState, urgency: Urgency, kept: bool, expected: bool) {
    let found = found(log);
    let holds = holds(&Cache(kept), &key(1), &found, urgency);
    assert_eq!(holds, expected, "{:?} {urgency:?} {kept}", found.log);
}

#[test]
fn a_log_is_read_again_where_it_may_tell_more() {
    for urgency in [Urgency::Person, Urgency::Background] {
        check_holds(read(3, false), urgency, true, true);
        check_holds(read(3, false), urgency, false, false);
        for log in [
            LogState::Gone,
            LogState::Missing,
            LogState::Empty,
            LogState::NotText,
        ] {
            check_holds(log, urgency, false, true);
        }
        for log in [LogState::NotYet, refused()] {
            check_holds(log, urgency, true, false);
        }
    }
    check_holds(read(3, true), Urgency::Background, true, true);
    check_holds(read(3, true), Urgency::Person, true, false);
}

#[test]
fn what_was_known_of_tests_outlives_a_log_that_is_gone() {
    let before = found(read(3, false));
    assert!(is_only_log(Some(&before)) && !is_only_log(None));
    let after = renewed(Some(before.clone()), found(LogState::Gone));
    assert_eq!(after.log, LogState::Gone);
    assert_eq!(after.tests_from, before.tests_from);
    let never = found(LogState::NotYet);
    assert!(!is_only_log(Some(&never)));
    let after = renewed(Some(never), before.clone());
    assert_eq!(after, before);
    assert_eq!(renewed(None, before.clone()), before);
}

#[test]
fn a_log_that_is_not_there_is_waited_for_a_while() {
    let ended = Timestamp::UNIX_EPOCH;
    let at = |mins| ended + TimeDelta::minutes(mins);
    assert_eq!(absent(Some(ended), at(59), WAIT), LogState::NotYet);
    assert_eq!(absent(Some(ended), at(60), WAIT), LogState::Missing);
    assert_eq!(absent(None, at(600), WAIT), LogState::NotYet);
}

#[track_caller]
fn check_lost(status: u16, error: SourceError, expected: Option<&str>) {
    let status = Some(status);
    let failure = Failure {
        status,
        ..Failure::of(error)
    };
    let found = match lost(failure.clone()) {
        Ok(Lost::Gone) => Some("gone"),
        Ok(Lost::Absent) => Some("absent"),
        Ok(Lost::Forbidden(error)) => {
            assert_eq!(error, failure.error);
            Some("forbidden")
        }
        Err(error) => {
            assert_eq!(error, failure);
            None
        }
    };
    assert_eq!(found, expected, "{failure:?}");
}

#[test]
fn only_a_refusal_of_the_log_itself_tells_of_it() {
    let host = || "ci.test".to_owned();
    let missing = || SourceError::NotFound {
        host: host(),
        what: "this log".to_owned(),
        near: None,
    };
    let forbidden = SourceError::Forbidden {
        host: host(),
        what: "this log".to_owned(),
        permission: None,
    };
    let cause = || "it broke".to_owned();
    let (down, odd) = (
        SourceError::Unreachable {
            host: host(),
            cause: cause(),
        },
        SourceError::Unreadable {
            host: host(),
            cause: cause(),
        },
    );
    check_lost(404, missing(), Some("absent"));
    check_lost(410, missing(), Some("gone"));
    check_lost(403, forbidden, Some("forbidden"));
    check_lost(502, down, None);
    check_lost(200, odd, None);
    check_lost(401, SourceError::Auth { host: host() }, None);
}

#[test]
fn diagnoses_are_remembered_up_to_a_bound() {
    let mut known = Diagnoses::default();
    let most = MOST_DIAGNOSES as u64;
    for job in 0..=most {
        let found = Diagnosis {
            job,
            ..found(LogState::Gone)
        };
        known.keep(&Arc::new(Fact::Diagnosis(Box::new(found))));
    }
    assert!(known.of(&key(0)).is_none());
    assert_eq!(known.of(&key(most)).map(|(_, found)| found.job), Some(most));
    known.forget(&RepoKey::new("ci.test", "acme/other"));
    assert!(known.of(&key(1)).is_some());
    known.forget(&key(1).run.repo);
    assert!(known.of(&key(1)).is_none());
}

#[test]
fn a_log_on_its_way_is_no_answer_yet() {
    let fact = |log| Arc::new(Fact::Diagnosis(Box::new(found(log))));
    assert!(is_early(&fact(LogState::NotYet)) && !is_early(&fact(LogState::Missing)));
    assert_eq!(told(fact(LogState::Gone)).facts.len(), 1);
}
