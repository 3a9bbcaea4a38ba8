//! What GitHub is asked for in an hour: points, charged requests, free answers.
//!
//! Run with `cargo bench --bench cost`, and `-- unchanged`, `-- work` or `-- busy` for one
//! of the worlds. The real adapter, schedule and budget run against the demo
//! forge; the hour is simulated. Counts, not times.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures time, and stops when it cannot go on"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::DateTime;
use cycleboard::config::SourceConfig;
use cycleboard::demo::forge::{Forge, Seen, TOKEN, start};
use cycleboard::demo::{Clock, Options};
use cycleboard::domain::Timestamp;
use cycleboard::domain::correlate::{Correlator, Sourced};
use cycleboard::domain::fact::FactKind;
use cycleboard::domain::policy::Policy;
use cycleboard::engine::schedule::Schedule;
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits, Stored, ValidatorKey, Validators, counted};
use cycleboard::sources::{Fetch, Source};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A Tuesday, 09:00 UTC.
const START: i64 = 1_790_067_600;
const REPOS: usize = 100;
/// How long the start may take before the hour is counted.
const SETTLE: Duration = Duration::from_mins(10);
const HOUR: Duration = Duration::from_hours(1);
/// How many GraphQL points an hour may cost.
const POINTS: u64 = 600;
/// How many charged REST requests an hour may cost.
const CHARGED: u64 = 1_000;
/// What one answer takes.
const LATENCY: Duration = Duration::from_millis(150);
/// The kinds of facts that make a board live.
const KINDS: [FactKind; 6] = [
    FactKind::Ticket,
    FactKind::ChangeRequest,
    FactKind::Run,
    FactKind::JobSet,
    FactKind::Release,
    FactKind::Deployment,
];

#[derive(Default)]
struct Memory(Mutex<HashMap<ValidatorKey, Stored>>);

impl Validators for Memory {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(key).cloned()
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(key.clone(), stored);
    }
}

fn moment(millis: i64) -> Timestamp {
    DateTime::from_timestamp_millis(millis).expect("a moment")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("a short time")
}

fn hand(clock: &Arc<AtomicI64>) -> Clock {
    let clock = Arc::clone(clock);
    Arc::new(move || moment(clock.load(Ordering::Relaxed)))
}

struct Run {
    forge: Forge,
    source: GitHub,
    schedule: Schedule,
    correlator: Correlator,
    policy: Policy,
    ours: Arc<AtomicI64>,
    theirs: Option<Arc<AtomicI64>>,
    now: Duration,
    points: u64,
    last_points: u64,
    kinds: BTreeSet<FactKind>,
    covered: BTreeSet<String>,
    by_kind: BTreeMap<String, Cost>,
}

/// What one kind of resource, or one route, cost.
#[derive(Clone, Copy, Default)]
struct Cost {
    polls: u64,
    requests: u64,
    charged: u64,
    points: u64,
}

