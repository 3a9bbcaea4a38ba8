//! What history costs: 90 days of 5,000 cards with 20 transitions each, and the deployments, runs
//! and reviews that go with them. Prints figures, each bound with `pass` or `fail`; fails where one
//! does not hold.
//!
//! Run with `cargo bench --bench flow`; `-- telling` tells the past of one repository alone.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time, prints, and stops when it cannot go on"
)]

mod past;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, TimeZone, Utc};
use cycleboard::domain::Timestamp;
use cycleboard::domain::attention::AttentionBoard;
use cycleboard::domain::calendar::{Calendar, WorkingTime, Zone};
use cycleboard::domain::change_request::{ReviewNote, Verdict};
use cycleboard::domain::flow::{Beside, Flow, Key, Scope};
use cycleboard::domain::history::{
    Attempt, Carried, ChangeLife, CiRun, Delivery, DeliveryState, Ledger, Life, Record, Replay,
    RunEnd, Standing, Transition, Trouble,
};
use cycleboard::domain::item::{Anchor, WorkItem};
use cycleboard::domain::key::{ItemId, Person, RepoKey, ServiceName, Sha};
use cycleboard::domain::query::{Query, QueryContext};
use cycleboard::domain::roster::Roster;
use cycleboard::domain::stage::Stage;
use cycleboard::domain::standup::{Material, Standup};
use cycleboard::domain::status::Status;
use cycleboard::domain::text::Clean;
use cycleboard::engine::db::Database;
use cycleboard::engine::update::Write;

const CARDS: i64 = 5_000;
const STEPS: i64 = 20;
const DAYS: i64 = 90;
const SERVICES: i64 = 40;
const BUDGET: Duration = Duration::from_millis(100);
/// For the board at a moment of the past.
const MOMENT: Duration = Duration::from_millis(50);
/// For what a stand-up tells.
const STANDUP: Duration = Duration::from_millis(50);
/// For what all of it takes on disk, in kB.
const ON_DISK: u64 = 30 * 1_024;
/// For how many days a board shows the cards of a team, in the stand-up.
const ON_BOARD: i64 = 14;

/// The way of every card, over and over to twenty steps.
const WAY: [(Stage, Status); 10] = [
    (Stage::Plan, Status::Ready),
    (Stage::Code, Status::Drafting),
    (Stage::Build, Status::Running),
    (Stage::Test, Status::Running),
    (Stage::Test, Status::Failed),
    (Stage::Code, Status::ChangesRequested),
    (Stage::Test, Status::Review),
    (Stage::Release, Status::Unreleased),
    (Stage::Deploy, Status::Waiting),
    (Stage::Operate, Status::Live),
];

fn at(minute: i64) -> Timestamp {
    let first = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).single();
    first.expect("a moment") + TimeDelta::minutes(minute)
}

/// When the work on a card began.
fn begun(card: i64) -> i64 {
    card * (DAYS - 4) * 24 * 60 / CARDS
}

fn repo(card: i64) -> RepoKey {
    RepoKey::new("forge.test", &format!("acme/service-{}", card % SERVICES))
}

fn service(card: i64) -> ServiceName {
    ServiceName::new(&format!("service-{}", card % SERVICES))
}

fn item(card: i64) -> ItemId {
    ItemId::new(&format!("change:forge.test/acme#{card}"))
}

fn sha(card: i64) -> Option<Sha> {
    Sha::parse(&format!("{card:040x}"))
}

fn life(card: i64) -> Record {
    let note = |who: &str, hours: i64, verdict| ReviewNote {
        by: Person::new(who, false),
        at: at(begun(card) + hours * 60),
        verdict,
    };
    let change = ChangeLife {
        repo: repo(card),
        number: u64::try_from(card).expect("a number"),
        author: Some(Person::new("ada", false)),
        first_commit_at: Some(at(begun(card))),
        opened_at: at(begun(card) + 60),
        ready_at: None,
        reviews: vec![
            note("bob", 3, Verdict::ChangesRequested),
            note("bob", 9, Verdict::Approved),
        ],
        reviews_known: true,
        merged_at: Some(at(begun(card) + 600)),
        closed_at: Some(at(begun(card) + 600)),
        merge_sha: sha(card),
        head_sha: sha(card),
        additions: Some(100),
        deletions: Some(20),
        hotfix: false,
        revert: false,
    };
    Record::Life(Box::new(Life {
        id: item(card),
        anchor: Anchor::ChangeRequest,
        key: Clean::line(&format!("api#{card}")),
        title: Clean::line("Make the gateway wait"),
        url: None,
        repo: Some(repo(card)),
        services: vec![service(card)],
        author: Some(Person::new("ada", false)),
        bot: card % 10 == 0,
        labels: Vec::new(),
        created_at: at(begun(card)),
        changes: vec![change],
    }))
}

