//! The messages of this session, newest first.

use chrono::Timelike;

use crate::ui::layout::Plan;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;

/// Paints the list.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    scroll: &mut u16,
    plan: &Plan,
) {
    let theme = paint.theme;
    let inside = paint.boxed(plan.body, "messages");
    let all = &state.messages.all;
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
    for message in all.iter().rev().skip(usize::from(*scroll)) {
        let at = message.at.with_timezone(&state.options.zone);
        let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        let style = theme.style(if message.is_error {
            Role::Failed
        } else {
            Role::Text
        });
        let room = usize::from(inside.bottom().saturating_sub(y));
        for (nth, line) in wrap(&message.text, columns, room).into_iter().enumerate() {
            if nth == 0 {
                paint.text(inside.x + 1, y, TIME, &time, theme.style(Role::Dim));
            }
            paint.text(inside.x + TIME + 2, y, columns, line, style);
            y += 1;
        }
    }
}

/// Columns of the time of a message.
const TIME: u16 = 8;
