//! What goes wrong half way through: pages, redirects, validators, clocks, one of many.

use cycleboard::domain::correlate::{Correlator, Sourced};
use cycleboard::domain::policy::Policy;

use super::*;

/// Answers a list of three pages by REST, of which the second is this.
fn three_pages(path: &'static str, records: Value, second: Reply) -> impl Fn(&Seen) -> Reply {
    move |request| {
        if request.path() != path || !request.target.contains("state=open") {
            return graphql::without_graphql(request);
        }
        if request.target.contains("page=2") && !request.target.contains("per_page=2") {
            return second.clone();
        }
        let next = format!("<{}&page=2>; rel=\"next\"", request.target);
        Reply::json(&records).with("link", &next)
    }
}

fn rest_issue(number: u64) -> Value {
    json!({"number": number, "title": "t", "state": "open", "html_url": "https://x.example/1",
        "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z"})
}

#[tokio::test]
async fn a_page_that_fails_by_rest_leaves_the_list_incomplete() {
    for second in [
        Reply::new(404, "{}"),
        Reply::new(403, "{}"),
        Reply::new(500, "{}"),
        Reply::new(422, "{}"),
        Reply::new(200, "[{\"number\":"),
        Reply::new(200, "null"),
        Reply::new(200, "[]").by(Way::Cut(1)),
        Reply::new(200, "[1,2,3]"),
        Reply::new(301, "").with("location", "https://elsewhere.example/issues"),
    ] {
        let shown = format!("{second:?}");
        let fault = Fault::start(three_pages(
            "/repos/acme/api/issues",
            json!([rest_issue(1), rest_issue(2)]),
            second,
        ))
        .await;
        let source = source(&fault, &["acme/api"]);
        let batches = settle(&source, 20).await;
        let tickets = facts(&batches, FactKind::Ticket);
        let tickets: BTreeSet<_> = tickets.into_iter().map(Fact::id).collect();
        assert_eq!(tickets.len(), 2, "what was read is used: {shown}");
        let mut lists = batches.iter().flat_map(|batch| &batch.listings);
        assert!(
            lists.all(|list| !list.name.ends_with("tickets/open")),
            "{shown}"
        );
        assert!(batches.iter().all(|batch| batch.gone.is_empty()), "{shown}");
        let mut warned = batches.iter().flat_map(|batch| &batch.warnings);
        assert!(warned.next().is_some(), "a person is told: {shown}");
    }
}

#[tokio::test]
async fn a_page_of_an_organisation_that_fails_takes_no_repository_away() {
    let broken = Arc::new(Mutex::new(false));
    let is_broken = Arc::clone(&broken);
    let fault = Fault::start(move |request| {
        if request.path() != "/orgs/acme/repos" {
            return healthy(request);
        }
        if !request.target.contains("&page=2") {
            return Reply::json(&json!([{"full_name": "acme/api"}])).with(
                "link",
                &format!("<{}&page=2>; rel=\"next\"", request.target),
            );
        }
        if *is_broken.lock().unwrap() {
            return Reply::new(502, "");
        }
        Reply::json(&json!([{"full_name": "acme/web"}]))
    })
    .await;
    let mut config = config(&fault, &[]);
    config.orgs = vec!["acme".to_owned()];
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    settle(&source, 20).await;
    *broken.lock().unwrap() = true;
    for hours in 1..=3 {
        let at = now() + TimeDelta::hours(hours);
        let batch = fetch_at(&source, "discover", at).await.unwrap_or_default();
        assert_eq!(batch.gone_repos, []);
        let mut covered = 0;
        for resource in source.resources(at) {
            if resource.id.starts_with("probe:") {
                let batch = fetch_at(&source, &resource.id, at).await.unwrap();
                covered += batch.covered.len();
            }
        }
        assert_eq!(covered, 2, "both are still polled");
    }
}

#[tokio::test]
async fn a_confirmation_is_one_whatever_body_it_claims_to_have() {
    for (length, body) in [("0", ""), ("999", ""), ("2", "{}"), ("5", "[1,2]")] {
        let fault = Fault::start(move |request| {
            if request.header("if-none-match").is_some() {
                return Reply::new(304, body)
                    .with("content-length", length)
                    .with("content-type", "application/json");
            }
            healthy(request)
        })
        .await;
        let source = source(&fault, &["acme/api"]);
        let batches = settle(&source, 20).await;
        let runs = facts(&batches, FactKind::Run).len();
        assert_eq!(runs, 2);
        let forced = Fetch {
            resource: "runs:acme/api".into(),
            now: now() + TimeDelta::hours(1),
            forced: true,
        };
        let again = source.fetch(forced).await.unwrap();
        assert!(
            again.gone.is_empty() && again.warnings.is_empty(),
            "{again:?}"
        );
        assert_eq!(source.meter().not_modified, 1, "{length} {body}");
        assert_eq!(source.meter().failed, 0);
    }
}

