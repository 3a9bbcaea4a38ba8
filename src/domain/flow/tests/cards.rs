//! Edge cases of cards: where work begins and ends, what is in progress, what is active.

use chrono::TimeDelta;

use super::build::{HOUR, NOW, at, hours, ledger, life, measure, over, step, utc_day, values};
use crate::domain::flow::stats::percentile;
use crate::domain::flow::{Beside, Flow, Key, Limit, Metric, Scope};
use crate::domain::history::{Ledger, Record, Transition};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::Person;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

fn ledger_of(numbers: std::ops::Range<usize>, steps: Vec<Transition>) -> Ledger {
    let lives = numbers.map(|number| Record::Life(Box::new(life(number))));
    ledger(lives.collect(), steps)
}

#[track_caller]
fn check(steps: Vec<Transition>, key: Key, meant: &[f64]) -> Metric {
    let metric = measure(&ledger_of(0..8, steps), key, &Scope::All);
    assert_eq!(hours(&metric), meant, "{key:?}");
    metric
}

fn way(number: usize, hours: [i64; 4]) -> Vec<Transition> {
    vec![
        step(number, hours[0], Stage::Plan, Status::Ready),
        step(number, hours[1], Stage::Code, Status::Drafting),
        step(number, hours[2], Stage::Test, Status::Review),
        step(number, hours[3], Stage::Operate, Status::Live),
    ]
}

#[test]
fn percentiles_are_by_nearest_rank() {
    let ten: Vec<f64> = (1..=10).map(f64::from).collect();
    for (percent, meant) in [
        (50, 5.0),
        (51, 6.0),
        (85, 9.0),
        (90, 9.0),
        (95, 10.0),
        (100, 10.0),
        (1, 1.0),
    ] {
        assert_eq!(percentile(&ten, percent), Some(meant), "{percent}");
    }
    assert_eq!(percentile(&[], 50), None);
}

#[test]
fn a_cycle_goes_from_code_to_live_and_the_first_time_counts() {
    check(way(1, [0, 10, 20, 40]), Key::CycleTime, &[30.0]);
    let mut again = way(1, [0, 10, 20, 40]);
    again.push(step(1, 50, Stage::Test, Status::Failed));
    again.push(step(1, 60, Stage::Operate, Status::Live));
    check(again, Key::CycleTime, &[30.0]);
}

#[test]
fn cumulative_flow_counts_a_card_where_it_stands() {
    let mut steps = way(1, [0, 1, 2, 3]);
    steps[3] = step(1, 3, Stage::Release, Status::Unreleased);
    // It is built again.
    steps.push(step(1, 4, Stage::Build, Status::Running));
    // Another one was delivered and is over, a third one was given up.
    steps.extend(way(2, [0, 1, 2, 3]));
    steps.push(over(
        step(2, 4, Stage::Release, Status::Unreleased),
        Outcome::Shipped,
    ));
    steps.extend(way(3, [0, 1, 2, 3]));
    steps.push(over(
        step(3, 4, Stage::Test, Status::Review),
        Outcome::Dropped,
    ));
    let flow = Flow::new(&ledger_of(0..8, steps), at(NOW));
    let told = flow.cumulative(&Scope::All, &flow.window(TimeDelta::days(90)), &utc_day);
    assert_eq!(told.entered.last(), Some(&[2, 2, 2, 1, 1, 1, 1, 1]));
}

#[test]
fn every_visit_of_a_stage_counts() {
    let mut steps = way(1, [0, 10, 20, 40]);
    steps.push(step(1, 25, Stage::Code, Status::ChangesRequested));
    steps.push(step(1, 28, Stage::Test, Status::Review));
    check(steps.clone(), Key::CycleTimeIn(Stage::Code), &[13.0]);
    check(steps, Key::CycleTimeIn(Stage::Test), &[17.0]);
}

#[test]
fn a_merge_that_stands_for_the_delivery_ends_a_cycle() {
    let mut steps = way(1, [0, 10, 20, 40]);
    steps[3] = step(1, 40, Stage::Release, Status::Unreleased);
    check(steps.clone(), Key::CycleTime, &[]);
    steps[3].rule = Clean::line("merged-proxy");
    check(steps, Key::CycleTime, &[30.0]);
}

