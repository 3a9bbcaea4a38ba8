//! Putting text on the screen without ever leaving the place given to it.
//!
//! The only file that writes into a buffer. Widths are those of the terminal;
//! text is cut between characters as people see them, never within.

use std::collections::HashSet;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::Timestamp;
use crate::domain::key::WebUrl;
use crate::ui::age::Age;
use crate::ui::link::{Opening, Painted};
use crate::ui::theme::{Role, Theme};

/// Returns a count as screen columns.
pub fn cols(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Returns the columns that a text takes.
pub fn width(text: &str) -> u16 {
    if text.is_ascii() {
        cols(text.len())
    } else {
        cols(text.width())
    }
}

/// Returns the longest beginning that fits, and whether that is not all.
pub fn fit(text: &str, columns: u16) -> (&str, bool) {
    if width(text) <= columns {
        return (text, false);
    }
    let mut used = 0_u16;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used = used.saturating_add(width(grapheme));
        if used > columns {
            break;
        }
        end = at + grapheme.len();
    }
    (text.get(..end).unwrap_or_default(), true)
}

/// Returns a span as a clock shows it: minutes and seconds, `1:05`.
pub fn clock(span: chrono::TimeDelta) -> String {
    let secs = span.num_seconds().max(0);
    format!("{}:{:02}", secs / 60, secs % 60)
}

/// Splits a text into at most `most` lines between words; the last one may be longer than fits.
pub fn wrap(text: &str, columns: u16, most: usize) -> Vec<&str> {
    let mut lines = Vec::with_capacity(most.min(8));
    let mut rest = text.trim();
    while !rest.is_empty() && columns > 0 {
        if lines.len() + 1 >= most {
            lines.push(rest);
            break;
        }
        let (head, cut) = fit(rest, columns);
        if !cut {
            lines.push(rest);
            break;
        }
        let breaks_here = rest
            .get(head.len()..)
            .is_some_and(|tail| tail.starts_with(' '));
        let at = if breaks_here {
            head.len()
        } else {
            head.rfind(' ').unwrap_or(head.len())
        };
        let first = rest.graphemes(true).next().map_or(rest.len(), str::len);
        let (line, tail) = rest.split_at_checked(at.max(first)).unwrap_or((rest, ""));
        lines.push(line.trim_end());
        rest = tail.trim_start();
    }
    lines
}

/// A buffer to paint on, with the time and the theme, that notes what the screen depends on.
pub struct Paint<'a> {
    buf: &'a mut Buffer,
    /// How things look.
    pub theme: &'a Theme,
    /// The current time.
    pub now: Timestamp,
    rolls_at: Option<Timestamp>,
    cursor: Option<Position>,
    links: bool,
    /// Links that stand on the screen, while no others are painted.
    known: Option<HashSet<Painted>>,
    linked: HashSet<Painted>,
    /// Whether a link was left out for now.
    holds_links: bool,
}

impl<'a> Paint<'a> {
    /// Begins a frame.
    pub fn new(buf: &'a mut Buffer, theme: &'a Theme, now: Timestamp) -> Self {
        Self {
            buf,
            theme,
            now,
            rolls_at: None,
            cursor: None,
            links: false,
            known: None,
            linked: HashSet::new(),
            holds_links: false,
        }
    }

    /// Lets what has a page be a link, or not; only links that are `known`, if any are given.
    #[must_use]
    pub(crate) fn linking(mut self, links: bool, known: Option<HashSet<Painted>>) -> Self {
        self.links = links;
        self.known = known;
        self
    }

    /// Returns the links that were painted, and whether others were left out.
    pub(crate) fn linked(&mut self) -> (HashSet<Painted>, bool) {
        (std::mem::take(&mut self.linked), self.holds_links)
    }

    /// Makes the text that was just painted there a link.
    pub fn link(&mut self, (from, upto): (u16, u16), y: u16, url: Option<&WebUrl>) {
        let Some(opening) = url.filter(|_| self.links).and_then(Opening::of) else {
            return;
        };
        let Some(first) = self.buf.cell((from, y)) else {
            return;
        };
        let painted = Painted {
            place: (from, upto, y),
            style: (first.fg, first.bg, first.modifier),
            id: opening.id(),
        };
        let is_known = |known: &HashSet<Painted>| known.contains(&painted);
        if !self.known.as_ref().is_none_or(is_known) {
            self.holds_links = true;
            return;
        }
        self.linked.insert(painted);
        let mut x = from;
        while x < upto {
            let Some(cell) = self.buf.cell_mut((x, y)) else {
                return;
            };
            // Of a wide character the second cell is covered.
            let columns = width(cell.symbol()).max(1);
            opening.put(cell);
            x = x.saturating_add(columns);
        }
    }