impl Run {
    /// Fetches what is due until `end`; stops early where `done` says so.
    async fn until(&mut self, end: Duration, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let Some(next) = self.schedule.next().filter(|at| *at <= end) else {
                self.go_to(end);
                return;
            };
            self.go_to(next.max(self.now));
            let Some(due) = self.schedule.take(self.now) else {
                self.now += Duration::from_millis(1);
                continue;
            };
            let first = self.forge.ledger().total();
            let points = self.points;
            let fetch = Fetch {
                resource: Arc::clone(&due.id),
                now: moment(self.ours.load(Ordering::Relaxed)),
                forced: due.forced,
            };
            let (polled, charged) = counted(self.source.fetch(fetch)).await;
            self.go_to(self.now + LATENCY);
            self.count();
            let kind = due.id.split(':').next().unwrap_or_default().to_owned();
            let entry = self.by_kind.entry(kind).or_default();
            entry.polls += 1;
            entry.requests += self.forge.ledger().total() - first;
            entry.charged += charged_since(&self.forge, first);
            entry.points += self.points - points;
            if let Some(charged) = charged {
                self.schedule.charged(&due.id, charged, self.now);
            }
            self.schedule.done(&due.id, polled.as_ref().err(), self.now);
            match polled {
                Ok(batch) => {
                    self.kinds
                        .extend(batch.facts.iter().map(cycleboard::domain::fact::Fact::kind));
                    self.covered
                        .extend(batch.covered.iter().map(ToString::to_string));
                    self.correlate(batch.facts);
                }
                Err(error) => println!("  {}: {error}", due.id),
            }
            self.renew();
        }
    }

    fn correlate(&mut self, facts: Vec<cycleboard::domain::fact::Fact>) {
        for fact in facts {
            self.correlator.insert(Sourced {
                source: self.source.name().clone(),
                fact: Arc::new(fact),
            });
        }
        let now = moment(self.ours.load(Ordering::Relaxed));
        self.correlator.refresh(&self.policy, now);
        self.source.need(self.correlator.needs());
    }

    fn renew(&mut self) {
        let wall = moment(self.ours.load(Ordering::Relaxed));
        let meter = self.source.meter();
        self.schedule.told(&meter.budgets, wall, self.now);
        self.schedule
            .set_resources(self.source.resources(wall), self.now);
    }

    fn go_to(&mut self, now: Duration) {
        self.now = now;
        let wall = START * 1_000 + millis(now);
        self.ours.store(wall, Ordering::Relaxed);
        if let Some(theirs) = &self.theirs {
            theirs.store(wall, Ordering::Relaxed);
        }
    }

    /// Adds up points; the window of the limit may begin anew in between.
    fn count(&mut self) {
        let (points, _) = self.forge.ledger().spent();
        self.points += if points >= self.last_points {
            points - self.last_points
        } else {
            points
        };
        self.last_points = points;
    }
}

async fn run(moves: bool, speed: f64, cancel: &CancellationToken) -> Run {
    let ours = Arc::new(AtomicI64::new(START * 1_000));
    let theirs = Arc::new(AtomicI64::new(START * 1_000));
    let options = Options {
        repos: REPOS,
        cards: 1_000,
        speed,
        origin: Some(moment(START * 1_000)),
        ..Options::default()
    };
    let forge = start(options, hand(&theirs), &TaskTracker::new(), cancel)
        .await
        .expect("the demo forge starts");
    let config = SourceConfig {
        orgs: vec![forge.org().to_owned()],
        token_env: Some("BENCH_TOKEN".to_owned()),
        ..SourceConfig::new("forge", "github", forge.url().clone())
    };
    let ground = Ground {
        clock: hand(&ours),
        env: Arc::new(|name| (name == "BENCH_TOKEN").then(|| TOKEN.to_owned())),
        validators: Arc::new(Memory::default()),
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
        know: |_| (),
    };
    let source = GitHub::new(&config, &ground, Limits::default()).expect("a source");
    let schedule = Schedule::new(7, source.paces());
    let mut run = Run {
        forge,
        source,
        schedule,
        correlator: Correlator::default(),
        policy: Policy::default(),
        ours,
        theirs: moves.then_some(theirs),
        now: Duration::ZERO,
        points: 0,
        last_points: 0,
        kinds: BTreeSet::new(),
        covered: BTreeSet::new(),
        by_kind: BTreeMap::new(),
    };
    run.renew();
    run
}

/// Returns how many charged REST requests there were from this one on.
fn charged_since(forge: &Forge, first: u64) -> u64 {
    let recent = forge.ledger().since(first);
    let charged = recent.iter().filter(|seen| is_rest(seen) && seen.charged());
    charged.count() as u64
}

fn is_rest(seen: &Seen) -> bool {
    !seen.target.starts_with("/graphql")
}

/// Returns the route of a request, without names and numbers.
fn route(seen: &Seen) -> String {
    let path = seen.target.split('?').next().unwrap_or_default();
    let parts = path.trim_start_matches('/').split('/');
    let skip = if path.starts_with("/repos/") { 3 } else { 0 };
    let mut words: Vec<&str> = parts.skip(skip).collect();
    for word in &mut words {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        if digits > 0 && (digits > 3 || digits == word.len()) {
            *word = "…";
        }
    }
    words.join("/")
}

