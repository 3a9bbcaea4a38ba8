//! Rebuild and stop: the fresh read before, one call, and what its answer means.

use super::*;
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::key::SourceName;
use cycleboard::sources::action::{Act, ActError};
use cycleboard::sources::{CapabilityState, Tier};

fn target(run: &Run) -> Target {
    Target {
        source: SourceName::new("bb"),
        run: run.key(),
        job: None,
        gate: None,
    }
}

async fn failed(writes: &[Action]) -> (Bench, Target, u64) {
    let bench = Bench::with(writes).await;
    let wish = bench.master().wish(1, SHA, None);
    let build = bench.master().begin(wish);
    bench.master().end(build, 2);
    let target = target(only(&bench.read().await));
    (bench, target, build)
}

async fn act(bench: &Bench, verb: Verb, target: &Target) -> Result<(), ActError> {
    let target = target.clone();
    bench.source.act(Act { verb, target }).await
}

#[tokio::test]
async fn a_rebuild_is_one_call_and_is_seen_as_the_next_attempt() {
    let (bench, target, build) = failed(&[Action::Rerun]).await;
    let before = bench.source.look_at(target.clone()).await.unwrap();
    assert_eq!((&*before.name, before.attempt), ("unit #1", 1));
    bench.master().call = Some((
        200,
        json!({"id": 1, "jsonrpc": "2.0", "result": [2, {"1": 2}]}),
    ));
    act(&bench, Verb::RerunFailed, &target).await.unwrap();
    let seen = bench.fault.seen();
    let calls: Vec<&Seen> = seen.iter().filter(|it| it.method == "POST").collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].path(), "/api/v2/builders/1/builds/1");
    let call: Value = serde_json::from_str(&calls[0].body).unwrap();
    assert_eq!(
        (&call["method"], &call["jsonrpc"]),
        (&json!("rebuild"), &json!("2.0"))
    );
    let builds = &bench.source.resources(now())[0];
    assert_eq!(
        (&*builds.id, builds.tier),
        ("builds", Tier::Now),
        "read soon"
    );
    let again = bench.master().wish(1, SHA, Some(build));
    let after = bench.source.look_at(target.clone()).await.unwrap();
    assert_eq!((after.attempt, after.state), (2, RunState::Queued));
    bench.master().begin(again);
    let after = bench.source.look_at(target.clone()).await.unwrap();
    assert_eq!((after.attempt, after.state), (2, RunState::Running));
    // Once the board knows of it, it is still the second.
    bench.read().await;
    let after = bench.source.look_at(target).await.unwrap();
    assert_eq!((after.attempt, after.state), (2, RunState::Running));
}

#[tokio::test]
async fn an_error_in_an_answer_that_looks_well_is_a_refusal() {
    let (bench, target, _) = failed(&[Action::Rerun]).await;
    let error = json!({"id": 1, "jsonrpc": "2.0", "error": {"code": -32000, "message": "not you"}});
    for status in [200, 403, 501] {
        bench.master().call = Some((status, error.clone()));
        let refused = act(&bench, Verb::RerunAll, &target).await.unwrap_err();
        assert!(
            matches!(&refused, ActError::Refused { said, .. } if said.contains("not you")),
            "{status}: {refused:?}"
        );
    }
    bench.master().call = Some((500, error));
    let unsure = act(&bench, Verb::RerunAll, &target).await.unwrap_err();
    assert!(
        matches!(unsure, ActError::Unsure { .. }),
        "it may have begun"
    );
}

#[tokio::test]
async fn what_waits_is_cancelled_and_what_runs_is_stopped() {
    let bench = Bench::with(&[Action::Cancel]).await;
    let done = json!({"id": 1, "jsonrpc": "2.0", "result": null});
    bench.master().call = Some((200, done));
    let wish = bench.master().wish(1, SHA, None);
    let target = target(only(&bench.read().await));
    act(&bench, Verb::Cancel, &target).await.unwrap();
    bench.master().begin(wish);
    bench.read().await;
    act(&bench, Verb::Cancel, &target).await.unwrap();
    let seen = bench.fault.seen();
    let calls: Vec<(String, Value)> = seen
        .iter()
        .filter(|it| it.method == "POST")
        .map(|it| (it.target.clone(), serde_json::from_str(&it.body).unwrap()))
        .collect();
    assert_eq!(calls[0].0, "/api/v2/buildrequests/1");
    assert_eq!(calls[0].1["method"], "cancel");
    assert_eq!(calls[1].0, "/api/v2/builders/1/builds/1");
    assert_eq!(calls[1].1["method"], "stop");
    bench.master().end(1, 6);
    let after = bench.source.look_at(target).await.unwrap();
    assert_eq!(after.state, RunState::Cancelled);
}

#[tokio::test]
async fn nothing_leaves_that_the_settings_do_not_allow() {
    let (bench, target, _) = failed(&[Action::Cancel]).await;
    let refused = act(&bench, Verb::RerunAll, &target).await.unwrap_err();
    assert!(matches!(refused, ActError::NotSent(_)), "{refused:?}");
    let can = bench.source.capabilities();
    let rerun = can.iter().find(|can| can.name == "re-run").unwrap();
    assert!(matches!(&rerun.state, CapabilityState::Missing(why) if why.contains("`rerun`")));
    let mut foreign = target;
    foreign.run.id = 7;
    assert!(act(&bench, Verb::Cancel, &foreign).await.is_err());
    assert!(bench.source.look_at(foreign).await.is_err());
    assert!(bench.fault.seen().iter().all(|it| it.method == "GET"));
}

#[tokio::test]
async fn that_there_is_one_way_to_stop_is_told_before_anybody_asks() {
    let (bench, _, _) = failed(&[Action::Rerun, Action::Cancel]).await;
    let can = bench.source.capabilities();
    let missing = can.iter().filter_map(|can| match &can.state {
        CapabilityState::Missing(why) => Some((can.name, why.to_string())),
        CapabilityState::Unknown | CapabilityState::Available => None,
    });
    let missing: Vec<(&str, String)> = missing.collect();
    let why = "Buildbot stops a build in one way: cancel it".to_owned();
    assert_eq!(missing, [(Verb::ForceCancel.words(), why)]);
}
