//! History in rows: told twice it is one, what knows less does not win, and old rows go.

use super::*;
use crate::domain::history::{
    CardRecord, Coverage, Delivery, DeliveryState, Ledger, Life, Record, Standing, Transition,
};
use crate::domain::item::Anchor;
use crate::domain::key::ServiceName;
use crate::engine::db::maintain;

fn repo(name: &str) -> RepoKey {
    RepoKey::new("forge.test", &format!("acme/{name}"))
}

fn life(id: &str, repo_name: &str) -> Record {
    Record::Life(Box::new(Life {
        id: ItemId::new(id),
        anchor: Anchor::ChangeRequest,
        key: Clean::line(id),
        title: Clean::line("a change"),
        url: None,
        repo: Some(repo(repo_name)),
        services: Vec::new(),
        author: None,
        bot: false,
        labels: Vec::new(),
        created_at: at(0),
        changes: Vec::new(),
    }))
}

fn delivery(range_known: bool, started: i64) -> Record {
    Record::Delivery(Box::new(Delivery {
        id: Clean::line("d"),
        repo: repo("api"),
        service: ServiceName::new("api"),
        environment: Clean::line("production"),
        production: true,
        sha: None,
        version: Clean::line("v1"),
        state: DeliveryState::Succeeded,
        started_at: at(started),
        finished_at: None,
        carried: Vec::new(),
        range_known,
        backward: false,
        reverts: false,
        hotfix: false,
        url: None,
    }))
}

fn moved(id: &str, stage: Stage, done: Option<Outcome>, secs: i64) -> Write {
    Write::Event(Transition {
        item: ItemId::new(id),
        standing: Standing {
            stage,
            status: Status::Running,
            done,
            holders: Vec::new(),
        },
        rule: Clean::line("rule"),
        at: at(secs),
    })
}

fn ledger(db: &Database, names: &[&str]) -> Ledger {
    let repos = names.iter().map(|name| repo(name)).collect();
    db.ledger(&repos).expect("there is a file")
}

fn moments(card: &CardRecord) -> Vec<i64> {
    let moments = card.timeline.moments().iter();
    moments.map(|m| (m.at - at(0)).num_seconds()).collect()
}

#[tokio::test]
async fn history_is_that_of_the_repositories_on_the_board() {
    let dir = TempDir::new().expect("a directory");
    let (db, _) = open(dir.path());
    let writes = || {
        vec![
            Write::Record(life("change:1", "api")),
            Write::Record(life("change:2", "web")),
            moved("change:1", Stage::Code, None, 1),
            moved("change:1", Stage::Test, None, 5),
            moved("change:2", Stage::Code, None, 1),
            Write::Record(Record::Coverage(Coverage {
                repo: repo("api"),
                from: at(1),
                to: at(9),
            })),
        ]
    };
    write(&db, writes(), 0).await;
    let told = ledger(&db, &["api"]);
    assert_eq!(told.cards.len(), 1);
    assert_eq!(moments(&told.cards[0]), [1, 5]);
    assert_eq!(told.since, Some(at(1)));
    write(&db, writes(), 0).await;
    assert_eq!(ledger(&db, &["api"]), told, "told twice it is one");
    assert_eq!(ledger(&db, &["api", "web"]).cards.len(), 2);
    let loaded = db.load(vec![one()]).await;
    assert_eq!(loaded.coverage.len(), 1);
}

#[tokio::test]
async fn a_transition_that_is_told_late_is_not_the_last() {
    let dir = TempDir::new().expect("a directory");
    let (db, _) = open(dir.path());
    write(&db, vec![moved("change:1", Stage::Deploy, None, 50)], 0).await;
    write(&db, vec![moved("change:1", Stage::Code, None, 10)], 1).await;
    let loaded = db.load(vec![one()]).await;
    assert_eq!(loaded.history[0].standing.stage, Stage::Deploy);
    assert_eq!(loaded.history[0].at, at(50));
}

#[tokio::test]
async fn what_knows_less_does_not_take_the_place_of_what_knows_more() {
    let dir = TempDir::new().expect("a directory");
    let (db, _) = open(dir.path());
    let known = |db: &Database| ledger(db, &["api"]).deliveries[0].range_known;
    write(&db, vec![Write::Record(delivery(false, 1))], 0).await;
    assert!(!known(&db));
    write(&db, vec![Write::Record(delivery(true, 1))], 1).await;
    assert!(known(&db));
    write(&db, vec![Write::Record(delivery(false, 1))], 2).await;
    assert!(known(&db));
}

#[tokio::test]
async fn a_row_that_was_changed_by_hand_is_left_out() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    write(&db, vec![Write::Record(delivery(true, 1))], 0).await;
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    other
        .execute("UPDATE record SET body = replace(body, 'v1', 'v2')", [])
        .expect("anybody can write it");
    assert!(ledger(&db, &["api"]).deliveries.is_empty());
}

#[tokio::test]
async fn what_is_old_goes_but_for_where_open_cards_stood() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let limits = Limits::default();
    let day = 86_400;
    let writes = vec![
        Write::Record(life("change:open", "api")),
        moved("change:open", Stage::Plan, None, 0),
        moved("change:open", Stage::Code, None, day),
        Write::Record(life("change:over", "api")),
        moved("change:over", Stage::Code, None, 0),
        moved("change:over", Stage::Monitor, Some(Outcome::Shipped), day),
        Write::Record(delivery(true, 0)),
    ];
    write(&db, writes, 0).await;
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let now = at(2 * day) + limits.history;
    maintain::run(&other, &[one()], limits, now).expect("it is tended");
    let told = ledger(&db, &["api"]);
    assert_eq!(told.cards.len(), 1, "{:?}", told.cards);
    assert_eq!(moments(&told.cards[0]), [day]);
    assert!(told.deliveries.is_empty());
}

