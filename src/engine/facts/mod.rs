//! The facts of one source: what is known, in which listings, since when.
//!
//! Decides what a batch changes and what it removes. Knows no card and no
//! other source.

mod part;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::SourceName;
use crate::domain::pool::Pool;
use crate::domain::text::Clean;
use crate::engine::update::{LoadedFact, LoadedListing, Write};
use crate::sources::{Batch, Listing};

/// How old the stored day of last sight may get before it is written again.
const SEEN_STEP: TimeDelta = TimeDelta::hours(24);

/// How long an alert that is over is kept: as long as what went live is watched.
const OVER: TimeDelta = TimeDelta::days(7);

/// How many of those are kept.
const MOST_OVER: usize = 1_000;

/// What one source said, as of now.
#[derive(Debug, Default)]
pub struct SourceFacts {
    known: HashMap<FactId, Known>,
    listings: HashMap<Clean, Held>,
    kinds: HashMap<FactKind, usize>,
    /// What lists that were read in part did not tell, by list.
    open: HashMap<Clean, BTreeSet<FactId>>,
    pool: Pool,
}

#[derive(Debug)]
struct Known {
    fact: Arc<Fact>,
    order: u64,
    changed_at: Timestamp,
    seen_at: Timestamp,
    stored_seen_at: Timestamp,
}

#[derive(Debug)]
struct Held {
    at: Timestamp,
    order: u64,
    members: BTreeSet<FactId>,
}

/// Which answer is taken in.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Who gave it.
    pub source: &'a SourceName,
    /// When it was asked for.
    pub at: Timestamp,
    /// Counts the polls: of two answers, the one that was asked for later holds.
    pub order: u64,
}

/// What correlation and the database must be told.
#[derive(Debug, Default)]
pub struct Delta {
    /// Facts that are new or differ.
    pub insert: Vec<(FactId, Arc<Fact>)>,
    /// Facts that are gone.
    pub remove: Vec<FactId>,
    /// What to write.
    pub writes: Vec<Write>,
}

impl SourceFacts {
    /// Takes in what a poll returned.
    pub fn take(&mut self, answer: Answer<'_>, batch: Batch) -> Delta {
        let mut delta = Delta::default();
        let lists = !batch.listings.is_empty() || !batch.partial.is_empty();
        let mut reported = HashSet::with_capacity(if lists { batch.facts.len() } else { 0 });
        for fact in batch.facts {
            let id = fact.id();
            if lists {
                reported.insert(id.clone());
            }
            self.put(answer, id, fact, &mut delta);
        }
        for listing in batch.listings {
            self.list(answer, listing, &reported, &mut delta);
        }
        for part in batch.partial {
            self.list_part(answer, part, &reported, &mut delta);
        }
        let in_gone_repos = self.known.iter().filter(|(_, known)| {
            let repo = known.fact.repo();
            repo.is_some_and(|repo| batch.gone_repos.contains(repo))
        });
        let mut gone = batch.gone;
        if !batch.gone_repos.is_empty() {
            gone.extend(in_gone_repos.map(|(id, _)| id.clone()));
        }
        for id in gone {
            self.drop_fact(answer.source, id, &mut delta);
        }
        delta
    }

    fn put(&mut self, answer: Answer<'_>, mut id: FactId, mut fact: Fact, delta: &mut Delta) {
        let Answer { source, at, order } = answer;
        let fact = match self.known.get_mut(&id) {
            Some(known) if known.order > order => return,
            Some(known) if *known.fact == fact => {
                known.order = order;
                known.seen_at = at;
                if at - known.stored_seen_at > SEEN_STEP {
                    known.stored_seen_at = at;
                    delta.writes.push(Write::Seen {
                        source: source.clone(),
                        id,
                        seen_at: at,
                    });
                }
                return;
            }
            Some(_) | None => {
                self.pool.share(&mut fact);
                Arc::new(fact)
            }
        };
        if let Some((same, _)) = self.known.get_key_value(&id) {
            id = same.clone();
        }
        delta.writes.push(Write::Fact {
            source: source.clone(),
            id: id.clone(),
            fact: Arc::clone(&fact),
            seen_at: at,
        });
        delta.insert.push((id.clone(), Arc::clone(&fact)));
        let known = Known {
            fact,
            order,
            changed_at: at,
            seen_at: at,
            stored_seen_at: at,
        };
        self.insert(id, known);
    }

    fn insert(&mut self, id: FactId, known: Known) {
        let kind = id.kind;
        if self.known.insert(id, known).is_none() {
            *self.kinds.entry(kind).or_default() += 1;
        }
    }

