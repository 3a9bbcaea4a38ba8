//! What a round costs, what it finds, and what never goes missing in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use cycleboard::domain::change_request::Checks;
use cycleboard::domain::correlate::Need;
use cycleboard::domain::deployment::DeployState;
use cycleboard::domain::fact::{Fact, FactKind};
use cycleboard::domain::key::RepoKey;
use cycleboard::domain::ticket::TicketState;

use super::*;

fn repo(n: u64, updated: &str, open: u64) -> Value {
    let name = format!("r{n}");
    json!({"id": n + 1, "name": name, "full_name": format!("acme/{name}"),
        "owner": {"id": 3, "login": "acme"}, "default_branch": "main", "empty": false,
        "archived": false, "updated_at": updated, "open_issues_count": open, "open_pr_counter": 0,
        "has_issues": true, "has_pull_requests": true, "has_actions": true, "has_releases": true})
}

/// A server with 500 repositories, of which the first few are at work.
async fn five_hundred() -> World {
    let world = World::start("15.0.2+gitea-1.22.0").await;
    let repos: Vec<Value> = (0..500)
        .map(|n| {
            if n < 8 {
                repo(n, "2026-11-20T12:00:00Z", 2)
            } else {
                repo(n, "2025-01-01T00:00:00Z", 0)
            }
        })
        .collect();
    for (at, page) in repos.chunks(50).enumerate() {
        let reply = Reply::json(&json!(page)).with("x-total-count", "500");
        world.reply(&format!("/orgs/acme/repos?page={}", at + 1), reply.clone());
        world.put(
            &format!("/repos/search?page={}", at + 1),
            &json!({"ok": true, "data": page}),
        );
    }
    for (n, repo) in repos.iter().enumerate().take(8) {
        world.put(&format!("/repos/acme/r{n}"), repo);
        for list in ["branches", "commits", "issues", "pulls", "releases"] {
            world.put(&format!("/repos/acme/r{n}/{list}"), &json!([]));
        }
        let none = json!({"workflow_runs": [], "total_count": 0});
        world.put(&format!("/repos/acme/r{n}/actions/runs"), &none);
    }
    world.put("/repos/issues/search", &json!([]));
    world
}

#[tokio::test]
async fn a_round_over_five_hundred_repositories_without_a_change_is_two_requests() {
    let world = five_hundred().await;
    let source = world.source("forgejo", |config| config.orgs = vec!["acme".to_owned()]);
    let batches = settle(&source).await;
    let told = batches.iter().flat_map(|batch| &batch.facts);
    let repos = told.filter(|fact| fact.kind() == FactKind::Repository);
    assert_eq!(repos.count(), 500, "each is told, quiet or not");
    let first = world.asked().len();
    assert!(first < 120, "{first} requests to begin with");
    fetch(&source, "changes").await;
    world.asked();
    let batch = fetch(&source, "changes").await;
    assert_eq!(world.asked(), ["/repos/search", "/repos/issues/search"]);
    assert_eq!(batch.covered.len(), 500, "all of them are confirmed");
    let hot = source.resources(now());
    let hot: Vec<_> = hot.iter().filter(|it| it.tier <= Tier::Hot).collect();
    assert_eq!(hot.len(), 1, "{hot:?}");
}

