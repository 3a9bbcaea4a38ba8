//! Actions against a server that counts: whatever happens, one request at most.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::machine::{Action, Effect, Event};
use super::*;
use crate::domain::Timestamp;
use crate::domain::action::{ActionState, ActionView, Fresh};
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::policy::Policy;
use crate::domain::run::{Failure, RunKey, RunState};
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, EngineCommand, Options, start};
use crate::sources::action::{Act, ActError};
use crate::sources::logs::NoLogs;
use crate::sources::{Batch, Capability, Fetch, Meter, Resource, Source, SourceError, Tier};

/// A run at a server, and what the server does when it is asked to do something.
struct Server {
    run: Mutex<(u32, RunState)>,
    answer: Mutex<Answer>,
    acts: AtomicUsize,
    looks: AtomicUsize,
    polls: AtomicUsize,
    /// When requests that change something came.
    came: Mutex<Vec<Instant>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Does it and says so.
    Takes,
    /// Does it, and the answer is lost.
    TakesMute,
    /// Does nothing, and gives no answer that tells.
    LosesIt,
    /// Does it and says so after half a second.
    IsSlow,
    /// Does it and never answers.
    Hangs,
    Refuses,
    Unreachable,
    Panics,
}

impl Server {
    fn new(answer: Answer) -> Arc<Self> {
        Arc::new(Self {
            run: Mutex::new((1, RunState::Failed(Failure::Failed))),
            answer: Mutex::new(answer),
            acts: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            came: Mutex::default(),
        })
    }

    fn acts(&self) -> usize {
        self.acts.load(Ordering::SeqCst)
    }

    fn apply(&self, verb: Verb) {
        let mut run = self.run.lock().unwrap();
        *run = match verb {
            Verb::Cancel | Verb::ForceCancel => (run.0, RunState::Cancelled),
            Verb::RerunFailed | Verb::RerunAll | Verb::RerunJob => (run.0 + 1, RunState::Queued),
        };
    }
}

struct Fake {
    name: SourceName,
    server: Arc<Server>,
    clock: crate::sources::http::Clock,
}

impl Source for Fake {
    fn name(&self) -> &SourceName {
        &self.name
    }
    fn kind(&self) -> &'static str {
        "fake"
    }
    fn host(&self) -> &'static str {
        "forge.test"
    }
    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }
    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        vec![Resource {
            id: "runs:acme/api".into(),
            tier: Tier::Cold,
            cost: 1,
            bucket: "core",
        }]
    }
    fn fetch(&self, _fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.server.polls.fetch_add(1, Ordering::SeqCst);
        let batch = Batch {
            covered: vec![Clean::line("acme/api")],
            ..Batch::default()
        };
        async move { Ok(batch) }.boxed()
    }
    fn restore(&self, _facts: &[Arc<Fact>]) {}
    fn need(&self, _needs: &BTreeSet<Need>) {}
    fn meter(&self) -> Meter {
        Meter::default()
    }
    fn look_at(&self, _target: Target) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        async {
            self.server.looks.fetch_add(1, Ordering::SeqCst);
            let (attempt, state) = self.server.run.lock().unwrap().clone();
            Ok(fresh(attempt, state, (self.clock)()))
        }
        .boxed()
    }
    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        async move {
            self.server.acts.fetch_add(1, Ordering::SeqCst);
            self.server.came.lock().unwrap().push(Instant::now());
            let unsure = || ActError::Unsure {
                cause: "it answered 502".to_owned(),
            };
            let answer = *self.server.answer.lock().unwrap();
            match answer {
                Answer::Takes => self.server.apply(act.verb),
                Answer::TakesMute => {
                    self.server.apply(act.verb);
                    return Err(unsure());
                }
                Answer::LosesIt => return Err(unsure()),
                Answer::Hangs => {
                    self.server.apply(act.verb);
                    std::future::pending::<()>().await;
                }
                Answer::IsSlow => {
                    self.server.apply(act.verb);
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Answer::Refuses => {
                    return Err(ActError::Refused {
                        status: 403,
                        said: Clean::line("This workflow was re-run 50 times"),
                    });
                }
                Answer::Unreachable => {
                    return Err(ActError::NotSent(SourceError::Unreachable {
                        host: "forge.test".to_owned(),
                        cause: "connection refused".to_owned(),
                    }));
                }
                Answer::Panics => panic!("a bug"),
            }
            Ok(())
        }
        .boxed()
    }
}

