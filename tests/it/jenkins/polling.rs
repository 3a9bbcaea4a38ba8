//! The poll: folders to builds, what they were made of, what was missed, what left.

use super::*;
use cycleboard::domain::fact::FactKind;
use cycleboard::sources::{CapabilityState, CheckState, Tier};
use serde_json::json;

#[tokio::test]
async fn builds_belong_to_the_repository_that_they_were_made_of() {
    let board = Board::new().await;
    let mut batch = board.fetch("jobs").await.unwrap();
    batch.facts.extend(board.settle().await.facts);
    let runs = runs(&batch);
    let main = &runs["team/api main #12"];
    assert_eq!(main.repo.as_str(), "git.example.org/acme/api");
    assert_eq!(
        main.head_sha.as_ref().unwrap().as_str(),
        "a1".repeat(20),
        "not that of the library"
    );
    assert!(failed(&main.state));
    assert_eq!(
        (&*main.event, main.created_at.timestamp()),
        ("push", 1_795_224_600)
    );
    assert_eq!((main.updated_at - main.created_at).num_seconds(), 95);
    let base = board.fault.url.as_str();
    let page = format!("{base}job/team/job/api/job/main/12/");
    assert_eq!(main.url.as_ref().unwrap().as_str(), page);
    let login = &runs["team/api feature/login #2"];
    assert_eq!(login.state, RunState::Running);
    let smoke = &runs["smoke  #9"];
    assert_eq!(smoke.repo.path(), "smoke", "a card of its own");
    assert_eq!(&*smoke.event, "upstream");
    assert!(smoke.title.contains("upstream project"), "{}", smoke.title);
    assert_eq!(smoke.ci.as_str(), smoke.repo.host());
}

#[tokio::test]
async fn a_change_request_is_judged_by_its_own_commit_not_by_one_that_was_merged_for_the_build() {
    let board = Board::new().await;
    let first = board.fetch("jobs").await.unwrap();
    let before = &runs(&first)["team/api PR-31 #4"];
    assert_eq!(
        (&*before.event, &before.change_requests[..]),
        ("pull_request", &[31][..])
    );
    assert_eq!(
        before.head_sha, None,
        "no forge knows the commit of the merge"
    );
    assert_eq!(&*before.title, "Log in by mail");
    let settled = board.settle().await;
    let after = &runs(&settled)["team/api PR-31 #4"];
    assert_eq!(after.head_sha.as_ref().unwrap().as_str(), "c3".repeat(20));
    // It is not asked again, nor lost with the next poll.
    let asked = board.asked();
    let again = board.fetch("jobs").await.unwrap();
    assert_eq!(runs(&again)["team/api PR-31 #4"], *after);
    board.settle().await;
    assert_eq!(board.asked(), asked + 1);
}

#[tokio::test]
async fn a_quiet_server_costs_one_request_a_poll_however_many_jobs_it_has() {
    let board = Board::new().await;
    let many: Vec<Value> = (0..500)
        .map(|number| {
            json!({"_class": "hudson.model.FreeStyleProject", "name": format!("job {number}"),
                "actions": [{}], "builds": [{"number": 1, "building": false, "result": "SUCCESS",
                "timestamp": 1_795_224_600_000_i64, "duration": 1000, "actions": []}]})
        })
        .collect();
    board
        .script
        .json("/api/json", &json!({"jobs": many}).to_string());
    let batch = board.fetch("jobs").await.unwrap();
    assert_eq!((batch.facts.len(), batch.covered.len()), (500, 1));
    board.settle().await;
    assert_eq!(board.asked(), 1);
    board.fetch("jobs").await.unwrap();
    assert_eq!(board.asked(), 2);
    let target = &board.fault.seen()[0].target;
    assert!(!target.contains("depth"), "{target}");
    assert!(target.contains("tree=") && target.len() < 6_000);
    let sent = board.fault.seen()[0]
        .header("authorization")
        .unwrap()
        .to_owned();
    assert!(
        sent.starts_with("Basic "),
        "a user and an API token are a login"
    );
}

