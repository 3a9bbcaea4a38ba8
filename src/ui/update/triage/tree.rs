//! The tree under the keys: its cursor, which stays on its line, and what that points at.
//!
//! What the lines say is in `ui::tree`; how they are painted, in `view`.

use crate::domain::Timestamp;
use crate::domain::diagnosis::TestsFrom;
use crate::domain::key::WebUrl;
use crate::domain::run::Job;
use crate::domain::triage::{Known, Triage};
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::state::{Pane, TreeMark, UiState, View};
use crate::ui::tree::{self, Sight, TreeKind, TreeLine};
use crate::ui::update::action;
use crate::ui::update::moves::Motion;
use crate::ui::update::triage::{card, kept, log};

/// Returns the lines of the tree.
pub(crate) fn tree_lines(state: &UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<TreeLine> {
    let Some(card) = card(state, snapshot) else {
        return Vec::new();
    };
    let doing = action::doing(snapshot, &card.triage.item);
    let kept = kept::find(state, &card.triage.item);
    let kept = kept.map(|one| kept::words(one, snapshot));
    tree::lines(&Sight {
        triage: &card.triage,
        group: snapshot.triage.group_of(&card),
        same_run: snapshot.triage.same_run(&card.triage).count(),
        kept: kept.as_deref(),
        state: &state.triage,
        job: tree::wanted_job(&card.triage, state.triage.job),
        doing: doing.as_deref(),
        now,
        zone: state.options.zone,
    })
}

/// Puts the cursor on a line.
fn put(state: &mut UiState, lines: &[TreeLine], at: usize) {
    let at = at.min(lines.len().saturating_sub(1));
    state.triage.tree = at;
    state.triage.tree_mark = lines.get(at).map(TreeMark::of);
}

/// Puts the cursor on the line at a place, or on the last.
pub(super) fn put_at(state: &mut UiState, snapshot: &Snapshot, at: usize) {
    let lines = tree_lines(state, snapshot, snapshot.taken_at);
    put(state, &lines, at);
}

/// Moves the cursor.
pub(super) fn step(state: &mut UiState, snapshot: &Snapshot, motion: Motion, page: usize) {
    let lines = tree_lines(state, snapshot, snapshot.taken_at);
    let at = motion.from(state.triage.tree, lines.len(), page);
    put(state, &lines, at);
}

/// Finds the line of the cursor again: it stays on it, and on its row of the screen, whatever
/// comes above.
pub(super) fn settle(state: &mut UiState, snapshot: &Snapshot) {
    let Some(mark) = state.triage.tree_mark.clone() else {
        return;
    };
    let lines = tree_lines(state, snapshot, snapshot.taken_at);
    let before = state.triage.tree;
    let at = mark.nearest(&lines, before).unwrap_or(before);
    if at != before {
        let offset = state.triage.tree_offset;
        state.triage.tree_offset = (offset + at).saturating_sub(before);
    }
    put(state, &lines, at);
}

/// Opens the line that has the cursor.
pub(super) fn open_line(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let lines = tree_lines(state, snapshot, now);
    let Some(line) = lines.get(state.triage.tree) else {
        return Vec::new();
    };
    match line.kind {
        TreeKind::Heading | TreeKind::Text => state.triage.pane = Pane::Log,
        TreeKind::Attempt(number) => {
            if !state.triage.opened.remove(&number) {
                state.triage.opened.insert(number);
            }
        }
        TreeKind::Job(attempt, id) | TreeKind::Step(attempt, id) => {
            state.triage.job = Some((attempt, id));
            state.triage.pane = Pane::Log;
        }
        TreeKind::Error => return log::to_error(state, snapshot),
        TreeKind::Test(at) => return log::to_test(state, snapshot, at),
    }
    Vec::new()
}

/// Returns the job that the cursor is on in the tree, else the one whose log is wanted.
pub(crate) fn pointed_job(state: &UiState, snapshot: &Snapshot) -> Option<(u32, u64)> {
    let lines = match state.triage.pane {
        Pane::Tree => tree_lines(state, snapshot, snapshot.taken_at),
        Pane::Cards | Pane::Log => Vec::new(),
    };
    match lines.get(state.triage.tree).map(|line| line.kind) {
        Some(TreeKind::Job(attempt, job) | TreeKind::Step(attempt, job)) => Some((attempt, job)),
        Some(
            TreeKind::Heading
            | TreeKind::Text
            | TreeKind::Attempt(_)
            | TreeKind::Error
            | TreeKind::Test(_),
        )
        | None => tree::wanted_job(&card(state, snapshot)?.triage, state.triage.job),
    }
}

/// Returns a job of some attempt of a run.
pub(crate) fn job_of(triage: &Triage, (attempt, id): (u32, u64)) -> Option<&Job> {
    let is_it = |job: &&Job| job.id == id;
    if attempt == triage.run.attempt {
        return triage.jobs.iter().map(|line| &line.job).find(is_it);
    }
    let mut earlier = triage.attempts.iter();
    let of = earlier.find(|known| known.number == attempt)?;
    of.jobs.iter().find(is_it)
}

/// Returns the page of what has the cursor in this view: of a job, else of the run.
pub(crate) fn page(state: &UiState, snapshot: &Snapshot) -> Option<WebUrl> {
    if state.view != View::Triage || !state.overlays.is_empty() {
        return None;
    }
    let triage = &card(state, snapshot)?.triage;
    let pointed = match state.triage.pane {
        Pane::Cards => None,
        Pane::Tree | Pane::Log => pointed_job(state, snapshot),
    };
    let job = pointed.and_then(|job| job_of(triage, job));
    job.and_then(|job| job.url.clone())
        .or_else(|| triage.run.url.clone())
}

/// Goes to the next failing test of the tree, after the last to the first.
pub(crate) fn failing_tests(
    state: &mut UiState,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let lines = tree_lines(state, snapshot, now);
    let is_test = |line: &&TreeLine| matches!(line.kind, TreeKind::Test(_));
    let mut tests = lines.iter().enumerate().filter(|(_, line)| is_test(line));
    let here = state.triage.tree;
    let in_tree = state.triage.pane == Pane::Tree;
    let first = tests.clone().next();
    let next = tests.find(|(at, _)| in_tree && *at > here).or(first);
    let Some((at, _)) = next else {
        let why = card(state, snapshot).map(|card| match &card.triage.diagnosis {
            Known::Yes(found) => match &found.tests_from {
                TestsFrom::Nowhere(why) => why.to_string(),
                TestsFrom::Annotations | TestsFrom::Report(_) | TestsFrom::Log => {
                    "no failing test is known".to_owned()
                }
            },
            Known::No(why) => why.to_string(),
        });
        let text = why.unwrap_or_else(|| "no red card is selected".to_owned());
        return vec![Effect::Toast(text)];
    };
    put(state, &lines, at);
    state.triage.pane = Pane::Tree;
    Vec::new()
}
