//! A real Buildbot, as `.ci/buildbot.py` starts it.
//!
//! Builders that passed, failed, run and wait, for commits of a repository elsewhere;
//! one that tests do again and one that they stop.

use std::collections::BTreeSet;

use cycleboard::config::{Action, SourceConfig};
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::correlate::Need;
use cycleboard::domain::diagnosis::LogState;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::SourceName;
use cycleboard::domain::run::{Run, RunState};
use cycleboard::sources::action::{Act, ActError};
use cycleboard::sources::buildbot::Buildbot;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Batch, Fetch, Source};

use super::monitors::named;
use crate::support::env::{Home, Ran};
use crate::support::ground::bare;

const ADDRESS: &str = "CYCLEBOARD_TEST_BUILDBOT";

fn open(address: &str) -> Buildbot {
    let mut config = SourceConfig::new("bb", "buildbot", address.parse().unwrap());
    config.writes = vec![Action::Rerun, Action::Cancel];
    let ground = Ground {
        read_only: false,
        ..bare(now)
    };
    Buildbot::new(&config, &ground, Limits::default()).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server outside of the test has the time of the machine"
)]
fn now() -> cycleboard::domain::Timestamp {
    chrono::Utc::now()
}

async fn poll(source: &Buildbot, resource: &str) -> Batch {
    let fetch = Fetch {
        resource: resource.into(),
        now: now(),
        forced: false,
    };
    source.fetch(fetch).await.unwrap()
}

/// Waits for something that the server tells, with a ceiling.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    let ceiling = std::time::Duration::from_secs(30);
    let came = tokio::time::timeout(ceiling, what).await;
    came.expect("the server tells it by itself within half a minute")
}

/// Returns the newest run of a builder.
fn newest(batch: &Batch, builder: &str) -> Option<Run> {
    let mut newest = None;
    for fact in &batch.facts {
        if let Fact::Run(run) = fact
            && &*run.workflow == builder
        {
            newest = Some(run.clone());
        }
    }
    newest
}

/// Reads the builds, and again whenever the server tells of a change, until a run of a builder is
/// as it should be.
async fn until(source: &Buildbot, builder: &str, holds: impl Fn(&Run) -> bool) -> Run {
    soon(async {
        loop {
            let batch = poll(source, "builds").await;
            if let Some(run) = newest(&batch, builder).filter(&holds) {
                return run;
            }
            source.changes().unwrap().await.unwrap();
        }
    })
    .await
}

fn target(run: &Run) -> Target {
    Target {
        source: SourceName::new("bb"),
        run: run.key(),
        job: None,
        gate: None,
    }
}

#[tokio::test]
async fn builds_of_a_real_server_are_runs_of_their_commits() {
    let (Some(address), Some(commits)) =
        (named(ADDRESS), named("CYCLEBOARD_TEST_BUILDBOT_COMMITS"))
    else {
        return;
    };
    let (passed, failed) = commits.split_once(' ').unwrap();
    let source = open(&address);
    let batch = poll(&source, "builds").await;
    assert!(batch.warnings.is_empty(), "{:?}", batch.warnings);
    let run = |builder: &str| newest(&batch, builder).unwrap();
    let compile = run("compile");
    assert_eq!(compile.state, RunState::Passed);
    assert_eq!(compile.repo.as_str(), "forge.example.org/acme/api");
    assert_eq!(compile.head_sha.as_ref().unwrap().as_str(), passed);
    assert_eq!((&*compile.branch, &*compile.event), ("main", "force"));
    assert_eq!(&*compile.title, "try compile");
    assert_eq!(&*compile.actor.as_ref().unwrap().login, "Ada");
    let integration = run("integration");
    assert!(matches!(integration.state, RunState::Failed(_)));
    assert_eq!(integration.head_sha.as_ref().unwrap().as_str(), failed);
    assert_eq!(&*run("child").event, "trigger");
    assert!(matches!(run("release").state, RunState::Passed));
    let mut slow = BTreeSet::new();
    for fact in &batch.facts {
        if let Fact::Run(run) = fact
            && &*run.workflow == "slow"
        {
            slow.insert(format!("{:?}", run.state));
        }
    }
    assert_eq!(slow, ["Queued", "Running"].map(str::to_owned).into());
    // Of a server that nobody uses, a round costs three requests.
    let before = source.meter().sent;
    poll(&source, "builds").await;
    assert!(source.meter().sent - before <= 3);
}

