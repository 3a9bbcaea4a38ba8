//! Issues as they are seen at one moment.

use crate::demo::scenario::lens::Lens;
use crate::demo::scenario::model::{Deployment, Issue};
use crate::demo::scenario::plan::{Change, PullPlan, TicketPlan};
use crate::demo::scenario::rides;
use crate::demo::scenario::team::RepoSpec;
use crate::domain::Timestamp;

/// Returns what is seen of the ticket of a change, if there is one yet.
pub(super) fn issue(
    spec: &RepoSpec,
    lens: &Lens,
    change: &Change,
    rides: &rides::Rides,
) -> Option<Issue> {
    let plan = change.ticket.as_ref()?;
    let created = lens.seen(plan.created)?;
    let number = plan.number;
    let taken = plan.taken.is_some_and(|at| lens.past(at));
    let started = plan.started.filter(|at| lens.past(*at));
    let triaged = plan.triaged.filter(|at| lens.past(*at));
    let closed = plan.closed.filter(|(at, _)| lens.past(*at));
    let pull = change.pull.as_ref().filter(|pull| lens.past(pull.opened));
    let times = [
        Some(plan.created),
        triaged,
        started,
        plan.taken.filter(|_| taken),
    ];
    let latest = times
        .into_iter()
        .flatten()
        .chain(closed.map(|(at, _)| at))
        .max();
    let holds = started.is_some() || taken;
    let (title, body) = words_of(spec, (plan, created), change, rides);
    Some(Issue {
        number,
        title,
        body,
        author: change.reviewers[0],
        assignees: if holds {
            vec![change.author]
        } else {
            Vec::new()
        },
        labels: labels(lens, plan, change),
        milestone: triaged.map(|_| milestone(number)),
        closed: closed.map(|(at, reason)| (lens.show(at), reason)),
        created_at: created,
        updated_at: lens.show(latest.unwrap_or(plan.created)),
        status: status(lens, plan, pull),
        pulls: pull.map(|pull| pull.number).into_iter().collect(),
    })
}

/// Returns the number of the milestone that a ticket gets.
fn milestone(number: u64) -> u64 {
    1 + number % 3
}

fn labels(lens: &Lens, plan: &TicketPlan, change: &Change) -> Vec<&'static str> {
    let mut labels = Vec::new();
    if plan.incident {
        labels.extend(["incident", "sev2"]);
    } else if plan.triaged.is_some_and(|at| lens.past(at)) {
        labels.push(change.label);
    }
    if lens.within(plan.blocked) {
        labels.push("blocked");
    }
    labels
}

fn status(
    lens: &Lens,
    plan: &TicketPlan,
    pull: Option<&PullPlan>,
) -> Option<(&'static str, Timestamp)> {
    if plan.incident {
        return None;
    }
    let review = pull.map(|pull| pull.ready);
    let steps = [
        (plan.closed.map(|(at, _)| at), "Done"),
        (review, "In review"),
        (plan.started, "In progress"),
        (plan.triaged, "Ready"),
    ];
    let come = |(at, word): (Option<i64>, &'static str)| Some((word, lens.seen(at?)?));
    steps.into_iter().find_map(come)
}

fn words_of(
    spec: &RepoSpec,
    (plan, created): (&TicketPlan, Timestamp),
    change: &Change,
    rides: &rides::Rides,
) -> (String, String) {
    if !plan.incident {
        let body = format!(
            "{}.\n\nReported by a customer; see the notes of last week.",
            change.title
        );
        return (change.title.clone(), body);
    }
    match live_at(&rides.deployments, created) {
        Some(cause) => (
            format!(
                "{} since {} {} went to production",
                change.title, spec.name, cause.git_ref
            ),
            format!(
                "Alert fired by the error budget of `{}`.\n\nSuspected deployment: {} ({} in {}).\nroot cause: {}\n",
                spec.name, cause.id, cause.git_ref, cause.environment, cause.sha
            ),
        ),
        None => (
            change.title.clone(),
            "Alert fired; cause unknown.".to_owned(),
        ),
    }
}

/// Returns what had come to production last at a moment: what came later explains nothing.
fn live_at(deployments: &[Deployment], moment: Timestamp) -> Option<&Deployment> {
    let arrived = |deployment: &Deployment| {
        let mut statuses = deployment.statuses.iter();
        let good = statuses.find(|status| status.state == "success");
        good.map(|status| status.at).filter(|at| *at <= moment)
    };
    let live = deployments
        .iter()
        .filter(|deployment| deployment.environment.ends_with("production"));
    let live = live.filter_map(|deployment| Some((arrived(deployment)?, deployment)));
    live.max_by_key(|(at, deployment)| (*at, deployment.id))
        .map(|(_, deployment)| deployment)
}
