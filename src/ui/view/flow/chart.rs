//! What charts share: which shape a metric has, the frame of a plot, its legend.
//!
//! Everything is marks and words: a chart says the same without colour and in ASCII.

use std::borrow::Cow;

use chrono::NaiveDate;
use ratatui::layout::Rect;

use crate::domain::Timestamp;
use crate::domain::calendar::{self, Zone};
use crate::domain::flow::{Key, Metric, Point};
use crate::domain::names::Names;
use crate::ui::flow::Report;
use crate::ui::layout::rows;
use crate::ui::text::{Paint, width};
use crate::ui::theme::Role;
use crate::ui::view::flow::{bars, rank, scatter};

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart<'a> {
    pub(super) report: &'a Report,
    pub(super) metric: &'a Metric,
    /// The local zone.
    pub(super) zone: Zone,
    /// What repositories are called on the board.
    pub(super) names: &'a Names,
}

impl Chart<'_> {
    /// Returns what a point is called: the card behind it, in few letters.
    pub(super) fn called<'a>(&'a self, point: &'a Point) -> Cow<'a, str> {
        let card = point.cards.first();
        let card = card.and_then(|id| self.report.cards.get(id));
        card.map_or(point.label.as_str().into(), |card| {
            card.short_key(self.names)
        })
    }

    /// Returns the day of a moment in the local zone.
    pub(super) fn day(&self, at: Timestamp) -> NaiveDate {
        calendar::local(self.zone, at).date_naive()
    }

    /// Returns when a day begins in the local zone.
    pub(super) fn begin(&self, day: NaiveDate) -> Timestamp {
        calendar::moment(self.zone, day, chrono::NaiveTime::MIN)
    }

    /// Returns what it means that a point stands out.
    pub(super) fn flag(&self) -> &'static str {
        let key = self.metric.key;
        let delivered = [
            Key::LeadTime,
            Key::LeadTimeBots,
            Key::LeadTimeFromMerge,
            Key::DeploymentFrequency,
        ];
        if delivered.contains(&key) {
            "its deployment failed"
        } else if [Key::Wip, Key::WipAge, Key::WipOld].contains(&key) {
            "older than the p85"
        } else {
            "stands out"
        }
    }
}

/// Columns of the labels at the left of a plot, and of the axis.
const LEFT: u16 = 9;

/// Paints what suits the metric.
pub(super) fn paint(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) {
    let metric = chart.metric;
    let mut area = area;
    if !metric.parts.is_empty() {
        let used = rank::parts(paint, chart, area);
        area = rows(area, used, area.height.saturating_sub(used));
    }
    if metric.points.is_empty() && metric.open.is_empty() {
        return;
    }
    let key = metric.key;
    if key == Key::WipOld {
        rank::ages(paint, chart, area);
    } else if key == Key::WipOverLimit {
        rank::limits(paint, chart, area);
    } else if is_counted(key) || is_yes_or_no(key) {
        bars::paint(paint, chart, area);
    } else {
        scatter::paint(paint, chart, area);
    }
}

/// Returns whether its points are there to be counted.
fn is_counted(key: Key) -> bool {
    let counted = [
        Key::DeploymentFrequency,
        Key::FrequencyProxy,
        Key::Throughput,
        Key::ThroughputBots,
        Key::FailedAttempts,
        Key::Wip,
        Key::ReviewPairs,
        Key::ReviewSpread,
        Key::BusFactor,
    ];
    counted.contains(&key)
}

/// Returns whether each of its points is a yes or a no.
pub(super) fn is_yes_or_no(key: Key) -> bool {
    let told = [
        Key::ChangeFailRate,
        Key::ReworkRate,
        Key::CiSuccessRate,
        Key::FlakeRate,
        Key::StagesByMachine,
    ];
    told.contains(&key)
}

/// Where the cells of a plot are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    /// The cells.
    pub(super) cells: Rect,
    /// The line for the legend, where there is room.
    pub(super) legend: Option<Rect>,
}

/// What stands at the axes of a plot.
pub(super) struct Axes<'a> {
    /// What a share of the height is called, where it has a name.
    pub(super) height: &'a dyn Fn(f64) -> Option<String>,
    /// The first and the last day.
    pub(super) days: (NaiveDate, NaiveDate),
    /// How much of the width lies before a day.
    pub(super) before: &'a dyn Fn(NaiveDate) -> f64,
}

