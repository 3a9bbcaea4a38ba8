//! Pull requests, their reviews, files and commits.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::compare;
use crate::demo::forge::forgejo::{
    Ask, Home, beyond, commits, missing, page, repos, tickets, time, user,
};
use crate::demo::forge::wire::join;
use crate::demo::scenario::model::{Pull, PullState, Review};

/// Returns the title, which says it where it is a draft.
pub(super) fn title(pull: &Pull) -> String {
    if pull.draft {
        format!("WIP: {}", pull.title)
    } else {
        pull.title.clone()
    }
}

/// Answers with the pull requests of a repository.
pub(super) fn of(ask: &Ask<'_>, home: &Home) -> Answer {
    let state = ask.param("state").unwrap_or("open");
    let pulls = home.repo.pulls.iter();
    let mut all: Vec<&Pull> = pulls
        .filter(|pull| state == "all" || (state == "open") == (pull.state == PullState::Open))
        .filter(|pull| {
            ask.wants(
                "poster",
                crate::demo::scenario::people::of(pull.author).login,
            )
        })
        .collect();
    match ask.param("sort") {
        Some("recentupdate") => all.sort_by_key(|pull| std::cmp::Reverse(pull.updated_at)),
        Some("leastupdate") => all.sort_by_key(|pull| pull.updated_at),
        Some("oldest") => all.sort_by_key(|pull| pull.created_at),
        Some(_) | None => all.sort_by_key(|pull| std::cmp::Reverse(pull.created_at)),
    }
    page(ask, &all, |pull| written(ask, home, pull))
}

/// Answers what is asked of one pull request.
pub(super) fn one(ask: &Ask<'_>, home: &Home, number: &str, rest: &[&str]) -> Answer {
    let number: u64 = number.parse().unwrap_or(0);
    let found = home.repo.pulls.iter().find(|pull| pull.number == number);
    let Some(pull) = found else {
        return missing();
    };
    match rest {
        [] => Answer::json(written(ask, home, pull)),
        ["reviews"] => {
            let asked = pull.requested.iter();
            let given = pull.reviews.iter().enumerate();
            let given = given.map(|(nth, review)| given_by(ask, home, pull, (nth, review)));
            let asked = asked.enumerate().map(|(nth, who)| {
                let waits = json!({"state": "REQUEST_REVIEW", "user": user(ask, *who)});
                join(review(home, ask, pull, 50 + nth), waits)
            });
            let all: Vec<Value> = given.chain(asked).collect();
            page(ask, &all, Clone::clone)
        }
        ["files"] => page(ask, &pull.files, |path| {
            json!({
                "filename": path, "status": "changed", "additions": 3, "deletions": 1, "changes": 4,
                "html_url": format!("{}/src/commit/{}/{path}", home.page(ask), pull.head_sha()),
                "contents_url": format!("{}/contents/{path}?ref={}", home.api(ask), pull.head_sha()),
                "raw_url": format!("{}/raw/commit/{}/{path}", home.page(ask), pull.head_sha()),
            })
        }),
        ["commits"] => {
            let newest: Vec<&String> = pull.commits.iter().rev().collect();
            page(ask, &newest, |sha| commits::written(ask, home, sha))
        }
        ["merge"] if pull.state == PullState::Merged => {
            Answer::json(Value::Null).status(axum::http::StatusCode::NO_CONTENT)
        }
        ["merge"] => missing(),
        _ => beyond(),
    }
}

/// Answers with the pull request that a commit became of.
pub(super) fn bringing(ask: &Ask<'_>, home: &Home, name: &str) -> Answer {
    let sha = compare::resolve(&home.repo, name);
    let mut pulls = home.repo.pulls.iter();
    let found = pulls.find(|pull| pull.merge_sha.is_some() && pull.merge_sha == sha);
    found.map_or_else(missing, |pull| Answer::json(written(ask, home, pull)))
}

fn review(home: &Home, ask: &Ask<'_>, pull: &Pull, nth: usize) -> Value {
    let number = pull.number;
    let web = format!("{}/pulls/{number}", home.page(ask));
    json!({
        "id": number * 100 + nth as u64, "team": null, "body": "", "commit_id": pull.head_sha(),
        "stale": false, "official": true, "dismissed": false, "comments_count": 0,
        "submitted_at": time(pull.created_at), "updated_at": time(pull.created_at),
        "html_url": web, "pull_request_url": web,
    })
}

fn given_by(ask: &Ask<'_>, home: &Home, pull: &Pull, (nth, said): (usize, &Review)) -> Value {
    let state = match said.state {
        "CHANGES_REQUESTED" => "REQUEST_CHANGES",
        other => other,
    };
    let own = json!({
        "state": state, "user": user(ask, said.by), "commit_id": said.sha,
        "stale": said.sha != pull.head_sha(), "submitted_at": time(said.at),
        "updated_at": time(said.at),
    });
    join(review(home, ask, pull, nth), own)
}

fn end(home: &Home, ask: &Ask<'_>, name: &str, sha: &str) -> Value {
    json!({
        "label": name, "ref": name, "sha": sha, "repo_id": home.repo.spec.id,
        "repo": repos::full(ask, home),
    })
}

/// Returns a pull request.
pub(super) fn written(ask: &Ask<'_>, home: &Home, pull: &Pull) -> Value {
    let number = pull.number;
    let web = format!("{}/pulls/{number}", home.page(ask));
    let people = |all: &[usize]| -> Vec<Value> { all.iter().map(|who| user(ask, *who)).collect() };
    let labels: Vec<Value> = pull
        .labels
        .iter()
        .map(|name| tickets::label(name))
        .collect();
    let (assignees, asked) = (people(&pull.assignees), people(&pull.requested));
    let merged = pull.state == PullState::Merged;
    // It knows conflicts and drafts, and nothing of rules.
    let mergeable = pull.state == PullState::Open && !pull.draft && pull.mergeable == "MERGEABLE";
    let head = if merged {
        // The branch is deleted with the merge.
        format!("refs/pull/{number}/head")
    } else {
        pull.head_branch.clone()
    };
    let mut from = end(home, ask, &head, pull.head_sha());
    crate::demo::forge::wire::put(&mut from, "label", pull.head_branch.as_str());
    let plain = json!({
        "id": home.repo.spec.id * 100_000 + number, "url": web, "number": number,
        "user": user(ask, pull.author), "title": title(pull), "body": pull.body,
        "labels": labels, "milestone": null, "assignee": assignees.first(),
        "assignees": assignees, "requested_reviewers": asked, "requested_reviewers_teams": null,
        "state": if pull.state == PullState::Open { "open" } else { "closed" },
        "draft": pull.draft, "is_locked": false, "comments": 0,
        "review_comments": pull.reviews.len(), "additions": pull.additions,
        "deletions": pull.deletions, "changed_files": pull.files.len(), "html_url": web,
    });
    let more = json!({
        "diff_url": format!("{web}.diff"), "patch_url": format!("{web}.patch"),
        "mergeable": mergeable, "merged": merged, "merged_at": pull.merged_at.map(time),
        "merge_commit_sha": pull.merge_sha.as_ref().filter(|_| merged),
        "merged_by": pull.merged_at.map(|_| user(ask, pull.author)),
        "allow_maintainer_edit": false, "base": end(home, ask, pull.base_branch, &pull.base_sha),
        "head": from, "merge_base": pull.base_sha, "due_date": null,
        "created_at": time(pull.created_at), "updated_at": time(pull.updated_at),
        "closed_at": pull.closed_at.map(time), "pin_order": 0, "flow": 0,
    });
    join(plain, more)
}
