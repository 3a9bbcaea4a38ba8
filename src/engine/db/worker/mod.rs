//! The thread that owns the writing connection.
//!
//! Takes jobs one by one until nobody has a handle any more. Trouble with the
//! disk becomes a notice; the thread goes on without the disk and tries again.

mod sources;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use rusqlite::Connection;
use tokio::sync::mpsc;

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::db::bound;
use crate::engine::db::files::{self, Open, Trouble};
use crate::engine::db::process::Identity;
use crate::engine::db::{
    Job, Limits, Opened, Shared, Written, account, cache, lease, maintain, rows, screen,
};
use crate::engine::update::{Loaded, Write};

/// How long the end of the program waits for other readers of the store.
const FOLD_WAIT: Duration = Duration::from_millis(200);

/// How long the thread leaves a disk alone that did not take what it should.
const RETRY: TimeDelta = TimeDelta::seconds(60);
/// How often a transaction is tried that another program holds up.
const TRIES: u32 = 3;
/// How often the file is tended.
const MAINTAIN_EVERY: TimeDelta = TimeDelta::hours(1);
/// How long after the opening for the first time.
const MAINTAIN_FIRST: TimeDelta = TimeDelta::minutes(5);
/// After a transaction of more writes than this, memory is given back.
const MANY: usize = 256;
/// So many bytes of validators are written before the oldest are looked at.
const TRIM_EVERY: u64 = 8 * 1024 * 1024;

/// Topics of notices.
const DISK: &str = "store on disk";
const REBUILT: &str = "store rebuilt";
const NEWER: &str = "newer store";

/// The database thread.
pub(super) struct Worker {
    file: PathBuf,
    limits: Limits,
    me: Identity,
    connection: Option<Connection>,
    inode: u64,
    shared: Arc<Shared>,
    opened: Opened,
    sources: Vec<SourceName>,
    now: Timestamp,
    retry_at: Option<Timestamp>,
    backlog: Vec<Write>,
    lost: bool,
    maintain_at: Timestamp,
    /// Whether the whole file is to be read once the first work is done: whoever starts waits for
    /// the first screen, and reading takes the disk and a processor from it.
    check_wanted: bool,
    bodies: u64,
    /// Of which sources it is known who asks, so that older copies went.
    settled: BTreeSet<SourceName>,
    jobs: mpsc::WeakSender<Job>,
}

impl Worker {
    /// Opens the database; whatever is wrong with it becomes a notice.
    pub(super) fn open(
        place: &Path,
        now: Timestamp,
        limits: Limits,
        shared: Arc<Shared>,
        jobs: mpsc::WeakSender<Job>,
    ) -> Self {
        let mut worker = Self {
            file: files::file_at(place),
            limits,
            me: Identity::new(),
            connection: None,
            inode: 0,
            shared,
            opened: Opened::default(),
            sources: Vec::new(),
            now,
            retry_at: None,
            backlog: Vec::new(),
            lost: false,
            maintain_at: now + MAINTAIN_FIRST,
            check_wanted: false,
            bodies: 0,
            settled: BTreeSet::new(),
            jobs,
        };
        worker.connect();
        worker.lost = false;
        worker
    }

    /// Returns what happened at the opening.
    pub(super) fn opened(&mut self) -> Opened {
        std::mem::take(&mut self.opened)
    }

