//! `[[source.map]]` of a file to checked settings.
//!
//! What is wrong is told with its line, and which fields and words there are.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use url::Url;

use crate::config::check::{Checker, Table};
use crate::config::json_map::{JsonMap, Said, Target};
use crate::config::{check_table, file};
use crate::domain::text::nearest;

/// The title of the table in messages.
pub(super) const TITLE: &str = "[[source.map]]";

/// The most maps of one source.
pub(super) const MOST: usize = 20;

/// Returns the maps of one source at `base`.
pub(super) fn check(
    checker: &mut Checker<'_>,
    tables: Vec<Table<file::JsonMap>>,
    base: Option<&Url>,
) -> Vec<JsonMap> {
    if let Some(first) = tables.get(MOST) {
        let message = format!("there are more than {MOST} maps of one source");
        let hint = "give the others a source of their own, with another `name`";
        checker.error(first.span.clone(), &message, Some(hint));
    }
    let mut maps: Vec<JsonMap> = Vec::new();
    for table in tables.into_iter().take(MOST) {
        let span = table.span.clone();
        let Some(map) = one(checker, table, base) else {
            continue;
        };
        let is_same = |other: &JsonMap| other.to == map.to && other.path() == map.path();
        if maps.iter().any(is_same) {
            let message = format!("two maps read {} from `{}`", map.to.plural(), map.path());
            checker.error(span, &message, Some("join them"));
            continue;
        }
        maps.push(map);
    }
    maps
}

fn one(
    checker: &mut Checker<'_>,
    table: Table<file::JsonMap>,
    base: Option<&Url>,
) -> Option<JsonMap> {
    let Table { value, span } = table;
    if value.path.is_none() {
        let hint = "the route below `url`, e.g. `/api/runs?limit=100`";
        checker.missing(span.clone(), "path", TITLE, hint);
    }
    let path = value.path.as_ref().zip(base);
    let path = path.and_then(|(text, base)| route(checker, text, base));
    let words = Target::ALL.map(Target::as_str);
    let Some(word) = &value.to else {
        let hint = format!("it is one of {}", words.join(", "));
        checker.missing(span, "to", TITLE, &hint);
        return None;
    };
    let to = checker.word("to", word, &words, Target::parse)?;
    let fields = fields(checker, to, value.fields, &span);
    let states = value.states.map(|states| states_of(checker, to, states));
    let mut places = places(
        checker,
        to,
        [
            ("repo", value.repo),
            ("service", value.service),
            ("environment", value.environment),
        ],
        &span,
    );
    let records = value
        .records
        .and_then(|text| check_table::pointer(checker, "records", &text));
    let next = value
        .next
        .and_then(|text| check_table::pointer(checker, "next", &text));
    let (route, query) = path?;
    Some(JsonMap {
        to,
        route,
        query,
        records: records.unwrap_or_default(),
        fields,
        states: states.unwrap_or_default(),
        repo: places.remove("repo"),
        service: places.remove("service"),
        environment: places.remove("environment"),
        next,
    })
}

/// Returns a route below the path of the source, and its query.
fn route(checker: &mut Checker<'_>, text: &file::Text, base: &Url) -> Option<(String, String)> {
    let url = check_table::address(checker, text, base)?;
    let root = base.path().trim_end_matches('/');
    let Some(route) = url.path().strip_prefix(root) else {
        let message = format!("`path`: `{}` is not below `url`", text.get_ref());
        let hint = "write what follows `url`, e.g. `/api/runs?limit=100`";
        checker.error(text.span(), &message, Some(hint));
        return None;
    };
    Some((route.to_owned(), url.query().unwrap_or_default().to_owned()))
}

