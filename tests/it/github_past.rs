//! The past and the times of change requests at GitHub: what is asked, how often, what is told.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::domain::Timestamp;
use cycleboard::domain::change_request::{ChangeTimes, Verdict};
use cycleboard::domain::correlate::Need;
use cycleboard::domain::fact::{Fact, FactKind};
use cycleboard::domain::key::RepoKey;
use cycleboard::domain::text::Clean;
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits, Stored, ValidatorKey, Validators};
use cycleboard::sources::{Batch, Fetch, Source, SourceError, Tier};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen};

/// Keeps notes and validators in memory.
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

fn now() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

fn day(days: i64) -> String {
    (now() - TimeDelta::days(days)).to_rfc3339()
}

/// What the server says; each list of the past has two pages.
#[derive(Clone)]
struct Said {
    graphql: bool,
    /// The operation that is refused, if one is.
    broken: Option<&'static str>,
    /// The repository whose past the host fails to tell, if there is one.
    ill: Option<&'static str>,
    /// Whether runs may be read.
    runs: bool,
    /// When something last came to the repositories.
    pushed: String,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            graphql: true,
            broken: None,
            ill: None,
            runs: true,
            pushed: day(1),
        }
    }
}

fn pull(number: u64, ended: i64) -> Value {
    json!({
        "number": number, "title": "a change", "state": "MERGED", "headRefName": "topic",
        "baseRefName": "main", "createdAt": day(ended + 3), "updatedAt": day(ended),
        "mergedAt": day(ended), "closedAt": day(ended), "additions": 12, "deletions": 3,
        "author": {"__typename": "User", "login": "ada"},
        "closingIssuesReferences": {"nodes": [{"number": number + 1000, "title": "a wish",
            "state": "CLOSED", "createdAt": day(ended + 9), "updatedAt": day(ended),
            "closedAt": day(ended)}]},
        "reviews": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": [
            {"state": "APPROVED", "submittedAt": day(ended + 1), "author": {"login": "bob"}}]},
        "timelineItems": {"nodes": [
            {"__typename": "ReadyForReviewEvent", "createdAt": day(ended + 2)}]},
        "commits": {"nodes": [{"commit": {"authoredDate": day(ended + 4)}}]},
    })
}

/// One page of a list of the past: the second is the last.
fn page(operation: &str, second: bool) -> Value {
    let info = json!({"hasNextPage": !second, "endCursor": (!second).then_some("2")});
    let nth = u64::from(second);
    let at = i64::from(second) * 30 + 20;
    let with = |nodes: Value| json!({"pageInfo": info, "nodes": nodes});
    match operation {
        "PastChanges" => json!({"pullRequests": with(json!([pull(1 + nth, at)]))}),
        "PastCommits" => json!({"defaultBranchRef": {"name": "main", "target": {
            "__typename": "Commit", "oid": "aaaaaaaa", "history": with(json!([{
                "oid": format!("{nth}aaaaaaa"), "message": "Speed up (#1)",
                "committedDate": day(at), "parents": {"nodes": [{"oid": "cccccccc"}]},
                "associatedPullRequests": {"nodes": [
                    {"number": 1, "merged": true, "baseRefName": "main"}]}}]))}}}),
        "PastDeployments" => json!({"deployments": with(json!([{
            "databaseId": 7 + nth, "environment": "production", "commitOid": "aaaaaaaa",
            "createdAt": day(at), "state": "INACTIVE",
            "latestStatus": {"state": "INACTIVE", "createdAt": day(at - 5)},
            "statuses": {"nodes": [{"state": "INACTIVE", "createdAt": day(at - 5)},
                {"state": "SUCCESS", "createdAt": day(at - 1)}]}}]))}),
        "PastReleases" => json!({"releases": with(json!([{"tagName": format!("v{nth}"),
            "isDraft": false, "isPrerelease": false, "createdAt": day(at)}]))}),
        "PastIncidents" => json!({"issues": with(json!([{"number": 70 + nth, "title": "it is down",
            "state": "CLOSED", "createdAt": day(at), "updatedAt": day(at), "closedAt": day(at),
            "labels": {"nodes": [{"name": "Incident"}]}}]))}),
        other => panic!("{other}"),
    }
}

