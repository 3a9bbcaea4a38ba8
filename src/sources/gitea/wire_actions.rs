//! What Gitea and Forgejo answer about Actions: one shape each, read into one type.
//!
//! Gitea speaks as GitHub does (status and conclusion), Forgejo in words of its
//! own; both tell tasks alike.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{Numbered, User};
use crate::domain::Timestamp;
use crate::sources::http::List;

/// `/actions/runs`
#[derive(Deserialize, Debug)]
pub(super) struct RunPage {
    pub(super) workflow_runs: List<Run>,
    pub(super) total_count: Option<usize>,
}

/// A run, of either.
#[derive(Deserialize, Debug)]
pub(super) struct Run {
    pub(super) id: u64,
    #[serde(rename = "run_number", alias = "index_in_repo")]
    pub(super) number: Option<u64>,
    #[serde(rename = "run_attempt")]
    pub(super) attempt: Option<u32>,
    #[serde(alias = "title")]
    pub(super) display_title: Option<String>,
    /// Gitea: `ci.yml@refs/heads/main`.
    pub(super) path: Option<String>,
    /// Forgejo: `ci.yml`.
    pub(super) workflow_id: Option<String>,
    pub(super) event: Option<String>,
    /// Forgejo: what `on:` names, where a schedule is told as the push that set it.
    pub(super) trigger_event: Option<String>,
    /// Gitea.
    pub(super) head_sha: Option<String>,
    /// Forgejo.
    pub(super) commit_sha: Option<String>,
    /// Gitea.
    pub(super) head_branch: Option<String>,
    /// Forgejo: a branch, a tag, or `#12` for a pull request.
    pub(super) prettyref: Option<String>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    #[serde(default)]
    pub(super) need_approval: bool,
    #[serde(alias = "trigger_user")]
    pub(super) actor: Option<User>,
    pub(super) html_url: Option<String>,
    #[serde(default)]
    pub(super) pull_requests: List<Numbered>,
    #[serde(alias = "created")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(alias = "started")]
    pub(super) started_at: Option<Timestamp>,
    #[serde(alias = "stopped")]
    pub(super) completed_at: Option<Timestamp>,
    #[serde(alias = "updated")]
    pub(super) updated_at: Option<Timestamp>,
}

/// `/actions/tasks`: attempts at jobs, newest first; all that older servers tell.
#[derive(Deserialize, Debug)]
pub(super) struct TaskPage {
    pub(super) workflow_runs: List<Task>,
}

/// One attempt at a job.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Task {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) head_branch: Option<String>,
    pub(super) head_sha: Option<String>,
    #[serde(rename = "run_number")]
    pub(super) number: u64,
    pub(super) event: Option<String>,
    pub(super) display_title: Option<String>,
    pub(super) status: Option<String>,
    pub(super) workflow_id: Option<String>,
    pub(super) url: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) run_started_at: Option<Timestamp>,
}

/// `/actions/runs/{id}/jobs` of Gitea; Forgejo answers a bare list.
#[derive(Deserialize, Debug)]
pub(super) struct JobPage {
    #[serde(alias = "workflow_jobs")]
    pub(super) jobs: List<Job>,
    pub(super) total_count: Option<usize>,
}

/// A job, of either.
#[derive(Deserialize, Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(alias = "run_attempt")]
    pub(super) attempt: Option<u32>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    /// Forgejo: the task that ran it last; 0 before that.
    pub(super) task_id: Option<u64>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) html_url: Option<String>,
    #[serde(default)]
    pub(super) steps: List<Step>,
}

/// A step of a job.
#[derive(Deserialize, Debug)]
pub(super) struct Step {
    pub(super) number: u32,
    #[serde(default)]
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
}

/// The description that a server gives of its own interface: which routes there are.
#[derive(Deserialize, Debug)]
pub(super) struct Description {
    /// By path, what its methods say; only their names are read.
    pub(super) paths:
        std::collections::BTreeMap<String, std::collections::BTreeMap<String, Box<RawValue>>>,
}
