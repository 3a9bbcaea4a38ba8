//! Triage at an adapter: logs, reports, attempts and actions, on servers that misbehave.
//!
//! Two origins: the forge, and the storage that logs and artifacts are
//! redirected to. What matters is what each of them saw.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod acting;
mod logs;

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Cursor, Read, Seek, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use cycleboard::config::{Action, SourceConfig};
use cycleboard::domain::Timestamp;
use cycleboard::domain::action::{Of, Target, Verb};
use cycleboard::domain::correlate::Need;
use cycleboard::domain::diagnosis::{Diagnosis, LogKey, LogState, TestsFrom};
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::{RepoKey, SourceName};
use cycleboard::domain::run::{Door, Failure, Job, JobSet, RunKey, RunState, Step};
use cycleboard::domain::text::Clean;
use cycleboard::sources::action::{Act, ActError};
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Client, Ground, Limits, Request, Streamed, Urgency};
use cycleboard::sources::logs::{LogCache, LogWriter};
use cycleboard::sources::{CapabilityState, Fetch, Source, SourceError};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::fault::{Fault, Reply, Seen, Way};
use crate::support::ground::bare;

const TOKEN: &str = "ghp_SECRETsecretSECRET";
const JOB: u64 = 77;
const LOG: &str = "2026-11-21T03:58:00.0000000Z ##[group]Run cargo test
2026-11-21T03:58:00.0000000Z ##[endgroup]
2026-11-21T03:58:01.0000000Z test pay::late ... FAILED
2026-11-21T03:58:01.0000000Z
2026-11-21T03:58:01.0000000Z ---- pay::late stdout ----
2026-11-21T03:58:01.0000000Z thread 'pay::late' panicked at src/pay.rs:12:5:
2026-11-21T03:58:01.0000000Z assertion `left == right` failed
2026-11-21T03:58:02.0000000Z ##[error]Process completed with exit code 101.
";
const JUNIT: &str = "<testsuites><testsuite name='pay' file='tests/pay.rs'>\
    <testcase name='pay::late' classname='pay' time='0.5'><failure message='left is not right'/></testcase>\
    <testcase name='pay::early' classname='pay'/></testsuite></testsuites>";

fn now() -> Timestamp {
    DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z")
        .unwrap()
        .to_utc()
}

/// Keeps logs in memory.
#[derive(Default)]
struct Kept {
    logs: Arc<Mutex<HashMap<LogKey, Vec<u8>>>>,
}

struct Keeping {
    key: LogKey,
    bytes: Cursor<Vec<u8>>,
    logs: Arc<Mutex<HashMap<LogKey, Vec<u8>>>>,
}

impl LogCache for Kept {
    fn begin(&self, key: &LogKey) -> io::Result<Box<dyn LogWriter>> {
        Ok(Box::new(Keeping {
            key: key.clone(),
            bytes: Cursor::default(),
            logs: Arc::clone(&self.logs),
        }))
    }

    fn has(&self, key: &LogKey) -> bool {
        self.logs.lock().unwrap().contains_key(key)
    }
}

impl Write for Keeping {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Keeping {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(into)
    }
}

impl Seek for Keeping {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl LogWriter for Keeping {
    fn keep(self: Box<Self>) -> io::Result<()> {
        let mut logs = self.logs.lock().unwrap();
        logs.insert(self.key, self.bytes.into_inner());
        Ok(())
    }
}

fn repo(forge: &Fault) -> RepoKey {
    let port = forge.url.port().unwrap();
    RepoKey::new(&format!("127.0.0.1:{port}"), "acme/api")
}

fn run(forge: &Fault) -> RunKey {
    RunKey {
        repo: repo(forge),
        id: 9,
    }
}

fn log_key(forge: &Fault) -> LogKey {
    LogKey {
        run: run(forge),
        attempt: 1,
        job: JOB,
    }
}

/// A source with its cache of logs, that knows run 9 and its failed job.
struct Board {
    source: GitHub,
    kept: Arc<Kept>,
}

fn config(forge: &Fault, writes: &[Action]) -> SourceConfig {
    SourceConfig {
        repos: vec!["acme/api".to_owned()],
        token_env: Some("BOARD_TOKEN".to_owned()),
        writes: writes.to_vec(),
        ..SourceConfig::new("one", "github", forge.url.clone())
    }
}

fn open(forge: &Fault, kept: &Arc<Kept>, writes: &[Action], read_only: bool) -> GitHub {
    // The program's own patience: a slow machine must not look like a silent server.
    open_within(&config(forge, writes), kept, read_only, Limits::default())
}

fn open_within(
    settings: &SourceConfig,
    kept: &Arc<Kept>,
    read_only: bool,
    limits: Limits,
) -> GitHub {
    let ground = Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| TOKEN.to_owned())),
        logs: Arc::clone(kept) as Arc<dyn LogCache>,
        read_only,
        ..bare(now)
    };
    GitHub::new(settings, &ground, limits).unwrap()
}

