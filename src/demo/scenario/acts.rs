//! What users of the forge did to runs: re-runs, cancellations and answers at gates, worked into
//! the plans.
//!
//! The world stays a pure function of seed, time and these; it moves on by itself afterwards.

use crate::demo::scenario::ci::{self, Attempt, CI, Cause, Course, JobPlan, RunPlan};
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::people::VIEWER;
use crate::demo::scenario::runs;
use crate::demo::scenario::team::{Lang, RepoSpec};
use crate::demo::scenario::train::{self, Train};

/// What a user asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// All jobs again.
    Rerun,
    /// The jobs that failed, and those that depend on them.
    RerunFailed,
    /// One job, and those that depend on it.
    RerunJob(&'static str),
    /// Break it off, and let it clean up.
    Cancel,
    /// Break it off at once.
    ForceCancel,
    /// Let it through its gate.
    Pass,
    /// Do not let it through its gate.
    Refuse,
}

/// What a user did to a run, and when on the simulated clock.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) run: u64,
    pub(super) at: i64,
    pub(super) deed: Deed,
}

/// Returns a plan as it is after these acts.
pub(super) fn acted(plan: &RunPlan, run: u64, lang: Lang, acts: &[Act]) -> Option<RunPlan> {
    let mine = || acts.iter().filter(|act| act.run == run);
    mine().next()?;
    let mut plan = plan.clone();
    for act in mine() {
        let begun = plan.attempts.iter().filter(|one| one.at <= act.at).count();
        let Some(last) = begun.checked_sub(1) else {
            continue;
        };
        match &act.deed {
            Deed::Cancel => cancel(&mut plan, last, act.at + 9),
            Deed::ForceCancel | Deed::Refuse => cancel(&mut plan, last, act.at + 1),
            // Done to its train, with what it brings.
            Deed::Pass => {}
            Deed::Rerun | Deed::RerunFailed | Deed::RerunJob(_) => {
                let Some(before) = plan.attempts.get(last) else {
                    continue;
                };
                let mut dice = Dice::of(run, &[u64::try_from(begun).unwrap_or(0)]);
                let workflow = plan.workflow;
                let next = again(&mut dice, before, act, (workflow == CI).then_some(lang));
                // What the team would have done is not needed any more where all is well.
                if next.jobs.iter().all(|job| job.result == "success") {
                    plan.attempts.truncate(begun);
                }
                plan.attempts.insert(begun.min(plan.attempts.len()), next);
            }
        }
    }
    Some(plan)
}

/// Works answers at its gate into a train: its job begins when it was let through, and all that
/// its deployment comes to is as much earlier; or it never takes place.
pub(super) fn answered(spec: &RepoSpec, train: &mut Train, acts: &[Act]) {
    let id = runs::id(spec, train.number, train::GATED);
    let answers = acts
        .iter()
        .filter(|act| act.run == id && matches!(act.deed, Deed::Pass | Deed::Refuse));
    for act in answers {
        let mut jobs = train
            .runs
            .iter_mut()
            .filter(|run| run.slot == train::GATED)
            .flat_map(|run| run.attempts.iter_mut().take(1))
            .flat_map(|attempt| &mut attempt.jobs);
        let Some(job) = jobs.find(|job| job.gated && job.listed <= act.at && job.start > act.at)
        else {
            continue;
        };
        let earlier = job.start - (act.at + BEGINS_IN);
        let mut plans = train.deployments.iter_mut();
        let plan = plans.find(|plan| plan.slot == train::GATED_DEPLOYMENT);
        if act.deed == Deed::Refuse {
            if let Some(plan) = plan {
                plan.states.retain(|(at, ..)| *at <= act.at);
                plan.rollout.clear();
                let why = "Rejected by a reviewer".to_owned();
                plan.states.push((act.at, "failure", why));
            }
            continue;
        }
        job.gated = false;
        job.start -= earlier;
        job.end -= earlier;
        if let Some(plan) = plan {
            let states = plan.states.iter_mut().map(|(at, ..)| at);
            let steps = plan.rollout.iter_mut().map(|(at, ..)| at);
            for at in states.chain(steps).filter(|at| **at > act.at) {
                *at -= earlier;
            }
        }
    }
}

/// Seconds after which the job behind a gate begins.
const BEGINS_IN: i64 = 5;

fn cancel(plan: &mut RunPlan, attempt: usize, at: i64) {
    let now = plan.attempts.get_mut(attempt);
    if let Some(now) = now.filter(|one| one.end() > at) {
        now.cancelled = Some(at);
    }
}

/// Returns the next attempt: what is asked for anew, the rest as it was.
fn again(dice: &mut Dice, before: &Attempt, act: &Act, ci: Option<Lang>) -> Attempt {
    let cut = |job: &JobPlan| before.cancelled.is_some_and(|at| job.end > at);
    let anew = |job: &JobPlan| match act.deed {
        Deed::RerunFailed => job.result != "success" || cut(job),
        Deed::RerunJob(name) => job.name == name || cut(job) && job.listed >= act.at,
        Deed::Rerun | Deed::Cancel | Deed::ForceCancel | Deed::Pass | Deed::Refuse => true,
    };
    let first = before.jobs.iter().filter(|job| anew(job));
    let shift = act.at - first.map(|job| job.listed).min().unwrap_or(act.at);
    let mut next = before.clone();
    (next.at, next.cancelled, next.by) = (act.at, None, Some(VIEWER));
    let mut builds = false;
    for job in next.jobs.iter_mut().filter(|job| anew(job)) {
        builds |= job.name == "build" && job.result != "success";
        job.listed += shift;
        job.start += shift;
        job.end += shift;
        if job.cause.passes() {
            job.fail(Cause::None);
        }
    }
    // Where the build was the trouble, what depends on it has its turn now.
    let built = next.jobs.iter().find(|job| job.name == "build");
    let built = built.filter(|job| builds && job.result == "success");
    if let (Some(end), Some(lang)) = (built.map(|job| job.end), ci) {
        let mut more = ci::checks(dice, lang, act.at, Course::Green).jobs;
        more.retain(|job| next.jobs.iter().all(|known| known.name != job.name));
        let late = end - more.iter().map(|job| job.listed).min().unwrap_or(end);
        next.jobs.extend(more.into_iter().map(|mut job| {
            job.listed += late;
            job.start += late;
            job.end += late;
            job
        }));
    }
    next
}
