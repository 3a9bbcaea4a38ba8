//! Actions at a source: what can be done, and what came of it; the question before is in `question`.
//!
//! Nothing is sent from here. A verb becomes an intention, the engine reads its
//! target afresh, and only what was shown of that can be confirmed.

use crate::domain::Timestamp;
use crate::domain::action::{ActionId, ActionState, ActionView, Deed, Of, Target, Verb};
use crate::domain::key::{ItemId, SourceName};
use crate::domain::run::{Door, RunState};
use crate::domain::text::Clean;
use crate::engine::snapshot::{CapabilityState, Snapshot};
use crate::ui::effect::Effect;
use crate::ui::overlay::{Act, ActionEntry, ActionMenu, Aim, Overlay, Seen};
use crate::ui::state::UiState;
use crate::ui::update::aims::{GateLine, aims, gates};
use crate::ui::{own, tree};

/// How many runs are acted on at once.
pub(crate) const MOST_AT_ONCE: usize = 20;

/// Returns what is being done about a card, while it is not over.
pub(crate) fn doing(snapshot: &Snapshot, item: &ItemId) -> Option<String> {
    let of_item = |view: &&ActionView| view.item.as_ref() == Some(item);
    let view = snapshot.actions.iter().filter(of_item).find(|view| {
        // Until it was sent, nothing was requested.
        matches!(
            view.state,
            ActionState::Sending(_) | ActionState::Requested(_) | ActionState::Unsure(_)
        )
    })?;
    let word = view.verb.about().short;
    Some(match &view.state {
        ActionState::Unsure(why) => format!("{word} unsure: {why}"),
        ActionState::Reading
        | ActionState::Ready(_)
        | ActionState::Sending(_)
        | ActionState::Requested(_)
        | ActionState::Confirmed(_)
        | ActionState::Stopped(_)
        | ActionState::Refused(_) => format!("{word} requested"),
    })
}

/// Returns the action of this identity.
pub(crate) fn find<'a>(snapshot: &'a Snapshot, id: &ActionId) -> Option<&'a ActionView> {
    snapshot.actions.iter().find(|view| view.id == *id)
}

/// Opens the menu of what can be done.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let own = own::offered(state, snapshot, now);
    let aims = match checked_aims(state, snapshot) {
        Ok(aims) => aims,
        Err(why) if own.iter().all(|one| one.refused.is_some()) => {
            return vec![Effect::Toast(why)];
        }
        Err(why) => {
            let cursor = own.iter().position(|one| one.refused.is_none());
            state.overlays.push(Overlay::Actions(ActionMenu {
                title: why,
                aims: Vec::new(),
                entries: Vec::new(),
                own,
                cursor: cursor.unwrap_or_default(),
            }));
            return Vec::new();
        }
    };
    let entries: Vec<ActionEntry> = Verb::ALL
        .into_iter()
        .flat_map(|verb| entries(state, snapshot, (verb, &aims), now))
        .collect();
    let cursor = entries.iter().position(|entry| entry.refused.is_none());
    state.overlays.push(Overlay::Actions(ActionMenu {
        title: title(&aims),
        aims,
        entries,
        own,
        cursor: cursor.unwrap_or_default(),
    }));
    Vec::new()
}

/// Returns the lines of a verb in the menu: one, or one for each gate at which a run waits.
fn entries(
    state: &UiState,
    snapshot: &Snapshot,
    (verb, aims): (Verb, &[Aim]),
    now: Timestamp,
) -> Vec<ActionEntry> {
    let words = verb.words();
    let entry = |named: Option<&Clean>, gate: Option<Door>, refused: Option<String>| ActionEntry {
        verb,
        gate,
        words: named.map_or_else(|| words.to_owned(), |name| format!("{words} `{name}`")),
        optional: false,
        refused,
    };
    let refused = refused_for(state, snapshot, (verb, aims), now);
    match (verb.of(), aims) {
        (Of::Job, [one]) => vec![entry(one.job_name.as_ref(), None, refused)],
        (Of::Gate, [one]) => {
            let mut gates = gates(snapshot, one);
            gates.retain(|gate| gate.takes(verb));
            if gates.is_empty() {
                let none = || "no gate of this run is known to wait".to_owned();
                let why = lacks(snapshot, verb, &one.target.source).unwrap_or_else(none);
                return vec![entry(None, None, Some(why))];
            }
            let line = |gate: GateLine| {
                let why = gate_refused(verb, gate.door.as_ref());
                let refused = refused.clone().or_else(|| why.map(str::to_owned));
                ActionEntry {
                    words: gate.words(verb),
                    optional: gate.optional,
                    ..entry(None, gate.door, refused)
                }
            };
            gates.into_iter().map(line).collect()
        }
        (Of::Run | Of::Job | Of::Gate, _) => vec![entry(None, None, refused)],
    }
}

