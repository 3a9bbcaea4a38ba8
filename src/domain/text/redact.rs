//! Redaction: secrets out of text that leaves the program.
//!
//! One [`Redactor`] stands before the log, the panic report, the error screen
//! and every error of a source. It knows the secrets in use, and what the
//! secrets of others look like. Pure: who collects the secrets is not its concern.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write};
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret stood.
pub const HIDDEN: &str = "[hidden]";

/// How many bytes of a secret in a row are too many.
const RUN: usize = 8;

/// A secret of fewer bytes than this is not searched for: nobody could tell it from any text.
const SHORTEST: usize = 4;

/// Before which a short secret is one. Elsewhere it is an everyday word (`demo`, `admin`): a source,
/// a branch or a person of that name must not vanish with it.
const NAMES: &[&str] = &[
    "authorization",
    "basic",
    "bearer",
    "cookie",
    "credential",
    "key",
    "pass",
    "passwd",
    "password",
    "pat",
    "pin",
    "pwd",
    "secret",
    "signature",
    "token",
];

/// How many words have a bit for each two bytes.
const STARTS: usize = (1 << 16) / 64;

/// Returns which word, and which bit of it, stands for the first two bytes of a run.
fn start_of(run: &[u8]) -> (usize, u64) {
    let pair = match run {
        [first, second, ..] => u16::from_be_bytes([*first, *second]),
        _ => 0,
    };
    (usize::from(pair >> 6), 1 << (pair & 63))
}

/// Takes secrets out of text.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Every run of [`RUN`] bytes of every secret, in each form it is written in.
    runs: HashSet<[u8; RUN]>,
    /// Which two bytes begin a run: one bit each, where there is any.
    starts: Vec<u64>,
    /// Secrets that are shorter than a run, which are hidden only as the value of something.
    short: Vec<SecretString>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("runs", &self.runs.len())
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// Builds a redactor that knows these secrets.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            redactor.add(&secret);
        }
        redactor
    }

    /// Adds a secret: as it is, as part of a URL, and as part of JSON.
    pub fn add(&mut self, secret: &SecretString) {
        let plain = secret.expose_secret();
        if plain.len() < SHORTEST {
            return;
        }
        if plain.len() < RUN {
            self.short.push(secret.clone());
        }
        let escaped = serde_json::to_string(plain).unwrap_or_default();
        let escaped = escaped.trim_matches('"');
        let (upper, lower) = (percent(plain, false), percent(plain, true));
        for form in [plain, escaped, upper.as_str(), lower.as_str()] {
            for run in form.as_bytes().windows(RUN) {
                if let Ok(run) = <[u8; RUN]>::try_from(run) {
                    self.starts.resize(STARTS, 0);
                    let (word, bit) = start_of(&run);
                    if let Some(word) = self.starts.get_mut(word) {
                        *word |= bit;
                    }
                    self.runs.insert(run);
                }
            }
        }
    }

    /// Returns the text without secrets: known ones, and what looks like one.
    ///
    /// No eight bytes in a row of a known secret are left. One that is shorter goes where it stands
    /// as a value behind a credential's name.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.without_known(text);
        match redact_patterns(&known) {
            Cow::Borrowed(_) => known,
            Cow::Owned(redacted) => Cow::Owned(redacted),
        }
    }

    /// Returns the text without the secrets that are known; what only looks like one stays.
    pub fn without_known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let spans = self.known(text);
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for span in spans {
            out.push_str(text.get(from..span.start).unwrap_or_default());
            out.push_str(HIDDEN);
            from = span.end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Returns the parts of a text that belong to known secrets: in order, apart from one another,
    /// on character boundaries.
    pub fn known(&self, text: &str) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        if !self.runs.is_empty() {
            for (at, run) in text.as_bytes().windows(RUN).enumerate() {
                let (word, bit) = start_of(run);
                let begins = self.starts.get(word).is_some_and(|word| word & bit != 0);
                if begins && self.runs.contains(run) {
                    spans.push(text.floor_char_boundary(at)..text.ceil_char_boundary(at + RUN));
                }
            }
        }
        for secret in &self.short {
            let secret = secret.expose_secret();
            let found = text.match_indices(secret);
            let spots = found.map(|(at, _)| at..at + secret.len());
            spans.extend(spots.filter(|span| is_value(text, span)));
        }
        spans.sort_by_key(|span| span.start);
        spans
            .into_iter()
            .fold(Vec::new(), |mut merged: Vec<Range<usize>>, span| {
                match merged.last_mut() {
                    Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                    _ => merged.push(span),
                }
                merged
            })
    }
}

