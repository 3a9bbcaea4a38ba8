//! `cycleboard standup`: forms, moments, what is remembered.

use std::path::Path;

use crate::support::env::{Home, Ran};
use crate::support::pty::Pty;

/// A small team that is simulated quickly.
const SMALL: [&str; 6] = ["demo", "--repos", "4", "--cards", "40", "standup"];

fn standup(home: &Home, rest: &[&str]) -> Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(rest).copied().collect();
    home.run(&arguments)
}

#[test]
fn a_stand_up_is_told_in_every_form() {
    let home = Home::new();
    let ran = standup(&home, &["--since", "1w", "--format", "json"]);
    ran.exits(0);
    let json = ran.json();
    assert_eq!(json["schema"], 1);
    let walk = json["walk"].as_array().unwrap();
    assert!(walk.len() >= 10, "{} cards", walk.len());
    // From right to left.
    let order = [
        "monitor", "operate", "deploy", "release", "test", "build", "code", "plan",
    ];
    let place = |stop: &serde_json::Value| {
        let stage = stop["card"]["stage"].as_str().unwrap();
        order.iter().position(|known| *known == stage).unwrap()
    };
    assert!(walk.iter().map(place).is_sorted());
    let people = json["people"].as_array().unwrap();
    let names: Vec<String> = people
        .iter()
        .map(|person| person["name"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(!names.is_empty() && names.is_sorted(), "{names:?}");

    let ran = standup(&home, &["--format", "markdown", "--by", "person"]);
    ran.exits(0).prints("**Stand-up ").prints("](http");
    let ran = standup(&home, &["--offline", "--since", "yesterday"]);
    ran.exits(0).prints("Stand-up ").prints(", since ");
}

#[test]
fn the_last_stand_up_is_remembered_when_it_was_held() {
    let home = Home::new();
    let before = standup(&home, &["--format", "json"]).json();
    let ran = standup(&home, &["--offline", "--done"]);
    ran.exits(0);
    assert!(ran.err.contains("note: held at "), "{ran:#?}");
    let after = standup(&home, &["--offline", "--format", "json"]).json();
    let at = |json: &serde_json::Value, key: &str| json[key].as_str().unwrap().to_owned();
    assert!(at(&before, "since") < at(&after, "since"));
    assert!(at(&after, "since") >= at(&before, "generated_at"));
    // Asked for another moment, the remembered one stays.
    let other = standup(&home, &["--offline", "--since", "2d", "--format", "json"]).json();
    assert!(at(&other, "since") < at(&after, "since"));
    let again = standup(&home, &["--offline", "--format", "json"]).json();
    assert_eq!(at(&again, "since"), at(&after, "since"));
}

#[test]
fn a_moment_that_is_none_is_explained() {
    let home = Home::new();
    let ran = standup(&home, &["--offline", "--since", "yesterdy"]);
    ran.exits(2).complains("`--since`: `yesterdy` is no moment");
    assert!(ran.err.contains("did you mean `yesterday`?"), "{ran:#?}");
    standup(&home, &["--offline", "--since", "2999-01-01"])
        .exits(2)
        .complains("is still to come");
    let ran = home.run(&["standup", "--offline"]);
    ran.exits(2).complains("no source is configured");
}

#[test]
fn the_zone_of_the_team_is_the_one_that_it_names() {
    let home = Home::new();
    home.configure("[team]\nzone = \"Asia/Kolkata\"\n");
    standup(&home, &[]).exits(0).prints("(Asia/Kolkata)");
    home.configure("[team]\nzone = \"kolkata\"\n");
    let ran = standup(&home, &["--offline"]);
    ran.exits(2).complains("`zone`: `kolkata` is no time zone");
    assert!(ran.err.contains("did you mean `Asia/Kolkata`?"), "{ran:#?}");
}

/// Returns what is kept of stand-ups below a directory.
fn kept(dir: &Path) -> String {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let texts = entries.map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            kept(&path)
        } else if path.ends_with("standup.json") {
            std::fs::read_to_string(path).unwrap_or_default()
        } else {
            String::new()
        }
    });
    texts.collect()
}

/// Opens the stand-up of a small team on a terminal of this size.
fn view(home: &Home, columns: u16, rows: u16) -> Pty {
    let mut pty = Pty::start(home, &SMALL[..5], columns, rows);
    pty.wait("a board that is whole", |screen| {
        Pty::line(screen, 1).contains("ok") && screen.contents().contains("because")
    });
    pty.send("gs");
    pty.wait("the first card", |screen| {
        let text = screen.contents();
        text.contains("[walk]") && text.contains("1 of ") && text.contains("since then")
    });
    pty
}

#[test]
fn a_stand_up_is_held_by_keys() {
    let home = Home::new();
    let mut pty = view(&home, 100, 30);
    pty.send(" ");
    pty.wait_for("clock 0:0");
    pty.send("n");
    pty.wait("the second card", |screen| {
        Pty::line(screen, 2).contains("2 of ") || screen.contents().contains(" 2 of ")
    });
    pty.send("m");
    pty.wait_for("what is to be talked about");
    pty.send("who takes it?\r");
    pty.wait_for("parking lot 1");
    pty.send("b");
    pty.wait_for("[by person]");
    pty.send("L");
    pty.wait("the parking lot", |screen| {
        let text = screen.contents();
        text.contains("[parking lot 1]") && text.contains("who takes it?")
    });
    pty.send("c");
    pty.wait_written("\x1b]52;c;");
    pty.send("D");
    pty.wait_for("remember that the stand-up was held");
    // Keys that come too soon are no answer.
    pty.hold_until("y", "a stand-up that is remembered", || {
        kept(&home.path("state")).contains("\"last\": \"")
    });
    pty.wait_for("held at ");
    pty.send("gbq");
    assert_eq!(pty.end(), 0);
    // The command knows what the view kept.
    let after = standup(&home, &["--offline", "--format", "json"]).json();
    assert_eq!(after["parked"][0]["note"], "who takes it?", "{after}");
}
