//! A shell that makes moments of the past, for tests of the board of the past.

use std::sync::Arc;

use crate::domain::calendar::{Calendar, WorkingTime, Zone};
use crate::domain::history::{Ledger, Replay};
use crate::ui::effect::Effect;
use crate::ui::history::on_recalled;
use crate::ui::replay::{Film, on_frame};
use crate::ui::testing::Screen;
use crate::ui::testing::flow::ledger;
use crate::ui::update::on_clock;

/// What a shell keeps of a history.
#[derive(Default)]
pub(crate) struct Projector(Option<Arc<Film>>);

impl Projector {
    /// Makes every moment that is asked for, those too that are asked for then; returns what else
    /// was asked for.
    pub(crate) fn carry_out(&mut self, screen: &mut Screen, effects: Vec<Effect>) -> Vec<Effect> {
        let mut rest = Vec::new();
        for effect in effects {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "nobody else answers in these tests"
            )]
            match effect {
                Effect::Replay(ask) => {
                    let ledger = screen.state.replay.ledger.clone().unwrap();
                    let is_same = |film: &Arc<Film>| Arc::ptr_eq(film.replay.ledger(), &ledger);
                    let known = self.0.take().filter(is_same);
                    let film = self.0.insert(known.unwrap_or_else(|| {
                        let work = WorkingTime::usual(Zone::Europe__Berlin);
                        Arc::new(Film {
                            replay: Replay::new(Arc::clone(&ledger)),
                            calendar: Calendar::new(work, screen.now),
                            made_at: screen.now,
                        })
                    }));
                    let frame = film.frame(&ask, &crate::ui::replay::Viewer::default());
                    let more = on_frame(&mut screen.state, frame, &screen.snapshot, screen.now);
                    rest.extend(self.carry_out(screen, more));
                }
                other => rest.push(other),
            }
        }
        screen.draw();
        rest
    }

    /// Presses keys one by one and makes what they ask for.
    pub(crate) fn press(&mut self, screen: &mut Screen, keys: &str) -> Vec<Effect> {
        let mut all = Vec::new();
        for key in keys.split(' ') {
            let effects = screen.press(key);
            all.extend(self.carry_out(screen, effects));
        }
        all
    }

    /// Reads a history in, and makes what follows.
    pub(crate) fn recall(&mut self, screen: &mut Screen, ledger: Ledger) {
        let read = Some(Arc::new(ledger));
        on_recalled(&mut screen.state, read, &screen.snapshot, screen.now);
        let effects = on_clock(&mut screen.state, &screen.snapshot, screen.now);
        self.carry_out(screen, effects);
    }
}

/// A screen with the board of the past open on a history of that many cards.
pub(crate) fn screen(width: u16, height: u16, cards: usize) -> (Screen, Projector) {
    let mut screen = Screen::new(width, height, 96);
    let mut projector = Projector::default();
    projector.press(&mut screen, "g r");
    projector.recall(&mut screen, ledger(cards));
    (screen, projector)
}
