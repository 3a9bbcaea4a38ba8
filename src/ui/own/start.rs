//! Starting a command of the user, and taking in what became of it.

use std::sync::Arc;

use super::{AT_ONCE, Ending, Errand, Event, Order, Output, OwnMenu, Pane, values};
use crate::config::{OwnCommand, RunIn, Template};
use crate::domain::Timestamp;
use crate::domain::text::plain_ascii_escape;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::overlay::{Confirm, Overlay};
use crate::ui::state::UiState;

/// Runs a command for the card at hand, or asks before, or says why not.
pub(crate) fn start(
    state: &mut UiState,
    snapshot: &Snapshot,
    at: usize,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(command) = state.options.own.get(at).cloned() else {
        return Vec::new();
    };
    let refused = values::refusal(state, snapshot, &command, now);
    let busy = (state.own.running() >= AT_ONCE)
        .then(|| format!("{AT_ONCE} of your commands run already; `!` stops one"));
    if let Some(why) = refused.or(busy) {
        return vec![Effect::Toast(format!(
            "cannot run `{}`: {why}",
            command.name
        ))];
    }
    let order = order(state, snapshot, &command);
    if command.confirm {
        let confirm = question(&command, &order, now);
        state.overlays.push(Overlay::Confirm(confirm));
        return Vec::new();
    }
    vec![Effect::RunOwn(Box::new(order))]
}

fn order(state: &mut UiState, snapshot: &Snapshot, command: &OwnCommand) -> Order {
    let wants_log = command
        .argv
        .iter()
        .flat_map(Template::fields)
        .any(|field| field == crate::config::Field::LogPath);
    Order {
        id: state.own.next_id(),
        name: command.name.clone(),
        argv: command.argv.clone(),
        cwd: command.cwd.clone(),
        values: values::values(state, snapshot),
        log: values::log(state).filter(|_| wants_log).cloned(),
        run: command.run,
        pause: command.pause,
        keep_env: command.keep_env.clone(),
    }
}

/// The question before: every argument by itself, so that none can pass for two.
fn question(command: &OwnCommand, order: &Order, now: Timestamp) -> Confirm {
    let mut lines = Vec::new();
    for (at, word) in order.argv.iter().enumerate() {
        let word = word.fill(&order.values).unwrap_or_default();
        let indent = if at == 0 { "" } else { "  " };
        lines.push(format!("{indent}{}", plain_ascii_escape(&word)));
    }
    if let Some(path) = &command.cwd {
        let path = path.fill_path(&order.values).unwrap_or_default();
        lines.push(format!("in {}", plain_ascii_escape(&path)));
    }
    Confirm {
        title: format!("run `{}`?", command.name),
        lines,
        yes: vec![Effect::RunOwn(Box::new(order.clone()))],
        opened_at: now,
    }
}

/// Notes that the shell has begun with a command.
pub fn begun(state: &mut UiState, order: &Order, now: Timestamp) {
    let card = order.values.get(&crate::config::Field::Key).cloned();
    state.own.push(Errand {
        id: order.id,
        name: order.name.clone(),
        card,
        began: now,
        ended: None,
        output: Arc::new(Output::default()),
    });
    if order.run == RunIn::Background {
        state.notify(format!("`{}` is running; `!` shows it", order.name), now);
    }
}

/// Takes in what the shell tells of a command.
pub fn on_event(state: &mut UiState, event: Event, now: Timestamp) {
    let mut errands = state.own.errands.iter_mut();
    let Some(errand) = errands.find(|errand| errand.id == event.id) else {
        return;
    };
    errand.output = event.output;
    let Some(ending) = event.ending else {
        return;
    };
    errand.ended = Some((now, ending.clone()));
    let (id, said) = (errand.id, errand.words());
    let text = format!("`{}`: {said}", errand.name);
    let has_output = !errand.output.lines.is_empty();
    let is_it = |menu: &OwnMenu| menu.output.as_ref().is_some_and(|pane| pane.id == id);
    let is_seen = state
        .overlays
        .iter()
        .any(|overlay| matches!(overlay, Overlay::Own(menu) if is_it(menu)));
    if is_seen || ending == Ending::Stopped {
        state.notify(text, now);
    } else if has_output && state.overlays.is_empty() {
        // Only where nothing is being read or written.
        state.pending.clear();
        state.overlays.push(Overlay::Own(OwnMenu {
            output: Some(Pane::of(id, false)),
            ..OwnMenu::default()
        }));
    } else if ending.is_well() {
        state.notify(text, now);
    } else {
        state.notify_error(text, now);
    }
}
