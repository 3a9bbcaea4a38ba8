//! The words of a stand-up: when something was, what a card did, for how long.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::change_request::Verdict;
use crate::domain::item::{Outcome, WorkItem};
use crate::domain::stage::Stage;
use crate::domain::standup::{Before, Happened, Place, Step, Stop, Way};
use crate::domain::status::Status;

/// Returns a moment on the clock of the team, as short as it can be told from now: `14:10`,
/// `Fri 14:10`, `12 Nov 14:10`, `12 Nov 2025`.
pub fn moment(at: Timestamp, calendar: &Calendar, now: Timestamp) -> String {
    let (at, now) = (calendar.local(at), calendar.local(now));
    let days = (now.date_naive() - at.date_naive()).num_days();
    let form = match days {
        0 => "%H:%M",
        1..7 => "%a %H:%M",
        -180..180 => "%-d %b %H:%M",
        _ => "%-d %b %Y",
    };
    at.format(form).to_string()
}

/// Returns what a card did since the last stand-up, and how ill it is.
pub(super) fn story(
    item: &WorkItem,
    happened: &Happened,
    calendar: &Calendar,
    now: Timestamp,
) -> String {
    let mut story = went(item, happened, calendar, now);
    if let Some(at) = happened.taken_back
        && happened.way != Way::Back
    {
        let back = format!("was taken back {}", moment(at, calendar, now));
        story = join(&story, &back);
    }
    let ill = ill(item, calendar, now);
    if ill.is_empty() {
        story
    } else {
        join(&story, &ill)
    }
}

fn join(one: &str, other: &str) -> String {
    if one.is_empty() {
        other.to_owned()
    } else {
        format!("{one}, {other}")
    }
}

/// Returns how it went; nothing where that is not known.
fn went(item: &WorkItem, happened: &Happened, calendar: &Calendar, now: Timestamp) -> String {
    let here = Place::of(item);
    let when = |at: Timestamp| moment(at, calendar, now);
    let Some(last) = happened.steps.last() else {
        return match happened.before {
            Before::Stood(_) => "did not move".to_owned(),
            Before::New => format!("new {}", when(item.created_at)),
            Before::Unknown => String::new(),
        };
    };
    // When it came to the stage in which it stands.
    let away = |step: &&Step| step.to.stage != here.stage;
    let in_stage = happened.steps.iter().rev().take_while(|step| !away(step));
    let came = in_stage.last().map_or(last.at, |step| step.at);
    match happened.before {
        Before::New if came <= item.created_at || here.stage == Stage::Plan => {
            format!("new {}", when(item.created_at))
        }
        Before::New => format!(
            "new {}, in {} {}",
            when(item.created_at),
            here.stage.title(),
            when(came)
        ),
        Before::Unknown => format!("in {} {}", here.stage.title(), when(came)),
        Before::Stood(from) if from.stage != here.stage => {
            let verb = if happened.way == Way::Back {
                "back"
            } else {
                "moved"
            };
            let (from, to) = (from.stage.title(), here.stage.title());
            format!("{verb} from {from} to {to} {}", when(came))
        }
        Before::Stood(from) if from.status != here.status => format!(
            "went from {} to {} {}",
            from.status.label(),
            here.status.label(),
            when(last.at)
        ),
        Before::Stood(_) => {
            let away = happened.steps.iter().rev().find(away);
            match away.map(|step| step.to.stage.title()) {
                Some(stage) => format!("was in {stage} and came back {}", when(came)),
                None => format!("changed and came back to {}", here.status.label()),
            }
        }
    }
}

/// Returns how ill a card is and for how much working time; nothing where it is well.
pub(super) fn ill(item: &WorkItem, calendar: &Calendar, now: Timestamp) -> String {
    let place = Place::of(item);
    if !place.is_stuck() {
        return String::new();
    }
    let is_plain = matches!(place.status, Status::Failed | Status::Firing);
    let word = if is_plain {
        "red"
    } else {
        place.status.label()
    };
    let since = item.placement.since;
    let worked = calendar.between(since, now);
    if worked >= TimeDelta::minutes(1) {
        format!("{word} {}", calendar.words(worked))
    } else {
        // What broke at night has had no working time, and is no news for that.
        format!("{word} since {}", moment(since.min(now), calendar, now))
    }
}

/// Returns why a card of one's own is stuck.
pub(super) fn stuck(stop: &Stop, calendar: &Calendar, now: Timestamp) -> String {
    let item = &stop.card;
    let ill = ill(item, calendar, now);
    let stage = item.placement.stage.title();
    format!("{ill} in {stage}: {}", item.placement.reason)
}

/// Returns for how long something is held, and where.
pub(super) fn held(stop: &Stop, calendar: &Calendar) -> String {
    let item = &stop.card;
    let (status, stage) = (item.placement.status.label(), item.placement.stage.title());
    let words = format!("{status}, {} in {stage}", calendar.words(stop.in_stage));
    if stop.happened.way == Way::Still && stop.in_status >= calendar.work().day_length() * 2 {
        return format!("{words}, no move for {}", calendar.words(stop.in_status));
    }
    words
}

/// Returns what somebody else waits for.
pub(super) fn asked(stop: &Stop, calendar: &Calendar) -> String {
    let is_gate = stop.card.placement.status == Status::Waiting;
    let what = if is_gate { "gate" } else { "review" };
    format!("{what}, waits {}", calendar.words(stop.in_status))
}

/// Returns what something of one's own waits for.
pub(super) fn waits(stop: &Stop, calendar: &Calendar) -> String {
    let waited = calendar.words(stop.in_status);
    format!("{waited} for {}", stop.waits_for)
}

/// Returns how something ended.
pub(super) fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shipped => "done",
        Outcome::Dropped => "closed",
    }
}

/// Returns what a reviewer said.
pub(super) fn said(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Approved => "approved",
        Verdict::ChangesRequested => "asked for changes",
        Verdict::Commented | Verdict::Dismissed | Verdict::Other(_) => "reviewed",
    }
}