#[test]
fn what_was_first_seen_live_is_finished_without_a_cycle() {
    let steps = vec![step(1, 40, Stage::Operate, Status::Live)];
    let metric = check(steps.clone(), Key::CycleTime, &[]);
    assert!(
        metric
            .note
            .unwrap()
            .contains("1 left out: not wholly known")
    );
    assert_eq!(
        measure(&ledger_of(0..2, steps), Key::Throughput, &Scope::All).n(),
        1
    );
}

#[test]
fn what_is_given_up_is_neither_finished_nor_in_progress() {
    let mut steps = way(1, [0, 10, 20, 40]);
    steps[3] = over(step(1, 40, Stage::Code, Status::Drafting), Outcome::Dropped);
    for key in [Key::Throughput, Key::Wip, Key::CycleTime] {
        assert_eq!(
            measure(&ledger_of(0..2, steps.clone()), key, &Scope::All).n(),
            0,
            "{key:?}"
        );
    }
    // Opened again, it is in progress again.
    steps.push(step(1, 50, Stage::Code, Status::Drafting));
    let metric = measure(&ledger_of(0..2, steps), Key::Wip, &Scope::All);
    assert_eq!((metric.n(), metric.value), (1, Some(1.0)));
}

#[test]
fn alerts_and_runs_are_no_work_and_machines_have_their_own() {
    let mut alert = life(1);
    alert.anchor = Anchor::Alert;
    let mut machine = life(2);
    machine.bot = true;
    let mut steps = way(1, [0, 10, 20, 40]);
    steps.extend(way(2, [0, 10, 20, 50]));
    let records = vec![
        Record::Life(Box::new(alert)),
        Record::Life(Box::new(machine)),
    ];
    let ledger = ledger(records, steps);
    assert_eq!(measure(&ledger, Key::CycleTime, &Scope::All).n(), 0);
    assert_eq!(
        hours(&measure(&ledger, Key::CycleTimeBots, &Scope::All)),
        [40.0]
    );
    assert_eq!(measure(&ledger, Key::ThroughputBots, &Scope::All).n(), 1);
}

#[test]
fn only_work_is_active_and_reviews_wait() {
    let mut steps = Vec::new();
    for number in 0..5 {
        steps.extend(way(number, [0, 10, 20, 40]));
    }
    let ledger = ledger_of(0..5, steps);
    let efficiency = measure(&ledger, Key::FlowEfficiency, &Scope::All);
    assert_eq!((efficiency.n(), efficiency.value), (5, Some(1.0 / 3.0)));
    let waits = measure(&ledger, Key::WaitForPeople, &Scope::All);
    assert_eq!(waits.value, Some(2.0 / 3.0));
}

#[test]
fn four_cards_are_points_and_five_have_percentiles() {
    for (cards, value) in [(4, None), (5, Some(30.0 * HOUR))] {
        let steps = (0..cards)
            .flat_map(|number| way(number, [0, 10, 20, 40]))
            .collect();
        let metric = measure(&ledger_of(0..cards, steps), Key::CycleTime, &Scope::All);
        assert_eq!((metric.n(), metric.value), (cards, value));
        assert_eq!(metric.spread.is_some(), value.is_some());
    }
}

#[test]
fn old_work_is_marked_against_what_was_finished() {
    let mut steps: Vec<Transition> = (0..5)
        .flat_map(|number| way(number, [0, 10, 20, 40]))
        .collect();
    steps.push(step(5, NOW - 31, Stage::Code, Status::Drafting));
    steps.push(step(6, NOW - 30, Stage::Code, Status::Drafting));
    let metric = check(steps, Key::WipAge, &[31.0, 30.0]);
    assert_eq!(metric.line, Some(30.0 * HOUR));
    let flagged: Vec<bool> = metric.points.iter().map(|point| point.flagged).collect();
    assert_eq!(flagged, [true, false]);
}

