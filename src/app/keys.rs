//! Input as it was meant: joins key sequences that arrived in two pieces.
//!
//! A slow line may cut `ESC [ B` after the `ESC`; crossterm then tells of Escape
//! and two letters, which would close an overlay and type into the filter. A
//! lone Escape is therefore held for a moment. Knows no command.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::{Stream, StreamExt as _};
use tokio::time::Instant;

/// How long a lone Escape is held.
pub const HOLD: Duration = Duration::from_millis(30);

/// The longest sequence that is joined; longer ones are typed text after all.
const MAX_SEQUENCE: usize = 32;

/// The longest paste that is put together from pieces, in characters.
const MAX_PASTE: usize = 64 * 1024;

/// How long a late answer of the terminal is swallowed, and one that does not end.
const SWALLOW: Duration = Duration::from_secs(2);

/// The longest answer that is kept, in characters.
const MAX_ANSWER: usize = 64;

/// What came from the terminal.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// An event.
    Event(Event),
    /// The answer to a question, in time.
    Answer(String),
}

/// A stream of events whose cut sequences are joined.
#[derive(Debug)]
pub struct Keys<S> {
    inner: S,
    ready: VecDeque<Event>,
    held: Held,
    until: Option<Instant>,
    /// Until when an answer counts, and until when it is swallowed.
    asked: Option<(Instant, Instant)>,
    answer: Option<String>,
}

/// What is held back.
#[derive(Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    /// The events of a sequence that is not complete, the Escape first.
    Sequence(Vec<Event>),
    /// A paste whose beginning was cut.
    Paste(String),
    /// What there is of an answer to a question.
    Answer(String),
}

