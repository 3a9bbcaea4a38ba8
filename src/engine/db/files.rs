//! The files of the database: making, opening, setting aside.
//!
//! A new file is made beside its place and then linked to it, so that no other
//! program ever sees half of one. Files that cannot be trusted are moved, with
//! their journals, and never deleted while they might be needed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::domain::Timestamp;
use crate::engine::db::schema::{self, Owner};
use crate::engine::db::{Limits, process};

/// The name of the file in a directory.
const FILE: &str = "board.db";
/// How many damaged databases are kept.
const QUARANTINES: usize = 2;
/// What a damaged one's directory is called, before its time.
const QUARANTINE: &str = "quarantine-";
/// How long a statement waits for another program.
const BUSY: Duration = Duration::from_secs(5);
/// How often the guard of the directory is tried.
const GUARD_TRIES: u32 = 20;
/// How much of the file is kept in memory for writing, in KiB: a transaction spills what is more.
const WRITER_CACHE: i64 = 512;
/// How much of it is kept for reading, where every row is read once.
const READER_CACHE: i64 = 128;
/// Distance between two tries.
const GUARD_WAIT: Duration = Duration::from_millis(50);

/// Why a database did not open.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It cannot be trusted: not a database, damaged, empty, somebody else's.
    Damaged(String),
    /// It belongs to a newer program.
    Newer,
    /// It cannot be read or written.
    Unusable(String),
    /// Others hold it.
    Busy,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Damaged(error.to_string()),
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy,
            Some(Code::DiskFull) => Self::Unusable("the disk is full".to_owned()),
            Some(Code::ReadOnly) => Self::Unusable("it is read-only".to_owned()),
            Some(_) | None => Self::Unusable(error.to_string()),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// An open database.
#[derive(Debug)]
pub(super) struct Open {
    /// For writing.
    pub connection: Connection,
    /// For reading.
    pub reader: Option<Connection>,
    /// Which file it is, so that another at the same place is noticed.
    pub inode: u64,
    /// Whether it was made just now.
    pub fresh: bool,
}

/// Returns the file of the database at `place`.
pub(super) fn file_at(place: &Path) -> PathBuf {
    if place.extension().is_none() || place.is_dir() {
        place.join(FILE)
    } else {
        place.to_owned()
    }
}

/// Returns the file that is used where a newer program owns the usual one.
pub(super) fn older_file(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}-v{}.db", schema::MAJOR))
}

/// Opens the file, or makes it; damaged ones are the caller's matter.
pub(super) fn open(file: &Path, limits: Limits) -> Result<Open, Trouble> {
    if let Some(parent) = file.parent()
        && !parent.as_os_str().is_empty()
        && !parent.is_dir()
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    let fresh = !file.exists();
    if fresh {
        let guard = Guard::take(file)?;
        if !file.exists() {
            make(file)?;
        }
        drop(guard);
    }
    check_head(file)?;
    let metadata = fs::metadata(file)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
    }
    let mut connection = connect(file, limits)?;
    // The head of the file does not tell what stands only in its journal.
    if schema::is_newer(&connection)? {
        return Err(Trouble::Newer);
    }
    schema::migrate(&mut connection)?;
    let reader = read_only(file).ok();
    Ok(Open {
        connection,
        reader,
        inode: metadata.ino(),
        fresh,
    })
}

/// Looks at the first bytes before SQLite does, which would tidy up journals of whatever it finds.
fn check_head(file: &Path) -> Result<(), Trouble> {
    let mut head = Vec::with_capacity(schema::HEAD);
    let limit = u64::try_from(schema::HEAD).unwrap_or(u64::MAX);
    File::open(file)?.take(limit).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(Trouble::Damaged("the file is empty".to_owned()));
    }
    match schema::owner(&head) {
        Owner::Ours => Ok(()),
        Owner::Newer => Err(Trouble::Newer),
        Owner::Foreign => Err(Trouble::Damaged(
            "it is not a database of this program".to_owned(),
        )),
    }
}

/// Opens a second connection, only for reading.
pub(super) fn read_only(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(file, flags)?;
    reader.busy_timeout(Duration::from_millis(50))?;
    reader.pragma_update(None, "cache_size", -READER_CACHE)?;
    Ok(reader)
}

