//! Errors of a log: what was found on the way in, read back in full, and which is first.
//!
//! The index keeps one line an error; [`errors`] reads the lines around and
//! makes a [`LogError`] with its block and its place.

use std::io::{self, Read, Seek};
use std::ops::Range;

use regex::Captures;

use crate::domain::text::Clean;
use crate::log::block;
use crate::log::index::Index;
use crate::log::marks::Marked;
use crate::log::patterns::{ErrorKind, Pattern};

/// The most errors that are kept; more are only counted.
pub const MAX_HITS: usize = 10_000;

/// A row that stands for a mark of the server.
pub(super) const NO_ROW: u16 = u16::MAX;

/// How many lines behind an error may say that it is tried again.
const RETRY_WITHIN: u64 = 30;

/// How sure it is that a line tells why a job failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Confidence {
    /// It only says that something failed, not what.
    Exit,
    /// It may be noise, or was tried again.
    Weak,
    /// A tool said so in its own words.
    Likely,
    /// The server marked it.
    Certain,
}

/// An error as it was found: one line, not yet its block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// The line, counted from 0.
    pub line: u64,
    /// The tool that speaks, e.g. `rustc`.
    pub tool: &'static str,
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// How sure that is.
    pub confidence: Confidence,
    /// The code that the tool gives it: `E0308`, `TS2345`, `137`.
    pub code: Option<Clean>,
    /// What it says.
    pub text: Clean,
    /// The file that it names.
    pub file: Option<Clean>,
    /// The line in that file, from 1.
    pub row: Option<u32>,
    pub(super) pattern: u16,
}

/// An error with the lines that belong to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogError {
    /// The line that says what went wrong, counted from 0.
    pub line: u64,
    /// The tool that speaks, e.g. `rustc`.
    pub tool: &'static str,
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// How sure that is; what was tried again is [`Confidence::Weak`].
    pub confidence: Confidence,
    /// The code that the tool gives it: `E0308`, `TS2345`, `137`.
    pub code: Option<Clean>,
    /// What it says.
    pub text: Clean,
    /// The file that it names.
    pub file: Option<Clean>,
    /// The line in that file, from 1.
    pub row: Option<u32>,
    /// All lines that belong to it.
    pub block: Range<u64>,
}

impl Hit {
    pub(super) fn new(line: u64, row: u16, pattern: &Pattern, found: &Captures<'_>) -> Self {
        let group = |name| found.name(name).map(|m| m.as_str().trim());
        let whole = || found.get(0).map_or("", |m| m.as_str()).trim();
        let text = group("text")
            .filter(|text| !text.is_empty())
            .unwrap_or_else(whole);
        Self {
            line,
            tool: pattern.tool,
            kind: pattern.kind,
            confidence: pattern.confidence,
            code: group("code").map(Clean::line),
            text: Clean::line(text),
            file: group("file").map(Clean::line),
            row: group("row").and_then(|row| row.parse().ok()),
            pattern: row,
        }
    }

    /// What the server marked and no row knows.
    pub(super) fn marked(line: u64, text: &str, marked: &Marked<'_>) -> Self {
        let mut hit = Self {
            line,
            tool: "ci",
            kind: ErrorKind::Marked,
            confidence: Confidence::Certain,
            code: None,
            text: Clean::line(text.trim()),
            file: None,
            row: None,
            pattern: NO_ROW,
        };
        hit.place(marked);
        hit
    }

    /// Takes over the place that the server says.
    pub(super) fn place(&mut self, marked: &Marked<'_>) {
        if let Some(file) = marked.place.file {
            self.file = Some(Clean::line(file));
            self.row = marked.place.row;
        }
    }

    pub(super) fn memory(&self) -> usize {
        let texts = [Some(&self.text), self.code.as_ref(), self.file.as_ref()];
        size_of::<Self>()
            + texts
                .into_iter()
                .flatten()
                .map(|text| text.len() + 16)
                .sum::<usize>()
    }

    /// Returns how sure it is, given what was tried again behind it.
    fn weighed(&self, index: &Index) -> Confidence {
        let after = index.retries.partition_point(|line| *line <= self.line);
        let retried = index
            .retries
            .get(after)
            .is_some_and(|at| at - self.line <= RETRY_WITHIN);
        if retried {
            self.confidence.min(Confidence::Weak)
        } else {
            self.confidence
        }
    }
}

