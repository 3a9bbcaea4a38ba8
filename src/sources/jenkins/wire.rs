//! Jenkins' answers as they come: items, builds, stages, inputs, test reports.
//!
//! Names follow what Jenkins and its plugins export. Words of enums stay text; what a
//! plugin does not tell is absent, and actions that are not understood cost nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::sources::http::List;

/// `/api/json` of the root or of a folder.
#[derive(Debug, Deserialize)]
pub(super) struct Folder {
    /// What is in it; absent where it is no folder.
    pub(super) jobs: Option<List<Item>>,
}

/// The names in a folder.
#[derive(Debug, Deserialize)]
pub(super) struct Names {
    pub(super) jobs: List<Name>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub(super) struct Name {
    pub(super) name: String,
}

/// A folder, a project of branches, or a job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    #[serde(rename = "_class")]
    pub(super) class: Option<String>,
    pub(super) name: String,
    pub(super) in_queue: Option<bool>,
    #[serde(default)]
    pub(super) actions: List<ItemAction>,
    /// Its newest builds; absent where it is a folder.
    pub(super) builds: Option<List<Build>>,
    /// What is in it; absent where it is a job, or deeper than was asked.
    pub(super) jobs: Option<List<Self>>,
}

/// What a branch source says of an item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemAction {
    pub(super) object_url: Option<String>,
    pub(super) object_display_name: Option<String>,
}

/// One build of a job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Build {
    pub(super) number: u64,
    pub(super) building: Option<bool>,
    pub(super) result: Option<String>,
    /// When it began, in milliseconds.
    pub(super) timestamp: i64,
    /// How long it took, in milliseconds; 0 while it builds.
    pub(super) duration: Option<i64>,
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) actions: List<BuildAction>,
}

/// What plugins say of a build.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BuildAction {
    pub(super) last_built_revision: Option<Revision>,
    #[serde(default)]
    pub(super) remote_urls: List<String>,
    #[serde(default)]
    pub(super) parameters: List<Parameter>,
    #[serde(default)]
    pub(super) causes: List<Cause>,
    /// Which revision each branch had, asked for where a branch was merged before it was built.
    #[serde(default)]
    pub(super) builds_by_branch_name: Option<BTreeMap<String, Value>>,
}

/// What was checked out.
#[derive(Debug, Deserialize)]
pub(super) struct Revision {
    #[serde(rename = "SHA1")]
    pub(super) sha: Option<String>,
    #[serde(default)]
    pub(super) branch: List<Branch>,
}

/// A branch of a revision.
#[derive(Debug, Deserialize)]
pub(super) struct Branch {
    pub(super) name: Option<String>,
}

/// What one branch was built from: `marked` is its own commit, before anything was merged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BuiltBranch {
    pub(super) build_number: Option<u64>,
    pub(super) marked: Option<Revision>,
}

/// A parameter of a build; secret ones have no value.
#[derive(Debug, Deserialize)]
pub(super) struct Parameter {
    #[serde(rename = "_class")]
    pub(super) class: Option<String>,
    pub(super) name: String,
    pub(super) value: Option<Value>,
}

/// Why a build was started.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cause {
    #[serde(rename = "_class")]
    pub(super) class: Option<String>,
    pub(super) short_description: Option<String>,
    pub(super) user_id: Option<String>,
}

/// A job, as far as its past is told.
#[derive(Deserialize, Debug)]
pub(super) struct Past {
    #[serde(default, rename = "allBuilds")]
    pub(super) all_builds: List<Build>,
}

/// `/api/json` of one job: some of its builds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub(super) builds: Option<List<Build>>,
    pub(super) last_build: Option<Numbered>,
}

/// A build of which only the number is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Numbered {
    pub(super) number: u64,
}

/// `wfapi/describe` of a build.
#[derive(Debug, Deserialize)]
pub(super) struct Described {
    pub(super) status: Option<String>,
    pub(super) stages: List<Stage>,
}

/// A stage of a pipeline.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) start_time_millis: Option<i64>,
    pub(super) duration_millis: Option<i64>,
    #[serde(default, rename = "stageFlowNodes")]
    pub(super) nodes: List<Node>,
}

/// A step of a stage.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) start_time_millis: Option<i64>,
    pub(super) duration_millis: Option<i64>,
    #[serde(rename = "_links")]
    pub(super) links: Option<NodeLinks>,
}

/// What is linked from a step.
#[derive(Debug, Deserialize)]
pub(super) struct NodeLinks {
    pub(super) log: Option<Value>,
}

/// A question that a pipeline waits at.
#[derive(Debug, Deserialize)]
pub(super) struct Input {
    pub(super) id: String,
    pub(super) message: Option<String>,
    /// The values that it asks for.
    #[serde(default)]
    pub(super) inputs: List<Asked>,
}

/// A value that a question asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub(super) name: Option<String>,
}

/// `testReport/api/json` of a build.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestReport {
    pub(super) fail_count: Option<u64>,
    pub(super) pass_count: Option<u64>,
    #[serde(default)]
    pub(super) suites: List<Suite>,
    /// Reports of the parts of a build of several.
    #[serde(default)]
    pub(super) child_reports: List<ChildReport>,
}

/// The report of a part of a build.
#[derive(Debug, Deserialize)]
pub(super) struct ChildReport {
    pub(super) result: Option<TestReport>,
}

/// A suite of tests.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Suite {
    pub(super) name: Option<String>,
    /// The steps of the pipeline around it, innermost first.
    #[serde(default)]
    pub(super) enclosing_blocks: List<String>,
    #[serde(default)]
    pub(super) cases: List<Case>,
}

/// One test.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Case {
    pub(super) class_name: Option<String>,
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) duration: Option<f64>,
    pub(super) error_details: Option<String>,
    pub(super) error_stack_trace: Option<String>,
}

/// `/queue/api/json`.
#[derive(Debug, Deserialize)]
pub(super) struct Queue {
    pub(super) items: List<Queued>,
}

/// Something that waits for an executor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queued {
    pub(super) id: u64,
    /// Since when, in milliseconds.
    pub(super) in_queue_since: i64,
    pub(super) why: Option<String>,
    pub(super) task: Option<Task>,
    #[serde(default)]
    pub(super) actions: List<BuildAction>,
}

/// `/queue/item/…/api/json`.
#[derive(Debug, Deserialize)]
pub(super) struct QueueItem {
    pub(super) cancelled: Option<bool>,
    pub(super) executable: Option<Numbered>,
}

/// What waits.
#[derive(Debug, Deserialize)]
pub(super) struct Task {
    pub(super) url: Option<String>,
}

/// `/whoAmI/api/json`.
#[derive(Debug, Deserialize)]
pub(super) struct WhoAmI {
    pub(super) name: Option<String>,
    pub(super) anonymous: Option<bool>,
}

/// `/crumbIssuer/api/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Crumb {
    pub(super) crumb: String,
    pub(super) crumb_request_field: String,
}
