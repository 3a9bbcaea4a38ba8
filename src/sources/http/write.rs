//! The one request that changes something: sent once, never again, nowhere else.
//!
//! No redirect is followed and nothing is repeated: whoever got no answer that
//! tells has to find out by reading.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::client::{Client, path_of};
use super::gate::{Lane, Urgency};
use super::status::{Judged, header, is_web_page, judge, limit, message};
use super::{their_now, words};
use crate::domain::text::Clean;
use crate::sources::SourceError;
use crate::sources::action::ActError;

/// How much of an answer is read: a sentence, never data.
const BODY: usize = 64 * 1024;

/// What a request that changes something carries besides its address.
#[derive(Default, Debug)]
pub struct Writing {
    /// Headers that only this request has.
    pub headers: HeaderMap,
    /// A body of JSON.
    pub body: Option<serde_json::Value>,
    /// A form instead, as `name=value&name=value`.
    pub form: Option<String>,
    /// Paths of the same origin below which a redirect says that it was done, where the interface
    /// sends browsers on to a page.
    pub done_below: Vec<String>,
    /// Finds what the body of an answer says against it, whatever its status says. Where the
    /// server itself broke (5xx) it is not known what was done, and it is not asked.
    pub refusal: Option<Refusal>,
    /// Whether the server may take it from anybody: then it is sent without a credential too.
    pub by_anybody: bool,
}

/// Finds a refusal in a body, in the words of the server.
pub type Refusal = fn(&[u8]) -> Option<String>;

impl Writing {
    /// Adds a header that only this request has; one that cannot be a header is left out.
    pub fn header(&mut self, name: &str, value: &str) {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value);
        if let (Ok(name), Ok(mut value)) = (name, value)
            && name != AUTHORIZATION
        {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
    }
}

/// An answer, as far as it was read.
struct Said {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// Sends one POST that changes something, with an answer of a few words at most.
    ///
    /// Where only reading is allowed it is refused here, and nothing leaves the process.
    pub async fn write(&self, url: &Url, body: Option<&serde_json::Value>) -> Result<(), ActError> {
        let writing = Writing {
            body: body.cloned(),
            ..Writing::default()
        };
        self.write_with(url, writing).await
    }

