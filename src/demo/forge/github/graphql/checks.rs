//! Checks of a commit: their sum, suites, runs and single jobs.

use serde_json::{Value, json};

use crate::demo::forge::answer::iso;
use crate::demo::forge::github::graphql::fields::environment;
use crate::demo::forge::github::graphql::links::current;
use crate::demo::forge::wire;
use crate::demo::scenario::ci::WORKFLOWS;
use crate::demo::scenario::model::{RepoState, Run};
use crate::demo::scenario::trouble;

/// Returns the state of all checks of a commit in GraphQL's words, if it has any.
pub(super) fn rollup_state(repo: &RepoState, sha: &str) -> Option<&'static str> {
    let runs = current(repo, sha);
    let any = |judge: &dyn Fn(&Run) -> bool| runs.iter().any(|(_, run)| judge(run));
    if runs.is_empty() {
        None
    } else if any(&|run| run.conclusion.is_some_and(|word| word != "success")) {
        Some("FAILURE")
    } else if any(&|run| run.conclusion.is_none()) {
        Some("PENDING")
    } else {
        Some("SUCCESS")
    }
}

/// Returns the sum of all checks of a commit.
pub(super) fn rollup(repo: &RepoState, sha: &str) -> Value {
    json!({"id": format!("SCR_{sha}"), "state": rollup_state(repo, sha)})
}

fn upper(word: Option<&str>) -> Value {
    word.map_or(Value::Null, |word| json!(word.to_uppercase()))
}

/// Returns a check suite: what GitHub calls a run among checks.
pub(super) fn suite(host: &str, repo: &RepoState, run: &Run) -> Value {
    json!({
        "id": format!("CS_{}_{}", repo.spec.index, run.id), "databaseId": run.id,
        "status": run.status.to_uppercase(), "conclusion": upper(run.conclusion),
        "createdAt": iso(run.created_at), "updatedAt": iso(run.updated_at),
        "url": wire::run_url(host, repo, run),
        "app": {"id": "A_1", "name": "GitHub Actions", "slug": "github-actions", "databaseId": 15368},
    })
}

/// Returns a run.
pub(super) fn run_of(host: &str, repo: &RepoState, run: &Run) -> Value {
    let workflow = WORKFLOWS
        .get(run.workflow)
        .map_or("", |workflow| workflow.name);
    let full = repo.spec.full_name();
    let gate = run.gate.as_ref().map(|gate| {
        let mut environment = environment(repo, gate, true);
        wire::put(&mut environment, "latestCompletedDeployment", Value::Null);
        json!([{
            "environment": environment, "currentUserCanApprove": true, "waitTimer": 0,
            "waitTimerStartedAt": null, "reviewers": [],
        }])
    });
    json!({
        "id": format!("WFR_{}", run.id), "databaseId": run.id, "runNumber": run.number,
        "event": run.event, "createdAt": iso(run.created_at), "updatedAt": iso(run.updated_at),
        "url": wire::run_url(host, repo, run),
        "resourcePath": format!("/{full}/actions/runs/{}", run.id),
        "workflow": {
            "id": format!("W_{}", run.workflow), "databaseId": wire::workflow_id(repo, run.workflow),
            "name": workflow, "state": "ACTIVE",
            "url": format!("{host}/{full}/actions/workflows/{workflow}.yml"),
            "resourcePath": format!("/{full}/actions/workflows/{workflow}.yml"),
            "createdAt": "2024-01-15T09:00:00Z", "updatedAt": "2024-01-15T09:00:00Z",
        },
        "pendingDeploymentRequests": gate.unwrap_or_else(|| json!([])),
    })
}

/// Returns a job as a check; those of the latest attempt come first.
pub(super) fn check(host: &str, repo: &RepoState, run: usize, job: usize) -> Value {
    let Some(run) = repo.runs.get(run) else {
        return Value::Null;
    };
    let Some(job) = run.attempts.iter().rev().flatten().nth(job) else {
        return Value::Null;
    };
    let url = format!("{}/job/{}", wire::run_url(host, repo, run), job.id);
    let steps: Vec<Value> = job
        .steps
        .iter()
        .enumerate()
        .map(|(nth, step)| {
            json!({
                "name": step.name, "number": nth + 1, "status": step.status.to_uppercase(),
                "conclusion": upper(step.conclusion), "startedAt": step.started_at.map(iso),
                "completedAt": step.completed_at.map(iso), "secondsToCompletion": null,
            })
        })
        .collect();
    let red = job.conclusion == Some("failure");
    let notes = trouble::notes(repo, run, job);
    // Where the number is too large for `Int` the host gives `fullDatabaseId` only.
    let number = i32::try_from(job.id).ok();
    json!({
        "id": format!("CR_{}_{}", repo.spec.index, job.id), "databaseId": number,
        "name": job.name, "status": job.status.to_uppercase(),
        "conclusion": upper(job.conclusion), "startedAt": job.started_at.map(iso),
        "completedAt": job.completed_at.map(iso), "detailsUrl": url, "permalink": url,
        "url": url, "externalId": null, "text": null, "title": null,
        "summary": if red { json!("1 error") } else { Value::Null },
        "isRequired": run.event == "pull_request" && job.name != "lint", "steps": steps,
        "annotations": notes.iter().map(|note| json!({
            "annotationLevel": note.level.to_uppercase(), "message": note.message,
            "path": note.path, "title": note.title, "rawDetails": null, "databaseId": null,
            "location": {
                "start": {"line": note.line, "column": null},
                "end": {"line": note.line, "column": null},
            },
        })).collect::<Vec<_>>(),
    })
}
