//! What is said of base, first bad commit, record and verdict: a world for each case.

use super::*;
use crate::domain::change_request::{ChangeKey, ChangedPaths};
use crate::domain::fact::FactKind;
use crate::domain::run::{Failure, Run};

/// A run of another branch, at hour `hours`, red with this test where one is named.
fn other(world: &mut World, id: u64, (branch, hours): (&str, i64), test: Option<&str>) {
    let state = test.map_or(RunState::Passed, |_| FAILED);
    world.run(id, 200 + id, state.clone(), |run| {
        run.branch = Clean::line(branch);
        run.created_at = at(hours);
    });
    world.fact(Fact::JobSet(set(id, 1, state)));
    if let Some(test) = test {
        world.fact(found(id, 1, test, 1));
    }
}

/// A later run of `main`: after the red change, which ran at hour 80.
fn later(world: &mut World, id: u64, commit: u64, state: &RunState) {
    world.run(id, commit, state.clone(), |run| run.created_at = at(90));
    world.fact(Fact::JobSet(set(id, 1, state.clone())));
}

/// What the card of the red change says of its base: the sentence, or why there is none.
#[track_caller]
fn base_of(edit: impl FnOnce(&mut World)) -> String {
    match &brought(edit).base {
        Known::Yes(base) => base.sentence(crate::domain::triage::RunRef::named),
        Known::No(why) => why.to_string(),
    }
}

#[test]
fn the_base_is_what_it_was_when_the_change_ran() {
    let red = |world: &mut World, id, test| {
        push(world, id, id, &FAILED);
        world.fact(found(id, 1, test, 1));
    };
    let said = base_of(|_| {});
    assert_eq!(
        said,
        "no finished run of `ci` on `main` before this one is known"
    );
    let said = base_of(|world| {
        red(world, 3, "pay::retries");
        push(world, 4, 8, &RunState::Running);
    });
    assert_eq!(said, "`main` failed alike when this ran (run 3), still red");
    let said = base_of(|world| {
        red(world, 3, "pay::retries");
        later(world, 60, 8, &RunState::Passed);
    });
    assert_eq!(
        said,
        "`main` failed alike when this ran (run 3), green again since run 60: bring this up to date"
    );
    let said = base_of(|world| {
        red(world, 3, "pay::retries");
        world.run(60, 8, RunState::Passed, |run| run.created_at = at(85));
        later(world, 61, 9, &FAILED);
    });
    assert_eq!(
        said,
        "`main` failed alike when this ran (run 3), was green since and is red again"
    );
    // It turned red later: that proves nothing, and it is not told of.
    let said = base_of(|world| {
        push(world, 3, 3, &RunState::Passed);
        later(world, 60, 8, &FAILED);
        world.fact(found(60, 1, "pay::retries", 1));
    });
    assert_eq!(said, "`main` was green when this ran (run 3)");
    let said = base_of(|world| red(world, 3, "web::login"));
    assert_eq!(
        said,
        "`main` failed too when this ran (run 3), but otherwise; still red"
    );
    let said = base_of(|world| push(world, 3, 3, &FAILED));
    assert_eq!(
        said,
        "`main` was red when this ran (run 3), still red; whether it failed alike is not known: \
         the log of the base branch's run is not read yet"
    );
}

#[test]
fn a_test_that_fails_alike_with_other_words_is_alike() {
    let card = brought(|world| {
        push(world, 3, 7, &FAILED);
        world.fact(found(3, 1, "pay::retries", 99));
    });
    assert!(yes(&yes(&card.base).alike));
}

#[test]
fn a_change_that_breaks_more_tests_than_its_base_is_not_excused() {
    let card = brought(|world| {
        let Fact::Diagnosis(mut ours) = found(50, 1, "pay::retries", 1) else {
            panic!("no diagnosis");
        };
        let mut more = ours.tests[0].clone();
        more.name = Clean::line("pay::gives_up");
        ours.tests.push(more);
        world.fact(Fact::Diagnosis(ours));
        push(world, 3, 7, &FAILED);
        world.fact(found(3, 1, "pay::retries", 1));
    });
    assert!(!yes(&yes(&card.base).alike));
}

