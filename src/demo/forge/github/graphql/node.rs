//! One object of an answer, whatever it stands for, and how its fields become values.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonValue;
use serde_json::Value;

use crate::demo::forge::github::graphql::connection::Page;
use crate::demo::forge::github::graphql::{Scene, fields, links};
use crate::demo::scenario::model::RepoState;

/// A repository at the moment of the query.
pub(super) type Repo = Arc<RepoState>;

/// What an object stands for. Indices are those of the repository's lists.
#[derive(Clone)]
pub(super) enum Thing {
    Root,
    Org,
    Person(usize),
    Repo(Repo),
    Issue(Repo, usize),
    Pull(Repo, usize),
    Commit(Repo, String),
    /// A commit as one of a pull request.
    PullCommit(Repo, String),
    Branch(Repo, String, String),
    Rollup(Repo, String),
    Suite(Repo, usize),
    Run(Repo, usize),
    Check(Repo, usize, usize),
    Release(Repo, usize),
    Deployment(Repo, usize),
    Comparison(Repo, String, String),
    /// A plain object: fields by name, its type in `__typename` where that is not told by the schema.
    Json(Value),
    Page(Box<Page>),
    Edge(Box<Self>, String),
}

/// What a field leads to.
pub(super) enum Out {
    /// A scalar.
    Leaf(Value),
    /// Something, or nothing.
    One(Option<Thing>),
    /// A list, or a connection where the schema says so.
    Many(Vec<Thing>),
    /// An error: its type and its message, with a bar between.
    Refused(String),
    /// Nothing to follow: a plain field.
    Plain,
}

/// An object of an answer.
pub(super) struct Node {
    pub(super) scene: Rc<Scene>,
    kind: String,
    pub(super) thing: Thing,
    json: OnceCell<Value>,
}

impl Node {
    pub(super) fn new(scene: Rc<Scene>, kind: &str, thing: Thing) -> Self {
        Self {
            scene,
            kind: kind.to_owned(),
            thing,
            json: OnceCell::new(),
        }
    }

    /// Returns an object of a declared type: the type's own name, or the thing's where that is abstract.
    fn of(&self, thing: Thing, declared: &str, concrete: bool) -> Self {
        let kind = if concrete {
            declared.to_owned()
        } else {
            kind_of(&thing).to_owned()
        };
        Self {
            scene: Rc::clone(&self.scene),
            kind,
            thing,
            json: OnceCell::new(),
        }
    }

    fn value<'a>(&self, out: Out, info: &ResolveInfo<'a>) -> ResolvedValue<'a> {
        let ty = &info.field_definition().ty;
        let declared = ty.inner_named_type().as_str();
        let concrete = info.schema().get_object(declared).is_some();
        match out {
            Out::Leaf(value) => ResolvedValue::Leaf(bytes(&value)),
            Out::One(None) | Out::Refused(_) | Out::Plain => ResolvedValue::null(),
            Out::One(Some(thing)) => ResolvedValue::object(self.of(thing, declared, concrete)),
            Out::Many(things) if ty.is_list() => {
                let nodes: Vec<Self> = things
                    .into_iter()
                    .map(|thing| self.of(thing, declared, concrete))
                    .collect();
                ResolvedValue::list(nodes.into_iter().map(ResolvedValue::object))
            }
            Out::Many(things) => {
                let page = Page::cut(info.field_name(), things, &arguments(info));
                ResolvedValue::object(self.of(Thing::Page(Box::new(page)), declared, concrete))
            }
        }
    }
}

/// Returns the arguments of a field.
pub(super) fn arguments(info: &ResolveInfo<'_>) -> Value {
    serde_json::to_value(info.arguments()).unwrap_or_default()
}

fn bytes(value: &Value) -> JsonValue {
    match value {
        Value::Null => JsonValue::Null,
        Value::Bool(value) => JsonValue::Bool(*value),
        Value::Number(value) => JsonValue::Number(value.clone()),
        Value::String(value) => JsonValue::String(value.as_str().into()),
        Value::Array(list) => JsonValue::Array(list.iter().map(bytes).collect()),
        Value::Object(map) => JsonValue::Object(
            map.iter()
                .map(|(k, v)| (k.as_str().into(), bytes(v)))
                .collect(),
        ),
    }
}

/// Returns the type of a thing where the schema leaves it open.
fn kind_of(thing: &Thing) -> &str {
    match thing {
        Thing::Root => "Query",
        Thing::Org => "Organization",
        Thing::Person(index) if crate::demo::scenario::people::of(*index).bot => "Bot",
        Thing::Person(_) => "User",
        Thing::Repo(_) => "Repository",
        Thing::Issue(..) => "Issue",
        Thing::Pull(..) => "PullRequest",
        Thing::Commit(..) => "Commit",
        Thing::PullCommit(..) => "PullRequestCommit",
        Thing::Branch(..) => "Ref",
        Thing::Rollup(..) => "StatusCheckRollup",
        Thing::Suite(..) => "CheckSuite",
        Thing::Run(..) => "WorkflowRun",
        Thing::Check(..) => "CheckRun",
        Thing::Release(..) => "Release",
        Thing::Deployment(..) => "Deployment",
        Thing::Comparison(..) => "Comparison",
        Thing::Json(value) => value["__typename"].as_str().unwrap_or_default(),
        Thing::Page(_) | Thing::Edge(..) => "",
    }
}

impl ObjectValue for Node {
    fn type_name(&self) -> &str {
        &self.kind
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        match links::follow(self, info) {
            Out::Refused(message) => return Err(FieldError { message }),
            Out::Plain => {}
            out @ (Out::Leaf(_) | Out::One(_) | Out::Many(_)) => return Ok(self.value(out, info)),
        }
        let json = self
            .json
            .get_or_init(|| fields::of(&self.scene, &self.thing));
        let Some(value) = json.get(info.field_name()) else {
            return Ok(ResolvedValue::null());
        };
        let declared = info.field_definition().ty.inner_named_type();
        let leaf = info.schema().get_scalar(declared).is_some()
            || info.schema().get_enum(declared).is_some();
        let out = match value {
            value if leaf => Out::Leaf(value.clone()),
            Value::Null => Out::One(None),
            Value::Array(list) => Out::Many(list.iter().cloned().map(Thing::Json).collect()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Out::One(Some(Thing::Json(value.clone())))
            }
        };
        Ok(self.value(out, info))
    }
}