fn board(forge: &Fault) -> Board {
    board_of(forge, TimeDelta::hours(3))
}

/// Builds a board on which the failed job ended some time ago.
fn board_of(forge: &Fault, ago: TimeDelta) -> Board {
    let kept = Arc::new(Kept::default());
    let source = open(forge, &kept, &[], true);
    source.restore(&[Arc::new(jobs(forge, ago))]);
    Board { source, kept }
}

fn jobs(forge: &Fault, ago: TimeDelta) -> Fact {
    let failed = RunState::Failed(Failure::Failed);
    Fact::JobSet(JobSet {
        run: run(forge),
        attempt: 1,
        complete: true,
        jobs: vec![Job {
            id: JOB,
            name: Clean::line("unit (linux)"),
            stage: None,
            attempt: 1,
            state: failed.clone(),
            created_at: None,
            started_at: Some(now() - ago - TimeDelta::minutes(5)),
            finished_at: Some(now() - ago),
            url: None,
            steps: vec![Step {
                number: 4,
                name: Clean::line("cargo test"),
                state: failed,
                started_at: None,
                finished_at: None,
            }],
        }],
    })
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in files {
        let options = SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(body).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn artifacts(names: &[&str]) -> Reply {
    let list: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(nth, name)| {
            json!({"id": 500 + nth, "name": name, "size_in_bytes": 2_000, "expired": false,
                "created_at": "2026-11-21T03:59:00Z"})
        })
        .collect();
    Reply::json(&json!({"total_count": list.len(), "artifacts": list}))
}

fn found(batch: &cycleboard::sources::Batch) -> &Diagnosis {
    match batch.facts.as_slice() {
        [Fact::Diagnosis(found)] => found,
        other => panic!("{other:?}"),
    }
}

/// Serves what a test overrides, else a log, an annotation and a report.
async fn forge(over: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Fault {
    Fault::start(move |seen| {
        if let Some(reply) = over(seen) {
            return reply;
        }
        let path = seen.path();
        if path.ends_with("/logs") {
            return Reply::new(200, LOG).with("content-type", "text/plain");
        }
        if path.ends_with("/annotations") {
            return Reply::json(&json!([
                {"path": "src/pay.rs", "start_line": 12, "annotation_level": "failure",
                 "title": "pay › pay::late", "message": "left is not right"},
                {"path": "src/x.rs", "start_line": 1, "annotation_level": "warning",
                 "title": "unused", "message": "unused"},
            ]));
        }
        if path.ends_with("/artifacts") {
            return artifacts(&["junit-linux", "coverage", "junit-macos"]);
        }
        if path.ends_with("/zip") {
            return Reply::new(200, archive(&[("r.xml", JUNIT.as_bytes())]));
        }
        Reply::json(&json!({"message": "Not Found"})).status(404)
    })
    .await
}

fn paths(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(Seen::path).collect()
}

#[tokio::test]
async fn opening_a_red_card_costs_four_requests_and_none_the_second_time() {
    let forge = forge(|_| None).await;
    let board = board(&forge);
    let batch = board.source.diagnose(log_key(&forge), now()).await.unwrap();
    let first = found(&batch).clone();
    assert_eq!(forge.seen().len(), 4, "{:?}", paths(&forge.seen()));
    assert!(
        matches!(
            first.log,
            LogState::Read {
                lines: 8,
                cut: false,
                ..
            }
        ),
        "{:?}",
        first.log
    );
    assert_eq!(
        first.tests_from,
        TestsFrom::Report(Clean::line("junit-linux"))
    );
    assert_eq!((first.tests_failed, first.tests_total), (Some(1), Some(2)));
    let test = &first.tests[0];
    assert_eq!(
        (test.name.as_str(), test.row, test.seconds),
        ("pay::late", Some(12), Some(0.5))
    );
    assert_eq!(test.file.as_ref().unwrap().as_str(), "src/pay.rs");
    assert!(test.line.is_some());
    assert_eq!(first.step, Some((4, Clean::line("cargo test"))));
    assert!(first.signature.is_some());
    assert!(
        first
            .error
            .as_ref()
            .is_some_and(|error| !error.guess && !error.block.is_empty())
    );
    assert_eq!(
        board.kept.logs.lock().unwrap()[&log_key(&forge)],
        LOG.as_bytes()
    );

    let again = board.source.diagnose(log_key(&forge), now()).await.unwrap();
    assert_eq!((found(&again), forge.seen().len()), (&first, 4));

    // After a restart: the fact comes from the store, the log is in the cache.
    let restarted = open(&forge, &board.kept, &[], true);
    restarted.restore(&[
        Arc::new(jobs(&forge, TimeDelta::hours(3))),
        Arc::new(batch.facts[0].clone()),
    ]);
    let later = restarted.diagnose(log_key(&forge), now()).await.unwrap();
    assert_eq!((found(&later), forge.seen().len()), (&first, 4));

    // A log that left the cache is read again, and nothing else.
    board.kept.logs.lock().unwrap().clear();
    let later = restarted.diagnose(log_key(&forge), now()).await.unwrap();
    assert_eq!(found(&later), &first);
    assert_eq!(forge.seen().len(), 5);
    assert!(forge.seen()[4].path().ends_with("/jobs/77/logs"));
}

#[tokio::test]
async fn a_job_that_no_listing_told_of_costs_no_more() {
    let forge = forge(|seen| {
        let job = json!({"id": JOB, "name": "unit (linux)", "run_attempt": 1,
            "status": "completed", "conclusion": "failure"});
        seen.path().ends_with("/jobs/77").then(|| Reply::json(&job))
    })
    .await;
    let source = open(&forge, &Arc::default(), &[], true);
    let batch = source.diagnose(log_key(&forge), now()).await.unwrap();
    assert_eq!(forge.seen().len(), 4, "{:?}", paths(&forge.seen()));
    let found = found(&batch);
    assert_eq!(found.job_name.as_str(), "unit (linux)");
    assert!(
        matches!(found.tests_from, TestsFrom::Report(_)),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_need_for_a_diagnosis_is_answered_once() {
    let forge = forge(|_| None).await;
    let board = board(&forge);
    let need = Need::Diagnosis {
        repo: repo(&forge),
        run: 9,
        job: JOB,
    };
    let facts = answer(&board.source, need.clone(), now()).await;
    assert!(
        matches!(facts.as_slice(), [Fact::Diagnosis(_)]),
        "{facts:?}"
    );
    let asked = forge.seen().len();
    for hours in [0, 2, 48] {
        let facts = answer(&board.source, need.clone(), now() + TimeDelta::hours(hours)).await;
        drop(facts);
        assert_eq!(forge.seen().len(), asked);
    }
}

async fn answer(source: &GitHub, need: Need, at: Timestamp) -> Vec<Fact> {
    source.need(&BTreeSet::from([need]));
    let fetch = Fetch {
        resource: "needs:0".into(),
        now: at,
        forced: false,
    };
    source.fetch(fetch).await.unwrap().facts
}

#[tokio::test]
async fn a_token_without_a_right_to_annotations_is_asked_once() {
    let forge = forge(|seen| {
        let refused = json!({"message": "Resource not accessible by personal access token"});
        let barred = seen.path().ends_with("/annotations");
        barred.then(|| Reply::json(&refused).status(403))
    })
    .await;
    let board = board(&forge);
    let batch = board.source.diagnose(log_key(&forge), now()).await.unwrap();
    assert!(matches!(found(&batch).tests_from, TestsFrom::Report(_)));
    let other = LogKey {
        job: JOB + 1,
        ..log_key(&forge)
    };
    let _unknown_job = board.source.diagnose(other, now()).await;
    let notes = |seen: &Seen| seen.path().ends_with("/annotations");
    assert_eq!(forge.seen().iter().filter(|seen| notes(seen)).count(), 1);
    let missing = board.source.capabilities().into_iter().any(|capability| {
        capability.name == "annotations" && matches!(capability.state, CapabilityState::Missing(_))
    });
    assert!(missing);
}

/// Checks what tests are known from where the archive is this.
#[track_caller]
fn check_archive(name: &str, zip: Vec<u8>, expected: &TestsFrom) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let forge = forge(move |seen| match seen.path() {
            path if path.ends_with("/zip") => Some(Reply::new(200, zip.clone())),
            path if path.ends_with("/annotations") => Some(Reply::json(&json!([]))),
            path if path.ends_with("/artifacts") => Some(artifacts(&["junit"])),
            _ => None,
        })
        .await;
        let board = board(&forge);
        let batch = board.source.diagnose(log_key(&forge), now()).await.unwrap();
        assert_eq!(&found(&batch).tests_from, expected, "{name}");
        assert_eq!(found(&batch).tests[0].name.as_str(), "pay::late", "{name}");
    });
}

#[test]
fn hostile_archives_cost_their_report_only() {
    let report = TestsFrom::Report(Clean::line("junit"));
    let good = archive(&[("r.xml", JUNIT.as_bytes())]);
    check_archive("good", good.clone(), &report);
    let climbing = archive(&[("../../../etc/cron.d/r.xml", JUNIT.as_bytes())]);
    check_archive("a name that climbs", climbing, &report);
    let bomb = vec![b' '; 30 * 1024 * 1024];
    check_archive("bomb", archive(&[("r.xml", &bomb)]), &TestsFrom::Log);
    let entities = "<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;\">]>\
        <testsuite><testcase name='&b;'/></testsuite>";
    check_archive(
        "entities",
        archive(&[("r.xml", entities.as_bytes())]),
        &TestsFrom::Log,
    );
    check_archive("nested", archive(&[("in.zip", &good)]), &TestsFrom::Log);
    check_archive("cut", good[..good.len() / 2].to_vec(), &TestsFrom::Log);
    let mut lying = good.clone();
    let at = lying
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    lying[at + 24..at + 28].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    check_archive("wrong size", lying, &report);
    check_archive("no archive", b"<html>".to_vec(), &TestsFrom::Log);
}

#[tokio::test]
async fn earlier_attempts_are_read_once_each() {
    let forge = forge(|seen| {
        let path = seen.path().to_owned();
        if path.ends_with("/actions/runs") {
            return Some(Reply::json(
                &json!({"workflow_runs": [wire_run(4, "failure")]}),
            ));
        }
        let attempt = path
            .strip_suffix("/jobs")?
            .rsplit_once("/attempts/")?
            .1
            .to_owned();
        let attempt: u64 = attempt.parse().unwrap();
        Some(Reply::json(
            &json!({"jobs": [{"id": 70 + attempt, "name": "unit",
            "run_attempt": attempt, "status": "completed", "conclusion": "failure"}]}),
        ))
    })
    .await;
    let board = board(&forge);
    let fetch = Fetch {
        resource: "runs:acme/api".into(),
        now: now(),
        forced: true,
    };
    board.source.fetch(fetch).await.unwrap();
    let need = Need::Attempts {
        repo: repo(&forge),
        run: 9,
    };
    let facts = answer(&board.source, need.clone(), now()).await;
    let attempts: Vec<u32> = facts
        .iter()
        .map(|fact| {
            let Fact::EarlierJobs(set) = fact else {
                panic!("{fact:?}");
            };
            set.attempt
        })
        .collect();
    assert_eq!(attempts, [3, 2, 1]);
    let asked = forge.seen().len();
    let facts = answer(&board.source, need, now() + TimeDelta::hours(5)).await;
    assert_eq!((facts.len(), forge.seen().len()), (0, asked));
}

fn wire_run(attempt: u32, conclusion: &str) -> Value {
    json!({"id": 9, "run_number": 812, "run_attempt": attempt, "name": "ci",
        "path": ".github/workflows/ci.yml", "head_branch": "main", "status": "completed",
        "head_sha": "00112233445566778899aabbccddeeff00112233",
        "conclusion": conclusion, "created_at": "2026-11-21T03:00:00Z",
        "updated_at": "2026-11-21T03:59:00Z"})
}

#[tokio::test]
async fn history_brings_runs_and_the_times_of_their_jobs() {
    let forge = forge(|seen| {
        if seen.path() == "/graphql" {
            let check = json!({"databaseId": 71, "name": "unit", "status": "COMPLETED",
                "conclusion": "SUCCESS", "startedAt": "2026-11-21T03:00:10Z",
                "completedAt": "2026-11-21T03:01:10Z"});
            let suite = |run: u64, more: bool| {
                json!({"workflowRun": {"databaseId": run}, "checkRuns": {"nodes": [check],
                    "pageInfo": {"hasNextPage": more, "endCursor": null}}})
            };
            let suites = json!({"nodes": [suite(10, false), suite(11, true), suite(99, false),
                {"workflowRun": null, "checkRuns": null}]});
            return Some(Reply::json(
                &json!({"data": {"repository": {"ref": {"target": {
                "__typename": "Commit", "history": {"nodes": [
                    {"oid": "00112233445566778899aabbccddeeff00112233", "checkSuites": suites}
                ]}}}}}}),
            ));
        }
        let runs = [10, 11].map(|id| {
            let mut run = wire_run(1, "success");
            run["id"] = json!(id);
            run
        });
        let listed = seen.path().ends_with("/workflows/ci.yml/runs");
        listed.then(|| Reply::json(&json!({"workflow_runs": runs})))
    })
    .await;
    let board = board(&forge);
    let need = Need::History {
        repo: repo(&forge),
        workflow: Clean::line(".github/workflows/ci.yml"),
        branch: Clean::line("main"),
        runs: 35,
    };
    let facts = answer(&board.source, need.clone(), now()).await;
    let runs = facts.iter().filter(|fact| matches!(fact, Fact::Run(_)));
    assert_eq!(runs.count(), 2);
    let sets: Vec<&JobSet> = facts
        .iter()
        .filter_map(|fact| {
            let Fact::JobSet(set) = fact else {
                return None;
            };
            Some(set)
        })
        .collect();
    // Of run 11 not all jobs are there, and run 99 is of another workflow.
    assert_eq!(sets.iter().map(|set| set.run.id).collect::<Vec<_>>(), [10]);
    assert!(sets[0].complete && sets[0].jobs[0].state == RunState::Passed);
    assert!(forge.seen().iter().any(|seen| {
        ["branch=main", "status=completed", "per_page=35"]
            .iter()
            .all(|part| seen.target.contains(part))
    }));
    let asked = forge.seen().len();
    answer(&board.source, need.clone(), now() + TimeDelta::minutes(30)).await;
    assert_eq!(forge.seen().len(), asked, "at most once an hour");
    answer(&board.source, need, now() + TimeDelta::minutes(61)).await;
    assert!(forge.seen().len() > asked);
}

#[tokio::test]
async fn history_without_graphql_is_runs_alone() {
    let forge = forge(|seen| {
        let listed = seen.path().ends_with("/workflows/ci.yml/runs");
        listed.then(|| Reply::json(&json!({"workflow_runs": [wire_run(1, "success")]})))
    })
    .await;
    let board = board(&forge);
    let need = Need::History {
        repo: repo(&forge),
        workflow: Clean::line(".github/workflows/ci.yml"),
        branch: Clean::line("main"),
        runs: 35,
    };
    let facts = answer(&board.source, need, now()).await;
    assert!(matches!(facts.as_slice(), [Fact::Run(_)]), "{facts:?}");
}

#[tokio::test]
async fn a_log_that_is_on_its_way_is_asked_for_again_in_a_minute() {
    let forge = forge(|seen| {
        let early = seen.path().ends_with("/logs");
        early.then(|| Reply::json(&json!({"message": "Not Found"})).status(404))
    })
    .await;
    let board = board_of(&forge, TimeDelta::seconds(5));
    let need = Need::Diagnosis {
        repo: repo(&forge),
        run: 9,
        job: JOB,
    };
    let logs = || {
        let seen = forge.seen();
        seen.iter()
            .filter(|seen| seen.path().ends_with("/logs"))
            .count()
    };
    for (secs, expected) in [(0, 1), (30, 1), (60, 2)] {
        let facts = answer(
            &board.source,
            need.clone(),
            now() + TimeDelta::seconds(secs),
        )
        .await;
        assert_eq!((facts.len(), logs()), (0, expected), "after {secs} s");
    }
}
