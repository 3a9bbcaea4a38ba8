//! The database: facts, history, validators and leases over a restart.
//!
//! One thread owns the writing connection; [`Database`] is the handle that
//! sends it jobs. Whatever is wrong with the disk, the board goes on without
//! one and says so: no call here fails, but for [`Database::open`].

mod account;
mod bound;
mod cache;
mod encode;
mod files;
mod history;
mod lease;
mod maintain;
mod process;
mod rows;
mod schema;
mod screen;
mod state;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::domain::Timestamp;
use crate::domain::history::Ledger;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::engine::snapshot::Snapshot;
use crate::engine::update::{Loaded, RemoteState, Update, Write};
use crate::sources::Account;
use crate::sources::http::Validators;

pub use self::bound::Bound;
pub(in crate::engine) use self::lease::LEASE_SECS;
pub use self::lease::{Lease, Wish, Wishes};

/// The name that the shell knows the database by.
pub type Store = Database;

/// How many jobs wait for the database thread at most.
const JOBS: usize = 64;
/// How long opening may take before the board starts without a store.
const OPEN_DEADLINE: Duration = Duration::from_secs(3);

/// The handle of the database thread; cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

/// What the handle and the thread share.
#[derive(Debug, Default)]
struct Shared {
    /// A second connection, only for reading.
    reader: Mutex<Option<Connection>>,
    /// What a person should know since the opening.
    notices: Mutex<Vec<Notice>>,
    /// What the sources are, beyond their names.
    bounds: Mutex<Arc<bound::Bounds>>,
}

/// A topic and its sentence, or nothing once it no longer holds.
type Notice = (&'static str, Option<String>);

/// What happened when the database was opened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Opened {
    /// The file that is used; none where everything stays in memory.
    pub file: Option<PathBuf>,
    /// What a person should know; the engine shows it too.
    pub notices: Vec<Clean>,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The SQLite that was built in has the WAL-reset bug.
    #[error("SQLite {version} is too old: 3.51.3 is needed")]
    TooOld {
        /// Its version.
        version: String,
    },
    /// The disk does not answer.
    #[error("the store `{place}` did not open within {} s", OPEN_DEADLINE.as_secs())]
    Slow {
        /// Where it is.
        place: String,
    },
    /// No thread could be started.
    #[error("the store has no thread: {cause}")]
    Thread {
        /// Why.
        cause: std::io::Error,
    },
}

/// How much the database may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The largest file, in bytes.
    pub file: u64,
    /// The largest sum of validators' bodies, in bytes.
    pub bodies: u64,
    /// For how long history is kept.
    pub history: TimeDelta,
}

impl Limits {
    /// Returns from which size of the file on room is made in it, in bytes.
    fn fill(self) -> u64 {
        self.file / 10 * 9
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 200 * 1024 * 1024,
            bodies: 64 * 1024 * 1024,
            // The longest window of ninety days, and what its first days are compared with.
            history: TimeDelta::days(100),
        }
    }
}

/// What came of a write.
#[derive(Debug, Default)]
pub struct Written {
    /// Whether the database lost what it had: everything must be written again.
    pub lost: bool,
    /// What a person should know.
    pub notices: Vec<Update>,
}

/// How far a follower has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cursor {
    version: i64,
    seq: Option<i64>,
}

impl Cursor {
    /// Returns whether nothing was read yet.
    pub fn is_fresh(&self) -> bool {
        self.seq.is_none()
    }
}

/// What a follower learns.
#[derive(Debug)]
pub struct Following {
    /// Whether the lease is ours now.
    pub lease: Lease,
    /// Where to read on.
    pub cursor: Cursor,
    /// What was written since the last look, if anything was.
    pub news: Option<(Option<RemoteState>, Loaded)>,
}

/// A job for the thread.
#[derive(Debug)]
enum Job {
    Account(SourceName, Account, oneshot::Sender<bool>),
    Load(Vec<SourceName>, oneshot::Sender<Loaded>),
    Write(Vec<Write>, Timestamp, oneshot::Sender<Written>),
    Lease(SourceName, Timestamp, oneshot::Sender<Lease>),
    Follow(SourceName, Cursor, Timestamp, oneshot::Sender<Following>),
    Wish(SourceName, Wish, Timestamp, oneshot::Sender<()>),
    Wishes(SourceName, Timestamp, oneshot::Sender<Wishes>),
    Validator(Box<cache::Row>),
    Screen(Arc<Snapshot>),
    /// The whole file was read; whether it is damaged.
    Checked(bool),
    Close(oneshot::Sender<()>),
}

impl Database {
    /// Opens the database at `place`, or makes it.
    ///
    /// `place` is a file if it has an extension, else a directory that gets one. A file that is
    /// damaged, empty or not ours is set aside; one of a newer program is left alone and another
    /// is used; where nothing can be written, everything stays in memory. All of that is told in
    /// [`Opened::notices`].
    ///
    /// # Errors
    /// None of them is a reason not to start: the board works without a store.
    pub fn open(place: &Path, now: Timestamp) -> Result<(Self, Opened), DbError> {
        Self::open_with(place, now, Limits::default())
    }

