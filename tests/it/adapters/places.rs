//! What came to environments, where the newest deployments of a repository do not reach back.

use cycleboard::domain::correlate::{Correlator, Sourced};
use cycleboard::domain::item::WorkItem;
use cycleboard::domain::policy::Policy;
use cycleboard::domain::stage::Stage;

use super::*;

/// How many deployments a full read brings.
const NEWEST: usize = 30;

/// The deployments of a repository, newest first: production's are those at place 45 and 58.
fn deployments() -> Vec<(u64, &'static str)> {
    let name = |place: u64| match place {
        45 | 58 => "production",
        _ if place.is_multiple_of(2) => "staging",
        _ => "qa",
    };
    (1..=60).map(|place| (1_000 - place, name(place))).collect()
}

fn wire((id, environment): &(u64, &str)) -> Value {
    let state = if *id == 955 || *id > 990 {
        "SUCCESS"
    } else {
        "INACTIVE"
    };
    let came = json!({"state": "SUCCESS", "createdAt": "2026-11-20T02:00:30Z"});
    json!({"databaseId": id, "environment": environment, "commitOid": "cccccccc",
        "createdAt": "2026-11-20T02:00:00Z", "task": "deploy", "statuses": {"nodes": [came]},
        "latestStatus": {"state": state, "createdAt": "2026-11-20T02:01:00Z"}})
}

/// Returns the environments that a query asks for, and nothing where it asks for their names; none
/// where it is another query.
fn asked(request: &Seen) -> Option<Vec<String>> {
    if request.path() != "/graphql" || !request.body.contains("p0: repository(") {
        return None;
    }
    let body = body(request);
    let name = |at: usize| {
        let name = &body["variables"][format!("e{at}")][0];
        name.as_str().unwrap_or_default().to_owned()
    };
    let names = (0..).take_while(|at| body["variables"].get(format!("o{at}")).is_some());
    Some(names.map(name).collect())
}

/// What a query about environments is answered with.
fn told(names: &[String]) -> Value {
    let mut data = json!({"rateLimit": {"cost": 1, "limit": 5000, "remaining": 4990,
        "resetAt": "2026-11-21T05:00:00Z"}});
    for (at, name) in names.iter().enumerate() {
        let all = deployments();
        data[format!("p{at}")] = if name.is_empty() {
            json!({"nameWithOwner": "acme/api",
                "head": {"nodes": [{"name": "alpha"}, {"name": null}]},
                "tail": {"nodes": [{"name": "production"}]}})
        } else {
            let mine = all.iter().filter(|(_, place)| place == name);
            json!({"nameWithOwner": "acme/api",
                "deployments": {"nodes": mine.take(10).map(wire).collect::<Vec<_>>()}})
        };
    }
    json!({ "data": data })
}

fn environments(names: &[&str], more: bool) -> Value {
    let nodes = names
        .iter()
        .zip(1..)
        .map(|(name, id)| json!({"databaseId": id, "name": name}));
    json!({"pageInfo": {"hasNextPage": more, "endCursor": "x"}, "nodes": nodes.collect::<Vec<_>>()})
}

