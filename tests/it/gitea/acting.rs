//! Re-runs and cancellations: one request, as far as the version has it, and only if allowed.

use cycleboard::config::Action;
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::key::{RepoKey, SourceName};
use cycleboard::domain::run::{Failure, RunKey, RunState};
use cycleboard::sources::action::{Act, ActError};

use super::*;

fn target(world: &World, job: Option<u64>) -> Target {
    let url = &world.fault.url;
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    Target {
        source: SourceName::new("one"),
        run: RunKey {
            repo: RepoKey::new(&host, "acme/api"),
            id: 913,
        },
        job,
        gate: None,
    }
}

async fn world(version: &str) -> World {
    let world = World::with_repo(version).await;
    let runs = value("runs_moving.json");
    world.put(
        "/repos/acme/api/actions/runs/913",
        &runs["workflow_runs"][0],
    );
    world.put(
        "/repos/acme/api/actions/runs/913/jobs",
        &value("jobs_forgejo.json"),
    );
    world
}

fn posts(world: &World) -> Vec<String> {
    let seen = world.fault.seen();
    let posts = seen.iter().filter(|seen| seen.method == "POST");
    posts.map(|seen| seen.path().to_owned()).collect()
}

#[tokio::test]
async fn a_run_is_looked_at_by_its_identity_and_shown_by_its_number() {
    let world = world("17.0.0+gitea-1.22.0").await;
    let source = world.source("forgejo", |config| {
        allow(config, &[Action::Rerun]);
    });
    let fresh = source.look_at(target(&world, Some(502))).await.unwrap();
    assert_eq!(fresh.name.as_str(), "ci.yml #45");
    assert_eq!(fresh.job.as_deref(), Some("test"));
    assert_eq!(fresh.state, RunState::Failed(Failure::Failed));
    let error = source.look_at(target(&world, Some(9))).await.unwrap_err();
    assert!(error.to_string().contains("job 9"), "{error}");
}

#[tokio::test]
async fn each_deed_is_one_request_to_its_own_route() {
    let world = world("17.0.0+gitea-1.22.0").await;
    let base = "/repos/acme/api/actions";
    for route in ["runs/913/rerun", "jobs/502/rerun", "runs/913/cancel"] {
        world.reply(&format!("{base}/{route}"), Reply::new(201, "{}"));
    }
    let source = world.source("forgejo", |config| {
        allow(config, &[Action::Rerun, Action::Cancel]);
    });
    fetch(&source, "server").await;
    for (verb, job) in [
        (Verb::RerunAll, None),
        (Verb::RerunJob, Some(502)),
        (Verb::Cancel, None),
    ] {
        let target = target(&world, job);
        source.act(Act { verb, target }).await.unwrap();
    }
    let base = "/api/v1/repos/acme/api/actions";
    let expected = ["runs/913/rerun", "jobs/502/rerun", "runs/913/cancel"];
    assert_eq!(
        posts(&world),
        expected.map(|route| format!("{base}/{route}"))
    );
    assert_eq!(can(&source, "re-run"), CapabilityState::Available);
}

#[tokio::test]
async fn what_a_version_lacks_is_said_and_not_sent() {
    for (version, kind, who) in [
        ("11.0.1+gitea-1.22.0", "forgejo", "Forgejo 11"),
        ("15.0.3+gitea-1.22.0", "forgejo", "Forgejo 15"),
        ("1.25.0", "gitea", "Gitea 1.25"),
    ] {
        let world = world(version).await;
        let source = world.source(kind, |config| {
            allow(config, &[Action::Rerun, Action::Cancel]);
        });
        fetch(&source, "server").await;
        let no_rerun = format!("{who} has no re-run of a run");
        assert_eq!(missing(&source, "re-run"), no_rerun);
        let no_cancel = format!("{who} has no way to stop a run");
        assert_eq!(missing(&source, "cancel"), no_cancel);
        let act = Act {
            verb: Verb::RerunAll,
            target: target(&world, None),
        };
        let error = source.act(act).await.unwrap_err();
        assert!(matches!(error, ActError::NotSent(_)), "{error:?}");
        assert!(error.to_string().ends_with(&no_rerun), "{error}");
        assert!(posts(&world).is_empty(), "{version}");
    }
}

#[tokio::test]
async fn a_route_that_was_not_there_is_said_and_not_sent_twice() {
    let world = world("17.0.0+gitea-1.22.0").await;
    let source = world.source("forgejo", |config| {
        allow(config, &[Action::Rerun]);
    });
    fetch(&source, "server").await;
    let act = Act {
        verb: Verb::RerunAll,
        target: target(&world, None),
    };
    let error = source.act(act.clone()).await.unwrap_err();
    assert!(matches!(error, ActError::Unsupported(_)), "{error:?}");
    let none = "Forgejo 17 has no re-run of a run";
    assert_eq!(error.to_string(), none);
    assert_eq!(missing(&source, "re-run"), none);
    let error = source.act(act).await.unwrap_err();
    assert!(matches!(error, ActError::NotSent(_)), "{error:?}");
    assert_eq!(posts(&world).len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_allowed() {
    let world = world("17.0.0+gitea-1.22.0").await;
    let source = world.source("forgejo", |config| {
        allow(config, &[Action::Cancel]);
    });
    for verb in [Verb::RerunAll, Verb::RerunFailed, Verb::RerunJob] {
        let act = Act {
            verb,
            target: target(&world, Some(502)),
        };
        let error = source.act(act).await.unwrap_err();
        assert!(
            error.to_string().contains("does not list `rerun`"),
            "{error}"
        );
    }
    let act = Act {
        verb: Verb::ForceCancel,
        target: target(&world, None),
    };
    let error = source.act(act).await.unwrap_err();
    assert!(matches!(error, ActError::Unsupported(_)), "{error:?}");
    // It is told before anybody asks, as well.
    let told = missing(&source, Verb::ForceCancel.words());
    assert_eq!(told, error.to_string());
    assert!(posts(&world).is_empty());
}
