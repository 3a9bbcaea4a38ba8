//! One key press with its modifiers: parsing, labels, normal form.
//!
//! Terminals differ in how they report shift; a chord keeps the character and
//! forgets shift where the character already tells it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ui::glyphs::Glyphs;

/// One key press.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
];

/// The words before a key.
const MODIFIERS: [(&str, KeyModifiers); 4] = [
    ("ctrl", KeyModifiers::CONTROL),
    ("c", KeyModifiers::CONTROL),
    ("alt", KeyModifiers::ALT),
    ("shift", KeyModifiers::SHIFT),
];

const ARROWS: [(&str, KeyCode); 4] = [
    ("↑", KeyCode::Up),
    ("↓", KeyCode::Down),
    ("←", KeyCode::Left),
    ("→", KeyCode::Right),
];

/// Keys that terminals without newer protocols send as another key.
const SAME_AS: &[(char, &str)] = &[
    ('i', "tab"),
    ('m', "enter"),
    ('j', "enter"),
    ('h', "backspace"),
    ('[', "esc"),
];

impl Chord {
    /// Returns the chord of a key event in its normal form.
    pub fn of(event: &KeyEvent) -> Self {
        let kept =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let shift = KeyModifiers::SHIFT;
        let (code, modifiers) = if let Some(c) = event.code.as_char() {
            let c = if kept.contains(KeyModifiers::CONTROL) {
                c.to_ascii_lowercase()
            } else if kept.contains(shift) {
                c.to_ascii_uppercase()
            } else {
                c
            };
            (KeyCode::Char(c), kept - shift)
        } else if event.code == KeyCode::BackTab {
            (KeyCode::Tab, kept | shift)
        } else {
            (event.code, kept)
        };
        Self { code, modifiers }
    }

    /// Returns the chord that a word names: `j`, `G`, `ctrl-d`, `shift-tab`, `f5`.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with the word.
    pub fn parse(word: &str) -> Result<Self, String> {
        let chord = Self::parse_apart(word)?;
        if chord.modifiers.contains(KeyModifiers::CONTROL)
            && let KeyCode::Char(c) = chord.code
            && let Some((_, same)) = SAME_AS
                .iter()
                .find(|(known, _)| c.eq_ignore_ascii_case(known))
        {
            return Err(format!("terminals send `{word}` as `{same}`"));
        }
        Ok(chord)
    }

    /// The same for a terminal that tells all keys apart.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with the word.
    pub fn parse_apart(word: &str) -> Result<Self, String> {
        let mut rest = word;
        let mut modifiers = KeyModifiers::NONE;
        while let Some((modifier, tail)) = split_modifier(rest) {
            modifiers |= modifier;
            rest = tail;
        }
        let code = parse_code(rest).ok_or_else(|| format!("`{word}` names no key"))?;
        Ok(Self::of(&KeyEvent::new(code, modifiers)))
    }

    /// Returns the form of a key in the configuration, as a regular expression; which of them
    /// terminals confuse it does not tell.
    pub fn form() -> String {
        let any_case = |word: &str| -> String {
            let letter = |c: char| format!("[{}{c}]", c.to_ascii_uppercase());
            word.chars().map(letter).collect()
        };
        let either = |words: &[&str]| -> String {
            let words: Vec<String> = words.iter().map(|word| any_case(word)).collect();
            words.join("|")
        };
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        let modifiers: Vec<&str> = MODIFIERS.iter().map(|(name, _)| *name).collect();
        let (names, modifiers) = (either(&names), either(&modifiers));
        format!(r"(?:(?:{modifiers})-)*(?:\S|[Ff](?:[1-9]|1[0-2])|{names})")
    }

    /// Returns the character that this key types, if it types one.
    pub fn character(self) -> Option<char> {
        let plain = (self.modifiers - KeyModifiers::SHIFT).is_empty();
        self.code.as_char().filter(|_| plain)
    }

    /// Returns whether this is the plain key of that code.
    pub fn is(self, code: KeyCode) -> bool {
        self.code == code && self.modifiers.is_empty()
    }

    /// Returns whether this is that letter with ctrl.
    pub fn is_ctrl(self, letter: char) -> bool {
        self.code == KeyCode::Char(letter) && self.modifiers == KeyModifiers::CONTROL
    }

    /// Returns the key code.
    pub fn code(self) -> KeyCode {
        self.code
    }

    /// Returns the modifiers.
    pub fn modifiers(self) -> KeyModifiers {
        self.modifiers
    }

