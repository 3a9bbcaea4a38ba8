//! Bytes of the terminal to what they mean, in whatever pieces they arrive.
//!
//! `vte` frames control sequences, commands of the operating system and characters. What a person
//! types has a second meaning to it: an escape may be the key, or a key with alt, and where a
//! sequence is begun and never ended, keys must count again: each state says how long it waits.
//! `ctrl-c` is heard in all of them, in a paste once no end of it comes. What nobody here knows is
//! dropped as a whole.

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use vte::{Params, Parser, Perform};

use super::keys::{self, Numbers};
use super::{Input, mouse};
use crate::app::ground::{self, Ground};

/// How long an escape may be the beginning of something, before it is the key.
const LONE: Duration = Duration::from_millis(30);
/// How long it may be the beginning of an arrow even so.
const TOLD: Duration = Duration::from_millis(70);
/// How long a slow line may take to go on with a sequence.
const CUT: Duration = Duration::from_millis(500);
/// The same of a paste, or of an answer: what comes too late of it is typed.
const LONG: Duration = Duration::from_secs(1);

/// The longest answer that is kept, in bytes; of a longer one, nothing is.
const ANSWER_MOST: usize = 1_024;
/// The longest paste that is kept, in bytes; what is more is dropped.
const PASTE_MOST: usize = 64 * 1_024;
/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

const ESC: u8 = 0x1b;
const BELL: u8 = 0x07;
const CTRL_C: u8 = 0x03;
/// What breaks any sequence off.
const BROKEN_OFF: [u8; 2] = [0x18, 0x1a];

/// Makes inputs of bytes.
#[derive(Default)]
pub(super) struct Decoder {
    parser: Parser,
    heard: Heard,
    state: State,
}

/// Where in a sequence the bytes are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum State {
    /// In none; perhaps in a character.
    #[default]
    Ground,
    /// After an escape.
    Escape,
    /// After one that was told as the key already.
    Told,
    /// After one that ends a string, if a backslash follows.
    Closing,
    /// In `ESC [` or `ESC O`.
    Sequence { begin: Begin, is_bare: bool },
    /// After `ESC [ [`, as the Linux console sends it.
    Console,
    /// In three bytes that tell of the mouse.
    Mouse(Vec<u8>),
    /// In a command of the operating system, with so many bytes.
    Command(usize),
    /// In a string that nobody listens to, which a bell may end.
    Deaf { by_bell: bool },
    /// In a paste.
    Paste(Paste),
}

/// How a sequence began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Begin {
    byte: u8,
    /// Whether the escape before it was told as the key.
    is_late: bool,
}

/// What there is of a paste.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Paste {
    text: Vec<u8>,
    /// How many bytes of its end have come.
    ended: usize,
    /// Whether a `ctrl-c` is in it, which counts if the paste has no end.
    is_interrupted: bool,
}

