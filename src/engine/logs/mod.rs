//! The cache of logs on disk: one file for each finished job, the oldest go first.
//!
//! Several programs share the directory. A log is written beside its place and
//! moved there once it is whole; names are fingerprints, never remote text.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, FileTimes, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use tokio::sync::watch;

use crate::domain::diagnosis::LogKey;
use crate::sources::hex;
use crate::sources::http::Clock;
use crate::sources::logs::{Growing, LogCache, LogWriter};
use growth::Grower;

mod growth;

#[cfg(test)]
mod tests;

pub use growth::Growth;

/// How a log's name ends.
const KEPT: &str = "log";
/// How the name of a log ends that is being written.
const DRAFT: &str = "part";
/// How long a draft that nobody writes may lie: its writer may be about to lock it.
const DRAFT_AGE: Duration = Duration::from_mins(2);
/// The part of the cache that may fill up before it is looked through again: one of so many.
const SLACK: u64 = 64;
/// How many logs that found no place on disk stay open.
const SPARE: usize = 4;
/// How many bytes of a hash make the name of a log.
const NAME_BYTES: usize = 20;

/// How much the cache may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogLimits {
    /// All logs together, in bytes.
    pub total: u64,
    /// One log, in bytes.
    pub single: u64,
    /// How long a log stays that nobody opens.
    pub age: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            total: 1024 * 1024 * 1024,
            single: 256 * 1024 * 1024,
            age: Duration::from_hours(30 * 24),
        }
    }
}

/// Logs of finished jobs as files.
#[derive(Clone)]
pub struct FileLogs {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    /// Where logs go that the directory does not take; nothing there has a name for long.
    spare_dir: PathBuf,
    limits: LogLimits,
    clock: Clock,
    /// Bytes that came since the directory was last looked through.
    unswept: AtomicU64,
    /// Logs without a name, which end with the program.
    spare: Mutex<VecDeque<(String, File)>>,
    /// The log that is read while it grows.
    growth: watch::Sender<Option<Growth>>,
}

impl FileLogs {
    /// Uses `dir`, which is made when the first log comes; where that fails, `spare_dir` takes
    /// logs for as long as the program runs.
    pub fn new(dir: &Path, spare_dir: &Path, clock: Clock) -> Self {
        Self::with_limits(dir, spare_dir, clock, LogLimits::default())
    }

    /// The same with other limits.
    pub fn with_limits(dir: &Path, spare_dir: &Path, clock: Clock, limits: LogLimits) -> Self {
        let shared = Shared {
            dir: dir.to_owned(),
            spare_dir: spare_dir.to_owned(),
            limits,
            clock,
            // The first log that comes finds out what is there.
            unswept: AtomicU64::new(u64::MAX / 2),
            spare: Mutex::default(),
            growth: watch::Sender::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Opens a log for reading, at its start; `None` where it is not there.
    ///
    /// It stays readable however long it is read, even if it leaves the cache meanwhile.
    pub fn open(&self, key: &LogKey) -> io::Result<Option<File>> {
        let name = name_of(key);
        match File::open(self.shared.place(&name)) {
            Ok(file) => {
                // The oldest go first: one that is read is young. Fails on a read-only disk.
                drop(file.set_times(FileTimes::new().set_modified(self.shared.now())));
                Ok(Some(file))
            }
            Err(error) => {
                let absent = matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                );
                match self.shared.open_spare(&name)? {
                    None if !absent => Err(error),
                    spare => Ok(spare),
                }
            }
        }
    }

    /// Returns the way to the log that is read while it grows.
    pub fn growth(&self) -> watch::Receiver<Option<Growth>> {
        self.shared.growth.subscribe()
    }

    /// Removes what is too old or too much, and drafts of programs that ended half way.
    pub fn tidy(&self) {
        self.shared.tidy(0);
    }
}

impl LogCache for FileLogs {
    fn begin(&self, key: &LogKey) -> io::Result<Box<dyn LogWriter>> {
        let name = name_of(key);
        let shared = Arc::clone(&self.shared);
        let (file, draft) = match shared.draft() {
            Ok((file, draft)) => (file, Some(draft)),
            Err(cause) => {
                tracing::warn!(%cause, dir = %shared.dir.display(), "the cache of logs cannot be written");
                (nameless(&shared.spare_dir)?, None)
            }
        };
        Ok(Box::new(Writer {
            shared,
            name,
            file,
            draft,
            size: 0,
        }))
    }

    fn has(&self, key: &LogKey) -> bool {
        let name = name_of(key);
        self.shared.place(&name).is_file() || self.shared.spare().iter().any(|(n, _)| *n == name)
    }

    fn grow(&self, key: &LogKey) -> io::Result<Box<dyn Growing>> {
        Ok(Box::new(Grower::begin(&self.shared, key)?))
    }

    fn leave(&self, key: &LogKey, why: &str) {
        self.shared.growth.send_if_modified(|growth| {
            let growth = growth.as_mut().filter(|it| it.key == *key && !it.is_over());
            growth.map(|it| it.stop(why)).is_some()
        });
    }
}

impl Shared {
    fn now(&self) -> SystemTime {
        (self.clock)().into()
    }

