//! The log of a finished job on its way to a diagnosis: what all CI systems share.
//!
//! Streams the log through the cache and the reader of logs, and weighs it together
//! with what else tells of the job. Knows no route and no system; how a log is
//! asked for, and what its absence means, is the adapter's to say.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState, TestsFrom};
use crate::domain::text::Clean;
use crate::log::MAX_BYTES;
use crate::sources::evidence::Evidence;
use crate::sources::http::{Client, Failure, Request, Streamed, Urgency};
use crate::sources::inspect::{Looked, take_in};
use crate::sources::logs::LogCache;

/// How many parts of a log wait for the disk.
const WAITING: usize = 4;

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

/// Returns whether what is known of tests stays when only the log is read again.
pub fn keeps(found: &Diagnosis) -> bool {
    match found.tests_from {
        TestsFrom::Report(_) | TestsFrom::Annotations => true,
        TestsFrom::Log | TestsFrom::Nowhere(_) => {
            matches!(found.log, LogState::Read { .. }) && !found.is_beginning()
        }
    }
}

/// Puts a log that was read again under what was known before.
pub fn again(before: Diagnosis, found: Diagnosis) -> Diagnosis {
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
