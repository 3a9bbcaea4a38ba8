//! Commands, one after the other: where the focus is, what the shell is asked for.

mod attention;
mod hides;
mod lanes;
mod saved;
mod standup;
mod typing;
mod urgent;
mod walk;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::item::WorkItem;
use crate::domain::policy::Pin;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::engine::snapshot::{Health, Row};
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::rows::{RowKey, Shown};
use crate::ui::sample;
use crate::ui::state::{UiOptions, View};
use crate::ui::testing::Screen;

/// Presses keys on a board of 96 cards and returns focus and line.
#[track_caller]
fn moves(keys: &str, focus: usize, at: usize) {
    let mut screen = Screen::new(140, 40, 96);
    screen.press(keys);
    let found = (screen.state.board.focus, screen.state.focused().unwrap().at);
    assert_eq!(found, (focus, at), "after {keys}");
}

#[test]
fn keys_move_among_columns_and_cards() {
    moves("j", 0, 1);
    moves("down down up", 0, 1);
    moves("k", 0, 0);
    moves("l j j", 1, 2);
    moves("right right left", 1, 0);
    moves("h", 0, 0);
    moves("8 l", 7, 0);
    moves("3 G", 2, 11);
    moves("3 G g g", 2, 0);
    moves("pgdn", 0, 8);
    moves("pgdn pgdn", 0, 11);
    moves("ctrl-d ctrl-d ctrl-u", 0, 4);
    moves("end home", 0, 0);
}

#[test]
fn a_column_remembers_its_selection() {
    moves("3 j j 5 j 3", 2, 2);
}

fn status_here(screen: &Screen) -> (Stage, Status) {
    let shown = screen.state.selected(&screen.snapshot).unwrap();
    let stage = screen.state.stage(screen.state.board.focus).unwrap();
    (stage, shown.status())
}

/// Returns a board with one card for each of these places, the number telling its age in hours.
fn board_of(cards: &[(Stage, Status, usize)]) -> Screen {
    let mut screen = Screen::new(140, 40, 0);
    for (number, (stage, status, hours)) in cards.iter().enumerate() {
        place(&mut screen, number, *stage, *status, *hours);
    }
    screen.arrive();
    screen
}

/// Puts a card on the board, in front of its column.
fn place(screen: &mut Screen, number: usize, stage: Stage, status: Status, hours: usize) {
    let mut item = sample::card(number, stage);
    item.placement.status = status;
    item.holders.clear();
    item.placement.since = screen.now - TimeDelta::hours(i64::try_from(hours).unwrap());
    let column = screen
        .snapshot
        .columns
        .iter_mut()
        .find(|column| column.stage == stage)
        .unwrap();
    let mut rows = column.rows.to_vec();
    rows.insert(0, Row::Item(Arc::new(item)));
    column.count = rows.len();
    column.rows = rows.into();
    screen.snapshot.generation += 1;
}

#[test]
fn the_selection_follows_its_card_when_others_come_before_it() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("2 j j j");
    let selected = screen.state.focused().unwrap().selected.clone();
    let row_before = screen.terminal.backend_mut().cursor_position();
    let mut rows: Vec<Row> = screen.snapshot.columns[1].rows.to_vec();
    for number in 0..3 {
        let mut item = sample::card(1_000 + number, Stage::Code);
        item.placement.status = Status::Blocked;
        rows.insert(0, Row::Item(Arc::new(item)));
    }
    screen.snapshot.columns[1].count = rows.len();
    screen.snapshot.columns[1].rows = rows.into();
    screen.snapshot.generation += 1;
    screen.arrive();
    let column = screen.state.focused().unwrap();
    assert_eq!((column.selected.clone(), column.at), (selected, 6));
    let row_after = screen.terminal.backend_mut().cursor_position();
    assert_eq!(row_after, row_before, "the card stays under the cursor");
}

