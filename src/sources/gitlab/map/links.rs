//! How GitLab reads the tickets that a merge request names: its words, its addresses.
//!
//! Only what is GitLab's own; the reading is that of all forges (`ticket_links`). What
//! GitLab itself says that it closes comes from elsewhere and outranks these.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::change_request::TicketLink;
use crate::domain::key::RepoKey;
use crate::domain::ticket::TicketKey;
use crate::sources::ticket_links::{self, Dialect, Pattern, Texts};

/// The words that close are those of GitLab's default pattern.
static CLOSING: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?-u:\b)(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):?(?-u:\s)+(?:issues?(?-u:\s)+)?(?:((?-u:[\w.-])+(?:/(?-u:[\w.-])+)+))?#([0-9]{1,10})(?-u:\b)",
    )
    .ok()
});

/// Issues and work items have one row of numbers.
static ADDRESS: Pattern = LazyLock::new(|| {
    Regex::new(
        r"https?://[^\s/]+/((?-u:[\w.-])+(?:/(?-u:[\w.-])+)+)/(?:-/)?(?:issues|work_items)/([0-9]{1,10})(?-u:\b)",
    )
    .ok()
});

/// What GitLab reads in words of its own.
const DIALECT: Dialect = Dialect {
    closing: &CLOSING,
    address: Some(&ADDRESS),
};

/// Returns whether the texts may hold something that closes an issue, so that it is worth asking.
pub(crate) fn may_close(texts: Texts<'_>) -> bool {
    let body = ticket_links::read(texts.body);
    let named = |text: &str| text.contains('#') || text.contains("/issues/");
    let item = body.contains("/work_items/");
    item || named(texts.title) || named(&body) || ticket_links::is_of_ticket(texts.branch)
}

/// Returns the tickets, `known` ones first; each ticket once, with its strongest basis.
pub(crate) fn find(repo: &RepoKey, texts: Texts<'_>, known: &[TicketKey]) -> Vec<TicketLink> {
    ticket_links::find(DIALECT, repo, texts, known.to_vec())
}

#[cfg(test)]
mod tests {
    use super::{find, may_close};
    use crate::domain::key::RepoKey;
    use crate::domain::ticket::TicketKey;
    use crate::sources::ticket_links::{Texts, named};

    #[track_caller]
    fn check(title: &str, body: &str, branch: &str, expected: &[(&str, u8)]) {
        let repo = RepoKey::new("gitlab.com", "acme/tools/api");
        let texts = Texts {
            number: 0,
            title,
            body,
            branch,
        };
        let found = named(&find(&repo, texts, &[]));
        let found: Vec<_> = found.iter().map(|(key, sure)| (&**key, *sure)).collect();
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
        check(
            "x",
            "https://git.test/gitlab/Acme/Tools/api/-/issues/9",
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
        check(
            "x",
            "https://git.test/other-acme/tools/api/-/issues/9",
            "",
            &[],
        );
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
            number: 0,
            title: "Fixes #12",
            body: "",
            branch: "12-x",
        };
        let found = find(&repo, texts, &[known]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].basis.percent(), 100);
    }
}
