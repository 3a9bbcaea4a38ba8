//! Which kind of system an unknown host is: a few questions that need no login.
//!
//! Bounded in time, size and number; no token is ever sent. What no answer shows is
//! not guessed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use futures_util::future::join_all;
use reqwest::header::{DATE, LOCATION};
use serde_json::Value;
use url::Url;

use super::http::{
    self, Answer, Client, Failure, Ground, Limits, Request, Urgency, fixed_headers, host_of, span,
};
use super::usual::{Probe, Row};
use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::sources::SourceError;

/// How long a host may take to show what it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// The largest answer.
const LARGEST: usize = 512 * 1024;

/// The most base addresses that are tried.
const MOST_BASES: usize = 6;

/// What an unknown host turned out to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The word for its kind.
    pub kind: &'static str,
    /// Where its interface begins.
    pub url: Url,
    /// Its version, where it tells that to strangers.
    pub version: Option<Clean>,
}

/// Asks what is at an address; nothing where no answer shows that.
///
/// `bases` are the addresses at which its interface may begin, the most likely first; they are of
/// one origin.
pub async fn ask(
    bases: &[Url],
    rows: &[Row],
    ca_file: Option<&Path>,
    ground: &Ground,
) -> Result<Option<Shown>, SourceError> {
    let Some(first) = bases.first() else {
        return Ok(None);
    };
    let client = client(first, ca_file, ground)?;
    let asked = tokio::time::timeout(PATIENCE, async {
        let mut trouble = None;
        for base in bases.iter().take(MOST_BASES) {
            let answers = answers(&client, base, rows).await;
            if let Some((kind, version)) = best(rows, &answers) {
                let url = base.clone();
                return Ok(Some(Shown { kind, url, version }));
            }
            let unreachable = answers.into_values().find_map(|answer| match answer {
                Err(failure) if failure.status.is_none() => Some(failure.error),
                Ok(_) | Err(_) => None,
            });
            trouble = trouble.or(unreachable);
        }
        trouble.map_or(Ok(None), Err)
    });
    asked.await.unwrap_or_else(|_elapsed| {
        Err(SourceError::Unreachable {
            host: host_of(first),
            cause: format!("no answer within {}", span(PATIENCE)),
        })
    })
}

/// Returns where a server sends those who ask for its first page, and the folders above that; none
/// where it sends them to another origin, or nowhere.
pub async fn pointed(url: &Url, ca_file: Option<&Path>, ground: &Ground) -> Vec<Url> {
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    let Ok(client) = client(&root, ca_file, ground) else {
        return Vec::new();
    };
    let asked = client.connections().get(root.clone()).send();
    let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, asked).await else {
        return Vec::new();
    };
    let place = answer.headers().get(LOCATION);
    let place = place.filter(|_| answer.status().is_redirection());
    let place = place.and_then(|place| place.to_str().ok());
    place.map_or_else(Vec::new, |place| folders(&root, place))
}

/// Returns the folders of an address to which a first page points, the deepest first.
fn folders(root: &Url, place: &str) -> Vec<Url> {
    let Some(there) = root
        .join(place)
        .ok()
        .filter(|there| there.origin() == root.origin())
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut path = there.path().trim_end_matches('/');
    while !path.is_empty() && found.len() < MOST_BASES {
        let mut folder = root.clone();
        folder.set_path(path);
        found.push(folder);
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    found
}

/// What a host shows at a glance, whatever it answers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Glance {
    /// How far the clock here is ahead of its own, where it tells the time.
    pub ahead: Option<TimeDelta>,
    /// The certificate that it showed, where the connection is encrypted.
    pub certificate: Option<Certificate>,
}

/// A certificate, as far as people ask about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Who signed it, where that is said.
    pub issuer: Option<Clean>,
    /// When it ends, where that can be read.
    pub ends_at: Option<Timestamp>,
    /// Whether it was seen: behind a proxy it is only known to be accepted.
    pub seen: bool,
}

/// Looks at a host with one request; nothing where it does not answer.
pub async fn glance(base: &Url, ca_file: Option<&Path>, ground: &Ground) -> Option<Glance> {
    let client = client(base, ca_file, ground).ok()?;
    let asked = client.connections().get(base.clone()).send();
    let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
    let date = answer
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok());
    let theirs = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let shown = answer.extensions().get::<reqwest::tls::TlsInfo>();
    let shown = shown.and_then(|info| info.peer_certificate());
    Some(Glance {
        ahead: theirs.map(|theirs| (ground.clock)() - theirs.to_utc()),
        certificate: (base.scheme() == "https").then(|| Certificate {
            issuer: shown.and_then(http::issuer),
            ends_at: shown.and_then(http::not_after),
            seen: shown.is_some(),
        }),
    })
}

