//! The messages of this session, newest first; before them what keeps a source from telling all.

use chrono::Timelike;
use ratatui::style::Style;

use crate::engine::snapshot::Snapshot;
use crate::ui::layout::Plan;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;
use crate::ui::view::wellness::{severity, word};

/// Paints the list.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    scroll: &mut u16,
    plan: &Plan,
) {
    let theme = paint.theme;
    let inside = paint.boxed(plan.body, "messages");
    let all = told(paint, state, snapshot);
    let most = all.len().saturating_sub(1);
    *scroll = (*scroll).min(u16::try_from(most).unwrap_or(u16::MAX));
    if all.is_empty() {
        let columns = inside.width.saturating_sub(2);
        paint.text(
            inside.x + 1,
            inside.y,
            columns,
            "no message yet",
            theme.style(Role::Dim),
        );
    }
    let columns = inside.width.saturating_sub(TIME + 3);
    let mut y = inside.top();
    for (time, text, style) in all.iter().skip(usize::from(*scroll)) {
        let room = usize::from(inside.bottom().saturating_sub(y));
        if room == 0 {
            break;
        }
        for (nth, line) in wrap(text, columns, room).into_iter().enumerate() {
            if nth == 0 {
                paint.text(inside.x + 1, y, TIME, time, theme.style(Role::Dim));
            }
            paint.text(inside.x + TIME + 2, y, columns, line, *style);
            y += 1;
        }
    }
}

/// Returns all that there is to tell: when, what, and how it looks.
fn told(paint: &Paint<'_>, state: &UiState, snapshot: &Snapshot) -> Vec<(String, String, Style)> {
    let ill = snapshot.sources.iter();
    let ill = ill.filter(|source| !source.health.is_well() || source.ahead.is_some());
    let now = ill.map(|source| {
        let why = source.message.as_ref();
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        let text = format!("source {} {}{why}", source.name, word(state, source));
        let style = paint.theme.severity(severity(source.health));
        ("now".to_owned(), text, style)
    });
    let since = state.messages.all.iter().rev().map(|message| {
        let at = message.at.with_timezone(&state.options.zone);
        let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        let role = if message.is_error {
            Role::Failed
        } else {
            Role::Text
        };
        (time, message.text.clone(), paint.theme.style(role))
    });
    now.chain(since).collect()
}

/// Columns of the time of a message.
const TIME: u16 = 8;
