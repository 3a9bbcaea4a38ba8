//! Commits of long-lived branches and ranges between commits.
//!
//! They answer one question: does this release or deployment contain that
//! change? The answer comes from parents or from a compare, never from dates.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, Sha, WebUrl};
use crate::domain::text::Clean;

/// A commit on a long-lived branch, with its parents.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// Where it is.
    pub repo: RepoKey,
    /// Its id.
    pub sha: Sha,
    /// The ids it was made from, first parent first; empty for a root.
    pub parents: Vec<Sha>,
    /// The long-lived branch on which it was seen.
    pub branch: Clean,
    /// First line of the message.
    pub title: Clean,
    /// Who wrote it.
    pub author: Option<Person>,
    /// When it was committed.
    pub committed_at: Option<Timestamp>,
    /// The change request that brought it, by number, as the forge says.
    pub change_request: Option<u64>,
    /// Whether the forge was asked about a change request and named none: a direct push.
    pub direct: bool,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// Commits that its message says it reverts.
    #[serde(default)]
    pub reverts: Vec<Sha>,
}

/// What lies between two commits, as the forge's compare answered. It never changes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Range {
    /// Where it is.
    pub repo: RepoKey,
    /// The older end, exclusive.
    pub from: Sha,
    /// The newer end, inclusive.
    pub to: Sha,
    /// How `to` lies against `from`.
    pub relation: Relation,
    /// The commits in `from..to`.
    pub commits: Vec<Sha>,
    /// Whether `commits` holds all of them.
    pub complete: bool,
    /// What was said about the first of them, for people; may be empty.
    #[serde(default)]
    pub told: Vec<RangeCommit>,
}

/// What a compare says about one commit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RangeCommit {
    /// Its id.
    pub sha: Sha,
    /// First line of the message.
    pub title: Clean,
    /// Who wrote it.
    pub author: Option<Person>,
}

/// How one commit lies against another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Relation {
    /// It contains the other and more.
    Ahead,
    /// It is contained in the other: a roll-back when it is deployed.
    Behind,
    /// They are the same.
    Identical,
    /// Neither contains the other.
    Diverged,
    /// The repository does not have one of them: there is nothing to compare.
    Absent(Lost),
    /// The answer had a word that we do not know.
    Unknown,
}

/// Which end of a range a repository does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Lost {
    /// The older one.
    Older,
    /// The newer one.
    Newer,
    /// Neither is there.
    Both,
}

impl Range {
    /// Returns the ends that the repository does not have.
    pub fn lost(&self) -> impl Iterator<Item = &Sha> {
        let (older, newer) = match self.relation {
            Relation::Absent(Lost::Older) => (true, false),
            Relation::Absent(Lost::Newer) => (false, true),
            Relation::Absent(Lost::Both) => (true, true),
            Relation::Ahead
            | Relation::Behind
            | Relation::Identical
            | Relation::Diverged
            | Relation::Unknown => (false, false),
        };
        let older = older.then_some(&self.from);
        older.into_iter().chain(newer.then_some(&self.to))
    }
}