    fn place(&self, name: &str) -> PathBuf {
        self.dir.join(name).with_extension(KEPT)
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, VecDeque<(String, File)>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a draft in the directory and locks it, so that others see that it is written.
    fn draft(&self) -> io::Result<(File, PathBuf)> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)?;
        let place = self.dir.join(unique()).with_extension(DRAFT);
        let file = new_file(&place)?;
        // A file system without locks: drafts are then told by their age alone.
        let _locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        Ok((file, place))
    }

    /// Takes what the directory cannot: the newest few stay open until the program ends.
    fn keep_spare(&self, name: String, file: File) {
        let mut spare = self.spare();
        spare.retain(|(other, _)| *other != name);
        spare.push_back((name, file));
        while spare.len() > SPARE {
            spare.pop_front();
        }
    }

    fn open_spare(&self, name: &str) -> io::Result<Option<File>> {
        let spare = self.spare();
        let Some((_, file)) = spare.iter().find(|(other, _)| other == name) else {
            return Ok(None);
        };
        reopen(file).map(Some)
    }

    /// Makes room for one more log, but does not look through the directory for each.
    fn make_room(&self, size: u64) {
        let slack = self.limits.total / SLACK;
        let unswept = self.unswept.fetch_add(size, Ordering::Relaxed);
        if unswept.saturating_add(size) > slack {
            self.unswept.store(size, Ordering::Relaxed);
            self.tidy(size.saturating_add(slack));
        }
    }

    /// Removes logs, those used longest ago first, until `room` more bytes fit.
    fn tidy(&self, room: u64) {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return;
        };
        let now = self.now();
        let age = |at: SystemTime| now.duration_since(at).unwrap_or_default();
        let mut logs: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(about) = entry.metadata() else {
                continue;
            };
            let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            match path.extension().and_then(|end| end.to_str()) {
                Some(KEPT) if about.is_file() => logs.push((used, about.len(), path)),
                Some(DRAFT) if age(used) > DRAFT_AGE && is_left(&path) => {
                    drop(fs::remove_file(path));
                }
                Some(_) | None => {}
            }
        }
        logs.sort_unstable();
        let mut total: u64 = logs.iter().map(|(_, size, _)| size).sum();
        for (used, size, path) in logs {
            let fits = total.saturating_add(room) <= self.limits.total;
            if fits && age(used) <= self.limits.age {
                break;
            }
            // Another program may have been faster; either way it is gone.
            if fs::remove_file(&path).is_ok() || !path.exists() {
                total = total.saturating_sub(size);
            }
        }
    }
}

/// A log that is being written.
struct Writer {
    shared: Arc<Shared>,
    name: String,
    file: File,
    /// Where it lies until it is whole; none where it has no name at all.
    draft: Option<PathBuf>,
    size: u64,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.size.saturating_add(more) > self.shared.limits.single {
            let cap = self.shared.limits.single / (1024 * 1024);
            let text = format!("the log is larger than {cap} MiB");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        let written = match self.file.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                // Better one log that is looked at than all that were.
                self.shared.tidy(self.shared.limits.total);
                self.file.write(bytes)?
            }
            other => other?,
        };
        self.size += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Read for Writer {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }
}

impl Seek for Writer {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl LogWriter for Writer {
    fn keep(mut self: Box<Self>) -> io::Result<()> {
        let name = std::mem::take(&mut self.name);
        let Some(draft) = self.draft.take() else {
            self.shared.keep_spare(name, self.file.try_clone()?);
            return Ok(());
        };
        let size = self.file.metadata().map_or(self.size, |about| about.len());
        self.shared.make_room(size);
        // The file has its own time, which the clock of the program need not agree with.
        let times = FileTimes::new().set_modified(self.shared.now());
        let kept = self
            .file
            .set_times(times)
            .and_then(|()| fs::rename(&draft, self.shared.place(&name)));
        if kept.is_err() {
            drop(fs::remove_file(&draft));
        }
        kept
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(draft) = self.draft.take() {
            drop(fs::remove_file(draft));
        }
    }
}

/// Returns the name of a log: a fingerprint, which says nothing and fits every file system.
fn name_of(key: &LogKey) -> String {
    let LogKey { run, attempt, job } = key;
    let text = format!("{}\n{}\n{attempt}\n{job}", run.repo.as_str(), run.id);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hex(digest.as_ref().get(..NAME_BYTES).unwrap_or_default())
}

/// Returns a name that no other draft has.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{count}", std::process::id())
}

fn new_file(place: &Path) -> io::Result<File> {
    let open = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(place)
    };
    match open() {
        // Left by an earlier program of the same number: that one is dead.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_left(place) => {
            fs::remove_file(place)?;
            open()
        }
        other => other,
    }
}

/// Makes a file that has no name any more when this returns.
fn nameless(dir: &Path) -> io::Result<File> {
    let place = dir.join(format!("cycleboard-{}", unique()));
    let file = new_file(&place)?;
    fs::remove_file(place)?;
    Ok(file)
}

/// Returns whether nobody writes this draft.
fn is_left(place: &Path) -> bool {
    File::open(place)
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// Opens a file without a name once more, with a position of its own where the system can.
fn reopen(file: &File) -> io::Result<File> {
    use std::os::fd::AsRawFd as _;
    let own = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let mut file = own.or_else(|_| file.try_clone())?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
