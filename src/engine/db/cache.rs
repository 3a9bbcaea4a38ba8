//! HTTP validators and the bodies that they stand for.
//!
//! Read over the second connection, so that no request waits for a write;
//! written by the thread, and dropped where that has too much to do.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use crate::engine::db::Database;
use crate::engine::db::rows::hash;
use crate::sources::http::{Stored, ValidatorKey, Validators};

/// The largest body that is kept, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;

/// One row to write.
#[derive(Debug)]
pub(super) struct Row {
    key: i64,
    source: String,
    stored: Stored,
}

/// The validators of a database.
pub(super) struct Cache {
    database: Database,
}

impl Cache {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }
}

impl Validators for Cache {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        let reader = self.database.shared.reader();
        read(reader.as_ref()?, identity(key)).ok().flatten()
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        if stored.body.len() <= LARGEST {
            self.database.keep_validator(Row {
                key: identity(key),
                source: key.source.as_str().to_owned(),
                stored,
            });
        }
    }
}

/// Two credentials never share an answer.
fn identity(key: &ValidatorKey) -> i64 {
    hash(&[
        key.source.as_str().as_bytes(),
        key.credential.as_bytes(),
        key.url.as_bytes(),
    ])
}

fn seal(key: i64, stored: &Stored) -> i64 {
    hash(&[
        &key.to_le_bytes(),
        stored.etag.as_bytes(),
        stored.next.as_deref().unwrap_or_default().as_bytes(),
        &stored.body,
    ])
}

fn read(connection: &Connection, key: i64) -> rusqlite::Result<Option<Stored>> {
    let row: Option<(Stored, i64)> = connection
        .prepare_cached("SELECT etag, next, body, hash FROM validator WHERE key = ?1")?
        .query_row([key], |row| {
            let body: Vec<u8> = row.get(2)?;
            let stored = Stored {
                etag: row.get(0)?,
                next: row.get(1)?,
                body: Arc::from(body),
            };
            Ok((stored, row.get(3)?))
        })
        .optional()?;
    Ok(row
        .filter(|(stored, sealed)| seal(key, stored) == *sealed)
        .map(|(stored, _)| stored))
}

/// Writes one; returns how many bytes that are.
pub(super) fn write(connection: &Connection, row: &Row, used_at: i64) -> rusqlite::Result<u64> {
    let size = u64::try_from(row.stored.body.len()).unwrap_or(u64::MAX);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO validator(key, source, etag, next, hash, size, used_at, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            row.key,
            row.source,
            row.stored.etag,
            row.stored.next,
            seal(row.key, &row.stored),
            i64::try_from(size).unwrap_or(i64::MAX),
            used_at,
            row.stored.body.as_ref()
        ])?;
    Ok(size)
}

/// Removes the validators that were written longest ago until the rest is small enough.
pub(super) fn trim(connection: &Connection, limit: u64) -> rusqlite::Result<usize> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.execute(
        "DELETE FROM validator WHERE key IN (SELECT key FROM (SELECT key, \
         sum(size) OVER (ORDER BY used_at DESC, key) AS total FROM validator) WHERE total > ?1)",
        [limit],
    )
}
