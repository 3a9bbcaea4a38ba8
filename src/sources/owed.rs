//! What a fetch read before it broke off: the next one tells it.
//!
//! What a source remembers moves on while a fetch reads, so that nothing of it would be told
//! again: neither trouble nor the end of its time may lose it. Facts, and what is gone; lists are
//! read again. As the store does, it lets the answer hold that was asked for later.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Batch;
use crate::domain::fact::{Fact, FactId};

/// What one source still has to tell.
#[derive(Debug, Default)]
pub(super) struct Owed(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The number of the next fetch.
    next: u64,
    /// Fetches under way.
    open: BTreeSet<u64>,
    /// What was told while a fetch was under way that had begun before, and by which.
    told: BTreeMap<FactId, u64>,
    /// What is to be told, with the fetch that read it; nothing in place of a fact: it is gone.
    due: BTreeMap<FactId, (u64, Option<Fact>)>,
}

impl Owed {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a fetch.
    pub(super) fn begin(&self) -> Begun<'_> {
        let mut kept = self.kept();
        let number = kept.next;
        kept.next += 1;
        kept.open.insert(number);
        Begun {
            owed: self,
            number,
            batch: Batch::default(),
        }
    }
}

/// What a fetch that is under way has read so far; dropped before its end, it is owed.
#[derive(Debug)]
pub(super) struct Begun<'a> {
    owed: &'a Owed,
    number: u64,
    batch: Batch,
}

impl Begun<'_> {
    /// Returns what was read, and what fetches owe that began before.
    pub(super) fn end(mut self) -> Batch {
        let mut batch = std::mem::take(&mut self.batch);
        self.owed.kept().tell(self.number, &mut batch);
        batch
    }
}

impl Deref for Begun<'_> {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        &self.batch
    }
}

impl DerefMut for Begun<'_> {
    fn deref_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.owed.kept().close(self.number, batch);
    }
}

impl Kept {
    fn tell(&mut self, number: u64, batch: &mut Batch) {
        let is_outlived = self.open.first().is_some_and(|oldest| *oldest < number);
        if self.due.is_empty() && !is_outlived {
            return;
        }
        let facts = batch.facts.iter().map(Fact::id);
        let own: BTreeSet<FactId> = facts.chain(batch.gone.iter().cloned()).collect();
        let due = self.due.extract_if(.., |_, (of, _)| *of < number);
        for (id, (_, fact)) in due.filter(|(id, _)| !own.contains(id)) {
            match fact {
                Some(fact) => batch.facts.push(fact),
                None => batch.gone.push(id),
            }
        }
        if is_outlived {
            for id in own {
                let by = self.told.entry(id).or_default();
                *by = number.max(*by);
            }
        }
    }

    fn close(&mut self, number: u64, batch: Batch) {
        for fact in batch.facts {
            self.owe(number, fact.id(), Some(fact));
        }
        for id in batch.gone {
            self.owe(number, id, None);
        }
        self.open.remove(&number);
        match self.open.first() {
            Some(oldest) => self.told.retain(|_, by| *by > *oldest),
            None => self.told.clear(),
        }
    }

    fn owe(&mut self, number: u64, id: FactId, fact: Option<Fact>) {
        let told = self.told.get(&id).is_some_and(|by| *by > number);
        let due = self.due.get(&id).is_some_and(|(of, _)| *of > number);
        if !told && !due {
            self.due.insert(id, (number, fact));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Begun, Owed};
    use crate::domain::fact::Fact;
    use crate::domain::key::RepoKey;
    use crate::domain::run::{JobSet, RunKey};
    use crate::sources::Batch;

    /// A fact of a run in one of two versions.
    fn fact(run: u64, is_new: bool) -> Fact {
        let repo = RepoKey::new("git.test", "acme/api");
        Fact::JobSet(JobSet {
            run: RunKey { repo, id: run },
            attempt: 1,
            jobs: Vec::new(),
            complete: is_new,
        })
    }

    fn reads<'a>(owed: &'a Owed, facts: &[(u64, bool)]) -> Begun<'a> {
        let mut begun = owed.begin();
        let facts = facts.iter().map(|(run, is_new)| fact(*run, *is_new));
        begun.facts.extend(facts);
        begun
    }

    #[track_caller]
    fn check(batch: &Batch, expected: &[(u64, bool)]) {
        let expected: Vec<Fact> = expected.iter().map(|it| fact(it.0, it.1)).collect();
        assert_eq!(batch.facts, expected);
    }

    #[test]
    fn what_was_read_before_a_fetch_broke_off_comes_with_the_next_and_once() {
        let owed = Owed::default();
        drop(reads(&owed, &[(1, true), (2, true)]));
        check(
            &reads(&owed, &[(3, true)]).end(),
            &[(3, true), (1, true), (2, true)],
        );
        check(&owed.begin().end(), &[]);
    }

    #[test]
    fn what_was_read_again_meanwhile_is_not_told_as_it_was() {
        let owed = Owed::default();
        drop(reads(&owed, &[(1, false)]));
        check(&reads(&owed, &[(1, true)]).end(), &[(1, true)]);
        // Also where that was told while the one that broke off was still under way.
        let slow = reads(&owed, &[(1, false), (2, false)]);
        check(&reads(&owed, &[(1, true)]).end(), &[(1, true)]);
        drop(slow);
        check(&owed.begin().end(), &[(2, false)]);
    }

    #[test]
    fn of_two_that_broke_off_the_later_holds() {
        let owed = Owed::default();
        let (older, newer) = (reads(&owed, &[(1, false)]), reads(&owed, &[(1, true)]));
        drop(newer);
        drop(older);
        check(&owed.begin().end(), &[(1, true)]);
    }

    #[test]
    fn a_fetch_that_began_before_does_not_tell_what_a_later_one_read() {
        let owed = Owed::default();
        let older = owed.begin();
        drop(reads(&owed, &[(1, true)]));
        check(&older.end(), &[]);
        check(&owed.begin().end(), &[(1, true)]);
    }

    #[test]
    fn what_is_gone_is_owed_as_well_and_comes_back_where_it_was_read_since() {
        let owed = Owed::default();
        let gone = |run| {
            let mut begun = owed.begin();
            begun.gone.push(fact(run, true).id());
        };
        gone(1);
        let batch = owed.begin().end();
        assert_eq!(batch.gone, [fact(1, true).id()]);
        gone(2);
        let batch = reads(&owed, &[(2, true)]).end();
        assert!(batch.gone.is_empty());
        let kept = owed.kept();
        assert!(kept.due.is_empty() && kept.told.is_empty() && kept.open.is_empty());
    }
}
