//! Re-runs and cancellations: what is read before, what is sent, what an answer means.

use super::*;
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::run::Door;
use cycleboard::sources::action::{Act, ActError};

/// Returns a board that knows its builds, and one of them.
async fn known(name: &str) -> (Board, Run) {
    let board = Board::new().await;
    let batch = board.fetch("jobs").await.unwrap();
    board.settle().await;
    let run = runs(&batch)[name].clone();
    (board, run)
}

async fn act(board: &Board, run: &Run, verb: Verb) -> Result<(), ActError> {
    let target = Target {
        source: board.source.name().clone(),
        run: run.key(),
        job: None,
        gate: None,
    };
    board.source.act(Act { verb, target }).await
}

fn posts(board: &Board) -> Vec<Seen> {
    let seen = board.fault.seen().into_iter();
    seen.filter(|seen| seen.method == "POST").collect()
}

fn sent_on(board: &Board, path: &str) -> Reply {
    Reply::new(302, "").with("location", board.fault.url.join(path).unwrap().as_str())
}

#[tokio::test]
async fn a_pipeline_is_replayed_as_it_was_and_a_redirect_to_its_job_means_done() {
    let (board, run) = known("team/api main #12").await;
    let path = format!("{MAIN}/replay/rebuild");
    board
        .script
        .set(&path, sent_on(&board, "/job/team/job/api/job/main/"));
    act(&board, &run, Verb::RerunAll).await.unwrap();
    let sent = posts(&board);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].path(), path);
}

#[tokio::test]
async fn a_redirect_to_a_login_is_no_success() {
    let (board, run) = known("team/api feature/login #2").await;
    let path = format!("{LOGIN}/stop");
    board.script.set(&path, sent_on(&board, "/login?from=x"));
    let error = act(&board, &run, Verb::Cancel).await.unwrap_err();
    assert!(
        matches!(error, ActError::Refused { status: 302, .. }),
        "{error:?}"
    );
    board
        .script
        .set(&path, sent_on(&board, "/job/team/job/api/job/x/2/"));
    act(&board, &run, Verb::Cancel).await.unwrap();
}

#[tokio::test]
async fn a_plain_job_is_built_again_with_the_same_parameters() {
    let (board, run) = known("smoke  #9").await;
    let build = |value: &str| {
        format!(
            r#"{{"number":9,"timestamp":1,"actions":[{{}},{{"parameters":[
            {{"name":"ENV","value":"a&b c"}},{{"name":"DRY","value":true}}{value}]}}]}}"#
        )
    };
    board.script.json("/job/smoke/9/api/json", &build(""));
    let crumb = r#"{"crumb":"c0ffee","crumbRequestField":"Jenkins-Crumb"}"#;
    let crumb: Value = serde_json::from_str(crumb).unwrap();
    let session = "JSESSIONID=node1; Path=/; HttpOnly";
    board.script.set(
        "/crumbIssuer/api/json",
        Reply::json(&crumb).with("set-cookie", session),
    );
    let path = "/job/smoke/buildWithParameters";
    let queued = Reply::new(201, "").with("location", "/queue/item/77/");
    board.script.set(path, queued);
    act(&board, &run, Verb::RerunAll).await.unwrap();
    let sent = &posts(&board)[0];
    assert_eq!(sent.body, "ENV=a%26b+c&DRY=true");
    assert_eq!(sent.header("jenkins-crumb"), Some("c0ffee"));
    assert_eq!(sent.header("cookie"), Some("JSESSIONID=node1"));
    let kind = sent.header("content-type");
    assert_eq!(kind, Some("application/x-www-form-urlencoded"));
    // A secret has no value to be sent again.
    let secret = r#",{"_class":"hudson.model.PasswordParameterValue","name":"KEY"}"#;
    board.script.json("/job/smoke/9/api/json", &build(secret));
    let error = act(&board, &run, Verb::RerunAll).await.unwrap_err();
    assert!(error.to_string().contains("`KEY`"), "{error}");
    assert_eq!(posts(&board).len(), 1);
}

#[tokio::test]
async fn a_refusal_is_told_in_words_and_what_cannot_be_replayed_is_built_next_time() {
    let (board, run) = known("team/api main #12").await;
    let html = |status| Reply::new(status, "<html>oh").with("content-type", "text/html");
    board
        .script
        .set(&format!("{MAIN}/replay/rebuild"), html(404));
    let error = act(&board, &run, Verb::RerunAll).await.unwrap_err();
    assert!(error.to_string().contains("cannot be replayed"), "{error}");
    let build = r#"{"number":12,"timestamp":1,"actions":[]}"#;
    board.script.json(&format!("{MAIN}/api/json"), build);
    board
        .script
        .set("/job/team/job/api/job/main/build", html(403));
    let error = act(&board, &run, Verb::RerunAll).await.unwrap_err();
    assert!(error.to_string().contains("`Job/Build`"), "{error}");
    let stages = act(&board, &run, Verb::RerunFailed).await.unwrap_err();
    assert!(matches!(stages, ActError::Unsupported(_)));
}

