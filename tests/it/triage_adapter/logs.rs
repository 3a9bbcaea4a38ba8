//! Logs: the token on their way, what is missing, what does not end.

use super::*;
use crate::support::ground::bare;

#[tokio::test]
async fn the_token_stays_at_its_origin() {
    let zip = archive(&[("r.xml", JUNIT.as_bytes())]);
    let storage = Fault::start(move |seen| match seen.path() {
        "/log.txt" => Reply::new(200, LOG).with("content-type", "text/plain"),
        _ => Reply::new(200, zip.clone()).with("content-type", "application/zip"),
    })
    .await;
    let place = storage.url.clone();
    let forge = forge(move |seen| {
        let name = match seen.path() {
            path if path.ends_with("/logs") => "log.txt",
            path if path.ends_with("/zip") => "a.zip",
            _ => return None,
        };
        let link = format!("{place}{name}?sig=x");
        Some(Reply::new(302, "").with("location", &link))
    })
    .await;
    let board = board(&forge);
    let batch = board.source.diagnose(log_key(&forge), now()).await.unwrap();
    assert!(matches!(found(&batch).tests_from, TestsFrom::Report(_)));
    assert_eq!((forge.seen().len(), storage.seen().len()), (4, 2));
    for seen in storage.seen() {
        assert!(!seen.text().contains("SECRET"), "{seen:?}");
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("x-github-api-version"), None);
    }
    assert!(
        forge
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_some())
    );
}

/// Checks what a log's answer comes to; nothing is kept unless it was read.
#[track_caller]
fn check_log(expected: &LogState, reply: Reply, ago: TimeDelta) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let forge = forge(move |seen| seen.path().ends_with("/logs").then(|| reply.clone())).await;
        let board = board_of(&forge, ago);
        let batch = board.source.diagnose(log_key(&forge), now()).await.unwrap();
        assert_eq!(&found(&batch).log, expected);
        let kept = board.kept.logs.lock().unwrap().len();
        assert_eq!(kept, usize::from(matches!(expected, LogState::Read { .. })));
        // What else tells of the failure still does.
        assert!(matches!(found(&batch).tests_from, TestsFrom::Report(_)));
    });
}

#[test]
fn every_kind_of_missing_log_has_its_word() {
    let (old, new) = (TimeDelta::days(100), TimeDelta::minutes(1));
    let gone = Reply::json(&json!({"message": "Gone"}));
    check_log(&LogState::Gone, gone.clone().status(410), old);
    check_log(&LogState::Missing, gone.clone().status(404), old);
    check_log(&LogState::NotYet, gone.clone().status(404), new);
    check_log(&LogState::Empty, Reply::new(200, ""), old);
    let binary: Vec<u8> = (0..=255_u8).cycle().take(20_000).collect();
    check_log(&LogState::NotText, Reply::new(200, binary), old);
    check_log(
        &LogState::NotText,
        Reply::new(200, archive(&[("a.txt", b"log")])),
        old,
    );
    let why = Clean::line("give the token the permission `actions=read`");
    let forbidden = Reply::json(&json!({"message": "Resource not accessible"}))
        .status(403)
        .with("x-accepted-github-permissions", "actions=read");
    check_log(&LogState::Refused(why), forbidden, old);
}

/// Checks that trouble on the way is an error and leaves nothing.
#[track_caller]
fn check_trouble(reply: Reply, words: &str) {
    let said = trouble(reply, Limits::default());
    assert!(said.contains(words), "{said}");
}

/// Returns how a log fails to come within these limits; nothing may be left of it.
#[track_caller]
fn trouble(reply: Reply, limits: Limits) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let forge = forge(move |seen| seen.path().ends_with("/logs").then(|| reply.clone())).await;
        let kept = Arc::default();
        let source = open_within(&config(&forge, &[]), &kept, true, limits);
        source.restore(&[Arc::new(jobs(&forge, TimeDelta::hours(3)))]);
        let error = source.diagnose(log_key(&forge), now()).await.unwrap_err();
        assert!(kept.logs.lock().unwrap().is_empty());
        error.to_string()
    })
}

