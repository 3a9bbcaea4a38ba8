//! The question before an action: what was read, whether it was seen, and the answer.
//!
//! Only what was on the screen can be confirmed. Painting is in `view`; what
//! becomes of an answer is in `action`.

use crate::domain::Timestamp;
use crate::domain::action::{ActionId, ActionState, ActionView, Deed, Fresh, Verb};
use crate::domain::run::Door;
use crate::domain::text::Clean;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::layout::Size;
use crate::ui::overlay::{Act, Overlay};
use crate::ui::state::UiState;
use crate::ui::tree;
use crate::ui::update::action::find;
use crate::ui::update::marks;
use crate::ui::update::moves::Motion;
use crate::ui::update::triage;

/// The most signs of a name that are taken; longer ones cannot be typed, and nothing is sent.
const LONGEST_NAME: usize = 200;

/// How far the actions of a question got.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Asked {
    /// Read afresh and waiting for an answer.
    pub(crate) ready: usize,
    /// Still being read.
    pub(crate) reading: usize,
    /// Not possible any more.
    pub(crate) over: usize,
}

/// Counts how far the actions of a question got.
pub(crate) fn asked(snapshot: &Snapshot, act: &Act) -> Asked {
    let mut asked = Asked::default();
    for id in &act.ids {
        match find(snapshot, id).map(|view| &view.state) {
            None | Some(ActionState::Reading) => asked.reading += 1,
            Some(ActionState::Ready(_)) => asked.ready += 1,
            Some(
                ActionState::Sending(_)
                | ActionState::Requested(_)
                | ActionState::Confirmed(_)
                | ActionState::Stopped(_)
                | ActionState::Refused(_)
                | ActionState::Unsure(_),
            ) => asked.over += 1,
        }
    }
    asked
}

/// Says yes: each action that waits is confirmed; of several, the count must have been typed.
pub(crate) fn confirm(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let Some(Overlay::Act(act)) = state.overlays.last() else {
        return Vec::new();
    };
    let found = asked(snapshot, act);
    if found.reading > 0 || found.ready == 0 {
        return Vec::new();
    }
    // Nobody says yes to what was not on the screen.
    if state.plan().size == Size::Tiny || act.seen.is_too_small() {
        let text = "the screen is too small to show what would be done";
        return vec![Effect::Toast(text.to_owned())];
    }
    if !act.listens(now) {
        return Vec::new();
    }
    if !act.seen.is_all() {
        let text = format!("{} to be seen first: `j`", more_lines(act));
        return vec![Effect::Toast(text)];
    }
    if act.ids.len() > 1 && act.typed != found.ready.to_string() {
        let text = format!("type the number of runs first: {}", found.ready);
        return vec![Effect::Toast(text)];
    }
    if let Some(name) = name_to_type(snapshot, act).filter(|name| name.as_str() != act.typed) {
        let text = format!("type the name first: {name}");
        return vec![Effect::Toast(text)];
    }
    let is_ready = |id: &&ActionId| {
        let view = find(snapshot, id);
        view.is_some_and(|view| matches!(view.state, ActionState::Ready(_)))
    };
    let ready: Vec<ActionId> = act.ids.iter().filter(is_ready).cloned().collect();
    for id in &ready {
        if let Some(item) = find(snapshot, id).and_then(|view| view.item.as_ref()) {
            triage::kept::acted(state, snapshot, item);
        }
    }
    state.overlays.pop();
    state.triage.marked.clear();
    marks::clear(state);
    ready.into_iter().map(Effect::Confirm).collect()
}

/// Says how many lines were not on the screen yet.
pub(crate) fn more_lines(act: &Act) -> String {
    match act.seen.left() {
        1 => "1 more line".to_owned(),
        left => format!("{left} more lines"),
    }
}

/// Scrolls the lines of the question; returns whether there is anything to scroll.
pub(crate) fn scroll(state: &mut UiState, motion: Motion) -> bool {
    let Some(Overlay::Act(act)) = state.overlays.last_mut() else {
        return false;
    };
    let seen = &mut act.seen;
    let places = seen.all.saturating_sub(seen.room) + 1;
    seen.from = motion.from(seen.from, places, seen.room);
    places > 1
}

/// Says no: what was not sent is forgotten.
pub(crate) fn dismiss(state: &mut UiState) -> Vec<Effect> {
    let Some(Overlay::Act(act)) = state.overlays.pop() else {
        return Vec::new();
    };
    state.triage.mine.retain(|id| !act.ids.contains(id));
    act.ids.into_iter().map(Effect::Dismiss).collect()
}

/// Returns the name that has to be typed before a gate opens: production is behind it.
pub(crate) fn name_to_type<'a>(snapshot: &'a Snapshot, act: &Act) -> Option<&'a Clean> {
    let [id] = &act.ids[..] else {
        return None;
    };
    match find(snapshot, id).map(|view| &view.state) {
        Some(ActionState::Ready(fresh)) => word_to_type(act.verb, fresh),
        Some(
            ActionState::Reading
            | ActionState::Sending(_)
            | ActionState::Requested(_)
            | ActionState::Confirmed(_)
            | ActionState::Stopped(_)
            | ActionState::Refused(_)
            | ActionState::Unsure(_),
        )
        | None => None,
    }
}

