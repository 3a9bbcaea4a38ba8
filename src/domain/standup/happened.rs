//! What one card did within a span of time.
//!
//! Reads its transitions and where it stands now; says nothing in words.

use crate::domain::Timestamp;
use crate::domain::history::{Moment, Timeline};
use crate::domain::item::{Anchor, Outcome, WorkItem};
use crate::domain::key::Person;
use crate::domain::placement::is_unanswered;
use crate::domain::stage::Stage;
use crate::domain::standup::Place;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// What a card did since a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Happened {
    /// Where it stood at that moment.
    pub before: Before,
    /// Its changes of place since, oldest first.
    pub steps: Vec<Step>,
    /// Where all of that brought it.
    pub way: Way,
    /// When it was last taken back since: from production, out of a release, to be made again.
    pub taken_back: Option<Timestamp>,
    /// Who held it at that moment, where that is known.
    pub held_by: Vec<Person>,
}

/// Where a card stood at the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    /// There.
    Stood(Place),
    /// Nowhere: it was made since.
    New,
    /// Not known: history does not reach so far.
    Unknown,
}

/// One change of place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, by the clock of the source.
    pub at: Timestamp,
    /// From where, where that is known.
    pub from: Option<Place>,
    /// To where.
    pub to: Place,
    /// The rule that decided.
    pub rule: Clean,
}

/// Where changes of place brought a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Nowhere: it stands where it stood.
    Still,
    /// Further on its way.
    Forward,
    /// Back.
    Back,
    /// Elsewhere, which is neither.
    Aside,
}

/// How far a place is on the way; what is built and tested goes to and fro with each commit, and is
/// not taken back by that.
fn tier(place: Place) -> u8 {
    if place.done == Some(Outcome::Shipped) {
        return 5;
    }
    match place.stage {
        Stage::Plan => 0,
        Stage::Code | Stage::Build | Stage::Test => 1,
        Stage::Release => 2,
        Stage::Deploy => 3,
        Stage::Operate | Stage::Monitor => 4,
    }
}

/// Returns how far a place is on the way, in steps within what is made as well.
fn progress(place: Place) -> (u8, u8) {
    let step = match (tier(place), place.status, place.stage) {
        (1, Status::Mergeable, _) => 4,
        (1, Status::Review, _) => 3,
        (1, _, Stage::Test) => 2,
        (1, _, Stage::Build) | (0, Status::Ready, _) => 1,
        _ => 0,
    };
    (tier(place), step)
}

/// Whether a card has a way from plan to production: what is built, and no signal or problem.
pub(super) fn has_way(anchor: Anchor) -> bool {
    match anchor {
        Anchor::Ticket | Anchor::ChangeRequest | Anchor::Push => true,
        Anchor::Incident | Anchor::Alert | Anchor::Finding | Anchor::Run => false,
    }
}

/// Whether a step took a card back.
fn is_back(step: &Step) -> bool {
    step.from.is_some_and(|from| leaves(from, step.to))
}

/// Whether a card leaves what it had reached. What is merged is built and tested again with each
/// commit beside it, which takes nothing from it; only its users can lose it by that.
fn leaves(from: Place, to: Place) -> bool {
    let undone = to.status == Status::RolledBack && from.status != Status::RolledBack;
    let is_made_again = matches!(to.stage, Stage::Build | Stage::Test) && tier(from) < 4;
    undone || (to.done.is_none() && tier(to) < tier(from) && !is_made_again)
}

fn place_of(moment: &Moment) -> Place {
    Place {
        stage: moment.standing.stage,
        status: moment.standing.status,
        done: moment.standing.done,
    }
}

/// Returns where a way between two places leads.
pub(super) fn way(from: Place, to: Place, has_way: bool) -> Way {
    if from == to {
        return Way::Still;
    }
    if !has_way {
        let over = to.done.is_some() && from.done.is_none();
        return if over { Way::Forward } else { Way::Aside };
    }
    match progress(to).cmp(&progress(from)) {
        std::cmp::Ordering::Greater => Way::Forward,
        std::cmp::Ordering::Less if leaves(from, to) => Way::Back,
        std::cmp::Ordering::Less | std::cmp::Ordering::Equal => Way::Aside,
    }
}

/// Tells what a card of the board did between two moments.
pub(super) fn happened(
    timeline: Option<&Timeline>,
    item: &WorkItem,
    since: Timestamp,
    now: Timestamp,
) -> Happened {
    let stood = timeline.and_then(|timeline| timeline.at(since));
    let moments = timeline.map_or(&[][..], |timeline| timeline.between(since, now));
    let last = moments.last().or(stood);
    let here = here(item, last);
    // Where it came to stand by then, and history was a moment behind.
    let is_old = item.placement.since.max(item.updated_at) <= since;
    let before = match stood {
        Some(_) if moments.is_empty() && is_old => Before::Stood(here),
        Some(moment) => Before::Stood(place_of(moment)),
        None if item.created_at > since => Before::New,
        // What did not change since is where it was.
        None if item.placement.since <= since => Before::Stood(here),
        None => Before::Unknown,
    };
    let steps = steps(before, moments, (item, here), (since, now));
    let taken_back = steps.iter().rev().find(|step| is_back(step));
    let taken_back = taken_back.map(|step| step.at);
    let has_way = has_way(item.anchor);
    let way = match (before, steps.first()) {
        (Before::Stood(from), _) => way(from, here, has_way),
        (Before::New, _) => Way::Forward,
        (Before::Unknown, Some(step)) => way(step.from.unwrap_or(step.to), here, has_way),
        (Before::Unknown, None) => Way::Still,
    };
    Happened {
        before,
        steps,
        way,
        taken_back: taken_back.filter(|_| has_way),
        held_by: stood.map_or_else(Vec::new, |moment| moment.standing.holders.clone()),
    }
}

/// Where a card stands now; where that only waits for an answer, where it was last known to stand.
fn here(item: &WorkItem, last: Option<&Moment>) -> Place {
    let placement = &item.placement;
    let known = last.filter(|_| is_unanswered(&placement.rule, placement.status));
    known.map_or_else(|| Place::of(item), place_of)
}

/// The changes of place, up to where the card stands now: history may be a moment behind.
fn steps(
    before: Before,
    moments: &[Moment],
    (item, here): (&WorkItem, Place),
    (since, now): (Timestamp, Timestamp),
) -> Vec<Step> {
    let mut last = match before {
        Before::Stood(place) => Some(place),
        Before::New | Before::Unknown => None,
    };
    let mut steps: Vec<Step> = Vec::new();
    for moment in moments {
        let to = place_of(moment);
        if last != Some(to) {
            steps.push(Step {
                at: moment.at,
                from: last,
                to,
                rule: moment.rule.clone(),
            });
        }
        last = Some(to);
    }
    if last != Some(here) {
        let not_before = steps.last().map_or(since, |step| step.at);
        steps.push(Step {
            at: item.placement.since.max(not_before).min(now),
            from: last,
            to: here,
            rule: item.placement.rule.clone(),
        });
    }
    steps
}

/// Returns since when a card is in its stage.
pub(super) fn entered(timeline: Option<&Timeline>, item: &WorkItem, now: Timestamp) -> Timestamp {
    let stage = item.placement.stage;
    let moments = timeline.map_or(&[][..], Timeline::moments);
    let known = moments.iter().rev().filter(|moment| moment.at <= now);
    let here = known.take_while(|moment| moment.standing.stage == stage);
    let first = here.last().map(|moment| moment.at);
    let since = item.placement.since.min(now);
    first.map_or(since, |first| first.min(since))
}
