//! History as the engine keeps it: told once the sources have answered, and not twice.

use chrono::TimeDelta;
use tempfile::TempDir;

use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::Timestamp;
use crate::domain::history::{Ledger, Moment};
use crate::domain::ticket::TicketState;
use crate::engine::Tells;
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
    let repos = Arc::clone(&snapshot.repositories);
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

/// Tells of a ticket that is open, and of one of the past unless that is known to be kept.
fn with_past(kept: &Arc<Mutex<Vec<Clean>>>) -> Fake {
    let notes = Arc::clone(kept);
    let repo = RepoKey::new("forge.test", "acme/api");
    let mut source = Fake::new("one", move |_| {
        let mut open = ticket(&repo, 1, "open since a while");
        (open.created_at, open.updated_at) = (day(-900), day(-900));
        let mut past = ticket(&repo, 2, "done long since");
        past.state = TicketState::Completed;
        (past.created_at, past.updated_at) = (day(-9_000), day(-5_000));
        past.closed_at = Some(day(-5_000));
        let mut batch = Batch {
            facts: vec![Fact::Ticket(open)],
            covered: vec![Clean::line("acme/api")],
            ..Batch::default()
        };
        if notes.lock().unwrap().is_empty() {
            batch.past = vec![Fact::Ticket(past)];
            batch.past_of = Clean::line("acme/api");
            batch.past_from = Some(day(-90 * 86_400));
        }
        Ok(batch)
    });
    source.kept = Arc::clone(kept);
    source
}

fn telling(source: Fake, store: &Store, tells: Tells) -> Rig {
    Rig::start(Options {
        store: Some(store.clone()),
        tells,
        ..options([source], clock())
    })
}

#[tokio::test]
async fn a_past_that_was_read_and_not_told_is_told_by_the_next_start() {
    let kept = Arc::default();
    let dir = TempDir::new().expect("a directory");
    {
        let store = store(&dir);
        // It reads, and ends before it tells.
        let mut rig = telling(with_past(&kept), &store, Tells::Nothing);
        rig.engine.settled(CEILING).await;
        rig.stop().await;
    }
    assert!(
        kept.lock().unwrap().is_empty(),
        "nobody said that it is kept"
    );
    let store = store(&dir);
    let mut rig = telling(with_past(&kept), &store, Tells::AsItComes);
    let ledger = told(&mut rig, &store).await;
    rig.stop().await;
    assert_eq!(*kept.lock().unwrap(), [Clean::line("acme/api")]);
    assert_eq!(ledger.cards.len(), 2);
    assert_eq!(ledger.coverage[0].from, day(-90 * 86_400));

    // It is the history of one that did not end in between, and it stays so.
    let (other, fresh) = (Arc::default(), TempDir::new().expect("a directory"));
    let beside = self::store(&fresh);
    let mut rig = telling(with_past(&other), &beside, Tells::AsItComes);
    let whole = told(&mut rig, &beside).await;
    rig.stop().await;
    assert_eq!(whole.cards, ledger.cards);
    let mut rig = telling(with_past(&kept), &store, Tells::AsItComes);
    assert_eq!(told(&mut rig, &store).await.cards, whole.cards);
    assert_eq!(kept.lock().unwrap().len(), 1, "it was not read again");
    rig.stop().await;
}

#[tokio::test]
async fn who_waits_for_the_past_gets_it_with_the_rest() {
    let kept = Arc::default();
    let dir = TempDir::new().expect("a directory");
    let store = store(&dir);
    let mut rig = telling(with_past(&kept), &store, Tells::WithPast);
    rig.engine.settled(CEILING).await;
    assert!(rig.engine.history_read(CEILING).await);
    let ledger = told(&mut rig, &store).await;
    assert_eq!(ledger.cards.len(), 2);
    assert_eq!(rig.engine.told.borrow().told, 1, "once, with its past");
    rig.stop().await;
}