#[test]
fn a_run_of_no_change_request_has_no_base_and_says_so() {
    let mut world = World::new();
    push(&mut world, 4, 8, &FAILED);
    let why = no(&card(&world, 4).base);
    assert_eq!(why, "no change request of this run is known");
}

/// Checks why no commit is named for the red change, though `main` was green when it ran.
#[track_caller]
fn doubt(expected: &str, edit: impl FnOnce(&mut World)) {
    let card = brought(|world| {
        push(world, 3, 7, &RunState::Passed);
        edit(world);
    });
    assert_eq!(no(&card.first_bad), expected);
}

#[test]
fn nobody_is_named_where_anything_speaks_against_it() {
    doubt(
        "the same failure was on `main` before (run 2), without these commits",
        |world| {
            push(world, 2, 6, &FAILED);
            world.fact(found(2, 1, "pay::retries", 1));
        },
    );
    doubt(
        "the same failure was on `other` before (run 60), without these commits",
        |world| other(world, 60, ("other", 70), Some("pay::retries")),
    );
    doubt("the network failed, not the code", |world| {
        error(
            world,
            "curl",
            "(7) Failed to connect to a.example.org",
            false,
        );
    });
    doubt(
        &format!(
            "job `test` passed on the same commit {}, too: the code does not decide it",
            sha(107).short()
        ),
        |world| {
            world.run(50, 107, FAILED, |run| {
                run.attempt = 2;
                run.created_at = at(80);
                run.updated_at = at(81);
            });
            world.fact(Fact::EarlierJobs(set(50, 1, RunState::Passed)));
            world.fact(Fact::JobSet(set(50, 2, FAILED)));
        },
    );
    doubt(
        "`topic` is red since run 49, but that failed otherwise: since when it fails like this is \
         not known",
        |world| {
            world.run(49, 106, FAILED, |run| run.created_at = at(70));
            world.fact(Fact::JobSet(set(49, 1, FAILED)));
            world.fact(found(49, 1, "web::login", 2));
        },
    );
}

#[test]
fn what_happens_elsewhere_later_or_otherwise_clears_nobody() {
    let card = brought(|world| {
        push(world, 3, 7, &RunState::Passed);
        other(world, 60, ("other", 95), Some("pay::retries"));
        other(world, 61, ("another", 70), Some("web::login"));
        later(world, 62, 8, &FAILED);
    });
    let found = yes(&card.first_bad);
    assert_eq!(found.green.id, 3);
    let because = found.because().unwrap();
    assert!(because.starts_with("`main` was green"), "{because}");
}

#[test]
fn a_failure_that_a_merged_change_had_before_is_no_doubt_about_its_commit() {
    let mut world = World::new();
    push(&mut world, 1, 3, &RunState::Passed);
    world.change(9, |change| change.head_branch = Clean::line("topic"));
    world.commit(6, |commit| commit.change_request = Some(9));
    world.run(40, 109, FAILED, |run| {
        run.created_at = at(21);
        run.change_requests = vec![9];
    });
    world.fact(Fact::JobSet(set(40, 1, FAILED)));
    world.fact(found(40, 1, "pay::retries", 1));
    push(&mut world, 2, 6, &FAILED);
    world.fact(found(2, 1, "pay::retries", 1));
    assert_eq!(yes(&card(&world, 2).first_bad).to, sha(6));
}

#[track_caller]
fn words(card: &Triage) -> String {
    card.tests[0].words()
}

