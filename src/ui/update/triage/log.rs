//! The log under the keys: opening it, lines around the window, errors, search.
//!
//! Nothing is read here. What is missing is asked for by effect; answers to
//! questions that nobody asks any more are dropped.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::diagnosis::{LogKey, LogState};
use crate::domain::text::Clean;
use crate::domain::triage::Known;
use crate::engine::snapshot::Snapshot;
use crate::log::{self, Fold, Index, LogError, LogLine, Query};
use crate::ui::effect::Effect;
use crate::ui::logs::LogEvent;
use crate::ui::overlay::{Overlay, SearchLine};
use crate::ui::state::{LogPane, LogStanding, Pane, Search, UiState};
use crate::ui::tree::{self, why};
use crate::ui::update::moves::Motion;
use crate::ui::update::triage::{card, panes};

/// Screens that are kept before and behind the window.
const AROUND: u64 = 3;
/// The most lines of a screen that are asked for, whatever it says of itself.
const MOST_ROWS: u64 = 300;
/// Columns that one step to the side scrolls.
const SIDE: u16 = 8;

/// Returns how many lines of the log are on the screen.
pub(crate) fn height(state: &UiState) -> u64 {
    u64::from(panes(state).height(Pane::Log)).min(MOST_ROWS)
}

/// Closes the log where the view was left.
pub(crate) fn leave(state: &mut UiState) -> Vec<Effect> {
    match drop_log(&mut state.triage.log) {
        Some(key) => vec![Effect::CloseLog(key)],
        None => Vec::new(),
    }
}

/// Forgets the log, but not how logs are to be shown.
fn drop_log(log: &mut LogPane) -> Option<LogKey> {
    let key = log.key.take()?;
    let kept = LogPane {
        wrap: log.wrap,
        times: log.times,
        searched: std::mem::take(&mut log.searched),
        generation: log.generation,
        aim: log.aim.take(),
        ..LogPane::default()
    };
    *log = kept;
    Some(key)
}

/// Asks for the log that is wanted, and for its lines.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let mut effects = Vec::new();
    let wanted = wanted(state, snapshot);
    let log = &mut state.triage.log;
    if log.key != wanted {
        effects.extend(drop_log(log).map(Effect::CloseLog));
        if let Some(key) = wanted {
            log.key = Some(key.clone());
            match told(state, snapshot) {
                // What the server does not have need not be asked for.
                Some((why, pending @ false)) => {
                    state.triage.log.standing = LogStanding::Failed(why, pending);
                }
                Some((_, true)) | None => effects.extend(ask(state, &key)),
            }
        }
    }
    effects.extend(missing(state));
    effects
}

fn ask(state: &mut UiState, key: &LogKey) -> [Effect; 2] {
    state.triage.log.standing = LogStanding::Asked;
    [Effect::Diagnose(key.clone()), Effect::OpenLog(key.clone())]
}

/// Returns the log of the job that is selected.
fn wanted(state: &UiState, snapshot: &Snapshot) -> Option<LogKey> {
    let triage = &card(state, snapshot)?.triage;
    let (attempt, job) = tree::wanted_job(triage, state.triage.job)?;
    Some(LogKey {
        run: triage.run.key(),
        attempt,
        job,
    })
}

/// Returns why the log that is wanted cannot be shown, as far as the diagnosis knows.
fn told(state: &UiState, snapshot: &Snapshot) -> Option<(Clean, bool)> {
    let Known::Yes(found) = &card(state, snapshot)?.triage.diagnosis else {
        return None;
    };
    if Some(found.log_key()) != state.triage.log.key {
        return None;
    }
    match found.log {
        LogState::Read { .. } => None,
        LogState::NotYet => Some((Clean::line(&why::log_sentence(&found.log)?), true)),
        LogState::Gone | LogState::Empty | LogState::NotText | LogState::Refused(_) => {
            Some((Clean::line(&why::log_sentence(&found.log)?), false))
        }
    }
}

/// Asks again for a log that was not there yet, as something has changed.
pub(crate) fn again(state: &mut UiState) -> Vec<Effect> {
    let log = &state.triage.log;
    match (&log.standing, &log.key) {
        (LogStanding::Failed(_, true), Some(key)) => {
            let key = key.clone();
            ask(state, &key).into()
        }
        (
            LogStanding::Nothing | LogStanding::Asked | LogStanding::Open | LogStanding::Failed(..),
            _,
        ) => Vec::new(),
    }
}

