//! What one source costs the others: the reducer with one more, and the engine with others that
//! are slow or dead. Prints figures; judges nothing.
//!
//! A refresh may take 1.2 times as long beside sources that hang, are dead or are slow: those rows
//! have other sources that tell nothing of the same repositories. What evidence of the same
//! repositories costs is another question, with rows of its own: each card reads more facts then,
//! however soon they come. There slowness is the distance between the two rows.
//!
//! Run with `cargo bench --bench beside`. `benches/program.rs` measures keys and frames so.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time, prints, and stops when it cannot go on"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use chrono::{TimeDelta, TimeZone, Utc};
use cycleboard::domain::Timestamp;
use cycleboard::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, MergeState, Required, Review,
};
use cycleboard::domain::correlate::Need;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::{Person, RepoKey, Sha, SourceName};
use cycleboard::domain::policy::Policy;
use cycleboard::domain::run::{Failure, Run, RunState, foreign_id, foreign_workflow};
use cycleboard::domain::text::Clean;
use cycleboard::engine::actions::Acting;
use cycleboard::engine::snapshot::Snapshot;
use cycleboard::engine::store::Store;
use cycleboard::engine::update::{Polled, Report, Update};
use cycleboard::engine::{self, Engine, EngineCommand, Tells};
use cycleboard::sources::logs::NoLogs;
use cycleboard::sources::{Batch, Capability, Fetch, Meter, Resource, Source, SourceError, Tier};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const REPOS: u64 = 10;
const CHANGES: u64 = 100;
/// How many facts one more source tells.
const MORE: u64 = 1_000;
/// How long a slow source takes.
const SLOWLY: Duration = Duration::from_secs(1);
const CI: &str = "ci.test/jenkins";
const TIMES: usize = 200;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 0, 0)
        .single()
        .expect("a moment")
}

fn ago(minutes: u64) -> Timestamp {
    now() - TimeDelta::minutes(i64::try_from(minutes).expect("minutes"))
}

fn repo(at: u64) -> RepoKey {
    RepoKey::new("forge.test", &format!("acme/service-{at}"))
}

fn head(at: u64, number: u64) -> Sha {
    Sha::parse(&format!("{at:04x}{number:036x}")).expect("a commit id")
}

fn change(at: u64, number: u64, edition: u64) -> ChangeRequest {
    ChangeRequest {
        repo: repo(at),
        number,
        called: Called::PullRequest,
        title: Clean::line(&format!("Make the gateway wait, edition {edition}")),
        url: None,
        state: ChangeState::Open,
        draft: false,
        author: Some(Person::new("ada", false)),
        assignees: Vec::new(),
        reviewers: Vec::new(),
        labels: Vec::new(),
        review: Review::Required,
        merge_state: MergeState::Blocked,
        queue: None,
        checks: Checks::Pending,
        required: Required::Unknown,
        head_sha: Some(head(at, number)),
        head_branch: Clean::line(&format!("topic-{number}")),
        base_branch: Clean::line("main"),
        merge_sha: None,
        tickets: Vec::new(),
        created_at: ago(9_000),
        updated_at: ago(500) + TimeDelta::seconds(i64::try_from(edition).expect("few")),
        merged_at: None,
        closed_at: None,
    }
}

fn run(at: u64, number: u64) -> Run {
    Run {
        repo: repo(at),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        id: at * CHANGES + number,
        number,
        attempt: 1,
        workflow: Clean::line("ci"),
        workflow_path: Clean::line(".github/workflows/ci.yml"),
        event: Clean::line("pull_request"),
        branch: Clean::line(&format!("topic-{number}")),
        head_sha: Some(head(at, number)),
        change_requests: vec![number],
        state: RunState::Passed,
        actor: None,
        title: Clean::line("a run"),
        url: None,
        created_at: ago(400),
        started_at: Some(ago(399)),
        updated_at: ago(390),
    }
}

/// A run of another system: a third each by commit, by its first digits and by branch.
fn foreign(nth: u64) -> Run {
    let (at, number) = (nth % REPOS, nth / REPOS % CHANGES);
    let sha = head(at, number);
    Run {
        ci: Clean::line(CI),
        no_jobs: Clean::default(),
        label: Clean::default(),
        id: foreign_id(CI, &nth.to_string()),
        workflow_path: foreign_workflow(CI, "build"),
        head_sha: match nth % 3 {
            0 => Some(sha),
            1 => Sha::parse(&sha.as_str().chars().take(12).collect::<String>()),
            _ => None,
        },
        change_requests: Vec::new(),
        state: if nth.is_multiple_of(97) {
            RunState::Failed(Failure::Failed)
        } else {
            RunState::Passed
        },
        ..run(at, number)
    }
}

