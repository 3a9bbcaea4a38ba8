//! What every answer has in common: validators, pages, limits, errors.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::demo::forge::blob::{self, Blob};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::ledger::Window;
use crate::demo::forge::{Dialect, Ground};
use crate::domain::Timestamp;

/// A request, as far as answers depend on it.
#[derive(Debug)]
pub(super) struct Asked {
    /// When.
    pub(super) now: Timestamp,
    /// What the server speaks.
    pub(super) dialect: Dialect,
    /// The method.
    pub(super) method: String,
    /// The path as it was sent, without the `/api/v3` of an enterprise host.
    pub(super) path: String,
    /// The query, decoded.
    pub(super) query: Vec<(String, String)>,
    /// The query as it was sent.
    raw_query: String,
    /// The token.
    pub(super) token: Option<String>,
    /// A number for the token, the same for the same.
    pub(super) identity: u64,
    /// Whether any credential came along.
    pub(super) credential: bool,
    /// `http://host`, as the client calls it.
    pub(super) host: String,
    /// The same with `/api/v3` where the client used that.
    pub(super) base: String,
    if_none_match: Option<String>,
    /// What kind of answer is wanted.
    pub(super) accept: String,
    /// Which bytes are wanted.
    pub(super) range: Option<String>,
    /// What came with it, once it is there.
    pub(super) body: Bytes,
}

/// What headers depend on.
pub(super) struct Sent<'a> {
    /// The request.
    pub(super) asked: &'a Asked,
    /// The limit that it is charged to.
    pub(super) bucket: &'static str,
    /// How that stands.
    pub(super) window: Window,
    /// The validator.
    pub(super) etag: &'a str,
    /// Whether it is a successful reading.
    pub(super) get: bool,
}

impl Asked {
    pub(super) fn new(ground: &Ground, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let full = uri.path();
        let (prefix, path) = if ground.dialect == Dialect::GitHub {
            without_prefix(full)
        } else {
            ("", full)
        };
        let host = uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| text(header::HOST).map(str::to_owned))
            .filter(|host| {
                host.chars()
                    .all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c))
            });
        let host = match host {
            Some(host) => format!("http://{host}"),
            None => ground.url.as_str().trim_end_matches('/').to_owned(),
        };
        let authorization = text(header::AUTHORIZATION).unwrap_or_default();
        let private = text(HeaderName::from_static("private-token"));
        Self {
            now: (ground.clock)(),
            dialect: ground.dialect,
            method: method.as_str().to_owned(),
            path: path.to_owned(),
            query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            raw_query: uri.query().unwrap_or_default().to_owned(),
            identity: xxh3_64(private.unwrap_or(authorization).as_bytes()),
            credential: headers.contains_key(header::AUTHORIZATION)
                || headers.contains_key(header::COOKIE)
                || private.is_some(),
            token: match private {
                Some(private) => Some(private.to_owned()),
                None if authorization.is_empty() => None,
                // What is no credential of any form is one that nobody knows.
                None => Some(token(authorization).unwrap_or_default()),
            },
            base: format!("{host}{}", if prefix == "/api/v3" { prefix } else { "" }),
            host,
            if_none_match: text(header::IF_NONE_MATCH).map(str::to_owned),
            accept: text(header::ACCEPT).unwrap_or_default().to_owned(),
            range: text(header::RANGE).map(str::to_owned),
            body: Bytes::new(),
        }
    }

    /// Returns whether it changes nothing.
    pub(super) fn reads(&self) -> bool {
        let query = ["/graphql", "/api/graphql"].contains(&self.path.as_str());
        self.method == "GET" || self.method == "HEAD" || query
    }

    /// Returns path and query.
    pub(super) fn target(&self) -> String {
        if self.raw_query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.raw_query)
        }
    }

    /// Returns one word of the query.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, default: usize) -> usize {
        self.param(name)
            .and_then(|word| word.parse().ok())
            .unwrap_or(default)
    }

    /// Returns the parts of the path between slashes, decoded one by one.
    pub(super) fn segments(&self) -> Vec<String> {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts.map(decoded).collect()
    }

    /// Returns size and number (from 1) of the page that is asked for.
    pub(super) fn page(&self) -> (usize, usize) {
        let paging = self.dialect.paging();
        (
            self.number(paging.size, paging.usual).clamp(1, paging.most),
            self.number("page", 1).max(1),
        )
    }

    /// Returns the address of a page of the list that is asked for.
    pub(super) fn page_url(&self, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in self.query.iter().filter(|(key, _)| key != "page") {
            query.append_pair(key, value);
        }
        query.append_pair("page", &page.to_string());
        format!("{}{}?{}", self.base, self.path, query.finish())
    }
}

