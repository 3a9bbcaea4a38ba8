//! Figures that can be read across a room: digits of large blocks.
//!
//! Three by five blocks each (`m` and `w` are wider), our own; a block is as many cells as there is room for.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::text::{Paint, cols};

/// Blocks of a figure down.
const DOWN: u16 = 5;

/// How large a block is, in cells: across and down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Scale {
    across: u16,
    down: u16,
}

impl Scale {
    /// All of them, the largest first; a cell is about twice as high as wide.
    pub(super) const ALL: [Self; 5] = [
        Self::of(8, 4),
        Self::of(6, 3),
        Self::of(4, 2),
        Self::of(2, 1),
        Self::of(1, 1),
    ];

    const fn of(across: u16, down: u16) -> Self {
        Self { across, down }
    }

    /// Returns the rows that figures take.
    pub(super) fn height(self) -> u16 {
        DOWN * self.down
    }

    /// Returns the columns that a text takes.
    pub(super) fn width(self, text: &str) -> u16 {
        let each = text.chars().map(|c| across(c).saturating_add(1));
        let all = each.fold(0, u16::saturating_add);
        all.saturating_mul(self.across).saturating_sub(self.across)
    }
}

/// Returns how many blocks a character is wide.
fn across(c: char) -> u16 {
    let [top, ..] = blocks(c);
    cols(top.len())
}

/// Returns the blocks of a character, row by row; nothing of one that is not known.
fn blocks(c: char) -> [&'static str; 5] {
    match c {
        '0' => ["###", "# #", "# #", "# #", "###"],
        '1' => [" # ", "## ", " # ", " # ", "###"],
        '2' => ["###", "  #", "###", "#  ", "###"],
        '3' => ["###", "  #", " ##", "  #", "###"],
        '4' => ["# #", "# #", "###", "  #", "  #"],
        '5' => ["###", "#  ", "###", "  #", "###"],
        '6' => ["###", "#  ", "###", "# #", "###"],
        '7' => ["###", "  #", "  #", " # ", " # "],
        '8' => ["###", "# #", "###", "# #", "###"],
        '9' => ["###", "# #", "###", "  #", "###"],
        'm' => ["     ", "#### ", "# # #", "# # #", "# # #"],
        'h' => ["#  ", "#  ", "###", "# #", "# #"],
        'd' => ["  #", "  #", "###", "# #", "###"],
        'w' => ["     ", "# # #", "# # #", "# # #", " # # "],
        's' => ["   ", " ##", "## ", " ##", "## "],
        'y' => ["   ", "# #", "###", "  #", "## "],
        '?' => ["###", "  #", " ##", "   ", " # "],
        '-' => ["   ", "   ", "###", "   ", "   "],
        '+' => ["   ", " # ", "###", " # ", "   "],
        _ => ["   "; 5],
    }
}

/// Paints a text of figures.
pub(super) fn paint(
    paint: &mut Paint<'_>,
    (x, y): (u16, u16),
    text: &str,
    scale: Scale,
    style: Style,
) {
    let mark = paint.theme.glyphs().block();
    let mut left = x;
    for c in text.chars() {
        for (row, line) in (0_u16..).zip(blocks(c)) {
            for (column, block) in (0_u16..).zip(line.chars()) {
                if block == '#' {
                    let at = Rect::new(
                        left + column * scale.across,
                        y + row * scale.down,
                        scale.across,
                        scale.down,
                    );
                    paint.line(at, mark, style);
                }
            }
        }
        left = left.saturating_add((across(c) + 1) * scale.across);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_that_is_shown_has_its_own_blocks() {
        let known: Vec<char> = "0123456789mhdwsy?-+".chars().collect();
        for (at, one) in known.iter().enumerate() {
            assert!(blocks(*one).iter().any(|line| line.contains('#')), "{one}");
            for row in blocks(*one) {
                assert_eq!(row.len(), usize::from(across(*one)), "{one}");
            }
            for other in &known[at + 1..] {
                assert_ne!(blocks(*one), blocks(*other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_text_is_as_wide_as_its_figures_with_gaps_between() {
        let scale = Scale::of(2, 1);
        assert_eq!((scale.width("7"), scale.width("12")), (6, 14));
        assert_eq!((scale.width(""), scale.height()), (0, 5));
        assert_eq!((scale.width("5h"), scale.width("5m")), (14, 18));
    }
}
