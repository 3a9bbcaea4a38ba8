//! What the forge knows of one repository at one moment.
//!
//! Plain data, times already on the clock that clients see. `state` fills it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::demo::scenario::ci::Cause;
use crate::demo::scenario::team::RepoSpec;
use crate::domain::Timestamp;

/// One repository at one moment.
#[derive(Debug)]
pub struct RepoState {
    /// What never changes of it.
    pub spec: Arc<RepoSpec>,
    /// Issues, newest first.
    pub issues: Vec<Issue>,
    /// Pull requests, newest first.
    pub pulls: Vec<Pull>,
    /// Commits of all branches, by name.
    pub commits: HashMap<String, Commit>,
    /// Branches, the default branch first.
    pub branches: Vec<Branch>,
    /// Runs, newest first.
    pub runs: Vec<Run>,
    /// Releases, newest first.
    pub releases: Vec<Release>,
    /// Deployments, newest first.
    pub deployments: Vec<Deployment>,
    /// Security findings, newest first.
    pub findings: Vec<Finding>,
    /// When a branch last moved.
    pub pushed_at: Timestamp,
    /// From when this holds, on the simulated clock.
    pub(super) from: i64,
    /// Until when this holds, on the simulated clock.
    pub(super) until: i64,
}

/// An issue.
#[derive(Debug)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Who wrote it.
    pub author: usize,
    /// Who has it.
    pub assignees: Vec<usize>,
    /// Its labels.
    pub labels: Vec<&'static str>,
    /// Its milestone.
    pub milestone: Option<u64>,
    /// Why it was closed (`completed`, `not_planned`), if it was.
    pub closed: Option<(Timestamp, &'static str)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The status on the team's project board, and since when.
    pub status: Option<(&'static str, Timestamp)>,
    /// The pull requests that close it.
    pub pulls: Vec<u64>,
}

/// How a pull request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PullState {
    /// Open.
    Open,
    /// Merged.
    Merged,
    /// Closed without that.
    Closed,
}

/// A pull request.
#[derive(Debug)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Who wrote it.
    pub author: usize,
    /// Who has it.
    pub assignees: Vec<usize>,
    /// Its labels.
    pub labels: Vec<&'static str>,
    /// Whether it is open.
    pub state: PullState,
    /// Whether it is a draft.
    pub draft: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ceased to be a draft, if it was one.
    pub ready_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// When it was merged or closed.
    pub closed_at: Option<Timestamp>,
    /// Where it comes from.
    pub head_branch: String,
    /// Where it goes.
    pub base_branch: &'static str,
    /// Its commits, oldest first; never empty.
    pub commits: Vec<String>,
    /// Where it was branched off.
    pub base_sha: String,
    /// The commit that carries it on the base branch.
    pub merge_sha: Option<String>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Whose review is asked for.
    pub requested: Vec<usize>,
    /// The decision, in GraphQL's words.
    pub decision: Option<&'static str>,
    /// Whether it can be merged, in GraphQL's words.
    pub mergeable: &'static str,
    /// How it stands to its base, in GraphQL's words.
    pub merge_state: &'static str,
    /// Its state in the merge queue, in GraphQL's words.
    pub queue: Option<&'static str>,
    /// The issues that it closes.
    pub closes: Vec<u64>,
    /// The files that it changes.
    pub files: Vec<String>,
    /// Lines that it adds.
    pub additions: u64,
    /// Lines that it takes away.
    pub deletions: u64,
    /// Whether it comes from a fork.
    pub fork: bool,
}

impl Pull {
    /// Returns its last commit.
    pub fn head_sha(&self) -> &str {
        self.commits.last().map_or("", String::as_str)
    }
}

