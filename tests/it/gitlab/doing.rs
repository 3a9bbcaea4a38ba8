//! What is done there: one request each, and none that the token or the settings forbid.

use super::*;
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::run::{Door, RunKey, RunState, foreign_id};
use cycleboard::sources::action::{Act, ActError};

fn target(world: &World, run: u64, job: Option<u64>) -> Target {
    Target {
        source: world.source.name().clone(),
        run: RunKey {
            repo: world.repo("acme/api"),
            id: run,
        },
        job,
        gate: None,
    }
}

async fn act(world: &World, verb: Verb, job: Option<u64>) -> Result<(), ActError> {
    let target = target(world, 9, job);
    world.source.act(Act { verb, target }).await
}

#[tokio::test]
async fn each_deed_is_one_request() {
    let world = World::alone().await;
    world.settle().await;
    for (verb, job, path) in [
        (Verb::RerunFailed, None, "projects/1/pipelines/9/retry"),
        (Verb::Cancel, None, "projects/1/pipelines/9/cancel"),
        (Verb::RerunJob, Some(3), "projects/1/jobs/3/retry"),
    ] {
        world
            .routes
            .reply(path, Reply::json(&json!({"id": 9})).status(201));
        let before = world.count();
        act(&world, verb, job).await.unwrap();
        assert_eq!(world.asked(before), [format!("POST /api/v4/{path}")]);
    }
    assert_eq!(world.can("re-run"), CapabilityState::Available);
    let refused = Reply::json(&json!({"message": "403 Forbidden"})).status(403);
    world.routes.reply("projects/1/pipelines/9/retry", refused);
    let said = act(&world, Verb::RerunFailed, None).await.unwrap_err();
    assert!(
        matches!(said, ActError::Refused { status: 403, .. }),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_gitlab_cannot_do_is_said_and_not_sent() {
    let world = World::alone().await;
    world.settle().await;
    let before = world.count();
    for verb in [Verb::RerunAll, Verb::ForceCancel] {
        let said = act(&world, verb, None).await.unwrap_err();
        assert!(matches!(said, ActError::Unsupported(_)), "{said:?}");
        // It is told before anybody asks, as well.
        let told = CapabilityState::Missing(said.to_string().as_str().into());
        assert_eq!(world.can(verb.words()), told);
    }
    let target = target(&world, foreign_id("ci.test", "api/1"), None);
    let foreign = Act {
        verb: Verb::Cancel,
        target,
    };
    let said = world.source.act(foreign).await.unwrap_err();
    assert!(matches!(said, ActError::NotSent(_)), "{said:?}");
    assert_eq!(world.count(), before);
}

#[tokio::test]
async fn a_token_that_may_only_read_changes_nothing() {
    let world = World::alone().await;
    world.routes.set(
        "personal_access_tokens/self",
        json!({"scopes": ["read_api"]}),
    );
    world.settle().await;
    let before = world.count();
    let said = act(&world, Verb::Cancel, None).await.unwrap_err();
    assert!(
        said.to_string().contains("the token has no scope `api`"),
        "{said}"
    );
    assert_eq!(world.count(), before);
    assert!(matches!(world.can("cancel"), CapabilityState::Missing(_)));
    assert_eq!(world.source.meter().me.as_deref(), Some("ada"));
}

#[tokio::test]
async fn the_fresh_read_counts_attempts_by_jobs() {
    let world = World::alone().await;
    world.settle().await;
    world
        .routes
        .set("projects/1/pipelines/9", pipeline(9, "failed"));
    let jobs = json!([job(3, "unit", "failed"), job(1, "unit", "failed")]);
    world.routes.set("projects/1/pipelines/9/jobs", jobs);
    let fresh = world
        .source
        .look_at(target(&world, 9, Some(3)))
        .await
        .unwrap();
    assert_eq!((fresh.attempt, fresh.name.as_str()), (2, "pipeline #9"));
    assert_eq!(fresh.job.as_deref(), Some("unit"));
    assert!(matches!(fresh.state, RunState::Failed(_)));
}

#[tokio::test]
async fn a_pipeline_of_which_only_manual_jobs_are_left_has_nothing_to_cancel() {
    let world = World::alone().await;
    world.settle().await;
    world
        .routes
        .set("projects/1/pipelines/9", pipeline(9, "manual"));
    let at_rest = async |jobs: Value| {
        world.routes.set("projects/1/pipelines/9/jobs", jobs);
        let fresh = world.source.look_at(target(&world, 9, None)).await;
        fresh.unwrap().at_rest.map(|why| why.to_string())
    };
    let (unit, gate) = (job(1, "unit", "success"), job(2, "deploy", "manual"));
    let why = "only manual jobs are left of it, which GitLab does not cancel";
    let left = json!([unit.clone(), gate.clone()]);
    assert_eq!(at_rest(left).await.as_deref(), Some(why));
    // What would follow the gate is stopped.
    let more = json!([unit.clone(), gate, job(3, "smoke", "created")]);
    assert_eq!(at_rest(more).await, None);
    assert_eq!(at_rest(json!([unit])).await, None);
    assert_eq!(at_rest(json!([])).await, None);
}

/// A world whose gates may be answered, at rest.
async fn at_gates() -> World {
    let world = World::with(|config| {
        config.repos = vec!["acme/api".to_owned()];
        config.writes = vec![Action::Approve, Action::Reject];
    })
    .await;
    world
        .routes
        .set("projects/acme%2Fapi", project(1, "acme/api", 30));
    world.empty("projects/1");
    world.settle().await;
    world
        .routes
        .set("projects/1/pipelines/9", pipeline(9, "manual"));
    world.routes.set("projects/1/pipelines/9/jobs", json!([]));
    world
}

fn at_gate(world: &World, door: Door) -> Target {
    Target {
        gate: Some(door),
        ..target(world, 9, None)
    }
}

/// Answers at a gate: the request that was sent and its body, or why none was.
async fn answered(world: &World, verb: Verb, door: Door) -> Result<String, String> {
    let target = at_gate(world, door);
    let before = world.count();
    let done = world.source.act(Act { verb, target }).await;
    done.map_err(|error| error.to_string())?;
    let sent = &world.fault.seen()[before];
    Ok(format!("{} {}", sent.path(), sent.body))
}

#[tokio::test]
async fn a_manual_job_is_started_and_a_deployment_approved_by_one_request() {
    let world = at_gates().await;
    let taken = || Reply::json(&json!({"id": 5, "status": "pending"})).status(201);
    world.routes.reply("projects/1/jobs/5/play", taken());
    let approval = "projects/1/deployments/7/approval";
    world.routes.reply(approval, taken());
    let sent = answered(&world, Verb::Approve, Door::Job(5)).await;
    assert_eq!(sent.unwrap(), "/api/v4/projects/1/jobs/5/play ");
    for (verb, word) in [(Verb::Approve, "approved"), (Verb::Reject, "rejected")] {
        let sent = answered(&world, verb, Door::Deployment(7)).await;
        let body = json!({"status": word});
        assert_eq!(sent.unwrap(), format!("/api/v4/{approval} {body}"));
    }
    assert_eq!(world.can("approve"), CapabilityState::Available);
    // A manual job cannot be refused, and a gate that is no job and no deployment is none of these.
    let before = world.count();
    let why = answered(&world, Verb::Reject, Door::Job(5))
        .await
        .unwrap_err();
    assert!(why.contains("waits as long as nobody starts it"), "{why}");
    let why = answered(&world, Verb::Approve, Door::Environment(5)).await;
    assert!(why.unwrap_err().contains("it is not known which job"));
    assert_eq!(world.count(), before);
}

#[tokio::test]
async fn what_the_server_says_against_it_is_told() {
    let world = at_gates().await;
    let said = |status: u16, text: &str| Reply::json(&json!({"message": text})).status(status);
    let play = "projects/1/jobs/5/play";
    for (status, text) in [
        (400, "400 Bad request - Unplayable Job"),
        (403, "403 Forbidden"),
    ] {
        world.routes.reply(play, said(status, text));
        let why = answered(&world, Verb::Approve, Door::Job(5)).await;
        let why = why.unwrap_err();
        assert!(why.contains(text), "{why}");
    }
    // The account may not open this gate: that says nothing of others.
    assert_eq!(world.can("approve"), CapabilityState::Unknown);
}

#[tokio::test]
async fn the_fresh_read_tells_whether_a_gate_still_waits() {
    let world = at_gates().await;
    let mut waits = job(5, "deploy-prod", "manual");
    world.routes.set("projects/1/jobs/5", waits.clone());
    let look = async |door: Door| {
        let looked = world.source.look_at(at_gate(&world, door)).await;
        looked.unwrap().gate
    };
    let gate = look(Door::Job(5)).await.unwrap();
    assert_eq!((&*gate.name, gate.environment), ("deploy-prod", None));
    assert_eq!((gate.hindrance, gate.typed), (None, None));
    waits["status"] = "pending".into();
    world.routes.set("projects/1/jobs/5", waits);
    assert_eq!(look(Door::Job(5)).await, None);
    let mut held = json!({
        "id": 7, "iid": 7, "status": "blocked", "ref": "main", "created_at": ago(9),
        "environment": {"id": 3, "name": "eu-west"},
        "deployable": {"name": "to prod", "status": "manual", "pipeline": {"id": 9}},
    });
    world.routes.set("projects/1/deployments/7", held.clone());
    let gate = look(Door::Deployment(7)).await.unwrap();
    assert_eq!(gate.environment.as_ref(), Some(&gate.name));
    held["status"] = "running".into();
    world.routes.set("projects/1/deployments/7", held);
    assert_eq!(look(Door::Deployment(7)).await, None);
}
