//! Statuses of commits: what the CI server found, and where the commit was deployed.

use serde_json::{Value, json};

use crate::demo::forge::Dialect;
use crate::demo::forge::answer::Answer;
use crate::demo::forge::compare;
use crate::demo::forge::forgejo::{Ask, Home, missing, page, repos, time, user};
use crate::demo::scenario::ci::{WORKFLOWS, Workflow};
use crate::demo::scenario::model::{Deployment, Run};
use crate::demo::scenario::people::ACTIONS;
use crate::domain::Timestamp;

/// The context that a change must have passed.
pub(super) const REQUIRED: &str = "jenkins/ci";

/// One status.
struct Status {
    id: u64,
    context: String,
    state: &'static str,
    about: String,
    link: String,
    by: usize,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Returns what a run says, in the words for statuses.
fn of_run(run: &Run) -> &'static str {
    match (run.status, run.conclusion) {
        ("completed", Some("success" | "neutral" | "skipped")) => "success",
        ("completed", Some("failure")) => "failure",
        ("completed", _) => "error",
        _ => "pending",
    }
}

fn of_deployment(deployment: &Deployment) -> &'static str {
    match deployment.state() {
        "success" | "inactive" => "success",
        "failure" => "failure",
        "error" => "error",
        _ => "pending",
    }
}

/// Returns when a deployment was last heard of: a status says nothing of what took its place.
fn last(deployment: &Deployment) -> Timestamp {
    let mut own = deployment.statuses.iter();
    let own = own.find(|status| status.state != "inactive");
    own.map_or(deployment.created_at, |status| status.at)
}

/// Returns where the CI server builds a repository.
fn builds(ask: &Ask<'_>, home: &Home) -> String {
    let sister = ask.ground.sister(Dialect::Jenkins);
    let base = sister.map_or_else(String::new, |sister| sister.url.as_str().to_owned());
    let base = base.trim_end_matches('/');
    format!("{base}/job/{}/job/{}/", home.owner(), home.name())
}

/// Returns where the CI server has the job of a run.
fn job(ask: &Ask<'_>, home: &Home, run: &Run, workflow: &Workflow) -> String {
    let folder = builds(ask, home);
    if workflow.name != "ci" {
        let folder = folder.trim_end_matches('/');
        return format!("{folder}-{}/", workflow.name.replace(' ', "-"));
    }
    match (run.event, run.pull) {
        ("pull_request", Some(number)) => format!("{folder}job/PR-{number}/"),
        // A job is named by its branch as an address has it, and that is encoded once more.
        _ => format!("{folder}job/{}/", run.branch.replace('/', "%252F")),
    }
}

/// Returns the statuses of a commit, the newest of each context, newest first.
fn newest(ask: &Ask<'_>, home: &Home, sha: &str) -> Vec<Status> {
    let mut all: Vec<Status> = Vec::new();
    let link = builds(ask, home);
    for run in home.repo.runs.iter().filter(|run| run.sha == sha) {
        let workflow = WORKFLOWS.get(run.workflow);
        // Deployments have statuses of their own.
        let Some(workflow) = workflow.filter(|workflow| workflow.name != "deploy") else {
            continue;
        };
        all.push(Status {
            id: run.id,
            context: format!("jenkins/{}", workflow.name.replace(' ', "-")),
            state: of_run(run),
            about: format!("{} #{}", workflow.name, run.number),
            link: job(ask, home, run, workflow),
            by: ACTIONS,
            created_at: run.created_at,
            updated_at: run.updated_at,
        });
    }
    let deployed = home.repo.deployments.iter();
    for deployment in deployed.filter(|deployment| deployment.sha == sha) {
        all.push(Status {
            id: deployment.id,
            context: format!("deploy/{}", deployment.environment),
            state: of_deployment(deployment),
            about: deployment.git_ref.clone(),
            link: link.clone(),
            by: deployment.creator,
            created_at: deployment.created_at,
            updated_at: last(deployment),
        });
    }
    all.sort_by_key(|status| std::cmp::Reverse((status.created_at, status.id)));
    let mut seen: Vec<String> = Vec::new();
    all.retain(|status| {
        let is_new = !seen.contains(&status.context);
        if is_new {
            seen.push(status.context.clone());
        }
        is_new
    });
    all
}

fn written(ask: &Ask<'_>, home: &Home, sha: &str, status: &Status) -> Value {
    json!({
        "id": status.id, "status": status.state, "target_url": status.link,
        "description": status.about, "url": format!("{}/statuses/{sha}", home.api(ask)),
        "context": status.context, "creator": user(ask, status.by),
        "created_at": time(status.created_at), "updated_at": time(status.updated_at),
    })
}

/// Answers with all statuses of a commit.
pub(super) fn all(ask: &Ask<'_>, home: &Home, name: &str) -> Answer {
    let Some(sha) = compare::resolve(&home.repo, name) else {
        return missing();
    };
    let all = newest(ask, home, &sha);
    page(ask, &all, |status| written(ask, home, &sha, status))
}

/// Answers with the statuses of a commit in sum; of none there is no word.
pub(super) fn combined(ask: &Ask<'_>, home: &Home, name: &str) -> Answer {
    let Some(sha) = compare::resolve(&home.repo, name) else {
        return missing();
    };
    let all = newest(ask, home, &sha);
    let worst = ["error", "failure", "pending", "success"]
        .into_iter()
        .find(|word| all.iter().any(|status| status.state == *word));
    let total = all.len();
    let wrap = |_, rows| {
        json!({
            "state": worst.unwrap_or_default(), "sha": sha, "total_count": total,
            "statuses": Value::Array(rows), "repository": repos::full(ask, home),
            "commit_url": format!("{}/commits/{sha}", home.api(ask)),
            "url": format!("{}/commits/{sha}/status", home.api(ask)),
        })
    };
    let row = |status: &Status| written(ask, home, &sha, status);
    Answer::page(ask.asked, &all, row, wrap).header("x-total-count", total.to_string())
}
