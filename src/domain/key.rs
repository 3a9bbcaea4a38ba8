//! Names of things: repositories, commits, people, sources, links.
//!
//! Every key that is built from remote text is clean by construction (see
//! [`Clean`]); no key is ever a path, a shell word or a terminal sequence.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::text::Clean;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(Clean);

        impl $name {
            /// Builds the name from any text, which is sanitised to one clean line.
            pub fn new(text: &str) -> Self {
                Self(Clean::line(text))
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

name_type! {
    /// The configured name of one source, unique in a configuration.
    SourceName
}
name_type! {
    /// The name of a service: a repository's name, or a part of a mono-repo.
    ServiceName
}
name_type! {
    /// The stable identity of a card, e.g. `ticket:github.com/acme/api#12`.
    ItemId
}
name_type! {
    /// The identity of a train, e.g. `release:github.com/acme/api/v1.14.0`.
    TrainId
}

/// A repository on a host, e.g. `github.com/acme/api`.
///
/// The host keeps two installations with equal owner and name apart.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepoKey(Clean);

impl RepoKey {
    /// Builds the key of `path` (`owner/name`) on `host` (lower-cased; a port may follow).
    pub fn new(host: &str, path: &str) -> Self {
        let host = host.trim_matches('/').to_ascii_lowercase();
        Self(Clean::line(&format!("{host}/{}", path.trim_matches('/'))))
    }

    /// Returns `host/owner/name`.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the host, with its port if it has one.
    pub fn host(&self) -> &str {
        self.as_str()
            .split_once('/')
            .map_or(self.as_str(), |(host, _)| host)
    }

    /// Returns `owner/name`, which is what people read.
    pub fn path(&self) -> &str {
        self.as_str().split_once('/').map_or("", |(_, path)| path)
    }

    /// Returns the last part of the path: the default name of the service.
    pub fn short(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for RepoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl fmt::Debug for RepoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// A commit id: 7 to 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct Sha(Arc<str>);

impl Sha {
    /// Returns the id, or nothing where `text` is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// Returns all digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first seven digits, as people write them.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl TryFrom<Arc<str>> for Sha {
    type Error = &'static str;

    fn try_from(text: Arc<str>) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a commit id")
    }
}

impl From<Sha> for Arc<str> {
    fn from(sha: Sha) -> Self {
        sha.0
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl fmt::Debug for Sha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_str())
    }
}

/// A person or a machine account, by login.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Person {
    /// The login on the host, without `@`.
    pub login: Clean,
    /// Whether the host says, or the login shows, that this is a machine.
    pub bot: bool,
}

impl Person {
    /// Builds a person; a login that ends in `[bot]` is a machine whatever `bot` says.
    pub fn new(login: &str, bot: bool) -> Self {
        let login = Clean::line(login);
        let bot = bot || login.as_str().ends_with("[bot]");
        Self { login, bot }
    }
}

/// A link that may be opened or copied: http or https, no user part, no odd characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
pub struct WebUrl(Arc<str>);

impl WebUrl {
    /// The longest link that is kept, in bytes.
    pub const MAX: usize = 2_048;

    /// Returns the link, or nothing where `text` must not be opened.
    ///
    /// Refuses every scheme but http and https (`javascript:`, `file:`),
    /// user parts, control characters, white space and over-long text.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return None;
        }
        let url = url::Url::parse(text).ok()?;
        let web = matches!(url.scheme(), "http" | "https");
        let bare = url.username().is_empty() && url.password().is_none() && url.has_host();
        (web && bare).then(|| Self(url.as_str().into()))
    }

    /// Returns the link as ASCII text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Arc<str>> for WebUrl {
    type Error = &'static str;

    fn try_from(text: Arc<str>) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a web link")
    }
}

impl From<WebUrl> for Arc<str> {
    fn from(url: WebUrl) -> Self {
        url.0
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
