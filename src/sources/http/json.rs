//! JSON to values: whole answers strictly, lists record by record.
//!
//! A record that cannot be read costs that record. Error texts name the place,
//! never the value.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Failure;
use crate::sources::SourceError;

/// How many unreadable records of one list are described.
const DESCRIBED: usize = 3;

/// A list of which unreadable records were left out.
#[derive(Debug, Clone)]
pub struct List<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// Why others could not: the first few, without their values.
    pub bad: Vec<String>,
    /// How many others there were.
    pub bad_count: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            bad: Vec::new(),
            bad_count: 0,
        }
    }
}

impl<T> List<T> {
    /// Adds the records of another list.
    pub fn append(&mut self, other: Self) {
        self.items.extend(other.items);
        self.bad.extend(other.bad);
        self.bad.truncate(DESCRIBED);
        self.bad_count += other.bad_count;
    }

    /// Returns why none of its records fits, where there are some: it is another list then.
    pub fn misfit(&self) -> Option<&str> {
        let is_misfit = self.items.is_empty() && self.bad_count > 0;
        is_misfit.then(|| self.why())
    }

    /// Returns what to tell of records that cannot be read, where there are some.
    pub fn unread(&self, what: &str) -> Option<String> {
        let (count, why) = (self.bad_count, self.why());
        let all = count + self.items.len();
        (count > 0).then(|| format!("{count} of {all} {what} cannot be read: {why}"))
    }

    fn why(&self) -> &str {
        self.bad.first().map_or("", String::as_str)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Records<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for Records<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = List::default();
                // The text of each record, not a tree of it: lists stand in records of lists.
                while let Some(record) = seq.next_element::<Option<Box<RawValue>>>()? {
                    let Some(record) = record else { continue };
                    match serde_json::from_str(record.get()) {
                        Ok(item) => list.items.push(item),
                        Err(error) => {
                            list.bad_count += 1;
                            if list.bad.len() < DESCRIBED {
                                list.bad.push(without_values(&error));
                            }
                        }
                    }
                }
                Ok(list)
            }
        }

        deserializer.deserialize_any(Records(PhantomData))
    }
}

/// Reads a whole answer.
///
/// `what` is the path that was asked for; it stands in the error.
pub fn decode<T: DeserializeOwned>(host: &str, what: &str, body: &[u8]) -> Result<T, Failure> {
    // A list may be absent inside an answer; an answer that is nothing says nothing.
    if body.trim_ascii() == b"null" {
        return Err(Failure::of(SourceError::Unreadable {
            host: host.to_owned(),
            cause: format!("{what}: the answer is empty (`null`)"),
        }));
    }
    if body.trim_ascii_start().starts_with(b"[") && wants_object::<T>() {
        return Err(Failure::of(SourceError::Unreadable {
            host: host.to_owned(),
            cause: format!("{what}: there is a list where an object should be"),
        }));
    }
    serde_json::from_slice(body).map_err(|error| {
        let is_foreign = error.is_syntax();
        let cause = if error.is_eof() {
            format!("{what}: the answer was cut off")
        } else if is_foreign {
            format!(
                "{what}: not JSON at line {} column {}",
                error.line(),
                error.column()
            )
        } else {
            format!("{what}: {}", without_values(&error))
        };
        let failure = Failure::of(SourceError::Unreadable {
            host: host.to_owned(),
            cause,
        });
        if is_foreign {
            failure.marked_elsewhere()
        } else {
            failure
        }
    })
}

/// Returns whether an object can be read as this and nothing else can: a list would pass for the
/// values of its fields in their order, and an empty one for an object without any.
fn wants_object<T: DeserializeOwned>() -> bool {
    let takes_object = match serde_json::from_str::<T>("{}") {
        Ok(_) => true,
        Err(error) => error.to_string().starts_with("missing field"),
    };
    takes_object && serde_json::from_str::<T>("0").is_err()
}

/// Returns what is wrong with an answer in words, without the values that the error quotes.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let rest = text
        .strip_prefix("invalid type: ")
        .or_else(|| text.strip_prefix("invalid value: "));
    if let Some(rest) = rest {
        let wanted = rest.rsplit_once("expected ").map_or("", |(_, words)| words);
        return match (thing(rest), thing(wanted)) {
            (Some(found), Some(wanted)) => format!("there is {found} where {wanted} should be"),
            (Some(found), None) => format!("there is {found} that does not belong there"),
            (None, _) => "a part of it is not of the expected kind".to_owned(),
        };
    }
    let name = text
        .split_once('`')
        .and_then(|(_, after)| after.split_once('`'));
    let name = name.map_or("", |(name, _)| name).chars();
    let name: String = name.filter(|c| !c.is_control()).take(40).collect();
    if text.starts_with("missing field") {
        return format!("`{name}` is missing");
    }
    if text.starts_with("duplicate field") {
        return format!("`{name}` stands there twice");
    }
    if text.starts_with("invalid length") {
        return "a list in it is too short or too long".to_owned();
    }
    "a part of it is not of the expected kind".to_owned()
}

