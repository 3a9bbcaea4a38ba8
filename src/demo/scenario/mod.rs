//! What the simulated team did up to any moment: a pure function of seed and time.
//!
//! Changes run in lanes, releases in trains; `change`, `train` and `ci` plan
//! them, `state`, `runs` and `rides` show what has happened of the plans at one
//! moment. [`World`] keeps the last moment of each repository until it is over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::demo::Options;
use crate::domain::Timestamp;

mod acts;
pub mod artifact;
mod change;
pub mod ci;
mod dice;
mod lens;
pub mod log;
pub mod model;
mod past;
pub mod people;
mod plan;
mod pulls;
mod rides;
pub(in crate::demo) mod runs;
mod state;
pub mod team;
mod tickets;
mod train;
mod tree;
pub mod trouble;
mod words;
mod zip;

pub use acts::Deed;

use acts::Act;
use lens::Pace;
use model::RepoState;
use state::Laws;
use team::RepoSpec;

/// How many repositories there can be.
pub const MAX_REPOS: usize = 500;

/// How many acts of users a repository remembers.
const ACTS: usize = 4_096;

/// The simulated team.
#[derive(Debug)]
pub struct World {
    laws: Laws,
    specs: Vec<Arc<RepoSpec>>,
    seen: Vec<Mutex<Option<Arc<RepoState>>>>,
    acts: Vec<Mutex<Vec<Act>>>,
    drawn: AtomicU64,
}

impl World {
    /// Returns the team of these options; `start` is the origin where the options name none.
    pub fn new(options: &Options, start: Timestamp) -> Self {
        let repos = options.repos.clamp(1, MAX_REPOS);
        let origin = options.origin.unwrap_or(start).timestamp();
        let speed = if options.speed.is_finite() {
            options.speed.clamp(0.01, 1_000.0)
        } else {
            1.0
        };
        Self {
            laws: Laws {
                seed: options.seed,
                epoch: origin.div_euclid(86_400) * 86_400 - past::ZERO,
                pace: Pace { origin, speed },
            },
            specs: (0..repos)
                .map(|i| {
                    let mut spec = team::spec(i, repos, options.cards);
                    spec.id += (options.seed ^ Options::default().seed) % 1_000_000 * 1_000;
                    Arc::new(spec)
                })
                .collect(),
            seen: (0..repos).map(|_| Mutex::new(None)).collect(),
            acts: (0..repos).map(|_| Mutex::default()).collect(),
            drawn: AtomicU64::new(0),
        }
    }

    /// Returns the number of repositories.
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Returns whether there is no repository, which never happens.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// Returns what never changes of a repository.
    pub fn spec(&self, index: usize) -> Option<&Arc<RepoSpec>> {
        self.specs.get(index)
    }

    /// Returns the index of a repository; names are compared in any case, as the host does.
    pub fn find(&self, owner: &str, name: &str) -> Option<usize> {
        self.specs.iter().position(|spec| {
            spec.owner.eq_ignore_ascii_case(owner) && spec.name.eq_ignore_ascii_case(name)
        })
    }

    /// Returns what is seen of a repository at a real time.
    pub fn at(&self, index: usize, real: Timestamp) -> Option<Arc<RepoState>> {
        let (spec, slot) = (self.specs.get(index)?, self.seen.get(index)?);
        let now = self.laws.pace.simulated(real);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = slot.as_ref().filter(|s| s.from <= now && now < s.until) {
            return Some(Arc::clone(state));
        }
        self.drawn.fetch_add(1, Ordering::Relaxed);
        let acts = self.acts.get(index)?;
        let acts = acts.lock().unwrap_or_else(PoisonError::into_inner);
        let state = Arc::new(state::at(self.laws, spec, now, &acts));
        *slot = Some(Arc::clone(&state));
        Some(state)
    }

    /// Does something to a run; whether that is allowed is for the forge to say.
    pub fn act(&self, index: usize, real: Timestamp, run: u64, deed: Deed) {
        let (Some(acts), Some(slot)) = (self.acts.get(index), self.seen.get(index)) else {
            return;
        };
        let at = self.laws.pace.simulated(real);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let mut acts = acts.lock().unwrap_or_else(PoisonError::into_inner);
        // A board that is left alone for a week must not fill the memory with its re-runs.
        // The oldest are of runs that are out of sight.
        if acts.len() >= ACTS {
            acts.remove(0);
        }
        acts.push(Act { run, at, deed });
        *slot = None;
    }

    /// Returns how many times a repository was worked out, to tell work from time.
    pub fn drawn(&self) -> u64 {
        self.drawn.load(Ordering::Relaxed)
    }
}
