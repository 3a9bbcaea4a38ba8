//! The past of a repository: what happened before the board watched it, read once.
//!
//! One repository at a time, one page a fetch, when nothing else is to be asked. The pages
//! are kept until all of them are there: history gets a repository as a whole. That it was
//! read stands in a note beside its fingerprint, which is renewed while the board watches,
//! so that only a gap is read again. `read` asks for the pages, `by_name` for what no page tells.

mod by_name;
mod names;
mod read;

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;

use super::GitHub;
use super::more::WINDOW_DAYS;
use super::state::{RepoState, State};
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId};
use crate::sources::PastRead;
use crate::sources::http::Stored;

/// For how long the board may have been away: what is older, live lists do not reach.
const GAP: TimeDelta = TimeDelta::days(WINDOW_DAYS);

/// How often the note that the board watches is renewed.
const NOTED: TimeDelta = TimeDelta::days(1);

/// After how long a past that could not be read is tried again.
const AGAIN: TimeDelta = TimeDelta::days(1);

/// How far the past of a repository is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sources::github) enum Past {
    /// It was not looked for what is known of it.
    #[default]
    Open,
    /// It is to be read, from then on.
    Wanted(Timestamp),
    /// It was read, or nothing happened, and the board watches since; when that was noted.
    Watched(Option<Timestamp>),
    /// It could not be read, and when that was.
    Lost(Timestamp),
}

/// A list of the past, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
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
    /// Earlier attempts of runs that were started again, by REST.
    Attempts,
}

impl Part {
    fn next(self) -> Option<Self> {
        match self {
            Self::Changes => Some(Self::Commits),
            Self::Commits => Some(Self::Deployments),
            Self::Deployments => Some(Self::Releases),
            Self::Releases => Some(Self::Strays),
            Self::Strays => Some(Self::Incidents),
            Self::Incidents => Some(Self::Runs),
            Self::Runs => Some(Self::Attempts),
            Self::Attempts => None,
        }
    }

    /// Returns whether it is asked by REST.
    fn is_by_rest(self) -> bool {
        matches!(self, Self::Runs | Self::Attempts)
    }

    /// Returns whether it is no list: each record is asked for by its name.
    fn is_by_name(self) -> bool {
        matches!(self, Self::Strays | Self::Attempts)
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
            Self::Attempts => (1, 200),
        }
    }
}

/// What was read so far of the past of one repository.
#[derive(Debug)]
pub(in crate::sources::github) struct Backfill {
    path: String,
    /// The beginning of what is to be read.
    from: Timestamp,
    at: Place,
    /// How many pages were read: each has an identity of its own.
    step: u64,
    /// Into how many parts a page is divided that was too much at once.
    divided: u32,
    facts: Vec<Fact>,
    /// How many records of the list at hand were read.
    count: usize,
    /// What was asked for by name, of what is at hand.
    asked: HashSet<String>,
    /// From when on it is all there, but for runs.
    since: Timestamp,
    /// The same of runs; nothing where they may not be read.
    runs_since: Option<Timestamp>,
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    part: Part,
    /// The cursor, or of runs the number of the page.
    after: Option<String>,
}

impl Place {
    const FIRST: Self = Self {
        part: Part::Changes,
        after: None,
    };
}

/// What a page told.
#[derive(Debug, Default)]
pub(super) struct Told {
    facts: Vec<Fact>,
    /// How many records it had, told or not.
    count: usize,
    /// The moment of its last record, by which the list is in order.
    last: Option<Timestamp>,
    /// Where the next page begins.
    next: Option<String>,
}

impl Backfill {
    fn new(path: &str, from: Timestamp) -> Self {
        Self {
            path: path.to_owned(),
            from,
            at: Place::FIRST,
            step: 0,
            divided: 1,
            facts: Vec::new(),
            count: 0,
            asked: HashSet::new(),
            since: from,
            runs_since: Some(from),
        }
    }

    /// Takes in a page; returns whether it was the last one of all.
    fn take(&mut self, told: Told) -> bool {
        let (_, most) = self.at.part.size();
        self.step += 1;
        self.count += told.count;
        self.facts.extend(told.facts);
        if self.at.part.is_by_name() {
            return self.names().is_empty() && self.go_on();
        }
        let further = told.last.is_none_or(|last| last >= self.from) && told.count > 0;
        let next = told
            .next
            .filter(|next| further && self.at.after.as_ref() != Some(next));
        if next.is_some() && self.count < most {
            self.at.after = next;
            return false;
        }
        if next.is_some()
            && let Some(last) = told.last
        {
            // There is more, and it is not read.
            match (self.at.part, &mut self.runs_since) {
                (Part::Runs, Some(since)) => *since = last.max(*since),
                _ => self.since = last.max(self.since),
            }
        }
        self.go_on()
    }

