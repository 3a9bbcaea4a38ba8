//! Texts of records to what the domain knows: lines, links, commits.
//!
//! What every map of a forge does the same way. Who a person is, and what a word
//! means, is told by each system in its own way.

use crate::domain::key::{Sha, WebUrl};
use crate::domain::text::Clean;

/// How many commits one message may revert.
const MOST_REVERTED: usize = 10;

/// Returns a commit id, if there is one that is one.
pub(super) fn sha(text: Option<&str>) -> Option<Sha> {
    text.and_then(Sha::parse)
}

/// Returns a link, if there is one that may be opened.
pub(super) fn link(text: Option<&str>) -> Option<WebUrl> {
    text.and_then(WebUrl::parse)
}

/// Returns one clean line, empty where there is no text.
pub(super) fn line(text: Option<&str>) -> Clean {
    Clean::line(text.unwrap_or_default())
}

/// Returns the first line of a text that says something.
pub(super) fn first_line(text: &str) -> Clean {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    Clean::line(line.unwrap_or_default())
}

/// Returns the commits that a message says it reverts.
pub(super) fn reverts(message: &str) -> Vec<Sha> {
    let parts = message.split("This reverts commit ").skip(1);
    let id = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_hexdigit());
        rest.get(..end.unwrap_or(rest.len())).and_then(Sha::parse)
    };
    parts.take(MOST_REVERTED).filter_map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::{first_line, line, link, reverts, sha};

    #[test]
    fn what_says_nothing_is_nothing() {
        assert_eq!((sha(None), sha(Some("HEAD"))), (None, None));
        assert!(link(None).is_none() && link(Some("javascript:alert(1)")).is_none());
        assert!(line(None).is_empty() && first_line("\n \n").is_empty());
    }

    #[test]
    fn the_first_line_is_the_first_that_says_something() {
        assert_eq!(
            first_line("\n  Add a cache \n\nIt is fast.").as_str(),
            "Add a cache"
        );
    }

    #[test]
    fn commits_that_are_reverted_are_found_by_their_ids() {
        let text = "Revert x\n\nThis reverts commit abcdef1234, and\nThis reverts commit zz.";
        let found = reverts(text);
        let found: Vec<&str> = found.iter().map(crate::domain::key::Sha::as_str).collect();
        assert_eq!(found, ["abcdef1234"]);
        assert_eq!(
            reverts(&"This reverts commit abcdef1. ".repeat(50)).len(),
            10
        );
    }
}
