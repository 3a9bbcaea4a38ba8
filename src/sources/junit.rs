//! Test reports in the XML of `JUnit`, as most runners write it, read event by event.
//!
//! Entities beyond the five of XML stay as they are, types of documents are
//! passed over, and depth, texts and single events are bounded. What was found
//! before a report breaks off is kept.

use std::io::{self, BufRead, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::domain::diagnosis::{Diagnosis, FailedTest};
use crate::domain::text::Clean;

/// How deep elements may lie in one another.
const MOST_DEEP: usize = 64;

/// How many bytes of a text are looked at.
const MOST_TEXT: usize = 4 * 1024;

/// How many characters a message has.
const MOST_MESSAGE: usize = 500;

/// How many bytes one event may have; output of a test is the longest that is usual.
const MOST_EVENT: usize = 8 * 1024 * 1024;

/// What reports say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Tests that ran, those that were skipped left out.
    pub ran: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Those that failed, in their order, at most [`Diagnosis::MOST_TESTS`].
    pub tests: Vec<FailedTest>,
    /// How many files were reports.
    pub files: u32,
}

impl Report {
    /// Takes one file in; returns whether it was a report that was read to its end.
    pub fn take(&mut self, file: &mut dyn BufRead) -> bool {
        let reins = Reins {
            inner: file,
            left: MOST_EVENT,
        };
        let mut reader = Reader::from_reader(reins);
        let mut case = Reading::default();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            reader.get_mut().left = MOST_EVENT;
            let goes_on = match reader.read_event_into(&mut buffer) {
                Ok(Event::Start(start)) => case.open(&start, self),
                Ok(Event::Empty(start)) => {
                    case.open(&start, self) && case.close(start.local_name().into_inner(), self)
                }
                Ok(Event::End(end)) => case.close(end.local_name().into_inner(), self),
                Ok(Event::Text(text)) => case.text(&text.xml10_content()),
                Ok(Event::CData(text)) => case.text(&text.xml10_content()),
                Ok(Event::GeneralRef(name)) => {
                    let known = name.resolve_char_ref().ok().flatten();
                    let known = known.or_else(|| one_of_five(&name.xml10_content()));
                    match known {
                        Some(letter) => case.text(letter.encode_utf8(&mut [0; 4])),
                        None => case.text(&format!("&{};", name.xml10_content())),
                    }
                }
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_)) => true,
                Ok(Event::Eof) => return case.is_report && case.path.is_empty(),
                Err(_broken) => false,
            };
            if !goes_on {
                return false;
            }
        }
    }
}

/// Returns the letter of an entity that needs no declaration.
fn one_of_five(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

/// Where in a file the reader is.
#[derive(Default)]
struct Reading {
    is_report: bool,
    path: Vec<Element>,
    suites: Vec<Suite>,
    case: Option<Case>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Suites,
    Suite,
    Case,
    /// What makes a test a failed one.
    Failure,
    Other,
}

#[derive(Default)]
struct Suite {
    name: String,
    file: Option<String>,
}

#[derive(Default)]
struct Case {
    name: String,
    class: String,
    file: Option<String>,
    row: Option<u64>,
    seconds: Option<f64>,
    is_skipped: bool,
    is_failed: bool,
    message: String,
    text: String,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>, report: &mut Report) -> bool {
        let inside_case = self.case.is_some();
        let element = match start.local_name().into_inner() {
            "testsuites" => Element::Suites,
            "testsuite" if !inside_case => Element::Suite,
            "testcase" if !inside_case => Element::Case,
            "failure" | "error" if inside_case => Element::Failure,
            _ => Element::Other,
        };
        if self.path.is_empty() && !self.is_report {
            if !matches!(element, Element::Suites | Element::Suite) {
                return false;
            }
            self.is_report = true;
            report.files += 1;
        }
        if self.path.len() >= MOST_DEEP {
            return false;
        }
        self.path.push(element);
        match element {
            Element::Suite => self.suites.push(Suite {
                name: attribute(start, "name").unwrap_or_default(),
                file: attribute(start, "file").or_else(|| attribute(start, "filepath")),
            }),
            Element::Case => self.case = Some(case(start)),
            Element::Failure => {
                if let Some(case) = &mut self.case {
                    case.is_failed = true;
                    if case.message.is_empty() {
                        case.message = attribute(start, "message").unwrap_or_default();
                    }
                }
            }
            Element::Other => {
                let skipped = matches!(start.local_name().into_inner(), "skipped" | "disabled");
                if let Some(case) = self.case.as_mut().filter(|_| skipped) {
                    case.is_skipped = true;
                }
            }
            Element::Suites => {}
        }
        true
    }

    fn close(&mut self, _name: &str, report: &mut Report) -> bool {
        match self.path.pop() {
            Some(Element::Suite) => {
                self.suites.pop();
            }
            Some(Element::Case) => {
                if let Some(case) = self.case.take() {
                    let suite = self.suites.last();
                    report.add(case, suite);
                }
            }
            Some(Element::Suites | Element::Failure | Element::Other) => {}
            None => return false,
        }
        true
    }

    fn text(&mut self, text: &str) -> bool {
        if self.path.last() == Some(&Element::Failure)
            && let Some(case) = &mut self.case
            && case.text.len() < MOST_TEXT
        {
            case.text.push_str(start_of(text, MOST_TEXT));
        }
        true
    }
}

