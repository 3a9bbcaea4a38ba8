//! The demo forge as other clients see it.

mod alerts;
mod forgejo;
mod gitlab;
mod jenkins;
mod known;
mod mixed;
mod past;
mod past_of_all;
mod worlds;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use cycleboard::demo::forge::{Fault, Forge, start};
use cycleboard::demo::scenario::World;
use cycleboard::demo::scenario::model::{Deployment, Issue, Job, Pull, PullState, RepoState, Run};
use cycleboard::demo::{Clock, Options};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod triage;

const START: i64 = 1_790_000_000;

fn instant(secs: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(secs, 0).unwrap()
}

/// A forge whose clock the test moves.
struct Bench {
    forge: Forge,
    now: Arc<AtomicI64>,
    http: reqwest::Client,
    cancel: CancellationToken,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

async fn bench(options: Options) -> Bench {
    drop(rustls::crypto::ring::default_provider().install_default());
    let now = Arc::new(AtomicI64::new(START));
    let hand = Arc::clone(&now);
    let clock: Clock = Arc::new(move || instant(hand.load(Ordering::Relaxed)));
    let cancel = CancellationToken::new();
    let forge = start(options, clock, &TaskTracker::new(), &cancel)
        .await
        .unwrap();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    Bench {
        forge,
        now,
        http,
        cancel,
    }
}

impl Bench {
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let url = self.forge.url().join(path).unwrap();
        let mut request = self.http.get(url).bearer_auth(self.forge.token());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    async fn graphql(&self, query: &str, variables: Value) -> Value {
        let url = self.forge.url().join("graphql").unwrap();
        let body = json!({"query": query, "variables": variables});
        let request = self
            .http
            .post(url)
            .bearer_auth(self.forge.token())
            .json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn graphql_answers_by_the_published_names() {
    let bench = bench(Options::default()).await;
    let query = "query($n: Int!) { repository(owner: \"acme\", name: \"api\") {
        __typename nameWithOwner
        open: pullRequests(first: $n, states: OPEN, orderBy: {field: UPDATED_AT, direction: DESC}) {
          totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ...P } } }
        deployments(last: 1) { nodes { environment state latestStatus { state } } } }
      rateLimit { cost remaining } }
      fragment P on PullRequest { number author { __typename login ... on User { name } }
        reviewRequests(first: 5) { nodes { requestedReviewer { __typename ... on User { login } } } }
        statusCheckRollup { state contexts(first: 20) { nodes { __typename ... on CheckRun { name } } } } }";
    let answer = bench.graphql(query, json!({"n": 1})).await;
    assert_eq!(answer["errors"], Value::Null);
    let repo = &answer["data"]["repository"];
    assert_eq!(repo["__typename"], "Repository");
    assert_eq!(repo["nameWithOwner"], "acme/api");
    assert_eq!(repo["open"]["edges"].as_array().unwrap().len(), 1);
    assert_eq!(repo["open"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(
        repo["open"]["edges"][0]["node"]["author"]["__typename"],
        "User"
    );
    assert_eq!(answer["data"]["rateLimit"]["cost"], 1);
}

#[tokio::test]
async fn graphql_pages_lead_through_the_whole_list_once() {
    let bench = bench(Options::default()).await;
    let query = "query($after: String) { repository(owner: \"acme\", name: \"web\") {
        issues(first: 7, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { number } } } }";
    let mut numbers = Vec::new();
    let mut after = Value::Null;
    loop {
        let answer = bench.graphql(query, json!({"after": after})).await;
        let issues = &answer["data"]["repository"]["issues"];
        numbers.extend(
            issues["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|n| n["number"].as_u64().unwrap()),
        );
        if issues["pageInfo"]["hasNextPage"] == false {
            assert_eq!(issues["totalCount"].as_u64().unwrap(), numbers.len() as u64);
            break;
        }
        after = issues["pageInfo"]["endCursor"].clone();
    }
    let distinct: BTreeSet<&u64> = numbers.iter().collect();
    assert_eq!(distinct.len(), numbers.len());
    assert!(numbers.len() > 14, "more than two pages: {}", numbers.len());
}

