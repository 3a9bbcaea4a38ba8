//! Figures that can be read across a room: digits of large blocks.
//!
//! Three by five blocks each, our own; a block is as many cells as there is room for.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::text::{Paint, cols};

/// Blocks of a figure: across and down.
const ACROSS: u16 = 3;
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
        let figures = cols(text.chars().count());
        let each = (ACROSS + 1).saturating_mul(self.across);
        figures.saturating_mul(each).saturating_sub(self.across)
    }
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
        'm' => ["   ", "# #", "###", "# #", "# #"],
        'h' => ["#  ", "#  ", "###", "# #", "# #"],
        'd' => ["  #", "  #", "###", "# #", "###"],
        'w' => ["   ", "# #", "# #", "###", "# #"],
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
        left = left.saturating_add((ACROSS + 1) * scale.across);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_that_is_shown_has_its_own_blocks() {
        let known: Vec<char> = "0123456789mhdwy?-+".chars().collect();
        for (at, one) in known.iter().enumerate() {
            assert!(blocks(*one).iter().any(|line| line.contains('#')), "{one}");
            for row in blocks(*one) {
                assert_eq!(row.chars().count(), usize::from(ACROSS), "{one}");
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
    }
}
