//! Odd worlds: deployments of which no commit is known, pushes that rewrote what was there,
//! branches that are gone, a team of one, a team of three hundred.

use chrono::TimeDelta;

use super::build::{
    HOUR, NOW, api, at, attempt, carried, change, delivered, delivery, hours, ledger, life,
    measure, note, run, sha, step, utc_day, values,
};
use crate::domain::change_request::Verdict;
use crate::domain::flow::{Beside, Flow, Key, Metric, Reading, Scope};
use crate::domain::history::{ChangeLife, Delivery, Ledger, Record, RunEnd};
use crate::domain::key::Person;
use crate::domain::stage::Stage;
use crate::domain::status::Status;

#[test]
fn deployments_of_which_no_commit_is_known_are_one_each_and_prove_no_lead() {
    let of = |id: &str, hour: i64, version: usize| Delivery {
        sha: None,
        range_known: false,
        ..delivery(id, hour, version)
    };
    let all = vec![of("a", 10, 1), of("b", 20, 1), of("c", 30, 2)];
    let ledger = delivered(all, Vec::new());
    let frequency = measure(&ledger, Key::DeploymentFrequency, &api());
    // A name may be that of a branch: nobody knows that two of them are the same.
    assert_eq!(frequency.n(), 3);
    for key in [Key::LeadTime, Key::ChangesPerDeployment] {
        assert_eq!(measure(&ledger, key, &api()).n(), 0, "{key:?}");
    }
    assert_eq!(measure(&ledger, Key::ChangeFailRate, &api()).value, None);
}

/// A change that was rewritten after its first checks: what it is merged as was pushed later.
fn rewritten() -> (ChangeLife, Vec<Record>) {
    let mut asked = change(7);
    asked.first_commit_at = Some(at(6));
    asked.merged_at = Some(at(20));
    asked.head_sha = Some(sha(2));
    asked.reviews = vec![note("bob", 4, Verdict::Approved)];
    let mut before = run("before", 1, vec![attempt(1, 3, RunEnd::Passed)]);
    before.change = Some(7);
    let mut after = run("after", 8, vec![attempt(1, 12, RunEnd::Passed)]);
    after.change = Some(7);
    after.sha = Some(sha(2));
    let runs = [before, after].map(|run| Record::CiRun(Box::new(run)));
    (asked, runs.to_vec())
}

#[test]
fn after_a_forced_push_only_the_new_head_is_green_and_the_old_one_was_answered_too() {
    let (asked, mut records) = rewritten();
    let mut one = life(1);
    one.changes = vec![asked];
    records.push(Record::Life(Box::new(one)));
    let ledger = ledger(records, Vec::new());
    // Approved at 4, but what was green at 3 is not what was merged.
    let wait = measure(&ledger, Key::MergeWait, &Scope::All);
    assert_eq!(hours(&wait), [8.0]);
    // Both pushes were answered, each by its own runs.
    let feedback = measure(&ledger, Key::TimeToFeedback, &Scope::All);
    assert_eq!(hours(&feedback), [2.0, 4.0]);
    assert_eq!(measure(&ledger, Key::FlakeRate, &Scope::All).n(), 0);
}

#[test]
fn commits_that_were_written_again_after_the_merge_leave_no_time_below_zero() {
    let mut late = delivery("a", 50, 1);
    late.carried = vec![carried(1, Some(60), 40)];
    let ledger = delivered(vec![late], Vec::new());
    let lead = measure(&ledger, Key::LeadTime, &api());
    assert_eq!((lead.n(), lead.value), (0, None));
    assert!(lead.note.unwrap().contains("1 left out: ends before"));
    let merged = measure(&ledger, Key::LeadTimeFromMerge, &api());
    assert_eq!(values(&merged), [10.0 * HOUR]);
}

