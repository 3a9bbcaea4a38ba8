//! What the database keeps, what it refuses to believe, and how it lives without a disk.

mod damage;
mod history;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::domain::fact::{Fact, FactId};
use crate::domain::history::{Standing, Transition};
use crate::domain::item::Outcome;
use crate::domain::key::{ItemId, Person, RepoKey};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::engine::snapshot::{Column, Health};
use crate::engine::testing::{self, at, one};
use crate::engine::update::LoadedListing;
use crate::sources::PastRead;
use crate::sources::http::{Stored, ValidatorKey};

fn ticket(number: u64, title: &str) -> Fact {
    let repo = RepoKey::new("forge.test", "acme/api");
    Fact::Ticket(testing::ticket(&repo, number, title))
}

fn fact(number: u64, title: &str) -> Write {
    let fact = ticket(number, title);
    Write::Fact {
        source: one(),
        id: fact.id(),
        fact: Arc::new(fact),
        seen_at: at(0),
    }
}

fn open(place: &Path) -> (Database, Opened) {
    Database::open(place, at(0)).expect("it opens, whatever is there")
}

async fn write(db: &Database, writes: Vec<Write>, secs: i64) -> Written {
    let Ok(writing) = db.write(writes, at(secs)) else {
        panic!("the thread takes jobs");
    };
    writing.await.expect("the thread answers")
}

async fn titles(db: &Database) -> BTreeSet<String> {
    let loaded = db.load(vec![one()]).await;
    loaded.facts.iter().map(|row| title(&row.fact)).collect()
}

fn title(fact: &Fact) -> String {
    let Fact::Ticket(ticket) = fact else {
        return String::new();
    };
    ticket.title.to_string()
}

fn set(titles: &[&str]) -> BTreeSet<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn quarantines(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    assert_eq!(opened.notices, Vec::<Clean>::new());
    let holder = Person::new("ada", false);
    let standing = Standing {
        stage: Stage::Deploy,
        status: Status::ChangesRequested,
        done: Some(Outcome::Dropped),
        holders: vec![holder],
    };
    let event = Transition {
        item: ItemId::new("ticket:1"),
        standing: standing.clone(),
        rule: Clean::line("rule"),
        at: at(5),
    };
    let listing = LoadedListing {
        source: one(),
        name: Clean::line("open"),
        at: at(3),
        members: BTreeSet::from([ticket(1, "").id()]),
        open: BTreeMap::from([(ticket(1, "").id(), at(2))]),
    };
    let writes = vec![
        fact(1, "first"),
        fact(2, "second"),
        fact(3, "third"),
        Write::Gone {
            source: one(),
            id: ticket(3, "").id(),
        },
        Write::Listing(listing.clone()),
        Write::Confirmed {
            source: one(),
            scope: Clean::line("acme/api"),
            at: at(9),
        },
        Write::Event(event.clone()),
        Write::Event(event),
    ];
    assert!(!write(&db, writes, 0).await.lost);
    write(&db, vec![fact(2, "second, edited")], 1).await;
    db.close().await;
    drop(db);

    let (db, _) = open(dir.path());
    let loaded = db.load(vec![one()]).await;
    assert_eq!(titles(&db).await, set(&["first", "second, edited"]));
    assert_eq!(loaded.damaged, 0);
    assert_eq!(loaded.listings.len(), 1);
    assert_eq!(loaded.listings[0].members, listing.members);
    assert_eq!(loaded.listings[0].at, listing.at);
    assert_eq!(loaded.listings[0].open, listing.open);
    assert_eq!(loaded.confirmed, [(one(), Clean::line("acme/api"), at(9))]);
    let last = loaded.history.first().expect("a card");
    assert_eq!(
        (last.item.as_str(), &last.standing),
        ("ticket:1", &standing)
    );
    assert_eq!(loaded.history.len(), 1);
    assert!(db.load(vec![SourceName::new("two")]).await.facts.is_empty());
}

