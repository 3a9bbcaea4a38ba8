//! Pull requests as they are seen at one moment.

use crate::demo::scenario::lens::Lens;
use crate::demo::scenario::model::{Pull, PullState, Review, Run};
use crate::demo::scenario::plan::{Change, PullPlan};
use crate::demo::scenario::team::{Focus, RepoSpec};
use crate::demo::scenario::tree::Tree;
use crate::domain::Timestamp;

/// Returns what is seen of the pull request of a change, if it is open yet.
pub(super) fn pull(
    spec: &RepoSpec,
    lens: &Lens,
    change: &Change,
    tree: &Tree,
    runs: &[Run],
) -> Option<Pull> {
    let plan = change.pull.as_ref()?;
    let created_at = lens.seen(plan.opened)?;
    let merged = plan.merged.filter(|at| lens.past(*at));
    let dropped = plan.dropped.filter(|at| lens.past(*at));
    let over = merged.or(dropped);
    let pushes: Vec<&(i64, String)> = plan
        .pushes
        .iter()
        .filter(|(at, _)| lens.past(*at))
        .collect();
    let commits: Vec<String> = pushes.iter().map(|(_, sha)| sha.clone()).collect();
    let head = commits.last().cloned().unwrap_or_default();
    let said = plan.reviews.iter().filter(|(at, _)| lens.past(*at));
    let said: Vec<&(i64, bool)> = said.collect();
    let times = said.iter().map(|(at, _)| *at);
    let times = times.chain(pushes.iter().map(|(at, _)| *at)).chain(over);
    let updated = lens.latest(times.chain([plan.ready]));
    let updated = updated.unwrap_or(plan.opened);
    let draft = !lens.past(plan.ready);
    let decision = decision(plan, &said);
    // What is over is not judged any more; looking for its run would take its time.
    let verdict = runs
        .iter()
        .filter(|_| over.is_none())
        .find(|run| run.sha == head && run.event == "pull_request");
    let (mergeable, merge_state) = standing(lens, plan, draft, decision, verdict, over.is_some());
    let word = |approves| {
        if approves {
            "APPROVED"
        } else {
            "CHANGES_REQUESTED"
        }
    };
    let review = |said: &&(i64, bool)| Review {
        by: change.reviewers[0],
        state: word(said.1),
        at: lens.show(said.0),
        sha: head.clone(),
    };
    let is_update = change.focus == Focus::Update;
    let waits = decision == Some("REVIEW_REQUIRED") && !draft && over.is_none();
    Some(Pull {
        number: plan.number,
        title: change.title.clone(),
        body: body(change),
        author: change.author,
        assignees: vec![change.author],
        labels: vec![if is_update {
            "dependencies"
        } else {
            change.label
        }],
        state: state(merged, dropped),
        draft,
        created_at,
        updated_at: lens.show(updated),
        ready_at: ready_at(lens, plan),
        merged_at: merged.map(|at| lens.show(at)),
        closed_at: over.map(|at| lens.show(at)),
        head_branch: change.branch.clone(),
        base_branch: spec.base_branch(),
        base_sha: tree.bases.get(&plan.number).cloned().unwrap_or_default(),
        merge_sha: merged.and_then(|_| plan.landed.last().cloned()),
        reviews: reviews(lens, plan, change.reviewers[1], said.iter().map(review)),
        requested: if waits {
            change.reviewers.to_vec()
        } else {
            Vec::new()
        },
        decision: decision.filter(|_| plan.review_required),
        mergeable,
        merge_state,
        queue: queue(lens, plan),
        closes: change.ticket.iter().map(|ticket| ticket.number).collect(),
        additions: u64::try_from(change.files.len() * 23 + change.title.len()).unwrap_or(0),
        deletions: u64::try_from(change.files.len() * 9).unwrap_or(0),
        files: change.files.clone(),
        fork: change.focus == Focus::ActionRequired,
        commits,
    })
}

/// Returns when it ceased to be a draft; nothing of one that never was.
fn ready_at(lens: &Lens, plan: &PullPlan) -> Option<Timestamp> {
    lens.seen(plan.ready).filter(|_| plan.ready > plan.opened)
}

/// Puts what a second reviewer said before the rest, as it came first.
fn reviews(
    lens: &Lens,
    plan: &PullPlan,
    second: usize,
    said: impl Iterator<Item = Review>,
) -> Vec<Review> {
    let early = plan.second.and_then(|at| lens.seen(at)).map(|at| Review {
        by: second,
        state: "APPROVED",
        at,
        sha: plan
            .pushes
            .last()
            .map(|(_, sha)| sha.clone())
            .unwrap_or_default(),
    });
    early.into_iter().chain(said).collect()
}

fn body(change: &Change) -> String {
    match &change.ticket {
        Some(ticket) => {
            let number = ticket.number;
            format!("Does what #{number} asks for.\n\nCloses #{number}")
        }
        None => "See the changelog of the package.".to_owned(),
    }
}

fn state(merged: Option<i64>, dropped: Option<i64>) -> PullState {
    match (merged, dropped) {
        (Some(_), _) => PullState::Merged,
        (None, Some(_)) => PullState::Closed,
        (None, None) => PullState::Open,
    }
}

fn queue(lens: &Lens, plan: &PullPlan) -> Option<&'static str> {
    let (from, _) = plan.queue.filter(|_| lens.within(plan.queue))?;
    Some(if lens.past(from + 60) {
        "AWAITING_CHECKS"
    } else {
        "QUEUED"
    })
}

fn decision(plan: &PullPlan, said: &[&(i64, bool)]) -> Option<&'static str> {
    if !plan.review_required {
        return None;
    }
    Some(match said.last() {
        Some((_, true)) => "APPROVED",
        Some((_, false)) => "CHANGES_REQUESTED",
        None => "REVIEW_REQUIRED",
    })
}

/// Returns `mergeable` and `mergeStateStatus`.
fn standing(
    lens: &Lens,
    plan: &PullPlan,
    draft: bool,
    decision: Option<&'static str>,
    verdict: Option<&Run>,
    over: bool,
) -> (&'static str, &'static str) {
    if over {
        return ("UNKNOWN", "UNKNOWN");
    }
    if lens.within(plan.conflict) {
        return ("CONFLICTING", "DIRTY");
    }
    let green = verdict.is_none_or(|run| run.conclusion == Some("success"));
    let reviewed = decision.is_none_or(|word| word == "APPROVED");
    let state = if draft {
        "DRAFT"
    } else if lens.within(plan.behind) {
        "BEHIND"
    } else if !green || !reviewed {
        "BLOCKED"
    } else {
        "CLEAN"
    };
    ("MERGEABLE", state)
}