/// A review.
#[derive(Debug)]
pub struct Review {
    /// Who.
    pub by: usize,
    /// `APPROVED` or `CHANGES_REQUESTED`.
    pub state: &'static str,
    /// When.
    pub at: Timestamp,
    /// Of which commit.
    pub sha: String,
}

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its name.
    pub sha: String,
    /// Its parents.
    pub parents: Vec<String>,
    /// Its message.
    pub message: String,
    /// Who wrote it.
    pub author: usize,
    /// When.
    pub at: Timestamp,
    /// The pull request that it belongs to.
    pub pull: Option<u64>,
}

/// A branch.
#[derive(Debug)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its tip.
    pub sha: String,
}

/// A run of a workflow.
#[derive(Debug)]
pub struct Run {
    /// Its identity.
    pub id: u64,
    /// Its number within the workflow.
    pub number: u64,
    /// The workflow: index in [`super::ci::WORKFLOWS`].
    pub workflow: usize,
    /// What started it.
    pub event: &'static str,
    /// The branch or tag.
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// The pull request.
    pub pull: Option<u64>,
    /// Its title.
    pub title: String,
    /// Who started it.
    pub actor: usize,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its latest attempt began.
    pub started_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// REST's status.
    pub status: &'static str,
    /// REST's conclusion.
    pub conclusion: Option<&'static str>,
    /// The jobs of each attempt, the latest last; never empty.
    pub attempts: Vec<Vec<Job>>,
    /// Who asked for the latest attempt.
    pub triggered_by: usize,
    /// The environment that it waits for.
    pub gate: Option<String>,
}

impl Run {
    /// Returns the jobs of the latest attempt.
    pub fn jobs(&self) -> &[Job] {
        self.attempts.last().map_or(&[], Vec::as_slice)
    }
}

/// A job of a run.
#[derive(Debug)]
pub struct Job {
    /// Its identity.
    pub id: u64,
    /// Its name.
    pub name: &'static str,
    /// REST's status.
    pub status: &'static str,
    /// REST's conclusion.
    pub conclusion: Option<&'static str>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Why it fails, or what is odd about it.
    pub cause: Cause,
}

/// A step of a job.
#[derive(Debug)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// REST's status.
    pub status: &'static str,
    /// REST's conclusion.
    pub conclusion: Option<&'static str>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// A release.
#[derive(Debug)]
pub struct Release {
    /// Its identity.
    pub id: u64,
    /// Its tag.
    pub tag: String,
    /// Its commit.
    pub sha: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it is not for everybody yet.
    pub prerelease: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Who made it.
    pub author: usize,
    /// Its notes.
    pub notes: String,
}

/// A deployment.
#[derive(Debug)]
pub struct Deployment {
    /// Its identity.
    pub id: u64,
    /// Where it goes.
    pub environment: String,
    /// What goes there.
    pub sha: String,
    /// The tag.
    pub git_ref: String,
    /// Who started it.
    pub creator: usize,
    /// When.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// Its states, newest first, in REST's words.
    pub statuses: Vec<DeployStatus>,
    /// What the pipeline says of it besides: the roll-out.
    pub payload: serde_json::Value,
    /// The run that deploys.
    pub run: u64,
}

impl Deployment {
    /// Returns its state in REST's words.
    pub fn state(&self) -> &'static str {
        self.statuses
            .first()
            .map_or("pending", |status| status.state)
    }
}

/// One state of a deployment.
#[derive(Debug)]
pub struct DeployStatus {
    /// REST's word.
    pub state: &'static str,
    /// When.
    pub at: Timestamp,
    /// In words.
    pub description: String,
}

/// Which scan found something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scan {
    /// A dependency with a known weakness.
    Dependency,
    /// Code that looks dangerous.
    Code,
    /// A secret in a commit.
    Secret,
}

/// A security finding that is open.
#[derive(Debug)]
pub struct Finding {
    /// Which scan.
    pub scan: Scan,
    /// Its number.
    pub number: u64,
    /// Its severity.
    pub severity: &'static str,
    /// What it is about: a package, a rule, a kind of secret.
    pub subject: &'static str,
    /// What is wrong.
    pub summary: &'static str,
    /// When it was found.
    pub created_at: Timestamp,
}
