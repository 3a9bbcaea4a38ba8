//! Commits, branches, tags and comparisons, as REST writes them.

use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::compare;
use crate::demo::forge::github::rest::{Ask, checks, people_of, repos, tickets};
use crate::demo::forge::wire;
use crate::demo::scenario::model::{Pull, RepoState};
use crate::demo::scenario::people;
use crate::domain::Timestamp;

/// Answers what is asked of commits.
pub(super) fn answer(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    // Names of branches have slashes; what is asked of the commit comes last.
    match rest {
        [] => list(ask, repo),
        [name @ .., "pulls"] if !name.is_empty() => pulls(ask, repo, &name.join("/")),
        [name @ .., "status"] if !name.is_empty() => status(ask, repo, &name.join("/")),
        [name @ .., "check-runs"] if !name.is_empty() => {
            checks::of_commit(ask, repo, &name.join("/"))
        }
        name => match compare::resolve(repo, &name.join("/")) {
            Some(sha) => {
                let mut value = written(ask, repo, &sha);
                wire::put(
                    &mut value,
                    "stats",
                    json!({"additions": 40, "deletions": 12, "total": 52}),
                );
                wire::put(&mut value, "files", Value::Array(files(ask, repo, &sha)));
                Answer::json(value)
            }
            None => Answer::not_found(),
        },
    }
}

fn files(ask: &Ask<'_>, repo: &RepoState, sha: &str) -> Vec<Value> {
    let pull = repo.commits.get(sha).and_then(|commit| commit.pull);
    let found = repo.pulls.iter().find(|one| Some(one.number) == pull);
    found.map_or_else(Vec::new, |pull| {
        pull.files
            .iter()
            .map(|path| tickets::file(ask, repo, sha, path))
            .collect()
    })
}

fn list(ask: &Ask<'_>, repo: &RepoState) -> Answer {
    let start = ask.asked.param("sha").unwrap_or("HEAD");
    let Some(sha) = compare::resolve(repo, start) else {
        return Answer::not_found();
    };
    let time = |name: &str| {
        ask.asked
            .param(name)
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    let (since, until) = (time("since"), time("until"));
    let mut all = compare::history(repo, &sha);
    all.retain(|sha| {
        repo.commits.get(sha).is_some_and(|commit| {
            since.is_none_or(|from| commit.at >= from) && until.is_none_or(|to| commit.at <= to)
        })
    });
    Answer::list(ask.asked, &all, |sha| written(ask, repo, sha))
}

/// Returns a commit as REST writes it.
pub(super) fn written(ask: &Ask<'_>, repo: &RepoState, sha: &str) -> Value {
    let Some(commit) = repo.commits.get(sha) else {
        return Value::Null;
    };
    let (api, page) = (repos::url(ask, repo), repos::page(ask, repo));
    let url = format!("{api}/commits/{sha}");
    let who = people::of(commit.author);
    let git = json!({
        "name": who.name, "email": format!("{}@example.org", who.login), "date": iso(commit.at),
    });
    let person = people_of::simple(ask, commit.author);
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|parent| {
            json!({
                "sha": parent, "url": format!("{api}/commits/{parent}"),
                "html_url": format!("{page}/commit/{parent}"),
            })
        })
        .collect();
    json!({
        "url": url, "sha": sha, "node_id": format!("C_{}_{sha}", repo.spec.index),
        "html_url": format!("{page}/commit/{sha}"), "comments_url": format!("{url}/comments"),
        "commit": {
            "url": format!("{api}/git/commits/{sha}"), "author": git, "committer": git,
            "message": commit.message, "comment_count": 0,
            "tree": {"sha": sha, "url": format!("{api}/git/trees/{sha}")},
            "verification": {
                "verified": false, "reason": "unsigned", "payload": null, "signature": null,
                "verified_at": null,
            },
        },
        "author": person, "committer": person, "parents": parents,
    })
}

fn pulls(ask: &Ask<'_>, repo: &RepoState, name: &str) -> Answer {
    let sha = compare::resolve(repo, name);
    let number = sha
        .and_then(|sha| repo.commits.get(&sha))
        .and_then(|commit| commit.pull);
    let found: Vec<&Pull> = repo
        .pulls
        .iter()
        .filter(|one| Some(one.number) == number)
        .collect();
    Answer::list(ask.asked, &found, |one| tickets::pull(ask, repo, one))
}

