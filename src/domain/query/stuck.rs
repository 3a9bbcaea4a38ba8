//! How long a card may stand before it counts as stuck.
//!
//! The durations of the product; a moving average of the team's own comes with
//! the flow metrics and is not this module's concern.

use chrono::TimeDelta;

use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// Returns after how long without an event a card counts as stuck; some never do.
pub(super) fn stuck_after(stage: Stage, status: Status) -> Option<TimeDelta> {
    match (stage, status) {
        (_, Status::Waiting) => Some(TimeDelta::days(1)),
        (Stage::Plan, _) => Some(TimeDelta::days(30)),
        (Stage::Code | Stage::Test, Status::Review) => Some(TimeDelta::days(2)),
        (Stage::Code, _) => Some(TimeDelta::days(5)),
        (Stage::Build | Stage::Test | Stage::Release, Status::Queued | Status::Running)
        | (Stage::Deploy, Status::Running) => Some(TimeDelta::hours(1)),
        (Stage::Release | Stage::Deploy, _) => Some(TimeDelta::days(14)),
        (Stage::Build | Stage::Test | Stage::Operate | Stage::Monitor, _) => None,
    }
}