fn graphql(said: &Said, request: &Seen) -> Reply {
    if !said.graphql {
        return Reply::new(404, r#"{"message":"Not Found"}"#)
            .with("content-type", "application/json");
    }
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let (query, variables) = (body["query"].as_str().unwrap(), &body["variables"]);
    let operation = body["operationName"].as_str().unwrap();
    let mut data = json!({"viewer": {"login": "ada"}, "rateLimit": {"cost": 1, "limit": 5000,
        "remaining": 4990, "resetAt": "2026-11-21T05:00:00Z"}});
    if said.broken == Some(operation) {
        let error = json!({"message": "this does not work", "path": ["repository"]});
        return Reply::json(&json!({"data": null, "errors": [error]}));
    }
    if operation.starts_with("Past") && said.ill.is_some_and(|name| variables["name"] == name) {
        return Reply::new(502, "<html>Bad Gateway").with("content-type", "text/html");
    }
    if operation.starts_with("Past") {
        data["repository"] = page(operation, variables["after"].is_string());
        return Reply::json(&json!({"data": data}));
    }
    let last = json!({"hasNextPage": false, "endCursor": null});
    for at in 0.. {
        let (Some(owner), Some(name)) = (
            variables[format!("o{at}")].as_str(),
            variables[format!("n{at}")].as_str(),
        ) else {
            break;
        };
        let path = format!("{owner}/{name}");
        if query.contains("...TimesFields") {
            let number = variables[format!("k{at}")].as_u64().unwrap();
            data[format!("c{at}")] =
                json!({"pullRequest": (number < 900).then(|| pull(number, 1))});
        } else if query.contains("...ProbeRepo") {
            let id: u64 = name.bytes().map(u64::from).sum();
            data[format!("r{at}")] = json!({"databaseId": id, "nameWithOwner": path,
                "pushedAt": said.pushed, "updatedAt": said.pushed,
                "issues": {"totalCount": 0, "nodes": []}, "pullRequests": {"nodes": []},
                "deployments": {"nodes": []}});
        } else {
            data[format!("r{at}")] = json!({"nameWithOwner": path, "pushedAt": said.pushed,
                "issues": {"pageInfo": last, "nodes": []}, "closedIssues": {"nodes": []},
                "open": {"pageInfo": last, "nodes": []}, "ended": {"pageInfo": last, "nodes": []},
                "deployments": {"nodes": []}, "releases": {"nodes": []}});
        }
    }
    Reply::json(&json!({"data": data}))
}

fn rest(said: &Said, request: &Seen) -> Reply {
    let forbidden = || {
        Reply::new(403, r#"{"message":"Resource not accessible"}"#)
            .with("content-type", "application/json")
    };
    let run = |id: u64| {
        json!({"id": id, "event": "push", "path": "ci.yml", "status": "completed",
            "conclusion": "success", "head_branch": "main", "head_sha": "aaaaaaaa",
            "created_at": day(60), "updated_at": day(60)})
    };
    let path = request.path();
    let body = if path.ends_with("/actions/runs") && request.target.contains("page=1") {
        if !said.runs {
            return forbidden();
        }
        let second = request.target.contains("page=2");
        let runs: Vec<Value> = if second { 100..110 } else { 0..100 }.map(run).collect();
        json!({"workflow_runs": runs})
    } else if path.ends_with("/actions/runs") {
        json!({"workflow_runs": if request.target.contains("page=2") { vec![run(500)] } else { Vec::new() }})
    } else if path.ends_with("/pulls/34") {
        json!({"updated_at": day(1), "additions": 4, "deletions": 2})
    } else if path.ends_with("/pulls/34/reviews") {
        json!([{"user": {"login": "bob", "type": "User"}, "state": "CHANGES_REQUESTED",
            "submitted_at": day(2)}])
    } else if path.ends_with("/pulls/34/commits") {
        json!([{"commit": {"author": {"date": day(5)}}}])
    } else if path.ends_with("/issues/34/events") {
        json!([{"event": "labeled", "created_at": day(4)},
            {"event": "ready_for_review", "created_at": day(3)}])
    } else if path == "/repos/acme/a0" {
        json!({"full_name": "acme/a0", "default_branch": "main", "pushed_at": day(1)})
    } else {
        json!([])
    };
    Reply::json(&body)
}

struct Bench {
    fault: Fault,
    said: Arc<Mutex<Said>>,
    memory: Arc<Memory>,
    config: SourceConfig,
    source: GitHub,
    /// Whether history keeps what is told of the past.
    keeps: bool,
}

impl Bench {
    async fn new(repos: usize, said: Said) -> Self {
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
            repos: (0..repos).map(|n| format!("acme/a{n}")).collect(),
            token_env: Some("BOARD_TOKEN".to_owned()),
            past_days: 90,
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
            keeps: true,
        }
    }

    fn say(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said.lock().unwrap());
    }

    async fn fetch(&self, resource: &str, at: Timestamp) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: resource.into(),
            now: at,
            forced: false,
        };
        let batch = self.source.fetch(fetch).await?;
        if self.keeps && !batch.past.is_empty() {
            self.source.past_kept(&batch.past_of);
        }
        for (repo, _) in batch.quiet.iter().filter(|_| self.keeps) {
            self.source.past_kept(&Clean::line(repo.path()));
        }
        Ok(batch)
    }

    /// Fetches all that waits for an answer in these tiers; returns what was told.
    async fn settle(&self, tiers: &[Tier], at: Timestamp) -> Vec<Batch> {
        let mut batches = Vec::new();
        for _ in 0..5_000 {
            let resources = self.source.resources(at);
            let Some(next) = resources.iter().find(|found| tiers.contains(&found.tier)) else {
                return batches;
            };
            batches.push(self.fetch(&next.id, at).await.unwrap());
        }
        panic!("it goes on for ever");
    }

    /// Reads what is live, then probes all of it once more: nothing changed.
    async fn watch(&self, at: Timestamp) {
        self.settle(&[Tier::Now], at).await;
        let probes = self.source.resources(at);
        for probe in probes.iter().filter(|it| it.id.starts_with("probe:")) {
            let later = at + TimeDelta::seconds(40);
            self.fetch(&probe.id, later).await.unwrap();
        }
    }

    async fn past(&self, at: Timestamp) -> Vec<Batch> {
        let told = self.settle(&[Tier::Spare], at).await;
        told.into_iter().filter(|it| !it.past.is_empty()).collect()
    }

    /// How many requests there were by now: by GraphQL, and others.
    fn sent(&self) -> (usize, usize) {
        let seen = self.fault.seen();
        let graphql = seen.iter().filter(|it| it.path() == "/graphql").count();
        (graphql, seen.len() - graphql)
    }

    fn restart(&mut self) {
        self.source = open(&self.config, &self.memory);
    }
}