#[tokio::test]
async fn builds_that_were_missed_are_read_and_those_before_come_when_there_is_room() {
    let board = Board::new().await;
    board.fetch("jobs").await.unwrap();
    board.settle().await;
    let mut root: Value = serde_json::from_str(ROOT).unwrap();
    let place = "/jobs/0/jobs/0/jobs/1/builds/0/number";
    *root.pointer_mut(place).unwrap() = json!(5);
    board.script.json("/api/json", &root.to_string());
    let build = |number: u64, result: &str| {
        json!({"number": number, "building": false, "result": result, "timestamp": 1_795_224_000_000_i64,
            "duration": 1000, "actions": []})
    };
    let builds = json!({"builds": [build(5, "SUCCESS"), build(4, "FAILURE"), build(3, "SUCCESS"), build(2, "ABORTED")]});
    let path = "/job/team/job/api/job/feature%252Flogin/api/json";
    board.script.json(path, &builds.to_string());
    board.fetch("jobs").await.unwrap();
    let missed = board.settle().await;
    let runs = runs(&missed);
    assert_eq!(runs["team/api feature/login #2"].state, RunState::Cancelled);
    assert!(failed(&runs["team/api feature/login #4"].state));
    assert_eq!(
        runs["team/api feature/login #3"].repo.as_str(),
        "git.example.org/acme/api"
    );
    // The newest first; each is read once.
    let main = json!({"builds": [build(12, "FAILURE"), build(11, "SUCCESS")]});
    board
        .script
        .json("/job/team/job/api/job/main/api/json", &main.to_string());
    let due = |board: &Board| {
        let due = board.source.resources(now());
        due.iter()
            .find(|it| it.tier == Tier::Past)
            .map(|it| Arc::clone(&it.id))
    };
    let past = board.fetch(&due(&board).unwrap()).await.unwrap();
    assert!(super::runs(&past).contains_key("team/api main #11"));
    assert_eq!(due(&board), None);
}

#[tokio::test]
async fn what_left_a_folder_goes_and_what_only_slid_out_of_the_answer_stays() {
    let board = Board::new().await;
    let first = board.fetch("jobs").await.unwrap();
    assert_eq!(first.listings[0].members.len(), 4);
    let mut root: Value = serde_json::from_str(ROOT).unwrap();
    let api = root.pointer_mut("/jobs/0/jobs/0/jobs").unwrap();
    api[0]["builds"][0]["number"] = json!(13);
    api.as_array_mut().unwrap().pop();
    board.script.json("/api/json", &root.to_string());
    let next = board.fetch("jobs").await.unwrap();
    let members = &next.listings[0].members;
    assert_eq!(
        members.len(),
        4,
        "build 12 is still there, that of the change is not"
    );
    assert!(members.iter().all(|id| id.kind == FactKind::Run));
}

#[tokio::test]
async fn a_restart_knows_its_builds_and_asks_for_none_of_them_again() {
    let board = Board::new().await;
    let mut batch = board.fetch("jobs").await.unwrap();
    batch.facts.extend(board.settle().await.facts);
    let kept: Vec<_> = runs(&batch).into_values().map(Fact::Run).collect();
    let mut config = SourceConfig::new("ci", "jenkins", board.fault.url.clone());
    config.token_env = Some("CI_TOKEN".to_owned());
    let source = Jenkins::new(&config, &ground(), Limits::default()).unwrap();
    source.restore(&kept.into_iter().map(Arc::new).collect::<Vec<_>>());
    let again = Board { source, ..board };
    let asked = again.asked();
    let next = again.fetch("jobs").await.unwrap();
    assert_eq!(runs(&next), runs(&batch));
    assert!(
        again
            .source
            .resources(now())
            .iter()
            .all(|it| it.tier != Tier::Past)
    );
    again.settle().await;
    assert_eq!(again.asked(), asked + 1);
    again
        .script
        .json(&format!("{MAIN}/wfapi/describe"), DESCRIBE);
    again
        .source
        .need(&need_jobs(&runs(&next)["team/api main #12"]));
    assert!(!jobs(&again.settle().await).is_empty());
}

#[tokio::test]
async fn only_what_is_chosen_is_read_and_what_is_not_there_is_named() {
    let choose = |config: &mut SourceConfig| {
        config.repos = vec!["team/api".to_owned(), "team/apo".to_owned()];
    };
    let board = Board::with(choose).await;
    let team: Value = serde_json::from_str(ROOT).unwrap();
    board
        .script
        .json("/job/team/api/json", &team["jobs"][0].to_string());
    let batch = board.fetch("jobs").await.unwrap();
    assert_eq!(runs(&batch).len(), 3);
    let problems = board.source.problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].to_string().contains("`team/apo`"),
        "{problems:?}"
    );
    let hint = problems[0].hint().unwrap();
    assert!(hint.contains("did you mean `team/api`"), "{hint}");
    assert_eq!(batch.covered.len(), 1, "what is there is current");
}

