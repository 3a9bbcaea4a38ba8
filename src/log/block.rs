//! The lines that belong to an error, and what they add to it.
//!
//! Reads a few lines around the one that was found; how many is bounded.

use std::io::{self, Read, Seek};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::text::Clean;
use crate::log::errors::Hit;
use crate::log::index::Index;
use crate::log::marks::Mark;
use crate::log::patterns::Shape;
use crate::log::scan::shape_of;
use crate::log::window::{LogLine, window};

/// How far back a block may reach.
const BACK: u64 = 30;

/// How far a block may reach ahead.
const AHEAD: u64 = 60;

/// How far a traceback may reach ahead.
const DEEP: u64 = 250;

/// A block, and what its lines add to the error.
pub(super) struct Found {
    pub(super) line: u64,
    pub(super) block: Range<u64>,
    pub(super) code: Option<Clean>,
    pub(super) text: Option<Clean>,
    pub(super) file: Option<Clean>,
    pub(super) row: Option<u32>,
}

/// Where text says that something is: `--> a.rs:1:2`, `at f (a.js:1:2)`, `File "a.py", line 1`.
static PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"File "(?P<a>[^"]+)", line (?P<b>[0-9]+)"#,
        r"|-->\s+(?P<c>[^\s:]+):(?P<d>[0-9]+):[0-9]+",
        r"|(?:❯|at|in|from|\()\s*(?:[^\s()]+\s+)?\(?(?P<e>[A-Za-z0-9_./\\@-]+\.[A-Za-z]{1,5}):(?:line )?(?P<f>[0-9]+)",
        r"|on (?P<i>[A-Za-z0-9_./-]+\.tf) line (?P<j>[0-9]+)",
        r"|^\s*(?P<g>[A-Za-z0-9_./\\@-]+\.[A-Za-z]{1,5}):(?P<h>[0-9]+)(?::|\s|$)",
    ))
    .ok()
});

/// Returns the place that a text names.
pub(super) fn place(text: &str) -> Option<(Clean, u32)> {
    let found = PLACES.as_ref()?.captures(text)?;
    let (file, row) = [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h"), ("i", "j")]
        .iter()
        .find_map(|(file, row)| Some((found.name(file)?, found.name(row)?)))?;
    Some((Clean::line(file.as_str()), row.as_str().parse().ok()?))
}

/// Returns whether a place is in the code of somebody else: dependencies, the runtime.
pub(super) fn is_foreign(file: &str) -> bool {
    const FOREIGN: &[&str] = &[
        "node_modules/",
        "site-packages/",
        "/rustc/",
        ".cargo/registry",
        "node:internal",
        "/usr/lib/",
        "/usr/local/go/",
        "dist-packages/",
        "vendor/",
        "lib/python",
    ];
    FOREIGN.iter().any(|part| file.contains(part))
}

/// Lines around one, as text.
pub(super) struct Around {
    lines: Vec<LogLine>,
}

impl Around {
    pub(super) fn read<R: Read + Seek>(
        index: &Index,
        reader: &mut R,
        lines: Range<u64>,
    ) -> io::Result<Self> {
        Ok(Self {
            lines: window(index, reader, lines)?,
        })
    }

    /// Returns the lines from one on, with their numbers.
    pub(super) fn from(&self, line: u64) -> impl Iterator<Item = (u64, &LogLine, String)> {
        let from = self.lines.partition_point(|l| l.line < line);
        self.lines.iter().skip(from).map(|l| (l.line, l, l.text()))
    }

    /// Returns the lines before one, the nearest first.
    pub(super) fn before(&self, line: u64) -> impl Iterator<Item = (u64, &LogLine, String)> {
        let to = self.lines.partition_point(|l| l.line < line);
        self.lines
            .iter()
            .take(to)
            .rev()
            .map(|l| (l.line, l, l.text()))
    }
}

/// Reads the block of an error.
pub(super) fn read<R: Read + Seek>(index: &Index, reader: &mut R, hit: &Hit) -> io::Result<Found> {
    let shape = shape_of(hit.pattern);
    let (back, ahead) = match shape {
        Shape::Line => (0, 1),
        Shape::Around(back, ahead) => (back, ahead + 1),
        Shape::Blank | Shape::Framed | Shape::Indented | Shape::Headline => (0, AHEAD),
        Shape::Traceback => (0, DEEP),
        Shape::Listed => (BACK * 4, 1),
    };
    let lines = hit.line.saturating_sub(back)..hit.line.saturating_add(ahead);
    let around = Around::read(index, reader, lines)?;
    let mut found = Found {
        line: hit.line,
        block: hit.line..hit.line + 1,
        code: None,
        text: None,
        file: None,
        row: None,
    };
    match shape {
        Shape::Line => {}
        Shape::Around(back, _) => {
            found.block.start = hit.line.saturating_sub(back);
            found.block.end = around
                .from(hit.line)
                .last()
                .map_or(hit.line, |(at, _, _)| at)
                + 1;
        }
        Shape::Blank => found.block.end = to_blank(&around, hit.line),
        Shape::Framed => found.block.end = to_frame(&around, hit.line),
        Shape::Indented => found.block.end = to_margin(&around, hit.line),
        Shape::Traceback => traceback(&around, hit.line, &mut found),
        Shape::Headline => headline(&around, hit.line, &mut found),
        Shape::Listed => listed(&around, hit.line, &mut found),
    }
    if hit.file.is_none() && found.file.is_none() && shape != Shape::Line {
        locate(&around, &mut found);
    }
    Ok(found)
}

/// Takes the place that a line of the block names: the last own one of a traceback, else the first.
fn locate(around: &Around, found: &mut Found) {
    let end = found.block.end;
    let mut places = around
        .from(found.block.start)
        .take_while(|(at, _, _)| *at < end)
        .filter_map(|(_, _, text)| place(&text))
        .collect::<Vec<_>>();
    let own = places.iter().position(|(file, _)| !is_foreign(file));
    let chosen = own.or((!places.is_empty()).then_some(0));
    if let Some(at) = chosen {
        let (file, row) = places.swap_remove(at);
        (found.file, found.row) = (Some(file), Some(row));
    }
}

/// Whether a line cannot belong to what was said before it.
fn is_border(line: &LogLine) -> bool {
    match line.mark {
        Mark::Group | Mark::EndGroup | Mark::Command | Mark::Warning => true,
        Mark::None | Mark::Error | Mark::Notice | Mark::Debug => false,
    }
}

/// Returns the end of the lines up to a blank one.
fn to_blank(around: &Around, from: u64) -> u64 {
    let lines = around.from(from + 1);
    lines
        .take_while(|(_, line, text)| !is_border(line) && !is_blank(text))
        .last()
        .map_or(from, |(at, _, _)| at)
        + 1
}

/// Returns the end of the frame that a line stands in, blank lines of it included.
fn to_frame(around: &Around, from: u64) -> u64 {
    let lines = around.from(from + 1);
    lines
        .take_while(|(_, line, text)| !is_border(line) && text.starts_with(['│', '|']))
        .filter(|(_, _, text)| !is_blank(text))
        .last()
        .map_or(from, |(at, _, _)| at)
        + 1
}

/// Whether a line says nothing; frames that tools draw count as nothing.
fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_whitespace() || matches!(c, '│' | '|' | '╵' | '╷'))
}

