//! The engine as a whole: sources that fail, panic, hang and limit; stores that are shared,
//! damaged, full or not there.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    reason = "helpers of tests fail the test"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use cycleboard::config::{Layer, Settings, Trust};
use cycleboard::domain::Timestamp;
use cycleboard::domain::correlate::Need;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::{RepoKey, SourceName};
use cycleboard::domain::policy::Policy;
use cycleboard::domain::text::Clean;
use cycleboard::domain::ticket::{Ticket, TicketKey, TicketState};
use cycleboard::engine::actions::Acting;
use cycleboard::engine::db::{Bound, Limits, Store};
use cycleboard::engine::snapshot::{Health, Snapshot, SourceView};
use cycleboard::engine::{Engine, EngineCommand, Options, start};
use cycleboard::sources::http::Clock;
use cycleboard::sources::logs::NoLogs;
use cycleboard::sources::{
    Batch, Capability, Fetch, Listing, Meter, Resource, Source, SourceError, Tier,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// More than any of these tests needs.
const CEILING: Duration = Duration::from_secs(20);

type Answer = Result<Batch, SourceError>;
type Script = Arc<dyn Fn(usize) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A source that answers by a script; the number of the poll is all that it knows.
struct Fake {
    name: SourceName,
    host: String,
    script: Script,
    polls: Polls,
    restored: Arc<AtomicUsize>,
}

/// When a source was polled.
#[derive(Clone, Default)]
struct Polls(Arc<Mutex<Vec<Instant>>>);

impl Polls {
    fn count(&self) -> usize {
        self.0.lock().expect("no test panics with it").len()
    }

    fn note(&self) -> usize {
        let mut polls = self.0.lock().expect("no test panics with it");
        polls.push(Instant::now());
        polls.len()
    }

    fn gaps(&self) -> Vec<Duration> {
        let polls = self.0.lock().expect("no test panics with it");
        polls.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl Fake {
    fn new(name: &str, script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::slow(name, move |poll| std::future::ready(script(poll)).boxed())
    }

    fn slow(
        name: &str,
        script: impl Fn(usize) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: SourceName::new(name),
            host: format!("{name}.test"),
            script: Arc::new(script),
            polls: Polls::default(),
            restored: Arc::default(),
        }
    }
}

impl Source for Fake {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "fake"
    }

    fn host(&self) -> &str {
        &self.host
    }

    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        vec![Resource {
            id: "tickets".into(),
            tier: Tier::Hot,
            cost: 1,
            bucket: "core",
        }]
    }

    fn fetch(&self, _fetch: Fetch) -> BoxFuture<'_, Answer> {
        (self.script)(self.polls.note())
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        self.restored.store(facts.len(), Ordering::SeqCst);
    }

    fn need(&self, _needs: &BTreeSet<Need>) {}

    fn meter(&self) -> Meter {
        Meter {
            sent: u64::try_from(self.polls.count()).unwrap_or_default(),
            me: (self.polls.count() > 0).then(|| "ada".to_owned()),
            ..Meter::default()
        }
    }
}

/// A complete answer: these tickets are all there are.
fn tickets(titles: &[&str]) -> Answer {
    let made = Timestamp::UNIX_EPOCH + TimeDelta::days(20_000);
    let repo = RepoKey::new("forge.test", "acme/api");
    let facts: Vec<Fact> = (1..)
        .zip(titles)
        .map(|(number, title)| {
            Fact::Ticket(Ticket {
                key: TicketKey::Numbered {
                    repo: repo.clone(),
                    number,
                },
                title: Clean::line(title),
                url: None,
                state: TicketState::Open,
                author: None,
                assignees: Vec::new(),
                labels: Vec::new(),
                milestone: None,
                project_status: None,
                project_status_at: None,
                created_at: made,
                updated_at: made,
                closed_at: None,
                incident: false,
            })
        })
        .collect();
    Ok(Batch {
        listings: vec![Listing {
            name: Clean::line("open"),
            members: facts.iter().map(Fact::id).collect(),
        }],
        facts,
        covered: vec![Clean::line("acme/api")],
        ..Batch::default()
    })
}

