//! Which repositories are told when, of which time, and what is known to be kept.

use super::*;
use crate::domain::correlate::testing::{World, at, closes, named_repo, repo};
use crate::domain::history::Record;
use crate::domain::run::RunState;
use crate::engine::update::Write;

/// Two repositories of which one closes tickets of the other, and one on its own.
fn facts() -> Vec<Sourced> {
    let mut world = World::new();
    world.ticket(7, |_| {});
    world.change(12, |change| {
        change.repo = named_repo("web");
        change.tickets = vec![closes(7)];
    });
    world.change(13, |change| change.repo = named_repo("alone"));
    world.facts
}

fn chronicler(facts: &[Sourced]) -> Chronicler {
    let mut chronicler = Chronicler::default();
    for said in facts {
        chronicler.take_in(&said.fact);
    }
    chronicler
}

fn offer(
    chronicler: &mut Chronicler,
    facts: &[Sourced],
    now: Timestamp,
    waits: bool,
) -> Option<Telling> {
    let policy = Policy::default();
    chronicler.next(|| facts.iter().cloned(), &policy, now, waits)
}

/// Returns what is told next, which then was told.
fn next(chronicler: &mut Chronicler, facts: &[Sourced], hours: i64) -> Option<Telling> {
    let telling = offer(chronicler, facts, at(hours), false)?;
    let told = Told {
        coverage: telling.coverage.clone(),
        ..Told::default()
    };
    chronicler.ended(Some(&told), at(hours));
    Some(telling)
}

fn past(of: &str) -> PastName {
    (SourceName::new("hub"), Clean::line(of))
}

fn names(telling: &Telling) -> Vec<&str> {
    telling
        .coverage
        .iter()
        .map(|one| one.repo.short())
        .collect()
}

#[test]
fn a_repository_that_was_renamed_is_told_by_its_new_name_alone() {
    let mut world = World::new();
    world.change(12, |_| {});
    let mut chronicler = chronicler(&world.facts);
    assert_eq!(*chronicler.known(), BTreeSet::from([repo()]));
    // Its forge tells it by another name, and a CI still by the old one.
    let mut renamed = World::new();
    renamed.facts.clear();
    let new = named_repo("gateway");
    renamed.repository(|told| {
        told.repo = new.clone();
        told.renamed_from = vec![repo()];
    });
    renamed.foreign_run("a", RunState::Passed, |_| {});
    for said in &world.facts {
        chronicler.take_out(&said.fact.id());
    }
    for said in &renamed.facts {
        chronicler.take_in(&said.fact);
    }
    assert_eq!(*chronicler.known(), BTreeSet::from([new.clone()]));
    let telling = next(&mut chronicler, &renamed.facts, 0).expect("it is new");
    assert_eq!(names(&telling), ["gateway"]);
    assert_eq!(telling.facts.len(), 2, "the run is its own");
    // Another one that is made by the old name is a repository of its own.
    chronicler.take_in(&world.facts[0].fact);
    assert_eq!(*chronicler.known(), BTreeSet::from([repo(), new]));
}

#[test]
fn everything_is_told_once_and_again_only_after_a_change_and_a_while() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    let first = next(&mut chronicler, &facts, 0).expect("nothing was told");
    assert_eq!(names(&first), ["alone", "api", "web"]);
    assert!(
        next(&mut chronicler, &facts, 1).is_none(),
        "nothing changed"
    );
    chronicler.touch(&named_repo("alone"));
    let again = next(&mut chronicler, &facts, 2).expect("it changed");
    assert_eq!(names(&again), ["alone"]);
    assert_eq!(again.from, at(0) - OVERLAP);
    assert_eq!(
        again.coverage[0].from,
        at(0) - ON_THE_BOARD,
        "it counts from the first time on"
    );
    chronicler.touch(&named_repo("alone"));
    let soon = at(2) + TimeDelta::minutes(29);
    let soon = offer(&mut chronicler, &facts, soon, false);
    assert!(soon.is_none());
}

#[test]
fn repositories_whose_work_is_one_are_told_together() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    drop(next(&mut chronicler, &facts, 0));
    chronicler.touch(&named_repo("web"));
    let telling = next(&mut chronicler, &facts, 5).expect("it changed");
    assert_eq!(names(&telling), ["api", "web"]);
    let theirs = |said: &Sourced| said.fact.repo() != Some(&named_repo("alone"));
    assert!(telling.facts.iter().all(theirs));
}

#[test]
fn a_past_is_told_at_once_and_says_since_when_it_counts() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    drop(next(&mut chronicler, &facts, 0));
    let read = vec![Fact::clone(&facts[0].fact)];
    chronicler.take_past(past("acme/api"), at(-2_000), read);
    let telling = next(&mut chronicler, &facts, 0).expect("a past");
    assert_eq!(telling.from, at(-2_000));
    let since: Vec<_> = telling.coverage.iter().map(|one| one.from).collect();
    assert_eq!(
        since,
        [at(-2_000), at(0) - ON_THE_BOARD],
        "that of the other is not longer"
    );
}

#[test]
fn where_no_past_is_read_it_counts_from_when_it_is_first_told() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    chronicler.looks_back_on_nothing();
    let telling = next(&mut chronicler, &facts, 0).expect("nothing was told");
    let since: Vec<_> = telling.coverage.iter().map(|one| one.from).collect();
    assert_eq!(since, [at(0); 3]);
    chronicler.take_in(&facts[0].fact);
    let later = next(&mut chronicler, &facts, 9).expect("it changed");
    assert_eq!(later.coverage[0].from, at(0), "it goes on from there");
}

