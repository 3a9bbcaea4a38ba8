//! Logs of jobs, as a runner writes them: time stamps, groups, colours; long where tests fail.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::domain::Timestamp;

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
}

/// Returns the log of a job as plain text.
pub(super) fn of(state: &RepoState, run: &Run, job: &Job) -> String {
    let red = job.conclusion == Some("failure");
    let begin = job.started_at.unwrap_or(job.created_at);
    let end = job.completed_at.unwrap_or(state.pushed_at.max(begin));
    let lines = if red && job.name == "integration" {
        LONG
    } else {
        220
    };
    let millis = (end - begin).num_milliseconds().max(1_000);
    let step = TimeDelta::microseconds(millis * 1_000 / i64::try_from(lines).unwrap_or(1));
    let mut dice = Dice::of(job.id, &[]);
    let mut writer = Writer {
        text: String::new(),
        at: begin,
        step,
        lines: 0,
    };
    setup(&mut writer, state, run);
    match job.name {
        "build" => build(&mut writer, &mut dice, red),
        "lint" => lint(&mut writer, &mut dice),
        "unit" | "integration" | "e2e" => tests(&mut writer, &mut dice, red, lines),
        _ => ship(&mut writer, run, red),
    }
    writer.line("Post job cleanup.");
    writer.line("Cleaning up orphan processes");
    writer.text
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

fn build(out: &mut Writer, dice: &mut Dice, red: bool) {
    out.line("##[group]Run cargo build --locked --all-targets");
    out.line("\u{1b}[36;1mcargo build --locked --all-targets\u{1b}[0m");
    out.line("shell: /usr/bin/bash -e {0}");
    out.line("##[endgroup]");
    compile(out, dice, 160);
    if red {
        out.line("\u{1b}[1m\u{1b}[91merror[E0308]\u{1b}[0m\u{1b}[1m: mismatched types\u{1b}[0m");
        out.line("   \u{1b}[94m-->\u{1b}[0m src/handler.rs:118:24");
        out.line("    \u{1b}[94m|\u{1b}[0m");
        out.line("118 \u{1b}[94m|\u{1b}[0m     let total: u64 = basket.total();");
        out.line("    \u{1b}[94m|\u{1b}[0m                \u{1b}[91m---   ^^^^^^^^^^^^^^ expected `u64`, found `Money`\u{1b}[0m");
        out.line("\u{1b}[1m\u{1b}[91merror\u{1b}[0m: could not compile `acme-api` (lib) due to 1 previous error");
        out.line("##[error]Process completed with exit code 101.");
    } else {
        out.line("\u{1b}[1m\u{1b}[32m    Finished\u{1b}[0m `dev` profile [unoptimized] target(s) in 2m 41s");
    }
}

fn lint(out: &mut Writer, dice: &mut Dice) {
    out.line("##[group]Run cargo clippy --all-targets -- -D warnings");
    out.line("##[endgroup]");
    compile(out, dice, 120);
    out.line("##[warning]The `set-output` command is deprecated");
    out.line("    Finished `dev` profile [unoptimized] target(s) in 58s");
}

fn tests(out: &mut Writer, dice: &mut Dice, red: bool, lines: usize) {
    out.line("##[group]Start services");
    out.line("postgres: listening on port 5432");
    out.line("valkey: ready to accept connections");
    out.line("##[endgroup]");
    out.line("##[group]Run cargo test --locked");
    out.line("\u{1b}[36;1mcargo test --locked\u{1b}[0m");
    out.line("##[endgroup]");
    compile(out, dice, 90);
    out.line("     Running tests/it/main.rs (target/debug/deps/it-0c9f41de21f1cc54)");
    out.line("");
    let count = lines.saturating_sub(out.lines + 70);
    out.line(&format!("running {count} tests"));
    let failing = count / 2;
    for nth in 0..count {
        let (module, case) = (dice.pick(MODULES), dice.pick(CASES));
        let word = if red && nth == failing {
            out.line("test export::keeps_the_order_of_lines ... \u{1b}[31mFAILED\u{1b}[0m");
            continue;
        } else if nth % 97 == 96 {
            "\u{1b}[33mignored\u{1b}[0m"
        } else {
            "\u{1b}[32mok\u{1b}[0m"
        };
        out.line(&format!("test {module}::{case}_{nth:04} ... {word}"));
    }
    out.line("");
    if red {
        failures(out, count);
    } else {
        out.line(&format!(
            "test result: \u{1b}[32mok\u{1b}[0m. {count} passed; 0 failed"
        ));
    }
}

fn failures(out: &mut Writer, count: usize) {
    let passed = count - 1;
    out.line("failures:");
    out.line("");
    out.line("---- export::keeps_the_order_of_lines stdout ----");
    out.line("");
    out.line("thread 'export::keeps_the_order_of_lines' panicked at tests/it/export.rs:214:5:");
    out.line("assertion `left == right` failed: lines of one order must stay together");
    out.line("  left: [\"A-1\", \"B-1\", \"A-2\"]");
    out.line(" right: [\"A-1\", \"A-2\", \"B-1\"]");
    out.line("stack backtrace:");
    for (nth, frame) in [
        "__rustc::rust_begin_unwind",
        "core::panicking::panic_fmt",
        "core::panicking::assert_failed_inner",
        "core::panicking::assert_failed",
        "it::export::keeps_the_order_of_lines",
        "core::ops::function::FnOnce::call_once",
    ]
    .iter()
    .enumerate()
    {
        out.line(&format!("  {nth:2}: {frame}"));
        out.line(&format!(
            "             at /rustc/e408947bfd/library/core/src/part{nth}.rs:{}:5",
            70 + nth
        ));
    }
    out.line("note: run with `RUST_BACKTRACE=full` for a verbose backtrace");
    out.line("");
    out.line("");
    out.line("failures:");
    out.line("    export::keeps_the_order_of_lines");
    out.line("");
    out.line(&format!(
        "test result: \u{1b}[31mFAILED\u{1b}[0m. {passed} passed; 1 failed; 0 ignored; 0 measured; finished in 182.44s"
    ));
    out.line("");
    out.line("\u{1b}[1m\u{1b}[91merror\u{1b}[0m: test failed, to rerun pass `--test it`");
    out.line("##[error]Process completed with exit code 101.");
}

fn ship(out: &mut Writer, run: &Run, red: bool) {
    out.line(&format!("##[group]Run ./ci/ship {}", run.branch));
    out.line("##[endgroup]");
    for nth in 1..=40 {
        out.line(&format!("Uploading layer {nth} of 40"));
    }
    if red {
        out.line("Waiting for health of 3 instances: 0 of 3 healthy after 300 s");
        out.line("##[error]Health check failed after 3 tries");
        out.line("##[error]Process completed with exit code 1.");
    } else {
        out.line("All instances are healthy");
    }
}
