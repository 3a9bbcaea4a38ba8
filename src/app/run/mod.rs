//! The loop: events in, frames out.
//!
//! Takes what is ready in the order of urgency, then draws at most once in 16 ms.
//! Waits for nothing else: no file, no network, no effect. When nothing happens
//! it sleeps until the next visible text changes by the clock.

mod asks;
mod renew;
mod screen;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveTime;
use crossterm::event::Event;
use futures_util::{Stream, StreamExt as _};
use ratatui::Terminal;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::clock;
use crate::app::effects::{Done, Effects};
use crate::app::notify::Watch;
use crate::app::place::Places;
use crate::app::screen::Screen;
use crate::app::signals::Job;
use crate::app::surround::Surround;
use crate::app::themes::Themes;
use crate::app::tty::Input;
use crate::domain::Timestamp;
use crate::engine::EngineCommand;
use crate::engine::snapshot::Snapshot;
use crate::sources::http::Clock;
use crate::ui;
use crate::ui::effect::Effect;
use crate::ui::state::UiState;
use crate::ui::theme::Theme;

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);

/// The same on a slow line, for what nobody asked for.
const SLOW: Duration = Duration::from_secs(1);

/// How long a terminal that changes its size is left alone after the last change.
const SETTLE: Duration = Duration::from_millis(20);

/// How long a stream of events may put a frame off.
const LATEST: Duration = Duration::from_millis(100);

/// What the loop draws with, and on.
pub struct Look<B: ratatui::backend::Backend> {
    /// The terminal.
    pub terminal: Terminal<B>,
    /// What the screen remembers.
    pub state: UiState,
    /// The theme in force.
    pub theme: Theme,
    /// Where other themes come from.
    pub themes: Themes,
    /// What the terminal shows around the picture.
    pub surround: Surround,
    /// The newest board.
    pub snapshot: Arc<Snapshot>,
    /// Reads the clock.
    pub clock: Clock,
}

/// What the loop listens to and talks to.
pub struct Ends<S> {
    /// What the terminal says.
    pub input: S,
    /// New boards.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What the engine should do.
    pub commands: mpsc::Sender<EngineCommand>,
    /// What signals ask for.
    pub jobs: mpsc::Receiver<Job>,
    /// Everything that is done outside the loop.
    pub effects: Effects,
    /// Ends the loop.
    pub cancel: CancellationToken,
}

/// The running board.
pub struct App<B: ratatui::backend::Backend, S> {
    look: Look<B>,
    ends: Ends<S>,
    pace: Pace,
    /// Whether the engine still sends boards.
    alive: bool,
    /// Who looks for what a person must be told.
    watch: Option<Watch>,
    /// What the screen was told, and what it may do.
    standing: Option<Standing>,
    /// How far another engine is.
    renewal: Renewal,
}

/// When to draw.
#[derive(Default, Debug)]
struct Pace {
    /// Since when something waits to be drawn.
    dirty: Option<Instant>,
    /// When the last frame was drawn.
    drawn: Option<Instant>,
    /// When a visible text changes by itself.
    rolls: Option<Instant>,
    /// When a person is told what happened.
    news: Option<Instant>,
    /// Whether what changes by itself waits longer: the line is slow.
    slow: bool,
    /// Whether a person did something since the last frame.
    asked: bool,
    /// When the terminal changed its size, the first and the last time since the last frame.
    shaken: Option<(Instant, Instant)>,
}

impl Pace {
    fn touch(&mut self) {
        self.dirty.get_or_insert_with(Instant::now);
    }

    /// Notes that the terminal has changed its size: what it shows is not what was painted.
    fn shake(&mut self) {
        let now = Instant::now();
        let (first, _) = self.shaken.unwrap_or((now, now));
        self.shaken = Some((first, now));
    }

    /// Returns when the next frame is due, if one is.
    fn due(&self) -> Option<Instant> {
        let dirty = self.dirty?;
        let gap = if self.slow && !self.asked {
            SLOW
        } else {
            FRAME
        };
        let due = self.drawn.map_or(dirty, |drawn| dirty.max(drawn + gap));
        Some(match self.shaken {
            Some((first, last)) => due.max((last + SETTLE).min(first + LATEST)),
            None => due,
        })
    }
}

/// What happened first.
enum Happening {
    Cancelled,
    Input(Option<io::Result<Input>>),
    Done(Done),
    Snapshot(bool),
    Job(Job),
    Drained(io::Result<()>),
    Rolled,
    News,
    Due,
}

