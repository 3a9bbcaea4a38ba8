//! Which tickets a change request names: in words, by address, and in its branch.
//!
//! Pure text reading, one for all forges; what a forge reads in other words is a
//! [`Dialect`]. Links that the forge itself records come from elsewhere and outrank
//! these. Similar words never make a link.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::change_request::{LinkBasis, TicketLink};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

/// How much of a body is read.
const READ: usize = 8 * 1024;

/// How many tickets a change request may name.
const MOST: usize = 20;

/// A pattern, compiled when it is first used.
pub(super) type Pattern = LazyLock<Option<Regex>>;

/// What a forge reads in words of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    /// Words that close a ticket: the place, if another one is named, and the number.
    pub(super) closing: &'static Pattern,
    /// The address of a ticket: its path on the host, and the number.
    pub(super) address: Option<&'static Pattern>,
}

/// What GitHub reads, and what was made after it.
pub(super) const USUAL: Dialect = Dialect {
    closing: &CLOSING,
    address: None,
};

/// The texts of a change request in which tickets are named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts<'a> {
    /// Its own number, which is never a ticket; 0 where tickets have numbers of their own.
    pub(super) number: u64,
    /// Its title.
    pub(super) title: &'a str,
    /// Its description.
    pub(super) body: &'a str,
    /// Its branch.
    pub(super) branch: &'a str,
}

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: Pattern = LazyLock::new(|| Regex::new($pattern).ok());
    };
}

pattern!(
    CLOSING,
    r"(?i)(?-u:\b)(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?(?-u:\s)+(?:((?-u:[\w.-])+/(?-u:[\w.-])+))?#([0-9]{1,10})(?-u:\b)"
);
pattern!(NUMBER, r"(?:^|(?-u:[\s(\[:,]))#([0-9]{1,10})(?-u:\b)");
pattern!(TRACKER, r"(?-u:\b)[A-Z][A-Z0-9]{1,9}-[0-9]{1,10}(?-u:\b)");
pattern!(BRANCH, r"^(?:(?-u:\w)+/)?#?([0-9]{1,10})[-_]");

/// Returns the tickets that a description closes, where the forge itself cannot be asked.
///
/// GitHub's keywords are close, closes, closed, fix, fixes, fixed, resolve, resolves and resolved,
/// in any case, with or without a colon, before `#12` or `owner/name#12`, for a pull request into
/// the default branch (docs.github.com, "Linking a pull request to an issue using a keyword"). A
/// title closes nothing, nor does a link made by hand, which only GraphQL tells.
pub(super) fn closed_by(repo: &RepoKey, number: u64, body: &str) -> Vec<TicketKey> {
    let mut found = Found::default();
    closing(&mut found, &CLOSING, (repo, number), &read(body));
    found.links.into_iter().map(|link| link.ticket).collect()
}

/// Returns whether a branch begins with the number of a ticket.
pub(super) fn is_of_ticket(branch: &str) -> bool {
    captures(&BRANCH, branch).next().is_some()
}

/// Returns what is read of a description.
pub(super) fn read(body: &str) -> String {
    body.chars().take(READ).collect()
}

fn closing(found: &mut Found, pattern: &'static Pattern, of: (&RepoKey, u64), text: &str) {
    let (repo, own) = of;
    for words in captures(pattern, text) {
        let path = words.get(1).map(|path| path.as_str());
        let place = path.map_or_else(|| repo.clone(), |path| RepoKey::new(repo.place(), path));
        let number = words.get(2).and_then(|number| number.as_str().parse().ok());
        let own = if place == *repo { own } else { 0 };
        found.number(place, number, own, LinkBasis::Mention);
    }
}

/// Takes in tickets of the repository itself that a text gives the address of.
fn addressed(found: &mut Found, pattern: &'static Pattern, of: (&RepoKey, u64), text: &str) {
    let (repo, own) = of;
    for words in captures(pattern, text) {
        // The base path of a server is no part of a repository's name.
        let path = words.get(1).map_or("", |path| path.as_str());
        let path = path.strip_suffix("/-").unwrap_or(path);
        let (path, ours) = (path.to_ascii_lowercase(), repo.path().to_ascii_lowercase());
        let before = path.strip_suffix(&ours);
        if before.is_some_and(|before| before.is_empty() || before.ends_with('/')) {
            let number = words.get(2).and_then(|number| number.as_str().parse().ok());
            found.number(repo.clone(), number, own, LinkBasis::Mention);
        }
    }
}

/// Returns the tickets, `known` ones first; each ticket once, with its strongest basis.
pub(super) fn find(
    dialect: Dialect,
    repo: &RepoKey,
    texts: Texts<'_>,
    known: Vec<TicketKey>,
) -> Vec<TicketLink> {
    let mut found = Found::default();
    for ticket in known {
        found.add(ticket, LinkBasis::Closing);
    }
    let (body, of) = (read(texts.body), (repo, texts.number));
    for text in [texts.title, &body] {
        closing(&mut found, dialect.closing, of, text);
    }
    if let Some(pattern) = dialect.address {
        addressed(&mut found, pattern, of, &body);
    }
    for words in captures(&NUMBER, texts.title) {
        let number = words.get(1).and_then(|number| number.as_str().parse().ok());
        found.number(repo.clone(), number, texts.number, LinkBasis::Mention);
    }
    for text in [texts.branch, texts.title, &body] {
        for words in captures(&TRACKER, text) {
            if let Some(key) = words.get(0) {
                let key = TicketKey::Tracker(Clean::line(key.as_str()));
                found.add(key, LinkBasis::Mention);
            }
        }
    }
    for words in captures(&BRANCH, texts.branch) {
        let number = words.get(1).and_then(|number| number.as_str().parse().ok());
        found.number(repo.clone(), number, texts.number, LinkBasis::Branch);
    }
    found.links
}

