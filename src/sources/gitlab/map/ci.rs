//! Pipelines to runs; their jobs, attempt by attempt; the gates at which they wait.
//!
//! GitLab counts no attempts of a pipeline: a job that is retried is a new job of
//! the same name. The attempt of a run is that of its job that was retried most.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::phase::{JobNames, phase};
use crate::domain::policy::Phase;
use crate::domain::run::{
    Blocks, Door, Failure, Gate, GateSet, Job, JobSet, Run, RunKey, RunState,
};
use crate::domain::text::Clean;

use super::super::wire_ci;
use super::{line, link, person, sha};

/// What stands for the one file in which a project's pipelines are written.
pub(crate) const FILE: &str = ".gitlab-ci.yml";

/// How many manual jobs of one run are told that nothing waits for.
const MOST_OFFERS: usize = 50;

/// Sources whose pipelines tell of their commit what any other does.
const COMMON: [&str; 9] = [
    "push",
    "merge_request_event",
    "external_pull_request_event",
    "web",
    "webide",
    "api",
    "trigger",
    "pipeline",
    "chat",
];

/// What is known of a pipeline besides what lists tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// The branch of the merge request that it judges.
    pub(crate) branch: Option<Clean>,
    /// The commit of the merge request that it judges, where it ran on a merge of it.
    pub(crate) head: Option<Sha>,
    /// Which attempt its jobs have come to.
    pub(crate) attempt: u32,
    /// Whether it failed without a job.
    pub(crate) never_ran: bool,
}

/// Returns the merge request whose reference this is: `refs/merge-requests/7/head`.
pub(crate) fn judged(git_ref: Option<&str>) -> Option<u64> {
    let rest = git_ref?.strip_prefix("refs/merge-requests/")?;
    rest.split('/').next()?.parse().ok()
}

/// Returns a run of `repo`, or nothing where it has no time.
pub(crate) fn run(repo: &RepoKey, wire: &wire_ci::Pipeline, about: &About) -> Option<Run> {
    let created_at = wire.created_at.or(wire.updated_at)?;
    let number = judged(wire.git_ref.as_deref());
    let source = wire.source.as_deref().unwrap_or_default();
    let is_common = source.is_empty() || COMMON.contains(&source);
    let name = wire.name.as_deref().filter(|name| !name.trim().is_empty());
    let usual = if is_common { "pipeline" } else { source };
    let branch = match (&about.branch, number) {
        (Some(branch), Some(_)) if !branch.is_empty() => branch.clone(),
        (_, Some(number)) => Clean::line(&format!("!{number}")),
        (_, None) => line(wire.git_ref.as_deref()),
    };
    let told = state(wire.status.as_deref());
    let never_ran = about.never_ran || wire.yaml_errors.is_some();
    let state = if never_ran && matches!(told, RunState::Failed(_)) {
        RunState::Failed(Failure::Startup)
    } else {
        told
    };
    Some(Run {
        repo: repo.clone(),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        id: wire.id,
        number: wire.iid.unwrap_or(wire.id),
        attempt: about.attempt.max(1),
        workflow: Clean::line(name.unwrap_or(usual)),
        // What runs at night or by a policy is another thing than what judges commits.
        workflow_path: Clean::line(if is_common { FILE } else { "" }),
        event: Clean::line(if source.is_empty() { "push" } else { source }),
        branch,
        head_sha: about.head.clone().or_else(|| sha(wire.sha.as_deref())),
        change_requests: number.into_iter().collect(),
        state,
        actor: wire.user.as_ref().and_then(person),
        title: line(name),
        url: link(wire.web_url.as_deref()),
        created_at,
        started_at: wire.started_at,
        updated_at: wire.updated_at.unwrap_or(created_at),
    })
}

