//! What the GitHub adapter owes the board between two reads of a repository:
//! change requests at work, what vanished, and REST alone.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::domain::Timestamp;
use cycleboard::domain::change_request::{ChangeRequest, Checks, MergeState, Required, Review};
use cycleboard::domain::fact::{Fact, FactKind};
use cycleboard::domain::key::RepoKey;
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits, Validators};
use cycleboard::sources::{Batch, CapabilityState, Fetch, Source, Tier};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::{Memory, bare};

fn now() -> Timestamp {
    DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z")
        .unwrap()
        .to_utc()
}

fn after(secs: i64) -> Timestamp {
    now() + TimeDelta::seconds(secs)
}

/// What the server says at present.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switches one thing of the fake server"
)]
struct Said {
    /// The open pull request, as GraphQL tells it.
    pull: Value,
    /// Numbers of open tickets.
    tickets: Vec<u64>,
    /// Where a ticket went that is asked for by number.
    moved: Option<(u64, &'static str)>,
    archived: bool,
    graphql: bool,
    check_runs: bool,
    contexts: bool,
    repos: Vec<&'static str>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            pull: pull("SUCCESS", "CLEAN"),
            tickets: vec![1, 2, 3],
            moved: None,
            archived: false,
            graphql: true,
            check_runs: true,
            contexts: true,
            repos: vec!["acme/api", "acme/web"],
        }
    }
}

fn pull(rollup: &str, merge: &str) -> Value {
    json!({
        "number": 34, "title": "a change", "body": "", "state": "OPEN", "isDraft": false,
        "createdAt": "2026-11-21T03:00:00Z", "updatedAt": "2026-11-21T03:30:00Z",
        "headRefName": "x", "headRefOid": "bbbbbbbb", "baseRefName": "main",
        "reviewDecision": "APPROVED", "mergeable": "UNKNOWN", "mergeStateStatus": merge,
        "assignees": {"nodes": []}, "labels": {"nodes": []},
        "statusCheckRollup": {"state": rollup},
    })
}

fn ticket(number: u64, repo: &str) -> Value {
    json!({
        "number": number, "title": "a ticket", "state": "OPEN", "assignees": {"nodes": []},
        "createdAt": "2026-11-20T00:00:00Z", "updatedAt": "2026-11-20T00:00:00Z",
        "repository": {"nameWithOwner": repo},
    })
}

fn probed(said: &Said, path: &str) -> Value {
    json!({
        "nameWithOwner": path, "isArchived": said.archived, "pushedAt": "2026-11-21T03:30:00Z",
        "updatedAt": "2026-11-21T03:30:00Z",
        "issues": {"totalCount": said.tickets.len(), "nodes": []},
        "pullRequests": {"totalCount": 1, "nodes": [{"number": 34,
            "updatedAt": said.pull["updatedAt"], "headRefOid": said.pull["headRefOid"],
            "statusCheckRollup": said.pull["statusCheckRollup"]}]},
        "deployments": {"nodes": []},
    })
}

fn read(said: &Said, path: &str) -> Value {
    let last = json!({"hasNextPage": false, "endCursor": null});
    let tickets: Vec<Value> = said.tickets.iter().map(|n| ticket(*n, path)).collect();
    json!({
        "nameWithOwner": path, "isArchived": said.archived, "pushedAt": "2026-11-21T03:30:00Z",
        "issues": {"pageInfo": last, "nodes": tickets},
        "closedIssues": {"nodes": []},
        "open": {"pageInfo": last, "nodes": [said.pull]},
        "ended": {"pageInfo": last, "nodes": []},
        "deployments": {"nodes": []}, "releases": {"nodes": []},
    })
}