impl Decoder {
    /// Takes bytes in.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.take_one(*byte);
        }
    }

    /// Returns the next input.
    pub(super) fn next(&mut self) -> Option<Input> {
        self.heard.inputs.pop_front()
    }

    /// Returns how long to wait for more before [`Decoder::pause`]; nothing where nothing has begun.
    pub(super) fn patience(&self) -> Option<Duration> {
        match &self.state {
            State::Ground => None,
            State::Escape => Some(LONE),
            State::Told => Some(TOLD),
            State::Closing | State::Sequence { .. } | State::Console | State::Mouse(_) => Some(CUT),
            State::Paste(paste) if paste.is_interrupted => Some(CUT),
            State::Command(_) | State::Deaf { .. } | State::Paste(_) => Some(LONG),
        }
    }

    /// Nothing came for as long as was waited: what has begun is over.
    pub(super) fn pause(&mut self) {
        match std::mem::take(&mut self.state) {
            State::Escape => {
                self.key(KeyCode::Esc.into());
                self.state = State::Told;
                return;
            }
            State::Sequence {
                begin,
                is_bare: true,
            } => self.bare(begin),
            State::Paste(paste) => {
                self.pasted(&paste);
                if paste.is_interrupted {
                    self.ground(CTRL_C);
                }
            }
            State::Ground
            | State::Told
            | State::Closing
            | State::Sequence { .. }
            | State::Console
            | State::Mouse(_)
            | State::Command(_)
            | State::Deaf { .. } => {}
        }
        self.parser = Parser::new();
    }

    fn take_one(&mut self, byte: u8) {
        match std::mem::take(&mut self.state) {
            State::Told if matches!(byte, b'[' | b'O') => self.escape(byte, true),
            State::Closing if byte == b'\\' => {}
            State::Closing if matches!(byte, ESC | CTRL_C) => self.ground(byte),
            State::Ground | State::Told => self.ground(byte),
            State::Escape | State::Closing => self.escape(byte, false),
            State::Sequence { begin, is_bare } => self.sequence(begin, is_bare, byte),
            State::Console => match keys::of_console(byte) {
                Some(key) => self.key(key),
                None => self.broken(byte),
            },
            State::Mouse(bytes) => self.mouse(bytes, byte),
            State::Command(length) => self.command(length, byte),
            State::Deaf { by_bell } => self.deaf(by_bell, byte),
            State::Paste(paste) => self.paste(paste, byte),
        }
    }

    fn ground(&mut self, byte: u8) {
        if byte == ESC {
            // A character that is cut by it is none.
            self.restart();
            self.state = State::Escape;
        } else {
            self.feed(&[byte]);
        }
    }

    /// Takes what follows an escape.
    fn escape(&mut self, byte: u8, is_late: bool) {
        self.state = match byte {
            ESC => {
                self.key(KeyCode::Esc.into());
                State::Escape
            }
            CTRL_C => {
                self.key(KeyCode::Esc.into());
                return self.ground(byte);
            }
            b'[' | b'O' => {
                // The two differ in what keys are called, not in their form.
                self.feed(b"\x1b[");
                let begin = Begin { byte, is_late };
                State::Sequence {
                    begin,
                    is_bare: true,
                }
            }
            b']' => {
                self.feed(b"\x1b]");
                State::Command(0)
            }
            b'P' | b'X' | b'^' | b'_' => State::Deaf { by_bell: false },
            _ => {
                self.heard.alt = true;
                return self.ground(byte);
            }
        };
    }

    fn sequence(&mut self, begin: Begin, is_bare: bool, byte: u8) {
        if byte == ESC {
            if is_bare {
                self.bare(begin);
            }
            return self.ground(byte);
        }
        self.heard.is_application = begin.byte == b'O';
        self.feed(&[byte]);
        let is_ended = matches!(byte, 0x40..=0x7e) || BROKEN_OFF.contains(&byte);
        self.state = match self.heard.then.take() {
            Some(state) => state,
            None if is_ended => State::Ground,
            // A control character within is a key of its own.
            None => State::Sequence {
                begin,
                is_bare: is_bare && byte < b' ',
            },
        };
    }

    /// Tells of the key that begins as a sequence does, where nothing followed.
    fn bare(&mut self, begin: Begin) {
        let mut key = keys::of_character(begin.byte.into());
        if !begin.is_late {
            key.modifiers |= KeyModifiers::ALT;
        }
        self.key(key);
    }

    fn mouse(&mut self, mut bytes: Vec<u8>, byte: u8) {
        if byte < b' ' {
            return self.broken(byte);
        }
        bytes.push(byte);
        match <[u8; 3]>::try_from(bytes) {
            Ok(bytes) => self
                .heard
                .inputs
                .extend(mouse::of_bytes(bytes).map(Input::Event)),
            Err(bytes) => self.state = State::Mouse(bytes),
        }
    }

    fn command(&mut self, length: usize, byte: u8) {
        if length >= ANSWER_MOST {
            self.restart();
            return self.deaf(true, byte);
        }
        match byte {
            ESC => {
                // Its end is told by the escape, whatever follows.
                self.feed(&[ESC]);
                self.restart();
                self.state = State::Closing;
            }
            BELL => self.feed(&[BELL]),
            _ if byte == CTRL_C || BROKEN_OFF.contains(&byte) => self.broken(byte),
            _ => {
                self.feed(&[byte]);
                self.state = State::Command(length + 1);
            }
        }
    }

    fn deaf(&mut self, by_bell: bool, byte: u8) {
        self.state = match byte {
            ESC => State::Closing,
            BELL if by_bell => State::Ground,
            _ if byte == CTRL_C || BROKEN_OFF.contains(&byte) => return self.broken(byte),
            _ => State::Deaf { by_bell },
        };
    }

    /// Takes a byte of a paste; none of them is a key, but `ctrl-c` where no end comes.
    fn paste(&mut self, mut paste: Paste, byte: u8) {
        if PASTE_END.get(paste.ended) == Some(&byte) {
            paste.ended += 1;
            if paste.ended == PASTE_END.len() {
                return self.pasted(&paste);
            }
            self.state = State::Paste(paste);
            return;
        }
        let begun = std::mem::take(&mut paste.ended);
        paste.extend(PASTE_END.get(..begun).unwrap_or_default());
        if byte == ESC {
            paste.ended = 1;
        } else if byte == CTRL_C {
            paste.is_interrupted = true;
        } else {
            paste.extend(&[byte]);
        }
        self.state = State::Paste(paste);
    }

    fn pasted(&mut self, paste: &Paste) {
        let text = String::from_utf8_lossy(&paste.text).into_owned();
        let paste = Input::Event(Event::Paste(text));
        self.heard.inputs.push_back(paste);
    }

    /// Gives up what has begun; what ended it may begin another.
    fn broken(&mut self, byte: u8) {
        self.restart();
        if byte < b' ' && !BROKEN_OFF.contains(&byte) {
            self.ground(byte);
        }
    }

    fn restart(&mut self) {
        self.parser = Parser::new();
        self.heard.alt = false;
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.heard, bytes);
    }

    fn key(&mut self, key: KeyEvent) {
        self.heard.key(key);
    }
}

