//! Plans of runs to what is seen of them at one moment.

use crate::demo::scenario::acts::{self, Act};
use crate::demo::scenario::ci::{self, Attempt, Cause, JobPlan, LAB, NIGHTLY, RunPlan};
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::lens::Lens;
use crate::demo::scenario::model::{Job, Run, Step};
use crate::demo::scenario::people::ACTIONS;
use crate::demo::scenario::state::Laws;
use crate::demo::scenario::team::RepoSpec;

/// The bits of a job of a first attempt; later attempts have their number above them.
const JOB_BITS: u32 = 31;

/// Returns the identity of a run; it fits GraphQL's `Int`, with three bits left for its jobs.
pub(super) fn id(spec: &RepoSpec, number: u64, slot: u64) -> u64 {
    let repo = u64::try_from(spec.index + 1).unwrap_or(1) & 0x1ff;
    (repo << 19) | ((number & 0x3fff) << 5) | (slot & 0x1f)
}

/// Returns the index of the repository that a run belongs to.
pub(in crate::demo) fn repo_of_run(id: u64) -> Option<usize> {
    usize::try_from(id >> 19).ok()?.checked_sub(1)
}

/// Returns the run that a job belongs to.
pub(in crate::demo) fn run_of_job(id: u64) -> u64 {
    (id & ((1 << JOB_BITS) - 1)) >> 3
}

/// Returns what is seen of a run after what users did to it, if it has begun.
pub(super) fn seen(spec: &RepoSpec, lens: &Lens, plan: &RunPlan, acts: &[Act]) -> Option<Run> {
    let id = id(spec, plan.number, plan.slot);
    match acts::acted(plan, id, spec.lang, acts) {
        Some(acted) => as_planned(id, lens, &acted),
        None => as_planned(id, lens, plan),
    }
}

fn as_planned(id: u64, lens: &Lens, plan: &RunPlan) -> Option<Run> {
    let first = plan.attempts.first()?;
    let created_at = lens.seen(first.at)?;
    let begun: Vec<&Attempt> = plan.attempts.iter().filter(|a| lens.past(a.at)).collect();
    let held = plan.held.filter(|(until, _)| !lens.past(*until));
    let attempts: Vec<Vec<Job>> = begun
        .iter()
        .enumerate()
        .map(|(nth, attempt)| jobs(lens, attempt, id, nth, held.is_some()))
        .collect();
    let current = begun.last()?;
    let (status, conclusion) = match held {
        Some((_, conclusion)) => ("completed", Some(conclusion)),
        None => verdict(lens, current, attempts.last().map_or(&[], Vec::as_slice)),
    };
    let times = current
        .jobs
        .iter()
        .flat_map(|job| [job.listed, job.start, job.end]);
    let times = times.map(|at| current.cancelled.map_or(at, |end| at.min(end)));
    let updated = lens.latest(times.chain([current.at])).unwrap_or(first.at);
    let updated = if held.is_some() { first.at } else { updated };
    Some(Run {
        id,
        number: plan.number / 2 + plan.slot,
        workflow: plan.workflow,
        event: plan.event,
        branch: plan.branch.clone(),
        sha: plan.sha.clone(),
        pull: plan.pull,
        title: plan.title.clone(),
        actor: plan.actor,
        created_at,
        started_at: lens.show(current.at),
        updated_at: lens.show(updated),
        status,
        conclusion,
        gate: (status == "waiting")
            .then(|| plan.environment.clone())
            .flatten(),
        triggered_by: current.by.unwrap_or(plan.actor),
        attempts,
    })
}

fn verdict(lens: &Lens, attempt: &Attempt, jobs: &[Job]) -> (&'static str, Option<&'static str>) {
    let over = lens.past(attempt.end());
    if over && jobs.iter().all(|job| job.status == "completed") {
        let ended = |word: &str| jobs.iter().any(|job| job.conclusion == Some(word));
        let red = ["failure", "cancelled"]
            .into_iter()
            .find(|word| ended(word));
        return ("completed", Some(red.unwrap_or("success")));
    }
    let any = |status: &str| jobs.iter().any(|job| job.status == status);
    // What an attempt takes over from the one before it says nothing of its own progress.
    let begun = lens.show(attempt.at);
    let done = |job: &Job| job.completed_at.is_some_and(|at| at >= begun);
    let status = if any("in_progress") {
        "in_progress"
    } else if any("waiting") {
        "waiting"
    } else if jobs.iter().any(done) {
        "in_progress"
    } else {
        "queued"
    };
    (status, None)
}

fn jobs(lens: &Lens, attempt: &Attempt, run: u64, nth: usize, held: bool) -> Vec<Job> {
    if held {
        return Vec::new();
    }
    let listed = |job: &&JobPlan| {
        lens.past(job.listed) && attempt.cancelled.is_none_or(|at| job.listed < at)
    };
    let turn = u64::try_from(nth).unwrap_or(0) << JOB_BITS;
    let see = |(slot, job): (usize, &JobPlan)| {
        let slot = u64::try_from(slot % 8).unwrap_or(0);
        seen_job(lens, job, turn | (run << 3) | slot, attempt.cancelled)
    };
    attempt
        .jobs
        .iter()
        .filter(listed)
        .enumerate()
        .map(see)
        .collect()
}

