//! The past of a project: what happened before the board watched it, read once.
//!
//! One project at a time, one page a fetch, when nothing else is to be asked: history takes a
//! project as a whole, so the lists of groups would have to be kept until all of them are read.
//! What is shared with other systems is `sources::backfill`; `read` asks for the pages, `times`
//! what became of merge requests, `whole` makes one story of them.

mod read;
mod times;
mod whole;

use chrono::TimeDelta;

use super::GitLab;
use super::scope::Scope;
use super::state::State;
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::sources::backfill::{self, Holds, Seen};

/// For how long the board may have been away: what is older, live lists do not reach.
const GAP: TimeDelta = TimeDelta::days(9);

/// One page of the past.
type Page = backfill::Page<Part>;

/// A list of the past, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Merge requests that ended.
    Changes,
    /// What became of them and when.
    Times,
    /// Issues that were closed, incidents among them.
    Issues,
    /// Commits of the default branch.
    Commits,
    /// Deployments.
    Deployments,
    /// Releases.
    Releases,
    /// Pipelines.
    Runs,
    /// Their jobs, those that were retried included.
    Jobs,
}

impl backfill::Part for Part {
    const FIRST: Self = Self::Changes;

    fn next(self) -> Option<Self> {
        match self {
            Self::Changes => Some(Self::Times),
            Self::Times => Some(Self::Issues),
            Self::Issues => Some(Self::Commits),
            Self::Commits => Some(Self::Deployments),
            Self::Deployments => Some(Self::Releases),
            Self::Releases => Some(Self::Runs),
            Self::Runs => Some(Self::Jobs),
            Self::Jobs => None,
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Changes | Self::Times => 600,
            Self::Issues | Self::Commits | Self::Deployments => 1_000,
            Self::Releases => 200,
            Self::Runs | Self::Jobs => 3_000,
        }
    }

    fn holds(self) -> Holds {
        match self {
            Self::Changes | Self::Issues | Self::Commits | Self::Deployments | Self::Releases => {
                Holds::Work
            }
            Self::Times | Self::Jobs => Holds::Details,
            Self::Runs => Holds::Runs,
        }
    }
}

/// The pasts of the projects of a source, and the jobs that were read of the one at hand.
#[derive(Debug, Default)]
pub(super) struct Pasts {
    pub(super) all: backfill::Pasts<Part>,
    jobs: whole::Jobs,
}

impl State {
    /// Returns what is read next of the past: the project, how many pages of it were read, and
    /// the limit that it spends.
    pub(super) fn next_of_past(&self) -> Option<(String, u64, &'static str)> {
        let page = self.past_page()?;
        let bucket = match page.at.part {
            Part::Times => "graphql",
            Part::Changes
            | Part::Issues
            | Part::Commits
            | Part::Deployments
            | Part::Releases
            | Part::Runs
            | Part::Jobs => "core",
        };
        Some((page.path, page.step, bucket))
    }

    fn past_page(&self) -> Option<Page> {
        let changed = |path: &str| self.projects.get(path)?.changed_at();
        self.pasts.all.next(changed)
    }
}

impl GitLab {
    /// Settles of which projects of a scope, which was just read, the past is wanted, and notes
    /// that the board watches them. Returns since when nothing happened in some.
    pub(super) fn look_back(&self, scope: &Scope, now: Timestamp) -> Vec<(RepoKey, Timestamp)> {
        let days = self.config.past_days;
        let mut quiet = Vec::new();
        if days == 0 {
            return quiet;
        }
        let mut state = self.state();
        let begun = state.cursors.get(scope);
        if begun.is_none_or(|cursors| cursors.changes.is_none() && cursors.issues.is_none()) {
            return quiet;
        }
        let watched = state.of_scope(scope);
        let watched = watched.filter(|it| it.misses == 0 && it.id.is_some() && !it.archived);
        let watched: Vec<(String, Option<Timestamp>)> = watched
            .map(|it| (it.path.to_ascii_lowercase(), it.changed_at()))
            .collect();
        for (path, changed_at) in watched {
            let seen = Seen {
                days,
                now,
                gap: GAP,
                changed_at,
                ground: &self.ground,
                key: backfill::note_key(&self.port, &self.key(&path)),
            };
            let since = state.pasts.all.settle(&path, &seen);
            quiet.extend(since.map(|since| (self.key(&path), since)));
        }
        let State {
            pasts, projects, ..
        } = &mut *state;
        pasts.all.keep(|path| {
            let project = projects.get(path);
            project.is_some_and(|project| project.misses == 0 && !project.archived)
        });
        quiet
    }
}
