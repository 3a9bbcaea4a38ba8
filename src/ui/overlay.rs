//! What may lie over a view, and what each of them remembers.
//!
//! Overlays are a stack: keys go to the topmost, `esc` takes it away.

use std::sync::Arc;

use tui_input::Input;

use crate::domain::Timestamp;
use crate::domain::action::{ActionId, Verb};
use crate::domain::arrange::{Group, Order};
use crate::domain::flow::Scope;
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, WebUrl};
use crate::domain::query::QueryError;
use crate::domain::run::Door;
use crate::domain::stage::Stage;
use crate::domain::text::Clean;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::own::OwnMenu;
use crate::ui::rows::RowKey;
use crate::ui::state::ColumnState;
use crate::ui::update::palette::words::Word;

/// Something over a view.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The way of one card through the cycle.
    Detail(Detail),
    /// The keys, those that work here first.
    Help(Help),
    /// Find anything by a part of its name.
    Palette(Palette),
    /// The line in which the filter is written.
    Filter(FilterLine),
    /// A question before something is done.
    Confirm(Confirm),
    /// To which stage a card is pinned.
    Pin(PinMenu),
    /// The line in which a search of the log is written.
    Search(SearchLine),
    /// The line in which it is noted what is to be talked about.
    Note(NoteLine),
    /// What can be done.
    Actions(ActionMenu),
    /// Actions that wait for their confirmation.
    Act(Act),
    /// The user's own commands.
    Own(OwnMenu),
    /// The messages of this session.
    Messages(u16),
    /// The themes, each shown while the cursor is on it.
    Themes(ThemeMenu),
}

/// The list of themes.
#[derive(Clone, Debug)]
pub struct ThemeMenu {
    /// The theme that was in force when the list was opened.
    pub before: String,
    /// The selected line.
    pub cursor: usize,
    /// The first line shown; brought to the cursor while painting.
    pub scroll: usize,
}

/// A search of the log while it is written.
#[derive(Clone, Default, Debug)]
pub struct SearchLine {
    /// The expression.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// A note of what is to be talked about, while it is written.
#[derive(Clone, Debug)]
pub struct NoteLine {
    /// The card.
    pub item: ItemId,
    /// What it is called.
    pub key: String,
    /// The note.
    pub input: Input,
}

/// What can be done to some runs.
#[derive(Clone, Debug)]
pub struct ActionMenu {
    /// To what.
    pub title: String,
    /// The cards and what of them is acted on.
    pub aims: Vec<Aim>,
    /// What can be done, or why not.
    pub entries: Vec<ActionEntry>,
    /// The user's own commands for the card under the cursor.
    pub own: Vec<OwnEntry>,
    /// The selected line: what can be done, then the own commands.
    pub cursor: usize,
}

/// A command of the user in the menu of actions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnEntry {
    /// Its place in the configuration.
    pub at: usize,
    /// What it does.
    pub words: String,
    /// Why it cannot be run here.
    pub refused: Option<String>,
}

/// One card that is acted on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aim {
    /// The card.
    pub item: ItemId,
    /// Its run, and the job where one is chosen.
    pub target: crate::domain::action::Target,
    /// Workflow and number of the run.
    pub name: String,
    /// Name of the job.
    pub job_name: Option<Clean>,
    /// What the run does, as far as is known.
    pub state: crate::domain::run::RunState,
}

/// One line of the menu of actions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionEntry {
    /// What is done.
    pub verb: Verb,
    /// What opens the gate, where it is done to one.
    pub gate: Option<Door>,
    /// The same in words; of a job or a gate, with its name.
    pub words: String,
    /// Whether it is a manual job that nothing waits for: the letter alone does not choose it.
    pub optional: bool,
    /// Why it cannot be done.
    pub refused: Option<String>,
}

