//! Points over time, with the lines of p50, p85 and p95.
//!
//! A cell with several points shows how many. Outliers beyond the p95 are kept at the top, marked
//! as above, so that one of them does not press all others to the ground.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::domain::Timestamp;
use crate::domain::flow::stats::{MIN_SAMPLES, float};
use crate::domain::flow::{Metric, Point, Unit};
use crate::ui::flow::words::words;
use crate::ui::text::{Paint, width};
use crate::ui::theme::Role;
use crate::ui::view::flow::chart::{Axes, Chart, cell_of, legend, plot};

/// Columns for what stands beside the lines.
const LABELS: u16 = 25;

/// How far above the p95 the plot goes.
const ABOVE: f64 = 1.5;

/// What is in one cell.
#[derive(Clone, Copy, Default, Debug)]
struct Cell {
    count: usize,
    flagged: bool,
    open: bool,
    above: bool,
}

/// Paints the points of a metric.
pub(super) fn paint(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) {
    let metric = chart.metric;
    let unit = metric.key.unit_of_points();
    let top = top(metric);
    let days = (chart.day(metric.window.from), chart.day(metric.window.to));
    let beside = metric.spread.is_some() && area.width >= 60;
    let room = Rect {
        width: area.width - if beside { LABELS } else { 0 },
        ..area
    };
    let axes = Axes {
        height: &|share| Some(words(top * share, unit)).filter(|_| is_told(top * share, unit)),
        days,
        before: &|day| passed(metric, chart.begin(day)),
    };
    let Some(plot) = plot(paint, room, &axes) else {
        return;
    };
    let cells = plot.cells;
    lines(paint, metric, top, cells);
    let mut grid: BTreeMap<(u16, u16), Cell> = BTreeMap::new();
    let done = metric.points.iter().map(|point| (point, false));
    let open = metric.open.iter().map(|point| (point, true));
    for (point, open) in done.chain(open) {
        let cell = grid.entry(place(metric, point, top, cells)).or_default();
        cell.count += 1;
        cell.flagged |= point.flagged;
        cell.open |= open;
        cell.above |= point.value > top;
    }
    for ((x, y), cell) in &grid {
        let role = if cell.flagged {
            Role::Failed
        } else {
            Role::Accent
        };
        let style = paint.theme.style(role);
        paint.text(*x, *y, 1, &mark(paint, *cell), style);
    }
    let told = told(paint, chart, &grid.values(), top);
    legend(paint, &plot, &told);
}

/// Whether a height of the plot is a value: a part of a card or of a line is none.
fn is_told(value: f64, unit: Unit) -> bool {
    match unit {
        Unit::Seconds | Unit::Share | Unit::PerDay | Unit::PerWeek => true,
        Unit::Cards | Unit::Lines | Unit::Count => value.fract() == 0.0,
    }
}

/// Returns where the plot ends.
fn top(metric: &Metric) -> f64 {
    let points = metric.points.iter().chain(&metric.open);
    let most = points.map(|point| point.value).fold(0.0, f64::max);
    let most = if metric.key.unit_of_points() == Unit::Share {
        most.max(1.0)
    } else {
        most
    };
    let most = metric.spread.map_or(most, |spread| {
        // Where all lines are at the ground, the points decide.
        let cut = spread.p95 * ABOVE;
        if cut > 0.0 { most.min(cut) } else { most }
    });
    if most > 0.0 { most } else { 1.0 }
}

fn place(metric: &Metric, point: &Point, top: f64, cells: Rect) -> (u16, u16) {
    let x = cells.x + cell_of(passed(metric, point.at), cells.width);
    (x, row(point.value, top, cells))
}

/// Returns how much of the window had passed.
fn passed(metric: &Metric, at: Timestamp) -> f64 {
    let all = metric.window.seconds().max(1);
    float((at - metric.window.from).num_seconds()) / float(all)
}

fn row(value: f64, top: f64, cells: Rect) -> u16 {
    let up = cell_of(value / top, cells.height);
    cells.bottom().saturating_sub(1).saturating_sub(up)
}

/// Draws the lines of the percentiles, each with its name and value.
fn lines(paint: &mut Paint<'_>, metric: &Metric, top: f64, cells: Rect) {
    let Some(spread) = metric.spread else {
        return;
    };
    let unit = metric.key.unit_of_points();
    let mut labels: BTreeMap<u16, String> = BTreeMap::new();
    for (name, value) in [
        ("p50", spread.p50),
        ("p85", spread.p85),
        ("p95", spread.p95),
    ] {
        let label = labels.entry(row(value, top, cells)).or_default();
        let gap = if label.is_empty() { "" } else { " " };
        *label = format!("{label}{gap}{name} {}", words(value, unit));
    }
    let theme = paint.theme;
    for (y, label) in &labels {
        let line = Rect::new(cells.x, *y, cells.width, 1);
        paint.line(line, theme.glyphs().rule(), theme.style(Role::Border));
        let right = paint.area().right();
        let room = right.saturating_sub(cells.right() + 1);
        if room >= width("p85 1d 10h") {
            paint.text(cells.right() + 1, *y, room, label, theme.style(Role::Text));
        } else {
            // There is no room beside the plot: the name stands on its line.
            paint.right(cells.x, *y, cells.width, label, theme.style(Role::Text));
        }
    }
}

fn mark(paint: &Paint<'_>, cell: Cell) -> String {
    let glyphs = paint.theme.glyphs();
    let [one, open] = glyphs.points();
    match cell {
        Cell { flagged: true, .. } => "!".to_owned(),
        Cell { above: true, .. } => glyphs.above().to_owned(),
        Cell { count: 2..=9, .. } => cell.count.to_string(),
        Cell { count: 10.., .. } => "+".to_owned(),
        Cell { open: true, .. } => open.to_owned(),
        Cell { .. } => one.to_owned(),
    }
}

/// Says what the marks mean that there are.
fn told<'a>(
    paint: &Paint<'_>,
    chart: &Chart<'_>,
    cells: &(impl Iterator<Item = &'a Cell> + Clone),
    top: f64,
) -> Vec<String> {
    let glyphs = paint.theme.glyphs();
    let [one, open] = glyphs.points();
    let metric = chart.metric;
    let mut told = vec![format!("{one} one")];
    let has = |is: fn(&Cell) -> bool| cells.clone().any(is);
    if has(|cell| (2..10).contains(&cell.count)) {
        told.push("2-9 so many in one place".to_owned());
    }
    if has(|cell| cell.count >= 10) {
        told.push("+ ten or more".to_owned());
    }
    if has(|cell| cell.flagged) {
        told.push(format!("! {}", chart.flag()));
    }
    if has(|cell| cell.open) {
        told.push(format!("{open} not over yet"));
    }
    if has(|cell| cell.above) {
        let above = metric.points.iter().filter(|point| point.value > top);
        let unit = metric.key.unit_of_points();
        told.push(format!(
            "{} {} above {}",
            glyphs.above(),
            above.count(),
            words(top, unit)
        ));
    }
    if metric.n() < MIN_SAMPLES {
        told.push("fewer than five: points, no percentiles".to_owned());
    }
    told
}
