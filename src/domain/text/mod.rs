//! Clean: the only type of remote text.
//!
//! Whatever a server, a file name or a log says becomes [`Clean`] (one line) or
//! [`Block`] (several) at ingest, or it does not reach the screen, a shell, a
//! file name or a log. Not for secrets: those are kept apart and [`redact`]ed.

mod class;
mod clean;
mod count;
mod duration;
mod escape;
mod nearest;
mod plain;
pub mod redact;
mod width;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::text::clean::{BLOCK, LINE, clean};
pub use crate::domain::text::count::counted;
pub use crate::domain::text::duration::{UNITS, format_duration, parse_duration};
pub(crate) use crate::domain::text::escape::len as escape_len;
pub use crate::domain::text::nearest::nearest;
pub use crate::domain::text::plain::is_plain;
pub use crate::domain::text::width::{plain_ascii_escape, truncate, truncate_with, width};

/// One line without anything that a terminal could obey or a reader could be fooled by.
///
/// No control character, no escape sequence, no bidi control, nothing invisible
/// but joiners inside words; at most [`Clean::MAX_LINE`] characters. Cleaning a
/// clean text changes nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Clean(Arc<str>);

/// Text of several lines, as clean as [`Clean`]; lines end with `\n` only.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(Arc<str>);

impl Clean {
    /// The longest single line that is kept, in characters.
    pub const MAX_LINE: usize = LINE.line;

    /// Returns one clean line: no newline, no escape, no bidi control.
    ///
    /// Escape sequences go with all that they carry, line ends and tabs become
    /// one space, bidi controls become readable (`⟨U+202E⟩`), and what is longer
    /// than [`Clean::MAX_LINE`] ends with `…`.
    pub fn line(raw: &str) -> Self {
        if raw.len() <= Self::MAX_LINE && is_plain(raw.as_bytes()) {
            return Self(raw.into());
        }
        Self(clean(raw, LINE).into())
    }

    /// Returns one clean line of bytes that should be UTF-8; what is not becomes `U+FFFD`.
    pub fn from_bytes(raw: &[u8]) -> Self {
        Self::line(&String::from_utf8_lossy(raw))
    }

    /// Returns clean text of several lines, e.g. the body of a message.
    ///
    /// Carriage returns become line ends, tabs spaces up to the next stop, other
    /// control characters are shown as `^G`.
    pub fn block(raw: &str) -> Block {
        Block(clean(raw, BLOCK).into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether nobody else holds these letters.
    pub(in crate::domain) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Block {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_type {
    ($name:ident, $make:expr) => {
        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }

        impl From<$name> for Arc<str> {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl From<&str> for $name {
            fn from(raw: &str) -> Self {
                $make(raw)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("text")
                    }

                    fn visit_str<E: Error>(self, raw: &str) -> Result<$name, E> {
                        Ok($make(raw))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

text_type!(Clean, Clean::line);
text_type!(Block, Clean::block);