/// Returns which share of the repositories changes in 30 s, in percent.
fn share(forge: &Forge, from: Duration) -> f64 {
    let mut changed = 0_u32;
    let at = |tick: u64, repo: usize| {
        let now = START * 1_000 + millis(from + Duration::from_secs(30 * tick));
        forge.world().at(repo, moment(now))
    };
    for repo in 0..REPOS {
        let mut last = at(0, repo);
        for tick in 1..=60 {
            let next = at(tick, repo);
            let same = last
                .as_ref()
                .zip(next.as_ref())
                .is_some_and(|(last, next)| Arc::ptr_eq(last, next));
            changed += u32::from(!same);
            last = next;
        }
    }
    f64::from(changed) / 60.0
}

/// Prints what the hour cost, by kind of resource and by route.
fn tell(run: &Run, first: u64, points: u64) {
    let hour = run.forge.ledger().since(first);
    let rest = || hour.iter().filter(|seen| is_rest(seen));
    let charged = rest().filter(|seen| seen.charged()).count() as u64;
    let points = run.points - points;
    println!(
        "  in an hour: {points} points in {} queries, {charged} charged REST requests, \
         {} answered 304 ({} failed)",
        hour.len() - rest().count(),
        hour.iter().filter(|seen| seen.status == 304).count(),
        hour.iter().filter(|seen| seen.status >= 400).count(),
    );
    for (name, found, bound) in [
        ("points", points, POINTS),
        ("charged REST requests", charged, CHARGED),
    ] {
        let word = if found <= bound { "within" } else { "ABOVE" };
        println!("  {word} the bound of {bound} {name}");
    }
    println!("    resource     polls requests charged points");
    for (kind, cost) in &run.by_kind {
        println!(
            "    {kind:<12} {:>5} {:>8} {:>7} {:>6}",
            cost.polls, cost.requests, cost.charged, cost.points
        );
    }
    let mut routes: BTreeMap<String, Cost> = BTreeMap::new();
    for seen in rest() {
        let cost = routes.entry(route(seen)).or_default();
        cost.requests += 1;
        cost.charged += u64::from(seen.charged());
    }
    println!("    requests charged route");
    for (route, cost) in routes {
        println!("    {:>8} {:>7} {route}", cost.requests, cost.charged);
    }
}

async fn measure(name: &str, moves: bool, speed: f64) {
    let cancel = CancellationToken::new();
    let begin = Instant::now();
    let mut run = run(moves, speed, &cancel).await;
    let is_live = |run: &Run| KINDS.iter().all(|kind| run.kinds.contains(kind));
    run.until(SETTLE, is_live).await;
    println!("{name}");
    println!(
        "  something of every kind on the board: {} requests",
        run.forge.ledger().total()
    );
    run.until(SETTLE, |run| run.covered.len() >= REPOS).await;
    println!(
        "  all {} repositories read: {} requests, {} points, {:.0} s",
        run.covered.len(),
        run.forge.ledger().total(),
        run.points,
        run.now.as_secs_f64()
    );
    run.until(SETTLE, |_| false).await;
    let (first, points) = (run.forge.ledger().total(), run.points);
    run.by_kind.clear();
    run.until(SETTLE + HOUR, |_| false).await;
    tell(&run, first, points);
    if moves {
        println!(
            "  {:.1} % of the repositories change in 30 s; slowed down: GraphQL {:.1} times, REST {:.1} times",
            share(&run.forge, SETTLE),
            run.schedule.pressure("graphql"),
            run.schedule.pressure("core")
        );
    }
    println!("  measured in {:.0} s", begin.elapsed().as_secs_f64());
    cancel.cancel();
}

/// One world after another; words on the command line choose which.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    for (name, moves, speed) in [
        ("an unchanged world", false, 1.0),
        ("a day at work", true, 1.0),
        ("a busy day", true, 4.0),
    ] {
        if chosen.is_empty() || chosen.iter().any(|word| name.contains(word.as_str())) {
            measure(name, moves, speed).await;
        }
    }
}
