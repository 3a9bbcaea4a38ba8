//! GitHub's answers as they come: the fields that are read, and no others.
//!
//! Every word of an enum stays text here, so that a new one costs nothing;
//! `map` gives it a meaning. Field names follow GitHub's published schema.

use serde::Deserialize;
use serde_json::Value;

use super::aliases::Aliases;
use crate::domain::Timestamp;
use crate::sources::http::List;

/// A GraphQL answer: data, errors, or both.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) data: Option<Aliases>,
    #[serde(default)]
    pub(super) errors: List<ReplyError>,
    pub(super) message: Option<String>,
}

/// One error of a GraphQL answer.
#[derive(Debug, Deserialize)]
pub(super) struct ReplyError {
    #[serde(default)]
    pub(super) message: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) path: Vec<Value>,
}

/// What a query cost.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RateLimit {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) reset_at: Timestamp,
}

/// A GraphQL connection.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: serde::de::DeserializeOwned", rename_all = "camelCase")]
pub(super) struct Connection<T> {
    pub(super) nodes: List<T>,
    pub(super) page_info: Option<PageInfo>,
    /// How many there are on all pages, where it was asked.
    pub(super) total_count: Option<u64>,
}

impl<T> Default for Connection<T> {
    fn default() -> Self {
        Self {
            nodes: List::default(),
            page_info: None,
            total_count: None,
        }
    }
}

/// Where a connection goes on.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// Returns the cursor of the next page, if there is one.
    pub(super) fn next(&self) -> Option<String> {
        self.page_info
            .as_ref()
            .filter(|info| info.has_next_page)
            .and_then(|info| info.end_cursor.clone())
    }
}

/// Who did something.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Actor {
    #[serde(rename = "__typename")]
    pub(super) typename: Option<String>,
    #[serde(alias = "slug")]
    pub(super) login: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// Something with a name.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

/// Something with a commit id.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Oid {
    pub(super) oid: String,
}

/// A state in one word.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StateWord {
    pub(super) state: Option<String>,
}

/// What the probe reads of a repository besides its fingerprint.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProbeRepo {
    pub(super) database_id: Option<u64>,
    pub(super) name_with_owner: String,
    #[serde(default)]
    pub(super) is_archived: bool,
    pub(super) pushed_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) default_branch_ref: Option<ProbeBranch>,
    #[serde(default)]
    pub(super) issues: Connection<Touched>,
    #[serde(default)]
    pub(super) pull_requests: Connection<Touched>,
    #[serde(default)]
    pub(super) deployments: Connection<ProbeDeployment>,
}

/// The default branch, as the probe reads it.
#[derive(Debug, Deserialize)]
pub(super) struct ProbeBranch {
    pub(super) target: Option<Touched>,
}

/// When something changed, and what its checks say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Touched {
    /// Its number, where it is a pull request.
    pub(super) number: Option<u64>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) status_check_rollup: Option<StateWord>,
}

/// The newest deployment, as the probe reads it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProbeDeployment {
    pub(super) latest_status: Option<DeploymentStatus>,
}

/// What a refresh reads of a repository.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefreshRepo {
    pub(super) name_with_owner: String,
    pub(super) url: Option<String>,
    #[serde(default)]
    pub(super) is_archived: bool,
    pub(super) pushed_at: Option<Timestamp>,
    pub(super) default_branch_ref: Option<BranchHistory>,
    pub(super) develop: Option<BranchHistory>,
    pub(super) release_branches: Option<Connection<BranchHistory>>,
    #[serde(default)]
    pub(super) issues: Connection<Issue>,
    pub(super) closed_issues: Option<Connection<Issue>>,
    #[serde(default)]
    pub(super) open: Connection<PullRequest>,
    #[serde(default)]
    pub(super) ended: Connection<PullRequest>,
    #[serde(default)]
    pub(super) deployments: Connection<Deployment>,
    pub(super) environments: Option<Connection<Environment>>,
    #[serde(default)]
    pub(super) releases: Connection<Release>,
    pub(super) vulnerability_alerts: Option<Connection<VulnerabilityAlert>>,
}

