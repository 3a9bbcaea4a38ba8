//! Columns: how wide text is on a terminal, and text that is cut to a width.
//!
//! A column is what `unicode-width` gives each grapheme, which is how the
//! screen is drawn cell by cell. Graphemes are never cut.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::text::plain::is_plain;

/// Returns how many columns a text takes.
pub fn width(text: &str) -> usize {
    if is_plain(text.as_bytes()) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Returns the text, cut to at most `columns` and ending with `…` where it was longer.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    truncate_with(text, columns, '…')
}

/// Returns the text, cut to at most `columns` and ending with `mark` where it was longer.
///
/// `mark` is `…`, or `>` where only ASCII is drawn. Where not even the mark fits,
/// nothing is left.
pub fn truncate_with(text: &str, columns: usize, mark: char) -> Cow<'_, str> {
    if text.len() <= columns {
        return Cow::Borrowed(text);
    }
    let mark_width = mark.width().unwrap_or(1);
    let room = columns.saturating_sub(mark_width);
    let (mut used, mut keep) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > columns {
            if mark_width > columns {
                return Cow::Borrowed("");
            }
            let mut cut = text.get(..keep).unwrap_or_default().to_owned();
            cut.push(mark);
            return Cow::Owned(cut);
        }
        if used <= room {
            keep = at + grapheme.len();
        }
    }
    Cow::Borrowed(text)
}

/// Returns a name in plain ASCII, for a question that must not be misread.
///
/// What is not printable ASCII is written as `\u{…}`, and `\` as `\\`, so that
/// two different names never look the same.
pub fn plain_ascii_escape(name: &str) -> Cow<'_, str> {
    if is_plain(name.as_bytes()) && !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let mut plain = String::with_capacity(name.len() * 2);
    for c in name.chars() {
        match c {
            '\\' => plain.push_str("\\\\"),
            ' '..='~' => plain.push(c),
            _ => {
                let _ = write!(plain, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, expected: &str) {
        assert_eq!(truncate(text, columns), expected, "{text:?} in {columns}");
    }

    #[test]
    fn short_text_stays_and_long_text_ends_with_a_mark() {
        check("login", 5, "login");
        check("login", 4, "log…");
        check("login", 1, "…");
        check("login", 0, "");
        check("", 0, "");
        check("漢字漢字", 8, "漢字漢字");
        check("漢字漢字", 7, "漢字漢…");
        check("漢字漢字", 6, "漢字…");
        check("漢字", 1, "…");
        check("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}");
        check("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…");
        check("🇩🇪🇫🇷", 3, "🇩🇪…");
        assert_eq!(truncate_with("login", 4, '>'), "log>");
    }

    #[test]
    fn names_in_questions_cannot_be_misread() {
        assert_eq!(plain_ascii_escape("production"), "production");
        assert_eq!(plain_ascii_escape("prоduction"), "pr\\u{43e}duction");
        assert_eq!(plain_ascii_escape("a\\u{43e}"), "a\\\\u{43e}");
        assert_eq!(plain_ascii_escape("a\nb"), "a\\u{a}b");
    }

    proptest::proptest! {
        #[test]
        fn a_cut_fills_its_columns_and_no_more(text in "\\PC{0,40}", columns in 0_usize..50) {
            let cut = truncate(&text, columns);
            proptest::prop_assert!(width(&cut) <= columns);
            if width(&text) <= columns {
                proptest::prop_assert_eq!(&cut, &text);
            } else if columns > 0 {
                let kept = cut.strip_suffix('…').unwrap();
                proptest::prop_assert!(text.starts_with(kept));
                let next = text.graphemes(true).nth(kept.graphemes(true).count()).unwrap_or("");
                proptest::prop_assert!(width(kept) + width(next) >= columns);
            }
        }

        #[test]
        fn escaped_names_are_ascii_and_differ_when_names_do(a in ".*", b in ".*") {
            proptest::prop_assert!(plain_ascii_escape(&a).is_ascii());
            proptest::prop_assert_eq!(a == b, plain_ascii_escape(&a) == plain_ascii_escape(&b));
        }
    }
}
