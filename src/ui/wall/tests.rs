//! The wall by the clock that is passed in: pages, bell, keys, and that nothing grows.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;
use crate::domain::status::Status;
use crate::engine::snapshot::Row;
use crate::ui::sample;
use crate::ui::testing::Screen;
use crate::ui::update;
use crate::ui::view::next_change;

fn wall(width: u16, height: u16, cards: usize) -> Screen {
    let mut screen = Screen::new(width, height, cards);
    drop(screen.press("W"));
    assert!(screen.state.wall.is_some());
    screen
}

/// Lets the clock run to the next moment at which something changes by it.
fn next(screen: &mut Screen) -> i64 {
    let then = next_change(&screen.state, &screen.snapshot, screen.now).unwrap();
    let waited = (then - screen.now).num_milliseconds();
    screen.now = then;
    drop(update::on_clock(
        &mut screen.state,
        &screen.snapshot,
        screen.now,
    ));
    screen.draw();
    waited
}

/// Makes a card of the board red or calm, as a poll might tell.
fn turn(screen: &mut Screen, column: usize, status: Status) -> Vec<Effect> {
    let of = &mut screen.snapshot.columns[column];
    let mut rows: Vec<Row> = of.rows.to_vec();
    for row in &mut rows {
        if let Row::Item(item) = row {
            Arc::make_mut(item).placement.status = status;
        }
    }
    of.rows = rows.into();
    screen.snapshot.generation += 1;
    let effects = update::on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    screen.draw();
    effects
}

fn rings(effects: &[Effect]) -> bool {
    effects.contains(&Effect::Bell)
}

#[test]
fn pages_turn_by_the_clock_and_come_round() {
    let mut screen = wall(80, 24, 160);
    let pages = screen.state.wall.as_ref().unwrap().pages;
    assert!(pages > 1, "{}", screen.text());
    let first = screen.text();
    let mut seen = vec![first.clone()];
    let began = screen.state.wall.as_ref().unwrap().began;
    while screen.state.wall.as_ref().unwrap().page < pages {
        next(&mut screen);
        seen.push(screen.text());
    }
    let took = (screen.now - began).num_seconds();
    assert_eq!(took, 30 * i64::try_from(pages).unwrap());
    let heading = |text: &str| text.lines().nth(7).unwrap_or_default().to_owned();
    assert_eq!(heading(&first), heading(seen.last().unwrap()));
    let last = screen.text();
    assert!(last.contains(&format!("1 of {pages}")), "{last}");
}

#[test]
fn with_reduced_motion_nothing_moves_but_what_is_told_and_keys_turn_the_page() {
    let mut screen = wall(80, 24, 160);
    screen.state.options.motion = Motion::Reduced;
    screen.draw();
    let at = |screen: &Screen| {
        let wall = screen.state.wall.as_ref().unwrap();
        let text = screen.text();
        let heading = text.lines().nth(7).unwrap();
        (wall.page, heading.len() - heading.trim_start().len())
    };
    let before = at(&screen);
    let until = screen.now + TimeDelta::hours(3);
    while screen.now < until {
        next(&mut screen);
    }
    assert_eq!(at(&screen), before);
    drop(screen.press("space"));
    assert_eq!(at(&screen).0, 1);
    assert!(screen.text().contains("any other key"), "{}", screen.text());
    drop(screen.press("q q"));
    assert!(screen.state.wall.is_none());
}

#[test]
fn it_wakes_up_no_more_than_it_must() {
    let mut screen = wall(200, 60, 16);
    // One page, ages in minutes: what is younger than that is not told in seconds.
    let mut wakes = 0;
    let until = screen.now + TimeDelta::hours(1);
    while screen.now < until {
        next(&mut screen);
        wakes += 1;
    }
    assert!(wakes <= 60 * 3, "{wakes} in an hour");
}

#[test]
fn a_new_red_rings_once_a_page_and_old_ones_never() {
    let mut screen = wall(80, 24, 160);
    assert!(!rings(&turn(&mut screen, 0, Status::Ready)));
    assert!(rings(&turn(&mut screen, 0, Status::Failed)), "the first");
    assert!(
        !rings(&turn(&mut screen, 1, Status::Failed)),
        "the same page"
    );
    while screen.state.wall.as_ref().unwrap().page == 0 {
        next(&mut screen);
    }
    assert!(
        !rings(&turn(&mut screen, 1, Status::Failed)),
        "known by now"
    );
    assert!(!rings(&turn(&mut screen, 1, Status::Live)));
    assert!(rings(&turn(&mut screen, 1, Status::Failed)), "red again");
    screen.state.options.wall.bell = false;
    while screen.state.wall.as_ref().unwrap().page == 1 {
        next(&mut screen);
    }
    assert!(
        !rings(&turn(&mut screen, 2, Status::Failed)),
        "switched off"
    );
}

