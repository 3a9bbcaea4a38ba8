//! One line of a log to styled, clean text.
//!
//! Of all escape sequences only SGR (colours and weights) is read; the rest is
//! dropped with all that it carries. Blinking and hidden text are not obeyed.
//! Styles do not reach from one line into the next.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::text::{Clean, escape_len};

/// The most parameters of one SGR sequence that are read.
const MOST_PARAMETERS: usize = 32;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// A colour that a log asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Color {
    /// One of the 256 of the palette; the first 16 are the user's own.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// How a piece of text looks.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in SGR"
)]
pub struct Sgr {
    /// The colour of the text; `None` is the user's.
    pub foreground: Option<Color>,
    /// The colour behind the text; `None` is the user's.
    pub background: Option<Color>,
    /// Whether the text is bold.
    pub bold: bool,
    /// Whether the text is dim.
    pub dim: bool,
    /// Whether the text is italic.
    pub italic: bool,
    /// Whether the text is underlined.
    pub underline: bool,
    /// Whether the colours are swapped.
    pub reverse: bool,
}

/// A piece of a line in one style, at most [`Clean::MAX_LINE`] characters long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// How it looks.
    pub style: Sgr,
    /// What it says.
    pub text: Clean,
}

impl Sgr {
    /// Applies the parameters of one SGR sequence, e.g. `1;38;5;208`.
    fn apply(&mut self, parameters: &str) {
        let mut fields = parameters.split(';').take(MOST_PARAMETERS);
        while let Some(field) = fields.next() {
            let mut parts = field.split(':');
            let number = parts.next().map_or(Some(0), number);
            match number {
                Some(38 | 48 | 58) => {
                    let color = if field.contains(':') {
                        extended_with_colons(field)
                    } else {
                        extended(&mut fields)
                    };
                    match (number, color) {
                        (Some(38), Some(color)) => self.foreground = Some(color),
                        (Some(48), Some(color)) => self.background = Some(color),
                        _ => {}
                    }
                }
                Some(4) => self.underline = parts.next() != Some("0"),
                Some(code) => self.switch(code),
                None => {}
            }
        }
    }

    fn switch(&mut self, code: u8) {
        match code {
            0 => *self = Self::default(),
            1 => self.bold = true,
            2 => self.dim = true,
            3 => self.italic = true,
            21 => self.underline = true,
            7 => self.reverse = true,
            22 => (self.bold, self.dim) = (false, false),
            23 => self.italic = false,
            24 => self.underline = false,
            27 => self.reverse = false,
            30..=37 => self.foreground = Some(Color::Indexed(code - 30)),
            39 => self.foreground = None,
            40..=47 => self.background = Some(Color::Indexed(code - 40)),
            49 => self.background = None,
            90..=97 => self.foreground = Some(Color::Indexed(code - 90 + 8)),
            100..=107 => self.background = Some(Color::Indexed(code - 100 + 8)),
            _ => {}
        }
    }
}

/// Returns a parameter; an empty one is zero, what is too large is none.
fn number(text: &str) -> Option<u8> {
    if text.is_empty() {
        Some(0)
    } else {
        text.parse().ok()
    }
}

fn extended<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<Color> {
    match number(fields.next()?)? {
        5 => Some(Color::Indexed(number(fields.next()?)?)),
        2 => {
            let (red, green, blue) = (fields.next()?, fields.next()?, fields.next()?);
            Some(Color::Rgb(number(red)?, number(green)?, number(blue)?))
        }
        _ => None,
    }
}

fn extended_with_colons(field: &str) -> Option<Color> {
    let parts: Vec<&str> = field.split(':').take(8).collect();
    match parts.as_slice() {
        [_, "5", index, ..] => Some(Color::Indexed(number(index)?)),
        [_, "2", _, red, green, blue, ..] | [_, "2", red, green, blue] => {
            Some(Color::Rgb(number(red)?, number(green)?, number(blue)?))
        }
        _ => None,
    }
}

