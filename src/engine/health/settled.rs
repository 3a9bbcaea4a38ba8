//! Whether a source has told all that it tells at first, here or in the program that polls it.
//!
//! Decides from what was reported; nothing is asked here.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::engine::health::{PATIENCE_SECS, Poller, SourceState, Verdict};
use crate::engine::patience::Round;
use crate::engine::snapshot::Health;
use crate::sources::{SourceError, USUAL_PATIENCE};

/// What to do about a source that was not waited for.
const LEFT: &str = "a board goes on asking it, and so does `board --once --wait 60`";

/// How much longer than an answer may take it is until a source counts as out of reach.
const SPARE_SECS: u64 = 5;

impl SourceState {
    /// Returns whether its first round, with the needs of edition `needs`, is over, or hopeless.
    pub fn is_settled(&self, needs: u64, now: Timestamp) -> bool {
        if let Poller::There(state) = &self.poller {
            return state.round_done || self.left.is_some();
        }
        let round = self.report.round_done && self.report.needs_seen >= needs;
        round || self.crashed.is_some() || self.is_mute(now) || self.left.is_some()
    }

    /// Returns whether what history alone reads was read with it, or is hopeless.
    pub fn is_history_read(&self, needs: u64, now: Timestamp) -> bool {
        if let Poller::There(state) = &self.poller {
            return state.history_done && state.past.is_over() || self.left.is_some();
        }
        let over = self.report.history_done && self.report.past.is_over();
        over && self.is_settled(needs, now) || self.is_settled(u64::MAX, now)
    }

    /// Returns how long its settings let an answer take, where that is longer than is usual.
    fn slow(&self) -> Option<Duration> {
        let patience = self.report.meter.patience;
        (patience > USUAL_PATIENCE).then_some(patience)
    }

    /// Returns after how many seconds without one byte of answer it counts as out of reach.
    pub(super) fn patience_secs(&self) -> i64 {
        let slow = self.slow().map(|slow| slow.as_secs() + SPARE_SECS);
        let slow = slow.and_then(|secs| i64::try_from(secs).ok());
        slow.unwrap_or(PATIENCE_SECS)
    }

    /// Returns whether not one byte of answer came although it was asked long ago.
    pub(super) fn is_mute(&self, now: Timestamp) -> bool {
        let since = self.asked_at.filter(|_| !self.was_heard());
        since.is_some_and(|at| (now - at).num_seconds() >= self.patience_secs())
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

    /// Takes in when the store says that it last answered as it should, whoever asked.
    pub fn answered_before(&mut self, at: Timestamp) {
        self.before = self.before.max(Some(at));
    }

    /// Takes in that it is waited for no longer, as nothing came of it for so long.
    pub fn leave(&mut self, quiet: Duration) {
        self.left = Some(quiet);
    }

    /// Returns how far its first round is, with the needs of edition `needs`.
    pub fn round(&self, needs: u64, now: Timestamp) -> Round {
        let lines = &self.report.meter.recent;
        Round {
            source: self.name.clone(),
            over: self.is_settled(needs, now),
            heard: self.has_told_all() || lines.iter().any(|line| line.status.is_some()),
            begun: self.poller == Poller::Here,
            news: self.news,
            slow: self.slow().unwrap_or_default(),
        }
    }

    /// Returns the limit that holds it up: what its last answer spoke of, else what is due and waits.
    pub(super) fn limit(&self) -> Option<&SourceError> {
        let latest = self.outcomes.values().max_by_key(|outcome| outcome.order);
        let error = latest.and_then(|latest| latest.error.as_ref());
        let spoken = error.filter(|error| Health::of(error) == Health::RateLimited);
        spoken.or(self.report.limited.as_ref())
    }

    /// Returns whether an error is the limit that is told already, with another time to wait: each
    /// resource counts down for itself.
    pub(super) fn is_said_otherwise(&self, error: &SourceError) -> bool {
        let shared = |error: &SourceError| {
            if let SourceError::RateLimited { share, .. } = error {
                Some(share.is_some())
            } else {
                None
            }
        };
        let Some(limit) = self.limit() else {
            return false;
        };
        limit != error && shared(error).is_some() && shared(error) == shared(limit)
    }

    /// Says of one that was left behind that it was, unless worse is known of it.
    pub(super) fn left_behind(&self, verdict: Verdict) -> Verdict {
        let Some(quiet) = self.left.filter(|_| verdict.health.is_well()) else {
            return verdict;
        };
        let health = if verdict.health == Health::Ok {
            Health::Stale
        } else {
            Health::Unreachable
        };
        let message = format!(
            "{} said nothing for {} s, so it was not waited for",
            self.host,
            quiet.as_secs()
        );
        Verdict {
            health,
            message: Some(Clean::line(&message)),
            hint: Some(Clean::line(LEFT)),
        }
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
    use crate::domain::text::Clean;
    use crate::engine::health::SourceState;
    use crate::engine::testing::Fake;
    use crate::engine::update::Report;
    use crate::sources::{Batch, PastRead, SourceError};

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
    fn one_limit_is_told_once_however_long_each_resource_waits() {
        let fake = Fake::new("hub", |_| Ok(Batch::default()));
        let mut state = SourceState::new(&fake);
        let limited = |secs| SourceError::RateLimited {
            host: "hub.test".to_owned(),
            retry_after: std::time::Duration::from_secs(secs),
            share: None,
        };
        for (order, secs) in [(1, 60), (2, 58)] {
            state.failed(format!("runs:{secs}").as_str().into(), order, limited(secs));
        }
        let waits = Report {
            limited: Some(limited(57)),
            ..report(true, 0)
        };
        state.report(waits, at(1));
        let view = state.view(at(1), 0);
        assert_eq!(view.remarks, [Clean::line(&limited(58).to_string())]);
        assert_eq!(view.message, view.remarks.first().cloned());
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
