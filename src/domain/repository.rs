//! A repository as a source sees it: branches, environments, ways of working.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{RepoKey, Sha, WebUrl};
use crate::domain::text::Clean;

/// One repository.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Repository {
    /// Host, owner and name.
    pub repo: RepoKey,
    /// Names that it had before, as far as its forge knows: other systems may use them still.
    #[serde(default)]
    pub renamed_from: Vec<RepoKey>,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// The branch that changes are merged to by default.
    pub default_branch: Option<Branch>,
    /// `develop` and `release/*`, where they exist: they show git-flow.
    #[serde(default)]
    pub flow_branches: Vec<Branch>,
    /// When somebody last pushed.
    pub pushed_at: Option<Timestamp>,
    /// Whether it is archived: nothing moves there any more.
    #[serde(default)]
    pub archived: bool,
}

/// A branch and the commit at its tip.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Branch {
    /// Name without `refs/heads/`.
    pub name: Clean,
    /// The newest commit, where it is known.
    pub tip: Option<Sha>,
}
