//! Edge cases of reviews and of CI.

use chrono::TimeDelta;

use super::build::{
    HOUR, NOW, at, attempt, change, hours, item, ledger, life, measure, note, run, sha, utc_day,
    values,
};
use crate::domain::change_request::Verdict;
use crate::domain::flow::{Flow, Key, Metric, Scope, Unit};
use crate::domain::history::{Attempt, ChangeLife, CiRun, Ledger, Record, RunEnd};
use crate::domain::key::Person;
use crate::domain::roster::{Member, Roster};
use crate::domain::text::Clean;

fn reviewed(change: ChangeLife) -> Ledger {
    let mut one = life(1);
    one.changes = vec![change.clone()];
    // A change that closes two tickets is one change.
    let mut two = life(2);
    two.changes = vec![change];
    let records = [one, two].map(|life| Record::Life(Box::new(life)));
    ledger(records.to_vec(), Vec::new())
}

#[track_caller]
fn check(change: ChangeLife, key: Key, meant: &[f64]) -> Metric {
    let metric = measure(&reviewed(change), key, &Scope::All);
    assert_eq!(values(&metric), meant, "{key:?}");
    metric
}

#[test]
fn the_first_review_is_by_a_person_who_is_not_the_author() {
    let mut asked = change(7);
    asked.reviews = vec![
        note("robot[bot]", 1, Verdict::Approved),
        note("ADA", 2, Verdict::Commented),
        note("bob", 3, Verdict::Commented),
        note("cy", 5, Verdict::Approved),
    ];
    let metric = check(asked.clone(), Key::TimeToFirstReview, &[3.0 * HOUR]);
    assert_eq!(metric.cards(), [item(1), item(2)]);
    check(asked.clone(), Key::TimeToApprove, &[5.0 * HOUR]);
    // What was said of a draft is no answer to the question.
    asked.ready_at = Some(at(4));
    check(asked.clone(), Key::TimeToFirstReview, &[HOUR]);
    asked.reviews_known = false;
    let metric = check(asked.clone(), Key::TimeToFirstReview, &[]);
    assert!(
        metric
            .note
            .unwrap()
            .contains("1 left out: not wholly known")
    );
    asked.reviews_known = true;
    asked.author = Some(Person::new("renovate", true));
    check(asked, Key::TimeToFirstReview, &[]);
}

#[test]
fn logins_of_one_person_are_no_two_people() {
    let mut asked = change(7);
    asked.merged_at = Some(at(90));
    asked.reviews = vec![
        note("ada.work", 1, Verdict::Approved),
        note("bob", 3, Verdict::ChangesRequested),
        note("bob.work", 5, Verdict::ChangesRequested),
    ];
    let people = Roster::new(
        ["ada", "bob"]
            .map(|name| Member {
                name: Clean::line(name),
                logins: vec![Clean::line(&format!("{name}.work"))],
            })
            .to_vec(),
    );
    let ledger = reviewed(asked);
    let told = |people: &Roster, key: Key| {
        let flow = Flow::of_people(&ledger, people, at(NOW));
        let window = flow.window(TimeDelta::days(90));
        let metric = flow.metric(key, &Scope::All, &window, &utc_day);
        let mut labels: Vec<String> = metric
            .points
            .iter()
            .map(|it| it.label.to_string())
            .collect();
        labels.sort();
        labels.dedup();
        (values(&metric), labels)
    };
    let nobody = Roster::default();
    assert_eq!(told(&nobody, Key::TimeToFirstReview).0, [HOUR]);
    assert_eq!(told(&people, Key::TimeToFirstReview).0, [3.0 * HOUR]);
    assert_eq!(told(&nobody, Key::ReviewPairs).1.len(), 3);
    assert_eq!(told(&people, Key::ReviewPairs).1, ["bob for ada"]);
    assert_eq!(told(&people, Key::ReviewRounds).0, [2.0]);
}

