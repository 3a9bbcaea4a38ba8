//! What tells sources of one name apart, and what one leaves to the next.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::engine::db::Database;
use crate::engine::snapshot::Snapshot;
use crate::engine::testing::{self, at, one};

fn config(url: &str, repos: &[&str], orgs: &[&str]) -> SourceConfig {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    SourceConfig {
        repos: texts(repos),
        orgs: texts(orgs),
        ..SourceConfig::new("one", "github", url::Url::parse(url).expect("an address"))
    }
}

fn bound(url: &str, repos: &[&str], orgs: &[&str], credential: &str) -> Bound {
    Bound::new(&config(url, repos, orgs), &known(credential))
}

fn known(credential: &str) -> Account {
    Account::Known(credential.to_owned())
}

fn acme() -> Bound {
    bound("https://f.test", &[], &["acme", "beta"], "c")
}

fn open(place: &Path, bound: Bound) -> Database {
    let (db, _) = Database::open(place, at(0)).expect("it opens");
    db.bind([bound]);
    db
}

fn ticket(repo: &str) -> Fact {
    Fact::Ticket(testing::ticket(&RepoKey::new("f.test", repo), 1, repo))
}

/// Writes a ticket of each repository, a listing of them all, and that they were confirmed.
async fn fill(db: &Database, repos: &[&str]) {
    let facts: Vec<Fact> = repos.iter().map(|repo| ticket(repo)).collect();
    let mut writes = vec![Write::Listing(LoadedListing {
        source: one(),
        name: Clean::line("open"),
        at: at(1),
        members: facts.iter().map(Fact::id).collect(),
        open: BTreeMap::default(),
    })];
    for fact in facts {
        writes.push(Write::Confirmed {
            source: one(),
            scope: Clean::line(fact.repo().expect("it has one").path()),
            at: at(1),
        });
        writes.push(Write::Fact {
            source: one(),
            id: fact.id(),
            fact: Arc::new(fact),
            seen_at: at(1),
        });
    }
    let Ok(writing) = db.write(writes, at(1)) else {
        panic!("the thread takes jobs");
    };
    writing.await.expect("the thread answers");
}

/// What is loaded: repositories of the facts, members of listings, confirmed scopes.
async fn held(db: &Database) -> (Vec<String>, usize, usize) {
    let loaded = db.load(vec![one()]).await;
    assert_eq!(loaded.damaged, 0);
    let named = loaded.facts.iter().map(|row| &row.source);
    let listed = loaded.listings.iter().map(|listing| &listing.source);
    let confirmed = loaded.confirmed.iter().map(|(source, ..)| source);
    assert!(
        named
            .chain(listed)
            .chain(confirmed)
            .all(|name| *name == one())
    );
    let repos = loaded.facts.iter().filter_map(|row| row.fact.repo());
    let mut repos: Vec<String> = repos.map(|repo| repo.path().to_owned()).collect();
    repos.sort();
    let members = loaded.listings.iter().map(|l| l.members.len()).sum();
    (repos, members, loaded.confirmed.len())
}

fn all(repos: &[&str], members: usize, confirmed: usize) -> (Vec<String>, usize, usize) {
    let repos = repos.iter().map(|repo| (*repo).to_owned()).collect();
    (repos, members, confirmed)
}

#[test]
fn a_source_is_its_place_its_selection_and_its_credential() {
    #[track_caller]
    fn check(same: bool, other: &Bound) {
        let here = bound("https://f.test", &["a/b", "c/*"], &["d"], "c");
        assert_eq!(here.stored == other.stored, same, "{other:?}");
    }
    check(
        true,
        &bound("https://F.test:443/", &["C/*", "A/b "], &["D"], "c"),
    );
    check(
        false,
        &bound("https://g.test", &["a/b", "c/*"], &["d"], "c"),
    );
    check(false, &bound("http://f.test", &["a/b", "c/*"], &["d"], "c"));
    check(
        false,
        &bound("https://f.test:8443", &["a/b", "c/*"], &["d"], "c"),
    );
    check(
        false,
        &bound("https://f.test/forge", &["a/b", "c/*"], &["d"], "c"),
    );
    check(false, &bound("https://f.test", &["a/b"], &["d"], "c"));
    check(
        false,
        &bound("https://f.test", &["a/b", "c/*", "d"], &[], "c"),
    );
    check(
        false,
        &bound("https://f.test", &["a/b", "c/*"], &["d"], "another"),
    );
    let mut kind = config("https://f.test", &["a/b", "c/*"], &["d"]);
    kind.kind = "another".to_owned();
    check(false, &Bound::new(&kind, &known("c")));
}

