//! What can go wrong, switched on by tests: at the door, in the body, in GraphQL.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::demo::forge::Dialect;
use crate::demo::forge::answer::Asked;

/// Something that goes wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An error with this status and a JSON body.
    Status(u16),
    /// A login page with status 200.
    Html,
    /// A body that is no JSON.
    BadJson,
    /// Invalid UTF-8, NUL and a depth of ten thousand.
    Rubbish,
    /// A body of so many bytes of JSON.
    Huge(usize),
    /// Half a body, then the end of the connection.
    Cut,
    /// Headers, then silence.
    Silence,
    /// One byte every ten seconds.
    Drip,
    /// An answer that comes late.
    Delay(Duration),
    /// 403: the primary limit is used up; it is filled again after so many seconds.
    Exhausted(u64),
    /// 403 or 429 of a secondary limit, with `Retry-After` where it says so.
    Secondary(u16, Option<u64>),
    /// A redirect with this status to this address.
    Redirect(u16, String),
    /// A `304` that nobody asked for.
    Unsolicited304,
    /// A `Link` whose next page is the same page for ever.
    EndlessPages,
    /// Words in enumerations that nobody knows.
    WrongWords,
    /// Titles with escapes, bidirectional overrides and ten thousand marks.
    HostileTitles,
    /// GraphQL is not there (404, 501).
    NoGraphql(u16),
    /// The token may not see `statusCheckRollup`.
    RefuseRollup,
    /// 502 where a query asks for more than so many root fields.
    BigBatch(usize),
    /// Root fields beyond so many are refused with `RESOURCE_LIMITS_EXCEEDED`, the others answered.
    ResourceLimits(usize),
}

#[derive(Debug)]
struct Rule {
    path: String,
    times: Option<u32>,
    fault: Fault,
}

/// What goes wrong now.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches a fault on for paths that contain these words, until [`Faults::clear`].
    ///
    /// Paths are without `/api/v3`; those of the log origin begin with `/blob`.
    pub fn set(&self, path: &str, fault: Fault) {
        self.rules().push(Rule {
            path: path.to_owned(),
            times: None,
            fault,
        });
    }

    /// Switches a fault on for the next so many requests.
    pub fn next(&self, times: u32, path: &str, fault: Fault) {
        self.rules().push(Rule {
            path: path.to_owned(),
            times: Some(times),
            fault,
        });
    }

    /// Switches everything off.
    pub fn clear(&self) {
        self.rules().clear();
    }

    pub(super) fn take(&self, path: &str) -> Taken {
        let mut rules = self.rules();
        let mut taken = Vec::new();
        for rule in rules.iter_mut().filter(|rule| path.contains(&rule.path)) {
            if let Some(times) = &mut rule.times {
                *times = times.saturating_sub(1);
            }
            taken.push(rule.fault.clone());
        }
        rules.retain(|rule| rule.times != Some(0));
        Taken(taken)
    }
}

/// The faults of one request.
#[derive(Debug)]
pub(super) struct Taken(Vec<Fault>);

impl Taken {
    pub(super) fn delay(&self) -> Option<Duration> {
        self.0.iter().find_map(|fault| {
            if let Fault::Delay(by) = fault {
                Some(*by)
            } else {
                None
            }
        })
    }

    pub(super) fn has(&self, fault: &Fault) -> bool {
        self.0.contains(fault)
    }

    /// Returns the most root fields that a query may have, and whether more is a 502.
    pub(super) fn batch(&self) -> Option<(usize, bool)> {
        self.0.iter().find_map(|fault| {
            if let Fault::BigBatch(most) = fault {
                return Some((*most, true));
            }
            if let Fault::ResourceLimits(most) = fault {
                return Some((*most, false));
            }
            None
        })
    }

    /// Returns the response that takes the place of the true one.
    pub(super) fn instead(&self, asked: &Asked) -> Option<Response<Body>> {
        self.0.iter().find_map(|fault| instead(fault, asked))
    }

    /// Spoils a body.
    pub(super) fn spoil(&self, body: &mut Value) {
        if self.has(&Fault::WrongWords) {
            walk(body, &|key, value| {
                const KEYS: &[&str] = &[
                    "status",
                    "conclusion",
                    "result",
                    "detailed_merge_status",
                    "tier",
                    "state",
                    "mergeable",
                    "mergeStateStatus",
                    "reviewDecision",
                    "stateReason",
                    "severity",
                    "event",
                ];
                if KEYS.contains(&key) && value.is_string() {
                    *value = json!("SPLENDID");
                }
            });
        }
        if self.has(&Fault::HostileTitles) {
            let marks = "\u{301}".repeat(10_000);
            let title =
                format!("\u{1b}]52;c;cm0gLXJm\u{7}\u{1b}[2J\u{202e}evil\u{200b}\u{0}{marks}");
            walk(body, &|key, value| {
                if ["title", "display_title", "name", "message"].contains(&key) && value.is_string()
                {
                    *value = json!(title);
                }
            });
        }
    }

