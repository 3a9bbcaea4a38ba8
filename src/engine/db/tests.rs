//! What the database keeps, what it refuses to believe, and how it lives without a disk.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use chrono::TimeDelta;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::domain::fact::{Fact, FactId};
use crate::domain::item::Outcome;
use crate::domain::key::{ItemId, Person, RepoKey};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};
use crate::engine::snapshot::{Column, Health};
use crate::engine::update::{Event, LoadedListing, Standing};
use crate::sources::http::{Stored, ValidatorKey};

fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(secs)
}

fn one() -> SourceName {
    SourceName::new("one")
}

fn ticket(number: u64, title: &str) -> Fact {
    Fact::Ticket(Ticket {
        key: TicketKey::Numbered {
            repo: RepoKey::new("forge.test", "acme/api"),
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
        created_at: at(0),
        updated_at: at(0),
        closed_at: None,
        incident: false,
    })
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
    let event = Event {
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
    assert_eq!(loaded.confirmed, [(one(), Clean::line("acme/api"), at(9))]);
    assert_eq!(loaded.history, [(ItemId::new("ticket:1"), standing)]);
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
async fn a_row_that_was_tampered_with_is_left_out_and_counted() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    write(&db, vec![fact(1, "failure"), fact(2, "other")], 0).await;
    db.close().await;
    let file = opened.file.expect("there is a file");
    let other = Connection::open(&file).expect("it opens");
    let changed = other
        .execute(
            "UPDATE fact SET body = replace(body, 'failure', 'success')",
            [],
        )
        .expect("anybody can write it");
    assert!(changed > 0);
    let loaded = db.load(vec![one()]).await;
    assert_eq!(loaded.damaged, 1);
    assert_eq!(titles(&db).await, set(&["other"]));
}

/// Opens a place where this is the file; returns the titles and the notices.
async fn reopen_over(content: &[u8]) -> (TempDir, Database, Opened) {
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("board.db"), content).expect("it can be written");
    fs::write(dir.path().join("board.db-wal"), b"old journal").expect("it can be written");
    let (db, opened) = open(dir.path());
    write(&db, vec![fact(1, "new")], 0).await;
    assert_eq!(titles(&db).await, set(&["new"]));
    (dir, db, opened)
}

async fn check_quarantine(content: &[u8]) {
    let (dir, _db, opened) = reopen_over(content).await;
    let set_aside = quarantines(dir.path());
    assert_eq!(set_aside.len(), 1, "{set_aside:?}");
    let kept = fs::read(set_aside[0].join("board.db")).expect("it is kept");
    assert_eq!(kept, content);
    assert!(set_aside[0].join("board.db-wal").exists());
    assert_eq!(opened.notices.len(), 1);
    assert!(opened.notices[0].contains("was damaged"), "{opened:?}");
}

#[tokio::test]
async fn garbage_is_set_aside() {
    check_quarantine(&[0x5A; 9_000]).await;
}

#[tokio::test]
async fn an_empty_file_is_set_aside() {
    check_quarantine(&[]).await;
}

#[tokio::test]
async fn a_database_of_another_program_is_set_aside() {
    let dir = TempDir::new().expect("a directory");
    let file = dir.path().join("foreign");
    let foreign = Connection::open(&file).expect("it opens");
    foreign
        .execute_batch("CREATE TABLE mine(x); INSERT INTO mine VALUES (1)")
        .expect("it takes a table");
    drop(foreign);
    check_quarantine(&fs::read(file).expect("it is there")).await;
}

#[tokio::test]
async fn a_truncated_file_is_set_aside_and_two_of_those_are_kept() {
    let dir = TempDir::new().expect("a directory");
    for round in 0..4 {
        let place = dir.path().join("board.db");
        let (db, _) = Database::open(&place, at(round)).expect("it opens");
        let writes = (0..400).map(|n| fact(n, "some title")).collect();
        write(&db, writes, round).await;
        db.close().await;
        drop(db);
        let connection = Connection::open(&place).expect("it opens");
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .expect("everything is in the file");
        drop(connection);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(&place)
            .expect("it opens");
        file.set_len(6_000).expect("it can be cut");
    }
    let (db, opened) = Database::open(&dir.path().join("board.db"), at(9)).expect("it opens");
    assert!(opened.notices[0].contains("was damaged"), "{opened:?}");
    assert_eq!(titles(&db).await, set(&[]));
    assert_eq!(quarantines(dir.path()).len(), 2);
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_left_alone() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    write(&db, vec![fact(1, "old")], 0).await;
    db.close().await;
    drop(db);
    let file = opened.file.expect("there is a file");
    let newer = Connection::open(&file).expect("it opens");
    newer
        .pragma_update(None, "user_version", 2_001)
        .expect("it takes a version");
    drop(newer);
    let (db, opened) = open(dir.path());
    assert_eq!(opened.file, Some(dir.path().join("board-v1.db")));
    assert!(opened.notices[0].contains("newer version"), "{opened:?}");
    assert_eq!(titles(&db).await, set(&[]));
    let newer = Connection::open(&file).expect("it opens");
    let version: i32 = newer
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("it has a version");
    assert_eq!(version, 2_001);
}

#[tokio::test]
async fn a_slightly_newer_file_is_used_as_it_is() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    write(&db, vec![fact(1, "kept")], 0).await;
    drop(db);
    let newer = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    newer
        .execute_batch("ALTER TABLE fact ADD COLUMN colour TEXT; PRAGMA user_version = 1009")
        .expect("it takes a column");
    drop(newer);
    let (db, opened) = open(dir.path());
    assert_eq!(opened.notices, Vec::<Clean>::new());
    write(&db, vec![fact(2, "added")], 0).await;
    assert_eq!(titles(&db).await, set(&["kept", "added"]));
}

