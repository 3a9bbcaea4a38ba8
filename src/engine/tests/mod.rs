//! The engine as a whole: sources that fail, panic, hang and limit.

mod ear;
mod haste;
mod history;
mod stores;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt;

use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::engine::db::Store;
use crate::engine::snapshot::{Health, Snapshot, SourceView};
use crate::engine::testing::{Answer, CEILING, Fake, Rig, clock, options, ticket};
use crate::engine::{EngineCommand, Options};
use crate::sources::{Batch, Listing, SourceError};

/// A complete answer: these tickets are all there are.
#[expect(
    clippy::unnecessary_wraps,
    reason = "scripts answer, and answers may fail"
)]
fn tickets(titles: &[&str]) -> Answer {
    let repo = RepoKey::new("forge.test", "acme/api");
    let facts: Vec<Fact> = (1..)
        .zip(titles)
        .map(|(number, title)| Fact::Ticket(ticket(&repo, number, title)))
        .collect();
    Ok(Batch {
        listings: vec![Listing {
            name: Clean::line("open"),
            members: facts.iter().map(Fact::id).collect(),
        }],
        facts,
        covered: vec![Clean::line("acme/api")],
        ..Batch::default()
    })
}

fn unreachable() -> SourceError {
    SourceError::Unreachable {
        host: "one.test".to_owned(),
        cause: "connection refused".to_owned(),
    }
}

fn run(sources: Vec<Fake>, store: Option<Store>) -> Rig {
    run_with(sources, store, true)
}

fn run_with(sources: Vec<Fake>, store: Option<Store>, polling: bool) -> Rig {
    Rig::start(Options {
        store,
        polling,
        ..options(sources, clock())
    })
}

fn titles(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot
        .items()
        .map(|item| item.title.to_string())
        .collect()
}

fn set(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn source<'a>(snapshot: &'a Snapshot, name: &str) -> &'a SourceView {
    snapshot
        .sources
        .iter()
        .find(|source| source.name.as_str() == name)
        .expect("it is configured")
}

fn says(snapshot: &Snapshot, name: &str, word: &str) -> bool {
    let message = source(snapshot, name).message.as_ref();
    message.is_some_and(|message| message.contains(word))
}

