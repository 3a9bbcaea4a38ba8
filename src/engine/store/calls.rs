//! By what cards are judged: how the team works, what calls for a person, what the clock brings.
//!
//! The rules are `domain::placement`'s and `domain::attention`'s.

use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::attention::{Attention, Watcher};
use crate::domain::correlate::Changes;
use crate::domain::policy::Policy;
use crate::domain::stage::Stage;
use crate::engine::practice::Practice;
use crate::engine::store::Store;
use crate::engine::update::Applied;

/// Returns all stages: those of columns in their order, then the others.
pub(super) fn in_order(columns: &[ColumnConfig]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::with_capacity(Stage::ALL.len());
    for stage in columns.iter().map(|column| column.stage).chain(Stage::ALL) {
        if !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    stages
}

impl Store {
    /// Pays attention to these things from now on; to be called before the first card is there.
    pub fn pay_attention(&mut self, rules: Attention) {
        self.watcher = Watcher::new(rules);
    }

    /// Judges every card again, as the team works now.
    pub(super) fn practise(&mut self, practice: &Practice, now: Timestamp, applied: &mut Applied) {
        let known = &mut self.policy;
        self.policy = Policy {
            pins: std::mem::take(&mut known.pins),
            people: std::sync::Arc::clone(&known.people),
            look_back: known.look_back,
            ..practice.policy.clone()
        };
        self.stages = in_order(&practice.columns);
        let limits = practice.limits.clone();
        self.watcher.judge_by(limits, practice.patience, now);
        (self.anew, self.dirty, applied.changed) = (true, true, true);
    }

    /// Looks at the cards again: at those of what changed, or at all where they are judged otherwise.
    pub(super) fn judged(&mut self, now: Timestamp) -> Changes {
        if std::mem::take(&mut self.anew) {
            self.correlator.refresh_all(&self.policy, now)
        } else {
            self.correlator.refresh(&self.policy, now)
        }
    }

    /// Lets the clock go on and learns who the user is; returns whether something else calls.
    pub(super) fn attend(&mut self, now: Timestamp) -> bool {
        let mut me: Vec<String> = Vec::new();
        for login in self.sources.iter().filter_map(|member| member.state.me()) {
            if !me.contains(&login.to_string()) {
                me.push(login.to_string());
            }
        }
        let by_me = self.watcher.is_for(me, now);
        self.watcher.refresh(&[], &[], now) || by_me
    }
}