fn unreachable() -> SourceError {
    SourceError::Unreachable {
        host: "one.test".to_owned(),
        cause: "connection refused".to_owned(),
    }
}

/// A running engine with everything that it belongs to.
struct Rig {
    engine: Engine,
    tracker: TaskTracker,
    cancel: CancellationToken,
    within: Duration,
}

fn clock() -> Clock {
    let started = Instant::now();
    let base = Timestamp::UNIX_EPOCH + TimeDelta::days(20_100);
    Arc::new(move || base + started.elapsed())
}

fn run(sources: Vec<Fake>, store: Option<Store>) -> Rig {
    run_with(sources, store, true)
}

fn run_with(sources: Vec<Fake>, store: Option<Store>, polling: bool) -> Rig {
    let tracker = TaskTracker::new();
    let cancel = CancellationToken::new();
    let options = Options {
        sources: sources
            .into_iter()
            .map(|source| Box::new(source) as Box<dyn Source>)
            .collect(),
        policy: Policy::default(),
        columns: Vec::new(),
        store,
        polling,
        looks_into: true,
        clock: clock(),
        logs: Arc::new(NoLogs),
        acting: Acting::default(),
    };
    // Time is paused where there is no store, and hours go by in no time.
    let within = if options.store.is_some() {
        CEILING
    } else {
        CEILING * 1_000
    };
    let engine = start(options, &tracker, &cancel);
    Rig {
        engine,
        tracker,
        cancel,
        within,
    }
}

impl Rig {
    /// Waits until the board is as it should be.
    async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let snapshots = &mut self.engine.snapshots;
        let wait = snapshots.wait_for(|snapshot| wanted(snapshot));
        let found = tokio::time::timeout(self.within, wait)
            .await
            .map(|snapshot| Arc::clone(&snapshot.expect("the engine runs")));
        found.unwrap_or_else(|_| panic!("it never came: {:#?}", self.engine.snapshots.borrow()))
    }

    async fn command(&self, command: EngineCommand) {
        self.engine
            .commands
            .send(command)
            .await
            .expect("the engine runs");
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        tokio::time::timeout(Duration::from_secs(2), self.tracker.wait())
            .await
            .expect("everything ends within two seconds");
    }
}

fn titles(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot
        .items()
        .map(|item| item.title.to_string())
        .collect()
}

fn set(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn source<'a>(snapshot: &'a Snapshot, name: &str) -> &'a SourceView {
    snapshot
        .sources
        .iter()
        .find(|source| source.name.as_str() == name)
        .expect("it is configured")
}

fn says(snapshot: &Snapshot, name: &str, word: &str) -> bool {
    let message = source(snapshot, name).message.as_ref();
    message.is_some_and(|message| message.contains(word))
}

fn open(place: &Path) -> Store {
    let now = clock()();
    Store::open(place, now).expect("it opens").0
}