#[tokio::test]
async fn only_what_changed_is_read() {
    let world = five_hundred().await;
    let source = world.source("forgejo", |config| config.orgs = vec!["acme".to_owned()]);
    settle(&source).await;
    fetch(&source, "changes").await;
    let mut issue = value("issues.json")[0].clone();
    issue["repository"] = json!({"full_name": "acme/r300"});
    issue["updated_at"] = json!("2026-11-21T01:37:00Z");
    issue["state"] = json!("closed");
    let mut pull = issue.clone();
    pull["number"] = json!(20);
    pull["repository"] = json!({"full_name": "acme/r2"});
    pull["pull_request"] = json!({"merged": false});
    let mut alien = issue.clone();
    alien["repository"] = json!({"full_name": "other/x"});
    world.put("/repos/issues/search", &json!([issue, pull, alien]));
    let mut touched = repo(5, "2026-11-21T01:36:00Z", 2);
    touched["description"] = json!("new");
    world.put("/repos/acme/r5", &touched);
    let mut page: Vec<Value> = vec![touched];
    page.extend(
        (0..8)
            .filter(|n| *n != 5)
            .map(|n| repo(n, "2026-11-20T12:00:00Z", 2)),
    );
    world.put("/repos/search?page=1", &json!({"data": page}));
    let mut real = value("pulls.json")[0].clone();
    real["updated_at"] = json!("2026-11-21T01:37:00Z");
    world.put("/repos/acme/r2/pulls/20", &real);
    world.put("/repos/acme/r2/pulls/20/reviews", &json!([]));
    world.asked();
    let batch = fetch(&source, "changes").await;
    let tickets: Vec<_> = batch.facts.iter().collect();
    let [Fact::Ticket(ticket)] = tickets[..] else {
        panic!("{tickets:?}");
    };
    assert_eq!(
        ticket.state,
        TicketState::Completed,
        "told by the search itself"
    );
    assert!(!batch.covered.iter().any(|path| &**path == "acme/r5"));
    settle(&source).await;
    let asked = world.asked();
    let other =
        |path: &String| !path.contains("/r5") && !path.contains("/r2") && !path.contains("search");
    assert!(!asked.iter().any(other), "{asked:?}");
    assert!(asked.iter().any(|path| path == "/repos/acme/r2/pulls/20"));
    assert!(
        !asked.iter().any(|path| path == "/repos/acme/r2/pulls"),
        "not the whole list"
    );
    assert!(asked.iter().any(|path| path == "/repos/acme/r5/commits"));
    world.asked();
    fetch(&source, "changes").await;
    let again = settle(&source).await;
    assert!(again.is_empty(), "what reaches over is not read twice");
}

#[tokio::test]
async fn a_restart_asks_only_for_what_changed() {
    let world = World::with_repo("15.0.2+gitea-1.22.0").await;
    world.put("/repos/acme/api/issues?state=open", &value("issues.json"));
    world.put("/repos/acme/api/branches", &value("branches.json"));
    let notes = Arc::default();
    let first = world.noting(&notes);
    let batches = settle(&first).await;
    let facts = batches.into_iter().flat_map(|batch| batch.facts);
    let facts: Vec<Arc<Fact>> = facts.map(Arc::new).collect();
    let again = world.noting(&notes);
    again.restore(&facts);
    world.asked();
    settle(&again).await;
    let asked = world.asked();
    for list in ["/repos/acme/api/issues", "/repos/acme/api/pulls"] {
        assert!(!asked.iter().any(|path| path == list), "{asked:?}");
    }
    fetch(&again, "changes").await;
    let seen = world.fault.seen();
    let search = seen
        .iter()
        .rev()
        .find(|seen| seen.path().ends_with("issues/search"));
    let target = search.unwrap().target.replace("%3A", ":");
    assert!(target.contains("since=2026-11-21T00:58:00Z"), "{target}");
}

#[tokio::test]
async fn pages_are_counted_whatever_address_the_server_gives_itself() {
    let world = World::with_repo("1.25.0").await;
    let issues = value("issues.json");
    let issues = issues.as_array().unwrap();
    let link = "<http://internal.lan:3000/api/v1/repos/acme/api/issues?page=2>; rel=\"next\"";
    let first = Reply::json(&json!(issues[..2]))
        .with("x-total-count", "3")
        .with("link", link);
    world.reply("/repos/acme/api/issues?page=1", first.clone());
    let rest = Reply::json(&json!(issues[2..])).with("x-total-count", "3");
    world.reply("/repos/acme/api/issues?page=2", rest);
    let source = world.of_repo("gitea");
    let batch = fetch(&source, "issues:acme/api").await;
    assert_eq!(batch.listings[0].members.len(), 3);
    world.reply("/repos/acme/api/issues?page=2", Reply::new(502, ""));
    let batch = fetch(&source, "issues:acme/api").await;
    assert!(
        batch.listings.is_empty(),
        "a page that failed removes nothing"
    );
    assert!(batch.warnings.iter().any(|text| text.contains("502")));
    world.reply(
        "/repos/acme/api/issues?page=2",
        Reply::json(&json!([])).with("x-total-count", "3"),
    );
    let batch = fetch(&source, "issues:acme/api").await;
    assert!(batch.listings.is_empty(), "it says that there are more");
}

