//! Which red cards are one failure: runs count, not cards.

use super::*;
use crate::domain::key::ItemId;

/// A red card of a run of a repository: its key, and when it failed.
fn red(base: &Triage, (repo, run): (&str, u64), name: &str, hours: i64) -> Triage {
    let mut card = base.clone();
    card.item = ItemId::new(&format!("change:{name}"));
    card.key = Clean::line(name);
    card.since = at(hours);
    card.repo = named_repo(repo);
    let mut of = card.run.as_ref().clone();
    (of.repo, of.id) = (card.repo.clone(), run);
    card.run = Arc::new(of);
    card
}

fn base() -> Triage {
    let mut world = World::new();
    red_change(&mut world);
    Triage::clone(&card(&world, 50))
}

/// The same, failing with a text and no test.
fn failing_with(text: &str) -> Triage {
    let mut card = base();
    let known: Arc<Diagnosis> = yes(&card.diagnosis);
    let mut found = Diagnosis::clone(&known);
    found.tests.clear();
    found.error.as_mut().unwrap().text = Clean::line(text);
    card.diagnosis = Known::Yes(Arc::new(found));
    card
}

fn board(cards: impl IntoIterator<Item = Triage>) -> TriageBoard {
    groups(cards.into_iter().map(Arc::new).collect())
}

#[test]
fn the_cards_of_one_run_are_one_failure() {
    let base = base();
    let nine = (0..9).map(|n| red(&base, ("api", 70), &format!("c{n}"), 10));
    let alone = board(nine.clone());
    assert!(alone.groups.is_empty() && alone.cards.len() == 9);

    let board = board(nine.chain([red(&base, ("web", 71), "w", 20)]));
    assert_eq!(board.groups.len(), 1);
    let group = &board.groups[0];
    let keys: Vec<_> = group.items.iter().map(ItemId::as_str).collect();
    assert_eq!(keys, ["change:c0", "change:w"]);
    assert!(board.cards.iter().all(|card| card.group == Some(0)));
}

#[test]
fn the_other_cards_of_a_run_are_known_of_each() {
    let base = base();
    let five = (0..5).map(|n| red(&base, ("auth", 70), &format!("c{n}"), 10));
    let board = board(five.chain([red(&base, ("web", 71), "w", 20)]));
    let others = |key: &str| {
        let card = board.find(&ItemId::new(key)).unwrap();
        board.same_run(&card.triage).count()
    };
    assert_eq!((others("change:c0"), others("change:c4")), (4, 4));
    assert_eq!(others("change:w"), 0);
}

#[test]
fn why_a_card_is_in_no_group_is_told_as_far_as_is_known() {
    #[track_caller]
    fn check(base: &Triage, runs: &[(&str, u64)], why: &str) {
        let named = |(at, run): (usize, &(&str, u64))| red(base, *run, &at.to_string(), 5);
        let board = board(runs.iter().enumerate().map(named));
        assert!(board.groups.is_empty());
        for card in &board.cards {
            assert_eq!(board.alone(&card.triage), why, "{runs:?}");
        }
    }
    let none = "no other run fails alike";
    let health = failing_with("Health check failed after 30 tries");
    let little = "its error names too little to tell whether others fail alike";
    check(&health, &[("api", 1), ("web", 2)], little);
    check(&health, &[("api", 1)], none);
    check(&health, &[("api", 1), ("api", 1)], none);
    check(&base(), &[("api", 1), ("api", 1)], none);
    let mut unread = base();
    unread.signature = None;
    let unknown = "without a signature it cannot be told which cards fail alike";
    check(&unread, &[("api", 1), ("web", 2)], unknown);
}

#[test]
fn the_most_shared_failure_counts_runs() {
    let (base, mut else_) = (base(), failing_with("`Queue` is not there"));
    else_.signature.as_mut().unwrap().id = 9;
    let many = (0..9).map(|n| red(&base, ("api", 70), &format!("c{n}"), 10));
    let two = [("a", 1), ("b", 2)].map(|(name, run)| red(&else_, (name, run), name, 5));
    let board = board(many.chain(two));
    assert_eq!(board.cards[0].triage.key.as_str(), "a");
}

#[test]
fn a_text_that_names_nothing_joins_only_the_same_job_of_one_workflow() {
    #[track_caller]
    fn check(text: &str, places: [(&str, u64); 2], size: Option<usize>) {
        let base = failing_with(text);
        let cards = places.map(|place| red(&base, place, &format!("{place:?}"), 5));
        let board = board(cards);
        let found = board.groups.first().map(|group| group.items.len());
        assert_eq!(found, size, "{text} in {places:?}");
    }
    let health = "Health check failed after 30 tries";
    check(health, [("api", 1), ("web", 2)], None);
    check(health, [("api", 1), ("api", 2)], Some(2));
    check(
        "Process completed with exit code 1.",
        [("api", 1), ("web", 2)],
        None,
    );
    let outage = "Failed to connect to packages.example.org port 443";
    check(outage, [("api", 1), ("web", 2)], Some(2));

    let base = failing_with(health);
    let mut cards = [1, 2].map(|run| red(&base, ("api", run), &run.to_string(), 5));
    cards[1].jobs[0].job.name = Clean::line("deploy");
    assert!(board(cards).groups.is_empty());
}

#[test]
fn cards_of_one_run_stand_together_before_it_is_known_why_it_failed() {
    let mut base = base();
    base.signature = None;
    let board = board([
        red(&base, ("api", 70), "a", 10),
        red(&base, ("web", 71), "b", 11),
        red(&base, ("api", 70), "c", 12),
    ]);
    let order: Vec<_> = board.cards.iter().map(|c| c.triage.key.as_str()).collect();
    assert_eq!(order, ["a", "c", "b"]);
    assert!(board.groups.is_empty());
}
