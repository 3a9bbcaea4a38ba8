//! Rows 15 to 21: an open change request and what judges it.

use crate::domain::Timestamp;
use crate::domain::change_request::{
    ChangeRequest, ChangeState, Checks, MergeState, QueueState, Review,
};
use crate::domain::placement::evidenced::{Evidenced, Placed};
use crate::domain::placement::required::{decides, sum_decides};
use crate::domain::placement::runs::{Piece, RunView, Work, fault};
use crate::domain::placement::{has_label, named, piece_name};
use crate::domain::policy::Phase;
use crate::domain::run::RunState;
use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// An open change request; everything in this file is about one.
fn open<'a>(case: &Evidenced<'a>) -> Option<&'a ChangeRequest> {
    case.change.filter(|change| match change.state {
        ChangeState::Open | ChangeState::Other(_) => true,
        ChangeState::Merged | ChangeState::Closed => false,
    })
}

pub(super) fn state_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let ChangeState::Other(word) = &change.state else {
        return None;
    };
    let reason = format!("its change request is {}, which is not known", named(word));
    Some(Placed::new(
        Stage::Code,
        Status::Unknown,
        change.updated_at,
        reason,
    ))
}

pub(super) fn queue_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let reason = match change.queue.as_ref()? {
        QueueState::Unmergeable => "the merge queue put it out".to_owned(),
        QueueState::Queued
        | QueueState::AwaitingChecks
        | QueueState::Mergeable
        | QueueState::Locked
        | QueueState::Other(_) => return None,
    };
    Some(Placed::new(
        Stage::Test,
        Status::Failed,
        change.updated_at,
        reason,
    ))
}

pub(super) fn queue_active(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let (status, reason) = match change.queue.as_ref()? {
        QueueState::Locked => (Status::Blocked, "the merge queue is locked".to_owned()),
        QueueState::AwaitingChecks => (
            Status::Running,
            "in the merge queue, its checks run".to_owned(),
        ),
        QueueState::Mergeable => (Status::Running, "the merge queue merges it".to_owned()),
        QueueState::Queued => (Status::Queued, "waits in the merge queue".to_owned()),
        QueueState::Other(word) => (
            Status::Unknown,
            format!("in the merge queue as {}, which is not known", named(word)),
        ),
        QueueState::Unmergeable => return None,
    };
    Some(Placed::new(Stage::Test, status, change.updated_at, reason))
}

pub(super) fn test_job_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let (run, piece) = before(case, Work::Failed, |phase| phase == Phase::Test)?;
    let reason = format!("{} {}", piece_name(run, piece), fault(piece.state));
    Some(Placed::new(
        Stage::Test,
        Status::Failed,
        piece.since,
        reason,
    ))
}

pub(super) fn build_job_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let (run, piece) = before(case, Work::Failed, |phase| phase != Phase::Test)?;
    let reason = format!("{} {}", piece_name(run, piece), fault(piece.state));
    Some(Placed::new(
        Stage::Build,
        Status::Failed,
        piece.since,
        reason,
    ))
}

pub(super) fn checks_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case).filter(|change| sum_decides(case, change))?;
    // While something runs, the sum is of the attempt before.
    if change.checks != Checks::Failed || is_active(case) {
        return None;
    }
    let reason = "the forge says that a check failed".to_owned();
    Some(Placed::new(
        Stage::Test,
        Status::Failed,
        change.updated_at,
        reason,
    ))
}

pub(super) fn run_needs_consent(case: &Evidenced<'_>) -> Option<Placed> {
    open(case)?;
    let consent = |run: &&RunView<'_>| run.run.state == RunState::ActionRequired;
    let run = case.before.iter().find(consent)?;
    let reason = format!(
        "{} waits until somebody lets it run",
        super::run_name(run.run)
    );
    Some(Placed::new(
        Stage::Build,
        Status::Waiting,
        run.run.created_at,
        reason,
    ))
}

pub(super) fn test_job_waiting(case: &Evidenced<'_>) -> Option<Placed> {
    judged(case, Work::Waiting, Stage::Test)
}

