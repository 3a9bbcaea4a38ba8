//! Boards that share a store and a command for the token, and not the account.

use cycleboard::engine::actions::Acting;
use cycleboard::engine::db::{Bound, Store};
use cycleboard::engine::{Engine, Options, Tells, start};
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
            attention: cycleboard::domain::attention::Attention::default(),
            sources: vec![Box::new(GitHub::new(config, &ground, limits()).unwrap())],
            policy: cycleboard::domain::policy::Policy::default(),
            columns: Vec::new(),
            store: Some(store),
            polling: true,
            looks_into: false,
            looks_back: true,
            tells: Tells::Nothing,
            haste: false,
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

/// Returns the ground of somebody whose token is this.
fn ground_of(token: &'static str, memory: &Arc<Memory>) -> Ground {
    Ground {
        env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.to_owned())),
        ..ground(Arc::clone(memory))
    }
}

/// Reads everything until the next probe finds nothing new; returns the facts.
async fn read_all(config: &SourceConfig, ground: &Ground, rows: &[Arc<Fact>]) -> Vec<Arc<Fact>> {
    let source = GitHub::new(config, ground, limits()).unwrap();
    source.restore(rows);
    let batches = settle(&source, 30).await;
    later(&source, "probe:hot:0").await.unwrap();
    let facts = batches.into_iter().flat_map(|batch| batch.facts);
    facts.map(Arc::new).collect()
}

/// Reads `first`, then after a change `second`, then `first` again on what it had stored.
async fn check_read_again(first: (&[&str], &'static str), second: (&[&str], &'static str)) {
    let title = Arc::new(Mutex::new(("2026-11-21T03:30:00Z", "as it was")));
    let told = Arc::clone(&title);
    let fault = Fault::start(move |request| {
        let (at, title) = *told.lock().unwrap();
        if request.path() != "/graphql" {
            return healthy(request);
        }
        Reply::json(&aliases(request, |path| {
            if is_probe(request) {
                return probe_repo(path, at);
            }
            let mut repo = refresh_repo(path);
            repo["issues"]["nodes"][0]["title"] = json!(title);
            repo
        }))
    })
    .await;
    let memory = Arc::new(Memory::default());
    let of = |(repos, token)| (config(&fault, repos), ground_of(token, &memory));
    let (one, two) = (of(first), of(second));
    let rows = read_all(&one.0, &one.1, &[]).await;
    *title.lock().unwrap() = ("2026-11-21T03:50:00Z", "as it is");
    read_all(&two.0, &two.1, &rows).await;
    let facts = read_all(&one.0, &one.1, &rows).await;
    let tickets = facts.iter().filter(|fact| fact.kind() == FactKind::Ticket);
    let ids: BTreeSet<_> = tickets.map(|fact| fact.id()).collect();
    assert_eq!(ids.len(), first.0.len(), "{first:?} {second:?}: {ids:?}");
    assert!(format!("{facts:?}").contains("as it is"));
    let rows = [rows, facts].concat();
    let seen = fault.seen().len();
    let facts = read_all(&one.0, &one.1, &rows).await;
    assert!(facts.is_empty(), "nothing changed since: {facts:?}");
    assert_eq!(fault.seen().len() - seen, 2, "two probes");
}

#[tokio::test]
async fn what_another_selection_or_account_read_confirms_nothing_of_ours() {
    let (both, one) = (["acme/api", "acme/web"], ["acme/web"]);
    check_read_again((&both, "ghp_one"), (&one, "ghp_one")).await;
    check_read_again((&one, "ghp_one"), (&one, "ghp_two")).await;
}

#[tokio::test]
async fn the_order_and_the_case_of_a_selection_mean_nothing() {
    let fault = Fault::start(healthy).await;
    let memory = Arc::new(Memory::default());
    let ground = ground_of("ghp_one", &memory);
    let rows = read_all(&config(&fault, &["acme/api", "acme/web"]), &ground, &[]).await;
    let again = read_all(&config(&fault, &["Acme/Web", "acme/api"]), &ground, &rows).await;
    assert!(again.is_empty(), "{again:?}");
}

/// Asks as a person does who wants to know now.
async fn ask_again(source: &GitHub, resource: &str) -> Result<Batch, SourceError> {
    let fetch = Fetch {
        resource: resource.into(),
        now: now() + TimeDelta::minutes(5),
        forced: true,
    };
    source.fetch(fetch).await
}