    /// Goes on to the next list; returns whether there is none.
    fn go_on(&mut self) -> bool {
        loop {
            self.count = 0;
            self.divided = 1;
            self.asked.clear();
            let Some(part) = self.at.part.next() else {
                return true;
            };
            self.at = Place { part, after: None };
            if !part.is_by_name() || !self.names().is_empty() {
                return false;
            }
        }
    }

    /// Returns each fact once; of what was told twice the later word holds, which is the fuller.
    fn facts(self) -> Vec<Fact> {
        let mut places: HashMap<FactId, usize> = HashMap::new();
        let mut facts: Vec<Fact> = Vec::with_capacity(self.facts.len());
        for fact in self.facts {
            let id = fact.id();
            if let Some(told) = places.get(&id).and_then(|at| facts.get_mut(*at)) {
                *told = fact;
            } else {
                places.insert(id, facts.len());
                facts.push(fact);
            }
        }
        facts
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
        let known = self.repos.values().filter(|repo| repo.misses == 0);
        known.fold(PastRead::default(), |told, repo| match repo.past {
            Past::Open => told,
            Past::Watched(_) => PastRead {
                read: told.read + 1,
                of: told.of + 1,
            },
            Past::Wanted(_) | Past::Lost(_) => PastRead {
                of: told.of + 1,
                ..told
            },
        })
    }

    /// Returns the busiest repository whose past is wanted, and from when on.
    fn next_past(&self) -> Option<(&str, Timestamp)> {
        let wanted = self.repos.values().filter_map(|repo| match repo.past {
            Past::Wanted(from) if repo.misses == 0 && repo.read.is_some() => Some((repo, from)),
            Past::Wanted(_) | Past::Open | Past::Watched(_) | Past::Lost(_) => None,
        });
        let busiest = wanted.max_by_key(|(repo, _)| repo.changed_at)?;
        Some((busiest.0.path.as_str(), busiest.1))
    }
}

impl GitHub {
    /// Settles whether the past of a repository that was just read is wanted, and notes that
    /// the board watches.
    pub(super) fn look_back(&self, repo: &mut RepoState, path: &str, now: Timestamp) {
        let days = self.config.past_days;
        if days == 0 {
            return;
        }
        repo.past = match repo.past {
            Past::Open => self.open_past(repo, path, days, now),
            Past::Watched(Some(noted)) if now - noted > GAP => Past::Wanted(noted),
            Past::Watched(noted) if noted.is_none_or(|at| now - at >= NOTED) => {
                self.note_past(path, days, now);
                Past::Watched(Some(now))
            }
            Past::Lost(at) if now - at >= AGAIN => Past::Open,
            known @ (Past::Wanted(_) | Past::Watched(_) | Past::Lost(_)) => known,
        };
    }

    fn open_past(&self, repo: &RepoState, path: &str, days: u32, now: Timestamp) -> Past {
        let first = now - TimeDelta::days(i64::from(days));
        let from = match self.noted_past(path).filter(|(_, told)| *told >= days) {
            Some((noted, _)) if now - noted <= GAP => return Past::Watched(Some(noted)),
            Some((noted, _)) => noted.max(first),
            None => first,
        };
        // Where nothing happened since, there is nothing to read.
        if repo.changed_at.is_none_or(|at| at < from) {
            return Past::Watched(None);
        }
        Past::Wanted(from)
    }

    /// Returns until when the board watched a repository, and of how many days its past was read.
    fn noted_past(&self, path: &str) -> Option<(Timestamp, u32)> {
        let key = self.note_key("past", path);
        let stored = self.ground.validators.get(&key)?;
        let (at, days) = stored.etag.split_once(':')?;
        let at = chrono::DateTime::from_timestamp(at.parse().ok()?, 0)?;
        Some((at, days.parse().ok()?))
    }

    fn note_past(&self, path: &str, days: u32, now: Timestamp) {
        let stored = Stored {
            etag: format!("{}:{days}", now.timestamp()),
            next: None,
            body: Vec::new().into(),
        };
        let key = self.note_key("past", path);
        self.ground.validators.put(&key, stored);
    }
}

#[cfg(test)]
mod tests;
