//! What a wrong, partial or foreign answer must not take away.

use cycleboard::domain::repository::Repository;
use cycleboard::domain::text::Clean;

use super::*;

/// Returns a source of two repositories that was read once, and the switch that breaks one path.
async fn breakable(path: &'static str, broken: Reply) -> (Fault, GitHub, Arc<Mutex<bool>>) {
    let switch: Arc<Mutex<bool>> = Arc::default();
    let is_broken = Arc::clone(&switch);
    let fault = Fault::start(move |request| {
        if *is_broken.lock().unwrap() && request.path() == path {
            return broken.clone();
        }
        match request.path() {
            "/orgs/acme/repos" => {
                Reply::json(&json!([{"full_name": "acme/api"}, {"full_name": "acme/web"}]))
            }
            _ => healthy(request),
        }
    })
    .await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    settle(&source, 20).await;
    *switch.lock().unwrap() = true;
    (fault, source, switch)
}

/// Asks three times for a resource whose path is broken: nothing may be said to be gone.
async fn check_kept(path: &'static str, resource: &str, broken: Reply) {
    let shown = format!("{path} {broken:?}");
    let (_fault, source, switch) = breakable(path, broken).await;
    for round in 1..=3 {
        if round == 3 {
            *switch.lock().unwrap() = false;
        }
        let at = now() + TimeDelta::hours(round);
        let batch = fetch_at(&source, resource, at).await.unwrap_or_default();
        assert_eq!(batch.gone_repos, [], "{shown}");
        assert!(batch.gone.is_empty(), "{shown}");
        let emptied = |list: &Listing| list.members.is_empty() && round < 3;
        assert!(!batch.listings.iter().any(emptied), "{shown}");
    }
}

#[tokio::test]
async fn an_unexpected_refusal_removes_nothing() {
    for status in [400, 402, 403, 404, 406, 409, 410, 418, 422, 451, 499] {
        let said = Reply::new(status, "{}");
        check_kept("/graphql", "probe:hot:0", said.clone()).await;
        check_kept("/graphql", "refresh", said.clone()).await;
        check_kept("/orgs/acme/repos", "discover", said).await;
    }
}

