//! What a terminal shows and what that costs, for any board, size and keys.

use super::*;
use crate::ui::encode::{encode, encode_whole};

#[test]
fn wide_characters_break_no_divider() {
    let mut snapshot = sample::snapshot(80);
    for column in &mut snapshot.columns {
        column.rows = column
            .rows
            .iter()
            .map(|row| match row {
                crate::engine::snapshot::Row::Item(item) => {
                    let mut item = (**item).clone();
                    item.title = "支払い🎉の再試行を直す שלום é́́ ไทย".into();
                    item.key = "acme/支払#1".into();
                    crate::engine::snapshot::Row::Item(item.into())
                }
                train @ crate::engine::snapshot::Row::Train(_) => train.clone(),
            })
            .collect();
    }
    for width in [80, 97, 121, 140, 163] {
        let screen = Screen::with(width, 40, snapshot.clone(), UiOptions::default());
        let plan = screen.state.plan();
        for slot in &plan.slots[..7] {
            for y in plan.body.top()..plan.body.bottom() {
                let symbol = screen.buffer()[(slot.body.right(), y)].symbol();
                assert_eq!(symbol, "│", "width {width}, row {y}");
            }
        }
    }
}

fn terminal(rows: u16, columns: u16) -> vt100::Parser {
    let size = |count| std::num::NonZeroU16::new(count).unwrap();
    vt100::Parser::new(size(rows), size(columns), 0)
}

/// Sends a buffer through the encoder and a terminal, and compares what is seen.
fn round_trip(before: &Buffer, after: &Buffer, seen: &mut vt100::Parser) -> usize {
    let cells: Vec<_> = before.diff_iter(after).collect();
    let mut bytes = Vec::new();
    encode(&cells, ERASES, &mut bytes);
    seen.process(&bytes);
    bytes.len()
}

#[test]
fn a_terminal_shows_what_was_painted() {
    let mut screen = Screen::new(120, 40, 96);
    let mut seen = terminal(40, 120);
    let mut before = Buffer::empty(screen.buffer().area);
    for keys in ["j", "l l", "p", "?", "esc :", "esc g o", "g b z"] {
        screen.press(keys);
        round_trip(&before, screen.buffer(), &mut seen);
        before = screen.buffer().clone();
        let terminal: Vec<String> = seen
            .screen()
            .rows(0, 120)
            .map(|row| row.trim_end().to_owned())
            .collect();
        let painted: Vec<String> = screen.text().lines().map(str::to_owned).collect();
        assert_eq!(terminal, painted, "after {keys}");
    }
}

#[test]
fn links_and_erased_runs_leave_the_picture_as_it_is() {
    let mut screen = Screen::new(120, 40, 96);
    screen.state.links = true;
    screen.draw();
    let mut seen = terminal(40, 120);
    let mut before = Buffer::empty(screen.buffer().area);
    let mut linked = 0;
    for keys in [
        "j",
        "2 j",
        "p",
        ":",
        "esc i",
        "esc g t j",
        "esc g o",
        "g b 0",
    ] {
        screen.press(keys);
        let cells: Vec<_> = before.diff_iter(screen.buffer()).collect();
        let mut bytes = Vec::new();
        encode(&cells, ERASES, &mut bytes);
        linked += String::from_utf8_lossy(&bytes)
            .matches("\u{1b}]8;id=")
            .count();
        seen.process(&bytes);
        before = screen.buffer().clone();
        for (x, y) in places(screen.buffer()) {
            let painted = &screen.buffer()[(x, y)];
            let symbol = plain(painted.symbol());
            let shown = seen.screen().cell(y, x).unwrap();
            let contents = shown.contents();
            let is_same = contents == symbol || (contents.is_empty() && symbol == " ");
            assert!(is_same, "after {keys} at {x},{y}: {contents:?} {symbol:?}");
            if let Color::Rgb(red, green, blue) = painted.bg {
                let ground = vt100::Color::Rgb(red, green, blue);
                assert_eq!(shown.bgcolor(), ground, "after {keys} at {x},{y}");
            }
        }
    }
    assert!(linked > 20, "{linked}");
}

/// Sends a buffer as the whole picture to a terminal that shows something else, and compares.
fn whole(buffer: &Buffer, dialect: Dialect) -> usize {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let mut seen = terminal(rows, columns);
    for row in 1..=rows {
        let text = format!("\x1b[{row}H\x1b[41m{}", "#".repeat(columns.into()));
        seen.process(text.as_bytes());
    }
    seen.process(b"\x1b[0m");
    let before = Buffer::empty(buffer.area);
    let cells: Vec<_> = before.diff_iter(buffer).collect();
    let mut bytes = Vec::new();
    encode_whole(&cells, (columns, rows), dialect, &mut bytes);
    seen.process(&bytes);
    for (x, y) in places(buffer) {
        let painted = &buffer[(x, y)];
        let symbol = plain(painted.symbol());
        let shown = seen.screen().cell(y, x).unwrap();
        let contents = shown.contents();
        let is_same = contents == symbol || (contents.is_empty() && symbol == " ");
        assert!(is_same, "at {x},{y}: {contents:?} {symbol:?}");
        if let Color::Rgb(red, green, blue) = painted.bg {
            let ground = vt100::Color::Rgb(red, green, blue);
            assert_eq!(shown.bgcolor(), ground, "at {x},{y}");
        }
    }
    bytes.len()
}

