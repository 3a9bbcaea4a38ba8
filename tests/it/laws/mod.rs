//! Laws of correlation and placement, over facts of every kind and every state.
//!
//! Worlds are made of small numbers, so that facts meet: few repositories, few
//! commits, few tickets, two sources.

mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cycleboard::domain::Timestamp;
use cycleboard::domain::alert::AlertState;
use cycleboard::domain::change_request::{ChangeState, Checks, MergeState, Review};
use cycleboard::domain::commit::Relation;
use cycleboard::domain::correlate::{Correlator, Need, Sourced, group_trains};
use cycleboard::domain::deployment::DeployState;
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::item::{EvidenceKind, Outcome, WorkItem};
use cycleboard::domain::key::{ItemId, SourceName};
use cycleboard::domain::policy::Policy;
use cycleboard::domain::run::RunState;
use cycleboard::domain::stage::Stage;
use cycleboard::domain::status::Status;
use cycleboard::domain::ticket::TicketState;
use cycleboard::domain::trace;
use proptest::prelude::*;

use worlds::{at, odd, sourced, world};

type Cards = BTreeMap<ItemId, Arc<WorkItem>>;

fn read(correlator: &Correlator) -> Cards {
    correlator
        .items()
        .map(|item| (item.id.clone(), Arc::clone(item)))
        .collect()
}

fn correlate(facts: &[Sourced], now: Timestamp) -> (Cards, BTreeSet<Need>) {
    let mut correlator = Correlator::default();
    for fact in facts {
        correlator.insert(fact.clone());
    }
    drop(correlator.refresh(&Policy::default(), now));
    (read(&correlator), correlator.needs().clone())
}

/// Makes every state of a fact one that nobody knows.
fn forget(fact: &Fact) -> Option<Fact> {
    let mut fact = fact.clone();
    match &mut fact {
        Fact::Ticket(f) => f.state = TicketState::Other(odd()),
        Fact::ChangeRequest(f) => {
            f.review = Review::Unknown(odd());
            f.merge_state = MergeState::Unknown(odd());
            f.checks = Checks::Unknown(odd());
        }
        Fact::Run(f) => f.state = RunState::Unknown(odd()),
        Fact::JobSet(f) | Fact::EarlierJobs(f) => {
            for job in &mut f.jobs {
                job.state = RunState::Unknown(odd());
            }
        }
        Fact::Deployment(f) => f.state = DeployState::Unknown(odd()),
        Fact::Alert(f) => f.state = AlertState::Unknown(odd()),
        Fact::Range(f) => f.relation = Relation::Unknown,
        Fact::Repository(_)
        | Fact::Commit(_)
        | Fact::ChangedPaths(_)
        | Fact::ChangeTimes(_)
        | Fact::GateSet(_)
        | Fact::Release(_)
        | Fact::Environment(_)
        | Fact::Finding(_)
        | Fact::Diagnosis(_) => return None,
    }
    Some(fact)
}

