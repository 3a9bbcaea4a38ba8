//! Which error is first: logs as servers write them, and the line that a person would point at.

use super::*;
use crate::log::tests::take;

/// The line that begins with `>>> ` is the one; the rest of it is what the log says.
#[track_caller]
fn check(log: &str, tool: &str, text: &str) {
    let at = log.lines().position(|line| line.starts_with(">>> "));
    let at = at.expect("a line that is marked") as u64;
    let log = log.replace(">>> ", "");
    for front in ["", "2026-11-21T09:00:00.1234567Z "] {
        let lines: Vec<String> = log.lines().map(|line| format!("{front}{line}")).collect();
        let stamped = lines.join("\n") + "\n";
        let (index, mut cache) = take(stamped.as_bytes());
        let first = first_error(&index, &mut cache).unwrap().expect("an error");
        let found = (first.line, first.tool, first.text.as_str());
        assert_eq!(found, (at, tool, text), "{log}");
        assert!(first.block.contains(&at), "{:?}", first.block);
    }
}

#[test]
fn a_job_killed_for_memory_points_at_the_kernel() {
    check(
        "##[group]Run ./ci/e2e\n##[endgroup]\n   Compiling acme v0.1.0\n\
        >>> [  812.113004] Out of memory: Killed process 4711 (worker) total-vm:15728640kB\n\
        /w/step.sh: line 3:  4711 Killed                  ./ci/e2e\n\
        ##[warning]The runner has received a shutdown signal.\n\
        ##[error]Process completed with exit code 137.\n",
        "oom",
        "Out of memory: Killed process 4711 (worker) total-vm:15728640kB",
    );
    // What failed before says less than that it was killed.
    check(
        "##[group]Run make\n##[endgroup]\nconnect: Connection refused\nerror[E0308]: mismatched types\n\
        >>> make: *** [Makefile:3: all] Killed\n##[error]Process completed with exit code 137.\n",
        "oom",
        "Killed",
    );
    check(
        "##[group]Run ./e2e\n##[endgroup]\nstarting\n>>> ##[error]Process completed with exit code 137.\n",
        "ci",
        "Process completed with exit code 137",
    );
}

#[test]
fn curl_says_why_before_the_step_ends() {
    check(
        "##[group]Run ./ci/packages restore\n##[endgroup]\nResolving packages.example.org... 203.0.113.17\n\
        \u{20} % Total    % Received % Xferd  Average Speed   Time    Time     Time\n\
        \u{20} 0     0    0     0    0     0      0      0 --:--:--  0:02:14 --:--:--\n\
        >>> curl: (28) Failed to connect to packages.example.org port 443 after 134870 ms: Could not connect to server\n\
        ##[error]Process completed with exit code 28.\n",
        "curl",
        "(28) Failed to connect to packages.example.org port 443 after 134870 ms: Could not connect to server",
    );
    check(
        "##[group]Run ./get\n##[endgroup]\n\
        >>>   0     0    0     0\r  0     0    0     0 --:--:--  0:00:03\rcurl: (6) Could not resolve host: a.test\n\
        ##[error]Process completed with exit code 6.\n",
        "curl",
        "(6) Could not resolve host: a.test",
    );
}

#[test]
fn a_cause_comes_before_the_chain_of_those_that_give_up() {
    check(
        "cc -c -o a.o a.c\n>>> a.c:3:1: error: expected ';' before 'int'\n    3 | int\n      | ^~~\n\
        make[2]: *** [sub/Makefile:3: a.o] Error 1\nmake[1]: *** [Makefile:9: sub] Error 2\nmake: *** [all] Error 2\n\
        ERROR: Job failed: exit code 1\n",
        "cc",
        "expected ';' before 'int'",
    );
    // Nothing but the chain: its innermost end.
    check(
        "./gen > a.c\n>>> make[2]: *** [sub/Makefile:3: a.o] Error 1\nmake[1]: *** [Makefile:9: sub] Error 2\n\
        make: *** [all] Error 2\n##[error]Process completed with exit code 2.\n",
        "make",
        "a.o] Error 1",
    );
    check(
        "> acme@1.0.0 test\n> jest --ci\n\n>>>   ● sums › adds\n\n    expect(1).toBe(2)\n\nTests: 1 failed\n\
        npm error code 1\nnpm error path /w\nnpm error command failed\n##[error]Process completed with exit code 1.\n",
        "jest",
        "sums › adds",
    );
    check(
        "#9 [7/9] RUN pip install .\n#9 1.104 Collecting a\n\
        >>> #9 12.92 ERROR: No matching distribution found for acme==9.9\n\
        #9 ERROR: process \"/bin/sh -c pip install .\" did not complete successfully: exit code: 1\n------\n\
        ERROR: failed to build: failed to solve: process \"/bin/sh -c pip install .\" did not complete successfully: exit code: 1\n\
        ##[error]buildx failed with: ERROR: failed to solve: process \"/bin/sh -c pip install .\" did not complete successfully: exit code: 1\n",
        "pip",
        "No matching distribution found for acme==9.9",
    );
    check(
        "[INFO] Compiling 12 source files\n[INFO] -----\n[ERROR] COMPILATION ERROR : \n[INFO] -----\n\
        >>> [ERROR] /w/src/A.java:[3,5] cannot find symbol\n[INFO] BUILD FAILURE\n\
        [ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.13.0:compile on project a\n\
        ERROR: Job failed: exit code 1\n",
        "maven",
        "cannot find symbol",
    );
    check(
        "   Compiling acme v0.1.0\n>>> error[E0308]: mismatched types\n  --> src/a.rs:4:5\n\n\
        error: could not compile `acme` (lib) due to 1 previous error\n##[error]Process completed with exit code 101.\n",
        "rustc",
        "mismatched types",
    );
}

