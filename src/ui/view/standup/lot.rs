//! The parking lot: what is to be talked about after the stand-up.

use ratatui::layout::Rect;

use crate::domain::standup::moment;
use crate::ui::command::Command;
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::Paint;
use crate::ui::theme::Role;
use crate::ui::view::header::Words;
use crate::ui::view::standup::page::Page;
use crate::ui::view::standup::say;

/// Paints the marks.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let Some(prepared) = &state.standup.prepared else {
        return;
    };
    let parked = state.standup.parked();
    if parked.is_empty() {
        let key = state
            .options
            .keymap
            .label(Command::Park, paint.theme.glyphs());
        let key = key.map_or_else(String::new, |key| format!("; `{key}` puts a card here"));
        say(paint, area, &format!("nothing is parked{key}"));
        return;
    }
    let mut page = Page::new(area);
    let skip = scroll::part(state.standup.lot, usize::from(page.left()), parked.len());
    for (at, mark) in parked.iter().enumerate().skip(skip) {
        let Some((x, y, wide)) = page.row() else {
            return;
        };
        let theme = paint.theme;
        let selected = at == state.standup.lot;
        if selected {
            let whole = Rect::new(x.saturating_sub(1), y, wide + 2, 1);
            paint.style(whole, theme.selection());
            paint.text(whole.x, y, 1, theme.glyphs().cursor(), theme.selection());
            paint.cursor_at(whole.x, y);
        }
        let style = |role| {
            if selected {
                theme.selection()
            } else {
                theme.style(role)
            }
        };
        let mut row = Words::new(x + 1, y, x + wide);
        let when = moment(mark.mark.at, &prepared.calendar, prepared.standup.now);
        row.put(paint, &when, style(Role::Dim));
        let (key, title) = mark.card.as_ref().map_or_else(
            || (mark.mark.item.as_str(), ""),
            |card| (card.key.as_str(), card.title.as_str()),
        );
        row.put(paint, key, style(Role::Key));
        row.put(paint, &mark.mark.note, style(Role::Text));
        row.put(paint, title, style(Role::Dim));
    }
    page.gap(1);
    let key = state
        .options
        .keymap
        .label(Command::TalkedAbout, paint.theme.glyphs());
    if let (Some(key), Some((x, y, wide))) = (key, page.row()) {
        let text = format!("`{key}` takes a note out once it was talked about");
        paint.text(
            x + 1,
            y,
            wide.saturating_sub(1),
            &text,
            paint.theme.style(Role::Dim),
        );
    }
}
