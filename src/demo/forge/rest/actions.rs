//! Runs, jobs, logs, gates and checks, as REST writes them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::rest::{Ask, compare, people_of, repos};
use crate::demo::forge::wire;
use crate::demo::scenario::ci::WORKFLOWS;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::people;

/// How many runs a filtered list shows at most, as on the real host.
const FILTERED: usize = 1_000;

/// Answers what is asked of actions.
pub(super) fn answer(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    match rest {
        ["runs"] => runs(ask, repo, None),
        ["runs", id] => with_run(repo, id, |run| Answer::json(written(ask, repo, run))),
        ["runs", id, "jobs"] => with_run(repo, id, |run| {
            if ask.asked.param("filter") == Some("all") {
                jobs(
                    ask,
                    repo,
                    run,
                    &run.attempts.iter().rev().flatten().collect::<Vec<_>>(),
                )
            } else {
                jobs(ask, repo, run, &run.jobs().iter().collect::<Vec<_>>())
            }
        }),
        ["runs", id, "attempts", nth] => with_run(repo, id, |run| {
            if attempt(run, nth).is_some() {
                Answer::json(written(ask, repo, run))
            } else {
                Answer::not_found()
            }
        }),
        ["runs", id, "attempts", nth, "jobs"] => {
            with_run(repo, id, |run| match attempt(run, nth) {
                Some(found) => jobs(ask, repo, run, &found.iter().collect::<Vec<_>>()),
                None => Answer::not_found(),
            })
        }
        ["runs", id, "pending_deployments"] => with_run(repo, id, |run| gates(ask, repo, run)),
        ["runs", id, "artifacts"] => with_run(repo, id, |_| {
            Answer::page(
                ask.asked,
                &[] as &[Value],
                Clone::clone,
                |total, rows| json!({"total_count": total, "artifacts": rows}),
            )
        }),
        ["jobs", id] => with_job(repo, id, |run, job| {
            Answer::json(self::job(ask, repo, run, job))
        }),
        ["jobs", id, "logs"] => with_job(repo, id, |_, job| {
            if job.started_at.is_none() {
                return Answer::not_found();
            }
            // The signature is for show: whoever has the address may read, so it must not need more.
            let to = format!("{}logs/{}.txt?sig=simulated", ask.ground.blobs, job.id);
            Answer::redirect(StatusCode::FOUND, to)
        }),
        ["workflows"] => {
            let all: Vec<usize> = (0..WORKFLOWS.len()).collect();
            Answer::page(
                ask.asked,
                &all,
                |index| workflow(ask, repo, *index),
                |total, rows| json!({"total_count": total, "workflows": rows}),
            )
        }
        ["workflows", id] => match find_workflow(repo, id) {
            Some(index) => Answer::json(workflow(ask, repo, index)),
            None => Answer::not_found(),
        },
        ["workflows", id, "runs"] => match find_workflow(repo, id) {
            Some(index) => runs(ask, repo, Some(index)),
            None => Answer::not_found(),
        },
        _ => Answer::not_found(),
    }
}

fn with_run(repo: &RepoState, id: &str, found: impl FnOnce(&Run) -> Answer) -> Answer {
    let id: Option<u64> = id.parse().ok();
    let run = repo.runs.iter().find(|run| Some(run.id) == id);
    run.map_or_else(Answer::not_found, found)
}

fn with_job(repo: &RepoState, id: &str, found: impl FnOnce(&Run, &Job) -> Answer) -> Answer {
    let id: Option<u64> = id.parse().ok();
    for run in &repo.runs {
        if let Some(job) = run.attempts.iter().flatten().find(|job| Some(job.id) == id) {
            return found(run, job);
        }
    }
    Answer::not_found()
}

fn attempt<'a>(run: &'a Run, nth: &str) -> Option<&'a Vec<Job>> {
    run.attempts.get(nth.parse::<usize>().ok()?.checked_sub(1)?)
}

fn find_workflow(repo: &RepoState, id: &str) -> Option<usize> {
    WORKFLOWS.iter().enumerate().position(|(index, workflow)| {
        workflow.path.rsplit('/').next() == Some(id)
            || id.parse() == Ok(wire::workflow_id(repo, index))
    })
}

fn runs(ask: &Ask<'_>, repo: &RepoState, workflow: Option<usize>) -> Answer {
    let asked = ask.asked;
    let filters = ["head_sha", "event", "status", "branch", "actor", "created"];
    let filtered = filters.iter().any(|name| asked.param(name).is_some());
    let login = |run: &Run| people::of(run.actor).login;
    let mut found: Vec<&Run> = repo
        .runs
        .iter()
        .filter(|run| {
            workflow.is_none_or(|index| run.workflow == index)
                && asked.param("head_sha").is_none_or(|sha| run.sha == sha)
                && asked.param("event").is_none_or(|event| run.event == event)
                && asked
                    .param("branch")
                    .is_none_or(|branch| run.branch == branch)
                && asked.param("actor").is_none_or(|actor| login(run) == actor)
                && asked
                    .param("status")
                    .is_none_or(|word| run.status == word || run.conclusion == Some(word))
        })
        .collect();
    if filtered {
        found.truncate(FILTERED);
    }
    Answer::page(
        asked,
        &found,
        |run| written(ask, repo, run),
        |total, rows| json!({"total_count": total, "workflow_runs": rows}),
    )
}

