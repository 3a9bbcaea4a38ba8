//! The words of a card in one piece, so that a bare word is looked for in one place.
//!
//! Law: a card with its haystack matches what the card without it matches. It
//! is made once, with the card, from the fields that bare words are looked for
//! in; whoever changes one of those makes it anew. A card without one (read
//! back, made by hand) is searched field by field.

use memchr::memmem::Finder;

use crate::domain::item::WorkItem;

/// What divides the fields; no clean text holds it.
const BETWEEN: char = '\n';

/// Key, title, labels, holders, branches and services, each letter of ASCII in lower case.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Haystack(Box<str>);

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
        Self(text.into_boxed_str())
    }

    /// Returns whether there is nothing in it: no card has no words.
    pub(super) fn is_missing(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether it holds a piece, which is ASCII in lower case and of one field.
    pub(super) fn holds(&self, piece: &Finder<'_>) -> bool {
        piece.find(self.0.as_bytes()).is_some()
    }

    /// Returns its fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(BETWEEN)
    }

    /// Returns whether all of it is ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
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
