//! A visit to what is wrong with it, and to the version that runs there. Pure.
//!
//! What is said names what was expected and what came. Which kind of wrong it is
//! stays apart from the words: figures change with every visit, the kind does not.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::config::{Expected, HttpCheck, Place};
use crate::domain::key::Sha;
use crate::domain::text::Clean;
use crate::sources::http::{Visit, span};

/// How much of a value or a body is quoted, in characters.
const QUOTED: usize = 60;

/// The longest text that is taken for a version.
const LONGEST_VERSION: usize = 100;

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    /// Which kind of wrong.
    pub(super) kind: Kind,
    /// What was expected, and what came.
    pub(super) about: String,
}

/// Which kind of wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Nobody answers there.
    Away,
    /// Somebody is there, and gave no answer.
    NoAnswer,
    /// Another status.
    Status(u16),
    /// Another body.
    Body,
    /// Another value in it.
    Value,
    /// It took too long.
    Slow,
}

/// What runs there, as it calls itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Version {
    /// A commit.
    Commit(Sha),
    /// A tag, or whatever it is called.
    Name(Clean),
}

/// Returns whether the body of an answer is of use to a check.
pub(super) fn needs_body(check: &HttpCheck) -> bool {
    let version = matches!(check.version, Some(Place::Body(_)));
    check.body.is_some() || check.value.is_some() || version
}

/// Returns what is wrong, the gravest first.
pub(super) fn judge(check: &HttpCheck, visit: &Visit) -> Result<(), Wrong> {
    let path = check.url.path();
    let wrong = |kind, about| Err(Wrong { kind, about });
    if !check.status.has(visit.status) {
        let (came, wanted) = (status(visit.status), check.status.told());
        let about = format!("{path} answered {came}, not {wanted}");
        return wrong(Kind::Status(visit.status), about);
    }
    let text = String::from_utf8_lossy(&visit.body);
    if let Some(pattern) = &check.body
        && !pattern.is_match(&text)
    {
        let (wanted, came) = (pattern.as_str(), quoted(&text));
        let about = format!("the body of {path} does not match `{wanted}`: {came}");
        return wrong(Kind::Body, about);
    }
    if let Some(expected) = &check.value
        && let Err(came) = holds(expected, &visit.body)
    {
        let about = format!("{path}: {came}");
        return wrong(Kind::Value, about);
    }
    if let Some(latency) = check.latency
        && visit.took > latency
    {
        let (took, most) = (brief(visit.took), brief(latency));
        let about = format!("{path} took {took}, longer than {most}");
        return wrong(Kind::Slow, about);
    }
    Ok(())
}

/// Returns what came instead of the expected value.
fn holds(expected: &Expected, body: &[u8]) -> Result<(), String> {
    let Expected { pointer, equals } = expected;
    let wanted = equals
        .as_ref()
        .map_or_else(|| "a value".to_owned(), |value| format!("`{value}`"));
    let root: Value = serde_json::from_slice(body)
        .map_err(|_| format!("there should be {wanted} at `{pointer}`, but it is not JSON"))?;
    let found = root.pointer(pointer).filter(|found| !found.is_null());
    match (found, equals) {
        (None, _) => Err(format!(
            "there should be {wanted} at `{pointer}`, not nothing"
        )),
        (Some(_), None) => Ok(()),
        (Some(found), Some(wanted)) if is_same(found, wanted) => Ok(()),
        (Some(found), Some(wanted)) => {
            let came = quoted(&found.to_string());
            Err(format!("`{pointer}` should be `{wanted}`, not {came}"))
        }
    }
}

fn is_same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(found), Value::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}

/// Returns the beginning of a text, as it may be shown.
fn quoted(text: &str) -> String {
    let line = Clean::line(text.trim());
    if line.is_empty() {
        return "it is empty".to_owned();
    }
    let short: String = line.chars().take(QUOTED).collect();
    let more = if short.len() < line.len() { "…" } else { "" };
    format!("`{short}{more}`")
}

fn status(status: u16) -> String {
    reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason())
        .map_or_else(
            || status.to_string(),
            |words| format!("{status} ({})", words.to_lowercase()),
        )
}

/// Returns a time as people say it: `38 ms`, `2.1 s`.
pub(super) fn brief(time: std::time::Duration) -> String {
    match time.as_millis() {
        millis @ 0..=999 => format!("{millis} ms"),
        1_000..=9_999 => format!("{:.1} s", time.as_secs_f64()),
        _ => span(time),
    }
}

/// Returns the version that an answer names; an error is a sentence for people.
pub(super) fn version(place: &Place, visit: &Visit) -> Result<Version, String> {
    let told = match place {
        Place::Header(name) => header(&visit.headers, name)
            .ok_or_else(|| format!("`version`: the answer has no header `{name}`"))?,
        Place::Body(pointer) => {
            let root: Value = serde_json::from_slice(&visit.body)
                .map_err(|_| "`version`: the answer is not JSON".to_owned())?;
            match root.pointer(pointer) {
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(Value::Number(number)) => number.to_string(),
                Some(_) | None => return Err(format!("`version`: no text at `{pointer}`")),
            }
        }
    };
    read_version(&told).ok_or_else(|| "`version`: it is empty or too long".to_owned())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim().to_owned())
}

/// Returns the version that a text names: a commit alone, after `-g` or `+`, or else a name.
fn read_version(text: &str) -> Option<Version> {
    if text.is_empty() || text.chars().count() > LONGEST_VERSION {
        return None;
    }
    let text = text.strip_suffix("-dirty").unwrap_or(text);
    let ends = [
        Some(text),
        // As `git describe` writes it: `v1.14.0-5-g1a2b3c4`.
        text.rsplit_once("-g").map(|(_, end)| end),
        text.rsplit_once('+').map(|(_, end)| end),
        text.rsplit_once("sha-").map(|(_, end)| end),
    ];
    let commit = ends.into_iter().flatten().find_map(commit);
    Some(commit.map_or_else(|| Version::Name(Clean::line(text)), Version::Commit))
}

/// Returns a commit; few digits without a letter are rather a date or a number of a build.
fn commit(text: &str) -> Option<Sha> {
    let is_whole = matches!(text.len(), 40 | 64);
    let has_letter = text.bytes().any(|b| b.is_ascii_alphabetic());
    Sha::parse(text).filter(|_| is_whole || has_letter)
}

#[cfg(test)]
mod tests;
