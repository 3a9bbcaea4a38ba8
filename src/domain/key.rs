//! Names of things: repositories, commits, people, sources, links.
//!
//! Every key that is built from remote text is clean by construction (see
//! [`Clean`]); no key is ever a path, a shell word or a terminal sequence.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::address::is_written_out;
use crate::domain::pool::{Pool, Share};
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

        impl Share for $name {
            fn share(&mut self, pool: &mut Pool) {
                self.0.share(pool);
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
/// The host keeps two installations with equal owner and name apart; where several are on one
/// host, each below a path of its own, that path does: `forge.test/lab//acme/api`. Forges do
/// not tell `Acme/API` from `acme/api`, and neither does the key: it is shown
/// as it was written, and compared, ordered and stored in identities in lower case. The path of a
/// place is a web server's matter: `/Lab` and `/lab` of one host are two places.
#[derive(Clone)]
pub struct RepoKey(Arc<Names>);

struct Names {
    /// As it was written.
    shown: Clean,
    /// In lower case; the same text where that makes no difference.
    same: Clean,
}

impl RepoKey {
    /// Builds the key of `path` (`owner/name`) at `place`: a host, which a port may follow, and
    /// where its forge is below a path of that host, this path too (`forge.test/lab`).
    pub fn new(place: &str, path: &str) -> Self {
        let place = place.trim_matches('/');
        let place = match place.split_once('/') {
            Some((host, below)) => format!("{}/{below}", host.to_ascii_lowercase()),
            None => place.to_ascii_lowercase(),
        };
        // Two slashes stand where the place ends, and nowhere else.
        let (place, path) = (single(&place), single(path.trim_matches('/')));
        let end = if place.contains('/') { BELOW } else { "/" };
        Self::of(Clean::line(&format!("{place}{end}{path}")))
    }

    /// Returns the repositories with whose names a text begins, where a part of it ends: of the
    /// identity of a fact one is its own.
    pub(in crate::domain) fn leading(text: &str) -> impl Iterator<Item = Self> {
        let ends = text.match_indices(['/', '#', '@']).map(|(at, _)| at);
        let names = ends.filter_map(|at| text.get(..at));
        names
            .chain([text])
            .filter(|name| name.contains('/') && !name.ends_with('/'))
            .map(|name| Self::of(Clean::line(name)))
    }

    /// Returns where the place ends and the path begins.
    fn parts(text: &str) -> Option<(&str, &str)> {
        text.split_once(BELOW).or_else(|| text.split_once('/'))
    }

    fn of(shown: Clean) -> Self {
        let upper = shown.bytes().any(|b| b.is_ascii_uppercase());
        let same = if upper {
            Clean::line(&Self::plain(&shown))
        } else {
            shown.clone()
        };
        Self(Arc::new(Names { shown, same }))
    }

    /// Returns a text in lower case but for the path of a place.
    fn plain(shown: &str) -> String {
        let Some((place, path)) = shown.split_once(BELOW) else {
            return shown.to_ascii_lowercase();
        };
        let (host, below) = place.split_once('/').unwrap_or((place, ""));
        let (host, path) = (host.to_ascii_lowercase(), path.to_ascii_lowercase());
        format!("{host}/{below}{BELOW}{path}")
    }

    /// Returns whether nobody else holds this key.
    pub(in crate::domain) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Returns `host/owner/name` in lower case, but for the path of a place: the identity.
    pub fn as_str(&self) -> &str {
        self.0.same.as_str()
    }

    /// Returns the host, with its port if it has one, and the path below which its forge is.
    pub fn place(&self) -> &str {
        Self::parts(self.as_str()).map_or(self.as_str(), |(place, _)| place)
    }

    /// Returns the host, with its port if it has one.
    pub fn host(&self) -> &str {
        let place = self.place();
        place.split_once('/').map_or(place, |(host, _)| host)
    }

    /// Returns `owner/name`, which is what people read, as it was written.
    pub fn path(&self) -> &str {
        Self::parts(&self.0.shown).map_or("", |(_, path)| path)
    }

    /// Returns the last part of the path: the default name of the service.
    pub fn short(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

/// What stands between a place with a path and the path of a repository.
const BELOW: &str = "//";

/// Returns a path whose parts one slash divides.
fn single(path: &str) -> Cow<'_, str> {
    if !path.contains(BELOW) {
        return Cow::Borrowed(path);
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    Cow::Owned(parts.join("/"))
}

impl PartialEq for RepoKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.same == other.0.same
    }
}

impl Eq for RepoKey {}

impl Hash for RepoKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.same.hash(state);
    }
}

