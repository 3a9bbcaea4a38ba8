//! The way to one GitLab: routes below `api/v4`, lists page by page, what refusals mean.
//!
//! A slash in a project's path is one segment. What GitLab may not show it says is
//! not there. It knows no facts.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use url::Url;

use super::GitLab;
use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::sources::Batch;
use crate::sources::http::{Answer, Failure, List, Next, goes_on_elsewhere, their_now};
use crate::sources::port::Ask;

/// How something is asked for, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    /// The current time.
    pub(super) now: Timestamp,
    /// How it is asked.
    pub(super) ask: Ask,
}

/// What following the pages of one list gave.
#[derive(Debug)]
pub(super) struct Listed<T> {
    /// The records.
    pub(super) list: List<T>,
    /// Whether that is all there are: the last page was read.
    pub(super) complete: bool,
    /// Whether the first page, which was the only one, is what was read before.
    pub(super) same: bool,
    /// The host's time when it began to answer.
    pub(super) asked_at: Timestamp,
    /// What stopped a later page.
    pub(super) trouble: Option<Failure>,
}

impl<T> Listed<T> {
    /// Returns whether it holds all there is, and nothing that cannot be read.
    pub(super) fn is_whole(&self) -> bool {
        self.complete && self.list.bad_count == 0
    }
}

impl GitLab {
    /// Returns the address of a route of the interface.
    pub(super) fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let parts: Vec<&str> = ["api", "v4"].iter().chain(parts).copied().collect();
        self.port.url(&parts, query)
    }

    /// Asks for one record.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        poll: Poll,
    ) -> Result<(T, Answer), Failure> {
        self.port.get(self.url(parts, query), poll.ask).await
    }

    /// Reads a list page by page, at most `cap` pages.
    ///
    /// The first page must succeed; a later one that fails leaves the list incomplete, and so
    /// does a page that names itself or an earlier one as the next.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        cap: usize,
        poll: Poll,
    ) -> Result<Listed<T>, Failure> {
        let mut url = self.url(parts, query);
        let mut listed = Listed {
            list: List::default(),
            complete: false,
            same: false,
            asked_at: poll.now,
            trouble: None,
        };
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < cap && seen.insert(url.as_str().to_owned()) {
            let read = match self.port.get::<List<T>>(url.clone(), poll.ask).await {
                Ok((list, answer)) => self.records(&url, list).map(|list| (list, answer)),
                Err(failure) => Err(failure),
            };
            let (list, answer) = match read {
                Ok(read) => read,
                Err(failure) if seen.len() == 1 => return Err(failure),
                Err(failure) => {
                    listed.trouble = Some(failure);
                    return Ok(listed);
                }
            };
            let next = answer.next.or(|| numbered(&url, &answer.headers));
            if seen.len() == 1 {
                listed.same = answer.not_modified && next == Next::Last;
                listed.asked_at = their_now(&answer.headers, poll.now);
            }
            listed.list.append(list);
            match next {
                Next::Last => {
                    listed.complete = true;
                    return Ok(listed);
                }
                Next::At(next) => url = next,
                Next::Elsewhere => {
                    listed.trouble = Some(goes_on_elsewhere(self.port.host(), &url));
                    return Ok(listed);
                }
            }
        }
        Ok(listed)
    }

    /// Reads one page of a list; returns where the next one is.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        url: Url,
        poll: Poll,
    ) -> Result<(List<T>, Option<Url>), Failure> {
        let (list, answer) = self.port.get::<List<T>>(url.clone(), poll.ask).await?;
        let list = self.records(&url, list)?;
        match answer.next.or(|| numbered(&url, &answer.headers)) {
            Next::Last => Ok((list, None)),
            Next::At(next) => Ok((list, Some(next))),
            Next::Elsewhere => Err(goes_on_elsewhere(self.port.host(), &url)),
        }
    }

    /// Returns the records of a page; one of which none can be read is not what was asked for.
    fn records<T>(&self, url: &Url, list: List<T>) -> Result<List<T>, Failure> {
        self.port.fits(url.path(), &list).map_err(Failure::of)?;
        Ok(list)
    }

    /// Tells of records that could not be read.
    pub(super) fn warn<T>(&self, what: &str, list: &List<T>, batch: &mut Batch) {
        if let Some(text) = list.unread("records") {
            batch
                .warnings
                .push(self.port.shown(&format!("{what}: {text}")));
        }
    }
}

/// Returns the next page where only its number is told.
fn numbered(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let next = headers.get("x-next-page")?.to_str().ok()?.trim();
    let next: u32 = next.parse().ok()?;
    let mut url = url.clone();
    let others = url.query_pairs().into_owned();
    let others: Vec<(String, String)> = others.filter(|(name, _)| name != "page").collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("page", &next.to_string());
    Some(url)
}

/// Returns whether a route, or what it names, is refused or not there: GitLab tells no difference.
pub(super) fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.status, Some(403 | 404 | 405 | 501))
}

/// Returns whether GitLab itself says that something is not there.
pub(super) fn is_absent(failure: &Failure) -> bool {
    failure.status == Some(404) && failure.said.is_some()
}

/// Returns why a thing cannot be had, for the list of what can be done.
pub(super) fn refused(failure: &Failure, wanted: &str) -> Clean {
    Clean::line(&match failure.status {
        Some(403) => format!("the token may not; it needs {wanted}"),
        _ => format!("this server does not have it, or the token may not: it needs {wanted}"),
    })
}

/// Returns a moment as the interface takes it.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::{moment, numbered};
    use reqwest::header::{HeaderMap, HeaderValue};
    use url::Url;

    #[track_caller]
    fn check(next: &'static str, expected: Option<&str>) {
        let url = Url::parse("https://h.test/x?per_page=100&page=1").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-next-page", HeaderValue::from_static(next));
        let found = numbered(&url, &headers).map(|url| url.query().unwrap().to_owned());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn the_next_page_may_be_told_by_its_number() {
        check("2", Some("per_page=100&page=2"));
        check("", None);
        check("x", None);
    }

    #[test]
    fn moments_are_written_in_full() {
        let at = chrono::DateTime::from_timestamp(1_800_000_000, 5_000_000).unwrap();
        assert_eq!(moment(at), "2027-01-15T08:00:00.005Z");
    }
}
