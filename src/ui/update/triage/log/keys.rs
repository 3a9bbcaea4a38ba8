//! What keys do in the log: moving, errors, search, folds, copying and saving.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::diagnosis::{Diagnosis, LogKey};
use crate::domain::text::Clean;
use crate::domain::triage::Known;
use crate::engine::snapshot::Snapshot;
use crate::log::{self, LineSet, LogLine, Query};
use crate::ui::effect::Effect;
use crate::ui::overlay::{Overlay, SearchLine};
use crate::ui::panes::LogColumns;
use crate::ui::state::{LogPane, LogStanding, Pane, Search, UiState};
use crate::ui::text::width;
use crate::ui::update::filter;
use crate::ui::update::moves::Motion;
use crate::ui::update::triage::log::height;
use crate::ui::update::triage::{card, panes, shown};

/// Columns that one step to the side scrolls at least.
const SIDE: u16 = 8;

/// The most lines that are copied as one error.
const MOST_COPIED: u64 = 400;

/// What is said where a walk over hits begins again.
pub(super) const FROM_TOP: &str = "that was the last; back at the top";
/// What is said where a walk back begins again.
const FROM_BOTTOM: &str = "that was the first; on at the end";

/// Moves the cursor.
pub(crate) fn step(state: &mut UiState, motion: Motion, height: u64) {
    let log = &mut state.triage.log;
    let last = log.fold.visible_lines().saturating_sub(1);
    // Of wrapped lines a page is as many as were on the screen.
    let page = shown(&log.rows).map_or(height, |lines| lines as u64);
    let half = (page / 2).max(1);
    let before = log.cursor;
    log.cursor = match motion {
        Motion::Down => log.cursor.saturating_add(1),
        Motion::Up => log.cursor.saturating_sub(1),
        Motion::Top => 0,
        Motion::Bottom => last,
        Motion::HalfDown => log.cursor.saturating_add(half),
        Motion::HalfUp => log.cursor.saturating_sub(half),
        Motion::PageDown => log.cursor.saturating_add(page),
        Motion::PageUp => log.cursor.saturating_sub(page),
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
    log.settle(height);
}

/// Scrolls a log that is not wrapped by half a screen, as far as its lines go; returns whether the
/// key is meant for it.
pub(crate) fn sideways(state: &mut UiState, right: bool) -> bool {
    let width = panes(state).log.map_or(0, |area| area.width);
    let height = height(state);
    let log = &mut state.triage.log;
    if state.triage.pane != Pane::Log || log.wrap || (!right && log.left == 0) {
        return false;
    }
    let lines = log.index.as_ref().map_or(0, |index| index.lines());
    let columns = LogColumns::new(width, lines, log.times).text;
    let step = (columns / 2).max(SIDE);
    if !right {
        log.left = log.left.saturating_sub(step);
        return true;
    }
    let rows = log.top..log.top.saturating_add(height);
    let shown = log.fold.visible(rows).into_iter().flatten();
    let widths = shown
        .filter_map(|line| log.lines.get(&line))
        .map(columns_of);
    let most = widths.max().unwrap_or_default().saturating_sub(columns);
    // A window that was scrolled further than these lines go stays where it is.
    log.left = log.left.saturating_add(step).min(most).max(log.left);
    true
}

/// Returns the columns that a line takes, with what is told before and behind its text.
fn columns_of(line: &LogLine) -> u16 {
    let source = line.source.as_ref().map_or(0, |source| width(source) + 1);
    // Room for the note behind a line that was cut.
    let note = if line.cut.is_some() { 40 } else { 0 };
    width(&line.text()).saturating_add(source + note)
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
    if let Some(to) = to {
        log.go_to(to, height);
        return Vec::new();
    }
    let is_any = log::error_place(&index, line).is_some();
    let text = match (is_any, forward) {
        (false, _) => "no error was found in this log",
        (true, true) => "no more errors",
        (true, false) => "no more errors above",
    };
    vec![Effect::Toast(text.to_owned())]
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
    let onward = if forward {
        hits.from(line + 1)
    } else {
        // Behind the last that is known another may come, as long as the search goes on.
        let is_known = |hit: &u64| search.done || hits.from(hit + 1).is_some();
        hits.before(line).filter(is_known)
    };
    let around = || {
        if forward {
            hits.from(0).map(|hit| (hit, FROM_TOP))
        } else {
            hits.before(u64::MAX).map(|hit| (hit, FROM_BOTTOM))
        }
    };
    let (to, told) = match onward {
        Some(hit) => (hit, None),
        // As long as it goes on, what is behind may come yet.
        None if !search.done => return vec![Effect::Toast("still searching".to_owned())],
        None => match around() {
            Some((hit, told)) => (hit, Some(told)),
            None => return vec![Effect::Toast("nothing was found".to_owned())],
        },
    };
    log.jumps = false;
    log.go_to(to, height);
    state.triage.pane = Pane::Log;
    let told = told.map(|told| Effect::Toast(told.to_owned()));
    told.into_iter().collect()
}

/// Opens the line in which a search is written; in the list of cards, that of the filter.
pub(crate) fn open_search(state: &mut UiState) -> Vec<Effect> {
    if state.triage.pane == Pane::Cards {
        filter::open(state);
        return Vec::new();
    }
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
            // Before the character that is wrong, as the filter does.
            line.input = line.input.clone().with_cursor(error.at.saturating_sub(1));
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
    log.searched = text;
    log.jumps = true;
    vec![search(log, key, query, Arc::default())]
}

/// Asks for the lines with matches; those that are known already are shown meanwhile.
fn search(log: &mut LogPane, key: LogKey, query: Query, lines: Arc<LineSet>) -> Effect {
    log.generation += 1;
    // Lines that are on their way belong to an older question now.
    log.asked.clear();
    log.search = Some(Search {
        query: query.clone(),
        lines,
        done: false,
        of: log.index.as_ref().map_or(0, |index| index.lines()),
        generation: log.generation,
    });
    Effect::SearchLog {
        key,
        query,
        generation: log.generation,
    }
}

/// Searches again where more of the log is here than was searched.
pub(super) fn search_again(log: &mut LogPane) -> Option<Effect> {
    let lines = log.index.as_ref()?.lines();
    let before = log.search.as_ref().filter(|search| search.of < lines)?;
    let (query, known) = (before.query.clone(), Arc::clone(&before.lines));
    let key = log.key.clone()?;
    Some(search(log, key, query, known))
}

/// Folds the section under the cursor, or opens it.
pub(crate) fn toggle_fold(state: &mut UiState) -> Vec<Effect> {
    let height = height(state);
    let log = &mut state.triage.log;
    let (Some(index), Some(line)) = (log.index.clone(), log.line()) else {
        return why_not(log);
    };
    if let Some(row) = log.fold.toggle_at(&index, line) {
        log.cursor = row;
    }
    log.settle(height);
    Vec::new()
}

/// Folds all sections, or opens them where all are folded.
pub(crate) fn fold_all(state: &mut UiState) -> Vec<Effect> {
    let height = height(state);
    let log = &mut state.triage.log;
    let (Some(index), Some(line)) = (log.index.clone(), log.line()) else {
        return why_not(log);
    };
    let is_open = (0..index.sections().len()).any(|at| !log.fold.is_folded(at));
    log.fold.set_all(is_open);
    // Where the line is hidden now, the section that hides it.
    let heads = index.sections().iter().map(|section| section.start);
    let head = || {
        heads
            .filter(|start| *start <= line)
            .filter_map(|start| log.fold.row_of(start))
            .next_back()
    };
    log.cursor = log.fold.row_of(line).or_else(head).unwrap_or_default();
    log.settle(height);
    Vec::new()
}

/// Copies the error under the cursor with its lines, else the line; where the log has not the
/// keys, its first error.
pub(crate) fn copy_block(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let in_log = state.triage.pane == Pane::Log;
    let log = &mut state.triage.log;
    let line = if in_log { log.line() } else { log.first };
    if let (LogStanding::Open, Some(line)) = (&log.standing, line) {
        return copy(log, around(log, line));
    }
    match known_block(state, snapshot) {
        Some(text) => vec![Effect::Copy(text)],
        None => vec![Effect::Toast("there is no error to copy".to_owned())],
    }
}

/// Returns the lines of the error that a line belongs to, else the line alone.
fn around(log: &LogPane, line: u64) -> Range<u64> {
    let own = log.errors.iter().find(|error| error.line == line);
    let error = own.or_else(|| log.errors.iter().find(|error| error.block.contains(&line)));
    let block = error.map(|error| error.block.clone());
    let block = block.filter(|block| block.contains(&line));
    block.map_or(line..line + 1, |block| {
        // Of one that is too long, the part with the line.
        let start = block.start.max(line.saturating_sub(MOST_COPIED / 2));
        start..block.end.min(start + MOST_COPIED)
    })
}

/// Copies lines; where some are not loaded, as soon as they are.
fn copy(log: &mut LogPane, lines: Range<u64>) -> Vec<Effect> {
    log.copying = Some(lines);
    copied(log).into_iter().collect()
}

/// Returns the lines that were to be copied, once all of them are there.
pub(super) fn copied(log: &mut LogPane) -> Option<Effect> {
    let range = log.copying.clone()?;
    let lines: Option<Vec<String>> = range
        .map(|line| log.lines.get(&line).map(LogLine::text))
        .collect();
    let lines = lines?;
    log.copying = None;
    Some(Effect::Copy(lines.join("\n")))
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
    let Some(found) = diagnosis(state, snapshot) else {
        return Vec::new();
    };
    let Some(failed) = found.tests.get(at) else {
        return Vec::new();
    };
    let Some(line) = failed.line else {
        let text = format!("`{}`: {}", failed.name, failed.message);
        return vec![Effect::Toast(text)];
    };
    to_line(state, &found, Some(line));
    Vec::new()
}

/// Goes to the first error that is known of the card, in the log in which it was found.
pub(crate) fn to_error(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(found) = diagnosis(state, snapshot) else {
        return Vec::new();
    };
    let line = found.error.as_ref().map(|error| error.line);
    to_line(state, &found, line);
    Vec::new()
}

fn diagnosis(state: &UiState, snapshot: &Snapshot) -> Option<Arc<Diagnosis>> {
    match &card(state, snapshot)?.triage.diagnosis {
        Known::Yes(found) => Some(Arc::clone(found)),
        Known::No(_) => None,
    }
}

/// Goes to a line of the log in which something was found, as people count; without one, to the
/// first error that the log has.
fn to_line(state: &mut UiState, found: &Diagnosis, line: Option<u64>) {
    let height = height(state);
    let key = found.log_key();
    state.triage.pane = Pane::Log;
    state.triage.job = Some((found.attempt, found.job));
    let log = &mut state.triage.log;
    let is_open = log.key.as_ref() == Some(&key) && log.standing == LogStanding::Open;
    // People count from 1, the log from 0; an annotation has no line.
    let line = line.and_then(|line| line.checked_sub(1));
    let known = line.or(log.first.filter(|_| is_open));
    match (known, is_open) {
        (Some(line), true) => log.go_to(line, height),
        (line, _) => log.aim = line.map(|line| (key, line)),
    }
}
