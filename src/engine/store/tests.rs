//! Laws of the reducer, on tickets of two sources.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use proptest::prelude::*;

use super::*;
use crate::domain::attention::{Attention, Kind};
use crate::domain::fact::FactId;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::key::{Person, RepoKey};
use crate::domain::policy::Pin;
use crate::domain::stage::Stage;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};
use crate::engine::snapshot::Health;
use crate::engine::update::{Loaded, LoadedFact, Report};
use crate::sources::{Batch, Capability, Fetch, Listing, Meter, Resource, SourceError};

struct Silent(SourceName);

impl Source for Silent {
    fn name(&self) -> &SourceName {
        &self.0
    }
    fn kind(&self) -> &'static str {
        "silent"
    }
    fn host(&self) -> &'static str {
        "forge.test"
    }
    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }
    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        Vec::new()
    }
    fn fetch(&self, _fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async { Ok(Batch::default()) }.boxed()
    }
    fn restore(&self, _facts: &[Arc<Fact>]) {}
    fn need(&self, _needs: &BTreeSet<Need>) {}
    fn meter(&self) -> Meter {
        Meter::default()
    }
}

fn source(number: usize) -> SourceName {
    SourceName::new(["one", "two"][number])
}

fn store() -> Store {
    silent(Policy::default(), &[])
}

/// A store of two sources that say nothing.
pub(super) fn silent(policy: Policy, columns: &[ColumnConfig]) -> Store {
    let sources = [Silent(source(0)), Silent(source(1))];
    let sources = sources.iter().map(|source| source as &dyn Source);
    Store::new(sources, policy, columns)
}

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(secs)
}

/// Ticket `number` of the repository of a source; a greater `edition` was changed later.
pub(super) fn ticket(owner: usize, number: u64, edition: u8) -> Ticket {
    Ticket {
        key: TicketKey::Numbered {
            repo: RepoKey::new("forge.test", &format!("acme/{}", source(owner))),
            number,
        },
        title: Clean::line(&format!("ticket {number}, edition {edition}")),
        url: None,
        state: TicketState::Open,
        author: None,
        assignees: Vec::new(),
        labels: Vec::new(),
        milestone: None,
        project_status: None,
        project_status_at: None,
        created_at: at(-10_000),
        updated_at: at(-5_000 + i64::from(edition)),
        closed_at: None,
        incident: false,
    }
}

fn id(owner: usize, number: u64) -> FactId {
    Fact::Ticket(ticket(owner, number, 0)).id()
}

pub(super) fn batch(owner: usize, said: &[(u64, u8)], listed: Option<&[u64]>) -> Batch {
    Batch {
        facts: said
            .iter()
            .map(|(number, edition)| Fact::Ticket(ticket(owner, *number, *edition)))
            .collect(),
        listings: listed
            .map(|numbers| Listing {
                name: Clean::line("open"),
                members: numbers.iter().map(|n| id(owner, *n)).collect(),
            })
            .into_iter()
            .collect(),
        covered: vec![Clean::line(&format!("acme/{}", source(owner)))],
        ..Batch::default()
    }
}

pub(super) fn polled(owner: usize, order: u64, outcome: Result<Batch, SourceError>) -> Update {
    polled_of("tickets", owner, order, outcome)
}

fn polled_of(
    resource: &str,
    owner: usize,
    order: u64,
    outcome: Result<Batch, SourceError>,
) -> Update {
    Update::Polled(Box::new(Polled {
        source: source(owner),
        resource: resource.into(),
        at: at(order.cast_signed()),
        order,
        outcome,
        report: Report::default(),
    }))
}

fn unreachable() -> SourceError {
    SourceError::Unreachable {
        host: "forge.test".to_owned(),
        cause: "connection refused".to_owned(),
    }
}

fn known(store: &Store) -> BTreeSet<FactId> {
    (0..2)
        .flat_map(|owner| store.facts_of(&source(owner)))
        .map(|fact| fact.id())
        .collect()
}

fn cards(store: &mut Store) -> Vec<Arc<WorkItem>> {
    let snapshot = store.snapshot(at(100));
    let mut cards: Vec<_> = snapshot.items().cloned().collect();
    cards.sort_by(|a, b| a.id.cmp(&b.id));
    cards
}

