//! Who is waited for by somebody who wants the board as a whole.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::{CEILING, source, tickets, titles, unreachable};
use crate::engine::Options;
use crate::engine::patience::{FIRST_ANSWER, NEXT_ANSWER};
use crate::engine::snapshot::Health;
use crate::engine::testing::{Answer, Fake, Rig, clock, options};

/// A source that answers after so long.
fn after(name: &str, wait: Duration, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Fake {
    Fake::slow(name, move |_| {
        let answer = answer();
        tokio::time::sleep(wait).map(|()| answer).boxed()
    })
}

fn hang(name: &str) -> Fake {
    Fake::slow(name, |_| std::future::pending().boxed())
}

fn hurried(sources: Vec<Fake>, haste: bool) -> Rig {
    Rig::start(Options {
        haste,
        ..options(sources, clock())
    })
}

/// Waits for the board of these sources; returns how long that took, and who was left behind.
async fn settle(sources: Vec<Fake>, haste: bool) -> (Duration, Vec<String>) {
    let began = Instant::now();
    let mut rig = hurried(sources, haste);
    let snapshot = rig.engine.settled(CEILING * 3).await;
    assert!(rig.engine.is_settled());
    let took = began.elapsed();
    let left = snapshot.sources.iter().filter(|view| view.left);
    let left = left.map(|view| view.name.to_string()).collect();
    rig.stop().await;
    (took, left)
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_left_behind_soon_and_that_is_told() {
    let mut rig = hurried(
        vec![Fake::new("one", |_| tickets(&["a"])), hang("two")],
        true,
    );
    let began = Instant::now();
    let snapshot = rig.engine.settled(CEILING).await;
    let took = began.elapsed();
    assert!(rig.engine.is_settled() && took >= FIRST_ANSWER, "{took:?}");
    assert!(took <= NEXT_ANSWER + Duration::from_secs(1), "{took:?}");
    assert!(titles(&snapshot).contains("a"));
    let (one, two) = (source(&snapshot, "one"), source(&snapshot, "two"));
    assert!((one.health, one.left) == (Health::Ok, false), "{one:?}");
    assert!(
        (two.health, two.left) == (Health::Unreachable, true),
        "{two:?}"
    );
    let message = two.message.as_deref().unwrap_or_default();
    assert!(message.contains("not waited for"), "{message}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_is_waited_for() {
    let slow = Duration::from_secs(3);
    let sources = vec![
        Fake::new("one", |_| tickets(&["a"])),
        after("two", slow, || tickets(&["b"])),
    ];
    let (took, left) = settle(sources, true).await;
    assert!(took >= slow && left.is_empty(), "{took:?} {left:?}");
}

#[tokio::test(start_paused = true)]
async fn without_anybody_who_answered_everybody_is_waited_for() {
    let slow = Duration::from_secs(15);
    let alone = vec![after("one", slow, || tickets(&["a"]))];
    assert_eq!(settle(alone, true).await.1, Vec::<String>::new());
    let beside = vec![
        Fake::new("two", |_| Err(unreachable())),
        after("one", slow, || tickets(&["a"])),
    ];
    assert_eq!(settle(beside, true).await.1, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_in_haste_nobody_is_left_behind() {
    let sources = vec![Fake::new("one", |_| tickets(&["a"])), hang("two")];
    let (took, left) = settle(sources, false).await;
    assert!(took > NEXT_ANSWER, "{took:?}");
    assert_eq!(left, Vec::<String>::new());
}
