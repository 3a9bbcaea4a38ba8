//! Alerts that leave a complete list are over, and are seen to be.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::alert::AlertState;
use crate::domain::correlate::testing::{World, at};
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::domain::policy::Policy;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::engine::store::{RETENTION, Store};
use crate::engine::testing::Fake;
use crate::engine::update::{Polled, Report, Update};
use crate::sources::{Batch, Listing, Source, SourceError};

struct Board {
    store: Store,
    order: u64,
}

impl Board {
    fn new() -> Self {
        let fake = Fake::new("am", |_| Ok(Batch::default()));
        let sources = [&fake as &dyn Source];
        Self {
            store: Store::new(sources, Policy::default(), &[]),
            order: 0,
        }
    }

    /// A list that was read to its end.
    fn lists(&mut self, ids: &[&str], now: Timestamp) {
        let mut world = World::new();
        world.facts.clear();
        for id in ids {
            world.alert(id, |alert| alert.repo = None);
        }
        let facts = world.facts.iter().map(|said| Fact::clone(&said.fact));
        let facts: Vec<Fact> = facts.collect();
        let batch = Batch {
            listings: vec![Listing {
                name: Clean::line("alerts"),
                members: facts.iter().map(Fact::id).collect(),
            }],
            facts,
            ..Batch::default()
        };
        self.poll(Ok(batch), now);
    }

    fn poll(&mut self, outcome: Result<Batch, SourceError>, now: Timestamp) {
        self.order += 1;
        let polled = Polled {
            source: SourceName::new("am"),
            resource: "alerts".into(),
            at: now,
            order: self.order,
            outcome,
            report: Report::default(),
        };
        self.store.apply(Update::Polled(Box::new(polled)), now);
    }

    fn shown(&mut self, now: Timestamp) -> Vec<(String, Status)> {
        self.store.apply(Update::Clock, now);
        let snapshot = self.store.snapshot(now);
        let items = snapshot.items();
        items
            .map(|item| (item.id.to_string(), item.placement.status))
            .collect()
    }
}

fn alert(id: &str, status: Status) -> (String, Status) {
    (format!("alert:{id}"), status)
}

#[test]
fn an_alert_that_left_the_list_is_over_and_goes_after_a_while() {
    let mut board = Board::new();
    board.lists(&["a", "b"], at(50));
    board.lists(&["a"], at(51));
    let both = [alert("a", Status::Firing), alert("b", Status::Watched)];
    assert_eq!(board.shown(at(51)), both);
    let known = board.store.facts_of(&SourceName::new("am"));
    let over = known.iter().find_map(|fact| {
        let Fact::Alert(alert) = &**fact else {
            return None;
        };
        alert
            .ended_at
            .filter(|_| alert.state == AlertState::Resolved)
    });
    assert_eq!(over, Some(at(51)));
    assert_eq!(board.shown(at(52)), [alert("a", Status::Firing)]);
    board.lists(&["a", "b"], at(53));
    let again = [alert("a", Status::Firing), alert("b", Status::Firing)];
    assert_eq!(board.shown(at(53)), again);
}

#[test]
fn a_failed_poll_ends_no_alert() {
    let mut board = Board::new();
    board.lists(&["a"], at(50));
    let failed = SourceError::Unreachable {
        host: "am.test".to_owned(),
        cause: "no route".to_owned(),
    };
    board.poll(Err(failed), at(51));
    board.poll(Ok(Batch::default()), at(52));
    assert_eq!(board.shown(at(52)), [alert("a", Status::Firing)]);
}

#[test]
fn what_is_over_for_long_is_forgotten_and_what_fires_is_not() {
    let mut board = Board::new();
    board.lists(&["a", "b"], at(50));
    board.lists(&["a"], at(51));
    let later = at(51) + TimeDelta::days(7) + TimeDelta::hours(2);
    assert!(later < at(51) + RETENTION);
    board
        .store
        .apply(Update::Clock, later - TimeDelta::hours(1));
    board.store.apply(Update::Clock, later);
    assert_eq!(board.store.facts(), 1);
}
