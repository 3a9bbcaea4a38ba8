//! Trouble with one place: it costs that place, and nothing of what was read is lost.

use super::*;
use crate::support::fault::Way;

/// Starts a server with so many projects that are read alone.
async fn several(count: u64, minutes: i64) -> World {
    let world = World::with(|config| {
        config.repos = (1..=count).map(|id| format!("acme/p{id}")).collect();
    });
    let world = world.await;
    for id in 1..=count {
        let path = format!("acme/p{id}");
        let place = format!("projects/acme%2Fp{id}");
        let wire = project(id, &path, minutes);
        world.routes.set(&place, wire.clone());
        world.routes.set(&format!("projects/{id}"), wire);
        world.empty(&format!("projects/{id}"));
    }
    world
}

fn ill() -> Reply {
    Reply::new(500, "")
}

/// Returns the paths of the projects of facts of a kind.
fn of<T>(batch: &Batch, pick: impl Fn(&Fact) -> Option<T>) -> BTreeSet<String> {
    let of = only(batch, |fact| {
        pick(fact)?;
        Some(fact.repo()?.path().to_owned())
    });
    of.into_iter().collect()
}

fn tickets(batch: &Batch) -> BTreeSet<String> {
    of(batch, |fact| matches!(fact, Fact::Ticket(_)).then_some(()))
}

fn changes(batch: &Batch) -> BTreeSet<String> {
    of(batch, |fact| {
        matches!(fact, Fact::ChangeRequest(_)).then_some(())
    })
}

fn names<const N: usize>(paths: [&str; N]) -> BTreeSet<String> {
    paths.map(str::to_owned).into()
}

fn tier(world: &World, resource: &str, minutes: i64) -> Option<Tier> {
    let all = world.source.resources(now() + TimeDelta::minutes(minutes));
    let found = all.into_iter().find(|it| &*it.id == resource);
    found.map(|it| it.tier)
}

#[tokio::test]
async fn a_project_whose_issues_fail_costs_no_other_and_waits_for_its_next_turn() {
    let world = several(3, 30).await;
    for id in 1..=3 {
        let list = json!([issue(id, &format!("acme/p{id}"), 7)]);
        world.routes.set(&format!("projects/{id}/issues"), list);
    }
    world.routes.reply("projects/2/issues", ill());
    world.fetch("projects").await;
    let batch = world.fetch("issues").await;
    assert_eq!(tickets(&batch), names(["acme/p1", "acme/p3"]));
    assert!(batch.warnings.iter().any(|text| text.contains("500")));
    assert_eq!(tier(&world, "issues", 0), Some(Tier::Rare));
    assert_eq!(tier(&world, "issues", 10), Some(Tier::Now));
    let before = world.count();
    let later = now() + TimeDelta::minutes(10);
    assert!(world.fetch_at("issues", later).await.is_err());
    let asked = world.asked(before).join("\n");
    assert!(asked.contains("projects/2/issues"), "{asked}");
    assert!(!asked.contains("projects/1/issues"), "{asked}");
}

#[tokio::test]
async fn what_landed_in_other_projects_is_told_and_the_failing_one_is_asked_again() {
    let world = several(3, 30).await;
    for id in 1..=3 {
        let mut merged = merge_request(7);
        merged["state"] = "merged".into();
        merged["merged_at"] = ago(400).into();
        let list = format!("projects/{id}/merge_requests?state=merged");
        world.routes.set(&list, json!([merged]));
    }
    let list = "projects/2/merge_requests?state=merged";
    world.routes.reply(list, ill());
    world.fetch("projects").await;
    let batch = world.fetch("landed").await;
    assert_eq!(changes(&batch), names(["acme/p1", "acme/p3"]));
    assert_eq!(tier(&world, "landed", 0), None);
    assert_eq!(tier(&world, "landed", 10), Some(Tier::Now));
    world.routes.set(list, json!([merge_request(7)]));
    let later = now() + TimeDelta::minutes(10);
    let batch = world.fetch_at("landed", later).await.unwrap();
    assert_eq!(changes(&batch), names(["acme/p2"]));
    assert_eq!(tier(&world, "landed", 60), None, "all of it was read");
}

