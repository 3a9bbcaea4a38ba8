//! Which log is meant, and how it gets into the cache: found, asked for, waited for.
//!
//! `--within` bounds all of it. What came of the question is `engine`'s to say;
//! nothing is read here.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::follow::{self, Outcome};
use super::meant::{self, Wanted};
use super::names;
use crate::app::cli::LogArgs;
use crate::app::exit::{Exit, Failure};
use crate::app::heard;
use crate::app::once;
use crate::app::output::cause_words;
use crate::app::page::Page;
use crate::app::runtime;
use crate::app::session::{Session, Tasks};
use crate::app::triage;
use crate::app::waiting;
use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::item::WorkItem;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::domain::triage::TriageCard;
use crate::engine::logs::FileLogs;
use crate::engine::snapshot::{Asked, Health, Snapshot};
use crate::engine::{Engine, EngineCommand};

/// A log that is here.
pub(super) struct Fetched {
    /// The log itself.
    pub(super) file: File,
    /// What is to be said beside it.
    pub(super) note: Option<String>,
}

/// What came of the search for a log.
pub(super) enum Found {
    /// It is here, and how its job ended, where that is known.
    Here(Fetched, Option<RunState>),
    /// It was printed as it grew, until its job ended in this way.
    Followed(RunState),
}

/// Where a log is to be had.
enum Way {
    Cache(Fetched, Option<RunState>),
    /// From its source, bit by bit; whether its job is known to be at work.
    Source(LogKey, bool),
}

/// What is looked for, and since when.
struct Search<'a> {
    args: &'a LogArgs,
    /// Whether a log is wanted while it grows.
    follows: bool,
    page: Option<Page<'a>>,
    logs: &'a FileLogs,
    began: Timestamp,
}

/// Finds the job that is meant and has its log brought into the cache.
pub(super) fn fetch(
    session: &mut Session,
    args: &LogArgs,
    is_colored: bool,
) -> Result<Found, Failure> {
    let page = Page::parse(&args.word);
    if args.job.is_some() && page.is_some_and(|page| page.job.is_some()) {
        let failure = Failure::usage("the page of a job names the job already");
        return Err(failure.hint("leave `--job` out, or name the page of the run"));
    }
    let within = Duration::from_secs(args.within);
    let store = session.store_or_none();
    runtime::run(async {
        let tasks = Tasks::default();
        let deadline = Instant::now() + within;
        let began = (session.clock)();
        let mut engine = session
            .start_to_print(store, (!args.offline, true), false, &tasks)
            .await?;
        let mut search = Search {
            args,
            follows: args.follow,
            page,
            logs: &session.logs,
            began,
        };
        let outcome = search.found(&mut engine, deadline, is_colored).await;
        tasks.end().await;
        outcome
    })
}

