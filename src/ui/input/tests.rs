//! Events of the terminal: what is taken, what is swallowed, what is checked.

use chrono::TimeDelta;
use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::engine::snapshot::Health;
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::sample;
use crate::ui::state::{UiOptions, View};
use crate::ui::testing::Screen;

fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Event {
    Event::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })
}

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

#[test]
fn releases_are_no_presses() {
    let mut screen = Screen::new(80, 24, 96);
    let mut event = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
    event.kind = KeyEventKind::Release;
    screen.event(&Event::Key(event));
    assert_eq!(screen.state.focused().unwrap().at, 0);
}

#[test]
fn ctrl_c_quits_everywhere() {
    for keys in ["j", "?", ":", "/", "enter", "M", "g o", "g"] {
        let mut screen = Screen::new(80, 24, 96);
        screen.press(keys);
        assert_eq!(screen.press("ctrl-c"), [Effect::Quit], "after {keys}");
    }
}

#[test]
fn pasted_text_never_runs_as_commands() {
    let mut screen = Screen::new(80, 24, 96);
    let effects = screen.event(&Event::Paste("jjq\nq".to_owned()));
    assert_eq!(
        effects,
        [Effect::Toast("pasted text is ignored here".to_owned())]
    );
    assert_eq!(screen.state.focused().unwrap().at, 0);
}

#[test]
fn pasted_text_becomes_one_clean_line_where_text_is_written() {
    let mut screen = Screen::new(80, 24, 96);
    screen.press("/");
    screen.event(&Event::Paste("status:\u{7}failed\nq\n".to_owned()));
    let Some(Overlay::Filter(line)) = screen.state.overlays.last() else {
        panic!("the line is open");
    };
    assert_eq!(line.input.value(), "status:failed");
    screen.event(&Event::Paste("x".repeat(100_000)));
    let Some(Overlay::Filter(line)) = screen.state.overlays.last() else {
        panic!("the line is open");
    };
    assert!(line.input.value().len() < 600);
}

