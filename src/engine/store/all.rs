//! Everything that the store knows, for whoever keeps it or tells of it.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::correlate::Sourced;
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::engine::chronicler::{Telling, Told};
use crate::engine::patience::Round;
use crate::engine::store::Store;
use crate::engine::update::Write;

impl Store {
    /// Leaves red cards alone until a person asks: for commands that show none of it.
    pub fn look_into_nothing(&mut self) {
        self.looks_into = false;
    }

    /// Lets history count from when it is first told, as no past is read.
    pub fn look_back_on_nothing(&mut self) {
        self.chronicler.looks_back_on_nothing();
    }

    /// Returns how far the first round of each source is.
    pub fn rounds(&self, now: Timestamp) -> Vec<Round> {
        let members = self.sources.iter();
        let round = members.map(|member| member.state.round(self.needs_edition, now));
        round.collect()
    }

    /// Takes in that these sources are waited for no longer, as nothing came of them for so long.
    pub fn leave(&mut self, sources: &[SourceName], quiet: Duration) {
        for source in sources {
            if let Some(member) = self.member(source) {
                member.state.leave(quiet);
            }
        }
    }

    /// Returns what of history is to be told next: by who polls at least one of the sources. While
    /// somebody `waits` for pasts that are being read, nothing is told without them.
    pub fn next_telling(&mut self, now: Timestamp, waits: bool) -> Option<Telling> {
        if !self.sources.iter().any(|member| member.state.is_led()) {
            return None;
        }
        let sources = &self.sources;
        let facts = || {
            sources.iter().flat_map(|member| {
                let source = &member.state.name;
                let facts = member.facts.all().into_iter();
                facts.map(|fact| Sourced {
                    source: source.clone(),
                    fact,
                })
            })
        };
        self.chronicler.next(facts, &self.policy, now, waits)
    }

    /// Takes in what came of a telling; nothing where it failed.
    pub fn was_told(&mut self, told: Option<&Told>, now: Timestamp) {
        self.chronicler.ended(told, now);
    }

    /// Returns of how many repositories history is to be told, apart from what is being told.
    pub fn left_to_tell(&self, now: Timestamp) -> usize {
        self.chronicler.left(now)
    }

    /// Lets history be told from its beginning, as what was kept of it is lost.
    pub fn tell_again(&mut self) {
        self.chronicler.forget();
    }

    /// Returns all facts of one source.
    pub fn facts_of(&self, source: &SourceName) -> Vec<Arc<Fact>> {
        self.sources
            .iter()
            .find(|member| member.state.name == *source)
            .map_or_else(Vec::new, |member| member.facts.all())
    }

    /// Returns how many facts are known.
    pub fn facts(&self) -> usize {
        self.sources.iter().map(|member| member.facts.len()).sum()
    }

    /// Returns everything as writes, for a database that lost what it had.
    pub fn dump(&self) -> Vec<Write> {
        let facts = self
            .sources
            .iter()
            .flat_map(|member| member.facts.dump(&member.state.name));
        let confirmed = self
            .confirmed
            .iter()
            .map(|((source, scope), at)| Write::Confirmed {
                source: source.clone(),
                scope: scope.clone(),
                at: *at,
            });
        facts.chain(confirmed).collect()
    }
}
