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

/// Tells of the past of a repository, in which much happened, unless that is known to be kept.
fn long_past(name: &str, kept: &Arc<Mutex<Vec<Clean>>>) -> Fake {
    let notes = Arc::clone(kept);
    let path = format!("acme/{name}");
    let repo = RepoKey::new("forge.test", &path);
    let mut source = Fake::new(name, move |_| {
        let mut batch = Batch {
            facts: vec![Fact::Ticket(ticket(&repo, 1, "open since a while"))],
            covered: vec![Clean::line(&path)],
            ..Batch::default()
        };
        if notes.lock().unwrap().is_empty() {
            let done = (2..150).map(|number| {
                let mut past = ticket(&repo, number, "done long since");
                let ago = i64::try_from(number).expect("small") * 40_000;
                past.state = TicketState::Completed;
                (past.created_at, past.updated_at) = (day(-ago), day(-ago + 9_000));
                past.closed_at = Some(day(-ago + 9_000));
                Fact::Ticket(past)
            });
            batch.past = done.collect();
            batch.past_of = Clean::line(&path);
            batch.past_from = Some(day(-90 * 86_400));
        }
        Ok(batch)
    });
    source.kept = Arc::clone(kept);
    source
}

/// The rows of a store, beside whoever uses it.
fn rows(dir: &TempDir) -> rusqlite::Connection {
    let rows = rusqlite::Connection::open(dir.path().join("board.db")).expect("it opens");
    rows.busy_timeout(CEILING).expect("it waits");
    rows
}

/// How many transitions a store has.
fn steps(dir: &TempDir) -> i64 {
    let count = rows(dir).query_row("SELECT count(*) FROM step", [], |row| row.get(0));
    count.expect("it has a history")
}

#[test]
fn who_comes_after_a_leader_that_died_while_it_told_goes_on_and_tells_nothing_twice() {
    type Kept = [Arc<Mutex<Vec<Clean>>>; 2];
    let sources = |kept: &Kept| {
        let [one, two] = kept;
        vec![long_past("api", one), long_past("web", two)]
    };
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let (kept, dir) = (Kept::default(), TempDir::new().expect("a directory"));
    let died = runtime();
    let held = store(&dir);
    died.block_on(async {
        let mut rig = run(sources(&kept), Some(held.clone()));
        rig.engine.settled(CEILING).await;
        // One of the two is told, and what is told of it is on its way to the disk; of the other
        // one hardly anything is. Whatever of it was reached, the same has to come of it.
        let half = rig.engine.told.wait_for(|told| told.told >= 1);
        let half = tokio::time::timeout(CEILING, half).await;
        half.expect("in time").expect("it runs");
    });
    // Nobody says goodbye: what was in its hands is gone, and it still holds the leases.
    died.shutdown_background();
    let dead = "UPDATE lease SET pid = 2147483647";
    assert_eq!(rows(&dir).execute(dead, []).expect("it is dead"), 2);

    let whole = |kept: &Kept, dir: &TempDir| {
        let runtime = runtime();
        runtime.block_on(async {
            let store = store(dir);
            let mut rig = run(sources(kept), Some(store.clone()));
            let ledger = told(&mut rig, &store).await;
            rig.stop().await;
            ledger
        })
    };
    let ledger = whole(&kept, &dir);
    let (other, beside) = (Kept::default(), TempDir::new().expect("a directory"));
    let undisturbed = whole(&other, &beside);
    assert_eq!(ledger.cards.len(), 2 * 149);
    assert_eq!(ledger.cards, undisturbed.cards);
    assert_eq!(steps(&dir), steps(&beside), "nothing is told twice");
    for (ours, theirs) in kept.iter().zip(&other) {
        let [ours, theirs] = [ours, theirs].map(|kept| kept.lock().unwrap().clone());
        assert_eq!((ours.len(), &ours), (1, &theirs), "each is kept once");
    }
    // Its handle would have given the leases back, as no process that is killed does.
    drop(held);
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