/// Returns whether a part of the text is a value behind the name of a credential: `token: pin42`.
fn is_value(text: &str, span: &Range<usize>) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).unwrap_or_default();
    let name = before.trim_end_matches([' ', '\t', '=', ':', '"', '\'', '`']);
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if name.len() == before.len() || after.starts_with(is_word) {
        return false;
    }
    let is_named = |known: &&str| {
        let at = name.len().checked_sub(known.len());
        let end = at.and_then(|at| name.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(known))
    };
    NAMES.iter().any(is_named)
}

fn percent(plain: &str, lower: bool) -> String {
    let mut out = String::with_capacity(plain.len() * 3);
    for byte in plain.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else if lower {
            let _ = write!(out, "%{byte:02x}");
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What secrets look like, in ASCII, as tables for all letters weigh half a megabyte; `keep` stays, the rest of the match is hidden.
const PATTERNS: &[&str] = &[
    r"(?-u:\b)(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ptt|cbt|ft|soat|imt|agent|oas)-|xox[abeoprs]-|sk-ant-|npm_|pypi-|hf_)[A-Za-z0-9_.-]{4,}",
    r"(?-u:\b)A(?:KIA|SIA)[0-9A-Z]{16}(?-u:\b)",
    r"(?-u:\b)eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]+)?",
    r"(?P<keep0>(?i:(?-u:\b)(?:bearer|basic))[ \t]+)(?P<word>[A-Za-z0-9._~+/=-]{6,})",
    r"(?P<keep1>(?i:(?-u:\b)(?:proxy-)?authorization|(?-u:\b)set-cookie|(?-u:\b)cookie|(?-u:\b)private-token|(?-u:\b)job-token|(?-u:\b)x-api-key)[ \t]*:[ \t]*)[^\r\n,;}]+",
    r#"(?P<keep2>(?i:(?-u:\b)(?:sig|sign|signature|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|private_token|access_token|refresh_token|job_token|id_token|token|client_secret|secret|password|passwd|api_?key))=)[^& \t\r\n"'<>]+"#,
    r#"(?P<keep3>(?i:"(?:private_token|access_token|refresh_token|id_token|token|client_secret|secret|password|api_?key)")[ \t\r\n]*:[ \t\r\n]*)"[^"]*""#,
    r"(?P<keep4>(?-u:\b)[A-Za-z][A-Za-z0-9+.-]*://)[^/ \t\r\n@?#]+@",
];

static LOOKS: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant pattern, compiled by a test")]
    Regex::new(&PATTERNS.join("|")).expect("the patterns are constants")
});

/// Returns whether a text is a name, such as that of a variable, in which no pattern can be found;
/// making them takes longer than all else that a configuration asks for.
fn is_plain_name(text: &str) -> bool {
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // Of what the patterns begin with, only these go on with letters of names.
    let begins = ["gh", "github_pat_", "npm_", "hf_", "AKIA", "ASIA"];
    is_name && !begins.iter().any(|begin| text.contains(begin))
}

