//! `cycleboard act`: what the menu of the board does, from the command line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::env::{Home, Ran};
use crate::support::fault::{Fault, Reply};

/// A small mixed team, one of whose services waits at the gate of production for a day.
const SMALL: [&str; 9] = [
    "demo", "--team", "mixed", "--repos", "4", "--cards", "40", "--speed", "1",
];

fn demo(home: &Home, rest: &[&str]) -> Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(rest).copied().collect();
    home.run(&arguments)
}

/// Returns the name of a card that waits at one gate.
fn waiting(home: &Home) -> String {
    let ran = demo(home, &["board", "--once", "--format", "json"]);
    let document = ran.json();
    let stages = document["stages"].as_array().unwrap().iter();
    let mut cards = stages.flat_map(|stage| stage["cards"].as_array().unwrap());
    let waits = |card: &&Value| {
        let lines = card["evidence"].as_array().unwrap().iter();
        let gates = lines.filter(|line| line["kind"] == "gate").count();
        let key = card["key"].as_str().unwrap();
        key.contains("/payments") && gates == 1
    };
    let card = cards.find(waits).unwrap();
    card["key"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(ran: &Ran, code: i32, words: &str) {
    ran.exits(code);
    assert!(ran.err.contains(words), "{words}\n{}\n{}", ran.out, ran.err);
}

#[test]
fn a_gate_is_answered_only_with_the_name_of_production() {
    let home = Home::new();
    let card = waiting(&home);
    let approve = ["act", "approve", card.as_str()];
    let with = |more: &[&str]| demo(&home, &[&approve[..], more].concat());
    let nobody = with(&[]);
    refused(&nobody, 2, "nobody is here to confirm it");
    assert!(
        nobody.err.contains("`--confirm production`"),
        "{}",
        nobody.err
    );
    refused(&with(&["--confirm", "yes"]), 2, "has to say `production`");
    refused(
        &with(&["--gate", "moon", "--within", "20"]),
        1,
        "no gate of a run of",
    );
    let reject = demo(&home, &["act", "reject", &card, "--confirm", "yes"]);
    refused(&reject, 1, "a manual job waits as long as nobody starts it");
    let kept = with(&["--read-only", "--confirm", "production"]);
    refused(&kept, 1, "--read-only");
    let done = with(&["--confirm", "production"]);
    done.exits(0);
    for line in [
        "approve gate?",
        "starts the job `deploy-production`, without variables",
        "goes to `production`",
        "this is production",
        "goes on",
    ] {
        assert!(done.out.contains(line), "{line}\n{}", done.out);
    }
}

#[test]
fn a_manual_job_that_nothing_waits_for_is_started_by_its_name_alone() {
    let sha = "a".repeat(40);
    let now = cycleboard::app::clock::system()();
    let at = move |minutes: i64| {
        let at = now - chrono::TimeDelta::minutes(minutes);
        at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let merge = json!({
        "iid": 7, "project_id": 1, "title": "Add a cache", "state": "opened", "sha": sha,
        "source_branch": "cache", "target_branch": "main", "detailed_merge_status": "mergeable",
        "references": {"full": "acme/api!7"}, "created_at": at(90), "updated_at": at(60),
    });
    let pipeline = json!({
        "id": 9, "iid": 9, "project_id": 1, "status": "success", "source": "merge_request_event",
        "ref": "refs/merge-requests/7/head", "sha": sha, "created_at": at(60), "updated_at": at(50),
        "web_url": "https://gitlab.test/acme/api/-/pipelines/9",
    });
    let job = move |status: &str| {
        json!({
            "id": 5, "name": "review-app", "stage": "test", "status": status,
            "allow_failure": true, "created_at": at(60),
        })
    };
    let project = json!({
        "id": 1, "path_with_namespace": "acme/api", "default_branch": "main",
        "web_url": "https://gitlab.test/acme/api", "last_activity_at": at(50),
    });
    let played = Arc::new(AtomicBool::new(false));
    let seen_played = Arc::clone(&played);
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(move |seen| {
        let now = || {
            job(if played.load(SeqCst) {
                "running"
            } else {
                "manual"
            })
        };
        let path = seen.path().trim_start_matches("/api/v4/");
        match path {
            "version" => Reply::json(&json!({"version": "17.5.0"})),
            "/api/graphql" => Reply::json(&json!({"data": {}})),
            "projects/acme%2Fapi" => Reply::json(&project),
            "user" => Reply::json(&json!({"username": "ada"})),
            "personal_access_tokens/self" => Reply::json(&json!({"scopes": ["api"]})),
            "projects/1/merge_requests" => Reply::json(&json!([merge])),
            "projects/1/merge_requests/7" => Reply::json(&merge),
            "projects/1/pipelines" => Reply::json(&json!([pipeline])),
            "projects/1/pipelines/9" => Reply::json(&pipeline),
            "projects/1/pipelines/9/jobs" => Reply::json(&json!([now()])),
            "projects/1/jobs/5" => Reply::json(&now()),
            "projects/1/jobs/5/play" => {
                played.store(true, SeqCst);
                Reply::json(&now())
            }
            _ => Reply::json(&json!([])),
        }
    }));
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nkind = \"gitlab\"\nurl = \"{}\"\nrepos = [\"acme/api\"]\n\
         token_command = [\"echo\", \"glpat-x\"]\nwrites = [\"approve\"]\n",
        server.url
    ));
    let act = |more: &[&str]| home.run(&[&["act", "approve", "acme/api!7"], more].concat());
    // Who wants a gate opened starts nothing that nobody waits for.
    let unnamed = act(&["--confirm", "yes"]);
    refused(&unnamed, 1, "is known to wait");
    refused(&unnamed, 1, "named with `--gate`: `review-app`");
    assert!(!seen_played.load(SeqCst));
    let done = act(&["--gate", "review-app", "--confirm", "yes"]);
    done.exits(0);
    done.prints("starts the job `review-app`, without variables")
        .prints("goes on");
    assert!(seen_played.load(SeqCst));
    // The pipeline passed without it: the card waits for nobody.
    let board = home.run(&["board", "--once", "--format", "json"]).json();
    let stages = board["stages"].as_array().unwrap().iter();
    let mut cards = stages.flat_map(|stage| stage["cards"].as_array().unwrap());
    let card = cards.find(|card| card["key"] == "acme/api!7").unwrap();
    assert_ne!(card["status"], "waiting");
}

#[test]
fn a_verb_that_is_none_is_told_those_that_are() {
    let ran = Home::new().run(&["act", "merge", "acme/api#1"]);
    refused(&ran, 2, "rerun-failed");
    assert!(ran.err.contains("approve"), "{}", ran.err);
}
