//! The one table of commands: name, help, scope, default keys.
//!
//! Dispatch, help, footer, palette and documentation all read it. The doc
//! comment of a row is its help text. What a command does is in `update`.

mod scope;

pub use scope::Scope;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The command.
    pub command: Command,
    /// Its name, as in `[keys]` and the palette.
    pub name: &'static str,
    /// What it does, as help shows it.
    pub help: &'static str,
    /// One or two words for the footer.
    pub brief: &'static str,
    /// Where its keys hold.
    pub scope: Scope,
    /// Its keys, unless `[keys]` says otherwise.
    pub keys: &'static [&'static str],
}

macro_rules! row {
    ($($help:literal)+, $command:ident, $name:literal, $brief:literal, $scope:ident, $keys:expr) => {
        Row {
            command: Command::$command,
            name: $name,
            help: concat!($($help),+),
            brief: $brief,
            scope: Scope::$scope,
            keys: $keys,
        }
    };
}

macro_rules! commands {
    ($( $(#[doc = $help:literal])+ $command:ident: $name:literal, $brief:literal, $scope:ident, $keys:expr; )*) => {
        /// Something that a user can ask for.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Command {
            $( $(#[doc = $help])+ $command, )*
            /// Runs a program of the user: the one at this place of the configuration.
            Own(u8),
        }

        impl Command {
            /// Returns the row of the table.
            pub fn row(self) -> &'static Row {
                match self {
                    Self::Own(_) => &OWN,
                    $( Self::$command => const { &row!($($help)+, $command, $name, $brief, $scope, $keys) }, )*
                }
            }
        }

        /// Every command, in the order in which help lists them.
        pub const COMMANDS: &[Row] = &[
            $( row!($($help)+, $command, $name, $brief, $scope, $keys), )*
        ];
    };
}

/// The row of all programs of the user: what one is called and does stands in the configuration.
const OWN: Row = Row {
    command: Command::Own(0),
    name: "own command",
    help: "One of your own commands",
    brief: "yours",
    scope: Scope::Everywhere,
    keys: &[],
};

commands! {
    /// Move down: next card, line or source
    Down: "down", "down", Everywhere, &["j", "down"];
    /// Move up: previous card, line or source
    Up: "up", "up", Everywhere, &["k", "up"];
    /// Go left: to the column or part there, or back along a long line
    Left: "left", "left", Everywhere, &["h", "left"];
    /// Go right: to the column or part there, or along a long line
    Right: "right", "right", Everywhere, &["l", "right"];
    /// Go to the first line
    Top: "top", "top", Everywhere, &["g g", "home"];
    /// Go to the last line
    Bottom: "bottom", "bottom", Everywhere, &["G", "end"];
    /// Half a page down
    HalfPageDown: "half-page-down", "half down", Everywhere, &["ctrl-d"];
    /// Half a page up
    HalfPageUp: "half-page-up", "half up", Everywhere, &["ctrl-u"];
    /// A page down
    PageDown: "page-down", "page down", Everywhere, &["pgdn", "ctrl-f"];
    /// A page up
    PageUp: "page-up", "page up", Everywhere, &["pgup", "ctrl-b"];

    /// Focus the first column
    Column1: "column-1", "column", Board, &["1"];
    /// Focus the second column
    Column2: "column-2", "column", Board, &["2"];
    /// Focus the third column
    Column3: "column-3", "column", Board, &["3"];
    /// Focus the fourth column
    Column4: "column-4", "column", Board, &["4"];
    /// Focus the fifth column
    Column5: "column-5", "column", Board, &["5"];
    /// Focus the sixth column
    Column6: "column-6", "column", Board, &["6"];
    /// Focus the seventh column
    Column7: "column-7", "column", Board, &["7"];
    /// Focus the eighth column
    Column8: "column-8", "column", Board, &["8"];
    /// Show all columns at once, or fold them again
    Overview: "overview", "overview", Board, &["0"];
    /// Scroll the open columns to the left, the cursor stays
    WindowLeft: "window-left", "scroll left", Board, &["H"];
    /// Scroll the open columns to the right, the cursor stays
    WindowRight: "window-right", "scroll right", Board, &["L"];
    /// Give the focused column the whole width, or take it back
    Zoom: "zoom", "zoom", Board, &["z"];
    /// Change the order: urgent, oldest, newest, age, person, repository
    Sort: "sort", "sort", Board, &["s"];
    /// Change the lanes: service, person, repository, milestone, label, none
    Lanes: "lanes", "lanes", Board, &["S"];
    /// Fold the lane with the cursor, or open it
    FoldLane: "fold-lane", "fold lane", Board, &["Z"];
    /// Fold all lanes, or open them all
    FoldLanes: "fold-lanes", "fold lanes", Board, &["X"];
    /// Mark the card or unmark it; actions are done to all marked cards
    MarkCard: "mark-card", "mark", Board, &["space"];
    /// Begin a range of marks at the card, or end it here
    MarkRange: "mark-range", "mark range", Board, &["v"];
    /// Mark all cards that the column lists, or unmark them
    MarkAll: "mark-all", "mark all", Board, &["ctrl-a"];
    /// Hide the card on this machine, or show it again
    Hide: "hide", "hide", Board, &["x"];
    /// Put the card aside until something happens to it, or until a time
    Snooze: "snooze", "snooze", Board, &["b"];
    /// Show what was put aside, or no longer
    ShowHidden: "show-hidden", "hidden", Everywhere, &[];
    /// Next saved view, a tab of the header; after the last, the whole board
    NextTab: "next-tab", "next tab", Board, &["}"];
    /// Previous saved view
    PreviousTab: "previous-tab", "previous tab", Board, &["{"];
    /// Leave the saved view: all cards, all columns, no lanes, the usual order
    WholeBoard: "whole-board", "whole board", Board, &[];
    /// Go to the first saved view
    SavedView1: "saved-view-1", "saved view", Everywhere, &[];
    /// Go to the second saved view
    SavedView2: "saved-view-2", "saved view", Everywhere, &[];
    /// Go to the third saved view
    SavedView3: "saved-view-3", "saved view", Everywhere, &[];
    /// Go to the fourth saved view
    SavedView4: "saved-view-4", "saved view", Everywhere, &[];
    /// Go to the fifth saved view
    SavedView5: "saved-view-5", "saved view", Everywhere, &[];
    /// Go to the sixth saved view
    SavedView6: "saved-view-6", "saved view", Everywhere, &[];
    /// Go to the seventh saved view
    SavedView7: "saved-view-7", "saved view", Everywhere, &[];
    /// Go to the eighth saved view
    SavedView8: "saved-view-8", "saved view", Everywhere, &[];
    /// Go to the ninth saved view
    SavedView9: "saved-view-9", "saved view", Everywhere, &[];
    /// Next card that needs a person, the most urgent first
    NextUrgent: "next-urgent", "next problem", Board, &["e"];
    /// Back to the card before on that way
    PreviousUrgent: "previous-urgent", "previous problem", Board, &["E"];
    /// Show or hide the preview of the selected card
    Preview: "preview", "preview", Cards, &["p"];
    /// Scroll the preview down
    PreviewDown: "preview-down", "preview down", Cards, &["J"];
    /// Scroll the preview up
    PreviewUp: "preview-up", "preview up", Cards, &["K"];

    /// Go to the first error of the log, then to the next one
    NextError: "next-error", "error", Triage, &["e"];
    /// Go to the error before
    PreviousError: "previous-error", "error before", Triage, &["E"];
    /// Search the log for an expression; in the list, filter the red cards
    SearchLog: "search-log", "search", Triage, &["/"];
    /// Go to the next match; without a search, to the next error
    NextHit: "next-hit", "next hit", Triage, &["n"];
    /// Go to the match before; without a search, to the error before
    PreviousHit: "previous-hit", "hit before", Triage, &["N"];
    /// Fold the section under the cursor, or open it
    Fold: "fold", "fold", Triage, &["z"];
    /// Fold all sections of the log, or open them all
    FoldAll: "fold-all", "fold all", Triage, &["Z"];
    /// Let long lines go on below, or cut them
    Wrap: "wrap", "wrap", Triage, &["w"];
    /// Show or hide the times of lines
    Times: "times", "times", Triage, &["t"];
    /// Copy the error under the cursor with its lines, else the line
    CopyBlock: "copy-block", "copy", Triage, &["y"];
    /// Save the log to a file
    SaveLog: "save-log", "save log", Triage, &["S"];
    /// Go through the failing tests
    FailingTests: "failing-tests", "tests", Triage, &["T"];
    /// Go to the card on which this failure was seen first
    FirstOfGroup: "first-of-group", "first alike", Triage, &["g 1"];
    /// Mark the card or unmark it; actions are done to all marked cards
    Mark: "mark", "mark", Triage, &["space"];

    /// Next card or person; after the last, ask whether it was held
    NextTurn: "next-turn", "next", Standup, &["n"];
    /// Card or person before
    PreviousTurn: "previous-turn", "previous", Standup, &["p"];
    /// Start or stop the clock; whoever comes next has it from the beginning
    Clock: "clock", "clock", Standup, &["space"];
    /// Go through the people, or back to the walk
    ByPerson: "by-person", "by person", Standup, &["b"];
    /// Show what is parked, or go back to the walk
    ParkingLot: "parking-lot", "parking lot", Standup, &["L"];
    /// Walk through all cards, or only those to speak of again
    QuietCards: "quiet-cards", "all cards", Standup, &["z"];
    /// Look back further: the last stand-up, yesterday, a day, two, a week
    Since: "since", "since", Standup, &["s"];
    /// Park the card, with a note of what is to be talked about
    Park: "park", "park", Standup, &["m"];
    /// Take a note out of the parking lot: it was talked about
    TalkedAbout: "talked-about", "talked about", Standup, &["x"];
    /// Copy the stand-up as Markdown
    CopyMinutes: "copy-minutes", "copy", Standup, &["c"];
    /// Remember that the stand-up was held, after a question
    Held: "held", "held", Standup, &["D"];
    /// Look a week, thirty days or ninety days back
    FlowWindow: "flow-window", "window", Flow, &["w"];
    /// Choose what is measured: all, one service, one repository
    FlowScope: "flow-scope", "scope", Flow, &["s"];
    /// Show what the metrics of the page mean; help does so first
    Definitions: "definitions", "definitions", Flow, &["d"];
    /// Copy the page as Markdown
    CopyPage: "copy-page", "copy", Flow, &["c", "y"];
    /// Back to when a card last changed its place or status before this moment
    Earlier: "earlier", "step back", Replay, &["["];
    /// On to when a card changed next; after the last one, to now
    Later: "later", "step on", Replay, &["]"];
    /// The same time a day before
    DayEarlier: "day-earlier", "day back", Replay, &["{"];
    /// The same time a day after; now, where that is still to come
    DayLater: "day-later", "day on", Replay, &["}"];
    /// Go to now, with what is new since the past was looked at
    Now: "now", "now", Replay, &["n"];

    /// Scroll what is told of the source down
    AboutDown: "about-down", "more of it", Sources, &["J"];
    /// Scroll what is told of the source up
    AboutUp: "about-up", "back up", Sources, &["K"];

    /// Open: a card, why it is red, the changes of a train
    Open: "open", "open", Everywhere, &["enter"];
    /// Show the card from beginning to end: its way, its evidence
    Detail: "detail", "detail", Everywhere, &["i"];
    /// Go back one layer
    Back: "back", "back", Everywhere, &["esc"];
    /// Close what is open; on the board, quit
    Close: "close", "close", Everywhere, &["q"];
    /// Next pane
    NextPane: "next-pane", "pane", Everywhere, &["tab"];
    /// Previous pane
    PreviousPane: "previous-pane", "pane", Everywhere, &["shift-tab"];
    /// Open the page of the card in the browser
    OpenInBrowser: "open-in-browser", "browser", Everywhere, &["o"];
    /// Copy the key of the card
    CopyKey: "copy-key", "copy key", Everywhere, &["y"];
    /// Copy the link of the card
    CopyUrl: "copy-url", "copy link", Everywhere, &["Y"];
    /// Pin the card or the marked ones to a stage, or take pins away
    Pin: "pin", "pin", Everywhere, &["P"];
    /// Take the last local change back: a pin, a view, what was put aside
    Undo: "undo", "undo", Everywhere, &["u"];
    /// Ask the source of this card now
    Refresh: "refresh", "refresh", Everywhere, &["r"];
    /// Ask every source now
    RefreshAll: "refresh-all", "refresh all", Everywhere, &["R"];
    /// Ask what can be done: run again, cancel, answer at a gate
    Actions: "actions", "actions", Everywhere, &["a"];
    /// Run the failed jobs of the card again, after a question
    RerunFailed: "rerun-failed", "re-run failed", Everywhere, &["F"];
    /// Your own commands: run one, see what they print, stop them
    OwnCommands: "own-commands", "yours", Everywhere, &["!"];
    /// Show the board on a wall: large, red first, no keys but `q q`
    Wall: "wall", "wall", Everywhere, &["W"];
    /// Filter the cards
    Filter: "filter", "filter", Cards, &["/"];
    /// Show all cards again
    ClearFilter: "clear-filter", "clear filter", Cards, &[];
    /// Find a command, card, view, column, service, repository, person, theme
    Palette: "palette", "command", Everywhere, &[":", "ctrl-p"];
    /// Show the keys, those that work here first
    Help: "help", "help", Everywhere, &["?"];
    /// Show the messages of this session
    Messages: "messages", "messages", Everywhere, &["M"];
    /// Go to the board
    ViewBoard: "view-board", "board", Everywhere, &["g b"];
    /// Go to the triage of red cards
    ViewTriage: "view-triage", "triage", Everywhere, &["g f"];
    /// Go to what calls for a person: waits, too long, over a limit
    ViewAttention: "view-attention", "attention", Everywhere, &["g a"];
    /// Go to the stand-up
    ViewStandup: "view-standup", "stand-up", Everywhere, &["g s"];
    /// Go to the flow metrics
    ViewFlow: "view-flow", "flow", Everywhere, &["g m"];
    /// Go to the past: the board at any moment of the history
    ViewReplay: "view-replay", "the past", Everywhere, &["g r"];
    /// Go to the sources
    ViewSources: "view-sources", "sources", Everywhere, &["g o"];
    /// Next view
    NextView: "next-view", "next view", Everywhere, &["]"];
    /// Previous view
    PreviousView: "previous-view", "previous view", Everywhere, &["["];
    /// Back to the view before this one
    LastView: "last-view", "last view", Everywhere, &["-"];
    /// Begin a count, where digits have another meaning: `# 5 j` goes down five
    Count: "count", "count", Everywhere, &["#"];
    /// Choose a theme; each is shown as soon as the cursor is on it
    Themes: "themes", "themes", Everywhere, &["g t"];
    /// Next theme
    NextTheme: "next-theme", "theme", Everywhere, &["t"];
    /// Leave the mouse to the terminal, to select text, or take it back
    Mouse: "mouse", "mouse", Everywhere, &["ctrl-x"];
    /// Paint the screen again
    Redraw: "redraw", "redraw", Everywhere, &["ctrl-l"];
    /// Stop the program, as in a shell; `fg` brings it back
    Suspend: "suspend", "suspend", Everywhere, &["ctrl-z"];
    /// Quit at once
    Quit: "quit", "quit", Everywhere, &["ctrl-c"];
}

impl Command {
    /// Returns the command of this name.
    pub fn named(name: &str) -> Option<Self> {
        COMMANDS
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.command)
    }

    /// Returns the position of the column that this command focuses, from 0.
    pub fn column(self) -> Option<usize> {
        self.behind(Self::Column1, 8)
    }

    /// Returns the position of the saved view that this command goes to, from 0.
    pub fn saved_view(self) -> Option<usize> {
        self.behind(Self::SavedView1, Self::SAVED_VIEWS)
    }

    /// Returns how far it stands in the table behind the first of so many that belong together.
    fn behind(self, first: Self, count: usize) -> Option<usize> {
        let place = |wanted: Self| COMMANDS.iter().position(|row| row.command == wanted);
        let at = place(self)?.checked_sub(place(first)?)?;
        (at < count).then_some(at)
    }

    /// How many saved views have a command of their own, which a key may stand for.
    pub const SAVED_VIEWS: usize = 9;
}

#[cfg(test)]
mod tests;
