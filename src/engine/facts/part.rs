//! Listings that were read in part: what they tell is there, what they do not tell is open.
//!
//! Removes nothing. Which cards rest on what is open is `engine::doubt`'s to say.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::{Answer, Delta, Held, SourceFacts};
use crate::domain::fact::FactId;
use crate::engine::doubt::{self, Doubt};
use crate::engine::update::{LoadedListing, Write};
use crate::sources::Listing;

impl SourceFacts {
    /// A listing that was read in part removes nothing: what it tells is there, and what it does
    /// not tell is open until it is read to its end.
    pub(super) fn list_part(
        &mut self,
        answer: Answer<'_>,
        part: Listing,
        reported: &HashSet<FactId>,
        delta: &mut Delta,
    ) {
        let Answer { at, order, source } = answer;
        let told = self.known_ids(part.members);
        let held = self.listings.get_mut(&part.name);
        let mut members = match held {
            Some(held) if held.order > order => return,
            Some(held) => {
                if !told.is_empty() {
                    held.order = order;
                }
                held.members.clone()
            }
            None => BTreeSet::new(),
        };
        members.retain(|id| self.known.contains_key(id));
        let open: BTreeSet<FactId> = members
            .difference(&told)
            .filter(|id| !reported.contains(id))
            .cloned()
            .collect();
        if open.is_empty() {
            self.open.remove(&part.name);
        } else {
            self.open.insert(part.name.clone(), open);
        }
        if told.is_subset(&members) {
            return;
        }
        members.extend(told);
        delta.writes.push(Write::Listing(LoadedListing {
            source: source.clone(),
            name: part.name.clone(),
            at,
            members: members.clone(),
        }));
        self.listings.insert(part.name, Held { at, order, members });
    }

    /// Returns what is known and was not told by an answer that was read in part.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        for (name, open) in &self.open {
            let known = |id: &FactId| {
                let known = self.known.get(id)?;
                Some(Doubt {
                    fact: Arc::clone(&known.fact),
                    told_at: known.seen_at,
                })
            };
            let mut found = open.iter().filter_map(known).collect();
            let members = self.listings.get(name).map(|held| &held.members);
            let told = members
                .into_iter()
                .flatten()
                .filter(|id| !open.contains(id));
            doubt::without_past(&mut found, told.filter_map(|id| self.get(id)));
            doubts.extend(found);
        }
        doubts
    }
}
