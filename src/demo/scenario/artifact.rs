//! Artifacts of runs: test reports as `JUnit` writes them, and archives that are a trial for who reads them.
//!
//! They are worked out when they are read and never kept.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::demo::scenario::ci::{Cause, LAB, WORKFLOWS};
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::log;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::trouble::{self, Test};
use crate::demo::scenario::zip::{self, Data, Entry};
use crate::domain::Timestamp;

/// For how long artifacts are kept.
pub const KEPT: TimeDelta = TimeDelta::days(5);

/// The archives of the lab.
const LAB_NAMES: [&str; 7] = [
    "junit-bomb",
    "junit-wrong-size",
    "junit-traversal",
    "junit-entities",
    "junit-truncated",
    "junit-nested",
    "junit-no-zip",
];

/// How much the bomb unpacks to: 512 MiB, in whole repetitions of 258 bytes after the first.
const BOMB: u32 = 1 + 258 * 2_080_895;

/// An artifact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Artifact {
    /// Its identity.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
    /// The job that made it, in the lab none.
    job: Option<u64>,
}

impl Artifact {
    /// Returns whether it is gone.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// Returns the artifacts of all attempts of a run.
pub fn of(run: &Run) -> Vec<Artifact> {
    if run.workflow == LAB {
        return lab(run);
    }
    let tests = |job: &&Job| {
        let plain = job.name == "integration" || job.name == "e2e";
        (plain || job.name.starts_with("test ("))
            && job.conclusion.is_some_and(|w| w != "cancelled")
    };
    let jobs = run.attempts.iter().flatten().filter(tests);
    jobs.filter_map(|job| {
        let made = job.completed_at?;
        Some(Artifact {
            id: job.id,
            name: format!(
                "junit-{}",
                job.name.replace(['(', ')', ','], "").replace(' ', "-")
            ),
            created_at: made,
            expires_at: made + KEPT,
            job: Some(job.id),
        })
    })
    .collect()
}

fn lab(run: &Run) -> Vec<Artifact> {
    let made = run.created_at;
    (0_u64..)
        .zip(LAB_NAMES)
        .map(|(nth, name)| Artifact {
            id: (run.id << 3) | nth,
            name: name.to_owned(),
            created_at: made,
            expires_at: made + KEPT,
            job: None,
        })
        .collect()
}

/// Returns the run that an artifact belongs to: identities are made as those of jobs.
pub fn find(repo: &RepoState, id: u64) -> Option<(&Run, Artifact)> {
    repo.runs.iter().find_map(|run| {
        let found = of(run).into_iter().find(|one| one.id == id)?;
        Some((run, found))
    })
}

/// Returns the archive of an artifact.
pub fn archive(repo: &RepoState, run: &Run, artifact: &Artifact) -> Vec<u8> {
    let job = |id| run.attempts.iter().flatten().find(|job| job.id == id);
    match artifact.job.and_then(job) {
        Some(job) => {
            let text = report(repo, run, job);
            zip::write(&[
                Entry::new("test-results/junit.xml", text.into_bytes()),
                Entry::new(
                    "test-results/README.txt",
                    b"Made by the test runner.\n".to_vec(),
                ),
            ])
        }
        None => hostile(&artifact.name),
    }
}

/// Returns the logs of one attempt of a run as an archive, as the host sends them.
pub fn logs(repo: &RepoState, run: &Run, attempt: usize, now: Timestamp) -> Option<Vec<u8>> {
    /// Of each log at most so much: the archive is made in memory.
    const MOST: usize = 1 << 20;
    let jobs = run.attempts.get(attempt.checked_sub(1)?)?;
    let mut entries = Vec::new();
    for (nth, job) in jobs.iter().enumerate() {
        let Some(tape) = log::of(repo, run, job).filter(|_| !log::gone(job, now)) else {
            continue;
        };
        // Slashes would be folders.
        let name = job.name.replace('/', "_");
        entries.push(Entry::new(&format!("{nth}_{name}.txt"), tape.start(MOST)));
        if job.cause == Cause::Odd {
            continue;
        }
        for (step, text) in log::steps(repo, run, job) {
            let title = job.steps.get(step).map_or("", |step| step.name);
            let path = format!("{name}/{}_{}.txt", step + 1, title.replace('/', "_"));
            entries.push(Entry::new(&path, text.into_bytes()));
        }
    }
    Some(zip::write(&entries))
}

/// Returns the test report of a job.
fn report(repo: &RepoState, run: &Run, job: &Job) -> String {
    let lang = repo.spec.lang;
    let failed = trouble::of(repo, run, job).and_then(|why| why.test);
    let mut dice = Dice::of(job.id, &[77]);
    let begin = job.started_at.unwrap_or(job.created_at);
    let mut cases = String::new();
    let mut total = 0;
    for nth in 0..60 {
        let (suite, secs) = (nth % 6, dice.below(4_000));
        let _ = writeln!(
            cases,
            "    <testcase classname=\"suite{suite}\" name=\"case {nth} speaks &lt;utf8&gt; ✓\" time=\"{}.{:03}\"/>",
            secs / 1_000,
            secs % 1_000
        );
        total += 1;
    }
    let skipped = "    <testcase classname=\"suite0\" name=\"skipped on this system\" time=\"0\">\n      <skipped message=\"not here\"/>\n    </testcase>\n";
    cases.push_str(skipped);
    total += 1;
    for test in trouble::all(lang) {
        let flaky = trouble::flaky(lang) == Some(*test);
        let body = if failed == Some(*test) {
            failure("failure", test)
        } else if flaky && job.id.is_multiple_of(5) {
            // The runner itself ran it again, and it passed then.
            failure("flakyFailure", test)
        } else {
            String::new()
        };
        let (millis, suite) = (dice.below(900), escaped(test.suite));
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{suite}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{}.{millis:03}\">\n{body}    </testcase>",
            escaped(test.name),
            test.file,
            test.line,
            if failed == Some(*test) { 30 } else { 0 }
        );
        total += 1;
    }
    let (count, name) = (u8::from(failed.is_some()), WORKFLOWS.get(run.workflow));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{total}\" failures=\"{count}\" errors=\"0\" time=\"182.44\">\n  <testsuite name=\"{}\" tests=\"{total}\" failures=\"{count}\" errors=\"0\" skipped=\"1\" time=\"182.44\" timestamp=\"{}\" hostname=\"runner\">\n{cases}  </testsuite>\n</testsuites>\n",
        name.map_or("", |workflow| workflow.name),
        escaped(job.name),
        begin.format("%Y-%m-%dT%H:%M:%S"),
    )
}

