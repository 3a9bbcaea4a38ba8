//! What `filter` says: a label, a comparison and a value.

use std::collections::BTreeMap;

use regex::Regex;

/// One comparison.
#[derive(Debug)]
pub(super) struct Matcher {
    name: String,
    value: Value,
    /// Whether the opposite is meant.
    is_not: bool,
}

#[derive(Debug)]
enum Value {
    Same(String),
    Pattern(Regex),
}

impl Matcher {
    /// Reads `service="api"`, `service=~"a.*"` and their opposites.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let at = text.find(['=', '!'])?;
        let (name, rest) = text.split_at_checked(at)?;
        let name = name.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let ways = [
            ("=~", true, false),
            ("!~", true, true),
            ("!=", false, true),
            ("=", false, false),
        ];
        let (value, is_pattern, is_not) = ways.into_iter().find_map(|(way, pattern, not)| {
            rest.strip_prefix(way).map(|value| (value, pattern, not))
        })?;
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        let value = if is_pattern {
            Value::Pattern(Regex::new(&format!("^(?:{value})$")).ok()?)
        } else {
            Value::Same(value.to_owned())
        };
        Some(Self {
            name: name.to_owned(),
            value,
            is_not,
        })
    }

    /// Returns whether labels are so; one that is missing is empty.
    pub(super) fn fits(&self, labels: &BTreeMap<&'static str, String>) -> bool {
        let found = labels.get(self.name.as_str()).map_or("", String::as_str);
        let is = match &self.value {
            Value::Same(value) => found == value,
            Value::Pattern(pattern) => pattern.is_match(found),
        };
        is != self.is_not
    }
}

#[cfg(test)]
mod tests {
    use super::Matcher;
    use std::collections::BTreeMap;

    #[track_caller]
    fn check(text: &str, expected: Option<bool>) {
        let labels = BTreeMap::from([("service", "api".to_owned())]);
        let found = Matcher::parse(text).map(|matcher| matcher.fits(&labels));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_filter_compares_a_label() {
        check("service=\"api\"", Some(true));
        check("service=api", Some(true));
        check("service!=\"api\"", Some(false));
        check("service=~\"a.*|b\"", Some(true));
        check("service=~\"p\"", Some(false));
        check("service!~\"p\"", Some(true));
        check("team=\"\"", Some(true));
        check("team!=\"\"", Some(false));
        check("service", None);
        check("=\"x\"", None);
        check("service=~\"(\"", None);
        check("", None);
    }
}
