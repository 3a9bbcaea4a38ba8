//! What each column lists: rows of the snapshot after filter, order and trains.
//!
//! Worked out once for a snapshot and a filter, so that a frame and a key touch
//! visible cards only. Lines are positions; the cards stay in the snapshot.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::item::{Train, WorkItem};
use crate::domain::key::{ItemId, TrainId};
use crate::domain::query::{Query, QueryContext};
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::engine::snapshot::{Row, Snapshot};

/// The identity of a line: it keeps the selection through every refresh.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RowKey {
    /// A card.
    Item(ItemId),
    /// A train.
    Train(TrainId),
}

/// A line of a column, by position: row of the snapshot, and card of a train from 1 (0: the row itself).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    row: u32,
    sub: u32,
}

/// What a line shows.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// A card, by itself or inside an opened train.
    Item {
        /// The card.
        item: &'a Arc<WorkItem>,
        /// Whether it stands under its train.
        inside: bool,
    },
    /// A train.
    Train {
        /// The train.
        train: &'a Arc<Train>,
        /// Whether its changes are listed below.
        opened: bool,
    },
}

/// The order of the cards within a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// Most urgent first, then oldest.
    #[default]
    Urgent,
    /// Longest in its place first.
    Oldest,
    /// Shortest in its place first.
    Newest,
}

impl Order {
    /// Returns the order after this one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Urgent => Self::Oldest,
            Self::Oldest => Self::Newest,
            Self::Newest => Self::Urgent,
        }
    }

    /// Returns the words that stay on the screen while it is not the usual one.
    pub fn mark(self) -> Option<&'static str> {
        match self {
            Self::Urgent => None,
            Self::Oldest | Self::Newest => Some(self.title()),
        }
    }

    /// Returns the words for it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Urgent => "most urgent first",
            Self::Oldest => "oldest first",
            Self::Newest => "newest first",
        }
    }
}

/// One column as it is listed.
#[derive(Clone, Default, Debug)]
pub struct Listed {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Cards that pass the filter, those in trains included.
    pub count: usize,
    /// How many of them are red.
    pub red: usize,
    /// How many of them need a person, or the user where that is known; counted with a filter only.
    needy: usize,
}

/// All columns as they are listed.
#[derive(Clone, Default, Debug)]
pub struct Rows {
    key: Option<Key>,
    /// The columns, in the order of the configuration.
    pub columns: Vec<Listed>,
    /// Cards on the board, filtered or not.
    pub all: usize,
    /// Cards that pass the filter.
    pub shown: usize,
    /// Red cards on the board, filtered or not, in columns that are shown or not.
    pub red: usize,
    /// Red cards that are listed.
    pub red_shown: usize,
    /// Cards that are listed and need a person, or the user where that is known.
    pub needy: usize,
    /// The same without a filter.
    needy_unfiltered: usize,
}

/// What the lists depend on.
#[derive(Clone, PartialEq, Debug)]
struct Key {
    generation: u64,
    taken_at: Timestamp,
    revision: u64,
    minute: i64,
}

/// What the lists are made from, besides the snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// The columns.
    pub columns: &'a [ColumnConfig],
    /// The filter in force.
    pub filter: &'a Query,
    /// The logins of the user.
    pub me: &'a [String],
    /// Opened trains.
    pub opened: &'a HashSet<TrainId>,
    /// The order.
    pub order: Order,
    /// Counts up whenever one of the above changes.
    pub revision: u64,
}