/// An answer before headers.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Content,
    headers: Vec<(&'static str, String)>,
    bucket: &'static str,
    cost: u64,
}

/// What an answer says.
#[derive(Debug)]
enum Content {
    Json(Value),
    /// Its type, and the text.
    Text(&'static str, String),
    Blob(Blob),
}

impl Answer {
    /// Returns an answer with this body.
    pub(super) fn json(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: Content::Json(body),
            headers: Vec::new(),
            bucket: "core",
            cost: 1,
        }
    }

    /// Returns an answer that is text of this type.
    pub(super) fn text(kind: &'static str, text: String) -> Self {
        Self {
            body: Content::Text(kind, text),
            ..Self::json(Value::Null)
        }
    }

    /// Returns an answer that may be long.
    pub(super) fn blob(blob: Blob) -> Self {
        Self {
            body: Content::Blob(blob),
            ..Self::json(Value::Null)
        }
    }

    /// Says how it went.
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Returns the answer to a write that was accepted.
    pub(super) fn accepted(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::json(json!({}))
        }
    }

    /// Returns an error as GitHub writes it.
    pub(super) fn error(status: StatusCode, message: &str) -> Self {
        let body = json!({
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": status.as_str(),
        });
        Self {
            status,
            ..Self::json(body)
        }
    }

    /// Returns the error for what is not there.
    pub(super) fn not_found() -> Self {
        Self::error(StatusCode::NOT_FOUND, "Not Found")
    }

    /// Returns a redirect.
    pub(super) fn redirect(status: StatusCode, location: String) -> Self {
        let answer = Self::json(Value::Null).status(status);
        answer.header("location", location)
    }

    /// Says what it costs, and which limit.
    pub(super) fn costs(mut self, bucket: &'static str, cost: u64) -> Self {
        (self.bucket, self.cost) = (bucket, cost);
        self
    }

    /// Returns one page of a list, wrapped by `wrap` with the length of the whole.
    pub(super) fn page<T>(
        asked: &Asked,
        all: &[T],
        row: impl Fn(&T) -> Value,
        wrap: impl FnOnce(usize, Vec<Value>) -> Value,
    ) -> Self {
        let (size, number) = asked.page();
        let skip = size.saturating_mul(number - 1);
        let rows: Vec<Value> = all.iter().skip(skip).take(size).map(row).collect();
        let last = all.len().div_ceil(size).max(1);
        let mut links = Vec::new();
        let mut link = |page: usize, rel: &str| {
            links.push(format!("<{}>; rel=\"{rel}\"", asked.page_url(page)));
        };
        if number > 1 {
            link(number - 1, "prev");
            link(1, "first");
        }
        if number < last {
            link(number + 1, "next");
            link(last, "last");
        }
        let mut answer = Self::json(wrap(all.len(), rows));
        if !links.is_empty() {
            answer = answer.header("link", links.join(", "));
        }
        answer
    }

    /// Returns one page of a bare list.
    pub(super) fn list<T>(asked: &Asked, all: &[T], row: impl Fn(&T) -> Value) -> Self {
        Self::page(asked, all, row, |_, rows| Value::Array(rows))
    }

    /// Returns the response, charged, with all its headers.
    pub(super) fn finish(self, ground: &Ground, asked: &Asked, faults: &Taken) -> Response<Body> {
        let get = asked.method == "GET" && self.status == StatusCode::OK;
        let (kind, bytes) = match self.body {
            Content::Json(mut body) => {
                faults.spoil(&mut body);
                let text = (!body.is_null()).then(|| body.to_string());
                ("application/json; charset=utf-8", text.unwrap_or_default())
            }
            Content::Text(kind, text) => (kind, text),
            Content::Blob(blob) => {
                let window = ground.ledger.spend(asked, self.bucket, self.cost);
                let mut response = blob::send(blob, asked, faults);
                let sent = Sent {
                    asked,
                    bucket: self.bucket,
                    window,
                    etag: "",
                    get,
                };
                add(response.headers_mut(), asked.dialect.headers(&sent));
                add(response.headers_mut(), self.headers);
                return response;
            }
        };
        let bytes = bytes.into_bytes();
        let etag = format!("W/\"{:016x}\"", xxh3_64_with_seed(&bytes, asked.identity));
        let validates = get && asked.dialect.validates();
        let known = |sent: &str| validates && matches(sent, &etag);
        let unchanged = asked.if_none_match.as_deref().is_some_and(known);
        let free = asked.dialect == Dialect::GitHub && (unchanged || asked.path == "/rate_limit");
        let cost = if free { 0 } else { self.cost };
        let window = ground.ledger.spend(asked, self.bucket, cost);
        let sent = Sent {
            asked,
            bucket: self.bucket,
            window,
            etag: &etag,
            get,
        };
        let mut headers = HeaderMap::new();
        add(&mut headers, asked.dialect.headers(&sent));
        let date = asked.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        add(&mut headers, [("date", date)]);
        if validates {
            add(&mut headers, [("etag", etag.clone())]);
        }
        add(&mut headers, self.headers);
        if let Some(link) = faults.link(&asked.page_url(1)) {
            add(&mut headers, [("link", link)]);
        }
        if !bytes.is_empty() {
            add(&mut headers, [("content-type", kind.to_owned())]);
        }
        let head = asked.method == "HEAD";
        let body = if unchanged || head {
            Body::empty()
        } else {
            faults.body(bytes)
        };
        let mut response = Response::new(body);
        *response.status_mut() = if unchanged {
            StatusCode::NOT_MODIFIED
        } else {
            self.status
        };
        *response.headers_mut() = headers;
        response
    }
}