fn seen_job(lens: &Lens, plan: &JobPlan, id: u64, cancelled: Option<i64>) -> Job {
    let cut = cancelled.filter(|at| lens.past(*at) && *at < plan.end);
    let (start, end) = (plan.start, cut.unwrap_or(plan.end));
    let (status, conclusion) = if cut.is_some() {
        ("completed", Some("cancelled"))
    } else if lens.past(end) {
        ("completed", Some(plan.result))
    } else if lens.past(start) {
        ("in_progress", None)
    } else if plan.gated {
        ("waiting", None)
    } else {
        ("queued", None)
    };
    Job {
        id,
        name: plan.name,
        status,
        conclusion,
        created_at: lens.show(plan.listed),
        started_at: lens.seen(start).filter(|_| start < end),
        completed_at: lens.seen(end),
        steps: if lens.past(start) && start < end && !lens.is_dim(end) {
            steps(lens, plan, end)
        } else {
            Vec::new()
        },
        cause: plan.cause,
    }
}

fn steps(lens: &Lens, plan: &JobPlan, end: i64) -> Vec<Step> {
    let count = i64::try_from(plan.steps.len()).unwrap_or(1).max(1);
    let failing = plan.failing();
    let last = plan.steps.len().saturating_sub(1);
    let mut all = Vec::new();
    for (nth, name) in (0_i64..).zip(plan.steps) {
        let from = plan.start + (end - plan.start) * nth / count;
        let to = plan.start + (end - plan.start) * (nth + 1) / count;
        let broken = plan.result != "success" || end < plan.end;
        let word = match all.len() {
            here if broken && here == failing => "failure",
            here if broken && here > failing && here < last => "skipped",
            _ => "success",
        };
        let (status, conclusion) = if lens.past(to) {
            ("completed", Some(word))
        } else if lens.past(from) {
            ("in_progress", None)
        } else {
            ("queued", None)
        };
        let (started_at, completed_at) = (lens.seen(from), lens.seen(to));
        all.push(Step {
            name,
            status,
            conclusion,
            started_at,
            completed_at,
        });
    }
    all
}

/// The repository with the log lab.
const LAB_REPO: usize = 0;
const DAY: i64 = 86_400;

/// Returns the nightly runs of the last week; a few repositories have a red one now and then.
pub(super) fn nightly(
    laws: Laws,
    spec: &RepoSpec,
    lens: &Lens,
    merges: &[(i64, &str)],
    acts: &[Act],
) -> Vec<Run> {
    let late = i64::try_from(spec.index % 24).unwrap_or(0) * 3_600;
    let today = (lens.now - laws.epoch - late).div_euclid(DAY);
    let night = |day: i64| {
        let ordinal = day.cast_unsigned();
        let index = u64::try_from(spec.index).ok()?;
        let mut dice = Dice::of(laws.seed, &[index, 500, ordinal]);
        let cause = match spec.index % 10 {
            3 if dice.percent(50) => Cause::Memory,
            8 if dice.percent(50) => Cause::Secret,
            _ => Cause::None,
        };
        let at = laws.epoch + day * DAY + late;
        let plan = RunPlan {
            number: u64::try_from(15_000 + day).ok()?,
            slot: 20,
            workflow: NIGHTLY,
            event: "schedule",
            branch: spec.base_branch().to_owned(),
            sha: (*merges
                .iter()
                .rev()
                .find(|(merged, _)| *merged <= at)
                .map(|(_, sha)| sha)?)
            .to_owned(),
            pull: None,
            title: "nightly".to_owned(),
            actor: ACTIONS,
            attempts: vec![ci::nightly(&mut dice, spec.lang, at, cause)],
            held: None,
            environment: None,
        };
        seen(spec, lens, &plan, acts)
    };
    (today - 6..=today + 1).filter_map(night).collect()
}

/// Returns the runs of the log lab: one a day, in one repository, on a commit that is on no card.
pub(super) fn lab(laws: Laws, spec: &RepoSpec, lens: &Lens, root: &str, acts: &[Act]) -> Vec<Run> {
    if spec.index != LAB_REPO {
        return Vec::new();
    }
    let today = (lens.now - laws.epoch).div_euclid(DAY);
    let run = |day: i64| {
        let plan = RunPlan {
            number: 15_000 + u64::try_from(day).ok()?,
            slot: 21,
            workflow: LAB,
            event: "workflow_dispatch",
            branch: "log-lab".to_owned(),
            sha: root.to_owned(),
            pull: None,
            title: "log lab".to_owned(),
            actor: ACTIONS,
            attempts: vec![ci::lab(laws.epoch + day * DAY)],
            held: None,
            environment: None,
        };
        seen(spec, lens, &plan, acts)
    };
    (today - 1..=today + 1).filter_map(run).collect()
}
