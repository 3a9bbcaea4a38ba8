//! Why cards are red, for people: a table as wide as the terminal, and Markdown.
//!
//! Says the same as the JSON, in the order in which one asks.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::app::output::cause::Causes;
use crate::app::output::cause_words::{log_trouble, others, verdict_word, why_not};
use crate::app::output::markdown::escape;
use crate::app::output::table::source_line;
use crate::app::output::{Width, age, instant};
use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, FailedTest, FoundError, LogState};
use crate::domain::item::WorkItem;
use crate::domain::key::WebUrl;
use crate::domain::run::{Run, named};
use crate::domain::text::{Clean, truncate_with};
use crate::domain::triage::{BaseRed, FirstBad, Known, TestRecord, Triage, TriageCard};
use crate::engine::snapshot::Health;
use crate::ui::tree::why::same_run;

/// How many tests, commits and cards are named; more are counted.
const MOST: usize = 5;

/// Returns the causes as text, as wide as the terminal.
pub fn table(causes: Causes<'_>, width: Width) -> String {
    let mut out = String::new();
    for card in causes.cards {
        let triage = &card.triage;
        let mut lines = vec![format!(
            "{}  {}{}",
            causes
                .snapshot
                .names()
                .full(&triage.key, Some(&triage.repo)),
            triage.title,
            old(causes.snapshot.find(&triage.item), causes)
        )];
        for (name, text) in facts(card, causes) {
            lines.push(format!("  {name:<7}{text}"));
        }
        for line in lines {
            push(&mut out, &line, width);
        }
        out.push('\n');
    }
    for item in causes.others {
        let line = format!(
            "{}  {}: {}{}",
            causes.snapshot.names().key(item),
            item.placement.status.label(),
            why_not(item),
            old(Some(item), causes)
        );
        push(&mut out, &line, width);
    }
    if causes.cards.is_empty() && causes.others.is_empty() {
        match causes.unknown {
            Some(why) => push(&mut out, &format!("not known: {why}"), width),
            None => out.push_str("no card is red\n"),
        }
    }
    for view in causes
        .snapshot
        .sources
        .iter()
        .filter(|view| view.health != Health::Ok)
    {
        push(&mut out, &source_line(view, causes.now), width);
    }
    out
}

fn push(out: &mut String, line: &str, width: Width) {
    out.push_str(truncate_with(line, width.columns, width.mark).trim_end());
    out.push('\n');
}