/// Returns the state of a pipeline; unknown is never success.
pub(crate) fn state(word: Option<&str>) -> RunState {
    match word.unwrap_or_default() {
        "created"
        | "waiting_for_resource"
        | "waiting_for_callback"
        | "preparing"
        | "pending"
        | "scheduled" => RunState::Queued,
        "running" | "canceling" => RunState::Running,
        "success" => RunState::Passed,
        "failed" => RunState::Failed(Failure::Failed),
        "canceled" => RunState::Cancelled,
        "skipped" => RunState::Skipped,
        "manual" => RunState::Waiting,
        other => RunState::Unknown(Clean::line(other)),
    }
}

/// Returns the state of a job: one that may fail has no opinion once it did, and one that
/// nobody has to start holds nothing up.
fn job_state(wire: &wire_ci::Job) -> RunState {
    let told = state(wire.status.as_deref());
    let failed = matches!(told, RunState::Failed(_));
    let holds = failed || matches!(told, RunState::Cancelled | RunState::Waiting);
    if holds && wire.allow_failure {
        RunState::Skipped
    } else if failed {
        RunState::Failed(failure(wire.failure_reason.as_deref()))
    } else {
        told
    }
}

fn failure(reason: Option<&str>) -> Failure {
    match reason.unwrap_or_default() {
        "job_execution_timeout" | "stuck_or_timeout_failure" | "job_execution_server_timeout" => {
            Failure::TimedOut
        }
        "unmet_prerequisites"
        | "ci_quota_exceeded"
        | "no_matching_runner"
        | "runner_unsupported"
        | "missing_dependency_failure"
        | "forward_deployment_failure"
        | "protected_environment_failure"
        | "insufficient_bridge_permissions"
        | "downstream_bridge_project_not_found"
        | "invalid_bridge_trigger"
        | "downstream_pipeline_creation_failed"
        | "user_blocked" => Failure::Startup,
        "stale_schedule" | "archived_failure" => Failure::Stale,
        _ => Failure::Failed,
    }
}

/// The jobs of one pipeline, retried ones among them, as part of a run.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The bridges that lead to it, e.g. `deploy / `; empty for the run's own pipeline.
    pub(crate) prefix: String,
    /// Its jobs.
    pub(crate) jobs: Vec<wire_ci::Job>,
    /// Whether those are all.
    pub(crate) complete: bool,
    /// Whether they are bridges: those are not started as jobs are.
    pub(crate) bridges: bool,
}

/// What the jobs of a run told.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// The newest job of each name; the attempt is that of the job that was retried most.
    pub(crate) newest: JobSet,
    /// The jobs of each earlier attempt.
    pub(crate) earlier: Vec<JobSet>,
    /// Those that a person may start, though nothing waits for them.
    pub(crate) offers: Vec<Gate>,
}

/// Returns what the jobs of a run tell.
pub(crate) fn jobs(run: &RunKey, parts: &[Part]) -> Jobs {
    let complete = parts.iter().all(|part| part.complete);
    let mut by_name: BTreeMap<String, Vec<(&wire_ci::Job, bool)>> = BTreeMap::new();
    for part in parts {
        for job in &part.jobs {
            let name = format!("{}{}", part.prefix, job.name);
            by_name.entry(name).or_default().push((job, part.bridges));
        }
    }
    let mut newest = Vec::new();
    let mut offers = Vec::new();
    let mut earlier: BTreeMap<u32, Vec<Job>> = BTreeMap::new();
    for (name, mut tries) in by_name {
        tries.sort_by_key(|(job, _)| job.id);
        let last = tries.len();
        for (at, (wire, is_bridge)) in (1..).zip(tries) {
            let attempt = u32::try_from(at).unwrap_or(u32::MAX);
            let job = job(wire, &name, attempt);
            if at == last {
                if is_offered(wire) && !is_bridge {
                    offers.push(job.clone());
                }
                newest.push(job);
            } else {
                earlier.entry(attempt).or_default().push(job);
            }
        }
    }
    newest.sort_by_key(|job| job.id);
    let set = |attempt, jobs| JobSet {
        run: run.clone(),
        attempt,
        jobs,
        complete,
    };
    let attempt = newest.iter().map(|job| job.attempt).max().unwrap_or(1);
    let earlier = earlier.into_iter();
    let earlier = earlier.map(|(attempt, jobs)| set(attempt, jobs));
    let mut offers: Vec<(bool, Job)> = offers.into_iter().map(|job| (deploys(&job), job)).collect();
    // What brings it somewhere is what most ask for.
    offers.sort_by_key(|(deploys, job)| (!deploys, job.id));
    let offers = offers.iter().take(MOST_OFFERS);
    Jobs {
        offers: offers
            .map(|(_, job)| of_job(job, Blocks::Nothing))
            .collect(),
        newest: set(attempt, newest),
        earlier: earlier.collect(),
    }
}

