//! Checks as people write them, over answers as services give them.

use std::time::Duration;

use reqwest::header::HeaderValue;

use super::*;
use crate::config::{Settings, Trust};
use crate::sources::REGISTRY;

/// Returns the check that a text of the configuration says.
fn made(text: &str) -> HttpCheck {
    let kinds: Vec<_> = REGISTRY.iter().map(|kind| &kind.config).collect();
    let head = "[[source]]\nkind = \"http\"\nurl = \"https://api.test\"\n[[source.check]]";
    let text = format!("{head}\npath = \"/healthz\"\n{text}");
    let settings = Settings::parse(&text, "c.toml", Trust::User, &kinds);
    let settings = settings.unwrap_or_else(|errors| panic!("{errors:#?}"));
    settings.sources[0].extras.checks[0].clone()
}

fn came(status: u16, body: &str) -> Visit {
    Visit {
        status,
        headers: HeaderMap::new(),
        body: body.as_bytes().into(),
        took: Duration::from_millis(1_250),
        certificate: None,
    }
}

#[track_caller]
fn check(text: &str, status: u16, body: &str, expected: Option<&str>) {
    let found = judge(&made(text), &came(status, body)).err();
    assert_eq!(
        found.map(|wrong| wrong.about).as_deref(),
        expected,
        "{text}"
    );
}

#[test]
fn a_status_is_well_where_it_is_wanted() {
    check("", 200, "", None);
    check("", 204, "", None);
    check("status = 404", 404, "", None);
    check("status = [\"2xx\", 404]", 404, "", None);
    check("status = \"3xx\"", 302, "", None);
    check(
        "",
        503,
        "",
        Some("/healthz answered 503 (service unavailable), not 200-299"),
    );
    check(
        "status = [200, 204]",
        201,
        "",
        Some("/healthz answered 201 (created), not 200 or 204"),
    );
    check("", 599, "", Some("/healthz answered 599, not 200-299"));
    check(
        "",
        302,
        "",
        Some("/healthz answered 302 (found), not 200-299"),
    );
}

#[test]
fn a_body_matches_or_its_beginning_is_quoted() {
    let pattern = "body = '^(ok|degraded)$'";
    check(pattern, 200, "ok", None);
    check(pattern, 200, "status\nok\n", None);
    check(
        pattern,
        200,
        "<html>\u{1b}[2J Sorry",
        Some("the body of /healthz does not match `^(ok|degraded)$`: `<html> Sorry`"),
    );
    check(
        pattern,
        200,
        " ",
        Some("the body of /healthz does not match `^(ok|degraded)$`: it is empty"),
    );
    let long = judge(&made(pattern), &came(200, &"x".repeat(5_000))).unwrap_err();
    assert!(
        long.about.len() < 200 && long.about.ends_with("…`"),
        "{long:?}"
    );
    let bytes = Visit {
        body: vec![0xFF, 0xFE, 0].into(),
        ..came(200, "")
    };
    assert!(judge(&made(pattern), &bytes).is_err());
}

#[test]
fn a_value_is_what_it_should_be() {
    let text = "pointer = \"/db/state\"\nequals = \"up\"";
    check(text, 200, r#"{"db": {"state": "up"}}"#, None);
    check(
        text,
        200,
        r#"{"db": {"state": "down"}}"#,
        Some("/healthz: `/db/state` should be `\"up\"`, not `\"down\"`"),
    );
    check(
        text,
        200,
        "{}",
        Some("/healthz: there should be `\"up\"` at `/db/state`, not nothing"),
    );
    check(
        text,
        200,
        "<html>",
        Some("/healthz: there should be `\"up\"` at `/db/state`, but it is not JSON"),
    );
    check("pointer = \"/n\"\nequals = 1", 200, r#"{"n": 1.0}"#, None);
    check(
        "pointer = \"/n\"\nequals = true",
        200,
        r#"{"n": true}"#,
        None,
    );
    check(
        "pointer = \"/n\"\nequals = true",
        200,
        r#"{"n": "true"}"#,
        Some("/healthz: `/n` should be `true`, not `\"true\"`"),
    );
    check("pointer = \"/n\"", 200, r#"{"n": false}"#, None);
    check(
        "pointer = \"/n\"",
        200,
        r#"{"n": null}"#,
        Some("/healthz: there should be a value at `/n`, not nothing"),
    );
}

#[test]
fn what_takes_too_long_is_told_and_the_gravest_comes_first() {
    check("latency = \"2s\"", 200, "", None);
    check(
        "latency = \"500ms\"",
        200,
        "",
        Some("/healthz took 1.2 s, longer than 500 ms"),
    );
    check(
        "latency = \"500ms\"\nbody = \"x\"",
        500,
        "",
        Some("/healthz answered 500 (internal server error), not 200-299"),
    );
}

#[track_caller]
fn is_version(text: &str, expected: &str) {
    let found = match read_version(text) {
        Some(Version::Commit(sha)) => format!("commit {}", sha.as_str()),
        Some(Version::Name(name)) => format!("name {name}"),
        None => "none".to_owned(),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_version_is_a_commit_where_it_is_written_as_one() {
    let whole = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    is_version(whole, &format!("commit {whole}"));
    is_version("1A2B3C4", "commit 1a2b3c4");
    is_version("1a2b3c4-dirty", "commit 1a2b3c4");
    is_version("v1.14.0-5-g1a2b3c4", "commit 1a2b3c4");
    is_version("1.14.0+1a2b3c4", "commit 1a2b3c4");
    is_version("sha-1a2b3c4", "commit 1a2b3c4");
    is_version(&"1".repeat(40), &format!("commit {}", "1".repeat(40)));
    is_version("v1.14.0", "name v1.14.0");
    is_version("20261121", "name 20261121");
    is_version("build-1234567", "name build-1234567");
    is_version("1.0+20261121", "name 1.0+20261121");
    is_version("\u{1b}[31mv1", "name v1");
    is_version("", "none");
    is_version(&"x".repeat(101), "none");
}

#[test]
fn a_version_stands_in_the_body_or_in_a_header() {
    let body = Place::Body("/build/sha".to_owned());
    let told = version(&body, &came(200, r#"{"build": {"sha": " v1 "}}"#));
    assert_eq!(told, Ok(Version::Name("v1".into())));
    let told = version(&body, &came(200, "{}"));
    assert_eq!(told, Err("`version`: no text at `/build/sha`".to_owned()));
    let told = version(&body, &came(200, "<html>"));
    assert_eq!(told, Err("`version`: the answer is not JSON".to_owned()));
    let named = Place::Header("x-version".to_owned());
    let mut visit = came(200, "");
    assert!(version(&named, &visit).unwrap_err().contains("`x-version`"));
    visit
        .headers
        .insert("x-version", HeaderValue::from_static("v2"));
    assert_eq!(version(&named, &visit), Ok(Version::Name("v2".into())));
}
