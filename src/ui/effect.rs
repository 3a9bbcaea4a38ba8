//! What the shell must do outside the screen.
//!
//! Returned by `update` and `input`, carried out by `app::effects`; nothing here
//! is done by the screen itself.

use crate::domain::key::{ItemId, SourceName, WebUrl};
use crate::domain::policy::Pin;

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
    /// Tell which card somebody looks at closely.
    Look(Option<ItemId>),
    /// Tell whether the terminal has the focus.
    Focus(bool),
    /// Pin a card to a stage, or take its pin away; keep that.
    Pin(ItemId, Option<Pin>),
    /// Show a short message: hand it to [`notify`](crate::ui::state::UiState::notify).
    Toast(String),
    /// Use another theme, by name.
    SetTheme(String),
}