/// Asks for the selected log whatever is known of it.
pub(crate) fn refresh(state: &mut UiState) -> Vec<Effect> {
    match state.triage.log.key.clone() {
        Some(key) if state.triage.log.standing != LogStanding::Open => ask(state, &key).into(),
        Some(_) | None => Vec::new(),
    }
}

/// Returns the lines of some rows that are neither there nor asked for.
fn lacking(log: &LogPane, rows: Range<u64>) -> Vec<Range<u64>> {
    let mut lacking: Vec<Range<u64>> = Vec::new();
    for line in log.fold.visible(rows).into_iter().flatten() {
        if log.lines.contains_key(&line) {
            continue;
        }
        match lacking.last_mut() {
            Some(last) if last.end == line => last.end += 1,
            Some(_) | None => lacking.push(line..line + 1),
        }
    }
    lacking
}

/// Asks for lines around the window, if some that are near are neither there nor asked for.
fn missing(state: &mut UiState) -> Option<Effect> {
    let height = height(state);
    let log = &mut state.triage.log;
    if log.standing != LogStanding::Open {
        return None;
    }
    log.settle(height);
    let around = |screens: u64| {
        let from = log.top.saturating_sub(height * screens);
        from..log.top + height * (screens + 1)
    };
    let near = lacking(log, around(1));
    let is_asked = |line: u64| log.asked.iter().any(|range| range.contains(&line));
    if near.iter().cloned().flatten().all(is_asked) {
        return None;
    }
    let ranges = lacking(log, around(AROUND));
    // Two screens further than what is asked for: what is scrolled past may come again.
    let kept: Vec<Range<u64>> = log.fold.visible(around(AROUND + 2));
    let is_kept = |line: &u64| {
        let after = kept.partition_point(|range| range.start <= *line);
        let range = after.checked_sub(1).and_then(|at| kept.get(at));
        range.is_some_and(|range| range.contains(line))
    };
    log.lines.retain(|line, _| is_kept(line));
    log.generation += 1;
    log.asked.clone_from(&ranges);
    Some(Effect::ReadLog {
        key: log.key.clone()?,
        ranges,
        generation: log.generation,
    })
}

/// Takes in what the shell tells of a log.
pub(crate) fn on_log(state: &mut UiState, event: LogEvent) -> Vec<Effect> {
    let height = height(state);
    let log = &mut state.triage.log;
    match event {
        LogEvent::Opened {
            key,
            index,
            error,
            errors,
        } if log.key.as_ref() == Some(&key) => {
            opened(log, &index, error, errors, height);
        }
        LogEvent::Grown { key, index } if log.key.as_ref() == Some(&key) => {
            grown(log, &index, height);
        }
        LogEvent::Failed {
            key,
            sentence,
            is_pending,
        } if log.key.as_ref() == Some(&key) => {
            // What is on the screen stays there: it is the following that has ended.
            if log.standing == LogStanding::Open {
                log.follow = false;
                return vec![Effect::Toast(sentence.to_string())];
            }
            log.standing = LogStanding::Failed(sentence, is_pending);
        }
        LogEvent::Lines {
            key,
            generation,
            lines,
        } if log.key.as_ref() == Some(&key) && log.generation == generation => {
            arrived(log, lines);
        }
        LogEvent::Matches {
            key,
            generation,
            lines,
            count,
            done,
        } if log.key.as_ref() == Some(&key) => {
            return matches(log, generation, lines, (count, done), height);
        }
        LogEvent::Opened { .. }
        | LogEvent::Grown { .. }
        | LogEvent::Failed { .. }
        | LogEvent::Lines { .. }
        | LogEvent::Matches { .. } => {}
    }
    Vec::new()
}

