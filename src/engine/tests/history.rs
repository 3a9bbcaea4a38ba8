//! History as the engine keeps it: told once the sources have answered, and not twice.

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::domain::Timestamp;
use crate::domain::history::{Ledger, Moment};
use crate::domain::ticket::TicketState;
use crate::engine::db::Database;
use crate::engine::testing::at;

/// So many seconds after the day before the clock of these tests begins.
fn day(secs: i64) -> Timestamp {
    at(secs) + TimeDelta::days(99)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "scripts answer, and answers may fail"
)]
fn closed(_: usize) -> Answer {
    let repo = RepoKey::new("forge.test", "acme/api");
    let mut one = ticket(&repo, 1, "done long since");
    one.state = TicketState::Completed;
    one.created_at = day(-900);
    one.closed_at = Some(day(-300));
    one.updated_at = day(-300);
    Ok(Batch {
        facts: vec![Fact::Ticket(one)],
        covered: vec![Clean::line("acme/api")],
        ..Batch::default()
    })
}

fn store(dir: &TempDir) -> Store {
    Database::open(dir.path(), at(0)).expect("it opens").0
}

async fn told(rig: &mut Rig, store: &Store) -> Ledger {
    let snapshot = rig.engine.settled(CEILING).await;
    assert!(rig.engine.history_told(CEILING).await);
    let repos = std::sync::Arc::clone(&snapshot.repositories);
    store.ledger(&repos).expect("there is a file")
}

fn times(ledger: &Ledger) -> Vec<Timestamp> {
    let moments = ledger.cards[0].timeline.moments().iter();
    moments.map(|moment: &Moment| moment.at).collect()
}

#[tokio::test]
async fn what_was_before_the_first_start_is_told_by_its_own_times() {
    let dir = TempDir::new().expect("a directory");
    let store = store(&dir);
    let mut rig = run(vec![Fake::new("one", closed)], Some(store.clone()));
    let ledger = told(&mut rig, &store).await;
    assert_eq!(times(&ledger), [day(-900), day(-300)]);
    assert_eq!(ledger.cards[0].life.title.as_str(), "done long since");
    assert_eq!(ledger.coverage.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_restart_tells_the_same() {
    let dir = TempDir::new().expect("a directory");
    let first = {
        let store = store(&dir);
        let mut rig = run(vec![Fake::new("one", closed)], Some(store.clone()));
        let ledger = told(&mut rig, &store).await;
        rig.stop().await;
        ledger
    };
    let store = store(&dir);
    let mut rig = run(vec![Fake::new("one", closed)], Some(store.clone()));
    let again = told(&mut rig, &store).await;
    assert_eq!(times(&again), times(&first));
    assert!(again.coverage[0].from <= first.coverage[0].from);
    rig.stop().await;
}

#[tokio::test]
async fn without_a_store_nothing_is_told_and_nobody_waits() {
    let mut rig = run(vec![Fake::new("one", closed)], None);
    rig.engine.settled(CEILING).await;
    assert!(rig.engine.history_told(CEILING).await);
    rig.stop().await;
}
