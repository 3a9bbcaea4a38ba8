//! Logs of jobs on this machine: as text, and as the screen asks for them.
//!
//! One thread reads, so that the loop never waits for a disk. Orders go in
//! through a bounded queue, what came of them comes back as [`Done`].

mod live;
mod save;
mod shelf;
pub mod text;
mod worker;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::effects::Done;
use crate::domain::diagnosis::LogKey;
use crate::engine::logs::FileLogs;
use crate::log::{Index, Intake, Query};

/// How many orders wait at most; the thread takes them in between two pieces of work.
const ORDERS: usize = 64;

/// Reads a log through once, to know where its lines and sections are.
pub fn index(file: &mut File) -> io::Result<Index> {
    let mut intake = Intake::new(io::sink());
    file.seek(SeekFrom::Start(0))?;
    // Nobody breaks it off.
    shelf::take(file, &mut intake, &CancellationToken::new())?;
    intake.finish()
}

/// What the screen wants of a log.
#[derive(Debug)]
pub enum Order {
    /// Open it; while it is not here yet, look again for a while.
    Open(LogKey),
    /// Show it as it grows.
    Follow(LogKey),
    /// Read lines.
    Read {
        /// Of which log.
        key: LogKey,
        /// Which lines, counted from 0.
        ranges: Vec<Range<u64>>,
        /// Comes back with the answer.
        generation: u64,
    },
    /// Search it.
    Search {
        /// Which log.
        key: LogKey,
        /// For what.
        query: Query,
        /// Comes back with the answers.
        generation: u64,
    },
    /// Save a clean copy; the text is what the file is called.
    Save(LogKey, String),
    /// Forget it.
    Close(LogKey),
}

/// The way to the thread that reads logs.
#[derive(Debug)]
pub struct Desk {
    orders: mpsc::Sender<Order>,
}

impl Desk {
    /// Starts the thread; it ends with `cancel`, or when the desk is gone.
    pub fn open(
        logs: FileLogs,
        downloads: Option<PathBuf>,
        tracker: &TaskTracker,
        cancel: CancellationToken,
        tell: mpsc::Sender<Done>,
    ) -> Self {
        let (orders, orders_in) = mpsc::channel(ORDERS);
        drop(tracker.spawn_blocking(move || {
            worker::Worker::new(logs, downloads, cancel, tell).run(orders_in);
        }));
        Self { orders }
    }

    /// Hands an order in; returns whether it was taken.
    pub fn order(&self, order: Order) -> bool {
        let sent = self.orders.try_send(order);
        if let Err(error) = &sent {
            tracing::warn!(%error, "logs");
        }
        sent.is_ok()
    }
}
