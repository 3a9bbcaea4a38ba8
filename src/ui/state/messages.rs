//! Short messages: those on the screen, and all of this session.

use std::collections::VecDeque;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::state::UiState;

/// A short message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
    /// Whether it stays until it is dismissed.
    pub is_error: bool,
    /// Whether it answers a key: it goes with the next one that does something.
    pub is_answer: bool,
}

/// Messages, shown and past.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// All of them, newest last, at most [`Messages::MOST`].
    pub all: VecDeque<Message>,
    /// Those on the screen, newest last, at most three.
    pub toasts: Vec<Message>,
    errors: usize,
    /// What may be well again one day.
    troubles: Vec<Trouble>,
    pub(super) notices: Vec<crate::domain::text::Clean>,
}

/// Something that is wrong for now, and was told.
#[derive(Clone, Debug)]
struct Trouble {
    /// What it is about.
    about: &'static str,
    /// What was said.
    text: String,
    /// What stays at the top as long as it is wrong.
    mark: Option<String>,
}

impl Messages {
    /// How many are kept.
    pub const MOST: usize = 200;
    /// How long a message that is no error is shown, in seconds.
    pub const SHOWN_SECS: i64 = 4;
    /// How long one that came by itself is shown at least, in milliseconds.
    const READ_MS: i64 = 1_500;

    /// Returns until when a message is on the screen.
    pub fn until(message: &Message) -> Timestamp {
        message.at + TimeDelta::seconds(Self::SHOWN_SECS)
    }

    /// Returns what is wrong for now, each in a few words.
    pub fn marks(&self) -> impl Iterator<Item = &str> {
        let troubles = self.troubles.iter();
        troubles.filter_map(|trouble| trouble.mark.as_deref())
    }

    /// Returns how many errors there were so far.
    pub fn errors(&self) -> usize {
        self.errors
    }

    fn keep(&mut self, message: Message) {
        self.errors += usize::from(message.is_error);
        if self.all.len() >= Self::MOST {
            self.all.pop_front();
        }
        self.all.push_back(message);
    }

    pub(super) fn push(&mut self, message: Message) {
        self.keep(message.clone());
        if self.toasts.len() >= 3 {
            self.toasts.remove(0);
        }
        self.toasts.push(message);
    }

    /// Takes away what was shown long enough.
    pub fn expire(&mut self, now: Timestamp) {
        self.toasts
            .retain(|message| message.is_error || Self::until(message) > now);
    }
}

impl UiState {
    /// Shows a short message for a few seconds.
    pub fn notify(&mut self, text: impl Into<String>, now: Timestamp) {
        self.message(text.into(), false, now);
    }

    /// Answers a key: shows a short message until the next one that does something.
    pub fn answer(&mut self, text: impl Into<String>, now: Timestamp) {
        self.messages.push(Message {
            at: now,
            text: text.into(),
            is_error: false,
            is_answer: true,
        });
    }

    /// Takes what was answered before off the screen, as something else is done now; what came by
    /// itself is there long enough to be read.
    pub(crate) fn goes_on(&mut self, now: Timestamp) {
        let toasts = &mut self.messages.toasts;
        toasts.retain(|message| {
            let read = now - message.at >= TimeDelta::milliseconds(Messages::READ_MS);
            message.is_error || !(message.is_answer || read)
        });
        self.pressed.useless = None;
    }

    /// Keeps an error among the messages of this session, without a place on the screen.
    pub fn note(&mut self, text: impl Into<String>, now: Timestamp) {
        self.messages.keep(Message {
            at: now,
            text: text.into(),
            is_error: true,
            is_answer: false,
        });
    }

    /// Shows an error until it is dismissed.
    pub fn notify_error(&mut self, text: impl Into<String>, now: Timestamp) {
        self.message(text.into(), true, now);
    }

    /// Shows an error until it is dismissed, or until what it is about is well again; until then
    /// the mark stays, whatever is dismissed.
    pub fn notify_trouble(
        &mut self,
        about: &'static str,
        mark: Option<String>,
        text: String,
        now: Timestamp,
    ) {
        self.settled(about);
        self.messages.troubles.push(Trouble {
            about,
            text: text.clone(),
            mark,
        });
        self.notify_error(text, now);
    }

    /// Returns whether an error about something is not settled yet.
    pub fn has_trouble(&self, about: &str) -> bool {
        self.messages
            .troubles
            .iter()
            .any(|trouble| trouble.about == about)
    }

    /// Takes the error about something off the screen: it is well again.
    pub fn settled(&mut self, about: &str) {
        let Messages {
            toasts, troubles, ..
        } = &mut self.messages;
        troubles.retain(|trouble| {
            let is_it = trouble.about == about;
            if is_it {
                toasts.retain(|toast| !toast.is_error || toast.text != trouble.text);
            }
            !is_it
        });
    }

    fn message(&mut self, text: String, is_error: bool, now: Timestamp) {
        self.messages.push(Message {
            at: now,
            text,
            is_error,
            is_answer: false,
        });
    }

    /// Shows what the program has to say about itself, each thing once.
    pub(crate) fn take_notices(&mut self, snapshot: &Snapshot, now: Timestamp) {
        for notice in &snapshot.notices {
            if !self.messages.notices.contains(notice) {
                self.messages.notices.push(notice.clone());
                self.notify_error(notice.as_str(), now);
            }
        }
    }
}
