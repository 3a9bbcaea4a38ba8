//! Servers that tell by themselves that something changed, and those whose telling fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::engine::testing::Script;
use crate::sources::Tier;

/// A source that is polled once an hour unless it hears of a change.
#[derive(Default)]
struct Telling {
    told: Notify,
    is_stale: AtomicBool,
    /// Whether listening fails.
    is_deaf: bool,
    listened: AtomicUsize,
}

impl Script for Telling {
    fn fetch(&self, poll: usize) -> BoxFuture<'_, Answer> {
        self.is_stale.store(false, Ordering::SeqCst);
        let title = format!("poll {poll}");
        std::future::ready(tickets(&[title.as_str()])).boxed()
    }

    fn resource(&self) -> (&'static str, Tier) {
        let stale = self.is_stale.load(Ordering::SeqCst);
        ("tickets", if stale { Tier::Now } else { Tier::Rare })
    }

    fn changes(&self) -> Option<BoxFuture<'_, Result<(), SourceError>>> {
        self.listened.fetch_add(1, Ordering::SeqCst);
        Some(
            async {
                if self.is_deaf {
                    return Err(unreachable());
                }
                self.told.notified().await;
                self.is_stale.store(true, Ordering::SeqCst);
                Ok(())
            }
            .boxed(),
        )
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_tells_is_polled_at_once_and_time_after_time() {
    let script = Arc::new(Telling::default());
    let fake = Fake::by("one", Arc::clone(&script) as Arc<dyn Script>);
    let mut rig = run(vec![fake], None);
    rig.engine.settled(CEILING).await;
    let begun = Instant::now();
    for poll in 2..=4 {
        script.told.notify_one();
        let wanted = set(&[format!("poll {poll}").as_str()]);
        rig.until(|snapshot| titles(snapshot) == wanted).await;
    }
    assert!(begun.elapsed() < Duration::from_mins(1), "not in an hour");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_one_poll_and_never_more_than_the_server_can_take() {
    let script = Arc::new(Telling::default());
    let fake = Fake::by("one", Arc::clone(&script) as Arc<dyn Script>);
    let polls = fake.polls.clone();
    let mut rig = run(vec![fake], None);
    rig.engine.settled(CEILING).await;
    let before = polls.count();
    for _ in 0..300 {
        script.told.notify_one();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Half a minute of changes without end.
    let asked = polls.count() - before;
    assert!((5..=11).contains(&asked), "{asked}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn where_listening_fails_polls_go_on_and_it_is_tried_again_later() {
    let script = Arc::new(Telling {
        is_deaf: true,
        ..Telling::default()
    });
    let fake = Fake::by("one", Arc::clone(&script) as Arc<dyn Script>);
    let polls = fake.polls.clone();
    let mut rig = run(vec![fake], None);
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(source(&snapshot, "one").health, Health::Ok);
    tokio::time::sleep(Duration::from_hours(3)).await;
    assert!(polls.count() >= 3, "{}", polls.count());
    let tries = script.listened.load(Ordering::SeqCst);
    assert!((20..=2_000).contains(&tries), "{tries}");
    let snapshot = rig.until(|_| true).await;
    assert_ne!(source(&snapshot, "one").health, Health::Unreachable);
    rig.stop().await;
}