#[tokio::test]
async fn why_a_real_build_failed_is_found_in_the_logs_of_its_steps() {
    let Some(address) = named(ADDRESS) else {
        return;
    };
    let source = open(&address);
    let batch = poll(&source, "builds").await;
    let run = newest(&batch, "integration").unwrap();
    let (repo, id) = (run.repo.clone(), run.id);
    let jobs = Need::Jobs {
        repo: repo.clone(),
        run: id,
    };
    source.need(&[jobs].into());
    let batch = poll(&source, "needs").await;
    let Fact::JobSet(set) = &batch.facts[0] else {
        panic!("{batch:?}")
    };
    let steps: Vec<(&str, bool)> = set.jobs[0]
        .steps
        .iter()
        .map(|step| (&*step.name, matches!(step.state, RunState::Failed(_))))
        .collect();
    let expected = [
        ("worker_preparation", false),
        ("compile", true),
        ("lint", false),
        ("test", true),
    ];
    assert_eq!(steps, expected);
    let why = Need::Diagnosis {
        repo,
        run: id,
        job: set.jobs[0].id,
    };
    source.need(&[why].into());
    let batch = poll(&source, "needs").await;
    let Fact::Diagnosis(found) = &batch.facts[0] else {
        panic!("{batch:?}")
    };
    assert!(matches!(found.log, LogState::Read { .. }), "{found:#?}");
    assert_eq!(found.tests[0].name.as_str(), "test_retry");
    assert_eq!(found.step.as_ref().unwrap().0, 2);
}

#[tokio::test]
async fn a_real_build_is_done_again_and_is_then_its_next_attempt() {
    let Some(address) = named(ADDRESS) else {
        return;
    };
    let source = open(&address);
    let run = until(&source, "again", |run| run.state.is_over()).await;
    let target = target(&run);
    let before = source.look_at(target.clone()).await.unwrap();
    let listener = open(&address);
    poll(&listener, "builds").await;
    // What was read before anybody listened is told to be read again: it listens now.
    soon(listener.changes().unwrap()).await.unwrap();
    let told = listener.changes().unwrap();
    let verb = Verb::RerunAll;
    let act = Act {
        verb,
        target: target.clone(),
    };
    source.act(act).await.unwrap();
    soon(told).await.unwrap();
    let after = source.look_at(target).await.unwrap();
    assert_eq!(after.attempt, before.attempt + 1);
    let again = until(&source, "again", |now| {
        now.attempt == after.attempt && now.state.is_over()
    })
    .await;
    assert_eq!(again.id, run.id);
    assert!(matches!(again.state, RunState::Failed(_)));
}

#[tokio::test]
async fn a_real_build_is_stopped_and_a_call_that_it_does_not_know_is_refused() {
    let Some(address) = named(ADDRESS) else {
        return;
    };
    let source = open(&address);
    let batch = poll(&source, "builds").await;
    let run = newest(&batch, "stopped").unwrap();
    assert_eq!(run.repo.host(), address.trim_start_matches("http://"));
    let verb = Verb::ForceCancel;
    let act = Act {
        verb,
        target: target(&run),
    };
    let refused = source.act(act).await.unwrap_err();
    assert!(matches!(refused, ActError::Unsupported(_)), "{refused:?}");
    if run.state == RunState::Running {
        let act = Act {
            verb: Verb::Cancel,
            target: target(&run),
        };
        source.act(act).await.unwrap();
        let stopped = until(&source, "stopped", |run| run.state.is_over()).await;
        assert_eq!((stopped.id, stopped.state), (run.id, RunState::Cancelled));
    }
}

#[test]
fn the_program_shows_what_failed_at_a_real_server() {
    let Some(address) = named(ADDRESS) else {
        return;
    };
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nname = \"bb\"\nkind = \"buildbot\"\nurl = \"{address}\"\n\
         [[source.project]]\nname = \"stopped\"\nrepo = \"github.com/acme/web\"\n"
    ));
    let run = |arguments: &[&str]| Ran::of(home.command(arguments).output().unwrap(), arguments);
    run(&["doctor"])
        .exits(0)
        .prints("it answers, Buildbot 4.")
        .prints("builders: 7");
    let board = run(&["board", "--once", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(board["sources"][0]["health"], "ok");
    let text = board.to_string();
    assert!(text.contains("try integration"), "{text}");
    run(&["triage"]).exits(0).prints("test_retry");
}
