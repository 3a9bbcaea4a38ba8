//! The board with its history, for commands that print what was.
//!
//! Asks the sources, waits until what they told is part of history, and reads that.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::exit::Failure;
use crate::app::runtime::runtime;
use crate::app::session::{Heard, Session, Tasks};
use crate::app::waiting;
use crate::domain::history::Ledger;

/// How long telling may take, once the sources have answered.
const TELLING: Duration = Duration::from_mins(1);

/// The board with its history.
#[derive(Debug)]
pub struct Recalled {
    /// The board after every source was asked.
    pub heard: Heard,
    /// What history holds of its repositories.
    pub ledger: Ledger,
}

/// Asks every source within `wait`, or none, and reads history. What is left of that time the past
/// has to be read; where it is not enough that is told, as it is no trouble.
pub fn recall(session: &mut Session, offline: bool, wait: Duration) -> Result<Recalled, Failure> {
    let store = session.store_or_none();
    let runtime = runtime()?;
    let recalled = runtime.block_on(async {
        let (tasks, began) = (Tasks::default(), Instant::now());
        let polling = !offline;
        let mut engine = session
            .start_to_recall(store.clone(), polling, &tasks)
            .await?;
        let snapshot = waiting::settled(&mut engine, (session.clock)(), wait).await;
        let mut in_time = engine.is_settled();
        if polling && in_time {
            let left = wait.saturating_sub(began.elapsed());
            let read = waiting::past_read(&mut engine, left).await;
            in_time = engine.history_told(TELLING).await;
            if !read {
                let sources = engine.snapshots.borrow().sources.clone();
                waiting::say(&waiting::unread(&sources));
            }
        }
        let repos = Arc::clone(&snapshot.repositories);
        let read =
            tokio::task::spawn_blocking(move || store.and_then(|store| store.ledger(&repos)));
        let ledger = read.await.ok().flatten().unwrap_or_default();
        tasks.end().await;
        Ok(Recalled {
            heard: Heard { snapshot, in_time },
            ledger,
        })
    });
    // Nobody waits for a telling that took too long: the next start begins it anew.
    runtime.shutdown_background();
    recalled
}
