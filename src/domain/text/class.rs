//! What kind of character: shown, dropped, or made readable.
//!
//! The ranges are written out, so that nothing is looked up at run time; tests
//! hold them to the Unicode tables that the `regex` crate brings along.

/// What becomes of a character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Shown as it is.
    Text,
    /// Shown; joins other emoji to itself by ZWJ.
    Emoji,
    /// Tab or an end of line.
    Break,
    /// A control character that terminals obey, or one that they ignore.
    Control,
    /// Changes the order of what is read: shown as `⟨U+202E⟩`.
    Deceptive,
    /// ZWJ or ZWNJ: kept between letters of scripts that need it.
    Joiner,
    /// Invisible, or drawn with different widths by different terminals.
    Dropped,
}

/// Returns what becomes of a character.
pub(super) fn kind(c: char) -> Kind {
    match c {
        ' '..='~' => Kind::Text,
        '\t'..='\r' | '\u{85}' => Kind::Break,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Kind::Control,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Kind::Deceptive
        }
        '\u{200c}'..='\u{200d}' => Kind::Joiner,
        _ if is_dropped(c) => Kind::Dropped,
        _ if is_emoji(c) => Kind::Emoji,
        _ => Kind::Text,
    }
}

/// Format characters, ignorable ones, selectors of variants, skin tones, keycaps, no characters.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{20e3}' | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Returns whether a character may begin a sequence of emoji; some that may not are included.
pub(super) fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}' | '\u{1fc00}'..='\u{1fffd}')
}

/// Returns whether a character belongs to a script whose words need joiners.
pub(super) fn takes_joiners(c: char) -> bool {
    matches!(c,
        '\u{620}'..='\u{6ff}' | '\u{710}'..='\u{109f}' | '\u{1780}'..='\u{18af}'
        | '\u{1b00}'..='\u{1c7f}' | '\u{a800}'..='\u{abff}' | '\u{fb50}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}' | '\u{11000}'..='\u{11fff}')
}

/// Returns whether a character neither joins the one before it nor the one after it.
///
/// Only a shortcut for the most common scripts; `false` says nothing.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(c,
        ' '..='~' | '\u{a0}'..='\u{a8}' | '\u{c0}'..='\u{2ff}' | '\u{370}'..='\u{482}'
        | '\u{48a}'..='\u{52f}' | '\u{2010}'..='\u{2027}' | '\u{3041}'..='\u{3096}'
        | '\u{309b}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pattern: &str) -> impl Iterator<Item = char> {
        let class = regex::Regex::new(pattern).unwrap();
        (char::MIN..=char::MAX).filter(move |c| class.is_match(c.encode_utf8(&mut [0; 4])))
    }

    #[test]
    fn no_format_or_control_character_counts_as_text() {
        for c in all(r"^[\p{Cf}\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]$") {
            assert!(!matches!(kind(c), Kind::Text | Kind::Emoji), "{c:?}");
        }
    }

    #[test]
    fn letters_digits_and_punctuation_are_kept() {
        for c in all(r"^[\p{L}\p{Nd}\p{P}\p{Sm}\p{Sc}&&\P{Default_Ignorable_Code_Point}]$") {
            assert!(matches!(kind(c), Kind::Text | Kind::Emoji), "{c:?}");
        }
    }

    #[test]
    fn every_pictograph_is_an_emoji() {
        for c in all(r"^\p{Extended_Pictographic}$") {
            assert!(matches!(kind(c), Kind::Emoji | Kind::Dropped), "{c:?}");
        }
    }

    #[test]
    fn what_stands_alone_begins_a_grapheme_and_ends_one() {
        use unicode_segmentation::UnicodeSegmentation;

        for c in (char::MIN..=char::MAX).filter(|c| stands_alone(*c)) {
            assert_eq!(format!("{c}{c}").graphemes(true).count(), 2, "{c:?}");
            assert_eq!(format!("a{c}").graphemes(true).count(), 2, "{c:?}");
            assert_ne!(unicode_width::UnicodeWidthChar::width(c), Some(0), "{c:?}");
        }
    }
}
