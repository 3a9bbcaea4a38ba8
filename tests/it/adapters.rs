//! The contract of every adapter, held against a server that misbehaves.
//!
//! Paging, validators, refusals, limits, time-outs, hostile answers, and where
//! a token may go. The GitHub adapter is the only one so far.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::domain::Timestamp;
use cycleboard::domain::commit::Relation;
use cycleboard::domain::correlate::Need;
use cycleboard::domain::diagnosis::LogKey;
use cycleboard::domain::fact::{Fact, FactKind};
use cycleboard::domain::key::{RepoKey, Sha, SourceName};
use cycleboard::domain::run::{RunKey, RunState};
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits, Stored, ValidatorKey, Validators};
use cycleboard::sources::{
    Batch, CapabilityState, Check, CheckState, Fetch, Listing, Source, SourceError, Tier,
};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen, Way};

const TOKEN: &str = "ghp_SECRETsecretSECRET";

fn now() -> Timestamp {
    DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z")
        .unwrap()
        .to_utc()
}

/// Keeps validators in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<ValidatorKey, Stored>>);

impl Validators for Memory {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        self.0.lock().unwrap().insert(key.clone(), stored);
    }
}

fn ground(validators: Arc<Memory>) -> Ground {
    Ground {
        clock: Arc::new(now),
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| TOKEN.to_owned())),
        validators,
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
    }
}

fn config(fault: &Fault, repos: &[&str]) -> SourceConfig {
    SourceConfig {
        name: SourceName::new("one"),
        kind: "github".to_owned(),
        url: fault.url.clone(),
        repos: repos.iter().map(|path| (*path).to_owned()).collect(),
        orgs: Vec::new(),
        token_env: Some("BOARD_TOKEN".to_owned()),
        token_command: None,
        ca_file: None,
        insecure_http: false,
        writes: Vec::new(),
    }
}

fn quick() -> Limits {
    Limits {
        first_byte: Duration::from_millis(300),
        idle: Duration::from_millis(300),
        total: Duration::from_secs(2),
        body: 64 * 1024,
        ..Limits::default()
    }
}

fn source(fault: &Fault, repos: &[&str]) -> GitHub {
    GitHub::new(&config(fault, repos), &ground(Arc::default()), quick()).unwrap()
}

async fn fetch(source: &GitHub, resource: &str) -> Result<Batch, SourceError> {
    fetch_at(source, resource, now()).await
}

/// Fetches again, so much later that nothing is taken for current.
async fn later(source: &GitHub, resource: &str) -> Result<Batch, SourceError> {
    fetch_at(source, resource, now() + TimeDelta::seconds(30)).await
}

async fn fetch_at(source: &GitHub, resource: &str, at: Timestamp) -> Result<Batch, SourceError> {
    source
        .fetch(Fetch {
            resource: resource.into(),
            now: at,
            forced: false,
        })
        .await
}

/// Fetches whatever waits for an answer, in the order of the plan, at most `most` times.
async fn settle(source: &GitHub, most: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    for _ in 0..most {
        let resources = source.resources(now());
        let Some(next) = resources.iter().find(|found| found.tier == Tier::Now) else {
            return batches;
        };
        batches.push(fetch(source, &next.id).await.unwrap());
    }
    batches
}

fn facts(batches: &[Batch], kind: FactKind) -> Vec<&Fact> {
    let all = batches.iter().flat_map(|batch| &batch.facts);
    all.filter(|fact| fact.kind() == kind).collect()
}

// A small GitHub of our own.

fn probe_repo(path: &str, pushed_at: &str) -> Value {
    json!({
        "nameWithOwner": path, "url": format!("https://github.com/{path}"), "isArchived": false,
        "pushedAt": pushed_at, "updatedAt": pushed_at,
        "defaultBranchRef": {"name": "main", "target": {"__typename": "Commit", "oid": "aaaaaaaa",
            "statusCheckRollup": {"state": "SUCCESS"}}},
        "issues": {"totalCount": 1, "nodes": [{"updatedAt": pushed_at}]},
        "pullRequests": {"totalCount": 0, "nodes": []},
        "deployments": {"nodes": []},
        "releases": {"totalCount": 0, "nodes": []},
        "vulnerabilityAlerts": {"totalCount": 0},
    })
}