impl<S: Stream<Item = io::Result<Event>> + Unpin> Keys<S> {
    /// Builds it on the terminal's events.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            ready: VecDeque::new(),
            held: Held::Nothing,
            until: None,
            asked: None,
            answer: None,
        }
    }

    /// Expects an answer of the terminal: one that comes within `patience` counts, a later one is
    /// swallowed.
    pub fn expect_answer(&mut self, patience: Duration) {
        let now = Instant::now();
        self.asked = Some((now + patience, now + SWALLOW));
    }

    /// Returns the next event, or nothing when input has ended.
    ///
    /// May be dropped at any await: what is held stays held.
    pub async fn next(&mut self) -> Option<io::Result<Input>> {
        loop {
            if let Some(answer) = self.answer.take() {
                return Some(Ok(Input::Answer(answer)));
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(Input::Event(event)));
            }
            let event = match self.until {
                None => self.inner.next().await,
                Some(until) => {
                    tokio::select! {
                        biased;
                        event = self.inner.next() => event,
                        () = tokio::time::sleep_until(until) => {
                            self.release();
                            continue;
                        }
                    }
                }
            };
            match event {
                Some(Ok(event)) => self.take(event),
                Some(Err(error)) => return Some(Err(error)),
                None => return None,
            }
        }
    }

    /// Takes one event in.
    fn take(&mut self, event: Event) {
        match std::mem::replace(&mut self.held, Held::Nothing) {
            Held::Nothing if is_alt(&event, ']') && self.is_asked() => self.listen(String::new()),
            Held::Nothing if is_plain_escape(&event) => self.hold(Held::Sequence(vec![event])),
            Held::Nothing => self.ready.push_back(event),
            Held::Sequence(events) => self.extend(events, event),
            Held::Paste(text) => self.paste(text, &event),
            Held::Answer(text) => self.hear(text, &event),
        }
    }

    fn is_asked(&self) -> bool {
        self.asked
            .is_some_and(|(_, swallowed)| Instant::now() < swallowed)
    }

    fn listen(&mut self, text: String) {
        self.held = Held::Answer(text);
        self.until = self.asked.map(|(_, swallowed)| swallowed);
    }

    /// Gathers an answer until its end; what a person types meanwhile belongs to it, or is lost.
    fn hear(&mut self, mut text: String, event: &Event) {
        let cut_end = text.ends_with('\u{1b}') && typed_char(event) == Some('\\');
        let is_bell = event.as_key_event().is_some_and(|key| {
            key.code == KeyCode::Char('g') && key.modifiers == KeyModifiers::CONTROL
        });
        if cut_end || is_bell || is_alt(event, '\\') {
            let in_time = self
                .asked
                .is_some_and(|(counts, _)| Instant::now() < counts);
            (self.asked, self.until) = (None, None);
            self.answer = Some(text.trim_end_matches('\u{1b}').to_owned()).filter(|_| in_time);
            return;
        }
        match typed_char(event) {
            Some(c) if text.len() < MAX_ANSWER => text.push(c),
            None if is_plain_escape(event) => text.push('\u{1b}'),
            Some(_) | None => {}
        }
        self.listen(text);
    }

    fn hold(&mut self, held: Held) {
        self.held = held;
        self.until = Some(Instant::now() + HOLD);
    }

    /// Gives out what was held, as it came.
    fn release(&mut self) {
        self.until = None;
        match std::mem::replace(&mut self.held, Held::Nothing) {
            // An answer that does not end is none.
            Held::Nothing | Held::Answer(_) => {}
            Held::Sequence(events) => self.ready.extend(events),
            Held::Paste(text) => self.ready.push_back(Event::Paste(text)),
        }
    }

    fn extend(&mut self, mut events: Vec<Event>, event: Event) {
        let typed = typed_char(&event);
        events.push(event);
        let text: String = events.iter().skip(1).filter_map(typed_char).collect();
        if text == "]" && self.is_asked() {
            return self.listen(String::new());
        }
        let whole = typed.is_some() && text.chars().count() + 1 == events.len();
        match (whole, parse(&text)) {
            (true, Parsed::More) if events.len() < MAX_SEQUENCE => {
                self.hold(Held::Sequence(events));
            }
            (true, Parsed::Event(event)) => {
                self.until = None;
                self.ready.extend(event);
            }
            (true, Parsed::PasteBegins) => self.hold(Held::Paste(String::new())),
            _ => {
                let second = events.pop();
                self.held = Held::Sequence(events);
                self.release();
                // What ended it may begin another.
                if let Some(event) = second {
                    self.take(event);
                }
            }
        }
    }

    /// Gathers a paste until its end, or until it pauses.
    fn paste(&mut self, mut text: String, event: &Event) {
        match (event, typed_char(event)) {
            (_, Some(c)) => text.push(c),
            (Event::Key(key), None) if key.code == KeyCode::Enter => text.push('\n'),
            (Event::Key(key), None) if key.code == KeyCode::Esc => text.push('\u{1b}'),
            _ => {}
        }
        if let Some(end) = text.find("\u{1b}[201~") {
            text.truncate(end);
            self.until = None;
            self.ready.push_back(Event::Paste(text));
        } else if text.len() > MAX_PASTE {
            self.held = Held::Paste(text);
            self.release();
        } else {
            self.hold(Held::Paste(text));
        }
    }
}

fn is_plain_escape(event: &Event) -> bool {
    matches!(event, Event::Key(key)
        if key.code == KeyCode::Esc && key.modifiers.is_empty() && key.kind == KeyEventKind::Press)
}

/// Returns whether it is that character with alt: the terminal's escape and the character.
fn is_alt(event: &Event, wanted: char) -> bool {
    event.as_key_event().is_some_and(|key| {
        key.code == KeyCode::Char(wanted)
            && key.modifiers - KeyModifiers::SHIFT == KeyModifiers::ALT
    })
}

/// The character that a press types, whatever shift was held for it.
fn typed_char(event: &Event) -> Option<char> {
    let key = event.as_key_event()?;
    let plain = (key.modifiers - KeyModifiers::SHIFT).is_empty();
    key.code.as_char().filter(|_| plain)
}

/// What the text after an Escape is.
#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// The beginning of a sequence.
    More,
    /// A whole sequence: one event, or one that means nothing to us.
    Event(Option<Event>),
    /// The beginning of a paste.
    PasteBegins,
    /// No sequence.
    No,
}

