//! What can go wrong in each language: tests that fail, lines that do not compile.

use crate::demo::scenario::trouble::{Fault, Test};

const fn test(
    suite: &'static str,
    name: &'static str,
    file: &'static str,
    line: u64,
    message: &'static str,
) -> Test {
    Test {
        suite,
        name,
        file,
        line,
        message,
    }
}

/// The tests of each language: three that changes break, one of the base branch, one that is flaky.
pub(super) type Tests = [Test; 5];

pub(super) const RUST: Tests = [
    test(
        "export",
        "keeps_the_order_of_lines",
        "tests/it/export.rs",
        214,
        "assertion `left == right` failed: lines of one order must stay together",
    ),
    test(
        "prices",
        "rounds_half_to_even",
        "tests/it/prices.rs",
        77,
        "assertion `left == right` failed: 2.675 at two places",
    ),
    test(
        "import",
        "refuses_a_negative_amount",
        "tests/it/import.rs",
        131,
        "called `Result::unwrap()` on an `Err` value: Parse(\"-3\")",
    ),
    test(
        "search",
        "finds_what_was_just_written",
        "tests/it/search.rs",
        58,
        "assertion failed: hits.contains(&id)",
    ),
    test(
        "sessions",
        "expires_after_an_idle_hour",
        "tests/it/sessions.rs",
        301,
        "timed out after 30s waiting for the session to expire",
    ),
];

pub(super) const NODE: Tests = [
    test(
        "Basket",
        "adds up the totals of all lines",
        "src/basket/basket.test.ts",
        42,
        "expect(received).toBe(expected) // Object.is equality",
    ),
    test(
        "Receipt",
        "shows the tax of every country",
        "src/receipt/receipt.test.ts",
        19,
        "TypeError: Cannot read properties of undefined (reading 'rate')",
    ),
    test(
        "Search box",
        "keeps the focus while it loads",
        "src/search/box.test.ts",
        88,
        "expect(element).toHaveFocus()",
    ),
    test(
        "Consent",
        "remembers the answer",
        "src/consent/consent.test.ts",
        27,
        "expect(received).toEqual(expected) // deep equality",
    ),
    test(
        "Checkout",
        "goes on after a slow payment",
        "src/checkout/checkout.test.ts",
        143,
        "thrown: \"Exceeded timeout of 5000 ms for a test.\"",
    ),
];

pub(super) const PYTHON: Tests = [
    test(
        "tests/test_refunds.py",
        "test_partial_refund_keeps_the_rest",
        "tests/test_refunds.py",
        64,
        "AssertionError: assert Decimal('9.99') == Decimal('10.00')",
    ),
    test(
        "tests/test_currency.py",
        "test_unknown_currency_is_refused",
        "tests/test_currency.py",
        23,
        "Failed: DID NOT RAISE <class 'ValueError'>",
    ),
    test(
        "tests/test_receipts.py",
        "test_receipt_has_a_number",
        "tests/test_receipts.py",
        112,
        "KeyError: 'number'",
    ),
    test(
        "tests/test_ledger.py",
        "test_books_every_movement_twice",
        "tests/test_ledger.py",
        51,
        "AssertionError: assert 3 == 4",
    ),
    test(
        "tests/test_webhooks.py",
        "test_webhook_is_sent_again_after_a_pause",
        "tests/test_webhooks.py",
        205,
        "TimeoutError: no webhook within 10 s",
    ),
];

pub(super) const GO: Tests = [
    test(
        "example.org/acme/auth/token",
        "TestTokenIsRefusedAfterLogout",
        "token_test.go",
        91,
        "got status 200, want 401",
    ),
    test(
        "example.org/acme/auth/keys",
        "TestKeysRotate/twice_in_a_row",
        "keys_test.go",
        37,
        "key \"b\" is still the active one",
    ),
    test(
        "example.org/acme/auth/limit",
        "TestLimitCountsPerAddress",
        "limit_test.go",
        120,
        "runtime error: invalid memory address or nil pointer dereference",
    ),
    test(
        "example.org/acme/auth/session",
        "TestSessionSurvivesARestart",
        "session_test.go",
        66,
        "session \"s1\" is gone",
    ),
    test(
        "example.org/acme/auth/store",
        "TestStoreConcurrentWrites",
        "store_test.go",
        148,
        "race detected during execution of test",
    ),
];