/// Returns whether a job waits for a person and its pipeline does not wait for it.
fn is_offered(wire: &wire_ci::Job) -> bool {
    wire.allow_failure && state(wire.status.as_deref()) == RunState::Waiting
}

fn job(wire: &wire_ci::Job, name: &str, attempt: u32) -> Job {
    Job {
        id: wire.id,
        name: Clean::line(name),
        stage: wire.stage.as_deref().map(Clean::line),
        attempt,
        state: job_state(wire),
        created_at: wire.created_at,
        started_at: wire.started_at,
        finished_at: wire.finished_at,
        url: link(wire.web_url.as_deref()),
        steps: Vec::new(),
    }
}

/// An environment that waits for an approval, with the pipeline that wants to go there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    /// The environment.
    pub(crate) environment: Clean,
    /// The deployment that wants the approval.
    pub(crate) deployment: u64,
    /// Groups or roles whose approval is missing.
    pub(crate) by: Vec<Clean>,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// Returns the gates of a run: environments that want an approval, and manual jobs, whether its
/// pipeline waits for them or not.
///
/// `places` tells the environments of jobs, as far as they are known.
pub(crate) fn gates(jobs: &Jobs, held: &[Held], places: &BTreeMap<String, Clean>) -> GateSet {
    let mut gates: Vec<Gate> = held.iter().map(approval).collect();
    let waiting = jobs.newest.jobs.iter();
    for job in waiting.filter(|job| job.state == RunState::Waiting) {
        let place = places.get(job.name.as_str());
        let delivers = place.is_some() || deploys(job);
        let mut gate = of_job(
            job,
            if delivers {
                Blocks::Delivery
            } else {
                Blocks::Run
            },
        );
        gate.environment = place.unwrap_or(&job.name).clone();
        if !gates
            .iter()
            .any(|known| known.environment == gate.environment)
        {
            gates.push(gate);
        }
    }
    // What wants an approval first is no job that may be started.
    let is_held = |offer: &&Gate| {
        let place = places.get(offer.environment.as_str());
        place.is_some_and(|place| held.iter().any(|held| held.environment == *place))
    };
    let offers = jobs.offers.iter().filter(|offer| !is_held(offer));
    gates.extend(offers.cloned());
    GateSet {
        run: jobs.newest.run.clone(),
        gates,
    }
}

fn of_job(job: &Job, blocks: Blocks) -> Gate {
    Gate {
        environment: job.name.clone(),
        door: Some(Door::Job(job.id)),
        blocks,
        reviewers: Vec::new(),
        may_approve: false,
        wait_secs: 0,
        since: job.created_at,
    }
}

fn approval(held: &Held) -> Gate {
    let reviewers = held.by.iter();
    Gate {
        environment: held.environment.clone(),
        door: Some(Door::Deployment(held.deployment)),
        blocks: Blocks::Delivery,
        reviewers: reviewers
            .map(|name| crate::domain::key::Person::new(name, false))
            .collect(),
        may_approve: false,
        wait_secs: 0,
        since: Some(held.since),
    }
}