/// Asks for runs that moved so many times; returns what came of it and how often was asked.
async fn moved(hops: usize, circle: bool) -> (Result<Batch, SourceError>, usize) {
    let fault = Fault::start(move |request| {
        let hop: usize = match request.path() {
            "/repos/acme/api/actions/runs" => 0,
            path => match path.strip_prefix("/repositories/") {
                Some(rest) => rest.split('/').next().unwrap().parse().unwrap(),
                None => return healthy(request),
            },
        };
        if hop == hops && !circle {
            return Reply::json(&json!({"total_count": 1, "workflow_runs": [
                run(9, "completed", Some("failure"))]}));
        }
        let next = if circle { hop % hops + 1 } else { hop + 1 };
        Reply::new(301, "").with("location", &format!("/repositories/{next}/actions/runs"))
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "probe:new:0").await.unwrap();
    let batch = fetch(&source, "runs:acme/api").await;
    let all_ours = |seen: &Seen| seen.header("authorization").is_some();
    assert!(fault.seen().iter().all(all_ours), "it never leaves home");
    let asked = fault.seen();
    let asked = asked
        .iter()
        .filter(|seen| seen.path().ends_with("/actions/runs"));
    (batch, asked.count())
}

#[tokio::test]
async fn a_repository_that_was_renamed_several_times_is_followed_but_not_for_ever() {
    for hops in 1..=5 {
        let (batch, asked) = moved(hops, false).await;
        let batch = batch.unwrap();
        assert!(!batch.facts.is_empty(), "{hops} hops");
        assert!(batch.gone_repos.is_empty());
        assert!(asked > hops);
    }
    for (hops, circle) in [(6, false), (50, false), (1, true), (3, true)] {
        let (error, asked) = moved(hops, circle).await;
        let said = error.unwrap_err().to_string();
        assert!(said.contains("it redirects in a circle"), "{said}");
        assert!(asked <= 6, "{asked} requests");
    }
}

#[tokio::test]
async fn equal_numbers_on_two_hosts_are_two_things() {
    let (one, two) = (Fault::start(healthy).await, Fault::start(healthy).await);
    let memory = Arc::new(Memory::default());
    let mut kept: Vec<(SourceName, Vec<Batch>)> = Vec::new();
    for (name, fault) in [("one", &one), ("two", &two)] {
        let mut config = config(fault, &["acme/api"]);
        config.name = SourceName::new(name);
        let source = GitHub::new(&config, &ground(Arc::clone(&memory)), limits()).unwrap();
        kept.push((config.name, settle(&source, 20).await));
    }
    let cards = |kept: &[(SourceName, Vec<Batch>)]| {
        let mut correlator = Correlator::default();
        for (source, batches) in kept {
            for fact in batches.iter().flat_map(|batch| &batch.facts) {
                let source = source.clone();
                let fact = Arc::new(fact.clone());
                correlator.insert(Sourced { source, fact });
            }
        }
        correlator.refresh(&Policy::default(), now()).changed
    };
    let ids = |at: usize| {
        let all = kept[at].1.iter().flat_map(|batch| &batch.facts);
        all.map(Fact::id).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(0).len(), ids(1).len());
    assert!(ids(0).is_disjoint(&ids(1)));
    let (both, alone) = (cards(&kept), cards(&kept[..1]));
    assert!(!alone.is_empty());
    assert_eq!(both.len(), 2 * alone.len());
    for card in &both {
        let text = format!("{card:?}");
        let hosts = [&one, &two].map(|fault| format!("127.0.0.1:{}", fault.url.port().unwrap()));
        let named = hosts.iter().filter(|host| text.contains(host.as_str()));
        assert_eq!(named.count(), 1, "a card of both: {text}");
    }
}

#[tokio::test]
async fn one_of_many_that_is_not_there_by_rest_costs_itself_and_goes_after_twice() {
    let gone = Arc::new(Mutex::new(false));
    let is_gone = Arc::clone(&gone);
    let fault = Fault::start(move |request| {
        if *is_gone.lock().unwrap() && request.path().starts_with("/repos/acme/web") {
            return Reply::new(404, "{}").with("content-type", "application/json");
        }
        let mut renamed = request.clone();
        renamed.target = request.target.replace("/repos/acme/web", "/repos/acme/api");
        let reply = graphql::without_graphql(&renamed);
        if request.path() == "/repos/acme/web" {
            return Reply::json(&json!({"full_name": "acme/web", "default_branch": "main",
                "pushed_at": "2026-11-21T03:30:00Z"}));
        }
        reply
    })
    .await;
    let source = source(&fault, &["acme/api", "acme/web"]);
    let batches = settle(&source, 40).await;
    let covered: BTreeSet<_> = batches.iter().flat_map(|batch| &batch.covered).collect();
    assert_eq!(covered.len(), 2, "{covered:?}");
    *gone.lock().unwrap() = true;
    let mut told = Vec::new();
    for hours in 1..=4 {
        let at = now() + TimeDelta::hours(hours);
        let other = fetch_at(&source, "rest:acme/api", at).await.unwrap();
        assert_eq!(other.covered.len(), 1, "the other goes on");
        match fetch_at(&source, "rest:acme/web", at).await {
            Ok(batch) => told.push(batch.gone_repos.len()),
            Err(error) => {
                assert!(error.to_string().contains("`acme/web`"), "{error}");
                told.push(0);
            }
        }
    }
    assert_eq!(
        told,
        [0, 1, 0, 0],
        "gone after the second time, and told once"
    );
    *gone.lock().unwrap() = false;
    let at = now() + TimeDelta::hours(9);
    let back = fetch_at(&source, "rest:acme/web", at).await.unwrap();
    assert!(!back.facts.is_empty() && back.gone_repos.is_empty());
}

/// Answers as a server whose clock is so many hours off, which allows nothing for ten minutes.
async fn limited(hours: i64, wish: bool) -> SourceError {
    let theirs = now() + TimeDelta::hours(hours);
    let end = theirs + TimeDelta::minutes(10);
    let fault = Fault::start(move |request| {
        if request.path() == "/graphql" {
            return healthy(request);
        }
        let reply = Reply::new(403, "{}")
            .with("date", &theirs.to_rfc2822())
            .with("content-type", "application/json");
        if wish {
            reply.with("retry-after", &end.to_rfc2822())
        } else {
            reply
                .with("x-ratelimit-limit", "5000")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", &end.timestamp().to_string())
        }
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    fetch(&source, "probe:new:0").await.unwrap();
    let first = fetch(&source, "runs:acme/api").await.unwrap_err();
    let sent = fault.seen().len();
    let again = fetch(&source, "runs:acme/api").await.unwrap_err();
    assert_eq!(
        fault.seen().len(),
        sent,
        "it is not asked meanwhile: {again}"
    );
    first
}

#[tokio::test]
async fn a_pause_is_as_long_as_it_is_by_the_clock_of_the_host() {
    for hours in [-24, -1, 0, 1, 24] {
        for wish in [false, true] {
            let SourceError::RateLimited { retry_after, .. } = limited(hours, wish).await else {
                panic!("{hours} h off is a limit all the same");
            };
            assert_eq!(retry_after.as_secs(), 600, "{hours} h off, {wish}");
        }
    }
}

#[tokio::test]
async fn a_host_whose_clock_is_off_tells_the_same_facts_and_limits_by_our_clock() {
    for hours in [-1, 1] {
        let theirs = now() + TimeDelta::hours(hours);
        let reset = (theirs + TimeDelta::minutes(10)).timestamp().to_string();
        let fault = Fault::start(move |request| {
            healthy(request)
                .with("date", &theirs.to_rfc2822())
                .with("x-ratelimit-limit", "5000")
                .with("x-ratelimit-remaining", "4000")
                .with("x-ratelimit-resource", "core")
                .with("x-ratelimit-reset", &reset)
        })
        .await;
        let source = source(&fault, &["acme/api"]);
        let batches = settle(&source, 20).await;
        assert!(!facts(&batches, FactKind::Run).is_empty());
        let covered = batches.iter().flat_map(|batch| &batch.covered);
        assert_eq!(covered.count(), 1);
        let budgets = source.meter().budgets;
        let core = budgets.iter().find(|budget| budget.bucket == "core");
        let reset_at = core.unwrap().reset_at.unwrap();
        assert_eq!((reset_at - now()).num_minutes(), 10, "{hours} h off");
    }
}
