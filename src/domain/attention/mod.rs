//! What asks for a person: limits of work in progress, and cards that stand too long.
//!
//! Rules are rows of a table; a card is judged when it changes, and what comes true by the clock
//! alone is known before. Pure, and the same whatever the order in which cards come. What is red
//! and why is not judged here.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::query::Query;
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::text::Clean;

mod board;
mod fold;
mod rules;
mod watcher;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use board::{AttentionBoard, Call, Count, Listed};
pub use fold::{AtGate, Line, fold};
pub use watcher::Watcher;

/// What a person is called for, the most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Red for longer than the team allows.
    RedTooLong,
    /// A gate waits.
    Gate,
    /// The user's move.
    WaitsForMe,
    /// More than a hard limit allows.
    OverHard,
    /// Blocked for longer than the team allows.
    BlockedTooLong,
    /// A review was asked for long ago.
    ReviewTooLong,
    /// More than a limit allows.
    OverSoft,
    /// Stands in one place for longer than it should.
    Stuck,
}

impl Kind {
    /// All kinds, the most urgent first.
    pub const ALL: [Self; 8] = [
        Self::RedTooLong,
        Self::Gate,
        Self::WaitsForMe,
        Self::OverHard,
        Self::BlockedTooLong,
        Self::ReviewTooLong,
        Self::OverSoft,
        Self::Stuck,
    ];

    /// Returns the name of the rule, as JSON and the list have it; stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RedTooLong => "red-too-long",
            Self::Gate => "gate-waits",
            Self::WaitsForMe => "waits-for-me",
            Self::OverHard => "over-hard-limit",
            Self::BlockedTooLong => "blocked-too-long",
            Self::ReviewTooLong => "review-too-long",
            Self::OverSoft => "over-limit",
            Self::Stuck => "stuck",
        }
    }

    /// Returns the word on a card; its status stands beside it and is not said twice.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::WaitsForMe => "for you",
            Self::OverHard | Self::OverSoft => "over",
            Self::RedTooLong | Self::BlockedTooLong | Self::ReviewTooLong => "too long",
            Self::Stuck => "stuck",
        }
    }

    /// Returns whether a limit of work in progress is exceeded.
    pub fn is_over(self) -> bool {
        matches!(self, Self::OverHard | Self::OverSoft)
    }
}

/// For what a limit counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Per {
    /// All its columns together.
    #[default]
    Together,
    /// Each of its columns.
    Column,
    /// Each person who holds cards.
    Person,
    /// Each service.
    Service,
}

impl Per {
    /// The words in the configuration; together is what holds without one.
    pub const WORDS: [&'static str; 3] = ["column", "person", "service"];

    /// Returns what a word of the configuration means.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "column" => Some(Self::Column),
            "person" => Some(Self::Person),
            "service" => Some(Self::Service),
            _ => None,
        }
    }

    /// Returns the word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Together => "together",
            Self::Column => "column",
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

/// A limit of work in progress.
#[derive(Clone, PartialEq, Debug)]
pub struct Limit {
    /// What it is called.
    pub name: Clean,
    /// The most cards.
    pub most: u32,
    /// Which cards count; the empty filter means all.
    pub when: Query,
    /// For what it counts.
    pub per: Per,
    /// The columns in which cards count, in the order of the cycle; never empty.
    pub stages: Vec<Stage>,
    /// Whether more than that is as bad as red.
    pub hard: bool,
}

impl Limit {
    /// The columns that count where a limit names none: from the first work on it until it is live.
    pub const USUAL: [Stage; 5] = [
        Stage::Code,
        Stage::Build,
        Stage::Test,
        Stage::Release,
        Stage::Deploy,
    ];

    /// Returns the limit of one column, as `[board]` has it.
    pub fn of_column(stage: Stage, most: u32) -> Self {
        Self {
            name: Clean::line(stage.as_str()),
            most,
            when: Query::default(),
            per: Per::Column,
            stages: vec![stage],
            hard: false,
        }
    }
}

/// For how long things may be as they are. Whole days are working days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Red.
    pub red: TimeDelta,
    /// Blocked.
    pub blocked: TimeDelta,
    /// Asked for review.
    pub review: TimeDelta,
    /// Waiting at a gate.
    pub gate: TimeDelta,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            red: TimeDelta::hours(4),
            blocked: TimeDelta::days(2),
            review: TimeDelta::days(1),
            gate: TimeDelta::hours(1),
        }
    }
}

/// What the team pays attention to.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The limits of work in progress.
    pub limits: Vec<Limit>,
    /// How long things may stay as they are.
    pub patience: Patience,
    /// The working time of the team; without one all time counts.
    pub calendar: Option<Calendar>,
    /// Who is who.
    pub roster: Roster,
}

impl Attention {
    /// Returns when a span that began then is over, counted in working time.
    ///
    /// Whole days are working days of the team, what is left are hours of them.
    fn over_at(&self, since: Timestamp, span: TimeDelta) -> Timestamp {
        let Some(calendar) = &self.calendar else {
            return crate::domain::later(since, span);
        };
        let days = i32::try_from(span.num_days()).unwrap_or(i32::MAX);
        let rest = span - TimeDelta::days(i64::from(days));
        let worked = calendar.work().day_length() * days + rest;
        calendar.worked_since(since, worked)
    }
}
