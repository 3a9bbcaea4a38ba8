//! Events that nobody would think of: every key, the mouse, pastes and sizes, at random and again.
//!
//! The same seed gives the same events; whoever fails tells it.

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::ui::chord::Chord;
use crate::ui::command::COMMANDS;

/// A source of events.
pub(crate) struct Soup {
    state: u64,
    sequences: Vec<Vec<KeyEvent>>,
    /// What is left of a sequence.
    rest: Vec<KeyEvent>,
}

impl Soup {
    /// Makes one of a seed; sequences with one of these keys are left out.
    pub(crate) fn new(seed: u64, without: &[&str]) -> Self {
        let keys = COMMANDS.iter().flat_map(|row| row.keys);
        let keys = keys.filter(|keys| !keys.split(' ').any(|key| without.contains(&key)));
        let event = |key: &str| {
            let chord = Chord::parse(key).unwrap();
            KeyEvent::new(chord.code(), chord.modifiers())
        };
        Self {
            state: seed | 1,
            sequences: keys
                .map(|keys| keys.split(' ').rev().map(event).collect())
                .collect(),
            rest: Vec::new(),
        }
    }

    fn next(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) % below
    }

    fn number(&mut self, below: u16) -> u16 {
        u16::try_from(self.next(below.into())).unwrap()
    }

    /// Returns the next event.
    pub(crate) fn event(&mut self) -> Event {
        if let Some(key) = self.rest.pop() {
            return Event::Key(key);
        }
        match self.next(100) {
            0..55 => {
                let at = self.next(self.sequences.len() as u64);
                self.rest = self.sequences[usize::try_from(at).unwrap()].clone();
                self.event()
            }
            55..80 => {
                let keys = [
                    KeyCode::Enter,
                    KeyCode::Esc,
                    KeyCode::Tab,
                    KeyCode::Backspace,
                    KeyCode::Up,
                    KeyCode::Down,
                    KeyCode::Home,
                    KeyCode::Delete,
                    KeyCode::Char('y'),
                    KeyCode::F(5),
                ];
                let at = self.next(keys.len() as u64);
                KeyEvent::new(keys[usize::try_from(at).unwrap()], KeyModifiers::NONE).into_event()
            }
            80..92 => {
                let c = char::from(u8::try_from(self.number(95)).unwrap() + b' ');
                KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE).into_event()
            }
            92..97 => self.mouse(),
            97 => Event::Paste("x: y\u{7}\nq".to_owned()),
            98 => Event::FocusLost,
            _ => Event::Resize(self.number(130), self.number(40)),
        }
    }

    fn mouse(&mut self) -> Event {
        let kinds = [
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::Drag(MouseButton::Left),
            MouseEventKind::Up(MouseButton::Left),
            MouseEventKind::ScrollDown,
            MouseEventKind::ScrollUp,
        ];
        let at = self.next(kinds.len() as u64);
        Event::Mouse(MouseEvent {
            kind: kinds[usize::try_from(at).unwrap()],
            column: self.number(140),
            row: self.number(45),
            modifiers: KeyModifiers::NONE,
        })
    }
}

/// A key as an event.
trait IntoEvent {
    fn into_event(self) -> Event;
}

impl IntoEvent for KeyEvent {
    fn into_event(self) -> Event {
        Event::Key(self)
    }
}