/// Returns the end of the lines that are indented.
fn to_margin(around: &Around, from: u64) -> u64 {
    let mut end = from + 1;
    for (at, line, text) in around.from(from + 1) {
        if is_border(line) {
            break;
        }
        if text.starts_with(' ') {
            end = at + 1;
        } else if !is_blank(&text) {
            break;
        }
    }
    end
}

fn traceback(around: &Around, from: u64, found: &mut Found) {
    let margin = indent(
        &around
            .from(from)
            .next()
            .map(|(_, _, text)| text)
            .unwrap_or_default(),
    );
    for (at, line, text) in around.from(from + 1) {
        if is_border(line) {
            break;
        }
        found.block.end = at + 1;
        if is_blank(&text) || indent(&text) > margin {
            if let Some((file, row)) = place(&text)
                && (found.file.is_none() || !is_foreign(&file))
            {
                (found.file, found.row) = (Some(file), Some(row));
            }
            continue;
        }
        let text = text.trim();
        let name = text.split(':').next().unwrap_or_default();
        if !name.contains(' ') {
            found.code = Some(Clean::line(name.rsplit('.').next().unwrap_or(name)));
        }
        found.text = Some(Clean::line(text));
        found.line = at;
        break;
    }
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

fn headline(around: &Around, from: u64, found: &mut Found) {
    let said = around.from(from + 1).find(|(_, _, text)| !is_blank(text));
    if let Some((at, _, text)) = said.filter(|(_, line, _)| !is_border(line)) {
        found.text = Some(Clean::line(text.trim_start_matches('>').trim()));
        found.block.end = to_blank(around, at);
    }
}

fn listed(around: &Around, from: u64, found: &mut Found) {
    let head = around
        .before(from)
        .find(|(_, line, text)| is_border(line) || (!text.starts_with(' ') && !is_blank(text)));
    if let Some((at, _, text)) = head.filter(|(_, line, _)| !is_border(line)) {
        found.file = Some(Clean::line(text.trim()));
        found.block.start = at;
    }
}