fn look(said: &Said, query: &str) -> (Value, Vec<Value>) {
    let mut pull = said.pull.clone();
    let mut errors = Vec::new();
    if query.contains("contexts(") && said.contexts {
        pull["statusCheckRollup"]["contexts"] = json!({"pageInfo": {"hasNextPage": false}, "nodes": [
            {"__typename": "CheckRun", "name": "lint", "isRequired": false},
            {"__typename": "StatusContext", "context": "ci/legal", "isRequired": true}]});
    } else if query.contains("contexts(") {
        errors.push(
            json!({"type": "FORBIDDEN", "message": "Resource not accessible by token",
            "path": ["c0", "pullRequest", "statusCheckRollup", "contexts"]}),
        );
    }
    (json!({"pullRequest": pull}), errors)
}

fn graphql(said: &Said, request: &Seen) -> Reply {
    if !said.graphql {
        return Reply::new(404, r#"{"message":"Not Found"}"#)
            .with("content-type", "application/json");
    }
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let (query, variables) = (body["query"].as_str().unwrap(), &body["variables"]);
    let mut data = json!({"viewer": {"login": "ada"}, "rateLimit": {"cost": 1, "limit": 5000,
        "remaining": 4990, "resetAt": "2026-11-21T05:00:00Z"}});
    let mut errors = Vec::new();
    if query.contains("...WatchedFields") {
        let (told, new) = look(said, query);
        data["c0"] = told;
        errors = new;
    } else if query.contains("issue(number:") {
        let mut found = json!({});
        for number in (1..=9).filter(|n| query.contains(&format!(" t{n}:"))) {
            let alias = format!("t{number}");
            if let Some((_, place)) = said.moved.filter(|(moved, _)| *moved == number) {
                found[&alias] = ticket(number + 100, place);
            } else {
                found[&alias] = Value::Null;
                errors.push(json!({"type": "NOT_FOUND", "message": "no", "path": ["r0", alias]}));
            }
        }
        data["r0"] = found;
    } else {
        for at in 0.. {
            let (Some(owner), Some(name)) = (
                variables[format!("o{at}")].as_str(),
                variables[format!("n{at}")].as_str(),
            ) else {
                break;
            };
            let path = format!("{owner}/{name}");
            let probe = query.contains("...ProbeRepo");
            data[format!("r{at}")] = if probe {
                probed(said, &path)
            } else {
                read(said, &path)
            };
        }
    }
    Reply::json(&json!({"data": data, "errors": errors}))
}

fn rest(said: &Said, request: &Seen) -> Reply {
    let path = request.path();
    let missing =
        || Reply::new(404, r#"{"message":"Not Found"}"#).with("content-type", "application/json");
    let pull = json!({"number": 34, "title": "a change", "state": "open",
        "created_at": "2026-11-21T03:00:00Z", "updated_at": said.pull["updatedAt"],
        "head": {"ref": "x", "sha": "bbbbbbbb"}, "base": {"ref": "main"},
        "mergeable": true, "mergeable_state": "clean"});
    let body = match path {
        "/user" => json!({"login": "ada"}),
        "/repos/acme/api" => json!({"full_name": "acme/api", "default_branch": "main",
            "pushed_at": "2026-11-21T03:30:00Z"}),
        "/orgs/acme/repos" => {
            let repos = said.repos.iter().map(|path| json!({"full_name": path}));
            json!(repos.collect::<Vec<_>>())
        }
        "/repos/acme/api/pulls" if request.target.contains("state=open") => json!([pull]),
        "/repos/acme/api/pulls/34" => pull,
        "/repos/acme/api/pulls/34/reviews" => {
            json!([{"user": {"login": "bob"}, "state": "APPROVED"}])
        }
        "/repos/acme/api/commits/bbbbbbbb/check-runs" if said.check_runs => json!({
            "total_count": 1, "check_runs": [{"status": "completed", "conclusion": "success"}]}),
        "/repos/acme/api/commits/bbbbbbbb/status" => json!({"state": "pending", "total_count": 0}),
        "/repos/acme/api/actions/runs" => {
            json!({"workflow_runs": [{"id": 9, "event": "pull_request",
            "path": "ci.yml", "status": "completed", "conclusion": "failure",
            "created_at": "2026-11-21T03:00:00Z", "updated_at": "2026-11-21T03:00:00Z"}]})
        }
        "/repos/acme/api/issues" | "/repos/acme/api/pulls" => json!([]),
        _ => return missing(),
    };
    let etag = format!(
        "\"{:x}\"",
        xxhash_rust::xxh3::xxh3_64(body.to_string().as_bytes())
    );
    if request.header("if-none-match") == Some(&etag) {
        return Reply::new(304, "");
    }
    Reply::json(&body).with("etag", &etag)
}

struct Bench {
    fault: Fault,
    said: Arc<Mutex<Said>>,
    memory: Arc<Memory>,
    config: SourceConfig,
    source: GitHub,
    batches: Vec<Batch>,
}

impl Bench {
    async fn new(said: Said) -> Self {
        let said = Arc::new(Mutex::new(said));
        let script = Arc::clone(&said);
        let fault = Fault::start(move |request| {
            let said = script.lock().unwrap().clone();
            if request.path() == "/graphql" {
                graphql(&said, request)
            } else {
                rest(&said, request)
            }
        })
        .await;
        let config = SourceConfig {
            repos: vec!["acme/api".to_owned()],
            token_env: Some("BOARD_TOKEN".to_owned()),
            ..SourceConfig::new("one", "github", fault.url.clone())
        };
        let memory = Arc::new(Memory::default());
        let source = open(&config, &memory);
        Self {
            fault,
            said,
            memory,
            config,
            source,
            batches: Vec::new(),
        }
    }

    fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said.lock().unwrap());
    }

    async fn fetch(&mut self, resource: &str, at: Timestamp) -> Batch {
        let fetch = Fetch {
            resource: resource.into(),
            now: at,
            forced: false,
        };
        let batch = self.source.fetch(fetch).await.unwrap();
        self.batches.push(batch.clone());
        batch
    }

    /// Fetches all that waits for an answer.
    async fn settle(&mut self, at: Timestamp) -> Vec<Batch> {
        let first = self.batches.len();
        for _ in 0..30 {
            let resources = self.source.resources(at);
            let Some(next) = resources.iter().find(|found| found.tier == Tier::Now) else {
                break;
            };
            self.fetch(&next.id, at).await;
        }
        self.batches[first..].to_vec()
    }

    fn has(&self, resource: &str, at: Timestamp) -> Option<Tier> {
        let resources = self.source.resources(at);
        let found = resources.iter().find(|found| &*found.id == resource)?;
        Some(found.tier)
    }

    fn restart(&mut self) {
        let facts = self.batches.iter().flat_map(|batch| batch.facts.clone());
        let facts: Vec<Arc<Fact>> = facts.map(Arc::new).collect();
        self.source = open(&self.config, &self.memory);
        self.source.restore(&facts);
    }
}

