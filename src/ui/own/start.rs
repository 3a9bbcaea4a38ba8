//! Starting a command of the user, and taking in what became of it.

use std::sync::Arc;

use super::{AT_ONCE, Ending, Errand, Event, Order, Output, OwnMenu, values};
use crate::config::{OwnCommand, RunIn, Template, Values};
use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::item::WorkItem;
use crate::domain::query::QueryContext;
use crate::domain::text::plain_ascii_escape;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::keymap::Keymap;
use crate::ui::overlay::{Confirm, Overlay};
use crate::ui::state::UiState;

/// How many lines a question about many cards has.
const TOLD: usize = 14;

/// Runs a command for the card at hand, or for those that are marked, or asks before, or says why not.
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
    let cards = values::cards(state, snapshot, &command);
    if cards.len() > 1 {
        return for_each(state, snapshot, &command, &cards, now);
    }
    let order = order(state, snapshot, &command, cards.first().copied());
    if command.confirm {
        let confirm = question(&command, &order, now);
        state.overlays.push(Overlay::Confirm(confirm));
        return Vec::new();
    }
    vec![Effect::RunOwn(Box::new(order))]
}

/// Asks whether a command is to be run for each of the marked cards; what it is not for is left
/// out, and said.
fn for_each(
    state: &mut UiState,
    snapshot: &Snapshot,
    command: &OwnCommand,
    cards: &[&WorkItem],
    now: Timestamp,
) -> Vec<Effect> {
    let mut orders = Vec::new();
    let mut left_out = Vec::new();
    for item in cards {
        let key = plain_ascii_escape(&item.key).into_owned();
        match values::unfit(state, snapshot, command, Some(item), now) {
            Some(why) => left_out.push(format!("not for {key}: {}", plain_ascii_escape(&why))),
            None => orders.push((key, order(state, snapshot, command, Some(item)))),
        }
    }
    let told = orders.iter().map(|(key, order)| {
        let words = order.argv.iter().map(|word| word.fill(&order.values));
        // Quoted, so that no argument can pass for two.
        let words = words.map(|word| format!("{:?}", word.unwrap_or_default()));
        let words: Vec<String> = words.collect();
        let line = format!("{key}: {}", words.join(" "));
        plain_ascii_escape(&line).into_owned()
    });
    let title = format!("run `{}` for {} marked cards?", command.name, orders.len());
    let mut lines: Vec<String> = told.collect();
    lines.extend(left_out);
    let more = lines.len().saturating_sub(TOLD);
    if more > 0 {
        lines.truncate(TOLD);
        lines.push(format!("and {more} more"));
    }
    let yes = orders.into_iter().map(|(_, order)| order);
    state.overlays.push(Overlay::Confirm(Confirm {
        title,
        lines,
        yes: yes.map(|order| Effect::RunOwn(Box::new(order))).collect(),
        opened_at: now,
    }));
    Vec::new()
}

/// Returns an order that can be run now; while as many run as may, it waits for its turn.
pub fn admit(state: &mut UiState, order: Order) -> Option<Order> {
    if order.run == RunIn::Background && state.own.running() >= AT_ONCE {
        state.own.waiting.push_back(order);
        return None;
    }
    Some(order)
}

/// Returns the next order that waited, once it can be run.
pub fn next(state: &mut UiState) -> Option<Order> {
    if state.own.running() >= AT_ONCE {
        return None;
    }
    state.own.waiting.pop_front()
}

