//! What is said of a moment and of what became of a card, in words.

use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::history::{Seen, Since, Standing};
use crate::domain::item::Outcome;
use crate::ui::glyphs::Glyphs;
use crate::ui::state::UiState;

/// Returns a moment on the clock of the team, as a column of a list has it: `19 Nov 14:02`.
pub(super) fn when(calendar: &Calendar, at: Timestamp) -> String {
    calendar.local(at).format("%-d %b %H:%M").to_string()
}

/// Returns a moment in full: `Thu 19 Nov 2026 14:02:05 CET`.
pub(super) fn in_full(calendar: &Calendar, at: Timestamp) -> String {
    let form = "%a %-d %b %Y %H:%M:%S %Z";
    calendar.local(at).format(form).to_string()
}

/// Returns what became of a card, as short as it stands on the card, and whether that is anything.
pub(super) fn since(state: &UiState, glyphs: Glyphs, seen: &Seen<'_>) -> (String, bool) {
    let [went, same] = glyphs.since();
    let word = match seen.since {
        Since::Same => return (format!("{same} same"), false),
        Since::Again => return (format!("{same} again"), false),
        Since::Changed(to) => changed(&seen.stood.standing, to),
        Since::Moved(to) => state.title(to.stage).to_owned(),
        Since::Over(outcome) => over(outcome).to_owned(),
    };
    (format!("{went} {word}"), true)
}

fn changed(was: &Standing, is: &Standing) -> String {
    if was.status == is.status {
        holders(is).unwrap_or_else(|| "nobody".to_owned())
    } else {
        is.status.label().to_owned()
    }
}

fn over(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shipped => "shipped",
        Outcome::Dropped => "dropped",
    }
}

/// Returns who holds a card, if somebody does.
pub(super) fn holders(standing: &Standing) -> Option<String> {
    let mut people = String::new();
    for holder in standing.holders.iter().take(3) {
        people.push_str(if people.is_empty() { "@" } else { " @" });
        people.push_str(&holder.login);
    }
    (!people.is_empty()).then_some(people)
}

/// Returns what became of a card, in a sentence.
pub(super) fn became(state: &UiState, seen: &Seen<'_>, calendar: &Calendar) -> String {
    let last = seen.rest.last().map(|moment| when(calendar, moment.at));
    let last = last.unwrap_or_default();
    match seen.since {
        Since::Same => "it stands there still".to_owned(),
        Since::Again => format!("it stands there again since {last}"),
        Since::Changed(to) if to.status == seen.stood.standing.status => match holders(to) {
            Some(people) => format!("{people} has it since {last}"),
            None => format!("nobody has it since {last}"),
        },
        Since::Changed(to) => format!("{} there since {last}", to.status.label()),
        Since::Moved(to) => format!(
            "in {} since {last}, {}",
            state.title(to.stage),
            to.status.label()
        ),
        Since::Over(outcome) => format!("{} on {last}", over(outcome)),
    }
}

/// Returns what a card came to at a moment, in a word: a column, a status, an end.
pub(super) fn came_to(state: &UiState, seen: &Seen<'_>) -> String {
    let is = &seen.stood.standing;
    let was = seen.way.iter().nth_back(1).map(|moment| &moment.standing);
    match (is.done, was) {
        (Some(outcome), _) => over(outcome).to_owned(),
        (None, None) => format!("new in {}", state.title(is.stage)),
        (None, Some(was)) if was.done.is_some() => format!("back in {}", state.title(is.stage)),
        (None, Some(was)) if was.stage != is.stage => {
            format!("to {}, {}", state.title(is.stage), is.status.label())
        }
        (None, Some(was)) => changed(was, is),
    }
}
