//! One card of the walk, large, and the ones that come after it.

use ratatui::layout::Rect;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::standup::Stop;
use crate::domain::text::Clean;
use crate::ui::state::UiState;
use crate::ui::text::Paint;
use crate::ui::theme::Role;
use crate::ui::view::header::Words;
use crate::ui::view::standup::page::Page;
use crate::ui::view::standup::say;

/// Paints the card that has its turn.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let (Some(prepared), Some(stop)) = (&state.standup.prepared, state.standup.stop()) else {
        let text = if state.filter.query.is_empty() {
            "no card is on the board"
        } else {
            "no card passes the filter"
        };
        say(paint, area, text);
        return;
    };
    let mut page = Page::new(area);
    page.gap(12);
    heading(paint, state, stop, &mut page);
    let title = paint.theme.style(Role::Title);
    page.lines(paint, &stop.card.title, 2, title);
    page.gap(11);
    let now = prepared.standup.now;
    facts(paint, state, stop, (&prepared.calendar, now), &mut page);
    page.gap(3);
    next(paint, state, &mut page);
}

/// What a card is called and how it stands; the terminal's cursor is here.
fn heading(paint: &mut Paint<'_>, state: &UiState, stop: &Stop, page: &mut Page) {
    let Some((x, y, wide)) = page.row() else {
        return;
    };
    paint.cursor_at(x, y);
    let status = stop.card.placement.status;
    let style = paint.theme.severity(status.severity());
    let mark = paint.theme.glyphs().severity(status.severity());
    let mut row = Words::new(x, y, x + wide);
    let column = state.title(stop.card.placement.stage).to_uppercase();
    row.put(paint, &column, paint.theme.style(Role::Accent));
    row.put(paint, &format!("{mark} {}", status.label()), style);
    row.put(paint, &stop.card.key, paint.theme.style(Role::Key));
}

fn facts(
    paint: &mut Paint<'_>,
    state: &UiState,
    stop: &Stop,
    (calendar, now): (&Calendar, Timestamp),
    page: &mut Page,
) {
    let card = &stop.card;
    page.pair(paint, "who", &who(stop), 1);
    let column = state.title(card.placement.stage);
    let [stays, does] = stop.lasted(calendar, now);
    let label = card.placement.status.label();
    let unit = match does.starts_with("for ") {
        true if stop.by_clock() => " by the clock",
        true => " of working time",
        false => "",
    };
    let text = format!("in {column} {stays}, {label} {does}{unit}");
    page.pair(paint, "how long", &text, 2);
    page.pair(paint, "since then", &stop.story, 2);
    page.pair(paint, "waits for", &stop.waits_for, 2);
    page.pair(paint, "because", &card.placement.reason, 2);
    for note in &stop.parked {
        page.pair(paint, "to talk", note, 2);
    }
}

fn who(stop: &Stop) -> String {
    if !stop.holders.is_empty() {
        let names: Vec<&str> = stop.holders.iter().map(Clean::as_str).collect();
        return names.join(", ");
    }
    match &stop.card.author {
        Some(author) => format!("nobody; made by {}", author.login),
        None => "nobody".to_owned(),
    }
}

/// The cards that come after, as many as there is room for.
fn next(paint: &mut Paint<'_>, state: &UiState, page: &mut Page) {
    let dim = paint.theme.style(Role::Dim);
    let after = state.standup.stops().skip(state.standup.at + 1);
    for (nth, stop) in after.enumerate() {
        let Some((x, y, wide)) = page.row() else {
            return;
        };
        paint.text(x, y, 10, if nth == 0 { "next" } else { "" }, dim);
        let severity = stop.card.placement.status.severity();
        let mark = paint.theme.glyphs().severity(severity);
        let mut row = Words::new(x + 11, y, x + wide);
        let style = paint.theme.severity(severity);
        let end = row.put(paint, mark, style);
        row.join(end);
        let column = state.title(stop.card.placement.stage);
        row.put(paint, &format!("{column:<8}"), dim);
        row.put(paint, &stop.card.key, paint.theme.style(Role::Text));
        row.put(paint, &stop.card.title, dim);
    }
}
