//! One failure, many cards: cards with the same signature belong together.
//!
//! Also the order of the red cards: the most shared failure first, then the
//! newest; within a failure the card that failed first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::triage::{Group, Triage, TriageBoard, TriageCard};

/// Puts red cards in order, and says which of them fail alike.
pub fn groups(mut cards: Vec<Arc<Triage>>) -> TriageBoard {
    cards.sort_by(|a, b| (a.since, &a.item).cmp(&(b.since, &b.item)));
    let mut alike: HashMap<u64, Vec<Arc<Triage>>> = HashMap::new();
    let mut clusters: Vec<Vec<Arc<Triage>>> = Vec::new();
    for card in cards {
        match &card.signature {
            Some(signature) => alike.entry(signature.id).or_default().push(card),
            None => clusters.push(vec![card]),
        }
    }
    clusters.extend(alike.into_values());
    clusters.sort_by_cached_key(|cluster| {
        let newest = cluster.iter().map(|card| card.since).max();
        let first = cluster.first().map(|card| card.item.clone());
        (Reverse(cluster.len()), Reverse(newest), first)
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

/// Returns what the cards of a cluster share, where it has more than one.
fn group(cluster: &[Arc<Triage>]) -> Option<Group> {
    let [first, _, ..] = cluster else {
        return None;
    };
    Some(Group {
        signature: first.signature.clone()?,
        items: cluster.iter().map(|card| card.item.clone()).collect(),
        first_seen: first.since,
        first_repo: first.repo.clone(),
    })
}
