//! The JSON schema of the configuration, for editors that complete and check while one writes.
//!
//! Keys and types are what the readers take (`shape.rs`), words are what they know, and what is
//! said about each stands in the reference (`config.example.toml`). Nothing is said here alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::file;
use crate::config::shape::{Shape, shape};
use crate::config::{Action, SourceKind};
use crate::domain::stage::Stage;

/// What others know of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The kinds of source that exist.
    pub kinds: &'a [&'a SourceKind],
    /// The commands of the screen, with what each does.
    pub commands: &'a [(&'a str, &'a str)],
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
    let mut value = match shape {
        Shape::Yes => json!({"type": "boolean"}),
        Shape::Whole => json!({"type": "integer"}),
        Shape::Number => json!({"type": "number"}),
        Shape::Text => text(place, told),
        Shape::List(inner) => json!({"type": "array", "items": of(inner, place, notes, told)}),
        Shape::Names(inner) => names(inner, place, notes, told),
        Shape::Table(keys) => {
            let of = |(key, inner): &(&str, Shape)| {
                let place = [place, key].join(".");
                let place = place.trim_start_matches('.');
                ((*key).to_owned(), of(inner, place, notes, told))
            };
            let properties: Map<String, Value> = keys.iter().map(of).collect();
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        }
        Shape::Either(ways, _) => {
            let ways = ways.iter().map(|way| of(way, place, &Notes::new(), told));
            json!({"anyOf": ways.collect::<Vec<_>>()})
        }
    };
    let said = notes.get(place);
    if let (Some(said), Value::Object(value)) = (said, &mut value) {
        value.insert("description".to_owned(), json!(said));
    }
    value
}

/// Returns the schema of a text, with the words that it may be.
fn text(place: &str, told: &Told<'_>) -> Value {
    let stages: Vec<&str> = Stage::ALL.into_iter().map(Stage::as_str).collect();
    match place {
        "source.kind" => {
            let kinds: Vec<&str> = told.kinds.iter().map(|kind| kind.name).collect();
            json!({"type": "string", "enum": kinds})
        }
        "source.writes" => {
            let words = Action::ALL.map(Action::as_str);
            json!({"type": "string", "enum": words})
        }
        // They are read in any case: what is offered is not all that is right.
        "board.columns" | "board.columns.stage" | "rule.stage" | "wip.stages" => {
            json!({"anyOf": [{"enum": stages}, {"type": "string"}]})
        }
        _ => json!({"type": "string"}),
    }
}

/// Returns the schema of a table of names; that of `[keys]` has the commands and no other name.
fn names(inner: &Shape, place: &str, notes: &Notes, told: &Told<'_>) -> Value {
    if place == "keys" {
        return commands(notes, told);
    }
    let value = of(inner, &format!("{place}.*"), notes, told);
    json!({"type": "object", "additionalProperties": value})
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
    let text = json!({"type": "string"});
    let key = json!({"anyOf": [text, {"type": "array", "items": text}]});
    let commands = told.commands.iter();
    let mut properties: Map<String, Value> = commands
        .map(|(name, does)| ((*name).to_owned(), said(key.clone(), does)))
        .collect();
    properties.insert("preset".to_owned(), said(text, note("preset")));
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
