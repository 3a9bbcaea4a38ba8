//! GraphQL by GitHub's published names: parse, validate, price, execute.
//!
//! `schema.graphql` is the part of the schema that is answered. Objects are
//! resolved field by field in `node`: what leads to other things in `links`,
//! the rest in `fields`.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::executable::Operation;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{GraphQLError, JsonMap};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::Ground;
use crate::demo::forge::answer::{Answer, Asked};
use crate::demo::forge::faults::{Fault, Taken};
use crate::demo::forge::wire;
use crate::domain::Timestamp;

mod checks;
mod connection;
mod cost;
mod fields;
mod links;
mod node;
mod roots;
mod search;

use node::{Node, Thing};

const SDL: &str = include_str!("../schema.graphql");

/// The most nodes that a query may ask for, as on the real host.
const MAX_NODES: u64 = 500_000;

/// Returns the schema.
pub(in crate::demo::forge) fn schema() -> Result<Valid<Schema>, String> {
    Schema::parse_and_validate(SDL, "schema.graphql").map_err(|broken| broken.to_string())
}

/// What all objects of one query share.
pub(super) struct Scene {
    pub(super) ground: Arc<Ground>,
    pub(super) now: Timestamp,
    pub(super) host: String,
    pub(super) refuse_rollup: bool,
    pub(super) cost: u64,
    pub(super) nodes: u64,
    pub(super) window: (u64, u64, u64, i64),
    /// Root fields that may still be resolved.
    pub(super) allowed: Cell<usize>,
}

#[derive(serde::Deserialize)]
struct Request {
    query: String,
    #[serde(default)]
    variables: Option<Value>,
    #[serde(default, rename = "operationName")]
    operation: Option<String>,
}

fn errors(list: &[Value]) -> Answer {
    Answer::json(json!({"errors": list})).costs("graphql", 1)
}

/// Answers one query.
pub(super) fn answer(ground: &Arc<Ground>, asked: &Asked, body: &Bytes, faults: &Taken) -> Answer {
    let Ok(request) = serde_json::from_slice::<Request>(body) else {
        return Answer::error(StatusCode::BAD_REQUEST, "Problems parsing JSON").costs("graphql", 0);
    };
    let Some(schema) = &ground.schema else {
        return Answer::not_found();
    };
    let parsed = ExecutableDocument::parse_and_validate(schema, &request.query, "query");
    let document = match parsed {
        Ok(document) => document,
        Err(broken)
            if broken
                .errors
                .iter()
                .all(|error| lenient(&error.error.to_string())) =>
        {
            Valid::assume_valid(broken.partial)
        }
        Err(broken) => {
            let list = broken.errors.iter().map(|error| {
                let at = error
                    .line_column_range()
                    .map(|range| json!([{"line": range.start.line, "column": range.start.column}]));
                json!({"message": error.error.to_string(), "locations": at})
            });
            return errors(&list.collect::<Vec<_>>());
        }
    };
    let Ok(operation) = document.operations.get(request.operation.as_deref()) else {
        return errors(&[json!({"message": "An operation name is required"})]);
    };
    let variables = variables(request.variables);
    let (cost, nodes) = cost::of(&document, operation, &variables);
    if nodes > MAX_NODES {
        let message = format!(
            "This query requests up to {nodes} possible nodes which exceeds the maximum limit of 500,000."
        );
        return errors(&[json!({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message})]);
    }
    let roots = operation.root_fields(&document).count();
    let allowed = match faults.batch() {
        Some((most, true)) if roots > most => {
            return Answer::error(StatusCode::BAD_GATEWAY, "Server Error").costs("graphql", cost);
        }
        Some((most, false)) => most,
        Some((_, true)) | None => usize::MAX,
    };
    let window = ground.ledger.spend(asked, "graphql", 0);
    let scene = Rc::new(Scene {
        ground: Arc::clone(ground),
        now: asked.now,
        host: asked.host.clone(),
        refuse_rollup: faults.has(&Fault::RefuseRollup),
        cost,
        nodes,
        window: (
            window.limit,
            window.used + cost,
            window.remaining().saturating_sub(cost),
            window.reset,
        ),
        allowed: Cell::new(allowed),
    });
    execute(schema, &scene, &document, operation, &variables).costs("graphql", cost)
}

/// Returns whether the real host lets this pass: `name` of a user may be null, that of a team may
/// not, and clients ask for both under one name.
fn lenient(error: &str) -> bool {
    error.contains("must not select different types using the same name")
}

fn variables(sent: Option<Value>) -> JsonMap {
    sent.and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default()
}

fn execute(
    schema: &Valid<Schema>,
    scene: &Rc<Scene>,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    variables: &JsonMap,
) -> Answer {
    let root = Node::new(Rc::clone(scene), "Query", Thing::Root);
    let outcome = Execution::new(schema, document)
        .operation(operation)
        .raw_variable_values(variables)
        .enable_schema_introspection(true)
        .execute_sync(&root);
    match outcome {
        Ok(response) => {
            let mut body = json!({"data": response.data});
            if !response.errors.is_empty() {
                let list: Vec<Value> = response.errors.iter().map(written).collect();
                body = wire::join(body, json!({"errors": list}));
            }
            Answer::json(body)
        }
        Err(refused) => {
            Answer::json(json!({"errors": [{"message": refused.message().to_string()}]}))
        }
    }
}

/// Writes an error as GitHub does: `type` is the word that resolvers put before a bar.
fn written(error: &GraphQLError) -> Value {
    let message = error
        .message
        .strip_prefix("resolver error: ")
        .unwrap_or(&error.message);
    let (kind, message) = match message.split_once('|') {
        Some((kind, text)) if kind.chars().all(|c| c.is_ascii_uppercase() || c == '_') => {
            (Some(kind), text)
        }
        Some(_) | None => (None, message),
    };
    let written = json!({
        "message": message, "path": error.path, "locations": error.locations,
    });
    match kind {
        Some(kind) => wire::join(written, json!({"type": kind})),
        None => written,
    }
}
