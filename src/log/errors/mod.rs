//! Errors of a log: what was found on the way in, read back in full, and which is first.
//!
//! The index keeps one line an error; [`errors`] reads the lines around and
//! makes a [`LogError`] with its block and its place.
//!
//! # Which error is first
//!
//! Every row of the tables has a rank, its [`Confidence`]: an exit mark (the server says that the
//! step failed) < a summary (a tool gives up over what it said before) < what may be noise < a
//! cause (a tool says what is wrong) < a verdict (the server says why it ended the job). What
//! was tried again is no more than noise. [`first_error`] looks in the step that
//! failed, before its exit mark, and takes the first line of the highest rank there; the mark
//! itself only where no line tells anything. Refinements:
//!
//! * A code says what to look for: after 137 a line about memory comes before all others, after
//!   127 the last one about a program that is not there, after 124 one about time.
//! * Buildbot ends every command with a mark; the last that is not 0 counts, with what is behind the one before.
//! * `cargo` names a failed test first and says behind all tests where and why it panicked: that counts.
//! * In a job without steps of its own (GitLab), the section of its script is the step.

#[cfg(test)]
mod tests;

use std::io::{self, Read, Seek};
use std::ops::Range;

use regex::Captures;

use crate::domain::text::Clean;
use crate::log::block;
use crate::log::index::Index;
use crate::log::marks::{Mark, Marked};
use crate::log::patterns::{BUILDBOT, CARGO, CI, ErrorKind, Pattern, RUST};
use crate::log::secrets::mask;
use crate::log::section::Section;

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
    /// A tool gives up over something that it or another one said before.
    Summary,
    /// It may be noise, or was tried again.
    Weak,
    /// A tool said so in its own words.
    Likely,
    /// The server marked it, or says itself why it ended the job.
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
    /// How sure its row is, whatever the server marked.
    own: Confidence,
    pub(super) pattern: u16,
}

/// Returns what the first of some groups holds that holds anything.
fn group<'a>(found: &Captures<'a>, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|name| found.name(name));
    texts
        .map(|m| m.as_str().trim())
        .find(|text| !text.is_empty())
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
        let group = |name| group(found, &[name]);
        let whole = || found.get(0).map_or("", |m| m.as_str()).trim();
        let text = self::group(found, &["text", "text2", "text3"]).unwrap_or_else(whole);
        Self {
            line,
            tool: pattern.tool,
            kind: pattern.kind,
            confidence: pattern.confidence,
            code: self::group(found, &["code", "code2"]).map(Clean::line),
            text: Clean::line(text),
            file: group("file").map(Clean::line),
            row: group("row").and_then(|row| row.parse().ok()),
            own: pattern.confidence,
            pattern: row,
        }
    }

    /// Takes over that the server marked the line as an error.
    pub(super) fn mark(&mut self, marked: &Marked<'_>) {
        if marked.mark == Mark::Error && self.confidence >= Confidence::Weak {
            self.own = self.own.max(Confidence::Likely);
            self.confidence = Confidence::Certain;
        }
        self.place(marked);
    }

    /// What the server marked and no row knows.
    pub(super) fn marked(line: u64, text: &str, marked: &Marked<'_>) -> Self {
        let mut hit = Self {
            line,
            tool: CI,
            kind: ErrorKind::Marked,
            confidence: Confidence::Certain,
            code: None,
            text: Clean::line(text.trim()),
            file: None,
            row: None,
            own: Confidence::Likely,
            pattern: NO_ROW,
        };
        hit.place(marked);
        hit
    }

    /// Takes over the place that the server says.
    fn place(&mut self, marked: &Marked<'_>) {
        if let Some(file) = marked.place.file {
            self.file = Some(Clean::line(file));
            self.row = marked.place.row;
        }
    }

    /// Whether the server says with it that the step failed, and no more.
    fn is_exit_mark(&self) -> bool {
        self.confidence == Confidence::Exit
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

/// Returns the error that tells best why the job failed; the rule is in the head of this file.
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

/// Returns the number of the error at or before a line, from 1, and how many there are.
///
/// Counts the lines that [`next_error`] and [`previous_error`] stop at; 0 before the first.
pub fn error_place(index: &Index, line: u64) -> Option<(usize, usize)> {
    let all = steps(index).count();
    let before = steps(index).take_while(|at| *at <= line).count();
    (all > 0).then_some((before, all))
}

/// The lines that `next` and `previous` stop at: exit marks and summaries only where there is nothing else.
fn steps(index: &Index) -> impl Iterator<Item = u64> {
    let most = index.hits.iter().map(|hit| hit.confidence).max();
    let least = most.map_or(Confidence::Exit, |most| most.min(Confidence::Weak));
    index
        .hits
        .iter()
        .filter(move |hit| hit.confidence >= least)
        .map(|hit| hit.line)
}

fn choose(index: &Index) -> Option<&Hit> {
    let hits = index.hits.as_slice();
    let Some((exit, step)) = end(index) else {
        let weigh = |hit: &Hit| hit.weighed(index);
        let found = best(hits.iter(), weigh)?;
        return told_later(found, hits, weigh).or(Some(found));
    };
    let before = within(hits, step.start..step.end.min(exit.line));
    if let Some(proven) = proven(exit, before) {
        return Some(proven);
    }
    // A mark that a tool asks for weighs what its own words do.
    let in_step = |hit: &Hit| hit.weighed(index).min(hit.own);
    let found = best(before.iter(), in_step);
    if let Some(found) = found.filter(|hit| hit.confidence > Confidence::Exit) {
        return told_later(found, before, in_step).or(Some(found));
    }
    let behind = hits.iter().filter(|hit| hit.line > exit.line);
    let behind = best(behind, |hit| hit.weighed(index));
    let behind = behind.filter(|hit| hit.confidence == Confidence::Certain);
    found.or(behind).or(Some(exit))
}

/// Returns the exit mark of the step that failed, and the lines of that step.
///
/// The first mark is the one, as what comes behind only cleans up; but for Buildbot, where the
/// commands before the last failed without harm.
fn end(index: &Index) -> Option<(&Hit, Range<u64>)> {
    let mut marks = index.hits.iter().filter(|hit| hit.is_exit_mark());
    let first = marks.next()?;
    if first.tool != BUILDBOT {
        return Some((first, step_of(index, first.line)));
    }
    let mut from = 0;
    let mut last = first;
    for mark in marks.filter(|mark| mark.tool == BUILDBOT) {
        (from, last) = (last.line + 1, mark);
    }
    Some((last, from..last.line + 1))
}

/// Returns the hits on some lines.
fn within(hits: &[Hit], lines: Range<u64>) -> &[Hit] {
    let from = hits.partition_point(|hit| hit.line < lines.start);
    let to = hits.partition_point(|hit| hit.line < lines.end);
    hits.get(from..to.max(from)).unwrap_or_default()
}

/// Returns the hit that the code of the exit mark speaks of.
fn proven<'a>(exit: &Hit, before: &'a [Hit]) -> Option<&'a Hit> {
    let of = |hit: &&Hit, kind: ErrorKind| hit.kind == kind && hit.confidence >= Confidence::Likely;
    match exit.code.as_deref()? {
        "137" => before.iter().find(|hit| of(hit, ErrorKind::Memory)),
        "124" => before.iter().find(|hit| of(hit, ErrorKind::Timeout)),
        // What comes behind the command that is missing does not run.
        "127" => before
            .iter()
            .rfind(|hit| of(hit, ErrorKind::MissingCommand)),
        _ => None,
    }
}

