//! The JSON schema of the configuration, for editors that complete and check while one writes.
//!
//! Keys and types are what the readers take (`shape.rs`), words, bounds and needed keys those of the
//! checkers (`taken.rs`, `conditions.rs`), and what is said about each stands in the reference
//! (`config.example.toml`). Nothing is said here alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::file;
use crate::config::shape::{Shape, shape};
use crate::config::taken::{Taken, taken};
use crate::config::{SourceKind, conditions};

/// What others know of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The kinds of source that exist.
    pub kinds: &'a [&'a SourceKind],
    /// The commands of the screen, with what each does.
    pub commands: &'a [(&'a str, &'a str)],
    /// The form of a key or of several in a row, as a regular expression.
    pub keys: &'a str,
    /// The sets of keys to begin with.
    pub presets: &'a [&'a str],
    /// The themes that are built in.
    pub themes: &'a [&'a str],
    /// The reference, in which each key has its comment.
    pub reference: &'a str,
}

/// Returns the schema.
pub fn schema(told: &Told<'_>) -> Value {
    let notes = notes(told.reference);
    let Value::Object(tables) = of(&whole(), "", &notes, told) else {
        return Value::Null;
    };
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    schema.insert("title".to_owned(), json!("cycleboard"));
    schema.insert(
        "description".to_owned(),
        json!(
            "The configuration of cycleboard: `config.toml`, and `.cycleboard.toml` of a directory."
        ),
    );
    schema.extend(tables);
    // Each of a hundred commands has keys: what they look like is said once.
    let key = text(&taken("keys.*", told));
    schema.insert("definitions".to_owned(), json!({"key": key}));
    Value::Object(schema)
}

/// Returns all that a file may hold, with the tables that are read by themselves.
pub(super) fn whole() -> Shape {
    let list = |shape: Shape| Shape::List(Box::new(shape));
    let own = [
        ("project", list(shape::<file::Project>())),
        ("check", list(shape::<file::HttpCheck>())),
        ("map", list(shape::<file::JsonMap>())),
    ];
    let person = ("person", list(shape::<file::TeamPerson>()));
    let mut whole = shape::<file::File>();
    if let Shape::Table(tables) = &mut whole {
        for (name, table) in tables {
            match (*name, table) {
                ("source", Shape::List(inner)) => {
                    if let Shape::Table(keys) = inner.as_mut() {
                        keys.extend(own.clone());
                    }
                }
                ("team", Shape::Table(keys)) => keys.push(person.clone()),
                _ => {}
            }
        }
    }
    whole
}

/// Returns the schema of what stands at a place.
fn of(shape: &Shape, place: &str, notes: &Notes, told: &Told<'_>) -> Value {
    let taken = taken(place, told);
    let mut value = match shape {
        Shape::Yes => json!({"type": "boolean"}),
        Shape::Whole => whole_number(&taken),
        Shape::Number => json!({"type": "number"}),
        Shape::Text => text(&taken),
        Shape::List(inner) => list(of(inner, place, notes, told), inner, &taken),
        Shape::Names(inner) => names(inner, place, notes, told),
        Shape::Table(keys) => table(keys, place, notes, told),
        Shape::Either(ways, _) => {
            let ways = ways
                .iter()
                .filter(|way| **way != Shape::Yes || !taken.no_switch);
            let ways = ways.map(|way| of(way, place, &Notes::new(), told));
            json!({"anyOf": ways.collect::<Vec<_>>()})
        }
    };
    let said = notes.get(place);
    if let (Some(said), Value::Object(value)) = (said, &mut value) {
        value.insert("description".to_owned(), json!(said));
    }
    value
}

fn whole_number(taken: &Taken) -> Value {
    match &taken.numbers {
        Some(bounds) => {
            json!({"type": "integer", "minimum": bounds.start(), "maximum": bounds.end()})
        }
        None => json!({"type": "integer"}),
    }
}

/// Returns the schema of a text; where more is taken than is offered, the words are still offered.
fn text(taken: &Taken) -> Value {
    match (taken.words.as_slice(), &taken.form) {
        ([], None) => json!({"type": "string"}),
        ([], Some(form)) => json!({"type": "string", "pattern": form}),
        (words, None) => json!({"type": "string", "enum": words}),
        (words, Some(form)) => {
            json!({"type": "string", "anyOf": [{"enum": words}, {"pattern": form}]})
        }
    }
}

