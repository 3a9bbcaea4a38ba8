//! The board with its history, for commands that print what was.
//!
//! Asks the sources, waits until what they told is part of history, and reads that.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::cli::Format;
use crate::app::exit::{Exit, Failure};
use crate::app::heard::{Heard, Wait};
use crate::app::runtime::runtime;
use crate::app::session::{Session, Tasks};
use crate::app::waiting;
use crate::domain::history::{Ledger, Windows};
use crate::domain::key::ItemId;
use crate::engine::Tells;
use crate::engine::db::Store;
use crate::engine::snapshot::Snapshot;

/// What is said where telling takes longer than anybody waits.
const UNTOLD: &str = "note: history is not told to its end yet; ask again in a while";

/// What is said where nothing is known of what was.
const EMPTY: &str = "note: there is no history yet; it begins with the first look at a source";

impl Reach {
    /// What is told of history for it.
    fn tells(self) -> Tells {
        match self {
            Self::Days => Tells::AsItComes,
            Self::All => Tells::WithPast,
        }
    }

    /// How long telling may take at least, once the sources have answered.
    fn telling(self) -> Duration {
        Duration::from_secs(match self {
            Self::Days => 5,
            Self::All => 60,
        })
    }
}

/// The board with its history.
#[derive(Debug)]
pub struct Recalled {
    /// The board after every source was asked, and the past was read.
    pub heard: Heard,
    /// What history holds of its repositories.
    pub ledger: Ledger,
    /// Whether that is all that can be had for now: what was asked for is read, and told.
    pub is_whole: bool,
}

impl Recalled {
    /// Tells what sources have to say beside what was printed, and returns how that stands: what is
    /// fine so far is not known where something is missing of what was, or all of it.
    pub fn ends(&self, verdict: Exit, format: Option<Format>) -> Exit {
        let verdict = self.heard.ends(verdict, format);
        let is_empty = self.ledger.since.is_none();
        if is_empty {
            waiting::say(EMPTY);
        }
        let is_open = !self.is_whole;
        if verdict == Exit::Fine && is_open {
            Exit::Stale
        } else {
            verdict
        }
    }
}

/// How far back a command looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Some days: what is on the board, and what was noted before.
    Days,
    /// As far as history goes: what is left of the wait the past has to be read.
    All,
}

/// Reads what history holds of a board; of what that does not know any more, windows end what was
/// live. Takes its time.
pub fn ledger(store: &Store, board: &Snapshot, windows: Windows) -> Option<Ledger> {
    let ledger = store.ledger(&board.repositories)?;
    let shows = |stage| board.columns.iter().any(|column| column.stage == stage);
    // Of what is in no column that is shown the board says nothing, and neither does half of one.
    let is_told =
        |card: &ItemId, stage| board.partial || !shows(stage) || board.find(card).is_some();
    let ledger = ledger.without_untold(is_told);
    Some(ledger.past_windows(windows, board.taken_at, is_told))
}

/// Asks every source within `wait`, or none, and reads history. Where that is not enough for what
/// is past, that is told, and what is known of it is returned.
pub fn recall(
    session: &mut Session,
    offline: bool,
    wait: Wait,
    reach: Reach,
) -> Result<Recalled, Failure> {
    let store = session.store_or_none();
    let windows = Windows::of(&session.settings.policy);
    let runtime = runtime()?;
    let recalled = runtime.block_on(async {
        let (tasks, began) = (Tasks::default(), Instant::now());
        let polling = !offline;
        let mut engine = session
            .start_to_recall(store.clone(), (polling, wait.haste), reach.tells(), &tasks)
            .await?;
        let wait = wait.within;
        let mut snapshot = waiting::settled(&mut engine, (session.clock)(), wait).await;
        let in_time = engine.is_settled();
        let mut is_whole = in_time && waiting::past_of(&snapshot.sources).is_over();
        if polling && in_time {
            let left = wait.saturating_sub(began.elapsed());
            let read = reach == Reach::Days || waiting::past_read(&mut engine, left).await;
            let left = wait.saturating_sub(began.elapsed());
            let told = waiting::told(&mut engine, reach.telling().max(left)).await;
            if !told {
                waiting::say(UNTOLD);
            }
            is_whole = read && told;
            // How sources stand, and how far back they told, is told of what is printed, and that
            // rests on the past that was read since the board was.
            snapshot = Arc::clone(&engine.snapshots.borrow());
            if !read {
                waiting::say(&waiting::unread(&snapshot.sources));
            }
        }
        let board = Arc::clone(&snapshot);
        let read = tokio::task::spawn_blocking(move || ledger(&store?, &board, windows));
        let ledger = read.await.ok().flatten().unwrap_or_default();
        tasks.end().await;
        Ok(Recalled {
            heard: Heard {
                snapshot,
                in_time,
                tells_notices: false,
            },
            is_whole: is_whole && ledger.since.is_some(),
            ledger,
        })
    });
    // Nobody waits for a telling that took too long: the next start begins it anew.
    runtime.shutdown_background();
    recalled
}
