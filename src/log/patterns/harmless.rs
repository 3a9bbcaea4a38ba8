//! Lines that name an error and are none: warnings, passing tests, commands that are echoed.
//!
//! Asked only of lines that a row matches, before they count.

/// How a line begins that says of itself how little it means; in lower case.
const MILD: &[&str] = &[
    "warning", "warn", "info", "debug", "notice", "trace", "verbose", "note", "hint", "help",
];

/// How the line of a passing test, or of a command that a shell echoes, begins.
const FRONTS: &[&str] = &[
    "+ ",
    "++ ",
    "$ ",
    "✓ ",
    "✔ ",
    "√ ",
    "ok ",
    "ok\t",
    "PASS ",
    "PASS:",
    "--- PASS",
    "--- SKIP",
    "=== RUN",
    "[ RUN",
    "[       OK",
    "Downloading ",
    "Downloaded ",
    "Compiling ",
    "Checking ",
];

/// How the line of a passing test ends.
const ENDS: &[&str] = &[" ... ok", " ... ignored", " PASSED", " SKIPPED", " OK"];

/// How many words are read.
const MOST_WORDS: usize = 6;

/// Returns whether a text tells of no failure although it sounds like it.
pub(in crate::log) fn is_harmless(text: &str) -> bool {
    let text = text.trim();
    if FRONTS.iter().any(|front| text.starts_with(front))
        || ENDS.iter().any(|end| text.ends_with(end))
    {
        return true;
    }
    let is_percent = text.ends_with("%]");
    if is_percent && text.contains(" PASSED ") {
        return true;
    }
    // `[WARNING] …`, `09:00:01 WARN …`, `npm warn …`, `curl: Warning: …`, `level=warn msg=…`
    let is_stamp = |word: &&str| {
        word.trim_start_matches('[')
            .starts_with(|c: char| c.is_ascii_digit())
    };
    let mut words = text
        .split_whitespace()
        .take(MOST_WORDS)
        .skip_while(is_stamp);
    let first = words.next().unwrap_or_default();
    let is_name = first.ends_with(':') || matches!(first, "npm" | "yarn" | "pnpm" | "cargo");
    is_mild(first) || (is_name && words.next().is_some_and(is_mild)) || has_mild_level(text)
}

/// Whether a text has a field that says so.
fn has_mild_level(text: &str) -> bool {
    let behind = text
        .split_once("level=")
        .map(|(_, behind)| behind.trim_start_matches('"'));
    behind.is_some_and(|level| {
        ["warn", "info", "debug", "trace"]
            .iter()
            .any(|mild| level.starts_with(mild))
    })
}

/// Whether a word is a level below error, whatever stands around it.
fn is_mild(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if bare.len() > 7 {
        return false;
    }
    let has_sign =
        bare.len() < word.len() || word.bytes().all(|b| b.is_ascii_uppercase()) || word == "warn";
    has_sign && MILD.iter().any(|mild| bare.eq_ignore_ascii_case(mild))
}
