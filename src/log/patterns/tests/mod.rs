//! Every tool's words, in a log with noise around them, and what must not be taken for an error.

mod samples;

use self::samples::{HARMLESS, samples};
use super::*;
use crate::log::tests::take;
use crate::log::{errors, first_error};

/// What surrounds an error in a log: none of it is one.
const NOISE: &str = "Run make check\n   Compiling thiserror v2.0.1\nChecking src/error.rs\nFinished with 0 errors, 0 failures\n\
    error_count=0\ncmd --fail-on-error --no-fail-fast\nwarning: unused variable: `error`\ntest errors::are_told ... ok\n\
    npm warn deprecated glob@7\nINFO no error so far\nan error occurred earlier and was handled\n0 failed, 12 passed\n\
    [INFO] BUILD SUCCESS\nlib/errors.js 100%\nok  \tacme/errors\t0.1s\n 12 | let error = 1;\n\n";

/// `lines` in the middle of noise; the first error must begin at line `at` of them.
#[track_caller]
fn check(lines: &str, at: u64, tool: &str, code: Option<&str>, text: &str) {
    for (front, end) in [
        ("", "##[error]Process completed with exit code 2.\n"),
        (
            "2026-11-21T09:00:00.1234567Z ",
            "2026-11-21T09:00:09.1Z ##[error]Process completed with exit code 2.\n",
        ),
        ("", "ERROR: Job failed: exit code 1\n"),
        ("", ""),
    ] {
        let all = NOISE.lines().chain(lines.lines()).chain(NOISE.lines());
        let log = all.fold(String::new(), |log, line| {
            log + front
                + line
                + "
"
        });
        let (index, mut cache) = take((log + end).as_bytes());
        let first = first_error(&index, &mut cache).unwrap();
        let first = first.unwrap_or_else(|| panic!("nothing found in {lines:?}"));
        let before = NOISE.lines().count() as u64;
        let found = (
            first.line.saturating_sub(before),
            first.tool,
            first.code.as_deref(),
            first.text.as_str(),
        );
        assert_eq!(found, (at, tool, code, text), "{lines:?}");
        assert!(first.block.contains(&first.line), "{:?}", first.block);
    }
}

#[test]
fn noise_holds_no_error() {
    let (index, mut cache) = take(NOISE.repeat(3).as_bytes());
    assert_eq!(index.hits(), []);
    assert_eq!(errors(&index, &mut cache, 9).unwrap(), []);
}

#[test]
fn compilers_and_linters_are_understood() {
    check(
        "error[E0308]: mismatched types\n  --> src/a.rs:4:5\n   |\n",
        0,
        "rustc",
        Some("E0308"),
        "mismatched types",
    );
    check(
        "src/a.c:3:1: error: expected ';' before 'int'\n    3 | int\n",
        0,
        "cc",
        None,
        "expected ';' before 'int'",
    );
    check(
        "/usr/bin/ld: main.o: in function `main':\nmain.c:(.text+0x5): undefined reference to `f'\n",
        1,
        "ld",
        None,
        "undefined reference to `f'",
    );
    check(
        "# acme/api\n./main.go:7:2: undefined: foo\n",
        1,
        "go",
        None,
        "undefined: foo",
    );
    check(
        "vet: ./main.go:7:2: undeclared name: foo\n",
        0,
        "vet",
        None,
        "undeclared name: foo",
    );
    check(
        "src/a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\n",
        0,
        "tsc",
        Some("TS2322"),
        "Type 'string' is not assignable to type 'number'.",
    );
    check(
        "src/a.ts:1:7 - error TS2322: Type 'x'.\n",
        0,
        "tsc",
        Some("TS2322"),
        "Type 'x'.",
    );
    check(
        "/work/src/a.js\n  3:7  error  'x' is assigned a value but never used  no-unused-vars\n",
        1,
        "eslint",
        Some("no-unused-vars"),
        "'x' is assigned a value but never used",
    );
}

#[test]
fn compilers_of_virtual_machines_are_understood() {
    check(
        "src/main/java/A.java:3: error: cannot find symbol\n    foo();\n",
        0,
        "javac",
        None,
        "cannot find symbol",
    );
    check(
        "[ERROR] /work/src/A.java:[3,5] cannot find symbol\n",
        0,
        "maven",
        None,
        "cannot find symbol",
    );
    check(
        "e: file:///work/src/Main.kt:4:5 Unresolved reference: foo\n",
        0,
        "kotlin",
        None,
        "Unresolved reference: foo",
    );
    check(
        "e: /work/src/Main.kt: (4, 5): Unresolved reference: foo\n",
        0,
        "kotlin",
        None,
        "Unresolved reference: foo",
    );
    check(
        "/work/A.cs(3,5): error CS1002: ; expected [/work/A.csproj]\n",
        0,
        "dotnet",
        Some("CS1002"),
        "; expected",
    );
    check(
        "MSBUILD : error MSB1009: Project file does not exist.\n",
        0,
        "msbuild",
        Some("MSB1009"),
        "Project file does not exist.",
    );
    check(
        "a.py:3: error: Incompatible types  [assignment]\n",
        0,
        "mypy",
        Some("assignment"),
        "Incompatible types",
    );
}

