//! Who is asked for what: needs, questions and actions go to the source that told of a run.
//!
//! The rule is `routing`'s; here is what it is told of the sources.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId};
use crate::domain::key::SourceName;
use crate::domain::run::{RunKey, is_foreign};
use crate::engine::routing::{Door, Standing, routes, run_id, teller};
use crate::engine::store::Store;
use crate::engine::update::Applied;

impl Store {
    /// Divides what is needed among the sources again, where it or how they stand differs.
    pub(super) fn route(&mut self, differ: bool, now: Timestamp, applied: &mut Applied) {
        if !differ && !applied.changed {
            return;
        }
        let standings = self.standings(now);
        if !differ && self.standings == standings {
            return;
        }
        self.standings = standings;
        let routes = routes(&self.needs, &self.doors(), self.book.askers());
        if differ || *self.routes != routes {
            self.routes = Arc::new(routes);
            self.needs_edition += 1;
            applied.needs = Some(Arc::clone(&self.routes));
        }
    }

    fn standings(&self, now: Timestamp) -> Vec<Standing> {
        let standing = |member: &super::Member| {
            let health = member.state.verdict(now).health;
            Standing::of(health, member.state.capabilities())
        };
        self.sources.iter().map(standing).collect()
    }

    fn doors(&self) -> Vec<Door<'_>> {
        let mut standings = self.standings.iter().copied();
        let mut doors = Vec::with_capacity(self.sources.len());
        for member in &self.sources {
            doors.push(Door {
                name: &member.state.name,
                facts: &member.facts,
                standing: standings.next().unwrap_or_default(),
            });
        }
        doors
    }

    /// Returns who is to be asked about a run, of those who told of it.
    pub(in crate::engine) fn teller_of(&self, run: &RunKey) -> Option<&SourceName> {
        teller(&self.doors(), &run_id(run))
    }

    /// Returns the source to which an action at a run goes: the one that was meant, unless it
    /// does not know the run and another one does.
    pub fn actor(&self, meant: SourceName, run: &RunKey) -> SourceName {
        let id = run_id(run);
        let knows = |name: &SourceName| {
            let mut members = self.sources.iter();
            members.any(|m| m.state.name == *name && m.facts.get(&id).is_some())
        };
        if knows(&meant) {
            return meant;
        }
        self.teller_of(run).cloned().unwrap_or(meant)
    }

    /// Notes who told of a run that no forge told: nothing else of it says whose it is.
    pub(super) fn note_teller(&mut self, source: &SourceName, id: &FactId, fact: Option<&Fact>) {
        match fact {
            Some(Fact::Run(run)) if is_foreign(run.id) => {
                let told = (id.id.clone(), source.clone());
                if !self.told_by.contains(&told) {
                    Arc::make_mut(&mut self.told_by).insert(told);
                }
            }
            Some(_) => {}
            None if self.told_by.is_empty() => {}
            None => {
                let told = (id.id.clone(), source.clone());
                if id.kind == crate::domain::fact::FactKind::Run && self.told_by.contains(&told) {
                    Arc::make_mut(&mut self.told_by).remove(&told);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