    /// Opens it with other limits.
    pub fn open_with(
        place: &Path,
        now: Timestamp,
        limits: Limits,
    ) -> Result<(Self, Opened), DbError> {
        schema::check_version()?;
        let (jobs, jobs_in) = mpsc::channel(JOBS);
        let (opened, opened_in) = std::sync::mpsc::sync_channel(1);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let path = place.to_owned();
        let weak = jobs.downgrade();
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let mut worker = worker::Worker::open(&path, now, limits, theirs, weak);
                if opened.send(worker.opened()).is_ok() {
                    worker.work(jobs_in);
                }
            })
            .map_err(|cause| DbError::Thread { cause })?;
        let slow = |_| DbError::Slow {
            place: place.display().to_string(),
        };
        let opened = opened_in.recv_timeout(OPEN_DEADLINE).map_err(slow)?;
        Ok((Self { jobs, shared }, opened))
    }

    /// Tells what the sources are: rows of others of the same names are left alone from now on.
    pub fn bind(&self, sources: impl IntoIterator<Item = Bound>) {
        let reader = self.shared.reader();
        let found = sources.into_iter().map(|mut bound| {
            bound.find_word(reader.as_ref());
            bound
        });
        let bounds = bound::Bounds::new(found.collect::<Vec<_>>());
        drop(reader);
        self.shared.bind(bounds);
    }

    /// Tells as whom a source really asks; returns whether its rows are others than before.
    pub async fn account(&self, source: SourceName, account: Account) -> bool {
        self.ask(|reply| Job::Account(source, account, reply))
            .await
            .unwrap_or_default()
    }

    /// Returns the place where the HTTP client keeps its validators.
    pub fn validators(&self) -> Arc<dyn Validators> {
        Arc::new(cache::Cache::new(self.clone()))
    }

    /// Returns the cards that were on the first screen when the board last ran, marked as partial.
    pub fn first_screen(&self) -> Option<Snapshot> {
        let reader = self.shared.reader();
        screen::read(reader.as_ref()?, &self.shared.bounds().word())
    }

    /// Reads what history keeps of these repositories, and of none. Takes its time, on a connection
    /// of its own: not for a thread that must not wait.
    pub fn ledger(&self, repos: &BTreeSet<RepoKey>) -> Option<Ledger> {
        let file = {
            let reader = self.shared.reader();
            reader.as_ref()?.path().map(PathBuf::from)?
        };
        let connection = files::read_only(&file).ok()?;
        history::ledger(&connection, repos).ok()
    }

    /// Returns what a person should know, as updates of the store.
    pub(crate) fn notices(&self) -> Vec<Update> {
        self.shared.take_notices()
    }

    /// Reads everything of these sources.
    pub async fn load(&self, sources: Vec<SourceName>) -> Loaded {
        self.ask(|reply| Job::Load(sources, reply))
            .await
            .unwrap_or_default()
    }

    /// Hands writes over; they go into one transaction. Gives them back where too much waits.
    pub fn write(
        &self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<oneshot::Receiver<Written>, Vec<Write>> {
        let (reply, written) = oneshot::channel();
        match self.jobs.try_send(Job::Write(writes, now, reply)) {
            Ok(()) => Ok(written),
            Err(
                mpsc::error::TrySendError::Full(Job::Write(writes, ..))
                | mpsc::error::TrySendError::Closed(Job::Write(writes, ..)),
            ) => Err(writes),
            Err(mpsc::error::TrySendError::Full(_) | mpsc::error::TrySendError::Closed(_)) => {
                Err(Vec::new())
            }
        }
    }

    /// Takes or keeps the lease of a source; without a disk everybody has every lease.
    pub async fn lease(&self, source: SourceName, now: Timestamp) -> Lease {
        self.ask(|reply| Job::Lease(source, now, reply))
            .await
            .unwrap_or(Lease::Held)
    }

    /// Reads what was written about a source that another program polls.
    pub async fn follow(&self, source: SourceName, cursor: Cursor, now: Timestamp) -> Following {
        self.ask(|reply| Job::Follow(source, cursor, now, reply))
            .await
            .unwrap_or(Following {
                lease: Lease::Held,
                cursor,
                news: None,
            })
    }

    /// Leaves a wish for the program that polls a source.
    pub async fn wish(&self, source: SourceName, wish: Wish, now: Timestamp) {
        let _ = self.ask(|reply| Job::Wish(source, wish, now, reply)).await;
    }

    /// Takes what other programs want of a source that this one polls.
    pub async fn wishes(&self, source: SourceName, now: Timestamp) -> Wishes {
        self.ask(|reply| Job::Wishes(source, now, reply))
            .await
            .unwrap_or_default()
    }

    /// Keeps the first screen of the board for the next start.
    pub async fn keep_screen(&self, snapshot: Arc<Snapshot>) {
        drop(self.jobs.send(Job::Screen(snapshot)).await);
    }

    /// Gives back all leases and notes that the program ended as it should.
    pub async fn close(&self) {
        let _ = self.ask(Job::Close).await;
    }

    fn keep_validator(&self, row: cache::Row) {
        // A validator is worth less than a wait: where the disk is slow it is dropped.
        drop(self.jobs.try_send(Job::Validator(Box::new(row))));
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(job(reply)).await.ok()?;
        answer.await.ok()
    }
}

impl Shared {
    fn reader(&self) -> std::sync::MutexGuard<'_, Option<Connection>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bounds(&self) -> Arc<bound::Bounds> {
        let bounds = self.bounds.lock();
        Arc::clone(&bounds.unwrap_or_else(PoisonError::into_inner))
    }

    fn bind(&self, bounds: bound::Bounds) {
        let held = self.bounds.lock();
        *held.unwrap_or_else(PoisonError::into_inner) = Arc::new(bounds);
    }

    fn notice(&self, about: &'static str, text: Option<String>) {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((about, text));
    }

    fn take_notices(&self) -> Vec<Update> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices
            .drain(..)
            .map(|(about, text)| Update::Notice {
                about,
                text: text.map(|text| Clean::line(&text)),
            })
            .collect()
    }
}