pub(super) fn test_job_running(case: &Evidenced<'_>) -> Option<Placed> {
    judged(case, Work::Running, Stage::Test)
}

pub(super) fn build_job_waiting(case: &Evidenced<'_>) -> Option<Placed> {
    judged(case, Work::Waiting, Stage::Build)
}

pub(super) fn build_job_running(case: &Evidenced<'_>) -> Option<Placed> {
    judged(case, Work::Running, Stage::Build)
}

pub(super) fn build_job_queued(case: &Evidenced<'_>) -> Option<Placed> {
    judged(case, Work::Queued, Stage::Build)
}

pub(super) fn test_job_queued(case: &Evidenced<'_>) -> Option<Placed> {
    judged(case, Work::Queued, Stage::Test)
}

fn judged(case: &Evidenced<'_>, work: Work, stage: Stage) -> Option<Placed> {
    let (run, piece) = before(case, work, |phase| {
        (phase == Phase::Test) == (stage == Stage::Test)
    })?;
    let (status, words) = match work {
        Work::Waiting => (Status::Waiting, "waits for a person"),
        Work::Running => (Status::Running, "is running"),
        Work::Queued => (Status::Queued, "is queued"),
        Work::Failed | Work::Unknown | Work::Passed => return None,
    };
    let reason = format!("{} {words}", piece_name(run, piece));
    Some(Placed::new(stage, status, piece.since, reason))
}

pub(super) fn checks_pending(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case).filter(|change| sum_decides(case, change))?;
    if change.checks != Checks::Pending || !case.before.is_empty() {
        return None;
    }
    let reason = "the forge says that checks have not ended".to_owned();
    Some(Placed::new(
        Stage::Test,
        Status::Running,
        change.updated_at,
        reason,
    ))
}

pub(super) fn check_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    for (stage, test) in [(Stage::Build, false), (Stage::Test, true)] {
        let of_stage = |phase| (phase == Phase::Test) == test;
        if let Some((run, piece)) = before(case, Work::Unknown, of_stage) {
            let reason = format!("what {} did is not known", piece_name(run, piece));
            return Some(Placed::new(stage, Status::Unknown, piece.since, reason));
        }
    }
    None
}

pub(super) fn changes_requested(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    if change.review != Review::ChangesRequested {
        return None;
    }
    let reason = "a reviewer wants changes".to_owned();
    let since = change.updated_at;
    Some(Placed::new(
        Stage::Code,
        Status::ChangesRequested,
        since,
        reason,
    ))
}

pub(super) fn change_blocked(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let reason = match &change.merge_state {
        MergeState::Conflict => format!("it conflicts with `{}`", change.base_branch),
        MergeState::Behind => format!("`{}` moved on and must be merged in", change.base_branch),
        MergeState::Clean
        | MergeState::Blocked
        | MergeState::Unstable
        | MergeState::Draft
        | MergeState::Unknown(_) => {
            let label = has_label(&case.policy.blocked_labels, &change.labels)?;
            format!("label {} is set", named(label))
        }
    };
    Some(Placed::new(
        Stage::Code,
        Status::Blocked,
        change.updated_at,
        reason,
    ))
}

pub(super) fn draft(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    if !change.draft && change.merge_state != MergeState::Draft {
        return None;
    }
    let reason = "its change request is a draft".to_owned();
    Some(Placed::new(
        Stage::Code,
        Status::Drafting,
        change.created_at,
        reason,
    ))
}

pub(super) fn ready_to_merge(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let approved = match change.review {
        Review::Approved => true,
        Review::NotRequired => change.reviewers.is_empty(),
        Review::ChangesRequested | Review::Required | Review::Unknown(_) => return None,
    };
    let may = matches!(change.merge_state, MergeState::Clean | MergeState::Unstable);
    if !approved || !may || !is_green(case, change) {
        return None;
    }
    let reason = match (&change.review, &change.checks) {
        (Review::Approved, Checks::None) => "approved and ready to merge",
        (Review::Approved, _) => "approved, green and ready to merge",
        (_, Checks::None) => "ready to merge; no review and no check is required",
        (_, _) => "green and ready to merge; no review is required",
    };
    let since = settled_at(case, change);
    Some(Placed::new(
        Stage::Code,
        Status::Mergeable,
        since,
        reason.to_owned(),
    ))
}