/// Statuses are what systems other than Actions report; this team has none.
fn status(ask: &Ask<'_>, repo: &RepoState, name: &str) -> Answer {
    let Some(sha) = compare::resolve(repo, name) else {
        return Answer::not_found();
    };
    let url = format!("{}/commits/{sha}", repos::url(ask, repo));
    Answer::json(json!({
        "state": "pending", "statuses": [], "sha": sha, "total_count": 0,
        "repository": repos::brief(ask, repo), "commit_url": url, "url": format!("{url}/status"),
    }))
}

/// Answers with what lies between two commits.
pub(super) fn compared(ask: &Ask<'_>, repo: &RepoState, basehead: &str) -> Answer {
    let Some((base, head)) = basehead.split_once("...") else {
        return Answer::not_found();
    };
    let (base, head) = (compare::resolve(repo, base), compare::resolve(repo, head));
    let (Some(base), Some(head)) = (base, head) else {
        return Answer::not_found();
    };
    let range = compare::range(repo, &base, &head);
    let page = repos::page(ask, repo);
    let url = format!("{}/compare/{base}...{head}", repos::url(ask, repo));
    let fork = range.fork.clone().unwrap_or_else(|| base.clone());
    let common = json!({
        "url": url, "html_url": format!("{page}/compare/{base}...{head}"),
        "permalink_url": format!("{page}/compare/acme:{base:.7}...acme:{head:.7}"),
        "diff_url": format!("{page}/compare/{base}...{head}.diff"),
        "patch_url": format!("{page}/compare/{base}...{head}.patch"),
        "base_commit": written(ask, repo, &base), "merge_base_commit": written(ask, repo, &fork),
        "status": range.status(), "ahead_by": range.ahead.len(), "behind_by": range.behind.len(),
    });
    let first = ask.asked.page().1 == 1;
    let files: Vec<Value> = if first {
        range
            .ahead
            .iter()
            .flat_map(|sha| files(ask, repo, sha))
            .take(300)
            .collect()
    } else {
        Vec::new()
    };
    Answer::page(
        ask.asked,
        &range.ahead,
        |sha| written(ask, repo, sha),
        |total, rows| {
            let mut value = common;
            wire::put(&mut value, "total_commits", json!(total));
            wire::put(&mut value, "commits", Value::Array(rows));
            wire::put(&mut value, "files", Value::Array(files));
            value
        },
    )
}

/// Answers what is asked of branches.
pub(super) fn branches(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    let api = repos::url(ask, repo);
    let page = repos::page(ask, repo);
    let short = |name: &str, sha: &str| {
        let guarded = name == repo.spec.base_branch() || name == "main";
        json!({
            "name": name, "commit": {"sha": sha, "url": format!("{api}/commits/{sha}")},
            "protected": guarded,
        })
    };
    if rest.is_empty() {
        return Answer::list(ask.asked, &repo.branches, |one| short(&one.name, &one.sha));
    }
    let name = rest.join("/");
    let Some(found) = repo.branches.iter().find(|one| one.name == name) else {
        return Answer::not_found();
    };
    let mut value = short(&found.name, &found.sha);
    wire::put(&mut value, "commit", written(ask, repo, &found.sha));
    let url = format!("{api}/branches/{name}");
    wire::put(
        &mut value,
        "_links",
        json!({"html": format!("{page}/tree/{name}"), "self": url}),
    );
    wire::put(&mut value, "protection", json!({}));
    wire::put(
        &mut value,
        "protection_url",
        json!(format!("{url}/protection")),
    );
    Answer::json(value)
}

/// Answers with all tags.
pub(super) fn tags(ask: &Ask<'_>, repo: &RepoState) -> Answer {
    let api = repos::url(ask, repo);
    let out: Vec<_> = repo.releases.iter().filter(|one| !one.draft).collect();
    Answer::list(ask.asked, &out, |one| {
        json!({
            "name": one.tag, "node_id": format!("REF_{}", one.tag),
            "commit": {"sha": one.sha, "url": format!("{api}/commits/{}", one.sha)},
            "zipball_url": format!("{api}/zipball/{}", one.tag),
            "tarball_url": format!("{api}/tarball/{}", one.tag),
        })
    })
}