    /// Returns the whole screen.
    pub fn area(&self) -> Rect {
        *self.buf.area()
    }

    /// Paints text, cut with an ellipsis where it does not fit; returns the column after it.
    pub fn text(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        let Some(columns) = self.room(x, y, columns) else {
            return x;
        };
        let (head, cut) = fit(text, columns);
        if !cut {
            return self.buf.set_stringn(x, y, head, columns.into(), style).0;
        }
        let (head, _) = fit(text, columns.saturating_sub(1));
        let (after, _) = self.buf.set_stringn(x, y, head, columns.into(), style);
        let left = (x + columns).saturating_sub(after);
        let ellipsis = self.theme.glyphs().ellipsis();
        self.buf
            .set_stringn(after, y, ellipsis, left.min(1).into(), style)
            .0
    }

    /// Paints text that ends at the right edge of the columns given; returns where it begins.
    pub fn right(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        let free = columns.saturating_sub(width(text));
        self.text(x + free, y, columns - free, text, style);
        x + free
    }

    /// Paints the age of something and notes when its word changes.
    pub fn age(&mut self, since: Timestamp) -> Age {
        self.note(Age::rolls_at(since, self.now));
        Age::since(since, self.now)
    }

    /// Notes that the screen changes at this moment by the clock alone.
    pub fn note(&mut self, at: Timestamp) {
        if at > self.now {
            self.rolls_at = Some(self.rolls_at.map_or(at, |known| known.min(at)));
        }
    }

    /// Puts the terminal's cursor somewhere.
    pub fn cursor_at(&mut self, x: u16, y: u16) {
        if self.buf.area().contains(Position::new(x, y)) {
            self.cursor = Some(Position::new(x, y));
        }
    }

    /// Returns what was noted: the next change by the clock, and the cursor.
    pub fn notes(&self) -> (Option<Timestamp>, Option<Position>) {
        (self.rolls_at, self.cursor)
    }

    /// Returns the cells of an area, row by row.
    pub fn cells(&self, area: Rect) -> Vec<Cell> {
        let places = area.intersection(*self.buf.area()).positions();
        let cells = places.filter_map(|place| self.buf.cell(place));
        cells.cloned().collect()
    }

    /// Puts cells where they were taken from.
    pub fn put_back(&mut self, area: Rect, cells: &[Cell]) {
        let places = area.intersection(*self.buf.area()).positions();
        for (place, kept) in places.zip(cells) {
            if let Some(cell) = self.buf.cell_mut(place) {
                cell.clone_from(kept);
            }
        }
    }

    /// Styles an area without touching its text.
    pub fn style(&mut self, area: Rect, style: Style) {
        self.buf.set_style(area, style);
    }

    /// Repeats a mark to the right.
    pub fn line(&mut self, area: Rect, mark: &str, style: Style) {
        let area = area.intersection(*self.buf.area());
        for x in area.left()..area.right() {
            for y in area.top()..area.bottom() {
                self.buf.set_stringn(x, y, mark, 1, style);
            }
        }
    }