#[tokio::test]
async fn a_list_of_the_wrong_kind_removes_nothing_and_says_so() {
    for body in ["null", "{}", "[1,2,3]", "\"x\"", "7", "[{}]"] {
        let said = Reply::new(200, body);
        check_kept("/orgs/acme/repos", "discover", said.clone()).await;
        let (_fault, source, _switch) = breakable("/orgs/acme/repos", said.clone()).await;
        let error = later(&source, "discover").await.unwrap_err();
        assert!(
            matches!(error, SourceError::Unreadable { .. }),
            "{body}: {error}"
        );
        for kind in ["code-scanning", "secret-scanning"] {
            let path: &'static str = format!("/orgs/acme/{kind}/alerts").leak();
            check_kept(path, "findings:acme", said.clone()).await;
            let (_fault, source, _switch) = breakable(path, said.clone()).await;
            let error = fetch(&source, "findings:acme").await.unwrap_err();
            assert!(
                matches!(error, SourceError::Unreadable { .. }),
                "{body}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_cut_answer_is_not_what_a_later_confirmation_confirms() {
    let body: Arc<Mutex<&str>> = Arc::new(Mutex::new("{\"total_count\":0,\"workfl"));
    let told = Arc::clone(&body);
    let fault = Fault::start(move |request| {
        if request.path().ends_with("/actions/runs") {
            if request.header("if-none-match").is_some() {
                return Reply::new(304, "");
            }
            return Reply::new(200, *told.lock().unwrap()).with("etag", "\"same\"");
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    for (round, bad) in [
        "{\"total_count\":0,\"workfl",
        "{\"workflow_runs\":7}",
        "null",
    ]
    .into_iter()
    .enumerate()
    {
        *body.lock().unwrap() = bad;
        let at = now() + TimeDelta::hours(i64::try_from(round).unwrap());
        let read = fetch_at(&source, "runs:acme/api", at).await;
        assert!(read.is_err(), "{bad}");
    }
    *body.lock().unwrap() = "{\"total_count\":0,\"workflow_runs\":[]}";
    for hours in 5..7 {
        let at = now() + TimeDelta::hours(hours);
        fetch_at(&source, "runs:acme/api", at).await.unwrap();
    }
    assert_eq!(source.meter().not_modified, 1);
}

/// Keeps validators like a database with a thread of its own: what is written is read later.
#[derive(Default)]
struct Late {
    kept: Memory,
    queue: Mutex<Vec<(ValidatorKey, Stored)>>,
}

impl Validators for Late {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        self.kept.get(key)
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        self.queue.lock().unwrap().push((key.clone(), stored));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_forgotten_before_it_is_even_written() {
    for bad in ["{\"total_count\":0,\"workfl", "{\"workflow_runs\":7}"] {
        let fault = Fault::start(move |request| {
            if request.path().ends_with("/actions/runs") {
                return Reply::new(200, bad).with("etag", "\"same\"");
            }
            healthy(request)
        })
        .await;
        let late = Arc::new(Late::default());
        let ground = Ground {
            validators: Arc::clone(&late) as Arc<dyn Validators>,
            ..ground(Arc::default())
        };
        let source = GitHub::new(&config(&fault, &["acme/api"]), &ground, limits()).unwrap();
        fetch(&source, "runs:acme/api").await.unwrap_err();
        for (key, stored) in late.queue.lock().unwrap().drain(..) {
            late.kept.put(&key, stored);
        }
        later(&source, "runs:acme/api").await.unwrap_err();
        let asked = fault.seen();
        let conditional = |seen: &&Seen| seen.header("if-none-match").is_some();
        assert_eq!(
            (asked.len(), asked.iter().filter(conditional).count()),
            (2, 0),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_history_of_the_wrong_shape_is_not_what_a_later_confirmation_confirms() {
    let body: Arc<Mutex<&str>> = Arc::new(Mutex::new("{\"workflow_runs\":7}"));
    let told = Arc::clone(&body);
    let fault = Fault::start(move |request| {
        if !request.path().ends_with("/workflows/ci.yml/runs") {
            return healthy(request);
        }
        if request.header("if-none-match").is_some() {
            return Reply::new(304, "");
        }
        Reply::new(200, *told.lock().unwrap()).with("etag", "\"same\"")
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let need = Need::History {
        repo: RepoKey::new(source.host(), "acme/api"),
        workflow: Clean::line(".github/workflows/ci.yml"),
        branch: Clean::line("main"),
        runs: 10,
    };
    source.need(&BTreeSet::from([need]));
    let mut told = Vec::new();
    for hours in 1..=3 {
        if hours == 2 {
            *body.lock().unwrap() = "{\"workflow_runs\":[]}";
        }
        let at = now() + TimeDelta::hours(hours * 24);
        let batch = fetch_at(&source, "needs:0", at).await.unwrap();
        told.push(batch.warnings.len());
    }
    assert_eq!(told, [1, 0, 0]);
    assert_eq!(source.meter().not_modified, 1, "the good one is confirmed");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_followed() {
    let other = Fault::start(|_| Reply::json(&json!([]))).await;
    let next = format!("<{}orgs/acme/repos?page=2>; rel=\"next\"", other.url);
    let fault =
        Fault::start(move |_| Reply::json(&json!([{"full_name": "acme/api"}])).with("link", &next))
            .await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    let batch = fetch(&source, "discover").await.unwrap();
    assert!(other.seen().is_empty());
    let told = batch.warnings.iter().any(|it| it.contains("its next page"));
    assert!(told, "what is read is not all: {:?}", batch.warnings);
}

#[tokio::test]
async fn a_page_that_names_itself_ends_the_list() {
    let fault = Fault::start(|request| {
        Reply::json(&json!([{"full_name": "acme/api"}]))
            .with("link", &format!("<{}>; rel=\"next\"", request.target))
    })
    .await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    let batch = fetch(&source, "discover").await.unwrap();
    assert_eq!(fault.seen().len(), 1);
    assert_eq!(batch.warnings.len(), 1);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_the_token() {
    let fault = Fault::start(|request| {
        if request.path() == "/repos/acme/api/actions/runs" {
            return Reply::new(301, "").with("location", "/repositories/1/actions/runs");
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "runs:acme/api").await.unwrap();
    let moved = fault
        .seen()
        .into_iter()
        .find(|seen| seen.path().starts_with("/repositories"));
    assert!(moved.unwrap().header("authorization").is_some());
}

#[tokio::test]
async fn a_renamed_repository_tells_its_name_of_before_also_after_a_restart() {
    let fault = Fault::start(|request| {
        if request.path() != "/graphql" {
            return healthy(request);
        }
        Reply::json(&aliases(request, |path| {
            let now = path.replace("acme/old", "acme/api");
            if is_probe(request) {
                probe_repo(&now, "2026-11-21T03:30:00Z")
            } else {
                refresh_repo(&now)
            }
        }))
    })
    .await;
    let told = async |source: &GitHub| -> Vec<Repository> {
        let facts = settle(source, 20).await.into_iter().flat_map(|b| b.facts);
        let repositories = facts.filter_map(|fact| {
            let Fact::Repository(told) = fact else {
                return None;
            };
            Some(told)
        });
        repositories.collect()
    };
    let first = told(&source(&fault, &["acme/old"])).await;
    let of_old = |told: &Repository| {
        let former: Vec<&str> = told.renamed_from.iter().map(RepoKey::path).collect();
        (told.repo.path().to_owned(), former == ["acme/old"])
    };
    let expected = [("acme/api".to_owned(), true)];
    assert_eq!(first.iter().map(of_old).collect::<Vec<_>>(), expected);
    let again = source(&fault, &["acme/api"]);
    again.restore(
        &first
            .into_iter()
            .map(|told| Arc::new(Fact::Repository(told)))
            .collect::<Vec<_>>(),
    );
    assert_eq!(
        told(&again).await.iter().map(of_old).collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test]
async fn text_of_the_host_is_clean_everywhere() {
    let fault = Fault::start(healthy).await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    let stored = serde_json::to_string(&batches.iter().flat_map(|b| &b.facts).collect::<Vec<_>>());
    let stored = stored.unwrap();
    assert!(
        !stored.contains("\\u001b") && !stored.contains("\\u0007"),
        "{stored}"
    );
    assert!(!stored.contains("SECRET"));
}
