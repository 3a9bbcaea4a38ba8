//! What charts share: which shape a metric has, the frame of a plot, its legend.
//!
//! Everything is marks and words: a chart says the same without colour and in ASCII.

use chrono::{FixedOffset, NaiveDate};
use ratatui::layout::Rect;

use crate::domain::Timestamp;
use crate::domain::flow::{Key, Metric};
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
    pub(super) offset: FixedOffset,
}

impl Chart<'_> {
    /// Returns the day of a moment in the local zone.
    pub(super) fn day(&self, at: Timestamp) -> NaiveDate {
        at.with_timezone(&self.offset).date_naive()
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

/// Draws the axes with what is at their ends; nothing where there is no room for a plot.
pub(super) fn plot(
    paint: &mut Paint<'_>,
    area: Rect,
    (top, bottom): (&str, &str),
    days: (NaiveDate, NaiveDate),
) -> Option<Plot> {
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
    let dim = theme.style(Role::Dim);
    paint.right(area.x, cells.y, LEFT - 2, top, dim);
    paint.right(area.x, cells.bottom() - 1, LEFT - 2, bottom, dim);
    let axis = Rect::new(cells.x - 1, cells.y, 1, high);
    paint.line(axis, glyphs.divider(), theme.style(Role::Border));
    let y = cells.bottom();
    let (from, to) = (date(days.0), date(days.1));
    paint.text(cells.x, y, cells.width, &from, dim);
    if cells.width > width(&from) + width(&to) + 2 {
        paint.right(cells.x, y, cells.width, &to, dim);
    }
    let legend = has_legend.then(|| Rect::new(area.x + 1, y + 1, area.width.saturating_sub(2), 1));
    Some(Plot { cells, legend })
}

/// Paints what the marks mean, as far as there is room.
pub(super) fn legend(paint: &mut Paint<'_>, plot: &Plot, words: &[String]) {
    if let Some(row) = plot.legend {
        let style = paint.theme.style(Role::Dim);
        paint.text(row.x, row.y, row.width, &words.join("   "), style);
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
