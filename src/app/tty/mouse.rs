//! Reports of the mouse, in the three forms that terminals have: with numbers as xterm and as rxvt
//! send them, and in three bytes.

use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// What is added to each of three bytes.
const OFFSET: u16 = 32;

/// Returns the event of `ESC [ < button ; column ; row M`, or `m` where a button is let go.
pub(super) fn of_numbers((button, column, row): (u16, u16, u16), last: char) -> Option<Event> {
    let mut event = event(button, column, row)?;
    if let MouseEventKind::Down(button) = event.kind
        && last == 'm'
    {
        event.kind = MouseEventKind::Up(button);
    }
    Some(Event::Mouse(event))
}

/// Returns the event of `ESC [ button ; column ; row M`.
pub(super) fn of_shifted((button, column, row): (u16, u16, u16)) -> Option<Event> {
    let button = button.checked_sub(OFFSET)?;
    event(button, column, row).map(Event::Mouse)
}

/// Returns the event of `ESC [ M` and three bytes.
pub(super) fn of_bytes([button, column, row]: [u8; 3]) -> Option<Event> {
    let number = |byte: u8| u16::from(byte).saturating_sub(OFFSET);
    event(number(button), number(column), number(row)).map(Event::Mouse)
}

fn event(button: u16, column: u16, row: u16) -> Option<MouseEvent> {
    let number = button & 0b11 | (button & 0b1100_0000) >> 4;
    let moves = button & 0b10_0000 != 0;
    let kind = match (number, moves) {
        (0, false) => MouseEventKind::Down(MouseButton::Left),
        (1, false) => MouseEventKind::Down(MouseButton::Middle),
        (2, false) => MouseEventKind::Down(MouseButton::Right),
        (0, true) => MouseEventKind::Drag(MouseButton::Left),
        (1, true) => MouseEventKind::Drag(MouseButton::Middle),
        (2, true) => MouseEventKind::Drag(MouseButton::Right),
        (3, false) => MouseEventKind::Up(MouseButton::Left),
        (3..=5, true) => MouseEventKind::Moved,
        (4, false) => MouseEventKind::ScrollUp,
        (5, false) => MouseEventKind::ScrollDown,
        (6, false) => MouseEventKind::ScrollLeft,
        (7, false) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let held = [
        (0b00100, KeyModifiers::SHIFT),
        (0b01000, KeyModifiers::ALT),
        (0b10000, KeyModifiers::CONTROL),
    ];
    let held = held.into_iter().filter(|(bit, _)| button & bit != 0);
    // Both are counted from 1; 0 is outside of any screen.
    let cell = |number: u16| number.checked_sub(1).unwrap_or(u16::MAX);
    Some(MouseEvent {
        kind,
        column: cell(column),
        row: cell(row),
        modifiers: held.fold(KeyModifiers::NONE, |all, (_, modifier)| all | modifier),
    })
}
