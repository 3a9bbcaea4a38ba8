//! The demo forge as other clients see it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use cycleboard::demo::forge::{Fault, Forge, start};
use cycleboard::demo::scenario::World;
use cycleboard::demo::scenario::model::{Issue, Job, Pull, PullState, RepoState, Run};
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
        .bearer_auth("another")
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

#[test]
fn the_same_seed_gives_the_same_world_and_another_does_not() {
    let (one, same, other) = (world(7), world(7), world(8));
    // Asked in another order and at other times before.
    states(&same, START + 7200);
    for (a, b) in states(&one, START + 600)
        .iter()
        .zip(states(&same, START + 600))
    {
        assert_eq!(format!("{:?}", a.issues), format!("{:?}", b.issues));
        assert_eq!(format!("{:?}", a.pulls), format!("{:?}", b.pulls));
        assert_eq!(format!("{:?}", a.runs), format!("{:?}", b.runs));
        assert_eq!(
            format!("{:?}", a.deployments),
            format!("{:?}", b.deployments)
        );
    }
    let pulls = |world: &World| format!("{:?}", states(world, START)[0].pulls);
    assert_ne!(pulls(&one), pulls(&other));
}

#[test]
fn time_moves_on_and_never_back() {
    let world = World::new(
        &Options {
            speed: 60.0,
            ..Options::default()
        },
        instant(START),
    );
    let mut changes = 0;
    let mut before: Vec<(usize, usize, usize)> = Vec::new();
    for minute in 0..30 {
        let now = START + minute * 60;
        let counts: Vec<(usize, usize, usize)> = states(&world, now)
            .iter()
            .map(|state| {
                for run in &state.runs {
                    assert!(run.created_at.timestamp() <= now && run.updated_at.timestamp() <= now);
                    assert!(run.created_at <= run.updated_at);
                }
                for pull in &state.pulls {
                    assert!(
                        pull.created_at <= pull.updated_at && pull.updated_at.timestamp() <= now
                    );
                }
                let done = state
                    .runs
                    .iter()
                    .filter(|run| run.status == "completed")
                    .count();
                (state.commits.len(), done, state.deployments.len())
            })
            .collect();
        changes += usize::from(before != counts);
        before = counts;
    }
    assert!(
        changes > 20,
        "something happens nearly every minute: {changes}"
    );
}

#[test]
fn a_large_world_costs_nothing_until_it_is_asked() {
    let options = Options {
        repos: 500,
        cards: 50_000,
        ..Options::default()
    };
    let world = World::new(&options, instant(START));
    assert_eq!(world.len(), 500);
    assert_eq!(world.drawn(), 0, "nothing is worked out at the start");
    let state = world.at(123, instant(START)).unwrap();
    assert_eq!(world.drawn(), 1);
    world.at(123, instant(START)).unwrap();
    assert_eq!(world.drawn(), 1, "a moment is worked out once");
    assert!((60..160).contains(&cards(&state)), "{}", cards(&state));
}

/// Cards that a board would show of a repository, roughly.
fn cards(state: &RepoState) -> usize {
    let linked: BTreeSet<u64> = state
        .pulls
        .iter()
        .flat_map(|pull| pull.closes.clone())
        .collect();
    let shown = |issue: &&Issue| issue.closed.is_none() && !linked.contains(&issue.number);
    let sight = instant(START) - TimeDelta::days(9);
    let pulls = state
        .pulls
        .iter()
        .filter(|pull| pull.state != PullState::Closed)
        .filter(|pull| pull.merged_at.is_none_or(|at| at > sight))
        .count();
    pulls + state.issues.iter().filter(shown).count()
}

#[test]
fn the_number_of_cards_is_about_what_was_asked_for() {
    for (repos, wanted) in [(10, 300), (20, 2_000), (10, 1_000)] {
        let options = Options {
            repos,
            cards: wanted,
            ..Options::default()
        };
        let world = World::new(&options, instant(START));
        let all: usize = states(&world, START).iter().map(|state| cards(state)).sum();
        assert!(
            all * 10 > wanted * 7 && all * 10 < wanted * 14,
            "{all} for {wanted}"
        );
    }
}

/// The rows of the placement table for which there is evidence now.
fn rules(states: &[Arc<RepoState>], now: DateTime<Utc>) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for state in states {
        state
            .issues
            .iter()
            .for_each(|issue| ticket(issue, &mut found));
        state
            .pulls
            .iter()
            .for_each(|pull| change(state, pull, &mut found));
        delivery(state, now, &mut found);
        if !state.findings.is_empty() {
            found.insert("finding");
        }
    }
    found
}