#[test]
fn crashes_and_tests_are_understood() {
    check(
        "thread 'a::b' (12) panicked at src/a.rs:3:5:\nindex out of bounds\n",
        0,
        "rust",
        None,
        "index out of bounds",
    );
    check("test a::b ... FAILED\n", 0, "cargo", None, "a::b");
    check(
        "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\n",
        0,
        "go",
        None,
        "panic: runtime error: index out of range",
    );
    check(
        "--- FAIL: TestA (0.01s)\n    a_test.go:3: bad\n",
        0,
        "go test",
        None,
        "TestA",
    );
    check(
        "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    f()\nKeyError: 'x'\n",
        3,
        "python",
        Some("KeyError"),
        "KeyError: 'x'",
    );
    check(
        "FAILED tests/test_a.py::test_b - assert 1 == 2\n",
        0,
        "pytest",
        None,
        "test_b - assert 1 == 2",
    );
    check(
        "  ● sums › adds\n\n    expect(1).toBe(2)\n",
        0,
        "jest",
        None,
        "sums › adds",
    );
    check(
        " FAIL  src/a.test.ts > sums > adds\nAssertionError: no\n",
        0,
        "vitest",
        None,
        "sums > adds",
    );
    check(
        "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat A.main(A.java:3)\n",
        0,
        "java",
        Some("java.lang.IllegalStateException"),
        "java.lang.IllegalStateException: no",
    );
    check(
        "Segmentation fault (core dumped)\n",
        0,
        "crash",
        None,
        "Segmentation fault (core dumped)",
    );
}

#[test]
fn build_tools_are_understood() {
    check(
        "make[1]: *** [Makefile:3: all] Error 2\n",
        0,
        "make",
        None,
        "all] Error 2",
    );
    check(
        "CMake Error at CMakeLists.txt:3 (find_package):\n  Could not find Foo.\n\n",
        0,
        "cmake",
        Some("find_package"),
        "Could not find Foo.",
    );
    check(
        "* What went wrong:\nExecution failed for task ':app:test'.\n> bad\n\n",
        0,
        "gradle",
        None,
        "Execution failed for task ':app:test'.",
    );
    check(
        "#9 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2\n",
        0,
        "docker",
        Some("2"),
        "process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
    );
    check(
        "│ Error: Unsupported argument\n│\n│   on main.tf line 3, in resource:\n",
        0,
        "terraform",
        None,
        "Unsupported argument",
    );
    check(
        "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve\n",
        0,
        "npm",
        Some("ERESOLVE"),
        "ERESOLVE",
    );
    check(
        " ERR_PNPM_OUTDATED_LOCKFILE  Cannot install\n",
        0,
        "pnpm",
        Some("ERR_PNPM_OUTDATED_LOCKFILE"),
        "Cannot install",
    );
    check("➤ YN0001: │ Error: no\n", 0, "yarn", Some("YN0001"), "no");
    check(
        "fatal: not a git repository\n",
        0,
        "git",
        None,
        "not a git repository",
    );
    check(
        "CONFLICT (content): Merge conflict in a.rs\n",
        0,
        "git",
        Some("content"),
        "Merge conflict in a.rs",
    );
}

#[test]
fn what_is_not_the_codes_fault_is_understood() {
    check(
        "bash: line 1:    42 Killed                  cargo build\n",
        0,
        "oom",
        None,
        "Killed                  cargo build",
    );
    check(
        "FATAL ERROR: JavaScript heap out of memory\n",
        0,
        "oom",
        None,
        "JavaScript heap out of memory",
    );
    check(
        "command timed out: 1200 seconds without output\n",
        0,
        "buildbot",
        Some("1200 seconds"),
        "command timed out: 1200 seconds without output",
    );
    check(
        "The job running on runner a has exceeded the maximum execution time of 360 minutes.\n",
        0,
        "ci",
        None,
        "The job running on runner a has exceeded the maximum execution time of 360 minutes.",
    );
    check(
        "Input required and not supplied: token\n",
        0,
        "secret",
        None,
        "Input required and not supplied: token",
    );
    check(
        "curl: (6) Could not resolve host: a.test\n",
        0,
        "curl",
        Some("6"),
        "(6) Could not resolve host: a.test",
    );
    check(
        "tar: x: No space left on device\n",
        0,
        "disk",
        None,
        "tar: x: No space left on device",
    );
    check(
        "cp: a: Permission denied\n",
        0,
        "permission",
        None,
        "cp: a: Permission denied",
    );
    check(
        "bash: line 3: foo: command not found\n",
        0,
        "shell",
        None,
        "bash: line 3: foo: command not found",
    );
    check(
        "The runner has received a shutdown signal.\n",
        0,
        "runner",
        None,
        "The runner has received a shutdown signal.",
    );
}