/// Says why the key of a command that is for another place does nothing here.
pub(crate) fn elsewhere(
    state: &UiState,
    keymap: &Keymap,
    pressed: &[Chord],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Option<Effect> {
    let mut bindings = keymap.bindings.iter();
    let found = bindings.find_map(|binding| {
        let is_it = binding.keys == pressed;
        super::of(&state.options, binding.command).filter(|_| is_it)
    })?;
    let why = values::refusal(state, snapshot, found, now)?;
    Some(Effect::Toast(format!("cannot run `{}`: {why}", found.name)))
}

fn order(
    state: &mut UiState,
    snapshot: &Snapshot,
    command: &OwnCommand,
    item: Option<&WorkItem>,
) -> Order {
    let id = state.own.next_id();
    let values = values::values(state, snapshot, item);
    let log = values::log(state).cloned();
    make(command, id, values, log)
}

fn make(command: &OwnCommand, id: u64, values: Values, log: Option<LogKey>) -> Order {
    let wants_log = command
        .argv
        .iter()
        .flat_map(Template::fields)
        .any(|field| field == crate::config::Field::LogPath);
    Order {
        id,
        name: command.name.clone(),
        argv: command.argv.clone(),
        cwd: command.cwd.clone(),
        values,
        log: log.filter(|_| wants_log),
        run: command.run,
        pause: command.pause,
        keep_env: command.keep_env.clone(),
    }
}

/// Where no screen is: the card that is talked about, its log, and what is allowed.
#[derive(Debug)]
pub struct Talked<'a> {
    /// The board.
    pub snapshot: &'a Snapshot,
    /// The card.
    pub item: Option<&'a WorkItem>,
    /// The log that tells why it is red.
    pub log: Option<LogKey>,
    /// What filters go by.
    pub context: QueryContext,
    /// Whether nothing may be changed.
    pub read_only: bool,
}

/// Returns the order to run a command for the card that is talked about, or why it cannot be run.
///
/// Places of the screen say nothing where there is none.
///
/// # Errors
///
/// In words, where the command is not for that card or needs a screen.
pub fn said(command: &OwnCommand, id: u64, talked: &Talked<'_>) -> Result<Order, String> {
    if talked.read_only && command.changes {
        return Err(values::READ_ONLY.to_owned());
    }
    if command.run == RunIn::Terminal {
        let why = "it takes the terminal, and lines are read from that; `run = \"background\"` \
                   reads out what it prints";
        return Err(why.to_owned());
    }
    let item = talked.item.filter(|_| values::is_for_cards(command));
    if item.is_none() && values::is_for_cards(command) {
        return Err("no card is open; `list`, then its number".to_owned());
    }
    let values = values::all(talked.snapshot, item, talked.log.is_some());
    match values::unfit_with(command, item, &talked.context, &values) {
        Some(why) => Err(why),
        None => Ok(make(command, id, values, talked.log.clone())),
    }
}

/// The question before: every argument by itself, so that none can pass for two.
fn question(command: &OwnCommand, order: &Order, now: Timestamp) -> Confirm {
    Confirm {
        title: format!("run `{}`?", command.name),
        lines: in_full(order),
        yes: vec![Effect::RunOwn(Box::new(order.clone()))],
        opened_at: now,
    }
}

/// Returns what would be run: every argument by itself, and where.
pub fn in_full(order: &Order) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, word) in order.argv.iter().enumerate() {
        let word = word.fill(&order.values).unwrap_or_default();
        let indent = if at == 0 { "" } else { "  " };
        lines.push(format!("{indent}{}", plain_ascii_escape(&word)));
    }
    if let Some(path) = &order.cwd {
        let path = path.fill_path(&order.values).unwrap_or_default();
        lines.push(format!("in {}", plain_ascii_escape(&path)));
    }
    lines
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
        state.notify(running(&order.name), now);
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
    if ending == Ending::Stopped {
        // Whoever stops one of many means the others that did not begin as well.
        state.own.waiting.retain(|order| order.name != errand.name);
    }
    let (id, said) = (errand.id, errand.words());
    let running = running(&errand.name);
    let has_output = !errand.output.lines.is_empty();
    let name = &errand.name;
    let text = if has_output {
        let key = state
            .options
            .keymap
            .label(Command::OwnCommands, Glyphs::Ascii);
        let key = key.map_or_else(String::new, |key| format!("; {key} shows its output"));
        format!("`{name}`: {said}{key}")
    } else {
        format!("`{name}`: {said}")
    };
    let is_it = |menu: &OwnMenu| menu.output.as_ref().is_some_and(|pane| pane.id == id);
    let is_seen = state
        .overlays
        .iter()
        .any(|overlay| matches!(overlay, Overlay::Own(menu) if is_it(menu)));
    // Nothing is put over the board: keys that are being typed would go there.
    state.own.unseen = (has_output && !is_seen).then_some(id).or(state.own.unseen);
    let toasts = &mut state.messages.toasts;
    toasts.retain(|message| message.text != running);
    if is_seen || ending == Ending::Stopped || ending.is_well() {
        state.notify(text, now);
    } else {
        state.notify_error(text, now);
    }
}

/// Says that a command runs.
fn running(name: &str) -> String {
    format!("`{name}` is running; `!` shows it")
}
