//! The program without a terminal: formats, exit codes, errors.

use std::io::Read as _;
use std::process::Stdio;

use crate::support::env::{Home, set_mode};

/// A small team that is simulated quickly.
const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

fn demo(home: &Home, rest: &[&str]) -> crate::support::env::Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(rest).copied().collect();
    home.run(&arguments)
}

#[test]
fn help_and_version_are_fine_and_a_wrong_word_is_not() {
    let home = Home::new();
    home.run(&["--help"]).exits(0).prints("Exit codes:");
    home.run(&["--version"]).exits(0).prints("cycleboard ");
    let ran = home.run(&["bord"]);
    ran.exits(2);
    assert!(ran.err.contains("board"), "{ran:#?}");
}

#[test]
fn without_a_source_it_says_what_to_do() {
    let home = Home::new();
    let ran = home.run(&["board", "--once"]);
    ran.exits(2).complains("no source is configured");
    assert!(ran.err.contains("cycleboard demo"), "{ran:#?}");
    assert_eq!(ran.out, "");
}

#[test]
fn the_board_as_json_has_the_documented_shape() {
    let home = Home::new();
    let ran = demo(&home, &["board", "--once", "--format", "json"]);
    ran.exits(0);
    let board = ran.json();
    assert_eq!(board["schema"], 1);
    assert!(board["generated_at"].as_str().unwrap().ends_with('Z'));
    let source = &board["sources"][0];
    assert_eq!(source["name"], "demo");
    assert_eq!(source["kind"], "github");
    assert_eq!(source["health"], "ok");
    assert!(source["age_secs"].is_i64() && source["message"].is_null());
    assert!(source["budget"]["limit"].as_u64() >= source["budget"]["remaining"].as_u64());
    assert!(source["requests"]["sent"].as_u64().unwrap() > 0);
    let stages = board["stages"].as_array().unwrap();
    let names: Vec<&str> = stages
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "plan", "code", "build", "test", "release", "deploy", "operate", "monitor"
        ]
    );
    let cards: Vec<&serde_json::Value> = stages
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
        .collect();
    assert!(cards.len() >= 10, "{} cards", cards.len());
    let keys = [
        "id", "key", "title", "stage", "status", "reason", "service", "repo", "holders", "labels",
        "url", "since", "age_secs", "fresh", "evidence",
    ];
    for card in &cards {
        let found: Vec<&String> = card.as_object().unwrap().keys().collect();
        assert_eq!(found.len(), keys.len(), "{found:?}");
        for key in keys {
            assert!(card.get(key).is_some(), "no `{key}` in {card}");
        }
        assert!(!card["reason"].as_str().unwrap().is_empty(), "{card}");
    }
    let ids: std::collections::BTreeSet<&str> = cards
        .iter()
        .map(|card| card["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), cards.len(), "a card is in one stage only");
    assert!(
        cards
            .iter()
            .any(|card| !card["evidence"].as_array().unwrap().is_empty())
    );
}

#[test]
fn other_formats_tell_the_same_cards() {
    let home = Home::new();
    let json = demo(&home, &["board", "--once", "--format", "json"]).json();
    let stages = json["stages"].as_array().unwrap();
    let key = stages
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
        .map(|card| card["key"].as_str().unwrap())
        .next()
        .unwrap()
        .to_owned();
    demo(&home, &["board", "--once"]).prints(&key);
    let markdown = demo(&home, &["board", "--once", "--format", "markdown"]);
    markdown.prints("## Plan (").prints("| --- |");
    // What the first run stored is there without asking anybody.
    let offline = demo(&home, &["board", "--once", "--offline"]);
    offline.exits(0).prints(&key);
}

#[test]
fn a_filter_narrows_what_is_printed_and_a_wrong_one_is_explained() {
    let home = Home::new();
    let all = demo(&home, &["board", "--once", "--format", "json"]).json();
    let some = demo(
        &home,
        &[
            "board",
            "--once",
            "--format",
            "json",
            "--filter",
            "stage:plan",
        ],
    )
    .json();
    let count = |board: &serde_json::Value, stage: usize| {
        board["stages"][stage]["cards"].as_array().unwrap().len()
    };
    assert!(count(&some, 0) > 0);
    assert_eq!(count(&all, 0), count(&some, 0));
    assert_eq!((1..8).map(|stage| count(&some, stage)).sum::<usize>(), 0);
    demo(&home, &["board", "--once", "--filter", "staeg:plan"])
        .exits(2)
        .complains("staeg");
}

#[test]
fn red_is_told_by_exit_code_only_when_asked_for() {
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    let board = demo(
        &home,
        &["board", "--once", "--exit-status", "--format", "json"],
    );
    board.exits(3);
    demo(
        &home,
        &[
            "board",
            "--once",
            "--exit-status",
            "--filter",
            "status:backlog",
        ],
    )
    .exits(0);
}

#[test]
fn what_nobody_ever_answered_is_never_fine() {
    let home = Home::new();
    // Nothing stored, nothing asked.
    demo(&home, &["board", "--once", "--offline"]).exits(5);
    // Nobody listens there.
    home.configure("[[source]]\nname = \"x\"\nkind = \"github\"\nurl = \"http://127.0.0.1:9\"\nrepos = [\"a/b\"]\n");
    let ran = home.run(&["board", "--once", "--format", "json", "--wait", "20"]);
    ran.exits(5);
    let source = &ran.json()["sources"][0];
    assert_eq!(source["health"], "unreachable");
    assert!(
        source["message"]
            .as_str()
            .unwrap()
            .contains("cannot be reached"),
        "{source}"
    );
}

#[test]
fn where_tells_the_way_of_a_change() {
    let home = Home::new();
    let board = demo(&home, &["board", "--once", "--format", "json"]).json();
    let card = board["stages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
        .find(|card| card["key"].as_str().unwrap().contains('#'))
        .unwrap()
        .clone();
    let key = card["key"].as_str().unwrap();
    let ran = demo(&home, &["where", key]);
    ran.exits(0)
        .prints(key)
        .prints(card["title"].as_str().unwrap());
    let json = demo(&home, &["where", key, "--format", "json"]).json();
    assert_eq!(json["changes"][0]["card"]["key"], key);
    assert!(json["changes"][0]["steps"].is_array());
    demo(&home, &["where", "no-such/thing#1"])
        .exits(1)
        .complains("no card is known by `no-such/thing#1`");
}

#[test]
fn sources_and_doctor_tell_where_the_token_comes_from_and_not_what_it_is() {
    let home = Home::new();
    demo(&home, &["sources"])
        .exits(0)
        .prints("demo")
        .prints("ok");
    let doctor = demo(&home, &["doctor"]);
    doctor
        .exits(0)
        .prints("configuration")
        .prints("terminal")
        .prints("CYCLEBOARD_DEMO_TOKEN")
        .prints("answer       ok");
}

#[test]
fn a_token_is_in_no_file_and_in_no_output() {
    let token = "ghp_thisIsNoRealToken0123456789abcdef";
    let home = Home::new();
    home.configure(
        "[[source]]\nname = \"x\"\nkind = \"github\"\nurl = \"http://127.0.0.1:9\"\nrepos = [\"a/b\"]\ntoken_env = \"MY_TOKEN\"\n",
    );
    for arguments in [
        &["board", "--once", "--log", "trace", "--wait", "10"][..],
        &["doctor", "--log", "trace"],
        &["sources", "--log", "trace"],
    ] {
        let output = home
            .command(arguments)
            .env("MY_TOKEN", token)
            .env("GH_TOKEN", token)
            .output()
            .unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert!(
                !String::from_utf8_lossy(text).contains(token),
                "{arguments:?}"
            );
        }
    }
    assert!(
        !home.files("state").is_empty(),
        "nothing was written, so nothing was checked"
    );
    assert_eq!(home.files_with(token), Vec::<std::path::PathBuf>::new());
}

#[test]
fn files_of_the_program_are_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    let files = home.files("state");
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(
            mode & 0o077,
            0,
            "{} is open to others: {mode:o}",
            file.display()
        );
    }
}