impl Report {
    fn add(&mut self, case: Case, suite: Option<&Suite>) {
        if case.is_skipped && !case.is_failed {
            return;
        }
        self.ran += 1;
        if !case.is_failed {
            return;
        }
        self.failed += 1;
        if self.tests.len() >= Diagnosis::MOST_TESTS {
            return;
        }
        let lines = || case.text.lines().map(str::trim).filter(|l| !l.is_empty());
        let said = case.message.lines().map(str::trim).find(|l| !l.is_empty());
        let said = said.or_else(|| lines().next()).unwrap_or_default();
        let place = lines().find_map(place);
        let file = case.file.or_else(|| suite.and_then(|s| s.file.clone()));
        // A place in the text is nearer to the failure than the head of the test, if it is there.
        let (file, row) = match (file, case.row, place) {
            (Some(file), None, Some((found, row))) if is_same_file(&file, &found) => {
                (Some(file), Some(row))
            }
            (Some(file), row, _) => (Some(file), row),
            (None, _, Some((found, row))) => (Some(found), Some(row)),
            (None, row, None) => (None, row),
        };
        let owner = if case.class.is_empty() {
            suite.map(|suite| suite.name.clone()).unwrap_or_default()
        } else {
            case.class
        };
        let told = owner.is_empty() || case.name.starts_with(&owner);
        self.tests.push(FailedTest {
            suite: (!told).then(|| line(&owner)),
            name: line(&case.name),
            message: line(said),
            seconds: case.seconds,
            file: file.as_deref().map(line),
            row,
            line: None,
        });
    }
}

fn case(start: &BytesStart<'_>) -> Case {
    Case {
        name: attribute(start, "name").unwrap_or_default(),
        class: attribute(start, "classname").unwrap_or_default(),
        file: attribute(start, "file"),
        row: attribute(start, "line").and_then(|row| row.trim().parse().ok()),
        seconds: attribute(start, "time").and_then(|time| seconds(&time)),
        ..Case::default()
    }
}

/// Reads `0.25` and `1,234.5`; what is no time that can be is none.
fn seconds(text: &str) -> Option<f64> {
    let plain: String = text.trim().chars().filter(|c| *c != ',').collect();
    let found: f64 = plain.parse().ok()?;
    (found.is_finite() && found >= 0.0).then_some(found)
}

/// Returns an attribute; one with an unknown entity is left as it was written.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.try_get_attribute(name).ok().flatten()?;
    let value = found.normalized_value(XmlVersion::Implicit1_0);
    let value = match value {
        Ok(value) => start_of(&value, MOST_TEXT).to_owned(),
        Err(_unknown) => start_of(&found.value, MOST_TEXT).to_owned(),
    };
    (!value.is_empty()).then_some(value)
}

