//! A stand-up on a screen: what the shell would answer, from a history made up for the sample.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::calendar::{Calendar, WorkingTime, Zone};
use crate::domain::history::{Ledger, Life, Record, Standing, Transition};
use crate::domain::item::WorkItem;
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::standup::{Material, Parked, Standup};
use crate::domain::status::Status;
use crate::ui::effect::Effect;
use crate::ui::history::on_recalled;
use crate::ui::input::catch_up;
use crate::ui::standup::{Answer, Ask, Order, Prepared, on_prepared};
use crate::ui::testing::Screen;
use crate::ui::update::on_clock;

/// What the shell keeps.
#[derive(Default)]
pub(crate) struct Shell {
    /// How long the turn of a person should be, where the team says so.
    pub(crate) turn_secs: Option<i64>,
    pub(crate) parked: Vec<Parked>,
    pub(crate) last: Option<Timestamp>,
    /// Whether history is never read to its end.
    pub(crate) stalls: bool,
    /// For how many hours history counts, where it does for less than ninety days.
    pub(crate) hours: Option<i64>,
}

/// Opens the stand-up on a screen of that size.
pub(crate) fn opened(width: u16, height: u16) -> (Screen, Shell) {
    let mut screen = Screen::new(width, height, 48);
    let mut shell = Shell::default();
    shell.press(&mut screen, "g s");
    (screen, shell)
}

impl Shell {
    /// Presses keys and does what comes of them; returns all of that.
    pub(crate) fn press(&mut self, screen: &mut Screen, keys: &str) -> Vec<Effect> {
        let mut all = Vec::new();
        for key in keys.split(' ') {
            let effects = screen.press(key);
            all.extend(self.carry_out(screen, effects));
        }
        all
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, screen: &mut Screen, secs: i64) -> Vec<Effect> {
        screen.now += TimeDelta::seconds(secs);
        let effects = on_clock(&mut screen.state, &screen.snapshot, screen.now);
        self.carry_out(screen, effects)
    }

    /// Does what the shell would do, and all that comes of that; returns what that was.
    pub(crate) fn carry_out(&mut self, screen: &mut Screen, effects: Vec<Effect>) -> Vec<Effect> {
        let mut all = effects.clone();
        for effect in effects {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "nobody else answers in these tests"
            )]
            match effect {
                Effect::Recall if !self.stalls => {
                    let begun = screen.now - TimeDelta::hours(self.hours.unwrap_or(90 * 24));
                    let read = Some(Arc::new(ledger(screen, begun)));
                    on_recalled(&mut screen.state, read, &screen.snapshot, screen.now);
                }
                Effect::Standup(Order::Copy(_)) => {}
                Effect::Standup(order) => {
                    let ask = screen.state.standup.ask(order);
                    let answer = self.answer(screen, &ask);
                    on_prepared(&mut screen.state, answer, screen.now);
                    let typed = catch_up(&mut screen.state, &screen.snapshot, screen.now);
                    all.extend(self.carry_out(screen, typed));
                }
                _ => continue,
            }
            let more = on_clock(&mut screen.state, &screen.snapshot, screen.now);
            all.extend(self.carry_out(screen, more));
        }
        screen.draw();
        all
    }

    /// Returns what the shell answers.
    pub(crate) fn answer(&mut self, screen: &Screen, ask: &Ask) -> Answer {
        let now = screen.now;
        match &ask.order {
            Order::Prepare | Order::Copy(_) => {}
            Order::Hold => self.last = Some(now),
            Order::Park(item, note) => self.parked.push(Parked {
                item: item.clone(),
                note: note.as_str().into(),
                at: now,
            }),
            Order::Settle(mark) => self.parked.retain(|other| other != mark),
            Order::Restore(mark) => self.parked.push(mark.clone()),
        }
        let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), now);
        let ledger = screen.state.history.clone();
        let cards: Vec<&Arc<WorkItem>> = screen.snapshot.items().collect();
        let material = Material {
            ledger: ledger.as_deref().unwrap(),
            cards: &cards,
            calendar: &calendar,
            roster: &Roster::default(),
            parked: &self.parked,
        };
        let since = ask.since.moment(&calendar, self.last, now);
        Answer {
            number: ask.number,
            held: ask.order == Order::Hold,
            trouble: None,
            prepared: Prepared {
                turn: TimeDelta::seconds(self.turn_secs.unwrap_or(120)),
                standup: Arc::new(Standup::prepare(material, since, now)),
                calendar: Arc::new(calendar),
                snapshot: Arc::new(screen.snapshot.clone()),
                ledger,
                last: self.last,
            },
        }
    }
}

/// Every card was in Code for a while before it came to where it stands.
fn ledger(screen: &Screen, begun: Timestamp) -> Ledger {
    let items: Vec<&Arc<WorkItem>> = screen.snapshot.items().collect();
    let lives = items
        .iter()
        .map(|item| Record::Life(Box::new(Life::of(item, Vec::new()))));
    let ways = items.iter().flat_map(|item| {
        let step = |stage: Stage, status: Status, at: Timestamp| Transition {
            item: item.id.clone(),
            standing: Standing {
                stage,
                status,
                done: None,
                holders: item.holders.clone(),
            },
            rule: "rule".into(),
            at,
        };
        let placement = &item.placement;
        [
            step(Stage::Code, Status::Drafting, item.created_at),
            step(placement.stage, placement.status, placement.since),
        ]
    });
    Ledger::new(Some(begun), lives, ways)
}
