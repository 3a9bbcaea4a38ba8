//! Environments, deployments and roll-outs: where software runs.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, Sha, WebUrl};
use crate::domain::run::is_foreign;
use crate::domain::text::Clean;

/// A place where software runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// The repository that deploys to it.
    pub repo: RepoKey,
    /// Its name.
    pub name: Clean,
    /// The identity on its host.
    pub id: Option<u64>,
    /// Whether a person must approve what goes there.
    pub guarded: bool,
    /// Whether its host says that it is production, whatever it is called.
    #[serde(default)]
    pub production: bool,
    /// The page for people.
    pub url: Option<WebUrl>,
}

/// One attempt to put one version into one environment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// The repository it came from.
    pub repo: RepoKey,
    /// The identity on its host.
    pub id: u64,
    /// Where it goes.
    pub environment: Clean,
    /// What goes there.
    pub sha: Option<Sha>,
    /// The branch or tag that was asked for.
    pub git_ref: Option<Clean>,
    /// What kind of deployment, e.g. `deploy`, `deploy:api`.
    pub task: Clean,
    /// How it stands.
    pub state: DeployState,
    /// Who started it.
    pub creator: Option<Person>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// When it came to its place, where that is told beside its last change: of one whose place a
    /// newer one took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_at: Option<Timestamp>,
    /// Where the running software is.
    pub environment_url: Option<WebUrl>,
    /// Where its log is.
    pub log_url: Option<WebUrl>,
    /// The steps in which it reaches users, where it goes in steps.
    pub rollout: Option<Rollout>,
}

/// How the task begins of what was not brought there, but seen to answer there.
pub const SEEN: &str = "seen";

impl Deployment {
    /// Returns whether it was not told as a deployment, but seen to answer there.
    pub fn is_sighting(&self) -> bool {
        is_foreign(self.id) && self.task.starts_with(SEEN)
    }

    /// Returns when it came to its place, as far as that is known.
    ///
    /// The last change of one whose place a newer one took is that newer one's doing, so that of
    /// it only the time is known at which it was asked for, unless it is told when it came.
    pub fn arrived_at(&self) -> Timestamp {
        match self.state {
            DeployState::Superseded => self.came_at.unwrap_or(self.created_at),
            DeployState::Queued
            | DeployState::Waiting
            | DeployState::Running
            | DeployState::Succeeded
            | DeployState::Failed
            | DeployState::Abandoned
            | DeployState::Unknown(_) => self.updated_at,
        }
    }
}

/// How a deployment stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DeployState {
    /// Asked for.
    Queued,
    /// Waits for a person at a gate.
    Waiting,
    /// At work.
    Running,
    /// It is, or was, live.
    Succeeded,
    /// It was live and a newer one took its place.
    Superseded,
    /// It did not get there.
    Failed,
    /// It was given up or taken away.
    Abandoned,
    /// A word that we do not know; never success.
    Unknown(Clean),
}

/// A deployment that reaches users step by step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rollout {
    /// How it stands.
    pub phase: RolloutPhase,
    /// Share of users that it has reached, 0 to 100.
    pub percent: u8,
    /// Current step, from 1.
    pub step: u32,
    /// Number of steps.
    pub steps: u32,
}

/// How a roll-out stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RolloutPhase {
    /// Goes on by itself.
    Progressing,
    /// Waits for a person.
    Paused,
    /// Something is wrong with what it reached.
    Degraded,
    /// It was taken back.
    Aborted,
    /// It reached everybody.
    Complete,
    /// A word that we do not know.
    Other(Clean),
}
