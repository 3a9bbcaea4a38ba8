//! The list of what calls for a person: its lines, and the one with the cursor.
//!
//! Worked out while the view is open, once for a board and a filter; the cursor stays on its line.
//! Cards that wait at the same gate are one line, which opens.

use std::collections::HashSet;

use crate::domain::Timestamp;
use crate::domain::attention::{AtGate, Line, Listed, fold};
use crate::engine::snapshot::Snapshot;
use crate::ui::state::{UiState, View};

/// The view of what calls for a person.
#[derive(Clone, Debug, Default)]
pub struct AttentionState {
    /// What calls, the most urgent first.
    pub calls: Vec<Listed>,
    /// The lines that are shown of it.
    pub lines: Vec<Line>,
    /// The line with the cursor.
    pub cursor: usize,
    key: Option<(u64, Timestamp, String, (u64, usize))>,
    opened: HashSet<AtGate>,
}

impl AttentionState {
    /// Returns the call that a line shows, where it shows one alone.
    pub fn call(&self, line: &Line) -> Option<&Listed> {
        match line {
            Line::Call { at, .. } => self.calls.get(*at),
            Line::Gate { .. } => None,
        }
    }

    /// Returns the line with the cursor.
    pub fn selected(&self) -> Option<&Line> {
        self.lines.get(self.cursor)
    }

    /// Opens the gate with the cursor, or folds it; returns whether there is one.
    pub(crate) fn turn(&mut self) -> bool {
        let Some(Line::Gate { gate, opened, .. }) = self.selected() else {
            return false;
        };
        let (gate, opened) = (gate.clone(), *opened);
        if opened {
            self.opened.remove(&gate);
        } else {
            self.opened.insert(gate);
        }
        self.lines = fold(&self.calls, |gate| self.opened.contains(gate));
        true
    }

    /// Takes in what calls now; the cursor stays where it is: on its gate, on its card, or on the
    /// gate that its card is folded into.
    fn take(&mut self, calls: Vec<Listed>) {
        let opened = &self.opened;
        let lines = fold(&calls, |gate| opened.contains(gate));
        let same = |line: &Line| match (self.selected(), line) {
            (Some(Line::Gate { gate: held, .. }), Line::Gate { gate, .. }) => held == gate,
            (Some(held), line @ Line::Call { .. }) => {
                let now = line.first().and_then(|at| calls.get(at));
                held.first()
                    .and_then(|at| self.calls.get(at))
                    .zip(now)
                    .is_some_and(|(held, now)| is_same(held, now))
            }
            (Some(Line::Call { at, .. }), Line::Gate { calls: now, .. }) => {
                let held = self.calls.get(*at);
                let mut now = now.iter().filter_map(|at| calls.get(*at));
                held.is_some_and(|held| now.any(|now| is_same(held, now)))
            }
            (None, _) => false,
        };
        // An opened gate holds its card as well, and stands above it.
        let card = |line: &&Line| matches!(line, Line::Call { .. });
        let held_card = self.selected().is_some_and(|held| card(&held));
        let mut found = lines.iter().enumerate().filter(|(_, line)| same(line));
        let found = if held_card {
            let all: Vec<(usize, &Line)> = found.collect();
            let exact = all.iter().find(|(_, line)| card(line));
            exact.or_else(|| all.first()).map(|(at, _)| *at)
        } else {
            found.next().map(|(at, _)| at)
        };
        let bottom = lines.len().saturating_sub(1);
        self.cursor = found.unwrap_or(self.cursor).min(bottom);
        self.lines = lines;
        self.calls = calls;
    }
}

/// Returns whether two calls are of one card, for one reason.
fn is_same(held: &Listed, now: &Listed) -> bool {
    held.item.id == now.item.id
        && held.call.kind == now.call.kind
        && held.call.about.is_empty() == now.call.about.is_empty()
}

impl UiState {
    /// Brings the list up to date where it is shown.
    pub(crate) fn refresh_attention(&mut self, snapshot: &Snapshot, now: Timestamp) {
        if self.view != View::Attention {
            return;
        }
        let filter = &self.filter.query;
        let key = (
            snapshot.generation,
            snapshot.taken_at,
            filter.text().to_owned(),
            (self.board.revision, self.hides.ended(now)),
        );
        if self.attention.key.as_ref() == Some(&key) {
            return;
        }
        let context = self.query_context(snapshot, now);
        let filter = &self.filter.query;
        let shows_hidden = filter.asks_for_hidden();
        let items = snapshot.items();
        let items = items.filter(|item| shows_hidden || self.hides.of(item, now).is_none());
        let items = items.filter(|item| filter.is_empty() || filter.matches(item, &context));
        let calls = snapshot.attention.list(items, now);
        self.attention.take(calls);
        self.attention.key = Some(key);
    }
}
