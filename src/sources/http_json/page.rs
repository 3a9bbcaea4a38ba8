//! The pages of one endpoint: by a pointer in the answer, or by its `Link` header.
//!
//! Bounded in pages and in records. A list is complete only where its last page was
//! read; a later page that fails leaves what was read before.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::intake::Intake;
use super::map::Reader;
use super::{HttpJson, PAGES, record};
use crate::config::JsonMap;
use crate::domain::Timestamp;
use crate::sources::http::{Answer, Failure, Looks, Next, Origin, goes_on_elsewhere, their_now};
use crate::sources::port::Ask;
use crate::sources::{Fetch, SourceError};

/// One page.
struct Page {
    records: Vec<Value>,
    /// The next one.
    after: Next,
    /// The current time there.
    now: Timestamp,
}

impl HttpJson {
    /// Reads an endpoint page by page; the first must succeed.
    ///
    /// Returns why that is not all there are, where it is not.
    pub(super) async fn pages(
        &self,
        map: &JsonMap,
        fetch: &Fetch,
        intake: &mut Intake<'_>,
    ) -> Result<Option<String>, SourceError> {
        let mut seen = BTreeSet::new();
        let mut url = self.address(map);
        loop {
            if !seen.insert(url.as_str().to_owned()) {
                return Ok(Some("its pages lead in a circle".to_owned()));
            }
            let pages = seen.len() - 1;
            if pages >= PAGES || intake.is_full() {
                return Ok(Some(format!(
                    "there is more after {pages} pages; larger ones, or a `path` that asks for \
                     less, would hold it"
                )));
            }
            let Page {
                records,
                after,
                now,
            } = match self.page(map, &url, fetch).await {
                Ok(page) => page,
                Err(error) if pages == 0 => return Err(error),
                Err(error) => return Ok(Some(error.to_string())),
            };
            let reader = Reader {
                map,
                source: self.port.name(),
                place: &self.place,
                now,
            };
            intake.take(records, &reader);
            match after {
                Next::Last => return Ok(None),
                Next::At(next) => url = next,
                Next::Elsewhere => {
                    let failure = goes_on_elsewhere(self.port.host(), &url);
                    return Ok(Some(SourceError::from(failure).to_string()));
                }
            }
        }
    }

    /// Returns the address of the first page.
    fn address(&self, map: &JsonMap) -> Url {
        let mut url = self.port.url(&[], &[]);
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{}", map.route));
        if !map.query.is_empty() {
            url.set_query(Some(&map.query));
        }
        url
    }

    /// Reads one page: its records, the next page, and the time there.
    async fn page(&self, map: &JsonMap, url: &Url, fetch: &Fetch) -> Result<Page, SourceError> {
        let asked = self.port.get::<Value>(url.clone(), Ask::of(fetch)).await;
        let (mut body, answer): (Value, Answer) = asked.map_err(|failure| placed(map, failure))?;
        let now = their_now(&answer.headers, fetch.now);
        let after = self.next(map, &body, url)?.map_or(answer.next, Next::At);
        let Some(place) = body.pointer_mut(&map.records) else {
            let there = record::keys(&body, &map.records);
            let at = &map.records;
            let cause = format!("{}: `records`: there is no `{at}`; {there}", url.path());
            return Err(self.port.failed(&cause));
        };
        let found = place.take();
        // Some servers write no list where it would be empty.
        let is_none = found.is_null() && !map.records.is_empty();
        let records = if let Value::Array(records) = found {
            records
        } else if is_none {
            Vec::new()
        } else {
            let there = record::keys(&found, "");
            let at = match map.records.as_str() {
                "" => "the answer".to_owned(),
                at => format!("`{at}`"),
            };
            let cause = format!("{}: `records`: {at} is no list: {there}", url.path());
            return Err(self.port.failed(&cause));
        };
        Ok(Page {
            records,
            after,
            now,
        })
    }

    /// Returns the next page that the answer names, within the origin of this one.
    fn next(&self, map: &JsonMap, body: &Value, url: &Url) -> Result<Option<Url>, SourceError> {
        let told = map.next.as_ref();
        let Some(told) = told.and_then(|at| record::text(body, at)) else {
            return Ok(None);
        };
        let next = url.join(&told).ok();
        let home = Origin::of(url);
        let is_home = |next: &Url| home.as_ref().is_some_and(|home| home.covers(next));
        if let Some(next) = next.filter(is_home) {
            return Ok(Some(next));
        }
        let cause = format!("{}: `next` leads to another host", url.path());
        Err(self.port.failed(&cause))
    }
}

/// Says which route was asked where the address seems to lead elsewhere.
fn placed(map: &JsonMap, failure: Failure) -> SourceError {
    let is_elsewhere = failure.looks == Looks::Elsewhere || failure.status == Some(404);
    let mut error = failure.error;
    if let SourceError::Unreadable { cause, .. } = &mut error
        && is_elsewhere
    {
        let (what, advice) = cause.split_once("; `url` is where").unwrap_or((cause, ""));
        let now = advice.split_once("; it is ").map_or("", |(_, now)| now);
        *cause = format!(
            "{what}; `url` is where the routes begin, e.g. `https://tool.example.org/api`, and \
             `path` of the map the route below it; they are {} and `{}` now",
            now.trim_end_matches(" now"),
            map.path()
        );
    }
    error
}
