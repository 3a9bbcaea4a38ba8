//! Files and disks that are not as they should be.

use super::*;

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
