//! GitHub's answers to facts: pure, total, and without trust.
//!
//! A word that we do not know becomes unknown, never success. What the parts
//! share is here: people, branches, commits, ranges.

pub(super) mod checks;
pub(super) mod delivery;
pub(super) mod past;
pub(super) mod runs;
pub(super) mod times;
pub(super) mod work;

use crate::domain::change_request::{ChangeKey, ChangedPaths};
use crate::domain::commit::{Commit, Range, RangeCommit, Relation};
use crate::domain::key::{Person, RepoKey, Sha};
use crate::domain::repository::{Branch, Repository};
use crate::domain::text::Clean;
use crate::sources::texts::{first_line, reverts};
pub(super) use crate::sources::texts::{line, link, sha};

use super::wire::{Actor, BranchHistory, GraphCommit, RefreshRepo};
use super::wire_rest::{ChangedFile, ComparedCommit, RestCommit};

/// Of how many commits of a comparison it is kept who wrote them.
const MOST_TOLD: usize = 100;

/// Returns a person; a deleted account has no login and is nobody.
pub(super) fn person(actor: &Actor) -> Option<Person> {
    let login = actor.login.as_deref().filter(|login| !login.is_empty())?;
    let is_bot = |word: &Option<String>| word.as_deref() == Some("Bot");
    Some(Person::new(
        login,
        is_bot(&actor.typename) || is_bot(&actor.kind),
    ))
}

/// Returns the people of a list.
pub(super) fn people<'a>(actors: impl IntoIterator<Item = &'a Actor>) -> Vec<Person> {
    actors.into_iter().filter_map(person).collect()
}

/// Returns the repository with its branches.
pub(super) fn repository(repo: &RepoKey, wire: &RefreshRepo, flow: Vec<Branch>) -> Repository {
    Repository {
        repo: repo.clone(),
        renamed_from: Vec::new(),
        url: link(wire.url.as_deref()),
        default_branch: wire.default_branch_ref.as_ref().map(branch),
        flow_branches: flow,
        pushed_at: wire.pushed_at,
        archived: wire.is_archived,
    }
}

/// Returns a branch with its tip.
pub(super) fn branch(wire: &BranchHistory) -> Branch {
    Branch {
        name: Clean::line(&wire.name),
        tip: wire
            .target
            .as_ref()
            .and_then(|target| sha(target.oid.as_deref())),
    }
}

/// Returns the commits of a branch, as far as their ids can be read.
pub(super) fn commits(repo: &RepoKey, wire: &BranchHistory) -> Vec<Commit> {
    let history = wire
        .target
        .as_ref()
        .and_then(|target| target.history.as_ref());
    history
        .into_iter()
        .flat_map(|history| &history.nodes.items)
        .filter_map(|node| commit(repo, &wire.name, node))
        .collect()
}

fn commit(repo: &RepoKey, branch: &str, wire: &GraphCommit) -> Option<Commit> {
    let (change_request, direct) = brought_by(repo, branch, wire);
    Some(Commit {
        repo: repo.clone(),
        sha: Sha::parse(&wire.oid)?,
        parents: wire
            .parents
            .nodes
            .items
            .iter()
            .filter_map(|parent| Sha::parse(&parent.oid))
            .collect(),
        branch: Clean::line(branch),
        title: first_line(&wire.message),
        author: wire.author.as_ref().and_then(|author| {
            let user = author.user.as_ref().and_then(person);
            user.or_else(|| author.name.as_deref().map(|name| Person::new(name, false)))
        }),
        committed_at: wire.committed_date,
        change_request,
        direct,
        url: link(wire.url.as_deref()),
        reverts: reverts(&wire.message),
    })
}

/// Returns the change request that brought a commit to a branch, and whether there is none.
///
/// Merged into that very branch first, then merged at all; an open one that merely
/// holds the commit did not bring it.
fn brought_by(repo: &RepoKey, branch: &str, wire: &GraphCommit) -> (Option<u64>, bool) {
    let Some(changes) = &wire.associated_pull_requests else {
        return (None, false);
    };
    let merged = || {
        changes.nodes.items.iter().filter(|change| {
            let here = change
                .repository
                .as_ref()
                .is_none_or(|place| place.name_with_owner.eq_ignore_ascii_case(repo.path()));
            change.merged && here
        })
    };
    let found = merged()
        .find(|change| change.base_ref_name.as_deref() == Some(branch))
        .or_else(|| merged().next())
        .map(|change| change.number);
    let asked = changes.nodes.bad_count == 0;
    (found, asked && found.is_none())
}