#[tokio::test]
async fn what_is_dropped_for_its_size_goes_as_a_whole_and_is_said() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let told = |from: i64, to: i64| {
        Write::Record(Record::Coverage(Coverage {
            repo: repo("api"),
            from: at(from),
            to: at(to),
        }))
    };
    let writes = vec![
        Write::Record(life("change:open", "api")),
        moved("change:open", Stage::Plan, None, 1),
        moved("change:open", Stage::Code, None, 2),
        Write::Record(delivery(true, 1)),
        moved("change:open", Stage::Test, None, 9),
        told(0, 20),
    ];
    write(&db, writes, 0).await;
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let note = "INSERT INTO validator(source, etag, hash, size, used_at, body) \
                VALUES ('one', ?1, 0, ?2, 0, x'')";
    for (etag, size) in [("1000:90", 0), ("etag", 7)] {
        other
            .execute(note, rusqlite::params![etag, size])
            .expect("a note");
    }
    assert_eq!(ledger(&db, &["api"]).cut_at, None);
    crate::engine::db::history::cut(&other, 2).expect("there is room");
    let ledger = ledger(&db, &["api"]);
    let since = ledger.since.expect("it counts");
    assert_eq!(
        (ledger.cut_at, (since - at(2)).num_microseconds()),
        (Some(since), Some(1))
    );
    assert!(ledger.deliveries.is_empty());
    assert_eq!(moments(&ledger.cards[0]), [2, 9], "where it stood is known");
    // Who tells it again, from its beginning, does not make it whole.
    write(&db, vec![told(0, 30)], 1).await;
    maintain::make_room(&other, u64::MAX).expect("there is room");
    let notes = "SELECT group_concat(etag) FROM validator";
    let notes: String = other.query_row(notes, [], |row| row.get(0)).expect("one");
    assert_eq!(
        notes, "1000:90",
        "what was read of the past is not read again"
    );
}

#[tokio::test]
async fn history_counts_from_where_it_was_forgotten() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let day = 86_400;
    let told = Write::Record(Record::Coverage(Coverage {
        repo: repo("api"),
        from: at(0),
        to: at(120 * day),
    }));
    write(&db, vec![told], 0).await;
    assert_eq!(ledger(&db, &["api"]).since, Some(at(0)));
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    let limits = Limits::default();
    for (now, since) in [(130, 30), (125, 30), (140, 40)] {
        maintain::run(&other, &[one()], limits, at(now * day)).expect("it is tended");
        let ledger = ledger(&db, &["api"]);
        assert_eq!((ledger.since, ledger.cut_at), (Some(at(since * day)), None));
    }
}

#[tokio::test]
async fn history_goes_only_where_nothing_else_makes_room() {
    let dir = TempDir::new().expect("a directory");
    let (db, opened) = open(dir.path());
    let day = 86_400;
    let writes = vec![
        Write::Record(life("change:over", "api")),
        moved("change:over", Stage::Code, None, 0),
        moved("change:over", Stage::Monitor, Some(Outcome::Shipped), day),
    ];
    write(&db, writes, 0).await;
    let other = Connection::open(opened.file.expect("there is a file")).expect("it opens");
    maintain::make_room(&other, u64::MAX).expect("there is room");
    assert_eq!(ledger(&db, &["api"]).cards.len(), 1);
    maintain::make_room(&other, 0).expect("there is room");
    assert!(ledger(&db, &["api"]).cards.is_empty());
}

#[tokio::test]
async fn of_the_time_that_is_told_nothing_is_lost_whoever_tells_it() {
    let dir = TempDir::new().expect("a directory");
    let (db, _) = open(dir.path());
    let told = |from: i64, to: i64| {
        Write::Record(Record::Coverage(Coverage {
            repo: repo("api"),
            from: at(from),
            to: at(to),
        }))
    };
    // One that did not hear of the past tells later, and one that did tells late.
    for (secs, one) in [told(10, 50), told(80, 90), told(5, 60)]
        .into_iter()
        .enumerate()
    {
        write(&db, vec![one], i64::try_from(secs).expect("small")).await;
    }
    let coverage = &ledger(&db, &["api"]).coverage[0];
    assert_eq!((coverage.from, coverage.to), (at(5), at(90)));
}

#[test]
fn what_an_older_program_noted_is_gathered_once() {
    let mut connection = Connection::open_in_memory().expect("memory");
    schema::migrate(&mut connection).expect("tables");
    let noted = "INSERT INTO event(item, at, stage, status, done, rule, holders) \
                 VALUES ('change:a#1', ?1, 'test', 'running', '', 'r', '[]')";
    for at in [5, 6] {
        connection.execute(noted, [at]).expect("a row");
    }
    for _ in 0..2 {
        schema::migrate(&mut connection).expect("again");
        let count = |table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            connection
                .query_row(&sql, [], |row| row.get(0))
                .expect("a count")
        };
        let counts = ["event", "moved", "standing", "word"].map(count);
        assert_eq!(counts, [0, 2, 1, 2], "words are there once");
    }
}
