//! Triage of small worlds: one team, one repository, a few runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

mod cases;
mod renamed;
mod shared;

use crate::domain::commit::{Range, RangeCommit, Relation};
use crate::domain::correlate::testing::{FAILED, World, at, job, named_repo, repo, sha};
use crate::domain::correlate::{Need, Sourced};
use crate::domain::diagnosis::{Diagnosis, FailedTest, FoundError, LogState, Signature, TestsFrom};
use crate::domain::fact::Fact;
use crate::domain::item::WorkItem;
use crate::domain::key::SourceName;
use crate::domain::run::{GateSet, JobSet, RunKey, RunState, place_of};
use crate::domain::text::Clean;
use crate::domain::triage::judge::group_name;
use crate::domain::triage::{Book, Known, Triage, TriageBoard, Verdict, groups};

fn key(run: u64) -> RunKey {
    RunKey {
        repo: repo(),
        id: run,
    }
}

/// What was found about job `run * 10 + attempt` of a run: one test failed, with this signature.
fn found(run: u64, attempt: u32, test: &str, signature: u64) -> Fact {
    Fact::Diagnosis(Box::new(Diagnosis {
        run: key(run),
        attempt,
        job: run * 10 + u64::from(attempt),
        job_name: Clean::line("test"),
        step: None,
        finished_at: Some(at(12)),
        log: LogState::Read {
            lines: 100,
            bytes: 5_000,
            cut: false,
        },
        error: Some(FoundError {
            line: 90,
            tool: Clean::line("cargo"),
            code: None,
            text: Clean::line("panicked"),
            file: None,
            row: None,
            block: Vec::new(),
            guess: false,
        }),
        tests: vec![FailedTest {
            name: Clean::line(test),
            suite: None,
            message: Clean::line("left: 3, right: 5"),
            seconds: Some(0.2),
            file: None,
            row: None,
            line: Some(90),
        }],
        tests_failed: Some(1),
        tests_total: Some(40),
        tests_from: TestsFrom::Log,
        signature: Some(Signature {
            id: signature,
            text: Clean::line("cargo panicked"),
        }),
    }))
}

fn set(run: u64, attempt: u32, state: RunState) -> JobSet {
    let mut job = job("test", attempt, state);
    job.id = run * 10 + u64::from(attempt);
    JobSet {
        run: key(run),
        attempt,
        jobs: vec![job],
        complete: true,
    }
}

/// A run of `main` at hour `20 + id`, with its one job.
fn push(world: &mut World, id: u64, commit: u64, state: &RunState) {
    let hour = 20 + i64::try_from(id).unwrap();
    world.run(id, commit, state.clone(), |run| {
        run.created_at = at(hour);
        run.started_at = Some(at(hour));
        run.updated_at = at(hour);
    });
    world.fact(Fact::JobSet(set(id, 1, state.clone())));
}

/// A red change request with run 50 at commit 107.
fn red_change(world: &mut World) {
    world.change(7, |_| {});
    world.run(50, 107, FAILED, |run| run.created_at = at(80));
    world.fact(Fact::JobSet(set(50, 1, FAILED)));
    world.fact(found(50, 1, "pay::retries", 1));
}

fn book(facts: &[Sourced], world: &World) -> Book {
    let mut book = Book::default();
    for Sourced { source, fact } in facts {
        book.insert(source, &fact.id(), fact);
    }
    let items: Vec<_> = world.correlator().items().cloned().collect();
    book.refresh(&items, &[]);
    book
}

fn board(world: &World) -> Arc<TriageBoard> {
    book(&world.facts, world).board()
}

#[track_caller]
fn card(world: &World, run: u64) -> Arc<Triage> {
    let board = board(world);
    let card = board.cards.iter().find(|card| card.triage.run.id == run);
    Arc::clone(&card.expect("a red card of that run").triage)
}

#[track_caller]
fn yes<T: Clone>(known: &Known<T>) -> T {
    match known {
        Known::Yes(value) => value.clone(),
        Known::No(why) => panic!("not known: {why}"),
    }
}

#[track_caller]
fn no<T: std::fmt::Debug>(known: &Known<T>) -> String {
    match known {
        Known::Yes(value) => panic!("known: {value:?}"),
        Known::No(why) => why.to_string(),
    }
}

