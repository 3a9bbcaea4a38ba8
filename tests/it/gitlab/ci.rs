//! Pipelines: jobs and their attempts, children, gates, why one failed, and what was before.

use super::*;
use cycleboard::domain::diagnosis::{LogKey, LogState, TestsFrom};
use cycleboard::domain::run::{Blocks, Door, Failure, Gate, JobSet, Run, RunKey, RunState};
use cycleboard::domain::text::Clean;

fn runs(batch: &Batch) -> Vec<Run> {
    only(batch, |fact| {
        let Fact::Run(run) = fact else {
            return None;
        };
        Some(run.clone())
    })
}

fn sets(batch: &Batch) -> Vec<JobSet> {
    only(batch, |fact| {
        let Fact::JobSet(set) = fact else {
            return None;
        };
        Some(set.clone())
    })
}

async fn with_pipeline(pipeline: Value) -> World {
    let world = World::alone().await;
    world.routes.set("projects/1/pipelines", json!([pipeline]));
    world
        .routes
        .set("projects/1/pipelines/9/bridges", json!([]));
    world
}

#[tokio::test]
async fn a_retried_job_is_an_attempt_and_so_is_the_run() {
    let world = with_pipeline(pipeline(9, "failed")).await;
    let jobs = json!([
        job(3, "unit", "failed"),
        job(2, "build", "success"),
        job(1, "unit", "failed")
    ]);
    world.routes.set("projects/1/pipelines/9/jobs", jobs);
    let batch = world.settle().await;
    let told = sets(&batch);
    let newest = told.last().unwrap();
    let ids: Vec<_> = newest
        .jobs
        .iter()
        .map(|job| (job.id, job.attempt))
        .collect();
    assert_eq!((newest.attempt, ids), (2, vec![(2, 1), (3, 2)]));
    assert_eq!(runs(&batch).last().unwrap().attempt, 2);
    let earlier = only(&batch, |fact| {
        let Fact::EarlierJobs(set) = fact else {
            return None;
        };
        Some((set.attempt, set.jobs[0].id))
    });
    assert_eq!(earlier, [(1, 1)]);
    let before = world.count();
    world.settle().await;
    assert_eq!(world.count(), before, "a red run is looked into once");
}

#[tokio::test]
async fn jobs_of_child_pipelines_count_and_those_of_other_projects_do_not() {
    let world = with_pipeline(pipeline(9, "running")).await;
    world.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(1, "build", "success")]),
    );
    let mut child = job(2, "deploy", "running");
    child["downstream_pipeline"] = json!({"id": 10, "project_id": 1, "source": "parent_pipeline"});
    let mut other = job(3, "trigger web", "success");
    other["downstream_pipeline"] = json!({"id": 11, "project_id": 2, "source": "pipeline"});
    world
        .routes
        .set("projects/1/pipelines/9/bridges", json!([child, other]));
    world.routes.set(
        "projects/1/pipelines/10/jobs",
        json!([job(4, "smoke", "failed")]),
    );
    world
        .routes
        .set("projects/1/pipelines/10/bridges", json!([]));
    let batch = world.settle().await;
    let told = sets(&batch);
    let names: Vec<_> = told[0]
        .jobs
        .iter()
        .map(|job| job.name.to_string())
        .collect();
    assert_eq!(names, ["build", "deploy", "trigger web", "deploy / smoke"]);
    assert_eq!(told[0].jobs[3].state, RunState::Failed(Failure::Failed));
    assert!(!world.asked(0).iter().any(|it| it.contains("pipelines/11")));
}

#[tokio::test]
async fn a_manual_job_that_must_be_played_holds_the_run_and_another_does_not() {
    let world = with_pipeline(pipeline(9, "manual")).await;
    let mut may = job(2, "cleanup", "manual");
    may["allow_failure"] = true.into();
    let mut must = job(3, "to production", "manual");
    must["stage"] = "deploy".into();
    world.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(1, "build", "success"), may, must]),
    );
    let batch = world.settle().await;
    let states: Vec<_> = sets(&batch)[0]
        .jobs
        .iter()
        .map(|job| job.state.clone())
        .collect();
    assert_eq!(
        states,
        [RunState::Passed, RunState::Skipped, RunState::Waiting]
    );
    let gates = |batch: &Batch| {
        only(batch, |fact| {
            let Fact::GateSet(set) = fact else {
                return None;
            };

            let names = set.gates.iter().map(|gate| gate.environment.to_string());
            Some(names.collect::<Vec<_>>())
        })
    };
    assert_eq!(gates(&batch), [["to production", "cleanup"]]);
    // Somebody plays it: the gate is passed, and that is said once.
    let mut on = pipeline(9, "running");
    on["updated_at"] = ago(1).into();
    world.routes.set("projects/1/pipelines", json!([on]));
    world.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(3, "to production", "running")]),
    );
    let batch = world.fetch("runs:acme/api").await;
    assert_eq!(gates(&batch), [Vec::<String>::new()]);
}

