//! `cycleboard log`: the clean log of the job that made a card red.
//!
//! Has it fetched where it is not here yet, and prints it from the cache in
//! windows: never is a whole log in memory.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::cli::{ColorChoice, LogArgs, WAIT_SECS};
use crate::app::exit::{Exit, Failure};
use crate::app::logs::text;
use crate::app::output::cause_words;
use crate::app::session::{Session, Tasks, runtime};
use crate::app::triage::{self, Found};
use crate::app::{env, waiting};
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::run::{Job, RunState};
use crate::domain::triage::{Known, Triage, TriageCard};
use crate::engine::logs::FileLogs;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, EngineCommand};
use crate::log::{self, Content, Index, Intake, Section, SectionKind};
use crate::ui::theme::ColorDepth;

/// How long the sources may take.
const WAIT: Duration = Duration::from_secs(WAIT_SECS);

/// How often it is looked whether the log has come.
const LOOK: Duration = Duration::from_millis(100);

/// Bytes that are read at once to find the lines.
const CHUNK: usize = 256 * 1024;

/// How many names are told where one was not found.
const MOST_NAMES: usize = 20;

/// Prints the log.
pub fn run(mut session: Session, args: &LogArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let mut file = fetch(&mut session, args)?;
    let index = index(&mut file)?;
    match index.content() {
        Content::Text | Content::Utf16 => {}
        Content::Archive | Content::Binary => return Err(Failure::error("the log is not text")),
    }
    if index.lines() == 0 {
        return Err(Failure::error("the log is empty"));
    }
    let lines = match &args.step {
        None => 0..index.lines(),
        Some(step) => part(step, &index, &mut file)?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    text::write(
        &index,
        &mut file,
        lines,
        is_colored(&session, args),
        &mut out,
    )?;
    out.flush()?;
    let cut = index.counts().cut;
    if cut > 0 {
        let mut error = io::stderr().lock();
        // After a hang-up there is nobody to tell.
        drop(writeln!(
            error,
            "note: {cut} bytes at the end of the log were left out"
        ));
    }
    Ok(Exit::Fine)
}

/// Colours are for terminals that have some, unless somebody says otherwise.
fn is_colored(session: &Session, args: &LogArgs) -> bool {
    if args.plain {
        return false;
    }
    let found = if io::stdout().is_terminal() {
        env::abilities(&session.env).depth
    } else {
        ColorDepth::Mono
    };
    let choice = session
        .global
        .color
        .filter(|choice| *choice != ColorChoice::Auto);
    env::color_depth(choice, found) != ColorDepth::Mono
}

/// Reads a log through once, to know where its lines and sections are.
pub fn index(file: &mut File) -> io::Result<Index> {
    file.seek(SeekFrom::Start(0))?;
    let mut intake = Intake::new(io::sink());
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return intake.finish(),
            Ok(length) => intake.push(chunk.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns the lines of the step that failed, or of one by name.
fn part(step: &str, index: &Index, file: &mut File) -> Result<Range<u64>, Failure> {
    let sections = index.sections();
    let whole = || {
        Failure::error("the log does not tell its steps apart")
            .hint("without `--step` the whole log is printed")
    };
    if sections.is_empty() {
        return Err(whole());
    }
    let found = if step.eq_ignore_ascii_case("failed") {
        let error = log::first_error(index, file)?;
        let around = error.and_then(|error| step_around(index, error.line));
        around.ok_or_else(|| {
            Failure::error("no line of the log tells which step failed")
                .hint("without `--step` the whole log is printed")
        })?
    } else {
        named(step, sections).ok_or_else(|| {
            let titles = sections.iter().map(|section| section.title.as_str());
            Failure::error(format!("the log has no step `{step}`")).hint(names(titles))
        })?
    };
    Ok(found.start..found.end.unwrap_or(index.lines()))
}

/// Returns the step that a line lies in: the innermost step, else what encloses all.
fn step_around(index: &Index, line: u64) -> Option<&Section> {
    let sections = index.sections();
    let mut at = index.section_at(line);
    let mut outermost = None;
    while let Some(section) = at.and_then(|at| sections.get(at)) {
        if section.kind == SectionKind::Step {
            return Some(section);
        }
        outermost = Some(section);
        at = section.parent;
    }
    outermost
}

/// Returns the section that is called so, else the first whose title contains it.
fn named<'a>(name: &str, sections: &'a [Section]) -> Option<&'a Section> {
    let name = name.to_lowercase();
    let title = |section: &&Section| section.title.to_lowercase();
    let exact = sections.iter().find(|section| title(section) == name);
    exact.or_else(|| {
        sections
            .iter()
            .find(|section| title(section).contains(&name))
    })
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names
        .take(MOST_NAMES)
        .map(|name| format!("`{name}`"))
        .collect();
    if quoted.is_empty() {
        return "there is none".to_owned();
    }
    format!("there are {}", quoted.join(", "))
}

/// Finds the job that is meant and has its log brought into the cache.
fn fetch(session: &mut Session, args: &LogArgs) -> Result<File, Failure> {
    let store = session.store_or_none();
    let within = Duration::from_secs(args.within);
    runtime()?.block_on(async {
        let tasks = Tasks::default();
        let mut engine = session
            .start_to_print(store, !args.offline, false, &tasks)
            .await?;
        let outcome = wait_for(session, &mut engine, args, within).await;
        tasks.end().await;
        outcome
    })
}

async fn wait_for(
    session: &Session,
    engine: &mut Engine,
    args: &LogArgs,
    within: Duration,
) -> Result<File, Failure> {
    let mut snapshot = waiting::settled(engine, (session.clock)(), WAIT).await;
    let deadline = Instant::now() + within;
    let mut asked: Option<LogKey> = None;
    loop {
        let now = (session.clock)();
        let card = one(&args.word, &snapshot, now, args.offline)?;
        let wanted = wanted(&card.triage, args.job.as_deref());
        if let Ok((key, found)) = &wanted {
            if let Some(file) = open(&session.logs, key)? {
                return Ok(file);
            }
            // What was found before the log left the cache says nothing of it now.
            let is_told = args.offline || asked.as_ref() == Some(key);
            if let Some(failure) = found.as_deref().filter(|_| is_told).and_then(trouble) {
                return Err(failure);
            }
            if !args.offline && asked.as_ref() != Some(key) {
                let command = EngineCommand::Diagnose(key.clone());
                drop(tokio::time::timeout_at(deadline, engine.commands.send(command)).await);
                asked = Some(key.clone());
            }
        }
        if args.offline || Instant::now() >= deadline {
            return Err(match wanted {
                Err(failure) => failure,
                Ok((_, found)) => absent(args, found.as_deref()),
            });
        }
        let look = (Instant::now() + LOOK).min(deadline);
        drop(tokio::time::timeout_at(look, engine.snapshots.changed()).await);
        snapshot = Arc::clone(&engine.snapshots.borrow_and_update());
    }
}

fn open(logs: &FileLogs, key: &LogKey) -> Result<Option<File>, Failure> {
    logs.open(key)
        .map_err(|error| Failure::error(format!("the log cannot be read from the cache: {error}")))
}

fn absent(args: &LogArgs, found: Option<&Diagnosis>) -> Failure {
    if let Some(failure) = found.and_then(trouble) {
        return failure;
    }
    let failure = Failure::error("the log is not here yet").with_exit(Exit::Stale);
    if args.offline {
        failure.hint("without `--offline` it is asked for")
    } else {
        failure.hint(format!(
            "it did not come within {} s; `--within` waits longer",
            args.within
        ))
    }
}

/// Returns the one red card that a word means.
fn one<'a>(
    word: &str,
    snapshot: &'a Snapshot,
    now: crate::domain::Timestamp,
    offline: bool,
) -> Result<&'a TriageCard, Failure> {
    let found = Found::new(Some(word), snapshot);
    match (found.red.as_slice(), found.others.first()) {
        ([card], _) => Ok(*card),
        ([], Some(item)) => Err(Failure::error(format!(
            "`{}`: {}",
            item.key,
            cause_words::why_not(item)
        ))),
        ([], None) => Err(triage::not_found(word, snapshot, now, offline)),
        (cards, _) => {
            let runs = cards.first().map(|card| &card.triage.run);
            let is_one_run = cards
                .iter()
                .all(|card| runs.is_some_and(|run| run.key() == card.triage.run.key()));
            match cards.first() {
                // Several cards, one run: its log is the same for all of them.
                Some(card) if is_one_run => Ok(*card),
                Some(_) | None => {
                    let keys = cards.iter().map(|card| card.triage.key.as_str());
                    let message = format!("`{word}` means {} red cards", cards.len());
                    Err(Failure::error(message).hint(names(keys)))
                }
            }
        }
    }
}

