//! Lanes: the lines of all columns in rows of what they have in common, and where those rows are.
//!
//! Lines stay positions in the snapshot; a lane that is folded lists none. All columns scroll as
//! one, by rows of the screen: where a lane begins is worked out by its tallest column.

use std::collections::{BTreeSet, HashMap};

use crate::domain::arrange::{Group, by_name};
use crate::ui::layout::Plan;
use crate::ui::rows::{Line, Listed, Shown};

/// One lane.
#[derive(Clone, Default, Debug)]
pub struct Lane {
    /// What its cards have in common; empty where that is nothing.
    pub name: String,
    /// Its cards of each column, and how many of them are red.
    pub columns: Vec<(usize, usize)>,
    /// Whether its cards are not listed.
    pub folded: bool,
}

impl Lane {
    /// Returns how many cards it has, and how many of them are red.
    pub fn counts(&self) -> (usize, usize) {
        let columns = self.columns.iter();
        columns.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }
}

/// A line on its way into a lane.
struct Sorted {
    lane: usize,
    line: Line,
    count: usize,
    red: usize,
}

/// Divides the lines of columns into lanes; `cards` tells of which cards of a train are listed.
pub(crate) fn divide<'s>(
    columns: &mut [Listed],
    shown: impl Fn(usize, Line) -> Option<Shown<'s>>,
    counts: impl Fn(&Shown<'s>) -> (usize, usize),
    group: &Group,
    folded: &BTreeSet<String>,
) -> Vec<Lane> {
    let mut names: Vec<&'s str> = Vec::new();
    let mut known: HashMap<&'s str, usize> = HashMap::new();
    let mut sorted: Vec<Vec<Sorted>> = Vec::with_capacity(columns.len());
    for (column, listed) in columns.iter().enumerate() {
        let mut head = None;
        let mut lines = Vec::with_capacity(listed.lines.len());
        for line in &listed.lines {
            let Some(shown) = shown(column, *line) else {
                continue;
            };
            let name = match shown {
                Shown::Item { item, .. } => group.lane_of(item),
                Shown::Train { train, .. } => {
                    train.items.first().map_or("", |item| group.lane_of(item))
                }
            };
            let lane = *known.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
            // What stands under its train was counted with that.
            let is_inside = line.is_inside() && head == Some(line.row());
            if !line.is_inside() {
                head = Some(line.row());
            }
            let (count, red) = if is_inside { (0, 0) } else { counts(&shown) };
            lines.push(Sorted {
                lane,
                line: *line,
                count,
                red,
            });
        }
        sorted.push(lines);
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    let name = |at: &usize| names.get(*at).copied().unwrap_or_default();
    order.sort_by(|a, b| by_name(name(a), name(b)));
    let mut rank = vec![0; names.len()];
    for (to, from) in order.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*from) {
            *rank = to;
        }
    }
    let mut lanes: Vec<Lane> = order
        .iter()
        .map(|at| Lane {
            name: name(at).to_owned(),
            columns: vec![(0, 0); columns.len()],
            folded: folded.contains(name(at)),
        })
        .collect();
    for (column, (listed, mut lines)) in columns.iter_mut().zip(sorted).enumerate() {
        for line in &mut lines {
            line.lane = rank.get(line.lane).copied().unwrap_or_default();
        }
        lines.sort_by_key(|line| line.lane);
        fill(listed, column, &lines, &mut lanes);
    }
    lanes
}

/// Lists the lines of a column lane by lane, those of folded ones left out.
fn fill(listed: &mut Listed, column: usize, sorted: &[Sorted], lanes: &mut [Lane]) {
    listed.lines.clear();
    listed.ends.clear();
    let mut sorted = sorted.iter().peekable();
    for (at, lane) in lanes.iter_mut().enumerate() {
        while let Some(line) = sorted.next_if(|line| line.lane == at) {
            if let Some(counts) = lane.columns.get_mut(column) {
                counts.0 += line.count;
                counts.1 += line.red;
            }
            if !lane.folded {
                listed.lines.push(line.line);
            }
        }
        listed.ends.push(listed.lines.len());
    }
}

impl Listed {
    /// Returns the lines of a lane: the first, and the one after the last.
    pub fn of_lane(&self, lane: usize) -> (usize, usize) {
        let before = lane.checked_sub(1).and_then(|at| self.ends.get(at));
        let from = before.copied().unwrap_or_default();
        (from, self.ends.get(lane).copied().unwrap_or(from))
    }

    /// Returns the lane of a line.
    pub fn lane_of(&self, at: usize) -> Option<usize> {
        let lane = self.ends.partition_point(|end| *end <= at);
        (lane < self.ends.len()).then_some(lane)
    }
}