fn parse(text: &str) -> Parsed {
    let mut chars = text.chars();
    match (chars.next(), chars.as_str()) {
        (Some('[' | 'O'), "") => Parsed::More,
        (Some('O'), rest) => match rest.chars().next().and_then(letter_key) {
            Some(code) => key(code, KeyModifiers::NONE),
            None => Parsed::No,
        },
        (Some('['), "200~") => Parsed::PasteBegins,
        (Some('['), rest) => parse_control(rest),
        _ => Parsed::No,
    }
}

/// Parses what follows `ESC [`: parameters, then a letter or `~`.
fn parse_control(rest: &str) -> Parsed {
    let is_parameter = |c: char| c.is_ascii_digit() || matches!(c, ';' | ':' | '<' | '?');
    let last = rest.chars().last().unwrap_or_default();
    if rest.chars().all(is_parameter) {
        return Parsed::More;
    }
    let parameters = rest.strip_suffix(last).unwrap_or_default();
    if !(last.is_ascii_alphabetic() || last == '~') || !parameters.chars().all(is_parameter) {
        return Parsed::No;
    }
    let mut numbers = parameters.split(';').map(|part| part.parse::<u16>().ok());
    let first = numbers.next().flatten();
    let modifiers = numbers
        .next()
        .flatten()
        .map_or(KeyModifiers::NONE, modifiers);
    let code = match (last, first) {
        ('I', None) => return Parsed::Event(Some(Event::FocusGained)),
        ('O', None) => return Parsed::Event(Some(Event::FocusLost)),
        ('Z', None) => return key(KeyCode::BackTab, KeyModifiers::SHIFT),
        ('~', Some(number)) => number_key(number),
        ('u', Some(number)) => character_key(number),
        (letter, _) => letter_key(letter),
    };
    code.map_or(Parsed::Event(None), |code| key(code, modifiers))
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Parsed {
    Parsed::Event(Some(Event::Key(KeyEvent::new(code, modifiers))))
}

/// xterm's number for held modifiers: one more than the sum of their bits.
fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
    ]
    .into_iter()
    .filter(|(bit, _)| bits & bit != 0)
    .fold(KeyModifiers::NONE, |all, (_, modifier)| all | modifier)
}

fn letter_key(letter: char) -> Option<KeyCode> {
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

/// The key of a character, as the protocol of kitty numbers it.
fn character_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        _ => KeyCode::Char(char::from_u32(number.into()).filter(|c| !c.is_control())?),
    })
}