#[test]
fn a_steady_week_obeys_littles_law_and_a_heap_does_not() {
    let steady = (0..8).flat_map(|number| {
        let begin = i64::try_from(number).unwrap() * 120;
        way(number, [begin, begin, begin + 60, begin + 119])
    });
    let metric = measure(
        &ledger_of(0..8, steady.collect()),
        Key::LittlesLaw,
        &Scope::All,
    );
    assert!(metric.value.unwrap() < 0.05, "{metric:?}");
    assert!(metric.note.unwrap().contains("finished; steady"));
    let mut heap: Vec<Transition> = (0..5)
        .flat_map(|number| way(number, [0, 1, 2, 3]))
        .collect();
    heap.extend((5..8).map(|number| step(number, 5, Stage::Code, Status::Drafting)));
    let metric = measure(&ledger_of(0..8, heap), Key::LittlesLaw, &Scope::All);
    assert!(metric.value.unwrap() > 0.9, "{metric:?}");
    assert!(metric.note.unwrap().contains("not steady"));
}

#[test]
fn work_in_progress_is_counted_at_the_end_of_every_day() {
    let flow = Flow::new(&ledger_of(0..2, way(1, [0, 30, 40, 60])), at(96));
    let window = flow.window(TimeDelta::hours(96));
    let metric = flow.metric(Key::Wip, &Scope::All, &window, &utc_day);
    let days: Vec<Option<f64>> = metric.series.iter().map(|day| day.value).collect();
    assert_eq!(days, [0.0, 1.0, 0.0, 0.0, 0.0].map(Some));
}

#[test]
fn what_happens_later_is_not_seen() {
    let ledger = ledger_of(0..2, way(1, [0, 10, 20, 40]));
    let flow = Flow::new(&ledger, at(30));
    let window = flow.window(TimeDelta::days(9));
    assert_eq!(
        flow.metric(Key::Throughput, &Scope::All, &window, &utc_day)
            .n(),
        0
    );
    assert_eq!(flow.metric(Key::Wip, &Scope::All, &window, &utc_day).n(), 1);
}

#[test]
fn hands_are_counted_and_gates_are_waited_at() {
    let mut steps = way(1, [0, 10, 20, 40]);
    for (step, who) in steps.iter_mut().zip(["ada", "ada", "bob", "ada"]) {
        step.standing.holders = vec![Person::new(who, false)];
    }
    steps.push(step(1, 30, Stage::Deploy, Status::Waiting));
    let ledger = ledger_of(0..2, steps);
    assert_eq!(values(&measure(&ledger, Key::Handoffs, &Scope::All)), [1.0]);
    assert_eq!(hours(&measure(&ledger, Key::GateWait, &Scope::All)), [10.0]);
    // Review in Test and the gate in Deploy both wanted a person.
    assert_eq!(
        values(&measure(&ledger, Key::StagesByMachine, &Scope::All)),
        [0.0, 0.0]
    );
}

#[test]
fn readings_say_what_they_are_made_of_and_name_nobody() {
    let flow = Flow::new(&ledger_of(0..2, way(1, [0, 10, 20, 40])), at(NOW));
    let beside = Beside {
        sources_healthy: 2,
        sources: 3,
        cards_complete: 0,
        cards: 0,
        limits: vec![Limit {
            name: Clean::line("Code"),
            cards: 9,
            limit: 8,
        }],
    };
    let window = flow.window(TimeDelta::days(30));
    let readings = flow.calms(&Scope::All, &window, &utc_day, &beside);
    let names: Vec<&str> = readings.iter().map(|reading| reading.name).collect();
    assert_eq!(
        names,
        [
            "collaboration",
            "automation",
            "lean",
            "measurement",
            "sharing"
        ]
    );
    let told: Vec<&Metric> = readings.iter().flat_map(|r| &r.indicators).collect();
    let find = |key: Key| told.iter().find(|metric| metric.key == key).unwrap();
    assert_eq!(find(Key::SourcesHealthy).value, Some(2.0 / 3.0));
    assert_eq!(
        find(Key::EvidenceComplete).value,
        None,
        "no card is not all cards"
    );
    assert_eq!(find(Key::WipOverLimit).value, Some(1.0));
    assert!(
        told.iter()
            .all(|metric| metric.value.is_some() || metric.note.is_some())
    );
}
