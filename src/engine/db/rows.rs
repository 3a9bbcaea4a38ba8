//! Facts, listings, confirmations, history: rows in and out.
//!
//! Every row that is believed on reading has a hash of what was written, as
//! SQLite itself does not notice a changed byte of a value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params,
};
use xxhash_rust::xxh3::Xxh3;

use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::SourceName;
use crate::domain::pool::Pool;
use crate::domain::text::Clean;
use crate::engine::db::encode::{self, Body};
use crate::engine::db::history;
use crate::engine::db::process::Identity;
use crate::engine::db::{Cursor, lease, state};
use crate::engine::lately::OVERTAKEN_SECS;
use crate::engine::update::{Loaded, LoadedFact, LoadedListing, RemoteState, Write};

/// How far a confirmation may lie ahead of a later one, in microseconds, before it is known that a
/// clock was put back.
const OVERTAKEN: i64 = OVERTAKEN_SECS * 1_000_000;

/// Returns the hash of some parts, which is not that of other parts with the same text together.
pub(super) fn hash(parts: &[&[u8]]) -> i64 {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.digest().cast_signed()
}

pub(super) fn key(source: &str, kind: &str, id: &str) -> i64 {
    hash(&[source.as_bytes(), kind.as_bytes(), id.as_bytes()])
}

/// Writes all of these in a transaction of their own.
pub(super) fn commit(
    connection: &mut Connection,
    writes: &[Write],
    me: &Identity,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let log = lease::is_shared(&transaction, me)?;
    write(&transaction, writes, log)?;
    transaction.commit()
}

/// Writes all of these in the open transaction; `log` tells whether other programs follow.
pub(super) fn write(
    transaction: &Transaction<'_>,
    writes: &[Write],
    log: bool,
) -> rusqlite::Result<()> {
    let mut fact = transaction.prepare_cached(
        "INSERT INTO fact(key, source, kind, id, repo, hash, seen_at, body) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(key) DO UPDATE SET \
         repo = ?5, hash = ?6, seen_at = ?7, body = ?8 WHERE hash <> ?6",
    )?;
    let mut change = transaction
        .prepare_cached("INSERT INTO change(source, what, kind, id) VALUES (?1, ?2, ?3, ?4)")?;
    let mut confirmed = transaction.prepare_cached(
        "INSERT INTO confirmed(source, scope, at) VALUES (?1, ?2, ?3) \
         ON CONFLICT(source, scope) DO UPDATE SET \
         at = CASE WHEN at > ?3 + ?4 THEN ?3 ELSE max(at, ?3) END",
    )?;
    encode::each(&in_order(writes), |write, body| {
        match write {
            Write::Fact {
                source,
                id,
                fact: said,
                seen_at,
            } => {
                if let Some(body) = body {
                    put_fact(&mut fact, (source, id), said, body, *seen_at)?;
                    note(&mut change, log, source, "fact", id)?;
                }
            }
            Write::Seen {
                source,
                id,
                seen_at,
            } => {
                let key = key(source.as_str(), id.kind.as_str(), &id.id);
                transaction
                    .prepare_cached("UPDATE fact SET seen_at = ?2 WHERE key = ?1")?
                    .execute(params![key, seen_at.timestamp_micros()])?;
            }
            Write::Gone { source, id } => {
                let key = key(source.as_str(), id.kind.as_str(), &id.id);
                transaction
                    .prepare_cached("DELETE FROM fact WHERE key = ?1")?
                    .execute([key])?;
                note(&mut change, log, source, "gone", id)?;
            }
            Write::Listing(listing) => {
                put_listing(transaction, listing)?;
                if log {
                    let (source, name) = (listing.source.as_str(), listing.name.as_str());
                    change.execute(params![source, "listing", "", name])?;
                }
            }
            Write::Confirmed { source, scope, at } => {
                let at = at.timestamp_micros();
                confirmed.execute(params![source.as_str(), scope.as_str(), at, OVERTAKEN])?;
            }
            Write::Event(event) => history::put_transition(transaction, event)?,
            Write::Record(record) => history::put_record(transaction, record)?,
            Write::State { source, state } => state::write(transaction, source, state)?,
        }
        Ok(())
    })
}

