//! Who is waited for, while a command asks its sources before it prints.
//!
//! Said on standard error, to people only, and only when it takes a while.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use crate::app::redact;
use crate::domain::Timestamp;
use crate::engine::Engine;
use crate::engine::snapshot::{Health, Snapshot, SourceView};

/// How long nothing is said.
const QUIET: Duration = Duration::from_secs(2);

/// Waits until every source answered or failed, but no longer than `wait`.
pub async fn settled(engine: &mut Engine, began: Timestamp, wait: Duration) -> Arc<Snapshot> {
    if !std::io::stderr().is_terminal() {
        return engine.settled(wait).await;
    }
    let mut snapshots = engine.snapshots.clone();
    let tell = async {
        tokio::time::sleep(QUIET).await;
        let mut told = String::new();
        loop {
            let line = names(&snapshots.borrow_and_update().sources, began);
            if line != told && !line.is_empty() {
                // Nobody is told where there is nobody.
                drop(writeln!(std::io::stderr(), "{}", redact::shown(&line)));
            }
            told = line;
            if snapshots.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        snapshot = engine.settled(wait) => snapshot,
        () = tell => engine.settled(Duration::ZERO).await,
    }
}

/// Returns the line that names the sources which have told nothing since `began`.
fn names(sources: &[SourceView], began: Timestamp) -> String {
    let open = sources.iter().filter(|view| {
        let told = view.last_success.is_some_and(|at| at >= began);
        !told && matches!(view.health, Health::Starting | Health::Unreachable)
    });
    let names: Vec<String> = open.map(|view| format!("`{}`", view.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("waiting for {} …", names.join(", "))
}
