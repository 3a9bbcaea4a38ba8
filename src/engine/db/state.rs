//! How a source stands, for programs that follow: one row a source.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::snapshot::Health;
use crate::engine::update::RemoteState;
use crate::sources::{Budget, PastRead};

/// The shape of a [`RemoteState`] in the database.
#[derive(Serialize, Deserialize)]
struct StateRow {
    health: String,
    message: Option<Clean>,
    hint: Option<Clean>,
    last_success: Option<Timestamp>,
    next_poll: Option<Timestamp>,
    budgets: Vec<(Clean, u64, u64, Option<Timestamp>)>,
    #[serde(default)]
    me: Option<Clean>,
    /// Programs of before did not say; what they read at first was read.
    #[serde(default = "is_so")]
    round_done: bool,
    #[serde(default = "is_so")]
    history_done: bool,
    /// Read, wanted, lost.
    #[serde(default)]
    past: (usize, usize, usize),
}

fn is_so() -> bool {
    true
}

/// Writes how a source stands.
pub(super) fn write(
    connection: &Connection,
    source: &SourceName,
    state: &RemoteState,
) -> rusqlite::Result<()> {
    let row = StateRow {
        health: state.health.as_str().to_owned(),
        message: state.message.clone(),
        hint: state.hint.clone(),
        last_success: state.last_success,
        next_poll: state.next_poll,
        budgets: state
            .budgets
            .iter()
            .map(|b| (Clean::line(&b.bucket), b.limit, b.remaining, b.reset_at))
            .collect(),
        // A program that could not ask knows no less than the one before: the row is one account's.
        me: match &state.me {
            Some(me) => Some(me.clone()),
            None => read(connection, source)?.and_then(|before| before.me),
        },
        round_done: state.round_done,
        history_done: state.history_done,
        past: (state.past.read, state.past.of, state.past.lost),
    };
    let body = serde_json::to_string(&row).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO state(source, body) VALUES (?1, ?2) \
             ON CONFLICT(source) DO UPDATE SET body = ?2",
        )?
        .execute([source.as_str(), &body])?;
    Ok(())
}

/// Reads how a source stands in the program that polls it.
pub(super) fn read(
    connection: &Connection,
    source: &SourceName,
) -> rusqlite::Result<Option<RemoteState>> {
    let body: Option<String> = connection
        .prepare_cached("SELECT body FROM state WHERE source = ?1")?
        .query_row([source.as_str()], |row| row.get(0))
        .optional()?;
    let row = body.and_then(|body| serde_json::from_str::<StateRow>(&body).ok());
    Ok(row.map(|row| RemoteState {
        health: health(&row.health),
        message: row.message,
        hint: row.hint,
        last_success: row.last_success,
        next_poll: row.next_poll,
        budgets: row
            .budgets
            .into_iter()
            .map(|(bucket, limit, remaining, reset_at)| Budget {
                bucket: bucket.as_str().to_owned(),
                limit,
                remaining,
                reset_at,
            })
            .collect(),
        me: row.me,
        round_done: row.round_done,
        history_done: row.history_done,
        past: past(row.past),
    }))
}

fn past((read, of, lost): (usize, usize, usize)) -> PastRead {
    PastRead {
        read,
        of,
        lost,
        cannot: None,
        ..PastRead::default()
    }
}

/// A word that we do not know is never "ok".
fn health(word: &str) -> Health {
    Health::ALL
        .into_iter()
        .find(|health| health.as_str() == word)
        .unwrap_or(Health::Stale)
}