/// Returns writes in the order in which they cost least: facts as their rows lie in the file, so that
/// no page is read and written twice, then the rest as it came. Writes of one row stay in their order.
fn in_order(writes: &[Write]) -> Vec<&Write> {
    let mut ordered: Vec<(Option<i64>, &Write)> =
        writes.iter().map(|write| (row_of(write), write)).collect();
    // Stable; those without a row, which have nothing to do with facts, go behind.
    ordered.sort_by_key(|(row, _)| (row.is_none(), *row));
    ordered.into_iter().map(|(_, write)| write).collect()
}

/// Returns the row of `fact` that is written.
fn row_of(write: &Write) -> Option<i64> {
    match write {
        Write::Fact { source, id, .. }
        | Write::Seen { source, id, .. }
        | Write::Gone { source, id } => Some(key(source.as_str(), id.kind.as_str(), &id.id)),
        Write::Listing(_)
        | Write::Confirmed { .. }
        | Write::Event(_)
        | Write::Record(_)
        | Write::State { .. } => None,
    }
}

fn put_fact(
    statement: &mut CachedStatement<'_>,
    (source, id): (&SourceName, &FactId),
    fact: &Fact,
    body: Body<'_>,
    seen_at: Timestamp,
) -> rusqlite::Result<()> {
    statement.execute(params![
        body.key,
        source.as_str(),
        id.kind.as_str(),
        id.id.as_str(),
        fact.repo().map(crate::domain::key::RepoKey::as_str),
        body.hash,
        seen_at.timestamp_micros(),
        body.text
    ])?;
    Ok(())
}

fn note(
    change: &mut CachedStatement<'_>,
    log: bool,
    source: &SourceName,
    what: &str,
    id: &FactId,
) -> rusqlite::Result<()> {
    if log {
        change.execute(params![
            source.as_str(),
            what,
            id.kind.as_str(),
            id.id.as_str()
        ])?;
    }
    Ok(())
}

fn put_listing(connection: &Connection, listing: &LoadedListing) -> rusqlite::Result<()> {
    let members: Vec<&FactId> = listing.members.iter().collect();
    let members = serde_json::to_string(&members).unwrap_or_default();
    let (source, name) = (listing.source.as_str(), listing.name.as_str());
    let hash = hash(&[source.as_bytes(), name.as_bytes(), members.as_bytes()]);
    let open = listing.open.iter();
    let open: Vec<(&FactId, i64)> = open.map(|(id, at)| (id, at.timestamp_micros())).collect();
    // A program that knows nothing of it leaves it as it was: it holds for these members alone.
    let open = match open.as_slice() {
        [] => String::new(),
        open => serde_json::to_string(&(hash, open)).unwrap_or_default(),
    };
    connection
        .prepare_cached(
            "INSERT INTO listing(source, name, at, hash, members, open) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(source, name) \
             DO UPDATE SET at = ?3, hash = ?4, members = ?5, open = ?6",
        )?
        .execute(params![
            source,
            name,
            listing.at.timestamp_micros(),
            hash,
            members,
            open
        ])?;
    Ok(())
}

/// Returns what of a listing is open, where that was written with these members.
fn open_of(text: &str, hash: i64) -> BTreeMap<FactId, Timestamp> {
    let read: Option<(i64, Vec<(FactId, i64)>)> = serde_json::from_str(text).ok();
    let open = read.filter(|(of, _)| *of == hash).map(|(_, open)| open);
    open.into_iter()
        .flatten()
        .filter_map(|(id, at)| Some((id, Timestamp::from_timestamp_micros(at)?)))
        .collect()
}

/// Reads everything of these sources, and the last standing of every card.
pub(super) fn load(connection: &Connection, sources: &[SourceName]) -> rusqlite::Result<Loaded> {
    let mut loaded = Loaded::default();
    for source in sources {
        load_source(connection, source, &mut loaded)?;
    }
    loaded.history = history::last(connection)?;
    loaded.coverage = history::coverage(connection)?;
    Ok(loaded)
}

