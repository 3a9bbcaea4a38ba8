//! Log, annotations and reports to one diagnosis: names from the best source there is.
//!
//! Tests are named by reports, else by annotations that a test runner made,
//! else by the log; what one of them lacks (place, line) the others add. Pure.

use crate::domain::diagnosis::{Diagnosis, FailedTest, FoundError, Signature, TestsFrom};
use crate::domain::text::{Block, Clean};
use crate::log::{self, Confidence, ErrorKind};
use crate::sources::inspect::Looked;
use crate::sources::junit::Report;

/// One annotation of level failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Its title.
    pub title: Clean,
    /// What it says.
    pub message: Block,
    /// The file.
    pub file: Option<Clean>,
    /// The line in that file.
    pub row: Option<u64>,
}

/// Everything that tells of one failed job.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What the log told.
    pub looked: Looked,
    /// Annotations of the job.
    pub notes: Vec<Note>,
    /// What the reports of the run say, with the name of the artifact.
    pub report: Option<(Clean, Report)>,
    /// Whether other jobs of the run failed as well, so that a report may be theirs.
    pub is_shared: bool,
    /// What was looked at, for the case that nothing tells of tests.
    pub sought: Clean,
}

impl Evidence {
    /// Returns what there is where nothing but the log was looked at.
    pub fn of(looked: Looked) -> Self {
        Self {
            looked,
            notes: Vec::new(),
            report: None,
            is_shared: false,
            sought: Clean::default(),
        }
    }
}

/// What it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The first error.
    pub error: Option<FoundError>,
    /// Failing tests.
    pub tests: Vec<FailedTest>,
    /// How many failed.
    pub failed: Option<u64>,
    /// How many ran.
    pub total: Option<u64>,
    /// Where they are known from.
    pub from: TestsFrom,
    /// What this failure has in common with others.
    pub signature: Option<Signature>,
}

impl Evidence {
    /// Weighs everything.
    pub fn weigh(self) -> Found {
        let of_log: Vec<FailedTest> = self.looked.tests.iter().map(of_log).collect();
        let of_notes: Vec<FailedTest> = self.notes.iter().filter_map(of_note).collect();
        let (mut tests, failed, total, from) = match self.report {
            Some((name, mut report)) if report.failed > 0 => {
                if self.is_shared {
                    // Other jobs failed too: only what this job's own words confirm is its own.
                    let ours = |test: &FailedTest| {
                        let mut known = of_log.iter().chain(&of_notes);
                        known.any(|other| is_same(test, other))
                    };
                    report.tests.retain(ours);
                    report.failed = report.tests.len() as u64;
                }
                if report.tests.is_empty() {
                    best(of_notes.clone(), of_log.clone(), self.sought)
                } else {
                    let total = (!self.is_shared).then_some(report.ran);
                    let from = TestsFrom::Report(name);
                    (report.tests, Some(report.failed), total, from)
                }
            }
            Some(_) | None => best(of_notes.clone(), of_log.clone(), self.sought),
        };
        for test in &mut tests {
            complete(test, &of_notes, &of_log, &self.notes);
        }
        tests.truncate(Diagnosis::MOST_TESTS);
        // An exit code says less than what the runner noted.
        let said = self.looked.error.as_ref();
        let said = said.is_some_and(|error| error.confidence != Confidence::Exit);
        let noted = self.notes.iter().find(|note| !said && !is_exit(note));
        let signature = signature(&self.looked, noted, &tests);
        let error = match (noted, self.looked.error) {
            (Some(note), _) => Some(of_mark(note)),
            (None, error) => error.map(|error| of_error(&error, self.looked.block)),
        };
        Found {
            error,
            tests,
            failed,
            total,
            from,
            signature,
        }
    }
}

type Named = (Vec<FailedTest>, Option<u64>, Option<u64>, TestsFrom);

/// Returns the tests without a report.
fn best(of_notes: Vec<FailedTest>, of_log: Vec<FailedTest>, sought: Clean) -> Named {
    let count = |tests: &[FailedTest]| Some(tests.len() as u64);
    // Annotations stop at ten a step: a log that names more tells more.
    if !of_notes.is_empty() && of_notes.len() >= of_log.len().min(10) {
        let failed = count(if of_log.len() > of_notes.len() {
            &of_log
        } else {
            &of_notes
        });
        return (of_notes, failed, None, TestsFrom::Annotations);
    }
    if of_log.is_empty() {
        return (Vec::new(), None, None, TestsFrom::Nowhere(sought));
    }
    let failed = count(&of_log);
    (of_log, failed, None, TestsFrom::Log)
}

