//! `[[source.check]]` of a file to checked settings.
//!
//! What is wrong is told with its line; a check that is refused is left out.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use regex::RegexBuilder;
use url::Url;

use crate::config::check::{Checker, Table};
use crate::config::http_check::{Expected, HttpCheck, Place, SHORTEST_EVERY, Statuses};
use crate::config::{file, named_repo};
use crate::domain::key::{RepoKey, ServiceName};
use crate::domain::text::{Clean, parse_duration};

/// The title of the table in messages.
pub(super) const TITLE: &str = "[[source.check]]";

/// The most checks of one source.
pub(super) const MOST: usize = 50;

/// The longest time that an answer may be let take.
pub(super) const LONGEST_LATENCY: Duration = Duration::from_secs(10);

/// How many days before its end a certificate may be told.
pub(super) const CERTIFICATE: RangeInclusive<u32> = 1..=365;

/// How many failures in a row may be one.
pub(super) const FAILURES_IN_A_ROW: RangeInclusive<u32> = 1..=100;

/// How often a check may be asked.
pub(super) const EVERY: RangeInclusive<Duration> = SHORTEST_EVERY..=Duration::from_hours(24);

/// So many failures in a row are one, where no check says.
const FAILURES: u32 = 2;

/// What an environment is called where no check says.
const ENVIRONMENT: &str = "production";

/// Returns the checks of one source at `base`.
pub(super) fn check(
    checker: &mut Checker<'_>,
    tables: Vec<Table<file::HttpCheck>>,
    base: Option<&Url>,
) -> Vec<HttpCheck> {
    if let Some(first) = tables.get(MOST) {
        let message = format!("there are more than {MOST} checks of one source");
        let hint = "give the others a source of their own, with another `name`";
        checker.error(first.span.clone(), &message, Some(hint));
    }
    let mut names = BTreeSet::new();
    let mut places = BTreeSet::new();
    let mut checks = Vec::new();
    for table in tables.into_iter().take(MOST) {
        let span = table.span.clone();
        let Some(found) = one(checker, table, base) else {
            continue;
        };
        if !names.insert(found.name.clone()) {
            let message = format!("there are two checks named `{}`", found.name);
            checker.error(span, &message, Some("give one of them another `name`"));
            continue;
        }
        let place = (
            found.repo.clone(),
            found.environment.clone(),
            found.service.clone(),
        );
        if found.version.is_some() && !places.insert(place) {
            let message = "two checks tell the version of the same service and environment";
            let hint = "keep one `version`, or give one check another `environment` or `service`";
            checker.error(span, message, Some(hint));
            continue;
        }
        checks.push(found);
    }
    checks
}

fn one(
    checker: &mut Checker<'_>,
    table: Table<file::HttpCheck>,
    base: Option<&Url>,
) -> Option<HttpCheck> {
    let Table { value, span } = table;
    let url = match (&value.path, base) {
        (Some(text), Some(base)) => address(checker, text, base),
        (Some(_), None) => None,
        (None, _) => {
            let hint = "where it asks, e.g. `/healthz`";
            checker.missing(span.clone(), "path", TITLE, hint);
            None
        }
    };
    // A path that is refused is not refused as a name again.
    let path = value.path.as_ref().filter(|_| url.is_some());
    let name = name(checker, value.name.as_ref(), path, &span);
    if value.repo.is_none() && value.version.is_some() {
        let hint = "the repository whose versions run there, e.g. `github.com/acme/api`";
        checker.missing(span, "repo", &format!("{TITLE} with `version`"), hint);
    }
    // What is refused is told, and then nothing of the file counts.
    let service = value
        .service
        .and_then(|text| word(checker, "service", &text));
    let environment = value
        .environment
        .and_then(|text| word(checker, "environment", &text));
    let status = value.status.and_then(|words| statuses(checker, &words));
    let failures = value.failures.and_then(|count| failures(checker, &count));
    let every = value.every.and_then(|text| every(checker, &text));
    let certificate = value.certificate;
    Some(HttpCheck {
        name: name?,
        url: url?,
        service: service.map(|name| ServiceName::new(&name)),
        repo: value.repo.and_then(|text| repo(checker, &text)),
        environment: environment.unwrap_or_else(|| Clean::line(ENVIRONMENT)),
        status: status.unwrap_or_default(),
        body: value.body.and_then(|text| pattern(checker, &text)),
        value: expected(checker, value.pointer, value.equals),
        latency: value.latency.and_then(|text| latency(checker, &text)),
        certificate: certificate.and_then(|days| certificate_days(checker, &days, base)),
        version: value.version.and_then(|text| place(checker, &text)),
        failures: failures.unwrap_or(FAILURES),
        every: every.unwrap_or(SHORTEST_EVERY),
    })
}

