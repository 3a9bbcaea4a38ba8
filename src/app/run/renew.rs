//! Another engine beneath the running board: when it may come, and listening to it once it is there.
//!
//! The screen stays as it is meanwhile: the last board is shown, and what a person asks for is held
//! until somebody can hear it.

use std::io;
use std::sync::Arc;

use futures_util::Stream;

use crate::app::renew::{Plan, Renewed};
use crate::app::run::{App, Next};
use crate::app::screen::Screen;
use crate::app::tty::Input;
use crate::domain::Timestamp;
use crate::domain::action::ActionState;
use crate::engine::EngineCommand;
use crate::engine::snapshot::{Asked, Snapshot};
use crate::ui;

/// How much of what a person asks for is held at most.
const HELD: usize = 64;

/// What is said where what was saved has to wait.
const WAITS: &str = "what was saved is taken over once the open action is decided";

/// How far the engine is that takes the place of another.
#[derive(Default)]
pub(super) struct Renewal {
    /// The newest plan that was not begun, and what is said once it is carried out.
    next: Option<(Arc<Plan>, Option<String>)>,
    /// Whether a person was told that it waits.
    said: bool,
    /// Whether one is on its way, and what is said then.
    under_way: Option<String>,
    /// What was asked for meanwhile.
    held: Vec<EngineCommand>,
    /// Whether the terminal has the focus, where that was told.
    focus: Option<bool>,
}

impl Renewal {
    /// Returns whether nobody listens for the moment.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins: what is said at the end is known by now.
    pub(super) fn begin(&mut self, words: String) {
        self.under_way = Some(words);
    }

    /// Notes what the next engine has to know, and holds what this one cannot hear; gives it back
    /// where it can, or too much is held.
    pub(super) fn hold(&mut self, command: EngineCommand) -> Option<EngineCommand> {
        if let EngineCommand::Focus(focused) = command {
            self.focus = Some(focused);
        }
        if self.under_way.is_none() || self.held.len() >= HELD {
            return Some(command);
        }
        self.held.push(command);
        None
    }
}

/// Returns whether an action is asked about or being sent: another engine would know nothing of it,
/// or find it out only by looking.
fn is_acting(snapshot: &Snapshot) -> bool {
    snapshot.actions.iter().any(|action| match action.state {
        ActionState::Reading | ActionState::Ready(_) | ActionState::Sending(_) => true,
        ActionState::Requested(_)
        | ActionState::Confirmed(_)
        | ActionState::Stopped(_)
        | ActionState::Refused(_)
        | ActionState::Unsure(_) => false,
    })
}

impl<B, S> App<B, S>
where
    B: Screen,
    S: Stream<Item = io::Result<Input>> + Unpin,
{
    /// Has a plan carried out, once it may be; an older one that waits gives way.
    pub(super) fn plan(&mut self, plan: Arc<Plan>, words: Option<String>, now: Timestamp) {
        let earlier = self.renewal.next.take().and_then(|(_, words)| words);
        let words = match (earlier, words) {
            (Some(earlier), Some(words)) => Some(format!("{earlier}; {words}")),
            (one, other) => one.or(other),
        };
        self.renewal.next = Some((plan, words));
        self.renew_if_free(now);
    }

    /// Begins with the plan that waits, unless an engine is on its way or an action is open.
    pub(super) fn renew_if_free(&mut self, now: Timestamp) {
        let Self {
            renewal,
            look,
            ends,
            alive,
            ..
        } = self;
        if renewal.under_way.is_some() || renewal.next.is_none() {
            return;
        }
        if *alive && is_acting(&look.snapshot) {
            if !std::mem::replace(&mut renewal.said, true) {
                look.state.notify(WAITS, now);
            }
            return;
        }
        renewal.said = false;
        if let Some((plan, words)) = renewal.next.take() {
            if ends.effects.renew(plan) {
                renewal.begin(words.unwrap_or_default());
            } else {
                look.state
                    .notify_error("no other engine can be started here", now);
            }
        }
    }

    /// Listens to the engine that has come, and tells it what the one before knew of the screen.
    pub(super) fn on_renewed(
        &mut self,
        renewed: Option<Renewed>,
        now: Timestamp,
    ) -> io::Result<Next> {
        let words = self.renewal.under_way.take().unwrap_or_default();
        let Some(renewed) = renewed else {
            self.look
                .state
                .notify_error("polling has stopped: no other engine could be started", now);
            return Ok(Next::Go);
        };
        let Renewed {
            engine,
            around,
            kept,
        } = renewed;
        let practice = Arc::clone(&around.practice);
        let inquiries = self.look.snapshot.inquiries.iter();
        let read = inquiries.filter(|(_, asked)| **asked == Asked::Reading);
        let read: Vec<EngineCommand> = read
            .map(|(key, _)| EngineCommand::Diagnose(key.clone()))
            .take(HELD / 2)
            .collect();
        self.ends.snapshots = engine.snapshots;
        self.ends.commands = engine.commands;
        self.alive = true;
        self.ends.effects.stand_on(around);
        let state = &mut self.look.state;
        if let Some(kept) = kept {
            ui::update::hides::on_kept(state, kept.hides, None, now);
            ui::update::saved::on_kept(state, kept.views, None, now);
            for text in kept.trouble {
                state.notify_error(text, now);
            }
            state.history = None;
        }
        // What is known of the past may be another one, and is read when it is looked at.
        state.recall = ui::history::Recall::default();
        state.tell_columns(practice.columns.clone());
        let looked = state.looked.clone();
        let next = self.on_snapshot(true)?;
        let focus = self.renewal.focus.map(EngineCommand::Focus);
        let looked = looked.map(|item| EngineCommand::Look(Some(item)));
        let held = std::mem::take(&mut self.renewal.held);
        for command in focus.into_iter().chain(looked).chain(read).chain(held) {
            let _heard = self.is_heard(command, now);
        }
        self.catch_up_with_practice(&practice, now);
        if !words.is_empty() {
            self.look.state.notify(words, now);
        }
        self.renew_if_free(now);
        Ok(next)
    }
}
