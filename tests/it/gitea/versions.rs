//! What each version has: found by asking, remembered, asked again, told with its reason.

use cycleboard::domain::commit::{Lost, Relation};
use cycleboard::domain::correlate::Need;
use cycleboard::domain::diagnosis::LogState;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::{RepoKey, Sha};
use cycleboard::domain::run::RunState;
use std::collections::BTreeSet;

use super::*;

fn host(world: &World) -> String {
    let url = &world.fault.url;
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}

#[tokio::test]
async fn an_old_server_has_no_runs_and_is_not_asked_for_them_again_within_a_day() {
    let world = World::with_repo("1.21.4").await;
    let source = world.of_repo("gitea");
    settle(&source).await;
    assert_eq!(missing(&source, "runs"), "Gitea 1.21 has no list of runs");
    world.asked();
    for hours in [1, 23] {
        drop(
            fetch_at(&source, "runs:acme/api", later(hours))
                .await
                .unwrap(),
        );
    }
    assert!(world.asked().is_empty(), "it is remembered");
    assert!(
        !source
            .resources(now())
            .iter()
            .any(|it| it.id.starts_with("runs:"))
    );
    drop(fetch_at(&source, "runs:acme/api", later(24)).await.unwrap());
    assert_eq!(world.asked().len(), 2, "runs and tasks, after a day");
}

#[tokio::test]
async fn an_upgrade_is_noticed_and_everything_is_tried_again() {
    let world = World::with_repo("1.21.4").await;
    let source = world.of_repo("gitea");
    settle(&source).await;
    world.put("/version", &json!({"version": "1.25.0"}));
    let runs = "/repos/acme/api/actions/runs";
    world.put(runs, &json!({"workflow_runs": [], "total_count": 0}));
    fetch(&source, "server").await;
    fetch(&source, "runs:acme/api").await;
    assert_eq!(can(&source, "runs"), CapabilityState::Available);
}

#[tokio::test]
async fn where_there_are_only_tasks_runs_are_made_of_them() {
    let world = World::with_repo("1.22.6").await;
    world.put("/repos/acme/api/actions/tasks", &value("tasks.json"));
    let source = world.of_repo("gitea");
    let batch = fetch_all_runs(&source).await;
    let runs = batch
        .facts
        .iter()
        .filter(|fact| matches!(fact, Fact::Run(_)));
    assert_eq!(runs.count(), 3);
    let sets = batch
        .facts
        .iter()
        .filter(|fact| matches!(fact, Fact::JobSet(_)));
    assert_eq!(sets.count(), 3, "tasks are their jobs");
    assert!(batch.listings.is_empty());
    assert_eq!(can(&source, "runs"), CapabilityState::Available);
}

async fn fetch_all_runs(source: &Gitea) -> Batch {
    fetch(source, "server").await;
    fetch(source, "runs:acme/api").await
}

#[tokio::test]
async fn jobs_are_asked_by_the_identity_of_a_run_and_a_log_that_is_not_there_says_why() {
    let world = World::with_repo("11.0.1+gitea-1.22.0").await;
    world.put("/repos/acme/api/actions/runs", &value("runs_moving.json"));
    world.put(
        "/repos/acme/api/actions/runs/913/jobs",
        &value("jobs_forgejo.json"),
    );
    for other in [912, 914] {
        let path = format!("/repos/acme/api/actions/runs/{other}/jobs");
        world.put(&path, &json!([]));
    }
    world.put("/repos/acme/api/actions/tasks", &value("tasks.json"));
    let source = world.of_repo("forgejo");
    let batch = fetch_all_runs(&source).await;
    let asked = world.asked();
    assert!(
        asked.iter().any(|path| path.ends_with("runs/913/jobs")),
        "{asked:?}"
    );
    assert!(
        !asked.iter().any(|path| path.ends_with("runs/45/jobs")),
        "not by its number"
    );
    let set = batch.facts.iter().find_map(|fact| {
        if let Fact::JobSet(set) = fact
            && set.run.id == 913
        {
            return Some(set.clone());
        }
        None
    });
    let set = set.unwrap();
    assert!(
        set.jobs[1].finished_at.is_some(),
        "tasks tell when it ended"
    );
    let log = cycleboard::domain::diagnosis::LogKey {
        run: set.run.clone(),
        attempt: set.attempt,
        job: set.jobs[1].id,
    };
    let told = source.diagnose(log, now()).await.unwrap();
    let [Fact::Diagnosis(found)] = &told.facts[..] else {
        panic!("{told:?}");
    };
    let LogState::Refused(why) = &found.log else {
        panic!("{:?}", found.log);
    };
    assert_eq!(&**why, "Forgejo 11 has no job log");
    assert_eq!(missing(&source, "job logs"), "Forgejo 11 has no job log");
}