/// Old data is marked, never shown as if it were new.
fn old(item: Option<&Arc<WorkItem>>, causes: Causes<'_>) -> &'static str {
    if item.is_some_and(|item| causes.snapshot.is_fresh(item, causes.now)) {
        ""
    } else {
        " (old)"
    }
}

/// Returns what is known of a card, line by line, each with its name.
fn facts(card: &TriageCard, causes: Causes<'_>) -> Vec<(&'static str, String)> {
    let triage: &Triage = &card.triage;
    let mut facts = vec![("run", run(&triage.run, triage.since, causes.now))];
    facts.push(("job", job(triage)));
    match &triage.diagnosis {
        Known::No(why) => facts.push(("error", why.to_string())),
        Known::Yes(found) => {
            facts.push(("error", error(found)));
            facts.extend(tests(triage, found).into_iter().map(|test| ("test", test)));
        }
    }
    match &triage.first_bad {
        Known::No(why) => facts.push(("bad", format!("not known: {why}"))),
        Known::Yes(found) => facts.extend(bad(found).into_iter().map(|line| ("bad", line))),
    }
    if let Known::Yes(found) = &triage.base {
        facts.push(("base", base(found)));
    }
    match &triage.flaky {
        Known::No(why) => facts.push(("flaky", format!("not known: {why}"))),
        Known::Yes(found) => {
            let evidence: Vec<&str> = found.evidence.iter().map(Clean::as_str).collect();
            let verdict = verdict_word(found.verdict).replace('_', " ");
            facts.push(("flaky", format!("{verdict}: {}", evidence.join("; "))));
        }
    }
    facts.extend(alike(card, causes).map(|line| ("alike", line)));
    let others = causes.snapshot.triage.same_run(triage).count();
    facts.extend(same_run(others).map(|line| ("alike", line)));
    facts
}

fn run(run: &Run, since: Timestamp, now: Timestamp) -> String {
    let mut text = named(&run.workflow, &run.called());
    if run.attempt > 1 {
        // Writing to a string cannot fail.
        let _ = write!(text, ", attempt {}", run.attempt);
    }
    if !run.branch.is_empty() {
        let _ = write!(text, ", on {}", run.branch);
    }
    if let Some(sha) = &run.head_sha {
        let _ = write!(text, " at {}", sha.short());
    }
    let since = age(since, now);
    let _ = match since.as_str() {
        "now" => write!(text, ", failed just now"),
        since => write!(text, ", failed {since} ago"),
    };
    text
}

fn job(triage: &Triage) -> String {
    let Some(line) = triage.failed_job.and_then(|at| triage.jobs.get(at)) else {
        return "not known".to_owned();
    };
    let step = match &triage.diagnosis {
        Known::Yes(found) => found.step.as_ref(),
        Known::No(_) => None,
    };
    match step {
        Some((number, name)) => format!("{}, step {number}: {name}", line.job.name),
        None => line.job.name.to_string(),
    }
}

fn error(found: &Diagnosis) -> String {
    let Some(error) = &found.error else {
        let trouble = log_trouble(&found.log);
        return trouble.unwrap_or_else(|| format!("the log names no error{}", cut(found)));
    };
    let guess = if error.guess { "perhaps " } else { "" };
    let part = cut(found);
    match error.line {
        0 => format!("{guess}{}{part}", error.text),
        line => format!("{guess}line {line}: {}{part}", error.text),
    }
}

/// Returns what is to be said of a log that was not read to its end.
fn cut(found: &Diagnosis) -> &'static str {
    match found.log {
        LogState::Read { cut: true, .. } if found.is_beginning() => {
            " (only the beginning of a long log was read)"
        }
        LogState::Read { cut: true, .. } => " (the end of the log was left out: it is too long)",
        LogState::Read { .. }
        | LogState::Gone
        | LogState::Missing
        | LogState::Empty
        | LogState::NotText
        | LogState::NotYet
        | LogState::Refused(_) => "",
    }
}

/// Returns the failing tests, a line each, those beyond a few as a number.
fn tests(triage: &Triage, found: &Diagnosis) -> Vec<String> {
    let mut lines: Vec<String> = found
        .tests
        .iter()
        .take(MOST)
        .enumerate()
        .map(|(at, test)| {
            let record = triage.tests.iter().find(|record| record.test == at);
            let often = record.map_or_else(String::new, TestRecord::words);
            let often = match often.as_str() {
                "" => often,
                words => format!(" ({words})"),
            };
            format!("{}{often}{}", test.name, place(test))
        })
        .collect();
    let named = u64::try_from(lines.len()).unwrap_or_default();
    let listed = u64::try_from(found.tests.len()).unwrap_or_default();
    let more = found.tests_failed.unwrap_or(listed).max(listed) - named;
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn place(test: &FailedTest) -> String {
    match (&test.file, test.row) {
        (Some(file), Some(row)) => format!(" {file}:{row}"),
        (Some(file), None) => format!(" {file}"),
        (None, _) => String::new(),
    }
}

fn bad(found: &FirstBad) -> Vec<String> {
    let head = found.because().unwrap_or_else(|| {
        let (from, to) = (found.from.short(), found.to.short());
        match found.red.called().as_str() {
            "" => format!("{from}..{to}"),
            _ => format!("{from}..{to}, since {}", found.red.named()),
        }
    });
    match &found.commits {
        Known::No(why) => vec![format!("{head}; {why}")],
        Known::Yes(commits) => {
            let word = if commits.len() == 1 {
                "commit"
            } else {
                "commits"
            };
            let mut lines = vec![format!("{head}, {} {word}", commits.len())];
            lines.extend(commits.iter().take(MOST).map(|commit| {
                let author = commit.author.as_ref();
                let author =
                    author.map_or_else(String::new, |person| format!(" @{}", person.login));
                format!("{} {}{author}", commit.sha.short(), commit.title)
            }));
            if commits.len() > MOST {
                lines.push(format!("and {} more", commits.len() - MOST));
            }
            lines
        }
    }
}

fn base(found: &BaseRed) -> String {
    let text = found.sentence(|run| format!("{}, {}", run.named(), instant(run.at)));
    match &found.alike {
        Known::Yes(true) => format!("probably not yours: {text}"),
        Known::Yes(false) | Known::No(_) => text,
    }
}

fn alike(card: &TriageCard, causes: Causes<'_>) -> Option<String> {
    let group = causes.snapshot.triage.group_of(card)?;
    let others = others(group, &card.triage, causes.snapshot);
    let named: Vec<&str> = others.iter().take(MOST).map(String::as_str).collect();
    let more = others.len() - named.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!(
        "{}{more}, first seen {} in {}",
        named.join(", "),
        instant(group.first_seen),
        causes.snapshot.names().repo(&group.first_repo),
    ))
}