#[tokio::test]
async fn without_a_disk_it_works_in_memory_and_recovers() {
    let dir = TempDir::new().expect("a directory");
    let blocked = dir.path().join("state");
    fs::write(&blocked, b"a file where the directory should be").expect("it can be written");
    let (db, opened) = open(&blocked.join("board.db"));
    assert_eq!(opened.file, None);
    assert!(
        opened.notices[0].contains("cannot be written"),
        "{opened:?}"
    );
    assert_eq!(titles(&db).await, set(&[]));
    assert!(!write(&db, vec![fact(1, "a")], 1).await.lost);
    assert_eq!(db.lease(one(), at(1)).await, Lease::Held);
    drop(db.notices());

    fs::remove_file(&blocked).expect("it goes");
    assert!(!write(&db, vec![fact(1, "a")], 30).await.lost, "too early");
    let written = write(&db, vec![fact(1, "a")], 62).await;
    assert!(written.lost, "everything must be written again");
    let over = matches!(
        written.notices.as_slice(),
        [Update::Notice { text: None, .. }]
    );
    assert!(over, "{:?}", written.notices);
    write(&db, vec![fact(1, "a"), fact(2, "b")], 63).await;
    assert_eq!(titles(&db).await, set(&["a", "b"]));
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_there_stays() {
    let dir = TempDir::new().expect("a directory");
    let limits = Limits {
        file: 300 * 1024,
        ..Limits::default()
    };
    let (db, _) = Database::open_with(dir.path(), at(0), limits).expect("it opens");
    write(&db, vec![fact(1, "small")], 0).await;
    let much = (0..5_000).map(|n| fact(n, &"x".repeat(400))).collect();
    let written = write(&db, much, 1).await;
    let told = matches!(written.notices.as_slice(), [Update::Notice { text: Some(text), .. }] if text.contains("full"));
    assert!(told, "{:?}", written.notices);
    assert_eq!(titles(&db).await, set(&["small"]), "it can still be read");
}

#[tokio::test]
async fn a_file_that_was_taken_away_is_made_again() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    write(&db, vec![fact(1, "a")], 0).await;
    fs::remove_file(opened.file.expect("there is a file")).expect("it goes");
    let written = write(&db, vec![fact(2, "b")], 1).await;
    assert!(written.lost);
    write(&db, vec![fact(1, "a"), fact(2, "b")], 2).await;
    assert_eq!(titles(&db).await, set(&["a", "b"]));
    drop(db);
    let (db, _) = open(dir.path());
    assert_eq!(titles(&db).await, set(&["a", "b"]));
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
        refresh: false,
    };
    let refresh = Wishes {
        refresh: true,
        ..nothing
    };
    assert_eq!(first.wishes(one(), at(1)).await, nothing);
    second.wish(one(), at(2)).await;
    second.wish(one(), at(3)).await;
    let two = SourceName::new("two");
    assert_eq!(first.wishes(two.clone(), at(3)).await, nothing);
    assert_eq!(first.wishes(one(), at(4)).await, refresh);
    assert_eq!(first.wishes(one(), at(4)).await, nothing, "heard already");
    second.wish(one(), at(10)).await;
    assert_eq!(first.wishes(one(), at(41)).await, nothing, "too old");
    second.wish(one(), at(9_000)).await;
    assert_eq!(
        first.wishes(one(), at(50)).await,
        nothing,
        "from the future"
    );
    // What nobody hears is swept away by the next.
    for number in 0..100 {
        second
            .wish(SourceName::new(&format!("s{number}")), at(100))
            .await;
    }
    second.wish(two, at(200)).await;
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

