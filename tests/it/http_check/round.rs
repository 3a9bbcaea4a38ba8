//! Rounds of checks: the first look makes sure, what hangs starves no other, and who was not
//! visited or never answered is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::Instant;

use super::*;

/// Polls once, as commands that print do; returns how many requests that cost.
async fn first(more: &str, replies: Vec<Reply>) -> (Batch, usize) {
    let turn = AtomicUsize::new(0);
    let fault = Fault::start(move |_| {
        let at = turn.fetch_add(1, Ordering::SeqCst).min(replies.len() - 1);
        replies[at].clone()
    })
    .await;
    let source = source(fault.url.as_str(), more);
    let batch = poll(&source, 0).await.unwrap();
    (batch, fault.seen().len())
}

#[tokio::test]
async fn the_first_look_is_repeated_until_it_is_sure() {
    let ill = || Reply::new(503, "");
    let well = || Reply::new(200, "");
    for (more, replies, fires, requests) in [
        ("", vec![well()], false, 1),
        ("", vec![ill()], true, 2),
        ("failures = 1", vec![ill()], true, 1),
        ("failures = 4", vec![ill()], true, 4),
        ("failures = 4", vec![ill(), ill(), well()], false, 3),
        // What is meant to be patient is, and says so.
        ("failures = 10", vec![ill()], false, 5),
        // Who was waited for once is not waited for again.
        ("failures = 3", vec![ill().by(Way::Silent)], true, 1),
        (
            "body = 'ok'",
            vec![Reply::new(200, "ok").by(Way::HeadOnly)],
            true,
            1,
        ),
        // A host that wants peace gets it; what was found before is kept.
        (
            "failures = 3",
            vec![ill(), Reply::new(429, "").with("retry-after", "7")],
            false,
            2,
        ),
    ] {
        let (batch, sent) = first(more, replies).await;
        assert_eq!(
            (!alerts(&batch).is_empty(), sent),
            (fires, requests),
            "{more}"
        );
    }
}

#[tokio::test]
async fn a_check_that_fails_and_is_no_alert_yet_is_told_as_long_as_it_was_never_well() {
    let (batch, _) = first("failures = 10", vec![Reply::new(503, "")]).await;
    let words = "`checkout` failed 5 times in a row, and is an alert at 10: /healthz answered 503";
    assert!(batch.warnings[0].starts_with(words), "{:?}", batch.warnings);
    let (batch, _) = first("", vec![Reply::new(503, ""), Reply::new(200, "")]).await;
    assert_eq!(batch.warnings, []);
}

#[tokio::test]
async fn later_rounds_look_once() {
    let status = Arc::new(Mutex::new(200));
    let answers = Arc::clone(&status);
    let fault = Fault::start(move |_| Reply::new(*answers.lock().unwrap(), "")).await;
    let source = source(fault.url.as_str(), "");
    poll(&source, 0).await.unwrap();
    *status.lock().unwrap() = 503;
    assert!(alerts(&poll(&source, 30).await.unwrap()).is_empty());
    assert_eq!(fault.seen().len(), 2);
    assert_eq!(alerts(&poll(&source, 60).await.unwrap()).len(), 1);
}

#[tokio::test]
async fn many_that_hang_neither_starve_others_nor_outlast_the_round() {
    let fault = Fault::start(|seen| match seen.path() {
        "/well" => Reply::new(200, ""),
        "/ill" => Reply::new(500, ""),
        _ => Reply::new(200, "").by(Way::Silent),
    })
    .await;
    let mut checks: Vec<String> = (0..40)
        .map(|turn| format!("[[source.check]]\npath = \"/hangs/{turn}\"\n"))
        .collect();
    checks.extend(["/well", "/ill"].map(|path| format!("[[source.check]]\npath = \"{path}\"\n")));
    let source = with(fault.url.as_str(), "", &checks.concat());
    let begun = Instant::now();
    let batch = poll(&source, 0).await.unwrap();
    let (spent, bound) = (begun.elapsed(), limits().total + Duration::from_secs(1));
    assert!(spent < bound, "{spent:?}");
    // Each was tried, however many hang.
    assert_eq!(alerts(&batch).len(), 41);
    let told = batch
        .warnings
        .iter()
        .any(|text| text.contains("only a part"));
    assert!(!told, "{:?}", batch.warnings);
    let asked: Vec<String> = fault
        .seen()
        .iter()
        .map(|seen| seen.path().to_owned())
        .collect();
    let tried: std::collections::BTreeSet<&String> = asked.iter().collect();
    assert_eq!(tried.len(), 42);
    let told = source.problems()[0].to_string();
    assert!(
        told.contains(" answers 2 of 42 checks only; `/hangs/0`: "),
        "{told}"
    );
    // What answers comes before what hung a moment ago.
    let before = asked.len();
    poll(&source, 30).await.unwrap();
    let asked: Vec<String> = fault.seen()[before..]
        .iter()
        .take(2)
        .map(|seen| seen.path().to_owned())
        .collect();
    assert!(asked.contains(&"/well".to_owned()) && asked.contains(&"/ill".to_owned()));
}