    /// Returns how the key is shown.
    pub fn label(self, glyphs: Glyphs) -> String {
        let mut label = String::new();
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "ctrl-"),
            (KeyModifiers::ALT, "alt-"),
            (KeyModifiers::SHIFT, "shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                label.push_str(name);
            }
        }
        let arrow = ARROWS
            .iter()
            .find(|(_, code)| glyphs == Glyphs::Unicode && *code == self.code);
        let name = NAMED.iter().find(|(_, code)| *code == self.code);
        if let Some((name, _)) = arrow.or(name) {
            label.push_str(name);
        } else if let KeyCode::F(number) = self.code {
            label.push('f');
            label.push_str(&number.to_string());
        } else {
            label.push(self.code.as_char().unwrap_or('?'));
        }
        label
    }
}

fn split_modifier(word: &str) -> Option<(KeyModifiers, &str)> {
    let (name, rest) = word.split_once('-')?;
    if rest.is_empty() {
        return None;
    }
    let mut known = MODIFIERS.iter();
    let (_, modifier) = known.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some((*modifier, rest))
}

fn parse_code(word: &str) -> Option<KeyCode> {
    let mut chars = word.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return (!only.is_control()).then_some(KeyCode::Char(only));
    }
    let lower = word.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix('f')
        && let Ok(number @ 1..=12) = digits.parse::<u8>()
    {
        return Some(KeyCode::F(number));
    }
    NAMED
        .iter()
        .find(|(name, _)| *name == lower)
        .map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, code: KeyCode, modifiers: KeyModifiers) {
        let pressed = Chord::of(&KeyEvent::new(code, modifiers));
        assert_eq!(Chord::parse(word), Ok(pressed));
        let label = pressed.label(Glyphs::Ascii);
        assert_eq!(Chord::parse(&label), Ok(pressed), "label {label}");
    }

    #[test]
    fn words_and_events_meet_in_one_form() {
        check("j", KeyCode::Char('j'), KeyModifiers::NONE);
        check("G", KeyCode::Char('G'), KeyModifiers::SHIFT);
        check("G", KeyCode::Char('g'), KeyModifiers::SHIFT);
        check("?", KeyCode::Char('?'), KeyModifiers::SHIFT);
        check("-", KeyCode::Char('-'), KeyModifiers::NONE);
        check(
            "ctrl-d",
            KeyCode::Char('D'),
            KeyModifiers::CONTROL | KeyModifiers::SHIFT,
        );
        check("shift-tab", KeyCode::BackTab, KeyModifiers::SHIFT);
        check("shift-tab", KeyCode::BackTab, KeyModifiers::NONE);
        check("f5", KeyCode::F(5), KeyModifiers::NONE);
        check("pgdn", KeyCode::PageDown, KeyModifiers::NONE);
        check("space", KeyCode::Char(' '), KeyModifiers::NONE);
        check("alt-x", KeyCode::Char('x'), KeyModifiers::ALT);
    }

    #[test]
    fn the_form_is_of_keys_and_of_nothing_else() {
        let form = regex::Regex::new(&format!("^{}$", Chord::form())).unwrap();
        for word in [
            "j",
            "-",
            "ctrl-d",
            "C-x",
            "Alt-Shift-f5",
            "PgDn",
            "f12",
            "ctrl--",
            "é",
        ] {
            assert!(
                form.is_match(word) && Chord::parse_apart(word).is_ok(),
                "{word}"
            );
        }
        for word in ["", "ctrl-", "hyper-x", "f99", "f0", "pagedown", "jj", "alt"] {
            assert!(
                !form.is_match(word) && Chord::parse_apart(word).is_err(),
                "{word}"
            );
        }
    }

    #[test]
    fn keys_that_terminals_confuse_are_refused() {
        for word in ["ctrl-i", "ctrl-m", "ctrl-h", "ctrl-j", "ctrl-["] {
            assert!(
                Chord::parse(word).unwrap_err().contains("terminals send"),
                "{word}"
            );
        }
        for word in ["", "ctrl-", "hyper-x", "f99", "pagedown-ish"] {
            assert!(Chord::parse(word).is_err(), "{word}");
        }
    }

    #[test]
    fn arrows_are_drawn_where_they_can_be() {
        let left = Chord::parse("left").unwrap();
        assert_eq!(left.label(Glyphs::Unicode), "←");
        assert_eq!(left.label(Glyphs::Ascii), "left");
    }
}