/// A GitHub with these environments that answers questions about them with `answer`.
async fn world(listed: Value, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Fault {
    Fault::start(move |request| {
        if asked(request).is_some() {
            return answer(request);
        }
        if request.path() != "/graphql" || is_probe(request) {
            return healthy(request);
        }
        Reply::json(&aliases(request, |path| {
            let mut repo = refresh_repo(path);
            let newest = deployments();
            let newest = newest.iter().take(NEWEST).map(wire);
            repo["deployments"]["nodes"] = newest.collect();
            repo["environments"] = listed.clone();
            repo["issues"]["nodes"] = json!([]);
            repo
        }))
    })
    .await
}

fn well(request: &Seen) -> Reply {
    Reply::json(&told(&asked(request).unwrap()))
}

fn planned(source: &GitHub) -> Option<(String, Tier, u32, &'static str)> {
    let all = source.resources(now()).into_iter();
    let mut places = all.filter(|it| it.id.starts_with("places:"));
    let found = places.next()?;
    Some((found.id.to_string(), found.tier, found.cost, found.bucket))
}

/// Asks as long as something of environments is to be asked.
async fn ask_all(source: &GitHub) -> Vec<Batch> {
    let mut batches = Vec::new();
    for _ in 0..20 {
        let Some((id, ..)) = planned(source) else {
            return batches;
        };
        batches.push(fetch(source, &id).await.unwrap());
    }
    panic!("it is asked without end");
}

fn requests(fault: &Fault) -> Vec<Vec<String>> {
    fault.seen().iter().filter_map(asked).collect()
}

fn of_production(batches: &[Batch]) -> Vec<u64> {
    let found = facts(batches, FactKind::Deployment).into_iter();
    let ids = found.filter_map(|fact| {
        let Fact::Deployment(it) = fact else {
            return None;
        };
        (&*it.environment == "production").then_some(it.id)
    });
    ids.collect()
}

/// The card of the change that was merged.
fn card(batches: &[Batch]) -> Arc<WorkItem> {
    let mut correlator = Correlator::default();
    for fact in batches.iter().flat_map(|batch| &batch.facts) {
        correlator.insert(Sourced {
            source: SourceName::new("one"),
            fact: Arc::new(fact.clone()),
        });
    }
    let cards = correlator.refresh(&Policy::default(), now()).changed;
    let mut cards = cards
        .into_iter()
        .filter(|card| ["a change", "p"].contains(&card.title.as_str()));
    cards.next().unwrap()
}

#[tokio::test]
async fn what_is_live_is_found_however_many_deployments_went_elsewhere_since() {
    let listed = environments(&["production", "qa", "staging"], false);
    let fault = world(listed, well).await;
    let source = source(&fault, &["acme/api"]);
    let mut batches = settle(&source, 20).await;
    assert!(of_production(&batches).is_empty());
    let before = card(&batches);
    assert!(
        before.placement.stage < Stage::Operate && before.placement.reason.contains("not known"),
        "{:?}",
        before.placement
    );

    let (id, tier, cost, bucket) = planned(&source).unwrap();
    assert_eq!((tier, cost, bucket), (Tier::Spare, 1, "graphql"));
    batches.push(fetch(&source, &id).await.unwrap());
    assert_eq!(of_production(&batches), [955, 942]);
    let replaced = facts(&batches, FactKind::Deployment);
    let replaced = replaced.into_iter().find_map(|fact| {
        let Fact::Deployment(it) = fact else {
            return None;
        };
        (it.id == 942).then_some(it.came_at)
    });
    assert!(replaced.unwrap().is_some(), "when it had come there");
    let live = card(&batches);
    assert!(
        live.placement.stage >= Stage::Operate,
        "{:?}",
        live.placement
    );
    // Of the others enough is known.
    assert_eq!(requests(&fault), [["production"]]);

    // Nothing more is asked, not after the next full read and not after a restart.
    assert_eq!(planned(&source), None);
    for hours in [7, 14] {
        let at = now() + TimeDelta::hours(hours);
        fetch_at(&source, "probe:cold:0", at).await.unwrap();
        settle(&source, 20).await;
        assert_eq!(planned(&source), None);
    }
    let again = restarted(&fault, &batches).await;
    assert_eq!(planned(&again), None);
    assert_eq!(requests(&fault).len(), 1);
}

/// Starts anew with what was told before, and reads its first round.
async fn restarted(fault: &Fault, told: &[Batch]) -> GitHub {
    let again = source(fault, &["acme/api"]);
    let stored = told.iter().flat_map(|batch| &batch.facts);
    let stored: Vec<Arc<Fact>> = stored.map(|fact| Arc::new(fact.clone())).collect();
    again.restore(&stored);
    settle(&again, 20).await;
    again
}

#[tokio::test]
async fn where_the_newest_deployments_are_all_nothing_is_asked() {
    let fault = Fault::start(healthy).await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    assert_eq!(
        of_production(&batches),
        [5],
        "one, of which there is no other"
    );
    assert_eq!(planned(&source), None);
    let again = restarted(&fault, &batches).await;
    assert_eq!(planned(&again), None);
}

#[tokio::test]
async fn of_a_list_of_environments_that_is_long_both_ends_are_read() {
    let names: Vec<String> = (0..20).map(|n| format!("pr-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let fault = world(environments(&names, true), well).await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let found = ask_all(&source).await;
    assert_eq!(of_production(&found), [955, 942]);
    let asked = requests(&fault);
    assert_eq!(asked[0][0], "", "the names first");
    assert!(asked.iter().all(|names| names.len() <= 9));
    let mut all = asked.concat();
    all.sort();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count, "each once");
    assert_eq!(
        count,
        1 + 20 + 2,
        "names, review apps, `alpha` and `production`"
    );
    // What was named by its own goes first.
    let place = |name: &str| asked[1].iter().position(|it| it == name);
    assert_eq!((place("alpha"), place("production")), (Some(0), Some(1)));
}

#[tokio::test]
async fn a_question_that_is_refused_or_answered_oddly_costs_nothing_but_itself() {
    let part = json!({"data": {"rateLimit": null, "p0": null}, "errors": [{"type": "FORBIDDEN",
        "message": "Resource not accessible by personal access token", "path": ["p0"]}]});
    let odd = json!({"data": {"p0": {"nameWithOwner": 7, "deployments": "x"}}});
    let none = json!({"data": null, "errors": [{"type": "NOT_FOUND", "message": "no"}]});
    let old = json!({"errors": [{"message": "Field 'environments' doesn't exist on type 'R'"}]});
    let many: Vec<Value> = (0..900).map(|id| wire(&(id, "production"))).collect();
    let many =
        json!({"data": {"p0": {"nameWithOwner": "acme/api", "deployments": {"nodes": many}}}});
    let limits = || Limits {
        body: 1024 * 1024,
        ..limits()
    };
    for (answer, facts_of) in [
        (Reply::new(403, r#"{"message":"no"}"#), 0),
        (Reply::new(404, "{}"), 0),
        (Reply::new(422, "{}"), 0),
        (Reply::new(200, "[1"), 0),
        (Reply::new(200, "[]"), 0),
        (Reply::json(&part), 0),
        (Reply::json(&odd), 0),
        (Reply::json(&none), 0),
        (Reply::json(&old), 0),
        (Reply::json(&many), 10),
    ] {
        let shown: String = format!("{answer:?}").chars().take(300).collect();
        let answer = answer.with("content-type", "application/json");
        let listed = environments(&["production"], false);
        let fault = world(listed, move |_| answer.clone()).await;
        let config = config(&fault, &["acme/api"]);
        let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
        settle(&source, 20).await;
        let others = |source: &GitHub| {
            let all = source.resources(now()).into_iter().map(|it| it.id);
            let others = all.filter(|id| !id.starts_with("places:"));
            others.collect::<BTreeSet<_>>()
        };
        let before = (others(&source), source.capabilities());
        let batches = ask_all(&source).await;
        assert_eq!(requests(&fault).len(), 1, "{shown}");
        assert_eq!(of_production(&batches).len(), facts_of, "{shown}");
        let batch = &batches[0];
        assert!(
            batch.gone.is_empty() && batch.gone_repos.is_empty(),
            "{shown}"
        );
        assert!(
            batch.warnings.is_empty() == (facts_of > 0),
            "{shown}: {batch:?}"
        );
        assert_eq!((others(&source), source.capabilities()), before, "{shown}");
    }
}

#[tokio::test]
async fn trouble_of_the_host_is_waited_for_and_not_for_ever() {
    let listed = environments(&["production"], false);
    let fault = world(listed, |_| Reply::new(500, "{}")).await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let (id, ..) = planned(&source).unwrap();
    for _ in 0..2 {
        fetch(&source, &id).await.unwrap_err();
        assert_eq!(planned(&source).unwrap().0, id, "it is asked again");
    }
    let batch = fetch(&source, &id).await.unwrap();
    assert_eq!(batch.warnings.len(), 1);
    assert_eq!(planned(&source), None);
}

#[tokio::test]
async fn a_query_that_is_too_much_is_asked_in_smaller_ones() {
    let names: Vec<String> = (0..20).map(|n| format!("pr-{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names[7] = "production";
    let fault = world(environments(&names, false), |request| {
        if asked(request).unwrap().len() > 3 {
            return Reply::new(502, "{}");
        }
        well(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let found = ask_all(&source).await;
    assert_eq!(of_production(&found), [955, 942]);
    let answered = requests(&fault).into_iter().filter(|it| it.len() <= 3);
    assert_eq!(answered.flatten().count(), 20, "each once");
}

/// The same repository where there is no GraphQL.
fn by_rest(request: &Seen) -> Reply {
    let list = |name: Option<&str>, most: usize| {
        let all = deployments();
        let mine = all
            .iter()
            .filter(|(_, place)| name.is_none_or(|name| name == *place));
        let mine = mine.take(most).map(|(id, place)| {
            json!({"id": id, "environment": place, "sha": "cccccccc", "task": "deploy",
                "created_at": "2026-11-20T02:00:00Z"})
        });
        Reply::json(&mine.collect())
    };
    let path = request.path();
    if path == "/repos/acme/api/deployments" {
        let production = request.target.contains("environment=production");
        if !production && request.target.contains("environment=") {
            return Reply::new(403, r#"{"message":"no"}"#);
        }
        let most = if production { 20 } else { NEWEST };
        let next = format!("<{}&page=2>; rel=\"next\"", request.target);
        return list(production.then_some("production"), most).with("link", &next);
    }
    if path.ends_with("/statuses") {
        return Reply::json(&json!([{"state": "success", "created_at": "2026-11-20T02:01:00Z"}]));
    }
    if path == "/repos/acme/api/issues" {
        return Reply::json(&json!([]));
    }
    if path == "/repos/acme/api/environments" {
        let names = ["production", "qa", "staging"].map(|name| json!({"id": 1, "name": name}));
        return Reply::json(&json!({"environments": names}));
    }
    graphql::without_graphql(request)
}

#[tokio::test]
async fn without_graphql_it_is_one_environment_at_a_time_and_is_not_taken_back() {
    let fault = Fault::start(by_rest).await;
    let source = source(&fault, &["acme/api"]);
    let mut batches = settle(&source, 20).await;
    assert!(of_production(&batches).is_empty());
    let (id, tier, cost, bucket) = planned(&source).unwrap();
    assert_eq!((tier, bucket), (Tier::Spare, "core"));
    let before = fault.seen().len();
    batches.push(fetch(&source, &id).await.unwrap());
    let requests = fault.seen().len() - before;
    assert_eq!(requests, 3, "the list and how two of them went");
    assert!(requests <= usize::try_from(cost).unwrap());
    assert_eq!(of_production(&batches), [955, 942]);
    assert!(card(&batches).placement.stage >= Stage::Operate);
    assert_eq!(planned(&source), None);
    let path = "rest:acme/api";
    batches.push(later(&source, path).await.unwrap());
    assert_eq!(planned(&source), None);
    assert!(card(&batches).placement.stage >= Stage::Operate);
}