/// Returns the place that a line of a trace names: `tests/pay.py:12`, `(src/a.test.ts:3:7)`.
fn place(line: &str) -> Option<(String, u64)> {
    let words = line.split(|c: char| c.is_whitespace() || "()[]'\"<>,".contains(c));
    words.into_iter().find_map(|word| {
        let mut parts = word.trim_start_matches("file://").split(':');
        let file = parts.next()?;
        let row: u64 = parts.next()?.parse().ok()?;
        let ending = file.rsplit_once('.').map(|(_, ending)| ending)?;
        let is_ending = (1..=5).contains(&ending.len())
            && ending.starts_with(|c: char| c.is_ascii_alphabetic())
            && ending.bytes().all(|b| b.is_ascii_alphanumeric());
        let foreign = [
            "node_modules/",
            "site-packages/",
            "/rustc/",
            ".cargo/registry",
        ];
        let ours = !foreign.iter().any(|part| file.contains(part)) && !file.starts_with("node:");
        (is_ending && ours).then(|| (file.to_owned(), row))
    })
}

fn is_same_file(one: &str, other: &str) -> bool {
    one.ends_with(other) || other.ends_with(one)
}

fn line(text: &str) -> Clean {
    let short: String = text.chars().take(MOST_MESSAGE).collect();
    Clean::line(short.trim())
}

fn start_of(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

/// A reader that ends what is too long for one event.
struct Reins<'r> {
    inner: &'r mut dyn BufRead,
    left: usize,
}

impl Read for Reins<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.took(count)?;
        Ok(count)
    }
}

impl BufRead for Reins<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other("too long"));
        }
        let there = self.inner.fill_buf()?;
        Ok(there.get(..self.left).unwrap_or(there))
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.inner.consume(count);
    }
}

