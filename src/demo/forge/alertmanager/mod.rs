//! Alertmanager's API v2: which path is answered by what.
//!
//! `ground.share` says which repositories of the world it watches. What fires follows
//! from the world and its clock (`trouble`); nothing can be silenced here.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::Ground;
use crate::demo::forge::answer::{Answer, Asked, Sent, iso};
use crate::demo::forge::faults::Taken;

mod matcher;
mod trouble;

use matcher::Matcher;
use trouble::{Held, Trouble};

/// The version whose answers these are.
const VERSION: &str = "0.28.1";

/// How long an alert would fire on if nobody told it again.
const TOLD_FOR: chrono::TimeDelta = chrono::TimeDelta::minutes(4);

/// How often Prometheus tells what still fires, in seconds.
const TOLD_EVERY: i64 = 60;

/// Answers one request.
pub(super) fn respond(ground: &Arc<Ground>, asked: &Asked, _body: &Bytes, _: &Taken) -> Answer {
    let segments = asked.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    if !matches!(asked.method.as_str(), "GET" | "HEAD") {
        let method = &asked.method;
        let text = format!("method {method} is not allowed, but [GET] are");
        return refused(StatusCode::METHOD_NOT_ALLOWED, &text);
    }
    match path.as_slice() {
        ["api", "v2", "alerts"] => alerts(ground, asked),
        ["api", "v2", "status"] => Answer::json(status(ground)),
        ["api", "v2", "receivers"] => Answer::json(json!([{"name": "team"}])),
        ["api", "v2", "silences"] => silences(ground, asked),
        ["api", "v2", "silence", id] => silence(ground, asked, id),
        ["-", "healthy" | "ready"] => Answer::text("text/plain; charset=utf-8", "OK".to_owned()),
        ["api", "v2", ..] => {
            let text = format!("path {} was not found", asked.path);
            refused(StatusCode::NOT_FOUND, &text)
        }
        [] => Answer::text(
            "text/html; charset=utf-8",
            "<!DOCTYPE html><title>Alertmanager</title>".to_owned(),
        ),
        _ => Answer::text(
            "text/plain; charset=utf-8",
            "404 page not found\n".to_owned(),
        )
        .status(StatusCode::NOT_FOUND),
    }
}

/// Returns the headers that every answer has.
pub(super) fn headers(_sent: &Sent<'_>) -> Vec<(&'static str, String)> {
    vec![("cache-control", "no-store".to_owned())]
}

/// Returns an error as its router writes it.
fn refused(status: StatusCode, text: &str) -> Answer {
    let code = status.as_u16();
    Answer::json(json!({"code": code, "message": text})).status(status)
}

fn alerts(ground: &Ground, asked: &Asked) -> Answer {
    let filters = asked.query.iter().filter(|(name, _)| name == "filter");
    let mut matchers = Vec::new();
    for (_, text) in filters {
        let Some(matcher) = Matcher::parse(text) else {
            let text = format!("bad matcher format: {text}");
            return Answer::json(json!(text)).status(StatusCode::BAD_REQUEST);
        };
        matchers.push(matcher);
    }
    let wants = |name: &str| asked.param(name) != Some("false");
    let is_wanted = |trouble: &Trouble| {
        let by_state = match trouble.held {
            Held::Not => wants("active"),
            Held::Silenced(_) => wants("silenced"),
            Held::Inhibited(_) => wants("inhibited"),
        };
        by_state && matchers.iter().all(|it| it.fits(&trouble.labels))
    };
    let all = trouble::all(ground, asked.now);
    let rows = all.iter().filter(|trouble| is_wanted(trouble));
    Answer::json(rows.map(|it| written(ground, asked, it)).collect())
}

fn written(ground: &Ground, asked: &Asked, trouble: &Trouble) -> Value {
    let since = (asked.now - trouble.begun).num_seconds().max(0);
    let updated = trouble.begun + chrono::TimeDelta::seconds(since - since % TOLD_EVERY);
    let (silenced, inhibited) = match &trouble.held {
        Held::Not => (json!([]), json!([])),
        Held::Silenced(id) => (json!([id]), json!([])),
        Held::Inhibited(by) => (json!([]), json!([by])),
    };
    let expression: String =
        url::form_urlencoded::byte_serialize(trouble.expression.as_bytes()).collect();
    json!({
        "annotations": trouble.annotations,
        "endsAt": iso(updated + TOLD_FOR),
        "fingerprint": trouble.fingerprint(),
        "receivers": [{"name": "team"}],
        "startsAt": iso(trouble.begun),
        "status": {
            "inhibitedBy": inhibited,
            "mutedBy": [],
            "silencedBy": silenced,
            "state": if trouble.held == Held::Not { "active" } else { "suppressed" },
        },
        "updatedAt": iso(updated),
        "generatorURL": format!("{}graph?g0.expr={expression}&g0.tab=1", ground.url),
        "labels": trouble.labels,
    })
}

fn status(ground: &Ground) -> Value {
    json!({
        "cluster": {"peers": [], "status": "disabled"},
        "config": {"original": "route:\n  receiver: team\nreceivers:\n- name: team\n"},
        "uptime": iso((ground.clock)() - chrono::TimeDelta::days(3)),
        "versionInfo": {
            "branch": "HEAD",
            "buildDate": "20250307-15:05:18",
            "buildUser": "team@example.org",
            "goVersion": "go1.23.7",
            "revision": "b2099eaa2c9ebc25edb26517cb9c732738e93910",
            "version": VERSION,
        },
    })
}

/// Returns what is silenced, each as the silence that holds it.
fn silences(ground: &Ground, asked: &Asked) -> Answer {
    let all = trouble::all(ground, asked.now);
    let rows = all.iter().filter_map(silence_of);
    Answer::json(rows.collect())
}

fn silence(ground: &Ground, asked: &Asked, id: &str) -> Answer {
    let all = trouble::all(ground, asked.now);
    let mut rows = all.iter().filter_map(silence_of);
    let found = rows.find(|row| row.get("id").and_then(Value::as_str) == Some(id));
    match found {
        Some(row) => Answer::json(row),
        None => Answer::text("application/json", String::new()).status(StatusCode::NOT_FOUND),
    }
}

fn silence_of(trouble: &Trouble) -> Option<Value> {
    let Held::Silenced(id) = &trouble.held else {
        return None;
    };
    let matchers = ["alertname", "service"].map(|name| {
        let value = trouble.labels.get(name);
        json!({"isEqual": true, "isRegex": false, "name": name, "value": value})
    });
    let begun = trouble.begun + chrono::TimeDelta::minutes(20);
    Some(json!({
        "id": id,
        "status": {"state": "active"},
        "comment": "a larger disk is on its way",
        "createdBy": "ines",
        "startsAt": iso(begun),
        "updatedAt": iso(begun),
        "endsAt": iso(begun + chrono::TimeDelta::days(2)),
        "matchers": matchers,
    }))
}