fn open(config: &SourceConfig, memory: &Arc<Memory>) -> GitHub {
    let ground = Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| "ghp_secret".to_owned())),
        validators: Arc::clone(memory) as Arc<dyn Validators>,
        ..bare(now)
    };
    GitHub::new(config, &ground, Limits::default()).unwrap()
}

#[track_caller]
fn change(batches: &[Batch]) -> ChangeRequest {
    let facts = batches.iter().flat_map(|batch| &batch.facts);
    let mut found = facts.rev().filter_map(|fact| {
        if let Fact::ChangeRequest(change) = fact {
            Some(change.as_ref().clone())
        } else {
            None
        }
    });
    found.next().expect("a change request")
}

#[tokio::test]
async fn checks_at_work_are_followed_by_one_small_query() {
    let mut bench = Bench::new(Said {
        pull: pull("PENDING", "BLOCKED"),
        ..Said::default()
    })
    .await;
    let read = bench.settle(now()).await;
    assert_eq!(change(&read).checks, Checks::Pending);
    assert_eq!(bench.has("changes:0", now()), Some(Tier::Live));
    bench.say(|said| said.pull = pull("SUCCESS", "CLEAN"));
    let before = bench.fault.seen().len();
    let told = bench.fetch("changes:0", after(30)).await;
    assert_eq!(bench.fault.seen().len() - before, 1);
    let told = change(&[told]);
    assert_eq!(told.checks, Checks::Passed);
    assert_eq!(told.merge_state, MergeState::Clean);
    assert_eq!(told.title, change(&read).title, "the rest stays");
    assert_eq!(bench.has("changes:0", after(31)), None);
}

