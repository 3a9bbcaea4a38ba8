//! The one redactor of the program, which stands before everything that leaves it as text.
//!
//! The log, standard error and the panic report pass here: at the sink, not at
//! the call site. What a secret looks like is known to `domain::text::redact`.

use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard};

use secrecy::SecretString;

use crate::domain::text::Clean;
use crate::domain::text::redact::Redactor;
use crate::log::{self, Hides, Index, LogError, LogLine};

static KNOWN: LazyLock<RwLock<Redactor>> = LazyLock::new(RwLock::default);

/// Tells a value that must never be seen, whatever it looks like.
pub fn know(value: &SecretString) {
    KNOWN
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .add(value);
}

/// Returns text fit for a terminal: no secret, no escape, no bidi control; lines are kept.
pub fn shown(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let lines: Vec<String> = known
        .redact(text)
        .lines()
        .map(|line| Clean::line(line).as_str().to_owned())
        .collect();
    lines.join("\n")
}

/// Returns text without the secrets in use; what only looks like one stays.
pub fn known(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.without_known(text).into_owned()
}

/// Hides the secrets in use in a line of a log; the log hides what looks like one itself.
pub fn hide_in(line: &mut LogLine) {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let parts = known.known(&line.text());
    if !parts.is_empty() {
        line.hide(&parts);
    }
}

/// What is hidden of the lines of a log: private keys, and the secrets in use.
pub struct Hidden<'a> {
    index: &'a Index,
    known: RwLockReadGuard<'a, Redactor>,
}

impl<'a> Hidden<'a> {
    /// Knows it of one log. Not to be kept for long: a secret that comes meanwhile waits for it.
    pub fn of(index: &'a Index) -> Self {
        Self {
            index,
            known: KNOWN.read().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl Hides for Hidden<'_> {
    fn hide(&self, line: &mut LogLine) {
        log::conceal(self.index, line);
        let parts = self.known.known(&line.text());
        if !parts.is_empty() {
            line.hide(&parts);
        }
    }

    fn may_hide(&self, line: u64, text: &str) -> bool {
        log::is_concealed(self.index, line) || !self.known.known(text).is_empty()
    }
}

/// Hides the secrets in use in an error of a log.
pub fn hide_in_error(error: &mut LogError) {
    error.text = Clean::line(&known(&error.text));
    for part in [&mut error.code, &mut error.file] {
        *part = part.take().map(|text| Clean::line(&known(&text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_and_what_looks_like_a_secret_is_gone() {
        know(&SecretString::from("correct-horse-battery"));
        let text = shown("x correct-horse-battery y\nAuthorization: Bearer abcdefgh12345678");
        assert!(
            !text.contains("horse") && !text.contains("abcdefgh"),
            "{text}"
        );
        assert!(text.starts_with("x ") && text.contains('\n'), "{text}");
    }
}
