//! Folders, projects of branches and jobs: where the world's workflows are built here.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::demo::forge::jenkins::{Ask, Project, Tree, builds, millis};
use crate::demo::scenario::ci::WORKFLOWS;
use crate::demo::scenario::model::Run;
use crate::domain::Timestamp;

/// How long the job of a branch that is gone stays.
const ORPHANS: TimeDelta = TimeDelta::days(3);

/// The workflow that a project of branches builds.
const CI: usize = 0;

/// A job, and the builds that it made.
pub(super) struct Job<'a> {
    pub(super) project: &'a Project,
    pub(super) workflow: usize,
    /// The branch or change request, where it belongs to one.
    pub(super) branch: Option<String>,
    /// Oldest first.
    pub(super) builds: Vec<Build<'a>>,
    /// What waits to be built.
    pub(super) queued: Vec<&'a Run>,
}

/// One attempt of a run: a build of its own here.
pub(super) struct Build<'a> {
    pub(super) number: u64,
    pub(super) run: &'a Run,
    pub(super) attempt: usize,
}

impl Build<'_> {
    /// Returns whether it is the latest attempt of its run.
    pub(super) fn is_last(&self) -> bool {
        self.attempt + 1 == self.run.attempts.len()
    }
}

impl<'a> Job<'a> {
    /// Returns a build by its number.
    pub(super) fn build(&self, number: u64) -> Option<&Build<'a>> {
        self.builds.iter().find(|build| build.number == number)
    }

    /// Returns its own name.
    pub(super) fn name(&self) -> String {
        match &self.branch {
            Some(branch) => encoded(branch),
            None => name(self.project, self.workflow),
        }
    }

    /// Returns its page.
    pub(super) fn url(&self, ask: &Ask<'_>) -> String {
        let (folder, _) = place(self.project);
        let project = name(self.project, self.workflow);
        let base = format!("{}/job/{folder}/job/{}", ask.host(), encoded(&project));
        match &self.branch {
            // What is encoded in its name is encoded once more in its address.
            Some(_) => format!("{base}/job/{}/", encoded(&self.name())),
            None => format!("{base}/"),
        }
    }

    /// Returns the number of the change request that it is for.
    pub(super) fn change(&self) -> Option<u64> {
        self.branch.as_deref()?.strip_prefix("PR-")?.parse().ok()
    }
}

/// Returns a name as a branch is named here: nothing that a path could mistake.
fn encoded(name: &str) -> String {
    let coded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    coded.replace('+', "%20")
}

fn place(project: &Project) -> (&str, &str) {
    let path = project.place.path.as_str();
    path.split_once('/').unwrap_or(("", path))
}

/// Returns what the pipeline of a workflow is called in its folder.
pub(super) fn name(project: &Project, workflow: usize) -> String {
    let (_, repo) = place(project);
    match WORKFLOWS.get(workflow) {
        Some(workflow) if workflow.name != "ci" => {
            format!("{repo}-{}", workflow.name.replace(' ', "-"))
        }
        Some(_) | None => repo.to_owned(),
    }
}

/// Returns the branch or change request that a run is for, as jobs of branches are called.
fn branch_of(run: &Run) -> String {
    match (run.event, run.pull) {
        ("pull_request", Some(number)) => format!("PR-{number}"),
        _ => run.branch.clone(),
    }
}

/// Returns the jobs of a repository.
pub(super) fn jobs(project: &Project, now: Timestamp) -> Vec<Job<'_>> {
    let mut found: BTreeMap<(usize, Option<String>), Vec<&Run>> = BTreeMap::new();
    for run in &project.repo.runs {
        let branch = (run.workflow == CI).then(|| branch_of(run));
        found.entry((run.workflow, branch)).or_default().push(run);
    }
    let lasting = |branch: &Option<String>, runs: &[&Run]| {
        let base = project.repo.spec.base_branch();
        let latest = runs.iter().map(|run| run.updated_at).max();
        branch.as_deref().is_none_or(|name| name == base)
            || latest.is_some_and(|at| now - at < ORPHANS)
    };
    found
        .into_iter()
        .filter(|((_, branch), runs)| lasting(branch, runs))
        .map(|((workflow, branch), runs)| made(project, workflow, branch, &runs))
        .collect()
}