#[tokio::test]
async fn what_was_started_meanwhile_is_seen_in_the_fresh_read() {
    let (board, run) = known("team/api main #12").await;
    let root: Value = serde_json::from_str(ROOT).unwrap();
    let build = &root.pointer("/jobs/0/jobs/0/jobs/0/builds/0").unwrap();
    board
        .script
        .json(&format!("{MAIN}/api/json"), &build.to_string());
    let job = "/job/team/job/api/job/main/api/json";
    let target = Target {
        source: board.source.name().clone(),
        run: run.key(),
        job: None,
        gate: None,
    };
    board.script.json(job, r#"{"lastBuild":{"number":12}}"#);
    let before = board.source.look_at(target.clone()).await.unwrap();
    assert_eq!((before.attempt, &*before.name), (1, "team/api #12"));
    assert!(failed(&before.state));
    board.script.json(job, r#"{"lastBuild":{"number":13}}"#);
    let after = board.source.look_at(target).await.unwrap();
    assert_eq!(after.attempt, 2);
}

#[tokio::test]
async fn nothing_is_sent_that_writes_does_not_list() {
    let board = Board::with(|config| config.writes = vec![Action::Cancel]).await;
    let batch = board.fetch("jobs").await.unwrap();
    let run = runs(&batch)["team/api main #12"].clone();
    let error = act(&board, &run, Verb::RerunAll).await.unwrap_err();
    assert!(
        error.to_string().contains("does not list `rerun`"),
        "{error}"
    );
    assert!(posts(&board).is_empty());
}

#[tokio::test]
async fn what_waits_in_the_queue_is_taken_out_of_it() {
    let board = Board::new().await;
    let root = ROOT.replace("\"inQueue\": false", "\"inQueue\": true");
    board.script.json("/api/json", &root);
    let queue = r#"{"items":[{"id":77,"inQueueSince":1795225000000,
        "task":{"url":"http://x.test/job/smoke/"}}]}"#;
    board.script.json("/queue/api/json", queue);
    let batch = board.fetch("jobs").await.unwrap();
    let queued = runs(&batch).into_values();
    let mut queued = queued.filter(|run| run.state == RunState::Queued);
    let queued = queued.next().unwrap();
    let target = Target {
        source: board.source.name().clone(),
        run: queued.key(),
        job: None,
        gate: None,
    };
    let item = "/queue/item/77/api/json";
    board
        .script
        .json(item, r#"{"cancelled":null,"executable":null}"#);
    let fresh = board.source.look_at(target.clone()).await.unwrap();
    assert_eq!(fresh.state, RunState::Queued);
    board
        .script
        .set("/queue/cancelItem", sent_on(&board, "/queue/"));
    act(&board, &queued, Verb::Cancel).await.unwrap();
    assert_eq!(posts(&board)[0].target, "/queue/cancelItem?id=77");
    board.script.json(item, r#"{"cancelled":true}"#);
    let fresh = board.source.look_at(target).await.unwrap();
    assert_eq!(fresh.state, RunState::Cancelled);
}

#[tokio::test]
async fn that_only_whole_builds_run_again_is_told_before_anybody_asks() {
    let (board, _) = known("team/api main #12").await;
    let can = board.source.capabilities();
    let lacks = |verb: Verb| {
        let own = can.iter().find(|can| can.name == verb.words());
        own.is_some_and(|can| format!("{:?}", can.state).contains("choose to re-run all jobs"))
    };
    let lacking: Vec<Verb> = Verb::ALL.into_iter().filter(|verb| lacks(*verb)).collect();
    assert_eq!(lacking, [Verb::RerunFailed, Verb::RerunJob]);
}

#[tokio::test]
async fn the_question_shows_the_commit_that_the_card_has_not_that_of_a_merge() {
    let board = Board::new().await;
    board.fetch("jobs").await.unwrap();
    let run = runs(&board.settle().await)["team/api PR-31 #4"].clone();
    let root: Value = serde_json::from_str(ROOT).unwrap();
    let branches = root.pointer("/jobs/0/jobs/0/jobs").unwrap();
    let mut branches = branches.as_array().unwrap().iter();
    let branch = branches.find(|branch| branch["name"] == "PR-31").unwrap();
    let build = branch["builds"][0].to_string();
    let at = "/job/team/job/api/job/PR-31";
    board.script.json(&format!("{at}/4/api/json"), &build);
    let last = r#"{"lastBuild":{"number":4}}"#;
    board.script.json(&format!("{at}/api/json"), last);
    let target = Target {
        source: board.source.name().clone(),
        run: run.key(),
        job: None,
        gate: None,
    };
    let fresh = board.source.look_at(target).await.unwrap();
    assert!(run.head_sha.is_some() && !build.contains(run.head_sha.as_ref().unwrap().as_str()));
    assert_eq!(fresh.head_sha, run.head_sha);
}

/// A board whose build of a branch waits for an answer, and that build.
async fn waiting() -> (Board, Target) {
    let board = Board::with(|config| {
        config.writes = vec![Action::Approve, Action::Reject];
    })
    .await;
    board
        .script
        .json(&format!("{LOGIN}/wfapi/describe"), PAUSED);
    let inputs = format!("{LOGIN}/wfapi/pendingInputActions");
    board.script.json(&inputs, INPUTS);
    let batch = board.fetch("jobs").await.unwrap();
    board.settle().await;
    let run = runs(&batch)["team/api feature/login #2"].clone();
    let root: Value = serde_json::from_str(ROOT).unwrap();
    let build = root.pointer("/jobs/0/jobs/0/jobs/1/builds/0").unwrap();
    board
        .script
        .json(&format!("{LOGIN}/api/json"), &build.to_string());
    let job = LOGIN.trim_end_matches("/2");
    let last = r#"{"lastBuild":{"number":2}}"#;
    board.script.json(&format!("{job}/api/json"), last);
    let target = Target {
        source: board.source.name().clone(),
        run: run.key(),
        job: None,
        gate: Some(Door::Question("E1f0".into())),
    };
    (board, target)
}

#[tokio::test]
async fn a_question_is_answered_with_yes_or_no_and_with_a_crumb() {
    let (board, target) = waiting().await;
    let crumb = r#"{"crumb":"c0ffee","crumbRequestField":"Jenkins-Crumb"}"#;
    board.script.json("/crumbIssuer/api/json", crumb);
    let page = "/job/team/job/api/job/feature%252Flogin/2/";
    for (verb, answer) in [(Verb::Approve, "proceedEmpty"), (Verb::Reject, "abort")] {
        let path = format!("{LOGIN}/input/E1f0/{answer}");
        board.script.set(&path, sent_on(&board, page));
        let target = target.clone();
        board.source.act(Act { verb, target }).await.unwrap();
        let sent = posts(&board).pop().unwrap();
        assert_eq!((sent.path(), &*sent.body), (&*path, ""));
        assert_eq!(sent.header("jenkins-crumb"), Some("c0ffee"));
    }
    assert_eq!(posts(&board).len(), 2);
}

#[tokio::test]
async fn the_fresh_read_tells_what_is_asked_and_whether_it_wants_values() {
    let (board, target) = waiting().await;
    let gate = board.source.look_at(target.clone()).await.unwrap().gate;
    let gate = gate.unwrap();
    assert_eq!(&*gate.name, "Deploy 1.14.0 to production?");
    assert_eq!(gate.hindrance, None);
    let inputs = format!("{LOGIN}/wfapi/pendingInputActions");
    let asks = INPUTS.replace("\"inputs\": []", r#""inputs": [{"name": "REGION"}]"#);
    board.script.json(&inputs, &asks);
    let gate = board.source.look_at(target.clone()).await.unwrap().gate;
    let why = "it asks for `REGION`: answer it on its page";
    assert_eq!(gate.unwrap().hindrance.as_deref(), Some(why));
    board.script.json(&inputs, "[]");
    assert_eq!(board.source.look_at(target).await.unwrap().gate, None);
}

#[tokio::test]
async fn who_may_not_answer_is_told_so_and_an_answer_that_comes_late_too() {
    let (board, target) = waiting().await;
    let path = format!("{LOGIN}/input/E1f0/proceedEmpty");
    for (status, words) in [
        (403, "this account may not answer"),
        (404, "nobody waits for this answer any more"),
    ] {
        let html = Reply::new(status, "<html>oh").with("content-type", "text/html");
        board.script.set(&path, html);
        let act = Act {
            verb: Verb::Approve,
            target: target.clone(),
        };
        let error = board.source.act(act).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
