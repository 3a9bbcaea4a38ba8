//! Logs of jobs, as a runner writes them: time stamps, groups, colours; long where tests fail.
//!
//! They are worked out when they are read and never kept. `tools` writes what a
//! failing tool says, `odd` the logs of the log lab.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::demo::scenario::ci::Cause;
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::model::{Job, RepoState, Run, Step};
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
    /// When each step begins and ends.
    spans: Vec<(Timestamp, Timestamp)>,
    /// Which step begins at which byte.
    cuts: Vec<(usize, usize)>,
}

impl Writer {
    fn new(job: &Job) -> Self {
        let span = |step: &Step| Some((step.started_at?, step.completed_at?));
        Self {
            text: String::new(),
            at: job.started_at.unwrap_or(job.created_at),
            step: TimeDelta::milliseconds(20),
            lines: 0,
            spans: job.steps.iter().filter_map(span).collect(),
            cuts: Vec::new(),
        }
    }

    /// Goes on to a step, counted from 0, that writes so many lines, roughly.
    fn enter(&mut self, step: usize, lines: usize) {
        let Some((begin, end)) = self.spans.get(step) else {
            return;
        };
        let micros = (*end - *begin).num_microseconds().unwrap_or(0).max(1_000);
        self.at = self.at.max(*begin);
        self.step = TimeDelta::microseconds(micros / i64::try_from(lines.max(1)).unwrap_or(1));
        self.cuts.push((step, self.text.len()));
    }

    /// Goes on to the step that does the work: the last but one.
    fn work(&mut self, lines: usize) {
        self.enter(self.spans.len().saturating_sub(2), lines);
    }

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
        Cause::Odd => odd::of(job, whole(repo, run, job).text),
        Cause::None
        | Cause::Own
        | Cause::Base(_)
        | Cause::Flaky
        | Cause::Registry
        | Cause::Memory
        | Cause::Secret => Tape::plain(whole(repo, run, job).text),
    })
}

/// Returns what a job has written until now, as far as a server would show it.
pub fn so_far(repo: &RepoState, run: &Run, job: &Job, now: Timestamp) -> String {
    let text = whole(repo, run, job).text;
    let mut seen = String::new();
    for line in text.split_inclusive('\n') {
        let stamp = line.split(' ').next().unwrap_or_default();
        let come = stamp.parse::<Timestamp>().is_ok_and(|at| at <= now);
        if !come || line.contains("Post job cleanup") {
            break;
        }
        seen.push_str(line);
    }
    seen
}

/// Returns whether the log of a job that is over is kept no longer.
pub fn gone(job: &Job, now: Timestamp) -> bool {
    let old = job.completed_at.is_some_and(|at| now - at > KEPT);
    old || job.cause == Cause::Odd && job.name == "gone"
}

/// Returns the log of a job cut into its steps: the index of each, and what it wrote.
pub fn steps(repo: &RepoState, run: &Run, job: &Job) -> Vec<(usize, String)> {
    let whole = whole(repo, run, job);
    let ends = whole.cuts.iter().skip(1).map(|(_, at)| *at);
    let ends = ends.chain([whole.text.len()]);
    let cut = |((step, from), to): (&(usize, usize), usize)| {
        Some((*step, whole.text.get(*from..to)?.to_owned()))
    };
    whole.cuts.iter().zip(ends).filter_map(cut).collect()
}

fn whole(repo: &RepoState, run: &Run, job: &Job) -> Writer {
    let trouble = trouble::of(repo, run, job);
    let long = trouble.is_some_and(|why| why.tool == Tool::CargoTest);
    let lines = if long { LONG } else { 220 };
    let mut dice = Dice::of(job.id, &[]);
    let mut out = Writer::new(job);
    setup(&mut out, repo, run);
    if let Some(why) = trouble {
        tools::fail(&mut out, &mut dice, repo, run, &why, lines);
    } else {
        pass(&mut out, &mut dice, repo.spec.lang, job, run, lines);
    }
    if job.conclusion == Some("cancelled") {
        out.line("##[error]The operation was canceled.");
    }
    out.enter(out.spans.len().saturating_sub(1), 4);
    out.line("Post job cleanup.");
    out.line("Cleaning up orphan processes");
    out
}

fn setup(out: &mut Writer, state: &RepoState, run: &Run) {
    out.enter(0, 10);
    out.line("Current runner version: '2.329.0'");
    out.line("##[group]Runner Image Provisioner");
    out.line("Hosted Compute Agent");
    out.line("##[endgroup]");
    out.line("##[group]GITHUB_TOKEN Permissions");
    out.line("Contents: read");
    out.line("Metadata: read");
    out.line("##[endgroup]");
    out.enter(1, 10);
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
            out.work(140);
            out.run(tools::build_command(lang));
            compile(out, dice, 120);
            out.line("\u{1b}[1m\u{1b}[32m    Finished\u{1b}[0m in 2m 41s");
        }
        "lint" => {
            out.work(110);
            out.run("./ci/lint");
            compile(out, dice, 90);
            out.line("##[warning]The `set-output` command is deprecated");
            out.line("Finished in 58s");
        }
        "release" | "deploy-staging" | "deploy-production" => {
            tools::ship(out, run);
            out.line("All instances are healthy");
        }
        _ if job.cause == Cause::Odd => {
            out.work(10);
            out.run("./ci/lab");
        }
        _ => {
            tools::services(out);
            tools::pass_tests(out, dice, lang, lines);
        }
    }
}
