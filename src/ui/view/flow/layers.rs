//! What lies over a page: the cards behind a number, the definitions.

use ratatui::layout::Rect;

use crate::domain::calendar;
use crate::domain::flow::Key;
use crate::engine::snapshot::Snapshot;
use crate::ui::flow::words::{name, value, words};
use crate::ui::flow::{Behind, Report};
use crate::ui::layout::rows;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;
use crate::ui::view::card::short_name;
use crate::ui::view::flow::chart::date;

/// Returns the first line that is shown of a list below its heading.
pub(super) fn first(at: usize, area: Rect) -> usize {
    let listed = usize::from(area.height.saturating_sub(1)).max(1);
    (at + 1).saturating_sub(listed)
}

/// Paints the cards behind the selected number.
pub(super) fn behind(
    paint: &mut Paint<'_>,
    state: &UiState,
    report: &Report,
    snapshot: &Snapshot,
    area: Rect,
) {
    let Some(metric) = state.flow.metric() else {
        return;
    };
    let lines = report.behind(metric);
    let theme = paint.theme;
    let head = format!(
        "behind {} {}: {} of {}, {} days",
        name(metric),
        value(metric),
        lines.len(),
        report.scope.name(),
        report.span.days()
    );
    paint.text(
        area.x + 1,
        area.y,
        area.width,
        &head,
        theme.style(Role::Title),
    );
    let from = first(state.flow.at, area);
    let shown = lines.iter().enumerate().skip(from);
    for (nth, (at, line)) in (1..area.height).zip(shown) {
        let row = rows(area, nth, 1);
        let selected = at == state.flow.at;
        let at = calendar::local(state.options.zone, line.point.at);
        let cells = cells(report, snapshot, state, line);
        let mut told = vec![(cells.key, KEY, Role::Title)];
        let is_pair = metric.key == Key::ReviewPairs;
        if is_pair {
            told.push((line.point.label.to_string(), 26, Role::Text));
        }
        if let Some(event) = event(metric.key) {
            let when = at.format("%-d %b %H:%M");
            told.push((format!("{event} {when}"), 22, Role::Text));
        } else {
            let unit = metric.key.unit_of_points();
            told.push((words(line.point.value, unit), 10, Role::Text));
            told.push((date(at.date_naive()), 8, Role::Dim));
        }
        if !is_pair {
            told.push((cells.place, 13, Role::Text));
        }
        told.push((cells.title, row.width, Role::Text));
        put(paint, row, selected, &told);
    }
}

/// Returns what happened to an entry at its moment, where entries are counted and the number of
/// each would be 1.
fn event(key: Key) -> Option<&'static str> {
    let words = [
        (Key::Throughput, "live"),
        (Key::ThroughputBots, "live"),
        (Key::DeploymentFrequency, "deployed"),
        (Key::FrequencyProxy, "done"),
        (Key::FailedAttempts, "failed"),
        (Key::Wip, "begun"),
        (Key::ReviewPairs, "reviewed"),
        (Key::ReviewSpread, "reviewed"),
        (Key::BusFactor, "merged"),
    ];
    let mut words = words.into_iter();
    words.find_map(|(of, word)| (of == key).then_some(word))
}

/// Columns of the key of a card, with the gap behind it.
const KEY: u16 = 18;

/// What stands in one line of the list.
struct Cells {
    key: String,
    place: String,
    title: String,
}

fn cells(report: &Report, snapshot: &Snapshot, state: &UiState, line: &Behind<'_>) -> Cells {
    let card = line.card.and_then(|id| report.cards.get(id));
    let item = line.card.and_then(|id| snapshot.find(id));
    let mut place = item
        .map_or("", |item| state.title(item.placement.stage))
        .to_owned();
    if line.open {
        place = String::from("not over");
    } else if line.point.flagged {
        place = String::from("! stands out");
    }
    let label = line.point.label.as_str();
    let key = card.map_or(label.into(), |card| card.short_key(snapshot.names()));
    Cells {
        key: short_name(&key, KEY - 1).into_owned(),
        place,
        title: card.map_or("", |card| card.title.as_str()).to_owned(),
    }
}

fn put(paint: &mut Paint<'_>, row: Rect, selected: bool, cells: &[(String, u16, Role)]) {
    let theme = paint.theme;
    if selected {
        paint.style(row, theme.selection());
        paint.text(row.x, row.y, 1, theme.glyphs().cursor(), theme.selection());
        paint.cursor_at(row.x, row.y);
    }
    let mut x = row.x + 1;
    for (text, columns, role) in cells {
        let room = (*columns).min(row.right().saturating_sub(x));
        let style = if selected {
            theme.selection()
        } else {
            theme.style(*role)
        };
        paint.text(x, row.y, room.saturating_sub(1), text, style);
        x = x.saturating_add(*columns);
    }
}

/// Paints what the metrics of the page mean.
pub(super) fn definitions(paint: &mut Paint<'_>, state: &mut UiState, report: &Report, area: Rect) {
    let wide = area.width.saturating_sub(2);
    let mut told: Vec<(String, Role)> = Vec::new();
    for line in report.lines(state.flow.page) {
        let unit = line.metric.key.unit().as_str();
        told.push((format!("{} ({unit})", name(line.metric)), Role::Title));
        let words = wrap(line.metric.key.definition(), wide.saturating_sub(2), 6);
        told.extend(words.iter().map(|word| (format!("  {word}"), Role::Text)));
    }
    told.push((String::new(), Role::Text));
    for rule in RULES {
        let words = wrap(rule, wide, 6);
        told.extend(words.iter().map(|word| ((*word).to_owned(), Role::Dim)));
    }
    let room = usize::from(area.height);
    state.flow.defined = (told.len() + 1).saturating_sub(room);
    state.flow.at = state.flow.at.min(told.len().saturating_sub(room));
    let shown = told.iter().skip(state.flow.at);
    for (y, (text, role)) in (area.top()..area.bottom()).zip(shown) {
        let style = paint.theme.style(*role);
        paint.text(area.x + 1, y, wide, text, style);
    }
}

/// What holds for all of them.
const RULES: [&str; 4] = [
    "percentiles are by nearest rank; fewer than five samples have none and are shown as points",
    "what machines wrote is measured by itself; what ends before it begins is left out and counted",
    "where there is no value the note says why; it is never 0 for that",
    "esc goes back to the page; help again lists the keys",
];