fn add(headers: &mut HeaderMap, more: impl IntoIterator<Item = (&'static str, String)>) {
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Parts the prefix of an enterprise host from a path.
fn without_prefix(full: &str) -> (&'static str, &str) {
    ["/api/v3", "/api"]
        .into_iter()
        .find_map(|prefix| {
            let rest = full.strip_prefix(prefix)?;
            (rest.starts_with('/') && (prefix == "/api/v3" || rest == "/graphql"))
                .then_some((prefix, rest))
        })
        .unwrap_or(("", full))
}

/// Returns the token of an `Authorization`; of a login, the password.
fn token(authorization: &str) -> Option<String> {
    if let Some(login) = authorization.strip_prefix("Basic ") {
        let login = BASE64_STANDARD.decode(login.trim()).ok()?;
        let login = String::from_utf8(login).ok()?;
        return login.split_once(':').map(|(_, token)| token.to_owned());
    }
    ["Bearer ", "bearer ", "token "]
        .iter()
        .find_map(|scheme| authorization.strip_prefix(scheme))
        .map(|token| token.trim().to_owned())
}

/// Returns a part of a path without its percent signs.
fn decoded(part: &str) -> String {
    // As in a query, but that a plus is a plus.
    let plain = part.replace('+', "%2B");
    let mut found = url::form_urlencoded::parse(plain.as_bytes());
    found
        .next()
        .map_or_else(String::new, |(part, _)| part.into_owned())
}

fn matches(sent: &str, etag: &str) -> bool {
    sent.split(',')
        .any(|one| one.trim().trim_start_matches("W/") == etag.trim_start_matches("W/"))
}

/// Returns an instant as GitHub writes it.
pub(super) fn iso(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
