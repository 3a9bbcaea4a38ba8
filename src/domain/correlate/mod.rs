//! Facts to cards: anchors, and the evidence that belongs to them.
//!
//! Works repository by repository, and within one card by card: each remembers what it
//! was made from, and is made again when that was touched or its time has come. Pure and free of order: the same set
//! of facts gives the same cards however it arrived.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::domain::correlate::alerts::Homes;
use crate::domain::correlate::facts::{Facts, Scope};
use crate::domain::correlate::graph::Graph;
use crate::domain::correlate::kept::{Kept, Stale};
use crate::domain::correlate::past_views::Shown;
use crate::domain::correlate::readers::Readers;
use crate::domain::correlate::remake::{Lasting, Taking};
use crate::domain::correlate::view::Known;
use crate::domain::fact::{Fact, FactId};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, RepoKey, Sha, SourceName};
use crate::domain::placement::overrides;
use crate::domain::policy::Policy;
use crate::domain::pool::Pool;
use crate::domain::text::Clean;

#[cfg(test)]
mod across;
mod alerts;
mod bits;
mod card;
mod cards;
mod dirty;
mod entry;
mod evidence;
mod facts;
mod graph;
mod joins;
mod kept;
mod kinds;
mod lanes;
#[cfg(test)]
mod law_facts;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lone;
mod loose;
mod moments;
mod needs;
#[cfg(test)]
mod notices;
mod parts;
mod past_views;
mod place;
mod readers;
mod reads;
mod records;
mod remake;
mod renew;
mod run_lines;
mod settled;
mod stock;
#[cfg(test)]
mod strangers;
mod suspects;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod times_tests;
mod trains;
mod view;
mod views;

pub use trains::group_trains;

pub(in crate::domain) use cards::{cards_of_change, ticket_item as card_of_ticket};
pub(in crate::domain) use past_views::{PastGround, PastViews};

/// One fact, with the source that said it.
#[derive(Clone, Debug)]
pub struct Sourced {
    /// Who said it.
    pub source: SourceName,
    /// What was said.
    pub fact: Arc<Fact>,
}

/// What correlation needs from elsewhere before it can be sure.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Need {
    /// The range between two commits: does the newer contain the change?
    Range {
        /// Where.
        repo: RepoKey,
        /// Older end, exclusive.
        from: Sha,
        /// Newer end, inclusive.
        to: Sha,
    },
    /// The jobs of a run that is red or at work.
    Jobs {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
    },
    /// The files of a change request in a mono-repo.
    Paths {
        /// Where.
        repo: RepoKey,
        /// The change request.
        number: u64,
    },
    /// What became of a change request and when: reviews, first commit, ready for review.
    Times {
        /// Where.
        repo: RepoKey,
        /// The change request.
        number: u64,
    },
    /// The gates of a run that waits.
    Gates {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
    },
    /// The manual jobs of a run that ended without them: somebody has its card open.
    ManualJobs {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
    },
    /// Why a finished job of a red card failed.
    Diagnosis {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
        /// The job.
        job: u64,
    },
    /// The jobs of the earlier attempts of a run.
    Attempts {
        /// Where.
        repo: RepoKey,
        /// The run.
        run: u64,
    },
    /// The last runs of a workflow on a branch, with the times of their jobs where they come
    /// along.
    History {
        /// Where.
        repo: RepoKey,
        /// File of the workflow.
        workflow: Clean,
        /// The branch.
        branch: Clean,
        /// How many runs are wanted.
        runs: u32,
    },
}

/// All cards, kept up to date fact by fact.
#[derive(Debug, Default)]
pub struct Correlator {
    facts: Facts,
    items: HashMap<ItemId, Arc<WorkItem>>,
    made: BTreeMap<Scope, Made>,
    needs: BTreeSet<Need>,
    /// To which repositories alerts belong that name only a service.
    housed: HashMap<RepoKey, BTreeSet<FactId>>,
    /// Whether alerts name a service that several repositories have.
    is_torn: bool,
    refreshed_at: Option<Timestamp>,
    /// Cards that are to be made again in any case.
    asked: HashSet<ItemId>,
    pool: Pool,
}