/// Returns why a gate cannot be answered from here, whatever its source allows.
pub(crate) fn gate_refused(verb: Verb, door: Option<&Door>) -> Option<&'static str> {
    match door {
        None => Some("what opens it is not known: answer it on its page"),
        Some(door) => door.lacks(verb.deed()),
    }
}

fn title(aims: &[Aim]) -> String {
    match aims {
        [one] => {
            let name = format!("{} of {}", one.name, one.target.run.repo.path());
            format!("{name}: {}", tree::word(&one.state))
        }
        many => format!("{} runs of marked cards", many.len()),
    }
}

fn checked_aims(state: &UiState, snapshot: &Snapshot) -> Result<Vec<Aim>, String> {
    let aims = aims(state, snapshot)?;
    if aims.len() > MOST_AT_ONCE {
        return Err(format!(
            "{} runs are marked, at most {MOST_AT_ONCE} at once",
            aims.len()
        ));
    }
    Ok(aims)
}

/// Asks for one verb at once, as from the menu.
pub(crate) fn ask(
    state: &mut UiState,
    snapshot: &Snapshot,
    verb: Verb,
    now: Timestamp,
) -> Vec<Effect> {
    let aims = match checked_aims(state, snapshot) {
        Ok(aims) => aims,
        Err(why) => return vec![Effect::Toast(why)],
    };
    if let Some(why) = refused_for(state, snapshot, (verb, &aims), now) {
        return vec![Effect::Toast(format!("cannot {}: {why}", verb.words()))];
    }
    intend(state, verb, None, aims)
}

/// Takes the line of the menu that has the cursor, or that of a letter.
pub(crate) fn choose(
    state: &mut UiState,
    snapshot: &Snapshot,
    at: usize,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(Overlay::Actions(menu)) = state.overlays.last() else {
        return Vec::new();
    };
    let Some(entry) = menu.entries.get(at) else {
        let own = menu.own.get(at.saturating_sub(menu.entries.len()));
        let Some(own) = own.map(|own| own.at) else {
            return Vec::new();
        };
        state.overlays.pop();
        return own::start(state, snapshot, own, now);
    };
    let (verb, gate) = (entry.verb, entry.gate.clone());
    if let Some(why) = &entry.refused {
        return vec![Effect::Toast(format!("cannot {}: {why}", verb.words()))];
    }
    let aims = menu.aims.clone();
    state.overlays.pop();
    intend(state, verb, gate.as_ref(), aims)
}

/// Tells the engine what is wanted; the question follows when it has read the targets afresh.
fn intend(state: &mut UiState, verb: Verb, gate: Option<&Door>, aims: Vec<Aim>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut ids = Vec::new();
    for mut aim in aims {
        let id = next_id(state);
        if verb.of() != Of::Job {
            aim.target.job = None;
        }
        aim.target.gate = gate.cloned();
        effects.push(Effect::Intend {
            id: id.clone(),
            verb,
            target: aim.target,
            item: Some(aim.item),
        });
        state.triage.mine.push(id.clone());
        ids.push(id);
    }
    state.overlays.push(Overlay::Act(Act {
        verb,
        ids,
        shown_at: None,
        typed: String::new(),
        seen: Seen::default(),
    }));
    effects
}

/// Returns 128 bits that no other action has: a generator seeded from outside.
fn next_id(state: &mut UiState) -> ActionId {
    state.triage.given = state.triage.given.wrapping_add(1);
    let bytes = state.options.seed.to_be_bytes();
    let (high, low) = bytes.split_at(8);
    let word = |half: &[u8], salt: u64| {
        let seed = half
            .iter()
            .fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
        mix(seed ^ mix(state.triage.given ^ salt))
    };
    let (high, low) = (word(high, 0), word(low, 0x5851_F42D_4C95_7F2D));
    ActionId(format!("{high:016x}{low:016x}"))
}

/// One step of `splitmix64`.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Returns why a verb cannot be done to some of the cards.
fn refused_for(
    state: &UiState,
    snapshot: &Snapshot,
    (verb, aims): (Verb, &[Aim]),
    now: Timestamp,
) -> Option<String> {
    if state.options.offline {
        return Some("offline: no source is asked".to_owned());
    }
    match verb.of() {
        Of::Job if aims.len() > 1 => return Some("one job at a time".to_owned()),
        Of::Gate if aims.len() > 1 => return Some("one gate at a time".to_owned()),
        Of::Run | Of::Job | Of::Gate => {}
    }
    aims.iter()
        .find_map(|aim| refused(snapshot, verb, aim, now))
}

