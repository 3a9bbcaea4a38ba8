//! History in rows: transitions and records, in and out.
//!
//! A row that is not what was written is left out when it is read. What is made of
//! history is the domain's.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::domain::Timestamp;
use crate::domain::history::{Coverage, Ledger, Record, Standing, Transition};
use crate::domain::item::Outcome;
use crate::domain::key::{ItemId, Person, RepoKey};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::engine::db::rows::hash;

pub(super) fn put_transition(connection: &Connection, event: &Transition) -> rusqlite::Result<()> {
    let standing = &event.standing;
    let holders = serde_json::to_string(&standing.holders).unwrap_or_default();
    let done = done_word(standing.done);
    let words = [
        standing.stage.as_str(),
        standing.status.as_str(),
        done,
        &holders,
    ];
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO standing(stage, status, done, holders) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(words)?;
    let stands: i64 = connection
        .prepare_cached(
            "SELECT id FROM standing WHERE stage = ?1 AND status = ?2 AND done = ?3 \
             AND holders = ?4",
        )?
        .query_row(words, |row| row.get(0))?;
    let card = word(connection, event.item.as_str())?;
    let rule = word(connection, event.rule.as_str())?;
    let at = event.at.timestamp_micros();
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO step(card, at, standing, rule) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute([card, at, stands, rule])?;
    Ok(())
}

/// Returns the number of a word, which stands there once.
fn word(connection: &Connection, text: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO word(text) VALUES (?1)")?
        .execute([text])?;
    connection
        .prepare_cached("SELECT id FROM word WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
}

/// Takes in what an older program noted, where it noted that.
pub(super) fn gather(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT item, at, stage, status, done, rule, holders FROM event")?;
    let found = statement.query_map([], transition_of)?;
    let found: Vec<Option<Transition>> = found.collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Ok(());
    }
    for event in found.into_iter().flatten() {
        put_transition(connection, &event)?;
    }
    connection.execute("DELETE FROM event", [])?;
    Ok(())
}

fn done_word(done: Option<Outcome>) -> &'static str {
    match done {
        None => "",
        Some(Outcome::Shipped) => "shipped",
        Some(Outcome::Dropped) => "dropped",
    }
}

fn done_of(word: &str) -> Option<Outcome> {
    match word {
        "shipped" => Some(Outcome::Shipped),
        "dropped" => Some(Outcome::Dropped),
        _ => None,
    }
}

/// Writes a record, unless the one that is there knows more.
pub(super) fn put_record(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    let (kind, id) = record.id();
    let old = connection
        .prepare_cached("SELECT kind, id, hash, body FROM record WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind, id], |row| {
            Ok((row.get::<_, i64>(2)?, record_of(row)?))
        })
        .optional()?;
    let before = old.as_ref().and_then(|(_, old)| old.as_ref());
    let both = before.and_then(|old| record.with(old));
    let record = both.as_ref().unwrap_or(record);
    let Ok(body) = serde_json::to_string(record) else {
        return Ok(());
    };
    let sum = hash(&[kind.as_bytes(), id.as_bytes(), body.as_bytes()]);
    match old {
        Some((old, _)) if old == sum => return Ok(()),
        Some((_, Some(old))) if !record.replaces(&old) => return Ok(()),
        Some(_) | None => {}
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO record(kind, id, at, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![kind, id, record.at().timestamp_micros(), sum, body])?;
    Ok(())
}

/// Reads kind, identity, hash and body.
fn record_of(row: &Row<'_>) -> rusqlite::Result<Option<Record>> {
    let (kind, id) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
    let body = row.get_ref(3)?.as_str()?;
    let is_whole =
        row.get::<_, i64>(2)? == hash(&[kind.as_bytes(), id.as_bytes(), body.as_bytes()]);
    let record = is_whole.then(|| serde_json::from_str(body).ok()).flatten();
    Ok(record)
}

/// Reads item, time, stage, status, outcome, rule and holders.
fn transition_of(row: &Row<'_>) -> rusqlite::Result<Option<Transition>> {
    let at = Timestamp::from_timestamp_micros(row.get(1)?);
    let stage = Stage::parse(row.get_ref(2)?.as_str()?);
    let status = Status::parse(row.get_ref(3)?.as_str()?);
    let holders = serde_json::from_str::<Vec<Person>>(row.get_ref(6)?.as_str()?);
    let (Some(at), Some(stage), Some(status), Ok(holders)) = (at, stage, status, holders) else {
        return Ok(None);
    };
    Ok(Some(Transition {
        item: ItemId::new(row.get_ref(0)?.as_str()?),
        standing: Standing {
            stage,
            status,
            done: done_of(row.get_ref(4)?.as_str()?),
            holders,
        },
        rule: Clean::line(row.get_ref(5)?.as_str()?),
        at,
    }))
}

