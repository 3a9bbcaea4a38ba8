//! What calls for a person: for whom the board is judged, and what the clock brings.
//!
//! The rules are `domain::attention`'s.

use crate::domain::Timestamp;
use crate::domain::attention::{Attention, Watcher};
use crate::engine::store::Store;

impl Store {
    /// Pays attention to these things from now on; to be called before the first card is there.
    pub fn pay_attention(&mut self, rules: Attention) {
        self.watcher = Watcher::new(rules);
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