#[test]
fn a_configuration_that_others_may_write_is_refused() {
    let home = Home::new();
    let path = home.configure("[ui]\ntheme = \"dark\"\n");
    set_mode(&path, 0o666);
    home.run(&["board", "--once"])
        .exits(2)
        .complains("may be written by others");
}

#[test]
fn a_wrong_configuration_is_told_with_line_and_hint() {
    let home = Home::new();
    home.configure("[ui]\nthem = \"dark\"\n");
    let ran = home.run(&["config", "check"]);
    ran.exits(2).complains("config.toml:2:");
    assert!(ran.err.contains("theme"), "{ran:#?}");
    home.configure("[ui]\ntheme = \"dark\"\n");
    home.run(&["config", "check"]).exits(0).prints("fine");
    home.run(&["config", "path"])
        .exits(0)
        .prints("config/cycleboard/config.toml");
    home.run(&["--config", "/nonexistent", "board", "--once"])
        .exits(2)
        .complains("cannot read `/nonexistent`");
}

#[test]
fn the_default_configuration_is_one_that_is_accepted() {
    let home = Home::new();
    let text = home.run(&["config", "default"]);
    text.exits(0).prints("[ui]");
    home.configure(&text.out);
    home.run(&["config", "check"]).exits(0);
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        home.run(&["completions", shell])
            .exits(0)
            .prints("cycleboard");
    }
    home.run(&["man"]).exits(0).prints(".TH cycleboard");
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let home = Home::new();
    let mut child = home
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(err, "");
}

#[test]
fn without_a_terminal_the_board_is_printed() {
    let home = Home::new();
    let ran = demo(&home, &[]);
    ran.exits(0).prints("Plan ");
    assert!(
        !ran.out.contains('\u{1b}'),
        "escape codes without a terminal: {ran:#?}"
    );
}