fn written(ask: &Ask<'_>, repo: &RepoState, run: &Run) -> Value {
    let url = format!("{}/actions/runs/{}", repos::url(ask, repo), run.id);
    let path = WORKFLOWS
        .get(run.workflow)
        .map_or("", |workflow| workflow.path);
    let attempt = run.attempts.len();
    let commit = repo.commits.get(&run.sha);
    let author = people::of(commit.map_or(run.actor, |commit| commit.author));
    let pulls: Vec<Value> = if ask.asked.param("exclude_pull_requests") == Some("true") {
        Vec::new()
    } else {
        run.pull
            .iter()
            .filter_map(|number| pull_in_short(ask, repo, *number))
            .collect()
    };
    let plain = json!({
        "id": run.id, "name": WORKFLOWS.get(run.workflow).map(|workflow| workflow.name),
        "node_id": format!("WFR_{}", run.id), "check_suite_id": run.id,
        "check_suite_node_id": format!("CS_{}_{}", repo.spec.index, run.id),
        "head_branch": run.branch, "head_sha": run.sha, "path": path, "run_number": run.number,
        "run_attempt": attempt, "referenced_workflows": [], "event": run.event,
        "display_title": run.title, "status": run.status, "conclusion": run.conclusion,
        "workflow_id": wire::workflow_id(repo, run.workflow), "url": url,
        "html_url": wire::run_url(ask.html, repo, run), "pull_requests": pulls,
    });
    let more = json!({
        "created_at": iso(run.created_at), "updated_at": iso(run.updated_at),
        "actor": people_of::simple(ask, run.actor),
        "triggering_actor": people_of::simple(ask, run.actor),
        "run_started_at": iso(run.started_at), "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{}/check-suites/{}", repos::url(ask, repo), run.id),
        "artifacts_url": format!("{url}/artifacts"), "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url":
            (attempt > 1).then(|| format!("{url}/attempts/{}", attempt - 1)),
        "workflow_url": format!(
            "{}/actions/workflows/{}", repos::url(ask, repo), wire::workflow_id(repo, run.workflow)
        ),
        "head_commit": {
            "id": run.sha, "tree_id": run.sha,
            "message": commit.map_or(run.title.as_str(), |commit| commit.message.as_str()),
            "timestamp": iso(commit.map_or(run.created_at, |commit| commit.at)),
            "author": {"name": author.name, "email": format!("{}@example.org", author.login)},
            "committer": {"name": author.name, "email": format!("{}@example.org", author.login)},
        },
        "repository": repos::brief(ask, repo), "head_repository": repos::brief(ask, repo),
    });
    wire::join(plain, more)
}

fn pull_in_short(ask: &Ask<'_>, repo: &RepoState, number: u64) -> Option<Value> {
    let pull = repo.pulls.iter().find(|pull| pull.number == number)?;
    let home = json!({
        "id": 5000 + repo.spec.index, "url": repos::url(ask, repo), "name": repo.spec.name,
    });
    // Of a fork, GitHub names no pull request.
    (!pull.fork).then(|| {
        json!({
            "id": 600_000 + number, "number": number,
            "url": format!("{}/pulls/{number}", repos::url(ask, repo)),
            "head": {"ref": pull.head_branch, "sha": pull.head_sha(), "repo": home},
            "base": {"ref": pull.base_branch, "sha": pull.base_sha, "repo": home},
        })
    })
}

fn jobs(ask: &Ask<'_>, repo: &RepoState, run: &Run, all: &[&Job]) -> Answer {
    Answer::page(
        ask.asked,
        all,
        |one| job(ask, repo, run, one),
        |total, rows| json!({"total_count": total, "jobs": rows}),
    )
}