fn captures<'a>(
    pattern: &'static Pattern,
    text: &'a str,
) -> impl Iterator<Item = regex::Captures<'a>> {
    pattern
        .as_ref()
        .into_iter()
        .flat_map(move |pattern| pattern.captures_iter(text))
}

#[derive(Default)]
struct Found {
    links: Vec<TicketLink>,
    seen: BTreeSet<TicketKey>,
}

impl Found {
    fn number(&mut self, repo: RepoKey, number: Option<u64>, own: u64, basis: LinkBasis) {
        if let Some(number) = number.filter(|number| *number != own && *number > 0) {
            self.add(TicketKey::Numbered { repo, number }, basis);
        }
    }

    fn add(&mut self, ticket: TicketKey, basis: LinkBasis) {
        if self.links.len() < MOST && self.seen.insert(ticket.clone()) {
            self.links.push(TicketLink { ticket, basis });
        }
    }
}

/// Returns links as tests compare them: what the ticket is called, and how sure the link is.
#[cfg(test)]
pub(super) fn named(links: &[TicketLink]) -> Vec<(String, u8)> {
    let links = links.iter();
    links
        .map(|link| (name(&link.ticket), link.basis.percent()))
        .collect()
}

#[cfg(test)]
fn name(key: &TicketKey) -> String {
    match key {
        TicketKey::Numbered { repo, number } => format!("{repo}#{number}"),
        TicketKey::Tracker(key) => key.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Texts, USUAL, closed_by, find, name, named};
    use crate::domain::change_request::LinkBasis;
    use crate::domain::key::RepoKey;
    use crate::domain::ticket::TicketKey;

    #[track_caller]
    fn check(title: &str, body: &str, branch: &str, expected: &[(&str, u8)]) {
        let repo = RepoKey::new("github.com", "acme/api");
        let texts = Texts {
            number: 34,
            title,
            body,
            branch,
        };
        let found = named(&find(USUAL, &repo, texts, Vec::new()));
        let found: Vec<_> = found.iter().map(|(key, sure)| (&**key, *sure)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn closing_words_and_numbers_in_the_title_are_mentions() {
        check("Fixes #12", "", "", &[("acme/api#12", 80)]);
        check("Speed up (#12)", "", "", &[("acme/api#12", 80)]);
        check("x", "This resolves: acme/web#7.", "", &[("acme/web#7", 80)]);
        check(
            "x",
            "CLOSED #1, fix #2",
            "",
            &[("acme/api#1", 80), ("acme/api#2", 80)],
        );
    }

    #[test]
    fn other_numbers_join_nothing() {
        check("Follow-up", "see #12 and page #3", "", &[]);
        check("Fixes #34", "", "34-self", &[]);
        check("Colour #123456abc", "", "", &[]);
        check("prefix#12", "prefixes #12", "", &[]);
        check("x", "fixes #99999999999999999999", "", &[]);
        check("x", "fixes #0", "release-2024", &[]);
    }

    #[test]
    fn a_branch_names_its_ticket_weakly() {
        check("x", "", "12-login", &[("acme/api#12", 60)]);
        check("x", "", "feature/12_login", &[("acme/api#12", 60)]);
        check("x", "", "fix/#12-login", &[("acme/api#12", 60)]);
        check("Fixes #12", "", "12-login", &[("acme/api#12", 80)]);
        check("x", "", "v2-login", &[]);
    }

    #[test]
    fn keys_of_trackers_are_found_anywhere() {
        check(
            "PROJ-1: speed",
            "and AB2-77",
            "PROJ-1-speed",
            &[("PROJ-1", 80), ("AB2-77", 80)],
        );
        check("proj-1 X-1 A-", "", "", &[]);
    }

    #[track_caller]
    fn check_closed(body: &str, expected: &[&str]) {
        let repo = RepoKey::new("github.com", "acme/api");
        let found: Vec<String> = closed_by(&repo, 34, body).iter().map(name).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn every_keyword_of_the_forge_closes_and_no_other_word() {
        for word in [
            "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
        ] {
            check_closed(&format!("{word} #12"), &["acme/api#12"]);
            check_closed(
                &format!("It {}: #12.", word.to_uppercase()),
                &["acme/api#12"],
            );
        }
        check_closed(
            "Fixes #1, closes acme/web#34\nresolves #1",
            &["acme/api#1", "acme/web#34"],
        );
        check_closed("fixing #1, closing #2, refs #3, fixes 4, close-#5", &[]);
        check_closed("Fixes #34", &[]);
    }

    #[test]
    fn what_the_forge_records_is_strongest() {
        let repo = RepoKey::new("github.com", "acme/api");
        let known = TicketKey::Numbered {
            repo: repo.clone(),
            number: 12,
        };
        let texts = Texts {
            number: 34,
            title: "Fixes #12",
            body: "",
            branch: "12-x",
        };
        let links = find(USUAL, &repo, texts, vec![known]);
        assert_eq!(links.len(), 1);
        assert_eq!(links[0].basis, LinkBasis::Closing);
    }
}