impl Search<'_> {
    /// Finds the log, and prints it where it is followed.
    async fn found(
        &mut self,
        engine: &mut Engine,
        deadline: Instant,
        is_colored: bool,
    ) -> Result<Found, Failure> {
        loop {
            let told = waiting::tell(engine.snapshots.clone(), self.began);
            let way = tokio::select! {
                way = self.run(engine, deadline) => way?,
                never = told => match never {},
            };
            let (key, runs) = match way {
                Way::Cache(fetched, state) => return Ok(Found::Here(fetched, state)),
                Way::Source(key, runs) => (key, runs),
            };
            match follow::print(engine, self.logs, &key, is_colored).await? {
                Outcome::Over(state) => return Ok(Found::Followed(state)),
                Outcome::NoWay(why) if runs => {
                    let failure = Failure::error(why.as_str()).with_exit(Exit::Stale);
                    return Err(failure.hint("ask again when the job is over"));
                }
                // It may be over already: then all of it is there.
                Outcome::NoWay(_) => self.follows = false,
            }
        }
    }

    async fn run(&self, engine: &mut Engine, deadline: Instant) -> Result<Way, Failure> {
        let mut asked: Option<LogKey> = None;
        let mut looked = false;
        loop {
            let (snapshot, is_settled) = engine.look();
            let is_late = Instant::now() >= deadline;
            let is_settled = is_settled || self.have_told(&snapshot);
            if let Some(item) = self.not_red(&snapshot).filter(|_| !looked) {
                let sent = engine
                    .commands
                    .send(EngineCommand::Look(Some(item.id.clone())));
                looked = sent.await.is_ok();
            }
            match self.wanted(&snapshot) {
                Ok(wanted) if wanted.is_sure || is_settled || is_late => {
                    if self.follows && wanted.may_run() {
                        let runs = wanted.state.is_some();
                        return Ok(Way::Source(wanted.key, runs));
                    }
                    if let Some(outcome) = self.outcome(&wanted, &snapshot, asked.as_ref()) {
                        return outcome.map(|fetched| Way::Cache(fetched, wanted.state));
                    }
                    if asked.as_ref() != Some(&wanted.key) {
                        let command = EngineCommand::Diagnose(wanted.key.clone());
                        let sent = engine.commands.send(command);
                        drop(tokio::time::timeout_at(deadline, sent).await);
                        asked = Some(wanted.key);
                    }
                    if is_late {
                        return Err(self.late("the log is not here yet"));
                    }
                }
                // The jobs of what is watched come after the first round.
                Err(failure) if is_settled && !(looked && failure.exit() == Exit::Stale) => {
                    return Err(failure);
                }
                Err(failure) if is_late => return Err(self.hurried(failure)),
                Ok(_) | Err(_) => {}
            }
            let news = engine.next_change();
            if !matches!(
                tokio::time::timeout_at(deadline, news).await,
                Ok(true) | Err(_)
            ) {
                return Err(Failure::error("the log cannot be asked for any more"));
            }
        }
    }

    /// Returns whether every source has told all that can tell of the cards that are meant.
    fn have_told(&self, snapshot: &Snapshot) -> bool {
        let found = triage::Found::new(Some(&self.args.word), snapshot);
        let red = found.red.iter();
        let red = red.filter_map(|card| snapshot.find(&card.triage.item));
        let cards: Vec<&Arc<WorkItem>> = red.chain(found.others.iter().copied()).collect();
        heard::have_told(snapshot, &cards)
    }

    /// Returns the one card that is meant where it is not red, and a job of it may be followed.
    fn not_red<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s Arc<WorkItem>> {
        let found = self.follows.then(|| {
            let word = Some(self.args.word.as_str());
            triage::Found::new(word, snapshot)
        })?;
        match (found.red.as_slice(), found.others.as_slice()) {
            ([], [item, ..]) => Some(*item),
            (_, _) => None,
        }
    }

    /// Returns how it ends, if it does.
    fn outcome(
        &self,
        wanted: &Wanted,
        snapshot: &Snapshot,
        asked: Option<&LogKey>,
    ) -> Option<Result<Fetched, Failure>> {
        let file = match open(self.logs, &wanted.key) {
            Ok(file) => file,
            Err(failure) => return Some(Err(failure)),
        };
        let is_whole =
            |found: &Diagnosis| matches!(found.log, LogState::Read { .. }) && !found.is_beginning();
        if self.args.offline || wanted.found.as_deref().is_some_and(is_whole) {
            let found = wanted.found.as_deref();
            match (file, found.and_then(trouble)) {
                (Some(file), _) => return Some(Ok(fetched(file, found))),
                // What was found before the log left the cache says nothing of it now.
                (None, Some(failure)) if self.args.offline => return Some(Err(failure)),
                (None, _) if self.args.offline => return Some(Err(absent())),
                (None, _) => {}
            }
            return self.answer(wanted, snapshot, asked, None);
        }
        self.answer(wanted, snapshot, asked, file)
    }

    /// Returns what came of our question, once something did.
    fn answer(
        &self,
        wanted: &Wanted,
        snapshot: &Snapshot,
        asked: Option<&LogKey>,
        part: Option<File>,
    ) -> Option<Result<Fetched, Failure>> {
        asked.filter(|key| **key == wanted.key)?;
        match snapshot.inquiries.get(&wanted.key)? {
            Asked::Reading => None,
            Asked::Found(found) => Some(match (trouble(found), open(self.logs, &wanted.key)) {
                (_, Err(failure)) | (Some(failure), Ok(_)) => Err(failure),
                (None, Ok(Some(file))) => Ok(fetched(file, Some(found))),
                (None, Ok(None)) => Err(Failure::error("the log left the cache at once").hint(
                    "`cycleboard doctor` shows where the cache is, and whether it can be written",
                )),
            }),
            Asked::Failed { why, health } => Some(match part {
                Some(file) => Ok(Fetched {
                    file,
                    note: Some(format!("only the beginning of the log is here: {why}")),
                }),
                None => Err(failed(why, *health)),
            }),
        }
    }

    /// Returns the log that is asked for, or why there is none.
    fn wanted(&self, snapshot: &Snapshot) -> Result<Wanted, Failure> {
        let unknown =
            || triage::not_found(&self.args.word, snapshot, self.began, self.args.offline);
        if let Some(page) = self.page
            && page.job.is_some()
        {
            let key = page.log(snapshot).ok_or_else(unknown)?;
            return meant::of_page(key, snapshot, page, self.follows);
        }
        if let Some(item) = self.not_red(snapshot) {
            return meant::at_work(item, snapshot, self.args.job.as_deref());
        }
        let card = self.one(snapshot)?;
        let triage = &card.triage;
        // Another answer may tell of a newer run of a card, but not of another run of a page.
        let confirmed = snapshot.source_confirmed(&triage.source, Some(&triage.repo));
        let is_sure = self.page.is_some() || confirmed.is_some_and(|at| at >= self.began);
        meant::of_card(triage, self.args.job.as_deref(), is_sure, self.follows)
    }

    /// Returns the one red card that the word means.
    fn one<'s>(&self, snapshot: &'s Snapshot) -> Result<&'s TriageCard, Failure> {
        let word = self.args.word.as_str();
        let found = triage::Found::new(Some(word), snapshot);
        match (found.red.as_slice(), found.others.first()) {
            ([card], _) => Ok(*card),
            ([], Some(item)) => {
                let why = cause_words::why_not(item);
                let failure = Failure::error(format!("`{}`: {why}", item.key));
                let sources = &snapshot.sources;
                let verdict = once::source_verdict(sources, self.began, self.args.offline);
                Err(if verdict == Exit::Fine {
                    failure
                } else {
                    failure.with_exit(verdict).hint(waiting::NOT_EVERYBODY)
                })
            }
            ([], None) => {
                let offline = self.args.offline;
                Err(triage::not_found(word, snapshot, self.began, offline))
            }
            ([first, rest @ ..], _) => {
                let run = first.triage.run.key();
                // Several cards, one run: its log is the same for all of them.
                if rest.iter().all(|card| card.triage.run.key() == run) {
                    return Ok(*first);
                }
                let full = |card: &&TriageCard| {
                    let repo = Some(&card.triage.repo);
                    let key = snapshot.names().full(&card.triage.key, repo);
                    key.into_owned()
                };
                let keys: Vec<String> = found.red.iter().map(full).collect();
                let keys = keys.iter().map(String::as_str);
                let message = format!("`{word}` means {} red cards", found.red.len());
                Err(Failure::error(message).hint(names(keys)))
            }
        }
    }

    fn late(&self, message: &str) -> Failure {
        let within = self.args.within;
        let failure = Failure::error(message).with_exit(Exit::Stale);
        failure.hint(format!(
            "it did not come within {within} s; `--within` waits longer"
        ))
    }

    /// Says of something that is not known that not everybody was heard in time.
    fn hurried(&self, failure: Failure) -> Failure {
        let within = self.args.within;
        match failure.exit() {
            Exit::Error | Exit::Stale => failure.with_exit(Exit::Stale).hint(format!(
                "not every answer came within {within} s; `--within` waits longer"
            )),
            Exit::Fine | Exit::Usage | Exit::Red | Exit::Auth | Exit::Signal(_) => failure,
        }
    }
}

