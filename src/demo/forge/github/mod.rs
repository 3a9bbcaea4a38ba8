//! GitHub's REST and GraphQL, answered from the simulated team; logs are at a second origin.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use xxhash_rust::xxh3::xxh3_64;

use crate::demo::forge::answer::{Answer, Asked, Sent};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::{Ground, READ_TOKEN, writes};

pub(super) mod blobs;
pub(super) mod graphql;
mod rest;

/// Answers one request.
pub(super) fn respond(ground: &Arc<Ground>, asked: &Asked, body: &Bytes, faults: &Taken) -> Answer {
    if !writes::lets_in(asked, ground) {
        return Answer::error(StatusCode::UNAUTHORIZED, "Bad credentials");
    }
    if asked.path == "/graphql" {
        return graphql::answer(ground, asked, body, faults);
    }
    rest::answer(ground, asked)
}

/// Returns the headers that every answer has.
pub(super) fn headers(sent: &Sent<'_>) -> Vec<(&'static str, String)> {
    let (asked, window) = (sent.asked, sent.window);
    let id = xxh3_64(sent.etag.as_bytes());
    let mut all = vec![
        ("x-ratelimit-limit", window.limit.to_string()),
        ("x-ratelimit-remaining", window.remaining().to_string()),
        ("x-ratelimit-used", window.used.to_string()),
        ("x-ratelimit-reset", window.reset.to_string()),
        ("x-ratelimit-resource", sent.bucket.to_owned()),
        ("x-github-request-id", format!("{id:016X}")),
        ("x-github-media-type", media(&asked.accept).to_owned()),
        ("x-oauth-scopes", scopes(asked.token.as_deref()).to_owned()),
    ];
    if sent.get {
        all.push((
            "cache-control",
            "private, max-age=60, s-maxage=60".to_owned(),
        ));
        let vary = "Accept, Authorization, Cookie, X-GitHub-OTP";
        all.push(("vary", vary.to_owned()));
    }
    all
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
