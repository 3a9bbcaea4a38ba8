//! Orders to the tasks of sources, and how they are given.
//!
//! What comes of an order is the poller's to do; nothing is waited for here but room.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;

/// What the engine asks of a poller.
#[derive(Clone, Debug)]
pub enum Order {
    /// Ask for everything now.
    Refresh,
    /// Somebody waits for history.
    Hurry,
    /// Whether somebody looks at the terminal.
    Focus(bool),
    /// Which repository the open card belongs to.
    Look(Option<Clean>),
    /// Something was done in this repository: ask for it now.
    Hasten(Clean),
    /// Find out why this job failed.
    Diagnose(LogKey),
}

/// A poller that does not take its orders is stuck; the others must not wait for it.
pub(super) async fn give<T>(orders: &mpsc::Sender<T>, order: T) -> bool {
    let sent = tokio::time::timeout(Duration::from_millis(100), orders.send(order)).await;
    sent.is_ok_and(|sent| sent.is_ok())
}

/// Waits for a moment, for ever where there is none.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