#[tokio::test]
async fn graphql_errors_come_with_status_200_and_partial_data() {
    let bench = bench(Options::default()).await;
    let unknown = bench
        .graphql(
            "{ repository(owner: \"acme\", name: \"api\") { nonsense } }",
            json!({}),
        )
        .await;
    assert!(
        unknown["errors"].to_string().contains("nonsense"),
        "{unknown}"
    );
    assert!(unknown.get("data").is_none(), "{unknown}");
    let query = "{ a: repository(owner: \"acme\", name: \"api\") { name }
                   b: repository(owner: \"acme\", name: \"none\") { name } }";
    let partial = bench.graphql(query, json!({})).await;
    assert_eq!(partial["data"]["a"]["name"], "api");
    assert_eq!(partial["data"]["b"], Value::Null);
    assert_eq!(partial["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(partial["errors"][0]["path"], json!(["b"]));
    let bare = bench
        .graphql(
            "{ repository(owner: \"acme\", name: \"api\") { issues { nodes { id } } } }",
            json!({}),
        )
        .await;
    assert_eq!(bare["errors"][0]["type"], "MISSING_PAGINATION_BOUNDARIES");
}

#[tokio::test]
async fn graphql_costs_what_the_rule_of_the_host_says() {
    let bench = bench(Options::default()).await;
    // 1 + 100 + 100 * 50 requests of connections: 51 points.
    let query =
        "{ rateLimit { cost } organization(login: \"acme\") { repositories(first: 100) { nodes {
        issues(first: 50) { nodes { labels(first: 5) { nodes { name } } } } } } } }";
    let answer = bench.graphql(query, json!({})).await;
    assert_eq!(answer["data"]["rateLimit"]["cost"], 51);
    assert_eq!(bench.forge.ledger().spent().0, 51);
}

#[tokio::test]
async fn an_unchanged_answer_is_a_304_that_costs_nothing() {
    let bench = bench(Options::default()).await;
    let path = "repos/acme/api/actions/runs?per_page=30";
    let first = bench.get(path, &[]).await;
    let (etag, left) = (
        header(&first, "etag").to_owned(),
        header(&first, "x-ratelimit-remaining").to_owned(),
    );
    assert!(etag.starts_with("W/\""), "{etag}");
    let second = bench.get(path, &[("if-none-match", &etag)]).await;
    assert_eq!(second.status(), 304);
    assert_eq!(header(&second, "x-ratelimit-remaining"), left);
    assert!(second.bytes().await.unwrap().is_empty());
    let seen = bench.forge.ledger().all();
    assert_eq!(seen.iter().filter(|one| one.charged()).count(), 1);
    let other = bench.http.get(bench.forge.url().join(path).unwrap());
    let other = other
        .bearer_auth(bench.forge.read_token())
        .header("if-none-match", &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 200, "validators belong to one token");
}

#[tokio::test]
async fn links_lead_through_every_page_under_both_prefixes() {
    let bench = bench(Options::default()).await;
    for prefix in ["", "api/v3/"] {
        let mut url = bench
            .forge
            .url()
            .join(&format!(
                "{prefix}repos/acme/api/issues?state=all&per_page=9"
            ))
            .unwrap();
        let mut numbers = BTreeSet::new();
        let mut rows = 0;
        loop {
            let response = bench.http.get(url.clone()).send().await.unwrap();
            let link = header(&response, "link").to_owned();
            let page: Vec<Value> =
                serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            rows += page.len();
            numbers.extend(page.iter().map(|row| row["number"].as_u64().unwrap()));
            let next = link.split(", ").find(|one| one.ends_with("rel=\"next\""));
            let Some(next) = next else { break };
            assert!(next.contains(prefix), "{next}");
            url = next[1..next.find('>').unwrap()].parse().unwrap();
        }
        let repo = bench.forge.world().at(0, instant(START)).unwrap();
        assert_eq!(rows, repo.issues.len() + repo.pulls.len());
        assert_eq!(rows, numbers.len());
    }
}

#[tokio::test]
async fn every_answer_tells_the_limits() {
    let bench = bench(Options::default()).await;
    let core = bench.get("repos/acme/api", &[]).await;
    assert_eq!(header(&core, "x-ratelimit-limit"), "5000");
    assert_eq!(header(&core, "x-ratelimit-remaining"), "4999");
    assert_eq!(header(&core, "x-ratelimit-resource"), "core");
    assert_eq!(
        header(&core, "x-ratelimit-reset"),
        (START + 3600).to_string()
    );
    assert!(header(&core, "date").ends_with("GMT"));
    let limits = bench.json("rate_limit").await;
    assert_eq!(limits["resources"]["core"]["remaining"], 4999);
    assert_eq!(limits["resources"]["graphql"]["remaining"], 5000);
    bench.now.store(START + 3601, Ordering::Relaxed);
    assert_eq!(
        header(
            &bench.get("repos/acme/api", &[]).await,
            "x-ratelimit-remaining"
        ),
        "4999"
    );
}

fn red_job(state: &RepoState) -> (&Run, &Job) {
    let of = |run| -> Option<(&Run, &Job)> {
        let run: &Run = run;
        let job = run
            .jobs()
            .iter()
            .find(|j| j.name == "integration" && j.conclusion == Some("failure"))?;
        Some((run, job))
    };
    state
        .runs
        .iter()
        .find_map(of)
        .expect("a red integration job")
}

