//! The list of what calls for a person: its lines, and the one with the cursor.
//!
//! Worked out while the view is open, once for a board and a filter; the cursor stays on its line.

use crate::domain::Timestamp;
use crate::domain::attention::Listed;
use crate::engine::snapshot::Snapshot;
use crate::ui::state::{UiState, View};

/// The view of what calls for a person.
#[derive(Clone, Debug, Default)]
pub struct AttentionState {
    /// The lines, the most urgent first.
    pub lines: Vec<Listed>,
    /// The line with the cursor.
    pub cursor: usize,
    key: Option<(u64, Timestamp, String, (u64, usize))>,
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
        let lines = snapshot.attention.list(items, now);
        let list = &mut self.attention;
        let held = list.lines.get(list.cursor);
        let same = |line: &Listed| {
            held.is_some_and(|held| {
                held.item.id == line.item.id
                    && held.call.kind == line.call.kind
                    && (held.call.about.is_empty() == line.call.about.is_empty())
            })
        };
        let found = lines.iter().position(same);
        let bottom = lines.len().saturating_sub(1);
        list.cursor = found.unwrap_or(list.cursor).min(bottom);
        list.lines = lines;
        list.key = Some(key);
    }
}
