//! What the screen remembers of the triage view: card, pane, job, log, marks.
//!
//! Lines of the log are kept around the window only; all else of a log is in its
//! index. Cards and actions are remembered by identity.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::domain::action::ActionId;
use crate::domain::diagnosis::LogKey;
use crate::domain::key::ItemId;
use crate::domain::text::Clean;
use crate::domain::triage::TriageCard;
use crate::domain::{Timestamp, query};
use crate::log::{self, Fold, Index, LineSet, LogError, LogLine, Query};
use crate::ui::logs::Live;
use crate::ui::tree::{TreeKind, TreeLine};

/// The parts of the triage view.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pane {
    /// The red cards.
    #[default]
    Cards,
    /// Run, attempts, jobs, steps, tests.
    Tree,
    /// The log.
    Log,
}

impl Pane {
    /// All of them, from left to right.
    pub const ALL: [Self; 3] = [Self::Cards, Self::Tree, Self::Log];

    /// Returns the next or the previous one, round and round.
    #[must_use]
    pub fn neighbour(self, forward: bool) -> Self {
        match (self, forward) {
            (Self::Cards, true) | (Self::Log, false) => Self::Tree,
            (Self::Tree, true) | (Self::Cards, false) => Self::Log,
            (Self::Log, true) | (Self::Tree, false) => Self::Cards,
        }
    }
}

/// What the triage view remembers.
#[derive(Clone, Debug, Default)]
pub struct TriageState {
    /// The selected red card.
    pub selected: Option<ItemId>,
    /// Where in the list it was last found.
    pub at: usize,
    /// Which red cards are listed.
    pub filter: query::Query,
    /// The first card shown.
    pub offset: usize,
    /// The part that has the keys.
    pub pane: Pane,
    /// Where in the tree the selected line was last found.
    pub tree: usize,
    /// Which line that is; none before a person went to one.
    pub(crate) tree_mark: Option<TreeMark>,
    /// The line that was painted in each row.
    pub(crate) tree_rows: Vec<usize>,
    /// The first line of the tree that is shown.
    pub tree_offset: usize,
    /// The attempt and job whose log is shown, where a person chose one.
    pub job: Option<(u32, u64)>,
    /// Attempts before the newest whose jobs are listed.
    pub opened: BTreeSet<u32>,
    /// Red cards that are marked.
    pub marked: BTreeSet<ItemId>,
    /// The log.
    pub log: LogPane,
    pub(crate) listed: Listed,
    /// When the screen was last brought up to date: what was put aside may come back by the clock.
    pub(crate) now: Timestamp,
    /// Cards that stay in the list whether they are red or not.
    pub(crate) kept: Vec<Kept>,
    /// Actions that were asked for here and are not over.
    pub(crate) mine: Vec<ActionId>,
    /// How many identities of actions were given.
    pub(crate) given: u64,
}

/// A card that stays in the list: the one under the cursor, or one that was acted on.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The card with its run as it stands now.
    pub(crate) card: TriageCard,
    /// The attempt that was red.
    pub(crate) attempt: u32,
    /// Whether it is red now.
    pub(crate) is_red: bool,
    /// Whether it was acted on.
    pub(crate) acted: bool,
    /// Whether a person was on it after its run had ended well.
    pub(crate) seen: bool,
    /// Where in the list it was last found.
    pub(crate) row: usize,
}

/// A line of the tree, by what it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TreeMark {
    kind: TreeKind,
    /// What it says, where lines of its kind differ by that.
    text: Option<String>,
}

impl TreeMark {
    /// Returns the mark of a line.
    pub(crate) fn of(line: &TreeLine) -> Self {
        let text = match line.kind {
            TreeKind::Heading | TreeKind::Text | TreeKind::Step(..) | TreeKind::Test(_) => {
                Some(line.text.clone())
            }
            TreeKind::Attempt(_) | TreeKind::Job(..) | TreeKind::Error => None,
        };
        Self {
            kind: line.kind,
            text,
        }
    }

    fn is(&self, line: &TreeLine) -> bool {
        // Its place in the diagnosis is no identity of a test.
        let is_test = |kind| matches!(kind, TreeKind::Test(_));
        let is_kind = self.kind == line.kind || (is_test(self.kind) && is_test(line.kind));
        is_kind && self.text.as_ref().is_none_or(|text| *text == line.text)
    }

    /// Returns where the line is, the nearest to a place if several say the same; of a step that
    /// is not listed any more, its job.
    pub(crate) fn nearest(&self, lines: &[TreeLine], at: usize) -> Option<usize> {
        let places = 0..lines.len();
        let found = |is_it: &dyn Fn(&TreeLine) -> bool| {
            let listed = places
                .clone()
                .filter(|at| lines.get(*at).is_some_and(is_it));
            listed.min_by_key(|place| place.abs_diff(at))
        };
        found(&|line| self.is(line)).or_else(|| match self.kind {
            TreeKind::Step(attempt, job) => found(&|line| line.kind == TreeKind::Job(attempt, job)),
            TreeKind::Heading
            | TreeKind::Text
            | TreeKind::Attempt(_)
            | TreeKind::Job(..)
            | TreeKind::Error
            | TreeKind::Test(_) => None,
        })
    }
}

