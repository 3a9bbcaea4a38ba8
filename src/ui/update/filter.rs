//! The filter: writing it, keeping the last good one, completing, history.

use std::collections::{BTreeSet, HashSet};

use tui_input::Input;

use crate::domain::item::WorkItem;
use crate::domain::query::{Query, QueryError, completion};
use crate::engine::snapshot::Snapshot;
use crate::ui::overlay::{FilterLine, Names, Overlay};
use crate::ui::state::{ColumnState, UiState, View};
use crate::ui::update::moves;

/// Opens the line in which the filter is written.
pub(crate) fn open(state: &mut UiState) {
    let text = in_force(state).text().to_owned();
    state.overlays.push(Overlay::Filter(FilterLine {
        input: Input::new(text.clone()),
        before: text,
        kept: state.board.columns.clone(),
        ..FilterLine::default()
    }));
}

/// Returns the filter of this view: the red cards have one of their own.
fn in_force(state: &UiState) -> &Query {
    match state.view {
        View::Triage => &state.triage.filter,
        View::Board
        | View::Attention
        | View::Standup
        | View::Flow
        | View::Sources
        | View::Replay => &state.filter.query,
    }
}

/// Puts a filter in force in this view; the cursors go to the cards they were on before it was
/// written, as far as those are listed.
fn set_here(state: &mut UiState, query: Query, kept: Vec<ColumnState>) {
    match state.view {
        View::Triage => state.triage.filter = query,
        View::Board
        | View::Attention
        | View::Standup
        | View::Flow
        | View::Sources
        | View::Replay => {
            // The columns may be others since, as the configuration was saved.
            let is_as_wide = kept.len() == state.board.columns.len();
            if query.text() != state.filter.query.text() && is_as_wide {
                state.board.columns = kept;
            }
            set(state, query);
        }
    }
}

/// Puts a filter of the board in force; a wrong one changes nothing.
pub(crate) fn apply(state: &mut UiState, text: &str) {
    if let Ok(query) = Query::parse(text) {
        set(state, query);
    }
}

fn set(state: &mut UiState, query: Query) {
    if query.text() == state.filter.query.text() {
        return;
    }
    state.filter.query = query;
    state.touch();
}

/// Takes the text of the line over after it changed.
pub(crate) fn edited(state: &mut UiState, snapshot: &Snapshot) {
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    let text = line.input.value().to_owned();
    let kept = line.kept.clone();
    complete_at(line, &text, snapshot);
    match Query::parse(&text) {
        Ok(query) => {
            line.error = None;
            set_here(state, query, kept);
        }
        Err(error) => {
            let understood = without_the_wrong(&text, &error);
            line.error = Some(error);
            if let Some(query) = understood {
                set_here(state, query, kept);
            }
        }
    }
}

/// Returns what the rest of a text asks, the part left out that is not understood.
///
/// Half a term was a word a key ago, and hardly a card has that word: kept in force,
/// it would empty the board under the hands of whoever is typing.
fn without_the_wrong(text: &str, error: &QueryError) -> Option<Query> {
    let before = text.get(..error.start)?;
    // The part that is wrong may be the value alone, at the very end of the text.
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + 1);
    let head = text.get(..start)?;
    // What was opened and not closed has all the rest of the text within.
    let is_open = text.get(error.start..)?.starts_with(['"', '(']);
    let tail = text.get(error.end.max(start)..).filter(|_| !is_open);
    let tail = tail.unwrap_or_default();
    let tail = tail.find(char::is_whitespace).and_then(|at| tail.get(at..));
    let rest = format!("{head}{}", tail.unwrap_or_default());
    Query::parse(rest.trim()).ok()
}

/// How many completions are offered.
const OFFERED: usize = 8;

/// Finds what may follow at the cursor: words of the language, then names that the board knows.
fn complete_at(line: &mut FilterLine, text: &str, snapshot: &Snapshot) {
    let found = completion(text, byte_cursor(&line.input));
    line.replaces = (found.start, found.end);
    line.completions = found.words;
    if let Some(key) = found.key {
        let part = text.get(found.start..found.end).unwrap_or_default();
        let names = names(&mut line.names, snapshot, key);
        line.completions
            .extend(fitting(names, &part.to_lowercase()));
    }
    line.completions.truncate(OFFERED);
}

/// Returns the names on the board that a key may be compared with; they are gathered once.
fn names<'n>(known: &'n mut Option<Names>, snapshot: &Snapshot, key: &'static str) -> &'n Names {
    let board = (snapshot.generation, snapshot.taken_at);
    let is_same = |names: &Names| names.key == key && names.board == board;
    let names = known.take().filter(is_same);
    known.insert(names.unwrap_or_else(|| Names {
        key,
        board,
        all: gathered(snapshot, key),
    }))
}

