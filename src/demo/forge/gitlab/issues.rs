//! Issues and incidents, of one project or of a whole group.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, list, merges, missing, projects, time, users,
};
use crate::demo::forge::wire::join;
use crate::demo::scenario::model::{Issue, Pull};
use crate::domain::Timestamp;

/// Returns the number of an issue in the whole server.
pub(super) fn id(project: &Project, number: u64) -> u64 {
    (project.id() << 20) + (1 << 19) + number
}

fn labels(issue: &Issue) -> Vec<&'static str> {
    let status = issue.status.and_then(|(word, _)| {
        let found = projects::WORKFLOW.iter().find(|(known, _)| *known == word);
        found.map(|(_, label)| *label)
    });
    issue.labels.iter().copied().chain(status).collect()
}

fn incident(issue: &Issue) -> bool {
    issue.labels.contains(&"incident")
}

/// Returns when it last changed: its status is a label here, and a new label is a change.
fn updated(issue: &Issue) -> Timestamp {
    let since = issue.status.map(|(_, since)| since);
    since.map_or(issue.updated_at, |since| since.max(issue.updated_at))
}

fn wanted(ask: &Ask<'_>, project: &Project, issue: &Issue) -> bool {
    let state = match ask.param("state") {
        Some("opened") => issue.closed.is_none(),
        Some("closed") => issue.closed.is_some(),
        Some(_) | None => true,
    };
    let kind = if incident(issue) { "incident" } else { "issue" };
    let all = labels(issue);
    let labelled = ask
        .param("labels")
        .is_none_or(|words| words.split(',').all(|word| all.contains(&word.trim())));
    let assigned = || {
        let mut who = issue.assignees.iter();
        who.any(|who| users::meant(ask, "assignee_username", *who))
    };
    let title = issue.title.to_lowercase();
    state
        && labelled
        && list::wants(ask, "issue_type", kind)
        && list::wants(ask, "iids", &issue.number.to_string())
        && list::within(ask, "updated", updated(issue))
        && list::within(ask, "created", issue.created_at)
        && users::meant(ask, "author_username", issue.author)
        && (ask.param("assignee_username").is_none() || assigned())
        && ask
            .param("search")
            .is_none_or(|words| title.contains(&words.to_lowercase()))
        && (ask.param("scope") != Some("created_by_me") || project.repo.issues.is_empty())
}

/// Answers with the issues of some projects.
pub(super) fn of(ask: &Ask<'_>, all: &[Project]) -> Answer {
    let rows = all.iter().flat_map(|project| {
        let issues = project.repo.issues.iter();
        issues.map(move |issue| (project, issue))
    });
    let mut rows: Vec<_> = rows
        .filter(|(project, one)| wanted(ask, project, one))
        .collect();
    list::sort(ask, &mut rows, true, |(project, issue)| {
        (issue.created_at, updated(issue), id(project, issue.number))
    });
    list::page(ask, &rows, |(project, issue)| written(ask, project, issue))
}

/// Answers what is asked of one issue.
pub(super) fn one(ask: &Ask<'_>, project: &Project, iid: &str, rest: &[&str]) -> Answer {
    let number: u64 = iid.parse().unwrap_or(0);
    let found = project.repo.issues.iter().find(|one| one.number == number);
    let Some(issue) = found else {
        return missing("Issue");
    };
    match rest {
        [] => Answer::json(join(
            written(ask, project, issue),
            json!({"subscribed": false}),
        )),
        ["related_merge_requests" | "closed_by"] => {
            let pulls = project.repo.pulls.iter();
            let pulls: Vec<&Pull> = pulls
                .filter(|pull| issue.pulls.contains(&pull.number))
                .collect();
            list::page(ask, &pulls, |pull| merges::written(ask, project, pull))
        }
        ["links" | "notes" | "discussions"] => list::page(ask, &[] as &[Value], Clone::clone),
        _ => beyond(),
    }
}

/// Returns an issue as GitLab writes it.
pub(super) fn written(ask: &Ask<'_>, project: &Project, issue: &Issue) -> Value {
    let number = issue.number;
    let path = &project.place.path;
    let api = format!(
        "{}/api/v4/projects/{}/issues/{number}",
        ask.host(),
        project.id()
    );
    let assignees: Vec<Value> = issue
        .assignees
        .iter()
        .map(|who| users::brief(ask, *who))
        .collect();
    let all = labels(issue);
    let labels: Vec<Value> = if ask.is("with_labels_details") {
        all.iter().map(|name| projects::label(name)).collect()
    } else {
        all.iter().map(|name| json!(name)).collect()
    };
    let (kind, severity) = if incident(issue) {
        ("incident", "HIGH")
    } else {
        ("issue", "UNKNOWN")
    };
    let closer = issue.assignees.first().copied().unwrap_or(issue.author);
    let closed_by = issue.closed.map(|_| users::brief(ask, closer));
    let pages = if kind == "incident" {
        "issues/incident"
    } else {
        "issues"
    };
    let plain = json!({
        "id": id(project, number), "iid": number, "project_id": project.id(),
        "title": issue.title, "description": issue.body,
        "state": if issue.closed.is_none() { "opened" } else { "closed" },
        "created_at": time(issue.created_at), "updated_at": time(updated(issue)),
        "closed_at": issue.closed.map(|(at, _)| time(at)), "closed_by": closed_by,
        "labels": labels,
        "milestone": issue.milestone.map(|number| projects::milestone(ask, project, number)),
        "assignees": assignees, "author": users::brief(ask, issue.author),
        "type": kind.to_uppercase(), "assignee": assignees.first(), "user_notes_count": 0,
        "merge_requests_count": issue.pulls.len(), "upvotes": 0, "downvotes": 0,
        "due_date": null, "confidential": false, "discussion_locked": null, "issue_type": kind,
        "web_url": format!("{}/-/{pages}/{number}", project.page(ask)),
    });
    let more = json!({
        "time_stats": {
            "time_estimate": 0, "total_time_spent": 0, "human_time_estimate": null,
            "human_total_time_spent": null,
        },
        "task_completion_status": {"count": 0, "completed_count": 0}, "weight": null,
        "blocking_issues_count": 0, "has_tasks": false,
        "_links": {
            "self": api, "notes": format!("{api}/notes"), "award_emoji": format!("{api}/award_emoji"),
            "project": format!("{}/api/v4/projects/{}", ask.host(), project.id()),
            "closed_as_duplicate_of": null,
        },
        "references": {
            "short": format!("#{number}"), "relative": format!("#{number}"),
            "full": format!("{path}#{number}"),
        },
        "severity": severity, "moved_to_id": null, "imported": false, "imported_from": "none",
        "service_desk_reply_to": null, "epic_iid": null, "epic": null, "iteration": null,
        "health_status": null,
    });
    join(plain, more)
}
