//! As whom a source asked last, in words that tell nobody's credential.
//!
//! A word is a keyed hash, and its key is made with the store and never leaves
//! it: who has one of the two cannot even try. What it is for is `bound`'s.

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, OptionalExtension};

use crate::sources::hex;

/// Where the key is.
const KEY: &str = "account_key";
/// What the notes of the last accounts begin with.
const LAST: &str = "account:";
/// How many bytes the key has, as many as its hash.
const KEY_BYTES: usize = 32;
/// How many bytes of a hash make a word: enough for the accounts of one person.
const WORD_BYTES: usize = 8;

/// Makes the key of a store that has none.
pub(super) fn ensure_key(connection: &Connection) -> rusqlite::Result<()> {
    if note(connection, KEY)?.is_some() {
        return Ok(());
    }
    let mut bytes = [0; KEY_BYTES];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        // Without a key words still differ; they are only easier to compare with a guess.
        return Ok(());
    }
    // Of two programs that begin at once, the first one's key holds.
    connection.execute(
        "INSERT OR IGNORE INTO meta(key, value) VALUES (?1, ?2)",
        [KEY, &hex(&bytes)],
    )?;
    Ok(())
}

/// Returns the word of an account, which is another one in another store.
pub(super) fn word(connection: Option<&Connection>, account: &str) -> String {
    let key = connection.and_then(|connection| note(connection, KEY).ok().flatten());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.unwrap_or_default().as_bytes());
    let tag = hmac::sign(&key, account.as_bytes());
    hex(tag.as_ref().get(..WORD_BYTES).unwrap_or_default())
}

/// Returns the word of the account that was the last at a place.
pub(super) fn last(connection: &Connection, place: &str) -> Option<String> {
    note(connection, &format!("{LAST}{place}")).ok().flatten()
}

/// Notes the account of a place for the next start.
pub(super) fn remember(connection: &Connection, place: &str, word: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO meta(key, value) VALUES (?1, ?2) \
         ON CONFLICT(key) DO UPDATE SET value = ?2 WHERE value <> ?2",
        [&format!("{LAST}{place}"), word],
    )?;
    Ok(())
}

fn note(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}
