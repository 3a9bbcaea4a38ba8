//! Errors of a source in words: what is missing, and whose limit is spent.
//!
//! Pure. The sentences stand here because they depend on what is told.

use std::time::Duration;

use super::Share;
use super::http::span;

/// Returns why no request leaves: the limit of the host, or our own share of it.
pub(super) fn limited(host: &str, wait: Duration, share: Option<Share>) -> String {
    let wait = span(wait);
    match share {
        None => format!("{host} allows no more requests for {wait}"),
        Some(Share {
            left,
            limit,
            past: true,
        }) => format!(
            "where changes were released is asked again in {wait}: the {left} of {limit} requests \
             to {host} that are left are for what happens now and for your other tools"
        ),
        Some(Share { left, limit, .. }) => format!(
            "our share of the requests to {host} is spent: the {left} of {limit} that are left \
             are for your other tools; polling goes on in {wait}"
        ),
    }
}

/// Returns that something is not there, in the singular or in the plural.
pub(super) fn absent(host: &str, what: &str) -> String {
    if is_plural(what) {
        format!("{what} do not exist on {host}, or this token may not see them")
    } else {
        format!("{what} does not exist on {host}, or this token may not see it")
    }
}

/// Returns whether the words speak of several things: `the runs of …`.
fn is_plural(what: &str) -> bool {
    what.strip_prefix("the ")
        .and_then(|rest| rest.split_once(" of "))
        .is_some_and(|(things, _)| things.ends_with('s'))
}

/// Returns what to do about an answer that cannot be read; nothing where the cause says that itself.
pub(super) fn about_answer(cause: &str) -> Option<&'static str> {
    let says = |words: &str| cause.contains(words);
    if says("none of its records") {
        return Some("compare its `fields` with one record of the answer");
    }
    if says("`url` is") && !says("web page") {
        return None;
    }
    Some("is there a login page or a proxy between you and the host?")
}

#[cfg(test)]
mod tests {
    use super::{about_answer, absent, limited};
    use crate::sources::Share;
    use std::time::Duration;

    #[track_caller]
    fn check(what: &str, expected: &str) {
        assert!(absent("h", what).starts_with(expected), "{what}");
    }

    #[test]
    fn several_things_do_not_exist_and_one_does_not() {
        check(
            "the repositories of `acme`",
            "the repositories of `acme` do not",
        );
        check(
            "the organisation `acme`",
            "the organisation `acme` does not",
        );
        check(
            "the list of its repositories",
            "the list of its repositories does not",
        );
        check("`acme/api`", "`acme/api` does not");
    }

    #[track_caller]
    fn check_answer(cause: &str, expected: Option<&str>) {
        let found = about_answer(cause);
        assert_eq!(found.is_some(), expected.is_some(), "{cause}");
        let words = expected.unwrap_or_default();
        assert!(found.unwrap_or_default().contains(words), "{cause}");
    }

    #[test]
    fn a_login_page_is_only_thought_of_where_one_may_be() {
        check_answer("answered with a web page (login?)", Some("a login page"));
        let both = "/x: answered with a web page (login?); `url` is where it begins";
        check_answer(both, Some("a login page"));
        check_answer("/x: not JSON at line 1", Some("a login page"));
        check_answer("/x is not there; `url` is where it begins", None);
        let fields = "/x: none of its records fits: no time in `/c`";
        check_answer(fields, Some("`fields`"));
    }

    #[test]
    fn our_own_share_is_said_to_be_ours() {
        let wait = Duration::from_mins(45);
        assert_eq!(
            limited("h", wait, None),
            "h allows no more requests for 45 min"
        );
        let share = Share {
            left: 1_991,
            limit: 5_000,
            past: false,
        };
        let told = limited("h", wait, Some(share));
        assert!(told.starts_with("our share of"), "{told}");
        assert!(told.contains("1991 of 5000"), "{told}");
        let told = limited(
            "h",
            wait,
            Some(Share {
                past: true,
                ..share
            }),
        );
        assert!(told.contains("is asked again in 45 min"), "{told}");
    }
}
