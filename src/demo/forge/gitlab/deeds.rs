//! Writes: pipelines and jobs are tried again or broken off, manual jobs started, deployments
//! approved.
//!
//! The world knows deeds upon runs; to break off one job breaks off its run.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, deployments, error, jobs, missing, pipelines, project, time, users,
};
use crate::demo::forge::writes;
use crate::demo::scenario::Deed;
use crate::demo::scenario::model::Run;
use crate::demo::scenario::people::VIEWER;

/// Answers one write.
pub(super) fn answer(ask: &Ask<'_>, path: &[&str]) -> Answer {
    match writes::refused(ask.asked) {
        Some(StatusCode::UNAUTHORIZED) => return error(StatusCode::UNAUTHORIZED, "Unauthorized"),
        Some(status) => {
            let body = json!({
                "error": "insufficient_scope", "scope": "api", "error_description":
                    "The request requires higher privileges than provided by the access token.",
            });
            return Answer::json(body).status(status);
        }
        None => {}
    }
    let [
        "projects",
        id,
        kind @ ("pipelines" | "jobs" | "deployments"),
        number,
        deed,
    ] = path
    else {
        return beyond();
    };
    let Some(project) = project(ask, id).filter(|_| ask.asked.method == "POST") else {
        return missing("Project");
    };
    match *kind {
        "pipelines" => of_pipeline(ask, &project, number, deed),
        "deployments" => of_deployment(ask, &project, number, deed),
        _ => of_job(ask, &project, number, deed),
    }
}

fn act(ask: &Ask<'_>, project: &Project, run: &Run, deed: Deed) -> Option<Project> {
    let (index, now) = (project.place.index, ask.asked.now);
    ask.ground.world.act(index, now, run.id, deed);
    ask.ground.writes.record(&ask.asked.path);
    Some(Project {
        place: project.place.clone(),
        repo: ask.ground.world.at(index, now)?,
    })
}

fn of_pipeline(ask: &Ask<'_>, project: &Project, number: &str, deed: &str) -> Answer {
    let Some(run) = pipelines::find(&project.repo, number) else {
        return missing("Pipeline");
    };
    // What is over is neither broken off nor, where all is well, tried again: the pipeline is
    // answered as it is.
    let red = run
        .jobs()
        .iter()
        .any(|job| job.conclusion != Some("success"));
    let (does, status) = match deed {
        "retry" => {
            let fits = run.status == "completed" && red;
            (fits.then_some(Deed::RerunFailed), StatusCode::CREATED)
        }
        "cancel" => (
            (run.status != "completed").then_some(Deed::Cancel),
            StatusCode::OK,
        ),
        _ => return beyond(),
    };
    let after = does.and_then(|does| act(ask, project, run, does));
    let now = after.as_ref().unwrap_or(project);
    match pipelines::find(&now.repo, number) {
        Some(run) => Answer::json(pipelines::full(ask, now, run)).status(status),
        None => missing("Pipeline"),
    }
}

fn of_job(ask: &Ask<'_>, project: &Project, number: &str, deed: &str) -> Answer {
    let Some(found) = jobs::find(&project.repo, number) else {
        return missing("Not found");
    };
    let (run, job) = (found.run, found.job);
    let over = run.status == "completed";
    let does = match deed {
        "retry" if over && !found.retried && job.completed_at.is_some() => Deed::RerunJob(job.name),
        "retry" => return error(StatusCode::FORBIDDEN, "Forbidden - Job is not retryable"),
        "cancel" if over => return answered(ask, project, run, job.name),
        "cancel" => Deed::Cancel,
        // Where an approval is missing, nobody may start it.
        "play" if jobs::status(job) == "manual" && deployments::is_guarded(project) => {
            return error(StatusCode::FORBIDDEN, "Forbidden");
        }
        "play" if jobs::status(job) == "manual" => Deed::Pass,
        "play" => return error(StatusCode::BAD_REQUEST, "Bad request - Unplayable Job"),
        _ => return beyond(),
    };
    let (name, id) = (job.name, run.id);
    match act(ask, project, run, does) {
        Some(now) => match now.repo.runs.iter().find(|run| run.id == id) {
            Some(run) => answered(ask, &now, run, name),
            None => missing("Not found"),
        },
        None => missing("Not found"),
    }
}

/// Approves a deployment, or not; its job begins with that.
fn of_deployment(ask: &Ask<'_>, project: &Project, number: &str, deed: &str) -> Answer {
    let (Some(one), "approval") = (deployments::find(project, number), deed) else {
        return missing("Deployment");
    };
    let body: Option<Value> = serde_json::from_slice(&ask.asked.body).ok();
    let said = body.as_ref().and_then(|body| body.get("status")?.as_str());
    let does = match said {
        Some("approved") => Deed::Pass,
        Some("rejected") => Deed::Refuse,
        Some(_) | None => {
            return error(
                StatusCode::BAD_REQUEST,
                "status does not have a valid value",
            );
        }
    };
    let run = project.repo.runs.iter().find(|run| run.id == one.run);
    let Some(run) = run.filter(|_| deployments::is_blocked(project, one)) else {
        let text = "This deployment is not waiting for approvals.";
        return error(StatusCode::BAD_REQUEST, text);
    };
    if act(ask, project, run, does).is_none() {
        return missing("Deployment");
    }
    let user = users::brief(ask, VIEWER);
    let body =
        json!({"user": user, "status": said, "created_at": time(ask.asked.now), "comment": ""});
    Answer::json(body).status(StatusCode::CREATED)
}

fn answered(ask: &Ask<'_>, project: &Project, run: &Run, name: &str) -> Answer {
    let mut all = jobs::made(run).into_iter();
    match all.find(|made| made.job.name == name && !made.retried) {
        Some(made) => Answer::json(jobs::written(ask, project, &made)).status(StatusCode::CREATED),
        None => missing("Not found"),
    }
}