    /// The same, with more than a body of JSON.
    pub async fn write_with(&self, url: &Url, writing: Writing) -> Result<(), ActError> {
        let what = path_of(url);
        if self.is_read_only() {
            return Err(self.not_sent("only reading is allowed"));
        }
        if !self.origin.covers(url) {
            return Err(self.not_sent("the address is of another host"));
        }
        let permit = self.turn(Lane::Rest, Urgency::Person).await;
        let _turn = permit.map_err(|failure| ActError::NotSent(failure.error))?;
        let started = Instant::now();
        let request = self
            .to_send(url, &writing)
            .build()
            .map_err(|error| self.not_sent(&words::transport(&error.without_url())))?;
        let sent = tokio::time::timeout(self.limits.first_byte, self.http.execute(request)).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                self.enter("POST", &what, None, started, 0);
                let never_left = error.is_connect() || error.is_builder();
                let cause = words::transport(&error.without_url());
                return Err(if never_left {
                    ActError::NotSent(self.unreachable(cause).error)
                } else {
                    self.unsure(&cause)
                });
            }
            Err(_elapsed) => {
                self.enter("POST", &what, None, started, 0);
                let waited = words::span(self.limits.first_byte);
                return Err(self.unsure(&format!("no answer within {waited}")));
            }
        };
        let said = self.read(response).await;
        let bytes = u64::try_from(said.body.len()).unwrap_or_default();
        self.enter("POST", &what, Some(said.status), started, bytes);
        self.gate().learn(&said.headers, Lane::Rest, self.now());
        if self.is_sent_on(url, &writing, &said) {
            self.gate().spoke();
            return Ok(());
        }
        match self.said_against(&writing, &said) {
            Some(refused) => Err(refused),
            None => self.meaning(&said, &what),
        }
    }

    /// Returns what the body says against it.
    fn said_against(&self, writing: &Writing, said: &Said) -> Option<ActError> {
        let tells = matches!(said.status, 200..=299 | 400..=499 | 501);
        let find = writing
            .refusal
            .filter(|_| tells && !is_web_page(&said.headers))?;
        Some(ActError::Refused {
            status: said.status,
            said: self.shown(&find(&said.body)?),
        })
    }

    fn to_send(&self, url: &Url, writing: &Writing) -> reqwest::RequestBuilder {
        let builder = self.http.post(url.clone()).headers(self.headers.clone());
        let builder = self
            .with_credential(builder)
            .headers(writing.headers.clone());
        match (&writing.form, &writing.body) {
            (Some(form), _) => builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone()),
            (None, Some(body)) => builder.json(body),
            (None, None) => builder,
        }
    }

    /// Returns whether a redirect to a page says that it was done; it is not followed.
    fn is_sent_on(&self, url: &Url, writing: &Writing, said: &Said) -> bool {
        if !matches!(said.status, 302 | 303) {
            return false;
        }
        let target = header(&said.headers, "location").and_then(|place| url.join(place).ok());
        target.is_some_and(|target| {
            let mut done = writing.done_below.iter();
            self.origin.covers(&target) && done.any(|path| target.path().starts_with(path.as_str()))
        })
    }

    /// Reads the answer as far as it comes: the status alone tells enough.
    async fn read(&self, mut response: reqwest::Response) -> Said {
        let mut said = Said {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: Vec::new(),
        };
        let whole = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                let room = BODY.saturating_sub(said.body.len());
                said.body.extend(chunk.iter().take(room));
                if chunk.len() >= room {
                    break;
                }
            }
        };
        drop(tokio::time::timeout(self.limits.idle, whole).await);
        said
    }

    /// Tells done, refused and unknown apart.
    fn meaning(&self, said: &Said, what: &str) -> Result<(), ActError> {
        let status = said.status;
        match status {
            200..=299 if is_web_page(&said.headers) => {
                Err(self.unsure("it answered with a web page (login?)"))
            }
            200..=299 => {
                self.gate().spoke();
                Ok(())
            }
            300..=499 if !matches!(status, 408 | 425 | 499) => {
                let judged = Judged {
                    host: &self.host,
                    what,
                    status,
                    headers: &said.headers,
                    body: &said.body,
                    now: their_now(&said.headers, self.now()),
                };
                let spent = header(&said.headers, "x-ratelimit-remaining").map(str::trim);
                if let Some(wish) = limit(&judged).filter(|_| spent != Some("0")) {
                    let _pause = self.silence(wish);
                }
                Err(ActError::Refused {
                    status,
                    said: self.sentence(&judged),
                })
            }
            _ => Err(self.unsure(&format!("it answered {status}"))),
        }
    }

    /// Returns why it said no: its own words, else ours.
    fn sentence(&self, judged: &Judged<'_>) -> Clean {
        let own = message(judged.body).unwrap_or_else(|| match judged.status {
            300..=399 => format!("{}: it is at another address now", judged.what),
            _ => judge(judged).to_string(),
        });
        self.shown(&own)
    }

    fn not_sent(&self, cause: &str) -> ActError {
        ActError::NotSent(SourceError::Refused {
            host: self.host.clone(),
            cause: self.shown(cause).to_string(),
        })
    }

    fn unsure(&self, cause: &str) -> ActError {
        ActError::Unsure {
            cause: self.shown(cause).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::domain::key::SourceName;
    use crate::sources::http::{Ground, Limits, NoValidators};
    use crate::sources::logs::NoLogs;

    fn client(base: &Url, read_only: bool) -> Client {
        let ground = Ground {
            clock: Arc::new(|| crate::domain::Timestamp::UNIX_EPOCH),
            env: Arc::new(|_| None),
            validators: Arc::new(NoValidators),
            logs: Arc::new(NoLogs),
            read_only,
            know: |_| (),
        };
        let limits = Limits {
            first_byte: Duration::from_millis(200),
            ..Limits::default()
        };
        let name = SourceName::new("forge");
        Client::new(name, base, HeaderMap::new(), None, limits, ground).unwrap()
    }

    /// A server that gives each connection this answer, or none; returns the requests it saw.
    async fn ask(answer: &'static str, read_only: bool) -> (Result<(), ActError>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let base = Url::parse(&base).unwrap();
        let client = client(&base, read_only);
        let mut seen = Vec::new();
        let serve = async {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4_096];
                let length = stream.read(&mut head).await.unwrap();
                seen.push(String::from_utf8_lossy(&head[..length]).into_owned());
                if answer == "silence" {
                    std::future::pending::<()>().await;
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        };
        let url = base.join("runs/7/rerun").unwrap();
        let result = tokio::select! {
            () = serve => unreachable!(),
            result = client.write(&url, None) => result,
        };
        (result, seen)
    }

    #[track_caller]
    fn words(result: &Result<(), ActError>) -> String {
        match result {
            Ok(()) => "done".to_owned(),
            Err(ActError::Refused { status, said }) => format!("refused {status} {said}"),
            Err(ActError::Unsure { cause }) => format!("unsure {cause}"),
            Err(ActError::NotSent(error)) => format!("not sent {error}"),
            Err(ActError::Unsupported(text)) => format!("unsupported {text}"),
        }
    }

    #[tokio::test]
    async fn every_answer_has_its_meaning_and_comes_to_one_request() {
        let table = [
            (
                "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}",
                "done",
            ),
            (
                "HTTP/1.1 403 Forbidden\r\ncontent-length: 46\r\n\r\n{\"message\":\"This workflow is already running\"}",
                "refused 403 This workflow is already running",
            ),
            (
                "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
                "refused 307 /runs/7/rerun: it is at another address now",
            ),
            (
                "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
                "unsure it answered 502",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<ht>",
                "unsure it answered with a web page (login?)",
            ),
            ("silence", "unsure no answer within 1 s"),
            ("", "unsure"),
        ];
        for (answer, expected) in table {
            let (result, seen) = ask(answer, false).await;
            let told = words(&result);
            assert!(told.starts_with(expected), "{told} should be {expected}");
            assert_eq!(seen.len(), 1, "{answer}");
            assert!(seen[0].starts_with("POST /runs/7/rerun "), "{seen:?}");
        }
    }

    #[tokio::test]
    async fn nothing_leaves_where_only_reading_is_allowed() {
        let (result, seen) = ask("", true).await;
        assert!(words(&result).ends_with("only reading is allowed"));
        assert!(seen.is_empty());
    }

    #[tokio::test]
    async fn what_found_no_connection_was_not_sent() {
        let base = Url::parse("http://127.0.0.1:9/").unwrap();
        let result = client(&base, false).write(&base, None).await;
        assert!(words(&result).starts_with("not sent 127.0.0.1:9"));
    }
}