#[test]
fn noise_comes_after_a_cause_and_before_a_summary() {
    check(
        "fatal: No names found, cannot describe anything.\ncat: VERSION: No such file or directory\n\
        >>> ./main.go:7:2: undefined: foo\n##[error]Process completed with exit code 1.\n",
        "go",
        "undefined: foo",
    );
    check(
        "make: Entering directory '/w'\n>>> ERROR: the schema is older than the code\nmake: *** [Makefile:3: check] Error 1\n\
        ##[error]Process completed with exit code 2.\n",
        "log",
        "the schema is older than the code",
    );
    check(
        "connect: Connection refused\nRetrying in 1 s\nconnect: Connection refused\nRetrying in 2 s\nok\n\
        >>> --- FAIL: TestOrder (0.01s)\n    order_test.go:3: bad\nFAIL\n##[error]Process completed with exit code 1.\n",
        "go test",
        "TestOrder",
    );
}

#[test]
fn only_the_step_that_failed_counts() {
    check(
        "##[group]Run ./lint || true\n##[endgroup]\nsrc/a.c:1:1: error: in a step that was let pass\n\
        ##[group]Run ./deploy\n##[endgroup]\n>>> Error: UPGRADE FAILED: another operation is in progress\n\
        ##[error]Process completed with exit code 1.\nPost job cleanup.\nfatal: not a git repository\n",
        "helm",
        "UPGRADE FAILED: another operation is in progress",
    );
    // A step that says nothing: the mark, not what another step said.
    check(
        "##[group]Run ./lint\n##[endgroup]\nsrc/a.c:1:1: error: in a step that was let pass\n\
        ##[group]Run ./deploy\n##[endgroup]\nworking\n>>> ##[error]Process completed with exit code 1.\n",
        "ci",
        "Process completed with exit code 1",
    );
    // GitLab's mark stands behind all sections.
    check(
        "section_start:1700000000:get_sources\r\u{1b}[0KGetting source\nfatal: couldn't find remote ref old\n\
        section_end:1700000001:get_sources\r\u{1b}[0K\n\
        section_start:1700000002:step_script\r\u{1b}[0KExecuting \"step_script\"\n$ make\n\
        >>> /bin/sh: 1: protoc: not found\nsection_end:1700000003:step_script\r\u{1b}[0K\n\
        section_start:1700000004:cleanup_file_variables\r\u{1b}[0KCleaning up\n\
        section_end:1700000005:cleanup_file_variables\r\u{1b}[0K\nERROR: Job failed: exit code 127\n",
        "shell",
        "/bin/sh: 1: protoc: not found",
    );
}

#[test]
fn a_verdict_of_the_server_is_the_cause() {
    check(
        "##[group]Run ./e2e\n##[endgroup]\ntest waits ... FAILED\n\
        >>> ##[error]The job running on runner a-3 has exceeded the maximum execution time of 360 minutes.\n\
        ##[error]The operation was canceled.\n",
        "ci",
        "The job running on runner a-3 has exceeded the maximum execution time of 360 minutes.",
    );
    check(
        "sh -c make\n using PTY: False\nError: slow\n\
        >>> command timed out: 1200 seconds without output running [b'make'], attempting to kill\n\
        process killed by signal 9\nprogram finished with exit code -1\nelapsedTime=1200.1\n",
        "buildbot",
        "command timed out: 1200 seconds without output running [b'make'], attempting to kill",
    );
    check(
        "##[group]Run ./e2e\n##[endgroup]\nworking\n>>> ##[error]The operation was canceled.\n",
        "ci",
        "The operation was canceled",
    );
    check(
        "##[group]Run ./e2e\n##[endgroup]\n>>> src/a.ts(1,7): error TS2322: Type 'x'.\n##[error]The operation was canceled.\n",
        "tsc",
        "Type 'x'.",
    );
}

