//! The parameter `tree`: which fields are told, and how many of a list.

use serde_json::{Map, Value};

/// Fields that are wanted, each with those of what it holds and the range of it.
#[derive(Clone, Default, Debug)]
pub(super) struct Tree {
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    inner: Tree,
    range: Option<(usize, usize)>,
}

impl Tree {
    /// Reads `a,b[c,d]{0,5}`; what cannot be read is left out.
    pub(super) fn parse(text: &str) -> Self {
        let mut rest = text;
        Self::fields(&mut rest, 0)
    }

    fn fields(rest: &mut &str, depth: usize) -> Self {
        let mut tree = Self::default();
        loop {
            let end = rest.find([',', '[', ']', '{']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            *rest = after;
            let mut field = Field {
                name: name.trim().to_owned(),
                inner: Self::default(),
                range: None,
            };
            if let Some(inside) = rest.strip_prefix('[')
                && depth < 20
            {
                *rest = inside;
                field.inner = Self::fields(rest, depth + 1);
                *rest = rest.strip_prefix(']').unwrap_or(rest);
            }
            if let Some((range, after)) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) {
                field.range = Some(bounds(range));
                *rest = after;
            }
            if !field.name.is_empty() {
                tree.fields.push(field);
            }
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return tree,
            }
        }
    }

    fn field(&self, name: &str) -> Option<&Field> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.name == name || field.name == "*")
    }

    /// Returns what is wanted of a list, and how much of it; nothing where it is not wanted.
    pub(super) fn list(&self, name: &str) -> Option<(&Self, usize)> {
        let field = self.field(name)?;
        let most = field.range.map_or(usize::MAX, |(_, end)| end);
        Some((&field.inner, most))
    }

    /// Returns from where to where a list is wanted; nothing where it is not wanted.
    pub(super) fn slice(&self, name: &str) -> Option<(usize, usize)> {
        let field = self.field(name)?;
        Some(field.range.unwrap_or((0, usize::MAX)))
    }

    /// Returns what is left of a value when only what is wanted is told; its class always is.
    pub(super) fn pruned(&self, value: &Value) -> Value {
        let Value::Object(object) = value else {
            return value.clone();
        };
        let mut kept = Map::new();
        for (name, value) in object {
            if let Some(field) = self.field(name) {
                kept.insert(name.clone(), field.pruned(value));
            } else if name == "_class" {
                kept.insert(name.clone(), value.clone());
            }
        }
        Value::Object(kept)
    }
}

impl Field {
    fn pruned(&self, value: &Value) -> Value {
        if let Value::Array(list) = value {
            let (from, to) = self.range.unwrap_or((0, usize::MAX));
            let rows = list.iter().skip(from).take(to.saturating_sub(from));
            return rows.map(|row| self.inner.pruned(row)).collect();
        }
        self.inner.pruned(value)
    }
}

/// Returns the range `from,to`; `to` alone begins at 0.
fn bounds(range: &str) -> (usize, usize) {
    let number = |text: &str| text.trim().parse().ok();
    if let Some((from, to)) = range.split_once(',') {
        return (number(from).unwrap_or(0), number(to).unwrap_or(usize::MAX));
    }
    let one = number(range).unwrap_or(0);
    (one, one.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use serde_json::json;

    #[test]
    fn only_what_is_named_is_told_and_only_so_much_of_it() {
        let value = json!({"_class": "x", "a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}, {"c": 5}], "e": {"f": {"g": 1}}});
        let tree = Tree::parse("b[c]{0,2},e[*[g]]");
        let expected = json!({"_class": "x", "b": [{"c": 1}, {"c": 3}], "e": {"f": {"g": 1}}});
        assert_eq!(tree.pruned(&value), expected);
        assert_eq!(tree.list("b").map(|(_, most)| most), Some(2));
        assert!(tree.list("a").is_none());
        let odd = Tree::parse("a[[[,]{{");
        assert_eq!(odd.pruned(&value)["a"], 1);
    }
}
