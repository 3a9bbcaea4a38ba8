//! A server on loopback that does what it is told, faults included.
//!
//! Raw TCP, so that an answer may be cut, slow, silent or odd. It speaks just
//! enough HTTP/1.1 for one request a connection, and writes down all it saw.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use url::Url;

/// One request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET`, `POST`.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// All header lines, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: String,
}

impl Seen {
    /// Returns a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns everything that was sent, for a search.
    pub(crate) fn text(&self) -> String {
        format!(
            "{} {} {:?} {}",
            self.method, self.target, self.headers, self.body
        )
    }
}

/// How an answer reaches the client.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Whole.
    Whole,
    /// Only the first bytes of the body, though more were promised.
    Cut(usize),
    /// Nothing at all, while the connection stays.
    Silent,
    /// One byte of the body at a time, with a pause.
    Slow(Duration),
    /// The head, then nothing.
    HeadOnly,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    way: Way,
}

impl Reply {
    /// Builds an answer of JSON.
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::new(200, value.to_string()).with("content-type", "application/json")
    }

    /// Builds an answer.
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            way: Way::Whole,
        }
    }

    /// Changes the status.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Chooses how it reaches the client.
    pub(crate) fn by(mut self, way: Way) -> Self {
        self.way = way;
        self
    }
}

/// A running server.
pub(crate) struct Fault {
    /// Where it listens, without a path.
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: TaskTracker,
}

/// Decides what is answered.
pub(crate) type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

impl Fault {
    /// Starts a server on a free port; it ends with the runtime of the test.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tasks = TaskTracker::new();
        let script: Arc<Script> = Arc::new(script);
        tasks.spawn(serve(listener, script, Arc::clone(&seen), tasks.clone()));
        Self {
            url: Url::parse(&format!("http://127.0.0.1:{port}")).unwrap(),
            seen,
            _tasks: tasks,
        }
    }

    /// Returns all requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    listener: TcpListener,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
    tasks: TaskTracker,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
        tasks.spawn(async move {
            // A client that goes away is part of the tests.
            let _gone = answer(stream, &*script, &seen).await;
        });
    }
}

async fn answer(
    mut stream: TcpStream,
    script: &Script,
    seen: &Mutex<Vec<Seen>>,
) -> std::io::Result<()> {
    let Some(request) = read(&mut stream).await? else {
        return Ok(());
    };
    seen.lock().unwrap().push(request.clone());
    let reply = script(&request);
    if matches!(reply.way, Way::Silent) {
        return hold(stream).await;
    }
    let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", reply.status);
    if reply.status != 304 {
        head.extend(["content-length: ", &reply.body.len().to_string(), "\r\n"]);
    }
    for (name, value) in &reply.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    match reply.way {
        Way::Whole => stream.write_all(&reply.body).await?,
        Way::Cut(length) => stream.write_all(&reply.body[..length]).await?,
        Way::HeadOnly | Way::Silent => return hold(stream).await,
        Way::Slow(pause) => {
            for byte in &reply.body {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    stream.shutdown().await
}

/// Keeps a connection open until the client gives it up.
async fn hold(mut stream: TcpStream) -> std::io::Result<()> {
    let mut rest = [0_u8; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let mut part = [0_u8; 8192];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&part[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let target = first.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Ok(None);
        }
        body.extend_from_slice(&part[..count]);
    }
    Ok(Some(Seen {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}
