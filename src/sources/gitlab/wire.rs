//! GitLab's answers about work, as they come: projects, issues, merge requests, commits.
//!
//! Words of enums stay text, and what older servers leave out may be missing. CI and
//! delivery are in `wire_ci`.

use serde::Deserialize;

use crate::domain::Timestamp;
use crate::sources::http::List;

/// A person.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct User {
    pub(super) username: Option<String>,
    #[serde(default)]
    pub(super) bot: bool,
}

/// A project, as lists and its own route tell it.
#[derive(Deserialize, Debug)]
pub(super) struct Project {
    pub(super) id: u64,
    pub(super) path_with_namespace: String,
    pub(super) web_url: Option<String>,
    pub(super) default_branch: Option<String>,
    #[serde(default)]
    pub(super) archived: bool,
    pub(super) last_activity_at: Option<Timestamp>,
    pub(super) issues_access_level: Option<String>,
    pub(super) issues_enabled: Option<bool>,
    pub(super) merge_requests_access_level: Option<String>,
    pub(super) merge_requests_enabled: Option<bool>,
    pub(super) builds_access_level: Option<String>,
    pub(super) jobs_enabled: Option<bool>,
    pub(super) marked_for_deletion_at: Option<String>,
    pub(super) empty_repo: Option<bool>,
}

/// Names of one record that people read.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct References {
    pub(super) full: Option<String>,
}

/// A milestone or an iteration.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Titled {
    pub(super) title: Option<String>,
}

/// A label: its name, or an object where details were asked for.
#[derive(Deserialize, Clone, Debug)]
#[serde(untagged)]
pub(super) enum Label {
    Name(String),
    Whole { name: String },
}

impl Label {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Whole { name } => name,
        }
    }
}

/// An issue.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Issue {
    pub(super) iid: u64,
    pub(super) project_id: u64,
    pub(super) title: String,
    pub(super) state: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) author: Option<User>,
    #[serde(default)]
    pub(super) assignees: List<User>,
    pub(super) assignee: Option<User>,
    #[serde(default)]
    pub(super) labels: List<Label>,
    pub(super) milestone: Option<Titled>,
    #[serde(rename = "issue_type")]
    pub(super) kind: Option<String>,
    pub(super) references: Option<References>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) moved_to_id: Option<u64>,
}

/// A merge request, as lists and its own route tell it.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct MergeRequest {
    pub(super) iid: u64,
    pub(super) project_id: u64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) state: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) author: Option<User>,
    #[serde(default)]
    pub(super) assignees: List<User>,
    #[serde(default)]
    pub(super) reviewers: List<User>,
    #[serde(default)]
    pub(super) labels: List<Label>,
    pub(super) source_branch: Option<String>,
    pub(super) target_branch: Option<String>,
    pub(super) draft: Option<bool>,
    pub(super) work_in_progress: Option<bool>,
    pub(super) merge_status: Option<String>,
    pub(super) detailed_merge_status: Option<String>,
    pub(super) has_conflicts: Option<bool>,
    pub(super) sha: Option<String>,
    pub(super) merge_commit_sha: Option<String>,
    pub(super) squash_commit_sha: Option<String>,
    pub(super) references: Option<References>,
    pub(super) head_pipeline: Option<super::wire_ci::Pipeline>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
}

/// Who approved, and how many must. Without a licence only who did is told.
#[derive(Deserialize, Clone, Debug, Default)]
pub(super) struct Approvals {
    pub(super) approved: Option<bool>,
    #[serde(rename = "approvals_required")]
    pub(super) required: Option<u64>,
    #[serde(rename = "approvals_left")]
    pub(super) left: Option<u64>,
    #[serde(default)]
    pub(super) approved_by: List<Approver>,
}

/// One who approved; who that is, nobody asks.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Approver {}

/// An issue or a merge request, by its number.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Numbered {
    pub(super) iid: u64,
    pub(super) project_id: Option<u64>,
    pub(super) references: Option<References>,
    pub(super) state: Option<String>,
}

/// A commit.
#[derive(Deserialize, Debug)]
pub(super) struct Commit {
    pub(super) id: String,
    #[serde(default)]
    pub(super) parent_ids: List<String>,
    pub(super) title: Option<String>,
    pub(super) message: Option<String>,
    pub(super) author_name: Option<String>,
    pub(super) committed_date: Option<Timestamp>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) web_url: Option<String>,
}

/// What lies between two commits.
#[derive(Deserialize, Debug)]
pub(super) struct Comparison {
    pub(super) commits: List<Commit>,
    #[serde(default)]
    pub(super) compare_timeout: bool,
}

/// A file of a merge request.
#[derive(Deserialize, Debug)]
pub(super) struct Diff {
    pub(super) old_path: Option<String>,
    pub(super) new_path: Option<String>,
}

/// The files of a merge request, as servers before 15.7 tell them.
#[derive(Deserialize, Debug)]
pub(super) struct Changes {
    pub(super) changes: List<Diff>,
    #[serde(default)]
    pub(super) overflow: bool,
}

/// Version and edition of the server.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Version {
    pub(super) version: Option<String>,
    pub(super) enterprise: Option<bool>,
}

/// What the token may.
#[derive(Deserialize, Debug)]
pub(super) struct OwnToken {
    #[serde(default)]
    pub(super) scopes: List<String>,
    pub(super) expires_at: Option<String>,
    pub(super) active: Option<bool>,
}