fn number_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23 | 24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode) -> Event {
        Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn esc() -> Event {
        press(KeyCode::Esc)
    }

    fn typed(text: &str) -> Vec<Event> {
        text.chars()
            .map(|c| {
                if c == '\u{1b}' {
                    esc()
                } else {
                    press(KeyCode::Char(c))
                }
            })
            .collect()
    }

    /// Takes pieces in; between two, the time of a cut line passes, or a person's.
    fn taken(pieces: &[Vec<Event>], is_slow: bool) -> Vec<Event> {
        let mut keys = Keys::new(futures_util::stream::pending::<io::Result<Event>>());
        for piece in pieces {
            for event in piece {
                keys.take(event.clone());
            }
            if is_slow {
                keys.release();
            }
        }
        keys.release();
        assert_eq!(keys.until, None);
        keys.ready.into()
    }

    #[track_caller]
    fn check(pieces: &[Vec<Event>], expected: &[Event]) {
        in_runtime(|| assert_eq!(taken(pieces, false), expected));
    }

    /// The clock of the runtime is read, never waited for.
    fn in_runtime<T>(test: impl FnOnce() -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { test() })
    }

    #[test]
    fn a_cut_arrow_is_an_arrow() {
        check(&[vec![esc()], typed("[B")], &[press(KeyCode::Down)]);
        check(
            &[vec![esc()], typed("["), typed("B")],
            &[press(KeyCode::Down)],
        );
        check(&[vec![esc()], typed("OA")], &[press(KeyCode::Up)]);
    }

    #[test]
    fn a_cut_sequence_with_numbers_is_its_key() {
        check(&[vec![esc()], typed("[5~")], &[press(KeyCode::PageUp)]);
        let right = Event::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::CONTROL));
        check(&[vec![esc()], typed("[1;5C")], &[right]);
        check(&[vec![esc()], typed("[I")], &[Event::FocusGained]);
    }

    #[test]
    fn a_cut_report_of_the_mouse_types_nothing() {
        check(&[vec![esc()], typed("[<0;12;3M"), typed("x")], &typed("x"));
    }

    #[test]
    fn a_person_who_presses_escape_and_a_letter_meant_both() {
        let mut expected = vec![esc()];
        expected.extend(typed("[B"));
        in_runtime(|| assert_eq!(taken(&[vec![esc()], typed("[B")], true), expected));
        let mut expected = vec![esc()];
        expected.extend(typed("x"));
        check(&[vec![esc()], typed("x")], &expected);
    }

    #[track_caller]
    fn heard(events: &[Event], answer: Option<&str>, left: &[Event]) {
        in_runtime(|| {
            let mut keys = Keys::new(futures_util::stream::pending::<io::Result<Event>>());
            keys.expect_answer(Duration::from_mins(1));
            for event in events {
                keys.take(event.clone());
            }
            assert_eq!(keys.answer.as_deref(), answer);
            keys.release();
            assert_eq!(Vec::from(keys.ready), left);
        });
    }

    fn alt(c: char) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT))
    }

    #[test]
    fn an_answer_that_was_asked_for_is_heard_and_never_typed() {
        let text = "11;rgb:1e1e/2020/2020";
        let bell = Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL));
        for end in [
            vec![alt('\\')],
            vec![bell],
            vec![esc(), press(KeyCode::Char('\\'))],
        ] {
            let whole = [vec![alt(']')], typed(text), end.clone(), typed("j")].concat();
            heard(&whole, Some(text), &typed("j"));
            let cut = [vec![esc()], typed("]"), typed(text), end, typed("j")].concat();
            heard(&cut, Some(text), &typed("j"));
        }
        heard(
            &[vec![alt(']')], typed("11;rgb:/?0000q")].concat(),
            None,
            &[],
        );
        heard(&typed("j]"), None, &typed("j]"));
    }

    #[test]
    fn an_answer_that_is_late_is_swallowed() {
        in_runtime(|| {
            let mut keys = Keys::new(futures_util::stream::pending::<io::Result<Event>>());
            keys.expect_answer(Duration::ZERO);
            for event in [vec![alt(']')], typed("11;rgb:0/0/0"), vec![alt('\\')]].concat() {
                keys.take(event);
            }
            assert_eq!((keys.answer, keys.ready.len()), (None, 0));
        });
    }

    #[test]
    fn what_nobody_asked_for_is_left_to_the_screen() {
        check(
            &[vec![alt(']')], typed("1")],
            &[vec![alt(']')], typed("1")].concat(),
        );
    }

    #[test]
    fn a_cut_key_of_kittys_protocol_is_its_key() {
        let ctrl_i = Event::Key(KeyEvent::new(KeyCode::Char('i'), KeyModifiers::CONTROL));
        check(&[vec![esc()], typed("[105;5u")], &[ctrl_i]);
        check(&[vec![esc()], typed("[27u")], &[esc()]);
    }

    #[test]
    fn two_escapes_are_two() {
        check(&[vec![esc(), esc()]], &[esc(), esc()]);
    }

    #[test]
    fn a_cut_paste_types_nothing() {
        let pieces = [vec![esc()], typed("[200~qq/x\u{1b}[201~"), typed("j")];
        let mut expected = vec![Event::Paste("qq/x".to_owned())];
        expected.extend(typed("j"));
        check(&pieces, &expected);
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics_or_is_held_for_ever(text in "[\u{1b}\\[O0-9;<~A-Za-z]{0,40}") {
            in_runtime(|| {
                let mut length = 0;
                for event in taken(&[typed(&text)], false) {
                    length += event.as_paste_event().map_or(1, |pasted| pasted.chars().count());
                }
                proptest::prop_assert!(length <= text.chars().count());
                Ok(())
            })?;
        }
    }
}
