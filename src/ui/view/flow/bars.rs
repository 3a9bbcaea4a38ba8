//! Bars by day: how many there were, and how many of them were meant.

use std::collections::HashMap;

use chrono::NaiveDate;
use ratatui::layout::Rect;

use crate::domain::flow::stats::count;
use crate::domain::flow::{Key, Metric};
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;
use crate::ui::view::flow::chart::{Axes, Chart, Plot, is_yes_or_no, legend, part_of, plot};

/// One bar: some days.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Bar {
    all: f64,
    meant: f64,
}

/// Paints the days of a metric.
pub(super) fn paint(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) {
    let metric = chart.metric;
    let days = days(chart);
    let (Some(first), Some(last)) = (metric.series.first(), metric.series.last()) else {
        return;
    };
    let room = area.width.saturating_sub(10).max(1);
    let each = days.len().div_ceil(usize::from(room)).max(1);
    let is_level = metric.key == Key::Wip;
    let bars: Vec<Bar> = days
        .chunks(each)
        .map(|days| together(days, is_level))
        .collect();
    let top = bars.iter().map(|bar| bar.all).fold(1.0, f64::max);
    let split = is_yes_or_no(metric.key);
    let axes = Axes {
        // Between two whole numbers nothing is counted.
        height: &|share| {
            Some(top * share)
                .filter(|n| n.fract() == 0.0)
                .map(|n| n.to_string())
        },
        days: (first.day, last.day),
        before: &|day| {
            let before = metric.series.iter().take_while(|of| of.day < day).count();
            count(before) / count(metric.series.len().max(1))
        },
    };
    let Some(plot) = plot(paint, area, &axes) else {
        return;
    };
    draw(paint, &plot, &bars, top, split);
    legend(paint, &plot, &told(paint, metric, each, split));
}

/// Returns what each day of the window has.
fn days(chart: &Chart<'_>) -> Vec<Bar> {
    let metric = chart.metric;
    let mut meant: HashMap<NaiveDate, usize> = HashMap::new();
    for point in metric.points.iter().filter(|point| point.value > 0.0) {
        *meant.entry(chart.day(point.at)).or_default() += 1;
    }
    let level = metric.key == Key::Wip;
    let of = |day: &crate::domain::flow::DayValue| {
        let all = count(day.n);
        Bar {
            all: if level { day.value.unwrap_or(all) } else { all },
            meant: count(meant.get(&day.day).copied().unwrap_or_default()).min(all),
        }
    };
    metric.series.iter().map(of).collect()
}

/// Puts days together: events add up, a level is that of the last day.
fn together(days: &[Bar], is_level: bool) -> Bar {
    if is_level {
        return days.last().copied().unwrap_or_default();
    }
    let add = |sum: Bar, day: &Bar| Bar {
        all: sum.all + day.all,
        meant: sum.meant + day.meant,
    };
    days.iter().fold(Bar::default(), add)
}

fn draw(paint: &mut Paint<'_>, plot: &Plot, bars: &[Bar], top: f64, split: bool) {
    let cells = plot.cells;
    // The bars fill the plot, so that each stands above its day.
    let begins = |nth: usize| {
        let share = count(nth) / count(bars.len().max(1));
        cells.x + part_of(share, cells.width)
    };
    // All of them stand apart, or none: gaps here and there would look like days without a bar.
    let is_apart = usize::from(cells.width) >= bars.len() * 3;
    for (nth, bar) in bars.iter().enumerate() {
        let x = begins(nth);
        let each = begins(nth + 1).saturating_sub(x);
        let wide = if is_apart {
            each.saturating_sub(1).max(1)
        } else {
            each
        };
        let place = Rect::new(x, cells.y, wide, cells.height);
        if is_apart {
            number(paint, place, bar, top);
        }
        if split {
            let rest = paint.theme.glyphs().rest();
            let all = part_of(bar.all / top, cells.height);
            let least = u16::from(bar.meant > 0.0);
            let meant = part_of(bar.meant / top, cells.height).max(least);
            let all = all.max(meant).max(u16::from(bar.all > 0.0));
            stack(paint, place, all, rest, Role::Dim);
            let full = paint.theme.glyphs().bars().last().copied();
            stack(paint, place, meant, full.unwrap_or("#"), Role::Accent);
        } else {
            rise(paint, place, bar.all / top);
        }
    }
}

/// Writes above a bar how many it is, where there is room.
fn number(paint: &mut Paint<'_>, place: Rect, bar: &Bar, top: f64) {
    let text = format!("{:.0}", bar.all);
    let high = part_of(bar.all / top, place.height).max(1);
    if bar.all <= 0.0 || place.height <= high || width(&text) + 1 > place.width {
        return;
    }
    let (x, y) = (
        place.x + (place.width - width(&text)) / 2,
        place.bottom() - 1 - high,
    );
    let style = paint.theme.style(Role::Text);
    paint.text(x, y, width(&text), &text, style);
}

fn stack(paint: &mut Paint<'_>, place: Rect, high: u16, mark: &str, role: Role) {
    let style = paint.theme.style(role);
    let high = high.min(place.height);
    let y = place.bottom() - high;
    paint.line(Rect::new(place.x, y, place.width, high), mark, style);
}

/// Draws one bar, its top by as much of a cell as the marks allow.
fn rise(paint: &mut Paint<'_>, place: Rect, share: f64) {
    let style = paint.theme.style(Role::Accent);
    let marks = paint.theme.glyphs().bars();
    let steps = cols(marks.len());
    let high = part_of(share, place.height.saturating_mul(steps));
    let high = high.max(u16::from(share > 0.0));
    let (whole, top) = (high / steps, high % steps);
    let full = marks.last().copied().unwrap_or("#");
    stack(paint, place, whole, full, Role::Accent);
    let top = usize::from(top).checked_sub(1).and_then(|at| marks.get(at));
    if let (Some(mark), true) = (top, whole < place.height) {
        let y = place.bottom() - 1 - whole;
        paint.line(Rect::new(place.x, y, place.width, 1), mark, style);
    }
}

fn told(paint: &Paint<'_>, metric: &Metric, each: usize, split: bool) -> Vec<String> {
    let glyphs = paint.theme.glyphs();
    let full = glyphs.bars().last().copied().unwrap_or("#");
    let days = if each == 1 {
        "a day".to_owned()
    } else {
        format!("{each} days")
    };
    let mut told = vec![format!("how many, a bar is {days}")];
    if split {
        told.push(format!("{full} {}", meant(metric.key)));
        told.push(format!("{} the others", glyphs.rest()));
    }
    told
}

/// Returns what those are that a share counts.
fn meant(key: Key) -> &'static str {
    let words = [
        (Key::ChangeFailRate, "failed in use"),
        (Key::ReworkRate, "not planned"),
        (Key::CiSuccessRate, "passed"),
        (Key::FlakeRate, "passed without a new commit"),
        (Key::StagesByMachine, "without a person"),
    ];
    let found = words.iter().find(|(of, _)| *of == key);
    found.map_or("counted", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_days_add_up_and_a_level_is_the_last() {
        let day = |all: f64| Bar { all, meant: 1.0 };
        let days = [day(3.0), day(4.0)];
        assert_eq!(
            together(&days, false),
            Bar {
                all: 7.0,
                meant: 2.0
            }
        );
        assert_eq!(together(&days, true), day(4.0));
        assert_eq!(together(&[], true), Bar::default());
    }
}
