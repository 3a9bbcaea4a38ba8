//! While a selection moves, what is nearest to the cursor is sent first, and no more than a slow
//! line bears.
//!
//! Most moves change two cards and a line. Those that turn a list, or lay the board out anew, change
//! all of it: a hundred times as much. Then the rows around the cursor are painted, as many as may
//! be sent, and the others stay as they stand until the selection rests, or until a move leaves room
//! for them. It knows the picture before and the picture wanted, and neither views nor state.

use std::ops::Range;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;

use crate::ui::encode::{Dialect, encode};
use crate::ui::link;
use crate::ui::text::width;

/// The most bytes of cells that a move sends; the marks of a frame and the cursor come to them.
const MOST: usize = 560;

/// A cell, and where it is.
type Placed<'a> = (u16, u16, &'a Cell);

/// Puts back what would be too much for one move; returns the rows that are not as they are wanted.
///
/// The cursor is given as it is wanted and as it was: where it was, its mark goes.
pub(crate) fn limit(
    shown: &Buffer,
    wanted: &mut Buffer,
    (cursor, before): (Option<Position>, Option<Position>),
    dialect: Dialect,
) -> Vec<u16> {
    if shown.area != wanted.area {
        return Vec::new();
    }
    let cells: Vec<Placed<'_>> = shown.diff_iter(wanted).collect();
    if cost(&cells, dialect) <= MOST {
        return Vec::new();
    }
    let at = cursor.unwrap_or_default();
    let mut rows: Vec<&[Placed<'_>]> = cells.chunk_by(|one, next| one.1 == next.1).collect();
    let far = |y: u16| {
        let marks = [Some(at), before].into_iter().flatten();
        marks.map(|mark| mark.y.abs_diff(y)).min()
    };
    rows.sort_by_key(|row| row.first().map(|cell| (far(cell.1), cell.1.abs_diff(at.y))));
    let mut left = MOST;
    let mut back: Vec<(u16, Range<u16>)> = Vec::new();
    let whole = wanted.area.left()..wanted.area.right();
    for row in rows {
        let Some((_, y, _)) = row.first() else {
            continue;
        };
        let needed = cost(row, dialect);
        if needed <= left {
            left -= needed;
        } else if left == MOST {
            // Not even the row of the cursor: a part of it, from the cursor on.
            let part = part(row, at.x, shown, wanted, dialect);
            back.push((*y, whole.start..part.start));
            back.push((*y, part.end..whole.end));
            left = 0;
        } else {
            back.push((*y, whole.clone()));
        }
    }
    put_back(shown, wanted, &back);
    let mut rows: Vec<u16> = back.into_iter().map(|(y, _)| y).collect();
    rows.dedup();
    rows
}

fn cost(cells: &[Placed<'_>], dialect: Dialect) -> usize {
    let mut bytes = Vec::with_capacity(MOST);
    encode(cells, dialect, &mut bytes);
    bytes.len()
}

/// Returns the columns of a row, from the cursor on, whose change may be sent.
///
/// It ends between two cells: half of a wide character is none.
fn part(
    row: &[Placed<'_>],
    x: u16,
    shown: &Buffer,
    wanted: &Buffer,
    dialect: Dialect,
) -> Range<u16> {
    let from = row.partition_point(|cell| cell.0 < x);
    let row = row.get(from..).unwrap_or_default();
    let Some((start, y, _)) = row.first() else {
        return x..x;
    };
    let (mut fits, mut too_many) = (0, row.len() + 1);
    while fits + 1 < too_many {
        let half = usize::midpoint(fits, too_many);
        if cost(row.get(..half).unwrap_or_default(), dialect) <= MOST {
            fits = half;
        } else {
            too_many = half;
        }
    }
    let end = row.get(fits).map_or(wanted.area.right(), |cell| cell.0);
    let is_cut = |end: &u16| {
        [shown, wanted].into_iter().any(|buffer| {
            let before = buffer.cell((end.saturating_sub(1), *y));
            before.is_some_and(|cell| columns(cell) > 1)
        })
    };
    let begins_whole = !is_cut(start);
    let end = (*start..=end).rev().find(|end| !is_cut(end));
    *start..end.filter(|_| begins_whole).unwrap_or(*start)
}

fn columns(cell: &Cell) -> u16 {
    width(link::split(cell.symbol()).map_or(cell.symbol(), |(_, text)| text))
}

fn put_back(shown: &Buffer, wanted: &mut Buffer, back: &[(u16, Range<u16>)]) {
    for (y, columns) in back {
        for x in columns.clone() {
            if let (Some(to), Some(from)) = (wanted.cell_mut((x, *y)), shown.cell((x, *y))) {
                to.clone_from(from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;

    fn picture(lines: &[String]) -> Buffer {
        let area = Rect::new(0, 0, 120, crate::ui::text::cols(lines.len()));
        let mut buffer = Buffer::empty(area);
        for (y, line) in (0..).zip(lines) {
            buffer.set_stringn(0, y, line, 120, Style::new().fg(Color::Rgb(1, 2, 3)));
        }
        buffer
    }

    fn bytes(before: &Buffer, after: &Buffer) -> usize {
        let cells: Vec<_> = before.diff_iter(after).collect();
        cost(&cells, Dialect::default())
    }

    fn texts(letter: &str) -> Vec<String> {
        (0..30).map(|_| letter.repeat(80)).collect()
    }

    #[test]
    fn a_small_change_is_left_alone() {
        let shown = picture(&texts("a"));
        let mut wanted = shown.clone();
        wanted.set_string(3, 3, "other", Style::new());
        let before = wanted.clone();
        let owed = limit(&shown, &mut wanted, (None, None), Dialect::default());
        assert!(owed.is_empty() && wanted == before);
    }

    #[test]
    fn of_a_large_one_the_rows_around_the_cursor_come_first_and_the_rest_in_time() {
        let (mut shown, wanted) = (picture(&texts("a")), picture(&texts("b")));
        let cursor = Some(Position::new(5, 20));
        let mut sent = 0;
        for turn in 0.. {
            let mut painted = wanted.clone();
            let owed = limit(&shown, &mut painted, (cursor, None), Dialect::default());
            let cost = bytes(&shown, &painted);
            assert!(cost <= MOST, "{cost}");
            sent += cost;
            if turn == 0 {
                let of = |y| painted.cell((0, y)).unwrap().symbol();
                assert_eq!((of(20), of(19), of(21), of(0)), ("b", "b", "b", "a"));
                assert!(owed.contains(&0) && !owed.contains(&20));
            }
            shown = painted;
            if owed.is_empty() {
                break;
            }
        }
        assert!(shown == wanted, "each move brings more of it");
        assert!(sent < 2 * bytes(&picture(&texts("a")), &wanted));
    }

    #[test]
    fn where_the_cursor_was_its_mark_goes_with_the_first() {
        let (shown, mut wanted) = (picture(&texts("a")), picture(&texts("b")));
        let places = (Some(Position::new(5, 20)), Some(Position::new(5, 4)));
        limit(&shown, &mut wanted, places, Dialect::default());
        let of = |y| wanted.cell((0, y)).unwrap().symbol();
        assert_eq!((of(20), of(4), of(12)), ("b", "b", "a"));
    }

    #[test]
    fn a_row_that_is_too_much_by_itself_comes_from_the_cursor_on() {
        let colours = |seed: u8| {
            let mut buffer = picture(&[String::new()]);
            for x in 0..60_u16 {
                let at = u8::try_from(x).unwrap();
                let style = Style::new().fg(Color::Rgb(at, seed, 200));
                buffer.set_string(2 * x, 0, "漢", style);
            }
            buffer
        };
        let (shown, mut wanted) = (colours(1), colours(2));
        let owed = limit(
            &shown,
            &mut wanted,
            (Some(Position::new(40, 0)), None),
            Dialect::default(),
        );
        assert_eq!(owed, [0]);
        assert!(bytes(&shown, &wanted) <= MOST);
        let is_new = |x: u16| wanted.cell((x, 0)) == colours(2).cell((x, 0));
        assert!(!is_new(38) && is_new(40) && is_new(42) && !is_new(118));
    }

    proptest! {
        /// Whatever is painted: no more than may be, and what is not put back is as it is wanted.
        #[test]
        fn no_more_than_may_be_is_sent_and_nothing_else_than_is_wanted(
            old in prop::collection::vec("[ab漢 ]{0,60}", 12),
            new in prop::collection::vec("[ab漢 ]{0,60}", 12),
            x in 0_u16..130,
            y in 0_u16..14,
        ) {
            let (shown, wanted) = (picture(&old), picture(&new));
            let mut painted = wanted.clone();
            let at = Some(Position::new(x, y));
            let owed = limit(&shown, &mut painted, (at, None), Dialect::default());
            prop_assert!(bytes(&shown, &painted) <= MOST);
            for position in wanted.area.positions() {
                let cell = painted.cell(position);
                if owed.contains(&position.y) {
                    prop_assert!(cell == wanted.cell(position) || cell == shown.cell(position));
                } else {
                    prop_assert!(cell == wanted.cell(position));
                }
            }
        }
    }
}