/// Makes a client that has no credential and is never given one.
fn client(base: &Url, ca_file: Option<&Path>, ground: &Ground) -> Result<Client, SourceError> {
    let limits = Limits {
        connect: PATIENCE,
        first_byte: PATIENCE,
        total: PATIENCE,
        idle: PATIENCE,
        body: LARGEST,
        redirects: 2,
        ..Limits::default()
    };
    let headers = fixed_headers(&[("accept", "application/json")]);
    let name = SourceName::new(&host_of(base));
    let ground = Ground {
        read_only: true,
        ..ground.clone()
    };
    Client::new(name, base, headers, ca_file, limits, ground)
}

type Answers = BTreeMap<&'static str, Result<Answer, Failure>>;

/// Asks every question once, all at the same time.
async fn answers(client: &Client, base: &Url, rows: &[Row]) -> Answers {
    let mut paths: Vec<&'static str> = rows
        .iter()
        .flat_map(|row| row.usual.probes)
        .map(|probe| probe.path)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let asked = paths.into_iter().map(|path| async move {
        let request = Request {
            url: below(base, path),
            conditional: false,
            urgency: Urgency::Person,
        };
        (path, client.get(&request).await)
    });
    join_all(asked).await.into_iter().collect()
}

/// Returns the address of a path below a base path.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let start = base.path().trim_end_matches('/');
    url.set_path(&format!("{start}/{path}"));
    url
}

/// Returns the kind that the answers show best: an answer says more than a refusal, and a path
/// that only one kind has more than one that several have.
fn best(rows: &[Row], answers: &Answers) -> Option<(&'static str, Option<Clean>)> {
    let probes = rows.iter().flat_map(|row| {
        let probes = row.usual.probes.iter();
        probes.map(move |probe| (row.kind.name, probe))
    });
    let shown = probes.filter_map(|(kind, probe)| {
        let (open, version) = shows(probe, answers.get(probe.path)?)?;
        Some(((open, probe.path.len()), (kind, version)))
    });
    // Of equals the first counts, which `max_by_key` alone would not do.
    let mut best: Option<((bool, usize), _)> = None;
    for (rank, found) in shown {
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, found));
        }
    }
    best.map(|(_, found)| found)
}

/// Returns whether an answer is the one that a question is after: whether it lets in strangers,
/// and the version that it told.
fn shows(probe: &Probe, answer: &Result<Answer, Failure>) -> Option<(bool, Option<Clean>)> {
    match answer {
        Ok(answer) => {
            let text = std::str::from_utf8(&answer.body).ok()?;
            let object: Value = serde_json::from_str(text).ok()?;
            let has = |key: &&str| object.get(key).is_some();
            let fits = probe.keys.iter().all(has) && text.contains(probe.words);
            let other = !probe.never.is_empty() && text.contains(probe.never);
            (fits && !other).then(|| (true, version(&object)))
        }
        Err(failure) => {
            let closed = matches!(failure.status, Some(401 | 403));
            let said = failure.said.as_deref().unwrap_or_default();
            let known = !probe.refusal.is_empty() && said.contains(probe.refusal);
            (closed && known).then_some((false, None))
        }
    }
}