/// Actions that wait for their confirmation; the default is No.
#[derive(Clone, Debug)]
pub struct Act {
    /// What is done.
    pub verb: Verb,
    /// The actions.
    pub ids: Vec<ActionId>,
    /// Since when all of what would be done is on the screen.
    pub shown_at: Option<Timestamp>,
    /// What was typed: the count, where there are several, or the name of production.
    pub typed: String,
    /// What of it was on the screen.
    pub seen: Seen,
}

/// Which lines of a question were on the screen; noted while painting.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Seen {
    /// The columns they were laid out for: other columns make other lines.
    pub columns: u16,
    /// How many there are.
    pub all: usize,
    /// How many fit.
    pub room: usize,
    /// The first shown.
    pub from: usize,
    /// Those before this one were shown.
    pub upto: usize,
}

impl Seen {
    /// Notes that lines are laid out, and for how many there is room.
    pub fn lay_out(&mut self, columns: u16, all: usize, room: usize) {
        if (self.columns, self.all) != (columns, all) {
            (self.from, self.upto) = (0, 0);
        }
        (self.columns, self.all, self.room) = (columns, all, room);
        self.from = self.from.min(all.saturating_sub(room));
        if self.from <= self.upto {
            self.upto = self.upto.max(self.from.saturating_add(room)).min(all);
        }
    }

    /// Returns whether all lines were on the screen.
    pub fn is_all(&self) -> bool {
        self.all > 0 && self.upto >= self.all
    }

    /// Returns how many lines were not on the screen yet.
    pub fn left(&self) -> usize {
        self.all.saturating_sub(self.upto)
    }

    /// Returns whether there is no room for a single line.
    pub fn is_too_small(&self) -> bool {
        self.all > 0 && self.room == 0
    }
}

impl Act {
    /// Returns whether keys count yet.
    pub fn listens(&self, now: Timestamp) -> bool {
        self.shown_at
            .is_some_and(|at| (now - at).num_milliseconds() >= Confirm::DEAF_MS)
    }
}

/// The detail of a card or train.
#[derive(Clone, Debug)]
pub struct Detail {
    /// What it is of.
    pub key: RowKey,
    /// The selected piece of evidence, from 1; 0 is the card itself.
    pub cursor: usize,
    /// The first line shown; brought to the cursor while painting.
    pub scroll: u16,
}

/// Help.
#[derive(Clone, Default, Debug)]
pub struct Help {
    /// The list of commands.
    pub list: Listing,
    /// Whether letters are typed into the search; else they move.
    pub typing: bool,
}

/// A list that typing narrows.
#[derive(Clone, Default, Debug)]
pub struct Listing {
    /// What was typed.
    pub input: Input,
    /// The selected line.
    pub cursor: usize,
    /// The first line shown; brought to the cursor while painting.
    pub scroll: usize,
}

/// What is looked for in a palette.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Seek {
    /// Commands, columns, cards, people, and whatever else has a name.
    #[default]
    Anything,
    /// What the flow view measures.
    Scope,
}

/// The command palette, and any other list of names that typing narrows.
#[derive(Clone, Default, Debug)]
pub struct Palette {
    /// What is looked for.
    pub seek: Seek,
    /// The list.
    pub list: Listing,
    /// What fits what was typed, best first.
    pub entries: Vec<Entry>,
    /// Services, people and repositories of the board, as filters; found when the palette is opened.
    pub(crate) filters: Vec<Entry>,
    /// The cards that what was typed before may have meant.
    pub(crate) narrowed: Option<Narrowed>,
    /// How far back in what was run before, 0: not at all.
    pub(crate) recalled: usize,
}

/// The cards that may be meant by a text; with a letter more, only they may be.
#[derive(Clone, Debug)]
pub(crate) struct Narrowed {
    /// The text.
    pub(crate) typed: String,
    /// The board that they are of: its generation, and when it was taken.
    pub(crate) board: (u64, Timestamp),
    /// The cards.
    pub(crate) cards: Vec<Arc<WorkItem>>,
}

