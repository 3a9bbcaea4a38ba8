//! What tests of the screen share: a screen on which keys are pressed.

use std::sync::Arc;

use chrono::TimeDelta;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyEvent};

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::effect::Effect;
use crate::ui::input::on_event;
use crate::ui::keymap::Keymap;
use crate::ui::sample;
use crate::ui::state::{UiOptions, UiState};
use crate::ui::theme::{ColorDepth, Glyphs, Theme};
use crate::ui::update::on_snapshot;
use crate::ui::view::frame;

pub(crate) mod flow;
pub(crate) mod replay;
pub(crate) mod soup;
pub(crate) mod standup;
pub(crate) mod triage;

/// A screen with a board, keys and a clock that stands still.
pub(crate) struct Screen {
    pub(crate) state: UiState,
    pub(crate) keymap: Arc<Keymap>,
    pub(crate) snapshot: Snapshot,
    pub(crate) theme: Theme,
    pub(crate) now: Timestamp,
    pub(crate) terminal: Terminal<TestBackend>,
    /// The picture as it was painted; the terminal's own keeps what wide characters cover.
    pub(crate) painted: Buffer,
    /// Whether what is seen is the screen once the selection rests.
    pub(crate) rests: bool,
}

impl Screen {
    /// Opens a board of that many cards on a screen of that size.
    pub(crate) fn new(width: u16, height: u16, cards: usize) -> Self {
        Self::with(width, height, sample::snapshot(cards), UiOptions::default())
    }

    pub(crate) fn with(width: u16, height: u16, snapshot: Snapshot, options: UiOptions) -> Self {
        let mut screen = Self {
            keymap: Arc::clone(&options.keymap),
            state: UiState::new(options),
            snapshot,
            theme: Theme::builtin("dark", ColorDepth::True, Glyphs::Unicode).unwrap(),
            now: sample::moment(),
            terminal: Terminal::new(TestBackend::new(width, height)).unwrap(),
            painted: Buffer::default(),
            rests: true,
        };
        screen.arrive();
        screen
    }

    /// Takes the snapshot in, as after a change, and paints.
    pub(crate) fn arrive(&mut self) {
        drop(on_snapshot(&mut self.state, &self.snapshot, self.now));
        self.draw();
    }

    /// Presses keys, written as in `[keys]`, one space apart, and paints after each.
    pub(crate) fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys.split(' ') {
            let chord = Chord::parse(key).unwrap();
            // Keys of a person come one after the other, those of a terminal at once.
            self.now += TimeDelta::milliseconds(150);
            effects.extend(self.event(&Event::Key(KeyEvent::new(chord.code(), chord.modifiers()))));
        }
        effects
    }

    /// Types text.
    pub(crate) fn type_text(&mut self, text: &str) -> Vec<Effect> {
        let keys: Vec<String> = text
            .chars()
            .map(|c| {
                if c == ' ' {
                    "space".to_owned()
                } else {
                    c.to_string()
                }
            })
            .collect();
        self.press(&keys.join(" "))
    }

    pub(crate) fn event(&mut self, event: &Event) -> Vec<Effect> {
        let keymap = Arc::clone(&self.keymap);
        let effects = on_event(&mut self.state, &keymap, event, &self.snapshot, self.now);
        for effect in &effects {
            if let Effect::Toast(text) = effect {
                self.state.answer(text.as_str(), self.now);
            }
        }
        self.draw();
        effects
    }

    pub(crate) fn draw(&mut self) {
        if self.rests {
            self.state.rest.end();
        }
        let (state, snapshot, theme, now) =
            (&mut self.state, &self.snapshot, &self.theme, self.now);
        let drawn = self
            .terminal
            .draw(|out| frame(out, state, snapshot, theme, now))
            .unwrap();
        self.painted.clone_from(drawn.buffer);
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    /// Returns the text on the screen, spaces at the end of lines taken away.
    pub(crate) fn text(&self) -> String {
        text_of(self.buffer())
    }
}

/// Returns the text of a buffer; what a wide character covers is left out.
pub(crate) fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if covered == 0 {
                line.push_str(symbol);
                covered = crate::ui::text::width(symbol).saturating_sub(1);
            } else {
                covered -= 1;
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