impl Rows {
    /// Brings the lists up to date; returns whether they were out of date.
    pub fn refresh(&mut self, snapshot: &Snapshot, want: &Want<'_>, now: Timestamp) -> bool {
        let key = Key {
            generation: snapshot.generation,
            taken_at: snapshot.taken_at,
            revision: want.revision,
            // A filter may speak of ages, which move by themselves.
            minute: if want.filter.is_empty() {
                0
            } else {
                now.timestamp() / 60
            },
        };
        if self.key.as_ref() == Some(&key) {
            return false;
        }
        let same_cards = self
            .key
            .as_ref()
            .is_some_and(|old| (old.generation, old.taken_at) == (key.generation, key.taken_at));
        if !same_cards {
            self.needy_unfiltered = count_needy(snapshot, want);
        }
        let ctx = QueryContext {
            now,
            me: want.me.to_vec(),
            attention: snapshot.attention.clone(),
        };
        self.columns
            .resize_with(want.columns.len(), Listed::default);
        self.all = snapshot.columns.iter().map(|column| column.count).sum();
        self.red = snapshot.columns.iter().map(|column| column.red).sum();
        let columns = self.columns.iter_mut().zip(want.columns);
        let columns = columns.map(|(listed, column)| (listed, rows_of(snapshot, column.stage)));
        fill_all(columns, want, &ctx);
        if want.filter.is_empty() {
            for (listed, column) in self.columns.iter_mut().zip(want.columns) {
                let known = snapshot.column(column.stage);
                listed.count = known.map_or(0, |column| column.count);
                listed.red = known.map_or(0, |column| column.red);
            }
        }
        self.shown = self.columns.iter().map(|listed| listed.count).sum();
        self.red_shown = self.columns.iter().map(|listed| listed.red).sum();
        self.needy = if want.filter.is_empty() {
            self.needy_unfiltered
        } else {
            self.columns.iter().map(|listed| listed.needy).sum()
        };
        self.key = Some(key);
        true
    }

    /// Returns how many red cards are on the board and not listed: filtered, or in a column that
    /// the configuration leaves out.
    pub fn red_hidden(&self) -> usize {
        self.red.saturating_sub(self.red_shown)
    }

    /// Returns how many cards of the board need a person, or the user where that is known.
    pub fn needy_of_all(&self) -> usize {
        self.needy_unfiltered
    }

    /// Returns the lines of a column.
    pub fn lines(&self, column: usize) -> &[Line] {
        self.columns.get(column).map_or(&[], |listed| &listed.lines)
    }
}

impl Line {
    /// Returns what this line of a stage shows, as long as the snapshot is the one it was made from.
    pub fn of(self, snapshot: &Snapshot, stage: Stage) -> Option<Shown<'_>> {
        let row = rows_of(snapshot, stage).get(self.row as usize)?;
        match (row, self.sub) {
            (Row::Item(item), _) => Some(Shown::Item {
                item,
                inside: false,
            }),
            (Row::Train(train), 0) => Some(Shown::Train {
                train,
                opened: false,
            }),
            (Row::Train(train), sub) => Some(Shown::Item {
                item: train.items.get(sub as usize - 1)?,
                inside: true,
            }),
        }
    }
}

impl Shown<'_> {
    /// Returns the identity of the line.
    pub fn key(&self) -> RowKey {
        match self {
            Self::Item { item, .. } => RowKey::Item(item.id.clone()),
            Self::Train { train, .. } => RowKey::Train(train.id.clone()),
        }
    }

    /// Returns whether this is the line of that identity.
    pub fn is(&self, key: &RowKey) -> bool {
        match (self, key) {
            (Self::Item { item, .. }, RowKey::Item(id)) => item.id == *id,
            (Self::Train { train, .. }, RowKey::Train(id)) => train.id == *id,
            (Self::Item { .. }, RowKey::Train(_)) | (Self::Train { .. }, RowKey::Item(_)) => false,
        }
    }

    /// Returns its status.
    pub fn status(&self) -> Status {
        match self {
            Self::Item { item, .. } => item.placement.status,
            Self::Train { train, .. } => train.status,
        }
    }

    /// Returns since when it stands where it stands.
    pub fn since(&self) -> Timestamp {
        match self {
            Self::Item { item, .. } => item.placement.since,
            Self::Train { train, .. } => train.since,
        }
    }
}

/// Returns the rows of a stage in the order of the snapshot.
pub fn rows_of(snapshot: &Snapshot, stage: Stage) -> &[Row] {
    snapshot.column(stage).map_or(&[], |column| &column.rows)
}

/// Returns whether a status asks for a person.
pub fn needs_person(status: Status) -> bool {
    status.severity() >= Severity::Waiting
}