/// Opens a file that cannot be written for reading, with its journal where that can be read.
pub(super) fn last_resort(file: &Path) -> Option<Connection> {
    check_head(file).ok()?;
    let readable = read_only(file).ok().filter(|reader| {
        reader
            .query_row("SELECT count(*) FROM meta", [], |_| Ok(()))
            .is_ok()
    });
    readable.or_else(|| immutable(file).ok())
}

/// Opens a file that nobody writes, as on a read-only disk, for reading only.
fn immutable(file: &Path) -> rusqlite::Result<Connection> {
    let mut uri = url::Url::from_file_path(file)
        .map_err(|()| rusqlite::Error::InvalidPath(file.to_owned()))?;
    uri.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    match check_head(file) {
        Ok(()) => Connection::open_with_flags(uri.as_str(), flags),
        Err(_) => Err(rusqlite::Error::InvalidPath(file.to_owned())),
    }
}

fn connect(file: &Path, limits: Limits) -> Result<Connection, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    if connection.is_readonly("main")? {
        return Err(Trouble::Unusable("it is read-only".to_owned()));
    }
    let journal = if is_network(file) { "DELETE" } else { "WAL" };
    connection.pragma_update(None, "journal_mode", journal)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", 1_000)?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = i64::try_from(limits.file).unwrap_or(i64::MAX) / page.max(512);
    connection.pragma_update(None, "max_page_count", pages)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn make(file: &Path) -> Result<(), Trouble> {
    let draft = file.with_extension(format!("new-{}", process::token()));
    let made = (|| {
        let empty = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        drop(empty);
        let mut connection = Connection::open(&draft)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        schema::migrate(&mut connection)?;
        connection
            .close()
            .map_err(|(_, error)| Trouble::from(error))?;
        if fs::hard_link(&draft, file).is_err() && !file.exists() {
            fs::rename(&draft, file)?;
        }
        Ok(())
    })();
    drop(fs::remove_file(&draft));
    made
}

/// Moves the database with its journals to a directory of its own; returns that one's name.
pub(super) fn quarantine(file: &Path, inode: Option<u64>, now: Timestamp) -> io::Result<String> {
    let guard = Guard::take(file)?;
    let parent = file.parent().unwrap_or(Path::new("."));
    let name = format!("{QUARANTINE}{}", now.format("%Y%m%dT%H%M%S%.3fZ"));
    let there = fs::metadata(file).ok().map(|metadata| metadata.ino());
    if inode.is_some() && there != inode {
        // Another program has set it aside already.
        return Ok(name);
    }
    let target = parent.join(&name);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&target)?;
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut from = file.as_os_str().to_owned();
        from.push(suffix);
        let from = PathBuf::from(from);
        if let Some(base) = from.file_name()
            && from.exists()
        {
            fs::rename(&from, target.join(base))?;
        }
    }
    forget_old(parent)?;
    drop(guard);
    Ok(name)
}

fn forget_old(parent: &Path) -> io::Result<()> {
    let mut kept: Vec<PathBuf> = fs::read_dir(parent)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.is_dir()
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(QUARANTINE))
        })
        .collect();
    kept.sort();
    let surplus = kept.len().saturating_sub(QUARANTINES);
    for path in kept.iter().take(surplus) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Returns the identity of the file at this place, if there is one.
pub(super) fn inode(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().map(|metadata| metadata.ino())
}

/// Locks on network file systems cannot be relied on, and a WAL needs shared memory.
fn is_network(file: &Path) -> bool {
    const NETWORK: [u64; 8] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB2
        0x564C,      // NCP
        0x6573_5546, // FUSE, as sshfs
        0x0102_1997, // 9P
        0x5346_414F, // AFS
    ];
    rustix::fs::statfs(file).is_ok_and(|stat| {
        let kind = u64::from_ne_bytes(stat.f_type.to_ne_bytes()) & 0xFFFF_FFFF;
        NETWORK.contains(&kind)
    })
}

/// Held while files are made or moved, so that two programs do not do that at once.
struct Guard {
    _file: File,
}

impl Guard {
    fn take(file: &Path) -> io::Result<Self> {
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(file.with_extension("lock"))?;
        for _ in 0..GUARD_TRIES {
            let mode = rustix::fs::FlockOperation::NonBlockingLockExclusive;
            match rustix::fs::flock(&lock, mode) {
                Err(rustix::io::Errno::AGAIN) => std::thread::park_timeout(GUARD_WAIT),
                // A file system without locks: better than no store.
                Ok(()) | Err(_) => break,
            }
        }
        Ok(Self { _file: lock })
    }
}