/// Adds what the other sources know of a test.
fn complete(test: &mut FailedTest, notes: &[FailedTest], log: &[FailedTest], raw: &[Note]) {
    if let Some(noted) = notes.iter().find(|noted| is_same(noted, test))
        && noted.row.is_some()
    {
        test.file = noted.file.clone().or_else(|| test.file.take());
        test.row = noted.row;
    } else if test.row.is_none() {
        // A matcher that does not name the test may still say its message and its place.
        let said = test.message.as_str();
        let same = |note: &&Note| said.len() >= 12 && note.message.as_str().contains(said);
        if let Some(note) = raw.iter().filter(|note| note.row.is_some()).find(same) {
            test.file.clone_from(&note.file);
            test.row = note.row;
        }
    }
    if let Some(logged) = log.iter().find(|logged| is_same(logged, test)) {
        test.line = logged.line;
        if test.file.is_none() || (test.row.is_none() && test.file == logged.file) {
            test.file.clone_from(&logged.file);
            test.row = logged.row;
        }
        if test.message.is_empty() {
            test.message = logged.message.clone();
        }
        test.seconds = test.seconds.or(logged.seconds);
    }
}

/// Returns whether two sources mean the same test, each in its own way of naming it.
fn is_same(one: &FailedTest, other: &FailedTest) -> bool {
    let (a, b) = (one.name.as_str(), other.name.as_str());
    if a.is_empty() || b.is_empty() {
        return false;
    }
    a == b || ends_with_name(a, b) || ends_with_name(b, a)
}

/// Returns whether `long` is `short` with a suite before it.
fn ends_with_name(long: &str, short: &str) -> bool {
    let before = long.strip_suffix(short).unwrap_or_default();
    before.ends_with([':', '.', '/', '>', ' ', '›', '#', '$'])
}

/// The separators by which runners put a suite before the name of a test in a title.
const STEPS: &[&str] = &[" › ", " > ", "::"];

/// Returns the test that an annotation names, if a test runner made it.
fn of_note(note: &Note) -> Option<FailedTest> {
    let title = note.title.as_str().trim().trim_start_matches('●').trim();
    let name = summary(title)
        .or_else(|| title.strip_prefix("Failing test: "))
        .or_else(|| title.strip_prefix("Test failure: "))
        .or_else(|| {
            STEPS
                .iter()
                .any(|step| title.contains(step))
                .then_some(title)
        })
        .or_else(|| is_function(title).then_some(title))?;
    let name = name.trim();
    let (suite, name) = match name.rsplit_once(" › ").or_else(|| name.rsplit_once(" > ")) {
        Some((suite, name)) => (Some(Clean::line(suite.trim())), name.trim()),
        None => (None, name),
    };
    let message = note.message.as_str().lines().map(str::trim);
    let message = message.into_iter().find(|l| !l.is_empty() && *l != name);
    (!name.is_empty()).then(|| FailedTest {
        name: Clean::line(name),
        suite,
        message: Clean::line(message.unwrap_or_default()),
        seconds: None,
        file: note.file.clone(),
        row: note.row,
        line: None,
    })
}

/// Reads `All 2 runs failed: test_name (suite)` and `1 out of 3 runs failed: test_name (suite)`.
fn summary(title: &str) -> Option<&str> {
    let (before, name) = title.split_once(" failed: ")?;
    let counts = before.ends_with("runs") || before.ends_with("run");
    let name = name.rsplit_once(" (").map_or(name, |(name, _)| name);
    counts.then_some(name)
}

/// Returns whether a title is nothing but the path of a test: `tests.test_pay.test_retry`.
fn is_function(title: &str) -> bool {
    let is_path = !title.is_empty()
        && title
            .chars()
            .all(|c| c.is_alphanumeric() || "_./$#[]-".contains(c));
    let last = title.rsplit(['.', '/', '#']).next().unwrap_or_default();
    let last = last.to_ascii_lowercase();
    is_path && title.contains(['.', '#']) && (last.starts_with("test") || last.ends_with("test"))
}

/// Returns whether an annotation only says how the process ended.
fn is_exit(note: &Note) -> bool {
    note.message
        .as_str()
        .starts_with("Process completed with exit code")
}

