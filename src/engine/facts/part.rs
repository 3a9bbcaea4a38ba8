//! Listings that were read in part: what they tell is there, what they do not tell is open.
//!
//! Removes nothing. Which cards rest on what is open is `engine::doubt`'s to say.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::{Answer, Delta, Held, SourceFacts};
use crate::domain::Timestamp;
use crate::domain::fact::FactId;
use crate::domain::text::Clean;
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
        let is_new = !told.is_subset(&members);
        if !self.set_open(&part.name, open) && !is_new {
            return;
        }
        members.extend(told);
        let read_at = self.listings.get(&part.name).map(|held| held.at);
        let at = read_at.filter(|_| !is_new).unwrap_or(at);
        delta.writes.push(Write::Listing(LoadedListing {
            source: source.clone(),
            name: part.name.clone(),
            at,
            members: members.clone(),
            open: self.open_of(&part.name),
        }));
        self.listings.insert(part.name, Held { at, order, members });
    }

    /// Notes what of a listing is open; returns whether that is something else than before.
    fn set_open(&mut self, name: &Clean, open: BTreeSet<FactId>) -> bool {
        let before = self.open.get(name);
        let differs = before.map_or(!open.is_empty(), |before| *before != open);
        if open.is_empty() {
            self.open.remove(name);
        } else if differs {
            self.open.insert(name.clone(), open);
        }
        differs
    }

    /// Returns what of a listing is open, and when it was last told.
    pub(super) fn open_of(&self, name: &Clean) -> BTreeMap<FactId, Timestamp> {
        let open = self.open.get(name).into_iter().flatten();
        open.filter_map(|id| Some((id.clone(), self.known.get(id)?.seen_at)))
            .collect()
    }

    /// Takes in from the database what of a listing is open: a fact itself is stored with the day
    /// alone on which it was last told.
    pub(super) fn load_open(&mut self, name: &Clean, open: BTreeMap<FactId, Timestamp>) {
        for (id, told_at) in &open {
            if let Some(known) = self.known.get_mut(id) {
                known.seen_at = known.seen_at.max(*told_at);
            }
        }
        let open = self.known_ids(open.into_keys().collect());
        self.set_open(name, open);
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