fn job(ask: &Ask<'_>, repo: &RepoState, run: &Run, job: &Job) -> Value {
    let api = repos::url(ask, repo);
    let attempt = run
        .attempts
        .iter()
        .position(|jobs| jobs.iter().any(|one| one.id == job.id))
        .map_or(1, |index| index + 1);
    let steps: Vec<Value> = job
        .steps
        .iter()
        .enumerate()
        .map(|(nth, step)| {
            json!({
                "name": step.name, "status": step.status, "conclusion": step.conclusion,
                "number": nth + 1, "started_at": step.started_at.map(iso),
                "completed_at": step.completed_at.map(iso),
            })
        })
        .collect();
    let runner = job.started_at.map(|_| 1);
    json!({
        "id": job.id, "run_id": run.id, "workflow_name": WORKFLOWS.get(run.workflow).map(|w| w.name),
        "head_branch": run.branch, "run_url": format!("{api}/actions/runs/{}", run.id),
        "run_attempt": attempt, "node_id": format!("CR_{}_{}", repo.spec.index, job.id),
        "head_sha": run.sha, "url": format!("{api}/actions/jobs/{}", job.id),
        "html_url": format!("{}/job/{}", wire::run_url(ask.html, repo, run), job.id),
        "status": job.status, "conclusion": job.conclusion, "created_at": iso(job.created_at),
        // GitHub tells a start even of jobs that have not begun.
        "started_at": iso(job.started_at.unwrap_or(job.created_at)),
        "completed_at": job.completed_at.map(iso), "name": job.name, "steps": steps,
        "check_run_url": format!("{api}/check-runs/{}", job.id), "labels": ["ubuntu-latest"],
        "runner_id": runner, "runner_name": runner.map(|_| "GitHub Actions 1"),
        "runner_group_id": runner, "runner_group_name": runner.map(|_| "GitHub Actions"),
    })
}

fn gates(ask: &Ask<'_>, repo: &RepoState, run: &Run) -> Answer {
    let gates: Vec<Value> = run.gate.iter().map(|name| {
        let waits = run.jobs().iter().find(|job| job.status == "waiting").map(|job| job.created_at);
        json!({
            "environment": {
                "id": wire::environment_id(repo, name), "node_id": format!("EN_{name}"), "name": name,
                "url": format!("{}/environments/{name}", repos::url(ask, repo)),
                "html_url": format!("{}/deployments/{name}", repos::page(ask, repo)),
            },
            "wait_timer": 0, "wait_timer_started_at": waits.map(iso),
            "current_user_can_approve": true,
            "reviewers": [
                {"type": "User", "reviewer": people_of::simple(ask, people::VIEWER)},
                {"type": "User", "reviewer": people_of::simple(ask, 3)},
            ],
        })
    }).collect();
    Answer::json(Value::Array(gates))
}

fn workflow(ask: &Ask<'_>, repo: &RepoState, index: usize) -> Value {
    let found = WORKFLOWS.get(index);
    let (name, path) = found.map_or(("", ""), |workflow| (workflow.name, workflow.path));
    let id = wire::workflow_id(repo, index);
    let page = repos::page(ask, repo);
    json!({
        "id": id, "node_id": format!("W_{index}"), "name": name, "path": path, "state": "active",
        "created_at": "2024-01-15T09:00:00.000Z", "updated_at": "2024-01-15T09:00:00.000Z",
        "url": format!("{}/actions/workflows/{id}", repos::url(ask, repo)),
        "html_url": format!("{page}/blob/main/{path}"),
        "badge_url": format!("{page}/workflows/{name}/badge.svg"),
    })
}

/// Answers with the checks of a commit.
pub(super) fn checks_of(ask: &Ask<'_>, repo: &RepoState, name: &str) -> Answer {
    let Some(sha) = compare::resolve(repo, name) else {
        return Answer::not_found();
    };
    let mut all: Vec<(&Run, &Job)> = Vec::new();
    for run in repo.runs.iter().filter(|run| run.sha == sha) {
        all.extend(run.jobs().iter().map(|job| (run, job)));
    }
    Answer::page(
        ask.asked,
        &all,
        |(run, job)| check_run(ask, repo, run, job),
        |total, rows| json!({"total_count": total, "check_runs": rows}),
    )
}

/// Answers what is asked of one check.
pub(super) fn check_runs(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    match rest {
        [id] => with_job(repo, id, |run, job| {
            Answer::json(check_run(ask, repo, run, job))
        }),
        [id, "annotations"] => with_job(repo, id, |run, job| {
            Answer::list(
                ask.asked,
                &wire::annotations(job),
                |(level, message, path, line)| {
                    json!({
                        "path": path, "start_line": line, "end_line": line, "start_column": null,
                        "end_column": null, "annotation_level": level, "title": null, "message": message,
                        "raw_details": null,
                        "blob_href": format!("{}/blob/{}/{path}", repos::page(ask, repo), run.sha),
                    })
                },
            )
        }),
        _ => Answer::not_found(),
    }
}

fn check_run(ask: &Ask<'_>, repo: &RepoState, run: &Run, job: &Job) -> Value {
    let url = format!("{}/check-runs/{}", repos::url(ask, repo), job.id);
    let page = format!("{}/job/{}", wire::run_url(ask.html, repo, run), job.id);
    json!({
        "id": job.id, "head_sha": run.sha, "node_id": format!("CR_{}_{}", repo.spec.index, job.id),
        "external_id": null, "url": url, "html_url": page, "details_url": page,
        "status": job.status, "conclusion": job.conclusion,
        "started_at": job.started_at.map(iso), "completed_at": job.completed_at.map(iso),
        "output": {
            "title": null, "summary": null, "text": null,
            "annotations_count": wire::annotations(job).len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "name": job.name, "check_suite": {"id": run.id}, "app": null, "pull_requests": [],
    })
}
