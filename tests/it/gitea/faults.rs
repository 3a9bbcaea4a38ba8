//! Trouble with one thing, lists that shift, clocks that differ: nothing else is lost by it.

use std::collections::BTreeSet;

use cycleboard::domain::fact::Fact;
use cycleboard::domain::run::RunState;

use super::*;

fn tier(source: &Gitea, resource: &str) -> Option<Tier> {
    let all = source.resources(now());
    let found = all.into_iter().find(|it| &*it.id == resource);
    found.map(|it| it.tier)
}

fn pulls(batch: &Batch) -> Vec<u64> {
    let all = batch.facts.iter().filter_map(|fact| {
        let Fact::ChangeRequest(change) = fact else {
            return None;
        };
        Some(change.number)
    });
    all.collect()
}

/// Puts the open pull requests 20, 21 and 22 there.
fn with_pulls(world: &World) {
    world.put("/repos/acme/api/pulls?state=open", &value("pulls.json"));
    for number in [20, 21, 22] {
        let reviews = format!("/repos/acme/api/pulls/{number}/reviews");
        world.put(&reviews, &json!([]));
    }
}

/// Lets the search tell that pull requests changed.
fn move_pulls(world: &World, numbers: &[u64], updated_at: &str) {
    let moved = numbers.iter().map(|number| {
        let mut issue = value("issues.json")[0].clone();
        issue["repository"] = json!({"full_name": "acme/api"});
        issue["pull_request"] = json!({"merged": false});
        issue["number"] = json!(number);
        issue["updated_at"] = json!(updated_at);
        issue
    });
    world.put("/repos/issues/search", &moved.collect());
}

#[tokio::test]
async fn an_owner_that_the_search_does_not_know_costs_that_owner() {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    let mut repos = Vec::new();
    for path in ["acme/api", "other/web"] {
        let mut repo = value("repo.json");
        let (owner, name) = path.split_once('/').unwrap();
        repo["full_name"] = json!(path);
        repo["name"] = json!(name);
        repo["owner"] = json!({"id": repos.len() + 3, "login": owner});
        repo["updated_at"] = json!("2026-11-21T01:20:00Z");
        world.put(&format!("/repos/{path}"), &repo);
        for list in ["branches", "commits", "issues", "pulls", "releases", "tags"] {
            world.put(&format!("/repos/{path}/{list}"), &json!([]));
        }
        repos.push(repo);
    }
    world.put("/repos/search", &json!({"data": repos}));
    let both = |config: &mut SourceConfig| {
        config.repos = ["acme/api", "other/web", "ghost/none"]
            .map(str::to_owned)
            .into();
    };
    let source = world.source("forgejo", both);
    fetch(&source, "server").await;
    assert!(fetch_at(&source, "repo:ghost/none", now()).await.is_err());
    for path in ["acme/api", "other/web"] {
        for list in ["repo", "issues", "pulls"] {
            fetch(&source, &format!("{list}:{path}")).await;
        }
    }
    let unknown = Reply::new(400, r#"{"message":"Owner not found"}"#);
    world.reply("/repos/issues/search?owner=other", unknown);
    let batch = fetch(&source, "changes").await;
    assert!(batch.warnings.iter().any(|text| text.contains("`other`")));
    assert_eq!(tier(&source, "issues:acme/api"), Some(Tier::Rare));
    assert_eq!(tier(&source, "issues:other/web"), Some(Tier::Warm));
    let before = world.fault.seen().len();
    fetch(&source, "changes").await;
    let seen = world.fault.seen();
    let asked = seen[before..].iter().map(|seen| seen.target.as_str());
    let asked: Vec<&str> = asked.filter(|it| it.contains("issues/search")).collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("owner=acme"), "{asked:?}");
    assert!(!seen.iter().any(|seen| seen.target.contains("owner=ghost")));
}

#[tokio::test]
async fn a_pull_request_that_fails_costs_itself_and_waits() {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    with_pulls(&world);
    let source = world.of_repo("forgejo");
    settle(&source).await;
    move_pulls(&world, &[20, 21], "2026-11-21T01:37:00Z");
    let mut changed = value("pulls.json")[0].clone();
    changed["updated_at"] = json!("2026-11-21T01:37:00Z");
    world.put("/repos/acme/api/pulls/20", &changed);
    world.reply("/repos/acme/api/pulls/21", Reply::new(500, ""));
    fetch(&source, "changes").await;
    let due = source.resources(now());
    let due = due.iter().find(|it| it.id.starts_with("pull:")).unwrap();
    let batch = fetch(&source, &due.id).await;
    assert_eq!(pulls(&batch), [20]);
    assert!(batch.covered.is_empty(), "not all of it is current");
    let waits = |at| {
        let all = source.resources(at);
        !all.iter().any(|it| it.id.starts_with("pull:"))
    };
    assert!(waits(now()) && !waits(now() + TimeDelta::minutes(10)));
}