fn fresh(attempt: u32, state: RunState, read_at: Timestamp) -> Fresh {
    Fresh {
        name: Clean::line("ci #812"),
        job: None,
        attempt,
        head_sha: None,
        branch: Clean::line("main"),
        state,
        url: None,
        read_at,
    }
}

fn target(run: u64) -> Target {
    Target {
        source: SourceName::new("one"),
        run: RunKey {
            repo: RepoKey::new("forge.test", "acme/api"),
            id: run,
        },
        job: None,
    }
}

fn id(text: &str) -> ActionId {
    ActionId(text.to_owned())
}

/// A board with the fake source.
struct Rig {
    engine: Engine,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

fn acting(journal: &Path) -> Acting {
    let words = ["rerun", "cancel"].into_iter().collect();
    Acting {
        writes: HashMap::from([(SourceName::new("one"), words)]),
        forbidden: None,
        journal: Some(journal.to_owned()),
        who: "me@here".to_owned(),
    }
}

async fn board(server: &Arc<Server>, acting: Acting) -> Rig {
    let started = Instant::now();
    let base = Timestamp::UNIX_EPOCH + TimeDelta::days(20_100);
    let clock: crate::sources::http::Clock = Arc::new(move || base + started.elapsed());
    board_at(server, acting, clock).await
}

async fn board_at(server: &Arc<Server>, acting: Acting, clock: crate::sources::http::Clock) -> Rig {
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let source = Fake {
        name: SourceName::new("one"),
        server: Arc::clone(server),
        clock: Arc::clone(&clock),
    };
    let options = Options {
        sources: vec![Box::new(source)],
        policy: Policy::default(),
        columns: Vec::new(),
        store: None,
        polling: true,
        looks_into: true,
        clock,
        logs: Arc::new(NoLogs),
        acting,
    };
    let mut engine = start(options, &tracker, &cancel);
    engine.settled(Duration::from_mins(1)).await;
    Rig {
        engine,
        tracker,
        cancel,
    }
}

impl Rig {
    async fn command(&self, command: EngineCommand) {
        self.engine.commands.send(command).await.unwrap();
    }

    async fn intend(&self, name: &str, verb: Verb, run: u64) {
        let item = Some(ItemId::new("card"));
        self.command(EngineCommand::Intend {
            id: id(name),
            verb,
            target: target(run),
            item,
        })
        .await;
    }

    async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let wait = self.engine.snapshots.wait_for(|snapshot| wanted(snapshot));
        let found = tokio::time::timeout(Duration::from_hours(1), wait).await;
        match found {
            Ok(snapshot) => Arc::clone(&snapshot.unwrap()),
            Err(elapsed) => panic!("it never came: {elapsed}"),
        }
    }

    /// Waits until an action is as it should be.
    async fn state(&mut self, name: &str, wanted: impl Fn(&ActionState) -> bool) -> ActionState {
        let find = |snapshot: &Snapshot| -> Option<ActionView> {
            let found = snapshot.actions.iter().find(|a| a.id == id(name));
            found.cloned()
        };
        let is_it = |s: &Snapshot| find(s).is_some_and(|view| wanted(&view.state));
        let snapshot = self.until(is_it).await;
        find(&snapshot).unwrap().state
    }

    async fn ready(&mut self, name: &str) {
        self.state(name, |s| matches!(s, ActionState::Ready(_)))
            .await;
    }

    /// Asks for something and confirms it.
    async fn act(&mut self, name: &str, verb: Verb, run: u64) {
        self.intend(name, verb, run).await;
        self.ready(name).await;
        self.command(EngineCommand::Confirm(id(name))).await;
    }

