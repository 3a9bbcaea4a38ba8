//! Stages of builds as the plugin of the stage view tells them: one for each job of a run.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::jenkins::items::{Build, Job};
use crate::demo::forge::jenkins::{Ask, millis};
use crate::demo::scenario::model;

/// How many nodes of a pipeline a stage takes.
const NODES: usize = 20;

/// Returns the number of a stage's node.
pub(super) fn id(nth: usize) -> usize {
    (nth + 1) * NODES
}

/// Returns the stage that a node belongs to, and the step of it.
pub(super) fn of_node<'a>(
    build: &'a Build<'_>,
    id: &str,
) -> Option<(usize, &'a model::Job, usize)> {
    let id: usize = id.parse().ok()?;
    let nth = (id / NODES).checked_sub(1)?;
    Some((nth, build.jobs().get(nth)?, id % NODES))
}

fn word(status: &str, conclusion: Option<&str>) -> &'static str {
    match (status, conclusion) {
        (_, Some("success" | "neutral")) => "SUCCESS",
        (_, Some("cancelled")) => "ABORTED",
        (_, Some("skipped")) => "NOT_EXECUTED",
        (_, Some(_)) => "FAILED",
        ("in_progress", None) => "IN_PROGRESS",
        ("waiting", None) => "PAUSED_PENDING_INPUT",
        (_, None) => "NOT_EXECUTED",
    }
}

fn link(path: &str) -> Value {
    json!({"href": path})
}

/// Returns the path of a build.
fn path(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> String {
    let url = build.url(ask, job);
    url.strip_prefix(ask.host()).unwrap_or(&url).to_owned()
}

fn stage(ask: &Ask<'_>, base: &str, nth: usize, of: &model::Job) -> Value {
    let id = id(nth);
    let began = of.started_at.unwrap_or(of.created_at);
    let end = of.completed_at.unwrap_or(ask.asked.now);
    let lasted = of
        .started_at
        .map_or(0, |_| (end - began).num_milliseconds().max(0));
    json!({
        "_links": {"self": link(&format!("{base}execution/node/{id}/wfapi/describe"))},
        "id": id.to_string(), "name": of.name, "execNode": "",
        "status": word(of.status, of.conclusion), "startTimeMillis": millis(began),
        "durationMillis": lasted, "pauseDurationMillis": 0,
    })
}

fn status(build: &Build<'_>) -> &'static str {
    match build.result() {
        Some("SUCCESS") => "SUCCESS",
        Some("ABORTED") => "ABORTED",
        Some("NOT_BUILT") => "NOT_EXECUTED",
        Some(_) => "FAILED",
        None if build.run.status == "waiting" => "PAUSED_PENDING_INPUT",
        None => "IN_PROGRESS",
    }
}

/// Answers with the stages of a build.
pub(super) fn describe(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Answer {
    let base = path(ask, job, build);
    let began = build.began();
    let end = build.ended().unwrap_or(ask.asked.now);
    let jobs = build.jobs().iter().enumerate();
    let rows: Vec<Value> = jobs
        .filter(|(_, of)| of.started_at.is_some() || of.status == "waiting")
        .map(|(nth, of)| stage(ask, &base, nth, of))
        .collect();
    Answer::json(json!({
        "_links": {"self": link(&format!("{base}wfapi/describe"))},
        "id": build.number.to_string(), "name": format!("#{}", build.number),
        "status": status(build), "startTimeMillis": millis(began), "endTimeMillis": millis(end),
        "durationMillis": (end - began).num_milliseconds().max(0), "queueDurationMillis": 0,
        "pauseDurationMillis": 0, "stages": rows,
    }))
}

/// Answers with one stage and its steps.
pub(super) fn node(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>, id: &str) -> Option<Answer> {
    let (nth, of, step) = of_node(build, id)?;
    if step > 0 {
        return None;
    }
    let base = path(ask, job, build);
    let mut whole = stage(ask, &base, nth, of);
    let rows: Vec<Value> = (1_usize..)
        .zip(&of.steps)
        .map(|(place, step)| {
            let id = self::id(nth) + place;
            let began = step.started_at.unwrap_or(of.created_at);
            let end = step.completed_at.unwrap_or(ask.asked.now);
            json!({
                "_links": {
                    "self": link(&format!("{base}execution/node/{id}/wfapi/describe")),
                    "log": link(&format!("{base}execution/node/{id}/wfapi/log")),
                    "console": link(&format!("{base}execution/node/{id}/log")),
                },
                "id": id.to_string(), "name": step.name, "execNode": "",
                "status": word(step.status, step.conclusion), "startTimeMillis": millis(began),
                "durationMillis": (end - began).num_milliseconds().max(0),
                "parentNodes": [(id - 1).to_string()],
            })
        })
        .collect();
    crate::demo::forge::wire::put(&mut whole, "stageFlowNodes", rows);
    Some(Answer::json(whole))
}

/// Returns the name of the question that a build waits at.
pub(super) fn question(build: &Build<'_>) -> Option<String> {
    let waits = build.ended().is_none() && build.run.status == "waiting";
    waits.then(|| format!("Go{}", build.run.id))
}

/// Answers with the questions that a build waits at.
pub(super) fn inputs(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Answer {
    let base = path(ask, job, build);
    let gate = build.run.gate.as_ref().zip(question(build));
    let row = |(environment, id): (&String, String)| {
        json!({
            "id": id, "message": format!("Deploy to {environment}?"), "proceedText": "Deploy", "inputs": [],
            "proceedUrl": format!("{base}input/{id}/proceedEmpty"),
            "abortUrl": format!("{base}input/{id}/abort"),
            "redirectApprovalUrl": format!("{base}input/"),
        })
    };
    Answer::json(gate.map(row).into_iter().collect())
}
