//! Secrets that a log prints: where tokens of a well-known shape and private keys are.
//!
//! Asked of lines that are about to be shown, never of a whole log; what looks
//! like a password only by the word before it stays, or code could not be read.
//! Secrets that this program holds itself are hidden where it knows them.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use regex::Regex;

use crate::domain::text::Clean;
use crate::domain::text::redact::HIDDEN;
use crate::log::ansi::Span;
use crate::log::search::searcher;

/// What the first and the last line of a private key hold.
pub(super) const KEY: &str = " PRIVATE KEY";

/// The most lines that a private key may have.
pub(super) const LONGEST_KEY: u64 = 200;

/// The most private keys that are remembered.
pub(super) const MOST_KEYS: usize = 1_000;

/// Shapes; `s…` is what is hidden of a match, all of it where there is no such group.
static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u:\b)(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ptt|cbt|ft|soat|imt|agent|oas)-|xox[abeoprs]-|sk-ant-|npm_|pypi-|hf_)[A-Za-z0-9_-]{16,}",
        r"|(?-u:\b)A(?:KIA|SIA)[0-9A-Z]{16}(?-u:\b)",
        r"|(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        r"|(?i:(?-u:\b)(?:proxy-)?authorization|(?-u:\b)private-token|(?-u:\b)job-token|(?-u:\b)x-api-key)['\x22]?[ \t]*[:=][ \t]*['\x22]?(?:(?i:bearer|basic|token|digest)[ \t]+)?(?P<s1>[^ \t'\x22*,;)}]{8,})",
        r"|(?-u:\b)(?i:bearer)[ \t]+(?P<s2>[A-Za-z0-9._~+/=-]*[0-9._~+/=][A-Za-z0-9._~+/=-]{7,})",
        r"|(?-u:\b)[A-Za-z][A-Za-z0-9+.-]*://(?P<s3>[^/ \t:@'\x22<>]*:[^/ \t@'\x22<>*]+)@",
        r"|(?P<s4>(?:-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----).*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|$))",
    ))
    .ok()
});

/// Texts of which one is in every text that one of the shapes is in, whatever the case of its words:
/// `riz` is in an authorization, `-to` and `-ke` in headers with tokens and keys, `rer` in a bearer.
const HINTS: [&[&str]; 2] = [
    &[
        "gho_",
        "ghp_",
        "ghr_",
        "ghs_",
        "ghu_",
        "hub_pat_",
        "glpat-",
        "gldt-",
        "glrt-",
        "glptt-",
        "glcbt-",
        "glft-",
        "glsoat-",
        "glimt-",
        "glagent-",
        "gloas-",
        "xox",
        "sk-ant-",
        "npm_",
        "pypi-",
        "hf_",
        "AKIA",
        "ASIA",
        "eyJ",
        "://",
        "PRIVATE KEY",
    ],
    &[
        "riz", "riZ", "rIz", "rIZ", "Riz", "RiZ", "RIz", "RIZ", "rer", "reR", "rEr", "rER", "Rer",
        "ReR", "REr", "RER", "-to", "-tO", "-To", "-TO", "-ke", "-kE", "-Ke", "-KE",
    ],
];

static HINTS_READY: LazyLock<Vec<Searcher>> =
    LazyLock::new(|| HINTS.iter().filter_map(|texts| searcher(texts)).collect());

/// Returns the searches for what is in every text with a secret; none where they cannot be had.
pub(super) fn hints() -> &'static [Searcher] {
    HINTS_READY
        .get(..)
        .filter(|all| all.len() == HINTS.len())
        .unwrap_or_default()
}

/// Returns the parts of a text that are secret, in order and apart from one another.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let Some(shapes) = SHAPES.as_ref().filter(|shapes| shapes.is_match(text)) else {
        return Vec::new();
    };
    let of = |found: regex::Captures<'_>| {
        let group = ["s1", "s2", "s3", "s4"];
        let part = group.iter().find_map(|name| found.name(name));
        part.or_else(|| found.get(0)).map(|m| m.range())
    };
    shapes.captures_iter(text).filter_map(of).collect()
}

