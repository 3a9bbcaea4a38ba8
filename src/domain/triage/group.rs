//! One failure, many runs: red cards whose runs have the same signature belong
//! together.
//!
//! The failures of one run are one, however many cards it carries. A text that
//! names nothing ("exit code 1") joins only runs of the same job of the same
//! workflow. Also the order of the red cards: the failure that most runs share
//! first, then the newest; within a failure the card that failed first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::domain::triage::alike::is_generic;
use crate::domain::triage::{Group, Known, Triage, TriageBoard, TriageCard};

/// What cards of one cluster have in common.
#[derive(PartialEq, Eq, Hash)]
enum Shared {
    /// The run, as nothing is known of why it failed.
    Run(RunKey),
    /// The signature.
    Signature(u64),
    /// A signature that names nothing, in this job of this workflow.
    InJob(u64, RepoKey, Clean, Option<Clean>),
}

/// Puts red cards in order, and says which of them fail alike.
pub fn groups(mut cards: Vec<Arc<Triage>>) -> TriageBoard {
    cards.sort_by(|a, b| (a.since, &a.item).cmp(&(b.since, &b.item)));
    let mut alike: HashMap<Shared, Vec<Arc<Triage>>> = HashMap::new();
    for card in cards {
        alike.entry(shared(&card)).or_default().push(card);
    }
    let mut clusters: Vec<Vec<Arc<Triage>>> = alike.into_values().collect();
    clusters.sort_by_cached_key(|cluster| {
        let newest = cluster.iter().map(|card| card.since).max();
        let first = cluster.first().map(|card| card.item.clone());
        (Reverse(one_a_run(cluster).len()), Reverse(newest), first)
    });
    let mut board = TriageBoard::default();
    for cluster in clusters {
        let group = group(&cluster).map(|group| {
            board.groups.push(group);
            board.groups.len() - 1
        });
        let cards = cluster.into_iter();
        board
            .cards
            .extend(cards.map(|triage| TriageCard { triage, group }));
    }
    board
}

fn shared(card: &Triage) -> Shared {
    let Some(signature) = &card.signature else {
        return Shared::Run(card.run.key());
    };
    if !names_nothing(card) {
        return Shared::Signature(signature.id);
    }
    let job = card.failed_job.and_then(|at| card.jobs.get(at));
    Shared::InJob(
        signature.id,
        card.repo.clone(),
        card.run.workflow_key().clone(),
        job.map(|line| line.job.name.clone()),
    )
}

/// Whether what was found says nothing that tells the failure from unrelated ones.
pub(super) fn names_nothing(card: &Triage) -> bool {
    match &card.diagnosis {
        Known::Yes(found) => is_generic(found),
        Known::No(_) => false,
    }
}

/// Returns the first card of each run.
fn one_a_run(cluster: &[Arc<Triage>]) -> Vec<&Arc<Triage>> {
    let mut runs = BTreeSet::new();
    let first = |card: &&Arc<Triage>| runs.insert(card.run.key());
    cluster.iter().filter(first).collect()
}

/// Returns what the runs of a cluster share, where there is more than one.
fn group(cluster: &[Arc<Triage>]) -> Option<Group> {
    let cards = one_a_run(cluster);
    let [first, _, ..] = cards.as_slice() else {
        return None;
    };
    Some(Group {
        signature: first.signature.clone()?,
        items: cards.iter().map(|card| card.item.clone()).collect(),
        first_seen: first.since,
        first_repo: first.repo.clone(),
    })
}
