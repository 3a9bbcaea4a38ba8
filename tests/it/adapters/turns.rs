//! What is asked while something is on its way, and what a fetch that is given up leaves.

use std::sync::OnceLock;

use super::*;

/// Answers further pages of tickets with what `page` says, the rest as a GitHub that is well;
/// each repository has such a page.
fn paged(page: impl Fn(&Seen) -> Reply) -> impl Fn(&Seen) -> Reply {
    move |request| {
        if request.path() != "/graphql" || is_probe(request) {
            return healthy(request);
        }
        if request.body.contains("\"OpenTickets\"") {
            return page(request);
        }
        Reply::json(&aliases(request, |path| {
            let mut repo = refresh_repo(path);
            repo["issues"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "2"});
            repo
        }))
    }
}

fn last_page() -> Reply {
    let issues = json!({"pageInfo": {"hasNextPage": false}, "nodes": [issue(7)]});
    Reply::json(&json!({"data": {"repository": {"issues": issues}}}))
}

fn planned(source: &GitHub, kind: &str) -> BTreeSet<String> {
    let all = source.resources(now());
    let ids = all.iter().map(|resource| resource.id.to_string());
    ids.filter(|id| id.starts_with(kind)).collect()
}

#[tokio::test]
async fn a_refresh_that_is_on_its_way_is_the_only_one_that_is_asked_for() {
    let asked: Arc<OnceLock<Arc<GitHub>>> = Arc::default();
    let during: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let (source_of, seen) = (Arc::clone(&asked), Arc::clone(&during));
    let fault = Fault::start(paged(move |_| {
        let more = source_of.get().map(|source| planned(source, "refresh:"));
        seen.lock().unwrap().extend(more.unwrap_or_default());
        last_page()
    }))
    .await;
    let source = Arc::new(source(&fault, &["acme/api", "acme/web", "acme/app"]));
    assert!(asked.set(Arc::clone(&source)).is_ok());
    let batches = settle(&source, 20).await;
    assert_eq!(facts(&batches, FactKind::Ticket).len(), 6);
    assert_eq!(
        *during.lock().unwrap(),
        BTreeSet::from(["refresh:0".to_owned()])
    );
    assert!(planned(&source, "refresh:").is_empty());
}

#[tokio::test]
async fn what_a_refresh_that_was_given_up_had_read_is_read_again() {
    let silent = Arc::new(Mutex::new(true));
    let is_silent = Arc::clone(&silent);
    let fault = Fault::start(paged(move |request| {
        if *is_silent.lock().unwrap() && request.body.contains("\"web\"") {
            return last_page().by(Way::Silent);
        }
        last_page()
    }))
    .await;
    let limits = Limits::default();
    let config = config(&fault, &["acme/api", "acme/web"]);
    let source = GitHub::new(&config, &ground(Arc::default()), limits).unwrap();
    fetch(&source, "probe:new:0").await.unwrap();
    let mut pages = 0;
    let mut given_up = Box::pin(fetch(&source, "refresh:0"));
    // It waits for the page of the second; the first one was read.
    while pages < 2 {
        let turn = tokio::time::timeout(Duration::from_millis(20), &mut given_up).await;
        assert!(turn.is_err(), "the second page never comes");
        let seen = fault.seen();
        pages = seen
            .iter()
            .filter(|it| it.body.contains("\"OpenTickets\""))
            .count();
    }
    drop(given_up);
    *silent.lock().unwrap() = false;
    let batches = settle(&source, 20).await;
    assert_eq!(
        facts(&batches, FactKind::Ticket).len(),
        4,
        "of both, two each"
    );
    let covered: BTreeSet<_> = batches.iter().flat_map(|batch| &batch.covered).collect();
    assert_eq!(covered.len(), 2);
}

#[tokio::test]
async fn runs_are_told_again_after_a_fetch_that_was_given_up_though_they_are_unchanged() {
    let silent = Arc::new(Mutex::new(true));
    let is_silent = Arc::clone(&silent);
    let fault = Fault::start(move |request| {
        let path = request.path();
        if path.ends_with("/jobs") && *is_silent.lock().unwrap() {
            return healthy(request).by(Way::Silent);
        }
        if path.ends_with("/actions/runs") && request.header("if-none-match") == Some("\"r\"") {
            return Reply::new(304, "");
        }
        healthy(request)
    })
    .await;
    let config = config(&fault, &["acme/api"]);
    let source = GitHub::new(&config, &ground(Arc::default()), Limits::default()).unwrap();
    fetch(&source, "probe:new:0").await.unwrap();
    let mut given_up = Box::pin(fetch(&source, "runs:acme/api@0"));
    while !fault
        .seen()
        .iter()
        .any(|seen| seen.path().ends_with("/jobs"))
    {
        let turn = tokio::time::timeout(Duration::from_millis(20), &mut given_up).await;
        assert!(turn.is_err(), "the jobs never come");
    }
    drop(given_up);
    *silent.lock().unwrap() = false;
    let again = later(&source, "runs:acme/api").await.unwrap();
    assert_eq!(facts(&[again], FactKind::Run).len(), 2);
    assert_eq!(source.meter().not_modified, 1);
}

#[tokio::test]
async fn a_closed_ticket_that_was_read_but_not_handed_over_is_asked_for_again() {
    let broken = Arc::new(Mutex::new(true));
    let is_broken = Arc::clone(&broken);
    let fault = Fault::start(move |request| match request.path() {
        "/repos/acme/api/pulls" if request.target.contains("state=closed") => Reply::json(
            &json!([{"number": 2, "title": "p", "body": "Fixes #9", "state": "closed",
                "merged_at": "2026-11-20T00:00:00Z", "created_at": "2026-11-01T00:00:00Z",
                "updated_at": "2026-11-20T00:00:00Z", "merge_commit_sha": "cccccccc",
                "head": {"ref": "x", "sha": "bbbbbbbb"}, "base": {"ref": "main"}}]),
        ),
        "/repos/acme/api/issues/9" => Reply::json(&json!({"number": 9, "title": "nine",
            "state": "closed", "closed_at": "2026-11-20T00:00:00Z",
            "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z"})),
        "/repos/acme/api/releases" if *is_broken.lock().unwrap() => Reply::new(502, ""),
        _ => graphql::without_graphql(request),
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "probe:new:0").await.unwrap();
    fetch(&source, "rest:acme/api@0").await.unwrap_err();
    *broken.lock().unwrap() = false;
    let batch = fetch(&source, "rest:acme/api@0").await.unwrap();
    let tickets = format!("{:?}", facts(&[batch], FactKind::Ticket));
    assert!(tickets.contains("nine"), "{tickets}");
    let asked = |seen: &Seen| seen.path().ends_with("/issues/9");
    let before = fault.seen().iter().filter(|seen| asked(seen)).count();
    later(&source, "rest:acme/api").await.unwrap();
    let after = fault.seen().iter().filter(|seen| asked(seen)).count();
    assert_eq!((before, after), (2, 2), "once it was handed over, no more");
}
