//! The flow view by keys: what is asked for, what is shown, what lies behind a number.

use std::sync::Arc;

use crate::domain::flow::Scope;
use crate::domain::key::ServiceName;
use crate::ui::effect::Effect;
use crate::ui::flow::{Ask, Page, Span};
use crate::ui::overlay::Overlay;
use crate::ui::state::{Layer, View};
use crate::ui::testing::Screen;
use crate::ui::testing::flow::{ledger, report, screen};
use crate::ui::update::flow::on_report;

#[test]
fn opening_the_view_reads_history_and_then_measures_it_once() {
    let mut screen = Screen::new(80, 24, 8);
    let effects = screen.press("g m");
    assert_eq!(screen.state.view, View::Flow);
    assert!(effects.contains(&Effect::Recall), "{effects:?}");
    assert!(screen.state.flow.report.is_none());
    screen.recall(ledger(12));
    assert!(screen.state.flow.report.is_some());
    let again = screen.press("j k");
    assert!(
        !again
            .iter()
            .any(|effect| matches!(effect, Effect::Measure(_)))
    );
}

#[test]
fn what_is_typed_while_it_is_measured_is_done_once_it_is() {
    let mut screen = Screen::new(80, 24, 8);
    screen.press("g m l j");
    assert!(screen.text().contains("done as soon as flow is measured"));
    screen.press("j k k enter");
    let flow = &screen.state.flow;
    assert_eq!(flow.page, Page::Cycle, "another page waits for nothing");
    assert_eq!(flow.layer, None);
    screen.recall(ledger(62));
    assert_eq!(screen.state.flow.layer, Some(Layer::Behind));
    // A key that leads elsewhere is typed ahead as well, and what was is dropped by Esc.
    let mut screen = Screen::new(80, 24, 8);
    screen.press("g m G esc g b");
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn nothing_waits_for_a_history_that_cannot_be_read() {
    let mut screen = Screen::new(80, 24, 8);
    screen.press("g m j");
    assert!(screen.state.ahead.is_some());
    let now = screen.now;
    crate::ui::history::on_recalled(&mut screen.state, None, &screen.snapshot, now);
    drop(crate::ui::input::catch_up(
        &mut screen.state,
        &screen.snapshot,
        now,
    ));
    assert!(screen.state.ahead.is_none());
    screen.press("j");
    assert!(screen.state.ahead.is_none());
}

#[test]
fn pages_go_round_by_the_arrows_and_by_tab() {
    let mut screen = screen(80, 24, 12);
    for (keys, page) in [
        ("l", Page::Cycle),
        ("tab", Page::Ageing),
        ("h h", Page::Dora),
        ("left", Page::Calms),
        ("shift-tab", Page::Ci),
    ] {
        screen.press(keys);
        assert_eq!(screen.state.flow.page, page, "{keys}");
    }
}

#[test]
fn each_page_keeps_its_metric() {
    let mut screen = screen(80, 24, 12);
    screen.press("j j l j h");
    assert_eq!(screen.state.flow.cursor(), 2);
    screen.press("l");
    assert_eq!(screen.state.flow.cursor(), 1);
    screen.press("G");
    assert_eq!(screen.state.flow.cursor() + 1, screen.state.flow.count());
}

#[test]
fn the_window_is_measured_anew_and_a_late_answer_for_another_is_dropped() {
    let mut screen = screen(80, 24, 12);
    let effects = screen.press("w");
    let [Effect::Measure(quarter)] = &effects[..] else {
        panic!("one effect: {effects:?}");
    };
    assert_eq!(quarter.span, Span::Quarter);
    let late = report(&ledger(12), quarter);
    let effects = screen.press("w");
    on_report(&mut screen.state, late);
    assert!(screen.state.flow.measuring, "the week is still under way");
    screen.answer(&effects);
    let shown = screen.state.flow.report.clone().unwrap();
    assert_eq!(
        (shown.span, screen.state.flow.measuring),
        (Span::Week, false)
    );
}

#[test]
fn a_scope_is_chosen_from_what_history_knows() {
    let mut screen = screen(80, 24, 12);
    screen.measure("s");
    assert!(screen.text().contains("measure what?"), "{}", screen.text());
    screen.measure("down enter");
    assert!(screen.state.overlays.is_empty());
    let shown = screen.state.flow.report.clone().unwrap();
    assert!(matches!(&shown.scope, Scope::Service(name) if name.as_str() == "api"));
    // Opened again, the cursor is on what is in force, and leaving changes nothing.
    screen.measure("s");
    let text = screen.text();
    assert!(text.contains("service, shown"), "{text}");
    screen.measure("down esc");
    assert_eq!(screen.state.flow.report.clone().unwrap().scope, shown.scope);
    assert_eq!(screen.state.view, View::Flow);
    screen.measure("s enter");
    assert_eq!(screen.state.flow.report.clone().unwrap().scope, shown.scope);
}

#[test]
fn of_five_hundred_services_one_is_found_by_some_of_its_letters() {
    let mut screen = screen(80, 24, 12);
    let mut report = report(
        &ledger(12),
        &Ask {
            scope: Scope::All,
            span: Span::Month,
        },
    );
    let services =
        (0..500).map(|n| Scope::Service(ServiceName::new(&format!("team{}-svc{n}", n % 7))));
    Arc::make_mut(&mut report).scopes.extend(services);
    on_report(&mut screen.state, report);
    screen.measure("s G");
    let text = screen.text();
    assert!(text.contains("nothing is called like that"), "{text}");
    screen.measure("backspace");
    // All of them can be walked to: none is cut off for being far down.
    let Some(Overlay::Palette(open)) = screen.state.overlays.last() else {
        panic!("the list is open");
    };
    assert_eq!(open.entries.len(), 505);
    for key in "t3svc437".chars() {
        screen.measure(&key.to_string());
    }
    let Some(Overlay::Palette(open)) = screen.state.overlays.last() else {
        panic!("the list is open");
    };
    assert_eq!(open.entries[0].text, "team3-svc437");
    let effects = screen.press("enter");
    let wanted = Scope::Service(ServiceName::new("team3-svc437"));
    assert!(
        matches!(&effects[..], [Effect::Measure(ask)] if ask.scope == wanted),
        "{effects:?}"
    );
}

#[test]
fn a_number_opens_the_cards_behind_it_and_their_pages() {
    let mut screen = screen(80, 24, 62);
    screen.measure("w l enter");
    assert_eq!(screen.state.flow.layer, Some(Layer::Behind));
    let card = screen.state.flow.card().cloned().unwrap();
    let url = screen.state.flow.report.clone().unwrap().cards[&card]
        .url
        .clone();
    assert_eq!(screen.press("o"), [Effect::OpenUrl(url.unwrap())]);
    screen.press("G");
    // The oldest one has left the board.
    let effects = screen.press("enter");
    let told = effects.iter().any(|effect| {
        matches!(effect, Effect::Toast(text) if text.contains("not on the board any more"))
    });
    assert!(told, "{effects:?}");
    // The first one takes the message away.
    screen.press("esc esc");
    assert_eq!(
        (screen.state.flow.layer, screen.state.view),
        (None, View::Flow)
    );
    screen.press("esc");
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn a_card_that_is_on_the_board_has_its_detail() {
    let mut screen = screen(80, 24, 62);
    screen.measure("w l enter");
    let on_board = |screen: &Screen| {
        let card = screen.state.flow.card().cloned();
        card.is_some_and(|card| screen.snapshot.find(&card).is_some())
    };
    let mut tries = 0;
    while !on_board(&screen) && tries < 60 {
        screen.press("j");
        tries += 1;
    }
    assert!(on_board(&screen), "one of them is on the board");
    screen.press("enter");
    assert!(matches!(
        screen.state.overlays.last(),
        Some(Overlay::Detail(_))
    ));
    screen.press("esc");
    assert_eq!(screen.state.flow.layer, Some(Layer::Behind));
}

#[test]
fn definitions_come_first_and_the_keys_after_them() {
    let mut screen = screen(80, 24, 12);
    screen.press("?");
    assert_eq!(screen.state.flow.layer, Some(Layer::Definitions));
    assert!(
        screen
            .text()
            .contains("time from the first commit of a change")
    );
    screen.press("G");
    assert!(
        screen.text().contains("help again lists the keys"),
        "{}",
        screen.text()
    );
    screen.press("?");
    assert!(matches!(
        screen.state.overlays.last(),
        Some(Overlay::Help(_))
    ));
}

#[test]
fn the_page_is_copied_and_history_is_read_again() {
    let mut screen = screen(80, 24, 12);
    screen.press("l");
    assert_eq!(screen.press("y"), [Effect::CopyFlow(Page::Cycle)]);
    assert!(screen.press("r").contains(&Effect::Recall));
}

#[test]
fn the_cursor_stays_on_its_card_when_another_report_comes() {
    let mut screen = screen(80, 24, 40);
    screen.measure("w l enter j j j");
    let card = screen.state.flow.card().cloned();
    screen.recall(ledger(46));
    assert!(card.is_some());
    assert_eq!(screen.state.flow.card().cloned(), card);
}