/// One line of the palette.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What is shown and matched.
    pub text: String,
    /// What kind of thing it is.
    pub kind: &'static str,
    /// What Enter does.
    pub action: Action,
}

/// What a line of the palette does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Runs a command.
    Run(Command),
    /// Focuses a column.
    Focus(Stage),
    /// Pins the card under the cursor.
    Pin(Stage),
    /// Goes to a card.
    Go(ItemId),
    /// Filters the board.
    Filter(String),
    /// Changes the theme.
    Theme(String),
    /// Goes to a source.
    Source(usize),
    /// Measures how the work of this flows.
    Measure(Scope),
    /// Goes to a saved view.
    View(String),
    /// Saves what the board shows as a view.
    Save(String),
    /// Deletes a view that was saved.
    Delete(String),
    /// Puts the card under the cursor, or the marked ones, aside until then.
    Snooze(String),
    /// Changes the order of the cards.
    Sort(Order),
    /// Changes the lanes.
    Lanes(Group),
    /// Writes a word into the line, which wants an argument then.
    Write(Word),
}

/// The filter while it is written.
#[derive(Clone, Default, Debug)]
pub struct FilterLine {
    /// The text.
    pub input: Input,
    /// The filter that was in force before; Esc brings it back.
    pub before: String,
    /// The selection of every column when the line was opened: a text on the way may list nothing.
    pub(crate) kept: Vec<ColumnState>,
    /// What is wrong with the text; the last good filter stays in force.
    pub error: Option<QueryError>,
    /// How far back in the history, 0: not at all.
    pub history: usize,
    /// What Tab may complete, best first.
    pub completions: Vec<String>,
    /// The part of the text that a completion replaces, in bytes.
    pub replaces: (usize, usize),
    /// The names on the board that the key at hand may be compared with.
    pub(crate) names: Option<Names>,
}

/// Names on the board that a key of the filter may be compared with, each once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Names {
    /// The key.
    pub(crate) key: &'static str,
    /// The board that they are of: its generation, and when it was taken.
    pub(crate) board: (u64, Timestamp),
    /// The names, in no order.
    pub(crate) all: Vec<Box<str>>,
}

/// The stages to which a card may be pinned.
#[derive(Clone, Debug)]
pub struct PinMenu {
    /// The cards, and where the table has each, if that is known.
    pub items: Vec<(ItemId, Option<Stage>)>,
    /// What they are called: the key of one, or how many.
    pub name: String,
    /// Whether the pin is to hold whatever happens to the card.
    pub for_good: bool,
    /// Whether there is a pin to take away.
    pub pinned: bool,
    /// The selected line: a column, or after the last one no pin.
    pub cursor: usize,
}

impl PinMenu {
    /// Returns where the table has all of them, if that is known and one stage.
    pub fn table(&self) -> Option<Stage> {
        let (_, first) = self.items.first()?;
        let same = self.items.iter().all(|(_, table)| table == first);
        first.filter(|_| same)
    }

    /// Returns whether it is known of each when it moves.
    pub fn may_move(&self) -> bool {
        self.items.iter().all(|(_, table)| table.is_some())
    }
}

/// A question; the default is No.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// What would be done, in a few words.
    pub title: String,
    /// What that means, one line each.
    pub lines: Vec<String>,
    /// What Yes does.
    pub yes: Vec<Effect>,
    /// When it was opened: keys that were already under way are ignored.
    pub opened_at: Timestamp,
}

impl Confirm {
    /// Keys are ignored for this long, in milliseconds.
    pub const DEAF_MS: i64 = 250;

    /// Returns whether keys count yet.
    pub fn listens(&self, now: Timestamp) -> bool {
        (now - self.opened_at).num_milliseconds() >= Self::DEAF_MS
    }
}

/// What can be opened or copied of the line that has the cursor.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Target {
    /// Its key.
    pub key: Option<String>,
    /// Its page.
    pub url: Option<WebUrl>,
}
