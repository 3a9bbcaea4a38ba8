//! The table of rules by which a single card calls a person, with what each waits for.
//!
//! A new rule is a row here and a kind. Limits, which count cards, are in `watcher.rs`.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::attention::{Attention, Kind};
use crate::domain::item::{EvidenceKind, WorkItem};
use crate::domain::key::Person;
use crate::domain::later;
use crate::domain::placement::stale_after;
use crate::domain::status::{Severity, Status};

/// A card that is judged, and for whom.
pub(super) struct Case<'a> {
    pub(super) item: &'a WorkItem,
    pub(super) rules: &'a Attention,
    pub(super) me: &'a [String],
}

/// Since when a card is as a rule says, and from when on that is too long.
type Judged = Option<(Timestamp, Timestamp)>;

/// One row: what it calls for, and how it judges.
struct Rule {
    kind: Kind,
    judge: fn(&Case<'_>) -> Judged,
}

/// Every rule about a single card.
const RULES: &[Rule] = &[
    Rule {
        kind: Kind::RedTooLong,
        judge: red,
    },
    Rule {
        kind: Kind::Gate,
        judge: gate,
    },
    Rule {
        kind: Kind::WaitsForMe,
        judge: waits_for_me,
    },
    Rule {
        kind: Kind::BlockedTooLong,
        judge: blocked,
    },
    Rule {
        kind: Kind::ReviewTooLong,
        judge: review,
    },
    Rule {
        kind: Kind::Stuck,
        judge: stuck,
    },
];

/// Calls `note` for each rule under which a card calls now or will, with since when, and from when.
pub(super) fn judge(case: &Case<'_>, mut note: impl FnMut(Kind, Timestamp, Timestamp)) {
    if case.item.placement.done.is_some() {
        return;
    }
    for rule in RULES {
        if let Some((since, due)) = (rule.judge)(case) {
            note(rule.kind, since, due);
        }
    }
}

fn patient(case: &Case<'_>, holds: bool, span: TimeDelta) -> Judged {
    let since = case.item.placement.since;
    holds.then(|| (since, case.rules.over_at(since, span)))
}

fn red(case: &Case<'_>) -> Judged {
    let is_red = case.item.placement.status.is_red();
    patient(case, is_red, case.rules.patience.red)
}

fn blocked(case: &Case<'_>) -> Judged {
    let status = case.item.placement.status;
    let is_blocked = matches!(status, Status::Blocked | Status::ChangesRequested);
    patient(case, is_blocked, case.rules.patience.blocked)
}

fn review(case: &Case<'_>) -> Judged {
    let in_review = case.item.placement.status == Status::Review;
    patient(case, in_review, case.rules.patience.review)
}

/// A gate of the card waits, whatever else the card does.
fn gate(case: &Case<'_>) -> Judged {
    let gates = case.item.evidence.iter();
    let waits = gates.filter(|line| line.kind == EvidenceKind::Gate);
    let waits = waits.filter(|line| line.status == Status::Waiting);
    let of_card = (case.item.placement.status == Status::Waiting).then_some({
        let place = &case.item.placement;
        place.since
    });
    let since = waits.map(|line| line.at).min().or(of_card)?;
    Some((since, case.rules.over_at(since, case.rules.patience.gate)))
}

/// The user holds it and it needs a person, or the user's review is asked for.
fn waits_for_me(case: &Case<'_>) -> Judged {
    let place = &case.item.placement;
    let is_me = |person: &Person| {
        let mut me = case.me.iter();
        me.any(|login| case.rules.roster.is_same(login, &person.login))
    };
    let holds = place.status.severity() >= Severity::Waiting && case.item.holders.iter().any(is_me);
    let reviews = place.status == Status::Review && case.item.reviewers.iter().any(is_me);
    (holds || reviews).then_some((place.since, place.since))
}

/// Longer in one place than the table of stale cards says.
///
/// Spans of less than a day are those of machines, which do not go home.
fn stuck(case: &Case<'_>) -> Judged {
    let place = &case.item.placement;
    let span = stale_after(place.stage, place.status)?;
    let since = place.since.max(case.item.updated_at);
    let due = if span < TimeDelta::days(1) {
        later(since, span)
    } else {
        case.rules.over_at(since, span)
    };
    Some((since, due))
}