fn of_log(test: &log::FailedTest) -> FailedTest {
    FailedTest {
        name: test.name.clone(),
        suite: test.suite.clone(),
        message: test.message.clone().unwrap_or_default(),
        seconds: test.duration.map(|duration| duration.as_secs_f64()),
        file: test.file.clone(),
        row: test.row.map(u64::from),
        line: Some(test.line + 1),
    }
}

fn of_error(error: &log::LogError, block: Vec<Clean>) -> FoundError {
    FoundError {
        line: error.line + 1,
        tool: Clean::line(error.tool),
        code: error.code.clone(),
        text: error.text.clone(),
        file: error.file.clone(),
        row: error.row.map(u64::from),
        block,
        guess: matches!(
            error.confidence,
            Confidence::Weak | Confidence::Summary | Confidence::Exit
        ),
    }
}

fn of_mark(note: &Note) -> FoundError {
    let first = note.message.as_str().lines().next().unwrap_or_default();
    let lines = note.message.as_str().lines().take(40);
    FoundError {
        line: 0,
        tool: Clean::line("ci"),
        code: None,
        text: Clean::line(first),
        file: note.file.clone(),
        row: note.row,
        block: lines.map(Clean::line).collect(),
        guess: false,
    }
}

/// What failures of the same kind share: the error of the log, which every job has, and the test.
///
/// An exit code alone is no kind: jobs that have nothing in common end with 1.
fn signature(looked: &Looked, noted: Option<&Note>, tests: &[FailedTest]) -> Option<Signature> {
    // The log names tests in one way wherever reports may be read or not.
    let named = looked.tests.iter().map(|test| &test.name).min();
    let named = named.or_else(|| tests.iter().map(|test| &test.name).min());
    let noted = noted.and_then(|note| note.message.as_str().lines().next());
    let said = match (&looked.error, named) {
        (_, None) if noted.is_some() => {
            log::Signature::new("ci", None, None, noted.unwrap_or_default())
        }
        (Some(error), None) if error.confidence == Confidence::Exit => return None,
        (Some(error), Some(name)) if error.kind == ErrorKind::Exit => {
            log::Signature::new("test", None, Some(name), "")
        }
        (Some(error), name) => {
            let name = name.map(Clean::as_str);
            // Where the error is the name of the test, saying it twice tells no more.
            let text = Some(error.text.as_str()).filter(|text| Some(*text) != name);
            let code = error.code.as_deref();
            log::Signature::new(error.tool, code, name, text.unwrap_or_default())
        }
        (None, Some(name)) => log::Signature::new("test", None, Some(name), ""),
        (None, None) => return None,
    };
    Some(Signature {
        id: said.hash,
        text: said.text,
    })
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Note, of_note};
    use crate::domain::diagnosis::{FailedTest, LogState, TestsFrom};
    use crate::domain::text::Clean;
    use crate::log;
    use crate::sources::inspect::Looked;
    use crate::sources::junit::Report;

    fn evidence() -> Evidence {
        Evidence {
            looked: Looked::without(LogState::Gone),
            notes: Vec::new(),
            report: None,
            is_shared: false,
            sought: Clean::line("nothing"),
        }
    }

    fn note(title: &str, message: &str, row: u64) -> Note {
        Note {
            title: Clean::line(title),
            message: Clean::block(message),
            file: Some(Clean::line("src/a.rs")),
            row: Some(row),
        }
    }

    fn logged(name: &str, line: u64) -> log::FailedTest {
        log::FailedTest {
            framework: "cargo test",
            name: Clean::line(name),
            line,
            ..log::FailedTest::default()
        }
    }

    fn reported(names: &[&str]) -> (Clean, Report) {
        let mut report = Report::default();
        let failed =
            |name: &&str| format!("<testcase name='{name}'><failure message='m'/></testcase>");
        let cases: Vec<String> = names.iter().map(failed).collect();
        let cases = cases.concat();
        let text = format!("<testsuite>{cases}<testcase name='ok'/></testsuite>");
        report.take(&mut text.as_bytes());
        (Clean::line("junit"), report)
    }

    fn names(tests: &[FailedTest]) -> Vec<&str> {
        tests.iter().map(|test| test.name.as_str()).collect()
    }

    #[track_caller]
    fn check(title: &str, expected: Option<&str>) {
        let found = of_note(&note(title, "m", 1));
        let found = found.map(|test| test.name.to_string());
        assert_eq!(found.as_deref(), expected, "{title}");
    }

    #[test]
    fn only_annotations_of_test_runners_name_tests() {
        check("Cart › adds two", Some("adds two"));
        check("[unit] src/a.test.ts > Cart > adds", Some("adds"));
        check("pay::retry", Some("pay::retry"));
        check(
            "All 2 runs failed: test_retry (tests.pay)",
            Some("test_retry"),
        );
        check(
            "tests.test_pay.test_retry",
            Some("tests.test_pay.test_retry"),
        );
        check("TS2345", None);
        check("src/pay.rs", None);
        check("Build failed", None);
        check("", None);
    }

    #[test]
    fn names_come_from_the_report_places_from_annotations_lines_from_the_log() {
        let mut all = evidence();
        all.report = Some(reported(&["retry::late"]));
        all.notes = vec![note("pay::retry::late", "boom", 88)];
        all.looked.tests = vec![logged("retry::late", 41)];
        let found = all.weigh();
        let test = &found.tests[0];
        assert_eq!(test.name.as_str(), "retry::late");
        assert_eq!((test.row, test.line), (Some(88), Some(42)));
        assert_eq!((found.failed, found.total), (Some(1), Some(2)));
        assert_eq!(found.from, TestsFrom::Report(Clean::line("junit")));
    }

    #[test]
    fn a_report_of_other_jobs_names_only_what_this_job_confirms() {
        let mut all = evidence();
        all.is_shared = true;
        all.report = Some(reported(&["ours", "theirs"]));
        all.looked.tests = vec![logged("suite::ours", 3)];
        let found = all.clone().weigh();
        assert_eq!((names(&found.tests), found.total), (vec!["ours"], None));
        all.looked.tests.clear();
        let found = all.weigh();
        assert_eq!(found.from, TestsFrom::Nowhere(Clean::line("nothing")));
    }

    #[test]
    fn annotations_come_before_the_log_unless_they_stop_short() {
        let mut all = evidence();
        all.notes = vec![note("a › one", "m", 1)];
        all.looked.tests = vec![logged("one", 1)];
        assert_eq!(all.clone().weigh().from, TestsFrom::Annotations);
        all.looked.tests.push(logged("two", 2));
        let found = all.weigh();
        assert_eq!(
            (found.from, names(&found.tests)),
            (TestsFrom::Log, vec!["one", "two"])
        );
    }

    #[test]
    fn without_a_log_an_annotation_says_the_error() {
        let mut all = evidence();
        let exit = "Process completed with exit code 1.";
        all.notes = vec![note("", exit, 1), note("E1", "mismatched types\nmore", 7)];
        let error = all.clone().weigh().error.unwrap();
        assert_eq!((error.line, error.row), (0, Some(7)));
        assert!(error.text.as_str().starts_with("mismatched types"));
        all.notes.truncate(1);
        assert_eq!(all.weigh().error, None);
    }

    #[test]
    fn what_was_noted_tells_more_than_an_exit_code() {
        let log = "##[group]Run ./fetch\n##[error]Process completed with exit code 28.\n";
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut intake = log::Intake::new(&mut bytes);
        intake.push(log.as_bytes()).unwrap();
        let index = intake.finish().unwrap();
        let mut all = evidence();
        all.looked.error = log::first_error(&index, &mut bytes).unwrap();
        let bare = all.clone().weigh();
        assert!(bare.error.is_some_and(|error| error.guess));
        assert_eq!(
            bare.signature, None,
            "an exit code is nothing to have in common"
        );
        all.notes = vec![note("", "cannot reach a.test after 12 s", 1)];
        let found = all.weigh();
        let error = found.error.unwrap();
        assert_eq!(error.text.as_str(), "cannot reach a.test after 12 s");
        let signature = found.signature.unwrap();
        assert_eq!(signature.text.as_str(), "ci · cannot reach a.test after #");
    }

    #[test]
    fn the_same_failure_has_one_signature_with_and_without_reports() {
        let mut all = evidence();
        all.looked.tests = vec![logged("pay::late", 1), logged("pay::early", 2)];
        let bare = all.clone().weigh().signature;
        all.report = Some(reported(&["late", "early"]));
        all.notes = vec![note("pay › late", "boom", 1)];
        let rich = all.weigh().signature;
        assert!(bare.is_some());
        assert_eq!(bare, rich);
        assert_eq!(evidence().weigh().signature, None);
    }
}
