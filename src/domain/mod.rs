//! What work is: facts, stages, cards, and the rules that place them.
//!
//! Pure by construction: nothing here does I/O, reads a clock, awaits, or knows
//! a colour. Every function takes what it needs, the current time included.

pub mod action;
mod address;
pub mod alert;
pub mod arrange;
pub mod attention;
pub mod calendar;
pub mod change_request;
pub mod commit;
pub mod correlate;
pub mod deployment;
pub mod diagnosis;
pub mod fact;
pub mod finding;
pub mod flow;
pub mod hide;
pub mod history;
pub mod item;
pub mod key;
mod moment;
mod moves;
pub mod names;
mod notice;
pub mod phase;
pub mod placement;
pub mod policy;
pub mod pool;
pub mod query;
pub mod release;
mod remote;
pub mod repository;
pub mod roster;
pub mod run;
pub mod stage;
pub mod standup;
pub mod status;
pub mod text;
pub mod ticket;
pub mod trace;
pub mod triage;

/// An instant, always in UTC; the local zone is applied where text is drawn.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Returns the moment that lies so long after another; the last of all where there is none.
///
/// Servers send years of six digits too, and adding to the last of them must not end us.
pub fn later(at: Timestamp, span: chrono::TimeDelta) -> Timestamp {
    at.checked_add_signed(span).unwrap_or(Timestamp::MAX_UTC)
}

/// Returns the moment that lies so long before another; the first of all where there is none.
pub fn earlier(at: Timestamp, span: chrono::TimeDelta) -> Timestamp {
    at.checked_sub_signed(span).unwrap_or(Timestamp::MIN_UTC)
}
