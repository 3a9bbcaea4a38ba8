//! What a port speaks, where it does not speak what an address says: listened to, then greeted.
//!
//! One or two short connections without any credential, bounded in time and size. It is asked
//! only once asking as configured failed, and what it shows decides nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// How long a port may take to take a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long is listened for somebody who speaks first.
const FIRST_WORD: Duration = Duration::from_millis(500);
/// How long an answer to the greeting may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How much of an answer is looked at.
const ENOUGH: usize = 512;

/// What a port speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spoken {
    /// Plain HTTP.
    Http,
    /// TLS, and nothing without it.
    Tls,
    /// SSH.
    Ssh,
}

/// Returns what the port of an address speaks, where that can be told.
pub async fn ask(url: &Url) -> Option<Spoken> {
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let connected = tokio::time::timeout(CONNECT, TcpStream::connect((host, port))).await;
    let mut stream = connected.ok()?.ok()?;
    if let Some(first) = heard(&mut stream, FIRST_WORD).await {
        return judge(&first);
    }
    // The same stream goes on: who did not speak first waits for us.
    let greeting = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(greeting.as_bytes()).await.ok()?;
    if let Some(answer) = heard(&mut stream, ANSWER).await {
        return judge(&answer);
    }
    // Some hang up on plain words without one of their own.
    let connected = tokio::time::timeout(CONNECT, TcpStream::connect((host, port))).await;
    let mut stream = connected.ok()?.ok()?;
    stream.write_all(&hello()).await.ok()?;
    let answer = heard(&mut stream, ANSWER).await?;
    judge(&answer).filter(|spoken| *spoken == Spoken::Tls)
}

/// Returns how TLS is begun, with the least that there can be: what answers with a record, a
/// refusal of so little included, speaks it.
fn hello() -> Vec<u8> {
    // A record (22) of version 3.1 with 47 bytes; in it a greeting (1) of 43 for version 3.3.
    let mut hello = vec![22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3];
    // What is to be random is for keys, and none are made.
    hello.extend([0; 32]);
    // No session, two ciphers, no compression.
    hello.extend([0, 0, 4, 0xc0, 0x2f, 0, 0x2f, 1, 0]);
    hello
}

/// Returns the first bytes that come within a time; nothing where none do.
async fn heard(stream: &mut TcpStream, within: Duration) -> Option<Vec<u8>> {
    let mut bytes = vec![0; ENOUGH];
    let read = tokio::time::timeout(within, stream.read(&mut bytes)).await;
    let count = read.ok()?.ok().filter(|count| *count > 0)?;
    bytes.truncate(count);
    Some(bytes)
}

/// Returns what somebody speaks who said this.
fn judge(said: &[u8]) -> Option<Spoken> {
    // A record of TLS: an alert (21) or a handshake (22), of version 3.x.
    if let [21 | 22, 3, ..] = said {
        return Some(Spoken::Tls);
    }
    if said.starts_with(b"SSH-") {
        return Some(Spoken::Ssh);
    }
    if !said.starts_with(b"HTTP/") {
        return None;
    }
    let text = String::from_utf8_lossy(said).to_ascii_lowercase();
    let is_refusal = text.split_whitespace().nth(1) == Some("400");
    // What servers say to plain words at a port for TLS: nginx, Apache, Go and Java do.
    let wants_tls = ["https port", "https server", "ssl-enabled", "requires tls"];
    if is_refusal && wants_tls.iter().any(|words| text.contains(words)) {
        return Some(Spoken::Tls);
    }
    Some(Spoken::Http)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_is_known_by_the_first_words() {
        let check = |said: &[u8], expected| assert_eq!(judge(said), expected, "{said:?}");
        check(b"SSH-2.0-OpenSSH_9.6\r\n", Some(Spoken::Ssh));
        check(&[21, 3, 1, 0, 2, 2, 70], Some(Spoken::Tls));
        check(b"HTTP/1.1 404 Not Found\r\n\r\n", Some(Spoken::Http));
        check(
            b"HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port",
            Some(Spoken::Tls),
        );
        check(
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            Some(Spoken::Tls),
        );
        check(b"HTTP/1.1 400 Bad Request\r\n\r\n", Some(Spoken::Http));
        check(b"220 mail.test ESMTP\r\n", None);
        check(b"", None);
    }

    #[test]
    fn the_greeting_of_tls_is_as_long_as_it_says() {
        let hello = hello();
        assert_eq!(hello.len(), 5 + 47);
        assert_eq!(judge(&hello), Some(Spoken::Tls));
    }

    #[tokio::test]
    async fn who_hangs_up_on_plain_words_is_greeted_by_tls() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio_util::task::TaskTracker::new().spawn(async move {
            for answer in [&[][..], &[21, 3, 3, 0, 2, 2, 40]] {
                let (mut stream, _) = listener.accept().await.unwrap();
                drop(heard(&mut stream, ANSWER).await);
                drop(stream.write_all(answer).await);
            }
        });
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        assert_eq!(ask(&url).await, Some(Spoken::Tls));
    }

    /// Answers one connection with these bytes: at once, or once it was spoken to.
    async fn port(said: &'static [u8], first: bool) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio_util::task::TaskTracker::new().spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            if !first {
                drop(heard(&mut stream, ANSWER).await);
            }
            drop(stream.write_all(said).await);
            // The other end reads before this one is gone.
            drop(heard(&mut stream, ANSWER).await);
        });
        Url::parse(&format!("http://127.0.0.1:{port}/x")).unwrap()
    }

    #[tokio::test]
    async fn a_port_is_listened_to_before_it_is_greeted() {
        let ssh = port(b"SSH-2.0-x\r\n", true).await;
        assert_eq!(ask(&ssh).await, Some(Spoken::Ssh));
        let http = port(b"HTTP/1.1 200 OK\r\n\r\n", false).await;
        assert_eq!(ask(&http).await, Some(Spoken::Http));
    }
}
