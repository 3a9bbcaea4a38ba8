//! Orders to the real thread on real files, and what comes of them.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::single_range_in_vec_init,
    reason = "whatever else comes fails the test; a list of one range is meant"
)]

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::engine::logs::FileLogs;
use crate::sources::logs::LogCache as _;
use crate::ui::logs::LogEvent;
use crate::ui::sample;

struct World {
    home: TempDir,
    logs: FileLogs,
    desk: Desk,
    told: mpsc::Receiver<Done>,
    hold: mpsc::Sender<Done>,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

fn key(job: u64) -> LogKey {
    LogKey {
        run: RunKey {
            repo: RepoKey::new("forge.example", "acme/api"),
            id: 7,
        },
        attempt: 1,
        job,
    }
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let logs = FileLogs::new(
            &home.path().join("logs"),
            home.path(),
            Arc::new(sample::moment),
        );
        let (tell, told) = mpsc::channel(4);
        let hold = tell.clone();
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let downloads = home.path().join("downloads");
        std::fs::create_dir(&downloads).unwrap();
        let desk = Desk::open(
            logs.clone(),
            Some(downloads),
            &tracker,
            cancel.clone(),
            tell,
        );
        Self {
            home,
            logs,
            desk,
            told,
            hold,
            tracker,
            cancel,
        }
    }

    /// Fills the channel: the thread stands still at the next thing that it has to tell, until
    /// somebody takes what is in it.
    fn hold(&self) {
        while self.hold.try_send(Done::Well("held".to_owned())).is_ok() {}
    }

    /// Takes what held the thread.
    async fn let_go(&mut self) {
        for _ in 0..4 {
            assert_eq!(self.done().await, Done::Well("held".to_owned()));
        }
    }

    fn keep(&self, job: u64, text: &[u8]) {
        let mut writer = self.logs.begin(&key(job)).unwrap();
        writer.write_all(text).unwrap();
        writer.keep().unwrap();
    }

    fn order(&self, order: Order) {
        assert!(self.desk.order(order));
    }

    async fn done(&mut self) -> Done {
        self.told.recv().await.unwrap()
    }

    async fn event(&mut self) -> LogEvent {
        match self.done().await {
            Done::Log(event) => *event,
            other => panic!("{other:?}"),
        }
    }

    async fn opened(&mut self, job: u64) -> Arc<Index> {
        self.order(Order::Open(key(job)));
        match self.event().await {
            LogEvent::Opened { index, .. } => index,
            other => panic!("{other:?}"),
        }
    }

    async fn ends(self) {
        drop(self.desk);
        self.tracker.close();
        self.tracker.wait().await;
    }
}

const FAILED: &str = "checking\nerror[E0308]: mismatched types\n  --> src/a.rs:4:5\n\nbye\n";

#[tokio::test]
async fn a_log_opens_at_its_error_and_its_lines_are_read() {
    let mut world = World::new();
    world.keep(1, FAILED.as_bytes());
    world.order(Order::Open(key(1)));
    let LogEvent::Opened {
        error,
        errors,
        index,
        ..
    } = world.event().await
    else {
        panic!("not opened");
    };
    assert_eq!((error, errors.len(), index.lines()), (Some(1), 1, 5));
    let ranges = vec![4..9, 0..1];
    world.order(Order::Read {
        key: key(1),
        ranges,
        generation: 3,
    });
    let LogEvent::Lines {
        generation, lines, ..
    } = world.event().await
    else {
        panic!("no lines");
    };
    let text: Vec<String> = lines.iter().map(crate::log::LogLine::text).collect();
    assert_eq!(
        (generation, text),
        (3, vec!["bye".to_owned(), "checking".to_owned()])
    );
    world.ends().await;
}

#[tokio::test]
async fn a_beginning_gives_way_to_the_whole_log() {
    let mut world = World::new();
    world.keep(1, b"checking\n");
    assert_eq!(world.opened(1).await.lines(), 1);
    world.keep(1, FAILED.as_bytes());
    assert_eq!(world.opened(1).await.lines(), 5);
    world.ends().await;
}

#[tokio::test]
async fn a_log_that_is_not_here_is_waited_for() {
    let mut world = World::new();
    world.order(Order::Open(key(1)));
    let event = world.event().await;
    assert!(
        matches!(
            event,
            LogEvent::Failed {
                is_pending: true,
                ..
            }
        ),
        "{event:?}"
    );
    world.keep(1, FAILED.as_bytes());
    let event = world.event().await;
    assert!(matches!(event, LogEvent::Opened { .. }), "{event:?}");
    world.ends().await;
}