fn gathered(snapshot: &Snapshot, key: &str) -> Vec<Box<str>> {
    let mut all: HashSet<&str> = HashSet::new();
    let mut last = "";
    for item in snapshot.items() {
        values(item, key, &mut |name| {
            // Cards share their texts: mostly it is the very same one.
            if !std::ptr::eq(last, name) && last != name {
                all.insert(name);
                last = name;
            }
        });
    }
    all.into_iter().map(Box::from).collect()
}

/// Returns the names that hold a part.
///
/// Those come first that begin with it; no more are kept than are offered.
fn fitting(names: &Names, part: &str) -> Vec<String> {
    let mut best: BTreeSet<(bool, &str)> = BTreeSet::new();
    for name in &names.all {
        let Some(at) = find(name, part) else {
            continue;
        };
        let entry = (at > 0, &**name);
        let full = best.len() >= OFFERED;
        if full && best.last().is_some_and(|last| *last <= entry) {
            continue;
        }
        if best.insert(entry) && full {
            best.pop_last();
        }
    }
    best.into_iter().map(|(_, name)| quoted(name)).collect()
}

/// Returns where a name holds a part, which is in lower case; letters of either case are the same.
fn find(name: &str, part: &str) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    if !name.is_ascii() {
        return name.to_lowercase().find(part);
    }
    let mut windows = name.as_bytes().windows(part.len());
    windows.position(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

fn values<'i>(item: &'i WorkItem, key: &str, take: &mut dyn FnMut(&'i str)) {
    match key {
        "author" => item.author.iter().for_each(|person| take(&person.login)),
        "holder" => item.holders.iter().for_each(|person| take(&person.login)),
        "reviewer" => item.reviewers.iter().for_each(|person| take(&person.login)),
        "label" => item.labels.iter().for_each(|label| take(label)),
        "service" => item
            .services
            .iter()
            .for_each(|service| take(service.as_str())),
        "branch" => item.branches.iter().for_each(|branch| take(branch)),
        "milestone" => item.milestone.iter().for_each(|milestone| take(milestone)),
        "repo" => item.repo.iter().for_each(|repo| take(repo.short())),
        "host" => item.repo.iter().for_each(|repo| take(repo.place())),
        "source" => item.sources.iter().for_each(|source| take(source.as_str())),
        _ => {}
    }
}

/// Returns a word as it is written in a filter.
pub(crate) fn quoted(word: &str) -> String {
    let plain = word
        .chars()
        .all(|c| c.is_alphanumeric() || "-_./@".contains(c));
    if plain {
        word.to_owned()
    } else {
        format!("\"{}\"", word.replace('"', ""))
    }
}

/// Keeps the filter and closes the line; a wrong one stays open, at the place that is wrong.
///
/// The cursor is on a card then, if there is one.
pub(crate) fn accept(state: &mut UiState) {
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    if let Some(error) = &line.error {
        let upto = line.input.value().get(..error.end).unwrap_or_default();
        let cursor = upto.chars().count();
        line.input = line.input.clone().with_cursor(cursor);
        return;
    }
    let text = line.input.value().trim().to_owned();
    state.overlays.pop();
    if state.view == View::Board {
        moves::to_listed(state);
    }
    if !text.is_empty() {
        state.filter.history.retain(|known| *known != text);
        state.filter.history.push(text);
        if state.filter.history.len() > 50 {
            state.filter.history.remove(0);
        }
    }
}

/// Closes the line and brings the filter from before back.
pub(crate) fn cancel(state: &mut UiState) {
    if let Some(Overlay::Filter(line)) = state.overlays.pop()
        && let Ok(query) = Query::parse(&line.before)
    {
        set_here(state, query, line.kept);
    }
}

/// Goes back (or forth again) in the history.
pub(crate) fn recall(state: &mut UiState, snapshot: &Snapshot, back: bool) {
    let history = state.filter.history.clone();
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    let to = if back {
        (line.history + 1).min(history.len())
    } else {
        line.history.saturating_sub(1)
    };
    line.history = to;
    let text = match to {
        0 => line.before.clone(),
        back => history
            .get(history.len() - back)
            .cloned()
            .unwrap_or_default(),
    };
    line.input = Input::new(text);
    edited(state, snapshot);
}

/// Completes the word before the cursor with the best of what may follow.
pub(crate) fn complete(state: &mut UiState, snapshot: &Snapshot) {
    let Some(Overlay::Filter(line)) = state.overlays.last_mut() else {
        return;
    };
    let Some(word) = line.completions.first().cloned() else {
        return;
    };
    let text = line.input.value();
    let (start, end) = line.replaces;
    let kept = text.get(..start).unwrap_or_default();
    let tail = text.get(end..).unwrap_or_default();
    let completed = format!("{kept}{word}");
    let cursor = completed.chars().count();
    line.input = Input::new(format!("{completed}{tail}")).with_cursor(cursor);
    edited(state, snapshot);
}

/// Returns the cursor as a byte offset.
pub(crate) fn byte_cursor(input: &Input) -> usize {
    input
        .value()
        .char_indices()
        .nth(input.cursor())
        .map_or(input.value().len(), |(at, _)| at)
}