#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let dir = TempDir::new().expect("a directory");
    let place = dir.path().join("state").join("cycleboard");
    let (db, opened) = open(&place);
    write(&db, vec![fact(1, "a")], 0).await;
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&place), 0o700);
    let file = opened.file.expect("there is a file");
    for suffix in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{suffix}", file.display()));
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn one_program_has_the_lease_until_it_ends_or_falls_silent() {
    let dir = TempDir::new().expect("a directory");
    let (first, _) = open(dir.path());
    let (second, _) = open(dir.path());
    assert_eq!(first.lease(one(), at(0)).await, Lease::Held);
    assert_eq!(second.lease(one(), at(1)).await, Lease::Other);
    assert_eq!(
        second.lease(SourceName::new("two"), at(1)).await,
        Lease::Held
    );
    assert_eq!(first.lease(one(), at(20)).await, Lease::Held, "heartbeat");
    assert_eq!(second.lease(one(), at(40)).await, Lease::Other);
    assert_eq!(second.lease(one(), at(51)).await, Lease::Held, "expired");
    assert_eq!(first.lease(one(), at(52)).await, Lease::Other);
    second.close().await;
    assert_eq!(first.lease(one(), at(53)).await, Lease::Held, "given back");
}

#[tokio::test]
async fn a_wish_is_heard_once_by_whoever_polls_and_not_when_it_is_old() {
    let dir = TempDir::new().expect("a directory");
    let (first, opened) = open(dir.path());
    let alone = Wishes::default();
    assert_eq!(first.wishes(one(), at(0)).await, alone);
    let (second, _) = open(dir.path());
    let nothing = Wishes {
        shared: true,
        ..Wishes::default()
    };
    let refresh = Wishes {
        refresh: true,
        ..nothing
    };
    assert_eq!(first.wishes(one(), at(1)).await, nothing);
    second.wish(one(), Wish::Refresh, at(2)).await;
    second.wish(one(), Wish::Refresh, at(3)).await;
    let two = SourceName::new("two");
    assert_eq!(first.wishes(two.clone(), at(3)).await, nothing);
    assert_eq!(first.wishes(one(), at(4)).await, refresh);
    assert_eq!(first.wishes(one(), at(4)).await, nothing, "heard already");
    let history = Wishes {
        history: true,
        ..nothing
    };
    second.wish(one(), Wish::History, at(4)).await;
    assert_eq!(first.wishes(one(), at(5)).await, history);
    assert_eq!(first.wishes(one(), at(5)).await, nothing, "heard already");
    second.wish(one(), Wish::Refresh, at(10)).await;
    assert_eq!(first.wishes(one(), at(41)).await, nothing, "too old");
    second.wish(one(), Wish::Refresh, at(9_000)).await;
    assert_eq!(
        first.wishes(one(), at(50)).await,
        nothing,
        "from the future"
    );
    // What nobody hears is swept away by the next.
    for number in 0..100 {
        second
            .wish(
                SourceName::new(&format!("s{number}")),
                Wish::Refresh,
                at(100),
            )
            .await;
    }
    second.wish(two, Wish::Refresh, at(200)).await;
    let file = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let rows: i64 = file
        .query_row("SELECT count(*) FROM refresh", [], |row| row.get(0))
        .expect("there is a table");
    assert_eq!(rows, 1);
    second.close().await;
    assert_eq!(first.wishes(one(), at(201)).await, alone);
}

#[tokio::test]
async fn the_lease_of_a_program_that_died_is_free_at_once() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    assert_eq!(db.lease(one(), at(0)).await, Lease::Held);
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let mut child = std::process::Command::new("true")
        .spawn()
        .expect("it starts");
    child.wait().expect("it ends");
    other
        .execute(
            "UPDATE lease SET holder = 'somebody', pid = ?1",
            [child.id()],
        )
        .expect("it is taken");
    assert_eq!(db.lease(one(), at(1)).await, Lease::Held);
}

