//! What is known of the log that is wanted: which, whether it is here, or why not.

use std::sync::Arc;

use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::domain::triage::Known;
use crate::engine::snapshot::{Asked, Snapshot};
use crate::ui::state::{LogStanding, UiState};
use crate::ui::tree::{self, why};
use crate::ui::update::triage::tree::job_of;
use crate::ui::update::triage::{card, kept};

/// What is said of the log of a job that waits.
const WAITS: &str = "the job has not begun";

/// Returns the log of the job that is selected.
pub(super) fn wanted(state: &UiState, snapshot: &Snapshot) -> Option<LogKey> {
    let triage = &card(state, snapshot)?.triage;
    let open = state.triage.log.key.as_ref();
    let is_kept = state.triage.job.is_none() && kept::find(state, &triage.item).is_some();
    if let Some(key) = open.filter(|key| is_kept && key.run == triage.run.key()) {
        // Who reads a log goes on reading it, whatever becomes of its run.
        return Some(key.clone());
    }
    let (attempt, job) = tree::wanted_job(triage, state.triage.job)?;
    Some(LogKey {
        run: triage.run.key(),
        attempt,
        job,
    })
}

/// Returns whether it was trouble on the way that kept a log from being read.
pub(super) fn is_trouble(snapshot: &Snapshot, key: &LogKey) -> bool {
    matches!(snapshot.inquiries.get(key), Some(Asked::Failed { .. }))
}

/// Returns why the log that is wanted cannot be shown, as far as that is known, and whether it
/// may yet come by itself.
pub(super) fn told(state: &UiState, snapshot: &Snapshot) -> Option<(Clean, bool)> {
    let key = state.triage.log.key.as_ref()?;
    match snapshot.inquiries.get(key) {
        Some(Asked::Reading) => return None,
        Some(Asked::Failed { why, .. }) => return Some((why.clone(), false)),
        Some(Asked::Found(_)) | None => {}
    }
    let progress = progress(state, snapshot);
    let still_waits = || (progress == Progress::Waits).then(|| (Clean::line(WAITS), true));
    let Some(found) = found(state, snapshot) else {
        return still_waits();
    };
    let sentence = || why::log_sentence(&found.log).map(|text| Clean::line(&text));
    match found.log {
        LogState::Read { .. } => None,
        LogState::NotYet if progress == Progress::Runs => None,
        LogState::NotYet => still_waits().or_else(|| Some((sentence()?, true))),
        LogState::Gone
        | LogState::Missing
        | LogState::Empty
        | LogState::NotText
        | LogState::Refused(_) => Some((sentence()?, false)),
    }
}

/// Returns what was found in the log that is wanted, if that is known.
fn found(state: &UiState, snapshot: &Snapshot) -> Option<Arc<Diagnosis>> {
    let key = state.triage.log.key.as_ref()?;
    if let Some(Asked::Found(found)) = snapshot.inquiries.get(key) {
        return Some(Arc::clone(found));
    }
    match &card(state, snapshot)?.triage.diagnosis {
        Known::Yes(found) if found.log_key() == *key => Some(Arc::clone(found)),
        Known::Yes(_) | Known::No(_) => None,
    }
}

/// How far the job of a log is, as far as that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// It has not begun.
    Waits,
    /// It is at work.
    Runs,
    /// It is over, or nobody knows.
    Over,
}

/// Returns how far the job of the log that is wanted is.
pub(super) fn progress(state: &UiState, snapshot: &Snapshot) -> Progress {
    let log = state.triage.log.key.as_ref();
    let card = card(state, snapshot).filter(|card| {
        let run = card.triage.run.key();
        log.is_some_and(|key| key.run == run)
    });
    let (Some(key), Some(card)) = (log, card) else {
        return Progress::Over;
    };
    let job = job_of(&card.triage, (key.attempt, key.job));
    job.map_or(Progress::Over, |job| match job.state {
        RunState::Queued | RunState::Waiting | RunState::ActionRequired => Progress::Waits,
        RunState::Running => Progress::Runs,
        RunState::Passed
        | RunState::Skipped
        | RunState::Failed(_)
        | RunState::Cancelled
        | RunState::Unknown(_) => Progress::Over,
    })
}

/// How much of the log that is shown is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extent {
    /// As much as there will be.
    All,
    /// Its beginning; the rest is on its way.
    Loading,
    /// Its beginning, and nobody is reading on.
    Beginning,
}

/// Returns how much of the log that is shown is here.
pub(crate) fn extent(state: &UiState, snapshot: &Snapshot) -> Extent {
    if state.triage.log.live.is_some() {
        // How it stands is said in its own words.
        return Extent::All;
    }
    let key = state.triage.log.key.as_ref();
    let asked = key.and_then(|key| snapshot.inquiries.get(key));
    // While it is read on, what was found before is told by the card.
    let known = match &card(state, snapshot).map(|card| card.triage.diagnosis.clone()) {
        Some(Known::Yes(found)) if Some(&found.log_key()) == key => Some(Arc::clone(found)),
        Some(Known::Yes(_) | Known::No(_)) | None => None,
    };
    let is_beginning = |found: &Arc<Diagnosis>| found.is_beginning();
    match (asked, known) {
        (Some(Asked::Reading), Some(found)) if is_beginning(&found) => Extent::Loading,
        (Some(Asked::Found(found)), _) if !is_beginning(found) => Extent::All,
        (_, Some(found)) if is_beginning(&found) => Extent::Beginning,
        (Some(Asked::Reading | Asked::Found(_) | Asked::Failed { .. }) | None, Some(_) | None) => {
            Extent::All
        }
    }
}

/// Returns the log that is shown if the cache holds more of it by now.
pub(super) fn rest_is_here(state: &UiState, snapshot: &Snapshot) -> Option<LogKey> {
    let log = &state.triage.log;
    let (key, index) = (log.key.as_ref()?, log.index.as_ref()?);
    let Known::Yes(found) = &card(state, snapshot)?.triage.diagnosis else {
        return None;
    };
    let LogState::Read { lines, .. } = found.log else {
        return None;
    };
    let is_longer = found.log_key() == *key && lines > index.lines() && !found.is_beginning();
    (is_longer && log.standing == LogStanding::Open).then(|| key.clone())
}
