//! A log on its way in: written to the cache, read for errors and tests meanwhile.
//!
//! Runs on a thread that may block. Knows no forge; what comes of the findings
//! together with annotations and reports is said in `evidence`.

use std::io;

use tokio::sync::{mpsc, oneshot};

use crate::domain::diagnosis::{LogKey, LogState};
use crate::domain::text::Clean;
use crate::log::{Content, FailedTest, Intake, LogError, failed_tests, first_error, window};
use crate::sources::http::Streamed;
use crate::sources::logs::{LogCache, LogWriter};

/// How many lines of an error are kept.
const MOST_LINES: u64 = 40;

/// What a log told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// What came of it.
    pub log: LogState,
    /// The error that tells best why the job failed.
    pub error: Option<LogError>,
    /// The lines of that error.
    pub block: Vec<Clean>,
    /// Failing tests.
    pub tests: Vec<FailedTest>,
}

impl Looked {
    /// Returns what is known without a log.
    pub fn without(log: LogState) -> Self {
        Self {
            log,
            error: None,
            block: Vec::new(),
            tests: Vec::new(),
        }
    }
}

/// Takes a log in, part by part, and keeps it if `verdict` says that it came whole.
///
/// Blocks; returns nothing where the transfer failed. Nothing is left then.
pub fn take_in(
    logs: &dyn LogCache,
    key: &LogKey,
    mut parts: mpsc::Receiver<Vec<u8>>,
    verdict: oneshot::Receiver<Streamed>,
) -> io::Result<Option<Looked>> {
    let Some(first) = parts.blocking_recv() else {
        let came = verdict.blocking_recv().is_ok();
        return Ok(came.then(|| Looked::without(LogState::Empty)));
    };
    let mut writer = logs.begin(key)?;
    let mut intake = Intake::new(&mut *writer);
    intake.push(&first)?;
    drop(first);
    while let Some(part) = parts.blocking_recv() {
        intake.push(&part)?;
    }
    let Ok(streamed) = verdict.blocking_recv() else {
        return Ok(None);
    };
    let index = intake.finish()?;
    match index.content() {
        Content::Text | Content::Utf16 => {}
        Content::Archive | Content::Binary => {
            return Ok(Some(Looked::without(LogState::NotText)));
        }
    }
    let error = first_error(&index, &mut writer)?;
    let tests = failed_tests(&index, &mut writer)?;
    let block = match &error {
        Some(error) => lines(&index, &mut writer, error)?,
        None => Vec::new(),
    };
    let counts = index.counts();
    writer.keep()?;
    Ok(Some(Looked {
        log: LogState::Read {
            lines: counts.lines,
            bytes: counts.bytes,
            cut: streamed.cut || counts.cut > 0,
        },
        error,
        block,
        tests,
    }))
}

/// Reads the lines of an error; a long block is cut around the line that says it.
fn lines(
    index: &crate::log::Index,
    writer: &mut Box<dyn LogWriter>,
    error: &LogError,
) -> io::Result<Vec<Clean>> {
    let block = &error.block;
    let late = error.line.saturating_sub(MOST_LINES / 2);
    let start = if block.end.saturating_sub(block.start) <= MOST_LINES {
        block.start
    } else {
        late.clamp(block.start, block.end.saturating_sub(MOST_LINES))
    };
    let end = block.end.min(start + MOST_LINES);
    let shown = window(index, writer, start..end)?;
    Ok(shown.iter().map(|l| Clean::line(&l.text())).collect())
}
