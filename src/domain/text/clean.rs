//! The one pass from raw text to clean text.
//!
//! Reads character by character, in linear time. What is dropped leaves no
//! trace in the state, so that cleaning the result again changes nothing.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::domain::text::class::{self, Kind};
use crate::domain::text::escape;

/// How much is kept, and whether lines are.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Characters of one line.
    pub(super) line: usize,
    /// Characters in all.
    all: usize,
    /// Whether there may be more than one line.
    lines: bool,
}

/// A field of one line.
pub(super) const LINE: Limits = Limits {
    line: 512,
    all: 512,
    lines: false,
};

/// A text of several lines.
pub(super) const BLOCK: Limits = Limits {
    line: 4_096,
    all: 65_536,
    lines: true,
};

/// The most that one grapheme may weigh, in bytes.
const GRAPHEME_BYTES: usize = 32;

/// The most marks that one grapheme may carry.
const GRAPHEME_MARKS: usize = 8;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// Returns the clean form of `raw`.
pub(super) fn clean(raw: &str, limits: Limits) -> String {
    let mut cleaner = Cleaner::new(limits, raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let skip = escape::len(rest);
        if skip == 0 {
            cleaner.take(c);
        }
        rest = rest.get(skip.max(c.len_utf8())..).unwrap_or_default();
        if skip == 0 && cleaner.is_full() {
            break;
        }
    }
    cleaner.finish_line();
    cleaner.out
}

struct Cleaner {
    limits: Limits,
    out: String,
    /// Where the last grapheme begins.
    grapheme: usize,
    /// Where the current line begins.
    line: usize,
    /// Characters of the current line.
    in_line: usize,
    /// Characters of all lines before it, line ends included.
    before: usize,
    /// A joiner that waits to see whether it stands between letters.
    joiner: Option<char>,
    /// Whether the last thing was an emoji, and whether a joiner followed it.
    emoji: (bool, bool),
    /// The line end that was read last, if nothing else was read since.
    last_break: Option<char>,
    /// Room to try out graphemes.
    probe: String,
}

impl Cleaner {
    fn new(limits: Limits, len: usize) -> Self {
        Self {
            limits,
            out: String::with_capacity(len.min(limits.all)),
            grapheme: 0,
            line: 0,
            in_line: 0,
            before: 0,
            joiner: None,
            emoji: (false, false),
            last_break: None,
            probe: String::new(),
        }
    }

    /// Takes one character that is not part of an escape sequence.
    fn take(&mut self, c: char) {
        let last_break = self.last_break.take();
        match class::kind(c) {
            Kind::Break => self.take_break(c, last_break),
            Kind::Control => self.take_control(c),
            Kind::Deceptive => self.push_code(c),
            Kind::Joiner if self.emoji.0 => self.emoji.1 = true,
            Kind::Joiner => self.joiner = Some(c),
            Kind::Emoji if self.emoji == (true, true) => self.emoji.1 = false,
            Kind::Emoji => {
                self.push(c);
                self.emoji = (true, false);
            }
            Kind::Dropped => {}
            Kind::Text => self.push(match c {
                '\u{ff9e}' => '\u{309b}',
                '\u{ff9f}' => '\u{309c}',
                other => other,
            }),
        }
    }

    fn take_break(&mut self, c: char, last: Option<char>) {
        self.last_break = Some(c);
        if !self.limits.lines {
            if last.is_none() {
                self.push(' ');
            }
        } else if c == '\t' {
            for _ in 0..TAB - self.in_line % TAB {
                self.push(' ');
            }
        } else if (last, c) != (Some('\r'), '\n') {
            self.finish_line();
            self.before += self.in_line;
            if self.before < self.limits.all {
                self.out.push('\n');
                self.before += 1;
            }
            self.line = self.out.len();
            self.grapheme = self.line;
            self.in_line = 0;
        }
    }

    fn take_control(&mut self, c: char) {
        if !self.limits.lines {
            return;
        }
        let code = u32::from(c);
        match u8::try_from(code ^ 0x40).map(char::from) {
            Ok(caret) if code < 0x80 => {
                self.push('^');
                self.push(caret);
            }
            _ => self.push_code(c),
        }
    }

    /// Pushes the readable form of a character that must not be obeyed.
    fn push_code(&mut self, c: char) {
        let mut code = String::new();
        let _ = write!(code, "⟨U+{:04X}⟩", u32::from(c));
        for c in code.chars() {
            self.push(c);
        }
    }

    fn push(&mut self, c: char) {
        self.emoji = (false, false);
        let joiner = self.joiner.take().filter(|_| {
            let last = self.out.chars().next_back();
            class::takes_joiners(c) && last.is_some_and(class::takes_joiners)
        });
        let is_kept = joiner.is_some_and(|joiner| self.append(joiner));
        if !self.append(c) && is_kept {
            self.out.pop();
            self.in_line -= 1;
        }
    }

    /// Appends a character unless its grapheme is full already or would show nothing.
    fn append(&mut self, c: char) -> bool {
        if self.in_line > self.limit() {
            return false;
        }
        let mark = c.width() == Some(0);
        if self.begins_grapheme(c) {
            if mark {
                return false;
            }
            self.grapheme = self.out.len();
        } else {
            let grapheme = self.out.get(self.grapheme..).unwrap_or_default();
            let marks = grapheme.chars().filter(|c| c.width() == Some(0)).count();
            let heavy = grapheme.len() + c.len_utf8() > GRAPHEME_BYTES;
            if heavy || (mark && marks >= GRAPHEME_MARKS) {
                return false;
            }
        }
        self.out.push(c);
        self.in_line += 1;
        true
    }

    fn begins_grapheme(&mut self, c: char) -> bool {
        let grapheme = self.out.get(self.grapheme..).unwrap_or_default();
        let Some(last) = grapheme.chars().next_back() else {
            return true;
        };
        if class::stands_alone(last) && class::stands_alone(c) {
            return true;
        }
        self.probe.clear();
        self.probe.push_str(grapheme);
        self.probe.push(c);
        self.probe.graphemes(true).nth(1).is_some()
    }

    /// How many characters the current line may have.
    fn limit(&self) -> usize {
        self.limits
            .line
            .min(self.limits.all.saturating_sub(self.before))
    }

    /// Whether nothing that follows could be kept.
    fn is_full(&self) -> bool {
        self.before + self.in_line > self.limits.all || self.before >= self.limits.all
    }

    /// Cuts the current line to its limit, between graphemes, and says so by `…`.
    fn finish_line(&mut self) {
        self.joiner = None;
        self.emoji = (false, false);
        let limit = self.limit();
        if self.in_line <= limit {
            return;
        }
        let line = self.out.get(self.line..).unwrap_or_default();
        let (mut end, mut kept) = (0, 0);
        for grapheme in line.graphemes(true) {
            let count = grapheme.chars().count();
            if kept + count + 1 > limit {
                break;
            }
            kept += count;
            end += grapheme.len();
        }
        self.out.truncate(self.line + end);
        while self.out.ends_with(['\u{200c}', '\u{200d}']) {
            self.out.pop();
            kept -= 1;
        }
        if kept < limit {
            self.out.push('…');
            kept += 1;
        }
        self.in_line = kept;
    }
}
