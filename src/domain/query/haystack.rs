//! The words of a card in one piece, so that a bare word is looked for in one place.
//!
//! Law: a card with its haystack matches what the card without it matches. It
//! is made once, with the card, from the fields that bare words are looked for
//! in; whoever changes one of those makes it anew. A card without one (read
//! back, made by hand) is searched field by field.

use memchr::memchr;
use memchr::memmem::Finder;
use nucleo_matcher::chars::{normalize, to_lower_case};

use crate::domain::item::WorkItem;

/// What divides the fields; no clean text holds it.
const BETWEEN: char = '\n';

/// Key, title, labels, holders, branches and services, each letter of ASCII in lower case.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Haystack {
    text: Box<str>,
    letters: Letters,
}

/// Which letters and digits of ASCII a text holds, those that its others stand for included: most
/// cards are sorted out by that, and their text is not read.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Letters(u64);

impl Letters {
    fn of(text: &str) -> Self {
        let bit = |c: char| match c {
            'a'..='z' => 1 << (u32::from(c) - u32::from('a')),
            '0'..='9' => 1 << (26 + u32::from(c) - u32::from('0')),
            _ => 0,
        };
        let plain = |c: char| match c {
            _ if c.is_ascii() => c.to_ascii_lowercase(),
            _ => to_lower_case(normalize(c)),
        };
        Self(text.chars().fold(0, |all, c| all | bit(plain(c))))
    }

    fn hold(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl Haystack {
    /// Gathers the words of a card.
    pub fn of(item: &WorkItem) -> Self {
        let mut text = String::with_capacity(160);
        any_word(item, |word| {
            text.push_str(word);
            text.push(BETWEEN);
            false
        });
        text.make_ascii_lowercase();
        Self::from_text(text)
    }

    fn from_text(text: String) -> Self {
        Self {
            letters: Letters::of(&text),
            text: text.into_boxed_str(),
        }
    }

    /// Returns whether there is nothing in it: no card has no words.
    pub(super) fn is_missing(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns whether it holds a piece, which is ASCII in lower case and of one field.
    pub(super) fn holds(&self, piece: &Finder<'_>) -> bool {
        piece.find(self.text.as_bytes()).is_some()
    }

    /// Returns its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator(BETWEEN)
    }

    /// Returns whether all of it is ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// Words that were typed, to sort cards out before they are scored one by one.
#[derive(Clone, Debug)]
pub struct Typed {
    words: Vec<Finder<'static>>,
    letters: Letters,
}

/// How a card holds what was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// Every word stands on it as it was typed.
    Words,
    /// The letters of every word stand on it in their order, or that is not known.
    Letters,
    /// It cannot be meant.
    Not,
}

impl Typed {
    /// Takes a text in as its words; nothing but letters of ASCII can be sorted out by.
    pub fn new(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
        let words = text.split_ascii_whitespace();
        let finder = |word: &str| Finder::new(&word.to_ascii_lowercase()).into_owned();
        plain.then(|| Self {
            words: words.map(finder).collect(),
            letters: Letters::of(text),
        })
    }

    /// Returns how a card holds the words.
    pub fn fit(&self, haystack: &Haystack) -> Fit {
        if !haystack.is_missing() && !haystack.letters.hold(self.letters) {
            return Fit::Not;
        }
        let text = haystack.text.as_bytes();
        if self.words.iter().all(|word| word.find(text).is_some()) {
            return Fit::Words;
        }
        // Letters with marks may stand for those without.
        let open = haystack.is_missing() || !haystack.is_ascii();
        if open
            || self
                .words
                .iter()
                .all(|word| has_letters(text, word.needle()))
        {
            Fit::Letters
        } else {
            Fit::Not
        }
    }
}

/// Whether a text holds these letters in this order.
fn has_letters(mut text: &[u8], letters: &[u8]) -> bool {
    letters.iter().all(|letter| {
        let rest = memchr(*letter, text).and_then(|at| text.get(at + 1..));
        text = rest.unwrap_or_default();
        rest.is_some()
    })
}

/// Calls `f` with each text that a bare word is looked for in, until it returns true.
pub(super) fn any_word(item: &WorkItem, mut f: impl FnMut(&str) -> bool) -> bool {
    f(&item.key)
        || f(&item.title)
        || item.labels.iter().any(|label| f(label))
        || item.holders.iter().any(|person| f(&person.login))
        || item.branches.iter().any(|branch| f(branch))
        || item.services.iter().any(|service| f(service.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{Fit, Haystack, Typed};

    #[track_caller]
    fn check(typed: &str, haystack: &str, expected: Fit) {
        let haystack = Haystack::from_text(haystack.to_owned());
        let found = Typed::new(typed).map(|typed| typed.fit(&haystack));
        assert_eq!(found, Some(expected), "{typed:?} in {haystack:?}");
    }

    #[test]
    fn cards_are_sorted_out_by_words_and_by_letters() {
        check("Gate 12", "acme/api#12\nretry the gateway\n", Fit::Words);
        check("gtw", "acme/api#12\nretry the gateway\n", Fit::Letters);
        check("gtw x", "acme/api#12\nretry the gateway\n", Fit::Not);
        check("wig", "acme/api#12\nretry the gateway\n", Fit::Not);
        check("uber", "acme/api#12\nüber\n", Fit::Letters);
        // Which letters an odd one may stand for is known without a look at the text.
        check("uz", "acme/api#12\nüber\n", Fit::Not);
        check("xyzzy", "支払いの再試行を直す\nretry-gateway\n", Fit::Not);
        check("angstrom", "Ångström\n", Fit::Letters);
        check("any", "", Fit::Letters);
        check("", "a\n", Fit::Words);
    }

    #[test]
    fn what_has_a_meaning_in_patterns_is_left_to_them() {
        for typed in ["!gate", "^gate", "gate$", "'gate", "größe", "a\\ b"] {
            assert!(Typed::new(typed).is_none(), "{typed}");
        }
    }
}
