//! What test frameworks print, and the tests that are named from it.

use std::fmt::Write;

use super::*;
use crate::log::tests::take;

/// Framework, suite, name, message, `file:row`, milliseconds; one a line.
#[track_caller]
fn check(log: &str, expected: &[&str]) {
    let (index, mut cache) = take(log.as_bytes());
    let shown: Vec<String> = failed_tests(&index, &mut cache)
        .unwrap()
        .iter()
        .map(|test| {
            let mut shown = format!(
                "{} | {} | {}",
                test.framework,
                test.suite.as_deref().unwrap_or("-"),
                test.name
            );
            let place = test
                .file
                .as_deref()
                .map_or("-".to_owned(), |f| format!("{f}:{}", test.row.unwrap_or(0)));
            let time = test
                .duration
                .map_or("-".to_owned(), |d| d.as_millis().to_string());
            write!(
                shown,
                " | {} | {place} | {time}",
                test.message.as_deref().unwrap_or("-")
            )
            .unwrap();
            shown
        })
        .collect();
    assert_eq!(shown, expected, "{log}");
}

#[test]
fn tests_of_rust_are_named() {
    check(
        "running 2 tests\ntest a::ok ... ok\ntest a::b ... FAILED\n\nfailures:\n\n---- a::b stdout ----\n\nthread 'a::b' (7) panicked at src/a.rs:3:5:\nleft is not right\nnote: run with\n\nfailures:\n    a::b\n",
        &["cargo test | - | a::b | left is not right | src/a.rs:3 | -"],
    );
    check(
        "        FAIL [   0.005s] acme::it a::b\n──── STDERR:             acme::it a::b ────\nthread 'a::b' panicked at tests/a.rs:9:1:\nno\n   FLAKY 2/3 [   0.1s] acme c::d\n",
        &["nextest | acme::it | a::b | no | tests/a.rs:9 | 5"],
    );
}

#[test]
fn tests_of_python_are_named() {
    check(
        "=== FAILURES ===\n____________ test_b ____________\n\n    def test_b():\n>       assert 1 == 2\nE       assert 1 == 2\n\ntests/test_a.py:3: AssertionError\n=== short test summary info ===\nFAILED tests/test_a.py::test_b - assert 1 == 2\n",
        &["pytest | - | test_b | assert 1 == 2 | tests/test_a.py:3 | -"],
    );
    check(
        "FAIL: test_x (tests.test_a.TestA.test_x)\n------\nTraceback (most recent call last):\n  File \"/w/tests/test_a.py\", line 7, in test_x\n    self.fail()\nAssertionError: no\n",
        &["unittest | tests.test_a.TestA | test_x | AssertionError: no | /w/tests/test_a.py:7 | -"],
    );
}

#[test]
fn tests_of_go_are_named() {
    check(
        "--- FAIL: TestA (0.02s)\n    a_test.go:3: bad\nFAIL\n",
        &["go test | - | TestA | bad | a_test.go:3 | 20"],
    );
    check(
        "{\"Time\":\"x\",\"Action\":\"fail\",\"Package\":\"acme/api\",\"Test\":\"TestA\",\"Elapsed\":0.5}\n",
        &["go test | acme/api | TestA | - | - | 500"],
    );
}

#[test]
fn tests_of_javascript_are_named() {
    check(
        "  ● sums › adds\n\n    expect(received).toBe(expected)\n\n      at Object.<anonymous> (src/a.test.js:3:5)\n\nTest Suites: 1 failed\n",
        &["jest | - | sums › adds | expect(received).toBe(expected) | src/a.test.js:3 | -"],
    );
    check(
        " FAIL  src/a.test.ts > sums > adds\nAssertionError: expected 1 to be 2\n ❯ src/a.test.ts:3:5\n",
        &[
            "vitest | src/a.test.ts | sums > adds | AssertionError: expected 1 to be 2 | src/a.test.ts:3 | -",
        ],
    );
    check(
        "  1 passing (5ms)\n  1 failing\n\n  1) sums\n       adds:\n     AssertionError: no\n      at Context.<anonymous> (test/a.js:3:5)\n",
        &["mocha | sums | adds | AssertionError: no | test/a.js:3 | -"],
    );
}

#[test]
fn tests_of_the_jvm_and_dotnet_are_named() {
    check(
        "[ERROR] com.acme.ATest.adds -- Time elapsed: 0.012 s <<< FAILURE!\norg.opentest4j.AssertionFailedError: no\n\tat com.acme.ATest.adds(ATest.java:9)\n",
        &[
            "surefire | com.acme.ATest | adds | org.opentest4j.AssertionFailedError: no | ATest.java:9 | 12",
        ],
    );
    check(
        "ATest > adds() FAILED\n    org.opentest4j.AssertionFailedError at ATest.java:9\n\n2 tests completed\n",
        &[
            "gradle | ATest | adds() | org.opentest4j.AssertionFailedError at ATest.java:9 | ATest.java:9 | -",
        ],
    );
    check(
        "  Failed Acme.ATest.Adds [12 ms]\n  Error Message:\n   Assert.Equal() Failure\n  Stack Trace:\n     at Acme.ATest.Adds() in /w/ATest.cs:line 9\n",
        &["dotnet test | Acme.ATest | Adds | Assert.Equal() Failure | /w/ATest.cs:9 | 12"],
    );
}

#[test]
fn tests_of_others_are_named() {
    check(
        " 1/2 Test  #1: adds .............***Failed    0.02 sec\n",
        &["ctest | - | adds | Failed | - | 20"],
    );
    check(
        "Failures:\n\n  1) Sum adds\n     Failure/Error: expect(1).to eq 2\n\n       expected: 2\n     # ./spec/a_spec.rb:3:in `x'\n\nFinished in 1 s\n",
        &["rspec | - | Sum adds | expected: 2 | ./spec/a_spec.rb:3 | -"],
    );
    check(
        "There was 1 failure:\n\n1) App\\ATest::testAdds\nFailed asserting that 1 is 2.\n\n/w/tests/ATest.php:9\n\nFAILURES!\n",
        &[
            "phpunit | App\\ATest | testAdds | Failed asserting that 1 is 2. | /w/tests/ATest.php:9 | -",
        ],
    );
}
