//! A log as lines of text: clean, with its own colours or without.
//!
//! Reads in windows, so that a log of any size takes the room of one.

use std::fmt::Write as _;
use std::io::{self, Read, Seek, Write};
use std::ops::Range;

use crate::app::redact;
use crate::log::{self, Color, Index, LogLine, Sgr};

/// How many lines are read at once.
pub const STEP: u64 = 512;

/// Writes some lines of a log; the output may be as slow as it likes.
pub fn write<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    lines: Range<u64>,
    colored: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let end = lines.end.min(index.lines());
    let mut at = lines.start;
    while at < end {
        let until = (at + STEP).min(end);
        let mut text = String::new();
        for mut line in log::window(index, reader, at..until)? {
            redact::hide_in(&mut line);
            push(&mut text, &line, colored);
        }
        out.write_all(text.as_bytes())?;
        at = until;
    }
    Ok(())
}

/// Appends one line with its line end.
fn push(out: &mut String, line: &LogLine, colored: bool) {
    if let Some(source) = &line.source {
        out.push_str(source);
        out.push_str(" | ");
    }
    let mut styled = false;
    for span in &line.spans {
        if colored && (styled || span.style != Sgr::default()) {
            out.push_str(&sequence(span.style));
            styled = span.style != Sgr::default();
        }
        out.push_str(&span.text);
    }
    if styled {
        out.push_str("\x1b[0m");
    }
    if let Some(bytes) = line.cut {
        // Writing to a string cannot fail.
        let _ = write!(out, " … ({bytes} bytes)");
    }
    out.push('\n');
}

/// Returns the sequence that sets exactly this style.
fn sequence(style: Sgr) -> String {
    let mut out = "\x1b[0".to_owned();
    let switches = [
        (style.bold, ";1"),
        (style.dim, ";2"),
        (style.italic, ";3"),
        (style.underline, ";4"),
        (style.reverse, ";7"),
    ];
    for (_, number) in switches.into_iter().filter(|(on, _)| *on) {
        out.push_str(number);
    }
    for (color, kind) in [(style.foreground, 3), (style.background, 4)] {
        let _ = match color {
            Some(Color::Indexed(number)) => write!(out, ";{kind}8;5;{number}"),
            Some(Color::Rgb(red, green, blue)) => write!(out, ";{kind}8;2;{red};{green};{blue}"),
            None => Ok(()),
        };
    }
    out.push('m');
    out
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::log::Intake;

    fn text(raw: &str, lines: Range<u64>, colored: bool) -> String {
        let mut intake = Intake::new(io::sink());
        intake.push(raw.as_bytes()).unwrap();
        let index = intake.finish().unwrap();
        let mut out = Vec::new();
        write(&index, &mut Cursor::new(raw), lines, colored, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn colours_stay_or_go_and_nothing_else_gets_through() {
        let raw = "a \x1b[1;31mred\x1b[0m b\x1b[2J\x1b]0;title\x07\n\x1b[32mgreen\nplain\n";
        assert_eq!(text(raw, 0..9, false), "a red b\ngreen\nplain\n");
        assert_eq!(
            text(raw, 0..9, true),
            "a \x1b[0;1;38;5;1mred\x1b[0m b\n\x1b[0;38;5;2mgreen\x1b[0m\nplain\n"
        );
        assert_eq!(text(raw, 1..2, false), "green\n");
    }

    #[test]
    fn no_secret_in_use_and_no_token_is_written() {
        redact::know(&secrecy::SecretString::from("battery-horse-staple"));
        let raw = "a \x1b[31mbattery-\x1b[32mhorse-staple\x1b[0m b\nglpat-abcdefghij0123456789 c\n";
        assert_eq!(text(raw, 0..9, false), "a [hidden] b\n[hidden] c\n");
        let colored = text(raw, 0..9, true);
        assert!(
            !colored.contains("horse") && !colored.contains("ghij"),
            "{colored}"
        );
    }

    #[test]
    fn more_lines_than_one_window_come_in_order_and_each_once() {
        let lines: Vec<String> = (0..STEP * 3 + 7).map(|n| format!("line {n}\n")).collect();
        let raw = lines.concat();
        assert_eq!(text(&raw, 0..u64::MAX, false), raw);
    }

    #[test]
    fn colours_of_all_kinds_are_kept() {
        let raw = "\x1b[38;2;1;2;3;48;5;200;4mx\n";
        assert_eq!(
            text(raw, 0..1, true),
            "\x1b[0;4;38;2;1;2;3;48;5;200mx\x1b[0m\n"
        );
    }
}