#[tokio::test]
async fn what_cannot_be_shown_says_so() {
    for (bytes, expected) in [
        (b"".as_slice(), "the log is empty"),
        (b"PK\x03\x04rest", "the log is not text"),
        (&[0, 1, 2, 3, 0, 0, 0], "the log is not text"),
    ] {
        let mut world = World::new();
        world.keep(1, bytes);
        world.order(Order::Open(key(1)));
        let LogEvent::Failed {
            sentence,
            is_pending,
            ..
        } = world.event().await
        else {
            panic!("{expected}");
        };
        assert_eq!((sentence.as_str(), is_pending), (expected, false));
        world.ends().await;
    }
}

#[tokio::test]
async fn a_search_counts_all_and_a_newer_one_ends_it() {
    let mut world = World::new();
    let mut text = "nothing here\n".repeat(200_000);
    text.push_str("the needle\n");
    world.keep(1, text.as_bytes());
    world.opened(1).await;
    let search = |query, generation| Order::Search {
        key: key(1),
        query: Query::parse(query).unwrap(),
        generation,
    };
    // The first of many blocks is told of, so the older one stands there when the newer one comes.
    world.hold();
    world.order(search("nothing", 1));
    world.order(search("needle", 2));
    world.let_go().await;
    loop {
        let LogEvent::Matches {
            generation,
            lines,
            done,
            ..
        } = world.event().await
        else {
            panic!("no matches");
        };
        if generation == 2 && done {
            assert!(lines.iter().eq([200_000]));
            break;
        }
        assert!(!done || generation == 2, "the older one was finished");
    }
    world.ends().await;
}

#[tokio::test]
async fn lines_are_read_while_a_search_goes_on() {
    let mut world = World::new();
    world.keep(1, "nothing here\n".repeat(300_000).as_bytes());
    world.opened(1).await;
    let query = Query::parse("nothing").unwrap();
    // The first of many blocks is told of, so the search stands there when the question comes.
    world.hold();
    world.order(Order::Search {
        key: key(1),
        query,
        generation: 1,
    });
    world.order(Order::Read {
        key: key(1),
        ranges: vec![0..1],
        generation: 2,
    });
    world.let_go().await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match world.event().await {
            LogEvent::Lines { .. } => seen.push("lines"),
            LogEvent::Matches {
                done: true, lines, ..
            } => {
                assert_eq!(lines.len(), 300_000);
                seen.push("matches");
            }
            LogEvent::Matches { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, ["lines", "matches"]);
    world.ends().await;
}

#[tokio::test]
async fn a_third_log_closes_the_first_which_opens_again_when_it_is_read() {
    let mut world = World::new();
    for job in 1..=3 {
        world.keep(job, format!("log {job}\n").as_bytes());
        world.opened(job).await;
    }
    world.order(Order::Read {
        key: key(1),
        ranges: vec![0..1],
        generation: 1,
    });
    let LogEvent::Lines { lines, .. } = world.event().await else {
        panic!("no lines");
    };
    assert_eq!(lines[0].text(), "log 1");
    world.ends().await;
}

#[tokio::test]
async fn a_copy_is_clean_and_never_over_another_file() {
    let mut world = World::new();
    let line = "\x1b[31mred\x1b[0m \x1b]0;title\x07text\n";
    let count = 20_000;
    world.keep(1, line.repeat(count).as_bytes());
    world.opened(1).await;
    for name in ["acme-api-7-1-test.log", "acme-api-7-1-test-2.log"] {
        world.order(Order::Save(key(1), "acme/api 7 1 test".to_owned()));
        let path = world.home.path().join("downloads").join(name);
        let expected = Done::Well(format!("saved `{}`", path.display()));
        assert_eq!(world.done().await, expected);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text == "red text\n".repeat(count), "{} bytes", text.len());
    }
    world.ends().await;
}

