//! The words of plain mode, and which commands of the board each of them stands for.
//!
//! Every command of the board is either said by a word or left out with a reason, which `help keys`
//! tells.

use super::talk::{Said, line};
use crate::domain::text::nearest;
use crate::ui::command::{COMMANDS, Command};

/// The words, each with what it does.
pub(super) const WORDS: &[(&str, &str)] = &[
    ("list", "list the cards; `list build` lists one column"),
    ("more", "go on with a list, a log or an output"),
    ("open", "`open 3`, or `3`: tell all of that card"),
    ("next", "tell the next card that is red, blocked or waiting"),
    ("previous", "back to the card before on that way"),
    ("triage", "list what is red, and why"),
    (
        "attention",
        "list what calls for a person by a rule, and why",
    ),
    (
        "filter",
        "`filter is:red repo:api`: only those cards; `filter` alone: all again",
    ),
    (
        "sort",
        "`sort oldest`: the order of lists; `sort` alone names them",
    ),
    ("views", "list the saved views"),
    (
        "view",
        "`view NAME`: its filter, columns and order; `view` alone: the whole board",
    ),
    (
        "log",
        "read out the log of why this card is red; `log 120` goes on from that line",
    ),
    (
        "search",
        "`search TEXT`: the lines of that log in which it is found, with their numbers",
    ),
    (
        "act",
        "do something to the run of this card, after a question",
    ),
    (
        "run",
        "`run NAME`: a command of your own for this card; `run` alone lists them",
    ),
    ("stop", "`stop NAME`: stop a command of your own that runs"),
    ("page", "tell the address of this card's page"),
    ("browser", "open this card's page in the browser"),
    (
        "copy",
        "copy the key of this card; `copy link` its address, `copy standup` the stand-up, `copy flow` the metrics",
    ),
    (
        "pin",
        "`pin test`, `pin test for good`, `pin off`: hold this card in a column, or no longer",
    ),
    ("hide", "hide this card on this machine, or show it again"),
    (
        "snooze",
        "`snooze 2h`, `tomorrow`, `mon`, `activity`: put this card aside until then",
    ),
    ("undo", "take the last `pin`, `hide`, `snooze` or note back"),
    (
        "standup",
        "the walk of the stand-up, from right to left; `standup all` with the quiet cards",
    ),
    (
        "people",
        "the stand-up by person; `people NAME` tells of one",
    ),
    (
        "since",
        "`since last`, `yesterday`, `2d`: how far the stand-up looks back",
    ),
    (
        "park",
        "`park NOTE`: note what of this card is to be talked about after the stand-up",
    ),
    ("parked", "list what is to be talked about"),
    (
        "talked",
        "`talked 2`: take that note away, it was talked about",
    ),
    ("held", "remember that the stand-up was held now"),
    (
        "flow",
        "how the work flows: `flow cycle`, `flow ci api 90d`; `flow define` says what it means",
    ),
    (
        "past",
        "`past yesterday`, `past 2d`, `past 2026-11-20 09:30`: the board as it was then; `past list build`: its cards",
    ),
    (
        "earlier",
        "from there to what happened before; `earlier day` by a day",
    ),
    (
        "later",
        "from there to what happened after; `later day` by a day",
    ),
    ("sources", "tell how the sources stand"),
    ("refresh", "ask all sources now"),
    (
        "help",
        "list the words; `help keys`: which keys of the board have none, and why",
    ),
    ("quit", "end"),
];