#[tokio::test]
async fn what_another_host_told_is_not_there_and_comes_back_with_it() {
    let dir = TempDir::new().expect("a directory");
    let db = open(dir.path(), acme());
    fill(&db, &["acme/api"]).await;
    db.keep_screen(Arc::new(Snapshot::default())).await;
    db.close().await;
    assert!(db.first_screen().is_some());
    drop(db);

    let elsewhere = bound("https://gone.test", &[], &["acme", "beta"], "c");
    let db = open(dir.path(), elsewhere);
    assert_eq!(held(&db).await, all(&[], 0, 0));
    assert!(db.first_screen().is_none());
    db.keep_screen(Arc::new(Snapshot::default())).await;
    db.close().await;
    drop(db);

    let db = open(dir.path(), acme());
    assert_eq!(held(&db).await, all(&["acme/api"], 1, 1));
    assert!(db.first_screen().is_some());
}

#[tokio::test]
async fn of_another_selection_only_what_is_in_both_is_there_and_no_age_of_it() {
    let dir = TempDir::new().expect("a directory");
    let db = open(dir.path(), acme());
    fill(&db, &["acme/api", "acme/web", "beta/x"]).await;
    drop(db);
    for (repos, orgs, kept) in [
        (
            &["Acme/API"] as &[&str],
            &[] as &[&str],
            &["acme/api"] as &[&str],
        ),
        (&["*/x", "acme/w*"], &[], &["acme/web", "beta/x"]),
        (&["acme/ap"], &["Beta"], &["beta/x"]),
        (&["*"], &["other"], &[]),
    ] {
        let db = open(dir.path(), bound("https://f.test", repos, orgs, "c"));
        assert_eq!(
            held(&db).await,
            all(kept, kept.len(), 0),
            "{repos:?} {orgs:?}"
        );
    }
    let db = open(dir.path(), acme());
    assert_eq!(held(&db).await.0.len(), 3, "what it knew is still its own");
}

/// Writes that the source asks as this login.
async fn say_login(db: &Database, login: &str) {
    let state = crate::engine::update::RemoteState {
        health: crate::engine::snapshot::Health::Ok,
        message: None,
        hint: None,
        last_success: None,
        next_poll: None,
        budgets: Vec::new(),
        me: Some(Clean::line(login)),
        round_done: true,
        history_done: true,
        past: crate::sources::PastRead::default(),
    };
    let write = Write::State {
        source: one(),
        state: Box::new(state),
    };
    let Ok(writing) = db.write(vec![write], at(2)) else {
        panic!("the thread takes jobs");
    };
    writing.await.expect("the thread answers");
}

#[tokio::test]
async fn a_new_token_begins_with_the_facts_unless_a_living_board_polls_with_the_old_one() {
    let dir = TempDir::new().expect("a directory");
    let db = open(dir.path(), acme());
    fill(&db, &["acme/api"]).await;
    say_login(&db, "ada").await;
    assert_eq!(db.lease(one(), at(2)).await, Lease::Held);
    let with = |token| bound("https://f.test", &[], &["acme", "beta"], token);

    let beside = open(dir.path(), with("second"));
    assert_eq!(beside.lease(one(), at(2)).await, Lease::Held);
    assert_eq!(held(&beside).await, all(&[], 0, 0), "another's");
    assert_eq!(held(&db).await, all(&["acme/api"], 1, 1));
    let same = open(dir.path(), acme());
    assert_eq!(same.lease(one(), at(2)).await, Lease::Other);
    beside.close().await;
    db.close().await;

    let after = open(dir.path(), with("third"));
    assert_eq!(held(&after).await, all(&["acme/api"], 1, 0));
    let before = after.load(vec![one()]).await.before;
    assert_eq!(before, [(one(), at(1))], "when anybody was answered");
    assert_eq!(
        held(&db).await,
        all(&["acme/api"], 1, 1),
        "nothing is taken away"
    );
    say_login(&after, "bob").await;
    assert_eq!(held(&db).await.0.len(), 1, "of another person");
    after.close().await;
    let renewed = open(dir.path(), with("fourth"));
    assert_eq!(held(&renewed).await.0.len(), 1);
    say_login(&renewed, "Ada").await;
    let rows = Connection::open(dir.path().join("board.db")).expect("it opens");
    let words: i64 = rows
        .query_row("SELECT count(DISTINCT source) FROM fact", [], |row| {
            row.get(0)
        })
        .expect("a number");
    assert_eq!(
        words, 2,
        "no copy stays for every token: bob's and ada's last"
    );
}