fn ticket(issue: &Issue, found: &mut BTreeSet<&'static str>) {
    let open = issue.closed.is_none();
    let status = issue.status.map(|(word, _)| word);
    let incident = issue.labels.contains(&"incident");
    let rows = [
        (
            "1 incident firing",
            open && incident && issue.assignees.is_empty(),
        ),
        (
            "2 incident taken",
            open && incident && !issue.assignees.is_empty(),
        ),
        (
            "incident names its deployment",
            open && incident && issue.body.contains("root cause: "),
        ),
        (
            "22 in progress",
            open && status == Some("In progress") && issue.pulls.is_empty(),
        ),
        ("23 blocked", open && issue.labels.contains(&"blocked")),
        (
            "24 triaged",
            open && status == Some("Ready") && issue.milestone.is_some(),
        ),
        ("24 untriaged", open && status.is_none() && !incident),
        (
            "25 not planned",
            issue.closed.is_some_and(|(_, why)| why == "not_planned"),
        ),
        ("hostile title", open && issue.title.contains('\u{1b}')),
    ];
    found.extend(
        rows.iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| *name),
    );
}

fn change(state: &RepoState, pull: &Pull, found: &mut BTreeSet<&'static str>) {
    let open = pull.state == PullState::Open;
    let sha = pull.merge_sha.as_deref().unwrap_or(pull.head_sha());
    let event = if open { "pull_request" } else { "push" };
    let run = state
        .runs
        .iter()
        .find(|run| run.sha == sha && run.event == event);
    let red = |name: &str| {
        run.is_some_and(|run| {
            run.jobs()
                .iter()
                .any(|job| job.name == name && job.conclusion == Some("failure"))
        })
    };
    let concluded = |word: &str| run.is_some_and(|run| run.conclusion == Some(word));
    let merged = pull.state == PullState::Merged;
    let released = state
        .releases
        .iter()
        .any(|release| release.published_at.is_some() && release.created_at >= pull.updated_at);
    let ready = open && !pull.draft;
    let rows = [
        (
            "13 merged, unreleased",
            merged && !released && concluded("success"),
        ),
        ("14 red build after the merge", merged && red("build")),
        ("14 red tests after the merge", merged && red("integration")),
        ("15 merge queue", open && pull.queue.is_some()),
        (
            "16 mergeable",
            ready && pull.merge_state == "CLEAN" && pull.decision == Some("APPROVED"),
        ),
        (
            "17 review",
            ready && pull.decision == Some("REVIEW_REQUIRED") && concluded("success"),
        ),
        ("18 red tests", ready && red("integration")),
        ("19 red build", ready && red("build")),
        ("19 action required", open && concluded("action_required")),
        ("19 startup failure", open && concluded("startup_failure")),
        (
            "20 changes requested",
            ready && pull.decision == Some("CHANGES_REQUESTED"),
        ),
        ("20 conflict", ready && pull.merge_state == "DIRTY"),
        ("20 behind", ready && pull.merge_state == "BEHIND"),
        ("21 draft", open && pull.draft),
        ("21 unchecked", ready && run.is_none()),
        ("25 closed unmerged", pull.state == PullState::Closed),
        ("bot", open && pull.head_branch.starts_with("dependabot/")),
    ];
    found.extend(
        rows.iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| *name),
    );
}

