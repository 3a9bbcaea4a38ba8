//! Pages of connections: `first`, `last`, `after`, `before`, as Relay has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::demo::forge::github::graphql::node::{Out, Thing};

/// One page of a connection.
#[derive(Clone)]
pub(super) struct Page {
    field: String,
    items: Vec<Thing>,
    /// Index of the first item in the whole.
    from: usize,
    total: usize,
    bounds: Bounds,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bounds {
    Given(u64),
    Missing,
}

fn cursor(index: usize) -> String {
    STANDARD.encode(format!("cursor:v1:{index}"))
}

fn index(cursor: Option<&str>) -> Option<usize> {
    let bytes = STANDARD.decode(cursor?).ok()?;
    String::from_utf8(bytes)
        .ok()?
        .strip_prefix("cursor:v1:")?
        .parse()
        .ok()
}

impl Page {
    /// Cuts the page that the arguments ask for out of the whole.
    pub(super) fn cut(field: &str, all: Vec<Thing>, arguments: &Value) -> Self {
        let total = all.len();
        let after = index(arguments["after"].as_str()).map_or(0, |index| index.saturating_add(1));
        let before = index(arguments["before"].as_str())
            .unwrap_or(total)
            .min(total);
        let (mut from, mut to) = (after.min(before), before);
        let number = |name: &str| {
            arguments[name]
                .as_u64()
                .map(|n| usize::try_from(n).unwrap_or(usize::MAX))
        };
        let (first, last) = (number("first"), number("last"));
        if let Some(first) = first {
            to = to.min(from.saturating_add(first));
        }
        if let Some(last) = last {
            from = from.max(to.saturating_sub(last));
        }
        let items = all.into_iter().skip(from).take(to - from).collect();
        let asked = first.or(last).map(|n| u64::try_from(n).unwrap_or(u64::MAX));
        let bounds = asked.map_or(Bounds::Missing, Bounds::Given);
        Self {
            field: field.to_owned(),
            items,
            from,
            total,
            bounds,
        }
    }

    fn refused(&self) -> Option<Out> {
        let field = &self.field;
        let message = match self.bounds {
            Bounds::Missing => format!(
                "MISSING_PAGINATION_BOUNDARIES|You must provide a `first` or `last` value to properly paginate the `{field}` connection."
            ),
            Bounds::Given(n) if n > 100 => format!(
                "EXCESSIVE_PAGINATION|Requesting {n} records on the `{field}` connection exceeds the `first` limit of 100 records."
            ),
            Bounds::Given(_) => return None,
        };
        Some(Out::Refused(message))
    }

    /// Returns a field of the connection.
    pub(super) fn field(&self, name: &str) -> Out {
        if ["nodes", "edges"].contains(&name)
            && let Some(refused) = self.refused()
        {
            return refused;
        }
        match name {
            "nodes" => Out::Many(self.items.clone()),
            "edges" => {
                let edge = |(nth, item): (usize, &Thing)| {
                    Thing::Edge(Box::new(item.clone()), cursor(self.from + nth))
                };
                Out::Many(self.items.iter().enumerate().map(edge).collect())
            }
            "totalCount" | "issueCount" => Out::Leaf(json!(self.total)),
            "repositoryCount" | "userCount" | "codeCount" | "discussionCount" | "wikiCount" => {
                Out::Leaf(json!(0))
            }
            "pageInfo" => {
                let end = self.from + self.items.len();
                let some = !self.items.is_empty();
                Out::One(Some(Thing::Json(json!({
                    "hasNextPage": end < self.total,
                    "hasPreviousPage": self.from > 0,
                    "startCursor": some.then(|| cursor(self.from)),
                    "endCursor": some.then(|| cursor(end - 1)),
                }))))
            }
            _ => Out::Plain,
        }
    }
}
