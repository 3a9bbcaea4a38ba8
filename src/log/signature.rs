//! Signatures: failures that are the same but for numbers, paths and times.
//!
//! Two failures with one signature are shown as one failure on many cards. A
//! signature is stable from run to run and from version to version.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::text::Clean;
use crate::log::errors::LogError;

/// The most characters of a message that count.
const MAX_TEXT: usize = 200;

/// What a failure is, without what changes from run to run.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Signature {
    /// A number for it, stable over runs and versions.
    pub hash: u64,
    /// The same for people: tool, code, test, message.
    pub text: Clean,
}

impl Signature {
    /// The signature of an error.
    pub fn of_error(error: &LogError) -> Self {
        Self::new(error.tool, error.code.as_deref(), None, &error.text)
    }

    /// The signature of anything: what is not known is left out.
    pub fn new(tool: &str, code: Option<&str>, test: Option<&str>, message: &str) -> Self {
        let message = normalise(message);
        let parts = [Some(tool), code, test, Some(message.as_str())];
        let key = parts.map(Option::unwrap_or_default).join("\u{1f}");
        let shown: Vec<&str> = parts
            .into_iter()
            .flatten()
            .filter(|p| !p.is_empty())
            .collect();
        Self {
            hash: xxhash_rust::xxh3::xxh3_64(key.as_bytes()),
            text: Clean::line(&shown.join(" · ")),
        }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What changes from run to run, the longer before the shorter.
static CHANGING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)",
        r"|(?P<url>\b[a-z][a-z0-9+.-]*://[^\s'\x22`<>()]+)",
        r"|(?P<path>(?:[A-Za-z]:\\|~|\.{0,2}/)?(?:[A-Za-z0-9_.@+%-]+[/\\])+[A-Za-z0-9_.@+%-]*|/[A-Za-z0-9_.@+%-]+)",
        r"|(?P<hex>\b0x[0-9a-fA-F]+\b|\b[0-9a-f]{7,64}\b)",
        r"|(?P<time>[0-9]+(?:\.[0-9]+)?\s?(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b)",
        r"|(?P<number>[0-9]+(?:[.,:][0-9]+)*)",
    ))
    .ok()
});

/// Returns a message without numbers, paths, hashes and times.
pub(super) fn normalise(message: &str) -> String {
    let short: String = Clean::line(message).chars().take(2 * MAX_TEXT).collect();
    let Some(changing) = CHANGING.as_ref() else {
        return short;
    };
    let replaced = changing.replace_all(&short, |found: &regex::Captures<'_>| {
        if let Some(path) = found.name("path") {
            return stem(path.as_str());
        }
        let is_word = found
            .name("hex")
            .is_some_and(|hex| !hex.as_str().bytes().any(|b| b.is_ascii_digit()));
        match found.get(0) {
            Some(word) if is_word => word.as_str().to_owned(),
            _ if found.name("url").is_some() => url(found.get(0).map_or("", |m| m.as_str())),
            _ => "#".to_owned(),
        }
    });
    let words: Vec<&str> = replaced.split_whitespace().collect();
    words.join(" ").chars().take(MAX_TEXT).collect()
}

/// Returns the name at the end of a path, without its digits.
fn stem(path: &str) -> String {
    const TEMPORARY: &[&str] = &["/tmp/", "/var/folders/", "\\Temp\\", "/private/tmp/"];
    let name = base_name(path.trim_end_matches(['/', '\\']));
    let is_temporary = TEMPORARY.iter().any(|part| path.contains(part));
    if is_temporary && !name.contains('.') {
        return "tmp".to_owned();
    }
    digits_out(name)
}

/// Returns a URL's host, without port and digits.
fn url(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    digits_out(host)
}

fn digits_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(normalise(message), expected, "{message:?}");
    }

    #[test]
    fn what_changes_from_run_to_run_is_left_out() {
        check("took 12 ms", "took #");
        check("took 1.5s", "took #");
        check(
            "at 09:12:33 in /home/a/work/api/src/x.rs:12:5",
            "at # in x.rs:#",
        );
        check("id 550e8400-e29b-41d4-a716-446655440000", "id #");
        check("commit 3f2a9b1c0d", "commit #");
        check("ptr 0x7ffe12", "ptr #");
        check(
            "dial http://10.0.0.1:8080/x?y=1 refused",
            "dial #.#.#.# refused",
        );
        check("in /tmp/tmpab12cd", "in tmp");
        check("defaced facade", "defaced facade");
    }

    proptest! {
        #[test]
        fn numbers_and_folders_do_not_matter(a in 0_u32..9_999, b in 0_u32..9_999, x in "[a-z]{1,8}", y in "[a-z]{1,8}") {
            let message = |n: u32, folder: &str| format!("left {n} at /home/{folder}/run-{n}/a.rs:{n} after {n} ms");
            let of = |text: &str, tool| Signature::new(tool, Some("E1"), None, text);
            prop_assert_eq!(of(&message(a, &x), "rustc"), of(&message(b, &y), "rustc"));
            prop_assert_ne!(of(&message(a, &x), "rustc").hash, of(&message(a, &x), "go").hash);
        }

        #[test]
        fn any_message_has_a_signature(text in ".{0,300}") {
            let signature = Signature::new("x", None, None, &text);
            prop_assert!(!signature.text.contains(char::is_control));
        }
    }
}