#[test]
fn every_row_of_the_tables_has_a_line_that_it_is_the_first_to_match() {
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (line, tool, code, text) in samples() {
        let (index, _) = take(format!("{line}\n").as_bytes());
        let Some(hit) = index.hits().first() else {
            wrong.push(format!("{line:?}: nothing found"));
            continue;
        };
        let _ = seen.insert(hit.pattern);
        let found = (
            hit.tool,
            hit.code.as_deref().unwrap_or_default(),
            hit.text.as_str(),
        );
        if found != (*tool, *code, *text) {
            wrong.push(format!("{line:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rows = (0..u16::MAX).map_while(|row| rules().rule(row).map(|rule| (row, rule)));
    for (row, rule) in rows {
        if let Rule::Error(pattern) = rule {
            assert!(
                seen.contains(&row),
                "no sample for {}: {}",
                pattern.tool,
                pattern.regex
            );
        }
    }
}

#[test]
fn ordinary_lines_are_no_errors() {
    let mut wrong = Vec::new();
    for line in HARMLESS {
        for front in ["", "2026-11-21T09:00:00.1234567Z ", "\u{1b}[33m"] {
            let (index, _) = take(format!("{front}{line}\n").as_bytes());
            wrong.extend(
                index
                    .hits()
                    .first()
                    .map(|hit| format!("{line:?}: {} {:?}", hit.tool, hit.text)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_needle_has_a_trigger_and_every_expression_is_one() {
    let all = patterns().map(|p| (p.tool, p.needles, p.regex));
    let tests = crate::log::failing::patterns().map(|p| (p.framework, p.needles, p.regex));
    for (tool, needles, regex) in all.chain(tests) {
        assert!(regex::Regex::new(regex).is_ok(), "{tool}: {regex}");
        for needle in needles.iter().chain(RETRIES) {
            assert!(
                TRIGGERS.iter().any(|trigger| needle.contains(trigger)),
                "{tool}: {needle}"
            );
        }
    }
    assert!(TRIGGERS.iter().all(|trigger| trigger.len() >= 3));
}

/// Returns whether a line is looked at for the triggers in it.
fn is_looked_at(line: &str) -> bool {
    let bytes = line.as_bytes();
    let has_escape = line.contains('\u{1b}');
    let mut triggers = rules().triggers(bytes);
    let mut from = 0;
    while let Some(found) = triggers.next(from) {
        from = found.range.start + 1;
        if rules().may_be_at(bytes, found.range.start, &found, has_escape)
            || (has_escape && rules().may_be_split(bytes))
        {
            return true;
        }
    }
    false
}

#[test]
fn a_line_with_a_needle_is_looked_at_wherever_an_escape_stands_in_it() {
    let of_rows = patterns().map(|row| row.needles);
    let of_tests = crate::log::failing::patterns().map(|row| row.needles);
    let all = of_rows.chain(of_tests).chain([RETRIES, MARKS]).flatten();
    for needle in all {
        assert!(is_looked_at(needle), "{needle}");
        for at in (1..needle.len()).filter(|at| needle.is_char_boundary(*at)) {
            let (front, rear) = needle.split_at(at);
            for escape in ["\u{1b}[1m", "\u{1b}[0m\u{1b}[38;5;208m"] {
                // As before, some trigger has to be whole: here one that tells nothing itself.
                let line = format!("a\u{1b}[32mb {front}{escape}{rear} c\u{1b}[0m, lost, d");
                assert!(is_looked_at(&line), "{line:?}");
            }
        }
    }
}

#[test]
fn a_line_with_nothing_but_triggers_is_not_looked_at() {
    for line in [
        "test error_1::fails_1 ... ok",
        "round 00000002 of search: \u{1b}[32mok\u{1b}[0m, 889 in flight, nothing lost, 54229 bytes",
    ] {
        assert!(!is_looked_at(line), "{line:?}");
    }
    for (at, one) in TRIGGERS.iter().enumerate() {
        let mut others = TRIGGERS
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at);
        assert!(others.all(|(_, other)| !other.starts_with(one)), "{one}");
    }
}

#[test]
fn what_was_tried_again_weighs_less() {
    let log =
        "curl: (6) Could not resolve host: a.test\nRetrying in 5 s\nok\nsrc/a.c:3:1: error: x\n";
    let (index, mut cache) = take(log.as_bytes());
    assert_eq!(first_error(&index, &mut cache).unwrap().unwrap().tool, "cc");
}
