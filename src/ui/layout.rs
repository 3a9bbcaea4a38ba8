//! Where things are on a screen of a given size, by arithmetic.
//!
//! The same plan serves painting, scrolling and the mouse. Nothing here knows
//! cards or colours; every rectangle lies within the screen.

use ratatui::layout::Rect;

use crate::ui::text::cols;

/// Below this width or height only one line is shown.
pub const LEAST: (u16, u16) = (30, 6);
/// Below this width one column is shown, with a strip of counters.
const STRIP_BELOW: u16 = 45;
/// Width of a folded column, its divider included.
pub const RAIL: u16 = 4;

/// The narrowest column that the mouse makes, its divider included.
const NARROWEST: u16 = 10;

/// The most columns that there are.
const COLUMNS: usize = 8;

/// By how many columns of the screen a person made each column of the board wider, or narrower.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Widths([i16; COLUMNS]);

impl Widths {
    /// Returns by how much a column is wider.
    pub fn of(&self, column: usize) -> i16 {
        self.0.get(column).copied().unwrap_or_default()
    }

    /// Makes a column wider by so much than it is by itself.
    pub fn set(&mut self, column: usize, by: i16) {
        if let Some(wider) = self.0.get_mut(column) {
            *wider = by;
        }
    }

    /// Makes a column wider and the one right of it as much narrower.
    pub fn shift(&mut self, column: usize, by: i16) {
        for (column, by) in [(column, by), (column + 1, by.saturating_neg())] {
            if let Some(wider) = self.0.get_mut(column) {
                *wider = wider.saturating_add(by);
            }
        }
    }

    /// Makes two neighbours as wide as they are by themselves.
    pub fn reset(&mut self, column: usize) {
        for wider in self.0.iter_mut().skip(column).take(2) {
            *wider = 0;
        }
    }
}

/// The border between an open column and the one right of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Border {
    /// The column left of it.
    pub column: usize,
    /// Where it is.
    pub x: u16,
    /// How far it may go to the left.
    pub least: u16,
    /// How far it may go to the right.
    pub most: u16,
}

/// What is asked of a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Want {
    /// How many columns there are.
    pub columns: usize,
    /// Which one has the focus.
    pub focus: usize,
    /// The first open one.
    pub window: usize,
    /// Whether the focused one gets all the width.
    pub zoom: bool,
    /// Whether all are open whatever the width.
    pub overview: bool,
    /// Whether a detail is shown.
    pub detail: bool,
    /// Whether the top tells of a moment of the past, with a line of time.
    pub past: bool,
    /// What a person made wider.
    pub wider: Widths,
    /// Whether there are saved views, which have tabs.
    pub tabs: bool,
    /// Whether the board is in lanes, whose headings take rows from the cards.
    pub lanes: bool,
}

/// Where things are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How much of the board can be shown.
    pub size: Size,
    /// The lines at the top.
    pub header: Rect,
    /// The tabs of saved views, where there is room.
    pub tabs: Option<Rect>,
    /// Counters of all columns, where only one is open.
    pub strip: Option<Rect>,
    /// Where the board or another view is.
    pub body: Rect,
    /// The line above the footer, where there is room.
    pub status: Option<Rect>,
    /// The keys.
    pub footer: Rect,
    /// The columns, from left to right.
    pub slots: Vec<Slot>,
    /// Lines of a card.
    pub card: u16,
    /// Where the detail is, if one is shown.
    pub detail: Option<Rect>,
    /// Whether the detail hides the board.
    pub covered: bool,
}

/// How much can be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// One line.
    Tiny,
    /// One column and a strip.
    Narrow,
    /// Columns.
    Wide,
}

/// One column on the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Which one.
    pub column: usize,
    /// Its heading.
    pub head: Rect,
    /// Its cards.
    pub body: Rect,
    /// Whether it is open or a rail.
    pub open: bool,
}

