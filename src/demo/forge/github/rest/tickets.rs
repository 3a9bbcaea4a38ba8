//! Issues and pull requests, as REST writes them.

use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::github::rest::{Ask, people_of, repos};
use crate::demo::forge::wire;
use crate::demo::scenario::model::{Issue, Pull, PullState, RepoState};
use crate::demo::scenario::people;
use crate::domain::Timestamp;

enum Row<'a> {
    Issue(&'a Issue),
    Pull(&'a Pull),
}

impl Row<'_> {
    fn open(&self) -> bool {
        match self {
            Self::Issue(issue) => issue.closed.is_none(),
            Self::Pull(pull) => pull.state == PullState::Open,
        }
    }

    fn times(&self) -> (Timestamp, Timestamp) {
        match self {
            Self::Issue(issue) => (issue.created_at, issue.updated_at),
            Self::Pull(pull) => (pull.created_at, pull.updated_at),
        }
    }

    fn labels(&self) -> &[&'static str] {
        match self {
            Self::Issue(issue) => &issue.labels,
            Self::Pull(pull) => &pull.labels,
        }
    }

    fn author(&self) -> usize {
        match self {
            Self::Issue(issue) => issue.author,
            Self::Pull(pull) => pull.author,
        }
    }

    fn assignees(&self) -> &[usize] {
        match self {
            Self::Issue(issue) => &issue.assignees,
            Self::Pull(pull) => &pull.assignees,
        }
    }
}

fn wanted(ask: &Ask<'_>, row: &Row<'_>) -> bool {
    let asked = ask.asked;
    let state = match asked.param("state").unwrap_or("open") {
        "all" => true,
        "closed" => !row.open(),
        _ => row.open(),
    };
    let since = asked
        .param("since")
        .and_then(|text| text.parse::<Timestamp>().ok());
    let is = |who: usize, login: &str| people::of(who).login == login;
    state
        && since.is_none_or(|from| row.times().1 >= from)
        && asked
            .param("labels")
            .is_none_or(|labels| labels.split(',').all(|label| row.labels().contains(&label)))
        && asked
            .param("creator")
            .is_none_or(|login| is(row.author(), login))
        && asked.param("assignee").is_none_or(|login| match login {
            "*" => !row.assignees().is_empty(),
            "none" => row.assignees().is_empty(),
            _ => row.assignees().iter().any(|who| is(*who, login)),
        })
}

fn sort(ask: &Ask<'_>, rows: &mut [Row<'_>]) {
    let updated = ask.asked.param("sort") == Some("updated");
    rows.sort_by_key(|row| {
        if updated {
            row.times().1
        } else {
            row.times().0
        }
    });
    if ask.asked.param("direction") != Some("asc") {
        rows.reverse();
    }
}

/// Answers what is asked of issues.
pub(super) fn issues(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    match rest {
        [] => {
            let issues = repo.issues.iter().map(Row::Issue);
            let mut rows: Vec<Row<'_>> = issues.chain(repo.pulls.iter().map(Row::Pull)).collect();
            rows.retain(|row| wanted(ask, row));
            sort(ask, &mut rows);
            Answer::list(ask.asked, &rows, |row| match row {
                Row::Issue(one) => issue(ask, repo, one),
                Row::Pull(pull) => as_issue(ask, repo, pull),
            })
        }
        [number] => {
            let number: u64 = number.parse().unwrap_or(0);
            if let Some(one) = repo.issues.iter().find(|issue| issue.number == number) {
                return Answer::json(issue(ask, repo, one));
            }
            match repo.pulls.iter().find(|pull| pull.number == number) {
                Some(pull) => Answer::json(as_issue(ask, repo, pull)),
                None => Answer::not_found(),
            }
        }
        [_, "comments" | "events" | "timeline"] => {
            Answer::list(ask.asked, &[] as &[Value], Clone::clone)
        }
        _ => Answer::not_found(),
    }
}

fn label(ask: &Ask<'_>, repo: &RepoState, name: &str) -> Value {
    let (_, color, about) = wire::label(name);
    json!({
        "id": 40_000 + name.len(), "node_id": format!("LA_{name}"),
        "url": format!("{}/labels/{name}", repos::url(ask, repo)), "name": name,
        "description": about, "color": color, "default": false,
    })
}

/// Answers with all labels.
pub(super) fn labels(ask: &Ask<'_>, repo: &RepoState) -> Answer {
    Answer::list(ask.asked, wire::LABELS, |(name, ..)| label(ask, repo, name))
}

fn milestone(ask: &Ask<'_>, repo: &RepoState, number: u64) -> Value {
    let url = format!("{}/milestones/{number}", repos::url(ask, repo));
    json!({
        "url": url, "html_url": format!("{}/milestone/{number}", repos::page(ask, repo)),
        "labels_url": format!("{url}/labels"), "id": 30_000 + number,
        "node_id": format!("MI_{number}"), "number": number,
        "title": wire::milestone_title(number), "description": null,
        "creator": people_of::simple(ask, 0), "open_issues": 1, "closed_issues": 1,
        "state": "open", "created_at": "2024-01-15T09:00:00Z",
        "updated_at": "2024-01-15T09:00:00Z", "due_on": null, "closed_at": null,
    })
}

