//! What a move of the selection costs on its way to the terminal, view by view; links included.

use ratatui::buffer::Cell;

use std::sync::Arc;

use super::*;
use crate::domain::attention::{Attention, Limit, Watcher};
use crate::domain::item::WorkItem;
use crate::domain::key::WebUrl;
use crate::domain::text::Clean;
use crate::engine::snapshot::Row;
use crate::ui::encode::encode;
use crate::ui::rest::Rest;
use crate::ui::state::View;
use crate::ui::testing::{flow, replay, standup, triage};

/// The most bytes that a move of the selection may cost.
const MOST: usize = 600;

/// Returns the bytes that take the terminal from one picture to the next, as the screen sends them:
/// between its marks, and with the cursor put back.
fn sent(before: &Buffer, after: &Buffer) -> usize {
    let cells: Vec<(u16, u16, &Cell)> = before.diff_iter(after).collect();
    if cells.is_empty() {
        return 0;
    }
    let mut bytes = b"\x1b[?2026h\x1b[79;300H\x1b[?2026l".to_vec();
    encode(&cells, ERASES, &mut bytes);
    bytes.len()
}

/// Makes the cards of a board as large teams have them: long addresses, keys, titles, reasons.
pub(super) fn realistic(snapshot: &mut Snapshot) {
    const TITLES: [&str; 4] = [
        "Reject a payment request whose idempotency key was used before with another amount",
        "支払いゲートウェイの再試行を有限の待ち行列で行う 🎉 段階的に有効化する",
        "🚀 Zwischenspeicher für Rückerstattungsbestätigungen begrenzen und überwachen",
        "fix(checkout): do not charge twice when the gateway answers after its time-out",
    ];
    let longer = |item: &Arc<WorkItem>| {
        let mut item = (**item).clone();
        let number: usize = item.key.bytes().map(usize::from).sum();
        item.title = TITLES[number % TITLES.len()].into();
        item.url = WebUrl::parse(&format!(
            "https://gitlab.engineering.example-company.com/platform/payments/backend-services\
             /checkout-gateway/-/merge_requests/{number}"
        ));
        item.placement.reason = Clean::line(&format!(
            "job `integration / checkout-gateway (postgres 16, arm64)` of run {number} failed on \
             `feature/payments/retry-gateway-timeouts-with-a-bounded-queue`"
        ));
        Arc::new(item)
    };
    for column in &mut snapshot.columns {
        let rows = column.rows.iter().map(|row| match row {
            Row::Item(item) => Row::Item(longer(item)),
            Row::Train(train) => {
                let mut train = (**train).clone();
                train.items = train.items.iter().map(longer).collect();
                Row::Train(Arc::new(train))
            }
        });
        column.rows = rows.collect();
    }
}

/// A screen that shows a view, and somebody who presses a key as the shell would answer it.
pub(super) type Shown = (Screen, Box<dyn FnMut(&mut Screen, &str)>);

pub(super) fn shown(view: View, (width, height): (u16, u16)) -> Shown {
    let of_board = |keys: &str| -> Shown {
        let mut snapshot = sample::snapshot(400);
        realistic(&mut snapshot);
        let mut screen = Screen::with(width, height, snapshot, UiOptions::default());
        screen.press(keys);
        (screen, Box::new(|screen, key| drop(screen.press(key))))
    };
    match view {
        View::Board => of_board("2 j j"),
        View::Attention => {
            let mut snapshot = sample::snapshot(400);
            realistic(&mut snapshot);
            let mut watcher = Watcher::new(Attention {
                limits: vec![Limit::of_column(Stage::Code, 2)],
                ..Attention::default()
            });
            let items: Vec<_> = snapshot.items().cloned().collect();
            watcher.refresh(&items, &[], sample::moment());
            snapshot.attention = watcher.board();
            let mut screen = Screen::with(width, height, snapshot, UiOptions::default());
            screen.press("g a");
            assert!(screen.state.attention.lines.len() > 3);
            (screen, Box::new(|screen, key| drop(screen.press(key))))
        }
        View::Sources => {
            let mut snapshot = sample::snapshot(8);
            for name in ["ghe", "ci", "monitor"] {
                snapshot.sources.push(sample::source(name, Health::Stale));
            }
            let mut screen = Screen::with(width, height, snapshot, UiOptions::default());
            screen.press("g o");
            (screen, Box::new(|screen, key| drop(screen.press(key))))
        }
        View::Triage => {
            let (screen, shell) = triage::opened(width, height);
            let press = move |screen: &mut Screen, key: &str| drop(shell.press(screen, key));
            (screen, Box::new(press))
        }
        View::Standup => {
            let (screen, mut shell) = standup::opened(width, height);
            let press = move |screen: &mut Screen, key: &str| drop(shell.press(screen, key));
            (screen, Box::new(press))
        }
        View::Flow => {
            let screen = flow::screen(width, height, 200);
            (screen, Box::new(Screen::measure))
        }
        View::Replay => {
            let (screen, mut projector) = replay::screen(width, height, 60);
            let press = move |screen: &mut Screen, key: &str| drop(projector.press(screen, key));
            (screen, Box::new(press))
        }
    }
}

