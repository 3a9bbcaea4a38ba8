//! The part of GitLab's GraphQL that has no REST, or many requests of it: alerts, and what became
//! of merge requests.
//!
//! `schema.graphql` is what is answered; objects are plain JSON, but for lists
//! that are cut into pages when they are asked for.

use std::sync::OnceLock;

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{
    Ask, Project, VERSION, issues, merges, project, projects_under, standing, time, users,
};
use crate::demo::forge::wire::{self, join};
use crate::demo::scenario::model::Issue;
use crate::demo::scenario::people::{self, VIEWER};

const SDL: &str = include_str!("schema.graphql");

/// How many nodes a page has at most, and where nothing is said.
const PAGE: usize = 100;

/// Returns the schema; it is read once.
fn schema() -> Option<&'static Valid<Schema>> {
    static SCHEMA: OnceLock<Option<Valid<Schema>>> = OnceLock::new();
    SCHEMA
        .get_or_init(|| Schema::parse_and_validate(SDL, "schema.graphql").ok())
        .as_ref()
}

#[derive(serde::Deserialize)]
struct Request {
    query: String,
    #[serde(default)]
    variables: Option<JsonMap>,
    #[serde(default, rename = "operationName")]
    operation: Option<String>,
}

fn errors(messages: impl IntoIterator<Item = String>) -> Answer {
    let all = messages
        .into_iter()
        .map(|message| json!({"message": message}));
    Answer::json(json!({"errors": all.collect::<Vec<_>>()}))
}

/// Answers one query.
pub(super) fn answer(ask: &Ask<'_>, body: &Bytes) -> Answer {
    let (Ok(request), Some(schema)) = (serde_json::from_slice::<Request>(body), schema()) else {
        return errors(["Unexpected end of document".to_owned()]).status(StatusCode::BAD_REQUEST);
    };
    let parsed = ExecutableDocument::parse_and_validate(schema, &request.query, "query");
    let document = match parsed {
        Ok(document) => document,
        Err(broken) => {
            let all = broken.errors.iter().map(|error| error.error.to_string());
            return errors(all.collect::<Vec<_>>());
        }
    };
    let Ok(operation) = document.operations.get(request.operation.as_deref()) else {
        return errors(["An operation name is required".to_owned()]);
    };
    let root = Node {
        ask,
        kind: "Query".to_owned(),
        value: json!({}),
    };
    let outcome = Execution::new(schema, &document)
        .operation(operation)
        .raw_variable_values(&request.variables.unwrap_or_default())
        .enable_schema_introspection(true)
        .execute_sync(&root);
    match outcome {
        Ok(response) => {
            let mut whole = json!({"data": response.data});
            if !response.errors.is_empty() {
                whole = join(whole, json!({"errors": response.errors}));
            }
            Answer::json(whole)
        }
        Err(refused) => errors([refused.message().to_string()]),
    }
}

/// Returns the project with this path.
fn named(ask: &Ask<'_>, path: &str) -> Value {
    project(ask, path).map_or(Value::Null, |one| written(ask, &one))
}

/// Returns the projects below a group.
fn under(ask: &Ask<'_>, group: &str) -> Vec<Value> {
    let all = projects_under(ask, group);
    all.iter().map(|one| written(ask, one)).collect()
}

/// Returns the one who asks.
fn user() -> Value {
    json!({
        "id": format!("gid://gitlab/User/{}", users::id(VIEWER)),
        "username": people::of(VIEWER).login, "name": people::of(VIEWER).name,
    })
}

fn written(ask: &Ask<'_>, project: &Project) -> Value {
    let path = &project.place.path;
    let incidents = project.repo.issues.iter();
    let incidents = incidents.filter(|issue| issue.labels.contains(&"incident"));
    let alerts: Vec<Value> = incidents.map(|issue| alert(ask, project, issue)).collect();
    json!({
        "id": format!("gid://gitlab/Project/{}", project.id()), "fullPath": path,
        "name": project.repo.spec.name, "path": project.repo.spec.name, "archived": false,
        "webUrl": project.page(ask), "lastActivityAt": time(wire::updated_at(&project.repo)),
        "alertManagementAlerts": alerts,
    })
}