fn name(
    checker: &mut Checker<'_>,
    name: Option<&file::Text>,
    path: Option<&file::Text>,
    span: &Range<usize>,
) -> Option<Clean> {
    let (text, at) = match (name, path) {
        (Some(name), _) => (name.get_ref().trim(), name.span()),
        (None, Some(path)) => (path.get_ref().trim(), span.clone()),
        (None, None) => return None,
    };
    let clean = Clean::line(text);
    if clean.is_empty() || *clean != *text || text.chars().count() > 100 {
        let message = "`name` is empty, too long, or has characters that cannot be shown";
        checker.error(at, message, Some("e.g. `checkout`"));
        return None;
    }
    Some(clean)
}

/// Returns a word that is shown.
pub(super) fn word(checker: &mut Checker<'_>, key: &str, text: &file::Text) -> Option<Clean> {
    let word = Clean::line(text.get_ref().trim());
    if word.is_empty() {
        checker.error(text.span(), &format!("`{key}` is empty"), None);
        return None;
    }
    Some(word)
}

/// Returns a repository that is named with its host.
pub(super) fn repo(checker: &mut Checker<'_>, text: &file::Text) -> Option<RepoKey> {
    let found = named_repo(text.get_ref());
    if found.is_none() {
        let given = text.get_ref();
        let message = format!("`repo`: `{given}` is not host and path of a repository");
        let hint = "write them as the address of its page, e.g. `github.com/acme/api`";
        checker.error(text.span(), &message, Some(hint));
    }
    found
}

/// Returns the address that a path or a whole address names, within the origin of the source.
pub(super) fn address(checker: &mut Checker<'_>, text: &file::Text, base: &Url) -> Option<Url> {
    let raw = text.get_ref().trim();
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    let mut refuse = |message: &str, hint: &str| checker.error(text.span(), message, Some(hint));
    if raw.is_empty() || raw.chars().any(odd) || raw.contains('#') {
        refuse(
            "`path` is empty, or holds a space, a `#` or a control character",
            "e.g. `/healthz`",
        );
        return None;
    }
    let url = if raw.contains("://") {
        Url::parse(raw).ok()
    } else {
        // Below the path of the source, whether it begins with a slash or not.
        let root = base.as_str().trim_end_matches('/');
        Url::parse(&format!("{root}/{}", raw.trim_start_matches('/'))).ok()
    };
    let Some(url) = url else {
        refuse(&format!("`path`: `{raw}` is no address"), "e.g. `/healthz`");
        return None;
    };
    let is_anonymous = url.username().is_empty() && url.password().is_none();
    if url.origin() != base.origin() || !is_anonymous {
        let host = base.host_str().unwrap_or_default();
        let message = format!("`path`: `{raw}` is not at `{host}`, where the source is");
        refuse(&message, "give each host a `[[source]]` of its own");
        return None;
    }
    Some(url)
}

fn statuses(checker: &mut Checker<'_>, words: &toml::Spanned<file::Words>) -> Option<Statuses> {
    let hint = "a number, a class or a range, or a list of them: `204`, `\"2xx\"`, `\"200-299\"`";
    let found = Statuses::parse(&words.get_ref().0);
    match found {
        Ok(_) if words.get_ref().0.is_empty() => {
            checker.error(words.span(), "`status` is an empty list", Some(hint));
            None
        }
        Ok(statuses) => Some(statuses),
        Err(word) => {
            let message = format!("`status`: `{word}` is no HTTP status");
            checker.error(words.span(), &message, Some(hint));
            None
        }
    }
}

fn pattern(checker: &mut Checker<'_>, text: &file::Text) -> Option<regex::Regex> {
    let built = RegexBuilder::new(text.get_ref())
        .multi_line(true)
        .size_limit(1 << 20)
        .build();
    match built {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let error = error.to_string();
            let cause = error.lines().last().unwrap_or_default();
            let cause = crate::config::board::plain(cause);
            let message = format!("`body` is not a regular expression: {cause}");
            checker.error(text.span(), &message, None);
            None
        }
    }
}