#[test]
fn a_record_counts_only_what_is_known() {
    // Green runs are known; red ones only when all that failed was read.
    let card = brought(|world| {
        for id in 1..=5 {
            push(world, id, id, &RunState::Passed);
        }
    });
    assert_eq!(words(&card), "first time in 6 runs");
    let card = brought(|world| {
        for id in 1..=5 {
            push(world, id, id, &RunState::Passed);
        }
        push(world, 6, 6, &FAILED);
        push(world, 7, 7, &FAILED);
        world.fact(found(7, 1, "web::login", 2));
        push(world, 8, 8, &RunState::Cancelled);
        world.run(9, 9, RunState::Failed(Failure::Startup), |_| {});
    });
    assert_eq!(
        words(&card),
        "failed in 1 of 7 runs read; 1 red run not read"
    );
    assert_eq!(card.tests[0].failed_in_all(), None);
    // A log that was cut, or that is gone, may have named it.
    let card = brought(|world| {
        push(world, 6, 6, &FAILED);
        push(world, 7, 7, &FAILED);
        let Fact::Diagnosis(mut gone) = found(6, 1, "web::login", 2) else {
            panic!("no diagnosis");
        };
        (gone.log, gone.tests) = (LogState::Gone, Vec::new());
        world.fact(Fact::Diagnosis(gone));
        let Fact::Diagnosis(mut more) = found(7, 1, "web::login", 2) else {
            panic!("no diagnosis");
        };
        more.tests_failed = Some(300);
        world.fact(Fact::Diagnosis(more));
    });
    assert_eq!(
        words(&card),
        "failed in 1 of 1 runs read; 2 red runs not read"
    );
    // Green at last, but its first attempt failed, nobody knows with what.
    let card = brought(|world| {
        world.run(6, 6, RunState::Passed, |run| run.attempt = 2);
        world.fact(Fact::JobSet(set(6, 2, RunState::Passed)));
    });
    assert_eq!(
        words(&card),
        "failed in 1 of 1 runs read; 1 red run not read"
    );
}

#[test]
fn two_cards_with_one_test_have_one_record() {
    let mut world = World::new();
    red_change(&mut world);
    for id in 1..=5 {
        push(&mut world, id, id, &RunState::Passed);
    }
    push(&mut world, 6, 8, &FAILED);
    world.fact(found(6, 1, "pay::retries", 1));
    push(&mut world, 7, 9, &FAILED);
    world.change(8, |change| change.head_branch = Clean::line("second"));
    other(&mut world, 60, ("second", 30), Some("pay::retries"));
    world.run(61, 108, FAILED, |run| {
        run.branch = Clean::line("second");
        run.created_at = at(31);
    });
    world.fact(Fact::JobSet(set(61, 1, FAILED)));
    world.fact(found(61, 1, "pay::retries", 1));
    let (one, two) = (card(&world, 50), card(&world, 61));
    assert_eq!(one.tests[0].failed_of, (4, 9));
    assert_eq!(one.tests[0].failed_of, two.tests[0].failed_of);
    assert_eq!((one.tests[0].unread, two.tests[0].unread), (1, 1));
}

/// A failure of run 50 in which no test failed.
fn error(world: &mut World, tool: &str, text: &str, guess: bool) {
    let Fact::Diagnosis(mut ours) = found(50, 1, "pay::retries", 1) else {
        panic!("no diagnosis");
    };
    ours.tests.clear();
    let error = ours.error.as_mut().unwrap();
    (error.tool, error.text) = (Clean::line(tool), Clean::line(text));
    error.guess = guess;
    world.fact(Fact::Diagnosis(ours));
}

/// What is said of the red change: the verdict, or why there is none.
#[track_caller]
fn verdict(expected: Result<Verdict, &str>, edit: impl FnOnce(&mut World)) {
    judged(&brought(edit), expected);
}

