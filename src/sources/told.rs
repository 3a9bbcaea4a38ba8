//! Errors of a source in words: what is missing, and whose limit is spent.
//!
//! Pure. The sentences stand here because they depend on what is told.

use std::time::Duration;

use super::http::{OWN_FILE, span};
use super::{Share, SourceError, TRIED_AGAIN};

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

/// How the cause begins where a host did answer, with an error of its own.
pub(super) const ANSWERED: &str = "it answered ";

/// How the cause begins where somebody was asked and did not answer in time.
pub(super) const LATE: &str = "no answer within ";

/// Returns whether somebody answered: then it is no matter of the address or of the network.
pub(super) fn is_answered(cause: &str) -> bool {
    cause.starts_with(ANSWERED)
}

/// Returns whether it is the file of `ca_file` that is wrong.
pub(super) fn is_own_certificate(cause: &str) -> bool {
    cause.starts_with(OWN_FILE)
}

/// Returns that nobody answers there, or with which error somebody does.
pub(super) fn away(host: &str, cause: &str) -> String {
    match cause.strip_prefix(ANSWERED) {
        Some(status) => format!("{host} answers {status}"),
        None => format!("{host} cannot be reached: {cause}"),
    }
}

/// Returns what to do where no answer came that is of use.
pub(super) fn about_silence(cause: &str) -> String {
    if is_own_certificate(cause) {
        "let `ca_file` name a file that holds certificates in PEM form".to_owned()
    } else if is_answered(cause) {
        format!("{}; {TRIED_AGAIN}", about_fault(cause))
    } else if cause.starts_with(LATE) {
        format!("`timeout` of the source lets it take longer; {TRIED_AGAIN}")
    } else {
        TRIED_AGAIN.to_owned()
    }
}

/// Returns whose fault an error of the server's own is, and where it is told.
fn about_fault(cause: &str) -> &'static str {
    let status = cause.strip_prefix(ANSWERED).unwrap_or_default();
    let is = |all: &[&str]| all.iter().any(|code| status.starts_with(code));
    if status.contains(" checks ") {
        "`cycleboard doctor` tells of each check what came of it"
    } else if is(&["502", "504"]) {
        "a proxy before the server got no answer from it: does the server run?"
    } else if is(&["503"]) {
        "the server, or a proxy before it, is overloaded, starting or under maintenance: its own \
         page or log tells"
    } else if is(&["408", "425"]) {
        "the server waited in vain for the request: is the network slow, or a proxy between?"
    } else {
        "it is the fault of the server: its own page or log tells which"
    }
}

impl SourceError {
    /// Returns what a person can do about it, also where only guessed: a refusal without a reason.
    pub fn advice(&self) -> Option<String> {
        let guess = || match self {
            Self::Forbidden { what, .. } => about_refusal(what).map(str::to_owned),
            Self::Auth { .. }
            | Self::NoToken { .. }
            | Self::RateLimited { .. }
            | Self::NotFound { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Refused { .. } => None,
        };
        self.hint().or_else(guess)
    }
}

/// Returns what to do where something may not be read and nobody says by which permission it may;
/// nothing where that is said.
fn about_refusal(what: &str) -> Option<&'static str> {
    let is_said = what.contains("single sign-on") || what.contains("(451");
    (!is_said).then_some(
        "check what the token may read; a proxy or firewall before the host may refuse as well",
    )
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
    if says(": `records`: ") {
        return Some(
            "let `records` of the map point at the list: `/items`, or nothing where the answer is \
             itself the list",
        );
    }
    if says(": `next` ") {
        return Some("let `next` of the map point at the address of the next page there");
    }
    if says("stopped half way") || says("cut off") {
        return Some("does a proxy on the way cut long answers?");
    }
    if says("`url` is") && !says("web page") {
        return None;
    }
    Some("is there a login page or a proxy between you and the host?")
}

#[cfg(test)]
mod tests {
    use super::{ANSWERED, about_answer, absent, limited};
    use crate::sources::{Share, SourceError};
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
        check_answer("/x: the answer stopped half way", Some("cut long answers"));
        check_answer("/x is not there; `url` is where it begins", None);
        let fields = "/x: none of its records fits: no time in `/c`";
        check_answer(fields, Some("`fields`"));
        let records = "/x: `records`: there is no `/rows`; it has `items`";
        check_answer(records, Some("`records` of the map"));
        let other = "/x: `records`: `/items` is no list: it is a text";
        check_answer(other, Some("`records` of the map"));
        check_answer("/x: `next` leads to another host", Some("`next`"));
    }

    #[track_caller]
    fn check_away(cause: &str, said: &str, hint: &str) {
        let error = SourceError::Unreachable {
            host: "h".to_owned(),
            cause: cause.to_owned(),
        };
        let found = error.hint().unwrap_or_default();
        assert_eq!(error.to_string(), said);
        assert!(found.contains(hint), "{cause}: {found}");
        assert!(
            found.ends_with("it is tried again by itself"),
            "{cause}: {found}"
        );
    }

    #[test]
    fn who_answers_with_an_error_is_reached() {
        let no = "h cannot be reached: connection refused";
        check_away("connection refused", no, "cards stay");
        for (cause, said, hint) in [
            (
                "500 (internal server error)",
                "h answers 500 (internal server error)",
                "fault of the server",
            ),
            (
                "502 (bad gateway)",
                "h answers 502 (bad gateway)",
                "a proxy before the server",
            ),
            (
                "503 (service unavailable)",
                "h answers 503 (service unavailable)",
                "overloaded",
            ),
            (
                "504 (gateway timeout)",
                "h answers 504 (gateway timeout)",
                "does the server run?",
            ),
            ("599", "h answers 599", "fault of the server"),
        ] {
            check_away(&format!("{ANSWERED}{cause}"), said, hint);
        }
    }

    #[test]
    fn a_refusal_without_a_reason_has_a_way_out() {
        let error = |what: &str| SourceError::Forbidden {
            host: "h".to_owned(),
            what: what.to_owned(),
            permission: None,
        };
        let hint = |what: &str| error(what).advice().unwrap_or_default();
        assert!(hint("/x").contains("what the token may read"));
        assert_eq!(hint("/x (451, unavailable for legal reasons)"), "");
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
