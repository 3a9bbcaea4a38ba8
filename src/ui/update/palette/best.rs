//! The best matches of a text among many lines; what the lines are is said by who offers them.
//!
//! Lines of the same worth stay in the order in which they were offered.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::ui::overlay::{Action, Entry};

/// Keeps the best matches.
pub(crate) struct Best {
    /// How many.
    keep: usize,
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
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
        Self {
            keep,
            pattern,
            matcher,
            buffer,
            most,
            found: Vec::new(),
            offered: 0,
            least: 0,
            all: typed.is_empty(),
            text: String::new(),
        }
    }

    /// Offers a line; tells whether it is among the best so far.
    pub(crate) fn offer(&mut self, text: &str, entry: impl FnOnce() -> Entry) -> bool {
        let score = if self.all {
            Some(1)
        } else {
            let haystack = Utf32Str::new(text, &mut self.buffer);
            self.pattern.score(haystack, &mut self.matcher)
        };
        let Some(score) = score.filter(|score| *score > self.least) else {
            return false;
        };
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
    pub(super) fn offer_text(
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
