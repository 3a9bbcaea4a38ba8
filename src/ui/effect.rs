//! What the shell must do outside the screen.
//!
//! Returned by `update` and `input`, carried out by `app::effects`; nothing here
//! is done by the screen itself.

use std::ops::Range;

use crate::domain::action::{ActionId, Target, Verb};
use crate::domain::arrange::SavedView;
use crate::domain::diagnosis::LogKey;
use crate::domain::hide::Hide;
use crate::domain::key::{ItemId, SourceName, WebUrl};
use crate::domain::policy::Pin;
use crate::log::Query;
use crate::ui::flow::{Ask, Page};
use crate::ui::own;
use crate::ui::replay::Ask as Past;
use crate::ui::standup::Order;

/// One thing to do outside the screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Stop, as `ctrl-z` does in a shell.
    Suspend,
    /// Paint every cell again, whatever the terminal is believed to show.
    Redraw,
    /// Open a link in the browser.
    OpenUrl(WebUrl),
    /// Put text on the clipboard, and say so.
    Copy(String),
    /// Ask every source now.
    RefreshAll,
    /// Ask one source now.
    Refresh(SourceName),
    /// Read history; what it holds comes back by [`on_recalled`](crate::ui::history::on_recalled).
    Recall,
    /// Do something for the stand-up, whose answer comes by [`on_prepared`](crate::ui::standup::on_prepared).
    Standup(Order),
    /// Tell which card somebody looks at closely.
    Look(Option<ItemId>),
    /// Tell whether the terminal has the focus.
    Focus(bool),
    /// Keep pins of cards, or forget them.
    Pin(Vec<(ItemId, Option<Pin>)>),
    /// Keep how cards are put aside, or that they are not.
    Hide(Vec<(ItemId, Option<Hide>)>),
    /// Keep a saved view under its name, or forget it.
    KeepView(String, Option<SavedView>),
    /// Measure how the work flows; a [`Report`](crate::ui::flow::Report) comes back.
    Measure(Ask),
    /// Put a page of the flow view on the clipboard as Markdown.
    CopyFlow(Page),
    /// Make a moment of the past; a [`Frame`](crate::ui::replay::Frame) comes back.
    Replay(Past),
    /// Show a short message: hand it to [`notify`](crate::ui::state::UiState::notify).
    Toast(String),
    /// Run a command of the user; what becomes of it comes back by [`on_event`](own::on_event).
    RunOwn(Box<own::Order>),
    /// Stop a command of the user.
    StopOwn(u64),
    /// Ring the terminal's bell.
    Bell,
    /// Use another theme, by name.
    SetTheme(String),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Make sure that a log is in the cache and that it is known why the job failed.
    Diagnose(LogKey),
    /// Open a log of the cache; its index comes back as a [`LogEvent`](crate::ui::logs::LogEvent).
    OpenLog(LogKey),
    /// Read on in the log of a job that runs; what there is of it comes back as it grows.
    FollowLog(LogKey),
    /// Do not read on in it.
    LeaveLog(LogKey),
    /// Read lines of an open log.
    ReadLog {
        /// Which log.
        key: LogKey,
        /// The lines, counted from 0.
        ranges: Vec<Range<u64>>,
        /// Comes back with the answer, so that one that came too late is told.
        generation: u64,
    },
    /// Search an open log; what is found comes in pieces.
    SearchLog {
        /// Which log.
        key: LogKey,
        /// What is searched for.
        query: Query,
        /// Comes back with the answers; a search of an older one may stop.
        generation: u64,
    },
    /// Save a clean copy of a log to a file, and say where.
    SaveLog {
        /// Which log.
        key: LogKey,
    },
    /// Forget an open log.
    CloseLog(LogKey),
    /// Read the target of an action afresh, so that it can be confirmed; nothing is sent yet.
    Intend {
        /// The identity of the action from now on.
        id: ActionId,
        /// What is to be done.
        verb: Verb,
        /// To what.
        target: Target,
        /// For which card.
        item: Option<ItemId>,
    },
    /// Do an action, on the values that were shown.
    Confirm(ActionId),
    /// Do not do an action that waits for its confirmation.
    Dismiss(ActionId),
}
