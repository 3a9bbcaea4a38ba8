//! The one table of commands: name, help, scope, default keys.
//!
//! Dispatch, help, footer, palette and documentation all read it. The doc
//! comment of a row is its help text. What a command does is in `update`.

/// Where a key means a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// In every view and in the detail.
    Everywhere,
    /// In every view of cards.
    Cards,
    /// On the board.
    Board,
    /// In the triage view.
    Triage,
    /// In the stand-up view.
    Standup,
    /// In the flow view.
    Flow,
    /// On the board of the past.
    Replay,
    /// In the sources view.
    Sources,
    /// In the list of what calls for a person.
    Attention,
    /// In the detail of a card.
    Detail,
}

impl Scope {
    /// All scopes, in the order in which help lists them.
    pub const ALL: [Self; 10] = [
        Self::Board,
        Self::Cards,
        Self::Replay,
        Self::Triage,
        Self::Attention,
        Self::Standup,
        Self::Flow,
        Self::Sources,
        Self::Detail,
        Self::Everywhere,
    ];

    /// Returns the heading used in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Cards => "where cards are",
            Self::Board => "board",
            Self::Triage => "triage",
            Self::Standup => "stand-up",
            Self::Flow => "flow",
            Self::Replay => "the past",
            Self::Sources => "sources",
            Self::Attention => "what calls for you",
            Self::Detail => "detail",
        }
    }

    /// Returns whether the lines of this place are cards.
    pub fn has_cards(self) -> bool {
        match self {
            Self::Board | Self::Cards | Self::Attention | Self::Replay => true,
            Self::Everywhere
            | Self::Triage
            | Self::Standup
            | Self::Flow
            | Self::Sources
            | Self::Detail => false,
        }
    }

    /// Returns whether a key of this scope holds in a place; the past has the columns of the board.
    pub fn holds_in(self, here: Self) -> bool {
        self == here
            || self == Self::Everywhere
            || (self == Self::Cards && here.has_cards())
            || (self == Self::Board && here == Self::Replay)
    }

    /// Returns whether a key of this scope may take the place of one that holds everywhere.
    pub fn overrides(self) -> bool {
        match self {
            Self::Triage | Self::Flow | Self::Replay => true,
            Self::Everywhere
            | Self::Cards
            | Self::Board
            | Self::Standup
            | Self::Sources
            | Self::Attention
            | Self::Detail => false,
        }
    }

    /// Returns whether a key of one scope can meet a key of the other.
    pub fn overlaps(self, other: Self) -> bool {
        self.holds_in(other) || other.holds_in(self)
    }

    /// Returns the commands named at the bottom of the screen, the most needed first.
    #[expect(clippy::too_many_lines, reason = "a table: one row a scope")]
    pub fn footer(self) -> &'static [Command] {
        use Command as C;
        match self {
            Self::Board | Self::Cards => &[
                C::Open,
                C::Filter,
                C::Help,
                C::Palette,
                C::NextUrgent,
                C::Refresh,
                C::Close,
                C::Preview,
                C::OpenInBrowser,
                C::CopyUrl,
                C::ViewSources,
                C::Overview,
                C::Sort,
            ],
            Self::Triage => &[
                C::NextError,
                C::SearchLog,
                C::RerunFailed,
                C::Actions,
                C::NextPane,
                C::Help,
                C::Back,
                C::Fold,
                C::CopyBlock,
                C::FailingTests,
                C::Detail,
                C::Wrap,
                C::OpenInBrowser,
                C::SaveLog,
            ],
            Self::Standup => &[
                C::NextTurn,
                C::PreviousTurn,
                C::Clock,
                C::ByPerson,
                C::Park,
                C::CopyMinutes,
                C::Help,
                C::Since,
                C::Held,
                C::Open,
                C::OpenInBrowser,
                C::ParkingLot,
                C::TalkedAbout,
                C::Back,
            ],
            Self::Flow => &[
                C::Open,
                C::NextPane,
                C::FlowWindow,
                C::FlowScope,
                C::Help,
                C::Back,
                C::CopyPage,
                C::OpenInBrowser,
                C::Detail,
                C::Refresh,
                C::Palette,
            ],
            Self::Replay => &[
                C::Earlier,
                C::Later,
                C::DayEarlier,
                C::DayLater,
                C::Now,
                C::Back,
                C::Open,
                C::Help,
                C::Filter,
                C::OpenInBrowser,
                C::CopyKey,
            ],
            Self::Sources => &[
                C::Refresh,
                C::RefreshAll,
                C::OpenInBrowser,
                C::ViewBoard,
                C::Palette,
                C::Help,
                C::Back,
            ],
            Self::Attention => &[
                C::Open,
                C::Filter,
                C::Actions,
                C::OpenInBrowser,
                C::Refresh,
                C::ViewBoard,
                C::Palette,
                C::Help,
                C::Back,
            ],
            Self::Detail => &[
                C::Back,
                C::OpenInBrowser,
                C::CopyKey,
                C::CopyUrl,
                C::Refresh,
                C::Palette,
                C::Help,
            ],
            Self::Everywhere => &[C::Back, C::Top, C::Bottom],
        }
    }
}

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
        }

        impl Command {
            /// Returns the row of the table.
            pub fn row(self) -> &'static Row {
                match self {
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
    /// Change the order: most urgent, oldest, newest first
    Sort: "sort", "sort", Board, &["s"];
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
    /// Pin the card to a stage, or take its pin away
    Pin: "pin", "pin", Everywhere, &["P"];
    /// Take the last pin back
    Undo: "undo", "undo", Everywhere, &["u"];
    /// Ask the source of this card now
    Refresh: "refresh", "refresh", Everywhere, &["r"];
    /// Ask every source now
    RefreshAll: "refresh-all", "refresh all", Everywhere, &["R"];
    /// Ask what can be done: run again, cancel, answer at a gate
    Actions: "actions", "actions", Everywhere, &["a"];
    /// Run the failed jobs of the card again, after a question
    RerunFailed: "rerun-failed", "re-run failed", Everywhere, &["F"];
    /// Filter the cards
    Filter: "filter", "filter", Cards, &["/"];
    /// Show all cards again
    ClearFilter: "clear-filter", "clear filter", Cards, &[];
    /// Find a command, card, column, service, person or theme
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
    /// Next theme
    NextTheme: "next-theme", "theme", Everywhere, &["t"];
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
        let first = Self::Column1 as usize;
        let at = (self as usize).checked_sub(first)?;
        (at < 8).then_some(at)
    }
}

#[cfg(test)]
mod tests;
