//! Asking: addresses below `/api/v1`, pages by number, and what a refusal means.
//!
//! Pages are counted, not followed: the links that these servers give begin with
//! the address that their settings name, which need not be the one that is asked.

use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use url::Url;

use super::Gitea;
use super::server::Way;
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::http::{Answer, Failure, List, Pages, their_now};
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// What a fetch was asked with.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) now: Timestamp,
    pub(super) ask: Ask,
}

impl Gitea {
    /// Returns the address of a route of the interface.
    pub(super) fn url(&self, parts: &[&str], query: &[(&str, &str)]) -> Url {
        let all: Vec<&str> = ["api", "v1"].iter().chain(parts).copied().collect();
        self.port.url(&all, query)
    }

    /// Returns the key of a repository on this host.
    pub(super) fn key(&self, path: &str) -> RepoKey {
        RepoKey::new(&self.port.place(), path)
    }

    /// Reads one thing.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        asked: Asked,
    ) -> Result<(T, Answer), Failure> {
        self.port.get(self.url(parts, query), asked.ask).await
    }

    /// Reads a list page by page, at most `cap` pages.
    ///
    /// The first page must succeed; a later one that fails leaves the list incomplete.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        (cap, asked): (usize, Asked),
        take: impl Fn(P) -> List<T>,
    ) -> Result<Pages<T>, Failure> {
        let read = self.pages_at(parts, query, (cap, asked), take).await;
        read.map(|(pages, _)| pages)
    }

    /// The same, and the time at the server when it began to answer.
    pub(super) async fn pages_at<P: DeserializeOwned, T>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        (cap, asked): (usize, Asked),
        take: impl Fn(P) -> List<T>,
    ) -> Result<(Pages<T>, Timestamp), Failure> {
        let size = self.state().page;
        let limit = size.to_string();
        let mut pages = Pages {
            list: List::default(),
            complete: false,
            trouble: None,
        };
        let mut seen = 0;
        let mut begun = asked.now;
        for page in 1..=cap {
            let number = page.to_string();
            // Some routes take no notice of `limit` unless `page` stands beside it.
            let paging = [("page", number.as_str()), ("limit", limit.as_str())];
            let query: Vec<_> = query.iter().chain(&paging).copied().collect();
            let (list, answer) = match self.one::<P>(parts, &query, asked).await {
                Ok((read, answer)) => (take(read), answer),
                Err(failure) if page == 1 => return Err(failure),
                Err(failure) => {
                    pages.trouble = Some(failure);
                    return Ok((pages, begun));
                }
            };
            if page == 1 {
                begun = their_now(&answer.headers, asked.now);
            }
            let path = self.url(parts, &[]);
            self.port.fits(path.path(), &list).map_err(Failure::of)?;
            let count = list.items.len() + list.bad_count;
            seen += count;
            pages.list.append(list);
            if is_last(&answer.headers, (seen, count, size)) {
                pages.complete = true;
                return Ok((pages, begun));
            }
            if count == 0 {
                // It says that there are more, and shows none: that is not all of them.
                return Ok((pages, begun));
            }
        }
        Ok((pages, begun))
    }

    /// Takes in that a route answered.
    pub(super) fn there(&self, way: Way) {
        self.state().ways.see(way);
    }

    /// Takes in that a route failed; returns whether the server has no such route, which is then
    /// no failed request.
    pub(super) fn lacks(&self, way: Way, failure: &Failure, now: Timestamp) -> bool {
        let lacks = self.misses(way, failure, now);
        if lacks {
            self.port.excused(failure);
        }
        lacks
    }

    /// The same, where who asks goes on to ask again of the same failure.
    ///
    /// Of a record that is missing the interface says so in JSON, of a route in plain text.
    pub(super) fn misses(&self, way: Way, failure: &Failure, now: Timestamp) -> bool {
        let is_absent = match failure.status {
            Some(405) => true,
            // Before anything answered it is the address that is wrong.
            Some(404) => failure.said.is_none() && is_missing(failure),
            _ => false,
        };
        let mut state = self.state();
        // What answered before is there: something between us and the server said that.
        let is_absent = is_absent && !state.ways.answered(way);
        if is_absent {
            state.ways.miss(way, now);
        }
        is_absent
    }

    /// Returns why something cannot be done: the server has no route for it.
    pub(super) fn without(&self, way: Way) -> CapabilityState {
        let who = self.state().words(self.kind);
        CapabilityState::Missing(Clean::line(&format!("{who} has no {}", way.what())))
    }

    /// Adds a warning where records of a list could not be read.
    pub(super) fn warn_of<T>(&self, repo: &RepoKey, what: &str, list: &List<T>, batch: &mut Batch) {
        if let Some(text) = list.unread(what) {
            batch
                .warnings
                .push(self.port.shown(&format!("{repo}: {text}")));
        }
    }

    /// The same, and where a page of it could not.
    pub(super) fn warn<T>(&self, repo: &RepoKey, what: &str, pages: &Pages<T>, batch: &mut Batch) {
        self.warn_of(repo, what, &pages.list, batch);
        if let Some(trouble) = &pages.trouble {
            batch
                .warnings
                .push(self.port.shown(&trouble.error.to_string()));
        }
    }
}

/// Returns whether a page is the last, by what the server counts or else by its length.
pub(super) fn is_last(headers: &HeaderMap, (seen, count, size): (usize, usize, usize)) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let total = text("x-total-count").and_then(|total| total.trim().parse::<usize>().ok());
    if let Some(total) = total {
        return seen >= total;
    }
    match text("link") {
        Some(links) => !links.contains("rel=\"next\""),
        None => count < size,
    }
}

/// Returns whether a record, or a route, is not there.
pub(super) fn is_missing(failure: &Failure) -> bool {
    matches!(failure.error, SourceError::NotFound { .. })
}

/// Returns whether all of a list was read.
pub(super) fn is_whole<T>(pages: &Pages<T>) -> bool {
    pages.complete && pages.list.bad_count == 0
}

/// Returns the parts of the route of a repository, and of what is below it.
pub(super) fn below<'a>(path: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let (owner, name) = path.split_once('/').unwrap_or((path, ""));
    ["repos", owner, name]
        .into_iter()
        .chain(rest.iter().copied())
        .collect()
}

/// Returns a time as the interface takes it.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::is_last;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], counts: (usize, usize), expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let (seen, count) = counts;
        assert_eq!(is_last(&map, (seen, count, 50)), expected, "{headers:?}");
    }

    #[test]
    fn the_count_of_the_server_says_which_page_is_the_last() {
        check(&[("x-total-count", "120")], (50, 50), false);
        check(&[("x-total-count", "120")], (120, 20), true);
        check(&[("x-total-count", "30")], (30, 30), true);
        // A server that cuts pages shorter than they were asked for has more.
        check(&[("x-total-count", "120")], (20, 20), false);
        check(&[("x-total-count", "120")], (100, 0), false);
    }

    #[test]
    fn without_a_count_links_tell_and_else_the_length() {
        let next = ("link", "<https://else.where/x?page=2>; rel=\"next\"");
        check(&[next], (20, 20), false);
        check(&[("link", "<https://a/x>; rel=\"first\"")], (50, 50), true);
        check(&[], (50, 50), false);
        check(&[], (73, 23), true);
        check(&[("x-total-count", "many")], (20, 20), true);
    }
}