pub(super) fn in_review(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let asked = match change.review {
        Review::Required => true,
        Review::NotRequired | Review::Unknown(_) => !change.reviewers.is_empty(),
        Review::Approved | Review::ChangesRequested => return None,
    };
    if !asked {
        return None;
    }
    let reason = match change.reviewers.first() {
        Some(first) if change.reviewers.len() == 1 => {
            format!("waits for the review of {}", named(&first.login))
        }
        Some(first) => format!(
            "waits for the review of {} and {} more",
            named(&first.login),
            change.reviewers.len() - 1
        ),
        None => "waits for a review".to_owned(),
    };
    let since = settled_at(case, change);
    Some(Placed::new(
        case.policy.review_stage,
        Status::Review,
        since,
        reason,
    ))
}

/// Approved, or with no review to wait for, and still not to be merged.
pub(super) fn merge_refused(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    if change.merge_state != MergeState::Blocked {
        return None;
    }
    let reason = "a rule of the repository forbids the merge".to_owned();
    Some(Placed::new(
        Stage::Code,
        Status::Blocked,
        change.updated_at,
        reason,
    ))
}

pub(super) fn merge_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let what = match (&change.review, &change.merge_state, &change.checks) {
        (Review::Approved, MergeState::Unknown(_), _) => "whether it can be merged",
        (
            Review::Approved | Review::NotRequired,
            MergeState::Clean | MergeState::Unstable,
            Checks::Unknown(_),
        ) => "how its checks stand",
        (Review::Unknown(word), _, _) if !word.is_empty() => "how its review stands",
        _ => return None,
    };
    let reason = format!("the forge has not said {what}");
    Some(Placed::new(
        Stage::Code,
        Status::Unknown,
        change.updated_at,
        reason,
    ))
}

/// Whatever is left: somebody still works on it, or it waits for its first check.
pub(super) fn in_the_making(case: &Evidenced<'_>) -> Option<Placed> {
    let change = open(case)?;
    let reason = if case.before.is_empty() && matches!(change.checks, Checks::None) {
        "open, and no check has reported"
    } else {
        "open, and nobody was asked for a review"
    };
    Some(Placed::new(
        Stage::Code,
        Status::Drafting,
        change.created_at,
        reason.to_owned(),
    ))
}

/// Whether nothing that decides stands against it.
fn is_green(case: &Evidenced<'_>, change: &ChangeRequest) -> bool {
    match &change.checks {
        Checks::Passed | Checks::None => true,
        Checks::Failed | Checks::Pending => !sum_decides(case, change),
        Checks::Unknown(_) => false,
    }
}

fn is_active(case: &Evidenced<'_>) -> bool {
    case.before.iter().any(|run| !run.work().is_final())
}

/// When the last check was done: from then on people hold it.
fn settled_at(case: &Evidenced<'_>, change: &ChangeRequest) -> Timestamp {
    let pieces = case.before.iter().flat_map(|run| &run.pieces);
    pieces
        .map(|piece| piece.since)
        .max()
        .unwrap_or(change.updated_at)
}

/// The piece of this work and phase that decides and tells best why.
fn before<'c, 'a>(
    case: &'c Evidenced<'a>,
    work: Work,
    phase: impl Fn(Phase) -> bool + Copy,
) -> Option<(&'c RunView<'a>, &'c Piece<'a>)> {
    let change = open(case)?;
    let says = |run: &RunView<'a>, piece: &Piece<'a>| {
        phase(piece.phase) && decides(case, change, (run, piece))
    };
    case.before
        .iter()
        .filter_map(|run| Some((run, run.piece(work, |piece| says(run, piece))?)))
        .min_by_key(|(run, piece)| {
            let cancelled = *piece.state == RunState::Cancelled;
            (cancelled, piece.since, run.run.id)
        })
}