/// The log of a job, and what was found in it.
type Wanted = (LogKey, Option<Arc<Diagnosis>>);

/// Returns the log that is asked for, or why there is none.
fn wanted(triage: &Triage, job: Option<&str>) -> Result<Wanted, Failure> {
    let diagnosis = match &triage.diagnosis {
        Known::Yes(found) => Some(Arc::clone(found)),
        Known::No(_) => None,
    };
    let Some(name) = job else {
        return match (triage::log_of(triage), &triage.diagnosis) {
            (Some(key), _) => Ok((key, diagnosis)),
            (None, Known::No(why)) => Err(Failure::error(why.as_str()).with_exit(Exit::Stale)),
            (None, Known::Yes(_)) => Err(Failure::error("the failed job is not known")),
        };
    };
    let job = job_named(name, triage)?;
    let has_ended = match &job.state {
        RunState::Queued | RunState::Waiting | RunState::Running | RunState::ActionRequired => {
            false
        }
        RunState::Passed
        | RunState::Skipped
        | RunState::Failed(_)
        | RunState::Cancelled
        | RunState::Unknown(_) => true,
    };
    if !has_ended {
        let message = format!("job `{}` has not ended, and has no log yet", job.name);
        return Err(Failure::error(message).with_exit(Exit::Stale));
    }
    let key = LogKey {
        run: triage.run.key(),
        attempt: job.attempt,
        job: job.id,
    };
    Ok((key, diagnosis.filter(|found| found.job == job.id)))
}

