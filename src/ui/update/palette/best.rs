//! The best matches of a text among many lines; what the lines are is said by who offers them.
//!
//! A line that holds what was typed as a word goes before one in which a word begins so, and that
//! before one that holds its letters scattered; what the program does goes before what it shows.
//! Lines of the same worth stay in the order in which they were offered.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::ui::overlay::{Action, Entry};

/// What a rank is worth: more than letters are ever worth.
const RANK: u32 = 1 << 20;

/// How a line holds what was typed, the best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Hold {
    Scattered,
    Begins,
    Whole,
    /// It is called so, or its name begins so.
    Named,
    Called,
}

impl Hold {
    /// What it is worth; `is_ours` says whether the line is of something that the program does.
    fn worth(self, is_ours: bool) -> u32 {
        (2 * (self as u32) + u32::from(is_ours)) * RANK
    }

    fn of(text: &str, typed: &str) -> Self {
        if typed.is_empty() {
            return Self::Scattered;
        }
        let mut hold = Self::Scattered;
        let mut before: Option<char> = None;
        for (at, c) in text.char_indices() {
            let begins = !before.is_some_and(char::is_alphanumeric);
            before = Some(c);
            let end = at + typed.len();
            let is_it = |part: &str| part.eq_ignore_ascii_case(typed);
            if !begins || !text.get(at..end).is_some_and(is_it) {
                continue;
            }
            let after = text.get(end..).and_then(|rest| rest.chars().next());
            if !after.is_some_and(char::is_alphanumeric) {
                return Self::Whole;
            }
            hold = Self::Begins;
        }
        hold
    }

    /// Of something that has names: the first counts, and those that it is called besides.
    fn of_names<'a>(mut names: impl Iterator<Item = &'a str>, typed: &str) -> Option<Self> {
        let begins = |name: &str| {
            let start = name.get(..typed.len());
            let begins = start.is_some_and(|start| start.eq_ignore_ascii_case(typed));
            begins.then_some(if name.len() == typed.len() {
                Self::Called
            } else {
                Self::Named
            })
        };
        let first = names.next().and_then(begins);
        names.filter_map(begins).chain(first).max()
    }
}

/// Keeps the best matches.
pub(crate) struct Best {
    /// How many.
    keep: usize,
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
    typed: String,
    found: Vec<(u32, usize, Entry)>,
    offered: usize,
    least: u32,
    /// What a line scores that is what was typed.
    most: u32,
    all: bool,
    /// Where lines are put together.
    pub(super) text: String,
}

impl Best {
    /// Looks for what was typed, and keeps so many at most.
    pub(crate) fn new(typed: &str, keep: usize) -> Self {
        let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let same = Utf32Str::new(typed, &mut buffer);
        let most = pattern.score(same, &mut matcher).unwrap_or(u32::MAX);
        let most = most.min(RANK - 1);
        Self {
            keep,
            pattern,
            matcher,
            buffer,
            most: most.saturating_add(Hold::Whole.worth(false)),
            typed: typed.to_lowercase(),
            found: Vec::new(),
            offered: 0,
            least: 0,
            all: typed.is_empty(),
            text: String::new(),
        }
    }

    /// Offers a line; tells whether it is among the best so far.
    pub(crate) fn offer(&mut self, text: &str, entry: impl FnOnce() -> Entry) -> bool {
        let Some(score) = self.letters(text) else {
            return false;
        };
        let worth = if self.all {
            0
        } else {
            Hold::of(text, &self.typed).worth(false)
        };
        self.take(worth.saturating_add(score), entry)
    }

    /// Offers something that the program does, by its name and what it is called besides; of what is
    /// worth the same, what can be done here comes first.
    pub(super) fn offer_named(
        &mut self,
        (name, is_here): (&str, bool),
        called: &[&str],
        entry: impl FnOnce() -> Entry,
    ) -> bool {
        let names = || std::iter::once(name).chain(called.iter().copied());
        let Some(score) = names().filter_map(|name| self.letters(name)).max() else {
            return false;
        };
        let worth = if self.all {
            0
        } else {
            let hold = Hold::of_names(names(), &self.typed);
            let hold = hold.unwrap_or_else(|| Hold::of(name, &self.typed));
            hold.worth(is_here)
        };
        self.take(worth.saturating_add(score), entry)
    }

    /// What the letters of a line are worth; nothing where not all that were typed are in it.
    fn letters(&mut self, text: &str) -> Option<u32> {
        if self.all {
            return Some(1);
        }
        let haystack = Utf32Str::new(text, &mut self.buffer);
        let score = self.pattern.score(haystack, &mut self.matcher)?;
        Some(score.min(RANK - 1))
    }

    fn take(&mut self, score: u32, entry: impl FnOnce() -> Entry) -> bool {
        if score <= self.least {
            return false;
        }
        let order = self.offered;
        self.offered += 1;
        self.found.push((score, order, entry()));
        if self.found.len() >= self.keep.saturating_mul(4) {
            self.prune();
        }
        true
    }

    /// Whether no line could be better than those that are kept.
    pub(super) fn is_settled(&self) -> bool {
        self.least >= self.most
    }

    /// Offers a line that says what it is matched by.
    pub(crate) fn offer_text(
        &mut self,
        text: &str,
        kind: &'static str,
        action: impl FnOnce() -> Action,
    ) {
        let _ = self.offer(text, || Entry {
            text: text.to_owned(),
            kind,
            action: action(),
        });
    }

    /// Puts a line before all others.
    pub(super) fn first(&mut self, entry: Entry) {
        self.found.push((u32::MAX, 0, entry));
    }

    /// Puts a line behind all that is called what was typed: its key is that, but not here.
    pub(super) fn elsewhere(&mut self, entry: Entry) {
        self.take(Hold::Whole.worth(false), || entry);
    }

    fn prune(&mut self) {
        self.found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        self.found.truncate(self.keep);
        if self.found.len() == self.keep && !self.all {
            self.least = self.found.last().map_or(0, |(score, ..)| *score);
        }
    }

    /// Returns the lines, best first.
    pub(crate) fn entries(mut self) -> Vec<Entry> {
        self.prune();
        self.found.into_iter().map(|(.., entry)| entry).collect()
    }
}
