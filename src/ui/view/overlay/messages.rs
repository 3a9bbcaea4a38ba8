//! The messages of this session, newest first.

use chrono::Timelike;

use crate::ui::layout::Plan;
use crate::ui::state::UiState;
use crate::ui::text::Paint;
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
    let most = all.len().saturating_sub(usize::from(inside.height));
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
    let newest_first = all.iter().rev().skip(usize::from(*scroll));
    for (y, message) in (inside.top()..inside.bottom()).zip(newest_first) {
        let at = message.at.with_timezone(&state.options.offset);
        let time = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        let end = paint.text(inside.x + 1, y, 8, &time, theme.style(Role::Dim));
        let style = theme.style(if message.is_error {
            Role::Failed
        } else {
            Role::Text
        });
        let left = inside.right().saturating_sub(end + 1);
        paint.text(end + 1, y, left, &message.text, style);
    }
}