fn opened(
    log: &mut LogPane,
    index: &Arc<Index>,
    error: Option<u64>,
    errors: Vec<LogError>,
    height: u64,
) {
    log.standing = LogStanding::Open;
    log.fold = Fold::at_error(index, error);
    log.index = Some(Arc::clone(index));
    log.errors = errors;
    log.first = error;
    log.lines = BTreeMap::new();
    log.asked.clear();
    log.generation += 1;
    (log.top, log.cursor) = (0, 0);
    match log.aim.take().or(error) {
        Some(line) => log.go_to(line, height),
        // Nothing stands out: what was said last is nearest to the end.
        None => {
            log.cursor = log.fold.visible_lines().saturating_sub(1);
            log.settle(height);
        }
    }
}

fn grown(log: &mut LogPane, index: &Arc<Index>, height: u64) {
    if log.standing != LogStanding::Open {
        return;
    }
    // The last line may have been in the midst of being written.
    if let Some(known) = &log.index {
        let last = known.lines().saturating_sub(1);
        log.lines.retain(|line, _| *line < last);
        log.asked.clear();
    }
    log.fold.grow(index);
    log.index = Some(Arc::clone(index));
    if log.follow {
        log.cursor = log.fold.visible_lines().saturating_sub(1);
    }
    log.settle(height);
}

fn arrived(log: &mut LogPane, lines: Vec<LogLine>) {
    // What was asked for and did not come is not there: it is not asked for again.
    for line in std::mem::take(&mut log.asked).into_iter().flatten() {
        log.lines.entry(line).or_insert_with(|| LogLine {
            line,
            ..LogLine::default()
        });
    }
    for line in lines {
        log.lines.insert(line.line, line);
    }
}

fn matches(
    log: &mut LogPane,
    generation: u64,
    lines: Arc<[u64]>,
    (count, done): (u64, bool),
    height: u64,
) -> Vec<Effect> {
    let Some(search) = log
        .search
        .as_mut()
        .filter(|search| search.generation == generation)
    else {
        return Vec::new();
    };
    search.lines = Arc::clone(&lines);
    (search.count, search.done) = (count, done);
    if log.jumps && !lines.is_empty() {
        let line = log.line().unwrap_or_default();
        let ahead = lines.partition_point(|hit| *hit < line);
        // A hit ahead may still come: as long as it may, the cursor stays.
        let hit = match lines.get(ahead) {
            Some(hit) => Some(*hit),
            None if done => lines.first().copied(),
            None => None,
        };
        if let Some(hit) = hit {
            log.jumps = false;
            log.go_to(hit, height);
        }
    }
    if done && count == 0 {
        return vec![Effect::Toast(format!(
            "`{}` is nowhere in this log",
            log.searched
        ))];
    }
    Vec::new()
}

/// Moves the cursor.
pub(crate) fn step(state: &mut UiState, motion: Motion, height: u64) {
    let log = &mut state.triage.log;
    let last = log.fold.visible_lines().saturating_sub(1);
    let half = (height / 2).max(1);
    let before = log.cursor;
    log.cursor = match motion {
        Motion::Down => log.cursor.saturating_add(1),
        Motion::Up => log.cursor.saturating_sub(1),
        Motion::Top => 0,
        Motion::Bottom => last,
        Motion::HalfDown => log.cursor.saturating_add(half),
        Motion::HalfUp => log.cursor.saturating_sub(half),
        Motion::PageDown => log.cursor.saturating_add(height),
        Motion::PageUp => log.cursor.saturating_sub(height),
    }
    .min(last);
    match motion {
        Motion::HalfDown | Motion::PageDown => {
            log.top = log.top.saturating_add(log.cursor.saturating_sub(before));
        }
        Motion::HalfUp | Motion::PageUp => {
            log.top = log.top.saturating_sub(before.saturating_sub(log.cursor));
        }
        Motion::Down | Motion::Up | Motion::Top | Motion::Bottom => {}
    }
    // Who goes back reads: the end no longer pulls.
    if log.follow && log.cursor < last {
        log.follow = false;
    }
    log.settle(height);
}

/// Scrolls a log that is not wrapped; returns whether it did.
pub(crate) fn sideways(state: &mut UiState, right: bool) -> bool {
    let log = &mut state.triage.log;
    if state.triage.pane != Pane::Log || log.wrap || (!right && log.left == 0) {
        return false;
    }
    log.left = if right {
        log.left.saturating_add(SIDE).min(32_000)
    } else {
        log.left.saturating_sub(SIDE)
    };
    true
}