#[tokio::test]
async fn who_hangs_is_told_by_the_check_up_and_how_many_answered() {
    let fault = Fault::start(|seen| match seen.path() {
        "/well" => Reply::new(200, ""),
        _ => Reply::new(200, "").by(Way::Silent),
    })
    .await;
    let checks = ["/a", "/b", "/well"].map(|path| format!("[[source.check]]\npath = \"{path}\"\n"));
    let source = with(fault.url.as_str(), "", &checks.concat());
    let found = source.check_up().await;
    assert_eq!(found[0].text.as_str(), "1 of 3 checks answered");
    assert_eq!(found[0].state, CheckState::Failed);
}

#[tokio::test]
async fn what_fires_and_was_not_visited_is_not_said_to_be_current() {
    let fault = Fault::start(|_| Reply::new(500, "")).await;
    let known = source(fault.url.as_str(), "");
    let batch = poll(&known, 0).await.unwrap();
    assert_eq!((alerts(&batch).len(), batch.covered.len()), (1, 1));
    // There is no moment at which a visit could begin.
    let rushed = Limits {
        total: limits().first_byte,
        ..limits()
    };
    let after = within(fault.url.as_str(), &one_check(""), rushed);
    let facts: Vec<Arc<Fact>> = batch.facts.into_iter().map(Arc::new).collect();
    after.restore(&facts);
    let batch = poll(&after, 30).await.unwrap();
    assert_eq!(fault.seen().len(), 2, "none is visited after the round");
    assert_eq!(alerts(&batch).len(), 1);
    assert!(batch.covered.is_empty(), "{:?}", batch.warnings);
    assert_eq!(batch.listings[0].members.len(), 1);
    let told = batch.warnings.iter();
    let mut told = told.filter(|text| text.starts_with("only a part was visited: 1 of 1"));
    assert!(told.next().is_some(), "{:?}", batch.warnings);
}

#[tokio::test]
async fn a_source_of_which_nobody_ever_answers_says_so() {
    let source = source(nobody().await.as_str(), "");
    assert_eq!(source.problems(), [], "nothing was asked yet");
    poll(&source, 0).await.unwrap();
    let told = source.problems()[0].to_string();
    let words = " cannot be reached: connection refused; its check `checkout` was not answered";
    assert!(told.ends_with(words), "{told}");
    let fault = Fault::start(|seen| match seen.path() {
        "/a" => Reply::new(500, ""),
        _ => Reply::new(200, "").by(Way::Silent),
    })
    .await;
    let checks = ["/b", "/c"].map(|path| format!("[[source.check]]\npath = \"{path}\"\n"));
    let none = with(fault.url.as_str(), "", &checks.concat());
    poll(&none, 0).await.unwrap();
    let told = none.problems()[0].to_string();
    let words = "no answer within 1 s; none of 2 checks was answered, the first is `/b`";
    assert!(told.ends_with(words), "{told}");
    // One that answers badly answers; where most do not, that is told.
    let all = format!("{}[[source.check]]\npath = \"/a\"\n", checks.concat());
    let some = with(fault.url.as_str(), "", &all);
    poll(&some, 0).await.unwrap();
    let told = some.problems()[0].to_string();
    let words = " answers 1 of 3 checks only; `/b`: no answer within 1 s";
    assert!(told.ends_with(words), "{told}");
    let half = format!("{}[[source.check]]\npath = \"/a\"\n", checks[0]);
    let half = with(fault.url.as_str(), "", &half);
    poll(&half, 0).await.unwrap();
    assert_eq!(half.problems(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_that_a_host_never_answers_and_that_its_check_fails() {
    let url = nobody().await;
    let ran = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        home.configure(&format!(
            "[[source]]\nname = \"probes\"\nkind = \"http\"\nurl = \"{url}\"\n\
             [[source.check]]\nname = \"checkout\"\npath = \"/healthz\"\n"
        ));
        let board = home.run(&["board", "--once", "--exit-status", "--format", "json"]);
        (home.run(&["sources"]), board)
    });
    let (sources, board) = ran.await.unwrap();
    sources
        .exits(5)
        .prints("unreachable")
        .prints("connection refused; its check `checkout` was not answered");
    assert!(
        board.out.contains("gave no answer: connection refused"),
        "{board:#?}"
    );
    board.exits(3);
}
