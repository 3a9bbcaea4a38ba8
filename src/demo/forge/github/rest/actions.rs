//! Runs, jobs, logs, gates and checks, as REST writes them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::github::blobs;
use crate::demo::forge::github::rest::{Ask, artifacts, people_of, repos};
use crate::demo::forge::wire;
use crate::demo::scenario::ci::WORKFLOWS;
use crate::demo::scenario::model::{Job, RepoState, Run};
use crate::demo::scenario::{log, people};
use crate::domain::Timestamp;

/// How many runs a filtered list shows at most, as on the real host.
const FILTERED: usize = 1_000;

/// Answers what is asked of actions.
pub(super) fn answer(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    match rest {
        ["runs"] => runs(ask, repo, None),
        ["runs", id, rest @ ..] => with_run(repo, id, |run| of_run(ask, repo, run, rest)),
        ["jobs", id] => with_job(repo, id, |run, job| {
            Answer::json(self::job(ask, repo, run, job))
        }),
        ["jobs", id, "logs"] => with_job(repo, id, |_, job| log(ask, job)),
        ["artifacts", rest @ ..] => artifacts::answer(ask, repo, rest),
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

fn of_run(ask: &Ask<'_>, repo: &RepoState, run: &Run, rest: &[&str]) -> Answer {
    match rest {
        [] => Answer::json(written(ask, repo, run, run.attempts.len())),
        ["jobs"] if ask.asked.param("filter") == Some("all") => {
            let all: Vec<&Job> = run.attempts.iter().rev().flatten().collect();
            jobs(ask, repo, run, &all)
        }
        ["jobs"] => jobs(ask, repo, run, &run.jobs().iter().collect::<Vec<_>>()),
        ["logs"] => archive(ask, run, run.attempts.len()),
        ["pending_deployments"] => gates(ask, repo, run),
        ["artifacts"] => artifacts::of_run(ask, repo, run),
        ["attempts", nth, rest @ ..] => {
            let number = nth.parse::<usize>().unwrap_or(0);
            let Some(found) = number.checked_sub(1).and_then(|nth| run.attempts.get(nth)) else {
                return Answer::not_found();
            };
            match rest {
                [] => Answer::json(written(ask, repo, run, number)),
                ["jobs"] => jobs(ask, repo, run, &found.iter().collect::<Vec<_>>()),
                ["logs"] => archive(ask, run, number),
                _ => Answer::not_found(),
            }
        }
        _ => Answer::not_found(),
    }
}

/// Leads to the log of a job; as on the real host there is none before the job is over.
fn log(ask: &Ask<'_>, job: &Job) -> Answer {
    if job.started_at.is_none() || job.completed_at.is_none() {
        return Answer::not_found();
    }
    if log::gone(job, ask.asked.now) {
        return Answer::error(StatusCode::GONE, "Server Error");
    }
    let path = format!("logs/{}.txt", job.id);
    Answer::redirect(StatusCode::FOUND, blobs::link(ask.ground, ask.asked, &path))
}

/// Leads to the logs of one attempt as an archive.
fn archive(ask: &Ask<'_>, run: &Run, attempt: usize) -> Answer {
    let jobs = attempt.checked_sub(1).and_then(|nth| run.attempts.get(nth));
    let over = |job: &Job| job.completed_at.is_some();
    if !jobs.is_some_and(|jobs| jobs.iter().any(over)) {
        return Answer::not_found();
    }
    if ask.asked.now - run.updated_at > log::KEPT {
        return Answer::error(StatusCode::GONE, "Server Error");
    }
    let path = format!("runs/{}/{attempt}.zip", run.id);
    Answer::redirect(StatusCode::FOUND, blobs::link(ask.ground, ask.asked, &path))
}

pub(super) fn with_run(repo: &RepoState, id: &str, found: impl FnOnce(&Run) -> Answer) -> Answer {
    let id: Option<u64> = id.parse().ok();
    let run = repo.runs.iter().find(|run| Some(run.id) == id);
    run.map_or_else(Answer::not_found, found)
}

pub(super) fn with_job(
    repo: &RepoState,
    id: &str,
    found: impl FnOnce(&Run, &Job) -> Answer,
) -> Answer {
    let id: Option<u64> = id.parse().ok();
    for run in &repo.runs {
        if let Some(job) = run.attempts.iter().flatten().find(|job| Some(job.id) == id) {
            return found(run, job);
        }
    }
    Answer::not_found()
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
        |run| written(ask, repo, run, run.attempts.len()),
        |total, rows| json!({"total_count": total, "workflow_runs": rows}),
    )
}

/// How one attempt of a run stands.
struct Standing {
    status: &'static str,
    conclusion: Option<&'static str>,
    started: Timestamp,
    updated: Timestamp,
}

/// Returns how an attempt stands; those before the latest are over.
fn standing(run: &Run, attempt: usize) -> Standing {
    let earlier = run
        .attempts
        .get(attempt.saturating_sub(1))
        .filter(|_| attempt < run.attempts.len());
    let Some(jobs) = earlier else {
        return Standing {
            status: run.status,
            conclusion: run.conclusion,
            started: run.started_at,
            updated: run.updated_at,
        };
    };
    let ended = |word: &str| jobs.iter().any(|job| job.conclusion == Some(word));
    let red = ["failure", "cancelled"]
        .into_iter()
        .find(|word| ended(word));
    let ends = jobs.iter().filter_map(|job| job.completed_at);
    let first = jobs.iter().map(|job| job.created_at).min();
    Standing {
        status: "completed",
        conclusion: Some(red.unwrap_or("success")),
        started: if attempt == 1 {
            run.created_at
        } else {
            first.unwrap_or(run.created_at)
        },
        updated: ends.max().unwrap_or(run.created_at),
    }
}

fn written(ask: &Ask<'_>, repo: &RepoState, run: &Run, attempt: usize) -> Value {
    let stands = standing(run, attempt);
    let url = format!("{}/actions/runs/{}", repos::url(ask, repo), run.id);
    let path = WORKFLOWS
        .get(run.workflow)
        .map_or("", |workflow| workflow.path);
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
        "display_title": run.title, "status": stands.status, "conclusion": stands.conclusion,
        "workflow_id": wire::workflow_id(repo, run.workflow), "url": url,
        "html_url": wire::run_url(ask.html, repo, run), "pull_requests": pulls,
    });
    let more = json!({
        "created_at": iso(run.created_at), "updated_at": iso(stands.updated),
        "actor": people_of::simple(ask, run.actor),
        "triggering_actor": people_of::simple(ask, run.triggered_by),
        "run_started_at": iso(stands.started), "jobs_url": format!("{url}/jobs"),
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
        "id": repo.spec.id, "url": repos::url(ask, repo), "name": repo.spec.name,
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
