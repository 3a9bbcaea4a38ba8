//! The clock: the only place that reads the time.
//!
//! Everything else is told the time, so that tests can tell it another one.

use std::sync::Arc;
use std::time::Instant;

use crate::domain::Timestamp;
use crate::sources::http::Clock;

/// Returns the time of now.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn now() -> Timestamp {
    chrono::Utc::now()
}

/// Returns the clock of this machine.
pub fn system() -> Clock {
    Arc::new(now)
}

/// Returns a point in time that can only be compared with others.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn instant() -> Instant {
    Instant::now()
}

/// Returns the day of a moment in the local zone, as that was then.
pub fn local_day(at: Timestamp) -> chrono::NaiveDate {
    at.with_timezone(&chrono::Local).date_naive()
}

/// Returns how far the local zone is from UTC now.
pub fn local_offset() -> chrono::FixedOffset {
    *chrono::Local::now().offset()
}
