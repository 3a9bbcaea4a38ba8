//! The log of a job at work, in the whole program: printed, on the screen, interrupted.
//!
//! Against a small Gitea whose one job writes when the test says so.

use std::io::{BufReader, Read as _};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cycleboard::domain::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::env::Home;
use crate::support::fault::{Fault, Reply, Seen};
use crate::support::pty::Pty;

const SHA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The longest wait for an end.
const CEILING: u32 = 1_200;

/// What the server does now.
struct Desk {
    log: String,
    /// How the job that writes stands, and the one beside it.
    jobs: [&'static str; 2],
}

/// A server, and a home that reads it.
struct Bench {
    desk: Arc<Mutex<Desk>>,
    home: Home,
    fault: Fault,
    _runtime: Runtime,
}

impl Bench {
    /// Starts with one job at work, beside another that stands so.
    fn new(beside: &'static str) -> Self {
        let runtime = Runtime::new().unwrap();
        let desk = Arc::new(Mutex::new(Desk {
            log: "line one\n".to_owned(),
            jobs: ["in_progress", beside],
        }));
        let asked = Arc::clone(&desk);
        let now = cycleboard::app::clock::system()();
        let fault = Fault::start(move |seen| answer(&asked.lock().unwrap(), seen, now));
        let fault = runtime.block_on(fault);
        let home = Home::new();
        home.configure(&format!(
            "[[source]]\nname = \"work\"\nkind = \"gitea\"\nurl = \"{}\"\nrepos = [\"acme/api\"]\n",
            fault.url
        ));
        Self {
            desk,
            home,
            fault,
            _runtime: runtime,
        }
    }

    fn write(&self, text: &str) {
        self.desk.lock().unwrap().log.push_str(text);
    }

    fn does(&self, word: &'static str) {
        self.desk.lock().unwrap().jobs[0] = word;
    }

