//! Links in the picture: each cell is a whole one, so that whatever is painted over a part of it
//! leaves the rest right; neighbours are joined again by the encoder.
//!
//! Only addresses that were checked get here ([`WebUrl`]). Which text is a link is said by views.

use std::num::NonZeroU16;

use ratatui::buffer::{Cell, CellDiffOption};
use ratatui::style::{Color, Modifier};

use crate::domain::key::WebUrl;
use crate::ui::text::width;

/// What a link begins with; its identity and its address follow.
const BEGIN: &str = "\x1b]8;id=";
/// What ends its beginning.
const END: &str = "\x1b\\";
/// What ends it.
pub(crate) const CLOSE: &str = "\x1b]8;;\x1b\\";
/// The longest address that becomes a link, in bytes: each cell has it.
const LONGEST: usize = 300;

/// The beginning of a link.
#[derive(Clone, Debug)]
pub struct Opening {
    text: String,
    id: u64,
}

/// A link as it was painted: where, in which style, and to what.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Painted {
    /// Its first column, the one after its last, and its row.
    pub(crate) place: (u16, u16, u16),
    /// How it looks.
    pub(crate) style: (Color, Color, Modifier),
    /// What it leads to.
    pub(crate) id: u64,
}

impl Opening {
    /// Returns that of an address, unless it is too long.
    pub fn of(url: &WebUrl) -> Option<Self> {
        let url = url.as_str();
        if url.len() > LONGEST {
            return None;
        }
        // Parts of one link belong together by its identity, wherever they are.
        let id = xxhash_rust::xxh3::xxh3_64(url.as_bytes());
        let short = id & 0x00ff_ffff;
        let text = format!("{BEGIN}{short:x};{url}{END}");
        Some(Self { text, id })
    }

    /// Returns what tells links apart.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Makes what a cell shows a link.
    pub fn put(&self, cell: &mut Cell) {
        let symbol = cell.symbol();
        let Some(columns) = NonZeroU16::new(width(symbol)) else {
            return;
        };
        if symbol.starts_with('\x1b') {
            return;
        }
        let linked = [self.text.as_str(), symbol, CLOSE].concat();
        set(cell, &linked);
        cell.set_diff_option(CellDiffOption::ForcedWidth(columns));
    }
}

/// Puts text into a cell that was shown to be an escape of our own around clean text.
#[expect(
    clippy::disallowed_methods,
    reason = "the escape is ours: a checked address"
)]
fn set(cell: &mut Cell, symbol: &str) {
    cell.set_symbol(symbol);
}

/// Takes a cell apart that is a link: its beginning, and what it shows.
pub fn split(symbol: &str) -> Option<(&str, &str)> {
    let rest = symbol.strip_prefix(BEGIN)?;
    let (head, text) = rest.split_once(END)?;
    let opening = symbol.get(..BEGIN.len() + head.len() + END.len())?;
    Some((opening, text.strip_suffix(CLOSE)?))
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::ui::encode::{Dialect, encode};

    fn url(text: &str) -> WebUrl {
        WebUrl::parse(text).unwrap()
    }

    fn linked(buffer: &mut Buffer, text: &str, url: &WebUrl, x: u16) {
        let opening = Opening::of(url).unwrap();
        let (end, y) = buffer.set_stringn(x, 0, text, 20, ratatui::style::Style::new());
        for x in x..end {
            opening.put(&mut buffer[(x, y)]);
        }
    }

    fn sent(buffer: &Buffer) -> String {
        let empty = Buffer::empty(buffer.area);
        let cells: Vec<_> = empty.diff_iter(buffer).collect();
        let mut bytes = Vec::new();
        encode(&cells, Dialect::default(), &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn neighbours_are_one_link_and_others_another() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        linked(&mut buffer, "api#12", &url("https://forge.test/12"), 0);
        linked(&mut buffer, "web", &url("https://forge.test/13"), 6);
        let text = sent(&buffer);
        assert_eq!(text.matches(BEGIN).count(), 2, "{text:?}");
        // The beginning of one is the end of the one before.
        assert_eq!(text.matches(CLOSE).count(), 1, "{text:?}");
        assert!(text.ends_with(&format!("web{CLOSE}")), "{text:?}");
        assert!(
            text.contains("https://forge.test/12\x1b\\api#12\x1b]8;id="),
            "{text:?}"
        );
    }

    #[test]
    fn what_is_painted_over_a_link_leaves_the_rest_right() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        linked(&mut buffer, "api#1234", &url("https://forge.test/12"), 0);
        for x in 3..5 {
            buffer[(x, 0)].reset();
        }
        buffer.set_string(3, 0, "UP", ratatui::style::Style::new());
        let text = sent(&buffer);
        assert!(text.contains("api\x1b]8;;\x1b\\UP\x1b]8;id="), "{text:?}");
    }

    #[test]
    fn wide_characters_keep_their_columns() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        linked(&mut buffer, "支払#1", &url("https://forge.test/1"), 0);
        let cell = &buffer[(0, 0)];
        assert_eq!(
            cell.diff_option,
            CellDiffOption::ForcedWidth(NonZeroU16::new(2).unwrap())
        );
        let text = sent(&buffer);
        assert!(text.contains("支払#1"), "{text:?}");
        assert_eq!(text.matches(BEGIN).count(), 1, "{text:?}");
    }

    #[test]
    fn an_address_that_is_too_long_is_no_link() {
        let long = format!("https://forge.test/{}", "x".repeat(LONGEST));
        assert!(Opening::of(&url(&long)).is_none());
        assert_eq!(split("plain"), None);
        assert_eq!(split("\x1b]8;id=1;u"), None);
    }
}