#[tokio::test]
async fn another_token_is_another_person_who_reads_for_themselves() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "ghp_ofAda").unwrap();
    let ended: Arc<Mutex<bool>> = Arc::default();
    let has_ended = Arc::clone(&ended);
    let fault = Fault::start(move |request| {
        let whose = request.header("authorization").unwrap_or_default();
        if *has_ended.lock().unwrap() && whose.ends_with("ofAda") {
            return Reply::new(401, "{}").with("content-type", "application/json");
        }
        if request.path() != "/graphql" {
            return healthy(request);
        }
        let login = whose.trim_start_matches("Bearer ghp_of").to_owned();
        let mut answer = aliases(request, |path| {
            if is_probe(request) {
                probe_repo(path, "2026-11-21T03:30:00Z")
            } else {
                refresh_repo(path)
            }
        });
        answer["data"]["viewer"] = json!({"login": login});
        Reply::json(&answer)
    })
    .await;
    let source = GitHub::new(&by_file(&fault, &file), &ground(Arc::default()), limits()).unwrap();
    settle(&source, 20).await;
    assert_eq!(source.meter().me.as_deref(), Some("Ada"));
    *ended.lock().unwrap() = true;
    std::fs::write(&file, "ghp_ofBob").unwrap();
    let refused = ask_again(&source, "probe:hot:0").await.unwrap_err();
    assert!(matches!(refused, SourceError::Auth { .. }), "{refused}");
    ask_again(&source, "findings:acme").await.unwrap();
    assert_eq!(source.meter().me, None, "nobody asked yet who that is");
    let batches = settle(&source, 20).await;
    assert_eq!(source.meter().me.as_deref(), Some("Bob"));
    let tickets = facts(&batches, FactKind::Ticket).len();
    assert_eq!(tickets, 1, "what Ada read is not what Bob may see");
}

#[tokio::test]
async fn who_gets_a_token_later_goes_on_by_graphql() {
    let signed_in: Arc<Mutex<bool>> = Arc::default();
    let is_signed_in = Arc::clone(&signed_in);
    let open = Arc::clone(&signed_in);
    let fault = Fault::start(move |request| {
        let nobody = request.header("authorization").is_none();
        if nobody && *open.lock().unwrap() {
            return Reply::new(401, "{}").with("content-type", "application/json");
        }
        if nobody {
            graphql::without_graphql(request)
        } else {
            healthy(request)
        }
    })
    .await;
    let mut config = config(&fault, &["acme/api"]);
    config.token_env = None;
    let host = cycleboard::sources::http::host_of(&fault.url);
    let ground = Ground {
        env: Arc::new(move |name| match name {
            "GH_HOST" => Some(host.clone()),
            "GH_ENTERPRISE_TOKEN" => is_signed_in.lock().unwrap().then(|| TOKEN.to_owned()),
            _ => None,
        }),
        ..ground(Arc::default())
    };
    let source = GitHub::new(&config, &ground, limits()).unwrap();
    settle(&source, 20).await;
    let by_graphql = |source: &GitHub| {
        let list = source.resources(now());
        list.iter()
            .any(|resource| resource.id.starts_with("probe:hot"))
    };
    assert!(!by_graphql(&source));
    *signed_in.lock().unwrap() = true;
    let refused = ask_again(&source, "rest:acme/api").await.unwrap_err();
    assert!(matches!(refused, SourceError::Auth { .. }), "{refused}");
    ask_again(&source, "runs:acme/api").await.unwrap();
    settle(&source, 20).await;
    assert!(by_graphql(&source));
    assert_eq!(source.meter().me.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_token_that_was_refused_and_is_gone_is_sent_no_more() {
    let revoked: Arc<Mutex<bool>> = Arc::default();
    let (is_revoked, gone) = (Arc::clone(&revoked), Arc::clone(&revoked));
    let fault = Fault::start(move |request| {
        if *is_revoked.lock().unwrap() && request.header("authorization").is_some() {
            return Reply::new(401, "{}").with("content-type", "application/json");
        }
        graphql::without_graphql(request)
    })
    .await;
    let mut config = config(&fault, &["acme/api"]);
    config.token_env = None;
    let host = cycleboard::sources::http::host_of(&fault.url);
    let ground = Ground {
        env: Arc::new(move |name| match name {
            "GH_HOST" => Some(host.clone()),
            "GH_ENTERPRISE_TOKEN" => (!*gone.lock().unwrap()).then(|| TOKEN.to_owned()),
            _ => None,
        }),
        ..ground(Arc::default())
    };
    let source = GitHub::new(&config, &ground, limits()).unwrap();
    settle(&source, 20).await;
    *revoked.lock().unwrap() = true;
    ask_again(&source, "rest:acme/api").await.unwrap_err();
    let before = fault.seen().len();
    ask_again(&source, "rest:acme/api").await.unwrap();
    let with_token = |seen: &Seen| seen.header("authorization").is_some();
    assert!(!fault.seen()[before..].iter().any(with_token));
    assert!(fault.seen().len() > before);
}
