//! Where boards were left: a part for each in a small file of the state directory.
//!
//! Read at the start and written at the end; of several boards of one name the last one counts. What
//! a place is is the screen's matter.

use std::path::PathBuf;

use crate::app::kept_boards::KeptBoards;
use crate::app::session::Session;
use crate::domain::Timestamp;
use crate::ui::place::Place;

/// The form of the file.
const VERSION: u32 = 1;

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Places(KeptBoards<Place>);

impl Places {
    /// Settles where that of a board is; nothing where it is not to be remembered.
    pub fn of(session: &Session) -> Option<Self> {
        let remembers = session.settings.ui.remember && !session.global.no_remember;
        remembers.then(|| Self::at(session.paths.place(), session.board_name()))
    }

    /// The same, by file and board.
    pub fn at(file: PathBuf, board: String) -> Self {
        Self(KeptBoards::at(
            file,
            VERSION,
            board,
            "where you were is known",
        ))
    }

    /// Returns where the board was left, and why that is not known, if so.
    pub fn load(&self) -> (Place, Option<String>) {
        self.0.load()
    }

    /// Remembers where the board is left; returns why it is not kept, if so.
    pub fn keep(&self, place: Place, now: Timestamp) -> Option<String> {
        let (_, trouble) = self.0.change(now, |known| *known = place);
        trouble
    }
}
