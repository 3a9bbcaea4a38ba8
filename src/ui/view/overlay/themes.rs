//! The list of themes, at the right edge: what a theme looks like is seen beside it.

use ratatui::layout::Rect;

use crate::ui::layout::Plan;
use crate::ui::overlay::ThemeMenu;
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols};
use crate::ui::theme::Role;

/// Columns of the list.
const WIDE: u16 = 24;

/// Paints the list.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    menu: &mut ThemeMenu,
    plan: &Plan,
) {
    let theme = paint.theme;
    let body = plan.body;
    let width = WIDE.min(body.width);
    let height = cols(state.themes.len()).saturating_add(2).min(body.height);
    let area = Rect::new(body.right() - width, body.y, width, height);
    let inside = paint.boxed(area, "themes");
    let is_cut = state.themes.len() > usize::from(inside.height);
    // The last line says what is above and below, where not all of them have room.
    let told = u16::from(is_cut && inside.height > 1);
    let room = usize::from(inside.height - told);
    if room == 0 || inside.width < 4 {
        return;
    }
    menu.scroll = scroll::turned(menu.scroll, menu.cursor, room, state.themes.len());
    let visible = state.themes.iter().enumerate().skip(menu.scroll);
    for (y, (at, name)) in (inside.top()..inside.bottom() - told).zip(visible) {
        let style = if at == menu.cursor {
            paint.style(Rect::new(inside.x, y, inside.width, 1), theme.selection());
            paint.cursor_at(inside.x, y);
            theme.selection()
        } else {
            theme.style(Role::Text)
        };
        paint.text(inside.x + 1, y, inside.width - 2, name, style);
    }
    if told > 0 {
        let below = state.themes.len().saturating_sub(menu.scroll + room);
        let glyphs = theme.glyphs();
        let mut text = Vec::new();
        if menu.scroll > 0 {
            text.push(format!("{}{}", glyphs.above(), menu.scroll));
        }
        if below > 0 {
            text.push(format!("{}{below}", glyphs.below()));
        }
        let y = inside.bottom() - 1;
        let style = theme.style(Role::Dim);
        paint.text(inside.x + 1, y, inside.width - 2, &text.join(" "), style);
    }
}
