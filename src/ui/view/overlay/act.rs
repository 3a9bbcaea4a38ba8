//! The question before an action, on values that were just read; the default is No.

use crate::engine::snapshot::Snapshot;
use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::{Act, Confirm};
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;
use crate::ui::update::action;

/// Paints the question.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    act: &Act,
    plan: &Plan,
) {
    let theme = paint.theme;
    let found = action::asked(snapshot, act);
    let told = action::question(snapshot, act);
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
        .flat_map(|line| wrap(line, columns, 3))
        .collect();
    let area = middle(plan.body, wide, cols(lines.len()).saturating_add(4));
    let inside = paint.boxed(area, &title);
    let text = theme.style(Role::Text);
    let last = inside.bottom().saturating_sub(1).max(inside.y);
    let room = usize::from(last.saturating_sub(inside.y));
    for (y, line) in (inside.y..last).zip(&lines) {
        paint.text(inside.x + 1, y, columns, line, text);
    }
    if lines.len() > room && room > 0 {
        let text = format!("and {} more lines", lines.len() - room + 1);
        let padded = format!("{text:<wide$}", wide = usize::from(columns));
        paint.text(
            inside.x + 1,
            last - 1,
            columns,
            &padded,
            theme.style(Role::Dim),
        );
    }
    if inside.height == 0 {
        return;
    }
    answers(paint, act, found, (inside.x + 1, last, columns));
    if let Some(at) = act.shown_at.filter(|_| !act.listens(paint.now)) {
        paint.note(at + chrono::TimeDelta::milliseconds(Confirm::DEAF_MS));
    }
    paint.cursor_at(inside.x + 1, last);
}

/// What may be answered now.
fn answers(
    paint: &mut Paint<'_>,
    act: &Act,
    found: action::Asked,
    (x, y, columns): (u16, u16, u16),
) {
    let theme = paint.theme;
    let key = theme.style(Role::Key);
    let text = theme.style(Role::Text);
    if found.reading > 0 {
        let style = theme.style(Role::Active);
        paint.text(x, y, columns, "reading; esc leaves it", style);
        return;
    }
    if found.ready == 0 {
        paint.text(x, y, columns, "any key goes back", theme.style(Role::Dim));
        return;
    }
    let mut end = x;
    if act.ids.len() > 1 {
        let ask = format!("type {} [{}]  ", found.ready, act.typed);
        end = paint.text(end, y, columns, &ask, text);
    }
    for (word, style) in [("y", key), (" yes  ", text), ("n", key), (" no", text)] {
        let left = (x + columns).saturating_sub(end);
        end = paint.text(end, y, left, word, style);
    }
}