#[test]
fn rounds_are_requests_that_were_answered() {
    let mut asked = change(7);
    asked.merged_at = Some(at(90));
    asked.reviews = vec![
        note("bob", 1, Verdict::ChangesRequested),
        note("cy", 2, Verdict::ChangesRequested),
        note("bob", 3, Verdict::ChangesRequested),
        note("bob", 4, Verdict::Approved),
        note("cy", 5, Verdict::ChangesRequested),
        note("bob", 99, Verdict::ChangesRequested),
    ];
    check(asked, Key::ReviewRounds, &[3.0]);
    let quiet = ChangeLife {
        merged_at: Some(at(9)),
        ..change(7)
    };
    check(quiet, Key::ReviewRounds, &[0.0]);
}

#[test]
fn a_merge_waits_from_approved_and_green() {
    let mut asked = change(7);
    asked.merged_at = Some(at(20));
    asked.head_sha = Some(sha(1));
    asked.reviews = vec![
        note("bob", 2, Verdict::Approved),
        note("cy", 4, Verdict::ChangesRequested),
        note("cy", 6, Verdict::Approved),
        note("bob", 9, Verdict::Approved),
    ];
    check(asked.clone(), Key::MergeWait, &[14.0 * HOUR]);
    let mut green = run(
        "r",
        3,
        vec![
            attempt(1, 8, RunEnd::Failed),
            attempt(2, 12, RunEnd::Passed),
        ],
    );
    green.change = Some(7);
    let mut one = life(1);
    one.changes = vec![asked];
    let records = vec![Record::Life(Box::new(one)), Record::CiRun(Box::new(green))];
    let metric = measure(&ledger(records, Vec::new()), Key::MergeWait, &Scope::All);
    assert_eq!(hours(&metric), [8.0]);
}

#[test]
fn the_size_of_a_change_is_known_or_not_told() {
    let merged = ChangeLife {
        merged_at: Some(at(9)),
        additions: Some(30),
        ..change(7)
    };
    check(merged.clone(), Key::BatchSize, &[]);
    let known = ChangeLife {
        deletions: Some(12),
        ..merged
    };
    check(known, Key::BatchSize, &[42.0]);
}

#[track_caller]
fn runs(runs: Vec<CiRun>, key: Key, meant: &[f64]) -> Metric {
    let records = runs.into_iter().map(|run| Record::CiRun(Box::new(run)));
    let metric = measure(&ledger(records.collect(), Vec::new()), key, &Scope::All);
    let told = if key.unit() == Unit::Share {
        values(&metric)
    } else {
        hours(&metric)
    };
    assert_eq!(told, meant, "{key:?}");
    metric
}

fn other(id: &str, created: i64, attempts: Vec<Attempt>) -> CiRun {
    CiRun {
        workflow: Clean::line("lint.yml"),
        ..run(id, created, attempts)
    }
}

#[test]
fn feedback_is_the_first_red_or_the_last_green() {
    let (passed, failed) = (RunEnd::Passed, RunEnd::Failed);
    let two = |one: Attempt, two: Attempt| vec![run("a", 1, vec![one]), other("b", 1, vec![two])];
    runs(
        two(attempt(1, 3, passed), attempt(1, 6, passed)),
        Key::TimeToFeedback,
        &[5.0],
    );
    runs(
        two(attempt(1, 3, failed), attempt(1, 6, passed)),
        Key::TimeToFeedback,
        &[2.0],
    );
    runs(
        two(attempt(1, 3, passed), attempt(1, 6, failed)),
        Key::TimeToFeedback,
        &[5.0],
    );
    for end in [RunEnd::Open, RunEnd::Cancelled, RunEnd::Unknown] {
        runs(
            two(attempt(1, 3, passed), attempt(1, 6, end)),
            Key::TimeToFeedback,
            &[],
        );
    }
    runs(
        two(attempt(1, 3, passed), attempt(1, 6, RunEnd::Skipped)),
        Key::TimeToFeedback,
        &[2.0],
    );
    // The night's run of the same commit is no answer to the push.
    let night = CiRun {
        event: Clean::line("schedule"),
        ..other("n", 30, vec![attempt(1, 40, failed)])
    };
    runs(
        vec![run("a", 1, vec![attempt(1, 3, passed)]), night],
        Key::TimeToFeedback,
        &[2.0],
    );
    // Of an attempt that is not the first, the first one's end is not known.
    let later = runs(
        vec![run("a", 1, vec![attempt(2, 9, passed)])],
        Key::TimeToFeedback,
        &[],
    );
    assert!(later.note.unwrap().contains("1 left out: not wholly known"));
}

