//! Stages, questions that wait, logs and test reports of builds that are asked about.

use super::*;
use chrono::TimeDelta;
use cycleboard::domain::diagnosis::{Diagnosis, LogKey, LogState, TestsFrom};
use cycleboard::domain::run::Gate;
use cycleboard::sources::CheckState;

const LOG: &str = "+ mvn test\n[ERROR] Tests run: 2, Failures: 1\n[ERROR] pay.RetryTest.late:12 expected:<1> but was:<2>\nERROR: script returned exit code 1\n";

/// A board that knows the stages of the build that failed.
async fn staged() -> (Board, Run, Vec<Job>) {
    let board = Board::new().await;
    board
        .script
        .json(&format!("{MAIN}/wfapi/describe"), DESCRIBE);
    let node = format!("{MAIN}/execution/node/21/wfapi/describe");
    board.script.json(&node, STAGE);
    let batch = board.fetch("jobs").await.unwrap();
    board.settle().await;
    let run = runs(&batch)["team/api main #12"].clone();
    board.source.need(&need_jobs(&run));
    let jobs = jobs(&board.settle().await);
    (board, run, jobs)
}

fn gates(batch: &Batch) -> Vec<Vec<Gate>> {
    let of = batch.facts.iter().filter_map(|fact| {
        let Fact::GateSet(set) = fact else {
            return None;
        };
        Some(set.gates.clone())
    });
    of.collect()
}

async fn diagnose(board: &Board, run: &Run, job: u64) -> Diagnosis {
    let key = LogKey {
        run: run.key(),
        attempt: 1,
        job,
    };
    let batch = board.source.diagnose(key, now()).await.unwrap();
    let Fact::Diagnosis(found) = &batch.facts[0] else {
        panic!("{batch:?}");
    };
    found.as_ref().clone()
}

#[tokio::test]
async fn stages_become_jobs_with_the_step_that_failed() {
    let (_board, _run, jobs) = staged().await;
    let told: Vec<(&str, &RunState)> = jobs.iter().map(|job| (&*job.name, &job.state)).collect();
    assert_eq!(
        told[..2],
        [
            ("Declarative: Checkout SCM", &RunState::Passed),
            ("Build", &RunState::Passed)
        ]
    );
    assert!(failed(told[2].1) && told[2].0 == "Test");
    assert_eq!(told[3], ("Deploy", &RunState::Skipped));
    let test = &jobs[2];
    assert_eq!(test.stage.as_deref(), Some("Test"));
    assert_eq!(test.steps.len(), 3);
    assert!(failed(&test.steps[1].state));
    let took = test.finished_at.unwrap() - test.started_at.unwrap();
    assert_eq!(took, TimeDelta::seconds(50));
    let page = test.url.as_ref().unwrap().as_str();
    assert!(page.ends_with("/execution/node/21/"), "{page}");
}

#[tokio::test]
async fn a_failed_stage_is_looked_into_by_its_own_log_and_its_own_tests() {
    let (board, run, jobs) = staged().await;
    let log = format!("{MAIN}/execution/node/23/log/logText/progressiveText");
    board.script.set(
        &log,
        Reply::new(200, LOG).with("content-type", "text/plain"),
    );
    board
        .script
        .json(&format!("{MAIN}/testReport/api/json"), TESTS);
    let found = diagnose(&board, &run, jobs[2].id).await;
    assert!(matches!(found.log, LogState::Read { lines: 4, .. }));
    assert_eq!(found.step.as_ref().map(|(number, _)| *number), Some(2));
    let names: Vec<&str> = found.tests.iter().map(|test| &*test.name).collect();
    assert_eq!(names, ["late", "adds two"], "not that of another stage");
    assert_eq!((found.tests_failed, found.tests_total), (Some(2), Some(4)));
    assert_eq!(found.tests_from, TestsFrom::Report("test report".into()));
    let late = &found.tests[0];
    assert_eq!(late.suite.as_deref(), Some("pay.RetryTest"));
    assert_eq!(&*late.message, "expected:<1> but was:<2>");
    assert_eq!(&*found.tests[1].message, "java.lang.AssertionError: no");
}

#[tokio::test]
async fn without_a_log_of_the_step_that_of_the_build_is_read() {
    let (board, run, jobs) = staged().await;
    let console = format!("{MAIN}/consoleText");
    board.script.set(
        &console,
        Reply::new(200, LOG).with("content-type", "text/plain"),
    );
    let found = diagnose(&board, &run, jobs[2].id).await;
    assert!(matches!(found.log, LogState::Read { .. }));
    assert!(found.error.is_some());
    assert_ne!(found.tests_from, TestsFrom::Report("test report".into()));
}

#[tokio::test]
async fn a_need_for_a_diagnosis_is_answered_once() {
    let (board, run, jobs) = staged().await;
    let console = format!("{MAIN}/consoleText");
    board.script.set(
        &console,
        Reply::new(200, LOG).with("content-type", "text/plain"),
    );
    board.source.need(&BTreeSet::from([Need::Diagnosis {
        repo: run.repo.clone(),
        run: run.id,
        job: jobs[2].id,
    }]));
    let told = board.settle().await;
    assert!(matches!(told.facts[..], [Fact::Diagnosis(_)]), "{told:?}");
    let asked = board.asked();
    board.settle().await;
    assert_eq!(board.asked(), asked);
}