/// Moves the selected card of column 2 into another stage.
fn promote(screen: &mut Screen, to: usize) -> RowKey {
    let key = screen.state.focused().unwrap().selected.clone().unwrap();
    let at = screen.state.focused().unwrap().at;
    let mut rows: Vec<Row> = screen.snapshot.columns[1].rows.to_vec();
    let moved = rows.remove(at);
    screen.snapshot.columns[1].rows = rows.into();
    let mut others: Vec<Row> = screen.snapshot.columns[to].rows.to_vec();
    others.push(moved);
    screen.snapshot.columns[to].rows = others.into();
    screen.snapshot.generation += 1;
    screen.arrive();
    key
}

#[test]
fn the_selection_follows_its_card_into_another_column() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("2 j");
    let key = promote(&mut screen, 2);
    assert_eq!(screen.state.board.focus, 2);
    assert_eq!(screen.state.focused().unwrap().selected, Some(key));
    assert!(
        screen.text().contains("moved to Build"),
        "{}",
        screen.text()
    );
}

#[test]
fn a_card_that_moves_throws_nobody_out_of_another_view() {
    for (keys, view) in [("g f", View::Triage), ("g o", View::Sources)] {
        let mut screen = Screen::new(140, 40, 96);
        screen.press("2 j");
        screen.press(keys);
        let key = promote(&mut screen, 2);
        assert_eq!(screen.state.view, view);
        let text = screen.text();
        assert!(!text.contains("moved to"), "nobody saw it move: {text}");
        screen.press("g b");
        assert_eq!(screen.state.focused().unwrap().selected, Some(key));
    }
}

#[test]
fn a_board_that_nobody_touches_stays_at_the_top() {
    let mut screen = Screen::new(140, 40, 96);
    screen.state.board.focus = 1;
    promote(&mut screen, 2);
    assert_eq!(screen.state.board.focus, 1);
    assert_eq!(screen.state.focused().unwrap().at, 0);
}

#[test]
fn where_the_selected_card_is_gone_the_next_one_takes_its_place() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("2 j j");
    let mut rows: Vec<Row> = screen.snapshot.columns[1].rows.to_vec();
    rows.remove(2);
    screen.snapshot.columns[1].rows = rows.into();
    screen.snapshot.generation += 1;
    screen.arrive();
    assert_eq!(screen.state.focused().unwrap().at, 2);
    assert!(screen.state.selected(&screen.snapshot).is_some());
    screen.snapshot.columns[1].rows = Vec::new().into();
    screen.snapshot.generation += 1;
    screen.arrive();
    assert!(screen.state.selected(&screen.snapshot).is_none());
    assert_eq!(
        screen.press("o"),
        [Effect::Toast("it has no page".to_owned())]
    );
}

#[test]
fn esc_goes_back_one_layer_and_never_quits() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("g o ? esc");
    assert_eq!(screen.state.view, View::Sources);
    screen.press("esc p z enter :");
    assert_eq!(screen.state.overlays.len(), 2);
    screen.press("esc");
    assert_eq!(screen.state.overlays.len(), 1);
    screen.press("esc");
    assert!(screen.state.board.zoom && screen.state.overlays.is_empty());
    screen.press("esc");
    assert!(!screen.state.board.zoom && screen.state.board.preview);
    screen.press("esc");
    assert!(!screen.state.board.preview);
    assert_eq!(screen.press("esc esc esc"), []);
}

#[test]
fn q_closes_and_on_the_board_quits() {
    let mut screen = Screen::new(140, 40, 96);
    assert_eq!(screen.press("g o q"), []);
    assert_eq!(screen.state.view, View::Board);
    screen.press("enter");
    assert_eq!(screen.press("q"), [Effect::Look(None)]);
    assert_eq!(screen.press("q"), [Effect::Quit]);
}