/// Whether the loop goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    End,
}

impl<B: Screen> Look<B> {
    /// Draws the board as it is now.
    pub fn draw(&mut self) -> io::Result<Timestamp> {
        let now = (self.clock)();
        let Self {
            terminal,
            state,
            theme,
            snapshot,
            surround,
            ..
        } = self;
        terminal
            .draw(|frame| ui::view::frame(frame, state, snapshot, theme, now))
            .map_err(other)?;
        let around = surround.next(state.urgent(), snapshot);
        if !around.is_empty() {
            terminal.backend_mut().send_aside(around.as_bytes())?;
        }
        Ok(now)
    }

    /// Makes the next frame paint every cell.
    fn repaint(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().forget();
        self.surround.forget();
        self.terminal.clear().map_err(other)
    }
}

fn other<E: std::error::Error + Send + Sync + 'static>(error: E) -> io::Error {
    io::Error::other(error)
}

impl<B, S> App<B, S>
where
    B: Screen,
    S: Stream<Item = io::Result<Input>> + Unpin,
{
    /// Puts the loop together; `look` has drawn its first frame.
    pub fn new(look: Look<B>, ends: Ends<S>) -> Self {
        let mut pace = Pace::default();
        pace.touch();
        Self {
            look,
            ends,
            pace,
            alive: true,
            watch: None,
            standing: None,
            renewal: Renewal::default(),
        }
    }

    /// Has somebody look for what a person must be told.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Returns where it is kept where the board was left.
    pub fn places(&self) -> Option<Places> {
        self.ends.effects.places().cloned()
    }

    /// Returns the screen with all that it remembers.
    pub fn look(&self) -> &Look<B> {
        &self.look
    }

    /// Runs until somebody quits, a signal ends it, or the terminal is gone; returns itself.
    pub async fn run(mut self) -> (Self, io::Result<()>) {
        loop {
            match self.turn().await {
                Ok(Next::Go) => {}
                Ok(Next::End) => return (self, Ok(())),
                Err(error) => return (self, Err(error)),
            }
        }
    }

    async fn turn(&mut self) -> io::Result<Next> {
        // A flood of events must not keep the picture from changing.
        if self
            .pace
            .dirty
            .is_some_and(|since| since.elapsed() > LATEST)
            && (self.pace.asked || !self.pace.slow)
        {
            self.draw_if_free()?;
        }
        match self.wait().await {
            // The end of input is an end, too: nobody could quit us any more.
            Happening::Cancelled | Happening::Input(None) => Ok(Next::End),
            Happening::Input(Some(Ok(Input::Event(event)))) => self.on_event(&event),
            Happening::Input(Some(Ok(Input::Ground(ground)))) => {
                self.on_ground(ground);
                Ok(Next::Go)
            }
            Happening::Input(Some(Ok(Input::Resized))) => self.on_resized(),
            Happening::Input(Some(Err(error))) => Err(error),
            Happening::Done(done) => self.on_done(done),
            Happening::Snapshot(alive) => self.on_snapshot(alive),
            Happening::Job(job) => self.on_job(job),
            Happening::Drained(outcome) => outcome.map(|()| Next::Go),
            Happening::Rolled => {
                self.pace.rolls = None;
                self.pace.touch();
                // What a selection shows at large was asked for when it moved.
                self.pace.asked |= self.look.state.rest.is_awaited();
                let now = (self.look.clock)();
                let Look {
                    state, snapshot, ..
                } = &mut self.look;
                let effects = ui::update::on_clock(state, snapshot, now);
                self.carry_out(effects, now)
            }
            Happening::News => {
                self.tell();
                Ok(Next::Go)
            }
            Happening::Due => self.draw_if_free().map(|()| Next::Go),
        }
    }

    /// Waits for what comes first; of several, the most urgent.
    async fn wait(&mut self) -> Happening {
        let Self {
            look,
            ends,
            pace,
            alive,
            watch: _,
            standing: _,
            renewal: _,
        } = self;
        let busy = look.terminal.backend().is_busy();
        let due = pace.due().filter(|_| !busy);
        tokio::select! {
            biased;
            () = ends.cancel.cancelled() => Happening::Cancelled,
            event = ends.input.next() => Happening::Input(event),
            done = ends.effects.next() => Happening::Done(done),
            changed = ends.snapshots.changed(), if *alive => {
                Happening::Snapshot(changed.is_ok())
            }
            Some(job) = ends.jobs.recv() => Happening::Job(job),
            outcome = look.terminal.backend_mut().drained(), if busy => Happening::Drained(outcome),
            () = at(due), if due.is_some() => Happening::Due,
            () = at(pace.rolls), if pace.rolls.is_some() => Happening::Rolled,
            () = at(pace.news), if pace.news.is_some() => Happening::News,
        }
    }

    fn draw_if_free(&mut self) -> io::Result<()> {
        if self.look.terminal.backend().is_busy() {
            return Ok(());
        }
        if self.pace.shaken.take().is_some() {
            // Also where the size is what it was before: what was cut meanwhile is gone.
            self.look.repaint()?;
        }
        let now = self.look.draw()?;
        self.pace.dirty = None;
        self.pace.asked = false;
        self.pace.drawn = Some(Instant::now());
        let change = ui::view::next_change(&self.look.state, &self.look.snapshot, now);
        self.pace.rolls = change.map(|at| {
            // A little late rather than early: too early, the text would not have changed yet.
            let wait = (at - now).to_std().unwrap_or_default() + Duration::from_millis(1);
            Instant::now() + wait
        });
        Ok(())
    }

    fn on_event(&mut self, event: &Event) -> io::Result<Next> {
        self.pace.touch();
        self.pace.asked = true;
        let Look {
            state,
            snapshot,
            clock,
            ..
        } = &mut self.look;
        let now = clock();
        let keymap = Arc::clone(&state.options.keymap);
        let effects = ui::input::on_event(state, &keymap, event, snapshot, now);
        self.carry_out(effects, now)
    }

    /// The terminal has another size, or had one for a moment.
    fn on_resized(&mut self) -> io::Result<Next> {
        self.pace.shake();
        let size = self.look.terminal.backend().size().map_err(other)?;
        self.on_event(&Event::Resize(size.width, size.height))
    }

    fn carry_out(&mut self, effects: Vec<Effect>, now: Timestamp) -> io::Result<Next> {
        let errors = self.look.state.messages.errors();
        for effect in effects {
            // What did not work must not be followed by a word that it did.
            let failed = self.look.state.messages.errors() > errors;
            if failed && matches!(effect, Effect::Toast(_)) {
                continue;
            }
            if self.on_effect(effect, now)? == Next::End {
                return Ok(Next::End);
            }
        }
        Ok(Next::Go)
    }

    fn on_snapshot(&mut self, alive: bool) -> io::Result<Next> {
        self.pace.touch();
        let now = (self.look.clock)();
        if alive {
            let snapshot = Arc::clone(&self.ends.snapshots.borrow_and_update());
            if let Some(watch) = &mut self.watch {
                watch.look(&snapshot, now, time_of_day(now));
                self.pace.news = watch.wait(now).map(|wait| Instant::now() + wait);
            }
            self.look.state.options.me = snapshot.me();
            let effects = ui::update::on_snapshot(&mut self.look.state, &snapshot, now);
            self.look.snapshot = snapshot;
            self.renew_if_free(now);
            return self.carry_out(effects, now);
        }
        self.alive = false;
        if self.renewal.is_under_way() {
            return Ok(Next::Go);
        }
        let told = "polling has stopped: what is shown grows old";
        self.look.state.notify_error(told, now);
        Ok(Next::Go)
    }

    /// Tells a person what happened in the last moments.
    fn tell(&mut self) {
        self.pace.news = None;
        if let Some(watch) = &mut self.watch {
            let now = time_of_day((self.look.clock)());
            self.ends.effects.announce(watch.tell(now));
        }
    }

    fn on_job(&mut self, job: Job) -> io::Result<Next> {
        match job {
            Job::Suspend => self.look.terminal.backend_mut().suspend()?,
            Job::Resumed => self.look.terminal.backend_mut().retake()?,
        }
        self.look.repaint()?;
        self.pace.touch();
        Ok(Next::Go)
    }
}

/// Returns what the clock on the wall shows; summer time may come while the board is up.
fn time_of_day(now: Timestamp) -> NaiveTime {
    now.with_timezone(&clock::local_offset()).time()
}

/// Waits until then; for ever where there is no time.
async fn at(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then).await,
        None => std::future::pending().await,
    }
}

use renew::Renewal;
pub use screen::Standing;

#[cfg(test)]
mod tests;