/// How plain mode does what a command of the board does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// By a word.
    Word(&'static str),
    /// Not at all, and why.
    Not(&'static str),
}

/// Returns how plain mode does what a command of the board does.
#[expect(clippy::too_many_lines, reason = "a table: one row a command")]
pub(super) fn way(command: Command) -> Way {
    use Command as C;
    use Way::{Not, Word};
    match command {
        C::Down
        | C::Up
        | C::Left
        | C::Right
        | C::Top
        | C::Bottom
        | C::HalfPageDown
        | C::HalfPageUp
        | C::PageDown
        | C::PageUp
        | C::NextPane
        | C::PreviousPane
        | C::Count
        | C::Back => Not("there is no cursor: a number opens a card, `more` goes on"),
        C::Overview
        | C::WindowLeft
        | C::WindowRight
        | C::Zoom
        | C::Preview
        | C::PreviewDown
        | C::PreviewUp
        | C::AboutDown
        | C::AboutUp
        | C::Wall
        | C::Themes
        | C::NextTheme
        | C::Mouse
        | C::Redraw
        | C::Clock => Not("it is about a picture, and there is none"),
        C::Lanes | C::FoldLane | C::FoldLanes => {
            Not("lists have no lanes; `sort person` puts the cards of one side by side")
        }
        C::MarkCard | C::MarkRange | C::MarkAll | C::Mark => Not("one card is talked about"),
        C::PreviousError
        | C::Fold
        | C::FoldAll
        | C::Wrap
        | C::Times
        | C::CopyBlock
        | C::SaveLog => Not(
            "`log` begins at the first error, `log LINE` at a line; `cycleboard log KEY` prints it whole",
        ),
        C::FailingTests | C::FirstOfGroup => {
            Not("`cycleboard triage` prints failing tests and where a failure was seen first")
        }
        C::Messages => Not("what happens is told when it does, and stays above"),
        C::NextView | C::PreviousView | C::LastView => Not("each view is a word of its own"),
        C::Suspend => Not("the shell does it: `ctrl-z`, and `fg`"),
        C::Column1
        | C::Column2
        | C::Column3
        | C::Column4
        | C::Column5
        | C::Column6
        | C::Column7
        | C::Column8
        | C::ViewBoard => Word("list"),
        C::Sort => Word("sort"),
        C::Hide => Word("hide"),
        C::Snooze => Word("snooze"),
        // `filter is:hidden` lists them.
        C::ShowHidden | C::Filter | C::ClearFilter => Word("filter"),
        C::NextTab
        | C::PreviousTab
        | C::WholeBoard
        | C::SavedView1
        | C::SavedView2
        | C::SavedView3
        | C::SavedView4
        | C::SavedView5
        | C::SavedView6
        | C::SavedView7
        | C::SavedView8
        | C::SavedView9 => Word("view"),
        C::NextUrgent => Word("next"),
        C::PreviousUrgent => Word("previous"),
        C::NextError => Word("log"),
        C::SearchLog | C::NextHit | C::PreviousHit => Word("search"),
        C::FlowWindow | C::FlowScope | C::Definitions | C::ViewFlow => Word("flow"),
        C::Earlier | C::DayEarlier => Word("earlier"),
        C::Later | C::DayLater => Word("later"),
        C::Now | C::ViewReplay => Word("past"),
        C::NextTurn | C::PreviousTurn | C::QuietCards | C::ViewStandup => Word("standup"),
        C::ByPerson => Word("people"),
        C::ParkingLot => Word("parked"),
        C::Since => Word("since"),
        C::Park => Word("park"),
        C::TalkedAbout => Word("talked"),
        C::CopyMinutes | C::CopyKey | C::CopyUrl | C::CopyPage => Word("copy"),
        C::Held => Word("held"),
        C::Open | C::Detail => Word("open"),
        C::Close | C::Quit => Word("quit"),
        C::OpenInBrowser => Word("browser"),
        C::Pin => Word("pin"),
        C::Undo => Word("undo"),
        C::Refresh | C::RefreshAll => Word("refresh"),
        C::Actions | C::RerunFailed => Word("act"),
        C::OwnCommands | C::Own(_) => Word("run"),
        C::Palette | C::Help => Word("help"),
        C::ViewTriage => Word("triage"),
        C::ViewAttention => Word("attention"),
        C::ViewSources => Word("sources"),
    }
}

/// Tells what the words do, or one of them.
pub(super) fn help(of: &str) -> Vec<Said> {
    let told = |(name, what): &(&str, &str)| line(format!("{name}: {what}"));
    if of == "keys" {
        return without();
    }
    if !of.is_empty() {
        let found = WORDS.iter().find(|(name, _)| *name == of);
        return vec![found.map_or_else(|| unknown(of), told)];
    }
    let mut said: Vec<Said> = WORDS.iter().map(told).collect();
    said.push(line("changes of cards are told as they happen"));
    said
}

/// Tells which commands of the board have no word here, those of one reason in one line.
fn without() -> Vec<Said> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in COMMANDS {
        let Way::Not(why) = way(row.command) else {
            continue;
        };
        match reasons.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, names)) => names.push(row.name),
            None => reasons.push((why, vec![row.name])),
        }
    }
    let lines = reasons.into_iter();
    lines
        .map(|(why, names)| line(format!("no word for {}: {why}", names.join(", "))))
        .collect()
}

/// Says that a word is none, with the nearest that is.
pub(super) fn unknown(word: &str) -> Said {
    let near = nearest(word, WORDS.iter().map(|(name, _)| *name));
    let hint = near.map_or_else(
        || "`help` lists the words".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    line(format!("no command `{word}`; {hint}"))
}