fn by_command() -> Bound {
    let mut config = config("https://f.test", &[], &["acme"]);
    config.token_command = Some(vec!["cat".to_owned(), "token".to_owned()]);
    Bound::new(&config, &Account::From("cat token".to_owned()))
}

#[tokio::test]
async fn the_board_of_the_last_account_of_a_command_is_there_before_the_command_ran() {
    let dir = TempDir::new().expect("a directory");
    let db = open(dir.path(), by_command());
    assert_eq!(held(&db).await, all(&[], 0, 0));
    assert!(db.account(one(), known("first")).await);
    fill(&db, &["acme/api"]).await;
    db.close().await;
    drop(db);

    let db = open(dir.path(), by_command());
    assert_eq!(held(&db).await, all(&["acme/api"], 1, 1));
    assert!(!db.account(one(), known("first")).await, "it is the same");
    assert_eq!(db.lease(one(), at(2)).await, Lease::Held);

    let other = open(dir.path(), by_command());
    assert!(other.account(one(), known("second")).await);
    assert_eq!(held(&other).await, all(&[], 0, 0), "another's");
    assert_eq!(other.lease(one(), at(2)).await, Lease::Held);
    fill(&other, &["acme/web"]).await;
    assert_eq!(held(&db).await, all(&["acme/api"], 1, 1));
    other.close().await;
    let again = open(dir.path(), by_command());
    assert_eq!(held(&again).await, all(&["acme/web"], 1, 1), "the last");
    assert!(again.account(one(), known("first")).await);
    assert_eq!(
        again.lease(one(), at(2)).await,
        Lease::Other,
        "the same person's"
    );
}

fn by_variable(account: &Account) -> Bound {
    let mut config = config("https://f.test", &[], &["acme"]);
    config.token_env = Some("TOKEN".to_owned());
    Bound::new(&config, account)
}

#[tokio::test]
async fn where_no_token_is_to_be_had_the_rows_of_the_last_account_are_read() {
    let dir = TempDir::new().expect("a directory");
    let missing = || by_variable(&Account::Missing("`TOKEN` is not set".to_owned()));
    assert_eq!(held(&open(dir.path(), missing())).await, all(&[], 0, 0));
    let db = open(dir.path(), by_variable(&known("first")));
    db.account(one(), known("first")).await;
    fill(&db, &["acme/api"]).await;
    db.close().await;
    drop(db);

    let without = open(dir.path(), missing());
    assert_eq!(held(&without).await, all(&["acme/api"], 1, 1));
    fill(&without, &["acme/web"]).await;
    without.close().await;
    let db = open(dir.path(), by_variable(&known("first")));
    assert_eq!(held(&db).await, all(&["acme/api"], 1, 1), "none is written");
    // Who has a token sees what is theirs, whoever was there before.
    let command = open(dir.path(), by_command());
    assert_eq!(held(&command).await, all(&[], 0, 0));
}

#[tokio::test]
async fn of_an_account_that_nobody_knows_rows_are_read_and_none_written() {
    let dir = TempDir::new().expect("a directory");
    let db = open(dir.path(), by_command());
    assert!(db.account(one(), known("first")).await);
    fill(&db, &["acme/api"]).await;
    let lost = open(dir.path(), by_command());
    assert!(!lost.account(one(), Account::Unknown).await);
    assert_eq!(held(&lost).await, all(&["acme/api"], 1, 1));
    fill(&lost, &["acme/other"]).await;
    assert_eq!(held(&db).await, all(&["acme/api"], 1, 1));
    assert!(!lost.account(one(), known("first")).await);
    fill(&lost, &["acme/api", "acme/web"]).await;
    assert_eq!(held(&db).await.0.len(), 2);
}

#[tokio::test]
async fn what_the_store_says_of_an_account_is_another_word_in_every_store() {
    let (here, there) = (TempDir::new().expect("one"), TempDir::new().expect("two"));
    let mut words = Vec::new();
    for dir in [&here, &there] {
        let db = open(dir.path(), by_command());
        assert!(db.account(one(), known("the fingerprint")).await);
        fill(&db, &["acme/api"]).await;
        let rows = Connection::open(dir.path().join("board.db")).expect("it opens");
        let word = "SELECT DISTINCT source FROM fact";
        words.push(
            rows.query_row(word, [], |row| row.get::<_, String>(0))
                .expect("a word"),
        );
        let noted = "SELECT group_concat(key || value) FROM meta";
        let noted: String = rows.query_row(noted, [], |row| row.get(0)).expect("notes");
        assert!(
            !noted.contains("fingerprint") && !noted.contains("cat"),
            "{noted}"
        );
    }
    assert_ne!(words[0], words[1]);
}