/// Answers with all milestones.
pub(super) fn milestones(ask: &Ask<'_>, repo: &RepoState) -> Answer {
    Answer::list(ask.asked, &[1, 2, 3], |number| {
        milestone(ask, repo, *number)
    })
}

fn common(ask: &Ask<'_>, repo: &RepoState, row: &Row<'_>, number: u64) -> Value {
    let url = format!("{}/issues/{number}", repos::url(ask, repo));
    let (created, updated) = row.times();
    let assignees: Vec<Value> = row
        .assignees()
        .iter()
        .map(|who| people_of::simple(ask, *who))
        .collect();
    json!({
        "id": 600_000 + number, "node_id": format!("I_{}_{number}", repo.spec.index), "url": url,
        "repository_url": repos::url(ask, repo), "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
        "number": number, "user": people_of::simple(ask, row.author()),
        "labels": row.labels().iter().map(|name| label(ask, repo, name)).collect::<Vec<_>>(),
        "assignee": assignees.first(), "assignees": assignees, "locked": false,
        "active_lock_reason": null, "comments": 0, "created_at": iso(created),
        "updated_at": iso(updated), "author_association": "MEMBER", "milestone": null,
        "state": if row.open() { "open" } else { "closed" }, "closed_by": null,
    })
}

fn issue(ask: &Ask<'_>, repo: &RepoState, issue: &Issue) -> Value {
    let mut value = common(ask, repo, &Row::Issue(issue), issue.number);
    wire::put(&mut value, "title", json!(issue.title));
    wire::put(&mut value, "body", json!(issue.body));
    wire::put(
        &mut value,
        "html_url",
        json!(format!(
            "{}/issues/{}",
            repos::page(ask, repo),
            issue.number
        )),
    );
    wire::put(
        &mut value,
        "closed_at",
        json!(issue.closed.map(|(at, _)| iso(at))),
    );
    wire::put(
        &mut value,
        "state_reason",
        json!(issue.closed.map(|(_, reason)| reason)),
    );
    wire::put(
        &mut value,
        "milestone",
        json!(issue.milestone.map(|number| milestone(ask, repo, number))),
    );
    value
}

fn as_issue(ask: &Ask<'_>, repo: &RepoState, pull: &Pull) -> Value {
    let mut value = common(ask, repo, &Row::Pull(pull), pull.number);
    let page = format!("{}/pull/{}", repos::page(ask, repo), pull.number);
    wire::put(&mut value, "title", json!(pull.title));
    wire::put(&mut value, "body", json!(pull.body));
    wire::put(&mut value, "html_url", json!(page));
    wire::put(&mut value, "closed_at", json!(pull.closed_at.map(iso)));
    wire::put(&mut value, "state_reason", Value::Null);
    wire::put(&mut value, "draft", json!(pull.draft));
    wire::put(
        &mut value,
        "pull_request",
        json!({
            "url": format!("{}/pulls/{}", repos::url(ask, repo), pull.number), "html_url": page,
            "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
            "merged_at": pull.merged_at.map(iso),
        }),
    );
    value
}

/// Answers what is asked of pull requests.
pub(super) fn pulls(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    let find = |number: &str| {
        let number: u64 = number.parse().ok()?;
        repo.pulls.iter().find(|pull| pull.number == number)
    };
    match rest {
        [] => {
            let mut rows: Vec<Row<'_>> = repo.pulls.iter().map(Row::Pull).collect();
            let head = ask.asked.param("head").map(|head| head.rsplit(':').next().unwrap_or(head));
            // GitHub ignores `since` here, and so does this.
            let state = ask.asked.param("state").unwrap_or("open");
            rows.retain(|row| match row {
                Row::Pull(pull) => {
                    (state == "all" || row.open() == (state == "open"))
                        && head.is_none_or(|head| head == pull.head_branch)
                        && ask.asked.param("base").is_none_or(|base| base == pull.base_branch)
                }
                Row::Issue(_) => false,
            });
            sort(ask, &mut rows);
            Answer::list(ask.asked, &rows, |row| match row {
                Row::Pull(one) => pull(ask, repo, one),
                Row::Issue(_) => Value::Null,
            })
        }
        [number] => find(number).map_or_else(Answer::not_found, |one| {
            Answer::json(full_pull(ask, repo, one))
        }),
        [number, "files"] => find(number).map_or_else(Answer::not_found, |one| {
            Answer::list(ask.asked, &one.files, |path| file(ask, repo, one.head_sha(), path))
        }),
        [number, "commits"] => find(number).map_or_else(Answer::not_found, |one| {
            Answer::list(ask.asked, &one.commits, |sha| {
                crate::demo::forge::github::rest::commits::written(ask, repo, sha)
            })
        }),
        [number, "reviews"] => find(number).map_or_else(Answer::not_found, |one| {
            Answer::list(ask.asked, &one.reviews, |review| json!({
                "id": review.at.timestamp(), "node_id": format!("PRR_{}", review.at.timestamp()),
                "user": people_of::simple(ask, review.by), "body": "", "state": review.state,
                "html_url": format!("{}/pull/{}", repos::page(ask, repo), one.number),
                "pull_request_url": format!("{}/pulls/{}", repos::url(ask, repo), one.number),
                "_links": {
                    "html": {"href": format!("{}/pull/{}", repos::page(ask, repo), one.number)},
                    "pull_request": {"href": format!("{}/pulls/{}", repos::url(ask, repo), one.number)},
                },
                "submitted_at": iso(review.at), "commit_id": review.sha,
                "author_association": "MEMBER",
            }))
        }),
        _ => Answer::not_found(),
    }
}

