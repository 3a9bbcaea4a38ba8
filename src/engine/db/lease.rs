//! Who polls a source: one program at a time, as long as it lives.
//!
//! And what the others ask of it: a row a source and wish, which it takes away when it
//! obeys, and which means nothing once it is old.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::engine::db::process::{Identity, Life, life};

/// How long a lease holds without a heartbeat, in seconds.
pub(in crate::engine) const LEASE_SECS: i64 = 30;
/// How long a program of which nothing else is known counts as living, in seconds.
const INSTANCE_SECS: i64 = 60;
/// How often a program that only follows says that it lives, in seconds.
const SIGN_SECS: i64 = INSTANCE_SECS / 3;
/// How long a wish holds, in seconds: as long as it may take until somebody polls.
const WISH_SECS: i64 = LEASE_SECS;

/// Whose turn it is to poll a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lease {
    /// Ours.
    Held,
    /// Another program's.
    Other,
}

/// What other programs want of the one that polls a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// Whether there are any other programs, so that it is worth looking again soon.
    pub shared: bool,
    /// Whether one of them wants everything asked for now.
    pub refresh: bool,
    /// Whether somebody waits there for what history alone reads.
    pub history: bool,
}

/// One thing that another program may want of the one that polls a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// That it asks for everything now.
    Refresh,
    /// That it reads the past as fast as limits allow it.
    History,
}

impl Wish {
    /// Where it is left: a table with a row for each source.
    fn table(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::History => "hurry",
        }
    }
}

/// Leaves a wish for the program that polls a source.
pub(super) fn wish(
    connection: &Connection,
    source: &SourceName,
    wish: Wish,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let (secs, table) = (now.timestamp(), wish.table());
    connection.execute(
        &format!("DELETE FROM {table} WHERE abs(at - ?1) > ?2"),
        [secs, WISH_SECS],
    )?;
    connection
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO {table}(source, at) VALUES (?1, ?2)"
        ))?
        .execute(params![source.as_str(), secs])?;
    Ok(())
}

/// Takes what others want of a source that this program polls; each wish is heard once.
pub(super) fn wishes(
    connection: &Connection,
    source: &SourceName,
    me: &Identity,
    now: Timestamp,
) -> rusqlite::Result<Wishes> {
    let heard = |wish| heard(connection, source, wish, now);
    Ok(Wishes {
        shared: has_company(connection, me)?,
        refresh: heard(Wish::Refresh)?,
        history: heard(Wish::History)?,
    })
}

/// Takes one wish away; returns whether it was there, and is not old.
fn heard(
    connection: &Connection,
    source: &SourceName,
    wish: Wish,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let table = wish.table();
    let at: Option<i64> = connection
        .prepare_cached(&format!("SELECT at FROM {table} WHERE source = ?1"))?
        .query_row([source.as_str()], |row| row.get(0))
        .optional()?;
    let Some(at) = at else {
        return Ok(false);
    };
    connection
        .prepare_cached(&format!(
            "DELETE FROM {table} WHERE source = ?1 AND at <= ?2"
        ))?
        .execute(params![source.as_str(), at])?;
    Ok((now.timestamp() - at).abs() <= WISH_SECS)
}

/// Returns whether another program that may live uses the database.
fn has_company(connection: &Connection, me: &Identity) -> rusqlite::Result<bool> {
    let mut statement =
        connection.prepare_cached("SELECT pid, boot FROM instance WHERE id <> ?1")?;
    let others = statement.query_map([&me.id], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    for other in others {
        let (pid, boot) = other?;
        if life(pid, &boot) != Life::Dead {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes or keeps the lease of a source where no other living program has it.
pub(super) fn take(
    connection: &mut Connection,
    source: &SourceName,
    me: &Identity,
    now: Timestamp,
) -> rusqlite::Result<Lease> {
    let secs = now.timestamp();
    if holder(connection, source, me, secs)? == Lease::Other {
        sign(connection, me, now)?;
        return Ok(Lease::Other);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if holder(&transaction, source, me, secs)? == Lease::Other {
        return Ok(Lease::Other);
    }
    transaction
        .prepare_cached(
            "INSERT INTO lease(source, holder, pid, boot, heartbeat, expires) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(source) DO UPDATE SET \
             holder = ?2, pid = ?3, boot = ?4, heartbeat = ?5, expires = ?6",
        )?
        .execute(params![
            source.as_str(),
            me.id,
            me.pid,
            me.boot,
            secs,
            secs + LEASE_SECS
        ])?;
    register(&transaction, me, now)?;
    transaction.commit()?;
    Ok(Lease::Held)
}

/// Returns whether this program may take the lease of a source.
pub(super) fn holder(
    connection: &Connection,
    source: &SourceName,
    me: &Identity,
    secs: i64,
) -> rusqlite::Result<Lease> {
    let row: Option<(String, i64, String, i64)> = connection
        .prepare_cached("SELECT holder, pid, boot, expires FROM lease WHERE source = ?1")?
        .query_row([source.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((holder, pid, boot, expires)) = row else {
        return Ok(Lease::Held);
    };
    // A lease that ends too far ahead was written before the clock was set back.
    let valid = (secs..=secs + 2 * LEASE_SECS).contains(&expires);
    let mine = holder == me.id;
    let free = mine || !valid || life(pid, &boot) == Life::Dead;
    Ok(if free { Lease::Held } else { Lease::Other })
}

/// Notes that this program uses the database.
pub(super) fn register(
    connection: &Connection,
    me: &Identity,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO instance(id, pid, boot, seen_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT(id) DO UPDATE SET seen_at = ?4",
        )?
        .execute(params![me.id, me.pid, me.boot, now.timestamp()])?;
    Ok(())
}

/// Says now and then that a program lives that polls nothing: whoever cannot see whether its
/// process does would bury it.
fn sign(connection: &Connection, me: &Identity, now: Timestamp) -> rusqlite::Result<()> {
    let seen_at: Option<i64> = connection
        .prepare_cached("SELECT seen_at FROM instance WHERE id = ?1")?
        .query_row([&me.id], |row| row.get(0))
        .optional()?;
    let since = |at: i64| (now.timestamp() - at).abs();
    if seen_at.is_none_or(|at| since(at) >= SIGN_SECS) {
        register(connection, me, now)?;
    }
    Ok(())
}

/// Forgets programs that ended without saying so; returns whether there were any.
pub(super) fn bury(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let rows: Vec<(String, i64, String, i64)> = connection
        .prepare("SELECT id, pid, boot, seen_at FROM instance")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = false;
    for (id, pid, boot, seen_at) in rows {
        let gone = match life(pid, &boot) {
            Life::Alive => false,
            Life::Dead => true,
            Life::Unknown => (now.timestamp() - seen_at).abs() > INSTANCE_SECS,
        };
        if gone {
            found = true;
            connection.execute("DELETE FROM instance WHERE id = ?1", [&id])?;
            connection.execute("DELETE FROM lease WHERE holder = ?1", [&id])?;
        }
    }
    Ok(found)
}

/// Gives back everything that this program holds.
pub(super) fn leave(connection: &Connection, me: &Identity) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM lease WHERE holder = ?1", [&me.id])?;
    connection.execute("DELETE FROM instance WHERE id = ?1", [&me.id])?;
    Ok(())
}

/// Returns whether other programs use the database too.
pub(super) fn is_shared(connection: &Connection, me: &Identity) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM instance WHERE id <> ?1)")?
        .query_row([&me.id], |row| row.get(0))
}