#[track_caller]
fn judged(card: &Triage, expected: Result<Verdict, &str>) {
    match (&card.flaky, expected) {
        (Known::Yes(found), Ok(verdict)) => {
            assert_eq!(found.verdict, verdict, "{:?}", found.evidence);
            assert!(!found.evidence.is_empty());
        }
        (Known::No(why), Err(begin)) => assert!(why.starts_with(begin), "{why}"),
        (Known::Yes(_) | Known::No(_), _) => panic!("{:?}, not {expected:?}", card.flaky),
    }
}

fn again(world: &mut World, first: RunState) {
    world.run(50, 107, FAILED, |run| {
        run.attempt = 2;
        run.created_at = at(80);
        run.updated_at = at(81);
    });
    world.fact(Fact::EarlierJobs(set(50, 1, first)));
    world.fact(Fact::JobSet(set(50, 2, FAILED)));
    world.fact(found(50, 2, "pay::retries", 1));
}

/// The run before, of the commit before, that failed with this test.
fn before(world: &mut World, id: u64, commit: u64, test: Option<&str>) {
    world.run(id, commit, FAILED, |run| {
        run.created_at = at(30 + i64::try_from(id).unwrap());
    });
    world.fact(Fact::JobSet(set(id, 1, FAILED)));
    if let Some(test) = test {
        world.fact(found(id, 1, test, 1));
    }
}

#[test]
fn one_failure_without_another_try_is_no_verdict() {
    verdict(
        Err("it was not run again on this commit; job `test` failed once and never passed on"),
        |world| push(world, 3, 7, &RunState::Passed),
    );
}

#[test]
fn a_failure_is_real_when_it_is_there_again() {
    verdict(Ok(Verdict::Real), |world| again(world, FAILED));
    verdict(Ok(Verdict::Flaky), |world| again(world, RunState::Passed));
    verdict(Err("not all attempts on this commit were read"), |world| {
        again(world, FAILED);
        let earlier = FactKind::EarlierJobs;
        world.facts.retain(|said| said.fact.kind() != earlier);
    });
    verdict(Ok(Verdict::LikelyReal), |world| {
        before(world, 40, 106, Some("pay::retries"));
    });
    // The job failed on two commits in a row, but whether with this is not known.
    verdict(Err("it was not run again"), |world| {
        before(world, 40, 106, None);
    });
    verdict(Ok(Verdict::LikelyReal), |world| {
        before(world, 40, 106, None);
        before(world, 39, 105, None);
    });
    verdict(Err("it was not run again"), |world| {
        before(world, 40, 106, Some("web::login"));
    });
}

#[test]
fn a_failure_in_a_file_that_the_change_touches_is_likely_real() {
    let touch = |world: &mut World, file: &str| {
        error(world, "rustc", "mismatched types", false);
        let Fact::Diagnosis(mut ours) = world.facts.last().unwrap().fact.as_ref().clone() else {
            panic!("no diagnosis");
        };
        ours.error.as_mut().unwrap().file = Some(Clean::line("src/pay.rs"));
        world.fact(Fact::Diagnosis(ours));
        world.fact(Fact::ChangedPaths(ChangedPaths {
            change: ChangeKey {
                repo: repo(),
                number: 7,
            },
            head_sha: Some(sha(107)),
            paths: vec![Clean::line(file)],
            complete: true,
        }));
    };
    verdict(Ok(Verdict::LikelyReal), |world| touch(world, "src/pay.rs"));
    verdict(Err("it was not run again"), |world| {
        touch(world, "src/web.rs");
    });
}

#[test]
fn a_failure_on_unrelated_branches_is_likely_flaky_and_signs_of_both_are_no_verdict() {
    verdict(Ok(Verdict::LikelyFlaky), |world| {
        other(world, 60, ("other", 70), Some("pay::retries"));
    });
    verdict(Err("there are signs of both"), |world| {
        other(world, 60, ("other", 70), Some("pay::retries"));
        again(world, FAILED);
    });
}