fn delivery(state: &RepoState, now: DateTime<Utc>, found: &mut BTreeSet<&'static str>) {
    let mut good = BTreeSet::new();
    for one in state
        .deployments
        .iter()
        .filter(|one| one.environment.ends_with("production"))
    {
        let phase = one.payload["rollout"]["phase"].as_str().unwrap_or_default();
        let live = one.statuses.iter().find(|status| status.state == "success");
        let age = live.map(|status| now - status.at);
        let rows = [
            ("3 roll-out", phase == "progressing"),
            ("4 roll-out paused", phase == "paused"),
            (
                "5 roll-out degraded",
                phase == "degraded" || phase == "aborted",
            ),
            (
                "3 baking",
                age.is_some_and(|age| age < TimeDelta::hours(24)),
            ),
            (
                "6 watched",
                age.is_some_and(|age| age > TimeDelta::hours(24)),
            ),
            (
                "7 production failed",
                one.state() == "failure" && !good.contains(&one.environment),
            ),
            (
                "9 deploying",
                one.state() == "in_progress" && phase.is_empty(),
            ),
        ];
        if one.state() == "success" {
            good.insert(&one.environment);
        }
        found.extend(
            rows.iter()
                .filter(|(_, holds)| *holds)
                .map(|(name, _)| *name),
        );
    }
    let asked: BTreeSet<&String> = state
        .deployments
        .iter()
        .filter(|one| one.environment.ends_with("production"))
        .map(|one| &one.git_ref)
        .collect();
    let staged = state.deployments.iter().any(|one| {
        one.environment.ends_with("staging")
            && one.state() == "success"
            && !asked.contains(&one.git_ref)
    });
    let gate = state.runs.iter().any(|run| run.gate.is_some());
    let release_run = |run: &Run| run.workflow == 1 && run.conclusion == Some("failure");
    let rows = [
        ("8 gate", gate),
        ("10 staging only", staged),
        ("11 release failed", state.runs.iter().any(release_run)),
        (
            "12 draft release",
            state.releases.iter().any(|release| release.draft),
        ),
        (
            "12 pre-release",
            state.releases.iter().any(|release| release.prerelease),
        ),
    ];
    found.extend(
        rows.iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| *name),
    );
}

const ALL: usize = 9 + 17 + 7 + 5 + 1;

#[track_caller]
fn all_present(world: &World, at: i64) {
    let found = rules(&states(world, at), instant(at));
    assert_eq!(
        found.len(),
        ALL,
        "{} s after the start: {found:#?}",
        at - START
    );
}

#[test]
fn every_row_of_the_placement_table_has_evidence_through_the_first_hour() {
    let world = world(7);
    for minute in (0..=60).step_by(5) {
        all_present(&world, START + minute * 60);
    }
}

#[test]
fn every_row_has_evidence_at_any_time_and_for_any_seed() {
    for seed in 1..=3 {
        let world = world(seed);
        for hour in (0..96).step_by(7) {
            all_present(
                &world,
                START + hour * 3_600 + 977 * i64::try_from(seed).unwrap(),
            );
        }
    }
}

#[test]
fn what_is_over_stays_as_it_was() {
    let world = world(7);
    let before = states(&world, START);
    let after = states(&world, START + 9 * 3_600);
    let mut compared = 0;
    for (old, new) in before.iter().zip(&after) {
        for (sha, commit) in &old.commits {
            if let Some(same) = new.commits.get(sha) {
                assert_eq!(format!("{commit:?}"), format!("{same:?}"));
            }
        }
        for run in old
            .runs
            .iter()
            .filter(|run| !run.jobs().is_empty() && run.status == "completed")
        {
            let same = new.runs.iter().find(|one| one.id == run.id);
            let Some(same) = same.filter(|one| one.attempts.len() == run.attempts.len()) else {
                continue;
            };
            assert_eq!(format!("{run:?}"), format!("{same:?}"));
            compared += 1;
        }
        for pull in old
            .pulls
            .iter()
            .filter(|pull| pull.state == PullState::Merged)
        {
            if let Some(same) = new.pulls.iter().find(|one| one.number == pull.number) {
                assert_eq!(format!("{pull:?}"), format!("{same:?}"));
                compared += 1;
            }
        }
        for release in old
            .releases
            .iter()
            .filter(|one| !one.draft && !one.prerelease)
        {
            if let Some(same) = new.releases.iter().find(|one| one.tag == release.tag) {
                assert_eq!(format!("{release:?}"), format!("{same:?}"));
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn identities_are_unique_and_fit_what_carries_them() {
    let options = Options {
        repos: 500,
        cards: 50_000,
        ..Options::default()
    };
    let world = World::new(&options, instant(START));
    let (mut runs, mut jobs) = (BTreeSet::new(), BTreeSet::new());
    for index in [0, 5, 250, 499] {
        let state = world.at(index, instant(START)).unwrap();
        let mut numbers = BTreeSet::new();
        let issues = state.issues.iter().map(|issue| issue.number);
        for number in issues.chain(state.pulls.iter().map(|pull| pull.number)) {
            assert!(numbers.insert(number), "{number} twice");
        }
        for run in &state.runs {
            assert!(runs.insert(run.id), "{} twice", run.id);
            // Those of later attempts are larger, as most are on the real host.
            for job in run.attempts.first().unwrap() {
                assert!(
                    i32::try_from(job.id).is_ok(),
                    "{} is no GraphQL Int",
                    job.id
                );
            }
            for job in run.attempts.iter().flatten() {
                assert!(jobs.insert(job.id), "{} twice", job.id);
            }
        }
    }
}
