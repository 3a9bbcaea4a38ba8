//! Keys as terminals send them: the old sequences, those of xterm, rxvt and Linux, and kitty's.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use vte::Params;

/// Returns the key of a byte that is no character.
pub(super) fn of_control(byte: u8) -> Option<KeyEvent> {
    let ctrl = |letter: u8| KeyEvent::new(KeyCode::Char(letter.into()), KeyModifiers::CONTROL);
    Some(match byte {
        0 => ctrl(b' '),
        b'\t' => KeyCode::Tab.into(),
        b'\r' | b'\n' => KeyCode::Enter.into(),
        0x01..=0x1a => ctrl(byte - 1 + b'a'),
        0x1b => KeyCode::Esc.into(),
        0x1c..=0x1f => ctrl(byte - 0x1c + b'4'),
        0x7f => KeyCode::Backspace.into(),
        _ => return None,
    })
}

/// Returns the key that types a character.
pub(super) fn of_character(c: char) -> KeyEvent {
    let modifiers = if c.is_uppercase() {
        KeyModifiers::SHIFT
    } else {
        KeyModifiers::NONE
    };
    KeyEvent::new(KeyCode::Char(c), modifiers)
}

/// Returns the key of a sequence `ESC O …`.
pub(super) fn of_application(params: &Params, last: char) -> Option<KeyEvent> {
    let numbers = Numbers::of(params);
    let code = match last {
        'M' => KeyCode::Enter,
        'I' => KeyCode::Tab,
        'X' => KeyCode::Char('='),
        // The number block: `*` to `9`, two rows of the table further down.
        'j'..='y' => KeyCode::Char(char::from_u32(u32::from(last) - 0x40)?),
        'a'..='d' => {
            let code = of_letter(last.to_ascii_uppercase())?;
            return Some(KeyEvent::new(code, KeyModifiers::CONTROL));
        }
        _ => of_letter(last)?,
    };
    // Old ones send the modifiers as the only number.
    let held = if numbers.second() > 0 {
        numbers.second()
    } else {
        numbers.first()
    };
    Some(KeyEvent::new(code, modifiers(held)))
}

/// Returns the key of a sequence `ESC [ …` without a mark.
pub(super) fn of_sequence(params: &Params, last: char) -> Option<KeyEvent> {
    let numbers = Numbers::of(params);
    let (code, held) = match last {
        '~' if numbers.first() == 27 => {
            let code = of_code(numbers.third())?;
            (code, modifiers(numbers.second()))
        }
        '~' => (of_number(numbers.first())?, modifiers(numbers.second())),
        '^' => (of_number(numbers.first())?, KeyModifiers::CONTROL),
        '@' => (
            of_number(numbers.first())?,
            KeyModifiers::CONTROL | KeyModifiers::SHIFT,
        ),
        'a'..='d' => (of_letter(last.to_ascii_uppercase())?, KeyModifiers::SHIFT),
        'u' => return of_kitty(params),
        'Z' => (
            KeyCode::BackTab,
            modifiers(numbers.second()) | KeyModifiers::SHIFT,
        ),
        // Else it is where the cursor is, which nobody here has asked.
        'R' if numbers.first() > 1 || numbers.second() > 16 => return None,
        _ => (of_letter(last)?, modifiers(numbers.second())),
    };
    Some(KeyEvent::new_with_kind(code, held, numbers.kind()))
}

/// Returns the key of the Linux console's `ESC [ [ A`.
pub(super) fn of_console(byte: u8) -> Option<KeyEvent> {
    let number = byte.checked_sub(b'A').filter(|number| *number < 5)?;
    Some(KeyCode::F(number + 1).into())
}

/// `ESC [ code:shifted ; modifiers:kind ; text u`.
fn of_kitty(params: &Params) -> Option<KeyEvent> {
    let numbers = Numbers::of(params);
    let mut code = of_code(numbers.first())?;
    let mut held = modifiers(numbers.second());
    if held.contains(KeyModifiers::SHIFT) {
        let shifted = params.iter().next().and_then(|parts| parts.get(1).copied());
        if code == KeyCode::Tab {
            code = KeyCode::BackTab;
        } else if let Some(c) = shifted.and_then(character) {
            code = KeyCode::Char(c);
            held.remove(KeyModifiers::SHIFT);
        }
    }
    Some(KeyEvent::new_with_kind(code, held, numbers.kind()))
}

