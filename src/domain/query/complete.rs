//! What may follow while a filter is typed.
//!
//! Works on text that does not parse yet. It offers the words of the language;
//! names of people, labels and branches are added by whoever knows the board.

use crate::domain::query::terms::{ANCHORS, Clock, HAS, IS, KEYS, Key, SEVERITIES, find, name_of};
use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// What may stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// First byte of the part that a word would replace.
    pub start: usize,
    /// Byte after that part: the cursor.
    pub end: usize,
    /// The plain name of the key whose value is typed, if it is a value.
    pub key: Option<&'static str>,
    /// The words, best first: keys with their colon, or values.
    pub words: Vec<String>,
}

/// Returns what may follow at `cursor` (a byte offset): keys, or values of a key, best first.
pub fn completions(text: &str, cursor: usize) -> Vec<String> {
    completion(text, cursor).words
}

/// Returns what may follow at `cursor` (a byte offset), and which part of the text it replaces.
pub fn completion(text: &str, cursor: usize) -> Completion {
    let end = text.floor_char_boundary(cursor.min(text.len()));
    let before = text.get(..end).unwrap_or_default();
    let Some(start) = token_start(before) else {
        return Completion {
            start: end,
            end,
            key: None,
            words: Vec::new(),
        };
    };
    let token = before.get(start..).unwrap_or_default();
    let bare = token.trim_start_matches('-');
    let start = start + token.len() - bare.len();
    let name_len = bare.find([':', '=', '<', '>']);
    let Some((name, tail)) = name_len.and_then(|len| bare.split_at_checked(len)) else {
        let words = ranked(bare, KEYS.iter().map(|(name, _)| *name));
        let words = words.into_iter().map(|name| format!("{name}:")).collect();
        return Completion {
            start,
            end,
            key: None,
            words,
        };
    };
    let Some((_, key)) = find(KEYS, name) else {
        return Completion {
            start: end,
            end,
            key: None,
            words: Vec::new(),
        };
    };
    let compared = tail.starts_with([':', '=', '<', '>']);
    let value = tail.trim_start_matches([':', '=', '<', '>', ',']);
    let partial = value.rsplit(',').next().unwrap_or_default();
    let compared = compared && tail.contains(['<', '>']);
    let words = ranked(partial, values(key, compared));
    let words = words.into_iter().map(str::to_owned).collect();
    Completion {
        start: end - partial.len(),
        end,
        key: Some(name_of(key)),
        words,
    }
}

/// Returns where the token at the end of the text begins; nothing within quotes.
fn token_start(text: &str) -> Option<usize> {
    let (mut start, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && (c.is_whitespace() || "()|".contains(c)) {
            start = at + c.len_utf8();
        }
    }
    (!quoted).then_some(start)
}

fn values(key: Key, compared: bool) -> Vec<&'static str> {
    match key {
        Key::Field(field) if field.is_person() => vec!["@me", "none"],
        Key::Field(_) => vec!["none"],
        Key::Stage => Stage::ALL.map(Stage::as_str).to_vec(),
        Key::Status => Status::ALL.map(Status::as_str).to_vec(),
        Key::Severity => SEVERITIES.iter().map(|(name, _)| *name).collect(),
        Key::Anchor => ANCHORS.iter().map(|(name, _)| *name).collect(),
        Key::Has => HAS.iter().map(|(name, _)| *name).collect(),
        Key::Is => {
            let statuses = Status::ALL.map(Status::as_str).into_iter();
            let more = statuses.filter(|status| find(IS, status).is_none());
            IS.iter().map(|(name, _)| *name).chain(more).collect()
        }
        Key::Time(Clock::Age | Clock::Idle) if compared => vec!["1h", "1d", "2d", "1w"],
        Key::Time(Clock::Age | Clock::Idle) => vec![">1h", ">1d", ">2d", ">1w", "<1h"],
    }
}

/// Returns the words that begin with a part, then those that hold it.
fn ranked<'a>(part: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let part = part.to_ascii_lowercase();
    let (mut begin, rest): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|word| word.starts_with(&part));
    begin.extend(rest.into_iter().filter(|word| word.contains(&part)));
    begin
}