#[tokio::test(start_paused = true)]
async fn the_first_round_settles_with_every_card() {
    let one = Fake::new("one", |_| tickets(&["a", "b"]));
    let two = Fake::new("two", |_| Err(unreachable()));
    let mut rig = run(vec![one, two], None);
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(titles(&snapshot), set(&["a", "b"]));
    assert_eq!(source(&snapshot, "one").health, Health::Ok);
    assert_eq!(source(&snapshot, "two").health, Health::Unreachable);
    assert!(source(&snapshot, "one").next_poll.is_some());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_keeps_its_cards_and_gets_well_again() {
    let one = Fake::new("one", |poll| match poll {
        2..=4 => Err(unreachable()),
        5 => tickets(&["b"]),
        _ => tickets(&["a"]),
    });
    let mut rig = run(vec![one], None);
    let ill = rig
        .until(|snapshot| source(snapshot, "one").health == Health::Unreachable)
        .await;
    assert_eq!(titles(&ill), set(&["a"]));
    assert!(says(&ill, "one", "connection refused"));
    assert!(source(&ill, "one").hint.is_some());
    let well = rig.until(|snapshot| titles(snapshot) == set(&["b"])).await;
    assert_eq!(source(&well, "one").health, Health::Ok);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_one_source_leaves_the_others_alone_and_is_overcome() {
    let one = Fake::new("one", |poll| {
        assert!(poll > 2, "a bug of the adapter");
        tickets(&["a"])
    });
    let two = Fake::new("two", |_| tickets(&["b"]));
    let mut rig = run(vec![one, two], None);
    let crashed = rig.until(|snapshot| says(snapshot, "one", "crashed")).await;
    assert_ne!(source(&crashed, "one").health, Health::Ok);
    assert!(source(&crashed, "one").next_poll.is_some());
    let hint = source(&crashed, "one").hint.clone().expect("what to do");
    assert!(
        hint.contains("please report it"),
        "its host is well: {hint}"
    );
    rig.until(|snapshot| source(snapshot, "two").health == Health::Ok)
        .await;
    rig.until(|snapshot| source(snapshot, "one").health == Health::Ok)
        .await;
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_obeyed_whatever_a_person_presses() {
    let one = Fake::new("one", |poll| match poll {
        1 => tickets(&["a"]),
        2 => Err(SourceError::RateLimited {
            host: "one.test".to_owned(),
            retry_after: Duration::from_mins(10),
            share: None,
        }),
        _ => tickets(&["b"]),
    });
    let polls = one.polls.clone();
    let mut rig = run(vec![one], None);
    let limited = rig
        .until(|snapshot| source(snapshot, "one").health == Health::RateLimited)
        .await;
    assert_eq!(titles(&limited), set(&["a"]));
    rig.command(EngineCommand::RefreshAll).await;
    rig.until(|snapshot| titles(snapshot) == set(&["b"])).await;
    let gap = polls.gaps()[1];
    assert!(gap >= Duration::from_secs(601), "{gap:?}");
    assert!(gap <= Duration::from_secs(640), "{gap:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_one_source_until_a_person_asks() {
    let one = Fake::new("one", |poll| match poll {
        1 => Err(SourceError::Auth {
            host: "one.test".to_owned(),
        }),
        _ => tickets(&["a"]),
    });
    let two = Fake::new("two", |_| tickets(&["b"]));
    let (refused, other) = (one.polls.clone(), two.polls.clone());
    let mut rig = run(vec![one, two], None);
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(source(&snapshot, "one").health, Health::Auth);
    assert_eq!(source(&snapshot, "one").next_poll, None);
    rig.until(|snapshot| source(snapshot, "two").sent > 20)
        .await;
    assert_eq!(refused.count(), 1);
    assert!(other.count() > 20);
    rig.command(EngineCommand::Refresh(SourceName::new("one")))
        .await;
    rig.until(|snapshot| source(snapshot, "one").health == Health::Ok)
        .await;
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_does_not_hold_the_others_up() {
    let one = Fake::slow("one", |_| {
        tokio::time::sleep(Duration::from_secs(100))
            .map(|()| tickets(&["a"]))
            .boxed()
    });
    let two = Fake::new("two", |_| tickets(&["b"]));
    let polls = two.polls.clone();
    let mut rig = run(vec![one, two], None);
    rig.until(|snapshot| source(snapshot, "one").health == Health::Ok)
        .await;
    assert!(polls.count() >= 3, "{}", polls.count());
    let longest = polls.gaps().into_iter().max().expect("there are some");
    assert!(longest < Duration::from_secs(36), "{longest:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_looking_costs_a_quarter_of_the_polls() {
    let one = Fake::new("one", |_| tickets(&["a"]));
    let polls = one.polls.clone();
    let mut rig = run(vec![one], None);
    rig.engine.settled(CEILING).await;
    rig.command(EngineCommand::Focus(false)).await;
    rig.until(|snapshot| source(snapshot, "one").sent > 5).await;
    let shortest = polls.gaps()[1..].iter().min().copied();
    assert!(shortest > Some(Duration::from_secs(100)), "{shortest:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_confirms_all_of_a_source_confirms_its_cards_of_a_repository() {
    let all = |_| {
        tickets(&["a"]).map(|batch| Batch {
            covered: vec![Clean::default()],
            ..batch
        })
    };
    let mut rig = run(vec![Fake::new("one", all)], None);
    let snapshot = rig.engine.settled(CEILING).await;
    let card = snapshot.items().next().expect("one card");
    assert!(card.repo.is_some());
    assert!(snapshot.confirmed_at(card).is_some());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_card_is_fresh_for_half_an_hour_after_it_was_confirmed() {
    let mut rig = run(vec![Fake::new("one", |_| tickets(&["a"]))], None);
    let snapshot = rig.engine.settled(CEILING).await;
    let card = snapshot.items().next().expect("one card");
    let confirmed = snapshot.confirmed_at(card).expect("just now");
    for (secs, is_fresh) in [(0, true), (30 * 60, true), (30 * 60 + 1, false)] {
        let now = confirmed + Duration::from_secs(secs);
        assert_eq!(snapshot.is_fresh(card, now), is_fresh, "after {secs} s");
    }
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_poll_is_told_anew_where_nobody_looks_any_longer() {
    let mut rig = run(vec![Fake::new("one", |_| tickets(&["a"]))], None);
    let before = rig.engine.settled(CEILING).await;
    let told = |snapshot: &Snapshot| {
        let one = source(snapshot, "one");
        (one.sent, one.next_poll)
    };
    let (sent, soon) = told(&before);
    rig.command(EngineCommand::Focus(false)).await;
    // Before anything else is asked: the one who looks again must not read what was true then.
    rig.until(|snapshot| {
        let (asked, later) = told(snapshot);
        asked == sent && later > soon
    })
    .await;
    rig.stop().await;
}
