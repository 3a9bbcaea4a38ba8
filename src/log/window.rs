//! Lines to show: a range of a log, clean, with colours as data.
//!
//! What a terminal would show of progress that is rewritten by carriage
//! returns is its last state; that is what is shown here.

use std::io::{self, Read, Seek};
use std::ops::{ControlFlow, Range};

use memchr::memrchr;

use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::log::ansi::{Span, Styled, strip_into};
use crate::log::index::Index;
use crate::log::marks::{self, Mark};
use crate::log::prefix;
use crate::log::raw::{self, RawLine};
use crate::log::secrets;

/// The most lines of one window.
pub const MAX_WINDOW: u64 = 4_096;

/// How many states of a progress bar are tried until one says something.
const MAX_STATES: usize = 64;

/// One line, ready to be drawn; tokens and private keys in it are hidden.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// Which line it is, counted from 0.
    pub line: u64,
    /// The instant that it is stamped with; not part of the text.
    pub time: Option<Timestamp>,
    /// The container or build step that it comes from; not part of the text.
    pub source: Option<Clean>,
    /// How the server marked it; the marker is not part of the text.
    ///
    /// A line that the tables know as an error is marked as one.
    pub mark: Mark,
    /// The text, piece by piece.
    pub spans: Vec<Span>,
    /// The bytes of the whole line, where it is longer than what is shown.
    pub cut: Option<u64>,
}

impl LogLine {
    /// Returns the text without styles.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Hides parts of the text, counted in bytes: what only the caller knows to be secret.
    pub fn hide(&mut self, parts: &[Range<usize>]) {
        secrets::hide(&mut self.spans, parts);
    }

    /// Reads a raw line.
    pub(super) fn of(raw: &RawLine) -> Self {
        let head = raw.head.as_slice();
        let (time, skip) = prefix::stamp(head).map_or((None, 0), |(time, len)| (Some(time), len));
        let (boundary, skip) = boundaries(head, skip);
        let is_rewritten = memchr::memchr(b'\r', head.get(skip..).unwrap_or_default()).is_some();
        let bytes = if raw.tail.is_empty() || !is_rewritten {
            head.get(skip..).unwrap_or_default()
        } else {
            raw.tail.as_slice()
        };
        let shown = last_state(bytes);
        let is_cut = !raw.tail.is_empty() && (shown.len() as u64) < raw.len;
        let text = String::from_utf8_lossy(if is_cut { whole_chars(shown) } else { shown });
        let mut styled = Styled::read(&text);
        let plain = styled.plain();
        let marked = marks::read(&plain);
        styled.drop_front(marked.len);
        let body = plain.get(marked.len..).unwrap_or_default();
        let source = prefix::source(body).map(|(name, len)| {
            styled.drop_front(len);
            Clean::line(name)
        });
        let mut spans = styled.spans();
        let text: String = spans.iter().map(|span| span.text.as_str()).collect();
        let secret = secrets::find(&text);
        if !secret.is_empty() {
            secrets::hide(&mut spans, &secret);
        }
        Self {
            line: raw.line,
            time,
            source,
            mark: if boundary == Mark::None {
                marked.mark
            } else {
                boundary
            },
            spans,
            cut: is_cut.then_some(raw.len),
        }
    }
}

/// Returns lines of a log; at most [`MAX_WINDOW`], and none beyond its end.
///
/// # Errors
///
/// What the reader says.
pub fn window<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    lines: Range<u64>,
) -> io::Result<Vec<LogLine>> {
    let end = lines.end.min(lines.start.saturating_add(MAX_WINDOW));
    let mut shown = Vec::new();
    raw::read(index, reader, lines.start..end, |raw| {
        let mut line = LogLine::of(raw);
        let is_hit = index
            .hits
            .binary_search_by_key(&line.line, |hit| hit.line)
            .is_ok();
        if line.mark == Mark::None && is_hit {
            line.mark = Mark::Error;
        }
        conceal(index, &mut line);
        shown.push(line);
        ControlFlow::Continue(())
    })?;
    Ok(shown)
}

/// Returns whether a line lies in a private key.
pub fn is_concealed(index: &Index, line: u64) -> bool {
    index.is_in_key(line)
}

/// Hides a line that lies in a private key.
pub fn conceal(index: &Index, line: &mut LogLine) {
    if is_concealed(index, line.line) {
        let whole = 0..line.text().len();
        line.hide(std::slice::from_ref(&whole));
    }
}

/// Returns the first line that is stamped at or after an instant; the end where none is.
///
/// Stamps are taken to ascend, as servers write them.
///
/// # Errors
///
/// What the reader says.
pub fn line_at_time<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    time: Timestamp,
) -> io::Result<u64> {
    let (mut low, mut high) = (0, index.checkpoints.len());
    while low < high {
        let middle = low.midpoint(high);
        let Some(from) = index.checkpoints.get(middle) else {
            break;
        };
        let found = stamp_from(index, reader, from.line, |_| true)?;
        if found.is_some_and(|(_, found)| found < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let from = low.checked_sub(1).and_then(|at| index.checkpoints.get(at));
    let from = from.map_or(0, |from| from.line);
    let found = stamp_from(index, reader, from, |found| found >= time)?;
    Ok(found.map_or(index.lines(), |(line, _)| line))
}

fn stamp_from<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    from: u64,
    is_it: impl Fn(Timestamp) -> bool,
) -> io::Result<Option<(u64, Timestamp)>> {
    let mut found = None;
    raw::read(index, reader, from..u64::MAX, |raw| {
        match prefix::stamp(&raw.head) {
            Some((time, _)) if is_it(time) => {
                found = Some((raw.line, time));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    })?;
    Ok(found)
}

/// Returns how GitLab's markers in front mark a line, and where the text behind them begins.
fn boundaries(head: &[u8], from: usize) -> (Mark, usize) {
    let (mut mark, mut at) = (Mark::None, from);
    loop {
        let rest = head.get(at..).unwrap_or_default();
        let rest_at = at + if rest.starts_with(b"\x1b[0K") { 4 } else { 0 };
        let rest = head.get(rest_at..).unwrap_or_default();
        if !rest.starts_with(b"section_") {
            return (mark, at);
        }
        let end = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
        let text = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
        let Some(boundary) = marks::boundary(&text) else {
            return (mark, at);
        };
        if boundary.starts {
            mark = Mark::Group;
        } else if mark == Mark::None {
            mark = Mark::EndGroup;
        }
        at = (rest_at + end + 1).min(head.len());
    }
}

/// Returns the last state of a line that says something.
pub(super) fn last_state(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    for _ in 0..MAX_STATES {
        let Some(at) = memrchr(b'\r', rest) else {
            return rest;
        };
        let state = rest.get(at + 1..).unwrap_or_default();
        let mut plain = String::new();
        strip_into(&String::from_utf8_lossy(state), &mut plain);
        if !plain.trim().is_empty() {
            return state;
        }
        rest = rest.get(..at).unwrap_or_default();
    }
    memrchr(b'\r', rest)
        .and_then(|at| rest.get(at + 1..))
        .unwrap_or(rest)
}

/// Returns bytes without the character that was cut off at their end.
fn whole_chars(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or_default()
        }
        _ => bytes,
    }
}
