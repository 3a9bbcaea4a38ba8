//! Tables, their versions, and how an older file becomes a newer one.
//!
//! Migrations are appended and never edited. Within a major version they only
//! add, so that an older program still works with the file of a newer one.

use rusqlite::{Connection, TransactionBehavior};

use crate::engine::db::{DbError, history};

/// Marks a file as ours: "CYCB".
pub(super) const APPLICATION_ID: i32 = 0x4359_4342;

/// A file of another major version is left alone.
pub(super) const MAJOR: i32 = 1;

/// Versions count up by one within a major version.
const STEP: i32 = 1_000;

/// The head of a database file, by SQLite's description of the format: its length, its first
/// bytes, and where `user_version` and `application_id` stand.
pub(super) const HEAD: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
const VERSION_AT: usize = 60;
const ID_AT: usize = 68;

/// The oldest SQLite without the WAL-reset bug.
const OLDEST: i32 = 3_051_003;

const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE fact(
    key INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
    repo TEXT, hash INTEGER NOT NULL, seen_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE listing(
    source TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, hash INTEGER NOT NULL,
    members TEXT NOT NULL, PRIMARY KEY(source, name)) WITHOUT ROWID;
CREATE TABLE confirmed(
    source TEXT NOT NULL, scope TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY(source, scope)) WITHOUT ROWID;
CREATE TABLE event(
    seq INTEGER PRIMARY KEY, item TEXT NOT NULL, at INTEGER NOT NULL, stage TEXT NOT NULL,
    status TEXT NOT NULL, done TEXT, rule TEXT NOT NULL, holders TEXT NOT NULL,
    UNIQUE(item, at, stage, status, done, holders));
CREATE TABLE change(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, what TEXT NOT NULL,
    kind TEXT NOT NULL, id TEXT NOT NULL);
CREATE TABLE state(source TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE validator(
    key INTEGER PRIMARY KEY, source TEXT NOT NULL, etag TEXT NOT NULL, next TEXT,
    hash INTEGER NOT NULL, size INTEGER NOT NULL, used_at INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX validator_used ON validator(used_at, size);
CREATE TABLE lease(
    source TEXT PRIMARY KEY, holder TEXT NOT NULL, pid INTEGER NOT NULL, boot TEXT NOT NULL,
    heartbeat INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE instance(
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, boot TEXT NOT NULL,
    seen_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE screen(
    id INTEGER PRIMARY KEY CHECK (id = 1), hash INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
",
    "
CREATE TABLE refresh(source TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
",
    "
CREATE TABLE record(
    kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, hash INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE INDEX record_at ON record(at);
CREATE INDEX event_at ON event(at);
",
    // Rows of `event` said the same few words in each; what an older program writes there is
    // gathered.
    "
CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE standing(
    id INTEGER PRIMARY KEY, stage TEXT NOT NULL, status TEXT NOT NULL, done TEXT NOT NULL,
    holders TEXT NOT NULL, UNIQUE(stage, status, done, holders));
CREATE TABLE step(
    card INTEGER NOT NULL, at INTEGER NOT NULL, standing INTEGER NOT NULL, rule INTEGER NOT NULL,
    PRIMARY KEY(card, at, standing)) WITHOUT ROWID;
CREATE INDEX step_at ON step(at);
CREATE VIEW moved AS
    SELECT card.text AS item, step.at AS at, stage, status, done, rule.text AS rule, holders
    FROM step JOIN word AS card ON card.id = step.card JOIN word AS rule ON rule.id = step.rule
    JOIN standing ON standing.id = step.standing;
",
    // One row of `screen` was for all boards of a machine.
    "
CREATE TABLE front(
    of TEXT PRIMARY KEY, at INTEGER NOT NULL, hash INTEGER NOT NULL,
    body TEXT NOT NULL) WITHOUT ROWID;
DELETE FROM screen;
",
    "
ALTER TABLE listing ADD COLUMN open TEXT NOT NULL DEFAULT '';
",
    "
CREATE TABLE hurry(source TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
",
];

/// Whose file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// Ours, perhaps of an older or a slightly newer program.
    Ours,
    /// Ours, of a newer program that works in another way.
    Newer,
    /// Somebody else's, or nobody's.
    Foreign,
}

/// Checks the SQLite that was built in.
pub(super) fn check_version() -> Result<(), DbError> {
    if rusqlite::version_number() < OLDEST {
        return Err(DbError::TooOld {
            version: rusqlite::version().to_owned(),
        });
    }
    Ok(())
}

/// Tells from its first bytes whose file it is.
pub(super) fn owner(head: &[u8]) -> Owner {
    let number = |at: usize| {
        let bytes = head.get(at..at + 4)?.try_into().ok()?;
        Some(i32::from_be_bytes(bytes))
    };
    let (Some(version), Some(id)) = (number(VERSION_AT), number(ID_AT)) else {
        return Owner::Foreign;
    };
    if !head.starts_with(MAGIC) || id != APPLICATION_ID || version / STEP < MAJOR {
        Owner::Foreign
    } else if version / STEP > MAJOR {
        Owner::Newer
    } else {
        Owner::Ours
    }
}

/// Tells whether a newer program works with the file in another way.
pub(super) fn is_newer(connection: &Connection) -> rusqlite::Result<bool> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version / STEP > MAJOR)
}

/// Brings the tables up to date, in one transaction that nobody else sees half of.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let version: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version.saturating_sub(MAJOR * STEP)).unwrap_or(0);
    let mut count = done;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
        count += 1;
    }
    history::gather(&transaction)?;
    if count > done {
        let version = MAJOR * STEP + i32::try_from(count).unwrap_or_default();
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()
}