impl PartialOrd for RepoKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RepoKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        self.0.same.cmp(&other.0.same)
    }
}

impl Serialize for RepoKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.shown.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RepoKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Clean::deserialize(deserializer).map(Self::of)
    }
}

impl fmt::Display for RepoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl fmt::Debug for RepoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.shown.as_str())
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

    /// Returns whether nobody else holds these digits.
    pub(in crate::domain) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
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
    /// Refuses every scheme but http and https (`javascript:`, `file:`), links
    /// that are not written in full (`https:evil`, `//evil`, `-flag`), user parts,
    /// control characters, white space, backslashes and over-long text. What is
    /// returned is ASCII: host names are in punycode, the rest is percent-encoded.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() <= Self::MAX && is_written_out(text) {
            return Some(Self(text.into()));
        }
        let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if text.len() > Self::MAX || text.chars().any(odd) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        if !web || rest.starts_with('/') {
            return None;
        }
        let url = url::Url::parse(text).ok()?;
        let bare = url.username().is_empty() && url.password().is_none() && url.has_host();
        let fits = bare && url.as_str().len() <= Self::MAX && url.as_str().is_ascii();
        fits.then(|| Self(url.as_str().into()))
    }

    /// Returns the link as ASCII text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Arc<str>> for WebUrl {
    type Error = &'static str;

    fn try_from(text: Arc<str>) -> Result<Self, Self::Error> {
        if text.len() <= Self::MAX && is_written_out(&text) {
            return Ok(Self(text));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn opens(text: &str, expected: &str) {
        assert_eq!(
            WebUrl::parse(text).as_ref().map(WebUrl::as_str),
            Some(expected),
            "{text}"
        );
    }

    #[track_caller]
    fn stays_closed(text: &str) {
        assert_eq!(WebUrl::parse(text), None, "{text}");
    }

    #[test]
    fn web_links_may_be_opened() {
        opens(
            "https://github.com/acme/api/pull/12",
            "https://github.com/acme/api/pull/12",
        );
        opens("HTTP://127.0.0.1:9999", "http://127.0.0.1:9999/");
        opens(
            "https://example.org/größe?q=ü#x",
            "https://example.org/gr%C3%B6%C3%9Fe?q=%C3%BC#x",
        );
        opens("https://gіthub.com/", "https://xn--gthub-n2e.com/");
        opens(
            "https://example.org/\u{202e}gpj",
            "https://example.org/%E2%80%AEgpj",
        );
    }

    #[test]
    fn nothing_else_may_be_opened() {
        for text in [
            "",
            "javascript:alert(1)",
            "JavaScript://x/%0aalert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "-flag",
            "--help",
            "https:evil.example",
            "//evil.example",
            "https:///evil",
            "https://",
            "https://user@example.org",
            "https://u:p@example.org/",
            "https://example.org/a b",
            " https://example.org",
            "https://exa\tmple.org",
            "https://example.org/\u{1b}[31m",
            "https://example.org/\u{9b}2J",
            "https:\\\\evil.example",
            "https://example.org\\@evil",
            "ftp://example.org",
            "vscode://x",
            "https://example.org:99999/",
            "http://[::1",
            "example.org",
        ] {
            stays_closed(text);
        }
        stays_closed(&format!("https://example.org/{}", "a".repeat(WebUrl::MAX)));
        stays_closed(&format!(
            "https://example.org/{}",
            "ü".repeat(WebUrl::MAX / 3)
        ));
    }

    #[test]
    fn repositories_are_the_same_in_any_case() {
        let (plain, shown) = (
            RepoKey::new("github.com", "acme/api"),
            RepoKey::new("GitHub.com", "Acme/API"),
        );
        assert_eq!(plain, shown);
        assert_eq!(
            std::collections::HashSet::from([plain.clone(), shown.clone()]).len(),
            1
        );
        assert_eq!(plain.cmp(&shown), Ordering::Equal);
        assert_eq!(shown.as_str(), "github.com/acme/api");
        assert_eq!(shown.path(), "Acme/API");
        assert_eq!(shown.short(), "API");
        assert_eq!(shown.to_string(), "Acme/API");
        let read: RepoKey = serde_json::from_str(&serde_json::to_string(&shown).unwrap()).unwrap();
        assert_eq!(
            (read.path(), read.as_str()),
            ("Acme/API", "github.com/acme/api")
        );
        assert_ne!(plain, RepoKey::new("ghe.example.org", "acme/api"));
    }

    #[test]
    fn repositories_have_a_host_and_a_path() {
        let repo = RepoKey::new("127.0.0.1:9999", "/acme/tools/api/");
        assert_eq!(
            (repo.host(), repo.path(), repo.short()),
            ("127.0.0.1:9999", "acme/tools/api", "api")
        );
        let odd = RepoKey::new("", "");
        assert_eq!((odd.host(), odd.path(), odd.short()), ("", "", ""));
        assert_eq!(RepoKey::new("h", "a/\u{1b}[31mb\n").as_str(), "h/a/b ");
    }

    #[test]
    fn two_forges_on_one_host_are_told_apart_by_their_paths() {
        let one = RepoKey::new("Forge.test:8443/Lab-A/", "Acme/tools/api");
        let other = RepoKey::new("forge.test:8443/lab-b", "acme/tools/api");
        assert_ne!(one, other);
        assert_ne!(one, RepoKey::new("forge.test:8443", "lab-a/acme/tools/api"));
        let small = RepoKey::new("forge.test:8443/lab-a", "Acme/tools/api");
        assert_ne!(one, small, "a web server tells the paths apart");
        assert_eq!(one.as_str(), "forge.test:8443/Lab-A//acme/tools/api");
        let same = RepoKey::new("forge.test:8443/Lab-A", "acme/tools/API");
        assert_eq!(one, same);
        let read: RepoKey = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        for key in [one, read] {
            assert_eq!(
                (key.host(), key.place()),
                ("forge.test:8443", "forge.test:8443/Lab-A")
            );
            assert_eq!((key.path(), key.short()), ("Acme/tools/api", "api"));
        }
        // Nobody else can write what stands for that.
        let odd = RepoKey::new("forge.test", "lab-a//acme///api");
        assert_eq!((odd.place(), odd.path()), ("forge.test", "lab-a/acme/api"));
    }

    #[test]
    fn commit_ids_are_seven_to_sixty_four_digits() {
        assert_eq!(Sha::parse("ABCDEF0").unwrap().as_str(), "abcdef0");
        assert_eq!(Sha::parse(&"a1".repeat(20)).unwrap().short(), "a1a1a1a");
        assert!(Sha::parse(&"0".repeat(64)).is_some());
        for text in [
            "",
            "abcdef",
            "g123456",
            "abc def0",
            "abcdef0\n",
            "ａｂｃｄｅｆ０",
        ] {
            assert_eq!(Sha::parse(text), None, "{text:?}");
        }
        assert_eq!(Sha::parse(&"0".repeat(65)), None);
        assert!(serde_json::from_str::<Sha>("\"xyz\"").is_err());
    }

    #[test]
    fn machines_are_known_by_their_login() {
        assert!(Person::new("renovate[bot]", false).bot);
        assert!(Person::new("ci", true).bot);
        assert!(!Person::new("robot", false).bot);
    }

    proptest! {
        #[test]
        fn a_link_is_plain_ascii_and_stays_as_it_is(text in "(https?://)?\\PC{0,40}") {
            if let Some(url) = WebUrl::parse(&text) {
                prop_assert!(url.as_str().bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(url.as_str().starts_with("http"));
                prop_assert_eq!(WebUrl::parse(url.as_str()), Some(url));
            }
        }
    }
}
