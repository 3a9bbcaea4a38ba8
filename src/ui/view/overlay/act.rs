//! The question before an action, on values that were just read; the default is No.

use ratatui::style::Style;

use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::engine::snapshot::Snapshot;
use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::{Act, Confirm, Seen};
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;
use crate::ui::update::question;
use crate::ui::view::overlay::more;

/// Rows that one line of the question may take: what does not fit is scrolled, nothing is cut.
const MOST: usize = 64;

/// Paints the question, and notes what of it was on the screen.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    act: &mut Act,
    plan: &Plan,
) {
    let theme = paint.theme;
    let found = question::asked(snapshot, act);
    let told = question::lines(snapshot, act);
    let title = match act.ids.len() {
        1 => format!("{}?", act.verb.words()),
        count => format!("{} of {count} runs?", act.verb.words()),
    };
    let longest = told
        .iter()
        .map(|line| width(line))
        .max()
        .unwrap_or_default();
    let wide = longest.max(width(&title)).max(36).saturating_add(4);
    let wide = wide.min(plan.body.width);
    let columns = wide.saturating_sub(4);
    let lines: Vec<&str> = told
        .iter()
        .flat_map(|line| wrap(line, columns, MOST))
        .collect();
    let area = middle(plan.body, wide, cols(lines.len()).saturating_add(4));
    let inside = paint.boxed(area, &title);
    // Below the lines stand the answers, with an empty line between where there is room.
    let last = inside.bottom().saturating_sub(1).max(inside.y);
    let room = usize::from(last.saturating_sub(inside.y));
    note(act, found, (columns, lines.len(), room), paint.now);
    let text = theme.style(Role::Text);
    for (y, line) in (inside.y..last).zip(lines.iter().skip(act.seen.from)) {
        paint.text(inside.x + 1, y, columns, line, text);
    }
    more(paint, area, (act.seen.from, lines.len(), room));
    if inside.height == 0 {
        return;
    }
    let name = question::name_to_type(snapshot, act);
    answers(paint, act, (found, name), (inside.x + 1, last, columns));
    if let Some(at) = act.shown_at.filter(|_| !act.listens(paint.now)) {
        paint.note(at + chrono::TimeDelta::milliseconds(Confirm::DEAF_MS));
    }
    paint.cursor_at(inside.x + 1, last);
}

/// Notes which lines are on the screen, and since when; what is still being read is not seen.
fn note(
    act: &mut Act,
    found: question::Asked,
    (columns, all, room): (u16, usize, usize),
    now: Timestamp,
) {
    if found.reading > 0 {
        (act.shown_at, act.seen) = (None, Seen::default());
        return;
    }
    act.seen.lay_out(columns, all, room);
    if room > 0 {
        act.shown_at.get_or_insert(now);
    }
}

/// What may be answered now.
fn answers(
    paint: &mut Paint<'_>,
    act: &Act,
    (found, name): (question::Asked, Option<&Clean>),
    (x, y, columns): (u16, u16, u16),
) {
    let theme = paint.theme;
    let key = theme.style(Role::Key);
    let text = theme.style(Role::Text);
    let words: Vec<(String, Style)> = if found.reading > 0 {
        vec![(
            "reading; esc leaves it".to_owned(),
            theme.style(Role::Active),
        )]
    } else if found.ready == 0 {
        vec![("any key goes back".to_owned(), theme.style(Role::Dim))]
    } else {
        let mut words = Vec::with_capacity(8);
        let mut say = |word: &str, style| words.push((word.to_owned(), style));
        if !act.seen.is_all() {
            say(if name.is_some() { "down" } else { "j" }, key);
            say(&format!(" {}  ", question::more_lines(act)), text);
        } else if act.ids.len() > 1 && act.typed != found.ready.to_string() {
            say(&found.ready.to_string(), key);
            say(", then ", text);
            say("y", key);
            say(" yes  ", text);
        } else if let Some(name) = name {
            if act.typed != name.as_str() {
                say(name, key);
                say(", then ", text);
            }
            say("enter", key);
            say(" yes  ", text);
        } else {
            say("y", key);
            say(" yes  ", text);
        }
        say(if name.is_some() { "esc" } else { "n" }, key);
        say(" no", text);
        if !act.typed.is_empty() {
            say(&format!("  typed: {}", act.typed), text);
        }
        words
    };
    let mut end = x;
    for (word, style) in words {
        let left = (x + columns).saturating_sub(end);
        end = paint.text(end, y, left, &word, style);
    }
}
