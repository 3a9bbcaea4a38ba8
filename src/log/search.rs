//! Search in a whole log: an expression, smart case, every match counted.
//!
//! Works block by block, so that whoever runs it can stop between two; the
//! expression runs over many lines at once, never line by line.

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};
use regex::bytes::{Regex, RegexBuilder};

/// The most lines with matches that are kept; more are only counted.
pub const MAX_MATCHES: usize = 100_000;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

/// Bytes of a line that a match may span when its line is longer than a block.
const OVERLAP: usize = 4 * 1024;

/// Why an expression cannot be searched for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason} at character {at}")]
pub struct QueryError {
    /// What is wrong, lower case, in one line.
    pub reason: String,
    /// Where, counted in characters from 1.
    pub at: usize,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Query {
    regex: Regex,
}

/// The text says it all: whether case matters follows from it.
impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for Query {}

impl Query {
    /// Returns the expression as it was written.
    pub fn text(&self) -> &str {
        self.regex.as_str()
    }

    /// Reads an expression; without a capital letter, case does not matter.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let smart = !has_capital(text);
        RegexBuilder::new(text)
            .case_insensitive(smart)
            .multi_line(true)
            .crlf(true)
            .unicode(!text.is_ascii())
            .size_limit(1 << 20)
            .dfa_size_limit(4 << 20)
            .build()
            .or_else(|error| {
                if text.is_ascii() {
                    unicode(text, smart)
                } else {
                    Err(error)
                }
            })
            .map(|regex| Self { regex })
            .map_err(|error| explain(&error))
    }

    /// Returns where the matches in a text are, in bytes; for drawing a line.
    pub fn ranges(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let found = self.regex.find_iter(text.as_bytes());
        found
            .map(|found| found.range())
            .filter(|range| !range.is_empty())
            .collect()
    }
}

fn unicode(text: &str, smart: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .case_insensitive(smart)
        .multi_line(true)
        .crlf(true)
        .size_limit(1 << 20)
        .build()
}

/// Returns whether an expression asks for a capital letter; `\S` and the like do not.
fn has_capital(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let is_plain = !escaped;
        escaped = c == '\\' && !escaped;
        is_plain && c.is_uppercase()
    })
}

/// Says what is wrong in one line; the position is where the caret of the full text stands.
fn explain(error: &regex::Error) -> QueryError {
    if let regex::Error::CompiledTooBig(_) = error {
        return QueryError {
            reason: "the expression is too large".to_owned(),
            at: 1,
        };
    }
    let text = error.to_string();
    let caret = text.lines().find(|line| line.trim_start().starts_with('^'));
    let column = caret.and_then(|line| line.find('^')).unwrap_or(4);
    let reason = text.lines().last().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason).to_owned();
    QueryError {
        reason,
        at: column.saturating_sub(3).max(1),
    }
}

/// A search that goes on; it may be asked for what it has found at any time.
#[derive(Clone, Debug)]
pub struct Matches {
    query: Query,
    /// Lines with matches, ascending, each once; at most [`MAX_MATCHES`].
    lines: Vec<u64>,
    count: u64,
    /// The line that comes next; not counted on once no more lines are kept.
    line: u64,
    carry: Vec<u8>,
    /// Where in the carry the search goes on, in a line longer than a block.
    from: usize,
    is_done: bool,
}

impl Matches {
    /// Begins a search at the start of a log.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            lines: Vec::new(),
            count: 0,
            line: 0,
            carry: Vec::new(),
            from: 0,
            is_done: false,
        }
    }

    /// Searches the next block of at most 1 MiB; returns whether there is more.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn advance(&mut self, reader: &mut impl Read) -> io::Result<bool> {
        if self.is_done {
            return Ok(false);
        }
        let kept = self.carry.len();
        self.carry.resize(kept + BLOCK, 0);
        let mut filled = kept;
        while let Some(room) = self.carry.get_mut(filled..).filter(|room| !room.is_empty()) {
            match reader.read(room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.is_done = filled < self.carry.len();
        self.carry.truncate(filled);
        self.search();
        Ok(!self.is_done)
    }

    /// Searches all that is left.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn finish(mut self, reader: &mut impl Read) -> io::Result<Self> {
        while self.advance(reader)? {}
        Ok(self)
    }

    /// Returns the lines with matches so far, counted from 0.
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// Returns how many matches were found so far, those on lines that are not kept included.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns whether the whole log was searched.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Returns the next line with a match behind `line`, from the start again where there is none.
    pub fn next(&self, line: u64) -> Option<u64> {
        let after = self.lines.partition_point(|at| *at <= line);
        self.lines.get(after).or(self.lines.first()).copied()
    }

    /// Returns the line with a match before `line`, from the end again where there is none.
    pub fn previous(&self, line: u64) -> Option<u64> {
        let before = self.lines.partition_point(|at| *at < line);
        let found = before.checked_sub(1).and_then(|at| self.lines.get(at));
        found.or(self.lines.last()).copied()
    }

    fn search(&mut self) {
        let bytes = std::mem::take(&mut self.carry);
        let whole = match memrchr(b'\n', &bytes) {
            _ if self.is_done => bytes.len(),
            Some(at) => at + 1,
            // One line without end: what a match may still need stays.
            None => bytes.len().saturating_sub(OVERLAP),
        };
        let (ready, rest) = bytes.split_at(whole);
        let mut counted = 0;
        let found = self
            .query
            .regex
            .find_iter(if rest.is_empty() || ready.ends_with(b"\n") {
                ready
            } else {
                &bytes
            });
        let mut behind = whole;
        for found in found {
            if found.start() < self.from || found.is_empty() {
                continue;
            }
            if found.start() >= whole {
                break;
            }
            behind = behind.max(found.end());
            self.count += 1;
            if self.lines.len() >= MAX_MATCHES {
                continue; // where they are is not kept any more
            }
            let gap = ready.get(counted..found.start()).unwrap_or_default();
            self.line += memchr_iter(b'\n', gap).count() as u64;
            counted = found.start();
            if self.lines.last() != Some(&self.line) {
                self.lines.push(self.line);
            }
        }
        if self.lines.len() < MAX_MATCHES {
            let gap = ready.get(counted..).unwrap_or_default();
            self.line += memchr_iter(b'\n', gap).count() as u64;
        }
        self.from = behind - whole;
        self.carry = rest.to_vec();
    }
}
