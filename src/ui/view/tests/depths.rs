//! Colours of whole frames on terminals of all, 256, sixteen and no colours.

use super::bytes::shown;
use super::*;
use crate::ui::state::View;

const DEPTHS: [ColorDepth; 4] = [
    ColorDepth::True,
    ColorDepth::Ansi256,
    ColorDepth::Ansi16,
    ColorDepth::Mono,
];

fn fits(color: Color, depth: ColorDepth) -> bool {
    let (is_rgb, is_indexed) = (
        matches!(color, Color::Rgb(..)),
        matches!(color, Color::Indexed(_)),
    );
    match depth {
        _ if color == Color::Reset => true,
        ColorDepth::True => is_rgb,
        ColorDepth::Ansi256 => is_indexed,
        // Logs name the sixteen by their number.
        ColorDepth::Ansi16 => {
            let is_beyond = matches!(color, Color::Indexed(16..));
            !is_rgb && !is_beyond
        }
        ColorDepth::Mono => false,
    }
}

#[test]
fn no_view_has_a_colour_that_the_terminal_has_not() {
    for view in View::ALL {
        let (mut screen, _) = shown(view, (120, 40));
        for depth in DEPTHS {
            for name in ["dark", "light", "high-contrast", "gruvbox-dark"] {
                screen.theme = Theme::builtin(name, depth, Glyphs::Unicode).unwrap();
                screen.draw();
                for (x, y) in places(screen.buffer()) {
                    let cell = &screen.buffer()[(x, y)];
                    let wrong = [cell.fg, cell.bg].into_iter().find(|it| !fits(*it, depth));
                    assert_eq!(wrong, None, "{view:?}, {name}, {depth:?}");
                }
            }
        }
    }
}

/// Returns the runs of equal style in a row: colours, and what else there is.
fn runs(screen: &Screen, y: u16) -> String {
    let mut out = String::new();
    let mut last = None;
    for x in 0..screen.buffer().area.width {
        let cell = &screen.buffer()[(x, y)];
        let style = (cell.fg, cell.bg, cell.modifier);
        if last != Some(style) {
            last = Some(style);
            let _ = write!(out, "\n  {} on {} {:?}: ", cell.fg, cell.bg, cell.modifier);
        }
        out.push_str(cell.symbol());
    }
    out
}

#[test]
fn a_frame_in_every_depth() {
    let mut screen = Screen::new(80, 24, 96);
    let mut picture = String::new();
    for depth in DEPTHS {
        screen.theme = Theme::builtin("dark", depth, Glyphs::Unicode).unwrap();
        screen.draw();
        let _ = writeln!(picture, "{depth:?}");
        for y in [0, 2, 4, 23] {
            let _ = writeln!(picture, " row {y}{}", runs(&screen, y));
        }
    }
    insta::assert_snapshot!("depths_80x24", picture);
}
