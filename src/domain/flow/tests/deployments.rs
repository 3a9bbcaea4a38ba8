//! Edge cases of deployments: what is one, what failed, what ended it, what is told where there is none.

use chrono::{NaiveDate, TimeDelta};

use super::build::{
    HOUR, NOW, api, at, carried, delivered, delivery, incident, item, ledger, life, measure, repo,
    service, sha, step, utc_day, values,
};
use crate::domain::flow::{Flow, Key, Metric, Scope};
use crate::domain::history::{Delivery, DeliveryState, Ledger, Trouble};
use crate::domain::key::Sha;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

#[track_caller]
fn check(deliveries: Vec<Delivery>, troubles: Vec<Trouble>, key: Key, meant: &[f64]) -> Metric {
    let metric = measure(&delivered(deliveries, troubles), key, &api());
    assert_eq!(values(&metric), meant, "{key:?}");
    metric
}

fn note_of(metric: &Metric) -> &str {
    metric.note.as_deref().unwrap_or_default()
}

fn in_place(environment: &str, delivery: Delivery) -> Delivery {
    Delivery {
        environment: Clean::line(environment),
        ..delivery
    }
}

#[test]
fn the_same_version_again_is_no_deployment() {
    let again = vec![
        delivery("a", 10, 1),
        delivery("b", 20, 1),
        delivery("c", 30, 2),
    ];
    check(again, Vec::new(), Key::DeploymentFrequency, &[1.0, 1.0]);
}

#[test]
fn a_short_id_of_the_same_commit_is_the_same_version() {
    let full = Delivery {
        sha: Sha::parse("0123456789abcdef0123"),
        ..delivery("a", 10, 1)
    };
    let short = Delivery {
        sha: Sha::parse("0123456789ab"),
        ..delivery("b", 20, 1)
    };
    check(
        vec![full, short],
        Vec::new(),
        Key::DeploymentFrequency,
        &[1.0],
    );
}

#[test]
fn several_at_once_are_one_though_another_version_came_between() {
    let slow = Delivery {
        started_at: at(8),
        ..delivery("c", 14, 1)
    };
    let all = vec![delivery("a", 10, 1), delivery("b", 12, 2), slow];
    check(
        all.clone(),
        Vec::new(),
        Key::DeploymentFrequency,
        &[1.0, 1.0],
    );
    check(all, Vec::new(), Key::ChangeFailRate, &[0.0, 0.0]);
}

#[test]
fn a_version_that_spreads_to_another_region_is_one_deployment() {
    let all = vec![
        in_place("eu", delivery("a", 10, 1)),
        in_place("us", delivery("b", 12, 1)),
        in_place("eu", delivery("c", 20, 2)),
        in_place("us", delivery("d", 22, 2)),
    ];
    check(all, Vec::new(), Key::DeploymentFrequency, &[1.0, 1.0]);
}

#[test]
fn other_environments_and_other_ends_are_no_deployments() {
    let mut all = vec![Delivery {
        production: false,
        ..delivery("s", 5, 1)
    }];
    for (id, state) in [
        ("o", DeliveryState::Open),
        ("f", DeliveryState::Failed),
        ("x", DeliveryState::Abandoned),
        ("u", DeliveryState::Unknown),
    ] {
        all.push(Delivery {
            state,
            ..delivery(id, 10, 1)
        });
    }
    all.push(delivery("good", 20, 2));
    check(all.clone(), Vec::new(), Key::DeploymentFrequency, &[1.0]);
    check(all.clone(), Vec::new(), Key::FailedAttempts, &[1.0]);
    // An attempt that delivered nothing is no change that failed.
    check(all, Vec::new(), Key::ChangeFailRate, &[0.0]);
}

#[test]
fn a_rollback_fails_what_was_before_it_and_ends_that() {
    let back = Delivery {
        backward: true,
        ..delivery("c", 23, 1)
    };
    let all = vec![delivery("a", 10, 1), delivery("b", 20, 2), back];
    check(
        all.clone(),
        Vec::new(),
        Key::ChangeFailRate,
        &[0.0, 1.0, 0.0],
    );
    check(all.clone(), Vec::new(), Key::ReworkRate, &[0.0, 0.0, 1.0]);
    check(all, Vec::new(), Key::RecoveryTime, &[3.0 * HOUR]);
}

