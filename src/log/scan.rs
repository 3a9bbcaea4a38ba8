//! One pass over the lines of a log: what is in them goes into the index.
//!
//! Lines without a trigger cost a search at memory speed; the others are
//! stripped and held against the rows of the tables.

use std::ops::Range;

use memchr::{memchr_iter, memchr2, memrchr, memrchr2};

use crate::domain::text::Clean;
use crate::log::ansi;
use crate::log::errors::{Hit, MAX_HITS};
use crate::log::failing::{MAX_TEST_HITS, TestHit};
use crate::log::index::{Checkpoint, Index, STEP};
use crate::log::lines::Sink;
use crate::log::marks::{self, Mark, Marked};
use crate::log::patterns::{Rule, Shape, is_harmless, rules};
use crate::log::prefix;
use crate::log::secrets;
use crate::log::section::SectionKind;

/// The most lines kept that say "retrying".
const MAX_RETRIES: usize = 10_000;

/// Fills an [`Index`] with what lines say.
pub(super) struct Scan<'a> {
    pub(super) index: &'a mut Index,
    pub(super) room: &'a mut Room,
}

/// Where escapes of some lines are; each byte is looked at once at most.
struct Escapes<'a> {
    bytes: &'a [u8],
    /// The first that is not before where was asked last; the end where there is none.
    next: Option<usize>,
}

impl<'a> Escapes<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: None }
    }

    /// Returns whether one begins in a line; lines are asked for in their order.
    fn is_in(&mut self, line: Range<usize>) -> bool {
        let known = self.next.filter(|next| *next >= line.start);
        let next = known.unwrap_or_else(|| {
            let rest = self.bytes.get(line.start..).unwrap_or_default();
            memchr2(0x1b, 0xc2, rest).map_or(self.bytes.len(), |at| line.start + at)
        });
        self.next = Some(next);
        next < line.end
    }
}

/// Room that is used again from line to line.
#[derive(Debug, Default)]
pub(super) struct Room {
    plain: String,
    rows: Vec<u16>,
    /// Whether the line that is read has gone on in pieces.
    in_long: bool,
}

impl Sink for Scan<'_> {
    fn lines(&mut self, bytes: &[u8]) {
        let mut triggers = rules().triggers(bytes);
        let mut trigger = triggers.next(0);
        let mut escapes = Escapes::new(bytes);
        let mut start = 0;
        let mut stamped = None;
        let ends = memchr_iter(b'\n', bytes).map(|at| (at + 1, true));
        let tail = (!bytes.ends_with(b"\n")).then_some((bytes.len(), false));
        for (end, has_ended) in ends.chain(tail) {
            self.checkpoint(start);
            let line = bytes.get(start..end).unwrap_or_default();
            if prefix::looks_stamped(line) {
                stamped = Some(start);
                self.first_stamp(line);
            }
            let mut is_split = None;
            while let Some(found) = trigger.take() {
                if found.range.start >= end {
                    trigger = Some(found);
                    break;
                }
                let at = found.range.start.saturating_sub(start);
                let has_escape = escapes.is_in(start..end);
                let may_be = rules().may_be_at(line, at, &found, has_escape)
                    || (has_escape && *is_split.get_or_insert_with(|| rules().may_be_split(line)));
                trigger = triggers.next(if may_be {
                    let behind = self.segment(line, at) + start;
                    behind.max(found.range.end)
                } else {
                    found.range.start + 1
                });
            }
            self.index.ended += u64::from(has_ended);
            start = end;
        }
        self.index.scanned += bytes.len() as u64;
        self.index.line_from = self.index.scanned;
        if tail.is_some() {
            let last = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
            self.index.line_from -= bytes.len().saturating_sub(last) as u64;
        }
        if let Some(at) = stamped {
            self.last_stamp(bytes.get(at..).unwrap_or_default());
        }
    }

    fn piece(&mut self, bytes: &[u8], ends: bool) {
        if !self.room.in_long {
            self.checkpoint(0);
        }
        let mut from = 0;
        let mut triggers = rules().triggers(bytes);
        while let Some(found) = triggers.next(from) {
            let range = found.range;
            from = self.segment(bytes, range.start).max(range.end);
        }
        if !self.room.in_long && prefix::looks_stamped(bytes) {
            self.first_stamp(bytes);
            self.last_stamp(bytes);
        }
        self.index.scanned += bytes.len() as u64;
        self.room.in_long = !ends;
        if ends && bytes.ends_with(b"\n") {
            self.index.ended += 1;
            self.index.line_from = self.index.scanned;
        }
    }
}