/// Returns the words for a kind of JSON value, from the words of the library.
fn thing(words: &str) -> Option<&'static str> {
    let words = words.strip_prefix("a ").unwrap_or(words);
    let words = words.strip_prefix("borrowed ").unwrap_or(words);
    Some(match words.split([' ', ',']).next().unwrap_or_default() {
        "null" | "unit" | "Option" => "nothing",
        "string" => "a text",
        "boolean" => "yes or no",
        "integer" | "floating" | "u8" | "u16" | "u32" | "u64" | "i64" | "i32" | "f64" | "usize" => {
            "a number"
        }
        "sequence" | "list" => "a list",
        "map" | "struct" => "an object",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{List, decode};
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    struct Row {
        id: u64,
    }

    #[test]
    fn a_bad_record_costs_that_record_only() {
        let list: List<Row> =
            serde_json::from_str(r#"[{"id":1},null,{"id":"secret"},{},{"id":4,"new":[1]}]"#)
                .unwrap();
        let ids: Vec<u64> = list.items.iter().map(|row| row.id).collect();
        assert_eq!((ids, list.bad_count), (vec![1, 4], 2));
        assert_eq!(
            list.bad,
            [
                "there is a text where a number should be",
                "`id` is missing"
            ]
        );
    }

    #[test]
    fn a_list_of_which_nothing_fits_is_another() {
        let read = |text: &str| serde_json::from_str::<List<Row>>(text).unwrap();
        let part = read(r#"[{"id":1},{}]"#);
        assert_eq!(part.misfit(), None);
        let told = part.unread("rows").unwrap();
        assert_eq!(told, "1 of 2 rows cannot be read: `id` is missing");
        assert_eq!(read("[{}]").misfit(), Some("`id` is missing"));
        assert_eq!(
            (read("[]").misfit(), read("[]").unread("rows")),
            (None, None)
        );
    }

    #[test]
    fn no_list_inside_is_an_empty_list_but_no_answer_is_none() {
        let list: List<Row> = serde_json::from_str("null").unwrap();
        assert!(list.items.is_empty());
        let failure = decode::<List<Row>>("h", "/x", b" null\n").unwrap_err();
        assert!(failure.error.to_string().contains("is empty (`null`)"));
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let failure = decode::<Vec<Row>>("h", "/x", body.as_bytes()).unwrap_err();
        assert_eq!(
            failure.error.to_string(),
            format!("h gave an answer that cannot be read: {expected}")
        );
    }

    #[test]
    fn errors_name_the_place_and_no_value() {
        check("[{\"id\":", "/x: the answer was cut off");
        check("", "/x: the answer was cut off");
        check("<html>", "/x: not JSON at line 1 column 1");
        check(
            r#"[{"id":"hunter22"}]"#,
            "/x: there is a text where a number should be",
        );
        check(
            r#"{"id":1}"#,
            "/x: there is an object where a list should be",
        );
        check("[[]]", "/x: a list in it is too short or too long");
        check("[3]", "/x: there is a number where an object should be");
    }

    #[test]
    fn a_list_is_no_object_whatever_that_may_lack() {
        #[derive(Deserialize, Debug, Default)]
        #[serde(default)]
        struct Bare {
            id: Option<u64>,
        }
        let why = |error: crate::sources::http::Failure| error.error.to_string();
        for body in ["[]", " [1]", "[{\"id\":1}]"] {
            let bare = why(decode::<Bare>("h", "/x", body.as_bytes()).unwrap_err());
            let row = why(decode::<Row>("h", "/x", body.as_bytes()).unwrap_err());
            assert!(bare.ends_with("/x: there is a list where an object should be"));
            assert_eq!(bare, row);
            assert!(decode::<serde_json::Value>("h", "/x", body.as_bytes()).is_ok());
        }
        assert!(decode::<Bare>("h", "/x", b"{}").is_ok());
        assert!(decode::<List<Row>>("h", "/x", b"[]").is_ok());
    }

    #[test]
    fn depth_has_an_end() {
        let deep = "[".repeat(10_000);
        assert!(decode::<serde_json::Value>("h", "/x", deep.as_bytes()).is_err());
    }
}