#[test]
fn of_a_quiet_repository_nothing_is_missing_since_it_was_quiet() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    let hub = SourceName::new("hub");
    chronicler.quiet(&hub, vec![(named_repo("alone"), at(-2_000))]);
    let telling = next(&mut chronicler, &facts, 0).expect("nothing was told");
    let since: Vec<_> = telling.coverage.iter().map(|one| one.from).collect();
    let board = at(0) - ON_THE_BOARD;
    assert_eq!(since, [at(-2_000), board, board]);
}

#[test]
fn runs_of_the_past_are_recorded_and_move_no_card() {
    let mut world = World::new();
    world.change(13, |_| {});
    let facts = std::mem::take(&mut world.facts);
    let mut chronicler = chronicler(&facts);
    drop(next(&mut chronicler, &facts, 0));
    world.run(7, 1, RunState::Passed, |_| {});
    let runs = world.facts.iter().map(|said| Fact::clone(&said.fact));
    chronicler.take_loose(past("job"), runs.collect());
    let telling = next(&mut chronicler, &facts, 0).expect("a run");
    assert!(telling.coverage.is_empty(), "of the rest nothing is known");
    let told = telling.tell(|| true).expect("it is wanted");
    assert_eq!(told.kept, [past("job")]);
    let [Write::Record(Record::CiRun(run))] = told.writes.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(run.attempts.len(), 1);
    assert!(next(&mut chronicler, &facts, 0).is_none());
}

#[test]
fn what_is_lost_is_told_from_the_beginning() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    drop(next(&mut chronicler, &facts, 0));
    chronicler.forget();
    let telling = next(&mut chronicler, &facts, 0).expect("all of it");
    assert_eq!(telling.from, at(0) - FIRST);
}

#[test]
fn many_repositories_are_told_some_at_a_time() {
    let mut world = World::new();
    for n in 0..50 {
        world.change(n, |change| change.repo = named_repo(&format!("r{n}")));
    }
    let mut chronicler = chronicler(&world.facts);
    let first = next(&mut chronicler, &world.facts, 0).expect("some");
    assert_eq!(first.coverage.len(), AT_ONCE);
    let second = next(&mut chronicler, &world.facts, 0).expect("more");
    assert!(
        names(&second)
            .iter()
            .all(|name| !names(&first).contains(name))
    );
}

#[test]
fn what_could_not_be_told_is_not_told_and_not_tried_at_once() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    let read = vec![Fact::clone(&facts[0].fact)];
    chronicler.take_past(past("acme/api"), at(-2_000), read);
    let first = offer(&mut chronicler, &facts, at(0), false).expect("a past");
    assert_eq!(first.kept, [past("acme/api")]);
    assert_eq!(first.tell(|| false).map(|told| told.coverage), None);
    chronicler.ended(None, at(0));
    let others = next(&mut chronicler, &facts, 0).expect("the others");
    assert_eq!(names(&others), ["alone"], "what failed waits");
    let again = next(&mut chronicler, &facts, 1).expect("it is tried again");
    assert_eq!(names(&again), ["api", "web"]);
    let board = at(1) - ON_THE_BOARD;
    assert_eq!(again.coverage[0].from, board, "its past was not told");
    assert!(again.kept.is_empty());
}

#[test]
fn who_waits_for_pasts_gets_nothing_without_them() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    assert!(offer(&mut chronicler, &facts, at(0), true).is_none());
    assert_eq!(chronicler.left(at(0)), 3);
    for (of, from) in [("api", -2_000), ("web", -1_990)] {
        let its = |said: &&Sourced| said.fact.repo() == Some(&named_repo(of));
        let read = facts.iter().find(its).map(|said| Fact::clone(&said.fact));
        let name = past(&format!("acme/{of}"));
        chronicler.take_past(name, at(from), read.into_iter().collect());
    }
    let telling = offer(&mut chronicler, &facts, at(0), true).expect("pasts");
    assert_eq!(names(&telling), ["api", "web"]);
    assert_eq!(
        telling.from,
        at(-2_000),
        "those of one work are told as one"
    );
    let since: Vec<_> = telling.coverage.iter().map(|one| one.from).collect();
    assert_eq!(since, [at(-2_000), at(-1_990)]);
    assert_eq!(telling.kept, [past("acme/web"), past("acme/api")]);
    assert!(offer(&mut chronicler, &facts, at(0), true).is_none());
    let rest = offer(&mut chronicler, &facts, at(0), false).expect("nobody waits");
    assert_eq!(names(&rest), ["alone"]);
}

#[test]
fn a_past_in_which_nothing_was_is_kept_as_well() {
    let facts = facts();
    let mut chronicler = chronicler(&facts);
    chronicler.take_past(past("acme/empty"), at(-2_000), Vec::new());
    let telling = next(&mut chronicler, &facts, 0).expect("its name");
    assert!(telling.coverage.is_empty());
    assert_eq!(telling.kept, [past("acme/empty")]);
    chronicler.quiet(
        &SourceName::new("hub"),
        vec![(named_repo("alone"), at(-2_000))],
    );
    let telling = next(&mut chronicler, &facts, 0).expect("the rest");
    assert_eq!(telling.kept, [past("acme/alone")]);
}
