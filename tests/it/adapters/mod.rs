//! The contract of every adapter, held against a server that misbehaves.
//!
//! Paging, validators, refusals, limits, time-outs, hostile answers, and where
//! a token may go. The GitHub adapter is the only one so far.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod accounts;
mod errors;
mod graphql;
mod keeping;
mod midway;
mod places;
mod turns;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::domain::Timestamp;
use cycleboard::domain::commit::{Lost, Relation};
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
use crate::support::ground::{Memory, bare};

const TOKEN: &str = "ghp_SECRETsecretSECRET";

fn now() -> Timestamp {
    DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z")
        .unwrap()
        .to_utc()
}

fn ground(validators: Arc<Memory>) -> Ground {
    Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| TOKEN.to_owned())),
        validators,
        ..bare(now)
    }
}

fn config(fault: &Fault, repos: &[&str]) -> SourceConfig {
    SourceConfig {
        repos: repos.iter().map(|path| (*path).to_owned()).collect(),
        token_env: Some("BOARD_TOKEN".to_owned()),
        ..SourceConfig::new("one", "github", fault.url.clone())
    }
}

/// The program's own patience: a slow machine must not look like a server that does not answer.
fn limits() -> Limits {
    Limits {
        body: 64 * 1024,
        ..Limits::default()
    }
}

fn source(fault: &Fault, repos: &[&str]) -> GitHub {
    GitHub::new(&config(fault, repos), &ground(Arc::default()), limits()).unwrap()
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
    let first = GitHub::new(&config, &ground(Arc::clone(&memory)), limits()).unwrap();
    let batches = settle(&first, 20).await;
    // The fingerprint is kept once a later probe confirms what was read.
    later(&first, "probe:hot:0").await.unwrap();
    let kept: Vec<Arc<Fact>> = batches
        .into_iter()
        .flat_map(|batch| batch.facts)
        .map(Arc::new)
        .collect();
    let before = fault.seen().len();
    let second = GitHub::new(&config, &ground(memory), limits()).unwrap();
    second.restore(&kept);
    let batches = settle(&second, 20).await;
    assert_eq!(batches.len(), 1, "one probe");
    assert_eq!(batches[0].covered.len(), 1);
    assert_eq!(fault.seen().len() - before, 1);
}

/// A GitHub whose only repository becomes another one under the same name.
async fn replaceable() -> (Fault, Arc<Mutex<u64>>) {
    let id = Arc::new(Mutex::new(1));
    let answered = Arc::clone(&id);
    let fault = Fault::start(move |request| {
        let id = *answered.lock().unwrap();
        if request.path() != "/graphql" {
            return healthy(request);
        }
        Reply::json(&aliases(request, |path| {
            let mut repo = if is_probe(request) {
                probe_repo(path, "2026-11-21T03:30:00Z")
            } else {
                refresh_repo(path)
            };
            repo["databaseId"] = json!(id);
            if !is_probe(request) && id > 1 {
                repo["issues"]["nodes"] = json!([issue(700)]);
            }
            repo
        }))
    })
    .await;
    (fault, id)
}

fn is_said(batch: &Batch) -> bool {
    let mut said = batch.warnings.iter();
    said.any(|text| text.contains("`acme/api` is another repository than before"))
}

#[tokio::test]
async fn another_repository_under_the_same_name_is_read_anew_and_the_old_one_goes() {
    let (fault, id) = replaceable().await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let same = later(&source, "probe:hot:0").await.unwrap();
    assert!(same.gone_repos.is_empty() && !is_said(&same));
    *id.lock().unwrap() = 2;
    let before = fault.seen().len();
    let at = now() + TimeDelta::seconds(60);
    let other = fetch_at(&source, "probe:hot:0", at).await.unwrap();
    let gone: Vec<&str> = other.gone_repos.iter().map(RepoKey::path).collect();
    assert_eq!(gone, ["acme/api"]);
    assert!(is_said(&other), "{:?}", other.warnings);
    assert!(other.covered.is_empty(), "nothing of it is current");
    let batches = settle(&source, 20).await;
    let tickets = facts(&batches, FactKind::Ticket);
    assert!(
        tickets
            .iter()
            .any(|fact| format!("{fact:?}").contains("700")),
        "{tickets:?}"
    );
    let runs = |request: &&Seen| request.path().ends_with("/actions/runs");
    let seen = fault.seen();
    let first = seen.iter().skip(before).find(runs).expect("runs are read");
    assert_eq!(
        first.header("if-none-match"),
        None,
        "no validator of the old one"
    );
    let at = now() + TimeDelta::seconds(90);
    let again = fetch_at(&source, "probe:hot:0", at).await.unwrap();
    assert!(again.gone_repos.is_empty() && !is_said(&again), "said once");
}

#[tokio::test]
async fn a_repository_that_was_replaced_while_nobody_looked_is_noticed_at_the_start() {
    let (fault, id) = replaceable().await;
    let memory = Arc::new(Memory::default());
    let config = config(&fault, &["acme/api"]);
    let first = GitHub::new(&config, &ground(Arc::clone(&memory)), limits()).unwrap();
    let batches = settle(&first, 20).await;
    let kept = batches.into_iter().flat_map(|batch| batch.facts);
    let kept: Vec<Arc<Fact>> = kept.map(Arc::new).collect();
    *id.lock().unwrap() = 2;
    let second = GitHub::new(&config, &ground(memory), limits()).unwrap();
    second.restore(&kept);
    let batches = settle(&second, 20).await;
    let gone = batches.iter().flat_map(|batch| &batch.gone_repos);
    assert_eq!(gone.count(), 1);
    assert!(batches.iter().any(is_said));
    let tickets = facts(&batches, FactKind::Ticket);
    assert!(
        tickets
            .iter()
            .any(|fact| format!("{fact:?}").contains("700"))
    );
}

#[tokio::test]
async fn a_hundred_repositories_show_something_everywhere_within_fifteen_requests() {
    let fault = Fault::start(healthy).await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
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
    // While there is only one subscriber, a place in the code that another
    // thread reaches first asks that thread's subscriber, finds none and stays
    // mute in the whole process. With a second one every subscriber is asked.
    let second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
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
    drop((guard, second));
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
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
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
    let made = GitHub::new(&config, &ground(Arc::default()), limits());
    let error = made.err().unwrap();
    let said = error.to_string();
    assert!(
        said.contains("the certificate file `/nowhere/ca.pem` cannot be read"),
        "{said}"
    );
    assert!(!said.contains("refused"), "{said}");
    assert!(error.hint().unwrap().contains("ca_file"));
}
