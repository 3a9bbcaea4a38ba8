//! What frameworks print behind the name of a failing test.
//!
//! Reads a few lines; a form that is not known leaves message and place empty.

use std::io::{self, Read, Seek};

use crate::domain::text::Clean;
use crate::log::block::{Around, is_foreign, place};
use crate::log::failing::FailedTest;
use crate::log::failing::table::{Detail, List};
use crate::log::index::Index;

/// How many lines behind a name are read.
const AHEAD: u64 = 80;

/// How many lines a list of failures may have.
const LONGEST_LIST: u64 = 3_000;

/// Adds to a test what the lines behind its name say.
pub(super) fn complete<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    detail: Detail,
    test: &mut FailedTest,
) -> io::Result<()> {
    let around = Around::read(index, reader, test.line..test.line + AHEAD)?;
    let texts: Vec<String> = around
        .from(test.line + 1)
        .map(|(_, _, text)| text)
        .collect();
    match detail {
        Detail::Panic => panic(&texts, test),
        Detail::Indented => said(&texts, test, |text| {
            text.starts_with(' ') || text.is_empty()
        }),
        Detail::Said => said(&texts, test, |text| !is_next(text)),
        Detail::Pytest => pytest(&texts, test),
        Detail::Traceback => traceback(&texts, test),
        Detail::Dotnet => {
            let from = texts
                .iter()
                .position(|text| text.trim() == "Error Message:");
            let behind = texts
                .get(from.map_or(texts.len(), |at| at + 1)..)
                .unwrap_or_default();
            said(behind, test, |text| text.starts_with(' '));
        }
    }
    Ok(())
}

/// Whether a line begins the next test, or the end.
fn is_next(text: &str) -> bool {
    let text = text.trim_start();
    [
        "● ",
        "FAIL ",
        "[ERROR] ",
        "[INFO] ",
        "Test Suites:",
        "Test Files",
        "⎯⎯",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

fn set_place(test: &mut FailedTest, found: (Clean, u32)) {
    test.file = Some(found.0);
    test.row = Some(found.1);
}

/// The first line that says something is the message, the first own place is where.
fn said(texts: &[String], test: &mut FailedTest, goes_on: impl Fn(&str) -> bool) {
    for text in texts.iter().take_while(|text| goes_on(text)) {
        let words = text.trim();
        if words.is_empty() || words.starts_with("=== ") {
            continue;
        }
        if test.row.is_none()
            && let Some(found) = place(text).filter(|(file, _)| !is_foreign(file))
        {
            set_place(test, found);
        }
        if test.message.is_none() {
            test.message = Some(Clean::line(behind_place(words)));
        }
    }
}

/// Returns what `a_test.go:12: message` says.
fn behind_place(text: &str) -> &str {
    let Some((file, rest)) = text.split_once(':') else {
        return text;
    };
    let is_place = file.contains('.') && !file.contains(' ');
    match rest.split_once(": ") {
        Some((row, said)) if is_place && row.bytes().all(|b| b.is_ascii_digit()) => said,
        _ => text,
    }
}

/// `thread 'a' (1) panicked at src/a.rs:1:2:`, then the message.
fn panic(texts: &[String], test: &mut FailedTest) {
    let own = |text: &&String| text.contains("panicked at ");
    let Some(at) = texts.iter().position(|text| own(&text)) else {
        if let Some(first) = texts.iter().find(|text| !text.trim().is_empty()) {
            test.message = Some(Clean::line(first.trim()));
        }
        return;
    };
    let head = texts.get(at).map_or("", |text| text.as_str());
    let behind = head.rsplit("panicked at ").next().unwrap_or_default();
    let mut fields = behind.trim_end_matches(':').split(':');
    if let (Some(file), Some(Ok(row))) = (fields.next(), fields.next().map(str::parse)) {
        set_place(test, (Clean::line(file), row));
    }
    let message = texts.get(at + 1).map_or("", |text| text.trim());
    if !message.is_empty() {
        test.message = Some(Clean::line(message));
    }
}

/// `E   assert 1 == 2`, then `tests/test_a.py:12: AssertionError`.
fn pytest(texts: &[String], test: &mut FailedTest) {
    for text in texts
        .iter()
        .take_while(|text| !text.starts_with("____") && !text.starts_with("===="))
    {
        if let Some(said) = text.strip_prefix("E ").filter(|_| test.message.is_none()) {
            test.message = Some(Clean::line(said.trim()));
        }
        if let Some(found) = place(text).filter(|(file, _)| !is_foreign(file))
            && test.message.is_some()
        {
            set_place(test, found);
            break;
        }
    }
}

fn traceback(texts: &[String], test: &mut FailedTest) {
    let from = texts.iter().position(|text| text.starts_with("Traceback"));
    for text in texts.iter().skip(from.map_or(0, |at| at + 1)) {
        if text.starts_with(' ') || text.is_empty() {
            if let Some(found) = place(text).filter(|(file, _)| !is_foreign(file)) {
                set_place(test, found);
            }
        } else {
            test.message = Some(Clean::line(text));
            break;
        }
    }
}

/// Reads a list of failures.
pub(super) fn listed<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    line: u64,
    framework: &'static str,
    list: List,
) -> io::Result<Vec<FailedTest>> {
    let around = Around::read(index, reader, line + 1..line + LONGEST_LIST)?;
    let mut tests: Vec<FailedTest> = Vec::new();
    let mut is_named = true;
    for (at, _, text) in around.from(line + 1) {
        let words = text.trim();
        if let Some(name) = entry(words) {
            is_named = list != List::Mocha;
            tests.push(FailedTest {
                framework,
                name: Clean::line(name.trim_end_matches(':')),
                line: at,
                ..FailedTest::default()
            });
            continue;
        }
        let Some(test) = tests.last_mut() else {
            if words.is_empty() {
                continue;
            }
            break;
        };
        if ends(list, &text) {
            break;
        }
        if !is_named {
            is_named = words.ends_with(':');
            test.suite = Some(std::mem::replace(
                &mut test.name,
                Clean::line(words.trim_end_matches(':')),
            ));
        } else if !words.is_empty() {
            tell(list, words, text.starts_with("     #"), test);
        }
    }
    for test in tests.iter_mut().filter(|_| list == List::Phpunit) {
        if let Some((suite, name)) = test.name.clone().split_once("::") {
            (test.suite, test.name) = (Some(Clean::line(suite)), Clean::line(name));
        }
    }
    Ok(tests)
}

/// Whether a line ends a list.
fn ends(list: List, text: &str) -> bool {
    match list {
        List::Mocha => false,
        List::Rspec => text.starts_with("Finished in ") || text.starts_with("Failed examples:"),
        List::Phpunit => {
            text.starts_with("FAILURES!") || text.starts_with("ERRORS!") || text == "--"
        }
    }
}

/// Takes what a line behind the name says.
fn tell(list: List, words: &str, is_comment: bool, test: &mut FailedTest) {
    let is_code = words.starts_with("Failure/Error:");
    if let Some(found) = place(words.trim_start_matches("# ")).filter(|(file, _)| !is_foreign(file))
    {
        if test.row.is_none() {
            set_place(test, found);
        }
        if list != List::Phpunit && test.message.is_some() {
            return;
        }
    }
    if test.message.is_none() && !is_code && !is_comment {
        test.message = Some(Clean::line(words));
    }
}

/// Returns the name in `1) name`.
fn entry(words: &str) -> Option<&str> {
    let (number, name) = words.split_once(") ")?;
    (!number.is_empty() && number.len() < 6 && number.bytes().all(|b| b.is_ascii_digit()))
        .then_some(name)
}
