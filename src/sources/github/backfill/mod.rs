//! The past of a repository: what happened before the board watched it, read once.
//!
//! One repository at a time, one page a fetch, when nothing else is to be asked. The pages
//! are kept until all of them are there: history gets a repository as a whole. That it was
//! read stands in a note beside its fingerprint (`sources::backfill`). `read` asks for the pages,
//! `by_name` for what no page tells, `retries` for checks of runs that were started again.

mod by_name;
mod names;
mod read;
mod retries;

use chrono::TimeDelta;

use super::GitHub;
use super::more::WINDOW_DAYS;
use super::state::{RepoState, State};
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::sources::PastRead;
use crate::sources::backfill::{self, Holds, Past, Seen};

/// For how long the board may have been away: what is older, live lists do not reach.
const GAP: TimeDelta = TimeDelta::days(WINDOW_DAYS);

/// What was read so far of the past of one repository.
pub(in crate::sources::github) type Backfill = backfill::Backfill<Part>;

/// A list of the past, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sources::github) enum Part {
    /// Change requests that ended.
    Changes,
    /// Commits of the default branch.
    Commits,
    /// Deployments.
    Deployments,
    /// Releases.
    Releases,
    /// Commits that were released or deployed from elsewhere than the default branch, by name.
    Strays,
    /// Tickets of incidents.
    Incidents,
    /// Runs, by REST.
    Runs,
    /// Checks of runs that were started again once, many by one query.
    Retries,
    /// Earlier attempts of runs that were started again, as far as checks did not tell them, by REST.
    Attempts,
}

impl backfill::Part for Part {
    const FIRST: Self = Self::Changes;

    fn next(self) -> Option<Self> {
        match self {
            Self::Changes => Some(Self::Commits),
            Self::Commits => Some(Self::Deployments),
            Self::Deployments => Some(Self::Releases),
            Self::Releases => Some(Self::Strays),
            Self::Strays => Some(Self::Incidents),
            Self::Incidents => Some(Self::Runs),
            Self::Runs => Some(Self::Retries),
            Self::Retries => Some(Self::Attempts),
            Self::Attempts => None,
        }
    }

    fn most(self) -> usize {
        self.size().1
    }

    fn holds(self) -> Holds {
        match self {
            Self::Changes
            | Self::Commits
            | Self::Deployments
            | Self::Releases
            | Self::Incidents => Holds::Work,
            Self::Runs => Holds::Runs,
            Self::Strays | Self::Retries | Self::Attempts => Holds::Details,
        }
    }

    fn names(so_far: &Backfill) -> Option<Vec<String>> {
        so_far.at.part.is_by_name().then(|| so_far.names())
    }
}

impl Part {
    /// Returns whether it is asked by REST.
    fn is_by_rest(self) -> bool {
        matches!(self, Self::Runs | Self::Attempts)
    }

    /// Returns whether it is no list: each record is asked for by its name.
    fn is_by_name(self) -> bool {
        matches!(self, Self::Strays | Self::Retries | Self::Attempts)
    }

    /// Returns how many records a page has, and how many records are read at most: so many
    /// that a page costs one point, but for the smallest repositories one page is all.
    fn size(self) -> (u32, usize) {
        match self {
            Self::Changes => (20, 600),
            Self::Commits => (50, 1_000),
            Self::Deployments => (90, 900),
            Self::Releases => (100, 200),
            Self::Strays => (40, 400),
            Self::Incidents => (45, 225),
            Self::Runs => (100, 3_000),
            Self::Retries => (20, 400),
            Self::Attempts => (1, 200),
        }
    }
}

impl RepoState {
    /// Returns whether it was read, and nobody settled whether its past is wanted.
    pub(super) fn is_unasked(&self) -> bool {
        self.read.is_some() && self.past == Past::Open
    }
}

impl State {
    /// Returns what is read next of the past: the repository, how many pages of it were read,
    /// and whether it is asked by GraphQL.
    pub(super) fn next_of_past(&self) -> Option<(&str, u64, bool)> {
        if self.is_by_rest() {
            return None;
        }
        if let Some(at_hand) = &self.backfill {
            let by_graphql = !at_hand.at.part.is_by_rest();
            return Some((&at_hand.path, at_hand.step, by_graphql));
        }
        let (path, _) = self.next_past()?;
        Some((path, 0, true))
    }

    /// Returns of how many repositories the past is read.
    pub(super) fn past_read(&self) -> PastRead {
        if self.anonymous {
            return PastRead::never(
                "there is no token, and GraphQL, by which it is read, needs one",
            );
        }
        if self.is_by_rest() {
            return PastRead::never("the token is refused GraphQL, by which it is read");
        }
        let known = self.repos.values().filter(|repo| repo.misses == 0);
        backfill::count(known.map(|repo| repo.past))
    }

    /// Returns the busiest repository whose past is wanted, and from when on.
    fn next_past(&self) -> Option<(&str, Timestamp)> {
        let wanted = self.repos.values().filter_map(|repo| match repo.past {
            Past::Wanted(from) if repo.misses == 0 && repo.read.is_some() => Some((repo, from)),
            Past::Wanted(_) | Past::Open | Past::Handed | Past::Watched(_) | Past::Lost(_) => None,
        });
        let busiest = wanted.max_by_key(|(repo, _)| repo.changed_at)?;
        Some((busiest.0.path.as_str(), busiest.1))
    }
}

impl GitHub {
    /// Settles whether the past of a repository that was just read is wanted, and notes that
    /// the board watches. Returns since when nothing happened there, where that is found now.
    pub(super) fn look_back(
        &self,
        repo: &mut RepoState,
        path: &str,
        now: Timestamp,
    ) -> Option<(RepoKey, Timestamp)> {
        let days = self.config.past_days;
        if days == 0 {
            return None;
        }
        let (past, quiet) = repo.past.settle(&Seen {
            days,
            now,
            gap: GAP,
            changed_at: repo.changed_at,
            ground: &self.ground,
            key: self.note_key("past", path),
        });
        repo.past = past;
        quiet.map(|since| (self.key(path), since))
    }
}

#[cfg(test)]
mod tests;