#[test]
fn a_missing_command_is_the_last_one_that_was_missing() {
    check(
        "##[group]Run ./ci\n##[endgroup]\n./ci: line 2: tput: command not found\nworking\n\
        >>> ./ci: line 9: jq: command not found\n##[error]Process completed with exit code 127.\n",
        "shell",
        "./ci: line 9: jq: command not found",
    );
}

#[test]
fn what_an_action_says_itself_counts_as_its_cause() {
    check(
        "##[group]Run acme/release@v1\n##[endgroup]\nError: no changelog, going on\n\
        >>> ##[error]Error: The tag v1 exists already\nPost job cleanup.\n",
        "node",
        "The tag v1 exists already",
    );
    check(
        "##[group]Run ./ship\n##[endgroup]\nWaiting for health: 0 of 3 healthy after 300 s\n\
        >>> ##[error]Health check failed after 3 tries\n##[error]Process completed with exit code 1.\n",
        "ci",
        "Health check failed after 3 tries",
    );
}

#[test]
fn jumping_from_error_to_error_leaves_out_what_only_sums_up() {
    let log = "a.c:3:1: error: x\nmake: *** [a.o] Error 1\nb.c:4:1: error: y\nmake: *** [b.o] Error 1\n\
        ##[error]Process completed with exit code 2.\n";
    let (index, _) = take(log.as_bytes());
    assert_eq!(next_error(&index, 0), Some(2));
    assert_eq!(next_error(&index, 2), None);
    assert_eq!(previous_error(&index, 9), Some(2));
    assert_eq!(error_place(&index, 4), Some((2, 2)));
    assert_eq!(error_place(&index, 1), Some((1, 2)));
    assert_eq!(error_place(&take(b"fine\n").0, 0), None);
    let (index, _) =
        take(b"make: *** [a.o] Error 1\n##[error]Process completed with exit code 2.\n");
    assert_eq!(previous_error(&index, 9), Some(0));
}

/// Logs of Buildbot 4.3.0 with their environments cut; see `tests/data/buildbot/README.md`.
const FETCH: &str = include_str!("../../../tests/data/buildbot/fetch_that_asks_first.txt");
const MISSING: &str = include_str!("../../../tests/data/buildbot/no_such_program.txt");
const NOISY: &str = include_str!("../../../tests/data/buildbot/colours_and_progress.txt");
const INTERRUPTED: &str = include_str!("../../../tests/data/buildbot/interrupted.txt");

fn first_of(log: &str) -> (LogError, Vec<String>) {
    let (index, mut cache) = take(log.as_bytes());
    let first = first_error(&index, &mut cache).unwrap().expect("an error");
    let lines = crate::log::window(&index, &mut cache, first.block.clone()).unwrap();
    (first, lines.iter().map(crate::log::LogLine::text).collect())
}

#[test]
fn logs_of_buildbot_are_understood() {
    let (first, block) = first_of(MISSING);
    assert_eq!(
        (first.tool, first.code.as_deref()),
        ("python", Some("FileNotFoundError"))
    );
    assert!(
        block.first().is_some_and(|line| line.contains("Traceback")),
        "{block:?}"
    );
    let (first, block) = first_of(NOISY);
    assert_eq!(
        (first.tool, first.code.as_deref()),
        ("rustc", Some("E0308"))
    );
    assert_eq!(first.text.as_str(), "mismatched types");
    assert!(
        !block.iter().any(|line| line.contains('\u{1b}')),
        "{block:?}"
    );
    let (first, block) = first_of(INTERRUPTED);
    assert_eq!(
        (first.tool, first.text.as_str()),
        ("buildbot", "process killed by signal 9")
    );
    assert!(
        block
            .iter()
            .any(|line| line.starts_with("command interrupted")),
        "{block:?}"
    );
}

#[test]
fn a_command_of_buildbot_that_failed_without_harm_is_not_the_cause() {
    let log = format!("{FETCH}{MISSING}");
    let (first, _) = first_of(&log);
    assert!(first.line > FETCH.lines().count() as u64);
    assert_eq!(first.code.as_deref(), Some("FileNotFoundError"));
    let silent = format!("{FETCH}make\nworking\nprogram finished with exit code 3\n");
    let (first, _) = first_of(&silent);
    assert_eq!(first.text.as_str(), "program finished with exit code 3");
}