/// Returns the first of the hits that weigh most.
fn best<'a>(
    hits: impl Iterator<Item = &'a Hit>,
    weigh: impl Fn(&Hit) -> Confidence,
) -> Option<&'a Hit> {
    let mut best: Option<(Confidence, &Hit)> = None;
    for hit in hits {
        let weight = weigh(hit);
        if best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, hit));
        }
    }
    best.map(|(_, hit)| hit)
}

/// Returns the panic that a test of `cargo` tells of behind the list of tests: where, and why.
fn told_later<'a>(
    found: &Hit,
    hits: &'a [Hit],
    weigh: impl Fn(&Hit) -> Confidence,
) -> Option<&'a Hit> {
    let is_bare = found.tool == CARGO && found.kind == ErrorKind::Test;
    let least = weigh(found);
    hits.iter().filter(|_| is_bare).find(|hit| {
        hit.line > found.line
            && hit.tool == RUST
            && hit.kind == ErrorKind::Crash
            && weigh(hit) >= least
    })
}

/// Returns the lines of the step that a line lies in; all lines where there are no steps.
fn step_of(index: &Index, line: u64) -> Range<u64> {
    let all = index.sections();
    let mut at = index.section_at(line);
    let mut step = None;
    while let Some(section) = at.and_then(|at| all.get(at)) {
        step = Some(section);
        at = section.parent;
    }
    // GitLab puts its mark behind all sections; the last script before it is the one, unless what
    // came behind that tells of an error itself.
    let script = all.iter().rfind(|section| section.is_script);
    let tells = |section: &Section| {
        let lines = section.start..section.end.unwrap_or(u64::MAX);
        let mut hits = within(&index.hits, lines).iter();
        hits.any(|hit| hit.confidence > Confidence::Exit)
    };
    let is_silent = |step: &Section| {
        let ended = script.and_then(|script| script.end);
        ended.is_some_and(|end| step.start >= end) && !tells(step)
    };
    let step = step.filter(|step| !is_silent(step)).or(script);
    step.map_or(0..u64::MAX, |section| {
        section.start..section.end.unwrap_or(u64::MAX)
    })
}

fn in_full<R: Read + Seek>(index: &Index, reader: &mut R, hit: &Hit) -> io::Result<LogError> {
    let found = block::read(index, reader, hit)?;
    Ok(LogError {
        line: found.line,
        tool: hit.tool,
        kind: hit.kind,
        confidence: hit.weighed(index),
        code: found.code.or_else(|| hit.code.clone()).as_ref().map(mask),
        text: mask(&found.text.unwrap_or_else(|| hit.text.clone())),
        file: hit.file.clone().or(found.file).as_ref().map(mask),
        row: hit.row.or(found.row),
        block: found.block,
    })
}
