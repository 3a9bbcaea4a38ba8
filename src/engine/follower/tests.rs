//! The pace of reading on, and what readers see of a log: whole reads only, in their order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc};

use super::{LONGEST, MOST_ANEW, Pace, QUIET, RATE, SOON, Trip, follow};
use crate::domain::diagnosis::LogKey;
use crate::domain::key::RepoKey;
use crate::domain::run::{RunKey, RunState};
use crate::engine::EngineCommand;
use crate::engine::logs::{FileLogs, Growth};
use crate::engine::testing::{Answer, Fake, Followed, Script, clock};
use crate::log::Grows;
use crate::sources::SourceError;
use crate::sources::follow::{FollowError, Part, Place, Standing};
use crate::sources::logs::LogCache as _;

/// What each read hands on and comes to; where each began.
#[derive(Default)]
struct Reads {
    answers: Mutex<VecDeque<(&'static str, Followed)>>,
    froms: Mutex<Vec<(u64, String)>>,
}

impl Script for Reads {
    fn fetch(&self, _poll: usize) -> BoxFuture<'_, Answer> {
        unreachable!("nobody polls")
    }

    fn follow(&self, from: Place, into: mpsc::Sender<Vec<u8>>) -> BoxFuture<'_, Followed> {
        self.froms.lock().unwrap().push((from.bytes, from.mark));
        let (text, answer) = self.answers.lock().unwrap().pop_front().expect("no more");
        async move {
            if !text.is_empty() {
                into.send(text.as_bytes().to_vec()).await.unwrap();
            }
            answer
        }
        .boxed()
    }
}

fn told(mark: &str, standing: Standing) -> Part {
    Part {
        mark: mark.to_owned(),
        standing,
        moved: 0,
    }
}

fn lost() -> Followed {
    Err(FollowError::Source(SourceError::Unreadable {
        host: "ci.test".to_owned(),
        cause: "it was cut off".to_owned(),
    }))
}

