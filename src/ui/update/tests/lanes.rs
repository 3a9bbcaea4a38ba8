//! Lanes by keys and by mouse: moving, folding, trains, what is not seen.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::sync::Arc;

use crate::domain::arrange::{Facets, Group, Order};
use crate::domain::item::Train;
use crate::domain::stage::Stage;
use crate::engine::snapshot::{Row, Snapshot};
use crate::ui::rows::Shown;
use crate::ui::sample;
use crate::ui::testing::Screen;

fn screen(width: u16, height: u16, cards: usize) -> Screen {
    let mut screen = Screen::new(width, height, cards);
    screen.press("S");
    screen
}

/// Returns the lane and the service of the selected card.
fn here(screen: &Screen) -> (String, String) {
    let lane = screen.state.lane().unwrap();
    let lane = screen.state.lanes()[lane].name.clone();
    let Some(Shown::Item { item, .. }) = screen.state.selected(&screen.snapshot) else {
        panic!("no card is selected");
    };
    (lane, item.services[0].to_string())
}

#[test]
fn a_card_is_in_one_lane_and_an_order_compares_what_it_is_called_after() {
    let mut one = sample::card(1, Stage::Code);
    one.labels = vec!["size/S".into(), "Team/web".into(), "team/api".into()];
    let by = |start: &str| Group::Label(start.to_owned()).lane_of(&one).to_owned();
    assert_eq!(
        (by("team/").as_str(), by("").as_str(), by("ü").as_str()),
        ("team/api", "size/S", "")
    );
    let mut two = one.clone();
    two.created_at = one.created_at + chrono::TimeDelta::hours(1);
    one.placement.since = two.placement.since + chrono::TimeDelta::hours(1);
    one.holders.clear();
    assert_eq!(Group::Person.lane_of(&one), "");
    let compare = |order: Order| order.compare(&Facets::of_item(&one), &Facets::of_item(&two));
    assert_eq!(
        Order::ALL.map(compare),
        [Equal, Less, Greater, Greater, Greater, Equal]
    );
}

#[test]
fn going_down_crosses_lanes_and_to_the_side_stays_in_one() {
    let mut screen = screen(120, 40, 200);
    screen.press("2 g g");
    let (first, _) = here(&screen);
    for _ in 0..200 {
        let (lane, service) = here(&screen);
        assert_eq!(lane, service);
        screen.press("j");
    }
    let (last, _) = here(&screen);
    assert!(first < last, "{first} {last}");
    screen.press("g g l");
    assert_eq!(here(&screen).0, first);
    assert_eq!(screen.state.board.focus, 2);
    screen.press("h");
    assert_eq!(screen.state.board.focus, 1);
    // Whatever is selected is on the screen.
    screen.press("G");
    let text = screen.text();
    let selected = screen.state.selected(&screen.snapshot).unwrap();
    let Shown::Item { item, .. } = selected else {
        panic!("no card");
    };
    let key = screen.snapshot.names().short_key(item).into_owned();
    assert!(text.contains(&key), "{key} on\n{text}");
}

#[test]
fn a_folded_lane_keeps_its_heading_which_has_the_cursor() {
    let mut screen = screen(120, 40, 200);
    screen.press("2 g g");
    let (first, _) = here(&screen);
    screen.press("Z");
    assert!(screen.state.lanes()[0].folded);
    assert!(screen.state.selected(&screen.snapshot).is_none());
    let all = screen.state.lanes()[0].counts().0;
    assert!(
        screen.text().contains(&format!("{first} {all}")),
        "{}",
        screen.text()
    );
    screen.press("j");
    assert_ne!(here(&screen).0, first);
    screen.press("k enter");
    assert_eq!(here(&screen).0, first, "enter opens it");
    screen.press("X");
    assert!(screen.state.lanes().iter().all(|lane| lane.folded));
    screen.press("j j X");
    assert!(screen.state.lanes().iter().all(|lane| !lane.folded));
    // What is gone to by name is seen, whatever was folded.
    screen.press("X");
    let item = screen.snapshot.items().next().unwrap().id.clone();
    let key = crate::ui::rows::RowKey::Item(item);
    assert!(super::super::moves::go_to(
        &mut screen.state,
        &screen.snapshot,
        &key
    ));
    screen.draw();
    assert!(screen.state.selected(&screen.snapshot).unwrap().is(&key));
}

/// A board with one train of changes to these services, in Release.
fn with_train(services: &[&str]) -> Snapshot {
    let mut snapshot = sample::snapshot(0);
    let items = services.iter().enumerate().map(|(number, service)| {
        let mut item = sample::card(number, Stage::Release);
        item.services = vec![crate::domain::key::ServiceName::new(service)];
        Arc::new(item)
    });
    let items: Vec<_> = items.collect();
    let train = Train {
        id: crate::domain::key::TrainId::new("release:github.com/acme/api/1"),
        title: "api v1.0.0".into(),
        stage: Stage::Release,
        status: items[0].placement.status,
        since: items[0].placement.since,
        service: items[0].services[0].clone(),
        items,
    };
    for column in &mut snapshot.columns {
        if column.stage == Stage::Release {
            column.count = services.len();
            column.rows = vec![Row::Train(Arc::new(train.clone()))].into();
        }
    }
    snapshot
}

#[test]
fn a_train_stays_whole_only_where_its_changes_share_a_lane() {
    for (services, listed, count) in [(["api", "api"], 1, 1), (["api", "web"], 2, 2)] {
        let options = crate::ui::state::UiOptions::default();
        let mut screen = Screen::with(120, 40, with_train(&services), options);
        screen.press("S 5");
        assert_eq!(screen.state.rows.lines(4).len(), listed, "{services:?}");
        assert_eq!(screen.state.lanes().len(), count);
        let counts: usize = screen
            .state
            .lanes()
            .iter()
            .map(|lane| lane.counts().0)
            .sum();
        assert_eq!(counts, 2);
    }
}

#[test]
fn a_click_selects_a_card_and_folds_by_its_heading() {
    use ratatui::crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut screen = screen(200, 60, 200);
    let click = |screen: &mut Screen, column: u16, row: u16| {
        drop(screen.event(&Event::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })));
    };
    let slot = *screen.state.plan().slot(1).unwrap();
    click(&mut screen, slot.body.x + 3, slot.body.y + 2);
    assert_eq!(screen.state.board.focus, 1);
    assert_eq!(screen.state.lane(), Some(0));
    click(&mut screen, slot.body.x + 3, slot.body.y);
    assert!(screen.state.lanes()[0].folded);
    click(&mut screen, slot.body.x + 3, slot.body.y);
    assert!(!screen.state.lanes()[0].folded);
}

#[test]
fn lanes_fit_on_every_screen() {
    for cards in [0, 3, 400] {
        for (width, height) in [
            (200, 60),
            (80, 24),
            (44, 24),
            (40, 10),
            (30, 6),
            (20, 5),
            (1, 1),
        ] {
            let mut screen = screen(width, height, cards);
            screen.press("j j l G h k Z j Z pgdn X X 0 z tab ?");
            screen.press("esc s S S S S S");
        }
    }
}
