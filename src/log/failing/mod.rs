//! Failing tests by name, from the text of a log.
//!
//! The index keeps the lines that name them; [`failed_tests`] reads what the
//! frameworks print around: message, place, duration. Reports in files are
//! better where a job has them; this is for those that have none.

mod detail;
mod table;

#[cfg(test)]
mod tests;

use std::io::{self, Read, Seek};
use std::time::Duration;

use regex::Captures;

pub(super) use crate::log::failing::table::{Role, TestPattern, patterns};

use crate::domain::text::Clean;
use crate::log::index::Index;
use crate::log::patterns::{Rule, rules};
use crate::log::secrets::mask;

/// The most failing tests that are named.
pub const MAX_TESTS: usize = 2_000;

/// The most lines about tests that are kept.
pub(super) const MAX_TEST_HITS: usize = 3 * MAX_TESTS;

/// A test that failed, as far as the log tells.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct FailedTest {
    /// The framework that ran it, e.g. `pytest`.
    pub framework: &'static str,
    /// Its name, as the framework prints it.
    pub name: Clean,
    /// The crate, class, file or package that it belongs to.
    pub suite: Option<Clean>,
    /// What it says, in one line.
    pub message: Option<Clean>,
    /// How long it ran.
    pub duration: Option<Duration>,
    /// The file where it failed.
    pub file: Option<Clean>,
    /// The line in that file, from 1.
    pub row: Option<u32>,
    /// The line of the log that tells most about it, counted from 0.
    pub line: u64,
}

/// A line that tells of a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TestHit {
    pub(super) line: u64,
    row: u16,
    name: Clean,
    suite: Option<Clean>,
    message: Option<Clean>,
    file: Option<Clean>,
    at: Option<u32>,
    duration: Option<Duration>,
}

impl TestHit {
    pub(super) fn new(line: u64, row: u16, found: &Captures<'_>) -> Self {
        let group = |name| {
            let found = found.name(name).map(|m| m.as_str().trim());
            found.filter(|text| !text.is_empty()).map(Clean::line)
        };
        Self {
            line,
            row,
            name: group("name").unwrap_or_default(),
            suite: group("suite"),
            message: group("message"),
            file: group("file"),
            at: group("row").and_then(|row| row.parse().ok()),
            duration: duration(found),
        }
    }

    pub(super) fn memory(&self) -> usize {
        let texts = [
            Some(&self.name),
            self.suite.as_ref(),
            self.message.as_ref(),
            self.file.as_ref(),
        ];
        size_of::<Self>()
            + texts
                .into_iter()
                .flatten()
                .map(|text| text.len() + 16)
                .sum::<usize>()
    }
}

/// Reads `1.5` of `secs`, `12` of `ms`.
fn duration(found: &Captures<'_>) -> Option<Duration> {
    let number = |name| {
        found
            .name(name)
            .and_then(|m| m.as_str().parse::<f64>().ok())
    };
    let secs = number("secs").or_else(|| number("ms").map(|ms| ms / 1_000.0))?;
    Duration::try_from_secs_f64(secs).ok()
}

/// Returns the tests that failed, each once, in the order of the log.
///
/// A test that failed, was tried again and passed is not among them where the
/// framework says so.
///
/// # Errors
///
/// What the reader says.
pub fn failed_tests<R: Read + Seek>(index: &Index, reader: &mut R) -> io::Result<Vec<FailedTest>> {
    let mut tests: Vec<FailedTest> = Vec::new();
    for hit in &index.tests {
        let Some(Rule::Test(pattern)) = rules().rule(hit.row) else {
            continue;
        };
        match pattern.role {
            Role::Fail => add(&mut tests, of_hit(hit, pattern)),
            Role::Detail(shape) => {
                let mut test = of_hit(hit, pattern);
                detail::complete(index, reader, shape, &mut test)?;
                add(&mut tests, test);
            }
            Role::List(list) => {
                for test in detail::listed(index, reader, hit.line, pattern.framework, list)? {
                    add(&mut tests, test);
                }
            }
            Role::Passed => tests.retain(|test| !is_same(test, &of_hit(hit, pattern))),
        }
    }
    tests.retain(|test| !test.name.is_empty());
    Ok(tests)
}

fn of_hit(hit: &TestHit, pattern: &TestPattern) -> FailedTest {
    FailedTest {
        framework: pattern.framework,
        name: mask(&hit.name),
        suite: hit.suite.as_ref().map(mask),
        message: hit.message.as_ref().map(mask),
        duration: hit.duration,
        file: hit.file.as_ref().map(mask),
        row: hit.at,
        line: hit.line,
    }
}

/// Whether two tell of one test: the same name, and no other suite.
fn is_same(one: &FailedTest, other: &FailedTest) -> bool {
    let same_suite = match (&one.suite, &other.suite) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    same_suite && one.framework == other.framework && one.name == other.name
}

/// Adds a test, or what it tells to what is known of it.
fn add(tests: &mut Vec<FailedTest>, new: FailedTest) {
    let Some(known) = tests.iter_mut().find(|known| is_same(known, &new)) else {
        if tests.len() < MAX_TESTS {
            tests.push(new);
        }
        return;
    };
    if known.message.is_none() && new.message.is_some() {
        known.line = new.line;
    }
    known.suite = known.suite.take().or(new.suite);
    known.message = known.message.take().or(new.message);
    known.duration = known.duration.or(new.duration);
    if known.row.is_none() && new.file.is_some() {
        known.file = new.file;
        known.row = new.row;
    }
}