#[tokio::test]
async fn a_follower_reads_only_what_changed() {
    let dir = TempDir::new().expect("a directory");
    let (leader, _) = open(dir.path());
    let (follower, _) = open(dir.path());
    assert_eq!(leader.lease(one(), at(0)).await, Lease::Held);
    write(&leader, vec![fact(1, "a"), fact(2, "b")], 0).await;

    let first = follower.follow(one(), Cursor::default(), at(1)).await;
    assert_eq!(first.lease, Lease::Other);
    let (state, news) = first.news.expect("everything is news");
    assert!(news.complete && news.facts.len() == 2 && state.is_none());

    let second = follower.follow(one(), first.cursor, at(2)).await;
    assert!(second.news.is_none(), "{second:?}");

    let remote = RemoteState {
        health: Health::Unreachable,
        message: Some(Clean::line("no answer")),
        hint: None,
        last_success: Some(at(1)),
        next_poll: None,
        budgets: Vec::new(),
        me: Some(Clean::line("ada")),
        round_done: true,
        history_done: false,
        past: PastRead {
            read: 2,
            of: 10,
            lost: 1,
            cannot: None,
            ..PastRead::default()
        },
    };
    let writes = vec![
        fact(2, "b, edited"),
        Write::Gone {
            source: one(),
            id: ticket(1, "").id(),
        },
        Write::State {
            source: one(),
            state: Box::new(remote.clone()),
        },
    ];
    write(&leader, writes, 3).await;
    let third = follower.follow(one(), second.cursor, at(4)).await;
    let (state, news) = third.news.expect("there is news");
    assert_eq!(state, Some(remote));
    assert!(!news.complete);
    let read: Vec<String> = news.facts.iter().map(|row| title(&row.fact)).collect();
    assert_eq!(read, ["b, edited"]);
    assert_eq!(news.gone, [(one(), ticket(1, "").id())]);

    leader.close().await;
    let last = follower.follow(one(), third.cursor, at(5)).await;
    assert_eq!(last.lease, Lease::Held);
}

fn key(credential: &str, url: &str) -> ValidatorKey {
    ValidatorKey {
        source: one(),
        credential: credential.to_owned(),
        url: url.to_owned(),
    }
}

fn stored(etag: &str, size: usize) -> Stored {
    Stored {
        etag: etag.to_owned(),
        next: Some("https://forge.test/?page=2".to_owned()),
        body: vec![b'x'; size].into(),
    }
}

#[tokio::test]
async fn validators_belong_to_one_credential_and_are_believed_only_intact() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let validators = db.validators();
    let (mine, theirs) = (
        key("mine", "https://f.test/a"),
        key("theirs", "https://f.test/a"),
    );
    assert_eq!(validators.get(&mine), None);
    validators.put(&mine, stored("\"1\"", 100));
    write(&db, Vec::new(), 0).await;
    assert_eq!(validators.get(&mine), Some(stored("\"1\"", 100)));
    assert_eq!(validators.get(&theirs), None);
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    other
        .execute("UPDATE validator SET body = x'7A7A'", [])
        .expect("anybody can write it");
    assert_eq!(validators.get(&mine), None);
}

#[tokio::test]
async fn bodies_are_kept_within_their_limit_newest_first() {
    let dir = TempDir::new().expect("a directory");
    let limits = Limits {
        bodies: 10_000,
        ..Limits::default()
    };
    let (db, _) = Database::open_with(dir.path(), at(0), limits).expect("it opens");
    let validators = db.validators();
    for n in 0..30 {
        write(&db, Vec::new(), n).await;
        validators.put(
            &key("c", &format!("https://f.test/{n}")),
            stored("e", 1_000),
        );
    }
    write(&db, Vec::new(), 31).await;
    let kept: Vec<i64> = (0..30)
        .filter(|n| {
            validators
                .get(&key("c", &format!("https://f.test/{n}")))
                .is_some()
        })
        .collect();
    assert!(kept.len() <= 20, "{kept:?}");
    assert!(kept.contains(&29) && !kept.contains(&0), "{kept:?}");
}