fn why_not(log: &LogPane) -> Vec<Effect> {
    let text = match &log.standing {
        LogStanding::Nothing => "no log is selected".to_owned(),
        LogStanding::Asked => "the log is on its way".to_owned(),
        LogStanding::Failed(why, _) => why.to_string(),
        LogStanding::Open => return Vec::new(),
    };
    vec![Effect::Toast(text)]
}

/// Goes to the next error or the one before; the first time, to the first.
pub(crate) fn next_error(state: &mut UiState, first: bool) -> Vec<Effect> {
    walk(state, true, first)
}

/// Goes to the error before.
pub(crate) fn previous_error(state: &mut UiState) -> Vec<Effect> {
    walk(state, false, false)
}

fn walk(state: &mut UiState, forward: bool, first: bool) -> Vec<Effect> {
    let height = height(state);
    let entered = state.triage.pane != Pane::Log;
    state.triage.pane = Pane::Log;
    let log = &mut state.triage.log;
    let Some(index) = log.index.clone() else {
        return why_not(log);
    };
    let line = log.line().unwrap_or_default();
    let to = match (entered || first, log.first) {
        (true, Some(first)) => Some(first),
        (_, _) if forward => log::next_error(&index, line),
        (_, _) => log::previous_error(&index, line),
    };
    match to {
        Some(to) => {
            log.follow = false;
            log.go_to(to, height);
            Vec::new()
        }
        None => {
            let text = match (index.hits().is_empty(), forward) {
                (true, _) => "no error was found in this log",
                (false, true) => "there is no error below",
                (false, false) => "there is no error above",
            };
            vec![Effect::Toast(text.to_owned())]
        }
    }
}

/// Goes to the next match or the one before; without a search, to the next error.
pub(crate) fn hit(state: &mut UiState, forward: bool) -> Vec<Effect> {
    let height = height(state);
    let log = &mut state.triage.log;
    let Some(search) = &log.search else {
        return walk(state, forward, false);
    };
    let line = log.line().unwrap_or_default();
    let hits = &search.lines;
    let to = if forward {
        let after = hits.partition_point(|hit| *hit <= line);
        hits.get(after).or_else(|| hits.first())
    } else {
        let before = hits.partition_point(|hit| *hit < line);
        let found = before.checked_sub(1).and_then(|at| hits.get(at));
        found.or_else(|| hits.last())
    };
    match to.copied() {
        Some(to) => {
            log.follow = false;
            log.go_to(to, height);
            state.triage.pane = Pane::Log;
            Vec::new()
        }
        None if search.done => vec![Effect::Toast("nothing was found".to_owned())],
        None => vec![Effect::Toast("still searching".to_owned())],
    }
}

/// Opens the line in which a search is written.
pub(crate) fn open_search(state: &mut UiState) -> Vec<Effect> {
    if state.triage.log.standing != LogStanding::Open {
        return why_not(&state.triage.log);
    }
    state.triage.pane = Pane::Log;
    state.overlays.push(Overlay::Search(SearchLine::default()));
    Vec::new()
}

/// Says what is wrong with an expression while it is written.
pub(crate) fn edited(line: &mut SearchLine) {
    line.error = Query::parse(line.input.value())
        .err()
        .map(|error| error.to_string());
}

