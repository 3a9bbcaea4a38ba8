//! A change request: a pull request or a merge request.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, Sha, WebUrl};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;

/// One pull or merge request.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// The repository that it goes into.
    pub repo: RepoKey,
    /// Its number there.
    pub number: u64,
    /// What its forge calls it.
    pub called: Called,
    /// Its title.
    pub title: Clean,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// Open, merged or closed.
    pub state: ChangeState,
    /// Whether it is still a draft.
    pub draft: bool,
    /// Who opened it.
    pub author: Option<Person>,
    /// Who has it in hand.
    #[serde(default)]
    pub assignees: Vec<Person>,
    /// Whose review is asked for (people, or teams by slug).
    #[serde(default)]
    pub reviewers: Vec<Person>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Clean>,
    /// What reviewers said, in sum.
    pub review: Review,
    /// Whether it could be merged.
    pub merge_state: MergeState,
    /// Its place in a merge queue.
    pub queue: Option<QueueState>,
    /// What the forge says of all checks of the head together.
    pub checks: Checks,
    /// Which of its checks must pass before it may be merged.
    #[serde(default)]
    pub required: Required,
    /// The newest commit of it.
    pub head_sha: Option<Sha>,
    /// The branch that it comes from.
    pub head_branch: Clean,
    /// The branch that it goes to.
    pub base_branch: Clean,
    /// The commit that it became on the base branch, once merged.
    pub merge_sha: Option<Sha>,
    /// Tickets that it closes or names.
    #[serde(default)]
    pub tickets: Vec<TicketLink>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// When it was closed, merged or not.
    pub closed_at: Option<Timestamp>,
}

/// Which change request: a number in a repository.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ChangeKey {
    /// The repository.
    pub repo: RepoKey,
    /// The number.
    pub number: u64,
}

/// The word for it on its forge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Called {
    /// Pull request, `PR`.
    PullRequest,
    /// Merge request, `MR`.
    MergeRequest,
}

impl Called {
    /// Returns the sign between repository and number: forges whose tickets count for themselves
    /// have another one for changes.
    pub fn sign(self) -> char {
        match self {
            Self::PullRequest => '#',
            Self::MergeRequest => '!',
        }
    }
}

/// Whether a change request is still under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ChangeState {
    /// Under way.
    Open,
    /// Merged.
    Merged,
    /// Closed without a merge.
    Closed,
    /// A word that we do not know.
    Other(Clean),
}

/// What reviewers said, in sum.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Review {
    /// Approved.
    Approved,
    /// Changes are asked for.
    ChangesRequested,
    /// A review is still required.
    Required,
    /// No review is required.
    NotRequired,
    /// Not known, or a word that we do not know; never treated as approval.
    Unknown(Clean),
}

/// Whether the forge would merge it now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MergeState {
    /// Yes.
    Clean,
    /// It conflicts with its base.
    Conflict,
    /// Its base moved and must be merged in first.
    Behind,
    /// A rule forbids it: review, checks, permission.
    Blocked,
    /// It could be merged; checks that are not required are red.
    Unstable,
    /// It is a draft.
    Draft,
    /// Not computed yet, or a word that we do not know; never shown as conflict.
    Unknown(Clean),
}

/// A place in a merge queue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum QueueState {
    /// Waiting for its turn.
    Queued,
    /// Its checks run.
    AwaitingChecks,
    /// About to be merged.
    Mergeable,
    /// It was put out of the queue.
    Unmergeable,
    /// The queue is locked.
    Locked,
    /// A word that we do not know.
    Other(Clean),
}

/// All checks of a commit together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Checks {
    /// There are none.
    None,
    /// All passed.
    Passed,
    /// At least one failed.
    Failed,
    /// Some still run or wait.
    Pending,
    /// Not known (not asked, not allowed, or a new word); never treated as passed.
    Unknown(Clean),
}

/// Which checks must pass before a change request may be merged.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub enum Required {
    /// Not known: not asked, not allowed, or not told.
    #[default]
    Unknown,
    /// The forge requires none.
    None,
    /// These, by the names that their jobs have.
    Named(Vec<Clean>),
}

/// How sure a link between a change request and a ticket is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TicketLink {
    /// The ticket.
    pub ticket: TicketKey,
    /// Where the link comes from.
    pub basis: LinkBasis,
}

/// Where a link comes from, strongest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum LinkBasis {
    /// The forge itself records it (confidence 1.0).
    Closing,
    /// A key or a closing word in title, body or commit (0.8).
    Mention,
    /// The name of the branch (0.6).
    Branch,
}

impl LinkBasis {
    /// Returns the confidence in percent.
    pub fn percent(self) -> u8 {
        match self {
            Self::Closing => 100,
            Self::Mention => 80,
            Self::Branch => 60,
        }
    }
}

/// The files that a change request touches, for the services of a mono-repo.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangedPaths {
    /// Which change request.
    pub change: ChangeKey,
    /// The head for which they were asked.
    pub head_sha: Option<Sha>,
    /// The paths.
    pub paths: Vec<Clean>,
    /// Whether that is all of them.
    pub complete: bool,
}

/// What became of a change request and when, beyond what its listing tells.
///
/// A fact beside [`ChangeRequest`], as it costs more to read.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChangeTimes {
    /// Which change request.
    pub change: ChangeKey,
    /// When the change request had last changed as this was read: what came later is not in it.
    pub as_of: Timestamp,
    /// When it was first ready for review; of one that was never a draft, nothing.
    pub ready_at: Option<Timestamp>,
    /// When its first commit was written, where the forge tells.
    pub first_commit_at: Option<Timestamp>,
    /// What reviewers said, oldest first.
    pub reviews: Vec<ReviewNote>,
    /// Lines added, where the forge tells.
    pub additions: Option<u64>,
    /// Lines removed, where the forge tells.
    pub deletions: Option<u64>,
    /// Whether these are all reviews.
    pub complete: bool,
}

/// What a person, or a machine, said of a change request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReviewNote {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// What.
    pub verdict: Verdict,
}

/// What a review says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It must be changed.
    ChangesRequested,
    /// Neither.
    Commented,
    /// An earlier verdict was taken back.
    Dismissed,
    /// A word that we do not know.
    Other(Clean),
}
