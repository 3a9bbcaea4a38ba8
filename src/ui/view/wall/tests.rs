//! Pictures of the wall in its sizes, and what must stand on each.

use chrono::TimeDelta;
use ratatui::style::Modifier;

use crate::engine::snapshot::Health;
use crate::ui::sample;
use crate::ui::testing::Screen;
use crate::ui::theme::{ColorDepth, Glyphs, Theme};
use crate::ui::wall::WallState;

const SIZES: [(u16, u16); 5] = [(20, 5), (40, 10), (80, 24), (120, 40), (200, 60)];

fn wall(width: u16, height: u16, cards: usize) -> Screen {
    let mut screen = Screen::new(width, height, cards);
    screen.state.wall = Some(WallState::new(screen.now, true));
    screen.arrive();
    screen
}

#[test]
fn the_wall_in_its_sizes() {
    for (width, height) in SIZES {
        let screen = wall(width, height, 160);
        insta::assert_snapshot!(format!("wall_{width}x{height}"), screen.text());
    }
}

#[test]
fn the_wall_in_ascii_is_ascii() {
    let mut screen = wall(80, 24, 160);
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    screen.draw();
    let text = screen.text();
    // Titles are as people write them; all else is ours.
    assert!(text.replace('Ü', "U").is_ascii(), "{text}");
    insta::assert_snapshot!("wall_ascii_80x24", text);
}

#[test]
fn counts_come_with_their_words_and_red_comes_first() {
    for (width, height) in SIZES {
        let screen = wall(width, height, 160);
        let text = screen.text();
        assert!(text.contains("failed"), "{width}x{height}\n{text}");
        assert!(text.contains('✖'), "{width}x{height}\n{text}");
        if height >= 10 {
            let first = text.find("✖ ").unwrap();
            let calmer = text.find("● ").unwrap_or(usize::MAX);
            assert!(first < calmer, "{text}");
        }
    }
}

#[test]
fn rows_stay_empty_only_where_nothing_is_left_to_list() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let screen = wall(width, height, 160);
        let text = screen.text();
        let below: Vec<&str> = text.lines().rev().skip(1).collect();
        let empty = below.iter().take_while(|line| line.trim().is_empty());
        // One row stands above the last line.
        assert!(
            empty.count() <= 1 || !text.contains(" more"),
            "{width}x{height}\n{text}"
        );
    }
}

#[test]
fn there_is_no_cursor_and_nothing_blinks() {
    let mut screen = wall(80, 24, 160);
    let state = &mut screen.state;
    assert!(state.rolls_at.is_some());
    for cell in &screen.buffer().content {
        let blinking = Modifier::SLOW_BLINK | Modifier::RAPID_BLINK;
        assert!(!cell.modifier.intersects(blinking));
    }
    assert!(!screen.text().contains('▌'));
}

#[test]
fn old_data_is_dimmed_and_says_so() {
    let mut screen = wall(120, 40, 48);
    assert!(!screen.text().contains("old data"), "{}", screen.text());
    screen.now += TimeDelta::hours(2);
    screen.draw();
    let text = screen.text();
    assert!(
        text.contains("? old data") && text.contains("old data: "),
        "{text}"
    );
}

#[test]
fn a_source_that_fails_is_named() {
    let mut screen = wall(120, 40, 48);
    screen.snapshot.sources = vec![sample::source("github", Health::RateLimited)];
    screen.arrive();
    assert!(
        screen.text().contains("github: rate limited"),
        "{}",
        screen.text()
    );
}

#[test]
fn nothing_known_is_not_calm() {
    let mut screen = wall(80, 24, 0);
    assert!(
        screen.text().contains("there are no cards"),
        "{}",
        screen.text()
    );
    screen.snapshot = crate::engine::snapshot::Snapshot::default();
    screen.arrive();
    assert!(
        screen.text().contains("nothing is known yet"),
        "{}",
        screen.text()
    );
    assert!(!screen.text().contains("calm"));
}

#[test]
fn every_size_can_be_drawn() {
    let mut screen = wall(80, 24, 160);
    for (width, height) in [
        (1, 1),
        (2, 9),
        (9, 2),
        (29, 5),
        (30, 6),
        (500, 200),
        (80, 24),
    ] {
        screen.terminal.backend_mut().resize(width, height);
        screen.draw();
        assert_eq!(screen.state.size, (width, height));
    }
}
