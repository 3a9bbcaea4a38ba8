//! Patterns on text: a piece, a whole value, or pieces with `*` between.
//!
//! Letters of either case are the same. Text in ASCII is searched as it is,
//! without a copy; other text is folded, but only for patterns that need it.

use std::borrow::Cow;

use memchr::memmem::Finder;
use memchr::{memchr2_iter, memmem};

/// After how many false starts the search takes a copy rather than more time.
const FALSE_STARTS: usize = 64;

/// A pattern, ready to be looked for.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// The pieces between the stars, folded.
    pieces: Vec<String>,
    /// Whether the text must begin with the first piece and end with the last.
    whole: bool,
    /// Whether all pieces are ASCII.
    ascii: bool,
    /// Whether parts of a text do not count.
    strict: bool,
    /// The search for the only piece, where it is ASCII within one field.
    finder: Option<Box<Finder<'static>>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.pieces, self.whole, self.strict) == (&other.pieces, other.whole, other.strict)
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Builds a pattern that is found anywhere in a text.
    pub(super) fn piece(text: &str) -> Self {
        Self::new(vec![fold(text).into_owned()], false)
    }

    /// Builds a pattern that must be the whole text.
    pub(super) fn whole(text: &str) -> Self {
        Self::new(vec![fold(text).into_owned()], true)
    }

    /// Builds a pattern in which `*` stands for anything.
    pub(super) fn glob(text: &str, whole: bool) -> Self {
        Self::new(fold(text).split('*').map(str::to_owned).collect(), whole)
    }

    fn new(pieces: Vec<String>, whole: bool) -> Self {
        let ascii = pieces.iter().all(|piece| piece.is_ascii());
        let finder = match pieces.as_slice() {
            [piece] if ascii && !whole && !piece.contains('\n') => {
                Some(Box::new(Finder::new(piece).into_owned()))
            }
            _ => None,
        };
        Self {
            pieces,
            whole,
            ascii,
            strict: false,
            finder,
        }
    }

    /// Returns the pattern for whole texts only, not for parts of them.
    pub(super) fn strict(self) -> Self {
        Self {
            strict: true,
            ..self
        }
    }

    /// Returns whether the pattern is meant for whole texts only.
    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Returns whether all pieces are ASCII, so that they are found in text as it is.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Returns the search for the only piece, for text whose ASCII letters are in lower case.
    pub(super) fn finder(&self) -> Option<&Finder<'static>> {
        self.finder.as_deref()
    }

    /// Returns whether the text fits.
    pub(super) fn fits(&self, text: &str) -> bool {
        if self.ascii {
            return self.fits_bytes(text.as_bytes());
        }
        !text.is_ascii() && self.fits_bytes(fold(text).as_bytes())
    }

    fn fits_bytes(&self, text: &[u8]) -> bool {
        let last = self.pieces.len().saturating_sub(1);
        let mut rest = text;
        for (at, piece) in self.pieces.iter().map(String::as_bytes).enumerate() {
            let begins = self.whole && at == 0;
            let ends = self.whole && at == last;
            let skip = if begins {
                let fits = rest.len() >= piece.len() && (!ends || rest.len() == piece.len());
                rest.get(..piece.len())
                    .filter(|start| fits && start.eq_ignore_ascii_case(piece))
                    .map(<[u8]>::len)
            } else if ends {
                let from = rest.len().checked_sub(piece.len());
                from.and_then(|from| rest.get(from..))
                    .filter(|end| end.eq_ignore_ascii_case(piece))
                    .map(|_| rest.len())
            } else {
                find(rest, piece).map(|found| found + piece.len())
            };
            match skip.and_then(|skip| rest.get(skip..)) {
                Some(tail) => rest = tail,
                None => return false,
            }
        }
        true
    }
}

/// Returns where `piece`, which is folded, begins in `text`.
fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    let Some(first) = piece.first().copied() else {
        return Some(0);
    };
    let starts = memchr2_iter(first, first.to_ascii_uppercase(), text);
    for (tries, at) in starts.enumerate() {
        let candidate = text.get(at..at + piece.len())?;
        if candidate.eq_ignore_ascii_case(piece) {
            return Some(at);
        }
        if tries >= FALSE_STARTS {
            return memmem::find(&text.to_ascii_lowercase(), piece);
        }
    }
    None
}

/// Returns the text with letters of both cases made one.
fn fold(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|b| b.is_ascii() && !b.is_ascii_uppercase())
    {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &Pattern, text: &str, expected: bool) {
        assert_eq!(pattern.fits(text), expected, "{pattern:?} in {text:?}");
    }

    #[test]
    fn pieces_are_found_in_any_case() {
        check(&Pattern::piece("Log"), "Fix the LOGIN loop", true);
        check(&Pattern::piece("loop"), "Fix the LOGIN loo", false);
        check(&Pattern::piece(""), "", true);
        check(&Pattern::piece("größe"), "GRÖSSE und GRÖßE", true);
        check(&Pattern::piece("größe"), "groesse", false);
        check(&Pattern::piece("修复"), "请修复登录", true);
    }

    #[test]
    fn whole_values_and_stars() {
        check(&Pattern::whole("api"), "API", true);
        check(&Pattern::whole("api"), "api-gateway", false);
        check(&Pattern::glob("api*", true), "api-gateway", true);
        check(&Pattern::glob("*gate*", true), "api-gateway", true);
        check(&Pattern::glob("a*a", true), "a", false);
        check(&Pattern::glob("a*b*c", true), "aXXbYYc", true);
        check(&Pattern::glob("a*b*c", true), "aXXcYYb", false);
        check(&Pattern::glob("*", true), "", true);
        check(
            &Pattern::glob("fix*loop", false),
            "please fix the loop now",
            true,
        );
    }

    #[test]
    fn a_search_takes_linear_time_whatever_the_text() {
        let text = "a".repeat(1_000_000);
        check(
            &Pattern::piece(&format!("{}b", "a".repeat(500_000))),
            &text,
            false,
        );
        check(
            &Pattern::glob(&format!("{}b", "a*".repeat(1_000)), false),
            &text,
            false,
        );
    }

    proptest::proptest! {
        #[test]
        fn a_search_finds_what_a_plain_search_finds(text in "[aAbB]{0,80}", piece in "[aAbB]{0,5}") {
            let plain = text.to_lowercase().contains(&piece.to_lowercase());
            proptest::prop_assert_eq!(Pattern::piece(&piece).fits(&text), plain);
        }
    }
}
