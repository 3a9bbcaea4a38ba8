//! The way to one GitHub: addresses, and GraphQL with its own kinds of trouble.
//!
//! Knows where REST and GraphQL live on each kind of host, and what an error in
//! a GraphQL answer asks for. It knows no facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use url::Url;

use super::aliases::Aliases;
use super::wire::{RateLimit, Reply, ReplyError};
use crate::config::SourceConfig;
use crate::sources::graphql;
use crate::sources::http::{
    Client, Failure, Ground, Limits, Request, Urgency, Wish, by_our_clock, check_base, decode,
    fixed_headers, host_of, is_loopback, parse_retry_after, their_now,
};
use crate::sources::{Budget, SourceError};

/// One GitHub host, through one client.
pub(super) struct Api {
    /// The client.
    pub(super) client: Client,
    /// The host as people know it: `github.com`, not `api.github.com`.
    pub(super) host: String,
    rest: Url,
    graphql: Url,
    /// Repositories that became others under their names, and what was asked of them since.
    renewed: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

/// How many addresses of a renewed repository are asked for without a validator.
const MOST_RENEWED: usize = 2_000;

/// Something that a query may do without.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Feature {
    /// Which checks are required.
    Required,
    /// What all checks of a commit say together.
    Rollup,
    /// The status that a project board gives.
    Projects,
    /// Vulnerable dependencies.
    Alerts,
}

impl Feature {
    /// All of them, with the field that each stands for.
    const ALL: [(Self, &'static str); 4] = [
        // Before the field that it lies in: its path names both.
        (Self::Required, "contexts"),
        (Self::Rollup, "statusCheckRollup"),
        (Self::Projects, "projectItems"),
        (Self::Alerts, "vulnerabilityAlerts"),
    ];

    /// Returns its name among the capabilities.
    pub(super) fn capability(self) -> &'static str {
        match self {
            Self::Required => "required checks",
            Self::Rollup => "check rollup",
            Self::Projects => "project status",
            Self::Alerts => "dependency alerts",
        }
    }

    fn refused_by(error: &ReplyError) -> Option<Self> {
        let kind = error.kind.as_deref().unwrap_or_default();
        let refused = matches!(kind, "FORBIDDEN" | "INSUFFICIENT_SCOPES")
            || error.message.contains("not accessible")
            || error.message.contains("required scopes");
        let named = |field: &str| {
            error.path.iter().any(|part| part.as_str() == Some(field))
                || error.message.contains(field)
        };
        let mut all = Self::ALL.into_iter();
        all.find(|(_, field)| refused && named(field))
            .map(|(feature, _)| feature)
    }
}

/// A GraphQL answer that holds data.
#[derive(Debug)]
pub(super) struct Data {
    /// The data by alias.
    pub(super) by_alias: Aliases,
    /// Errors beside the data.
    pub(super) errors: Vec<ReplyError>,
    /// What was refused.
    pub(super) lacks: Vec<Feature>,
}

impl Data {
    /// Returns an answer that holds nothing.
    pub(super) fn none() -> Self {
        Self {
            by_alias: Aliases::default(),
            errors: Vec::new(),
            lacks: Vec::new(),
        }
    }

    /// Returns the errors that name this alias, those about refused features left out.
    pub(super) fn errors_of(&self, alias: &str) -> impl Iterator<Item = &ReplyError> {
        self.errors.iter().filter(move |error| {
            let first = error.path.first().and_then(Value::as_str);
            first == Some(alias) && Feature::refused_by(error).is_none()
        })
    }

    /// Returns whether the server gave up half way for its own limits.
    pub(super) fn was_heavy(&self) -> bool {
        self.errors.iter().any(is_heavy)
    }
}

/// Why a GraphQL query gave nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There is no GraphQL here, or not for this token: go on by REST.
    Absent(String),
    /// It was too much at once: ask for less.
    Heavy(SourceError),
    /// Something that the query can do without is refused: ask without.
    Lacks(Vec<Feature>),
    /// Anything else.
    Failed(SourceError),
}

