//! Makes moments of the past for the screen, beside it.
//!
//! What a history was turned into is kept for as long as the screen goes through that history:
//! another moment is a matter of milliseconds then.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::Timestamp;
use crate::domain::calendar::{Calendar, WorkingTime, Zone};
use crate::domain::history::{Ledger, Replay};
use crate::ui::replay::{Ask, Film, Frame, Viewer};

/// Makes moments, one at a time.
#[derive(Clone, Debug)]
pub struct Projector {
    work: WorkingTime,
    kept: Arc<Mutex<Option<Arc<Film>>>>,
}

impl Default for Projector {
    fn default() -> Self {
        Self::new(WorkingTime::usual(Zone::UTC))
    }
}

impl Projector {
    /// Begins without a history, on the clock of a team.
    pub fn new(work: WorkingTime) -> Self {
        Self {
            work,
            kept: Arc::default(),
        }
    }

    /// Makes the moment that was asked for; takes its time. A history ends when it was first
    /// looked at: its `now` does not move while one goes through it.
    pub fn frame(&self, ledger: &Arc<Ledger>, ask: &Ask, viewer: &Viewer, now: Timestamp) -> Frame {
        // What a thread that failed left behind was put there whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |film: &Arc<Film>| Arc::ptr_eq(film.replay.ledger(), ledger);
        let known = kept.take().filter(is_same);
        let film = kept.insert(known.unwrap_or_else(|| {
            Arc::new(Film {
                replay: Replay::new(Arc::clone(ledger)),
                calendar: Calendar::new(self.work.clone(), now),
                made_at: now,
            })
        }));
        film.frame(ask, viewer)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::ui::sample;

    #[test]
    fn a_history_is_put_together_once_and_another_one_anew() {
        let projector = Projector::default();
        let ask = Ask {
            at: None,
            filter: String::new(),
        };
        let (now, later) = (sample::moment(), sample::moment() + TimeDelta::hours(1));
        let ledger = Arc::new(Ledger::default());
        let first = projector.frame(&ledger, &ask, &Viewer::default(), now);
        let second = projector.frame(&ledger, &ask, &Viewer::default(), later);
        assert!(Arc::ptr_eq(&first.film, &second.film));
        assert_eq!((first.past.at, second.past.at), (now, now));
        let third = projector.frame(
            &Arc::new(Ledger::default()),
            &ask,
            &Viewer::default(),
            later,
        );
        assert_eq!(third.past.at, later);
    }
}