impl Plan {
    /// Works out where things are.
    pub fn new(area: Rect, want: &Want) -> Self {
        let size = if area.width < LEAST.0 || area.height < LEAST.1 {
            Size::Tiny
        } else if area.width < STRIP_BELOW {
            Size::Narrow
        } else {
            Size::Wide
        };
        let tall = area.height >= 14;
        let header_rows = match (want.past, area.height, area.width) {
            (true, 20.., _) => 3,
            (true, 10..20, _) | (false, 20.., STRIP_BELOW..) => 2,
            (true, ..10, _) | (false, _, _) => 1,
        };
        let footer_rows = if tall { 2 } else { 1 };
        let header = rows(area, 0, header_rows);
        let footer = rows(area, area.height.saturating_sub(1), 1);
        let status = tall.then(|| rows(area, area.height.saturating_sub(2), 1));
        let mut top = header_rows;
        let has_tabs = want.tabs && !want.past && size == Size::Wide && area.height >= 20;
        let tabs = has_tabs.then(|| rows(area, top, 1));
        top += u16::from(has_tabs);
        let strip = (size == Size::Narrow).then(|| rows(area, top, 1));
        top += u16::from(strip.is_some());
        let mut body = rows(area, top, area.height.saturating_sub(top + footer_rows));
        let whole = body;
        let detail = want.detail.then(|| detail_place(area, &mut body));
        let mut plan = Self {
            size,
            header,
            tabs,
            strip,
            body,
            status,
            footer,
            slots: Vec::new(),
            card: 1,
            covered: detail == Some(whole),
            detail,
        };
        match size {
            Size::Tiny => {}
            Size::Narrow => plan.one_column(area, want),
            Size::Wide => plan.columns(area, want),
        }
        plan
    }

    fn one_column(&mut self, area: Rect, want: &Want) {
        self.card = if area.height < 20 { 1 } else { 3 };
        self.slots.push(Slot {
            column: want.focus,
            head: rows(self.body, 0, 0),
            body: self.body,
            open: true,
        });
    }

    fn columns(&mut self, area: Rect, want: &Want) {
        let body = self.body;
        let open = open_count(body.width, want);
        let window = clamp_window(want, open);
        let rails = want.columns.saturating_sub(open);
        let rail_width = if want.overview { 0 } else { RAIL };
        let for_rails = rail_width.saturating_mul(u16::try_from(rails).unwrap_or(0));
        let wide = body.width.saturating_sub(for_rails);
        let count = u16::try_from(open).unwrap_or(1).max(1);
        let each = wide / count;
        let mut widths = shares(wide, window..window + open, want).into_iter();
        let mut x = body.x;
        for column in 0..want.columns {
            let is_open = (window..window + open).contains(&column);
            let width = is_open
                .then(|| widths.next())
                .flatten()
                .unwrap_or(rail_width);
            let inner = if column + 1 == want.columns {
                width
            } else {
                width.saturating_sub(1)
            };
            let whole = Rect::new(x, body.y, inner, body.height);
            let head_rows = 2.min(body.height);
            self.slots.push(Slot {
                column,
                head: rows(whole, 0, head_rows),
                body: rows(whole, head_rows, body.height - head_rows),
                open: is_open,
            });
            x = x.saturating_add(width);
        }
        self.card = match (want.overview, area.height, each) {
            (true, ..) | (_, ..20, _) => 2,
            (_, 20..40, _) => 3,
            (_, _, ..25) => 4,
            (_, _, 25..) => 5,
        };
        if want.lanes {
            self.card = self.card.saturating_sub(1).max(2);
        }
    }

    /// Returns the place of a column that is open.
    pub fn slot(&self, column: usize) -> Option<&Slot> {
        self.slots
            .iter()
            .find(|slot| slot.column == column && slot.open)
    }

    /// Returns how many lines of that many fit into a column, and whether one row is kept for "more".
    pub fn capacity(&self, slot: &Slot, lines: usize) -> (usize, bool) {
        let rows = slot.body.height;
        let card = self.card.max(1);
        let all = usize::from(rows / card);
        if lines <= all {
            return (all, false);
        }
        (
            usize::from(rows.saturating_sub(1) / card).max(usize::from(rows > 0)),
            rows > card,
        )
    }