fn job_named<'a>(name: &str, triage: &'a Triage) -> Result<&'a Job, Failure> {
    let jobs = || triage.jobs.iter().map(|line| &line.job);
    if let Some(job) = jobs().find(|job| *job.name == *name) {
        return Ok(job);
    }
    let lower = name.to_lowercase();
    let like: Vec<&Job> = jobs()
        .filter(|job| job.name.to_lowercase().contains(&lower))
        .collect();
    if let [job] = like.as_slice() {
        return Ok(job);
    }
    let all: Vec<&Job> = if like.is_empty() {
        jobs().collect()
    } else {
        like.clone()
    };
    let message = if like.is_empty() {
        format!("the run has no job `{name}`")
    } else {
        format!("`{name}` means {} jobs", like.len())
    };
    Err(Failure::error(message).hint(names(all.iter().map(|job| job.name.as_str()))))
}

/// Returns why the log of a job cannot be had, where that is known.
fn trouble(found: &Diagnosis) -> Option<Failure> {
    let failure = Failure::error(cause_words::log_trouble(&found.log)?);
    Some(match &found.log {
        LogState::NotYet => failure.with_exit(Exit::Stale),
        LogState::Gone => failure.hint("a re-run of the job makes a new one"),
        LogState::Refused(_) | LogState::Empty | LogState::NotText | LogState::Read { .. } => {
            failure
        }
    })
}
