//! Escape sequences: how long each is, with all that it carries.
//!
//! Knows the forms of ECMA-48 and what xterm makes of broken ones: 7-bit
//! (`ESC [`) and 8-bit (U+009B). Nothing is interpreted, only measured.

/// The longest sequence that is dropped as a whole, in bytes.
///
/// A text that begins a sequence and never ends it loses no more than this.
const LONGEST: usize = 4_096;

const ESC: char = '\u{1b}';

/// What a sequence is made of.
#[derive(Clone, Copy)]
enum Form {
    /// Parameters, then one final character.
    Control,
    /// Anything up to a terminator; BEL ends it too.
    Command,
    /// Anything up to a terminator.
    Text,
    /// Intermediate characters, then one final character.
    Short,
}

/// Returns how many bytes at the start of `text` are an escape sequence; 0 where none begins.
///
/// A sequence that is not finished ends where something begins that cannot
/// belong to it: a line end, another escape, or after 4 KiB.
pub(crate) fn len(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return 0 };
    let head = first.len_utf8();
    let (form, head) = match first {
        ESC => match chars.next() {
            Some('[') => (Form::Control, head + 1),
            Some(']') => (Form::Command, head + 1),
            Some('P' | 'X' | '^' | '_') => (Form::Text, head + 1),
            _ => (Form::Short, head),
        },
        '\u{9b}' => (Form::Control, head),
        '\u{9d}' => (Form::Command, head),
        '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => (Form::Text, head),
        _ => return 0,
    };
    let body = text.get(head..).unwrap_or_default();
    head + match form {
        Form::Control => final_at(body, |c| matches!(c, ' '..='?'), |c| matches!(c, '@'..='~')),
        Form::Short => final_at(body, |c| matches!(c, ' '..='/'), |c| matches!(c, '0'..='~')),
        Form::Command => end_of_text(body, true),
        Form::Text => end_of_text(body, false),
    }
}

/// Returns the length of a run of `within` with one `last` behind it, where there is one.
fn final_at(body: &str, within: fn(char) -> bool, last: fn(char) -> bool) -> usize {
    for (at, c) in body.char_indices() {
        if last(c) {
            return at + c.len_utf8();
        }
        if !within(c) || at >= LONGEST {
            return at;
        }
    }
    body.len()
}

/// Returns the length of a text up to and with its terminator.
fn end_of_text(body: &str, bell_ends: bool) -> usize {
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\u{9c}' => return at + c.len_utf8(),
            '\u{7}' if bell_ends => return at + 1,
            ESC if chars.as_str().starts_with('\\') => return at + 2,
            ESC | '\n' | '\u{18}' | '\u{1a}' => return at,
            _ if at >= LONGEST => return at,
            _ => {}
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, rest: &str) {
        assert_eq!(text.get(len(text)..), Some(rest), "{text:?}");
    }

    #[test]
    fn whole_sequences_are_measured_with_their_payload() {
        check("\u{1b}[31mred", "red");
        check("\u{1b}[?1049h\u{1b}[2J", "\u{1b}[2J");
        check("\u{9b}38;5;1mred", "red");
        check("\u{1b}]0;title\u{7}x", "x");
        check("\u{1b}]52;c;aGk=\u{1b}\\x", "x");
        check("\u{9d}8;;https://e\u{9c}x", "x");
        check("\u{1b}Pq#0;2;0\u{7}still\u{1b}\\x", "x");
        check("\u{1b}_Gf=100;AAAA\u{1b}\\x", "x");
        check("\u{1b}^private\u{9c}x", "x");
        check("\u{1b}Xstart\u{1b}\\x", "x");
        check("\u{1b}c reset", " reset");
        check("\u{1b}(Bx", "x");
        check("\u{1b}#8x", "x");
    }

    #[test]
    fn broken_sequences_end_where_they_cannot_go_on() {
        check("\u{1b}", "");
        check("\u{1b}\u{1b}[31m", "\u{1b}[31m");
        check("\u{1b}[31\nnext", "\nnext");
        check("\u{1b}[31é", "é");
        check("\u{1b}]0;title\nnext", "\nnext");
        check("\u{1b}]0;title\u{18}x", "\u{18}x");
        check("\u{1b}]0;a\u{1b}[31mx", "\u{1b}[31mx");
        check("\u{1b}é", "é");
        check("plain", "plain");
        check("", "");
    }

    #[test]
    fn a_sequence_without_end_costs_four_kibibytes() {
        for start in ["\u{1b}]0;", "\u{1b}P", "\u{9f}", "\u{1b}[1;"] {
            let text = format!("{start}{}", "1".repeat(10_000));
            let lost = len(&text);
            assert!((LONGEST..LONGEST + 8).contains(&lost), "{start:?} {lost}");
        }
    }
}
