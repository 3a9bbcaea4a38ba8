//! A source as views show it: how it stands, what fails at present, how far its clock is off.

use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::engine::health::{Poller, SourceState};
use crate::engine::snapshot::SourceView;
use crate::engine::told;
use crate::sources::{Noun, PastRead, SourceError, span};

/// Where the token of a source comes from that another program polls.
const ELSEWHERE: &str = "(by the board that polls)";

/// How many polls that fail are told one by one.
const MOST_FAILING: usize = 20;

impl SourceState {
    /// Returns the source as views show it.
    pub fn view(&self, now: Timestamp, facts: usize) -> SourceView {
        let verdict = self.verdict(now);
        let meter = &self.report.meter;
        let remote = match &self.poller {
            Poller::There(state) => Some(state),
            Poller::Open | Poller::Here | Poller::Silent => None,
        };
        let restart = self.crashed.map(|(at, _)| at);
        SourceView {
            name: self.name.clone(),
            kind: self.kind,
            host: self.host.clone(),
            health: verdict.health,
            message: verdict.message,
            hint: verdict.hint.map(|hint| match facts {
                0 => told::without_cards(hint),
                _ => hint,
            }),
            remarks: self.remarks(),
            last_success: self.last_success,
            last_told: self.last_success.or(self.before),
            next_poll: restart.or(remote.map_or(self.report.next_poll, |state| state.next_poll)),
            followed: self.is_followed(),
            capabilities: self.report.capabilities.clone(),
            budgets: remote.map_or_else(|| meter.budgets.clone(), |state| state.budgets.clone()),
            sent: meter.sent,
            not_modified: meter.not_modified,
            failed: meter.failed,
            recent: meter.recent.clone(),
            failing: self.failing(),
            last_failed: meter.last_failed.clone(),
            ahead: meter.ahead,
            left: self.left.is_some(),
            settled: self.is_settled(0, now),
            token_from: if self.is_followed() {
                ELSEWHERE.to_owned()
            } else {
                meter.token_from.clone()
            },
            me: remote
                .and_then(|state| state.me.as_ref().map(Clean::to_string))
                .or_else(|| meter.me.clone())
                .or_else(|| self.me_before.as_ref().map(Clean::to_string)),
            insecure: meter.insecure,
            facts,
            past: PastRead {
                cannot: self.report.past.cannot,
                noun: Noun::of(self.kind),
                ..remote.map_or(self.report.past, |state| state.past)
            },
        }
    }

    /// Returns what was being read by each poll that fails at present, and why, the newest first.
    pub fn failing(&self) -> Vec<Clean> {
        let failed = self.outcomes.iter();
        let failed = failed.filter_map(|(id, outcome)| {
            let error = outcome.error.as_ref()?;
            Some((outcome.order, id, error))
        });
        let mut failed: Vec<_> = failed.collect();
        failed.sort_unstable_by_key(|(order, id, _)| (std::cmp::Reverse(*order), *id));
        let words = failed.into_iter().take(MOST_FAILING).map(|(_, id, error)| {
            let why = match error {
                // The host is known where this is told.
                SourceError::Unreachable { cause, .. }
                | SourceError::Unreadable { cause, .. }
                | SourceError::Refused { cause, .. } => cause.clone(),
                SourceError::Auth { .. }
                | SourceError::NoToken { .. }
                | SourceError::Forbidden { .. }
                | SourceError::NotFound { .. }
                | SourceError::RateLimited { .. } => error.to_string(),
            };
            Clean::line(&format!("{}: {why}", reading(id)))
        });
        words.collect()
    }

    /// Returns how far the clock of the host is off, where that is far.
    pub(super) fn clock(&self) -> Option<Clean> {
        let ahead = self.report.meter.ahead?;
        let by = span(ahead.abs().to_std().ok()?);
        let way = if ahead.num_seconds() > 0 {
            "ahead of"
        } else {
            "behind"
        };
        Some(Clean::line(&format!(
            "its clock is {by} {way} the one here: times that it tells are off by that"
        )))
    }
}

/// Returns what a poll reads, by the name that its adapter gave it: `runs:acme/api@3` are the runs
/// of `acme/api`. What only counts turns and parts says nothing to people.
fn reading(id: &str) -> String {
    let whole = id.split('@').next().unwrap_or(id);
    let (what, of) = whole.split_once(':').unwrap_or((whole, ""));
    let of = of.split(':').filter(|part| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        !is_number
    });
    match of.collect::<Vec<_>>().join(" ") {
        of if of.is_empty() => what.to_owned(),
        of => format!("{what} of {of}"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::correlate::testing::at;
    use crate::engine::snapshot::Health;
    use crate::engine::testing::Fake;
    use crate::engine::update::Report;
    use crate::sources::{Batch, Meter};

    fn state() -> SourceState {
        SourceState::new(&Fake::new("hub", |_| Ok(Batch::default())))
    }

    #[test]
    fn what_a_poll_reads_is_said_without_turns_and_parts() {
        for (id, expected) in [
            ("runs:acme/api", "runs of acme/api"),
            ("delivery:group/app@3", "delivery of group/app"),
            ("probe:hot:0", "probe of hot"),
            ("refresh:3", "refresh"),
            ("alerts", "alerts"),
            ("", ""),
        ] {
            assert_eq!(reading(id), expected, "{id}");
        }
    }

    #[test]
    fn each_poll_that_fails_says_what_was_being_read() {
        let mut state = state();
        let failing = |cause: &str| SourceError::Unreachable {
            host: "hub.test".to_owned(),
            cause: cause.to_owned(),
        };
        state.failed("runs:acme/api".into(), 1, failing("it answered 502"));
        state.failed("runs:acme/web".into(), 2, failing("connection refused"));
        state.failed("issues".into(), 3, failing("connection refused"));
        state.succeeded("issues".into(), 4, at(0), &Batch::default());
        let told = state.view(at(0), 0).failing;
        let expected = [
            "runs of acme/web: connection refused",
            "runs of acme/api: it answered 502",
        ];
        assert_eq!(told, expected.map(Clean::line));
    }

    #[track_caller]
    fn check_clock(minutes: i64, expected: &str) {
        let mut state = state();
        let meter = Meter {
            ahead: Some(TimeDelta::minutes(minutes)),
            ..Meter::default()
        };
        let report = Report {
            round_done: true,
            meter,
            ..Report::default()
        };
        state.report(report, at(0));
        let view = state.view(at(0), 0);
        assert_eq!(view.message.as_deref(), Some(expected));
        assert_eq!(view.remarks, [Clean::line(expected)]);
        assert_eq!(view.health, Health::Ok, "it answers all the same");
    }

    #[test]
    fn a_clock_that_is_off_is_told_of_a_source_that_is_well() {
        check_clock(
            5,
            "its clock is 5 min ahead of the one here: times that it tells are off by that",
        );
        check_clock(
            -2_880,
            "its clock is 48 h behind the one here: times that it tells are off by that",
        );
    }
}
