//! What a card was made from, as short marks: only cards whose evidence changed are made anew.
//!
//! A mark is a hash, and two topics may share one: then a card is made again for nothing,
//! never left as it was by mistake.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::domain::key::{RepoKey, Sha};
use crate::domain::ticket::TicketKey;

/// The short name of a topic.
pub(super) type Mark = u32;

/// Marks of what was touched.
pub(super) type Marks = HashSet<Mark, BuildHasherDefault<Mix>>;

/// A map under the quick hash: of what one repository has, and of that there are bounds.
pub(super) type Quick<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// A set under the quick hash.
pub(super) type QuickSet<K> = HashSet<K, BuildHasherDefault<Mix>>;

/// A repository as part of marks, worked out once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Seed {
    /// Names a repository.
    pub(super) fn of(repo: &RepoKey) -> Self {
        let mut mix = Mix::default();
        repo.hash(&mut mix);
        Self(mix.finish())
    }

    fn mark(self, kind: u8, what: impl Hash) -> Mark {
        let mut mix = Mix(self.0);
        mix.write_u8(kind);
        what.hash(&mut mix);
        mix.mark()
    }

    /// Whatever is read of a repository and has no topic of its own: its branches, commits,
    /// releases, deployments and alerts.
    pub(super) fn whole(self) -> Mark {
        self.mark(0, ())
    }

    /// A change request with its files.
    pub(super) fn change(self, number: u64) -> Mark {
        self.mark(1, number)
    }

    /// The runs of a commit; some systems name it by its first digits.
    pub(super) fn runs_at(self, sha: &Sha) -> Mark {
        self.mark(2, sha.short())
    }

    /// The newest runs of a workflow on a branch.
    pub(super) fn newest(self, workflow: &str, branch: &str) -> Mark {
        self.mark(3, (workflow, branch))
    }

    /// The newest run of a workflow on a branch that passed.
    pub(super) fn passed(self, workflow: &str, branch: &str) -> Mark {
        self.mark(12, (workflow, branch))
    }

    /// The jobs and gates of a run.
    pub(super) fn run(self, id: u64) -> Mark {
        self.mark(4, id)
    }

    /// The runs that wait at a gate.
    pub(super) fn gated(self) -> Mark {
        self.mark(5, ())
    }

    /// All runs.
    pub(super) fn runs(self) -> Mark {
        self.mark(6, ())
    }

    /// The deployments, where what they bring is told apart.
    pub(super) fn deployed(self) -> Mark {
        self.mark(13, ())
    }

    /// What the commits contain that are asked about, in the past.
    pub(super) fn line(self) -> Mark {
        self.mark(14, ())
    }

    /// A commit: what it is, what takes it back, and what leads to it, in the past.
    pub(super) fn commit(self, sha: &Sha) -> Mark {
        self.mark(15, sha)
    }

    /// Which commits there are, in the past.
    pub(super) fn commits(self) -> Mark {
        self.mark(16, ())
    }

    /// What a branch joins: change requests that come from it, and runs without a commit.
    pub(super) fn on_branch(self, branch: &str) -> Mark {
        self.mark(10, branch)
    }
}

/// What a ticket says.
pub(super) fn ticket(key: &TicketKey) -> Mark {
    of_ticket(7, key)
}

/// Whether a ticket is known.
pub(super) fn known(key: &TicketKey) -> Mark {
    of_ticket(8, key)
}

/// Which change requests name a ticket.
pub(super) fn links(key: &TicketKey) -> Mark {
    of_ticket(9, key)
}

/// Which alerts name a ticket as what was made of them.
pub(super) fn alerts(key: &TicketKey) -> Mark {
    of_ticket(11, key)
}

fn of_ticket(kind: u8, key: &TicketKey) -> Mark {
    let mut mix = Mix::default();
    mix.write_u8(kind);
    key.hash(&mut mix);
    mix.mark()
}

/// What was read since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Reads(RefCell<Vec<Mark>>);

impl Reads {
    /// Notes that something was read.
    pub(super) fn note(&self, mark: Mark) {
        self.0.borrow_mut().push(mark);
    }

    /// Returns what was read, each once, and forgets it.
    pub(super) fn take(&self) -> Box<[Mark]> {
        let mut marks = self.0.borrow_mut();
        marks.sort_unstable();
        marks.dedup();
        let taken = marks.as_slice().into();
        marks.clear();
        taken
    }
}

/// A quick hash without secrets: whoever makes marks meet makes us work, not err.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix(u64);

impl Mix {
    fn add(&mut self, word: u64) {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.0 ^ word).wrapping_mul(FACTOR);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn mark(self) -> Mark {
        let [a, b, c, d, ..] = self.finish().to_be_bytes();
        Mark::from_be_bytes([a, b, c, d])
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        let mut last = *self;
        last.add(1);
        last.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let tail = rest
            .iter()
            .fold(0, |tail, byte| tail << 8 | u64::from(*byte));
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.add(tail ^ len << 56);
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }
}