fn health(store: &mut Store, owner: usize) -> (Health, String) {
    let snapshot = store.snapshot(at(100));
    let view = &snapshot.sources[owner];
    let message = view.message.as_ref().map(ToString::to_string);
    (view.health, message.unwrap_or_default())
}

#[test]
fn a_complete_listing_removes_what_left_it() {
    let mut store = store();
    store.apply(
        polled(0, 1, Ok(batch(0, &[(1, 0), (2, 0)], Some(&[1, 2])))),
        at(1),
    );
    let applied = store.apply(polled(0, 2, Ok(batch(0, &[], Some(&[1])))), at(2));
    assert_eq!(known(&store), BTreeSet::from([id(0, 1)]));
    let gone = applied
        .writes
        .iter()
        .any(|write| matches!(write, Write::Gone { id: gone, .. } if *gone == id(0, 2)));
    assert!(gone);
}

#[test]
fn what_left_a_listing_stays_if_it_was_said_again_changed_or_listed_elsewhere() {
    let mut store = store();
    let all = [(1, 0), (2, 0), (3, 0), (4, 0)];
    store.apply(polled(0, 1, Ok(batch(0, &all, Some(&[1, 2, 3, 4])))), at(1));
    store.apply(
        polled_of("changes", 0, 2, Ok(batch(0, &[(2, 1)], None))),
        at(2),
    );
    let mut drafts = batch(0, &[], Some(&[3]));
    drafts.listings[0].name = Clean::line("drafts");
    store.apply(polled_of("drafts", 0, 3, Ok(drafts)), at(3));
    store.apply(polled(0, 4, Ok(batch(0, &[(1, 0)], Some(&[])))), at(4));
    assert_eq!(
        known(&store),
        BTreeSet::from([id(0, 1), id(0, 2), id(0, 3)])
    );
}

#[test]
fn an_answer_that_was_asked_for_earlier_never_replaces_a_later_one() {
    let mut store = store();
    store.apply(polled(0, 2, Ok(batch(0, &[(1, 9)], Some(&[1])))), at(2));
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 3)], Some(&[])))), at(2));
    let facts = store.facts_of(&source(0));
    assert_eq!(facts.len(), 1);
    assert_eq!(*facts[0], Fact::Ticket(ticket(0, 1, 9)));
}

#[test]
fn what_is_gone_for_sure_goes() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0)], None))), at(1));
    let gone = Batch {
        gone: vec![id(0, 1)],
        ..Batch::default()
    };
    store.apply(polled(0, 2, Ok(gone)), at(2));
    assert!(known(&store).is_empty());
    assert!(cards(&mut store).is_empty());
}

#[test]
fn unchanged_facts_are_not_written_again() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0)], Some(&[1])))), at(1));
    let applied = store.apply(polled(0, 2, Ok(batch(0, &[(1, 0)], Some(&[1])))), at(2));
    let heavy = applied.writes.iter().any(|write| match write {
        Write::Fact { .. }
        | Write::Gone { .. }
        | Write::Listing(_)
        | Write::Event(_)
        | Write::Record(_) => true,
        Write::Seen { .. } | Write::Confirmed { .. } | Write::State { .. } => false,
    });
    assert!(!heavy, "{:?}", applied.writes);
}

#[test]
fn a_card_that_changes_its_holder_makes_an_event_of_the_sources_time() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0)], None))), at(1));
    let mut changed = ticket(0, 1, 0);
    changed.assignees = vec![Person::new("ada", false)];
    changed.updated_at = at(-7);
    let said = Batch {
        facts: vec![Fact::Ticket(changed)],
        ..Batch::default()
    };
    let applied = store.apply(polled(0, 2, Ok(said)), at(500));
    let events: Vec<_> = applied
        .writes
        .iter()
        .filter_map(|write| {
            let Write::Event(event) = write else {
                return None;
            };
            Some(event)
        })
        .collect();
    assert_eq!(events.len(), 1, "{:?}", applied.writes);
    assert_eq!(events[0].at, at(-7));
    assert_eq!(events[0].standing.holders[0].login.as_str(), "ada");
}

