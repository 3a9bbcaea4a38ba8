//! GitHub's REST answers as they come; the companion of `wire`.
//!
//! Field names follow GitHub's published `OpenAPI` description. Words of enums
//! stay text.

use serde::Deserialize;
use serde_json::Value;

use super::wire::{Actor, DeploymentStatus, Named, Titled};
use crate::domain::Timestamp;
use crate::sources::http::List;

/// A repository in a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListedRepo {
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) archived: bool,
    #[serde(default)]
    pub(super) disabled: bool,
    pub(super) pushed_at: Option<Timestamp>,
}

/// A repository by itself.
#[derive(Debug, Deserialize)]
pub(super) struct RestRepo {
    pub(super) id: Option<u64>,
    pub(super) full_name: String,
    pub(super) html_url: Option<String>,
    #[serde(default)]
    pub(super) archived: bool,
    pub(super) pushed_at: Option<Timestamp>,
    pub(super) default_branch: Option<String>,
}

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(super) struct RunPage {
    pub(super) workflow_runs: List<Run>,
}

/// A run.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are GitHub's")]
pub(super) struct Run {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) run_number: u64,
    pub(super) run_attempt: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) event: Option<String>,
    pub(super) head_branch: Option<String>,
    pub(super) head_sha: Option<String>,
    pub(super) display_title: Option<String>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) run_started_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    pub(super) actor: Option<Actor>,
    pub(super) pull_requests: Option<List<NumberedIn>>,
}

/// A pull request that a run names.
#[derive(Debug, Deserialize)]
pub(super) struct NumberedIn {
    pub(super) number: u64,
    pub(super) base: Option<RunBase>,
}

/// Where the pull request of a run goes.
#[derive(Debug, Deserialize)]
pub(super) struct RunBase {
    pub(super) repo: Option<Named>,
}

/// A page of jobs.
#[derive(Debug, Deserialize)]
pub(super) struct JobPage {
    pub(super) jobs: List<Job>,
}

/// A job.
#[derive(Debug, Deserialize)]
pub(super) struct Job {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    pub(super) run_attempt: Option<u32>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) html_url: Option<String>,
    pub(super) steps: Option<List<Step>>,
}

/// A step.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    #[serde(default)]
    pub(super) number: u32,
    #[serde(default)]
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
}

/// A gate that a run waits at.
#[derive(Debug, Deserialize)]
pub(super) struct PendingDeployment {
    pub(super) environment: GateEnvironment,
    #[serde(default)]
    pub(super) wait_timer: Option<u64>,
    pub(super) wait_timer_started_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) current_user_can_approve: bool,
    #[serde(default)]
    pub(super) reviewers: List<GateReviewer>,
}

/// The environment behind a gate.
#[derive(Debug, Deserialize)]
pub(super) struct GateEnvironment {
    pub(super) id: Option<u64>,
    #[serde(default)]
    pub(super) name: String,
}

/// Who may open a gate.
#[derive(Debug, Deserialize)]
pub(super) struct GateReviewer {
    pub(super) reviewer: Option<Actor>,
}

/// What lies between two commits.
#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) total_commits: usize,
    #[serde(default)]
    pub(super) commits: List<ComparedCommit>,
}

/// A commit by its id alone.
#[derive(Debug, Deserialize)]
pub(super) struct ShaOnly {
    pub(super) sha: String,
}

/// A commit of a comparison.
#[derive(Debug, Deserialize)]
pub(super) struct ComparedCommit {
    pub(super) sha: String,
    #[serde(default)]
    pub(super) commit: Option<ComparedMessage>,
    #[serde(default)]
    pub(super) author: Option<Actor>,
}

/// What a commit says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct ComparedMessage {
    #[serde(default)]
    pub(super) message: Option<String>,
}

/// A file of a pull request.
#[derive(Debug, Deserialize)]
pub(super) struct ChangedFile {
    pub(super) filename: String,
    pub(super) previous_filename: Option<String>,
}

/// An issue of a list; pull requests are among them.
#[derive(Debug, Deserialize)]
pub(super) struct RestIssue {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) title: String,
    pub(super) html_url: Option<String>,
    pub(super) state: Option<String>,
    pub(super) state_reason: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) user: Option<Actor>,
    #[serde(default)]
    pub(super) assignees: List<Actor>,
    #[serde(default)]
    pub(super) labels: List<Label>,
    pub(super) milestone: Option<Titled>,
    pub(super) pull_request: Option<Value>,
}

