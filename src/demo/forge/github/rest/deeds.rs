//! Writes: re-runs, cancellations and approvals, with the host's own sentences where it refuses.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::Ground;
use crate::demo::forge::answer::{Answer, Asked};
use crate::demo::forge::{wire, writes};
use crate::demo::scenario::Deed;
use crate::demo::scenario::model::{Job, RepoState, Run};

/// How often a run can be run again.
const RERUNS: usize = 50;
/// For how many days a run can be run again.
const MONTH: i64 = 30;

/// Answers one write.
pub(super) fn answer(ground: &Arc<Ground>, asked: &Asked) -> Answer {
    if let Some(refusal) = writes::refusal(asked) {
        return refusal;
    }
    let path: Vec<&str> = asked
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let ["repos", owner, name, "actions", kind, id, deed] = path.as_slice() else {
        return Answer::not_found();
    };
    let index = ground.world.find(owner, name);
    let state = index.and_then(|index| ground.world.at(index, asked.now));
    let (Some(index), Some(repo)) = (index, state) else {
        return Answer::not_found();
    };
    if asked.method != "POST" {
        return Answer::not_found();
    }
    let found = match *kind {
        "runs" if *deed == "pending_deployments" => {
            run(&repo, id).and_then(|run| Some((run, review(&repo, run, asked)?)))
        }
        "runs" => run(&repo, id).and_then(|run| Some((run, of_run(deed)?))),
        "jobs" if *deed == "rerun" => {
            job(&repo, id).map(|(run, job)| (run, Deed::RerunJob(job.name)))
        }
        _ => None,
    };
    let Some((run, deed)) = found else {
        return Answer::not_found();
    };
    let wanted = match deed {
        Deed::Cancel | Deed::ForceCancel => cancel(run),
        Deed::Pass | Deed::Refuse => Ok(StatusCode::OK),
        Deed::Rerun | Deed::RerunFailed | Deed::RerunJob(_) => rerun(run, &deed, asked),
    };
    match wanted {
        Ok(status) => {
            ground.world.act(index, asked.now, run.id, deed);
            ground.writes.record(&asked.path);
            Answer::accepted(status)
        }
        Err((status, text)) => Answer::error(status, text),
    }
}

fn of_run(deed: &str) -> Option<Deed> {
    Some(match deed {
        "rerun" => Deed::Rerun,
        "rerun-failed-jobs" => Deed::RerunFailed,
        "cancel" => Deed::Cancel,
        "force-cancel" => Deed::ForceCancel,
        _ => return None,
    })
}

/// Returns what an answer to the gate of a run comes to, where the run waits there.
fn review(repo: &RepoState, run: &Run, asked: &Asked) -> Option<Deed> {
    let gate = run.gate.as_ref()?;
    let body: Value = serde_json::from_slice(&asked.body).ok()?;
    let environments = body.get("environment_ids")?.as_array()?;
    let own = json!(wire::environment_id(repo, gate));
    match body.get("state")?.as_str() {
        Some("approved") if environments.contains(&own) => Some(Deed::Pass),
        Some("rejected") if environments.contains(&own) => Some(Deed::Refuse),
        Some(_) | None => None,
    }
}

fn run<'a>(repo: &'a RepoState, id: &str) -> Option<&'a Run> {
    let id: u64 = id.parse().ok()?;
    repo.runs.iter().find(|run| run.id == id)
}

fn job<'a>(repo: &'a RepoState, id: &str) -> Option<(&'a Run, &'a Job)> {
    let id: u64 = id.parse().ok()?;
    let of = |run: &'a Run| Some((run, run.attempts.iter().flatten().find(|job| job.id == id)?));
    repo.runs.iter().find_map(of)
}

type Refusal = (StatusCode, &'static str);

fn cancel(run: &Run) -> Result<StatusCode, Refusal> {
    if run.status == "completed" {
        let text = "Cannot cancel a workflow run that is completed.";
        return Err((StatusCode::CONFLICT, text));
    }
    Ok(StatusCode::ACCEPTED)
}

fn rerun(run: &Run, deed: &Deed, asked: &Asked) -> Result<StatusCode, Refusal> {
    let refuse = |text| Err((StatusCode::FORBIDDEN, text));
    if run.status != "completed" {
        return refuse(match deed {
            Deed::RerunJob(_) => "The workflow run containing this job is already running",
            Deed::Rerun
            | Deed::RerunFailed
            | Deed::Cancel
            | Deed::ForceCancel
            | Deed::Pass
            | Deed::Refuse => "This workflow is already running",
        });
    }
    if (asked.now - run.created_at).num_days() > MONTH {
        return refuse("Unable to retry this workflow run because it was created over a month ago");
    }
    if run.attempts.len() > RERUNS {
        return refuse("This workflow run has been re-run the maximum of 50 times");
    }
    let red = |job: &Job| job.conclusion != Some("success");
    let nothing =
        run.jobs().is_empty() || *deed == Deed::RerunFailed && !run.jobs().iter().any(red);
    if nothing {
        return refuse("This workflow run cannot be retried");
    }
    Ok(StatusCode::CREATED)
}
