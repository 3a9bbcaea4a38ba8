//! Which tickets a merge request names: in words, by address, and in its branch.
//!
//! Pure text reading. What GitLab itself says that it closes comes from elsewhere
//! and outranks these. Similar words never make a link.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::domain::change_request::{LinkBasis, TicketLink};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

/// How much of a description is read.
const READ: usize = 8 * 1024;

/// How many tickets a merge request may name.
const MOST: usize = 20;

/// The texts of a merge request in which tickets are named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    /// Its title.
    pub(crate) title: &'a str,
    /// Its description.
    pub(crate) body: &'a str,
    /// Its branch.
    pub(crate) branch: &'a str,
}

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
    };
}

// The words that close are those of GitLab's default pattern.
pattern!(
    CLOSING,
    r"(?i)(?-u:\b)(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?(?-u:\s)+(?:issues?(?-u:\s)+)?(?:((?-u:[\w.-])+(?:/(?-u:[\w.-])+)+))?#([0-9]{1,10})(?-u:\b)"
);
pattern!(
    ADDRESS,
    r"https?://[^\s/]+/((?-u:[\w.-])+(?:/(?-u:[\w.-])+)+)/(?:-/)?(?:issues|work_items)/([0-9]{1,10})(?-u:\b)"
);
pattern!(NUMBER, r"(?:^|(?-u:[\s(\[:,]))#([0-9]{1,10})(?-u:\b)");
pattern!(TRACKER, r"(?-u:\b)[A-Z][A-Z0-9]{1,9}-[0-9]{1,10}(?-u:\b)");
pattern!(BRANCH, r"^(?:(?-u:\w)+/)?#?([0-9]{1,10})[-_]");

/// Returns whether the texts may hold something that closes an issue, so that it is worth asking.
pub(crate) fn may_close(texts: Texts<'_>) -> bool {
    let body: String = texts.body.chars().take(READ).collect();
    let named = |text: &str| text.contains('#') || text.contains("/issues/");
    let item = body.contains("/work_items/");
    item || named(texts.title) || named(&body) || has(&BRANCH, texts.branch)
}

/// Returns the tickets, `known` ones first; each ticket once, with its strongest basis.
pub(crate) fn find(repo: &RepoKey, texts: Texts<'_>, known: &[TicketKey]) -> Vec<TicketLink> {
    let mut found = Found::default();
    for ticket in known {
        found.add(ticket.clone(), LinkBasis::Closing);
    }
    let body: String = texts.body.chars().take(READ).collect();
    for text in [texts.title, &body] {
        for words in captures(&CLOSING, text) {
            let path = words.get(1).map(|path| path.as_str());
            let place = path.map_or_else(|| repo.clone(), |path| RepoKey::new(repo.host(), path));
            found.number(place, words.get(2), LinkBasis::Mention);
        }
    }
    for words in captures(&ADDRESS, &body) {
        // The base path of a server is no part of a project's name.
        let path = words.get(1).map_or("", |path| path.as_str());
        let path = path.strip_suffix("/-").unwrap_or(path);
        if path.eq_ignore_ascii_case(repo.path()) || path.ends_with(&format!("/{}", repo.path())) {
            found.number(repo.clone(), words.get(2), LinkBasis::Mention);
        }
    }
    for words in captures(&NUMBER, texts.title) {
        found.number(repo.clone(), words.get(1), LinkBasis::Mention);
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
        found.number(repo.clone(), words.get(1), LinkBasis::Branch);
    }
    found.links
}

fn has(pattern: &'static LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern
        .as_ref()
        .is_some_and(|pattern| pattern.is_match(text))
}

fn captures<'a>(
    pattern: &'static LazyLock<Option<Regex>>,
    text: &'a str,
) -> impl Iterator<Item = regex::Captures<'a>> {
    let pattern = pattern.as_ref().into_iter();
    pattern.flat_map(move |pattern| pattern.captures_iter(text))
}

#[derive(Default)]
struct Found {
    links: Vec<TicketLink>,
    seen: BTreeSet<TicketKey>,
}

impl Found {
    fn number(&mut self, repo: RepoKey, number: Option<regex::Match<'_>>, basis: LinkBasis) {
        let number = number.and_then(|number| number.as_str().parse().ok());
        if let Some(number) = number.filter(|number| *number > 0) {
            self.add(TicketKey::Numbered { repo, number }, basis);
        }
    }

    fn add(&mut self, ticket: TicketKey, basis: LinkBasis) {
        if self.links.len() < MOST && self.seen.insert(ticket.clone()) {
            self.links.push(TicketLink { ticket, basis });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Texts, find, may_close};
    use crate::domain::key::RepoKey;
    use crate::domain::ticket::TicketKey;

    #[track_caller]
    fn check(title: &str, body: &str, branch: &str, expected: &[(&str, u8)]) {
        let repo = RepoKey::new("gitlab.com", "acme/tools/api");
        let texts = Texts {
            title,
            body,
            branch,
        };
        let name = |ticket: &TicketKey| match ticket {
            TicketKey::Numbered { repo, number } => format!("{repo}#{number}"),
            TicketKey::Tracker(key) => key.to_string(),
        };
        let found: Vec<(String, u8)> = find(&repo, texts, &[])
            .iter()
            .map(|link| (name(&link.ticket), link.basis.percent()))
            .collect();
        let expected: Vec<(String, u8)> = expected
            .iter()
            .map(|(key, percent)| ((*key).to_owned(), *percent))
            .collect();
        assert_eq!(found, expected);
        let closes = expected.iter().any(|(key, _)| key.contains('#'));
        assert!(!closes || may_close(texts), "{title} {body} {branch}");
    }

    #[test]
    fn words_addresses_and_branches_name_tickets() {
        check("Fixes #12", "", "", &[("acme/tools/api#12", 80)]);
        check("x", "Implements: #3", "", &[("acme/tools/api#3", 80)]);
        check(
            "x",
            "closing issue acme/web/shop#7",
            "",
            &[("acme/web/shop#7", 80)],
        );
        check(
            "x",
            "see https://gitlab.com/acme/tools/api/-/issues/9.",
            "",
            &[("acme/tools/api#9", 80)],
        );
        check(
            "x",
            "https://git.test/gitlab/acme/tools/api/-/work_items/9",
            "",
            &[("acme/tools/api#9", 80)],
        );
        check("x", "", "12-add-cache", &[("acme/tools/api#12", 60)]);
        check("PAY-7: x", "", "", &[("PAY-7", 80)]);
    }

    #[test]
    fn what_only_looks_alike_names_none() {
        check("x", "see #12", "", &[]);
        check("x", "https://gitlab.com/other/api/-/issues/9", "", &[]);
        check("prefix #0", "fixes#7", "2024.1", &[]);
    }

    #[test]
    fn what_gitlab_says_it_closes_outranks_words() {
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let known = TicketKey::Numbered {
            repo: repo.clone(),
            number: 12,
        };
        let texts = Texts {
            title: "Fixes #12",
            body: "",
            branch: "12-x",
        };
        let found = find(&repo, texts, &[known]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].basis.percent(), 100);
    }
}
