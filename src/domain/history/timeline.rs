//! The way of one card through the board: its transitions in order, and the intervals between them.
//!
//! A timeline is a function of the set of transitions: their order, and how often one is
//! told, make no difference. Intervals of a window have no gap and no overlap from the first
//! transition on. It knows nothing of other cards.

use crate::domain::history::{Standing, Transition, Windows};
use crate::domain::item::Outcome;
use crate::domain::placement::is_unanswered;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::domain::{Timestamp, later};

/// The rules that windows lead from one to the next.
const BAKING: &str = "live-baking";
const WATCHED: &str = "live-watched";
const DONE: &str = "live-done";

/// The transitions of one card, oldest first; no two neighbours stand alike, and no two happen at
/// one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Timeline {
    moments: Vec<Moment>,
}

/// From when on a card stood somewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment {
    /// When it came there, by the clock of the source.
    pub at: Timestamp,
    /// Where it stood.
    pub standing: Standing,
    /// The rule that decided.
    pub rule: Clean,
}

/// For how long a card stood somewhere, within a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval<'a> {
    /// The beginning: when it came there, or that of the window.
    pub from: Timestamp,
    /// The end, exclusive: when it went on, or that of the window.
    pub to: Timestamp,
    /// Where it stood.
    pub standing: &'a Standing,
    /// The rule that had decided.
    pub rule: &'a Clean,
}

impl Interval<'_> {
    /// Returns how long it is, in seconds; never less than nothing.
    pub fn seconds(&self) -> i64 {
        (self.to - self.from).num_seconds().max(0)
    }
}

impl Timeline {
    /// Puts transitions of one card in order. Of several at one moment the one counts that is
    /// furthest on the way: what passes in no time is not stood in. What was only not answered yet
    /// is where it was before.
    pub fn new(transitions: impl IntoIterator<Item = Transition>) -> Self {
        let is_told = |it: &Transition| !is_unanswered(&it.rule, it.standing.status);
        let mut told: Vec<Moment> = transitions
            .into_iter()
            .filter(is_told)
            .map(|transition| Moment {
                at: transition.at,
                standing: transition.standing,
                rule: transition.rule,
            })
            .collect();
        told.sort();
        let mut moments: Vec<Moment> = Vec::with_capacity(told.len());
        for moment in told {
            if moments.last().is_some_and(|last| last.at == moment.at) {
                moments.pop();
            }
            moments.push(moment);
        }
        moments.dedup_by(|next, kept| next.standing == kept.standing);
        Self { moments }
    }

    /// Ends it where it last came to stand, if it has not ended.
    pub(super) fn end(&mut self) {
        if let Some(last) = self.moments.last_mut() {
            last.standing.done.get_or_insert(Outcome::Dropped);
        }
        self.moments
            .dedup_by(|next, kept| next.standing == kept.standing);
    }

    /// Lets windows pass over a card that was live in production when it was last heard of, as the
    /// table lets them: it is watched once it is baked, and over once it was watched for long enough.
    pub(super) fn pass(&mut self, windows: Windows, now: Timestamp) {
        let is_live = |moment: &Moment, rule: &str| {
            moment.rule.as_str() == rule && moment.standing.done.is_none()
        };
        for (rule, window, next, done) in [
            (BAKING, windows.bake, WATCHED, None),
            (WATCHED, windows.watch, DONE, Some(Outcome::Shipped)),
        ] {
            // Who holds it may have changed since.
            let mut stood = self.moments.iter().rev();
            let stood = stood.by_ref().take_while(|moment| is_live(moment, rule));
            let Some(at) = stood.last().map(|first| later(first.at, window)) else {
                continue;
            };
            if at > now {
                return;
            }
            let Some(last) = self.moments.last() else {
                return;
            };
            let moment = Moment {
                at: at.max(last.at),
                standing: Standing {
                    stage: Stage::Monitor,
                    status: Status::Watched,
                    done,
                    holders: last.standing.holders.clone(),
                },
                rule: Clean::line(next),
            };
            if last.at == moment.at {
                self.moments.pop();
            }
            self.moments.push(moment);
        }
    }

    /// Returns all moments, oldest first.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// Returns whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// Returns when it is first known to have stood anywhere.
    pub fn begins(&self) -> Option<Timestamp> {
        self.moments.first().map(|moment| moment.at)
    }

    /// Returns where it stood at a moment, and since when; nothing before its first transition.
    pub fn at(&self, at: Timestamp) -> Option<&Moment> {
        let after = self.moments.partition_point(|moment| moment.at <= at);
        self.moments.get(after.checked_sub(1)?)
    }

    /// Returns the transitions of a span of time, the beginning exclusive and the end inclusive.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> &[Moment] {
        let first = self.moments.partition_point(|moment| moment.at <= from);
        let last = self.moments.partition_point(|moment| moment.at <= to);
        self.moments.get(first..last).unwrap_or_default()
    }

    /// Returns the intervals of a window, cut to it, in order.
    pub fn intervals(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Interval<'_>> {
        let after = self.moments.partition_point(|moment| moment.at <= from);
        let first = after.saturating_sub(1);
        let rest = self.moments.get(first..).unwrap_or_default();
        let ends = rest.iter().skip(1).map(|next| next.at);
        let ends = ends.chain(std::iter::once(to));
        rest.iter()
            .zip(ends)
            .map(move |(moment, end)| Interval {
                from: moment.at.max(from),
                to: end.min(to),
                standing: &moment.standing,
                rule: &moment.rule,
            })
            .filter(|interval| interval.from < interval.to)
    }

    /// Returns when it first came to a stage, or past it.
    pub fn first_at_or_past(&self, stage: Stage) -> Option<Timestamp> {
        let found = self.moments.iter().find(|m| m.standing.stage >= stage);
        found.map(|moment| moment.at)
    }

    /// Returns the moment at which it was over, if it is over at the end.
    pub fn over_at(&self) -> Option<Timestamp> {
        let last = self.moments.last()?;
        last.standing.done?;
        let open = self
            .moments
            .iter()
            .rposition(|moment| moment.standing.done.is_none());
        let first = open.map_or(0, |at| at + 1);
        self.moments.get(first).map(|moment| moment.at)
    }
}