#[tokio::test(start_paused = true)]
async fn the_first_round_settles_with_every_card() {
    let one = Fake::new("one", |_| tickets(&["a", "b"]));
    let two = Fake::new("two", |_| Err(unreachable()));
    let mut rig = run(vec![one, two], None);
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(titles(&snapshot), set(&["a", "b"]));
    assert_eq!(source(&snapshot, "one").health, Health::Ok);
    assert_eq!(source(&snapshot, "two").health, Health::Unreachable);
    assert!(source(&snapshot, "one").next_poll.is_some());
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_keeps_its_cards_and_gets_well_again() {
    let one = Fake::new("one", |poll| match poll {
        2..=4 => Err(unreachable()),
        5 => tickets(&["b"]),
        _ => tickets(&["a"]),
    });
    let mut rig = run(vec![one], None);
    let ill = rig
        .until(|snapshot| source(snapshot, "one").health == Health::Unreachable)
        .await;
    assert_eq!(titles(&ill), set(&["a"]));
    assert!(says(&ill, "one", "connection refused"));
    assert!(source(&ill, "one").hint.is_some());
    let well = rig.until(|snapshot| titles(snapshot) == set(&["b"])).await;
    assert_eq!(source(&well, "one").health, Health::Ok);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_one_source_leaves_the_others_alone_and_is_overcome() {
    let one = Fake::new("one", |poll| {
        assert!(poll > 2, "a bug of the adapter");
        tickets(&["a"])
    });
    let two = Fake::new("two", |_| tickets(&["b"]));
    let mut rig = run(vec![one, two], None);
    let crashed = rig.until(|snapshot| says(snapshot, "one", "crashed")).await;
    assert_ne!(source(&crashed, "one").health, Health::Ok);
    assert!(source(&crashed, "one").next_poll.is_some());
    rig.until(|snapshot| source(snapshot, "two").health == Health::Ok)
        .await;
    rig.until(|snapshot| source(snapshot, "one").health == Health::Ok)
        .await;
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_obeyed_whatever_a_person_presses() {
    let one = Fake::new("one", |poll| match poll {
        1 => tickets(&["a"]),
        2 => Err(SourceError::RateLimited {
            host: "one.test".to_owned(),
            retry_after: Duration::from_mins(10),
            share: None,
        }),
        _ => tickets(&["b"]),
    });
    let polls = one.polls.clone();
    let mut rig = run(vec![one], None);
    let limited = rig
        .until(|snapshot| source(snapshot, "one").health == Health::RateLimited)
        .await;
    assert_eq!(titles(&limited), set(&["a"]));
    rig.command(EngineCommand::RefreshAll).await;
    rig.until(|snapshot| titles(snapshot) == set(&["b"])).await;
    let gap = polls.gaps()[1];
    assert!(gap >= Duration::from_secs(601), "{gap:?}");
    assert!(gap <= Duration::from_secs(640), "{gap:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_one_source_until_a_person_asks() {
    let one = Fake::new("one", |poll| match poll {
        1 => Err(SourceError::Auth {
            host: "one.test".to_owned(),
        }),
        _ => tickets(&["a"]),
    });
    let two = Fake::new("two", |_| tickets(&["b"]));
    let (refused, other) = (one.polls.clone(), two.polls.clone());
    let mut rig = run(vec![one, two], None);
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(source(&snapshot, "one").health, Health::Auth);
    assert_eq!(source(&snapshot, "one").next_poll, None);
    rig.until(|snapshot| source(snapshot, "two").sent > 20)
        .await;
    assert_eq!(refused.count(), 1);
    assert!(other.count() > 20);
    rig.command(EngineCommand::Refresh(SourceName::new("one")))
        .await;
    rig.until(|snapshot| source(snapshot, "one").health == Health::Ok)
        .await;
    rig.stop().await;
}

#[tokio::test]
async fn quitting_does_not_wait_for_a_source_that_hangs() {
    let one = Fake::slow("one", |_| std::future::pending().boxed());
    let two = Fake::new("two", |_| tickets(&["b"]));
    let dir = TempDir::new().expect("a directory");
    let mut rig = run(vec![one, two], Some(open(dir.path())));
    rig.until(|snapshot| titles(snapshot) == set(&["b"])).await;
    let settled = rig.engine.settled(Duration::from_millis(50)).await;
    assert_eq!(source(&settled, "one").health, Health::Starting);
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_does_not_hold_the_others_up() {
    let one = Fake::slow("one", |_| {
        tokio::time::sleep(Duration::from_secs(100))
            .map(|()| tickets(&["a"]))
            .boxed()
    });
    let two = Fake::new("two", |_| tickets(&["b"]));
    let polls = two.polls.clone();
    let mut rig = run(vec![one, two], None);
    rig.until(|snapshot| source(snapshot, "one").health == Health::Ok)
        .await;
    assert!(polls.count() >= 3, "{}", polls.count());
    let longest = polls.gaps().into_iter().max().expect("there are some");
    assert!(longest < Duration::from_secs(36), "{longest:?}");
    rig.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_looking_costs_a_quarter_of_the_polls() {
    let one = Fake::new("one", |_| tickets(&["a"]));
    let polls = one.polls.clone();
    let mut rig = run(vec![one], None);
    rig.engine.settled(CEILING).await;
    rig.command(EngineCommand::Focus(false)).await;
    rig.until(|snapshot| source(snapshot, "one").sent > 5).await;
    let shortest = polls.gaps()[1..].iter().min().copied();
    assert!(shortest > Some(Duration::from_secs(100)), "{shortest:?}");
    rig.stop().await;
}

#[tokio::test]
async fn the_board_of_the_last_run_is_there_before_any_poll() {
    let dir = TempDir::new().expect("a directory");
    let mut rig = run(
        vec![Fake::new("one", |_| tickets(&["a", "b"]))],
        Some(open(dir.path())),
    );
    rig.until(|snapshot| titles(snapshot).len() == 2).await;
    rig.stop().await;

    let quiet = Fake::new("one", |_| Err(unreachable()));
    let polls = quiet.polls.clone();
    let mut rig = run_with(vec![quiet], Some(open(dir.path())), false);
    let first = Arc::clone(&rig.engine.snapshots.borrow());
    assert!(first.partial);
    assert_eq!(first.columns.len(), 8);
    assert_eq!(titles(&first), set(&["a", "b"]));
    let whole = rig.engine.settled(CEILING).await;
    assert!(!whole.partial);
    assert_eq!(titles(&whole), set(&["a", "b"]));
    assert!(whole.items().all(|item| whole.confirmed_at(item).is_some()));
    assert_eq!(polls.count(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_source_hears_what_the_store_holds_before_it_is_polled() {
    let dir = TempDir::new().expect("a directory");
    let mut rig = run(
        vec![Fake::new("one", |_| tickets(&["a", "b", "c"]))],
        Some(open(dir.path())),
    );
    rig.engine.settled(CEILING).await;
    rig.stop().await;
    let one = Fake::new("one", |_| Err(unreachable()));
    let restored = Arc::clone(&one.restored);
    let mut rig = run(vec![one], Some(open(dir.path())));
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(restored.load(Ordering::SeqCst), 3);
    assert_eq!(titles(&snapshot), set(&["a", "b", "c"]));
    assert_eq!(source(&snapshot, "one").health, Health::Unreachable);
    rig.stop().await;
}

#[tokio::test]
async fn of_two_boards_one_polls_and_the_other_follows_and_takes_over() {
    let dir = TempDir::new().expect("a directory");
    let leading = Fake::new("one", |poll| {
        if poll == 1 {
            tickets(&["a", "b"])
        } else {
            tickets(&["a, edited"])
        }
    });
    let following = Fake::new("one", |_| tickets(&["polled by the other"]));
    let polls = following.polls.clone();
    let mut first = run(vec![leading], Some(open(dir.path())));
    first.engine.settled(CEILING).await;

    let mut second = run(vec![following], Some(open(dir.path())));
    let snapshot = second
        .until(|snapshot| {
            let one = source(snapshot, "one");
            one.followed && one.health == Health::Ok && titles(snapshot) == set(&["a", "b"])
        })
        .await;
    assert!(source(&snapshot, "one").last_success.is_some());
    let settled = second.engine.settled(CEILING).await;
    assert_eq!(settled.me(), ["ada"], "as the board that polls found out");
    let token = &source(&settled, "one").token_from;
    assert_eq!(token, "(by the board that polls)");
    assert_eq!(polls.count(), 0);

    first.command(EngineCommand::RefreshAll).await;
    second
        .until(|snapshot| titles(snapshot) == set(&["a, edited"]))
        .await;
    assert_eq!(polls.count(), 0);

    first.stop().await;
    let alone = second
        .until(|snapshot| titles(snapshot) == set(&["polled by the other"]))
        .await;
    assert!(!source(&alone, "one").followed);
    second.stop().await;
}

/// Opens the store for a source `one` with these settings.
fn open_for(place: &Path, settings: &str, credential: &str) -> Store {
    let text = format!("[[source]]\nname = \"one\"\nkind = \"fake\"\n{settings}\n");
    let layer = Layer {
        file: "config.toml",
        text: &text,
        trust: Trust::User,
    };
    let settings = Settings::merge(&[layer], &["fake"]).expect("it is in order");
    let store = open(place);
    store.bind(settings.sources.iter().map(|s| Bound::new(s, credential)));
    store
}

const HERE: &str = "url = \"https://here.test\"\norgs = [\"acme\"]";

#[tokio::test]
async fn a_source_of_the_same_name_elsewhere_shows_nothing_and_is_never_fresh() {
    let dir = TempDir::new().expect("a directory");
    let one = Fake::new("one", |_| tickets(&["a"]));
    let mut rig = run(vec![one], Some(open_for(dir.path(), HERE, "token")));
    rig.engine.settled(CEILING).await;
    rig.stop().await;

    for (settings, credential, cards) in [
        (
            "url = \"https://there.test\"\norgs = [\"acme\"]",
            "token",
            None,
        ),
        (
            "url = \"https://here.test\"\norgs = [\"others\"]",
            "token",
            None,
        ),
        (
            "url = \"https://here.test\"\nrepos = [\"acme/a*\"]",
            "token",
            Some("a"),
        ),
    ] {
        let store = open_for(dir.path(), settings, credential);
        let one = Fake::new("one", |_| Err(unreachable()));
        let mut rig = run(vec![one], Some(store));
        let snapshot = rig.engine.settled(CEILING).await;
        let expected: BTreeSet<String> = cards.map(str::to_owned).into_iter().collect();
        assert_eq!(titles(&snapshot), expected, "{settings}");
        assert_eq!(source(&snapshot, "one").health, Health::Unreachable);
        assert_eq!(source(&snapshot, "one").last_success, None, "{settings}");
        assert!(snapshot.confirmed.is_empty(), "{settings}");
        rig.stop().await;
    }

    let store = open_for(dir.path(), HERE, "token");
    let mut rig = run_with(
        vec![Fake::new("one", |_| Err(unreachable()))],
        Some(store),
        false,
    );
    let back = rig
        .until(|snapshot| !snapshot.partial && snapshot.items().count() > 0)
        .await;
    assert_eq!(titles(&back), set(&["a"]));
    assert!(source(&back, "one").last_success.is_some());
    rig.stop().await;
}

#[tokio::test]
async fn nobody_follows_a_board_with_another_host_selection_or_token() {
    let dir = TempDir::new().expect("a directory");
    let first = Fake::new("one", |_| tickets(&["of the first"]));
    let mut first = run(vec![first], Some(open_for(dir.path(), HERE, "token")));
    first.engine.settled(CEILING).await;

    for (settings, credential, follows) in [
        (
            "url = \"https://there.test\"\norgs = [\"acme\"]",
            "token",
            false,
        ),
        (
            "url = \"https://here.test\"\norgs = [\"acme\", \"b\"]",
            "token",
            false,
        ),
        (HERE, "another", false),
        (HERE, "token", true),
    ] {
        let other = Fake::new("one", |_| tickets(&["of the other"]));
        let polls = other.polls.clone();
        let store = open_for(dir.path(), settings, credential);
        let mut rig = run(vec![other], Some(store));
        let wanted = if follows {
            "of the first"
        } else {
            "of the other"
        };
        let snapshot = rig
            .until(|snapshot| {
                let one = source(snapshot, "one");
                titles(snapshot) == set(&[wanted]) && one.followed == follows && one.me.is_some()
            })
            .await;
        assert_eq!(polls.count() == 0, follows, "{settings} {credential}");
        assert_eq!(snapshot.me(), ["ada"]);
        rig.stop().await;
    }
    let left = first.engine.settled(CEILING).await;
    assert_eq!(titles(&left), set(&["of the first"]));
    first.stop().await;
}

#[tokio::test]
async fn a_follower_that_asks_for_a_refresh_gets_one_from_the_board_that_polls() {
    let dir = TempDir::new().expect("a directory");
    let leading = Fake::new("one", |poll| tickets(&[&format!("poll {poll}")]));
    let following = Fake::new("one", |_| tickets(&["polled by the other"]));
    let (asked, polls) = (leading.polls.clone(), following.polls.clone());
    // Both have the store open before one begins, so that it knows of the other at once.
    let (here, there) = (open(dir.path()), open(dir.path()));
    let mut first = run(vec![leading], Some(here));
    first.engine.settled(CEILING).await;
    assert_eq!(asked.count(), 1);
    let mut second = run(vec![following], Some(there));
    second
        .until(|snapshot| titles(snapshot) == set(&["poll 1"]))
        .await;

    let one = EngineCommand::Refresh(SourceName::new("one"));
    for (command, expected) in [(one, "poll 2"), (EngineCommand::RefreshAll, "poll 3")] {
        second.command(command).await;
        second
            .until(|snapshot| titles(snapshot) == set(&[expected]))
            .await;
    }
    // Heard once each, and never done by the one that only follows.
    assert_eq!((asked.count(), polls.count()), (3, 0));
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_damaged_store_is_set_aside_told_once_and_built_again() {
    let dir = TempDir::new().expect("a directory");
    std::fs::write(dir.path().join("board.db"), [0xA5; 9_000]).expect("it can be written");
    let mut rig = run(
        vec![Fake::new("one", |_| tickets(&["a"]))],
        Some(open(dir.path())),
    );
    let snapshot = rig
        .until(|snapshot| titles(snapshot) == set(&["a"]) && !snapshot.notices.is_empty())
        .await;
    assert_eq!(snapshot.notices.len(), 1);
    assert!(snapshot.notices[0].contains("set aside"), "{snapshot:?}");
    rig.stop().await;

    let mut rig = run_with(
        vec![Fake::new("one", |_| Err(unreachable()))],
        Some(open(dir.path())),
        false,
    );
    let snapshot = rig.engine.settled(CEILING).await;
    assert_eq!(titles(&snapshot), set(&["a"]));
    assert_eq!(snapshot.notices, Vec::<Clean>::new());
    rig.stop().await;
}

#[tokio::test]
async fn a_board_without_a_place_for_its_store_runs_in_memory_and_says_so() {
    let dir = TempDir::new().expect("a directory");
    let blocked = dir.path().join("state");
    std::fs::write(&blocked, "no directory").expect("it can be written");
    let store = open(&blocked.join("board.db"));
    let mut rig = run(vec![Fake::new("one", |_| tickets(&["a"]))], Some(store));
    let snapshot = rig
        .until(|snapshot| titles(snapshot) == set(&["a"]) && !snapshot.notices.is_empty())
        .await;
    assert!(snapshot.notices[0].contains("memory only"), "{snapshot:?}");
    rig.stop().await;
}

#[tokio::test]
async fn a_full_store_is_told_and_no_card_is_lost() {
    let dir = TempDir::new().expect("a directory");
    let limits = Limits {
        file: 200 * 1024,
        ..Limits::default()
    };
    let (store, _) = Store::open_with(dir.path(), clock()(), limits).expect("it opens");
    let many: Vec<String> = (0..2_000)
        .map(|n| format!("{n} {}", "x".repeat(300)))
        .collect();
    let one = Fake::new("one", move |_| {
        let all: Vec<&str> = many.iter().map(String::as_str).collect();
        tickets(&all)
    });
    let mut rig = run(vec![one], Some(store));
    let snapshot = rig.until(|snapshot| !snapshot.notices.is_empty()).await;
    assert!(
        snapshot.notices[0].contains("full"),
        "{:?}",
        snapshot.notices
    );
    assert_eq!(titles(&snapshot).len(), 2_000);
    rig.stop().await;
}
