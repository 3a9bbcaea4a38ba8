//! The log of a job that runs: its trace from where it was read to.
//!
//! GitLab itself tells the whole trace each time; a proxy in front of it may know ranges, and
//! validators (`ETag`) are GitLab's own. What the job does is asked where nothing new came.

use tokio::sync::mpsc;

use super::api::Poll;
use super::map::ci;
use super::{GitLab, wire_ci};
use crate::domain::diagnosis::LogKey;
use crate::domain::run::{RunState, is_foreign};
use crate::sources::CapabilityState;
use crate::sources::follow::{self, FollowError, LIVE, Part, Place};
use crate::sources::http::{Failure, Request};
use crate::sources::port::Ask;

impl GitLab {
    /// Reads on in the log of a job that runs.
    pub(super) async fn follow_now(
        &self,
        key: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Part, FollowError> {
        if is_foreign(key.run.id) {
            return Err(FollowError::NoWay("this job is not of this GitLab".into()));
        }
        let poll = Poll {
            now: self.port.now(),
            ask: Ask {
                forced: false,
                ..Ask::person()
            },
        };
        let part = self.part(key.run.repo.path());
        let id = key.job.to_string();
        let request = Request {
            url: self.url(&["projects", &part, "jobs", &id, "trace"], &[]),
            conditional: false,
            urgency: poll.ask.urgency,
        };
        let client = self.port.client(poll.ask).await?;
        let state = self.state_of(&part, &id, poll);
        let is_early = follow::is_absent;
        let read = follow::read_on(client, &request, &from, state, into, is_early).await?;
        self.port.can(LIVE, CapabilityState::Available);
        Ok(read)
    }

    /// Asks what a job does now.
    async fn state_of(
        &self,
        part: &str,
        id: &str,
        poll: Poll,
    ) -> Result<Option<RunState>, Failure> {
        let route = ["projects", part, "jobs", id];
        let (job, _) = self.one::<wire_ci::Job>(&route, &[], poll).await?;
        Ok(Some(ci::state(job.status.as_deref())))
    }

    /// Returns whether a job that was not seen to end has ended by now: until then its log is
    /// not whole.
    pub(super) async fn has_ended(&self, key: &LogKey, poll: Poll) -> Result<bool, Failure> {
        let part = self.part(key.run.repo.path());
        let state = self.state_of(&part, &key.job.to_string(), poll).await?;
        // Of a word that is not known, the log is taken as it is.
        Ok(state.is_none_or(|state| state.is_over() || matches!(state, RunState::Unknown(_))))
    }
}