impl Reins<'_> {
    fn took(&mut self, count: usize) -> io::Result<()> {
        self.left = self.left.saturating_sub(count);
        if self.left == 0 {
            return Err(io::Error::other("too long"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_EVENT, Report};

    fn read(text: &str) -> (Report, bool) {
        let mut report = Report::default();
        let whole = report.take(&mut text.as_bytes());
        (report, whole)
    }

    /// Checks the failing tests as `suite|name|message|file:row|seconds`.
    #[track_caller]
    fn check(text: &str, ran: u64, expected: &[&str]) {
        let (report, whole) = read(text);
        assert!(whole, "read to its end");
        let shown: Vec<String> = report
            .tests
            .iter()
            .map(|t| {
                let of = |c: &Option<crate::domain::text::Clean>| {
                    c.as_ref().map_or("", |c| c.as_str()).to_owned()
                };
                let row = t.row.map(|row| row.to_string()).unwrap_or_default();
                let secs = t.seconds.map(|s| s.to_string()).unwrap_or_default();
                format!(
                    "{}|{}|{}|{}:{row}|{secs}",
                    of(&t.suite),
                    t.name,
                    t.message,
                    of(&t.file)
                )
            })
            .collect();
        assert_eq!(
            (shown, report.ran),
            (expected.iter().map(|&e| e.to_owned()).collect(), ran)
        );
        assert_eq!(report.failed, expected.len() as u64);
    }

    #[test]
    fn pytest_says_what_failed_and_where() {
        check(
            r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="3">
            <properties><property name="failure" value="x"/></properties>
            <testcase classname="tests.test_pay" name="test_retry[1-&gt;2]" time="0.012">
              <failure message="AssertionError: assert 1 == 2&#10;more">def test_retry():
&gt;       assert 1 == 2
E       assert 1 == 2

tests/test_pay.py:12: AssertionError</failure></testcase>
            <testcase classname="tests.test_pay" name="test_ok" time="0.001"/>
            <testcase classname="tests.test_pay" name="test_skip"><skipped message="no"/></testcase>
            </testsuite></testsuites>"#,
            2,
            &[
                "tests.test_pay|test_retry[1->2]|AssertionError: assert 1 == 2|tests/test_pay.py:12|0.012",
            ],
        );
    }

    #[test]
    fn nextest_says_it_in_its_text() {
        check(
            r#"<testsuites name="nextest-run"><testsuite name="pay" tests="1" failures="1">
            <testcase name="retry::after_timeout" classname="pay" time="1,200.5">
            <failure type="test failure">thread 'retry::after_timeout' panicked at src/retry.rs:88:9:
assertion `left == right` failed</failure>
            <rerunFailure type="x">again</rerunFailure>
            <system-out><![CDATA[<failure>]]></system-out></testcase></testsuite></testsuites>"#,
            1,
            &[
                "pay|retry::after_timeout|thread 'retry::after_timeout' panicked at src/retry.rs:88:9:|src/retry.rs:88|1200.5",
            ],
        );
    }

    #[test]
    fn jest_and_surefire_have_their_own_attributes() {
        check(
            r#"<testsuites><testsuite name="Cart" file="src/cart.test.ts"><testcase classname="Cart adds" name="Cart adds">
            <failure><![CDATA[Error: expected 2
    at Object.<anonymous> (/w/node_modules/jest/x.js:1:1)
    at Object.<anonymous> (src/cart.test.ts:31:7)]]></failure></testcase></testsuite>
            <testsuite name="com.acme.PayTest"><testcase name="pays" classname="com.acme.PayTest" file="PayTest.java" line="7">
            <error message="boom" type="java.lang.Error"/></testcase>
            <testcase name="wobbles" classname="com.acme.PayTest"><flakyFailure message="once"/></testcase></testsuite></testsuites>"#,
            3,
            &[
                "|Cart adds|Error: expected 2|src/cart.test.ts:31|",
                "com.acme.PayTest|pays|boom|PayTest.java:7|",
            ],
        );
    }

    #[test]
    fn entities_of_their_own_are_not_expanded() {
        let (report, whole) = read(
            r#"<!DOCTYPE t [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
            <testsuite><testcase name="n&b;" classname="c"><failure>&b;&f;&lt;&#65;</failure></testcase></testsuite>"#,
        );
        assert!(whole);
        assert_eq!(report.tests[0].name.as_str(), "n&b;");
        assert_eq!(report.tests[0].message.as_str(), "&b;&f;<A");
    }

    #[test]
    fn what_was_found_before_it_breaks_off_is_kept() {
        let (report, whole) = read(
            r#"<testsuite><testcase name="a"><failure message="no"/></testcase><testcase name="b"><fail"#,
        );
        assert_eq!((report.failed, whole), (1, false));
    }

    #[test]
    fn other_xml_is_no_report() {
        for text in [
            "<coverage><testcase name='a'><failure/></testcase></coverage>",
            "",
            "text",
        ] {
            let (report, whole) = read(text);
            assert_eq!((report, whole), (Report::default(), false), "{text}");
        }
    }

    #[test]
    fn depth_and_length_have_an_end() {
        let deep = format!("<testsuite>{}", "<a>".repeat(100_000));
        assert!(!read(&deep).1);
        let long = format!(
            r#"<testsuite><testcase name="a"><failure/></testcase><a b="{}"/></testsuite>"#,
            "x".repeat(MOST_EVENT)
        );
        let (report, whole) = read(&long);
        assert_eq!((report.failed, whole), (1, false));
    }

    #[test]
    fn many_failures_are_counted_and_some_kept() {
        let case = r#"<testcase name="a"><failure message="m"/></testcase>"#;
        let (report, _) = read(&format!("<testsuite>{}</testsuite>", case.repeat(5_000)));
        assert_eq!(
            (report.failed, report.ran, report.tests.len()),
            (5_000, 5_000, 200)
        );
    }

    #[test]
    fn escapes_do_not_get_through() {
        let (report, _) = read(
            "<testsuite><testcase name='a&#27;[31mb'><failure message='x\u{9b}2Jy'/></testcase></testsuite>",
        );
        let test = &report.tests[0];
        let shown = format!("{}{}", test.name, test.message);
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
}
