//! Which cards of a scope read what, on the way through the past: so a look finds the cards that
//! what came in touches, rather than asking each.
//!
//! What nearly all cards of a repository read has no entry: where that was touched, each is asked.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::domain::correlate::facts::Scope;
use crate::domain::correlate::kept::{Anchored, Kept};
use crate::domain::correlate::reads::{Mark, Marks, Quick, Seed};

/// With more marks than this each card is asked.
const MANY: usize = 1 << 10;

/// The cards by what they read.
#[derive(Debug, Default)]
pub(super) struct Readers(Quick<Mark, BTreeSet<Anchored>>);

/// What nearly all cards of a repository read.
#[derive(Debug)]
pub(super) struct Common([Mark; 4]);

impl Common {
    /// Returns that of a scope.
    pub(super) fn of(scope: &Scope) -> Option<Self> {
        let seed = Seed::of(scope.as_ref()?);
        Some(Self([
            seed.whole(),
            seed.deployed(),
            seed.line(),
            seed.gated(),
        ]))
    }

    fn has(this: Option<&Self>, mark: Mark) -> bool {
        this.is_some_and(|common| common.0.contains(&mark))
    }
}

impl Readers {
    /// Returns the cards that read any of what was touched; nothing where it may be each.
    pub(super) fn of(&self, marks: &Marks, common: Option<&Common>) -> Option<BTreeSet<Anchored>> {
        if marks.len() > MANY || marks.iter().any(|mark| Common::has(common, *mark)) {
            return None;
        }
        let found = marks.iter().filter_map(|mark| self.0.get(mark));
        Some(found.flatten().cloned().collect())
    }

    /// Takes in what was made: `kept` is what there is now, of which these were made again, and
    /// `left` what is left of what there was; both in the order of anchors.
    pub(super) fn follow(
        &mut self,
        (kept, made): (&[Kept], &[Anchored]),
        left: &[Kept],
        common: Option<&Common>,
    ) {
        for old in left {
            if find(kept, &old.anchor).is_none() {
                self.replace(&old.anchor, (&old.made.reads, &[]), common);
            }
        }
        for anchor in made {
            let reads = |found: Option<&'_ Kept>| -> Box<[Mark]> {
                found.map_or_else(Box::default, |kept| kept.made.reads.clone())
            };
            let (before, now) = (reads(find(left, anchor)), reads(find(kept, anchor)));
            self.replace(anchor, (&before, &now), common);
        }
    }

    /// Takes in what a card reads, instead of what it read; both in order.
    fn replace(
        &mut self,
        anchor: &Anchored,
        (before, now): (&[Mark], &[Mark]),
        common: Option<&Common>,
    ) {
        let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
        loop {
            let order = match (before.peek(), now.peek()) {
                (Some(old), Some(new)) => old.cmp(new),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let gone = before.next_if(|_| order.is_le());
            let came = now.next_if(|_| order.is_ge());
            match (gone, came) {
                (Some(mark), None) => self.remove(*mark, anchor),
                (None, Some(mark)) if !Common::has(common, *mark) => {
                    self.0.entry(*mark).or_default().insert(anchor.clone());
                }
                _ => {}
            }
        }
    }

    fn remove(&mut self, mark: Mark, anchor: &Anchored) {
        if let Some(cards) = self.0.get_mut(&mark) {
            cards.remove(anchor);
            if cards.is_empty() {
                self.0.remove(&mark);
            }
        }
    }
}

fn find<'k>(kept: &'k [Kept], anchor: &Anchored) -> Option<&'k Kept> {
    let at = kept.binary_search_by(|kept| kept.anchor.cmp(anchor)).ok()?;
    kept.get(at)
}
