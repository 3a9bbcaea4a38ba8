//! The past of repositories, read once each and told as a whole: what is next, how far it reaches.
//!
//! What adapters share of it, and pure but for notes: which repository is at hand, which list of
//! it, which page, and what was read so far. That a past was read stands in a note, which is renewed
//! while the board watches, so that only a gap is read again. How a page is asked is the
//! adapter's.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::TimeDelta;

use super::http::{Ground, Stored, ValidatorKey};
use super::port::Port;
use super::untold::Untold;
use super::{PastRead, SourceError};
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId};
use crate::domain::key::RepoKey;

/// How often the note that the board watches is renewed.
const NOTED: TimeDelta = TimeDelta::days(1);

/// How long it may have taken until a past was read and told.
const WHILE_READ: TimeDelta = TimeDelta::hours(6);

/// After how long a past that could not be read is tried again.
const AGAIN: TimeDelta = TimeDelta::days(1);

/// Returns what the note of a repository's past stands under: the account, as the rows do.
pub(super) fn note_key(port: &Port, repo: &RepoKey) -> ValidatorKey {
    ValidatorKey {
        source: port.name().clone(),
        credential: port.credential(),
        url: format!("past:{}", repo.as_str().to_ascii_lowercase()),
    }
}

/// How far the past of a repository is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Past {
    /// It was not looked for what is known of it.
    #[default]
    Open,
    /// It is to be read, from then on.
    Wanted(Timestamp),
    /// It was read and handed over, or nothing happened; history does not have it yet. What is not
    /// kept there is not noted, so that a restart reads it again.
    Handed,
    /// History has it, and the board watches since; when that was noted.
    Watched(Option<Timestamp>),
    /// It could not be read, and when that was.
    Lost(Timestamp),
}

/// What settles whether the past of a repository is wanted.
pub(super) struct Seen<'a> {
    /// How many days of it are wanted.
    pub(super) days: u32,
    /// The current time.
    pub(super) now: Timestamp,
    /// For how long the board may have been away: what is older, live lists do not reach.
    pub(super) gap: TimeDelta,
    /// When something last happened there.
    pub(super) changed_at: Option<Timestamp>,
    /// Where notes are kept.
    pub(super) ground: &'a Ground,
    /// Under what the note of this repository stands.
    pub(super) key: ValidatorKey,
}

impl Past {
    /// Settles whether the past of a repository that was just read is wanted, and notes that the
    /// board watches. Returns also since when nothing happened there, where that is found now.
    pub(super) fn settle(self, seen: &Seen<'_>) -> (Self, Option<Timestamp>) {
        let now = seen.now;
        let settled = match self {
            Self::Open => seen.open(),
            Self::Watched(Some(noted)) if now - noted > seen.gap => Self::Wanted(noted),
            Self::Watched(noted) if noted.is_none_or(|at| now - at >= NOTED) => {
                seen.note();
                Self::Watched(Some(now))
            }
            Self::Lost(at) if now - at >= AGAIN => Self::Open,
            known @ (Self::Wanted(_) | Self::Handed | Self::Watched(_) | Self::Lost(_)) => known,
        };
        let is_quiet = self == Self::Open && settled == Self::Handed;
        (settled, is_quiet.then(|| seen.first()))
    }

    /// Takes in that history has what was handed over; returns whether that is to be noted.
    pub(super) fn kept(&mut self) -> bool {
        let is_new = *self == Self::Handed;
        *self = if is_new { Self::Watched(None) } else { *self };
        is_new
    }
}

impl Seen<'_> {
    /// Returns since when the past is wanted at all.
    fn first(&self) -> Timestamp {
        self.now - TimeDelta::days(i64::from(self.days))
    }

    fn open(&self) -> Past {
        let first = self.first();
        let from = match self.noted().filter(|(_, told)| *told >= self.days) {
            Some((noted, _)) if self.now - noted <= self.gap => {
                return Past::Watched(Some(noted));
            }
            Some((noted, _)) => noted.max(first),
            None => first,
        };
        // Where nothing happened since, there is nothing to read.
        if self.changed_at.is_none_or(|at| at < from) {
            return Past::Handed;
        }
        Past::Wanted(from)
    }

    /// Returns until when the board watched, and of how many days the past was read.
    fn noted(&self) -> Option<(Timestamp, u32)> {
        let stored = self.ground.validators.get(&self.key)?;
        let (at, days) = stored.etag.split_once(':')?;
        let at = chrono::DateTime::from_timestamp(at.parse().ok()?, 0)?;
        Some((at, days.parse().ok()?))
    }

    fn note(&self) {
        note(self.ground, &self.key, self.days, self.now);
    }
}

/// Notes that history has a past, for whoever starts next: this program may end before it looks
/// there again. What happened while it was read and told is read again then.
pub(super) fn note_kept(ground: &Ground, key: &ValidatorKey, days: u32) {
    note(ground, key, days, (ground.clock)() - WHILE_READ);
}