#[test]
fn a_red_change_shows_its_job_its_error_and_its_test() {
    let mut world = World::new();
    red_change(&mut world);
    let card = card(&world, 50);
    assert_eq!(card.failed_job, Some(0));
    let found = yes(&card.diagnosis);
    assert_eq!(found.error.as_ref().unwrap().line, 90);
    assert_eq!(card.tests.len(), 1);
    assert_eq!(card.tests[0].failed_of, (1, 1));
}

#[test]
fn a_green_change_is_not_on_the_board() {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(50, 107, RunState::Passed, |_| {});
    assert!(board(&world).cards.is_empty());
}

#[test]
fn what_is_not_read_yet_is_asked_for_and_said() {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(50, 107, FAILED, |run| run.attempt = 2);
    world.fact(Fact::JobSet(set(50, 2, FAILED)));
    let book = book(&world.facts, &world);
    let board = book.board();
    let card = &board.cards[0].triage;
    assert!(no(&card.diagnosis).contains("not read yet"));
    let repo = repo();
    let wants = |need: Need| assert!(book.needs().contains(&need), "{need:?}");
    wants(Need::Diagnosis {
        repo: repo.clone(),
        run: 50,
        job: 502,
    });
    wants(Need::Attempts { repo, run: 50 });
}

#[test]
fn a_log_that_was_not_there_yet_is_asked_for_again() {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(50, 107, FAILED, |_| {});
    world.fact(Fact::JobSet(set(50, 1, FAILED)));
    let Fact::Diagnosis(mut early) = found(50, 1, "pay", 1) else {
        panic!("no diagnosis");
    };
    let need = Need::Diagnosis {
        repo: repo(),
        run: 50,
        job: 501,
    };
    for (log, wanted) in [(LogState::NotYet, true), (LogState::Gone, false)] {
        early.log = log;
        world.fact(Fact::Diagnosis(early.clone()));
        let book = book(&world.facts, &world);
        assert!(matches!(
            book.board().cards[0].triage.diagnosis,
            Known::Yes(_)
        ));
        assert_eq!(book.needs().contains(&need), wanted, "{:?}", early.log);
    }
}

#[test]
fn the_first_bad_commit_lies_between_the_last_green_and_the_first_red_run() {
    let mut world = World::new();
    push(&mut world, 1, 3, &RunState::Passed);
    push(&mut world, 2, 6, &FAILED);
    push(&mut world, 3, 7, &RunState::Cancelled);
    push(&mut world, 4, 8, &FAILED);
    let first = yes(&card(&world, 4).first_bad);
    assert_eq!((first.green.id, first.red.id), (1, 2));
    assert_eq!((first.from, first.to), (sha(3), sha(6)));
    let commits: Vec<_> = yes(&first.commits).into_iter().map(|s| s.sha).collect();
    assert_eq!(commits, [sha(4), sha(5), sha(6)]);
}

#[test]
fn without_a_green_run_no_commit_is_blamed() {
    let mut world = World::new();
    push(&mut world, 2, 6, &FAILED);
    push(&mut world, 4, 8, &FAILED);
    let why = no(&card(&world, 4).first_bad);
    assert_eq!(why, "no green run of `ci` on `main` is known");
}

#[test]
fn what_is_not_known_of_a_run_is_left_out_of_the_sentence() {
    let ci: Clean = "ci".into();
    assert_eq!(place_of(&ci, &"main".into()), "`ci` on `main`");
    assert_eq!(place_of(&ci, &Clean::default()), "`ci`");
    let mut world = World::new();
    push(&mut world, 1, 3, &RunState::Passed);
    push(&mut world, 2, 6, &FAILED);
    let mut red = yes(&card(&world, 2).first_bad).red;
    assert_eq!(red.named(), "run 2");
    red.number = 0;
    assert_eq!(red.named(), "a run");
}

#[test]
fn the_same_commit_green_and_red_blames_no_commit_and_is_flaky() {
    let mut world = World::new();
    push(&mut world, 1, 8, &RunState::Passed);
    push(&mut world, 2, 8, &FAILED);
    let card = card(&world, 2);
    assert!(no(&card.first_bad).contains("nothing in the code changed"));
    let flaky = yes(&card.flaky);
    assert_eq!(flaky.verdict, Verdict::Flaky);
    assert!(
        flaky.evidence[0].contains("failed once and passed once"),
        "{:?}",
        flaky.evidence
    );
}