fn steps(card: i64) -> impl Iterator<Item = Transition> {
    let ways = WAY.iter().cycle();
    ways.zip(0..STEPS)
        .map(move |((stage, status), step)| Transition {
            item: item(card),
            standing: Standing {
                stage: *stage,
                status: *status,
                done: None,
                holders: vec![Person::new(
                    if step % 3 == 0 { "bob" } else { "ada" },
                    false,
                )],
            },
            rule: Clean::line("rule"),
            at: at(begun(card) + step * 97),
        })
}

fn run(card: i64) -> Record {
    let attempt = |number: u32, after: i64, end| Attempt {
        number,
        started_at: Some(at(begun(card) + after + 2)),
        finished_at: Some(at(begun(card) + after + 12)),
        end,
        queued_secs: None,
        failed_jobs: Vec::new(),
    };
    Record::CiRun(Box::new(CiRun {
        id: Clean::line(&format!("run:{card}")),
        repo: repo(card),
        workflow: Clean::line("ci.yml"),
        branch: Clean::line("main"),
        on_default: card % 2 == 0,
        change: u64::try_from(card).ok(),
        sha: sha(card),
        event: Clean::line("push"),
        created_at: at(begun(card) + 60),
        attempts: vec![
            attempt(1, 60, RunEnd::Failed),
            attempt(2, 80, RunEnd::Passed),
        ],
        url: None,
    }))
}

fn delivery(card: i64) -> Record {
    let done = begun(card) + 900;
    Record::Delivery(Box::new(Delivery {
        id: Clean::line(&format!("deployment:{card}")),
        repo: repo(card),
        service: service(card),
        environment: Clean::line("production"),
        production: true,
        sha: sha(card),
        version: Clean::line(&format!("v1.{card}.0")),
        state: DeliveryState::Succeeded,
        started_at: at(done - 9),
        finished_at: Some(at(done)),
        carried: vec![Carried {
            item: item(card),
            first_commit_at: Some(at(begun(card))),
            landed_at: at(begun(card) + 600),
            bot: card % 10 == 0,
        }],
        range_known: true,
        backward: card % 50 == 0,
        reverts: false,
        hotfix: card % 30 == 0,
        url: None,
    }))
}

fn trouble(card: i64) -> Record {
    let began = begun(card) + 930;
    Record::Trouble(Box::new(Trouble {
        id: Clean::line(&format!("incident:{card}")),
        item: None,
        name: Clean::line("checkout is down"),
        incident: true,
        repo: None,
        service: Some(service(card)),
        sha: None,
        began_at: at(began),
        over_at: Some(at(began + 45)),
        url: None,
    }))
}

fn ledger() -> Ledger {
    let cards = (0..CARDS).flat_map(|card| [life(card), run(card), delivery(card)]);
    let troubles = (0..CARDS).step_by(20).map(trouble);
    Ledger::new(
        Some(at(-1)),
        cards.chain(troubles),
        (0..CARDS).flat_map(steps),
    )
}

fn timed<T>(name: &str, work: impl Fn() -> T) -> Duration {
    let mut all: Vec<Duration> = (0..5)
        .map(|_| {
            let begin = Instant::now();
            drop(work());
            begin.elapsed()
        })
        .collect();
    all.sort();
    let median = all.get(2).copied().unwrap_or_default();
    println!("{name:32} {:8.2} ms", median.as_secs_f64() * 1_000.0);
    median
}

/// Says whether a bound holds.
fn judged(name: &str, figure: &str, holds: bool) -> bool {
    let word = if holds { "pass" } else { "fail" };
    println!("{name:32} {figure:>24} {word}");
    holds
}

/// Says whether what took longest did not take too long.
fn within(name: &str, worst: Duration, bound: Duration) -> bool {
    let ms = |span: Duration| span.as_secs_f64() * 1_000.0;
    let figure = format!("{:.2} of {:.0} ms", ms(worst), ms(bound));
    judged(name, &figure, worst <= bound)
}