fn is_needy(item: &WorkItem, me: &[String]) -> bool {
    let mine = || {
        me.is_empty()
            || item.holders.iter().any(|holder| {
                me.iter()
                    .any(|login| login.eq_ignore_ascii_case(&holder.login))
            })
    };
    needs_person(item.placement.status) && mine()
}

fn count_needy(snapshot: &Snapshot, want: &Want<'_>) -> usize {
    want.columns
        .iter()
        .flat_map(|column| rows_of(snapshot, column.stage))
        .flat_map(Row::items)
        .filter(|item| is_needy(item, want.me))
        .count()
}

/// Fewer rows than this are not worth a second thread.
const MANY: usize = 4_096;

/// Fills all columns; many rows that a filter is to look at on two threads.
fn fill_all<'r>(
    columns: impl Iterator<Item = (&'r mut Listed, &'r [Row])>,
    want: &Want<'_>,
    ctx: &QueryContext,
) {
    let (mut here, mut there) = (Share::default(), Share::default());
    for column in columns {
        let less = if here.rows <= there.rows {
            &mut here
        } else {
            &mut there
        };
        less.rows += column.1.len();
        less.columns.push(column);
    }
    if want.filter.is_empty() || there.rows < MANY {
        here.fill(want, ctx);
        there.fill(want, ctx);
        return;
    }
    std::thread::scope(|threads| {
        // It ends with the scope, which waits for it.
        let _other = threads.spawn(move || there.fill(want, ctx));
        here.fill(want, ctx);
    });
}

/// The columns that one thread fills.
#[derive(Default)]
struct Share<'r> {
    columns: Vec<(&'r mut Listed, &'r [Row])>,
    rows: usize,
}

impl Share<'_> {
    fn fill(self, want: &Want<'_>, ctx: &QueryContext) {
        for (listed, rows) in self.columns {
            fill(listed, rows, want, ctx);
        }
    }
}

fn fill(listed: &mut Listed, rows: &[Row], want: &Want<'_>, ctx: &QueryContext) {
    listed.lines.clear();
    (listed.count, listed.red, listed.needy) = (0, 0, 0);
    let all = want.filter.is_empty();
    let mut order: Vec<u32> = (0_u32..).take(rows.len()).collect();
    let since = |at: &u32| rows.get(*at as usize).map(since_of);
    match want.order {
        Order::Urgent => {}
        Order::Oldest => order.sort_by_key(since),
        Order::Newest => order.sort_by_key(|at| std::cmp::Reverse(since(at))),
    }
    for at in order {
        match rows.get(at as usize) {
            Some(Row::Item(_)) if all => listed.lines.push(Line { row: at, sub: 0 }),
            Some(Row::Item(item)) if want.filter.matches(item, ctx) => {
                listed.lines.push(Line { row: at, sub: 0 });
                listed.take(item, want.me);
            }
            Some(Row::Train(train)) => listed.take_train(at, train, want, ctx),
            Some(Row::Item(_)) | None => {}
        }
    }
}

impl Listed {
    fn take(&mut self, item: &WorkItem, me: &[String]) {
        self.count += 1;
        self.red += usize::from(item.placement.status.is_red());
        self.needy += usize::from(is_needy(item, me));
    }

    fn take_train(&mut self, row: u32, train: &Train, want: &Want<'_>, ctx: &QueryContext) {
        let opened = want.opened.contains(&train.id);
        let all = want.filter.is_empty();
        let head = self.lines.len();
        for (sub, item) in (1_u32..).zip(&train.items) {
            if all || want.filter.matches(item, ctx) {
                if opened {
                    self.lines.push(Line { row, sub });
                }
                self.take(item, want.me);
            }
        }
        let any = all
            || self.lines.len() > head
            || train
                .items
                .iter()
                .any(|item| want.filter.matches(item, ctx));
        if any {
            self.lines.insert(head, Line { row, sub: 0 });
        }
    }
}

fn since_of(row: &Row) -> Timestamp {
    match row {
        Row::Item(item) => item.placement.since,
        Row::Train(train) => train.since,
    }
}