/// The same run of a repository that nobody else tells of.
fn elsewhere(nth: u64) -> Run {
    Run {
        repo: RepoKey::new(CI, &format!("folder/job-{}", nth % REPOS)),
        ..foreign(nth)
    }
}

fn forge() -> Vec<Fact> {
    let numbers = (0..REPOS).flat_map(|at| (0..CHANGES).map(move |number| (at, number)));
    numbers
        .flat_map(|(at, number)| {
            let change = Fact::ChangeRequest(Box::new(change(at, number, 0)));
            [change, Fact::Run(run(at, number))]
        })
        .collect()
}

/// How a source behaves.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// It answers at once; each answer differs in one title.
    Well,
    /// It never answers.
    Hangs,
    /// It cannot be reached.
    Dead,
    /// It answers after a second, with a thousand facts of repositories that nobody else tells of.
    Slow,
    /// It answers after a second, with a thousand facts of the same repositories.
    SlowOfSame,
    /// It answers at once, with the same.
    SoonOfSame,
}

struct Scripted {
    name: SourceName,
    host: String,
    way: Way,
    polls: AtomicU64,
}

impl Scripted {
    fn new(name: &str, way: Way) -> Self {
        Self {
            name: SourceName::new(name),
            host: format!("{name}.test"),
            way,
            polls: AtomicU64::new(0),
        }
    }

    async fn answer(&self) -> Result<Batch, SourceError> {
        let poll = self.polls.fetch_add(1, Ordering::Relaxed);
        let facts = match self.way {
            Way::Well if poll == 0 => forge(),
            Way::Well => vec![Fact::ChangeRequest(Box::new(change(0, 0, poll)))],
            Way::Hangs => std::future::pending().await,
            Way::Dead => {
                return Err(SourceError::Unreachable {
                    host: self.host.clone(),
                    cause: "connection refused".to_owned(),
                });
            }
            Way::Slow => {
                tokio::time::sleep(SLOWLY).await;
                (0..MORE).map(|nth| Fact::Run(elsewhere(nth))).collect()
            }
            Way::SlowOfSame => {
                tokio::time::sleep(SLOWLY).await;
                (0..MORE).map(|nth| Fact::Run(foreign(nth))).collect()
            }
            Way::SoonOfSame => (0..MORE).map(|nth| Fact::Run(foreign(nth))).collect(),
        };
        Ok(Batch {
            facts,
            covered: vec![Clean::default()],
            ..Batch::default()
        })
    }
}

impl Source for Scripted {
    fn name(&self) -> &SourceName {
        &self.name
    }
    fn kind(&self) -> &'static str {
        "scripted"
    }
    fn host(&self) -> &str {
        &self.host
    }
    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }
    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        let tier = if self.way == Way::Well {
            Tier::Rare
        } else {
            Tier::Hot
        };
        let resource = |nth: u32| Resource {
            id: format!("all:{nth}").into(),
            tier,
            cost: 1,
            bucket: "core",
        };
        let count = if self.way == Way::Well { 1 } else { 8 };
        (0..count).map(resource).collect()
    }
    fn fetch(&self, _fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.answer().boxed()
    }
    fn restore(&self, _facts: &[Arc<Fact>]) {}
    fn need(&self, _needs: &BTreeSet<Need>) {}
    fn meter(&self) -> Meter {
        Meter::default()
    }
}

