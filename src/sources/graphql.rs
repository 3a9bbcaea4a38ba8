//! Errors of GraphQL in our words: what one means first, what the server said after it.
//!
//! What systems with GraphQL have in common. A server names fields and types, which tells people
//! nothing: what it says of a field that it does not know goes to the log alone.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::text::Clean;

/// How much of what a server said is told.
const LONGEST: usize = 120;

/// What it means that a server does not know a field: the sentence is ours alone.
const UNKNOWN: &str = "its version or edition does not know the question, a newer one may";

/// Words of servers, and what they mean; of several the first counts.
const MEANINGS: [(&[&str], &str); 5] = [
    (
        // What a parser says of its schema tells people nothing: see `told`.
        &[
            "doesn't exist on type",
            "cannot query",
            "doesn't accept argument",
            "does not have a field",
            "isn't a defined",
            "is not defined",
            "undefined field",
        ],
        UNKNOWN,
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
    if meaning == UNKNOWN {
        // Fields and types of its schema are for the log.
        tracing::debug!(%said, "graphql");
        return UNKNOWN.to_owned();
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
    use super::{LONGEST, UNKNOWN, missing, told};
    use crate::domain::text::Clean;

    #[track_caller]
    fn check(said: &str, expected: &str) {
        let found = told(&Clean::line(said));
        assert!(found.starts_with(expected), "{found}");
        if expected == UNKNOWN {
            return assert_eq!(found, UNKNOWN);
        }
        assert!(found.ends_with(said) || said.is_empty(), "{found}");
    }

    #[test]
    fn what_an_error_means_comes_before_what_the_server_says() {
        let old = UNKNOWN;
        let twice = "interface, union and object types must have a subselection set; type `Project` does not have a field `vulnerabilities`";
        check(twice, old);
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
