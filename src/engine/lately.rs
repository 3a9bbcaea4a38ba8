//! Which of two moments of success was the last, where clocks may be put back.
//!
//! What counts as current is the snapshot's.

use crate::domain::Timestamp;

/// How far answers may overtake one another, in seconds: as long as a poll may take.
pub(super) const OVERTAKEN_SECS: i64 = 180;

/// Returns the later of two moments of success, unless the known one lies so far ahead of the
/// answer that a clock must have been put back since.
pub(super) fn last_of(known: Timestamp, answer: Timestamp) -> Timestamp {
    if (known - answer).num_seconds() > OVERTAKEN_SECS {
        answer
    } else {
        known.max(answer)
    }
}
