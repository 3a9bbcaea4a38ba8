//! Asking why a job failed: once, at once, and never without a word.

use std::collections::HashSet;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::*;
use crate::domain::correlate::testing::{FAILED, World, at, job, repo};
use crate::domain::diagnosis::{Diagnosis, LogState, TestsFrom};
use crate::domain::fact::Fact;
use crate::domain::run::{JobSet, RunKey};
use crate::engine::db::Store;
use crate::engine::snapshot::Snapshot;
use crate::engine::testing::{self, Answer, Fake, Rig, clock_from, options};
use crate::engine::{EngineCommand, Options};
use crate::sources::logs::{LogCache, LogWriter, NoLogs};
use crate::sources::{Batch, Tier};

const RUN: u64 = 50;
const JOB: u64 = 501;

fn key() -> LogKey {
    LogKey {
        run: RunKey {
            repo: repo(),
            id: RUN,
        },
        attempt: 1,
        job: JOB,
    }
}

/// A red change request whose failing job nobody looked into.
fn facts() -> Vec<Fact> {
    let mut world = World::new();
    world.change(7, |_| {});
    world.run(RUN, 107, FAILED, |run| run.created_at = at(80));
    let mut job = job("test", 1, FAILED);
    job.id = JOB;
    world.fact(Fact::JobSet(JobSet {
        run: key().run,
        attempt: 1,
        jobs: vec![job],
        complete: true,
    }));
    world
        .facts
        .iter()
        .map(|said| Fact::clone(&said.fact))
        .collect()
}

fn found(log: LogState) -> Batch {
    let diagnosis = Diagnosis {
        run: key().run,
        attempt: 1,
        job: JOB,
        job_name: Clean::line("test"),
        step: None,
        finished_at: None,
        log,
        error: None,
        tests: Vec::new(),
        tests_failed: None,
        tests_total: None,
        tests_from: TestsFrom::Nowhere(Clean::line("nothing tells of tests")),
        signature: None,
    };
    Batch {
        facts: vec![Fact::Diagnosis(Box::new(diagnosis))],
        ..Batch::default()
    }
}

fn read() -> LogState {
    LogState::Read {
        lines: 1,
        bytes: 5,
        cut: false,
    }
}

type Script = Box<dyn Fn(usize) -> Answer + Send + Sync>;

/// Answers by a script, after a while.
struct Answers {
    asked: Arc<AtomicUsize>,
    script: Script,
}

impl testing::Script for Answers {
    fn resource(&self) -> (&'static str, Tier) {
        ("runs:acme/api", Tier::Rare)
    }
    fn fetch(&self, _poll: usize) -> BoxFuture<'_, Answer> {
        let batch = Batch {
            facts: facts(),
            covered: vec![Clean::line("acme/api")],
            ..Batch::default()
        };
        async move { Ok(batch) }.boxed()
    }
    fn diagnose(&self, log: LogKey) -> BoxFuture<'_, Answer> {
        assert_eq!(log, key());
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = (self.script)(asked);
        async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            answer
        }
        .boxed()
    }
}

/// Has the logs that it is told.
#[derive(Default)]
struct Shelf(Mutex<HashSet<LogKey>>);

impl LogCache for Shelf {
    fn begin(&self, key: &LogKey) -> io::Result<Box<dyn LogWriter>> {
        NoLogs.begin(key)
    }
    fn has(&self, key: &LogKey) -> bool {
        self.0.lock().unwrap().contains(key)
    }
}

struct Board {
    rig: Rig,
    asked: Arc<AtomicUsize>,
    shelf: Arc<Shelf>,
}

async fn board(
    script: impl Fn(usize) -> Answer + Send + Sync + 'static,
    store: Option<Store>,
) -> Board {
    let (asked, shelf): (Arc<AtomicUsize>, Arc<Shelf>) = Default::default();
    let answers = Answers {
        asked: Arc::clone(&asked),
        script: Box::new(script),
    };
    let source = Fake::by("one", Arc::new(answers));
    let mut rig = Rig::start(Options {
        store,
        logs: Arc::clone(&shelf) as Arc<dyn LogCache>,
        ..options([source], clock_from(at(90)))
    });
    rig.until(|snapshot| !snapshot.triage.cards.is_empty())
        .await;
    Board { rig, asked, shelf }
}

