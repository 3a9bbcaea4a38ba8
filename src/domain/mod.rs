//! What work is: facts, stages, cards, and the rules that place them.
//!
//! Pure by construction: nothing here does I/O, reads a clock, awaits, or knows
//! a colour. Every function takes what it needs, the current time included.

pub mod action;
pub mod alert;
pub mod change_request;
pub mod commit;
pub mod correlate;
pub mod deployment;
pub mod diagnosis;
pub mod fact;
pub mod finding;
pub mod item;
pub mod key;
pub mod phase;
pub mod placement;
pub mod policy;
pub mod pool;
pub mod query;
pub mod release;
pub mod repository;
pub mod run;
pub mod stage;
pub mod status;
pub mod text;
pub mod ticket;
pub mod trace;
pub mod triage;

/// An instant, always in UTC; the local zone is applied where text is drawn.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
