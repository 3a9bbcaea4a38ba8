//! The cumulative flow diagram: how many cards stand in each stage or past it, by day.
//!
//! A band is the cards that are in one stage; its height is work in progress there, but for the
//! last one, which has what is over as well. What had left before the window begins is cut off
//! below, and the axis says so.

use ratatui::layout::Rect;

use crate::domain::flow::stats::count;
use crate::domain::stage::Stage;
use crate::ui::text::{Paint, width};
use crate::ui::theme::Role;
use crate::ui::view::flow::chart::{Axes, Chart, plot};

/// From this width on the legend says what its numbers are.
const WIDE: u16 = 120;

/// The lines that the legend takes.
const LEGEND: u16 = 2;

/// Paints the diagram.
pub(super) fn paint(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) {
    let told = &chart.report.cumulative;
    let (Some(first), Some(last)) = (told.days.first(), told.days.last()) else {
        return;
    };
    let Some(end) = told.entered.last() else {
        return;
    };
    let numbers = || told.entered.iter().flatten().copied();
    let base = numbers().min().unwrap_or_default();
    let top = numbers().max().unwrap_or_default();
    if top == base {
        let style = paint.theme.style(Role::Text);
        let text = "no card changed its stage in the window";
        paint.text(area.x + 1, area.y, area.width, text, style);
        return;
    }
    let room = Rect {
        height: area.height.saturating_sub(LEGEND),
        ..area
    };
    let last_at = told.days.len().saturating_sub(1).max(1);
    let axes = Axes {
        height: &|share| {
            let level = count(base) + share * count(top - base);
            Some(format!("{level:.0}"))
        },
        days: (*first, *last),
        before: &|day| {
            let before = told.days.iter().take_while(|of| **of < day).count();
            count(before) / count(last_at)
        },
    };
    let Some(plot) = plot(paint, room, &axes) else {
        return legend(paint, end, area);
    };
    let cells = plot.cells;
    let fills = paint.theme.glyphs().layers();
    for x in cells.left()..cells.right() {
        let Some(day) = told
            .entered
            .get(day_of(x - cells.x, cells.width, told.days.len()))
        else {
            continue;
        };
        for y in cells.top()..cells.bottom() {
            let up = f64::from(cells.bottom() - 1 - y) + 0.5;
            let level = count(base) + up / f64::from(cells.height) * count(top - base);
            if let Some((stage, nth)) = band(day, level) {
                let style = paint.theme.style(role(stage));
                let fill = fills.get(nth).copied().unwrap_or("#");
                paint.text(x, y, 1, fill, style);
            }
        }
    }
    let below = Rect::new(
        area.x,
        cells.bottom() + 1,
        area.width,
        area.bottom().saturating_sub(cells.bottom() + 1),
    );
    legend(paint, end, below);
}

/// Returns the stage farthest on that as many cards had entered, and its layer from below.
fn band(day: &[usize; 8], level: f64) -> Option<(Stage, usize)> {
    let mut stages = Stage::ALL.into_iter().rev().enumerate();
    stages.find_map(|(nth, stage)| {
        let entered = day.get(stage.index()).copied().unwrap_or_default();
        (count(entered) >= level).then_some((stage, nth))
    })
}

/// Returns the day that a column shows.
fn day_of(column: u16, columns: u16, days: usize) -> usize {
    let last = columns.saturating_sub(1).max(1);
    (usize::from(column) * days.saturating_sub(1) + usize::from(last) / 2) / usize::from(last)
}

fn role(stage: Stage) -> Role {
    match stage {
        Stage::Plan | Stage::Test | Stage::Monitor => Role::Dim,
        Stage::Code | Stage::Release => Role::Accent,
        Stage::Build | Stage::Deploy => Role::Text,
        Stage::Operate => Role::Calm,
    }
}

/// Says which mark is which stage, and how many cards are in it at the end.
fn legend(paint: &mut Paint<'_>, end: &[usize; 8], area: Rect) {
    let fills = paint.theme.glyphs().layers();
    let (mut x, mut y) = (area.x + 1, area.y);
    // What the numbers are, where there is room for more than the marks.
    let about = "cards now:";
    if area.width >= WIDE {
        let style = paint.theme.style(Role::Dim);
        x = paint.text(x, y, area.width, about, style) + 2;
    }
    let mut before = 0;
    for (stage, fill) in Stage::ALL.into_iter().rev().zip(fills) {
        let entered = end.get(stage.index()).copied().unwrap_or_default();
        let here = entered.saturating_sub(before);
        before = before.max(entered);
        let word = format!("{fill} {} {here}", stage.title());
        if x + width(&word) > area.right() {
            (x, y) = (area.x + 1, y + 1);
        }
        if y >= area.bottom() {
            return;
        }
        let style = paint.theme.style(role(stage));
        x = paint.text(x, y, area.right().saturating_sub(x), &word, style) + 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_the_first_day_and_the_last_one_the_last() {
        for (columns, days) in [(70, 30), (20, 90), (1, 5), (30, 1), (31, 31)] {
            assert_eq!(day_of(0, columns, days), 0, "{columns} {days}");
            let last = day_of(columns - 1, columns, days);
            assert!(columns == 1 || last == days - 1, "{columns} {days}: {last}");
        }
    }

    #[test]
    fn a_level_belongs_to_the_stage_farthest_on() {
        let day = [10, 8, 8, 6, 5, 5, 5, 2];
        let at = |level: f64| band(&day, level).map(|(stage, _)| stage);
        assert_eq!(at(0.5), Some(Stage::Monitor));
        assert_eq!(at(4.5), Some(Stage::Operate));
        assert_eq!(at(7.0), Some(Stage::Build));
        assert_eq!(at(9.0), Some(Stage::Plan));
        assert_eq!(at(10.5), None);
    }
}