#[test]
fn a_branch_that_is_gone_is_waited_for_by_nobody() {
    let mut red = run("topic", 1, vec![attempt(1, 3, RunEnd::Failed)]);
    red.branch = "topic".into();
    red.on_default = false;
    let mut open = run("left", 5, vec![attempt(1, 6, RunEnd::Open)]);
    open.branch = "left".into();
    open.on_default = false;
    open.sha = Some(sha(3));
    let records = [red, open].map(|run| Record::CiRun(Box::new(run)));
    let ledger = ledger(records.to_vec(), Vec::new());
    let green = measure(&ledger, Key::TimeToGreen, &Scope::All);
    assert_eq!((green.n(), green.open.len(), green.value), (0, 0, None));
    // What never ended proves nothing, and is in no share.
    assert_eq!(
        values(&measure(&ledger, Key::CiSuccessRate, &Scope::All)),
        [0.0]
    );
}

/// A team in which each of so many people merged one change, which the next one approved; one
/// alone has nobody to ask.
fn team(people: usize) -> Ledger {
    let login = |nth: usize| format!("dev-{nth:03}");
    let mut records = Vec::new();
    let mut steps = Vec::new();
    for nth in 0..people {
        let mut one = life(nth);
        let author = Person::new(&login(nth), false);
        let hour = i64::try_from(nth % 48).unwrap();
        let mut made = change(u64::try_from(nth).unwrap() + 1);
        made.author = Some(author.clone());
        made.opened_at = at(hour);
        made.merged_at = Some(at(hour + 10));
        made.merge_sha = Some(sha(nth));
        if people > 1 {
            let other = login((nth + 1) % people);
            made.reviews = vec![note(&other, hour + 2, Verdict::Approved)];
        }
        one.author = Some(author);
        one.changes = vec![made];
        records.push(Record::Life(Box::new(one)));
        steps.push(step(nth, hour, Stage::Code, Status::Drafting));
        steps.push(step(nth, hour + 12, Stage::Monitor, Status::Live));
    }
    ledger(records, steps)
}

#[test]
fn what_is_counted_as_it_is_now_has_its_sample_size() {
    let readings = readings(&team(2));
    for key in [Key::SourcesHealthy, Key::EvidenceComplete] {
        let metric = find(&readings, key);
        assert_eq!((metric.n(), metric.value), (1, Some(1.0)), "{key:?}");
    }
    assert_eq!(find(&readings, Key::WipOverLimit).n(), 0);
}

fn readings(ledger: &Ledger) -> Vec<Reading> {
    let beside = Beside {
        sources_healthy: 1,
        sources: 1,
        cards_complete: 1,
        cards: 1,
        limits: Vec::new(),
    };
    let flow = Flow::new(ledger, at(NOW));
    let window = flow.window(TimeDelta::days(90));
    flow.calms(&api(), &window, &utc_day, &beside)
}

fn find(readings: &[Reading], key: Key) -> Metric {
    let mut all = readings.iter().flat_map(|reading| &reading.indicators);
    all.find(|metric| metric.key == key).cloned().unwrap()
}

#[test]
fn a_team_of_one_has_no_reviews_to_measure_and_is_not_told_that_they_take_no_time() {
    let ledger = team(1);
    for key in [Key::TimeToFirstReview, Key::TimeToApprove, Key::MergeWait] {
        let metric = measure(&ledger, key, &Scope::All);
        assert_eq!((metric.n(), metric.value), (0, None), "{key:?}");
        assert!(metric.note.is_some(), "{key:?} says why");
    }
    assert_eq!(measure(&ledger, Key::Throughput, &Scope::All).n(), 1);
    let readings = readings(&ledger);
    for key in [Key::ReviewPairs, Key::ReviewSpread, Key::BusFactor] {
        assert_eq!(find(&readings, key).value, None, "{key:?}");
    }
}

#[test]
fn a_team_of_three_hundred_is_measured_and_nobody_is_named() {
    let ledger = team(300);
    let reviews = measure(&ledger, Key::TimeToFirstReview, &Scope::All);
    assert_eq!((reviews.n(), reviews.value), (300, Some(2.0 * HOUR)));
    let readings = readings(&ledger);
    assert_eq!(find(&readings, Key::ReviewPairs).value, Some(300.0));
    assert_eq!(find(&readings, Key::ReviewSpread).value, Some(1.0 / 300.0));
    assert_eq!(find(&readings, Key::BusFactor).value, Some(150.0));
    for metric in readings.iter().flat_map(|reading| &reading.indicators) {
        let told = format!("{:?} {:?}", metric.parts, metric.note);
        assert!(!told.contains("dev-"), "{told}");
    }
}
