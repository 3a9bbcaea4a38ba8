//! The rows of the tables, made ready to match.
//!
//! Expressions are compiled when a needle of theirs is first seen. Whatever is
//! built here lives as long as the program and is shared by all logs.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, MatchKind, packed};
use regex::Regex;

use crate::log::failing::{self, TestPattern};
use crate::log::patterns::{Pattern, RETRIES, TRIGGERS, patterns};

/// What a row says about a line.
#[derive(Clone, Copy)]
pub(in crate::log) enum Rule {
    /// An error.
    Error(&'static Pattern),
    /// A test that failed.
    Test(&'static TestPattern),
    /// What went wrong before will be tried again.
    Retry,
}

/// The search for all triggers at once.
enum Finder {
    Packed(Searcher),
    Plain(AhoCorasick),
}

struct Entry {
    rule: Rule,
    regex: OnceLock<Option<Regex>>,
}

/// All rows, ready to match.
pub(in crate::log) struct Rules {
    finder: Option<Finder>,
    needles: Option<AhoCorasick>,
    /// For each needle the rows that it belongs to.
    owners: Vec<Vec<u16>>,
    entries: Vec<Entry>,
}

static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

/// Returns the rows.
pub(in crate::log) fn rules() -> &'static Rules {
    &RULES
}

impl Rules {
    fn new() -> Self {
        let mut needles: Vec<&'static str> = Vec::new();
        let mut owners: Vec<Vec<u16>> = Vec::new();
        let mut entries = Vec::new();
        let mut add = |rule: Rule, texts: &[&'static str]| {
            let at = u16::try_from(entries.len()).unwrap_or(u16::MAX);
            entries.push(Entry {
                rule,
                regex: OnceLock::new(),
            });
            for text in texts {
                let known = needles.iter().position(|needle| needle == text);
                if let Some(owner) = known.and_then(|place| owners.get_mut(place)) {
                    owner.push(at);
                } else {
                    needles.push(text);
                    owners.push(vec![at]);
                }
            }
        };
        add(Rule::Retry, RETRIES);
        for pattern in failing::patterns() {
            add(Rule::Test(pattern), pattern.needles);
        }
        for pattern in patterns() {
            add(Rule::Error(pattern), pattern.needles);
        }
        let finder = packed::Config::new()
            .builder()
            .extend(TRIGGERS)
            .build()
            .map(Finder::Packed)
            .or_else(|| AhoCorasick::new(TRIGGERS).ok().map(Finder::Plain));
        let needles = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(needles)
            .ok();
        Self {
            finder,
            needles,
            owners,
            entries,
        }
    }

    /// Returns where the next trigger is, from `from` on.
    pub(in crate::log) fn trigger(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        if from >= bytes.len() {
            return None;
        }
        let found = match self.finder.as_ref()? {
            Finder::Packed(searcher) => searcher.find_in(bytes, (from..bytes.len()).into()),
            Finder::Plain(all) => all.find(aho_corasick::Input::new(bytes).range(from..)),
        };
        found.map(|found| found.range())
    }

    /// Collects the rows that a text may match, in their order.
    pub(in crate::log) fn candidates(&self, text: &str, rows: &mut Vec<u16>) {
        rows.clear();
        let Some(needles) = &self.needles else { return };
        for found in needles.find_overlapping_iter(text) {
            let owners = self.owners.get(found.pattern().as_usize());
            for owner in owners.into_iter().flatten() {
                if !rows.contains(owner) {
                    rows.push(*owner);
                }
            }
        }
        rows.sort_unstable();
    }

    /// Returns a row.
    pub(in crate::log) fn rule(&self, row: u16) -> Option<Rule> {
        self.entries.get(usize::from(row)).map(|entry| entry.rule)
    }

    /// Returns the expression of a row; none for one that needles suffice for.
    pub(in crate::log) fn regex(&self, row: u16) -> Option<&Regex> {
        let entry = self.entries.get(usize::from(row))?;
        let source = match entry.rule {
            Rule::Error(pattern) => pattern.regex,
            Rule::Test(pattern) => pattern.regex,
            Rule::Retry => return None,
        };
        entry.regex.get_or_init(|| Regex::new(source).ok()).as_ref()
    }
}