fn percentile(sorted: &[Duration], part: usize) -> Duration {
    let at = (sorted.len() * part / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn row(what: &str, mut taken: Vec<Duration>) -> Duration {
    taken.sort_unstable();
    let (half, tail) = (percentile(&taken, 50), percentile(&taken, 99));
    println!(
        "{what:<62} p50 {:>7.3} ms, p99 {:>7.3} ms; n={}",
        ms(half),
        ms(tail),
        taken.len()
    );
    half
}

fn polled(source: &SourceName, order: u64, facts: Vec<Fact>) -> Update {
    Update::Polled(Box::new(Polled {
        source: source.clone(),
        resource: "all".into(),
        at: now(),
        order,
        outcome: Ok(Batch {
            facts,
            covered: vec![Clean::default()],
            ..Batch::default()
        }),
        report: Report::default(),
    }))
}

/// One changed fact of the forge to the next snapshot, with and without another source.
fn reducer(more: Option<u64>) -> Vec<Duration> {
    let sources = [
        Scripted::new("forge", Way::Well),
        Scripted::new("ci", Way::Slow),
    ];
    let count = if more.is_some() { 2 } else { 1 };
    let used = sources
        .iter()
        .take(count)
        .map(|source| source as &dyn Source);
    let mut store = Store::new(used, Policy::default(), &[]);
    let (forge_name, ci) = (SourceName::new("forge"), SourceName::new("ci"));
    store.apply(polled(&forge_name, 1, forge()), now());
    if let Some(more) = more {
        let facts = (0..more).map(|nth| Fact::Run(foreign(nth))).collect();
        store.apply(polled(&ci, 1, facts), now());
    }
    drop(store.snapshot(now()));
    let mut taken = Vec::with_capacity(TIMES);
    for order in 2..u64::try_from(TIMES).expect("few") + 2 {
        let fact = Fact::ChangeRequest(Box::new(change(order % REPOS, order % CHANGES, order)));
        let update = polled(&forge_name, order, vec![fact]);
        let begun = Instant::now();
        store.apply(update, now());
        let snapshot = store.snapshot(now());
        taken.push(begun.elapsed());
        drop(snapshot);
    }
    taken
}

fn edition(snapshot: &Snapshot) -> u64 {
    let editions = snapshot.items().filter_map(|item| {
        let (_, edition) = item.title.rsplit_once(' ')?;
        edition.parse::<u64>().ok()
    });
    editions.max().unwrap_or_default()
}

async fn refreshed(engine: &mut Engine) -> Option<Duration> {
    let before = edition(&engine.snapshots.borrow_and_update());
    let begun = Instant::now();
    let wanted = EngineCommand::Refresh(SourceName::new("forge"));
    engine.commands.send(wanted).await.ok()?;
    let newer = engine.snapshots.wait_for(|now| edition(now) > before);
    let came = tokio::time::timeout(Duration::from_secs(10), newer).await;
    came.ok()?.ok()?;
    Some(begun.elapsed())
}

/// A refresh that a person asks of the healthy source, to the board that shows it.
async fn beside(others: &[(&str, Way)]) -> Vec<Duration> {
    let all = [("forge", Way::Well)]
        .into_iter()
        .chain(others.iter().copied());
    let sources = all.map(|(name, way)| Box::new(Scripted::new(name, way)) as Box<dyn Source>);
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let options = engine::Options {
        looks_back: true,
        sources: sources.collect(),
        policy: Policy::default(),
        columns: Vec::new(),
        store: None,
        polling: true,
        looks_into: true,
        tells: Tells::AsItComes,
        haste: false,
        attention: cycleboard::domain::attention::Attention::default(),
        clock: Arc::new(|| SystemTime::now().into()),
        logs: Arc::new(NoLogs),
        acting: Acting::default(),
    };
    let mut engine = engine::start(options, &tracker, &cancel);
    let there = engine
        .snapshots
        .wait_for(|now| now.items().next().is_some());
    drop(there.await.expect("a board"));
    // The others have done their worst by then: waits are open, answers came in.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut taken = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        taken.extend(refreshed(&mut engine).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancel.cancel();
    tracker.close();
    tracker.wait().await;
    taken
}

fn main() {
    println!(
        "-- one changed fact to a snapshot, {} facts",
        REPOS * CHANGES * 2
    );
    let alone = row("one source", reducer(None));
    let both = row(
        "and another one with 1,000 runs of the same changes",
        reducer(Some(MORE)),
    );
    println!("{:<62} {:+.3} ms", "what it adds", ms(both) - ms(alone));
    println!("\n-- refresh of a healthy source to the board that shows it");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let alone = row("alone", runtime.block_on(beside(&[])));
    let with = |what: &str, others: &[(&str, Way)]| {
        let taken = row(what, runtime.block_on(beside(others)));
        println!("{:<62} {:.2}x", "", ms(taken) / ms(alone).max(f64::EPSILON));
        taken
    };
    let (hangs, dead) = (("hangs", Way::Hangs), ("dead", Way::Dead));
    with("beside one that hangs", &[hangs]);
    with("beside one that is dead", &[dead]);
    with("beside one that is slow", &[("slow", Way::Slow)]);
    with(
        "beside one that hangs, one that is dead and one that is slow",
        &[hangs, dead, ("slow", Way::Slow)],
    );
    println!("\n-- the same where another one tells of the same changes");
    let soon = with(
        "beside one that tells 1,000 runs of them at once",
        &[("soon", Way::SoonOfSame)],
    );
    let slowly = with(
        "beside one that tells them slowly",
        &[("slow", Way::SlowOfSame)],
    );
    println!(
        "{:<62} {:.2}x",
        "what slowness makes of that",
        ms(slowly) / ms(soon).max(f64::EPSILON)
    );
}