impl Api {
    /// Makes the client of a source, without asking the network.
    pub(super) fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let host = host_of(&config.url);
        let refused = |cause: String| SourceError::Refused {
            host: host.clone(),
            cause,
        };
        check_base(&config.url, config.insecure_http).map_err(refused)?;
        let (rest, graphql) = places(&config.url)
            .ok_or_else(|| refused("the url cannot be the base of an interface".to_owned()))?;
        let headers = fixed_headers(&[
            ("accept", "application/vnd.github+json"),
            ("x-github-api-version", "2022-11-28"),
        ]);
        let client = Client::new(
            config.name.clone(),
            &rest,
            headers,
            config.ca_file.as_deref(),
            limits,
            ground.clone(),
        )?;
        Ok(Self {
            client,
            host,
            rest,
            graphql,
            renewed: Mutex::default(),
        })
    }

    /// Returns the address of a route; `path` is split at `/`, each part is escaped.
    pub(super) fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.rest.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path.split('/').filter(|part| {
                // A part of dots would climb out of the route.
                !part.is_empty() && !matches!(*part, "." | "..")
            }));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Returns a request for a route, confirmed by validator where it was read before.
    pub(super) fn request(&self, path: &str, query: &[(&str, &str)], urgency: Urgency) -> Request {
        let url = self.url(path, query);
        if self.is_first_since(path, &url) {
            self.client.forget(&url);
        }
        Request {
            url,
            conditional: true,
            urgency,
        }
    }

    /// Trusts no answer of a repository that was stored so far: they are of another one.
    pub(super) fn distrust(&self, repo: &str) {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.insert(repo.to_ascii_lowercase(), BTreeSet::new());
    }

    /// Returns whether this is the first request for something of a repository since it became
    /// another one.
    fn is_first_since(&self, path: &str, url: &Url) -> bool {
        let mut parts = path.split('/');
        let (Some("repos"), Some(owner), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if renewed.is_empty() {
            return false;
        }
        let repo = format!("{owner}/{name}").to_ascii_lowercase();
        let asked = renewed.get_mut(&repo);
        asked.is_some_and(|asked| {
            asked.len() < MOST_RENEWED && asked.insert(url.as_str().to_owned())
        })
    }

    /// Sends a query and sorts out what came back.
    pub(super) async fn query(
        &self,
        document: &str,
        operation: &str,
        variables: &Value,
        urgency: Urgency,
    ) -> Result<Data, Trouble> {
        let body = json!({
            "query": document, "operationName": operation, "variables": variables,
        });
        let sent = self.client.graphql(&self.graphql, document, &body, urgency);
        let answer = sent.await.map_err(sort)?;
        let host = self.client.host();
        let reply: Reply = decode(host, self.graphql.path(), &answer.body)
            .map_err(|f| Trouble::Failed(f.error))?;
        let errors = reply.errors.items;
        if let Some(by_alias) = reply.data.filter(|data| data.names().next().is_some()) {
            self.learn(&by_alias, &answer.headers);
            let lacks = errors.iter().filter_map(Feature::refused_by).collect();
            return Ok(Data {
                by_alias,
                errors,
                lacks,
            });
        }
        Err(self.without_data(errors, reply.message, &answer.headers))
    }

    fn learn(&self, data: &Aliases, headers: &HeaderMap) {
        if let Some(Ok(RateLimit {
            limit,
            remaining,
            reset_at,
        })) = data.read("rateLimit")
        {
            self.client.learn(Budget {
                bucket: "graphql".to_owned(),
                limit,
                remaining,
                reset_at: Some(by_our_clock(reset_at, headers, self.client.now())),
            });
        }
    }

    fn without_data(
        &self,
        errors: Vec<ReplyError>,
        message: Option<String>,
        headers: &HeaderMap,
    ) -> Trouble {
        let lacks: Vec<Feature> = errors.iter().filter_map(Feature::refused_by).collect();
        if !lacks.is_empty() {
            return Trouble::Lacks(lacks);
        }
        if errors.iter().any(is_limit) {
            let reset = headers.get("x-ratelimit-reset");
            let wish = reset
                .and_then(|reset| reset.to_str().ok()?.trim().parse::<i64>().ok())
                .and_then(|secs| chrono::DateTime::from_timestamp(secs, 0))
                .map_or(Wish::Unsaid, |at| {
                    let now = their_now(headers, self.client.now());
                    Wish::Told(parse_retry_after(&at.to_rfc2822(), now))
                });
            return Trouble::Failed(self.client.silence(wish));
        }
        let unknown = |error: &ReplyError| {
            error.message.contains("doesn't exist on type")
                || error.message.contains("Cannot query")
        };
        if let Some(error) = errors.iter().find(|error| unknown(error)) {
            return Trouble::Absent(graphql::told(&self.client.shown(&error.message)));
        }
        let heavy = errors.iter().any(is_heavy);
        let not_found = !errors.is_empty()
            && errors
                .iter()
                .all(|error| error.kind.as_deref() == Some("NOT_FOUND"));
        let said = errors.into_iter().map(|error| error.message).next();
        let said = said.or(message).unwrap_or_else(|| "no data".to_owned());
        let said = self.client.shown(&said);
        let cause = graphql::told(&said);
        let host = self.client.host().to_owned();
        if heavy {
            return Trouble::Heavy(SourceError::Unreachable { host, cause });
        }
        if not_found {
            return Trouble::Failed(SourceError::NotFound {
                host,
                what: graphql::missing(&said),
                near: None,
            });
        }
        Trouble::Failed(SourceError::Refused { host, cause })
    }
}

