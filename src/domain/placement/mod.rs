//! The placement table: which column a card stands in, what it does there, and why.
//!
//! Data in code: [`TABLE`] is read top-down and the first row that answers
//! decides. Several changes of one card are put together by `combine`, and
//! what people decided against the table by [`overrides`].

use crate::domain::deployment::Deployment;
use crate::domain::run::{Run, run_called};
use crate::domain::status::Status;
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
pub use evidenced::{
    Clock, Evidenced, InEnvironment, Landed, Missed, Placed, Reach, Shape, Standing,
};
pub(crate) use live::JUST_OVER;
pub(crate) use plan::is_incident;
pub(crate) use required::is_optional_red;
pub use runs::{Basis, Piece, RunView, Work, fault};
pub use stale::stale_after;
pub use table::{Row, TABLE, place};

/// The rules that place a card by what versions contain, as far as that was told.
const BY_CONTENTS: [&str; 6] = [
    "live-unsure",
    "in-lower-environment",
    "released-not-deployed",
    "merged-elsewhere",
    "merged-unreleased",
    "merged-undeployed",
];

/// Returns whether a card stands there only because nobody was told yet what a version contains: no
/// source says that it went there, nor when, and the answer moves it to where it was all the time.
pub(crate) fn is_unanswered(rule: &str, status: Status) -> bool {
    status == Status::Unknown && BY_CONTENTS.contains(&rule)
}

/// Returns in words why a rule places a card: what stands behind "because".
pub fn because(rule: &str) -> String {
    let about = TABLE.iter().find(|row| row.name == rule);
    let about = about.map(|row| row.about.trim_end_matches('.'));
    let words = match (about, rule) {
        (Some(about), _) => about,
        (None, "gone") => "Nothing tells of it any more",
        (None, "pin") => "Somebody pinned it there",
        (None, "unplaced") => "Nothing was known that would place it",
        (None, rule) => return rule.to_owned(),
    };
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

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
