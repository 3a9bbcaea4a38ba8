//! `--follow`: prints the lines of a job at work as they come, until it is over.
//!
//! The engine reads; here whole lines are printed once each, clean as in a log that is over.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::exit::{Exit, Failure};
use crate::app::logs::text;
use crate::app::waiting::say;
use crate::domain::diagnosis::LogKey;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::engine::logs::{FileLogs, Growth};
use crate::engine::{Engine, EngineCommand};
use crate::log::Grows;
use crate::log::{Content, Growing};

/// How often it is looked whether somebody still reads what is printed.
const LOOK: Duration = Duration::from_secs(1);

/// What came of following a log.
pub(super) enum Outcome {
    /// Its job ended in this way.
    Over(RunState),
    /// It cannot be followed, and nothing of it was printed.
    NoWay(Clean),
}

/// Returns what the caller gets by how a job ended.
pub(super) fn exit(state: &RunState) -> Exit {
    match state {
        RunState::Passed | RunState::Skipped => Exit::Fine,
        RunState::Failed(_) | RunState::Cancelled => Exit::Red,
        RunState::Queued
        | RunState::Waiting
        | RunState::Running
        | RunState::ActionRequired
        | RunState::Unknown(_) => Exit::Stale,
    }
}

/// Prints a log as it grows.
pub(super) async fn print(
    engine: &Engine,
    logs: &FileLogs,
    key: &LogKey,
    is_colored: bool,
) -> Result<Outcome, Failure> {
    let mut growth = logs.growth();
    // Once, for all rounds: a signal that came while nobody listened would be lost.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let sent = engine.commands.send(EngineCommand::Follow(key.clone()));
    sent.await
        .map_err(|_closed| Failure::error("nothing can be asked for any more"))?;
    let mut printer = Printer::new(is_colored);
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            changed = growth.changed() => {
                if changed.is_err() {
                    return Err(Failure::error("the log cannot be read any more"));
                }
            }
            _ = ticks.tick() => {
                if is_closed() {
                    return Err(Failure::quiet());
                }
                continue;
            }
            _ = interrupts.recv() => {
                let number = u8::try_from(Signal::INT.as_raw()).unwrap_or_default();
                return Err(Failure::quiet().with_exit(Exit::Signal(number)));
            }
        }
        let news = growth.borrow_and_update().clone();
        let Some(news) = news.filter(|news| news.key == *key) else {
            continue;
        };
        // Whoever reads may be slow.
        let outcome = tokio::task::block_in_place(|| printer.take(&news));
        if let Some(outcome) = outcome? {
            return Ok(outcome);
        }
    }
}

/// Returns whether nobody reads standard output any more.
fn is_closed() -> bool {
    let out = io::stdout();
    let mut watched = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::empty())];
    let asked = rustix::event::poll(&mut watched, Some(&rustix::event::Timespec::default()));
    let told = watched.first().map(PollFd::revents);
    asked.is_ok() && told.is_some_and(|told| told.intersects(PollFlags::ERR | PollFlags::HUP))
}

struct Printer {
    is_colored: bool,
    growing: Growing,
    /// Which log that is, and its file.
    of: Option<(u64, File)>,
    /// How many lines were printed.
    printed: u64,
    trouble: Option<Clean>,
}

impl Printer {
    fn new(is_colored: bool) -> Self {
        Self {
            is_colored,
            growing: Growing::default(),
            of: None,
            printed: 0,
            trouble: None,
        }
    }

    /// Prints what is new; returns what comes of it, at the end.
    fn take(&mut self, news: &Growth) -> Result<Option<Outcome>, Failure> {
        if self.of.as_ref().is_none_or(|(of, _)| *of != news.edition) {
            if self.printed > 0 {
                say("note: the log began anew");
            }
            self.growing = Growing::default();
            self.printed = 0;
            self.of = Some((news.edition, news.open()?));
        }
        let ended = matches!(news.stands, Grows::Ended(_));
        let read = |at: u64, into: &mut [u8]| news.read(at, into);
        if self.growing.take(ended, read)? {
            self.print(ended)?;
        }
        match &news.stands {
            Grows::Starting => {}
            Grows::Following => self.trouble = None,
            Grows::Trouble(why) => {
                if self.trouble.as_ref() != Some(why) {
                    say(&format!("note: {why}; it is asked for again"));
                    self.trouble = Some(why.clone());
                }
            }
            Grows::Stopped(why) if self.printed == 0 => {
                return Ok(Some(Outcome::NoWay(why.clone())));
            }
            Grows::Stopped(why) => {
                let failure = Failure::error(format!("the log is followed no longer: {why}"));
                return Err(failure.with_exit(Exit::Stale));
            }
            Grows::Ended(state) => return Ok(Some(Outcome::Over(state.clone()))),
        }
        Ok(None)
    }

    fn print(&mut self, ended: bool) -> Result<(), Failure> {
        let index = self.growing.index()?;
        match index.content() {
            Content::Text => {}
            Content::Utf16 | Content::Archive | Content::Binary => {
                return Err(Failure::error("the log is not text"));
            }
        }
        // A line that goes on may be written anew.
        let end = if ended {
            index.lines()
        } else {
            index.whole().0
        };
        let Some((_, file)) = self.of.as_mut() else {
            return Ok(());
        };
        let mut out = io::BufWriter::new(io::stdout().lock());
        text::write(&index, file, self.printed..end, self.is_colored, &mut out)?;
        out.flush()?;
        self.printed = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, RunState, exit};
    use crate::domain::run::Failure;

    #[test]
    fn only_what_passed_is_fine_and_what_is_not_known_is_said_so() {
        assert_eq!(exit(&RunState::Passed), Exit::Fine);
        assert_eq!(exit(&RunState::Failed(Failure::TimedOut)), Exit::Red);
        assert_eq!(exit(&RunState::Cancelled), Exit::Red);
        assert_eq!(exit(&RunState::Unknown("odd".into())), Exit::Stale);
    }
}
