//! Follows the one log that somebody looks at: reads on, sooner where lines come, until the job
//! is over.
//!
//! `Pace` is pure and says when to read again. What was read goes to the file that grows; at the
//! end the whole log is asked for as any other, and only that one is kept.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::engine::EngineCommand;
use crate::engine::supervise::supervised;
use crate::log::Grows;
use crate::sources::follow::{FollowError, Part, Place, Standing};
use crate::sources::http::{Clock, span};
use crate::sources::logs::{Growing, LogCache};
use crate::sources::{Source, SourceError};

/// How long one read may take.
const TIMEOUT: Duration = Duration::from_mins(3);
/// How many parts of a log wait for the disk.
const WAITING: usize = 4;
/// The wait while lines come.
const SOON: Duration = Duration::from_millis(1_500);
/// The longest wait while nothing comes.
const QUIET: Duration = Duration::from_secs(15);
/// The longest wait after failures, and where much is moved for few lines.
const LONGEST: Duration = Duration::from_mins(1);
/// How many bytes may be moved in a second, all reads together: a server that tells the whole log
/// each time is asked less often the longer it gets.
const RATE: u64 = 512 * 1024;
/// How many bytes are moved for one log at most.
const MOST_MOVED: u64 = 1024 * 1024 * 1024;
/// How often in a row a log may begin anew before that counts as trouble.
const MOST_ANEW: u32 = 3;

/// What is followed, and with what.
pub(super) struct Trip {
    /// Who is asked.
    pub(super) source: Arc<dyn Source>,
    /// Permits for its host.
    pub(super) host: Arc<Semaphore>,
    /// Where the bytes go.
    pub(super) logs: Arc<dyn LogCache>,
    /// The wall clock.
    pub(super) clock: Clock,
    /// Which log.
    pub(super) key: LogKey,
    /// The way to ask for the whole log at the end.
    pub(super) commands: mpsc::WeakSender<EngineCommand>,
}

/// When to read again.
#[derive(Debug, Default)]
struct Pace {
    /// Reads in a row that brought nothing.
    quiet: u32,
    /// Reads in a row that failed.
    failures: u32,
    /// How often in a row it began anew.
    anew: u32,
    /// Bytes that were moved, all reads together.
    moved: u64,
}

impl Pace {
    /// Returns the wait after a read that brought so many bytes.
    fn after(&mut self, brought: u64, part: &Part) -> Duration {
        self.failures = 0;
        let moved = part.moved.max(brought);
        self.moved = self.moved.saturating_add(moved);
        let cost = Duration::from_secs(moved.saturating_sub(brought) / RATE).min(LONGEST);
        match part.standing {
            Standing::Anew => {
                self.anew += 1;
                let again = self.anew >= MOST_ANEW;
                return if again { QUIET } else { Duration::ZERO }.max(cost);
            }
            Standing::More if brought > 0 => {
                (self.quiet, self.anew) = (0, 0);
                return cost;
            }
            Standing::More | Standing::Open | Standing::Full | Standing::Ended(_) => {}
        }
        if brought > 0 {
            (self.quiet, self.anew) = (0, 0);
            return SOON.max(cost);
        }
        self.quiet = self.quiet.saturating_add(1);
        let wait = SOON.saturating_mul(1 << self.quiet.min(8));
        wait.min(QUIET).max(cost)
    }

    /// Returns the wait after a read that failed.
    fn failed(&mut self, error: &SourceError) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if let SourceError::RateLimited { retry_after, .. } = error {
            return (*retry_after).max(SOON);
        }
        let wait = SOON.saturating_mul(1 << self.failures.min(8));
        wait.min(LONGEST)
    }
}

/// What to do next.
enum Next {
    Wait(Duration),
    /// Nothing more comes.
    End,
    /// The job is over.
    Over,
}

/// Follows a log until its job is over, or it cannot be read on; ends when it is dropped.
pub(super) async fn follow(trip: Trip) {
    let growing = match trip.logs.grow(&trip.key) {
        Ok(growing) => growing,
        Err(error) => {
            tracing::warn!(%error, "a log cannot be followed");
            return;
        }
    };
    let mut walk = Walk {
        trip,
        growing: Some(growing),
        place: Place::default(),
        pace: Pace::default(),
    };
    loop {
        match walk.step().await {
            Next::Wait(wait) => tokio::time::sleep(wait).await,
            Next::End => return,
            Next::Over => break,
        }
    }
    if let Some(commands) = walk.trip.commands.upgrade() {
        // The engine that is gone needs no log.
        drop(commands.send(EngineCommand::Diagnose(walk.trip.key)).await);
    }
}

