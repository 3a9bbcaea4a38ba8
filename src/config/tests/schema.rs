//! The schema says what the readers take, no more and no less, and each key what the reference says.

use serde_json::{Value, json};

use super::judge::wrong;
use super::*;
use crate::config::file;

const COMMANDS: &[(&str, &str)] = &[
    ("quit", "Quit"),
    ("down", "Move down"),
    ("refresh-all", "Ask all"),
];

pub(super) fn made() -> Value {
    resolved(schema(&Told {
        kinds: KINDS,
        commands: COMMANDS,
        keys: r"^\S+(?: \S+){0,2}$",
        presets: &["vim", "helix", "arrows"],
        themes: &["dark", "light"],
        reference: EXAMPLE,
    }))
}

/// Puts what is said once in the places that name it.
fn resolved(mut schema: Value) -> Value {
    let key = schema["definitions"]["key"].take();
    let text = schema.to_string();
    assert!(text.contains(r##"{"$ref":"#/definitions/key"}"##));
    let text = text.replace(r##"{"$ref":"#/definitions/key"}"##, &key.to_string());
    serde_json::from_str(&text).unwrap()
}

/// Returns the keys of a table.
fn keys(schema: &Value, place: &str) -> Vec<String> {
    let mut at = schema;
    for part in place.split('.').filter(|part| !part.is_empty()) {
        at = &at["properties"][part];
        if at["type"] == "array" {
            at = &at["items"];
        }
    }
    assert_eq!(at["additionalProperties"], false, "{place}");
    let keys = at["properties"].as_object().unwrap().keys();
    keys.cloned().collect()
}

#[track_caller]
fn check(schema: &Value, place: &str, names: &[&str], tables: &[&str]) {
    let mut expected: Vec<&str> = names.iter().chain(tables).copied().collect();
    expected.sort_unstable();
    assert_eq!(keys(schema, place), expected, "{place}");
}

#[test]
fn it_has_every_key_that_a_reader_takes_and_no_other() {
    let schema = made();
    let own = ["project", "check", "map"];
    check(&schema, "", file::names::<file::File>(), &[]);
    check(&schema, "source", file::names::<file::Source>(), &own);
    check(
        &schema,
        "source.project",
        file::names::<file::Project>(),
        &[],
    );
    check(
        &schema,
        "source.check",
        file::names::<file::HttpCheck>(),
        &[],
    );
    check(&schema, "source.map", file::names::<file::JsonMap>(), &[]);
    check(&schema, "board", file::names::<file::Board>(), &[]);
    check(&schema, "team", file::names::<file::Team>(), &["person"]);
    check(
        &schema,
        "team.person",
        file::names::<file::TeamPerson>(),
        &[],
    );
    for table in file::names::<file::File>() {
        if *table != "keys" {
            assert!(!keys(&schema, table).is_empty(), "{table}");
        }
    }
    let kinds: Vec<&str> = KINDS.iter().flat_map(|kind| kind.tables).copied().collect();
    assert!(kinds.iter().all(|table| own.contains(table)), "{kinds:?}");
}

#[test]
fn each_key_says_what_the_reference_says() {
    let schema = made();
    let mut silent = Vec::new();
    let mut open = vec![(String::new(), &schema)];
    while let Some((place, at)) = open.pop() {
        let at = if at["type"] == "array" {
            &at["items"]
        } else {
            at
        };
        for (key, value) in at["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{key}");
            let said = value["description"].as_str();
            let is_table = value.to_string().contains("additionalProperties");
            if !is_table && said.is_none_or(|said| said.len() < 5) {
                silent.push(place.clone());
            }
            open.push((place, value));
        }
    }
    // Names in a table of names are said of together.
    let tables = [
        ".keys.",
        ".board.wip.",
        ".source.map.fields.",
        ".source.map.states.",
    ];
    silent.retain(|place| !tables.iter().any(|table| place.starts_with(table)));
    // No example has these keys: no target takes both.
    let known = [".source.map.environment", ".source.map.service"];
    silent.sort();
    assert_eq!(
        silent, known,
        "say what they are for in `config.example.toml`"
    );
    let kind = &schema["properties"]["source"]["items"]["properties"]["kind"];
    assert!(
        kind["description"]
            .as_str()
            .unwrap()
            .starts_with("Which system it is.")
    );
}

/// Reads a file as editors do: a day is its text.
pub(super) fn read(text: &str) -> Value {
    fn of(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(day) => json!(day.to_string()),
            toml::Value::Array(list) => list.into_iter().map(of).collect(),
            toml::Value::Table(table) => {
                let pairs = table.into_iter();
                pairs.map(|(key, one)| (key, of(one))).collect()
            }
            toml::Value::String(text) => json!(text),
            toml::Value::Integer(number) => json!(number),
            toml::Value::Float(number) => json!(number),
            toml::Value::Boolean(yes) => json!(yes),
        }
    }
    of(toml::Value::Table(toml::from_str(text).unwrap()))
}

#[test]
fn the_reference_with_all_its_examples_is_right_by_it() {
    let uncommented: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| {
            let bare = line.strip_prefix('#');
            let bare =
                bare.filter(|it| it.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()));
            bare.unwrap_or(line)
        })
        .collect();
    for text in [EXAMPLE, &uncommented.join("\n")] {
        good(text);
        assert_eq!(wrong(&made(), &read(text), ""), None);
    }
}

#[test]
fn what_is_wrong_by_it_is_refused_by_the_reader() {
    let source = "[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]\n";
    for text in [
        "[bord]\n",
        "[board]\ncolums = []\n",
        "[ui]\nmouse = \"no\"\n",
        "[ui]\nascii = 3\n",
        "[triage]\nhistory = \"ten\"\n",
        "[team]\nworking_days = \"mon\"\n",
        "[keys]\nquit = 3\n",
        "[[wip]]\nlimit = 2.5\n",
        &format!("{source}token = \"x\"\n"),
        &format!("{source}writes = [\"destroy\"]\n"),
        &format!("{source}[[source.check]]\nurl = \"/\"\n"),
        &source.replace("github", "githb"),
    ] {
        assert!(wrong(&made(), &read(text), "").is_some(), "{text}");
        assert!(parse(text).is_err(), "{text}");
    }
    let all = Action::ALL.map(|action| format!("\"{}\"", action.as_str()));
    let text = format!("{source}writes = [{}]\n", all.join(", "));
    assert_eq!(wrong(&made(), &read(&text), ""), None);
    good(&text);
}

#[test]
fn commands_are_offered_with_what_they_do() {
    let schema = made();
    let keys = &schema["properties"]["keys"];
    assert_eq!(keys["properties"]["quit"]["description"], "Quit");
    // The reader refuses a name that is no command, so an editor marks it; and what is no key.
    assert_eq!(keys["additionalProperties"], false);
    for text in [
        "[keys]\nqiut = \"q\"",
        "[keys]\nquit = true",
        "[keys]\nkitty = \"yes\"",
    ] {
        assert!(wrong(&schema, &read(text), "").is_some(), "{text}");
    }
    for text in [
        "[keys]\nquit = [\"q\"]\nkitty = true\npreset = \"vim\"",
        "[keys]\nquit = []",
    ] {
        assert_eq!(wrong(&schema, &read(text), ""), None, "{text}");
    }
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
}