/// Reads where every card stood last.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Vec<Transition>> {
    // Of the row with the greatest time the other columns are taken, as SQLite documents it.
    let mut statement = connection.prepare_cached(
        "SELECT item, max(at), stage, status, done, rule, holders FROM moved GROUP BY item",
    )?;
    let found = statement.query_map([], transition_of)?;
    let found: Vec<Option<Transition>> = found.collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads of which time the history of repositories tells.
pub(super) fn coverage(connection: &Connection) -> rusqlite::Result<Vec<Coverage>> {
    let mut statement = connection
        .prepare_cached("SELECT kind, id, hash, body FROM record WHERE kind = 'coverage'")?;
    let found = statement.query_map([], record_of)?;
    let found: Vec<Option<Record>> = found.collect::<Result<_, _>>()?;
    let coverage = found
        .into_iter()
        .flatten()
        .filter_map(|record| match record {
            Record::Coverage(coverage) => Some(coverage),
            Record::Life(_) | Record::Delivery(_) | Record::CiRun(_) | Record::Trouble(_) => None,
        });
    Ok(coverage.collect())
}

/// Reads what is kept of these repositories, and of none.
pub(super) fn ledger(
    connection: &Connection,
    repos: &BTreeSet<RepoKey>,
) -> rusqlite::Result<Ledger> {
    let mut statement = connection.prepare("SELECT kind, id, hash, body FROM record")?;
    let mut rows = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let record = record_of(row)?;
        records
            .extend(record.filter(|record| record.repo().is_none_or(|repo| repos.contains(repo))));
    }
    let mut statement =
        connection.prepare("SELECT item, at, stage, status, done, rule, holders FROM moved")?;
    let found = statement.query_map([], transition_of)?;
    let found: Vec<Option<Transition>> = found.collect::<Result<_, _>>()?;
    let ledger = Ledger::new(None, records, found.into_iter().flatten());
    let ledger = ledger.cut(noted(connection, CUT_AT)?);
    Ok(ledger.counts_from(noted(connection, FORGOTTEN_AT)?))
}

/// Where the moment stands before which history was dropped, as the store may be no larger.
const CUT_AT: &str = "history_cut_at";
/// Where the moment stands before which history was let go for its age.
const FORGOTTEN_AT: &str = "history_forgotten_at";

/// Lets go what is oldest, so many transitions with all else of their time, and notes up to when:
/// history counts from then on.
pub(super) fn cut(connection: &Connection, transitions: i64) -> rusqlite::Result<()> {
    let last: Option<i64> = connection.query_row(
        "SELECT max(at) FROM (SELECT at FROM step ORDER BY at LIMIT ?1)",
        [transitions],
        |row| row.get(0),
    )?;
    let last = last.map(|at| at.saturating_add(1));
    let Some(at) = last.and_then(Timestamp::from_timestamp_micros) else {
        return Ok(());
    };
    drop_before(connection, at)?;
    note(connection, CUT_AT, at)
}

/// Notes a moment, unless a later one is noted.
fn note(connection: &Connection, key: &str, at: Timestamp) -> rusqlite::Result<()> {
    let at = noted(connection, key)?.map_or(at, |before| before.max(at));
    connection.execute(
        "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
        [key, &at.timestamp_micros().to_string()],
    )?;
    Ok(())
}

/// Reads a moment that was noted, if it was.
fn noted(connection: &Connection, key: &str) -> rusqlite::Result<Option<Timestamp>> {
    let noted: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()?;
    let micros = noted.and_then(|text| text.parse().ok());
    Ok(micros.and_then(Timestamp::from_timestamp_micros))
}

/// Lets go what is older than a moment, as nobody asks for it any more: history counts from then on.
pub(super) fn forget(connection: &Connection, before: Timestamp) -> rusqlite::Result<()> {
    drop_before(connection, before)?;
    note(connection, FORGOTTEN_AT, before)
}

/// Deletes what is older than a moment, but for where cards stood then that were not over.
fn drop_before(connection: &Connection, before: Timestamp) -> rusqlite::Result<()> {
    gather(connection)?;
    let before = [before.timestamp_micros()];
    connection.execute(
        "DELETE FROM step WHERE at < ?1 AND (\
         standing IN (SELECT id FROM standing WHERE done <> '') \
         OR EXISTS (SELECT 1 FROM step AS next \
         WHERE next.card = step.card AND next.at > step.at AND next.at < ?1))",
        before,
    )?;
    connection.execute(
        "DELETE FROM record WHERE at < ?1 AND (kind NOT IN ('life', 'coverage') \
         OR (kind = 'life' AND NOT EXISTS (SELECT 1 FROM step JOIN word ON word.id = step.card \
         WHERE word.text = record.id)))",
        before,
    )?;
    connection.execute(
        "DELETE FROM word WHERE id NOT IN (SELECT card FROM step UNION SELECT rule FROM step)",
        [],
    )?;
    Ok(())
}
