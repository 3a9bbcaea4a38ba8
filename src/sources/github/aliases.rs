//! A GraphQL answer by alias, as text: each part is read once, into what it is for.
//!
//! A tree of the whole answer would be built and taken apart again; it costs most
//! of the time of a refresh.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// How nothing is written.
const NULL: &str = "null";

/// What an answer holds by alias; each is read when it is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Aliases(BTreeMap<String, Box<RawValue>>);

impl Aliases {
    /// Returns the names of what is there.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let there = self.0.iter().filter(|(_, text)| text.get() != NULL);
        there.map(|(alias, _)| alias.as_str())
    }

    /// Returns whether there is something of this name.
    pub(super) fn has(&self, alias: &str) -> bool {
        self.0.get(alias).is_some_and(|text| text.get() != NULL)
    }

    /// Reads what is there of this name.
    pub(super) fn read<T: DeserializeOwned>(&self, alias: &str) -> Option<serde_json::Result<T>> {
        let text = self.0.get(alias).filter(|text| text.get() != NULL)?;
        Some(serde_json::from_str(text.get()))
    }

    /// Returns what is there of this name as it is.
    pub(super) fn value(&self, alias: &str) -> Value {
        self.read(alias).and_then(Result::ok).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Aliases;

    #[test]
    fn what_is_null_is_not_there_and_the_rest_is_read_as_it_is_asked_for() {
        let text = r#"{"a": {"n": [1, 2]}, "b": null, "c" : [ ], "d": "\ud800"}"#;
        let aliases: Aliases = serde_json::from_str(text).unwrap();
        assert_eq!(aliases.names().collect::<Vec<_>>(), ["a", "c", "d"]);
        assert!(aliases.has("a") && !aliases.has("b") && !aliases.has("z"));
        assert_eq!(aliases.value("a"), serde_json::json!({"n": [1, 2]}));
        assert!(aliases.read::<Vec<u64>>("c").unwrap().unwrap().is_empty());
        assert!(aliases.read::<Vec<u64>>("a").unwrap().is_err());
        assert!(aliases.read::<Vec<u64>>("b").is_none());
        assert!(aliases.value("d").is_null(), "it costs itself only");
        assert!(serde_json::from_str::<Aliases>(r#"{"a": {"n": [1, 2}"#).is_err());
    }
}
