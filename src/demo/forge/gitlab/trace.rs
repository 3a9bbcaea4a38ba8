//! Logs as GitLab's runner writes them: sections, colours, in some projects time stamps.

use crate::demo::forge::answer::Answer;
use crate::demo::forge::blob::Blob;
use crate::demo::scenario::ci::Cause;
use crate::demo::scenario::log::{self, Tape};
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::domain::Timestamp;

/// The longest log that is written anew; those of the lab go out as they are.
const MOST: usize = 8 << 20;

/// Answers with the log of a job; while it runs, with what there is of it.
pub(super) fn answer(repo: &RepoState, run: &Run, job: &Job, now: Timestamp) -> Answer {
    if job.started_at.is_none() {
        return Answer::text("text/plain", String::new());
    }
    if job.cause == Cause::Odd
        && let Some(tape) = log::of(repo, run, job)
    {
        return Answer::blob(Blob::Log(tape));
    }
    let source = match log::of(repo, run, job) {
        Some(tape) => String::from_utf8_lossy(&tape.start(MOST)).into_owned(),
        None => log::so_far(repo, run, job, now),
    };
    let over = job.completed_at.is_some();
    let text = told(&source, repo, run, over);
    Answer::blob(Blob::Log(Tape::plain(text)))
}

/// Writes a log, line by line.
struct Writer {
    text: String,
    stamped: bool,
    stamp: String,
    secs: i64,
    section: Option<&'static str>,
}

impl Writer {
    fn line(&mut self, line: &str) {
        if self.stamped {
            self.text.push_str(&self.stamp);
            self.text.push_str(" 00O ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn end(&mut self) {
        if let Some(name) = self.section.take() {
            let line = format!("section_end:{}:{name}\r\u{1b}[0K", self.secs);
            self.line(&line);
        }
    }

    fn begin(&mut self, name: &'static str, title: &str) {
        self.end();
        self.section = Some(name);
        let secs = self.secs;
        let line = format!(
            "section_start:{secs}:{name}\r\u{1b}[0K\u{1b}[0K\u{1b}[36;1m{title}\u{1b}[0;m\u{1b}[0;m"
        );
        self.line(&line);
    }
}

/// Tells a log anew, the way of another runner.
fn told(source: &str, repo: &RepoState, run: &Run, over: bool) -> String {
    let mut out = Writer {
        text: String::new(),
        stamped: repo.spec.index.is_multiple_of(2),
        stamp: String::new(),
        secs: 0,
        section: None,
    };
    let (mut last, mut skips) = (None, false);
    for (nth, whole) in source.lines().enumerate() {
        let (stamp, line) = whole.split_once(' ').unwrap_or(("", whole));
        if let Ok(at) = stamp.parse::<Timestamp>() {
            out.secs = at.timestamp();
            out.stamp = at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        }
        if nth == 0 {
            out.line("\u{1b}[0KRunning with gitlab-runner 18.5.0 (bda84871)\u{1b}[0;m");
            out.begin("prepare_executor", "Preparing the \"docker\" executor");
            continue;
        }
        match step(line) {
            Step::Command("actions/checkout@v4") => {
                out.begin("get_sources", "Getting source from Git repository");
                out.line(&format!(
                    "\u{1b}[32;1mChecking out {:.8} as detached HEAD\u{1b}[0;m",
                    run.sha
                ));
                skips = true;
            }
            Step::Command(command) => {
                if out.section != Some("step_script") {
                    let title = "Executing \"step_script\" stage of the job script";
                    out.begin("step_script", title);
                }
                out.line(&format!("\u{1b}[32;1m$ {command}\u{1b}[0;m"));
                skips = true;
            }
            Step::Group => skips = true,
            Step::EndGroup => skips = false,
            Step::Exit(code) => last = Some(format!("exit code {code}")),
            Step::Cancelled => last = Some("canceled".to_owned()),
            Step::Error(text) => out.line(&format!("\u{1b}[31;1mERROR: {text}\u{1b}[0;m")),
            Step::Warning(text) => out.line(&format!("\u{1b}[33;1mWARNING: {text}\u{1b}[0;m")),
            Step::Cleanup => out.begin("cleanup_file_variables", "Cleaning up project directory"),
            Step::Plain(text) if !skips => out.line(text),
            Step::Plain(_) => {}
        }
    }
    if over {
        out.end();
        let line = last.map_or_else(
            || "\u{1b}[32;1mJob succeeded\u{1b}[0;m".to_owned(),
            |why| format!("\u{1b}[31;1mERROR: Job failed: {why}\u{1b}[0;m"),
        );
        out.line(&line);
    }
    out.text
}

/// What a line of the other runner's log means.
enum Step<'a> {
    Command(&'a str),
    Group,
    EndGroup,
    Exit(&'a str),
    Cancelled,
    Error(&'a str),
    Warning(&'a str),
    Cleanup,
    Plain(&'a str),
}

fn step(line: &str) -> Step<'_> {
    if let Some(command) = line.strip_prefix("##[group]Run ") {
        return Step::Command(command);
    }
    if line.starts_with("##[group]") {
        return Step::Group;
    }
    if line == "##[endgroup]" {
        return Step::EndGroup;
    }
    if let Some(error) = line.strip_prefix("##[error]") {
        let exit = error.strip_prefix("Process completed with exit code ");
        return match exit {
            Some(code) => Step::Exit(code.trim_end_matches('.')),
            None if error.starts_with("The operation was canceled") => Step::Cancelled,
            None => Step::Error(error),
        };
    }
    if let Some(warning) = line.strip_prefix("##[warning]") {
        return Step::Warning(warning);
    }
    if line == "Post job cleanup." {
        return Step::Cleanup;
    }
    if line.starts_with("Syncing repository") {
        return Step::Plain("Fetching changes with git depth set to 20...");
    }
    Step::Plain(line.strip_prefix("[command]").unwrap_or(line))
}
