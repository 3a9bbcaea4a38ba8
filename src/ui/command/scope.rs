//! Where a key means a command, and what the footer of that place names.
//!
//! The places and their order of mention; which keys there are is in the table.

use super::Command;

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
                C::QuietCards,
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
                C::AboutDown,
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