/// Returns the version in an answer, wherever a kind has it.
fn version(object: &Value) -> Option<Clean> {
    let places = [
        "/version",
        "/installed_version",
        "/versionInfo/version",
        "/data/version",
    ];
    let mut found = places.iter().filter_map(|place| object.pointer(place));
    found.find_map(Value::as_str).map(Clean::line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RepoNames, SourceKind};
    use crate::sources::http::{Looks, Next};
    use crate::sources::usual::{
        ALERTMANAGER, BUILDBOT, FORGEJO, GITEA, GITHUB, GITLAB, JENKINS, PROMETHEUS, Usual,
    };
    use reqwest::header::HeaderMap;
    use std::sync::Arc;

    const fn kind(name: &'static str) -> SourceKind {
        SourceKind {
            name,
            url: None,
            repos: RepoNames::Nested,
            paths: &[],
            tables: &[],
        }
    }

    fn rows() -> Vec<Row> {
        const KINDS: [SourceKind; 8] = [
            kind("github"),
            kind("gitlab"),
            kind("gitea"),
            kind("forgejo"),
            kind("jenkins"),
            kind("buildbot"),
            kind("alertmanager"),
            kind("prometheus"),
        ];
        static ALL: [SourceKind; 8] = KINDS;
        const USUAL: [&Usual; 8] = [
            &GITHUB,
            &GITLAB,
            &GITEA,
            &FORGEJO,
            &JENKINS,
            &BUILDBOT,
            &ALERTMANAGER,
            &PROMETHEUS,
        ];
        let both = ALL.iter().zip(USUAL);
        both.map(|(kind, usual)| Row { kind, usual }).collect()
    }

    fn answered(status: u16, body: &str) -> Result<Answer, Failure> {
        if status == 200 {
            return Ok(Answer {
                body: Arc::from(body.as_bytes()),
                not_modified: false,
                next: Next::Last,
                headers: HeaderMap::new(),
            });
        }
        let object: Value = serde_json::from_str(body).unwrap_or_default();
        Err(Failure {
            error: SourceError::Auth {
                host: String::new(),
            },
            status: Some(status),
            said: object["message"].as_str().map(str::to_owned),
            looks: Looks::Usual,
        })
    }

    #[track_caller]
    fn check(said: &[(&'static str, u16, &str)], expected: Option<(&str, Option<&str>)>) {
        let answers: Answers = said
            .iter()
            .map(|(path, status, body)| (*path, answered(*status, body)))
            .collect();
        let found = best(&rows(), &answers);
        let found = found
            .as_ref()
            .map(|(kind, version)| (*kind, version.as_ref().map(Clean::as_str)));
        assert_eq!(found, expected, "{said:?}");
    }

    #[test]
    fn a_host_shows_its_kind_by_what_only_that_kind_answers() {
        let closed = r#"{"message":"401 Unauthorized"}"#;
        check(&[("api/v4/version", 401, closed)], Some(("gitlab", None)));
        let manifest = r#"{"name":"GitLab","short_name":"GitLab","display":"browser"}"#;
        check(
            &[("-/manifest.json", 200, manifest)],
            Some(("gitlab", None)),
        );
        let shop = r#"{"name":"Shop","short_name":"Shop"}"#;
        check(&[("-/manifest.json", 200, shop)], None);
        let gitea = r#"{"version":"1.24.2"}"#;
        check(
            &[("api/v1/version", 200, gitea)],
            Some(("gitea", Some("1.24.2"))),
        );
        let forgejo = r#"{"version":"11.0.1+gitea-1.22.0"}"#;
        check(
            &[("api/v1/version", 200, forgejo)],
            Some(("forgejo", Some("11.0.1+gitea-1.22.0"))),
        );
        let meta = r#"{"verifiable_password_authentication":true,"installed_version":"3.16.0"}"#;
        check(
            &[("api/v3/meta", 200, meta)],
            Some(("github", Some("3.16.0"))),
        );
        let who = r#"{"_class":"hudson.security.WhoAmI","anonymous":true}"#;
        check(&[("whoAmI/api/json", 200, who)], Some(("jenkins", None)));
        let links = r#"{"meta":{},"rootlinks":[{"name":"builds"}]}"#;
        check(&[("api/v2", 200, links)], Some(("buildbot", None)));
        let status = r#"{"cluster":{},"versionInfo":{"version":"0.28.1"}}"#;
        check(
            &[("api/v2/status", 200, status)],
            Some(("alertmanager", Some("0.28.1"))),
        );
        let info = r#"{"status":"success","data":{"version":"2.53","goVersion":"go1"}}"#;
        check(
            &[("api/v1/status/buildinfo", 200, info)],
            Some(("prometheus", Some("2.53"))),
        );
    }

    #[test]
    fn a_closed_server_is_told_apart_by_the_paths_that_it_has() {
        let closed = r#"{"message":"Only signed in user is allowed to call APIs."}"#;
        check(&[("api/v1/version", 403, closed)], Some(("gitea", None)));
        check(
            &[
                ("api/v1/version", 403, closed),
                ("api/forgejo/v1/version", 403, closed),
            ],
            Some(("forgejo", None)),
        );
        check(&[("api/v1/version", 403, "{}")], None);
    }

    #[test]
    fn a_first_page_points_to_folders_of_its_own_origin_only() {
        let root = Url::parse("http://mon.example:9090/").unwrap();
        let told = |place: &str| -> Vec<String> {
            let all = folders(&root, place);
            all.into_iter().map(String::from).collect()
        };
        let at = |path: &str| format!("http://mon.example:9090{path}");
        assert_eq!(told("/prom"), [at("/prom")]);
        assert_eq!(told("prom/graph?x=1#y"), [at("/prom/graph"), at("/prom")]);
        assert_eq!(told("http://mon.example:9090/am/"), [at("/am")]);
        for other in [
            "https://mon.example:9090/a",
            "//evil.example/a",
            "/",
            "",
            "http://[",
        ] {
            assert_eq!(told(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn what_proves_nothing_is_no_kind() {
        for body in ["<html>", "[]", "{}", "null", r#"{"ok":true}"#, ""] {
            let all: Vec<_> = rows()
                .iter()
                .flat_map(|row| row.usual.probes)
                .map(|probe| (probe.path, 200, body))
                .collect();
            check(&all, None);
        }
    }
}