/// A manual job of another kind may hold the run as well, but nothing waits to go live.
fn deploys(job: &Job) -> bool {
    let names = JobNames {
        stage: job.stage.as_deref(),
        job: Some(&job.name),
        ..JobNames::default()
    };
    phase(&[], &names) == Phase::Deploy
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn key() -> RunKey {
        RunKey {
            repo: RepoKey::new("gitlab.com", "acme/api"),
            id: 9,
        }
    }

    fn pipeline(extra: Value) -> wire_ci::Pipeline {
        let mut record = json!({
            "id": 9, "iid": 4, "status": "success", "source": "push", "ref": "main",
            "sha": "a".repeat(40), "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:05:00Z"
        });
        if let (Value::Object(record), Value::Object(extra)) = (&mut record, extra) {
            record.extend(extra);
        }
        serde_json::from_value(record).unwrap()
    }

    fn found(extra: Value, about: &About) -> Run {
        run(&key().repo, &pipeline(extra), about).unwrap()
    }

    #[track_caller]
    fn check(word: &str, expected: &RunState) {
        assert_eq!(&state(Some(word)), expected, "{word}");
    }

    #[test]
    fn every_status_has_its_state_and_a_new_one_is_unknown() {
        for word in [
            "created",
            "pending",
            "preparing",
            "scheduled",
            "waiting_for_resource",
        ] {
            check(word, &RunState::Queued);
        }
        check("running", &RunState::Running);
        check("canceling", &RunState::Running);
        check("success", &RunState::Passed);
        check("failed", &RunState::Failed(Failure::Failed));
        check("canceled", &RunState::Cancelled);
        check("skipped", &RunState::Skipped);
        check("manual", &RunState::Waiting);
        check("glorious", &RunState::Unknown(Clean::line("glorious")));
        assert!(matches!(state(None), RunState::Unknown(_)));
    }

    #[test]
    fn a_pipeline_without_a_name_is_called_one_and_a_nightly_one_is_another() {
        let run = found(json!({}), &About::default());
        assert_eq!((run.workflow.as_str(), run.number), ("pipeline", 4));
        assert_eq!(run.workflow_key().as_str(), FILE);
        let named = found(json!({"name": "Release"}), &About::default());
        assert_eq!(named.workflow.as_str(), "Release");
        let nightly = found(json!({"source": "schedule"}), &About::default());
        assert_eq!(nightly.workflow_key().as_str(), "schedule");
        assert_eq!(nightly.event.as_str(), "schedule");
    }

    #[test]
    fn an_old_server_tells_neither_number_nor_source() {
        let text = r#"{"id":47,"status":"pending","ref":"main","sha":"a91957a858320c0e17f3a0eca7cfacbff50ea29a",
            "updated_at":"2016-08-11T11:32:35.169Z"}"#;
        let run = run(
            &key().repo,
            &serde_json::from_str(text).unwrap(),
            &About::default(),
        );
        let run = run.unwrap();
        assert_eq!(
            (run.number, run.event.as_str(), run.attempt),
            (47, "push", 1)
        );
    }

    #[test]
    fn a_pipeline_of_a_merge_request_names_it_and_its_commit() {
        let extra = json!({"ref": "refs/merge-requests/7/merge", "source": "merge_request_event"});
        let run = found(extra.clone(), &About::default());
        assert_eq!((run.change_requests, run.branch.as_str()), (vec![7], "!7"));
        let about = About {
            branch: Some(Clean::line("cache")),
            head: Sha::parse(&"b".repeat(40)),
            attempt: 2,
            never_ran: false,
        };
        let run = found(extra, &about);
        assert_eq!((run.branch.as_str(), run.attempt), ("cache", 2));
        assert_eq!(run.head_sha.unwrap().as_str(), "b".repeat(40));
    }

    fn job(id: u64, name: &str, status: &str, allow: bool) -> wire_ci::Job {
        serde_json::from_value(json!({
            "id": id, "name": name, "stage": "deploy", "status": status, "allow_failure": allow,
            "created_at": "2026-01-01T00:00:00Z"
        }))
        .unwrap()
    }

    #[test]
    fn jobs_that_may_fail_or_need_not_be_started_hold_nothing_up() {
        assert_eq!(job_state(&job(1, "a", "failed", true)), RunState::Skipped);
        assert_eq!(job_state(&job(1, "a", "manual", true)), RunState::Skipped);
        assert_eq!(job_state(&job(1, "a", "manual", false)), RunState::Waiting);
        let mut late = job(1, "a", "failed", false);
        late.failure_reason = Some("job_execution_timeout".to_owned());
        assert_eq!(job_state(&late), RunState::Failed(Failure::TimedOut));
    }

    fn part(prefix: &str, jobs: Vec<wire_ci::Job>) -> Part {
        Part {
            prefix: prefix.to_owned(),
            jobs,
            complete: true,
            bridges: false,
        }
    }

    #[test]
    fn what_was_retried_is_of_an_earlier_attempt() {
        let own = part(
            "",
            vec![
                job(1, "test", "failed", false),
                job(2, "build", "success", false),
                job(4, "test", "success", false),
            ],
        );
        let child = part("deploy / ", vec![job(3, "test", "running", false)]);
        let Jobs {
            newest, earlier, ..
        } = jobs(&key(), &[own, child]);
        let names: Vec<_> = newest.jobs.iter().map(|job| (job.id, &*job.name)).collect();
        assert_eq!(names, [(2, "build"), (3, "deploy / test"), (4, "test")]);
        assert_eq!((newest.attempt, earlier.len()), (2, 1));
        assert_eq!((earlier[0].attempt, earlier[0].jobs[0].id), (1, 1));
        assert!(newest.complete);
    }

    #[test]
    fn gates_are_approvals_and_manual_jobs_that_deploy() {
        let own = part("", vec![job(1, "to prod", "manual", false)]);
        let told = jobs(&key(), &[own]);
        let gates_of = |places: &BTreeMap<String, Clean>, held: &[Held]| {
            let set = gates(&told, held, places);
            let names = set.gates.iter().map(|gate| gate.environment.to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(gates_of(&BTreeMap::new(), &[]), ["to prod"]);
        let places = BTreeMap::from([("to prod".to_owned(), Clean::line("production"))]);
        assert_eq!(gates_of(&places, &[]), ["production"]);
        let held = Held {
            environment: Clean::line("production"),
            deployment: 3,
            by: vec![Clean::line("ops")],
            since: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(gates_of(&places, &[held]), ["production"]);
        // What goes nowhere holds the run and no delivery.
        let mut other = job(1, "unit", "manual", false);
        other.stage = Some("test".to_owned());
        let told = jobs(&key(), &[part("", vec![other])]);
        let set = gates(&told, &[], &BTreeMap::new());
        assert_eq!(set.gates[0].blocks, Blocks::Run);
    }

    #[test]
    fn a_manual_job_that_nothing_waits_for_may_be_started_unless_an_approval_comes_first() {
        let mut cleanup = job(1, "cleanup", "manual", true);
        cleanup.stage = Some("test".to_owned());
        let tried = job(2, "to prod", "success", true);
        let again = job(4, "to prod", "manual", true);
        let own = part("", vec![cleanup, tried, again]);
        let bridge = Part {
            bridges: true,
            ..part("", vec![job(3, "trigger", "manual", true)])
        };
        let told = jobs(&key(), &[own, bridge]);
        let offered = |held: &[Held]| {
            let places = BTreeMap::from([("to prod".to_owned(), Clean::line("production"))]);
            let set = gates(&told, held, &places);
            let row = |gate: &Gate| (gate.environment.to_string(), gate.door.clone(), gate.blocks);
            set.gates.iter().map(row).collect::<Vec<_>>()
        };
        let offer = |name: &str, id| (name.to_owned(), Some(Door::Job(id)), Blocks::Nothing);
        assert_eq!(offered(&[]), [offer("to prod", 4), offer("cleanup", 1)]);
        let held = Held {
            environment: Clean::line("production"),
            deployment: 3,
            by: Vec::new(),
            since: Timestamp::UNIX_EPOCH,
        };
        let approval = ("production".to_owned(), Some(Door::Deployment(3)));
        let approval = (approval.0, approval.1, Blocks::Delivery);
        assert_eq!(offered(&[held]), [approval, offer("cleanup", 1)]);
    }
}