/// Reads everything of one source.
pub(super) fn load_source(
    connection: &Connection,
    source: &SourceName,
    loaded: &mut Loaded,
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("SELECT key, kind, id, hash, seen_at, body FROM fact WHERE source = ?1")?;
    let mut rows = statement.query([source.as_str()])?;
    let mut pool = Pool::default();
    while let Some(row) = rows.next()? {
        match fact_of(source, row, &mut pool) {
            Some(fact) => loaded.facts.push(fact),
            None => loaded.damaged += 1,
        }
    }
    let mut statement = connection.prepare_cached("SELECT name FROM listing WHERE source = ?1")?;
    let names = statement.query_map([source.as_str()], |row| row.get::<_, String>(0))?;
    for name in names {
        load_listing(connection, source, &name?, loaded)?;
    }
    let me = state::read(connection, source)?.and_then(|state| state.me);
    loaded.me.extend(me.map(|me| (source.clone(), me)));
    load_confirmed(connection, source, loaded)
}

fn load_confirmed(
    connection: &Connection,
    source: &SourceName,
    loaded: &mut Loaded,
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT scope, at FROM confirmed WHERE source = ?1")?;
    let mut rows = statement.query([source.as_str()])?;
    while let Some(row) = rows.next()? {
        let scope: String = row.get(0)?;
        if let Some(at) = Timestamp::from_timestamp_micros(row.get(1)?) {
            loaded
                .confirmed
                .push((source.clone(), Clean::line(&scope), at));
        }
    }
    Ok(())
}

fn fact_of(source: &SourceName, row: &Row<'_>, pool: &mut Pool) -> Option<LoadedFact> {
    let key: i64 = row.get(0).ok()?;
    let kind = row.get_ref(1).ok()?.as_str().ok()?;
    let id = row.get_ref(2).ok()?.as_str().ok()?;
    let stored: i64 = row.get(3).ok()?;
    let seen_at: i64 = row.get(4).ok()?;
    let body = row.get_ref(5).ok()?.as_str().ok()?;
    let intact = self::key(source.as_str(), kind, id) == key
        && hash(&[&key.to_le_bytes(), body.as_bytes()]) == stored;
    if !intact {
        return None;
    }
    let mut fact: Fact = serde_json::from_str(body).ok()?;
    let known = fact.id();
    let same = known.kind.as_str() == kind && known.id.as_str() == id;
    if !same {
        return None;
    }
    pool.share(&mut fact);
    Some(LoadedFact {
        source: source.clone(),
        id: known,
        fact: Arc::new(fact),
        seen_at: Timestamp::from_timestamp_micros(seen_at)?,
    })
}