/// Returns the causes as Markdown, for chats and issues.
pub fn markdown(causes: Causes<'_>) -> String {
    let mut out = format!("# Red cards, {}\n", instant(causes.now));
    for card in causes.cards {
        let triage = &card.triage;
        let item = causes.snapshot.find(&triage.item);
        let key = link(
            &causes
                .snapshot
                .names()
                .full(&triage.key, Some(&triage.repo)),
            item.and_then(|item| item.url.as_ref()),
        );
        let _ = write!(
            out,
            "\n## {key} {}{}\n\n",
            escape(&triage.title),
            old(item, causes)
        );
        for (name, text) in facts(card, causes) {
            let text = if name == "run" {
                link(&text, triage.run.url.as_ref())
            } else {
                escape(&text)
            };
            let _ = writeln!(out, "* {name}: {text}");
        }
        if let Known::Yes(found) = &triage.diagnosis
            && let Some(error) = &found.error
        {
            out.push_str(&fenced(error));
        }
    }
    for item in causes.others {
        let _ = write!(
            out,
            "\n{}: {}, {}{}\n",
            link(&causes.snapshot.names().key(item), item.url.as_ref()),
            item.placement.status.label(),
            why_not(item),
            old(Some(item), causes)
        );
    }
    if causes.cards.is_empty() && causes.others.is_empty() {
        let _ = match causes.unknown {
            Some(why) => write!(out, "\nNot known: {}\n", escape(why)),
            None => write!(out, "\nNo card is red.\n"),
        };
    }
    for view in causes
        .snapshot
        .sources
        .iter()
        .filter(|view| view.health != Health::Ok)
    {
        let _ = write!(out, "\n> {}\n", escape(&source_line(view, causes.now)));
    }
    out
}

fn link(text: &str, url: Option<&WebUrl>) -> String {
    let text = escape(text);
    match url {
        Some(url) => {
            let url = url.as_str().replace('(', "%28").replace(')', "%29");
            format!("[{text}]({url})")
        }
        None => text,
    }
}

/// Returns the lines of an error as they are, in a fence that none of them can end.
fn fenced(error: &FoundError) -> String {
    if error.block.is_empty() {
        return String::new();
    }
    let longest = error.block.iter().map(|line| ticks(line)).max();
    let fence = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    let mut out = format!("\n{fence}text\n");
    for line in &error.block {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

/// Returns the length of the longest run of backticks.
fn ticks(text: &str) -> usize {
    let runs = text.split(|c| c != '`');
    runs.map(str::len).max().unwrap_or_default()
}