    /// Does jobs until the last handle is gone.
    pub(super) fn work(&mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            self.handle(job);
            if std::mem::take(&mut self.check_wanted) {
                self.check_in_background();
            }
        }
        self.leave();
    }

    fn handle(&mut self, job: Job) {
        let bounds = self.shared.bounds();
        match bounds.inward(job) {
            Job::Load(sources, reply) => {
                self.sources.extend(sources.iter().cloned());
                self.sources.sort();
                self.sources.dedup();
                self.inherit(&sources, &bounds);
                let mut loaded = bounds.outward(self.load(&sources));
                loaded.before = self.last_answers(&sources, &bounds);
                drop(reply.send(loaded));
            }
            Job::Account(source, account, reply) => {
                let _ = reply.send(self.rebind(&source, account));
            }
            Job::Write(writes, now, reply) => {
                self.now = now;
                let logins = bound::logins(&writes);
                let written = self.write(writes);
                self.forget_older(&logins, &bounds);
                drop(reply.send(written));
            }
            Job::Lease(source, now, reply) => {
                self.now = now;
                let _ = reply.send(self.lease(&source));
            }
            Job::Follow(source, cursor, now, reply) => {
                self.now = now;
                drop(reply.send(self.follow(&source, cursor, &bounds)));
            }
            Job::Wish(source, wish, now, reply) => {
                self.now = now;
                self.wish(&source, wish);
                let _ = reply.send(());
            }
            Job::Wishes(source, now, reply) => {
                self.now = now;
                let _ = reply.send(self.wishes(&source));
            }
            Job::Validator(row) => self.keep_validator(&row),
            Job::Screen(snapshot) => {
                let kept = self
                    .connection
                    .as_ref()
                    .map(|connection| screen::write(connection, &snapshot, &bounds.word()));
                self.check(kept);
            }
            Job::Checked(true) => self.set_aside("a check found damage"),
            Job::Checked(false) => {
                let noted = self
                    .connection
                    .as_ref()
                    .map(|connection| maintain::note_check(connection, self.now));
                self.check(noted);
            }
            Job::Close(reply) => {
                self.leave();
                let _ = reply.send(());
            }
        }
    }

    fn leave(&mut self) {
        if let Some(connection) = &self.connection
            && let Err(error) = lease::leave(connection, &self.me)
        {
            tracing::debug!(%error, "the store could not be left in order");
        }
        self.fold_journal();
    }

    /// Folds the write-ahead log into the file, so that the next start need not read it first.
    /// Others who read meanwhile are not waited for.
    fn fold_journal(&self) {
        let Some(connection) = &self.connection else {
            return;
        };
        let folded = connection
            .busy_timeout(FOLD_WAIT)
            .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = folded {
            tracing::debug!(%error, "the write-ahead log stays as it is");
        }
    }

    fn tell(&mut self, about: &'static str, text: Option<String>) {
        if let Some(text) = &text {
            tracing::warn!(about, "{text}");
            self.opened.notices.push(Clean::line(text));
        }
        self.shared.notice(about, text);
    }

    fn connect(&mut self) {
        // Set aside once at most; what is damaged again at once is the disk's matter.
        for _ in 0..2 {
            match files::open(&self.file, self.limits) {
                Ok(open) => return self.adopt(open),
                Err(Trouble::Damaged(why)) => {
                    if !self.quarantine(&why, None) {
                        return;
                    }
                }
                Err(Trouble::Newer) => {
                    let newer = self.file.clone();
                    self.file = files::older_file(&newer);
                    self.tell(
                        NEWER,
                        Some(format!(
                            "the store `{}` belongs to a newer version of the program; `{}` is used",
                            newer.display(),
                            self.file.display()
                        )),
                    );
                }
                Err(Trouble::Busy) => {
                    return self.without_disk("another program holds it");
                }
                Err(Trouble::Unusable(why)) => return self.without_disk(&why),
            }
        }
        self.without_disk("it could not be built again");
    }

    fn adopt(&mut self, open: Open) {
        let Open {
            connection,
            reader,
            inode,
            fresh,
        } = open;
        let found = account::ensure_key(&connection)
            .and_then(|()| lease::bury(&connection, self.now))
            .and_then(|found| lease::register(&connection, &self.me, self.now).map(|()| found));
        let unclean = match found {
            Ok(unclean) => unclean,
            Err(error) => match Trouble::from(error) {
                Trouble::Damaged(why) => {
                    self.quarantine(&why, Some(inode));
                    self.retry_at = Some(self.now);
                    return;
                }
                Trouble::Newer => return,
                Trouble::Busy => return self.without_disk("another program holds it"),
                Trouble::Unusable(why) => return self.without_disk(&why),
            },
        };
        *self.shared.reader() = reader;
        self.connection = Some(connection);
        self.inode = inode;
        self.find_words();
        self.opened.file = Some(self.file.clone());
        if self.retry_at.take().is_some() {
            self.tell(DISK, None);
        }
        self.lost = true;
        self.check_wanted = unclean && !fresh;
    }

    fn check_in_background(&self) {
        maintain::check_beside(self.file.clone(), self.jobs.clone());
    }

    fn quarantine(&mut self, why: &str, inode: Option<u64>) -> bool {
        self.connection = None;
        *self.shared.reader() = None;
        match files::quarantine(&self.file, inode, self.now) {
            Ok(name) => {
                self.tell(
                    REBUILT,
                    Some(format!(
                        "the store was damaged ({why}); it was set aside as `{name}` and is built again"
                    )),
                );
                true
            }
            Err(error) => {
                self.without_disk(&format!("it is damaged and cannot be set aside: {error}"));
                false
            }
        }
    }

    fn set_aside(&mut self, why: &str) {
        if self.quarantine(why, Some(self.inode)) {
            self.connect();
        }
    }

    fn without_disk(&mut self, why: &str) {
        self.connection = None;
        *self.shared.reader() = None;
        *self.shared.reader() = files::last_resort(&self.file);
        if self.retry_at.is_none() {
            self.tell(
                DISK,
                Some(format!(
                    "the store `{}` cannot be written: {why}; what is new is kept in memory only",
                    self.file.display()
                )),
            );
        }
        self.retry_at = Some(self.now + RETRY);
    }

    /// Handles what came of a statement outside of a transaction; tells whether it went well.
    fn check<T>(&mut self, result: Option<rusqlite::Result<T>>) -> Option<T> {
        match result? {
            Ok(value) => Some(value),
            Err(error) => {
                self.trouble(error.into());
                None
            }
        }
    }

    fn trouble(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Damaged(why) => self.set_aside(&why),
            Trouble::Unusable(why) => self.without_disk(&why),
            Trouble::Busy | Trouble::Newer => {}
        }
    }

    /// Makes sure that the connection is to the file that is at its place now.
    fn ensure(&mut self) {
        if self.connection.is_some() {
            if files::inode(&self.file) == Some(self.inode) {
                return;
            }
            self.connection = None;
            *self.shared.reader() = None;
            self.connect();
        } else if self
            .retry_at
            .is_none_or(|at| at <= self.now || at - self.now > RETRY * 2)
        {
            self.connect();
        }
    }

    fn load(&mut self, sources: &[SourceName]) -> Loaded {
        if self.connection.is_none() {
            let reader = self.shared.reader();
            return reader
                .as_ref()
                .and_then(|reader| rows::load(reader, sources).ok())
                .unwrap_or_default();
        }
        let loaded = self
            .connection
            .as_ref()
            .map(|connection| rows::load(connection, sources));
        self.let_go();
        self.check(loaded).unwrap_or_default()
    }

    /// Gives back the memory that held pages of the file: they are rarely read again.
    fn let_go(&self) {
        if let Some(connection) = &self.connection
            && let Err(error) = connection.execute_batch("PRAGMA shrink_memory")
        {
            tracing::debug!(%error, "pages of the store stay in memory");
        }
    }

    fn write(&mut self, writes: Vec<Write>) -> Written {
        self.ensure();
        if !self.lost {
            let mut all = std::mem::take(&mut self.backlog);
            all.extend(writes);
            let many = all.len() > MANY;
            self.commit(all);
            if many {
                self.let_go();
            }
        }
        self.maintain();
        let lost = std::mem::take(&mut self.lost) && self.connection.is_some();
        Written {
            lost,
            notices: self.shared.take_notices(),
        }
    }

    fn commit(&mut self, writes: Vec<Write>) {
        let mut made_room = false;
        for attempt in 1..=TRIES + 1 {
            let Some(connection) = &mut self.connection else {
                return;
            };
            let Err(error) = rows::commit(connection, &writes, &self.me) else {
                return;
            };
            let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
            match Trouble::from(error) {
                Trouble::Busy if attempt < TRIES => {}
                Trouble::Busy | Trouble::Newer => {
                    self.backlog = writes;
                    return;
                }
                Trouble::Unusable(_) if full && !made_room => {
                    made_room = true;
                    if maintain::make_room(connection, self.limits.fill()).is_err() {
                        return self.without_disk("the disk is full");
                    }
                }
                trouble @ (Trouble::Damaged(_) | Trouble::Unusable(_)) => {
                    return self.trouble(trouble);
                }
            }
        }
    }

    fn keep_validator(&mut self, row: &cache::Row) {
        let used_at = self.now.timestamp_micros();
        let Some(connection) = &self.connection else {
            return;
        };
        // What does not fit is dropped: it can be asked for again.
        if let Ok(size) = cache::write(connection, row, used_at) {
            self.bodies += size;
        }
        if self.bodies > TRIM_EVERY.min(self.limits.bodies) {
            self.bodies = 0;
            drop(cache::trim(connection, self.limits.bodies));
        }
    }

    fn maintain(&mut self) {
        if self.now < self.maintain_at {
            return;
        }
        self.maintain_at = self.now + MAINTAIN_EVERY;
        let done = self
            .connection
            .as_ref()
            .map(|connection| maintain::run(connection, &self.sources, self.limits, self.now));
        if self.check(done) == Some(maintain::Check::Due) {
            self.check_in_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_file_is_read_only_after_the_first_work() {
        let dir = tempfile::TempDir::new().unwrap();
        let (sender, receiver) = mpsc::channel(4);
        let open = || {
            let (place, now) = (dir.path(), Timestamp::UNIX_EPOCH + TimeDelta::days(20_000));
            let limits = Limits::default();
            Worker::open(place, now, limits, Arc::default(), sender.downgrade())
        };
        let mut first = open();
        first.leave();
        let connection = first.connection.take().unwrap();
        let gone = "INSERT INTO instance VALUES ('gone', 1, 'another boot', 0)";
        connection.execute(gone, []).unwrap();
        drop(connection);
        let second = open();
        assert!(second.check_wanted, "an end out of order is noticed");
        assert!(receiver.is_empty(), "and nothing is read yet");
    }
}