/// Returns the key that kitty's protocol gives a number.
fn of_code(number: u16) -> Option<KeyCode> {
    Some(match number {
        // The number block.
        57_399..=57_408 => {
            let digit = u8::try_from(number - 57_399).ok()?;
            KeyCode::Char(char::from(b'0' + digit))
        }
        57_409 => KeyCode::Char('.'),
        57_410 => KeyCode::Char('/'),
        57_411 => KeyCode::Char('*'),
        57_412 => KeyCode::Char('-'),
        57_413 => KeyCode::Char('+'),
        57_414 => KeyCode::Enter,
        57_415 => KeyCode::Char('='),
        57_416 => KeyCode::Char(','),
        57_417 => KeyCode::Left,
        57_418 => KeyCode::Right,
        57_419 => KeyCode::Up,
        57_420 => KeyCode::Down,
        57_421 => KeyCode::PageUp,
        57_422 => KeyCode::PageDown,
        57_423 => KeyCode::Home,
        57_424 => KeyCode::End,
        57_425 => KeyCode::Insert,
        57_426 => KeyCode::Delete,
        57_376..=57_398 => KeyCode::F(u8::try_from(number - 57_376 + 13).ok()?),
        // Keys of their own, such as those of players: no command has one.
        57_344..=63_743 => return None,
        _ => match u8::try_from(number).ok().and_then(of_control) {
            Some(key) if key.modifiers.is_empty() => key.code,
            Some(_) => return None,
            None => KeyCode::Char(character(number)?),
        },
    })
}

/// Returns a character that can be typed. The largest number stands for all that are too large.
fn character(number: u16) -> Option<char> {
    let c = char::from_u32(number.into()).filter(|c| !c.is_control());
    c.filter(|_| number != 0 && number != u16::MAX)
}

fn of_letter(letter: char) -> Option<KeyCode> {
    Some(match letter {
        'A' => KeyCode::Up,
        'B' => KeyCode::Down,
        'C' => KeyCode::Right,
        'D' => KeyCode::Left,
        'F' => KeyCode::End,
        'H' => KeyCode::Home,
        'P' => KeyCode::F(1),
        'Q' => KeyCode::F(2),
        'R' => KeyCode::F(3),
        'S' => KeyCode::F(4),
        _ => return None,
    })
}

fn of_number(number: u16) -> Option<KeyCode> {
    let function = |by: u16| u8::try_from(number - by).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(10),
        17..=21 => function(11),
        23..=26 => function(12),
        28 | 29 => function(13),
        31..=34 => function(14),
        _ => None,
    }
}

/// xterm's number for held modifiers: one more than the sum of their bits.
fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ]
    .into_iter()
    .filter(|(bit, _)| bits & bit != 0)
    .fold(KeyModifiers::NONE, |all, (_, modifier)| all | modifier)
}

/// The numbers of a sequence; one that is not there is 0.
pub(super) struct Numbers([u16; 3], u16);

impl Numbers {
    pub(super) fn of(params: &Params) -> Self {
        let mut numbers = [0; 3];
        let mut kind = 0;
        for (at, (slot, parts)) in numbers.iter_mut().zip(params.iter()).enumerate() {
            *slot = parts.first().copied().unwrap_or_default();
            if at == 1 {
                kind = parts.get(1).copied().unwrap_or_default();
            }
        }
        Self(numbers, kind)
    }

    pub(super) fn first(&self) -> u16 {
        self.0[0]
    }

    pub(super) fn second(&self) -> u16 {
        self.0[1]
    }

    pub(super) fn third(&self) -> u16 {
        self.0[2]
    }

    /// Returns whether the key is pressed, held or let go.
    fn kind(&self) -> KeyEventKind {
        match self.1 {
            2 => KeyEventKind::Repeat,
            3 => KeyEventKind::Release,
            _ => KeyEventKind::Press,
        }
    }
}