#[test]
fn a_failed_poll_changes_health_only() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0)], Some(&[1])))), at(1));
    assert_eq!(health(&mut store, 0), (Health::Ok, String::new()));
    let before = cards(&mut store);
    assert_eq!(before.len(), 1);
    store.apply(polled(0, 2, Err(unreachable())), at(2));
    assert_eq!(cards(&mut store), before);
    let (health, message) = health(&mut store, 0);
    assert_eq!(health, Health::Unreachable);
    assert!(message.contains("connection refused"), "{message}");
}

#[track_caller]
fn check_health(outcomes: &[(&str, Option<SourceError>)], expected: Health) {
    let mut store = store();
    for (order, (resource, error)) in (1..).zip(outcomes) {
        let outcome = error.clone().map_or_else(|| Ok(batch(0, &[], None)), Err);
        store.apply(polled_of(resource, 0, order, outcome), at(1));
    }
    assert_eq!(health(&mut store, 0).0, expected, "{outcomes:?}");
}

#[test]
fn a_source_that_only_complains_is_not_well() {
    let complaint = || Batch {
        warnings: vec![Clean::line("`acme/api` does not exist")],
        ..Batch::default()
    };
    let mut fresh = store();
    fresh.apply(polled_of("a", 0, 1, Ok(complaint())), at(1));
    assert_eq!(health(&mut fresh, 0).0, Health::Unreadable);
    let mut told = store();
    let facts = Batch {
        facts: vec![Fact::Ticket(ticket(0, 1, 0))],
        ..Batch::default()
    };
    told.apply(polled_of("a", 0, 1, Ok(facts)), at(1));
    told.apply(polled_of("b", 0, 2, Ok(complaint())), at(2));
    assert_eq!(health(&mut told, 0).0, Health::Ok);
}

#[test]
fn one_bad_resource_is_stale_and_a_bad_host_is_named() {
    let host = || "forge.test".to_owned();
    let auth = || SourceError::Auth { host: host() };
    let limited = || SourceError::RateLimited {
        host: host(),
        retry_after: std::time::Duration::from_mins(1),
        share: None,
    };
    let forbidden = || SourceError::Forbidden {
        host: host(),
        what: "alerts".to_owned(),
        permission: None,
    };
    let unreadable = || SourceError::Unreadable {
        host: host(),
        cause: "text/html".to_owned(),
    };
    let failing = || SourceError::Unreachable {
        host: host(),
        cause: "it answered 502 (bad gateway)".to_owned(),
    };
    check_health(&[], Health::Starting);
    check_health(&[("a", None)], Health::Ok);
    check_health(&[("a", None), ("b", Some(unreachable()))], Health::Stale);
    check_health(
        &[
            ("a", None),
            ("b", Some(unreachable())),
            ("a", Some(unreachable())),
        ],
        Health::Unreachable,
    );
    check_health(&[("b", Some(unreachable())), ("b", None)], Health::Ok);
    check_health(&[("a", None), ("b", Some(forbidden()))], Health::Forbidden);
    check_health(&[("a", Some(forbidden()))], Health::Forbidden);
    check_health(&[("a", Some(unreadable()))], Health::Unreadable);
    check_health(&[("a", Some(failing()))], Health::Failing);
    check_health(&[("a", None), ("b", Some(failing()))], Health::Stale);
    let both = [("a", None), ("b", Some(failing())), ("a", Some(failing()))];
    check_health(&both, Health::Failing);
    check_health(&[("a", None), ("b", Some(limited()))], Health::RateLimited);
    check_health(&[("b", Some(limited())), ("a", None)], Health::RateLimited);
    check_health(&[("b", Some(limited())), ("b", None)], Health::Ok);
    check_health(&[("a", Some(auth())), ("b", None)], Health::Auth);
}

#[test]
fn an_answer_without_facts_proves_nothing() {
    let forbidden = || SourceError::Forbidden {
        host: "forge.test".to_owned(),
        what: "`acme/api`".to_owned(),
        permission: None,
    };
    let mut store = store();
    store.apply(polled_of("limits", 0, 1, Ok(Batch::default())), at(1));
    let snapshot = store.snapshot(at(1));
    assert_eq!(snapshot.sources[0].health, Health::Starting);
    assert_eq!(snapshot.sources[0].last_success, None);
    store.apply(polled_of("tickets", 0, 2, Err(forbidden())), at(2));
    store.apply(polled_of("limits", 0, 3, Ok(Batch::default())), at(3));
    let snapshot = store.snapshot(at(3));
    assert_eq!(snapshot.sources[0].health, Health::Forbidden);
    assert_eq!(snapshot.sources[0].last_success, None);
    store.apply(polled_of("tickets", 0, 4, Ok(batch(0, &[], None))), at(4));
    let snapshot = store.snapshot(at(4));
    assert_eq!(snapshot.sources[0].health, Health::Ok);
    assert!(snapshot.sources[0].last_success.is_some());
}

