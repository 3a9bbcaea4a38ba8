//! `[[source]]`: hosts, repositories, and where tokens come from.
//!
//! Refuses whatever could carry a token to a place that the user did not mean:
//! clear text, user parts, control characters, hosts out of a directory's file.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use globset::Glob;
use url::{Host, Url};

use crate::config::check::{Checker, Table};
use crate::config::{
    Action, RepoNames, Settings, SourceConfig, SourceKind, Trust, extras, file, jobs,
};
use crate::domain::key::SourceName;
use crate::domain::text::{Clean, parse_duration};

/// How long an answer may be let take to begin.
pub(super) const TIMEOUTS: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_mins(5);

/// Puts the sources of one file into the settings.
pub(super) fn apply(
    checker: &mut Checker<'_>,
    sources: Vec<Table<file::Source>>,
    settings: &mut Settings,
) {
    let of_user = settings.sources.len();
    for table in sources {
        let name = table
            .value
            .name
            .as_ref()
            .map(|name| name.get_ref().trim().to_owned());
        if checker.trust == Trust::Directory && of_user > 0 {
            select(checker, &table, name.as_deref(), settings);
            continue;
        }
        let span = table.span.clone();
        let Some(source) = check(checker, table) else {
            continue;
        };
        if settings
            .sources
            .iter()
            .any(|other| other.name == source.name)
        {
            let message = format!("there are two sources named `{}`", source.name);
            checker.error(span, &message, Some("give one of them another `name`"));
        } else {
            if is_idle(checker, &source) {
                checker.idle(span, &source.name);
            }
            settings.sources.push(source);
        }
    }
}

/// Lets a directory choose repositories of a source that the user has.
fn select(
    checker: &mut Checker<'_>,
    table: &Table<file::Source>,
    name: Option<&str>,
    settings: &mut Settings,
) {
    let known: Vec<String> = settings
        .sources
        .iter()
        .map(|s| s.name.to_string())
        .collect();
    let only = name.is_none() && settings.sources.len() == 1;
    let found = settings
        .sources
        .iter_mut()
        .find(|source| only || name.is_some_and(|name| source.name.as_str() == name));
    let Some(source) = found else {
        checker.error(
            table.span.clone(),
            "a file of the current directory may not add a source",
            Some(&format!("name one of your own: {}", known.join(", "))),
        );
        return;
    };
    let kind = checker.kinds.iter().find(|kind| kind.name == source.kind);
    let (repos, orgs) = selection(checker, &table.value, kind.copied());
    source.repos = repos;
    source.orgs = orgs;
    if is_idle(checker, source) {
        let name = source.name.clone();
        checker.idle(table.span.clone(), &name);
    }
}

/// Returns whether nothing is chosen of a source that has something to choose from.
fn is_idle(checker: &Checker<'_>, source: &SourceConfig) -> bool {
    let kind = checker.kinds.iter().find(|kind| kind.name == source.kind);
    let chooses =
        kind.is_none_or(|kind| !matches!(kind.repos, RepoNames::Absent | RepoNames::Jobs));
    chooses && source.repos.is_empty() && source.orgs.is_empty()
}

fn check(checker: &mut Checker<'_>, table: Table<file::Source>) -> Option<SourceConfig> {
    let Table { mut value, span } = table;
    let find = |word: &str| checker.kinds.iter().find(|kind| kind.name == word).copied();
    let kind = value.kind.as_ref().and_then(|kind| find(kind.get_ref()));
    let (repos, orgs) = selection(checker, &value, kind);
    let known: Vec<&str> = checker.kinds.iter().map(|kind| kind.name).collect();
    let Some(word) = &value.kind else {
        let hint = format!("it is one of {}", known.join(", "));
        checker.missing(span, "kind", "[[source]]", &hint);
        return None;
    };
    let kind = checker.word("kind", word, &known, |_| kind);
    let insecure_http = value.insecure_http.unwrap_or(false);
    let url = match (&value.url, &kind) {
        (Some(text), kind) => check_url(checker, text, insecure_http)
            .filter(|url| kind.is_none_or(|kind| check_path_of(checker, text, url, kind))),
        (None, Some(kind)) => default_url(checker, span.clone(), kind),
        (None, None) => None,
    };
    let extras = extras::check(checker, &mut value, kind, url.as_ref(), &span);
    let name = check_name(checker, value.name.as_ref(), url.as_ref());
    let token_env = value
        .token_env
        .and_then(|text| check_variable(checker, &text));
    let token_command = value
        .token_command
        .and_then(|words| check_command(checker, "token_command", words));
    let ca_file = value.ca_file.and_then(|text| check_path(checker, &text));
    let timeout = value.timeout.and_then(|text| check_timeout(checker, &text));
    let writes = check_writes(checker, &value.writes.unwrap_or_default());
    Some(SourceConfig {
        name: SourceName::new(&name?),
        kind: kind?.name.to_owned(),
        url: url?,
        repos,
        orgs,
        token_env,
        token_command,
        ca_file,
        insecure_http,
        timeout,
        writes,
        past_days: 0,
        extras,
    })
}

