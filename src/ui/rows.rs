//! What each column lists: rows of the snapshot after filter, order and trains.
//!
//! Worked out once for a snapshot and a filter, so that a frame and a key touch
//! visible cards only. Lines are positions; the cards stay in the snapshot.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::arrange::{Facets, Group, Order};
use crate::domain::hide::Hides;
use crate::domain::item::{Train, WorkItem};
use crate::domain::key::{ItemId, TrainId};
use crate::domain::query::{Query, QueryContext};
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::engine::snapshot::{Row, Snapshot};
use crate::ui::lanes::{self, Lane};

/// The identity of a line: it keeps the selection through every refresh.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RowKey {
    /// A card.
    Item(ItemId),
    /// A train.
    Train(TrainId),
}

/// A line of a column, by position: row of the snapshot, and card of a train from 1 (0: the row itself).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
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

/// One column as it is listed.
#[derive(Clone, Default, Debug)]
pub struct Listed {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Cards that pass the filter, those in trains included.
    pub count: usize,
    /// How many of them are red.
    pub red: usize,
    /// Where lanes end among the lines.
    pub ends: Vec<usize>,
    /// How many of them need a person, or the user where that is known; counted with a filter only.
    needy: usize,
}

/// All columns as they are listed.
#[derive(Clone, Default, Debug)]
pub struct Rows {
    key: Option<Key>,
    /// The columns, in the order of the configuration.
    pub columns: Vec<Listed>,
    /// The lanes, where there are any.
    pub lanes: Vec<Lane>,
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
    /// Cards of the board that were put aside, listed or not.
    pub hidden: usize,
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
    ended: usize,
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
    /// What was put aside.
    pub hides: &'a Hides,
    /// The order.
    pub order: Order,
    /// What the lanes are for.
    pub group: &'a Group,
    /// Names of the lanes that are folded.
    pub folded: &'a BTreeSet<String>,
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
            ended: want.hides.ended(now),
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
            hides: want.hides.clone(),
        };
        self.columns
            .resize_with(want.columns.len(), Listed::default);
        self.all = snapshot.columns.iter().map(|column| column.count).sum();
        self.red = snapshot.columns.iter().map(|column| column.red).sum();
        self.hidden = hidden(snapshot, want.hides, now);
        let columns = self.columns.iter_mut().zip(want.columns);
        let columns = columns.map(|(listed, column)| (listed, rows_of(snapshot, column.stage)));
        fill_all(columns, want, &ctx);
        if want.takes_all() {
            for (listed, column) in self.columns.iter_mut().zip(want.columns) {
                let known = snapshot.column(column.stage);
                listed.count = known.map_or(0, |column| column.count);
                listed.red = known.map_or(0, |column| column.red);
            }
        }
        self.divide(snapshot, want, &ctx);
        self.shown = self.columns.iter().map(|listed| listed.count).sum();
        self.red_shown = self.columns.iter().map(|listed| listed.red).sum();
        self.needy = if want.takes_all() {
            self.needy_unfiltered
        } else {
            self.columns.iter().map(|listed| listed.needy).sum()
        };
        self.key = Some(key);
        true
    }

    /// Divides the lines into lanes, where there are any.
    fn divide(&mut self, snapshot: &Snapshot, want: &Want<'_>, ctx: &QueryContext) {
        self.lanes.clear();
        for listed in &mut self.columns {
            listed.ends.clear();
        }
        if !want.group.is_some() {
            return;
        }
        let shown = |column: usize, line: Line| {
            let stage = want.columns.get(column)?.stage;
            line.of(snapshot, stage)
        };
        let counts = |shown: &Shown<'_>| match shown {
            Shown::Item { item, .. } => (1, usize::from(item.placement.status.is_red())),
            Shown::Train { train, .. } => {
                let listed = train.items.iter().filter(|item| want.lists(item, ctx));
                listed.fold((0, 0), |(count, red), item| {
                    (count + 1, red + usize::from(item.placement.status.is_red()))
                })
            }
        };
        self.lanes = lanes::divide(&mut self.columns, shown, counts, want.group, want.folded);
    }

    /// Returns whether a column lists a line of this identity.
    pub(crate) fn lists(
        &self,
        snapshot: &Snapshot,
        column: usize,
        stage: Stage,
        key: &RowKey,
    ) -> bool {
        let mut lines = self.lines(column).iter();
        lines.any(|line| line.of(snapshot, stage).is_some_and(|shown| shown.is(key)))
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

impl Want<'_> {
    /// Returns whether a card is listed.
    fn lists(&self, item: &WorkItem, ctx: &QueryContext) -> bool {
        let is_aside = !self.hides.is_empty()
            && !self.filter.asks_for_hidden()
            && self.hides.of(item, ctx.now).is_some();
        !is_aside && (self.filter.is_empty() || self.filter.matches(item, ctx))
    }

    /// Returns whether every card is listed.
    fn takes_all(&self) -> bool {
        self.filter.is_empty() && self.hides.is_empty()
    }

    /// Returns whether the changes of a train stand in several lanes, each by itself.
    fn dissolves(&self, train: &Train) -> bool {
        let mut lanes = train.items.iter().map(|item| self.group.lane_of(item));
        let first = lanes.next();
        self.group.is_some() && lanes.any(|lane| Some(lane) != first)
    }
}

impl Line {
    /// Returns the position of its row.
    pub(crate) fn row(self) -> u32 {
        self.row
    }

    /// Returns whether it is a card of a train.
    pub(crate) fn is_inside(self) -> bool {
        self.sub > 0
    }

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

/// Counts the cards on the board that were put aside.
fn hidden(snapshot: &Snapshot, hides: &Hides, now: Timestamp) -> usize {
    let items = hides.all().filter_map(|(id, _)| snapshot.find(id));
    items.filter(|item| hides.of(item, now).is_some()).count()
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
    if want.takes_all() || there.rows < MANY {
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
    let all = want.takes_all();
    let mut order: Vec<u32> = (0_u32..).take(rows.len()).collect();
    if want.order != Order::Urgent {
        let facets = |at: &u32| rows.get(*at as usize).map(facets_of);
        order.sort_by(|a, b| match (facets(a), facets(b)) {
            (Some(a), Some(b)) => want.order.compare(&a, &b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
    }
    for at in order {
        match rows.get(at as usize) {
            Some(Row::Item(_)) if all => listed.lines.push(Line { row: at, sub: 0 }),
            Some(Row::Item(item)) if want.lists(item, ctx) => {
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
        let dissolves = want.dissolves(train);
        let opened = dissolves || want.opened.contains(&train.id);
        let all = want.takes_all();
        let head = self.lines.len();
        for (sub, item) in (1_u32..).zip(&train.items) {
            if all || want.lists(item, ctx) {
                if opened {
                    self.lines.push(Line { row, sub });
                }
                self.take(item, want.me);
            }
        }
        if dissolves {
            return;
        }
        let any =
            all || self.lines.len() > head || train.items.iter().any(|item| want.lists(item, ctx));
        if any {
            self.lines.insert(head, Line { row, sub: 0 });
        }
    }
}

fn facets_of(row: &Row) -> Facets<'_> {
    match row {
        Row::Item(item) => Facets::of_item(item),
        Row::Train(train) => Facets::of_train(train),
    }
}
