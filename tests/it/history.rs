//! `cycleboard history`, its export, and the past on the board.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::support::env::{Home, Ran};
use crate::support::pty::Pty;

/// A small team that is simulated quickly.
const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

fn run(home: &Home, rest: &[&str]) -> Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(rest).copied().collect();
    home.run(&arguments)
}

fn records(text: &str) -> Vec<serde_json::Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("an object a line")
}

fn word<'a>(value: &'a serde_json::Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// How often a team is asked until its history is told: a busy machine takes its time.
const TRIES: usize = 6;

/// Has the history of a small team told, and returns all of it.
fn told(home: &Home) -> Vec<serde_json::Value> {
    let mut tries = (0..TRIES).map(|_| run(home, &["history", "export", "--wait", "120"]));
    let open = [
        "there is no history yet",
        "not told to its end",
        "the past of",
    ];
    let ran = tries.find(|ran| !open.iter().any(|note| ran.err.contains(note)));
    records(&ran.expect("history is told at last").out)
}

#[test]
fn what_stands_at_the_end_of_history_is_what_the_board_shows() {
    let home = Home::new();
    let records = told(&home);
    assert_eq!(
        (word(&records[0], "record"), &records[0]["schema"]),
        ("export", &1.into())
    );
    let open = records.iter().filter(|record| {
        let is_interval = word(record, "record") == "interval";
        is_interval && record["to"].is_null() && record["outcome"].is_null()
    });
    let standing: BTreeSet<(&str, &str)> = open
        .map(|record| (word(record, "card"), word(record, "stage")))
        .collect();
    let board = run(&home, &["board", "--once", "--offline", "--format", "json"]).json();
    let stages = board["stages"].as_array().unwrap().iter();
    let cards = stages.flat_map(|stage| stage["cards"].as_array().unwrap());
    let shown: BTreeSet<(&str, &str)> = cards
        .map(|card| (word(card, "id"), word(card, "stage")))
        .collect();
    assert!(shown.len() >= 20, "{} cards", shown.len());
    let differ: Vec<_> = shown.symmetric_difference(&standing).collect();
    // The team works on between two commands.
    assert!(differ.len() <= 6, "{differ:?}");

    let all = run(
        &home,
        &["history", "export", "--offline", "--format", "json"],
    )
    .json();
    let all = all["records"].as_array().unwrap().len();
    let path = home.path("history.csv");
    let out = path.display().to_string();
    let to_file = [
        "history",
        "export",
        "--offline",
        "--format",
        "csv",
        "--out",
        &out,
    ];
    assert_eq!(run(&home, &to_file).out, "");
    let table = std::fs::read_to_string(&path).unwrap();
    assert!(table.starts_with("schema,record,id,"), "{table}");
    assert_eq!(table.lines().count(), all + 1);
    let lately = run(&home, &["history", "export", "--offline", "--since", "1s"]);
    assert!(lately.out.lines().count() < all);
}

#[test]
fn who_asks_for_numbers_with_no_store_has_the_past_read_for_them() {
    let home = Home::new();
    let flow = [
        "flow", "--format", "json", "--window", "60d", "--wait", "900",
    ];
    let first = run(&home, &flow);
    let is_read = |ran: &Ran| !ran.err.contains("the past of");
    assert!(is_read(&first), "{}", first.err);
    // A busy machine may take its time to tell what was read.
    let mut tries = (0..TRIES).map(|_| run(&home, &flow));
    let mut told = Some(first);
    while let Some(ran) = &told
        && ran.err.contains("not told to its end")
    {
        told = tries.next();
    }
    let told = told.expect("history is told at last");
    assert!(is_read(&told), "{}", told.err);
    let known = told.json();
    let since: DateTime<Utc> = word(&known["window"], "since").parse().expect("a moment");
    let now: DateTime<Utc> = word(&known["window"], "to").parse().expect("a moment");
    let ago = now - since;
    assert!(ago.num_days() >= 60, "it counts since {since}");
}

#[test]
fn a_moment_that_is_none_is_explained() {
    let home = Home::new();
    let export = |rest: &[&str]| {
        let arguments: Vec<&str> = ["history", "export", "--offline"]
            .iter()
            .chain(rest)
            .copied()
            .collect();
        run(&home, &arguments)
    };
    export(&["--since", "soon"])
        .exits(2)
        .complains("`--since`: `soon` is no moment");
    export(&["--since", "1d", "--until", "2d"])
        .exits(2)
        .complains("`--since` is not before `--until`");
}

#[test]
fn the_past_is_gone_through_by_keys() {
    let home = Home::new();
    told(&home);
    let ran = run(&home, &["history", "--offline"]);
    ran.prints("history counts since ")
        .prints(" intervals and ");
    let about = run(&home, &["history", "--offline", "--format", "json"]).json();
    assert_eq!(about["schema"], 1);
    assert_eq!(about["repositories"].as_array().unwrap().len(), 4);

    let arguments: Vec<&str> = SMALL
        .iter()
        .chain(&["board", "--offline"])
        .copied()
        .collect();
    let mut pty = Pty::start(&home, &arguments, 100, 30);
    pty.wait_for("because");
    pty.send("gr");
    pty.wait("now", |screen| {
        Pty::line(screen, 0).contains("« now »") && Pty::line(screen, 2).contains('●')
    });
    pty.send("[");
    pty.wait("a step back", |screen| {
        Pty::line(screen, 0).contains("« the past »")
    });
    let first = Pty::line(pty.screen(), 0);
    pty.send("F");
    pty.wait_for("no `re-run failed` in the past");
    pty.send("{{");
    pty.wait("two days before", |screen| {
        let top = Pty::line(screen, 0);
        top.contains("« the past »") && top.contains(" ago") && top != first
    });
    pty.send("n");
    pty.wait("now again", |screen| {
        Pty::line(screen, 0).contains("« now »")
    });
    pty.send("q");
    pty.wait("the board", |screen| {
        Pty::line(screen, 0).contains("cycleboard")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
}
