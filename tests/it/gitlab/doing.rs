//! What is done there: one request each, and none that the token or the settings forbid.

use super::*;
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::run::{RunKey, RunState, foreign_id};
use cycleboard::sources::action::{Act, ActError};

fn target(world: &World, run: u64, job: Option<u64>) -> Target {
    Target {
        source: world.source.name().clone(),
        run: RunKey {
            repo: world.repo("acme/api"),
            id: run,
        },
        job,
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