/// Returns why a verb cannot be done to a run, as far as is known without asking.
pub(crate) fn refused(
    snapshot: &Snapshot,
    verb: Verb,
    aim: &Aim,
    now: Timestamp,
) -> Option<String> {
    if let Some(why) = source_refuses(snapshot, verb, &aim.target, now) {
        return Some(why);
    }
    if verb.of() == Of::Job && aim.target.job.is_none() {
        return Some("no job of the newest attempt is selected".to_owned());
    }
    let under_way = snapshot.actions.iter().find(|view| {
        let waits = matches!(view.state, ActionState::Reading | ActionState::Ready(_));
        view.target.run == aim.target.run && !view.state.is_over() && !waits
    });
    if let Some(view) = under_way {
        return Some(format!("{} is under way already", view.verb.words()));
    }
    let over = aim.state.is_over();
    let is_clean = matches!(aim.state, RunState::Passed | RunState::Skipped);
    match verb.deed() {
        Deed::Rerun if verb == Verb::RerunFailed && is_clean => {
            Some("no job of this run failed".to_owned())
        }
        Deed::Rerun => (!over).then(|| "the run is not over yet".to_owned()),
        Deed::Cancel => over.then(|| "the run is over".to_owned()),
        // Whether a gate waits is known of the gate; a run may go on beside it.
        Deed::Approve | Deed::Reject => None,
    }
}

/// Returns why a source does not do this: not configured, no right, not fresh.
fn source_refuses(
    snapshot: &Snapshot,
    verb: Verb,
    target: &Target,
    now: Timestamp,
) -> Option<String> {
    let name = &target.source;
    let source = snapshot.sources.iter().find(|source| source.name == *name);
    let Some(source) = source else {
        return Some(format!("source `{name}` is not configured"));
    };
    if let Some(why) = lacks(snapshot, verb, name) {
        return Some(why);
    }
    let mut known = source.capabilities.iter();
    let deed = known.find(|known| known.name == verb.deed().name());
    match deed.map(|known| &known.state) {
        None => {
            let word = verb.deed().permission();
            return Some(format!("`writes` of source `{name}` has no \"{word}\""));
        }
        Some(CapabilityState::Missing(why)) => return Some(why.to_string()),
        Some(CapabilityState::Available | CapabilityState::Unknown) => {}
    }
    let old = snapshot.too_old(&target.source, &target.run.repo, now);
    old.map(|why| why.to_string())
}

/// Returns why a source has not this verb, whatever its settings say.
fn lacks(snapshot: &Snapshot, verb: Verb, name: &SourceName) -> Option<String> {
    let source = snapshot
        .sources
        .iter()
        .find(|source| source.name == *name)?;
    let mut known = source.capabilities.iter();
    match &known.find(|known| known.name == verb.words())?.state {
        CapabilityState::Missing(why) if verb.words() != verb.deed().name() => {
            Some(why.to_string())
        }
        CapabilityState::Missing(_) | CapabilityState::Available | CapabilityState::Unknown => None,
    }
}

/// Takes a snapshot in: what came of actions is told.
pub(crate) fn on_snapshot(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) {
    let questioned = |state: &UiState, id: &ActionId| {
        state
            .overlays
            .iter()
            .any(|overlay| matches!(overlay, Overlay::Act(act) if act.ids.contains(id)))
    };
    let mine = std::mem::take(&mut state.triage.mine);
    for id in mine {
        let view = find(snapshot, &id);
        let told = view.and_then(outcome);
        match told {
            // The question itself shows why it cannot be done.
            Some(_) if questioned(state, &id) => state.triage.mine.push(id),
            Some((text, true)) => state.notify(text, now),
            Some((text, false)) => state.notify_error(text, now),
            None => state.triage.mine.push(id),
        }
    }
}

/// Returns what came of an action, and whether that is good.
pub(crate) fn outcome(view: &ActionView) -> Option<(String, bool)> {
    let words = view.verb.words();
    match &view.state {
        ActionState::Reading
        | ActionState::Ready(_)
        | ActionState::Sending(_)
        | ActionState::Requested(_) => None,
        ActionState::Confirmed(fresh) => {
            let repo = view.target.run.repo.path();
            let done = view.verb.deed().done();
            let text = format!("{words}: {} of {repo} {done}", fresh.name);
            Some((text, true))
        }
        ActionState::Stopped(why) | ActionState::Refused(why) | ActionState::Unsure(why) => {
            let repo = view.target.run.repo.path();
            Some((format!("{words} in {repo}: {why}"), false))
        }
    }
}