/// What was made of one scope.
#[derive(Debug, Default)]
struct Made {
    /// The anchors, in their order.
    kept: Vec<Kept>,
    /// Cards that are no anchor's.
    loose: Vec<ItemId>,
    needs: BTreeSet<Need>,
    next: Option<Timestamp>,
    /// Which anchors read what, in the past.
    readers: Readers,
    /// The graph of its commits, and which version of them it is of, where it is kept.
    walked: Option<(u64, Arc<Graph>)>,
}

/// What an update of the correlator changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Cards that are new or differ from before, by identity.
    pub changed: Vec<Arc<WorkItem>>,
    /// Cards that are gone, by identity.
    pub removed: Vec<ItemId>,
}

impl Correlator {
    /// Returns one for the way through the past: it looks often at few repositories, so it keeps
    /// what it walked of their commits; nobody searches its cards, and it asks for little.
    pub fn for_past() -> Self {
        Self {
            facts: Facts::for_past(),
            ..Self::default()
        }
    }

    /// Takes facts in; a fact of the same identity replaces the earlier one.
    ///
    /// Nothing is recomputed until [`Correlator::refresh`].
    pub fn insert(&mut self, fact: Sourced) {
        self.facts.insert(&fact.fact.id(), fact);
    }

    /// Takes a fact in whose identity is known already, as `Fact::id` tells it.
    pub fn insert_as(&mut self, id: &FactId, fact: Sourced) {
        self.facts.insert(id, fact);
    }

    /// Takes a fact out.
    pub fn remove(&mut self, source: &SourceName, id: &FactId) {
        self.facts.remove(source, id);
    }

    /// Recomputes what the facts taken in since the last call, or the clock, may have changed.
    ///
    /// The policy must be the one of the last call; after a change of it, call
    /// [`Correlator::refresh_all`].
    pub fn refresh(&mut self, policy: &Policy, now: Timestamp) -> Changes {
        // A clock that went back may undo what it brought about.
        if self.refreshed_at.is_some_and(|last| now < last) {
            return self.refresh_all(policy, now);
        }
        self.touch_due(now);
        self.recompute((policy, now), overrides::depends_on_clock(policy), None)
    }

    /// The same on the way through the past, where the clock never goes back and views are kept
    /// from one look to the next.
    pub(in crate::domain) fn look(&mut self, views: &mut PastViews<'_>, now: Timestamp) -> Changes {
        self.touch_due(now);
        let policy = views.policy();
        let all = overrides::depends_on_clock(policy);
        self.recompute((policy, now), all, Some(views))
    }

    /// Lets scopes be looked at again of which the clock changes something.
    fn touch_due(&mut self, now: Timestamp) {
        let due: Vec<Scope> = self
            .made
            .iter()
            .filter(|(_, made)| made.next.is_some_and(|next| next <= now))
            .map(|(scope, _)| scope.clone())
            .collect();
        for scope in due {
            self.facts.touch(scope);
        }
    }

    /// Lets the next [`Correlator::refresh`] look at a card again, as after a change of the policy
    /// that concerns this card alone.
    pub fn touch(&mut self, id: &ItemId) {
        let has_it = |made: &Made| {
            let anchored = made.kept.iter().filter_map(|kept| kept.made.id.as_ref());
            anchored.chain(&made.loose).any(|other| other == id)
        };
        let scope = self.made.iter().find(|(_, made)| has_it(made));
        if let Some((scope, _)) = scope {
            self.facts.touch(scope.clone());
            self.asked.insert(id.clone());
        }
    }

    /// Recomputes every card, as after a change of the policy.
    pub fn refresh_all(&mut self, policy: &Policy, now: Timestamp) -> Changes {
        let all: Vec<Scope> = self.facts.scopes().cloned().collect();
        let made = self.made.keys().cloned();
        for scope in all.into_iter().chain(made.collect::<Vec<_>>()) {
            self.facts.touch(scope);
        }
        self.recompute((policy, now), true, None)
    }

