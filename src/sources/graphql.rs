//! Errors of GraphQL in our words: what one means first, what the server said after it.
//!
//! Pure; what systems with GraphQL have in common. A server names fields and types, which tells
//! people nothing.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::text::Clean;

/// How much of what a server said is told.
const LONGEST: usize = 120;

/// Words of servers, and what they mean; of several the first counts.
const MEANINGS: [(&[&str], &str); 5] = [
    (
        &[
            "doesn't exist on type",
            "cannot query",
            "doesn't accept argument",
            "isn't a defined",
            "is not defined",
            "undefined field",
        ],
        "its version or edition does not know the question, a newer one may",
    ),
    (
        &["saml", "single sign"],
        "the token has to be allowed for single sign-on",
    ),
    (
        &[
            "not accessible",
            "required scopes",
            "permission",
            "not authorized",
            "unauthorized",
            "not allowed",
            "forbidden",
        ],
        "this token may not ask that, one with more rights may",
    ),
    (
        &["complexity", "too large", "node limit", "resource limits"],
        "the question is too large for it",
    ),
    (
        &["timeout", "timed out", "something went wrong", "internal"],
        "it failed over the question; it is asked again by itself",
    ),
];

/// Returns what an error means, and after that what the server said, cut where it is long.
pub(super) fn told(said: &Clean) -> String {
    let lower = said.to_lowercase();
    let mut meanings = MEANINGS.iter();
    let meaning = meanings.find(|(words, _)| words.iter().any(|word| lower.contains(word)));
    let meaning = meaning.map_or("it gives no data for the question", |(_, meaning)| meaning);
    if said.trim().is_empty() {
        return format!("{meaning}; it names no reason");
    }
    format!("{meaning}; it says: {}", cut(said))
}

/// Returns what is not there, by the name that the server puts in quotes.
pub(super) fn missing(said: &Clean) -> String {
    let name = said.split(['\'', '"', '`']).nth(1);
    match name.filter(|name| !name.trim().is_empty()) {
        Some(name) => format!("`{}`", cut(name.trim())),
        None => "what was asked for".to_owned(),
    }
}

fn cut(said: &str) -> String {
    let mut graphemes = said.graphemes(true);
    let short: String = graphemes.by_ref().take(LONGEST).collect();
    if graphemes.next().is_none() {
        return short;
    }
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, missing, told};
    use crate::domain::text::Clean;

    #[track_caller]
    fn check(said: &str, expected: &str) {
        let found = told(&Clean::line(said));
        assert!(found.starts_with(expected), "{found}");
        assert!(found.ends_with(said) || said.is_empty(), "{found}");
    }

    #[test]
    fn what_an_error_means_comes_before_what_the_server_says() {
        let old = "its version or edition does not know the question";
        check("Field 'x' doesn't exist on type 'Project'", old);
        check("Cannot query field \"x\" on type \"Project\"", old);
        check("Field 'x' doesn't accept argument 'y'", old);
        let rights = "this token may not ask that";
        check("Resource not accessible by personal access token", rights);
        check(
            "The resource that you are attempting to access does not exist or you don't have permission to perform this action",
            rights,
        );
        check(
            "Resource protected by organization SAML enforcement.",
            "the token has to be allowed for single sign-on",
        );
        check("Query has complexity of 310", "the question is too large");
        check(
            "Timeout on validation of query",
            "it failed over the question",
        );
        check("no data", "it gives no data for the question");
        check("", "it gives no data for the question; it names no reason");
    }

    #[test]
    fn what_is_not_there_is_called_by_its_name() {
        let named = |said: &str| missing(&Clean::line(said));
        let said = "Could not resolve to a Repository with the name 'acme/none'.";
        assert_eq!(named(said), "`acme/none`");
        assert_eq!(named("Could not resolve"), "what was asked for");
        assert_eq!(named("Could not resolve ''"), "what was asked for");
    }

    #[test]
    fn what_a_server_says_is_cut_where_it_is_long() {
        let found = told(&Clean::line(&"é ".repeat(LONGEST)));
        assert!(found.ends_with('…'), "{found}");
        assert!(found.chars().count() < LONGEST + 60, "{found}");
    }
}