/// Appends the text of a line without its escape sequences; for matching, not for showing.
pub(super) fn strip_into(line: &str, plain: &mut String) {
    let mut rest = line;
    while let Some(at) = memchr::memchr2(0x1b, 0xc2, rest.as_bytes()) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        plain.push_str(before);
        let skip = escape_len(from);
        let Some(c) = from.chars().next() else { return };
        if skip == 0 {
            plain.push(c);
        }
        rest = from.get(skip.max(c.len_utf8())..).unwrap_or_default();
    }
    plain.push_str(rest);
}

/// Returns the parameters of a sequence, where it is SGR.
fn sgr_of(sequence: &str) -> Option<&str> {
    let body = sequence
        .strip_prefix("\u{1b}[")
        .or_else(|| sequence.strip_prefix('\u{9b}'))?;
    let parameters = body.strip_suffix('m')?;
    parameters
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b';' | b':'))
        .then_some(parameters)
}

/// A line, taken apart by style but not yet cut into spans.
#[derive(Default)]
pub(super) struct Styled {
    runs: Vec<(Sgr, String)>,
    style: Sgr,
    /// Columns so far, for tabs; a character counts as one.
    column: usize,
}

impl Styled {
    /// Reads one state of one line: no line end, no carriage return.
    pub(super) fn read(line: &str) -> Self {
        let mut styled = Self::default();
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let plain = rest
                .bytes()
                .take_while(|b| (b' '..=b'~').contains(b))
                .count();
            let skip = if plain > 0 {
                styled.push_str(rest.get(..plain).unwrap_or_default());
                plain
            } else {
                let skip = escape_len(rest);
                if skip == 0 {
                    styled.push(c);
                } else if let Some(parameters) = rest.get(..skip).and_then(sgr_of) {
                    styled.style.apply(parameters);
                }
                skip.max(c.len_utf8())
            };
            rest = rest.get(skip..).unwrap_or_default();
        }
        styled
    }

    /// Returns the text in front, as far as it is of one style or blank.
    pub(super) fn plain(&self) -> String {
        self.runs.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Drops so many bytes in front.
    pub(super) fn drop_front(&mut self, bytes: usize) {
        let mut left = bytes;
        for (_, text) in &mut self.runs {
            let cut = left.min(text.len());
            *text = text.get(cut..).unwrap_or_default().to_owned();
            left -= cut;
        }
    }

    /// Returns the spans; neighbours differ in style unless a span is full.
    pub(super) fn spans(self) -> Vec<Span> {
        let mut spans = Vec::with_capacity(self.runs.len());
        for (style, text) in self.runs {
            for part in parts(&text) {
                let text = Clean::line(part);
                if !text.is_empty() {
                    spans.push(Span { style, text });
                }
            }
        }
        spans
    }

    fn add(&mut self, text: &str) {
        match self.runs.last_mut() {
            Some((style, run)) if *style == self.style => run.push_str(text),
            _ => self.runs.push((self.style, text.to_owned())),
        }
    }

    fn push_str(&mut self, text: &str) {
        self.add(text);
        self.column += text.len();
    }

    fn push(&mut self, c: char) {
        let code = u32::from(c);
        match c {
            '\t' => {
                let spaces = TAB - self.column % TAB;
                self.push_str("        ".get(..spaces).unwrap_or_default());
            }
            '\0'..='\u{1f}' | '\u{7f}' => {
                let caret = u8::try_from(code ^ 0x40).map_or('?', char::from);
                self.push_str("^");
                self.push_str(caret.encode_utf8(&mut [0; 4]));
            }
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let mut shown = String::new();
                let _ = write!(shown, "⟨U+{code:04X}⟩");
                self.column += shown.chars().count();
                self.add(&shown);
            }
            _ => {
                self.add(c.encode_utf8(&mut [0; 4]));
                self.column += 1;
            }
        }
    }
}

/// Returns a text in parts that fit into a [`Clean`], cut between graphemes.
fn parts(text: &str) -> Vec<&str> {
    if text.len() <= Clean::MAX_LINE {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut start, mut count) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let chars = grapheme.chars().count();
        if count + chars > Clean::MAX_LINE && count > 0 {
            parts.extend(text.get(start..at));
            (start, count) = (at, 0);
        }
        count += chars;
    }
    parts.extend(text.get(start..));
    parts
}