#[tokio::test]
async fn a_log_comes_from_a_second_origin_and_is_long_and_realistic() {
    let bench = bench(Options::default()).await;
    let state = bench.forge.world().at(0, instant(START)).unwrap();
    let (_, job) = red_job(&state);
    let sent = bench
        .get(&format!("repos/acme/api/actions/jobs/{}/logs", job.id), &[])
        .await;
    assert_eq!(sent.status(), 302);
    let to: url::Url = header(&sent, "location").parse().unwrap();
    assert_ne!(to.port(), bench.forge.url().port());
    let log = bench.http.get(to.clone()).send().await.unwrap();
    assert_eq!(header(&log, "content-type"), "text/plain; charset=utf-8");
    let text = log.text().await.unwrap();
    let lines = text.lines().count();
    assert!((4_500..5_500).contains(&lines), "{lines} lines");
    for part in [
        "##[group]",
        "##[error]Process completed",
        "test result: ",
        "panicked at",
        "\u{1b}[32m",
    ] {
        assert!(text.contains(part), "{part:?}");
    }
    // The forge tells on clients that carry their token along.
    bench
        .http
        .get(to)
        .bearer_auth("leaked")
        .send()
        .await
        .unwrap();
    let blobs: Vec<bool> = bench
        .forge
        .ledger()
        .all()
        .iter()
        .filter(|one| one.blob)
        .map(|one| one.credential)
        .collect();
    assert_eq!(blobs, [false, true]);
}

#[tokio::test]
async fn a_token_can_be_required() {
    let bench = bench(Options {
        require_token: true,
        ..Options::default()
    })
    .await;
    assert_eq!(bench.get("user", &[]).await.status(), 200);
    let wrong = bench
        .http
        .get(bench.forge.url().join("user").unwrap())
        .bearer_auth("wrong");
    assert_eq!(wrong.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn faults_strike_where_and_as_often_as_they_are_told() {
    let bench = bench(Options::default()).await;
    let faults = bench.forge.faults();
    faults.next(1, "/repos/acme/api", Fault::Status(502));
    assert_eq!(bench.get("repos/acme/web", &[]).await.status(), 200);
    assert_eq!(bench.get("repos/acme/api", &[]).await.status(), 502);
    assert_eq!(bench.get("repos/acme/api", &[]).await.status(), 200);
    faults.set("/graphql", Fault::RefuseRollup);
    let query = "{ repository(owner: \"acme\", name: \"api\") { name pullRequests(first: 1) { nodes { statusCheckRollup { state } } } } }";
    let refused = bench.graphql(query, json!({})).await;
    assert_eq!(refused["errors"][0]["type"], "FORBIDDEN");
    assert_eq!(refused["data"]["repository"]["name"], "api");
    faults.clear();
    faults.set("/graphql", Fault::ResourceLimits(1));
    let query = "{ a: repository(owner: \"acme\", name: \"api\") { name } b: repository(owner: \"acme\", name: \"web\") { name } }";
    let partial = bench.graphql(query, json!({})).await;
    assert_eq!(partial["data"]["a"]["name"], "api");
    assert_eq!(partial["errors"][0]["type"], "RESOURCE_LIMITS_EXCEEDED");
    faults.clear();
    faults.set("/actions/runs", Fault::Cut);
    let cut = bench.get("repos/acme/api/actions/runs", &[]).await;
    assert!(cut.bytes().await.is_err());
    faults.clear();
    faults.set("/actions/runs", Fault::WrongWords);
    let spoiled = bench.json("repos/acme/api/actions/runs").await;
    assert_eq!(spoiled["workflow_runs"][0]["status"], "SPLENDID");
}

#[tokio::test]
async fn a_released_range_holds_the_merges_between_two_tags() {
    let bench = bench(Options::default()).await;
    for repo in ["api", "payments", "web"] {
        let releases = bench.json(&format!("repos/acme/{repo}/releases")).await;
        let tag = |nth: usize| releases[nth]["tag_name"].as_str().unwrap().to_owned();
        let compare = format!("repos/acme/{repo}/compare/{}...{}", tag(2), tag(1));
        let range = bench.json(&compare).await;
        assert_eq!(range["behind_by"], 0, "{compare}");
        assert!(range["ahead_by"].as_u64().unwrap() > 0, "{compare}");
        assert_eq!(range["total_commits"], range["ahead_by"]);
    }
}

fn world(seed: u64) -> World {
    World::new(
        &Options {
            seed,
            ..Options::default()
        },
        instant(START),
    )
}

fn states(world: &World, at: i64) -> Vec<Arc<RepoState>> {
    (0..world.len())
        .map(|index| world.at(index, instant(at)).unwrap())
        .collect()
}
