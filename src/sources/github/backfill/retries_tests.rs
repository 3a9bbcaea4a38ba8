//! First attempts, as functions of the checks that a host told.

use chrono::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::domain::key::RepoKey;
use crate::domain::run::RunState;

fn wanted() -> Vec<Again> {
    let repo = RepoKey::new("github.com", "acme/api");
    let at = DateTime::parse_from_rfc3339("2026-05-01T10:30:00Z").unwrap();
    vec![Again {
        run: RunKey { repo, id: 7 },
        at: at.to_utc(),
    }]
}

fn check(id: Option<u64>, name: &str, word: &str, from: &str, to: Option<&str>) -> Value {
    let time = |clock: &str| format!("2026-05-01T{clock}:00Z");
    json!({
        "databaseId": id, "name": name, "status": "COMPLETED", "conclusion": word,
        "startedAt": time(from), "completedAt": to.map(time),
        "detailsUrl": "https://github.com/acme/api/actions/runs/7/job/99",
    })
}

fn suite(checks: &[Value], more: bool) -> OfSuite {
    let suite = json!({
        "workflowRun": {"databaseId": null, "url": "https://github.com/acme/api/actions/runs/7"},
        "checkRuns": {"nodes": checks, "pageInfo": {"hasNextPage": more, "endCursor": null}},
    });
    serde_json::from_value(suite).unwrap()
}

#[test]
fn what_ended_before_a_run_was_started_again_is_its_first_attempt() {
    let checks = [
        check(Some(4), "unit", "SUCCESS", "10:31", Some("10:40")),
        check(Some(3), "lint", "SUCCESS", "10:00", Some("10:05")),
        check(Some(2), "unit", "FAILURE", "10:00", Some("10:20")),
        // A job that was not run again, told twice.
        check(Some(1), "lint", "SUCCESS", "10:00", Some("10:05")),
        check(None, "wide", "SUCCESS", "10:00", Some("10:01")),
    ];
    let set = first_attempt(suite(&checks, false), &wanted()).unwrap();
    assert_eq!((set.run.id, set.attempt, set.complete), (7, 1, true));
    let told: Vec<(u64, &str, bool)> = set
        .jobs
        .iter()
        .map(|job| (job.id, job.name.as_str(), job.state == RunState::Passed))
        .collect();
    assert_eq!(
        told,
        [(1, "lint", true), (2, "unit", false), (99, "wide", true)]
    );
}

#[test]
fn what_is_not_all_there_or_tells_the_latest_only_is_asked_for_by_itself() {
    let latest = check(Some(4), "unit", "SUCCESS", "10:31", Some("10:40"));
    let first = check(Some(2), "unit", "FAILURE", "10:00", Some("10:20"));
    let on_its_way = check(Some(5), "unit", "NEUTRAL", "10:00", None);
    let wanted = wanted();
    assert!(first_attempt(suite(&[latest.clone(), on_its_way], false), &wanted).is_none());
    assert!(first_attempt(suite(&[latest, first.clone()], true), &wanted).is_none());
    assert!(first_attempt(suite(&[first], false), &[]).is_none());
}
