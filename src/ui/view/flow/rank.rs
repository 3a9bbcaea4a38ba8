//! Lines one below the other: the age of cards against the p85, the parts of a metric, limits.
//!
//! Cards and services are ordered; people never are.

use ratatui::layout::Rect;

use crate::domain::flow::{Point, Unit};
use crate::domain::text::Clean;
use crate::ui::flow::words::words;
use crate::ui::layout::rows;
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;
use crate::ui::view::card::short_name;
use crate::ui::view::flow::chart::{Chart, part_of};

/// Columns for the name of a card, and for a long one where there is much room.
const NAME: u16 = 18;
/// The same where there is much room.
const LONG_NAME: u16 = 36;
/// Columns for a value.
const VALUE: u16 = 16;

/// Where the columns of the ages are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    /// How wide names are.
    name: u16,
    /// Where the bars begin.
    bar: u16,
    /// How wide they may be.
    wide: u16,
    /// The age that is so wide.
    top: f64,
    /// Whether titles stand beside them.
    titled: bool,
}

/// Paints cards in progress, the oldest first, against the line.
pub(super) fn ages(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) {
    let metric = chart.metric;
    let mut points: Vec<&Point> = metric.points.iter().collect();
    points.sort_by(|a, b| b.value.total_cmp(&a.value));
    let Some(oldest) = points.first().map(|point| point.value) else {
        return;
    };
    let top = metric.line.map_or(oldest, |line| oldest.max(line * 1.1));
    let titled = area.width >= 120;
    let listed = area.height.saturating_sub(1);
    let shown = points.iter().take(usize::from(listed));
    let longest = shown.map(|point| width(&chart.called(point)) + 2).max();
    let name = longest
        .filter(|_| titled)
        .unwrap_or(NAME)
        .clamp(NAME, LONG_NAME);
    let room = area.width.saturating_sub(name + VALUE + 2);
    let columns = Columns {
        name,
        bar: area.x + name + 1,
        wide: if titled { room / 2 } else { room },
        top: top.max(1.0),
        titled,
    };
    for (nth, point) in (0..listed).zip(&points) {
        age(paint, chart, point, columns, rows(area, nth, 1));
    }
    let theme = paint.theme;
    let mut told = Vec::new();
    if let Some(line) = metric.line {
        let age = words(line, Unit::Seconds);
        told.push(format!(
            "{} p85 of the cycle time, {age}",
            theme.glyphs().divider()
        ));
    }
    let more = points.len().saturating_sub(usize::from(listed));
    if more > 0 {
        told.push(format!("{more} more; enter lists all"));
    }
    let below = rows(area, listed.min(cols(points.len())), 1);
    let style = theme.style(Role::Dim);
    paint.text(below.x + 1, below.y, below.width, &told.join("   "), style);
}

/// One card: its name, a bar as long as it is old, the line, its age in words.
fn age(paint: &mut Paint<'_>, chart: &Chart<'_>, card: &Point, columns: Columns, row: Rect) {
    let theme = paint.theme;
    let Columns {
        name: named,
        bar: x,
        wide,
        top,
        titled,
    } = columns;
    let name = chart.called(card);
    let name = short_name(&name, named - 1);
    paint.text(row.x + 1, row.y, named - 1, &name, theme.style(Role::Text));
    let role = if card.flagged {
        Role::Failed
    } else {
        Role::Active
    };
    let long = part_of(card.value / top, wide).max(1);
    let bar = Rect::new(x, row.y, long, 1).intersection(row);
    paint.line(bar, theme.glyphs().lying(), theme.style(role));
    if let Some(line) = chart.metric.line {
        let at = x + part_of(line / top, wide).min(wide.saturating_sub(1));
        let mark = theme.glyphs().divider();
        paint.text(at, row.y, 1, mark, theme.style(Role::Title));
    }
    let over = if card.flagged { " ! over" } else { "" };
    let word = format!("{}{over}", words(card.value, Unit::Seconds));
    paint.text(x + wide + 1, row.y, VALUE - 1, &word, theme.style(role));
    if titled {
        let known = card.cards.first().and_then(|id| chart.report.cards.get(id));
        let title = known.map_or("", |known| known.title.as_str());
        let x = x + wide + VALUE + 1;
        let room = row.right().saturating_sub(x);
        paint.text(x, row.y, room, title, theme.style(Role::Dim));
    }
}

/// Paints the parts of a metric in at most half of the room; returns how many rows that took.
pub(super) fn parts(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) -> u16 {
    let metric = chart.metric;
    let theme = paint.theme;
    let unit = metric.key.unit();
    // Where there is no room for both, a value of each says more than points of all.
    let is_tight = area.height < 12 && metric.parts.len() > usize::from(area.height / 2);
    let is_all = metric.points.is_empty() || area.height < 6 || is_tight;
    let most = if is_all { area.height } else { area.height / 2 };
    let count = cols(metric.parts.len());
    let listed = if count <= most {
        count
    } else {
        most.saturating_sub(1)
    };
    let values = metric.parts.iter().filter_map(|part| part.value);
    let top = values.fold(0.0, f64::max);
    let top = if top > 0.0 { top } else { 1.0 };
    let wide = area.width.saturating_sub(NAME + 6 + 2 * VALUE).min(60);
    for (nth, part) in (0..listed).zip(&metric.parts) {
        let row = rows(area, nth, 1);
        let text = theme.style(Role::Text);
        paint.text(row.x + 1, row.y, NAME + 4, part.name.as_str(), text);
        let x = row.x + NAME + 6;
        let value = part
            .value
            .map_or_else(|| "too few".to_owned(), |value| words(value, unit));
        paint.text(x, row.y, VALUE - 4, &value, theme.style(Role::Title));
        let n = format!("n {}", part.n);
        paint.text(x + VALUE - 4, row.y, 8, &n, theme.style(Role::Dim));
        if let Some(value) = part.value {
            let long = part_of(value / top, wide);
            let bar = Rect::new(x + VALUE + 4, row.y, long, 1);
            let mark = theme.glyphs().lying();
            paint.line(bar.intersection(row), mark, theme.style(Role::Active));
        }
    }
    let more = count - listed;
    if more > 0 && most > 0 {
        let row = rows(area, listed, 1);
        let style = theme.style(Role::Dim);
        paint.text(
            row.x + 1,
            row.y,
            row.width,
            &format!("{more} more parts"),
            style,
        );
        return listed + 2;
    }
    listed + 1
}

/// Paints limits of work in progress with how much there is.
pub(super) fn limits(paint: &mut Paint<'_>, chart: &Chart<'_>, area: Rect) {
    for (nth, point) in (0..area.height).zip(&chart.metric.points) {
        let row = rows(area, nth, 1);
        let role = if point.flagged {
            Role::Failed
        } else {
            Role::Text
        };
        let over = if point.flagged { " ! over" } else { "" };
        let text = Clean::line(&format!("{}{over}", point.label));
        let style = paint.theme.style(role);
        paint.text(row.x + 1, row.y, row.width, text.as_str(), style);
    }
}
