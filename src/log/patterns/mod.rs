//! What errors look like: one row for each thing that a tool says.
//!
//! A line is looked at only if one of [`TRIGGERS`] is in it, and a row only if
//! one of its needles is. Rows are matched on text without escapes, time stamps
//! and names of containers. The tables are in the files beside this one.

mod beside;
mod build;
mod ends;
mod harmless;
mod machine;
mod rules;
mod runtimes;
mod tools;

#[cfg(test)]
mod tests;

pub(super) use crate::log::patterns::harmless::is_harmless;
pub(super) use crate::log::patterns::rules::{Rule, rules};

use crate::log::errors::Confidence;

/// The tool of rows that stand for the server itself.
pub(super) const CI: &str = "ci";

/// The server whose logs hold several commands, with an exit mark behind each.
pub(super) const BUILDBOT: &str = "buildbot";

/// The tool that lists tests by name alone, and what it lists.
pub(super) const CARGO: &str = "cargo";

/// The tool of rows that stand for a panic.
pub(super) const RUST: &str = "rust";

/// What kind of failure an error is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ErrorKind {
    /// Source text that does not compile or link.
    Compile,
    /// A linter or a type checker that complains.
    Lint,
    /// A test that fails.
    Test,
    /// A program that crashed.
    Crash,
    /// A build tool that gives up.
    Build,
    /// Dependencies that cannot be had.
    Dependency,
    /// Infrastructure that cannot be changed as planned.
    Infrastructure,
    /// Version control that refuses.
    Git,
    /// Out of memory, or killed.
    Memory,
    /// Took too long.
    Timeout,
    /// A secret or a right to log in is missing.
    Secret,
    /// A name that does not resolve, a connection that breaks, a server that is overloaded.
    Network,
    /// A disk that is full.
    Disk,
    /// A file that may not be read or written.
    Permission,
    /// A program that is not there.
    MissingCommand,
    /// The machine that ran the job is gone.
    Runner,
    /// A command that ended with a code other than 0, and nothing more.
    Exit,
    /// What the server marks as an error without more.
    Marked,
    /// Anything that says "error".
    Other,
}

/// Which lines belong to an error, counted from the line that matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// That line alone.
    Line,
    /// So many lines before and behind.
    Around(u64, u64),
    /// Up to the next blank line.
    Blank,
    /// To the end of the frame that is drawn at its left, blank lines included.
    Framed,
    /// The lines behind that are indented, and blank ones between them.
    Indented,
    /// Indented lines, then the one that says what happened: its text is the error's.
    Traceback,
    /// The next line that is not blank says what happened, up to a blank line.
    Headline,
    /// Back to the last line that begins at the margin, where the file is named.
    Listed,
}

/// One thing that a tool says when it fails.
pub(super) struct Pattern {
    /// The tool, as people call it.
    pub(super) tool: &'static str,
    /// Texts of which one must be in the line.
    pub(super) needles: &'static [&'static str],
    /// What the line looks like; groups `code`, `text`, `file`, `row`; also `text2`, `text3`, `code2` in other branches.
    pub(super) regex: &'static str,
    pub(super) kind: ErrorKind,
    pub(super) confidence: Confidence,
    pub(super) shape: Shape,
}

/// A row of a table, short to write.
pub(super) const fn row(
    tool: &'static str,
    needles: &'static [&'static str],
    regex: &'static str,
    kind: ErrorKind,
    confidence: Confidence,
    shape: Shape,
) -> Pattern {
    Pattern {
        tool,
        needles,
        regex,
        kind,
        confidence,
        shape,
    }
}

/// All rows; where several match a line, the first counts.
pub(super) fn patterns() -> impl Iterator<Item = &'static Pattern> {
    let ends = ends::ROWS.iter();
    ends.chain(machine::ROWS)
        .chain(tools::ROWS)
        .chain(runtimes::ROWS)
        .chain(build::ROWS)
}

/// What says that something will be tried again.
pub(super) const RETRIES: &[&str] = &[
    "Retrying",
    "retrying",
    "will retry",
    "RETRY ",
    "Waiting and retrying",
    "Trying again",
    "trying again",
    "retry attempt",
];

/// What servers lead a line with to mark it.
pub(super) const MARKS: &[&str] = &[
    "##[group",
    "##[endgroup",
    "##[warning",
    "##[section",
    "##[error",
    "##vso[",
    "::warning",
    "::error",
    "::notice",
    "::group::",
    "::endgroup::",
    "section_start:",
    "section_end:",
    "Post job cleanup",
    "Cleaning up orphan",
    " PRIVATE KEY",
];

/// Texts of which one is in every line that is worth a look.
///
/// At least four bytes each: the search for all of them at once needs that to be fast.
pub(super) const TRIGGERS: &[&str] = &[
    "##[group",
    "##[endgroup",
    "##[warning",
    "##[section",
    "##vso[",
    "::warning",
    "::notice",
    "::group::",
    "::endgroup::",
    "section_",
    "Post job cleanup",
    "Cleaning up orphan",
    "error",
    "Error",
    "ERROR",
    "ERR!",
    "ERR_",
    "fail",
    "Fail",
    "FAIL",
    "fatal",
    "panic",
    "xception",
    "raceback",
    "undefined ",
    "ndefined symbol",
    "cannot find",
    ".go:",
    ".kt:",
    ".kts:",
    "went wrong",
    " *** ",
    "CONFLICT",
    "Killed",
    "killed",
    "emory",
    "exceeded",
    "longer than",
    "imed out",
    "canceled",
    "not supplied",
    "redential",
    "nauthorized",
    "denied",
    "resol",
    "ENOTFOUND",
    "refused",
    "REFUSED",
    "reset by",
    "CONNRESET",
    "imeout",
    "ertificate",
    "Too Many",
    "toomany",
    "navailable",
    "unreachable",
    "No space",
    "ENOSPC",
    "quota",
    "EACCES",
    "not found",
    "not recognized",
    "shutdown signal",
    "lost",
    "exit code",
    "exit status",
    "exited with",
    "etry",
    "RETRY",
    "rying again",
    "\u{25cf} ",
    "returned a non",
    "LIFECYCLE",
    " stdout ----",
    "STDOUT:",
    "stdout ─",
    "stderr ─",
    "STDERR:",
    "____ ",
    "Segmentation",
    "code 1",
    "TIMEOUT",
    "SIGSEGV",
    "Cannot connect",
    "oom-kill",
    "oom_reaper",
    "signal: ",
    "ould not",
    "no such host",
    "ETIMEDOUT",
    "Gateway",
    "SIGABRT",
    "multiple definition",
    "ld returned",
    "linking with",
    "vet: ",
    "no required module",
    "missing go.sum",
    ".java:",
    "did not complete",
    "manifest ",
    "\u{27a4} YN",
    "FATAL",
    "assert ",
    "FLAKY ",
    "is not set",
    "unbound",
    "null or not set",
    "orbidden",
    "not accessible",
    "ervice not known",
    "EAI_AGAIN",
    "hang up",
    "o route to",
    "curl: (",
    "Internal Server",
    "core dumped",
    "not ok ",
    "E: Unable",
    "No such file",
    "called after",
    "PRIVATE KEY",
];