fn load_listing(
    connection: &Connection,
    source: &SourceName,
    name: &str,
    loaded: &mut Loaded,
) -> rusqlite::Result<()> {
    let row: Option<(i64, i64, String, String)> = connection
        .prepare_cached(
            "SELECT at, hash, members, open FROM listing WHERE source = ?1 AND name = ?2",
        )?
        .query_row([source.as_str(), name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((at, stored, members, open)) = row else {
        return Ok(());
    };
    let parts = [
        source.as_str().as_bytes(),
        name.as_bytes(),
        members.as_bytes(),
    ];
    let read = serde_json::from_str::<BTreeSet<FactId>>(&members)
        .ok()
        .zip(Timestamp::from_timestamp_micros(at))
        .filter(|_| hash(&parts) == stored);
    match read {
        Some((members, at)) => loaded.listings.push(LoadedListing {
            source: source.clone(),
            name: Clean::line(name),
            at,
            members,
            open: open_of(&open, stored),
        }),
        None => loaded.damaged += 1,
    }
    Ok(())
}

/// What a follower reads: how the source stands, and what changed.
pub(super) type News = (Option<RemoteState>, Loaded);

/// Reads what another program wrote about a source since the cursor; nothing if nothing.
pub(super) fn follow(
    connection: &Connection,
    source: &SourceName,
    cursor: Cursor,
) -> rusqlite::Result<(Cursor, Option<News>)> {
    let version: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
    if cursor.seq.is_some() && cursor.version == version {
        return Ok((cursor, None));
    }
    let (oldest, newest): (Option<i64>, Option<i64>) = connection
        .prepare_cached("SELECT min(seq), max(seq) FROM change")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut loaded = Loaded::default();
    let newest = newest.unwrap_or(0);
    match cursor.seq {
        Some(seq) if oldest.unwrap_or(1) <= seq + 1 && newest >= seq => {
            load_changes(connection, source, seq, &mut loaded)?;
            load_confirmed(connection, source, &mut loaded)?;
        }
        Some(_) | None => {
            loaded.complete = true;
            load_source(connection, source, &mut loaded)?;
        }
    }
    let next = Cursor {
        version,
        seq: Some(newest),
    };
    Ok((next, Some((state::read(connection, source)?, loaded))))
}

fn load_changes(
    connection: &Connection,
    source: &SourceName,
    seq: i64,
    loaded: &mut Loaded,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT what, kind, id FROM change WHERE source = ?1 AND seq > ?2 GROUP BY what, kind, id",
    )?;
    let mut rows = statement.query(params![source.as_str(), seq])?;
    while let Some(row) = rows.next()? {
        let what: String = row.get(0)?;
        let kind: String = row.get(1)?;
        let id: String = row.get(2)?;
        if what == "listing" {
            load_listing(connection, source, &id, loaded)?;
            continue;
        }
        // A fact that went and came back has both rows; what is there now decides.
        match one_fact(connection, source, &kind, &id)? {
            Some(fact) => loaded.facts.push(fact),
            None => loaded.gone.extend(kind_of(&kind).map(|kind| {
                let id = Clean::line(&id);
                (source.clone(), FactId { kind, id })
            })),
        }
    }
    Ok(())
}

fn one_fact(
    connection: &Connection,
    source: &SourceName,
    kind: &str,
    id: &str,
) -> rusqlite::Result<Option<LoadedFact>> {
    connection
        .prepare_cached("SELECT key, kind, id, hash, seen_at, body FROM fact WHERE key = ?1")?
        .query_row([key(source.as_str(), kind, id)], |row| {
            Ok(fact_of(source, row, &mut Pool::default()))
        })
        .optional()
        .map(Option::flatten)
}

fn kind_of(word: &str) -> Option<FactKind> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::correlate::testing::World;
    use crate::engine::db::schema;

    fn store() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
    }

    fn facts(count: u64) -> Vec<Write> {
        let mut world = World::new();
        for number in 1..=count {
            world.ticket(number, |_| {});
        }
        let now = world.now;
        world
            .facts
            .retain(|said| said.fact.kind() == FactKind::Ticket);
        let fact = |said: crate::domain::correlate::Sourced| Write::Fact {
            source: said.source,
            id: said.fact.id(),
            fact: said.fact,
            seen_at: now,
        };
        world.facts.into_iter().map(fact).collect()
    }

    fn put(connection: &mut Connection, writes: &[Write]) {
        let transaction = connection.transaction().unwrap();
        write(&transaction, writes, true).unwrap();
        transaction.commit().unwrap();
    }

    #[test]
    fn many_rows_are_written_in_the_order_in_which_they_lie() {
        for count in [20, 2_000] {
            let mut connection = store();
            connection
                .execute_batch(
                    "CREATE TEMP TABLE put(key INTEGER); CREATE TEMP TRIGGER noted AFTER INSERT ON fact \
                     BEGIN INSERT INTO put VALUES (new.key); END;",
                )
                .unwrap();
            put(&mut connection, &facts(count));
            let mut statement = connection
                .prepare("SELECT key FROM put ORDER BY rowid")
                .unwrap();
            let keys = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
            let keys: Vec<i64> = keys.map(Result::unwrap).collect();
            assert_eq!(keys.len() as u64, count);
            assert!(keys.is_sorted());
        }
    }

    #[test]
    fn what_is_written_last_of_a_row_stands() {
        let mut connection = store();
        let mut writes = facts(3);
        let Some(Write::Fact { source, id, .. }) = writes.first() else {
            panic!("a fact")
        };
        let gone = Write::Gone {
            source: source.clone(),
            id: id.clone(),
        };
        let again = facts(1);
        writes.push(gone);
        put(&mut connection, &writes);
        let count = |connection: &Connection| -> i64 {
            let sql = "SELECT count(*) FROM fact";
            connection.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count(&connection), 2);
        writes.extend(again);
        put(&mut connection, &writes);
        assert_eq!(count(&connection), 3);
    }
}
