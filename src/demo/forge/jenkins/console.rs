//! Consoles of builds: the logs of a run's jobs, each in its stage, without time stamps.

use crate::demo::forge::answer::Answer;
use crate::demo::forge::blob::Blob;
use crate::demo::forge::jenkins::items::{Build, Job};
use crate::demo::forge::jenkins::{Ask, stages};
use crate::demo::scenario::log::{self, Tape};
use crate::demo::scenario::model;

/// The longest log of a job that is written anew.
const MOST: usize = 8 << 20;

/// Returns the lines of a job's log, as a step of a pipeline has them.
fn lines(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>, of: &model::Job) -> String {
    let repo = &job.project.repo;
    if log::gone(of, ask.asked.now) || of.started_at.is_none() {
        return String::new();
    }
    let source = match log::of(repo, build.run, of) {
        Some(tape) => String::from_utf8_lossy(&tape.start(MOST)).into_owned(),
        None => log::so_far(repo, build.run, of, ask.asked.now),
    };
    let mut text = String::with_capacity(source.len());
    let mut skips = false;
    for whole in source.lines() {
        let line = whole.split_once(' ').map_or(whole, |(_, line)| line);
        if let Some(command) = line.strip_prefix("##[group]Run ") {
            skips = true;
            add(&mut text, &format!("+ {command}"));
        } else if line.starts_with("##[group]") {
            skips = true;
        } else if line == "##[endgroup]" {
            skips = false;
        } else if let Some(code) = line.strip_prefix("##[error]Process completed with exit code ") {
            let code = code.trim_end_matches('.');
            add(
                &mut text,
                &format!("ERROR: script returned exit code {code}"),
            );
        } else if let Some(error) = line.strip_prefix("##[error]") {
            add(&mut text, &format!("ERROR: {error}"));
        } else if line == "Post job cleanup." {
            break;
        } else if !skips {
            let plain = line.strip_prefix("##[warning]").unwrap_or(line);
            add(&mut text, plain.strip_prefix("[command]").unwrap_or(plain));
        }
    }
    text
}

fn add(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn text(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> String {
    let mut text = String::new();
    add(&mut text, "Started by the demo of a team");
    add(&mut text, "[Pipeline] Start of Pipeline");
    add(&mut text, "[Pipeline] node");
    for of in build.jobs().iter().filter(|of| of.started_at.is_some()) {
        add(&mut text, "[Pipeline] stage");
        add(&mut text, &format!("[Pipeline] {{ ({})", of.name));
        add(&mut text, "[Pipeline] sh");
        text.push_str(&lines(ask, job, build, of));
        if of.completed_at.is_some() {
            add(&mut text, "[Pipeline] }");
            add(&mut text, "[Pipeline] // stage");
        }
    }
    if let Some(result) = build.result() {
        add(&mut text, "[Pipeline] End of Pipeline");
        add(&mut text, &format!("Finished: {result}"));
    }
    text
}

fn sent(text: String) -> Answer {
    Answer::blob(Blob::Log(Tape::plain(text)))
}

/// Answers with the whole console.
pub(super) fn whole(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Answer {
    sent(text(ask, job, build))
}

/// Answers with what follows a place of the console, and whether more will come.
pub(super) fn progress(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Answer {
    let answer = from(ask, &text(ask, job, build));
    if build.ended().is_none() {
        return answer.header("x-more-data", "true".to_owned());
    }
    answer
}

/// Answers with the log of a step: that of the job, where the step does its work.
pub(super) fn of_node(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>, id: &str) -> Option<Answer> {
    let (_, of, step) = stages::of_node(build, id)?;
    let failed = of.steps.get(step.checked_sub(1)?)?;
    let told = failed.conclusion == Some("failure");
    let text = if told {
        lines(ask, job, build, of)
    } else {
        String::new()
    };
    Some(from(ask, &text))
}

fn from(ask: &Ask<'_>, text: &str) -> Answer {
    let start = ask.asked.param("start").and_then(|word| word.parse().ok());
    let rest = text.get(start.unwrap_or(0)..).unwrap_or_default();
    sent(rest.to_owned()).header("x-text-size", text.len().to_string())
}
