//! What an action would be done to: the run behind the cursor, red or not.
//!
//! A red card has its run in the triage, a watched one as it stands now, any
//! other in its evidence; the fresh read before the question has the last word.

use std::collections::HashSet;

use crate::domain::Timestamp;
use crate::domain::action::{Deed, Target, Verb};
use crate::domain::item::{Evidence, EvidenceKind, WorkItem};
use crate::domain::key::{ItemId, SourceName};
use crate::domain::run::{Door, Failure, RunKey, RunState, named};
use crate::domain::status::Severity;
use crate::domain::text::Clean;
use crate::domain::triage::Triage;
use crate::engine::snapshot::{Snapshot, scope_of};
use crate::ui::overlay::Aim;
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{Pointed, UiState, View};
use crate::ui::tree;
use crate::ui::update::marks;
use crate::ui::update::triage::{kept, pointed_job, tree::job_of};

/// Returns what is acted on: the marked cards, else the one under the cursor; else why nothing is.
pub(crate) fn aims(state: &UiState, snapshot: &Snapshot) -> Result<Vec<Aim>, String> {
    let in_triage = state.view == View::Triage && state.overlays.is_empty();
    if in_triage && !state.triage.marked.is_empty() {
        let cards = snapshot.triage.cards.iter();
        let marked = cards.filter(|card| state.triage.marked.contains(&card.triage.item));
        // Several cards may wait for one run, which is run again once.
        let mut runs = HashSet::new();
        let aims = marked.map(|card| {
            let newer = newer(snapshot, &card.triage);
            newer.unwrap_or_else(|| of_triage(&card.triage, None))
        });
        return Ok(aims
            .filter(|aim| runs.insert(aim.target.run.clone()))
            .collect());
    }
    if state.overlays.is_empty() && marks::are_meant(state) {
        let items = marks::marked(state, snapshot).into_iter();
        let mut runs = HashSet::new();
        let aims = items.filter_map(|item| of_item(snapshot, item));
        let aims: Vec<Aim> = aims
            .filter(|aim| runs.insert(aim.target.run.clone()))
            .collect();
        return if aims.is_empty() {
            Err("no run of the marked cards is known; actions are for runs".to_owned())
        } else {
            Ok(aims)
        };
    }
    let pointed = || match state.pointed(snapshot) {
        Pointed::Card(Shown::Item { item, .. }) => Ok(item.id.clone()),
        Pointed::Card(Shown::Train { .. }) => {
            Err("a train has no run of its own; open it and select a card")
        }
        Pointed::Source(_) | Pointed::Nothing => Err("no card is selected"),
    };
    let item = match state.detail().map(|detail| &detail.key) {
        Some(RowKey::Item(id)) => Ok(id.clone()),
        Some(RowKey::Train(_)) => Err("a train has no run of its own; open it and select a card"),
        // A red card may have left the board and still be in the triage.
        None if in_triage => state.triage.selected.clone().ok_or("no card is selected"),
        None => pointed(),
    }?;
    if let Some(run) = pointed_run(state, snapshot, &item) {
        return Ok(vec![run]);
    }
    if let Some(triage) = triage(state, snapshot, &item) {
        if let Some(newer) = newer(snapshot, &triage) {
            return Ok(vec![newer]);
        }
        let job = if in_triage {
            pointed_job(state, snapshot)
        } else {
            tree::wanted_job(&triage, None)
        };
        let newest = triage.run.attempt;
        let job = job.filter(|(attempt, _)| *attempt == newest);
        return Ok(vec![of_triage(&triage, job.map(|(_, job)| job))]);
    }
    let found = snapshot
        .find(&item)
        .and_then(|item| of_item(snapshot, item));
    found.map(|aim| vec![aim]).ok_or_else(|| {
        let key = snapshot.find(&item).map(|item| item.key.to_string());
        let key = key.unwrap_or_else(|| "this card".to_owned());
        format!("no run of {key} is known; actions are for runs")
    })
}

/// Returns what is known of the red or kept run of a card.
fn triage(state: &UiState, snapshot: &Snapshot, item: &ItemId) -> Option<std::sync::Arc<Triage>> {
    let red = snapshot.triage.find(item);
    let kept = || kept::find(state, item).map(|one| &one.card);
    red.or_else(kept)
        .map(|card| std::sync::Arc::clone(&card.triage))
}

/// Returns the run that took the place of the one in the triage: the newest of the same workflow on
/// the card, where systems run things again as another run.
///
/// While the card is red by the old one, only what is at work takes its place: a newer one that
/// passed may be of another event.
fn newer(snapshot: &Snapshot, triage: &Triage) -> Option<Aim> {
    newer_on(snapshot, snapshot.find(&triage.item)?, triage)
}