/// Returns the pointers by field; tells of fields that there are not, and of those that are needed.
fn fields(
    checker: &mut Checker<'_>,
    to: Target,
    given: Option<Spanned<BTreeMap<String, file::Text>>>,
    span: &Range<usize>,
) -> BTreeMap<&'static str, String> {
    let title = format!("`fields` of a {}", to.as_str());
    let mut fields = BTreeMap::new();
    let mut refused = false;
    let at = given.as_ref().map_or_else(|| span.clone(), Spanned::span);
    let given = given.map(Spanned::into_inner).unwrap_or_default();
    for (name, text) in given {
        let Some(field) = to.fields().iter().find(|field| **field == name) else {
            refused = true;
            let hint = which(&name, to.fields(), "it takes");
            checker.error(
                text.span(),
                &format!("{title}: there is no `{name}`"),
                Some(&hint),
            );
            continue;
        };
        let key = format!("fields.{name}");
        match check_table::pointer(checker, &key, &text) {
            Some(pointer) => {
                fields.insert(*field, pointer);
            }
            None => refused = true,
        }
    }
    if refused {
        return fields;
    }
    for need in to.needs() {
        if !fields.contains_key(need) {
            let hint = format!("where it is in a record, e.g. `{need} = \"/{need}\"`");
            checker.missing(at.clone(), need, &title, &hint);
        }
    }
    if !to.times().iter().any(|time| fields.contains_key(time)) {
        let times: Vec<String> = to.times().iter().map(|time| format!("`{time}`")).collect();
        let message = format!("no time is in {title}");
        let hint = format!("{} is needed: where it is in a record", times.join(" or "));
        checker.error(at, &message, Some(&hint));
    }
    fields
}

fn which(word: &str, known: &[&str], what: &str) -> String {
    nearest(word, known.iter().copied()).map_or_else(
        || format!("{what} {}", known.join(", ")),
        |name| format!("did you mean `{name}`?"),
    )
}

/// Returns our words by theirs.
fn states_of(
    checker: &mut Checker<'_>,
    to: Target,
    given: Spanned<BTreeMap<String, Spanned<file::Words>>>,
) -> BTreeMap<String, &'static str> {
    let title = format!("`states` of a {}", to.as_str());
    let mut states: BTreeMap<String, &'static str> = BTreeMap::new();
    for (name, theirs) in given.into_inner() {
        let Some(ours) = to.states().iter().find(|state| **state == name) else {
            let hint = which(&name, to.states(), "it is one of");
            let message = format!("{title}: there is no `{name}`");
            checker.error(theirs.span(), &message, Some(&hint));
            continue;
        };
        for word in &theirs.get_ref().0 {
            let word = word.trim().to_lowercase();
            let other = states.get(&word).copied().filter(|other| other != ours);
            if word.is_empty() || other.is_some() {
                let message = match other {
                    Some(other) => format!("{title}: `{word}` is `{other}` and `{ours}`"),
                    None => format!("{title}: `{ours}` has an empty word"),
                };
                checker.error(theirs.span(), &message, Some("each word means one thing"));
                continue;
            }
            states.insert(word, ours);
        }
    }
    states
}

/// Returns where something is: the same for all records, or told by each.
fn places(
    checker: &mut Checker<'_>,
    to: Target,
    given: [(&'static str, Option<file::Text>); 3],
    span: &Range<usize>,
) -> BTreeMap<&'static str, Said> {
    let mut places = BTreeMap::new();
    for (key, text) in given {
        let Some(text) = text else {
            if to.needed_places().contains(&key) {
                let hint = "the same for all, or where it is in a record: `/…`";
                let title = format!("{TITLE} of a {}", to.as_str());
                checker.missing(span.clone(), key, &title, hint);
            }
            continue;
        };
        if !to.places().contains(&key) {
            let message = format!("`{key}`: a {} has none", to.as_str());
            let hint = format!("it takes {}", to.places().join(", "));
            checker.error(text.span(), &message, Some(&hint));
            continue;
        }
        if text.get_ref().starts_with('/') {
            places.insert(key, Said::At(text.into_inner()));
            continue;
        }
        let fixed = match key {
            "repo" => check_table::repo(checker, &text).map(|_| text.get_ref().trim().to_owned()),
            _ => check_table::word(checker, key, &text).map(|word| word.to_string()),
        };
        if let Some(fixed) = fixed {
            places.insert(key, Said::Fixed(fixed));
        }
    }
    places
}
