//! The log of a job that runs, where this server has logs of jobs: it tells them while they grow.
//!
//! Gitea answers ranges of a log, running or not; a server without logs in its interface shows
//! them on its pages only.

use tokio::sync::mpsc;

use super::Gitea;
use super::api::{Asked, below};
use super::map::runs::is_by_number;
use super::server::Way;
use crate::domain::diagnosis::LogKey;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::sources::CapabilityState;
use crate::sources::follow::{self, FollowError, LIVE, Part, Place};
use crate::sources::http::{Failure, Request};
use crate::sources::port::Ask;

impl Gitea {
    /// Reads on in the log of a job that runs.
    pub(super) async fn follow_now(
        &self,
        key: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Part, FollowError> {
        let asked = Asked {
            now: self.port.now(),
            ask: Ask {
                forced: false,
                ..Ask::person()
            },
        };
        if is_by_number(key.run.id) || !self.state().ways.may(Way::Logs, asked.now) {
            return Err(self.no_way());
        }
        let id = key.job.to_string();
        let parts = below(key.run.repo.path(), &["actions", "jobs", &id, "logs"]);
        let request = Request {
            url: self.url(&parts, &[]),
            conditional: false,
            urgency: asked.ask.urgency,
        };
        let client = self.port.client(asked.ask).await?;
        let state = self.state_of(&key, asked);
        // Of a log that was not begun the server says that it is missing, not that it has no logs.
        let is_early = |failure: &Failure| {
            follow::is_absent(failure) && !self.misses(Way::Logs, failure, asked.now)
        };
        match follow::read_on(client, &request, &from, state, into, is_early).await {
            Ok(read) => {
                if read.moved > 0 {
                    self.there(Way::Logs);
                }
                self.port.can(LIVE, CapabilityState::Available);
                Ok(read)
            }
            Err(failure) if self.lacks(Way::Logs, &failure, asked.now) => Err(self.no_way()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Says that this server tells no logs.
    fn no_way(&self) -> FollowError {
        let missing = self.without(Way::Logs);
        let why = match &missing {
            CapabilityState::Missing(why) => why.clone(),
            CapabilityState::Unknown | CapabilityState::Available => Clean::default(),
        };
        self.port.can(LIVE, missing);
        FollowError::NoWay(why)
    }

    /// Asks what a job does now.
    pub(super) async fn state_of(
        &self,
        key: &LogKey,
        asked: Asked,
    ) -> Result<Option<RunState>, Failure> {
        let read = self.jobs(&key.run, key.attempt, asked, &mut None).await?;
        let mut jobs = read.into_iter().flat_map(|set| set.jobs);
        Ok(jobs.find(|job| job.id == key.job).map(|job| job.state))
    }
}