#[tokio::test]
async fn a_folder_that_is_not_there_costs_itself() {
    let choose = |config: &mut SourceConfig| {
        config.orgs = vec!["team".to_owned(), "gone".to_owned()];
    };
    let board = Board::with(choose).await;
    let team: Value = serde_json::from_str(ROOT).unwrap();
    board
        .script
        .json("/job/team/api/json", &team["jobs"][0].to_string());
    let batch = board.fetch("jobs").await.unwrap();
    assert_eq!(runs(&batch).len(), 3);
    let said = board.source.problems()[0].to_string();
    assert!(said.contains("the folder `gone`"), "{said}");
    assert!(!said.contains("`url`"), "{said}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_read_or_is_out_of_order_costs_itself() {
    for status in [403, 500, 503] {
        let choose = |config: &mut SourceConfig| {
            config.orgs = vec!["team".to_owned(), "closed".to_owned()];
        };
        let board = Board::with(choose).await;
        let team: Value = serde_json::from_str(ROOT).unwrap();
        board
            .script
            .json("/job/team/api/json", &team["jobs"][0].to_string());
        let closed = Reply::new(status, "{}").with("content-type", "application/json");
        board.script.set("/job/closed/api/json", closed.clone());
        let batch = board.fetch("jobs").await.unwrap();
        assert_eq!(runs(&batch).len(), 3, "{status}");
        assert_eq!(board.source.problems().len(), 1, "{status}");
        assert_eq!(batch.partial.len(), 1, "what it holds is kept: {status}");
        // Where nothing can be read that is why.
        board.script.set("/job/team/api/json", closed);
        assert!(board.fetch("jobs").await.is_err(), "{status}");
    }
}

#[tokio::test]
async fn a_build_that_waits_far_back_is_read_by_its_number_now_and_then() {
    let board = Board::new().await;
    let build = |number: u64, building: bool| {
        json!({"number": number, "building": building,
            "result": if building { Value::Null } else { json!("SUCCESS") },
            "timestamp": 1_795_224_000_000_i64, "duration": 1000, "actions": []})
    };
    let newest = |number: u64, building: bool| {
        let mut root: Value = serde_json::from_str(ROOT).unwrap();
        let place = root.pointer_mut("/jobs/0/jobs/0/jobs/1/builds/0").unwrap();
        *place = build(number, building);
        board.script.json("/api/json", &root.to_string());
    };
    newest(5, true);
    board.fetch("jobs").await.unwrap();
    board.settle().await;
    let job = "/job/team/job/api/job/feature%252Flogin";
    let builds: Vec<Value> = (11..=40).rev().map(|at| build(at, false)).collect();
    let listed = json!({"builds": builds});
    board
        .script
        .json(&format!("{job}/api/json"), &listed.to_string());
    board
        .script
        .json(&format!("{job}/5/api/json"), &build(5, false).to_string());
    newest(40, false);
    board.fetch("jobs").await.unwrap();
    let read = board.settle().await;
    assert_eq!(
        runs(&read)["team/api feature/login #5"].state,
        RunState::Passed
    );
    let asked = board.asked();
    board.fetch("jobs").await.unwrap();
    board.settle().await;
    assert_eq!(board.asked(), asked + 1, "none is at work");
}

#[track_caller]
fn lost(error: &SourceError, folder: &str, near: &str) {
    let said = error.to_string();
    assert!(said.contains(&format!("the folder `{folder}`")), "{said}");
    assert!(!said.contains("`url`"), "the address answers: {said}");
    let hint = error.hint().unwrap();
    assert!(hint.contains(&format!("did you mean `{near}`")), "{hint}");
}

#[tokio::test]
async fn a_folder_that_is_written_wrong_is_named_with_the_one_that_was_meant() {
    let choose = |config: &mut SourceConfig| config.orgs = vec!["taem".to_owned()];
    let board = Board::with(choose).await;
    let error = board.fetch("jobs").await.unwrap_err();
    lost(&error, "taem", "team");
    let choose = |config: &mut SourceConfig| config.orgs = vec!["team/apo".to_owned()];
    let board = Board::with(choose).await;
    let team: Value = serde_json::from_str(ROOT).unwrap();
    board
        .script
        .json("/job/team/api/json", &team["jobs"][0].to_string());
    let error = board.fetch("jobs").await.unwrap_err();
    lost(&error, "team/apo", "team/api");
}

#[tokio::test]
async fn what_waits_long_in_the_queue_is_a_queued_run_until_it_starts() {
    let board = Board::new().await;
    let mut root: Value = serde_json::from_str(ROOT).unwrap();
    root["jobs"][1]["inQueue"] = json!(true);
    board.script.json("/api/json", &root.to_string());
    let item = |id: u64, url: &str, since: i64| {
        json!({"id": id, "inQueueSince": since, "why": "Waiting for next available executor",
            "task": {"url": format!("https://elsewhere.test/{url}")}})
    };
    let queue = json!({"items": [
        item(7, "job/smoke/", 1_795_225_100_000),
        item(8, "job/smoke/", 1_795_225_199_000),
        item(9, "job/team/job/api/job/main/12/", 1_795_225_000_000),
    ]});
    board.script.json("/queue/api/json", &queue.to_string());
    let batch = board.fetch("jobs").await.unwrap();
    let queued: Vec<Run> = runs(&batch)
        .into_values()
        .filter(|run| run.state == RunState::Queued)
        .collect();
    assert_eq!(
        queued.len(),
        1,
        "one waits for quiet, one is a step of a build"
    );
    assert_eq!(queued[0].number, 10);
    let jam: Vec<Value> = (0..101)
        .map(|id| item(id, "job/smoke/", 1_795_225_100_000))
        .collect();
    let jam = json!({"items": jam});
    board.script.json("/queue/api/json", &jam.to_string());
    let cut = board.fetch("jobs").await.unwrap();
    let lists = |batch: &Batch| batch.listings.iter().any(|list| &*list.name == "queue");
    assert!(!lists(&cut), "there may be more than was asked for");
    board.script.json("/queue/api/json", r#"{"items":[]}"#);
    board.script.json("/api/json", ROOT);
    let next = board.fetch("jobs").await.unwrap();
    let list = next.listings.iter().find(|list| &*list.name == "queue");
    assert!(list.unwrap().members.is_empty(), "it is taken back");
    let asked = board.asked();
    board.fetch("jobs").await.unwrap();
    assert_eq!(board.asked(), asked + 1, "nobody waits: nobody asks");
}

#[tokio::test]
async fn settings_say_what_a_job_builds_where_jenkins_does_not() {
    let board = Board::with(|config| {
        let repo = cycleboard::domain::key::RepoKey::new("git.example.org", "acme/shop");
        let rule = cycleboard::config::ProjectRule::new("smo*", repo, Some("main"));
        config.extras.projects = vec![rule.unwrap()];
    })
    .await;
    let batch = board.fetch("jobs").await.unwrap();
    let smoke = &runs(&batch)["smoke main #9"];
    assert_eq!(smoke.repo.as_str(), "git.example.org/acme/shop");
}

#[tokio::test]
async fn a_check_up_says_which_version_answers_and_as_whom() {
    let board = Board::new().await;
    let who = json!({"anonymous": true, "name": "anonymous"});
    board.script.json("/whoAmI/api/json", &who.to_string());
    let checks = board.source.check_up().await;
    assert!(checks[0].text.contains("Jenkins 2.462.3"), "{checks:?}");
    assert_eq!(checks[1].state, CheckState::Note);
    assert!(checks[1].hint.as_ref().unwrap().contains("user:token"));
    assert!(
        checks[2].text.contains("jobs that are read: 5"),
        "{checks:?}"
    );
    let can = board.source.capabilities();
    let can = can.iter().find(|can| can.name == "jobs").unwrap();
    assert_eq!(can.state, CapabilityState::Available);
    // A login page where anonymous people may not read.
    board.script.set(
        "/api/json",
        Reply::new(403, "<html>").with("content-type", "text/html"),
    );
    let error = board.fetch("jobs").await.unwrap_err();
    assert!(error.hint().unwrap().contains("Overall/Read"), "{error}");
}