impl Board {
    async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        self.rig.until(wanted).await
    }

    async fn diagnose(&self) {
        self.rig.command(EngineCommand::Diagnose(key())).await;
    }

    async fn says(&mut self, text: &str) {
        self.until(|snapshot| words(snapshot).contains(text)).await;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn stop(self) {
        self.rig.stop().await;
    }
}

fn words(snapshot: &Snapshot) -> String {
    let card = snapshot.triage.cards.first();
    card.map_or_else(String::new, |card| match &card.triage.diagnosis {
        Known::Yes(found) => format!("found {:?}", found.log),
        Known::No(why) => why.to_string(),
    })
}

#[tokio::test(start_paused = true)]
async fn a_job_is_looked_into_once_and_then_never_again() {
    let mut board = board(|_| Ok(found(read())), None).await;
    board.says("the log of job `test` is not read yet").await;
    board.diagnose().await;
    board.diagnose().await;
    board.says("the log of job `test` is being read").await;
    board.says("found Read").await;
    assert_eq!(board.asked(), 1, "two at once are one");
    board.shelf.0.lock().unwrap().insert(key());
    board.diagnose().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(board.asked(), 1, "finished jobs never change");
    board.shelf.0.lock().unwrap().clear();
    board.diagnose().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(board.asked(), 2, "its log left the cache");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_gone_is_not_asked_for_again() {
    let mut board = board(|_| Ok(found(LogState::Gone)), None).await;
    for _ in 0..3 {
        board.diagnose().await;
        board.says("found Gone").await;
    }
    assert_eq!(board.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_found_out_is_said_on_the_card_and_tried_again() {
    let script = |asked| match asked {
        0 => Err(SourceError::Unreachable {
            host: "forge.test".to_owned(),
            cause: "connection refused".to_owned(),
        }),
        1 => Ok(Batch::default()),
        2 => panic!("a bug"),
        _ => Ok(found(read())),
    };
    let mut board = board(script, None).await;
    for said in [
        "forge.test cannot be reached: connection refused",
        "nothing was found about it",
        "the source crashed",
        "found Read",
    ] {
        board.diagnose().await;
        board.says(said).await;
    }
    assert_eq!(board.asked(), 4);
    let snapshot = Arc::clone(&board.rig.engine.snapshots.borrow());
    assert!(matches!(snapshot.inquiries[&key()], Asked::Found(_)));
}

#[tokio::test(start_paused = true)]
async fn a_job_of_a_run_that_nobody_knows_has_its_sentence_too() {
    let mut board = board(|_| Ok(found(read())), None).await;
    let mut other = key();
    other.run.id = 51;
    let command = EngineCommand::Diagnose(other.clone());
    board.rig.engine.commands.send(command).await.unwrap();
    let snapshot = board.until(|s| s.inquiries.contains_key(&other)).await;
    let why = Clean::line("no source knows this run");
    let failed = Asked::Failed { why, health: None };
    assert_eq!(snapshot.inquiries[&other], failed);
    assert_eq!(board.asked(), 0);
}

#[tokio::test]
async fn a_board_that_follows_asks_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("board.db");
    let store = || Store::open(&file, at(90)).unwrap().0;
    let leader = board(|_| Ok(found(read())), Some(store())).await;
    let mut follower = board(|_| Ok(found(read())), Some(store())).await;
    follower
        .until(|snapshot| snapshot.sources[0].followed)
        .await;
    follower.diagnose().await;
    follower.says("found Read").await;
    assert_eq!((leader.asked(), follower.asked()), (0, 1));
    follower.stop().await;
    leader.stop().await;
}
