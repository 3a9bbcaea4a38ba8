//! Laws of correlation: whatever happens in whatever order, what is kept up to date fact by fact
//! is what is made from scratch, and what is told to have changed is what did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use globset::{Glob, GlobSet, GlobSetBuilder};
use proptest::prelude::*;
use regex::Regex;

use super::testing::*;
use super::*;
use crate::domain::correlate::law_facts::{Seeds, by_first_digits, fact, seeds};
use crate::domain::history::{Standings, Transition, chronicle_by};
use crate::domain::key::ServiceName;
use crate::domain::policy::{Pin, ServiceRule};
use crate::domain::stage::Stage;

#[derive(Clone, Debug)]
enum Step {
    Put { mirror: bool, seeds: Seeds },
    Remove { at: usize },
    Later { hours: i64 },
    Pin { at: usize, stage: u8 },
}

fn step(seeds: impl Strategy<Value = Seeds>) -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => (seeds, 0..8_u8).prop_map(|(seeds, source)| Step::Put { mirror: source == 0, seeds }),
        3 => any::<prop::sample::Index>().prop_map(|at| Step::Remove { at: at.index(1 << 20) }),
        2 => prop_oneof![Just(1), Just(7), Just(30), Just(24 * 8), Just(24 * 40)]
            .prop_map(|hours| Step::Later { hours }),
        1 => (any::<prop::sample::Index>(), 0..9_u8)
            .prop_map(|(at, stage)| Step::Pin { at: at.index(1 << 20), stage }),
    ]
}

fn globs(pattern: &str) -> GlobSet {
    let glob = Glob::new(pattern).expect("pattern");
    GlobSetBuilder::new().add(glob).build().expect("set")
}

/// A mono-repo beside two others.
fn divided() -> Policy {
    let service = |name: &str| ServiceRule {
        name: ServiceName::new(name),
        repos: Some(globs("acme/api")),
        paths: Some(globs(&format!("{name}/**"))),
        workflows: None,
        environment: Regex::new("production").ok(),
        tag: None,
    };
    Policy {
        services: vec![service("web"), service("auth")],
        ..Policy::default()
    }
}

/// A board that is kept up to date, and all that it was told.
struct Board {
    kept: Correlator,
    facts: BTreeMap<(SourceName, FactId), Arc<Fact>>,
    policy: Policy,
    now: Timestamp,
    /// The cards of the last time.
    last: BTreeMap<ItemId, Arc<WorkItem>>,
}

impl Board {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Put { mirror, seeds } => {
                let source = SourceName::new(if *mirror { "mirror" } else { "hub" });
                let mut fact = fact(*seeds);
                if let Fact::Alert(alert) = &mut fact {
                    let id = alert.id.replace('@', source.as_str());
                    alert.id = id.as_str().into();
                }
                let fact = Arc::new(fact);
                self.facts
                    .insert((source.clone(), fact.id()), Arc::clone(&fact));
                self.kept.insert(Sourced { source, fact });
            }
            Step::Remove { at } => {
                let len = self.facts.len().max(1);
                let Some((source, id)) = self.facts.keys().nth(at % len).cloned() else {
                    return;
                };
                self.kept.remove(&source, &id);
                self.facts.remove(&(source, id));
            }
            Step::Later { hours } => self.now += TimeDelta::hours(*hours),
            Step::Pin { at, stage } => {
                let len = self.last.len().max(1);
                let Some(id) = self.last.keys().nth(at % len).cloned() else {
                    return;
                };
                self.policy.pins.retain(|(pinned, _)| *pinned != id);
                if let Some(stage) = Stage::ALL.get(usize::from(*stage)) {
                    let pin = Pin {
                        stage: *stage,
                        while_in: None,
                    };
                    self.policy.pins.push((id.clone(), pin));
                }
                self.kept.touch(&id);
            }
        }
    }

    /// Brings the board up to date and holds it against one that is made from scratch.
    fn check(&mut self) -> Result<(), TestCaseError> {
        let changes = self.kept.refresh(&self.policy, self.now);
        let mut fresh = Correlator::default();
        for ((source, _), fact) in &self.facts {
            fresh.insert(Sourced {
                source: source.clone(),
                fact: Arc::clone(fact),
            });
        }
        drop(fresh.refresh(&self.policy, self.now));
        let (kept, made) = (cards(&self.kept), cards(&fresh));
        prop_assert_eq!(&kept, &made);
        prop_assert_eq!(self.kept.needs(), fresh.needs());
        prop_assert_eq!(self.kept.next_change(), fresh.next_change());
        self.told(&kept, &changes)
    }

    /// Holds what was told to have changed against what did.
    fn told(&mut self, kept: &[Arc<WorkItem>], changes: &Changes) -> Result<(), TestCaseError> {
        let now: BTreeMap<ItemId, Arc<WorkItem>> = kept
            .iter()
            .map(|card| (card.id.clone(), Arc::clone(card)))
            .collect();
        let differs = |id: &&ItemId| {
            let both = self.last.get(*id).zip(now.get(*id));
            both.is_none_or(|(old, new)| !Arc::ptr_eq(old, new))
        };
        let differing: Vec<&ItemId> = now.keys().filter(differs).collect();
        let told: Vec<&ItemId> = changes.changed.iter().map(|card| &card.id).collect();
        prop_assert_eq!(differing, told);
        let removed: Vec<&ItemId> = self
            .last
            .keys()
            .filter(|id| !now.contains_key(*id))
            .collect();
        prop_assert_eq!(removed, changes.removed.iter().collect::<Vec<_>>());
        for (id, card) in &now {
            if let Some(old) = self.last.get(id).filter(|old| !Arc::ptr_eq(old, card)) {
                prop_assert_ne!(old, card, "made again for nothing");
            }
        }
        self.last = now;
        Ok(())
    }
}