fn issue(number: u64) -> Value {
    json!({
        "number": number, "title": format!("ticket \u{1b}]52;c;x\u{7}{number}"), "state": "OPEN",
        "createdAt": "2026-11-01T00:00:00Z", "updatedAt": "2026-11-20T00:00:00Z",
        "url": "https://github.com/acme/api/issues/1", "author": {"__typename": "Bot", "login": "b"},
        "assignees": {"nodes": []}, "labels": {"nodes": [{"name": "bug"}]}, "milestone": null,
    })
}

fn pull(number: u64) -> Value {
    json!({
        "number": number, "title": "a change", "body": "Fixes #1", "state": "MERGED",
        "isDraft": false, "createdAt": "2026-11-01T00:00:00Z", "updatedAt": "2026-11-20T00:00:00Z",
        "mergedAt": "2026-11-20T00:00:00Z", "headRefName": "1-x", "headRefOid": "bbbbbbbb",
        "baseRefName": "main", "reviewDecision": "MAYBE", "mergeStateStatus": "ODD",
        "mergeCommit": {"oid": "cccccccc"}, "assignees": {"nodes": []}, "labels": {"nodes": []},
        "statusCheckRollup": {"state": "GLORIOUS"},
    })
}

fn refresh_repo(path: &str) -> Value {
    json!({
        "nameWithOwner": path, "url": format!("https://github.com/{path}"), "isArchived": false,
        "pushedAt": "2026-11-20T00:00:00Z",
        "defaultBranchRef": {"name": "main", "target": {"__typename": "Commit", "oid": "aaaaaaaa",
            "history": {"nodes": [{"oid": "aaaaaaaa", "message": "x", "parents": {"nodes": []},
                "associatedPullRequests": {"nodes": []}}]}}},
        "issues": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": [issue(1)]},
        "open": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": []},
        "ended": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": [pull(2)]},
        "deployments": {"nodes": [{"databaseId": 5, "environment": "production",
            "createdAt": "2026-11-20T00:00:00Z", "latestStatus": {"state": "SUCCESS"}}]},
        "environments": {"pageInfo": {"hasNextPage": false}, "nodes": [{"databaseId": 1, "name": "production"}]},
        "releases": {"nodes": [{"tagName": "v1", "isDraft": false, "isPrerelease": false,
            "createdAt": "2026-11-20T00:00:00Z", "publishedAt": "2026-11-20T00:00:00Z"}]},
        "vulnerabilityAlerts": {"pageInfo": {"hasNextPage": false}, "nodes": []},
    })
}

fn names(variables: &Value) -> Vec<String> {
    (0..)
        .map_while(|at| {
            let owner = variables.get(format!("o{at}"))?.as_str()?;
            let name = variables.get(format!("n{at}"))?.as_str()?;
            Some(format!("{owner}/{name}"))
        })
        .collect()
}

fn body(request: &Seen) -> Value {
    serde_json::from_str(&request.body).unwrap()
}

/// Answers a query over aliases with what `repo` makes of each path.
fn aliases(request: &Seen, repo: impl Fn(&str) -> Value) -> Value {
    let body = body(request);
    let mut data = serde_json::Map::new();
    data.insert(
        "rateLimit".to_owned(),
        json!({
        "cost": 2, "limit": 5000, "remaining": 4990, "resetAt": "2026-11-21T05:00:00Z"}),
    );
    data.insert("viewer".to_owned(), json!({"login": "ada"}));
    for (at, path) in names(&body["variables"]).iter().enumerate() {
        data.insert(format!("r{at}"), repo(path));
    }
    json!({ "data": data })
}

fn is_probe(request: &Seen) -> bool {
    request.body.contains("...ProbeRepo")
}

fn graphql(request: &Seen) -> Reply {
    Reply::json(&aliases(request, |path| {
        if is_probe(request) {
            probe_repo(path, "2026-11-21T03:30:00Z")
        } else {
            refresh_repo(path)
        }
    }))
}

fn run(id: u64, status: &str, conclusion: Option<&str>) -> Value {
    json!({"id": id, "run_number": id, "run_attempt": 1, "name": "ci", "path": "ci.yml",
        "event": "push", "head_branch": "main", "head_sha": "aaaaaaaa", "status": status,
        "conclusion": conclusion, "created_at": "2026-11-21T03:00:00Z",
        "updated_at": "2026-11-21T03:30:00Z"})
}