const LARGE: [(u16, u16); 3] = [(80, 24), (200, 60), (300, 80)];

/// Presses keys in a view at each size, after some others, and tells what costs too much.
fn costs(theme: &str, view: View, before: &str, keys: &str) -> String {
    let mut told = String::new();
    for size in LARGE {
        let (mut screen, mut press) = shown(view, size);
        screen.theme = Theme::builtin(theme, ColorDepth::True, Glyphs::Unicode).unwrap();
        screen.state.links = true;
        screen.state.rest.dialect = ERASES;
        screen.draw();
        assert_eq!(screen.state.view, view);
        for key in before.split_whitespace() {
            press(&mut screen, key);
        }
        for key in keys.split(' ') {
            let old = screen.painted.clone();
            screen.rests = false;
            press(&mut screen, key);
            let changed = old.diff_iter(&screen.painted).count();
            let cost = sent(&old, &screen.painted);
            if cost > MOST {
                let _ = writeln!(
                    told,
                    "{theme}: {view:?} {before} at {size:?}, {key}: {cost} bytes, {changed} cells"
                );
            }
        }
    }
    told
}

/// Every list of every view, the keys that lead to it, and moves in it.
const MOVES: [(View, &str, &str); 13] = [
    (View::Board, "", "j j k l h"),
    (View::Board, "z", "j j k"),
    (View::Board, "p", "j j k l h"),
    (View::Attention, "", "j j k"),
    (View::Attention, "p", "j j k"),
    (View::Triage, "", "j j k"),
    (View::Triage, "tab", "j j k"),
    (View::Standup, "", "j j k"),
    (View::Standup, "b", "j j k l h"),
    (View::Flow, "", "j j k"),
    (View::Flow, "enter", "j j k"),
    (View::Replay, "enter", "j k l h"),
    (View::Sources, "", "j k"),
];

/// The same where lists turn, columns open and close, and something lies over the view.
const FAR: [(View, &str, &str, usize); 12] = [
    (View::Board, "", "j", 40),
    (View::Board, "5 G", "k", 40),
    (View::Board, "", "l l l l l l h h h h h h", 1),
    (View::Board, "0", "l l l h h", 1),
    (View::Board, "z", "j j j l h", 4),
    (View::Board, "p", "j j j l h", 4),
    (View::Board, "S", "j j j l h", 8),
    (View::Board, "?", "j", 60),
    (View::Board, "T", "j", 12),
    (View::Attention, "", "j", 45),
    (View::Triage, "", "j", 30),
    (View::Flow, "enter", "j", 30),
];

#[test]
fn a_move_that_turns_a_list_costs_no_more() {
    let mut told = String::new();
    for theme in ["dark", "terminal"] {
        for (view, before, keys, times) in FAR {
            let keys = vec![keys; times].join(" ");
            told.push_str(&costs(theme, view, before, &keys));
        }
    }
    assert!(told.is_empty(), "{told}");
}

/// What a move left out comes once the selection rests, all of it.
#[test]
fn after_a_move_that_turned_a_list_all_of_it_comes() {
    for (before, keys) in [
        ("", "j"),
        ("z", "j"),
        ("", "l"),
        ("S", "j"),
        ("?", "j"),
        ("T", "j"),
    ] {
        let (mut screen, mut press) = shown(View::Board, (80, 24));
        screen.draw();
        for key in before.split_whitespace() {
            press(&mut screen, key);
        }
        let mut held = 0;
        for _ in 0..30 {
            screen.rests = false;
            press(&mut screen, keys);
            let moved = screen.painted.clone();
            let wake = next_change(&screen.state, &screen.snapshot, screen.now);
            let wake = wake.filter(|wake| (*wake - screen.now).num_milliseconds() <= 120);
            screen.now = wake.unwrap_or(screen.now);
            screen.draw();
            let rested = screen.painted.clone();
            held += usize::from(sent(&moved, &rested) > 0);
            screen.state.rest = Rest::default();
            screen.draw();
            assert_eq!(sent(&rested, &screen.painted), 0, "{before} {keys}");
        }
        assert!(held > 0, "{before} {keys}: it was held back somewhere");
    }
}