/// Returns the alert that an incident was made of.
fn alert(ask: &Ask<'_>, project: &Project, issue: &Issue) -> Value {
    let number = issue.number;
    let status = match (issue.closed, issue.assignees.is_empty()) {
        (Some(_), _) => "RESOLVED",
        (None, true) => "TRIGGERED",
        (None, false) => "ACKNOWLEDGED",
    };
    let guarded = project.repo.spec.environments();
    let place = guarded.iter().find(|(_, guarded)| *guarded);
    let environment = place.map(|(name, _)| {
        let id = wire::environment_id(&project.repo, name);
        json!({"id": format!("gid://gitlab/Environment/{id}"), "name": name})
    });
    let page = format!("{}/-/alert_management/{number}/details", project.page(ask));
    json!({
        "id": format!("gid://gitlab/AlertManagement::Alert/{}", issues::id(project, number)),
        "iid": number.to_string(), "title": issue.title, "description": issue.body,
        "severity": "HIGH", "status": status, "service": project.repo.spec.name,
        "monitoringTool": "Prometheus", "hosts": [], "startedAt": time(issue.created_at),
        "endedAt": issue.closed.map(|(at, _)| time(at)), "createdAt": time(issue.created_at),
        "updatedAt": time(issue.updated_at), "eventCount": 1, "environment": environment,
        "details": {}, "detailsUrl": page, "webUrl": page, "runbook": null,
        "issue": {
            "id": format!("gid://gitlab/Issue/{}", issues::id(project, number)),
            "iid": number.to_string(), "title": issue.title,
            "webUrl": format!("{}/-/issues/{number}", project.page(ask)),
            "state": if issue.closed.is_none() { "opened" } else { "closed" },
        },
    })
}

/// Returns the merge requests of a project that are asked for, with what was said of them.
fn changes(ask: &Ask<'_>, project: &Project, arguments: &Value) -> Vec<Value> {
    let iids = words(arguments, "iids");
    let repo = &project.repo;
    let asked = repo.pulls.iter().filter(|pull| {
        let iid = pull.number.to_string();
        iids.as_ref()
            .is_none_or(|iids| iids.contains(&iid.as_str()))
    });
    asked
        .map(|pull| {
            let newest = pull.commits.iter().rev();
            let commits = newest.filter_map(|sha| {
                let commit = repo.commits.get(sha)?;
                Some(json!({
                    "id": format!("gid://gitlab/CommitPresenter/{sha}"), "sha": sha,
                    "title": commit.message.lines().next(), "authoredDate": time(commit.at),
                }))
            });
            let notes = pull.reviews.iter().map(|review| {
                let note = standing::note(ask, pull, review);
                let said = |name: &str| note.get(name).cloned().unwrap_or_default();
                let who = people::of(review.by);
                json!({
                    "id": format!("gid://gitlab/Note/{}", said("id")), "body": said("body"),
                    "system": said("system"), "createdAt": said("created_at"),
                    "author": {
                        "id": format!("gid://gitlab/User/{}", users::id(review.by)),
                        "username": who.login, "name": who.name, "bot": who.bot,
                    },
                })
            });
            json!({
                "id": format!("gid://gitlab/MergeRequest/{}", merges::id(project, pull.number)),
                "iid": pull.number.to_string(), "title": merges::title(pull),
                "webUrl": format!("{}/-/merge_requests/{}", project.page(ask), pull.number),
                "createdAt": time(pull.created_at), "updatedAt": time(pull.updated_at),
                "mergedAt": pull.merged_at.map(time),
                "diffStatsSummary": {
                    "additions": pull.additions, "deletions": pull.deletions,
                    "changes": pull.additions + pull.deletions, "fileCount": pull.files.len(),
                },
                "commits": commits.collect::<Vec<_>>(), "notes": notes.collect::<Vec<_>>(),
            })
        })
        .collect()
}

/// An object of an answer.
struct Node<'s> {
    ask: &'s Ask<'s>,
    kind: String,
    value: Value,
}

