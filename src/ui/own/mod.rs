//! The user's own commands: what they are for a card, and what became of those that ran.
//!
//! Each is a [`Command::Own`] by its place in the configuration, so that keys, palette, help and
//! footer need to know no more. Nothing is run here: an [`Order`] goes to the shell, an [`Event`]
//! comes back.

mod keys;
mod menu;
mod start;
mod table;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod values;

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::config::{OwnCommand, OwnPlace, RunIn, Template, Values};
use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::engine::snapshot::Snapshot;
use crate::log::LogLine;
use crate::ui::command::{Command, Scope};
use crate::ui::glyphs::Glyphs;
use crate::ui::overlay::OwnEntry;
use crate::ui::state::{UiOptions, UiState};

pub(crate) use menu::{Line, key as menu_key, lines as menu_lines, open as open_menu};
pub(crate) use start::elsewhere;
pub(crate) use start::start;
pub use start::{Talked, admit, begun, in_full, next, on_event, said};
pub use table::entries;
pub(crate) use values::refusal;

/// How many commands that ended are remembered.
const KEPT: usize = 10;

/// How many run at once.
pub const AT_ONCE: usize = 4;

/// For how many marked cards a command is run.
const MOST_CARDS: usize = 20;

/// What is to be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// Which time it is that something is run.
    pub id: u64,
    /// The name of the command.
    pub name: String,
    /// The program and its arguments.
    pub argv: Vec<Template>,
    /// Where it works.
    pub cwd: Option<Template>,
    /// What the card says; the path of the log is still missing.
    pub values: Values,
    /// The log that is open, where the command wants it.
    pub log: Option<LogKey>,
    /// What becomes of the screen.
    pub run: RunIn,
    /// Whether the terminal waits for a key after it ended well.
    pub pause: bool,
    /// Variables that it gets though they hold a token.
    pub keep_env: Vec<String>,
}

/// What the shell tells of a command that it runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Which one.
    pub id: u64,
    /// What it printed so far.
    pub output: Arc<Output>,
    /// How it ended, once it has.
    pub ending: Option<Ending>,
}

/// What a command printed, the newest of it.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Output {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// How many lines before them are not kept.
    pub dropped: u64,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// With this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// A person stopped it.
    Stopped,
    /// It could not be started, and why.
    Failed(String),
}

impl Ending {
    /// Returns whether all is well.
    pub fn is_well(&self) -> bool {
        *self == Self::Exit(0)
    }

    /// Returns it in words.
    pub fn words(&self) -> String {
        match self {
            Self::Exit(0) => "done".to_owned(),
            Self::Exit(status) => format!("failed with {status}"),
            Self::Signal(number) => format!("ended by signal {number}"),
            Self::Stopped => "stopped".to_owned(),
            Self::Failed(why) => why.clone(),
        }
    }
}

/// One time that a command was run.
#[derive(Clone, PartialEq, Debug)]
pub struct Errand {
    /// Which time.
    pub id: u64,
    /// The name of the command.
    pub name: String,
    /// The card that it was run for.
    pub card: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When and how it ended.
    pub ended: Option<(Timestamp, Ending)>,
    /// What it printed.
    pub output: Arc<Output>,
}

impl Errand {
    /// Returns how it stands: `running`, or how it ended and how long that took.
    pub fn words(&self) -> String {
        match &self.ended {
            None => "running".to_owned(),
            // It never ran, so that it took no time.
            Some((_, ending @ Ending::Failed(_))) => ending.words(),
            Some((at, ending)) => format!("{} after {}", ending.words(), span(*at - self.began)),
        }
    }
}

/// Returns how long something took, as exactly as somebody wants to know.
fn span(span: TimeDelta) -> String {
    let millis = span.num_milliseconds().max(0);
    match millis {
        0..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => crate::ui::text::clock(span),
    }
}

/// The commands that were run, the newest last.
#[derive(Clone, Debug, Default)]
pub struct OwnState {
    /// All that run, and the last that ended.
    pub errands: VecDeque<Errand>,
    /// What is run once something else has ended: a command for many cards.
    waiting: VecDeque<Order>,
    /// The last one that ended and printed something that nobody has looked at.
    unseen: Option<u64>,
    given: u64,
}

impl OwnState {
    /// Returns one by its identity.
    pub fn find(&self, id: u64) -> Option<&Errand> {
        self.errands.iter().find(|errand| errand.id == id)
    }