fn run(policy: Policy, steps: &[Vec<Step>]) -> Result<(), TestCaseError> {
    let mut board = Board {
        kept: Correlator::default(),
        facts: BTreeMap::new(),
        policy,
        now: at(60),
        last: BTreeMap::new(),
    };
    for burst in steps {
        for step in burst {
            board.take(step);
        }
        board.check()?;
    }
    Ok(())
}

/// What moved, by what a correlator changed.
fn moved<'c>(
    standings: &mut Standings,
    changed: impl Iterator<Item = &'c Arc<WorkItem>>,
    removed: &[ItemId],
    now: Timestamp,
) -> Vec<Transition> {
    let mut moved: Vec<Transition> = changed
        .filter_map(|item| standings.note(item, now))
        .collect();
    let gone = removed.iter().filter_map(|id| standings.leave(id, now));
    moved.extend(gone.collect::<Vec<_>>());
    moved.sort_by(|a, b| a.item.cmp(&b.item));
    moved
}

/// Holds the way through the past against one on which every card is placed anew at each moment.
fn rewound(policy: Policy, steps: &[Vec<Step>]) -> Result<(), TestCaseError> {
    let mut board = Board {
        kept: Correlator::for_past(),
        facts: BTreeMap::new(),
        policy,
        now: at(60),
        last: BTreeMap::new(),
    };
    let (ground, policy) = (PastGround::default(), board.policy.clone());
    let mut views = PastViews::new(&ground, &policy);
    let (mut told, mut anew) = (Standings::default(), Standings::default());
    let mut before: BTreeSet<ItemId> = BTreeSet::new();
    for burst in steps {
        for step in burst {
            // Pins hold for nothing that was.
            if !matches!(step, Step::Pin { .. }) {
                board.take(step);
            }
        }
        let changes = board.kept.look(&mut views, board.now);
        let told = moved(
            &mut told,
            changes.changed.iter(),
            &changes.removed,
            board.now,
        );
        let mut fresh = Correlator::default();
        for ((source, _), fact) in &board.facts {
            fresh.insert(Sourced {
                source: source.clone(),
                fact: Arc::clone(fact),
            });
        }
        drop(fresh.refresh(&board.policy, board.now));
        let all = cards(&fresh);
        let now: BTreeSet<ItemId> = all.iter().map(|card| card.id.clone()).collect();
        let gone: Vec<ItemId> = before.difference(&now).cloned().collect();
        let whole = moved(&mut anew, all.iter(), &gone, board.now);
        prop_assert_eq!(told, whole);
        before = now;
    }
    Ok(())
}

/// Tells facts with views that are kept from look to look, and with such that are made anew at each.
fn told_alike(policy: &Policy, said: &[(bool, Seeds)], days: i64) -> Result<(), TestCaseError> {
    let facts: Vec<Sourced> = said
        .iter()
        .map(|(mirror, seeds)| Sourced {
            source: SourceName::new(if *mirror { "mirror" } else { "hub" }),
            fact: Arc::new(fact(*seeds)),
        })
        .collect();
    let span = (at(-200), at(24 * days));
    let tell = |look| chronicle_by(&facts, policy, span, (|| true, look));
    let kept = tell(Correlator::look);
    let anew = tell(|correlator, views, now| correlator.refresh(views.policy(), now));
    prop_assert_eq!(kept, anew);
    Ok(())
}

/// Much at first, then little by little.
fn history() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let first = prop::collection::vec(step(seeds()), 0..120);
    let rest = prop::collection::vec(prop::collection::vec(step(seeds()), 1..4), 1..16);
    (first, rest).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}

/// The same in one repository, whose CI names commits by their first digits.
fn near_history() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let first = prop::collection::vec(step(by_first_digits()), 0..40);
    let rest = prop::collection::vec(prop::collection::vec(step(by_first_digits()), 1..4), 1..16);
    (first, rest).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_kept_up_to_date_is_what_is_made_from_scratch(steps in history()) {
        run(Policy::default(), &steps)?;
    }

    #[test]
    fn what_is_told_of_the_past_is_what_is_told_where_all_is_placed_anew(steps in history()) {
        rewound(Policy::default(), &steps)?;
        rewound(divided(), &steps)?;
    }

    #[test]
    fn views_that_are_kept_tell_what_views_tell_that_are_made_anew(
        said in prop::collection::vec((any::<bool>(), seeds()), 0..150),
        near in prop::collection::vec((Just(false), by_first_digits()), 0..60),
        days in 3..40_i64,
    ) {
        told_alike(&Policy::default(), &said, days)?;
        told_alike(&divided(), &said, days)?;
        told_alike(&Policy::default(), &near, days)?;
    }

    #[test]
    fn so_it_is_where_commits_are_named_by_their_first_digits(steps in near_history()) {
        run(Policy::default(), &steps)?;
        run(divided(), &steps)?;
    }

    #[test]
    fn so_it_is_where_a_repository_is_divided(steps in history()) {
        run(divided(), &steps)?;
    }
}
