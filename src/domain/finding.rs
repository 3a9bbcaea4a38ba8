//! A finding of a security scan: vulnerable dependency, code, leaked secret.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{RepoKey, WebUrl};
use crate::domain::text::Clean;

/// One finding that is still open.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Where it is.
    pub repo: RepoKey,
    /// What kind of scan found it.
    pub kind: FindingKind,
    /// Its number among findings of that kind.
    pub number: u64,
    /// How bad it is.
    pub severity: Severity,
    /// What it is: package, rule or kind of secret. Never the secret.
    pub title: Clean,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// When it was found.
    pub created_at: Timestamp,
}

/// What kind of scan found it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum FindingKind {
    /// A vulnerable dependency.
    Dependency,
    /// Vulnerable code.
    Code,
    /// A leaked secret.
    Secret,
}

/// How bad a finding is, worst first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Severity {
    /// Critical.
    Critical,
    /// High.
    High,
    /// Not known, or a new word: above medium, so that it is not overlooked.
    Unknown(Clean),
    /// Medium.
    Medium,
    /// Low.
    Low,
}