/// Returns the errors of a log in full, the first `most` of them.
///
/// Lines that lie in the block of the error before are part of it.
///
/// # Errors
///
/// What the reader says.
pub fn errors<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    most: usize,
) -> io::Result<Vec<LogError>> {
    let mut errors: Vec<LogError> = Vec::new();
    for hit in &index.hits {
        if errors.len() >= most {
            break;
        }
        let is_inside = errors.last().is_some_and(|last| {
            last.block.contains(&hit.line) && last.confidence >= hit.confidence
        });
        if !is_inside {
            errors.push(in_full(index, reader, hit)?);
        }
    }
    Ok(errors)
}

/// Returns the error that tells best why the job failed.
///
/// In the step that the server says failed: the first that it marked or that a
/// tool is known for, then what may be one, then what was tried again, then the
/// exit code. Without such a step, what the server marked comes first.
///
/// # Errors
///
/// What the reader says.
pub fn first_error<R: Read + Seek>(index: &Index, reader: &mut R) -> io::Result<Option<LogError>> {
    choose(index)
        .map(|hit| in_full(index, reader, hit))
        .transpose()
}

/// Returns the line of the next error behind a line.
pub fn next_error(index: &Index, line: u64) -> Option<u64> {
    steps(index).find(|at| *at > line)
}

/// Returns the line of the error before a line.
pub fn previous_error(index: &Index, line: u64) -> Option<u64> {
    steps(index).take_while(|at| *at < line).last()
}

/// The lines that `next` and `previous` stop at: exit codes only where there is nothing else.
fn steps(index: &Index) -> impl Iterator<Item = u64> {
    let told = index
        .hits
        .iter()
        .any(|hit| hit.confidence > Confidence::Exit);
    let least = if told {
        Confidence::Weak
    } else {
        Confidence::Exit
    };
    index
        .hits
        .iter()
        .filter(move |hit| hit.confidence >= least)
        .map(|hit| hit.line)
}

fn choose(index: &Index) -> Option<&Hit> {
    let hits = &index.hits;
    let exit = hits
        .iter()
        .find(|hit| hit.tool == "ci" && hit.kind == ErrorKind::Exit);
    if let Some(exit) = exit {
        let from = outermost(index, exit.line);
        let within = |hit: &&Hit| (from..exit.line).contains(&hit.line);
        let found = best(index, hits.iter().filter(within), |confidence| {
            confidence.min(Confidence::Likely)
        });
        if let Some(found) = found.filter(|hit| hit.confidence > Confidence::Exit) {
            return Some(found);
        }
        let beside = hits.iter().filter(|hit| hit.line > exit.line);
        let beside = best(index, beside, |c| c).filter(|hit| hit.confidence == Confidence::Certain);
        return found.or(beside).or(Some(exit));
    }
    best(index, hits.iter(), |confidence| confidence)
}

/// Returns the first of the hits that weigh most.
fn best<'a>(
    index: &Index,
    hits: impl Iterator<Item = &'a Hit>,
    weigh: impl Fn(Confidence) -> Confidence,
) -> Option<&'a Hit> {
    let mut best: Option<(Confidence, &Hit)> = None;
    for hit in hits {
        let weight = weigh(hit.weighed(index));
        if best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, hit));
        }
    }
    best.map(|(_, hit)| hit)
}

/// Returns where the outermost section begins that a line lies in; 0 where there are no steps.
fn outermost(index: &Index, line: u64) -> u64 {
    let mut at = index.section_at(line);
    let mut start = 0;
    while let Some(section) = at.and_then(|at| index.sections().get(at)) {
        start = section.start;
        at = section.parent;
    }
    start
}

fn in_full<R: Read + Seek>(index: &Index, reader: &mut R, hit: &Hit) -> io::Result<LogError> {
    let found = block::read(index, reader, hit)?;
    Ok(LogError {
        line: found.line,
        tool: hit.tool,
        kind: hit.kind,
        confidence: hit.weighed(index),
        code: found.code.or_else(|| hit.code.clone()),
        text: found.text.unwrap_or_else(|| hit.text.clone()),
        file: hit.file.clone().or(found.file),
        row: hit.row.or(found.row),
        block: found.block,
    })
}
