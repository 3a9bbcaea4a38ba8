//! A block of a log searched: what may match is proposed by one pass, and each line is made sure of.
//!
//! A block is cut into parts, one for each processor. Of most lines that match it is sure what is
//! shown of them without making them: then only the place of the match is looked at.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed::{self, Searcher};
use memchr::{memchr, memchr_iter};
use regex::bytes::Regex;

use crate::domain::text::is_plain;
use crate::log::ansi::strip_into;
use crate::log::lines::PIECE;
use crate::log::lineset::LineSet;
use crate::log::marks;
use crate::log::prefix;
use crate::log::raw::RawLine;
use crate::log::search::{Hides, Query};
use crate::log::secrets;
use crate::log::window::LogLine;

/// The smallest part that is worth a thread, in bytes.
const PART: usize = 128 * 1024;

/// The most parts.
const MOST_PARTS: usize = 4;

/// How many parts are searched at the same time.
static PROCESSORS: LazyLock<usize> = LazyLock::new(|| {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    all.clamp(1, MOST_PARTS)
});

/// Some whole lines of a log.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) bytes: &'a [u8],
    /// The number of the first.
    pub(super) first: u64,
    /// Bytes that are missing in the first, behind its head.
    pub(super) left_out: u64,
}

impl Block<'_> {
    /// Searches it on as many threads as are worth it; `rooms` is room that is used again. Returns
    /// how many lines there are.
    pub(super) fn search(
        self,
        query: &Query,
        hides: &impl Hides,
        rooms: &mut Vec<Flat>,
        found: &mut LineSet,
    ) -> u64 {
        let parts = self.parts();
        rooms.resize_with(parts.len().max(rooms.len()), Flat::default);
        let all: Vec<Hits> = std::thread::scope(|threads| {
            let mut work = parts.iter().zip(rooms.iter_mut());
            let own = work.next();
            let others: Vec<_> = work
                .map(|(part, room)| threads.spawn(|| part.hits(query, hides, room)))
                .collect();
            let own = own.map(|(part, room)| part.hits(query, hides, room));
            let others = others.into_iter().map(|other| match other.join() {
                Ok(hits) => hits,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            own.into_iter().chain(others).collect()
        });
        let mut lines = 0;
        for part in all {
            lines += part.lines;
            for line in part.found {
                found.insert(line);
            }
        }
        lines
    }

    /// Cuts it into parts of about the same size.
    fn parts(self) -> Vec<Self> {
        let count = (self.bytes.len() / PART).clamp(1, *PROCESSORS);
        let size = self.bytes.len().div_ceil(count).max(1);
        let mut parts = Vec::with_capacity(count);
        let mut rest = self;
        while rest.bytes.len() > size {
            let behind = rest.bytes.get(size..).unwrap_or_default();
            let Some(end) = memchr(b'\n', behind) else {
                break;
            };
            let (bytes, behind) = rest.bytes.split_at(size + end + 1);
            let part = Self { bytes, ..rest };
            rest = Self {
                bytes: behind,
                first: rest.first + memchr_iter(b'\n', bytes).count() as u64,
                left_out: 0,
            };
            parts.push(part);
        }
        parts.push(rest);
        parts
    }

    /// Returns the lines that match.
    fn hits(self, query: &Query, hides: &impl Hides, flat: &mut Flat) -> Hits {
        flat.clear();
        // Lines that are made in any case, with what was left out of them.
        let mut unsure: Vec<(usize, u64)> = Vec::new();
        let mut from = 0;
        let mut left_out = self.left_out;
        while from < self.bytes.len() {
            let rest = self.bytes.get(from..).unwrap_or_default();
            let (line, end) = match memchr(b'\n', rest) {
                Some(at) => (rest.get(..at).unwrap_or_default(), from + at + 1),
                None => (rest, self.bytes.len()),
            };
            let is_long = line.len() >= PIECE;
            let told = flat.push(if is_long { b"\xff" } else { line });
            if !told || !query.is_local {
                unsure.push((flat.starts.len(), left_out));
            }
            flat.starts.push(from);
            left_out = 0;
            from = end;
        }
        flat.starts.push(from);
        let check = |at: usize, left_out: u64| {
            let number = self.first + at as u64;
            let range = *flat.starts.get(at)?..*flat.starts.get(at + 1)?;
            let bytes = self.bytes.get(range)?;
            let mut line = LogLine::of(&RawLine::of(number, bytes, left_out));
            hides.hide(&mut line);
            query.is_in(&line.text()).then_some(number)
        };
        let mut hits: Vec<u64> = unsure
            .iter()
            .filter_map(|(at, left_out)| check(*at, *left_out))
            .collect();
        if query.is_local {
            let mut secrets = Suspects::new(&flat.bytes);
            for (at, found) in flat.found(&query.regex) {
                let number = self.first + at as u64;
                let is_sure = flat.is_shown(at, &found, &mut secrets)
                    && flat
                        .text(at)
                        .is_some_and(|text| !hides.may_hide(number, text));
                if is_sure {
                    hits.push(number);
                } else {
                    hits.extend(check(at, 0));
                }
            }
        }
        Hits {
            found: hits,
            lines: flat.ends.len() as u64,
        }
    }
}

/// What was found in a part.
struct Hits {
    found: Vec<u64>,
    /// How many lines were looked at.
    lines: u64,
}

/// Lines of a block as text without escapes, for the expression to run over.
#[derive(Clone, Default, Debug)]
pub(super) struct Flat {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`, its line end included.
    ends: Vec<usize>,
    /// Where each begins in the block, and where the last ends.
    starts: Vec<usize>,
    plain: String,
}

impl Flat {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.starts.clear();
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

    /// Returns where a line is, without its line end.
    fn line(&self, at: usize) -> Range<usize> {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let end = self.ends.get(at).map_or(0, |end| end.saturating_sub(1));
        start.copied().unwrap_or_default()..end
    }

    fn text(&self, at: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(self.line(at))?).ok()
    }

    /// Returns the lines in which an expression matches, as their places, and where it does.
    fn found<'a>(&'a self, regex: &'a Regex) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        let (mut from, mut lines) = (0, 0);
        std::iter::from_fn(move || {
            let found = regex.find_at(&self.bytes, from)?;
            if found.start() >= self.bytes.len() {
                return None;
            }
            // What begins in one line and ends in another may hide a match that begins there.
            let rest = self.ends.get(lines..)?;
            let line = lines + rest.partition_point(|end| *end <= found.start());
            from = *self.ends.get(line)?;
            lines = line + 1;
            Some((line, found.range()))
        })
    }

    /// Returns whether a match is surely shown, if nobody but the log itself hides anything: it lies
    /// in what is shown of its line, and nothing there can be a secret.
    fn is_shown(&self, at: usize, found: &Range<usize>, secrets: &mut Suspects<'_>) -> bool {
        let place = self.line(at);
        let Some(line) = self.text(at) else {
            return false;
        };
        let stamp = prefix::stamp(line.as_bytes()).map_or(0, |(_, len)| len);
        let text = line.get(stamp..).unwrap_or_default();
        let mark = marks::read(text).len;
        let text = text.get(mark..).unwrap_or_default();
        let shown_from = place.start + stamp + mark + marks::source_len(text);
        !found.is_empty()
            && found.start >= shown_from
            && found.end <= place.end
            && !line.contains(marks::BOUNDARY)
            && !secrets.are_in(place)
    }
}

/// Where secrets may be in some lines; each byte is looked at once at most.
struct Suspects<'a> {
    bytes: &'a [u8],
    finders: Vec<(&'a Searcher, Option<usize>)>,
}

impl<'a> Suspects<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let finders = secrets::hints().iter().map(|finder| (finder, None));
        Self {
            bytes,
            finders: finders.collect(),
        }
    }

    /// Returns whether one may be in a line; lines are asked for in their order.
    fn are_in(&mut self, line: Range<usize>) -> bool {
        let bytes = self.bytes;
        let mut any = self.finders.is_empty();
        for (finder, next) in &mut self.finders {
            let known = next.filter(|next| *next >= line.start);
            let at = known.unwrap_or_else(|| {
                let found = finder.find_in(bytes, packed_span(line.start, bytes.len()));
                found.map_or(bytes.len(), |found| found.start())
            });
            *next = Some(at);
            any |= at < line.end;
        }
        any
    }
}

fn packed_span(start: usize, end: usize) -> aho_corasick::Span {
    (start..end).into()
}

/// Makes a search for all of some texts; none where the processor has no such thing.
pub(in crate::log) fn searcher(texts: &[&str]) -> Option<Searcher> {
    packed::Config::new().builder().extend(texts).build()
}