/// Returns a text without what is secret in it.
pub(super) fn mask(text: &Clean) -> Clean {
    let secret = find(text);
    if secret.is_empty() {
        return text.clone();
    }
    let mut out = String::new();
    let mut from = 0;
    for part in secret {
        out.push_str(text.get(from..part.start).unwrap_or_default());
        out.push_str(HIDDEN);
        from = part.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Clean::line(&out)
}

/// Hides parts of a line, counted in bytes over all of its spans.
pub(super) fn hide(spans: &mut Vec<Span>, parts: &[Range<usize>]) {
    let mut at = 0;
    for span in spans.iter_mut() {
        let here = at..at + span.text.len();
        at = here.end;
        let touching = |part: &&Range<usize>| part.start < here.end && part.end > here.start;
        if !parts.iter().any(|part| touching(&part)) {
            continue;
        }
        let mut out = String::new();
        let mut from = 0;
        for part in parts.iter().filter(touching) {
            let start = part.start.saturating_sub(here.start);
            out.push_str(span.text.get(from..start).unwrap_or_default());
            if part.start >= here.start {
                out.push_str(HIDDEN); // once, in the span that it begins in
            }
            from = part.end.min(here.end) - here.start;
        }
        out.push_str(span.text.get(from..).unwrap_or_default());
        span.text = Clean::line(&out);
    }
    spans.retain(|span| !span.text.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::take;
    use crate::log::{errors, failed_tests, window};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask(&Clean::line(text)).as_str(), expected, "{text}");
        let raw = format!("2026-11-21T09:00:00.1234567Z {text}\n");
        let (index, mut cache) = take(raw.as_bytes());
        let line = &window(&index, &mut cache, 0..1).unwrap()[0];
        assert_eq!(line.text(), expected, "{text}");
    }

    #[test]
    fn tokens_of_a_known_shape_are_hidden() {
        check(
            "using ghp_0123456789abcdefghij0123456789abcdef now",
            "using [hidden] now",
        );
        check("github_pat_11AAAAAAA0abcdefghijkl_0123456789", "[hidden]");
        check("a=glpat-AbCdEf-1234567890xyz b", "a=[hidden] b");
        check("id AKIAIOSFODNN7EXAMPLE.", "id [hidden].");
        check(
            "> Authorization: Bearer abc.DEF-1234567",
            "> Authorization: Bearer [hidden]",
        );
        check(
            "> authorization: Basic dXNlcjpwYXNz",
            "> authorization: Basic [hidden]",
        );
        check(
            "-H 'Authorization: token 0123456789abcdef'",
            "-H 'Authorization: token [hidden]'",
        );
        check("PRIVATE-TOKEN: abcdefgh1234", "PRIVATE-TOKEN: [hidden]");
        check("sent bearer AAbbCC11ddEE22 on", "sent bearer [hidden] on");
        check(
            "clone https://me:s3cret@git.example.org/a",
            "clone https://[hidden]@git.example.org/a",
        );
        check(
            "jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2ln x",
            "jwt [hidden] x",
        );
        check(
            r"key: '-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----' x",
            "key: '[hidden]' x",
        );
    }

    #[test]
    fn what_only_sounds_like_a_secret_stays() {
        for text in [
            "let token = next();",
            "design=blue sign=1 password=***",
            "Authorization: ***",
            "Authorization: Bearer ***",
            "the bearer authentication failed",
            "git@git.example.org:acme/api.git",
            "https://git.example.org/a@b",
            "npm_config_cache=/home",
            "glpat- is a prefix",
            "ghp_short",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn a_secret_in_two_colours_is_hidden_once() {
        let raw = "\u{1b}[31mghp_0123456789\u{1b}[32mabcdefghij0123456789\u{1b}[0m end\n";
        let (index, mut cache) = take(raw.as_bytes());
        assert_eq!(
            window(&index, &mut cache, 0..1).unwrap()[0].text(),
            "[hidden] end"
        );
    }

    #[track_caller]
    fn check_key(kind: &str) {
        let key = "b3BlbnNzaC1rZXktdjEAAAA\n".repeat(30);
        let raw = format!("before\n-----BEGIN {kind}-----\n{key}-----END {kind}-----\nafter\n");
        let (index, mut cache) = take(raw.as_bytes());
        for from in 0..34 {
            for line in window(&index, &mut cache, from..from + 3).unwrap() {
                assert!(!line.text().contains("b3Blbn"), "{line:?}");
            }
        }
        let lines = window(&index, &mut cache, 33..34).unwrap();
        assert_eq!(lines[0].text(), "after");
    }

    #[test]
    fn a_private_key_is_hidden_wherever_a_window_begins() {
        check_key("OPENSSH PRIVATE KEY");
        check_key("PGP PRIVATE KEY BLOCK");
    }

    #[test]
    fn errors_and_tests_are_told_without_the_secrets_in_them() {
        let token = "ghp_0123456789abcdefghij0123456789abcdef";
        let raw = format!(
            "error: bad token {token}\nFAILED tests/test_a.py::test_b - no {token}\n##[error]cannot use {token}\n"
        );
        let (index, mut cache) = take(raw.as_bytes());
        let errors = errors(&index, &mut cache, 9).unwrap();
        let tests = failed_tests(&index, &mut cache).unwrap();
        assert_eq!((errors.len(), tests.len()), (3, 1));
        assert!(
            !format!("{errors:?}{tests:?}").contains("0123456789"),
            "{errors:?} {tests:?}"
        );
    }
}
