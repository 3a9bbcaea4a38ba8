//! Pipelines of projects in which nothing seems to happen, in turns.

use chrono::TimeDelta;

use super::GitLab;
use super::api::Poll;
use super::state::{Project, State};
use crate::domain::Timestamp;
use crate::sources::detail::Places;
use crate::sources::{Batch, SourceError};

/// How many quiet projects are looked at in one round.
const AT_ONCE: usize = 2;

impl GitLab {
    /// Looks at projects in which nothing seems to happen, in turns: what runs by schedule is no
    /// activity to the host.
    pub(super) async fn sweep(&self, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        let mut places = Places::default();
        let quiet = self.state().quiet(poll.now);
        for path in quiet.into_iter().take(AT_ONCE) {
            // Noted before it is asked: one that fails costs no other its turn.
            if let Some(project) = self.state().known(&path) {
                project.runs_at = Some(poll.now);
            }
            if !places.take(self.runs(&path, poll, batch).await) {
                break;
            }
        }
        places.end(batch, |text| self.port.shown(text))
    }
}

impl State {
    /// Returns the projects that are polled by no resource of their own, the longest ago first.
    fn quiet(&self, now: Timestamp) -> Vec<String> {
        let quiet = |project: &Project| {
            let read = project
                .runs_at
                .is_some_and(|at| now - at < TimeDelta::minutes(10));
            let has_ci = project.id.is_some() && !project.no_ci;
            project.tier(now).is_none() && has_ci && !project.wants_runs(now) && !read
        };
        let mut found = self.hottest(quiet);
        found.sort_by_key(|project| project.runs_at);
        let paths = found.into_iter().map(|project| project.path.clone());
        paths.collect()
    }

    /// Returns whether a project waits for its turn.
    pub(super) fn has_quiet(&self, now: Timestamp) -> bool {
        let mut projects = self.projects.values();
        projects.any(|project| {
            let is_there = project.id.is_some() && project.misses == 0;
            project.tier(now).is_none() && !project.no_ci && is_there
        })
    }
}