#[test]
fn what_the_store_brings_at_the_start_does_not_ring() {
    let mut screen = Screen::new(80, 24, 0);
    screen.state.wall = Some(WallState::new(screen.now, true));
    screen.snapshot = Snapshot::default();
    screen.arrive();
    screen.snapshot = sample::snapshot(48);
    screen.snapshot.partial = true;
    let effects = update::on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    assert!(!rings(&effects), "the first screen of the store");
    screen.snapshot = sample::snapshot(96);
    screen.snapshot.generation = 2;
    let effects = update::on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    assert!(!rings(&effects), "the rest of the store");
}

#[test]
fn only_q_q_leaves_it() {
    let mut screen = wall(80, 24, 48);
    let keys = "j enter esc : ? / a F R W o g b 1 tab space x ctrl-c ctrl-z ctrl-l !";
    assert!(screen.press(keys).is_empty());
    assert!(screen.state.wall.is_some() && screen.state.overlays.is_empty());
    assert!(
        screen.text().contains("press q q to leave the wall"),
        "{}",
        screen.text()
    );
    drop(screen.press("q j"));
    assert!(screen.press("q").is_empty() && screen.state.wall.is_some());
    screen.now += TimeDelta::seconds(PATIENCE_SECS + 1);
    assert!(
        screen.press("q").is_empty() && screen.state.wall.is_some(),
        "too late"
    );
    assert!(screen.press("q").is_empty());
    assert!(screen.state.wall.is_none(), "back on the board");
    assert!(screen.text().contains("enter open"), "{}", screen.text());
}

#[test]
fn where_there_is_nothing_else_leaving_it_is_quitting() {
    let mut screen = Screen::new(80, 24, 48);
    screen.state.wall = Some(WallState::new(screen.now, true));
    screen.arrive();
    assert_eq!(screen.press("q q"), [Effect::Quit]);
}

#[test]
fn mouse_paste_and_focus_do_nothing() {
    let mut screen = wall(80, 24, 48);
    let click = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 10,
        row: 10,
        modifiers: KeyModifiers::NONE,
    };
    let events = [
        Event::Mouse(click),
        Event::Paste("q q".to_owned()),
        Event::FocusLost,
        Event::FocusGained,
        Event::Key(KeyCode::F(1).into()),
    ];
    for event in events {
        assert!(screen.event(&event).is_empty(), "{event:?}");
        assert!(screen.state.wall.is_some());
    }
}

#[test]
fn the_picture_wanders_there_and_back() {
    let wall = WallState::new(sample::moment(), true);
    let shifts: Vec<u16> = (0..8)
        .map(|hour| wall.shift(sample::moment() + TimeDelta::hours(hour)).0)
        .collect();
    assert_eq!(shifts, [0, 1, 2, 3, 2, 1, 0, 1]);
    let (_, next) = wall.shift(sample::moment() + TimeDelta::minutes(90));
    assert_eq!(next, sample::moment() + TimeDelta::hours(2));
    // A clock that was put back wakes nobody at once for ever.
    let (shift, next) = wall.shift(sample::moment() - TimeDelta::hours(5));
    assert_eq!((shift, next), (0, sample::moment() + TimeDelta::hours(1)));
}

#[test]
fn weeks_of_it_keep_nothing() {
    let mut screen = wall(80, 24, 48);
    for day in 0..2_000 {
        let status = if day % 2 == 0 {
            Status::Failed
        } else {
            Status::Live
        };
        screen.now += TimeDelta::hours(1);
        drop(update::on_clock(
            &mut screen.state,
            &screen.snapshot,
            screen.now,
        ));
        drop(turn(&mut screen, 3, status));
    }
    let wall = screen.state.wall.as_ref().unwrap();
    assert!(wall.red.as_ref().unwrap().len() <= 48);
    assert!(screen.state.messages.all.len() <= crate::ui::state::Messages::MOST);
    assert!(screen.state.overlays.is_empty() && screen.state.pending.is_empty());
}