#[tokio::test]
async fn the_first_screen_is_there_at_once_and_only_intact() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    assert!(db.first_screen().is_none());
    let snapshot = Snapshot {
        columns: vec![Column {
            stage: Stage::Plan,
            rows: Arc::from([]),
            count: 7,
            red: 2,
            empty_because: None,
        }],
        finished: 3,
        taken_at: at(4),
        ..Snapshot::default()
    };
    db.keep_screen(Arc::new(snapshot)).await;
    db.close().await;
    let screen = db.first_screen().expect("it was kept");
    assert!(screen.partial);
    assert_eq!((screen.finished, screen.taken_at), (3, at(4)));
    assert_eq!((screen.columns[0].count, screen.columns[0].red), (7, 2));
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    other
        .execute(
            "UPDATE screen SET body = replace(body, '\"red\":2', '\"red\":0')",
            [],
        )
        .expect("anybody can write it");
    assert!(db.first_screen().is_none());
}

#[tokio::test]
async fn an_end_out_of_order_has_the_file_checked() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let writes = (0..2_000).map(|n| fact(n, "some title")).collect();
    write(&db, writes, 0).await;
    db.close().await;
    drop(db);
    let file = opened.file.expect("there is a file");
    let connection = Connection::open(&file).expect("it opens");
    connection
        .execute(
            "INSERT INTO instance VALUES ('gone', 1, 'another boot', 0)",
            [],
        )
        .expect("it is taken");
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("everything is in the file");
    drop(connection);
    let mut bytes = fs::read(&file).expect("it is there");
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    bytes[middle..middle + 64].fill(0xFF);
    fs::write(&file, bytes).expect("it can be written");
    let (db, _) = open(dir.path());
    let mut lost = false;
    for secs in 1..200 {
        lost = write(&db, vec![fact(1, "a")], secs).await.lost;
        if lost {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(lost, "the damage was found and the file made anew");
    assert_eq!(quarantines(dir.path()).len(), 1);
}

/// When the whole file was last checked.
fn checked_at(file: &Path) -> Option<i64> {
    let connection = Connection::open(file).expect("it opens");
    let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'checked_at'";
    connection.query_row(sql, [], |row| row.get(0)).ok()
}

#[tokio::test]
async fn the_whole_file_is_checked_every_week() {
    const DAY: i64 = 86_400;
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let file = opened.file.expect("there is a file");
    write(&db, vec![fact(1, "a")], 1).await;
    assert_eq!(checked_at(&file), None, "nothing is read at the start");
    write(&db, vec![fact(1, "b")], 400).await;
    let first = at(400).timestamp_micros();
    assert_eq!(checked_at(&file), Some(first), "the week begins");
    write(&db, vec![fact(1, "c")], 6 * DAY).await;
    assert_eq!(checked_at(&file), Some(first));
    write(&db, vec![fact(1, "d")], 8 * DAY).await;
    for _ in 0..200 {
        if checked_at(&file) != Some(first) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(checked_at(&file), Some(at(8 * DAY).timestamp_micros()));
    assert_eq!(titles(&db).await, set(&["d"]));
    assert!(quarantines(dir.path()).is_empty());
}

#[tokio::test]
async fn what_is_too_old_or_nobodys_is_removed() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let stranger = Write::Fact {
        source: SourceName::new("two"),
        id: ticket(1, "").id(),
        fact: Arc::new(ticket(1, "a")),
        seen_at: at(0),
    };
    write(&db, vec![fact(1, "a"), stranger], 0).await;
    drop(db.load(vec![one()]).await);
    write(&db, Vec::new(), 40 * 86_400).await;
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let left: String = other
        .query_row("SELECT group_concat(source) FROM fact", [], |row| {
            row.get(0)
        })
        .expect("one is left");
    assert_eq!(left, "one");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_damaged_file_never_becomes_other_facts(
        places in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..20),
    ) {
        let dir = TempDir::new().expect("a directory");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let (db, opened) = open(dir.path());
            write(&db, (0..50).map(|n| fact(n, &format!("title {n}"))).collect(), 0).await;
            db.close().await;
            drop(db);
            let file = opened.file.expect("there is a file");
            let connection = Connection::open(&file).expect("it opens");
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .expect("everything is in the file");
            drop(connection);
            let mut bytes = fs::read(&file).expect("it is there");
            for (place, byte) in &places {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
                let place = (bytes.len() as f64 * place) as usize;
                bytes[place] = *byte;
            }
            fs::write(&file, bytes).expect("it can be written");
            let (db, _) = open(dir.path());
            let known: BTreeSet<FactId> = (0..50).map(|n| ticket(n, "").id()).collect();
            for row in db.load(vec![one()]).await.facts {
                let number = known.iter().position(|id| *id == row.fact.id());
                assert!(number.is_some());
                let title = title(&row.fact);
                let n = title.strip_prefix("title ").expect("as it was written");
                let n: u64 = n.parse().expect("a number");
                assert_eq!(row.fact.id(), ticket(n, "").id());
            }
            drop(write(&db, vec![fact(1, "later")], 1).await);
        });
    }
}
