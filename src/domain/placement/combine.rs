//! Several changes of one card become one placement: the least advanced decides.

use crate::domain::placement::evidenced::Placed;
use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// Puts the placements of the parts of one card together; nothing only for no parts.
///
/// What is over does not hold a card back. What is red and does not decide is
/// told by a badge, so that nothing red is hidden.
pub fn combine(parts: Vec<Placed>) -> Option<Placed> {
    let open = parts.iter().any(|part| part.done.is_none());
    if !open {
        return parts.into_iter().max_by_key(over_rank);
    }
    let any_live = parts
        .iter()
        .any(|part| part.stage >= Stage::Operate || part.done.is_some());
    let (over, mut going): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| part.done.is_some());
    going.sort_by(|a, b| {
        let rank = |part: &Placed| (part.stage, std::cmp::Reverse(part.status.severity()));
        rank(a)
            .cmp(&rank(b))
            .then(a.since.cmp(&b.since))
            .then_with(|| a.reason.cmp(&b.reason))
    });
    let mut rest = going.into_iter();
    let mut first = rest.next()?;
    for other in rest {
        let red = other.status.is_red();
        if red && (other.stage, other.status) != (first.stage, first.status) {
            first.badges.push(elsewhere(other.status, other.stage));
        }
        first.badges.extend(other.badges);
    }
    first
        .badges
        .extend(over.into_iter().flat_map(|part| part.badges));
    let idle = matches!(first.status, Status::Queued | Status::Unreleased);
    if first.stage == Stage::Deploy && idle && any_live {
        first.status = Status::Partial;
    }
    Some(first)
}

/// Returns the badge that tells what is the matter where the card does not stand.
pub(super) fn elsewhere(status: Status, stage: Stage) -> String {
    format!("{} in {}", status.label(), stage.as_str())
}

/// Shipped comes before dropped, later before earlier.
fn over_rank(part: &Placed) -> (bool, crate::domain::Timestamp, String) {
    let shipped = part.done == Some(crate::domain::item::Outcome::Shipped);
    (shipped, part.since, part.reason.clone())
}