#[tokio::test]
async fn what_is_not_computed_yet_is_asked_again_but_not_for_ever_and_is_no_conflict() {
    let mut bench = Bench::new(Said {
        pull: pull("SUCCESS", "UNKNOWN"),
        ..Said::default()
    })
    .await;
    bench.settle(now()).await;
    let mut asked = 0;
    while bench.has("changes:0", after(asked * 30)).is_some() && asked < 50 {
        asked += 1;
        let told = bench.fetch("changes:0", after(asked * 30)).await;
        let state = change(&[told]).merge_state;
        assert!(matches!(state, MergeState::Unknown(_)), "{state:?}");
    }
    assert!((3..10).contains(&asked), "{asked} times");
}

#[tokio::test]
async fn a_red_check_says_whether_the_forge_requires_it() {
    let said = Said {
        pull: pull("FAILURE", "UNSTABLE"),
        ..Said::default()
    };
    let mut bench = Bench::new(said.clone()).await;
    let read = bench.settle(now()).await;
    assert_eq!(change(&read).required, Required::Unknown);
    let told = bench.fetch("changes:0", after(30)).await;
    let named = Required::Named(vec!["ci/legal".into()]);
    assert_eq!(change(&[told]).required, named);
    // A later read does not know better.
    bench.say(|said| said.pull["updatedAt"] = json!("2026-11-21T03:50:00Z"));
    bench.fetch("probe:hot:0", after(60)).await;
    let read = bench.settle(after(60)).await;
    assert_eq!(change(&read).required, named);

    let mut bench = Bench::new(Said {
        contexts: false,
        ..said
    })
    .await;
    bench.settle(now()).await;
    let told = bench.fetch("changes:0", after(30)).await;
    assert_eq!(change(&[told]).required, Required::Unknown);
    let capabilities = bench.source.capabilities();
    let told = capabilities
        .iter()
        .find(|one| one.name == "required checks");
    assert!(matches!(told.unwrap().state, CapabilityState::Missing(_)));
    assert_eq!(
        bench.has("changes:0", after(60)),
        None,
        "it is not asked again"
    );
}

#[tokio::test]
async fn a_ticket_that_was_deleted_goes_with_the_next_probe() {
    let mut bench = Bench::new(Said::default()).await;
    bench.settle(now()).await;
    bench.say(|said| said.tickets = vec![1, 3]);
    bench.fetch("probe:hot:0", after(30)).await;
    let read = bench.settle(after(30)).await;
    let gone: Vec<String> = read
        .iter()
        .flat_map(|batch| &batch.gone)
        .map(|id| id.id.to_string())
        .collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].ends_with("acme/api#2"), "{gone:?}");
}

#[tokio::test]
async fn a_ticket_that_was_transferred_is_followed() {
    let mut bench = Bench::new(Said::default()).await;
    bench.settle(now()).await;
    bench.say(|said| {
        said.tickets = vec![1, 2];
        said.moved = Some((3, "acme/web"));
    });
    bench.fetch("probe:hot:0", after(30)).await;
    let read = bench.settle(after(30)).await;
    let gone = read.iter().flat_map(|batch| &batch.gone);
    assert!(gone.clone().all(|id| id.id.ends_with("acme/api#3")));
    assert_eq!(gone.count(), 1);
    let facts = read.iter().flat_map(|batch| &batch.facts);
    let mut ids = facts.map(Fact::id);
    assert!(ids.any(|id| id.kind == FactKind::Ticket && id.id.ends_with("acme/web#103")));
}

