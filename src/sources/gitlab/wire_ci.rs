//! GitLab's answers about CI and delivery, as they come.
//!
//! Words of enums stay text, and what older servers leave out may be missing.

use serde::Deserialize;

use super::wire::{Commit, User};
use crate::domain::Timestamp;
use crate::sources::http::List;

/// A pipeline: of a list, of its own route, or inside of another answer.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Pipeline {
    pub(super) id: u64,
    /// Told since 14.6.
    pub(super) iid: Option<u64>,
    pub(super) project_id: Option<u64>,
    pub(super) sha: Option<String>,
    #[serde(rename = "ref")]
    pub(super) git_ref: Option<String>,
    pub(super) status: Option<String>,
    pub(super) source: Option<String>,
    /// Told since 15.11.
    pub(super) name: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) user: Option<User>,
    pub(super) yaml_errors: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
}

/// A job, or a bridge: a job that starts another pipeline.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    pub(super) stage: Option<String>,
    pub(super) status: Option<String>,
    pub(super) failure_reason: Option<String>,
    #[serde(default)]
    pub(super) allow_failure: bool,
    pub(super) created_at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) web_url: Option<String>,
    pub(super) pipeline: Option<Within>,
    pub(super) downstream_pipeline: Option<Pipeline>,
}

/// The pipeline of a job.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Within {
    pub(super) id: u64,
}

/// A release.
#[derive(Deserialize, Debug)]
pub(super) struct Release {
    pub(super) tag_name: String,
    pub(super) name: Option<String>,
    #[serde(default, rename = "upcoming_release")]
    pub(super) upcoming: bool,
    pub(super) author: Option<User>,
    pub(super) commit: Option<Commit>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) released_at: Option<Timestamp>,
    #[serde(rename = "_links")]
    pub(super) links: Option<Links>,
}

/// Where a release is.
#[derive(Deserialize, Debug)]
pub(super) struct Links {
    #[serde(rename = "self")]
    pub(super) own: Option<String>,
}

/// An environment.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Environment {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) external_url: Option<String>,
    pub(super) state: Option<String>,
    /// Told since 13.10.
    pub(super) tier: Option<String>,
}

/// A protected environment, and who must approve.
#[derive(Deserialize, Debug)]
pub(super) struct Protected {
    pub(super) name: String,
    #[serde(default)]
    pub(super) required_approval_count: u64,
    #[serde(default)]
    pub(super) approval_rules: List<Rule>,
}

/// One rule of approval.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Rule {
    pub(super) access_level_description: Option<String>,
    #[serde(default)]
    pub(super) required_approvals: u64,
    #[serde(default)]
    pub(super) deployment_approvals: List<Approval>,
}

/// What one person said to a deployment.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Approval {
    pub(super) status: Option<String>,
}

/// A deployment.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Deployment {
    pub(super) id: u64,
    pub(super) sha: Option<String>,
    #[serde(rename = "ref")]
    pub(super) git_ref: Option<String>,
    pub(super) status: Option<String>,
    pub(super) user: Option<User>,
    pub(super) environment: Option<Environment>,
    pub(super) deployable: Option<Deployable>,
    pub(super) approval_summary: Option<Summary>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
}

/// Rules of approval, and who said what.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Summary {
    #[serde(default)]
    pub(super) rules: List<Rule>,
}

/// The job that deploys.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Deployable {
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) allow_failure: Option<bool>,
    pub(super) web_url: Option<String>,
    pub(super) pipeline: Option<Within>,
    pub(super) finished_at: Option<Timestamp>,
}

/// All test cases of a pipeline.
#[derive(Deserialize, Debug)]
pub(super) struct TestReport {
    #[serde(default)]
    pub(super) test_suites: List<Suite>,
}

/// The test cases of one job, or of several of one name.
#[derive(Deserialize, Debug)]
pub(super) struct Suite {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) total_count: u64,
    #[serde(default)]
    pub(super) skipped_count: u64,
    #[serde(default)]
    pub(super) test_cases: List<Case>,
}

/// One test case.
#[derive(Deserialize, Debug)]
pub(super) struct Case {
    #[serde(default)]
    pub(super) name: String,
    pub(super) status: Option<String>,
    pub(super) classname: Option<String>,
    pub(super) file: Option<String>,
    pub(super) execution_time: Option<f64>,
    pub(super) system_output: Option<serde_json::Value>,
    pub(super) stack_trace: Option<String>,
}