    /// Returns the `Link` that takes the place of the true one.
    pub(super) fn link(&self, here: &str) -> Option<String> {
        self.has(&Fault::EndlessPages)
            .then(|| format!("<{here}>; rel=\"next\""))
    }

    /// Returns the body, cut or dripping where it shall be.
    pub(super) fn body(&self, bytes: Vec<u8>) -> Body {
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
        if self.has(&Fault::Cut) {
            let first = futures_util::stream::iter([Ok(Bytes::from(half))]);
            let end = futures_util::stream::once(async {
                // The first half must be on its way before the connection ends.
                tokio::time::sleep(Duration::from_millis(30)).await;
                Err(std::io::Error::other("cut on purpose"))
            });
            return Body::from_stream(first.chain(end));
        }
        if self.has(&Fault::Silence) {
            let silent = futures_util::stream::pending::<Result<Bytes, Infallible>>();
            return Body::from_stream(silent);
        }
        if self.has(&Fault::Drip) {
            let drops = futures_util::stream::iter(bytes).then(|byte| async move {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Ok::<_, Infallible>(Bytes::from(vec![byte]))
            });
            return Body::from_stream(drops);
        }
        Body::from(bytes)
    }
}

fn walk(value: &mut Value, change: &dyn Fn(&str, &mut Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                change(key, value);
                walk(value, change);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| walk(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn instead(fault: &Fault, asked: &Asked) -> Option<Response<Body>> {
    let json_type = "application/json; charset=utf-8";
    let graphql = ["/graphql", "/api/graphql"].contains(&asked.path.as_str());
    Some(match fault {
        Fault::Status(status) => plain(*status, json_type, error_text("Something went wrong")),
        Fault::NoGraphql(status) if graphql => plain(*status, json_type, error_text("Not Found")),
        Fault::Html => {
            let page = "<!doctype html><title>Sign in</title><form><input name=password></form>";
            plain(200, "text/html; charset=utf-8", page.into())
        }
        Fault::BadJson => plain(
            200,
            json_type,
            "{\"total_count\": 3, \"workflow_runs\": [{".into(),
        ),
        Fault::Rubbish => {
            let mut rubbish = vec![b'['; 10_000];
            rubbish.extend([0xff, 0xfe, 0x00, 0xc3]);
            plain(200, json_type, rubbish)
        }
        Fault::Huge(bytes) => {
            let mut body = vec![b'['];
            while body.len() < *bytes {
                body.extend_from_slice(b"{\"number\":1,\"title\":\"the same again and again\"},");
            }
            body.extend_from_slice(b"{}]");
            plain(200, json_type, body)
        }
        Fault::Exhausted(wait) if asked.dialect == Dialect::GitLab => {
            let mut response = plain(429, "text/plain", b"Retry later\n".to_vec());
            let reset = asked.now.timestamp() + i64::try_from(*wait).unwrap_or(0);
            add(&mut response, "ratelimit-limit", "2000");
            add(&mut response, "ratelimit-observed", "2001");
            add(&mut response, "ratelimit-remaining", "0");
            add(&mut response, "ratelimit-reset", &reset.to_string());
            add(&mut response, "retry-after", &wait.to_string());
            response
        }
        Fault::Exhausted(wait) => {
            let text = error_text("API rate limit exceeded for user ID 1.");
            let mut response = plain(403, json_type, text);
            let reset = asked.now.timestamp() + i64::try_from(*wait).unwrap_or(0);
            add(&mut response, "x-ratelimit-limit", "5000");
            add(&mut response, "x-ratelimit-remaining", "0");
            add(&mut response, "x-ratelimit-used", "5000");
            add(
                &mut response,
                "x-ratelimit-resource",
                if graphql { "graphql" } else { "core" },
            );
            add(&mut response, "x-ratelimit-reset", &reset.to_string());
            response
        }
        Fault::Secondary(status, wait) => {
            let text = error_text("You have exceeded a secondary rate limit. Please wait.");
            let mut response = plain(*status, json_type, text);
            if let Some(wait) = wait {
                add(&mut response, "retry-after", &wait.to_string());
            }
            response
        }
        Fault::Redirect(status, to) => {
            let mut response = plain(*status, json_type, Vec::new());
            add(&mut response, "location", to);
            response
        }
        Fault::Unsolicited304 => plain(304, json_type, Vec::new()),
        Fault::NoGraphql(_)
        | Fault::Cut
        | Fault::Silence
        | Fault::Drip
        | Fault::Delay(_)
        | Fault::EndlessPages
        | Fault::WrongWords
        | Fault::HostileTitles
        | Fault::RefuseRollup
        | Fault::BigBatch(_)
        | Fault::ResourceLimits(_) => return None,
    })
}

fn error_text(message: &str) -> Vec<u8> {
    json!({"message": message, "documentation_url": "https://docs.github.com/rest"})
        .to_string()
        .into_bytes()
}

fn plain(status: u16, content_type: &str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    add(&mut response, "content-type", content_type);
    response
}

fn add(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}