#[test]
fn views_are_a_ring_and_the_last_one_is_remembered() {
    let mut screen = Screen::new(80, 24, 8);
    screen.press("]");
    assert_eq!(screen.state.view, View::Triage);
    screen.press("-");
    assert_eq!(screen.state.view, View::Board);
    screen.press("[");
    assert_eq!(screen.state.view, View::Sources);
    screen.press("g b");
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn opening_and_copying_ask_the_shell() {
    let mut screen = Screen::new(140, 40, 8);
    let effects = screen.press("y");
    assert_eq!(effects, [Effect::Copy("acme/web#1".to_owned())]);
    let url = "https://github.com/acme/web/issues/1";
    assert_eq!(screen.press("Y")[0], Effect::Copy(url.to_owned()));
    let [Effect::OpenUrl(opened)] = &screen.press("o")[..] else {
        panic!("one effect");
    };
    assert_eq!(opened.as_str(), url);
}

#[test]
fn in_the_detail_the_evidence_with_the_cursor_is_opened_and_copied() {
    let mut screen = Screen::new(140, 40, 8);
    screen.press("enter");
    assert_eq!(screen.press("y")[0], Effect::Copy("acme/web#1".to_owned()));
    assert_eq!(screen.press("j y")[0], Effect::Copy("ci #1".to_owned()));
    assert_eq!(
        screen.press("j j j j y")[0],
        Effect::Copy("acme/web#1".to_owned())
    );
    assert!(matches!(screen.press("enter")[0], Effect::OpenUrl(_)));
}

#[test]
fn the_engine_is_told_which_card_is_looked_at() {
    let mut screen = Screen::new(140, 40, 96);
    let id = |screen: &Screen| match screen.state.selected(&screen.snapshot) {
        Some(Shown::Item { item, .. }) => Some(item.id.clone()),
        _ => None,
    };
    assert_eq!(screen.press("j"), []);
    let effects = screen.press("enter");
    assert_eq!(effects, [Effect::Look(id(&screen))]);
    let effects = screen.press("l");
    assert_eq!(effects, [Effect::Look(id(&screen))], "the next card");
    assert_eq!(screen.press("esc"), [Effect::Look(None)]);
    let effects = screen.press("p");
    assert_eq!(effects, [Effect::Look(id(&screen))]);
    let effects = screen.press("j");
    assert_eq!(effects, [Effect::Look(id(&screen))]);
}

#[test]
fn refresh_asks_the_sources_of_the_card() {
    let mut screen = Screen::new(140, 40, 96);
    let source = screen.snapshot.sources[0].name.clone();
    assert_eq!(screen.press("r")[0], Effect::Refresh(source.clone()));
    assert_eq!(screen.press("R")[0], Effect::RefreshAll);
    assert_eq!(screen.press("g o r")[0], Effect::Refresh(source));
}

#[test]
fn refreshing_all_asks_first_where_little_of_a_limit_is_left() {
    let mut screen = Screen::new(140, 40, 96);
    screen.snapshot.sources[0].budgets[0].remaining = 120;
    assert_eq!(screen.press("R"), []);
    assert!(matches!(
        screen.state.overlays.last(),
        Some(Overlay::Confirm(_))
    ));
    assert!(
        screen.text().contains("github has 120 of 5000 left"),
        "{}",
        screen.text()
    );
    assert_eq!(screen.press("n"), []);
    screen.press("R");
    screen.now += TimeDelta::milliseconds(300);
    assert_eq!(screen.press("y")[0], Effect::RefreshAll);
    screen.snapshot.sources = vec![sample::source("ghe", Health::RateLimited)];
    screen.press("R");
    screen.now += TimeDelta::milliseconds(300);
    assert_eq!(screen.press("enter"), [], "no is the default");
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn the_order_of_cards_can_be_changed_and_keeps_the_selection() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("4 j j");
    let key = screen.state.focused().unwrap().selected.clone();
    for _ in 0..2 {
        screen.press("s");
        assert_eq!(screen.state.focused().unwrap().selected, key);
    }
    screen.press("s g g");
    let ages: Vec<_> = (0..12)
        .map(|at| screen.state.line(&screen.snapshot, 3, at).unwrap().since())
        .collect();
    assert!(ages.is_sorted(), "longest here first");
}

#[test]
fn notices_of_the_program_are_shown_once() {
    let mut screen = Screen::new(140, 40, 96);
    screen.snapshot.notices = vec!["the store was rebuilt".into()];
    screen.snapshot.generation += 1;
    screen.arrive();
    screen.snapshot.generation += 1;
    screen.arrive();
    assert_eq!(screen.state.messages.all.len(), 1);
}

#[test]
fn fewer_and_other_columns_work() {
    let options = UiOptions {
        columns: UiOptions::default()
            .columns
            .into_iter()
            .skip(2)
            .take(3)
            .collect(),
        ..UiOptions::default()
    };
    let mut screen = Screen::with(80, 24, sample::snapshot(96), options);
    screen.press("8 3 l l");
    assert_eq!(screen.state.board.focus, 2);
    assert!(screen.text().contains("3 Release"), "{}", screen.text());
    assert!(!screen.text().contains("Plan"));
}

#[test]
fn a_card_is_pinned_and_the_pin_taken_back() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("2 j");
    let id = match screen.state.selected(&screen.snapshot).unwrap() {
        Shown::Item { item, .. } => item.id.clone(),
        Shown::Train { .. } => panic!("a card"),
    };
    let until_it_moves = |stage| Pin {
        stage,
        while_in: Some(Stage::Code),
    };
    let pinned = screen.press("P 4");
    assert_eq!(
        pinned[0],
        Effect::Pin(vec![(id.clone(), Some(until_it_moves(Stage::Test)))])
    );
    assert!(screen.text().contains("is pinned to Test until it moves"));
    let for_good = screen.press("P tab j enter");
    let pin = Pin {
        stage: Stage::Build,
        while_in: None,
    };
    assert_eq!(for_good[0], Effect::Pin(vec![(id.clone(), Some(pin))]));
    assert_eq!(
        screen.press("u")[0],
        Effect::Pin(vec![(id.clone(), Some(until_it_moves(Stage::Test)))])
    );
    assert_eq!(screen.press("u")[0], Effect::Pin(vec![(id.clone(), None)]));
    assert_eq!(
        screen.press("u"),
        [Effect::Toast("there is nothing to take back".to_owned())]
    );
    // The palette does the same, and `0` takes a pin away.
    screen.press(":");
    screen.type_text("pin to stage deploy");
    assert_eq!(
        screen.press("enter")[0],
        Effect::Pin(vec![(id.clone(), Some(until_it_moves(Stage::Deploy)))])
    );
    assert_eq!(screen.press("P 0")[0], Effect::Pin(vec![(id, None)]));
    assert_eq!(screen.press("P 0 P esc"), [], "there is none");
    assert!(screen.state.overlays.len() <= 1);
}

