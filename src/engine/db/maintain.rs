//! Keeps the file small: ages, caps, free pages.

use std::path::PathBuf;

use chrono::TimeDelta;
use rusqlite::{Connection, OptionalExtension};
use tokio::sync::mpsc;

use crate::domain::key::SourceName;
use crate::domain::{Timestamp, later};
use crate::engine::db::files::{self, Trouble};
use crate::engine::db::{Job, Limits, cache, history};

/// How long facts of sources that no board asks any more are kept.
const FORGOTTEN: TimeDelta = TimeDelta::days(30);
/// How often the whole file is read to see whether it is as it should be.
const CHECK_EVERY: TimeDelta = TimeDelta::days(7);
/// Where the time of the last such check is.
const CHECKED_AT: &str = "checked_at";
/// How many changes a follower may lag behind before it reads everything again.
const CHANGES: i64 = 100_000;
/// How many events go at a time where the file is too large.
const EVENTS_AT_A_TIME: i64 = 50_000;
/// Pages given back to the file system at a time.
const PAGES_AT_A_TIME: i64 = 2_000;

/// Whether the file is to be checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Check {
    /// It was checked, or made, within the last week.
    Done,
    /// It was not.
    Due,
}

/// Removes what is too old or too much; tells whether the file is to be checked.
pub(super) fn run(
    connection: &Connection,
    sources: &[SourceName],
    limits: Limits,
    now: Timestamp,
) -> rusqlite::Result<Check> {
    let names: Vec<&str> = sources.iter().map(SourceName::as_str).collect();
    let names = serde_json::to_string(&names).unwrap_or_else(|_| "[]".to_owned());
    let limit = (now - FORGOTTEN).timestamp_micros();
    // Another board may ask them: what it confirmed lately stays, however long it has stood so.
    for (table, at) in [("fact", "seen_at"), ("listing", "at"), ("confirmed", "at")] {
        let sql = format!(
            "DELETE FROM {table} WHERE {at} < ?1 \
             AND source NOT IN (SELECT value FROM json_each(?2)) \
             AND source NOT IN (SELECT source FROM confirmed WHERE at >= ?1)"
        );
        connection.execute(&sql, rusqlite::params![limit, names])?;
    }
    history::forget(connection, later(now, -limits.history))?;
    connection.execute(
        "DELETE FROM change WHERE seq <= (SELECT max(seq) FROM change) - ?1",
        [CHANGES],
    )?;
    cache::trim(connection, limits.bodies)?;
    if size(connection)? > limits.fill() {
        make_room(connection, limits.fill())?;
    }
    vacuum(connection)?;
    connection.execute_batch("PRAGMA optimize")?;
    check(connection, now)
}

/// A file without a note was made lately, or by an older program: its week begins now.
fn check(connection: &Connection, now: Timestamp) -> rusqlite::Result<Check> {
    let checked_at = connection
        .query_row(
            "SELECT value FROM meta WHERE key = ?1",
            [CHECKED_AT],
            |row| row.get::<_, String>(0),
        )
        .optional()?
        .and_then(|text| text.parse().ok())
        .and_then(Timestamp::from_timestamp_micros);
    match checked_at {
        // A clock that went back must not put the check off for years.
        Some(at) if (TimeDelta::zero()..CHECK_EVERY).contains(&(now - at)) => Ok(Check::Done),
        Some(_) => Ok(Check::Due),
        None => note_check(connection, now).map(|()| Check::Done),
    }
}

/// Notes that the whole file was read and is as it should be.
pub(super) fn note_check(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        [CHECKED_AT, &now.timestamp_micros().to_string()],
    )?;
    Ok(())
}

/// Frees what can be had again, least valuable first.
///
/// History goes only where all else does not bring the file below `most` bytes: it cannot be had
/// again, and on a disk that others filled it is of no use to drop it.
pub(super) fn make_room(connection: &Connection, most: u64) -> rusqlite::Result<()> {
    // Notes are small; without them the past would be read again, and there is no room for it.
    connection.execute("DELETE FROM validator WHERE size > 0", [])?;
    connection.execute("DELETE FROM change", [])?;
    if size(connection)? > most {
        history::cut(connection, EVENTS_AT_A_TIME)?;
    }
    Ok(())
}

/// Returns the size of the file without its free pages, in bytes.
pub(super) fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let value = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let used = value("page_count")? - value("freelist_count")?;
    Ok(u64::try_from(used * value("page_size")?).unwrap_or(0))
}

fn vacuum(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_A_TIME})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Reads the whole file once, beside the work: after an end that was not in order, and weekly.
pub(super) fn check_beside(file: PathBuf, jobs: mpsc::WeakSender<Job>) {
    let check = move || {
        let Ok(connection) = files::read_only(&file) else {
            return;
        };
        let answer =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        let damaged = match answer {
            Ok(answer) => answer != "ok",
            Err(error) => matches!(Trouble::from(error), Trouble::Damaged(_)),
        };
        if let Some(jobs) = jobs.upgrade() {
            drop(jobs.blocking_send(Job::Checked(damaged)));
        }
    };
    let started = std::thread::Builder::new()
        .name("store check".to_owned())
        .spawn(check);
    drop(started);
}
