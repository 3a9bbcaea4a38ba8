//! Which of the checks of an open change request decide, and which only badge it.
//!
//! Where the forge names at least one required check, the required ones decide:
//! what else is red is a badge. Where it names none, or does not tell, every job
//! of the newest runs of the head commit decides, and so does the sum of the
//! forge. What is not told must not turn anything green.

use crate::domain::change_request::{ChangeRequest, Checks, MergeState, Required};
use crate::domain::placement::evidenced::Evidenced;
use crate::domain::placement::runs::{Basis, Piece, RunView, Work};
use crate::domain::run::Run;
use crate::domain::text::Clean;

/// Returns whether a piece of a run before the merge has a say in where the card stands.
///
/// A run of which no job is known may hold a required one. What is not done yet
/// may still start one, so it has a say until the forge would merge.
pub(super) fn decides(change: &ChangeRequest, run: &Run, piece: &Piece<'_>) -> bool {
    let Some(names) = names(change) else {
        return true;
    };
    let may_be = || {
        !piece.work.is_final()
            || piece
                .job
                .is_none_or(|job| names.iter().any(|name| is_called(name, run, &job.name)))
    };
    !would_merge(change) && may_be()
}

/// Returns whether the sum of all checks, which tells no names, has a say.
pub(super) fn sum_decides(case: &Evidenced<'_>, change: &ChangeRequest) -> bool {
    let Some(names) = names(change) else {
        return true;
    };
    let passed = |name: &Clean| case.before.iter().any(|run| has_passed(run, name));
    !would_merge(change) && !names.iter().all(passed)
}

/// Returns whether something is red that has no say.
pub(crate) fn is_optional_red(case: &Evidenced<'_>) -> bool {
    let Some(change) = case.change else {
        return false;
    };
    let red = |run: &RunView<'_>| {
        let mut failed = run.pieces.iter().filter(|p| p.work == Work::Failed);
        failed.any(|piece| !decides(change, run.run, piece))
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

/// What is joined by less than the commit may have passed for another one.
fn has_passed(run: &RunView<'_>, name: &str) -> bool {
    run.basis == Basis::Commit
        && run.pieces.iter().any(|piece| {
            piece.work == Work::Passed
                && piece
                    .job
                    .is_some_and(|job| is_called(name, run.run, &job.name))
        })
}

/// Whether a check has the name of a job: as it is, or with workflow and event around it.
fn is_called(check: &str, run: &Run, job: &str) -> bool {
    let qualified = || {
        let rest = check.strip_prefix(run.workflow.as_str())?;
        rest.strip_prefix(" / ")?.strip_prefix(job)
    };
    check == job || qualified().is_some_and(|event| event.is_empty() || event.starts_with(" ("))
}
