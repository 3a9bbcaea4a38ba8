//! Which of the checks of an open change request decide, and which only badge it.
//!
//! Where the forge names at least one required check, the required ones decide:
//! what else is red is a badge. Where it names none, or does not tell, every job
//! of the newest runs of the head commit decides, and so does the sum of the
//! forge. What is not told must not turn anything green.
//!
//! A forge knows a run of another system by the name of its status, never by those of
//! its jobs: that name is what may be required, and then every job of it decides.

use crate::domain::change_request::{ChangeRequest, Checks, MergeState, Required};
use crate::domain::placement::evidenced::Evidenced;
use crate::domain::placement::runs::{Basis, Piece, RunView, Work};
use crate::domain::run::{Job, Run};
use crate::domain::text::Clean;

/// Returns whether a piece of a run before the merge has a say in where the card stands.
///
/// A run of which no job is known may hold a required one, and so may one of another
/// system of which no status is known, where nothing else that is known has a name
/// that is required. What is not done yet may still start one, so it has a say until
/// the forge would merge.
pub(super) fn decides(
    case: &Evidenced<'_>,
    change: &ChangeRequest,
    (run, piece): (&RunView<'_>, &Piece<'_>),
) -> bool {
    let Some(names) = names(change) else {
        return true;
    };
    let is_named = |job: &Job| {
        let mut names = names.iter();
        names.any(|name| is_called(name, run.run, &job.name) || has_status(run, name))
    };
    let may_be = || {
        let is_open = !piece.work.is_final();
        is_open || piece.job.is_none_or(is_named) || may_stand_for(case, run, names)
    };
    !would_merge(change) && may_be()
}

/// Whether a run of another system may be the one behind a name that nothing else has.
fn may_stand_for(case: &Evidenced<'_>, run: &RunView<'_>, names: &[Clean]) -> bool {
    let has = |other: &RunView<'_>, name: &Clean| {
        let mut jobs = other.pieces.iter().filter_map(|piece| piece.job);
        has_status(other, name) || jobs.any(|job| is_called(name, other.run, &job.name))
    };
    let is_open = |name: &Clean| !case.before.iter().any(|other| has(other, name));
    !run.run.ci.is_empty() && run.notices.is_empty() && names.iter().any(is_open)
}

/// Whether a status of the forge by this name tells of a run.
fn has_status(run: &RunView<'_>, name: &Clean) -> bool {
    let own = Some(run.run).filter(|run| run.is_notice());
    let mut told = run.notices.iter().copied().chain(own);
    told.any(|notice| notice.workflow == *name)
}

/// Returns whether the sum of all checks, which tells no names, has a say.
pub(super) fn sum_decides(case: &Evidenced<'_>, change: &ChangeRequest) -> bool {
    let Some(names) = names(change) else {
        return true;
    };
    let passed = |name: &Clean| is_passed(case, name);
    !would_merge(change) && !names.iter().all(passed)
}

/// Returns whether something is red that has no say.
pub(crate) fn is_optional_red(case: &Evidenced<'_>) -> bool {
    let Some(change) = case.change else {
        return false;
    };
    let red = |run: &RunView<'_>| {
        let mut failed = run.pieces.iter().filter(|p| p.work == Work::Failed);
        failed.any(|piece| !decides(case, change, (run, piece)))
    };
    case.before.iter().any(red) || change.checks == Checks::Failed && !sum_decides(case, change)
}

/// The required checks, where at least one is named.
fn names(change: &ChangeRequest) -> Option<&[Clean]> {
    match &change.required {
        Required::Named(names) if !names.is_empty() => Some(names),
        Required::Named(_) | Required::None | Required::Unknown => None,
    }
}

/// Whether the forge would merge it as it is, so that what is required has passed.
fn would_merge(change: &ChangeRequest) -> bool {
    matches!(change.merge_state, MergeState::Clean | MergeState::Unstable)
}

/// Whether a required check passed: a job of this name, or all that a status of this name tells of.
///
/// What is joined by less than the commit may have passed for another one.
fn is_passed(case: &Evidenced<'_>, name: &Clean) -> bool {
    let sure = || case.before.iter().filter(|run| run.basis == Basis::Commit);
    let by_job = sure().any(|run| {
        run.pieces.iter().any(|piece| {
            let is_it = |job: &Job| is_called(name, run.run, &job.name);
            piece.work == Work::Passed && piece.job.is_some_and(is_it)
        })
    });
    let mut told = sure().filter(|run| has_status(run, name)).peekable();
    by_job || told.peek().is_some() && told.all(|run| has_passed(run, name))
}

/// Whether a run passed, and the status of this name says so too.
fn has_passed(run: &RunView<'_>, name: &Clean) -> bool {
    let mut told = run.notices.iter().filter(|notice| notice.workflow == *name);
    run.work() == Work::Passed && told.all(|notice| Work::of(&notice.state) == Work::Passed)
}

/// Whether a check has the name of a job: as it is, or with workflow and event around it.
fn is_called(check: &str, run: &Run, job: &str) -> bool {
    let qualified = || {
        let rest = check.strip_prefix(run.workflow.as_str())?;
        rest.strip_prefix(" / ")?.strip_prefix(job)
    };
    check == job || qualified().is_some_and(|event| event.is_empty() || event.starts_with(" ("))
}
