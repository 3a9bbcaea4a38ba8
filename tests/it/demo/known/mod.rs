//! What the simulated team did within ninety days, computed by brute force from its own truth,
//! against what comes of it by forge, adapter, history's records and flow.
//!
//! Every point and every value is compared, by service or repository, for several windows. The
//! oracle knows nothing of facts, cards and records. It knows what a forge can tell: of what began
//! before the window, nothing.

mod calendar;
mod checks;
mod delivery;
mod progress;
mod review;
mod work;

use std::collections::BTreeMap;

use cycleboard::app::demo::policy;
use cycleboard::demo::scenario::people;
use cycleboard::demo::scenario::team::Service;
use cycleboard::domain::correlate::{Need, Sourced};
use cycleboard::domain::fact::Fact;
use cycleboard::domain::flow::{Flow, Key, Metric, Scope};
use cycleboard::domain::history::{Ledger, Record, chronicle};
use cycleboard::domain::key::{RepoKey, ServiceName, SourceName};
use cycleboard::sources::{Source as _, Tier};

use super::*;
use crate::demo::past::{fetch, settle, source};

const DAY: i64 = 86_400;

/// The windows that are compared, in days. The longest ends where what was under way when the past
/// begins is over: no forge tells of that.
const WINDOWS: [i64; 3] = [7, 30, 82];

/// What the program told, and the world that it told of.
struct Told {
    bench: Bench,
    facts: Vec<Sourced>,
    from: i64,
}

/// A service of a repository.
struct Of<'a> {
    state: &'a RepoState,
    service: &'a Service,
}

