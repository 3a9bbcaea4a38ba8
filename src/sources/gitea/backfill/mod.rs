//! The past of a repository: what happened before the board watched it, read once.
//!
//! One repository at a time, one page a fetch, when nothing else is to be asked. What is
//! shared with other systems is `sources::backfill`; `read` asks for the pages, `whole` makes one
//! story of them.

mod read;
mod whole;

use super::Gitea;
use super::state::{State, WINDOW};
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::sources::backfill::{self, Holds, Seen};

/// One page of the past.
type Page = backfill::Page<Part>;

/// A list of the past, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Pull requests that ended.
    Changes,
    /// What became of them and when, one by one.
    Times,
    /// Issues that were closed, incidents among them.
    Issues,
    /// Commits of the default branch.
    Commits,
    /// Releases.
    Releases,
    /// What statuses tell of commits that were released or merged: deployments.
    Statuses,
    /// Runs of Actions; of older servers the tasks that they had.
    Runs,
}

impl backfill::Part for Part {
    const FIRST: Self = Self::Changes;

    fn next(self) -> Option<Self> {
        match self {
            Self::Changes => Some(Self::Times),
            Self::Times => Some(Self::Issues),
            Self::Issues => Some(Self::Commits),
            Self::Commits => Some(Self::Releases),
            Self::Releases => Some(Self::Statuses),
            Self::Statuses => Some(Self::Runs),
            Self::Runs => None,
        }
    }

    fn most(self) -> usize {
        match self {
            Self::Changes => 500,
            Self::Times => 150,
            Self::Issues | Self::Commits => 1_000,
            Self::Releases => 100,
            Self::Statuses => 300,
            Self::Runs => 2_000,
        }
    }

    fn holds(self) -> Holds {
        match self {
            Self::Changes | Self::Issues | Self::Commits | Self::Releases => Holds::Work,
            Self::Times | Self::Statuses => Holds::Details,
            Self::Runs => Holds::Runs,
        }
    }
}

/// The pasts of the repositories of a source, and the tasks that were read of the one at hand.
#[derive(Debug, Default)]
pub(super) struct Pasts {
    pub(super) all: backfill::Pasts<Part>,
    tasks: Vec<super::wire_actions::Task>,
}

impl State {
    /// Returns what is read next of the past: the repository, how many pages of it were read, and
    /// what the next one costs.
    pub(super) fn next_of_past(&self) -> Option<(String, u64, u32)> {
        let page = self.past_page()?;
        let cost = match page.at.part {
            Part::Times => read::TIMES * 3,
            Part::Statuses => read::STATUSES,
            Part::Releases => 3,
            Part::Changes | Part::Issues | Part::Commits | Part::Runs => 1,
        };
        Some((page.path, page.step, u32::try_from(cost).unwrap_or(1)))
    }

    fn past_page(&self) -> Option<Page> {
        let changed = |path: &str| self.repos.get(path)?.changed_at;
        self.pasts.all.next(changed)
    }
}

impl Gitea {
    /// Settles of which repositories the past is wanted, and notes that the board watches them.
    /// Returns since when nothing happened in some.
    pub(super) fn look_back(&self, now: Timestamp) -> Vec<(RepoKey, Timestamp)> {
        let days = self.config.past_days;
        let mut quiet = Vec::new();
        if days == 0 {
            return quiet;
        }
        let mut state = self.state();
        let State { pasts, repos, .. } = &mut *state;
        let watched = repos
            .iter()
            .filter(|(_, repo)| repo.misses == 0 && repo.read_at.is_some());
        for (path, repo) in watched {
            let seen = Seen {
                days,
                now,
                gap: WINDOW,
                changed_at: repo.changed_at,
                ground: &self.ground,
                key: backfill::note_key(&self.port, &self.key(path)),
            };
            let since = pasts.all.settle(path, &seen);
            quiet.extend(since.map(|since| (self.key(path), since)));
        }
        pasts
            .all
            .keep(|path| repos.get(path).is_some_and(|repo| repo.misses == 0));
        quiet
    }
}
