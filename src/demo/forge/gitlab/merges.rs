//! Merge requests, of one project or of a whole group.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, commits, issues, list, missing, pipelines, projects, standing, time,
    users,
};
use crate::demo::forge::wire::join;
use crate::demo::scenario::model::{Pull, PullState, Run};

/// Returns the number of a merge request in the whole server.
pub(super) fn id(project: &Project, number: u64) -> u64 {
    (project.id() << 20) + number
}

/// Returns the title, which says it where it is a draft.
pub(super) fn title(pull: &Pull) -> String {
    if pull.draft {
        format!("Draft: {}", pull.title)
    } else {
        pull.title.clone()
    }
}

/// Returns the state in GitLab's words.
pub(super) fn state(pull: &Pull) -> &'static str {
    match pull.state {
        PullState::Open => "opened",
        PullState::Merged => "merged",
        PullState::Closed => "closed",
    }
}

fn wanted(ask: &Ask<'_>, pull: &Pull) -> bool {
    let stands = match ask.param("state") {
        None | Some("all") => true,
        Some(word) => word == state(pull),
    };
    let draft = ask.param("draft").or(ask.param("wip"));
    let labelled = |words: &str| {
        let mut words = words.split(',');
        words.all(|word| pull.labels.contains(&word.trim()))
    };
    let reviewer = || {
        let mut who = standing::who(pull).into_iter();
        who.any(|who| users::meant(ask, "reviewer_username", who))
    };
    stands
        && draft.is_none_or(|word| matches!(word, "yes" | "true" | "True") == pull.draft)
        && ask.param("labels").is_none_or(labelled)
        && list::wants(ask, "iids", &pull.number.to_string())
        && ask
            .param("source_branch")
            .is_none_or(|name| name == pull.head_branch)
        && ask
            .param("target_branch")
            .is_none_or(|name| name == pull.base_branch)
        && list::within(ask, "updated", pull.updated_at)
        && list::within(ask, "created", pull.created_at)
        && users::meant(ask, "author_username", pull.author)
        && (ask.param("reviewer_username").is_none() || reviewer())
}

/// Answers with the merge requests of some projects.
pub(super) fn of(ask: &Ask<'_>, all: &[Project]) -> Answer {
    let rows = all.iter().flat_map(|project| {
        let pulls = project.repo.pulls.iter();
        pulls.map(move |pull| (project, pull))
    });
    let mut rows: Vec<_> = rows.filter(|(_, pull)| wanted(ask, pull)).collect();
    if ask.param("order_by") == Some("merged_at") {
        rows.sort_by_key(|(_, pull)| pull.merged_at);
        if ask.param("sort") != Some("asc") {
            rows.reverse();
        }
    } else {
        list::sort(ask, &mut rows, true, |(project, pull)| {
            (pull.created_at, pull.updated_at, id(project, pull.number))
        });
    }
    list::page(ask, &rows, |(project, pull)| written(ask, project, pull))
}

/// Answers what is asked of one merge request.
pub(super) fn one(ask: &Ask<'_>, project: &Project, iid: &str, rest: &[&str]) -> Answer {
    let number: u64 = iid.parse().unwrap_or(0);
    let found = project.repo.pulls.iter().find(|pull| pull.number == number);
    let Some(pull) = found else {
        return missing("Merge Request");
    };
    match rest {
        [] => Answer::json(full(ask, project, pull)),
        ["closes_issues"] => {
            let issues = project.repo.issues.iter();
            let closed: Vec<_> = issues
                .filter(|issue| pull.closes.contains(&issue.number))
                .collect();
            list::page(ask, &closed, |issue| issues::written(ask, project, issue))
        }
        ["approvals"] => standing::approved(ask, project, pull),
        ["approval_state"] => standing::rules(ask, project, pull),
        ["reviewers"] => standing::reviewers(ask, pull),
        ["commits"] => {
            let newest: Vec<&String> = shas(pull).iter().rev().collect();
            list::page(ask, &newest, |sha| commits::written(ask, project, sha))
        }
        ["pipelines"] => {
            let all = ran(project, pull);
            list::page(ask, &all, |run| pipelines::brief(ask, project, run))
        }
        ["diffs"] => list::page(ask, &pull.files, |path| commits::diff(path)),
        ["changes"] => {
            let changes: Vec<Value> = pull.files.iter().map(|path| commits::diff(path)).collect();
            let more = json!({"changes": changes, "overflow": false});
            Answer::json(join(full(ask, project, pull), more))
        }
        ["notes"] => list::page(ask, &pull.reviews, |review| {
            standing::note(ask, pull, review)
        }),
        ["discussions" | "resource_state_events"] => list::page(ask, &[] as &[Value], Clone::clone),
        _ => beyond(),
    }
}

fn shas(pull: &Pull) -> &[String] {
    &pull.commits
}

/// Returns the pipelines that ran for a merge request, the newest first.
fn ran<'a>(project: &'a Project, pull: &Pull) -> Vec<&'a Run> {
    let runs = project.repo.runs.iter();
    runs.filter(|run| run.pull == Some(pull.number) && run.event != "push")
        .collect()
}

