//! Actions against a server that counts: whatever happens, one request at most.

mod boards;
mod gates;
mod papers;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use tokio::time::Instant;

use super::machine::{Action, Effect, Event};
use super::*;
use crate::domain::Timestamp;
use crate::domain::action::{ActionState, ActionView, Fresh, Of, OpenGate};
use crate::domain::key::RepoKey;
use crate::domain::policy::Policy;
use crate::domain::run::{Failure, RunKey, RunState};
use crate::engine::snapshot::Snapshot;
use crate::engine::testing::{Fake, Rig, Script, clock, options};
use crate::engine::{EngineCommand, Options};
use crate::sources::action::{Act, ActError};
use crate::sources::http::Clock;
use crate::sources::{Batch, SourceError, Tier};

/// A run at a server, and what the server does when it is asked to do something.
struct Server {
    run: Mutex<(u32, RunState)>,
    /// The gate at which the run waits.
    gate: Mutex<Option<OpenGate>>,
    /// Why nothing of the run could be stopped.
    at_rest: Mutex<Option<Clean>>,
    answer: Mutex<Answer>,
    acts: AtomicUsize,
    looks: AtomicUsize,
    polls: AtomicUsize,
    clock: Mutex<Clock>,
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
            gate: Mutex::default(),
            at_rest: Mutex::default(),
            answer: Mutex::new(answer),
            acts: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            polls: AtomicUsize::new(0),
            clock: Mutex::new(clock()),
            came: Mutex::default(),
        })
    }

    fn acts(&self) -> usize {
        self.acts.load(Ordering::SeqCst)
    }

    fn apply(&self, verb: Verb) {
        let mut run = self.run.lock().unwrap();
        if (verb, &run.1) == (Verb::Cancel, &RunState::Waiting) {
            *self.at_rest.lock().unwrap() = Some(Clean::line("only manual jobs are left"));
            return;
        }
        *run = match verb {
            Verb::Cancel | Verb::ForceCancel | Verb::Reject => (run.0, RunState::Cancelled),
            Verb::RerunFailed | Verb::RerunAll | Verb::RerunJob => (run.0 + 1, RunState::Queued),
            Verb::Approve => (run.0, RunState::Running),
        };
        if verb.of() == Of::Gate {
            *self.gate.lock().unwrap() = None;
        }
    }
}

impl Script for Server {
    fn resource(&self) -> (&'static str, Tier) {
        ("runs:acme/api", Tier::Cold)
    }
    fn fetch(&self, poll: usize) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.polls.store(poll, Ordering::SeqCst);
        let batch = Batch {
            covered: vec![Clean::line("acme/api")],
            ..Batch::default()
        };
        async move { Ok(batch) }.boxed()
    }
    fn look_at(&self) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        async {
            self.looks.fetch_add(1, Ordering::SeqCst);
            let (attempt, state) = self.run.lock().unwrap().clone();
            let now = Clock::clone(&self.clock.lock().unwrap());
            let gate = self.gate.lock().unwrap().clone();
            Ok(Fresh {
                gate,
                at_rest: self.at_rest.lock().unwrap().clone(),
                ..fresh(attempt, state, now())
            })
        }
        .boxed()
    }
    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        async move {
            self.acts.fetch_add(1, Ordering::SeqCst);
            self.came.lock().unwrap().push(Instant::now());
            let unsure = || ActError::Unsure {
                cause: "it answered 502".to_owned(),
            };
            let answer = *self.answer.lock().unwrap();
            match answer {
                Answer::Takes => self.apply(act.verb),
                Answer::TakesMute => {
                    self.apply(act.verb);
                    return Err(unsure());
                }
                Answer::LosesIt => return Err(unsure()),
                Answer::Hangs => {
                    self.apply(act.verb);
                    std::future::pending::<()>().await;
                }
                Answer::IsSlow => {
                    self.apply(act.verb);
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
        gate: None,
        at_rest: None,
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
        gate: None,
    }
}

fn id(text: &str) -> ActionId {
    ActionId(text.to_owned())
}

fn acting(journal: &Path) -> Acting {
    let words = ["rerun", "cancel", "approve"].into_iter().collect();
    Acting {
        writes: HashMap::from([(SourceName::new("one"), words)]),
        forbidden: None,
        journal: Some(journal.to_owned()),
        who: "me@here".to_owned(),
        production: Some(Policy::default().production),
    }
}

async fn board(server: &Arc<Server>, acting: Acting) -> Rig {
    board_at(server, acting, clock()).await
}

async fn board_at(server: &Arc<Server>, acting: Acting, clock: Clock) -> Rig {
    *server.clock.lock().unwrap() = Arc::clone(&clock);
    let source = Fake::by("one", Arc::clone(server) as Arc<dyn Script>);
    let mut rig = Rig::start(Options {
        acting,
        ..options([source], clock)
    });
    rig.engine.settled(Duration::from_mins(1)).await;
    rig
}

impl Rig {
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
    let of_card = |snapshot: &Snapshot| {
        let card = ItemId::new("card");
        let mut actions = snapshot.actions.iter();
        let action = actions.find(|action| action.item.as_ref() == Some(&card));
        action.map(|action| (action.id.clone(), action.state.is_over()))
    };
    let snapshot = Arc::clone(&board.engine.snapshots.borrow());
    assert_eq!(of_card(&snapshot), Some((id("a"), false)));
    board.over("a").await;
    let snapshot = Arc::clone(&board.engine.snapshots.borrow());
    assert_eq!(of_card(&snapshot), Some((id("a"), true)));
}
