//! A real Prometheus and a real Alertmanager, as `.ci/monitors.py` starts them.
//!
//! Alertmanager lies below `/am` and has one alert that fires, one that is silenced
//! and one that is inhibited; Prometheus wants a login and has a rule that fails.

use serde_json::Value;

use crate::support::env::{Home, Ran};

const LOGIN: &str = "CYCLEBOARD_TEST_PROMETHEUS_LOGIN";

/// Returns what a variable says, or tells that the test has nothing to run against.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "only the environment can name servers outside of the test; who reads its output should know"
)]
pub(super) fn named(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        eprintln!("not held against a real server: `{variable}` is not set");
    }
    found
}

struct Servers {
    alertmanager: String,
    prometheus: String,
    login: String,
}

fn servers() -> Option<Servers> {
    Some(Servers {
        alertmanager: named("CYCLEBOARD_TEST_ALERTMANAGER")?,
        prometheus: named("CYCLEBOARD_TEST_PROMETHEUS")?,
        login: named(LOGIN)?,
    })
}

fn run(servers: &Servers, login: &str, arguments: &[&str]) -> (Home, Ran) {
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \"{}\"\n\
         [[source]]\nname = \"prom\"\nkind = \"prometheus\"\nurl = \"{}\"\ntoken_env = \"{LOGIN}\"\n",
        servers.alertmanager, servers.prometheus
    ));
    let mut command = home.command(arguments);
    let output = command.env(LOGIN, login).output().unwrap();
    (home, Ran::of(output, arguments))
}

/// Returns the cards of Monitor: id, title, status, service.
fn monitor(board: &Value) -> Vec<(String, String, String, String)> {
    let stages = board["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["stage"] == "monitor");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let cards = stage.unwrap()["cards"].as_array().unwrap();
    let of = |card: &Value| {
        (
            text(&card["id"]),
            text(&card["title"]),
            text(&card["status"]),
            text(&card["service"]),
        )
    };
    cards.iter().map(of).collect()
}

#[track_caller]
fn holds(cards: &[(String, String, String, String)], expected: [&str; 4]) {
    let [id, title, status, service] = expected;
    let fits = |card: &&(String, String, String, String)| {
        let begins = card.0.starts_with(id) && card.1.starts_with(title);
        begins && card.2 == status && card.3 == service
    };
    let found = cards.iter().filter(fits).count();
    assert_eq!(found, 1, "{expected:?} in {cards:#?}");
}

#[test]
fn alerts_of_real_servers_are_cards_in_monitor() {
    let Some(servers) = servers() else { return };
    let (home, ran) = run(
        &servers,
        &servers.login,
        &["board", "--once", "--format", "json"],
    );
    let board = ran.exits(0).json();
    for source in board["sources"].as_array().unwrap() {
        assert_eq!(source["health"], "ok", "{source}");
    }
    let cards = monitor(&board);
    assert!(!board.to_string().contains("\"fresh\":false"), "just read");
    // Alertmanager and the Prometheus behind it tell the same alert: one card.
    holds(
        &cards,
        ["alert:checkout/", "checkout fails", "firing", "checkout"],
    );
    holds(
        &cards,
        ["alert:checkout/", "a disk is full", "silenced", "checkout"],
    );
    holds(
        &cards,
        [
            "alert:checkout/",
            "a queue is long",
            "inhibited",
            "checkout",
        ],
    );
    holds(
        &cards,
        [
            "alert:prom/rules/",
            "rule `Broken` cannot be evaluated",
            "unknown",
            "-",
        ],
    );
    assert!(
        !cards.iter().any(|card| card.1.contains("not yet")),
        "pending"
    );
    let states = |word: &str| {
        board
            .to_string()
            .matches(&format!("\"state\":\"{word}\""))
            .count()
    };
    assert_eq!((states("silenced"), states("inhibited")), (1, 1));
    assert_eq!(
        home.files_with(&servers.login),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn a_real_server_is_found_in_order() {
    let Some(servers) = servers() else { return };
    let (_home, ran) = run(&servers, &servers.login, &["doctor"]);
    ran.exits(0)
        .prints("it answers, Alertmanager 0.")
        .prints("it answers, version 2.");
}

#[test]
fn a_real_server_that_refuses_the_login_or_lies_elsewhere_is_told() {
    let Some(mut servers) = servers() else { return };
    let (_home, ran) = run(&servers, "board:wrong-password", &["doctor"]);
    ran.exits(4).prints("rejected the token");
    servers.alertmanager = servers.alertmanager.trim_end_matches("/am").to_owned();
    let (_home, ran) = run(&servers, &servers.login, &["doctor"]);
    ran.exits(1)
        .prints("/api/v2/status is not there")
        .prints("`--web.route-prefix=/x`");
}
