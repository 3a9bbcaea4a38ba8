//! What a query costs by GitHub's rule: requests for each unique connection, over a hundred.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;

struct Count<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
    requests: u64,
    nodes: u64,
}

/// Returns the points and the number of nodes that a query asks for.
pub(super) fn of(
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> (u64, u64) {
    let mut count = Count {
        document,
        variables,
        requests: 0,
        nodes: 0,
    };
    count.walk(&operation.selection_set, 1, 0);
    let points = (count.requests + 50) / 100;
    (points.max(1), count.nodes)
}

/// Fragments that lead into one another are refused by validation; this is a second belt.
const DEPTH: usize = 64;

impl Count<'_> {
    /// Walks a selection that is reached `times` times.
    fn walk(&mut self, set: &SelectionSet, times: u64, depth: usize) {
        if depth > DEPTH {
            return;
        }
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    let below = self.field(field, times);
                    self.walk(&field.selection_set, below, depth + 1);
                }
                Selection::Field(_) => {}
                Selection::InlineFragment(inline) => {
                    if self.included(&inline.directives) {
                        self.walk(&inline.selection_set, times, depth + 1);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if !self.included(&spread.directives) {
                        continue;
                    }
                    let document = self.document;
                    if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                        self.walk(&fragment.selection_set, times, depth + 1);
                    }
                }
            }
        }
    }

    fn included(&self, directives: &apollo_compiler::executable::DirectiveList) -> bool {
        let says = |name: &str| {
            let value = directives.get(name)?.specified_argument_by_name("if")?;
            match value.as_ref() {
                Value::Boolean(value) => Some(*value),
                Value::Variable(name) => self.variables.get(name.as_str())?.as_bool(),
                Value::Null
                | Value::Enum(_)
                | Value::String(_)
                | Value::Float(_)
                | Value::Int(_)
                | Value::List(_)
                | Value::Object(_) => None,
            }
        };
        says("include").unwrap_or(true) && !says("skip").unwrap_or(false)
    }

    fn field(&mut self, field: &Field, times: u64) -> u64 {
        let connection = field
            .definition
            .ty
            .inner_named_type()
            .ends_with("Connection");
        let size = self
            .size(field, "first")
            .or_else(|| self.size(field, "last"));
        match size {
            Some(size) if connection => {
                self.requests = self.requests.saturating_add(times);
                let below = times.saturating_mul(size);
                self.nodes = self.nodes.saturating_add(below);
                below
            }
            Some(_) | None => times,
        }
    }

    fn size(&self, field: &Field, name: &str) -> Option<u64> {
        let argument = field.specified_argument_by_name(name)?;
        match argument.as_ref() {
            Value::Int(number) => number.as_str().parse().ok(),
            Value::Variable(name) => self.variables.get(name.as_str())?.as_u64(),
            Value::Null
            | Value::Enum(_)
            | Value::String(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Object(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use apollo_compiler::ExecutableDocument;
    use serde_json::json;

    use super::of;
    use crate::demo::forge::github::graphql::schema;

    const PAST: &str = concat!(
        include_str!("../../../../sources/github/queries/past.graphql"),
        include_str!("../../../../sources/github/queries/shared/records.graphql"),
        include_str!("../../../../sources/github/queries/shared/times.graphql"),
    );
    const TIMES: &str = include_str!("../../../../sources/github/queries/shared/times.graphql");

    #[track_caller]
    fn points(text: &str, operation: &str, first: u64) -> u64 {
        let document = ExecutableDocument::parse_and_validate(&schema().unwrap(), text, "x");
        let document = document.unwrap_or_else(|broken| panic!("{}", broken.errors));
        let operation = document.operations.get(Some(operation)).unwrap();
        let variables = serde_json::from_value(json!({"first": first})).unwrap();
        of(&document, operation, &variables).0
    }

    #[test]
    fn a_page_of_the_past_costs_one_point() {
        for (operation, first) in [
            ("PastChanges", 20),
            ("PastCommits", 50),
            ("PastDeployments", 90),
            ("PastReleases", 100),
            ("PastIncidents", 45),
        ] {
            assert_eq!(points(PAST, operation, first), 1, "{operation}");
        }
        assert_eq!(points(PAST, "PastChanges", 60), 4, "more would cost more");
    }

    #[test]
    fn the_times_of_thirty_changes_cost_one_point() {
        let (_, fragment) = TIMES.split_once("fragment").unwrap();
        let mut body = String::new();
        for at in 0..30 {
            let repo = "repository(owner: \"o\", name: \"n\")";
            let _ = write!(
                body,
                "c{at}: {repo} {{ pullRequest(number: 1) {{ ...TimesFields }} }} "
            );
        }
        let text = format!("query Board {{ {body} }} fragment{fragment}");
        assert_eq!(points(&text, "Board", 0), 1);
    }
}
