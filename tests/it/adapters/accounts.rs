//! Boards that share a store and a command for the token, and not the account.

use cycleboard::engine::actions::Acting;
use cycleboard::engine::db::{Bound, Store};
use cycleboard::engine::{Engine, Options, start};
use cycleboard::sources::{Account, token};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;

/// A GitHub that shows everybody one ticket, whose title is their token.
async fn personal() -> Fault {
    Fault::start(|request| {
        if request.path() != "/graphql" || is_probe(request) {
            return healthy(request);
        }
        let whose = request.header("authorization").unwrap_or("nobody");
        let whose = whose.trim_start_matches("Bearer ghp_").to_owned();
        Reply::json(&aliases(request, |path| {
            let mut repo = refresh_repo(path);
            repo["issues"]["nodes"][0]["title"] = json!(whose);
            repo
        }))
    })
    .await
}

/// A source whose token is what a file holds.
fn by_file(fault: &Fault, file: &std::path::Path) -> SourceConfig {
    let mut config = config(fault, &["acme/api"]);
    config.token_env = None;
    config.token_command = Some(vec!["cat".to_owned(), file.display().to_string()]);
    config
}

/// A board on a store.
struct Board {
    engine: Engine,
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Board {
    fn open(config: &SourceConfig, store: &std::path::Path) -> Self {
        let (store, _) = Store::open(store, now()).unwrap();
        let mut ground = ground(Arc::new(Memory::default()));
        ground.validators = store.validators();
        ground.clock = Arc::new(now);
        store.bind([Bound::new(config, &token::account(config, &ground.env))]);
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let options = Options {
            sources: vec![Box::new(GitHub::new(config, &ground, limits()).unwrap())],
            policy: cycleboard::domain::policy::Policy::default(),
            columns: Vec::new(),
            store: Some(store),
            polling: true,
            looks_into: false,
            clock: Arc::new(now),
            logs: Arc::new(cycleboard::sources::logs::NoLogs),
            acting: Acting::default(),
        };
        Self {
            engine: start(options, &tracker, &cancel),
            tracker,
            cancel,
        }
    }

    /// Waits until a ticket of this title is there, and somebody else polls or not.
    async fn shows(&mut self, title: &str, followed: bool) {
        let there = |board: &cycleboard::engine::snapshot::Snapshot| {
            let titles: Vec<String> = board.items().map(|item| item.title.to_string()).collect();
            titles.iter().any(|found| found == title) && board.sources[0].followed == followed
        };
        let wait = self.engine.snapshots.wait_for(|board| there(board));
        let came = tokio::time::timeout(Duration::from_mins(1), wait).await;
        assert!(came.is_ok(), "{title} never came");
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[tokio::test]
async fn one_command_that_prints_two_tokens_makes_two_boards() {
    let dir = tempfile::TempDir::new().unwrap();
    let (file, place) = (dir.path().join("token"), dir.path().join("state"));
    let fault = personal().await;
    let config = by_file(&fault, &file);
    std::fs::write(&file, "ghp_ofAda\n").unwrap();
    let mut ada = Board::open(&config, &place);
    ada.shows("ofAda", false).await;

    let mut same = Board::open(&config, &place);
    same.shows("ofAda", true).await;

    std::fs::write(&file, "ghp_ofBob\n").unwrap();
    let mut bob = Board::open(&config, &place);
    bob.shows("ofBob", false).await;
    let board = bob.engine.snapshots.borrow().clone();
    let foreign = board.items().any(|item| item.title.contains("Ada"));
    assert!(!foreign, "cards of another account");
    ada.shows("ofAda", false).await;
    for board in [same, bob, ada] {
        board.stop().await;
    }
    let stored = std::fs::read(place.join("board.db")).unwrap();
    let told = |secret: &str| {
        stored
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    };
    let Account::From(from) = token::account(&config, &ground(Arc::default()).env) else {
        panic!("a command tells nobody before it ran");
    };
    assert!(
        !told(&from),
        "what is stored cannot be compared with a guess"
    );
}

#[tokio::test]
async fn a_source_without_the_token_that_it_should_have_asks_as_nobody_known() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("token");
    let fault = personal().await;
    let config = by_file(&fault, &file);
    let open = || GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    assert_eq!(open().account().await, Account::Unknown);
    std::fs::write(&file, "ghp_one").unwrap();
    let one = open();
    let known = one.account().await;
    assert!(matches!(known, Account::Known(_)));
    std::fs::write(&file, "ghp_two").unwrap();
    assert_eq!(one.account().await, known, "it has its token already");
    assert_ne!(open().account().await, known);
    assert!(fault.seen().is_empty(), "the host is not asked");
}
