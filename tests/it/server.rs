//! The program and its server: one that was replaced, one that is asked without a token.

use std::collections::BTreeSet;

use cycleboard::demo::Options;
use cycleboard::demo::forge::{Forge, start};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::env::{Home, Ran};

/// A forge of the test's own.
struct Bench {
    forge: Forge,
    cancel: CancellationToken,
    tracker: TaskTracker,
}

fn open(runtime: &Runtime, seed: u64, port: u16) -> Bench {
    try_open(runtime, seed, port).unwrap()
}

fn try_open(runtime: &Runtime, seed: u64, port: u16) -> std::io::Result<Bench> {
    let options = Options {
        seed,
        port,
        repos: 3,
        cards: 30,
        speed: 0.0,
        ..Options::default()
    };
    let (cancel, tracker) = (CancellationToken::new(), TaskTracker::new());
    let clock = cycleboard::app::clock::system();
    let forge = runtime.block_on(start(options, clock, &tracker, &cancel))?;
    Ok(Bench {
        forge,
        cancel,
        tracker,
    })
}

fn home(bench: &Bench, more: &str) -> Home {
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nname = \"work\"\nkind = \"github\"\nurl = \"{}\"\nrepos = [\"acme/web\"]\n{more}",
        bench.forge.url(),
    ));
    home
}

fn board(home: &Home, token: &str, format: &str) -> Ran {
    let arguments = ["board", "--once", "--format", format];
    let mut command = home.command(&arguments);
    command.env("FORGE_TOKEN", token);
    Ran::of(command.output().unwrap(), &arguments)
}

/// Returns key and title of every card.
fn cards(ran: &Ran) -> BTreeSet<(String, String)> {
    ran.exits(0);
    let board = ran.json();
    let stages = board["stages"].as_array().unwrap().iter();
    let cards = stages.flat_map(|stage| stage["cards"].as_array().unwrap().clone());
    let text = |card: &serde_json::Value, name: &str| card[name].as_str().unwrap().to_owned();
    cards
        .map(|card| (text(&card, "key"), text(&card, "title")))
        .collect()
}

#[test]
fn of_a_server_that_was_replaced_on_the_same_port_nothing_old_is_left() {
    // A port that is given back may be given to another test before it is taken again.
    let was_seen = (0..10).any(|_| replace().is_some());
    assert!(was_seen, "the port was never to be had a second time");
}

/// Replaces a server; returns nothing where its port went to somebody else in between.
fn replace() -> Option<()> {
    let runtime = Runtime::new().unwrap();
    let first = open(&runtime, 7, 0);
    let home_of_both = home(&first, "token_env = \"FORGE_TOKEN\"\n");
    let before = cards(&board(&home_of_both, first.forge.token(), "json"));
    assert!(before.len() > 5, "{before:?}");
    let port = first.forge.url().port().unwrap();
    first.cancel.cancel();
    first.tracker.close();
    runtime.block_on(first.tracker.wait());
    let second = match try_open(&runtime, 77, port) {
        Ok(second) => second,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return None,
        Err(error) => panic!("{error}"),
    };
    let token = second.forge.token();
    let fresh = home(&second, "token_env = \"FORGE_TOKEN\"\n");
    let expected = cards(&board(&fresh, token, "json"));
    let found = cards(&board(&home_of_both, token, "json"));
    assert_eq!(found, expected);
    assert_ne!(found, before);
    second.cancel.cancel();
    Some(())
}

#[test]
fn without_a_token_the_board_is_read_and_says_so() {
    let runtime = Runtime::new().unwrap();
    let bench = open(&runtime, 7, 0);
    let home = home(&bench, "");
    let ran = board(&home, "", "table");
    ran.exits(0)
        .prints("source work ok, answered just now: no token: public repositories only")
        .prints("Plan ");
    let doctor = home.run(&["doctor"]);
    doctor.prints("token        none: only what is public");
    assert!(!doctor.out.contains("scopes"), "{}", doctor.out);
    bench.cancel.cancel();
}

/// Returns the keys of all cards, and the first source.
fn told(ran: &Ran) -> (BTreeSet<String>, serde_json::Value) {
    let board = ran.json();
    let stages = board["stages"].as_array().unwrap().iter();
    let cards = stages.flat_map(|stage| stage["cards"].as_array().unwrap().clone());
    let keys = cards.map(|card| card["key"].as_str().unwrap().to_owned());
    (keys.collect(), board["sources"][0].clone())
}

#[test]
fn without_its_token_or_with_another_one_what_was_seen_is_shown_with_its_age() {
    let runtime = Runtime::new().unwrap();
    let bench = open(&runtime, 7, 0);
    let home = home(&bench, "token_env = \"FORGE_TOKEN\"\n");
    let before = told(&board(&home, bench.forge.token(), "json")).0;
    assert!(before.len() > 5, "{before:?}");
    for (token, word) in [("", "`FORGE_TOKEN` is not set"), ("wrong", "rejected")] {
        let ran = board(&home, token, "json");
        let (cards, source) = told(ran.exits(4));
        assert!(cards.len() > 5 && cards.is_subset(&before), "{cards:?}");
        assert_eq!(source["health"], "auth");
        let message = source["message"].as_str().unwrap();
        assert!(message.contains(word), "{message}");
        assert!(source["age_secs"].is_number(), "{source}");
        let text = board(&home, token, "table").out;
        assert!(!text.contains("never answered"), "{text}");
    }
    bench.cancel.cancel();
}

#[test]
fn a_source_that_says_nothing_holds_up_no_command() {
    let runtime = Runtime::new().unwrap();
    let bench = open(&runtime, 7, 0);
    // Connections are taken by the system, and nobody ever reads what comes.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = silent.local_addr().unwrap();
    let ci = format!("[[source]]\nname = \"ci\"\nkind = \"jenkins\"\nurl = \"http://{url}\"\n");
    let home = home(&bench, &ci);
    let ran = board(&home, "", "json");
    let (cards, _) = told(ran.exits(5));
    assert!(cards.len() > 5, "{cards:?}");
    let sources = &ran.json()["sources"];
    assert_eq!(sources[0]["waited_for"], true);
    assert_eq!(sources[1]["waited_for"], false);
    let note = "note: source `ci`: ";
    assert!(ran.err.contains(note), "{}", ran.err);
    assert!(ran.err.contains("was not waited for"), "{}", ran.err);
    bench.cancel.cancel();
}