#[test]
fn a_flake_is_red_and_then_green_on_the_same_commit() {
    let turned = vec![attempt(1, 3, RunEnd::Failed), attempt(2, 6, RunEnd::Passed)];
    runs(vec![run("a", 1, turned.clone())], Key::FlakeRate, &[1.0]);
    let red = vec![attempt(1, 3, RunEnd::Failed), attempt(2, 6, RunEnd::Failed)];
    runs(vec![run("a", 1, red)], Key::FlakeRate, &[0.0]);
    // A new commit is a repair, another workflow proves nothing, green before red neither.
    let repaired = CiRun {
        sha: Some(sha(2)),
        ..run("b", 8, vec![attempt(1, 9, RunEnd::Passed)])
    };
    let first = || run("a", 1, vec![attempt(1, 3, RunEnd::Failed)]);
    runs(vec![first(), repaired], Key::FlakeRate, &[0.0]);
    let lint = other("b", 8, vec![attempt(1, 9, RunEnd::Passed)]);
    runs(vec![first(), lint], Key::FlakeRate, &[0.0]);
    let again = run("b", 8, vec![attempt(1, 9, RunEnd::Passed)]);
    runs(vec![first(), again], Key::FlakeRate, &[1.0]);
    // Commits without any failure do not count.
    runs(
        vec![run("a", 1, vec![attempt(1, 3, RunEnd::Passed)])],
        Key::FlakeRate,
        &[],
    );
}

#[test]
fn cancelled_runs_are_in_no_share() {
    let ends = [
        RunEnd::Passed,
        RunEnd::Failed,
        RunEnd::Cancelled,
        RunEnd::Skipped,
        RunEnd::Unknown,
        RunEnd::Open,
    ];
    let all = ends.iter().zip(1_u8..).map(|(end, hour)| {
        run(
            &format!("r{hour}"),
            i64::from(hour),
            vec![attempt(1, i64::from(hour) + 1, *end)],
        )
    });
    let metric = runs(all.collect(), Key::CiSuccessRate, &[1.0, 0.0]);
    assert_eq!(metric.value, None);
    assert!(metric.note.unwrap().contains("too few for a value: 1 of 2"));
}

#[test]
fn green_again_is_measured_from_the_first_red() {
    let at_hour = |id: &str, hour: i64, end| run(id, hour, vec![attempt(1, hour + 1, end)]);
    let all = vec![
        at_hour("a", 1, RunEnd::Failed),
        at_hour("b", 5, RunEnd::Failed),
        at_hour("c", 6, RunEnd::Cancelled),
        at_hour("d", 9, RunEnd::Passed),
        at_hour("e", 20, RunEnd::Failed),
    ];
    let metric = runs(all, Key::TimeToGreen, &[8.0]);
    assert_eq!(metric.open.len(), 1);
    assert_eq!(metric.open[0].value, 939.0 * HOUR);
    let topic = CiRun {
        on_default: false,
        ..at_hour("a", 1, RunEnd::Failed)
    };
    let metric = runs(vec![topic], Key::TimeToGreen, &[]);
    assert!(metric.open.is_empty());
}

#[test]
fn a_queue_is_what_the_source_says_or_what_lies_between() {
    let mut told = attempt(1, 9, RunEnd::Passed);
    told.queued_secs = Some(1_800);
    let between = attempt(1, 9, RunEnd::Passed);
    // Of a later attempt it is not known when it was wished for.
    let all = vec![
        run("a", 1, vec![told, attempt(2, 12, RunEnd::Passed)]),
        run("b", 6, vec![between]),
    ];
    runs(all, Key::CiQueue, &[0.5, 2.0]);
}
