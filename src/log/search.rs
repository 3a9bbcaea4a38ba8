//! Search in a whole log: an expression, smart case, every line with a match.
//!
//! What counts is a line as it is shown: no stamp, no escape, no secret. As that is costly to
//! make, the expression first runs over the bytes of many lines at once; only lines that may
//! match are made. Works block by block, so that whoever runs it can stop between two.

use std::io::{self, Read};

use memchr::memchr;
use regex::bytes::{Regex, RegexBuilder};

use crate::domain::text::is_plain;
use crate::domain::text::redact::HIDDEN;
use crate::log::ansi::strip_into;
use crate::log::lines::PIECE;
use crate::log::lineset::LineSet;
use crate::log::raw::RawLine;
use crate::log::window::LogLine;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

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
    /// Whether a match in a part of a line is one in the whole line, too.
    is_local: bool,
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
            .map(|regex| Self {
                is_local: !looks_around(text) && !regex.is_match(HIDDEN.as_bytes()),
                regex,
            })
            .map_err(|error| explain(&error))
    }

    /// Returns whether a text has a match that can be seen.
    fn is_in(&self, text: &str) -> bool {
        let mut found = self.regex.find_iter(text.as_bytes());
        found.any(|found| !found.is_empty())
    }

    /// Returns where the matches in a text are, in bytes; for drawing a line.
    pub fn ranges(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let found = self.regex.find_iter(text.as_bytes());
        // Without Unicode an expression may match a part of a character; all of that is marked.
        let whole = |start, end| text.floor_char_boundary(start)..text.ceil_char_boundary(end);
        found
            .filter(|found| !found.is_empty())
            .map(|found| whole(found.start(), found.end()))
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

/// Returns whether an expression may ask what stands beside a match.
fn looks_around(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let was_escaped = escaped;
        escaped = c == '\\' && !escaped;
        match c {
            '^' | '$' => !was_escaped,
            'b' | 'B' | 'A' | 'z' | '<' | '>' => was_escaped,
            _ => false,
        }
    })
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
    lines: LineSet,
    /// The line that comes next.
    line: u64,
    /// What was read of it.
    carry: Vec<u8>,
    /// Bytes that were left out of the carry, behind its head: of a long line only the ends are shown.
    left_out: u64,
    flat: Flat,
    is_done: bool,
}

/// Lines of a block as text without escapes, for the expression to run over.
#[derive(Clone, Default, Debug)]
struct Flat {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`, its line end included.
    ends: Vec<usize>,
    plain: String,
}

impl Flat {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends a line; returns whether what is shown of it is a part of what was appended.
    fn push(&mut self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let from = self.bytes.len();
        let told = if is_plain(line) {
            self.bytes.extend_from_slice(line);
            true
        } else if let Ok(text) = std::str::from_utf8(line) {
            self.plain.clear();
            strip_into(text, &mut self.plain);
            self.bytes.extend_from_slice(self.plain.as_bytes());
            is_plain(self.plain.as_bytes())
        } else {
            false
        };
        if !told {
            self.bytes.truncate(from);
        }
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len());
        told
    }
}

impl Matches {
    /// Begins a search at the start of a log.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            lines: LineSet::default(),
            line: 0,
            carry: Vec::new(),
            left_out: 0,
            flat: Flat::default(),
            is_done: false,
        }
    }

    /// Goes on behind the lines that were whole when all was searched, as the log has grown; the
    /// reader has to stand there.
    pub fn grow(&mut self, whole: u64) {
        // The line that was not whole is looked at once more.
        self.lines.truncate(whole);
        self.line = whole;
        self.carry.clear();
        self.left_out = 0;
        self.is_done = false;
    }

    /// Searches the next block of at most 1 MiB; returns whether there is more.
    ///
    /// `hide` takes out of a line what is not shown of it.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn advance(
        &mut self,
        reader: &mut impl Read,
        hide: impl FnMut(&mut LogLine),
    ) -> io::Result<bool> {
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
        self.search(hide);
        Ok(!self.is_done)
    }

    /// Searches all that is left, as if nothing were hidden.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn finish(mut self, reader: &mut impl Read) -> io::Result<Self> {
        while self.advance(reader, |_| {})? {}
        Ok(self)
    }

    /// Returns the lines with matches so far.
    pub fn lines(&self) -> &LineSet {
        &self.lines
    }

    /// Returns whether the whole log was searched.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Searches the whole lines of the carry.
    fn search(&mut self, mut hide: impl FnMut(&mut LogLine)) {
        let bytes = std::mem::take(&mut self.carry);
        let mut flat = std::mem::take(&mut self.flat);
        flat.clear();
        let first = self.line;
        // Where lines that may match begin and end, with what was left out of them.
        let mut maybe: Vec<(u64, std::ops::Range<usize>, u64)> = Vec::new();
        let mut starts: Vec<usize> = Vec::new();
        let mut from = 0;
        while from < bytes.len() {
            let rest = bytes.get(from..).unwrap_or_default();
            let end = match memchr(b'\n', rest) {
                Some(at) => from + at + 1,
                None if self.is_done => bytes.len(),
                None => break,
            };
            let left_out = std::mem::take(&mut self.left_out);
            let line = bytes.get(from..end).unwrap_or_default();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let is_long = line.len() >= PIECE;
            let told = flat.push(if is_long { b"\xff" } else { line });
            if !told || !self.query.is_local {
                maybe.push((self.line, from..end, left_out));
            }
            starts.push(from);
            self.line += 1;
            from = end;
        }
        starts.push(from);
        if self.query.is_local {
            let found = found(&self.query.regex, &flat);
            maybe.extend(found.filter_map(|at| {
                let range = *starts.get(at)?..*starts.get(at + 1)?;
                Some((first + at as u64, range, 0))
            }));
        }
        for (number, range, left_out) in maybe {
            let bytes = bytes.get(range).unwrap_or_default();
            let mut line = LogLine::of(&RawLine::of(number, bytes, left_out));
            hide(&mut line);
            if self.query.is_in(&line.text()) {
                self.lines.insert(number);
            }
        }
        self.flat = flat;
        self.keep(bytes.get(from..).unwrap_or_default());
    }

    /// Keeps the beginning of a line whose end was not read yet; of a long one, what is shown of it.
    fn keep(&mut self, rest: &[u8]) {
        self.carry.clear();
        let most = 2 * PIECE;
        if rest.len() <= 2 * most {
            self.carry.extend_from_slice(rest);
            return;
        }
        let (head, behind) = rest.split_at(most);
        let (out, tail) = behind.split_at(behind.len().saturating_sub(most));
        self.left_out += out.len() as u64;
        self.carry.extend_from_slice(head);
        self.carry.extend_from_slice(tail);
    }
}

/// Returns the lines in which an expression matches, as their places in a block.
fn found<'a>(regex: &'a Regex, flat: &'a Flat) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = regex.find_at(&flat.bytes, from)?;
        if found.start() >= flat.bytes.len() {
            return None;
        }
        // What begins in one line and ends in another may hide a match that begins there.
        let line = flat.ends.partition_point(|end| *end <= found.start());
        from = *flat.ends.get(line)?;
        Some(line)
    })
}
