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
use crate::log::patterns::beside::Beside;
use crate::log::patterns::{MARKS, Pattern, RETRIES, TRIGGERS, patterns};

/// What a row says about a line.
#[derive(Clone, Copy)]
pub(in crate::log) enum Rule {
    /// An error.
    Error(&'static Pattern),
    /// A test that failed.
    Test(&'static TestPattern),
    /// What went wrong before will be tried again.
    Retry,
    /// A mark of the server.
    Mark,
}

/// The search for all triggers at once.
enum Finder {
    Packed(Searcher),
    Plain(AhoCorasick),
}

/// How many texts are searched for at once; with more, the vector search is several times slower.
const FEW: usize = 28;

impl Finder {
    fn new(texts: &[&str]) -> Option<Self> {
        let packed = packed::Config::new().builder().extend(texts).build();
        // As the vector search: of all that are there, the one that begins first.
        let plain = || {
            let mut builder = AhoCorasick::builder();
            let all = builder.match_kind(MatchKind::LeftmostFirst).build(texts);
            all.ok().map(Self::Plain)
        };
        packed.map(Self::Packed).or_else(plain)
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<Found> {
        if from >= bytes.len() {
            return None;
        }
        let found = match self {
            Self::Packed(searcher) => searcher.find_in(bytes, (from..bytes.len()).into()),
            Self::Plain(all) => all.find(aho_corasick::Input::new(bytes).range(from..)),
        };
        found.map(|found| Found {
            range: found.range(),
            nth: found.pattern().as_usize(),
        })
    }
}

/// Where a trigger is, and which of those of its finder it is.
#[derive(Clone)]
struct Found {
    range: Range<usize>,
    nth: usize,
}

/// A search for all triggers, from the front to the end.
pub(in crate::log) struct Triggers<'a> {
    finders: &'a [Finder],
    bytes: &'a [u8],
    /// What each finder found last; it is asked again once that is behind.
    found: Vec<Option<Found>>,
}

/// A trigger that was found.
#[derive(Clone)]
pub(in crate::log) struct Trigger {
    pub(in crate::log) range: Range<usize>,
    /// Its place in the table.
    nth: usize,
}

impl Triggers<'_> {
    /// Returns the first trigger that begins at `from` or behind it.
    pub(in crate::log) fn next(&mut self, from: usize) -> Option<Trigger> {
        let mut first: Option<(usize, &Found)> = None;
        for (at, (finder, found)) in self.finders.iter().zip(&mut self.found).enumerate() {
            if found.as_ref().is_some_and(|found| found.range.start < from) {
                *found = finder.find(self.bytes, from);
            }
            if let Some(found) = found
                && first.is_none_or(|(_, first)| found.range.start < first.range.start)
            {
                first = Some((at, found));
            }
        }
        first.map(|(at, found)| Trigger {
            range: found.range.clone(),
            nth: at * FEW + found.nth,
        })
    }
}

struct Entry {
    rule: Rule,
    regex: OnceLock<Option<Regex>>,
}

/// All rows, ready to match.
pub(in crate::log) struct Rules {
    finders: Vec<Finder>,
    beside: Beside,
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
        add(Rule::Mark, MARKS);
        for pattern in failing::patterns() {
            add(Rule::Test(pattern), pattern.needles);
        }
        for pattern in patterns() {
            add(Rule::Error(pattern), pattern.needles);
        }
        let finders = TRIGGERS.chunks(FEW).filter_map(Finder::new).collect();
        let beside = Beside::new(TRIGGERS, &needles);
        let needles = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(needles)
            .ok();
        Self {
            finders,
            beside,
            needles,
            owners,
            entries,
        }
    }

    /// Begins a search for triggers.
    pub(in crate::log) fn triggers<'a>(&'a self, bytes: &'a [u8]) -> Triggers<'a> {
        let found = self
            .finders
            .iter()
            .map(|finder| finder.find(bytes, 0))
            .collect();
        Triggers {
            finders: &self.finders,
            bytes,
            found,
        }
    }

    /// Returns whether a needle may be where a trigger is in a line.
    pub(in crate::log) fn may_be_at(
        &self,
        line: &[u8],
        at: usize,
        trigger: &Trigger,
        has_escape: bool,
    ) -> bool {
        let range = at..at + trigger.range.len();
        if has_escape {
            self.beside.may_be_among(line, range, trigger.nth)
        } else {
            self.beside.may_be(line, range, trigger.nth)
        }
    }

    /// Returns whether an escape of a line may stand in the middle of a trigger.
    pub(in crate::log) fn may_be_split(&self, line: &[u8]) -> bool {
        self.beside.may_be_split(line)
    }

    /// Returns whether any row may match, or a mark be there; nothing but a shortcut.
    pub(in crate::log) fn may_match(&self, bytes: &[u8]) -> bool {
        self.needles
            .as_ref()
            .is_none_or(|needles| needles.is_match(bytes))
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
            Rule::Retry | Rule::Mark => return None,
        };
        entry.regex.get_or_init(|| Regex::new(source).ok()).as_ref()
    }
}