#[tokio::test]
async fn the_log_of_a_newer_server_is_read() {
    let world = World::with_repo("16.0.0+gitea-1.22.0").await;
    world.put("/repos/acme/api/actions/runs", &value("runs_moving.json"));
    world.put(
        "/repos/acme/api/actions/runs/913/jobs",
        &value("jobs_forgejo.json"),
    );
    let log =
        "2026-11-21T01:12:11.0Z running\n2026-11-21T01:13:59.0Z error[E0308]: mismatched types\n";
    let reply = Reply::new(200, log).with("content-type", "text/plain");
    world.reply("/repos/acme/api/actions/jobs/502/logs", reply);
    let source = world.of_repo("forgejo");
    fetch_all_runs(&source).await;
    let need = Need::Diagnosis {
        repo: RepoKey::new(&host(&world), "acme/api"),
        run: 913,
        job: 502,
    };
    source.need(&BTreeSet::from([need]));
    let id = source.resources(now());
    let id = id.iter().find(|it| it.id.starts_with("needs:")).unwrap();
    let batch = fetch(&source, &id.id).await;
    let [Fact::Diagnosis(found)] = &batch.facts[..] else {
        panic!("{batch:?}");
    };
    assert!(
        matches!(found.log, LogState::Read { lines: 2, .. }),
        "{:?}",
        found.log
    );
    assert_eq!(can(&source, "job logs"), CapabilityState::Available);
    assert!(
        !source
            .resources(now())
            .iter()
            .any(|it| it.id.starts_with("needs:"))
    );
}