#[test]
fn an_empty_answer_of_who_is_ill_and_never_told_anything_confirms_nothing() {
    let empty = || {
        let listed = batch(0, &[], Some(&[]));
        assert!(listed.facts.is_empty() && !listed.covered.is_empty());
        Ok(listed)
    };
    let mut store = store();
    store.apply(polled_of("user", 0, 1, Err(unreachable())), at(1));
    store.apply(polled_of("tickets", 0, 2, empty()), at(2));
    let snapshot = store.snapshot(at(2));
    assert_eq!(snapshot.sources[0].last_success, None);
    assert_eq!(snapshot.sources[0].health, Health::Unreachable);
    assert!(snapshot.confirmed.is_empty());
    // Who is well has nothing to tell.
    store.apply(polled_of("user", 0, 3, Ok(Batch::default())), at(3));
    store.apply(polled_of("tickets", 0, 4, empty()), at(4));
    let snapshot = store.snapshot(at(4));
    assert_eq!(snapshot.sources[0].last_success, Some(at(4)));
    assert_eq!(snapshot.sources[0].health, Health::Ok);
}

#[test]
fn a_source_that_says_no_word_is_out_of_reach_after_a_while() {
    let mut store = store();
    for owner in 0..store.sources.len() {
        let report = Report {
            resources: ["tickets".into()].into(),
            ..Report::default()
        };
        let source = source(owner);
        let report = Box::new(report);
        store.apply(Update::Reported { source, report }, at(1));
    }
    assert!(!store.is_settled(at(1)));
    let given_up = at(1) + TimeDelta::seconds(20);
    assert_eq!(store.next_change(at(1)), Some(given_up));
    assert!(store.apply(Update::Clock, given_up).changed);
    assert!(store.is_settled(given_up));
    let snapshot = store.snapshot(given_up);
    assert_eq!(snapshot.sources[0].health, Health::Unreachable);
}

#[test]
fn a_source_that_is_silent_for_long_is_stale_by_the_clock() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[], None))), at(1));
    let change = store.next_change(at(2)).expect("silence is noticed");
    assert!(
        !store
            .apply(Update::Clock, change - TimeDelta::seconds(5))
            .changed
    );
    assert!(store.apply(Update::Clock, change).changed);
    let snapshot = store.snapshot(change);
    assert_eq!(snapshot.sources[0].health, Health::Stale);
}

#[test]
fn columns_are_eight_in_the_configured_order_and_say_why_they_are_empty() {
    let sources = [Silent(source(0))];
    let columns = [ColumnConfig {
        stage: Stage::Deploy,
        title: "Ship".to_owned(),
        wip: None,
    }];
    let mut store = Store::new(
        sources.iter().map(|source| source as &dyn Source),
        Policy::default(),
        &columns,
    );
    let snapshot = store.snapshot(at(0));
    assert_eq!(snapshot.columns.len(), 8);
    assert_eq!(snapshot.columns[0].stage, Stage::Deploy);
    assert_eq!(
        snapshot.columns[0].empty_because, None,
        "nothing is known yet"
    );
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0)], None))), at(1));
    let snapshot = store.snapshot(at(1));
    let why = snapshot.columns[0].empty_because.as_deref();
    assert_eq!(why, None, "its first round goes on");
    let report = Box::new(Report {
        round_done: true,
        ..Report::default()
    });
    let source = source(0);
    store.apply(Update::Reported { source, report }, at(1));
    let snapshot = store.snapshot(at(1));
    let why = snapshot.columns[0].empty_because.as_deref();
    assert_eq!(why, Some("no source reports deployments"));
    let plan = snapshot.column(Stage::Plan).expect("there are eight");
    assert_eq!((plan.count, plan.empty_because.clone()), (1, None));
}