    /// A complete listing removes what left it, unless that was said again, changed since the
    /// earlier listing was read (a ticket that was closed), or is a member of another listing.
    fn list(
        &mut self,
        answer: Answer<'_>,
        mut listing: Listing,
        reported: &HashSet<FactId>,
        delta: &mut Delta,
    ) {
        let Answer { at, order, source } = answer;
        let before = match self.listings.get(&listing.name) {
            Some(held) if held.order > order => return,
            Some(held) => Some((held.at, held.members.clone())),
            None => None,
        };
        let was_open = self.open.remove(&listing.name).is_some();
        listing.members = self.known_ids(listing.members);
        let differs = before
            .as_ref()
            .is_none_or(|(_, members)| *members != listing.members);
        if differs || was_open {
            delta.writes.push(Write::Listing(LoadedListing {
                source: source.clone(),
                name: listing.name.clone(),
                at,
                members: listing.members.clone(),
                open: BTreeMap::new(),
            }));
        }
        let held = Held {
            at,
            order,
            members: listing.members,
        };
        self.listings.insert(listing.name, held);
        let Some((read_at, members)) = before.filter(|_| differs) else {
            return;
        };
        for id in members {
            let listed = || {
                self.listings
                    .values()
                    .any(|held| held.members.contains(&id))
            };
            let changed = || {
                self.known
                    .get(&id)
                    .is_some_and(|known| known.changed_at > read_at)
            };
            if !reported.contains(&id) && !changed() && !listed() {
                self.leave(answer, id, delta);
            }
        }
    }

    /// What left a listing goes, but for an alert: that is over, and is kept to be seen.
    fn leave(&mut self, answer: Answer<'_>, id: FactId, delta: &mut Delta) {
        let known = self.known.get(&id).map(|known| known.fact.as_ref());
        let Some(Fact::Alert(alert)) = known else {
            self.drop_fact(answer.source, id, delta);
            return;
        };
        if alert.state == AlertState::Resolved && alert.ended_at.is_some() {
            return;
        }
        let over = Alert {
            state: AlertState::Resolved,
            // When it was missed first: its source does not say when it ended.
            ended_at: Some(answer.at.max(alert.started_at)),
            ..alert.clone()
        };
        self.put(answer, id, Fact::Alert(over), delta);
    }

    fn drop_fact(&mut self, source: &SourceName, id: FactId, delta: &mut Delta) {
        if self.forget(&id) {
            delta.writes.push(Write::Gone {
                source: source.clone(),
                id: id.clone(),
            });
            delta.remove.push(id);
        }
    }

    fn forget(&mut self, id: &FactId) -> bool {
        let was_there = self.known.remove(id).is_some();
        if was_there && let Some(count) = self.kinds.get_mut(&id.kind) {
            *count = count.saturating_sub(1);
        }
        was_there
    }

    /// Takes in one fact from the database; what a poll said meanwhile holds.
    pub fn load(&mut self, loaded: LoadedFact, followed: bool) -> Option<(FactId, Arc<Fact>)> {
        let id = loaded.id;
        let held = self.known.get(&id);
        if held.is_some_and(|known| !followed || known.fact == loaded.fact) {
            return None;
        }
        let known = Known {
            fact: Arc::clone(&loaded.fact),
            order: 0,
            changed_at: loaded.seen_at,
            seen_at: loaded.seen_at,
            stored_seen_at: loaded.seen_at,
        };
        self.insert(id.clone(), known);
        Some((id, loaded.fact))
    }

    /// Returns the same identities, with the letters that the facts have already.
    fn known_ids(&self, members: BTreeSet<FactId>) -> BTreeSet<FactId> {
        let same = |id: FactId| match self.known.get_key_value(&id) {
            Some((known, _)) => known.clone(),
            None => id,
        };
        members.into_iter().map(same).collect()
    }

    /// Takes in one listing from the database.
    pub fn load_listing(&mut self, listing: LoadedListing, followed: bool) {
        if followed || !self.listings.contains_key(&listing.name) {
            self.load_open(&listing.name, listing.open);
            let held = Held {
                at: listing.at,
                order: 0,
                members: self.known_ids(listing.members),
            };
            self.listings.insert(listing.name, held);
        }
    }

    /// Takes out all facts but these; returns which those were.
    pub fn retain(&mut self, facts: &[LoadedFact]) -> Vec<FactId> {
        let stay: HashSet<FactId> = facts.iter().map(|row| row.id.clone()).collect();
        let gone: Vec<FactId> = self
            .known
            .keys()
            .filter(|id| !stay.contains(*id))
            .cloned()
            .collect();
        for id in &gone {
            self.forget(id);
        }
        gone
    }

    /// Takes out everything; returns which facts those were.
    pub fn clear(&mut self) -> Vec<FactId> {
        self.listings.clear();
        self.open.clear();
        self.retain(&[])
    }