/// Searches for what was written; nothing ends the search.
pub(crate) fn accept(state: &mut UiState) -> Vec<Effect> {
    let Some(Overlay::Search(line)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let text = line.input.value().to_owned();
    let query = match Query::parse(&text) {
        Ok(query) => query,
        Err(error) => {
            line.error = Some(error.to_string());
            return Vec::new();
        }
    };
    state.overlays.pop();
    let log = &mut state.triage.log;
    if text.is_empty() {
        log.search = None;
        return Vec::new();
    }
    let Some(key) = log.key.clone() else {
        return Vec::new();
    };
    log.generation += 1;
    // Lines that are on their way belong to an older question now.
    log.asked.clear();
    log.searched = text;
    log.jumps = true;
    log.search = Some(Search {
        query: query.clone(),
        lines: Arc::default(),
        count: 0,
        done: false,
        generation: log.generation,
    });
    vec![Effect::SearchLog {
        key,
        query,
        generation: log.generation,
    }]
}

/// Folds the section under the cursor, or opens it.
pub(crate) fn toggle_fold(state: &mut UiState) {
    let height = height(state);
    let log = &mut state.triage.log;
    let (Some(index), Some(line)) = (log.index.clone(), log.line()) else {
        return;
    };
    if let Some(row) = log.fold.toggle_at(&index, line) {
        log.cursor = row;
    }
    log.settle(height);
}

/// Folds all sections, or opens them where all are folded.
pub(crate) fn fold_all(state: &mut UiState) {
    let height = height(state);
    let log = &mut state.triage.log;
    let (Some(index), Some(line)) = (log.index.clone(), log.line()) else {
        return;
    };
    let is_open = (0..index.sections().len()).any(|at| !log.fold.is_folded(at));
    log.fold.set_all(is_open);
    log.cursor = log.fold.row_of(line).unwrap_or_default();
    log.settle(height);
}

/// Stays at the end of a log that grows, or no longer.
pub(crate) fn follow(state: &mut UiState) -> Vec<Effect> {
    let height = height(state);
    let log = &mut state.triage.log;
    let Some(key) = log.key.clone() else {
        return why_not(log);
    };
    log.follow = !log.follow;
    if log.follow {
        let told = log
            .index
            .as_ref()
            .filter(|index| index.is_complete())
            .map(|_| "the log is complete: nothing follows");
        log.cursor = log.fold.visible_lines().saturating_sub(1);
        log.settle(height);
        if let Some(told) = told {
            log.follow = false;
            return vec![Effect::Toast(told.to_owned())];
        }
    }
    vec![Effect::FollowLog {
        key,
        on: log.follow,
    }]
}

/// Copies the lines of the error under the cursor.
pub(crate) fn copy_block(state: &UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let text = loaded_block(&state.triage.log).or_else(|| known_block(state, snapshot));
    match text {
        Some(text) => vec![Effect::Copy(text)],
        None => vec![Effect::Toast("there is no error to copy".to_owned())],
    }
}

/// Returns the block from the lines that are loaded, if all of them are.
fn loaded_block(log: &LogPane) -> Option<String> {
    let error = log.error()?;
    let lines: Option<Vec<String>> = error
        .block
        .clone()
        .take(400)
        .map(|line| log.lines.get(&line).map(LogLine::text))
        .collect();
    lines.map(|lines| lines.join("\n"))
}

/// Returns the block of the first error as the diagnosis keeps it.
fn known_block(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    let Known::Yes(found) = &card(state, snapshot)?.triage.diagnosis else {
        return None;
    };
    let error = found.error.as_ref()?;
    let lines: Vec<&str> = error.block.iter().map(Clean::as_str).collect();
    Some(if lines.is_empty() {
        error.text.to_string()
    } else {
        lines.join("\n")
    })
}

/// Saves the log.
pub(crate) fn save(state: &UiState) -> Vec<Effect> {
    let log = &state.triage.log;
    match (&log.standing, &log.key) {
        (LogStanding::Open, Some(key)) => vec![Effect::SaveLog { key: key.clone() }],
        (LogStanding::Nothing | LogStanding::Asked | LogStanding::Failed(..), _)
        | (LogStanding::Open, None) => why_not(log),
    }
}

/// Goes to the line at which a failing test is told of.
pub(crate) fn to_test(state: &mut UiState, snapshot: &Snapshot, at: usize) -> Vec<Effect> {
    let height = height(state);
    let Some(card) = card(state, snapshot) else {
        return Vec::new();
    };
    let Known::Yes(found) = &card.triage.diagnosis else {
        return Vec::new();
    };
    let Some(test) = found.tests.get(at) else {
        return Vec::new();
    };
    // People count from 1, the log from 0.
    let Some(line) = test.line.and_then(|line| line.checked_sub(1)) else {
        let text = format!("`{}`: {}", test.name, test.message);
        return vec![Effect::Toast(text)];
    };
    let log_key = found.log_key();
    state.triage.pane = Pane::Log;
    state.triage.job = Some((found.attempt, found.job));
    let log = &mut state.triage.log;
    if log.key.as_ref() == Some(&log_key) && log.standing == LogStanding::Open {
        log.go_to(line, height);
    } else {
        log.aim = Some(line);
    }
    Vec::new()
}