pub(super) const C: Tests = [
    test(
        "journal",
        "journal_replays_in_order",
        "tests/journal.c",
        203,
        "Assertion `next->seq == prev->seq + 1' failed.",
    ),
    test(
        "codec",
        "codec_rejects_short_frames",
        "tests/codec.c",
        88,
        "AddressSanitizer: heap-buffer-overflow on address 0x602000000131",
    ),
    test(
        "balance",
        "balance_never_goes_below_zero",
        "tests/balance.c",
        47,
        "Assertion `balance >= 0' failed.",
    ),
    test(
        "index",
        "index_finds_the_last_page",
        "tests/index.c",
        131,
        "Assertion `page != NULL' failed.",
    ),
    test(
        "lock",
        "lock_is_released_on_exit",
        "tests/lock.c",
        72,
        "Timeout",
    ),
];

/// What stops a build in each language: two that changes do, one of the base branch.
pub(super) type Faults = [Fault; 3];

const fn fault(
    (file, line, column): (&'static str, u64, u64),
    code: &'static str,
    message: &'static str,
    source: &'static str,
) -> Fault {
    Fault {
        file,
        line,
        column,
        code,
        message,
        source,
    }
}

pub(super) const RUSTC: Faults = [
    fault(
        ("src/handler.rs", 118, 24),
        "E0308",
        "mismatched types",
        "    let total: u64 = basket.total();",
    ),
    fault(
        ("src/store.rs", 41, 18),
        "E0425",
        "cannot find function `connect_all` in this scope",
        "    let pool = connect_all(&config);",
    ),
    fault(
        ("src/routes.rs", 9, 5),
        "E0432",
        "unresolved import `crate::errors::Gone`",
        "use crate::errors::Gone;",
    ),
];

pub(super) const TSC: Faults = [
    fault(
        ("src/basket/total.ts", 17, 9),
        "TS2345",
        "Argument of type 'string' is not assignable to parameter of type 'number'.",
        "    add(line.amount, line.count);",
    ),
    fault(
        ("src/search/query.ts", 52, 3),
        "TS2741",
        "Property 'page' is missing in type '{ text: string; }' but required in type 'Query'.",
        "  const query: Query = { text };",
    ),
    fault(
        ("src/api/client.ts", 4, 10),
        "TS2305",
        "Module '\"./types\"' has no exported member 'Money'.",
        "import { Money } from './types';",
    ),
];

pub(super) const DOCKER: Faults = [
    fault(
        ("Dockerfile", 12, 1),
        "",
        "process \"/bin/sh -c pip install --require-hashes -r requirements.txt\" did not complete successfully: exit code: 1",
        "RUN pip install --require-hashes -r requirements.txt",
    ),
    fault(
        ("Dockerfile", 19, 1),
        "",
        "failed to compute cache key: failed to calculate checksum of ref: \"/config/prod.yaml\": not found",
        "COPY config/prod.yaml /etc/app/config.yaml",
    ),
    fault(
        ("Dockerfile", 15, 1),
        "",
        "process \"/bin/sh -c python -m compileall -q src\" did not complete successfully: exit code: 1",
        "RUN python -m compileall -q src",
    ),
];

pub(super) const GO_BUILD: Faults = [
    fault(
        ("token/token.go", 58, 19),
        "",
        "cannot use id (variable of type int) as string value in argument to s.Find",
        "",
    ),
    fault(
        ("keys/rotate.go", 23, 2),
        "",
        "declared and not used: previous",
        "",
    ),
    fault(("limit/limit.go", 14, 8), "", "undefined: clock.Now", ""),
];

pub(super) const GCC: Faults = [
    fault(
        ("src/journal.c", 212, 15),
        "-Wincompatible-pointer-types",
        "passing argument 1 of 'journal_append' from incompatible pointer type",
        "  212 |   journal_append(&entry, sizeof entry);",
    ),
    fault(
        ("src/codec.c", 77, 9),
        "",
        "'frame_t' has no member named 'length'",
        "   77 |   frame.length = n;",
    ),
    fault(
        ("include/ledger.h", 31, 1),
        "",
        "unknown type name 'account_id'",
        "   31 | account_id ledger_find(const char *name);",
    ),
];

pub(super) const TERRAFORM: Faults = [
    fault(
        ("network.tf", 34, 3),
        "",
        "Unsupported argument",
        "  34:   cidr_blocks = var.office",
    ),
    fault(
        ("main.tf", 8, 12),
        "",
        "Reference to undeclared input variable",
        "   8:   region = var.regoin",
    ),
    fault(
        ("dns.tf", 21, 1),
        "",
        "Duplicate resource \"acme_record\" configuration",
        "  21: resource \"acme_record\" \"www\" {",
    ),
];
