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

/// Returns how ill a card is and for how long; nothing where it is well.
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
    let lasted = lasted(item, item.placement.since, calendar, now);
    format!("{word} {}", lasted.told())
}

/// How long something has lasted.
pub(super) enum Lasted {
    /// For so much time.
    For(String),
    /// Since this moment: no working time has gone by.
    Since(String),
}

impl Lasted {
    /// Returns it behind a word of how something stands: `3d`, `since Sat 02:00`.
    fn told(self) -> String {
        match self {
            Self::For(time) => time,
            Self::Since(at) => format!("since {at}"),
        }
    }

    /// Returns it in a sentence: `for 3d`, `since Sat 02:00`.
    pub(super) fn spoken(self) -> String {
        match self {
            Self::For(time) => format!("for {time}"),
            Self::Since(at) => format!("since {at}"),
        }
    }
}

/// Whether a card is red where users are: it burns by the clock, not by working hours.
pub(super) fn is_fire(item: &WorkItem) -> bool {
    let place = Place::of(item);
    let is_live = matches!(place.stage, Stage::Operate | Stage::Monitor);
    let is_red = place.done.is_none() && place.status.is_red();
    let burns = matches!(place.status, Status::Firing | Status::Incident);
    (is_red && is_live) || (place.done.is_none() && burns)
}

/// Returns how long a card has stood so: a fire by the clock, all else in working time; where there
/// was none of that, since when.
pub(super) fn lasted(
    item: &WorkItem,
    since: Timestamp,
    calendar: &Calendar,
    now: Timestamp,
) -> Lasted {
    let worked = calendar.between(since, now);
    let minute = TimeDelta::minutes(1);
    if is_fire(item) && now - since >= minute {
        return Lasted::For(by_clock(now - since));
    }
    if worked >= minute {
        return Lasted::For(calendar.words(worked));
    }
    // What broke at night has had no working time, and is no news for that.
    Lasted::Since(moment(since.min(now), calendar, now))
}

/// Returns a time of the clock in one unit: `40m`, `31h`, `3d`.
fn by_clock(span: TimeDelta) -> String {
    match span.num_minutes().max(0) {
        minutes @ 0..60 => format!("{minutes}m"),
        minutes @ 60..2_880 => format!("{}h", minutes / 60),
        minutes => format!("{}d", minutes / 1_440),
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
pub(super) fn held(stop: &Stop, calendar: &Calendar, now: Timestamp) -> String {
    let item = &stop.card;
    let (status, stage) = (item.placement.status.label(), item.placement.stage.title());
    let [stays, does] = [stop.entered, item.placement.since];
    let stays = lasted(item, stays, calendar, now).told();
    let words = format!("{status}, {stays} in {stage}");
    if stop.happened.way == Way::Still && stop.in_status >= calendar.work().day_length() * 2 {
        let does = lasted(item, does, calendar, now).spoken();
        return format!("{words}, no move {does}");
    }
    words
}

/// Returns what somebody else waits for.
pub(super) fn asked(stop: &Stop, calendar: &Calendar, now: Timestamp) -> String {
    let is_gate = stop.card.placement.status == Status::Waiting;
    let what = if is_gate { "gate" } else { "review" };
    let since = stop.card.placement.since;
    let waits = lasted(&stop.card, since, calendar, now).told();
    format!("{what}, waits {waits}")
}

/// Returns what something of one's own waits for.
pub(super) fn waits(stop: &Stop, calendar: &Calendar, now: Timestamp) -> String {
    match lasted(&stop.card, stop.card.placement.since, calendar, now) {
        Lasted::For(waited) => format!("{waited} for {}", stop.waits_for),
        Lasted::Since(at) => format!("for {} since {at}", stop.waits_for),
    }
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
