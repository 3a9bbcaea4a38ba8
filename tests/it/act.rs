//! `cycleboard act`: what the menu of the board does, from the command line.

use serde_json::Value;

use crate::support::env::{Home, Ran};

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
fn a_verb_that_is_none_is_told_those_that_are() {
    let ran = Home::new().run(&["act", "merge", "acme/api#1"]);
    refused(&ran, 2, "rerun-failed");
    assert!(ran.err.contains("approve"), "{}", ran.err);
}