/// A label: an object, or its name alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Label {
    /// As an object.
    Object(Named),
    /// As text.
    Text(String),
}

impl Label {
    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Object(named) => &named.name,
            Self::Text(name) => name,
        }
    }
}

/// A pull request of a list.
#[derive(Debug, Deserialize)]
pub(super) struct RestPull {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) draft: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) merge_commit_sha: Option<String>,
    pub(super) head: Option<End>,
    pub(super) base: Option<End>,
    pub(super) user: Option<Actor>,
    #[serde(default)]
    pub(super) assignees: List<Actor>,
    #[serde(default)]
    pub(super) requested_reviewers: List<Actor>,
    #[serde(default)]
    pub(super) requested_teams: List<Team>,
    #[serde(default)]
    pub(super) labels: List<Label>,
}

/// A pull request by itself: what lists leave out.
#[derive(Debug, Deserialize)]
pub(super) struct SinglePull {
    /// Null while it is not computed yet.
    pub(super) mergeable: Option<bool>,
    pub(super) mergeable_state: Option<String>,
}

/// A review.
#[derive(Debug, Deserialize)]
pub(super) struct RestReview {
    pub(super) user: Option<Actor>,
    pub(super) state: Option<String>,
}

/// A page of check runs.
#[derive(Debug, Deserialize)]
pub(super) struct CheckRunPage {
    #[serde(default)]
    pub(super) total_count: usize,
    #[serde(default)]
    pub(super) check_runs: List<CheckRun>,
}

/// A check run.
#[derive(Debug, Deserialize)]
pub(super) struct CheckRun {
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
}

/// What systems other than checks say of a commit.
#[derive(Debug, Deserialize)]
pub(super) struct CombinedStatus {
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) total_count: u64,
}

/// A team.
#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) slug: String,
}

/// One end of a pull request.
#[derive(Debug, Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref", default)]
    pub(super) git_ref: String,
    pub(super) sha: Option<String>,
}

/// A deployment; its statuses are a list of their own.
#[derive(Debug, Deserialize)]
pub(super) struct RestDeployment {
    pub(super) id: u64,
    pub(super) sha: Option<String>,
    #[serde(rename = "ref")]
    pub(super) git_ref: Option<String>,
    pub(super) task: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) description: Option<String>,
    pub(super) payload: Option<Value>,
    pub(super) creator: Option<Actor>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Option<Timestamp>,
}

/// The statuses of a deployment, newest first.
pub(super) type Statuses = List<DeploymentStatus>;

/// A page of environments.
#[derive(Debug, Deserialize)]
pub(super) struct EnvironmentPage {
    #[serde(default)]
    pub(super) environments: List<super::wire::Environment>,
}

/// A commit of a list.
#[derive(Debug, Deserialize)]
pub(super) struct RestCommit {
    pub(super) sha: String,
    pub(super) html_url: Option<String>,
    pub(super) commit: CommitBody,
    pub(super) author: Option<Actor>,
    #[serde(default)]
    pub(super) parents: List<ShaOnly>,
}

/// What a commit itself holds.
#[derive(Debug, Deserialize)]
pub(super) struct CommitBody {
    #[serde(default)]
    pub(super) message: String,
    pub(super) committer: Option<Signature>,
}

/// Who and when.
#[derive(Debug, Deserialize)]
pub(super) struct Signature {
    pub(super) date: Option<Timestamp>,
}

/// A branch of a list.
#[derive(Debug, Deserialize)]
pub(super) struct RestBranch {
    pub(super) name: String,
    pub(super) commit: Option<ShaOnly>,
}

/// A security alert, of any of the three kinds.
#[derive(Debug, Deserialize)]
pub(super) struct SecurityAlert {
    pub(super) number: u64,
    pub(super) html_url: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) repository: Option<FullName>,
    pub(super) security_advisory: Option<Advisory>,
    pub(super) security_vulnerability: Option<super::wire::Vulnerability>,
    pub(super) rule: Option<CodeRule>,
    pub(super) secret_type_display_name: Option<String>,
}

/// A repository by its full name.
#[derive(Debug, Deserialize)]
pub(super) struct FullName {
    pub(super) full_name: String,
}

/// An advisory.
#[derive(Debug, Deserialize)]
pub(super) struct Advisory {
    pub(super) summary: Option<String>,
    pub(super) severity: Option<String>,
}

/// The rule of a code scan.
#[derive(Debug, Deserialize)]
pub(super) struct CodeRule {
    pub(super) id: Option<String>,
    pub(super) description: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) security_severity_level: Option<String>,
}