fn open(logs: &FileLogs, key: &LogKey) -> Result<Option<File>, Failure> {
    logs.open(key)
        .map_err(|error| Failure::error(format!("the log cannot be read from the cache: {error}")))
}

fn fetched(file: File, found: Option<&Diagnosis>) -> Fetched {
    let note = found.and_then(|found| match found.log {
        LogState::Read {
            bytes, cut: true, ..
        } if found.is_beginning() => Some(format!(
            "only the first {} MiB of the log are here",
            mebibytes(bytes)
        )),
        LogState::Read {
            bytes, cut: true, ..
        } => Some(format!(
            "the end of the log was left out because of its size: {} MiB were read",
            mebibytes(bytes)
        )),
        LogState::Read { .. }
        | LogState::Gone
        | LogState::Missing
        | LogState::Empty
        | LogState::NotText
        | LogState::NotYet
        | LogState::Refused(_) => None,
    });
    Fetched { file, note }
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

fn absent() -> Failure {
    let failure = Failure::error("the log is not here").with_exit(Exit::Stale);
    failure.hint("without `--offline` it is asked for")
}

/// Says why nobody could tell.
fn failed(why: &Clean, health: Option<Health>) -> Failure {
    let failure = Failure::error(why.as_str());
    let failure = failure.hint("`cycleboard sources` tells how the source stands");
    match health {
        Some(Health::Auth) => failure.with_exit(Exit::Auth),
        // An answer that was cut is as good as none: whoever asks again may get it.
        Some(Health::RateLimited | Health::Unreachable | Health::Failing | Health::Unreadable) => {
            failure.with_exit(Exit::Stale)
        }
        Some(Health::Ok | Health::Starting | Health::Stale | Health::Forbidden) | None => failure,
    }
}

/// Returns why the log of a job cannot be had, where that is known.
fn trouble(found: &Diagnosis) -> Option<Failure> {
    let failure = Failure::error(cause_words::log_trouble(&found.log)?);
    Some(match &found.log {
        LogState::NotYet => failure.with_exit(Exit::Stale).hint("ask again in a minute"),
        LogState::Gone | LogState::Missing => failure.hint("a re-run of the job makes a new one"),
        LogState::Refused(_) => failure.hint("`cycleboard doctor` tells what the token may not"),
        LogState::Empty | LogState::NotText | LogState::Read { .. } => {
            failure.hint("the page of the job may tell more")
        }
    })
}
