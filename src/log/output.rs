//! A line of what a program of the user prints, ready to be drawn.
//!
//! As a line of a log, but nothing of it is read as a stamp or a mark: it is shown as it is.

use crate::log::ansi::Styled;
use crate::log::secrets;
use crate::log::window::{LogLine, last_state};

/// Returns one line, without its end: clean, its colours as data, tokens hidden.
pub fn output_line(raw: &[u8]) -> LogLine {
    let text = String::from_utf8_lossy(last_state(raw));
    let mut spans = Styled::read(&text).spans();
    let whole: String = spans.iter().map(|span| span.text.as_str()).collect();
    let secret = secrets::find(&whole);
    if !secret.is_empty() {
        secrets::hide(&mut spans, &secret);
    }
    LogLine {
        spans,
        ..LogLine::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(output_line(raw.as_bytes()).text(), expected, "{raw:?}");
    }

    #[test]
    fn a_line_is_shown_as_it_is_and_commands_no_terminal() {
        check("plain", "plain");
        check("2026-11-22T10:00:00Z stays", "2026-11-22T10:00:00Z stays");
        check("web | stays", "web | stays");
        check("a\x1b[31mred\x1b[0m", "ared");
        check("\x1b]52;c;aGk=\x07x\x1b[2J\x1b]0;t\x1b\\y", "xy");
        check("10%\r50%\r100%", "100%");
        check("\u{202e}x", "⟨U+202E⟩x");
        check("glpat-abcdefghij0123456789", "[hidden]");
    }

    #[test]
    fn colours_are_data() {
        let line = output_line(b"\x1b[1;32mok\x1b[0m no");
        assert!(line.spans[0].style.bold && !line.spans[1].style.bold);
    }
}