/// Returns a commit as REST tells it: which change request brought it is not known.
pub(super) fn rest_commit(repo: &RepoKey, branch: &str, wire: &RestCommit) -> Option<Commit> {
    let parents = &wire.parents.items;
    Some(Commit {
        repo: repo.clone(),
        sha: Sha::parse(&wire.sha)?,
        parents: parents
            .iter()
            .filter_map(|parent| Sha::parse(&parent.sha))
            .collect(),
        branch: Clean::line(branch),
        title: first_line(&wire.commit.message),
        author: wire.author.as_ref().and_then(person),
        committed_at: wire.commit.committer.as_ref().and_then(|who| who.date),
        change_request: None,
        direct: false,
        url: link(wire.html_url.as_deref()),
        reverts: reverts(&wire.commit.message),
    })
}

/// Returns how the newer of two commits lies against the older, by GitHub's word.
pub(super) fn relation(word: Option<&str>) -> Relation {
    match word {
        Some("ahead") => Relation::Ahead,
        Some("behind") => Relation::Behind,
        Some("identical") => Relation::Identical,
        Some("diverged") => Relation::Diverged,
        _ => Relation::Unknown,
    }
}

/// Returns a range.
pub(super) fn range(
    repo: &RepoKey,
    ends: (&Sha, &Sha),
    relation: Relation,
    told: Vec<RangeCommit>,
    complete: bool,
) -> Range {
    let commits = told.iter().map(|commit| commit.sha.clone()).collect();
    Range {
        repo: repo.clone(),
        from: ends.0.clone(),
        to: ends.1.clone(),
        relation,
        commits,
        complete,
        told: told.into_iter().take(MOST_TOLD).collect(),
    }
}

/// Returns a commit of a comparison.
pub(super) fn compared(wire: &ComparedCommit) -> Option<RangeCommit> {
    let said = wire.commit.as_ref();
    let message = said.and_then(|said| said.message.as_deref());
    Some(RangeCommit {
        sha: Sha::parse(&wire.sha)?,
        title: first_line(message.unwrap_or_default()),
        author: wire.author.as_ref().and_then(person),
    })
}

/// Returns the files of a change request; a file that moved counts at both places.
pub(super) fn changed_paths(
    change: ChangeKey,
    head_sha: Option<Sha>,
    files: &[ChangedFile],
    complete: bool,
) -> ChangedPaths {
    let mut paths: Vec<Clean> = files
        .iter()
        .flat_map(|file| [Some(&file.filename), file.previous_filename.as_ref()])
        .flatten()
        .map(|path| Clean::line(path))
        .collect();
    paths.sort();
    paths.dedup();
    ChangedPaths {
        change,
        head_sha,
        paths,
        complete,
    }
}

#[cfg(test)]
mod tests {
    use super::{brought_by, commits};
    use crate::domain::key::{RepoKey, Sha};

    fn repo() -> RepoKey {
        RepoKey::new("github.com", "acme/api")
    }

    #[track_caller]
    fn check(associated: &str, expected: (Option<u64>, bool)) {
        let text = format!(
            r#"{{"oid":"aaaaaaaa","message":"x","parents":{{"nodes":[]}},"associatedPullRequests":{associated}}}"#
        );
        let wire = serde_json::from_str(&text).unwrap();
        assert_eq!(brought_by(&repo(), "main", &wire), expected, "{associated}");
    }

    #[test]
    fn a_commit_belongs_to_the_change_that_was_merged_into_its_branch() {
        check(
            r#"{"nodes":[{"number":1,"merged":true,"baseRefName":"develop"},
                         {"number":2,"merged":true,"baseRefName":"main"}]}"#,
            (Some(2), false),
        );
        check(
            r#"{"nodes":[{"number":1,"merged":true,"baseRefName":"develop"}]}"#,
            (Some(1), false),
        );
    }

    #[test]
    fn a_commit_without_a_merged_change_is_a_direct_push_only_if_the_forge_was_asked() {
        check(r#"{"nodes":[]}"#, (None, true));
        check(r#"{"nodes":[{"number":1,"merged":false}]}"#, (None, true));
        check("null", (None, false));
        check(r#"{"nodes":[{"number":"x"}]}"#, (None, false));
        let fork = r#"{"nodes":[{"number":1,"merged":true,"repository":{"nameWithOwner":"o/f"}}]}"#;
        check(fork, (None, true));
    }

    #[test]
    fn parents_keep_their_order_and_odd_ids_are_left_out() {
        let text = r#"{"name":"main","target":{"__typename":"Commit","oid":"aaaaaaaa","history":{"nodes":[
            {"oid":"aaaaaaaa","message":"Merge\n\nbody","parents":{"nodes":[{"oid":"bbbbbbbb"},{"oid":"cccccccc"}]},
             "author":{"name":"Ada","user":null}},
            {"oid":"not hex","message":""}]}}}"#;
        let found = commits(&repo(), &serde_json::from_str(text).unwrap());
        assert_eq!(found.len(), 1);
        let parents: Vec<_> = found[0].parents.iter().map(Sha::as_str).collect();
        assert_eq!(parents, ["bbbbbbbb", "cccccccc"]);
        assert_eq!(found[0].title.as_str(), "Merge");
        assert_eq!(found[0].author.as_ref().unwrap().login.as_str(), "Ada");
    }
}
