//! What is kept for how long, and when the file is looked through.

use super::*;
use crate::engine::db::maintain;

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
            "UPDATE front SET body = replace(body, '\"red\":2', '\"red\":0')",
            [],
        )
        .expect("anybody can write it");
    assert!(db.first_screen().is_none());
}

#[tokio::test]
async fn what_another_board_confirms_stays_however_old_it_is() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let told = |source: &str| {
        let fact = ticket(1, source);
        let source = SourceName::new(source);
        let (id, fact) = (fact.id(), Arc::new(fact));
        let seen_at = at(0);
        vec![
            Write::Fact {
                source: source.clone(),
                id,
                fact,
                seen_at,
            },
            Write::Confirmed {
                source,
                scope: Clean::default(),
                at: at(0),
            },
        ]
    };
    write(&db, told("gone"), 0).await;
    write(&db, told("asked elsewhere"), 0).await;
    let now = at(40 * 86_400);
    let confirmed = Write::Confirmed {
        source: SourceName::new("asked elsewhere"),
        scope: Clean::line("acme/api"),
        at: at(39 * 86_400),
    };
    write(&db, vec![confirmed], 1).await;
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    maintain::run(&other, &[one()], Limits::default(), now).expect("it is tended");
    let kept: Vec<String> = other
        .prepare("SELECT DISTINCT source FROM fact")
        .expect("it is SQL")
        .query_map([], |row| row.get(0))
        .expect("it runs")
        .collect::<rusqlite::Result<_>>()
        .expect("rows");
    assert_eq!(kept, ["asked elsewhere"]);
}

#[tokio::test]
async fn a_confirmation_from_the_future_ends_with_the_next_one() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let file = opened.file.expect("there is a file");
    for (secs, then) in [
        (100, 100),
        (90, 100),
        (86_400, 86_400),
        (200, 200),
        (300, 300),
    ] {
        let confirmed = Write::Confirmed {
            source: one(),
            scope: Clean::default(),
            at: at(secs),
        };
        write(&db, vec![confirmed], secs).await;
        let other = Connection::open(&file).expect("it opens");
        let known: i64 = other
            .query_row("SELECT at FROM confirmed", [], |row| row.get(0))
            .expect("a row");
        assert_eq!(known, at(then).timestamp_micros(), "{secs}");
    }
}

#[tokio::test]
async fn a_program_that_follows_says_that_it_lives() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let elsewhere = "INSERT INTO lease VALUES ('one', 'other', 1, 'another machine', 0, ?1)";
    other
        .execute(elsewhere, [at(30).timestamp()])
        .expect("it is taken");
    let seen = || {
        other
            .query_row("SELECT max(seen_at) FROM instance", [], |row| {
                row.get::<_, i64>(0)
            })
            .expect("it is registered")
    };
    for (secs, then) in [(1, 0), (15, 0), (22, 22)] {
        assert_eq!(db.lease(one(), at(secs)).await, Lease::Other);
        assert_eq!(seen(), at(then).timestamp(), "{secs}");
    }
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
