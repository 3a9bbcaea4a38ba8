//! `[[source.check]]`: what an endpoint should answer, and what its answer tells.
//!
//! The types that `kind = "http"` reads. How a table of the file becomes one is
//! said in `check_table.rs`.

use std::fmt::Write as _;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;
use url::Url;

use crate::domain::key::{RepoKey, ServiceName};
use crate::domain::text::Clean;

/// The shortest distance between two checks of one endpoint.
pub const SHORTEST_EVERY: Duration = Duration::from_secs(30);

/// One `[[source.check]]`.
#[derive(Clone, Debug)]
pub struct HttpCheck {
    /// What it is called; unique within its source.
    pub name: Clean,
    /// Where it asks; within the origin of the source.
    pub url: Url,
    /// The service that it is about.
    pub service: Option<ServiceName>,
    /// The repository that the service is built from.
    pub repo: Option<RepoKey>,
    /// The environment that it looks at.
    pub environment: Clean,
    /// Which status is well.
    pub status: Statuses,
    /// What the body must match.
    pub body: Option<Regex>,
    /// What must stand where in the body.
    pub value: Option<Expected>,
    /// What takes longer is told.
    pub latency: Option<Duration>,
    /// So many days before its certificate ends it is told.
    pub certificate: Option<u32>,
    /// Where the answer names the version that runs there.
    pub version: Option<Place>,
    /// So many failures in a row are one.
    pub failures: u32,
    /// How often it is asked.
    pub every: Duration,
}

impl HttpCheck {
    /// Returns what decides of what its facts are, as one text: another one has other facts.
    pub fn identity(&self) -> String {
        let repo = self.repo.as_ref().map_or("", RepoKey::as_str);
        let service = self.service.as_ref().map_or("", ServiceName::as_str);
        let (name, url, environment) = (&self.name, &self.url, &self.environment);
        let version = &self.version;
        format!("{name}\n{url}\n{repo}\n{service}\n{environment}\n{version:?}")
    }
}

/// Which status is well: ranges, both ends included.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statuses(Vec<(u16, u16)>);

impl Default for Statuses {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl Statuses {
    /// Returns those that the words name: `204`, `2xx`, `200-299`; or the first that names none.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let ranges = words
            .iter()
            .map(|word| range(word.trim()).ok_or_else(|| word.clone()));
        ranges.collect::<Result<Vec<_>, String>>().map(Self)
    }

    /// Returns whether a status is well.
    pub fn has(&self, status: u16) -> bool {
        let mut ranges = self.0.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&status))
    }

    /// Returns whether a redirect itself is what is wanted.
    pub fn want_redirect(&self) -> bool {
        (300..400).any(|status| self.has(status))
    }

    /// Returns them in words: `200-299 or 404`.
    pub fn told(&self) -> String {
        let mut text = String::new();
        for (first, last) in &self.0 {
            if !text.is_empty() {
                text.push_str(" or ");
            }
            // Writing to a string cannot fail.
            let _ = if first == last {
                write!(text, "{first}")
            } else {
                write!(text, "{first}-{last}")
            };
        }
        text
    }
}

fn range(word: &str) -> Option<(u16, u16)> {
    let status = |text: &str| {
        let number: u16 = text.trim().parse().ok()?;
        (100..600).contains(&number).then_some(number)
    };
    let class = word.strip_suffix("xx").or_else(|| word.strip_suffix("XX"));
    if let Some(class) = class {
        let class: u16 = class.parse().ok()?;
        return (1..6)
            .contains(&class)
            .then_some((class * 100, class * 100 + 99));
    }
    match word.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (status(first)?, status(last)?);
            (first <= last).then_some((first, last))
        }
        None => status(word).map(|one| (one, one)),
    }
}

/// What must stand where in the body.
#[derive(Clone, PartialEq, Debug)]
pub struct Expected {
    /// JSON pointer.
    pub pointer: String,
    /// What must stand there; nothing where anything may.
    pub equals: Option<Value>,
}

/// Where an answer names something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// At this JSON pointer of the body.
    Body(String),
    /// In this header, in lower case.
    Header(String),
}

#[cfg(test)]
mod tests {
    use super::Statuses;

    #[track_caller]
    fn parsed(words: &[&str]) -> Result<Statuses, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Statuses::parse(&words)
    }

    #[track_caller]
    fn check(words: &[&str], has: &[u16], has_not: &[u16]) {
        let statuses = parsed(words).unwrap();
        for status in has {
            assert!(statuses.has(*status), "{words:?} {status}");
        }
        for status in has_not {
            assert!(!statuses.has(*status), "{words:?} {status}");
        }
    }

    #[test]
    fn a_status_is_named_alone_by_class_or_as_a_range() {
        check(&["204"], &[204], &[200, 203, 205]);
        check(&["2xx"], &[200, 204, 299], &[199, 300]);
        check(&["2XX", "404"], &[226, 404], &[403]);
        check(&["200-204"], &[200, 204], &[205]);
        assert_eq!(parsed(&["2xx", "404"]).unwrap().told(), "200-299 or 404");
        assert!(Statuses::default().has(200) && !Statuses::default().has(302));
        assert!(parsed(&["3xx"]).unwrap().want_redirect());
        assert!(!parsed(&["2xx", "404"]).unwrap().want_redirect());
    }

    #[test]
    fn what_names_no_status_is_told() {
        for word in [
            "", "ok", "99", "600", "0xx", "6xx", "2x", "300-200", "-200", "2xx3",
        ] {
            assert_eq!(parsed(&["200", word]), Err(word.to_owned()), "{word}");
        }
    }
}
