//! The engine on stores that are shared, damaged, full or not there.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::config::{Layer, RepoNames, Settings, SourceKind, Trust};
use crate::engine::db::{Bound, Limits};
use crate::engine::testing::Polls;
use crate::sources::Account;
use crate::sources::http::Clock;

/// The kind of source that these tests configure.
const FAKE: SourceKind = SourceKind {
    name: "fake",
    url: None,
    repos: RepoNames::Flat,
    paths: &[],
    tables: &[],
};

fn open(place: &Path) -> Store {
    let now = clock()();
    Store::open(place, now).expect("it opens").0
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
async fn what_lands_after_a_long_stop_is_dropped_where_another_board_polls_by_now() {
    let dir = TempDir::new().expect("a directory");
    let away = Arc::new(AtomicI64::new(0));
    let file = Arc::new(OnceLock::<PathBuf>::new());
    let (slept, store) = (Arc::clone(&away), Arc::clone(&file));
    let one = Fake::new("one", move |poll| {
        if poll == 1 {
            return tickets(&["a"]);
        }
        // While the answer was on its way the program stood still, and another one took over.
        slept.store(60, Ordering::SeqCst);
        let file = store.get().expect("it is known");
        let other = rusqlite::Connection::open(file).expect("it opens");
        let taken = "UPDATE lease SET holder = 'other', pid = 1, boot = 'another machine', \
                     expires = expires + 60";
        other.execute(taken, []).expect("it is taken");
        tickets(&["late"])
    });
    let started = clock();
    let clock: Clock = Arc::new(move || {
        let away = TimeDelta::seconds(away.load(Ordering::SeqCst));
        started() + away
    });
    let opened = Store::open(dir.path(), clock()).expect("it opens");
    file.set(opened.1.file.expect("there is a file"))
        .expect("once");
    let mut rig = Rig::start(Options {
        store: Some(opened.0),
        ..options(vec![one], clock)
    });
    rig.engine.settled(CEILING).await;
    rig.command(EngineCommand::RefreshAll).await;
    let snapshot = rig.until(|it| source(it, "one").followed).await;
    assert_eq!(titles(&snapshot), set(&["a"]));
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
    open_as(place, settings, &Account::Known(credential.to_owned()))
}

fn open_as(place: &Path, settings: &str, account: &Account) -> Store {
    let text = format!("[[source]]\nname = \"one\"\nkind = \"fake\"\n{settings}\n");
    let layer = Layer {
        file: "config.toml",
        text: &text,
        trust: Trust::User,
    };
    let settings = Settings::merge(&[layer], &[&FAKE]).expect("it is in order");
    let store = open(place);
    store.bind(settings.sources.iter().map(|s| Bound::new(s, account)));
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

/// How often a source was polled, and how many facts it was given back.
type Seen = (Polls, Arc<AtomicUsize>);

/// Starts a board whose account comes from one command and is this one.
fn run_as(place: &Path, account: &Account, answer: &'static str) -> (Rig, Seen) {
    let store = open_as(place, HERE, &Account::From("cat token".to_owned()));
    let mut fake = Fake::new("one", move |_| tickets(&[answer]));
    fake.account = account.clone();
    let seen = (fake.polls.clone(), Arc::clone(&fake.restored));
    (run(vec![fake], Some(store)), seen)
}

#[tokio::test]
async fn two_accounts_behind_one_command_do_not_follow_each_other() {
    let dir = TempDir::new().expect("a directory");
    let known = |name: &str| Account::Known(name.to_owned());
    let (mut first, _) = run_as(dir.path(), &known("ada"), "of ada");
    first.engine.settled(CEILING).await;

    let (mut second, (polls, restored)) = run_as(dir.path(), &known("bob"), "of bob");
    let board = second
        .until(|board| titles(board) == set(&["of bob"]) && board.sources[0].me.is_some())
        .await;
    assert!(!source(&board, "one").followed);
    assert_eq!((polls.count(), restored.load(Ordering::SeqCst)), (1, 0));
    let (mut third, (polls, _)) = run_as(dir.path(), &known("ada"), "never asked");
    third
        .until(|board| titles(board) == set(&["of ada"]) && source(board, "one").followed)
        .await;
    assert_eq!(polls.count(), 0);
    assert_eq!(
        titles(&*first.engine.settled(CEILING).await),
        set(&["of ada"])
    );
    for rig in [third, second, first] {
        rig.stop().await;
    }

    let (mut again, (_, restored)) = run_as(dir.path(), &known("bob"), "of bob, later");
    again
        .until(|board| titles(board) == set(&["of bob, later"]))
        .await;
    assert_eq!(
        restored.load(Ordering::SeqCst),
        1,
        "its own rows are still there"
    );
    again.stop().await;
}

#[tokio::test]
async fn a_board_without_its_token_shows_the_last_board_and_follows_nobody() {
    let dir = TempDir::new().expect("a directory");
    let (mut first, _) = run_as(dir.path(), &Account::Known("ada".to_owned()), "of ada");
    first.engine.settled(CEILING).await;
    let store = open_as(dir.path(), HERE, &Account::From("cat token".to_owned()));
    let mut lost = Fake::new("one", |_| {
        Err(SourceError::NoToken {
            host: "one.test".to_owned(),
            cause: "the command failed".to_owned(),
        })
    });
    lost.account = Account::Unknown;
    let mut lost = run(vec![lost], Some(store));
    let board = lost.until(|board| says(board, "one", "no token")).await;
    assert_eq!(titles(&board), set(&["of ada"]));
    assert!(!source(&board, "one").followed);
    lost.stop().await;
    let (mut third, _) = run_as(dir.path(), &Account::Known("ada".to_owned()), "never asked");
    let board = third.until(|board| source(board, "one").followed).await;
    assert!(!says(&board, "one", "no token"), "{board:#?}");
    third.stop().await;
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
