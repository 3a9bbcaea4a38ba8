//! The board of the past by keys: steps, days, now, what is refused, what stays where it is.

use std::sync::Arc;

use ratatui::crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::domain::history::Replay;
use crate::ui::effect::Effect;
use crate::ui::state::View;
use crate::ui::testing::Screen;
use crate::ui::testing::flow::ledger;
use crate::ui::testing::replay::{Projector, screen};
use crate::ui::update::replay::{LIVE, selected};

fn toast(effect: &Effect) -> Option<&str> {
    if let Effect::Toast(text) = effect {
        Some(text)
    } else {
        None
    }
}

fn toasts(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter_map(toast).collect()
}

#[test]
fn opening_the_past_reads_history_and_shows_now_first() {
    let mut screen = Screen::new(80, 24, 8);
    let effects = screen.press("g r");
    assert_eq!(screen.state.view, View::Replay);
    assert!(effects.contains(&Effect::Recall), "{effects:?}");
    assert!(
        screen.text().contains("history is being read"),
        "{}",
        screen.text()
    );
    let mut projector = Projector::default();
    projector.recall(&mut screen, ledger(40));
    assert_eq!(screen.state.replay.at, None);
    assert!(screen.text().contains("« now »"), "{}", screen.text());
}

#[test]
fn brackets_step_and_braces_go_by_days_and_n_comes_back() {
    let (mut screen, mut projector) = screen(80, 24, 62);
    let replay = Replay::new(Arc::new(ledger(62)));
    projector.press(&mut screen, "[");
    let first = replay.step_before(screen.now).unwrap();
    assert_eq!(screen.state.replay.at, Some(first));
    projector.press(&mut screen, "[ [");
    projector.press(&mut screen, "] ]");
    assert_eq!(screen.state.replay.at, Some(first));
    projector.press(&mut screen, "{");
    let day = screen.state.replay.at.unwrap();
    assert_eq!((first - day).num_hours(), 24);
    assert_eq!(
        screen.state.view,
        View::Replay,
        "they are no keys of views here"
    );
    projector.press(&mut screen, "n");
    assert_eq!(screen.state.replay.at, None);
    let effects = projector.press(&mut screen, "]");
    assert_eq!(toasts(&effects), ["this is now"]);
    // On past the last change, it is now again.
    projector.press(&mut screen, "[ }");
    assert_eq!(screen.state.replay.at, None);
}

#[test]
fn where_history_begins_there_is_nothing_before() {
    let (mut screen, mut projector) = screen(80, 24, 12);
    for _ in 0..80 {
        projector.press(&mut screen, "[");
    }
    let first = Replay::new(Arc::new(ledger(12))).range().unwrap().0;
    assert_eq!(screen.state.replay.at, Some(first));
    let effects = projector.press(&mut screen, "{");
    assert_eq!(
        toasts(&effects),
        ["nothing happened before that history knows"]
    );
    assert_eq!(screen.state.replay.at, Some(first));
}

#[test]
fn nothing_can_be_done_in_the_past() {
    let (mut screen, mut projector) = screen(100, 30, 62);
    projector.press(&mut screen, "[ [");
    for command in LIVE {
        let effects =
            crate::ui::update::update(&mut screen.state, command, &screen.snapshot, screen.now);
        let told = format!("no `{}` in the past; esc leaves it", command.row().brief);
        assert_eq!(toasts(&effects), [told.as_str()]);
        assert_eq!(effects.len(), 1, "{effects:?}");
        assert!(screen.state.overlays.is_empty());
    }
    for keys in ["a", "F", "P", "u", "r", "R"] {
        let effects = projector.press(&mut screen, keys);
        assert!(
            toasts(&effects)[0].starts_with("no `"),
            "{keys}: {effects:?}"
        );
        assert_eq!(screen.state.view, View::Replay);
    }
}

#[test]
fn what_arrives_meanwhile_does_not_move_the_past_and_now_shows_it() {
    let (mut screen, mut projector) = screen(100, 30, 50);
    projector.press(&mut screen, "[ [ [");
    let before = screen.text();
    let (at, kept) = (screen.state.replay.at, screen.state.replay.ledger.clone());
    projector.recall(&mut screen, ledger(62));
    assert_eq!(screen.text(), before);
    assert_eq!(screen.state.replay.at, at);
    assert!(Arc::ptr_eq(
        &screen.state.replay.ledger.clone().unwrap(),
        &kept.unwrap()
    ));
    projector.press(&mut screen, "n");
    let shown = screen.state.replay.shown.clone().unwrap();
    assert_eq!(shown.past.ledger().cards.len(), 62);
}

#[test]
fn a_card_that_moves_meanwhile_moves_no_cursor_of_the_past() {
    let mut screen = Screen::new(100, 30, 96);
    let mut projector = Projector::default();
    // A card of the board is chosen; it goes elsewhere while the past is looked at.
    projector.press(&mut screen, "2 j");
    projector.press(&mut screen, "g r");
    projector.recall(&mut screen, ledger(62));
    projector.press(&mut screen, "2 [ [");
    let (focus, at) = (screen.state.board.focus, screen.state.replay.at);
    let before = screen.text();
    screen.snapshot = crate::ui::sample::snapshot(7);
    screen.snapshot.generation += 1;
    screen.arrive();
    assert_eq!(
        (screen.state.board.focus, screen.state.replay.at),
        (focus, at)
    );
    assert_eq!(screen.text(), before);
}