fn made<'a>(
    project: &'a Project,
    workflow: usize,
    branch: Option<String>,
    runs: &[&'a Run],
) -> Job<'a> {
    let mut all: Vec<(Timestamp, &Run, usize)> = Vec::new();
    let mut queued = Vec::new();
    for run in runs {
        for (attempt, jobs) in run.attempts.iter().enumerate() {
            let last = attempt + 1 == run.attempts.len();
            if last && run.status == "queued" {
                queued.push(*run);
                continue;
            }
            let began = jobs.iter().map(|job| job.created_at).min();
            let began = if attempt == 0 { None } else { began };
            all.push((began.unwrap_or(run.created_at), run, attempt));
        }
    }
    all.sort_by_key(|(began, run, attempt)| (*began, run.number, *attempt));
    let mut last = 0;
    let number = |(_, run, attempt): (Timestamp, &'a Run, usize)| {
        // A run keeps its number, so that nothing moves when old ones fall out of sight.
        let own = if attempt == 0 { run.number } else { 0 };
        last = own.max(last + 1);
        Build {
            number: last,
            run,
            attempt,
        }
    };
    Job {
        project,
        workflow,
        branch,
        builds: all.into_iter().map(number).collect(),
        queued,
    }
}

/// Returns the job behind these names.
pub(super) fn find<'a>(projects: &'a [Project], names: &[&str], now: Timestamp) -> Option<Job<'a>> {
    let (folder, rest) = names.split_first()?;
    let here = projects.iter().filter(|one| place(one).0 == *folder);
    let mut all = here.flat_map(|project| jobs(project, now));
    match rest {
        [name] => all.find(|job| job.branch.is_none() && job.name() == *name),
        [project, branch] => all.find(|job| {
            job.branch.is_some() && job.name() == *branch && name(job.project, CI) == *project
        }),
        _ => None,
    }
}

const FOLDER: &str = "com.cloudbees.hudson.plugins.folder.Folder";
const BRANCHES: &str = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject";
const PIPELINE: &str = "org.jenkinsci.plugins.workflow.job.WorkflowJob";

/// Returns the root with all that is in it.
pub(super) fn root(ask: &Ask<'_>, tree: &Tree) -> Value {
    let projects = ask.projects();
    let mut folders: Vec<&str> = projects.iter().map(|one| place(one).0).collect();
    folders.dedup();
    let inner = tree.list("jobs").map(|(inner, _)| inner.clone());
    let inner = inner.unwrap_or_default();
    let rows: Vec<Value> = folders
        .iter()
        .map(|name| {
            json!({
                "_class": FOLDER, "name": name, "url": format!("{}/job/{name}/", ask.host()),
                "actions": [{}], "jobs": items(ask, &projects, name, &inner),
            })
        })
        .collect();
    json!({
        "_class": "hudson.model.Hudson", "mode": "NORMAL", "nodeName": "", "nodeDescription": "demo",
        "url": format!("{}/", ask.host()), "jobs": rows,
    })
}

/// Returns a folder, or a project of branches.
pub(super) fn folder(ask: &Ask<'_>, projects: &[Project], names: &[&str]) -> Option<Value> {
    let tree = ask.tree();
    match names {
        [name] => {
            let known = projects.iter().any(|one| place(one).0 == *name);
            known.then(|| {
                json!({
                    "_class": FOLDER, "name": name, "actions": [{}],
                    "jobs": items(ask, projects, name, &tree),
                })
            })
        }
        [folder, name] => {
            let mut here = projects.iter();
            let project = here.find(|one| place(one) == (folder, name))?;
            Some(of_branches(ask, project, &tree))
        }
        _ => None,
    }
}