/// Gives the repository another name; the old one leads there.
fn rename(world: &World) {
    let mut repo = value("repo.json");
    repo["full_name"] = json!("acme/core");
    world.put("/repos/acme/core", &repo);
    for list in ["branches", "commits", "issues", "pulls", "releases"] {
        world.put(&format!("/repos/acme/core/{list}"), &json!([]));
    }
    let moved = Reply::new(301, "").with("location", "/api/v1/repos/acme/core");
    world.reply("/repos/acme/api", moved);
}

#[tokio::test]
async fn a_repository_that_was_renamed_goes_on_under_its_new_name() {
    let world = World::with_repo("11.0.1+gitea-1.22.0").await;
    let source = world.of_repo("forgejo");
    settle(&source).await;
    rename(&world);
    let batch = fetch(&source, "repo:acme/api").await;
    assert_eq!(batch.gone_repos[0].path(), "acme/api");
    assert!(batch.warnings[0].contains("is called `acme/core` now"));
    let facts: Vec<Fact> = settle(&source)
        .await
        .into_iter()
        .flat_map(|batch| batch.facts)
        .collect();
    assert!(
        facts
            .iter()
            .any(|fact| matches!(fact, Fact::Repository(it) if it.repo.path() == "acme/core"))
    );
    assert!(
        facts
            .iter()
            .all(|fact| fact.repo().is_none_or(|repo| repo.path() == "acme/core"))
    );
}

#[tokio::test]
async fn a_repository_that_was_renamed_between_two_boards_leaves_its_old_name() {
    let world = World::with_repo("11.0.1+gitea-1.22.0").await;
    let issues = "/repos/acme/api/issues?state=open";
    world.put(issues, &value("issues.json"));
    let source = world.of_repo("forgejo");
    let read = settle(&source).await;
    let stored: Vec<Arc<Fact>> = read
        .into_iter()
        .flat_map(|batch| batch.facts)
        .map(Arc::new)
        .collect();
    assert!(stored.len() > 1, "there is a repository and its issues");
    rename(&world);

    let source = world.of_repo("forgejo");
    source.restore(&stored);
    let batches = settle(&source).await;
    let gone: Vec<&str> = batches
        .iter()
        .flat_map(|batch| &batch.gone_repos)
        .map(RepoKey::path)
        .collect();
    assert_eq!(gone, ["acme/api"]);
    let told: Vec<&Fact> = batches.iter().flat_map(|batch| &batch.facts).collect();
    let named = told.iter().find_map(|fact| {
        let Fact::Repository(it) = fact else {
            return None;
        };
        Some((it.repo.path(), it.renamed_from.clone()))
    });
    let before = RepoKey::new(source.host(), "acme/api");
    assert_eq!(named, Some(("acme/core", vec![before])));
    // An answer that was asked for by the old name brings nothing of it back.
    let late = fetch(&source, "issues:acme/api").await;
    assert!(late.facts.is_empty() && late.covered.is_empty());
}