    /// Empties an area, wide characters that reach into it included.
    pub fn clear(&mut self, area: Rect, style: Style) {
        let area = area.intersection(*self.buf.area());
        for y in area.top()..area.bottom() {
            if let Some(left) = area.left().checked_sub(1)
                && self
                    .buf
                    .cell((left, y))
                    .is_some_and(|cell| width(cell.symbol()) > 1)
            {
                self.buf.set_stringn(left, y, " ", 1, Style::new());
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
        self.buf.set_style(area, style);
    }

    /// Draws a box with a title, emptied, and returns its inside.
    pub fn boxed(&mut self, area: Rect, title: &str) -> Rect {
        let theme = self.theme;
        let ground = theme.style(Role::Surface).patch(theme.style(Role::Text));
        let border = theme.style(Role::Border);
        self.clear(area, theme.ground().patch(ground));
        if area.width < 2 || area.height < 2 {
            return area;
        }
        let glyphs = theme.glyphs();
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        let wide = area.width - 2;
        self.line(
            Rect::new(area.x + 1, area.y, wide, 1),
            glyphs.rule(),
            border,
        );
        self.line(
            Rect::new(area.x + 1, bottom, wide, 1),
            glyphs.rule(),
            border,
        );
        let tall = area.height - 2;
        self.line(
            Rect::new(area.x, area.y + 1, 1, tall),
            glyphs.divider(),
            border,
        );
        self.line(
            Rect::new(right, area.y + 1, 1, tall),
            glyphs.divider(),
            border,
        );
        let corners = [
            (area.x, area.y),
            (right, area.y),
            (area.x, bottom),
            (right, bottom),
        ];
        for ((x, y), corner) in corners.into_iter().zip(glyphs.corners()) {
            self.text(x, y, 1, corner, border);
        }
        if wide > 4 {
            let end = self.text(area.x + 2, area.y, 1, " ", border);
            let end = self.text(end, area.y, wide - 3, title, theme.style(Role::Title));
            self.text(end, area.y, 1, " ", border);
        }
        Rect::new(area.x + 1, area.y + 1, wide, tall)
    }

    fn room(&self, x: u16, y: u16, columns: u16) -> Option<u16> {
        let area = self.buf.area();
        let inside = x < area.right() && y >= area.top() && y < area.bottom() && x >= area.left();
        inside
            .then(|| columns.min(area.right() - x))
            .filter(|columns| *columns > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ui::theme::{ColorDepth, Glyphs};

    #[track_caller]
    fn fits(text: &str, columns: u16, head: &str, cut: bool) {
        assert_eq!(fit(text, columns), (head, cut));
    }

    #[test]
    fn text_is_cut_between_characters() {
        fits("abc", 3, "abc", false);
        fits("abcd", 3, "abc", true);
        fits("日本語", 5, "日本", true);
        fits("日本語", 1, "", true);
        fits("e\u{301}e\u{301}x", 2, "e\u{301}e\u{301}", true);
        fits("", 0, "", false);
    }

    #[track_caller]
    fn wraps(text: &str, columns: u16, most: usize, lines: &[&str]) {
        assert_eq!(wrap(text, columns, most), lines);
    }

    #[test]
    fn lines_break_between_words_where_they_can() {
        wraps(
            "Retry gateway timeouts",
            8,
            3,
            &["Retry", "gateway", "timeouts"],
        );
        wraps(
            "Retry gateway timeouts",
            13,
            2,
            &["Retry gateway", "timeouts"],
        );
        wraps(
            "Retry gateway timeouts",
            8,
            2,
            &["Retry", "gateway timeouts"],
        );
        wraps("Donaudampfschiff", 6, 9, &["Donaud", "ampfsc", "hiff"]);
        wraps("", 6, 2, &[]);
        wraps("日本", 1, 3, &["日", "本"]);
    }

    #[test]
    fn text_never_leaves_its_columns() {
        let theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Unicode).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        let mut paint = Paint::new(&mut buf, &theme, Timestamp::UNIX_EPOCH);
        paint.text(1, 0, 4, "日本語", Style::new());
        assert_eq!(buf, Buffer::with_lines([" 日…    "]));
    }

    #[test]
    fn a_box_over_a_wide_character_keeps_its_border() {
        let theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Unicode).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 3));
        let mut paint = Paint::new(&mut buf, &theme, Timestamp::UNIX_EPOCH);
        for y in 0..3 {
            paint.text(0, y, 8, "日本日本", Style::new());
        }
        paint.boxed(Rect::new(1, 0, 4, 3), "");
        let text: Vec<&str> = buf.content().iter().map(Cell::symbol).collect();
        assert_eq!(text.concat(), " ┌──┐ 本  │  │ 本  └──┘ 本 ");
    }

    proptest! {
        #[test]
        fn wrapping_loses_only_spaces(text in "[a-zé日 ]{0,60}", columns in 1_u16..20, most in 1_usize..6) {
            let lines = wrap(&text, columns, most);
            prop_assert!(lines.len() <= most);
            let squeeze = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
        }
    }
}