#[test]
fn a_question_ignores_keys_that_were_under_way() {
    let mut screen = Screen::new(80, 24, 96);
    screen.snapshot.sources[0].budgets[0].remaining = 1;
    screen.event(&key(KeyCode::Char('R'), KeyModifiers::SHIFT));
    let effects = screen.event(&key(KeyCode::Char('y'), KeyModifiers::NONE));
    assert_eq!(effects, []);
    assert!(matches!(
        screen.state.overlays.last(),
        Some(Overlay::Confirm(_))
    ));
    screen.now += TimeDelta::milliseconds(250);
    assert_eq!(screen.press("x"), [], "other keys are no answer");
    assert_eq!(screen.press("y")[0], Effect::RefreshAll);
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer() {
    let mut screen = Screen::new(80, 24, 96);
    for _ in 0..3 {
        screen.event(&mouse(MouseEventKind::ScrollDown, 25, 10));
    }
    assert_eq!(screen.state.board.focus, 0, "the focus stays");
    let offsets: Vec<usize> = screen.state.board.columns[..3]
        .iter()
        .map(|c| c.offset)
        .collect();
    assert_eq!(offsets, [0, 3, 0]);
    for _ in 0..9 {
        screen.event(&mouse(MouseEventKind::ScrollUp, 25, 10));
    }
    assert_eq!(screen.state.board.columns[1].offset, 0);
}

#[test]
fn a_click_selects_and_two_open() {
    let mut screen = Screen::new(80, 24, 96);
    screen.event(&mouse(CLICK, 22, 11));
    let at = (screen.state.board.focus, screen.state.focused().unwrap().at);
    assert_eq!(at, (1, 2));
    assert!(screen.state.overlays.is_empty());
    screen.now += TimeDelta::milliseconds(200);
    let effects = screen.event(&mouse(CLICK, 22, 11));
    assert!(matches!(
        screen.state.overlays.last(),
        Some(Overlay::Detail(_))
    ));
    assert!(matches!(effects[..], [Effect::Look(Some(_))]));
}

#[test]
fn a_click_on_a_rail_opens_the_column() {
    let mut screen = Screen::new(80, 24, 96);
    screen.event(&mouse(CLICK, 78, 8));
    assert_eq!(screen.state.board.focus, 7);
    assert!(screen.state.plan().slot(7).is_some());
}

#[test]
fn the_border_of_a_column_can_be_dragged() {
    let mut screen = Screen::new(200, 60, 96);
    let divider = |screen: &Screen| screen.state.plan().slots[0].body.right();
    assert_eq!(divider(&screen), 24);
    screen.event(&mouse(CLICK, 24, 12));
    assert!(screen.state.overlays.is_empty());
    let drag = MouseEventKind::Drag(MouseButton::Left);
    for (x, expected) in [(25, 25), (60, 39), (0, 9), (199, 39), (30, 30)] {
        screen.event(&mouse(drag, x, 13));
        assert_eq!(divider(&screen), expected, "to {x}");
        let symbol = screen.buffer()[(expected, 20)].symbol();
        assert_eq!(symbol, "│", "to {x}");
    }
    screen.event(&mouse(MouseEventKind::Up(MouseButton::Left), 30, 13));
    screen.event(&mouse(drag, 50, 13));
    assert_eq!(divider(&screen), 30, "nobody holds it any more");
    screen.now += TimeDelta::seconds(2);
    screen.event(&mouse(CLICK, 30, 13));
    screen.now += TimeDelta::milliseconds(200);
    screen.event(&mouse(CLICK, 30, 13));
    assert_eq!(divider(&screen), 24, "twice takes it back");
}

#[test]
fn a_key_leaves_the_mouse_to_the_terminal_and_takes_it_back() {
    let mut screen = Screen::new(80, 24, 96);
    assert_eq!(screen.press("ctrl-x")[0], Effect::Mouse(false));
    assert_eq!(screen.press("ctrl-x")[0], Effect::Mouse(true));
}

#[test]
fn a_mouse_outside_the_screen_does_nothing() {
    let mut screen = Screen::new(80, 24, 96);
    let before = screen.text();
    for (x, y) in [(u16::MAX, u16::MAX), (80, 3), (3, 24), (0, u16::MAX)] {
        for kind in [CLICK, MouseEventKind::ScrollDown, MouseEventKind::Moved] {
            assert_eq!(screen.event(&mouse(kind, x, y)), []);
        }
    }
    assert_eq!(screen.text(), before);
}

#[test]
fn a_click_selects_a_source() {
    let mut snapshot = sample::snapshot(8);
    for name in ["ghe", "ci"] {
        snapshot.sources.push(sample::source(name, Health::Stale));
    }
    let mut screen = Screen::with(80, 24, snapshot, UiOptions::default());
    screen.press("g o");
    for (row, source) in [(3, 0), (5, 2), (4, 1), (9, 1), (2, 1)] {
        screen.event(&mouse(CLICK, 4, row));
        assert_eq!(screen.state.source, source, "row {row}");
    }
}

#[test]
fn the_focus_of_the_terminal_is_passed_on() {
    let mut screen = Screen::new(80, 24, 96);
    assert_eq!(screen.event(&Event::FocusLost), [Effect::Focus(false)]);
    assert_eq!(screen.event(&Event::FocusGained), [Effect::Focus(true)]);
}

#[test]
fn a_size_of_nothing_counts_as_eighty_by_twenty_four() {
    let mut screen = Screen::new(80, 24, 96);
    screen.event(&Event::Resize(0, 0));
    assert_eq!(screen.state.size, (80, 24));
}

#[test]
fn esc_gives_a_sequence_up() {
    let mut screen = Screen::new(80, 24, 96);
    screen.press("g esc o");
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn what_the_mouse_does_outside_of_the_screen_only_ends_what_it_held() {
    let mut screen = Screen::new(100, 40, 96);
    let drag = MouseEventKind::Drag(MouseButton::Left);
    let up = MouseEventKind::Up(MouseButton::Left);
    for kind in [CLICK, drag, MouseEventKind::ScrollDown, up] {
        // What is made of a report of column or row 0.
        for (x, y) in [(u16::MAX, u16::MAX), (u16::MAX, 5), (5, u16::MAX)] {
            assert!(screen.event(&mouse(kind, x, y)).is_empty());
            assert_eq!(screen.state.focused().unwrap().at, 0, "{kind:?}");
        }
    }
}

#[test]
fn a_key_without_a_meaning_says_so_once_and_never_in_a_flood() {
    let mut screen = Screen::new(120, 40, 48);
    let told = |effects: &[Effect]| {
        let text = effects.iter().find_map(|effect| {
            if let Effect::Toast(text) = effect {
                Some(text.clone())
            } else {
                None
            }
        });
        text.unwrap_or_default()
    };
    let text = told(&screen.press("Q"));
    assert_eq!(text, "`Q` does nothing here, ? shows the keys");
    assert_eq!(told(&screen.press("Q")), "", "once is enough");
    assert!(told(&screen.press("T")).starts_with("`T` does nothing"));
    assert!(told(&screen.press("Q")).starts_with("`Q` does nothing"));
    screen.press("z");
    assert!(!screen.text().contains("does nothing"), "{}", screen.text());
    assert!(told(&screen.press("Q")).starts_with("`Q` does nothing"));
    screen.press("j");
    for c in "QTDQTDQTD".chars() {
        screen.now += TimeDelta::milliseconds(5);
        let key = KeyEvent::from(KeyCode::Char(c));
        let effects = screen.event(&Event::Key(key));
        assert_eq!(told(&effects), "", "{c}");
    }
}

#[test]
fn an_answer_goes_with_the_next_key_and_what_came_by_itself_when_it_was_read() {
    let mut screen = Screen::new(120, 40, 48);
    screen.state.answer("an answer", screen.now);
    screen.state.notify("some news", screen.now);
    screen.state.notify_error("a fault", screen.now);
    let shown = |screen: &Screen| {
        let toasts = screen.state.messages.toasts.iter();
        toasts.map(|it| it.text.clone()).collect::<Vec<_>>()
    };
    screen.press("z");
    assert_eq!(shown(&screen), ["some news", "a fault"]);
    screen.now += TimeDelta::seconds(2);
    screen.press("z");
    assert_eq!(shown(&screen), ["a fault"]);
}