fn newer_on(snapshot: &Snapshot, item: &WorkItem, triage: &Triage) -> Option<Aim> {
    let start = format!("{} #", triage.run.workflow);
    let number = |line: &Evidence| line.key.strip_prefix(&start)?.parse::<u64>().ok();
    let old = triage.run.key();
    let runs = item.evidence.iter().filter(|line| {
        let run = line.run.as_deref();
        let is_other = run.is_some_and(|run| *run != old && run.repo == old.repo);
        line.kind == EvidenceKind::Run && is_other
    });
    let later = runs.filter_map(|line| Some((number(line)?, line)));
    let later = later.filter(|(number, _)| *number > triage.run.number);
    let aims = later.filter_map(|(number, line)| Some((number, aim(snapshot, item, line)?)));
    let is_red = snapshot.triage.find(&triage.item).is_some();
    let aims = aims.filter(|(_, aim)| !is_red || !aim.state.is_over());
    let newest = aims.max_by_key(|(number, aim)| (!aim.state.is_over(), *number));
    newest.map(|(_, aim)| aim)
}

fn of_triage(triage: &Triage, job: Option<u64>) -> Aim {
    Aim {
        item: triage.item.clone(),
        target: Target {
            source: triage.source.clone(),
            run: triage.run.key(),
            job,
            gate: None,
        },
        name: named(&triage.run.workflow, &triage.run.called()),
        job_name: job
            .and_then(|job| job_of(triage, (triage.run.attempt, job)))
            .map(|job| job.name.clone()),
        state: triage.run.state.clone(),
    }
}

/// Returns the run of the piece of evidence that has the cursor in the detail.
fn pointed_run(state: &UiState, snapshot: &Snapshot, item: &ItemId) -> Option<Aim> {
    let at = state.detail()?.cursor.checked_sub(1)?;
    let item = snapshot.find(item)?;
    let line = item.evidence.iter().nth_back(at)?;
    let mut aim = of_card(snapshot, item, Some(line.run.as_deref()?))?;
    aim.target.gate = line.door.as_deref().cloned();
    Some(aim)
}

/// A gate of a run, or a manual job that nothing waits for, as its card tells it.
pub(crate) struct GateLine {
    /// What opens it, where that is known.
    pub(crate) door: Option<Door>,
    /// Its name.
    pub(crate) name: Clean,
    /// Whether nothing waits for it.
    pub(crate) optional: bool,
}

impl GateLine {
    /// Returns whether a verb is for it: what nothing waits for is started or let alone.
    pub(crate) fn takes(&self, verb: Verb) -> bool {
        !self.optional || verb.deed() == Deed::Approve
    }

    /// Returns what a verb does to it, as menus say it.
    pub(crate) fn words(&self, verb: Verb) -> String {
        if self.optional {
            return format!("start manual job `{}`", self.name);
        }
        format!("{} `{}`", verb.words(), self.name)
    }
}

/// Returns the gates at which the run of an aim waits, as far as its card tells, and the manual jobs
/// that may be started in it; one that has the cursor is the only one.
pub(crate) fn gates(snapshot: &Snapshot, aim: &Aim) -> Vec<GateLine> {
    let Some(item) = snapshot.find(&aim.item) else {
        return Vec::new();
    };
    let of_run = |line: &&Evidence| {
        let is_gate = matches!(line.kind, EvidenceKind::Gate | EvidenceKind::ManualJob);
        is_gate && line.run.as_deref() == Some(&aim.target.run)
    };
    let lines = item.evidence.iter().filter(of_run);
    let gates = lines.map(|line| GateLine {
        door: line.door.as_deref().cloned(),
        name: line.key.clone(),
        optional: line.kind == EvidenceKind::ManualJob,
    });
    let pointed = aim.target.gate.as_ref();
    gates
        .filter(|gate| pointed.is_none() || gate.door.as_ref() == pointed)
        .collect()
}

/// Returns what is acted on of a card: this run, or the one that is most likely meant.
pub(crate) fn of_card(snapshot: &Snapshot, item: &WorkItem, run: Option<&RunKey>) -> Option<Aim> {
    let Some(run) = run else {
        return of_item(snapshot, item);
    };
    let is_it =
        |line: &&Evidence| line.kind == EvidenceKind::Run && line.run.as_deref() == Some(run);
    aim(snapshot, item, item.evidence.iter().find(is_it)?)
}

/// Returns the run of a card that an action is most likely meant for: one that is not over, else
/// a red one, else the newest.
fn of_item(snapshot: &Snapshot, item: &WorkItem) -> Option<Aim> {
    aim(snapshot, item, runs_of(item).max_by_key(|line| rank(line))?)
}

/// Returns what may be acted on of a card, run by run, what is most likely meant first.
pub(crate) fn all_of_card(snapshot: &Snapshot, item: &WorkItem) -> Vec<Aim> {
    let mut lines: Vec<&Evidence> = runs_of(item).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(rank(line)));
    let mut runs = HashSet::new();
    let aims = lines
        .into_iter()
        .filter_map(|line| aim(snapshot, item, line));
    aims.filter(|aim| runs.insert(aim.target.run.clone()))
        .collect()
}

fn runs_of(item: &WorkItem) -> impl Iterator<Item = &Evidence> {
    let runs = item.evidence.iter();
    runs.filter(|line| line.kind == EvidenceKind::Run && line.run.is_some())
}