#[test]
fn marked_cards_are_pinned_and_taken_back_as_one() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("2 j space space space");
    let marked: Vec<_> = screen.state.board.marked.iter().cloned().collect();
    assert_eq!(marked.len(), 3);
    screen.press("P");
    assert!(
        screen.text().contains("pin 3 cards to"),
        "{}",
        screen.text()
    );
    let effects = screen.press("4");
    let Effect::Pin(changes) = &effects[0] else {
        panic!("{effects:?}");
    };
    let pinned = |pin: Option<Pin>| pin.is_some_and(|pin| pin.stage == Stage::Test);
    let ids: Vec<_> = changes.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, marked);
    assert!(changes.iter().all(|(_, pin)| pinned(*pin)));
    assert!(
        screen
            .text()
            .contains("3 cards are pinned to Test, each until it moves")
    );
    assert!(screen.state.board.marked.is_empty());
    let back = screen.press("u");
    let none = marked.into_iter().map(|id| (id, None)).collect();
    assert_eq!(back[0], Effect::Pin(none), "one step takes all back");
    assert!(screen.state.pins.is_empty());
}

#[test]
fn a_pinned_card_says_so_with_a_mark_and_a_word() {
    for (width, height) in [(80, 24), (140, 40), (220, 55)] {
        let mut screen = Screen::new(width, height, 0);
        let mut item = sample::card(1, Stage::Code);
        item.placement.badges = vec!["pinned".into()];
        item.placement.reason = "pinned to Code; without it: its ticket is ready".into();
        screen.snapshot.columns[1].rows = vec![Row::Item(Arc::new(item))].into();
        screen.snapshot.columns[1].count = 1;
        screen.snapshot.generation += 1;
        screen.arrive();
        screen.press("2");
        let text = screen.text();
        assert!(text.contains("◆ pinned"), "{text}");
        assert!(text.contains("because pinned to Code"), "{text}");
        screen.press("enter");
        assert!(screen.text().contains("◆ pinned"), "{}", screen.text());
    }
}