/// Returns a changed file as REST writes it.
pub(super) fn file(ask: &Ask<'_>, repo: &RepoState, sha: &str, path: &str) -> Value {
    let page = repos::page(ask, repo);
    json!({
        "sha": format!("{:040x}", xxhash_rust::xxh3::xxh3_64(path.as_bytes())), "filename": path,
        "status": "modified", "additions": 23, "deletions": 9, "changes": 32,
        "blob_url": format!("{page}/blob/{sha}/{path}"), "raw_url": format!("{page}/raw/{sha}/{path}"),
        "contents_url": format!("{}/contents/{path}?ref={sha}", repos::url(ask, repo)),
    })
}

pub(super) fn pull(ask: &Ask<'_>, repo: &RepoState, pull: &Pull) -> Value {
    let (api, page) = (repos::url(ask, repo), repos::page(ask, repo));
    let (url, number) = (format!("{api}/pulls/{}", pull.number), pull.number);
    let html = format!("{page}/pull/{number}");
    let issue = format!("{api}/issues/{number}");
    let statuses = format!("{api}/statuses/{}", pull.head_sha());
    let link = |href: &str| json!({"href": href});
    let end = |label: &str, name: &str, sha: &str| {
        let home = repos::listed(ask, repo);
        json!({
            "label": label, "ref": name, "sha": sha, "user": people_of::owner(ask), "repo": home,
        })
    };
    let assignees: Vec<Value> = pull
        .assignees
        .iter()
        .map(|who| people_of::simple(ask, *who))
        .collect();
    let plain = json!({
        "url": url, "id": 600_000 + number, "node_id": format!("PR_{}_{number}", repo.spec.index),
        "html_url": html, "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "issue_url": issue, "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue}/comments"), "statuses_url": statuses,
        "number": number, "state": if pull.state == PullState::Open { "open" } else { "closed" },
        "locked": false, "title": pull.title, "user": people_of::simple(ask, pull.author),
        "body": pull.body,
        "labels": pull.labels.iter().map(|name| label(ask, repo, name)).collect::<Vec<_>>(),
    });
    let more = json!({
        "milestone": null, "active_lock_reason": null, "created_at": iso(pull.created_at),
        "updated_at": iso(pull.updated_at), "closed_at": pull.closed_at.map(iso),
        "merged_at": pull.merged_at.map(iso), "merge_commit_sha": pull.merge_sha,
        "assignee": assignees.first(), "assignees": assignees,
        "requested_reviewers":
            pull.requested.iter().map(|who| people_of::simple(ask, *who)).collect::<Vec<_>>(),
        "requested_teams": [],
        "head": end(&format!("acme:{}", pull.head_branch), &pull.head_branch, pull.head_sha()),
        "base": end(&format!("acme:{}", pull.base_branch), pull.base_branch, &pull.base_sha),
        "_links": {
            "comments": link(&format!("{issue}/comments")), "commits": link(&format!("{url}/commits")),
            "statuses": link(&statuses), "html": link(&html), "issue": link(&issue),
            "review_comments": link(&format!("{url}/comments")),
            "review_comment": link(&format!("{api}/pulls/comments{{/number}}")), "self": link(&url),
        },
        "author_association": "MEMBER", "auto_merge": null, "draft": pull.draft,
    });
    wire::join(plain, more)
}

fn full_pull(ask: &Ask<'_>, repo: &RepoState, one: &Pull) -> Value {
    let value = pull(ask, repo, one);
    let mergeable = match one.mergeable {
        "MERGEABLE" => Some(true),
        "CONFLICTING" => Some(false),
        _ => None,
    };
    let more = json!({
        "merged": one.merged_at.is_some(), "mergeable": mergeable, "rebaseable": mergeable,
        "mergeable_state": one.merge_state.to_lowercase(),
        "merged_by": one.merged_at.map(|_| people_of::simple(ask, one.author)),
        "comments": 0, "review_comments": 0, "maintainer_can_modify": true,
        "commits": one.commits.len(), "additions": one.additions, "deletions": one.deletions,
        "changed_files": one.files.len(),
    });
    wire::join(value, more)
}
