//! What the screen asks for, and what came of it.
//!
//! Hands every effect to whoever carries it out, and the outcome back to the
//! screen; decides nothing.

use std::io;
use std::sync::Arc;

use futures_util::Stream;
use tokio::sync::mpsc;

use crate::app::effects::{Done, clipboard};
use crate::app::env::CLIPBOARD;
use crate::app::guard::Switch;
use crate::app::logs::Order;
use crate::app::run::{App, Look, Next};
use crate::app::screen::Screen;
use crate::app::standup::desk::{Scene, markdown};
use crate::app::tty::Input;
use crate::app::{flow, measure};
use crate::config::RunIn;
use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::history::Ledger;
use crate::engine::EngineCommand;
use crate::engine::snapshot::Snapshot;
use crate::ui;
use crate::ui::effect::Effect;
use crate::ui::flow::{Ask, Page};
use crate::ui::{own, replay, standup};

impl<B, S> App<B, S>
where
    B: Screen,
    S: Stream<Item = io::Result<Input>> + Unpin,
{
    pub(super) fn on_effect(&mut self, effect: Effect, now: Timestamp) -> io::Result<Next> {
        match effect {
            Effect::Quit => return Ok(Next::End),
            Effect::Suspend => self.suspend()?,
            Effect::Redraw => self.look.repaint()?,
            Effect::OpenUrl(url) => self.ends.effects.open(&url),
            Effect::Copy(text) => self.copy(&text, now)?,
            Effect::Recall => self.recall(now)?,
            Effect::Standup(order) => self.standup(order, now)?,
            Effect::Measure(ask) => self.measure(ask, now),
            Effect::Replay(ask) => self.rewind(ask, now),
            Effect::CopyFlow(page) => self.copy_flow(page, now)?,
            Effect::RefreshAll => self.command(EngineCommand::RefreshAll, now),
            Effect::Refresh(source) => self.command(EngineCommand::Refresh(source), now),
            Effect::Look(item) => self.command(EngineCommand::Look(item), now),
            Effect::Focus(focused) => self.command(EngineCommand::Focus(focused), now),
            Effect::Pin(changes) => self.ends.effects.pin(changes),
            Effect::RunOwn(order) => self.run_own(*order, now)?,
            Effect::StopOwn(id) => self.ends.effects.stop_own(id),
            Effect::Bell => self.look.terminal.backend_mut().send_aside(b"\x07")?,
            Effect::Hide(changes) => self.ends.effects.hide(changes, now),
            Effect::KeepView(name, view) => self.ends.effects.keep_view(name, view, now),
            Effect::Toast(text) => self.look.state.answer(text, now),
            Effect::SetTheme(name) => self.set_theme(&name, now)?,
            Effect::Mouse(on) => self.take_mouse(on)?,
            Effect::Diagnose(key) => self.command(EngineCommand::Diagnose(key), now),
            Effect::OpenLog(key) => self.log(Order::Open(key), now),
            Effect::FollowLog(key) => {
                self.command(EngineCommand::Follow(key.clone()), now);
                self.log(Order::Follow(key), now);
            }
            Effect::LeaveLog(key) => self.command(EngineCommand::Leave(key), now),
            Effect::ReadLog {
                key,
                ranges,
                generation,
            } => {
                let order = Order::Read {
                    key,
                    ranges,
                    generation,
                };
                self.log(order, now);
            }
            Effect::SearchLog {
                key,
                query,
                generation,
            } => {
                let order = Order::Search {
                    key,
                    query,
                    generation,
                };
                self.log(order, now);
            }
            Effect::SaveLog { key } => {
                let name = name_of(&key, &self.look.snapshot);
                self.log(Order::Save(key, name), now);
            }
            Effect::CloseLog(key) => self.log(Order::Close(key), now),
            Effect::Intend {
                id,
                verb,
                target,
                item,
            } => {
                let command = EngineCommand::Intend {
                    id,
                    verb,
                    target,
                    item,
                };
                self.command(command, now);
            }
            Effect::Confirm(id) => self.command(EngineCommand::Confirm(id), now),
            Effect::Dismiss(id) => self.command(EngineCommand::Dismiss(id), now),
        }
        Ok(Next::Go)
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.look.terminal.backend_mut().suspend()?;
        self.look.repaint()
    }

    fn take_mouse(&mut self, on: bool) -> io::Result<()> {
        let terminal = &mut self.look.terminal;
        terminal.backend_mut().switch(Switch::Mouse, on)
    }

    /// Tells the thread that reads logs; one that does not listen is told of on the screen.
    fn log(&mut self, order: Order, now: Timestamp) {
        if !self.ends.effects.log(order) {
            self.look.state.notify_error("logs cannot be read now", now);
        }
    }

    /// Hands text to the terminal, which gives no word back; the log of messages keeps the text.
    fn copy(&mut self, text: &str, now: Timestamp) -> io::Result<()> {
        match clipboard(text) {
            Ok(bytes) => {
                self.look.terminal.backend_mut().send_aside(&bytes)?;
                let what = match text.lines().count() {
                    0 | 1 => format!("`{text}`"),
                    lines => format!("{lines} lines"),
                };
                // Nothing tells whether it arrived.
                let to = self.standing.as_ref().map_or(CLIPBOARD, |it| it.clipboard);
                let told = format!("sent {what} to {to}");
                self.look.state.notify(told, now);
            }
            Err(error) => self.look.state.notify_error(error, now),
        }
        Ok(())
    }

    /// Has history read; without a store there is none.
    fn recall(&mut self, now: Timestamp) -> io::Result<()> {
        let board = Arc::clone(&self.look.snapshot);
        if self.ends.effects.recall(board) {
            return Ok(());
        }
        self.on_recalled(None, now).map(|_| ())
    }

    /// Has flow measured of the history that is there.
    fn measure(&mut self, ask: Ask, now: Timestamp) {
        let Look {
            state, snapshot, ..
        } = &self.look;
        if let Some(ledger) = state.history.clone() {
            let beside = flow::beside(&state.options.columns, snapshot);
            self.ends.effects.measure(ledger, ask, beside, now);
        }
    }

    /// Has a moment made of the history that is gone through.
    fn rewind(&mut self, ask: replay::Ask, now: Timestamp) {
        let Look {
            state, snapshot, ..
        } = &self.look;
        if let Some(ledger) = state.replay.ledger.clone() {
            let viewer = replay::Viewer {
                me: state.options.me.clone(),
                people: snapshot.attention.of_nothing(),
            };
            self.ends.effects.rewind(ledger, ask, viewer, now);
        }
    }

    fn on_recalled(&mut self, read: Option<Arc<Ledger>>, now: Timestamp) -> io::Result<Next> {
        let Look {
            state, snapshot, ..
        } = &mut self.look;
        ui::history::on_recalled(state, read, snapshot, now);
        let mut effects = ui::update::on_clock(state, snapshot, now);
        effects.extend(ui::input::catch_up(state, snapshot, now));
        self.carry_out(effects, now)
    }

    /// Has something done for the stand-up; copying is done with what was prepared.
    fn standup(&mut self, order: standup::Order, now: Timestamp) -> io::Result<()> {
        let Look {
            state, snapshot, ..
        } = &mut self.look;
        if let standup::Order::Copy(by) = order {
            let prepared = state.standup.prepared.as_ref();
            let text = prepared.map(|it| markdown(it, by, &state.options.columns));
            return text.map_or(Ok(()), |text| self.copy(&text, now));
        }
        let scene = Scene {
            snapshot: Arc::clone(snapshot),
            ledger: state.history.clone(),
            now,
        };
        let ask = state.standup.ask(order);
        if !self.ends.effects.standup(ask, scene) {
            state.notify_error("no stand-up can be prepared now", now);
        }
        Ok(())
    }

    /// Puts a page of the flow view on the clipboard.
    fn copy_flow(&mut self, page: Page, now: Timestamp) -> io::Result<()> {
        let Some(report) = &self.look.state.flow.report else {
            return Ok(());
        };
        let text = measure::markdown(report, page, now);
        self.copy(&text, now)
    }

    /// Has a command of the user run; one that gets the terminal is left it.
    fn run_own(&mut self, order: own::Order, now: Timestamp) -> io::Result<()> {
        let state = &mut self.look.state;
        let Some(runner) = self.ends.effects.own() else {
            state.notify_error("your commands cannot be run here", now);
            return Ok(());
        };
        let Some(order) = own::admit(state, order) else {
            return Ok(());
        };
        if order.run == RunIn::Terminal {
            self.look.terminal.backend_mut().lend()?;
        }
        own::begun(state, &order, now);
        runner.run(order);
        Ok(())
    }

    /// Tells the engine; one that is too busy to listen is told of on the screen.
    fn command(&mut self, command: EngineCommand, now: Timestamp) {
        let _heard = self.is_heard(command, now);
    }

    /// Tells the engine, and returns whether it listens.
    pub(super) fn is_heard(&mut self, command: EngineCommand, now: Timestamp) -> bool {
        let Some(command) = self.renewal.hold(command) else {
            return true;
        };
        if let Err(error) = self.ends.commands.try_send(command) {
            tracing::warn!(%error, "engine");
            let busy = matches!(error, mpsc::error::TrySendError::Full(_));
            let text = if busy {
                "still busy with the last request"
            } else {
                "polling has stopped"
            };
            self.look.state.notify_error(text, now);
            return false;
        }
        true
    }

    pub(super) fn on_done(&mut self, done: Done) -> io::Result<Next> {
        self.pace.touch();
        let now = (self.look.clock)();
        match done {
            Done::Well(text) => self.look.state.notify(text, now),
            Done::Badly(text) => self.look.state.notify_error(text, now),
            Done::Pinned(list, trouble) => {
                self.look.state.pins.clone_from(&list);
                self.command(EngineCommand::Pin(list), now);
                if let Some(text) = trouble {
                    self.look.state.notify_error(text, now);
                }
            }
            Done::Hidden(all, trouble) => {
                ui::update::hides::on_kept(&mut self.look.state, all, trouble, now);
            }
            Done::Views(own, trouble) => {
                ui::update::saved::on_kept(&mut self.look.state, own, trouble, now);
            }
            Done::Measured(report) => {
                let Look {
                    state, snapshot, ..
                } = &mut self.look;
                ui::update::flow::on_report(state, report);
                let effects = ui::input::catch_up(state, snapshot, now);
                return self.carry_out(effects, now);
            }
            Done::Rewound(frame) => {
                let Look {
                    state, snapshot, ..
                } = &mut self.look;
                let effects = replay::on_frame(state, *frame, snapshot, now);
                return self.carry_out(effects, now);
            }
            Done::Recalled(read) => return self.on_recalled(read, now),
            Done::Standup(answer) => {
                let Look {
                    state, snapshot, ..
                } = &mut self.look;
                standup::on_prepared(state, *answer, now);
                let effects = ui::input::catch_up(state, snapshot, now);
                return self.carry_out(effects, now);
            }
            Done::Log(event) => {
                let Look {
                    state, snapshot, ..
                } = &mut self.look;
                let effects = ui::logs::on_log(state, *event, snapshot, now);
                return self.carry_out(effects, now);
            }
            Done::Reloaded(reloaded) => self.on_reloaded(*reloaded, now)?,
            Done::Renewed(renewed) => return self.on_renewed(renewed.map(|it| *it), now),
            Done::Own(event) => {
                own::on_event(&mut self.look.state, *event, now);
                while let Some(order) = own::next(&mut self.look.state) {
                    self.run_own(order, now)?;
                }
            }
            Done::Returned(event) => {
                self.look.terminal.backend_mut().take_back()?;
                self.look.repaint()?;
                own::on_event(&mut self.look.state, *event, now);
            }
            Done::Aside(bytes) => self.look.terminal.backend_mut().send_aside(&bytes)?,
        }
        Ok(Next::Go)
    }
}

/// Returns what the copy of a log is called: repository, run, attempt and job.
fn name_of(key: &LogKey, snapshot: &Snapshot) -> String {
    let mut cards = snapshot.triage.cards.iter().map(|card| &card.triage);
    let triage = cards.find(|triage| triage.run.key() == key.run);
    let job = triage.and_then(|triage| {
        let mut jobs = triage.jobs.iter().map(|line| &line.job);
        jobs.find(|job| job.id == key.job)
    });
    let job = job.map_or_else(|| key.job.to_string(), |job| job.name.to_string());
    let number = triage.map_or_else(|| key.run.id.to_string(), |triage| triage.run.called());
    format!("{} {number} {} {job}", key.run.repo.path(), key.attempt)
}
