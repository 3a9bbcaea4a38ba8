//! Deployments, and the merge requests that each brought.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::compare;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, deliveries, error, jobs, list, merges, missing, pipelines, time, users,
};
use crate::demo::forge::wire::join;
use crate::demo::scenario::model::{Deployment, Pull};
use crate::domain::Timestamp;

/// Returns the number of a deployment.
fn id(project: &Project, one: &Deployment) -> u64 {
    pipelines::grows(&project.repo, one.created_at, one.id, 10)
}

/// Returns whether production of a project wants an approval; elsewhere its job is started by hand.
pub(super) fn is_guarded(project: &Project) -> bool {
    project.repo.spec.index % 2 == 1
}

/// Returns whether a deployment waits for an approval.
pub(super) fn is_blocked(project: &Project, one: &Deployment) -> bool {
    status(project, one) == "blocked"
}

/// Returns the deployment with this number.
pub(super) fn find<'a>(project: &'a Project, number: &str) -> Option<&'a Deployment> {
    let number: u64 = number.parse().ok()?;
    let mut all = project.repo.deployments.iter();
    all.find(|one| id(project, one) == number)
}

/// Returns the status in GitLab's words; one that was good stays so when the next one comes.
fn status(project: &Project, one: &Deployment) -> &'static str {
    match one.state() {
        "success" | "inactive" => "success",
        "failure" | "error" => "failed",
        "in_progress" => "running",
        "waiting" if is_guarded(project) => "blocked",
        _ => "created",
    }
}

/// Returns when it last changed here: one that a newer one replaces is not touched.
fn updated_at(one: &Deployment) -> Timestamp {
    let mut own = one.statuses.iter().filter(|at| at.state != "inactive");
    own.next().map_or(one.created_at, |last| last.at)
}

/// Returns whether it got where it should.
pub(super) fn done(one: &Deployment) -> bool {
    matches!(one.state(), "success" | "inactive")
}

fn refused(ask: &Ask<'_>) -> Option<Answer> {
    let order = ask.param("order_by");
    let asks = |what: &str| {
        let ends = ["after", "before"];
        ends.iter()
            .any(|end| ask.param(&format!("{what}_{end}")).is_some())
    };
    let text = if asks("updated") && order != Some("updated_at") {
        "`updated_at` filter and `updated_at` sorting must be paired"
    } else if asks("finished") && order != Some("finished_at") {
        "`finished_at` filter and `finished_at` sorting must be paired"
    } else if asks("finished") && ask.param("status") != Some("success") {
        "`finished_at` filter must be combined with `success` status filter."
    } else if ask.param("status") == Some("finished") {
        "status does not have a valid value"
    } else {
        return None;
    };
    Some(error(StatusCode::BAD_REQUEST, text))
}

/// Answers what is asked of deployments.
pub(super) fn answer(ask: &Ask<'_>, project: &Project, path: &[&str]) -> Answer {
    let repo = &project.repo;
    match path {
        [] => {
            if let Some(refused) = refused(ask) {
                return refused;
            }
            let all = repo.deployments.iter();
            let mut rows: Vec<&Deployment> = all
                .filter(|one| {
                    list::within(ask, "updated", updated_at(one))
                        && list::within(ask, "finished", updated_at(one))
                        && ask
                            .param("environment")
                            .is_none_or(|name| name == one.environment)
                        && list::wants(ask, "status", status(project, one))
                })
                .collect();
            // Here, and only here, the oldest come first where nothing is said.
            list::sort(ask, &mut rows, false, |one| {
                (one.created_at, updated_at(one), id(project, one))
            });
            list::page(ask, &rows, |one| written(ask, project, one))
        }
        [number, rest @ ..] => {
            let Some(one) = find(project, number) else {
                return missing("Deployment");
            };
            match rest {
                [] => Answer::json(join(written(ask, project, one), approvals(project, one))),
                ["merge_requests"] => {
                    let pulls = brought(project, one);
                    list::page(ask, &pulls, |pull| merges::written(ask, project, pull))
                }
                _ => beyond(),
            }
        }
    }
}

/// Returns the merge requests that a deployment brought: those since the one before it that got to
/// the same place.
fn brought<'a>(project: &'a Project, one: &Deployment) -> Vec<&'a Pull> {
    let repo = &project.repo;
    if !done(one) {
        return Vec::new();
    }
    let mut older = repo.deployments.iter().filter(|other| {
        other.environment == one.environment && other.created_at < one.created_at && done(other)
    });
    let Some(before) = older.next() else {
        return Vec::new();
    };
    let range = compare::range(repo, &before.sha, &one.sha);
    let mut numbers: Vec<u64> = Vec::new();
    for sha in &range.ahead {
        let number = repo.commits.get(sha).and_then(|commit| commit.pull);
        numbers.extend(number.filter(|number| !numbers.contains(number)));
    }
    let pulls = repo.pulls.iter();
    pulls
        .filter(|pull| numbers.contains(&pull.number))
        .collect()
}

/// Returns a deployment as lists have it.
pub(super) fn written(ask: &Ask<'_>, project: &Project, one: &Deployment) -> Value {
    let repo = &project.repo;
    let place = if one.environment.ends_with("production") {
        "deploy-production"
    } else {
        "deploy-staging"
    };
    let run = repo.runs.iter().find(|run| run.id == one.run);
    let job = run.and_then(|run| {
        let mut all = jobs::made(run).into_iter();
        all.find(|made| made.job.name == place && !made.retried)
    });
    json!({
        "id": id(project, one), "iid": one.id & 0x7_ffff, "ref": one.git_ref, "sha": one.sha,
        "created_at": time(one.created_at), "updated_at": time(updated_at(one)),
        "user": users::brief(ask, one.creator),
        "environment": deliveries::environment(project, &one.environment),
        "deployable": job.map(|job| jobs::written(ask, project, &job)), "status": status(project, one),
        "pending_approval_count": u8::from(is_blocked(project, one)),
    })
}

fn approvals(project: &Project, one: &Deployment) -> Value {
    let left = u8::from(is_blocked(project, one));
    let guarded = is_guarded(project) && one.environment.ends_with("production");
    let rules: Vec<Value> = guarded
        .then(|| {
            json!({
                "user_id": null, "group_id": null, "access_level": 40,
                "access_level_description": "Maintainers", "required_approvals": 1,
                "deployment_approvals": [], "status": if left == 0 { "approved" } else { "pending_approval" },
            })
        })
        .into_iter()
        .collect();
    json!({"approvals": [], "approval_summary": {"rules": rules}})
}