    /// Takes out one fact that another program removed; tells whether it was there.
    pub fn load_gone(&mut self, id: &FactId) -> bool {
        self.forget(id)
    }

    /// Removes what was not seen since `limit`, is in no listing and is no cornerstone; and alerts
    /// that are over since `OVER` or are too many.
    ///
    /// Repositories, environments, the newest release of a repository and the newest deployment
    /// of an environment stay however old they are: they tell what is live.
    pub fn prune(&mut self, source: &SourceName, limit: Timestamp, now: Timestamp) -> Delta {
        let listed: HashSet<&FactId> = self
            .listings
            .values()
            .flat_map(|held| held.members.iter())
            .filter(|id| !self.open.values().any(|open| open.contains(id)))
            .collect();
        let newest = self.newest();
        let over = self.long_over(now);
        let old: Vec<FactId> = self
            .known
            .iter()
            .filter(|(id, known)| {
                (known.seen_at < limit || over.contains(id))
                    && !matches!(id.kind, FactKind::Repository | FactKind::Environment)
                    && !listed.contains(id)
                    && !newest.contains(id)
            })
            .map(|(id, _)| id.clone())
            .collect();
        let mut delta = Delta::default();
        for id in old {
            self.drop_fact(source, id, &mut delta);
        }
        delta
    }

    /// Alerts that are over for so long that they explain nothing, and the oldest of too many.
    fn long_over(&self, now: Timestamp) -> HashSet<FactId> {
        let ended = |known: &Known| {
            let Fact::Alert(alert) = known.fact.as_ref() else {
                return None;
            };
            (alert.state == AlertState::Resolved).then_some(known.changed_at)
        };
        let all = self.known.iter();
        let mut over: Vec<(Timestamp, &FactId)> = all
            .filter_map(|(id, known)| Some((ended(known)?, id)))
            .collect();
        over.sort_unstable_by(|a, b| b.cmp(a));
        let past = over.into_iter().enumerate();
        past.filter(|(at, (ended, _))| *at >= MOST_OVER || now - *ended > OVER)
            .map(|(_, (_, id))| id.clone())
            .collect()
    }

    fn newest(&self) -> HashSet<FactId> {
        let mut newest: HashMap<String, (Timestamp, &FactId)> = HashMap::new();
        for (id, known) in &self.known {
            let (place, at) = match known.fact.as_ref() {
                Fact::Release(release) => (
                    format!("release {}", release.repo.as_str()),
                    release.created_at,
                ),
                Fact::Deployment(deployment) => (
                    format!(
                        "deployment {} {} {} {:?}",
                        deployment.repo.as_str(),
                        deployment.environment,
                        deployment.task,
                        deployment.state
                    ),
                    deployment.created_at,
                ),
                Fact::Repository(_)
                | Fact::Commit(_)
                | Fact::Range(_)
                | Fact::Ticket(_)
                | Fact::ChangeRequest(_)
                | Fact::ChangedPaths(_)
                | Fact::ChangeTimes(_)
                | Fact::Run(_)
                | Fact::JobSet(_)
                | Fact::EarlierJobs(_)
                | Fact::Diagnosis(_)
                | Fact::GateSet(_)
                | Fact::Environment(_)
                | Fact::Alert(_)
                | Fact::Finding(_) => continue,
            };
            let best = newest.entry(place).or_insert((at, id));
            if at > best.0 {
                *best = (at, id);
            }
        }
        newest.into_values().map(|(_, id)| id.clone()).collect()
    }

    /// Returns how many facts are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Returns whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Returns one fact.
    pub fn get(&self, id: &FactId) -> Option<&Fact> {
        self.known.get(id).map(|known| known.fact.as_ref())
    }

    /// Returns whether a fact of this kind is known.
    pub fn has(&self, kind: FactKind) -> bool {
        self.kinds.get(&kind).is_some_and(|count| *count > 0)
    }

    /// Returns all facts, as a source wants to hear them after a start.
    pub fn all(&self) -> Vec<Arc<Fact>> {
        self.known
            .values()
            .map(|known| Arc::clone(&known.fact))
            .collect()
    }

    /// Returns everything as writes, for a database that lost what it had.
    pub fn dump(&self, source: &SourceName) -> Vec<Write> {
        let facts = self.known.iter().map(|(id, known)| Write::Fact {
            source: source.clone(),
            id: id.clone(),
            fact: Arc::clone(&known.fact),
            seen_at: known.seen_at,
        });
        let listings = self.listings.iter().map(|(name, held)| {
            Write::Listing(LoadedListing {
                source: source.clone(),
                name: name.clone(),
                at: held.at,
                members: held.members.clone(),
                open: self.open_of(name),
            })
        });
        facts.chain(listings).collect()
    }
}
