//! Commits, branches with their protection, and what lies between two commits.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::compare;
use crate::demo::forge::forgejo::{Ask, Home, missing, page, statuses, time, user};
use crate::demo::scenario::model::{Branch, Commit};
use crate::demo::scenario::people;

/// Answers with the commits of a branch.
pub(super) fn history(ask: &Ask<'_>, home: &Home) -> Answer {
    let name = ask.param("sha").unwrap_or("HEAD");
    let Some(sha) = compare::resolve(&home.repo, name) else {
        return missing();
    };
    let all = compare::history(&home.repo, &sha);
    page(ask, &all, |sha| written(ask, home, sha))
}

/// Answers with one commit.
pub(super) fn one(ask: &Ask<'_>, home: &Home, name: &str) -> Answer {
    let sha = compare::resolve(&home.repo, name);
    sha.map_or_else(missing, |sha| Answer::json(written(ask, home, &sha)))
}

/// Returns a message as this server would have written it.
fn message(home: &Home, commit: &Commit) -> String {
    let lines = commit.message.split_once("\n\n");
    let (head, rest) = lines.unwrap_or((&commit.message, ""));
    let number = commit
        .pull
        .filter(|_| head.starts_with("Merge pull request"));
    let mut pulls = home.repo.pulls.iter();
    let Some(pull) = pulls.find(|pull| Some(pull.number) == number) else {
        return commit.message.clone();
    };
    let (title, number) = (&pull.title, pull.number);
    let (from, to) = (&pull.head_branch, pull.base_branch);
    format!("Merge pull request '{title}' (#{number}) from {from} into {to}\n\n{rest}")
}

/// Returns a commit.
pub(super) fn written(ask: &Ask<'_>, home: &Home, sha: &str) -> Value {
    let Some(commit) = home.repo.commits.get(sha) else {
        return Value::Null;
    };
    let who = people::of(commit.author);
    let (email, at) = (format!("{}@example.org", who.login), time(commit.at));
    let git = |sha: &str| format!("{}/git/commits/{sha}", home.api(ask));
    let signed = json!({"name": who.name, "email": email, "date": at});
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|sha| json!({"url": git(sha), "sha": sha, "created": "0001-01-01T00:00:00Z"}))
        .collect();
    json!({
        "url": git(sha), "sha": sha, "created": at,
        "html_url": format!("{}/commit/{sha}", home.page(ask)),
        "commit": {
            "url": git(sha), "author": signed, "committer": signed,
            "message": message(home, commit),
            "tree": {"url": format!("{}/git/trees/{sha}", home.api(ask)), "sha": sha, "created": at},
            "verification": null,
        },
        "author": user(ask, commit.author), "committer": user(ask, commit.author),
        "parents": parents, "files": null, "stats": null,
    })
}

/// Answers with what `head` has and `base` has not; how they lie is not told.
pub(super) fn compared(ask: &Ask<'_>, home: &Home, ends: &str) -> Answer {
    let (base, head) = ends.split_once("...").unwrap_or(("", ends));
    let repo = &home.repo;
    let found = compare::resolve(repo, base).zip(compare::resolve(repo, head));
    let Some((base, head)) = found else {
        return missing();
    };
    let range = compare::range(repo, &base, &head);
    let newest = range.ahead.iter().rev();
    let commits: Vec<Value> = newest.map(|sha| written(ask, home, sha)).collect();
    Answer::json(json!({"total_commits": commits.len(), "commits": commits, "files": []}))
}

fn is_guarded(home: &Home, name: &str) -> bool {
    name == home.repo.spec.base_branch() || name == "main"
}

/// How many approvals the protection asks for: one, where the team reviews at all.
fn approvals(home: &Home) -> u8 {
    let mut pulls = home.repo.pulls.iter();
    u8::from(pulls.any(|pull| pull.decision.is_some()))
}

fn of_branch(ask: &Ask<'_>, home: &Home, branch: &Branch) -> Value {
    let guarded = is_guarded(home, &branch.name);
    let tip = home.repo.commits.get(&branch.sha);
    let who = tip.map(|commit| people::of(commit.author));
    let who = who.map(|who| json!({"name": who.name, "email": "", "username": who.login}));
    let contexts: &[&str] = if guarded { &[statuses::REQUIRED] } else { &[] };
    json!({
        "name": branch.name,
        "commit": {
            "id": branch.sha, "message": tip.map(|commit| message(home, commit)),
            "url": format!("{}/commit/{}", home.page(ask), branch.sha), "author": who,
            "committer": who, "verification": null, "timestamp": tip.map(|commit| time(commit.at)),
            "added": null, "removed": null, "modified": null,
        },
        "protected": guarded, "required_approvals": if guarded { approvals(home) } else { 0 },
        "enable_status_check": guarded, "status_check_contexts": contexts,
        "user_can_push": !guarded, "user_can_merge": true,
        "effective_branch_protection_name": if guarded { branch.name.as_str() } else { "" },
    })
}

/// Answers with all branches.
pub(super) fn branches(ask: &Ask<'_>, home: &Home) -> Answer {
    page(ask, &home.repo.branches, |branch| {
        of_branch(ask, home, branch)
    })
}

/// Answers with one branch.
pub(super) fn branch(ask: &Ask<'_>, home: &Home, name: &str) -> Answer {
    let mut all = home.repo.branches.iter();
    let found = all.find(|branch| branch.name == name);
    found.map_or_else(missing, |branch| Answer::json(of_branch(ask, home, branch)))
}

/// Answers with the rules for protected branches.
pub(super) fn protections(home: &Home) -> Answer {
    let all = home.repo.branches.iter();
    let all: Vec<&Branch> = all.filter(|one| is_guarded(home, &one.name)).collect();
    let rows: Vec<Value> = all
        .iter()
        .map(|branch| {
            json!({
                "branch_name": branch.name, "rule_name": branch.name, "enable_push": false,
                "enable_push_whitelist": false, "push_whitelist_usernames": [],
                "push_whitelist_teams": [], "push_whitelist_deploy_keys": false,
                "enable_merge_whitelist": false, "merge_whitelist_usernames": [],
                "merge_whitelist_teams": [], "enable_status_check": true,
                "status_check_contexts": [statuses::REQUIRED],
                "required_approvals": approvals(home), "enable_approvals_whitelist": false,
                "approvals_whitelist_username": [], "approvals_whitelist_teams": [],
                "block_on_rejected_reviews": true, "block_on_official_review_requests": false,
                "block_on_outdated_branch": false, "dismiss_stale_approvals": false,
                "ignore_stale_approvals": false, "require_signed_commits": false,
                "protected_file_patterns": "", "unprotected_file_patterns": "",
                "apply_to_admins": false, "created_at": "2024-01-15T09:00:00Z",
                "updated_at": "2024-01-15T09:00:00Z",
            })
        })
        .collect();
    // This one list has no pages.
    Answer::json(Value::Array(rows))
}