fn open(config: &SourceConfig, memory: &Arc<Memory>) -> GitHub {
    let ground = Ground {
        clock: Arc::new(now),
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| "ghp_secret".to_owned())),
        validators: Arc::clone(memory) as Arc<dyn Validators>,
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
        know: |_| (),
    };
    GitHub::new(config, &ground, Limits::default()).unwrap()
}

fn count(batch: &Batch, kind: FactKind) -> usize {
    batch.past.iter().filter(|it| it.kind() == kind).count()
}

fn times(repo: usize, number: u64, bench: &Bench) -> Need {
    let host = bench.source.host();
    Need::Times {
        repo: RepoKey::new(host, &format!("acme/a{repo}")),
        number,
    }
}

fn told(batches: &[Batch]) -> Vec<ChangeTimes> {
    let facts = batches.iter().flat_map(|batch| &batch.facts);
    let found = facts.filter_map(|fact| {
        if let Fact::ChangeTimes(times) = fact {
            Some(times.clone())
        } else {
            None
        }
    });
    found.collect()
}

#[tokio::test]
async fn the_past_of_a_repository_comes_once_and_as_a_whole() {
    let mut bench = Bench::new(1, Said::default()).await;
    bench.watch(now()).await;
    let batches = bench.past(now()).await;
    assert_eq!(batches.len(), 1);
    let batch = &batches[0];
    assert!(batch.facts.is_empty() && batch.listings.is_empty() && batch.covered.is_empty());
    let counts = [
        (FactKind::ChangeRequest, 2),
        (FactKind::ChangeTimes, 2),
        // Two that changes closed, and two incidents.
        (FactKind::Ticket, 4),
        (FactKind::Commit, 2),
        (FactKind::Deployment, 2),
        (FactKind::Release, 2),
        (FactKind::Run, 110),
    ];
    for (kind, expected) in counts {
        assert_eq!(count(batch, kind), expected, "{kind:?}");
    }
    let from = now() + TimeDelta::seconds(40) - TimeDelta::days(90);
    assert!(is_near(batch.past_from, from), "{:?}", batch.past_from);
    assert!(is_near(batch.past_runs_from, from));
    // The board watches from now on, and a restart does not ask again.
    bench.watch(now() + TimeDelta::minutes(5)).await;
    let before = bench.sent();
    assert!(bench.past(now() + TimeDelta::minutes(5)).await.is_empty());
    assert_eq!(bench.sent(), before);
    bench.restart();
    bench.watch(now() + TimeDelta::hours(1)).await;
    assert!(bench.past(now() + TimeDelta::hours(1)).await.is_empty());
}

