//! The two lines above: which part is shown and how far it is, the clock, since when.

use chrono::TimeDelta;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::standup::{Unsaid, moment};
use crate::ui::command::Command;
use crate::ui::layout::rows;
use crate::ui::state::{SPANS, StandupPane, StandupState, TOTAL_SECS, UiState};
use crate::ui::text::{Paint, clock, width};
use crate::ui::theme::Role;
use crate::ui::view::header::Words;

/// Paints both, and a rule where there is room; returns what is left.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, area: Rect) -> Rect {
    if area.height < 3 || area.width < 12 {
        return area;
    }
    parts(paint, &state.standup, area);
    times(paint, state, rows(area, 1, 1));
    if is_ruled(area) {
        let style = paint.theme.style(Role::Border);
        let rule = paint.theme.glyphs().rule();
        paint.line(rows(area, 2, 1), rule, style);
    }
    below(area)
}

fn is_ruled(area: Rect) -> bool {
    area.height > 9
}

/// Returns what is left below both.
pub(super) fn below(area: Rect) -> Rect {
    if area.height < 3 || area.width < 12 {
        return area;
    }
    let used = 2 + u16::from(is_ruled(area));
    rows(area, used, area.height.saturating_sub(used))
}

/// The parts of the view, and how far the one that is shown has come.
fn parts(paint: &mut Paint<'_>, standup: &StandupState, area: Rect) {
    let (at, count) = match standup.pane {
        StandupPane::Walk => (standup.at, standup.stops_count()),
        StandupPane::People => (standup.person, standup.turns().len()),
        StandupPane::Lot => (standup.lot, standup.parked().len()),
    };
    let far = match count {
        0 => String::new(),
        count => format!("{} of {count}", at + 1),
    };
    let wide = area.width.saturating_sub(2);
    let accent = paint.theme.style(Role::Accent);
    let right = paint.right(area.x + 1, area.y, wide, &far, accent);
    let mut row = Words::new(area.x + 1, area.y, right.saturating_sub(1));
    row.put(paint, "Stand-up", paint.theme.style(Role::Title));
    let lot = match standup.parked().len() {
        0 => "parking lot".to_owned(),
        count => format!("parking lot {count}"),
    };
    for (pane, word) in [
        (StandupPane::Walk, "walk"),
        (StandupPane::People, "by person"),
        (StandupPane::Lot, lot.as_str()),
    ] {
        if pane == standup.pane {
            row.put(paint, &format!("[{word}]"), accent);
        } else {
            row.put(paint, word, paint.theme.style(Role::Dim));
        }
    }
    let counts: Vec<String> = standup
        .left_out
        .counts()
        .map(|(count, why)| match why {
            Unsaid::Quiet => format!("{count} quiet"),
            Unsaid::Live => format!("{count} live"),
            Unsaid::OfBots => format!("{count} of bots"),
            Unsaid::Findings => format!("{count} of findings"),
        })
        .collect();
    if counts.is_empty() {
        return;
    }
    let mut left_out = counts.join(", ");
    let spoken = format!("{left_out} left out");
    if width(&spoken) <= row.left() {
        left_out = spoken;
    }
    if standup.pane == StandupPane::Walk {
        row.put(paint, &left_out, paint.theme.style(Role::Dim));
    }
}

/// The clock, and since when is looked back.
fn times(paint: &mut Paint<'_>, state: &UiState, row: Rect) {
    let (x, wide) = (row.x + 1, row.width.saturating_sub(2));
    let since = since(state);
    let dim = paint.theme.style(Role::Dim);
    let right = paint.right(x, row.y, wide, &since, dim);
    let room = right.saturating_sub(x + 2);
    let standup = &state.standup;
    if standup.clock.began() {
        running(paint, standup, x, row.y, room);
        return;
    }
    let key = state
        .options
        .keymap
        .label(Command::Clock, paint.theme.glyphs());
    if let Some(key) = key {
        let end = paint.text(x, row.y, room, &key, paint.theme.style(Role::Key));
        let room = right.saturating_sub(end + 2);
        paint.text(end + 1, row.y, room, "starts the clock", dim);
    }
}

fn since(state: &UiState) -> String {
    let standup = &state.standup;
    let span = SPANS.get(standup.span).copied().unwrap_or_default();
    match &standup.prepared {
        Some(it) => {
            let at = moment(it.standup.since, &it.calendar, it.standup.now);
            format!("since {at} ({span})")
        }
        None => format!("since {span}"),
    }
}

fn running(paint: &mut Paint<'_>, standup: &StandupState, x: u16, y: u16, room: u16) {
    if let Some(at) = standup.clock.ticks(paint.now) {
        paint.note(at);
    }
    let limit = standup.limit_secs();
    let (turn, turn_style) = measured(paint, standup.clock.turn(paint.now), limit);
    let (total, total_style) = measured(paint, standup.clock.total(paint.now), TOTAL_SECS);
    let state = if standup.clock.runs() {
        "clock"
    } else {
        "stopped"
    };
    let dim = paint.theme.style(Role::Dim);
    let mut row = Words::new(x, y, x + room);
    let full = width(state) + width(&turn) + width(&total) + 9;
    if full <= room {
        row.put(paint, state, dim);
        row.tight();
    }
    row.put(paint, &turn, turn_style);
    if full <= room {
        row.put(paint, "in all", dim);
        row.tight();
    }
    row.put(paint, &total, total_style);
}

/// Tells a span against its limit: in words and in a style of its own once it is over.
fn measured(paint: &Paint<'_>, span: TimeDelta, limit: i64) -> (String, Style) {
    let over = span - TimeDelta::seconds(limit);
    if over >= TimeDelta::seconds(1) {
        let text = format!("{} OVER by {}", clock(span), clock(over));
        return (text, paint.theme.style(Role::Blocked));
    }
    let limit = clock(TimeDelta::seconds(limit));
    (
        format!("{} of {limit}", clock(span)),
        paint.theme.style(Role::Text),
    )
}