fn note(ground: &Ground, key: &ValidatorKey, days: u32, watched_to: Timestamp) {
    let stored = Stored {
        etag: format!("{}:{days}", watched_to.timestamp()),
        next: None,
        body: Vec::new().into(),
    };
    ground.validators.put(key, stored);
}

/// A list of the past; lists are read one after another.
pub(super) trait Part: Copy + PartialEq + Sized + 'static {
    /// The list that is read first.
    const FIRST: Self;

    /// Returns the list after this one.
    fn next(self) -> Option<Self>;

    /// Returns how many records of it are read at most.
    fn most(self) -> usize;

    /// Returns what is not all there where more is there than is read.
    fn holds(self) -> Holds;

    /// Returns what is asked for next where the list at hand is none, but each record is asked
    /// for by its name; it is over when no name is left.
    fn names(_so_far: &Backfill<Self>) -> Option<Vec<String>> {
        None
    }
}

/// The one list that a CI system has: builds that are over, the newest first; so many of them are
/// read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Builds<const MOST: usize>;

impl<const MOST: usize> Part for Builds<MOST> {
    const FIRST: Self = Self;

    fn next(self) -> Option<Self> {
        None
    }

    fn most(self) -> usize {
        MOST
    }

    fn holds(self) -> Holds {
        Holds::Runs
    }
}

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Work, or what became of it.
    Work,
    /// Runs, which count for themselves.
    Runs,
    /// More of what another list tells: nothing is missing without.
    Details,
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<P> {
    /// Of which list.
    pub(super) part: P,
    /// The cursor, the number or the address of the page, as the adapter writes it.
    pub(super) after: Option<String>,
}

/// What a page told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What is now known.
    pub(super) facts: Vec<Fact>,
    /// How many records it had, told or not.
    pub(super) count: usize,
    /// The moment of its last record, by which the list is in order.
    pub(super) last: Option<Timestamp>,
    /// Where the next page begins.
    pub(super) next: Option<String>,
}

/// What was read so far of the past of one repository.
#[derive(Debug)]
pub(super) struct Backfill<P> {
    /// Which repository.
    pub(super) path: String,
    /// The beginning of what is to be read.
    pub(super) from: Timestamp,
    /// Where the next page is.
    pub(super) at: Place<P>,
    /// How many pages were read: each has an identity of its own.
    pub(super) step: u64,
    /// Into how many parts a page is divided that was too much at once.
    pub(super) divided: u32,
    /// What is known so far.
    pub(super) facts: Vec<Fact>,
    /// How many records of the list at hand were read.
    count: usize,
    /// What was asked for by name, of what is at hand.
    pub(super) asked: HashSet<String>,
    /// From when on it is all there, but for runs; nothing where that cannot be told.
    pub(super) since: Option<Timestamp>,
    /// The same of runs; nothing where they may not be read.
    pub(super) runs_since: Option<Timestamp>,
}

impl<P: Part> Backfill<P> {
    /// Begins with a repository.
    pub(super) fn new(path: &str, from: Timestamp) -> Self {
        Self {
            path: path.to_owned(),
            from,
            at: Place {
                part: P::FIRST,
                after: None,
            },
            step: 0,
            divided: 1,
            facts: Vec::new(),
            count: 0,
            asked: HashSet::new(),
            since: Some(from),
            runs_since: Some(from),
        }
    }

    /// Takes in a page, or that its list may not be read; returns whether it was the last of all.
    pub(super) fn take(&mut self, told: Option<Told>) -> bool {
        self.step += 1;
        let Some(told) = told else {
            let is_of_runs = self.at.part.holds() == Holds::Runs;
            self.runs_since = self.runs_since.filter(|_| !is_of_runs);
            return self.go_on();
        };
        self.count += told.count;
        self.facts.extend(told.facts);
        if let Some(names) = P::names(self) {
            return names.is_empty() && self.go_on();
        }
        let further = told.last.is_none_or(|last| last >= self.from) && told.count > 0;
        let next = told
            .next
            .filter(|next| further && self.at.after.as_ref() != Some(next));
        if next.is_some() && self.count < self.at.part.most() {
            self.at.after = next;
            return false;
        }
        if next.is_some() {
            // There is more, and it is not read; in no order of time nobody knows what that is.
            let later = |since: Option<Timestamp>| Some(since?.max(told.last?));
            match self.at.part.holds() {
                Holds::Runs => self.runs_since = later(self.runs_since),
                Holds::Work => self.since = later(self.since),
                Holds::Details => {}
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
            if P::names(self).is_none_or(|names| !names.is_empty()) {
                return false;
            }
        }
    }

    /// Returns each fact once; of what was told twice the later word holds, which is the fuller.
    ///
    /// Where it cannot be told how far it reaches, runs alone are told, which count for themselves.
    pub(super) fn facts(mut self) -> Vec<Fact> {
        if self.since.is_none() {
            self.facts.retain(|fact| matches!(fact, Fact::Run(_)));
        }
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

/// One page that is to be read.
#[derive(Debug, Clone)]
pub(super) struct Page<P> {
    /// Of which repository.
    pub(super) path: String,
    /// The beginning of what is to be read.
    pub(super) from: Timestamp,
    /// Where it is.
    pub(super) at: Place<P>,
    /// Which it is.
    pub(super) step: u64,
}

/// The pasts of all repositories of a source, by path in lower case; one is read at a time.
#[derive(Debug)]
pub(super) struct Pasts<P> {
    known: BTreeMap<String, Past>,
    at_hand: Option<Backfill<P>>,
    failed: Untold,
}

impl<P> Default for Pasts<P> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            at_hand: None,
            failed: Untold::default(),
        }
    }
}