#[tokio::test]
async fn a_past_that_history_does_not_have_is_read_again() {
    let mut bench = Bench::new(1, Said::default()).await;
    let at = |minutes| now() + TimeDelta::minutes(minutes);
    // The program ends before it tells, or dies and another one goes on.
    bench.keeps = false;
    bench.watch(at(0)).await;
    assert_eq!(bench.past(at(0)).await.len(), 1);
    bench.watch(at(5)).await;
    assert!(bench.past(at(5)).await.is_empty(), "it was handed over");
    bench.restart();
    bench.keeps = true;
    bench.watch(at(60)).await;
    assert_eq!(bench.past(at(60)).await.len(), 1, "nobody has it");
    bench.watch(at(65)).await;
    bench.restart();
    bench.watch(at(70)).await;
    assert!(bench.past(at(70)).await.is_empty());
}

#[tokio::test]
async fn only_a_gap_is_read_again() {
    let mut bench = Bench::new(1, Said::default()).await;
    bench.watch(now()).await;
    bench.past(now()).await;
    bench.watch(now() + TimeDelta::minutes(5)).await;
    // Off for a week: what is live reaches as far back.
    let week = now() + TimeDelta::days(8);
    bench.restart();
    bench.watch(week).await;
    assert!(bench.past(week).await.is_empty());
    // Off for longer, but nothing happened there.
    let quiet = week + TimeDelta::days(10);
    bench.restart();
    bench.watch(quiet).await;
    assert!(bench.past(quiet).await.is_empty());
    // Off for longer, and something did happen: what lies in between is read.
    bench.watch(quiet + TimeDelta::minutes(5)).await;
    let late = quiet + TimeDelta::days(12);
    bench.say(|said| said.pushed = late.to_rfc3339());
    bench.restart();
    bench.watch(late).await;
    let batches = bench.settle(&[Tier::Spare], late).await;
    let from = batches.iter().find_map(|batch| batch.past_from);
    let noted = quiet + TimeDelta::minutes(5) + TimeDelta::seconds(40);
    assert!(is_near(from, noted), "{from:?}");
}

#[tokio::test]
async fn a_refusal_costs_one_repository_and_calls_nothing_ill() {
    let bench = Bench::new(
        2,
        Said {
            broken: Some("PastDeployments"),
            ..Said::default()
        },
    )
    .await;
    bench.watch(now()).await;
    let batches = bench.settle(&[Tier::Spare], now()).await;
    let warnings: Vec<_> = batches.iter().flat_map(|it| &it.warnings).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(batches.iter().all(|batch| batch.past.is_empty()));
    // A day later it is tried again.
    bench.say(|said| said.broken = None);
    let at = now() + TimeDelta::days(2);
    bench.watch(at).await;
    bench.watch(at + TimeDelta::minutes(2)).await;
    assert_eq!(bench.past(at).await.len(), 2);
}

#[tokio::test]
async fn a_past_that_always_fails_is_told_and_starves_no_other() {
    let mut bench = Bench::new(3, Said::default()).await;
    // What is read first is the one that fails: the others wait behind it.
    bench.watch(now()).await;
    let first = bench.source.resources(now()).into_iter();
    let first = first
        .map(|it| it.id.to_string())
        .find(|id| id.contains("acme/a") && id.starts_with("backfill"));
    let first = first.unwrap();
    let ill = ["a0", "a1", "a2"]
        .into_iter()
        .find(|name| first.contains(name))
        .unwrap();
    bench.keeps = true;
    bench.say(|said| said.ill = Some(ill));
    let (mut told, mut errors, mut warnings) = (Vec::new(), 0, Vec::new());
    for _ in 0..200 {
        let resources = bench.source.resources(now());
        let Some(next) = resources.iter().find(|it| it.tier == Tier::Spare) else {
            break;
        };
        match bench.fetch(&next.id, now()).await {
            Ok(batch) => {
                warnings.extend(batch.warnings.iter().map(ToString::to_string));
                told.extend((!batch.past.is_empty()).then(|| batch.past_of.to_string()));
            }
            Err(_) => errors += 1,
        }
    }
    assert_eq!(told.len(), 2, "{told:?} {errors} {warnings:?}");
    assert!(!told.iter().any(|path| path.ends_with(ill)), "{told:?}");
    assert!(
        errors < 3,
        "a page is asked for so often and no more: {errors}"
    );
    let text = format!("the past of `acme/{ill}` is not read");
    assert!(warnings.iter().any(|it| it.contains(&text)), "{warnings:?}");
    let read = bench.source.past();
    assert_eq!((read.read, read.of, read.lost), (2, 3, 1));
}

