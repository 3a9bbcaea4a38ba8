//! The shape of tables that only some kinds of source take, and of values with forms of their own.
//!
//! As in `file.rs` every key is optional; what a value may be is said where it is checked.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::config::file::Text;

/// One `[[wip]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Wip {
    /// What it is called.
    pub(super) name: Option<Text>,
    /// The most cards.
    pub(super) limit: Option<Spanned<i64>>,
    /// Which cards count, as a filter.
    pub(super) when: Option<Text>,
    /// For what it counts.
    pub(super) per: Option<Text>,
    /// The columns in which cards count.
    pub(super) stages: Option<Spanned<Vec<Text>>>,
    /// Whether more than that is as bad as red.
    pub(super) hard: Option<bool>,
}

/// One `[[view]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct View {
    /// What it is called.
    pub(super) name: Option<Text>,
    /// Which cards, as a filter.
    pub(super) filter: Option<Text>,
    /// The columns that it shows.
    pub(super) columns: Option<Spanned<Vec<Text>>>,
    /// What its lanes are for.
    pub(super) group: Option<Text>,
    /// The order of its cards.
    pub(super) sort: Option<Text>,
    /// The key that goes to it.
    pub(super) key: Option<Text>,
}

/// `[attention]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are the keys of the file")]
pub(super) struct Attention {
    /// How long a card may be red.
    pub(super) red_after: Option<Text>,
    /// How long a card may be blocked.
    pub(super) blocked_after: Option<Text>,
    /// How long a review may be asked for.
    pub(super) review_after: Option<Text>,
    /// How long a gate may wait.
    pub(super) gate_after: Option<Text>,
}

/// One `[[command]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    /// Its name.
    pub(super) name: Option<Text>,
    /// What it does.
    pub(super) help: Option<Text>,
    /// Its keys.
    pub(super) key: Option<OneOrMany>,
    /// The program and its arguments.
    pub(super) argv: Option<Spanned<Vec<Text>>>,
    /// Where it is offered.
    #[serde(rename = "where")]
    pub(super) places: Option<Vec<Text>>,
    /// For which cards, as a filter.
    #[serde(rename = "for")]
    pub(super) cards: Option<Text>,
    /// Where it works.
    pub(super) cwd: Option<Text>,
    /// What becomes of the screen.
    pub(super) run: Option<Text>,
    /// Whether the terminal waits for a key after it.
    pub(super) pause: Option<bool>,
    /// Whether it is asked before.
    pub(super) confirm: Option<bool>,
    /// Whether it may change something.
    pub(super) changes: Option<bool>,
    /// Variables that it gets though they hold a token.
    pub(super) keep_env: Option<Vec<Text>>,
}

/// `[wall]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Wall {
    /// How long a page stays.
    pub(super) page_secs: Option<Spanned<i64>>,
    /// Whether the bell is rung.
    pub(super) bell: Option<bool>,
}

/// One `[[source.check]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpCheck {
    /// What it is called; its path by default.
    pub(super) name: Option<Text>,
    /// Where it asks.
    pub(super) path: Option<Text>,
    /// The service that it is about.
    pub(super) service: Option<Text>,
    /// The repository that the service is built from.
    pub(super) repo: Option<Text>,
    /// The environment that it looks at.
    pub(super) environment: Option<Text>,
    /// Which status is well.
    pub(super) status: Option<Spanned<Words>>,
    /// What the body must match.
    pub(super) body: Option<Text>,
    /// Where in the body something must stand.
    pub(super) pointer: Option<Text>,
    /// What must stand there.
    pub(super) equals: Option<Spanned<Scalar>>,
    /// What takes longer is told.
    pub(super) latency: Option<Text>,
    /// So many days before its certificate ends it is told.
    pub(super) certificate: Option<Spanned<i64>>,
    /// Where the answer names the version that runs there.
    pub(super) version: Option<Text>,
    /// So many failures in a row are one.
    pub(super) failures: Option<Spanned<i64>>,
    /// How often it is asked.
    pub(super) every: Option<Text>,
}

/// One `[[source.map]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonMap {
    /// What the records become.
    pub(super) to: Option<Text>,
    /// The route below the address of the source.
    pub(super) path: Option<Text>,
    /// Where the list is.
    pub(super) records: Option<Text>,
    /// Where in a record our fields are.
    pub(super) fields: Option<Spanned<BTreeMap<String, Text>>>,
    /// Their words, by ours for how one stands.
    pub(super) states: Option<Spanned<BTreeMap<String, Spanned<Words>>>>,
    /// The repository.
    pub(super) repo: Option<Text>,
    /// The service.
    pub(super) service: Option<Text>,
    /// The environment.
    pub(super) environment: Option<Text>,
    /// Where the address of the next page is.
    pub(super) next: Option<Text>,
}

/// A word or several, each a text, a whole number or yes and no.
#[derive(Debug)]
pub(super) struct Words(pub(super) Vec<String>);

/// A value that is no list and no table.
#[derive(Debug)]
pub(super) struct Scalar(pub(super) serde_json::Value);

/// A day, as a text or as the file format writes days.
#[derive(Debug)]
pub(super) struct Day(pub(super) String);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Day;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day, e.g. `2026-12-25`")
            }

            fn visit_str<E: Error>(self, day: &str) -> Result<Day, E> {
                Ok(Day(day.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Day, M::Error> {
                let day = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Day(day.to_string()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;

        impl Visitor<'_> for One {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, `true` or `false`")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(value.into()))
            }
        }
        deserializer.deserialize_any(One)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Several;

        impl<'de> Visitor<'de> for Several {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word, or a list of words")
            }

            fn visit_bool<E: Error>(self, word: bool) -> Result<Words, E> {
                Ok(Words(vec![word.to_string()]))
            }

            fn visit_i64<E: Error>(self, word: i64) -> Result<Words, E> {
                Ok(Words(vec![word.to_string()]))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Words, S::Error> {
                let mut words = Vec::new();
                while let Some(Words(more)) = seq.next_element()? {
                    words.extend(more);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(Several)
    }
}

/// One word or several.
#[derive(Debug)]
pub(super) struct OneOrMany(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, or a list of keys")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![word.to_owned()]))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<OneOrMany, S::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(OneOrMany(words))
            }
        }
        deserializer.deserialize_any(Words)
    }
}