impl Scan<'_> {
    /// Remembers where the line begins that starts so many bytes from here.
    fn checkpoint(&mut self, ahead: usize) {
        let offset = self.index.scanned + ahead as u64;
        let line = self.index.ended;
        let due = match self.index.checkpoints.last() {
            Some(last) => offset >= last.offset + STEP,
            None => true,
        };
        if due {
            self.index.checkpoints.push(Checkpoint { line, offset });
        }
    }

    fn first_stamp(&mut self, line: &[u8]) {
        if self.index.first_time.is_none() {
            self.index.first_time = prefix::stamp(line).map(|(time, _)| time);
        }
    }

    fn last_stamp(&mut self, line: &[u8]) {
        if let Some((time, _)) = prefix::stamp(line) {
            self.index.last_time = Some(time);
        }
    }

    /// Looks at the part of a line, between carriage returns, that a trigger is in.
    ///
    /// Returns where that part ends.
    fn segment(&mut self, line: &[u8], at: usize) -> usize {
        let (before, from) = line.split_at_checked(at).unwrap_or((line, &[]));
        let start = memrchr2(b'\r', b'\n', before).map_or(0, |cr| cr + 1);
        let end = at + memchr2(b'\r', b'\n', from).unwrap_or(from.len());
        let segment = line.get(start..end).unwrap_or_default();
        let has_escape = memchr2(0x1b, 0xc2, segment).is_some();
        let text = segment.get(prefix::stamp_width(segment)..);
        if !has_escape && !rules().may_match(text.unwrap_or_default()) {
            return end;
        }
        let stamp = prefix::stamp(segment).map_or(0, |(_, len)| len);
        let text = String::from_utf8_lossy(segment.get(stamp..).unwrap_or_default());
        let mut plain = std::mem::take(&mut self.room.plain);
        plain.clear();
        ansi::strip_into(&text, &mut plain);
        self.look(&plain, line.get(end..).unwrap_or_default());
        self.room.plain = plain;
        end
    }

    /// Looks at a text without escapes and time stamps; `behind` is what follows in its line.
    fn look(&mut self, plain: &str, behind: &[u8]) {
        if let Some(boundary) = marks::boundary(plain) {
            let line = self.index.ended;
            if boundary.starts {
                let title = title_of(behind);
                let title = if title.is_empty() {
                    boundary.name
                } else {
                    &title
                };
                let sections = &mut self.index.sections;
                sections.begin(SectionKind::Group, line, title, boundary.name);
            } else {
                self.index.sections.end_named(line, boundary.name);
            }
            return;
        }
        if plain.contains(secrets::KEY) {
            self.key(plain);
        }
        let marked = marks::read(plain);
        let body = plain.get(marked.len..).unwrap_or_default();
        self.sections(plain, body, &marked);
        match marked.mark {
            Mark::Group | Mark::EndGroup | Mark::Debug | Mark::Command | Mark::Notice => {}
            Mark::Warning => self.index.warnings += 1,
            Mark::Error | Mark::None => {
                let skip = marks::source_len(body);
                self.rows(body.get(skip..).unwrap_or_default(), &marked);
            }
        }
    }

    /// Remembers where a private key begins and ends.
    fn key(&mut self, plain: &str) {
        let line = self.index.ended;
        if plain.contains("-----BEGIN ") && !plain.contains("-----END ") {
            if self.index.keys.len() < secrets::MOST_KEYS {
                self.index.keys.push(line..line + secrets::LONGEST_KEY);
            }
        } else if let Some(last) = self.index.keys.last_mut() {
            last.end = last.end.min(line);
        }
    }

    fn sections(&mut self, plain: &str, body: &str, marked: &Marked<'_>) {
        let line = self.index.ended;
        let sections = &mut self.index.sections;
        if marks::step(plain, marked) {
            sections.step(line, if marked.len > 0 { body } else { plain });
        }
        if marked.mark == Mark::Group {
            sections.begin(SectionKind::Group, line, body, "");
        } else if marked.mark == Mark::EndGroup {
            sections.end_group(line);
        } else if let Some(title) = body.strip_prefix("Starting: ").filter(|_| marked.len > 0) {
            sections.step(line, title);
        }
    }

    /// Holds a text against the rows.
    fn rows(&mut self, text: &str, marked: &Marked<'_>) {
        let mut rows = std::mem::take(&mut self.room.rows);
        rules().candidates(text, &mut rows);
        let is_error = self.first_row(text, marked, &rows);
        self.room.rows = rows;
        if !is_error && marked.mark == Mark::Error {
            self.hit(Hit::marked(self.index.ended, text, marked));
        }
    }

    fn first_row(&mut self, text: &str, marked: &Marked<'_>, rows: &[u16]) -> bool {
        for row in rows {
            match rules().rule(*row) {
                Some(Rule::Retry) => self.retry(),
                Some(Rule::Test(_)) => {
                    let found = rules().regex(*row).and_then(|regex| regex.captures(text));
                    if let Some(found) = found
                        && self.index.tests.len() < MAX_TEST_HITS
                    {
                        self.index
                            .tests
                            .push(TestHit::new(self.index.ended, *row, &found));
                    }
                }
                Some(Rule::Error(pattern)) => {
                    let found = rules().regex(*row).and_then(|regex| regex.captures(text));
                    if let Some(found) = found {
                        if marked.mark == Mark::None && is_harmless(text) {
                            return false;
                        }
                        let mut hit = Hit::new(self.index.ended, *row, pattern, &found);
                        hit.mark(marked);
                        self.hit(hit);
                        return true;
                    }
                }
                Some(Rule::Mark) | None => {}
            }
        }
        false
    }

    fn retry(&mut self) {
        if self.index.retries.len() < MAX_RETRIES {
            self.index.retries.push(self.index.ended);
        }
    }

    fn hit(&mut self, hit: Hit) {
        let same_line = self
            .index
            .hits
            .last()
            .is_some_and(|last| last.line == hit.line);
        if same_line {
            return;
        }
        self.index.errors += 1;
        self.index.sections.count_error();
        if self.index.hits.len() < MAX_HITS {
            self.index.hits.push(hit);
        }
    }
}

/// Returns the title that GitLab puts behind the marker of a section.
fn title_of(behind: &[u8]) -> String {
    let short = behind.get(..behind.len().min(1_024)).unwrap_or_default();
    let text = String::from_utf8_lossy(short);
    let last = text
        .trim_end()
        .rsplit('\r')
        .next()
        .unwrap_or_default()
        .to_owned();
    let mut plain = String::new();
    ansi::strip_into(&last, &mut plain);
    let title = Clean::line(plain.trim());
    if marks::boundary(&title).is_some() {
        String::new()
    } else {
        title.to_string()
    }
}

/// Returns the shape of the block of an error of this row.
pub(super) fn shape_of(row: u16) -> Shape {
    match rules().rule(row) {
        Some(Rule::Error(pattern)) => pattern.shape,
        Some(Rule::Test(_) | Rule::Retry | Rule::Mark) | None => Shape::Line,
    }
}