impl<P: Part> Pasts<P> {
    /// Settles whether the past of a repository that was just read is wanted. Returns since when
    /// nothing happened there, where that is found now.
    pub(super) fn settle(&mut self, path: &str, seen: &Seen<'_>) -> Option<Timestamp> {
        if seen.days == 0 {
            return None;
        }
        let past = self.known.entry(path.to_owned()).or_default();
        let (settled, quiet) = past.settle(seen);
        *past = settled;
        quiet
    }

    /// Forgets repositories that are not there any more.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.known.retain(|path, _| is_there(path));
        self.at_hand
            .take_if(|at_hand| !self.known.contains_key(&at_hand.path));
    }

    /// Returns the page that is next, of the repository in which something happened last.
    pub(super) fn next(&self, changed_at: impl Fn(&str) -> Option<Timestamp>) -> Option<Page<P>> {
        if let Some(at_hand) = &self.at_hand {
            return Some(Page {
                path: at_hand.path.clone(),
                from: at_hand.from,
                at: at_hand.at.clone(),
                step: at_hand.step,
            });
        }
        let wanted = self.known.iter().filter_map(|(path, past)| match past {
            Past::Wanted(from) => Some((path, *from)),
            Past::Open | Past::Handed | Past::Watched(_) | Past::Lost(_) => None,
        });
        let (path, from) = wanted.max_by_key(|(path, _)| changed_at(path))?;
        Some(Page {
            path: path.clone(),
            from,
            at: Place {
                part: P::FIRST,
                after: None,
            },
            step: 0,
        })
    }

    /// Returns what was read so far, where that is of a page's repository.
    pub(super) fn at_hand(&self, page: &Page<P>) -> Option<&Backfill<P>> {
        let at_hand = self.at_hand.as_ref();
        at_hand.filter(|it| it.path == page.path && it.step == page.step)
    }

    /// Takes in a page, or that its list may not be read; returns all that was read of the
    /// repository with the last one.
    pub(super) fn take(&mut self, page: &Page<P>, told: Option<Told>) -> Option<Backfill<P>> {
        if page.step == 0 && self.at_hand.is_none() {
            self.at_hand = Some(Backfill::new(&page.path, page.from));
        }
        let fits = |it: &&mut Backfill<P>| it.path == page.path && it.step == page.step;
        if !self.at_hand.as_mut().filter(fits)?.take(told) {
            return None;
        }
        self.known.insert(page.path.clone(), Past::Handed);
        self.at_hand.take()
    }

    /// Takes in that a page was not read; returns whether its repository is given up for now.
    pub(super) fn fail(&mut self, page: &Page<P>, error: &SourceError, now: Timestamp) -> bool {
        let is_lost = self.failed.is_lost((&page.path, page.step), error);
        if is_lost {
            self.lose(page, now);
        }
        is_lost
    }

    /// Takes in that history has the past of a repository; returns whether that is to be noted.
    pub(super) fn kept(&mut self, path: &str) -> bool {
        self.known.get_mut(path).is_some_and(Past::kept)
    }

    /// Gives up a repository whose past cannot be read, for now.
    pub(super) fn lose(&mut self, page: &Page<P>, now: Timestamp) {
        self.at_hand.take_if(|it| it.path == page.path);
        self.known.insert(page.path.clone(), Past::Lost(now));
    }

    /// Returns of how many repositories the past is read.
    pub(super) fn read(&self) -> PastRead {
        count(self.known.values().copied())
    }
}

/// Returns of how many repositories the past is read.
pub(super) fn count(all: impl Iterator<Item = Past>) -> PastRead {
    all.fold(PastRead::default(), |told, past| match past {
        Past::Open => told,
        Past::Handed | Past::Watched(_) => PastRead {
            read: told.read + 1,
            of: told.of + 1,
            ..told
        },
        Past::Wanted(_) => PastRead {
            of: told.of + 1,
            ..told
        },
        Past::Lost(_) => PastRead {
            of: told.of + 1,
            lost: told.lost + 1,
            ..told
        },
    })
}

#[cfg(test)]
#[path = "backfill_tests.rs"]
mod tests;
