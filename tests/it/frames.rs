//! Nothing goes to the terminal beside frames while the board is open, whatever happens meanwhile.

use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::env::Home;
use crate::support::fault::{Fault, Reply};
use crate::support::pty::Pty;

const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";

/// What nobody may see on the terminal: each of the programs below prints it.
const NOISE: &str = "noise-of-a-child";

/// Returns what was written beside frames while the other screen was shown.
fn beside_frames(raw: &str) -> String {
    let (_, rest) = raw.split_once(BEGIN).expect("a first frame");
    let (open, _) = rest.rsplit_once('\u{18}').expect("the end");
    let mut beside = String::new();
    // The first one has begun already.
    for (nth, part) in open.split(BEGIN).enumerate() {
        let (frame, after) = part.split_once(END).unwrap_or((part, ""));
        // A line break would be somebody else's: a frame says where everything goes.
        assert!(!frame.contains(['\n', '\r']), "frame {nth}: {frame:?}");
        beside.push_str(after);
    }
    beside
}

/// Takes out sequences that show nothing; what is left would be seen.
fn visible(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once('\u{1b}') {
        left.push_str(before);
        rest = match sequence.chars().next() {
            // Up to a letter.
            Some('[') => sequence[1..]
                .find(|c: char| ('@'..='~').contains(&c))
                .map_or("", |at| &sequence[at + 2..]),
            // Up to its end.
            Some(']') => {
                let bell = sequence.find('\u{7}').map(|at| (at, 1));
                let string = sequence.find("\u{1b}\\").map(|at| (at, 2));
                let end = bell.into_iter().chain(string).min();
                end.map_or("", |(at, length)| &sequence[at + length..])
            }
            _ => panic!("{sequence:?}"),
        };
    }
    left.push_str(rest);
    left
}

#[test]
fn sequences_show_nothing_and_all_else_does() {
    assert_eq!(
        visible("\u{1b}]2;title\u{7}\u{1b}[?25la\u{1b}[1;2Hb\u{1b}]9;x\u{1b}\\c"),
        "abc"
    );
    let raw = format!("{BEGIN}x{END}oops{BEGIN}y{END}\u{18}");
    assert_eq!(beside_frames(&raw), "oops");
}

/// A GitLab of one project, whose pipeline runs.
fn forge(runtime: &Runtime) -> Fault {
    let sha = "a".repeat(40);
    let now = cycleboard::app::clock::system()();
    let at = move |minutes: i64| {
        let at = now - chrono::TimeDelta::minutes(minutes);
        at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let merge = json!({
        "iid": 7, "project_id": 1, "title": "Add a cache", "state": "opened", "sha": sha,
        "source_branch": "cache", "target_branch": "main", "detailed_merge_status": "mergeable",
        "references": {"full": "acme/api!7"}, "created_at": at(90), "updated_at": at(60),
    });
    runtime.block_on(Fault::start(move |seen| {
        let (status, changed) = ("running", at(2));
        let project = json!({
            "id": 1, "path_with_namespace": "acme/api", "default_branch": "main",
            "web_url": "https://gitlab.test/acme/api", "last_activity_at": changed,
        });
        let pipeline = json!({
            "id": 9, "iid": 9, "project_id": 1, "status": status, "sha": sha,
            "source": "merge_request_event", "ref": "refs/merge-requests/7/head",
            "created_at": at(3), "updated_at": changed,
            "web_url": "https://gitlab.test/acme/api/-/pipelines/9",
        });
        let job = json!({
            "id": 5, "name": "unit", "stage": "test", "status": status, "created_at": at(3),
        });
        match seen.path().trim_start_matches("/api/v4/") {
            "version" => Reply::json(&json!({"version": "17.5.0"})),
            "/api/graphql" => Reply::json(&json!({"data": {}})),
            "projects/acme%2Fapi" => Reply::json(&project),
            "user" => Reply::json(&json!({"username": "ada"})),
            "personal_access_tokens/self" => Reply::json(&json!({"scopes": ["api"]})),
            "projects/1/merge_requests" => Reply::json(&json!([merge])),
            "projects/1/merge_requests/7" => Reply::json(&merge),
            "projects/1/pipelines" => Reply::json(&json!([pipeline])),
            "projects/1/pipelines/9" => Reply::json(&pipeline),
            "projects/1/pipelines/9/jobs" => Reply::json(&json!([job])),
            _ => Reply::json(&json!([])),
        }
    }))
}

#[test]
fn whatever_fails_or_is_told_nothing_but_frames_is_written() {
    let runtime = Runtime::new().unwrap();
    let server = forge(&runtime);
    let home = Home::new();
    let ran = home.path("ran");
    home.configure(&format!(
        r#"
[[source]]
kind = "gitlab"
url = "{url}"
repos = ["acme/api"]
token_command = ["sh", "-c", "echo {NOISE} >&2; echo glpat-x"]

[[source]]
name = "dead"
kind = "alertmanager"
url = "http://127.0.0.1:1"

[[command]]
name = "grumble"
key = "f4"
argv = ["sh", "-c", "echo {NOISE} >&2; echo ran > {ran}"]
changes = false
"#,
        url = server.url,
        ran = ran.display(),
    ));
    let mut pty = Pty::start(&home, &["--log", "debug"], 120, 30);
    pty.wait("card and trouble", |screen| {
        let text = screen.contents();
        text.contains("api!7") && text.contains("dead unreachable")
    });
    // The card is in the column of tests.
    pty.send("4");
    pty.wait_for(" because ");
    pty.send("\u{1b}OS");
    pty.hold_until("?\u{1b}", "end of the command", || ran.exists());
    // Whatever lies over the board.
    pty.send("\u{3}");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored(), "the terminal is not as it was");
    let raw = String::from_utf8_lossy(&pty.raw).into_owned();
    let beside = beside_frames(&raw);
    assert_eq!(visible(&beside), "");
    assert!(!raw.contains(NOISE), "what a child says is nobody's to see");
    // Where it belongs it was told.
    assert!(
        !home.files_with("127.0.0.1:1").is_empty(),
        "the log tells of it"
    );
}