fn list(items: Value, inner: &Shape, taken: &Taken) -> Value {
    let mut value = Map::new();
    value.insert("type".to_owned(), json!("array"));
    if let (Some(first), Shape::Text) = (&taken.first, inner) {
        let first = json!([{"type": "string", "pattern": first}]);
        value.insert("items".to_owned(), first);
        value.insert("additionalItems".to_owned(), items);
    } else {
        value.insert("items".to_owned(), items);
    }
    if taken.fewest > 0 {
        value.insert("minItems".to_owned(), json!(taken.fewest));
    }
    if let Some(most) = taken.most {
        value.insert("maxItems".to_owned(), json!(most));
    }
    Value::Object(value)
}

fn table(keys: &[(&'static str, Shape)], place: &str, notes: &Notes, told: &Told<'_>) -> Value {
    let of = |(key, inner): &(&str, Shape)| {
        let place = [place, key].join(".");
        let place = place.trim_start_matches('.');
        ((*key).to_owned(), of(inner, place, notes, told))
    };
    let properties: Map<String, Value> = keys.iter().map(of).collect();
    let mut value = Map::new();
    let mut put = |key: &str, told: Value| drop(value.insert(key.to_owned(), told));
    put("type", json!("object"));
    put("properties", Value::Object(properties));
    put("additionalProperties", json!(false));
    let taken = taken(place, told);
    if !taken.needs.is_empty() {
        put("required", json!(taken.needs));
    }
    if !taken.needs_one.is_empty() {
        let one = taken.needs_one.iter().map(|key| json!({"required": [key]}));
        put("anyOf", one.collect());
    }
    let conditions = conditions::of(place, told);
    if !conditions.is_empty() {
        put("allOf", Value::Array(conditions));
    }
    Value::Object(value)
}

/// Returns the schema of a table of names; that of `[keys]` has the commands and no other name.
fn names(inner: &Shape, place: &str, notes: &Notes, told: &Told<'_>) -> Value {
    if place == "keys" {
        return commands(notes, told);
    }
    let value = of(inner, &format!("{place}.*"), notes, told);
    let Some((offered, form)) = taken(place, told).names else {
        return json!({"type": "object", "additionalProperties": value});
    };
    let offered: Map<String, Value> = offered
        .into_iter()
        .map(|name| (name.to_owned(), value.clone()))
        .collect();
    json!({
        "type": "object", "properties": offered, "propertyNames": {"pattern": form},
        "additionalProperties": value,
    })
}

/// Returns the schema of `[keys]`: the reader takes any value there, so that each mistake is told.
fn commands(notes: &Notes, told: &Told<'_>) -> Value {
    let said = |mut value: Value, text: &str| {
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), json!(text));
        }
        value
    };
    let note = |key: &str| notes.get(&format!("keys.{key}")).map_or("", String::as_str);
    let chord = json!({"$ref": "#/definitions/key"});
    let key = json!({"anyOf": [chord, {"type": "array", "items": chord}]});
    let commands = told.commands.iter();
    let mut properties: Map<String, Value> = commands
        .map(|(name, does)| ((*name).to_owned(), said(key.clone(), does)))
        .collect();
    let preset = text(&taken("keys.preset", told));
    properties.insert("preset".to_owned(), said(preset, note("preset")));
    let switch = json!({"type": "boolean"});
    properties.insert("kitty".to_owned(), said(switch, note("kitty")));
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// What the reference says of each key, by its place: `source.kind`.
type Notes = BTreeMap<String, String>;

/// Returns what stands before each key and table of the reference; the first that says something.
/// What stands before several is said of each.
fn notes(reference: &str) -> Notes {
    let mut notes = Notes::new();
    let (mut table, mut said, mut last) = (String::new(), Vec::new(), String::new());
    for line in reference.lines() {
        let bare = line.strip_prefix('#').unwrap_or(line);
        let title = bare.strip_prefix('[').map(|it| it.trim_matches(['[', ']']));
        let key = bare.split_once(" = ").map(|(key, _)| key);
        let is_key = |key: &&str| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let place = match (title, key.filter(is_key)) {
            (Some(title), _) => {
                title.clone_into(&mut table);
                Some(title.to_owned())
            }
            (None, Some(key)) => Some(format!("{table}.{key}")),
            (None, None) => None,
        };
        if let Some(place) = place {
            if !said.is_empty() {
                last = said.join(" ");
                said.clear();
            }
            if !last.is_empty() {
                notes.entry(place).or_insert_with(|| last.clone());
            }
            continue;
        }
        let text = line.strip_prefix("# ");
        if let Some(text) = text.filter(|it| !it.starts_with("---")) {
            said.push(text);
        } else {
            said.clear();
            last.clear();
        }
    }
    notes
}