fn default_url(checker: &mut Checker<'_>, at: Range<usize>, kind: &SourceKind) -> Option<Url> {
    let url = kind.url.and_then(|url| Url::parse(url).ok());
    if url.is_none() {
        checker.missing(at, "url", "[[source]]", "e.g. `https://ci.example.org`");
    }
    url
}

fn check_name(
    checker: &mut Checker<'_>,
    name: Option<&file::Text>,
    url: Option<&Url>,
) -> Option<String> {
    let Some(text) = name else {
        return url.map(host_and_port);
    };
    let name = text.get_ref().trim();
    if name.is_empty() || *name != *Clean::line(name) || name.chars().count() > 64 {
        let message = "`name` is empty, too long, or has characters that cannot be shown";
        checker.error(text.span(), message, None);
        return None;
    }
    Some(name.to_owned())
}

/// Returns the host of a URL, with its port if that is unusual.
fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns a URL that a token may be sent to.
fn check_url(checker: &mut Checker<'_>, text: &file::Text, insecure_http: bool) -> Option<Url> {
    let raw = text.get_ref();
    let mut refuse = |message: &str, hint: Option<&str>| checker.error(text.span(), message, hint);
    if raw
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        refuse("`url` holds a space or a control character", None);
        return None;
    }
    let url = match Url::parse(raw) {
        Ok(url) if raw.contains("://") => url,
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
            refuse(
                "`url` has no scheme",
                Some("write it in full, e.g. `https://github.com`"),
            );
            return None;
        }
        Err(error) => {
            refuse(&format!("`url` cannot be read: {error}"), None);
            return None;
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        let hint = "use `token_env` or `token_command`";
        refuse("`url` holds a user or a password", Some(hint));
    } else if !matches!(url.scheme(), "http" | "https") {
        let message = format!("`url`: `{}` is not http or https", url.scheme());
        refuse(&message, None);
    } else if url.query().is_some() || url.fragment().is_some() {
        refuse(
            "`url` holds more than host and path",
            Some("leave out what follows `?` or `#`"),
        );
    } else if url.scheme() == "http" && !insecure_http && !is_loopback(&url) {
        refuse(
            &format!(
                "`url`: http to {} would send the token in clear text",
                host_and_port(&url)
            ),
            Some("write `https://`, or set `insecure_http = true` for this source"),
        );
    } else {
        return Some(url);
    }
    None
}

/// Returns whether what follows the host is what a kind of source knows; tells if it is not, as
/// it would be left out of every request.
fn check_path_of(
    checker: &mut Checker<'_>,
    text: &file::Text,
    url: &Url,
    kind: &SourceKind,
) -> bool {
    let path = url.path().trim_end_matches('/');
    if kind.paths.is_empty() || kind.paths.contains(&path) {
        return true;
    }
    let message = format!(
        "`url`: `{path}` is no part of the address of a {} host",
        kind.name
    );
    let hint = format!(
        "write `{}://{}` alone; repositories are named in `repos` and `orgs`",
        url.scheme(),
        host_and_port(url)
    );
    checker.error(text.span(), &message, Some(&hint));
    false
}

/// Returns whether a URL names this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns the repositories and organisations that are chosen.
fn selection(
    checker: &mut Checker<'_>,
    source: &file::Source,
    kind: Option<&SourceKind>,
) -> (Vec<String>, Vec<String>) {
    let is_flat = kind.is_some_and(|kind| kind.repos == RepoNames::Flat);
    if let Some(kind) = kind.filter(|kind| kind.repos == RepoNames::Absent) {
        let given = [("repos", &source.repos), ("orgs", &source.orgs)];
        for (key, list) in given {
            if let Some(first) = list.iter().flatten().next() {
                let message = format!(
                    "`{key}`: a source of kind `{}` has no repositories",
                    kind.name
                );
                let hint = "leave it out; what it tells finds its service by name";
                checker.error(first.span(), &message, Some(hint));
            }
        }
        return (Vec::new(), Vec::new());
    }
    if kind.is_some_and(|kind| kind.repos == RepoNames::Jobs) {
        return jobs::check(checker, source);
    }
    let mut repos = Vec::new();
    for text in source.repos.iter().flatten() {
        let repo = text.get_ref();
        if !check_repo(checker, "repos", text) {
            continue;
        }
        // Braces may hold slashes of their own.
        if is_flat && !repo.contains('{') && repo.split('/').count() != 2 {
            let message = format!("`repos`: `{repo}` is not a repository of that kind of host");
            let owner = repo.split('/').next().unwrap_or_default();
            let hint = format!("write exactly `owner/name`, or `{owner}/*` for all");
            checker.error(text.span(), &message, Some(&hint));
            continue;
        }
        repos.push(repo.clone());
    }
    let mut orgs = Vec::new();
    for text in source.orgs.iter().flatten() {
        let org = text.get_ref();
        let is_name = is_path(org) && !org.contains(['*', '?', '[', '{']);
        if is_name && !(is_flat && org.contains('/')) {
            orgs.push(org.clone());
        } else {
            let message = format!("`orgs`: `{org}` is not the name of an organisation or a user");
            checker.error(text.span(), &message, Some("e.g. `acme`"));
        }
    }
    (repos, orgs)
}

