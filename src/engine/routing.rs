//! Which source is asked for what correlation needs: who told of the run, or knows the repository.
//!
//! Pure. Of several that could answer, one is asked: one that is well, and may read what is asked
//! for; of equals the first in the configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::correlate::Need;
use crate::domain::fact::{FactId, FactKind};
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::engine::facts::SourceFacts;
use crate::engine::snapshot::{Capability, CapabilityState, Health};

static NOTHING: BTreeSet<Need> = BTreeSet::new();

/// What each source is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Routes(BTreeMap<SourceName, BTreeSet<Need>>);

impl Routes {
    /// Returns what one source is asked for.
    pub fn of(&self, source: &SourceName) -> &BTreeSet<Need> {
        self.0.get(source).unwrap_or(&NOTHING)
    }

    fn add(&mut self, source: &SourceName, need: &Need) {
        let needs = self.0.entry(source.clone()).or_default();
        needs.insert(need.clone());
    }
}

/// One source as far as it matters here.
#[derive(Clone, Copy)]
pub(super) struct Door<'a> {
    /// What it is called.
    pub(super) name: &'a SourceName,
    /// What it told.
    pub(super) facts: &'a SourceFacts,
    /// How it stands.
    pub(super) standing: Standing,
}

/// How ready a source is to answer, the readiest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(super) struct Standing {
    is_away: bool,
    is_blind: bool,
}

impl Standing {
    /// Judges a source by its health and by what it can do.
    pub(super) fn of(health: Health, capabilities: &[Capability]) -> Self {
        let is_missing = |known: &Capability| match known.state {
            CapabilityState::Missing(_) => matches!(known.name, "runs" | "job logs"),
            CapabilityState::Unknown | CapabilityState::Available => false,
        };
        Self {
            is_away: health.is_away(),
            is_blind: capabilities.iter().any(is_missing),
        }
    }
}

/// Divides needs among sources; `askers` are the runs for which a history is asked.
pub(super) fn routes(
    needs: &BTreeSet<Need>,
    doors: &[Door<'_>],
    askers: &BTreeMap<Need, BTreeSet<RunKey>>,
) -> Routes {
    let mut routes = Routes::default();
    for need in needs {
        let mut found: BTreeSet<&SourceName> = BTreeSet::new();
        if let Need::History { .. } = need {
            let runs = askers.get(need).into_iter().flatten();
            found.extend(runs.filter_map(|run| teller(doors, &run_id(run))));
        } else {
            found.extend(teller(doors, &subject(need)));
        }
        // Nobody told of it: whoever knows the repository may know. Of what another system than
        // the forge told once, nobody else can know anything.
        if found.is_empty() && !need.is_foreign() {
            found.extend(doors.iter().map(|door| door.name));
        }
        for source in found {
            routes.add(source, need);
        }
    }
    routes
}

/// Returns who is to be asked about a fact, of those who told it.
pub(super) fn teller<'a>(doors: &[Door<'a>], id: &FactId) -> Option<&'a SourceName> {
    let tellers = doors.iter().filter(|door| door.facts.get(id).is_some());
    let best = tellers.min_by_key(|door| door.standing)?;
    Some(best.name)
}

/// Returns the identity of the fact of a run.
pub(super) fn run_id(run: &RunKey) -> FactId {
    of_kind(FactKind::Run, &format!("{}/{}", run.repo.as_str(), run.id))
}

/// The fact whose teller knows more about it.
fn subject(need: &Need) -> FactId {
    match need {
        Need::Range { repo, .. } | Need::History { repo, .. } => {
            of_kind(FactKind::Repository, repo.as_str())
        }
        Need::Paths { repo, number } | Need::Times { repo, number } => {
            let id = format!("{}#{number}", repo.as_str());
            of_kind(FactKind::ChangeRequest, &id)
        }
        Need::Jobs { repo, run }
        | Need::Gates { repo, run }
        | Need::ManualJobs { repo, run }
        | Need::Attempts { repo, run }
        | Need::Diagnosis { repo, run, .. } => run_of(repo, *run),
    }
}

fn run_of(repo: &RepoKey, id: u64) -> FactId {
    run_id(&RunKey {
        repo: repo.clone(),
        id,
    })
}

fn of_kind(kind: FactKind, id: &str) -> FactId {
    FactId {
        kind,
        id: Clean::line(id),
    }
}
