//! Answers that are none, refusals and limits: what each becomes.

use super::*;

/// Pages of issues: three, or without end.
fn paged(endless: bool) -> impl Fn(&Seen) -> Reply {
    move |request| {
        if request.path() != "/graphql" || is_probe(request) {
            return healthy(request);
        }
        if !request.body.contains("\"OpenTickets\"") {
            return Reply::json(&aliases(request, |path| {
                let mut repo = refresh_repo(path);
                repo["issues"]["pageInfo"] = json!({"hasNextPage": true, "endCursor": "1"});
                repo
            }));
        }
        let after: u64 = body(request)["variables"]["after"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let more = endless || after < 3;
        let page = json!({"pageInfo": {"hasNextPage": more, "endCursor": (after + 1).to_string()},
            "nodes": [issue(after + 1), {"number": "odd"}]});
        Reply::json(&json!({"data": {"repository": {"issues": page}}}))
    }
}

#[tokio::test]
async fn further_pages_are_read_and_a_bad_record_costs_itself() {
    let fault = Fault::start(paged(false)).await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    assert_eq!(facts(&batches, FactKind::Ticket).len(), 4);
    let warned = batches.iter().flat_map(|batch| &batch.warnings);
    assert!(
        warned
            .into_iter()
            .any(|text| text.contains("3 of ") && text.contains("tickets cannot be read"))
    );
    let open = |batch: &Batch| {
        batch
            .listings
            .iter()
            .any(|l| l.name.ends_with("tickets/open"))
    };
    assert!(
        !batches.iter().any(open),
        "an incomplete list must not claim to be whole"
    );
}

/// A history of the default branch, each page with one commit that came two days before the last.
fn pushed(page: u64) -> Value {
    let day = 20_u64.saturating_sub(2 * (page - 1)).max(1);
    json!({
        "pageInfo": {"hasNextPage": true, "endCursor": (page + 1).to_string()},
        "nodes": [{
            "oid": page.to_string().repeat(40), "message": "x", "parents": {"nodes": []},
            "committedDate": format!("2026-11-{day:02}T00:00:00Z"),
            "associatedPullRequests": {"nodes": []},
        }],
    })
}

#[tokio::test]
async fn what_was_pushed_lately_is_read_beyond_the_first_page_and_what_is_older_is_not() {
    let fault = Fault::start(move |request| {
        if request.path() != "/graphql" || is_probe(request) {
            return healthy(request);
        }
        if !request.body.contains("\"MoreCommits\"") {
            return Reply::json(&aliases(request, |path| {
                let mut repo = refresh_repo(path);
                repo["defaultBranchRef"]["target"]["history"] = pushed(1);
                repo
            }));
        }
        let after = &body(request)["variables"]["after"];
        let page = pushed(after.as_str().unwrap().parse().unwrap());
        let target = json!({"__typename": "Commit", "history": page});
        let repo = json!({"defaultBranchRef": {"target": target}});
        Reply::json(&json!({"data": {"repository": repo}}))
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    // From the 20th on, two days each, and the first one that is older than nine days ends it.
    let commits = facts(&batches, FactKind::Commit);
    assert_eq!(commits.len(), 5, "{commits:?}");
    let direct = |fact: &&&Fact| matches!(fact, Fact::Commit(commit) if commit.direct);
    assert_eq!(commits.iter().filter(direct).count(), 5);
}

#[tokio::test]
async fn endless_pages_end() {
    let fault = Fault::start(paged(true)).await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    assert!(fault.seen().len() < 40, "{}", fault.seen().len());
    let open = |batch: &Batch| {
        batch
            .listings
            .iter()
            .any(|l| l.name.ends_with("tickets/open"))
    };
    assert!(!batches.iter().any(open));
}

#[tokio::test]
async fn a_failed_page_leaves_the_list_incomplete_and_the_read_unfinished() {
    let fault = Fault::start(|request| {
        if request.body.contains("\"OpenTickets\"") {
            return Reply::new(500, "");
        }
        paged(false)(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "probe:new:0").await.unwrap();
    let batch = fetch(&source, "refresh:0").await.unwrap();
    assert!(!batch.facts.is_empty());
    assert!(batch.listings.iter().all(|l| !l.name.ends_with("/open")));
    assert!(batch.covered.is_empty());
    let again = source.resources(now());
    assert!(again.iter().any(|found| found.id.starts_with("refresh:")));
}

/// Fetches the runs of a repository from a server that answers so.
async fn runs_from(reply: Reply) -> Result<Batch, SourceError> {
    runs_within(limits(), reply).await
}

/// The same within limits of one's own.
async fn runs_within(limits: Limits, reply: Reply) -> Result<Batch, SourceError> {
    let fault = Fault::start(move |request| {
        if request.path() == "/graphql" {
            return healthy(request);
        }
        reply.clone()
    })
    .await;
    let config = config(&fault, &["acme/api"]);
    let source = GitHub::new(&config, &ground(Arc::default()), limits).unwrap();
    fetch(&source, "probe:new:0").await?;
    let batch = fetch(&source, "runs:acme/api").await;
    let shown = format!("{batch:?} {:?} {:?}", source.meter(), source.capabilities());
    assert!(!shown.contains("SECRET"), "a secret is shown: {shown}");
    batch
}

async fn check_error(reply: Reply, expected: &str) {
    let error = runs_from(reply.clone()).await.unwrap_err();
    assert!(
        error.to_string().contains(expected),
        "{error} should hold {expected}; {reply:?}"
    );
}

#[tokio::test]
async fn each_status_becomes_what_to_do_next() {
    check_error(Reply::new(401, ""), "rejected the token").await;
    check_error(Reply::new(403, "").with("retry-after", "77"), "for 77 s").await;
    check_error(Reply::new(429, "").with("retry-after", "x"), "for 60 s").await;
    check_error(
        Reply::new(403, r#"{"message":"secondary rate limit"}"#),
        "for 60 s",
    )
    .await;
    check_error(Reply::new(500, "<html>"), "500").await;
    check_error(
        Reply::new(422, r#"{"message":"No ghp_SECRETx"}"#),
        "No [hidden]x",
    )
    .await;
    check_error(
        Reply::new(200, "<html>").with("content-type", "text/html"),
        "web page (login?)",
    )
    .await;
    check_error(Reply::new(304, ""), "nothing changed").await;
    check_error(Reply::new(307, ""), "redirects to nowhere").await;
    check_error(
        Reply::new(302, "").with("location", "file:///etc/passwd"),
        "nowhere",
    )
    .await;
    check_error(Reply::new(302, "").with("location", "/again"), "circle").await;
}

#[tokio::test]
async fn broken_answers_are_unreadable_not_empty() {
    let whole = r#"{"total_count":0,"workflow_runs":[]}"#;
    check_error(Reply::new(200, whole).by(Way::Cut(10)), "cut off").await;
    check_error(Reply::new(200, &whole.as_bytes()[..10]), "cut off").await;
    check_error(Reply::new(200, "[]"), "/repos/acme/api/actions/runs").await;
    check_error(Reply::new(200, b"\xff\xfe\x00".to_vec()), "not JSON").await;
    check_error(Reply::new(200, "[".repeat(50_000)), "cannot be read").await;
    check_error(Reply::new(200, " ".repeat(100_000)), "larger than").await;
    let squeezed = Reply::new(200, "not gzip").with("content-encoding", "gzip");
    check_error(squeezed, "cut off or wrongly compressed").await;
}

/// Checks how a server is given up that answers so.
///
/// Where the machine is so slow that what must be answered is given up, too, patience grows.
async fn check_given_up(reply: Reply, expected: &str, short: impl Fn(Duration) -> Limits) {
    let mut said = String::new();
    for patience in [400, 4_000, 14_000].map(Duration::from_millis) {
        let error = runs_within(short(patience), reply.clone()).await;
        said = error.unwrap_err().to_string();
        if said.contains(expected) {
            return;
        }
    }
    panic!("{said} should hold {expected}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = Reply::new(200, "").by(Way::Silent);
    check_given_up(silent, "no answer within", |first_byte| Limits {
        first_byte,
        ..limits()
    })
    .await;
    let head = Reply::new(200, "{}").by(Way::HeadOnly);
    check_given_up(
        head,
        "/repos/acme/api/actions/runs: the answer stopped half way",
        |idle| Limits { idle, ..limits() },
    )
    .await;
    let slow = Reply::new(200, " ".repeat(10_000)).by(Way::Slow(Duration::from_millis(50)));
    check_given_up(slow, "no whole answer within", |total| Limits {
        total,
        ..limits()
    })
    .await;
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let fault = Fault::start(healthy).await;
    let mut config = config(&fault, &["acme/api"]);
    // Nobody listens there, and no other test is ever given this port.
    config.url.set_port(Some(1)).unwrap();
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    let error = fetch(&source, "probe:new:0").await.unwrap_err();
    assert!(error.to_string().ends_with("connection refused"), "{error}");
}

#[tokio::test]
async fn a_refused_list_costs_that_list_and_names_the_permission() {
    let reply = Reply::new(403, "{}").with("x-accepted-github-permissions", "actions=read");
    assert!(runs_from(reply).await.unwrap().facts.is_empty());
    assert_eq!(
        runs_from(Reply::new(404, "{}"))
            .await
            .unwrap()
            .warnings
            .len(),
        1
    );
    assert_eq!(
        runs_from(Reply::new(410, "{}"))
            .await
            .unwrap()
            .warnings
            .len(),
        1
    );
}

#[tokio::test]
async fn a_refused_token_is_sent_once() {
    let fault = Fault::start(|_| Reply::new(401, r#"{"message":"Bad credentials"}"#)).await;
    let source = source(&fault, &["acme/api"]);
    for _ in 0..3 {
        let error = fetch(&source, "probe:new:0").await.unwrap_err();
        assert!(matches!(error, SourceError::Auth { .. }));
    }
    assert_eq!(fault.seen().len(), 1);
}

#[tokio::test]
async fn a_limit_of_the_host_stops_every_request() {
    let fault = Fault::start(|request| {
        if request.path() == "/graphql" {
            return Reply::new(
                403,
                r#"{"message":"You have exceeded a secondary rate limit"}"#,
            );
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    for resource in ["probe:new:0", "runs:acme/api", "runs:acme/api"] {
        let error = fetch(&source, resource).await.unwrap_err();
        assert!(matches!(error, SourceError::RateLimited { .. }), "{error}");
    }
    assert_eq!(fault.seen().len(), 1);
}

#[tokio::test]
async fn a_pause_holds_for_every_source_of_the_account() {
    let fault = Fault::start(|request| match request.header("authorization") {
        Some(token) if token.contains("other") => healthy(request),
        _ => Reply::new(429, "{}")
            .with("content-type", "application/json")
            .with("retry-after", "86399"),
    })
    .await;
    let open = |name: &str, token: &'static str| {
        let mut config = config(&fault, &["acme/api"]);
        config.name = SourceName::new(name);
        let ground = Ground {
            env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.to_owned())),
            ..ground(Arc::default())
        };
        GitHub::new(&config, &ground, limits()).unwrap()
    };
    let (one, two, three) = (
        open("one", TOKEN),
        open("two", TOKEN),
        open("three", "other"),
    );
    let error = fetch(&one, "probe:new:0").await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("allows no more requests for 24 h"),
        "{error}"
    );
    let before = fault.seen().len();
    let error = fetch(&two, "probe:new:0").await.unwrap_err();
    assert!(matches!(error, SourceError::RateLimited { .. }), "{error}");
    assert_eq!(
        fault.seen().len(),
        before,
        "the other source asked all the same"
    );
    fetch(&three, "probe:new:0").await.unwrap();
}

#[tokio::test]
async fn the_share_of_others_is_left_to_them() {
    let fault = Fault::start(|request| {
        healthy(request)
            .with("x-ratelimit-limit", "5000")
            .with("x-ratelimit-remaining", "1999")
            .with("x-ratelimit-resource", "core")
            .with("x-ratelimit-reset", "1795237200")
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "runs:acme/api").await.unwrap();
    let sent = fault.seen().len();
    let refused = later(&source, "runs:acme/api").await.unwrap_err();
    assert!(matches!(refused, SourceError::RateLimited { .. }));
    let said = refused.to_string();
    assert!(said.contains("our share"), "{said}");
    assert!(said.contains("1999 of 5000"), "{said}");
    assert_eq!(fault.seen().len(), sent);
    let forced = Fetch {
        resource: "runs:acme/api".into(),
        now: now(),
        forced: true,
    };
    source.fetch(forced).await.unwrap();
    assert!(fault.seen().len() > sent);
}
