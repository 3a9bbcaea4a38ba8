//! Answers at gates: only at one that waits, only as it was shown, and once.

use super::*;
use crate::domain::attention::Patience;
use crate::domain::run::Door;
use crate::engine::Practice;
use crate::engine::actions::journal::key;

/// A server whose run waits at a gate of this name.
fn waits(name: &str, environment: Option<&str>) -> Arc<Server> {
    let server = Server::new(Answer::Takes);
    *server.run.lock().unwrap() = (1, RunState::Waiting);
    *server.gate.lock().unwrap() = Some(OpenGate {
        door: Door::Job(5),
        name: Clean::line(name),
        environment: environment.map(Clean::line),
        hindrance: None,
        typed: None,
    });
    server
}

/// Asks for an answer at a gate: what would have to be typed, or why it is not possible.
async fn check(name: &str, environment: Option<&str>, typed: Option<&str>) {
    let (server, home) = (waits(name, environment), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.intend("a", Verb::Approve, 7).await;
    let state = board
        .state("a", |s| !matches!(s, ActionState::Reading))
        .await;
    let ActionState::Ready(fresh) = state else {
        panic!("{name}: {state:?}");
    };
    assert_eq!(fresh.gate.unwrap().typed.as_deref(), typed, "{name}");
    board.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_name_of_production_has_to_be_typed() {
    check("deploy", Some("eu-production"), Some("eu-production")).await;
    check("deploy-prod", None, Some("deploy-prod")).await;
    check("Deploy to production?", None, Some("production")).await;
    check("deploy", Some("staging"), None).await;
    check("Publish the product?", None, None).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_production_since_has_to_be_typed() {
    let (server, home) = (waits("deploy", Some("staging")), home());
    let mut board = board(&server, acting(&home.journal)).await;
    let practice = Practice {
        policy: Policy {
            production: Regex::new("^staging$").unwrap(),
            ..Policy::default()
        },
        columns: Vec::new(),
        limits: Vec::new(),
        patience: Patience::default(),
    };
    board
        .command(EngineCommand::Practise(Arc::new(practice)))
        .await;
    board.intend("a", Verb::Approve, 7).await;
    let state = board
        .state("a", |s| !matches!(s, ActionState::Reading))
        .await;
    let ActionState::Ready(fresh) = state else {
        panic!("{state:?}");
    };
    assert_eq!(fresh.gate.unwrap().typed.as_deref(), Some("staging"));
    board.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_gate_is_answered_once_and_what_came_of_it_is_read() {
    let (server, home) = (waits("deploy", None), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::Approve, 7).await;
    assert_eq!(board.over("a").await, "confirmed 1");
    board.intend("b", Verb::Approve, 7).await;
    let why = "stopped: `ci #812` is running: nothing waits there for an answer";
    assert_eq!(board.over("b").await, why);
    assert_eq!(server.acts(), 1);
    board.stop().await;
    let told = ["intended", "requested", "confirmed"];
    assert_eq!(events(&home.journal), told);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_somebody_else_answered_meanwhile_is_left_alone() {
    let (server, home) = (waits("deploy", None), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.intend("a", Verb::Approve, 7).await;
    board.ready("a").await;
    *server.gate.lock().unwrap() = None;
    tokio::time::sleep(Duration::from_secs(20)).await;
    board.command(EngineCommand::Confirm(id("a"))).await;
    let over = board.over("a").await;
    assert!(over.contains("changed meanwhile"), "{over}");
    assert_eq!(server.acts(), 0);
    board.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_answered_from_here_says_why() {
    let (server, home) = (waits("deploy", None), home());
    let why = Clean::line("it asks for `VERSION`: answer it on its page");
    if let Some(gate) = &mut *server.gate.lock().unwrap() {
        gate.hindrance = Some(why);
    }
    let mut board = board(&server, acting(&home.journal)).await;
    board.intend("a", Verb::Approve, 7).await;
    let told = "stopped: `deploy`: it asks for `VERSION`: answer it on its page";
    assert_eq!(board.over("a").await, told);
    // It is in `writes` by its own word.
    board.intend("b", Verb::Reject, 7).await;
    let over = board.over("b").await;
    assert!(over.contains("put \"reject\" into its `writes`"), "{over}");
    assert_eq!(server.acts(), 0);
    board.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_of_which_only_gates_are_left_was_stopped_and_is_not_stopped_again() {
    let (server, home) = (waits("deploy", None), home());
    let mut board = board(&server, acting(&home.journal)).await;
    // The server leaves the gate: what came after it is what was stopped.
    board.act("a", Verb::Cancel, 7).await;
    assert_eq!(board.over("a").await, "confirmed 1");
    board.intend("b", Verb::Cancel, 7).await;
    let told = "stopped: `ci #812` waits: only manual jobs are left: there is nothing to cancel";
    assert_eq!(board.over("b").await, told);
    assert_eq!(server.acts(), 1);
    board.stop().await;
}

#[test]
fn two_answers_at_one_gate_exclude_each_other() {
    let at = |door: Door| Target {
        gate: Some(door),
        ..target(7)
    };
    let one = at(Door::Job(1));
    assert_eq!(key(Verb::Approve, &one), key(Verb::Reject, &one));
    let others = [at(Door::Job(2)), at(Door::Deployment(1)), target(7)];
    for other in others {
        assert_ne!(key(Verb::Approve, &one), key(Verb::Approve, &other));
    }
    assert_ne!(key(Verb::Approve, &one), key(Verb::Cancel, &one));
    // What else is done to a run has the name that it always had.
    assert_eq!(key(Verb::Cancel, &one), key(Verb::Cancel, &target(7)));
}
