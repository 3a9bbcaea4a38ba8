//! Every metric equals the oracle's, whatever happened; and what holds of all of them.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::build::{NOW, at, repo, service, utc_day};
use super::oracle::{Expected, View, mean, median, rank};
use super::worlds::{World, world};
use crate::domain::flow::{Beside, Flow, Key, Metric, Scope, Unit};
use crate::domain::history::Ledger;
use crate::domain::stage::Stage;

const SPAN: i64 = 30;

fn ledger_of(world: &World) -> Ledger {
    Ledger::new(
        Some(at(world.since)),
        world.records.clone(),
        world.transitions.clone(),
    )
}

fn scopes() -> Vec<Scope> {
    vec![
        Scope::All,
        Scope::Service(service("api")),
        Scope::Service(service("web")),
        Scope::Repo(repo(0)),
        Scope::Repo(repo(1)),
    ]
}

fn expected(view: &View<'_>, key: Key) -> Option<Expected> {
    let yes = |is: bool| Some(f64::from(u8::from(is)));
    let count = |points: Vec<_>| Expected {
        value: Some(points.len() as f64),
        points,
        open: 0,
    };
    Some(match key {
        Key::LeadTime => view.leads(false, false),
        Key::LeadTimeBots => view.leads(true, false),
        Key::LeadTimeFromMerge => view.leads(false, true),
        Key::DeploymentFrequency => view.frequency(),
        Key::ChangeFailRate => mean(view.deployments(|d| yes(d.failed))),
        Key::ReworkRate => mean(view.deployments(|d| yes(d.rework))),
        Key::RecoveryTime => view.recovery(),
        Key::FailedAttempts => count(view.attempts()),
        Key::ChangesPerDeployment => median(view.deployments(|d| {
            let carried = d.delivery.carried.iter().map(|c| (&c.item, c.landed_at));
            let changes: std::collections::BTreeSet<_> = carried.collect();
            (d.delivery.range_known && !d.back).then_some(changes.len() as f64)
        })),
        Key::LeadTimeProxy => median(view.proxied().0),
        Key::CycleTime => view.cycle(false),
        Key::CycleTimeBots => view.cycle(true),
        Key::CycleTimeIn(stage) => view.cycle_in(stage),
        Key::Throughput => view.throughput(false),
        Key::ThroughputBots => view.throughput(true),
        Key::Wip => count(view.ages().into_iter().map(|(at, _)| (at, 1.0)).collect()),
        Key::WipAge => median(view.ages()),
        Key::FlowEfficiency => view.part(false),
        Key::WaitForPeople => view.part(true),
        Key::StagesByMachine => view.by_machine(),
        Key::Handoffs => view.handoffs(),
        Key::GateWait => view.gates(),
        Key::LittlesLaw => Expected {
            value: view.little(),
            ..view.cycle(false)
        },
        Key::TimeToFirstReview => view.first_review(false),
        Key::TimeToApprove => view.first_review(true),
        Key::ReviewRounds => view.rounds(),
        Key::MergeWait => view.wait(),
        Key::BatchSize => view.size(),
        Key::TimeToFeedback => view.feedback(),
        Key::CiQueue => view.queue(),
        Key::CiSuccessRate => view.success(),
        Key::FlakeRate => view.flakes(),
        Key::TimeToGreen => view.to_green(),
        Key::FrequencyProxy
        | Key::ReviewPairs
        | Key::WipOverLimit
        | Key::WipOld
        | Key::SourcesHealthy
        | Key::EvidenceComplete
        | Key::ReviewSpread
        | Key::BusFactor => return None,
    })
}

