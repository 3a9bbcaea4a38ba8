//! Where the parts of the triage view are, by arithmetic.
//!
//! Three side by side where there is room, cards above the tree beside the log
//! on a middling screen, one at a time on a small one.

use ratatui::layout::Rect;

use crate::ui::state::Pane;
use crate::ui::text::width;

/// From this width on, three parts stand side by side.
const THREE: u16 = 120;
/// From this width on, the log stands beside the rest.
const TWO: u16 = 60;
/// Below this height one part is shown at a time.
const TALL: u16 = 9;

/// Where the parts are; those that are not shown have none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Panes {
    /// The red cards.
    pub cards: Option<Rect>,
    /// The tree.
    pub tree: Option<Rect>,
    /// The log.
    pub log: Option<Rect>,
    /// Whether one is shown at a time.
    pub alone: bool,
}

impl Panes {
    /// Works out where things are.
    pub fn new(area: Rect, pane: Pane) -> Self {
        if area.width < TWO || area.height < TALL {
            let mut panes = Self {
                alone: true,
                ..Self::default()
            };
            *panes.place(pane) = Some(area);
            return panes;
        }
        if area.width >= THREE {
            let left = (area.width / 5).clamp(28, 40);
            let middle = (area.width * 3 / 10).clamp(42, 64);
            let (cards, rest) = split_right(area, left);
            let (tree, log) = split_right(rest, middle);
            return Self {
                cards: Some(cards),
                tree: Some(tree),
                log: Some(log),
                alone: false,
            };
        }
        let (left, log) = split_right(area, (area.width * 2 / 5).clamp(26, 46));
        let cards = (left.height / 3).clamp(3, 12);
        let above = Rect {
            height: cards,
            ..left
        };
        let below = Rect {
            y: left.y + cards,
            height: left.height - cards,
            ..left
        };
        Self {
            cards: Some(above),
            tree: Some(below),
            log: Some(log),
            alone: false,
        }
    }

    fn place(&mut self, pane: Pane) -> &mut Option<Rect> {
        match pane {
            Pane::Cards => &mut self.cards,
            Pane::Tree => &mut self.tree,
            Pane::Log => &mut self.log,
        }
    }

    /// Returns where a part is.
    pub fn of(&self, pane: Pane) -> Option<Rect> {
        match pane {
            Pane::Cards => self.cards,
            Pane::Tree => self.tree,
            Pane::Log => self.log,
        }
    }

    /// Returns the lines of a part below its heading; none where it is not shown.
    pub fn body(&self, pane: Pane) -> Option<Rect> {
        self.of(pane).map(|area| Rect {
            y: area.y.saturating_add(1),
            height: area.height.saturating_sub(1),
            ..area
        })
    }

    /// Returns how many lines a part shows; at least one.
    pub fn height(&self, pane: Pane) -> u16 {
        self.body(pane).map_or(1, |area| area.height.max(1))
    }
}

/// How the columns of the log are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogColumns {
    /// For the numbers of lines, with the space after them.
    pub numbers: u16,
    /// For times, with the space after them.
    pub times: u16,
    /// For the text.
    pub text: u16,
}

impl LogColumns {
    /// Works it out for a log of so many lines in a part of this width.
    pub fn new(columns: u16, lines: u64, times: bool) -> Self {
        // On a narrow screen the text is worth more than the numbers.
        let numbers = if columns < 36 {
            0
        } else {
            width(&lines.max(1).to_string()) + 1
        };
        let times = if times && columns >= 30 { 9 } else { 0 };
        Self {
            numbers,
            times,
            text: columns.saturating_sub(3 + numbers + times),
        }
    }
}

/// Splits an area in two with one column between.
fn split_right(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let one = Rect {
        width: left,
        ..area
    };
    let rest = area.width.saturating_sub(left + 1);
    let two = Rect {
        x: area.right() - rest,
        width: rest,
        ..area
    };
    (one, two)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_width_decides_how_many_parts_are_shown() {
        for (width, height, shown) in [
            (140, 30, 3),
            (119, 30, 3),
            (80, 20, 3),
            (59, 20, 1),
            (80, 8, 1),
        ] {
            let panes = Panes::new(Rect::new(0, 1, width, height), Pane::Tree);
            let places = Pane::ALL
                .into_iter()
                .filter(|pane| panes.of(*pane).is_some());
            assert_eq!(places.count(), shown, "{width}x{height}");
            assert_eq!(panes.alone, shown == 1);
            assert!(panes.tree.is_some());
        }
    }

    proptest! {
        #[test]
        fn parts_lie_within_the_screen_and_apart(width in 0_u16..400, height in 0_u16..120) {
            let area = Rect::new(0, 2, width, height);
            for pane in Pane::ALL {
                let panes = Panes::new(area, pane);
                let places: Vec<Rect> = Pane::ALL.into_iter().filter_map(|p| panes.of(p)).collect();
                for (at, place) in places.iter().enumerate() {
                    prop_assert_eq!(area.union(*place), area);
                    for other in places.iter().skip(at + 1) {
                        prop_assert!(!place.intersects(*other));
                    }
                }
            }
        }
    }
}
