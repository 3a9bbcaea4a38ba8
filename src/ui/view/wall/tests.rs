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
fn our_own_share_is_told_apart_from_a_host_that_refuses() {
    let mut source = sample::source("github", Health::RateLimited);
    let mut screen = Screen::new(160, 40, 48);
    for (message, word) in [
        (
            "github.com allows no more requests for 3 min",
            "rate limited",
        ),
        (
            "our share of the requests to github.com is spent: polling goes on in 38 min",
            "our share is spent",
        ),
    ] {
        source.message = Some(crate::domain::text::Clean::line(message));
        screen.snapshot.sources = vec![source.clone()];
        screen.arrive();
        assert!(screen.text().contains(word), "{}", screen.text());
    }
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

/// A wall of one service with so many red cards, the last one the newest, and some that wait.
fn reds(width: u16, height: u16, red: usize, waiting: usize) -> Screen {
    let mut screen = wall(width, height, 0);
    let mut cards = sample::snapshot(400);
    let service = crate::domain::key::ServiceName::new("auth");
    let column = cards.columns.first_mut().unwrap();
    let items = column.rows.iter().filter_map(|row| match row {
        crate::engine::snapshot::Row::Item(item) => Some(item),
        crate::engine::snapshot::Row::Train(_) => None,
    });
    let rows: Vec<crate::engine::snapshot::Row> = items
        .take(red + waiting)
        .enumerate()
        .map(|(at, item)| {
            let mut item = crate::domain::item::WorkItem::clone(item);
            item.services = [service.clone()].into_iter().collect();
            item.placement.status = if at < red {
                crate::domain::status::Status::Failed
            } else {
                crate::domain::status::Status::Waiting
            };
            let ago = TimeDelta::hours(i64::try_from(400 - at).unwrap());
            item.placement.since = screen.now - ago;
            item.title = crate::domain::text::Clean::line(&format!("card-{at:03}."));
            crate::engine::snapshot::Row::Item(std::sync::Arc::new(item))
        })
        .collect();
    assert_eq!(rows.len(), red + waiting);
    column.rows = rows.into();
    for other in cards.columns.iter_mut().skip(1) {
        other.rows = Vec::new().into();
    }
    screen.snapshot = cards;
    screen.arrive();
    screen
}

#[test]
fn what_is_red_is_on_some_page_and_the_newest_first() {
    for (width, height, red, waiting) in [(60, 15, 12, 5), (60, 15, 14, 3), (40, 5, 9, 0)] {
        let mut screen = reds(width, height, red, waiting);
        let pages = screen.state.wall.as_ref().unwrap().pages;
        let mut seen = String::new();
        for page in 0..pages {
            screen.state.wall.as_mut().unwrap().page = page;
            screen.draw();
            seen.push_str(&screen.text());
        }
        let places: Vec<usize> = (0..red)
            .rev()
            .map(|at| {
                let title = format!("card-{at:03}.");
                seen.find(&title)
                    .unwrap_or_else(|| panic!("{title}\n{seen}"))
            })
            .collect();
        assert!(places.is_sorted(), "{seen}");
    }
}

#[test]
fn what_comes_on_the_next_page_is_told_apart_from_what_is_left_out() {
    let mut screen = reds(60, 15, 14, 12);
    let text = screen.text();
    let pages = screen.state.wall.as_ref().unwrap().pages;
    assert!(pages > 1, "{text}");
    assert!(text.contains("+ 8 failed, 12 more"), "{text}");
    screen.state.wall.as_mut().unwrap().page = pages - 1;
    screen.draw();
    let text = screen.text();
    assert!(text.contains("auth, continued"), "{text}");
    assert!(text.contains("+ ") && text.contains(" more"), "{text}");
}
