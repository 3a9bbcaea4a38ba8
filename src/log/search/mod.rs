//! Search in a whole log: an expression, smart case, every line with a match.
//!
//! What counts is a line as it is shown: no stamp, no escape, no secret. As that is costly to
//! make, the expression first runs over the bytes of many lines at once; only lines that may
//! match are made. Works block by block, so that whoever runs it can stop between two.

mod block;

use std::io::{self, Read};

use memchr::memrchr;
use regex::bytes::{Regex, RegexBuilder};

use crate::domain::text::redact::HIDDEN;
use crate::log::lines::PIECE;
use crate::log::lineset::LineSet;
use crate::log::window::LogLine;
use block::{Block, Flat};

pub(in crate::log) use block::searcher;

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
    rooms: Vec<Flat>,
    is_done: bool,
}

/// What only the caller knows that is not to be seen of a line.
pub trait Hides: Sync {
    /// Takes it out of a line.
    fn hide(&self, line: &mut LogLine);

    /// Returns whether it may be in a line of this number and text.
    fn may_hide(&self, line: u64, text: &str) -> bool;
}

/// Nothing is hidden.
impl Hides for () {
    fn hide(&self, _: &mut LogLine) {}

    fn may_hide(&self, _: u64, _: &str) -> bool {
        false
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
            rooms: Vec::new(),
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
    /// `hides` takes out of a line what is not shown of it.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn advance(&mut self, reader: &mut impl Read, hides: &impl Hides) -> io::Result<bool> {
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
        self.search(hides);
        Ok(!self.is_done)
    }

    /// Searches all that is left, as if nothing were hidden.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn finish(mut self, reader: &mut impl Read) -> io::Result<Self> {
        while self.advance(reader, &())? {}
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
    fn search(&mut self, hides: &impl Hides) {
        let bytes = std::mem::take(&mut self.carry);
        let whole = if self.is_done {
            bytes.len()
        } else {
            memrchr(b'\n', &bytes).map_or(0, |at| at + 1)
        };
        let (lines, rest) = bytes.split_at(whole);
        if !lines.is_empty() {
            let block = Block {
                bytes: lines,
                first: self.line,
                left_out: std::mem::take(&mut self.left_out),
            };
            self.line += block.search(&self.query, hides, &mut self.rooms, &mut self.lines);
        }
        self.keep(rest);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Hides what is in some lines, and counts the lines that were made.
    #[derive(Default)]
    struct Counted {
        secret: &'static str,
        made: AtomicUsize,
    }

    impl Hides for Counted {
        fn hide(&self, line: &mut LogLine) {
            self.made.fetch_add(1, Ordering::Relaxed);
            let text = line.text();
            let found = text
                .match_indices(self.secret)
                .filter(|(_, s)| !s.is_empty());
            let parts: Vec<_> = found.map(|(at, secret)| at..at + secret.len()).collect();
            line.hide(&parts);
        }

        fn may_hide(&self, _: u64, text: &str) -> bool {
            !self.secret.is_empty() && text.contains(self.secret)
        }
    }

    /// Searches a log; returns the lines found, and how many lines were made for it.
    fn search(log: &str, query: &str, secret: &'static str) -> (Vec<u64>, usize) {
        let hides = Counted {
            secret,
            ..Counted::default()
        };
        let mut matches = Matches::new(Query::parse(query).unwrap());
        let mut bytes = log.as_bytes();
        while matches.advance(&mut bytes, &hides).unwrap() {}
        let made = hides.made.load(Ordering::Relaxed);
        (matches.lines().iter().collect(), made)
    }

    const LINE: &str = "2026-11-21T09:00:00.1234567Z \u{1b}[36m  Compiling\u{1b}[0m crate v1.3\n";

    #[test]
    fn lines_that_surely_match_are_not_made() {
        let (found, made) = search(&LINE.repeat(50_000), "Comp.*v1.3", "");
        assert_eq!((found.len(), made), (50_000, 0));
        assert!(found.iter().copied().eq(0..50_000));
    }

    #[test]
    fn what_matches_only_in_what_is_not_shown_is_no_hit() {
        for (line, query) in [
            (LINE, "09:00"),
            ("##[error]all is lost\n", "error"),
            ("#12 0.345 all is lost\n", "345"),
            ("web-1  | all is lost\n", "web"),
            ("use ghp_0123456789abcdefghij now\n", "456"),
            ("AUTHORIZATION: basic abcdefgh1234\n", "gh12"),
            ("x Private-Token: abcdefgh1234\n", "gh12"),
            ("x BeaRer abcdefgh12345678\n", "gh12"),
            ("x-api-key: abcdefgh12345678\n", "gh12"),
            ("clone https://me:s3cret@git.example.org/a\n", "s3c"),
            ("say hush now\n", "hush"),
        ] {
            let (found, made) = search(&line.repeat(3), query, "hush");
            assert_eq!((found.len(), made), (0, 3), "{line}");
        }
        // The expression is found before what is shown, and once more in it.
        assert_eq!(search(LINE, "v1|09", "").0, [0]);
        assert_eq!(search("say hush now\n", "now", "hush").0, [0]);
    }

    #[test]
    fn parts_of_a_block_count_their_lines_from_where_they_begin() {
        let line = |number: usize| {
            let hit = if number.is_multiple_of(997) {
                "here"
            } else {
                ""
            };
            format!("line {number} {hit}{}\n", "x".repeat(number % 40))
        };
        let log: String = (0..90_000).map(line).collect();
        let (found, _) = search(&log, "here", "");
        assert!(
            found
                .iter()
                .copied()
                .eq((0..90_000).filter(|n: &u64| n.is_multiple_of(997)))
        );
    }
}