/// Rows between two labels of the height, at least.
const APART: u16 = 5;

/// Columns between the beginnings of two days that are named, at least.
const DAYS_APART: u16 = 16;

/// Draws the axes with what is at their ends, and between them where there is room; nothing where
/// there is none for a plot.
pub(super) fn plot(paint: &mut Paint<'_>, area: Rect, axes: &Axes<'_>) -> Option<Plot> {
    if area.height < 3 || area.width < 24 {
        return None;
    }
    let theme = paint.theme;
    let glyphs = theme.glyphs();
    let has_legend = area.height >= 6;
    let high = area.height - 1 - u16::from(has_legend);
    let cells = Rect::new(
        area.x + LEFT,
        area.y,
        area.width.saturating_sub(LEFT + 1),
        high,
    );
    let border = Rect::new(cells.x - 1, cells.y, 1, high);
    paint.line(border, glyphs.divider(), theme.style(Role::Border));
    heights(paint, axes, cells);
    days(paint, axes, cells);
    let y = cells.bottom();
    let legend = has_legend.then(|| Rect::new(area.x + 1, y + 1, area.width.saturating_sub(2), 1));
    Some(Plot { cells, legend })
}

/// Names as many heights as have room: the ends, the middle, the quarters.
fn heights(paint: &mut Paint<'_>, axes: &Axes<'_>, cells: Rect) {
    let parts = match cells.height / APART {
        ..2 => 1,
        2..4 => 2,
        4.. => 4,
    };
    let style = paint.theme.style(Role::Dim);
    for part in 0..=parts {
        let share = f64::from(part) / f64::from(parts);
        let y = cells.bottom() - 1 - cell_of(share, cells.height);
        if let Some(text) = (axes.height)(share) {
            let x = cells.x.saturating_sub(LEFT);
            paint.right(x, y, LEFT - 2, &text, style);
        }
    }
}

/// Names the first and the last day, and others between them as far as there is room.
fn days(paint: &mut Paint<'_>, axes: &Axes<'_>, cells: Rect) {
    let (first, last) = axes.days;
    let style = paint.theme.style(Role::Dim);
    let y = cells.bottom();
    let (from, to) = (date(first), date(last));
    paint.text(cells.x, y, cells.width, &from, style);
    if cells.width <= width(&from) + width(&to) + 2 {
        return;
    }
    paint.right(cells.x, y, cells.width, &to, style);
    let end = cells.right() - width(&to) - 2;
    let all = (last - first).num_days().max(1);
    let named = i64::from(cells.width / DAYS_APART).max(1);
    // So that the days that are named are equally far from one another.
    let step = usize::try_from((all + named - 1) / named)
        .unwrap_or(1)
        .max(1);
    let mut free = cells.x + width(&from) + 2;
    for day in first
        .iter_days()
        .take_while(|day| *day < last)
        .step_by(step)
        .skip(1)
    {
        let x = cells.x + part_of((axes.before)(day), cells.width);
        let text = date(day);
        if x >= free && x + width(&text) <= end {
            free = paint.text(x, y, width(&text), &text, style) + 2;
        }
    }
}

/// Paints what the marks mean, as far as there is room.
pub(super) fn legend(paint: &mut Paint<'_>, plot: &Plot, words: &[String]) {
    if let Some(row) = plot.legend {
        let style = paint.theme.style(Role::Dim);
        // What stands beside the plot does not stand beside its legend.
        let room = paint.area().right().saturating_sub(row.x + 1);
        paint.text(row.x, row.y, room, &words.join("   "), style);
    }
}

/// Returns a day as an axis has it.
pub(super) fn date(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

/// Returns how many of some cells a share of them is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between nothing and the number of cells"
)]
pub(super) fn part_of(share: f64, cells: u16) -> u16 {
    (share.clamp(0.0, 1.0) * f64::from(cells)).round() as u16
}

/// Returns the cell in which a share of some cells ends, from 0.
pub(super) fn cell_of(share: f64, cells: u16) -> u16 {
    part_of(share, cells.saturating_sub(1))
}