/// A branch with its newest commits.
#[derive(Debug, Deserialize)]
pub(super) struct BranchHistory {
    pub(super) name: String,
    pub(super) target: Option<BranchTarget>,
}

/// What a branch points to; not a commit in odd repositories.
#[derive(Debug, Deserialize)]
pub(super) struct BranchTarget {
    pub(super) oid: Option<String>,
    pub(super) history: Option<Connection<GraphCommit>>,
}

/// A commit of a history.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GraphCommit {
    pub(super) oid: String,
    #[serde(default)]
    pub(super) message: String,
    pub(super) committed_date: Option<Timestamp>,
    pub(super) url: Option<String>,
    pub(super) author: Option<GitActor>,
    #[serde(default)]
    pub(super) parents: Connection<Oid>,
    pub(super) associated_pull_requests: Option<Connection<AssociatedChange>>,
}

/// The author that a commit names.
#[derive(Debug, Deserialize)]
pub(super) struct GitActor {
    pub(super) name: Option<String>,
    pub(super) user: Option<Actor>,
}

/// A pull request that holds a commit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociatedChange {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) merged: bool,
    pub(super) base_ref_name: Option<String>,
    pub(super) repository: Option<NameWithOwner>,
}

/// A repository by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NameWithOwner {
    pub(super) name_with_owner: String,
}

/// A ticket.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Issue {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) state: Option<String>,
    pub(super) state_reason: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) author: Option<Actor>,
    #[serde(default)]
    pub(super) assignees: Short<Actor>,
    pub(super) labels: Option<Short<Named>>,
    pub(super) milestone: Option<Titled>,
    pub(super) project_items: Option<Short<ProjectItem>>,
    pub(super) repository: Option<NameWithOwner>,
}

/// The nodes of a short connection, whose pages are not followed.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound = "T: serde::de::DeserializeOwned")]
pub(super) struct Short<T> {
    #[serde(default)]
    pub(super) nodes: List<T>,
}

impl<T> Default for Short<T> {
    fn default() -> Self {
        Self {
            nodes: List::default(),
        }
    }
}

/// Something with a title.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Titled {
    pub(super) title: String,
}

/// A ticket's place on a project board.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectItem {
    pub(super) field_value_by_name: Option<ProjectStatus>,
}

/// The status that a project board gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectStatus {
    pub(super) name: Option<String>,
    pub(super) updated_at: Option<Timestamp>,
}

/// A pull request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullRequest {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) url: Option<String>,
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) is_draft: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) head_ref_name: String,
    pub(super) head_ref_oid: Option<String>,
    #[serde(default)]
    pub(super) base_ref_name: String,
    pub(super) review_decision: Option<String>,
    pub(super) mergeable: Option<String>,
    pub(super) merge_state_status: Option<String>,
    pub(super) merge_queue_entry: Option<StateWord>,
    pub(super) merge_commit: Option<Oid>,
    pub(super) author: Option<Actor>,
    #[serde(default)]
    pub(super) assignees: Short<Actor>,
    pub(super) labels: Option<Short<Named>>,
    #[serde(default)]
    pub(super) review_requests: Option<Short<ReviewRequest>>,
    #[serde(default)]
    pub(super) closing_issues_references: Option<Short<Issue>>,
    /// Absent where it was not asked for; null where there are no checks.
    #[serde(default, deserialize_with = "present")]
    pub(super) status_check_rollup: Option<Rollup>,
}

/// What all checks say together; nothing where there are none.
#[derive(Debug)]
pub(super) struct Rollup(pub(super) Option<Checks>);

/// The checks of a commit: their sum, and each of them where that was asked.
#[derive(Debug, Deserialize)]
pub(super) struct Checks {
    pub(super) state: Option<String>,
    pub(super) contexts: Option<Connection<Check>>,
}