#[tokio::test]
async fn a_pipeline_that_passed_without_its_manual_jobs_is_read_when_somebody_asks() {
    let world = with_pipeline(pipeline(9, "success")).await;
    let mut may = job(2, "deploy-eu", "manual");
    may["allow_failure"] = true.into();
    world.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(1, "build", "success"), may]),
    );
    world.settle().await;
    let jobs = |from: usize| {
        let asked = world.asked(from).into_iter();
        asked.filter(|it| it.contains("pipelines/9/jobs")).count()
    };
    assert_eq!(jobs(0), 0, "it passed: nobody has to look into it");
    let need = Need::ManualJobs {
        repo: world.repo("acme/api"),
        run: 9,
    };
    let offers = |batch: &Batch| {
        only(batch, |fact| {
            let Fact::GateSet(set) = fact else {
                return None;
            };
            let row = |gate: &Gate| (gate.environment.to_string(), gate.door.clone(), gate.blocks);
            Some(set.gates.iter().map(row).collect::<Vec<_>>())
        })
    };
    let batch = world.need(std::slice::from_ref(&need)).await;
    let offer = ("deploy-eu".to_owned(), Some(Door::Job(2)), Blocks::Nothing);
    assert_eq!(offers(&batch), [vec![offer]]);
    let asked = world.count();
    let batch = world.need(&[need]).await;
    assert_eq!((jobs(asked), offers(&batch)), (0, Vec::new()), "once");
    // A poll of an unchanged project asks no more than before.
    let later = now() + TimeDelta::minutes(3);
    world.round(later).await;
    assert_eq!(jobs(asked), 0);
    // Somebody starts it: it may be started no more, and that is said once.
    let mut on = pipeline(9, "running");
    on["updated_at"] = ago(1).into();
    world.routes.set("projects/1/pipelines", json!([on]));
    world.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(2, "deploy-eu", "running")]),
    );
    let batch = world.fetch("runs:acme/api").await;
    assert_eq!(offers(&batch), [Vec::new()]);
}

#[tokio::test]
async fn a_pipeline_on_a_merge_judges_the_head_of_its_merge_request() {
    let mut on_merge = pipeline(9, "success");
    on_merge["ref"] = "refs/merge-requests/7/merge".into();
    on_merge["source"] = "merge_request_event".into();
    let world = with_pipeline(on_merge).await;
    world
        .routes
        .set("projects/1/merge_requests", json!([merge_request(7)]))
        .set("projects/1/merge_requests/7", merge_request(7));
    world.settle().await;
    let batch = world.fetch("runs:acme/api").await;
    let run = &runs(&batch)[0];
    assert_eq!(run.head_sha.as_ref().unwrap().as_str(), sha('a'));
    assert_eq!(
        (run.branch.as_str(), &run.change_requests[..]),
        ("cache", &[7][..])
    );
}

#[tokio::test]
async fn a_failed_job_is_explained_by_its_log_and_its_own_tests() {
    let world = with_pipeline(pipeline(9, "failed")).await;
    let jobs = json!([job(3, "rspec 1/2", "failed"), job(4, "lint", "failed")]);
    world.routes.set("projects/1/pipelines/9/jobs", jobs);
    let log = "\u{1b}[0Ksection_start:1:step_script\r\u{1b}[0K$ rspec\nF\nERROR: Job failed: exit code 1\n";
    let trace = Reply::new(200, log).with("content-type", "text/plain");
    world.routes.reply("projects/1/jobs/3/trace", trace);
    let report = json!({"test_suites": [
        {"name": "rspec", "total_count": 9, "test_cases": [
            {"status": "failed", "name": "adds up", "classname": "cart_spec",
             "system_output": "expected 3, got 4"}]},
        {"name": "lint", "total_count": 1, "test_cases": [{"status": "failed", "name": "style"}]}]});
    world
        .routes
        .set("projects/1/pipelines/9/test_report", report);
    world.settle().await;
    let need = Need::Diagnosis {
        repo: world.repo("acme/api"),
        run: 9,
        job: 3,
    };
    let batch = world.need(&[need]).await;
    let found = only(&batch, |fact| {
        let Fact::Diagnosis(found) = fact else {
            return None;
        };
        Some(found.clone())
    });
    let found = &found[0];
    assert!(
        matches!(found.log, LogState::Read { .. }),
        "{:?}",
        found.log
    );
    assert_eq!(found.job_name.as_str(), "rspec 1/2");
    assert!(matches!(
        found.tests_from,
        TestsFrom::Report(_) | TestsFrom::Log | TestsFrom::Nowhere(_)
    ));
    assert_eq!(world.can("job logs"), CapabilityState::Available);
    assert_eq!(world.can("test reports"), CapabilityState::Available);
}