    /// Returns the border between two open columns at a position of the screen.
    pub fn border_at(&self, x: u16, y: u16) -> Option<Border> {
        let mut pairs = self.slots.iter().zip(self.slots.iter().skip(1));
        let (left, right) = pairs.find(|(left, right)| {
            let across = left.head.top() <= y && y < left.body.bottom();
            left.open && right.open && across && left.body.right() == x
        })?;
        let least = left.body.left() + NARROWEST - 1;
        let most = right.body.right().saturating_sub(NARROWEST - 1);
        (least <= most).then_some(Border {
            column: left.column,
            x,
            least,
            most,
        })
    }

    /// Returns the column and the line within it at a position of the screen.
    pub fn at(&self, x: u16, y: u16) -> Option<(usize, Option<usize>)> {
        let slot = self.slots.iter().find(|slot| {
            let across = slot.body.left() <= x && x < slot.body.right().max(slot.body.left() + 1);
            across && slot.head.top() <= y && y < slot.body.bottom()
        })?;
        let line = (slot.open && y >= slot.body.y)
            .then(|| usize::from((y - slot.body.y) / self.card.max(1)));
        Some((slot.column, line))
    }
}

/// Returns the widths of the open columns: even ones, and what a person made of them.
fn shares(wide: u16, open: std::ops::Range<usize>, want: &Want) -> Vec<u16> {
    let count = cols(open.len()).max(1);
    let (each, rest) = (wide / count, usize::from(wide % count));
    let even = (0..open.len()).map(|at| each + u16::from(at < rest));
    if want.overview || open.len() < 2 || each < NARROWEST {
        return even.collect();
    }
    let wanted = |(column, even): (usize, u16)| {
        let share = even.saturating_add_signed(want.wider.of(column));
        share.clamp(NARROWEST, wide)
    };
    let mut shares: Vec<u16> = open.zip(even).map(wanted).collect();
    // Neighbours that are folded now kept their part of a shift: the others make up for it.
    let sum = |shares: &[u16]| {
        shares
            .iter()
            .fold(0_u16, |all, share| all.saturating_add(*share))
    };
    while sum(&shares) > wide {
        let Some(widest) = shares.iter_mut().max() else {
            break;
        };
        *widest -= 1;
    }
    let left = wide - sum(&shares).min(wide);
    if let Some(last) = shares.last_mut() {
        *last += left;
    }
    shares
}

/// Returns how many columns are open at this width.
fn open_count(width: u16, want: &Want) -> usize {
    if want.overview {
        return want.columns;
    }
    if want.zoom {
        return 1;
    }
    let fit = usize::from(width.saturating_sub(32) / 13).max(1);
    fit.min(want.columns)
}

/// Returns the window moved so that the focus is within.
pub fn clamp_window(want: &Want, open: usize) -> usize {
    let least = (want.focus + 1).saturating_sub(open);
    let most = want.columns.saturating_sub(open).min(want.focus);
    want.window.clamp(least.min(most), most)
}

/// Returns whether a detail fits beside or below the board.
pub fn fits_beside(width: u16, height: u16) -> bool {
    (width >= 180 && height >= 14) || (width >= 100 && height >= 30)
}

/// Takes the place of the detail from the board: at its right, below it, or all of it.
fn detail_place(area: Rect, body: &mut Rect) -> Rect {
    let whole = *body;
    if !fits_beside(area.width, area.height) {
        return whole;
    }
    if area.width >= 180 {
        let wide = if area.width >= 260 { 90 } else { 64 };
        body.width -= wide;
        return Rect::new(body.right(), whole.y, wide, whole.height);
    }
    let high = whole.height * 2 / 5;
    body.height -= high;
    Rect::new(whole.x, body.bottom(), whole.width, high)
}

/// Returns some rows of an area, cut to what is there.
pub fn rows(area: Rect, from: u16, count: u16) -> Rect {
    let from = from.min(area.height);
    Rect::new(
        area.x,
        area.y + from,
        area.width,
        count.min(area.height - from),
    )
}

