//! Where something stands in a configuration text, for those who refuse it later.
//!
//! Commands of keys and names of themes are known further right only; whoever
//! refuses one there asks here for the line.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::config::Layer;

/// Returns the file and the line of a key, in the last of the texts that sets it.
///
/// `path` names the tables around it and the key itself: `["ui", "theme"]`.
pub fn place_of<'a>(layers: &[Layer<'a>], path: &[&str]) -> Option<(&'a str, usize)> {
    layers
        .iter()
        .rev()
        .find_map(|layer| Some((layer.file, line_of(layer.text, path)?)))
}

/// Returns the line of a key, from 1; of its first `path` that is there.
pub fn line_of(text: &str, path: &[&str]) -> Option<usize> {
    let (root, _) = DeTable::parse_recoverable(text);
    let (last, tables) = path.split_last()?;
    let mut table = root.get_ref();
    for name in tables {
        table = match table.get(*name)?.get_ref() {
            DeValue::Table(inner) => inner,
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => return None,
        };
    }
    let (key, _) = table.iter().find(|(key, _)| key.get_ref() == last)?;
    Some(line_at(text, key.span()))
}

/// Returns the file and the line of a key that says this word, or begins with it where it is a list:
/// in a table of this name, or in one of a list of them.
pub fn place_of_word<'a>(
    layers: &[Layer<'a>],
    table: &str,
    key: &str,
    word: &str,
) -> Option<(&'a str, usize)> {
    layers.iter().rev().find_map(|layer| {
        let (root, _) = DeTable::parse_recoverable(layer.text);
        let found = root.get_ref().get(table)?;
        let line = lines_of_word(layer.text, found.get_ref(), key, word);
        Some((layer.file, line?))
    })
}

fn lines_of_word(text: &str, value: &DeValue<'_>, key: &str, word: &str) -> Option<usize> {
    match value {
        DeValue::Table(table) => {
            let (key, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
            says(value.get_ref(), word).then(|| line_at(text, key.span()))
        }
        DeValue::Array(list) => {
            let mut values = list.iter();
            values.find_map(|value| lines_of_word(text, value.get_ref(), key, word))
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

fn says(value: &DeValue<'_>, word: &str) -> bool {
    match value {
        DeValue::String(text) => text.as_ref() == word,
        DeValue::Array(list) => list
            .first()
            .is_some_and(|first| first.get_ref().as_str() == Some(word)),
        DeValue::Table(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}

/// Returns the line of the first syntax error, from 1.
pub fn line_of_error(text: &str) -> Option<usize> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let spans = errors.iter().map(|error| error.span().unwrap_or_default());
    spans.map(|span| line_at(text, span)).min()
}

/// Returns the column, from 1, at which a span begins, in characters.
pub(super) fn column_at(text: &str, span: &Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or(before);
    line.chars().count() + 1
}

/// Returns the line, from 1, in which a span begins.
pub(super) fn line_at(text: &str, span: Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or(text);
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Trust;

    #[track_caller]
    fn check(text: &str, path: &[&str], expected: Option<usize>) {
        assert_eq!(line_of(text, path), expected, "{path:?} in {text:?}");
    }

    #[test]
    fn a_key_is_found_however_its_table_is_written() {
        check("a = 1\n[keys]\n\nzoom = \"x\"", &["keys", "zoom"], Some(4));
        check("\nkeys.zoom = \"x\"", &["keys", "zoom"], Some(2));
        check("keys = { zoom = \"x\" }", &["keys", "zoom"], Some(1));
        check(
            "[keys]\r\n\"zoom\" = [\r\n\"x\"]",
            &["keys", "zoom"],
            Some(2),
        );
        check("title = \"#fff\"", &["title"], Some(1));
    }

    #[test]
    fn what_is_not_there_has_no_line() {
        for text in ["", "keys = 1", "[keys]\nzom = 1", "[[keys]]\nzoom = 1"] {
            check(text, &["keys", "zoom"], None);
        }
        check("a = 1", &[], None);
    }

    #[test]
    fn the_last_text_that_sets_a_key_is_named() {
        let layer = |file, text| Layer {
            file,
            text,
            trust: Trust::User,
        };
        let layers = [
            layer("mine", "[ui]\ntheme = \"a\""),
            layer("here", "\n\n[ui]\ntheme = \"b\""),
            layer("other", "[ui]\nmouse = true"),
        ];
        assert_eq!(place_of(&layers, &["ui", "theme"]), Some(("here", 4)));
        assert_eq!(place_of(&layers, &["ui", "ascii"]), None);
    }

    #[test]
    fn a_word_is_found_in_the_table_that_says_it() {
        let layer = Layer {
            file: "mine",
            text: "[[source]]\nca_file = \"/a\"\n[[source]]\nca_file = \"/b\"\n\
                   token_command = [\"/c\", \"/d\"]\n[notify]\ncommand = [\"/e\"]",
            trust: Trust::User,
        };
        for (table, key, word, line) in [
            ("source", "ca_file", "/a", Some(2)),
            ("source", "ca_file", "/b", Some(4)),
            ("source", "ca_file", "/c", None),
            ("source", "token_command", "/c", Some(5)),
            ("source", "token_command", "/d", None),
            ("notify", "command", "/e", Some(7)),
            ("ui", "theme", "/e", None),
        ] {
            let found = place_of_word(&[layer], table, key, word);
            assert_eq!(
                found,
                line.map(|line| ("mine", line)),
                "{table} {key} {word}"
            );
        }
    }

    #[test]
    fn a_syntax_error_has_a_line() {
        assert_eq!(line_of_error("a = 1\nb = \nc = 2"), Some(2));
        assert_eq!(line_of_error("a = 1"), None);
    }
}