#[test]
fn history_is_not_read_while_the_past_is_looked_at() {
    let (mut screen, mut projector) = screen(80, 24, 62);
    projector.press(&mut screen, "[");
    screen.now += chrono::TimeDelta::minutes(5);
    screen.snapshot.generation += 1;
    assert!(!screen.press("j").contains(&Effect::Recall));
    let effects = projector.press(&mut screen, "n");
    assert!(effects.contains(&Effect::Recall), "{effects:?}");
}

#[test]
fn moments_that_were_stepped_over_are_never_made() {
    let (mut screen, mut projector) = screen(80, 24, 62);
    let first = screen.press("[");
    assert!(matches!(&first[..], [Effect::Replay(_)]), "{first:?}");
    // The first is still under way: the others wait for it.
    assert_eq!(screen.press("[ [ ["), []);
    let last = screen.state.replay.at;
    projector.carry_out(&mut screen, first);
    let shown = screen.state.replay.shown.clone().unwrap();
    assert_eq!(shown.ask.at, last);
}

#[test]
fn the_cursor_stays_on_its_card_wherever_that_stood() {
    let (mut screen, mut projector) = screen(200, 60, 62);
    projector.press(&mut screen, "6 j");
    let id = |screen: &Screen| selected(&screen.state).map(|seen| seen.life.id.clone());
    projector.press(&mut screen, "3");
    let at = (0..8).find(|column| {
        projector.press(&mut screen, &(column + 1).to_string());
        id(&screen).is_some()
    });
    assert!(at.is_some(), "some card is on the board");
    projector.press(&mut screen, "{ {");
    let chosen = id(&screen);
    let focus = screen.state.board.focus;
    for _ in 0..40 {
        projector.press(&mut screen, "[");
        let there = id(&screen);
        if screen.state.board.focus != focus {
            assert_eq!(there, chosen, "it went with its card");
        }
    }
}

#[test]
fn the_filter_asks_cards_as_they_stood() {
    let (mut screen, mut projector) = screen(100, 30, 62);
    projector.press(&mut screen, "{ { { {");
    let all = screen.state.replay.shown.clone().unwrap().counts.cards;
    projector.press(&mut screen, "/");
    for key in "service:web".chars() {
        projector.press(&mut screen, &key.to_string());
    }
    projector.press(&mut screen, "enter");
    let web = screen.state.replay.shown.clone().unwrap().counts.cards;
    assert!(web < all && web > 0, "{web} of {all}");
    assert_eq!(screen.state.view, View::Replay);
    assert!(screen.text().contains("/service:web"), "{}", screen.text());
}

#[test]
fn leaving_brings_the_board_back_as_it_was() {
    let mut screen = Screen::new(80, 24, 96);
    let mut projector = Projector::default();
    projector.press(&mut screen, "3 z");
    projector.press(&mut screen, "g r");
    projector.recall(&mut screen, ledger(62));
    projector.press(&mut screen, "z 7 [");
    projector.press(&mut screen, "esc");
    assert_eq!(screen.state.view, View::Board);
    assert_eq!(
        (screen.state.board.focus, screen.state.board.zoom),
        (2, true)
    );
    assert_eq!(screen.state.replay.at, None);
}

#[test]
fn a_card_opens_and_its_page_too() {
    let (mut screen, mut projector) = screen(80, 24, 62);
    projector.press(&mut screen, "{ { {");
    let column = (1..=8).find(|column| {
        projector.press(&mut screen, &column.to_string());
        selected(&screen.state).is_some()
    });
    assert!(column.is_some());
    let url = selected(&screen.state).unwrap().life.url.clone().unwrap();
    assert_eq!(projector.press(&mut screen, "o"), [Effect::OpenUrl(url)]);
    projector.press(&mut screen, "enter");
    let text = screen.text();
    assert!(
        text.contains(" as it was ") && text.contains("its way"),
        "{text}"
    );
    assert!(text.contains("« the past »"), "{text}");
    projector.press(&mut screen, "esc");
    assert!(!screen.text().contains(" as it was "));
    assert_eq!(screen.state.view, View::Replay);
}

fn click(screen: &mut Screen, x: u16, y: u16) -> Vec<Effect> {
    screen.event(&Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: x,
        row: y,
        modifiers: KeyModifiers::NONE,
    }))
}

#[test]
fn a_click_on_the_line_of_time_goes_there() {
    let (mut screen, mut projector) = screen(80, 24, 62);
    let effects = click(&mut screen, 30, 2);
    projector.carry_out(&mut screen, effects);
    let at = screen.state.replay.at.unwrap();
    let age = (screen.now - at).num_days();
    assert!((50..70).contains(&age), "{age} days");
    let effects = click(&mut screen, 74, 2);
    projector.carry_out(&mut screen, effects);
    assert_eq!(screen.state.replay.at, None, "its end is now");
    for (x, y) in [(0, 0), (79, 2), (79, 23), (200, 200)] {
        click(&mut screen, x, y);
        assert_eq!(screen.state.replay.at, None);
    }
}

#[test]
fn going_round_the_views_does_not_lead_into_the_past() {
    let mut screen = Screen::new(80, 24, 8);
    for _ in 0..12 {
        screen.press("]");
        assert_ne!(screen.state.view, View::Replay);
    }
}
