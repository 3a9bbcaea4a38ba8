//! Every view in four sizes, three depths of colour, in ASCII and in UTF-8.
//!
//! The text of the ASCII frames stands in the snapshot, as other tests have pictures in UTF-8; of
//! every frame there is a fingerprint of its cells with their styles, so that none changes unseen.

use xxhash_rust::xxh3::Xxh3;

use super::bytes::shown;
use super::*;
use crate::ui::state::View;
use crate::ui::wall::WallState;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

const DEPTHS: [ColorDepth; 3] = [ColorDepth::True, ColorDepth::Ansi256, ColorDepth::Ansi16];

/// Returns a number that says all of a frame: characters, colours, and what else there is.
fn fingerprint(buffer: &Buffer) -> u64 {
    let mut hash = Xxh3::new();
    for (x, y) in places(buffer) {
        let cell = &buffer[(x, y)];
        hash.update(cell.symbol().as_bytes());
        let style = format!("{} {} {:?};", cell.fg, cell.bg, cell.modifier);
        hash.update(style.as_bytes());
    }
    hash.digest()
}

/// Returns a view in every way in which it may be drawn.
fn all(mut open: impl FnMut((u16, u16)) -> Screen) -> String {
    let mut told = String::new();
    for size in SIZES {
        let mut screen = open(size);
        let _ = writeln!(told, "{}x{}", size.0, size.1);
        let mut seen = std::collections::HashSet::new();
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            for depth in DEPTHS {
                screen.theme = Theme::builtin("dark", depth, glyphs).unwrap();
                screen.draw();
                let print = fingerprint(screen.buffer());
                assert!(
                    seen.insert(print),
                    "{size:?} {glyphs:?} {depth:?} looks like another"
                );
                let _ = writeln!(told, " {glyphs:?} {depth:?} {print:016x}");
            }
        }
        told.push_str(&screen.text());
        told.push('\n');
    }
    told
}

#[test]
fn every_view_in_every_size_depth_and_set_of_characters() {
    for view in View::ALL {
        let name = format!("matrix_{view:?}").to_lowercase();
        insta::assert_snapshot!(name, all(|size| shown(view, size).0));
    }
    let wall = |(width, height)| {
        let mut screen = Screen::new(width, height, 160);
        screen.state.wall = Some(WallState::new(screen.now, true));
        screen.arrive();
        screen
    };
    insta::assert_snapshot!("matrix_wall", all(wall));
}