/// Returns a JSON pointer; tells if a text is none.
pub(super) fn pointer(checker: &mut Checker<'_>, key: &str, text: &file::Text) -> Option<String> {
    let raw = text.get_ref();
    if raw.is_empty() || raw.starts_with('/') {
        return Some(raw.clone());
    }
    let message = format!("`{key}`: `{raw}` is not a JSON pointer");
    let hint = format!("it begins with a slash: `/{}`", raw.replace('.', "/"));
    checker.error(text.span(), &message, Some(&hint));
    None
}

fn expected(
    checker: &mut Checker<'_>,
    at: Option<file::Text>,
    equals: Option<toml::Spanned<file::Scalar>>,
) -> Option<Expected> {
    let Some(text) = at else {
        if let Some(equals) = equals {
            let hint = "name the place in the body that is meant, e.g. `pointer = \"/status\"`";
            checker.error(equals.span(), "`equals` needs `pointer`", Some(hint));
        }
        return None;
    };
    Some(Expected {
        pointer: pointer(checker, "pointer", &text)?,
        equals: equals.map(|value| value.into_inner().0),
    })
}

/// Returns a time that may be short: `500ms`, `2s`.
fn latency(checker: &mut Checker<'_>, text: &file::Text) -> Option<Duration> {
    let raw = text.get_ref().trim();
    let millis = raw
        .strip_suffix("ms")
        .and_then(|number| number.parse().ok());
    let found = millis
        .map(Duration::from_millis)
        .or_else(|| parse_duration(raw).and_then(|span| span.to_std().ok()));
    let found = found.filter(|span| !span.is_zero());
    match found {
        Some(span) if span <= LONGEST_LATENCY => Some(span),
        Some(_) => {
            let message = format!("`latency`: `{raw}` is longer than 10 s");
            let hint = "what takes longer than that is no answer in any case";
            checker.error(text.span(), &message, Some(hint));
            None
        }
        None => {
            let message = format!("`latency`: `{raw}` is not a time");
            checker.error(text.span(), &message, Some("e.g. `500ms` or `2s`"));
            None
        }
    }
}

fn certificate_days(
    checker: &mut Checker<'_>,
    days: &toml::Spanned<i64>,
    base: Option<&Url>,
) -> Option<u32> {
    let hint = "how many days before its end it is told, e.g. `14`";
    if base.is_some_and(|base| base.scheme() != "https") {
        let message = "`certificate`: a source with plain http has none";
        checker.error(days.span(), message, Some("leave it out"));
        return None;
    }
    let found = u32::try_from(*days.get_ref()).ok();
    let found = found.filter(|days| CERTIFICATE.contains(days));
    if found.is_none() {
        let message = "`certificate` is not between 1 and 365 days";
        checker.error(days.span(), message, Some(hint));
    }
    found
}

/// Returns where an answer names its version: a JSON pointer, or a header.
fn place(checker: &mut Checker<'_>, text: &file::Text) -> Option<Place> {
    let raw = text.get_ref().trim();
    if raw.starts_with('/') {
        return Some(Place::Body(raw.to_owned()));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !raw.is_empty() && raw.len() <= 100 && raw.chars().all(is_name) {
        return Some(Place::Header(raw.to_ascii_lowercase()));
    }
    let message = format!("`version`: `{raw}` is neither a JSON pointer nor a header");
    let hint = "e.g. `/version` or `x-app-version`";
    checker.error(text.span(), &message, Some(hint));
    None
}

fn failures(checker: &mut Checker<'_>, count: &toml::Spanned<i64>) -> Option<u32> {
    let found = u32::try_from(*count.get_ref()).ok();
    let found = found.filter(|count| FAILURES_IN_A_ROW.contains(count));
    if found.is_none() {
        let hint = "how many in a row are told; 2 lets one blip pass";
        checker.error(
            count.span(),
            "`failures` is not between 1 and 100",
            Some(hint),
        );
    }
    found
}

fn every(checker: &mut Checker<'_>, text: &file::Text) -> Option<Duration> {
    let raw = text.get_ref().trim();
    let found = parse_duration(raw).and_then(|span| span.to_std().ok());
    match found {
        Some(span) if EVERY.contains(&span) => Some(span),
        Some(_) => {
            let message = format!("`every`: `{raw}` is not between 30s and 24h");
            checker.error(text.span(), &message, None);
            None
        }
        None => {
            let message = format!("`every`: `{raw}` is not a duration");
            checker.error(text.span(), &message, Some("e.g. `30s` or `5m`"));
            None
        }
    }
}
