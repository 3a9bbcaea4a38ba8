//! Cards of scopes made again, and put into the place of those before.
//!
//! Scopes are made on two threads: none reads what another makes, and they are taken in
//! their order, so that the result is the same as on one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::correlate::alerts::Homes;
use crate::domain::correlate::cards::{self, Shard};
use crate::domain::correlate::facts::{Facts, Scope};
use crate::domain::correlate::graph::Graph;
use crate::domain::correlate::kept::{Past, Stale};
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::parts::Ground;
use crate::domain::correlate::past_views::Shown;
use crate::domain::correlate::readers::Common;
use crate::domain::correlate::reads::Reads;
use crate::domain::correlate::views::Views;
use crate::domain::correlate::{Changes, Made};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::placement::Clock;
use crate::domain::policy::Policy;
use crate::domain::pool::Pool;

/// What all scopes of one recomputation read.
pub(super) struct Lasting<'a> {
    pub(super) facts: &'a Facts,
    pub(super) homes: &'a Homes<'a>,
    pub(super) policy: &'a Policy,
    pub(super) stale: &'a Stale,
    pub(super) now: Timestamp,
}

/// How many scopes are made before they are taken: what was made again and is as it was is let
/// go by then, so that a board on which little changed costs little memory.
const BATCH: usize = 64;

/// Fewer scopes than this are not worth a second thread.
const FEW: usize = 8;

/// One scope to be made again.
struct Job<'s> {
    scope: &'s Scope,
    old: Made,
    shard: Shard,
}

impl<'s> Job<'s> {
    fn new(scope: &'s Scope, old: Made) -> Self {
        let shard = Shard::default();
        Self { scope, old, shard }
    }

    fn run(
        &mut self,
        ground: &Lasting<'_>,
        items: &HashMap<ItemId, Arc<WorkItem>>,
        shown: Option<Shown<'_>>,
    ) {
        let is_past = ground.facts.is_past();
        let common = Common::of(self.scope).filter(|_| is_past);
        let readers = Some(&self.old.readers).filter(|_| is_past);
        let past = Past {
            scope: self.scope,
            items,
            is_history: is_past,
            touched: readers.and_then(|all| all.of(&ground.stale.marks, common.as_ref())),
            stale: ground.stale,
            now: ground.now,
            kept: std::mem::take(&mut self.old.kept),
            next: 0,
        };
        // What was walked stands as long as the commits do.
        let line = ground.facts.line(self.scope);
        let walked = self.old.walked.take();
        let walked = walked.filter(|(of, _)| Some(*of) == line);
        let walked = walked.map(|(_, graph)| graph);
        let (made, walked) = shard(ground, self.scope, past, (walked, shown));
        self.shard = made;
        self.old.walked = line.zip(walked);
        let shard = &mut self.shard;
        if is_past {
            let made = (shard.kept.as_slice(), shard.made.as_slice());
            let readers = &mut self.old.readers;
            readers.follow(made, &shard.left, common.as_ref());
        }
        shard.remade = shard.items.iter().map(|item| item.id.clone()).collect();
        let is_new = |item: &WorkItem| items.get(&item.id).is_none_or(|old| **old != *item);
        shard.items.retain(is_new);
    }
}

/// New cards on their way into the place of those before.
pub(super) struct Taking<'c> {
    items: &'c mut HashMap<ItemId, Arc<WorkItem>>,
    made: &'c mut BTreeMap<Scope, Made>,
    pool: &'c mut Pool,
    /// Cards of before that their scope does not make any more.
    gone: BTreeSet<ItemId>,
    needs_differ: bool,
    changed: Vec<Arc<WorkItem>>,
    /// All cards that were made, changed or not.
    remade: Vec<ItemId>,
}

impl<'c> Taking<'c> {
    /// Begins with what there is.
    pub(super) fn new(
        items: &'c mut HashMap<ItemId, Arc<WorkItem>>,
        made: &'c mut BTreeMap<Scope, Made>,
        pool: &'c mut Pool,
    ) -> Self {
        Self {
            items,
            made,
            pool,
            gone: BTreeSet::new(),
            needs_differ: false,
            changed: Vec::new(),
            remade: Vec::new(),
        }
    }

    /// Makes what is stale of some scopes again, some at a time.
    pub(super) fn scopes(&mut self, scopes: &BTreeSet<Scope>, ground: &Lasting<'_>) {
        let mut jobs: Vec<Job<'_>> = Vec::with_capacity(BATCH.min(scopes.len()));
        for scope in scopes {
            let old = self.made.remove(scope).unwrap_or_default();
            if ground.facts.has_scope(scope) {
                jobs.push(Job::new(scope, old));
                if jobs.len() == BATCH {
                    self.batch(&mut jobs, ground);
                }
            } else {
                self.let_go(old);
            }
        }
        self.batch(&mut jobs, ground);
    }