#[test]
fn progress_of_buildbot_is_shown_line_by_line() {
    let (index, mut cache) = take(NOISY.as_bytes());
    let lines = crate::log::window(&index, &mut cache, 0..index.lines()).unwrap();
    let texts: Vec<String> = lines.iter().map(crate::log::LogLine::text).collect();
    assert!(texts.iter().any(|text| text == " progress 0%"), "{texts:?}");
    assert!(texts.iter().any(|text| text == "unicode ✓ ünïcödé 漢字 3"));
    assert!(index.sections().is_empty());
}

/// The first error of a log: its text, its place, and the lines that belong to it.
#[track_caller]
fn check_block(log: &str, text: &str, place: (&str, u32), last: &str) {
    let (index, mut cache) = take(log.as_bytes());
    let first = first_error(&index, &mut cache).unwrap().expect("an error");
    assert_eq!(first.text.as_str(), text);
    let found = (first.file.as_deref(), first.row);
    assert_eq!(found, (Some(place.0), Some(place.1)));
    let lines: Vec<&str> = log.lines().collect();
    let end = usize::try_from(first.block.end).unwrap();
    assert_eq!(lines[end - 1], last, "{:?}", first.block);
}

#[test]
fn a_failed_test_of_cargo_is_told_by_its_panic() {
    let log = "##[group]Run cargo test\n##[endgroup]\n\
        running 3 tests\ntest prices::adds ... ok\ntest prices::rounds_half_to_even ... FAILED\n\
        test prices::sums ... ok\n\nfailures:\n\n---- prices::rounds_half_to_even stdout ----\n\
        thread 'prices::rounds_half_to_even' (7) panicked at src/prices.rs:42:9:\n\
        assertion `left == right` failed\n  left: 3\n right: 5\n\nfailures:\n\
        \u{20}   prices::rounds_half_to_even\n\nerror: test failed, to rerun pass `--lib`\n\
        ##[error]Process completed with exit code 101.\n";
    let said = "assertion `left == right` failed";
    check_block(log, said, ("src/prices.rs", 42), " right: 5");
    // A test that only returns an error has no panic: its name is all there is.
    check(
        "##[group]Run cargo test\n##[endgroup]\n>>> test prices::reads ... FAILED\n\n\
        ---- prices::reads stdout ----\n\nerror: test failed, to rerun pass `--lib`\n\
        ##[error]Process completed with exit code 101.\n",
        "cargo",
        "prices::reads",
    );
}

#[test]
fn the_frame_of_terraform_is_one_block() {
    let log = "##[group]Run terraform plan\n##[endgroup]\n╷\n\
        │ Error: Unsupported argument\n│ \n│   on dns.tf line 21, in resource \"acme_record\" \"www\":\n\
        │   21:   ttll = 300\n│ \n│ An argument named \"ttll\" is not expected here.\n╵\n\
        ╷\n│ Error: Missing argument\n╵\n##[error]Process completed with exit code 1.\n";
    let last = "│ An argument named \"ttll\" is not expected here.";
    check_block(log, "Unsupported argument", ("dns.tf", 21), last);
}

#[test]
fn the_script_of_a_gitlab_job_tells_more_than_its_mark() {
    let log = concat!(
        "section_start:1795272796:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting \"step_script\" ",
        "stage of the job script\x1b[0;m\x1b[0;m\n",
        "\x1b[32;1m$ npx tsc --noEmit\x1b[0;m\n",
        "\x1b[96msrc/total.ts\x1b[0m:\x1b[93m17\x1b[0m:\x1b[93m9\x1b[0m - \x1b[91merror\x1b[0m ",
        "\x1b[90mTS2345: \x1b[0mArgument of type 'string' is not assignable.\n",
        "section_end:1795272862:step_script\r\x1b[0K\n",
        "section_start:1795272862:cleanup_file_variables\r\x1b[0K\x1b[0K\x1b[36;1mCleaning up ",
        "project directory\x1b[0;m\x1b[0;m\n",
        "Cleaning up orphan processes\n",
        "section_end:1795272870:cleanup_file_variables\r\x1b[0K\n",
        "\x1b[31;1mERROR: Job failed: exit code 2\x1b[0;m\n",
    );
    let (first, _) = first_of(log);
    assert_eq!((first.tool, first.code.as_deref()), ("tsc", Some("TS2345")));
}
