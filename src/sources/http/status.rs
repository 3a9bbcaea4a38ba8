//! HTTP status and headers to what the caller does next.
//!
//! A 403 has three meanings that ask for three different things: a limit, a
//! missing permission, and single sign-on. They are told apart here, once.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::retry_after::{self, Wish};
use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::sources::SourceError;
use crate::sources::told::ANSWERED;

/// What is known when an answer is judged.
pub(super) struct Judged<'a> {
    /// The host that answered.
    pub(super) host: &'a str,
    /// The path that was asked for.
    pub(super) what: &'a str,
    /// Its status.
    pub(super) status: u16,
    /// Its headers.
    pub(super) headers: &'a HeaderMap,
    /// Its body, as far as it was read.
    pub(super) body: &'a [u8],
    /// The current time.
    pub(super) now: Timestamp,
}

/// Returns a header as text, or nothing where it is absent or not ASCII.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Returns the pause that an answer asks for, if it speaks of a limit.
pub(super) fn limit(judged: &Judged<'_>) -> Option<Wish> {
    if !matches!(judged.status, 403 | 429) {
        return None;
    }
    if judged.headers.contains_key("retry-after") {
        let wish = header(judged.headers, "retry-after").unwrap_or_default();
        return Some(Wish::Told(retry_after::parse(wish, judged.now)));
    }
    for (left, reset) in [
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
    ] {
        if header(judged.headers, left).is_some_and(|left| left.trim() == "0") {
            let reset = header(judged.headers, reset).unwrap_or_default();
            return Some(Wish::Told(retry_after::until_epoch(reset, judged.now)));
        }
    }
    let said = message(judged.body).unwrap_or_default().to_lowercase();
    let limited = judged.status == 429
        || [
            "secondary rate limit",
            "rate limit exceeded",
            "abuse detection",
        ]
        .iter()
        .any(|words| said.contains(words));
    limited.then_some(Wish::Unsaid)
}

/// Returns the error that a status of 400 and above stands for.
pub(super) fn judge(judged: &Judged<'_>) -> SourceError {
    let host = judged.host.to_owned();
    let what = judged.what.to_owned();
    if let Some(wish) = limit(judged) {
        return SourceError::RateLimited {
            host,
            retry_after: wish.pause(),
            share: None,
        };
    }
    match judged.status {
        401 => SourceError::Auth { host },
        403 => forbidden(judged),
        404 | 410 => SourceError::NotFound {
            host,
            what,
            near: None,
        },
        // It is there, and stays: whoever may not be shown it has not seen it go.
        451 => SourceError::Forbidden {
            host,
            what: format!("{what} (451, unavailable for legal reasons)"),
            permission: None,
        },
        407 => SourceError::Unreachable {
            host,
            cause: "the proxy asks for a login".to_owned(),
        },
        408 | 425 | 500.. => SourceError::Unreachable {
            host,
            cause: format!("{ANSWERED}{}", reason(judged.status)),
        },
        status => SourceError::Refused {
            host,
            cause: message(judged.body)
                .unwrap_or_else(|| format!("{what}: it answered {}", reason(status))),
        },
    }
}

fn forbidden(judged: &Judged<'_>) -> SourceError {
    let host = judged.host.to_owned();
    if header(judged.headers, "x-github-sso").is_some() {
        return SourceError::Forbidden {
            host,
            what: format!(
                "{} before the token is authorised for single sign-on",
                judged.what
            ),
            permission: None,
        };
    }
    SourceError::Forbidden {
        host,
        what: judged.what.to_owned(),
        permission: header(judged.headers, "x-accepted-github-permissions")
            .map(|names| Clean::line(names).to_string())
            .filter(|names| !names.is_empty()),
    }
}

/// Returns whether the body is a page for people where data should be.
pub(super) fn is_web_page(headers: &HeaderMap) -> bool {
    header(headers, "content-type").is_some_and(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    })
}

/// Returns what the host said about a refusal, as one clean line.
pub(super) fn message(body: &[u8]) -> Option<String> {
    /// The ways in which interfaces say why: an object with one of two names, or text alone.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Message { message: String },
        Error { error: String },
        Alone(String),
    }
    let (Said::Message { message: said } | Said::Error { error: said } | Said::Alone(said)) =
        serde_json::from_slice(body).ok()?;
    let line = Clean::line(said.trim());
    let short: String = line.chars().take(200).collect();
    (!short.is_empty()).then_some(short)
}

fn reason(status: u16) -> String {
    reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason())
        .map_or_else(
            || status.to_string(),
            |words| format!("{status} ({})", words.to_lowercase()),
        )
}

#[cfg(test)]
mod tests {
    use super::{Judged, judge};
    use chrono::DateTime;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    #[track_caller]
    fn check(status: u16, headers: &[(&'static str, &'static str)], body: &str, expected: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let error = judge(&Judged {
            host: "h",
            what: "/x",
            status,
            headers: &map,
            body: body.as_bytes(),
            now: DateTime::from_timestamp(1_000, 0).unwrap(),
        });
        let hint = error.hint().unwrap_or_default();
        let text = format!("{error} | {hint}");
        assert!(text.contains(expected), "{text} should hold {expected}");
    }

    #[test]
    fn the_three_meanings_of_403_are_told_apart() {
        check(403, &[], r#"{"message":"no"}"#, "does not let us read /x");
        check(
            403,
            &[("x-accepted-github-permissions", "actions=read")],
            "",
            "`actions=read`",
        );
        check(
            403,
            &[("x-github-sso", "required; url=https://x")],
            "",
            "single sign-on",
        );
        let spent = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1090"),
        ];
        check(403, &spent, "", "no more requests for 90 s");
        let spent = [("ratelimit-remaining", "0"), ("ratelimit-reset", "1090")];
        check(403, &spent, "", "no more requests for 90 s");
        check(403, &[("retry-after", "7")], "", "for 7 s");
        let secondary = r#"{"message":"You have exceeded a secondary rate limit"}"#;
        check(403, &[], secondary, "for 60 s");
    }

    #[test]
    fn limits_of_any_shape_give_a_pause() {
        check(429, &[], "", "for 60 s");
        check(429, &[("retry-after", "whenever")], "", "for 60 s");
        check(429, &[("x-ratelimit-remaining", "0")], "", "for 60 s");
        check(
            429,
            &[("retry-after", "Thu, 01 Jan 1970 00:17:10 GMT")],
            "",
            "for 30 s",
        );
    }

    #[test]
    fn every_other_status_has_its_words() {
        check(401, &[], "", "rejected the token");
        check(404, &[], "", "/x does not exist");
        check(410, &[], "", "/x does not exist");
        check(451, &[], "", "read /x (451, unavailable for legal reasons)");
        check(
            422,
            &[],
            r#"{"message":"Validation Failed"}"#,
            "Validation Failed",
        );
        check(
            400,
            &[],
            r#"{"status":"error","error":"bad query"}"#,
            "bad query",
        );
        check(400, &[], r#""bad matcher format""#, "bad matcher format");
        check(418, &[], "", "418");
        check(502, &[], "<html>", "502 (bad gateway)");
        check(599, &[], "", "h answers 599");
        check(407, &[], "", "proxy");
    }
}