fn failure(kind: &str, test: &Test) -> String {
    format!(
        "      <{kind} message=\"{}\" type=\"AssertionError\"><![CDATA[{}\n    at {}:{}\n]]></{kind}>\n      <system-out>ran with \u{1b}[31mcolour\u{1b}[0m</system-out>\n",
        escaped(test.message),
        test.message,
        test.file,
        test.line
    )
    .replace('\u{1b}', "&#27;")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn small(name: &str) -> Vec<u8> {
    format!("<testsuite name=\"{name}\" tests=\"1\" failures=\"1\"><testcase classname=\"lab\" name=\"{name}\"><failure message=\"from {name}\"/></testcase></testsuite>").into_bytes()
}

fn hostile(name: &str) -> Vec<u8> {
    let plain = |path: &str| Entry::new(path, small(name));
    match name {
        "junit-bomb" => zip::write(&[Entry {
            name: "junit.xml".to_owned(),
            data: Data::Zeros(BOMB),
            declared: None,
        }]),
        "junit-wrong-size" => zip::write(&[
            Entry {
                name: "junit.xml".to_owned(),
                data: Data::Zeros(BOMB),
                declared: Some(1_000),
            },
            Entry {
                declared: Some(u32::MAX - 1),
                ..plain("more.xml")
            },
        ]),
        "junit-traversal" => zip::write(&[
            plain("../../../../tmp/junit.xml"),
            plain("/etc/junit.xml"),
            plain("..\\..\\junit.xml"),
            plain("C:\\junit.xml"),
            plain("a/\u{1b}]0;owned\u{7}.xml"),
        ]),
        "junit-entities" => zip::write(&[
            Entry::new("laughs.xml", laughs().into_bytes()),
            Entry::new(
                "file.xml",
                b"<?xml version=\"1.0\"?>\n<!DOCTYPE t [<!ENTITY f SYSTEM \"file:///etc/hostname\"><!ENTITY n SYSTEM \"http://127.0.0.1:1/x\">]>\n<testsuite name=\"&f;\"><testcase name=\"&n;\"><failure message=\"&f;\">&f;</failure></testcase></testsuite>\n".to_vec(),
            ),
            Entry::new("deep.xml", "<testsuite>".repeat(50_000).into_bytes()),
        ]),
        "junit-truncated" => {
            let mut whole = zip::write(&[plain("junit.xml"), plain("more.xml")]);
            whole.truncate(whole.len() * 2 / 3);
            whole
        }
        "junit-nested" => {
            let inner = zip::write(&[plain("junit.xml")]);
            let middle = zip::write(&[Entry::new("inner.zip", inner)]);
            zip::write(&[Entry::new("middle.zip", middle), plain("junit.xml")])
        }
        _ => b"<html><body>This artifact is not here.</body></html>".to_vec(),
    }
}

/// Entities that grow to a billion.
fn laughs() -> String {
    let mut text = "<?xml version=\"1.0\"?>\n<!DOCTYPE t [<!ENTITY a0 \"ha\">".to_owned();
    for nth in 1..10 {
        let _ = write!(
            text,
            "<!ENTITY a{nth} \"{}\">",
            format!("&a{};", nth - 1).repeat(10)
        );
    }
    text + "]>\n<testsuite><testcase name=\"&a9;\"><failure message=\"&a9;\"/></testcase></testsuite>\n"
}
