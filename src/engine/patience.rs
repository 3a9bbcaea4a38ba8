//! How long somebody who wants the board as a whole waits for sources that say nothing.
//!
//! Pure. As long as something comes of anybody who has more to tell, everybody is waited for: that
//! costs nobody a moment. Once nothing comes any more and at least one host has answered, who says
//! nothing is left behind. With nobody to compare with, it may be slow or the network may be: then
//! the engine's own patience holds.

use std::time::Duration;

use crate::domain::key::SourceName;

/// How long a host may take for its first answer after the others told all: a lost packet is sent
/// again after one and after three seconds, and a log-in takes a moment more.
pub const FIRST_ANSWER: Duration = Duration::from_secs(4);
/// How long one may be silent that has answered before, or whose token is being fetched: a page of
/// a large list takes its time.
pub const NEXT_ANSWER: Duration = Duration::from_secs(10);

/// How one source stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Round {
    /// Which source.
    pub source: SourceName,
    /// Whether it has told all that it tells at first, or is hopeless.
    pub over: bool,
    /// Whether its host answered anything at all.
    pub heard: bool,
    /// Whether it is being asked: its credential is there.
    pub begun: bool,
    /// How much came of it so far, counted in any way.
    pub news: u64,
    /// How long its settings let an answer take, where that is longer than is usual.
    pub slow: Duration,
}

/// What was seen so far.
#[derive(Clone, Default, Debug)]
pub struct Patience {
    open: Vec<Round>,
    quiet_since: Duration,
}

impl Patience {
    /// Looks at all sources; returns those that are waited for no longer, and how long nothing came.
    pub fn look(&mut self, rounds: &[Round], now: Duration) -> Option<(Vec<SourceName>, Duration)> {
        let open: Vec<Round> = rounds.iter().filter(|round| !round.over).cloned().collect();
        if open != self.open {
            self.open = open;
            self.quiet_since = now;
        }
        let anybody = rounds.iter().any(|round| round.over && round.heard);
        let quiet = now.saturating_sub(self.quiet_since);
        let allowed = self.open.iter().map(|round| {
            let usual = if round.begun && !round.heard && round.news == 0 {
                FIRST_ANSWER
            } else {
                NEXT_ANSWER
            };
            usual.max(round.slow)
        });
        let is_long = allowed.max().is_some_and(|allowed| quiet >= allowed);
        (anybody && is_long).then(|| {
            let names = self.open.iter().map(|round| round.source.clone());
            (names.collect(), quiet)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(name: &str, over: bool, news: u64) -> Round {
        Round {
            source: SourceName::new(name),
            over,
            heard: news > 0,
            begun: true,
            news,
            slow: Duration::ZERO,
        }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// Looks every second; returns who is left and when.
    #[track_caller]
    fn check(rounds: impl Fn(u64) -> Vec<Round>, expected: Option<(u64, &[&str])>) {
        let mut patience = Patience::default();
        let found = (0..60).find_map(|at| {
            let (left, _) = patience.look(&rounds(at), secs(at))?;
            Some((at, left))
        });
        let found = found.map(|(at, left)| (at, left.iter().map(ToString::to_string).collect()));
        let expected = expected.map(|(at, names)| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            (at, names)
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn who_says_nothing_is_left_a_moment_after_the_others_told_all() {
        let rounds = |at| vec![round("a", at >= 2, 1), round("b", false, 0)];
        check(rounds, Some((6, &["b"])));
    }

    #[test]
    fn nobody_is_left_while_something_comes_of_anybody_who_is_waited_for() {
        let rounds = |at: u64| {
            vec![
                round("a", true, 1),
                round("b", at >= 30, at.min(30)),
                round("c", false, 0),
            ]
        };
        check(rounds, Some((34, &["c"])));
    }

    #[test]
    fn what_is_over_and_goes_on_being_polled_holds_nobody_up() {
        let rounds = |at| vec![round("a", true, at), round("b", false, 0)];
        check(rounds, Some((4, &["b"])));
    }

    #[test]
    fn who_answered_before_or_has_no_token_yet_gets_longer() {
        let rounds = |_| vec![round("a", true, 1), round("b", false, 3)];
        check(rounds, Some((10, &["b"])));
        let asking = Round {
            begun: false,
            ..round("b", false, 0)
        };
        check(
            move |_| vec![round("a", true, 1), asking.clone()],
            Some((10, &["b"])),
        );
    }

    #[test]
    fn who_may_take_longer_is_waited_for_as_long() {
        let slow = |at: u64| Round {
            slow: secs(30),
            ..round("b", at >= 29, 0)
        };
        check(move |at| vec![round("a", true, 1), slow(at)], None);
        let never = move |_| vec![round("a", true, 1), slow(0)];
        check(never, Some((30, &["b"])));
    }

    #[test]
    fn without_anybody_who_answered_everybody_is_waited_for() {
        check(|_| vec![round("a", false, 0)], None);
        let down = Round {
            heard: false,
            ..round("a", true, 1)
        };
        check(move |_| vec![down.clone(), round("b", false, 0)], None);
    }
}
