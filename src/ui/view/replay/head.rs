//! The lines at the top of the past: which moment, how much changed since, what happened just
//! then, and the line of time.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::text::counted;
use crate::engine::snapshot::Snapshot;
use crate::ui::age::Age;
use crate::ui::command::Command;
use crate::ui::history::reading;
use crate::ui::layout::{Plan, rows};
use crate::ui::replay::Frame;
use crate::ui::slider::Slider;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, width};
use crate::ui::theme::Role;
use crate::ui::view::header::Words;
use crate::ui::view::replay::words;

/// From this width on a moment is told in full.
const WIDE: u16 = 70;
/// Below this width its day alone is told, or its time where that is today.
const NARROW: u16 = 30;

/// Paints the lines at the top.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    plan: &Plan,
) {
    let area = plan.header;
    let theme = paint.theme;
    let bar = theme.style(Role::Surface).patch(theme.style(Role::Text));
    paint.style(area, bar);
    banner(paint, state, rows(area, 0, 1));
    if area.height > 2 {
        happened(paint, state, snapshot, rows(area, 1, 1));
    }
    if area.height > 1 {
        line_of_time(paint, state, area);
    }
    if let Some(strip) = plan.strip {
        counters(paint, state, strip);
    }
}

/// Returns the moment that is looked at, as far as it is known which that is.
fn moment(state: &UiState, now: Timestamp) -> Timestamp {
    let shown = state.replay.shown.as_ref();
    let made = shown.map_or(now, |shown| shown.film.made_at);
    state.replay.at.unwrap_or(made)
}

/// `« the past »  Thu 19 Nov 2026 14:02:05 CET  2d ago  41 cards  12 changed …`
fn banner(paint: &mut Paint<'_>, state: &UiState, row: Rect) {
    let theme = paint.theme;
    let style = theme.banner();
    paint.style(row, style);
    let mut at = Words::new(row.x + 1, row.y, row.right());
    if row.width < NARROW {
        at.x = row.x;
        at.close();
    }
    let title = style.add_modifier(Modifier::BOLD);
    for (text, needed) in telling(paint, state, row.width) {
        if needed || width(&text) <= at.left() {
            at.put(paint, &text, if needed { title } else { style });
        }
    }
}

/// Returns what the banner tells, the most needed first, and what it cannot do without.
fn telling(paint: &mut Paint<'_>, state: &UiState, width: u16) -> Vec<(String, bool)> {
    let wide = width >= WIDE;
    let [open, close] = paint.theme.glyphs().past();
    let at = moment(state, paint.now);
    let word = match (state.replay.at.is_some(), wide) {
        (true, true) => "the past",
        (true, false) => "past",
        (false, _) => "now",
    };
    let mut telling = vec![(format!("{open} {word} {close}"), true)];
    let Some(shown) = &state.replay.shown else {
        return telling;
    };
    if state.replay.at.is_some() {
        let calendar = &shown.film.calendar;
        telling.push((told(calendar, at, (width, paint.now)), true));
        let age = paint.age(at);
        telling.push((ago(age, width), true));
    }
    if !is_whole(shown, at) {
        telling.push(("incomplete".to_owned(), true));
    }
    telling.extend(state.options.banner.iter().map(|text| (text.clone(), true)));
    let counts = shown.counts;
    let filter = state.filter.query.text();
    if !filter.is_empty() {
        telling.push((format!("/{filter}"), false));
    }
    telling.push((counted(counts.cards, "card"), false));
    if counts.red > 0 {
        telling.push((format!("{} red", counts.red), false));
    }
    telling
}

/// Returns how long ago a moment was, in words.
fn ago(age: Age, width: u16) -> String {
    match (age.is_now(), width) {
        (true, _) => "just now".to_owned(),
        (false, NARROW..) => format!("{age} ago"),
        (false, _) => age.to_string(),
    }
}

/// Returns a moment in as many words as fit into so many columns, as it is told now.
fn told(calendar: &Calendar, at: Timestamp, (width, now): (u16, Timestamp)) -> String {
    match width {
        WIDE.. => words::in_full(calendar, at),
        NARROW.. => words::when(calendar, at),
        _ if calendar.day_of(at) == calendar.day_of(now) => {
            calendar.local(at).format("%H:%M").to_string()
        }
        _ => calendar.local(at).format("%-d %b").to_string(),
    }
}

/// Returns whether history tells of everything at a moment.
fn is_whole(shown: &Frame, at: Timestamp) -> bool {
    let since = shown.film.replay.ledger().since;
    since.is_some_and(|since| since <= at)
}