/// Returns what is in a folder; `tree` is what is wanted of the folder.
fn items(ask: &Ask<'_>, projects: &[Project], folder: &str, tree: &Tree) -> Vec<Value> {
    let Some((inner, _)) = tree.list("jobs") else {
        return Vec::new();
    };
    let here = projects.iter().filter(|one| place(one).0 == folder);
    let mut rows = Vec::new();
    for project in here {
        rows.push(of_branches(ask, project, inner));
        let plain = jobs(project, ask.asked.now);
        let plain = plain.iter().filter(|job| job.branch.is_none());
        rows.extend(plain.map(|it| job(ask, it, inner)));
    }
    rows
}

fn of_branches(ask: &Ask<'_>, project: &Project, tree: &Tree) -> Value {
    let rows: Vec<Value> = match tree.list("jobs") {
        Some((inner, _)) => {
            let all = jobs(project, ask.asked.now);
            let all = all.iter().filter(|job| job.branch.is_some());
            all.map(|it| job(ask, it, inner)).collect()
        }
        None => Vec::new(),
    };
    json!({
        "_class": BRANCHES, "name": name(project, CI),
        "actions": [{}, metadata(&ask.page_of(project), None)], "jobs": rows,
    })
}

fn metadata(url: &str, name: Option<&str>) -> Value {
    json!({
        "_class": "jenkins.scm.api.metadata.ObjectMetadataAction", "objectUrl": url,
        "objectDisplayName": name, "objectDescription": null,
    })
}

/// Returns a job with the newest of its builds, as many as are wanted.
pub(super) fn job(ask: &Ask<'_>, job: &Job<'_>, tree: &Tree) -> Value {
    let most = tree.list("builds").map_or(0, |(_, most)| most.min(100));
    let newest = job.builds.iter().rev().take(most);
    let rows: Vec<Value> = newest.map(|build| builds::full(ask, job, build)).collect();
    // What lies before what is wanted is cut away later: it need not be told.
    let all: Vec<Value> = tree.slice("allBuilds").map_or_else(Vec::new, |(from, to)| {
        let newest = job.builds.iter().rev().enumerate().take(to);
        let told = newest.map(|(at, build)| match at {
            before if before < from => Value::Null,
            _ => builds::full(ask, job, build),
        });
        told.collect()
    });
    let page = ask.page_of(job.project);
    let mut actions = vec![json!({})];
    if let Some(number) = job.change() {
        let pulls = &job.project.repo.pulls;
        let pull = pulls.iter().find(|pull| pull.number == number);
        let title = pull.map(|pull| pull.title.as_str());
        actions.push(metadata(&format!("{page}/pulls/{number}"), title));
    } else if let Some(branch) = &job.branch {
        let url = format!("{page}/src/branch/{branch}");
        actions.push(metadata(&url, Some(branch)));
    }
    let last = job.builds.last();
    json!({
        "_class": PIPELINE, "name": job.name(), "url": job.url(ask), "buildable": true,
        "displayName": job.branch.clone().unwrap_or_else(|| job.name()),
        "color": last.map_or("notbuilt", builds::color), "inQueue": !job.queued.is_empty(),
        "nextBuildNumber": last.map_or(1, |last| last.number + 1), "actions": actions,
        "builds": rows, "allBuilds": all,
        "lastBuild": last.map(|build| builds::full(ask, job, build)),
    })
}

/// Returns what waits for an executor.
pub(super) fn queue(ask: &Ask<'_>) -> Value {
    let projects = ask.projects();
    let all = projects
        .iter()
        .flat_map(|project| jobs(project, ask.asked.now));
    let rows: Vec<Value> = all
        .flat_map(|job| {
            let url = job.url(ask);
            let name = job.name();
            let waits: Vec<Value> = job
                .queued
                .iter()
                .map(|run| {
                    json!({
                        "_class": "hudson.model.Queue$BuildableItem", "id": run.id,
                        "inQueueSince": millis(run.started_at), "buildable": true,
                        "blocked": false, "stuck": false,
                        "why": "Waiting for next available executor",
                        "task": {"_class": PIPELINE, "name": name, "url": url},
                        "actions": [{}],
                    })
                })
                .collect();
            waits
        })
        .collect();
    json!({"_class": "hudson.model.Queue", "items": rows})
}