/// A GitHub that is well: one red run in each repository.
fn healthy(request: &Seen) -> Reply {
    let path = request.path();
    if path == "/graphql" {
        graphql(request)
    } else if path.ends_with("/actions/runs") {
        let runs = [
            run(9, "completed", Some("failure")),
            run(8, "dreaming", None),
        ];
        Reply::json(&json!({"total_count": 2, "workflow_runs": runs})).with("etag", "\"r\"")
    } else if path.ends_with("/jobs") {
        Reply::json(&json!({"total_count": 1, "jobs": [
            {"id": 1, "name": "build", "status": "completed", "conclusion": "failure"}]}))
    } else if path == "/orgs/acme/repos" {
        let repos: Vec<Value> = (0..100)
            .map(|n| json!({"full_name": format!("acme/r{n:03}"), "pushed_at": "2026-11-20T00:00:00Z"}))
            .collect();
        Reply::json(&json!(repos))
    } else {
        Reply::new(404, r#"{"message":"Not Found"}"#).with("content-type", "application/json")
    }
}

#[tokio::test]
async fn a_new_repository_is_probed_read_and_covered() {
    let fault = Fault::start(healthy).await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    for kind in [
        FactKind::Repository,
        FactKind::Commit,
        FactKind::Ticket,
        FactKind::ChangeRequest,
        FactKind::Run,
        FactKind::JobSet,
        FactKind::Release,
        FactKind::Environment,
        FactKind::Deployment,
    ] {
        assert!(!facts(&batches, kind).is_empty(), "{kind:?} is missing");
    }
    let covered: BTreeSet<_> = batches.iter().flat_map(|batch| &batch.covered).collect();
    assert_eq!(covered.len(), 1);
    let listings: BTreeSet<_> = batches
        .iter()
        .flat_map(|batch| &batch.listings)
        .map(|listing| listing.name.to_string())
        .collect();
    for name in [
        "tickets/open",
        "changes/open",
        "environments",
        "findings/dependency",
    ] {
        assert!(
            listings.contains(&format!("acme/api/{name}")),
            "{listings:?}"
        );
    }
    assert_eq!(source.meter().me.as_deref(), Some("ada"));
}

#[tokio::test]
async fn unknown_words_are_kept_as_unknown() {
    let fault = Fault::start(healthy).await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    let text = format!("{:?}", facts(&batches, FactKind::ChangeRequest));
    for word in ["MAYBE", "ODD", "GLORIOUS"] {
        assert!(text.contains(&format!("Unknown(\"{word}\")")), "{text}");
    }
    let dreaming = facts(&batches, FactKind::Run)
        .iter()
        .any(|fact| matches!(fact, Fact::Run(run) if matches!(run.state, RunState::Unknown(_))));
    assert!(dreaming);
}

#[tokio::test]
async fn an_unchanged_world_costs_one_probe_and_free_answers() {
    let fault = Fault::start(|request| {
        if request.header("if-none-match") == Some("\"r\"") {
            return Reply::new(304, "");
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let before = fault.seen().len();
    let hot = later(&source, "probe:hot:0").await.unwrap();
    let runs = later(&source, "runs:acme/api").await.unwrap();
    assert_eq!(hot.covered.len(), 1);
    assert!(runs.facts.is_empty() && runs.listings.is_empty());
    assert_eq!(fault.seen().len() - before, 2);
    assert_eq!(source.meter().not_modified, 1);
    assert!(
        source
            .resources(now())
            .iter()
            .all(|found| found.tier != Tier::Now)
    );
}

#[tokio::test]
async fn a_restart_reads_nothing_that_did_not_change() {
    let fault = Fault::start(healthy).await;
    let memory = Arc::new(Memory::default());
    let config = config(&fault, &["acme/api"]);
    let first = GitHub::new(&config, &ground(Arc::clone(&memory)), quick()).unwrap();
    let batches = settle(&first, 20).await;
    // The fingerprint is kept once a later probe confirms what was read.
    later(&first, "probe:hot:0").await.unwrap();
    let kept: Vec<Arc<Fact>> = batches
        .into_iter()
        .flat_map(|batch| batch.facts)
        .map(Arc::new)
        .collect();
    let before = fault.seen().len();
    let second = GitHub::new(&config, &ground(memory), quick()).unwrap();
    second.restore(&kept);
    let batches = settle(&second, 20).await;
    assert_eq!(batches.len(), 1, "one probe");
    assert_eq!(batches[0].covered.len(), 1);
    assert_eq!(fault.seen().len() - before, 1);
}

#[tokio::test]
async fn a_hundred_repositories_show_something_everywhere_within_fifteen_requests() {
    let fault = Fault::start(healthy).await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
    let mut batches = Vec::new();
    while fault.seen().len() < 15 {
        batches.extend(settle(&source, 1).await);
    }
    for kind in [
        FactKind::Ticket,
        FactKind::ChangeRequest,
        FactKind::Run,
        FactKind::JobSet,
        FactKind::Release,
        FactKind::Deployment,
    ] {
        assert!(!facts(&batches, kind).is_empty(), "{kind:?} is missing");
    }
    settle(&source, 1_000).await;
    let queries = fault
        .seen()
        .iter()
        .filter(|seen| seen.path() == "/graphql")
        .count();
    assert!(queries <= 3 + 20 + 3, "{queries} queries");
}

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
            .any(|text| text.contains("3 tickets cannot be read"))
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
    let fault = Fault::start(move |request| {
        if request.path() == "/graphql" {
            return healthy(request);
        }
        reply.clone()
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "probe:new:0").await.unwrap();
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

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    check_error(Reply::new(200, "").by(Way::Silent), "no answer in time").await;
    check_error(Reply::new(200, "{}").by(Way::HeadOnly), "stopped half way").await;
    let slow = Reply::new(200, " ".repeat(1_000)).by(Way::Slow(Duration::from_millis(50)));
    check_error(slow, "no whole answer within").await;
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let fault = Fault::start(healthy).await;
    let mut config = config(&fault, &["acme/api"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    config
        .url
        .set_port(Some(listener.local_addr().unwrap().port()))
        .unwrap();
    drop(listener);
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
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
        GitHub::new(&config, &ground, quick()).unwrap()
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

#[tokio::test]
async fn an_answer_from_elsewhere_is_none_of_the_interface_and_is_not_even_asked_for() {
    let other =
        Fault::start(|_| Reply::json(&json!({"total_count": 0, "workflow_runs": []}))).await;
    let elsewhere = other.url.join("/runs?sig=abc").unwrap();
    let port = other.url.port().unwrap().to_string();
    let fault = Fault::start(move |request| {
        if request.path().ends_with("/actions/runs") {
            return Reply::new(302, "").with("location", elsewhere.as_str());
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let error = fetch(&source, "runs:acme/api").await.unwrap_err();
    assert!(matches!(error, SourceError::Unreadable { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("redirects to another host"), "{said}");
    assert!(said.contains(&port), "the target is named: {said}");
    let own = fault.seen();
    assert_eq!(
        own[0].header("authorization"),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert!(other.seen().is_empty());
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_token_is_in_no_log_not_even_when_libraries_say_everything() {
    let other = Fault::start(|_| Reply::new(403, format!("{{\"message\":\"{TOKEN}\"}}"))).await;
    let place = other.url.join("signed?sig=SIGNATUREsignature").unwrap();
    let fault = Fault::start(move |request| match request.path() {
        "/graphql" => Reply::new(404, "{}").with("content-type", "application/json"),
        "/repos/acme/api" => Reply::new(302, "").with("location", place.as_str()),
        _ => Reply::new(422, format!("{{\"message\":\"bad {TOKEN}\"}}"))
            .with("content-type", "application/json")
            .with("x-echo", TOKEN),
    })
    .await;
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let source = source(&fault, &["acme/api"]);
    let mut told = String::new();
    for resource in [
        "probe:new:0",
        "rest:acme/api@0",
        "runs:acme/api@0",
        "findings:acme",
    ] {
        match fetch(&source, resource).await {
            Ok(batch) => write!(told, "{:?}", batch.warnings).unwrap(),
            Err(error) => write!(told, "{error} {error:?} {:?}", error.hint()).unwrap(),
        }
    }
    write!(told, "{:?}", source.check_up().await).unwrap();
    write!(told, "{:?} {:?}", source.meter(), source.capabilities()).unwrap();
    drop(guard);
    let log = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(
        !log.is_empty(),
        "nothing was logged, so nothing was checked"
    );
    let sent = fault.seen().iter().map(Seen::text).collect::<String>();
    assert!(sent.contains(TOKEN), "the token was never sent");
    let elsewhere = other.seen().iter().map(Seen::text).collect::<String>();
    assert!(elsewhere.is_empty(), "{elsewhere}");
    assert!(
        !told.contains(TOKEN) && !told.contains("SIGNATURE"),
        "{told}"
    );
    assert!(!sent.contains("SIGNATURE"));
    for line in log.lines() {
        assert!(!line.contains(TOKEN), "{line}");
    }
}

/// Returns what became of one thing that `doctor` tries.
fn checked(checks: &[Check], name: &str) -> (CheckState, String) {
    let found = checks.iter().find(|check| check.name == name).unwrap();
    let hint = found.hint.as_deref().unwrap_or_default();
    (found.state, format!("{}; {hint}", found.text))
}

#[tokio::test]
async fn doctor_names_the_permission_that_is_missing() {
    let fault = Fault::start(|request| {
        let answer = match request.path() {
            "/meta" => Reply::json(&json!({"installed_version": "3.19.0"}))
                .with("date", "Sat, 21 Nov 2026 03:57:00 GMT")
                .with("x-oauth-scopes", "repo"),
            "/graphql" => Reply::json(&json!({"data": {"viewer": {"login": "ada"},
                "r0": null, "r1": {"nameWithOwner": "acme/api"}, "l0": null}})),
            "/repos/acme/api/pulls" | "/repos/acme/api/dependabot/alerts" => Reply::new(403, "{}"),
            "/repos/acme/api/secret-scanning/alerts" => {
                Reply::new(404, "{\"message\":\"Secret scanning is disabled\"}")
            }
            _ => Reply::json(&json!([])),
        };
        answer.with("content-type", "application/json")
    })
    .await;
    let mut config = config(&fault, &["acme/gone", "acme/api"]);
    config.orgs = vec!["nobody".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
    let checks = source.check_up().await;
    assert!(fault.seen().len() <= 12, "{}", fault.seen().len());
    let check = |name: &str, state: CheckState, words: &str| {
        let (found, text) = checked(&checks, name);
        assert_eq!(found, state, "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
    };
    check("host", CheckState::Fine, "GitHub Enterprise Server 3.19.0");
    check("clock", CheckState::Note, "3 min ahead of");
    check("scopes", CheckState::Fine, "repo");
    check("graphql", CheckState::Fine, "yes");
    check("account", CheckState::Fine, "`ada`");
    check("organisation", CheckState::Failed, "`nobody`");
    check("repository", CheckState::Failed, "`acme/gone`");
    check("issues", CheckState::Fine, "yes");
    check("changes", CheckState::Failed, "Pull requests: read");
    check("dependencies", CheckState::Note, "Dependabot alerts: read");
    check("secrets", CheckState::Note, "not in use");
    let named: Vec<&str> = checks
        .iter()
        .filter(|check| check.text.contains("`read:org` is missing"))
        .map(|check| check.name)
        .collect();
    assert_eq!(named, ["scopes"]);
}

#[tokio::test]
async fn doctor_stops_at_a_token_that_is_refused() {
    let fault = Fault::start(|_| Reply::new(401, "{}")).await;
    let checks = source(&fault, &["acme/api"]).check_up().await;
    assert_eq!(checked(&checks, "host").0, CheckState::Refused);
    assert_eq!(fault.seen().len(), 1);
}

#[tokio::test]
async fn a_dead_target_of_a_redirect_is_named_and_not_our_host() {
    let fault = Fault::start(move |request| match request.path() {
        path if path.ends_with("/logs") => {
            Reply::new(302, "").with("location", "http://127.0.0.1:9/log")
        }
        path if path.ends_with("/jobs/7") => Reply::json(&json!({
            "id": 7, "name": "build", "status": "completed", "conclusion": "failure",
            "run_attempt": 1,
        })),
        _ => healthy(request),
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let host = format!("127.0.0.1:{}", fault.url.port().unwrap());
    let run = RunKey {
        repo: RepoKey::new(&host, "acme/api"),
        id: 9,
    };
    let log = LogKey {
        run,
        attempt: 1,
        job: 7,
    };
    let said = source.diagnose(log, now()).await.unwrap_err().to_string();
    assert!(said.starts_with("127.0.0.1:9 cannot be reached"), "{said}");
    assert!(said.contains(&host), "{said}");
}

#[tokio::test]
async fn a_missing_certificate_file_is_no_refusal_of_the_host() {
    let fault = Fault::start(healthy).await;
    let mut config = config(&fault, &["acme/api"]);
    config.ca_file = Some("/nowhere/ca.pem".into());
    let made = GitHub::new(&config, &ground(Arc::default()), quick());
    let error = made.err().unwrap();
    let said = error.to_string();
    assert!(
        said.contains("the certificate file `/nowhere/ca.pem` cannot be read"),
        "{said}"
    );
    assert!(!said.contains("refused"), "{said}");
    assert!(error.hint().unwrap().contains("ca_file"));
}

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
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
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

#[tokio::test]
async fn a_next_page_elsewhere_is_not_followed() {
    let other = Fault::start(|_| Reply::json(&json!([]))).await;
    let next = format!("<{}orgs/acme/repos?page=2>; rel=\"next\"", other.url);
    let fault =
        Fault::start(move |_| Reply::json(&json!([{"full_name": "acme/api"}])).with("link", &next))
            .await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
    fetch(&source, "discover").await.unwrap();
    assert!(other.seen().is_empty());
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
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
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

#[tokio::test]
async fn a_query_that_is_too_heavy_is_made_smaller_until_it_fits() {
    let fault = Fault::start(|request| {
        if request.path() == "/graphql" && names(&body(request)["variables"]).len() > 3 {
            return Reply::new(502, "");
        }
        healthy(request)
    })
    .await;
    let paths: Vec<String> = (0..12).map(|n| format!("acme/r{n}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let source = source(&fault, &paths);
    settle(&source, 60).await;
    let asked: Vec<usize> = fault
        .seen()
        .iter()
        .filter(|seen| is_probe(seen))
        .map(|seen| names(&body(seen)["variables"]).len())
        .collect();
    assert_eq!(&asked[..3], [12, 6, 3]);
    let failed = asked.iter().filter(|count| **count > 3).count();
    assert!(failed <= 6, "{asked:?}");
}

#[tokio::test]
async fn what_was_answered_in_part_is_used() {
    let fault = Fault::start(|request| {
        if request.path() != "/graphql" {
            return healthy(request);
        }
        let mut reply = aliases(request, |path| {
            if path.ends_with("gone") {
                Value::Null
            } else if is_probe(request) {
                probe_repo(path, "2026-11-21T03:30:00Z")
            } else {
                refresh_repo(path)
            }
        });
        let paths = names(&body(request)["variables"]);
        if let Some(at) = paths.iter().position(|path| path.ends_with("gone")) {
            reply["errors"] = json!([{"type": "NOT_FOUND", "path": [format!("r{at}")],
                "message": "Could not resolve to a Repository"}]);
        }
        Reply::json(&reply)
    })
    .await;
    let source = source(&fault, &["acme/api", "acme/gone"]);
    let batches = settle(&source, 20).await;
    assert!(!facts(&batches, FactKind::Ticket).is_empty());
    assert_eq!(
        troubles(&source),
        [format!(
            "`acme/gone` does not exist on {}, or this token may not see it",
            source.host()
        )]
    );
}

fn troubles(source: &GitHub) -> Vec<String> {
    let problems = source.problems();
    problems.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_organisation_that_is_not_there_is_named_and_costs_itself() {
    let fault = Fault::start(|request| match request.path() {
        "/orgs/acme/repos" => Reply::json(&json!([{"full_name": "acme/api"}])),
        "/orgs/hollow/repos" => Reply::json(&json!([])),
        path if path.ends_with("/repos") => {
            Reply::new(404, "{\"message\":\"Not Found\"}").with("content-type", "application/json")
        }
        _ => healthy(request),
    })
    .await;
    let mut config = config(&fault, &["acme/zzz*"]);
    config.orgs = ["acme", "hollow", "nobody"].map(str::to_owned).to_vec();
    let source = GitHub::new(&config, &ground(Arc::default()), quick()).unwrap();
    let batches = settle(&source, 20).await;
    assert!(!facts(&batches, FactKind::Ticket).is_empty());
    let found = troubles(&source).join("\n");
    assert!(
        found.contains("a repository of `hollow` does not"),
        "{found}"
    );
    assert!(
        found.contains("the organisation `nobody` does not"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[tokio::test]
async fn a_repository_is_gone_only_after_it_was_missed_twice() {
    let missing = Arc::new(Mutex::new(false));
    let switch = Arc::clone(&missing);
    let fault = Fault::start(move |request| {
        if request.path() == "/graphql" && *switch.lock().unwrap() {
            let mut reply = aliases(request, |_| Value::Null);
            reply["errors"] = json!([{"type": "NOT_FOUND", "path": ["r0"], "message": "no"}]);
            return Reply::json(&reply);
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    *missing.lock().unwrap() = true;
    let first = later(&source, "probe:hot:0").await;
    assert!(
        matches!(first, Err(SourceError::NotFound { .. })),
        "{first:?}"
    );
    let second = later(&source, "probe:hot:0").await.unwrap();
    assert_eq!(second.gone_repos.len(), 1);
}

#[tokio::test]
async fn a_refused_field_is_asked_for_once() {
    let fault = Fault::start(|request| {
        if request.path() == "/graphql" && body(request)["variables"]["rollup"] == json!(true) {
            let mut reply = aliases(request, |path| probe_repo(path, "2026-11-21T03:30:00Z"));
            let path = json!(["r0", "defaultBranchRef", "target", "statusCheckRollup"]);
            reply["errors"] = json!([{"type": "FORBIDDEN", "path": path,
                "message": "Resource not accessible by personal access token"}]);
            return Reply::json(&reply);
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    assert!(!facts(&batches, FactKind::Ticket).is_empty());
    let asked = fault
        .seen()
        .iter()
        .filter(|seen| seen.body.contains("\"rollup\":true"))
        .count();
    assert_eq!(asked, 1);
    let missing = source.capabilities().into_iter().any(|found| {
        found.name == "check rollup" && matches!(found.state, CapabilityState::Missing(_))
    });
    assert!(missing);
}

fn without_graphql(request: &Seen) -> Reply {
    let open = json!([{"number": 1, "title": "t", "state": "open", "html_url": "https://x.example/1",
        "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z"}]);
    let pulls = json!([{"number": 2, "title": "p", "state": "closed", "merged_at": "2026-11-20T00:00:00Z",
        "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z",
        "merge_commit_sha": "cccccccc", "head": {"ref": "1-x", "sha": "bbbbbbbb"}, "base": {"ref": "main"}}]);
    let reply = match request.path() {
        "/graphql" => return Reply::new(404, "{}"),
        "/repos/acme/api" => json!({"full_name": "acme/api", "default_branch": "main",
            "pushed_at": "2026-11-21T03:30:00Z"}),
        "/repos/acme/api/issues" => open,
        "/repos/acme/api/pulls" => pulls,
        "/repos/acme/api/releases" => {
            json!([{"tag_name": "v1", "draft": false, "prerelease": false,
            "created_at": "2026-11-20T00:00:00Z"}])
        }
        "/repos/acme/api/commits/v1" => json!({"sha": "cccccccc"}),
        "/repos/acme/api/commits" => {
            json!([{"sha": "cccccccc", "commit": {"message": "m"}, "parents": []}])
        }
        "/repos/acme/api/branches" => json!([{"name": "main", "commit": {"sha": "cccccccc"}}]),
        "/repos/acme/api/environments" => {
            json!({"environments": [{"id": 1, "name": "production", "url": "https://x.example/1", "html_url": "https://x.example/2"}]})
        }
        "/repos/acme/api/deployments" => json!([{"id": 5, "environment": "production",
            "created_at": "2026-11-20T00:00:00Z", "sha": "cccccccc"}]),
        "/repos/acme/api/deployments/5/statuses" => {
            json!([{"state": "success"}, {"state": "queued"}])
        }
        _ => return healthy(request),
    };
    Reply::json(&reply).with("etag", "\"e\"")
}

#[tokio::test]
async fn rest_alone_gives_the_same_kinds_of_facts() {
    let fault = Fault::start(|request| {
        if request.header("if-none-match").is_some() {
            return Reply::new(304, "");
        }
        without_graphql(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    for kind in [
        FactKind::Repository,
        FactKind::Commit,
        FactKind::Ticket,
        FactKind::ChangeRequest,
        FactKind::Run,
        FactKind::Release,
        FactKind::Environment,
        FactKind::Deployment,
    ] {
        assert!(!facts(&batches, kind).is_empty(), "{kind:?} is missing");
    }
    let text = format!("{batches:?}");
    assert!(
        text.contains("Succeeded") && text.contains("Merged"),
        "{text}"
    );
    let missing = source
        .capabilities()
        .into_iter()
        .find(|found| found.name == "graphql");
    assert!(matches!(
        missing.unwrap().state,
        CapabilityState::Missing(_)
    ));
    let queries = fault
        .seen()
        .iter()
        .filter(|seen| seen.path() == "/graphql")
        .count();
    assert_eq!(queries, 1);
    // The second round is free, and says the same.
    let sent = source.meter().sent;
    let again = later(&source, "rest:acme/api").await.unwrap();
    let meter = source.meter();
    assert_eq!(meter.sent - sent, meter.not_modified);
    assert!(
        again
            .listings
            .iter()
            .any(|l| l.name.ends_with("tickets/open") && l.members.len() == 1)
    );
}

#[tokio::test]
async fn a_range_is_asked_once_and_kept() {
    let fault = Fault::start(|request| {
        if request.path().contains("/compare/") {
            let last = request.target.contains("page=2");
            let commits: Vec<Value> = if last {
                vec![json!({"sha": "cccccccc"})]
            } else {
                vec![json!({"sha": "bbbbbbbb"})]
            };
            let reply =
                Reply::json(&json!({"status": "ahead", "total_commits": 2, "commits": commits}));
            return if last {
                reply
            } else {
                reply.with(
                    "link",
                    &format!("<{}?page=2>; rel=\"next\"", request.path()),
                )
            };
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let repo = RepoKey::new(source.host(), "acme/api");
    let need = Need::Range {
        repo: repo.clone(),
        from: Sha::parse("aaaaaaaa").unwrap(),
        to: Sha::parse("cccccccc").unwrap(),
    };
    let foreign = Need::Jobs {
        repo: RepoKey::new("elsewhere.example", "acme/api"),
        run: 1,
    };
    source.need(&BTreeSet::from([need.clone(), foreign]));
    let batch = fetch(&source, "past:0").await.unwrap();
    let [Fact::Range(range)] = batch.facts.as_slice() else {
        panic!("one range: {batch:?}");
    };
    assert_eq!(range.relation, Relation::Ahead);
    assert_eq!((range.commits.len(), range.complete), (2, true));
    let restarted = GitHub::new(
        &config(&fault, &["acme/api"]),
        &ground(Arc::default()),
        quick(),
    );
    let restarted = restarted.unwrap();
    restarted.restore(&batch.facts.into_iter().map(Arc::new).collect::<Vec<_>>());
    restarted.need(&BTreeSet::from([need]));
    let later = now() + TimeDelta::days(30);
    let due = restarted.resources(later);
    assert!(
        due.iter().all(|found| !found.id.starts_with("past")),
        "{due:?}"
    );
}

#[tokio::test]
async fn findings_come_by_owner_or_else_by_repository() {
    let fault = Fault::start(|request| {
        let alert = json!([{"number": 1, "created_at": "2026-11-20T00:00:00Z",
            "repository": {"full_name": "acme/api"}, "rule": {"id": "x", "severity": "error"}}]);
        match request.path() {
            "/repos/acme/api/secret-scanning/alerts" => Reply::json(&alert),
            "/repos/acme/api/code-scanning/alerts" => {
                Reply::new(403, "{}").with("x-accepted-github-permissions", "security_events=read")
            }
            _ => healthy(request),
        }
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let batch = fetch(&source, "findings:acme").await.unwrap();
    assert_eq!(batch.facts.len(), 1);
    assert_eq!(batch.listings.len(), 1);
    let sent = fault.seen().len();
    fetch(&source, "findings:acme").await.unwrap();
    let again = fault.seen().split_off(sent);
    assert!(
        again
            .iter()
            .all(|seen| !seen.path().contains("code-scanning")),
        "refusals are remembered"
    );
    let named = source.capabilities().into_iter().any(|found| {
        matches!(found.state, CapabilityState::Missing(why) if why.contains("security_events=read"))
    });
    assert!(named);
}
