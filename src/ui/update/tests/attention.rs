//! The list of what calls for a person, by keys; what cards and headings say of it.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::attention::{Attention, Kind, Limit, Line, Watcher};
use crate::domain::item::{Evidence, EvidenceKind, WorkItem};
use crate::domain::key::ServiceName;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::engine::snapshot::Row;
use crate::ui::sample;
use crate::ui::state::{UiOptions, View};
use crate::ui::testing::Screen;
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

/// A board on which the column Code holds more than it should.
fn screen(width: u16, hard: bool) -> Screen {
    let mut snapshot = sample::snapshot(96);
    let limit = Limit {
        hard,
        ..Limit::of_column(Stage::Code, 10)
    };
    let rules = Attention {
        limits: vec![limit],
        ..Attention::default()
    };
    let mut watcher = Watcher::new(rules);
    let items: Vec<Arc<WorkItem>> = snapshot.items().cloned().collect();
    watcher.refresh(&items, &[], sample::moment());
    watcher.is_for(vec!["chen".to_owned()], sample::moment());
    snapshot.attention = watcher.board();
    let options = UiOptions {
        me: vec!["chen".to_owned()],
        ..UiOptions::default()
    };
    Screen::with(width, 40, snapshot, options)
}

#[test]
fn headings_and_cards_say_what_is_too_much() {
    let soft = screen(200, false);
    let text = soft.text();
    assert!(text.contains("Code 12/10!"), "{text}");
    assert!(text.contains("! over"), "{text}");
    assert!(text.contains("! for you"), "{text}");
    let hard = screen(200, true).text();
    assert!(hard.contains("Code 12/10!!"), "{hard}");
}

#[test]
fn where_a_call_does_not_fit_its_mark_stands_for_it() {
    let mut marks = 0;
    for width in 80..140 {
        let text = screen(width, false).text();
        for part in text.split("! ").skip(1) {
            let cut = ["o…", "ov…", "ove…", "t…", "too…", "f…", "fo…", "for…", "s…"];
            let half = cut.iter().find(|half| part.starts_with(**half));
            assert_eq!(half, None, "{width} columns:\n{text}");
        }
        marks += text.matches(" ! @").count();
    }
    assert!(marks > 0, "none was too long for its card");
}

#[test]
fn without_colour_and_unicode_the_same_is_said() {
    let mut screen = screen(200, false);
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    screen.draw();
    let text = screen.text();
    assert!(text.contains("! over") && text.contains("12/10!"), "{text}");
}

