//! GitHub's answers about what was: the times of change requests, and pages of the past.
//!
//! As in `wire`, words of enums stay text. What the live board reads alike is read by the
//! types of `wire`.

use serde::Deserialize;
use serde_json::Value;

use super::wire::{
    Actor, BranchHistory, Connection, Deployment, DeploymentStatus, Issue, PullRequest, Release,
    Short,
};
use crate::domain::Timestamp;

/// What became of a pull request and when.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullTimes {
    pub(super) updated_at: Timestamp,
    pub(super) additions: Option<u64>,
    pub(super) deletions: Option<u64>,
    pub(super) reviews: Option<Connection<ReviewTold>>,
    pub(super) timeline_items: Option<Short<Event>>,
    pub(super) commits: Option<Short<Held>>,
    /// Its files, where they were asked for.
    pub(super) files: Option<Connection<Touched>>,
}

/// A file that a pull request changes.
#[derive(Debug, Deserialize)]
pub(super) struct Touched {
    pub(super) path: String,
}

/// A review.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewTold {
    pub(super) state: Option<String>,
    #[serde(alias = "submitted_at")]
    pub(super) submitted_at: Option<Timestamp>,
    #[serde(alias = "user")]
    pub(super) author: Option<Actor>,
}

/// Something that happened to a pull request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    /// What, where REST tells of all kinds.
    pub(super) event: Option<String>,
    #[serde(alias = "created_at")]
    pub(super) created_at: Option<Timestamp>,
}

/// A commit of a pull request.
#[derive(Debug, Deserialize)]
pub(super) struct Held {
    pub(super) commit: Option<Written>,
}

/// When a commit was written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    pub(super) authored_date: Option<Timestamp>,
    /// The same by REST.
    pub(super) author: Option<Signed>,
}

/// When somebody signed.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    pub(super) date: Option<Timestamp>,
}

/// A pull request as REST tells it alone.
#[derive(Debug, Deserialize)]
pub(super) struct RestPullTimes {
    pub(super) updated_at: Timestamp,
    pub(super) additions: Option<u64>,
    pub(super) deletions: Option<u64>,
}

/// One page of the past of a repository; only the list that was asked for is there.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PastPage {
    pub(super) pull_requests: Option<Connection<PastPull>>,
    pub(super) default_branch_ref: Option<BranchHistory>,
    pub(super) deployments: Option<Connection<PastDeployment>>,
    pub(super) releases: Option<Connection<Release>>,
    pub(super) issues: Option<Connection<Issue>>,
}

/// A pull request that ended, with its times.
#[derive(Debug)]
pub(super) struct PastPull {
    pub(super) pull: PullRequest,
    pub(super) times: PullTimes,
}

impl<'de> Deserialize<'de> for PastPull {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Self {
            times: PullTimes::deserialize(&value).map_err(serde::de::Error::custom)?,
            pull: PullRequest::deserialize(&value).map_err(serde::de::Error::custom)?,
        })
    }
}

/// A deployment with all that was said of it.
#[derive(Debug)]
pub(super) struct PastDeployment {
    pub(super) deployment: Deployment,
    pub(super) statuses: Vec<DeploymentStatus>,
}

impl<'de> Deserialize<'de> for PastDeployment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Said {
            statuses: Option<Short<DeploymentStatus>>,
        }
        let value = Value::deserialize(deserializer)?;
        let said = Said::deserialize(&value).map_err(serde::de::Error::custom)?;
        Ok(Self {
            deployment: Deployment::deserialize(&value).map_err(serde::de::Error::custom)?,
            statuses: said.statuses.map_or_else(Vec::new, |list| list.nodes.items),
        })
    }
}