#[tokio::test]
async fn a_fetch_whose_time_is_over_loses_nothing_that_it_read() {
    let world = several(2, 30).await;
    let list = json!([issue(1, "acme/p1", 7)]);
    world.routes.set("projects/1/issues", list);
    let silent = Reply::json(&json!([])).by(Way::Silent);
    world.routes.reply("projects/2/issues", silent);
    world.fetch("projects").await;
    let is_asked = || {
        let all = world.asked(0);
        all.iter().any(|it| it.contains("/projects/2/issues"))
    };
    {
        let fetch = world.fetch_at("issues", now());
        tokio::pin!(fetch);
        while !is_asked() {
            tokio::select! {
                biased;
                _ = &mut fetch => panic!("it waits for the second project"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let batch = world.fetch("merge requests").await;
    assert_eq!(tickets(&batch), names(["acme/p1"]));
    let batch = world.fetch("merge requests").await;
    assert!(tickets(&batch).is_empty(), "it is told once");
}

#[tokio::test]
async fn a_quiet_project_whose_pipelines_fail_takes_no_turn_of_the_others() {
    let world = several(3, 40 * 24 * 60).await;
    for id in 2..=3 {
        let list = format!("projects/{id}/pipelines");
        world.routes.set(&list, json!([pipeline(id, "success")]));
    }
    world.routes.reply("projects/1/pipelines", ill());
    world.fetch("projects").await;
    let runs = |batch: &Batch| of(batch, |fact| matches!(fact, Fact::Run(_)).then_some(()));
    let batch = world.fetch("sweep").await;
    assert_eq!(runs(&batch), names(["acme/p2"]));
    let before = world.count();
    let batch = world.fetch("sweep").await;
    assert_eq!(runs(&batch), names(["acme/p3"]));
    let asked = world.asked(before).join("\n");
    assert!(!asked.contains("projects/1/"), "{asked}");
}

#[tokio::test]
async fn issues_that_changed_are_told_where_merge_requests_fail() {
    let world = World::alone().await;
    world.settle().await;
    let list = json!([issue(1, "acme/api", 7)]);
    world.routes.set("projects/1/issues?updated_after", list);
    let list = "projects/1/merge_requests?updated_after";
    world.routes.reply(list, ill());
    let later = now() + TimeDelta::minutes(6);
    let batch = world.fetch_at("work:acme/api", later).await.unwrap();
    assert_eq!(tickets(&batch), names(["acme/api"]));
    assert!(batch.covered.is_empty(), "not all of it is current");
    world.routes.set(list, json!([]));
    let batch = world.fetch_at("work:acme/api", later).await.unwrap();
    assert_eq!(batch.covered.len(), 1);
}

#[tokio::test]
async fn details_that_fail_are_asked_for_again_and_cost_no_other_merge_request() {
    let world = World::alone().await;
    let mut newest = merge_request(7);
    newest["updated_at"] = ago(100).into();
    let list = json!([newest, merge_request(6)]);
    world.routes.set("projects/1/merge_requests", list);
    world.routes.reply("projects/1/merge_requests/7", ill());
    world
        .routes
        .set("projects/1/merge_requests/6", merge_request(6));
    world.settle().await;
    let asked = world.asked(0).join("\n");
    assert!(asked.contains("/merge_requests/6\n"), "{asked}");
    let before = world.count();
    world.settle().await;
    assert_eq!(world.count(), before, "it waits");
    world.routes.set("projects/1/merge_requests/7", newest);
    world.settle_at(now() + TimeDelta::minutes(10)).await;
    let asked = world.asked(before).join("\n");
    assert!(asked.contains("/merge_requests/7"), "{asked}");
    assert!(!asked.contains("/merge_requests/6"), "{asked}");
}

#[tokio::test]
async fn a_list_of_what_is_shipped_that_fails_costs_no_other_and_is_trouble_until_it_is_read() {
    for bad in [
        "environments",
        "deployments",
        "repository/commits",
        "releases",
    ] {
        let world = World::alone().await;
        let environment = json!([{"id": 1, "name": "production", "state": "available"}]);
        world.routes.set("projects/1/environments", environment);
        let deployment = json!([{"id": 5, "status": "success", "sha": sha('b'),
            "environment": {"id": 1, "name": "production"}, "created_at": ago(30),
            "updated_at": ago(20)}]);
        world.routes.set("projects/1/deployments", deployment);
        let release = json!([{"tag_name": "v1", "created_at": ago(50), "released_at": ago(50)}]);
        world.routes.set("projects/1/releases", release);
        let commit = json!([{"id": sha('b'), "title": "x", "message": "x",
            "committed_date": ago(57_600)}]);
        world.routes.set("projects/1/repository/commits", commit);
        let route = format!("projects/1/{bad}");
        let good = world.routes.0.lock().unwrap()[&route].clone();
        world.routes.reply(&route, ill());
        let batch = world.settle().await;
        let told = only(&batch, |fact| match fact {
            Fact::Environment(_) => Some("environments"),
            Fact::Deployment(_) => Some("deployments"),
            Fact::Commit(_) => Some("repository/commits"),
            Fact::Release(_) => Some("releases"),
            Fact::Repository(_)
            | Fact::Range(_)
            | Fact::Ticket(_)
            | Fact::ChangeRequest(_)
            | Fact::ChangedPaths(_)
            | Fact::ChangeTimes(_)
            | Fact::Run(_)
            | Fact::JobSet(_)
            | Fact::EarlierJobs(_)
            | Fact::GateSet(_)
            | Fact::Alert(_)
            | Fact::Finding(_)
            | Fact::Diagnosis(_) => None,
        });
        let told: BTreeSet<&str> = told.into_iter().collect();
        assert_eq!(
            (told.len(), told.contains(bad)),
            (3, false),
            "{bad}: {told:?}"
        );
        let problems = world.source.problems();
        let name = bad.rsplit('/').next().unwrap_or_default();
        let expected =
            format!("500 (internal server error) to the question for {name} of acme/api");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].to_string().ends_with(&expected), "{problems:?}");
        let later = now() + TimeDelta::minutes(10);
        world.settle_at(later).await;
        assert_eq!(world.source.problems(), problems, "it fails still");
        world.routes.reply(&route, good);
        let before = world.count();
        world.settle_at(later).await;
        assert_eq!(world.count(), before, "it waits");
        world.settle_at(later + TimeDelta::minutes(10)).await;
        assert!(world.source.problems().is_empty(), "{bad}");
    }
}

#[tokio::test]
async fn a_project_of_which_nothing_that_is_shipped_can_be_read_fails() {
    let world = World::alone().await;
    for list in [
        "environments",
        "deployments",
        "repository/commits",
        "releases",
    ] {
        world.routes.reply(&format!("projects/1/{list}"), ill());
    }
    world.fetch("projects").await;
    let error = world.fetch_at("delivery:acme/api@0", now()).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("environments of acme/api"), "{text}");
    assert_eq!(world.source.problems().len(), 4);
}

#[tokio::test]
async fn after_an_early_end_details_are_read_that_were_not() {
    let world = World::alone().await;
    world.has_merge_request(7);
    let mut stored = world.fetch("projects").await.facts;
    stored.extend(world.fetch("merge requests").await.facts);
    let again = world.restarted(stored);
    let before = again.count();
    again.settle().await;
    let asked = again.asked(before).join("\n");
    assert!(asked.contains("/merge_requests/7"), "{asked}");
}

#[tokio::test]
async fn of_many_projects_each_has_its_turn_for_vulnerabilities() {
    let world = several(25, 30).await;
    let none = json!({"pageInfo": {"hasNextPage": false}, "nodes": []});
    let none = json!({"data": {"place": {"vulnerabilities": none}}});
    world.routes.set("/api/graphql", none);
    world.fetch("projects").await;
    for _ in 0..3 {
        world.fetch("vulnerabilities").await;
    }
    let asked: BTreeSet<String> = world
        .fault
        .seen()
        .iter()
        .filter(|seen| seen.path() == "/api/graphql")
        .map(|seen| seen.body.clone())
        .collect();
    assert_eq!(asked.len(), 25, "each is asked");
}

#[tokio::test]
async fn what_a_cut_list_of_alerts_does_not_hold_is_open() {
    let world = World::alone().await;
    world.fetch("projects").await;
    let alerts = |more: bool| {
        let alert = json!({"iid": "1", "title": "It burns", "severity": "CRITICAL",
            "status": "TRIGGERED", "startedAt": ago(30), "createdAt": ago(30)});
        let alerts = json!({"pageInfo": {"hasNextPage": more}, "nodes": [alert]});
        let project = json!({"fullPath": "acme/api", "alertManagementAlerts": alerts});
        json!({"data": {"projects": {"nodes": [project]}}})
    };
    for more in [false, true] {
        world.routes.set("/api/graphql", alerts(more));
        let batch = world.fetch("alerts").await;
        let lists = (batch.listings.len(), batch.partial.len());
        assert_eq!(lists, if more { (0, 1) } else { (1, 0) });
        let list = batch.listings.iter().chain(&batch.partial).next().unwrap();
        assert_eq!((list.members.len(), batch.facts.len()), (1, 1));
    }
}

#[tokio::test]
async fn a_set_of_jobs_without_all_child_pipelines_is_not_whole() {
    for (children, is_whole) in [(6, true), (7, false)] {
        let world = World::alone().await;
        world.has_pipeline("failed", &job(3, "unit", "failed"));
        let bridge = |n: u64| {
            let mut bridge = job(10 + n, &format!("part {n}"), "success");
            bridge["downstream_pipeline"] =
                json!({"id": 100 + n, "project_id": 1, "source": "parent_pipeline"});
            bridge
        };
        let bridges: Vec<Value> = (0..children).map(bridge).collect();
        world
            .routes
            .set("projects/1/pipelines/9/bridges", json!(bridges));
        for n in 0..children {
            let route = format!("projects/1/pipelines/{}/jobs", 100 + n);
            world
                .routes
                .set(&route, json!([job(200 + n, "lint", "success")]));
        }
        world.fetch("projects").await;
        let batch = world.fetch("runs:acme/api").await;
        let sets = only(&batch, |fact| {
            let Fact::JobSet(set) = fact else {
                return None;
            };
            Some((set.complete, set.jobs.len()))
        });
        let read = usize::try_from(children + 1).unwrap() + 6;
        assert_eq!(sets, [(is_whole, read)], "{children} children");
    }
}

/// Refuses all that is below a project, and the project itself.
fn refuse(world: &World, id: u64, status: u16) -> BTreeMap<String, Reply> {
    let mut routes = world.routes.0.lock().unwrap();
    let before = routes.clone();
    let own = format!("projects/{id}");
    let message = json!({"message": format!("{status} of a proxy")});
    for (route, reply) in routes.iter_mut() {
        if *route == own || route.starts_with(&format!("{own}/")) {
            *reply = Reply::json(&message).status(status);
        }
    }
    before
}

#[tokio::test]
async fn of_a_project_that_is_not_there_a_merge_request_stays_and_that_is_told() {
    for (status, expected) in [
        (404, "the project `acme/api` does not exist on"),
        (403, "does not let us read the project `acme/api`"),
    ] {
        let world = World::group(&["acme/api"], 30).await;
        let list = json!([merge_request(7)]);
        world.routes.set("groups/acme/merge_requests", list);
        world
            .routes
            .set("projects/1/merge_requests/7", merge_request(7));
        world.settle().await;
        let good = refuse(&world, 1, status);
        let mut pushed = merge_request(7);
        pushed["updated_at"] = ago(1).into();
        let list = json!([pushed.clone()]);
        world.routes.set("groups/acme/merge_requests", list);
        let later = now() + TimeDelta::minutes(6);
        let mut told = world.fetch_at("pulse:acme", later).await.unwrap();
        let runs = world.fetch_at("runs:acme/api", later).await;
        assert!(runs.is_err(), "{status}");
        add(&mut told, world.settle_at(later).await);
        assert!(
            told.gone.is_empty() && told.gone_repos.is_empty(),
            "{status}"
        );
        let problems = world.source.problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].to_string().contains(expected), "{problems:?}");
        *world.routes.0.lock().unwrap() = good;
        world.routes.set("projects/1/merge_requests/7", pushed);
        let later = later + TimeDelta::minutes(10);
        world.settle_at(later).await;
        assert!(world.source.problems().is_empty(), "{status}");
        // Where the project answers and it does not, it is gone.
        let mut again = merge_request(7);
        again["updated_at"] = ago(0).into();
        world
            .routes
            .set("groups/acme/merge_requests", json!([again]));
        world.routes.unset("projects/1/merge_requests/7");
        let later = later + TimeDelta::minutes(10);
        world.fetch_at("pulse:acme", later).await.unwrap();
        let told = world.settle_at(later).await;
        assert_eq!(told.gone.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn merge_requests_and_runs_that_are_taken_away_are_trouble_and_stay() {
    let world = World::alone().await;
    world.has_merge_request(7);
    world.has_pipeline("failed", &job(3, "unit", "failed"));
    world.settle().await;
    let refused = Reply::json(&json!({"message": "403 Forbidden"})).status(403);
    world
        .routes
        .reply("projects/1/merge_requests/7", refused.clone());
    world.routes.reply("projects/1/pipelines", refused);
    let mut pushed = merge_request(7);
    pushed["updated_at"] = ago(1).into();
    let list = "projects/1/merge_requests";
    world.routes.set(list, json!([pushed.clone()]));
    let batch = world.fetch("work:acme/api").await;
    assert!(batch.gone.is_empty());
    assert!(world.settle().await.gone.is_empty());
    let told: Vec<String> = world
        .source
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = "does not let us read merge requests of acme/api";
    assert!(told[0].ends_with(expected), "{told:?}");
    let error = world.fetch_at("runs:acme/api", now()).await.unwrap_err();
    let expected = "does not let us read runs of acme/api";
    assert!(error.to_string().ends_with(expected), "{error}");
    world.routes.set(&format!("{list}/7"), pushed);
    let later = now() + TimeDelta::minutes(10);
    world.settle_at(later).await;
    assert!(world.source.problems().is_empty());
}
