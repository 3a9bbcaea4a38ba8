//! Stages of a pipeline to jobs and steps, questions to gates. Pure.

use super::{Ground, end, moment, own_id, page};
use crate::domain::run::{
    Blocks, Door, Failure, Gate, GateSet, Job, JobSet, Run, RunState, Step, foreign_id,
};
use crate::domain::text::Clean;
use crate::sources::http::List;
use crate::sources::jenkins::wire::{Described, Input, Node, Stage};

/// How many stages of a build are told.
const MOST_STAGES: usize = 200;

/// How many steps of a stage are told.
const MOST_STEPS: usize = 100;

/// What stands for a build as a whole among its stages.
pub(in crate::sources::jenkins) const WHOLE: &str = "-";

/// Returns what a stage, or a step of it, does.
pub(in crate::sources::jenkins) fn state(word: Option<&str>, is_over: bool) -> RunState {
    match word.unwrap_or_default() {
        "SUCCESS" => RunState::Passed,
        "FAILED" | "UNSTABLE" => RunState::Failed(Failure::Failed),
        "IN_PROGRESS" => RunState::Running,
        "PAUSED_PENDING_INPUT" => RunState::Waiting,
        "ABORTED" => RunState::Cancelled,
        "NOT_EXECUTED" if is_over => RunState::Skipped,
        "NOT_EXECUTED" => RunState::Queued,
        "" => RunState::Unknown(Clean::line("no status")),
        word => RunState::Unknown(Clean::line(word)),
    }
}

/// Returns the identity of a stage's job, or of the job that stands for the whole build.
pub(in crate::sources::jenkins) fn job_id(ci: &str, path: &str, number: u64, node: &str) -> u64 {
    foreign_id(ci, &format!("{}/{node}", own_id(path, number)))
}

/// Returns the stages of a build as jobs, and a job for the build where none of them failed though
/// it did.
pub(in crate::sources::jenkins) fn job_set(
    ground: &Ground<'_>,
    path: &str,
    run: &Run,
    described: &Described,
) -> JobSet {
    let stages = &described.stages;
    let is_over = run.state.is_over();
    let mut jobs: Vec<Job> = stages
        .items
        .iter()
        .take(MOST_STAGES)
        .map(|stage| job(ground, path, run.number, stage, is_over))
        .collect();
    let failed = |job: &Job| matches!(job.state, RunState::Failed(_));
    if jobs.is_empty() || (failed_run(run) && !jobs.iter().any(failed)) {
        jobs.push(whole(ground, path, run));
    }
    JobSet {
        run: run.key(),
        attempt: run.attempt,
        jobs,
        complete: stages.bad_count == 0 && stages.items.len() <= MOST_STAGES,
    }
}

/// Returns the one job of a build without stages.
pub(in crate::sources::jenkins) fn only(ground: &Ground<'_>, path: &str, run: &Run) -> JobSet {
    JobSet {
        run: run.key(),
        attempt: run.attempt,
        jobs: vec![whole(ground, path, run)],
        complete: true,
    }
}

fn failed_run(run: &Run) -> bool {
    matches!(run.state, RunState::Failed(_))
}

fn whole(ground: &Ground<'_>, path: &str, run: &Run) -> Job {
    let name = run.workflow.rsplit('/').next().unwrap_or_default();
    Job {
        id: job_id(ground.ci, path, run.number, WHOLE),
        name: Clean::line(name),
        stage: None,
        attempt: run.attempt,
        state: run.state.clone(),
        created_at: Some(run.created_at),
        started_at: run.started_at,
        finished_at: run.state.is_over().then_some(run.updated_at),
        url: page(ground, path, run.number, &["console"]),
        steps: Vec::new(),
    }
}

fn job(ground: &Ground<'_>, path: &str, number: u64, stage: &Stage, is_over: bool) -> Job {
    let does = state(stage.status.as_deref(), is_over);
    let started_at = stage.start_time_millis.and_then(moment);
    let ended = started_at.filter(|_| does.is_over());
    let nodes = stage.nodes.items.iter().take(MOST_STEPS);
    let numbered = (1..).zip(nodes);
    Job {
        id: job_id(ground.ci, path, number, &stage.id),
        name: Clean::line(&stage.name),
        stage: Some(Clean::line(&stage.name)),
        attempt: 1,
        created_at: started_at,
        started_at,
        finished_at: ended.map(|at| end(at, stage.duration_millis)),
        url: page(ground, path, number, &["execution", "node", &stage.id]),
        steps: numbered
            .map(|(number, node)| step(number, node, is_over))
            .collect(),
        state: does,
    }
}

fn step(number: u32, node: &Node, is_over: bool) -> Step {
    let state = state(node.status.as_deref(), is_over);
    let started_at = node.start_time_millis.and_then(moment);
    let ended = started_at.filter(|_| state.is_over());
    Step {
        number,
        name: Clean::line(&node.name),
        started_at,
        finished_at: ended.map(|at| end(at, node.duration_millis)),
        state,
    }
}

/// Returns the step whose log tells why a stage failed: the last of those that failed and have one.
pub(in crate::sources::jenkins) fn failing(stage: &Stage) -> Option<&Node> {
    let mut nodes = stage.nodes.items.iter().rev();
    nodes.find(|node| {
        let failed = matches!(state(node.status.as_deref(), true), RunState::Failed(_));
        let logs = node.links.as_ref().is_some_and(|links| links.log.is_some());
        failed && logs
    })
}

/// Returns what a question asks, as people are asked it.
pub(in crate::sources::jenkins) fn question(input: &Input) -> Clean {
    let asked = input.message.as_deref().map(str::trim);
    let asked = asked.filter(|text| !text.is_empty());
    Clean::line(asked.unwrap_or(&input.id))
}

/// Returns the questions that a run waits at.
pub(in crate::sources::jenkins) fn gates(run: &Run, inputs: &List<Input>) -> GateSet {
    let gate = |input: &Input| {
        Gate {
            environment: question(input),
            door: Some(Door::Question(Clean::line(&input.id))),
            blocks: Blocks::Delivery,
            reviewers: Vec::new(),
            // The interface tells everybody of them, whoever may answer.
            may_approve: false,
            wait_secs: 0,
            since: None,
        }
    };
    GateSet {
        run: run.key(),
        gates: inputs.items.iter().map(gate).collect(),
    }
}