#[test]
fn what_changes_inherit_from_a_red_base_does_not_make_its_failure_flaky() {
    #[track_caller]
    fn check(hours: i64, expected: Result<Verdict, &str>) {
        let mut world = World::new();
        push(&mut world, 1, 3, &RunState::Passed);
        for id in [2, 3] {
            push(&mut world, id, id + 4, &FAILED);
            world.fact(found(id, 1, "pay::retries", 1));
        }
        world.change(9, |change| change.head_branch = Clean::line("other"));
        world.run(60, 109, FAILED, |run| {
            run.branch = Clean::line("other");
            run.created_at = at(hours);
        });
        world.fact(Fact::JobSet(set(60, 1, FAILED)));
        world.fact(found(60, 1, "pay::retries", 1));
        judged(&card(&world, 3), expected);
    }
    // After the base turned red, and before.
    check(22, Ok(Verdict::LikelyReal));
    check(21, Err("there are signs of both"));
}

#[test]
fn a_failure_of_the_base_is_judged_by_the_base() {
    let red = |world: &mut World, id| {
        push(world, id, id, &FAILED);
        world.fact(found(id, 1, "pay::retries", 1));
    };
    verdict(Err("it is a failure of the base"), |world| red(world, 3));
    verdict(Ok(Verdict::LikelyReal), |world| {
        red(world, 3);
        red(world, 4);
    });
}

#[test]
fn a_branch_that_goes_red_and_green_with_one_test_is_likely_flaky() {
    let mut world = World::new();
    for (id, state) in [(1, FAILED), (2, RunState::Passed), (3, FAILED)] {
        push(&mut world, id, id + 5, &state);
        if state == FAILED {
            world.fact(found(id, 1, "pay::retries", 1));
        }
    }
    let card = card(&world, 3);
    let flaky = yes(&card.flaky);
    assert_eq!(flaky.verdict, Verdict::LikelyFlaky);
    assert_eq!(
        flaky.evidence.last().unwrap().as_str(),
        "it failed alike on `main` in run 1 already, and was green since"
    );
    assert_eq!(
        no(&card.first_bad),
        "the same failure was on `main` before (run 1), without these commits"
    );
}

#[test]
fn what_fails_beneath_the_code_is_infrastructure() {
    let timeout = "(28) Failed to connect to packages.example.org port 443";
    verdict(Ok(Verdict::Infrastructure), |world| {
        error(world, "curl", timeout, false);
        before(world, 40, 106, None);
    });
    verdict(
        Err("the code may not be the cause; job `test` failed once"),
        |world| error(world, "oom", "Killed", true),
    );
    verdict(Err("it was not run again"), |world| {
        error(
            world,
            "curl",
            "(22) The requested URL returned error: 404",
            false,
        );
    });
}

#[test]
fn a_run_without_a_job_says_the_same_everywhere() {
    #[track_caller]
    fn check(state: RunState, jobs: Option<RunState>, begin: &str) {
        checked(state, jobs, begin, |_| {});
    }
    #[track_caller]
    fn checked(
        state: RunState,
        jobs: Option<RunState>,
        begin: &str,
        change: impl FnOnce(&mut Run),
    ) {
        let mut world = World::new();
        world.change(7, |_| {});
        world.run(50, 107, state, |run| {
            run.created_at = at(80);
            change(run);
        });
        if let Some(state) = jobs {
            world.fact(Fact::JobSet(set(50, 1, state)));
        }
        let card = card(&world, 50);
        let (log, flaky) = (no(&card.diagnosis), no(&card.flaky));
        assert!(log.starts_with(begin), "{log}");
        assert_eq!(log, flaky);
    }
    let startup = RunState::Failed(Failure::Startup);
    check(
        startup.clone(),
        None,
        "the run could not start: it has no job",
    );
    check(FAILED, None, "the jobs of this run are not read yet");
    let never = "`cc.xml` holds no job logs";
    checked(FAILED, None, never, |run| run.no_jobs = never.into());
    check(
        FAILED,
        Some(RunState::Cancelled),
        "no job of this run failed",
    );
}
