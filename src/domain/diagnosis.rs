//! Why one job failed: first error, failing tests and signature, found in its
//! log, its annotations and its test reports.
//!
//! A fact beside the job: adapters make it once, as a finished job never
//! changes. It holds findings, never the log itself.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::run::RunKey;
use crate::domain::text::Clean;

/// Which log: that of one job of one attempt of a run.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct LogKey {
    /// The run.
    pub run: RunKey,
    /// Which attempt.
    pub attempt: u32,
    /// The job.
    pub job: u64,
}

/// What was found about one finished job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The run it belongs to.
    pub run: RunKey,
    /// Which attempt of the run.
    pub attempt: u32,
    /// The identity that the CI gives the job.
    pub job: u64,
    /// Name of the job.
    pub job_name: Clean,
    /// Number and name of the step that failed, where it is known.
    pub step: Option<(u32, Clean)>,
    /// When the job ended.
    pub finished_at: Option<Timestamp>,
    /// What came of its log.
    pub log: LogState,
    /// The first error.
    pub error: Option<FoundError>,
    /// Tests that failed, in the order of the report, at most [`Diagnosis::MOST_TESTS`].
    pub tests: Vec<FailedTest>,
    /// How many tests failed, those that are not listed included.
    pub tests_failed: Option<u64>,
    /// How many tests ran, where a report tells it.
    pub tests_total: Option<u64>,
    /// Where the tests are known from, or why they are not.
    pub tests_from: TestsFrom,
    /// What this failure has in common with others of its kind.
    pub signature: Option<Signature>,
}

impl Diagnosis {
    /// Returns whether only the beginning of its log was read, as nobody waited for the rest.
    pub fn is_beginning(&self) -> bool {
        match self.log {
            LogState::Read { bytes, cut, .. } => cut && bytes < Self::MOST_BYTES,
            LogState::Gone
            | LogState::Missing
            | LogState::Empty
            | LogState::NotText
            | LogState::NotYet
            | LogState::Refused(_) => false,
        }
    }

    /// Returns which log it was found in.
    pub fn log_key(&self) -> LogKey {
        LogKey {
            run: self.run.clone(),
            attempt: self.attempt,
            job: self.job,
        }
    }

    /// How many failing tests are kept.
    pub const MOST_TESTS: usize = 200;
    /// How many bytes of a log are read for a person.
    pub const MOST_BYTES: u64 = 256 * 1024 * 1024;
    /// How many bytes of a log are read while nobody waits for it.
    pub const UNASKED_BYTES: u64 = 16 * 1024 * 1024;
}

/// What came of a job's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogState {
    /// It was read.
    Read {
        /// Lines.
        lines: u64,
        /// Bytes, before anything was left out.
        bytes: u64,
        /// Whether its end was left out because of its size.
        cut: bool,
    },
    /// The server keeps it no longer.
    Gone,
    /// The job has ended and the server has none.
    Missing,
    /// It has no content.
    Empty,
    /// It is not text.
    NotText,
    /// The server has none yet.
    NotYet,
    /// It could not be read; the sentence says why.
    Refused(Clean),
}

/// The first error of a log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FoundError {
    /// Its line in the log, from 1; 0 where it is known from an annotation only.
    pub line: u64,
    /// The tool that reported it, e.g. `cargo`, `pytest`, or `ci` for a mark of the CI itself.
    pub tool: Clean,
    /// Its code, e.g. `E0308`, `TS2345`, `exit 101`.
    pub code: Option<Clean>,
    /// The error in one line.
    pub text: Clean,
    /// The file that it names.
    pub file: Option<Clean>,
    /// The line in that file.
    pub row: Option<u64>,
    /// The lines that belong to it, at most 40.
    pub block: Vec<Clean>,
    /// Whether it is only a guess, as no mark and no known tool names it.
    pub guess: bool,
}

/// One failing test.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FailedTest {
    /// Its full name as its tool prints it, e.g. `pay::retry_after_timeout`.
    pub name: Clean,
    /// The suite, class or file that it belongs to, where the name does not say it.
    pub suite: Option<Clean>,
    /// What it said.
    pub message: Clean,
    /// How long it took, in seconds.
    pub seconds: Option<f64>,
    /// The file.
    pub file: Option<Clean>,
    /// The line in that file.
    pub row: Option<u64>,
    /// Its line in the log, from 1, where it is known.
    pub line: Option<u64>,
}

/// Where failing tests are known from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestsFrom {
    /// Annotations of the job.
    Annotations,
    /// A `JUnit` report in this artifact.
    Report(Clean),
    /// Patterns in the log.
    Log,
    /// Nothing tells of tests; the sentence says what was looked at.
    Nowhere(Clean),
}

/// What failures of the same kind have in common.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// A stable fingerprint of tool, code, test and message without numbers, paths, hashes, times.
    pub id: u64,
    /// The same for people, e.g. `cargo E0308 mismatched types`.
    pub text: Clean,
}
