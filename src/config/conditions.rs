//! What is taken at one key because of what stands at another: a schema of each table.
//!
//! Kinds of sources tell what they take and need, targets of records which fields they have.

use serde_json::{Map, Value, json};

use crate::config::check::{OWN_TABLES, USER_KEYS};
use crate::config::json_map::Target;
use crate::config::schema::Told;
use crate::config::taken::{FLAT_REPO, REPO};
use crate::config::{RepoNames, SourceKind};

/// Returns what else holds in a table.
pub(super) fn of(place: &str, told: &Told<'_>) -> Vec<Value> {
    match place {
        "source" => {
            let kinds = told.kinds.iter().map(|kind| of_kind(kind));
            std::iter::once(whose()).chain(kinds).collect()
        }
        "source.map" => Target::ALL.into_iter().map(of_target).collect(),
        "source.check" => vec![json!({"dependencies": {
            "version": ["repo"], "equals": ["pointer"],
        }})],
        "notify" => vec![json!({
            "if": {"properties": {"desktop": {"const": "command"}}, "required": ["desktop"]},
            "then": {"required": ["command"]},
        })],
        _ => Vec::new(),
    }
}

/// A source of a directory's file names one of the user's by name or not at all; what only the
/// user may set needs a kind.
fn whose() -> Value {
    let keys = USER_KEYS.into_iter().chain(OWN_TABLES);
    let needed: Map<String, Value> = keys.map(|key| (key.to_owned(), json!(["kind"]))).collect();
    let one = ["kind", "name", "repos", "orgs"].map(|key| json!({"required": [key]}));
    json!({"dependencies": needed, "anyOf": one})
}

/// Returns what a source of a kind takes.
fn of_kind(kind: &SourceKind) -> Value {
    let texts = |form: &str| json!({"items": {"pattern": form}});
    let (repos, orgs) = match kind.repos {
        RepoNames::Flat => (texts(FLAT_REPO), texts(r"^[^/*?\[{\s]+$")),
        RepoNames::Nested => (texts(REPO), texts(r"^[^*?\[{\s]+$")),
        RepoNames::Jobs => (json!({}), texts(r"^[^*?\[{]+$")),
        RepoNames::Absent => (json!({"maxItems": 0}), json!({"maxItems": 0})),
    };
    let mut keys = Map::from_iter([("repos".to_owned(), repos), ("orgs".to_owned(), orgs)]);
    let mut needed: Vec<&str> = Vec::new();
    if kind.url.is_none() {
        needed.push("url");
    }
    for table in OWN_TABLES {
        let is_taken = kind.tables.contains(&table);
        if !is_taken {
            keys.insert(table.to_owned(), json!(false));
        } else if kind.repos == RepoNames::Absent {
            needed.push(table);
        }
    }
    json!({
        "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
        "then": {"properties": keys, "required": needed},
    })
}

/// Returns what a map to a target takes.
fn of_target(target: Target) -> Value {
    let mut keys = Map::new();
    let times = target.times().iter();
    let times: Vec<Value> = times.map(|time| json!({"required": [time]})).collect();
    keys.insert(
        "fields".to_owned(),
        json!({
            "propertyNames": {"enum": target.fields()},
            "required": target.needs(), "anyOf": times,
        }),
    );
    keys.insert(
        "states".to_owned(),
        json!({"propertyNames": {"enum": target.states()}}),
    );
    let places = ["repo", "service", "environment"].into_iter();
    for place in places.filter(|place| !target.places().contains(place)) {
        keys.insert(place.to_owned(), json!(false));
    }
    let needed = std::iter::once("fields").chain(target.needed_places().iter().copied());
    json!({
        "if": {
            "properties": {"to": {"enum": [target.as_str(), target.plural()]}},
            "required": ["to"],
        },
        "then": {"properties": keys, "required": needed.collect::<Vec<_>>()},
    })
}
