//! What the screen remembers of the board: focus, selections, folds, lanes, marks.

use std::collections::{BTreeSet, HashSet};

use crate::domain::arrange::{Group, Order};
use crate::domain::key::{ItemId, TrainId};
use crate::ui::rows::RowKey;

/// The board.
#[derive(Clone, Debug, Default)]
pub struct BoardState {
    /// The focused column.
    pub focus: usize,
    /// The first open column.
    pub window: usize,
    /// The columns.
    pub columns: Vec<ColumnState>,
    /// Trains that are open.
    pub opened: HashSet<TrainId>,
    /// Whether the focused column has all the width.
    pub zoom: bool,
    /// Whether all columns are open.
    pub overview: bool,
    /// Whether the preview is shown.
    pub preview: bool,
    /// First line of the preview.
    pub preview_scroll: u16,
    /// The order of the cards.
    pub order: Order,
    /// What the lanes are for.
    pub group: Group,
    /// Names of the lanes that are folded.
    pub folded: BTreeSet<String>,
    /// The folded lane whose heading has the cursor.
    pub heading: Option<String>,
    /// The first row shown, where there are lanes.
    pub lane_scroll: usize,
    /// Cards that are marked; what is done to a card is done to all of them.
    pub marked: BTreeSet<ItemId>,
    /// Where a range of marks begins: the card, in this column.
    pub(crate) range: Option<(usize, RowKey)>,
    /// The line at which it begins.
    pub(crate) range_at: usize,
    /// The row of the screen in which the cursor was seen last, where there are lanes.
    pub(crate) lane_row: usize,
    /// Counts up whenever what the lists are made from changes.
    pub(crate) revision: u64,
}

/// One column of the board.
#[derive(Clone, Debug, Default)]
pub struct ColumnState {
    /// The selected card or train.
    pub selected: Option<RowKey>,
    /// Where it was last found.
    pub at: usize,
    /// The first line shown.
    pub offset: usize,
    /// Whether a person put the selection there.
    pub chosen: bool,
}