/// What the store needs for all of it, in kB.
fn on_disk() -> u64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a directory");
    let now = at(DAYS * 24 * 60);
    let (database, _opened) = Database::open(folder.path(), now).expect("a store");
    let cards = 0..CARDS;
    let records = cards
        .clone()
        .flat_map(|card| [life(card), run(card), delivery(card)]);
    let all = cards.flat_map(steps).map(Write::Event);
    let writes: Vec<Write> = all.chain(records.map(Write::Record)).collect();
    runtime.block_on(async {
        let written = database.write(writes, now).expect("it takes them");
        drop(written.await);
        database.close().await;
    });
    let files = std::fs::read_dir(folder.path()).expect("a directory");
    let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    let size = sizes.sum::<u64>() / 1_024;
    println!("{:32} {size:8} kB", "on disk");
    size
}

fn main() {
    if std::env::args().any(|word| word == "telling") {
        past::growth();
        return;
    }
    let now = at(DAYS * 24 * 60);
    let ledger = Arc::new(ledger());
    timed("indexes, once", || Flow::new(&ledger, now));
    let flow = Flow::new(&ledger, now);
    let window = flow.window(TimeDelta::days(DAYS));
    let day_of = |at: Timestamp| at.date_naive();
    let mut worst = Duration::ZERO;
    for key in Key::ALL {
        let of = || flow.metric(key, &Scope::All, &window, &day_of);
        worst = worst.max(timed(key.as_str(), of));
    }
    let flowing = || flow.cumulative(&Scope::All, &window, &day_of);
    worst = worst.max(timed("cumulative flow", flowing));
    let service = Scope::Service(service(1));
    timed("report of a service", || {
        flow.report(&service, &window, &day_of)
    });
    timed("report of everything", || {
        flow.report(&Scope::All, &window, &day_of)
    });
    timed("calms", || {
        flow.calms(&Scope::All, &window, &day_of, &Beside::default())
    });
    past::growth();
    let size = on_disk();
    let moment = replays(&ledger);
    let standup = stand_up(&ledger, now);
    let holds = [
        within("bound: a metric", worst, BUDGET),
        within("bound: a moment of the past", moment, MOMENT),
        within("bound: a stand-up", standup, STANDUP),
        judged(
            "bound: on disk",
            &format!("{size} of {ON_DISK} kB"),
            size <= ON_DISK,
        ),
    ];
    assert!(holds.iter().all(|holds| *holds), "a bound does not hold");
}

/// The stand-up of a day, of a board with the cards of two weeks.
fn stand_up(ledger: &Arc<Ledger>, now: Timestamp) -> Duration {
    let replay = Replay::new(Arc::clone(ledger));
    let from = now - TimeDelta::days(ON_BOARD);
    let past = replay.only(now, |seen| seen.item().created_at >= from);
    let seen = Stage::ALL.iter().flat_map(|stage| past.column(*stage));
    let seen = seen.filter_map(|card| past.seen(*card));
    let cards: Vec<Arc<WorkItem>> = seen.map(|seen| Arc::new(seen.item())).collect();
    let cards: Vec<&Arc<WorkItem>> = cards.iter().collect();
    let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), now);
    let roster = Roster::default();
    println!("{:32} {:8} cards", "on the board", cards.len());
    let since = now - TimeDelta::days(1);
    timed("stand-up of a day", || {
        let material = Material {
            ledger,
            cards: &cards,
            calendar: &calendar,
            roster: &roster,
            parked: &[],
        };
        Standup::prepare(material, since, now)
    })
}

/// Moments of the past: the middle, a step, and one of which each card is asked for; returns what
/// a moment takes.
fn replays(ledger: &Arc<Ledger>) -> Duration {
    timed("replay, once", || Replay::new(Arc::clone(ledger)));
    let replay = Replay::new(Arc::clone(ledger));
    let middle = at(DAYS * 12 * 60);
    let whole = timed("a moment of the past", || {
        let past = replay.at(middle);
        (past.counts(), past)
    });
    timed("a step", || replay.step_after(middle));
    let query = Query::parse("service:service-1 status:failed").expect("a filter");
    let ctx = QueryContext {
        now: middle,
        me: Vec::new(),
        attention: AttentionBoard::default(),
        hides: cycleboard::domain::hide::Hides::default(),
    };
    let filtered = timed("a moment, filtered", || {
        replay.only(middle, |seen| query.matches(&seen.item(), &ctx))
    });
    whole.max(filtered)
}