    /// Returns how many run.
    pub fn running(&self) -> usize {
        let running = self.errands.iter().filter(|errand| errand.ended.is_none());
        running.count()
    }

    /// Returns how many wait until something has ended.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes one in; of those that ended, the oldest gives way.
    fn push(&mut self, errand: Errand) {
        self.errands.push_back(errand);
        let ended = |errand: &Errand| errand.ended.is_some();
        if self.errands.iter().filter(|it| ended(it)).count() >= KEPT
            && let Some(at) = self.errands.iter().position(ended)
        {
            self.errands.remove(at);
        }
    }

    fn next_id(&mut self) -> u64 {
        self.given += 1;
        self.given
    }
}

/// The list of own commands, or what one of them printed.
#[derive(Clone, Default, Debug)]
pub struct OwnMenu {
    /// The selected line.
    pub cursor: usize,
    /// The first line shown; brought to the cursor while painting.
    pub scroll: usize,
    /// What one printed, where that is open.
    pub output: Option<Pane>,
}

/// What a command printed, as it is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pane {
    /// Which one.
    pub id: u64,
    /// The first line shown; none while the end is followed.
    pub top: Option<usize>,
    /// Columns that are scrolled away on the left.
    pub left: u16,
    /// How many lines fit; noted while painting.
    pub(crate) height: usize,
    /// Whether `esc` leads back to the list.
    pub(crate) from_list: bool,
}

impl Pane {
    /// Looks at the end of what a command printed.
    pub(crate) fn of(id: u64, from_list: bool) -> Self {
        Self {
            id,
            top: None,
            left: 0,
            height: 0,
            from_list,
        }
    }

    /// Returns the first line shown of so many.
    pub fn first(&self, lines: usize) -> usize {
        let last = lines.saturating_sub(self.height);
        self.top.map_or(last, |top| top.min(last))
    }
}

/// Returns the command at a place of the configuration.
pub fn command_at(at: usize) -> Option<Command> {
    u8::try_from(at).ok().map(Command::Own)
}

/// Returns the place in the configuration of a command, where it is one of the user's.
pub fn place_of(command: Command) -> Option<usize> {
    if let Command::Own(at) = command {
        Some(usize::from(at))
    } else {
        None
    }
}

/// Returns the user's command that a command is, if it is one.
pub fn of(options: &UiOptions, command: Command) -> Option<&OwnCommand> {
    place_of(command).and_then(|at| options.own.get(at))
}

/// Returns what a command is called.
pub fn name(options: &UiOptions, command: Command) -> &str {
    of(options, command).map_or(command.row().name, |own| &own.name)
}

/// Returns what a command does.
pub fn help(options: &UiOptions, command: Command) -> &str {
    of(options, command).map_or(command.row().help.trim(), |own| own.help.as_str())
}

/// Returns the keys of the commands that can be run here, with their names.
pub(crate) fn keys_here<'a>(
    state: &'a UiState,
    snapshot: &Snapshot,
    now: Timestamp,
    glyphs: Glyphs,
) -> Vec<(String, &'a str)> {
    let keymap = &state.options.keymap;
    let own = state.options.own.iter().enumerate();
    let key = |(at, own): (usize, &'a OwnCommand)| {
        let key = keymap.label(command_at(at)?, glyphs)?;
        let runs = refusal(state, snapshot, own, now).is_none();
        runs.then_some((key, own.name.as_str()))
    };
    own.filter_map(key).collect()
}

/// Returns the commands as the menu of actions offers them.
pub(crate) fn offered(state: &UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<OwnEntry> {
    let own = state.options.own.iter().enumerate();
    own.map(|(at, own)| OwnEntry {
        at,
        words: own.name.clone(),
        refused: refusal(state, snapshot, own, now),
    })
    .collect()
}

/// Returns where the keys of a command hold.
pub fn scopes(command: &OwnCommand) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = command.places.iter().map(|place| scope(*place)).collect();
    if scopes.is_empty() {
        scopes.push(Scope::Everywhere);
    }
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn scope(place: OwnPlace) -> Scope {
    match place {
        OwnPlace::Board => Scope::Board,
        OwnPlace::Triage | OwnPlace::Log => Scope::Triage,
        OwnPlace::Attention => Scope::Attention,
        OwnPlace::Standup => Scope::Standup,
        OwnPlace::Flow => Scope::Flow,
        OwnPlace::Detail => Scope::Detail,
    }
}
