//! What every answer has in common: validators, pages, limits, errors.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use serde_json::{Value, json};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::demo::forge::faults::Taken;
use crate::demo::forge::{Ground, READ_TOKEN};
use crate::domain::Timestamp;

/// A request, as far as answers depend on it.
#[derive(Debug)]
pub(super) struct Asked {
    /// When.
    pub(super) now: Timestamp,
    /// The method.
    pub(super) method: String,
    /// The path, without the `/api/v3` of an enterprise host.
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
    accept: String,
}

impl Asked {
    pub(super) fn new(ground: &Ground, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let full = uri.path();
        let (prefix, path) = ["/api/v3", "/api"]
            .iter()
            .find_map(|prefix| {
                let rest = full.strip_prefix(prefix)?;
                (rest.starts_with('/') && (*prefix == "/api/v3" || rest == "/graphql"))
                    .then_some((*prefix, rest))
            })
            .unwrap_or(("", full));
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
        let token = ["Bearer ", "bearer ", "token "]
            .iter()
            .find_map(|scheme| authorization.strip_prefix(scheme))
            .map(|token| token.trim().to_owned());
        let private = HeaderName::from_static("private-token");
        Self {
            now: (ground.clock)(),
            method: method.as_str().to_owned(),
            path: path.to_owned(),
            query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            raw_query: uri.query().unwrap_or_default().to_owned(),
            identity: xxh3_64(authorization.as_bytes()),
            credential: headers.contains_key(header::AUTHORIZATION)
                || headers.contains_key(header::COOKIE)
                || headers.contains_key(private),
            token,
            base: format!("{host}{}", if prefix == "/api/v3" { prefix } else { "" }),
            host,
            if_none_match: text(header::IF_NONE_MATCH).map(str::to_owned),
            accept: text(header::ACCEPT).unwrap_or_default().to_owned(),
        }
    }

    /// Returns whether it changes nothing.
    pub(super) fn reads(&self) -> bool {
        self.method == "GET" || self.method == "HEAD" || self.path == "/graphql"
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

    /// Returns size and number (from 1) of the page that is asked for.
    pub(super) fn page(&self) -> (usize, usize) {
        (
            self.number("per_page", 30).clamp(1, 100),
            self.number("page", 1).max(1),
        )
    }

    fn page_url(&self, page: usize) -> String {
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
    body: Value,
    link: Option<String>,
    location: Option<String>,
    bucket: &'static str,
    cost: u64,
}

impl Answer {
    /// Returns an answer with this body.
    pub(super) fn json(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            link: None,
            location: None,
            bucket: "core",
            cost: 1,
        }
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
        Self {
            status,
            location: Some(location),
            ..Self::json(Value::Null)
        }
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
        answer.link = (!links.is_empty()).then(|| links.join(", "));
        answer
    }

    /// Returns one page of a bare list.
    pub(super) fn list<T>(asked: &Asked, all: &[T], row: impl Fn(&T) -> Value) -> Self {
        Self::page(asked, all, row, |_, rows| Value::Array(rows))
    }

    /// Returns the response, charged, with all its headers.
    pub(super) fn finish(self, ground: &Ground, asked: &Asked, faults: &Taken) -> Response<Body> {
        let mut body = self.body;
        faults.spoil(&mut body);
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let etag = format!("W/\"{:016x}\"", xxh3_64_with_seed(&bytes, asked.identity));
        let get = asked.method == "GET" && self.status == StatusCode::OK;
        let unchanged = get
            && asked
                .if_none_match
                .as_deref()
                .is_some_and(|sent| matches(sent, &etag));
        let cost = if unchanged || asked.path == "/rate_limit" {
            0
        } else {
            self.cost
        };
        let window = ground.ledger.spend(asked, self.bucket, cost);
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("x-ratelimit-limit", &window.limit.to_string());
        set("x-ratelimit-remaining", &window.remaining().to_string());
        set("x-ratelimit-used", &window.used.to_string());
        set("x-ratelimit-reset", &window.reset.to_string());
        set("x-ratelimit-resource", self.bucket);
        set(
            "date",
            &asked.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        );
        set(
            "x-github-request-id",
            &format!("{:016X}", xxh3_64(etag.as_bytes())),
        );
        set("x-github-media-type", media(&asked.accept));
        set("x-oauth-scopes", scopes(asked.token.as_deref()));
        if get {
            set("etag", &etag);
            set("cache-control", "private, max-age=60, s-maxage=60");
            set("vary", "Accept, Authorization, Cookie, X-GitHub-OTP");
        }
        if let Some(link) = faults.link(&asked.page_url(1)).or(self.link) {
            set("link", &link);
        }
        if let Some(location) = &self.location {
            set("location", location);
        }
        if !bytes.is_empty() {
            set("content-type", "application/json; charset=utf-8");
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

fn matches(sent: &str, etag: &str) -> bool {
    sent.split(',')
        .any(|one| one.trim().trim_start_matches("W/") == etag.trim_start_matches("W/"))
}

/// Returns what a token may, as GitHub tells it of classic tokens.
fn scopes(token: Option<&str>) -> &'static str {
    if token == Some(READ_TOKEN) {
        "read:org, read:project, security_events"
    } else {
        "repo, read:org, read:project, security_events, workflow"
    }
}

fn media(accept: &str) -> &'static str {
    if accept.contains("raw") {
        "github.v3; param=raw"
    } else {
        "github.v3; format=json"
    }
}

/// Returns an instant as GitHub writes it.
pub(super) fn iso(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
