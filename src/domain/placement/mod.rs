//! The placement table: which column a card stands in, what it does there, and why.
//!
//! Data in code: [`TABLE`] is read top-down and the first row that answers
//! decides. Several changes of one card are put together by `combine`, and
//! what people decided against the table by [`overrides`].

use crate::domain::deployment::Deployment;
use crate::domain::run::{Run, run_called};
use crate::domain::text::Clean;

mod change;
mod combine;
mod evidenced;
mod live;
pub mod overrides;
mod plan;
mod required;
mod runs;
mod ship;
mod stale;
mod table;
#[cfg(test)]
mod tests;

pub use combine::combine;
pub use evidenced::{Clock, Evidenced, InEnvironment, Landed, Placed, Reach, Shape, Standing};
pub(crate) use live::JUST_OVER;
pub(crate) use plan::is_incident;
pub(crate) use required::is_optional_red;
pub use runs::{Basis, Piece, RunView, Work, fault};
pub use stale::stale_after;
pub use table::{Row, TABLE, place};

/// Quotes a remote name for a sentence.
pub(crate) fn named(name: &str) -> String {
    format!("`{name}`")
}

/// Returns how a run is named in a sentence.
pub(crate) fn run_name(run: &Run) -> String {
    match run.called() {
        // Who tells of it does not know its number.
        called if called.is_empty() => format!("a run of `{}`", run.workflow),
        called => format!("run {called} of `{}`", run.workflow),
    }
}

/// Returns how a piece of a run is named in a sentence.
pub(crate) fn piece_name(run: &RunView<'_>, piece: &Piece<'_>) -> String {
    let name = match piece.job {
        Some(job) => format!("job `{}` of {}", job.name, run_called(&run.run.called())),
        None => run_name(run.run),
    };
    match run.basis.words() {
        Some(words) => format!("{name} ({words})"),
        None => name,
    }
}

/// Returns what a deployment brings: a tag or branch where it names one, else the commit.
pub(crate) fn version_of(deployment: &Deployment) -> String {
    match (&deployment.git_ref, &deployment.sha) {
        (Some(name), Some(sha)) if !name.starts_with(sha.short()) => format!("`{name}`"),
        (_, Some(sha)) => format!("`{sha}`"),
        (Some(name), None) => format!("`{name}`"),
        (None, None) => "a version".to_owned(),
    }
}

/// Returns whether a word is in a list of the policy, whatever its case.
pub(crate) fn has_word(list: &[Clean], word: &str) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(word))
}

/// Returns the first label that is in a list of the policy.
pub(crate) fn has_label<'a>(list: &[Clean], labels: &'a [Clean]) -> Option<&'a str> {
    labels
        .iter()
        .map(Clean::as_str)
        .find(|label| has_word(list, label))
}