/// The points of each metric: its moment and its value.
#[derive(Default)]
struct Truth(BTreeMap<&'static str, Vec<(i64, f64)>>);

impl Truth {
    fn add(&mut self, key: &'static str, at: i64, value: f64) {
        self.0.entry(key).or_default().push((at, value));
    }

    /// A span that ends before it begins is none.
    fn span(&mut self, key: &'static str, at: i64, from: i64, to: i64) {
        if to >= from {
            self.add(key, at, float(to - from));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers are small")]
fn float(number: i64) -> f64 {
    number as f64
}

fn number(count: usize) -> f64 {
    float(i64::try_from(count).unwrap())
}

fn is_bot(person: usize) -> bool {
    people::of(person).bot
}

async fn tell() -> Told {
    let bench = bench(Options::default()).await;
    let source = source(&bench);
    let mut batches = settle(&source, Tier::Now, START).await;
    for probe in source.resources(instant(START)) {
        if probe.id.starts_with("probe:") || probe.id.starts_with("runs:") {
            batches.push(fetch(&source, &probe.id, START).await);
        }
    }
    // What the board would ask: the times of open pull requests, the files where services share.
    source.need(&needs(&bench));
    for tier in [Tier::Now, Tier::Past, Tier::Spare] {
        batches.extend(settle(&source, tier, START).await);
    }
    let said = |fact| Sourced {
        source: SourceName::new("github"),
        fact: Arc::new(fact),
    };
    let from = batches.iter().filter_map(|it| it.past_from).max().unwrap();
    let past = batches.iter().flat_map(|it| it.past.iter().cloned());
    // What is known now holds against what was read of the past.
    let now = batches.iter().flat_map(|it| it.facts.iter().cloned());
    let facts: Vec<Sourced> = past.chain(now).map(said).collect();
    Told {
        bench,
        facts,
        from: from.timestamp(),
    }
}

/// What is asked besides: the times of open pull requests, and which files they touch where that
/// decides to which service they belong.
fn needs(bench: &Bench) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    for index in 0..bench.forge.world().len() {
        let state = bench.forge.world().at(index, instant(START)).unwrap();
        let repo = repo_of(bench, &state);
        for pull in &state.pulls {
            let number = pull.number;
            if pull.closed_at.is_none() {
                let repo = repo.clone();
                needs.insert(Need::Times { repo, number });
                if state.spec.services.len() > 1 {
                    let repo = repo_of(bench, &state);
                    needs.insert(Need::Paths { repo, number });
                }
            }
        }
    }
    needs
}

fn repo_of(bench: &Bench, state: &RepoState) -> RepoKey {
    let url = bench.forge.url();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    RepoKey::new(&host, &state.spec.full_name())
}

impl Told {
    /// Measures what was told of some repositories; how cards moved since a moment.
    fn flow(&self, of: impl Fn(&RepoKey) -> bool, since: Option<i64>) -> Flow {
        let is_one = |said: &&Sourced| said.fact.repo().is_none_or(&of);
        let facts: Vec<Sourced> = self.facts.iter().filter(is_one).cloned().collect();
        let tell = |from: i64, to: i64| {
            let span = (instant(from), instant(to));
            chronicle(
                &facts,
                &policy(cycleboard::domain::policy::Policy::default()).unwrap(),
                span,
                || true,
            )
            .unwrap()
        };
        let told = tell(since.unwrap_or(START), START);
        let from = instant(since.unwrap_or(self.from));
        // A card that is long over is on no board of today; the later record holds.
        let before = tell(START - 45 * DAY, START - 45 * DAY).records;
        let lives = before
            .into_iter()
            .filter(|it| matches!(it, Record::Life(_)));
        let records = lives.chain(told.records);
        let ledger = Ledger::new(Some(from), records, told.transitions);
        Flow::new(&ledger, instant(START))
    }
}

fn metric(flow: &Flow, scope: &Scope, key: &str, days: i64) -> Metric {
    let key = Key::ALL.into_iter().find(|it| it.as_str() == key).unwrap();
    let window = flow.window(TimeDelta::days(days));
    flow.metric(key, scope, &window, &|at| at.date_naive())
}

/// By nearest rank: the smallest value that half of the values do not exceed.
fn median(points: &[(i64, f64)]) -> Option<f64> {
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    (values.len() >= 5).then(|| values[values.len().div_ceil(2) - 1])
}

fn mean(points: &[(i64, f64)]) -> Option<f64> {
    let sum: f64 = points.iter().map(|(_, value)| value).sum();
    (points.len() >= 5).then(|| sum / number(points.len()))
}

/// The value of the points of a window of so many days; of none, nothing is compared.
fn value(key: &str, points: &[(i64, f64)], days: i64) -> Option<f64> {
    match key {
        "deployment_frequency" => Some(number(points.len()) / float(days)),
        "throughput" | "throughput_bots" => Some(number(points.len()) * 7.0 / float(days)),
        "deploy_attempt_failures" => Some(number(points.len())),
        "change_fail_rate" | "rework_rate" | "ci_success_rate" | "flake_rate" | "time_to_green" => {
            mean(points)
        }
        _ => median(points),
    }
}

/// How closely the way of a card is looked at, in seconds: work is seen to begin so late at most.
const LOOK: f64 = 600.0;

fn is_near(a: Option<f64>, b: Option<f64>, slack: f64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= slack,
        (a, b) => a == b,
    }
}

/// Says how what the program told differs from the truth, where it does.
fn difference(found: &Metric, key: &str, truth: &[(i64, f64)], days: i64) -> Option<String> {
    let from = START - days * DAY;
    let mut expected: Vec<(i64, f64)> = truth.to_vec();
    expected.retain(|(at, _)| from < *at && *at <= START);
    let points = found.points.iter();
    let mut points: Vec<(i64, f64)> = points.map(|it| (it.at.timestamp(), it.value)).collect();
    for all in [&mut expected, &mut points] {
        all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    }
    let worth = value(key, &expected, days).filter(|_| !expected.is_empty());
    let slack = if OF_WORK.contains(&key) { LOOK } else { 1e-6 };
    let is_same = points.is_empty() || is_near(found.value, worth, slack);
    let mut pairs = points.iter().zip(&expected);
    let is_told = pairs.all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() <= slack);
    if points.len() == expected.len() && is_told && is_same {
        return None;
    }
    let missing: Vec<_> = expected.iter().filter(|it| !points.contains(it)).collect();
    let more: Vec<_> = points.iter().filter(|it| !expected.contains(it)).collect();
    Some(format!(
        "{key} of {days} d: {} points expected, {} found, {worth:?} expected, {:?} found ({:?}); \
         not found {:?}; not expected {:?}",
        expected.len(),
        points.len(),
        found.value,
        found.note,
        &missing[..missing.len().min(6)],
        &more[..more.len().min(6)]
    ))
}

/// What is measured for a service, and for a repository.
const OF_SERVICE: [&str; 9] = [
    "lead_time",
    "lead_time_bots",
    "lead_time_from_merge",
    "deployment_frequency",
    "change_fail_rate",
    "recovery_time",
    "rework_rate",
    "deploy_attempt_failures",
    "changes_per_deployment",
];
const OF_REPO: [&str; 10] = [
    "time_to_feedback",
    "ci_queue",
    "ci_success_rate",
    "flake_rate",
    "time_to_green",
    "time_to_first_review",
    "time_to_approve",
    "review_rounds",
    "merge_wait",
    "batch_size",
];

/// What is measured by the ways of cards.
const OF_WORK: [&str; 4] = [
    "cycle_time",
    "cycle_time_bots",
    "throughput",
    "throughput_bots",
];

/// What was compared, and what differed.
#[derive(Default)]
struct Compared {
    points: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Compared {
    fn take(&mut self, flow: &Flow, scope: &Scope, truth: &Truth, keys: &[&'static str]) {
        for key in keys {
            let points = truth.0.get(key).map_or(&[][..], Vec::as_slice);
            *self.points.entry(key).or_default() += points.len();
            for days in WINDOWS {
                let found = metric(flow, scope, key, days);
                if found.window.asked > TimeDelta::seconds(found.window.seconds() + 1) {
                    continue;
                }
                let differs = difference(&found, key, points, days);
                let name = scope.name();
                self.wrong.extend(differs.map(|it| format!("{name}: {it}")));
            }
        }
    }
}

/// The repositories whose cards are followed on their way: one whose branch is broken and mended,
/// one with machines at work.
const FOLLOWED: [&str; 1] = ["docs"];

/// For how many days they are: what was done in the last seven of them began within.
const WAY: i64 = 21;

#[tokio::test]
async fn every_number_of_ninety_days_is_what_the_team_did() {
    let told = tell().await;
    // How cards moved is not looked at here: it takes its time.
    let flow = told.flow(|_| true, None);
    let jobs = told.facts.iter().filter_map(|said| {
        if let Fact::JobSet(jobs) = said.fact.as_ref() {
            Some(jobs.run.id)
        } else {
            None
        }
    });
    let jobs: BTreeSet<u64> = jobs.collect();
    let mut compared = Compared::default();
    let (team, worked) = (calendar::calendar(), calendar::Worked::new());
    for index in 0..told.bench.forge.world().len() {
        let state = told.bench.forge.world().at(index, instant(START)).unwrap();
        for service in &state.spec.services {
            let mut truth = Truth::default();
            let of = Of {
                state: &state,
                service,
            };
            delivery::truth(&of, told.from, &mut truth);
            let scope = Scope::Service(ServiceName::new(&service.name));
            compared.take(&flow, &scope, &truth, &OF_SERVICE);
            let told = (&flow, told.from);
            calendar::compare(&of, (&team, &worked), told, &mut compared);
        }
        let mut truth = Truth::default();
        checks::truth(&state, (told.from, &jobs), &mut truth);
        review::truth(&state, told.from, &mut truth);
        work::truth(&state, told.from, &mut truth);
        let key = repo_of(&told.bench, &state);
        let scope = Scope::Repo(key.clone());
        compared.take(&flow, &scope, &truth, &OF_REPO);
        if FOLLOWED.contains(&state.spec.name.as_str()) {
            let flow = told.flow(|repo| *repo == key, Some(START - WAY * DAY));
            compared.take(&flow, &scope, &truth, &OF_WORK);
            let of = Of {
                state: &state,
                service: &state.spec.services[0],
            };
            progress::compare(&of, &scope, (&flow, told.from), &mut compared);
        }
    }
    let named = progress::KEYS.iter().chain(&calendar::KEYS);
    for key in named {
        let _ = compared.points.entry(key).or_default();
    }
    let silent = compared.points.iter().filter(|(_, points)| **points == 0);
    let silent: Vec<_> = silent.collect();
    assert!(
        silent.is_empty(),
        "nothing was there to compare: {silent:?}"
    );
    assert!(compared.wrong.is_empty(), "{}", compared.wrong.join("\n"));
}