/// Answers with what is on the merge train.
pub(super) fn train(ask: &Ask<'_>, project: &Project) -> Answer {
    let pulls = project.repo.pulls.iter();
    let mut cars: Vec<&Pull> = pulls.filter(|pull| pull.queue.is_some()).collect();
    if ask.param("scope") == Some("complete") {
        cars.clear();
    }
    list::page(ask, &cars, |pull| {
        let mut runs = project.repo.runs.iter();
        let run = runs.find(|run| run.pull == Some(pull.number) && run.event == "merge_group");
        json!({
            "id": id(project, pull.number),
            "merge_request": {
                "id": id(project, pull.number), "iid": pull.number, "project_id": project.id(),
                "title": title(pull), "description": pull.body, "state": state(pull),
                "created_at": time(pull.created_at), "updated_at": time(pull.updated_at),
                "web_url": page(ask, project, pull),
            },
            "user": users::brief(ask, pull.author),
            "pipeline": run.map(|run| pipelines::brief(ask, project, run)),
            "created_at": time(pull.updated_at), "updated_at": time(pull.updated_at),
            "target_branch": pull.base_branch, "merged_at": null, "duration": 0,
            "status": if run.is_some() { "fresh" } else { "idle" },
        })
    })
}

fn page(ask: &Ask<'_>, project: &Project, pull: &Pull) -> String {
    format!("{}/-/merge_requests/{}", project.page(ask), pull.number)
}

/// The commits that a merge leaves: of the merge, of the squash, and the newest of the branch.
fn landed<'a>(project: &Project, pull: &'a Pull) -> (Option<&'a str>, Option<&'a str>, &'a str) {
    let on_base = pull.merge_sha.as_deref();
    match project.repo.spec.method {
        "MERGE" => (on_base, None, pull.head_sha()),
        "SQUASH" => (None, on_base, pull.head_sha()),
        // Without either, the branch itself was put on top of its base.
        _ => (None, None, on_base.unwrap_or(pull.head_sha())),
    }
}

/// Returns a merge request as lists have it.
pub(super) fn written(ask: &Ask<'_>, project: &Project, pull: &Pull) -> Value {
    let number = pull.number;
    let people =
        |all: &[usize]| -> Vec<Value> { all.iter().map(|who| users::brief(ask, *who)).collect() };
    let assignees = people(&pull.assignees);
    let (merge, squash, sha) = landed(project, pull);
    let merger = pull.merged_at.map(|_| users::brief(ask, pull.author));
    let closed = pull.closed_at.filter(|_| pull.state == PullState::Closed);
    let labels: Vec<Value> = if ask.is("with_labels_details") {
        pull.labels
            .iter()
            .map(|name| projects::label(name))
            .collect()
    } else {
        pull.labels.iter().map(|name| json!(name)).collect()
    };
    let source = if pull.fork {
        project.id() + 500_000
    } else {
        project.id()
    };
    let plain = json!({
        "id": id(project, number), "iid": number, "project_id": project.id(),
        "title": title(pull), "description": pull.body, "state": state(pull),
        "created_at": time(pull.created_at), "updated_at": time(pull.updated_at),
        "merged_by": merger, "merge_user": merger, "merged_at": pull.merged_at.map(time),
        "closed_by": closed.map(|_| users::brief(ask, pull.author)), "closed_at": closed.map(time),
        "target_branch": pull.base_branch, "source_branch": pull.head_branch,
        "user_notes_count": 0, "upvotes": 0, "downvotes": 0,
        "author": users::brief(ask, pull.author), "assignees": assignees,
        "assignee": assignees.first(), "reviewers": people(&standing::who(pull)),
        "source_project_id": source, "target_project_id": project.id(), "labels": labels,
    });
    let more = json!({
        "draft": pull.draft, "work_in_progress": pull.draft, "imported": false,
        "imported_from": "none", "milestone": null,
        "merge_when_pipeline_succeeds": pull.queue.is_some(), "merge_after": null,
        "merge_status": standing::short(pull),
        "detailed_merge_status": standing::detailed(project, pull), "sha": sha,
        "merge_commit_sha": merge, "squash_commit_sha": squash, "discussion_locked": null,
        "should_remove_source_branch": null, "force_remove_source_branch": true,
        "prepared_at": time(pull.created_at), "reference": format!("!{number}"),
        "references": {
            "short": format!("!{number}"), "relative": format!("!{number}"),
            "full": format!("{}!{number}", project.place.path),
        },
        "web_url": page(ask, project, pull),
        "time_stats": {
            "time_estimate": 0, "total_time_spent": 0, "human_time_estimate": null,
            "human_total_time_spent": null,
        },
        "squash": project.repo.spec.method == "SQUASH",
        "squash_on_merge": project.repo.spec.method == "SQUASH",
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": pull.mergeable == "CONFLICTING",
        "blocking_discussions_resolved": true, "approvals_before_merge": null,
    });
    join(plain, more)
}

/// Returns a merge request as its own page has it.
fn full(ask: &Ask<'_>, project: &Project, pull: &Pull) -> Value {
    let run = standing::pipeline(project, pull);
    let more = json!({
        "subscribed": false, "changes_count": pull.files.len().to_string(),
        "latest_build_started_at": run.map(|run| time(run.started_at)),
        "latest_build_finished_at":
            run.filter(|run| run.status == "completed").map(|run| time(run.updated_at)),
        "first_deployed_to_production_at": null,
        "pipeline": run.map(|run| pipelines::brief(ask, project, run)),
        "head_pipeline": run.map(|run| pipelines::full(ask, project, run)),
        "diff_refs": {
            "base_sha": pull.base_sha, "head_sha": pull.head_sha(), "start_sha": pull.base_sha,
        },
        "merge_error": null, "first_contribution": false,
        "diverged_commits_count": usize::from(pull.merge_state == "BEHIND") * 3,
        "user": {"can_merge": true},
    });
    join(written(ask, project, pull), more)
}