#[test]
fn a_change_on_a_red_base_says_so_and_whether_it_fails_alike() {
    let mut world = World::new();
    red_change(&mut world);
    push(&mut world, 1, 3, &RunState::Passed);
    push(&mut world, 2, 6, &FAILED);
    push(&mut world, 3, 7, &FAILED);
    world.fact(found(3, 1, "pay::retries", 1));
    let base = yes(&card(&world, 50).base);
    assert_eq!((base.branch.as_str(), base.first.id), ("main", 2));
    assert_eq!((base.run.id, base.green_again.is_none()), (3, true));
    assert!(yes(&base.alike));

    let mut other = World::new();
    red_change(&mut other);
    push(&mut other, 3, 7, &FAILED);
    other.fact(found(3, 1, "web::login", 2));
    assert!(!yes(&yes(&card(&other, 50).base).alike));
}

#[test]
fn a_base_that_is_green_again_is_no_excuse() {
    let mut world = World::new();
    red_change(&mut world);
    push(&mut world, 2, 6, &FAILED);
    push(&mut world, 3, 7, &RunState::Passed);
    assert_eq!(
        no(&card(&world, 50).base),
        "`main` was green when this ran (run 3)"
    );
}

#[test]
fn a_test_that_fails_on_another_branch_while_the_base_is_green_is_likely_flaky() {
    let mut world = World::new();
    red_change(&mut world);
    push(&mut world, 3, 7, &RunState::Passed);
    world.run(60, 108, FAILED, |run| run.branch = Clean::line("other"));
    world.fact(Fact::JobSet(set(60, 1, FAILED)));
    world.fact(found(60, 1, "pay::retries", 1));
    let card = card(&world, 50);
    let flaky = yes(&card.flaky);
    assert_eq!(flaky.verdict, Verdict::LikelyFlaky);
    assert_eq!(
        flaky.evidence[1].as_str(),
        "`pay::retries` failed in 2 of 3 runs, on `other`"
    );
}

#[test]
fn a_failure_in_every_attempt_is_real() {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(50, 107, FAILED, |run| run.attempt = 2);
    world.fact(Fact::EarlierJobs(set(50, 1, FAILED)));
    world.fact(Fact::JobSet(set(50, 2, FAILED)));
    let card = card(&world, 50);
    assert_eq!(yes(&card.flaky).verdict, Verdict::Real);
    assert_eq!(card.attempts.len(), 1);
}

#[test]
fn a_job_is_compared_with_the_median_of_earlier_ones() {
    let mut world = World::new();
    red_change(&mut world);
    for id in 1..=3 {
        push(&mut world, id, id, &RunState::Passed);
    }
    assert_eq!(card(&world, 50).jobs[0].usual, Some((3_600, 3)));
}

#[test]
fn a_matrix_is_one_group() {
    #[track_caller]
    fn check(name: &str, group: &str) {
        assert_eq!(group_name(&Clean::line(name)).as_str(), group);
    }
    check("test (linux, 1.95)", "test");
    check("build / test (3.12)", "build / test");
    check("test", "test");
    check("(odd)", "(odd)");
    check("f(x)", "f(x)");
}

#[test]
fn cards_that_fail_alike_are_one_group_and_come_first() {
    let mut world = World::new();
    let base = {
        red_change(&mut world);
        card(&world, 50)
    };
    let other = |n: u64, hours: i64, signature: Option<u64>| {
        let mut card = Triage::clone(&base);
        card.item = crate::domain::key::ItemId::new(&format!("change:{n}"));
        card.since = at(hours);
        card.repo = named_repo(&format!("r{n}"));
        let mut run = card.run.as_ref().clone();
        run.repo = card.repo.clone();
        card.run = Arc::new(run);
        card.signature = signature.map(|id| Signature {
            id,
            text: Clean::line("the same"),
        });
        Arc::new(card)
    };
    let board = groups(vec![
        other(1, 9, Some(5)),
        other(2, 30, None),
        other(3, 4, Some(5)),
        other(4, 40, Some(6)),
    ]);
    let order: Vec<_> = board.cards.iter().map(|c| c.triage.item.as_str()).collect();
    assert_eq!(order, ["change:3", "change:1", "change:4", "change:2"]);
    assert_eq!(board.groups.len(), 1);
    assert_eq!(board.groups[0].first_seen, at(4));
    assert_eq!(board.groups[0].first_repo, named_repo("r3"));
    assert_eq!(board.group_of(&board.cards[0]).unwrap().items.len(), 2);
    assert_eq!(board.group_of(&board.cards[2]), None);
}

