//! The log that is shown: opening it, lines around the window, what the shell tells.
//!
//! Nothing is read here; what keys do is in [`keys`]. What is missing is asked for by effect; answers to
//! questions that nobody asks any more are dropped.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::engine::snapshot::Snapshot;
use crate::log::{Fold, Index, LineSet, LogError, LogLine};
use crate::ui::effect::Effect;
use crate::ui::logs::LogEvent;
use crate::ui::state::{LogPane, LogStanding, Pane, UiState};
use crate::ui::update::triage::panes;

pub(crate) mod keys;
mod known;
mod live;

pub(crate) use keys::{
    accept, copy_block, edited, fold_all, hit, next_error, open_search, previous_error, save,
    sideways, step, to_error, to_test, toggle_fold,
};
pub(crate) use known::{Extent, extent};

use known::{Progress, is_trouble, progress, rest_is_here, told, wanted};

/// Screens that are kept before and behind the window.
const AROUND: u64 = 3;
/// The most lines of a screen that are asked for, whatever it says of itself.
const MOST_ROWS: u64 = 300;
/// How long a log that is not there yet is left alone.
const AGAIN_SECS: i64 = 15;

/// Returns how many lines of the log are on the screen.
pub(crate) fn height(state: &UiState) -> u64 {
    u64::from(panes(state).height(Pane::Log)).min(MOST_ROWS)
}

/// Closes the log where the view was left.
pub(crate) fn leave(state: &mut UiState) -> Vec<Effect> {
    drop_log(&mut state.triage.log)
}

/// Forgets the log, but not how logs are to be shown.
fn drop_log(log: &mut LogPane) -> Vec<Effect> {
    let Some(key) = log.key.take() else {
        return Vec::new();
    };
    let left = log.live.take().map(|_| Effect::LeaveLog(key.clone()));
    let kept = LogPane {
        wrap: log.wrap,
        times: log.times,
        searched: std::mem::take(&mut log.searched),
        generation: log.generation,
        aim: log.aim.take(),
        ..LogPane::default()
    };
    *log = kept;
    left.into_iter().chain([Effect::CloseLog(key)]).collect()
}

/// Asks for the log that is wanted, and for its lines.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let mut effects = Vec::new();
    let wanted = wanted(state, snapshot);
    let log = &mut state.triage.log;
    if log.key != wanted {
        effects.extend(drop_log(log));
        if let Some(key) = wanted {
            log.key = Some(key.clone());
            let progress = progress(state, snapshot);
            match told(state, snapshot) {
                // What the server does not have need not be asked for.
                Some((why, pending))
                    if (!pending || progress == Progress::Waits) && !is_trouble(snapshot, &key) =>
                {
                    state.triage.log.standing = LogStanding::Failed(why, pending);
                }
                Some(_) | None if progress == Progress::Runs => {
                    effects.push(live::follow(&mut state.triage.log, key));
                }
                Some(_) | None => effects.extend(ask(state, &key, snapshot)),
            }
        }
    } else if log.waits()
        && log.asked_at.is_some_and(|at| at < snapshot.taken_at)
        && let Some((why, pending)) = told(state, snapshot)
    {
        // What is known now is shown now, and no longer waited for where it will not come.
        let given_up = state.triage.log.key.clone().filter(|_| !pending);
        effects.extend(given_up.map(Effect::CloseLog));
        state.triage.log.standing = LogStanding::Failed(why, pending);
    }
    effects.extend(missing(state));
    effects
}

fn ask(state: &mut UiState, key: &LogKey, snapshot: &Snapshot) -> [Effect; 2] {
    state.triage.log.standing = LogStanding::Asked;
    state.triage.log.asked_at = Some(snapshot.taken_at);
    state.triage.log.live = None;
    [Effect::Diagnose(key.clone()), Effect::OpenLog(key.clone())]
}

/// Asks again for a log that was not there yet, or of which only the beginning is shown, as
/// something has changed; not with every change, as the question is one itself.
pub(crate) fn again(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    if let Some(key) = rest_is_here(state, snapshot) {
        let log = &mut state.triage.log;
        // Who has moved in it stays at that line.
        let line = log.line().filter(|line| Some(*line) != log.first);
        log.aim = line.map(|line| (key.clone(), line));
        log.standing = LogStanding::Asked;
        return vec![Effect::OpenLog(key)];
    }
    let progress = progress(state, snapshot);
    let log = &mut state.triage.log;
    let is_early = |at: Timestamp| (snapshot.taken_at - at).num_seconds() < AGAIN_SECS;
    let is_stopped = live::is_stopped(log);
    match (&log.standing, log.key.clone()) {
        (LogStanding::Failed(_, true), Some(key)) if progress == Progress::Runs => {
            let begins = log.live.is_none();
            begins.then(|| live::follow(log, key)).into_iter().collect()
        }
        (LogStanding::Failed(_, true), Some(key))
            if !log.asked_at.is_some_and(is_early) && progress == Progress::Over =>
        {
            ask(state, &key, snapshot).into()
        }
        (LogStanding::Open, Some(key)) if is_stopped && progress == Progress::Over => {
            // It could not be read to its end: now all of it can be.
            log.aim = log.line().map(|line| (key.clone(), line));
            ask(state, &key, snapshot).into()
        }
        (
            LogStanding::Nothing | LogStanding::Asked | LogStanding::Open | LogStanding::Failed(..),
            _,
        ) => Vec::new(),
    }
}

