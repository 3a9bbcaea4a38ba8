//! Following pages: all of a list, or as far as the cap, and which of the two.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use url::Url;

use super::json::List;
use super::{Client, Failure, Next, Request};
use crate::sources::SourceError;

/// What following the pages of one list gave.
#[derive(Debug)]
pub struct Pages<T> {
    /// The records.
    pub list: List<T>,
    /// Whether that is all there are: the last page was read.
    pub complete: bool,
    /// What stopped a later page.
    pub trouble: Option<Failure>,
}

/// Reads a list page by page, at most `cap` pages.
///
/// `take` finds the records in the answer. The first page must succeed; a later
/// one that fails leaves the list incomplete. A page that names itself or an
/// earlier one as the next ends it as well.
pub async fn follow<P: DeserializeOwned, T>(
    client: &Client,
    first: Request,
    cap: usize,
    take: impl Fn(P) -> List<T>,
) -> Result<Pages<T>, Failure> {
    let mut pages = Pages {
        list: List::default(),
        complete: false,
        trouble: None,
    };
    let mut seen = BTreeSet::new();
    let mut request = first;
    while seen.len() < cap && seen.insert(request.url.as_str().to_owned()) {
        let read = match client.get_as::<P>(&request).await {
            Ok((page, answer)) => records(client, &request, take(page)).map(|list| (answer, list)),
            Err(failure) => Err(failure),
        };
        let (answer, list) = match read {
            Ok(read) => read,
            Err(failure) if seen.len() == 1 => return Err(failure),
            Err(failure) => {
                pages.trouble = Some(failure);
                return Ok(pages);
            }
        };
        pages.list.append(list);
        match answer.next {
            Next::Last => {
                pages.complete = true;
                return Ok(pages);
            }
            Next::At(url) => request.url = url,
            Next::Elsewhere => {
                pages.trouble = Some(goes_on_elsewhere(client.host(), &request.url));
                return Ok(pages);
            }
        }
    }
    Ok(pages)
}

/// Says that a list goes on at an address that is not asked.
pub fn goes_on_elsewhere(host: &str, url: &Url) -> Failure {
    Failure::of(SourceError::Unreadable {
        host: host.to_owned(),
        cause: format!(
            "{}: its next page is at another address; `url` has to be the one by which the server \
             calls itself",
            url.path()
        ),
    })
}

/// Returns the records of a page; one of which none can be read is not the list that was asked for.
fn records<T>(client: &Client, request: &Request, list: List<T>) -> Result<List<T>, Failure> {
    if list.items.is_empty() && list.bad_count > 0 {
        client.forget(&request.url);
        client.spoiled();
        let cause = list.bad.first().map_or("", String::as_str);
        let cause = format!("{}: none of its records fits: {cause}", request.url.path());
        return Err(client.unreadable(cause));
    }
    Ok(list)
}