#[test]
fn columns_that_did_not_change_are_shared_and_cards_are_found() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0), (2, 0)], None))), at(1));
    let first = store.snapshot(at(1));
    store.apply(polled(0, 2, Err(unreachable())), at(2));
    let second = store.snapshot(at(2));
    for (a, b) in first.columns.iter().zip(&second.columns) {
        assert!(Arc::ptr_eq(&a.rows, &b.rows));
    }
    assert!(second.generation > first.generation);
    let items: Vec<_> = second.items().collect();
    assert_eq!(items.len(), 2);
    for item in items {
        let found = second.find(&item.id).expect("it is there");
        assert!(Arc::ptr_eq(found, item));
    }
    assert!(second.is_fresh(second.items().next().expect("two"), at(10)));
}

#[test]
fn old_facts_go_but_not_those_of_an_open_listing() {
    let mut store = store();
    store.apply(
        polled(0, 1, Ok(batch(0, &[(1, 0), (2, 0)], Some(&[1])))),
        at(1),
    );
    let later = at(1) + RETENTION + TimeDelta::hours(2);
    let applied = store.apply(Update::Clock, later);
    assert!(applied.changed);
    assert_eq!(known(&store), BTreeSet::from([id(0, 1)]));
}

#[test]
fn what_was_polled_meanwhile_is_newer_than_the_database() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 5)], None))), at(1));
    let rows = [(1, 2), (2, 2)].map(|(number, edition)| LoadedFact {
        source: source(0),
        id: Fact::Ticket(ticket(0, number, edition)).id(),
        fact: Arc::new(Fact::Ticket(ticket(0, number, edition))),
        seen_at: at(0),
    });
    let loaded = Loaded {
        facts: rows.to_vec(),
        ..Loaded::default()
    };
    store.apply(Update::Loaded(Box::new(loaded)), at(2));
    let mut facts = store.facts_of(&source(0));
    facts.sort_by_key(|fact| fact.id());
    assert_eq!(*facts[0], Fact::Ticket(ticket(0, 1, 5)));
    assert_eq!(facts.len(), 2);
}

/// One poll of a source: what it says, what it lists, whether it fails.
type Script = Vec<(usize, Vec<(u64, u8)>, Option<Vec<u64>>, bool)>;

fn scripts() -> impl Strategy<Value = Script> {
    let said = prop::collection::vec((0_u64..6, 0_u8..4), 0..6);
    let listed = prop::option::of(prop::collection::vec(0_u64..6, 0..6));
    prop::collection::vec((0_usize..2, said, listed, any::<bool>()), 1..12)
}

fn updates(script: &Script) -> Vec<(usize, Update)> {
    (1..)
        .zip(script)
        .map(|(order, (owner, said, listed, fails))| {
            let outcome = if *fails {
                Err(unreachable())
            } else {
                Ok(batch(*owner, said, listed.as_deref()))
            };
            (*owner, polled(*owner, order, outcome))
        })
        .collect()
}