fn text(growth: &Growth) -> String {
    let mut bytes = vec![0; 1_000];
    let length = growth.read(0, &mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

/// Follows a log through these reads; returns what was asked, what was told, and the last word.
async fn through(
    answers: Vec<(&'static str, Followed)>,
) -> (
    Vec<(u64, String)>,
    Vec<Grows>,
    Growth,
    Option<EngineCommand>,
) {
    let home = tempfile::tempdir().unwrap();
    let clock = clock();
    let logs = FileLogs::new(&home.path().join("logs"), home.path(), Arc::clone(&clock));
    let reads = Arc::new(Reads::default());
    *reads.answers.lock().unwrap() = answers.into();
    let key = LogKey {
        run: RunKey {
            repo: RepoKey::new("ci.test", "acme/api"),
            id: 7,
        },
        attempt: 1,
        job: 3,
    };
    let (commands, mut asked) = mpsc::channel(4);
    let mut growth = logs.growth();
    let trip = Trip {
        source: Arc::new(Fake::by("ci", Arc::clone(&reads) as Arc<dyn Script>)),
        host: Arc::new(Semaphore::new(1)),
        logs: Arc::new(logs.clone()),
        clock,
        key: key.clone(),
        commands: commands.downgrade(),
    };
    let mut walk = std::pin::pin!(follow(trip));
    let mut seen = Vec::new();
    loop {
        tokio::select! {
            biased;
            changed = growth.changed() => changed.unwrap(),
            () = &mut walk => break,
        }
        let news = growth.borrow_and_update().clone().unwrap();
        if seen.last() != Some(&news.stands) {
            seen.push(news.stands);
        }
    }
    let last = growth.borrow_and_update().clone().unwrap();
    assert!(
        !logs.has(&key),
        "a log that grows is never the one that is kept"
    );
    let froms = reads.froms.lock().unwrap().clone();
    (froms, seen, last, asked.try_recv().ok())
}

#[tokio::test(start_paused = true)]
async fn a_log_is_read_on_to_the_end_of_its_job_and_then_asked_for_as_a_whole() {
    let passed = RunState::Passed;
    let (froms, _, last, asked) = through(vec![
        ("one\n", Ok(told("4", Standing::More))),
        ("two\n", Ok(told("8", Standing::Open))),
        ("", Ok(told("8", Standing::Open))),
        ("end\n", Ok(told("12", Standing::Ended(passed.clone())))),
    ])
    .await;
    let expected = [(0, ""), (4, "4"), (8, "8"), (8, "8")];
    assert_eq!(froms, expected.map(|(at, mark)| (at, mark.to_owned())));
    assert_eq!(text(&last), "one\ntwo\nend\n");
    assert_eq!(last.stands, Grows::Ended(passed));
    assert!(
        matches!(asked, Some(EngineCommand::Diagnose(_))),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_read_brought_is_void_and_what_was_there_stays() {
    let (froms, seen, last, _) = through(vec![
        ("one\n", Ok(told("4", Standing::Open))),
        ("tw", lost()),
        ("two\n", Ok(told("8", Standing::Ended(RunState::Cancelled)))),
    ])
    .await;
    assert_eq!(froms[2], froms[1]);
    assert_eq!(text(&last), "one\ntwo\n");
    let trouble = |it: &Grows| matches!(it, Grows::Trouble(why) if why.contains("cut off"));
    assert!(seen.iter().any(trouble), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_another_is_read_from_its_start() {
    let (froms, _, last, _) = through(vec![
        ("old old\n", Ok(told("8", Standing::Open))),
        ("ne", Ok(told("", Standing::Anew))),
        ("new\n", Ok(told("4", Standing::Ended(RunState::Passed)))),
    ])
    .await;
    assert_eq!(froms[2], (0, String::new()));
    assert_eq!(text(&last), "new\n");
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_way_it_is_said_once_and_nothing_more_is_asked() {
    let why = "github gives a job's log once it has finished";
    let (froms, _, last, asked) = through(vec![("", Err(FollowError::NoWay(why.into())))]).await;
    assert_eq!((froms.len(), asked), (1, None));
    assert_eq!(last.stands, Grows::Stopped(why.into()));
    let (froms, _, last, _) = through(vec![(
        "",
        Err(FollowError::Source(SourceError::Auth {
            host: "ci.test".to_owned(),
        })),
    )])
    .await;
    assert_eq!(froms.len(), 1);
    assert!(matches!(last.stands, Grows::Stopped(_)));
}

fn part(standing: Standing, moved: u64) -> Part {
    Part {
        mark: String::new(),
        standing,
        moved,
    }
}

#[test]
fn it_is_read_soon_while_lines_come_and_slower_while_none_do() {
    let mut pace = Pace::default();
    assert_eq!(pace.after(10, &part(Standing::Open, 10)), SOON);
    let mut before = SOON;
    for _ in 0..20 {
        let wait = pace.after(0, &part(Standing::Open, 0));
        assert!(wait >= before && wait <= QUIET, "{wait:?}");
        before = wait;
    }
    assert_eq!(before, QUIET);
    assert_eq!(pace.after(1, &part(Standing::Open, 1)), SOON);
    assert_eq!(pace.after(9, &part(Standing::More, 9)), Duration::ZERO);
}

#[test]
fn a_server_that_tells_all_of_it_each_time_is_asked_less_often_as_it_grows() {
    let mut pace = Pace::default();
    let wait = |pace: &mut Pace, moved| pace.after(100, &part(Standing::Open, moved));
    assert_eq!(wait(&mut pace, 1_000), SOON);
    assert_eq!(wait(&mut pace, 10 * RATE + 100), Duration::from_secs(10));
    assert_eq!(wait(&mut pace, 10_000 * RATE), LONGEST);
    assert!(pace.moved > 10_000 * RATE);
}

#[test]
fn a_log_that_begins_anew_again_and_again_is_not_read_in_a_circle() {
    let mut pace = Pace::default();
    for _ in 1..MOST_ANEW {
        assert_eq!(pace.after(0, &part(Standing::Anew, 0)), Duration::ZERO);
    }
    assert_eq!(pace.after(0, &part(Standing::Anew, 0)), QUIET);
    pace.after(5, &part(Standing::Open, 5));
    assert_eq!(pace.after(0, &part(Standing::Anew, 0)), Duration::ZERO);
}

#[test]
fn failures_wait_longer_and_a_limit_as_long_as_it_says() {
    let mut pace = Pace::default();
    let lost = SourceError::Unreachable {
        host: "h".to_owned(),
        cause: "x".to_owned(),
    };
    let waits: Vec<Duration> = (0..9).map(|_| pace.failed(&lost)).collect();
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits.last(), Some(&LONGEST));
    let limited = SourceError::RateLimited {
        host: "h".to_owned(),
        retry_after: Duration::from_secs(90),
        share: None,
    };
    assert_eq!(pace.failed(&limited), Duration::from_secs(90));
}