#[tokio::test]
async fn a_repository_is_gone_when_it_is_not_there_twice() {
    let world = World::with_repo("1.25.0").await;
    let source = world.of_repo("gitea");
    settle(&source).await;
    let gone = Reply::new(404, r#"{"message":"The target couldn't be found."}"#);
    world.reply("/repos/acme/api", gone);
    let error = fetch_at(&source, "repo:acme/api", now()).await.unwrap_err();
    assert!(
        error.to_string().contains("the repository `acme/api`"),
        "{error}"
    );
    assert_eq!(source.problems().len(), 1);
    let batch = fetch(&source, "repo:acme/api").await;
    assert_eq!(batch.gone_repos.len(), 1);
    let polled = source.resources(now());
    assert!(!polled.iter().any(|it| it.id.contains("acme/api")));
}

#[tokio::test]
async fn statuses_are_checks_of_changes_and_deployments_of_commits() {
    let world = World::with_repo("11.0.1+gitea-1.22.0").await;
    world.put("/repos/acme/api/branches", &value("branches.json"));
    world.put("/repos/acme/api/commits", &value("commits.json"));
    world.put("/repos/acme/api/pulls?state=open", &value("pulls.json"));
    world.put("/repos/acme/api/releases", &value("releases.json"));
    world.put("/repos/acme/api/tags", &value("tags.json"));
    for number in [20, 21, 22] {
        world.put(
            &format!("/repos/acme/api/pulls/{number}/reviews"),
            &json!([]),
        );
    }
    let landed = format!("/repos/acme/api/commits/{}/status", "f".repeat(40));
    world.put(&landed, &value("status.json"));
    let head = format!("/repos/acme/api/commits/{}/status", "a".repeat(40));
    let red = json!({"state": "failure", "total_count": 1, "statuses": [{
        "context": "ci/jenkins/test", "status": "failure", "created_at": "2026-11-20T12:10:00Z",
        "target_url": "https://ci.example.org/job/9"}]});
    world.put(&head, &red);
    let source = world.of_repo("forgejo");
    let facts: Vec<Fact> = settle(&source)
        .await
        .into_iter()
        .flat_map(|batch| batch.facts)
        .collect();
    let checks = facts.iter().rev().find_map(|fact| {
        if let Fact::ChangeRequest(change) = fact
            && change.number == 20
        {
            return Some(change.checks.clone());
        }
        None
    });
    assert_eq!(checks, Some(Checks::Failed));
    // What no Actions ran is a run of its own system, and its page can be opened.
    let mut elsewhere = BTreeSet::new();
    for fact in &facts {
        if let Fact::Run(run) = fact {
            let page = run.url.as_ref().unwrap().as_str();
            elsewhere.insert(format!("{} {} {page}", run.ci, run.workflow));
        }
    }
    assert!(elsewhere.contains("ci.example.org ci/jenkins/test https://ci.example.org/job/9"));
    assert!(elsewhere.contains("ci.example.org ci/jenkins/build https://ci.example.org/job/7"));
    assert!(
        !elsewhere.iter().any(|run| run.contains("deploy/")),
        "{elsewhere:?}"
    );
    let mut states = Vec::new();
    let mut tags = Vec::new();
    for fact in &facts {
        if let Fact::Deployment(it) = fact {
            states.push((it.environment.to_string(), it.state.clone()));
        }
        if let Fact::Release(it) = fact {
            tags.push((it.tag.to_string(), it.sha.is_some()));
        }
    }
    assert!(
        states.contains(&("staging".to_owned(), DeployState::Succeeded)),
        "{states:?}"
    );
    assert!(states.contains(&("production".to_owned(), DeployState::Running)));
    assert!(tags.contains(&("v1.3.0".to_owned(), true)), "{tags:?}");
    let live = source.resources(now());
    assert!(
        live.iter()
            .any(|it| &*it.id == "checks:acme/api" && it.tier == Tier::Live)
    );
}

#[tokio::test]
async fn what_is_switched_off_is_not_asked_for() {
    let world = World::with_repo("1.25.0").await;
    let mut repo = value("repo.json");
    for unit in [
        "has_issues",
        "has_pull_requests",
        "has_actions",
        "has_releases",
    ] {
        repo[unit] = json!(false);
    }
    world.put("/repos/acme/api", &repo);
    for list in ["issues", "pulls", "releases"] {
        world.remove(&format!("/repos/acme/api/{list}"));
    }
    let source = world.of_repo("gitea");
    fetch(&source, "server").await;
    fetch(&source, "repo:acme/api").await;
    world.asked();
    settle(&source).await;
    let asked = world.asked();
    let off = |path: &String| {
        ["issues", "pulls", "releases", "actions/runs"]
            .iter()
            .any(|unit| path.ends_with(&format!("acme/api/{unit}")))
    };
    assert!(!asked.iter().any(off), "{asked:?}");
}

fn hex(n: u64) -> String {
    format!("{n:040x}")
}

/// A repository with `count` releases, of commits from 1 on, each of which went to production.
async fn released(count: u64) -> World {
    let world = World::with_repo("11.0.1+gitea-1.22.0").await;
    let release = &value("releases.json")[1];
    let tag = &value("tags.json")[1];
    let (mut releases, mut tags) = (Vec::new(), Vec::new());
    for n in 1..=count {
        let (mut one, mut at) = (release.clone(), tag.clone());
        one["tag_name"] = json!(format!("v{n}"));
        one["published_at"] = json!(format!("2026-10-01T{:02}:{:02}:00Z", n / 60, n % 60));
        at["name"] = json!(format!("v{n}"));
        at["commit"]["sha"] = json!(hex(n));
        releases.push(one);
        tags.push(at);
        let status = json!({"context": "deploy/production", "status": "success",
            "created_at": "2026-10-02T00:00:00Z", "updated_at": "2026-10-02T00:00:00Z"});
        let answer = json!({"state": "success", "total_count": 1, "statuses": [status]});
        world.put(
            &format!("/repos/acme/api/commits/{}/status", hex(n)),
            &answer,
        );
    }
    world.put("/repos/acme/api/releases", &json!(releases));
    world.put("/repos/acme/api/tags", &json!(tags));
    world
}

/// Fetches all that is asked once, what is long past included.
async fn settle_past(source: &Gitea) -> Vec<Fact> {
    let mut facts = Vec::new();
    for _ in 0..200 {
        facts.extend(settle(source).await.into_iter().flat_map(|it| it.facts));
        let due = source.resources(now()).into_iter();
        let Some(next) = due.into_iter().find(|it| it.tier == Tier::Past) else {
            return facts;
        };
        facts.extend(fetch(source, &next.id).await.facts);
    }
    panic!("it never comes to rest");
}

#[tokio::test]
async fn the_deployments_of_releases_are_read_back_once_and_not_after_a_restart() {
    let world = released(40).await;
    let source = world.of_repo("forgejo");
    let facts = settle_past(&source).await;
    let asked = world.asked();
    let of = |n: u64| asked.iter().filter(|path| path.contains(&hex(n))).count();
    let counts: Vec<usize> = (1..=40).map(of).collect();
    assert_eq!(counts, [vec![0; 10], vec![1; 30]].concat());
    let told: BTreeSet<_> = facts
        .iter()
        .filter(|fact| matches!(fact, Fact::Deployment(_)))
        .map(Fact::id)
        .collect();
    assert_eq!(told.len(), 30);
    // After a restart only the newest, which may move, are asked.
    let stored: Vec<Arc<Fact>> = facts.into_iter().map(Arc::new).collect();
    let again = world.of_repo("forgejo");
    again.restore(&stored);
    settle_past(&again).await;
    let asked = world.asked();
    let statuses = asked.iter().filter(|path| path.ends_with("/status"));
    assert_eq!(statuses.count(), 3, "{asked:?}");
}

#[tokio::test]
async fn what_was_deployed_within_two_days_is_known_to_a_new_store_and_read_once() {
    let world = World::with_repo("11.0.1+gitea-1.22.0").await;
    let commit = &value("commits.json")[0];
    let commits: Vec<Value> = (1..=30)
        .map(|n| {
            let mut one = commit.clone();
            let at = (now() - TimeDelta::hours(4 * n)).to_rfc3339();
            one["sha"] = json!(hex(n.unsigned_abs()));
            one["parents"] = json!([{"sha": hex(n.unsigned_abs() + 1)}]);
            one["commit"]["committer"]["date"] = json!(at);
            one["created"] = json!(at);
            one
        })
        .collect();
    world.put("/repos/acme/api/commits", &json!(commits));
    world.put("/repos/acme/api/releases", &json!([]));
    let nothing = json!({"state": "", "total_count": 0, "statuses": []});
    for n in 1..=30 {
        let path = format!("/repos/acme/api/commits/{}/status", hex(n));
        world.put(&path, &nothing);
    }
    // Later ones took the place of what was deployed 44 hours ago.
    let status = json!({"context": "deploy/production", "status": "success",
        "created_at": "2026-11-19T06:00:00Z", "updated_at": "2026-11-19T06:00:00Z"});
    let answer = json!({"state": "success", "total_count": 1, "statuses": [status]});
    world.put(
        &format!("/repos/acme/api/commits/{}/status", hex(11)),
        &answer,
    );
    let source = world.of_repo("forgejo");
    let facts = settle_past(&source).await;
    let deployed = facts.iter().any(|fact| {
        let Fact::Deployment(it) = fact else {
            return false;
        };
        it.sha.as_ref().is_some_and(|sha| sha.as_str() == hex(11))
    });
    assert!(deployed, "{:?}", world.asked());
    let asked = world.asked();
    let of = |n: u64| {
        let path = format!("{}/status", hex(n));
        asked.iter().filter(|it| it.ends_with(&path)).count()
    };
    let counts: Vec<usize> = (9..=13).map(of).collect();
    assert_eq!(counts, [1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn every_recent_commit_is_asked_who_brought_it_before_it_comes_to_rest() {
    let world = World::with_repo("1.25.0").await;
    let commit = &value("commits.json")[0];
    let mut commits = Vec::new();
    for n in (1..=30).rev() {
        let mut one = commit.clone();
        one["sha"] = json!(hex(n));
        one["parents"] = json!([{"sha": hex(n - 1)}]);
        commits.push(one);
        if n % 2 == 0 {
            let path = format!("/repos/acme/api/commits/{}/pull", hex(n));
            world.put(&path, &json!({"number": n}));
        } else {
            let path = format!("/repos/acme/api/commits/{}/pull", hex(n));
            world.reply(
                &path,
                Reply::json(&json!({"message": "not found"})).status(404),
            );
        }
    }
    world.put("/repos/acme/api/branches", &value("branches.json"));
    world.put("/repos/acme/api/commits", &json!(commits));
    let source = world.of_repo("gitea");
    let mut brought = BTreeMap::new();
    for fact in settle(&source).await.into_iter().flat_map(|it| it.facts) {
        if let Fact::Commit(it) = fact {
            brought.insert(it.sha.as_str().to_owned(), (it.change_request, it.direct));
        }
    }
    for n in 1..=30 {
        let pull = (n % 2 == 0).then_some(n);
        assert_eq!(brought.get(&hex(n)), Some(&(pull, pull.is_none())), "{n}");
    }
    let asked = world.asked();
    assert_eq!(asked.iter().filter(|it| it.ends_with("/pull")).count(), 30);
    // That a commit has no pull request, or a server no route, is an answer.
    // What this server lacks is the status of each commit, which each version tells.
    let statuses = asked.iter().filter(|it| it.ends_with("/status")).count();
    assert_eq!(source.meter().failed, statuses as u64, "{asked:?}");
}

#[tokio::test]
async fn the_times_of_a_pull_request_are_read_when_nothing_else_is() {
    let world = World::with_repo("1.25.0").await;
    let place = "/repos/acme/api/pulls/4";
    world.put(
        place,
        &json!({"updated_at": "2026-11-20T00:00:00Z", "additions": 4, "deletions": 2}),
    );
    world.put(
        &format!("{place}/reviews"),
        &json!([{"state": "REQUEST_REVIEW", "submitted_at": "2026-11-18T00:00:00Z"},
            {"state": "APPROVED", "user": {"login": "ada"}, "submitted_at": "2026-11-19T00:00:00Z"}]),
    );
    for commits in [false, true] {
        if commits {
            let at = json!([{"commit": {"author": {"date": "2026-11-17T00:00:00Z"}}}]);
            world.put(&format!("{place}/commits"), &at);
        }
        let source = world.of_repo("gitea");
        settle(&source).await;
        source.need(&BTreeSet::from([Need::Times {
            repo: RepoKey::new(source.host(), "acme/api"),
            number: 4,
        }]));
        let mut due = source.resources(now()).into_iter();
        let id = due.find(|it| it.tier == Tier::Spare).unwrap().id;
        assert!(id.starts_with("times:"));
        let batch = fetch(&source, &id).await;
        let Some(Fact::ChangeTimes(told)) = batch.facts.first() else {
            panic!("{batch:?}");
        };
        assert_eq!((told.additions, told.deletions), (Some(4), Some(2)));
        assert_eq!(told.reviews.len(), 1);
        // An old server has no such list.
        assert_eq!(told.first_commit_at.is_some(), commits);
    }
}

#[tokio::test]
async fn a_server_that_answers_nothing_but_empty_lists_confirms_no_repository() {
    let world = World::with_repo("1.25.0").await;
    world.put("/repos/acme/api", &json!([]));
    world.put("/repos/acme/api/commits/x/status", &json!([]));
    let source = world.of_repo("gitea");
    let lists = ["issues", "pulls", "checks", "pull", "ci"];
    let lists = lists.map(|list| format!("{list}:acme/api"));
    let fails = fetch_at(&source, "repo:acme/api", now()).await;
    assert!(matches!(fails, Err(SourceError::Unreadable { .. })));
    for list in &lists {
        let offered = source.resources(now());
        let is_offered = offered.iter().any(|it| it.id.starts_with(list.as_str()));
        assert!(!is_offered, "{list} is asked of what was never read");
        let batch = fetch(&source, list).await;
        assert!(batch.covered.is_empty(), "{list} confirms it");
    }
    let repo: Value = serde_json::from_str(data("repo.json")).unwrap();
    world.put("/repos/acme/api", &repo);
    fetch(&source, "repo:acme/api").await;
    for list in &lists {
        let batch = fetch(&source, list).await;
        assert_eq!(batch.covered, ["acme/api".into()], "{list}");
    }
}
