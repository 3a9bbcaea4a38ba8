//! The stream of events: what is news, what stalls, and servers without one.

use super::*;
use crate::support::ground::bare;
use cycleboard::sources::{CapabilityState, Tier};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// A server that tells what it is told to, and is otherwise without builds.
struct Telling {
    url: url::Url,
    say: mpsc::Sender<Option<String>>,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn telling() -> Telling {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (say, said) = mpsc::channel::<Option<String>>(64);
    let said = Arc::new(tokio::sync::Mutex::new(said));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let tasks = TaskTracker::new();
    tasks.clone().spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (said, noted) = (Arc::clone(&said), Arc::clone(&noted));
            tasks.spawn(async move {
                let mut head = vec![0; 8_192];
                let length = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                noted.lock().unwrap().push(path.clone());
                if path.starts_with("/sse/listen/") {
                    let begin = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                                 connection: close\r\n\r\nevent: handshake\ndata: abc-1\n\n";
                    stream.write_all(begin.as_bytes()).await.unwrap();
                    let mut said = said.lock().await;
                    while let Some(Some(text)) = said.recv().await {
                        stream.write_all(text.as_bytes()).await.unwrap();
                    }
                    return;
                }
                let name = path.trim_start_matches("/api/v2/");
                let name = name.split('?').next().unwrap_or_default();
                let body = if path.starts_with("/sse/add/") {
                    "ok".to_owned()
                } else {
                    format!("{{\"{name}\": []}}")
                };
                let kind = "content-type: application/json\r\nconnection: close";
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 200 OK\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    Telling {
        url: format!("http://127.0.0.1:{port}").parse().unwrap(),
        say,
        seen,
    }
}

fn at(url: &url::Url) -> Buildbot {
    let config = SourceConfig::new("bb", "buildbot", url.clone());
    let ground = bare(now);
    Buildbot::new(&config, &ground, Limits::default()).unwrap()
}

fn event(key: &[&str]) -> String {
    let data = json!({"key": key, "message": {}});
    format!("event: event\ndata: {data}\n\n")
}

fn tier(source: &Buildbot) -> Tier {
    let polled = source.resources(now());
    polled.iter().find(|it| &*it.id == "builds").unwrap().tier
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("it comes at once")
}

#[tokio::test]
async fn a_build_that_ends_is_news_and_a_step_of_it_is_none() {
    let server = telling().await;
    let source = at(&server.url);
    assert_eq!(
        tier(&source),
        Tier::Hot,
        "without a stream it is asked often"
    );
    server
        .say
        .try_send(Some(event(&["builds", "7", "update"])))
        .unwrap();
    server
        .say
        .try_send(Some(event(&["builds", "7", "finished"])))
        .unwrap();
    soon(source.changes().unwrap()).await.unwrap();
    assert_eq!(tier(&source), Tier::Now);
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(
        seen,
        ["/sse/listen/builds/*/*", "/sse/add/abc-1/buildrequests/*/*"]
    );
    let fetch = Fetch {
        resource: "builds".into(),
        now: now(),
        forced: false,
    };
    source.fetch(fetch.clone()).await.unwrap();
    assert_eq!(tier(&source), Tier::Warm, "what changes is told");
    // A stream that says nothing keeps nobody from asking.
    let mut stalled = source.changes().unwrap();
    assert!(futures_util::poll!(&mut stalled).is_pending());
    soon(source.fetch(fetch)).await.unwrap();
    server
        .say
        .try_send(Some(event(&["buildrequests", "8", "new"])))
        .unwrap();
    soon(stalled).await.unwrap();
    assert_eq!(tier(&source), Tier::Now);
}

#[tokio::test]
async fn what_was_read_before_anybody_listened_is_read_again() {
    let server = telling().await;
    let source = at(&server.url);
    let fetch = Fetch {
        resource: "builds".into(),
        now: now(),
        forced: false,
    };
    source.fetch(fetch.clone()).await.unwrap();
    soon(source.changes().unwrap()).await.unwrap();
    assert_eq!(tier(&source), Tier::Now);
    source.fetch(fetch).await.unwrap();
    let mut next = source.changes().unwrap();
    assert!(
        futures_util::poll!(&mut next).is_pending(),
        "once is enough"
    );
    assert_eq!(tier(&source), Tier::Warm);
}

#[tokio::test]
async fn a_stream_that_ends_at_once_is_none() {
    let server = telling().await;
    let source = at(&server.url);
    server.say.try_send(None).unwrap();
    let error = soon(source.changes().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("ended at once"), "{error}");
    assert_eq!(tier(&source), Tier::Hot);
}

#[tokio::test]
async fn a_server_without_a_stream_is_polled_and_says_why() {
    for reply in [
        Reply::new(404, ""),
        Reply::new(200, "<html>").with("content-type", "text/html"),
        Reply::new(200, "{}").with("content-type", "application/json"),
    ] {
        let fault = Fault::start(move |_| reply.clone()).await;
        let source = source(&fault, &[]);
        assert!(soon(source.changes().unwrap()).await.is_err());
        assert_eq!(tier(&source), Tier::Hot);
        let can = source.capabilities();
        let events = can.iter().find(|can| can.name == "events").unwrap();
        assert!(
            matches!(events.state, CapabilityState::Missing(_)),
            "{can:?}"
        );
    }
}