/// Where lanes are, in rows from the first.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tops {
    /// The row of each heading.
    pub(crate) tops: Vec<usize>,
    /// How many rows there are.
    pub(crate) all: usize,
}

impl Tops {
    /// Works it out for the columns that are open.
    pub(crate) fn new(columns: &[Listed], lanes: usize, plan: &Plan) -> Self {
        let card = usize::from(plan.card.max(1));
        let mut tops = Vec::with_capacity(lanes);
        let mut all = 0;
        for lane in 0..lanes {
            tops.push(all);
            let open = plan.slots.iter().filter(|slot| slot.open);
            let counts = open
                .filter_map(|slot| columns.get(slot.column))
                .map(|listed| {
                    let (from, to) = listed.of_lane(lane);
                    to - from
                });
            all += 1 + counts.max().unwrap_or_default() * card;
        }
        Self { tops, all }
    }

    /// Returns the row of a heading.
    pub(crate) fn of(&self, lane: usize) -> usize {
        self.tops.get(lane).copied().unwrap_or(self.all)
    }

    /// Returns the lane in which a row is.
    pub(crate) fn at(&self, row: usize) -> usize {
        self.tops
            .partition_point(|top| *top <= row)
            .saturating_sub(1)
    }
}

/// A place of the cursor in a column with lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// A line.
    Line(usize),
    /// The heading of a folded lane.
    Heading(usize),
}

/// The places of the cursor in a column: its lines, and the headings of folded lanes between them.
pub(crate) struct Stops<'a> {
    listed: &'a Listed,
    lanes: &'a [Lane],
}

impl<'a> Stops<'a> {
    /// Looks at a column.
    pub(crate) fn new(listed: &'a Listed, lanes: &'a [Lane]) -> Self {
        Self { listed, lanes }
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.listed.lines.len() + self.folded_before(self.lanes.len())
    }

    /// Returns the number of a place.
    pub(crate) fn position(&self, stop: Stop) -> usize {
        match stop {
            Stop::Line(at) => {
                let lane = self.listed.lane_of(at).unwrap_or(self.lanes.len());
                at + self.folded_before(lane)
            }
            Stop::Heading(lane) => self.listed.of_lane(lane).0 + self.folded_before(lane),
        }
    }

    /// Returns the place of a number.
    pub(crate) fn at(&self, position: usize) -> Option<Stop> {
        let mut folded = 0;
        for (at, lane) in self.lanes.iter().enumerate() {
            let (from, to) = self.listed.of_lane(at);
            if lane.folded {
                if position == from + folded {
                    return Some(Stop::Heading(at));
                }
                folded += 1;
            } else if position < to + folded {
                return Some(Stop::Line(position - folded));
            }
        }
        None
    }

    fn folded_before(&self, lane: usize) -> usize {
        let before = self.lanes.iter().take(lane);
        before.filter(|lane| lane.folded).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(ends: &[usize]) -> Listed {
        let count = ends.last().copied().unwrap_or_default();
        let mut listed = Listed::default();
        listed.lines = vec![Line::default(); count];
        listed.ends = ends.to_vec();
        listed
    }

    fn lanes(folded: &[bool]) -> Vec<Lane> {
        let lane = |folded: &bool| Lane {
            folded: *folded,
            ..Lane::default()
        };
        folded.iter().map(lane).collect()
    }

    #[test]
    fn the_cursor_goes_through_lines_and_headings_of_folded_lanes() {
        let listed = listed(&[2, 2, 2, 3]);
        let lanes = lanes(&[false, true, true, false]);
        let stops = Stops::new(&listed, &lanes);
        let all = [
            Stop::Line(0),
            Stop::Line(1),
            Stop::Heading(1),
            Stop::Heading(2),
            Stop::Line(2),
        ];
        assert_eq!(stops.count(), all.len());
        for (position, stop) in all.into_iter().enumerate() {
            assert_eq!(stops.at(position), Some(stop), "{position}");
            assert_eq!(stops.position(stop), position, "{stop:?}");
        }
        assert_eq!(stops.at(all.len()), None);
    }

    #[test]
    fn a_line_is_in_the_lane_that_ends_after_it() {
        let listed = listed(&[0, 2, 2, 5]);
        let found: Vec<Option<usize>> = (0..6).map(|at| listed.lane_of(at)).collect();
        assert_eq!(found, [Some(1), Some(1), Some(3), Some(3), Some(3), None]);
        assert_eq!(listed.of_lane(3), (2, 5));
        assert_eq!(listed.of_lane(0), (0, 0));
    }
}
