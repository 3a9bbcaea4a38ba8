//! What a source cannot tell is said, wherever the program prints: nothing passes for fine that
//! nobody could see.

use cycleboard::demo::Options;
use cycleboard::demo::forge::{Fault, Forge, start};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::env::{Home, Ran};
use crate::support::fault::{Fault as Server, Reply};

/// A simulated team whose forge wants a token, and a board that looks at it.
struct Bench {
    home: Home,
    forge: Forge,
    cancel: CancellationToken,
    // Serves until it is dropped.
    _runtime: tokio::runtime::Runtime,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn bench() -> Bench {
    let runtime = runtime();
    let cancel = CancellationToken::new();
    let options = Options {
        repos: 4,
        cards: 40,
        speed: 0.0,
        require_token: true,
        ..Options::default()
    };
    let clock = cycleboard::app::clock::system();
    let forge = runtime
        .block_on(start(options, clock, &TaskTracker::new(), &cancel))
        .unwrap();
    let home = Home::new();
    configure(&home, forge.url().as_str(), forge.org());
    Bench {
        home,
        forge,
        cancel,
        _runtime: runtime,
    }
}

fn configure(home: &Home, url: &str, org: &str) {
    home.configure(&format!(
        "[[source]]\nname = \"work\"\nkind = \"github\"\nurl = \"{url}\"\norgs = [\"{org}\"]\n\
         token_env = \"FORGE_TOKEN\"\nwrites = [\"rerun\"]\n",
    ));
}

fn run(home: &Home, token: &str, arguments: &[&str]) -> Ran {
    let output = home.command(arguments).env("FORGE_TOKEN", token).output();
    Ran::of(output.unwrap(), arguments)
}

impl Bench {
    fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.home, self.forge.token(), arguments)
    }
}

/// Returns how many cards of the user's own are printed.
fn mine(ran: &Ran) -> usize {
    let board = ran.json();
    let stages = board["stages"].as_array().unwrap();
    let cards = stages
        .iter()
        .map(|stage| stage["cards"].as_array().unwrap());
    cards.map(Vec::len).sum()
}

#[test]
fn who_you_are_is_remembered_with_the_store_and_said_where_it_is_not_known() {
    const NOBODY: &str = "note: who you are is not known yet: `@me` matches nothing";
    let bench = bench();
    let ask = ["board", "--once", "--format", "json", "--filter", "is:mine"];
    let offline = [&ask[..], &["--offline"]].concat();
    let known = mine(bench.run(&ask).exits(0));
    assert!(known > 0, "the account holds nothing");
    assert_eq!(mine(bench.run(&offline).exits(0)), known);
    // The port stays taken: on a free one another test's server could answer.
    bench.forge.faults().set("/", Fault::Status(503));
    for _ in 0..2 {
        let ran = bench.run(&ask);
        assert_eq!(mine(ran.exits(5)), known, "{ran:#?}");
        assert!(!ran.err.contains(NOBODY), "{ran:#?}");
    }
    assert_eq!(mine(bench.run(&offline).exits(0)), known);

    let fresh = Home::new();
    configure(&fresh, bench.forge.url().as_str(), bench.forge.org());
    let asked = ["board", "--once", "--filter", "author:@me", "--exit-status"];
    let ran = run(&fresh, bench.forge.token(), &asked);
    ran.exits(5);
    assert!(ran.err.contains(NOBODY), "{ran:#?}");
    let ran = run(&fresh, bench.forge.token(), &["board", "--once"]);
    assert!(!ran.err.contains(NOBODY), "nobody asked: {ran:#?}");
}

#[test]
fn a_token_that_may_not_read_what_ci_did_is_told_and_never_fine() {
    let bench = bench();
    bench.forge.faults().set("/actions", Fault::Status(403));
    let ran = bench.run(&["board", "--once", "--format", "json"]);
    let board = ran.exits(0).json();
    let message = board["sources"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("no CI runs: "), "{ran:#?}");
    let note = "note: source `work`: no CI runs: ";
    assert!(ran.err.contains(note), "{ran:#?}");
    bench
        .run(&["board", "--once"])
        .exits(0)
        .prints("no CI runs: ");
    bench.run(&["sources"]).exits(0).prints("no CI runs: ");
    let calm = [
        "board",
        "--once",
        "--exit-status",
        "--filter",
        "stage:plan -is:red status:backlog",
    ];
    bench.run(&calm).exits(5);
    bench.forge.faults().clear();
    let ran = bench.run(&["board", "--once"]);
    assert!(!ran.err.contains("no CI runs"), "{ran:#?}");
    bench.run(&calm).exits(0);
}

#[test]
fn an_organisation_without_repositories_is_there_and_empty() {
    let runtime = runtime();
    let server = runtime.block_on(Server::start(|request| match request.path() {
        "/orgs/acme/repos" => Reply::json(&json!([])),
        "/user" => Reply::json(&json!({"login": "ada", "id": 1})),
        _ => {
            Reply::new(404, "{\"message\":\"Not Found\"}").with("content-type", "application/json")
        }
    }));
    let home = Home::new();
    configure(&home, server.url.as_str(), "acme");
    let ran = run(
        &home,
        "a-token-of-nobody",
        &["board", "--once", "--format", "json"],
    );
    let board = ran.exits(0).json();
    assert_eq!(board["sources"][0]["health"], "ok", "{ran:#?}");
    let empty = "`acme` has no repository that this token may see";
    assert_eq!(board["sources"][0]["message"], empty);
    run(&home, "a-token-of-nobody", &["sources"])
        .exits(0)
        .prints(empty);
}

#[test]
fn doctor_says_that_a_reading_token_may_not_write() {
    let bench = bench();
    let asks = |token: &str| run(&bench.home, token, &["doctor"]);
    asks(bench.forge.token())
        .exits(0)
        .prints("may write    yes");
    asks(bench.forge.read_token())
        .exits(0)
        .prints("no: the token lacks the scope `repo`");
}

#[test]
fn the_page_of_a_run_that_no_card_shows_is_told_as_such() {
    let bench = bench();
    let page = format!("{}acme/api/actions/runs/6325", bench.forge.url());
    for command in ["triage", "log"] {
        let ran = bench.run(&[command, &page]);
        ran.exits(1).complains("no card shows run 6325");
        assert!(
            ran.err.contains("only runs that stand on a card"),
            "{ran:#?}"
        );
    }
}

#[test]
fn a_theme_that_is_not_there_is_refused_where_nothing_is_drawn_too() {
    let bench = bench();
    bench
        .run(&["--theme", "nosuch", "board", "--once"])
        .exits(2)
        .complains("`--theme`: ");
}

#[test]
fn a_log_that_was_cut_on_its_way_is_not_known() {
    let bench = bench();
    let causes = bench
        .run(&["triage", "--format", "json", "--within", "300"])
        .json();
    let cards = causes["cards"].as_array().unwrap();
    let read = |card: &&serde_json::Value| card["log"]["state"] == "read";
    let key = cards.iter().find(read).unwrap()["key"].as_str().unwrap();
    // Another home has neither the log nor what was found in it.
    let home = Home::new();
    configure(&home, bench.forge.url().as_str(), bench.forge.org());
    bench.forge.faults().set("/blob", Fault::Cut);
    run(&home, bench.forge.token(), &["log", key]).exits(5);
}