#[test]
fn a_log_that_does_not_come_whole_is_not_kept() {
    let long = LOG.repeat(200);
    check_trouble(Reply::new(200, long.clone()).by(Way::Cut(9_000)), "cut off");
    let page = Reply::new(200, "<html>").with("content-type", "text/html");
    check_trouble(page, "web page");
    check_trouble(Reply::new(503, ""), "503");
    let lost = Reply::new(302, "").with("location", "gopher://x/");
    check_trouble(lost, "redirects to nowhere");
}

#[test]
fn a_log_that_stops_half_way_is_not_kept() {
    let reply = Reply::new(200, LOG.repeat(200)).by(Way::HeadOnly);
    // On a slow machine even the head comes too late; then patience grows.
    let mut tries = [400, 4_000, 14_000].map(Duration::from_millis).into_iter();
    let stopped = tries.any(|idle| {
        let limits = Limits {
            idle,
            ..Limits::default()
        };
        trouble(reply.clone(), limits).contains("stopped half way")
    });
    assert!(stopped, "it is not given up");
}

/// Streams what a server sends, 10 kB at most, to somebody who takes only the first `takes` parts.
async fn stream(reply: Reply, takes: usize) -> Result<(Streamed, usize), SourceError> {
    stream_within(Limits::default(), reply, takes).await
}

async fn stream_within(
    limits: Limits,
    reply: Reply,
    takes: usize,
) -> Result<(Streamed, usize), SourceError> {
    let forge = Fault::start(move |_| reply.clone()).await;
    let ground = Ground {
        logs: Arc::new(Kept::default()),
        ..bare(now)
    };
    let name = SourceName::new("one");
    let client = Client::new(
        name,
        &forge.url,
        reqwest::header::HeaderMap::default(),
        None,
        limits,
        ground,
    )
    .unwrap();
    let request = Request {
        url: forge.url.clone(),
        conditional: false,
        urgency: Urgency::Person,
    };
    let (parts, mut came) = tokio::sync::mpsc::channel(1);
    let take = async {
        let mut bytes = 0;
        for _ in 0..takes {
            match came.recv().await {
                Some(part) => bytes += Vec::len(&part),
                None => break,
            }
        }
        drop(came);
        bytes
    };
    let (streamed, bytes) = tokio::join!(client.stream(&request, 10_000, parts), take);
    Ok((streamed?, bytes))
}

#[tokio::test]
async fn a_stream_has_bounds_of_size_and_pace() {
    let body = vec![b'x'; 400_000];
    let (streamed, bytes) = stream(Reply::new(200, body.clone()), usize::MAX)
        .await
        .unwrap();
    assert_eq!(
        (streamed.bytes, streamed.cut, bytes),
        (10_000, true, 10_000)
    );
    let (streamed, bytes) = stream(Reply::new(200, vec![b'x'; 10_000]), usize::MAX)
        .await
        .unwrap();
    assert_eq!(
        (streamed.bytes, streamed.cut, bytes),
        (10_000, false, 10_000)
    );
    // A slower machine only makes it slower still.
    let slow = Reply::new(200, body.clone()).by(Way::Slow(Duration::from_millis(5)));
    let limits = Limits {
        patience: Duration::from_millis(1_200),
        ..Limits::default()
    };
    let error = stream_within(limits, slow, usize::MAX).await.unwrap_err();
    assert!(error.to_string().contains("too slowly"), "{error}");
    let error = stream(Reply::new(200, vec![b'x'; 9_000]), 0)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("could not be taken in"),
        "{error}"
    );
}

#[tokio::test]
async fn a_job_at_work_has_no_log_here_and_nothing_is_asked_to_say_so() {
    use cycleboard::sources::follow::{FollowError, LIVE, Place};
    let forge = forge(|_| None).await;
    let board = board(&forge);
    let mut place = Place::default();
    let read = crate::support::follow::read_on(&board.source, &log_key(&forge), &mut place).await;
    let why = "github gives a job's log once it has finished";
    assert_eq!(read, Err(FollowError::NoWay(why.into())));
    assert!(forge.seen().is_empty());
    let can = board.source.capabilities();
    let live = can.iter().find(|can| can.name == LIVE).unwrap();
    assert_eq!(live.state, CapabilityState::Missing(why.into()));
}
