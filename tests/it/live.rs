//! The real program: what is saved while the board is open, down to sources and the store.

use serde_json::json;

use crate::http_json::map_of;
use crate::support::env::Home;
use crate::support::fault::{Fault, Reply};
use crate::support::pty::Pty;

/// Starts a system with one ticket of this title.
async fn system(title: &'static str) -> Fault {
    let tickets =
        json!([{"number": 1, "name": title, "state": "new", "who": [], "made": 1_795_200_000_u64}]);
    Fault::start(move |_| Reply::json(&tickets)).await
}

/// Returns the configuration of a source of that system; `more` are keys of it.
fn source(name: &str, fault: &Fault, more: &str) -> String {
    let (url, map) = (&fault.url, map_of("tickets"));
    format!("[[source]]\nname = \"{name}\"\nkind = \"http-json\"\nurl = \"{url}\"\n{more}\n{map}\n")
}

/// Starts the board, and waits until the first card is selected.
fn board(home: &Home, columns: u16) -> Pty {
    let variables = [("LIVE_TOKEN", "a-token")];
    let mut pty = Pty::start_with(home, &["board"], columns, 24, &variables);
    pty.wait_for(" because ");
    pty
}

fn quit(mut pty: Pty) {
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

/// Waits until the line of the sources has these names, and the board these titles and not that.
#[track_caller]
fn shows(pty: &mut Pty, has: &[&str], lacks: &str) {
    pty.wait(&format!("{has:?} without {lacks}"), |screen| {
        let text = screen.contents();
        let all = has.iter().all(|word| text.contains(word));
        all && !text.contains(lacks)
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_come_and_go_beneath_the_open_board() {
    let (one, two) = (
        system("water the plants").await,
        system("feed the cat").await,
    );
    let home = Home::new();
    home.configure(&source("one", &one, ""));
    let mut pty = board(&home, 120);
    pty.send("p");
    home.configure(&[source("one", &one, ""), source("two", &two, "")].concat());
    shows(
        &mut pty,
        &["water the plants", "feed the cat", "two ok", "`[[source]]`"],
        "loading",
    );
    // Another variable for its token: it is asked with that one.
    let with_token = source("two", &two, "token_env = \"LIVE_TOKEN\"");
    home.configure(&[source("one", &one, ""), with_token.clone()].concat());
    pty.wait("asked with the token", |_| {
        let seen = two.seen();
        let mut asked = seen.iter().filter_map(|it| it.header("authorization"));
        asked.any(|word| word.contains("a-token"))
    });
    shows(&mut pty, &["water the plants", "two ok"], "loading");
    // One that is not set: all stays, and the mark as long as the file says so.
    let unset = source("two", &two, "token_env = \"NO_SUCH\"");
    home.configure(&[source("one", &one, ""), unset].concat());
    pty.wait_for("`NO_SUCH` is not set");
    pty.send("\u{1b}");
    shows(
        &mut pty,
        &[
            "config: line",
            "(M)",
            "water the plants",
            "feed the cat",
            "two ok",
        ],
        "NO_SUCH",
    );
    home.configure(&with_token);
    shows(&mut pty, &["feed the cat", "two ok"], "water the plants");
    pty.wait("the mark is gone", |screen| {
        !Pty::line(screen, 0).contains("config:")
    });
    quit(pty);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_named_anew_is_written_from_then_on() {
    let one = system("water the plants").await;
    let home = Home::new();
    let source = source("one", &one, "");
    home.configure(&source);
    let mut pty = board(&home, 100);
    home.configure(&format!(
        "{source}[store]\nurl = \"sqlite:/proc/no/x.db\"\n"
    ));
    pty.wait_for("config: line");
    shows(&mut pty, &["the configuration stays as it was"], "loading");
    pty.send("\u{1b}");
    home.configure(&format!("{source}[store]\nurl = \"sqlite:other.db\"\n"));
    pty.wait_for("took over `[store]`");
    shows(&mut pty, &["water the plants", "one ok"], "config:");
    // What was put aside belongs to the board of that store.
    pty.send("x");
    pty.wait_for("1 put aside");
    quit(pty);
    let kept = home.path("config/cycleboard/other.db");
    assert!(kept.exists(), "the store is where the file says");
    let mut pty = Pty::start(&home, &["board"], 100, 24);
    pty.wait_for("1 put aside");
    quit(pty);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mark_of_a_broken_file_fits_80_columns_and_a_source_that_cannot_be_opened_is_refused() {
    let one = system("water the plants").await;
    let home = Home::new();
    let source = source("one", &one, "");
    home.configure(&source);
    let mut pty = board(&home, 80);
    home.configure(&format!("{source}[ui]\nthem = \"nord\"\n"));
    pty.wait_for("stays as it was");
    pty.send("\u{1b}");
    pty.wait("a mark and no message", |screen| {
        let head = Pty::line(screen, 0);
        let is_marked = head.contains("■ config: line 14 (M)") && head.contains("1 card");
        is_marked && !screen.contents().contains("stays as it was")
    });
    let broken = source.replace("kind =", "ca_file = \"no.pem\"\nkind =");
    home.configure(&broken);
    pty.wait_for("config: line 3 (M)");
    pty.send("\u{1b}");
    shows(
        &mut pty,
        &["config: line 3 (M)", "one ok"],
        "stays as it was",
    );
    home.configure(&format!("{source}[team]\nzone = \"UTC\"\n"));
    pty.wait_for("took over `[team]`");
    shows(&mut pty, &["water the plants", "one ok"], "config:");
    quit(pty);
}