fn run(updates: impl IntoIterator<Item = Update>) -> (BTreeSet<FactId>, Vec<Arc<WorkItem>>) {
    let mut store = store();
    for update in updates {
        store.apply(update, at(100));
    }
    let cards = cards(&mut store);
    (known(&store), cards)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn taking_in_a_poll_twice_is_taking_it_in_once(script in scripts()) {
        let once = updates(&script).into_iter().map(|(_, update)| update);
        let twice = updates(&script)
            .into_iter()
            .flat_map(|(_, update)| [update.clone(), update]);
        prop_assert_eq!(run(once), run(twice));
    }

    #[test]
    fn the_order_between_sources_does_not_matter(script in scripts()) {
        let mixed = updates(&script).into_iter().map(|(_, update)| update);
        let (first, second): (Vec<_>, Vec<_>) =
            updates(&script).into_iter().partition(|(owner, _)| *owner == 1);
        let sorted = first.into_iter().chain(second).map(|(_, update)| update);
        prop_assert_eq!(run(mixed), run(sorted));
    }

    #[test]
    fn a_burst_gives_the_same_board_as_one_by_one(script in scripts()) {
        let all = || updates(&script).into_iter().map(|(_, update)| update);
        let mut store = store();
        store.apply_all(all(), at(100));
        let burst = (known(&store), cards(&mut store));
        prop_assert_eq!(run(all()), burst);
    }

    #[test]
    fn a_failed_poll_never_loses_anything(script in scripts()) {
        let mut store = store();
        for (owner, update) in updates(&script) {
            let before = (known(&store), cards(&mut store));
            let failed = matches!(&update, Update::Polled(polled) if polled.outcome.is_err());
            store.apply(update, at(100));
            if failed {
                prop_assert_eq!(before, (known(&store), cards(&mut store)));
                prop_assert_ne!(health(&mut store, owner).0, Health::Ok);
            }
        }
    }

    #[test]
    fn the_writes_make_the_same_facts_in_a_database(script in scripts()) {
        let mut store = store();
        let mut rows = std::collections::BTreeMap::new();
        for (_, update) in updates(&script) {
            for write in store.apply(update, at(100)).writes {
                match write {
                    Write::Fact { id, fact, .. } => {
                        rows.insert(id, fact);
                    }
                    Write::Gone { id, .. } => {
                        rows.remove(&id);
                    }
                    Write::Seen { .. } | Write::Listing(_) | Write::Confirmed { .. }
                    | Write::Event(_) | Write::Record(_) | Write::State { .. } => {}
                }
            }
        }
        let held: std::collections::BTreeMap<_, _> = (0..2)
            .flat_map(|owner| store.facts_of(&source(owner)))
            .map(|fact| (fact.id(), fact))
            .collect();
        prop_assert_eq!(rows, held);
    }
}

#[test]
fn a_pin_moves_its_card_alone_and_its_end_moves_it_back() {
    let mut store = store();
    store.apply(polled(0, 1, Ok(batch(0, &[(1, 0), (2, 0)], None))), at(1));
    let id = ItemId::new(&format!("ticket:forge.test/acme/{}#1", source(0)));
    let stages = |store: &mut Store| -> Vec<Stage> {
        let snapshot = store.snapshot(at(2));
        let mut cards: Vec<_> = snapshot.items().collect();
        cards.sort_by(|a, b| a.id.cmp(&b.id));
        cards.iter().map(|card| card.placement.stage).collect()
    };
    assert_eq!(stages(&mut store), [Stage::Plan, Stage::Plan]);
    let pin = Pin {
        stage: Stage::Test,
        while_in: Some(Stage::Plan),
    };
    let pinned = store.apply(Update::Pinned(vec![(id.clone(), pin)]), at(2));
    assert!(pinned.changed);
    assert_eq!(stages(&mut store), [Stage::Test, Stage::Plan]);
    let again = store.apply(Update::Pinned(vec![(id, pin)]), at(3));
    assert!(!again.changed, "the same pins change nothing");
    assert!(store.apply(Update::Pinned(Vec::new()), at(3)).changed);
    assert_eq!(stages(&mut store), [Stage::Plan, Stage::Plan]);
}

#[test]
fn what_calls_by_time_alone_wakes_the_store_without_any_new_fact() {
    let mut store = store();
    store.pay_attention(Attention::default());
    let mut blocked = ticket(0, 1, 1);
    blocked.labels = vec![Clean::line("blocked")];
    let told = Batch {
        facts: vec![Fact::Ticket(blocked)],
        ..batch(0, &[], None)
    };
    store.apply(polled(0, 1, Ok(told)), at(1));
    let calls = |store: &mut Store, now: Timestamp| {
        let snapshot = store.snapshot(now);
        let card = snapshot.items().next().expect("the ticket is a card");
        let calls = snapshot.attention.calls(&card.id, now).into_iter();
        calls.map(|call| call.kind).collect::<Vec<_>>()
    };
    assert_eq!(calls(&mut store, at(2)), []);
    let due = store.watcher.next_change().expect("it is known before");
    assert!(due > at(2) && store.next_change(at(2)) <= Some(due));
    // The clock is looked at when it is due, and a moment before.
    store.apply(Update::Clock, due - TimeDelta::seconds(1));
    assert_eq!(calls(&mut store, due - TimeDelta::seconds(1)), []);
    assert!(store.apply(Update::Clock, due).changed);
    assert_eq!(calls(&mut store, due), [Kind::BlockedTooLong]);
    assert!(store.watcher.next_change().is_none_or(|next| next > due));
}