#[tokio::test]
async fn a_range_is_asked_once_and_told_in_full() {
    let world = World::with_repo("1.25.0").await;
    let (from, to) = ("9".repeat(40), "f".repeat(40));
    let compare: Value =
        serde_json::from_str(include_str!("../../data/gitea/compare.json")).unwrap();
    world.put(&format!("/repos/acme/api/compare/{from}...{to}"), &compare);
    let source = world.of_repo("gitea");
    settle(&source).await;
    let need = Need::Range {
        repo: RepoKey::new(&host(&world), "acme/api"),
        from: Sha::parse(&from).unwrap(),
        to: Sha::parse(&to).unwrap(),
    };
    let foreign = Need::Jobs {
        repo: RepoKey::new(&host(&world), "acme/api"),
        run: cycleboard::domain::run::foreign_id("ci.test", "7"),
    };
    source.need(&BTreeSet::from([need, foreign]));
    let due: Vec<_> = source
        .resources(now())
        .into_iter()
        .filter(|it| it.id.contains(':') && it.tier == Tier::Past)
        .collect();
    let batch = fetch(&source, &due[0].id).await;
    let [Fact::Range(range)] = &batch.facts[..] else {
        panic!("{batch:?}");
    };
    assert!(range.complete && range.commits.len() == 3);
    let left = source.resources(now());
    assert!(
        !left
            .iter()
            .any(|it| it.tier == Tier::Past || it.id.starts_with("needs:"))
    );
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_an_answer_while_the_repository_is_seen() {
    let world = World::with_repo("1.25.0").await;
    let (from, to) = ("9".repeat(40), "f".repeat(40));
    let missing = Reply::new(404, r#"{"message":"The target couldn't be found."}"#);
    let compare = format!("/repos/acme/api/compare/{from}...{to}");
    world.reply(&compare, missing.clone());
    world.put(
        &format!("/repos/acme/api/git/commits/{from}"),
        &json!({"sha": from}),
    );
    world.reply(
        &format!("/repos/acme/api/git/commits/{to}"),
        missing.clone(),
    );
    let source = world.of_repo("gitea");
    settle(&source).await;
    let need = Need::Range {
        repo: RepoKey::new(&host(&world), "acme/api"),
        from: Sha::parse(&from).unwrap(),
        to: Sha::parse(&to).unwrap(),
    };
    source.need(&BTreeSet::from([need]));
    let due = source.resources(now());
    let past = due.iter().find(|it| it.tier == Tier::Past).unwrap();
    let batch = fetch(&source, &past.id).await;
    let [Fact::Range(range)] = &batch.facts[..] else {
        panic!("{batch:?}");
    };
    assert_eq!(range.relation, Relation::Absent(Lost::Newer));
}

#[tokio::test]
async fn a_search_that_is_broken_costs_the_search() {
    let world = World::with_repo("1.25.0").await;
    world.reply(
        "/repos/issues/search",
        Reply::new(500, r#"{"message":"index is not ready"}"#),
    );
    let source = world.of_repo("gitea");
    settle(&source).await;
    let batch = fetch(&source, "changes").await;
    assert!(
        batch
            .warnings
            .iter()
            .any(|text| text.contains("each repository is asked by itself")),
        "{:?}",
        batch.warnings
    );
    let polled = source.resources(now());
    let list = polled
        .iter()
        .find(|it| &*it.id == "issues:acme/api")
        .unwrap();
    assert!(list.tier < Tier::Rare, "{list:?}");
    let covered = batch.covered.is_empty();
    assert!(covered, "nothing was confirmed");
}

#[tokio::test]
async fn a_server_that_only_fails_is_not_said_to_lack_a_search() {
    let world = World::with_repo("1.25.0").await;
    world.reply("/", Reply::new(500, "<html>oops</html>"));
    world.reply("/repos/issues/search", Reply::new(500, "<html>oops</html>"));
    let source = world.of_repo("gitea");
    let batch = fetch(&source, "changes").await;
    assert!(batch.warnings.is_empty() && batch.covered.is_empty());
}

#[tokio::test]
async fn a_description_of_the_server_tells_what_need_not_be_tried() {
    let world = World::with_repo("17.0.0+gitea-1.22.0").await;
    let rerun = "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun";
    let paths = json!({"paths": {"/version": {"get": {}}, rerun: {"post": {}},
        "/repos/issues/search": {"get": {}}, "/repos/search": {"get": {}}}});
    world.put("/swagger.v1.json", &paths);
    let source = world.source("forgejo", |config| {
        allow(config, &[Action::Rerun, Action::Cancel]);
    });
    settle(&source).await;
    assert_eq!(can(&source, "re-run"), CapabilityState::Available);
    assert_eq!(
        missing(&source, "cancel"),
        "Forgejo 17 has no way to stop a run"
    );
    let asked = world.asked();
    assert!(
        !asked.iter().any(|path| path.contains("actions")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_run_that_waits_for_approval_needs_a_person() {
    let world = World::with_repo("15.0.0+gitea-1.22.0").await;
    world.put("/repos/acme/api/actions/runs", &value("runs_moving.json"));
    let source = world.of_repo("forgejo");
    let batch = fetch_all_runs(&source).await;
    let waits = batch
        .facts
        .iter()
        .any(|fact| matches!(fact, Fact::Run(run) if run.state == RunState::ActionRequired));
    assert!(waits);
    assert_eq!(
        missing(&source, "jobs"),
        "Forgejo 15 has no list of the jobs of a run"
    );
}

#[tokio::test]
async fn a_server_below_a_path_of_its_host_has_repositories_of_its_own() {
    let world = World::with_repo("1.25.0").await;
    let source = world.source("gitea", |config| {
        config.repos = vec!["acme/api".to_owned()];
        config.url.set_path("/forge-a");
    });
    settle(&source).await;
    let need = |place: &str| Need::Jobs {
        repo: RepoKey::new(place, "acme/api"),
        run: 7,
    };
    for (place, asks) in [
        (format!("{}/forge-b", host(&world)), false),
        (host(&world), false),
        (format!("{}/forge-a", host(&world)), true),
    ] {
        source.need(&BTreeSet::from([need(&place)]));
        let due = source.resources(now());
        let needs = due.iter().any(|it| it.id.starts_with("needs:"));
        assert_eq!(needs, asks, "{place}");
    }
}