#[tokio::test]
async fn repositories_that_are_not_configured_any_more_leave() {
    let mut bench = Bench::new(Said::default()).await;
    bench.config.repos.push("acme/web".to_owned());
    bench.source = open(&bench.config, &bench.memory);
    bench.settle(now()).await;
    bench.config.repos.pop();
    bench.restart();
    let batches = bench.settle(now()).await;
    let gone: Vec<RepoKey> = batches
        .iter()
        .flat_map(|batch| batch.gone_repos.clone())
        .collect();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].path(), "acme/web");
}

#[tokio::test]
async fn repositories_leave_only_once_a_list_was_read_to_its_end() {
    let mut bench = Bench::new(Said::default()).await;
    bench.config.repos.clear();
    bench.config.orgs.push("acme".to_owned());
    bench.source = open(&bench.config, &bench.memory);
    bench.settle(now()).await;
    bench.say(|said| {
        said.repos.pop();
    });
    bench.restart();
    let early = bench.fetch("needs:0", now()).await;
    assert!(early.gone_repos.is_empty());
    let batches = bench.settle(now()).await;
    let gone: Vec<&RepoKey> = batches.iter().flat_map(|batch| &batch.gone_repos).collect();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].path(), "acme/web");
}

#[tokio::test]
async fn an_archived_repository_leaves_the_board_once() {
    let mut bench = Bench::new(Said::default()).await;
    bench.settle(now()).await;
    bench.say(|said| said.archived = true);
    let told = bench.fetch("probe:hot:0", after(30)).await;
    assert_eq!(told.gone_repos.len(), 1);
    assert!(told.warnings.iter().any(|text| text.contains("archived")));
    let told = bench.fetch("probe:hot:0", after(60)).await;
    assert!(told.gone_repos.is_empty() && told.warnings.is_empty());
    assert!(bench.settle(after(60)).await.is_empty());
}

#[tokio::test]
async fn rest_alone_tells_reviews_mergeability_and_checks_and_asks_once() {
    let mut bench = Bench::new(Said {
        graphql: false,
        ..Said::default()
    })
    .await;
    let read = bench.settle(now()).await;
    let told = change(&read);
    assert_eq!(told.review, Review::Approved);
    assert_eq!(told.merge_state, MergeState::Clean);
    assert_eq!(told.checks, Checks::Passed);
    assert_eq!(told.required, Required::Unknown);
    assert_eq!(bench.source.meter().me.as_deref(), Some("ada"));
    let details = |bench: &Bench| {
        let seen = bench.fault.seen();
        let of = |path: &str| {
            seen.iter()
                .filter(|seen| seen.path().contains(path))
                .count()
        };
        [of("/pulls/34"), of("/commits/bbbbbbbb"), of("/user")]
    };
    assert_eq!(details(&bench), [2, 2, 1]);
    let again = bench.fetch("rest:acme/api", after(150)).await;
    assert_eq!(change(&[again]).review, Review::Approved);
    assert_eq!(details(&bench), [2, 2, 1], "nothing changed");
    bench.say(|said| said.pull["updatedAt"] = json!("2026-11-21T03:50:00Z"));
    bench.fetch("rest:acme/api", after(300)).await;
    assert_eq!(details(&bench), [4, 4, 1]);
}

#[tokio::test]
async fn without_check_runs_the_runs_of_the_commit_tell() {
    let mut bench = Bench::new(Said {
        graphql: false,
        check_runs: false,
        ..Said::default()
    })
    .await;
    let read = bench.settle(now()).await;
    assert_eq!(change(&read).checks, Checks::Failed);
}
