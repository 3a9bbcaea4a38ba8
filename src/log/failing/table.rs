//! Rows for what test frameworks print when a test fails.
//!
//! Groups: `name`, `suite`, `message`, `file`, `row`, `secs`, `ms`.

/// Which lines behind a row tell more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::log) enum Detail {
    /// Output of the test with a panic in it.
    Panic,
    /// The first line that says something, up to a blank line or the margin.
    Indented,
    /// The first line that says something, up to the next test.
    Said,
    /// `E   ` lines and the place behind them.
    Pytest,
    /// A traceback, its last line.
    Traceback,
    /// The line behind `Error Message:`.
    Dotnet,
}

/// How the entries of a list at the end look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::log) enum List {
    /// `1) suite`, names on lines of their own, a colon behind the last.
    Mocha,
    /// `1) Group does something`, then `Failure/Error:`.
    Rspec,
    /// `1) Class::test`, then the message.
    Phpunit,
}

/// What a row tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::log) enum Role {
    /// That a test failed; all of it in that line.
    Fail,
    /// That a test failed; more in the lines behind.
    Detail(Detail),
    /// That a list of failures follows.
    List(List),
    /// That a test passed in the end.
    Passed,
}

/// One thing that a framework prints.
pub(in crate::log) struct TestPattern {
    pub(in crate::log) framework: &'static str,
    pub(in crate::log) role: Role,
    /// Texts of which one must be in the line.
    pub(in crate::log) needles: &'static [&'static str],
    pub(in crate::log) regex: &'static str,
}

const fn row(
    framework: &'static str,
    role: Role,
    needles: &'static [&'static str],
    regex: &'static str,
) -> TestPattern {
    TestPattern {
        framework,
        role,
        needles,
        regex,
    }
}

/// Returns all rows.
pub(in crate::log) fn patterns() -> impl Iterator<Item = &'static TestPattern> {
    ROWS.iter()
}

const ROWS: &[TestPattern] = &[
    row(
        "cargo test",
        Role::Fail,
        &["... FAILED"],
        r"^test (?P<name>\S+)(?: - should panic)? \.\.\. FAILED(?: <(?P<secs>[0-9.]+)s>)?$",
    ),
    row(
        "cargo test",
        Role::Detail(Detail::Panic),
        &[" stdout ----"],
        r"^---- (?P<name>\S+) stdout ----$",
    ),
    row(
        "nextest",
        Role::Fail,
        &["FAIL [", "SIGSEGV [", "SIGABRT [", "TIMEOUT ["],
        r"^\s*(?:TRY [0-9]+ )?(?:FAIL|SIGSEGV|SIGABRT|TIMEOUT) \[[\s>]*(?P<secs>[0-9.]+)s\] (?:\([^)]*\) )?(?P<suite>\S+) (?P<name>\S+)$",
    ),
    row(
        "nextest",
        Role::Passed,
        &["FLAKY "],
        r"^\s*FLAKY [0-9]+/[0-9]+ \[[^\]]+\] (?:\([^)]*\) )?(?P<suite>\S+) (?P<name>\S+)$",
    ),
    row(
        "nextest",
        Role::Detail(Detail::Panic),
        &["STDERR:", "stderr ─"],
        r"^[─-]+ (?:TRY [0-9]+ )?STDERR: +(?P<suite>\S+) (?P<name>\S+) [─-]+$",
    ),
    row(
        "pytest",
        Role::Detail(Detail::Pytest),
        &["____ "],
        r"^_{4,} (?P<name>[^_\s][^\s]*(?:\[.*\])?) _{4,}$",
    ),
    row(
        "pytest",
        Role::Fail,
        &["FAILED "],
        r"^FAILED (?P<file>[^\s:]+\.py)::(?:(?P<suite>\w+)::)?(?P<name>\w+(?:\[.*?\])?)(?: - (?P<message>.+))?$",
    ),
    row(
        "go test",
        Role::Detail(Detail::Indented),
        &["--- FAIL: "],
        r"^\s*--- FAIL: (?P<name>\S+)(?: \((?P<secs>[0-9.]+)s\))?$",
    ),
    row(
        "go test",
        Role::Fail,
        &[r#""Action":"fail""#],
        r#"^\{.*"Action":"fail"(?:,"Package":"(?P<suite>[^"]+)")?,"Test":"(?P<name>[^"]+)"(?:,"Elapsed":(?P<secs>[0-9.]+))?"#,
    ),
    row(
        "jest",
        Role::Detail(Detail::Said),
        &["\u{25cf} "],
        r"^\s{0,4}● (?P<name>.+ › .+)$",
    ),
    row(
        "vitest",
        Role::Detail(Detail::Said),
        &["FAIL  "],
        r"^\s*FAIL  (?:\|?\S+\|? )?(?P<suite>\S+\.[cm]?[jt]sx?) > (?P<name>.+?)(?: (?P<ms>[0-9]+)ms)?$",
    ),
    row(
        "surefire",
        Role::Detail(Detail::Said),
        &["<<< FAILURE!", "<<< ERROR!"],
        r"^(?:\[ERROR\] +)?(?P<suite>[\w.$]+\.[A-Z][\w$]*)\.(?P<name>\w+(?:\{[^}]*\})?(?:\[[^\]]*\])?) +(?:-- )?Time elapsed: (?P<secs>[0-9.]+) s(?:ec)? +<<< (?:FAILURE|ERROR)!",
    ),
    row(
        "surefire",
        Role::Detail(Detail::Said),
        &["<<< FAILURE!", "<<< ERROR!"],
        r"^(?:\[ERROR\] +)?(?P<name>\w+)\((?P<suite>[\w.$]+)\) +(?:-- )?Time elapsed: (?P<secs>[0-9.]+) s(?:ec)? +<<< (?:FAILURE|ERROR)!",
    ),
    row(
        "gradle",
        Role::Detail(Detail::Indented),
        &[" FAILED"],
        r"^(?P<suite>[\w.$]+(?: > [^>]+)*?) > (?P<name>[^>]+?) FAILED$",
    ),
    row(
        "ctest",
        Role::Fail,
        &["***Failed", "***Timeout", "***Exception"],
        r"^\s*[0-9]+/[0-9]+ Test +#[0-9]+: (?P<name>\S+) \.*\*\*\*(?P<message>Failed|Timeout|Exception: \w+|Exception|Failed  Required regular expression not found.*?) +(?P<secs>[0-9.]+) sec",
    ),
    row(
        "rspec",
        Role::List(List::Rspec),
        &["Failures:"],
        r"^Failures:$",
    ),
    row(
        "dotnet test",
        Role::Detail(Detail::Dotnet),
        &["Failed "],
        r"^\s+Failed (?:(?P<suite>[\w.+]+)\.)?(?P<name>[\w`]+(?:\(.*\))?) \[(?:< )?(?:(?P<ms>[0-9]+) ms|(?P<secs>[0-9.]+) s)[^\]]*\]$",
    ),
    row(
        "phpunit",
        Role::List(List::Phpunit),
        &[" failure:", " failures:", " error:", " errors:"],
        r"^There (?:was 1|were [0-9]+) (?:failure|error)s?:$",
    ),
    row(
        "mocha",
        Role::List(List::Mocha),
        &[" failing"],
        r"^\s*[0-9]+ failing$",
    ),
    row(
        "unittest",
        Role::Detail(Detail::Traceback),
        &["FAIL: ", "ERROR: "],
        r"^(?:FAIL|ERROR): (?P<name>\w+) \((?P<suite>[\w.]+?)(?:\.(?:test\w*))?\)(?: .*)?$",
    ),
];