#[track_caller]
fn is_near(told: Option<f64>, meant: Option<f64>, what: &str) {
    let same = match (told, meant) {
        (Some(told), Some(meant)) => (told - meant).abs() <= 1e-9 * meant.abs().max(1.0),
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{what}: told {told:?}, meant {meant:?}");
}

#[track_caller]
fn compare(metric: &Metric, mut meant: Expected, what: &str) {
    let order = |a: &(_, f64), b: &(_, f64)| Ord::cmp(&a.0, &b.0).then(a.1.total_cmp(&b.1));
    let mut told: Vec<_> = metric.points.iter().map(|p| (p.at, p.value)).collect();
    told.sort_by(order);
    meant.points.sort_by(order);
    assert_eq!(
        told.len(),
        meant.points.len(),
        "{what}: {told:?}\n{:?}",
        meant.points
    );
    for (told, meant) in told.iter().zip(&meant.points) {
        assert_eq!(told.0, meant.0, "{what}");
        is_near(Some(told.1), Some(meant.1), what);
    }
    assert_eq!(metric.open.len(), meant.open, "{what}: what is not over");
    let values: Vec<f64> = meant.points.iter().map(|(_, value)| *value).collect();
    if let Some(spread) = metric.spread {
        for (told, percent) in [
            (spread.p50, 50),
            (spread.p85, 85),
            (spread.p90, 90),
            (spread.p95, 95),
        ] {
            is_near(Some(told), Some(rank(&values, percent)), what);
        }
    }
    // What is of a service has no value where there are several.
    let is_blended = metric.scope == Scope::All && key_blends(metric);
    if !is_blended {
        is_near(metric.value, meant.value, what);
    }
    if metric.points.len() < 5 {
        assert_eq!(metric.spread, None, "{what}");
    }
}

fn key_blends(metric: &Metric) -> bool {
    metric.key.is_of_service() || metric.value.is_none() && metric.key.is_of_deployments()
}

fn all_keys() -> Vec<Key> {
    let mut keys = Key::ALL.to_vec();
    keys.extend([Key::WaitForPeople, Key::StagesByMachine]);
    keys
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_metric_is_what_its_definition_says(world in world()) {
        let ledger = ledger_of(&world);
        let flow = Flow::new(&ledger, at(NOW));
        let window = flow.window(TimeDelta::days(SPAN));
        for scope in scopes() {
            let view = View {
                ledger: &ledger,
                service: if let Scope::Service(service) = &scope { Some(service.clone()) } else { None },
                repo: if let Scope::Repo(repo) = &scope { Some(repo.clone()) } else { None },
                from: at(world.since.max(NOW - SPAN * 24)),
            };
            for key in all_keys() {
                let Some(mut meant) = expected(&view, key) else { continue };
                let metric = flow.metric(key, &scope, &window, &utc_day);
                if !metric.parts.is_empty() && matches!(scope, Scope::Repo(_)) && key.is_of_service() {
                    // Two services of one repository have no value together.
                    meant.value = None;
                }
                if key.is_of_deployments() && metric.note.as_deref().is_some_and(|n| n.starts_with("n/a")) {
                    prop_assert!(meant.points.is_empty());
                    meant.value = None;
                }
                compare(&metric, meant, &format!("{} of {}", key.as_str(), scope.name()));
            }
        }
    }

    #[test]
    fn cumulative_flow_is_where_cards_stand_and_its_bands_never_cross(world in world()) {
        let ledger = ledger_of(&world);
        let flow = Flow::new(&ledger, at(NOW));
        let window = flow.window(TimeDelta::days(SPAN));
        let told = flow.cumulative(&Scope::All, &window, &utc_day);
        let view = View { ledger: &ledger, service: None, repo: None, from: window.from };
        for (place, day) in told.entered.iter().enumerate() {
            prop_assert!(day.is_sorted_by(|a, b| a >= b));
            let end = told.days[place].succ_opt().unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc();
            for stage in Stage::ALL {
                let meant = view.entered(stage, end - TimeDelta::seconds(1));
                prop_assert_eq!(day[stage.index()], meant);
            }
        }
    }

    #[test]
    fn the_parts_of_a_cycle_are_the_whole(world in world()) {
        let ledger = ledger_of(&world);
        let flow = Flow::new(&ledger, at(NOW));
        let window = flow.window(TimeDelta::days(SPAN));
        let sum = |key| {
            let metric = flow.metric(key, &Scope::All, &window, &utc_day);
            metric.points.iter().map(|point| point.value).sum::<f64>()
        };
        let stages: f64 = Stage::ALL.into_iter().map(|stage| sum(Key::CycleTimeIn(stage))).sum();
        is_near(Some(stages), Some(sum(Key::CycleTime)), "stages");
    }

    #[test]
    fn order_and_repetition_make_no_difference(world in world(), turn in 0..30_usize) {
        let ledger = ledger_of(&world);
        let mut again = world.clone();
        again.records.extend(world.records.clone());
        again.records.reverse();
        again.transitions.extend(world.transitions.clone());
        let (many, few) = (again.records.len().max(1), again.transitions.len().max(1));
        again.records.rotate_left(turn % many);
        again.transitions.rotate_left(turn % few);
        let (one, two) = (Flow::new(&ledger, at(NOW)), Flow::new(&ledger_of(&again), at(NOW)));
        let window = one.window(TimeDelta::days(SPAN));
        for scope in scopes() {
            prop_assert_eq!(one.report(&scope, &window, &utc_day), two.report(&scope, &window, &utc_day));
        }
    }

    #[test]
    fn every_point_is_measured_in_the_unit_that_is_told_of_points(world in world()) {
        let ledger = ledger_of(&world);
        let flow = Flow::new(&ledger, at(NOW));
        let window = flow.window(TimeDelta::days(SPAN));
        for scope in scopes() {
            let readings = flow.calms(&scope, &window, &utc_day, &Beside::default());
            let of_calms = readings.into_iter().flat_map(|reading| reading.indicators);
            let all = flow.report(&scope, &window, &utc_day).into_iter().chain(of_calms);
            for metric in all {
                let key = metric.key.as_str();
                for point in metric.points.iter().chain(&metric.open) {
                    let fits = match metric.key.unit_of_points() {
                        Unit::Share => (0.0..=1.0).contains(&point.value),
                        Unit::PerDay | Unit::PerWeek => false,
                        Unit::Seconds | Unit::Cards | Unit::Lines | Unit::Count => {
                            point.value >= 0.0 && point.value.fract() == 0.0
                        }
                    };
                    prop_assert!(fits, "{key}: {}", point.value);
                }
            }
        }
    }

    #[test]
    fn days_add_up_to_the_window(world in world()) {
        let ledger = ledger_of(&world);
        let flow = Flow::new(&ledger, at(NOW));
        let window = flow.window(TimeDelta::days(SPAN));
        for metric in flow.report(&Scope::All, &window, &utc_day) {
            let is_stock = matches!(metric.key, Key::Wip | Key::WipAge | Key::LittlesLaw);
            let sum: usize = metric.series.iter().map(|day| day.n).sum();
            prop_assert!(is_stock || sum == metric.n(), "{}", metric.key.as_str());
            prop_assert!(metric.value.is_some() || metric.note.is_some(), "{}", metric.key.as_str());
            prop_assert!(metric.value.is_none_or(f64::is_finite), "{}", metric.key.as_str());
        }
    }
}
