//! One record of an answer: values at JSON pointers, as texts, times, lists and numbers.
//!
//! Pure, and without a word of any target. What is not there and what is `null`
//! are the same to a reader; only [`keys`] tells them apart.

use chrono::DateTime;
use serde_json::Value;

use crate::domain::Timestamp;
use crate::domain::text::Clean;

/// The most values of one list that are read.
const LONGEST_LIST: usize = 50;

/// The most keys that are named where a pointer leads nowhere.
const MOST_KEYS: usize = 12;

/// Numbers from here on are milliseconds since 1970; as seconds they would lie in the year 5138.
const MILLIS_FROM: f64 = 100_000_000_000.0;

/// Returns a value that is one text: words, numbers, yes and no.
pub(super) fn text(record: &Value, pointer: &str) -> Option<String> {
    plain(record.pointer(pointer)?)
}

fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Returns a text, clean.
pub(super) fn line(record: &Value, pointer: &str) -> Option<Clean> {
    text(record, pointer).map(|text| Clean::line(&text))
}

/// Returns the texts of a list; of objects in it their names, of one text its parts at commas.
pub(super) fn list(record: &Value, pointer: &str) -> Vec<Clean> {
    let Some(value) = record.pointer(pointer) else {
        return Vec::new();
    };
    let texts: Vec<String> = match value {
        Value::Array(values) => values.iter().filter_map(named).collect(),
        Value::String(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Value::Object(_) => named(value).into_iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    };
    let texts = texts.iter().filter(|text| !text.is_empty());
    texts
        .take(LONGEST_LIST)
        .map(|text| Clean::line(text))
        .collect()
}

/// Returns a text, or the name of an object.
fn named(value: &Value) -> Option<String> {
    plain(value).or_else(|| {
        ["name", "login", "username", "title"]
            .iter()
            .find_map(|key| plain(value.get(key)?))
    })
}

/// Returns a whole number, also where it is written as text.
pub(super) fn number(record: &Value, pointer: &str) -> Option<u64> {
    match record.pointer(pointer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a time: RFC 3339, or seconds or milliseconds since 1970.
pub(super) fn time(record: &Value, pointer: &str) -> Option<Timestamp> {
    match record.pointer(pointer)? {
        Value::Number(number) => since_epoch(number.as_f64()?),
        Value::String(text) => {
            let text = text.trim();
            let written = DateTime::parse_from_rfc3339(text).ok();
            let counted = || text.parse().ok().and_then(since_epoch);
            written.map(|at| at.to_utc()).or_else(counted)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn since_epoch(number: f64) -> Option<Timestamp> {
    // Zero, and what is below, stands for "never" where it is written at all.
    if !number.is_finite() || number < 1.0 {
        return None;
    }
    let millis = if number < MILLIS_FROM {
        number * 1_000.0
    } else {
        number
    };
    // No record of any work lies behind the year 5138.
    if millis >= MILLIS_FROM * 1_000.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is between one and 10^14; parts of a millisecond do not matter"
    )]
    let millis = millis as i64;
    DateTime::from_timestamp_millis(millis)
}

/// Returns in words what there is where a pointer leads nowhere: the keys of the last object on
/// its way.
pub(super) fn keys(record: &Value, pointer: &str) -> String {
    let mut parts: Vec<&str> = pointer.split('/').collect();
    let mut parent = record;
    let mut way = String::new();
    while parts.pop().is_some() {
        way = parts.join("/");
        if let Some(found) = record.pointer(&way) {
            parent = found;
            break;
        }
    }
    told(parent, &way)
}

/// Returns in words what stands at a pointer, or what there is instead.
pub(super) fn there(record: &Value, pointer: &str) -> String {
    match record.pointer(pointer) {
        Some(value) => told(value, pointer),
        None => keys(record, pointer),
    }
}

/// Returns in words of what kind a value is, never the value.
fn told(value: &Value, way: &str) -> String {
    let place = if way.is_empty() {
        "it".to_owned()
    } else {
        format!("`{way}`")
    };
    match value {
        Value::Object(map) if map.is_empty() => format!("{place} is an empty object"),
        Value::Object(map) => {
            let names = map.keys().take(MOST_KEYS);
            let names: Vec<String> = names.map(|name| format!("`{}`", short(name))).collect();
            let more = if map.len() > MOST_KEYS { ", …" } else { "" };
            format!("{place} has {}{more}", names.join(", "))
        }
        Value::Array(list) => format!("{place} is a list of {}", list.len()),
        Value::String(text) if text.trim().is_empty() => format!("{place} is an empty text"),
        Value::String(_) => format!("{place} is a text"),
        Value::Number(_) => format!("{place} is a number"),
        Value::Bool(_) => format!("{place} is yes or no"),
        Value::Null => format!("{place} is nothing"),
    }
}

/// Returns a name as it may be shown: clean, and not long.
fn short(name: &str) -> String {
    let clean = Clean::line(name);
    clean.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::{Clean, keys, line, list, number, text, time};
    use serde_json::{Value, json};

    #[track_caller]
    fn is_at(value: &Value, expected: Option<&str>) {
        let found = time(&json!({ "at": value }), "/at");
        let expected = expected.map(|at| chrono::DateTime::parse_from_rfc3339(at).unwrap());
        assert_eq!(found, expected.map(|at| at.to_utc()), "{value}");
    }

    #[test]
    fn a_time_is_written_or_counted() {
        let at = Some("2026-11-21T01:37:30Z");
        is_at(&json!("2026-11-21T01:37:30Z"), at);
        is_at(&json!(" 2026-11-21T03:37:30+02:00"), at);
        is_at(&json!(1_795_225_050), at);
        is_at(&json!(1_795_225_050_000_i64), at);
        is_at(&json!(1_795_225_050.0), at);
        is_at(&json!("1795225050"), at);
        is_at(&json!("1795225050000"), at);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            json!(null),
            json!(0),
            json!(-1),
            json!(""),
            json!("soon"),
            json!("2026-11-21"),
            json!("2026-11-21 01:37:30"),
            json!("NaN"),
            json!("inf"),
            json!(1e300),
            json!(true),
            json!([1]),
        ] {
            is_at(&value, None);
        }
    }

    #[test]
    fn a_text_is_whatever_can_be_written_in_one_line() {
        let record = json!({
            "a": " x ", "b": 7, "c": true, "d": null, "e": [], "f": "", "g": {"h/i": "\u{1b}[2Jy"},
        });
        let found = ["/a", "/b", "/c", "/d", "/e", "/f", "/z", ""].map(|it| text(&record, it));
        let expected = [
            Some("x"),
            Some("7"),
            Some("true"),
            None,
            None,
            None,
            None,
            None,
        ];
        assert_eq!(found.each_ref().map(Option::as_deref), expected);
        assert_eq!(line(&record, "/g/h~1i").unwrap().as_str(), "y");
        assert_eq!(
            (number(&record, "/b"), number(&record, "/a")),
            (Some(7), None)
        );
    }

    #[track_caller]
    fn lists(value: &Value, expected: &[&str]) {
        let found = list(&json!({ "l": value }), "/l");
        let found: Vec<&str> = found.iter().map(Clean::as_str).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_list_is_of_texts_or_of_things_with_names() {
        lists(&json!(["a", 7, null, "", ["x"]]), &["a", "7"]);
        lists(
            &json!([{"name": "a"}, {"login": "b"}, {"id": 3}]),
            &["a", "b"],
        );
        lists(&json!("a, b,,c"), &["a", "b", "c"]);
        lists(&json!({"login": "ada"}), &["ada"]);
        lists(&json!(vec!["x"; 500]), &["x"; 50]);
        lists(&json!(3), &[]);
    }

    #[track_caller]
    fn says(pointer: &str, expected: &str) {
        let record = json!({
            "id": 1, "user": {"login": "ada", "\u{1b}[2Jx": 2}, "list": [1, 2], "none": null,
            "empty": {},
        });
        assert_eq!(keys(&record, pointer), expected);
    }

    #[test]
    fn where_a_pointer_leads_nowhere_it_is_said_what_there_is() {
        says("/nmae", "it has `empty`, `id`, `list`, `none`, `user`");
        says("/user/name", "`/user` has `x`, `login`");
        says("/user/name/first", "`/user` has `x`, `login`");
        says("/list/name", "`/list` is a list of 2");
        says("/id/x", "`/id` is a number");
        says("/none/x", "`/none` is nothing");
        says("/empty/x", "`/empty` is an empty object");
        let many: Value = (0..30).map(|n| (format!("k{n:02}"), json!(n))).collect();
        let said = keys(&many, "/x");
        assert!(said.ends_with("`k10`, `k11`, …"), "{said}");
    }
}
