//! How the program ends: exit codes, and the error that people read.
//!
//! Everything that goes to standard error passes [`Failure::print`]: one line
//! that says what failed, one that says what to do, cleaned and redacted.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use crate::app::redact;
use crate::domain::text::width;

/// The longest text that is shown to point at a part of it, in columns.
const LONGEST_SHOWN: usize = 76;

/// Why the program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Everything is fine.
    Fine,
    /// Something went wrong.
    Error,
    /// The command line or the configuration is wrong.
    Usage,
    /// Something is red, and the caller wanted to know.
    Red,
    /// A source refused the token.
    Auth,
    /// Data is stale or not known.
    Stale,
    /// A signal ended it.
    Signal(u8),
}

impl Exit {
    /// Returns the number that the caller gets.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Red => 3,
            Self::Auth => 4,
            Self::Stale => 5,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What went wrong, for a person: a sentence, a hint, an exit code.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    quiet: bool,
}

impl Failure {
    /// Something went wrong that is neither the caller's nor the token's fault.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Exit::Error, message.into())
    }

    /// The command line or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message.into())
    }

    /// Ends the program without a word: the reader of our output has gone.
    pub fn quiet() -> Self {
        Self {
            quiet: true,
            ..Self::new(Exit::Fine, String::new())
        }
    }

    fn new(exit: Exit, message: String) -> Self {
        Self {
            exit,
            message,
            detail: None,
            hint: None,
            quiet: false,
        }
    }

    /// Shows the text that is wrong and points at the part of it, by bytes.
    ///
    /// What would not be shown as it is, or not in one line of a terminal, is not shown.
    #[must_use]
    pub fn pointing(mut self, text: &str, start: usize, end: usize) -> Self {
        let before = text.get(..start).map(width);
        let part = text.get(start..end.max(start)).map(width);
        let fits = redact::shown(text) == text && width(text) <= LONGEST_SHOWN;
        if let (Some(before), Some(part), true) = (before, part, fits) {
            let (space, marks) = (" ".repeat(before), "^".repeat(part.max(1)));
            self.detail = Some(format!("  {text}\n  {space}{marks}\n"));
        }
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do about it, where that is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Gives the caller another code than the kind of failure would.
    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Returns what the caller gets.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints it to standard error, as far as there is one.
    pub fn print(&self) {
        if !self.quiet {
            let mut out = std::io::stderr().lock();
            // After a hang-up there is nobody to tell, and nothing else to do.
            drop(write!(out, "{self}"));
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", redact::shown(&self.message))?;
        f.write_str(self.detail.as_deref().unwrap_or_default())?;
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {}", redact::shown(hint)),
            None => Ok(()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        if is_broken_pipe(&error) {
            return Self::quiet();
        }
        // `{:#}` joins the causes with colons, which is how people read them.
        Self::error(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_no_error() {
        let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(closed).exit(), Exit::Fine);
    }

    #[test]
    fn text_from_outside_cannot_command_the_terminal() {
        let failure = Failure::error("no such file `a\u{1b}[2Jb`").hint("try `\u{202e}`");
        let text = failure.to_string();
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{text:?}"
        );
        assert!(text.starts_with("error: no such file"), "{text}");
        assert!(text.contains("\nhint: try"), "{text}");
    }

    #[test]
    fn the_part_that_is_wrong_is_pointed_at_in_columns() {
        let shown = |text: &str, start, end| Failure::usage("x").pointing(text, start, end);
        let text = shown("a stage:paln", 8, 12).hint("y").to_string();
        assert_eq!(text, "error: x\n  a stage:paln\n          ^^^^\nhint: y\n");
        assert_eq!(
            shown("日:x", 4, 4).to_string(),
            "error: x\n  日:x\n     ^\n"
        );
        // Neither an escape, nor a screenful, nor half a character.
        for (text, start, end) in [("\u{1b}[2Jx", 4, 5), ("日", 1, 2), (&"x".repeat(100), 1, 2)] {
            assert_eq!(shown(text, start, end).to_string(), "error: x\n");
        }
    }

    #[test]
    fn causes_are_told_from_the_outside_in() {
        let error = anyhow::anyhow!("permission denied").context("cannot read `x`");
        let text = Failure::from(error).to_string();
        assert_eq!(text, "error: cannot read `x`: permission denied\n");
    }
}
