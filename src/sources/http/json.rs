//! JSON to values: whole answers strictly, lists record by record.
//!
//! A record that cannot be read costs that record. Error texts name the place,
//! never the value.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

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
                while let Some(value) = seq.next_element::<Option<Value>>()? {
                    let Some(value) = value else { continue };
                    match T::deserialize(value) {
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
    serde_json::from_slice(body).map_err(|error| {
        let cause = if error.is_eof() {
            format!("{what}: the answer was cut off")
        } else if error.is_syntax() {
            format!(
                "{what}: not JSON at line {} column {}",
                error.line(),
                error.column()
            )
        } else {
            format!("{what}: {}", without_values(&error))
        };
        Failure::of(SourceError::Unreadable {
            host: host.to_owned(),
            cause,
        })
    })
}

/// Returns the text of an error without the values that it quotes.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let Some((kind, rest)) = text
        .split_once(": ")
        .filter(|(kind, _)| matches!(*kind, "invalid type" | "invalid value"))
    else {
        return text.split_once(" `").map_or_else(
            || text.clone(),
            |(before, after)| {
                let named = after.split_once('`').map_or("", |(name, _)| name);
                let short: String = named.chars().filter(|c| !c.is_control()).take(40).collect();
                format!("{before} `{short}`")
            },
        );
    };
    let found = rest.split([' ', ',']).next().unwrap_or_default();
    let expected = rest.rsplit_once("expected ").map_or("", |(_, words)| words);
    format!("{kind}: {found}, expected {expected}")
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
            ["invalid type: string, expected u64", "missing field `id`"]
        );
    }

    #[test]
    fn no_list_is_an_empty_list() {
        let list: List<Row> = serde_json::from_str("null").unwrap();
        assert!(list.items.is_empty());
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
            "/x: invalid type: string, expected u64 at line 1 column 17",
        );
    }

    #[test]
    fn depth_has_an_end() {
        let deep = "[".repeat(10_000);
        assert!(decode::<serde_json::Value>("h", "/x", deep.as_bytes()).is_err());
    }
}