#[tokio::test]
async fn cancelled_it_ends_whatever_it_does() {
    let mut world = World::new();
    world.keep(1, "nothing here\n".repeat(300_000).as_bytes());
    world.opened(1).await;
    world.order(Order::Save(key(1), "x".to_owned()));
    let query = Query::parse("nothing").unwrap();
    world.order(Order::Search {
        key: key(1),
        query,
        generation: 1,
    });
    world.cancel.cancel();
    drop(world.told);
    world.tracker.close();
    world.tracker.wait().await;
    let left = |dir: &Path| std::fs::read_dir(dir).unwrap().count();
    // It may have been quick enough to finish; half a copy is never left.
    let dir = world.home.path().join("downloads");
    if left(&dir) > 0 {
        let length = std::fs::metadata(dir.join("x.log")).unwrap().len();
        assert_eq!(length, 13 * 300_000);
    }
}

#[tokio::test]
async fn no_secret_is_shown_told_or_saved() {
    let mut world = World::new();
    crate::app::redact::know(&secrecy::SecretString::from("our-own-token-0815-abc"));
    let text = "##[error]cannot use our-own-token-0815-abc\nerror: no right for ghp_0123456789abcdefghij0123456789\n\
        -----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIDkeymaterial\n-----END EC PRIVATE KEY-----\nend\n";
    world.keep(1, text.as_bytes());
    world.order(Order::Open(key(1)));
    let LogEvent::Opened { errors, .. } = world.event().await else {
        panic!("it was not opened");
    };
    let opened = format!("{errors:?}");
    world.order(Order::Read {
        key: key(1),
        ranges: vec![0..9],
        generation: 1,
    });
    let read = format!("{:?}", world.event().await);
    world.order(Order::Save(key(1), "a".to_owned()));
    let Done::Well(_) = world.done().await else {
        panic!("it was not saved");
    };
    let saved = std::fs::read_to_string(world.home.path().join("downloads/a.log")).unwrap();
    for told in [&opened, &read, &saved] {
        for secret in ["0815", "0123456789", "keymaterial"] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
    }
    assert!(
        saved.contains("cannot use [hidden]") && saved.ends_with("end\n"),
        "{saved}"
    );
    world.ends().await;
}

/// Returns how far the log is that grows, as the screen is told next.
async fn next_grown(world: &mut World) -> (u64, crate::log::Grows) {
    loop {
        let done = tokio::time::timeout(std::time::Duration::from_secs(20), world.told.recv());
        if let Done::Log(event) = done.await.unwrap().unwrap()
            && let LogEvent::Grown { index, live, .. } = *event
        {
            return (index.lines(), live.stands);
        }
    }
}

/// Returns the lines that a search has found when it comes to the end of what is there.
async fn next_found(world: &mut World) -> Vec<u64> {
    loop {
        let done = tokio::time::timeout(std::time::Duration::from_secs(20), world.told.recv());
        if let Done::Log(event) = done.await.unwrap().unwrap()
            && let LogEvent::Matches {
                lines, done: true, ..
            } = *event
        {
            return lines.iter().collect();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_grows_is_read_bit_by_bit_and_gives_way_to_the_whole() {
    use crate::domain::run::RunState;
    use crate::log::Grows;
    let mut world = World::new();
    let key = key(3);
    let mut growing = world.logs.grow(&key).unwrap();
    assert!(world.desk.order(Order::Follow(key.clone())));
    assert_eq!(next_grown(&mut world).await, (0, Grows::Starting));
    growing.push(b"one\nneedle\nhalf a li").unwrap();
    growing.tell(Grows::Following, None);
    assert_eq!(next_grown(&mut world).await, (2, Grows::Following));
    let query = Query::parse("needle").unwrap();
    let search = Order::Search {
        key: key.clone(),
        query,
        generation: 1,
    };
    assert!(world.desk.order(search));
    assert_eq!(next_found(&mut world).await, [1]);
    growing.push(b"ne needle\nneedle\n").unwrap();
    growing.tell(Grows::Following, None);
    assert_eq!(next_grown(&mut world).await, (4, Grows::Following));
    assert_eq!(next_found(&mut world).await, [1, 2, 3]);
    growing.tell(Grows::Ended(RunState::Passed), None);
    assert_eq!(next_grown(&mut world).await.0, 4);
    let mut writer = world.logs.begin(&key).unwrap();
    writer
        .write_all(b"one\nneedle\nhalf a line needle\nneedle\nend\n")
        .unwrap();
    writer.keep().unwrap();
    loop {
        let done = tokio::time::timeout(std::time::Duration::from_secs(20), world.told.recv());
        if let Done::Log(event) = done.await.unwrap().unwrap()
            && let LogEvent::Opened { index, .. } = *event
        {
            assert_eq!(index.lines(), 5);
            break;
        }
    }
    world.cancel.cancel();
}