#[tokio::test]
async fn after_an_early_end_lists_are_read_that_were_not() {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    let notes = Arc::default();
    let first = world.noting(&notes);
    fetch(&first, "server").await;
    let mut facts = fetch(&first, "repo:acme/api").await.facts;
    facts.extend(fetch(&first, "pulls:acme/api").await.facts);
    let facts: Vec<Arc<Fact>> = facts.into_iter().map(Arc::new).collect();
    let again = world.noting(&notes);
    again.restore(&facts);
    world.asked();
    settle(&again).await;
    let asked = world.asked();
    let is_read = |list: &str| asked.iter().any(|path| path.ends_with(list));
    assert!(is_read("acme/api/issues"), "{asked:?}");
    assert!(!is_read("acme/api/pulls"), "{asked:?}");
}

#[tokio::test]
async fn an_issue_that_slid_to_another_page_is_not_gone() {
    let world = World::with_repo("1.25.0").await;
    let list = "/repos/acme/api/issues?state=open";
    world.put(list, &value("issues.json"));
    let source = world.of_repo("gitea");
    fetch(&source, "issues:acme/api").await;
    let mut issues = value("issues.json");
    let [first, second] = [0, 1].map(|at| issues[at].take());
    world.put(list, &json!([first]));
    // One slid while pages were read, one was closed long before the window, one was deleted.
    world.put("/repos/acme/api/issues/13", &second);
    let batch = fetch(&source, "issues:acme/api").await;
    assert_eq!(batch.listings[0].members.len(), 2, "{:?}", batch.listings);
    let gone: Vec<String> = batch.gone.iter().map(|id| id.id.to_string()).collect();
    assert_eq!(gone.len(), 1);
    assert!(gone[0].ends_with("#15"), "{gone:?}");
    let mut closed = second;
    closed["state"] = json!("closed");
    world.put("/repos/acme/api/issues/13", &closed);
    let batch = fetch(&source, "issues:acme/api").await;
    assert_eq!(batch.listings[0].members.len(), 1);
    world.asked();
    fetch(&source, "issues:acme/api").await;
    let asked = world.asked();
    assert_eq!(asked.len(), 2, "nothing is looked for again: {asked:?}");
}

#[tokio::test]
async fn a_pull_request_that_slid_to_another_page_is_asked_for_by_number() {
    let world = World::with_repo("1.25.0").await;
    with_pulls(&world);
    let source = world.of_repo("gitea");
    settle(&source).await;
    let mut open = value("pulls.json");
    let (first, second) = (open[0].take(), open[1].take());
    world.put("/repos/acme/api/pulls?state=open", &json!([first, second]));
    let batch = fetch(&source, "pulls:acme/api").await;
    let list = batch.listings.iter().find(|it| it.name.ends_with("open"));
    assert_eq!(list.unwrap().members.len(), 3);
    let batches = settle(&source).await;
    let gone: Vec<_> = batches.iter().flat_map(|batch| &batch.gone).collect();
    assert_eq!(gone.len(), 1, "it is not there: {gone:?}");
    let batch = fetch(&source, "pulls:acme/api").await;
    let list = batch.listings.iter().find(|it| it.name.ends_with("open"));
    assert_eq!(list.unwrap().members.len(), 2);
}

#[tokio::test]
async fn what_changed_after_a_list_is_read_though_the_server_is_behind() {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    with_pulls(&world);
    let list = Reply::json(&value("pulls.json")).with("date", "Fri, 20 Nov 2026 23:37:30 GMT");
    world.reply("/repos/acme/api/pulls?state=open", list);
    let source = world.of_repo("forgejo");
    settle(&source).await;
    move_pulls(&world, &[20], "2026-11-20T23:38:00Z");
    fetch(&source, "changes").await;
    let all = source.resources(now());
    assert!(all.iter().any(|it| it.id.starts_with("pull:")), "{all:?}");
}