#[test]
fn a_card_that_turns_green_leaves_the_board() {
    let mut world = World::new();
    red_change(&mut world);
    let mut book = book(&world.facts, &world);
    assert_eq!(book.board().cards.len(), 1);
    world.run(51, 107, RunState::Passed, |run| run.created_at = at(90));
    let items: Vec<_> = world.correlator().items().cloned().collect();
    assert!(book.refresh(&items, &[]));
    assert!(book.board().cards.is_empty() && book.needs().is_empty());
}

fn busy() -> World {
    let mut world = World::new();
    red_change(&mut world);
    push(&mut world, 1, 3, &RunState::Passed);
    push(&mut world, 2, 6, &FAILED);
    push(&mut world, 3, 8, &FAILED);
    world.fact(found(2, 1, "pay::retries", 1));
    world.fact(found(3, 1, "pay::retries", 1));
    world.fact(Fact::EarlierJobs(set(50, 1, RunState::Passed)));
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn triage_does_not_depend_on_the_order_of_facts(order in any::<u64>(), split in 0_usize..16) {
        let world = busy();
        let mut facts = world.facts.clone();
        let mut state = order | 1;
        for at in (1..facts.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            facts.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        let items: Vec<_> = world.correlator().items().cloned().collect();
        let mut step_by_step = Book::default();
        for (at, Sourced { source, fact }) in facts.iter().enumerate() {
            step_by_step.insert(source, &fact.id(), fact);
            if at == split.min(facts.len() - 1) {
                step_by_step.refresh(&items, &[]);
            }
        }
        step_by_step.refresh(&items, &[]);
        let whole = book(&world.facts, &world);
        prop_assert_eq!(step_by_step.board(), whole.board());
        prop_assert_eq!(step_by_step.needs(), whole.needs());
    }
}

#[test]
fn a_board_of_red_cards_asks_for_some_at_once_and_for_the_open_one_first() {
    let mut world = World::new();
    for n in 1..=120 {
        world.change(n, |_| {});
        world.run(1_000 + n, 100 + n, FAILED, |run| {
            run.created_at = at(80 + i64::try_from(n).unwrap());
        });
        world.fact(Fact::JobSet(set(1_000 + n, 1, FAILED)));
    }
    let mut book = book(&world.facts, &world);
    let asked = |book: &Book| -> Vec<u64> {
        let runs = book.needs().iter().filter_map(|need| match need {
            Need::Diagnosis { run, .. } => Some(*run),
            Need::Range { .. }
            | Need::Jobs { .. }
            | Need::Paths { .. }
            | Need::Times { .. }
            | Need::Gates { .. }
            | Need::ManualJobs { .. }
            | Need::Attempts { .. }
            | Need::History { .. } => None,
        });
        runs.collect()
    };
    let board = book.board();
    assert_eq!(board.cards.len(), 120);
    let first = asked(&book);
    assert_eq!(first.len(), 50);
    let last = &board.cards[119].triage;
    assert!(first.contains(&board.cards[0].triage.run.id) && !first.contains(&last.run.id));
    assert!(book.look(Some(&last.item), None));
    assert!(book.refresh(&[], &[]), "its run is watched");
    assert!(
        !book.refresh(&[], &[]) && *book.board() == *board,
        "the board is the same"
    );
    assert!(asked(&book).contains(&last.run.id) && asked(&book).len() == 50);
    // What is answered, if only by a log that is gone, makes room for others.
    let said = Arc::new(found(last.run.id, 1, "pay::retries", 1));
    book.insert(&last.source, &said.id(), &said);
    book.refresh(&[], &[]);
    assert!(!asked(&book).contains(&last.run.id) && asked(&book).len() == 50);
}

#[test]
fn the_manual_jobs_of_the_open_card_are_asked_for_until_its_jobs_are_known() {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(50, 107, RunState::Passed, |_| {});
    let mut book = book(&world.facts, &world);
    assert!(book.needs().is_empty(), "nobody looks");
    let item = world.card("change:7");
    let mut open = |item: Option<&Arc<WorkItem>>| {
        let id = item.map(|item| item.id.clone());
        book.look(id.as_ref(), item.map(|item| &**item));
        book.refresh(&[], &[]);
        book.needs().clone()
    };
    let (repo, run) = (repo(), 50);
    let wanted = BTreeSet::from([Need::ManualJobs { repo, run }]);
    assert_eq!(open(Some(&item)), wanted);
    assert_eq!(open(None), BTreeSet::new());
    assert_eq!(open(Some(&item)), wanted);
    let mut tell = |fact: Fact| {
        let fact = Arc::new(fact);
        book.insert(&SourceName::new("one"), &fact.id(), &fact);
        book.refresh(&[], &[]);
        book.needs().clone()
    };
    let skipped = set(50, 1, RunState::Skipped);
    let key = skipped.run.clone();
    assert!(tell(Fact::JobSet(set(50, 1, RunState::Passed))).is_empty());
    // Read while the run was at work: what did not run may be offered since.
    assert_eq!(tell(Fact::JobSet(skipped)), wanted);
    let told = GateSet {
        run: key,
        gates: Vec::new(),
    };
    assert!(tell(Fact::GateSet(told)).is_empty());
}

#[test]
fn the_run_of_the_open_card_is_watched_though_it_was_told_after_the_card_was_opened() {
    let mut world = World::new();
    world.change(7, |_| {});
    let early = world.card("change:7");
    let mut book = book(&world.facts, &world);
    book.look(Some(&early.id), Some(&early));
    assert!(!book.refresh(&[], &[]) && book.watched().is_empty());
    let mut tell = |world: &mut World, state: RunState, run: u64| {
        world.run(run, 107, state, |_| {});
        let fact = world.facts.last().unwrap().clone();
        book.insert(&fact.source, &fact.fact.id(), &fact.fact);
        let differs = book.refresh(&[world.card("change:7")], &[]);
        let runs: Vec<u64> = book.watched().iter().map(|it| it.run.id).collect();
        (differs, runs)
    };
    assert_eq!(tell(&mut world, RunState::Running, 50), (true, vec![50]));
    assert_eq!(tell(&mut world, RunState::Passed, 51), (false, vec![50]));
    assert_eq!(tell(&mut world, RunState::Running, 52), (true, vec![52]));
}

#[track_caller]
fn brought(edit: impl FnOnce(&mut World)) -> Arc<Triage> {
    let mut world = World::new();
    red_change(&mut world);
    edit(&mut world);
    card(&world, 50)
}

#[test]
fn a_change_that_was_never_green_brought_it_where_its_base_is_green() {
    let card = brought(|world| {
        push(world, 2, 6, &RunState::Passed);
        push(world, 3, 7, &RunState::Passed);
        world.run(49, 106, FAILED, |run| run.created_at = at(70));
        world.range(7, 106, Relation::Diverged, &[104, 106]);
        let Some(Fact::Range(range)) = world.facts.last().map(|said| said.fact.as_ref().clone())
        else {
            panic!("no range");
        };
        world.fact(Fact::Range(Range {
            told: vec![RangeCommit {
                sha: sha(104),
                title: Clean::line("retry twice"),
                author: None,
            }],
            ..range
        }));
    });
    let found = yes(&card.first_bad);
    assert_eq!((found.green.id, found.red.id), (3, 49), "the first red one");
    assert_eq!((found.from.clone(), found.to.clone()), (sha(7), sha(106)));
    let because = found.because().unwrap();
    let expected = format!(
        "`main` is green (run 3, {}): this change brought it",
        sha(7).short()
    );
    assert_eq!(because, expected);
    let commits = yes(&found.commits);
    assert_eq!(commits.len(), 2);
    assert_eq!(commits[0].title.as_str(), "retry twice");
    assert!(commits.iter().all(|commit| commit.change == Some(7)));
}

#[test]
fn what_lies_between_base_and_change_is_asked_for() {
    let mut world = World::new();
    red_change(&mut world);
    push(&mut world, 3, 7, &RunState::Passed);
    let book = book(&world.facts, &world);
    let need = Need::Range {
        repo: repo(),
        from: sha(7),
        to: sha(107),
    };
    assert!(book.needs().contains(&need), "{:?}", book.needs());
    let found = yes(&book.board().cards[0].triage.first_bad);
    assert!(no(&found.commits).contains("not read yet"));
}

#[test]
fn a_change_is_not_blamed_for_what_its_base_fails_with() {
    let card = brought(|world| {
        push(world, 2, 6, &FAILED);
        push(world, 3, 7, &FAILED);
        world.fact(found(3, 1, "pay::retries", 1));
    });
    assert_eq!(
        no(&card.first_bad),
        "`main` failed alike when this ran (run 3), still red"
    );

    let card = brought(|world| push(world, 3, 7, &FAILED));
    let why = no(&card.first_bad);
    assert!(
        why.contains("whether it failed alike is not known"),
        "{why}"
    );
}

#[test]
fn a_base_that_is_red_with_another_job_does_not_excuse_a_change() {
    let card = brought(|world| {
        push(world, 3, 7, &FAILED);
        let mut jobs = set(3, 1, FAILED);
        jobs.jobs[0].name = Clean::line("lint");
        let mut passed = jobs.jobs[0].clone();
        (passed.name, passed.id, passed.state) = (Clean::line("test"), 39, RunState::Passed);
        jobs.jobs.push(passed);
        world.fact(Fact::JobSet(jobs));
        world.fact(found(3, 1, "web::login", 2));
    });
    let because = yes(&card.first_bad).because().unwrap();
    assert!(
        because.starts_with("job `test` passed on `main` (run 3,"),
        "{because}"
    );
}

#[test]
fn a_base_that_was_red_when_the_change_ran_blames_nobody() {
    let card = brought(|world| {
        push(world, 3, 7, &FAILED);
        world.fact(found(3, 1, "web::login", 2));
        world.run(60, 8, RunState::Passed, |run| run.created_at = at(90));
    });
    assert_eq!(
        no(&card.first_bad),
        "`main` was red when this first failed (run 3) and is green again since run 60: \
         bring this up to date first"
    );
}

#[test]
fn a_run_of_the_base_after_the_change_proves_nothing() {
    let said =
        "neither a green run of `ci` on `topic` nor one on `main` that ended before is known";
    let card = brought(|world| {
        world.run(60, 8, RunState::Passed, |run| run.created_at = at(90));
    });
    assert_eq!(no(&card.first_bad), said);
    assert_eq!(no(&brought(|_| {}).first_bad), said);
}

#[test]
fn only_attempts_whose_jobs_were_read_count_as_read() {
    // Attempt 2 is over, but what is known is of attempt 1, told twice.
    let mut world = World::new();
    red_change(&mut world);
    world.run(51, 107, FAILED, |run| {
        run.attempt = 2;
        run.created_at = at(70);
    });
    world.fact(Fact::JobSet(set(51, 1, FAILED)));
    world.fact(Fact::EarlierJobs(set(51, 1, FAILED)));
    let told = format!("{:?}", card(&world, 50).flaky);
    assert!(told.contains("1 attempt not read"), "{told}");
}

#[test]
fn a_run_with_four_thousand_million_attempts_is_judged_at_once() {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(50, 107, FAILED, |run| run.attempt = u32::MAX);
    world.fact(Fact::JobSet(set(50, u32::MAX, FAILED)));
    assert!(card(&world, 50).attempts.is_empty());
}

#[test]
fn of_two_sources_that_say_the_same_the_first_by_name_counts() {
    let mut world = World::new();
    red_change(&mut world);
    let twice = world.facts.clone();
    world.facts.extend(twice.into_iter().map(|said| Sourced {
        source: SourceName::new("zoo"),
        ..said
    }));
    assert_eq!(card(&world, 50).source.as_str(), "hub");
}
