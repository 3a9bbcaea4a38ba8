//! Answers of Gitea and Forgejo to facts: pure, total, and without trust.
//!
//! A word that we do not know becomes unknown, never success. What the parts
//! share is here: people, times, links, commits.

pub(super) mod delivery;
pub(super) mod others;
pub(super) mod runs;
#[cfg(test)]
mod tests;
pub(super) mod work;

use crate::domain::Timestamp;
use crate::domain::commit::{Commit, Range, RangeCommit, Relation};
use crate::domain::key::{Person, RepoKey, Sha};
use crate::domain::text::Clean;
use crate::sources::texts::{first_line, reverts};
pub(super) use crate::sources::texts::{line, link, sha};

use super::wire;

/// Of how many commits of a comparison it is kept who wrote them.
const MOST_TOLD: usize = 100;

/// Returns a person; a deleted account, or `-1`, has no login and is nobody.
pub(super) fn person(user: &wire::User) -> Option<Person> {
    let login = user.login.as_deref().or(user.username.as_deref());
    let login = login.filter(|login| !login.is_empty())?;
    // The accounts that stand for the server itself have negative numbers.
    Some(Person::new(login, user.id.is_some_and(|id| id < -1)))
}

/// Returns the people of a list.
pub(super) fn people<'a>(users: impl IntoIterator<Item = &'a wire::User>) -> Vec<Person> {
    users.into_iter().filter_map(person).collect()
}

/// Returns a time; the year 1 and the epoch stand for none.
pub(super) fn when(at: Option<Timestamp>) -> Option<Timestamp> {
    at.filter(|at| at.timestamp() > 0)
}

fn message(wire: &wire::Commit) -> &str {
    let said = wire.git.as_ref();
    said.and_then(|said| said.message.as_deref())
        .unwrap_or_default()
}

fn author(wire: &wire::Commit) -> Option<Person> {
    let signed = wire.git.as_ref().and_then(|git| git.author.as_ref());
    let name = signed.and_then(|signed| signed.name.as_deref());
    let account = wire.author.as_ref().and_then(person);
    account.or_else(|| name.map(|name| Person::new(name, false)))
}

/// Returns the parents of a commit, first parent first.
pub(super) fn parents(wire: &wire::Commit) -> Vec<Sha> {
    let parents = wire.parents.items.iter();
    parents
        .filter_map(|parent| sha(parent.sha.as_deref()))
        .collect()
}

/// Returns a commit of a branch; which change request brought it is told apart.
pub(super) fn commit(repo: &RepoKey, branch: &str, wire: &wire::Commit) -> Option<Commit> {
    let git = wire.git.as_ref();
    let committed = git.and_then(|git| git.committer.as_ref());
    Some(Commit {
        repo: repo.clone(),
        sha: Sha::parse(&wire.sha)?,
        parents: parents(wire),
        branch: Clean::line(branch),
        title: first_line(message(wire)),
        author: author(wire),
        committed_at: when(committed.and_then(|signed| signed.date)),
        change_request: None,
        direct: false,
        url: link(wire.html_url.as_deref()),
        reverts: reverts(message(wire)),
    })
}

/// Returns the range from `from` to `to`.
///
/// The answer holds what `to` has and `from` has not, and says no more. If `to` was made from
/// `from`, one of these commits has `from` as a parent; if there are none, `from` has it all.
pub(super) fn range(repo: &RepoKey, ends: (&Sha, &Sha), wire: &wire::Comparison) -> Range {
    let (from, to) = ends;
    let commits = &wire.commits.items;
    let all = wire.commits.bad_count == 0 && commits.len() >= wire.total_commits;
    let follows = |commit: &wire::Commit| parents(commit).contains(from);
    let relation = if from == to {
        Relation::Identical
    } else if commits.iter().any(follows) {
        Relation::Ahead
    } else if !all {
        Relation::Unknown
    } else if commits.is_empty() {
        Relation::Behind
    } else {
        Relation::Diverged
    };
    let told = |commit: &wire::Commit| {
        Some(RangeCommit {
            sha: Sha::parse(&commit.sha)?,
            title: first_line(message(commit)),
            author: author(commit),
        })
    };
    let told: Vec<RangeCommit> = commits.iter().filter_map(told).collect();
    let shas: Vec<Sha> = told.iter().map(|commit| commit.sha.clone()).collect();
    Range {
        repo: repo.clone(),
        from: from.clone(),
        to: to.clone(),
        relation,
        complete: all && shas.len() >= wire.total_commits && relation != Relation::Unknown,
        commits: shas,
        told: told.into_iter().take(MOST_TOLD).collect(),
    }
}