fn is_limit(error: &ReplyError) -> bool {
    let kind = error.kind.as_deref().unwrap_or_default();
    let limited = matches!(kind, "RATE_LIMITED" | "RATE_LIMIT");
    limited || error.message.to_lowercase().contains("rate limit")
}

fn is_heavy(error: &ReplyError) -> bool {
    let kind = error.kind.as_deref().unwrap_or_default();
    let message = error.message.to_lowercase();
    matches!(
        kind,
        "RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED" | "TIMEOUT"
    ) || message.contains("resource limits")
        || message.contains("something went wrong while executing your query")
        || message.contains("timed out")
}

/// Sorts a failure of the way there.
fn sort(failure: Failure) -> Trouble {
    match (failure.status, failure.error) {
        (Some(502 | 504), error) => Trouble::Heavy(error),
        (Some(404 | 405 | 410 | 501), error) | (_, error @ SourceError::Forbidden { .. }) => {
            Trouble::Absent(error.to_string())
        }
        (_, error) => Trouble::Failed(error),
    }
}

/// Returns whether a host is one of one's own, none that GitHub runs for all.
pub(super) fn is_ours_alone(host: &str) -> bool {
    host != "github.com" && !host.ends_with(".ghe.com")
}

/// Returns where REST and GraphQL are for a host that people know by `url`.
fn places(url: &Url) -> Option<(Url, Url)> {
    let host = host_of(url);
    if host == "github.com" {
        return pair("https://api.github.com", "/", "/graphql");
    }
    if !is_ours_alone(&host) {
        return pair(&format!("https://api.{host}"), "/", "/graphql");
    }
    let base = format!("{}://{host}", url.scheme());
    if is_loopback(url) {
        return pair(&base, "/", "/graphql");
    }
    pair(&base, "/api/v3", "/api/graphql")
}

fn pair(base: &str, rest: &str, graphql: &str) -> Option<(Url, Url)> {
    let base = Url::parse(base).ok()?;
    Some((base.join(rest).ok()?, base.join(graphql).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{is_ours_alone, places};
    use url::Url;

    #[track_caller]
    fn check(url: &str, rest: &str, graphql: &str) {
        let (found_rest, found_graphql) = places(&Url::parse(url).unwrap()).unwrap();
        assert_eq!(
            (found_rest.as_str(), found_graphql.as_str()),
            (rest, graphql)
        );
    }

    #[test]
    fn each_kind_of_host_has_its_places() {
        check(
            "https://github.com",
            "https://api.github.com/",
            "https://api.github.com/graphql",
        );
        check(
            "https://acme.ghe.com",
            "https://api.acme.ghe.com/",
            "https://api.acme.ghe.com/graphql",
        );
        check(
            "https://ghe.example.org/",
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org/api/graphql",
        );
        check(
            "http://127.0.0.1:99",
            "http://127.0.0.1:99/",
            "http://127.0.0.1:99/graphql",
        );
    }

    #[test]
    fn only_hosts_that_github_runs_for_all_have_its_pace() {
        let alone = ["ghe.example.org", "127.0.0.1:99", "github.com.example.org"];
        assert!(alone.into_iter().all(is_ours_alone));
        assert!(
            !["github.com", "acme.ghe.com"]
                .into_iter()
                .any(is_ours_alone)
        );
    }
}