    /// Follows the log, and waits for its first line.
    fn follow(&self) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut command = self.home.command(&["log", "#7", "--follow"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let first = line(&mut out);
        assert!(first == "line one\n", "{first:?}: {:?}", end(child));
        (child, out)
    }

    fn board(&self) -> Pty {
        let mut pty = Pty::start(&self.home, &["board"], 120, 30);
        pty.wait_for("Pay once");
        // The column in which it stands.
        pty.send("4");
        pty
    }
}

fn line(out: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line
}

/// Waits for the end; returns the exit code, or the signal as a shell tells it, and what was said.
#[track_caller]
fn end(mut child: Child) -> (i32, String) {
    use std::os::unix::process::ExitStatusExt as _;
    for _ in 0..CEILING {
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            let mut err = child.stderr.take().unwrap();
            err.read_to_string(&mut said).unwrap();
            let by_signal = status.signal().map(|signal| 128 + signal);
            return (status.code().or(by_signal).unwrap(), said);
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    drop(child.kill());
    panic!("it does not end");
}

fn answer(desk: &Desk, seen: &Seen, now: Timestamp) -> Reply {
    let at = now.to_rfc3339();
    let repo = json!({"id": 7, "full_name": "acme/api", "owner": {"id": 3, "login": "acme"},
        "default_branch": "main", "updated_at": at, "has_issues": true,
        "has_pull_requests": true, "has_actions": true, "has_releases": false});
    let path = seen.path().trim_start_matches("/api/v1");
    let below = path.trim_start_matches("/repos/acme/api");
    let value = match below {
        "/version" => json!({"version": "1.25.0"}),
        "/settings/api" => json!({"max_response_items": 50}),
        "/user" => json!({"id": 5, "login": "ada"}),
        "" => repo,
        "/branches" => json!([{"name": "main", "commit": {"id": "b".repeat(40)}}]),
        "/pulls" if seen.target.contains("state=open") => json!([pull(&at)]),
        "/pulls/7" => pull(&at),
        "/pulls" | "/pulls/7/reviews" | "/commits" | "/issues" | "/tags" => json!([]),
        "/actions/runs" => json!({"total_count": 1, "workflow_runs": [run(desk, &at)]}),
        "/actions/runs/9/jobs" => json!({"total_count": 2, "jobs": jobs(desk, &at)}),
        "/actions/jobs/22/logs" => {
            return Reply::new(200, desk.log.clone()).with("content-type", "text/plain");
        }
        // It says so of a log that is gone; of a route that is not there, in plain text.
        "/actions/jobs/21/logs" => {
            let gone = Reply::new(404, r#"{"message":"the log is gone"}"#);
            return gone.with("content-type", "application/json");
        }
        _ if below.starts_with("/commits/") => {
            json!({"state": "", "total_count": 0, "statuses": []})
        }
        _ => return Reply::new(404, "404 page not found"),
    };
    Reply::json(&value)
}

fn pull(at: &str) -> Value {
    json!({"number": 7, "title": "Pay once", "state": "open", "merged": false,
        "user": {"id": 5, "login": "ada"}, "head": {"ref": "book", "sha": SHA},
        "base": {"ref": "main", "sha": "b".repeat(40)}, "created_at": at, "updated_at": at})
}

fn run(desk: &Desk, at: &str) -> Value {
    let [writes, _] = desk.jobs;
    let (status, conclusion) = words(writes);
    json!({"id": 9, "run_number": 9, "run_attempt": 1, "path": "ci.yml@refs/pull/7/head",
        "display_title": "Book payments once", "event": "pull_request", "head_sha": SHA,
        "head_branch": "book", "status": status, "conclusion": conclusion, "created_at": at,
        "actor": {"id": 5, "login": "ada"}, "started_at": at, "updated_at": at})
}

fn jobs(desk: &Desk, at: &str) -> Value {
    let [writes, beside] = desk.jobs;
    let job = |id: u64, name: &str, word: &str| {
        let (status, conclusion) = words(word);
        json!({"id": id, "name": name, "run_attempt": 1, "status": status,
            "conclusion": conclusion, "created_at": at, "started_at": at})
    };
    json!([job(21, "lint", beside), job(22, "unit", writes)])
}

/// Splits a word as this server tells it.
fn words(word: &str) -> (&str, Option<&str>) {
    match word {
        "in_progress" => (word, None),
        over => ("completed", Some(over)),
    }
}

#[test]
fn a_log_is_printed_as_it_grows_and_the_job_decides_the_exit_code() {
    for (word, code) in [("success", 0), ("failure", 3)] {
        let bench = Bench::new("success");
        let (child, mut out) = bench.follow();
        bench.write("line two\nhalf");
        assert_eq!(line(&mut out), "line two\n");
        bench.write(" and half\n");
        assert_eq!(line(&mut out), "half and half\n");
        bench.does(word);
        assert_eq!(line(&mut out), "", "nothing is told twice");
        let (exit, said) = end(child);
        assert_eq!(exit, code, "{said}");
    }
}

#[test]
fn an_interrupt_ends_it_quietly_and_at_once() {
    for name in ["INT", "TERM"] {
        let bench = Bench::new("success");
        let (child, mut out) = bench.follow();
        Pty::kill(name, child.id());
        let (exit, said) = end(child);
        let number = if name == "INT" { 2 } else { 15 };
        assert_eq!((exit, said.as_str()), (128 + number, ""), "{name}");
        assert_eq!(line(&mut out), "");
    }
}

#[test]
fn who_reads_no_further_ends_it_quietly_whether_more_comes_or_not() {
    for more in [false, true] {
        let bench = Bench::new("success");
        let (child, out) = bench.follow();
        drop(out);
        if more {
            bench.write(&"another line\n".repeat(20_000));
        }
        let (exit, said) = end(child);
        assert_eq!(said, "", "more: {more}");
        assert!([0, 1, 141].contains(&exit), "{exit}");
    }
}

#[test]
fn on_the_screen_the_log_of_a_red_card_grows_and_the_cursor_stays_at_its_end() {
    let bench = Bench::new("failure");
    let mut pty = bench.board();
    pty.send("\r");
    pty.wait_for("unit");
    // From the job that failed to the one that is at work.
    let row = |text: &str| text.lines().position(|line| line.contains(" unit"));
    pty.wait("job", |screen| row(&screen.contents()).is_some());
    let text = pty.text();
    let row = row(&text).unwrap();
    let line: Vec<char> = text.lines().nth(row).unwrap().chars().collect();
    let place = line
        .windows(5)
        .position(|part| part.iter().collect::<String>() == " unit");
    let (x, y) = (place.unwrap() + 2, row + 1);
    pty.send(&format!("\u{1b}[<0;{x};{y}M\u{1b}[<0;{x};{y}m"));
    pty.send("\r");
    grows(&bench, &mut pty);
}

#[test]
fn the_log_of_a_job_at_work_is_followed_on_a_card_that_is_not_red() {
    let bench = Bench::new("success");
    let mut pty = bench.board();
    pty.wait_for("running");
    pty.send("i");
    pty.wait("detail", |screen| {
        !Pty::hints(screen).contains("enter open")
    });
    // Its jobs are read once it is open.
    let is_asked = || {
        let seen = bench.fault.seen();
        seen.iter().any(|it| it.path().ends_with("/logs"))
    };
    pty.hold_until("gf", "question for the log", is_asked);
    grows(&bench, &mut pty);
}

/// Looks at a log that grows until its job is over.
#[track_caller]
fn grows(bench: &Bench, pty: &mut Pty) {
    pty.wait_for("line one");
    bench.write("line two\n");
    pty.wait_for("line two");
    let steps: Vec<String> = (0..200).map(|at| format!("step {at}\n")).collect();
    bench.write(&steps.concat());
    pty.wait_for("step 199");
    assert!(!pty.text().contains("line one"), "the end is shown");
    bench.write("the end\n");
    bench.does("success");
    pty.wait_for("the end");
    pty.send("q");
    pty.send("q");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored());
}