#[tokio::test]
async fn the_tests_of_a_job_are_those_of_its_name_though_others_failed_too() {
    let world = with_pipeline(pipeline(9, "failed")).await;
    let jobs = json!([job(3, "rspec", "failed"), job(4, "lint", "failed")]);
    world.routes.set("projects/1/pipelines/9/jobs", jobs);
    let trace = Reply::new(200, "boom\n").with("content-type", "text/plain");
    world.routes.reply("projects/1/jobs/3/trace", trace);
    let report = json!({"test_suites": [
        {"name": "rspec", "total_count": 9, "test_cases": [
            {"status": "failed", "name": "adds up", "system_output": "expected 3, got 4"}]},
        {"name": "lint", "total_count": 1, "test_cases": [{"status": "failed", "name": "style"}]}]});
    world
        .routes
        .set("projects/1/pipelines/9/test_report", report);
    world.settle().await;
    let key = LogKey {
        run: RunKey {
            repo: world.repo("acme/api"),
            id: 9,
        },
        attempt: 1,
        job: 3,
    };
    let batch = world.source.diagnose(key, now()).await.unwrap();
    let Fact::Diagnosis(found) = &batch.facts[0] else {
        panic!("{batch:?}");
    };
    let tests: Vec<_> = found
        .tests
        .iter()
        .map(|test| test.name.to_string())
        .collect();
    assert_eq!(
        (tests, found.tests_total),
        (vec!["adds up".to_owned()], Some(9))
    );
}

#[tokio::test]
async fn a_log_that_is_not_there_yet_is_asked_for_again_soon() {
    let world = with_pipeline(pipeline(9, "failed")).await;
    world.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(3, "unit", "failed")]),
    );
    world.settle().await;
    let need = Need::Diagnosis {
        repo: world.repo("acme/api"),
        run: 9,
        job: 3,
    };
    let batch = world.need(std::slice::from_ref(&need)).await;
    assert!(batch.facts.is_empty(), "{:?}", batch.facts);
    let trace = Reply::new(200, "late\n").with("content-type", "text/plain");
    world.routes.reply("projects/1/jobs/3/trace", trace);
    let batch = world.settle_at(now() + TimeDelta::minutes(2)).await;
    assert!(
        batch
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Diagnosis(_)))
    );
}

#[tokio::test]
async fn the_last_pipelines_of_a_branch_come_with_the_jobs_of_some() {
    let world = World::alone().await;
    world.settle().await;
    let mut old = pipeline(5, "success");
    old["updated_at"] = ago(9_000).into();
    world
        .routes
        .set("projects/1/pipelines?ref=main", json!([old]));
    world.routes.set(
        "projects/1/pipelines/5/jobs",
        json!([job(50, "unit", "success")]),
    );
    let need = Need::History {
        repo: world.repo("acme/api"),
        workflow: Clean::line(".gitlab-ci.yml"),
        branch: Clean::line("main"),
        runs: 20,
    };
    let batch = world.need(&[need]).await;
    assert_eq!(runs(&batch)[0].number, 5);
    assert_eq!(sets(&batch)[0].jobs[0].id, 50);
    let asked = world.asked(0).join("\n");
    assert!(
        asked.contains("ref=main&scope=finished&per_page=20"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_pipeline_without_jobs_could_not_start() {
    let world = with_pipeline(pipeline(9, "failed")).await;
    world.routes.set("projects/1/pipelines/9/jobs", json!([]));
    let batch = world.settle().await;
    let last = runs(&batch);
    assert_eq!(
        last.last().unwrap().state,
        RunState::Failed(Failure::Startup)
    );
}
