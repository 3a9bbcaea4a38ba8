//! Whether a source has told all that it tells at first, here or in the program that polls it.
//!
//! Decides from what was reported; nothing is asked here.

use crate::domain::Timestamp;
use crate::engine::health::{PATIENCE_SECS, Poller, SourceState};
use crate::engine::snapshot::Health;

impl SourceState {
    /// Returns whether its first round, with the needs of edition `needs`, is over, or hopeless.
    pub fn is_settled(&self, needs: u64, now: Timestamp) -> bool {
        if let Poller::There(state) = &self.poller {
            return state.round_done;
        }
        let round = self.report.round_done && self.report.needs_seen >= needs;
        round || self.crashed.is_some() || self.is_mute(now)
    }

    /// Returns whether what history alone reads was read with it, or is hopeless.
    pub fn is_history_read(&self, needs: u64, now: Timestamp) -> bool {
        if let Poller::There(state) = &self.poller {
            return state.history_done && state.past.is_over();
        }
        let over = self.report.history_done && self.report.past.is_over();
        over && self.is_settled(needs, now) || self.is_settled(u64::MAX, now)
    }

    /// Returns whether not one byte of answer came although it was asked long ago.
    pub(super) fn is_mute(&self, now: Timestamp) -> bool {
        let since = self.asked_at.filter(|_| !self.was_heard());
        since.is_some_and(|at| (now - at).num_seconds() >= PATIENCE_SECS)
    }

    /// Returns whether its host ever answered, whatever it said.
    pub(super) fn was_heard(&self) -> bool {
        let lines = &self.report.meter.recent;
        self.answered
            || lines.iter().any(|line| line.status.is_some())
            || self
                .outcomes
                .values()
                .filter_map(|outcome| outcome.error.as_ref())
                .any(|error| Health::of(error) != Health::Unreachable)
    }

    /// Returns whether it answered, and all that it reads at first was asked for: what it has not
    /// told by then, it does not tell.
    pub fn has_told_all(&self) -> bool {
        match &self.poller {
            Poller::There(state) => state.round_done,
            Poller::Open | Poller::Here | Poller::Silent => self.answered && self.report.round_done,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::correlate::testing::at;
    use crate::engine::health::SourceState;
    use crate::engine::testing::Fake;
    use crate::engine::update::Report;
    use crate::sources::{Batch, PastRead};

    fn report(is_done: bool, read: usize) -> Report {
        Report {
            round_done: is_done,
            history_done: is_done,
            past: PastRead {
                read,
                of: 10,
                ..PastRead::default()
            },
            ..Report::default()
        }
    }

    #[test]
    fn who_follows_knows_how_far_the_one_is_that_polls() {
        let fake = Fake::new("hub", |_| Ok(Batch::default()));
        let mut leader = SourceState::new(&fake);
        let mut follower = SourceState::new(&fake);
        for (is_done, read, is_over) in [(false, 2, false), (true, 2, false), (true, 10, true)] {
            leader.report(report(is_done, read), at(1));
            follower.followed(Some(leader.remote_state(at(1))));
            assert_eq!(follower.is_settled(9, at(1)), is_done);
            assert_eq!(follower.has_told_all(), is_done);
            assert_eq!(follower.is_history_read(9, at(1)), is_over);
            assert_eq!(follower.view(at(1), 1).past.read, read);
        }
        follower.followed(None);
        assert!(!follower.is_settled(0, at(1)), "nothing is known of it");
    }
}
