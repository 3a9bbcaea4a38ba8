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
use crate::engine::update::{Loaded, LoadedFact, Polled, Report, Update, Write};
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
    fn lists(&mut self, ids: &[&str], now: Timestamp) -> Vec<Write> {
        let batch = Self::told(ids);
        self.poll(Ok(batch), now)
    }

    /// A list in which a record could not be read.
    fn lists_in_part(&mut self, ids: &[&str], now: Timestamp) -> Vec<Write> {
        let mut batch = Self::told(ids);
        batch.partial = std::mem::take(&mut batch.listings);
        self.poll(Ok(batch), now)
    }

    fn told(ids: &[&str]) -> Batch {
        let mut world = World::new();
        world.facts.clear();
        for id in ids {
            world.alert(id, |alert| alert.repo = None);
        }
        let facts = world.facts.iter().map(|said| Fact::clone(&said.fact));
        let facts: Vec<Fact> = facts.collect();
        Batch {
            listings: vec![Listing {
                name: Clean::line("alerts"),
                members: facts.iter().map(Fact::id).collect(),
            }],
            facts,
            covered: vec![Clean::default()],
            ..Batch::default()
        }
    }

    fn poll(&mut self, outcome: Result<Batch, SourceError>, now: Timestamp) -> Vec<Write> {
        self.order += 1;
        let polled = Polled {
            source: SourceName::new("am"),
            resource: "alerts".into(),
            at: now,
            order: self.order,
            outcome,
            report: Report::default(),
        };
        let update = Update::Polled(Box::new(polled));
        self.store.apply(update, now).writes
    }

    fn shown(&mut self, now: Timestamp) -> Vec<(String, Status)> {
        self.store.apply(Update::Clock, now);
        let snapshot = self.store.snapshot(now);
        let items = snapshot.items();
        items
            .map(|item| (item.id.to_string(), item.placement.status))
            .collect()
    }

    /// When each card was last confirmed.
    fn confirmed(&mut self, now: Timestamp) -> Vec<(String, Option<Timestamp>)> {
        self.store.apply(Update::Clock, now);
        let snapshot = self.store.snapshot(now);
        let items = snapshot.items();
        items
            .map(|item| (item.id.to_string(), snapshot.confirmed_at(item)))
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
fn an_answer_in_part_confirms_what_it_told_and_ends_nothing() {
    let mut board = Board::new();
    board.lists_in_part(&["a"], at(50));
    let id = |id: &str| format!("alert:{id}");
    assert_eq!(board.confirmed(at(50)), [(id("a"), Some(at(50)))]);
    board.lists_in_part(&["a", "b"], at(51));
    board.lists_in_part(&["b", "c"], at(52));
    let expected = [("a", 51), ("b", 52), ("c", 52)];
    let expected = expected.map(|(name, when)| (id(name), Some(at(when))));
    assert_eq!(board.confirmed(at(52)), expected);
    board.lists_in_part(&["a", "b", "c"], at(53));
    let all = board.confirmed(at(53));
    assert!(all.iter().all(|(_, when)| *when == Some(at(53))), "{all:?}");
    // One that was only ever told by such answers leaves the first whole list as others do.
    board.lists(&["b", "c"], at(54));
    let mut stand = board.shown(at(54));
    stand.sort_by(|one, other| one.0.cmp(&other.0));
    let firing = |name| alert(name, Status::Firing);
    assert_eq!(
        stand,
        [alert("a", Status::Watched), firing("b"), firing("c")]
    );
    let all = board.confirmed(at(54));
    assert!(all.iter().all(|(_, when)| *when == Some(at(54))), "{all:?}");
}

#[test]
fn who_reads_the_store_is_told_what_is_in_doubt_and_since_when() {
    let mut board = Board::new();
    board.lists(&["a", "b"], at(50));
    let mut writes = Vec::new();
    for (ids, minute) in [(&["a", "b"], 52), (&["a", "c"], 53), (&["a", "c"], 54)] {
        writes.extend(board.lists_in_part(ids, at(minute)));
    }
    let listings = writes.iter().filter(|it| matches!(it, Write::Listing(_)));
    assert_eq!(listings.count(), 1, "one for what changed");
    let expected = board.confirmed(at(54));
    assert_eq!(expected[1], ("alert:b".to_owned(), Some(at(52))));

    // Facts are stored with the day alone on which they were last told.
    let mut other = Board::new();
    let loaded = loaded(board.store.dump(), at(54));
    let update = Update::Loaded(Box::new(loaded.clone()));
    other.store.apply(update, at(54));
    assert_eq!(other.confirmed(at(54)), expected, "offline");
    let mut follower = Board::new();
    let update = Update::Followed {
        source: SourceName::new("am"),
        state: None,
        news: Box::new(loaded),
    };
    follower.store.apply(update, at(54));
    assert_eq!(follower.confirmed(at(54)), expected, "beside it");

    // A list that is whole again ends it there, too.
    let writes = board.lists(&["a", "b", "c"], at(55));
    let news = Loaded {
        complete: false,
        ..self::loaded(writes, at(55))
    };
    let update = Update::Followed {
        source: SourceName::new("am"),
        state: None,
        news: Box::new(news),
    };
    follower.store.apply(update, at(55));
    assert_eq!(follower.confirmed(at(55)), board.confirmed(at(55)));
}

/// What a database that was written so tells.
fn loaded(writes: Vec<Write>, now: Timestamp) -> Loaded {
    let mut loaded = Loaded {
        complete: true,
        ..Loaded::default()
    };
    for write in writes {
        if let Write::Fact {
            source, id, fact, ..
        } = write
        {
            loaded.facts.push(LoadedFact {
                source,
                id,
                fact,
                seen_at: now - TimeDelta::hours(20),
            });
        } else if let Write::Listing(listing) = write {
            loaded.listings.push(listing);
        } else if let Write::Confirmed { source, scope, at } = write {
            loaded.confirmed.push((source, scope, at));
        }
    }
    loaded
}

#[test]
fn what_is_open_for_long_is_forgotten() {
    let mut board = Board::new();
    board.lists_in_part(&["a", "b"], at(50));
    board.lists_in_part(&["a"], at(51));
    let later = at(51) + RETENTION + TimeDelta::hours(2);
    board
        .store
        .apply(Update::Clock, later - TimeDelta::hours(1));
    board.store.apply(Update::Clock, later);
    assert_eq!(board.store.facts(), 1);
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
