//! The log of a finished job on its way to a diagnosis: what all CI systems share.
//!
//! Streams the log through the cache and the reader of logs, weighs it together with
//! what else tells of the job, and says when nothing need be read again. Knows no route
//! and no system; how a log is asked for, and what a refusal means, is the adapter's.

use std::sync::Arc;

use chrono::TimeDelta;

use tokio::sync::{mpsc, oneshot};

use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState, TestsFrom};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::log::MAX_BYTES;
use crate::sources::evidence::Evidence;
use crate::sources::http::{Client, Failure, Request, Streamed, Urgency};
use crate::sources::inspect::{Looked, take_in};
use crate::sources::logs::LogCache;
use crate::sources::recent::Recent;
use crate::sources::{Batch, SourceError};

/// How many parts of a log wait for the disk.
const WAITING: usize = 4;

/// For how long after the end of a job a forge may still have its log on its way.
pub const WAIT: TimeDelta = TimeDelta::minutes(60);

/// How many diagnoses a source remembers.
const MOST_DIAGNOSES: usize = 1_000;

/// What is known of a job besides its log.
#[derive(Clone, PartialEq, Debug)]
pub struct Job {
    /// Its name.
    pub name: Clean,
    /// Number and name of the step that failed, where it is known.
    pub step: Option<(u32, Clean)>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Streams one log into the cache and reads it on the way.
///
/// A person gets all of it, nobody its beginning. A disk that cannot keep it is told
/// as a log that was refused; an answer that failed is an error.
pub async fn read(
    client: &Client,
    logs: &Arc<dyn LogCache>,
    key: &LogKey,
    request: &Request,
) -> Result<Looked, Failure> {
    let most = most(request.urgency);
    taken(logs, key, |parts| client.stream(request, most, parts)).await
}

/// Reads one log whose parts `send` hands on: of several answers, or taken out of others.
///
/// What `send` returns says how much came; what it sent before an error is forgotten.
pub async fn taken<F>(
    logs: &Arc<dyn LogCache>,
    key: &LogKey,
    send: impl FnOnce(mpsc::Sender<Vec<u8>>) -> F,
) -> Result<Looked, Failure>
where
    F: Future<Output = Result<Streamed, Failure>>,
{
    let (parts, received) = mpsc::channel(WAITING);
    let (verdict, judged) = oneshot::channel();
    let (logs, of) = (Arc::clone(logs), key.clone());
    let thread = tokio::task::spawn_blocking(move || take_in(&*logs, &of, received, judged));
    let streamed = send(parts).await;
    if let Ok(streamed) = streamed {
        let _taken = verdict.send(streamed);
    } else {
        drop(verdict);
    }
    let disk = |error: &dyn std::fmt::Display| {
        let why = format!("the log cannot be kept: {error}");
        Looked::without(LogState::Refused(Clean::line(&why)))
    };
    let looked = match thread.await {
        Ok(Ok(looked)) => looked,
        Ok(Err(error)) => return Ok(disk(&error)),
        Err(error) => return Ok(disk(&error)),
    };
    streamed.map(|_| looked.unwrap_or_else(|| Looked::without(LogState::Empty)))
}

/// Returns how many bytes of a log are read.
pub fn most(urgency: Urgency) -> u64 {
    match urgency {
        Urgency::Person => MAX_BYTES,
        Urgency::Background => Diagnosis::UNASKED_BYTES,
    }
}

/// Puts a diagnosis together; `evidence.sought` says what was looked at besides the log.
pub fn assemble(key: &LogKey, job: Job, evidence: Evidence) -> Diagnosis {
    let log = evidence.looked.log.clone();
    let about = match &log {
        LogState::Read { .. } => "no line of the log names a test",
        LogState::Gone => "the log is gone",
        LogState::Missing => "the server has no log of it",
        LogState::Empty => "the log is empty",
        LogState::NotText => "the log is not text",
        LogState::NotYet => "there is no log yet",
        LogState::Refused(_) => "the log could not be read",
    };
    let sought = match evidence.sought.as_str() {
        "" => about.to_owned(),
        more => format!("{about}; {more}"),
    };
    let found = Evidence {
        sought: Clean::line(&sought),
        ..evidence
    }
    .weigh();
    Diagnosis {
        run: key.run.clone(),
        attempt: key.attempt,
        job: key.job,
        job_name: job.name,
        step: job.step,
        finished_at: job.finished_at,
        log,
        error: found.error,
        tests: found.tests,
        tests_failed: found.failed,
        tests_total: found.total,
        tests_from: found.from,
        signature: found.signature,
    }
}

/// Returns whether a diagnosis stands, so that nothing need be asked again.
///
/// A person who opens a long log wants more than its beginning.
pub fn holds(logs: &dyn LogCache, key: &LogKey, found: &Diagnosis, urgency: Urgency) -> bool {
    if found.is_beginning() && urgency == Urgency::Person {
        return false;
    }
    match found.log {
        LogState::Read { .. } => logs.has(key),
        LogState::Gone | LogState::Missing | LogState::Empty | LogState::NotText => true,
        LogState::NotYet | LogState::Refused(_) => false,
    }
}

/// Returns whether a fact is a diagnosis whose log is still on its way: it is no answer yet.
pub fn is_early(fact: &Fact) -> bool {
    matches!(fact, Fact::Diagnosis(found) if found.log == LogState::NotYet)
}

/// Returns a diagnosis as the answer to whoever opened the job.
pub fn told(fact: Arc<Fact>) -> Batch {
    Batch {
        facts: vec![Arc::unwrap_or_clone(fact)],
        ..Batch::default()
    }
}

/// Why there is no log, where that is no trouble on the way.
#[derive(Debug)]
pub enum Lost {
    /// It was deleted.
    Gone,
    /// It is not there, now or ever: [`absent`] tells which.
    Absent,
    /// It may not be read.
    Forbidden(SourceError),
}

/// Returns why a log was refused; trouble on the way is an error of the whole.
pub fn lost(failure: Failure) -> Result<Lost, Failure> {
    match (failure.status, failure.error) {
        (Some(410), _) => Ok(Lost::Gone),
        (_, SourceError::NotFound { .. }) => Ok(Lost::Absent),
        (_, error @ SourceError::Forbidden { .. }) => Ok(Lost::Forbidden(error)),
        (
            _,
            error @ (SourceError::Auth { .. }
            | SourceError::NoToken { .. }
            | SourceError::RateLimited { .. }
            | SourceError::Unreachable { .. }
            | SourceError::Unreadable { .. }
            | SourceError::Refused { .. }),
        ) => Err(Failure { error, ..failure }),
    }
}

/// Returns what it means that a log is not there: `ended` is when its job did, if it did, and
/// `wait` for how long after that it may still be on its way.
pub fn absent(ended: Option<Timestamp>, now: Timestamp, wait: TimeDelta) -> LogState {
    if ended.is_some_and(|at| now - at >= wait) {
        LogState::Missing
    } else {
        LogState::NotYet
    }
}

/// Returns whether only the log is read again: what is known of tests stays.
pub fn is_only_log(before: Option<&Diagnosis>) -> bool {
    before.is_some_and(keeps)
}

/// Returns the diagnosis that counts, where there was one before.
pub fn renewed(before: Option<Diagnosis>, found: Diagnosis) -> Diagnosis {
    match before {
        Some(before) if keeps(&before) => again(before, found),
        Some(_) | None => found,
    }
}

/// Returns whether what is known of tests stays when only the log is read again.
fn keeps(found: &Diagnosis) -> bool {
    match found.tests_from {
        TestsFrom::Report(_) | TestsFrom::Annotations => true,
        TestsFrom::Log | TestsFrom::Nowhere(_) => {
            matches!(found.log, LogState::Read { .. }) && !found.is_beginning()
        }
    }
}

/// Puts a log that was read again under what was known before.
fn again(before: Diagnosis, found: Diagnosis) -> Diagnosis {
    match found.log {
        LogState::Read { .. } => Diagnosis {
            log: found.log,
            error: found.error.or(before.error.clone()),
            signature: found.signature.or(before.signature.clone()),
            ..before
        },
        // It was read once: that it is gone now takes nothing back.
        LogState::Gone
        | LogState::Missing
        | LogState::Empty
        | LogState::NotText
        | LogState::NotYet
        | LogState::Refused(_) => Diagnosis {
            log: found.log,
            ..before
        },
    }
}

/// The diagnoses that a source made or was told of, bounded; what was forgotten is made again.
#[derive(Debug, Default)]
pub struct Diagnoses {
    facts: Recent<LogKey, Arc<Fact>, MOST_DIAGNOSES>,
}

impl Diagnoses {
    /// Keeps a diagnosis; no other fact.
    pub fn keep(&mut self, fact: &Arc<Fact>) {
        if let Fact::Diagnosis(found) = fact.as_ref() {
            self.facts.insert(found.log_key(), Arc::clone(fact));
        }
    }

    /// Returns what is known of a job, as the fact and as what is in it.
    pub fn of(&self, key: &LogKey) -> Option<(Arc<Fact>, Diagnosis)> {
        let fact = self.facts.get(key)?;
        Some((Arc::clone(fact), diagnosis(fact)?))
    }

    /// Forgets a repository.
    pub fn forget(&mut self, repo: &RepoKey) {
        self.facts.retain(|log, _| log.run.repo != *repo);
    }
}

/// Returns the diagnosis in a fact.
pub fn diagnosis(fact: &Fact) -> Option<Diagnosis> {
    if let Fact::Diagnosis(found) = fact {
        return Some(found.as_ref().clone());
    }
    None
}

#[cfg(test)]
#[path = "job_log_tests.rs"]
mod tests;