    /// Makes what is stale of some scopes again, whose views were kept.
    pub(super) fn scopes_of_past(
        &mut self,
        scopes: &BTreeSet<Scope>,
        ground: &Lasting<'_>,
        shown: Shown<'_>,
    ) {
        for scope in scopes {
            let old = self.made.remove(scope).unwrap_or_default();
            if ground.facts.has_scope(scope) {
                let mut job = Job::new(scope, old);
                job.run(ground, self.items, Some(shown));
                self.take(job.scope, job.shard, job.old);
            } else {
                self.let_go(old);
            }
        }
    }

    /// Lets go what was made of a scope that is no more.
    fn let_go(&mut self, old: Made) {
        self.needs_differ |= !old.needs.is_empty();
        let anchored = old.kept.into_iter().filter_map(|kept| kept.made.id);
        self.gone.extend(anchored.chain(old.loose));
    }

    /// Makes some scopes on two threads, and then takes them one after the other.
    fn batch(&mut self, jobs: &mut Vec<Job<'_>>, ground: &Lasting<'_>) {
        let items: &HashMap<ItemId, Arc<WorkItem>> = self.items;
        let all = |jobs: &mut [Job<'_>]| {
            for job in jobs {
                job.run(ground, items, None);
            }
        };
        if jobs.len() < FEW {
            all(jobs);
        } else {
            let half = jobs.len() / 2;
            let (here, there) = jobs.split_at_mut(half);
            std::thread::scope(|threads| {
                // It ends with the scope, which waits for it.
                let _other = threads.spawn(move || all(there));
                all(here);
            });
        }
        for job in jobs.drain(..) {
            self.take(job.scope, job.shard, job.old);
        }
    }

    fn take(&mut self, scope: &Scope, mut shard: Shard, old: Made) {
        for left in shard.left {
            let Some(id) = left.made.id else { continue };
            let found = shard
                .kept
                .binary_search_by(|kept| kept.anchor.cmp(&left.anchor));
            let now = found.ok().and_then(|at| shard.kept.get(at));
            if now.is_none_or(|kept| kept.made.id.is_none()) {
                self.gone.insert(id);
            }
        }
        let lost = old.loose.iter().filter(|id| !shard.loose.contains(id));
        self.gone.extend(lost.cloned());
        self.remade.append(&mut shard.remade);
        for item in shard.items {
            self.put(item);
        }
        for kept in &mut shard.kept {
            self.pool.share(&mut kept.made.train);
        }
        self.needs_differ |= old.needs != shard.needs;
        let made = Made {
            kept: shard.kept,
            loose: shard.loose,
            needs: shard.needs,
            next: shard.next,
            readers: old.readers,
            walked: old.walked,
        };
        self.made.insert(scope.clone(), made);
    }

    fn put(&mut self, mut item: WorkItem) {
        self.pool.share(&mut item);
        let item = Arc::new(item);
        self.changed.push(Arc::clone(&item));
        match self.items.get_mut(&item.id) {
            Some(old) => *old = item,
            None => drop(self.items.insert(item.id.clone(), item)),
        }
    }

    /// Lets go what was not made again in any scope; tells what changed, and whether needs did.
    pub(super) fn end(self) -> (Changes, bool) {
        let mut changes = Changes {
            changed: self.changed,
            removed: Vec::new(),
        };
        changes.changed.sort_by(|a, b| a.id.cmp(&b.id));
        if !self.gone.is_empty() {
            let remade: HashSet<ItemId> = self.remade.into_iter().collect();
            let gone = self.gone.into_iter().filter(|id| !remade.contains(id));
            changes.removed = gone.collect();
        }
        for id in &changes.removed {
            self.items.remove(id);
        }
        (changes, self.needs_differ)
    }
}

/// Makes the cards of one scope, from its facts and those of the repositories that its tickets name.
/// Returns also the graph of its commits, for the next time.
fn shard(
    lasting: &Lasting<'_>,
    scope: &Scope,
    past: Past<'_>,
    (walked, shown): (Option<Arc<Graph>>, Option<Shown<'_>>),
) -> (Shard, Option<Arc<Graph>>) {
    let Lasting { facts, now, .. } = *lasting;
    let own = Reads::default();
    let reads = shown.map_or(&own, |shown| shown.reads);
    let views = Views::new(facts, scope, lasting.policy, reads).walked(walked);
    let views = views.kept(shown.map(|shown| shown.views));
    let (clock, slow) = (Clock::new(now), Clock::new(now));
    let ground = Ground {
        facts,
        views: &views,
        reads,
        homes: lasting.homes,
        policy: lasting.policy,
        clock: &clock,
        slow: &slow,
        now,
    };
    let made = match scope {
        Some(repo) => views
            .get(repo)
            .map_or_else(Shard::default, |view| cards::of_repo(&ground, view, past)),
        None => cards::of_none(&ground, &Kinds::new(facts.of(&None)), past),
    };
    (made, views.to_keep())
}