/// Whether a card tells that all is well.
fn is_well(item: &WorkItem) -> bool {
    let shipped = item.placement.done == Some(Outcome::Shipped);
    let good = [Status::Live, Status::Watched, Status::Mergeable];
    shipped || good.contains(&item.placement.status) && item.placement.done.is_none()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_card_is_whole_and_in_exactly_one_stage(facts in world(), hour in 0..2000u32) {
        let (cards, _) = correlate(&facts, at(hour));
        let columns: usize = Stage::ALL
            .iter()
            .map(|stage| cards.values().filter(|c| c.placement.stage == *stage).count())
            .sum();
        prop_assert_eq!(columns, cards.len());
        for card in cards.values() {
            prop_assert!(!card.placement.rule.is_empty() && !card.placement.reason.is_empty());
            prop_assert!(!card.services.is_empty() && !card.sources.is_empty(), "{:?}", card);
            prop_assert!(card.evidence.len() <= 60);
            prop_assert!(card.evidence.windows(2).all(|pair| pair[0].at <= pair[1].at));
            prop_assert!(card.placement.next_change.is_none_or(|next| next > at(hour)));
            let told = trace::trace(card);
            prop_assert!(!told.waits_for.is_empty());
        }
        let all: Vec<Arc<WorkItem>> = cards.values().cloned().collect();
        let (trains, single) = group_trains(&all);
        let riders: usize = trains.iter().map(|train| train.items.len()).sum();
        prop_assert_eq!(riders + single.len(), all.len());
        prop_assert!(trains.iter().all(|train| train.items.len() > 1));
    }

    #[test]
    fn the_order_in_which_facts_arrive_means_nothing(
        (facts, shuffled) in world().prop_flat_map(|facts| {
            (Just(facts.clone()), Just(facts).prop_shuffle())
        }),
        hour in 0..2000u32,
    ) {
        prop_assert_eq!(correlate(&facts, at(hour)), correlate(&shuffled, at(hour)));
    }

    #[test]
    fn step_by_step_gives_what_all_at_once_gives(
        steps in prop::collection::vec((sourced(), 0..4u8, 0..40u32), 0..40),
    ) {
        let policy = Policy::default();
        let mut correlator = Correlator::default();
        let mut known: BTreeMap<(SourceName, FactId), Sourced> = BTreeMap::new();
        let mut shown = Cards::new();
        let mut hour = 0;
        for (fact, what, later) in steps {
            let key = (fact.source.clone(), fact.fact.id());
            if what == 0 {
                let first = known.keys().next().cloned().unwrap_or(key);
                correlator.remove(&first.0, &first.1);
                known.remove(&first);
            } else {
                correlator.insert(fact.clone());
                known.insert(key, fact);
            }
            if what == 1 {
                hour += later;
                let changes = correlator.refresh(&policy, at(hour));
                for id in changes.removed {
                    prop_assert!(shown.remove(&id).is_some());
                }
                for item in changes.changed {
                    prop_assert!(shown.insert(item.id.clone(), Arc::clone(&item)).as_ref() != Some(&item));
                }
                let facts: Vec<Sourced> = known.values().cloned().collect();
                let (cards, needs) = correlate(&facts, at(hour));
                prop_assert_eq!(&read(&correlator), &cards);
                prop_assert_eq!(&shown, &cards);
                prop_assert_eq!(correlator.needs(), &needs);
            }
        }
    }

    #[test]
    fn the_clock_alone_gives_what_a_fresh_look_gives(facts in world(), later in 1..3000u32) {
        let policy = Policy::default();
        let mut correlator = Correlator::default();
        for fact in &facts {
            correlator.insert(fact.clone());
        }
        drop(correlator.refresh(&policy, at(100)));
        drop(correlator.refresh(&policy, at(100 + later)));
        prop_assert_eq!(read(&correlator), correlate(&facts, at(100 + later)).0);
    }

    #[test]
    fn what_is_not_known_never_makes_a_card_better(
        facts in world(),
        which in any::<prop::sample::Index>(),
        hour in 0..400u32,
    ) {
        prop_assume!(!facts.is_empty());
        let at_fact = which.index(facts.len());
        let Some(forgotten) = forget(&facts[at_fact].fact) else {
            return Ok(());
        };
        let mut less = facts.clone();
        less[at_fact].fact = Arc::new(forgotten);
        let (before, _) = correlate(&facts, at(hour));
        let (after, _) = correlate(&less, at(hour));
        for (id, card) in after.iter().filter(|(_, card)| is_well(card)) {
            let old = before.get(id);
            prop_assert!(
                old.is_none_or(|old| is_well(old) || old.placement.done.is_some()),
                "{} was {:?} and is {:?} without knowing {:?}",
                id, old.map(|old| &old.placement), card.placement, facts[at_fact].fact
            );
        }
    }

    #[test]
    fn no_anchor_is_lost(facts in world(), hour in 0..400u32) {
        let (cards, _) = correlate(&facts, at(hour));
        for fact in &facts {
            if let Fact::Ticket(ticket) = &*fact.fact
                && ticket.state == TicketState::Open
            {
                let id = format!("ticket:{}", fact.fact.id().id);
                prop_assert!(cards.contains_key(&ItemId::new(&id)), "{}", id);
            }
            if let Fact::ChangeRequest(change) = &*fact.fact
                && change.state == ChangeState::Open
            {
                let name = format!("{}#{}", change.repo, change.number);
                let mut lines = cards.values().flat_map(|card| &card.evidence);
                let shown = lines.any(|line| {
                    line.kind == EvidenceKind::ChangeRequest && *line.key == *name
                });
                prop_assert!(shown, "{}", name);
            }
        }
    }
}