impl Paste {
    fn extend(&mut self, bytes: &[u8]) {
        if self.text.len() + bytes.len() <= PASTE_MOST {
            self.text.extend_from_slice(bytes);
        }
    }
}

/// What was heard so far.
#[derive(Default)]
struct Heard {
    inputs: VecDeque<Input>,
    /// Whether an escape stood before the next character.
    alt: bool,
    /// Whether the sequence began with `ESC O`.
    is_application: bool,
    /// What follows the sequence that has just ended.
    then: Option<State>,
}

impl Heard {
    fn key(&mut self, mut key: KeyEvent) {
        if std::mem::take(&mut self.alt) {
            key.modifiers |= KeyModifiers::ALT;
        }
        self.inputs.push_back(Input::Event(Event::Key(key)));
    }

    fn event(&mut self, event: Event) {
        self.inputs.push_back(Input::Event(event));
    }

    /// Takes a sequence without a mark.
    fn plain(&mut self, params: &Params, last: char) {
        let numbers = Numbers::of(params);
        let three = (numbers.first(), numbers.second(), numbers.third());
        match last {
            'I' => self.event(Event::FocusGained),
            'O' => self.event(Event::FocusLost),
            '[' => self.then = Some(State::Console),
            'M' if params.len() < 3 => self.then = Some(State::Mouse(Vec::new())),
            'M' => self
                .inputs
                .extend(mouse::of_shifted(three).map(Input::Event)),
            '~' if numbers.first() == 200 => self.then = Some(State::Paste(Paste::default())),
            _ => {
                if let Some(key) = keys::of_sequence(params, last) {
                    self.key(key);
                }
            }
        }
    }
}

impl Perform for Heard {
    fn print(&mut self, c: char) {
        match c {
            // Bytes that are no text.
            char::REPLACEMENT_CHARACTER => self.alt = false,
            '\x7f' => self.key(KeyCode::Backspace.into()),
            _ => self.key(keys::of_character(c)),
        }
    }

    fn execute(&mut self, byte: u8) {
        match keys::of_control(byte) {
            Some(key) => self.key(key),
            None => self.alt = false,
        }
    }

    fn csi_dispatch(&mut self, params: &Params, marks: &[u8], is_wrong: bool, last: char) {
        if is_wrong {
            return;
        }
        let numbers = Numbers::of(params);
        let three = (numbers.first(), numbers.second(), numbers.third());
        match (marks, last) {
            ([], _) if self.is_application => {
                if let Some(key) = keys::of_application(params, last) {
                    self.key(key);
                }
            }
            ([], _) => self.plain(params, last),
            ([b'<'], 'M' | 'm') => self
                .inputs
                .extend(mouse::of_numbers(three, last).map(Input::Event)),
            ([b'?'], 'n') if numbers.first() == 997 => {
                let ground = match numbers.second() {
                    1 => Some(Ground::Dark),
                    2 => Some(Ground::Light),
                    _ => None,
                };
                self.inputs.extend(ground.map(Input::Ground));
            }
            // Answers to questions that somebody else asked.
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _by_bell: bool) {
        if let [b"11", color] = params {
            let found = std::str::from_utf8(color).ok().and_then(ground::of_color);
            self.inputs.extend(found.map(Input::Ground));
        }
    }
}

#[cfg(test)]
mod tests;
