//! What Gitea and Forgejo answer, as far as the board needs it.
//!
//! Words of enums stay text here, so that a new one costs nothing. What may be
//! absent, or `null`, in any version of either is optional.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::Timestamp;
use crate::sources::http::List;

/// `/version`
#[derive(Deserialize, Debug)]
pub(super) struct Version {
    pub(super) version: String,
}

/// `/settings/api`
#[derive(Deserialize, Debug)]
pub(super) struct ApiSettings {
    pub(super) max_response_items: Option<usize>,
}

/// A person, an organisation or a machine.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct User {
    pub(super) id: Option<i64>,
    pub(super) login: Option<String>,
    pub(super) username: Option<String>,
}

/// A team, as far as reviews are asked of it.
#[derive(Deserialize, Debug)]
pub(super) struct Team {
    pub(super) name: String,
}

/// A repository.
#[derive(Deserialize, Clone, Debug)]
pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) full_name: String,
    pub(super) owner: Option<User>,
    pub(super) html_url: Option<String>,
    pub(super) default_branch: Option<String>,
    #[serde(default)]
    pub(super) archived: bool,
    #[serde(default)]
    pub(super) empty: bool,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) has_issues: Option<bool>,
    pub(super) has_pull_requests: Option<bool>,
    pub(super) has_actions: Option<bool>,
    pub(super) has_releases: Option<bool>,
    pub(super) open_issues_count: Option<u64>,
    pub(super) open_pr_counter: Option<u64>,
}

/// `/repos/search`
#[derive(Deserialize, Debug)]
pub(super) struct RepoSearch {
    pub(super) data: List<Repo>,
}

/// The repository that a record belongs to.
#[derive(Deserialize, Debug)]
pub(super) struct RepoName {
    pub(super) full_name: String,
}

/// A label.
#[derive(Deserialize, Debug)]
pub(super) struct Label {
    pub(super) name: String,
}

/// A milestone.
#[derive(Deserialize, Debug)]
pub(super) struct Milestone {
    pub(super) title: String,
}

/// An issue; a pull request is one as well, with `pull_request` set.
#[derive(Deserialize, Debug)]
pub(super) struct Issue {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) html_url: Option<String>,
    pub(super) state: Option<String>,
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) assignees: List<User>,
    #[serde(default)]
    pub(super) labels: List<Label>,
    pub(super) milestone: Option<Milestone>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) pull_request: Option<IgnoredAny>,
    pub(super) repository: Option<RepoName>,
}

/// One end of a pull request.
#[derive(Deserialize, Debug)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) label: Option<String>,
    pub(super) sha: Option<String>,
}

/// A pull request.
#[derive(Deserialize, Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) state: Option<String>,
    pub(super) draft: Option<bool>,
    pub(super) merged: Option<bool>,
    pub(super) mergeable: Option<bool>,
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) assignees: List<User>,
    #[serde(default)]
    pub(super) labels: List<Label>,
    #[serde(default)]
    pub(super) requested_reviewers: List<User>,
    #[serde(default)]
    pub(super) requested_reviewers_teams: List<Team>,
    pub(super) head: Option<End>,
    pub(super) base: Option<End>,
    pub(super) merge_commit_sha: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
}

/// The number of a pull request.
#[derive(Deserialize, Debug)]
pub(super) struct Numbered {
    pub(super) number: u64,
}

/// A review of a pull request.
#[derive(Deserialize, Debug)]
pub(super) struct Review {
    pub(super) state: Option<String>,
    pub(super) user: Option<User>,
    pub(super) official: Option<bool>,
    pub(super) dismissed: Option<bool>,
    pub(super) submitted_at: Option<Timestamp>,
}

/// The commit at the tip of a branch.
#[derive(Deserialize, Debug)]
pub(super) struct Tip {
    pub(super) id: Option<String>,
}

/// A branch, with what its protection asks for.
#[derive(Deserialize, Debug)]
pub(super) struct Branch {
    pub(super) name: String,
    pub(super) commit: Option<Tip>,
    pub(super) protected: Option<bool>,
    pub(super) required_approvals: Option<u64>,
    pub(super) enable_status_check: Option<bool>,
    #[serde(default)]
    pub(super) status_check_contexts: List<String>,
}

/// The id of a commit.
#[derive(Deserialize, Debug)]
pub(super) struct ShaOnly {
    pub(super) sha: Option<String>,
}

/// Who signed a commit, and when.
#[derive(Deserialize, Debug)]
pub(super) struct Signature {
    pub(super) name: Option<String>,
    pub(super) date: Option<Timestamp>,
}

/// What git itself knows of a commit.
#[derive(Deserialize, Debug)]
pub(super) struct GitCommit {
    pub(super) message: Option<String>,
    pub(super) author: Option<Signature>,
    pub(super) committer: Option<Signature>,
}

/// A commit.
#[derive(Deserialize, Debug)]
pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) html_url: Option<String>,
    pub(super) author: Option<User>,
    #[serde(rename = "commit")]
    pub(super) git: Option<GitCommit>,
    #[serde(default)]
    pub(super) parents: List<ShaOnly>,
}

/// `/compare/{base}...{head}`
#[derive(Deserialize, Debug)]
pub(super) struct Comparison {
    pub(super) total_commits: usize,
    #[serde(default)]
    pub(super) commits: List<Commit>,
}

/// A file of a pull request.
#[derive(Deserialize, Debug)]
pub(super) struct ChangedFile {
    pub(super) filename: String,
    pub(super) previous_filename: Option<String>,
}

/// A tag.
#[derive(Deserialize, Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) commit: Option<ShaOnly>,
}

/// A release.
#[derive(Deserialize, Debug)]
pub(super) struct Release {
    pub(super) tag_name: String,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) draft: bool,
    #[serde(default)]
    pub(super) prerelease: bool,
    pub(super) target_commitish: Option<String>,
    pub(super) author: Option<User>,
    pub(super) created_at: Timestamp,
    pub(super) published_at: Option<Timestamp>,
    pub(super) html_url: Option<String>,
}

/// One status of a commit.
#[derive(Deserialize, Debug)]
pub(super) struct Status {
    pub(super) context: Option<String>,
    #[serde(rename = "status", alias = "state")]
    pub(super) word: Option<String>,
    pub(super) target_url: Option<String>,
    pub(super) creator: Option<User>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
}

/// `/commits/{ref}/status`: the newest status of each context.
#[derive(Deserialize, Debug)]
pub(super) struct Combined {
    pub(super) state: Option<String>,
    pub(super) total_count: Option<usize>,
    #[serde(default)]
    pub(super) statuses: List<Status>,
}
