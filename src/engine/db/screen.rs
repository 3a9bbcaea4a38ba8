//! The first screen of the board, kept for the first frame of the next start.
//!
//! Only what shows at once: counts, and the first cards of every column without
//! their evidence. The rest is loaded while a person looks at it. Boards of other sources have
//! screens of their own.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::item::{Train, WorkItem};
use crate::domain::key::{ServiceName, SourceName, TrainId};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::engine::db::rows::hash;
use crate::engine::snapshot::{Column, Row, Snapshot};

/// How many rows of a column are kept.
const ROWS: usize = 60;
/// How many cards of a train are kept.
const CARDS: usize = 20;
/// Of how many boards there is one.
const BOARDS: i64 = 12;

#[derive(Serialize, Deserialize)]
struct Screen {
    taken_at: Timestamp,
    finished: usize,
    confirmed: Vec<(SourceName, Clean, Timestamp)>,
    columns: Vec<ScreenColumn>,
}

#[derive(Serialize, Deserialize)]
struct ScreenColumn {
    stage: Stage,
    count: usize,
    red: usize,
    empty_because: Option<Clean>,
    rows: Vec<ScreenRow>,
}

#[derive(Serialize, Deserialize)]
enum ScreenRow {
    Item(Box<WorkItem>),
    Train {
        id: TrainId,
        title: Clean,
        stage: Stage,
        status: Status,
        since: Timestamp,
        service: ServiceName,
        items: Vec<WorkItem>,
    },
}

/// Writes the first screen of this board, which is one of these sources.
pub(super) fn write(
    connection: &Connection,
    snapshot: &Snapshot,
    of: &str,
) -> rusqlite::Result<()> {
    let screen = Screen {
        taken_at: snapshot.taken_at,
        finished: snapshot.finished,
        confirmed: snapshot
            .confirmed
            .iter()
            .map(|((source, scope), at)| (source.clone(), scope.clone(), *at))
            .collect(),
        columns: snapshot.columns.iter().map(column_in).collect(),
    };
    let Ok(body) = serde_json::to_string(&screen) else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO front(of, at, hash, body) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT(of) DO UPDATE SET at = ?2, hash = ?3, body = ?4",
        )?
        .execute(params![
            of,
            snapshot.taken_at.timestamp_micros(),
            hash(&[body.as_bytes()]),
            body
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM front WHERE of NOT IN (SELECT of FROM front ORDER BY at DESC LIMIT ?1)",
        )?
        .execute([BOARDS])?;
    Ok(())
}

fn column_in(column: &Column) -> ScreenColumn {
    ScreenColumn {
        stage: column.stage,
        count: column.count,
        red: column.red,
        empty_because: column.empty_because.clone(),
        rows: column.rows.iter().take(ROWS).map(row_in).collect(),
    }
}

fn row_in(row: &Row) -> ScreenRow {
    match row {
        Row::Item(item) => ScreenRow::Item(Box::new(bare(item))),
        Row::Train(train) => ScreenRow::Train {
            id: train.id.clone(),
            title: train.title.clone(),
            stage: train.stage,
            status: train.status,
            since: train.since,
            service: train.service.clone(),
            items: train.items.iter().take(CARDS).map(|i| bare(i)).collect(),
        },
    }
}

fn bare(item: &WorkItem) -> WorkItem {
    WorkItem {
        evidence: Vec::new(),
        ..item.clone()
    }
}

/// Reads the first screen, if there is one of these sources that is as it was written.
pub(super) fn read(connection: &Connection, of: &str) -> Option<Snapshot> {
    let (stored, body): (i64, String) = connection
        .query_row("SELECT hash, body FROM front WHERE of = ?1", [of], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .ok()??;
    if hash(&[body.as_bytes()]) != stored {
        return None;
    }
    let screen: Screen = serde_json::from_str(&body).ok()?;
    let confirmed: HashMap<_, _> = screen
        .confirmed
        .into_iter()
        .map(|(source, scope, at)| ((source, scope), at))
        .collect();
    Some(Snapshot {
        taken_at: screen.taken_at,
        finished: screen.finished,
        confirmed: Arc::new(confirmed),
        columns: screen.columns.into_iter().map(column_out).collect(),
        partial: true,
        ..Snapshot::default()
    })
}

fn column_out(column: ScreenColumn) -> Column {
    Column {
        stage: column.stage,
        rows: column.rows.into_iter().map(row_out).collect(),
        count: column.count,
        red: column.red,
        empty_because: column.empty_because,
    }
}

fn row_out(row: ScreenRow) -> Row {
    match row {
        ScreenRow::Item(item) => Row::Item(Arc::from(item)),
        ScreenRow::Train {
            id,
            title,
            stage,
            status,
            since,
            service,
            items,
        } => Row::Train(Arc::new(Train {
            id,
            title,
            stage,
            status,
            since,
            service,
            items: items.into_iter().map(Arc::new).collect(),
        })),
    }
}