    /// Returns every card, finished ones included, in no order.
    pub fn items(&self) -> impl Iterator<Item = &Arc<WorkItem>> {
        self.items.values()
    }

    /// Returns the card of this identity.
    pub fn item(&self, id: &ItemId) -> Option<&Arc<WorkItem>> {
        self.items.get(id)
    }

    /// Returns what would make cards surer.
    pub fn needs(&self) -> &BTreeSet<Need> {
        &self.needs
    }

    /// Returns when the clock alone changes a card next, if it does.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.made.values().filter_map(|made| made.next).min()
    }

    fn recompute(
        &mut self,
        (policy, now): (&Policy, Timestamp),
        all: bool,
        mut views: Option<&mut PastViews<'_>>,
    ) -> Changes {
        self.refreshed_at = Some(now);
        if !self.facts.is_dirty() {
            return Changes::default();
        }
        self.house_alerts(policy);
        let mut dirty = self.facts.take_dirty();
        match &mut views {
            Some(views) => views.follow(&self.facts, &mut dirty),
            None => dirty.mark_lines(),
        }
        let shown = views.as_ref().map(|views| views.shown());
        let stale = Stale {
            all: all || dirty.all,
            marks: dirty.marks,
            ids: std::mem::take(&mut self.asked),
            deployed: dirty.deployed,
            passed: dirty.passed,
        };
        self.remake((&dirty.scopes, &stale), policy, now, shown)
    }

    /// Finds the repositories of alerts that name only a service.
    fn house_alerts(&mut self, policy: &Policy) {
        let is_new = |scope: &&Scope| !self.made.contains_key(*scope);
        let grown = self.facts.scopes().any(|scope| is_new(&scope));
        let shrunk = self.made.keys().any(|scope| !self.facts.has_scope(scope));
        if !self.facts.is_global_dirty() && !grown && !shrunk {
            return;
        }
        let homes = Homes::new(&self.facts, policy);
        let is_torn = !homes.torn.is_empty();
        let housed: HashMap<RepoKey, BTreeSet<FactId>> = homes
            .housed
            .into_iter()
            .map(|(repo, alerts)| (repo, alerts.iter().map(|alert| fact_id(alert)).collect()))
            .collect();
        let both = housed.keys().chain(self.housed.keys());
        let touched: BTreeSet<RepoKey> = both.cloned().collect();
        for repo in touched {
            self.facts.touch_whole(Some(repo));
        }
        if is_torn || self.is_torn || !housed.is_empty() || !self.housed.is_empty() {
            self.facts.touch(None);
        }
        self.is_torn = is_torn;
        self.housed = housed;
    }

    /// Makes what is stale of the scopes that are to be looked at again.
    fn remake(
        &mut self,
        (dirty, stale): (&BTreeSet<Scope>, &Stale),
        policy: &Policy,
        now: Timestamp,
        shown: Option<Shown<'_>>,
    ) -> Changes {
        let homes = Homes::new(&self.facts, policy);
        let ground = Lasting {
            facts: &self.facts,
            homes: &homes,
            policy,
            stale,
            now,
        };
        let mut taking = Taking::new(&mut self.items, &mut self.made, &mut self.pool);
        match shown {
            Some(shown) => taking.scopes_of_past(dirty, &ground, shown),
            None => taking.scopes(dirty, &ground),
        }
        let (changes, needs_differ) = taking.end();
        if needs_differ {
            self.needs = self
                .made
                .values()
                .flat_map(|made| made.needs.iter().cloned())
                .collect();
        }
        changes
    }
}

fn fact_id(alert: &Known<'_, Alert>) -> FactId {
    FactId {
        kind: crate::domain::fact::FactKind::Alert,
        id: alert.id.clone(),
    }
}