#[test]
fn a_whole_picture_costs_what_stands_on_it() {
    for (size, most) in [((80, 24), 2_600), ((120, 40), 4_600), ((300, 80), 9_000)] {
        let (width, height) = size;
        let empty = Snapshot::default();
        let screen = Screen::with(width, height, empty, UiOptions::default());
        let cost = whole(screen.buffer(), ERASES);
        let spaces = whole(screen.buffer(), Dialect::default());
        let board = Screen::new(width, height, 96);
        let full = whole(board.buffer(), ERASES);
        assert!(full > cost);
        assert!(cost <= most, "{size:?}: {cost} bytes");
        assert!(cost < spaces, "{size:?}: {cost} of {spaces}");
    }
}

#[test]
fn small_changes_cost_few_bytes() {
    let mut screen = Screen::new(200, 60, 2_000);
    let mut seen = terminal(60, 200);
    let mut cost = |screen: &mut Screen, keys: &str| {
        let before = screen.buffer().clone();
        screen.press(keys);
        round_trip(&before, screen.buffer(), &mut seen)
    };
    let next_card = cost(&mut screen, "j");
    let next_stage = cost(&mut screen, "l");
    let back = cost(&mut screen, "h");
    assert!(next_card <= 400, "next card: {next_card} bytes");
    assert!(
        next_stage.max(back) <= 600,
        "next stage: {next_stage} and {back} bytes"
    );
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    (0_usize..60, any::<u8>(), any::<bool>(), "[a-z日🎉é ]{0,40}").prop_map(
        |(cards, seed, partial, title)| {
            let mut snapshot = sample::snapshot(cards);
            snapshot.generation = u64::from(seed);
            snapshot.partial = partial;
            for (at, column) in snapshot.columns.iter_mut().enumerate() {
                if (seed >> at) & 1 == 1 {
                    column.rows = column.rows.iter().rev().take(3).cloned().collect();
                    column.count = column.rows.len();
                }
            }
            if seed % 3 == 0 {
                let mut item = sample::card(7, Stage::Test);
                item.title = title.as_str().into();
                item.placement.status = Status::ALL[usize::from(seed) % 26];
                let row = crate::engine::snapshot::Row::Item(item.into());
                snapshot.columns[3].rows = vec![row].into();
                snapshot.columns[3].count = 1;
            }
            snapshot
        },
    )
}

const KEYS: &[&str] = &[
    "j",
    "k",
    "h",
    "l",
    "G",
    "g g",
    "ctrl-d",
    "ctrl-u",
    "pgdn",
    "1",
    "3",
    "8",
    "0",
    "H",
    "L",
    "z",
    "s",
    "e",
    "E",
    "p",
    "J",
    "K",
    "enter",
    "enter",
    "esc",
    "tab",
    "o",
    "y",
    "r",
    "R",
    "/",
    ":",
    "?",
    "M",
    "g b",
    "g o",
    "g f",
    "e",
    "N",
    "F",
    "T",
    "w",
    "]",
    "-",
    "t",
    "a",
    "space",
    "backspace",
    "up",
    "down",
    "n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_size_no_board_and_no_keys_break_the_screen(
        width in 0_u16..=60,
        height in 0_u16..=30,
        wide: bool,
        boards in prop::collection::vec(snapshots(), 1..4),
        keys in prop::collection::vec(0..KEYS.len(), 0..24),
    ) {
        let width = if wide { width * 5 } else { width };
        let mut boards = boards.into_iter();
        let first = boards.next().unwrap();
        let mut screen = Screen::with(width.max(1), height.max(1), first, UiOptions::default());
        for (nth, key) in keys.iter().enumerate() {
            screen.press(KEYS[*key]);
            if nth % 6 == 5 && let Some(next) = boards.next() {
                let generation = screen.snapshot.generation + 1;
                screen.snapshot = next;
                screen.snapshot.generation = generation;
                screen.arrive();
            }
            let state = &screen.state;
            prop_assert!(state.board.focus < 8);
            let plan = state.plan();
            if let Some(slot) = plan.slot(state.board.focus) {
                let lines = state.rows.lines(state.board.focus).len();
                let (capacity, _) = plan.capacity(slot, lines);
                let column = state.focused().unwrap();
                if lines > 0 {
                    prop_assert!(column.at < lines);
                    let selected = state.selected(&screen.snapshot);
                    prop_assert!(selected.is_some_and(|s| column.selected.as_ref().is_some_and(|k| s.is(k))));
                    if capacity > 0 {
                        prop_assert!(column.offset <= column.at && column.at < column.offset + capacity);
                    }
                }
            }
        }
    }
}