#[tokio::test]
async fn runs_that_may_not_be_read_keep_nothing_else_back() {
    let bench = Bench::new(
        1,
        Said {
            runs: false,
            ..Said::default()
        },
    )
    .await;
    bench.watch(now()).await;
    let batches = bench.past(now()).await;
    assert_eq!(batches.len(), 1);
    assert_eq!(count(&batches[0], FactKind::Run), 0);
    assert!(batches[0].past_from.is_some() && batches[0].past_runs_from.is_none());
}

#[tokio::test]
async fn without_graphql_or_without_days_no_past_is_read() {
    for (graphql, days) in [(false, 90), (true, 0)] {
        let said = Said {
            graphql,
            ..Said::default()
        };
        let mut bench = Bench::new(1, said).await;
        bench.config.past_days = days;
        bench.restart();
        bench.watch(now()).await;
        let resources = bench.source.resources(now());
        assert!(resources.iter().all(|it| it.tier != Tier::Spare));
    }
}

#[tokio::test]
async fn a_hundred_repositories_cost_what_was_worked_out_and_nothing_once_read() {
    let bench = Bench::new(100, Said::default()).await;
    bench.watch(now()).await;
    let before = bench.sent();
    assert_eq!(bench.past(now()).await.len(), 100);
    let (graphql, others) = (bench.sent().0 - before.0, bench.sent().1 - before.1);
    // Five lists of two pages each, one point a page; runs of two pages.
    assert_eq!((graphql, others), (1_000, 200));
    let later = now() + TimeDelta::minutes(5);
    bench.watch(later).await;
    let before = bench.sent();
    assert!(bench.settle(&[Tier::Spare], later).await.is_empty());
    assert_eq!(bench.sent(), before);
}

/// Whether a beginning is the expected one, but for the time that reading takes.
fn is_near(from: Option<Timestamp>, expected: Timestamp) -> bool {
    from.is_some_and(|from| (from - expected).abs() <= TimeDelta::minutes(6))
}

#[tokio::test]
async fn the_times_of_thirty_changes_are_one_request() {
    let bench = Bench::new(10, Said::default()).await;
    bench.settle(&[Tier::Now], now()).await;
    bench.settle(&[Tier::Spare], now()).await;
    let needs: BTreeSet<Need> = (0..10)
        .flat_map(|repo| (1..=10).map(move |number| (repo, number)))
        .map(|(repo, number)| times(repo, number, &bench))
        .collect();
    bench.source.need(&needs);
    let before = bench.sent();
    let batches = bench.settle(&[Tier::Spare], now()).await;
    let found = told(&batches);
    assert_eq!(found.len(), 100);
    assert_eq!(
        (bench.sent().0 - before.0, bench.sent().1 - before.1),
        (4, 0)
    );
    let one = &found[0];
    assert!(one.complete && one.first_commit_at < one.ready_at);
    assert_eq!(one.reviews[0].verdict, Verdict::Approved);
    assert_eq!((one.additions, one.deletions), (Some(12), Some(3)));
    assert_eq!(one.as_of, DateTime::parse_from_rfc3339(&day(1)).unwrap());
    // What nobody asks for any more is forgotten, and asked at once when it is wanted again.
    bench.source.need(&BTreeSet::new());
    bench.source.need(&BTreeSet::from([times(0, 1, &bench)]));
    assert_eq!(told(&bench.settle(&[Tier::Spare], now()).await).len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_asked_for_again_for_an_hour() {
    let bench = Bench::new(1, Said::default()).await;
    bench.settle(&[Tier::Now], now()).await;
    bench.settle(&[Tier::Spare], now()).await;
    bench.source.need(&BTreeSet::from([times(0, 900, &bench)]));
    let batches = bench.settle(&[Tier::Spare], now()).await;
    assert!(told(&batches).is_empty() && batches.len() == 1);
    let asks = |at: Timestamp| {
        let resources = bench.source.resources(at);
        resources.iter().any(|it| it.id.starts_with("times:"))
    };
    assert!(!asks(now() + TimeDelta::minutes(59)) && asks(now() + TimeDelta::minutes(61)));
}

#[tokio::test]
async fn without_graphql_times_come_one_by_one() {
    let said = Said {
        graphql: false,
        ..Said::default()
    };
    let bench = Bench::new(1, said).await;
    bench.settle(&[Tier::Now], now()).await;
    bench.source.need(&BTreeSet::from([times(0, 34, &bench)]));
    let before = bench.sent();
    let found = told(&bench.settle(&[Tier::Spare], now()).await);
    assert_eq!(bench.sent().1 - before.1, 4);
    let one = &found[0];
    assert!(one.complete && one.first_commit_at < one.ready_at);
    assert_eq!(one.reviews[0].verdict, Verdict::ChangesRequested);
    assert_eq!((one.additions, one.deletions), (Some(4), Some(2)));
}
