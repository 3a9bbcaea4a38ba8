//! No colour stands alone: without any, every status is there as a word; and nothing blinks.

use std::sync::Arc;

use ratatui::style::Modifier;

use crate::domain::status::{Severity, Status};
use crate::engine::snapshot::Row;
use crate::ui::testing::Screen;
use crate::ui::theme::{BUILTIN, ColorDepth, Glyphs, Theme};
use crate::ui::wall::WallState;

/// A board on which every card of the second column has this status, without colours.
fn board(status: Status, (width, height): (u16, u16)) -> Screen {
    let mut screen = Screen::new(width, height, 48);
    let column = &mut screen.snapshot.columns[1];
    let mut rows: Vec<Row> = column.rows.to_vec();
    for row in &mut rows {
        if let Row::Item(item) = row {
            Arc::make_mut(item).placement.status = status;
        }
    }
    column.rows = rows.into();
    screen.snapshot.generation += 1;
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    screen.arrive();
    screen
}

#[track_caller]
fn has_word(screen: &Screen, status: Status, place: &str) {
    let text = screen.text();
    assert!(
        text.contains(status.label()),
        "{place}: no `{}` in\n{text}",
        status.label()
    );
}

#[test]
fn every_status_is_a_word_on_board_and_detail() {
    for status in Status::ALL {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let mut screen = board(status, size);
            drop(screen.press("2"));
            has_word(&screen, status, "board");
            drop(screen.press("i"));
            has_word(&screen, status, "detail");
        }
    }
}

#[test]
fn every_status_that_is_not_calm_is_a_word_on_the_wall() {
    for status in Status::ALL {
        if status.severity() < Severity::Active {
            continue;
        }
        let mut screen = board(status, (80, 60));
        screen.state.filter.query = crate::domain::query::Query::parse("stage:code").unwrap();
        screen.state.wall = Some(WallState::new(screen.now, true));
        screen.arrive();
        has_word(&screen, status, "wall");
    }
}

#[test]
fn nothing_blinks_in_any_theme() {
    let blinking = Modifier::SLOW_BLINK | Modifier::RAPID_BLINK;
    for (name, _) in BUILTIN {
        for depth in [ColorDepth::Mono, ColorDepth::Ansi16, ColorDepth::True] {
            for keys in ["", "i", "g f", "g o", "g a", "?", ":"] {
                let mut screen = Screen::new(120, 40, 48);
                screen.theme = Theme::builtin(name, depth, Glyphs::Unicode).unwrap();
                if !keys.is_empty() {
                    drop(screen.press(keys));
                }
                let cells = &screen.buffer().content;
                assert!(
                    !cells.iter().any(|it| it.modifier.intersects(blinking)),
                    "{name} {keys}"
                );
            }
        }
    }
}
