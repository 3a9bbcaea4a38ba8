//! How long a card may stand in one place before it counts as stuck.

use chrono::TimeDelta;

use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// Returns after how long without a change a card is stuck; nothing where time does not tell.
///
/// Only what waits, is queued or is at work goes stale. What is red, live or
/// watched does not: it is shown for what it is.
pub fn stale_after(stage: Stage, status: Status) -> Option<TimeDelta> {
    match status {
        Status::Failed
        | Status::Degraded
        | Status::RolledBack
        | Status::Incident
        | Status::Live
        | Status::Watched
        | Status::Firing
        | Status::Acknowledged
        | Status::Silenced
        | Status::Inhibited
        | Status::Finding
        | Status::Unknown => None,
        // A person's word is awaited.
        Status::Waiting => Some(TimeDelta::days(1)),
        Status::Review => Some(TimeDelta::days(2)),
        Status::Backlog
        | Status::Ready
        | Status::Blocked
        | Status::Drafting
        | Status::ChangesRequested
        | Status::Mergeable
        | Status::Queued
        | Status::Running
        | Status::Flaky
        | Status::Unreleased
        | Status::Candidate
        | Status::Draft
        | Status::Partial => by_stage(stage, status),
    }
}

fn by_stage(stage: Stage, status: Status) -> Option<TimeDelta> {
    let at_work = status == Status::Running;
    match stage {
        Stage::Plan => Some(TimeDelta::days(30)),
        Stage::Code => Some(TimeDelta::days(5)),
        Stage::Build | Stage::Test => Some(TimeDelta::hours(1)),
        Stage::Release | Stage::Deploy if at_work => Some(TimeDelta::hours(1)),
        Stage::Release | Stage::Deploy => Some(TimeDelta::days(14)),
        Stage::Operate if at_work => Some(TimeDelta::days(1)),
        Stage::Operate | Stage::Monitor => None,
    }
}