impl Node<'_> {
    /// Returns what a field leads to that has arguments or is of the query itself.
    fn follow(&self, field: &str, arguments: &Value) -> Option<Value> {
        let ask = self.ask;
        let path = arguments["fullPath"].as_str().unwrap_or_default();
        Some(match (self.kind.as_str(), field) {
            ("Query", "currentUser") => user(),
            ("Query", "metadata") => {
                json!({"version": VERSION, "revision": "de30de30", "enterprise": true})
            }
            ("Query", "queryComplexity") => json!({"score": 20, "limit": 250}),
            ("Query", "project") => named(ask, path),
            ("Query", "group") if under(ask, path).is_empty() => Value::Null,
            ("Query", "group") => json!({
                "id": format!("gid://gitlab/Group/{path}"), "fullPath": path, "name": path,
            }),
            ("Query", "projects") => page(&chosen(ask, arguments), arguments),
            ("Group", "projects") => {
                let path = self.value.get("fullPath").and_then(Value::as_str);
                let path = path.unwrap_or_default();
                let mut all = under(ask, path);
                let depth = path.matches('/').count() + 1;
                let below = arguments["includeSubgroups"].as_bool() == Some(true);
                let own = |one: &Value| one["fullPath"].as_str().map(|it| it.matches('/').count());
                all.retain(|one| below || own(one) == Some(depth));
                page(&all, arguments)
            }
            ("Project", "alertManagementAlerts") => page(&self.alerts(arguments), arguments),
            ("Project", "alertManagementAlert") => self
                .alerts(arguments)
                .into_iter()
                .next()
                .unwrap_or_default(),
            ("Project", "mergeRequests") => {
                let path = self.value.get("fullPath").and_then(Value::as_str);
                let own = path.and_then(|path| project(ask, path));
                let all = own.map_or_else(Vec::new, |own| changes(ask, &own, arguments));
                page(&all, arguments)
            }
            ("MergeRequest", "commits" | "notes") => {
                let all = self.value.get(field).and_then(Value::as_array);
                page(all.map_or(&[], Vec::as_slice), arguments)
            }
            _ => return None,
        })
    }

    /// Returns the alerts of a project that are asked for.
    fn alerts(&self, arguments: &Value) -> Vec<Value> {
        let all = self.value.get("alertManagementAlerts");
        let all = all.and_then(Value::as_array);
        let statuses = words(arguments, "statuses");
        let asked = |one: &&Value| {
            let status = one["status"].as_str().unwrap_or_default();
            let iid = arguments["iid"].as_str();
            statuses
                .as_ref()
                .is_none_or(|words| words.contains(&status))
                && iid.is_none_or(|iid| one["iid"].as_str() == Some(iid))
        };
        all.into_iter().flatten().filter(asked).cloned().collect()
    }

    fn object(&self, kind: &str, value: Value) -> Self {
        Self {
            ask: self.ask,
            kind: kind.to_owned(),
            value,
        }
    }
}

/// Returns the words of an argument that is a list, if it is there.
fn words<'a>(arguments: &'a Value, name: &str) -> Option<Vec<&'a str>> {
    let list = arguments.get(name)?.as_array()?.iter();
    Some(list.filter_map(Value::as_str).collect())
}

/// Returns the projects that the query asks for by their paths or identities, or all.
fn chosen(ask: &Ask<'_>, arguments: &Value) -> Vec<Value> {
    if let Some(paths) = words(arguments, "fullPaths") {
        let found = paths.iter().map(|path| named(ask, path));
        return found.filter(|one| !one.is_null()).collect();
    }
    let mut all = under(ask, "");
    if let Some(ids) = words(arguments, "ids") {
        all.retain(|one| one["id"].as_str().is_some_and(|id| ids.contains(&id)));
    }
    all
}

/// Returns the page of a list that the arguments ask for; cursors count from the beginning.
fn page(all: &[Value], arguments: &Value) -> Value {
    let number = |name: &str| {
        let number = arguments.get(name)?.as_u64()?;
        usize::try_from(number).ok()
    };
    let from = arguments["after"]
        .as_str()
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    let size = number("first").unwrap_or(PAGE).min(PAGE);
    let nodes: Vec<&Value> = all.iter().skip(from).take(size).collect();
    let to = from + nodes.len();
    json!({
        "count": all.len(), "nodes": nodes,
        "pageInfo": {
            "hasNextPage": to < all.len(), "hasPreviousPage": from > 0,
            "startCursor": from.to_string(), "endCursor": to.to_string(),
        },
    })
}

fn leaf(value: &Value) -> JsonValue {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

impl ObjectValue for Node<'_> {
    fn type_name(&self) -> &str {
        &self.kind
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let field = info.field_name();
        let arguments = serde_json::to_value(info.arguments()).unwrap_or_default();
        let found = self.follow(field, &arguments);
        let value = found.unwrap_or_else(|| self.value.get(field).cloned().unwrap_or_default());
        let ty = info.field_definition().ty.inner_named_type();
        let Some(kind) = info.schema().get_object(ty) else {
            return Ok(ResolvedValue::Leaf(leaf(&value)));
        };
        let kind = kind.name.as_str();
        Ok(match value {
            Value::Null => ResolvedValue::null(),
            Value::Array(list) => {
                let nodes: Vec<Self> = list.into_iter().map(|one| self.object(kind, one)).collect();
                ResolvedValue::list(nodes.into_iter().map(ResolvedValue::object))
            }
            one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                ResolvedValue::object(self.object(kind, one))
            }
        })
    }
}