/// Says that a log is not followed, and why.
pub(super) fn refuse(logs: &dyn LogCache, key: &LogKey, why: &str) {
    if let Ok(mut growing) = logs.grow(key) {
        growing.tell(Grows::Stopped(Clean::line(why)), None);
    }
}

struct Walk {
    trip: Trip,
    growing: Option<Box<dyn Growing>>,
    place: Place,
    pace: Pace,
}

impl Walk {
    /// Reads on once, and tells what came of it.
    async fn step(&mut self) -> Next {
        let permit = Arc::clone(&self.trip.host).acquire_owned().await;
        let (read, taken) = self.read().await;
        drop(permit);
        let at = (self.trip.clock)();
        let Some((mut growing, place, kept)) = taken else {
            return Next::End;
        };
        let stop = |growing: &mut Box<dyn Growing>, why: &str| {
            growing.forget();
            growing.tell(Grows::Stopped(Clean::line(why)), None);
            Next::End
        };
        if let Err(error) = kept {
            return stop(&mut growing, &format!("the log cannot be kept: {error}"));
        }
        let part = match read {
            Ok(part) => part,
            Err(FollowError::NoWay(why)) => return stop(&mut growing, &why),
            Err(FollowError::Source(error)) if is_final(&error) => {
                return stop(&mut growing, &error.to_string());
            }
            Err(FollowError::Source(error)) => {
                growing.forget();
                growing.tell(Grows::Trouble(Clean::line(&error.to_string())), None);
                self.growing = Some(growing);
                return Next::Wait(self.pace.failed(&error));
            }
        };
        let brought = place.bytes - self.place.bytes;
        let wait = self.pace.after(brought, &part);
        self.place = Place {
            mark: part.mark,
            ..place
        };
        match part.standing {
            Standing::Anew => {
                self.place = Place::default();
                growing.forget();
                if let Err(error) = growing.restart() {
                    return stop(&mut growing, &format!("the log cannot be kept: {error}"));
                }
                growing.tell(Grows::Following, None);
            }
            Standing::Full => {
                growing.tell(Grows::Stopped(Clean::line(FULL)), Some(at));
                return Next::End;
            }
            Standing::Ended(state) => {
                growing.tell(Grows::Ended(state), Some(at));
                return Next::Over;
            }
            Standing::Open | Standing::More => growing.tell(Grows::Following, Some(at)),
        }
        if self.pace.moved > MOST_MOVED {
            return stop(&mut growing, DEAR);
        }
        self.growing = Some(growing);
        Next::Wait(wait)
    }

    /// Asks the source; what it hands on is written meanwhile, on a thread that may wait.
    async fn read(&mut self) -> (Result<Part, FollowError>, Option<Taken>) {
        let (into, mut parts) = mpsc::channel::<Vec<u8>>(WAITING);
        let from = self.place.clone();
        let mut place = from.clone();
        let growing = self.growing.take();
        let writer = tokio::task::spawn_blocking(move || {
            let mut growing = growing?;
            let mut kept = Ok(());
            while let Some(bytes) = parts.blocking_recv() {
                kept = growing.push(&bytes);
                if kept.is_err() {
                    break;
                }
                place.pass(&bytes);
            }
            Some((growing, place, kept))
        });
        let Trip { source, key, .. } = &self.trip;
        let unreachable = |cause: String| {
            FollowError::Source(SourceError::Unreachable {
                host: source.host().to_owned(),
                cause,
            })
        };
        let asked = source.follow(key.clone(), from, into);
        let read = match supervised(tokio::time::timeout(TIMEOUT, asked)).await {
            Ok(Ok(read)) => read,
            Ok(Err(_elapsed)) => Err(unreachable(format!("no answer within {}", span(TIMEOUT)))),
            Err(panicked) => {
                tracing::error!(source = %source.name(), panic = %panicked.message, "following crashed");
                Err(unreachable("the source crashed".to_owned()))
            }
        };
        (read, writer.await.ok().flatten())
    }
}

type Taken = (Box<dyn Growing>, Place, io::Result<()>);

/// What is said of a log that is too large.
const FULL: &str = "it is larger than what is read of a log";
/// What is said of a log for which too much was moved.
const DEAR: &str = "too much was read for it; all of it is read when the job is over";

/// Returns whether the same would come of the same question.
fn is_final(error: &SourceError) -> bool {
    match error {
        SourceError::Auth { .. }
        | SourceError::NoToken { .. }
        | SourceError::Forbidden { .. }
        | SourceError::Refused { .. } => true,
        SourceError::RateLimited { .. }
        | SourceError::NotFound { .. }
        | SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. } => false,
    }
}

#[cfg(test)]
mod tests;