#[test]
fn a_move_of_the_selection_costs_few_bytes_in_every_view() {
    let mut told = String::new();
    for theme in ["dark", "light", "high-contrast", "nord", "terminal"] {
        for (view, before, keys) in MOVES {
            told.push_str(&costs(theme, view, before, keys));
        }
    }
    assert!(told.is_empty(), "{told}");
}

/// Where what is selected is shown at large, that comes when the selection rests, and costs the
/// cells that changed and little more; then nothing is waited for.
#[test]
fn what_is_shown_at_large_comes_once_the_selection_rests() {
    for (view, before, key) in [
        (View::Board, "p", "j"),
        (View::Triage, "", "j"),
        (View::Standup, "", "j"),
        (View::Standup, "b", "l"),
        (View::Flow, "", "j"),
        (View::Sources, "", "j"),
    ] {
        let (mut screen, mut press) = shown(view, (200, 60));
        for key in before.split_whitespace() {
            press(&mut screen, key);
        }
        screen.draw();
        let old = screen.buffer().clone();
        screen.rests = false;
        press(&mut screen, key);
        let moved = screen.buffer().clone();
        let wake = next_change(&screen.state, &screen.snapshot, screen.now).unwrap();
        let wait = (wake - screen.now).num_milliseconds();
        assert!((1..=120).contains(&wait), "{view:?}: {wait} ms");
        screen.now = wake - TimeDelta::milliseconds(1);
        screen.draw();
        assert_eq!(sent(&moved, screen.buffer()), 0, "{view:?}: not yet");
        screen.now = wake;
        screen.draw();
        let changed = moved.diff_iter(screen.buffer()).count();
        let cost = sent(&moved, screen.buffer());
        assert!(cost > 0, "{view:?}: the page comes");
        assert!(
            cost <= MOST + changed * 6,
            "{view:?}: {cost}, {changed} cells"
        );
        assert!(old.diff_iter(screen.buffer()).count() > changed);
        assert!(!screen.state.rest.is_awaited(), "{view:?}");
        let next = next_change(&screen.state, &screen.snapshot, screen.now);
        let soon = screen.now + TimeDelta::milliseconds(500);
        assert!(next.is_none_or(|next| next > soon), "{view:?}: {next:?}");
    }
}

/// Returns how many cells of the screen are part of a link.
fn linked(screen: &Screen) -> usize {
    let cells = screen.buffer().content().iter();
    cells
        .filter(|cell| crate::ui::link::split(cell.symbol()).is_some())
        .count()
}

/// Addresses are long: what changed its look while the selection moved is a link again in a moment.
#[test]
fn links_of_what_moved_come_back_once_the_selection_rests() {
    let (mut screen, mut press) = shown(View::Board, (200, 60));
    screen.state.links = true;
    screen.draw();
    let all = linked(&screen);
    assert!(all > 500, "{all}");
    screen.rests = false;
    for key in ["j", "j", "l"] {
        press(&mut screen, key);
    }
    let fewer = linked(&screen);
    assert!(fewer < all && fewer > all / 2, "{fewer} of {all}");
    let wake = next_change(&screen.state, &screen.snapshot, screen.now).unwrap();
    assert!((wake - screen.now).num_milliseconds() <= 120);
    screen.now = wake;
    screen.draw();
    assert_eq!(linked(&screen), all, "all are there again");
    press(&mut screen, "k");
    press(&mut screen, "t");
    assert_eq!(
        linked(&screen),
        all,
        "whatever is no move shows all at once"
    );
}

#[test]
fn a_slow_line_waits_longer_and_whatever_is_no_move_shows_all_at_once() {
    let moved = |keys: &[&str]| {
        let (mut screen, mut press) = shown(View::Sources, (120, 40));
        screen.draw();
        screen.rests = false;
        screen.state.rest.slow = true;
        for key in keys {
            press(&mut screen, key);
        }
        screen
    };
    let screen = moved(&["j"]);
    assert!(!screen.text().contains("\n ghe\n"), "{}", screen.text());
    let wake = next_change(&screen.state, &screen.snapshot, screen.now).unwrap();
    assert!((wake - screen.now).num_milliseconds() >= 250);
    for key in ["t", "y"] {
        let screen = moved(&["j", key]);
        assert!(
            screen.text().contains("\n ghe\n"),
            "{key}: {}",
            screen.text()
        );
    }
}

#[test]
fn nothing_is_sent_where_nothing_changed_in_every_view() {
    for view in View::ALL {
        for size in LARGE {
            let (mut screen, _) = shown(view, size);
            screen.state.links = true;
            screen.draw();
            let before = screen.buffer().clone();
            screen.draw();
            screen.arrive();
            assert_eq!(sent(&before, screen.buffer()), 0, "{view:?} at {size:?}");
        }
    }
}