/// Returns the name that has to be typed before something is done on these values, if any.
pub(crate) fn word_to_type(verb: Verb, fresh: &Fresh) -> Option<&Clean> {
    // Nothing goes to production where a gate is refused.
    let opens = verb.deed() == Deed::Approve;
    fresh.gate.as_ref().filter(|_| opens)?.typed.as_ref()
}

/// Takes a sign of the count or of the name, or takes the last one back.
pub(crate) fn typed(state: &mut UiState, sign: Option<char>) {
    if let Some(Overlay::Act(act)) = state.overlays.last_mut() {
        let most = if act.ids.len() > 1 { 3 } else { LONGEST_NAME };
        match sign {
            Some(sign) if act.typed.chars().count() < most => act.typed.push(sign),
            Some(_) => {}
            None => drop(act.typed.pop()),
        }
    }
}

/// Returns the lines of the question; where there are several runs, one for each.
pub(crate) fn lines(snapshot: &Snapshot, act: &Act) -> Vec<String> {
    let is_alone = act.ids.len() == 1;
    let mut lines = Vec::with_capacity(act.ids.len() + 1);
    for id in &act.ids {
        let view = find(snapshot, id);
        match view.map(|view| (view, &view.state)) {
            None | Some((_, ActionState::Reading)) => {
                lines.push("reading the run afresh".to_owned());
            }
            Some((
                view,
                ActionState::Ready(fresh)
                | ActionState::Sending(fresh)
                | ActionState::Requested(fresh)
                | ActionState::Confirmed(fresh),
            )) => {
                if is_alone {
                    lines.extend(told_alone(view, fresh));
                } else {
                    let (name, about) = told(view, fresh);
                    lines.push(format!("{name}, {about}"));
                }
            }
            Some((
                view,
                ActionState::Stopped(why) | ActionState::Refused(why) | ActionState::Unsure(why),
            )) => {
                let card = view.item.as_ref().and_then(|item| snapshot.find(item));
                let card = card.filter(|_| !is_alone);
                let of = card.map_or_else(String::new, |card| format!("{}: ", card.key));
                lines.push(format!("{of}not possible: {why}"));
            }
        }
    }
    lines
}

/// Returns what exactly would be done, to what.
pub(crate) fn told_alone(view: &ActionView, fresh: &Fresh) -> Vec<String> {
    let (name, about) = told(view, fresh);
    let mut lines = vec![name, about];
    lines.extend(gate_lines(view.verb, fresh));
    lines
}

/// Returns what exactly an answer does to a gate, and what is behind it.
fn gate_lines(verb: Verb, fresh: &Fresh) -> Vec<String> {
    let Some(gate) = &fresh.gate else {
        return Vec::new();
    };
    let name = &gate.name;
    let does = match (verb.deed(), &gate.door) {
        (Deed::Approve, Door::Job(_)) => format!("starts the job `{name}`, without variables"),
        (Deed::Approve, Door::Deployment(_) | Door::Environment(_)) => {
            format!("approves the deployment to `{name}`")
        }
        (Deed::Approve, Door::Question(_)) => format!("answers `{name}` with yes: the run goes on"),
        (Deed::Reject, Door::Question(_)) => {
            format!("answers `{name}` with no: the run is aborted")
        }
        (Deed::Reject, Door::Job(_) | Door::Deployment(_) | Door::Environment(_)) => {
            format!("rejects the deployment to `{name}`: it does not take place")
        }
        (Deed::Rerun | Deed::Cancel, _) => return Vec::new(),
    };
    let mut lines = vec![does];
    let environment = gate.environment.as_ref().filter(|place| *place != name);
    lines.extend(environment.map(|place| format!("goes to `{place}`")));
    lines.extend(
        gate.typed
            .is_some()
            .then(|| "this is production".to_owned()),
    );
    lines
}

/// Returns which run it is, and how it stands.
fn told(view: &ActionView, fresh: &Fresh) -> (String, String) {
    let job = fresh.job.as_ref();
    let job = job.map_or_else(String::new, |job| format!(", job `{job}`"));
    let sha = fresh.head_sha.as_ref();
    let sha = sha.map_or("no commit", |sha| sha.short());
    // Not every system says which branch a run is of.
    let branch = match fresh.branch.as_str() {
        "" => String::new(),
        branch => format!("`{branch}`, "),
    };
    let about = format!(
        "attempt {}, {branch}{sha}, {}",
        fresh.attempt,
        tree::word(&fresh.state)
    );
    let repo = view.target.run.repo.path();
    (format!("{} of {repo}{job}", fresh.name), about)
}
