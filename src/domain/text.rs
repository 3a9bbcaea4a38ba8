//! Clean: the only type of remote text.
//!
//! Whatever a server, a file name or a log says becomes [`Clean`] at ingest, or
//! it does not reach the screen, a shell, a file name or a log. Not for secrets.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Text without anything that a terminal could obey or a reader could be fooled by.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "Arc<str>")]
pub struct Clean(Arc<str>);

impl Clean {
    /// The longest single line that is kept, in characters.
    pub const MAX_LINE: usize = 512;

    /// Returns one clean line: no newline, no escape, no bidi control.
    pub fn line(raw: &str) -> Self {
        if raw.len() <= Self::MAX_LINE && raw.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Self(raw.into());
        }
        let text: String = raw
            .chars()
            .filter(|c| !c.is_control())
            .take(Self::MAX_LINE)
            .collect();
        Self(text.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Clean {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl From<Clean> for Arc<str> {
    fn from(text: Clean) -> Self {
        text.0
    }
}

impl From<&str> for Clean {
    fn from(raw: &str) -> Self {
        Self::line(raw)
    }
}

impl<'de> Deserialize<'de> for Clean {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::line(&<std::borrow::Cow<'de, str>>::deserialize(
            deserializer,
        )?))
    }
}
