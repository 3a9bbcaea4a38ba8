//! Fewer bytes for the same picture: neighbours of a link are joined, and long runs of nothing are
//! erased instead of written; and the sixteen colours as terminals know them that have no more.
//!
//! Works on the cells that changed, before they are encoded. Erasing takes the ground that is in
//! force, which a few terminals do not do: whoever knows the terminal says whether it may be used.

use ratatui::buffer::Cell;
use ratatui::style::Modifier;

use crate::ui::link;

/// The shortest run that is erased: the sequence and the move behind it cost as much.
const LEAST: usize = 20;

/// What is seen on nothing.
const SEEN: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::CROSSED_OUT);

/// A cell and where it is.
pub type Placed = (u16, u16, Cell);

/// Returns what to send instead of these cells; nothing where they are best sent as they are.
pub fn shrink(cells: &[(u16, u16, &Cell)], erases: bool) -> Option<Vec<Placed>> {
    let joined = link::joined(cells);
    if !erases {
        return joined;
    }
    match &joined {
        Some(joined) => {
            let cells: Vec<_> = joined.iter().map(|(x, y, cell)| (*x, *y, cell)).collect();
            erased(&cells)
        }
        None => erased(cells),
    }
    .or(joined)
}

/// Takes long runs of nothing out; returns nothing where there is none.
fn erased(cells: &[(u16, u16, &Cell)]) -> Option<Vec<Placed>> {
    let mut kept: Vec<Placed> = Vec::new();
    let mut is_shorter = false;
    let mut rest = cells;
    while let Some((first, tail)) = rest.split_first() {
        let run = run(rest);
        let (x, y, cell) = first;
        let mut cell = (*cell).clone();
        if run >= LEAST {
            is_shorter = true;
            // One is written, so that the cursor is where it is believed to be.
            link::set(&mut cell, &format!(" \x1b[{}X", run - 1));
            rest = rest.get(run..).unwrap_or_default();
        } else {
            rest = tail;
        }
        kept.push((*x, *y, cell));
    }
    is_shorter.then_some(kept)
}

/// Returns how many cells from the first on show nothing, side by side on the same ground.
fn run(cells: &[(u16, u16, &Cell)]) -> usize {
    let Some((x, y, first)) = cells.first() else {
        return 0;
    };
    let is_part = |((column, row, cell), at): (&(u16, u16, &Cell), u16)| {
        cell.symbol() == " "
            && (*column, *row) == (x.saturating_add(at), *y)
            && cell.bg == first.bg
            && cell.modifier == first.modifier
            && !cell.modifier.intersects(SEEN)
    };
    cells.iter().zip(0..).take_while(|it| is_part(*it)).count()
}

/// Returns a frame with its sixteen colours as they are sent since there are any: `31` and `97`.
///
/// The encoder sends them as those of 256, `38;5;1`, which a terminal of sixteen takes for a flash
/// (`5`) and a dim (`1`). Only sequences that set colours are touched, and text has none.
pub fn sixteen(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(at) = memchr::memmem::find(rest, b"\x1b[") {
        let (before, sequence) = rest.split_at(at);
        out.extend_from_slice(before);
        let inner = sequence.get(2..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
        let length = inner.iter().take_while(|byte| is_part(byte)).count();
        let (parts, after) = inner.split_at(length);
        out.extend_from_slice(b"\x1b[");
        if after.first() == Some(&b'm') {
            out.extend_from_slice(plain(parts).as_bytes());
        } else {
            out.extend_from_slice(parts);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// Rewrites what a sequence sets: `38;5;1` becomes `31`, `48;5;12` becomes `104`.
fn plain(parts: &[u8]) -> String {
    let text = String::from_utf8_lossy(parts);
    let mut words = text.split(';').peekable();
    let mut out: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        let base = match word {
            "38" => 30,
            "48" => 40,
            _ => {
                out.push(word.to_owned());
                continue;
            }
        };
        let kind = words.next().unwrap_or_default();
        let number = words.next().unwrap_or_default();
        match (kind, number.parse::<u8>()) {
            ("5", Ok(color @ 0..8)) => out.push((base + color).to_string()),
            ("5", Ok(color @ 8..16)) => out.push((base + 60 + color - 8).to_string()),
            _ => out.extend([word, kind, number].map(str::to_owned)),
        }
    }
    out.join(";")
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    fn changes<'a>(before: &Buffer, after: &'a Buffer) -> Vec<(u16, u16, &'a Cell)> {
        before.diff_iter(after).collect()
    }

    #[test]
    fn a_long_run_of_nothing_is_erased_and_a_short_one_written() {
        let before = Buffer::empty(Rect::new(0, 0, 60, 2));
        let mut after = before.clone();
        after.set_style(Rect::new(0, 0, 60, 1), Style::new().bg(Color::Blue));
        after.set_string(4, 0, "hello", Style::new());
        let sent = shrink(&changes(&before, &after), true).unwrap();
        let text: String = sent.iter().map(|(.., cell)| cell.symbol()).collect();
        assert_eq!(text, "    hello \x1b[50X");
        assert_eq!(shrink(&changes(&before, &after), false), None);
    }

    #[test]
    fn sixteen_colours_are_sent_as_old_terminals_know_them() {
        let sent = |text: &str| String::from_utf8(sixteen(text.as_bytes())).unwrap();
        assert_eq!(sent("\x1b[38;5;1mred"), "\x1b[31mred");
        assert_eq!(sent("\x1b[38;5;9;48;5;12mx"), "\x1b[91;104mx");
        assert_eq!(
            sent("a\x1b[48;5;0m\x1b[1;38;5;15mb\x1b[0m"),
            "a\x1b[40m\x1b[1;97mb\x1b[0m"
        );
        for same in [
            "\x1b[38;5;16m",
            "\x1b[38;2;1;2;3m",
            "\x1b[5;1H",
            "\x1b[0m",
            "\x1b[",
            "38;5;1m",
        ] {
            assert_eq!(sent(same), same);
        }
    }

    #[test]
    fn what_is_seen_on_nothing_is_written() {
        let before = Buffer::empty(Rect::new(0, 0, 60, 1));
        for modifier in [Modifier::REVERSED, Modifier::UNDERLINED] {
            let mut after = before.clone();
            after.set_style(after.area, Style::new().add_modifier(modifier));
            assert_eq!(shrink(&changes(&before, &after), true), None);
        }
    }

    #[test]
    fn a_run_ends_with_its_line_and_its_ground() {
        let before = Buffer::empty(Rect::new(0, 0, 30, 2));
        let mut after = before.clone();
        after.set_style(Rect::new(0, 0, 30, 2), Style::new().bg(Color::Red));
        after.set_style(Rect::new(25, 1, 5, 1), Style::new().bg(Color::Blue));
        let sent = shrink(&changes(&before, &after), true).unwrap();
        let runs: Vec<&str> = sent.iter().map(|(.., cell)| cell.symbol()).collect();
        assert_eq!(runs[..2], [" \x1b[29X", " \x1b[24X"]);
        assert_eq!(runs[2..], [" "; 5]);
    }
}