/// What happened just then; before history counts, that it does not.
fn happened(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, row: Rect) {
    let Some(shown) = &state.replay.shown else {
        return;
    };
    let names = snapshot.names();
    let calendar = &shown.film.calendar;
    let theme = paint.theme;
    let mut at = Words::new(row.x + 1, row.y, row.right());
    let since = shown.film.replay.ledger().since;
    let reading = reading(state, snapshot);
    if let Some(reading) = &reading {
        at.put(paint, reading, theme.style(Role::Stale));
    }
    if reading.is_none() && !is_whole(shown, moment(state, paint.now)) {
        let since = since.map(|since| words::in_full(calendar, since));
        let text = match (since, row.width >= WIDE) {
            (Some(since), true) => format!("history counts since {since}: cards are missing"),
            (Some(_), false) => "before history counts".to_owned(),
            (None, _) => "history does not count yet: cards are missing".to_owned(),
        };
        at.put(paint, &text, theme.style(Role::Stale));
    }
    let Some(moment) = state.replay.at else {
        let key = |command| state.options.keymap.label(command, theme.glyphs());
        let keys = [key(Command::Earlier), key(Command::DayEarlier)];
        if let [Some(step), Some(day)] = keys {
            let text = format!("{step} goes back to the last change, {day} a day");
            at.put(paint, &text, theme.style(Role::Dim));
        }
        return;
    };
    // What is shown may be of a moment that was stepped over.
    if shown.past.at != moment {
        return;
    }
    let all = shown.past.happened();
    let seen = all.iter().filter_map(|card| shown.past.seen(*card));
    for seen in seen.take(MOST_TOLD) {
        let key = names.short(&seen.life.key, seen.life.repo.as_ref());
        let text = format!("{key} {}", words::came_to(state, &seen));
        if width(&text) > at.left() {
            break;
        }
        at.put(paint, &text, theme.style(Role::Text));
    }
    if all.len() > MOST_TOLD {
        let more = format!("and {} more", all.len() - MOST_TOLD);
        at.put(paint, &more, theme.style(Role::Dim));
    }
    let counts = shown.counts;
    for (count, word) in [
        (counts.changed, "changed since"),
        (counts.over, "over since"),
        (counts.newer, "new since"),
    ] {
        let text = format!("{count} {word}");
        if count > 0 && width(&text) <= at.left() {
            at.put(paint, &text, theme.style(Role::Dim));
        }
    }
}

/// How many cards are named that changed at one moment.
const MOST_TOLD: usize = 4;

/// Returns the line of time of a history that has some time.
pub(crate) fn slider(state: &UiState, header: Rect) -> Option<Slider> {
    let film = &state.replay.shown.as_ref()?.film;
    let row = rows(header, header.height.saturating_sub(1), 1);
    if header.height < 2 {
        return None;
    }
    Slider::new(row, film.begins()?, film.made_at)
}

/// `23 Aug ─┴───┴───●───┴─ now`
fn line_of_time(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let (Some(slider), Some(shown)) = (slider(state, area), &state.replay.shown) else {
        return;
    };
    let theme = paint.theme;
    let [thumb, day, dots] = theme.glyphs().times();
    let calendar = &shown.film.calendar;
    let (line, quiet) = (slider.line, theme.style(Role::Border));
    paint.line(line, theme.glyphs().rule(), quiet);
    if slider.has_words() {
        let first = calendar.local(slider.from).format("%-d %b").to_string();
        let room = line.x.saturating_sub(area.x + 2);
        paint.text(area.x + 1, line.y, room, &first, theme.style(Role::Dim));
        paint.text(line.right() + 1, line.y, 3, "now", theme.style(Role::Dim));
    }
    for x in slider.marks(calendar) {
        paint.text(x, line.y, 1, day, quiet);
    }
    let at = moment(state, paint.now);
    if at < slider.from {
        paint.text(line.x, line.y, 1, dots, quiet);
    }
    let style = theme.style(Role::Accent);
    paint.text(slider.column(at), line.y, 1, thumb, style);
}

/// The one line of a screen that is too small.
pub(in crate::ui::view) fn one_line(paint: &mut Paint<'_>, state: &UiState) {
    let area = paint.area();
    banner(paint, state, rows(area, 0, 1));
    if area.height > 1 {
        let text = if area.width >= 12 {
            "needs 30 x 6"
        } else {
            "small"
        };
        let style = paint.theme.style(Role::Dim);
        paint.text(area.x, area.y + 1, area.width, text, style);
    }
}

/// Counters of all columns on a screen that shows one of them.
fn counters(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let theme = paint.theme;
    let columns = state.options.columns.len().max(1);
    for (at, column) in state.options.columns.iter().enumerate() {
        let count = state.replay.cards(column.stage).len();
        let name: String = column.title.chars().take(1).collect();
        let style = if at == state.board.focus {
            theme.style(Role::Accent).add_modifier(Modifier::REVERSED)
        } else {
            theme.style(Role::Dim)
        };
        let x = usize::from(area.x) + at * usize::from(area.width) / columns;
        let next = usize::from(area.x) + (at + 1) * usize::from(area.width) / columns;
        let (x, next) = (u16::try_from(x), u16::try_from(next));
        if let (Ok(x), Ok(next)) = (x, next) {
            paint.text(
                x,
                area.y,
                next.saturating_sub(x),
                &format!("{name}{count}"),
                style,
            );
        }
    }
}