    async fn over(&mut self, name: &str) -> String {
        words(&self.state(name, ActionState::is_over).await)
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

fn words(state: &ActionState) -> String {
    match state {
        ActionState::Reading => "reading".to_owned(),
        ActionState::Ready(_) => "ready".to_owned(),
        ActionState::Sending(_) => "sending".to_owned(),
        ActionState::Requested(_) => "requested".to_owned(),
        ActionState::Confirmed(fresh) => format!("confirmed {}", fresh.attempt),
        ActionState::Stopped(why) => format!("stopped: {why}"),
        ActionState::Refused(said) => format!("refused: {said}"),
        ActionState::Unsure(why) => format!("unsure: {why}"),
    }
}

fn events(journal: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect()
}

struct Home {
    _dir: tempfile::TempDir,
    journal: PathBuf,
}

fn home() -> Home {
    let dir = tempfile::tempdir().unwrap();
    Home {
        journal: dir.path().join("state/actions.jsonl"),
        _dir: dir,
    }
}

/// One re-run at a server that answers so: how it ends, and what the journal says.
async fn check(answer: Answer, ends: &str, journal: &[&str]) {
    let (server, home) = (Server::new(answer), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    let given_up =
        |state: &ActionState| state.is_over() || words(state).contains("nothing came of it");
    let state = board.state("a", given_up).await;
    assert_eq!(words(&state), ends);
    assert_eq!(server.acts(), 1);
    board.stop().await;
    assert_eq!(events(&home.journal), journal);
}

#[tokio::test(start_paused = true)]
async fn every_answer_of_the_server_comes_to_one_request_and_one_end() {
    let seen = ["intended", "requested", "confirmed"];
    check(Answer::Takes, "confirmed 2", &seen).await;
    let found_out = ["intended", "unsure", "confirmed"];
    check(Answer::TakesMute, "confirmed 2", &found_out).await;
    check(Answer::Hangs, "confirmed 2", &found_out).await;
    check(
        Answer::LosesIt,
        "unsure: nobody knows whether it was done: it answered 502; nothing came of it within 5 min",
        &["intended", "unsure", "given-up"],
    )
    .await;
    check(
        Answer::Panics,
        "unsure: nobody knows whether it was done: the source crashed; nothing came of it within 5 min",
        &["intended", "unsure", "given-up"],
    )
    .await;
    check(
        Answer::Refuses,
        "refused: This workflow was re-run 50 times",
        &["intended", "refused"],
    )
    .await;
    check(
        Answer::Unreachable,
        "stopped: forge.test cannot be reached: connection refused",
        &["intended", "not-sent"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_repeats_does_it_once() {
    let (server, home) = (Server::new(Answer::Takes), home());
    let mut board = board(&server, acting(&home.journal)).await;
    for _ in 0..5 {
        board.intend("a", Verb::RerunFailed, 7).await;
    }
    board.ready("a").await;
    for _ in 0..5 {
        board.command(EngineCommand::Confirm(id("a"))).await;
    }
    board.intend("b", Verb::RerunAll, 7).await;
    assert_eq!(
        board.over("b").await,
        "stopped: `re-run failed jobs` is under way already"
    );
    assert_eq!(board.over("a").await, "confirmed 2");
    board.command(EngineCommand::Confirm(id("a"))).await;
    board.command(EngineCommand::Confirm(id("b"))).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(server.acts(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_changed_after_it_was_shown_is_not_touched() {
    let (server, home) = (Server::new(Answer::Takes), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.intend("a", Verb::RerunFailed, 7).await;
    board.ready("a").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    *server.run.lock().unwrap() = (2, RunState::Running);
    board.command(EngineCommand::Confirm(id("a"))).await;
    assert_eq!(
        board.over("a").await,
        "stopped: `ci #812` changed meanwhile: attempt 2 is running"
    );
    assert_eq!(server.acts(), 0);
    assert!(events(&home.journal).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_confirmed_late_is_read_again_and_what_is_not_lapses() {
    let (server, home) = (Server::new(Answer::Takes), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.intend("a", Verb::RerunFailed, 7).await;
    board.ready("a").await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    let looks = server.looks.load(Ordering::SeqCst);
    board.command(EngineCommand::Confirm(id("a"))).await;
    assert_eq!(board.over("a").await, "confirmed 2");
    assert!(server.looks.load(Ordering::SeqCst) > looks + 1);
    *server.run.lock().unwrap() = (2, RunState::Failed(Failure::Failed));
    board.intend("b", Verb::RerunFailed, 7).await;
    let lapsed = "stopped: it was not confirmed within 60 s";
    assert_eq!(board.over("b").await, lapsed);
    board.command(EngineCommand::Confirm(id("b"))).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(server.acts(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_is_sent() {
    let (server, home) = (Server::new(Answer::Takes), home());
    std::fs::create_dir_all(&home.journal).unwrap();
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    let end = board.over("a").await;
    assert!(
        end.starts_with("stopped: the journal cannot be written"),
        "{end}"
    );
    assert_eq!(server.acts(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_even_read_that_is_not_allowed() {
    let server = Server::new(Answer::Takes);
    let home = home();
    let allowed = acting(&home.journal);
    let forbidden = Acting {
        forbidden: Some(Clean::line("nothing is changed with `--read-only`")),
        ..allowed.clone()
    };
    let unlisted = Acting {
        writes: HashMap::from([(SourceName::new("one"), BTreeSet::from(["cancel"]))]),
        ..allowed.clone()
    };
    let unwritten = Acting {
        journal: None,
        ..allowed
    };
    let table = [
        (forbidden, "stopped: nothing is changed with `--read-only`"),
        (
            unlisted,
            "stopped: source `one` may not be changed: put \"rerun\" into its `writes`",
        ),
        (
            unwritten,
            "stopped: there is no journal to write it down in",
        ),
    ];
    for (acting, expected) in table {
        let mut board = board(&server, acting).await;
        board.intend("a", Verb::RerunAll, 7).await;
        assert_eq!(board.over("a").await, expected);
    }
    assert_eq!(server.looks.load(Ordering::SeqCst), 0);
    assert_eq!(server.acts(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_said_before_it_is_asked() {
    let (server, home) = (Server::new(Answer::Takes), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.intend("a", Verb::Cancel, 7).await;
    assert_eq!(
        board.over("a").await,
        "stopped: `ci #812` failed: there is nothing to cancel"
    );
    *server.run.lock().unwrap() = (1, RunState::Running);
    board.intend("b", Verb::RerunAll, 7).await;
    assert_eq!(
        board.over("b").await,
        "stopped: `ci #812` is running: it has to end first"
    );
    board.act("c", Verb::Cancel, 7).await;
    assert_eq!(board.over("c").await, "confirmed 1");
    assert_eq!(server.acts(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_board_is_asked_for_at_once_when_something_was_done() {
    let (server, home) = (Server::new(Answer::Takes), home());
    let mut board = board(&server, acting(&home.journal)).await;
    let polls = server.polls.load(Ordering::SeqCst);
    let before = Instant::now();
    board.act("a", Verb::RerunFailed, 7).await;
    board.over("a").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(before.elapsed() < Duration::from_mins(1));
    assert!(server.polls.load(Ordering::SeqCst) > polls);
}

#[tokio::test(start_paused = true)]
async fn a_card_tells_what_is_being_done_until_it_is_over() {
    let (server, home) = (Server::new(Answer::TakesMute), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    board
        .state("a", |s| matches!(s, ActionState::Unsure(_)))
        .await;
    let card = ItemId::new("card");
    let snapshot = Arc::clone(&board.engine.snapshots.borrow());
    assert_eq!(snapshot.action_of(&card).unwrap().id, id("a"));
    board.over("a").await;
    let snapshot = Arc::clone(&board.engine.snapshots.borrow());
    assert!(snapshot.action_of(&card).is_none());
}

#[tokio::test(start_paused = true)]
async fn requests_to_a_host_are_a_second_apart() {
    let (server, home) = (Server::new(Answer::Refuses), home());
    let mut board = board(&server, acting(&home.journal)).await;
    let names: Vec<String> = (0..10).map(|n| format!("a{n}")).collect();
    for (run, name) in (0..).zip(&names) {
        board.intend(name, Verb::RerunFailed, run).await;
    }
    for name in &names {
        board.ready(name).await;
    }
    for name in &names {
        board.command(EngineCommand::Confirm(id(name))).await;
    }
    for name in &names {
        board.over(name).await;
    }
    let came = server.came.lock().unwrap();
    assert_eq!(came.len(), 10);
    assert!(
        came.windows(2)
            .all(|two| two[1] - two[0] >= Duration::from_secs(1))
    );
}

#[tokio::test(start_paused = true)]
async fn two_boards_do_the_same_thing_once() {
    let (server, home) = (Server::new(Answer::TakesMute), home());
    let mut one = board(&server, acting(&home.journal)).await;
    let mut two = board(&server, acting(&home.journal)).await;
    one.intend("a", Verb::RerunFailed, 7).await;
    two.intend("b", Verb::RerunFailed, 7).await;
    one.ready("a").await;
    two.ready("b").await;
    one.command(EngineCommand::Confirm(id("a"))).await;
    two.command(EngineCommand::Confirm(id("b"))).await;
    let ends = [one.over("a").await, two.over("b").await];
    assert_eq!(server.acts(), 1, "{ends:?}");
    assert!(ends.iter().any(|end| end == "confirmed 2"), "{ends:?}");
    assert!(
        ends.iter().any(|end| end.starts_with("stopped: ")),
        "{ends:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_board_has_just_done_is_not_done_again() {
    let (server, home) = (Server::new(Answer::LosesIt), home());
    let started = Instant::now();
    let base = Timestamp::UNIX_EPOCH + TimeDelta::days(20_100);
    let clock: crate::sources::http::Clock = Arc::new(move || base + started.elapsed());
    let mut one = board_at(&server, acting(&home.journal), Arc::clone(&clock)).await;
    let mut two = board_at(&server, acting(&home.journal), clock).await;
    two.intend("b", Verb::RerunFailed, 7).await;
    two.ready("b").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    one.act("a", Verb::RerunFailed, 7).await;
    one.state("a", |s| matches!(s, ActionState::Unsure(_)))
        .await;
    // That board ends, and its claim with it.
    one.stop().await;
    two.command(EngineCommand::Confirm(id("b"))).await;
    assert_eq!(
        two.over("b").await,
        "stopped: another board did the same a moment ago"
    );
    assert_eq!(server.acts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_ended_half_way_finds_out_when_it_starts_again() {
    let (server, home) = (Server::new(Answer::Hangs), home());
    let mut first = board(&server, acting(&home.journal)).await;
    first.act("a", Verb::RerunFailed, 7).await;
    while server.acts() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.stop().await;
    assert_eq!(events(&home.journal), ["intended"]);
    let mut second = board(&server, acting(&home.journal)).await;
    let unsure = second
        .state("a", |s| matches!(s, ActionState::Unsure(_)))
        .await;
    assert_eq!(
        words(&unsure),
        "unsure: the board ended before it knew whether it was done"
    );
    second.intend("b", Verb::RerunFailed, 7).await;
    assert!(second.over("b").await.ends_with("is under way already"));
    assert_eq!(second.over("a").await, "confirmed 2");
    assert_eq!(server.acts(), 1);
    second.stop().await;
    let third = board(&server, acting(&home.journal)).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(third.engine.snapshots.borrow().actions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_board_that_ends_waits_a_moment_for_its_answer() {
    let (server, home) = (Server::new(Answer::IsSlow), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    while server.acts() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    board.stop().await;
    assert_eq!(events(&home.journal), ["intended", "requested"]);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_stays_unknown_is_put_away_by_a_person() {
    let (server, home) = (Server::new(Answer::LosesIt), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    let given_up = |s: &ActionState| words(s).contains("nothing came of it");
    board.state("a", given_up).await;
    board.command(EngineCommand::Dismiss(id("a"))).await;
    board.until(|snapshot| snapshot.actions.is_empty()).await;
    *server.answer.lock().unwrap() = Answer::Takes;
    board.act("b", Verb::RerunFailed, 7).await;
    assert_eq!(board.over("b").await, "confirmed 2");
    assert_eq!(server.acts(), 2);
}

#[test]
fn a_torn_line_and_a_journal_that_is_too_large_lose_nothing_open() {
    let home = home();
    let journal = journal::Journal::new(home.journal.clone());
    let now = Timestamp::UNIX_EPOCH + TimeDelta::days(20_100);
    let line = |name: &str, event| journal::Line {
        id: id(name),
        event,
        at: now,
        up_ms: 0,
        who: "x".repeat(900),
        pid: 1,
        verb: Verb::Cancel,
        target: target(7),
        host: "forge.test".to_owned(),
        item: None,
        before: None,
        said: None,
    };
    journal
        .append(&line("open", journal::Word::Intended))
        .unwrap();
    let torn = std::fs::OpenOptions::new().append(true).open(&home.journal);
    std::io::Write::write_all(&mut torn.unwrap(), b"{\"id\":\"to").unwrap();
    for number in 0..1_000 {
        let name = format!("done {number}");
        journal
            .append(&line(&name, journal::Word::Intended))
            .unwrap();
        journal
            .append(&line(&name, journal::Word::Confirmed))
            .unwrap();
    }
    let open = journal.unfinished(now);
    assert_eq!(
        open.iter().map(|l| l.id.clone()).collect::<Vec<_>>(),
        [id("open")]
    );
    assert!(journal.unfinished(now + TimeDelta::hours(25)).is_empty());
    let files = std::fs::read_dir(home.journal.parent().unwrap()).unwrap();
    let files = files.count();
    assert!((2..=5).contains(&files), "{files} files");
}

#[test]
fn a_claim_is_one_boards_until_it_is_given_back() {
    let home = home();
    let journal = journal::Journal::new(home.journal.clone());
    let first = journal.claim(Verb::RerunAll, &target(7)).unwrap();
    assert!(first.is_some());
    let again = journal.claim(Verb::RerunFailed, &target(7)).unwrap();
    assert!(again.is_none(), "re-runs of a run are one thing");
    assert!(journal.claim(Verb::Cancel, &target(7)).unwrap().is_some());
    assert!(journal.claim(Verb::RerunAll, &target(8)).unwrap().is_some());
    drop(first);
    assert!(journal.claim(Verb::RerunAll, &target(7)).unwrap().is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Event(usize),
    Wait(u64),
}

fn event(number: usize) -> Event {
    let state = match number % 3 {
        0 => RunState::Failed(Failure::Failed),
        1 => RunState::Running,
        _ => RunState::Passed,
    };
    let now = Timestamp::UNIX_EPOCH;
    match number {
        0..=5 => {
            let attempt = if number < 4 { 1 } else { 2 };
            Event::Read(Ok(fresh(attempt, state, now)))
        }
        6 => Event::Read(Err(Clean::line("no"))),
        7..=9 => Event::Confirm,
        10 => Event::Dismiss,
        11 | 12 => Event::Turn,
        13 | 14 => Event::Journaled(Ok(())),
        15 => Event::Journaled(Err(Clean::line("no"))),
        16 => Event::Answered(Ok(())),
        17 => Event::Answered(Err(ActError::Unsure {
            cause: "no".to_owned(),
        })),
        _ => Event::Alarm,
    }
}

proptest! {
    #[test]
    fn no_order_of_events_leads_to_two_requests(
        verb in 0..Verb::ALL.len(),
        steps in prop::collection::vec(
            prop_oneof![
                8 => (0_usize..20).prop_map(Step::Event),
                1 => (0_u64..90).prop_map(Step::Wait),
            ],
            0..200,
        ),
    ) {
        let mut action = Action::new(id("a"), Verb::ALL[verb], target(7), None);
        let mut now = Duration::ZERO;
        let (mut sent, mut confirmed, mut written) = (0, false, false);
        for step in steps {
            let was_over = action.is_done();
            let effect = match step {
                Step::Wait(secs) => {
                    now += Duration::from_secs(secs);
                    None
                }
                Step::Event(number) => {
                    let event = event(number);
                    confirmed |= matches!((&event, action.state()), (Event::Confirm, ActionState::Ready(_)));
                    written |= matches!((&event, action.state()), (Event::Journaled(Ok(())), ActionState::Sending(_)));
                    action.on(event, now)
                }
            };
            if effect == Some(Effect::Send) {
                sent += 1;
                prop_assert!(confirmed && written);
            }
            prop_assert!(!was_over || (action.is_done() && effect.is_none()));
        }
        prop_assert!(sent <= 1);
    }
}