/// Asks for the selected log whatever is known of it.
pub(crate) fn refresh(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    match state.triage.log.key.clone() {
        Some(key) if state.triage.log.standing != LogStanding::Open => {
            if progress(state, snapshot) == Progress::Runs {
                return vec![live::follow(&mut state.triage.log, key)];
            }
            ask(state, &key, snapshot).into()
        }
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
    let copied = log.copying.clone().into_iter().flatten();
    let copied: Vec<u64> = copied
        .filter(|line| !log.lines.contains_key(line))
        .collect();
    let is_asked = |line: u64| log.asked.iter().any(|range| range.contains(&line));
    let mut wanted = near.iter().cloned().flatten().chain(copied.iter().copied());
    if wanted.all(is_asked) {
        return None;
    }
    let mut ranges = lacking(log, around(AROUND));
    for line in copied {
        if ranges.iter().any(|range| range.contains(&line)) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == line => last.end += 1,
            Some(_) | None => ranges.push(line..line + 1),
        }
    }
    // Two screens further than what is asked for: what is scrolled past may come again.
    let kept: Vec<Range<u64>> = log.fold.visible(around(AROUND + 2));
    let is_kept = |line: &u64| {
        let after = kept.partition_point(|range| range.start <= *line);
        let range = after.checked_sub(1).and_then(|at| kept.get(at));
        range.is_some_and(|range| range.contains(line))
    };
    let is_copied = |line: &u64| {
        log.copying
            .as_ref()
            .is_some_and(|range| range.contains(line))
    };
    log.lines.retain(|line, _| is_kept(line) || is_copied(line));
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
            return keys::search_again(log).into_iter().collect();
        }
        LogEvent::Grown {
            key,
            index,
            errors,
            anew,
            live,
        } if log.key.as_ref() == Some(&key) && log.live.is_some() => {
            if anew {
                live::begin(log);
            }
            live::grown(log, &index, errors, height);
            log.live = Some(live);
        }
        LogEvent::Failed {
            key,
            sentence,
            is_pending,
        } if log.key.as_ref() == Some(&key) => {
            // What is on the screen stays there: it is more of it that cannot be read.
            if log.standing == LogStanding::Open {
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
            return keys::copied(log).into_iter().collect();
        }
        LogEvent::Matches {
            key,
            generation,
            lines,
            done,
        } if log.key.as_ref() == Some(&key) => {
            return matches(log, generation, &lines, done, height);
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
    if live::has_come_whole(log, index) {
        live::grown(log, index, Some((error, errors)), height);
        return;
    }
    log.standing = LogStanding::Open;
    log.fold = Fold::at_error(index, error);
    log.index = Some(Arc::clone(index));
    log.errors = errors;
    log.first = error;
    log.lines = BTreeMap::new();
    log.asked.clear();
    log.generation += 1;
    (log.top, log.cursor) = (0, 0);
    // One that was meant for another log is for none.
    let aim = log
        .aim
        .take()
        .filter(|(of, _)| log.key.as_ref() == Some(of));
    if let Some(line) = aim.map(|(_, line)| line).or(error) {
        log.go_to(line, height);
    } else {
        // Nothing stands out: what was said last is nearest to the end.
        log.cursor = log.fold.visible_lines().saturating_sub(1);
        log.settle(height);
    }
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
    lines: &Arc<LineSet>,
    done: bool,
    height: u64,
) -> Vec<Effect> {
    let Some(search) = log
        .search
        .as_mut()
        .filter(|search| search.generation == generation)
    else {
        return Vec::new();
    };
    search.lines = Arc::clone(lines);
    // Of a log that grows it is told again and again.
    let is_over = done && !std::mem::replace(&mut search.done, done);
    if is_over && lines.is_empty() {
        let text = format!("`{}` is nowhere in this log", log.searched);
        return vec![Effect::Toast(text)];
    }
    if !log.jumps {
        return Vec::new();
    }
    let line = log.line().unwrap_or_default();
    // A hit ahead may still come: as long as it may, the cursor stays.
    let ahead = lines.from(line);
    let Some(hit) = ahead.or_else(|| lines.from(0).filter(|_| done)) else {
        return Vec::new();
    };
    log.jumps = false;
    log.go_to(hit, height);
    if ahead.is_none() {
        return vec![Effect::Toast(keys::FROM_TOP.to_owned())];
    }
    Vec::new()
}
