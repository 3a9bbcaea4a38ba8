//! Logs of jobs, as a runner writes them: time stamps, groups, colours; long where tests fail.
//!
//! They are worked out when they are read and never kept. `tools` writes what a
//! failing tool says, `odd` the logs of the log lab.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::demo::scenario::ci::Cause;
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::team::Lang;
use crate::demo::scenario::trouble::{self, Tool};
use crate::domain::Timestamp;

mod odd;
mod tools;

pub use odd::Tape;

const CRATES: &[&str] = &[
    "proc-macro2",
    "unicode-ident",
    "quote",
    "libc",
    "cfg-if",
    "syn",
    "autocfg",
    "memchr",
    "serde",
    "itoa",
    "ryu",
    "bytes",
    "pin-project-lite",
    "tokio",
    "tracing",
    "http",
    "hyper",
    "futures-core",
    "smallvec",
    "once_cell",
    "log",
    "regex",
    "url",
    "rustls",
    "sqlx",
    "axum",
];

const MODULES: &[&str] = &[
    "orders", "basket", "prices", "sessions", "tokens", "export", "import", "search", "mail",
];

const CASES: &[&str] = &[
    "accepts_empty_input",
    "refuses_a_negative_amount",
    "keeps_the_order",
    "rounds_half_to_even",
    "survives_a_restart",
    "is_idempotent",
    "times_out",
    "speaks_utf8",
];

/// How many lines a log of failed tests has, roughly.
const LONG: usize = 5_000;

/// For how long the logs of a job are kept.
pub const KEPT: TimeDelta = TimeDelta::days(8);

struct Writer {
    text: String,
    at: Timestamp,
    step: TimeDelta,
    lines: usize,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let stamp = self.at.format("%Y-%m-%dT%H:%M:%S%.6f");
        let _ = writeln!(self.text, "{stamp}0Z {line}");
        self.at += self.step;
        self.lines += 1;
    }

    /// Writes lines that are all known, `\n` between them.
    fn block(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
        }
    }

    /// Writes the head of a step that runs a command.
    fn run(&mut self, command: &str) {
        self.line(&format!("##[group]Run {command}"));
        self.line(&format!("\u{1b}[36;1m{command}\u{1b}[0m"));
        self.line("shell: /usr/bin/bash -e {0}");
        self.line("##[endgroup]");
    }
}

/// Returns the log of a job, if there is one to be had: it is over, and it has one.
pub fn of(repo: &RepoState, run: &Run, job: &Job) -> Option<Tape> {
    job.started_at?;
    job.completed_at?;
    Some(match job.cause {
        Cause::Odd => odd::of(job, whole(repo, run, job)),
        Cause::None
        | Cause::Own
        | Cause::Base(_)
        | Cause::Flaky
        | Cause::Registry
        | Cause::Memory
        | Cause::Secret => Tape::plain(whole(repo, run, job)),
    })
}

/// Returns whether the log of a job that is over is kept no longer.
pub fn gone(job: &Job, now: Timestamp) -> bool {
    let old = job.completed_at.is_some_and(|at| now - at > KEPT);
    old || job.cause == Cause::Odd && job.name == "gone"
}

fn whole(repo: &RepoState, run: &Run, job: &Job) -> String {
    let trouble = trouble::of(repo, run, job);
    let begin = job.started_at.unwrap_or(job.created_at);
    let end = job.completed_at.unwrap_or(begin);
    let long = trouble.is_some_and(|why| why.tool == Tool::CargoTest);
    let lines = if long { LONG } else { 220 };
    let millis = (end - begin).num_milliseconds().max(1_000);
    let step = TimeDelta::microseconds(millis * 1_000 / i64::try_from(lines).unwrap_or(1));
    let mut dice = Dice::of(job.id, &[]);
    let mut out = Writer {
        text: String::new(),
        at: begin,
        step,
        lines: 0,
    };
    setup(&mut out, repo, run);
    if let Some(why) = trouble {
        tools::fail(&mut out, &mut dice, repo, run, &why, lines);
    } else {
        pass(&mut out, &mut dice, repo.spec.lang, job, run, lines);
    }
    if job.conclusion == Some("cancelled") {
        out.line("##[error]The operation was canceled.");
    }
    out.line("Post job cleanup.");
    out.line("Cleaning up orphan processes");
    out.text
}

fn setup(out: &mut Writer, state: &RepoState, run: &Run) {
    out.line("Current runner version: '2.329.0'");
    out.line("##[group]Runner Image Provisioner");
    out.line("Hosted Compute Agent");
    out.line("##[endgroup]");
    out.line("##[group]GITHUB_TOKEN Permissions");
    out.line("Contents: read");
    out.line("Metadata: read");
    out.line("##[endgroup]");
    out.line("##[group]Run actions/checkout@v4");
    out.line("with:");
    out.line(&format!("  repository: {}", state.spec.full_name()));
    out.line("  fetch-depth: 1");
    out.line("##[endgroup]");
    out.line(&format!("Syncing repository: {}", state.spec.full_name()));
    out.line("[command]/usr/bin/git version");
    out.line("git version 2.51.0");
    out.line(&format!(
        "HEAD is now at {:.7} {}",
        run.sha,
        run.title.replace('\u{1b}', "?")
    ));
}

fn compile(out: &mut Writer, dice: &mut Dice, count: usize) {
    for _ in 0..count {
        let (name, minor, patch) = (dice.pick(CRATES), dice.below(30), dice.below(20));
        out.line(&format!(
            "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m {name} v1.{minor}.{patch}"
        ));
    }
}

/// What a job that passes says.
fn pass(out: &mut Writer, dice: &mut Dice, lang: Lang, job: &Job, run: &Run, lines: usize) {
    match job.name {
        "build" => {
            tools::restore(out, dice);
            out.run(tools::build_command(lang));
            compile(out, dice, 120);
            out.line("\u{1b}[1m\u{1b}[32m    Finished\u{1b}[0m in 2m 41s");
        }
        "lint" => {
            out.run("./ci/lint");
            compile(out, dice, 90);
            out.line("##[warning]The `set-output` command is deprecated");
            out.line("Finished in 58s");
        }
        "release" | "deploy-staging" | "deploy-production" => {
            tools::ship(out, run);
            out.line("All instances are healthy");
        }
        _ if job.cause == Cause::Odd => out.run("./ci/lab"),
        _ => {
            tools::services(out);
            tools::pass_tests(out, dice, lang, lines);
        }
    }
}
