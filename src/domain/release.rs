//! A release: a tag that was published, or drafted, for users.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, Sha, WebUrl};
use crate::domain::text::Clean;

/// One release.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Release {
    /// Where it was made.
    pub repo: RepoKey,
    /// Its tag.
    pub tag: Clean,
    /// Its title.
    pub name: Clean,
    /// Whether it is only drafted.
    pub draft: bool,
    /// Whether it is marked as not for everybody yet.
    pub prerelease: bool,
    /// The commit that its tag names; a draft may have none.
    pub sha: Option<Sha>,
    /// Who made it.
    pub author: Option<Person>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// The page for people.
    pub url: Option<WebUrl>,
}
