//! `cycleboard history`, its export, and the past on the board.

use std::collections::BTreeSet;

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

#[test]
fn what_stands_at_the_end_of_history_is_what_the_board_shows() {
    let home = Home::new();
    let ran = run(&home, &["history", "export"]);
    ran.exits(0);
    let records = records(&ran.out);
    assert_eq!(
        (word(&records[0], "record"), &records[0]["schema"]),
        ("export", &1.into())
    );
    let open = records.iter().filter(|record| {
        word(record, "record") == "interval"
            && record["to"].is_null()
            && record["outcome"].is_null()
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
    // A clock may have ended a watch in between.
    assert!(differ.len() <= 2, "{differ:?}");
}

#[test]
fn an_export_has_three_forms_and_a_file() {
    let home = Home::new();
    let ran = run(&home, &["history", "export", "--format", "json"]);
    ran.exits(0);
    let document = ran.json();
    let all = document["records"].as_array().unwrap().len();
    assert!(all > 40, "{all} records");
    let path = home.path("history.csv");
    let out = path.display().to_string();
    let ran = run(
        &home,
        &[
            "history",
            "export",
            "--offline",
            "--format",
            "csv",
            "--out",
            &out,
        ],
    );
    ran.exits(0);
    assert_eq!(ran.out, "");
    let table = std::fs::read_to_string(&path).unwrap();
    assert!(table.starts_with("schema,record,id,"), "{table}");
    assert!(table.lines().count() > 40);
    let lately = run(&home, &["history", "export", "--offline", "--since", "1s"]);
    lately.exits(0);
    assert!(records(&lately.out).len() < all);
    run(
        &home,
        &["history", "export", "--offline", "--since", "soon"],
    )
    .exits(2)
    .complains("`--since`: `soon` is no moment");
    run(
        &home,
        &[
            "history",
            "export",
            "--offline",
            "--since",
            "1d",
            "--until",
            "2d",
        ],
    )
    .exits(2)
    .complains("`--since` is not before `--until`");
}

#[test]
fn history_tells_what_it_holds() {
    let home = Home::new();
    let ran = run(&home, &["history"]);
    ran.exits(0)
        .prints("history counts since ")
        .prints(" intervals and ");
    let told = run(&home, &["history", "--offline", "--format", "json"]).json();
    assert_eq!(told["schema"], 1);
    assert!(told["records"]["intervals"].as_u64().unwrap() > 20);
    assert!(told["store"]["bytes"].as_u64().unwrap() > 4_096);
    assert_eq!(told["repositories"].as_array().unwrap().len(), 4);
}

#[test]
fn the_past_is_gone_through_by_keys() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &SMALL, 100, 30);
    pty.wait("a board that is whole", |screen| {
        Pty::line(screen, 1).contains("ok") && screen.contents().contains("because")
    });
    pty.send("gr");
    pty.wait("now", |screen| {
        let text = screen.contents();
        text.contains("« now »")
            && text.contains("goes back to the last change")
            && Pty::line(screen, 2).contains("●")
    });
    pty.send("[");
    pty.wait("a step back", |screen| {
        let top = Pty::line(screen, 0);
        top.contains("« the past »") && top.contains("ago")
    });
    let first = Pty::line(pty.screen(), 0);
    pty.send("F");
    pty.wait_for("no `rerun-failed` in the past");
    pty.send("{{");
    pty.wait("two days before", |screen| {
        let top = Pty::line(screen, 0);
        top.contains("« the past »") && top != first
    });
    pty.send("n");
    pty.wait("now again", |screen| {
        Pty::line(screen, 0).contains("« now »")
    });
    pty.send("\x1b");
    pty.wait("the board", |screen| {
        Pty::line(screen, 0).contains("cycleboard")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
}
