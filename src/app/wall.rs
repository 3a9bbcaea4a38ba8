//! `cycleboard wall`: the board on a screen that nobody sits at.
//!
//! The board itself with the wall over it, and nothing that it could change.

use std::time::Duration;

use crate::app::board;
use crate::app::cli::{BoardArgs, WallArgs};
use crate::app::exit::{Exit, Failure};
use crate::app::session::Session;

/// Shows the wall until somebody leaves it.
pub fn run(mut session: Session, args: &WallArgs) -> Result<Exit, Failure> {
    if !board::has_terminal(&session) {
        let failure = Failure::usage("the wall needs a terminal that can be drawn on");
        return Err(failure.hint("`cycleboard board --once` prints the board instead"));
    }
    // Whoever walks by changes nothing, whatever is configured.
    session.global.read_only = true;
    if let Some(secs) = args.page_secs {
        session.settings.wall.page = Duration::from_secs(secs);
    }
    let board = BoardArgs {
        filter: args.filter.clone(),
        offline: args.offline,
        ..BoardArgs::default()
    };
    board::run(session, &board, true)
}