/// Where the card of a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Among all red cards.
    Red(usize),
    /// Among the kept ones.
    Kept(usize),
}

/// What a list was made from.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ListedKey {
    /// The board: its generation, and when it was taken.
    pub(crate) board: (u64, Timestamp),
    /// The filter.
    pub(crate) filter: String,
    /// What was put aside, as the board counts its changes, and how many came back by the clock.
    pub(crate) aside: (u64, usize),
    /// The kept cards, and which of them are red.
    pub(crate) kept: Vec<(ItemId, bool)>,
}

/// The cards that are listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    /// What the list was made from.
    pub(crate) key: Option<ListedKey>,
    /// Its lines; none where all red cards are listed and no other.
    pub(crate) rows: Option<Vec<Place>>,
    /// How many red cards there are, listed or not.
    pub(crate) all: usize,
    /// How many of them were put aside.
    pub(crate) aside: usize,
}

impl Listed {
    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.all, Vec::len)
    }
}

/// What is known of the log that is wanted.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub enum LogStanding {
    /// None is wanted.
    #[default]
    Nothing,
    /// It is asked for.
    Asked,
    /// It is open.
    Open,
    /// It cannot be shown: why, and whether it may yet come.
    Failed(Clean, bool),
}

/// The log that is shown.
#[derive(Clone, Debug, Default)]
pub struct LogPane {
    /// Which one.
    pub key: Option<LogKey>,
    /// How far it got.
    pub standing: LogStanding,
    /// How it stands, where it is read while its job runs, or was.
    pub live: Option<Live>,
    /// When it was asked for last.
    pub asked_at: Option<Timestamp>,
    /// Its index, once it is open.
    pub index: Option<Arc<Index>>,
    /// Its errors with their blocks.
    pub errors: Vec<LogError>,
    /// The line of the first error.
    pub first: Option<u64>,
    /// What is folded.
    pub fold: Fold,
    /// The row at the top.
    pub top: u64,
    /// The row of the cursor.
    pub cursor: u64,
    /// The row of the log that was painted in each row of the screen.
    pub(crate) rows: Vec<u64>,
    /// Columns that are scrolled away on the left.
    pub left: u16,
    /// Whether long lines go on below.
    pub wrap: bool,
    /// Whether times are shown.
    pub times: bool,
    /// The search in force.
    pub search: Option<Search>,
    /// What was searched for last.
    pub searched: String,
    /// Lines near the window.
    pub(crate) lines: BTreeMap<u64, LogLine>,
    /// Lines that are copied as soon as all of them are there.
    pub(crate) copying: Option<Range<u64>>,
    /// Lines that are asked for.
    pub(crate) asked: Vec<Range<u64>>,
    pub(crate) generation: u64,
    /// Whether the cursor is to go to the first hit as soon as one is known.
    pub(crate) jumps: bool,
    /// The line that is shown as soon as this log is open.
    pub(crate) aim: Option<(LogKey, u64)>,
}

/// A search in the log.
#[derive(Clone, Debug)]
pub struct Search {
    /// What is searched for.
    pub query: Query,
    /// Lines with matches so far.
    pub lines: Arc<LineSet>,
    /// Whether all was searched.
    pub done: bool,
    /// How many lines the log had that is searched.
    pub(crate) of: u64,
    pub(crate) generation: u64,
}

impl LogPane {
    /// Returns whether it is asked for, or may yet come.
    pub(crate) fn waits(&self) -> bool {
        match self.standing {
            LogStanding::Asked | LogStanding::Failed(_, true) => true,
            LogStanding::Nothing | LogStanding::Open | LogStanding::Failed(_, false) => false,
        }
    }

    /// Returns whether the cursor is at the end, where it stays as the log grows.
    pub fn is_at_end(&self) -> bool {
        self.cursor.saturating_add(1) >= self.fold.visible_lines()
    }

    /// Brings the cursor to the end.
    pub(crate) fn go_to_end(&mut self, height: u64) {
        self.cursor = self.fold.visible_lines().saturating_sub(1);
        self.settle(height);
    }

    /// Returns the line under the cursor.
    pub fn line(&self) -> Option<u64> {
        self.fold.line_at(self.cursor)
    }

    /// Brings the cursor to a line, opening what hides it.
    pub(crate) fn go_to(&mut self, line: u64, height: u64) {
        self.fold.reveal(line);
        let Some(row) = self.fold.row_of(line) else {
            return;
        };
        self.cursor = row;
        let within = (self.top..self.top.saturating_add(height)).contains(&row);
        if !within {
            self.top = row.saturating_sub(height / 3);
        }
        self.left = 0;
        self.settle(height);
    }

    /// Keeps cursor and window within the log, and the cursor within the window.
    pub(crate) fn settle(&mut self, height: u64) {
        let rows = self.fold.visible_lines();
        let height = height.max(1);
        self.cursor = self.cursor.min(rows.saturating_sub(1));
        let least = (self.cursor + 1).saturating_sub(height);
        let most = rows.saturating_sub(height);
        self.top = self.top.min(most).max(least).min(self.cursor);
    }

    /// Returns the number of the error at or before the cursor, from 1, and how many there are.
    pub fn error_place(&self) -> Option<(usize, usize)> {
        log::error_place(self.index.as_ref()?, self.line()?)
    }
}
