//! What lies over a view; one file each.
//!
//! Each paints itself; keys are in `input`, what they do in `update`.

use ratatui::layout::Rect;

use crate::ui::text::Paint;
use crate::ui::theme::Role;

pub(super) mod act;
pub(super) mod actions;
pub(super) mod confirm;
pub(super) mod detail;
pub(super) mod filter;
pub(in crate::ui) mod help;
pub(super) mod messages;
pub(super) mod note;
pub(super) mod own;
pub(super) mod palette;
pub(super) mod pin;
pub(super) mod search;
pub(super) mod themes;

/// Tells at the lower edge of the box what is above and below.
pub(super) fn more(
    paint: &mut Paint<'_>,
    area: Rect,
    (from, count, height): (usize, usize, usize),
) {
    let glyphs = paint.theme.glyphs();
    let below = count.saturating_sub(from + height);
    let mut text = String::new();
    for (mark, lines) in [(glyphs.above(), from), (glyphs.below(), below)] {
        if lines > 0 {
            text = format!("{text} {mark}{lines}");
        }
    }
    if !text.is_empty() && area.width > 16 && area.height > 1 {
        let style = paint.theme.style(Role::Dim);
        paint.right(
            area.x,
            area.bottom() - 1,
            area.width - 2,
            &format!("{text} "),
            style,
        );
    }
}
