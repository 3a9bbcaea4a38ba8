//! Why cards are red, told without a terminal and with one.

use std::collections::BTreeSet;
use std::time::Duration;

use cycleboard::demo::Options;
use cycleboard::demo::forge::{Fault, Forge, start};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::env::{Home, Ran};
use crate::support::pty::Pty;

/// A small team that is simulated quickly.
const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

fn demo(home: &Home, rest: &[&str]) -> Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(rest).copied().collect();
    home.run(&arguments)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one document, field by field")]
fn the_causes_have_the_documented_shape_and_every_null_a_reason() {
    let home = Home::new();
    let ran = demo(&home, &["triage", "--format", "json", "--within", "300"]);
    ran.exits(0);
    let document = ran.json();
    assert_eq!(document["schema"], 1);
    let cards = document["cards"].as_array().unwrap();
    assert!(!cards.is_empty(), "no red card");
    let explained = [
        "job",
        "step",
        "first_error",
        "failing_tests",
        "first_bad",
        "base",
        "flaky",
        "signature",
        "group",
    ];
    for card in cards {
        let run = &card["run"];
        assert!(
            run["id"].is_u64() && run["attempt"].as_u64() >= Some(1),
            "{card}"
        );
        for field in explained {
            let is_null = card[field].is_null();
            let why = card["why"][field].as_str().unwrap_or_default();
            assert_eq!(is_null, !why.is_empty(), "`{field}` in {card}");
        }
        if let Some(error) = card["first_error"].as_object() {
            assert!(error["line"].is_null() || error["line"].as_u64() >= Some(1));
            assert!(!error["text"].as_str().unwrap().is_empty());
        }
        for test in card["failing_tests"].as_array().into_iter().flatten() {
            // A record of the newest runs says so only if all of them are known.
            let unread = test["runs_unread"].as_u64().unwrap();
            assert_eq!(test["failed_runs"].is_null(), unread > 0, "{test}");
            assert_eq!(test["window"], 50);
            let why = &card["why"]["failing_tests.failed_runs"];
            assert!(unread == 0 || why.is_string(), "{card}");
            assert!(test["failed_of_known"].as_u64() <= test["runs_known"].as_u64());
        }
        if let Some(flaky) = card["flaky"].as_object() {
            assert!(
                !flaky["evidence"].as_array().unwrap().is_empty(),
                "a bare verdict"
            );
        }
    }
    let with = |field: &str| cards.iter().filter(|card| !card[field].is_null()).count();
    assert!(
        with("first_error") > 0 && with("failing_tests") > 0,
        "{ran:#?}"
    );

    // The same by key, by the page of the run, and from the store alone. A run of which it is not
    // known yet what it is of is called otherwise once that is.
    let is_of_change = |card: &&Value| card["key"].as_str().unwrap().contains('#');
    let card = cards
        .iter()
        .filter(is_of_change)
        .find(|card| !card["first_error"].is_null())
        .unwrap();
    let key = card["key"].as_str().unwrap();
    let offline = demo(&home, &["triage", key, "--offline", "--format", "json"]);
    let again = offline.json();
    assert_eq!(again["cards"][0]["key"], key);
    assert_eq!(again["cards"][0]["first_error"], card["first_error"]);
    let page = format!("{}/attempts/1?x=1", card["run"]["url"].as_str().unwrap());
    let by_page = demo(&home, &["triage", &page, "--offline", "--format", "json"]).json();
    let keys: BTreeSet<&str> = by_page["cards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|card| card["key"].as_str().unwrap())
        .collect();
    assert!(keys.contains(key), "{keys:?}");

    // For people: nothing wider than the terminal, and what Markdown would obey is text.
    let ran = home
        .command(&[&SMALL[..], &["triage", "--offline"]].concat())
        .env("COLUMNS", "80")
        .output()
        .unwrap();
    let table = String::from_utf8(ran.stdout).unwrap();
    assert!(table.contains(key), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    demo(&home, &["triage", "--offline", "--format", "markdown"]).prints("\n## [acme/");
    demo(&home, &["triage", "--offline", "--exit-status"]).exits(3);

    // Its log is in the cache: whole, and the failing step alone.
    let whole = demo(&home, &["log", key, "--offline"]);
    whole.exits(0);
    assert!(
        !whole.out.contains('\u{1b}'),
        "an escape without a terminal"
    );
    let line = usize::try_from(card["first_error"]["line"].as_u64().unwrap()).unwrap();
    let text = card["first_error"]["text"].as_str().unwrap();
    let said = whole.out.lines().nth(line - 1).unwrap();
    assert!(
        said.contains(text) || whole.out.contains(text),
        "{line}: {said}"
    );
    let step = demo(&home, &["log", key, "--offline", "--step", "failed"]);
    step.exits(0);
    assert!(whole.out.contains(&step.out) && step.out.len() < whole.out.len());
    let none = demo(&home, &["log", key, "--offline", "--step", "no such step"]);
    none.exits(1)
        .complains("the log has no step `no such step`");
    let hint = none.err.lines().last().unwrap();
    let named: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
    let once: BTreeSet<&&str> = named.iter().collect();
    assert_eq!(named.len(), once.len(), "each once: {hint}");
    demo(&home, &["log", key, "--offline", "--job", "no such job"])
        .exits(1)
        .complains("the run has no job `no such job`");
}

#[test]
fn what_is_not_known_says_so_by_its_code() {
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    for command in ["triage", "log"] {
        demo(&home, &[command, "acme/none#99999", "--offline"])
            .exits(1)
            .complains("no card or run is known by `acme/none#99999`");
        home.run(&["demo", command, "--within", "x"]).exits(2);
    }
    let fresh = Home::new();
    // Nobody was asked, so nobody can say that nothing is red.
    demo(&fresh, &["triage", "--offline"]).exits(5);
}

/// A forge of the test's own, so that what it saw can be counted.
struct Bench {
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

/// Starts a small team and a board that may run its failures again.
fn bench(home: &Home) -> Bench {
    let bench = serve(true);
    configure(
        home,
        &bench,
        "token_env = \"FORGE_TOKEN\"\nwrites = [\"rerun\"]",
    );
    bench
}

fn configure(home: &Home, bench: &Bench, more: &str) {
    home.configure(&format!(
        "[[source]]\nname = \"work\"\nkind = \"github\"\nurl = \"{}\"\norgs = [\"{}\"]\n{more}\n",
        bench.forge.url(),
        bench.forge.org(),
    ));
}

fn serve(require_token: bool) -> Bench {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let cancel = CancellationToken::new();
    let options = Options {
        repos: 4,
        cards: 40,
        speed: 0.0,
        require_token,
        ..Options::default()
    };
    let clock = cycleboard::app::clock::system();
    let forge = runtime
        .block_on(start(options, clock, &TaskTracker::new(), &cancel))
        .unwrap();
    Bench {
        forge,
        cancel,
        _runtime: runtime,
    }
}

#[test]
fn three_keys_lead_to_the_first_error_and_a_rerun_is_one_request() {
    let home = Home::new();
    let bench = bench(&home);
    let variables = [("FORGE_TOKEN", bench.forge.token())];
    // Cards come in steps, and a red one that comes late may stand first. Here time stands still
    // at the forge, so what is in the store before the board starts is all there is.
    let arguments = ["board", "--once"];
    let output = home.command(&arguments).envs(variables).output().unwrap();
    Ran::of(output, &arguments).exits(0);
    let mut pty = Pty::start_with(&home, &[], 160, 45, &variables);
    pty.wait("red card", |screen| {
        Pty::line(screen, 0).contains(" red ") && Pty::line(screen, 1).contains("✔ work ok")
    });
    pty.send("g");
    pty.send("f");
    // Header and hints speak of red cards and errors, too: only the panes tell, and only the
    // hints of this view that it is the one which is open.
    pty.wait("selected red card", |screen| {
        let text = screen.contents();
        Pty::hints(screen).contains("F re-run failed")
            && text.contains("▌✖")
            && text.contains("jobs ")
    });
    pty.send("e");
    // The log may be there before the key: the key has led into it when its pane has the mark.
    pty.wait("log at its error", |screen| {
        let pane = Pty::line(screen, 2);
        pane.split_once("▌log ").is_some_and(|(_, log)| {
            let mut words = log.split("  error ").skip(1);
            words.any(|after| after.starts_with(|first: char| first.is_ascii_digit()))
        })
    });
    assert_eq!(
        bench.forge.ledger().writes().len(),
        0,
        "looking changes nothing"
    );
    pty.send("F");
    pty.wait_for("re-run failed jobs?");
    // A key that is held asks once, and only the answer to the question counts.
    pty.wait("question on fresh values", |screen| {
        let text = screen.contents();
        text.contains("│ attempt 1, ") && text.contains("│ y yes  n no")
    });
    let was_sent = || !bench.forge.ledger().writes().is_empty();
    pty.hold_until("y", "request", was_sent);
    pty.wait_for("re-run requested");
    pty.send("gb");
    pty.wait("board again", |screen| {
        Pty::hints(screen).starts_with(" enter open")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
    let seen = bench.forge.ledger().writes();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(seen[0].method, "POST");
}

#[test]
fn with_read_only_nothing_is_changed_whatever_writes_says() {
    let home = Home::new();
    let bench = bench(&home);
    let variables = [("FORGE_TOKEN", bench.forge.token())];
    let mut pty = Pty::start_with(&home, &["--read-only"], 100, 30, &variables);
    pty.wait("red card", |screen| {
        Pty::line(screen, 0).contains(" red ") && Pty::line(screen, 1).contains("✔ work ok")
    });
    pty.send("gf");
    pty.wait("selected red card", |screen| {
        Pty::hints(screen).contains("F re-run failed") && screen.contents().contains("▌✖")
    });
    pty.send("F");
    pty.wait_for("nothing is changed with `--read-only`");
    pty.send("a");
    pty.wait_for("x cancel");
    pty.send("q");
    pty.send("gbq");
    assert_eq!(pty.end(), 0);
    assert_eq!(bench.forge.ledger().writes().len(), 0);
}

/// Asks for the verdict with this token; returns the exit code.
fn verdict(home: &Home, token: &str) -> i32 {
    let arguments = ["board", "--once", "--exit-status", "--format", "json"];
    let output = home.command(&arguments).env("FORGE_TOKEN", token).output();
    Ran::of(output.unwrap(), &arguments).code
}

#[test]
fn a_refused_token_comes_before_red_and_red_on_old_data_is_not_known() {
    let home = Home::new();
    let bench = bench(&home);
    assert_eq!(
        verdict(&home, bench.forge.token()),
        3,
        "a card is red for sure"
    );
    assert_eq!(
        verdict(&home, "wrong"),
        4,
        "the red cards are still in the store"
    );
    // The port stays taken: on a free one another test's server could answer.
    bench.forge.faults().set("/", Fault::Status(503));
    assert_eq!(
        verdict(&home, "another"),
        5,
        "nobody can say whether it is mended"
    );
}

#[test]
fn a_spent_quota_is_told_at_once_with_a_store_and_without() {
    let home = Home::new();
    let bench = bench(&home);
    let ask = |home: &Home, arguments: &[&str]| {
        let mut command = home.command(arguments);
        let output = command.env("FORGE_TOKEN", bench.forge.token()).output();
        Ran::of(output.unwrap(), arguments)
    };
    ask(&home, &["board", "--once"]).exits(0);
    bench.forge.faults().set("/repos/", Fault::Exhausted(3_060));
    let fresh = Home::new();
    let settings = std::fs::read_to_string(home.path("config/cycleboard/config.toml")).unwrap();
    fresh.configure(&settings);
    for home in [&home, &fresh] {
        let ran = ask(home, &["board", "--once", "--format", "json"]);
        ran.exits(5);
        assert!(
            ran.err.contains("allows no more requests for"),
            "{}",
            ran.err
        );
        assert_eq!(ran.json()["sources"][0]["health"], "rate_limited");
        // At once: it did not wait for answers that cannot come.
        assert!(
            !ran.err.contains("not every answer came in time"),
            "{}",
            ran.err
        );
        ask(home, &["sources"]).exits(5);
    }
}

#[test]
fn a_log_that_cannot_be_had_has_its_word_at_once_and_a_page_names_its_job() {
    let home = Home::new();
    let bench = bench(&home);
    let ask = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        let output = command.env("FORGE_TOKEN", bench.forge.token()).output();
        Ran::of(output.unwrap(), arguments)
    };
    let ran = ask(&[
        "triage",
        "acme/api log lab",
        "--format",
        "json",
        "--within",
        "300",
    ]);
    let document = ran.json();
    let card = &document["cards"][0];
    let run = card["run"]["url"].as_str().unwrap();
    let first = card["job"]["id"].as_u64().unwrap();
    for (at, job, word) in [
        (7, "gone", "the server keeps this log no longer (410)"),
        (1, "empty", "the log is empty"),
        (3, "binary", "the log is not text"),
    ] {
        ask(&["log", run, "--job", job]).exits(1).complains(word);
        let page = format!("{run}/job/{}", first + at);
        ask(&["log", &page]).exits(1).complains(word);
        let told = ask(&["triage", &page, "--format", "json", "--within", "300"]).json();
        let card = &told["cards"][0];
        assert_eq!(
            (&card["job"]["name"], &card["why"]["first_error"]),
            (&job.into(), &word.into())
        );
    }
    let page = format!("{run}/job/{}", first + 4);
    let ran = ask(&["log", &page, "--plain"]);
    ran.exits(0);
    assert_eq!(
        ran.out,
        ask(&["log", run, "--job", "escapes", "--plain"]).out
    );
    ask(&["log", &page, "--job", "escapes"]).exits(2);
}

#[test]
fn not_red_is_said_only_once_the_card_was_asked_about() {
    let home = Home::new();
    let bench = bench(&home);
    let ask = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        let output = command.env("FORGE_TOKEN", bench.forge.token()).output();
        Ran::of(output.unwrap(), arguments)
    };
    let board = ask(&["board", "--once", "--format", "json"]).json();
    let stages = board["stages"].as_array().unwrap().iter();
    let mut cards = stages.flat_map(|stage| stage["cards"].as_array().unwrap());
    let card = cards.find(|card| card["status"] == "passed" || card["status"] == "review");
    let key = card.unwrap()["key"].as_str().unwrap();
    ask(&["triage", key, "--within", "300"])
        .exits(0)
        .prints("this card is not red");
    // The source answers, and is well by that, but not about everything.
    let never = Fault::Delay(Duration::from_hours(1));
    bench.forge.faults().set("/code-scanning/", never);
    let ran = ask(&["triage", key, "--within", "8"]);
    ran.exits(5).prints("this card is not red");
}

#[test]
fn a_token_that_a_command_prints_is_hidden_in_logs_and_causes() {
    let home = Home::new();
    let bench = serve(false);
    let triage = ["triage", "--format", "json", "--within", "300"];
    configure(&home, &bench, "token_command = [\"echo\", \"demo-read\"]");
    let document = home.run(&triage).json();
    // Some word of an error is taken for the token of another account.
    let is_token =
        |word: &&str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let with_token = |card: &Value| {
        let error = card["first_error"]["text"].as_str()?;
        let token = error.split(' ').find(is_token)?;
        let has_line = card["first_error"]["line"].is_u64();
        has_line.then(|| (card["key"].as_str().unwrap().to_owned(), token.to_owned()))
    };
    let mut cards = document["cards"].as_array().unwrap().iter();
    let (key, token) = cards.find_map(with_token).unwrap();
    let token = token.as_str();
    let log = ["log", key.as_str(), "--plain"];
    assert!(home.run(&log).out.contains(token));
    bench.forge.writes().welcome(token);
    configure(
        &home,
        &bench,
        &format!("token_command = [\"echo\", \"{token}\"]"),
    );
    for arguments in [log.as_slice(), &triage] {
        let ran = home.run(arguments);
        ran.exits(0).prints("[hidden]");
        assert!(!ran.out.contains(token), "{token} in {ran:#?}");
    }
}

#[test]
fn nothing_red_is_said_only_where_everybody_was_heard() {
    let home = Home::new();
    home.configure(
        "[[source]]\nname = \"work\"\nkind = \"github\"\nurl = \"http://127.0.0.1:1/\"\norgs = [\"acme\"]\n",
    );
    for rest in [["triage", "--offline"].as_slice(), &["triage"]] {
        let ran = home.run(rest);
        ran.exits(5).prints("not known: source work");
        assert!(!ran.out.contains("no card is red"), "{}", ran.out);
    }
}
