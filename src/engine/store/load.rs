//! Takes in what the database holds, or what a followed program wrote there.
//!
//! Decides nothing about what is newer: the facts of a source do.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::key::SourceName;
use crate::engine::store::Store;
use crate::engine::update::Loaded;

impl Store {
    pub(super) fn load(&mut self, loaded: Loaded, followed: bool) {
        for (source, id) in loaded.gone {
            if let Some(member) = self.member(&source)
                && member.facts.load_gone(&id)
            {
                self.take_out(&source, &id);
            }
        }
        for row in loaded.facts {
            let source = row.source.clone();
            if let Some((id, fact)) = self
                .member(&source)
                .and_then(|member| member.facts.load(row, followed))
            {
                self.take_in(source, &id, fact);
            }
        }
        let mut listed = BTreeSet::new();
        for listing in loaded.listings {
            let source = listing.source.clone();
            if let Some(member) = self.member(&source) {
                member.facts.load_listing(listing, followed);
                listed.insert(source);
            }
        }
        for source in listed {
            self.doubt(&source);
        }
        let confirmed = Arc::make_mut(&mut self.confirmed);
        for (source, scope, at) in loaded.confirmed {
            if let Some(member) = self.sources.iter_mut().find(|m| m.state.name == source) {
                member.state.loaded(at);
                let entry = confirmed.entry((source, scope)).or_insert(at);
                *entry = at.max(*entry);
            }
        }
        for (source, at) in loaded.before {
            if let Some(member) = self.member(&source) {
                member.state.answered_before(at);
            }
        }
        for (source, me) in loaded.me {
            if let Some(member) = self.member(&source) {
                member.state.known_as(me);
            }
        }
        self.last_stood.load(loaded.history);
        self.chronicler.load(loaded.coverage);
    }

    /// Looks again what of a source is in doubt.
    pub(super) fn doubt(&mut self, source: &SourceName) {
        let Some(member) = self.sources.iter().find(|m| m.state.name == *source) else {
            return;
        };
        let doubts = member.facts.doubts();
        if !doubts.is_empty() || self.doubts.has(source) {
            Arc::make_mut(&mut self.doubts).set(source, doubts);
        }
    }

    /// Forgets what a source said, as it was another account that it said it to.
    pub(super) fn forget_all(&mut self, source: &SourceName) {
        let Some(member) = self.sources.iter_mut().find(|m| m.state.name == *source) else {
            return;
        };
        member.state.forget();
        for id in member.facts.clear() {
            self.take_out(source, &id);
        }
        Arc::make_mut(&mut self.confirmed).retain(|(name, _), _| name != source);
        Arc::make_mut(&mut self.doubts).set(source, Vec::new());
    }

    /// Drops the facts of a followed source that the program which polls it no longer has.
    pub(super) fn drop_others(&mut self, source: &SourceName, news: &Loaded) {
        let Some(member) = self.sources.iter_mut().find(|m| m.state.name == *source) else {
            return;
        };
        for id in member.facts.retain(&news.facts) {
            self.take_out(source, &id);
        }
    }
}