#[test]
fn the_list_is_two_keys_away_and_opens_the_card() {
    let mut screen = screen(140, false);
    screen.press("g a");
    assert_eq!(screen.state.view, View::Attention);
    let lines = &screen.state.attention.calls;
    assert!(
        lines.is_sorted_by_key(|line| line.call.kind),
        "most urgent first"
    );
    let over = lines.iter().filter(|line| line.call.kind == Kind::OverSoft);
    assert_eq!(over.count(), 2);
    let text = screen.text();
    assert!(text.contains("rule") && text.contains("since"), "{text}");
    screen.press("G");
    let last = screen.state.attention.calls.last().unwrap().item.id.clone();
    screen.press("i");
    let detail = screen.state.detail().unwrap();
    assert_eq!(detail.key, crate::ui::rows::RowKey::Item(last));
    screen.press("esc");
    assert_eq!(screen.state.view, View::Attention);
    screen.press("esc");
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn the_filter_narrows_the_list() {
    let mut screen = screen(140, false);
    screen.press("g a /");
    screen.type_text("is:over");
    screen.press("enter");
    let lines = &screen.state.attention.calls;
    assert!(!lines.is_empty());
    let code = |line: &crate::domain::attention::Listed| line.item.placement.stage == Stage::Code;
    assert!(lines.iter().all(code));
    screen.press("/ ctrl-u");
    screen.type_text("nothing-like-it");
    screen.press("enter");
    let text = screen.text();
    assert!(
        text.contains("no card that calls matches the filter"),
        "{text}"
    );
}

#[test]
fn the_cursor_stays_on_its_line_when_others_come_and_go() {
    let mut screen = screen(140, false);
    screen.press("g a j j");
    let held = screen.state.attention.calls[2].clone();
    let first = screen.state.attention.calls[0].item.id.clone();
    let items: Vec<Arc<WorkItem>> = screen.snapshot.items().cloned().collect();
    let rest: Vec<_> = items.into_iter().filter(|item| item.id != first).collect();
    let mut watcher = Watcher::new(Attention::default());
    watcher.is_for(vec!["chen".to_owned()], screen.now);
    watcher.refresh(&rest, &[], screen.now);
    screen.snapshot.attention = watcher.board();
    screen.snapshot.generation += 1;
    screen.now += TimeDelta::seconds(1);
    screen.arrive();
    let list = &screen.state.attention;
    let now = list.call(list.selected().unwrap()).unwrap();
    assert_eq!(
        (&now.item.id, now.call.kind),
        (&held.item.id, held.call.kind)
    );
}

/// A board on which three cards of one service wait at one gate since long ago, and one elsewhere.
fn at_gates() -> Screen {
    let mut snapshot = sample::snapshot(96);
    let mut items: Vec<WorkItem> = snapshot.items().map(|item| item.as_ref().clone()).collect();
    items.retain(|item| item.train.is_none());
    for (nth, item) in items.iter_mut().take(4).enumerate() {
        let hours = i64::try_from(nth).unwrap() + 30;
        item.services = vec![ServiceName::new("shop")];
        item.placement.done = None;
        item.evidence = vec![Evidence {
            kind: EvidenceKind::Gate,
            key: if nth == 3 { "staging" } else { "production" }.into(),
            state: "waiting".into(),
            status: Status::Waiting,
            url: None,
            at: sample::moment() - TimeDelta::hours(hours),
            confidence: 100,
            detail: Clean::default(),
            run: None,
            door: None,
            sha: None,
        }];
    }
    let items: Vec<Arc<WorkItem>> = items.into_iter().take(4).map(Arc::new).collect();
    let mut watcher = Watcher::new(Attention::default());
    watcher.refresh(&items, &[], sample::moment());
    snapshot.attention = watcher.board();
    for column in &mut snapshot.columns {
        column.rows = Vec::new().into();
    }
    snapshot.columns[0].rows = items.into_iter().map(Row::Item).collect();
    let mut screen = Screen::with(140, 40, snapshot, UiOptions::default());
    screen.press("g a /");
    screen.type_text("service:shop");
    screen.press("enter");
    screen
}

#[test]
fn cards_that_wait_at_one_gate_are_one_line_that_opens() {
    let mut screen = at_gates();
    let gates = |screen: &Screen| {
        let calls = screen.state.attention.calls.iter();
        calls.filter(|line| line.call.kind == Kind::Gate).count()
    };
    assert_eq!(gates(&screen), 4, "all of them call");
    let text = screen.text();
    assert!(
        text.contains("3 wait at `production` of shop, the oldest for 1d"),
        "{text}"
    );
    assert!(!text.contains("`staging`"), "one alone is a card: {text}");
    let shut = screen.state.attention.lines.len();
    let cursor = screen
        .state
        .attention
        .lines
        .iter()
        .position(|line| matches!(line, Line::Gate { .. }));
    for _ in 0..cursor.unwrap() {
        screen.press("j");
    }
    screen.press("enter");
    assert_eq!(screen.state.attention.lines.len(), shut + 3);
    assert!(screen.state.detail().is_none());
    screen.press("j j");
    let list = &screen.state.attention;
    let second = list.call(list.selected().unwrap()).unwrap().item.id.clone();
    screen.press("i");
    let detail = screen.state.detail().unwrap();
    assert_eq!(detail.key, crate::ui::rows::RowKey::Item(second));
    screen.press("esc k k enter");
    assert_eq!(screen.state.attention.lines.len(), shut);
}