#[tokio::test]
async fn a_build_without_stages_is_one_job_and_its_console_tells_why() {
    let board = Board::new().await;
    let batch = board.fetch("jobs").await.unwrap();
    board.settle().await;
    let run = runs(&batch)["team/api main #12"].clone();
    board.source.need(&need_jobs(&run));
    let told = jobs(&board.settle().await);
    assert_eq!(told.len(), 1);
    assert_eq!((&*told[0].name, told[0].stage.as_deref()), ("api", None));
    let can = board.source.capabilities();
    let can = can.iter().find(|can| can.name == "stages").unwrap();
    assert!(format!("{:?}", can.state).contains("pipeline-rest-api"));
    let console = format!("{MAIN}/consoleText");
    board.script.set(
        &console,
        Reply::new(200, LOG).with("content-type", "text/plain"),
    );
    let found = diagnose(&board, &run, told[0].id).await;
    assert!(matches!(found.log, LogState::Read { .. }));
    // The plugin is not asked for again with the next build.
    let asked = board.asked();
    let login = runs(&batch)["team/api feature/login #2"].clone();
    board.source.need(&need_jobs(&login));
    board.settle().await;
    assert_eq!(board.asked(), asked);
}

#[tokio::test]
async fn a_server_without_the_plugin_is_well_and_the_plugin_is_named() {
    let board = Board::new().await;
    let batch = board.fetch("jobs").await.unwrap();
    let run = runs(&batch)["team/api main #12"].clone();
    // A start with a store: the build and the need are known before anything answered.
    let mut config = SourceConfig::new("ci", "jenkins", board.fault.url.clone());
    config.token_env = Some("CI_TOKEN".to_owned());
    let source = Jenkins::new(&config, &ground(), Limits::default()).unwrap();
    source.restore(&[Arc::new(Fact::Run(run.clone()))]);
    source.need(&need_jobs(&run));
    let again = Board { source, ..board };
    let due = again.source.resources(now());
    assert!(due.iter().all(|it| &*it.id == "jobs"), "{due:?}");
    again.fetch("jobs").await.unwrap();
    assert_eq!(jobs(&again.settle().await).len(), 1);
    let meter = again.source.meter();
    let missed = meter.recent.iter().filter(|line| line.status == Some(404));
    assert!(missed.count() > 0, "{meter:?}");
    assert_eq!(meter.failed, 0, "{meter:?}");
    let checks = again.source.check_up().await;
    let check = checks.iter().find(|check| check.name == "stages").unwrap();
    assert_eq!(check.state, CheckState::Note);
    assert!(check.text.contains("Pipeline: REST API"), "{check:?}");
}

#[tokio::test]
async fn a_question_that_waits_is_a_gate_until_it_is_answered() {
    let board = Board::new().await;
    board
        .script
        .json(&format!("{LOGIN}/wfapi/describe"), PAUSED);
    let inputs = format!("{LOGIN}/wfapi/pendingInputActions");
    board.script.json(&inputs, INPUTS);
    let batch = board.fetch("jobs").await.unwrap();
    board.settle().await;
    let login = runs(&batch)["team/api feature/login #2"].clone();
    board.source.need(&need_jobs(&login));
    let told = board.settle().await;
    assert_eq!(
        runs(&told)["team/api feature/login #2"].state,
        RunState::Waiting
    );
    let open = &gates(&told)[0];
    assert_eq!(&*open[0].environment, "Deploy 1.14.0 to production?");
    // The next poll does not make it run again.
    let poll = board.fetch("jobs").await.unwrap();
    assert_eq!(
        runs(&poll)["team/api feature/login #2"].state,
        RunState::Waiting
    );
    let over: Value = serde_json::from_str(ROOT).unwrap();
    let mut over = over;
    let build = over.pointer_mut("/jobs/0/jobs/0/jobs/1/builds/0").unwrap();
    build["building"] = false.into();
    build["result"] = "SUCCESS".into();
    build["duration"] = 90_000.into();
    board.script.json("/api/json", &over.to_string());
    let poll = board.fetch("jobs").await.unwrap();
    assert_eq!(
        runs(&poll)["team/api feature/login #2"].state,
        RunState::Passed
    );
    let settled = board.settle().await;
    assert_eq!(gates(&settled), [Vec::new()], "taken back, once");
}

#[tokio::test]
async fn stages_at_work_are_read_again_while_they_are_wanted_and_no_sooner() {
    let board = Board::new().await;
    let moving = PAUSED.replace("PAUSED_PENDING_INPUT", "IN_PROGRESS");
    board
        .script
        .json(&format!("{LOGIN}/wfapi/describe"), &moving);
    let batch = board.fetch("jobs").await.unwrap();
    board.settle().await;
    let login = runs(&batch)["team/api feature/login #2"].clone();
    board.source.need(&need_jobs(&login));
    board.settle().await;
    let asked = board.asked();
    board.fetch("live").await.unwrap();
    assert_eq!(board.asked(), asked);
    let later = now() + TimeDelta::seconds(60);
    let told = board.fetch_at("live", later).await.unwrap();
    assert_eq!(board.asked(), asked + 1);
    assert_eq!(jobs(&told)[1].state, RunState::Running);
}

#[tokio::test]
async fn needs_of_others_cost_nothing() {
    let board = Board::new().await;
    board.fetch("jobs").await.unwrap();
    board.settle().await;
    let asked = board.asked();
    let repo = cycleboard::domain::key::RepoKey::new("git.example.org", "acme/api");
    let foreign = cycleboard::domain::run::foreign_id("other.test", "x");
    board.source.need(&BTreeSet::from([
        Need::Jobs {
            repo: repo.clone(),
            run: 30_433_642_000,
        },
        Need::Gates {
            repo: repo.clone(),
            run: foreign,
        },
        Need::Paths { repo, number: 31 },
    ]));
    board.settle().await;
    assert_eq!(board.asked(), asked);
}
