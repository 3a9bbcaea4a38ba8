//! The flow view: pages of metrics, the chart of the selected one, what lies behind it.
//!
//! Shows the report that came last and says what it is of; computes nothing but places.

use std::borrow::Cow;

use ratatui::layout::Rect;

use crate::domain::flow::{Metric, Scope, Window};
use crate::domain::text::counted;
use crate::engine::snapshot::Snapshot;
use crate::ui::flow::words::{name, value, words};
use crate::ui::flow::{Line, Page, Report};
use crate::ui::history::reading;
use crate::ui::layout::rows;
use crate::ui::scroll;
use crate::ui::state::{Layer, UiState};
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;

mod bars;
mod chart;
mod cumulative;
mod layers;
mod rank;
mod scatter;

/// Rows above the list: the pages, and what was measured.
const HEAD: u16 = 2;

/// Paints the view.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, area: Rect) {
    tabs(paint, state.flow.page, rows(area, 0, 1));
    head(paint, state, snapshot, rows(area, 1, 1));
    let below = below(area, HEAD);
    let Some(report) = state.flow.report.clone() else {
        return waits(paint, state, below);
    };
    match state.flow.layer {
        None => page(paint, state, &report, snapshot, below),
        Some(Layer::Behind) => layers::behind(paint, state, &report, snapshot, below),
        Some(Layer::Definitions) => layers::definitions(paint, state, &report, below),
    }
}

/// Returns the line of the list in this row of the screen.
pub(super) fn at(state: &UiState, area: Rect, y: u16) -> Option<usize> {
    let below = below(area, HEAD);
    let row = usize::from(y.checked_sub(below.y)?);
    match state.flow.layer {
        None => {
            let (first, listed) = window(state, below);
            (row < usize::from(listed)).then_some(first + row)
        }
        Some(Layer::Behind) => {
            let row = row.checked_sub(1)?;
            Some(layers::first(state.flow.at, below) + row)
        }
        Some(Layer::Definitions) => None,
    }
}

fn tabs(paint: &mut Paint<'_>, page: Page, row: Rect) {
    let theme = paint.theme;
    let titles = Page::ALL.iter().map(|page| page.title());
    // Brackets tell the page without colour; the space is there for each of them.
    let needed: u16 = titles.map(|title| width(title) + 2).sum();
    if needed > row.width {
        let text = format!(
            "[{}] {} of {}",
            page.title(),
            page.index() + 1,
            Page::ALL.len()
        );
        paint.text(
            row.x + 1,
            row.y,
            row.width,
            &text,
            theme.style(Role::Accent),
        );
        return;
    }
    let mut x = row.x;
    for each in Page::ALL {
        let (text, role) = if each == page {
            (format!("[{}]", each.title()), Role::Accent)
        } else {
            (format!(" {} ", each.title()), Role::Dim)
        };
        x = paint.text(x, row.y, width(&text), &text, theme.style(role));
    }
}

/// Says what the numbers are of.
fn head(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, row: Rect) {
    let flow = &state.flow;
    let mut told: Vec<Cow<'_, str>> = Vec::new();
    if let Some(report) = &flow.report {
        told.push(scope(&report.scope));
        told.push(counted(report.span.days(), "day").into());
        let reading = reading(state, snapshot);
        match &reading {
            Some(reading) if report.window.since.is_none() => told.push(reading.clone().into()),
            _ => told.push(since(&report.window).into()),
        }
        if let Some(reading) = reading.filter(|_| report.window.since.is_some()) {
            told.push(reading.into());
        }
    }
    if flow.measuring || (state.recall.reading && flow.report.is_none()) {
        let name = flow.scope.0.name();
        told.push(format!("measuring {name}, {} days", flow.span.days()).into());
    } else if let Some(trouble) = state.recall.trouble {
        told.push(trouble.into());
    } else if let Some(report) = &flow.report {
        told.push(format!("as of {}", paint.age(report.at)).into());
    }
    let text = told.join(&format!(" {} ", paint.theme.glyphs().dot()));
    let style = paint.theme.style(Role::Text);
    let wide = row.width.saturating_sub(1);
    paint.text(row.x + 1, row.y, wide, &text, style);
}

fn scope(scope: &Scope) -> Cow<'_, str> {
    match scope {
        Scope::All => "all".into(),
        Scope::Service(service) => format!("service {}", service.as_str()).into(),
        Scope::Repo(repo) => format!("repository {}", repo.path()).into(),
    }
}

fn since(window: &Window) -> String {
    match window.since {
        None => "no history yet".to_owned(),
        Some(since) if window.is_cut() && window.dropped => {
            format!("{COUNTS}{}, older dropped by size", since.date_naive())
        }
        Some(since) if window.is_cut() => format!("{COUNTS}{}", since.date_naive()),
        Some(_) => format!("from {}", window.from.date_naive()),
    }
}

fn waits(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let measured = "history is being read and measured";
    let text = state.recall.trouble.unwrap_or(measured);
    let style = paint.theme.style(Role::Text);
    let wide = area.width.saturating_sub(2);
    for (y, line) in (area.top()..area.bottom()).zip(wrap(text, wide, 3)) {
        paint.text(area.x + 1, y, wide, line, style);
    }
}

/// Returns the first metric that is listed and how many are.
fn window(state: &UiState, area: Rect) -> (usize, u16) {
    let count = cols(state.flow.count());
    let most = match (state.flow.page, area.height) {
        (Page::Calms, high @ ..16) => high.saturating_sub(4).max(3),
        // As many as leave room for what the selected one looks like.
        (Page::Calms, high @ 16..) => high / 2,
        (_, ..16) => (area.height / 3).max(2),
        (_, 16..) => area.height * 2 / 5,
    };
    let listed = count.min(most);
    let first = scroll::part(state.flow.cursor(), usize::from(listed), state.flow.count());
    (first, listed)
}

