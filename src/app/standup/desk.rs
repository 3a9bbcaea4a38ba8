//! What the view of the stand-up asks of the shell: preparing it, keeping what is kept, its text.
//!
//! Answers one question after the other, on a thread that may wait; decides nothing.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use crate::app::cli::StandupBy;
use crate::app::output::standup::{Minutes, text};
use crate::app::session::Session;
use crate::app::standup::kept::Kept;
use crate::app::{standup, team};
use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::calendar::{Calendar, WorkingTime};
use crate::domain::history::Ledger;
use crate::domain::item::WorkItem;
use crate::domain::roster::Roster;
use crate::domain::standup::{Material, Standup};
use crate::engine::snapshot::Snapshot;
use crate::ui::standup::{Answer, Ask, By, Order, Prepared};

/// How long the turn of a person is where nobody says.
const TURN: TimeDelta = TimeDelta::minutes(2);

/// Who answers.
#[derive(Clone, Debug)]
pub struct Desk {
    kept: Kept,
    work: WorkingTime,
    roster: Roster,
    limit: TimeDelta,
    turn: Arc<Mutex<()>>,
}

/// What is known at the time of a question.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The board.
    pub snapshot: Arc<Snapshot>,
    /// History, where it could be read.
    pub ledger: Option<Arc<Ledger>>,
    /// The time.
    pub now: Timestamp,
}

impl Desk {
    /// Builds it for the team of a session.
    pub fn of(session: &Session) -> Self {
        let team = &session.settings.team;
        let work = team.working_time(team::local_zone(&session.env));
        let limit = TimeDelta::from_std(team.turn).unwrap_or(TURN);
        Self {
            limit,
            ..Self::new(standup::kept_of(session), work, team.roster())
        }
    }

    /// Builds it of its parts.
    pub fn new(kept: Kept, work: WorkingTime, roster: Roster) -> Self {
        Self {
            kept,
            work,
            roster,
            limit: TURN,
            turn: Arc::default(),
        }
    }

    /// Does what is asked, and prepares the stand-up as it is then.
    pub fn answer(&self, ask: &Ask, scene: Scene) -> Answer {
        // What is written first must be read by whoever asked later.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = scene.now;
        let (board, trouble) = match &ask.order {
            Order::Prepare | Order::Copy(_) => (self.kept.load(), None),
            Order::Hold => self.kept.held(now),
            Order::Park(item, note) => self.kept.park(item, note, now),
            Order::Settle(mark) => self.kept.settle(mark),
            Order::Restore(mark) => self.kept.restore(mark),
        };
        let calendar = Calendar::new(self.work.clone(), now);
        let nothing = Ledger::default();
        let cards: Vec<&Arc<WorkItem>> = scene.snapshot.items().collect();
        let material = Material {
            ledger: scene.ledger.as_deref().unwrap_or(&nothing),
            cards: &cards,
            calendar: &calendar,
            roster: &self.roster,
            parked: &board.parked,
        };
        let since = ask.since.moment(&calendar, board.last, now);
        let standup = Standup::prepare(material, since, now);
        Answer {
            number: ask.number,
            held: ask.order == Order::Hold,
            trouble,
            prepared: Prepared {
                standup: Arc::new(standup),
                calendar: Arc::new(calendar),
                turn: self.limit,
                snapshot: scene.snapshot,
                ledger: scene.ledger,
                last: board.last,
            },
        }
    }
}

/// Writes a stand-up down as Markdown.
pub fn markdown(prepared: &Prepared, by: By, columns: &[ColumnConfig]) -> String {
    let minutes = Minutes {
        standup: &prepared.standup,
        calendar: &prepared.calendar,
        columns,
        snapshot: &prepared.snapshot,
        by: match by {
            By::Stage => StandupBy::Stage,
            By::Person => StandupBy::Person,
        },
    };
    text::write(minutes, text::Form::Markdown, text::Extent::Message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Zone;
    use crate::domain::standup::Since;
    use crate::ui::sample;

    fn ask(number: u64, order: Order) -> Ask {
        Ask {
            number,
            since: Since::Last,
            order,
        }
    }

    fn scene() -> Scene {
        Scene {
            snapshot: Arc::new(sample::snapshot(48)),
            ledger: None,
            now: sample::moment(),
        }
    }

    #[test]
    fn what_is_kept_is_in_the_next_answer() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::at(home.path().join("standup.json"), "board".to_owned());
        let desk = Desk::new(kept, WorkingTime::usual(Zone::UTC), Roster::default());
        let first = desk.answer(&ask(1, Order::Prepare), scene());
        let standup = &first.prepared.standup;
        assert_eq!((standup.walk.len(), first.prepared.last), (48, None));
        let item = standup.walk[0].card.id.clone();
        let park = Order::Park(item, "split it?".to_owned());
        let parked = desk.answer(&ask(2, park), scene());
        let marks = &parked.prepared.standup.parked;
        assert_eq!(marks[0].mark.note.as_str(), "split it?");
        let held = desk.answer(&ask(3, Order::Hold), scene());
        assert!(held.held && held.trouble.is_none());
        assert_eq!(held.prepared.last, Some(sample::moment()));
        let settle = Order::Settle(marks[0].mark.clone());
        let settled = desk.answer(&ask(4, settle), scene());
        assert_eq!(settled.prepared.standup.parked, []);
        assert_eq!((settled.number, settled.held), (4, false));
    }
}