#[test]
fn a_version_that_was_there_before_is_a_rollback_and_coming_forth_again_is_none() {
    let all = vec![
        delivery("a", 10, 1),
        delivery("b", 20, 2),
        delivery("c", 30, 1),
        delivery("d", 40, 2),
    ];
    check(all, Vec::new(), Key::ChangeFailRate, &[0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_revert_fails_what_was_before_it_and_a_hotfix_is_rework_alone() {
    let revert = Delivery {
        reverts: true,
        ..delivery("b", 20, 2)
    };
    let hotfix = Delivery {
        hotfix: true,
        ..delivery("c", 30, 3)
    };
    let all = vec![delivery("a", 10, 1), revert, hotfix];
    check(
        all.clone(),
        Vec::new(),
        Key::ChangeFailRate,
        &[1.0, 0.0, 0.0],
    );
    check(all, Vec::new(), Key::ReworkRate, &[0.0, 1.0, 1.0]);
}

#[test]
fn an_incident_is_laid_to_the_deployment_of_the_day_before() {
    for (began, failed) in [
        (9, [0.0, 0.0]),
        (11, [1.0, 0.0]),
        (20, [0.0, 1.0]),
        (44, [0.0, 1.0]),
        (45, [0.0, 0.0]),
    ] {
        let all = vec![delivery("a", 10, 1), delivery("b", 20, 2)];
        check(
            all,
            vec![incident("i", began, None)],
            Key::ChangeFailRate,
            &failed,
        );
    }
}

#[test]
fn an_alert_counts_only_where_it_names_the_version() {
    let guess = Trouble {
        incident: false,
        ..incident("i", 21, Some(22))
    };
    let sure = Trouble {
        sha: Some(sha(2)),
        service: None,
        began_at: at(500),
        ..guess.clone()
    };
    let all = || vec![delivery("a", 10, 1), delivery("b", 20, 2)];
    check(all(), vec![guess], Key::ChangeFailRate, &[0.0, 0.0]);
    check(all(), vec![sure], Key::ChangeFailRate, &[0.0, 1.0]);
}

#[test]
fn recovery_ends_with_the_incident_or_with_the_next_good_deployment() {
    let bad = delivery("a", 10, 1);
    let ended = vec![incident("i", 12, Some(15))];
    check(
        vec![bad.clone()],
        ended.clone(),
        Key::RecoveryTime,
        &[5.0 * HOUR],
    );
    let fix = delivery("b", 13, 2);
    check(
        vec![bad.clone(), fix.clone()],
        ended.clone(),
        Key::RecoveryTime,
        &[3.0 * HOUR],
    );
    // What ended it was not planned.
    check(vec![bad.clone(), fix], ended, Key::ReworkRate, &[0.0, 1.0]);
    let early = delivery("b", 11, 2);
    let open = vec![incident("i", 12, None)];
    let metric = check(
        vec![bad.clone(), early],
        open.clone(),
        Key::RecoveryTime,
        &[],
    );
    assert_eq!(metric.open.len(), 1);
    let metric = check(vec![bad], open, Key::RecoveryTime, &[]);
    assert_eq!(metric.open[0].value, 950.0 * HOUR, "its age is told");
    assert!(note_of(&metric).contains("1 not over yet"), "{metric:?}");
}

#[test]
fn lead_time_is_from_the_first_commit_to_the_first_deployment_that_has_it() {
    let mut first = delivery("a", 50, 1);
    first.carried = vec![
        carried(1, Some(10), 40),
        carried(2, None, 45),
        carried(3, Some(60), 49),
    ];
    let mut second = in_place("us", delivery("b", 90, 1));
    second.carried = vec![carried(1, Some(10), 40), carried(4, Some(80), 85)];
    let metric = check(
        vec![first, second],
        Vec::new(),
        Key::LeadTime,
        &[40.0 * HOUR, 10.0 * HOUR],
    );
    assert_eq!(metric.value, None);
    for part in [
        "too few for a value: 2",
        "1 left out: ends before",
        "1 left out: not wholly",
    ] {
        assert!(note_of(&metric).contains(part), "{metric:?}");
    }
    assert_eq!(metric.cards(), [item(1), item(4)]);
}

#[test]
fn the_first_deployment_proves_no_lead_and_a_deployment_may_bring_nothing() {
    let first = Delivery {
        range_known: false,
        carried: vec![carried(1, Some(1), 2)],
        ..delivery("a", 10, 1)
    };
    let second = Delivery {
        carried: vec![carried(1, Some(1), 2)],
        ..delivery("b", 20, 2)
    };
    let metric = check(vec![first, second], Vec::new(), Key::LeadTime, &[]);
    assert!(
        note_of(&metric).contains("1 left out: not wholly known"),
        "{metric:?}"
    );
    let empty = vec![delivery("a", 10, 1)];
    check(empty, Vec::new(), Key::ChangesPerDeployment, &[0.0]);
}

#[test]
fn a_change_that_was_taken_back_keeps_its_lead_and_is_marked() {
    let mut bad = delivery("a", 50, 1);
    bad.carried = vec![carried(1, Some(10), 40)];
    let revert = Delivery {
        reverts: true,
        ..delivery("b", 60, 2)
    };
    let metric = check(vec![bad, revert], Vec::new(), Key::LeadTime, &[40.0 * HOUR]);
    assert!(metric.points[0].flagged);
}

#[test]
fn changes_of_machines_are_a_metric_of_their_own() {
    let mut one = delivery("a", 50, 1);
    one.carried = vec![carried(1, Some(10), 40)];
    one.carried[0].bot = true;
    check(vec![one.clone()], Vec::new(), Key::LeadTime, &[]);
    check(vec![one], Vec::new(), Key::LeadTimeBots, &[40.0 * HOUR]);
}

#[test]
fn services_are_never_blended() {
    let mut all = Vec::new();
    for number in 0..6 {
        let mut of_api = delivery(
            &format!("a{number}"),
            number * 10,
            usize::try_from(number).unwrap(),
        );
        of_api.carried = vec![carried(1, Some(-5), number * 10)];
        let mut of_web = of_api.clone();
        of_web.service = service("web");
        all.extend([of_api, of_web]);
    }
    let ledger = delivered(all, Vec::new());
    let metric = measure(&ledger, Key::LeadTime, &Scope::All);
    assert_eq!((metric.n(), metric.value, metric.spread), (12, None, None));
    let parts: Vec<_> = metric
        .parts
        .iter()
        .map(|p| (p.name.as_str(), p.n, p.value))
        .collect();
    assert_eq!(
        parts,
        [("api", 6, Some(25.0 * HOUR)), ("web", 6, Some(25.0 * HOUR))]
    );
    assert_eq!(
        measure(&ledger, Key::LeadTime, &api()).value,
        Some(25.0 * HOUR)
    );
}

#[test]
fn without_deployments_nothing_is_zero_and_what_stands_for_them_is_named() {
    let life = || crate::domain::history::Record::Life(Box::new(life(1)));
    let coded = step(1, 10, Stage::Code, Status::Drafting);
    let mut merged = step(1, 20, Stage::Release, Status::Unreleased);
    merged.rule = Clean::line("merged-proxy");
    let released = step(1, 20, Stage::Operate, Status::Live);
    for (last, word) in [
        (merged, "n/a (proxy: merge)"),
        (released, "n/a (proxy: release)"),
    ] {
        let ledger = ledger(vec![life()], vec![coded.clone(), last]);
        for key in [
            Key::LeadTime,
            Key::DeploymentFrequency,
            Key::ChangeFailRate,
            Key::RecoveryTime,
            Key::ReworkRate,
            Key::FailedAttempts,
        ] {
            let metric = measure(&ledger, key, &api());
            assert_eq!(metric.value, None, "{key:?}");
            assert!(note_of(&metric).starts_with(word), "{metric:?}");
        }
        assert_eq!(measure(&ledger, Key::FrequencyProxy, &api()).n(), 1);
    }
    let none = measure(&ledger(vec![life()], vec![coded]), Key::LeadTime, &api());
    assert!(
        note_of(&none).starts_with("n/a (no deployment is known)"),
        "{none:?}"
    );
}

#[test]
fn a_window_without_deployments_tells_of_the_last_one() {
    let flow = Flow::new(&delivered(vec![delivery("a", 10, 1)], Vec::new()), at(NOW));
    let metric = flow.metric(
        Key::DeploymentFrequency,
        &api(),
        &flow.window(TimeDelta::days(7)),
        &utc_day,
    );
    assert_eq!(metric.value, None);
    assert_eq!(
        note_of(&metric),
        "none in the window, the last on 2026-11-01"
    );
}

#[test]
fn history_that_began_within_the_window_says_so_and_counts_from_there() {
    let all =
        (0..10_u8).map(|n| delivery(&format!("d{n}"), i64::from(n) * 96 + 48, usize::from(n)));
    let all: Vec<Delivery> = all.collect();
    let records = all
        .into_iter()
        .map(|d| crate::domain::history::Record::Delivery(Box::new(d)));
    let ledger = Ledger::new(Some(at(NOW - 240)), records, Vec::new());
    let metric = measure(&ledger, Key::DeploymentFrequency, &api());
    assert_eq!(metric.n(), 2);
    assert_eq!(metric.value, Some(0.2), "two in ten days");
    assert_eq!(note_of(&metric), "counts since 2026-12-01");
    let nothing = measure(&Ledger::default(), Key::Throughput, &Scope::All);
    assert_eq!((nothing.value, note_of(&nothing)), (None, "no history yet"));
    for key in Key::ALL {
        let metric = measure(&Ledger::default(), key, &Scope::All);
        assert_eq!(metric.value, None, "{key:?}");
        assert!(note_of(&metric).contains("no history yet"), "{metric:?}");
    }
}

#[test]
fn a_repository_of_which_little_is_read_cuts_what_is_told_of_itself_and_of_all() {
    use crate::domain::history::{Coverage, Record};
    let covered = |number: usize, hours: i64| {
        Record::Coverage(Coverage {
            repo: repo(number),
            from: at(NOW - hours),
            to: at(NOW),
        })
    };
    let deliveries = [(0, "api"), (1, "web")].map(|(number, name)| {
        let mut made = delivery(name, NOW - 30, number);
        made.repo = repo(number);
        made.service = service(name);
        Record::Delivery(Box::new(made))
    });
    let records = deliveries
        .into_iter()
        .chain([covered(0, 2_000), covered(1, 48)]);
    let ledger = Ledger::new(None, records, Vec::new());
    let since = |ledger: &Ledger, scope: &Scope| {
        let flow = Flow::new(ledger, at(NOW));
        let window = flow.window_of(scope, TimeDelta::days(30));
        (window.is_cut(), window.since)
    };
    let little = (true, Some(at(NOW - 48)));
    assert_eq!(since(&ledger, &Scope::All), little);
    for (number, name, expected) in [
        (0, "api", (false, Some(at(NOW - 2_000)))),
        (1, "web", little),
    ] {
        assert_eq!(
            since(&ledger, &Scope::Repo(repo(number))),
            expected,
            "{name}"
        );
        assert_eq!(
            since(&ledger, &Scope::Service(service(name))),
            expected,
            "{name}"
        );
    }
    // What is not kept is not counted, whatever was read.
    let kept = ledger.counts_from(Some(at(NOW - 100)));
    assert_eq!(
        since(&kept, &Scope::Repo(repo(0))),
        (true, Some(at(NOW - 100)))
    );
}

#[test]
fn days_are_those_of_the_zone_even_when_one_has_twenty_five_hours() {
    // Clocks go back an hour at 01:00 UTC of the third day.
    let local = |moment: crate::domain::Timestamp| {
        let ahead = if moment < at(49) { 2 } else { 1 };
        (moment + TimeDelta::hours(ahead)).date_naive()
    };
    let all = [(21, 1), (22, 2), (46, 3), (70, 4), (71, 5)];
    let all = all.map(|(hour, version)| delivery(&format!("d{version}"), hour, version));
    let flow = Flow::new(&delivered(all.to_vec(), Vec::new()), at(96));
    let window = flow.window(TimeDelta::hours(96));
    let metric = flow.metric(Key::DeploymentFrequency, &api(), &window, &local);
    let days: Vec<(NaiveDate, usize)> = metric.series.iter().map(|d| (d.day, d.n)).collect();
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    assert_eq!(
        days,
        [
            (day(1), 1),
            (day(2), 1),
            (day(3), 2),
            (day(4), 1),
            (day(5), 0)
        ]
    );
}