/// Returns how likely a run is meant: one that is not over, else a red one, else the newest.
fn rank(line: &Evidence) -> (bool, bool, Timestamp) {
    let state = state_of(line);
    let is_red = matches!(state, RunState::Failed(_));
    (!state.is_over(), is_red, line.at)
}

fn aim(snapshot: &Snapshot, item: &WorkItem, line: &Evidence) -> Option<Aim> {
    let run = line.run.as_deref()?;
    let mut watched = snapshot.watched.iter();
    let watched = watched.find(|watched| watched.run.key() == *run);
    let source = match watched {
        Some(watched) => watched.source.clone(),
        None => source_of(snapshot, item, run)?,
    };
    Some(Aim {
        item: item.id.clone(),
        target: Target {
            source,
            run: run.clone(),
            job: None,
            gate: None,
        },
        name: line.key.to_string(),
        job_name: None,
        state: watched.map_or_else(|| state_of(line), |watched| watched.run.state.clone()),
    })
}

/// Returns the source that reads the repository of a run: one that may act, where there are several.
fn source_of(snapshot: &Snapshot, item: &WorkItem, run: &RunKey) -> Option<SourceName> {
    // A system that is not the forge: nobody else knows of the run.
    if let Some(source) = snapshot.told_by(run) {
        return Some(source.clone());
    }
    let reads = |name: &&SourceName| {
        let mut scopes = snapshot.confirmed.keys();
        let is_confirmed =
            scopes.any(|(source, scope)| source == *name && *scope == scope_of(run.repo.path()));
        let mut sources = snapshot.sources.iter();
        let source = sources.find(|source| source.name == **name);
        is_confirmed || source.is_some_and(|source| source.host == run.repo.host())
    };
    let acts = |name: &&SourceName| {
        let mut sources = snapshot.sources.iter();
        let source = sources.find(|source| source.name == **name);
        source.is_some_and(|source| {
            let mut known = source.capabilities.iter();
            known.any(|known| Deed::is_named(known.name))
        })
    };
    let known: Vec<&SourceName> = item.sources.iter().filter(reads).collect();
    let acting = known.iter().copied().find(|name| acts(name));
    acting
        .or_else(|| known.first().copied())
        .or_else(|| item.sources.first())
        .cloned()
}

/// Returns how a run stands, as its line on the card says.
fn state_of(line: &Evidence) -> RunState {
    match (line.state.as_str(), line.status.severity()) {
        ("passed", _) => RunState::Passed,
        ("skipped", _) => RunState::Skipped,
        ("cancelled", _) => RunState::Cancelled,
        ("queued", _) => RunState::Queued,
        (_, Severity::Failed) => RunState::Failed(Failure::Failed),
        (_, Severity::Active) => RunState::Running,
        (_, Severity::Waiting) => RunState::Waiting,
        (_, Severity::Calm | Severity::Idle | Severity::Blocked | Severity::Unknown) => {
            RunState::Unknown(line.state.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::newer_on;
    use crate::domain::item::{Evidence, EvidenceKind};
    use crate::domain::stage::Stage;
    use crate::domain::status::Status;
    use crate::domain::triage::TriageBoard;
    use crate::ui::sample;
    use crate::ui::testing::triage::snapshot;

    /// Looks at a card that was red by `ci #812`, with these runs on it, and at what is aimed at.
    #[track_caller]
    fn check(is_red: bool, runs: &[(&str, u64, &str, Status)], expected: Option<&str>) {
        let mut snapshot = snapshot();
        let triage = std::sync::Arc::clone(&snapshot.triage.cards[0].triage);
        if !is_red {
            snapshot.triage = TriageBoard::default().into();
        }
        let mut item = sample::card(1, Stage::Build);
        let lines = runs.iter().map(|(name, id, state, status)| {
            let mut run = triage.run.key();
            run.id = *id;
            Evidence {
                kind: EvidenceKind::Run,
                key: (*name).into(),
                state: (*state).into(),
                status: *status,
                url: None,
                at: sample::moment(),
                confidence: 100,
                detail: "".into(),
                run: Some(Box::new(run)),
                door: None,
                sha: None,
            }
        });
        item.evidence = lines.collect();
        let aim = newer_on(&snapshot, &item, &triage);
        assert_eq!(
            aim.as_ref().map(|aim| aim.name.as_str()),
            expected,
            "{runs:?}"
        );
    }

    #[test]
    fn a_run_that_took_the_place_of_the_red_one_is_what_is_acted_on() {
        let old = ("ci #812", 812, "failed", Status::Failed);
        let running = ("ci #813", 9, "running", Status::Running);
        let passed = ("ci #814", 10, "passed", Status::Mergeable);
        check(false, &[old], None);
        check(false, &[running], Some("ci #813"));
        check(true, &[old, running], Some("ci #813"));
        check(false, &[old, running, passed], Some("ci #813"));
        check(false, &[old, passed], Some("ci #814"));
        check(true, &[old, passed], None);
        let other = ("docs #900", 11, "running", Status::Running);
        let earlier = ("ci #811", 12, "running", Status::Running);
        check(false, &[old, other, earlier], None);
    }
}