/// Returns whether a text is `owner/name` or a pattern of that form; tells if it is not.
pub(super) fn check_repo(checker: &mut Checker<'_>, key: &str, text: &file::Text) -> bool {
    let repo = text.get_ref();
    let hint = if repo.contains(':') {
        Some("write `owner/name` alone; the host is `url`".to_owned())
    } else if !repo.contains('/') {
        Some(format!(
            "write `owner/{repo}`, or `orgs = [\"{repo}\"]` for all that it has"
        ))
    } else if !is_path(repo) {
        Some("write `owner/name` or a pattern, e.g. `acme/*`".to_owned())
    } else {
        match Glob::new(repo) {
            Ok(_) => return true,
            Err(error) => Some(error.kind().to_string()),
        }
    };
    let message = format!("`{key}`: `{repo}` is not a repository");
    checker.error(text.span(), &message, hint.as_deref());
    false
}

/// Returns whether a text is made of names between slashes, and nothing else.
fn is_path(text: &str) -> bool {
    text.len() <= 256
        && text
            .split('/')
            .all(|part| !part.is_empty() && !matches!(part, "." | ".."))
        && text.chars().all(|c| {
            c.is_ascii_alphanumeric()
                || matches!(c, '/' | '-' | '_' | '.' | '*' | '?' | '[' | ']')
                || matches!(c, '{' | '}' | ',' | '!' | '~' | '+')
        })
        && !text.starts_with('-')
}

fn check_variable(checker: &mut Checker<'_>, text: &file::Text) -> Option<String> {
    let name = text.get_ref();
    let mut bytes = name.bytes();
    let fits = name.len() <= 128
        && bytes
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // A token pasted here by mistake looks like a name: its prefix gives it away.
    let token = crate::domain::text::redact::Redactor::default().redact(name) != name.as_str();
    if fits && !token {
        return Some(name.clone());
    }
    checker.error(
        text.span(),
        "`token_env` is not the name of a variable",
        Some("it names the variable that holds the token, e.g. `GH_TOKEN`; never the token"),
    );
    None
}

/// Returns a command that is given as words; tells if it names no program.
pub(super) fn check_command(
    checker: &mut Checker<'_>,
    key: &str,
    words: toml::Spanned<Vec<file::Text>>,
) -> Option<Vec<String>> {
    let span = words.span();
    let words: Vec<String> = words
        .into_inner()
        .into_iter()
        .map(toml::Spanned::into_inner)
        .collect();
    let program = words.first().is_some_and(|word| !word.trim().is_empty());
    let nul = words.iter().any(|word| word.contains('\0'));
    if program && !nul {
        return Some(words);
    }
    let hint = "the program and its arguments, e.g. `[\"op\", \"read\", \"…\"]`";
    checker.error(span, &format!("`{key}` names no program"), Some(hint));
    None
}

fn check_path(checker: &mut Checker<'_>, text: &file::Text) -> Option<std::path::PathBuf> {
    let path = text.get_ref();
    if path.is_empty() || path.contains('\0') {
        checker.error(text.span(), "`ca_file` is not a path", None);
        return None;
    }
    Some(path.into())
}

/// Returns how long an answer may take to begin; tells what is no such time.
fn check_timeout(checker: &mut Checker<'_>, text: &file::Text) -> Option<Duration> {
    let raw = text.get_ref().trim();
    let found = parse_duration(raw).and_then(|span| span.to_std().ok());
    if let Some(span) = found.filter(|span| TIMEOUTS.contains(span)) {
        return Some(span);
    }
    let message = match found {
        Some(_) => format!("`timeout`: `{raw}` is not between 1s and 5m"),
        None => format!("`timeout`: `{raw}` is not a duration"),
    };
    checker.error(text.span(), &message, Some("e.g. `30s` or `2m`"));
    None
}

fn check_writes(checker: &mut Checker<'_>, list: &[file::Text]) -> Vec<Action> {
    let words = Action::ALL.map(Action::as_str);
    let mut writes = Vec::new();
    for text in list {
        match checker.word("writes", text, &words, Action::parse) {
            Some(action) if !writes.contains(&action) => writes.push(action),
            Some(_) | None => {}
        }
    }
    writes
}