/// Returns a box in the middle of an area, at most as large as it.
pub fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 3;
    Rect::new(x, y, width, height)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plan(width: u16, height: u16) -> Plan {
        let want = Want {
            columns: 8,
            ..Want::default()
        };
        Plan::new(Rect::new(0, 0, width, height), &want)
    }

    #[track_caller]
    fn check(width: u16, height: u16, open: usize, narrowest: u16, card: u16) {
        let plan = plan(width, height);
        let open_slots: Vec<&Slot> = plan.slots.iter().filter(|slot| slot.open).collect();
        assert_eq!(open_slots.len(), open, "open columns");
        let found = open_slots.iter().map(|slot| slot.body.width).min();
        assert_eq!(found, Some(narrowest), "narrowest");
        assert_eq!(plan.card, card, "lines a card");
    }

    #[test]
    fn columns_fold_with_the_width() {
        check(300, 80, 8, 36, 5);
        check(200, 60, 8, 24, 5);
        check(140, 40, 8, 16, 4);
        check(120, 40, 6, 17, 4);
        check(80, 24, 3, 19, 3);
        check(45, 24, 1, 16, 3);
        check(40, 10, 1, 40, 1);
        check(30, 6, 1, 30, 1);
    }

    #[test]
    fn below_the_least_size_there_is_no_column() {
        assert_eq!(plan(29, 40).size, Size::Tiny);
        assert_eq!(plan(200, 5).size, Size::Tiny);
    }

    #[test]
    fn moving_the_focus_among_open_columns_moves_nothing() {
        let at = |focus| {
            let want = Want {
                columns: 8,
                focus,
                window: 2,
                ..Want::default()
            };
            Plan::new(Rect::new(0, 0, 101, 30), &want).slots
        };
        assert_eq!(at(3), at(4));
    }

    #[test]
    fn a_border_goes_where_it_is_dragged_and_no_column_vanishes() {
        let mut want = Want {
            columns: 8,
            ..Want::default()
        };
        let area = Rect::new(0, 0, 200, 60);
        let plan = Plan::new(area, &want);
        assert_eq!(plan.border_at(24, 10).map(|border| border.column), Some(0));
        assert_eq!(plan.border_at(23, 10), None);
        assert_eq!(plan.border_at(24, 0), None, "that is the header");
        want.wider.shift(0, 6);
        let wider = Plan::new(area, &want);
        let border = wider.border_at(30, 10).unwrap();
        assert_eq!((border.column, border.least), (0, 9));
        assert_eq!(wider.slots[2..], plan.slots[2..], "the others stay");
        want.wider.shift(0, 3_000);
        let least = Plan::new(area, &want);
        assert!(least.slots.iter().all(|slot| slot.body.width >= 8));
        want.wider.reset(0);
        assert_eq!(Plan::new(area, &want), plan);
    }

    proptest! {
        #[test]
        fn every_part_is_on_the_screen_and_none_overlap(
            width in 0_u16..320, height in 0_u16..90, columns in 1_usize..9,
            focus in 0_usize..8, window in 0_usize..9,
            zoom: bool, overview: bool, detail: bool, past: bool, tabs: bool, lanes: bool,
            shifts in prop::collection::vec((0_usize..8, -300_i16..300), 0..4),
        ) {
            let area = Rect::new(0, 0, width, height);
            let focus = focus.min(columns - 1);
            let mut wider = Widths::default();
            for (column, by) in shifts {
                wider.shift(column, by);
            }
            let want = Want {
                columns, focus, window, zoom, overview, detail, past, wider, tabs, lanes,
            };
            let plan = Plan::new(area, &want);
            let mut end = 0;
            for slot in &plan.slots {
                prop_assert_eq!(slot.body.intersection(plan.body), slot.body);
                prop_assert!(slot.body.x >= end || slot.body.width == 0);
                end = slot.body.right();
            }
            for part in [plan.header, plan.body, plan.footer] {
                prop_assert!(part.right() <= width && part.bottom() <= height);
            }
            if plan.size != Size::Tiny {
                prop_assert!(plan.slot(focus).is_some(), "the focused column is open");
            }
        }
    }
}
