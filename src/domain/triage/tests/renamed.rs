//! Runs that their CI tells of a repository by the name that it had before.

use super::*;
use crate::domain::key::RepoKey;
use crate::domain::run::{foreign_id, is_foreign};

fn old() -> RepoKey {
    RepoKey::new("github.com", "acme/backend")
}

/// A red change request whose runs, and those of its base, a CI tells by the old name.
fn world() -> World {
    let mut world = World::new();
    world.facts.clear();
    for n in 1..10 {
        world.commit(n, |_| {});
    }
    world.change(7, |_| {});
    let mut run = |own: &str, commit: u64, state: &RunState, hours: i64| {
        world.foreign_run(own, state.clone(), |run| {
            run.repo = old();
            run.head_sha = Some(sha(commit));
            run.branch = Clean::line(if commit > 100 { "topic" } else { "main" });
            run.created_at = at(hours);
            run.started_at = Some(at(hours));
            run.updated_at = at(hours + 1);
        });
        let id = foreign_id(crate::domain::correlate::testing::CI, own);
        let mut set = set(id >> 20, 1, state.clone());
        set.run = RunKey { repo: old(), id };
        world.fact(Fact::JobSet(set));
    };
    run("1", 9, &RunState::Passed, 20);
    run("2", 107, &FAILED, 80);
    world
}

fn renamed(world: &mut World) {
    world.repository(|r| r.renamed_from = vec![old()]);
}

#[test]
fn the_change_of_a_run_is_found_by_the_name_of_before() {
    let mut first = World::new();
    first.facts.clear();
    renamed(&mut first);
    first.facts.extend(world().facts);
    let mut last = world();
    renamed(&mut last);
    for world in [first, last] {
        let board = board(&world);
        let [card] = &board.cards[..] else {
            panic!("one card: {board:?}")
        };
        let triage = &card.triage;
        assert!(triage.jobs_known && is_foreign(triage.run.id));
        assert_eq!(triage.run.repo, old(), "as its CI knows it");
        let bad = yes(&triage.first_bad);
        assert_eq!((bad.from, bad.to), (sha(9), sha(107)));
        let book = book(&world.facts, &world);
        let range = Need::Range {
            repo: repo(),
            from: sha(9),
            to: sha(107),
        };
        assert!(
            book.needs().contains(&range),
            "by the name that its forge knows"
        );
    }
}

#[test]
fn a_run_goes_with_the_name_when_another_repository_takes_it() {
    let mut facts = world();
    renamed(&mut facts);
    let mut book = book(&facts.facts, &facts);
    assert!(!book.board().cards.is_empty());
    facts.repository(|r| r.repo = old());
    let other = facts.facts.last().expect("a fact").clone();
    book.insert(&other.source, &other.fact.id(), &other.fact);
    book.refresh(&[], &[]);
    let board = book.board();
    let [card] = &board.cards[..] else {
        panic!("one card: {board:?}")
    };
    let why = no(&card.triage.first_bad);
    assert!(!why.is_empty());
}