/// One check of a commit: a check run, or a status that another system reports.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Check {
    /// Whether the forge requires it for the pull request that was asked about.
    pub(super) is_required: Option<bool>,
    /// The name of a check run.
    pub(super) name: Option<String>,
    /// The name of a status.
    pub(super) context: Option<String>,
}

/// Tells null from absent.
pub(super) fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Rollup>, D::Error> {
    Option::deserialize(deserializer).map(|word| Some(Rollup(word)))
}

/// A review that was asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewRequest {
    pub(super) requested_reviewer: Option<Actor>,
}

/// A deployment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    pub(super) database_id: Option<u64>,
    #[serde(default)]
    pub(super) environment: Option<String>,
    pub(super) commit_oid: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) task: Option<String>,
    pub(super) state: Option<String>,
    pub(super) description: Option<String>,
    pub(super) payload: Option<Value>,
    #[serde(rename = "ref")]
    pub(super) git_ref: Option<Named>,
    pub(super) creator: Option<Actor>,
    pub(super) latest_status: Option<DeploymentStatus>,
    /// The last ones, newest first.
    pub(super) statuses: Option<Short<DeploymentStatus>>,
}

/// The newest word on a deployment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentStatus {
    pub(super) state: Option<String>,
    pub(super) description: Option<String>,
    #[serde(alias = "created_at")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(alias = "updated_at")]
    pub(super) updated_at: Option<Timestamp>,
    #[serde(alias = "environment_url")]
    pub(super) environment_url: Option<String>,
    #[serde(alias = "log_url")]
    pub(super) log_url: Option<String>,
}

/// An environment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Environment {
    #[serde(alias = "id")]
    pub(super) database_id: Option<u64>,
    pub(super) name: String,
    /// The page for people, which only REST names.
    #[serde(rename = "html_url")]
    pub(super) html_url: Option<String>,
    #[serde(alias = "protection_rules", default, deserialize_with = "rules")]
    pub(super) protection_rules: Vec<String>,
}

/// Reads the kinds of protection rules, from a connection or from a list.
fn rules<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    use serde::de::Error as _;

    #[derive(Deserialize)]
    struct Rule {
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    let list: List<Rule> = match Value::deserialize(deserializer)? {
        Value::Null => List::default(),
        list @ Value::Array(_) => serde_json::from_value(list).map_err(D::Error::custom)?,
        short @ (Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            let short: Short<Rule> = serde_json::from_value(short).map_err(D::Error::custom)?;
            short.nodes
        }
    };
    Ok(list
        .items
        .into_iter()
        .filter_map(|rule| rule.kind)
        .collect())
}

/// A release; REST and GraphQL differ in spelling only.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Release {
    #[serde(alias = "tag_name")]
    pub(super) tag_name: String,
    pub(super) name: Option<String>,
    #[serde(alias = "draft")]
    pub(super) is_draft: bool,
    #[serde(alias = "prerelease")]
    pub(super) is_prerelease: bool,
    #[serde(alias = "created_at")]
    pub(super) created_at: Timestamp,
    #[serde(alias = "published_at")]
    pub(super) published_at: Option<Timestamp>,
    /// The page for people, where REST names it; its `url` is one for programs.
    #[serde(rename = "html_url")]
    pub(super) html_url: Option<String>,
    pub(super) url: Option<String>,
    pub(super) author: Option<Actor>,
    pub(super) tag_commit: Option<Oid>,
}

/// A vulnerable dependency, by GraphQL.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VulnerabilityAlert {
    pub(super) number: u64,
    pub(super) created_at: Timestamp,
    pub(super) security_advisory: Option<Summary>,
    pub(super) security_vulnerability: Option<Vulnerability>,
}

/// What an advisory says in one line.
#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) summary: Option<String>,
}

/// How bad, and in which package.
#[derive(Debug, Deserialize)]
pub(super) struct Vulnerability {
    pub(super) severity: Option<String>,
    pub(super) package: Option<Named>,
}
