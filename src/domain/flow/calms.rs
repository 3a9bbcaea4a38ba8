//! The five readings of CALMS: indicators with definitions, no scores, and nobody is ranked.

use crate::domain::flow::Flow;
use crate::domain::flow::days::DayOf;
use crate::domain::flow::metric::{Key, Metric, Point, Scope, Window};
use crate::domain::flow::stats::count;
use crate::domain::text::Clean;

/// A limit of work in progress, and how much there is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// What it limits: a column, a person, a service.
    pub name: Clean,
    /// How many cards there are.
    pub cards: usize,
    /// How many there may be.
    pub limit: usize,
}

/// What the board knows beside history.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Beside {
    /// Sources that answer.
    pub sources_healthy: usize,
    /// All sources.
    pub sources: usize,
    /// Cards of which nothing that decides their place is unknown.
    pub cards_complete: usize,
    /// All cards.
    pub cards: usize,
    /// Limits of work in progress.
    pub limits: Vec<Limit>,
}

/// One of the five.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// Its name.
    pub name: &'static str,
    /// Its indicators.
    pub indicators: Vec<Metric>,
}

/// Returns the five readings.
pub(super) fn readings(
    flow: &Flow,
    scope: &Scope,
    window: &Window,
    day_of: DayOf<'_>,
    beside: &Beside,
) -> Vec<Reading> {
    let of = |keys: &[Key]| -> Vec<Metric> {
        let metric = |key: &Key| flow.metric(*key, scope, window, day_of);
        keys.iter().map(metric).collect()
    };
    let told = |key, yes, all| share(key, scope, window, yes, all);
    let age = flow.metric(Key::WipAge, scope, window, day_of);
    let mut lean = vec![limits(scope, window, &beside.limits)];
    lean.extend(of(&[Key::BatchSize, Key::ChangesPerDeployment]));
    lean.push(old(&age));
    vec![
        Reading {
            name: "collaboration",
            indicators: of(&[Key::ReviewPairs, Key::Handoffs, Key::WaitForPeople]),
        },
        Reading {
            name: "automation",
            indicators: of(&[Key::StagesByMachine, Key::GateWait]),
        },
        Reading {
            name: "lean",
            indicators: lean,
        },
        Reading {
            name: "measurement",
            indicators: vec![
                told(Key::SourcesHealthy, beside.sources_healthy, beside.sources),
                told(Key::EvidenceComplete, beside.cards_complete, beside.cards),
            ],
        },
        Reading {
            name: "sharing",
            indicators: of(&[Key::ReviewSpread, Key::BusFactor]),
        },
    ]
}

/// Returns a share of what is counted now, with what it is made of.
fn share(key: Key, scope: &Scope, window: &Window, yes: usize, all: usize) -> Metric {
    Metric {
        key,
        value: (all > 0).then(|| count(yes.min(all)) / count(all)),
        scope: scope.clone(),
        window: *window,
        note: Some(if all == 0 {
            "there is none".to_owned()
        } else {
            format!("{yes} of {all}, as it is now")
        }),
        points: Vec::new(),
        counted: Some(all),
        open: Vec::new(),
        series: Vec::new(),
        spread: None,
        parts: Vec::new(),
        line: None,
    }
}

fn limits(scope: &Scope, window: &Window, limits: &[Limit]) -> Metric {
    let is_over = |limit: &&Limit| limit.cards > limit.limit;
    let over = limits.iter().filter(is_over).count();
    let mut metric = share(Key::WipOverLimit, scope, window, over, limits.len());
    metric.points = limits
        .iter()
        .map(|limit| Point {
            at: window.to,
            value: if is_over(&limit) { 1.0 } else { 0.0 },
            label: Clean::line(&format!("{} {}/{}", limit.name, limit.cards, limit.limit)),
            cards: Vec::new(),
            flagged: is_over(&limit),
        })
        .collect();
    if limits.is_empty() {
        metric.note = Some("no limit is configured".to_owned());
    }
    metric
}

/// Returns the part of the work in progress that is older than the line.
fn old(age: &Metric) -> Metric {
    let old = age.points.iter().filter(|point| point.flagged).count();
    let mut metric = share(Key::WipOld, &age.scope, &age.window, old, age.n());
    metric.points.clone_from(&age.points);
    metric.line = age.line;
    if age.line.is_none() {
        metric.value = None;
        metric.note.clone_from(&age.note);
    }
    metric
}