#[tokio::test]
async fn a_run_at_work_that_left_the_newest_is_asked_for_by_number() {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    let list = "/repos/acme/api/actions/runs";
    let mut runs = value("runs_moving.json");
    world.put(list, &runs);
    let source = world.of_repo("forgejo");
    fetch(&source, "server").await;
    fetch(&source, "repo:acme/api").await;
    fetch(&source, "runs:acme/api").await;
    let of = |batch: &Batch, id: u64| {
        batch.facts.iter().find_map(|fact| {
            let Fact::Run(run) = fact else {
                return None;
            };
            (run.id == id).then(|| run.state.clone())
        })
    };
    let mut over = runs["workflow_runs"][1].take();
    assert_eq!(over["id"], json!(912));
    over["status"] = json!("success");
    runs["workflow_runs"] = json!([runs["workflow_runs"][0].take()]);
    world.put(list, &runs);
    world.put(&format!("{list}/912"), &over);
    let batch = fetch(&source, "runs:acme/api").await;
    assert_eq!(of(&batch, 912), Some(RunState::Passed));
    world.asked();
    fetch(&source, "runs:acme/api").await;
    let asked: BTreeSet<String> = world.asked().into_iter().collect();
    assert!(!asked.contains(&format!("{list}/912")), "{asked:?}");
}

/// A server that lists runs and has no route for one of them: run 912 was at work when it was
/// listed, and slid out of the newest.
async fn with_a_run_further_back() -> (World, Gitea, Value) {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    let list = "/repos/acme/api/actions/runs";
    let mut runs = value("runs_moving.json");
    let newest = runs["workflow_runs"][0].take();
    let run = runs["workflow_runs"][1].take();
    assert_eq!(run["id"], json!(912));
    runs["workflow_runs"] = json!([newest.clone(), run.clone()]);
    world.put(list, &runs);
    let source = world.of_repo("forgejo");
    fetch(&source, "server").await;
    fetch(&source, "repo:acme/api").await;
    fetch(&source, "runs:acme/api").await;
    runs["workflow_runs"] = json!([newest]);
    world.put(list, &runs);
    // The first look finds out that there is no such route.
    fetch(&source, "runs:acme/api").await;
    (world, source, run)
}

fn state_of(batch: &Batch, id: u64) -> Option<RunState> {
    batch.facts.iter().find_map(|fact| {
        let Fact::Run(run) = fact else {
            return None;
        };
        (run.id == id).then(|| run.state.clone())
    })
}

#[tokio::test]
async fn a_run_at_work_is_looked_for_further_back_where_none_can_be_asked_for() {
    let (world, source, mut run) = with_a_run_further_back().await;
    run["status"] = json!("success");
    let page = json!({"total_count": 90, "workflow_runs": [run]});
    world.put("/repos/acme/api/actions/runs?page=3", &page);
    let early = fetch_at(&source, "runs:acme/api", now() + TimeDelta::minutes(3)).await;
    assert_eq!(state_of(&early.unwrap(), 912), None, "not every time");
    world.asked();
    let at = now() + TimeDelta::minutes(6);
    let batch = fetch_at(&source, "runs:acme/api", at).await.unwrap();
    assert_eq!(state_of(&batch, 912), Some(RunState::Passed));
    let pages = |asked: Vec<String>| {
        let lists = asked.into_iter();
        lists.filter(|path| path.ends_with("/actions/runs")).count()
    };
    assert_eq!(pages(world.asked()), 3, "it stops where it is found");
    let later = at + TimeDelta::minutes(6);
    fetch_at(&source, "runs:acme/api", later).await.unwrap();
    assert_eq!(pages(world.asked()), 1, "it is over");
}

#[tokio::test]
async fn what_a_run_does_that_no_page_holds_is_not_known_after_a_while() {
    let (_world, source, _) = with_a_run_further_back().await;
    let mut told = Vec::new();
    for turn in 1..=4 {
        let at = now() + TimeDelta::minutes(6 * turn);
        let batch = fetch_at(&source, "runs:acme/api", at).await.unwrap();
        assert!(batch.gone.is_empty(), "it was not read to the end");
        told.push(state_of(&batch, 912));
    }
    let unknown = RunState::Unknown("no longer listed".into());
    assert_eq!(told, [None, None, Some(unknown), None]);
}

#[tokio::test]
async fn a_run_at_work_is_gone_where_the_list_ends_without_it() {
    let (world, source, _) = with_a_run_further_back().await;
    let end = json!({"total_count": 1, "workflow_runs": []});
    world.put("/repos/acme/api/actions/runs?page=2", &end);
    let at = now() + TimeDelta::minutes(6);
    let batch = fetch_at(&source, "runs:acme/api", at).await.unwrap();
    assert!(
        batch.gone.iter().any(|id| id.id.ends_with("/912")),
        "{batch:?}"
    );
}
