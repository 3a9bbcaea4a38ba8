//! Issues, of one repository or of all; pull requests are issues as well.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::forgejo::{Ask, Home, homes, missing, page, pulls, repos, time, user};
use crate::demo::forge::wire::{self, join};
use crate::demo::scenario::model::{Issue, Pull, PullState};
use crate::domain::Timestamp;

/// One record of a list of issues.
enum Row<'a> {
    Issue(&'a Home, &'a Issue),
    Pull(&'a Home, &'a Pull),
}

impl Row<'_> {
    fn updated(&self) -> Timestamp {
        match self {
            Self::Issue(_, issue) => updated(issue),
            Self::Pull(_, pull) => pull.updated_at,
        }
    }

    fn created(&self) -> Timestamp {
        match self {
            Self::Issue(_, issue) => issue.created_at,
            Self::Pull(_, pull) => pull.created_at,
        }
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Issue(_, issue) => issue.closed.is_none(),
            Self::Pull(_, pull) => pull.state == PullState::Open,
        }
    }

    fn title(&self) -> &str {
        match self {
            Self::Issue(_, issue) => &issue.title,
            Self::Pull(_, pull) => &pull.title,
        }
    }

    fn labels(&self) -> Vec<String> {
        match self {
            Self::Issue(_, issue) => labels_of(issue),
            Self::Pull(_, pull) => pull.labels.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn written(&self, ask: &Ask<'_>) -> Value {
        match self {
            Self::Issue(home, issue) => issue_of(ask, home, issue),
            Self::Pull(home, pull) => pull_of(ask, home, pull),
        }
    }
}

/// The team's board is told by labels: there is no interface for boards.
fn labels_of(issue: &Issue) -> Vec<String> {
    let status = issue.status.map(|(word, _)| word.to_lowercase());
    let status = status.filter(|word| word != "done");
    let plain = issue.labels.iter().map(|name| (*name).to_owned());
    plain.chain(status).collect()
}

/// Returns when it last changed: its status is a label here, and a new label is a change.
fn updated(issue: &Issue) -> Timestamp {
    let since = issue.status.map(|(_, since)| since);
    since.map_or(issue.updated_at, |since| since.max(issue.updated_at))
}

fn rows<'a>(ask: &Ask<'_>, homes: &'a [Home], state: &str) -> Vec<Row<'a>> {
    let kind = ask.param("type").unwrap_or_default();
    let issues = homes.iter().flat_map(|home| {
        let issues = home.repo.issues.iter();
        issues.map(move |issue| Row::Issue(home, issue))
    });
    let pulls = homes.iter().flat_map(|home| {
        let pulls = home.repo.pulls.iter();
        pulls.map(move |pull| Row::Pull(home, pull))
    });
    let instant = |name: &str| ask.param(name)?.parse::<Timestamp>().ok();
    let (since, before) = (instant("since"), instant("before"));
    let words = ask.param("q").unwrap_or_default().to_lowercase();
    let mut all: Vec<Row<'a>> = issues
        .filter(|_| kind != "pulls")
        .chain(pulls.filter(|_| kind != "issues"))
        .filter(|row| state == "all" || (state == "open") == row.is_open())
        .filter(|row| since.is_none_or(|since| row.updated() >= since))
        .filter(|row| before.is_none_or(|before| row.updated() <= before))
        .filter(|row| row.title().to_lowercase().contains(&words))
        .filter(|row| {
            let labels = row.labels();
            let asked = ask.param("labels").unwrap_or_default();
            let mut asked = asked.split(',').filter(|name| !name.is_empty());
            asked.all(|name| labels.iter().any(|label| label == name))
        })
        .collect();
    match ask.param("sort") {
        Some("recentupdate") => all.sort_by_key(|row| std::cmp::Reverse(row.updated())),
        Some("leastupdate") => all.sort_by_key(Row::updated),
        Some("oldest") => all.sort_by_key(Row::created),
        Some(_) | None => all.sort_by_key(|row| std::cmp::Reverse(row.created())),
    }
    all
}

/// Answers a search over all repositories.
pub(super) fn search(ask: &Ask<'_>) -> Answer {
    let homes = homes(ask, ask.param("owner"));
    let all = rows(ask, &homes, ask.param("state").unwrap_or("open"));
    page(ask, &all, |row| row.written(ask))
}

/// Answers with the issues of a repository.
pub(super) fn of(ask: &Ask<'_>, home: &Home) -> Answer {
    let own = std::slice::from_ref(home);
    let all = rows(ask, own, ask.param("state").unwrap_or("open"));
    page(ask, &all, |row| row.written(ask))
}

/// Answers with one issue.
pub(super) fn one(ask: &Ask<'_>, home: &Home, number: &str) -> Answer {
    let number: u64 = number.parse().unwrap_or(0);
    let mut issues = home.repo.issues.iter();
    if let Some(issue) = issues.find(|issue| issue.number == number) {
        return Answer::json(issue_of(ask, home, issue));
    }
    let mut pulls = home.repo.pulls.iter();
    let pull = pulls.find(|pull| pull.number == number);
    pull.map_or_else(missing, |pull| Answer::json(pull_of(ask, home, pull)))
}

/// Returns a label.
pub(super) fn label(name: &str) -> Value {
    let (_, color, about) = wire::label(name);
    let id = name.bytes().map(u64::from).sum::<u64>();
    json!({
        "id": id, "name": name, "exclusive": false, "is_archived": false, "color": color,
        "description": about, "url": "",
    })
}

fn milestone(number: u64) -> Value {
    json!({
        "id": number, "title": wire::milestone_title(number), "description": "", "state": "open",
        "open_issues": 0, "closed_issues": 0, "created_at": "2024-01-15T09:00:00Z",
        "updated_at": "2024-01-15T09:00:00Z", "closed_at": null, "due_on": null,
    })
}

/// Answers with all labels.
pub(super) fn labels(ask: &Ask<'_>) -> Answer {
    page(ask, wire::LABELS, |(name, ..)| label(name))
}

/// Answers with all milestones.
pub(super) fn milestones(ask: &Ask<'_>) -> Answer {
    page(ask, &[1, 2, 3], |number| milestone(*number))
}

fn issue_of(ask: &Ask<'_>, home: &Home, issue: &Issue) -> Value {
    let number = issue.number;
    let labels: Vec<Value> = labels_of(issue).iter().map(|name| label(name)).collect();
    let assignees: Vec<Value> = issue.assignees.iter().map(|who| user(ask, *who)).collect();
    let plain = json!({
        "id": home.repo.spec.id * 100_000 + number,
        "url": format!("{}/issues/{number}", home.api(ask)),
        "html_url": format!("{}/issues/{number}", home.page(ask)), "number": number,
        "user": user(ask, issue.author), "title": issue.title, "body": issue.body,
        "labels": labels, "milestone": issue.milestone.map(milestone),
        "state": if issue.closed.is_none() { "open" } else { "closed" },
        "created_at": time(issue.created_at), "updated_at": time(updated(issue)),
        "closed_at": issue.closed.map(|(at, _)| time(at)), "pull_request": null,
    });
    join(
        join(plain, rest(home)),
        json!({"assignee": assignees.first(), "assignees": assignees}),
    )
}

fn pull_of(ask: &Ask<'_>, home: &Home, pull: &Pull) -> Value {
    let number = pull.number;
    let web = format!("{}/pulls/{number}", home.page(ask));
    let labels: Vec<Value> = pull.labels.iter().map(|name| label(name)).collect();
    let assignees: Vec<Value> = pull.assignees.iter().map(|who| user(ask, *who)).collect();
    let plain = json!({
        "id": home.repo.spec.id * 100_000 + number,
        "url": format!("{}/issues/{number}", home.api(ask)), "html_url": web, "number": number,
        "user": user(ask, pull.author), "title": pulls::title(pull), "body": pull.body,
        "labels": labels, "milestone": null,
        "state": if pull.state == PullState::Open { "open" } else { "closed" },
        "created_at": time(pull.created_at), "updated_at": time(pull.updated_at),
        "closed_at": pull.closed_at.map(time),
        "pull_request": {
            "merged": pull.state == PullState::Merged, "merged_at": pull.merged_at.map(time),
            "draft": pull.draft, "html_url": web,
        },
    });
    join(
        join(plain, rest(home)),
        json!({"assignee": assignees.first(), "assignees": assignees}),
    )
}

fn rest(home: &Home) -> Value {
    json!({
        "original_author": "", "original_author_id": 0, "ref": "", "assets": [],
        "is_locked": false, "comments": 0, "due_date": null, "pin_order": 0,
        "repository": repos::brief(home),
    })
}