/// Returns the text without what looks like a secret.
fn redact_patterns(text: &str) -> Cow<'_, str> {
    if is_plain_name(text) {
        return Cow::Borrowed(text);
    }
    LOOKS.replace_all(text, |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |m| m.as_str());
        let word = found.name("word").map_or("", |m| m.as_str());
        if !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()) {
            return whole.to_owned(); // a word: "basic authentication"
        }
        let keep = (0..5).find_map(|n| found.name(&format!("keep{n}")));
        let keep = keep.map_or("", |m| m.as_str());
        let end = if whole.ends_with('@') { "@" } else { "" };
        format!("{keep}{HIDDEN}{end}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(secrets: &[&str]) -> Redactor {
        Redactor::new(secrets.iter().map(|secret| SecretString::from(*secret)))
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let redactor = with(&["s3cr3t-value-0123", "pin42"]);
        let redacted = redactor.redact(text);
        assert_eq!(redacted, expected, "{text}");
        assert_eq!(redactor.redact(&redacted), expected, "twice");
    }

    #[test]
    fn known_secrets_are_hidden_in_whole_and_in_part() {
        check("nothing to hide", "nothing to hide");
        check("a s3cr3t-value-0123 b", "a [hidden] b");
        check("cut: cr3t-valu", "cut: [hidden]");
        check("s3cr3t-", "s3cr3t-");
        let odd = with(&["a/b c\"d/e f"]);
        assert_eq!(odd.redact("x=a%2Fb%20c%22d%2Fe%20f&y=1"), "x=[hidden]&y=1");
        assert_eq!(
            odd.redact("{\"v\":\"a/b c\\\"d/e f\"}"),
            "{\"v\":\"[hidden]\"}"
        );
    }

    #[test]
    fn a_short_secret_is_hidden_as_a_value_and_never_as_a_name() {
        check("bearer pin42", "bearer [hidden]");
        check("DEPLOY_TOKEN: pin42, next", "DEPLOY_TOKEN: [hidden], next");
        check("the password is pin42", "the password is pin42");
        check("my_key = 'pin42'", "my_key = '[hidden]'");
        check("PIN pin42", "PIN [hidden]");
        check("source `pin42` of @pin42", "source `pin42` of @pin42");
        check("token pin42-next", "token pin42-next");
        check("token: ünpin42", "token: ünpin42");
        let demo = with(&["demo"]);
        for text in [
            r#"{"name": "demo", "authors": ["@demo"]}"#,
            "demo serve",
            "acme/demo",
        ] {
            assert_eq!(demo.redact(text), text);
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        check(
            "token ghp_0123456789abcdefghij0123456789abcdef bad",
            "token [hidden] bad",
        );
        check("github_pat_11AAAA_bbbb", "[hidden]");
        check("glpat-AbCdEf-123456", "[hidden]");
        check(
            "Authorization: Bearer abc.DEF-123",
            "Authorization: [hidden]",
        );
        check(
            "sent bearer AAbbCC11 to host",
            "sent bearer [hidden] to host",
        );
        check("Basic dXNlcjpwYXNz", "Basic [hidden]");
        check("basic authentication failed", "basic authentication failed");
        check("PRIVATE-TOKEN: xyz", "PRIVATE-TOKEN: [hidden]");
        check(
            "GET https://b.example/log?sv=1&sig=AbC%2F1&se=2 failed",
            "GET https://b.example/log?sv=1&sig=[hidden]&se=2 failed",
        );
        check("X-Amz-Signature=0f0f0f&x=1", "X-Amz-Signature=[hidden]&x=1");
        check("/api?private_token=abc", "/api?private_token=[hidden]");
        check("access_token=abc#frag", "access_token=[hidden]");
        check(
            r#"{"access_token": "abc","n":1}"#,
            r#"{"access_token": [hidden],"n":1}"#,
        );
        check(
            "https://me:pw@example.org/x",
            "https://[hidden]@example.org/x",
        );
        check("mail me@example.org", "mail me@example.org");
        check("eyJhbGciOi.eyJzdWIiOi.c2ln", "[hidden]");
    }

    #[test]
    fn names_need_no_patterns() {
        for name in ["GH_TOKEN", "BENCH_TOKEN", "a", "", "token1"] {
            assert!(is_plain_name(name), "{name}");
        }
        for text in [
            "ghp_0123",
            "xghs_0123",
            "AKIA0123456789ABCDEF",
            "a=b",
            "hf_0123",
            "a-b",
        ] {
            assert!(!is_plain_name(text), "{text}");
        }
    }

    #[test]
    fn a_redactor_never_prints_what_it_knows() {
        let shown = format!("{:?}", with(&["s3cr3t-value-0123", "pin42"]));
        assert!(
            !shown.contains("s3cr3t") && !shown.contains("pin42"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn a_name_that_needs_no_patterns_has_nothing_to_hide(
            name in "(gh|github_pat_|g|h|p|s|_|npm|hf|A|K|I|S|AKIA|ASI|eyJ|[0-9A-Z]{16}|[a-z]{2}){0,6}",
        ) {
            if is_plain_name(&name) {
                prop_assert!(!LOOKS.is_match(&name), "{name}");
            }
        }

        #[test]
        fn no_run_of_a_secret_is_left(
            secrets in prop::collection::vec("[A-Za-z0-9/+_ é-]{8,40}", 1..4),
            parts in prop::collection::vec("\\PC{0,12}", 4),
            cuts in prop::collection::vec((0_usize..40, 0_usize..40), 3),
        ) {
            let mut text = parts[0].clone();
            for ((part, (from, to)), secret) in parts[1..].iter().zip(&cuts).zip(secrets.iter().cycle()) {
                text.extend(secret.chars().skip(*from.min(to)).take(from.abs_diff(*to)));
                text.push_str(part);
            }
            let redactor = Redactor::new(secrets.iter().map(|s| SecretString::from(s.as_str())));
            let redacted = redactor.redact(&text);
            for secret in &secrets {
                for run in secret.as_bytes().windows(RUN) {
                    prop_assert!(!redacted.as_bytes().windows(RUN).any(|r| r == run), "{}", redacted);
                }
            }
        }

        #[test]
        fn any_text_is_redacted_and_twice_is_once(text in any::<String>()) {
            let redactor = with(&["s3cr3t-value-0123"]);
            let once = redactor.redact(&text);
            prop_assert_eq!(redactor.redact(&once), once.as_ref());
        }
    }
}
