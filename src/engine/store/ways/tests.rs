//! Several systems and several accounts: each question goes to who knows the answer.

use chrono::TimeDelta;

use crate::domain::correlate::Need;
use crate::domain::correlate::testing::{CI, FAILED, World, at, repo, sha};
use crate::domain::diagnosis::LogKey;
use crate::domain::key::ItemId;
use crate::domain::policy::Policy;
use crate::domain::run::{RunState, foreign_id};
use crate::domain::text::Clean;
use crate::engine::snapshot::FRESH_SECS;
use crate::engine::store::{Inquiry, Store};
use crate::engine::testing::Fake;
use crate::engine::update::{Polled, Report, Update};
use crate::sources::{Batch, Source, SourceError};

use super::*;

fn store(names: &[&str]) -> Store {
    let fakes: Vec<Fake> = names
        .iter()
        .map(|name| Fake::new(name, |_| Ok(Batch::default())))
        .collect();
    let sources = fakes.iter().map(|fake| fake as &dyn Source);
    Store::new(sources, Policy::default(), &[])
}

/// What one source tells at a moment, and confirms.
fn tell(store: &mut Store, source: &str, order: u64, world: &World, at: Timestamp) -> Applied {
    let facts = world.facts.iter();
    let batch = Batch {
        facts: facts.map(|said| Fact::clone(&said.fact)).collect(),
        covered: vec![Clean::default()],
        ..Batch::default()
    };
    poll(store, source, order, Ok(batch), at)
}

fn poll(
    store: &mut Store,
    source: &str,
    order: u64,
    outcome: Result<Batch, SourceError>,
    at: Timestamp,
) -> Applied {
    let polled = Polled {
        source: SourceName::new(source),
        resource: "all".into(),
        at,
        order,
        outcome,
        report: Report::default(),
    };
    store.apply(Update::Polled(Box::new(polled)), at)
}

fn away() -> SourceError {
    SourceError::Unreachable {
        host: "hub.test".to_owned(),
        cause: "connection refused".to_owned(),
    }
}

fn forge() -> World {
    let mut world = World::new();
    world.change(1, |_| {});
    world
}

/// A failed build of another system at the head of the change request.
fn built(state: RunState) -> World {
    let mut world = World::new();
    world.facts.clear();
    world.foreign_run("7", state, |run| run.head_sha = Some(sha(101)));
    world
}

fn jobs(run: u64) -> Need {
    Need::Jobs { repo: repo(), run }
}

fn key() -> RunKey {
    RunKey {
        repo: repo(),
        id: foreign_id(CI, "7"),
    }
}

#[test]
fn what_a_run_needs_is_asked_of_who_told_it_and_of_nobody_else() {
    let mut store = store(&["hub", "jenkins"]);
    tell(&mut store, "hub", 1, &forge(), at(20));
    let applied = tell(&mut store, "jenkins", 1, &built(FAILED), at(20));
    let routes = applied.needs.expect("something is needed");
    let need = jobs(key().id);
    assert!(routes.of(&SourceName::new("jenkins")).contains(&need));
    assert!(!routes.of(&SourceName::new("hub")).contains(&need));
}

#[test]
fn of_two_accounts_the_first_that_is_well_is_asked() {
    let mut store = store(&["hub", "twin"]);
    let mut world = forge();
    world.run(8, 101, FAILED, |_| {});
    tell(&mut store, "hub", 1, &world, at(20));
    tell(&mut store, "twin", 1, &world, at(20));
    let asked = |store: &Store| -> Vec<bool> {
        let names = ["hub", "twin"].map(SourceName::new);
        let asks = names
            .iter()
            .map(|name| store.routes.of(name).contains(&jobs(8)));
        asks.collect()
    };
    assert_eq!(asked(&store), [true, false]);
    for order in 2..5 {
        poll(&mut store, "hub", order, Err(away()), at(20));
    }
    assert_eq!(asked(&store), [false, true]);
    tell(&mut store, "hub", 9, &world, at(20));
    assert_eq!(asked(&store), [true, false]);
    assert_eq!(store.snapshot(at(20)).items().count(), 1, "one card");
}

#[test]
fn a_question_and_an_action_go_to_who_told_the_run() {
    let mut store = store(&["hub", "jenkins"]);
    tell(&mut store, "hub", 1, &forge(), at(20));
    tell(&mut store, "jenkins", 1, &built(FAILED), at(20));
    let log = LogKey {
        run: key(),
        attempt: 1,
        job: foreign_id(CI, "7/unit"),
    };
    let jenkins = SourceName::new("jenkins");
    assert_eq!(store.inquire(&log, false), Inquiry::Ask(jenkins.clone()));
    assert_eq!(store.actor(SourceName::new("hub"), &key()), jenkins);
    assert_eq!(store.snapshot(at(20)).told_by(&key()), Some(&jenkins));
}

#[test]
fn a_run_that_is_gone_is_nobodys() {
    let mut store = store(&["hub", "jenkins"]);
    tell(&mut store, "jenkins", 1, &built(FAILED), at(20));
    let gone = Batch {
        gone: vec![run_id(&key())],
        ..Batch::default()
    };
    poll(&mut store, "jenkins", 2, Ok(gone), at(20));
    assert_eq!(store.snapshot(at(20)).told_by(&key()), None);
}

/// Whether the card of the change is fresh where its CI was not heard for long.
#[track_caller]
fn check_fresh(state: &RunState, expected: bool) {
    let mut store = store(&["hub", "jenkins"]);
    let late = at(20) + TimeDelta::seconds(FRESH_SECS + 60);
    tell(&mut store, "jenkins", 1, &built(state.clone()), at(20));
    tell(&mut store, "hub", 1, &forge(), late);
    let snapshot = store.snapshot(late);
    let id = ItemId::new("change:github.com/acme/api#1");
    let card = snapshot.find(&id).expect("a card");
    assert_eq!(snapshot.is_fresh(card, late), expected, "{state:?}");
    let ran_by: Vec<_> = snapshot.ran_by(card).into_iter().cloned().collect();
    assert_eq!(ran_by, [SourceName::new("jenkins")]);
}

#[test]
fn a_ci_that_is_silent_makes_only_what_rests_on_it_old() {
    check_fresh(&RunState::Passed, true);
    check_fresh(&FAILED, false);
}

#[test]
fn a_card_of_two_accounts_is_as_fresh_as_the_one_that_answers() {
    let mut store = store(&["hub", "twin"]);
    for member in &mut store.sources {
        "one.test".clone_into(&mut member.state.host);
    }
    let late = at(20) + TimeDelta::seconds(FRESH_SECS + 60);
    tell(&mut store, "hub", 1, &forge(), at(20));
    tell(&mut store, "twin", 1, &forge(), late);
    let snapshot = store.snapshot(late);
    let card = snapshot.items().next().expect("a card");
    assert_eq!(card.sources.len(), 2);
    assert!(snapshot.is_fresh(card, late));
}
