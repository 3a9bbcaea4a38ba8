//! Takes secrets out of text before anybody sees it.
//!
//! Known values first, then the shapes of well-known tokens. Used on every
//! error text and on every line of the meter.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

/// What a secret is replaced with.
const MASK: &str = "[redacted]";

/// Beginnings of tokens; what follows them up to the next delimiter goes too.
const SHAPES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "Bearer ",
    "bearer ",
    "token=",
    "sig=",
    "X-Amz-Signature=",
];

/// Takes secrets out of text.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<SecretString>,
}

impl Redactor {
    /// Builds a redactor that knows these values besides the shapes of tokens.
    pub fn new(secrets: Vec<SecretString>) -> Self {
        Self { secrets }
    }

    /// Returns the text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            let value = secret.expose_secret();
            if value.len() >= 4 && text.contains(value) {
                text = Cow::Owned(text.replace(value, MASK));
            }
        }
        for shape in SHAPES {
            if text.contains(shape) {
                text = Cow::Owned(mask(&text, shape));
            }
        }
        text
    }
}

fn mask(text: &str, shape: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(shape) {
        out.push_str(before);
        out.push_str(shape);
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || "._-~+/=%".contains(c)))
            .unwrap_or(after.len());
        let (value, tail) = after.split_at(end);
        if !value.is_empty() {
            out.push_str(MASK);
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({})", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let redactor = Redactor::new(vec!["hunter22".to_owned().into()]);
        assert_eq!(redactor.redact(text), expected);
    }

    #[test]
    fn known_values_and_shapes_of_tokens_go() {
        check("it is hunter22, hunter22", "it is [redacted], [redacted]");
        check("ghp_abcDEF123 is one", "ghp_[redacted] is one");
        check(
            "authorization: Bearer ab.cd",
            "authorization: Bearer [redacted]",
        );
        check(
            "https://a.example/x?sig=AbC%3D&b=1",
            "https://a.example/x?sig=[redacted]&b=1",
        );
    }

    #[test]
    fn other_text_stays_as_it_is() {
        check("connection refused", "connection refused");
        check("ghp_ is how they begin", "ghp_ is how they begin");
    }
}
