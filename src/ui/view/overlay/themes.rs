//! The list of themes, at the right edge: what a theme looks like is seen beside it.

use ratatui::layout::Rect;

use crate::ui::layout::Plan;
use crate::ui::overlay::ThemeMenu;
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
    let room = usize::from(inside.height);
    if room == 0 || inside.width < 4 {
        return;
    }
    menu.scroll = menu
        .scroll
        .min(menu.cursor)
        .max((menu.cursor + 1).saturating_sub(room));
    let visible = state.themes.iter().enumerate().skip(menu.scroll);
    for (y, (at, name)) in (inside.top()..inside.bottom()).zip(visible) {
        let style = if at == menu.cursor {
            paint.style(Rect::new(inside.x, y, inside.width, 1), theme.selection());
            paint.cursor_at(inside.x, y);
            theme.selection()
        } else {
            theme.style(Role::Text)
        };
        paint.text(inside.x + 1, y, inside.width - 2, name, style);
    }
}
