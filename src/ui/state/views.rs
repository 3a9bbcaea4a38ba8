//! What a view is to the rest of the screen: its keys, its list, what its cursor points at.
//!
//! A new view has an arm in each of these, its commands in the table, and its
//! picture in `view`; nothing else asks which view it is.

use std::sync::Arc;

use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::engine::snapshot::{Snapshot, SourceView};
use crate::ui::command::Scope;
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::UiState;

/// A view.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum View {
    /// The columns.
    #[default]
    Board,
    /// Why red cards are red.
    Triage,
    /// The board from right to left, card by card, and what there is of each person.
    Standup,
    /// How the work flows.
    Flow,
    /// The sources.
    Sources,
    /// What calls for a person.
    Attention,
    /// The board at a moment of the past.
    Replay,
}

impl View {
    /// All views, those of the round first.
    pub const ALL: [Self; 7] = [
        Self::Board,
        Self::Triage,
        Self::Attention,
        Self::Standup,
        Self::Flow,
        Self::Sources,
        Self::Replay,
    ];

    /// The views in the order of `[` and `]`; in the past those keys go through time.
    pub const ROUND: [Self; 6] = [
        Self::Board,
        Self::Triage,
        Self::Attention,
        Self::Standup,
        Self::Flow,
        Self::Sources,
    ];

    /// Returns where keys are looked up in this view.
    pub fn scope(self) -> Scope {
        match self {
            Self::Board => Scope::Board,
            Self::Triage => Scope::Triage,
            Self::Standup => Scope::Standup,
            Self::Flow => Scope::Flow,
            Self::Sources => Scope::Sources,
            Self::Attention => Scope::Attention,
            Self::Replay => Scope::Replay,
        }
    }

    /// Returns whether its lines are cards, which have a detail and a preview.
    pub fn has_cards(self) -> bool {
        self.scope().has_cards()
    }

    /// Returns whether it shows what was: history is read while it is open.
    pub fn reads_history(self) -> bool {
        match self {
            Self::Standup | Self::Flow | Self::Replay => true,
            Self::Board | Self::Triage | Self::Attention | Self::Sources => false,
        }
    }

    /// Returns the view in which a command of that scope is seen to act: this one, if it may be.
    #[must_use]
    pub fn for_scope(self, scope: Scope) -> Self {
        if scope.holds_in(self.scope()) {
            return self;
        }
        let mut views = Self::ALL.into_iter();
        views
            .find(|view| scope.holds_in(view.scope()))
            .unwrap_or(self)
    }
}

/// What the cursor of a view points at.
#[derive(Clone, Copy, Debug)]
pub enum Pointed<'a> {
    /// A card or a train.
    Card(Shown<'a>),
    /// A source.
    Source(&'a SourceView),
    /// Nothing.
    Nothing,
}

impl UiState {
    /// Returns what the cursor of the view points at.
    pub fn pointed<'a>(&self, snapshot: &'a Snapshot) -> Pointed<'a> {
        match self.view {
            View::Board => self
                .selected(snapshot)
                .map_or(Pointed::Nothing, Pointed::Card),
            View::Triage => pointed_card(self.triage.selected.as_ref(), snapshot),
            View::Standup => {
                let card = self.standup.card();
                pointed_card(card.as_ref().map(|card| &card.id), snapshot)
            }
            View::Attention => {
                let line = self.attention.selected();
                let call = line.and_then(|line| self.attention.call(line));
                card(call.and_then(|call| snapshot.find(&call.item.id)))
            }
            View::Flow => card(self.flow.card().and_then(|id| snapshot.find(id))),
            View::Sources => {
                let source = snapshot.sources.get(self.source);
                source.map_or(Pointed::Nothing, Pointed::Source)
            }
            // What was is nothing that one could act on.
            View::Replay => Pointed::Nothing,
        }
    }

    /// Returns the line of this identity, wherever it is; the selected one is found at once.
    pub fn find<'a>(&self, snapshot: &'a Snapshot, key: &RowKey) -> Option<Shown<'a>> {
        if let Some(shown) = self.selected(snapshot).filter(|shown| shown.is(key)) {
            return Some(shown);
        }
        snapshot
            .columns
            .iter()
            .flat_map(|column| column.rows.iter())
            .find_map(|row| {
                use crate::engine::snapshot::Row;
                match (row, key) {
                    (Row::Train(train), RowKey::Train(id)) if train.id == *id => {
                        Some(Shown::Train {
                            train,
                            opened: false,
                        })
                    }
                    (row, RowKey::Item(id)) => {
                        row.items()
                            .iter()
                            .find(|item| item.id == *id)
                            .map(|item| Shown::Item {
                                item,
                                inside: false,
                            })
                    }
                    (Row::Train(_) | Row::Item(_), RowKey::Train(_)) => None,
                }
            })
    }

    /// Returns whether history is read: what arrives while the past is looked at waits for now.
    pub(crate) fn reads_history(&self) -> bool {
        let is_held = self.view == View::Replay && self.replay.at.is_some();
        self.view.reads_history() && !is_held
    }

    /// Returns whether a card is told of beside the view, or over it.
    pub(crate) fn shows_detail(&self) -> bool {
        let of_view = match self.view {
            View::Replay => self.replay.open,
            View::Board
            | View::Triage
            | View::Attention
            | View::Standup
            | View::Flow
            | View::Sources => self.view.has_cards() && self.shows_preview(),
        };
        of_view || self.detail().is_some()
    }

    /// Returns the cursor of a view that is one list, and how long that is.
    pub(crate) fn list<'a>(&'a mut self, snapshot: &Snapshot) -> Option<(&'a mut usize, usize)> {
        match self.view {
            View::Board | View::Triage => None,
            View::Standup => Some(self.standup.cursor()),
            View::Attention => {
                let count = self.attention.lines.len();
                Some((&mut self.attention.cursor, count))
            }
            View::Flow => Some(self.flow.list()),
            View::Sources => Some((&mut self.source, snapshot.sources.len())),
            View::Replay => {
                let focus = self.board.focus;
                let count = self
                    .stage(focus)
                    .map_or(0, |stage| self.replay.cards(stage).len());
                let cursor = self.replay.cursor_mut(focus)?;
                Some((&mut cursor.at, count))
            }
        }
    }
}

/// Returns a card by its identity, where it is on the board.
fn pointed_card<'a>(id: Option<&ItemId>, snapshot: &'a Snapshot) -> Pointed<'a> {
    card(id.and_then(|id| snapshot.find(id)))
}

/// Returns a card, where there is one.
fn card(item: Option<&Arc<WorkItem>>) -> Pointed<'_> {
    item.map_or(Pointed::Nothing, |item| {
        Pointed::Card(Shown::Item {
            item,
            inside: false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_acts_in_the_view_where_it_is_seen() {
        for view in View::ALL {
            for from in View::ALL {
                // The past has the columns of the board.
                let stays = from == View::Replay && view == View::Board;
                let seen_in = if stays { from } else { view };
                assert_eq!(from.for_scope(view.scope()), seen_in);
                assert_eq!(from.for_scope(Scope::Everywhere), from);
                assert!(from.for_scope(Scope::Cards).has_cards());
            }
        }
        assert_eq!(View::Board.for_scope(Scope::Cards), View::Board);
    }
}