fn below(area: Rect, listed: u16) -> Rect {
    rows(area, listed, area.height.saturating_sub(listed))
}

/// Returns the part that shows the selected metric: what it means, its chart.
pub(super) fn large(state: &UiState, area: Rect) -> Option<Rect> {
    let area = below(area, HEAD);
    let (_, listed) = window(state, area);
    (state.flow.layer.is_none() && listed > 0).then(|| below(area, listed))
}

fn page(paint: &mut Paint<'_>, state: &UiState, report: &Report, snapshot: &Snapshot, area: Rect) {
    let lines = report.lines(state.flow.page);
    let (first, listed) = window(state, area);
    let cursor = state.flow.cursor();
    let shown = lines.iter().enumerate().skip(first);
    for (nth, (at, line)) in (0..listed).zip(shown) {
        row(
            paint,
            line,
            state.flow.page,
            rows(area, nth, 1),
            at == cursor,
        );
    }
    more(paint, (first, lines.len()), rows(area, 0, listed));
    let Some(line) = lines.get(cursor) else {
        return;
    };
    let below = below(area, listed);
    let rest = about(paint, line, below);
    let room = rows(rest, 1, rest.height.saturating_sub(1));
    let chart = chart::Chart {
        report,
        metric: line.metric,
        zone: state.options.zone,
        names: snapshot.names(),
    };
    match state.flow.page {
        Page::Cumulative => cumulative::paint(paint, &chart, room),
        Page::Ageing => rank::ages(paint, &chart, room),
        Page::Dora
        | Page::Cycle
        | Page::Throughput
        | Page::Efficiency
        | Page::Reviews
        | Page::Ci
        | Page::Calms => chart::paint(paint, &chart, room),
    }
}

/// Marks that there are more lines above or below those that are listed.
fn more(paint: &mut Paint<'_>, (first, count): (usize, usize), area: Rect) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let glyphs = paint.theme.glyphs();
    let style = paint.theme.style(Role::Dim);
    let x = area.right() - 1;
    if first > 0 {
        paint.text(x, area.y, 1, glyphs.above(), style);
    }
    if first + usize::from(area.height) < count {
        paint.text(x, area.bottom() - 1, 1, glyphs.below(), style);
    }
}

/// One metric in one line.
fn row(paint: &mut Paint<'_>, line: &Line<'_>, page: Page, row: Rect, selected: bool) {
    let theme = paint.theme;
    if selected {
        paint.style(row, theme.selection());
        paint.text(row.x, row.y, 1, theme.glyphs().cursor(), theme.selection());
        paint.cursor_at(row.x, row.y);
    }
    let metric = line.metric;
    let unit = metric.key.unit();
    let p85 = metric.spread.map(|spread| words(spread.p85, unit));
    let p85 = p85.map_or_else(String::new, |p85| format!("p85 {p85}"));
    let is_calms = page == Page::Calms;
    let wide = row.width >= 76;
    let cells = [
        (
            line.reading.unwrap_or_default().to_owned(),
            if is_calms && wide { 15 } else { 0 },
            Role::Title,
        ),
        (name(metric), if wide { 27 } else { 22 }, Role::Text),
        (value(metric), 11, Role::Title),
        (p85, if wide && !is_calms { 13 } else { 0 }, Role::Text),
        (samples(metric), 7, Role::Dim),
        (note(metric), row.width.saturating_sub(1), Role::Dim),
    ];
    let mut x = row.x + 1;
    for (text, columns, role) in cells {
        let room = columns.min(row.right().saturating_sub(x));
        let style = if selected {
            theme.selection()
        } else {
            theme.style(role)
        };
        paint.text(x, row.y, room.saturating_sub(1), &text, style);
        x = x.saturating_add(columns);
    }
}

/// Returns what must be known to read a metric, without what holds for all of them and stands above.
fn note(metric: &Metric) -> String {
    let notes = metric.note.as_deref().unwrap_or_default().split("; ");
    let own: Vec<&str> = notes.filter(|note| !note.starts_with(COUNTS)).collect();
    own.join("; ")
}

/// How what is said of the beginning of a window begins.
const COUNTS: &str = "counts since ";

/// Returns how many samples a value has; one that is read off what is now may have none.
fn samples(metric: &Metric) -> String {
    let is_now = note(metric).ends_with("as it is now");
    match metric.n() {
        0 if is_now => String::new(),
        n => format!("n {n}"),
    }
}

/// Says what the selected metric means and what must be known to read it; returns what is left.
fn about(paint: &mut Paint<'_>, line: &Line<'_>, area: Rect) -> Rect {
    let theme = paint.theme;
    let wide = area.width.saturating_sub(2);
    let metric = line.metric;
    let head = format!("{}: {}", name(metric), metric.key.definition());
    let mut y = area.y.saturating_add(1);
    let note = note(metric);
    // Where there is little room, some of it is the chart's.
    let (defined, noted) = if area.height < 12 { (1, 1) } else { (2, 3) };
    let told = [
        (head.as_str(), Role::Dim, defined),
        (note.as_str(), Role::Text, noted),
    ];
    for (text, role, most) in told {
        for line in wrap(text, wide, most) {
            if y < area.bottom() {
                paint.text(area.x + 1, y, wide, line, theme.style(role));
                y += 1;
            }
        }
    }
    Rect::new(area.x, y, area.width, area.bottom().saturating_sub(y))
}

#[cfg(test)]
mod tests;
