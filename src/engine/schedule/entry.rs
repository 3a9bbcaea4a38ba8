//! One resource in the schedule, and the figures of its tier.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::budget::{Ledger, MINUTE, Purpose};
use crate::sources::{Resource, ResourceId, Tier};

/// How often what runs is asked for while somebody looks at it.
const LIVE: Duration = Duration::from_secs(10);

/// How often a resource that stays urgent is served without a distance.
const URGENT_BURST: u32 = 8;

/// One resource.
#[derive(Debug)]
pub(super) struct Entry {
    pub resource: Resource,
    /// When it is due.
    pub next: Duration,
    /// When it was last asked for.
    pub asked_at: Option<Duration>,
    /// How its last poll ended.
    pub record: Record,
    /// How often it was served in this tier.
    pub served: u32,
    /// Whether a person asked for it.
    pub forced: bool,
    /// What its poll, which is under way, was booked with: the limit and the cost, as they were
    /// when it left.
    pub booked: Option<(&'static str, u32)>,
}

/// How the last poll of a resource ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Record {
    /// There was none.
    Untried,
    /// Well.
    Well,
    /// Not well, so many times in a row.
    Failed(u32),
    /// It waits for something else than its interval: a permission, a pause of the host, a token.
    Held,
    /// It waits, as our share of a limit or this minute's part of it is spent.
    Spent,
}

impl Entry {
    pub(super) fn new(resource: Resource, next: Duration) -> Self {
        Self {
            resource,
            next,
            asked_at: None,
            record: Record::Untried,
            served: 0,
            forced: false,
            booked: None,
        }
    }

    pub(super) fn id(&self) -> ResourceId {
        Arc::clone(&self.resource.id)
    }

    /// Returns whether its poll is under way.
    pub(super) fn in_flight(&self) -> bool {
        self.booked.is_some()
    }

    /// Returns whether its interval alone says when it is due.
    pub(super) fn is_well(&self) -> bool {
        matches!(self.record, Record::Untried | Record::Well)
    }

    /// Returns whether its last poll did not end well.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.record, Record::Failed(_))
    }

    /// Returns whether it is asked for once, not at an interval.
    pub(super) fn is_once(&self) -> bool {
        match self.resource.tier {
            Tier::Now | Tier::Past | Tier::Spare => true,
            Tier::Live | Tier::Hot | Tier::Warm | Tier::Cold | Tier::Rare => false,
        }
    }

    /// Returns whether somebody may wait for it: what history alone reads comes when it comes.
    pub(super) fn is_awaited(&self) -> bool {
        self.resource.tier != Tier::Spare
    }

    /// Returns what it would be asked for; `hurried` says whether somebody waits for history.
    pub(super) fn purpose(&self, hurried: bool) -> Purpose {
        match self.resource.tier {
            _ if self.forced => Purpose::Person,
            Tier::Past | Tier::Spare if hurried => Purpose::Awaited,
            Tier::Past | Tier::Spare => Purpose::Past,
            Tier::Now | Tier::Live | Tier::Hot | Tier::Warm | Tier::Cold | Tier::Rare => {
                Purpose::Polling
            }
        }
    }

    /// Notes one more failure; returns how many there are in a row.
    pub(super) fn fail(&mut self) -> u32 {
        let failures = match self.record {
            Record::Failed(failures) => failures.saturating_add(1),
            Record::Untried | Record::Well | Record::Held | Record::Spent => 1,
        };
        self.record = Record::Failed(failures);
        failures
    }
}

/// How long limits make resources wait: of many, each question is asked once.
pub(super) struct Waits {
    known: Vec<(&'static str, u32, Purpose, Option<Duration>)>,
    /// Whether somebody waits for history.
    hurried: bool,
}

impl Waits {
    pub(super) fn new(hurried: bool) -> Self {
        Self {
            known: Vec::new(),
            hurried,
        }
    }

    /// Returns whether a resource, once it is due, would wait so long that nobody waits for it.
    pub(super) fn are_long(&mut self, ledger: &Ledger, entry: &Entry, now: Duration) -> bool {
        let Resource { bucket, cost, .. } = entry.resource;
        let purpose = entry.purpose(self.hurried);
        let known = self
            .known
            .iter()
            .find(|(b, c, p, _)| (*b, *c, *p) == (bucket, cost, purpose));
        let until = if let Some((.., until)) = known {
            *until
        } else {
            let until = ledger.wait(bucket, cost, purpose, now);
            self.known.push((bucket, cost, purpose, until));
            until
        };
        until.is_some_and(|until| purpose == Purpose::Past || until > now + MINUTE)
    }
}

/// Returns the interval of a tier.
pub(super) fn base(tier: Tier) -> Duration {
    Duration::from_secs(match tier {
        Tier::Now | Tier::Past | Tier::Spare => 1,
        Tier::Hot => 30,
        // Each answer differs while something runs, so that each is charged.
        Tier::Live => 60,
        Tier::Warm => 120,
        Tier::Cold => 600,
        Tier::Rare => 3_600,
    })
}

/// Returns the interval of a resource that somebody looks at.
pub(super) fn looked_at(tier: Tier) -> Duration {
    match tier {
        Tier::Now | Tier::Hot | Tier::Past | Tier::Spare => base(tier),
        Tier::Live => LIVE,
        Tier::Warm | Tier::Cold | Tier::Rare => base(Tier::Hot),
    }
}

/// Returns the pause before an urgent resource that is still named is served again.
pub(super) fn again(served: u32) -> Duration {
    match served.checked_sub(URGENT_BURST) {
        None | Some(0) => Duration::ZERO,
        Some(over) => Duration::from_secs(1 << over.min(5)).min(base(Tier::Hot)),
    }
}

/// Returns whether an identity such as `runs:acme/api` names this repository.
pub(super) fn names(id: &str, repo: &str) -> bool {
    !repo.is_empty()
        && id.match_indices(repo).any(|(at, found)| {
            let before = id.get(..at).and_then(|text| text.chars().next_back());
            let after = id
                .get(at + found.len()..)
                .and_then(|text| text.chars().next());
            let ends = |c: Option<char>| c.is_none_or(|c| matches!(c, ':' | '/' | ' ' | '#'));
            ends(before) && ends(after)
        })
}
